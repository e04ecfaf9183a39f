"""How much the customers behind the voices are worth, and how urgent what they say is."""

from __future__ import annotations

from collections.abc import Mapping as Named

import numpy as np
import pandas as pd

from voclib.sources.accounting import Account

SEVERE = ("safety", "high")
WIDE = 0.99  # a complaint is heard far when its audience is in the top hundredth of its channel


def build(voices: pd.DataFrame | None, accounts: Named[str, Account]) -> dict[str, list[dict]]:
    """Counts of voices by channel, tier (vvip, regular, unknown) and urgency, and of cases by tier and urgency.

    A voice is urgent when a case opened from it is graded safety or high, or when its feeling is negative and its audience is in the top
    hundredth of those known in its channel. A case is urgent by its grade.
    """
    accepted = {name: found.validated.accepted for name, found in accounts.items()}
    customers = accepted.get("customers")
    tier = customers.set_index("customer_id")["value_tier"].astype("object") if customers is not None else pd.Series(dtype="object")
    cases = accepted.get("cases")
    urgent_voices = set(cases.loc[cases["severity"].isin(SEVERE), "response_id"].dropna()) if cases is not None else set()
    found: dict[str, list[dict]] = {"voices": [], "cases": []}
    if voices is not None:
        reach = voices["reach"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        least = pd.Series(reach).groupby(voices["channel"].to_numpy()).transform("quantile", WIDE).to_numpy()
        loud = (voices["emotion"] == "negative").fillna(False).to_numpy(dtype=bool) & (reach >= least)
        counted = pd.DataFrame({"channel": voices["channel"], "tier": _tier(voices["customer_id"], tier),
                                "urgent": voices["response_id"].isin(urgent_voices) | loud})
        found["voices"] = _counted(counted)
    if cases is not None and len(cases):
        found["cases"] = _counted(pd.DataFrame({"tier": _tier(cases["customer_id"], tier), "urgent": cases["severity"].isin(SEVERE)}))
    return found


def _tier(customers: pd.Series, tier: pd.Series) -> pd.Series:
    return customers.map(tier).astype("object").fillna("unknown")


def _counted(rows: pd.DataFrame) -> list[dict]:
    counts = rows.groupby(list(rows.columns), sort=True).size().reset_index(name="n")
    return [{name: bool(value) if name == "urgent" else int(value) if name == "n" else str(value) for name, value in row.items()}
            for row in counts.to_dict("records")]
