"""What go-live changed: the rate of every project's subject after go-live against its usual one, and what a month before and a month after would say.

A project is chartered because its subject was in the news. A rate that led to a decision by being high is lower afterwards, whatever is done:
regression to the mean (Galton 1886; Barnett, van der Pols & Dobson 2005, Int. J. Epidemiology 34). So the days before the charter are no baseline.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.loop.outer_loop import windows
from voclib.stats import rate_ratio
from voclib.stats.rate_ratio import RateRatios

Array = NDArray[np.float64]
GRID, BLOCK = 28, 84  # days of a period over which rates are compared; days within which a subject may be shaken together
MOST_SHIFTS, SHIFT_LEVEL = 4, 0.05  # of subjects without a project: at most so many level shifts, each clearer than this over all that were tried
RECENT = 84  # days over which events a week are counted when it is said how long to wait
FINE, NO_SUBJECT, NO_HISTORY, TOO_SHORT, NOT_TOLD = "", "no_subject", "no_history", "too_short", "not_told"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What was chosen before the data were seen: days before the charter that are no baseline, days of the naive months, the fewest events and weeks
    on which a project is judged, and the share of false discoveries let pass."""

    run_up_days: int = 90
    month_days: int = 30
    least_events: int = 10
    least_weeks: int = 4
    fdr: float = 0.05

    def __post_init__(self) -> None:
        for name in ("run_up_days", "month_days", "least_events", "least_weeks"):
            if getattr(self, name) < 1:
                raise ParameterError(f"{name} is a whole number of 1 or more, not {getattr(self, name)}.")
        if not 0 < self.fdr < 1:
            raise ParameterError(f"fdr is a share such as 0.05, not {self.fdr}.")


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Live projects of one or several sources.

    `table` has one row a live project: project_id, source, subject, state ("" where it is judged, else why not), `usual_events`, `after_events`,
    `expected` at the usual rate, `weeks` since go-live, `wait` weeks more that are needed (0 none, NaN where waiting does not help), log ratios with
    errors: `log` of the joint regression, `plain` of shares of all events, `naive` of a month before and a month after, `placebo` of the time between
    charter and go-live, `step` of the time since go-live against that time, `placebo_naive` of a month before and a month after the charter; `df`,
    `p`, `q`, `told`. `covariance` is that of `log` of the judged (K, K), `placebo_covariance` that of `placebo` where it is told. `shake` is how much
    the rates of a source vary beyond chance; `shifts` are subjects without a project that left the common movement, and since when; `apart` are first
    days of times in which several subjects left it at once and in which nobody is compared, with the first day after each.
    """

    table: pd.DataFrame
    covariance: Array
    placebo_covariance: Array
    shake: dict[str, float]
    shifts: tuple[tuple[str, pd.Timestamp], ...] = ()
    apart: tuple[tuple[pd.Timestamp, pd.Timestamp], ...] = ()

    @property
    def judged(self) -> pd.DataFrame:
        """Rows of projects that can be judged."""
        return self.table[self.table["state"] == FINE]

    @property
    def placebo(self) -> pd.DataFrame:
        """Rows of projects whose time between charter and go-live can be judged."""
        return self.table[self.table["placebo"].notna()]


@dataclass(frozen=True)
class Tally:
    """Events of subjects by day: `counts` (S, D) from day `first` on."""

    subjects: tuple[str, ...]
    counts: Array
    first: pd.Timestamp

    @property
    def days(self) -> int:
        """How many days there are."""
        return self.counts.shape[1]

    def row(self, subject: str) -> int:
        """Place of a subject, −1 where it has no event."""
        return self.subjects.index(subject) if subject in self.subjects else -1

    def day(self, when: Any) -> float:
        """Number of a date; infinite for one that has not come."""
        return math.inf if pd.isna(when) else (pd.Timestamp(when) - self.first).days


def tally(events: pd.DataFrame) -> Tally:
    """Count events (`subject`, `on` a date) by subject and day, from the first day to the last.

    Raises
    ------
    DataError
        where there is none.
    """
    known = events.dropna(subset=["subject", "on"])
    if known.empty:
        raise DataError("No subject has a dated event, so no rate can be computed.")
    first = known["on"].min().normalize()
    names = tuple(sorted(known["subject"].astype(str).unique()))
    day = (known["on"].dt.normalize() - first).dt.days.to_numpy()
    row = pd.Index(names).get_indexer(known["subject"].astype(str))
    counts = np.zeros((len(names), int(day.max()) + 1))
    np.add.at(counts, (row, day), 1.0)
    return Tally(names, counts, first)


def measure(events: pd.DataFrame, projects: pd.DataFrame, given: Settings, *, source: str = "") -> Effects:
    """Judge the live ones of `projects` (project_id, subject, chartered_on, landed_on) by the events of their subjects.

    Every run-up is left out, and of projects that have not gone live all since their charter, so that neither is anybody's usual rate nor moves the
    comparison of the others.
    """
    found = tally(events)
    plans = [_Plan.of(found, row, given) for row in projects.to_dict("records")]
    named = _named(plans)
    grid = _grid(found, plans, named)
    made = None if grid is None else grid.fit()
    rows = [_row(found, plans, i, given, source, made, named) for i, p in enumerate(plans) if math.isfinite(p.landed)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    places = {name: [named.index((name, int(i))) for i in part["_i"]] for name, part in
              (("after", table[table["state"] == FINE]), ("between", table[table["placebo"].notna()]))}
    blocks = {name: made.covariance[np.ix_(at, at)] if made is not None and at else np.zeros((0, 0)) for name, at in places.items()}
    return Effects(table=table.drop(columns="_i"), covariance=blocks["after"], placebo_covariance=blocks["between"],
                   shake={} if made is None else {source: made.shake},
                   shifts=() if grid is None else tuple((found.subjects[k], found.first + pd.Timedelta(days=day)) for k, day in grid.shifts),
                   apart=() if grid is None else tuple(grid.dates(window, found) for window in grid.apart))


NUMBERS = ("usual_events", "after_events", "expected", "weeks", "wait", "log", "error", "plain", "plain_error", "naive", "naive_error", "placebo",
           "placebo_error", "step", "step_error", "placebo_naive", "placebo_naive_error", "df")
COLUMNS = ["project_id", "source", "subject", "state", *NUMBERS, "_i"]


@dataclass(frozen=True)
class _Plan:
    """The days of one project and of others about the same subject."""

    id: str
    subject: str
    row: int
    opens: float
    chartered: float
    landed: float

    @classmethod
    def of(cls, found: Tally, given: dict[str, Any], settings: Settings) -> _Plan:
        subject = "" if pd.isna(given["subject"]) else str(given["subject"])
        chartered = found.day(given["chartered_on"])
        return cls(str(given["project_id"]), subject, found.row(subject), chartered - settings.run_up_days, chartered, found.day(given["landed_on"]))

    @property
    def edges(self) -> tuple[float, ...]:
        return (self.opens, self.chartered, self.landed)

    def during(self, stretch: str, day: Array) -> NDArray[np.bool_]:
        first, last = {"run_up": (self.opens, self.chartered), "between": (self.chartered, self.landed),
                       "after": (self.landed, math.inf)}[stretch]
        return (day >= first) & (day < last)


def _named(plans: list[_Plan]) -> list[tuple[str, int]]:
    """The stretches of live projects whose subject has events: what, and whose."""
    return [(what, i) for i, plan in enumerate(plans) if plan.row >= 0 and math.isfinite(plan.landed) for what in ("between", "after")]


@dataclass(frozen=True)
class _Grid:
    """Counts (S, T) of periods that start on `start` (T,), the stretches of projects, cells that nobody is compared by, shifts of others, and windows
    (T,) in which several subjects moved apart."""

    counts: Array
    start: Array
    stretches: list[tuple[int, NDArray[np.bool_]]]
    without: NDArray[np.bool_]
    shifts: list[tuple[int, float]]
    apart: list[NDArray[np.bool_]]

    def fit(self, *, leave: int | None = None) -> RateRatios:
        without = self.without.copy()
        if leave is not None:
            without[leave] = True
        return rate_ratio.fit(self.counts, self.all, blocks=self.start // BLOCK, without=without)

    def dates(self, window: NDArray[np.bool_], found: Tally) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First day of a window, and the first one after it."""
        ends = np.r_[self.start[1:], found.days]
        return found.first + pd.Timedelta(days=self.start[window][0]), found.first + pd.Timedelta(days=ends[window][-1])

    @property
    def all(self) -> list[tuple[int, NDArray[np.bool_]]]:
        return [*self.stretches, *((row, self.start >= day) for row, day in self.shifts)]


def _grid(found: Tally, plans: list[_Plan], named: list[tuple[str, int]]) -> _Grid | None:
    cuts = sorted({0.0, float(found.days), *np.arange(0, found.days, GRID, dtype=float), *(d for p in plans for d in p.edges if 0 < d < found.days)})
    start = np.array(cuts[:-1])
    counts = np.add.reduceat(found.counts, start.astype(int), axis=1)
    if (counts.sum(axis=1) > 0).sum() < 2 or counts.shape[1] < 2 or not named:
        return None
    without = np.zeros(counts.shape, dtype=bool)
    for plan in plans:
        if plan.row >= 0:
            without[plan.row] |= plan.during("run_up", start) | (plan.during("between", start) & math.isinf(plan.landed))
    made = _Grid(counts, start, [(plans[i].row, plans[i].during(name, start)) for name, i in named], without, [], [])
    others = sorted(set(range(len(found.subjects))) - {p.row for p in plans})
    made.apart.extend(windows.apart(counts, made.stretches, start, found.days, without=without, block=GRID))
    for window in made.apart:
        without[:, window] = True
    for _ in range(MOST_SHIFTS):
        if (shift := _shift(made, others, found.days)) is None:
            break
        made.shifts.append(shift)
    return made


def _shift(made: _Grid, others: list[int], days: int) -> tuple[int, float] | None:
    """The subject without a project that left the common movement most clearly, and the day from which on, or None where none did."""
    tried = [(row, day) for row in others for day in np.arange(2 * GRID, days - GRID, GRID, dtype=float)]
    if not tried:
        return None
    z = np.abs(rate_ratio.moved(made.counts, made.all, [(row, made.start >= day) for row, day in tried], blocks=made.start // BLOCK,
                                without=made.without))
    if np.isnan(z).all():
        return None
    best = int(np.nanargmax(z))
    return tried[best] if 2 * stats.norm.sf(z[best]) * len(tried) < SHIFT_LEVEL else None


def _row(found: Tally, plans: list[_Plan], i: int, given: Settings, source: str, made: RateRatios | None,
         named: list[tuple[str, int]]) -> dict[str, Any]:
    """One live project: its windows, its counts, and its log ratios."""
    plan, day = plans[i], np.arange(found.days, dtype=float)
    row = {name: math.nan for name in NUMBERS} | {"project_id": plan.id, "source": source, "subject": plan.subject, "state": NO_SUBJECT, "_i": i}
    if plan.row < 0:
        return row
    busy = np.zeros(found.days, dtype=bool)
    for other in plans:
        if other.row == plan.row and other.id != plan.id:
            busy |= (day >= other.opens) & (day < min(other.landed, math.inf))
    own, total = found.counts[plan.row], found.counts.sum(axis=0)
    usual, after = (day < plan.opens) & ~busy, plan.during("after", day) & ~busy
    k0, n0, k1, n1 = own[usual].sum(), total[usual].sum(), own[after].sum(), total[after].sum()
    expected = k0 / n0 * n1 if n0 else 0.0
    row |= {"usual_events": k0, "after_events": k1, "expected": expected, "weeks": after.sum() / 7}
    row |= _naive(own, total, day, plan, given)
    row["state"], row["wait"] = _state(row, k0, n0, total, given)
    if n0 and n1 and k0:
        row["plain"], row["plain_error"] = (float(x) for x in rate_ratio.of_shares(k1, n1, k0, n0))
    if made is None:
        return row | ({"state": NOT_TOLD} if row["state"] == FINE else {})
    at = {name: named.index((name, i)) for name in ("after", "between")}
    if row["state"] == FINE:
        value, error = made.log_ratio[at["after"]], made.std_error[at["after"]]
        row |= {"log": value, "error": error, "df": made.df} if math.isfinite(value) else {"state": NOT_TOLD}
    between = plan.during("between", day) & ~busy
    if k0 >= given.least_events and k0 / n0 * total[between].sum() >= given.least_events and math.isfinite(made.log_ratio[at["between"]]):
        row |= {"placebo": made.log_ratio[at["between"]], "placebo_error": made.std_error[at["between"]]}
        v = made.covariance[np.ix_(list(at.values()), list(at.values()))]
        if row["state"] == FINE:
            row |= {"step": row["log"] - row["placebo"], "step_error": float(np.sqrt(max(v[0, 0] + v[1, 1] - 2 * v[0, 1], 1e-12)))}
    return row


def _naive(own: Array, total: Array, day: Array, plan: _Plan, given: Settings) -> dict[str, float]:
    """The month before the charter against the month after go-live, and after the charter; NaN where either has no event at all."""
    months = {"naive": plan.landed, "placebo_naive": plan.chartered}
    before = (day >= plan.chartered - given.month_days) & (day < plan.chartered)
    made = {}
    for name, first in months.items():
        after = (day >= first) & (day < first + given.month_days)
        if own[before].sum() and total[after].sum():
            value, error = rate_ratio.of_shares(own[after].sum(), total[after].sum(), own[before].sum(), total[before].sum())
            made |= {name: float(value), f"{name}_error": float(error)}
    return made


def _state(row: dict[str, Any], k0: float, n0: float, total: Array, given: Settings) -> tuple[str, float]:
    """Whether a project can be judged, and how many weeks more it takes."""
    if k0 < given.least_events:
        return NO_HISTORY, math.nan
    a_week = k0 / n0 * total[-RECENT:].sum() / (min(RECENT, len(total)) / 7)
    events = (given.least_events - row["expected"]) / a_week if a_week > 0 else math.inf
    wait = math.ceil(max(given.least_weeks - row["weeks"], events, 0.0) - 1e-9) if math.isfinite(events) else math.nan
    return (FINE, 0.0) if wait == 0 else (TOO_SHORT, float(wait))


def together(parts: list[Effects], given: Settings, *, others: pd.DataFrame | None = None) -> Effects:
    """Effects of several sources in one, with q values over all judged projects (Benjamini & Hochberg 1995); `others` are live without a source."""
    table = pd.concat([part.table for part in parts if len(part.table)] or [pd.DataFrame(columns=COLUMNS[:-1])], ignore_index=True)
    if others is not None and len(others):
        rows = [{name: math.nan for name in NUMBERS} | {"project_id": str(p), "source": "", "subject": "", "state": NO_SUBJECT} for p in others]
        table = pd.concat([table, pd.DataFrame(rows)], ignore_index=True) if len(table) else pd.DataFrame(rows)
    table = table.astype({name: float for name in NUMBERS})
    judged = (table["state"] == FINE).to_numpy(dtype=bool)
    table["p"], table["q"], table["told"] = np.nan, np.nan, False
    if judged.any():
        mine = table.loc[judged]
        table.loc[judged, "p"] = _chance(mine)
        table.loc[judged, "q"] = stats.false_discovery_control(table.loc[judged, "p"])
        table.loc[judged, "told"] = table.loc[judged, "q"] <= given.fdr
    return Effects(table=table, covariance=_blocks([p.covariance for p in parts]), placebo_covariance=_blocks([p.placebo_covariance for p in parts]),
                   shake={k: v for p in parts for k, v in p.shake.items()}, shifts=tuple(shift for p in parts for shift in p.shifts),
                   apart=tuple(window for p in parts for window in p.apart))


def both_ways(made: Effects, given: Settings) -> Effects:
    """The same with a project told from nothing only where it is without the common movement too, for want of subjects that could show that."""
    plain = 2 * stats.norm.sf((made.table["plain"] / made.table["plain_error"]).abs())
    agrees = (plain <= given.fdr) & (np.sign(made.table["plain"]) == np.sign(made.table["log"]))
    return replace(made, table=made.table.assign(told=made.table["told"].astype(bool) & agrees))


def _chance(mine: pd.DataFrame) -> pd.Series:
    """Two-sided p that going live changed nothing: the larger of the one against the usual rate and the one against the time just before go-live.

    What had already changed before go-live is no effect of it; both must be unlikely (an intersection–union test, Berger 1982, Technometrics 24).
    """
    usual = 2 * stats.t.sf((mine["log"] / mine["error"]).abs(), mine["df"])
    step = 2 * stats.t.sf((mine["step"] / mine["step_error"]).abs(), mine["df"])
    opposed = np.sign(mine["step"]) != np.sign(mine["log"])
    return pd.Series(np.fmax(usual, np.where(mine["step"].isna(), np.nan, np.where(opposed, 1.0, step))), mine.index)


def _blocks(parts: list[Array]) -> Array:
    made, at = np.zeros((sum(len(p) for p in parts),) * 2), 0
    for part in parts:
        made[at:at + len(part), at:at + len(part)] = part
        at += len(part)
    return made


def idle(events: pd.DataFrame, projects: pd.DataFrame, given: Settings, *, source: str = "") -> pd.DataFrame:
    """Months of a subject followed by a pretended go-live, after as long as projects take, before anything about it had really gone live.

    Log ratios of shares: `spike` of the month against the subject's rate before the run-up to its end, `naive` of the month after the pretended
    go-live against the month, `usual` of the former against the same earlier rate; each with its error.
    """
    found, month = tally(events), given.month_days
    plans = [_Plan.of(found, row, given) for row in projects.to_dict("records")]
    took = [p.landed - p.chartered for p in plans if math.isfinite(p.landed)]
    delay = int(np.median(took)) if took else given.run_up_days
    total, rows = found.counts.sum(axis=0), []
    for k, name in enumerate(found.subjects):
        landed = min((p.landed for p in plans if p.row == k), default=math.inf)
        own = found.counts[k]
        for start in range(found.days - 2 * month - delay, 0, -month):
            after = start + month + delay
            past, now, then = slice(0, max(start + month - given.run_up_days, 0)), slice(start, start + month), slice(after, after + month)
            if after + month > landed or min(own[past].sum(), own[now].sum()) < given.least_events or not total[then].sum():
                continue  # a month in which nothing at all was recorded has no share
            row: dict[str, Any] = {"source": source, "subject": name, "on": found.first + pd.Timedelta(days=start)}
            for what, (a, b) in {"spike": (now, past), "naive": (then, now), "usual": (then, past)}.items():
                value, error = rate_ratio.of_shares(own[a].sum(), total[a].sum(), own[b].sum(), total[b].sum())
                row |= {what: float(value), f"{what}_error": float(error)}
            rows.append(row)
    return pd.DataFrame(rows, columns=["source", "subject", "on", "spike", "spike_error", "naive", "naive_error", "usual", "usual_error"])


def picked(candidates: pd.DataFrame, *, most: int = 10) -> pd.DataFrame:
    """The candidates that spiked most, as one picks them from a sheet: the highest month of every subject, then the `most` highest."""
    order = candidates[candidates["spike"] > 0].sort_values(["spike", "source", "subject"], ascending=[False, True, True])
    return order.drop_duplicates(["source", "subject"]).head(most).reset_index(drop=True)


def without_one(events: pd.DataFrame, projects: pd.DataFrame, given: Settings) -> dict[str, dict[str, float]]:
    """The log ratio of every live project when one other subject after another is left out of the comparison: subject left out → project → log."""
    found = tally(events)
    plans = [_Plan.of(found, row, given) for row in projects.to_dict("records")]
    named = _named(plans)
    grid = _grid(found, plans, named)
    made = {}
    for k, name in enumerate(found.subjects if grid is not None and len(found.subjects) > 2 else ()):
        fitted = grid.fit(leave=k)
        made[name] = {plans[i].id: float(fitted.log_ratio[at]) for at, (what, i) in enumerate(named) if what == "after" and plans[i].row != k}
    return made
