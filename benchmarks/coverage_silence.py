"""Planted worlds of silence for the long runs: who answers, who is called back, who cannot be asked.

A number of all customers is held against the expected score of the planted world where the interval counts the customers as a draw
from it, and against the customers' own score where it does not (bounds, weights of those who answered).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from benchmarks.coverage import EXTREME_BAND, FALSE_ALARM_BAND, FALSE_ALARM_RUNS, SHORT_BAND, Draw, Interval, Setting, beside_zero
from voclib.results import Estimate, Text, refusal
from voclib.simulate.worlds import dealer_answering, nonresponse, reminders
from voclib.stats import bounds, callbacks, crossfit, missingness, propensity, tilt, weighting
from voclib.stats.inference import Fit
from voclib.studies.survivorship import correction

NPS, LEVELS = {"low": -100.0, "high": 100.0}, (-100.0, 0.0, 100.0)
BEHAVIOUR = ("tenure", "log_spend", "risk", "logins")
MARGINS = (*(f"{name}_fifth" for name in BEHAVIOUR), "complaint")
KNOWN_IN_PART = ("log_spend", "complaint")  # a model without tenure, risk and log-ins is wrong
BOOSTED_BAND, EVERY_RUN = (0.88, 0.99), (1.0, 1.0)
SOME, BOOSTED = 300, 100  # runs where a share of one half or an error of points is to be seen, and where a run takes seconds
CALLS, SILENT = 300, 6400
MORE_READILY = {"critical": "the critical answer more readily", "even": "all answer alike", "pleased": "the pleased answer more readily"}
FAILS = (-np.inf, 0.5)  # where a naive interval must not hold the truth, else the world shows nothing


@cache
def expected_nps() -> float:
    """NPS of the world that customers are drawn from: exact given what is known of one, averaged over a million (±0.04)."""
    expected = nonresponse.expected_satisfaction(nonresponse.covariates(np.random.default_rng(0), 1_000_000))
    return float(100 * (norm.sf((8.5 - 7) / 1.6 - expected) - norm.cdf((6.5 - 7) / 1.6 - expected)).mean())


def points(score: pd.Series) -> np.ndarray:
    """NPS points (N,), not a number where there is no answer."""
    s = score.to_numpy(dtype=float)
    return np.where(np.isnan(s), np.nan, 100.0 * (s >= 9) - 100.0 * (s <= 6))


def world(*, truth: str = "", customers: int = 8000, **planted: float | tuple[float, float]) -> Draw:
    """Draws of DGP B; a planted pair is a range, drawn from per seed. The truth is expected, or the named one of the customers drawn."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        rng = np.random.default_rng([seed, 9])
        drawn = {k: float(rng.uniform(*v)) if isinstance(v, tuple) else v for k, v in planted.items()}
        frame, true = nonresponse.draw(seed, customers=customers, **drawn)
        return frame, true[truth] if truth else expected_nps()
    return taken


def shown(fit: Fit) -> Estimate:
    """A mean in NPS points as a page would print it."""
    return fit.estimate("nps_all", unit="points", **NPS)


def raw(frame: pd.DataFrame) -> Estimate:
    """The score of those who answered."""
    return shown(propensity.raw_mean(points(frame["nps_score"])))


def _calibrated(frame: pd.DataFrame) -> tuple[weighting.Weights, pd.DataFrame, np.ndarray]:
    """Weights to the fifths of behaviour, the complaint flag and the sums, the population, and answers (N,)."""
    fifths = {f"{name}_fifth": np.searchsorted(np.quantile(frame[name], [0.2, 0.4, 0.6, 0.8]), frame[name]) for name in BEHAVIOUR}
    people, y = frame.assign(**fifths), points(frame["nps_score"])
    totals = weighting.margins(people, list(MARGINS), numeric=list(BEHAVIOUR))
    return weighting.calibrate(people[~np.isnan(y)], totals, bounds=(0.1, 8.0)), people, y


def calibrated(frame: pd.DataFrame) -> Estimate:
    """Calibration, its variance over the whole population."""
    found, people, y = _calibrated(frame)
    return shown(found.fit(y, frame=people))


def calibrated_answers(frame: pd.DataFrame) -> Estimate:
    """Calibration, its linearised variance over the answers."""
    found, _, y = _calibrated(frame)
    return shown(found.fit(y[~np.isnan(y)]))


def fixed_weights(frame: pd.DataFrame) -> Estimate:
    """The same weights, taken as if a design had fixed them."""
    found, _, y = _calibrated(frame)
    return shown(weighting.design_mean(y[~np.isnan(y)], weights=found.weights))


def _matrix(frame: pd.DataFrame) -> np.ndarray:
    return crossfit.features(frame, list(nonresponse.COVARIATES), interactions=True, squares=True).matrix


def _propensity(frame: pd.DataFrame) -> propensity.PropensityFit:
    return propensity.ipw_mean(points(frame["nps_score"]), _matrix(frame))


def ipw(frame: pd.DataFrame) -> Estimate:
    """Inverse response chances with the variance of estimated ones."""
    return shown(_propensity(frame).fit)


def given_chances(frame: pd.DataFrame) -> Estimate:
    """The same weights, taken as if the chances were known."""
    found, y = _propensity(frame), points(frame["nps_score"])
    live = found.weights > 0
    return shown(weighting.design_mean(y[live], weights=found.weights[live]))


def _aipw(frame: pd.DataFrame, response: np.ndarray | None = None, outcome: np.ndarray | None = None, **options: Any) -> propensity.PropensityFit:
    matrix = _matrix(frame) if response is None else response
    return propensity.aipw_mean(points(frame["nps_score"]), matrix, outcome_matrix=outcome, ids=np.arange(len(frame)), levels=LEVELS, repeats=1,
                                seed=1, **options)


def aipw(frame: pd.DataFrame) -> Estimate:
    """Cross-fitted AIPW with logit learners, 5 folds, one split."""
    return shown(_aipw(frame).fit)


def boosted(frame: pd.DataFrame) -> Estimate:
    """Cross-fitted AIPW with boosted learners, which find bends by themselves."""
    return shown(_aipw(frame, crossfit.features(frame, list(nonresponse.COVARIATES)).matrix, learner="boosting").fit)


def partly_wrong(frame: pd.DataFrame, *, response: bool, outcome: bool) -> Estimate:
    """AIPW whose response model, outcome model, or both know only a part of what they should."""
    right, wrong = _matrix(frame), crossfit.features(frame, list(KNOWN_IN_PART)).matrix
    return shown(_aipw(frame, wrong if response else right, wrong if outcome else right).fit)


Dealt = tuple[np.ndarray, np.ndarray, np.ndarray]


def answering(pull: tuple[float, float], **options: float) -> Draw:
    """Customers of dealers of whom more answer the better they are served, by log-odds drawn per seed within `pull`."""
    def taken(seed: int) -> tuple[Dealt, float]:
        return dealer_answering.draw(seed, pull=float(np.random.default_rng([seed, 9]).uniform(*pull)), **options)
    return taken


def by_dealer(dealt: Dealt) -> Estimate:
    """Cross-fitted AIPW that also knows how readily the customers of each one's dealer answered, as page 21 does."""
    known, y, unit = dealt
    return without_dealer((np.column_stack([known, *correction.dealer_answering(y, unit, known)]), y, unit))


def without_dealer(dealt: Dealt) -> Estimate:
    """The same with what is known of the customer alone."""
    known, y, unit = dealt
    return shown(propensity.aipw_mean(y, known, ids=np.arange(len(y)), levels=LEVELS, cluster=unit, repeats=1, seed=1).fit)


def _moved(estimate: Callable[[pd.DataFrame], Fit]) -> Callable[[pd.DataFrame], Estimate]:
    """By how much a method moves the raw score."""
    def gap(frame: pd.DataFrame) -> Estimate:
        return propensity.gap(propensity.raw_mean(points(frame["nps_score"])), estimate(frame)).estimate("gap", unit="points")
    return gap


def _calibrated_fit(frame: pd.DataFrame) -> Fit:
    found, people, y = _calibrated(frame)
    return found.fit(y, frame=people)


def unpaired(frame: pd.DataFrame) -> Interval:
    """The gap of raw and AIPW as if they were two samples."""
    one, two = propensity.raw_mean(points(frame["nps_score"])), _aipw(frame).fit
    reach = 1.959964 * float(np.hypot(one.std_error, two.std_error))
    return two.value - one.value - reach, two.value - one.value + reach


def weighted() -> list[Setting]:
    """Silence that is explained by what is known of the customer, and silence at random."""
    explained, answers = world(), world(truth="nps_all")
    least = {"naive": raw, "naive_band": FAILS, "max_bias": 0.5}
    wide = {"naive_band": (0.96, 1.0), "max_bias": 0.5}
    known = [Setting(method=name, setting="8000 customers, a fifth answer, missing at random", draw=explained, call=call, **least)
             for name, call in (("calibrated", calibrated), ("ipw", ipw), ("aipw", aipw))]
    wrong = [Setting(method="aipw, wrong models", setting=f"6000 customers, missing at random, {what} wrong", kind="bias", naive=raw, band=band,
                     draw=world(customers=6000), call=partial(partly_wrong, response=response, outcome=outcome), runs=SOME)
             for what, response, outcome, band in (("response model", True, False, (-1, 1)), ("outcome model", False, True, (-1, 1)),
                                                   ("both models", True, True, (2, 20)))]
    at_random = world(explained=0.0, customers=4000)
    others = [Setting(method="calibrated, linearised", setting="8000 customers, a fifth answer, missing at random", draw=answers,
                      call=calibrated_answers, naive=fixed_weights, **wide),
              Setting(method="ipw, estimated chances", setting="8000 customers, a fifth answer, missing at random", draw=explained, call=ipw,
                      naive=given_chances, **wide),
              Setting(method="aipw, boosted", setting="4000 customers, a fifth answer, missing at random", draw=world(customers=4000), call=boosted,
                      naive=raw, band=BOOSTED_BAND, runs=BOOSTED, naive_band=FAILS),
              Setting(method="aipw", setting="4000 customers, random response", draw=at_random, call=aipw, max_bias=0.5)]
    alarms = [Setting(method=name, setting="4000 customers, random response, raw against corrected", kind="false alarms", count=beside_zero,
                      draw=_zero(at_random), call=_moved(fit), band=FALSE_ALARM_BAND, runs=FALSE_ALARM_RUNS)
              for name, fit in (("calibrated", _calibrated_fit), ("aipw", lambda f: _aipw(f).fit))]
    found = [Setting(method="aipw", setting="4000 customers, missing at random, raw against corrected", kind="power", count=beside_zero,
                     draw=world(customers=4000), call=_moved(lambda f: _aipw(f).fit), naive=unpaired, band=(0.8, 1.0), runs=SOME)]
    return [*known, *others, *wrong, *alarms, *found, *dealers()]


def dealers() -> list[Setting]:
    """Dealers that differ in how readily their customers answer, for better service or for nothing; a naive one knows no dealer."""
    dealt, better = "4000 customers of 50 dealers", "customers of better ones answer more often"
    shared = {"method": "aipw, dealers", "call": by_dealer, "runs": SOME}
    fails = {"naive": without_dealer, "naive_band": (-np.inf, 0.7)}
    return [Setting(setting=f"{dealt}, {better}", kind="bias", draw=answering((0.4, 0.8)), naive=without_dealer, naive_band=(5.0, 12.0),
                    band=(-1.0, 1.0), **shared),
            Setting(setting=f"{dealt}, {better}, interval", draw=answering((0.4, 0.8)), band=SHORT_BAND, **fails, **shared),
            Setting(setting=f"{dealt} that attract different ones, {better}", draw=answering((0.4, 0.8), mixed=0.5), band=SHORT_BAND, max_bias=1.0,
                    **shared),
            # with ten customers a dealer some have nobody who answered, and a part of the error stays
            Setting(setting=f"4000 customers of 400 dealers, {better}", kind="bias", draw=answering((0.4, 0.8), dealers=400), naive=without_dealer,
                    naive_band=(5.0, 12.0), band=(-1.0, 1.5), **shared),
            Setting(setting=f"{dealt}, more ready or less for nothing", draw=answering((0.0, 0.0), unrelated=0.6), band=SHORT_BAND, **shared),
            Setting(setting=f"{dealt}, all equally ready to answer", draw=answering((0.0, 0.0)), band=SHORT_BAND, **shared)]


def _zero(draw: Draw) -> Draw:
    """The same world where the truth looked for is that nothing moves."""
    def taken(seed: int) -> tuple[Any, float]:
        return draw(seed)[0], 0.0
    return taken


def followed(frame: pd.DataFrame, *, how: str) -> Estimate:
    """The mean of all from those who answered and calls to a random part of the silent."""
    y, calls = points(frame["nps_score"]), points(frame["followup_score"])
    phases = {"draw_probability": frame["followup_probability"]}
    if how == "plain":
        return shown(missingness.hansen_hurwitz(y, frame["is_called"], calls, **phases))
    shares = _aipw(frame).outcome
    if how == "difference":
        return shown(missingness.hansen_hurwitz(y, frame["is_called"], calls, outcome=shares @ np.array(LEVELS), **phases))
    return shown(missingness.calibrate_tilt(y, shares, frame["is_called"], calls, **phases).fit)


def said_by_reminders(frame: pd.DataFrame) -> Estimate:
    """The callback model's range, where its gate lets it pass."""
    found = callbacks.callback_gmm(points(frame["nps_score"]), frame["wave"], frame[list(nonresponse.COVARIATES)])
    if not found.passed:
        return refusal("nps_all", unit="points", reason=Text("门槛未过", "gate tripped"), needs=Text("随机回访", "random call-backs"))
    low, high = found.range
    return Estimate(estimand="nps_all", kind="bounds", unit="points", bound_low=low, bound_high=high, conf_low=low, conf_high=high)


def _reminded(name: str, drift: float) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = reminders.draw(seed, world=name, drift=drift)
        return frame, truth["nps_all"]
    return taken


def called() -> list[Setting]:
    """Silence that depends on what would have been said: weighting fails, calls do not, and reminders only if resistance is stable."""
    shapes = {"the delighted and the angry answer": {"u_shape": (0.9, 1.6)}, "the satisfied answer": {"mnar": (0.3, 0.7)}}
    overshoot = {"the delighted and the angry answer": (-20, -2), "the satisfied answer": (10, 40)}
    fails = [Setting(method="weighting alone", setting=f"{name}, {what}", kind="bias", draw=world(**planted), call=call, naive=raw,
                     band=overshoot[what], runs=SOME)
             for what, planted in shapes.items() for name, call in (("calibrated", calibrated), ("aipw", aipw))]
    calls = [Setting(method=f"follow-up, {how}", setting=f"{what}, {CALLS} calls", draw=world(followup_share=CALLS / SILENT, **planted), naive=aipw,
                     call=partial(followed, how=how), max_bias=1.0, naive_band=(-np.inf, 0.8))
             for what, planted in shapes.items() for how in ("plain", "difference", "tilt")]
    stable = [Setting(method="callback model", setting=f"resistance stable, {who}", draw=_reminded(name, 0.0), naive=raw,
                      call=said_by_reminders, band=(0.85, 1.0), max_refusals=0.45, runs=SOME) for name, who in MORE_READILY.items()]
    drifts = [Setting(method="callback model", setting=f"resistance drifts by 0.5, {who}", kind="refusals", runs=SOME,
                      draw=_reminded(name, 0.5), call=said_by_reminders, naive=raw, band=(0.9, 1.0)) for name, who in MORE_READILY.items()]
    return [*fails, *calls, *stable, *drifts]


def worst_case(frame: pd.DataFrame) -> Estimate:
    """Nothing assumed of the silent."""
    return bounds.manski(points(frame["nps_score"]), **NPS).estimate("nps_all", unit="points")


def not_happier(frame: pd.DataFrame) -> Estimate:
    """The silent are at most as happy as those who answered."""
    return bounds.monotone(points(frame["nps_score"]), silent="lower", **NPS).estimate("nps_all", unit="points")


def churned(frame: pd.DataFrame) -> Estimate:
    """Corrected for those who could be asked, the whole scale for those who could not."""
    asked = frame["is_invited"].to_numpy()
    part = _propensity(frame[asked]).fit
    return bounds.stratum(part, unsupported_share=1 - asked.mean(), **NPS).estimate("nps_all", unit="points")


def asked_only(frame: pd.DataFrame) -> Estimate:
    """The corrected number of those who could be asked, passed off as that of all."""
    return ipw(frame[frame["is_invited"]])


def _silent_angry(seed: int) -> tuple[pd.DataFrame, float]:
    """The hardest truth for bounds: the silent are all detractors."""
    rng = np.random.default_rng([seed, 5])
    answered = rng.random(400) < 0.6
    return pd.DataFrame({"nps_score": np.where(answered, rng.choice([0.0, 7.0, 10.0], 400, p=[0.2, 0.3, 0.5]), np.nan)}), 0.6 * 30 - 0.4 * 100


def _two_channels(seed: int, *, effect: float | None = None) -> tuple[pd.DataFrame, float]:
    """Calls (1) and texts (0) by lot; calls also reach the lukewarm. The truth is the effect on those who answer either."""
    rng = np.random.default_rng([seed, 1])
    effect = float(rng.uniform(-6, 6)) if effect is None else effect
    mood, channel = rng.normal(size=4000), rng.integers(0, 2, 4000)
    willing = mood + rng.normal(size=4000) > np.array([0.5, -0.2])[channel]
    score = 20 * mood + np.array([0.0, effect])[channel] + rng.normal(scale=10, size=4000)
    return pd.DataFrame({"y": np.where(willing, score, np.nan), "channel": channel}), effect


def trimmed(frame: pd.DataFrame) -> Estimate:
    """Lee bounds of the effect."""
    return bounds.lee_bounds(frame["y"].to_numpy(), frame["channel"].to_numpy()).estimate("effect", unit="points")


def two_means(frame: pd.DataFrame) -> Interval:
    """The answers of both channels compared as they are."""
    arms = [part.dropna() for _, part in frame.groupby("channel")["y"]]
    gap, reach = arms[1].mean() - arms[0].mean(), 1.959964 * np.sqrt(sum(a.var() / len(a) for a in arms))
    return gap - reach, gap + reach


def _tilted(seed: int) -> tuple[pd.DataFrame, float]:
    """A world in which the satisfied answer, with models of what is seen, and the tilt its silent customers really have."""
    frame, truth = world(mnar=(0.3, 0.7), truth="nps_all")(seed)
    found, silent = _aipw(frame), ~frame["responded"]
    planted = missingness.calibrate_tilt(points(frame["nps_score"]), found.outcome, silent, points(frame["true_score"].where(silent)),
                                         draw_probability=1.0)
    frame = frame.assign(chance=found.probability, **{f"share_{k}": found.outcome[:, k] for k in range(3)})
    frame.attrs["gamma"] = planted.gamma
    return frame, truth


def at_tilt(frame: pd.DataFrame, *, planted: bool = True) -> Estimate:
    """The mean at the planted tilt, or at none; its range holds the truth where the tipping frontier at the truth contains the tilt."""
    shares = frame[[f"share_{k}" for k in range(3)]].to_numpy()
    return shown(tilt.tilt(points(frame["nps_score"]), frame["chance"], shares, gamma=frame.attrs["gamma"] if planted else (0.0, 0.0)))


def bounded() -> list[Setting]:
    """What cannot be a point: bounds and the intervals around them."""
    kinds = {"the satisfied answer": {"mnar": (0.3, 0.7)}, "the dissatisfied answer": {"mnar": (-0.7, -0.3)},
             "the delighted and the angry answer": {"u_shape": (0.9, 1.6)}, "a fifth churned and never asked": {"unsurveyed_share": 0.2}}
    manski = [Setting(method="manski", setting=what, kind="bounds", draw=world(truth="nps_all", **planted), call=worst_case, naive=raw,
                      band=EVERY_RUN) for what, planted in kinds.items()]
    return [*manski,
            Setting(method="manski, interval", setting="400 customers, the silent are all detractors", draw=_silent_angry, call=worst_case, naive=raw,
                    naive_band=FAILS),
            Setting(method="monotone bounds", setting="the satisfied answer", kind="bounds", naive=raw, band=EVERY_RUN,
                    draw=world(truth="nps_all", mnar=(0.3, 0.7)), call=not_happier),
            Setting(method="churned", setting="a fifth churned and never asked", naive=asked_only, call=churned, band=EXTREME_BAND, naive_band=FAILS,
                    draw=world(unsurveyed_share=0.2)),
            Setting(method="tilt", setting="the satisfied answer, at the planted tilt", draw=_tilted, call=at_tilt, band=EXTREME_BAND,
                    naive=partial(at_tilt, planted=False), naive_band=FAILS),
            Setting(method="lee bounds", setting="effect of the channel between -6 and 6 points", draw=_two_channels, call=trimmed, naive=two_means,
                    band=EXTREME_BAND, naive_band=FAILS),
            Setting(method="lee bounds", setting="effect of the channel 40 points", kind="power", count=beside_zero, runs=SOME, band=(0.8, 1.0),
                    draw=partial(_two_channels, effect=40.0), call=trimmed)]


def settings() -> list[Setting]:
    """All planted worlds of who answers."""
    return [*weighted(), *called(), *bounded()]
