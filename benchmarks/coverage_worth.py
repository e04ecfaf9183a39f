"""Planted worlds of what experience is worth: a point of NPS, noisy scores, calls to detractors, programmes and pilots."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.coverage import FALSE_ALARM_BAND, FALSE_ALARM_RUNS, Draw, Interval, Setting, beside_zero
from voclib.results import Estimate, refusal
from voclib.simulate.worlds import recovery
from voclib.simulate.worlds import worth as worth_world
from voclib.stats import inference, power, retest, roi, tails, worth
from voclib.stats.inference import Fit

SOME = 300  # runs where a share near 0 or 1 is to be seen
FAILS = (-np.inf, 0.5)  # where a naive interval must not hold the truth, else the world shows nothing
CUSTOMERS = 100_000


def point(frame: pd.DataFrame, *, path: str, kind: worth.Kind = "standardised") -> Estimate:
    """¥ that one point of NPS is worth to 100,000 customers, along one path."""
    values = worth.class_values(frame["margin_12m"], frame["nps_class"], matrix=frame[["log_spend"]])
    return worth.paths(values, customers=CUSTOMERS, kind=kind).estimate(path, "nps_point")


def _path(path: str, **planted: float) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = worth_world.draw(seed, **planted)
        return frame, truth["paths_cny"][path]
    return taken


def slope(frame: pd.DataFrame, *, naive: bool = False) -> Estimate:
    """¥ a point of satisfaction, from two scores or from the first alone."""
    found = worth.disattenuated(frame["margin_12m"], frame["first"], frame["second"], matrix=frame[["log_spend"]])
    return found.naive.estimate("slope", unit="cny") if naive else found.estimate("slope")


def _noisy(**planted: float) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = worth_world.noisy(seed, **planted)
        return frame, truth["slope"]
    return taken


def unadjusted(frame: pd.DataFrame) -> Interval:
    """Margin on one score, past spending left out."""
    found = worth.disattenuated(frame["margin_12m"], frame["first"], frame["second"]).naive
    return found.value - 1.96 * found.std_error, found.value + 1.96 * found.std_error


def points() -> list[Setting]:
    """A point of NPS along four paths, and ¥ a point of satisfaction."""
    null = {"detractor_gap": 0.0, "promoter_gap": 0.0}
    alarm = {"kind": "false alarms", "count": beside_zero, "band": FALSE_ALARM_BAND, "runs": FALSE_ALARM_RUNS, "naive_band": (0.9, 1.0)}
    found = {"kind": "power", "count": beside_zero, "band": (0.8, 1.0)}
    priced = [Setting(method="point of NPS", setting=f"2000 customers, path {path.replace('_', ' ')}", draw=_path(path), planted=True,
                      call=partial(point, path=path), naive=partial(point, path=path, kind="crude"), naive_band=FAILS) for path in worth.PATHS]
    return [*priced,
            Setting(method="point of NPS", setting="classes differ only in what they spent before", draw=_path("tilt", **null),
                    call=partial(point, path="tilt"), naive=partial(point, path="tilt", kind="crude"), **alarm),
            Setting(method="point of NPS", setting="2000 customers, is the tilt worth anything", draw=_path("tilt"),
                    call=partial(point, path="tilt"), **found),
            Setting(method="two noisy scores", setting="1500 customers, reliability 0.5-0.7", draw=_noisy(), call=slope,
                    naive=partial(slope, naive=True), naive_band=FAILS, planted=True),
            Setting(method="two noisy scores", setting="satisfaction is worth nothing", draw=_noisy(slope=0.0), call=slope,
                    naive=unadjusted, **alarm),
            Setting(method="two noisy scores", setting="1500 customers, is satisfaction worth anything", draw=_noisy(), call=slope, **found)]


def called_back(frame: pd.DataFrame) -> retest.Recovery:
    """The recovery programme, call list and tenure adjusted for."""
    return retest.recovery(frame["first"], frame["second"], called=frame["called"], matrix=frame[["tenure"]])


def adjusted(frame: pd.DataFrame) -> Estimate:
    """What calling did, against like detractors nobody called; a refusal without any."""
    return called_back(frame).estimate("recovery")


def before_after(frame: pd.DataFrame) -> Interval:
    """The change of those called."""
    over = frame[frame["called"] & frame["second"].notna()]
    change = retest.coded(over["second"]) - retest.coded(over["first"])
    reach = 1.96 * change.std(ddof=1) / np.sqrt(len(change))
    return change.mean() - reach, change.mean() + reach


def by_retest(frame: pd.DataFrame) -> Estimate:
    """The change of those called less what repeated scores lead one to expect."""
    return called_back(frame).sensitivity.estimate("recovery", unit="points")


def repeats(frame: pd.DataFrame) -> Estimate:
    """Test-retest correlation of satisfaction, from customers who were not called."""
    left = frame["second"].where(~frame["called"])
    return retest.retest(frame["first"], left, among=frame["first"] <= 6).reliability.estimate("reliability", unit="ratio")


def scores_alone(frame: pd.DataFrame) -> Interval:
    """Pearson's correlation of the two scores, range by Fisher's z."""
    both = frame[~frame["called"] & frame["second"].notna()]
    z, reach = np.arctanh(both["first"].corr(both["second"])), 1.96 / np.sqrt(len(both) - 3)
    return float(np.tanh(z - reach)), float(np.tanh(z + reach))


def _recovery(name: str = "effect_points", **planted: Any) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = recovery.draw(seed, **planted)
        return frame, truth[name]
    return taken


def recovered() -> list[Setting]:
    """Detractors called back: with like ones nobody called, and without."""
    alarm = {"kind": "false alarms", "count": beside_zero, "band": FALSE_ALARM_BAND, "runs": FALSE_ALARM_RUNS, "naive_band": (0.99, 1.0)}
    found = {"kind": "power", "count": beside_zero, "band": (0.8, 1.0)}
    works, alone = _recovery(lift=None), "every detractor is called"
    return [Setting(method="recovery", setting="calls by list, a call does nothing", draw=_recovery(), call=adjusted, naive=before_after, **alarm),
            Setting(method="recovery", setting="calls by list, a call helps", draw=works, call=adjusted, naive=before_after, naive_band=FAILS,
                    max_bias=1.0, max_refusals=0.0),
            Setting(method="recovery", setting="calls by list, does a call help", draw=works, call=adjusted, max_refusals=0.0, **found),
            Setting(method="recovery", setting=alone, draw=_recovery(lift=None, calls="all"), call=adjusted, kind="refusals", band=(1.0, 1.0),
                    runs=SOME),
            Setting(method="recovery by retest", setting=f"{alone}, a call does nothing", draw=_recovery(calls="all"), call=by_retest,
                    naive=before_after, **alarm),
            Setting(method="recovery by retest", setting=f"{alone}, a call helps", draw=_recovery(lift=None, calls="all"), call=by_retest,
                    naive=before_after, naive_band=FAILS, max_bias=1.0),
            Setting(method="reliability", setting="from passives and promoters only", draw=_recovery("reliability", calls="all"), call=repeats,
                    naive=scores_alone, naive_band=FAILS)]


def taken_up(frame: pd.DataFrame) -> tuple[Fit, Fit]:
    """Effect on those who take the programme up (difference by offer over uptake), and the uptake."""
    y, offered, taken = (frame[c].to_numpy(dtype=float) for c in ("margin_12m", "offered", "taken"))
    share, uptake = offered.mean(), taken[offered == 1].mean()
    gap = y[offered == 1].mean() - y[offered == 0].mean()
    arm = np.where(offered == 1, (y - y[offered == 1].mean()) / share, -(y - y[offered == 0].mean()) / (1 - share))
    moved = offered * (taken - uptake) / share
    return (inference.fit(gap / uptake, arm / uptake - gap / uptake**2 * moved, n=len(y), method="Wald ratio"),
            inference.fit(uptake, moved, n=int(offered.sum()), method="uptake"))


def rolled_out(frame: pd.DataFrame, *, level: int = 4, draws: int = 1000) -> roi.Roi:
    """Return of the roll-out, effect and uptake drawn with the correlation their common customers give them."""
    effect, uptake = taken_up(frame)
    inputs = roi.Inputs(effect=effect, units=worth_world.UNITS, adherence=uptake, cost=float(frame["cost_cny"].iloc[0]), discount_rate=0.0,
                        correlation={("effect", "adherence"): roi.correlation(effect, uptake)})
    return roi.simulate(inputs, evidence_level=level, draws=draws, seed=1)


def everybody_takes_it(frame: pd.DataFrame) -> Interval:
    """Effect of the offer on margin taken for each unit's effect, with everybody adhering: cost of those who do not is forgotten."""
    effect, _ = taken_up(frame)
    gain = effect.times(worth_world.UNITS)
    return gain.value - frame["cost_cny"].iloc[0] - 1.96 * gain.std_error, gain.value - frame["cost_cny"].iloc[0] + 1.96 * gain.std_error


def _programme(name: str = "npv_cny", **planted: float) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = worth_world.programme(seed, **planted)
        return frame, truth[name]
    return taken


def chance(found: roi.Roi, truth: Any) -> float:
    """P(NPV > 0) as the page would print it."""
    return found.p_positive


def reaches(found: roi.Roi, truth: Any, *, least: float) -> float:
    """Whether that chance is at least so large."""
    return float(found.p_positive >= least)


def returns() -> list[Setting]:
    """A programme rolled out after a trial, or after an association only."""
    nothing = _programme(effect=0.0)
    return [Setting(method="return", setting="programme tried by lot", draw=_programme(), call=lambda f: rolled_out(f).estimate("npv"),
                    naive=everybody_takes_it, naive_band=(-np.inf, 0.85)),
            Setting(method="return", setting="programme does nothing, evidence level 1, P(NPV > 0)", draw=nothing, kind="false alarms", count=chance,
                    call=partial(rolled_out, level=1), naive=partial(rolled_out, level=4), band=(0.0, 0.10)),
            *(Setting(method="return", setting=f"programme pays, {what}, P(NPV > 0) of at least {least}", kind="power", band=(0.8, 1.0),
                      draw=_programme(effect=200.0, break_even=60.0), call=partial(rolled_out, level=level), count=partial(reaches, least=least))
              for what, level, least in (("tried by lot", 4, 0.8), ("evidence level 1", 1, 0.4)))]


def offer(frame: pd.DataFrame) -> Fit:
    """¥ that the offer brought to all who got it."""
    y, offered = frame["margin_12m"].to_numpy(), frame["offered"].to_numpy()
    means = [y[offered == arm].mean() for arm in (False, True)]
    arm = np.where(offered, (y - means[1]) / offered.mean(), -(y - means[0]) / (1 - offered.mean()))
    return inference.fit(means[1] - means[0], arm, n=len(y)).times(float(offered.sum()))


def gated(frame: pd.DataFrame, *, tail: bool = True) -> Estimate:
    """The amount, where the gate of money lets it pass."""
    margin = frame["margin_12m"].to_numpy(dtype=float)
    fit, index = offer(frame), tails.hill(margin[margin > 0]).value if tail else None
    found = power.priced(fit, materiality=100_000.0, tail_index=index)
    return fit.estimate("amount", unit="cny") if found.is_priced else refusal("amount", unit="cny", reason=found.reason, needs=found.needs)


def _designed(seed: int) -> tuple[pd.DataFrame, float]:
    """A stepped-wedge pilot of a planted effect of exactly what it can detect, as margin by store and period."""
    rng = np.random.default_rng([seed, 4])
    icc, sd = rng.uniform(0.02, 0.1), rng.uniform(200, 600)
    plan = power.pilot(24, 5, icc=icc, sd=sd, cluster_size=40, effect=1.0)
    x = plan.design
    y = rng.normal(size=5) + np.sqrt(icc) * sd * rng.normal(size=(24, 1)) + np.sqrt((1 - icc) / 40) * sd * rng.normal(size=x.shape)
    store, period = np.indices(x.shape)
    return pd.DataFrame({"store": store.ravel(), "period": period.ravel(), "on": x.ravel(), "y": (y + plan.detectable * x).ravel(),
                         "between": icc * sd**2, "within": (1 - icc) * sd**2 / 40}), plan.detectable


def analysed(frame: pd.DataFrame) -> Interval:
    """Generalised least squares with the variance components the plan assumed."""
    periods = frame["period"].nunique()
    ratio = 1 - np.sqrt(frame["within"].iloc[0] / (frame["within"].iloc[0] + periods * frame["between"].iloc[0]))
    columns = np.column_stack([frame["y"], frame["on"], pd.get_dummies(frame["period"])]).astype(float)
    columns = columns - ratio * pd.DataFrame(columns).groupby(frame["store"]).transform("mean").to_numpy()
    beta, inverse = np.linalg.lstsq(columns[:, 1:], columns[:, 0], rcond=None)[0], np.linalg.inv(columns[:, 1:].T @ columns[:, 1:])
    reach = inference.quantile(0.95, frame["store"].nunique() - 2) * np.sqrt(frame["within"].iloc[0] * inverse[0, 0])
    return float(beta[0] - reach), float(beta[0] + reach)


def planned() -> list[Setting]:
    """The gate of money, and pilots whose power was computed beforehand."""
    heavy, light, gate = _programme(log_sd=2.0), _programme(log_sd=0.6), {"kind": "refusals", "runs": SOME}
    return [Setting(method="gate of money", setting="2000 customers, log-sd 2", draw=heavy, call=gated, band=(0.95, 1.0), **gate),
            Setting(method="gate of money", setting="2000 customers, log-sd 0.6", draw=light, call=gated, band=(0.0, 0.05), **gate),
            Setting(method="pilot", setting="24 stores, 5 periods, the effect it can detect", draw=_designed, call=analysed, kind="power",
                    count=beside_zero, band=(0.76, 0.84))]


def settings() -> list[Setting]:
    """All planted worlds of worth, recovery, power and return."""
    return [*points(), *recovered(), *returns(), *planned()]
