"""Months of use that can have happened: none after everything else that was recorded."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from voclib.results import Check, Text
from voclib.sentences import say

MOMENTS = {"touchpoints": "started_at", "responses": "submitted_at"}
FEW = 0.1  # of the rows of a usual month: a month that holds more was not mistyped, it is the contacts and answers that end early


def recorded(tables: Mapping[str, pd.DataFrame], timezone: str) -> tuple[dict[str, pd.DataFrame], tuple[Check, ...]]:
    """The tables with use up to the month of the latest contact or answer, and a check that names the months left out, if any.

    One mistyped month would make every month up to it one in which nobody logged in. Without contacts and answers use stays as it is, and so do
    months that hold a good part of the rows of a usual one.
    """
    given, use = dict(tables), tables.get("usage")
    seen = [tables[name][column].max() for name, column in MOMENTS.items() if name in tables and column in tables[name]]
    if use is None or not (known := [when for when in seen if pd.notna(when)]):
        return given, ()
    latest = pd.Timestamp(max(known)).tz_convert(timezone).strftime("%Y-%m")
    month = use["month"].astype("str")
    rows = month.value_counts()
    usual = rows[rows.index <= latest].median()  # NaN, and then nothing is few, where all of it is late
    late = (month > latest) & (month.map(rows) < FEW * usual)
    if not late.any():
        return given, ()
    months = sorted(set(use.loc[late, "month"].astype("str")))
    said = say("{n} 行登录记录的月份（{m}）晚于最后一次接触或回答（{l}），没有用。",
               "{n} {n:row|rows} of use {n:is|are} of a month ({m}) after the latest contact or answer ({l}) and {n:is|are} left out.",
               n=int(late.sum()), m=", ".join(months[:3]) + ("…" if len(months) > 3 else ""), l=latest)
    check = Check(Text("登录的月份可信", "Months of use can be right"), False, said, Text("核对这些行的月份。", "Check the month of these rows."))
    return {**given, "usage": use[~late]}, (check,)
