"""What is counted for a product week by week: complaints by topic, repairs by part, bugs that the frontline reports, unhappy voices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError
from voclib.loop import unheard
from voclib.loop.clocks import Unhappy
from voclib.results import Text
from voclib.schema import dates, strays
from voclib.sentences import say

Tables = Mapping[str, pd.DataFrame]
COMPLAINTS, REPAIRS, BUGS, UNHAPPY = "complaints", "repairs", "bugs", "unhappy"
MOST_PERIODS = 13  # the last one and a year of usual ones before it
LEAST_QUIET = 3  # days without a row at an end, from which a table may have been exported too early, or from too late a day on


@dataclass(frozen=True)
class Counts:
    """Counts (K, T) and exposures (K, T) of the rows of `keys` (product, kind, subject), periods of `days` days up to `until`, the last one included.

    Complaints and unhappy voices are per voice of the product in the same period, repairs per customer who has it, bugs per day.
    `cut`: kinds whose table ends before `until`, with its last day; `late`: those whose table begins after the first period does, with its first day.
    Their periods that are not whole have no exposure and no count.
    """

    keys: pd.DataFrame
    counts: np.ndarray
    exposure: np.ndarray
    until: pd.Timestamp
    days: int
    cut: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    late: Mapping[str, pd.Timestamp] = field(default_factory=dict)

    def before(self, periods: int) -> Counts:
        """The same as it was known so many periods earlier."""
        if not periods:
            return self
        kept, until = slice(None, -periods), self.until - pd.Timedelta(days=periods * self.days)
        cut = {kind: last for kind, last in self.cut.items() if last < until - pd.Timedelta(days=1)}
        return Counts(self.keys, self.counts[:, kept], self.exposure[:, kept], until, self.days, cut, self.late)

    def last(self, periods: int) -> Counts:
        """The last periods alone."""
        kept = self.counts[:, -periods:]
        start = self.until - pd.Timedelta(days=kept.shape[1] * self.days)
        late = {kind: first for kind, first in self.late.items() if first > start}
        return Counts(self.keys, kept, self.exposure[:, -periods:], self.until, self.days, self.cut, late)

    def usual(self, kind: str) -> int:
        """How many periods before the last one the table of a kind holds from their first day on."""
        usual = self.counts.shape[1] - 1
        held = (self.until - self.late[kind]).days // self.days - 1 if kind in self.late else usual
        return min(max(held, 0), usual)


def facts(counts: Counts) -> dict[Text, int]:
    """Counts that open the page."""
    return {Text("款产品", "products"): int(counts.keys["product"].nunique()), Text("项在数", "counts"): len(counts.keys),
            say("期，每期 {w} 周", "periods of {w} {w:week|weeks}", w=counts.days // 7): counts.counts.shape[1]}


def count(tables: Tables, *, weeks: int = 4, until: str = "", unhappy: Unhappy | None = None, timezone: str = "") -> Counts:
    """Count in periods of `weeks` weeks, the last of which ends with the Sunday before `until` (a date; empty: the end of the voices).

    Raises
    ------
    DataError
        without customers that have a product, or with voices over less than seven periods.
    ParameterError
        for fewer than one week, or a day that is no date.
    """
    timezone = dates.zone(tables, timezone)
    if weeks < 1:
        raise ParameterError(f"weeks is a whole number of 1 or more, not {weeks}.")
    people = _people(tables)
    voices = _voices(tables, people, timezone)
    grid = _grid(voices, people, weeks, until)
    cut, late = _ends(tables, voices, grid, timezone)
    rows = [_whole(row, grid, cut, late) for row in _rows(tables, people, voices, grid, unhappy or Unhappy(), timezone)]
    keys = pd.DataFrame([key for key, _, _ in rows], columns=["product", "kind", "subject"])
    return Counts(keys, np.array([y for _, y, _ in rows]), np.array([e for _, _, e in rows]), grid.end, grid.days, cut, late)


def steps(tables: Tables, *, weeks: int = 4, until: str = "", timezone: str = "") -> dict[str, np.ndarray]:
    """At which step each row of `responses` and `repairs` is left out of the last period and the year before it; "" where it counts."""
    timezone = dates.zone(tables, timezone)
    people = _people(tables)
    voices = _voices(tables, people, timezone)
    grid = _grid(voices, people, weeks, until)
    responses = tables["responses"]
    day = _day(responses["submitted_at"], timezone)
    stranger = ~responses.index.isin(voices.index) & day.notna().to_numpy()
    made = {"responses": np.select([day.isna(), stranger, ~grid.holds(day)], ["undated", "stranger", "outside"], "").astype(object)}
    if "repairs" in tables:
        repairs = tables["repairs"]
        day = _day(repairs["repaired_at"], timezone)
        tests = {"undated": day.isna(), "unnamed": repairs["product"].isna() | repairs["part"].isna(),
                 "stranger": ~repairs["product"].isin(grid.products), "outside": ~grid.holds(day)}
        cut, late = _ends(tables, voices, grid, timezone)
        place = grid.place(day).clip(0, grid.periods - 1)
        tests |= {"cut": ~grid.ended(cut[REPAIRS])[place]} if REPAIRS in cut else {}
        tests |= {"late": ~grid.begun(late[REPAIRS])[place]} if REPAIRS in late else {}
        made["repairs"] = np.select(list(tests.values()), list(tests), "").astype(object)
    return made


def heard(tables: Tables, counts: Counts, timezone: str = "") -> pd.Series:
    """The response ids of the voices behind `counts`: those that no step leaves out."""
    kept = steps(tables, weeks=counts.days // 7, until=f"{counts.until:%Y-%m-%d}", timezone=timezone)["responses"] == ""
    return tables["responses"].loc[kept, "response_id"]


@dataclass(frozen=True)
class _Grid:
    """Periods that end before `end`, a Monday, and the products."""

    end: pd.Timestamp
    days: int
    periods: int
    products: tuple[str, ...]

    def tally(self, day: pd.Series) -> np.ndarray:
        """How many days fall into each period."""
        place = self.place(day)
        return np.bincount(place[(place >= 0) & (place < self.periods)], minlength=self.periods).astype(float)

    def place(self, day: pd.Series) -> np.ndarray:
        """The period of each day (N,); below 0 or beyond the last one for days outside, and where none is known."""
        back = (self.end - day).dt.days
        return (self.periods - 1 - (back - 1) // self.days).fillna(-1).to_numpy(dtype=int)

    @property
    def start(self) -> pd.Timestamp:
        """The first day of the first period."""
        return self.end - pd.Timedelta(days=self.periods * self.days)

    def ended(self, last: pd.Timestamp) -> np.ndarray:
        """Periods (T,) that a table whose last day this is holds to their end."""
        ends = [self.end - pd.Timedelta(days=(self.periods - 1 - i) * self.days + 1) for i in range(self.periods)]
        return np.array([end <= last for end in ends])

    def begun(self, first: pd.Timestamp) -> np.ndarray:
        """Periods (T,) that a table whose first day this is holds from their beginning."""
        return np.array([self.start + pd.Timedelta(days=i * self.days) >= first for i in range(self.periods)])

    def holds(self, day: pd.Series) -> np.ndarray:
        """Which days lie in the periods that are compared, the last one and at most a year before it."""
        back = (self.end - day).dt.days
        return ((back > 0) & (back <= min(self.periods, MOST_PERIODS) * self.days)).fillna(False).to_numpy(dtype=bool)

    @property
    def middles(self) -> list[pd.Timestamp]:
        """The day in the middle of each period."""
        return [self.end - pd.Timedelta(days=(self.periods - i) * self.days - self.days // 2) for i in range(self.periods)]


def _grid(voices: pd.DataFrame, people: pd.DataFrame, weeks: int, until: str) -> _Grid:
    """Whole periods from the first voice to the Monday of the brief."""
    if voices.empty:
        raise DataError("No voice comes from a customer with a product, so no product brief can be made; the table 'customers' needs product, and "
                        "'responses' customer_id.")
    end = _monday(until, voices["day"].max())
    days, first = 7 * weeks, voices["day"][~strays.lone(voices["day"])].min()
    periods = max(int((end - first).days // days), 0)
    if periods < 7:
        raise DataError(f"Voices from {first:%Y-%m-%d} to {end - pd.Timedelta(days=1):%Y-%m-%d} make {periods} whole periods of {weeks} weeks; 7 are "
                        "needed: six for the usual level and the latest one. Take shorter periods with weeks=.")
    return _Grid(end, days, periods, tuple(sorted(people["product"].dropna().astype(str).unique())))


def _people(tables: Tables) -> pd.DataFrame:
    found = tables.get("customers")
    if found is None or "product" not in found or found["product"].isna().all():
        raise DataError("There is no customer with a product, so there is nothing to report on; the table 'customers' needs the column product.")
    return found


def _voices(tables: Tables, people: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Voices of customers with a product, with their local day."""
    responses = tables["responses"]
    product = responses["customer_id"].map(people.drop_duplicates("customer_id").set_index("customer_id")["product"])
    kept = responses.assign(product=product, day=_day(responses["submitted_at"], timezone))
    return kept[kept["product"].notna() & kept["day"].notna()]


def _day(when: pd.Series, timezone: str) -> pd.Series:
    return when.dt.tz_convert(timezone).dt.tz_localize(None).dt.normalize()


def _monday(until: str, last: pd.Timestamp) -> pd.Timestamp:
    """The Monday on or before the day after the last one that counts."""
    try:
        after = pd.Timestamp(until) if until else last + pd.Timedelta(days=1)
    except ValueError as error:
        raise ParameterError(f"until is a day such as 2026-09-28, not '{until}'.") from error
    return after - pd.Timedelta(days=after.dayofweek)


Days = dict[str, pd.Timestamp]


def _ends(tables: Tables, voices: pd.DataFrame, grid: _Grid, timezone: str) -> tuple[Days, Days]:
    """Kinds whose table ends early, with its last day, and those whose begins late, with its first: quiet at that end for longer than ever between.

    Mentions are made of voices, and may be as quiet as those are; that voices are missing shows in their number.
    """
    told, start, end = voices["day"], grid.start, grid.end
    sources = {}
    if "topic_mentions" in tables:
        own = told[voices["response_id"].isin(tables["topic_mentions"]["response_id"])]
        sources[COMPLAINTS] = (own, max(start, told.min()), min(end, told.max() + pd.Timedelta(days=1)))
    if "repairs" in tables:
        sources[REPAIRS] = (_day(tables["repairs"]["repaired_at"], timezone), start, end)
    if "frontline_reports" in tables:
        sources[BUGS] = (_day(tables["frontline_reports"]["reported_at"], timezone), start, end)
    cut = {kind: _ends_early(day, end) for kind, (day, _, end) in sources.items()}
    late = {kind: _begins_late(day, start) for kind, (day, start, _) in sources.items()}
    return {kind: day for kind, day in cut.items() if day is not None}, {kind: day for kind, day in late.items() if day is not None}


def _ends_early(day: pd.Series, end: pd.Timestamp) -> pd.Timestamp | None:
    """The last day before `end`, where the quiet after it is longer than any between two rows; None where it is not."""
    there = _recorded(day[day < end])
    if len(there) < 2:
        return None
    last = pd.Timestamp(there[-1])
    return last if _is_quiet((end - last).days - 1, there) else None


def _begins_late(day: pd.Series, start: pd.Timestamp) -> pd.Timestamp | None:
    """The first day, where the quiet from `start` to it is longer than any between two rows: what comes after is no rise. None where it is not."""
    there = _recorded(day)
    if len(there) < 2:
        return None
    first = pd.Timestamp(there[0])
    return first if _is_quiet((first - start).days, there) else None


def _recorded(day: pd.Series) -> np.ndarray:
    """The days with a row, a row alone before or after all others left out: it does not say that the table was kept so early."""
    return np.unique(day[~strays.lone(day) & day.notna()])


def _is_quiet(days: int, there: np.ndarray) -> bool:
    """Whether so many days without a row at an end are more than there ever were between two days with one."""
    return days >= LEAST_QUIET and days > int(np.diff(there).max() / np.timedelta64(1, "D")) - 1


Row = tuple[tuple[str, str, str], np.ndarray, np.ndarray]


def _whole(row: Row, grid: _Grid, cut: Days, late: Days) -> Row:
    """A row without the periods that its table does not hold in full: half a period is no fall, and the first whole one no rise."""
    key, y, e = row
    whole = np.ones(grid.periods, dtype=bool)
    if key[1] in cut:
        whole &= grid.ended(cut[key[1]])
    if key[1] in late:
        whole &= grid.begun(late[key[1]])
    return key, np.where(whole, y, 0.0), np.where(whole, e, 0.0)


def _rows(tables: Tables, people: pd.DataFrame, voices: pd.DataFrame, grid: _Grid, rule: Unhappy, timezone: str) -> Iterator[Row]:
    heard = {name: grid.tally(voices.loc[voices["product"] == name, "day"]) for name in grid.products}
    bad = voices[unheard.unhappy(tables, rule)[tables["responses"].index.get_indexer(voices.index)]]
    for name in grid.products:
        yield (name, UNHAPPY, ""), grid.tally(bad.loc[bad["product"] == name, "day"]), heard[name]
    if "topic_mentions" in tables:
        yield from _complaints(tables["topic_mentions"], voices, grid, heard)
    if "repairs" in tables:
        yield from _repairs(tables["repairs"], people, grid, timezone)
    if "frontline_reports" in tables:
        yield from _bugs(tables["frontline_reports"], grid, timezone)


def _complaints(mentions: pd.DataFrame, voices: pd.DataFrame, grid: _Grid, heard: Mapping[str, np.ndarray]) -> Iterator[Row]:
    """A voice that names a topic and is negative about it; once, however often."""
    bad = mentions[mentions["sentiment"].eq("negative").fillna(False)].drop_duplicates(["response_id", "topic"])
    found = bad[["response_id", "topic"]].merge(voices[["response_id", "product", "day"]], on="response_id")
    for (name, topic), part in found.groupby(["product", "topic"], sort=True):
        yield (str(name), COMPLAINTS, str(topic)), grid.tally(part["day"]), heard[name]


def _repairs(repairs: pd.DataFrame, people: pd.DataFrame, grid: _Grid, timezone: str) -> Iterator[Row]:
    """Repairs by part, per customer who then had the product."""
    found = repairs.dropna(subset=["product", "part", "repaired_at"])
    found = found.assign(day=_day(found["repaired_at"], timezone))
    for (name, part_name), part in found.groupby(["product", "part"], sort=True):
        if name in grid.products:
            yield (str(name), REPAIRS, str(part_name)), grid.tally(part["day"]), _owners(people[people["product"] == name], grid)


def _owners(owners: pd.DataFrame, grid: _Grid) -> np.ndarray:
    """How many had joined and not left in the middle of each period; all of them where no day says so."""
    joined = pd.to_datetime(owners["joined_on"]) if "joined_on" in owners else pd.Series(pd.NaT, owners.index)
    left = pd.to_datetime(owners["churned_on"]) if "churned_on" in owners else pd.Series(pd.NaT, owners.index)
    return np.array([float(((joined.isna() | (joined <= day)) & (left.isna() | (left > day))).sum()) for day in grid.middles])


def _bugs(reports: pd.DataFrame, grid: _Grid, timezone: str) -> Iterator[Row]:
    """Bugs that the frontline reports, repetitions left out."""
    own = reports["kind"].eq("product_bug").fillna(False) & reports["duplicate_of_report_id"].isna()
    found = reports[own].dropna(subset=["product", "reported_at"])
    found = found.assign(day=_day(found["reported_at"], timezone))
    for name, part in found.groupby("product", sort=True):
        if name in grid.products:
            yield (str(name), BUGS, ""), grid.tally(part["day"]), np.full(grid.periods, float(grid.days))
