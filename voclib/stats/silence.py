"""Whether more units did nothing than chance leaves, where units differ in how often they do it.

Of unit i with exposure tᵢ and rate uᵢ the count is Poisson(uᵢ tᵢ). The distribution of rates is learned from units that did something, zeros cut
off, so that the silent ones do not speak about themselves; the model then says how many of all would have done nothing:

    Pr(N = 0 | t) = ∫ exp(−u t) dG(u).

How many low rates there are is what the counts above zero show least (Link 2003, Biometrics 59: equally good fits leave different numbers of
zeros), so it is asked of two: gamma, with many rates near zero, and lognormal, with few. The zero-truncated negative binomial is the first
(Grogger & Carson 1991, Journal of Applied Econometrics 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from voclib.errors import DataError, ParameterError

Array = NDArray[np.float64]
Mixing = Literal["gamma", "lognormal", "alike"]
MIXINGS: tuple[Mixing, ...] = ("alike", "lognormal", "gamma")
FEWEST = 10
NODES, WEIGHTS = special.roots_hermitenorm(40)
SPREADS = (-3.0, 1.6)  # of log σ, the standard deviation of log rates, and of −½ log of the gamma's shape: from all the same to very far apart
STEP = 1e-4
AT_ONCE = 50  # draws whose zeros are worked out together


@dataclass(frozen=True, kw_only=True)
class Silence:
    """How many units chance leaves silent beside the `observed` ones: `expected`, the range `low` to `high` of draws, `p_value`, the chance of as
    many or more; `spread` is the ratio of the rates of the highest and the lowest tenth, with its ends."""

    mixing: Mixing
    observed: int
    expected: float
    low: float
    high: float
    p_value: float
    spread: tuple[float, float, float]

    @property
    def is_more(self) -> bool:
        """Whether more are silent than the range of draws holds."""
        return self.observed > self.high


def chance(counts: ArrayLike, exposure: ArrayLike, *, mixing: Mixing = "gamma",
           conf_level: float = 0.95, draws: int = 4000, seed: int = 0) -> Silence:
    """The silent ones beside what chance leaves, from counts (N,) and exposure (N,); draws of the parameters and of the zeros give the range.

    Raises
    ------
    DataError
        for shapes that differ, exposures that are not above zero, or fewer than ten units with an event.
    ParameterError
        for an unknown distribution of rates.
    """
    n, t = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    if mixing not in MIXINGS:
        raise ParameterError(f"mixing is one of {', '.join(MIXINGS)}, not {mixing!r}.")
    if n.ndim != 1 or n.shape != t.shape or not (t > 0).all():
        raise DataError(f"Each unit has a count and an exposure above zero; there are {n.shape} and {t.shape}.")
    speaks = n > 0
    if speaks.sum() < FEWEST:
        raise DataError(f"{int(speaks.sum())} units have an event; it takes {FEWEST} to tell how much they differ.")
    theta, spread = _fit(n[speaks], t[speaks], mixing)
    rng = np.random.default_rng(seed)
    drawn = rng.multivariate_normal(theta, spread, draws, method="eigh")
    drawn[:, 1] = np.clip(drawn[:, 1], *SPREADS)
    silent = np.empty(draws)
    for part in (slice(i, i + AT_ONCE) for i in range(0, draws, AT_ONCE)):  # in parts: all at once are draws × units × nodes
        zero = np.exp(_log_zero(drawn[part, :1], drawn[part, 1:], t, mixing))
        silent[part] = (rng.random(zero.shape) < zero).sum(axis=1)
    tail = (1 - conf_level) / 2
    apart = np.quantile(_apart(drawn[:, 1], mixing), [tail, 1 - tail])
    return Silence(mixing=mixing, observed=int((~speaks).sum()), expected=float(np.exp(_log_zero(theta[0], theta[1], t, mixing)).sum()),
                   low=float(np.quantile(silent, tail)), high=float(np.quantile(silent, 1 - tail)),
                   p_value=float((silent >= (~speaks).sum()).mean()), spread=(float(_apart(theta[1], mixing)), float(apart[0]), float(apart[1])))


def _log_zero(center: ArrayLike, width: ArrayLike, t: Array, mixing: Mixing) -> Array:
    """log Pr(N = 0) of each exposure."""
    mean = np.exp(center) * t
    if mixing == "alike":
        return -mean
    if mixing == "gamma":
        shape = np.exp(-2 * np.asarray(width))
        return -shape * np.log((shape + mean) / shape)
    z = np.exp(np.asarray(width))[..., None] * NODES
    return special.logsumexp(-mean[..., None] * np.exp(z), b=WEIGHTS / WEIGHTS.sum(), axis=-1)


def _log_count(center: float, width: float, n: Array, t: Array, mixing: Mixing) -> Array:
    """log Pr(N = n) of each unit."""
    mean = np.exp(center) * t
    if mixing == "alike":
        return n * np.log(mean) - mean - special.gammaln(n + 1)
    if mixing == "gamma":
        a = np.exp(-2 * width)
        return special.gammaln(n + a) - special.gammaln(a) - special.gammaln(n + 1) + a * np.log(a / (a + mean)) + n * np.log(mean / (a + mean))
    z = np.exp(width) * NODES
    each = n[:, None] * (np.log(mean)[:, None] + z) - mean[:, None] * np.exp(z) - special.gammaln(n + 1)[:, None]
    return special.logsumexp(each, b=WEIGHTS / WEIGHTS.sum(), axis=1)


def _fit(n: Array, t: Array, mixing: Mixing) -> tuple[Array, Array]:
    """Parameters (log of the middle rate, log of the spread) of units that did something, and their covariance."""
    def lost(theta: Array) -> float:
        width = float(np.clip(theta[1], *SPREADS))
        zero = _log_zero(theta[0], width, t, mixing)
        return -float((_log_count(theta[0], width, n, t, mixing) - np.log(-np.expm1(np.minimum(zero, -1e-12)))).sum()) + (theta[1] - width) ** 2

    start = np.array([np.log(n.sum() / t.sum()), -0.3])
    found = optimize.minimize(lost, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000}).x
    found[1] = np.clip(found[1], *SPREADS)
    inner = mixing != "alike" and SPREADS[0] + 0.01 < found[1] < SPREADS[1] - 0.01
    free = [0, 1] if inner else [0]
    bend = np.zeros((len(free), len(free)))
    unit = np.eye(2) * STEP
    for i, a in enumerate(free):
        for j, b in enumerate(free):
            signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
            bend[i, j] = sum(p * q * lost(found + p * unit[a] + q * unit[b]) for p, q in signs) / (4 * STEP**2)
    covariance = np.zeros((2, 2))
    covariance[np.ix_(free, free)] = np.linalg.pinv((bend + bend.T) / 2)
    return found, covariance


def _apart(width: ArrayLike, mixing: Mixing) -> Array:
    """The rate of the highest tenth over that of the lowest."""
    if mixing == "alike":
        return np.ones_like(np.asarray(width, dtype=float))
    if mixing == "lognormal":
        return np.exp(2 * special.ndtri(0.9) * np.exp(np.asarray(width)))
    shape = np.exp(-2 * np.asarray(width))
    return special.gammaincinv(shape, 0.9) / np.maximum(special.gammaincinv(shape, 0.1), 1e-12)
