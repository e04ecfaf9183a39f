"""Can a response model be used: do its chances reach everybody, and does something tell who answered in advance?

One row a unit of the population. Thresholds are keywords with the published default; `weights` are how many units a row stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, nearest
from voclib.stats import inference
from voclib.stats.inference import respondents

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """How far respondents' weights 1/probability reach. `below_floor`: share of the population whose chance lies under the floor.

    `auc`: how well the chances tell who answered (0.5 = not at all); `max_weight` over the mean weight; `top_share` of all weight
    lies on the heaviest 1 % of respondents; `n_effective` is Kish's.
    """

    below_floor: float
    floor: float
    auc: float
    max_weight: float
    top_share: float
    n_effective: float
    n: int


def overlap(probability: ArrayLike, answered: ArrayLike, *, floor: float = 0.005, weights: ArrayLike | None = None) -> Overlap:
    """Whether everybody has somebody comparable among those who answered; chances (N,) are those of the weights about to be used."""
    p = respondents.chances(probability)
    spoke, w = respondents.flags(answered, p, some=True), respondents.weights(weights, len(p))
    if (p[spoke] <= 0).any():
        raise DataError(f"{int((p[spoke] <= 0).sum())} units answered although their chance of answering is given as 0.")
    load = w[spoke] / p[spoke]
    order = np.argsort(-load, kind="stable")
    heads = w[spoke][order].cumsum() / w[spoke].sum()
    top = np.interp(0.01, np.append(0, heads), np.append(0, load[order].cumsum() / load.sum()))
    return Overlap(below_floor=float(w @ (p < floor) / w.sum()), floor=floor, auc=auc(p, spoke, weights=w), n=int(spoke.sum()), top_share=float(top),
                   max_weight=float((1 / p[spoke]).max() * w[spoke].sum() / load.sum()), n_effective=inference.kish(load))


def auc(values: ArrayLike, answered: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Chance that one who answered has the higher value than one who did not, ties one half; 0.5 where either group is empty."""
    x = np.asarray(values, dtype=float)
    spoke, w = respondents.flags(answered, x), respondents.weights(weights, len(x))
    order = np.argsort(x, kind="stable")
    first = np.flatnonzero(np.append(True, np.diff(x[order]) != 0))
    with_, without = (np.add.reduceat((w * part)[order], first) for part in (spoke, ~spoke))
    both = with_.sum() * without.sum()
    return float(with_ @ (without.cumsum() - without / 2) / both) if both > 0 else 0.5


@dataclass(frozen=True, kw_only=True)
class Separation:
    """Whether answering can be told in advance almost surely: a leak more often than a fact.

    `is_near`: the chances' `auc` lies above the limit. `columns`: column, auc, is_leak, for each column alone, highest first.
    """

    auc: float
    is_near: bool
    columns: pd.DataFrame

    @property
    def leaks(self) -> tuple[str, ...]:
        """Columns that alone tell who answered: they were probably recorded after, or because of, the answer."""
        return tuple(self.columns.loc[self.columns["is_leak"], "column"])


def near_separation(frame: pd.DataFrame, columns: Sequence[str], answered: ArrayLike, *, probability: ArrayLike | None = None, limit: float = 0.9,
                    leak: float = 0.98, bins: int = 20, weights: ArrayLike | None = None) -> Separation:
    """AUC of the response model (`probability`; without it, of the best single column) and of each column alone, in either direction.

    A column's own AUC is that of its levels' response rates, numbers also by their order; missing is a level, since being filled in
    only for respondents is the commonest leak. Levels of fewer than 20 rows count as one, so that identifiers prove nothing.
    """
    spoke, w = respondents.flags(answered, frame), respondents.weights(weights, len(frame))
    rows = []
    for name in columns:
        if name not in frame.columns:
            raise DataError(f"The frame has no column '{name}'; {nearest(name, frame.columns)}")
        alone = _alone(frame[name], spoke, w, bins)
        rows.append((name, alone, alone > leak))
    table = pd.DataFrame(rows, columns=["column", "auc", "is_leak"]).sort_values(["auc", "column"], ascending=[False, True], ignore_index=True)
    whole = auc(respondents.chances(probability), spoke, weights=w) if probability is not None else float(table["auc"].max()) if len(table) else 0.5
    return Separation(auc=whole, is_near=bool(whole > limit), columns=table)


def _alone(series: pd.Series, spoke: NDArray[np.bool_], w: Array, bins: int) -> float:
    """How well one column tells who answered: the larger AUC of its levels' response rates and of its order, up or down."""
    ordered = pd.api.types.is_numeric_dtype(series) or pd.api.types.is_datetime64_any_dtype(series)
    codes, values = pd.factorize(series, sort=ordered)
    codes, straight = np.where(codes < 0, len(values), codes), 0.5
    if ordered:
        straight = auc(codes, spoke, weights=w) if not series.isna().any() else 0.5
        known = codes < len(values)
        cuts = respondents.cuts(codes[known].astype(float), w[known], bins)
        codes = np.where(known, np.searchsorted(cuts, codes, side="left"), len(cuts) + 1)
    rare = np.bincount(codes, w) < 20
    codes = np.where(rare[codes], len(rare), codes)
    size = np.bincount(codes, w)
    rates = np.bincount(codes, w * spoke) / np.where(size > 0, size, 1)
    return max(straight, 1 - straight, auc(rates[codes], spoke, weights=w))
