"""The voices behind the published score of the sample company."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from voclib.studies import company, counting


def flows(tables: Mapping[str, pd.DataFrame], *, truth: Mapping[str, Any]) -> tuple[counting.Flow, ...]:
    """Survey answers of the quarter that the truth speaks of."""
    voices = tables["responses"]
    step = company.steps(voices, truth["survivorship"]["window"], truth["utc_offset_hours"])
    return (counting.made("00-sample-company", "responses", voices, step),)
