"""What is one bad experience worth? Money lost by those who met a pain point, from the vendor's slide to a number finance can sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError
from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict, refusal
from voclib.stats import dose, effects, inference, power, sensitivity, stake, survival, tails
from voclib.stats import gates as gating
from voclib.stats.gates import Gates
from voclib.stats.inference import Fit
from voclib.studies import ledger as ledgers
from voclib.studies.nps_revenue import answer as answering
from voclib.studies.nps_revenue import captions as captioning
from voclib.studies.nps_revenue import checks as gate_words
from voclib.studies.nps_revenue import money_words, own_price, payback
from voclib.studies.nps_revenue import rungs as climbing
from voclib.studies.nps_revenue import text as words
from voclib.studies.nps_revenue.cohort import Cohort
from voclib.studies.nps_revenue.payback import Payback, Plan
from voclib.studies.nps_revenue.rungs import Rungs

CHOSEN = "aipw"
LEVELS = {"naive": 0, "regression": 1, "twopart": 1, "poisson": 1, "before": 1, "aipw": 1, "events": 3, "agents": 3}
CURVE_DAYS = 7
STEPS = ["key", "kind", "value", "low", "high"]
DECIDING = ("dealers", "unnamed", "enough", "separation", "overlap", "balance", "tail", "price")  # gates without which no amount stands


@dataclass(frozen=True, kw_only=True)
class NpsRevenue:
    """What the page shows: the finding, ladders of money and of customers, and frames for charts.

    `checks` are the gates by name. `ladder` is the loss in money, `lost` the customers lost, `steps` the waterfall from what is lost to what the
    slide claims. `kpi` holds the effect on the unit's own indicators (coming back, leaving), in points and relative. `tiers` splits the loss,
    `at_risk` is a prediction. `path` is the event study by month, `curves` staying by day, `response` money by dose, `contour` what a hidden factor
    would do, `others` the same money measured in other ways, none of which is another estimate of the same thing. Where nothing can be compared
    `rungs` is None, every estimate a refusal with its reason, and every frame empty.
    """

    study: Study
    rungs: Rungs | None
    checks: Mapping[str, Check]
    ladder: Ladder
    lost: Ladder
    steps: pd.DataFrame
    kpi: tuple[Estimate, ...]
    tiers: tuple[Estimate, ...]
    at_risk: Estimate
    path: pd.DataFrame
    curves: pd.DataFrame
    response: dose.DoseResponse | None
    payback: Payback | None
    contour: pd.DataFrame
    balance: pd.DataFrame
    others: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]

    @property
    def loss(self) -> Estimate:
        """The answer: money lost, a range of it, or the refusal."""
        return self.ladder[self.ladder.chosen]

    def absent(self, figure: str) -> Text:
        """Why a figure is not there, for a note in its place."""
        if self.rungs is None or self.rungs.has_few_dealers:
            return self.loss.reason if self.rungs is None else self.rungs.refused[CHOSEN][0]
        return words.ABSENT[figure]


def study(cohort: Cohort, *, plan: Plan | None = None, materiality: float = 500_000.0, learner: str = "logit", repeats: int = 5,
          tier: str = "value_tier", gates: Gates | None = None, conf_level: float = 0.95, seed: int = 0) -> NpsRevenue:
    """The study of one cohort; an amount whose error matters more than `materiality` is not priced. `plan` is what mending it would cost.

    Where nothing can be compared, and where no model has a solution, it is a refusal that says why.

    Raises
    ------
    ParameterError
        for an unknown learner.
    """
    gates = gates or gating.load()
    if (why := climbing.incomparable(cohort)) is not None:
        return _withheld(cohort, *why, gates, seed)
    try:
        rungs = climbing.compute(cohort, gates=gates, learner=learner, repeats=repeats, seed=seed)
    except DataError as error:
        return _withheld(cohort, *money_words.not_fitted(error), gates, seed)
    priced = power.priced(rungs.loss("aipw"), n=len(cohort.people), materiality=materiality, width_factor=gates.width_factor,
                          tail_index=rungs.lightest_tail, min_tail_index=gates.min_tail_index, conf_level=conf_level)
    hidden = rungs.bounds(1.0, conf_level=conf_level)
    own = own_price.find(rungs, gates=gates, learner=learner, repeats=repeats, seed=seed)
    checks = gate_words.checks(rungs, priced, hidden, gates, conf_level) | ({} if own is None else {"own_price": own.check})
    ladder = _ladder(rungs, checks, seed, conf_level)
    lost = _lost(rungs, ladder[ladder.chosen], conf_level)
    at_risk = _at_risk(rungs, seed, conf_level)
    frames = {"steps": _steps(rungs, ladder, conf_level), "path": _path(rungs), "curves": _curves(rungs, conf_level),
              "contour": _contour(rungs, conf_level), "balance": words.balance(rungs.balance)}
    response = _response(rungs, conf_level, seed)
    kpi, tiers = _kpi(rungs, conf_level), _tiers(rungs=rungs, whole=ladder[ladder.chosen], tier=tier, materiality=materiality, gates=gates,
                                                 learner=learner, seed=seed, conf_level=conf_level)
    worth = None
    if plan is not None and cohort.unit == "cny" and ladder[ladder.chosen].kind == "estimate":
        worth = payback.value(rungs, plan, evidence_level=ladder[CHOSEN].evidence_level, conf_level=conf_level, seed=seed)
    finding = answering.finding(cohort=cohort, rungs=rungs, ladder=ladder, lost=lost, checks=checks, hidden=hidden, own=own, payback=worth,
                                seed=seed)
    captions = captioning.captions(rungs=rungs, ladder=ladder, lost=lost, kpi=kpi, tiers=tiers, at_risk=at_risk, response=response, **frames)
    return NpsRevenue(study=finding, rungs=rungs, checks=checks, ladder=ladder, lost=lost, kpi=kpi, tiers=tiers, at_risk=at_risk, response=response,
                      payback=worth, captions=captions, others=_others(rungs, learner, seed, conf_level), **frames)


def _withheld(cohort: Cohort, reason: Text, needs: Text, gates: Gates, seed: int) -> NpsRevenue:
    """The study where nothing can be compared: the reason, what would help, and the gates that ask nothing of a comparison."""
    ladder, lost = (Ladder(name, (refusal(name, unit=unit, rung=CHOSEN, reason=reason, needs=needs),), chosen=CHOSEN)
                    for name, unit in (("money_loss", cohort.unit), ("customers_lost", "count")))
    at_risk = refusal("money_at_risk", unit=cohort.unit, reason=reason, needs=needs)
    checks = gate_words.withheld(cohort, reason, needs, gates)
    finding = answering.finding(cohort=cohort, rungs=None, ladder=ladder, lost=lost, checks=checks, hidden=None, own=None, payback=None, seed=seed)
    none = pd.DataFrame()
    return NpsRevenue(study=finding, rungs=None, checks=checks, ladder=ladder, lost=lost, kpi=(), tiers=(), at_risk=at_risk, response=None,
                      payback=None, captions=captioning.withheld(cohort, ladder, lost, at_risk), steps=pd.DataFrame(columns=STEPS),
                      path=none, curves=none, contour=pd.DataFrame({"label": []}), balance=none, others=none)


def _ladder(rungs: Rungs, checks: Mapping[str, Check], seed: int, conf_level: float) -> Ladder:
    """The loss of all exposed customers, rung by rung; the chosen one stands only where every deciding gate passed.

    Where some columns may have come after the exposure, the answer is the range between leaving them out and taking them in.
    """
    cohort, made = rungs.cohort, []
    unit = cohort.unit
    failed = next((checks[name] for name in DECIDING if name in checks and checks[name].passed is False), None)
    for rung in climbing.RUNGS:
        if rung in rungs.refused and (rung != "before" or cohort.undated):
            reason, needs = rungs.refused[rung]
            made.append(refusal("money_loss", unit=unit, rung=rung, reason=reason, needs=needs))
        elif rung in rungs.fits:
            made.append(rungs.loss(rung).estimate("money_loss", unit=unit, rung=rung, conf_level=conf_level, evidence_level=_level(rungs, rung),
                                                  verdict=Verdict.REPORT_WITH_CAVEAT, seed=seed))
    chosen = CHOSEN
    if "before" in rungs.fits and not rungs.has_few_dealers:
        chosen, place = "timing", [e.rung for e in made].index(CHOSEN) + 1
        made.insert(place, _range(made[place - 2], made[place - 1]))
    if failed is not None and not rungs.has_few_dealers:
        withheld = refusal("money_loss", unit=unit, rung=chosen, reason=failed.detail, needs=failed.consequence)
        made = [withheld if e.rung == chosen else e for e in made]
    return Ladder("money_loss", tuple(made), chosen=chosen)


def _range(first: Estimate, second: Estimate) -> Estimate:
    """Everything between two estimates whose assumptions exclude each other."""
    ends, outer = sorted((first.value, second.value)), (min(first.conf_low, second.conf_low), max(first.conf_high, second.conf_high))
    return Estimate(estimand=first.estimand, kind="bounds", unit=first.unit, rung="timing", bound_low=ends[0], bound_high=ends[1],
                    conf_low=outer[0], conf_high=outer[1], conf_level=first.conf_level, n=first.n, evidence_level=1,
                    verdict=Verdict.BOUNDS_ONLY, ci_method="with and without columns of unknown time")


def _level(rungs: Rungs, rung: str) -> int:
    """Evidence of one rung; without dates nothing is more than description adjusted, and a design counts only where its placebo passes."""
    if not rungs.cohort.is_dated:
        return min(LEVELS[rung], 1)
    if rung == "events":
        return 3 if rungs.events is not None and rungs.events.passes else 1
    if rung == "agents":
        return 3 if rungs.agents is not None and rungs.agents.is_tested else 1
    return LEVELS[rung]


def _lost(rungs: Rungs, loss: Estimate, conf_level: float) -> Ladder:
    """Customers lost: everybody exposed who left, then those who would not have left anyway."""
    left, cohort = rungs.left, rungs.cohort
    gone = int(cohort.left[cohort.exposed].sum())
    counted = Estimate(estimand="customers_lost", kind="count", unit="count", rung="slide", value=float(gone), n=rungs.n_exposed)
    if left is None or loss.kind != "estimate":
        reason, needs = (loss.reason or words.TIMING[0], loss.needs or words.TIMING[1]) if left is not None else rungs.refused["left"]
        return Ladder("customers_lost", (counted, refusal("customers_lost", unit="count", rung=CHOSEN, reason=reason, needs=needs)), chosen=CHOSEN)
    plain = effects.difference(cohort.left, cohort.exposed, cluster=cohort.clusters)
    rows = [fit.times(rungs.n_exposed).estimate("customers_lost", unit="count", rung=rung, conf_level=conf_level, evidence_level=level,
                                                verdict=Verdict.REPORT_WITH_CAVEAT)
            for rung, fit, level in (("naive", plain, 0), (CHOSEN, left.fit, 1))]
    return Ladder("customers_lost", (counted, *rows), chosen=CHOSEN)


def _parts(rungs: Rungs) -> tuple[Fit, Fit] | None:
    """The loss through customers who left and through what those who stayed spend less, in money; together the whole loss."""
    if rungs.left is None or rungs.left.counterfactual.value >= 1:
        return None
    money, left, n = rungs.money, rungs.left, rungs.n_exposed
    gone = inference.transform(lambda rd, value, chance: n * rd * value / (1 - chance), left.fit, money.counterfactual, left.counterfactual,
                               cluster=rungs.cohort.clusters)
    rest = inference.transform(lambda whole, part: -n * whole - part, money.fit, gone, cluster=rungs.cohort.clusters)
    return gone, rest


def _steps(rungs: Rungs, ladder: Ladder, conf_level: float) -> pd.DataFrame:
    """From what was lost to what the slide claims: key, kind, value, low, high."""
    if ladder[ladder.chosen].kind != "estimate":
        return pd.DataFrame(columns=STEPS)
    n, cluster = rungs.n_exposed, rungs.cohort.clusters
    already = inference.transform(lambda plain, corrected: -n * (plain - corrected), rungs.fits["naive"], rungs.fits["aipw"], cluster=cluster)
    parts = _parts(rungs)
    rows = [] if parts is None else [("left", "step", parts[0]), ("less", "step", parts[1])]
    rows += [("lost", "total", rungs.loss("aipw")), ("already", "step", already), ("slide", "total", rungs.loss("naive"))]
    made = []
    for key, kind, fit in rows:
        reach = inference.quantile(conf_level, fit.df) * fit.std_error
        made.append((key, kind, fit.value, fit.value - reach, fit.value + reach))
    return pd.DataFrame(made, columns=STEPS)


def _kpi(rungs: Rungs, conf_level: float) -> tuple[Estimate, ...]:
    """Effects on the unit's own indicators: coming back and leaving, in percentage points and relative to what had been otherwise."""
    found: list[Estimate] = []
    if not rungs.cohort.is_dated or rungs.has_few_dealers:
        return ()
    for name, made in (("returned", rungs.returned), ("left", rungs.left)):
        if made is None:
            reason, needs = rungs.refused[name]
            found += [refusal(f"{name}_{kind}", unit=unit, group=name, reason=reason, needs=needs)
                      for kind, unit in (("effect", "pp"), ("relative", "share"))]
            continue
        shared = {"conf_level": conf_level, "evidence_level": 1, "verdict": Verdict.REPORT_WITH_CAVEAT}
        found.append(made.fit.estimate(f"{name}_effect", unit="pp", group=name, **shared))
        if made.relative is not None:
            found.append(made.relative.estimate(f"{name}_relative", unit="share", group=name, **shared))
    return tuple(found)


def _tiers(*, rungs: Rungs, whole: Estimate, tier: str, materiality: float, gates: Gates, learner: str, seed: int,
           conf_level: float) -> tuple[Estimate, ...]:
    """The loss by value tier; a tier in which nobody, or everybody, was exposed has nothing to be compared with and is refused by name.

    Where the whole has no amount, its parts have none.
    """
    cohort, made = rungs.cohort, []
    if tier not in cohort.people or cohort.people[tier].nunique() < 2:
        return ()
    for level in sorted(cohort.people[tier].dropna().unique()):
        inside = cohort.people[tier].eq(level).to_numpy(dtype=bool)
        exposed, others = int((inside & cohort.exposed).sum()), int((inside & ~cohort.exposed).sum())
        about = {"unit": cohort.unit, "group": str(level)}
        if whole.kind != "estimate":
            reason, needs = (whole.reason, whole.needs) if whole.kind == "refusal" else words.TIMING
            made.append(refusal("tier_loss", reason=reason, needs=needs, **about))
            continue
        if min(exposed, others) < gates.min_exposed_n:
            reason, needs = words.no_overlap(str(level), exposed, others, gates.min_exposed_n)
            made.append(refusal("tier_loss", reason=reason, needs=needs, **about))
            continue
        found = effects.att(cohort.money, cohort.exposed, rungs.matrix, ids=cohort.people["customer_id"], seed=seed, cluster=cohort.clusters,
                            repeats=1, learner=learner, ceiling=gates.exposure_ceiling, within=inside)
        loss = found.fit.times(-exposed)
        price = power.priced(loss, n=int(inside.sum()), materiality=materiality, width_factor=gates.width_factor, conf_level=conf_level)
        made.append(loss.estimate("tier_loss", conf_level=conf_level, evidence_level=1, verdict=Verdict.REPORT_WITH_CAVEAT, **about)
                    if price.is_priced else refusal("tier_loss", reason=price.reason, needs=price.needs, **about))
    return tuple(made)


def _at_risk(rungs: Rungs, seed: int, conf_level: float) -> Estimate:
    """What exposed customers are expected to take with them, had for any reason: a prediction, never a loss because of the exposure."""
    cohort = rungs.cohort
    if not cohort.is_dated:
        return refusal("money_at_risk", unit=cohort.unit, reason=words.ALREADY_GONE[0], needs=words.ALREADY_GONE[1])
    if rungs.has_few_dealers:
        reason, needs = rungs.refused[CHOSEN]
        return refusal("money_at_risk", unit=cohort.unit, reason=reason, needs=needs)
    try:
        found = stake.at_risk(cohort.money, cohort.left, rungs.matrix, of=cohort.exposed, ids=cohort.people["customer_id"], seed=seed,
                              cluster=cohort.clusters)
    except (DataError, ParameterError) as error:
        reason, needs = words.not_predicted(error)
        return refusal("money_at_risk", unit=cohort.unit, reason=reason, needs=needs)
    return found.fit.times(rungs.n_exposed).estimate("money_at_risk", unit=cohort.unit, conf_level=conf_level, evidence_level=0,
                                                     verdict=Verdict.REPORT_WITH_CAVEAT)


def _path(rungs: Rungs) -> pd.DataFrame:
    """Effects by month around the contact; empty without months."""
    return pd.DataFrame() if rungs.events is None else rungs.events.tidy()


def _curves(rungs: Rungs, conf_level: float) -> pd.DataFrame:
    """Share still there by day, exposed against unexposed weighted to resemble them; empty without dates or where nobody left."""
    cohort = rungs.cohort
    if not cohort.is_dated or rungs.left is None or rungs.has_few_dealers:
        return pd.DataFrame()
    days = np.arange(CURVE_DAYS, cohort.horizon_days, CURVE_DAYS, dtype=float)
    return survival.adjusted_curves(cohort.people["left_days"], cohort.left, cohort.exposed, at=days, weights=rungs.weights,
                                    cluster=cohort.clusters, conf_level=conf_level)


def _response(rungs: Rungs, conf_level: float, seed: int) -> dose.DoseResponse | None:
    """Money by dose, against the middle of the unexposed; None where there is none beyond yes and no."""
    cohort = rungs.cohort
    if "dose" not in cohort.people or cohort.people["dose"].nunique() < 20 or rungs.has_few_dealers:
        return None
    middle = float(np.median(cohort.people["dose"].to_numpy(dtype=float)[~cohort.exposed]))
    options = {"reference": round(middle), "cluster": cohort.clusters, "conf_level": conf_level, "seed": seed}
    for knots in (5, 4, 3):  # fewer bends where many customers share a dose
        try:
            return dose.dose_response(cohort.money, cohort.people["dose"], rungs.matrix, knots=knots, **options)
        except DataError:
            continue
    return None


def _contour(rungs: Rungs, conf_level: float) -> pd.DataFrame:
    """The loss if something unrecorded were so strong, with the known factor at one, two and three times its strength."""
    if rungs.has_few_dealers:
        return pd.DataFrame({"label": []})
    known = rungs.benchmark
    points = [] if known is None else [replace(known.times(k), label=str(k)) for k in (1, 2, 3)]
    made = sensitivity.ml_contour(rungs.money.fit, **rungs.moments, benchmarks=points, conf_level=conf_level)
    return made.assign(estimate=-rungs.n_exposed * made["estimate"], conf_end=-rungs.n_exposed * made["conf_end"])


def _others(rungs: Rungs, learner: str, seed: int, conf_level: float) -> pd.DataFrame:
    """The same comparison on other money: cut at the top, over half the time, revenue for margin. Other estimands, none a check of the first."""
    cohort = rungs.cohort
    if rungs.has_few_dealers:
        return pd.DataFrame()
    outcomes = {"cut_995": tails.winsorise(cohort.money, quantile=0.995)[0], "cut_99": tails.winsorise(cohort.money, quantile=0.99)[0]}
    if cohort.is_dated and cohort.ledger is not None:
        start = cohort.people.set_index("customer_id")["index_at"]
        outcomes["half"] = ledgers.window(cohort.ledger, start, days=cohort.horizon_days / 2)[cohort.ledger.measure].to_numpy(dtype=float)
        if cohort.measure == "margin":
            outcomes["revenue"] = ledgers.window(cohort.ledger, start, days=cohort.horizon_days)["net_cny"].to_numpy(dtype=float)
    rows = [words.other("adjusted" if cohort.undated else "whole", rungs.loss("aipw"), cohort.unit, conf_level)]
    for name, y in outcomes.items():
        found = effects.att(y, cohort.exposed, rungs.matrix, ids=cohort.people["customer_id"], seed=seed, cluster=cohort.clusters, repeats=1,
                            learner=learner)
        rows.append(words.other(name, found.fit.times(-rungs.n_exposed), cohort.unit, conf_level))
    return pd.DataFrame(rows)


def facts(cohort: Cohort) -> dict[Any, Any]:
    """Counts that open the page."""
    return words.facts(cohort)


def against_truth(result: NpsRevenue, planted: Mapping[str, Any]) -> pd.DataFrame:
    """Each rung beside what was planted, which no estimator saw."""
    return words.truth_table(result.ladder, result.lost, planted["nps_revenue"])
