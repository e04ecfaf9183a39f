"""Size and calendar of the sample company; every date follows from the as-of date, never from a clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.errors import ParameterError

MONTHS = 15
"""Five quarters, the last one ending at the as-of date."""
PERIOD_MONTHS = 2
"""An employee survey every two months; the first wave lies before the first customer period."""
LONG_WAIT_MINUTES = 60
HOURS_EAST = 8
SMALLEST = 50


@dataclass(frozen=True)
class Plan:
    """How many customers, which seed, as of which day (the last day of a quarter)."""

    customers: int = 20_000
    seed: int = 20260701
    asof: str = "2026-09-30"

    def __post_init__(self) -> None:
        if self.customers < SMALLEST:
            raise ParameterError(f"customers is {self.customers}; the sample company needs at least {SMALLEST} so that no table is empty")
        after = np.datetime64(self.asof, "D") + 1
        if after != after.astype("datetime64[M]") or int(after.astype("datetime64[M]").astype(int)) % 3:
            raise ParameterError(f"asof is {self.asof}; give the last day of a quarter, for example 2026-09-30")

    @property
    def dealers(self) -> int:
        """60 from 20,000 customers on, more for a very large company, fewer for a small one."""
        return int(min(max(self.customers // 330, 8), 60) if self.customers <= 200_000 else self.customers // 3300)

    @property
    def first_month(self) -> np.datetime64:
        """First month of the first quarter."""
        return np.datetime64(self.asof, "M") - (MONTHS - 1)

    @property
    def first_day(self) -> np.datetime64:
        """Day 0."""
        return self.first_month.astype("datetime64[D]")

    @property
    def days(self) -> int:
        """Days observed."""
        return int((np.datetime64(self.asof, "D") - self.first_day).astype(int)) + 1

    @property
    def end_minute(self) -> int:
        """Minutes from day 0 to the end of the as-of day, local time."""
        return self.days * 1440

    @property
    def month_starts(self) -> np.ndarray:
        """Day number at which each month starts, and the end; shape (MONTHS + 1,)."""
        months = self.first_month + np.arange(MONTHS + 1)
        return (months.astype("datetime64[D]") - self.first_day).astype(int)

    @property
    def periods(self) -> int:
        """Two-month periods of customer voice."""
        return -(-MONTHS // PERIOD_MONTHS)

    @property
    def quarters(self) -> list[str]:
        """Names such as 2025Q3."""
        return [f"{str(month)[:4]}Q{(int(str(month)[5:7]) + 2) // 3}" for month in self.first_month + np.arange(0, MONTHS, 3)]

    def months(self, *, before: int = 0) -> list[str]:
        """Names of the months, from `before` months earlier on."""
        return [str(month) for month in self.first_month + np.arange(-before, MONTHS)]

    def month_of(self, day: np.ndarray) -> np.ndarray:
        """Month number of a day number."""
        return np.searchsorted(self.month_starts, day, side="right") - 1

    def moments(self, minute: np.ndarray) -> np.ndarray:
        """Local minutes since day 0 as UTC moments (datetime64[us]); negative infinity of int64 is missing."""
        local = self.first_day.astype("datetime64[us]") + np.asarray(minute, dtype="int64").astype("timedelta64[m]").astype("timedelta64[us]")
        return local - np.timedelta64(HOURS_EAST * 3600, "s").astype("timedelta64[us]")

    def dates(self, day: np.ndarray) -> np.ndarray:
        """Day numbers as dates (datetime64[us])."""
        return (self.first_day + np.asarray(day, dtype="int64").astype("timedelta64[D]")).astype("datetime64[us]")
