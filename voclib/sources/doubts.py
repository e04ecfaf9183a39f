"""What is probably not what it seems in the rows of a pool: a scale without zeros, identifiers that a spreadsheet cut, units told twice."""

from __future__ import annotations

from collections.abc import Mapping as Named

import pandas as pd

from voclib.schema import mending, strays
from voclib.sources.accounting import Account

LEAST_ANSWERS = 100  # before the absence of zeros says something
SHOWN = 5


def build(accounts: Named[str, Account], repairs: pd.DataFrame, problems: pd.DataFrame) -> list[dict]:
    """Doubts as dictionaries with a key `doubt`, in a fixed order.

    `no_zero`: a file with at least 100 likelihoods to recommend, ones among them and not one zero, is perhaps on 1–10. `cut_identifiers`:
    identifiers like 1.0E+15, whose last digits are lost. `stray_dates`: rows set aside because a date lies far from all others of its source, or
    before 1900. `told_twice`: units that stand with contradicting rows, and what was kept.
    """
    every = pd.concat([repairs, problems], ignore_index=True)
    return _no_zero(accounts.get("responses")) + _cut(every) + _stray(problems) + _told_twice(accounts.get("units"))


def _no_zero(found: Account | None) -> list[dict]:
    if found is None:
        return []
    scores = found.validated.accepted["nps_score"].groupby(found.origin["_file"].to_numpy())
    return [{"doubt": "no_zero", "file": str(file), "n": len(given), "ones": int((given == 1).sum())} for file, part in scores
            if len(given := part.dropna()) >= LEAST_ANSWERS and given.min() == 1]


def _cut(findings: pd.DataFrame) -> list[dict]:
    cut = findings[findings["problem"].str.startswith(mending.CUT)]
    return [{"doubt": "cut_identifiers", "file": str(file), "table": str(table), "column": str(column), "n": len(part),
             "distinct": int(part["example"].nunique())} for (file, table, column), part in cut.groupby(["file", "table", "column"], sort=True)]


def _stray(problems: pd.DataFrame) -> list[dict]:
    """By file and column: how many rows, and the first days they hold."""
    stray = problems[problems["problem"].str.startswith((strays.FAR.split("{")[0], strays.OLD))]
    return [{"doubt": "stray_dates", "file": str(file), "table": str(table), "column": str(column), "n": len(part),
             "days": sorted(part["example"].unique())[:SHOWN]} for (file, table, column), part in
            stray.groupby(["file", "table", "column"], sort=True)]


def _told_twice(found: Account | None) -> list[dict]:
    """Units with contradicting rows, each with the columns that differ: the value kept and the others."""
    if found is None:
        return []
    texts = found.offered.drop(columns=["_source", "_file", "_row"]).apply(lambda column: column.str.strip()).fillna("")
    twice = texts[texts.duplicated("unit_id", keep=False) & (texts["unit_id"] != "")]
    kept = texts[found.is_accepted].set_index("unit_id")
    units = []
    for name, rows in twice.groupby("unit_id", sort=True):
        if name in kept.index and len(differing := [column for column in rows if rows[column].nunique() > 1]):
            units.append({"unit": str(name), "columns": [{"column": column, "kept": str(kept.loc[name, column]), "aside": sorted(
                set(rows[column]) - {kept.loc[name, column]})} for column in differing]})
    return [{"doubt": "told_twice", "n": len(units), "units": units[:SHOWN]}] if units else []
