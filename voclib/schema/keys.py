"""Looking ids up in another table."""

from __future__ import annotations

import pandas as pd


def among(ids: pd.Series, others: pd.Series | pd.Index) -> pd.Series:
    """Whether each id is one of the others: `ids.isin(others)`, which for text goes through the others one by one and takes thirty times as long."""
    return ids.astype(object).isin(others.astype(object))
