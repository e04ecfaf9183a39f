"""The clocks of cases, from a file that people edit: where each starts and stops, its limit, and how long each case took or has been open.

A case that has not stopped is censored at the end of the data, never left out: leaving open cases out makes any limit look better kept than it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from voclib import yamlmodel
from voclib.errors import DataError, ParameterError, nearest
from voclib.loop import working_time
from voclib.loop.working_time import WorkingTime
from voclib.results import Text

Tables = Mapping[str, pd.DataFrame]
MOMENTS = ("opened_at", "assigned_at", "responded_at", "resolved_at")
TEMPLATE = "params/rules/clocks.yml"
_STRICT = ConfigDict(extra="forbid", frozen=True)


class _Name(BaseModel):
    model_config = _STRICT
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Clock(BaseModel):
    """One clock: from `start` to `stop` within `hours`, of the wall clock or of working time; of the `tiers` and `severities` named, or of all."""

    model_config = _STRICT

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    name: _Name
    start: Literal["opened_at", "submitted_at"] = "opened_at"
    stop: Literal["assigned_at", "responded_at", "resolved_at"]
    hours: float = Field(gt=0)
    time: Literal["clock", "working"] = "clock"
    tiers: tuple[Literal["vvip", "regular"], ...] = ()
    severities: tuple[Literal["safety", "high", "medium", "low"], ...] = ()
    is_main: bool = False

    @property
    def title(self) -> Text:
        """What the clock is called."""
        return Text(self.name.zh, self.name.en)


class Unhappy(BaseModel):
    """Which voices ought to be handled: a score this low or lower, or a complaint that a classifier or the source's own tag found."""

    model_config = _STRICT

    nps_score: int | None = Field(default=6, ge=0, le=10)
    csat_score: int | None = Field(default=2, ge=1, le=5)
    rating_score: int | None = Field(default=4, ge=0, le=10)
    star_rating: int | None = Field(default=2, ge=1, le=5)
    negative_mention: bool = True
    negative_tag: bool = True


class _Working(BaseModel):
    model_config = _STRICT

    opens: str = "09:00"
    closes: str = "18:00"
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    holidays: tuple[str, ...] = ()
    workdays: tuple[str, ...] = ()
    timezone: str = "Asia/Shanghai"


class _File(BaseModel):
    model_config = _STRICT

    working_time: _Working = _Working()
    unhappy: Unhappy = Unhappy()
    clocks: tuple[Clock, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Clocks:
    """The clocks of a file in the order written, working time, and which voices ought to be handled."""

    clocks: tuple[Clock, ...]
    working: WorkingTime
    unhappy: Unhappy

    def __getitem__(self, id: str) -> Clock:
        known = {one.id: one for one in self.clocks}
        if id not in known:
            raise ParameterError(f"There is no clock '{id}'; {nearest(id, known)}")
        return known[id]

    @cached_property
    def main(self) -> Clock:
        """The clock whose number answers the page's question."""
        return next(one for one in self.clocks if one.is_main)


def load(path: str | Path) -> Clocks:
    """The clocks in a YAML file (`params/rules/clocks.yml` is one, with what each key means).

    Raises
    ------
    ParameterError
        names the file and what is wrong: an unknown key with the nearest known one, an id twice, no main clock or several, a working day that ends
        before it begins, a weekday that is none, a day that is no date, an unknown time zone.
    """
    path = Path(path)
    given = yamlmodel.read(path, _File, template=TEMPLATE)
    problems = [f"the id '{id}' stands twice; keep one" for id, n in Counter(one.id for one in given.clocks).items() if n > 1]
    if (n := sum(one.is_main for one in given.clocks)) != 1:
        problems.append(f"{n} clocks have is_main: true; exactly one answers the page's question")
    if problems:
        raise ParameterError(f"{path.name}: " + "; ".join(problems))
    try:
        return Clocks(given.clocks, _working(given.working_time), given.unhappy)
    except ParameterError as error:
        raise ParameterError(f"{path.name}: {error}") from None


def _working(given: _Working) -> WorkingTime:
    opens, closes = (working_time.minutes(text, name) for text, name in ((given.opens, "opens"), (given.closes, "closes")))
    if opens >= closes:
        raise ParameterError(f"working time closes at {given.closes}, not after it opens at {given.opens}")
    if not given.weekdays or not set(given.weekdays) <= set(range(1, 8)):
        raise ParameterError(f"weekdays are numbers from 1 (Monday) to 7 (Sunday), at least one; they are {list(given.weekdays)}")
    try:
        pd.Timestamp(0, tz=given.timezone)
    except (KeyError, ValueError) as error:
        raise ParameterError(f"there is no time zone '{given.timezone}'; write it as Asia/Shanghai") from error
    return WorkingTime(opens, closes, tuple(day in given.weekdays for day in range(1, 8)), working_time.dates(given.holidays, "holidays"),
                       working_time.dates(given.workdays, "workdays"), given.timezone)


def cases(tables: Tables, *, since: str = "", until: str = "", timezone: str = "Asia/Shanghai") -> pd.DataFrame:
    """The cases that count, sorted by `case_id`, with `submitted_at` of the voice and `value_tier` of the customer where known.

    `since` and `until` bound the day a case was opened, both included; empty means from the first, to the last.

    Raises
    ------
    DataError
        without a table of cases, with none in the period, or with times that have no time zone.
    ParameterError
        as `period`.
    """
    if "cases" not in tables:
        raise DataError("There is no table 'cases', so no clock can be read. Tickets or complaints make one: map them in the rules file of "
                        "'voc ingest' (case id, opened, assigned, responded, resolved; params/rules/sample.yml maps tickets.jsonl).")
    found = tables["cases"]
    if naive := [name for name in MOMENTS if getattr(found[name].dtype, "tz", None) is None]:
        raise DataError(f"The table 'cases' has times without a time zone in {', '.join(naive)}; a clock needs to know when they were. 'voc ingest' "
                        f"reads them with the zone of its rules file; in a frame of your own, call .dt.tz_localize('{timezone}') on them.")
    kept = found[steps(found, since=since, until=until, timezone=timezone) == ""].sort_values("case_id", ignore_index=True)
    if kept.empty:
        if found.empty:
            raise DataError("The table 'cases' has no row, so no clock can be read; see the scorecard of 'voc ingest' for where the rows went.")
        span = f"opened from {found['opened_at'].min():%Y-%m-%d} to {found['opened_at'].max():%Y-%m-%d}"
        raise DataError(f"None of {len(found):,} cases, {span}, lies between since={since!r} and until={until!r}; widen them, or leave them empty.")
    voices = tables.get("responses")
    moment = kept["opened_at"].dtype
    spoken = pd.Series(pd.NaT, kept.index, dtype=moment) if voices is None else kept["response_id"].map(
        voices.drop_duplicates("response_id").set_index("response_id")["submitted_at"]).astype(moment)
    people = tables.get("customers")
    tier = pd.Series(None, kept.index, dtype="str") if people is None else kept["customer_id"].map(
        people.drop_duplicates("customer_id").set_index("customer_id")["value_tier"]).astype("str")
    return kept.assign(submitted_at=spoken, value_tier=tier)


def steps(found: pd.DataFrame, *, since: str = "", until: str = "", timezone: str = "Asia/Shanghai") -> np.ndarray:
    """At which step each case is left out (N,): "before" or "after" the period; "" for those that count."""
    first, last = period(since, until, timezone)
    early = found["opened_at"] < first if first is not None else pd.Series(False, found.index)
    late = found["opened_at"] >= last if last is not None else pd.Series(False, found.index)
    return np.select([early.to_numpy(dtype=bool), late.to_numpy(dtype=bool)], ["before", "after"], "").astype(object)


def period(since: str, until: str, timezone: str) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """The first moment of a period of days, both included, and the first after it; None for a side that is open.

    Raises
    ------
    ParameterError
        for a day that is no date, or a period that ends before it begins.
    """
    given = {"since": since, "until": until}
    first, last = (pd.Timestamp(working_time.dates([day], name)[0], tz=timezone) if day else None for name, day in given.items())
    if first is not None and last is not None and last < first:
        raise ParameterError(f"The period ends on {until}, before it begins on {since}; swap since and until.")
    return first, None if last is None else last + pd.DateOffset(days=1)  # a day of clocks that change has 23 or 25 hours


def end(found: pd.DataFrame) -> pd.Timestamp:
    """The end of the data: the last moment that the cases record. After it nobody was looking, so an open case has been open until then."""
    return max(found[name].max() for name in MOMENTS if found[name].notna().any())


def follow(found: pd.DataFrame, clock: Clock, *, asof: pd.Timestamp, working: WorkingTime) -> pd.DataFrame:
    """One row a case that the clock is about and whose start is known, in their order.

    The columns of `found`, and `hours` until the clock stopped or the data ended, `is_stopped`, `followed`, the hours from its start to the end of
    the data, and `in_time`: stopped within the limit, missing while the limit is still running.
    """
    mine = pd.Series(True, found.index)
    if clock.tiers:
        mine &= found["value_tier"].isin(clock.tiers)
    if clock.severities:
        mine &= found["severity"].isin(clock.severities)
    kept = found[mine & found[clock.start].notna() & (found[clock.start] <= asof)].reset_index(drop=True)
    kind = None if clock.time == "clock" else working
    ends = pd.Series(asof, kept.index).astype(kept[clock.start].dtype)
    took, followed = working_time.hours(kept[clock.start], kept[clock.stop], working=kind), working_time.hours(kept[clock.start], ends, working=kind)
    stopped = ~np.isnan(took)
    spent = np.where(stopped, np.maximum(took, 0.0), followed)
    met = pd.array(spent <= clock.hours, dtype="boolean")
    met[~stopped & (followed <= clock.hours)] = pd.NA
    return kept.assign(hours=spent, is_stopped=stopped, followed=np.maximum(followed, spent), in_time=met)
