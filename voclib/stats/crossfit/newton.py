"""Penalised multinomial logistic regression by Newton's method, in blocks of rows: a million customers are never copied whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import ParameterError

Array = NDArray[np.float64]
BLOCK = 4_096  # rows whose covariates stay in the processor's cache while they are used
MAX_STEPS = 100
PERFECT = 1e-9  # loss a row below which every class is foretold with certainty


@dataclass(frozen=True)
class Logit:
    """A penalised multinomial logit: `coefficients` (1 + p, K − 1), constants first, against the last class; `hessian` of its loss.

    `hessian` ((1 + p)(K − 1))² is that of the penalised negative log-likelihood at the optimum, coefficients class by class.
    """

    coefficients: Array
    hessian: Array

    def probabilities(self, matrix: Array) -> Array:
        """Class probabilities (n, K) for rows of covariates (n, p)."""
        out = np.empty((len(matrix), self.coefficients.shape[1] + 1))
        for start in range(0, len(matrix), BLOCK):
            out[start:start + BLOCK] = _softmax(self.coefficients[0][:, None] + self.coefficients[1:].T @ matrix[start:start + BLOCK].T)[0].T
        return out


def _softmax(index: Array) -> tuple[Array, Array]:
    """Probabilities (K, n) of K − 1 log-odds (K − 1, n) against the last class, and the log of their denominator (n,)."""
    top = np.maximum(index.max(axis=0), 0.0)
    full = np.exp(np.vstack([index, np.zeros(index.shape[1])]) - top)
    total = full.sum(axis=0)
    return full / total, top + np.log(total)


def logit(matrix: Array, codes: NDArray[np.intp], *, classes: int = 2, weights: ArrayLike | None = None, ridge: float = 1.0,
          rows: NDArray[np.intp] | None = None, start: Logit | None = None) -> Logit:
    """Penalised maximum likelihood of class `codes` (N,) in 0 … classes − 1 given covariates (N, p), on `rows` only if given.

    The penalty is a normal prior with variance 1/ridge on every log-odds ratio between two classes, the constants being free; it
    does not depend on which class comes last. `weights` say how many customers a row stands for. For two classes this is
    LogisticRegression(C=1/ridge) of scikit-learn, for more its C=1/(2·ridge). `start`, a model of nearly the same rows, saves steps.

    Raises
    ------
    ParameterError
        where Newton's method does not settle (a ridge of 0 with classes that covariates separate).
    """
    rows = np.arange(len(matrix)) if rows is None else rows
    w = None if weights is None else np.asarray(weights, dtype=float)
    width, free = matrix.shape[1] + 1, classes - 1
    between = 2 * ridge * (np.eye(free) - 1 / classes)
    penalty = np.kron(between, np.diag(np.r_[0.0, np.ones(width - 1)]))
    flat = np.zeros(width * free) if start is None else start.coefficients.T.ravel()
    loss, gradient, hessian = _likelihood(flat, matrix, codes, w, rows, classes, penalty)
    for _ in range(MAX_STEPS):
        step = np.linalg.solve(hessian, gradient)
        decrement, size = float(gradient @ step), 1.0
        while True:
            tried = flat - size * step
            after = _likelihood(tried, matrix, codes, w, rows, classes, penalty)
            if after[0] <= loss + 1e-12 * abs(loss) or size < 1e-6:
                break
            size /= 2
        flat, (loss, gradient, hessian) = tried, after
        if decrement <= 1e-13 * max(abs(loss), 1.0):
            if ridge == 0 and loss <= PERFECT * len(rows):  # coefficients on their way to infinity, stopped by rounding
                break
            return Logit(flat.reshape(free, width).T.copy(), hessian)
    raise ParameterError("The logit does not converge: covariates separate the classes perfectly. Use ridge= above 0, or look for a leak.")


def _likelihood(flat: Array, matrix: Array, codes: NDArray[np.intp], w: Array | None, rows: NDArray[np.intp], classes: int, penalty: Array,
                ) -> tuple[float, Array, Array]:
    """Penalised negative log-likelihood, its gradient and Hessian; coefficients class by class."""
    width, free = matrix.shape[1] + 1, classes - 1
    coefficients = flat.reshape(free, width)
    pull = penalty @ flat
    loss, gradient, hessian = float(flat @ pull) / 2, pull.reshape(free, width).copy(), penalty.copy()
    for block in _blocks(rows):
        x = np.empty((len(block), width))
        x[:, 0], x[:, 1:] = 1.0, matrix.take(block, axis=0)
        index, c = coefficients @ x.T, codes[block]
        chance, log_total = _softmax(index)
        weight = np.ones(len(block)) if w is None else w[block]
        loss += float(weight @ log_total)
        for a in range(free):
            mine = c == a
            loss -= float(weight[mine] @ index[a, mine])
            gradient[a] += (weight * (chance[a] - mine)) @ x
            for b in range(a + 1):
                bent = x * np.sqrt(weight * chance[a] * ((1 - chance[a]) if a == b else chance[b]))[:, None]
                hessian[a * width:(a + 1) * width, b * width:(b + 1) * width] += (bent.T @ bent) * (1 if a == b else -1)
    for a in range(free):
        for b in range(a):
            hessian[b * width:(b + 1) * width, a * width:(a + 1) * width] = hessian[a * width:(a + 1) * width, b * width:(b + 1) * width].T
    return loss, gradient.ravel(), hessian


def _blocks(rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    for start in range(0, len(rows), BLOCK):
        yield rows[start:start + BLOCK]
