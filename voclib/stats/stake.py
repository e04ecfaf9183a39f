"""Revenue at risk: what customers are expected to bring, times their chance of leaving. A prediction, never a loss because of something.

For a customer with covariates x the stake is e(x)·m(x): the chance of leaving and the money of comparable stayers. The mean over the customers
of interest is estimated with cross-fitted models and the augmented (one-step) correction for a product of a probability and a conditional mean
(Chernozhukov et al. 2018, Econometrics Journal 21, §2; the influence function of E[e(X)m(X)] is derived as in Kennedy 2024, Semiparametric
doubly robust targeted double machine learning, §3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError
from voclib.stats import crossfit, inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
CEILING = 0.98  # a chance of leaving above this leaves nobody comparable who stayed
MIN_EACH = 30


@dataclass(frozen=True, kw_only=True)
class Stake:
    """`fit`: money at risk a customer of interest. `chance` (N,): chance of leaving; `expected` (N,): money of comparable customers who stayed."""

    fit: Fit
    chance: Array
    expected: Array


def at_risk(money: ArrayLike, left: ArrayLike, matrix: Array, *, of: ArrayLike, ids: ArrayLike, seed: int, cluster: ArrayLike | None = None,
            k: int = 5, learner: str = "logit") -> Stake:
    """Mean money at risk of the customers `of` (N, booleans), from everybody's `money` (N,) and whether they `left` (N, 0/1).

    Models are fitted on the rows where `of` holds: those who leave although nothing happened to them say little of these. The influence value of a
    row is e·m − θ + m·(L − e) + e·(1 − L)/(1 − e)·(y − m) over the share of interest, and 0 for the others.

    Raises
    ------
    ParameterError
        for arrays of different length.
    DataError
        for missing values, or fewer than 30 customers of interest who left or who stayed.
    """
    y, gone, inside = np.asarray(money, dtype=float), np.asarray(left, dtype=float), np.asarray(of, dtype=bool)
    if not len(y) == len(gone) == len(inside) == len(matrix):
        raise ParameterError(f"money, left, of and matrix need the same rows; there are {len(y)}, {len(gone)}, {len(inside)} and {len(matrix)}.")
    if not np.isfinite(y).all() or not np.isin(gone, (0, 1)).all():
        raise DataError("Money at risk needs an amount and 0 or 1 for having left, for every customer.")
    if min(counts := (int(gone[inside].sum()), int((1 - gone[inside]).sum()))) < MIN_EACH:
        raise DataError(f"Of the customers of interest {counts[0]} left and {counts[1]} stayed; at least {MIN_EACH} of each are needed.")
    fold = crossfit.folds(ids, k=k, seed=[seed, 31], cluster=cluster)
    options = {"fold": fold, "learner": learner, "seed": seed}
    chance = np.minimum(crossfit.probabilities(matrix, gone, train=inside, **options)[:, 1], CEILING)
    expected = crossfit.regression(matrix, y, train=inside & (gone == 0), **options)
    points = chance * expected + expected * (gone - chance) + chance * (1 - gone) / (1 - chance) * (y - expected)
    value, share = float(points[inside].mean()), inside.mean()
    influence = np.where(inside, points - value, 0.0) / share
    found = inference.fit(value, influence, n=int(inside.sum()), cluster=cluster, method="cross-fitted prediction")
    return Stake(fit=found, chance=chance, expected=expected)
