"""A content hash of tables that does not depend on the order of rows, columns or tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from json import JSONEncoder

import numpy as np
import pandas as pd

from voclib.schema.tables import TABLES

DIGITS = 12  # significant digits of a float that count
_ENCODE = JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def content_hash(tables: Mapping[str, pd.DataFrame]) -> str:
    """sha256 (hex) of validated tables.

    Each row becomes JSON text of its cells in canonical form (floats at 12 significant digits, times in whole microseconds since 1970 UTC,
    missing as null), each text a sha256; the digests are sorted and hashed with the table's name and columns. Sorting digests puts equal
    sets of rows in one order, as sorting by key would, needs no key, and does not depend on the collation of a text.
    """
    whole = hashlib.sha256()
    for name in sorted(tables):
        whole.update(_table(name, tables[name]))
    return whole.hexdigest()


def _table(name: str, frame: pd.DataFrame) -> bytes:
    columns = sorted(map(str, frame.columns))
    declared = TABLES[name].columns if name in TABLES else {}
    cells = [_canonical(frame[column], declared[column].metadata["kind"] if column in declared else "") for column in columns]
    digests = sorted(hashlib.sha256(_ENCODE(row).encode("ascii")).digest() for row in zip(*cells, strict=True))
    head = _ENCODE([name, columns, len(frame)]).encode("ascii")
    return hashlib.sha256(head + b"".join(digests)).digest()


def _canonical(series: pd.Series, kind: str) -> list[object]:
    absent = series.isna().to_numpy()
    if pd.api.types.is_datetime64_any_dtype(series):
        utc = series if series.dt.tz is None else series.dt.tz_convert("UTC").dt.tz_localize(None)
        values = utc.astype("datetime64[us]").to_numpy().astype(np.int64).tolist()
    elif pd.api.types.is_bool_dtype(series):
        values = series.fillna(False).astype(bool).tolist()
    elif kind == "real" or pd.api.types.is_float_dtype(series):
        values = [f"{value:.{DIGITS - 1}e}" for value in (series.astype("float64") + 0.0).tolist()]  # + 0.0 turns -0.0 into 0.0
    elif pd.api.types.is_integer_dtype(series):
        values = series.fillna(0).astype("int64").tolist()
    else:
        values = series.astype("str").tolist()
    return [None if gone else value for gone, value in zip(absent, values, strict=True)] if absent.any() else values
