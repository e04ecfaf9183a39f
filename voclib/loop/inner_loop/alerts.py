"""Who is answered first: every grade of severity and tier of customer, the alerts that were missed, the open cases in the order of their urgency."""

from __future__ import annotations

import pandas as pd

from voclib.loop import compliance
from voclib.loop.clocks import Clock
from voclib.results import Estimate
from voclib.stats import metrics
from voclib.stats.gates import Gates

SEVERITIES = ("safety", "high", "medium", "low")
URGENT = ("safety", "high")
TIERS = ("vvip", "regular", "unknown")


def matrix(followed: pd.DataFrame, clock: Clock, *, estimand: str, conf_level: float, gates: Gates, seed: int = 0) -> dict[tuple[str, str], Estimate]:
    """The share in time by severity and tier of customer, of the pairs that occur; `unknown` holds cases whose
    customer is not named or has no tier."""
    tier = followed["value_tier"].astype("object").where(followed["value_tier"].notna(), "unknown")
    pairs = [(severity, one) for severity in SEVERITIES for one in TIERS]
    found = {}
    for severity, one in pairs:
        part = followed[followed["severity"].eq(severity) & tier.eq(one)]
        if len(part):
            found[severity, one] = compliance.measure(part, limit=clock.hours, estimand=estimand, group=f"{severity} · {one}", conf_level=conf_level,
                                                      gates=gates, seed=seed).every
    return found


def urgency(followed: pd.DataFrame, clock: Clock, *, estimand: str, conf_level: float, gates: Gates) -> Estimate | None:
    """The share in time of cases graded safety or high less that of the others, of cases whose limit has run out; None where a kind is missing."""
    told = followed[followed["followed"] > clock.hours]  # a recent case that is done already must not count where one that is not does not
    told = told.assign(met=told["in_time"].astype("Float64"), urgent=told["severity"].isin(URGENT))
    if told["urgent"].nunique() < 2:
        return None
    told, by = compliance.clustered(told, "unit_id", gates)
    found = metrics.differences("share", told, by="urgent", at=(False, True), unit=None, column="met", estimand=f"{estimand}_difference",
                                cluster=by, conf_level=conf_level, gates=gates)
    return compliance.of_cases(found)


def missed(followed: pd.DataFrame, clock: Clock, *, most: int = 12) -> pd.DataFrame:
    """The latest alerts that were not answered in time, newest first: case_id, opened_at, owner_department, severity, hours, is_stopped."""
    late = followed[followed["in_time"].eq(False).fillna(False)]
    late = late.sort_values([clock.start, "case_id"], ascending=[False, True], ignore_index=True)
    return late[["case_id", "opened_at", "owner_department", "severity", "hours", "is_stopped"]].head(most)


def queue(followed: pd.DataFrame, clock: Clock, *, most: int = 12) -> pd.DataFrame:
    """Open cases beyond the limit, the most urgent first: by severity, then high-value customers, then how long they have been open."""
    late = followed[~followed["is_stopped"] & (followed["followed"] > clock.hours)]
    grade = late["severity"].map({name: k for k, name in enumerate(SEVERITIES)})
    order = pd.DataFrame({"grade": grade, "tier": ~late["value_tier"].eq("vvip"), "open": -late["followed"], "id": late["case_id"]})
    kept = late.loc[order.sort_values(["grade", "tier", "open", "id"]).index]
    return kept[["case_id", "opened_at", "owner_department", "severity", "value_tier", "followed"]].head(most).reset_index(drop=True)
