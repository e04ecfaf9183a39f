"""Effects of units and periods by weighted least squares on a wide panel, and what they become without one cluster.

Leaving a cluster out is exact and touches no row twice: cross products of columns and periods, freed of unit means, add up over clusters, so a
fit without cluster g solves Σ A − A_g (MacKinnon, Nielsen & Webb 2023, J. Applied Econometrics 38). The deviations give the jackknife variance
(G − 1)/G·Σ(θ₍g₎ − θ̂)², CRV3, for functions of the effects as well as for slopes. It holds with few clusters, where squares of residuals that a
cluster has itself pulled towards zero are too small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voclib.errors import DataError
from voclib.stats import inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
SAME = 1e-9  # information or variation, relative to its scale, that counts as none
CELLS = 2**22  # entries of cross products that are inverted at a time, so that memory does not grow with the clusters


@dataclass(frozen=True)
class TwoWay:
    """Unit and period effects on the cells that carry weight; `inverse` (T, T) after the units are swept out."""

    weights: Array
    shares: Array
    inverse: Array
    supported: NDArray[np.bool_]

    def residual(self, values: Array) -> Array:
        """Values (N, T) minus fitted unit and period effects, carried to every cell."""
        centred = self.centred(values)
        periods = self.inverse @ (self.weights * centred).sum(axis=0)
        return centred - periods + (self.shares @ periods)[:, None]

    def centred(self, values: Array) -> Array:
        """Values (N, T) minus the weighted mean of their unit."""
        return values - (self.shares * values).sum(axis=1, keepdims=True)

    def carried(self, part: Array) -> Array:
        """Weights v (N, T) with Σ v·y = Σ part·residual(y) for every y."""
        mass = part.sum(axis=1, keepdims=True)
        pull = self.inverse @ (part.sum(axis=0) - mass[:, 0] @ self.shares)
        return part - mass * self.shares - self.weights * (pull - (self.shares @ pull)[:, None])


def two_way(weights: Array) -> TwoWay:
    """Prepare effects of units and periods from weights (N, T); periods linked to no other by a unit carry none.

    Raises
    ------
    DataError
        where periods fall into groups that no unit links.
    """
    rows = weights.sum(axis=1, keepdims=True)
    shares = np.divide(weights, rows, out=np.zeros_like(weights), where=rows > 0)
    gram = np.diag(weights.sum(axis=0)) - weights.T @ shares
    supported = np.diag(gram) > SAME * max(weights.sum(), SAME)
    inverse = np.zeros_like(gram)
    if supported.any():
        inner = gram[np.ix_(supported, supported)]
        if np.linalg.matrix_rank(inner, tol=SAME * np.trace(inner), hermitian=True) < len(inner) - 1:
            raise DataError("The periods fall into groups that no unexposed unit links, so none can be estimated. Keep the longest run of periods.")
        inverse[np.ix_(supported, supported)] = np.linalg.pinv(inner, rcond=SAME, hermitian=True)
    return TwoWay(weights, shares, inverse, supported)


@dataclass(frozen=True)
class Without:
    """What G fits say, each without one cluster: slopes of columns (G, K), not a number where they cannot be told any more, effects of periods
    (G, T) and whether a period has any (G, T).
    """

    slopes: Array
    periods: Array
    supported: NDArray[np.bool_]


def without_each(stage: TwoWay, y: Array, columns: list[Array], codes: Codes) -> Without:
    """Slopes and period effects of y (N, T) on columns (N, T) beside both effects, without each of the clusters `codes` (N,)."""
    typical = stage.weights.sum() / stage.weights.shape[1]
    scale = np.array([np.sqrt((stage.weights * stage.residual(x) ** 2).sum() / typical) for x in columns])
    free = np.array([stage.centred(x) / s for x, s in zip(columns, scale, strict=True)]).reshape(len(columns), *stage.weights.shape)
    k, kind = len(columns), _kinds(np.stack([stage.weights, *free], axis=1), codes)
    weighted, left = stage.weights * free, stage.centred(y)
    cross = by_cluster(np.concatenate([np.einsum("kit,it->ik", weighted, left), stage.weights * left], axis=1), codes)
    gram = _gram(stage, free, codes, np.unique(kind, return_index=True)[1])
    rest = np.tensordot(np.bincount(kind), gram, axes=1) - gram
    found, told = _solved(rest, cross.sum(axis=0) - cross, kind)
    supported = np.diagonal(rest, axis1=1, axis2=2)[:, k:] > SAME * max(stage.weights.sum(), SAME)
    return Without(np.where(told[kind, :k], found[:, :k], np.nan) / scale, found[:, k:], supported[kind])


def by_cluster(values: Array, codes: Codes) -> Array:
    """Sums (G, …) of values (N, …) by cluster."""
    order = np.argsort(codes, kind="stable")
    return np.add.reduceat(values[order], np.searchsorted(codes[order], np.arange(codes.max() + 1)), axis=0)


def fitted(value: float, without: Array, design: Array, arm: NDArray[np.bool_], codes: Codes, *, n: int, method: str) -> Fit:
    """A Fit from its values without each cluster (G,), by the jackknife, with Student's t on as many clusters as there are in effect.

    Both arms, clusters ever exposed and others (`arm` (G,)), add to the variance: V = V₁ + V₀. The degrees of freedom are Welch's,
    V²/(V₁²/ν₁ + V₀²/ν₀) with νₐ = (Σγ)²/Σγ² − 1 (at least 1), γ being what a cluster would add if cells differed by chance alone (`design`
    (G,)): five exposed stores are worth four, however many stores they are compared with (Welch 1947, Biometrika 34; Carter, Schnepel &
    Steigerwald 2017, REStat 99). `influence` spreads each cluster's deviation evenly over its units.
    """
    groups, size = len(without), np.bincount(codes)
    moved = np.sqrt((groups - 1) / groups) * (value - without)
    arms = [(float((moved[a] ** 2).sum()), max(inference.kish(design[a]) - 1, 1.0)) for a in (arm, ~arm) if design[a].any()]
    variance, spread = float((moved**2).sum()), sum(v**2 / nu for v, nu in arms)
    return Fit(value=float(value), std_error=float(np.sqrt(variance)), df=variance**2 / spread if spread > 0 else np.inf, n=n,
               n_clusters=groups if groups < len(codes) else None, method=method, influence=(len(codes) * moved / size)[codes])


def _kinds(given: Array, codes: Codes) -> Codes:
    """Clusters (G,) by what they bring to cross products: units seen alike are alike, as customers are; clusters of several units never are."""
    if len(given) > codes.max() + 1:
        return np.arange(codes.max() + 1)
    return pd.factorize(np.array([row.tobytes() for row in given[np.argsort(codes)]], dtype=object))[0]


def _gram(stage: TwoWay, free: Array, codes: Codes, chosen: Codes) -> Array:
    """Cross products (P, K + T, K + T) of columns (K, N, T) and periods, free of unit means, of the chosen clusters (P,) in order."""
    rows = np.isin(codes, chosen)
    w, x, shares = stage.weights[rows], free[:, rows], stage.shares[rows]
    k, t = len(free), w.shape[1]
    weighted, part = w * x, np.zeros((len(w), k + t, k + t))
    part[:, :k, :k] = np.einsum("ait,bit->iab", weighted, x)
    part[:, :k, k:] = weighted.transpose(1, 0, 2)
    part[:, k:, :k] = weighted.transpose(1, 2, 0)
    part[:, k:, k:] = -w[:, :, None] * shares[:, None, :]
    part[:, range(k, k + t), range(k, k + t)] += w
    return by_cluster(part, np.searchsorted(chosen, codes[rows]))


def _solved(gram: Array, right: Array, kind: Codes) -> tuple[Array, NDArray[np.bool_]]:
    """Shortest solutions (G, p) of equations with one of P matrices each, and which entries each matrix tells (P, p)."""
    found, told = np.empty_like(right), np.empty(gram.shape[:2], dtype=bool)
    inverse, step = np.empty_like(gram), max(1, CELLS // gram.shape[1] ** 2)
    for start in range(0, len(gram), step):
        one = gram[start:start + step]
        inverse[start:start + step] = np.linalg.pinv(one, rcond=SAME, hermitian=True)
        sure = np.diagonal(inverse[start:start + step] @ one, axis1=1, axis2=2)
        told[start:start + step] = np.abs(sure - 1) < np.sqrt(SAME)
    for start in range(0, len(right), step):
        found[start:start + step] = np.einsum("gij,gj->gi", inverse[kind[start:start + step]], right[start:start + step])
    return found, told
