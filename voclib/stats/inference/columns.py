"""Columns of a frame that somebody hands to a score: there once, numbers where numbers must stand, weights that can weigh."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voclib.errors import DataError, nearest


def has(frame: pd.DataFrame, column: str, what: str) -> None:
    """That a frame is one and holds a column, once; DataError with the nearest name where it does not. `what` names the frame."""
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"The {what} is of type {type(frame).__name__}, not a DataFrame; pandas.DataFrame({{'{column}': …}}) makes one.")
    if column not in frame.columns:
        raise DataError(f"The {what} has no column '{column}'; {nearest(column, frame.columns)}")
    if isinstance(frame[column], pd.DataFrame):
        raise DataError(f"The {what} has more than one column '{column}'; keep one of them.")


def numbers(column: pd.Series, *, is_flag: bool) -> np.ndarray:
    """The answers as numbers (n,), missing ones NaN; numbers that stand as objects or categories are numbers too.

    Yes and no are a score to nobody, though they count as 1 and 0: as a likelihood to recommend they would make −100 of any answers.
    """
    if isinstance(column.dtype, pd.CategoricalDtype) or column.dtype == object:
        plain = column.astype(object)
        is_numbers = pd.api.types.infer_dtype(plain, skipna=True) in ("integer", "floating", "mixed-integer-float", "decimal")
        column = pd.to_numeric(plain) if is_numbers else plain.astype("boolean") if is_flag and _is_flags(plain) else plain
    if column.isna().all():
        return np.full(len(column), np.nan)
    if not is_flag and (_is_flags(column) if column.dtype == object else pd.api.types.is_bool_dtype(column)):
        raise DataError(f"'{column.name}' holds yes and no, which are no scores; share(frame, '{column.name}') gives the share of yes.")
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_complex_dtype(column):
        samples = ", ".join(repr(v) for v in column.dropna().unique()[:3])
        raise DataError(f"'{column.name}' holds text such as {samples}; turn it into numbers first: voclib.schema.coerce counts every change.")
    return column.astype("Float64").to_numpy(dtype=float, na_value=np.nan)


def weights(frame: pd.DataFrame, name: str | None, rows: np.ndarray) -> np.ndarray | None:
    """Weights of the rows with an answer (n,), 0 or more and finite; None where no column is named."""
    if name is None:
        return None
    if not pd.api.types.is_numeric_dtype(frame[name]):
        raise DataError(f"Weights '{name}' are not numbers.")
    w = frame[name].to_numpy(dtype=float, na_value=np.nan)[rows]
    if bad := int((~np.isfinite(w)).sum()):
        raise DataError(f"{bad} answers have no usable weight in '{name}' (missing or infinite); every answer needs one.")
    if bad := int((w < 0).sum()):
        raise DataError(f"{bad} weights in '{name}' are negative; the smallest is {w.min():g}. Weights are 0 or more.")
    if w.size and w.sum() <= 0:
        raise DataError(f"The weights in '{name}' add up to zero; at least one answer must count.")
    return w


def _is_flags(column: pd.Series) -> bool:
    return pd.api.types.infer_dtype(column, skipna=True) == "boolean"
