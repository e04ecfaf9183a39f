"""How different must silent customers be before a conclusion flips? Exponential tilts of what comparable customers answered.

Nothing in the data of those who answered says which tilt is true; calls to a random part of the silent do (`missingness.calibrate_tilt`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from voclib.errors import DataError, ParameterError
from voclib.stats.inference import Fit, fit, kish, quantile

Array = NDArray[np.float64]
Gamma = Mapping[float, float] | tuple[float, float]
TIMES = tuple(float(t) for t in 2.0 ** np.arange(-3, 3.25, 0.5))
NPS_LEVELS = (-100.0, 0.0, 100.0)


@dataclass(frozen=True)
class _Tilt:
    """What a tilt reads: answers as positions among the K levels, response propensities (N,), outcome probabilities (N, K) of those
    who answer, base weights (N,) with mean 1."""

    answered: NDArray[np.bool_]
    position: NDArray[np.intp]
    chance: Array
    outcome: Array
    levels: Array
    w: Array

    def silent_shares(self, gamma: Array) -> tuple[Array, Array]:
        """P(level | x, silent) (N, K), and the factor (N,) that normalises it."""
        lifted = self.outcome * np.exp(gamma)
        total = lifted.sum(axis=1)
        return lifted / total[:, None], total

    def terms(self, gamma: Array) -> tuple[Array, Array]:
        """Each row's contribution (N,) to the mean of all, efficient influence function plus mean; and what a respondent stands for (N,)."""
        shares, total = self.silent_shares(gamma)
        expected, own = shares @ self.levels, self.levels[self.position]
        stands = np.where(self.answered, (1 / self.chance - 1) * np.exp(gamma)[self.position] / total, 0.0)
        return np.where(self.answered, own + stands * (own - expected), expected), np.where(self.answered, 1 + stands, 0.0)

    def mean(self, gamma: Array) -> float:
        """The mean of all customers under one tilt."""
        return float(self.w @ self.terms(gamma)[0] / len(self.w))

    def fitted(self, gamma: Array, cluster: ArrayLike | None, method: str = "exponential tilt") -> Fit:
        """The same with its standard error."""
        z, stands = self.terms(gamma)
        value = self.w @ z / len(z)
        return fit(value, self.w * (z - value), n=int(self.answered.sum()), cluster=cluster, method=method, n_effective=kish(self.w * stands))


def _tilt(y: ArrayLike, propensity: ArrayLike, outcome_probabilities: ArrayLike, levels: Sequence[float], weights: ArrayLike | None) -> _Tilt:
    y, chance, outcome = np.asarray(y, dtype=float), np.asarray(propensity, dtype=float), np.asarray(outcome_probabilities, dtype=float)
    scale = np.asarray(levels, dtype=float)
    if len(scale) < 2 or not (np.diff(scale) > 0).all():
        raise ParameterError(f"levels are the possible answers in ascending order, at least two, not {tuple(levels)!r}.")
    if chance.shape != y.shape or outcome.shape != (len(y), len(scale)):
        raise ParameterError(f"For {len(y)} rows and {len(scale)} levels propensity has shape {(len(y),)} and outcome_probabilities "
                             f"{(len(y), len(scale))}, not {chance.shape} and {outcome.shape}.")
    answered = ~np.isnan(y)
    position = np.abs(np.where(answered, y, scale[0])[:, None] - scale).argmin(axis=1)
    if not np.allclose(scale[position][answered], y[answered]):
        raise DataError(f"Some answers are none of the levels {tuple(levels)!r}.")
    if not answered.any() or answered.all():
        raise DataError("A tilt needs customers who answered and customers who did not.")
    if not ((chance[answered] > 0) & (chance[answered] <= 1)).all():
        raise ParameterError("propensity must lie in (0, 1] wherever there is an answer.")
    if not (outcome >= 0).all() or not np.allclose(outcome.sum(axis=1), 1, atol=1e-6):
        raise ParameterError("Each row of outcome_probabilities is a set of shares that add to 1.")
    return _Tilt(answered, position, np.where(answered, chance, 1.0), outcome, scale, _base(weights, len(y)))


def _base(weights: ArrayLike | None, rows: int) -> Array:
    """Base weights with mean 1."""
    w = np.ones(rows) if weights is None else np.asarray(weights, dtype=float)
    if w.shape != (rows,) or not (np.isfinite(w) & (w >= 0)).all() or w.sum() <= 0:
        raise ParameterError("weights are one finite number a row, none negative, not all zero.")
    return w * rows / w.sum()


def _gamma(gamma: Gamma, levels: Array) -> Array:
    """Log multipliers (K,) from a mapping level → γ, or from (lowest level, highest level)."""
    if isinstance(gamma, Mapping):
        if unknown := [level for level in gamma if not np.isclose(levels, level).any()]:
            raise ParameterError(f"gamma names {unknown}, which are not levels; levels: {levels.tolist()}.")
        return np.array([next((float(g) for key, g in gamma.items() if np.isclose(key, level)), 0.0) for level in levels])
    if len(gamma) != 2:
        raise ParameterError("gamma is a mapping from level to log multiplier, or a pair (detractor, promoter).")
    return np.array([float(gamma[0]), *[0.0] * (len(levels) - 2), float(gamma[1])])


def tilt(y: ArrayLike, propensity: ArrayLike, outcome_probabilities: ArrayLike, *, levels: Sequence[float] = NPS_LEVELS, gamma: Gamma,
         weights: ArrayLike | None = None, cluster: ArrayLike | None = None) -> Fit:
    """Mean of everybody if a silent customer's answer is distributed as p(y | x, answered) · exp(γ_y), normalised.

    e^γ says how many times as likely the silent are to give that answer, relative to the middle one (two levels: relative to the
    other one), as comparable customers who answered. γ = 0 is AIPW. Efficient influence function: Robins, Rotnitzky & Scharfstein 2000;
    Franks, Airoldi & Rubin 2020, JASA 115. Propensities and outcome probabilities are cross-fitted by the caller, which is what the
    standard error presumes; γ counts as given in it (for a γ learned from calls take the fit of `missingness.calibrate_tilt`).

    Parameters
    ----------
    y : (N,) answers, each one of `levels`, NaN for the silent.
    propensity : (N,) P(answers | x).
    outcome_probabilities : (N, K) P(level | x, answered) for everybody.
    gamma : level → γ (others 0), or (γ of the lowest level, γ of the highest).

    Raises
    ------
    DataError
        for answers outside `levels`, or where nobody or everybody answered.
    ParameterError
        for shapes, levels, probabilities or a gamma that make no sense.
    """
    model = _tilt(y, propensity, outcome_probabilities, levels, weights)
    return model.fitted(_gamma(gamma, model.levels), cluster)


def tilt_surface(y: ArrayLike, propensity: ArrayLike, outcome_probabilities: ArrayLike, *, levels: Sequence[float] = NPS_LEVELS,
                 grid: Sequence[float] = TIMES, weights: ArrayLike | None = None, cluster: ArrayLike | None = None,
                 conf_level: float = 0.95) -> pd.DataFrame:
    """The tilted mean over a grid of multipliers e^γ for detractors and promoters, for a heat map.

    Columns: `times_detractor`, `times_promoter`, `value`, `std_error`, `conf_low`, `conf_high`; len(grid)² rows.
    """
    model, rows = _tilt(y, propensity, outcome_probabilities, levels, weights), []
    if not (np.asarray(grid, dtype=float) > 0).all():
        raise ParameterError("grid holds multipliers above 0; 1 means no difference.")
    for down in grid:
        for up in grid:
            made = model.fitted(_gamma((np.log(down), np.log(up)), model.levels), cluster)
            reach = quantile(conf_level, made.df) * made.std_error
            rows.append((float(down), float(up), made.value, made.std_error, max(made.value - reach, model.levels[0]),
                         min(made.value + reach, model.levels[-1])))
    return pd.DataFrame(rows, columns=["times_detractor", "times_promoter", "value", "std_error", "conf_low", "conf_high"])


def _nearest_root(gap: Callable[[float], float], reach: float) -> float:
    """The root closest to zero within ±reach; not a number where there is none."""
    points = np.linspace(-reach, reach, 25)
    values = np.array([gap(p) for p in points])
    change = np.flatnonzero(values[:-1] * values[1:] <= 0)
    roots = [float(brentq(gap, points[i], points[i + 1], xtol=1e-10)) for i in change]
    return min(roots, key=abs, default=float("nan"))


def tipping_frontier(y: ArrayLike, propensity: ArrayLike, outcome_probabilities: ArrayLike, *, target: float,
                     levels: Sequence[float] = NPS_LEVELS, grid: Sequence[float] = TIMES, max_times: float = 100.0,
                     weights: ArrayLike | None = None) -> pd.DataFrame:
    """For each promoter multiplier in `grid` the detractor multiplier at which the mean of all equals `target`.

    `target` is the threshold at which the conclusion flips. Columns: `times_promoter`, `times_detractor` (NaN where none between
    1/max_times and max_times does it), `gamma_promoter`, `gamma_detractor`.
    """
    model, rows = _tilt(y, propensity, outcome_probabilities, levels, weights), []
    for up in np.log(np.asarray(grid, dtype=float)):
        down = _nearest_root(lambda g, up=up: model.mean(_gamma((g, up), model.levels)) - target, np.log(max_times))
        rows.append((float(np.exp(up)), float(np.exp(down)), float(up), down))
    return pd.DataFrame(rows, columns=["times_promoter", "times_detractor", "gamma_promoter", "gamma_detractor"])


@dataclass(frozen=True)
class TippingPoint:
    """How many times as likely to be detractors the silent must be before the mean equals `target`; NaN where no multiplier does it.

    `times_low` and `times_high` enclose the multipliers at which `target` lies within the confidence range of the mean; infinity or 0
    where that range has no end within the search.
    """

    target: float
    times: float
    times_low: float
    times_high: float

    @property
    def gamma(self) -> float:
        """Logarithm of `times`."""
        return float(np.log(self.times))


def tipping_point(y: ArrayLike, propensity: ArrayLike, outcome_probabilities: ArrayLike, *, target: float, levels: Sequence[float] = NPS_LEVELS,
                  max_times: float = 100.0, weights: ArrayLike | None = None, cluster: ArrayLike | None = None,
                  conf_level: float = 0.95) -> TippingPoint:
    """The point of the tipping frontier at which promoters are as likely among the silent as weighting says (γ_P = 0)."""
    model = _tilt(y, propensity, outcome_probabilities, levels, weights)

    def gap(sign: float) -> Callable[[float], float]:
        def off(g: float) -> float:
            if sign == 0:
                return model.mean(_gamma((g, 0.0), model.levels)) - target
            made = model.fitted(_gamma((g, 0.0), model.levels), cluster)
            return made.value + sign * quantile(conf_level, made.df) * made.std_error - target
        return off

    times, *ends = (float(np.exp(_nearest_root(gap(sign), np.log(max_times)))) for sign in (0.0, -1.0, 1.0))
    beyond = np.inf if gap(0.0)(0.0) > 0 else 0.0  # a missing end lies where the search did not go
    ends = [beyond if np.isnan(end) else end for end in ends]
    return TippingPoint(float(target), times, min(ends), max(ends))
