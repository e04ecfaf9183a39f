"""Dates that cannot be meant: in a year before there were such records, or far outside the span that all others of their source lie in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voclib.schema.problems import Found
from voclib.schema.rules import schema

FAR, OLD = "lies far from the others, {} to {}", "is of a year before 1900"
LEAST = 5                  # dates of a source below which there is no span to lie outside of
FEW = 0.02                 # share of a source's dates up to which they are slips; more are a part of the data
EARLIEST = -25_567         # 1900-01-01 in days since 1970: no moment that a system recorded is older
# Days that must lie empty before a date is far, and never fewer than the others span: before them and after them. A case may have been open for
# years and a store for a century, but an export holds no event that comes long after its last.
PATIENCE = {"moment": (5 * 365, 365), "month": (5 * 365, 365), "day": (100 * 365, 10 * 365)}
# A record begins after a gap of four weeks and more, twice as long as any in it, before which lie at most one row or 1 % of them: one report dated
# months before the others does not say that the table was kept since
APART, LONGER, ALONE = 28, 2, 0.01


def found(typed: pd.DataFrame, table: str, source: pd.Series, *, timezone: str) -> list[Found]:
    """The dates of a table that cannot be meant, by column; `source` says where each row is from, and every source is judged by itself.

    A moment counts as its day in `timezone`.
    """
    made = []
    for name, column in schema(table).columns.items():
        kind = column.metadata["kind"]
        if kind not in PATIENCE or name not in typed or not typed[name].notna().any():
            continue
        days = _days(typed[name], timezone)
        if kind != "day" and (old := np.flatnonzero(days < EARLIEST)).size:
            made.append(Found(name, OLD, old, _shown(days, old)))
            days = np.where(days < EARLIEST, np.nan, days)
        for _, own in pd.Series(days).dropna().groupby(source.to_numpy()[~np.isnan(days)]):
            is_far, span = far(own.to_numpy(), kind=kind)
            if is_far.any():
                at = own.index.to_numpy()[is_far]
                made.append(Found(name, FAR.format(*_shown(np.array(span))), at, _shown(days, at)))
    return made


def far(days: np.ndarray, *, kind: str) -> tuple[np.ndarray, tuple[int, int]]:
    """Which of the days (N,) are far from the others, and the first and last day of those (days since 1970).

    The others are the fullest run of days without an empty year in it, and what lies no further from it than it spans itself, or than the patience
    of its kind. What is left is far where it is one date or at most 2 % of them; where it is more, nothing is.
    """
    none = np.zeros(len(days), dtype=bool)
    if len(days) < LEAST:
        return none, (0, 0)
    ranked = np.sort(days)
    starts = np.flatnonzero(np.diff(ranked, prepend=-np.inf) > 365)
    runs = [(int(run[0]), int(run[-1]), len(run)) for run in np.split(ranked, starts[1:])]
    first, last, _ = runs[at := max(range(len(runs)), key=lambda place: runs[place][2])]
    before, after = runs[:at], runs[at + 1:]
    earlier, later = PATIENCE[kind]
    while (before and first - before[-1][1] <= max(earlier, last - first)) or (after and after[0][0] - last <= max(later, last - first)):
        if before and first - before[-1][1] <= max(earlier, last - first):
            first = before.pop()[0]
        else:
            last = after.pop(0)[1]
    is_far = (days < first) | (days > last)
    return (is_far if is_far.sum() <= max(1, FEW * len(days)) else none), (first, last)


def lone(days: pd.Series) -> np.ndarray:
    """Which of the days (N,) lie alone before or after the record that all others make; a missing one does not."""
    made = np.zeros(len(days), dtype=bool)
    known = days.notna().to_numpy()
    numbers = days[known].to_numpy("datetime64[D]").astype("int64")
    ranked = np.sort(numbers)
    few, gaps = max(1, int(ALONE * len(ranked))), np.diff(ranked)
    within = gaps[few:len(gaps) - few]
    if len(within) < LEAST:
        return made
    is_apart = (gaps >= APART) & (gaps > LONGER * within.max())
    first = ranked[np.flatnonzero(is_apart[:few])[-1] + 1] if is_apart[:few].any() else ranked[0]
    last = ranked[len(gaps) - few + np.flatnonzero(is_apart[-few:])[0]] if is_apart[-few:].any() else ranked[-1]
    made[known] = (numbers < first) | (numbers > last)
    return made


def _days(values: pd.Series, timezone: str) -> np.ndarray:
    """Days since 1970 as numbers, missing as NaN; a month counts from its first day."""
    moments = values if pd.api.types.is_datetime64_any_dtype(values) else pd.to_datetime(values, format="%Y-%m", errors="coerce")
    plain = moments.dt.tz_convert(timezone).dt.tz_localize(None) if isinstance(moments.dtype, pd.DatetimeTZDtype) else moments
    days = plain.to_numpy("datetime64[D]").astype("int64").astype("float64")
    days[plain.isna().to_numpy()] = np.nan
    return days


def _shown(days: np.ndarray, at: np.ndarray | None = None) -> list[str]:
    return [str(np.datetime64(int(day), "D")) for day in (days if at is None else days[at])]
