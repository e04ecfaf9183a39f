"""Rows an effect can be computed from: complete numbers of one length, an exposure of 0 and 1, independent units, covariates without repetition."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError
from voclib.stats import crossfit

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
REPEATED = 1e-10  # share of the largest principal variance below which a combination of covariates is a repetition of others


def checked(y: ArrayLike, exposed: ArrayLike, matrix: ArrayLike | None = None) -> tuple[Array, Flags, Array]:
    """Outcome (N,), who was exposed (N,) and covariates (N, p), p = 0 without a matrix.

    Raises
    ------
    ParameterError
        for different numbers of rows.
    DataError
        for missing or infinite values, an exposure other than 0 and 1, an arm of fewer than two.
    """
    outcome, dose, x = numbers(y, exposed, matrix)
    if not np.isin(dose, (0, 1)).all():
        raise DataError(f"exposed is 0 or 1 in every row; here are also {np.setdiff1d(dose, (0, 1))[:3].tolist()}. "
                        "Say from which value on somebody counts as exposed.")
    if (least := min(dose.sum(), (1 - dose).sum())) < 2:
        raise DataError(f"{int(dose.sum())} of {len(dose)} rows are exposed, so one arm has {int(least)}; two of each at least.")
    return outcome, dose == 1, x


def numbers(y: ArrayLike, exposed: ArrayLike, matrix: ArrayLike | None) -> tuple[Array, Array, Array]:
    """The same for an exposure that may be any number: outcome, exposure and covariates as complete floats of one length."""
    outcome, dose = _floats(y, "y"), _floats(exposed, "exposed")
    x = np.empty((len(outcome), 0)) if matrix is None else _floats(matrix, "matrix")
    x = x[:, None] if x.ndim == 1 else x
    if not len(outcome) == len(dose) == len(x) or outcome.ndim != 1 or dose.ndim != 1 or x.ndim != 2:
        raise ParameterError(f"One row a customer: y has shape {np.shape(outcome)}, exposed {np.shape(dose)}, matrix {np.shape(x)}.")
    for name, values in (("y", outcome), ("exposed", dose), ("matrix", x)):
        if not np.isfinite(values.sum()) and (bad := ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)).any():
            raise DataError(f"{name} is missing or infinite in {int(bad.sum())} of {len(values)} rows; drop or complete them first, "
                            "and say whom that leaves out.")
    return outcome, dose, x


def _floats(values: ArrayLike, name: str) -> Array:
    """Numbers and flags as floats, missing as NaN."""
    try:
        if isinstance(values, pd.Series | pd.DataFrame):
            return values.to_numpy(dtype=float, na_value=np.nan)
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} holds something that is not a number ({error}); code it first, covariates with crossfit.features.") from error


def not_negative(y: Array, method: str) -> None:
    """Amounts that a log mean can describe.

    Raises
    ------
    DataError
        for negative amounts, which are refunds, or for nothing but zeros.
    """
    if (below := y < 0).any():
        raise DataError(f"{int(below.sum())} of {len(y)} amounts are negative (refunds, {y[below].sum():,.0f} in all); {method} describes amounts "
                        "from 0 up. Net refunds against the purchases of the same window, or use regression() or att(learner='logit').")
    if not y.any():
        raise DataError(f"All {len(y)} amounts are 0; {method} has nothing to describe.")


def basis(matrix: Array) -> Array:
    """The covariates (N, p) as uncorrelated columns of mean 0 and variance 1 that span the same, without those that repeat others."""
    centred = matrix - matrix.mean(axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    centred = centred[:, spread > 0] / spread[spread > 0]
    if not centred.shape[1]:
        return centred
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    kept = values > REPEATED * values[-1]
    return centred @ (vectors[:, kept] / np.sqrt(values[kept]))


def units(ids: ArrayLike, cluster: ArrayLike | None) -> tuple[NDArray[np.intp], NDArray[np.intp] | None]:
    """Customers as whole numbers, and the independent units of a variance: clusters, else customers with several rows, else rows (None)."""
    customers, count = crossfit.codes_of(ids)
    if cluster is not None:
        return customers, crossfit.codes_of(cluster, what="clusters")[0]
    return customers, customers if count < len(customers) else None
