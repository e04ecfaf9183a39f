"""A mean that is never negative and multiplies: penalised Poisson pseudo-likelihood by Newton's method, in blocks of rows.

Only the mean has to be right, not the variance (Gourieroux, Monfort & Trognon 1984, Econometrica 52), so amounts of money serve as well as
counts. A change of the currency's unit moves the constant and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voclib.errors import DataError

Array = NDArray[np.float64]
BLOCK = 4_096  # rows whose covariates stay in the processor's cache while they are used
MAX_STEPS = 100


@dataclass(frozen=True)
class Poisson:
    """A log-linear mean: `coefficients` (1 + p,), the constant first, of amounts in units of `scale`; no mean exceeds `largest`, the largest amount.

    The cap matters for customers far from those seen, for whom an exponential runs away.
    """

    coefficients: Array
    scale: float
    largest: float

    def means(self, matrix: Array) -> Array:
        """Expected amounts (n,) for rows of covariates (n, p)."""
        index = np.minimum(self.coefficients[0] + matrix @ self.coefficients[1:], np.log(self.largest / self.scale))
        return self.scale * np.exp(index)


def poisson(matrix: Array, y: Array, *, rows: NDArray[np.intp], ridge: float = 1.0, start: Poisson | None = None) -> Poisson:
    """Penalised Poisson pseudo-likelihood of amounts `y` (N,), in units of their mean, given covariates (N, p), on `rows` only.

    Minimises Σ(μ − y·log μ) + ridge/2·Σβ², the constant free. `start`, a model of nearly the same rows, saves steps.

    Raises
    ------
    DataError
        where all amounts of the rows are 0 or the steps do not settle (covariates that separate zeros, with a ridge of 0).
    """
    scale = float(y[rows].mean())
    if scale <= 0:
        raise DataError(f"All {len(rows)} amounts that the model should learn from are 0.")
    penalty = ridge * np.r_[0.0, np.ones(matrix.shape[1])]
    beta = np.zeros(matrix.shape[1] + 1) if start is None else start.coefficients
    loss, gradient, hessian = _likelihood(beta, matrix, y, scale, rows, penalty)
    for _ in range(MAX_STEPS):
        step = np.linalg.solve(hessian, gradient)
        decrement, size = float(gradient @ step), 1.0
        while True:
            tried = beta - size * step
            after = _likelihood(tried, matrix, y, scale, rows, penalty)
            if after[0] <= loss + 1e-12 * abs(loss) or size < 1e-6:
                break
            size /= 2
        beta, (loss, gradient, hessian) = tried, after
        if decrement <= 1e-13 * max(abs(loss), 1.0):
            return Poisson(beta, scale, float(y[rows].max()))
    raise DataError("The Poisson model does not settle: covariates separate those without any amount. Use ridge= above 0.")


def _likelihood(beta: Array, matrix: Array, y: Array, scale: float, rows: NDArray[np.intp], penalty: Array) -> tuple[float, Array, Array]:
    """Penalised loss, its gradient and Hessian; a step so long that means overflow has an infinite loss and is halved."""
    pull = penalty * beta
    loss, gradient, hessian = float(beta @ pull) / 2, pull.copy(), np.diag(penalty)
    for begin in range(0, len(rows), BLOCK):
        block = rows[begin:begin + BLOCK]
        x = np.empty((len(block), len(beta)))
        x[:, 0], x[:, 1:] = 1.0, matrix.take(block, axis=0)
        index, amounts = x @ beta, y[block] / scale
        if index.max() > 500:
            return np.inf, gradient, hessian
        mean = np.exp(index)
        loss += float(mean.sum() - amounts @ index)
        gradient += (mean - amounts) @ x
        bent = x * np.sqrt(mean)[:, None]
        hessian += bent.T @ bent
    return loss, gradient, hessian
