"""The answers behind the review list and the corrected score."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from voclib.studies import counting, inflation


def flows(tables: Mapping[str, pd.DataFrame]) -> tuple[counting.Flow, ...]:
    """Survey answers with a score and a dealer."""
    voices = tables["responses"]
    return (counting.made("22-score-inflation", "responses", voices, inflation.steps(voices)),)
