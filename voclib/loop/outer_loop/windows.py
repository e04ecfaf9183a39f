"""Times in which several subjects leave the common movement at once, as a campaign about some of them makes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voclib.stats import rate_ratio

Array = NDArray[np.float64]
Window = NDArray[np.bool_]
MOST, SHARE = 4, 0.25  # at most so many windows, over at most so much of the time: what moves apart always has no common movement
DAYS = (18, 84)
"""Length of a window."""
LEVEL = 0.5
"""Sum of the p values of all windows tried, below which one is told. They overlap, and the subject that moved most never counts, so that where
nothing happens a window is told in far fewer than one in twenty worlds (benchmarks/coverage_loop.py)."""


def apart(counts: Array, stretches: Sequence[tuple[int, Window]], start: Array, days: int, *, without: Window, block: int) -> list[Window]:
    """Windows (T,) of periods that begin on days `start` (T,) in which subjects moved apart more than usual, the clearest first.

    They show no movement that is common, and what a project's subject does in them may be the campaign's doing: nobody is compared there. `counts`,
    `stretches` and `without` as in `rate_ratio.fit`; `block` days is how long subjects are usually shaken.
    """
    length, ends = np.diff(np.r_[start, days]), [*start[1:], days]
    tried = [(start >= a) & (start < b) for a in start for b in ends if DAYS[0] <= b - a <= DAYS[1]]
    found: list[Window] = []
    while tried and len(found) < MOST:
        out = without | np.any([np.zeros(len(start), dtype=bool), *found], axis=0)
        p = rate_ratio.apart(counts, stretches, tried, blocks=start // block, without=out)
        if np.isnan(p).all():
            break
        best = tried[int(np.nanargmin(p))]
        if np.nanmin(p) * len(tried) >= LEVEL or length[np.any([*found, best], axis=0)].sum() > SHARE * days:
            break
        found.append(best)
    return found
