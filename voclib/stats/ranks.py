"""How far a league table can be trusted: for every group the ranks that its data leave open.

Two groups can be separated where the simultaneous interval of their difference leaves zero out. A group's rank lies between one more than the number
told above it and the number of all less those told below it; with simultaneous intervals all these sets hold at once (Mogstad, Romano, Shaikh &
Wilhelm 2024, Review of Economic Studies 91, "Inference for ranks", section 3).

Whether units differ at all is asked by permutation: Cochran's Q, each unit's variance taken from a dozen coded answers, says so far too often.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError

Array = NDArray[np.float64]
DRAWS = 20_000
SHUFFLES = 999


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """Rank sets (K,) of groups in the order given, 1 the highest; `best`, `worst` are the ends, `plain` the rank by the estimates alone.

    `apart[j, k]` (K, K): group j is told above group k. `critical` is the width of the simultaneous intervals in standard errors.
    """

    best: NDArray[np.int_]
    worst: NDArray[np.int_]
    plain: NDArray[np.int_]
    apart: NDArray[np.bool_]
    critical: float
    conf_level: float

    @property
    def pairs_apart(self) -> int:
        """How many of the K(K − 1)/2 pairs are told apart."""
        return int(self.apart.sum())


def rank(estimates: ArrayLike, std_errors: ArrayLike, *, df: ArrayLike | float = np.inf, conf_level: float = 0.95, seed: int = 0) -> Ranks:
    """Rank sets of groups with independent estimates (K,), standard errors (K,) and degrees of freedom (K,) or one for all.

    The critical value is the quantile of the largest |difference| / error over all pairs when no group differs, drawn with errors estimated on their
    degrees of freedom.

    Raises
    ------
    DataError
        for fewer than two groups, or errors that are not above zero.
    """
    y, s = np.asarray(estimates, dtype=float), np.asarray(std_errors, dtype=float)
    if y.ndim != 1 or len(y) < 2 or s.shape != y.shape:
        raise DataError(f"Ranks need two groups or more, each with its error; estimates have shape {y.shape}, errors {s.shape}.")
    if not (np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()):
        raise DataError("Estimates are numbers and their errors lie above zero; leave groups without either out.")
    critical = _critical(s, np.broadcast_to(np.asarray(df, dtype=float), s.shape), conf_level, seed)
    gap = y[:, None] - y[None, :]
    error = np.sqrt(s[:, None] ** 2 + s[None, :] ** 2)
    apart = gap > critical * error
    best, worst = 1 + apart.sum(axis=0), len(y) - apart.sum(axis=1)
    plain = 1 + (gap < 0).sum(axis=1)
    return Ranks(best=best, worst=worst, plain=plain, apart=apart, critical=critical, conf_level=conf_level)


def _critical(s: Array, df: Array, conf_level: float, seed: int) -> float:
    """Quantile of the largest studentised difference over all pairs, were all true values the same."""
    rng = np.random.default_rng(seed)
    upper = np.triu_indices(len(s), 1)
    largest = np.empty(DRAWS)
    for at in range(0, DRAWS, 1000):  # in parts, since pairs of many groups are many
        z = rng.normal(size=(1000, len(s))) * s
        known = np.isinf(df)
        own = np.where(known, 1.0, df)
        square = s**2 * np.where(known, 1.0, rng.chisquare(own, size=(1000, len(s))) / own)
        gap = np.abs(z[:, upper[0]] - z[:, upper[1]]) / np.sqrt(square[:, upper[0]] + square[:, upper[1]])
        largest[at:at + 1000] = gap.max(axis=1)
    return float(np.quantile(largest, conf_level))


def alike_p(values: ArrayLike, unit: ArrayLike, *, block: ArrayLike | None = None, draws: int = SHUFFLES, seed: int = 0) -> float:
    """p that answers (N,) are dealt to units (N,) at random, by the spread of unit means Σ n(ȳ − ȳ..)² (Fisher 1935; Pitman 1938, Biometrika 29).

    Answers of one `block` (N,; a customer, say) in one unit move together, and only against as many answers of another block, so that neither
    customers who answer twice nor the sizes of units make units look different. The level is exact however answers are coded.

    Raises
    ------
    DataError
        for fewer than two units, or answers that are missing.
    ParameterError
        for lengths that differ, or fewer than one draw.
    """
    y = np.asarray(values, dtype=float)
    codes, who = (np.unique(np.asarray(ids), return_inverse=True)[1] for ids in (unit, np.arange(y.size) if block is None else block))
    if y.ndim != 1 or not (y.shape == codes.shape == who.shape) or draws < 1:
        raise ParameterError(f"Each answer has a unit and a block: {y.shape}, {codes.shape}, {who.shape}; draws are 1 or more, not {draws}.")
    units = int(codes.max(initial=-1)) + 1
    if units < 2 or not np.isfinite(y).all():
        raise DataError(f"Units are compared by answers that are all there; there are {units} units, {int((~np.isfinite(y)).sum())} answers missing.")
    _, piece, count = np.unique(who * units + codes, return_inverse=True, return_counts=True)
    total, home = np.bincount(piece, y - y.mean()), np.zeros(len(count), dtype=np.intp)
    home[piece] = codes
    size = np.bincount(codes)
    seen = float((np.bincount(home, total) ** 2 / size).sum())
    rng, dealt = np.random.default_rng(seed), np.zeros((draws, units))
    for answers in np.unique(count):
        mine = np.flatnonzero(count == answers)
        dealt += rng.permuted(np.tile(total[mine], (draws, 1)), axis=1) @ np.eye(units)[home[mine]]
    spread = (dealt**2 / size).sum(axis=1)
    return float((1 + (spread >= seen * (1 - 1e-9)).sum()) / (1 + draws))
