"""How unlikely a count is, given its own past: negative binomial forecasts, and the threshold that keeps a year of looks within a budget.

The model. In block h of the past a feature is said by c_h of N_h voices, with c_h Poisson around N_h·r·g_h·e^(b·x_h): g_h has mean 1 and variance α
(whole weeks are better or worse), b is a slow trend. With k voices in the past in all, the window's count is negative binomial with mean
m = N·(k + ½)/ΣN_h · e^(max(b, 0)·x) and squared coefficient of variation v = 1/(k + ½) + α(1 + 1/H) + x²·var(b) besides the Poisson part; ½ is the
prior of Jeffreys, so that what was never said has a forecast too. Few words may come in bursts (weather, holidays) while most do not, and the past of
a rare word does not tell which it is: the chance of a count is its mean over dispersions from α up to those of `BURSTS`, weighed by how well they fit
the word's own past and by how many frequent words need them (empirical Bayes: Robbins 1956, Proc. 3rd Berkeley Symp. 1).
b has a normal prior of standard deviation `TREND` a block. A fall is not carried on: a feature that comes back to its old share is no news.

False alarms a year at a budget of one, over three years of 15,000 voices each: 0 where every word is steady; 0.7 and 0.3 where 5 and 20 % of
the words have weekly bursts with α = 1; 1.4 where 5 % have α = 3, so the budget may be passed somewhat where bursts are that sudden.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
YEAR = 365  # evenings that the budget is for
TREND = 0.02  # prior standard deviation of the log share's slope a block: a share may drift by a quarter in a quarter
TYPICAL = 0.9  # quantile of the dispersions of frequent features that every feature is held to have at least
FREQUENT = 5  # voices a block from which a feature's own dispersion is worth looking at
WEIGHT = 5.0  # of that common dispersion against a feature's own, in squared voices a block
BURSTS = np.array([0.0, 0.1, 0.3, 1.0, 3.0, 10.0])  # dispersions that a feature may have beyond the common one
RARELY = 0.5  # features of each of these, beside 20 without, that stand before the data speak
LARGEST = 200  # totals beyond pass any threshold worth its name


@dataclass(frozen=True)
class Forecast:
    """Features' forecasts: mean (J,), squared coefficient of variation (J,), and the chance of as many voices as came, or more (J,)."""

    mean: Floats
    spread: Floats
    p_value: Floats


def forecast(past: Floats, voices: Floats, seen: Floats, now: float, *, common: float, bursts: Floats | None = None) -> Forecast:
    """Forecasts of features with counts `past` (H, J) among `voices` (H,), and the chance of `seen` (J,) or more among `now`; see the module.

    `bursts` (B,) is how frequent each dispersion of `BURSTS` is (see `burstiness`); None holds every feature to α alone.
    """
    total, k, blocks = voices.sum(), past.sum(axis=0), len(voices)
    share = voices / total
    x = np.arange(blocks) - share @ np.arange(blocks)
    ahead = blocks - share @ np.arange(blocks)
    mean = np.outer(share, k)
    alpha = dispersion(past, voices, common=common)
    weight = mean / (1 + alpha * mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        pull = np.where(mean > 0, weight * (past - mean) / mean, 0.0)
    variance = 1 / ((x**2) @ weight + 1 / TREND**2)
    slope = np.maximum((x @ pull) * variance, 0.0)
    expected = now * (k + 0.5) / total * np.exp(slope * ahead)
    spread = 1 / (k + 0.5) + alpha * (1 + 1 / blocks) + ahead**2 * np.minimum(variance, TREND**2)
    chance = tail(seen, expected, spread)
    if bursts is not None:
        more = spread[:, None] + np.maximum(BURSTS - alpha[:, None], 0) * (1 + 1 / blocks)
        chance = (_fitting(past, voices, bursts) * tail(seen[:, None], expected[:, None], more)).sum(axis=1)
    return Forecast(expected, spread, chance)


def burstiness(past: Floats, voices: Floats) -> Floats:
    """How frequent each dispersion of `BURSTS` is (B,), from features (H, J) with `FREQUENT` voices a block, by EM with `RARELY` as prior counts."""
    prior = np.where(BURSTS > 0, RARELY, 20.0)
    held = prior / prior.sum()
    often = past.sum(axis=0) >= FREQUENT * len(voices)
    fit = _likelihood(past[:, often], voices)
    for _ in range(50):
        weight = fit * held
        held = (prior + (weight / weight.sum(axis=1, keepdims=True)).sum(axis=0)) / (prior.sum() + len(fit))
    return held


def _fitting(past: Floats, voices: Floats, bursts: Floats) -> Floats:
    """Weights of `BURSTS` for each feature given its past (J, B); rows sum to one."""
    weight = _likelihood(past, voices) * bursts
    return weight / weight.sum(axis=1, keepdims=True)


def _likelihood(past: Floats, voices: Floats) -> Floats:
    """Negative binomial likelihood of each feature's blocks under each of `BURSTS`, relative to the best of them (J, B)."""
    from scipy import special

    size = 1 / np.maximum(BURSTS, 1e-4)
    count, mean = past[:, :, None], (np.outer(voices / voices.sum(), past.sum(axis=0)) + 1e-9)[:, :, None]
    log = special.gammaln(count + size) - special.gammaln(size) - (count + size) * np.log(mean + size) + size * np.log(size)
    log = log.sum(axis=0)
    return np.exp(log - log.max(axis=1, keepdims=True)) if len(log) else log


def tail(seen: Floats, mean: Floats, spread: Floats) -> Floats:
    """P(X ≥ seen) of a negative binomial with this mean and variance mean + spread·mean²."""
    from scipy import special

    size = 1 / spread
    return special.betainc(np.maximum(seen, 1e-9), size, mean / (mean + size))


def dispersion(past: Floats, voices: Floats, *, common: float) -> Floats:
    """α of each feature (J,): its own by moments, drawn to the common one by `WEIGHT`, and never below it."""
    excess, squared = _moments(past, voices)
    return np.maximum((excess + WEIGHT * common) / (squared + WEIGHT), common)


def common_dispersion(past: Floats, voices: Floats) -> float:
    """The `TYPICAL` quantile of α among features with `FREQUENT` voices a block; 0 where there is none, and never below."""
    often = past.sum(axis=0) >= FREQUENT * len(voices)
    if not often.any():
        return 0.0
    excess, squared = _moments(past[:, often], voices)
    return max(float(np.quantile(excess / squared, TYPICAL)), 0.0)


def _moments(past: Floats, voices: Floats) -> tuple[Floats, Floats]:
    """Σ[(c − μ)²·H/(H − 1) − μ] and Σμ² over blocks; their ratio is α."""
    blocks = len(voices)
    mean = np.outer(voices / voices.sum(), past.sum(axis=0))
    return (((past - mean) ** 2) * blocks / (blocks - 1) - mean).sum(axis=0), (mean**2).sum(axis=0)


def threshold(totals: Iterable[tuple[NDArray[np.int64], float]], rate: float) -> tuple[float, int]:
    """The p-value to pass so that all features of an evening together raise `rate` false alarms, and how many features share it (Tarone 1990).

    Each entry holds, for one stream, features' voices in past and window together (J,) and the window's share of all voices. A feature whose
    voices, even if all came in the window, could not pass does not count.
    """
    from scipy import special

    sizes = np.arange(1, LARGEST + 1)
    lowest, many = [], []
    for total, share in totals:
        counts = np.bincount(np.minimum(total, LARGEST), minlength=LARGEST + 1)[1:]
        lowest.append(special.betainc(sizes, 0.5, share) if share < 1 else np.ones(LARGEST))
        many.append(counts)
    if not lowest:
        return rate, 0
    p, n = np.concatenate(lowest), np.concatenate(many)
    order = np.argsort(p, kind="stable")
    p, n = p[order], np.cumsum(n[order])
    able = p * np.maximum(n, 1) <= rate  # features up to here could pass a threshold shared among them
    shared = int(n[np.flatnonzero(able)[-1]]) if able.any() else 0
    return rate / max(shared, 1), shared
