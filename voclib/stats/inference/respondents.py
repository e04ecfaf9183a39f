"""A population of which some answered, as it is given: who answered, with what chances, standing for how many units; checked before it is used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError

Array = NDArray[np.float64]


def chances(probability: ArrayLike) -> Array:
    """Chances of answering (N,), each from 0 to 1.

    Raises
    ------
    DataError
        for anything else.
    """
    p = np.asarray(probability, dtype=float)
    if p.ndim != 1 or not len(p) or not ((p >= 0) & (p <= 1)).all():
        raise DataError("Chances of answering are one number from 0 to 1 a unit, none missing.")
    return p


def flags(answered: ArrayLike, like: Any, *, some: bool = False) -> NDArray[np.bool_]:
    """Who answered, as booleans (N,), one for each of `like`; with `some` at least one of them.

    Raises
    ------
    DataError
        for another length, missing values, or nobody where somebody must have answered.
    """
    given = pd.Series(answered)
    if len(given) != len(like) or given.isna().any():
        raise DataError(f"`answered` needs a yes or no for each of the {len(like)} units; it has {int(given.notna().sum())}.")
    spoke = given.to_numpy(dtype=bool)
    if some and not spoke.any():
        raise DataError("Nobody answered: there is nothing to compare the population with.")
    return spoke


def weights(given: ArrayLike | None, n: int, *, where: NDArray[np.bool_] | None = None) -> Array:
    """Usable weights (n,), ones without any; read only `where` given, zero elsewhere.

    Raises
    ------
    DataError
        for another length, missing or negative weights, or zeros alone.
    """
    if given is None:
        return np.ones(n)
    w = np.asarray(given, dtype=float)
    if len(w) != n:
        raise DataError(f"There are {len(w)} weights for {n} units.")
    w = w if where is None else np.where(where, w, 0.0)
    if not np.isfinite(w).all() or (w < 0).any() or not w.sum() > 0:
        raise DataError("Weights are finite, not negative and not all zero.")
    return w


def cuts(values: Array, weights: Array, bins: int) -> Array:
    """Upper edges of at most `bins` classes of about equal weight, the last open; few distinct values are a class each."""
    distinct, place = np.unique(values, return_inverse=True)
    if len(distinct) <= bins:
        return distinct[:-1]
    reached = np.bincount(place, weights).cumsum()
    at = np.searchsorted(reached, np.arange(1, bins) / bins * reached[-1] * (1 - 1e-12))
    return np.unique(distinct[at[at < len(distinct) - 1]])
