"""Agreement within units, r_wg(J), and how much of it random regrouping reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.stats.reliability import rows
from voclib.stats.reliability.rows import Array

AGREED = 0.70  # r_wg(J) that is conventionally called agreement
NULLS = ("uniform", "slight skew")
SLIGHT_SKEW = {5: 1.34, 6: 1.85, 7: 2.90, 8: 3.47, 9: 5.66, 10: 6.30, 11: 7.31}
"""Variance of one answer under a slight skew, by response points: LeBreton & Senter 2008, Organizational Research Methods 11."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """r_wg(J) of every unit with two answers or more: 0 is no agreement, 1 is all the same; and what random pseudo-units of the same sizes reach.

    `values`, `sizes` and `units` are in one order; `share` is that of units at 0.70 or above. `pseudo_median` and `pseudo_share` are means over
    regroupings, `pseudo_high` the 95th percentile of their medians; `n_single` units have one answer and no agreement.
    """

    units: tuple[Any, ...]
    sizes: NDArray[np.intp]
    values: Array
    median: float
    share: float
    pseudo_median: float
    pseudo_high: float
    pseudo_share: float
    null: str
    null_variance: float
    n_items: int
    n_single: int

    @property
    def is_shared(self) -> bool:
        """Whether the median unit agrees more than random regrouping gives."""
        return bool(self.median > self.pseudo_high)

    def table(self) -> pd.DataFrame:
        """One row a unit: unit, n, r_wg."""
        return pd.DataFrame({"unit": list(self.units), "n": self.sizes, "r_wg": self.values})


def agreement(items: ArrayLike, unit: ArrayLike, *, points: int, null: str = "uniform", draws: int = 200, seed: int = 0) -> Agreement:
    """Within-unit agreement on J items, r_wg(J) = J(1 − q) / (J(1 − q) + q), q = mean variance of the items in the unit / variance under the null.

    The null is answering without agreement: "uniform", (points² − 1)/12, or "slight skew", which leans to one side as answers to friendly
    questions do (LeBreton & Senter 2008); the former makes almost everybody agree. By the convention of James, Demaree & Wolf (1984, J. Applied
    Psychology 69) a unit whose variance exceeds the null's, where the formula leaves [0, 1], has 0.

    Parameters
    ----------
    items : (n, J) answers of n employees; (n,) for one item. unit : (n,). points : response points of the scale, 2 or more.
    draws, seed : random regroupings of whole answers.

    Raises
    ------
    DataError
        for missing or constant answers, answers that span more than `points`, a single unit, units of one answer each.
    ParameterError
        for lengths that differ, an unknown null, points for which it is not known, fewer than 20 draws.
    """
    expected = _null_variance(null, points)
    rows.enough(draws)
    y = rows.answers(items)
    y = y.reshape(len(y), -1)
    codes, units = rows.codes(unit, "unit", len(y))
    if np.ptp(y) > points - 1:
        raise DataError(f"Answers run from {y.min():g} to {y.max():g}, beyond a scale of {points} points; set points to what the survey offers.")
    if len(units) < 2:
        raise DataError("All answers come from one unit; at least two are needed to hold units against regrouped ones.")
    sizes = np.bincount(codes)
    several = sizes > 1
    if not several.any():
        raise DataError(f"Each of the {len(units)} units has one answer, and one answer cannot agree; pass single answers, not means of units.")
    centred = y - y.mean(axis=0)
    whole = np.column_stack([centred, (centred**2).sum(axis=1)])
    values = _r_wg(whole[np.argsort(codes, kind="stable")], sizes, expected)
    rng, dealt, ordered = np.random.default_rng(seed), whole[np.lexsort(y.T)], np.sort(sizes)  # neither rows' order nor units' names matter
    pseudo = np.array([(np.median(r), (r >= AGREED).mean()) for r in (_r_wg(rng.permutation(dealt), ordered, expected) for _ in range(draws))])
    return Agreement(units=tuple(u for u, s in zip(units, several, strict=True) if s), sizes=sizes[several], values=values,
                     median=float(np.median(values)), share=float((values >= AGREED).mean()), pseudo_median=float(pseudo[:, 0].mean()),
                     pseudo_high=rows.high(pseudo[:, 0]), pseudo_share=float(pseudo[:, 1].mean()), null=null,
                     null_variance=expected, n_items=y.shape[1], n_single=int((~several).sum()))


def _null_variance(null: str, points: int) -> float:
    """Variance of an answer without agreement."""
    if null not in NULLS:
        raise ParameterError(f"There is no null distribution '{null}'; {nearest(null, NULLS)}")
    if points != int(points) or points < 2:
        raise ParameterError(f"points is the number of response points, a whole number from 2 on, not {points}.")
    if null == "uniform":
        return (points**2 - 1) / 12
    if points not in SLIGHT_SKEW:
        raise ParameterError(f"The slightly skewed null is tabulated for {min(SLIGHT_SKEW)} to {max(SLIGHT_SKEW)} response points, not for {points}; "
                             "take null='uniform'.")
    return SLIGHT_SKEW[points]


def _r_wg(whole: Array, sizes: NDArray[np.intp], expected: float) -> Array:
    """r_wg(J) of consecutive blocks of rows, those of two and more; rows hold J centred items and the sum of their squares."""
    sums, items, many = np.add.reduceat(whole, np.cumsum(sizes) - sizes, axis=0), whole.shape[1] - 1, sizes > 1
    inner = sums[:, -1] - (sums[:, :-1] ** 2).sum(axis=1) / sizes
    q = np.maximum(inner[many], 0) / (sizes[many] - 1) / items / expected
    return np.where(q < 1, items * (1 - q) / np.where(q < 1, items * (1 - q) + q, 1.0), 0.0)
