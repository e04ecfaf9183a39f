"""Small cells: figures about fewer than a handful of people are not shown."""

from __future__ import annotations

import pandas as pd
from pandas.api import types

from voclib.errors import DataError, nearest


def suppress_small(frame: pd.DataFrame, *, n: str = "n", minimum: int = 5) -> pd.DataFrame:
    """Blank every figure of rows that stand for fewer than `minimum` people; group names stay.

    Returns a copy with numeric columns (the count too) made nullable and a flag `is_suppressed`. A row without a count is
    suppressed. Primary suppression only: where a total is shown beside a single suppressed row, subtraction gives it away,
    so leave the total out. Raises DataError when the column `n` is missing.
    """
    if n not in frame.columns:
        raise DataError(f"suppress_small needs the count column '{n}', which is not there; {nearest(n, frame.columns)}")
    counts = pd.to_numeric(frame[n], errors="coerce")
    small = (counts < minimum) | counts.isna()
    shown = frame.copy()
    for name in frame.columns:
        if types.is_numeric_dtype(frame[name]) or types.is_bool_dtype(frame[name]):
            shown[name] = frame[name].convert_dtypes().mask(small)
    shown["is_suppressed"] = small.to_numpy()
    return shown
