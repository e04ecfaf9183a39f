"""Fair shares of what a set of players is worth together."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import ParameterError

Array = NDArray[np.float64]
MOST = 20  # players; 2^20 sets of them are a million


def shapley(values: ArrayLike, k: int) -> Array:
    """Exact Shapley values of a game of k players: what each adds, averaged over every order in which they may come.

    Source: Shapley 1953, A value for n-person games. φ_j = Σ_{S∌j} |S|!(k − |S| − 1)!/k! · [v(S∪{j}) − v(S)]; they add up to
    v(all) − v(nobody), players who add the same get the same, a player who adds nothing gets nothing.

    Parameters
    ----------
    values : (2^k,) or (2^k, …) worth of every set. Bit j of the index (j = 0 is the lowest) says whether player j is in the set: index 0 is
        nobody, 1 is player 0 alone, 2 is player 1 alone, 3 both of them, 2^k − 1 everybody. Further axes are games of their own.

    Returns
    -------
    (k,) or (k, …) shares, in the order of the bits.

    Raises
    ------
    ParameterError
        for a number of players outside 1 to 20, a first axis that is not 2^k long, or values that are not finite.
    """
    v = np.asarray(values, dtype=float)
    if not 1 <= k <= MOST:
        raise ParameterError(f"shapley() takes 1 to {MOST} players, not {k}; join some into groups.")
    if v.ndim < 1 or len(v) != 2**k:
        raise ParameterError(f"A game of {k} players has {2**k} sets; values has {len(v) if v.ndim else 'no'} rows.")
    if not np.isfinite(v).all():
        raise ParameterError("Every set of players needs a finite worth; some are missing or infinite.")
    sets, rest = np.arange(2**k), v.shape[1:]
    weight = np.array([1 / (k * comb(k - 1, size)) for size in range(k)])
    found = np.empty((k, *rest))
    for j in range(k):
        without = sets[(sets >> j) & 1 == 0]
        found[j] = np.tensordot(weight[np.bitwise_count(without)], v[without | (1 << j)] - v[without], axes=1)
    return found
