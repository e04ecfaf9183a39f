"""Traces that begging leaves beside the score: what a 10 is worth later, how answers came in, what their text says; and all of it together.

A trace may have an innocent explanation, such as a tablet in the shop, so none of them, nor all together, is evidence of asking by itself.
Every function compares a unit with all others under a null that allows honest units to differ, and returns one row a unit.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.stats import inference

Array = NDArray[np.float64]
STANDS_OUT = 0.001
"""A unit whose trace has a smaller p does not help to say what is usual."""


def credibility_slope(top: ArrayLike, outcome: ArrayLike, unit: ArrayLike, *, min_n: int = 15) -> pd.DataFrame:
    """Does a top score from this unit foretell `outcome` (came back, bought again; 0/1 or NaN) as well as one from elsewhere?

    `slope` = share with the outcome among top scores minus among the others; `shrunken` pulls it towards the mean of all units by how
    much units truly differ (empirical Bayes, variance by DerSimonian & Laird 1986, Control. Clin. Trials 7). `z` is the deviation
    from that mean over its null spread, `p_value` one-sided: small where a 10 is worth less. Units with fewer than `min_n` answers on
    either side are left out. Columns `unit`, `n_top`, `n_other`, `slope`, `std_error`, `shrunken`, `expected`, `z`, `p_value`.

    Raises
    ------
    DataError
        if lengths differ or fewer than three units have enough answers.
    """
    frame = _rows(unit=unit, top=np.asarray(top, dtype=float), outcome=np.asarray(outcome, dtype=float)).dropna()
    by_side = frame.assign(top=frame["top"] > 0).groupby(["unit", "top"])["outcome"]
    sizes, hits = (side.unstack("top").reindex(columns=[True, False]).fillna(0).astype(float) for side in (by_side.size(), by_side.sum()))
    enough = sizes.min(axis=1).to_numpy() >= min_n
    if enough.sum() < 3:
        raise DataError(f"Three units need {min_n} answers with a 10 and {min_n} without, each followed up; there are {int(enough.sum())}.")
    n, share = sizes[enough].to_numpy(), (hits[enough].to_numpy() + 0.5) / (sizes[enough].to_numpy() + 1)
    slope, variance = share[:, 0] - share[:, 1], (share * (1 - share) / n).sum(axis=1)
    mean, between = _between(slope, variance)
    pull = between / (between + variance)
    z = (slope - mean) / np.sqrt(variance + between)
    return pd.DataFrame({"unit": sizes.index[enough], "n_top": n[:, 0].astype(int), "n_other": n[:, 1].astype(int), "slope": slope,
                         "std_error": np.sqrt(variance), "shrunken": mean + pull * (slope - mean), "expected": mean, "z": -z,
                         "p_value": stats.norm.cdf(z)})


def _between(value: Array, variance: Array) -> tuple[float, float]:
    """Precision-weighted mean, and the variance between units beyond chance (DerSimonian & Laird)."""
    w = 1 / variance
    mean = float((w * value).sum() / w.sum())
    excess = (w * (value - mean) ** 2).sum() - (len(value) - 1)
    between = max(0.0, float(excess / (w.sum() - (w**2).sum() / w.sum())))
    w = 1 / (variance + between)
    return float((w * value).sum() / w.sum()), between


def excess_share(flag: ArrayLike, unit: ArrayLike, *, min_n: int = 20) -> pd.DataFrame:
    """Units where a trace is more frequent than elsewhere, allowing honest units to differ.

    What is usual, and how much honest units differ beyond chance (over-dispersion as in Spiegelhalter 2005, Qual. Saf. Health Care 14),
    is learnt from the three quarters with the smallest shares, then from every unit that does not stand out against that, until nothing
    changes: a few units with a strong trace neither raise the one nor widen the other. `p_value` is the mid-p upper tail of a
    beta-binomial. `flag` (N,) is 0/1 or NaN where the trace cannot be seen. Columns `unit`, `n`, `share`, `expected`, `z`, `p_value`.

    Raises
    ------
    DataError
        if lengths differ or fewer than three units have `min_n` answers.
    """
    frame = _rows(unit=unit, flag=np.asarray(flag, dtype=float)).dropna()
    counts = frame.groupby("unit")["flag"].agg(["size", "sum"]).query("size >= @min_n")
    if len(counts) < 3:
        raise DataError(f"A trace needs three units with {min_n} answers that show it or not; there are {len(counts)}.")
    n, hits = counts["size"].to_numpy(dtype=float), counts["sum"].to_numpy(dtype=float)
    share = hits / n
    expected, alike = _usual(hits, n)
    p = _upper(hits, n, expected, alike)
    return pd.DataFrame({"unit": counts.index, "n": n.astype(int), "share": share, "expected": expected, "z": stats.norm.isf(p), "p_value": p})


def _usual(hits: Array, n: Array) -> tuple[float, float]:
    """Share of units that do not stand out, and the correlation of answers within a unit (0 = binomial)."""
    share = hits / n
    inner = share <= np.quantile(share, 0.75)
    for _ in range(30):
        expected = float((hits[inner].sum() + 0.5) / (n[inner].sum() + 1))
        square = (share[inner] - expected) ** 2 * n[inner] / (expected * (1 - expected))
        alike = float(max(0.0, square.sum() / max(inner.sum() - 1, 1) - 1) / max(n[inner].mean() - 1, 1.0))
        before, inner = inner, _upper(hits, n, expected, alike) > STANDS_OUT
        if (before == inner).all():
            break
    return expected, alike


def _upper(hits: Array, n: Array, share: float, alike: float) -> Array:
    """Mid-p of at least so many hits: binomial, or beta-binomial where answers of a unit are `alike`."""
    if alike < 1e-6:
        null = stats.binom(n.astype(int), share)
    else:
        total = 1 / alike - 1
        null = stats.betabinom(n.astype(int), share * total, (1 - share) * total)
    return np.clip(null.sf(hits) + null.pmf(hits) / 2, 1e-15, 1 - 1e-6)


def _rows(**columns: ArrayLike) -> pd.DataFrame:
    sizes = {name: len(np.asarray(values)) for name, values in columns.items()}
    if len(set(sizes.values())) > 1:
        raise DataError(f"Every array has one entry an answer; lengths are {', '.join(f'{k} {v}' for k, v in sizes.items())}.")
    return pd.DataFrame({name: np.asarray(values) for name, values in columns.items()})


def combine(p_values: Mapping[str, ArrayLike], *, weights: Mapping[str, float]) -> Array:
    """One p a unit (J,) from several that may depend on one another: the weighted Cauchy combination (Liu & Xie 2020, JASA 115).

    `weights` are declared before the data are read. NaN = this component could not be looked at; its weight goes to the others. p near
    one is cut at 0.95, so that a component that finds nothing cannot hide one that does (Fang et al. 2023, Statist. Sinica 33).

    Raises
    ------
    ParameterError
        if a component has no weight, or weights are not positive.
    """
    if unknown := sorted(set(p_values) - set(weights)):
        raise ParameterError(f"No weight was declared for {', '.join(unknown)}; weights: {', '.join(weights)}.")
    if min(weights.values()) <= 0:
        raise ParameterError("Weights of the components are positive; leave a component out instead of giving it zero weight.")
    p = np.clip(np.column_stack([np.asarray(v, dtype=float) for v in p_values.values()]), 1e-15, 0.95)
    w = np.where(np.isnan(p), 0.0, np.array([weights[name] for name in p_values]))
    whole = np.maximum(w.sum(axis=1), 1e-300)
    statistic = (w * np.nan_to_num(1 / np.tan(p * np.pi))).sum(axis=1) / whole
    return np.where(w.sum(axis=1) > 0, stats.cauchy.sf(statistic), 1.0)


def ranks(value: ArrayLike, std_error: ArrayLike, *, conf_level: float = 0.95, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Rank of every unit (1 = highest) with the interval of its rank over draws (Goldstein & Spiegelhalter 1996, JRSS A 159).

    Columns `rank`, `rank_low`, `rank_high`; the order of rows is kept.

    Raises
    ------
    ParameterError
        if values and errors differ in length or an error is negative.
    """
    x, error = np.asarray(value, dtype=float), np.asarray(std_error, dtype=float)
    if x.shape != error.shape or (error < 0).any():
        raise ParameterError(f"ranks() needs one standard error, not negative, for each value; shapes {x.shape} and {error.shape}.")
    order = np.argsort(x, kind="stable")  # draws follow the values, so the order of rows does not matter
    noise = np.zeros((draws, len(x)))
    noise[:, order] = np.random.default_rng(seed).normal(size=(draws, len(x)))
    place = stats.rankdata(-(x + error * noise), axis=1)
    low, high = np.quantile(place, [(1 - conf_level) / 2, (1 + conf_level) / 2], axis=0)
    return pd.DataFrame({"rank": stats.rankdata(-x).astype(int), "rank_low": np.floor(low).astype(int), "rank_high": np.ceil(high).astype(int)})


def flagged(p_values: ArrayLike, *, fdr: float = 0.05) -> tuple[Array, NDArray[np.bool_]]:
    """Adjusted p (Benjamini–Hochberg) and whether it is small enough to be listed; both (J,)."""
    q = inference.adjust(p_values, "bh")
    return q, q <= fdr
