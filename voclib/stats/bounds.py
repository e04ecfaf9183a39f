"""What the data rule out when nothing is assumed about the silent, or only little: bounds and the interval around them.

A stratum nobody answered from, a score that may hide any value of the scale, two groups of which one answers more readily: no
weight can repair these, so they get a range and never a point. Around every range stands the interval that covers the number
itself, not the whole range (Imbens & Manski 2004, Econometrica 72; Stoye 2009, Econometrica 77, Lemma 3: valid since the upper
bound here can never fall below the lower one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from voclib.errors import DataError, ParameterError
from voclib.results import Estimate, Unit, Verdict
from voclib.stats import inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """A range that must hold the number, in printed units, and the interval that allows for chance as well.

    `unsupported_share` is the share of the population about which only the scale (or the assumption named by the method) speaks;
    `n` counts answers. `lower` and `upper` hold the two ends as fits where they were estimated from rows.
    """

    low: float
    high: float
    conf_low: float
    conf_high: float
    n: int
    unsupported_share: float
    method: str
    conf_level: float = 0.95
    n_clusters: int | None = None
    lower: Fit | None = None
    upper: Fit | None = None

    @property
    def width(self) -> float:
        """Distance of the two ends."""
        return self.high - self.low

    def contains(self, value: float) -> bool:
        """Whether a value lies within the bounds, their ends included (to rounding)."""
        slack = 1e-9 * max(abs(self.low), abs(self.high), 1.0)
        return self.low - slack <= value <= self.high + slack

    def estimate(self, estimand: str, *, unit: Unit, rung: str = "", **more: Any) -> Estimate:
        """The bounds as pages print them: never a value, verdict BOUNDS_ONLY; `more` are further fields of Estimate."""
        return Estimate(estimand=estimand, kind="bounds", unit=unit, rung=rung, bound_low=self.low, bound_high=self.high, conf_low=self.conf_low,
                        conf_high=self.conf_high, conf_level=self.conf_level, ci_method=self.method, n=self.n, n_clusters=self.n_clusters,
                        **{"verdict": Verdict.BOUNDS_ONLY, **more})


def critical_value(width: float, std_error: float, *, conf_level: float = 0.95, df: float = np.inf) -> float:
    """How many standard errors to add to each end so that the number itself is covered (Imbens & Manski 2004, eq. 7).

    Solves F(c + width/std_error) − F(−c) = conf_level: the two-sided quantile where the bounds meet, the one-sided one where they
    lie far apart.
    """
    law = stats.norm if np.isinf(df) else stats.t(df)
    one, two = float(law.ppf(conf_level)), float(law.ppf((1 + conf_level) / 2))
    if std_error <= 0 or width / std_error > 40:
        return one
    apart = width / std_error
    return float(optimize.brentq(lambda c: law.cdf(c + apart) - law.cdf(-c) - conf_level, one, two))


def manski(y: ArrayLike, *, low: float, high: float, weights: ArrayLike | None = None, cluster: ArrayLike | None = None,
           conf_level: float = 0.95) -> Bounds:
    """Worst-case bounds of the mean of everybody: all silent at the lowest, then at the highest possible value (Manski 1990, AER 80).

    Parameters
    ----------
    y : (N,) one row a unit of the population, in printed units, NaN where there is no answer.
    low, high : ends of the scale, e.g. −100 and 100 points or 0 and 1.
    weights, cluster : (N,) base weights and ids of clusters.

    Raises
    ------
    ParameterError, DataError
        for a scale without extent, weights that are negative or missing, answers outside the scale, fewer than two rows.
    """
    y, w = _checked(y, weights, low, high)
    ends = [_mean(np.where(np.isnan(y), end, y), w, cluster, n=_answers(y)) for end in (low, high)]
    return _between(*ends, silent=_silent(y, w), scale=(low, high), conf_level=conf_level, method="Manski bounds, Imbens–Manski interval")


def monotone(y: ArrayLike, *, low: float, high: float, silent: Literal["lower", "higher"] = "lower", strata: ArrayLike | None = None,
             weights: ArrayLike | None = None, cluster: ArrayLike | None = None, conf_level: float = 0.95) -> Bounds:
    """Bounds when the silent are on average not happier ("lower") or not unhappier ("higher") than those who answered.

    With `strata` (N,) the assumption is made within each of them, which is another assumption, not a weaker one; a stratum without
    an answer keeps the end of the scale. Means missing monotonically: Manski 2003, Partial Identification of Probability
    Distributions, §2.5. The assumption cannot be tested from those who answered.

    Raises
    ------
    ParameterError, DataError
        as `manski`, and for another direction.
    """
    if silent not in ("lower", "higher"):
        raise ParameterError(f"silent says how the silent customers compare, 'lower' or 'higher', not {silent!r}.")
    y, w = _checked(y, weights, low, high)
    worst, limit = (low, high) if silent == "lower" else (high, low)
    free = _mean(np.where(np.isnan(y), worst, y), w, cluster, n=_answers(y))
    bound = _like_the_answers(y, w, strata, cluster, limit)
    ends = (free, bound) if silent == "lower" else (bound, free)
    word = "not happier" if silent == "lower" else "not unhappier"
    return _between(*ends, silent=_silent(y, w), scale=(low, high), conf_level=conf_level,
                    method=f"monotone bounds (the silent {word}), Imbens–Manski interval")


def stratum(fit: Fit, *, unsupported_share: float, low: float, high: float, conf_level: float = 0.95) -> Bounds:
    """Bounds for all from a point for the part that could answer and nothing but the scale for the rest.

    `fit` estimates the mean of the supported population in printed units; `unsupported_share`, in [0, 1], is the counted share of
    all who could not be heard (churned before anybody asked). The ends move together, so the interval needs one standard error,
    (1 − share)·SE of the part (Horowitz & Manski 2000, JASA 95).

    Raises
    ------
    ParameterError
        for a scale without extent, a share outside [0, 1], a fit that lies outside the scale.
    """
    _scale(low, high)
    if not 0 <= unsupported_share <= 1:
        raise ParameterError(f"unsupported_share is a share in [0, 1], not {unsupported_share!r}.")
    if not low <= fit.value <= high:
        raise ParameterError(f"The fit, {fit.value:.4g}, lies outside the scale from {low:g} to {high:g}; are both in printed units?")
    part = (1 - unsupported_share) * fit.value
    ends = (part + unsupported_share * low, part + unsupported_share * high)
    error = (1 - unsupported_share) * fit.std_error
    reach = critical_value(ends[1] - ends[0], error, conf_level=conf_level, df=fit.df) * error
    return Bounds(low=ends[0], high=ends[1], conf_low=max(ends[0] - reach, low), conf_high=min(ends[1] + reach, high), n=fit.n,
                  unsupported_share=float(unsupported_share), conf_level=conf_level, n_clusters=fit.n_clusters,
                  method=f"{fit.method or 'point'} for the supported, the scale for the rest".strip())


def lee_bounds(y: ArrayLike, group: ArrayLike, *, first: Any = None, weights: ArrayLike | None = None, cluster: ArrayLike | None = None,
               conf_level: float = 0.95) -> Bounds:
    """Bounds of the difference of two groups (second − first) among those who would answer in either (Lee 2009, REStud 76).

    The group that answers more readily is trimmed, from the top and then from the bottom, by its surplus of answers; ties are split.
    Needs groups that differ by chance alone (or weights that make them so) and a condition that moves everybody's answering in the
    same direction. The variance takes the estimated trimming share into account.

    Parameters
    ----------
    y : (N,) printed units, NaN where there is no answer.
    group : (N,) exactly two labels; `first` names the reference, by default the smaller label.

    Raises
    ------
    DataError
        unless there are exactly two groups and each has at least two answers.
    """
    y, w = _checked(y, weights, -np.inf, np.inf)
    second = _second_group(np.asarray(group), first)
    answered = ~np.isnan(y)
    if min(int((answered & second).sum()), int((answered & ~second).sum())) < 2:
        raise DataError("Each group needs at least two answers to bound their difference.")
    rates = [float(w[answered & member].sum() / w[member].sum()) for member in (~second, second)]
    more, sign = (second, 1.0) if rates[1] >= rates[0] else (~second, -1.0)
    ratio = min(rates) / max(rates)
    other = _other_mean(y, w, answered & ~more)
    keep = _rate_ratio(w, answered, more, ratio)
    trimmed = [_trimmed_mean(y, w, answered & more, ratio, keep, lowest=lowest) for lowest in (True, False)]
    gaps = [(sign * (value - other[0]), sign * (u - other[1])) for value, u in trimmed]
    n = _answers(y)
    ends = [inference.fit(value, u, n=n, cluster=cluster) for value, u in sorted(gaps, key=lambda gap: gap[0])]
    return _between(*ends, silent=1 - ratio, scale=(-np.inf, np.inf), conf_level=conf_level, method="Lee bounds, Imbens–Manski interval")


def _scale(low: float, high: float) -> None:
    if not low < high:
        raise ParameterError(f"A scale runs from low to high; low={low!r}, high={high!r} leave nothing between.")


def _checked(y: ArrayLike, weights: ArrayLike | None, low: float, high: float) -> tuple[Array, Array]:
    """Answers and weights as float arrays."""
    _scale(low, high)
    y = np.asarray(y, dtype=float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    if len(y) < 2:
        raise DataError(f"Bounds need at least two rows of the population; there are {len(y)}.")
    if w.shape != y.shape or not np.isfinite(w).all() or (w < 0).any() or w.sum() <= 0:
        raise ParameterError(f"weights must be {len(y)} finite numbers that are not negative and not all zero.")
    given = y[~np.isnan(y)]
    if given.size and (given.min() < low or given.max() > high or not np.isfinite(given).all()):
        raise DataError(f"Answers run from {given.min():g} to {given.max():g}, outside the scale from {low:g} to {high:g}.")
    return y, w


def _answers(y: Array) -> int:
    return int((~np.isnan(y)).sum())


def _silent(y: Array, w: Array) -> float:
    """Share of all weight that did not answer."""
    return float(w[np.isnan(y)].sum() / w.sum())


def _mean(z: Array, w: Array, cluster: ArrayLike | None, *, n: int) -> Fit:
    """Weighted mean of (N,) values known for all."""
    value = float(w @ z / w.sum())
    return inference.fit(value, w * (z - value) / w.mean(), n=n, cluster=cluster)


def _like_the_answers(y: Array, w: Array, strata: ArrayLike | None, cluster: ArrayLike | None, limit: float) -> Fit:
    """Mean of all if the silent were as those who answered, stratum by stratum; `limit` where nobody answered."""
    codes, groups = (np.zeros(len(y), dtype=int), 1) if strata is None else inference.encode(strata)
    answered = ~np.isnan(y)
    heard = np.bincount(codes[answered], w[answered], groups)
    total = np.bincount(codes[answered], w[answered] * y[answered], groups)
    means = np.divide(total, heard, out=np.full(groups, float(limit)), where=heard > 0)
    lift = np.divide(np.bincount(codes, w, groups), heard, out=np.zeros(groups), where=heard > 0)
    value = float(w @ means[codes] / w.sum())
    residual = np.where(answered, lift[codes] * (np.nan_to_num(y) - means[codes]), 0.0)
    return inference.fit(value, w * (means[codes] - value + residual) / w.mean(), n=_answers(y), cluster=cluster)


def _second_group(group: NDArray[Any], first: Any) -> NDArray[np.bool_]:
    labels = np.unique(group)
    if len(labels) != 2:
        raise DataError(f"Two groups are compared; there are {len(labels)}: {', '.join(map(str, labels[:5]))}.")
    if first is not None and first not in labels:
        raise ParameterError(f"There is no group {first!r}; there are {labels[0]!r} and {labels[1]!r}.")
    return group != (labels[0] if first is None else first)


def _other_mean(y: Array, w: Array, rows: NDArray[np.bool_]) -> tuple[float, Array]:
    """Mean of the answers in `rows` and its influence on all N rows."""
    share = (w * rows).mean()
    value = float(w[rows] @ y[rows] / w[rows].sum())
    return value, np.where(rows, w * (np.nan_to_num(y) - value), 0.0) / share


def _rate_ratio(w: Array, answered: NDArray[np.bool_], more: NDArray[np.bool_], ratio: float) -> Array:
    """Influence (N,) of the ratio of the smaller response rate to the larger one."""
    rate = float(w[answered & more].sum() / w[more].sum())
    smaller = ratio * rate
    at_more = np.where(more, w * (answered - rate), 0.0) / (w * more).mean()
    at_less = np.where(~more, w * (answered - smaller), 0.0) / (w * ~more).mean()
    return (at_less - ratio * at_more) / rate


def _trimmed_mean(y: Array, w: Array, rows: NDArray[np.bool_], share: float, share_influence: Array, *, lowest: bool) -> tuple[float, Array]:
    """Mean of the lowest (highest) `share` of the answers in `rows`, and its influence.

    Written as cut + E[min(y − cut, 0)]/share (Rockafellar & Uryasev 2000), which splits ties and makes the derivative with respect
    to the distribution free of the cut.
    """
    sign = 1.0 if lowest else -1.0
    z, weight = sign * y[rows], w[rows]
    order = np.argsort(z, kind="stable")
    reached = np.cumsum(weight[order])
    cut = z[order][min(int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-12))), len(z) - 1)]
    below = np.minimum(sign * np.nan_to_num(y) - cut, 0.0)
    mean_below = float(weight @ below[rows] / weight.sum())
    value = cut + mean_below / share
    at_rows = np.where(rows, w * (below - mean_below), 0.0) / (w * rows).mean()
    return sign * value, sign * (at_rows + (cut - value) * share_influence) / share


def _between(lower: Fit, upper: Fit, *, silent: float, scale: tuple[float, float], conf_level: float, method: str) -> Bounds:
    """Two fitted ends and the Imbens–Manski interval around them."""
    low, high = lower.value, max(lower.value, upper.value)
    c = critical_value(high - low, max(lower.std_error, upper.std_error), conf_level=conf_level, df=min(lower.df, upper.df))
    return Bounds(low=low, high=high, conf_low=max(low - c * lower.std_error, scale[0]), conf_high=min(high + c * upper.std_error, scale[1]),
                  n=lower.n, unsupported_share=float(silent), method=method, conf_level=conf_level, n_clusters=lower.n_clusters,
                  lower=lower, upper=upper)
