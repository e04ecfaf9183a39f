"""Out-of-fold class probabilities and means, by penalised logit or boosting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import ParameterError, nearest
from voclib.stats.crossfit.newton import logit

Array = NDArray[np.float64]
LEARNERS = ("logit", "boosting")
PRIOR = 1.0  # customers of the overall rate that every step of a calibration curve is mixed with: enough to keep it off 0 and 1


def probabilities(matrix: Array, target: ArrayLike, *, fold: NDArray[np.intp], train: ArrayLike | None = None, weights: ArrayLike | None = None,
                  learner: str = "logit", calibrated: bool = True, levels: Sequence[Any] | None = None, ridge: float = 1.0, seed: int = 0) -> Array:
    """Out-of-fold class probabilities (N, K) for all N rows, from models that saw the rows of the other folds where `train` holds.

    `target` (N,) may be NaN where `train` does not hold (by default where it is NaN); K classes are `levels`, else the sorted values
    seen. A class that a training fold lacks has probability 0 there. `learner` "logit" is `logit`; "boosting" is
    HistGradientBoostingClassifier, with isotonic calibration (Zadrozny & Elkan 2002) on predictions cross-fitted inside the training
    folds unless `calibrated` is False.

    Raises
    ------
    ParameterError
        for an unknown learner, a target outside `levels`, fewer than 2 classes of at least 5 rows in a training fold.
    """
    if learner not in LEARNERS:
        raise ParameterError(f"There is no learner '{learner}'; {nearest(learner, LEARNERS)}")
    matrix, fold, train = _checked(matrix, target, fold, train)
    codes, count = _classes(np.asarray(target), train, levels)
    w = None if weights is None else np.asarray(weights, dtype=float)
    out, model, before = np.zeros((len(matrix), count)), None, None
    for own in np.unique(fold):
        rows, held = np.flatnonzero(train & (fold != own)), np.flatnonzero(fold == own)
        present = _present(codes[rows], count, own)
        local = np.searchsorted(present, codes)
        if learner == "logit":
            near = model if np.array_equal(before, present) else None
            model, before = logit(matrix, local, classes=len(present), weights=w, ridge=ridge, rows=rows, start=near), present
            out[np.ix_(held, present)] = model.probabilities(matrix[held])
        else:
            out[np.ix_(held, present)] = _boosted(matrix, local, rows, held, fold, w, len(present), calibrated, seed)
    return out


def regression(matrix: Array, y: ArrayLike, *, fold: NDArray[np.intp], train: ArrayLike | None = None, weights: ArrayLike | None = None,
               learner: str = "logit", ridge: float = 1.0, seed: int = 0) -> Array:
    """Out-of-fold means (N,) of a continuous `y` for all rows, as `probabilities` gives those of classes.

    `learner` "logit" stands for its linear sibling, ridge regression on `y` in its own standard deviations; "boosting" for
    HistGradientBoostingRegressor.

    Raises
    ------
    ParameterError
        for an unknown learner or fewer than 10 training rows in a fold.
    """
    if learner not in LEARNERS:
        raise ParameterError(f"There is no learner '{learner}'; {nearest(learner, LEARNERS)}")
    matrix, fold, train = _checked(matrix, y, fold, train)
    values, w = np.asarray(y, dtype=float), np.ones(len(matrix)) if weights is None else np.asarray(weights, dtype=float)
    out = np.empty(len(matrix))
    for own in np.unique(fold):
        rows, held = np.flatnonzero(train & (fold != own)), np.flatnonzero(fold == own)
        if len(rows) < 10:
            raise ParameterError(f"Outside fold {own} there are {len(rows)} rows with a value; 10 at least. Use fewer folds.")
        if learner == "logit":
            coefficients = _ridge(matrix[rows], values[rows], w[rows], ridge)
            out[held] = coefficients[0] + matrix[held] @ coefficients[1:]
        else:
            rows = rows[_by_content(matrix, values, w, rows)]
            given = None if weights is None else w[rows]  # weights of 1 would cost the booster five times as much
            out[held] = _booster("HistGradientBoostingRegressor", seed).fit(matrix[rows], values[rows], sample_weight=given).predict(matrix[held])
    return out


def _checked(matrix: Array, target: ArrayLike, fold: ArrayLike, train: ArrayLike | None) -> tuple[Array, NDArray[np.intp], NDArray[np.bool_]]:
    """Arguments of one length; rows to train on have a target."""
    matrix, fold = np.asarray(matrix, dtype=float), np.asarray(fold)
    known = ~pd.isna(np.asarray(target))
    train = known if train is None else np.asarray(train, dtype=bool)
    if not len(matrix) == len(known) == len(fold) == len(train) or matrix.ndim != 2:
        raise ParameterError(f"One row a customer: matrix {matrix.shape}, target {len(known)}, fold {len(fold)}, train {len(train)}.")
    if (train & ~known).any():
        raise ParameterError(f"{int((train & ~known).sum())} rows to train on have no target; leave them out of train=.")
    return matrix, fold, train


def _classes(target: NDArray[Any], train: NDArray[np.bool_], levels: Sequence[Any] | None) -> tuple[NDArray[np.intp], int]:
    """Class number of every row (0 where it is not trained on) and how many classes there are."""
    known = np.unique(target[train]) if levels is None else np.sort(np.asarray(levels))
    place = np.searchsorted(known, target[train])
    strange = known[np.minimum(place, len(known) - 1)] != target[train] if len(known) else np.zeros(0, dtype=bool)
    if strange.any():
        raise ParameterError(f"The value {target[train][strange][0]} is none of the levels {list(known)}; name every level, or correct it.")
    codes = np.zeros(len(target), dtype=np.intp)
    codes[train] = place
    return codes, len(known)


def _present(codes: NDArray[np.intp], count: int, own: int) -> NDArray[np.intp]:
    """The classes among training rows, of which two must be common enough."""
    size = np.bincount(codes, minlength=count)
    if (size >= 5).sum() < 2:
        raise ParameterError(f"Outside fold {own} the classes have {size.tolist()} rows; two classes of at least 5 are needed. "
                             "Gather more answers, pool classes, or use fewer folds.")
    return np.flatnonzero(size)


def _ridge(x: Array, y: Array, w: Array, ridge: float) -> Array:
    """Weighted ridge coefficients, the constant first and free; the penalty is relative to the variance of `y`."""
    total, middle = w.sum(), (w @ x) / w.sum()
    mean = float(w @ y / total)
    deviation = x - middle
    gram = deviation.T @ (deviation * w[:, None]) + ridge * np.eye(x.shape[1])
    slopes = np.linalg.solve(gram, deviation.T @ (w * (y - mean)))
    return np.r_[mean - middle @ slopes, slopes]


def _booster(kind: str, seed: int) -> Any:
    from sklearn import ensemble

    return getattr(ensemble, kind)(max_iter=60, max_leaf_nodes=8, l2_regularization=1.0, early_stopping=False, random_state=seed)


def _by_content(matrix: Array, target: NDArray[Any], w: Array, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """An order of rows that depends on what they hold, so that sums in single precision are the same in every row order."""
    return np.lexsort((*matrix[rows].T, w[rows], target[rows]))


def _boosted(matrix: Array, codes: NDArray[np.intp], rows: NDArray[np.intp], held: NDArray[np.intp], fold: NDArray[np.intp], weights: Array | None,
             classes: int, calibrated: bool, seed: int) -> Array:
    """Boosted class probabilities (held, classes), calibrated on what models of the other training folds say of each training fold."""
    w = np.ones(len(matrix)) if weights is None else weights
    rows = rows[_by_content(matrix, codes, w, rows)]

    def predicted(use: NDArray[np.intp], at: NDArray[np.intp]) -> Array:
        model = _booster("HistGradientBoostingClassifier", seed).fit(matrix[use], codes[use], sample_weight=None if weights is None else w[use])
        found = np.zeros((len(at), classes))
        found[:, model.classes_] = model.predict_proba(matrix[at])
        return found

    raw = predicted(rows, held)
    inner = np.unique(fold[rows])
    if not calibrated or len(inner) < 2:
        return raw
    seen = np.empty((len(rows), classes))
    for own in inner:
        mine = fold[rows] == own
        seen[mine] = predicted(rows[~mine], rows[mine])
    for c in range(classes):
        raw[:, c] = _calibrated(seen[:, c], codes[rows] == c, w[rows], raw[:, c])
    return raw / raw.sum(axis=1, keepdims=True)


def _calibrated(seen: Array, hit: NDArray[np.bool_], w: Array, raw: Array) -> Array:
    """Isotonic curve of `hit` on `seen`, at `raw`; each step is drawn to the overall rate by `PRIOR` rows."""
    from sklearn.isotonic import IsotonicRegression

    level = IsotonicRegression().fit(seen, hit, sample_weight=w).predict(seen)
    steps, place = np.unique(level, return_inverse=True)
    size, rate = np.bincount(place, w), float(w @ hit / w.sum())
    drawn, order = (size * steps + PRIOR * rate) / (size + PRIOR), np.argsort(seen, kind="stable")
    return np.interp(raw, seen[order], drawn[place][order])
