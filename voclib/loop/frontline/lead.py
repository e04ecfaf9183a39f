"""By how many days the frontline was earlier than the customers: where a batch began to fail more than its siblings, when did reports of it rise?

Customers: repairs of a batch among all repairs of its part. Frontline: bugs of the same model and part among all bugs that name a part. Both rises
are found and dated alike (`voclib.stats.onsets`), each with a budget of false alarms, and the lead is the difference of their first days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from voclib.loop.frontline.reports import BUG, Reports
from voclib.results import Estimate, Text, Verdict, refusal
from voclib.sentences import say
from voclib.stats import onsets
from voclib.stats.onsets import Rise, Stream

NEEDED = ("repaired_at", "part")
RATIO = 2.0  # a rise is at least a doubling: less is for the report on root causes
LEAST_REPAIRS, LEAST_REPORTS = 5, 3  # events that a rise holds at least
ENOUGH = 5  # leads for a mean with an interval; of fewer only the range is told


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

    `others_n` other models and parts were looked at in the same way, and `others` of them rose within the same days; `shuffled` is the share of
    shuffles of the frontline's reports in which this rise would have been claimed.
    """

    batch: str
    product: str
    part: str
    customers: Rise
    frontline: Rise | None
    reports_n: int
    others: int
    others_n: int
    shuffled: float

    @property
    def lead(self) -> tuple[int, int, int]:
        """Days from the frontline's first day to the customers', with the least and the most that both sets of days leave."""
        return (self.customers.first - self.frontline.first, self.customers.low - self.frontline.high, self.customers.high - self.frontline.low)


@dataclass(frozen=True)
class Leads:
    """Events in the order of their days, how many batches and subjects were watched, and the lead as an Estimate, bounds or refusal."""

    events: tuple[Event, ...]
    batches_n: int
    subjects_n: int
    lead: Estimate
    repairs: pd.DataFrame
    bugs: pd.DataFrame
    length: int

    @property
    def heard(self) -> tuple[Event, ...]:
        """Events that the frontline spoke of."""
        return tuple(one for one in self.events if one.frontline is not None)


def study(reports: Reports, tables: Mapping[str, pd.DataFrame], given: Settings) -> Leads:
    """Every batch that rose, and whether the frontline rose before it; a refusal says which side is missing."""
    repairs, bugs, length = sides(reports, tables)
    if repairs.empty or bugs.empty:
        return Leads((), 0, 0, _nothing(repairs, bugs), repairs, bugs, length)
    streams = {part: Stream.of(rows["day"], length=length) for part, rows in repairs.groupby("part")}
    spoken = Stream.of(bugs["day"], length=length)
    own = {key: rows["day"].to_numpy() for key, rows in bugs.groupby(["product", "part"])}
    watched = {key: rows for key, rows in repairs.groupby(["product", "part", "batch"]) if len(rows) >= LEAST_REPAIRS}
    found = [(key, rise) for key, rows in watched.items()
             if (rise := _told(rows["day"], streams[key[1]], given, least=LEAST_REPAIRS, looks=len(watched))) is not None]
    events = [_event(key, _dated(rise, watched[key]["day"], streams[key[1]], given, LEAST_REPAIRS), own, bugs, spoken, given, len(found))
              for key, rise in found]
    ordered = tuple(sorted(events, key=lambda one: (one.customers.first, one.batch)))
    return Leads(ordered, len(watched), len(own), lead(ordered, len(watched), given), repairs, bugs, length)


def sides(reports: Reports, tables: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Repairs (day, product, part, batch) and bugs (day, product, part) within the time of the reports, and that time in days."""
    length, where = _length(reports), steps(reports, tables)
    if where is None:
        repairs = pd.DataFrame({"day": pd.Series(dtype="int64"), "product": [], "part": [], "batch": []})
    else:
        kept = tables["repairs"][where == ""]
        product = _column(kept, "product").fillna("").astype(str)
        batch = _column(kept, "batch_id")
        repairs = pd.DataFrame({"day": reports.whole_days(kept["repaired_at"]), "product": product, "part": kept["part"].astype(str),
                                "batch": product if batch.isna().all() else batch})  # no batch anywhere: a model's part is the finest there is
    bugs = reports.table[reports.table["kind"].eq(BUG) & reports.table["part"].notna() & ~reports.table["is_repeat"]]
    spoken = pd.DataFrame({"day": reports.whole_days(bugs["reported_at"]), "product": bugs["product"].astype(object).fillna("").astype(str),
                           "part": bugs["part"].astype(str)})
    return repairs.sort_values(["day", "batch"], ignore_index=True), spoken, length


def steps(reports: Reports, tables: Mapping[str, pd.DataFrame]) -> np.ndarray | None:
    """At which step each repair is left out: no time, no part, outside the time of the reports, no batch where others name one; None: no table."""
    given = tables.get("repairs")
    if given is None or not set(NEEDED) <= set(given):
        return None
    day = np.full(len(given), -1)
    dated = given["repaired_at"].notna().to_numpy(dtype=bool)
    day[dated] = reports.whole_days(given.loc[dated, "repaired_at"])
    outside, batch = (day < 0) | (day >= _length(reports)), _column(given, "batch_id")
    unknown = batch.isna().to_numpy(dtype=bool) & bool(batch.notna().any())
    return np.select([~dated, given["part"].isna(), outside, unknown], ["undated", "unnamed", "outside", "unbatched"], "").astype(object)


def _length(reports: Reports) -> int:
    """Days of the time that is watched."""
    return int(np.floor(reports.days)) + 1


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name].astype(object) if name in frame else pd.Series(None, frame.index, dtype=object)


def _rise(days: np.ndarray | pd.Series, stream: Stream, given: Settings, least: int) -> Rise | None:
    baseline = min(given.baseline_days, stream.days - 1)
    found = onsets.rise(np.asarray(days), stream, baseline=baseline, least=least, seed=given.seed)
    return found if found is not None and found.ratio >= RATIO else None


def _told(days: np.ndarray | pd.Series, stream: Stream, given: Settings, *, least: int, looks: int) -> Rise | None:
    """The rise where its chance, times the looks, stays within the budget."""
    found = _rise(days, stream, given, least)
    return found if found is not None and found.p_value * looks <= given.budget else None


def _dated(found: Rise, days: np.ndarray | pd.Series, stream: Stream, given: Settings, least: int) -> Rise:
    """With its first days; each side at the root of the level, so that both together hold it."""
    baseline = min(given.baseline_days, stream.days - 1)
    return onsets.dated(found, np.asarray(days), stream, conf_level=float(np.sqrt(given.conf_level)), baseline=baseline, least=least,
                        seed=given.seed)


def _event(key: tuple[str, str, str], rise: Rise, own: Mapping[tuple[str, str], np.ndarray], bugs: pd.DataFrame, spoken: Stream, given: Settings,
           events: int) -> Event:
    mine = (key[0], key[1])
    days = own.get(mine, np.zeros(0, dtype=int))
    near = replace(given, budget=given.budget / events)
    frontline = _near(days, spoken, rise, near)
    others = [name for name in own if name != mine]
    raised = sum(_near(own[name], spoken, rise, near) is not None for name in others)
    if frontline is not None:
        frontline = _dated(frontline, days, spoken, given, LEAST_REPORTS)
    return Event(batch=key[2], product=key[0], part=key[1], customers=rise, frontline=frontline, reports_n=len(days), others=raised,
                 others_n=len(others), shuffled=_shuffled(len(days), bugs, spoken, rise, near))


def _near(days: np.ndarray, spoken: Stream, rise: Rise, given: Settings) -> Rise | None:
    """The frontline's rise where it is told and lies near the customers'."""
    found = _told(days, spoken, given, least=LEAST_REPORTS, looks=1)
    return found if found is not None and abs(found.first - rise.first) <= given.near_days else None


def _shuffled(size: int, bugs: pd.DataFrame, spoken: Stream, rise: Rise, given: Settings) -> float:
    """In how many shuffles of which report is about what a rise would be claimed: what chance makes of this very stream."""
    rng = np.random.default_rng([given.seed, size, rise.first])
    days = bugs["day"].to_numpy()
    claimed = [_near(rng.choice(days, size, replace=False), spoken, rise, given) is not None for _ in range(given.shuffles if size else 0)]
    return float(np.mean(claimed)) if claimed else 0.0


def lead(events: tuple[Event, ...], batches: int, given: Settings) -> Estimate:
    """The mean lead with a t interval over `ENOUGH` events or more; a range of one or a few; else a refusal."""
    heard = [one.lead for one in events if one.frontline is not None]
    if not events:
        return refusal("lead_days", unit="days",
                       reason=say("{n} 个批次里没有一个的返修明显变多，没有什么可以更早。",
                                  "None of {n} batches began to fail more than its siblings, so there was nothing to be earlier than.", n=batches),
                       needs=Text("至少一次客户侧的上升，最好五次以上", "At least one rise among customers, better five or more"))
    if not heard:
        return refusal("lead_days", unit="days",
                       reason=say("客户侧有 {n} 次上升，一线的上报都没有跟着变多。",
                                  "Customers show {n} {n:rise|rises}; reports of the frontline rose for none.",
                                  n=len(events)),
                       needs=Text("一线对同一车型、同一零件的上报", "Reports of the frontline on the same model and part"))
    if len(heard) < ENOUGH:
        return Estimate(estimand="lead_days", kind="bounds", unit="days", bound_low=float(min(x[1] for x in heard)),
                        bound_high=float(max(x[2] for x in heard)), conf_level=given.conf_level, n=len(heard), verdict=Verdict.BOUNDS_ONLY,
                        ci_method="sets of first days")
    points = np.array([x[0] for x in heard], dtype=float)
    error = float(points.std(ddof=1) / np.sqrt(len(points)))
    reach = float(stats.t.ppf((1 + given.conf_level) / 2, len(points) - 1)) * max(error, 0.5)
    return Estimate(estimand="lead_days", kind="estimate", unit="days", value=float(points.mean()), conf_low=float(points.mean() - reach),
                    conf_high=float(points.mean() + reach), conf_level=given.conf_level, n=len(heard), std_error=error, ci_method="t over events")


def _nothing(repairs: pd.DataFrame, bugs: pd.DataFrame) -> Estimate:
    """Why the two sides cannot be held against each other."""
    if repairs.empty:
        return refusal("lead_days", unit="days", reason=Text("没有写明零件与时间的维修，看不到客户侧的上升。",
                                                             "No repair names its part and time, so no rise "
                                                            "among customers can be seen."),
                       needs=Text("维修表：时间、车型、零件，最好有批次", "Repairs with time, model and part, best with the batch"))
    return refusal("lead_days", unit="days", reason=Text("没有一条故障上报写出维修表里的零件名。", "No bug report names a part as repairs write it."),
                   needs=Text("故障上报写明零件（与维修表同一叫法）", "Bug reports that name the part as repairs do"))


def course(found: Leads, event: Event, reports: Reports, *, conf_level: float = 0.95, step: int = 28) -> pd.DataFrame:
    """Both sides of one event by four weeks: on, side ("frontline", "customers"), n, estimate = its share of the stream, in times its own mean share
    over the whole time, with Wilson's interval."""
    from statsmodels.stats.proportion import proportion_confint

    bugs, repairs = found.bugs, found.repairs[found.repairs["part"] == event.part]
    mine = {"frontline": (bugs["day"], bugs["product"].eq(event.product) & bugs["part"].eq(event.part)),
            "customers": (repairs["day"], repairs["product"].eq(event.product) & repairs["batch"].eq(event.batch))}
    rows, offset = [], event.customers.first % step
    for side, (days, own) in mine.items():
        usual = float(own.mean()) or 1.0
        for begin in range(offset, found.length - step + 1, step):
            inside = (days >= begin) & (days < begin + step)
            n, k = int(inside.sum()), int((inside & own).sum())
            if n:
                low, high = proportion_confint(k, n, alpha=1 - conf_level, method="wilson")
                rows.append({"on": reports.date(begin + step / 2), "side": side, "n": k, "estimate": k / n / usual,
                             "conf_low": max(float(low), 0.0) / usual, "conf_high": float(high) / usual})
    return pd.DataFrame(rows, columns=["on", "side", "n", "estimate", "conf_low", "conf_high"])
