"""Standard tables on disk: one Parquet file a table, written and read through DuckDB."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd

from voclib.errors import DataError, nearest
from voclib.schema.rules import SQL, dtypes, literal, quoted, schema
from voclib.schema.tables import TABLES


def write(tables: Mapping[str, pd.DataFrame], folder: str | Path) -> list[Path]:
    """Write validated tables as `<folder>/<table>.parquet`, each put in place whole; the paths written.

    Raises DataError where a frame's columns are not those of the standard: validate it first.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        declared = list(schema(name).columns)
        if sorted(map(str, frame.columns)) != sorted(declared):
            wrong = sorted(set(map(str, frame.columns)) ^ set(declared))
            raise DataError(f"{name}: columns differ from the standard in {', '.join(wrong)}; write what validate() accepted")
    with duckdb.connect() as connection:
        return [put(connection, frame, folder / f"{name}.parquet", {column: SQL[dtype] for column, dtype in dtypes(name).items()})
                for name, frame in tables.items()]


def read(folder: str | Path, *names: str) -> dict[str, pd.DataFrame]:
    """The named tables of a folder (all of the standard's that lie there where none is named), in declared types.

    Raises DataError where the folder or a named table is missing, or a file's columns are not those of the standard.
    """
    folder, there = Path(folder), held(folder)
    for name in names:
        schema(name)
        if name not in there:
            listed = ", ".join(sorted(there)) or "no table"
            raise DataError(f"{folder} holds no {name}.parquet; it holds {listed}. {nearest(name, there) if there else ''}".strip())
    wanted = names or there
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return {name: _read(connection, name, folder / f"{name}.parquet") for name in wanted}


def held(folder: str | Path) -> tuple[str, ...]:
    """The standard's tables that lie in a folder, in the standard's order; DataError where there is no such folder."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}; build the data first (voc simulate, or voc ingest)")
    there = {path.stem for path in folder.glob("*.parquet")}
    return tuple(name for name in TABLES if name in there)


def locate(data: str | Path) -> Path:
    """A data path, absolute as it is; a relative one is taken from the repository, whatever the working directory."""
    given = Path(data).expanduser()
    return given if given.is_absolute() else repository() / given


def repository() -> Path:
    """The repository: the folder above the package where it holds our pyproject.toml, else the nearest such folder above the working directory."""
    package = Path(__file__).resolve().parents[2]
    here = Path.cwd()
    return next((folder for folder in (package, here, *here.parents) if _is_ours(folder / "pyproject.toml")), package)


def _is_ours(project: Path) -> bool:
    return project.is_file() and re.search(r'^name\s*=\s*"voclib"', project.read_text(encoding="utf-8"), re.MULTILINE) is not None


def put(connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame, path: Path, columns: Mapping[str, str], *, is_sorted: bool = False) -> Path:
    """Write `columns` (name → SQL type) of a frame as one Parquet file, there whole or as it was; `is_sorted`: rows in order of all columns."""
    casts = ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in columns.items())
    rows = f"SELECT {casts} FROM frame_to_write{' ORDER BY ALL' if is_sorted else ''}"
    draft = path.with_name(f".{path.name}.part")
    connection.register("frame_to_write", frame)
    try:
        connection.execute(f"COPY ({rows}) TO {literal(str(draft))} (FORMAT parquet)")
        os.replace(draft, path)
    except duckdb.IOException as error:
        if told := re.search(r'"errno":"([0-9]+)"', str(error)):  # of the system, such as a full disk: whoever called knows it by its number
            raise OSError(int(told[1]), os.strerror(int(told[1])), str(path)) from error
        raise
    finally:
        connection.unregister("frame_to_write")
        draft.unlink(missing_ok=True)
    return path


def _read(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> pd.DataFrame:
    try:
        frame = connection.sql(f"SELECT * FROM read_parquet({literal(str(path))})").df()
    except duckdb.Error as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}; build the data again") from error
    declared = dtypes(name)
    wrong = sorted(set(frame.columns) ^ set(declared))
    if wrong:
        raise DataError(f"{path}: columns differ from the standard in {', '.join(wrong)}; build the data again")
    return frame[list(declared)].astype(declared)
