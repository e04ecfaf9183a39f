"""Dose and response: how the outcome changes with minutes of waiting, as a smooth curve with a band for the whole of it.

Restricted cubic splines, linear beyond the outer knots, with knots at fixed quantiles (Harrell 2015, Regression Modeling Strategies,
§2.4). The simultaneous band is the sup-t band (Montiel Olea & Plagborg-Møller 2019, Journal of Applied Econometrics 34).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.stats import crossfit, inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
# Harrell 2015, table 2.3: where the knots lie
QUANTILES = {3: (0.1, 0.5, 0.9), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.5, 0.725, 0.95), 6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
             7: (0.025, 0.1833, 0.3417, 0.5, 0.6583, 0.8167, 0.975)}
POINTS, BINS = 60, 30
RELATIVE = 1e-11  # variance of a combination of columns, relative to the largest, that counts as nothing


@dataclass(frozen=True, kw_only=True)
class DoseResponse:
    """Difference of the outcome at every dose from that at the `reference` dose, the covariates being equal.

    `curve`: dose, estimate, std_error, conf_low, conf_high (pointwise), band_low, band_high (the whole curve at once), in units of the
    outcome, between the doses `lowest` and `highest` beyond which less than the demanded share of rows lies; `left_out` are doses that
    were asked for and lie further out. `support`: dose_low, dose_high, n of bins over all rows. `p_value`: that no dose makes any
    difference (joint Wald, F). `critical`: how many standard errors the band is wide.
    """

    curve: pd.DataFrame
    support: pd.DataFrame
    reference: float
    lowest: float
    highest: float
    left_out: tuple[float, ...]
    knots: tuple[float, ...]
    statistic: float
    p_value: float
    df: float
    critical: float
    conf_level: float
    n: int
    n_clusters: int | None
    coefficients: Array = field(repr=False)
    covariance: Array = field(repr=False)
    influence: Array = field(repr=False)

    def at(self, dose: float) -> Fit:
        """The difference at one dose from the reference, with its influence values (N,), for a number on a page.

        Raises
        ------
        ParameterError
            for a dose where too few rows lie beyond.
        """
        if not self.lowest <= dose <= self.highest:
            raise ParameterError(f"The data support doses from {self.lowest:g} to {self.highest:g}; {dose:g} lies outside.")
        step = (basis([dose], self.knots) - basis([self.reference], self.knots))[0]
        return Fit(value=float(step @ self.coefficients), std_error=float(np.sqrt(step @ self.covariance @ step)), n=self.n, df=self.df,
                   n_clusters=self.n_clusters, method="restricted cubic spline", influence=self.influence @ step)


def basis(dose: ArrayLike, knots: Sequence[float]) -> Array:
    """Restricted cubic spline of a dose (n,): the dose and len(knots) − 2 bent columns, in units of the dose (n, k − 1).

    Harrell 2015, eq. 2.25–2.26: column j is [(x − t_j)₊³ − (x − t_{k−1})₊³(t_k − t_j)/(t_k − t_{k−1}) + (x − t_k)₊³(t_{k−1} − t_j)/(t_k − t_{k−1})]
    over (t_k − t_1)².
    """
    x, t = np.asarray(dose, dtype=float), np.asarray(knots, dtype=float)
    cubes = np.maximum(x[:, None] - t, 0.0) ** 3
    last = t[-1] - t[-2]
    bent = cubes[:, :-2] - cubes[:, [-2]] * (t[-1] - t[:-2]) / last + cubes[:, [-1]] * (t[-2] - t[:-2]) / last
    return np.column_stack([x, bent / (t[-1] - t[0]) ** 2])


def dose_response(y: ArrayLike, dose: ArrayLike, matrix: ArrayLike, *, at: ArrayLike | None = None, knots: int | Sequence[float] = 5,
                  reference: float | None = None, cluster: ArrayLike | None = None, conf_level: float = 0.95, min_beyond: float = 0.01,
                  draws: int = 4000, seed: int = 0) -> DoseResponse:
    """Regress the outcome on a spline of the dose and covariates, and compare every dose with a reference dose.

    An adjusted association: it is the effect of the dose only if the covariates hold everything behind both and enter as they should.
    Errors are robust to unequal variance (HC3), or by whole clusters (CR2).

    Parameters
    ----------
    y : (N,) outcome in printed units, complete. dose : (N,) for example minutes.
    matrix : (N, p) covariates known before the dose, the constant is added; columns that repeat each other are harmless.
    at : doses of the curve; by default 60 from the lowest to the highest supported one.
    knots : their number (3 to 7, at Harrell's quantiles) or the doses themselves.
    reference : dose to compare with, by default the lowest supported one.
    min_beyond : share of rows that must lie at or beyond a dose on either side for it to be drawn.
    draws, seed : simulated curves behind the simultaneous band.

    Raises
    ------
    DataError
        for missing values or clusters, knots that coincide, a dose that the covariates determine, no degrees of freedom left.
    ParameterError
        for shapes that differ, a reference without support, knots or levels out of range.
    """
    y, d, x = _checked(y, dose, matrix, conf_level, min_beyond)
    placed = _knots(d, knots)
    low, high = (float(np.quantile(d, p, method=m)) for p, m in ((min_beyond, "inverted_cdf"), (1 - min_beyond, "higher")))
    origin = low if reference is None else float(reference)
    if not low <= origin <= high:
        raise ParameterError(f"The reference dose {origin:g} has too few rows beyond it; the data support {low:g} to {high:g}.")
    asked = np.linspace(low, high, POINTS) if at is None else np.unique(np.asarray(at, dtype=float))
    shown = asked[(asked >= low) & (asked <= high)]
    if not len(shown):
        raise ParameterError(f"None of the doses asked for lies between {low:g} and {high:g}, where the data have rows on both sides.")
    coefficients, influence, residual_df = _regression(y, basis(d, placed), x)
    covariance, df, groups = _covariance(influence, residual_df, cluster)
    steps = basis(shown, placed) - basis([origin], placed)
    critical = _critical(steps, covariance, df, conf_level, draws, seed)
    statistic = float(coefficients @ np.linalg.solve(covariance, coefficients)) / len(coefficients)
    return DoseResponse(curve=_curve(shown, steps, coefficients, covariance, inference.quantile(conf_level, df), critical), support=_support(d),
                        reference=origin, lowest=low, highest=high, left_out=tuple(float(a) for a in asked if a not in shown), knots=placed,
                        statistic=statistic, p_value=float(stats.f.sf(statistic, len(coefficients), df)), df=df, critical=critical,
                        conf_level=conf_level, n=len(y), n_clusters=groups, coefficients=coefficients, covariance=covariance, influence=influence)


def _checked(y: ArrayLike, dose: ArrayLike, matrix: ArrayLike, conf_level: float, min_beyond: float) -> tuple[Array, Array, Array]:
    """Complete rows of one length."""
    y, d, x = (np.asarray(a, dtype=float) for a in (y, dose, matrix))
    x = x[:, None] if x.ndim == 1 else x
    if not len(y) == len(d) == len(x):
        raise ParameterError(f"y, dose and matrix need the same rows; there are {len(y)}, {len(d)} and {len(x)}.")
    if not 0 < conf_level < 1 or not 0 <= min_beyond < 0.5:
        raise ParameterError(f"conf_level lies in (0, 1) and min_beyond in [0, 0.5), not {conf_level} and {min_beyond}.")
    for what, bad in (("y", ~np.isfinite(y)), ("dose", ~np.isfinite(d)), ("matrix", ~np.isfinite(x).all(axis=1))):
        if bad.any():
            raise DataError(f"{what} is missing in {int(bad.sum())} of {len(y)} rows; drop them, or weight for who is missing first.")
    return y, d, x


def _knots(d: Array, knots: int | Sequence[float]) -> tuple[float, ...]:
    """The knots, which must differ and lie among the doses."""
    if isinstance(knots, int):
        if knots not in QUANTILES:
            raise ParameterError(f"knots= is a number from {min(QUANTILES)} to {max(QUANTILES)} or a list of doses, not {knots}.")
        placed = tuple(float(v) for v in np.quantile(d, QUANTILES[knots]))
        if len(set(placed)) < len(placed):
            raise DataError(f"{knots} knots at fixed quantiles coincide ({', '.join(f'{v:g}' for v in placed)}): many rows have the same dose. "
                            "Ask for fewer knots, or list doses as knots.")
        return placed
    placed = tuple(sorted(float(v) for v in knots))
    if len(placed) < 3 or len(set(placed)) < len(placed) or not d.min() <= placed[0] < placed[-1] <= d.max():
        raise ParameterError(f"knots= lists at least three different doses between {d.min():g} and {d.max():g}, not {list(knots)}.")
    return placed


def _regression(y: Array, spline: Array, x: Array) -> tuple[Array, Array, float]:
    """Spline coefficients, their influence values (N, k − 1) with the residuals of HC3, and residual degrees of freedom.

    The covariates are taken out of outcome and spline first (Frisch & Waugh), so that they may repeat each other.
    """
    frame = np.column_stack([x, spline])
    frame = frame - frame.mean(axis=0)
    scale = np.sqrt((frame**2).sum(axis=0))
    frame /= np.where(scale > 0, scale, 1.0)
    covariates, bent = frame[:, :x.shape[1]], frame[:, x.shape[1]:]
    known = _orthonormal(covariates)
    rest, outcome = bent - known @ (known.T @ bent), y - y.mean()
    outcome = outcome - known @ (known.T @ outcome)
    own, root = np.linalg.qr(rest)
    df = len(y) - 1.0 - known.shape[1] - bent.shape[1]
    if df < 2 or np.linalg.svd(root, compute_uv=False).min() < 1e-7:
        raise DataError(f"The covariates determine the dose, or leave no degrees of freedom ({df:g}): there is nothing to compare.")
    size = scale[x.shape[1]:]
    coefficients = np.linalg.solve(root, own.T @ outcome)
    leverage = 1 / len(y) + (known**2).sum(axis=1) + (own**2).sum(axis=1)
    residual = (outcome - rest @ coefficients) / np.maximum(1 - leverage, 1e-9)
    influence = len(y) * np.linalg.solve(root, own.T).T * residual[:, None]
    return coefficients / size, influence / size, df


def _orthonormal(columns: Array) -> Array:
    """Orthonormal columns (N, rank) of the same span, through their products: a million rows are multiplied, never factored.

    The second pass takes out what rounding left over from the first (Yamamoto et al. 2015, ETNA 44).
    """
    for _ in range(2):
        values, vectors = np.linalg.eigh(columns.T @ columns)
        kept = values > RELATIVE * values.max(initial=0.0)
        columns = columns @ (vectors[:, kept] / np.sqrt(values[kept]))
    return columns


def _covariance(influence: Array, residual_df: float, cluster: ArrayLike | None) -> tuple[Array, float, int | None]:
    """Covariance of the coefficients, degrees of freedom, number of clusters."""
    u = influence - influence.mean(axis=0)
    n = len(u)
    if cluster is None:
        return u.T @ u / (n * (n - 1.0)), residual_df, None
    codes, groups = crossfit.codes_of(cluster, what="clusters")
    if len(codes) != n:
        raise ParameterError(f"cluster= has {len(codes)} rows and the data {n}; give every row its cluster.")
    df = inference.mean_variance(u[:, 0], cluster=codes).df
    totals = np.column_stack([np.bincount(codes, column, groups) for column in u.T]) / n
    return (totals / (1 - np.bincount(codes, minlength=groups) / n)[:, None]).T @ totals, min(df, residual_df), groups


def _critical(steps: Array, covariance: Array, df: float, conf_level: float, draws: int, seed: int) -> float:
    """Quantile of the largest |t| over the curve, from simulated coefficients; never below the pointwise one."""
    if draws < 100:
        raise ParameterError(f"draws= is at least 100 simulated curves, not {draws}.")
    root = steps @ np.linalg.cholesky(covariance)
    error = np.sqrt((root**2).sum(axis=1))
    far = error > 0
    scaled = root[far] / error[far, None]
    if not far.any():
        return inference.quantile(conf_level, df)
    return inference.sup_t(scaled @ scaled.T, conf_level=conf_level, df=df, draws=draws, seed=seed)


def _curve(doses: Array, steps: Array, coefficients: Array, covariance: Array, pointwise: float, critical: float) -> pd.DataFrame:
    """The curve as rows of a chart."""
    value, error = steps @ coefficients, np.sqrt(np.maximum(((steps @ covariance) * steps).sum(axis=1), 0.0))
    return pd.DataFrame({"dose": doses, "estimate": value, "std_error": error, "conf_low": value - pointwise * error,
                         "conf_high": value + pointwise * error, "band_low": value - critical * error, "band_high": value + critical * error})


def _support(d: Array) -> pd.DataFrame:
    """How many rows lie where: bins of equal width over all doses."""
    count, edges = np.histogram(d, bins=BINS)
    return pd.DataFrame({"dose_low": edges[:-1], "dose_high": edges[1:], "n": count})
