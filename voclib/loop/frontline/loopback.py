"""Whether the frontline is told of what it reported, after how long, and how often employees report once they have heard.

An employee who reports much has more to hear about, and nobody hears without having reported. So neither those told beside others, nor the same
employee before and after, is a fair comparison; `voclib.stats.recurrence` says what is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from voclib.loop import compliance
from voclib.loop.frontline import reports as frontline_reports
from voclib.loop.frontline.reports import Reports
from voclib.results import Estimate, Ladder, Text, Verdict, refusal
from voclib.sentences import say
from voclib.stats import inference, recurrence
from voclib.stats.gates import Gates

PERIOD = 91.0  # days of a calendar period: what moves everybody's reporting is told apart from what hearing goes with
FEW_HEARD, FEW_AFTER, FEW_STATE = 10, 10, 8
METHOD = "mixed Poisson, clustered by dealer"


@dataclass(frozen=True)
class People:
    """Employees with a report: `counts` and `exposure` (N, Q, 3) by calendar period and state, `unit` and `staff` (N,).

    States: 0 nothing of one's own is fixed, 1 something is and nothing was heard, 2 heard of a fix.
    """

    counts: np.ndarray
    exposure: np.ndarray
    unit: np.ndarray
    staff: np.ndarray

    @property
    def by_hearing(self) -> tuple[np.ndarray, np.ndarray]:
        """Counts and exposure (N, Q, 2) before and after hearing."""
        return tuple(np.stack([x[..., :2].sum(axis=2), x[..., 2]], axis=2) for x in (self.counts, self.exposure))


@dataclass(frozen=True)
class LoopBack:
    """The ratio as a ladder (None where it is refused), and how many fixes were told of and when.

    `ratio` is the answer or a refusal; `placebo` the same ratio for a fix that was not told of; `told` a Compliance over fixed reports; `curve` for
    `charts.survival`; `median_hours` of those told.
    """

    ratio: Estimate
    ladder: Ladder | None
    placebo: Estimate | None
    told: compliance.Compliance
    curve: pd.DataFrame
    median_hours: float
    heard_n: int
    people_n: int
    reports_after_n: int
    reruns: Mapping[str, float] = field(default_factory=dict)


def people(reports: Reports, tables: Mapping[str, pd.DataFrame]) -> People:
    """Person-time of employees who reported, from the day their dealer was open to the end of the data or its closing."""
    known = reports.table.dropna(subset=["staff_id", "unit_id"])
    home = known.drop_duplicates("staff_id").set_index("staff_id")["unit_id"].sort_index()
    span = frontline_reports.open_days(tables, reports, pd.Index(home.unique()))
    opens, closes = (span[name].reindex(home).to_numpy() for name in ("opens", "closes"))
    last = known.groupby("staff_id")["day"].max().reindex(home.index).to_numpy()
    first = known.groupby("staff_id")["day"].min().reindex(home.index).to_numpy()
    opens, closes = np.minimum(opens, first), np.maximum(closes, last + 1e-6)  # who reports is there, whatever the dates of the dealer say
    moments = {name: pd.Series(reports.at(known[column]), known["staff_id"]).groupby(level=0).min().reindex(home.index).fillna(np.inf).to_numpy()
               for name, column in (("fixed", "fixed_at"), ("heard", "notified_at"))}
    heard = np.clip(moments["heard"], opens, closes)
    fixed = np.minimum(np.clip(moments["fixed"], opens, closes), heard)
    edges = np.linspace(0.0, max(reports.days, last.max() + 1e-6), max(1, round(reports.days / PERIOD)) + 1)
    spans = ((opens, fixed), (fixed, heard), (heard, closes))
    exposure = np.stack([_overlap(a, b, edges) for a, b in spans], axis=2)
    counts = np.zeros_like(exposure)
    who, day = home.index.get_indexer(known["staff_id"]), known["day"].to_numpy()
    state = (day > fixed[who]).astype(int) + (day > heard[who])
    period = np.clip(np.searchsorted(edges, day, side="left") - 1, 0, len(edges) - 2)
    np.add.at(counts, (who, period, state), 1.0)
    return People(counts, np.where((counts > 0) & (exposure <= 0), 1e-6, exposure), home.to_numpy(dtype=object), home.index.to_numpy(dtype=object))


def _overlap(begin: np.ndarray, end: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Days of each person's stretch within each period (N, Q)."""
    return np.clip(np.minimum(end[:, None], edges[1:]) - np.maximum(begin[:, None], edges[:-1]), 0.0, None)


def study(reports: Reports, tables: Mapping[str, pd.DataFrame], *, told_hours: float, conf_level: float, gates: Gates, seed: int) -> LoopBack:
    """Share told, hours until then, and how often employees report after hearing, against before."""
    told, curve, median = notices(reports, told_hours=told_hours, conf_level=conf_level, gates=gates, seed=seed)
    some = people(reports, tables) if reports.table[["staff_id", "unit_id"]].notna().all(axis=1).any() else None
    heard, after = (0, 0) if some is None else (int((some.exposure[..., 2].sum(axis=1) > 0).sum()), int(some.counts[..., 2].sum()))
    withheld = _withheld(some, heard, after)
    options = {"told": told, "curve": curve, "median_hours": median, "heard_n": heard, "people_n": 0 if some is None else len(some.staff),
               "reports_after_n": after}
    if withheld is not None:
        return LoopBack(ratio=withheld, ladder=None, placebo=None, **options)
    ladder, placebo = rungs(some, conf_level=conf_level)
    return LoopBack(ratio=ladder["own_rate"], ladder=ladder, placebo=placebo, reruns=reruns(some), **options)


def _withheld(some: People | None, heard: int, after: int) -> Estimate | None:
    """Why the ratio cannot be told, or None."""
    def no(reason: Text, needs: Text) -> Estimate:
        return refusal("reporting_ratio", unit="ratio", reason=reason, needs=needs)

    if some is None:
        return no(Text("上报没有写明是谁、哪家店报的。", "No report names the employee and dealer behind it."),
                  Text("上报带上员工假名与门店编号", "The employee's pseudonym and the dealer's number on each report"))
    if heard < FEW_HEARD or after < FEW_AFTER:
        return no(say("只有 {n} 名员工听到过回音，之后一共 {k} 条上报，说不清频率。",
                      "Only {n} {n:employee has|employees have} heard back, with {k} {k:report|reports} since: too few for a rate.",
                      n=heard, k=after),
                  say("至少 {n} 名听到过回音的员工，之后至少 {k} 条上报", "At least {n} employees who have heard back, and {k} reports since",
                      n=FEW_HEARD, k=FEW_AFTER))
    dealers, reached = len(np.unique(some.unit)), len(np.unique(some.unit[some.exposure[..., 2].sum(axis=1) > 0]))
    if dealers < 10 or reached < 5:
        return no(say("上报来自 {n} 家门店，其中 {k} 家有人听到过回音；同一家店的人彼此相像，店太少就给不出区间。",
                      "Reports come from {n} {n:dealer|dealers}, and somebody has heard back at {k}; employees of one dealer resemble each other, so "
                      "that is too few for an interval.", n=dealers, k=reached),
                  Text("至少 10 家有上报的门店，其中至少 5 家有人听到过回音", "At least 10 dealers with reports, somebody having heard back at 5"))
    return None


def rungs(some: People, *, conf_level: float) -> tuple[Ladder, Estimate | None]:
    """From before and after in those who heard to the rate of one's own; and the placebo, a fix that nobody was told of."""
    counts, exposure = some.by_hearing
    heard = exposure[..., 1].sum(axis=1) > 0
    made = [_ratio("before_after", recurrence.rates(counts[heard].sum(axis=1), exposure[heard].sum(axis=1), cluster=some.unit[heard]), conf_level,
                   n=int(heard.sum()))]
    sides = [np.stack([np.where(heard == side, x.sum(axis=(1, 2)), 0.0) for side in (False, True)], axis=1) for x in (counts, exposure)]
    made.append(_ratio("told_or_not", recurrence.rates(*sides, cluster=some.unit), conf_level, n=len(heard)))
    made.append(_ratio("within", recurrence.within(counts, exposure, cluster=some.unit), conf_level, n=int(heard.sum())))
    found = recurrence.fit(counts, exposure, cluster=some.unit)
    clusters = int(min((np.bincount(np.unique(some.unit, return_inverse=True)[1][heard]) > 0).sum(), found.clusters))
    best = inference.policy(found.clusters, clusters).best
    verdict = Verdict.REPORT_WITH_CAVEAT if best is Verdict.REFUSE or not found.is_told else best
    made.append(_estimate("own_rate", found.interval(conf_level=conf_level), conf_level, n=found.people, clusters=found.clusters, verdict=verdict))
    three, placebo = _three(some), None
    if three is not None:
        placebo = _estimate("fixed_untold", three.interval(1, conf_level), conf_level, n=found.people, clusters=found.clusters)
        made.append(_estimate("against_fixed", three.contrast(2, 1, conf_level), conf_level, n=found.people, clusters=found.clusters))
    return Ladder("reporting_ratio", tuple(one for one in made if one is not None), chosen="own_rate"), placebo


def reruns(some: People) -> dict[str, float]:
    """The ratio made otherwise: without calendar periods, and without the dealer that reports most; NaN where that leaves too little."""
    counts, exposure = some.by_hearing
    busiest = pd.Series(counts.sum(axis=(1, 2))).groupby(some.unit).sum().sort_index().idxmax()
    rest = some.unit != busiest
    made = {"calendar": float(np.exp(recurrence.fit(counts.sum(axis=1, keepdims=True), exposure.sum(axis=1, keepdims=True),
                                                    cluster=some.unit).log[0]))}
    enough = counts[rest].sum(axis=(0, 1)).min() >= FEW_STATE if rest.any() else False
    made["busiest"] = float(np.exp(recurrence.fit(counts[rest], exposure[rest], cluster=some.unit[rest]).log[0])) if enough else float("nan")
    return made


def _three(some: People) -> recurrence.Ratios | None:
    """The model with the state of a fix without news; None where too few reports lie in it."""
    return recurrence.fit(some.counts, some.exposure, cluster=some.unit) if some.counts.sum(axis=(0, 1)).min() >= FEW_STATE else None


def _ratio(rung: str, found: tuple[float, float], level: float, *, n: int) -> Estimate | None:
    at, error = found
    if not (np.isfinite(at) and error > 0):
        return None
    reach = inference.quantile(level, np.inf) * error
    return _estimate(rung, tuple(float(np.exp(x)) for x in (at, at - reach, at + reach)), level, n=n)


def _estimate(rung: str, ends: tuple[float, float, float], level: float, *, n: int, clusters: int | None = None,
              verdict: Verdict = Verdict.REPORT) -> Estimate:
    value, low, high = ends
    told: dict[str, Any] = {"ci_method": METHOD if clusters else "clustered by dealer",
                            "n_clusters": clusters, "evidence_level": 1 if clusters else 0}
    return Estimate(estimand="reporting_ratio", kind="estimate", unit="ratio", rung=rung, value=value, conf_low=low, conf_high=high,
                    conf_level=level, n=n, verdict=verdict, **told)


def notices(reports: Reports, *, told_hours: float, conf_level: float, gates: Gates, seed: int,
            ) -> tuple[compliance.Compliance, pd.DataFrame, float]:
    """Of fixed reports, the share whose reporter was told within `told_hours`, those not told yet counted for as long as they were followed."""
    table = reports.table
    fixed = table[table["fixed_at"].notna()].reset_index(drop=True)
    followed = (reports.end - fixed["fixed_at"]) / pd.Timedelta(hours=1)
    took = (fixed["notified_at"] - fixed["fixed_at"]) / pd.Timedelta(hours=1)
    is_told = took.notna().to_numpy(dtype=bool)
    spent = np.where(is_told, np.maximum(took.to_numpy(dtype=float), 0.0), followed.to_numpy(dtype=float))
    met = pd.array(spent <= told_hours, dtype="boolean")
    met[~is_told & (followed.to_numpy(dtype=float) <= told_hours)] = pd.NA
    frame = pd.DataFrame({"unit_id": fixed["unit_id"], "hours": spent, "is_stopped": is_told, "in_time": met,
                          "followed": np.maximum(followed.to_numpy(dtype=float), spent)})
    found = compliance.measure(frame, limit=told_hours, estimand="told_share", conf_level=conf_level, gates=gates, rung="followed", seed=seed)
    curve = compliance.curves(frame, limit=told_hours, conf_level=conf_level, gates=gates, seed=seed)
    median = float(np.median(spent[is_told])) if is_told.any() else float("nan")
    return compliance.Compliance(**{name: _of_reports(getattr(found, name)) for name in ("closed", "every", "due")}), curve, median


def _of_reports(one: Estimate) -> Estimate:
    """The same in words of fixed reports."""
    def told(text: Text | None) -> Text | None:
        return None if text is None else Text(text.zh.replace("张工单", "条已解决的上报").replace("工单", "已解决的上报"),
                                              text.en.replace("cases", "fixed reports").replace("case", "fixed report"))

    return one.with_(reason=told(one.reason), needs=told(one.needs))
