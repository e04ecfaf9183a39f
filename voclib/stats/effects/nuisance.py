"""What an effect's estimate learns from other folds: chances of being exposed, and expected outcomes in each arm.

`learner` is "logit" (logistic chances, linear means by ridge regression), "poisson" (logistic chances, means that multiply and are never
negative), "boosting" (gradient-boosted trees for both), or a pair (classifier, regressor) of objects with scikit-learn's fit and predict.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.stats import crossfit
from voclib.stats.effects import poisson, rows

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
LEARNERS = ("logit", "poisson", "boosting")
LEAST = 10  # rows of an arm outside every fold, below which no model of it is worth its name
Learner = str | tuple[Any, Any]


def folds_of(customers: Codes, groups: Codes | None, *, clustered: bool, k: int, repeats: int, seed: int, fold: Any, arm: Codes) -> list[Codes]:
    """One fold number a row (N,) for every repeat: drawn from customers and seed, or the one given.

    Raises
    ------
    ParameterError
        for a given fold of the wrong length or with fewer than 2 numbers, and for fewer than 1 repeat.
    DataError
        where an arm has too few rows outside a fold.
    """
    if fold is not None:
        given = crossfit.codes_of(fold, what="folds")[0]
        if len(given) != len(customers) or given.max() < 1 or repeats != 1:
            raise ParameterError(f"fold= is one of at least two numbers for each of {len(customers)} rows, for repeats=1 alone; there are "
                                 f"{len(given)} of {given.max() + 1} and repeats={repeats}.")
        splits = [given]
    elif repeats < 1:
        raise ParameterError(f"repeats= counts sample splits, at least 1, not {repeats}.")
    else:
        splits = [crossfit.folds(customers, k=k, seed=[seed, r], cluster=groups if clustered else None) for r in range(repeats)]
    for split in splits:
        size = np.bincount(split * (arm.max() + 1) + arm).reshape(-1, arm.max() + 1)
        if (outside := (size.sum(axis=0) - size).min()) < LEAST:
            raise DataError(f"The arms have {size.sum(axis=0).tolist()} rows, and outside one fold only {outside} of one of them; {LEAST} at least. "
                            "Gather more, use fewer folds (k=), or a wider group.")
    return splits


def chances(matrix: Array, exposed: NDArray[np.bool_], *, fold: Codes, learner: Learner, ridge: float, seed: int) -> Array:
    """Out-of-fold chances (N,) of being exposed; ParameterError for trees or foreign learners without a covariate to learn from."""
    if not matrix.shape[1] and learner not in ("logit", "poisson"):
        raise ParameterError("Without covariates only the learners 'logit' and 'poisson' work, and give the difference of means: use difference().")
    if isinstance(learner, tuple):
        return _foreign(learner[0], matrix, exposed.astype(float), np.ones(len(exposed), dtype=bool), fold)
    kind = "boosting" if _known(learner) == "boosting" else "logit"
    return crossfit.probabilities(matrix, exposed, fold=fold, learner=kind, ridge=ridge, seed=seed)[:, 1]


def means(matrix: Array, y: Array, arm: Codes, *, fold: Codes, learner: Learner, binary: bool, ridge: float, seed: int) -> Array:
    """Out-of-fold expected outcomes (A, N) of all rows, had they been in each arm; row a from the rows of the other folds in arm a."""
    arms = range(int(arm.max()) + 1)
    if isinstance(learner, tuple):
        return np.stack([_foreign(learner[1], matrix, y, arm == a, fold) for a in arms])
    _known(learner)
    if binary:
        if not np.isin(y, (0, 1)).all():
            raise DataError("binary= is for outcomes of 0 and 1; here are also others. Leave it out for amounts.")
        kind = {"fold": fold, "learner": "boosting" if learner == "boosting" else "logit", "ridge": ridge, "seed": seed, "levels": (0, 1)}
        return np.stack([crossfit.probabilities(matrix, y, train=arm == a, **kind)[:, 1] for a in arms])
    if learner == "logit":
        return _linear(matrix, y, arm, fold, ridge)
    if learner == "poisson":
        rows.not_negative(y, "the learner 'poisson'")
        return np.stack([_multiplied(matrix, y, arm == a, fold, ridge) for a in arms])
    return np.stack([crossfit.regression(matrix, y, fold=fold, train=arm == a, learner="boosting", seed=seed) for a in arms])


def _known(learner: str) -> str:
    if learner not in LEARNERS:
        raise ParameterError(f"There is no learner '{learner}'; {nearest(str(learner), LEARNERS)} A pair (classifier, regressor) is also one.")
    return learner


def _foreign(model: Any, matrix: Array, target: Array, train: NDArray[np.bool_], fold: Codes) -> Array:
    """Out-of-fold predictions of a fresh copy of `model`: of class 1 where it has predict_proba."""
    from sklearn.base import clone

    out = np.empty(len(target))
    for own in range(int(fold.max()) + 1):
        seen, held = np.flatnonzero(train & (fold != own)), np.flatnonzero(fold == own)
        fitted = clone(model).fit(matrix[seen], target[seen])
        out[held] = fitted.predict_proba(matrix[held])[:, 1] if hasattr(fitted, "predict_proba") else fitted.predict(matrix[held])
    return out


def _multiplied(matrix: Array, y: Array, train: NDArray[np.bool_], fold: Codes, ridge: float) -> Array:
    out, model = np.empty(len(y)), None
    for own in range(int(fold.max()) + 1):
        model, held = poisson.poisson(matrix, y, rows=np.flatnonzero(train & (fold != own)), ridge=ridge, start=model), np.flatnonzero(fold == own)
        out[held] = model.means(matrix[held])
    return out


def _linear(matrix: Array, y: Array, arm: Codes, fold: Codes, ridge: float) -> Array:
    """Ridge regressions of every arm and fold from one pass over the rows: sums of squares of all folds less those of one.

    The penalty is in variances of `y`, as that of `crossfit.regression`, whose numbers these are.
    """
    arms, width = int(arm.max()) + 1, matrix.shape[1]
    centre, middle, cell = matrix.mean(axis=0), float(y.mean()), fold * arms + arm
    squares = np.zeros((int(fold.max()) + 1, arms, width + 2, width + 2))
    for block in (slice(at, at + poisson.BLOCK) for at in range(0, len(y), poisson.BLOCK)):
        filled = np.column_stack([np.ones(len(y[block])), matrix[block] - centre, y[block] - middle])
        for c in np.unique(cell[block]):
            mine = filled[cell[block] == c]
            squares[c // arms, c % arms] += mine.T @ mine
    out = np.empty((arms, len(y)))
    for own in range(len(squares)):
        held = np.flatnonzero(fold == own)
        mean, slopes = _ridge(squares.sum(axis=0) - squares[own], ridge)
        out[:, held] = (middle + mean[:, -1] - ((centre + mean[:, :-1]) * slopes).sum(axis=1))[:, None] + slopes @ matrix[held].T
    return out


def _ridge(squares: Array, ridge: float) -> tuple[Array, Array]:
    """Means (A, p + 1) of covariates and outcome, and slopes (A, p), from sums of squares (A, 2 + p, 2 + p) of constant, covariates, outcome."""
    size = squares[:, 0, 0]
    mean = squares[:, 0, 1:] / size[:, None]
    spread = squares[:, 1:, 1:] - size[:, None, None] * mean[:, :, None] * mean[:, None, :]
    penalty = ridge * np.eye(spread.shape[1] - 1)
    return mean, np.linalg.solve(spread[:, :-1, :-1] + penalty, spread[:, :-1, -1:])[:, :, 0]
