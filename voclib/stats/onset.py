"""Since when: the period from which a count runs at another rate against what is expected, with an interval.

Raftery & Akman 1986, Biometrika 73: a Poisson process with one change, both rates integrated out, so that the posterior of the period is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from voclib.errors import DataError

Array = NDArray[np.float64]
PRIOR_SHAPE, PRIOR_RATE = 0.5, 0.5  # of each ratio to what is expected: a mean of one, worth half an event


@dataclass(frozen=True, kw_only=True)
class Onset:
    """The first period at the new rate: `at` the likeliest, `low` to `high` the shortest set that holds it with `conf_level`, filled up.

    `before` and `after` are the ratios to what is expected on either side of `at`; `is_told` where a change is 20 times likelier than none.
    """

    at: int
    low: int
    high: int
    before: float
    after: float
    is_told: bool
    chance: Array
    conf_level: float


def onset(counts: ArrayLike, expected: ArrayLike, *, conf_level: float = 0.95, fewest: int = 2) -> Onset:
    """One change of rate in `counts` (T,) against `expected` (T,), at least `fewest` periods from either end.

    Raises
    ------
    DataError
        for missing or negative numbers, or too few periods.
    """
    y, e = np.asarray(counts, dtype=float), np.asarray(expected, dtype=float)
    if y.shape != e.shape or y.ndim != 1 or not (np.isfinite(y).all() and np.isfinite(e).all() and (y >= 0).all() and (e >= 0).all()):
        raise DataError("Counts and expectations are two rows of one length, 0 or more and never missing.")
    if len(y) < 2 * fewest + 1:
        raise DataError(f"A change is looked for in {2 * fewest + 1} periods or more; there are {len(y)}.")
    first, last = (np.concatenate([[0.0], part.cumsum()]) for part in (y, e))
    at = np.arange(fewest, len(y) - fewest + 1)
    log = _evidence(first[at], last[at]) + _evidence(first[-1] - first[at], last[-1] - last[at])
    chance = np.zeros(len(y))
    chance[at] = np.exp(log - special.logsumexp(log))
    told = special.logsumexp(log) - np.log(len(at)) - _evidence(first[-1], last[-1]) > np.log(20)
    order = np.argsort(-chance, kind="stable")
    held = order[: int(np.searchsorted(chance[order].cumsum(), conf_level - 1e-12) + 1)]
    best = int(order[0])
    rates = [(first[best] + PRIOR_SHAPE) / (last[best] + PRIOR_RATE), (first[-1] - first[best] + PRIOR_SHAPE) / (last[-1] - last[best] + PRIOR_RATE)]
    return Onset(at=best, low=int(held.min()), high=int(held.max()), before=float(rates[0]), after=float(rates[1]), is_told=bool(told),
                 chance=chance, conf_level=conf_level)


def _evidence(k: ArrayLike, e: ArrayLike) -> Array:
    k, e = np.asarray(k, dtype=float), np.asarray(e, dtype=float)
    return (special.gammaln(PRIOR_SHAPE + k) - special.gammaln(PRIOR_SHAPE) + PRIOR_SHAPE * np.log(PRIOR_RATE)
            - (PRIOR_SHAPE + k) * np.log(PRIOR_RATE + e))
