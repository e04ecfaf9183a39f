"""What is counted for a product week by week: complaints by topic, repairs by part, bugs that the frontline reports, unhappy voices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from voclib.errors import ParameterError, nearest
from voclib.loop import unheard
from voclib.loop.clocks import Unhappy
from voclib.results import Text
from voclib.schema import dates, strays
from voclib.sentences import say

Tables = Mapping[str, pd.DataFrame]
COMPLAINTS, REPAIRS, BUGS, UNHAPPY = "complaints", "repairs", "bugs", "unhappy"
LEAST_PERIODS = 7  # six of the usual level and the last one
LONGER = Text("更长时间的声音，或用 weeks 把每期取短。", "Voices over a longer time, or shorter periods with weeks=.")
MOST_PERIODS = 13  # the last one and a year of usual ones before it
LEAST_QUIET = 3  # days without a row at an end, from which a table may have been exported too early, or from too late a day on


@dataclass(frozen=True)
class Counts:
    """Counts (K, T) and exposures (K, T) of the rows of `keys` (product, kind, subject), periods of `days` days up to `until`, the last one included.

    Complaints and unhappy voices are per voice of the product in the same period, repairs per customer who has it, bugs per day.
    `cut`: kinds whose table ends before `until`, with its last day; `late`: those whose table begins after the first period does, with its first day.
    Their periods that are not whole have no exposure and no count. `column`: the column of responses that names the product, empty where the
    customer's own counts. `missing`: why nothing can be counted, and what is needed; keys and counts are empty then.
    """

    keys: pd.DataFrame
    counts: np.ndarray
    exposure: np.ndarray
    until: pd.Timestamp
    days: int
    cut: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    late: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    column: str = ""
    missing: tuple[Text, Text] | None = None

    def before(self, periods: int) -> Counts:
        """The same as it was known so many periods earlier."""
        if not periods:
            return self
        kept, until = slice(None, -periods), self.until - pd.Timedelta(days=periods * self.days)
        cut = {kind: last for kind, last in self.cut.items() if last < until - pd.Timedelta(days=1)}
        return replace(self, counts=self.counts[:, kept], exposure=self.exposure[:, kept], until=until, cut=cut)

    def last(self, periods: int) -> Counts:
        """The last periods alone."""
        kept = self.counts[:, -periods:]
        start = self.until - pd.Timedelta(days=kept.shape[1] * self.days)
        late = {kind: first for kind, first in self.late.items() if first > start}
        return replace(self, counts=kept, exposure=self.exposure[:, -periods:], late=late)

    def usual(self, kind: str) -> int:
        """How many periods before the last one the table of a kind holds from their first day on."""
        usual = self.counts.shape[1] - 1
        held = (self.until - self.late[kind]).days // self.days - 1 if kind in self.late else usual
        return min(max(held, 0), usual)


def facts(counts: Counts) -> dict[Text, int]:
    """Counts that open the page."""
    return {Text("款产品", "products"): int(counts.keys["product"].nunique()), Text("项计数", "counts"): len(counts.keys),
            say("期，每期 {w} 周", "periods of {w} {w:week|weeks}", w=counts.days // 7): counts.counts.shape[1]}


def count(tables: Tables, *, weeks: int = 4, until: str = "", unhappy: Unhappy | None = None, column: str = "", timezone: str = "") -> Counts:
    """Count in periods of `weeks` weeks, the last of which ends with the Sunday before `until` (a date; empty: the end of the voices).

    `column` is the column of responses that names the product, such as the version of an app in `segment`; empty: the product of the customer.
    Without products, or with voices over less than seven periods, nothing is counted and `missing` says why.

    Raises
    ------
    ParameterError
        for fewer than one week, a day that is no date, a column that responses lack.
    """
    timezone = dates.zone(tables, timezone)
    if weeks < 1:
        raise ParameterError(f"weeks is a whole number of 1 or more, not {weeks}.")
    people, voices = _people(tables), _voices(tables, column, timezone)
    if (missing := _missing(tables, voices, weeks, until, column)) is not None:
        none = np.zeros((0, 0))
        return Counts(pd.DataFrame(columns=["product", "kind", "subject"]), none, none, _monday(until, _last(voices)), 7 * weeks, column=column,
                      missing=missing)
    grid = _grid(voices, people, weeks, until, column)
    cut, late = _ends(tables, voices, grid, timezone)
    rows = [_whole(row, grid, cut, late) for row in _rows(tables, people, voices, grid, unhappy or Unhappy(), timezone)]
    keys = pd.DataFrame([key for key, _, _ in rows], columns=["product", "kind", "subject"])
    return Counts(keys, np.array([y for _, y, _ in rows]), np.array([e for _, _, e in rows]), grid.end, grid.days, cut, late, column)


def products(tables: Tables, column: str = "") -> pd.Series:
    """The product of each voice (N,), in the order of the table `responses`, missing where not known: its customer's, or what `column` names.

    Raises
    ------
    ParameterError
        for a column that responses lack.
    """
    responses, people = tables["responses"], _people(tables)
    if column and column not in responses:
        raise ParameterError(f"responses have no column '{column}'; {nearest(column, responses.columns)}")
    if column:
        return responses[column].astype("object")
    return responses["customer_id"].map(people.drop_duplicates("customer_id").set_index("customer_id")["product"])


def steps(tables: Tables, *, weeks: int = 4, until: str = "", column: str = "", timezone: str = "") -> dict[str, np.ndarray]:
    """At which step each row of `responses` and `repairs` is left out of the last period and the year before it; "" where it counts."""
    timezone = dates.zone(tables, timezone)
    voices, responses = _voices(tables, column, timezone), tables["responses"]
    if _missing(tables, voices, weeks, until, column) is not None:
        known = responses.index.isin(voices.index)
        undated = responses["submitted_at"].isna().to_numpy()
        nothing = {"responses": np.select([undated, ~known], ["undated", "stranger"], "short").astype(object)}
        return nothing | ({"repairs": np.full(len(tables["repairs"]), "short", dtype=object)} if "repairs" in tables else {})
    grid = _grid(voices, _people(tables), weeks, until, column)
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
    kept = steps(tables, weeks=counts.days // 7, until=f"{counts.until:%Y-%m-%d}", column=counts.column, timezone=timezone)["responses"] == ""
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


def _grid(voices: pd.DataFrame, people: pd.DataFrame, weeks: int, until: str, column: str) -> _Grid:
    """Whole periods from the first voice to the Monday of the brief; products are those of voices, and of customers where these tell them."""
    end, days = _monday(until, voices["day"].max()), 7 * weeks
    named = voices["product"] if column else pd.concat([voices["product"], people["product"].dropna()])  # a silent one may still be repaired
    return _Grid(end, days, _whole_periods(voices, end, days), tuple(sorted(named.astype(str).unique())))


def _whole_periods(voices: pd.DataFrame, end: pd.Timestamp, days: int) -> int:
    return max(int((end - _first(voices)).days // days), 0)


def _first(voices: pd.DataFrame) -> pd.Timestamp:
    """The first day of the record that the voices make, one alone long before it left out."""
    return voices["day"][~strays.lone(voices["day"])].min()


def _last(voices: pd.DataFrame) -> pd.Timestamp:
    """The last day of the voices; where there is none, one that stands for nothing."""
    return voices["day"].max() if len(voices) else pd.Timestamp("1970-01-04")


def _missing(tables: Tables, voices: pd.DataFrame, weeks: int, until: str, column: str) -> tuple[Text, Text] | None:
    """Why no product can be compared with its own past, and what is needed; None where one can."""
    if voices.empty:
        return _nameless(tables, column)
    end = _monday(until, voices["day"].max())
    if (periods := _whole_periods(voices, end, 7 * weeks)) >= LEAST_PERIODS:
        return None
    if end <= _first(voices):
        return (say("最早的声音在 {a}，最后一个整周止于 {b}，不够一个整期（每期 {w} 周）；要 {k} 期：六期看平常水平，一期看最近。",
                    "The first voice is dated {a} and the last whole week ends on {b}, so there are 0 whole periods of {w} {w:week|weeks}; {k} are "
                    "needed: six for the usual level and the latest one.",
                    a=f"{_first(voices):%Y-%m-%d}", b=f"{end - pd.Timedelta(days=1):%Y-%m-%d}", w=weeks, k=LEAST_PERIODS), LONGER)
    return (say("{a} 到 {b} 的声音只够 {p} 个整期（每期 {w} 周）；要 {k} 期：六期看平常水平，一期看最近。",
                "Voices from {a} to {b} make {p} whole {p:period|periods} of {w} {w:week|weeks}; {k} are needed: six for the usual level and the "
                "latest one.",
                a=f"{_first(voices):%Y-%m-%d}", b=f"{end - pd.Timedelta(days=1):%Y-%m-%d}", p=periods, w=weeks, k=LEAST_PERIODS), LONGER)


def _nameless(tables: Tables, column: str) -> tuple[Text, Text]:
    """Why no voice has a product."""
    needs = Text("让客户带上产品（customers 的 product，声音带 customer_id）；或把产品、应用版本映射到声音的一列（如 segment），"
                 "再把 product_column 设为它。",
                 "Map 'product' of customers, and customer_id of voices; or map the product or app version to a column of responses such as segment, "
                 "and set product_column: segment.")
    if column:
        return say("没有一条有时间的声音在 {c} 一列写明产品。", "No voice with a date names a product in the column {c}.", c=column), needs
    if _people(tables)["product"].isna().all():
        return Text("没有一位客户写明产品。", "There is no customer with a product."), needs
    return Text("没有一条有时间的声音来自写明产品的客户。", "No voice with a date comes from a customer with a product."), needs


def _people(tables: Tables) -> pd.DataFrame:
    """Customers; without a product where the table or the column is not there."""
    found = tables.get("customers", pd.DataFrame({"customer_id": pd.Series(dtype="str")}))
    return found if "product" in found else found.assign(product=pd.Series(None, index=found.index, dtype="str"))


def _voices(tables: Tables, column: str, timezone: str) -> pd.DataFrame:
    """Voices with a product and their local day."""
    responses = tables["responses"]
    kept = responses.assign(product=products(tables, column), day=_day(responses["submitted_at"], timezone))
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
        owners = people[people["product"] == name]
        if name in grid.products and len(owners):  # without owners there is nothing to divide by
            yield (str(name), REPAIRS, str(part_name)), grid.tally(part["day"]), _owners(owners, grid)


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
