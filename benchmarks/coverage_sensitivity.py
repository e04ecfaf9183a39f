"""Planted worlds for the long runs: a factor nobody recorded, negative controls, and the curve of waiting.

Strengths of the unseen factor are known exactly; methods get them only where the setting says so ("at the planted strength"), in
the data they are called with.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.coverage import FALSE_ALARM_BAND, FALSE_ALARM_RUNS, Draw, Interval, Setting, beside_zero
from voclib.results import Estimate
from voclib.simulate.worlds import dose as dose_world
from voclib.simulate.worlds import hidden_factor
from voclib.stats import dose, sensitivity
from voclib.stats.effects import Att, att, difference

SAFE_BAND, FAILS, ALARMS = (0.95, 1.0), (-np.inf, 0.5), (0.9, 1.0)
SOME = 300  # runs where a share of one half is to be seen
CUSTOMERS = 1500
Curve = dose.DoseResponse


class Case(NamedTuple):
    """What a run leaves to judge: customers, their effect as estimated without the unseen factor, its strength or that of a covariate."""

    frame: pd.DataFrame
    found: Att
    cf_y: float
    cf_d: float
    rho: float


def effect(frame: pd.DataFrame, *, covariates: tuple[str, ...] = ("log_spend", "visits"), outcome: str = "margin_12m_cny") -> Att:
    """Cross-fitted effect of the wait on those who waited, two folds."""
    matrix = np.column_stack([frame[name].to_numpy() - frame[name].to_numpy().mean() for name in covariates])
    return att(frame[outcome].to_numpy(), frame["waited"].to_numpy(), matrix, ids=np.arange(len(frame)), seed=1, k=2, repeats=1)


def _square(found: Att) -> dict[str, np.ndarray]:
    return {"riesz_second_moment": sensitivity.riesz_square(found.riesz), "residual_variance": found.residual**2}


def planted_strength(*, share: float = 1.0, **options: float) -> Draw:
    """Runs that are told the strength of the unseen factor, or a share of it."""
    def taken(seed: int) -> tuple[Case, float]:
        frame, truth = hidden_factor.draw(seed, customers=CUSTOMERS, **options)
        return Case(frame, effect(frame), share * truth["cf_y"], share * truth["cf_d"], truth["rho"]), truth["att_cny"]
    return taken


def benchmark_strength(**options: float) -> Draw:
    """Runs that know nothing but how strong `visits` is, which is at least as strong as the unseen factor."""
    def taken(seed: int) -> tuple[Case, float]:
        frame, truth = hidden_factor.draw(seed, customers=CUSTOMERS, **options)
        full, without = effect(frame), effect(frame, covariates=("log_spend",))
        known = sensitivity.benchmark(full.fit, without.fit, **{k: (v, _square(without)[k]) for k, v in _square(full).items()})
        return Case(frame, full, known.cf_y, known.cf_d, 1.0), truth["att_cny"]
    return taken


def bounded(case: Case) -> Estimate:
    """Bounds at the strength of the case."""
    found = sensitivity.ml_bounds(case.found.fit, cf_y=case.cf_y, cf_d=case.cf_d, rho=case.rho, **_square(case.found))
    return found.estimate("att", unit="cny")


def as_if_nothing_were_hidden(case: Case) -> Interval:
    """The interval of the adjusted estimate."""
    shown = case.found.fit.estimate("att", unit="cny")
    return shown.conf_low, shown.conf_high


def _robustness(seed: int) -> tuple[pd.DataFrame, float]:
    """No effect: the planted strength is what it takes to explain the estimate away."""
    frame, truth = hidden_factor.draw(seed, customers=CUSTOMERS, effect=0.0)
    ratio = abs(truth["bias_cny"]) / np.sqrt(truth["riesz_second_moment"] * truth["residual_variance"])
    return frame, sensitivity.robustness.from_ratio(ratio)


def ml_value(frame: pd.DataFrame) -> Estimate:
    """Robustness value of the cross-fitted effect."""
    found = effect(frame)
    return _shown(sensitivity.ml_robustness_value(found.fit, **_square(found)))


def _linear(*, truth: str, **options: float) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, true = hidden_factor.draw_linear(seed, **options)
        return frame, true[truth]
    return taken


def _regression(frame: pd.DataFrame) -> sensitivity.Sensitivity:
    return sensitivity.ols_sensitivity(frame["margin_12m_cny"], frame["wait_minutes"], frame[["age"]], ["age"], benchmarks=["age"], k=[1])


def linear_value(frame: pd.DataFrame) -> Estimate:
    """Robustness value of the regression."""
    return _shown(_regression(frame).robustness)


def linear_bounds(frame: pd.DataFrame) -> Estimate:
    """Bounds of the slope with a factor as strong as age."""
    found = _regression(frame)
    return found.between(*found.bounds.loc[0, ["r2_dz", "r2_yz"]]).estimate("slope", unit="cny")


def slope(frame: pd.DataFrame) -> Interval:
    """The interval of the slope as if nothing were hidden."""
    shown = _regression(frame).fit.estimate("slope", unit="cny")
    return shown.conf_low, shown.conf_high


def _shown(found: sensitivity.Robustness) -> Estimate:
    return Estimate(estimand="robustness", kind="estimate", unit="share", value=found.value, conf_low=found.conf_low, conf_high=found.conf_high)


def strengths() -> list[Setting]:
    """A factor nobody recorded, at a known strength, at that of a covariate, and absent."""
    told = {"method": "hidden factor", "call": bounded, "naive": as_if_nothing_were_hidden}
    return [Setting(setting="bounds at the planted strength", draw=planted_strength(), band=SAFE_BAND, naive_band=FAILS, **told),
            Setting(setting="bounds at a quarter of the planted strength", draw=planted_strength(share=0.25), band=(0.0, 0.6), naive_band=FAILS,
                    runs=SOME, **told),
            Setting(setting="bounds at the strength of a covariate that is no weaker", kind="bounds", draw=benchmark_strength(), band=SAFE_BAND,
                    naive_band=FAILS, **told),
            Setting(setting="bounds at the strength of a covariate, nothing hidden", kind="bounds", draw=benchmark_strength(hidden=0.0),
                    band=SAFE_BAND, **told),
            Setting(setting="bounds at the strength of a covariate, margin halved", kind="power", count=beside_zero, band=(0.8, 1.0), runs=SOME,
                    draw=benchmark_strength(effect=-0.5), **told),
            Setting(method="robustness value", setting="cross-fitted, no effect, 1500 customers", draw=_robustness, call=ml_value),
            Setting(method="robustness value", setting="regression, no effect, 800 customers", draw=_linear(truth="strength", effect=0.0),
                    call=linear_value),
            Setting(method="hidden factor, regression", setting="bounds at the strength of a covariate that is no weaker",
                    draw=_linear(truth="effect_cny"), call=linear_bounds, naive=slope, band=SAFE_BAND, naive_band=FAILS)]


def _controlled(*, customers: int = CUSTOMERS, **options: float) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        return hidden_factor.draw(seed, customers=customers, **options)[0], 0.0
    return taken


def placebo(frame: pd.DataFrame) -> sensitivity.NegativeControl:
    """The effect of the wait on the margin before it, against that on the margin after it."""
    return sensitivity.negative_control(effect(frame, outcome="margin_before_cny").fit, main=effect(frame).fit.value)


def unadjusted_placebo(frame: pd.DataFrame) -> sensitivity.NegativeControl:
    """The same without taking anything into account."""
    plain = {name: difference(frame[name], frame["waited"]) for name in ("margin_before_cny", "margin_12m_cny")}
    return sensitivity.negative_control(plain["margin_before_cny"], main=plain["margin_12m_cny"].value)


def _is(state: str) -> Any:
    """Counts runs that end in a state."""
    return lambda found, _: float(found.state == state)


def controls() -> list[Setting]:
    """Placebo outcomes in a world without a hidden factor and in one with."""
    return [Setting(method="negative control", setting="margin before the wait, nothing hidden, failed", kind="false alarms", call=placebo,
                    naive=unadjusted_placebo, naive_band=ALARMS, count=_is("failed"), draw=_controlled(hidden=0.0), band=FALSE_ALARM_BAND,
                    runs=FALSE_ALARM_RUNS),
            Setting(method="negative control", setting="margin before the wait, a hidden factor, failed", kind="power", call=placebo,
                    count=_is("failed"), draw=_controlled(hidden=1.0), band=(0.8, 1.0), runs=SOME),
            Setting(method="negative control", setting="200 customers, a hidden factor, passed", kind="false alarms", call=placebo,
                    count=_is("passed"), draw=_controlled(customers=200), band=FALSE_ALARM_BAND),
            Setting(method="negative control", setting="3000 customers, nothing hidden, margin halved, passed", kind="power", call=placebo,
                    count=_is("passed"), draw=_controlled(hidden=0.0, effect=-0.5, customers=3000), band=(0.8, 1.0), runs=SOME)]


def _waits(**options: float) -> Draw:
    """Customers and the planted curve, from which only the judgement of a run reads."""
    def taken(seed: int) -> tuple[tuple[pd.DataFrame, Any], float]:
        frame, _, curve = dose_world.draw(seed, **options)
        return (frame, curve), 0.0
    return taken


def waiting(data: tuple[pd.DataFrame, Any], *, adjusted: bool = True) -> Curve:
    """The curve of waiting, with or without what is known of the customers."""
    frame = data[0]
    known = frame[["prior_spend", "log_spend", "tenure"]].to_numpy()
    return dose.dose_response(frame["margin_12m_cny"], frame["wait_minutes"], known if adjusted else known[:, :0], draws=1000)


def farthest(data: tuple[pd.DataFrame, Any], *, adjusted: bool = True) -> Estimate:
    """How far the curve lies from the planted one where it lies farthest in standard errors, with the band there: holds 0 if all of it holds."""
    found = waiting(data, adjusted=adjusted)
    curve = found.curve[found.curve["std_error"] > 0]
    off = curve["estimate"] - (data[1](curve["dose"]) - data[1](found.reference))
    worst = (off.abs() / curve["std_error"]).idxmax()
    reach = found.critical * curve.loc[worst, "std_error"]
    return Estimate(estimand="off", kind="estimate", unit="cny", value=off[worst], conf_low=off[worst] - reach, conf_high=off[worst] + reach)


def _farthest_unadjusted(data: tuple[pd.DataFrame, Any]) -> Interval:
    found = farthest(data, adjusted=False)
    return found.conf_low, found.conf_high


def _finds(found: Curve, _: Any) -> float:
    """1 where the curve is told from a flat one."""
    return float(found.p_value < 0.05)


def doses() -> list[Setting]:
    """Minutes of waiting: a planted curve, none, and the same without taking past spending into account."""
    plain = partial(waiting, adjusted=False)
    return [Setting(method="dose and response", setting="2000 customers, band of the whole curve", draw=_waits(), call=farthest,
                    naive=_farthest_unadjusted, naive_band=FAILS),
            Setting(method="dose and response", setting="2000 customers, waiting does nothing", kind="false alarms", draw=_waits(most_cny=0.0),
                    call=waiting, naive=plain, naive_band=ALARMS, count=_finds, band=FALSE_ALARM_BAND, runs=FALSE_ALARM_RUNS),
            Setting(method="dose and response", setting="2000 customers, up to 150-250 yuan lost", kind="power", draw=_waits(), call=waiting,
                    count=_finds, band=(0.8, 1.0), runs=SOME)]


def settings() -> list[Setting]:
    """All planted worlds of hidden factors and of doses."""
    return [*strengths(), *controls(), *doses()]
