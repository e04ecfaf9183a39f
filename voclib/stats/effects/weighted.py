"""What a treatment nobody randomised did on average, by inverse-probability weights: propensity, stabilised weights, difference.

Source: Hernán & Robins 2020, Causal Inference: What If, ch. 12; stacked variance: Lunceford & Davidian 2004, Stat. Med. 23.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError
from voclib.results import Estimate
from voclib.stats import crossfit, inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
SEPARATED = 1e-7  # fitted variance below which a unit counts as separated


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A weighted difference treated − untreated (`fit`) beside the crude one, with what the weights rest on.

    `weights` (N,) are stabilised, mean about 1; `n_effective` is Kish's number in the untreated and the treated arm; `imbalance`
    is the largest standardised difference of a column before and after weighting.
    """

    fit: Fit
    crude: Fit
    propensity: Array
    weights: Array
    n_effective: tuple[float, float]
    imbalance: tuple[float, float]

    def estimate(self, estimand: str, **options: Any) -> Estimate:
        """The weighted difference as an Estimate; options as `Fit.estimate`."""
        return self.fit.estimate(estimand, **options)


def ipw_effect(outcome: ArrayLike, treated: ArrayLike, matrix: ArrayLike, *, variance: Literal["robust", "stacked"] = "robust",
               cluster: ArrayLike | None = None) -> Effect:
    """Average effect of a treatment by stabilised inverse-probability weighting with a logistic propensity.

    "robust" is the sandwich variance that takes the weights as known, without small-sample factor (HC0): what the textbook prints,
    usually too wide. "stacked" also counts that the propensity was estimated. With `cluster` either is CR2.

    Parameters
    ----------
    outcome : (N,) printed units, complete.
    treated : (N,) 0/1.
    matrix : (N, k) covariates known before the treatment, factors as indicator columns without their reference; the constant is added.

    Raises
    ------
    DataError
        for missing values, an arm of fewer than two, columns that repeat each other, a treatment the covariates separate perfectly.
    ParameterError
        for an unknown variance or shapes that differ.
    """
    if variance not in ("robust", "stacked"):
        raise ParameterError(f"variance is 'robust' or 'stacked', not {variance!r}.")
    y, t, x = _checked(outcome, treated, matrix)
    chance = _propensity(x, t)
    raw = np.where(t == 1, 1 / chance, 1 / (1 - chance))
    means = [float(np.average(y[t == arm], weights=raw[t == arm])) for arm in (0, 1)]
    psi = sum(s * np.where(t == arm, raw * (y - means[arm]), 0.0) / (raw * (t == arm)).mean() for s, arm in ((-1, 0), (1, 1)))
    if variance == "stacked":
        psi = psi + _learned(x, t, y, chance, raw, means)
    sizes = (inference.kish(raw[t == 0]), inference.kish(raw[t == 1]))
    found = inference.fit(means[1] - means[0], psi, n=len(y), cluster=cluster, method=f"IPW, {variance} variance", n_effective=sum(sizes))
    if variance == "robust" and cluster is None:
        found = replace(found, std_error=float(np.sqrt(psi @ psi) / len(y)))
    stabilised = raw * np.where(t == 1, t.mean(), 1 - t.mean())
    return Effect(fit=found, crude=_crude(y, t, cluster), propensity=chance, weights=stabilised, n_effective=sizes,
                  imbalance=(_imbalance(x, t, np.ones(len(y))), _imbalance(x, t, raw)))


def _checked(outcome: ArrayLike, treated: ArrayLike, matrix: ArrayLike) -> tuple[Array, Array, Array]:
    """Outcome, treatment and covariates with the constant in front."""
    y, t, x = (np.asarray(a, dtype=float) for a in (outcome, treated, matrix))
    x = x[:, None] if x.ndim == 1 else x
    if not len(y) == len(t) == len(x):
        raise ParameterError(f"outcome, treated and matrix need the same rows; there are {len(y)}, {len(t)} and {len(x)}.")
    for name, bad in (("outcome", ~np.isfinite(y)), ("treated", ~np.isfinite(t)), ("matrix", ~np.isfinite(x).all(axis=1))):
        if bad.any():
            raise DataError(f"{name} is missing in {int(bad.sum())} of {len(y)} rows; drop them, or weight for who is missing first.")
    if not np.isin(t, (0, 1)).all() or min(t.sum(), (1 - t).sum()) < 2:
        raise DataError("treated is 0 or 1, with at least two rows of each.")
    x = np.column_stack([np.ones(len(y)), x])
    if np.linalg.matrix_rank(x / np.abs(x).max(axis=0).clip(min=1e-300)) < x.shape[1]:
        raise DataError(f"The {x.shape[1] - 1} columns repeat each other (or the constant); leave one level of every factor out.")
    return y, t, x


def _propensity(x: Array, t: Array) -> Array:
    """Fitted probabilities of a logistic regression, on orthonormal columns so that their scale plays no part."""
    basis = (np.linalg.qr(x)[0] * np.sqrt(len(t)))[:, 1:]
    try:
        chance = crossfit.logit(basis, (t == 0).astype(np.intp), ridge=0.0).probabilities(basis)[:, 0]
    except (ParameterError, np.linalg.LinAlgError):
        chance = np.zeros(len(t))
    if (chance * (1 - chance)).min() < SEPARATED:
        raise DataError("The covariates separate treated from untreated (almost) perfectly: some have nobody to compare with, so no weight exists.")
    return chance


def _learned(x: Array, t: Array, y: Array, chance: Array, raw: Array, means: list[float]) -> Array:
    """What estimating the propensity adds to the influence values."""
    score = x * (t - chance)[:, None]
    information = (x * (chance * (1 - chance))[:, None]).T @ x / len(y)
    treated, untreated = raw * t, raw * (1 - t)
    slope = (-(treated * (1 - chance) * (y - means[1])) / treated.mean() - untreated * chance * (y - means[0]) / untreated.mean()) @ x / len(y)
    return score @ np.linalg.solve(information, slope)


def _crude(y: Array, t: Array, cluster: ArrayLike | None) -> Fit:
    """Difference of the plain means of the two arms."""
    means = [float(y[t == arm].mean()) for arm in (0, 1)]
    psi = np.where(t == 1, (y - means[1]) / t.mean(), -(y - means[0]) / (1 - t.mean()))
    return inference.fit(means[1] - means[0], psi, n=len(y), cluster=cluster, method="difference of means")


def _imbalance(x: Array, t: Array, w: Array) -> float:
    """Largest difference of a column's means between the arms, in its standard deviations (pooled, unweighted)."""
    columns = x[:, 1:]
    if not columns.shape[1]:
        return 0.0
    gap = [np.average(columns[t == arm], axis=0, weights=w[t == arm]) for arm in (0, 1)]
    spread = np.sqrt((columns[t == 0].var(axis=0) + columns[t == 1].var(axis=0)) / 2)
    return float(np.max(np.abs(gap[1] - gap[0]) / np.where(spread > 0, spread, 1.0)))
