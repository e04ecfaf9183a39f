"""Sensitivity of a regression coefficient to a factor that the regression lacks.

Source: Cinelli & Hazlett 2020, "Making sense of sensitivity", JRSS-B 82: eq. 7 (bias), 9 (standard error), 15 and 16 with the footnote
to them (benchmarks). With R²dz, the share of what is left of the exposure that the factor explains, and R²yz, that of what is left of
the outcome given the exposure as well, |bias| = se·√df·√(R²yz·R²dz/(1 − R²dz)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.stats import inference
from voclib.stats.inference import Fit
from voclib.stats.sensitivity.ranges import HiddenBounds
from voclib.stats.sensitivity.robustness import Robustness, interval, partial_r2, robustness_value
from voclib.stats.sensitivity.units import clusters

Array = NDArray[np.float64]
GRID = 49  # points a side of a contour: 2,401 rows
RELATIVE = 1e-9  # what is left of a column, relative to it, that counts as nothing


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """A regression coefficient and what a hidden factor could make of it.

    `fit`: the coefficient, in units of the outcome per unit of exposure. `partial_r2`: what the exposure explains of the rest of the
    outcome; an extreme factor needs to explain no more than that of the exposure. `robustness`: the value for the share `q` of the
    estimate. `bounds`: one row a benchmark and multiple `k`: the strengths `r2_dz` and `r2_yz` of a factor k times as strong as the
    benchmark, and the estimate, its error, t and interval with such a factor working against it; not a number where no factor can be
    so strong. `r2_yz` is capped at 1. `classical_error`, `df`: what the formulas rest on whatever the errors.
    """

    fit: Fit
    partial_r2: float
    robustness: Robustness
    bounds: pd.DataFrame
    classical_error: float
    df: float
    q: float
    conf_level: float

    def adjusted(self, r2_dz: ArrayLike, r2_yz: ArrayLike) -> pd.DataFrame:
        """Estimate, std_error, t, conf_low, conf_high with a factor of these strengths that draws the estimate towards zero (and beyond).

        Raises
        ------
        ParameterError
            for strengths outside [0, 1), for the outcome [0, 1].
        """
        d, y = np.broadcast_arrays(np.atleast_1d(np.asarray(r2_dz, dtype=float)), np.atleast_1d(np.asarray(r2_yz, dtype=float)))
        bias, error = self._moved(d, y)
        value = self.fit.value - np.where(self.fit.value < 0, -1, 1) * bias
        reach = inference.quantile(self.conf_level, _with_factor(self.fit.df, self.df)) * error
        with np.errstate(divide="ignore", invalid="ignore"):
            return pd.DataFrame({"estimate": value, "std_error": error, "t": value / error, "conf_low": value - reach, "conf_high": value + reach})

    def _moved(self, d: Array, y: Array) -> tuple[Array, Array]:
        """Bias and standard error with a factor of these strengths."""
        if ((d < 0) | (d >= 1) | (y < 0) | (y > 1)).any():
            raise ParameterError("r2_dz lies in [0, 1) and r2_yz in [0, 1].")
        bias = self.classical_error * np.sqrt(self.df) * np.sqrt(y * d / (1 - d))
        return bias, self.fit.std_error * np.sqrt((1 - y) / (1 - d) * self.df / (self.df - 1))

    def between(self, r2_dz: float, r2_yz: float) -> HiddenBounds:
        """The range of the effect with a factor of these strengths, whichever way it works; errors as `adjusted`."""
        bias, error = (float(a) for a in self._moved(np.asarray(r2_dz), np.asarray(r2_yz)))
        ends = [replace(self.fit, value=self.fit.value + side * bias, std_error=error, df=_with_factor(self.fit.df, self.df), influence=None,
                        method="omitted-variable bounds of a regression") for side in (-1, 1)]
        return HiddenBounds(lower=ends[0], upper=ends[1], cf_y=float(r2_yz), cf_d=float(r2_dz), rho=1.0, conf_level=self.conf_level)

    def contour(self, *, size: int = GRID) -> pd.DataFrame:
        """Rows of a chart: a grid of r2_dz and r2_yz with what the estimate becomes, and the benchmarks as rows with a `label`.

        Raises
        ------
        ParameterError
            for a size outside 2 to 49.
        """
        if not 2 <= size <= GRID:
            raise ParameterError(f"size is 2 to {GRID} points a side, not {size}.")
        known = self.bounds.dropna(subset=["r2_dz"])
        reach = [min(max(1.3 * known[name].max() if len(known) else 0.0, 1.2 * self.robustness.value, 0.02), 0.95) for name in ("r2_dz", "r2_yz")]
        d, y = (axis.ravel() for axis in np.meshgrid(np.linspace(0, reach[0], size), np.linspace(0, reach[1], size), indexing="ij"))
        grid = pd.DataFrame({"label": "", "r2_dz": d, "r2_yz": y}).join(self.adjusted(d, y))
        points = known.assign(label=known["benchmark"] + " ×" + known["k"].map("{:g}".format))
        return pd.concat([grid, points[grid.columns]], ignore_index=True)


def ols_sensitivity(y: ArrayLike, exposed: ArrayLike, matrix: ArrayLike, names: Sequence[str], *,
                    benchmarks: Mapping[str, Sequence[str]] | Sequence[str] = (), k: Sequence[float] = (1, 2, 3), cluster: ArrayLike | None = None,
                    robust: bool = False, q: float = 1.0, conf_level: float = 0.95) -> Sensitivity:
    """Least squares of `y` on `exposed` and covariates, and its sensitivity to a factor left out.

    Parameters
    ----------
    y : (N,) outcome, complete.
    exposed : (N,) exposure, 0/1 or a dose.
    matrix : (N, p) covariates, the constant is added; columns that repeat each other are harmless. `names`: one a column.
    benchmarks : covariates to compare a hidden factor with: column names, or label → columns that belong together (a factor's levels).
    k : how many times as strong as a benchmark the hidden factor is taken to be, with the exposure and with the outcome.
    cluster, robust : errors by whole clusters (CR2) or robust to unequal variance; the default is classical, as in the source. Biases
        and strengths are the same for all three; intervals scale the error by the factor that holds for the classical one.

    Raises
    ------
    DataError
        for missing values or clusters, an exposure that the covariates determine, no degrees of freedom left, an outcome without a residual.
    ParameterError
        for shapes or names that do not fit, unknown benchmark columns, k that is not positive.
    """
    y, d, x, names = _checked(y, exposed, matrix, names)
    groups, units = _groups(benchmarks, names), clusters(cluster, len(y))
    if not len(k) or min(k) <= 0 or not 0 < conf_level < 1:
        raise ParameterError(f"k= lists positive multiples and conf_level lies in (0, 1), not {list(k)} and {conf_level}.")
    packed = _Packed(x, d, y)
    covariates = list(range(packed.width))
    left_d, slopes_d = packed.residual(packed.d, covariates)
    left_y, slopes_y = packed.residual(packed.y, [*covariates, packed.d])
    rank = int(np.linalg.matrix_rank(packed.root[:, covariates], tol=RELATIVE)) if covariates else 0
    df = len(y) - rank - 2.0
    if left_d <= RELATIVE or df <= 1:
        raise DataError(f"The {len(names)} covariates determine the exposure, or leave no degrees of freedom ({df:g}): nothing is left to compare.")
    if left_y <= RELATIVE:
        raise DataError("Exposure and covariates determine the outcome without rest; look for a column computed from it.")
    rest_d, rest_y = packed.rows(packed.d, covariates, slopes_d), packed.rows(packed.y, [*covariates, packed.d], slopes_y)
    fit, ratio, classical = _coefficient(rest_d, rest_y, float(slopes_y[-1] * packed.scale[packed.y] / packed.scale[packed.d]), df, units, robust)
    t, wider = fit.value / classical, inference.quantile(conf_level, _with_factor(fit.df, df)) / inference.quantile(conf_level, df - 1)
    ends = interval(replace(ratio, value=ratio.value * q, std_error=ratio.std_error * q), conf_level)
    robustness = Robustness(value=robustness_value(t, df, q=q), conf_low=ends[0], conf_high=ends[1], conf_level=conf_level,
                            at_level=robustness_value(t, df, q=q, alpha=1 - conf_level, error_ratio=wider * fit.std_error / classical))
    found = Sensitivity(fit=fit, partial_r2=partial_r2(t, df), robustness=robustness, bounds=pd.DataFrame(), classical_error=classical, df=df, q=q,
                        conf_level=conf_level)
    strengths = [_strengths(packed, covariates, columns, k, left_d, left_y) for columns in groups.values()]
    return replace(found, bounds=_bounds(found, list(groups), k, strengths))


def _with_factor(own: float, residual: float) -> float:
    """Degrees of freedom of a regression that has one more covariate."""
    return max(min(own, residual) - 1, 1.0)


def _bounds(found: Sensitivity, labels: list[str], k: Sequence[float], strengths: list[tuple[Array, Array]]) -> pd.DataFrame:
    """Strengths and what they make of the estimate; rows of impossible strengths stay, without numbers."""
    d, y = (np.concatenate([pair[i] for pair in strengths]) if strengths else np.empty(0) for i in (0, 1))
    possible = ~np.isnan(d)
    adjusted = found.adjusted(np.where(possible, d, 0.0), np.where(possible, y, 0.0))
    return pd.DataFrame({"benchmark": np.repeat(np.array(labels, dtype=object), len(k)), "k": np.tile(np.asarray(k, dtype=float), len(labels)),
                         "r2_dz": d, "r2_yz": y, **{name: np.where(possible, adjusted[name], np.nan) for name in adjusted}})


def _checked(y: ArrayLike, exposed: ArrayLike, matrix: ArrayLike, names: Sequence[str]) -> tuple[Array, Array, Array, list[str]]:
    """Complete rows of one length and a name for each column."""
    y, d, x = (np.asarray(a, dtype=float) for a in (y, exposed, matrix))
    x = x[:, None] if x.ndim == 1 else x
    if not len(y) == len(d) == len(x) or x.shape[1] != len(names):
        raise ParameterError(f"y, exposed and matrix need the same rows and names= one name a column; there are {len(y)}, {len(d)} and {len(x)} "
                             f"rows, {x.shape[1]} columns and {len(names)} names.")
    for what, bad in (("y", ~np.isfinite(y)), ("exposed", ~np.isfinite(d)), ("matrix", ~np.isfinite(x).all(axis=1))):
        if bad.any():
            raise DataError(f"{what} is missing in {int(bad.sum())} of {len(y)} rows; drop them, or weight for who is missing first.")
    return y, d, x, list(names)


def _groups(benchmarks: Mapping[str, Sequence[str]] | Sequence[str], names: list[str]) -> dict[str, list[int]]:
    """Label → positions of the columns."""
    wanted = [benchmarks] if isinstance(benchmarks, str) else benchmarks
    groups = benchmarks if isinstance(benchmarks, Mapping) else {name: [name] for name in wanted}
    groups = {label: [columns] if isinstance(columns, str) else list(columns) for label, columns in groups.items()}
    for name in (name for columns in groups.values() for name in columns):
        if name not in names:
            raise ParameterError(f"There is no covariate '{name}' to compare a hidden factor with; {nearest(name, names)}")
    return {label: [i for i, name in enumerate(names) if name in columns] for label, columns in groups.items()}


class _Packed:
    """Covariates, exposure and outcome, centred and in unit length, and the square root of their products (p + 2, p + 2).

    Every nested regression is solved on the root, whose columns have the same products as the rows: a million rows are read once.
    """

    def __init__(self, x: Array, d: Array, y: Array) -> None:
        self.columns = np.column_stack([x, d, y])
        self.columns -= self.columns.mean(axis=0)
        self.scale = np.sqrt((self.columns**2).sum(axis=0))
        self.scale[self.scale <= 0] = 1.0
        self.columns /= self.scale
        self.root = np.linalg.qr(self.columns, mode="r")
        self.width, self.d, self.y = x.shape[1], x.shape[1], x.shape[1] + 1

    def residual(self, target: int, on: list[int]) -> tuple[float, Array]:
        """Sum of squares of a column that others leave, relative to its own, and their slopes."""
        slopes = np.linalg.lstsq(self.root[:, on], self.root[:, target], rcond=RELATIVE)[0]
        rest = self.root[:, target] - self.root[:, on] @ slopes
        return float(rest @ rest), slopes

    def rows(self, target: int, on: list[int], slopes: Array) -> Array:
        """What is left of a column, row by row, in its own units."""
        return (self.columns[:, target] - self.columns[:, on] @ slopes) * self.scale[target]


def _coefficient(rest_d: Array, rest_y: Array, value: float, df: float, cluster: NDArray[np.intp] | None, robust: bool) -> tuple[Fit, Fit, float]:
    """The coefficient, the signed ratio f = t/√df with its error by the delta method, and the classical error."""
    n, spread_d, spread_y = len(rest_d), float(rest_d @ rest_d), float(rest_y @ rest_y)
    classical = float(np.sqrt(spread_y / df / spread_d))
    lost = np.sqrt((n - 1) / df)  # coefficients that were estimated take degrees of freedom
    influence = n * rest_d * rest_y / spread_d * lost
    kind = "clustered, CR2" if cluster is not None else "robust" if robust else "classical"
    fit = inference.fit(value, influence, n=n, cluster=cluster, method=f"least squares, {kind} error")
    f = value * np.sqrt(spread_d / spread_y)
    own = influence * np.sqrt(spread_d / spread_y) + f / 2 * n * (rest_d**2 / spread_d - rest_y**2 / spread_y) * lost
    ratio = inference.fit(f, own, n=n, cluster=cluster, method="delta method")
    if cluster is None:
        fit, ratio = replace(fit, df=df), replace(ratio, df=df)
    return (replace(fit, std_error=classical) if kind == "classical" else fit), ratio, classical


def _strengths(packed: _Packed, covariates: list[int], columns: list[int], k: Sequence[float], left_d: float, left_y: float) -> tuple[Array, Array]:
    """R²dz and R²yz of a factor k times as strong as these columns, from what they add to exposure and outcome."""
    others = [c for c in covariates if c not in columns]
    without_d, without_y = packed.residual(packed.d, others)[0], packed.residual(packed.y, [*others, packed.d])[0]
    own_d, own_y = max(1 - left_d / without_d, 0.0), max(1 - left_y / without_y, 0.0)
    times = np.asarray(k, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        r2_dz = times * own_d / (1 - own_d)
        shared = times * own_d**2 / ((1 - times * own_d) * (1 - own_d))
        r2_yz = np.minimum((np.sqrt(times) + np.sqrt(shared)) ** 2 / (1 - shared) * own_y / (1 - own_y), 1.0)
    possible = (r2_dz < 1) & (times * own_d < 1) & (shared < 1)
    return np.where(possible, r2_dz, np.nan), np.where(possible, r2_yz, np.nan)
