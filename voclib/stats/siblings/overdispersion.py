"""How far true rates differ inside each kind, learnt kind by kind and drawn towards all kinds, and how unlikely a high count is beside it.

y ~ Poisson(e·λ_g·u), u a gamma of mean one and coefficient of variation τ_g: counts are negative binomial (Lawless 1987, Canad. J. Statistics 15).
τ_g comes from a distribution over a grid that is learnt from all other kinds (Kiefer & Wolfowitz 1956, Ann. Math. Statist. 27; empirical Bayes as
in Robbins 1956) and from the kind's own members; λ_g is integrated out with Jeffreys' prior. A tail is a mean over all that (λ, τ) may be, so what
is not known of the spread makes it heavier. The highest member of a kind counts only as the highest, as in type II censoring, so that one bad member
does not pass for a wide kind and leaving it out does not make the kind look narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
SCALES = np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0, 1.4])  # coefficients of variation that a kind may have
POINTS = np.linspace(-5.0, 5.0, 31)  # standard errors of a kind's log rate at which it is integrated out
HIDE_FROM = 4  # members from which the highest counts only as the highest; fewer would leave nothing to learn from
SMALLEST = 1e-300  # chance, so that its log is a number
STEPS = 100  # of expectation and maximisation
USUAL = 0.25  # mean of the exponential that one more kind's spread is drawn from: what a few kinds of data cannot rule out, weakly informative as in
# Gelman 2006, Bayesian Analysis 1
BEFORE = np.exp(-SCALES / USUAL) * np.gradient(SCALES)
BEFORE /= BEFORE.sum()


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """Chances of each spread by kind (G, K), its own members in them, and what the other kinds alone lead to expect of it (G, K)."""

    chance: Array
    prior: Array

    @property
    def spread(self) -> Array:
        """Coefficient of variation of true rates by kind (G,), root of its mean square."""
        return np.sqrt(self.chance @ SCALES**2)


def learn(counts: Array, exposure: Array, kind: NDArray[np.int_], told: Flags) -> Scatter:
    """Learn the spread of every kind (codes from 0 up); members that are `told` count only as higher than the others."""
    n = int(kind.max()) + 1
    evidence = np.zeros((n, len(SCALES)))
    for code in range(n):
        log = _joint(counts, exposure, np.flatnonzero(kind == code), told)[1]
        evidence[code] = special.logsumexp(log, axis=1)
    evidence = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    prior = np.tile(BEFORE, (n, 1))
    for _ in range(STEPS):  # a row learns from all kinds but its own
        weight = 1.0 / (prior @ evidence.T)
        np.fill_diagonal(weight, 0.0)
        prior = (prior * (weight @ evidence) + BEFORE) / n
    return Scatter(chance=_normed(evidence * prior), prior=prior)


def tails(counts: Array, exposure: Array, kind: NDArray[np.int_], told: Flags, scatter: Scatter, *, at: Array | None = None) -> Array:
    """Chance (B,) that a member counts as much as it does by what its siblings show; the member itself is left out of that.

    Where other counts are asked `at` (B, T), their chances (B, T).
    """
    asked = counts[:, None] if at is None else at
    made = np.full(asked.shape, np.nan)
    for code in range(int(kind.max()) + 1):
        members = np.flatnonzero(kind == code)
        for i in members[exposure[members] > 0]:
            rest = members[members != i]
            if not (exposure[rest][~told[rest]] > 0).any():
                continue
            rate, log = _joint(counts, exposure, rest, told)
            log = log + np.log(scatter.prior[code])[:, None]
            chance = np.exp(log - special.logsumexp(log))
            made[i] = [(chance * _above(y, exposure[i] * rate)).sum() for y in asked[i]]
    made = np.clip(made, 0.0, 1.0)
    return made[:, 0] if at is None else made


def _joint(counts: Array, exposure: Array, members: NDArray[np.int_], told: Flags) -> tuple[Array, Array]:
    """Rates (K, P) of the kind at which it is integrated, and the log of what `members` say of spread and rate there."""
    members = members[exposure[members] > 0]
    kept, hidden = members[~told[members]], members[told[members]]
    ratio = counts[kept] / exposure[kept]
    if len(kept) >= HIDE_FROM:
        top = int(np.argmax(ratio))
        hidden, kept, ratio = np.append(hidden, kept[top]), np.delete(kept, top), np.delete(ratio, top)
    if not len(kept):
        return np.ones((len(SCALES), len(POINTS))), np.zeros((len(SCALES), len(POINTS)))
    seen, room = counts[kept].sum() + 0.5, exposure[kept].sum()
    error = np.sqrt(1.0 / seen + SCALES**2 / len(kept))[:, None]
    rate = seen / room * np.exp(POINTS * error)
    log = 0.5 * np.log(rate) + np.log(error) + _mass(counts[kept], exposure[kept], rate)  # Jeffreys' prior, and the width of a step
    for j in hidden:
        log = log + np.log(np.maximum(_above(exposure[j] * ratio.max(), exposure[j] * rate), SMALLEST))
    return rate, log


def _mass(y: Array, exposure: Array, rate: Array) -> Array:
    """Log of the chance of all counts `y` (n,) together at rates (K, P) of a spread a row, without what depends on `y` alone."""
    y, mean = y[:, None, None], exposure[:, None, None] * rate
    plain = y * np.log(mean[:, :1]) - mean[:, :1]
    size = 1.0 / SCALES[1:, None] ** 2
    same = special.gammaln(y + size) - special.gammaln(size) - y * np.log(size)
    wide = same + y * np.log(mean[:, 1:]) - (y + size) * np.log((size + mean[:, 1:]) / size)
    return np.concatenate([plain, wide], axis=1).sum(axis=0)


def _above(y: float, mean: Array) -> Array:
    """Chance of `y` or more at means (K, P), a spread a row; `y` may be broken, where counts were divided by a design effect."""
    if y <= 0:
        return np.ones_like(mean)
    size = 1.0 / SCALES[1:, None] ** 2
    return np.vstack([special.gammainc(y, mean[:1]), special.betainc(y, size, mean[1:] / (mean[1:] + size))])


def _normed(part: Array) -> Array:
    return part / part.sum(axis=1, keepdims=True)
