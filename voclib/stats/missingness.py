"""What weighting cannot fix: answers that are missing because of what they would have said.

The remedy that needs no belief in look-alikes: calling back a random part of those who kept silent. How different the silent must be
before a conclusion flips (`tilt`), bounds, selection models and drop-out over time have modules of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from voclib.errors import DataError, ParameterError
from voclib.results import Estimate, Unit
from voclib.stats.inference import Fit, Part, encode, fit, kish, quantile, sample_worth

Array = NDArray[np.float64]
MIN_COMPLETION = 0.7  # below this the drawn who were not reached are a non-response problem of their own (methods.md §3.5)
NPS_LEVELS = (-100.0, 0.0, 100.0)


@dataclass(frozen=True)
class Completion:
    """How many of the silent were drawn, how many of those answered; `bounds_needed` where too few did for a single number."""

    drawn: int
    completed: int
    min_completion: float = MIN_COMPLETION

    @property
    def rate(self) -> float:
        """Completed over drawn, 0–1; not a number where nobody was drawn."""
        return self.completed / self.drawn if self.drawn else float("nan")

    @property
    def bounds_needed(self) -> bool:
        """Whether the number must be shown with `followup_bounds`."""
        return not self.rate >= self.min_completion


def completion(called: ArrayLike, followup_y: ArrayLike, *, min_completion: float = MIN_COMPLETION) -> Completion:
    """Count who was drawn (N,) and who of them answered (N,)."""
    drawn = np.asarray(called, dtype=bool)
    return Completion(int(drawn.sum()), int((drawn & ~np.isnan(np.asarray(followup_y, dtype=float))).sum()), min_completion)


@dataclass(frozen=True)
class _Phases:
    """The frame in two phases. `w` (N,) are base weights with mean 1, zero outside the population meant; `lift` (N,) is 1/(draw
    probability × completion probability) where a drawn customer answered, else 0."""

    y: Array
    w: Array
    inside: NDArray[np.bool_]
    silent: NDArray[np.bool_]
    reached: NDArray[np.bool_]
    lift: Array
    found: Array


def _phases(y: ArrayLike, called: ArrayLike, followup_y: ArrayLike, *, draw_probability: ArrayLike, weights: ArrayLike | None = None,
            eligible: ArrayLike | None = None, completion_probability: ArrayLike | None = None) -> _Phases:
    y, found, drawn = np.asarray(y, dtype=float), np.asarray(followup_y, dtype=float), np.asarray(called, dtype=bool)
    if not y.shape == found.shape == drawn.shape or y.ndim != 1:
        raise ParameterError(f"y, called and followup_y are one row a customer; they have shapes {y.shape}, {drawn.shape}, {found.shape}.")
    inside = np.ones(len(y), dtype=bool) if eligible is None else np.asarray(eligible, dtype=bool)
    drawn = drawn & inside
    reached = drawn & ~np.isnan(found)
    if both := int((drawn & ~np.isnan(y)).sum()):
        raise DataError(f"{both} customers both answered and were called back as silent; a follow-up is drawn from those who did not answer.")
    if stray := int((inside & ~drawn & ~np.isnan(found)).sum()):
        raise DataError(f"{stray} follow-up answers come from customers who were not drawn; only a random draw can speak for the silent customers.")
    if reached.sum() < 2:
        raise DataError(f"{int(reached.sum())} of {int(drawn.sum())} drawn customers answered; at least two are needed.")
    chance = np.broadcast_to(np.asarray(draw_probability, dtype=float), y.shape).copy()
    if completion_probability is not None:
        chance *= np.asarray(completion_probability, dtype=float)
    if not ((chance[reached] > 0) & (chance[reached] <= 1)).all():
        raise ParameterError("The probability of being drawn (times that of completing) must lie in (0, 1] for everybody who was reached.")
    lift = np.zeros(len(y))
    lift[reached] = 1 / chance[reached]
    w = inside * _base(weights, len(y))
    return _Phases(y, w * len(y) / w.sum(), inside, np.isnan(y) & inside, reached, lift, np.where(reached, found, 0.0))


def _base(weights: ArrayLike | None, rows: int) -> Array:
    """Base weights with mean 1."""
    w = np.ones(rows) if weights is None else np.asarray(weights, dtype=float)
    if w.shape != (rows,) or not (np.isfinite(w) & (w >= 0)).all() or w.sum() <= 0:
        raise ParameterError("weights are one finite number a row, none negative, not all zero.")
    return w * rows / w.sum()


def _two_phase(p: _Phases, prediction: Array, cluster: ArrayLike | None, levels: Sequence[float] | None, method: str) -> Fit:
    """Respondents as they are; the silent as predicted plus the mean error of that prediction among those reached (ratio form)."""
    share = p.w * p.lift
    scale = (p.w * p.silent).sum() / share.sum()  # who was drawn is random in number too: the ratio takes that noise out
    error = np.where(p.reached, p.found - prediction, 0.0)
    mean_error = share @ error / share.sum()
    z = np.where(p.silent, prediction + mean_error + scale * p.lift * (error - mean_error), p.y)
    z = np.where(p.inside, z, 0.0)
    value, rows, reached = p.w @ z / len(z), p.inside, int(p.reached.sum())
    callers = reached if cluster is None else encode(np.asarray(cluster)[p.reached])[1]
    made = fit(value, (p.w * (z - value))[rows] * rows.mean(), n=int((~p.silent & rows).sum()) + reached, method=method,
               cluster=None if cluster is None else np.asarray(cluster)[rows], n_effective=kish(p.w * np.where(p.silent, scale * p.lift, 1.0)))
    influence = np.zeros(len(z))
    influence[rows] = made.influence / rows.mean()
    part = _part(p, error, prediction, None if cluster is None else np.asarray(cluster)[p.reached], levels)
    return replace(made, influence=influence, part=part, df=min(made.df, max(callers - 1.0, 1.0)))


def _part(p: _Phases, error: Array, prediction: Array, cluster: ArrayLike | None, levels: Sequence[float] | None) -> Part | None:
    """What those reached say of the silent, as errors of the prediction, so that a constant added to it changes nothing."""
    known = np.unique(np.r_[p.y[p.inside & ~p.silent], p.found[p.reached]]) if levels is None else np.unique(levels)
    if not 2 <= len(known) <= 3:  # answers on a finer scale do not all agree by chance
        return None
    w, told = (p.w * p.lift)[p.reached], error[p.reached]
    mean, expected = float(np.average(told, weights=w)), float(np.average(prediction[p.reached], weights=w))
    return Part(weight=float((p.w * p.silent).sum() / len(p.w)), mean=mean, square=float(np.average(told**2, weights=w)),
                size=sample_worth(told - mean, w, cluster)[0], low=known[0] - expected, high=known[-1] - expected, is_share=len(known) == 2)


def hansen_hurwitz(y: ArrayLike, called: ArrayLike, followup_y: ArrayLike, *, draw_probability: ArrayLike, weights: ArrayLike | None = None,
                   cluster: ArrayLike | None = None, eligible: ArrayLike | None = None, outcome: ArrayLike | None = None,
                   completion_probability: ArrayLike | None = None, levels: Sequence[float] | None = None) -> Fit:
    """Mean of everybody from respondents and a random draw of the silent.

    Source: Hansen & Hurwitz 1946, JASA 41; difference form Särndal, Swensson & Wretman 1992, §9. Of two or three levels the interval
    adds pseudo-answers to those reached (`inference.Part`): where nearly all say the same, their variance alone is too small.

    Parameters
    ----------
    y : (N,) answers in printed units, NaN for the silent.
    called : (N,) who of the silent was drawn at random.
    followup_y : (N,) their answers, NaN where the call led to none.
    draw_probability : (N,) or a number; known, because we drew. Read only where somebody was reached.
    eligible : (N,) the population meant; rows outside it are left out and the mean does not speak for them.
    outcome : (N,) predicted answer of a silent customer; a good one narrows the range, a wrong one does no harm.
    completion_probability : (N,) predicted probability that a drawn customer answers. Without it completion counts as random. Either
        way this is *two-phase MAR*: see `completion` and, below 70 %, `followup_bounds`.
    levels : the values that an answer can take; those that were given, where None.

    Raises
    ------
    DataError
        for fewer than two completed calls, for somebody who both answered and was called, for answers from nobody drawn.
    ParameterError
        for shapes that differ or probabilities outside (0, 1].
    """
    phases = _phases(y, called, followup_y, draw_probability=draw_probability, weights=weights, eligible=eligible,
                     completion_probability=completion_probability)
    prediction = np.zeros(len(phases.y)) if outcome is None else np.asarray(outcome, dtype=float)
    if prediction.shape != phases.y.shape or not np.isfinite(prediction[phases.silent]).all():
        raise ParameterError("outcome is one finite prediction per row for everybody who stayed silent.")
    method = "Hansen-Hurwitz" if outcome is None else "two-phase difference"
    return _two_phase(phases, np.where(phases.silent, prediction, 0.0), cluster, levels, method)


@dataclass(frozen=True, kw_only=True)
class FollowupBounds:
    """The mean if all drawn but unreached customers would have given the worst answer (`low`) or the best (`high`)."""

    low: Fit
    high: Fit
    conf_low: float
    conf_high: float
    conf_level: float

    def estimate(self, estimand: str, *, unit: Unit, rung: str = "", **more: Any) -> Estimate:
        """As pages print it: bounds, and the range that holds the mean with `conf_level`; `more` are fields of Estimate."""
        return Estimate(estimand=estimand, kind="bounds", unit=unit, rung=rung, bound_low=self.low.value, bound_high=self.high.value,
                        conf_low=self.conf_low, conf_high=self.conf_high, conf_level=self.conf_level, ci_method="Imbens-Manski", n=self.low.n,
                        n_clusters=self.low.n_clusters, **more)


def followup_bounds(y: ArrayLike, called: ArrayLike, followup_y: ArrayLike, *, draw_probability: ArrayLike, low: float, high: float,
                    weights: ArrayLike | None = None, cluster: ArrayLike | None = None, eligible: ArrayLike | None = None,
                    conf_level: float = 0.95) -> FollowupBounds:
    """Worst and best case over the drawn who were not reached: no assumption on who picks up the phone.

    Arguments as in `hansen_hurwitz`; `low` and `high` are the ends of the scale. The range around the bounds holds the mean itself
    with `conf_level` (Imbens & Manski 2004, Econometrica 72).
    """
    if not low < high:
        raise ParameterError(f"low must lie below high, not {low!r} and {high!r}.")
    drawn, found = np.asarray(called, dtype=bool), np.asarray(followup_y, dtype=float)
    drawn = drawn if eligible is None else drawn & np.asarray(eligible, dtype=bool)
    ends = []
    for end in (low, high):
        filled = np.where(drawn & np.isnan(found), end, found)
        ends.append(hansen_hurwitz(y, called, filled, draw_probability=draw_probability, weights=weights, cluster=cluster, eligible=eligible))
    answered = completion(drawn, followup_y)
    ends = [replace(e, n=e.n - answered.drawn + answered.completed, method="Manski over non-completers") for e in ends]
    (bottom, under), (top, above) = (e.adjusted(conf_level) for e in ends)
    reach = _imbens_manski(ends[0], ends[1], max(under, above), conf_level)
    return FollowupBounds(low=ends[0], high=ends[1], conf_low=max(low, min(bottom - reach * under, ends[0].value)),
                          conf_high=min(high, max(top + reach * above, ends[1].value)), conf_level=conf_level)


def _imbens_manski(low: Fit, high: Fit, error: float, conf_level: float) -> float:
    """Multiple of the standard errors, `error` the larger: two-sided where the bounds meet, one-sided where they are far apart."""
    from scipy.stats import norm

    if error == 0:
        return 0.0
    gap, stretch = (high.value - low.value) / error, quantile(conf_level, low.df) / quantile(conf_level, np.inf)
    return float(stretch * brentq(lambda c: norm.cdf(c + gap) - norm.cdf(-c) - conf_level, 0, 10))


@dataclass(frozen=True, kw_only=True)
class CalibratedTilt:
    """How the silent who were reached differ from comparable customers who answered, and the mean of everybody.

    `gamma` is level → log multiplier (reference level 0), `covariance` that of the free γ in ascending order of level, outcome
    probabilities taken as given. `fit` holds all uncertainty.
    """

    fit: Fit
    gamma: dict[float, float]
    covariance: Array
    completed: int

    @property
    def times(self) -> dict[float, float]:
        """Multipliers e^γ."""
        return {level: float(np.exp(g)) for level, g in self.gamma.items()}


def calibrate_tilt(y: ArrayLike, outcome_probabilities: ArrayLike, called: ArrayLike, followup_y: ArrayLike, *, draw_probability: ArrayLike,
                   levels: Sequence[float] = NPS_LEVELS, weights: ArrayLike | None = None, cluster: ArrayLike | None = None,
                   eligible: ArrayLike | None = None, completion_probability: ArrayLike | None = None) -> CalibratedTilt:
    """The exponential tilt that turns P(level | x, answered), (N, K), into what a random draw of the silent said.

    The moments are the score of a multinomial logit with offset log P(level | x, answered): concave, one solution. With it the tilted
    prediction has no mean error among those reached, so the mean is the two-phase difference estimator with that prediction: a
    wrong outcome model or tilt costs width, not truth. Other arguments and errors as in `hansen_hurwitz`.

    Raises
    ------
    DataError
        unless every level occurs among the follow-up answers.
    """
    p = _phases(y, called, followup_y, draw_probability=draw_probability, weights=weights, eligible=eligible,
                completion_probability=completion_probability)
    scale, outcome = np.asarray(levels, dtype=float), np.asarray(outcome_probabilities, dtype=float)
    if outcome.shape != (len(p.y), len(scale)) or not np.allclose(outcome.sum(axis=1), 1, atol=1e-6) or (outcome < 0).any():
        raise ParameterError(f"outcome_probabilities holds shares that add to 1, of shape {(len(p.y), len(scale))}, not {outcome.shape}.")
    given = np.isclose(p.found[p.reached][:, None], scale).astype(float)
    if not (given.sum(axis=1) == 1).all() or not given.any(axis=0).all():
        raise DataError(f"Follow-up answers must be levels and each level must occur; {given.sum(axis=0).astype(int).tolist()} answers fall "
                        f"on {scale.tolist()}. Call more customers, or merge levels.")
    gamma, influence = _solve_tilt(outcome[p.reached], given, (p.w * p.lift)[p.reached])
    made = _two_phase(p, _tilted(outcome, gamma) @ scale * p.silent, cluster, levels, "tilt calibrated on follow-up")
    whole = influence if cluster is None else _totals(influence, np.asarray(cluster)[p.reached])
    return CalibratedTilt(fit=made, gamma=dict(zip(scale.tolist(), gamma.tolist(), strict=True)), completed=int(p.reached.sum()),
                          covariance=whole.T @ whole)


def _tilted(outcome: Array, gamma: Array) -> Array:
    lifted = outcome * np.exp(gamma)
    return lifted / lifted.sum(axis=1, keepdims=True)


def _totals(rows: Array, cluster: ArrayLike) -> Array:
    codes, groups = encode(cluster)
    return np.column_stack([np.bincount(codes, column, groups) for column in rows.T])


def _solve_tilt(outcome: Array, given: Array, share: Array) -> tuple[Array, Array]:
    """Newton's method for γ (K,), the middle level (of two, the upper) at 0; influence values (n, K − 1) of the free ones."""
    levels = given.shape[1]
    free, gamma = np.arange(levels) != levels // 2, np.zeros(levels)
    for _ in range(100):
        q = _tilted(outcome, gamma)
        score, inner = (given - q)[:, free] * share[:, None], q[:, free]
        slope = np.diag(share @ inner) - (inner * share[:, None]).T @ inner
        step = np.linalg.solve(slope, score.sum(axis=0))
        gamma[free] += np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-12:
            return gamma, score @ np.linalg.inv(slope)
    raise DataError("No tilt reproduces the follow-up answers: some level is predicted never or always. Check outcome_probabilities.")


@dataclass(frozen=True)
class Direction:
    """Whether anything in the data says in which direction the weighted number is still wrong, and what.

    `basis` "reminders" holds only if reminders change how many answer and not who (stable resistance).
    """

    basis: Literal["follow-up", "reminders", "none"]

    @property
    def known(self) -> bool:
        """False: the remaining bias may point either way (under a U-shaped response weighting overshoots)."""
        return self.basis != "none"

    @property
    def needs_stable_resistance(self) -> bool:
        """Whether the direction rests on an assumption that no data can test."""
        return self.basis == "reminders"


def direction_known(*, followups: int = 0, reminder_answers: int = 0, min_answers: int = 30) -> Direction:
    """The rule: completed random follow-ups, else answers that came only after a reminder, at least `min_answers` of them; else unknown."""
    if followups >= min_answers:
        return Direction("follow-up")
    return Direction("reminders" if reminder_answers >= min_answers else "none")


def remaining_bias(weighted: Fit, followed: Fit, *, cluster: ArrayLike | None = None) -> Fit:
    """What weighting left: the weighted mean less the follow-up mean of the same rows, with the paired standard error.

    Pseudo-answers to the calls count here as they do for the follow-up mean itself.

    Raises
    ------
    ParameterError
        unless both fits carry influence values of the same length.
    """
    if weighted.influence is None or followed.influence is None or weighted.influence.shape != followed.influence.shape:
        raise ParameterError("Two fits are compared on the same rows; these lack influence values or differ in length.")
    made = fit(weighted.value - followed.value, weighted.influence - followed.influence, n=followed.n, cluster=cluster, method="paired influence")
    return replace(made, df=min(made.df, weighted.df, followed.df), part=None if followed.part is None else followed.part.times(-1))


def followup_design(n_silent: int, n_answered: int, sd: float = 80.0, *, calls: Sequence[int] = (100, 200, 300, 600, 1200),
                    completion: float = 1.0, cost_per_call: float = 0.0, conf_level: float = 0.95, low: float = -100.0, high: float = 100.0,
                    min_completion: float = MIN_COMPLETION) -> pd.DataFrame:
    """What calls buy: one row a number of calls.

    `sd` is the standard deviation of an answer (NPS about 80 points), `completion` the expected share of the drawn who answer.
    Columns: `calls`, `completed`, `half_width` (sampling only), `bounds_half_width` (what non-completers leave open; zero from
    `min_completion` on), `total_half_width`, `cost`, `mode` ("interval" or "bounds").
    """
    if not 0 < completion <= 1 or n_silent < 1 or n_answered < 0 or not sd > 0:
        raise ParameterError("followup_design needs silent customers, a standard deviation above 0 and a completion in (0, 1].")
    asked = np.asarray(calls, dtype=float)
    if (asked < 1).any() or (asked > n_silent).any():
        raise ParameterError(f"calls must lie between 1 and the {n_silent} customers who stayed silent.")
    total, reached = n_silent + n_answered, asked * completion
    variance = sd**2 / total + (n_silent / total) ** 2 * sd**2 * (1 / reached - 1 / n_silent)
    half = quantile(conf_level, np.inf) * np.sqrt(variance)
    bounded = completion < min_completion
    unknown = n_silent / total * (1 - completion) * (high - low) / 2 if bounded else 0.0
    return pd.DataFrame({"calls": asked.astype(int), "completed": np.round(reached).astype(int), "half_width": half, "bounds_half_width": unknown,
                         "total_half_width": half + unknown, "cost": asked * cost_per_call, "mode": "bounds" if bounded else "interval"})
