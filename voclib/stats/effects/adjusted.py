"""An exposure's coefficient without and with covariates held equal: the difference of means (rung C0) and least squares (rung C1)."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError
from voclib.stats import crossfit, inference
from voclib.stats.effects import rows
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
TOLD = 1e-9  # share of an exposure's variance left by the covariates, below which they tell it completely
COLLINEAR = 1e-4  # sum of squares below which a covariate of variance 1 is told by fixed effects and other covariates


def difference(y: ArrayLike, exposed: ArrayLike, *, cluster: ArrayLike | None = None) -> Fit:
    """Mean of the exposed minus mean of the others, as they are: what a slide shows, with Welch's error. No effect unless exposure was random.

    `y` (N,) printed units, `exposed` (N,) 0/1; errors as those of `rows.checked`.
    """
    y, d, _ = rows.checked(y, exposed)
    n = len(y)
    means = [float(y[d == arm].mean()) for arm in (False, True)]
    sizes = np.array([n - d.sum(), d.sum()], dtype=float)
    small = np.sqrt((n - 1) / n * sizes / (sizes - 1))
    influence = np.where(d, small[1] * n / sizes[1] * (y - means[1]), -small[0] * n / sizes[0] * (y - means[0]))
    return inference.fit(means[1] - means[0], influence, n=n, cluster=cluster, method="difference of means")


def regression(y: ArrayLike, exposed: ArrayLike, matrix: ArrayLike | None = None, *, fixed: ArrayLike | None = None,
               cluster: ArrayLike | None = None) -> Fit:
    """Coefficient of an exposure in least squares on covariates and absorbed fixed effects, robust to unequal variances.

    By Frisch, Waugh and Lovell it is Σ D̃ỹ/Σ D̃², with y and exposure freed of the rest; the influence of a row is N D̃(ỹ − θD̃)/Σ D̃² with
    the factor √((N − 1)/(N − K)), which makes the error HC1's (MacKinnon & White 1985, J. Econometrics 29) or, with equal clusters, CRV1's.

    Parameters
    ----------
    y : (N,) printed units. exposed : (N,) 0/1, or any number, then per unit of it.
    matrix : (N, p) covariates; columns that repeat each other do no harm. fixed : (N,) or (N, q) identifiers, such as store and month.

    Raises
    ------
    ParameterError
        for shapes that differ.
    DataError
        for missing values, fewer rows than coefficients, an exposure that the covariates or fixed effects tell completely, one row so large
        that fixed effects cannot be taken out.
    """
    y, d, x = rows.numbers(y, exposed, matrix)
    codes = identifiers(fixed, len(y))
    x = rows.basis(x)
    left, used = partialled(np.column_stack([y, d]), x, codes, nested_in=cluster)
    own = determined(left[:, 1], d)
    if len(y) <= used + 1:
        raise DataError(f"{len(y)} rows do not determine {used + 1} coefficients; use fewer covariates or fixed effects.")
    slope = float(own @ left[:, 0] / (own @ own))
    factor = np.sqrt((len(y) - 1) / (len(y) - used - 1))
    influence = factor * len(y) * own * (left[:, 0] - slope * own) / (own @ own)
    return inference.fit(slope, influence, n=len(y), cluster=cluster, method="least squares")


def identifiers(fixed: ArrayLike | None, n: int) -> Codes:
    """Fixed effects as whole numbers (N, q); q = 0 without any."""
    if fixed is None:
        return np.empty((n, 0), dtype=np.intp)
    columns = fixed if isinstance(fixed, pd.DataFrame) else pd.DataFrame(np.asarray(fixed))
    if len(columns) != n:
        raise ParameterError(f"fixed= names a level for each of {n} rows; it has {len(columns)}.")
    return np.column_stack([crossfit.codes_of(columns[name], what="levels of a fixed effect")[0] for name in columns])


def determined(left: Array, exposure: Array) -> Array:
    """What is left of the exposure, if anything is."""
    if left @ left <= TOLD * max(((exposure - exposure.mean()) ** 2).sum(), 1e-300):
        raise DataError("The covariates and fixed effects determine the exposure completely (or nobody differs in it), so nothing is left to "
                        "compare. Leave out what was recorded because of the exposure, or a fixed effect within which it never differs.")
    return left


def partialled(targets: Array, controls: Array, fixed: Codes, *, weights: Array | None = None, nested_in: ArrayLike | None = None,
               ) -> tuple[Array, int]:
    """Residuals (N, m) of (weighted) least squares on a constant, controls as from `rows.basis` and fixed effects, and the coefficients spent.

    A fixed effect nested in the clusters of a variance counts as one coefficient, as panel packages have it.
    """
    if fixed.shape[1]:
        left, kept = _absorbed(targets, controls, fixed, weights)
        return left, kept + _levels(fixed, nested_in)
    design = np.column_stack([np.ones(len(controls)), controls])
    weighed = design if weights is None else design * weights[:, None]
    return targets - design @ np.linalg.lstsq(weighed.T @ design, weighed.T @ targets, rcond=1e-14)[0], design.shape[1]


def _absorbed(targets: Array, controls: Array, fixed: Codes, weights: Array | None) -> tuple[Array, int]:
    """Residuals by pyfixest, which takes fixed effects out by turns, and how many controls these leave."""
    import pyfixest

    names = {"t": targets, "x": controls, "f": fixed}
    frame = pd.DataFrame({f"{name}{j}": part[:, j] for name, part in names.items() for j in range(part.shape[1])})
    if weights is not None:
        frame["w"] = weights
    left, right, absorbed = (" + ".join(c for c in frame.columns if c[0] == name) for name in "txf")
    try:
        with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):  # of its own tests, for a target without a rest
            warnings.filterwarnings("ignore", message=r"(?s).*(dropped due to multicollinearity|Empty variance-covariance)")
            found = pyfixest.feols(f"{left} ~ {right or '1'} | {absorbed}", frame, vcov="iid", fixef_rm="none", copy_data=False, store_data=False,
                                   demeaner=pyfixest.MapDemeaner(fixef_tol=1e-10), collin_tol=COLLINEAR, weights=None if weights is None else "w")
            models = found.to_list() if targets.shape[1] > 1 else [found]
            return np.column_stack([np.asarray(m.resid(), dtype=float) for m in models]), len(models[0].coef())
    except ValueError as error:
        if "Demeaning failed" in str(error):
            raise DataError(_unequal(targets)) from error
        if "All variables are collinear" not in str(error):
            raise
        return _absorbed(targets, controls[:, :0], fixed, weights)  # the fixed effects tell all of them


def _unequal(targets: Array) -> str:
    """Why taking turns comes to no end: beside one enormous amount the others are less than what rounding leaves of it."""
    squares = (targets - targets.mean(axis=0)) ** 2
    share = float((squares.max(axis=0) / np.maximum(squares.sum(axis=0), 1e-300)).max())
    return (f"The fixed effects cannot be taken out: one of {len(targets):,} rows holds {share:.1%} of the spread. "
            "Check the largest amounts; a slip of the decimal point makes such a row.")


def _levels(fixed: Codes, nested_in: ArrayLike | None) -> int:
    """Parameters of the fixed effects: all levels, less one for every effect but the first."""
    sizes = fixed.max(axis=0) + 1
    if nested_in is None or not len(sizes):
        return int(sizes.sum()) - max(len(sizes) - 1, 0)
    home, count = inference.encode(nested_in)
    nested = [len(np.unique(fixed[:, j] * np.int64(count) + home)) == sizes[j] for j in range(len(sizes))]
    return int(sizes[~np.array(nested)].sum()) - max(len(sizes) - 1 - sum(nested), 0) + (1 if all(nested) else 0)
