"""How readily teams speak: reports per 1,000 hours worked, by region, and whether more dealers are silent than chance leaves. No dealer is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.loop.frontline.reports import Reports
from voclib.results import Estimate, Text, Verdict, refusal
from voclib.sentences import say
from voclib.stats import inference, silence
from voclib.stats.silence import Silence

HOURS = 1000.0
FEWEST = 10  # dealers for an interval
SMALL = 5  # fewer employees than this: no figure about them


@dataclass(frozen=True)
class Teams:
    """`dealers` has unit_id, region, n reports, hours of rosters; `rates` an Estimate or a refusal a region (its `group`), `overall` of all.

    `silent` has an Estimate a distribution of rates ("alike", "lognormal",
                                                      "gamma"; its `group`): how many dealers chance leaves silent; or one refusal.
    `regions` is a table by region: dealers, silent ones, hours, reports, staff invited to the last survey, employees who ever reported.
    """

    dealers: pd.DataFrame
    overall: Estimate
    rates: tuple[Estimate, ...]
    silences: tuple[Silence, ...]
    silent: tuple[Estimate, ...]
    regions: pd.DataFrame

    @property
    def silent_n(self) -> int:
        """Dealers that worked and reported nothing."""
        return int(self.dealers["n"].eq(0).sum()) if len(self.dealers) else 0

    @property
    def is_told(self) -> bool | None:
        """Whether more are silent than chance leaves under either distribution of rates; None where that cannot be asked."""
        apart = [one for one in self.silences if one.mixing != "alike"]
        return all(one.is_more for one in apart) if apart else None


def study(reports: Reports, tables: Mapping[str, pd.DataFrame], *, conf_level: float, seed: int) -> Teams:
    """Rates by worked hours and the silent ones; refusals without rosters."""
    dealers = table(reports, tables)
    if dealers.empty:
        none = refusal("report_rate", unit="count", reason=Text("没有排班与出勤，不知道一共干了多少工时。",
                                                                "Without rosters nobody knows how many hours were "
                                                                                          "worked."),
                       needs=Text("每家门店每周的实际工时", "Hours worked by dealer and week"))
        return Teams(dealers, none, (), (), (none.with_(estimand="silent_dealers"),), pd.DataFrame())
    overall = _rate(dealers, conf_level, group="")
    rates = tuple(_rate(part, conf_level, group=str(region)) for region, part in dealers.groupby("region", sort=True))
    silences, silent = _silent(dealers, conf_level, seed)
    return Teams(dealers, overall, rates, silences, silent, _regions(dealers, reports, tables))


def table(reports: Reports, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a dealer with hours worked: unit_id, region, n reports in the weeks that rosters cover, hours; empty without rosters."""
    columns, where = ["unit_id", "region", "n", "hours"], steps(reports, tables)
    if where is None or not (where == "").any():
        return pd.DataFrame(columns=columns)
    rosters = tables["rosters"][where == ""]
    week = pd.to_datetime(rosters["week_on"])
    hours = rosters.groupby("unit_id")["worked_hours"].sum()
    covered = reports.table[(reports.table["on"] >= week.min()) & (reports.table["on"] < week.max() + pd.Timedelta(days=7))]
    made = pd.DataFrame({"hours": hours, "n": covered.groupby("unit_id").size().reindex(hours.index).fillna(0).astype(int)})
    units = tables.get("units")
    region = _units(units)["region"] if units is not None and "region" in units else pd.Series(dtype=object)
    made["region"] = region.reindex(made.index).astype(object).fillna("—").astype(str)
    return made.rename_axis("unit_id").reset_index()[columns]


def steps(reports: Reports, tables: Mapping[str, pd.DataFrame]) -> np.ndarray | None:
    """At which step each week of a roster is left out: outside the time of the reports, nothing worked, no dealer; None without rosters."""
    rosters, units = tables.get("rosters"), tables.get("units")
    if rosters is None or not {"unit_id", "week_on", "worked_hours"} <= set(rosters):
        return None
    week = pd.to_datetime(rosters["week_on"])
    first, last = reports.start.tz_localize(None) - pd.Timedelta(days=6), reports.date(reports.days)
    kind = _units(units)["kind"] if units is not None and "kind" in units else pd.Series(dtype=object)
    office = rosters["unit_id"].map(kind).isin(["region", "headquarters"])
    idle = ~rosters.groupby("unit_id")["worked_hours"].transform("sum").gt(0)
    return np.select([(week < first) | (week > last) | week.isna(), office, idle | rosters["worked_hours"].isna()], ["outside", "office", "idle"],
                     "").astype(object)


def _units(units: pd.DataFrame) -> pd.DataFrame:
    return units.drop_duplicates("unit_id").set_index("unit_id")


def _rate(dealers: pd.DataFrame, level: float, *, group: str) -> Estimate:
    """Reports per 1,000 hours, dealers as clusters, on the log scale."""
    n, hours = dealers["n"].to_numpy(dtype=float), dealers["hours"].to_numpy(dtype=float)
    if len(dealers) < FEWEST or not n.sum():
        return refusal("report_rate", unit="count", group=group,
                       reason=say("{n} 家门店、{k} 条上报，给不出区间。",
                                  "{n} {n:dealer|dealers} with {k} {k:report|reports}: too few for an interval.",
                                  n=len(dealers), k=int(n.sum())),
                       needs=say("至少 {n} 家门店", "At least {n} dealers", n=FEWEST))
    rate = float(n.sum() / hours.sum())
    influence = (n - rate * hours) / n.sum()
    error = float(np.sqrt((influence**2).sum() * len(n) / (len(n) - 1)))
    reach = inference.quantile(level, len(n) - 1) * error
    verdict = Verdict.REPORT if len(n) >= 20 else Verdict.REPORT_WITH_CAVEAT
    return Estimate(estimand="report_rate", kind="estimate", unit="count", group=group, value=HOURS * rate, conf_low=HOURS * rate * np.exp(-reach),
                    conf_high=HOURS * rate * np.exp(reach), std_error=HOURS * rate * error, conf_level=level, n=int(n.sum()), n_clusters=len(n),
                    ci_method="ratio of sums, clustered by dealer, log", verdict=verdict)


def _silent(dealers: pd.DataFrame, level: float, seed: int) -> tuple[tuple[Silence, ...], tuple[Estimate, ...]]:
    """How many dealers chance leaves silent: where all speak equally often (naive), and where they differ in one way or another."""
    try:
        found = tuple(silence.chance(dealers["n"], dealers["hours"] / HOURS, mixing=name, conf_level=level, seed=seed) for name in silence.MIXINGS)
    except DataError:
        n = int((dealers["n"] > 0).sum())
        return (), (refusal("silent_dealers", unit="count",
                            reason=say("只有 {n} 家门店有上报，看不出门店之间相差多少。",
                                       "Only {n} {n:dealer|dealers} reported, too few to show how far dealers differ.", n=n),
                            needs=Text("至少 10 家有上报的门店", "At least 10 dealers with reports")),)
    whole = [float(round(one.expected)) for one in found]  # of dealers; the range of draws is whole by itself
    return found, tuple(Estimate(estimand="silent_dealers", kind="estimate", unit="count", group=one.mixing, value=n, conf_low=min(one.low, n),
                                 conf_high=max(one.high, n), conf_level=level, n=len(dealers), p_value=one.p_value,
                                 ci_method="zero-truncated mixed Poisson, draws") for one, n in zip(found, whole, strict=True))


def _regions(dealers: pd.DataFrame, reports: Reports, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """region, dealers, silent, hours, reports, staff, spoke; staff and spoke are missing where fewer than `SMALL` people stand behind them."""
    made = dealers.assign(silent=dealers["n"].eq(0)).groupby("region", sort=True).agg(
        dealers=("unit_id", "size"), silent=("silent", "sum"), hours=("hours", "sum"), reports=("n", "sum")).reset_index()
    known = reports.table[reports.table["unit_id"].isin(dealers["unit_id"])]
    spoke = known.groupby("region")["staff_id"].nunique().reindex(made["region"]).fillna(0)
    waves = tables.get("employee_waves")
    staff = pd.Series(np.nan, made["region"])
    if waves is not None and {"unit_id", "wave_month", "invited_n"} <= set(waves):
        last = waves.sort_values("wave_month").drop_duplicates("unit_id", keep="last").set_index("unit_id")["invited_n"]
        staff = dealers.assign(staff=dealers["unit_id"].map(last)).groupby("region")["staff"].sum(min_count=1).reindex(made["region"])
    shown = (staff.to_numpy(dtype=float) >= SMALL) & (spoke.to_numpy() >= SMALL)
    return made.assign(staff=np.where(shown, staff.to_numpy(dtype=float), np.nan), spoke=np.where(shown, spoke.to_numpy(), np.nan))
