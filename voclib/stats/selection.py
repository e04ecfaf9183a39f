"""Outcomes seen only for a selected part: Heckman's two steps, the correct covariance, and what identifies them.

Probit of being seen, inverse Mills ratio, corrected least squares; covariance by Heckman 1979 (Econometrica 47) and Greene 1981
(Econometrica 49). Without a variable that moves selection but not the outcome only the bend of the normal curve identifies the
model, and the answer is withheld (Puhani 2000, J. Econ. Surveys 14).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import log_ndtr
from statsmodels.discrete.discrete_model import Probit

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Estimate, Text, Unit, Verdict, refusal
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
CONSTANT, MILLS = "constant", "inverse_mills"
COLLINEAR = 10.0  # variance inflation of the Mills ratio above which the two-step is known to be fragile (Leung & Yu 1996)
NO_INSTRUMENT = Text("没有任何变量只影响“是否可见”而不影响结果,校正只靠正态曲线的弯曲来识别。",
                     "No variable moves who is seen without moving the outcome, so the correction rests on the bend of the normal curve alone.")
NEEDS_INSTRUMENT = Text("至少一个影响是否被观测到、但不直接影响结果的变量,例如随机的邀请渠道或提醒次数。",
                        "At least one variable that moves who is seen but not the outcome itself, e.g. a randomised channel or number of reminders.")


@dataclass(frozen=True, kw_only=True)
class SelectionModel:
    """Both equations, in the units of the outcome.

    `names`/`values`/`covariance` are the corrected outcome equation with the constant first and the inverse Mills ratio last (its
    value is ρσ), `naive_values` least squares on the selected without it; `probit_*` the selection equation. `instruments` counts
    directions of the selection equation that are not in the outcome equation, `instrument_p` tests them; `mills_vif` is the
    variance inflation of the Mills ratio. |`rho`| above 1 can occur and says that the normal model does not fit.
    """

    names: tuple[str, ...]
    values: Array
    covariance: Array
    naive_values: Array
    naive_covariance: Array
    probit_names: tuple[str, ...]
    probit_values: Array
    probit_covariance: Array
    rho: float
    sigma: float
    n: int
    n_selected: int
    instruments: int
    instrument_p: float | None
    mills_vif: float
    mills: Array

    @property
    def std_errors(self) -> Array:
        """Standard errors of `values`."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def mills_p(self) -> float:
        """Two-sided p of no selection on what is unseen (coefficient of the Mills ratio zero)."""
        return float(2 * stats.norm.sf(abs(self.values[-1]) / self.std_errors[-1]))

    @property
    def verdict(self) -> Verdict:
        """REFUSE without an instrument; a caveat where it is weak, the Mills ratio collinear or ρ outside [−1, 1]."""
        if not self.instruments:
            return Verdict.REFUSE
        fragile = (self.instrument_p or 0.0) > 0.01 or self.mills_vif > COLLINEAR or abs(self.rho) > 1
        return Verdict.REPORT_WITH_CAVEAT if fragile else Verdict.REPORT

    def fit(self, name: str, *, naive: bool = False) -> Fit:
        """One coefficient of the outcome equation, corrected or as least squares on the selected has it."""
        known = self.names[:-1] if naive else self.names
        if name not in known:
            raise ParameterError(f"The outcome equation has no '{name}'; {nearest(name, known)}")
        at = known.index(name)
        values, covariance = (self.naive_values, self.naive_covariance) if naive else (self.values, self.covariance)
        return Fit(value=float(values[at]), std_error=float(np.sqrt(covariance[at, at])), n=self.n_selected,
                   method="least squares on the selected" if naive else "Heckman two-step")

    def estimate(self, name: str, *, unit: Unit, rung: str = "", **options: Any) -> Estimate:
        """A corrected coefficient as an Estimate; a refusal where nothing but the normal curve identifies it."""
        if self.verdict is Verdict.REFUSE:
            return refusal(name, unit=unit, rung=rung, n=self.n_selected, reason=NO_INSTRUMENT, needs=NEEDS_INSTRUMENT)
        return self.fit(name).estimate(name, unit=unit, rung=rung, **{"verdict": self.verdict, **options})


def selection_model(outcome: ArrayLike, outcome_matrix: ArrayLike, selected: ArrayLike, selection_matrix: ArrayLike, *,
                    outcome_names: Sequence[str] | None = None, selection_names: Sequence[str] | None = None) -> SelectionModel:
    """Heckman's two-step estimator.

    Parameters
    ----------
    outcome : (N,) in its own unit; read only where selected.
    outcome_matrix : (N, k) regressors of the outcome, read only where selected; the constant is added.
    selected : (N,) 0/1, whether the outcome is seen.
    selection_matrix : (N, q) regressors of being seen, complete; the constant is added. It should hold those of the outcome and
        at least one more.

    Raises
    ------
    DataError
        for missing values, nobody (un)selected, columns that repeat each other, a selection that is perfectly predicted.
    ParameterError
        for shapes or numbers of names that do not fit.
    """
    seen, z = np.asarray(selected, dtype=float), _with_constant(selection_matrix, "selection_matrix")
    y, x = np.asarray(outcome, dtype=float), _with_constant(outcome_matrix, "outcome_matrix")
    names = _names(outcome_names, x, "x"), _names(selection_names, z, "z")
    _check(y, x, seen, z)
    gamma, spread = _probit(seen, z)
    rows = seen == 1
    x, z1 = x[rows], z[rows]
    index = z1 @ gamma
    mills = np.exp(-(index**2) / 2 - log_ndtr(index)) / np.sqrt(2 * np.pi)
    instruments, p = _instruments(x, z1, gamma, spread)
    rest = mills - x @ np.linalg.lstsq(x, mills, rcond=None)[0]
    inflation = float(((mills - mills.mean()) ** 2).sum() / max(rest @ rest, 1e-300))
    return SelectionModel(names=(*names[0], MILLS), probit_names=names[1], probit_values=gamma, probit_covariance=spread, n=len(seen),
                          n_selected=len(x), instruments=instruments, instrument_p=p, mills_vif=inflation, mills=mills,
                          **_two_step(y[rows], x, z1, mills, index, spread))


def _with_constant(matrix: ArrayLike, name: str) -> Array:
    x = np.asarray(matrix, dtype=float)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2:
        raise ParameterError(f"{name} has rows and columns, not {x.ndim} dimensions.")
    return np.column_stack([np.ones(len(x)), x])


def _names(given: Sequence[str] | None, x: Array, letter: str) -> tuple[str, ...]:
    found = tuple(f"{letter}{i}" for i in range(1, x.shape[1])) if given is None else tuple(given)
    if len(found) != x.shape[1] - 1:
        raise ParameterError(f"{len(found)} names were given for {x.shape[1] - 1} columns: {', '.join(found)}.")
    return (CONSTANT, *found)


def _check(y: Array, x: Array, seen: Array, z: Array) -> None:
    """Complain about what the two steps cannot use."""
    if not len(y) == len(x) == len(seen) == len(z):
        raise ParameterError(f"All four need the same rows; there are {len(y)}, {len(x)}, {len(seen)} and {len(z)}.")
    if not np.isin(seen, (0, 1)).all():
        raise DataError("selected is 0 or 1 in every row.")
    rows = seen == 1
    if rows.sum() <= x.shape[1] + 1 or not (~rows).any():
        raise DataError(f"{int(rows.sum())} of {len(seen)} rows are selected; both steps need some that are and some that are not.")
    for name, part in (("outcome", y[rows, None]), ("outcome_matrix", x[rows]), ("selection_matrix", z)):
        if bad := int((~np.isfinite(part)).any(axis=1).sum()):
            raise DataError(f"{name} is missing in {bad} rows where it is needed.")
    for name, part in (("outcome_matrix", x[rows]), ("selection_matrix", z)):
        if _rank(part) < part.shape[1]:
            raise DataError(f"The columns of {name} repeat each other (or the constant); leave one level of every factor out.")


def _rank(x: Array) -> int:
    """Rank that does not depend on the columns' units."""
    return int(np.linalg.matrix_rank(x / np.linalg.norm(x, axis=0).clip(min=1e-300), tol=1e-9))


def _probit(seen: Array, z: Array) -> tuple[Array, Array]:
    """Coefficients and covariance of the selection equation."""
    basis, back = np.linalg.qr(z)
    scale = np.sqrt(len(z))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of is refused below, in words
        found = Probit(seen, basis * scale).fit(disp=0, tol=1e-12, maxiter=100)
    index = basis @ found.params * scale
    if not found.mle_retvals["converged"] or not np.isfinite(index).all() or np.abs(index).max() > 8:
        raise DataError("The selection is (almost) perfectly predicted by selection_matrix, so there is nothing to correct with.")
    undo = np.linalg.inv(back) * scale
    return undo @ found.params, undo @ np.asarray(found.cov_params()) @ undo.T


def _two_step(y: Array, x: Array, z: Array, mills: Array, index: Array, spread: Array) -> dict[str, Any]:
    """The outcome equation of the selected with its covariance (Greene 1981, eq. 9)."""
    w = np.column_stack([x, mills])
    inverse = np.linalg.inv(w.T @ w)
    beta = inverse @ (w.T @ y)
    residual = y - w @ beta
    delta = mills * (mills + index)
    sigma = float(np.sqrt(residual @ residual / len(y) + beta[-1] ** 2 * delta.mean()))
    rho = float(beta[-1] / sigma)
    cross = (w * delta[:, None]).T @ z
    middle = (w * (1 - rho**2 * delta)[:, None]).T @ w + rho**2 * cross @ spread @ cross.T
    plain = np.linalg.inv(x.T @ x)
    naive = plain @ (x.T @ y)
    error = y - x @ naive
    return {"values": beta, "covariance": sigma**2 * inverse @ middle @ inverse, "rho": rho, "sigma": sigma, "naive_values": naive,
            "naive_covariance": plain * (error @ error) / (len(y) - x.shape[1])}


def _instruments(x: Array, z: Array, gamma: Array, spread: Array) -> tuple[int, float | None]:
    """How many directions of the selection equation the outcome equation lacks, and the Wald test that they move nothing.

    The index z·γ leaves span(x) only through them: with columns of z chosen greedily beyond x, the test is on their coefficients.
    """
    held, columns = x, []
    for j in range(z.shape[1]):
        wider = np.column_stack([held, z[:, j]])
        if _rank(wider) > held.shape[1]:
            held, columns = wider, [*columns, j]
    if not columns:
        return 0, None
    part = gamma[columns]
    return len(columns), float(stats.chi2.sf(part @ np.linalg.solve(spread[np.ix_(columns, columns)], part), len(columns)))
