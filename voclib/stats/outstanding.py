"""Counts of many members against what is expected: each ratio drawn towards the others, by a prior that allows a few to lie far off.

A single gamma prior takes one bad member among hundreds for chance and shrinks it likewise. Here most members share a gamma whose mean and spread
are learnt, and a share, learnt too, comes from a wide one of given shape (DuMouchel 1999, American Statistician 53, for adverse reactions to drugs;
the limited translation of Efron & Morris 1971, JASA 66, for the reason). Among few members the likeliest prior is often one of no spread at all,
and intervals that take it for known hold far less than they say (Morris 1983, JASA 78; Carlin & Gelfand 1990, JASA 85). So every interval is a mean
over all that mean, spread and share may be, each by its chance (Kass & Steffey 1989, JASA 84; Deely & Lindley 1981, JASA 76).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from voclib.errors import DataError, ParameterError

Array = NDArray[np.float64]
FEWEST = 5  # members from which a prior can be learnt
FAR_SHAPE, FAR_RATE = 1.0, 0.5  # of the wide part: an exponential with mean 2
SPREADS = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0, 1.4])  # coefficients of variation (K,) that the others may have
BEFORE = np.gradient(SPREADS) / np.gradient(SPREADS).sum()  # before any count one as likely as another: of few groups a prior on the spread that
# leans to small ones makes intervals too narrow (Gelman 2006, Bayesian Analysis 1)
SHARES = np.geomspace(0.001, 0.3, 8)  # of the wide part (P,), each as likely as the next before any count
POINTS = np.linspace(-4.0, 4.0, 13)  # standard errors (M,) of the mean at which it is integrated out
ROUNDS = 8  # of laying these points around the mean that the last ones found
SMALL = 3e-4  # chance of a prior, below which for every member it is left out of intervals
AFTER = 40  # halvings in search of a quantile


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Ratios (B,) drawn in, with credible intervals, which hold on average over members, not for every one.

    `far` is the chance that each is of the wide part, and `distance` the mean square of its ratio over `center` less one if so. `center` and `spread`
    are mean and coefficient of variation of the true ratios of all others, `share` that of the wide part, each a mean over all that it may be.
    """

    value: Array
    low: Array
    high: Array
    far: Array
    distance: Array
    center: float
    spread: float
    share: float
    conf_level: float


@dataclass(frozen=True)
class _Priors:
    """Chances (P, K, M) of priors, their log `center` (K, M) and gamma `rate` (K, M), and by member the log chance of its count, as one of the others
    (B, K, M) and as one of the wide part (B,)."""

    chance: Array
    center: Array
    rate: Array
    usual: Array
    wide: Array

    def mass(self) -> Array:
        """Chance (B, K, M) that a member is one of the others, of that spread and mean; what is left of one is the wide part's."""
        made = np.zeros_like(self.usual)
        for share, chance in zip(SHARES, self.chance, strict=True):
            made += chance * (1.0 - share) * np.exp(self.usual - _either(self.usual, self.wide, share))
        return made


def draw_in(counts: ArrayLike, expected: ArrayLike, *, weight: ArrayLike = 1.0, conf_level: float = 0.95) -> Drawn:
    """Posterior means and intervals of ratios λ, y ~ Poisson(λ · expected), λ from a mixture of two gammas known from these counts alone.

    `weight` (B,) says by how much a member counts in learning the mixture: 1 − 1/K where K are judged by one another, as one of them follows from the
    others.

    Raises
    ------
    DataError
        for fewer than `FEWEST` members, missing numbers, expectations not above zero.
    ParameterError
        for a level outside 0–1, or weights outside it.
    """
    y, e = np.asarray(counts, dtype=float), np.asarray(expected, dtype=float)
    if len(y) < FEWEST:
        raise DataError(f"How members differ is learnt from {FEWEST} or more; there are {len(y)}.")
    if not (np.isfinite(y).all() and np.isfinite(e).all() and (y >= 0).all() and (e > 0).all()):
        raise DataError("Counts are 0 or more, expectations above 0, neither missing.")
    told = np.broadcast_to(np.asarray(weight, dtype=float), y.shape)
    if not 0 < conf_level < 1 or not ((told >= 0) & (told <= 1)).all():
        raise ParameterError("conf_level is a share such as 0.95, and a weight lies between 0 and 1.")
    priors = _learnt(y, e, told)
    mass = priors.mass().reshape(len(y), -1)
    far = np.clip(1.0 - mass.sum(axis=1), 0.0, 1.0)
    kept = mass.max(axis=0) > SMALL
    mine = np.column_stack([mass[:, kept], far])
    mine /= mine.sum(axis=1, keepdims=True)
    shape, rate = np.repeat(SPREADS**-2, len(POINTS))[kept], priors.rate.ravel()[kept]
    sizes, speeds = np.column_stack([shape + y[:, None], FAR_SHAPE + y]), np.column_stack([rate + e[:, None], FAR_RATE + e])
    low, high = (_quantile(mine, sizes, speeds, at) for at in ((1 - conf_level) / 2, (1 + conf_level) / 2))
    spread, center = priors.chance.sum(axis=(0, 2)), float(np.exp((priors.chance * priors.center).sum()))
    mean, off = (FAR_SHAPE + y) / (FAR_RATE + e) / center, (FAR_SHAPE + y) / ((FAR_RATE + e) * center) ** 2
    return Drawn(value=(mine * sizes / speeds).sum(axis=1), low=low, high=high, far=far, distance=off + (mean - 1.0) ** 2, center=center,
                 spread=float(np.sqrt(spread @ SPREADS**2)), share=float(priors.chance.sum(axis=(1, 2)) @ SHARES), conf_level=conf_level)


def _learnt(y: Array, e: Array, weight: Array) -> _Priors:
    """Chances of all priors on the grid, the points of the mean laid around where it is found."""
    wide, middle = _marginal(y, e, FAR_SHAPE, FAR_RATE), float(np.log(np.median((y + 0.5) / (e + 0.5))))
    error = np.sqrt(1.0 / (y.sum() + 0.5) + SPREADS**2 / len(y))[:, None]
    shape = SPREADS[:, None] ** -2
    for _ in range(ROUNDS):
        center = middle + POINTS * error
        rate = shape / np.exp(center)
        usual = _marginal(y[:, None, None], e[:, None, None], shape, rate)
        log = np.stack([np.tensordot(weight, _either(usual, wide, share), axes=1) for share in SHARES])
        log = log + np.log(BEFORE)[:, None] + np.log(error)  # the width of a step: a mean is as likely in one place as in another
        chance = np.exp(log - log.max())
        chance /= chance.sum()
        last, middle = middle, float((chance * center).sum())
        if abs(middle - last) < error.min() / 4:
            break
    return _Priors(chance, center, rate, usual, wide)


def _either(usual: Array, wide: Array, share: float) -> Array:
    """Log of the chance of the counts under the mixture (B, K, M)."""
    return np.logaddexp(np.log(1.0 - share) + usual, np.log(share) + wide[:, None, None])


def _marginal(y: Array, e: Array, shape: Array | float, rate: Array | float) -> Array:
    """Log of the negative binomial chance of the counts, without what does not depend on the prior."""
    return special.gammaln(shape + y) - special.gammaln(shape) + shape * np.log(rate) - (shape + y) * np.log(rate + e) + y * np.log(e)


def _quantile(mine: Array, shape: Array, speed: Array, at: float) -> Array:
    under, over = np.zeros(len(mine)), 2 * ((shape + 10 * np.sqrt(shape) + 10) / speed).max(axis=1)
    for _ in range(AFTER):
        middle = (under + over) / 2
        small = (mine * special.gammainc(shape, middle[:, None] * speed)).sum(axis=1) < at
        under, over = np.where(small, middle, under), np.where(small, over, middle)
    return (under + over) / 2
