"""Times of cases that cannot be what their columns are called: solved before anybody answered, stamped all at once."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from voclib.sources.accounting import Account

LEAST_CASES = 30
LEAST_SHARE = 0.05  # a case that settles itself is seldom; a column that means something else is not
LEAST_DATES = 10  # different ones, before their common time of day says something
MIDNIGHTS = 2  # of one zone in UTC: one in winter, one in summer
STAGES = ("assigned_at", "responded_at", "resolved_at")
LEAST_DAYS, NARROW = 60, 20  # the time over which cases were opened, and how many times it holds that of a stamp made by one run of a program


def build(cases: Account | None) -> Iterator[dict]:
    """Doubts about the cases of every file.

    `days_only`: `n` times of a stage that are dates without a time of day, so that no limit in hours can be told from them.
    `solved_unanswered`: `n` of the `of` cases with both times were resolved before the first reply, at least 5 % and 5 cases.
    `stamped_at_once`: 98 % of a column's times lie within `hours`, though the cases were opened over `days`, at least 60 and twenty times as long.
    """
    if cases is None:
        return
    accepted = cases.validated.accepted
    for file, part in accepted.groupby(cases.origin["_file"].to_numpy()):
        yield from _unanswered(str(file), part)
        yield from _at_once(str(file), part)
        yield from _days_only(str(file), part)


def _unanswered(file: str, part: pd.DataFrame) -> Iterator[dict]:
    both = part[["responded_at", "resolved_at"]].dropna()
    n = int((both["resolved_at"] < both["responded_at"]).sum())
    if n >= LEAST_CASES * LEAST_SHARE and n >= LEAST_SHARE * len(both) and len(both) >= LEAST_CASES:
        yield {"doubt": "solved_unanswered", "file": file, "table": "cases", "column": "resolved_at", "n": n, "of": len(both)}


def _at_once(file: str, part: pd.DataFrame) -> Iterator[dict]:
    for name in STAGES:
        given = part.loc[part[name].notna(), [name, "opened_at"]]
        if len(given) < LEAST_CASES:
            continue
        spans = {column: given[column].quantile(0.99) - given[column].quantile(0.01) for column in given}
        if spans["opened_at"] >= pd.Timedelta(days=LEAST_DAYS) and spans[name] * NARROW <= spans["opened_at"]:
            yield {"doubt": "stamped_at_once", "file": file, "table": "cases", "column": name, "n": len(given),
                   "hours": round(spans[name] / pd.Timedelta(hours=1)), "days": round(spans["opened_at"] / pd.Timedelta(days=1))}


def _days_only(file: str, part: pd.DataFrame) -> Iterator[dict]:
    for name in ("opened_at", *STAGES):
        given = part[name].dropna()
        if len(given) >= LEAST_CASES and given.nunique() >= LEAST_DATES and given.dt.strftime("%H:%M:%S").nunique() <= MIDNIGHTS:
            yield {"doubt": "days_only", "file": file, "table": "cases", "column": name, "n": len(given)}
