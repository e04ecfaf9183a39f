"""Planted worlds of the frontline for the long runs: news of fixes, a batch that fails and who says so, and dealers that differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.coverage import FALSE_ALARM_BAND, Draw, Interval, Setting
from voclib.loop.frontline import lead as frontline_lead
from voclib.loop.frontline import loopback as frontline_loopback
from voclib.loop.frontline import reports as frontline_reports
from voclib.loop.frontline.lead import Leads
from voclib.loop.frontline.lead import Settings as LeadSettings
from voclib.results import Estimate, Ladder
from voclib.simulate.streams import stream
from voclib.simulate.worlds import frontline, lead
from voclib.simulate.worlds.frontline import NEVER, STAFF
from voclib.stats import onsets, silence

Tables = Mapping[str, pd.DataFrame]
DAYS, DEALERS, EXPECTED = 456, 60, 560
FIRST = "2025-01-01 00:00+08:00"  # the moment at which the data begin
SOME, FEWER, LEAST = 500, 300, 150
FAILS = (0.0, 0.75)  # how often the naive interval may hold the truth, else the world shows nothing
NEAR = 90  # days before a rise within which any report counts as knowing it earlier, the usual way


def spoken(seed: int, **options: float) -> tuple[Tables, float]:
    """Reports of 60 dealers, some of which close, and the planted ratio."""
    rng = stream(seed, "coverage_frontline")
    days = np.full(DEALERS, DAYS)
    days[:3] = rng.integers(120, DAYS, 3)
    start = pd.Timestamp(FIRST).tz_localize(None)
    made = frontline.make(rng, expected=EXPECTED, open_days=days, days=DAYS, **options)
    units = pd.DataFrame({"unit_id": [f"D{i:02d}" for i in range(DEALERS)], "region": "—",
                          "closed_on": [pd.NaT if d == DAYS else start + pd.Timedelta(days=int(d) - 1) for d in days]})
    clock = {name: _moments(getattr(made, of)) for name, of in
             {"confirmed_at": "confirmed", "fixed_at": "fixed", "notified_at": "told"}.items()}
    table = pd.DataFrame({"report_id": [f"G{i:05d}" for i in range(made.n)], "staff_id": [f"E{s:04d}" for s in made.staff],
                          "unit_id": [f"D{s // STAFF:02d}" for s in made.staff], "reported_at": _moments(made.minute), "kind": "product_bug",
                          **clock})
    return {"frontline_reports": table, "units": units}, made.ratio


def _moments(minute: np.ndarray) -> pd.Series:
    there = minute < NEVER
    return pd.Series(pd.Timestamp(FIRST) + pd.to_timedelta(np.where(there, minute, 0), unit="min")).where(there)


def _rungs(tables: Tables) -> Ladder:
    reports = frontline_reports.read(tables)
    return frontline_loopback.rungs(frontline_loopback.people(reports, tables), conf_level=0.95)[0]


def own_rate(tables: Tables) -> Estimate:
    """Everybody with a rate of their own."""
    return _rungs(tables)["own_rate"]


def before_after(tables: Tables) -> Estimate:
    """Those who heard, before and after."""
    return _rungs(tables)["before_after"]


def with_themselves(tables: Tables) -> Estimate:
    """Each employee against themselves."""
    return _rungs(tables)["within"]


def more_often(tables: Tables) -> float:
    """1 where the ratio lies beside one."""
    found = own_rate(tables)
    return float(found.conf_low > 1 or found.conf_high < 1)


def less_by_themselves(tables: Tables) -> float:
    """1 where each against themselves lies beside one."""
    found = with_themselves(tables)
    return float(found.conf_low > 1 or found.conf_high < 1)


def _leads(tables: Tables) -> Leads:
    return frontline_lead.study(frontline_reports.read(tables), tables, LeadSettings(shuffles=0))


def claimed(tables: Tables) -> float:
    """1 where the frontline is told to have risen with a batch."""
    return float(bool(_leads(tables).heard))


def any_report(tables: Tables) -> float:
    """1 where any report on the model and part of the batch that rose came in the months before: the usual proof of having known."""
    found = _leads(tables)
    return float(any(((found.bugs["product"] == one.product) & (found.bugs["part"] == one.part) & found.bugs["day"].between(
        one.customers.first - NEAR, one.customers.first - 1)).any() for one in found.events))


def lead_range(tables: Tables) -> Estimate:
    """The range of the lead of the first batch that both sides show."""
    found = _leads(tables)
    if not found.heard:
        return found.lead
    at, low, high = found.heard[0].lead
    return Estimate(estimand="lead_days", kind="estimate", unit="days", value=float(at), conf_low=float(low), conf_high=float(high))


def first_days(tables: Tables) -> Estimate | Interval:
    """Between the first report on the subject in the half-year before the rise and the rise, a day either way; none where no batch rose."""
    found = _leads(tables)
    if not found.events:
        return np.nan, np.nan
    one = found.heard[0] if found.heard else found.events[0]
    mine = found.bugs[(found.bugs["product"] == one.product) & (found.bugs["part"] == one.part)]
    before = mine.loc[mine["day"].between(one.customers.first - 180, one.customers.first + 30), "day"]
    at = float(one.customers.first - before.min())
    return Estimate(estimand="lead_days", kind="estimate", unit="days", value=at, conf_low=at - 1, conf_high=at + 1)


def any_rise(tables: Tables) -> float:
    """1 where any batch is said to have begun to fail."""
    return float(bool(_leads(tables).events))


def any_rise_by_share(tables: Tables) -> float:
    """1 where any batch's share of its part's repairs rose, whatever vehicles carry it and however often they come back."""
    reports = frontline_reports.read(tables)
    length = int(np.floor(reports.days)) + 1
    repairs = tables["repairs"].assign(day=reports.whole_days(tables["repairs"]["repaired_at"]))
    repairs = repairs[repairs["day"].between(0, length - 1)]
    streams = {part: onsets.Stream.of(rows["day"], length=length) for part, rows in repairs.groupby("part")}
    batches = [rows for _, rows in repairs.groupby("batch_id") if len(rows) >= frontline_lead.LEAST_REPAIRS]
    rises = [onsets.rise(rows["day"], streams[rows["part"].iloc[0]], least=frontline_lead.LEAST_REPAIRS) for rows in batches]
    return float(any(one is not None and one.ratio >= frontline_lead.RATIO and one.p_value * len(batches) <= LeadSettings().budget for one in rises))


def narrow(tables: Tables) -> float:
    """1 where both sides show the rise and leave no more than a month of days between them: a range that is always wide enough says nothing."""
    heard = _leads(tables).heard
    return float(bool(heard) and heard[0].lead[2] - heard[0].lead[1] <= 31)


def _batch(*, has_table: bool = True, **options: float) -> Draw:
    def taken(seed: int) -> tuple[Tables, float]:
        tables, truth = lead.draw(seed, **options)
        return (tables if has_table else {name: frame for name, frame in tables.items() if name != "batches"}), float(truth["lead"])
    return taken


def _dealers(silent: float) -> Draw:
    def taken(seed: int) -> tuple[np.ndarray, None]:
        made = frontline.make(stream(seed, "silence"), expected=600, open_days=np.full(DEALERS, DAYS), days=DAYS, silent=silent)
        return np.bincount(made.unit, minlength=DEALERS), None
    return taken


def _told(counts: np.ndarray, *mixings: silence.Mixing) -> float:
    return float(all(silence.chance(counts, np.full(len(counts), 10.0), mixing=name, draws=1000).is_more for name in mixings))


def too_silent(counts: np.ndarray) -> float:
    """1 where more dealers are silent than either distribution of rates leaves."""
    return _told(counts, "lognormal", "gamma")


def too_silent_if_alike(counts: np.ndarray) -> float:
    """1 where more are silent than if all spoke alike."""
    return _told(counts, "alike")


def as_found(found: float, truth: object) -> float:
    """What the call counted."""
    return found


def _nothing_fails(alike: Mapping[str, Any]) -> list[Setting]:
    """Worlds in which no batch begins to fail while batches are made, a model is launched, or vehicles come back."""
    worlds: list[tuple[str, Draw]] = [
        ("half of the batches made meanwhile", _batch(fails=1.0, is_heard=False, late=0.5)),
        ("a model launched meanwhile", _batch(fails=1.0, is_heard=False, late=0.0, is_launched=True)),
        ("half made and a model launched meanwhile, no table of batches",
         _batch(fails=1.0, is_heard=False, late=0.5, is_launched=True, has_table=False))]
    made = [Setting(method="days earlier", setting=f"nothing fails, {name}", draw=draw, call=any_rise, naive=any_rise_by_share,
                    naive_band=(0.5, 1.0), runs=FEWER, **alike) for name, draw in worlds]
    return [*made, Setting(method="days earlier", setting="nothing fails, a third of the repairs bring the vehicle back", call=any_rise, runs=LEAST,
                           draw=_batch(fails=1.0, is_heard=False, late=0.0, returning=0.33, repairs=20.0), naive=any_rise_by_share,
                           naive_band=(0.06, 1.0), **alike)]


def settings() -> list[Setting]:
    """The ratio, the lead and the silent dealers."""
    news, alike = "60 dealers, 560 reports, half of the fixes told", {"kind": "false alarms", "count": as_found, "band": FALSE_ALARM_BAND}
    power = {"kind": "power", "count": as_found, "band": (0.8, 1.0), "runs": FEWER}
    return [
        Setting(method="reporting once told", setting=news, draw=spoken, call=own_rate, naive=before_after, naive_band=FAILS),
        Setting(method="reporting once told, each against themselves", setting=news, draw=spoken, call=own_rate, naive=with_themselves,
                naive_band=(0.0, 0.2), runs=SOME),
        Setting(method="reporting once told", setting=f"{news}, news changes nothing", draw=lambda seed: spoken(seed, ratio=1.0), call=more_often,
                naive=less_by_themselves, naive_band=(0.5, 1.0), **alike),
        Setting(method="reporting once told", setting=f"{news}, twice as often", draw=lambda seed: spoken(seed, ratio=2.0), call=more_often, **power),
        Setting(method="days earlier", setting="a batch fails, reports know nothing of it", draw=_batch(is_heard=False), call=claimed,
                naive=any_report, naive_band=(0.5, 1.0), runs=LEAST, **alike),
        Setting(method="days earlier", setting="a batch fails, the frontline 2 to 20 days earlier", draw=_batch(), call=lead_range, naive=first_days,
                naive_band=FAILS, band=(0.93, 0.995), runs=LEAST // 2, max_refusals=0.2),
        Setting(method="days earlier", setting="a batch fails, a range of a month at most", draw=_batch(), call=narrow, kind="power", count=as_found,
                band=(0.6, 1.0), runs=LEAST // 2),
        *_nothing_fails(alike),
        Setting(method="silent dealers", setting="60 dealers that differ, none silent", draw=_dealers(0.0), call=too_silent,
                naive=too_silent_if_alike, naive_band=(0.3, 1.0), runs=FEWER, **alike),
        Setting(method="silent dealers", setting="60 dealers that differ, 18 that will not speak", draw=_dealers(0.3), call=too_silent, **power),
    ]
