"""What is wrong with a table, as rows: one problem a row, and the one error that lists them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.errors import DataError

COLUMNS = ("file", "table", "column", "row", "problem", "example")
LISTED, SAMPLES, EXAMPLE_LENGTH = 20, 3, 60
# the beginning of a problem's text -> what a user does about it
FIXES = {
    "missing column": "add the column to the export, or map it in params/rules",
    "unknown column": "map it to a column of data/README.md, or list it as left out",
    "column stands more than once": "keep one of them",
    "missing value": "fill the value, or leave the row out at the source",
    "not a date": "write it as 2026-01-31, or say how it is written in the mapping, for example  formats: {column: \"%d/%m/%Y\"}",
    "not a": "write the value in the form data/README.md names",
    "not one of": "map the value to an allowed one in params/rules",
    "not of the form": "write the month as YYYY-MM, or say what each text becomes, for example  values: {wave_month: {2025H1: 2025-01}}",
    "outside": "correct the value, or map the column to the scale it is on",
    "below": "correct the value",
    "above": "correct the value",
    "identifier cut": "export the column as text, not through a spreadsheet that turns 15 digits into 1.23E+14",
    "unit word": "convert the value to the column's unit before the import",
    "only a bound": "ask the sender for the number: bounds hide the small ones, and without these rows only large ones are left; or say what it "
                    "becomes, for example  values: {column: {\"<5\": 3}}",
    "zone '": "export times with an offset (+08:00): such letters name clocks of several countries; where all rows share the zone, name it under  "
              "timezone:  and write the letters into the pattern, as in  formats: {column: \"%Y-%m-%d %H:%M:%S CST\"}",
    "duplicate key": "keep one row a key at the source",
    "conflicting rows": "decide which of the rows is right; a panel holds one row a key",
    "lies far": "correct the year; where the date means none, say so in the mapping, for example  missing: [\"1970-01-01\"]",
    "is of a year": "correct the year; where the date means none, say so in the mapping, for example  missing: [\"1899-12-30\"]",
    "lies before": "check the two time columns and their zones",
    "lies after": "correct the date, check the clock and the zone of the export, or move as_of",
    "reversed": "check the two time columns and their zones: they may be swapped",
    "future": "check the zone of the export, or move as_of",
    "scale looks like": "map the column to the score of its scale (data/README.md), or say what each answer becomes, for example  "
                        "values: {csat_score: {10: 5, 9: 5, 8: 4}}, with \"\" for no answer; a score is never rescaled silently",
    "answers that are no score": "say what each of them becomes, with \"\" for no answer; to set them aside would keep the other answers only",
    "means of several ratings": "take the column out of this table of the mapping, and map the ratings that the mean was computed from where the "
                                "export has them: a mean is not what a customer answered",
    "half stars": "they are whole points out of 10: map the column to rating_score in place of star_rating, and add to this table  "
                  "factors: {rating_score: 2}",
    "means of units": "export the answers themselves, one row an employee and item (their identifiers become pseudonyms): report 30-ex-voc takes the "
                      "noise of a unit's mean from the spread among its employees and leaves out units with fewer than five; a mean tells neither. "
                      "Where only means can be had, leave this source out of the mapping and hand them, with their n and the outcome beside them, to "
                      "voclib.studies.ex_voc.panel.from_frame in a notebook of your own",
    "not found in": "add the record to the table referred to, or correct the identifier",
}


@dataclass(frozen=True)
class Found:
    """One problem (or repair) of one column, at zero-based row positions `at`, with one example a position."""

    column: str
    problem: str
    at: np.ndarray
    examples: Sequence[object]


def frame(found: Iterable[Found], *, table: str, file: str = "", rows: np.ndarray | None = None) -> pd.DataFrame:
    """Findings as a frame of `file, table, column, row, problem, example`, sorted by row; `rows[i]` is the number of row i in its file."""
    parts = [item for item in found if len(item.at)]
    if not parts:
        return empty()
    at = np.concatenate([np.asarray(item.at, dtype=np.int64) for item in parts])
    numbers = at + 1 if rows is None else np.asarray(rows)[at]
    made = pd.DataFrame({
        "file": file, "table": table,
        "column": pd.Series(np.repeat([item.column for item in parts], [len(item.at) for item in parts]), dtype="str"),
        "row": pd.array(numbers, dtype="Int64"),
        "problem": pd.Series(np.repeat(np.array([item.problem for item in parts], dtype=object), [len(item.at) for item in parts]), dtype="str"),
        "example": pd.Series([shortened(value) for item in parts for value in item.examples], dtype="str"),
    })
    return made.astype({"file": "str", "table": "str"}).sort_values(["row", "column"], kind="stable", ignore_index=True)


def single(table: str, column: str, problem: str, *, example: object = "", file: str = "", row: int | None = None) -> pd.DataFrame:
    """One problem of a whole table or column; `row` stays empty unless one row shows it best."""
    made = pd.DataFrame([[file, table, column, row, problem, shortened(example)]], columns=list(COLUMNS))
    return made.astype({name: "Int64" if name == "row" else "str" for name in COLUMNS})


def empty() -> pd.DataFrame:
    """No problems: a frame of the six columns without rows."""
    return pd.DataFrame({name: pd.Series(dtype="Int64" if name == "row" else "str") for name in COLUMNS})


def gather(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several frames of problems as one."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else empty()


def raise_problems(problems: pd.DataFrame, *, headline: str = "the data cannot be used as they are") -> None:
    """Raise one DataError that lists problems grouped by file, table, column and wording; do nothing where there are none.

    At most 20 groups are listed, each with its count, first row, an example and the fix; `.problems` of the error holds every row.
    """
    if not len(problems):
        return
    groups = problems.groupby(["file", "table", "column", "problem"], sort=False, dropna=False)
    lines = [_line(key, group) for key, group in list(groups)[:LISTED]]
    if len(groups) > LISTED:
        lines.append(f"  … and {len(groups) - LISTED} more kinds of problem; all stand in .problems of this error")
    raise DataError("\n".join([f"{headline}: {len(problems)} problem{'s' if len(problems) > 1 else ''}", *lines]), problems=problems)


def _line(key: tuple[str, str, str, str], group: pd.DataFrame) -> str:
    file, table, column, problem = key
    where = f"{file}: " if file else ""
    name = f"{table}.{column}" if column else table
    first = group.iloc[0]
    seen = [] if pd.isna(first["row"]) else [f"row {first['row']}" if len(group) == 1 else f"{len(group)} rows, first row {first['row']}"]
    samples = [repr(text) for text in dict.fromkeys(group["example"]) if text][:SAMPLES]
    if samples:
        seen.append(f"such as {', '.join(samples)}")
    cure = fix(problem)
    return f"  {where}{name}: {problem}" + (f" ({', '.join(seen)})" if seen else "") + (f". Fix: {cure}" if cure else "")


def fix(problem: str) -> str:
    """What a user does about a problem, empty where nothing is known."""
    return next((text for start, text in FIXES.items() if problem.startswith(start)), "")


def shortened(value: object) -> str:
    """A value as an example: at most 60 characters, a missing one as an empty text."""
    text = "" if value is None or value is pd.NA or value is pd.NaT or value != value else str(value)
    return text if len(text) <= EXAMPLE_LENGTH else text[: EXAMPLE_LENGTH - 1] + "…"
