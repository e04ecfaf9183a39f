"""What is wrong with tables made by hand, said in words where a study stumbles over it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import pandas as pd

from voclib.errors import DataError, VocError, nearest
from voclib.schema.rules import schema
from voclib.schema.tables import TABLES

_Study = TypeVar("_Study", bound=Callable[..., Any])
LISTED = 6  # columns named in one message
_FORMS = {"moment": "times with a zone", "day": "dates", "whole": "numbers", "real": "numbers", "flag": "yes or no"}


def explained(study: _Study) -> _Study:
    """A study whose first argument is the tables: where it fails on tables that are not of the data standard, DataError says what they lack.

    Nothing is asked beforehand: a study reads some columns only, and those it reads may be all that a caller made. Tables of `voclib.load` were
    read in the declared types, so of them only a missing one is told; any other failure is ours and shows as it is.
    """
    @functools.wraps(study)
    def told(tables: Mapping[str, pd.DataFrame], *given: Any, **named: Any) -> Any:
        try:
            return study(tables, *given, **named)
        except VocError:
            raise
        except Exception as error:  # pandas and NumPy raise too many kinds to name
            if why := cause(tables, error):
                raise DataError(why) from error
            raise

    return told  # type: ignore[return-value]


def cause(tables: object, error: Exception) -> str:
    """Why tables may have made a study fail with `error`: what keeps them from the data standard; empty where nothing does."""
    if not isinstance(tables, Mapping):
        return f"A study reads tables by name, such as {{'responses': frame}}, or what voclib.load gives; this is of type {type(tables).__name__}."
    lost = error.args[0] if isinstance(error, KeyError) and error.args else None
    if isinstance(lost, str) and lost in TABLES and lost not in tables:
        return f"This study needs the table '{lost}' ({TABLES[lost].description}); {nearest(lost, tables)}"
    if hasattr(tables, "timezone"):
        return ""
    unfit = ((name, "; ".join(faults(tables[name], name))) for name in TABLES if name in tables)
    name, found = next(((name, found) for name, found in unfit if found), ("", ""))
    return found and (
        f"The table '{name}' is not of the data standard: {found}. Make it standard first: voclib.schema.validate(frame, '{name}', "
        "timezone='Asia/Shanghai').accepted reads numbers, dates and times and adds the columns that may be empty; its .problems says which rows "
        "were set aside, and why. data/README.md tells what each column holds.")


def faults(frame: object, name: str) -> Iterator[str]:
    """What keeps a frame from being the table `name` of the standard, in words; columns beyond the standard do not."""
    if not isinstance(frame, pd.DataFrame):
        yield f"it is of type {type(frame).__name__}, not a DataFrame"
        return
    declared = schema(name)
    lost = [column for column in declared.columns if column not in frame.columns]
    if lost:
        yield f"it lacks {_listed(lost)}"
    if twice := sorted(set(frame.columns[frame.columns.duplicated()]) & set(declared.columns)):
        yield f"{', '.join(twice)} stands more than once"
        return
    if kept := [str(level) for level in frame.index.names if level in frame.columns]:
        yield f"its index is called {', '.join(kept)}, as a column is (reset_index(drop=True) takes it off)"
    there = [column for column in declared.columns if column in frame.columns]
    if arrow := [column for column in there if isinstance(frame[column].dtype, pd.ArrowDtype)]:
        yield f"{_listed(arrow)}: pyarrow's types, where pandas' own must stand"
    for column in (name for name in there if name not in arrow):
        kind = declared.columns[column].metadata["kind"]
        if not _is_of(frame[column], kind):
            yield f"{column} holds {frame[column].dtype}, where {_FORMS.get(kind, 'text')} must stand"
    key = list(declared.metadata["key"])
    if not set(key) & set(lost) and (again := int(frame[key].reset_index(drop=True).duplicated().sum())):
        yield f"{again} rows repeat the key {', '.join(key)}"


def _listed(names: list[str]) -> str:
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")


def _is_of(values: pd.Series, kind: str) -> bool:
    """Whether the type of a column can be read as declared; one in which nothing is filled may be of any type but that of times."""
    types, dtype = pd.api.types, values.dtype
    if kind in ("moment", "day"):
        return isinstance(dtype, pd.DatetimeTZDtype) if kind == "moment" else types.is_datetime64_dtype(dtype)
    if kind in ("whole", "real", "flag"):
        return bool(values.isna().all()) or (types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype))
    return bool(values.isna().all()) or (types.is_string_dtype(dtype) and not isinstance(dtype, pd.CategoricalDtype))
