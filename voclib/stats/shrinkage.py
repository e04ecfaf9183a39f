"""Many groups at once: each estimate shrunk towards the mean of all by as much as chance explains, with intervals that hold on average over groups.

The group that stands out most among many owes some of it to chance; its own interval does not know that. Shrinking undoes it (Morris 1983, JASA 78;
Efron & Morris 1975, JASA 70), and the intervals here need no shape of the true differences: Armstrong, Kolesár & Plagborg-Møller 2022,
Econometrica 90(6), "Robust empirical Bayes confidence intervals".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from voclib.errors import DataError, ParameterError
from voclib.stats import inference

Array = NDArray[np.float64]
FEWEST = 5  # groups: of fewer, neither a mean nor a spread of their true values can be told
BENT = 3.0  # χ²: below it non-coverage is concave in the squared bias from the start
ROOT = np.sqrt(2 * np.pi)
LARGEST = 1e8  # squared bias beyond which the worst case is Chebyshev's to all printed digits


@dataclass(frozen=True, kw_only=True)
class Shrunken:
    """Groups shrunk towards their mean; all arrays (K,) in the order and the units of the estimates.

    value, low, high : the shrunken estimate and its interval, which covers at least `conf_level` of the groups' true values on average over groups,
        whatever their distribution, and promises nothing for any one group, least of all one picked for its place.
    weight : what is kept of a group's distance from the `center`, between 0 and 1.
    center : towards which all are drawn; spread : standard deviation of the true values, never below `floor`.
    floor : the smallest spread that so many groups of such errors could show; `is_told` says whether the spread seen lies above it.
    statistic, p_value : Cochran's Q, that all true values are the same, with K − 1 degrees of freedom.
    """

    value: Array
    low: Array
    high: Array
    weight: Array
    center: float
    spread: float
    floor: float
    is_told: bool
    statistic: float
    p_value: float
    conf_level: float

    @property
    def apart(self) -> NDArray[np.bool_]:
        """Groups (K,) whose interval leaves the center out."""
        return (self.low > self.center) | (self.high < self.center)


def shrink(estimates: ArrayLike, std_errors: ArrayLike, *, center: float | None = None, conf_level: float = 0.95,
           intervals: Literal["robust", "parametric"] = "robust") -> Shrunken:
    """Draw estimates (K,) with standard errors (K,) towards their precision-weighted mean, or towards a `center` that is known.

    w = τ²/(τ² + s²); τ² is the moment estimator with weights 1/s² and the authors' truncation, which keeps it above zero. The
    half width is cva(s²/τ²)·w·s: `critical_value` allows for the bias of shrinking. "parametric" takes normal true values and gives ±z·√w·s; it is
    here for comparison, as it holds only where they are normal.

    Assumes that a group's true distance from the mean goes with its error in no way, neither in level nor in spread.

    Raises
    ------
    DataError
        for fewer than `FEWEST` groups, missing values, errors that are not above zero.
    ParameterError
        for shapes that differ, a level outside 0–1, unknown intervals.
    """
    y, s = _checked(estimates, std_errors, conf_level)
    if intervals not in ("robust", "parametric"):
        raise ParameterError(f"intervals is 'robust' or 'parametric', not {intervals!r}.")
    precision = 1 / s**2
    mean = float(precision @ y / precision.sum()) if center is None else float(center)
    seen, least = _moments(y - mean, s)
    variance = max(seen, least)
    if center is None:  # the mean of true values, every group by what it is worth as a draw of one
        worth = 1 / (variance + s**2)
        mean = float(worth @ y / worth.sum())
    weight = variance / (variance + s**2)
    value = mean + weight * (y - mean)
    if intervals == "robust":
        half = np.array([critical_value(ratio, conf_level=conf_level) for ratio in s**2 / variance]) * weight * s
    else:
        half = inference.quantile(conf_level, np.inf) * np.sqrt(weight) * s
    q = float((((y - precision @ y / precision.sum()) / s) ** 2).sum())
    return Shrunken(value=value, low=value - half, high=value + half, weight=weight, center=mean, spread=float(np.sqrt(variance)),
                    floor=float(np.sqrt(least)), is_told=bool(seen > least), statistic=q, p_value=float(stats.chi2.sf(q, len(y) - 1)),
                    conf_level=conf_level)


def _checked(estimates: ArrayLike, std_errors: ArrayLike, conf_level: float) -> tuple[Array, Array]:
    y, s = np.asarray(estimates, dtype=float), np.asarray(std_errors, dtype=float)
    if y.ndim != 1 or y.shape != s.shape:
        raise ParameterError(f"Each group has one estimate and one standard error; there are {y.shape} and {s.shape}.")
    if not 0 < conf_level < 1:
        raise ParameterError(f"conf_level is a share such as 0.95, not {conf_level}.")
    if bad := int((~np.isfinite(y) | ~np.isfinite(s) | ~(s > 0)).sum()):
        raise DataError(f"{bad} of {len(y)} groups have no estimate or no standard error above zero; leave them out and say so.")
    if len(y) < FEWEST:
        raise DataError(f"Shrinking learns from many groups how far they differ; there are {len(y)}, it takes at least {FEWEST}.")
    return y, s


def _moments(distance: Array, s: Array) -> tuple[float, float]:
    """The moment estimate of τ² (may lie below zero), and the least that is taken for it."""
    omega = 1 / s**2
    seen = float(omega @ (distance**2 - s**2) / omega.sum())
    return seen, float(2 * (omega**2 @ s**4) / (omega.sum() * (omega @ s**2)))


def non_coverage(bias_square: ArrayLike, critical: ArrayLike) -> Array:
    """How often an interval of ± `critical` standard errors misses, if its centre is off by √`bias_square` of them."""
    bias, chi = np.sqrt(np.asarray(bias_square, dtype=float)), np.asarray(critical, dtype=float)
    return special.ndtr(-chi - bias) + special.ndtr(bias - chi)


def worst_case(mean_square: float, critical: float) -> float:
    """The most that such intervals can miss on average, over all distributions of biases with this mean square.

    Non-coverage as a function of the squared bias is bent up and then down (down throughout where critical² ≤ 3), so the worst distribution
    is one point on the concave part, or zero and the point where a line from zero touches.
    """
    if mean_square <= 0:
        return float(non_coverage(0.0, critical))
    if critical**2 <= BENT:
        return float(non_coverage(mean_square, critical))
    touch = _touching(critical)
    if mean_square >= touch:
        return float(non_coverage(mean_square, critical))
    start, end = non_coverage(0.0, critical), non_coverage(touch, critical)
    return float(start + mean_square / touch * (end - start))


def _touching(critical: float) -> float:
    """The squared bias where a line from zero bias touches non-coverage."""
    at_zero = 2 * special.ndtr(-critical)

    def gap(bias: float) -> float:  # r(t) − r(0) − t·r'(t), with t = bias²
        missed = special.ndtr(-critical - bias) + special.ndtr(bias - critical)
        return missed - at_zero - bias / 2 * (np.exp(-((bias - critical) ** 2) / 2) - np.exp(-((bias + critical) ** 2) / 2)) / ROOT

    low = max(critical - 2.0, 0.05)  # from here on the line no longer lies below the curve by rounding alone
    return low**2 if gap(low) >= 0 else optimize.brentq(gap, low, critical + 4.0) ** 2


def critical_value(mean_square: float, *, conf_level: float = 0.95) -> float:
    """How many standard errors an interval needs, so that it misses 1 − conf_level on average over any biases with this mean square.

    The biases are in standard errors of the shrunken estimate; zero gives the normal quantile, a large mean square √(mean_square/(1 − conf_level)).

    Raises
    ------
    ParameterError
        for a mean square below zero or a level outside 0–1.
    """
    if not mean_square >= 0 or not 0 < conf_level < 1:
        raise ParameterError(f"A mean square is at least 0 and a level a share such as 0.95; they are {mean_square} and {conf_level}.")
    alpha = 1 - conf_level
    if mean_square > LARGEST:
        return float(np.sqrt(mean_square / alpha))
    low = inference.quantile(conf_level, np.inf)
    if worst_case(mean_square, low) <= alpha:
        return low
    high = np.sqrt((1 + mean_square) / alpha) + 1e-9  # Chebyshev: (1 + t)/χ² bounds the miss
    return float(optimize.brentq(lambda chi: worst_case(mean_square, chi) - alpha, low, high, xtol=1e-10))
