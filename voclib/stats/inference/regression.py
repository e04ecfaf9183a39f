"""Linear regressions whose errors go together within clusters, from one cross product a cluster; no row is touched twice.

A_g = X_g'W X_g and b_g = X_g'W y_g hold all that coefficients, both variances and the wild bootstrap need (MacKinnon 2023, Econometrics &
Statistics 26). Effects of units lie inside clusters and are swept out. Effects that cut across clusters (periods) stay as columns: the
jackknife and the bootstrap fit them anew, which columns freed of them beforehand would forget (MacKinnon, Nielsen & Webb 2023, J. Applied
Econometrics 38). With noise in the regressors, A_g less its expected contribution N_g takes A_g's place (Fuller 1987, Measurement Error Models).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from voclib.errors import DataError, ParameterError, nearest
from voclib.stats.inference.fits import Fit
from voclib.stats.inference.means import Array, encode

SAME = 1e-10  # eigenvalue of a gram matrix with unit diagonal, or share of a column's variation, that counts as none


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Cross products of one linear regression, cluster by cluster.

    names : the K columns asked for; E further columns behind them are effects, fitted and not reported.
    gram, cross : (G, K + E, K + E) X_g'W X_g and (G, K + E) X_g'W y_g; clusters in the order of `encode`.
    noise : (G, K, K), what sampling noise in the regressors is expected to add to gram once the effects have taken their part, Σ M v with M the
        residual maker of units and effects, shared out to clusters; None where there is none.
    n : rows that carry weight.
    """

    names: tuple[str, ...]
    gram: Array
    cross: Array
    noise: Array | None = None
    n: int

    @property
    def n_clusters(self) -> int:
        """Clusters, G."""
        return len(self.gram)

    def position(self, name: str) -> int:
        """Where a column stands; ParameterError for one that is not asked for."""
        if name not in self.names:
            raise ParameterError(f"The regression has no column '{name}'; {nearest(name, self.names)}")
        return self.names.index(name)

    def corrected(self) -> Array:
        """gram less noise, (G, K + E, K + E)."""
        if self.noise is None:
            return self.gram
        found, k = self.gram.copy(), len(self.names)
        found[:, :k, :k] -= self.noise
        return found


def moments(y: ArrayLike, x: ArrayLike, *, cluster: ArrayLike, names: Sequence[str], weights: ArrayLike | None = None,
            within: ArrayLike | None = None, effects: ArrayLike | None = None) -> Moments:
    """Cross products of an outcome (n,) and columns (n, K), in any order of rows.

    Parameters
    ----------
    cluster : (n,) units of shock. names : of the K columns. weights : (n,) ≥ 0, taken as given; rows of weight 0 are left out.
    within : (n,) units whose weighted mean is swept out of outcome and columns; each belongs to one cluster.
    effects : (n,) levels such as periods, each fitted as a column (T in all, swept like the others); only beside `within`.
        Without both, outcome and columns are taken to be free of what the model absorbs.

    Raises
    ------
    DataError
        for missing values, fewer than two clusters, a cluster without weight or with units of one row alone, a unit in two clusters, a column
        that is constant within units.
    ParameterError
        for shapes or names that do not fit, negative weights, effects without `within`.
    """
    if within is None and effects is not None:
        raise ParameterError("Effects are fitted beside those of units; give within=, the units.")
    y, x, w, codes, groups, kept = _rows(y, x, cluster, names, weights)
    if within is not None:
        unit, units = encode(np.asarray(within)[kept])
        if effects is not None:
            level, levels = encode(np.asarray(effects)[kept])
            x = np.column_stack([x, np.eye(levels)[level]])
        y, x = _swept(y, x, w, unit, units, codes, names)
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(codes, minlength=groups))[:-1])
    weighted = x * w[:, None]
    gram = np.stack([weighted[rows].T @ x[rows] for rows in parts])
    cross = np.stack([y[rows] @ weighted[rows] for rows in parts])
    return Moments(names=tuple(names), gram=(gram + gram.transpose(0, 2, 1)) / 2, cross=cross, n=len(y))


def _rows(y: ArrayLike, x: ArrayLike, cluster: ArrayLike, names: Sequence[str],
          weights: ArrayLike | None) -> tuple[Array, Array, Array, NDArray[np.intp], int, NDArray[np.bool_]]:
    """Outcome, columns, weights, cluster codes and their number over rows of positive weight, and which rows those are."""
    y, x = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    if x.ndim != 2 or y.ndim != 1 or not len(y) == len(x) == len(w) == len(np.asarray(cluster)) or x.shape[1] != len(names) or not len(names):
        raise ParameterError(f"A regression needs y (n,), x (n, K), clusters and weights (n,) and K ≥ 1 names, not {y.shape}, {x.shape}, "
                             f"{np.shape(cluster)}, {w.shape} and {len(names)} names.")
    if len(set(names)) < len(names):
        raise ParameterError(f"Columns of a regression have names of their own; given: {', '.join(names)}.")
    missing = int((~np.isfinite(np.column_stack([y, x, w]))).any(axis=1).sum())
    if missing:
        raise DataError(f"{missing} of {len(y)} rows have a missing outcome, column or weight; drop them first.")
    if (w < 0).any():
        raise ParameterError(f"Weights are at least 0; {int((w < 0).sum())} are below.")
    codes, groups = encode(cluster)
    mass = np.bincount(codes, w, groups)
    if groups < 2:
        raise DataError(f"A clustered variance needs at least 2 clusters; there is {groups}.")
    if (mass <= 0).any():
        raise DataError(f"{int((mass <= 0).sum())} of {groups} clusters carry no weight, the first at position {int(np.argmin(mass > 0))}; "
                        "leave their rows out.")
    kept = w > 0
    return y[kept], x[kept], w[kept], codes[kept], groups, kept


def _swept(y: Array, x: Array, w: Array, unit: NDArray[np.intp], units: int, codes: NDArray[np.intp], names: Sequence[str]) -> tuple[Array, Array]:
    """Outcome and columns less their weighted means by unit."""
    owner = np.zeros(units, dtype=np.intp)
    owner[unit] = codes
    if (owner[unit] != codes).any():
        raise DataError(f"{len(np.unique(unit[owner[unit] != codes]))} of {units} units lie in more than one cluster; cluster by something larger.")
    told = np.bincount(codes, np.bincount(unit)[unit] > 1)
    if (told == 0).any():
        raise DataError(f"{int((told == 0).sum())} of {len(told)} clusters hold only units with a single row, the first at position "
                        f"{int(np.argmin(told))}; they show no change and would be counted as if they did. Leave them out.")
    mass = np.bincount(unit, w, units)

    def less(values: Array) -> Array:
        return values - (np.bincount(unit, w * values, units) / mass)[unit]

    left = np.column_stack([less(column) for column in x.T])
    size, before = w @ left[:, :len(names)] ** 2, w @ x[:, :len(names)] ** 2
    still = [name for name, now, then in zip(names, size, before, strict=True) if now <= SAME**2 * then]
    if still:
        raise DataError(f"Nothing varies within units in {', '.join(still)}; a column that never changes says nothing on change. Leave it out.")
    return less(y), left


@dataclass(frozen=True, kw_only=True)
class Regression:
    """Coefficients of one regression with a variance that allows for clusters.

    coefficients (K,); covariance (K, K); influence (G, K), whose rows are clusters: Σu_g²/(G(G − 1)) is the variance, so that functions of
    several coefficients are `inference.transform(…, cluster=np.arange(G))`; df = G − 1.
    """

    names: tuple[str, ...]
    coefficients: Array
    influence: Array
    covariance: Array
    df: float
    n: int
    n_clusters: int
    method: str

    def fit(self, name: str) -> Fit:
        """One coefficient."""
        return self.combine({name: 1.0})

    def combine(self, shares: Mapping[str, float]) -> Fit:
        """A linear combination of coefficients, Σ share·β; a cumulative effect has shares 1.

        Raises
        ------
        ParameterError
            for a name that is no column.
        """
        unknown = [name for name in shares if name not in self.names]
        if unknown or not shares:
            raise ParameterError(f"The regression has no column '{unknown[0]}'; {nearest(unknown[0], self.names)}" if unknown
                                 else "A combination needs at least one column.")
        c = np.array([shares.get(name, 0.0) for name in self.names])
        return Fit(value=float(c @ self.coefficients), std_error=float(np.sqrt(max(c @ self.covariance @ c, 0.0))), n=self.n, df=self.df,
                   n_clusters=self.n_clusters, method=self.method, influence=self.influence @ c)


def regress(given: Moments, *, method: Literal["CRV1", "CRV3"] = "CRV3") -> Regression:
    """Least squares with a cluster-robust variance, t(G − 1).

    CRV1: G/(G − 1)·A⁻¹(Σ s_g s_g')A⁻¹ with s_g = b_g − A_g β̂; without the factor (N − 1)/(N − K) that software often adds (Liang & Zeger
    1986, Biometrika 73). CRV3: the jackknife (G − 1)/G·Σ(β₍g₎ − β̂)(β₍g₎ − β̂)', β₍g₎ fitted without cluster g (MacKinnon, Nielsen & Webb
    2023, J. Econometrics 232); it is the safer one where clusters are few or differ in size. Influence values are G·A⁻¹s_g and
    (G − 1)(β̂ − β₍g₎).

    Raises
    ------
    DataError
        for collinear or constant columns, by name; sampling noise as large as the variation; coefficients that rest on one cluster alone.
    ParameterError
        for an unknown method.
    """
    if method not in ("CRV1", "CRV3"):
        raise ParameterError(f"method is 'CRV1' or 'CRV3', not {method!r}.")
    part, k, groups = given.corrected(), len(given.names), given.n_clusters
    bread = inverse(given)
    whole = bread @ given.cross.sum(axis=0)
    if method == "CRV1":
        influence = groups * ((given.cross - part @ whole) @ bread)[:, :k]
    else:
        influence = (groups - 1) * (whole - _without_each(given, part))[:, :k]
    return Regression(names=given.names, coefficients=whole[:k], influence=influence, covariance=influence.T @ influence / (groups * (groups - 1)),
                      df=groups - 1.0, n=given.n, n_clusters=groups, method=method if given.noise is None else f"{method}, noise taken off")


def inverse(given: Moments) -> Array:
    """A⁻¹, (K + E, K + E), of the whole; effects are told apart by having them sum to zero, which moves no other coefficient.

    Raises
    ------
    DataError
        for collinear or constant columns, by name, and for sampling noise as large as the variation.
    """
    raw = _bound(given.gram.sum(axis=0), len(given.names))
    scale = np.sqrt(np.where(np.diag(raw) > 0, np.diag(raw), 1.0))
    _check_rank(raw / np.outer(scale, scale), given.names)
    whole = _bound(given.corrected().sum(axis=0), len(given.names)) / np.outer(scale, scale)
    if given.noise is not None and np.linalg.eigvalsh(whole)[0] <= SAME:
        share = _noise_share(given, raw)
        worst = given.names[int(np.argmax(share))]
        raise DataError(f"Sampling noise is as large as what varies, most of all in {worst} ({100 * share.max():.0f} % of its variation beside the "
                        "effects): no slope can be estimated. More answers per cell, or fewer lags, are needed.")
    return np.linalg.inv(whole) / np.outer(scale, scale)


def _noise_share(given: Moments, whole: Array) -> Array:
    """Noise of each column (K,) over its variation once the effects have taken their part."""
    k = len(given.names)
    left = np.diag(whole)[:k]
    if len(whole) > k:
        left = left - np.einsum("ke,ek->k", whole[:k, k:], np.linalg.solve(whole[k:, k:], whole[k:, :k]))
    return np.diag(given.noise.sum(axis=0)) / left


def _bound(whole: Array, k: int) -> Array:
    """A (…, K + E, K + E) with the sum of effects held at zero, and effects that nobody is left to show held there too."""
    if whole.shape[-1] == k:
        return whole
    bound, size = whole.copy(), np.trace(whole[..., k:, k:], axis1=-2, axis2=-1)[..., None]
    count = whole.shape[-1] - k
    at = np.arange(k, k + count)
    gone = np.diagonal(whole, axis1=-2, axis2=-1)[..., k:] <= SAME * size
    bound[..., k:, k:] += size[..., None] / count**2
    bound[..., at, at] += gone * size / count
    return bound


def _check_rank(scaled: Array, names: tuple[str, ...]) -> None:
    """Name columns that others repeat, from a gram matrix (K + E, K + E) with unit diagonal."""
    k = len(names)
    still = [name for name, size in zip(names, np.diag(scaled), strict=False) if size <= 0]
    if still:
        raise DataError(f"Nothing varies in {', '.join(still)}; leave it out.")
    if np.linalg.eigvalsh(scaled)[0] > SAME:
        return
    _, upper, pivots = linalg.qr(scaled, pivoting=True)
    rank = int((np.abs(np.diag(upper)) > np.sqrt(SAME) * 1e-2).sum())
    made = np.abs(np.linalg.lstsq(scaled[:, pivots[:rank]], scaled[:, pivots[rank:]], rcond=None)[0])
    involved = {*pivots[rank:], *pivots[:rank][(made > 1e-4).any(axis=1)]} if rank < len(scaled) else set(range(k))
    shown = [name for i, name in enumerate(names) if i in involved]
    if not shown:
        raise DataError("The effects fall into groups that no unit links, so none can be estimated. Keep the longest run of periods.")
    among = " and the effects" if any(i >= k for i in involved) else ""
    raise DataError(f"Columns repeat each other: {', '.join(shown)}{among}. Leave one out, or merge them into one.")


def _without_each(given: Moments, part: Array) -> Array:
    """Coefficients (G, K + E) fitted without one cluster at a time."""
    left = _bound(part.sum(axis=0) - part, len(given.names))
    scale = np.sqrt(np.abs(np.diag(_bound(given.gram.sum(axis=0), len(given.names)))))
    left = left / np.outer(scale, scale)
    lonely = np.flatnonzero(np.linalg.eigvalsh(left)[:, 0] <= SAME)
    if lonely.size:
        why = "a column varies in that cluster alone" if given.noise is None else "the sampling noise is then as large as what varies"
        raise DataError(f"Without the cluster at position {lonely[0]} the regression cannot be fitted ({lonely.size} such of {given.n_clusters}): "
                        f"{why}. Leave the column out, or take method='CRV1'.")
    rest = (given.cross.sum(axis=0) - given.cross) / scale
    return np.linalg.solve(left, rest[..., None])[..., 0] / scale
