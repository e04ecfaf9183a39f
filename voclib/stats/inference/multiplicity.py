"""Having looked at many numbers: adjusted p-values, intervals to go with them, and intervals that hold all numbers at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from voclib.errors import ParameterError
from voclib.stats.inference.fits import quantile
from voclib.stats.inference.means import Array

METHODS = {"bh": "fdr_bh", "by": "fdr_by", "holm": "holm"}


def sup_t(correlation: ArrayLike, *, conf_level: float, df: float = np.inf, draws: int = 10_000, seed: int = 0) -> float:
    """Multiplier of standard errors whose intervals hold several estimates at once; never below the pointwise quantile.

    `correlation` (K, K) of the estimates' errors. Source: Montiel Olea & Plagborg-Møller 2019, J. Applied Econometrics 34, by simulation.
    """
    values, vectors = np.linalg.eigh(np.asarray(correlation, dtype=float).reshape(len(correlation), -1))
    largest = np.abs((vectors * np.sqrt(np.maximum(values, 0))) @ _normal(len(values), draws, seed)).max(axis=0, initial=0.0)
    if np.isfinite(df):
        largest = largest / np.sqrt(np.random.default_rng([seed, 1]).chisquare(df, size=draws) / df)
    return max(float(np.quantile(largest, conf_level)), quantile(conf_level, df))


@lru_cache(maxsize=4)
def _normal(rows: int, draws: int, seed: int) -> Array:
    """Standard normal draws (rows, draws): the same for every set of so many estimates, so made once."""
    return np.random.default_rng(seed).normal(size=(rows, draws))


def _method(method: str) -> str:
    if method not in METHODS:
        raise ParameterError(f"There is no multiplicity method '{method}'; known: {', '.join(METHODS)}.")
    return METHODS[method]


def adjust(p_values: ArrayLike, method: str = "bh") -> Array:
    """p-values adjusted for having looked at all of them: "bh" (Benjamini–Hochberg), "by" (any dependence), "holm" (family-wise)."""
    from statsmodels.stats.multitest import multipletests

    known, p = _method(method), np.asarray(p_values, dtype=float)
    return np.asarray(multipletests(p, method=known)[1]) if p.size else p


def adjusted_level(p_values: ArrayLike, *, conf_level: float = 0.95, method: str = "bh") -> float:
    """The level at which intervals exclude zero exactly where the adjusted p is small enough.

    For "bh" and "by" these are the intervals with controlled false coverage rate (Benjamini & Yekutieli 2005, JASA 100).
    """
    p, alpha = np.asarray(p_values, dtype=float), 1 - conf_level
    if not p.size:
        return conf_level
    found, tests = int((adjust(p, method) <= alpha).sum()), len(p)
    if method == "holm":
        return 1 - alpha / (tests - max(found, 1) + 1)
    penalty = (1 / np.arange(1, tests + 1)).sum() if method == "by" else 1.0
    return float(1 - max(found, 1) * alpha / (tests * penalty))
