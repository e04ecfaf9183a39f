"""Cases and voices entered twice: counted once too often, they move every share of the page."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voclib.loop.clocks import Tables
from voclib.schema import repeats

SAME_VOICE = ["response_id", "topic", "owner_department"]
SAID = ["topic", "severity", "description"]


def cases(found: pd.DataFrame, timezone: str) -> NDArray[np.bool_]:
    """Which cases (N,) repeat one opened before: of the same voice on the same topic for the same department; or of the same customer within 24
    hours in the same words, topic and severity, more often than chance has it (`voclib.schema.repeats.among`). A voice on two matters may well have
    two cases, and a customer may be unhappy twice a day.
    """
    ordered = found.sort_values(["opened_at", "case_id"], kind="stable")
    again = ordered["response_id"].notna() & ordered.duplicated(SAME_VOICE)
    said = ordered[SAID].astype("object").fillna("").agg("|".join, axis=1).where(ordered["description"].notna())
    at = ordered["opened_at"]
    alike = repeats.among(pd.DataFrame({
        "response_id": ordered["case_id"], "channel": "case", "customer_id": ordered["customer_id"], "campaign_id": None, "at": at,
        "month": at.dt.tz_convert(timezone).dt.strftime("%Y-%m"), "said": said}))
    return (again | ordered["case_id"].isin(alike["response_id"])).reindex(found.index).to_numpy(dtype=bool)


def voices(tables: Tables, counted: pd.Series, timezone: str) -> NDArray[np.bool_]:
    """Which of the `counted` response ids (N,) repeat another answer, as the import finds them (`voclib.schema.repeats.find`)."""
    return counted.isin(repeats.find(tables["responses"], timezone)["response_id"]).to_numpy(dtype=bool)
