"""Rows as answers: identifiers as codes, missing and constant answers named, moments of groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
HIGH = 0.95  # quantile of random regroupings that real units must exceed


def answers(values: ArrayLike) -> Array:
    """Answers as numbers, (n,) or (n, J), none missing and not all the same."""
    y = np.asarray(values, dtype=float)
    if not len(y):
        raise DataError("There are no answers.")
    if missing := int((~np.isfinite(y)).reshape(len(y), -1).any(axis=1).sum()):
        raise DataError(f"Answers are missing in {missing} of {len(y)} rows; leave those rows out.")
    if not np.ptp(y):
        raise DataError(f"Every answer is {y.flat[0]:g}; constant answers say nothing about units.")
    return y


def codes(ids: ArrayLike, name: str, rows: int) -> tuple[Codes, pd.Index]:
    """Identifiers of any kind as whole numbers 0 … G − 1, and the G of them in order; by hashing, since text is slow to sort."""
    column = pd.Series(ids)
    if len(column) != rows:
        raise ParameterError(f"{name} has {len(column)} rows and the answers have {rows}; both need the same.")
    if missing := int(column.isna().sum()):
        raise DataError(f"{name} is missing in {missing} of {rows} rows; leave those rows out.")
    found, levels = pd.factorize(column, sort=True)
    return found, pd.Index(levels)


def enough(draws: int) -> None:
    """Regroupings enough for a 95th percentile."""
    if draws < 20:
        raise ParameterError(f"draws is at least 20, for the 95th percentile of random regroupings, not {draws}.")


def high(regrouped: Array) -> float:
    """The 95th percentile of regroupings (draws,), never between two of them: what is no different exceeds it in at most 5 %."""
    return float(np.quantile(regrouped, HIGH, method="higher"))


def moments(y: Array, group: Codes, groups: int) -> tuple[Array, Array, Array]:
    """Size, mean and sum of squares about it of every group, (groups,) each; each group has a row."""
    n = np.bincount(group, minlength=groups).astype(float)
    centre = y.mean()  # far from zero, sums of squares would lose digits
    mean = np.bincount(group, y - centre, groups) / n + centre
    return n, mean, np.bincount(group, (y - mean[group]) ** 2, groups)
