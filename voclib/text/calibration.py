"""From what a classifier decides to chances that hold, and how far they do hold."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
BINS = 10


@dataclass(frozen=True)
class Calibrator:
    """Multinomial logistic regression of classes on a few scores: `middle` and `spread` (p,) of the scores, `slopes` (k, p), `intercepts` (k,)."""

    middle: Array
    spread: Array
    slopes: Array
    intercepts: Array

    def probabilities(self, scores: ArrayLike) -> Array:
        """Chances (n, k) of the classes, of scores (n, p)."""
        raw = (np.asarray(scores, dtype=float) - self.middle) / self.spread @ self.slopes.T + self.intercepts
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
        return raw / raw.sum(axis=1, keepdims=True)


def fit(scores: ArrayLike, classes: ArrayLike, *, weights: ArrayLike | None = None) -> Calibrator:
    """Chances of the classes 0 to k − 1, every one of which occurs, from scores (n, p) of rows that the classifier did not see.

    With a class's own decision value among the scores this is matrix scaling (Guo, Pleiss, Sun & Weinberger 2017, ICML), Platt's curve where there
    are two classes; other scores, such as a lexicon's, are stacked (Wolpert 1992). An L2 penalty keeps it finite where scores part the classes.
    """
    from sklearn.linear_model import LogisticRegression

    x, y = np.asarray(scores, dtype=float), np.asarray(classes, dtype=np.intp)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    middle = np.average(x, axis=0, weights=w)
    spread = np.sqrt(np.average((x - middle) ** 2, axis=0, weights=w))
    spread[spread < 1e-9] = 1.0
    learned = LogisticRegression(max_iter=1000, tol=1e-8).fit((x - middle) / spread, y, sample_weight=w)
    slopes, intercepts = learned.coef_, learned.intercept_
    if len(slopes) == 1:
        slopes, intercepts = np.vstack([np.zeros_like(slopes), slopes]), np.append(0.0, intercepts)
    return Calibrator(middle, spread, slopes, intercepts)


def error(chances: ArrayLike, hits: ArrayLike, *, bins: int = BINS) -> float:
    """Expected calibration error: Σ n_b/n · |mean chance − share of hits| over `bins` of equal numbers (Naeini, Cooper & Hauskrecht 2015, AAAI).

    `chances` (n,) of an event and `hits` (n,) whether it came. Chance alone gives about 0.8·√(bins·p(1 − p)/n) where all is calibrated: small groups
    cannot show a small error.
    """
    p, hit = np.asarray(chances, dtype=float), np.asarray(hits, dtype=float)
    return float(sum(abs(p[part].mean() - hit[part].mean()) * len(part) for part in _equal(p, bins)) / len(p)) if len(p) else np.nan


def _equal(p: Array, bins: int) -> list[NDArray[np.intp]]:
    """Bins of equal numbers; equal chances stay in one bin, so that the order of rows decides nothing."""
    order = np.argsort(p, kind="stable")
    edges = np.unique(np.searchsorted(p[order], p[order[(np.arange(1, bins) * len(p)) // bins]])) if len(p) else []
    return [part for part in np.split(order, edges) if len(part)]


def share_interval(hits: ArrayLike, *, cluster: ArrayLike | None = None, conf_level: float = 0.95) -> tuple[float, float, float]:
    """A share with Wilson's interval (1927), for the number of independent answers that n clustered ones are worth.

    That number is p(1 − p)/v, v the linearised variance of the share between clusters, at most n (Kish 1965); all the same: the number of clusters.
    """
    hit = np.asarray(hits, dtype=float)
    n, share = len(hit), float(np.mean(hit)) if len(hit) else np.nan
    if not n:
        return np.nan, np.nan, np.nan
    worth: Any = n
    if cluster is not None:
        codes = np.unique(np.asarray(cluster), return_inverse=True)[1]
        apart, count = np.bincount(codes, hit - share), codes.max() + 1
        variance = (apart**2).sum() / n**2 * count / max(count - 1, 1)
        worth = min(n, share * (1 - share) / variance) if variance > 0 else count
    z2 = NormalDist().inv_cdf(0.5 + conf_level / 2) ** 2
    middle, half = share + z2 / (2 * worth), np.sqrt(z2 * (share * (1 - share) / worth + z2 / (4 * worth**2)))
    return share, float((middle - half) / (1 + z2 / worth)), float((middle + half) / (1 + z2 / worth))
