"""Rows that name no unit, such as answers without a dealer: clusters of their own in a variance, and none of the units that a gate counts.

Taken as independent they make an interval narrower than it would be, were their units known: customers of one dealer resemble each other.
A blank is no evidence that there are more dealers, so no gate counts it, and where blanks are more than `MAX_SHARE` no finding stands plainly.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.stats.inference.means import encode, satterthwaite

ALONE = "unnamed:"
"""How the identifier of a cluster begins that is one row without a unit; as a whole number it is below zero."""
MAX_SHARE = 0.05
"""More rows without a unit than this share of all: at most REPORT_WITH_CAVEAT."""


def alone(units: pd.Series, rows: pd.Series | None = None) -> pd.Series:
    """Identifiers of clusters (N,): the unit, else the row by itself, called after `rows` (N,) or its place."""
    rows = pd.Series(np.arange(len(units)), index=units.index) if rows is None else rows
    return units.astype("str").where(units.notna(), ALONE + rows.astype("str"))


def named(cluster: ArrayLike) -> NDArray[np.bool_]:
    """Whether each row's cluster (N,) is a unit that it names."""
    values = np.asarray(cluster)
    return values >= 0 if values.dtype.kind in "iu" else ~pd.Series(values, dtype=object).astype("str").str.startswith(ALONE).to_numpy(dtype=bool)


def codes(cluster: ArrayLike) -> NDArray[np.intp]:
    """Clusters as whole numbers (N,), below zero for rows that name none."""
    made = pd.factorize(np.asarray(cluster))[0].astype(np.intp)
    return np.where(named(cluster), made, -1 - made)


def count(cluster: ArrayLike) -> int:
    """How many units are named: what a gate counts."""
    return int(pd.unique(np.asarray(cluster)[named(cluster)]).size)


def named_df(cluster: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Degrees of freedom of a mean that units which are named give by themselves: rows without one make a few large units no more even.

    Unbounded where every row names its unit, since the mean's own variance says it then.
    """
    ids, known = np.asarray(cluster), named(cluster)
    if known.all():
        return np.inf
    w = np.ones(len(ids)) if weights is None else np.asarray(weights, dtype=float)
    at, units = encode(ids[known])
    sizes = np.bincount(at, weights=w[known], minlength=units)
    return float(satterthwaite((sizes / sizes.sum())[None, :], np.ones(1)))


def share(cluster: ArrayLike) -> float:
    """Share of rows that name no unit (0–1); 0 of no rows."""
    known = named(cluster)
    return float(1 - known.mean()) if known.size else 0.0
