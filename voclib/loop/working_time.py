"""Hours between two moments: of the clock on the wall, or of working time alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voclib.errors import ParameterError

HOUR = np.timedelta64(1, "h")


@dataclass(frozen=True)
class WorkingTime:
    """When a department works: from `opens` to `closes` (minutes after midnight) on `weekdays` (Monday first, seven flags), in `timezone`.

    `holidays` are days off, `workdays` days on whatever their weekday: in China a weekend day is often worked to make up for a long holiday.
    Both (K,), dates.
    """

    opens: int
    closes: int
    weekdays: tuple[bool, ...]
    holidays: NDArray[np.datetime64]
    workdays: NDArray[np.datetime64]
    timezone: str

    @property
    def a_day(self) -> float:
        """Hours of a working day."""
        return (self.closes - self.opens) / 60

    def since_epoch(self, moments: pd.Series) -> NDArray[np.float64]:
        """Working hours (N,) from 1970 until each moment; NaN for a missing one."""
        known = moments.notna().to_numpy()
        made = np.full(len(moments), np.nan)
        local = moments[known].dt.tz_convert(self.timezone).dt.tz_localize(None).to_numpy("datetime64[us]")
        day = local.astype("datetime64[D]")
        extra = np.unique(self.workdays)
        extra = extra[~np.is_busday(extra, weekmask=self.weekdays, holidays=self.holidays)]
        before = np.busday_count(np.datetime64("1970-01-01"), day, weekmask=self.weekdays, holidays=self.holidays) + np.searchsorted(extra, day)
        today = np.is_busday(day, weekmask=self.weekdays, holidays=self.holidays) | np.isin(day, extra)
        into = np.clip((local - day) / HOUR - self.opens / 60, 0, self.a_day)
        made[known] = before * self.a_day + today * into
        return made


def hours(start: pd.Series, stop: pd.Series, *, working: WorkingTime | None = None) -> NDArray[np.float64]:
    """Hours (N,) from `start` to `stop` (moments with a time zone), of the clock, or of `working` time alone; NaN where either is missing."""
    if working is None:
        return ((stop - start) / HOUR).to_numpy(dtype=float, na_value=np.nan)
    return working.since_epoch(stop) - working.since_epoch(start)


def dates(given: Sequence[str], what: str) -> NDArray[np.datetime64]:
    """Dates written as 2026-10-01.

    Raises
    ------
    ParameterError
        for one that is no date.
    """
    found = pd.to_datetime(pd.Series(list(given), dtype="str"), format="%Y-%m-%d", errors="coerce")
    if found.isna().any():
        raise ParameterError(f"{what}: '{list(given)[int(found.isna().argmax())]}' is not a date; write it as 2026-10-01.")
    return found.to_numpy("datetime64[D]")


def minutes(given: str, what: str) -> int:
    """A time of day as "09:00" in minutes after midnight; "24:00" is the end of the day.

    Raises
    ------
    ParameterError
        for anything else.
    """
    hour, colon, minute = given.partition(":")
    if not (colon and hour.isdigit() and minute.isdigit() and len(minute) == 2 and int(minute) < 60 and 60 * int(hour) + int(minute) <= 1440):
        raise ParameterError(f"{what}: '{given}' is not a time of day; write it as \"09:00\", with its quotes.")
    return 60 * int(hour) + int(minute)
