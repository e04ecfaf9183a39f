"""Vehicles at risk by batch and day, and how old they are: a batch is on the road from the day it was made, or on which its model was first seen.

`voclib.studies.root_cause.batches.cells` holds the same by week for the page on root causes, without the day on which a model was first seen; to make
one of the two is left to whoever owns both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError

Array = NDArray[np.float64]
WEEK = 7
EDGES = (30, 60, 91, 182, 273, 365, 548, 730, 1096, 1461, 1826, 2557)  # days between bands of age: narrow while vehicles reach their owners
UNKNOWN = len(EDGES) + 1  # the band of batches whose day is not on record


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


def bands(opens: ArrayLike, *, length: int) -> NDArray[np.intp]:
    """Bands of age (B, W) at the middle of each week since day `opens` (B,), 0 the youngest; of an unknown day a band of its own."""
    day = np.asarray(opens, dtype=float)[:, None]
    age = np.arange(0, length, WEEK)[None, :] + WEEK / 2 - np.nan_to_num(day)
    return np.where(np.isnan(day), UNKNOWN, np.searchsorted(EDGES, age, side="right")).astype(np.intp)
