"""Which fold a customer is in: from sorted ids and a seed, never from the order of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError


def codes_of(ids: ArrayLike, *, what: str = "ids") -> tuple[NDArray[np.intp], int]:
    """Ids as whole numbers in their sorted order, and how many there are; DataError where one is missing."""
    codes, found = pd.factorize(ids if isinstance(ids, pd.Series | pd.Index) else pd.Index(np.asarray(ids)), sort=True)
    if (codes < 0).any():
        raise DataError(f"{int((codes < 0).sum())} {what} are missing; every row needs one.")
    return np.asarray(codes, dtype=np.intp), len(found)


def folds(ids: ArrayLike, *, k: int = 5, seed: int | Sequence[int], cluster: ArrayLike | None = None) -> NDArray[np.intp]:
    """Fold 0 … k − 1 of every row (N,): from the sorted ids and the seed alone, so row order and repeated ids change nothing.

    With `cluster` (dealers) whole clusters go into one fold and folds hold about as many ids each.

    Raises
    ------
    ParameterError
        for k below 2 or fewer ids (clusters) than folds.
    DataError
        for a missing id, or an id that is in two clusters.
    """
    codes, count = codes_of(ids)
    rng = np.random.default_rng(seed)
    if cluster is None:
        _enough(k, count, "customers")
        place = np.empty(count, dtype=np.intp)
        place[rng.permutation(count)] = np.arange(count) % k
        return place[codes]
    groups, n_groups = codes_of(cluster, what="clusters")
    _enough(k, n_groups, "clusters")
    home = np.empty(count, dtype=np.intp)
    home[codes] = groups
    if (home[codes] != groups).any():
        raise DataError("An id is in two clusters, so no fold can hold both whole; give each id one cluster.")
    return _balanced(np.bincount(home, minlength=n_groups), k, rng)[groups]


def _enough(k: int, count: int, what: str) -> None:
    if k < 2 or count < k:
        raise ParameterError(f"{k} folds of {count} {what}: there must be at least 2 folds and as many {what} as folds.")


def _balanced(sizes: NDArray[np.intp], k: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """A fold for every cluster: large ones first (by powers of two, at random within), each into the fold with fewest ids so far."""
    drawn = rng.permutation(len(sizes))
    order = drawn[np.argsort(-np.floor(np.log2(sizes[drawn])), kind="stable")]
    place, filled = np.empty(len(sizes), dtype=np.intp), np.zeros(k)
    for group in order:
        place[group] = filled.argmin()
        filled[place[group]] += sizes[group]
    return place
