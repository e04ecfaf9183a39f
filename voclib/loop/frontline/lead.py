"""By how many days the frontline was earlier than the customers: where a batch began to fail more than its siblings, when did reports of it rise?

Customers: repairs of a batch among all repairs of its part. Frontline: bugs of the same model and part among all bugs that name a part. A batch is
made and a model launched while the data run, so each day counts by the share of vehicles on the road that carry the batch, or are of the model
(`voclib.loop.frontline.risk`). Both rises are found and dated likewise (`voclib.stats.onsets`), each with its false-alarm budget, and the lead is the
difference of their first days; its range adds the squared reaches of both (MOVER: Zou & Donner 2008, Statistics in Medicine 27:1693).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from voclib.loop.frontline import risk as at_risk
from voclib.loop.frontline.reports import BUG, Reports
from voclib.loop.frontline.risk import Risk
from voclib.results import Estimate, Text, Verdict, refusal
from voclib.sentences import say
from voclib.stats import onsets
from voclib.stats.onsets import Rise, Stream

NEEDED = ("repaired_at", "part")
RATIO = 2.0  # a rise is at least a doubling: less is for the report on root causes
LEAST_REPAIRS, LEAST_REPORTS = 5, 3  # events that a rise holds at least
ENOUGH = 5  # leads for a mean with an interval; of fewer only the range is told
AGAIN_DAYS = 30  # a vehicle that comes back for the same part within so many days is the same repair
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Settings:
    """`budget`: rises to be expected by chance in a whole table, at most; `near_days` around the customers' first day the frontline's must lie."""

    budget: float = 0.05
    near_days: int = 120
    baseline_days: int = 60
    conf_level: float = 0.95
    seed: int = 0
    shuffles: int = 200


@dataclass(frozen=True)
class Event:
    """One batch that began to fail: what it is, its rise among customers, the frontline's rise of the same model and part if there is one.

    `times`: repairs in the rise, times those that the rate of its siblings leads to expect; without a table of batches times its own before, as its
    share of the part. `others_n` other models and parts were looked at in the same way, and `others` of them rose within the same days; `shuffled` is
    the share of shuffles of the frontline's reports in which this rise would have been claimed.
    """

    batch: str
    product: str
    part: str
    customers: Rise
    times: float
    frontline: Rise | None
    reports_n: int
    others: int
    others_n: int
    shuffled: float

    @property
    def lead(self) -> tuple[int, int, int]:
        """Days from the frontline's first day to the customers', with the least and the most that both sets of days leave together."""
        c, f = self.customers, self.frontline
        at = c.first - f.first
        return at, int(np.floor(at - np.hypot(c.first - c.low, f.high - f.first))), int(np.ceil(at + np.hypot(c.high - c.first, f.first - f.low)))


@dataclass(frozen=True)
class Leads:
    """Events in the order of their days, how many batches were watched, and the lead as an Estimate, bounds or refusal.

    `by_vehicles` says whether vehicles on the road were reckoned with; else `unwatched` batches were left out, first repaired after the baseline.
    """

    events: tuple[Event, ...]
    batches_n: int
    lead: Estimate
    repairs: pd.DataFrame
    bugs: pd.DataFrame
    length: int
    risk: Risk | None = None
    unwatched: int = 0

    @property
    def heard(self) -> tuple[Event, ...]:
        """Events that the frontline spoke of."""
        return tuple(one for one in self.events if one.frontline is not None)

    @property
    def apart(self) -> tuple[Event, ...]:
        """Those heard, one a model and part: its batches share one rise of the frontline, and the first to fail stands for all."""
        return apart(self.events)

    @property
    def asked_n(self) -> int:
        """Models and parts of which a batch began to fail: for so many a rise of the frontline was looked for."""
        return len({(one.product, one.part) for one in self.events})

    @property
    def by_vehicles(self) -> bool:
        """Whether vehicles on the road were reckoned with."""
        return self.risk is not None


def apart(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Of events in the order of their days, the first of each model and part that the frontline spoke of."""
    first: dict[tuple[str, str], Event] = {}
    for one in events:
        if one.frontline is not None:
            first.setdefault((one.product, one.part), one)
    return tuple(first.values())


def study(reports: Reports, tables: Mapping[str, pd.DataFrame], given: Settings) -> Leads:
    """Every batch that rose, and whether the frontline rose before it; a refusal says which side is missing."""
    repairs, bugs, length = sides(reports, tables)
    if repairs.empty or bugs.empty:
        return Leads((), 0, _nothing(repairs), repairs, bugs, length)
    seen, batches = _first_seen(reports, repairs), at_risk.known(tables)
    watched, unwatched, found, risk = *_watched(repairs, None, length, given), {}, None
    if batches is None:
        found = _rises(watched, given)
    else:
        opens = at_risk.opened(batches, reports, seen, baseline=given.baseline_days)
        for _ in range(2):  # once more without those found, which would be taken for age
            risk = at_risk.of(batches, repairs, opens, length, without=tuple(key[2] for key in found))
            watched, unwatched = _watched(repairs, risk, length, given)
            found = _rises(watched, given)
    spoken = _spoken(bugs, seen, risk, length, given)
    near = replace(given, budget=given.budget / max(len({key[:2] for key in found}), 1))
    events = [_event(key, _dated(rise, *watched[key], given, LEAST_REPAIRS), spoken, bugs, near) for key, rise in found.items()]
    if risk is not None:
        events = [replace(one, times=_times(one, risk, tuple(key[2] for key in found))) for one in events]
    ordered = tuple(sorted(events, key=lambda one: (one.customers.first, one.batch)))
    return Leads(ordered, len(watched), lead(ordered, len(watched), given), repairs, bugs, length, risk, unwatched)


def sides(reports: Reports, tables: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Repairs (day, product, part, batch) and bugs (day, product, part) within the time of the reports, and that time in days."""
    length, where, known = _length(reports), steps(reports, tables), at_risk.known(tables)
    if where is None:
        repairs = pd.DataFrame({"day": pd.Series(dtype="int64"), "product": [], "part": [], "batch": []})
    else:
        kept = tables["repairs"][where == ""]
        product, part, batch = _column(kept, "product").fillna("").astype(str), kept["part"].astype(str), _column(kept, "batch_id")
        if known is not None:  # the table of batches says what a batch is, as on the page on root causes
            product, part = (batch.map(known.set_index("batch_id")[name]) for name in ("product", "part"))
        repairs = pd.DataFrame({"day": reports.whole_days(kept["repaired_at"]), "product": product, "part": part,
                                "batch": product if batch.isna().all() else batch})  # no batch anywhere: a model's part is the finest there is
    bugs = reports.table[reports.table["kind"].eq(BUG) & reports.table["part"].notna() & ~reports.table["is_repeat"]]
    spoken = pd.DataFrame({"day": reports.whole_days(bugs["reported_at"]), "product": bugs["product"].astype(object).fillna("").astype(str),
                           "part": bugs["part"].astype(str)})
    return repairs.sort_values(["day", "batch"], ignore_index=True), spoken, length


def steps(reports: Reports, tables: Mapping[str, pd.DataFrame]) -> np.ndarray | None:
    """At which step each repair is left out: no time, no part, outside the time of the reports, no batch where others name one, a batch whose
    vehicles are not counted where others' are, before it was made, the same vehicle and part again within `AGAIN_DAYS`; None: no table."""
    given = tables.get("repairs")
    if given is None or not set(NEEDED) <= set(given):
        return None
    day = np.full(len(given), -1)
    dated = given["repaired_at"].notna().to_numpy(dtype=bool)
    day[dated] = reports.whole_days(given.loc[dated, "repaired_at"])
    outside, batch, known = (day < 0) | (day >= _length(reports)), _column(given, "batch_id"), at_risk.known(tables)
    unknown = batch.isna().to_numpy(dtype=bool) & bool(batch.notna().any())
    uncounted = early = np.zeros(len(given), dtype=bool)
    if known is not None:
        uncounted = ~batch.isin(known["batch_id"]).to_numpy(dtype=bool)
        made = (batch.map(pd.to_datetime(known.set_index("batch_id")["produced_on"])) - reports.start.tz_localize(None)) / pd.Timedelta(days=1)
        early = (day < made.to_numpy(dtype=float)) & ~uncounted
    tests = {"undated": ~dated, "unnamed": given["part"].isna().to_numpy(dtype=bool), "outside": outside, "unbatched": unknown,
             "uncounted": uncounted, "early": early, "again": _again(given, dated)}
    return np.select(list(tests.values()), list(tests), "").astype(object)


def _again(given: pd.DataFrame, dated: np.ndarray) -> np.ndarray:
    """Repairs of a vehicle that was there for the same part in the `AGAIN_DAYS` before: vehicles that come back are one fault, not several."""
    made = np.zeros(len(given), dtype=bool)
    if "vehicle_id" not in given:
        return made
    rows = given.assign(row=np.arange(len(given)))[["row", "vehicle_id", "part", "repaired_at", *(["repair_id"] if "repair_id" in given else [])]]
    rows = rows[dated & rows[["vehicle_id", "part"]].notna().all(axis=1)].sort_values(["repaired_at", *rows.columns[4:]], kind="stable")
    since = rows.groupby(["vehicle_id", "part"], sort=False)["repaired_at"].diff()
    made[rows.loc[since <= pd.Timedelta(days=AGAIN_DAYS), "row"]] = True
    return made


def _first_seen(reports: Reports, repairs: pd.DataFrame) -> dict[str, int]:
    """The first day on which a model shows in any repair or report."""
    told = reports.table[reports.table["product"].notna()]
    spoken = pd.DataFrame({"product": told["product"].astype(str), "day": reports.whole_days(told["reported_at"])})
    days = pd.concat([repairs[["product", "day"]], spoken])
    return {str(name): int(day) for name, day in days.groupby("product")["day"].min().items()}


def _watched(repairs: pd.DataFrame, risk: Risk | None, length: int, given: Settings) -> tuple[dict[Key, tuple[np.ndarray, Stream]], int]:
    """Days and stream of every batch that is repaired often enough; and how many batches cannot be watched.

    Where vehicles are not counted, only batches repaired within the baseline are known to have been there, and are held against each other alone, by
    what happened after it: of a batch first repaired later it cannot be told whether it fails more or there is more of it.
    """
    made: dict[Key, tuple[np.ndarray, Stream]] = {}
    of, unwatched = {key: np.sort(rows["day"].to_numpy()) for key, rows in repairs.groupby(["product", "part", "batch"])}, 0
    if risk is None:
        there = {key for key, days in of.items() if days[0] <= given.baseline_days}
        unwatched = sum(len(days) >= LEAST_REPAIRS for key, days in of.items() if key not in there)
        of = {key: days[days > given.baseline_days] for key, days in of.items() if key in there}
    whole = {part: np.concatenate([days for key, days in of.items() if key[1] == part]) for part in {key[1] for key in of}}
    for key, days in of.items():
        if len(days) >= LEAST_REPAIRS:
            weight = risk.share(key[2]) if risk is not None else (np.arange(length) > given.baseline_days).astype(float)
            made[key] = (days, Stream.of(whole[key[1]], length=length, weight=weight))
    return made, unwatched


def _spoken(bugs: pd.DataFrame, seen: Mapping[str, int], risk: Risk | None, length: int,
            given: Settings) -> dict[tuple[str, str], tuple[np.ndarray, Stream]]:
    """Days and stream of the bugs of every model and part; a model counts by its vehicles on the road, at least from when it was first seen on."""
    made = {}
    for (product, part), rows in bugs.groupby(["product", "part"]):
        weight = np.ones(length) if risk is None or product not in risk.model else risk.model[product].copy()
        first = seen.get(product, 0)
        weight[:first if first > given.baseline_days else 0] = 0.0
        weight[rows["day"]] = np.maximum(weight[rows["day"]], 1e-9)  # spoken of before it was made, as of a prototype
        made[(product, part)] = (np.sort(rows["day"].to_numpy()), Stream.of(bugs["day"], length=length, weight=weight))
    return made


def _rises(watched: Mapping[Key, tuple[np.ndarray, Stream]], given: Settings) -> dict[Key, Rise]:
    """Of all that are watched, those that rose."""
    found = {key: _told(days, stream, given, least=LEAST_REPAIRS, looks=len(watched)) for key, (days, stream) in watched.items()}
    return {key: rise for key, rise in found.items() if rise is not None}


def _length(reports: Reports) -> int:
    """Days of the time that is watched."""
    return int(np.floor(reports.days)) + 1


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name].astype(object) if name in frame else pd.Series(None, frame.index, dtype=object)


def _baseline(stream: Stream, given: Settings) -> int:
    """Day before which no rise begins: the baseline, counted from when the subject is there."""
    there = 0 if stream.weight is None else int(np.argmax(stream.mass > 0))
    return min(there + given.baseline_days, stream.days - 1)


def _told(days: np.ndarray, stream: Stream, given: Settings, *, least: int, looks: int) -> Rise | None:
    """The rise where it is large enough and its chance, times the looks, stays within the budget."""
    found = onsets.rise(days, stream, baseline=_baseline(stream, given), least=least, seed=given.seed,
                        at_most=given.budget / looks)
    return found if found is not None and found.ratio >= RATIO and found.p_value * looks <= given.budget else None


def _dated(found: Rise, days: np.ndarray, stream: Stream, given: Settings, least: int) -> Rise:
    """With its set of first days."""
    return onsets.dated(found, days, stream, conf_level=given.conf_level, baseline=_baseline(stream, given), least=least, seed=given.seed)


def _event(key: Key, rise: Rise, spoken: Mapping[tuple[str, str], tuple[np.ndarray, Stream]], bugs: pd.DataFrame, near: Settings) -> Event:
    mine = (key[0], key[1])
    own = spoken.get(mine)
    frontline = None if own is None else _near(*own, rise, near)
    others = [name for name in spoken if name != mine]
    raised = sum(_near(*spoken[name], rise, near) is not None for name in others)
    if frontline is not None:
        frontline = _dated(frontline, *own, near, LEAST_REPORTS)
    return Event(batch=key[2], product=key[0], part=key[1], customers=rise, times=rise.ratio, frontline=frontline,
                 reports_n=0 if own is None else len(own[0]), others=raised, others_n=len(others),
                 shuffled=0.0 if own is None else _shuffled(*own, bugs, rise, near))


def _near(days: np.ndarray, stream: Stream, rise: Rise, given: Settings) -> Rise | None:
    """The frontline's rise where it is told and lies near the customers'."""
    found = _told(days, stream, given, least=LEAST_REPORTS, looks=1)
    return found if found is not None and abs(found.first - rise.first) <= given.near_days else None


def _shuffled(own: np.ndarray, stream: Stream, bugs: pd.DataFrame, rise: Rise, given: Settings) -> float:
    """In how many shuffles of which report is about what a rise would be claimed: what chance makes of this very stream."""
    rng = np.random.default_rng([given.seed, len(own), rise.first])
    days = np.sort(bugs["day"].to_numpy())
    odds = np.ones(len(days)) if stream.weight is None else stream.weight[days]
    size = min(len(own), int((odds > 0).sum()))
    claimed = [_near(np.sort(rng.choice(days, size, replace=False, p=odds / odds.sum())), stream, rise, given) is not None
               for _ in range(given.shuffles)]
    return float(np.mean(claimed)) if claimed else 0.0


def _times(one: Event, risk: Risk, told: tuple[str, ...]) -> float:
    """Repairs in the rise by those that the rate of its siblings leads to expect; as found within the part where there are no siblings."""
    expected = float(risk.expected(one.batch, told)[one.customers.first:one.customers.last + 1].sum())
    return one.customers.n / expected if expected > 0 else one.customers.ratio


def lead(events: tuple[Event, ...], batches: int, given: Settings) -> Estimate:
    """The mean lead with a t interval over `ENOUGH` models and parts or more; a range of one or a few; else a refusal.

    Batches of one model and part share one rise of the frontline and count once (`apart`); the error is never smaller than dating leaves.
    """
    heard = [one.lead for one in apart(events)]
    if not batches:
        return refusal("lead_days", unit="days",
                       reason=say("没有一个批次有 {n} 次以上的返修可看，说不上谁更早。",
                                  "No batch that can be watched has {n} repairs or more, so nobody can be called earlier.", n=LEAST_REPAIRS),
                       needs=Text("更多的维修记录，最好有批次与装车数", "More repairs, best with batches and how many vehicles carry each"))
    if not events:
        return refusal("lead_days", unit="days",
                       reason=say("{n} 个批次里没有一个的返修明显变多，没有什么可以更早。",
                                  "None of {n} batches began to fail more than its siblings, so there was nothing to be earlier than.", n=batches),
                       needs=Text("至少一次客户侧的上升，最好五次以上", "At least one rise among customers, preferably five or more"))
    if not heard:
        return refusal("lead_days", unit="days",
                       reason=say("客户侧有 {n} 次上升，一线的上报都没有跟着变多。",
                                  "Customers show {n} {n:rise|rises}; frontline reports rose for none of them.",
                                  n=len(events)),
                       needs=Text("一线对同一车型、同一零件的上报", "Frontline reports on the same model and part"))
    if len(heard) < ENOUGH:
        return Estimate(estimand="lead_days", kind="bounds", unit="days", bound_low=float(min(x[1] for x in heard)),
                        bound_high=float(max(x[2] for x in heard)), conf_level=given.conf_level, n=len(heard), verdict=Verdict.BOUNDS_ONLY,
                        ci_method="sets of first days")
    points = np.array([x[0] for x in heard], dtype=float)
    dating = np.array([x[2] - x[1] for x in heard]) / (2 * stats.norm.ppf((1 + given.conf_level) / 2))
    error = max(float(max(points.std(ddof=1), np.sqrt((dating**2).mean())) / np.sqrt(len(points))), 0.5)
    reach = float(stats.t.ppf((1 + given.conf_level) / 2, len(points) - 1)) * error
    return Estimate(estimand="lead_days", kind="estimate", unit="days", value=float(points.mean()), conf_low=float(points.mean() - reach),
                    conf_high=float(points.mean() + reach), conf_level=given.conf_level, n=len(heard), std_error=error,
                    ci_method="t over models and parts")


def _nothing(repairs: pd.DataFrame) -> Estimate:
    """Why the two sides cannot be held against each other."""
    if repairs.empty:
        return refusal("lead_days", unit="days", reason=Text("没有写明零件与时间的维修，看不到客户侧的上升。",
                                                             "No repair states its part and time, so no rise "
                                                            "among customers can be seen."),
                       needs=Text("维修表：时间、车型、零件，最好有批次", "Repairs with time, model and part, ideally with the batch"))
    return refusal("lead_days", unit="days", reason=Text("没有一条故障上报写出维修表里的零件名。", "No bug report names a part as repairs do."),
                   needs=Text("故障上报写明零件（与维修表同一叫法）", "Bug reports that name the part as repairs do"))


def course(found: Leads, event: Event, reports: Reports, *, conf_level: float = 0.95, step: int = 28) -> pd.DataFrame:
    """Both sides of one event by four weeks: on, side ("frontline", "customers"), n, estimate = its share of the stream, in times the share that its
    vehicles on the road then had by its own mean over the whole time, with Wilson's interval."""
    from statsmodels.stats.proportion import proportion_confint

    bugs, repairs = found.bugs, found.repairs[found.repairs["part"] == event.part]
    even = np.ones(found.length)
    on_road = (even, even) if found.risk is None else (found.risk.model.get(event.product, even), found.risk.share(event.batch))
    mine = {"frontline": (bugs["day"], bugs["product"].eq(event.product) & bugs["part"].eq(event.part), on_road[0]),
            "customers": (repairs["day"], repairs["product"].eq(event.product) & repairs["batch"].eq(event.batch), on_road[1])}
    rows, offset = [], event.customers.first % step
    for side, (days, own, share) in mine.items():
        part = share[days]
        level = float(own.sum() / part.sum()) if part.sum() > 0 else 1.0
        for begin in range(offset, found.length - step + 1, step):
            inside = (days >= begin) & (days < begin + step)
            n, k = int(inside.sum()), int((inside & own).sum())
            usual = level * float(part[inside.to_numpy()].mean()) if n else 0.0
            if usual > 0:
                low, high = proportion_confint(k, n, alpha=1 - conf_level, method="wilson")
                rows.append({"on": reports.date(begin + step / 2), "side": side, "n": k, "estimate": k / n / usual,
                             "conf_low": max(float(low), 0.0) / usual, "conf_high": float(high) / usual})
    return pd.DataFrame(rows, columns=["on", "side", "n", "estimate", "conf_low", "conf_high"])
