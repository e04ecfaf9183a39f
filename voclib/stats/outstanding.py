"""Counts of many members against what is expected: each ratio drawn towards the others, by a prior that allows a few to lie far off.

A single gamma prior takes one bad member among hundreds for chance and shrinks it likewise. Here most members share a gamma whose mean and spread
are learnt, and a share, learnt too, comes from a wide one of given shape (DuMouchel 1999, American Statistician 53, for adverse reactions to drugs;
the limited translation of Efron & Morris 1971, JASA 66, for the reason).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from voclib.errors import DataError

Array = NDArray[np.float64]
FEWEST = 5  # members from which a prior can be learnt
FAR_SHAPE, FAR_RATE = 1.0, 0.5  # of the wide part: an exponential with mean 2
TIGHTEST = 12.0  # log shape of the others beyond which they are the same
AFTER = 60  # halvings in search of a quantile


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Ratios (B,) drawn in, with credible intervals; `far` the chance that each is of the wide part, `share` of it in all.

    `center` and `spread` are mean and coefficient of variation of the true ratios of all others.
    """

    value: Array
    low: Array
    high: Array
    far: Array
    center: float
    spread: float
    share: float
    conf_level: float


def draw_in(counts: ArrayLike, expected: ArrayLike, *, conf_level: float = 0.95) -> Drawn:
    """Posterior means and intervals of ratios λ, y ~ Poisson(λ · expected), from a mixture of two gammas fitted by maximum likelihood.

    Raises
    ------
    DataError
        for fewer than `FEWEST` members, missing numbers, expectations not above zero.
    """
    y, e = np.asarray(counts, dtype=float), np.asarray(expected, dtype=float)
    if len(y) < FEWEST:
        raise DataError(f"How members differ is learnt from {FEWEST} or more; there are {len(y)}.")
    if not (np.isfinite(y).all() and np.isfinite(e).all() and (y >= 0).all() and (e > 0).all()):
        raise DataError("Counts are 0 or more, expectations above 0, neither missing.")
    wide = _marginal(y, e, FAR_SHAPE, FAR_RATE)

    def parts(given: Array) -> tuple[Array, Array]:
        shape = np.exp(np.clip(given[1], -2, TIGHTEST))
        weight = special.expit(np.clip(given[2], -12, 2))
        return np.log(1.0 - weight) + _marginal(y, e, shape, shape / np.exp(given[0])), np.log(weight) + wide

    def loss(given: Array) -> float:
        return -float(np.logaddexp(*parts(given)).sum())

    start = np.array([0.0, 4.0, -np.log(len(y))])
    best = optimize.minimize(loss, start, method="Nelder-Mead", options={"maxiter": 2000, "xatol": 1e-6, "fatol": 1e-9}).x
    usual, far = parts(best)
    chance = np.exp(far - np.logaddexp(usual, far))
    shape = float(np.exp(np.clip(best[1], -2, TIGHTEST)))
    rate = shape / float(np.exp(best[0]))
    mine = np.column_stack([1 - chance, chance])
    sizes, speeds = np.column_stack([shape + y, FAR_SHAPE + y]), np.column_stack([rate + e, FAR_RATE + e])
    tail = (1 - conf_level) / 2
    low, high = (_quantile(mine, sizes, speeds, at) for at in (tail, 1 - tail))
    return Drawn(value=(mine * sizes / speeds).sum(axis=1), low=low, high=high, far=chance, center=shape / rate, spread=shape**-0.5,
                 share=float(special.expit(np.clip(best[2], -12, 2))), conf_level=conf_level)


def _marginal(y: Array, e: Array, shape: float, rate: float) -> Array:
    """Log of the negative binomial chance of the counts, without what does not depend on the prior."""
    return special.gammaln(shape + y) - special.gammaln(shape) + shape * np.log(rate) - (shape + y) * np.log(rate + e) + y * np.log(e)


def _quantile(mine: Array, shape: Array, speed: Array, at: float) -> Array:
    under, over = np.zeros(len(mine)), 2 * ((shape + 10 * np.sqrt(shape) + 10) / speed).max(axis=1)
    for _ in range(AFTER):
        middle = (under + over) / 2
        small = (mine * stats.gamma.cdf(middle[:, None] * speed, shape)).sum(axis=1) < at
        under, over = np.where(small, middle, under), np.where(small, over, middle)
    return (under + over) / 2
