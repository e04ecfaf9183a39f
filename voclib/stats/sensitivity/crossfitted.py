"""How far a hidden factor can move a cross-fitted effect on the exposed, and how strong observed covariates are on the same scale.

With g and α the outcome regression and the Riesz representer that know the factor, and g_s, α_s those that do not,
|bias| = |E[(g − g_s)(α − α_s)]| ≤ |ρ|·√(cf_y · cf_d/(1 − cf_d))·√(E(Y − g_s)² · E α_s²), where cf_y is the share of the outcome's
residual variance that the factor explains, and cf_d = 1 − E α_s²/E α² what it adds to the variation of the representer.

Source: Chernozhukov, Cinelli, Newey, Sharma & Syrgkanis 2022, "Long story short: omitted variable bias in causal machine learning".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from voclib.errors import DataError, ParameterError
from voclib.stats import inference
from voclib.stats.inference import Fit
from voclib.stats.sensitivity.ranges import HiddenBounds
from voclib.stats.sensitivity.robustness import Robustness, from_ratio, interval
from voclib.stats.sensitivity.units import clusters

Array = NDArray[np.float64]
GRID = 49  # points a side of a contour: 2,401 rows


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """How strong one observed covariate is, given the others: what leaving it out does.

    `cf_y` and `cf_d` are its gains on the scale of a hidden factor, in [0, 1); `rho` how closely its two sides go together, with the
    sign of the shift; `shift` = estimate without it − with it.
    """

    label: str
    cf_y: float
    cf_d: float
    rho: float
    shift: float

    def times(self, k: float) -> Benchmark:
        """A factor k times as strong with exposure and outcome; shares stay below 1.

        Raises
        ------
        ParameterError
            for k that is not positive.
        """
        if not k > 0:
            raise ParameterError(f"k lies above 0, not {k}.")
        return replace(self, label=f"{self.label} ×{k:g}", cf_y=min(k * self.cf_y, 0.999), cf_d=min(k * self.cf_d, 0.999))


def riesz_square(riesz: ArrayLike) -> Array:
    """Rows (N,) whose mean is E α², from the representer α of the effect on the exposed: 1/share of them, minus the odds times that else.

    Each row also carries what it does to the share of exposed, which is estimated: α² − 2·E α²·(exposed/share − 1). Left out, an error of
    the bounds can be a tenth too small.

    Raises
    ------
    ParameterError
        where no row has a positive value, or the positive ones (the exposed) differ.
    """
    a = np.asarray(riesz, dtype=float)
    inside = ~np.isnan(a)
    exposed = inside & (a > 0)
    if a.ndim != 1 or not exposed.any() or np.ptp(a[exposed]) > 1e-9 * a[exposed][0]:
        raise ParameterError("riesz holds one value a row: the same positive one for all exposed, zero or less for the others.")
    square, share = a**2, exposed.sum() / inside.sum()
    return np.where(inside, square - 2 * square[inside].mean() * (exposed / share - 1), np.nan)


@dataclass(frozen=True, kw_only=True)
class _Reach:
    """An estimate, the bias a unit of strength makes, and their variances and covariance."""

    fit: Fit
    bias: float
    slope: Array | float
    variance: float
    covariance: float
    square: float

    def error(self, strength: ArrayLike, side: int) -> Array:
        """Standard error of estimate + side·strength·bias."""
        s = side * np.asarray(strength, dtype=float)
        return np.sqrt(np.maximum(self.variance + 2 * s * self.covariance + s**2 * self.square, 0.0))

    def end(self, strength: ArrayLike, side: int, conf_level: float) -> Array:
        """End of the interval around the bounds on that side (−1 lower, 1 upper)."""
        return self.fit.value + side * (np.asarray(strength) * self.bias + inference.quantile(conf_level, self.fit.df) * self.error(strength, side))


def _reach(fit: Fit, second: ArrayLike, residual: ArrayLike, cluster: ArrayLike | None) -> _Reach:
    """What the bounds are made of; moments given as rows (N,) bring their own uncertainty, as numbers they count as known."""
    given = {"riesz_second_moment": np.asarray(second, dtype=float), "residual_variance": np.asarray(residual, dtype=float)}
    rows = 0 if fit.influence is None else len(fit.influence)
    for name, m in given.items():
        if m.ndim and m.shape != (rows,):
            raise ParameterError(f"{name} has shape {m.shape}; the fit has influence values of {rows} rows.")
    moments = {name: _mean(name, m) for name, m in given.items()}
    (nu, of_nu), (sigma, of_sigma) = moments.values()
    bias = float(np.sqrt(nu * sigma))
    if not any(m.ndim for m in given.values()):
        return _Reach(fit=fit, bias=bias, slope=0.0, variance=fit.std_error**2, covariance=0.0, square=0.0)
    slope = (sigma * of_nu + nu * of_sigma) / (2 * bias)
    units = clusters(cluster, rows)
    variances = [inference.mean_variance(u, cluster=units).variance for u in (slope, fit.influence + slope, fit.influence - slope)]
    return _Reach(fit=fit, bias=bias, slope=slope, variance=fit.std_error**2, covariance=(variances[1] - variances[2]) / 4, square=variances[0])


def _mean(name: str, rows: Array) -> tuple[float, Array | float]:
    """A moment and its influence values; rows that are not a number lie outside the subgroup the fit is about."""
    inside = ~np.isnan(rows)
    value = float(rows[inside].mean()) if inside.any() else 0.0
    if not 0 < value < np.inf:
        raise ParameterError(f"{name} is a positive number, or rows (N,) whose mean is one, not {value:.4g}. Propensities next to 1 can make that of "
                             "the corrected square of the representer negative; its plain square errs to the safe side.")
    return value, np.where(inside, rows - value, 0.0) / inside.mean() if rows.ndim else 0.0


def _strength(cf_y: ArrayLike, cf_d: ArrayLike, rho: float) -> Array:
    """ρ·√(cf_y·cf_d/(1 − cf_d))."""
    y, d = np.asarray(cf_y, dtype=float), np.asarray(cf_d, dtype=float)
    if ((y < 0) | (y > 1) | (d < 0) | (d >= 1)).any() or not 0 < abs(rho) <= 1:
        raise ParameterError("cf_y lies in [0, 1], cf_d in [0, 1) and |rho| in (0, 1].")
    return abs(rho) * np.sqrt(y * d / (1 - d))


def ml_bounds(fit: Fit, *, riesz_second_moment: ArrayLike, residual_variance: ArrayLike, cf_y: float, cf_d: float, rho: float = 1.0,
              cluster: ArrayLike | None = None, conf_level: float = 0.95) -> HiddenBounds:
    """Bounds of an effect if a hidden factor explains `cf_y` of the outcome's and adds `cf_d` to the representer's variation.

    Parameters
    ----------
    fit : the estimate without the factor, in printed units, with influence values.
    riesz_second_moment : E α², a number or rows (N,) whose mean it is: `riesz_square(α)`.
    residual_variance : E(Y − g)², a number or the squared residuals (N,), in squared printed units.
    rho : how closely the factor's two sides go together; 1 is the worst case.
    cluster : (N,) as for the estimate.

    Raises
    ------
    ParameterError
        for strengths outside their range, moments that are not positive or of other rows.
    """
    parts, strength = _reach(fit, riesz_second_moment, residual_variance, cluster), float(_strength(cf_y, cf_d, rho))
    ends = [replace(fit, value=fit.value + side * strength * parts.bias, std_error=float(parts.error(strength, side)),
                    influence=None if fit.influence is None else fit.influence + side * strength * parts.slope, method="omitted-variable bound")
            for side in (-1, 1)]
    return HiddenBounds(lower=ends[0], upper=ends[1], cf_y=float(cf_y), cf_d=float(cf_d), rho=float(rho), conf_level=conf_level)


def ml_robustness_value(fit: Fit, *, riesz_second_moment: ArrayLike, residual_variance: ArrayLike, rho: float = 1.0, null: float = 0.0,
                        cluster: ArrayLike | None = None, conf_level: float = 0.95) -> Robustness:
    """The equal strength cf_y = cf_d at which the bounds (`at_level`: their interval) reach `null`; arguments as `ml_bounds`.

    The interval of the value comes from the error of (estimate − null)/√(E α² · E(Y − g)²), by the delta method.

    Raises
    ------
    ParameterError
        as `ml_bounds`.
    """
    _strength(0.0, 0.0, rho)
    parts = _reach(fit, riesz_second_moment, residual_variance, cluster)
    side = -1 if fit.value >= null else 1
    scale = abs(rho) * parts.bias
    ratio = (fit.value - null) / scale
    spread = parts.variance - 2 * abs(rho) * ratio * parts.covariance + (rho * ratio) ** 2 * parts.square
    ends = interval(replace(fit, value=ratio, std_error=float(np.sqrt(max(spread, 0.0))) / scale), conf_level)

    def beyond(strength: float) -> float:
        return side * (float(parts.end(strength, side, conf_level)) - null)

    strength = 0.0 if beyond(0.0) >= 0 else float(optimize.brentq(beyond, 0.0, 1.01 * abs(fit.value - null) / parts.bias))
    return Robustness(value=from_ratio(ratio), at_level=from_ratio(strength / abs(rho)), conf_low=ends[0], conf_high=ends[1], conf_level=conf_level)


def benchmark(full: Fit, without: Fit, *, riesz_second_moment: tuple[ArrayLike, ArrayLike], residual_variance: tuple[ArrayLike, ArrayLike],
              label: str = "") -> Benchmark:
    """How strong a covariate (or a group) is: two cross-fitted effects, with everything and without it, and their moments (full, without).

    cf_y is the drop of residual variance over what is left with all covariates, cf_d the gain of the representer's second moment over
    that without it; a gain below zero is chance and counts as 0. With these as `cf_y` and `cf_d` the bounds answer "what if something
    nobody recorded were as strong as this covariate is, on top of all others".

    Raises
    ------
    ParameterError
        for moments that are not positive.
    """
    nu, sigma = ([float(np.mean(m)) for m in pair] for pair in (riesz_second_moment, residual_variance))
    if not min(*nu, *sigma) > 0:
        raise ParameterError(f"Second moments and residual variances are positive, not {nu} and {sigma}.")
    gain_y, gain_d, shift = max(sigma[1] - sigma[0], 0.0), max(nu[0] - nu[1], 0.0), without.value - full.value
    most = np.sqrt(gain_y * gain_d)
    rho = float(np.clip(shift / most, -1, 1)) if most > 0 else float(np.sign(shift))
    return Benchmark(label=label, cf_y=min(gain_y / sigma[0], 0.999), cf_d=min(gain_d / nu[1], 0.999), rho=rho, shift=shift)


def ml_contour(fit: Fit, *, riesz_second_moment: ArrayLike, residual_variance: ArrayLike, benchmarks: Iterable[Benchmark] = (), rho: float = 1.0,
               null: float = 0.0, cluster: ArrayLike | None = None, conf_level: float = 0.95, size: int = GRID) -> pd.DataFrame:
    """Rows of a chart: cf_d, cf_y, the bound nearer to `null` (`estimate`) and the end of its interval (`conf_end`), benchmarks with a `label`.

    Raises
    ------
    DataError
        where two benchmarks have the same label.
    ParameterError
        as `ml_bounds`, or for a size outside 2 to 49.
    """
    if not 2 <= size <= GRID:
        raise ParameterError(f"size is 2 to {GRID} points a side, not {size}.")
    points, parts = list(benchmarks), _reach(fit, riesz_second_moment, residual_variance, cluster)
    if len({b.label for b in points}) < len(points):
        raise DataError("Two benchmarks have the same label; name each covariate.")
    least = max(1.2 * from_ratio((fit.value - null) / (abs(rho) * parts.bias)), 0.02)
    reach = [min(max([least, *(1.3 * getattr(b, name) for b in points)]), 0.95) for name in ("cf_d", "cf_y")]
    d, y = (axis.ravel() for axis in np.meshgrid(np.linspace(0, reach[0], size), np.linspace(0, reach[1], size), indexing="ij"))
    table = pd.DataFrame({"label": [""] * len(d) + [b.label for b in points], "cf_d": [*d, *(b.cf_d for b in points)],
                          "cf_y": [*y, *(b.cf_y for b in points)]})
    strength, side = _strength(table["cf_y"], table["cf_d"], rho), -1 if fit.value >= null else 1
    return table.assign(estimate=fit.value + side * strength * parts.bias, conf_end=parts.end(strength, side, conf_level))
