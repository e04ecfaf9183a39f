"""Working hours between two moments, against a count of minutes one by one and against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import ParameterError
from voclib.loop import working_time
from voclib.loop.working_time import WorkingTime

ZONE = "Asia/Shanghai"
WEEK = (True,) * 5 + (False,) * 2


def made(opens: str = "09:00", closes: str = "18:00", *, weekdays: tuple[bool, ...] = WEEK, holidays: tuple[str, ...] = (),
         workdays: tuple[str, ...] = (), zone: str = ZONE) -> WorkingTime:
    return WorkingTime(working_time.minutes(opens, "opens"), working_time.minutes(closes, "closes"), weekdays,
                       working_time.dates(holidays, "holidays"), working_time.dates(workdays, "workdays"), zone)


def moments(*texts: str | None, zone: str = ZONE) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts))).dt.tz_localize(zone).dt.tz_convert("UTC").astype("datetime64[us, UTC]")


def by_minutes(start: pd.Timestamp, stop: pd.Timestamp, given: WorkingTime) -> float:
    """Every minute from start to stop looked at on the wall clock of the office."""
    minutes = pd.date_range(start, stop, freq="min", inclusive="left").tz_convert(given.timezone)
    day = minutes.tz_localize(None).normalize().to_numpy("datetime64[D]")
    on = (np.array(given.weekdays)[minutes.weekday] & ~np.isin(day, given.holidays)) | np.isin(day, given.workdays)
    clock = minutes.hour * 60 + minutes.minute
    return float((on & (clock >= given.opens) & (clock < given.closes)).sum() / 60)


OFFICES = {
    "office": made(),
    "around a long holiday": made(holidays=("2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"),
                                  workdays=("2026-09-27", "2026-10-10")),
    "a holiday on a weekend, a workday on a weekday": made(holidays=("2026-10-03",), workdays=("2026-10-05", "2026-10-05")),
    "named both, worked": made(holidays=("2026-10-01",), workdays=("2026-10-01",)),
    "day and night": made("00:00", "24:00"),
    "every day, short": made("10:30", "16:15", weekdays=(True,) * 7),
    "where clocks change": made(zone="Europe/Berlin"),
}


@pytest.mark.parametrize("name", OFFICES)
def test_as_many_hours_as_minutes_counted_one_by_one(name: str) -> None:
    office, rng = OFFICES[name], np.random.default_rng(11)
    start = pd.Timestamp("2026-09-24", tz=ZONE) + pd.to_timedelta(rng.integers(0, 35 * 1440, 60), unit="min")
    spans = np.concatenate([rng.integers(0, 3 * 1440, 30), rng.integers(0, 20 * 1440, 30)])
    stop = start + pd.to_timedelta(spans, unit="min")
    found = working_time.hours(pd.Series(start), pd.Series(stop), working=office)
    assert found == pytest.approx([by_minutes(a, b, office) for a, b in zip(start, stop, strict=True)])
    assert (found > 0).any() and (found >= 0).all()


def test_as_pandas_counts_business_hours() -> None:
    holidays = ["2026-04-06", "2026-05-01"]
    office, hour = made(holidays=tuple(holidays)), pd.offsets.CustomBusinessHour(start="09:00", end="18:00", holidays=holidays)
    rng = np.random.default_rng(5)
    start = pd.Series(pd.Timestamp("2026-04-01 09:00") + pd.to_timedelta(rng.integers(0, 30 * 1440, 40), unit="min"))
    wanted = rng.integers(1, 60, 40)
    stop = pd.Series([hour.rollforward(a) + int(n) * hour for a, n in zip(start, wanted, strict=True)])
    zoned = [s.dt.tz_localize(ZONE) for s in (start, stop)]
    assert working_time.hours(*zoned, working=office) == pytest.approx(wanted.astype(float))


@pytest.mark.parametrize(("start", "stop", "hours"), [
    ("2026-07-03 17:00", "2026-07-06 10:00", 2.0),  # Friday to Monday
    ("2026-07-04 10:00", "2026-07-05 20:00", 0.0),  # all on a weekend
    ("2026-07-06 07:00", "2026-07-06 09:30", 0.5),
    ("2026-07-06 19:00", "2026-07-07 08:00", 0.0),  # a night
    ("2026-07-06 10:00", "2026-07-06 10:00", 0.0),
    ("2026-07-07 10:00", "2026-07-06 10:00", -9.0),  # backwards
    ("1969-12-31 10:00", "1970-01-02 10:00", 18.0),
])
def test_by_hand(start: str, stop: str, hours: float) -> None:
    assert working_time.hours(moments(start), moments(stop), working=made())[0] == pytest.approx(hours)


def test_clock_time_and_what_is_missing() -> None:
    start, stop = moments("2026-07-03 17:00", None, "2026-07-03 17:00"), moments("2026-07-06 17:30", "2026-07-06 17:30", None)
    for office in (None, made()):
        found = working_time.hours(start, stop, working=office)
        assert np.isnan(found).tolist() == [False, True, True]
        assert found[0] == pytest.approx(72.5 if office is None else 9.5)


def test_hours_add_up_over_a_point_between() -> None:
    office, rng = OFFICES["around a long holiday"], np.random.default_rng(3)
    points = pd.Timestamp("2026-09-20", tz=ZONE) + pd.to_timedelta(np.sort(rng.integers(0, 30 * 1440, (50, 3)), axis=1).ravel(), unit="min")
    a, b, c = (pd.Series(points[k::3]).reset_index(drop=True) for k in range(3))
    whole = working_time.hours(a, c, working=office)
    assert whole == pytest.approx(working_time.hours(a, b, working=office) + working_time.hours(b, c, working=office))


@pytest.mark.parametrize(("text", "minutes"), [("09:00", 540), ("0:05", 5), ("24:00", 1440), ("18:30", 1110)])
def test_times_of_day(text: str, minutes: int) -> None:
    assert working_time.minutes(text, "opens") == minutes


@pytest.mark.parametrize("text", ["9", "9:0", "09:60", "24:01", "25:00", "nine", "", "-1:00", "09:00:00"])
def test_what_is_no_time_of_day(text: str) -> None:
    with pytest.raises(ParameterError, match='opens: .* is not a time of day; write it as "09:00"'):
        working_time.minutes(text, "opens")


@pytest.mark.parametrize("text", ["2026-02-30", "1 Oct 2026", "2026/10/01", ""])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ParameterError, match="holidays: .* is not a date; write it as 2026-10-01"):
        working_time.dates(["2026-10-01", text], "holidays")


def test_no_dates_are_none() -> None:
    assert len(working_time.dates([], "holidays")) == 0
