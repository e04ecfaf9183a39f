"""The main clock by department and by month: each with its interval, shrunk towards the mean of all, and beside what a monthly sheet shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.loop import compliance
from voclib.loop.clocks import Clock
from voclib.results import Estimate, Text
from voclib.stats import inference, shrinkage
from voclib.stats.gates import Gates
from voclib.stats.shrinkage import Shrunken

NOBODY = "—"


@dataclass(frozen=True, kw_only=True)
class Departments:
    """`each`: the share in time of every department; `table`: with medians, open and overdue cases; `drawn` and `shrunken`: where five or more can be
    compared, each shrunk towards their mean (empty and None otherwise). `gates` say how few cases a table may show, and give a share of."""

    clock: Clock
    gates: Gates
    each: tuple[Estimate, ...]
    table: pd.DataFrame
    drawn: pd.DataFrame
    shrunken: Shrunken | None


def study(followed: pd.DataFrame, clock: Clock, names: Mapping[str, Text], *, estimand: str, conf_level: float, gates: Gates,
          seed: int = 0) -> Departments:
    """The share in time of every department's cases; `names` in both languages where known; a case that names none belongs to nobody."""
    owner = followed["owner_department"].astype("object").where(followed["owner_department"].notna(), NOBODY)
    rows, each = [], []
    for name, part in followed.groupby(owner, sort=True):
        found = compliance.measure(part, limit=clock.hours, estimand=estimand, group=str(name), conf_level=conf_level, gates=gates, seed=seed).every
        is_open = ~part["is_stopped"]
        each.append(found)
        rows.append({"key": str(name), "department": names.get(str(name), Text(str(name), str(name))), "n": len(part), "in_time": found,
                     "median_hours": compliance.median_hours(part), "open": int(is_open.sum()),
                     "overdue": int((is_open & (part["followed"] > clock.hours)).sum()), "done": float(part["is_stopped"].mean())})
    table = pd.DataFrame(rows).sort_values(["n", "key"], ascending=[False, True], ignore_index=True)
    drawn, shrunken = _drawn(each, conf_level, gates)
    return Departments(clock=clock, gates=gates, each=tuple(each), table=table, drawn=drawn, shrunken=shrunken)


def _drawn(each: list[Estimate], conf_level: float, gates: Gates) -> tuple[pd.DataFrame, Shrunken | None]:
    """Departments shrunk towards their mean, best first; a department with too few cases for an interval of its own is left out."""
    kept = [e for e in each if e.kind == "estimate" and e.n >= gates.caveat_n and e.group != NOBODY]
    if len(kept) < shrinkage.FEWEST:
        return pd.DataFrame(), None
    made = shrinkage.shrink([e.value for e in kept], _errors(kept, conf_level), conf_level=conf_level)
    half = (made.high - made.low) / 2
    frame = pd.DataFrame({"key": [e.group for e in kept], "n": [e.n for e in kept], "raw": [e.value for e in kept],
                          "raw_low": [e.conf_low for e in kept], "raw_high": [e.conf_high for e in kept], "value": made.value,
                          "low": made.low.clip(0, 1), "high": made.high.clip(0, 1), "mean_low": (made.center - half).clip(0, 1),
                          "mean_high": (made.center + half).clip(0, 1), "is_apart": made.apart})
    return frame.sort_values(["value", "key"], ascending=[False, True], ignore_index=True), made


def _errors(kept: list[Estimate], conf_level: float) -> list[float]:
    """Standard errors at the share of all departments together, by how many cases each is worth.

    A department's own error goes with its share: near 0 and 1 a lucky one would pass for one known well, and stand apart. Where all are the same
    half of each interval over its quantile stands in.
    """
    mean = sum(e.n * e.value for e in kept) / sum(e.n for e in kept)
    if 0 < mean < 1:
        return [float(np.sqrt(mean * (1 - mean) / (e.n_effective or e.n))) for e in kept]
    return [(e.conf_high - e.conf_low) / (2 * inference.quantile(conf_level, np.inf)) for e in kept]


def months(followed: pd.DataFrame, clock: Clock, *, estimand: str, conf_level: float, gates: Gates, timezone: str = "Asia/Shanghai",
           seed: int = 0) -> pd.DataFrame:
    """The share in time by month, two ways: of cases opened in it ("opened"), and, as a monthly sheet counts, of cases closed in it ("closed").

    One row a month and way: month (its first day), way, n, estimate, conf_low, conf_high; a month of too few cases has none.
    """
    local = {"opened": followed[clock.start], "closed": followed[clock.stop].where(followed["is_stopped"])}
    rows: list[dict[str, Any]] = []
    for way, when in local.items():
        month = when.dt.tz_convert(timezone).dt.tz_localize(None).dt.to_period("M").dt.to_timestamp()
        for first, part in followed.groupby(month, sort=True):
            found = compliance.measure(part, limit=clock.hours, estimand=estimand, conf_level=conf_level, gates=gates, seed=seed)
            one = found.every if way == "opened" else found.closed
            told = one.kind == "estimate"
            rows.append({"month": first, "way": way, "n": len(part), "estimate": one.value if told else np.nan,
                         "conf_low": one.conf_low if told else np.nan, "conf_high": one.conf_high if told else np.nan})
    return pd.DataFrame(rows, columns=["month", "way", "n", "estimate", "conf_low", "conf_high"])


def sheet(followed: pd.DataFrame, clock: Clock, names: Mapping[str, Text], *, last: int = 4, estimand: str, conf_level: float, gates: Gates,
          timezone: str = "Asia/Shanghai", seed: int = 0) -> tuple[list[str], pd.DataFrame]:
    """The last periods opened, and one row a department with an Estimate for each (None without a case): the table of the review.

    Months, or quarters where most departments have too few cases a month for a share.
    """
    owner = followed["owner_department"].astype("object").where(followed["owner_department"].notna(), NOBODY)
    period = _period(followed[clock.start].dt.tz_convert(timezone).dt.tz_localize(None), owner, last, gates)
    chosen = sorted(period.unique())[-last:]
    rows = []
    for name, part in followed.groupby(owner, sort=True):
        row: dict[str, Any] = {"key": str(name), "department": names.get(str(name), Text(str(name), str(name))), "n": len(part)}
        for one in chosen:
            mine = part[period.loc[part.index] == one]
            row[one] = compliance.measure(mine, limit=clock.hours, estimand=estimand, group=str(name), conf_level=conf_level, gates=gates,
                                          seed=seed).every if len(mine) else None
        rows.append(row)
    return chosen, pd.DataFrame(rows).sort_values(["n", "key"], ascending=[False, True], ignore_index=True)


def _period(when: pd.Series, owner: pd.Series, last: int, gates: Gates) -> pd.Series:
    """Month of every case, or its quarter where a month holds too few in most departments."""
    month = when.dt.strftime("%Y-%m")
    recent = month.isin(sorted(month.unique())[-last:])
    sizes = pd.crosstab(owner[recent], month[recent]).to_numpy()
    return month if (sizes >= gates.min_n).mean() > 0.5 else when.dt.to_period("Q").astype("str")
