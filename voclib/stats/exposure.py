"""Vehicles at risk by batch and day, and how old they are: a batch is on the road from the day it was made, or on which its model was first seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError

Array = NDArray[np.float64]
WEEK = 7
EDGES = (30, 60, 91, 182, 273, 365, 548, 730, 1096, 1461, 1826, 2557)  # days between bands of age: narrow while vehicles reach their owners


def at_risk(fitted: ArrayLike, opens: ArrayLike, *, length: int) -> Array:
    """Vehicles on the road (B, `length`) by day: `fitted` (B,) from day `opens` (B,) on; an unknown day (NaN) is all along.

    Raises DataError for numbers fitted that are not above zero.
    """
    n, day = np.asarray(fitted, dtype=float), np.asarray(opens, dtype=float)
    if n.shape != day.shape or n.ndim != 1 or not (n > 0).all():
        raise DataError(f"Each batch has a number fitted above zero and a day; there are {n.shape} and {day.shape}.")
    return np.where(np.isnan(day)[:, None] | (np.arange(length)[None, :] >= day[:, None]), n[:, None], 0.0)


def by_week(daily: ArrayLike) -> Array:
    """Sums (B, W) of days (B, D) by week; the last week may be shorter."""
    made = np.asarray(daily, dtype=float)
    return np.add.reduceat(made, np.arange(0, made.shape[1], WEEK), axis=1)


def bands(opens: ArrayLike, *, length: int, edges: ArrayLike = EDGES, at: float = WEEK / 2) -> NDArray[np.intp]:
    """Bands of age (B, W) since day `opens` (B,), `at` days into each week, 0 the youngest; of an unknown day a band of its own, the last.

    `edges` (K,) are the days between bands.
    """
    day, between = np.asarray(opens, dtype=float)[:, None], np.asarray(edges, dtype=float)
    age = np.arange(0, length, WEEK)[None, :] + at - np.nan_to_num(day)
    return np.where(np.isnan(day), len(between) + 1, np.searchsorted(between, age, side="right")).astype(np.intp)
