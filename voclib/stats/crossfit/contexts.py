"""What a group (a dealer's customers) is like, as a covariate of each of its members."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError

Array = NDArray[np.float64]
OWN_FROM = 6  # rows of a group from which on each one's own value counts in the group's; of fewer it would tell itself


def group_mean(values: ArrayLike, group: ArrayLike, *, own_from: float = OWN_FROM) -> Array:
    """Mean of each row's group (N,), shrunk towards the mean of all by as much as chance explains.

    mᵢ = (Σ_g v − o·vᵢ + κ·v̄)/(n_g − o + κ) with κ = σ²/τ², σ² the variance within groups and τ² that between them (analysis of variance, moments).
    The row itself counts (o = 0) in groups of `own_from` rows or more, and is left out (o = 1) of smaller ones; infinity leaves it out of all.

    Group means beside the rows' own values take out what a group has in common and nobody recorded (Mundlak 1978, Econometrica 46). Among rows
    that are alike, which of them have the value does not depend on what their group has in common once the group's whole mean is known; the mean
    of the others leaves as much of that as it is off by chance (Arkhangelsky & Imbens 2024, REStud 91, "Fixed effects and the generalized Mundlak
    estimator"). In a small group the whole mean would tell the row's own value, and next to nobody would be left to compare it with. Shrinking
    keeps tiny groups from being noise: a row alone in its group, or without one (missing), gets v̄, and so does every row where groups differ by no
    more than chance (τ² ≤ 0).

    `values` (N,) complete numbers in any unit; `group` (N,) identifiers, missing for none.

    Raises
    ------
    ParameterError
        for different numbers of rows.
    DataError
        for missing or infinite values.
    """
    v, codes = np.asarray(values, dtype=float), pd.factorize(pd.Series(np.asarray(group)), sort=True)[0]
    if v.ndim != 1 or len(v) != len(codes):
        raise ParameterError(f"One group a value: values have shape {v.shape}, and there are {len(codes)} groups.")
    if not np.isfinite(v).all():
        raise DataError(f"{int((~np.isfinite(v)).sum())} of {len(v)} values are missing or infinite; drop or complete them first.")
    made, known = np.full(len(v), v.mean()), codes >= 0
    ratio = _noise_ratio(v[known], codes[known])
    if np.isfinite(ratio):
        size = np.bincount(codes[known])[codes[known]]
        left_out = np.where(size >= own_from, 0.0, 1.0)
        total = np.bincount(codes[known], v[known])[codes[known]] - left_out * v[known]
        weight = size - left_out + ratio
        made[known] = np.divide(total + ratio * v.mean(), weight, out=made[known], where=weight > 0)
    return made


def _noise_ratio(v: Array, codes: NDArray[np.intp]) -> float:
    """κ = σ²/τ², infinite where groups differ by no more than chance or cannot be told from their rows."""
    size = np.bincount(codes)
    n, groups = len(v), len(size)
    if groups < 2 or n == groups:
        return np.inf
    mean = np.bincount(codes, v) / size
    within = float(np.square(v - mean[codes]).sum() / (n - groups))
    between = float(size @ np.square(mean - v.mean()) / (groups - 1))
    spread = (between - within) / ((n - size @ size / n) / (groups - 1))
    return within / spread if spread > 0 else np.inf
