"""How uncertain a mean is: linearised and cluster-robust variance, what answers are worth, intervals on bounded scales.

Everything works on arrays through influence functions. A cluster's leverage h is its share of all weight; the variance is CR2
with Bell and McCaffrey's Satterthwaite degrees of freedom (Bell & McCaffrey 2002, Survey Methodology 28; Imbens & Kolesár 2016,
REStat 98), which for means has a closed form in the shares h: no matrix of clusters is ever built.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import ParameterError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """Variance of a mean. `df` is infinite for a plain sample, `n_clusters` None where nothing is clustered.

    `precision` is the size of a plain sample that would have this variance (unit variance over variance); `n_effective` is the
    same without the small-sample correction, so that it equals n in a plain sample.
    """

    variance: float
    df: float
    n: int
    n_effective: float
    precision: float
    n_clusters: int | None
    method: str


def encode(ids: ArrayLike) -> tuple[NDArray[np.intp], int]:
    """Identifiers as whole numbers 0 … G−1, and G; numbers, text and mixed ids."""
    values = np.asarray(ids)
    if values.size and values.dtype.kind in "iu" and values.min() >= 0 and values.max() <= 8 * values.size:  # no sorting needed
        present = np.bincount(values) > 0
        return (np.cumsum(present) - 1)[values], int(present.sum())
    _, codes = np.unique(values, return_inverse=True)
    return codes.reshape(-1), int(codes.max(initial=-1)) + 1


def kish(weights: ArrayLike) -> float:
    """Effective sample size (Σw)²/Σw² (Kish 1965); scale-free."""
    w = np.asarray(weights, dtype=float)
    return float(w.sum() ** 2 / (w**2).sum())


def mean_variance(influence: ArrayLike, *, weights: ArrayLike | None = None, cluster: ArrayLike | None = None,
                  correction: Literal["CR2", "CR1"] = "CR2", sampled: float = 0.0) -> Spread:
    """Linearised variance of a weighted mean from its influence values y − ȳ, shape (n,).

    Plain: s²/n. Weighted: every row is its own cluster. Clustered: CR2 on cluster totals with Satterthwaite degrees of freedom.
    The effective n is capped at Kish's, so that a lucky draw of similar clusters never pretends to more answers than there are.
    "CR1", G/(G − 1)·Σt² with t(G − 1), is what survey packages print; it covers too seldom where few clusters differ in size.
    `sampled` is the share of a finite population of clusters (rows, where nothing is clustered) that was drawn; customers, who go
    on arriving, are none.

    Raises
    ------
    ParameterError
        for fewer than two rows or clusters, a cluster that carries all weight, an unknown correction, `sampled` outside [0, 1).
    """
    if correction not in ("CR2", "CR1") or not 0 <= sampled < 1:
        raise ParameterError(f"correction is 'CR2' or 'CR1' and sampled a share in [0, 1), not {correction!r} and {sampled!r}.")
    u = np.asarray(influence, dtype=float)
    plain = weights is None or np.ptp(w := np.asarray(weights, dtype=float)) == 0
    if plain and cluster is None:
        if len(u) < 2:
            raise ParameterError("A variance needs at least two answers.")
        n = float(len(u)) / (1 - sampled)
        return Spread(float(u @ u / (n * (len(u) - 1))), np.inf, len(u), n, n, None, "plain")
    w = np.ones(len(u)) if plain else w
    codes, groups = (None, len(u)) if cluster is None else encode(cluster)
    totals, shares = _totals(u, w, codes, groups)
    lift, df = (1 / (1 - shares), satterthwaite(shares[None, :], np.ones(1))) if correction == "CR2" else (groups / (groups - 1), groups - 1.0)
    variance, unit = float((totals**2 * lift).sum() * (1 - sampled)), float(w @ u**2 / w.sum())
    precision = worth(unit, variance, w, shares)
    effective = min(precision / (1 - shares @ shares), kish(w)) if unit > 0 else precision
    return Spread(variance, df, len(u), effective, precision, None if cluster is None else groups, "linearised" if cluster is None else correction)


def worth(unit: float, variance: float, weights: Array, shares: Array) -> float:
    """How many plain answers with this `unit` variance would give this `variance` of the mean; at most Kish's number.

    Answers that never differ say nothing about how similar answers of a cluster are: then only the clusters, by their `shares` of weight, count.
    """
    if unit <= 0:
        return min(kish(weights), kish(shares))
    return min(unit / variance, kish(weights)) if variance > 0 else kish(weights)


def sample_worth(deviation: Array, weights: Array, cluster: ArrayLike | None = None) -> tuple[float, float]:
    """How many plain answers these, (n,) less their weighted mean, are worth (`Spread.precision`), and the degrees of freedom of their variance.

    One and one where no variance can be had: a single answer, or answers of a single cluster.
    """
    if len(deviation) < 2 or (cluster is not None and encode(cluster)[1] < 2):
        return 1.0, 1.0
    spread = mean_variance(deviation, weights=weights, cluster=cluster)
    return spread.precision, spread.df


def _totals(u: Array, w: Array, codes: NDArray[np.intp] | None, groups: int) -> tuple[Array, Array]:
    """Sum of weighted influence a cluster, and the cluster's share of weight; without codes every row is its own cluster."""
    whole = w.sum()
    shares = (w if codes is None else np.bincount(codes, w, groups)) / whole
    if groups < 2 or shares.max() > 1 - 1e-9:
        raise ParameterError("One cluster carries all the weight; a variance between clusters needs at least two.")
    return (w * u if codes is None else np.bincount(codes, w * u, groups)) / whole, shares


def satterthwaite(shares: Array, variances: Array) -> float:
    """Degrees of freedom of a CR2 variance of (a contrast of) means under independent answers.

    `shares` (K, G): each arm's weight by cluster; `variances` (K,): variance of each arm's mean. tr(C)²/tr(C²) with
    C = diag(D) − Σ V b bᵀ; equal clusters and one arm give exactly G − 1.
    """
    b = shares / np.sqrt(1 - shares)
    d = variances @ (shares / (1 - shares))
    cross = (np.sqrt(np.outer(variances, variances)) * (b @ b.T)) ** 2
    square = float(d @ d - 2 * variances @ (b**2 @ d) + cross.sum())
    return float(variances.sum() ** 2 / square) if square > 0 else float(shares.shape[1] - 1)


@dataclass(frozen=True)
class Contrast:
    """Two means: their variances, what their answers are worth (see `worth`), their correlation, degrees of freedom."""

    variances: tuple[float, float]
    precisions: tuple[float, float]
    correlation: float
    df: float
    n_clusters: int

    def error(self, first: float, second: float, *, pseudo: float = 0.0) -> float:
        """Standard error of the difference from those of the two means; `pseudo` answers added to each arm are nobody's pair."""
        kept = np.prod([p / (p + pseudo) for p in self.precisions])
        covariance = self.correlation * np.sqrt(self.variances[0] * self.variances[1]) * kept
        return float(np.sqrt(max(first**2 + second**2 - 2 * covariance, 0.0)))


def contrast(influences: Sequence[Array], weights: Sequence[Array], clusters: Sequence[ArrayLike]) -> Contrast:
    """Two means measured on overlapping clusters (customers, dealers): paired influence functions.

    Each argument holds one array an arm. A cluster that stands in both arms contributes its *difference*, so what is common to
    it cancels; the formula for independent samples is the special case without overlap.
    """
    influences, weights = ([np.asarray(a, dtype=float) for a in arms] for arms in (influences, weights))
    codes, groups = encode(np.concatenate([np.asarray(c) for c in clusters]))
    split = np.split(codes, [len(influences[0])])
    arms = [_totals(u, w, c, groups) for u, w, c in zip(influences, weights, split, strict=True)]
    shares = np.array([h for _, h in arms])
    deviations = [t / np.sqrt(1 - h) for t, h in arms]
    first, second = (float(d @ d) for d in deviations)
    both = np.sqrt(first * second)
    correlation = float(deviations[0] @ deviations[1] / both) if both > 0 else 0.0
    sizes = [worth(float(w @ u**2 / w.sum()), v, w, h) for u, w, v, h in zip(influences, weights, (first, second), shares, strict=True)]
    return Contrast((first, second), (sizes[0], sizes[1]), correlation, satterthwaite(shares, np.array([first, second])), groups)


def bounded_interval(mean: ArrayLike, square: ArrayLike, size: ArrayLike, *, low: float, high: float, ends: float, middle: float,
                     quantile: ArrayLike) -> tuple[Array, Array, Array, Array]:
    """Interval for a mean on a bounded scale: add `ends` answers at each end and `middle` in the middle, then Wald.

    With ends ¾ and middle 1½ this is the adjusted-Wald interval of NPS (Rocks 2016, IJMR 58), with ends z²/2 and middle 0 that of
    a share (Agresti & Coull 1998, Am. Stat. 52). `square` is the mean of squares; `size` the number of answers or what they are
    worth. Broadcasts. Returns centre, standard error, low, high; the interval holds `mean` and stays on the scale, and has a width
    even where all answers are the same.
    """
    mean, size = np.asarray(mean, dtype=float), np.asarray(size, dtype=float)
    half, mid = (high - low) / 2, (high + low) / 2
    total = size + 2 * ends + middle
    centre = (size * mean + (2 * ends + middle) * mid) / total
    second = (size * (np.asarray(square) - 2 * mid * mean + mid**2) + 2 * ends * half**2) / total
    error = np.sqrt(np.maximum(second - (centre - mid) ** 2, 0) / total)
    reach = np.asarray(quantile) * error
    return centre, error, np.clip(np.minimum(centre - reach, mean), low, high), np.clip(np.maximum(centre + reach, mean), low, high)


def cluster_bootstrap(values: ArrayLike, *, cluster: ArrayLike, weights: ArrayLike | None = None, draws: int = 999, seed: int = 0,
                      conf_level: float = 0.95) -> tuple[float, float]:
    """Percentile-t interval of a weighted mean from resampled clusters: a slow check on the analytic interval.

    Source: Davison & Hinkley 1997, §5.2. Works on cluster totals, so a draw costs O(G).

    Raises
    ------
    ParameterError
        for fewer than two clusters.
    """
    y = np.asarray(values, dtype=float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    codes, groups = encode(cluster)
    if groups < 2:
        raise ParameterError("A cluster bootstrap needs at least two clusters.")
    total, weight = np.bincount(codes, w * y, groups), np.bincount(codes, w, groups)
    counts = np.vstack([np.ones(groups), np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), size=draws)])
    mean = counts @ total / (counts @ weight)
    squares = counts @ total**2 - 2 * mean * (counts @ (total * weight)) + mean**2 * (counts @ weight**2)
    error = np.sqrt(np.maximum(squares, 0) * groups / (groups - 1)) / (counts @ weight)
    usable = error[1:] > 0
    ratio = (mean[1:][usable] - mean[0]) / error[1:][usable]
    if not ratio.size:
        return float(mean[0]), float(mean[0])
    low, high = np.quantile(ratio, [(1 + conf_level) / 2, (1 - conf_level) / 2])
    return float(mean[0] - low * error[0]), float(mean[0] - high * error[0])
