"""Where every accepted row came from: one line a row of every standard table, written beside them as origins.parquet."""

from __future__ import annotations

from collections.abc import Mapping as Named
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.schema import store
from voclib.schema.rules import literal
from voclib.schema.tables import TABLES
from voclib.sources.accounting import Account
from voclib.sources.adapters import CHANNELS
from voclib.sources.mapping import Mapping

FILE = "origins.parquet"
COLUMNS = {"table": "VARCHAR", "key": "VARCHAR", "source": "BIGINT", "channel": "VARCHAR", "adapter": "VARCHAR", "file": "VARCHAR", "row": "BIGINT"}


def build(mapping: Mapping, accounts: Named[str, Account]) -> pd.DataFrame:
    """Every accepted row of every table: `table, key, source, channel, adapter, file, row`, sorted.

    `key` is the parts of the table's key as they stand in the table (pseudonyms stay pseudonyms), joined by " | "; `source` counts the
    sources of the mapping from 1; `adapter` is the name of the channel's function in voclib.sources.adapters. A row made as one of the
    distinct values of a file names the first row that gave it.
    """
    channels = np.array([source.channel for source in mapping.sources])
    adapters = np.array([CHANNELS[source.channel].__name__ for source in mapping.sources])
    parts = []
    for name in sorted(accounts):
        found = accounts[name]
        origin, accepted = found.origin, found.validated.accepted
        at = origin["_source"].to_numpy(dtype=np.int64)
        parts.append(pd.DataFrame({"table": name, "key": _key(accepted, name), "source": at + 1, "channel": channels[at], "adapter": adapters[at],
                                   "file": origin["_file"].astype("str"), "row": origin["_row"].astype("int64")}))
    made = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS})
    return _typed(made)


def write(frame: pd.DataFrame, folder: str | Path) -> Path:
    """`<folder>/origins.parquet`, put in place whole: the same bytes for the same rows, whatever their order."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        return store.put(connection, frame, folder / FILE, COLUMNS, is_sorted=True)


def read(folder: str | Path) -> pd.DataFrame:
    """The origins of a folder of standard tables; DataError where they were not written or are not as `write` makes them."""
    path = Path(folder) / FILE
    if not path.is_file():
        raise DataError(f"{folder} holds no {FILE}, which says where each row came from; run voc ingest again to write it")
    try:
        with duckdb.connect() as connection:
            frame = connection.sql(f"SELECT * FROM read_parquet({literal(str(path))})").df()
    except duckdb.Error as error:
        raise DataError(f"{path} cannot be read as Parquet ({type(error).__name__}); run voc ingest again") from error
    if list(frame.columns) != list(COLUMNS):
        raise DataError(f"{path}: columns are {', '.join(map(str, frame.columns))}, not {', '.join(COLUMNS)}; run voc ingest again")
    return _typed(frame)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    kinds = {name: "str" if kind == "VARCHAR" else "int64" for name, kind in COLUMNS.items()}
    return frame.astype(kinds)[list(COLUMNS)]


def _key(accepted: pd.DataFrame, table: str) -> pd.Series:
    first, *others = [_text(accepted[name]) for name in TABLES[table].metadata["key"]]
    return first.str.cat(others, sep=" | ") if others else first


def _text(values: pd.Series) -> pd.Series:
    """Values of a key as text; a day in ISO form."""
    if pd.api.types.is_datetime64_any_dtype(values):
        codes, days = pd.factorize(values)
        return pd.Series(pd.Series(days).dt.strftime("%Y-%m-%d").array.take(codes), index=values.index, dtype="str")
    return values.astype("str")
