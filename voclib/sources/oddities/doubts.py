"""What is probably not what it seems in the rows of a pool: a scale without zeros, identifiers that a spreadsheet cut, units told twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Named

import pandas as pd

from voclib.privacy import normal_id
from voclib.schema import coercion, gates, mending, strays
from voclib.schema.tables import TABLES
from voclib.sources.accounting import Account
from voclib.sources.oddities import bookings, case_times, templates
from voclib.sources.standardising.shaping import MARKS, Piece

LEAST_ANSWERS = 100  # before the absence of zeros says something
SHOWN = 5
AGAINST = -0.3  # of 100 answers that have nothing to do with each other, one file in a thousand shows as much
KEPT_DIGITS = 15  # a spreadsheet keeps fifteen digits of a number and writes zeros for the others
LEAST_ZEROS = 5   # over different identifiers: by chance fewer than one file in 10⁵
LEAST_UNPADDED = 3


def build(accounts: Named[str, Account], repairs: pd.DataFrame, problems: pd.DataFrame, pieces: Iterable[Piece] = ()) -> list[dict]:
    """Doubts as dictionaries with a key `doubt`, in a fixed order.

    `no_zero`: a file with at least 100 likelihoods to recommend, ones among them and not one zero, is perhaps on 1–10. `cut_identifiers`:
    identifiers like 1.0E+15, whose last digits are lost. `zeroed_identifiers`: a column of 16 and more digits with zeros only after the 15th,
    where different ones have become one. `unpadded_customers`: customers who are in the list but for zeros in front. `stray_dates`: rows set aside
    because a date lies far from all others of its source, or before 1900. `told_twice`: units that stand with contradicting rows, and what was kept.
    `reversed_scale`: two scores of the same answers that go against each other, so that one of them probably counts the other way. Those of cases,
    bookings and templates stand in voclib.sources.oddities.case_times, bookings and templates.
    """
    pieces = list(pieces)
    shaped = [(piece.file, table, rows) for piece in pieces for table, rows in piece.tables.items()]
    return [*_no_zero(accounts.get("responses")), *_cut(pd.concat([repairs, problems], ignore_index=True)), *_zeroed(shaped), *_unpadded(shaped),
            *_stray(problems), *_told_twice(accounts.get("units")), *_reversed(accounts.get("responses")), *case_times.build(accounts.get("cases")),
            *bookings.build(accounts.get("transactions"), pieces), *templates.build(accounts.get("responses"))]


def _no_zero(found: Account | None) -> list[dict]:
    if found is None:
        return []
    scores = found.validated.accepted["nps_score"].groupby(found.origin["_file"].to_numpy())
    return [{"doubt": "no_zero", "file": str(file), "n": len(given), "ones": int((given == 1).sum())} for file, part in scores
            if len(given := part.dropna()) >= LEAST_ANSWERS and given.min() == 1]


def _reversed(found: Account | None) -> Iterator[dict]:
    """By file, scores that fall where the first score of the file rises: rank correlation (Spearman) below `AGAINST` over at least 100 answers."""
    if found is None:
        return
    scores = found.validated.accepted[list(gates.SCORES)].astype("Float64").astype("float64")
    for file, part in scores.groupby(found.origin["_file"].to_numpy()):
        first = next((name for name in gates.SCORES if part[name].count() >= LEAST_ANSWERS), None)
        for name in [name for name in gates.SCORES if first is not None and name != first]:
            both = part[[first, name]].dropna()
            if len(both) >= LEAST_ANSWERS and (both.nunique() > 1).all() and (r := float(both.rank().corr().iloc[0, 1])) < AGAINST:
                low, high = gates.bounds("responses", name)
                line = ", ".join(f"{score}: {low + high - score}" for score in range(low, high + 1))
                yield {"doubt": "reversed_scale", "file": str(file), "table": "responses", "column": name, "other": first, "n": len(both),
                       "correlation": round(r, 2), "line": f"values: {{{name}: {{{line}}}}}"}


def _cut(findings: pd.DataFrame) -> list[dict]:
    cut = findings[findings["problem"].str.startswith(mending.CUT)]
    return [{"doubt": "cut_identifiers", "file": str(file), "table": str(table), "column": str(column), "n": len(part),
             "distinct": int(part["example"].nunique())} for (file, table, column), part in cut.groupby(["file", "table", "column"], sort=True)]


def _identifiers(rows: pd.DataFrame, table: str, name: str) -> pd.Series:
    """The filled cells of a column of identifiers, as the file writes them but for blanks around."""
    texts = rows[name][~coercion.is_nothing(rows[name], TABLES[table].columns[name])].dropna()
    return texts.str.strip()


def _zeroed(shaped: list[tuple[str, str, pd.DataFrame]]) -> Iterator[dict]:
    for file, table, rows in shaped:
        for name in [name for name, column in TABLES[table].columns.items() if column.metadata["kind"] == "id" and name in rows]:
            given = _identifiers(rows, table, name)
            distinct = given.drop_duplicates()
            lost = distinct.str.len() - KEPT_DIGITS
            if lost.sum() >= LEAST_ZEROS and distinct.str.fullmatch(rf"[0-9]{{{KEPT_DIGITS}}}0+").all():
                yield {"doubt": "zeroed_identifiers", "file": file, "table": table, "column": name, "n": len(given), "distinct": len(distinct)}


def _unpadded(shaped: list[tuple[str, str, pd.DataFrame]]) -> Iterator[dict]:
    lists = [_identifiers(rows, table, "customer_id").map(normal_id) for _, table, rows in shaped if table == "customers" and "customer_id" in rows]
    known = set(pd.concat(lists)) if lists else set()
    bare = {identifier.lstrip("0") for identifier in known} - {""}
    for file, table, rows in shaped:
        if table != "customers" and "customer_id" in rows and known:
            named = set(_identifiers(rows, table, "customer_id").map(normal_id)) - known
            alike = sorted(identifier for identifier in named if identifier.lstrip("0") in bare)
            if len(alike) >= LEAST_UNPADDED:
                yield {"doubt": "unpadded_customers", "file": file, "table": table, "column": "customer_id", "n": len(alike)}


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
    texts = found.offered.drop(columns=list(MARKS)).apply(lambda column: column.str.strip()).fillna("")
    twice = texts[texts.duplicated("unit_id", keep=False) & (texts["unit_id"] != "")]
    kept = texts[found.is_accepted].set_index("unit_id")
    units = []
    for name, rows in twice.groupby("unit_id", sort=True):
        if name in kept.index and len(differing := [column for column in rows if rows[column].nunique() > 1]):
            units.append({"unit": str(name), "columns": [{"column": column, "kept": str(kept.loc[name, column]), "aside": sorted(
                set(rows[column]) - {kept.loc[name, column]})} for column in differing]})
    return [{"doubt": "told_twice", "n": len(units), "units": units[:SHOWN]}] if units else []
