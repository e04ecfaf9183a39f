"""Arrays into frames of the data standard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.schema.tables import TABLES


def ids(prefix: str, numbers: np.ndarray, *, width: int = 8) -> np.ndarray:
    """Identifiers such as T00000012; negative numbers are missing."""
    pattern = f"{prefix}%0{width}d"
    # several times faster than numpy's string functions at millions of rows
    return np.array([pattern % number if number >= 0 else None for number in np.asarray(numbers).tolist()], dtype=object)


def pick(values: tuple[str, ...] | np.ndarray, codes: np.ndarray, *, missing: np.ndarray | None = None) -> np.ndarray:
    """Words by code; `missing` marks cells without one."""
    made = np.asarray(values, dtype=object)[np.asarray(codes).astype(int)]
    if missing is not None:
        made[missing] = None
    return made


def standard(table: str, columns: dict[str, Any]) -> pd.DataFrame:
    """A frame of the table in the declared column order and types."""
    declared = TABLES[table].columns
    if set(columns) != set(declared):
        raise ValueError(f"{table}: columns differ from the standard in {sorted(set(columns) ^ set(declared))}")
    size = max(np.size(values) for values in columns.values())
    return pd.DataFrame({name: _typed(np.broadcast_to(columns[name], size), rule.metadata["kind"]) for name, rule in declared.items()})


def _typed(values: np.ndarray, kind: str) -> pd.Series:
    match kind:
        case "moment":
            return pd.Series(values.astype("datetime64[us]")).dt.tz_localize("UTC")
        case "day":
            return pd.Series(values.astype("datetime64[us]"))
        case "flag":
            return pd.Series(values).astype("boolean")
        case "whole":
            numbers = values.astype(float)
            absent = np.isnan(numbers)
            return pd.Series(pd.arrays.IntegerArray(np.where(absent, 0, numbers).astype("int64"), absent))
        case "real":
            return pd.Series(np.round(values.astype(float), 6))
        case _:
            return pd.Series(pd.array(values, dtype="str"))
