"""A number that an estimator arrived at and how exact it is; what becomes of it in other units, in sums and in functions of several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from voclib.errors import ParameterError
from voclib.results import Estimate, Unit
from voclib.stats.inference.means import Array, bounded_interval, mean_variance


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a mean that rests on few answers of two or three levels, which may be nearly all the same.

    Their variance then says next to nothing of how far off they are: of 36 answers from people of whom 98 % say the same, half the
    draws have none but that one. `weight` times `mean` enters the value; `square` is the mean of squares, `size` what the answers are
    worth, `low` and `high` the ends of the scale of two (`is_share`) or three levels.
    """

    weight: float
    mean: float
    square: float
    size: float
    low: float
    high: float
    is_share: bool

    def times(self, factor: float) -> Part:
        """The part of `factor` times the value."""
        return replace(self, weight=self.weight * factor)

    def adjustment(self, z: float) -> tuple[float, float]:
        """How far pseudo-answers move the centre of the interval, and the variance that they add, never a negative one.

        For a share z²/2 at either end (Agresti & Coull 1998, Am. Stat. 52), for NPS ¾ at either end and 1½ in the middle (Rocks 2016).
        """
        ends, middle = (z * z / 2, 0.0) if self.is_share else (0.75, 1.5)
        centre, error, _, _ = bounded_interval(self.mean, self.square, self.size, low=self.low, high=self.high, ends=ends, middle=middle, quantile=z)
        plain = max(self.square - self.mean**2, 0.0) / self.size
        return self.weight * (float(centre) - self.mean), self.weight**2 * max(float(error) ** 2 - plain, 0.0)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A mean that an estimator arrived at, in printed units, and how exact it is.

    `influence` (N,) sums to about zero and has variance N²·std_error²: row i moves `value` by influence[i]/N. Differences of two
    fits on the same rows, and fits combined into one, are computed from it. `n` counts answers, not rows. `part` is what pseudo-answers
    are added to where the interval is made; `value` and `std_error` know nothing of them.
    """

    value: float
    std_error: float
    n: int
    df: float = np.inf
    n_effective: float | None = None
    n_clusters: int | None = None
    method: str = ""
    influence: Array | None = None
    part: Part | None = None

    def times(self, factor: float) -> Fit:
        """The same mean in other units, or for a fixed number of customers: value, error and influence times `factor`."""
        influence = None if self.influence is None else self.influence * factor
        part = None if self.part is None else self.part.times(factor)
        return replace(self, value=self.value * factor, std_error=self.std_error * abs(factor), influence=influence, part=part)

    def adjusted(self, conf_level: float) -> tuple[float, float]:
        """Centre of the interval and its standard error, pseudo-answers counted."""
        moved, added = (0.0, 0.0) if self.part is None else self.part.adjustment(quantile(conf_level, self.df))
        return self.value + moved, float(np.sqrt(self.std_error**2 + added))

    def estimate(self, estimand: str, *, unit: Unit, rung: str = "", conf_level: float = 0.95, low: float = -np.inf, high: float = np.inf,
                 **more: Any) -> Estimate:
        """The number as pages print it, with Student's t interval kept on the scale from `low` to `high`; `more` are fields of Estimate."""
        centre, error = self.adjusted(conf_level)
        reach = quantile(conf_level, self.df) * error
        ends = min(centre - reach, self.value), max(centre + reach, self.value)
        return Estimate(estimand=estimand, kind="estimate", unit=unit, rung=rung, value=self.value, std_error=self.std_error, conf_level=conf_level,
                        conf_low=float(np.clip(ends[0], low, high)), conf_high=float(np.clip(ends[1], low, high)),
                        ci_method=self.method, n=self.n, n_effective=self.n_effective, n_clusters=self.n_clusters, **more)


def fit(value: float, influence: ArrayLike, *, n: int, cluster: ArrayLike | None = None, method: str = "", n_effective: float | None = None) -> Fit:
    """A `Fit` from its influence values (N,), which this centres: independent rows, or whole clusters (CR2, Satterthwaite)."""
    u = np.asarray(influence, dtype=float)
    u = u - u.mean()
    spread = mean_variance(u, cluster=cluster)
    return Fit(value=float(value), std_error=float(np.sqrt(spread.variance)), df=spread.df, n=n, n_effective=n_effective,
               n_clusters=spread.n_clusters, method=method, influence=u)


def transform(function: Callable[..., float], *fits: Fit, cluster: ArrayLike | None = None, method: str = "delta method") -> Fit:
    """A smooth function of several means of the same N rows, by the delta method on their influence values; the gradient is numeric.

    Raises
    ------
    ParameterError
        where a fit has no influence values, they are of different rows, or the function is not finite near the estimates.
    """
    if any(f.influence is None or len(f.influence) != len(fits[0].influence) for f in fits):
        raise ParameterError("A function of several fits needs all of them over the same rows, each with its influence values.")
    at = np.array([f.value for f in fits])
    steps = 1e-4 * np.maximum([f.std_error for f in fits], 1e-9 * np.maximum(np.abs(at), 1e-300))
    moved = np.array([[function(*(at + sign * step * (np.arange(len(at)) == k))) for sign in (1, -1)] for k, step in enumerate(steps)])
    with np.errstate(invalid="ignore"):
        slopes, value = (moved[:, 0] - moved[:, 1]) / (2 * steps), float(function(*at))
    if not np.isfinite([value, *slopes]).all():
        raise ParameterError("The function of these estimates is not finite; most likely it divides by a mean of zero.")
    influence = sum(slope * f.influence for slope, f in zip(slopes, fits, strict=True))
    return fit(value, influence, n=min(f.n for f in fits), cluster=cluster, method=method)


def quantile(conf_level: float, df: float) -> float:
    """Two-sided quantile of Student's t; the normal one where `df` is infinite."""
    tail = (1 + conf_level) / 2
    return float(stats.norm.ppf(tail) if np.isinf(df) else stats.t.ppf(tail, df))


def p_value(ratio: float, df: float) -> float:
    """Two-sided p of an estimate over its standard error."""
    return float(2 * (stats.norm.sf(abs(ratio)) if np.isinf(df) else stats.t.sf(abs(ratio), df)))
