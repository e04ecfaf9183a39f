"""What an exposure did to those exposed, cross-fitted and right if either the exposure or the outcome model is (rung C3).

The augmented estimator of the effect on the treated (Robins, Rotnitzky & Zhao 1994, JASA 89; Hahn 1998, Econometrica 66) with cross-fitted
nuisances (Chernozhukov et al. 2018, Econometrics Journal 21). It assumes that among customers with the same covariates who was exposed was
a matter of chance, and that every exposed one has comparable unexposed ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.stats import inference
from voclib.stats.effects import nuisance, rows, splitting
from voclib.stats.effects.nuisance import Learner
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Att:
    """An effect on the exposed, and what it hangs on.

    `fit`: mean of y of the exposed minus `counterfactual`, what it had been without the exposure; `relative`: that effect as a share of the
    counterfactual mean, None where this is not above 0.

    Arrays (N,), NaN outside `within`, from averages over the repeats: `propensity` of being exposed (at most the ceiling); `outcome` expected
    unexposed; `riesz` α, the weight with which a row's outcome enters the effect (1/share of the exposed, or minus the odds of exposure times
    that); `residual`, y less its expectation in the row's own arm. With `riesz_second_moment`, E α² without the bias of squaring an estimate,
    and `residual_variance`, the mean square of `residual`, they are what Chernozhukov, Cinelli, Newey, Sharma & Syrgkanis 2022 (Long story
    short: omitted variable bias in causal machine learning) need to bound the bias of a confounder that was left out.

    `auc`: how well the propensity predicts who is exposed (above .95 none is comparable). `n_exposed`; `n_effective`: Kish's number of the unexposed
    under their weights e/(1 − e); `max_weight`: the largest of these over their mean; `unsupported_share`: share of the exposed whose
    propensity lies above the ceiling, so that nobody unexposed stands in for them; `repeats`: values of the single sample splits.
    """

    fit: Fit
    counterfactual: Fit
    relative: Fit | None
    propensity: Array
    outcome: Array
    riesz: Array
    residual: Array
    residual_variance: float
    riesz_second_moment: float
    auc: float
    n_exposed: int
    n_effective: float
    max_weight: float
    unsupported_share: float
    repeats: tuple[float, ...]


@dataclass(frozen=True)
class _Split:
    """Effect, counterfactual and relative effect of one sample split, and its predictions (N,)."""

    fits: tuple[Fit, Fit, Fit | None]
    chance: Array
    expected: Array


def att(y: ArrayLike, exposed: ArrayLike, matrix: ArrayLike, *, ids: ArrayLike, seed: int, cluster: ArrayLike | None = None, k: int = 5,
        repeats: int = 5, learner: Learner = "logit", ceiling: float = 0.99, within: ArrayLike | None = None, binary: bool = False,
        fold: ArrayLike | None = None, ridge: float = 1.0) -> Att:
    """Mean effect of an exposure on those exposed, E[y(1) − y(0) | exposed], by cross-fitted augmented inverse-probability weighting.

    The effect solves mean of {D (y − m(x)) − (1 − D) e(x)/(1 − e(x)) (y − m(x)) − θ D} = 0, with e the chance of being exposed and m the
    expected outcome of the unexposed, both learned on other folds. Of `repeats` sample splits the value is the median and its variance
    counts the distance between splits. Negative is a loss.

    Parameters
    ----------
    y : (N,) outcome in printed units, complete; yuan of margin, or 0/1 with `binary`.
    exposed : (N,) 0/1. matrix : (N, p) covariates known before the exposure, as from `crossfit.features`.
    ids : (N,) customers, from which, with the seed, folds are drawn; customers with several rows count as one.
    cluster : (N,) stores or dealers; whole clusters go into a fold, and the variance is between them.
    learner : see `effects.nuisance`. For skewed money "poisson" learns a mean that multiplies: narrower where y is never negative.
    ceiling : chances above it are cut to it. within : (N,) rows of the subgroup that alone is looked at.
    fold : (N,) folds of one's own, with repeats=1. ridge : penalty of the own learners on columns of variance 1.

    Raises
    ------
    ParameterError
        for shapes that differ, an unknown learner, a ceiling outside (0.5, 1), folds that are none.
    DataError
        for missing values, an exposure other than 0/1, too few exposed or unexposed (in the subgroup), amounts a learner cannot describe.
    """
    y, d, x = rows.checked(y, exposed, matrix)
    if not 0.5 < ceiling < 1:
        raise ParameterError(f"ceiling= is the largest chance of being exposed that still has comparable others, in (0.5, 1), not {ceiling}.")
    customers, groups = rows.units(ids, cluster)
    inside = _inside(within, d)
    y, d, x, customers = y[inside], d[inside], x[inside], customers[inside]
    groups = None if groups is None else groups[inside]
    splits = nuisance.folds_of(customers, groups, clustered=cluster is not None, k=k, repeats=repeats, seed=seed,
                               fold=None if fold is None else np.asarray(fold)[inside], arm=d.astype(np.intp))
    found = [_split(y, d, x, split, groups, ceiling, {"learner": learner, "ridge": ridge, "seed": seed}, binary) for split in splits]
    return _spread(_summed(y, d, found, groups, ceiling), inside)


def _inside(within: ArrayLike | None, d: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows of the subgroup, which must hold exposed and unexposed ones."""
    inside = np.ones(len(d), dtype=bool) if within is None else np.asarray(within)
    if inside.dtype != bool or len(inside) != len(d):
        raise ParameterError(f"within= is True or False for each of {len(d)} rows; it is {inside.dtype} of {len(inside)}.")
    exposed, unexposed = int(d[inside].sum()), int((~d[inside]).sum())
    if not exposed or not unexposed:
        raise DataError(f"The subgroup has {exposed} exposed and {unexposed} unexposed customers, so its effect cannot be estimated: "
                        + ("the exposure never happened there." if not exposed else "nobody there was unexposed, so the comparison is missing."))
    return inside


def _split(y: Array, d: NDArray[np.bool_], x: Array, fold: Codes, groups: Codes | None, ceiling: float, how: dict, binary: bool) -> _Split:
    """The estimator on one sample split; `expected` (2, N) in the unexposed and the exposed arm, `chance` before the ceiling."""
    chance = nuisance.chances(x, d, fold=fold, **how)
    expected = nuisance.means(x, y, d.astype(np.intp), fold=fold, binary=binary, **how)
    share, surprise = d.mean(), y - expected[0]
    stand_in = np.where(d, 0.0, _odds(chance, ceiling)) * surprise
    gained, without = (d * surprise - stand_in) / share, (d * expected[0] + stand_in) / share
    effect, base = float(gained.mean()), float(without.mean())
    moves = [gained - effect * d / share, without - base * d / share]
    options = {"n": len(y), "cluster": groups, "method": "cross-fitted AIPW of the exposed"}
    relative = inference.fit(effect / base, (moves[0] - effect / base * moves[1]) / base, **options) if base > 0 else None
    return _Split((inference.fit(effect, moves[0], **options), inference.fit(base, moves[1], **options), relative), chance, expected)


def _odds(chance: Array, ceiling: float) -> Array:
    """Odds of exposure, the weight of an unexposed row."""
    cut = np.minimum(chance, ceiling)
    return cut / (1 - cut)


def _summed(y: Array, d: NDArray[np.bool_], splits: list[_Split], groups: Codes | None, ceiling: float) -> Att:
    """The splits as one result."""
    chance, expected = (sum(getattr(split, name) for split in splits) / len(splits) for name in ("chance", "expected"))
    odds, share, exposed = _odds(chance, ceiling), d.mean(), int(d.sum())
    residual, riesz = y - np.where(d, expected[1], expected[0]), np.where(d, 1.0, -odds) / share
    second = float((2 * d * (1 + odds) / share**2 - riesz**2).mean())
    weights = odds[~d]
    fits, worth = list(zip(*(split.fits for split in splits), strict=True)), inference.kish(weights)
    effect, base = (replace(splitting.median(part, groups), n_effective=exposed + worth) for part in fits[:2])
    return Att(fit=effect, counterfactual=base, relative=None if any(fit is None for fit in fits[2]) else splitting.median(fits[2], groups),
               propensity=np.minimum(chance, ceiling), outcome=expected[0], riesz=riesz, residual=residual,
               residual_variance=float(np.square(residual).mean()), riesz_second_moment=second, auc=_auc(chance, d),
               n_exposed=exposed, n_effective=worth, max_weight=float(weights.max() / weights.mean()),
               unsupported_share=float((chance[d] > ceiling).mean()), repeats=tuple(fit.value for fit in fits[0]))


def _auc(chance: Array, d: NDArray[np.bool_]) -> float:
    """Chance that an exposed row has the higher propensity than an unexposed one."""
    ones = int(d.sum())
    return float((stats.rankdata(chance)[d].sum() - ones * (ones + 1) / 2) / (ones * (len(d) - ones)))


def _spread(found: Att, inside: NDArray[np.bool_]) -> Att:
    """The result of a subgroup over all rows: influence 0 and arrays NaN outside it, so that it can be compared with others."""
    if inside.all():
        return found

    def placed(values: Array, empty: float) -> Array:
        out = np.full(len(inside), empty)
        out[inside] = values
        return out

    def whole(fit: Fit | None) -> Fit | None:
        return None if fit is None else replace(fit, influence=placed(fit.influence / inside.mean(), 0.0))

    arrays = {name: placed(getattr(found, name), np.nan) for name in ("propensity", "outcome", "riesz", "residual")}
    return replace(found, fit=whole(found.fit), counterfactual=whole(found.counterfactual), relative=whole(found.relative), **arrays)
