"""What all customers would say if answering depends only on what is known of them: weighting by response chances, and AIPW.

Inverse-probability weights with the variance of estimated probabilities (stacked estimating equations: Lunceford & Davidian 2004,
Statistics in Medicine 23; Newey & McFadden 1994), and the cross-fitted augmented estimator (Robins, Rotnitzky & Zhao 1994, JASA 89;
Chernozhukov et al. 2018, Econometrics Journal 21). Neither sees a satisfaction that behaviour does not show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from voclib.errors import ParameterError
from voclib.stats import crossfit, inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
LOW = 0.005  # a response chance below this: nobody like this customer answered


@dataclass(frozen=True, kw_only=True)
class PropensityFit:
    """A mean of all N customers from response chances: `fit`, and what its quality hangs on.

    `probability` (N,): chance of an answer; `weights` (N,): base weight over that chance after truncation, 0 without an answer.
    `outcome` (N, K): chances of the answer levels (AIPW; (N, 1) expected values for a continuous answer), else None.
    `auc`: how well the response model tells who answers (above .9 is an alarm). `low_share`: share of customers whose chance is
    below `LOW`. `truncated_share`: of the answers, how many had their weight cut; `truncation_shift`: by how much that moved the
    mean. `max_weight`: largest over mean weight of answers. `n_effective`: Kish's number for the weights. `repeats`: the means of
    the single sample splits.
    """

    fit: Fit
    probability: Array
    weights: Array
    auc: float
    low_share: float
    truncated_share: float
    truncation_shift: float
    max_weight: float
    n_effective: float
    outcome: Array | None = None
    repeats: tuple[float, ...] = ()


def raw_mean(y: ArrayLike, *, weights: ArrayLike | None = None, cluster: ArrayLike | None = None) -> Fit:
    """The mean of those who answered, as a fit over all N rows, so that it can be compared with a corrected one."""
    y, base = _answers(y, weights)
    answered = ~np.isnan(y)
    w = np.where(answered, base, 0.0)
    value = float(w[answered] @ y[answered] / w.sum())
    influence = np.zeros(len(y))
    influence[answered] = len(y) / w.sum() * w[answered] * (y[answered] - value)
    return inference.fit(value, influence, n=int(answered.sum()), cluster=cluster, method="raw", n_effective=inference.kish(w))


def gap(first: Fit, second: Fit, *, cluster: ArrayLike | None = None) -> Fit:
    """`second` − `first` for two fits of the same N rows, with the variance of their paired influence.

    Raises
    ------
    ParameterError
        where a fit has no influence values or they are of different rows.
    """
    if first.influence is None or second.influence is None or len(first.influence) != len(second.influence):
        raise ParameterError("A gap needs two fits over the same rows, each with its influence values.")
    return inference.fit(second.value - first.value, second.influence - first.influence, n=min(first.n, second.n), cluster=cluster,
                         method="paired influence")


def ipw_mean(y: ArrayLike, matrix: Array, *, stages: Mapping[str, ArrayLike] | None = None, weights: ArrayLike | None = None,
             cluster: ArrayLike | None = None, truncate: tuple[float, float] = (0.0, 0.995), ridge: float = 1.0) -> PropensityFit:
    """Mean of all N customers by inverse response probabilities: a penalised logit a stage, chances multiplied, Hájek's ratio.

    `y` (N,) is NaN without an answer; `matrix` (N, p) as from `crossfit.features`; `stages`, in order, say who got how far, each
    among those of the one before (by default one stage, "answered"). Weights beyond the `truncate` quantiles are cut to them.
    The variance counts that the chances are estimated: taking them as given makes the interval too wide here.

    Raises
    ------
    ParameterError
        for stages that are not nested or end elsewhere than at the answers, too few answers, quantiles out of order.
    """
    y, base = _answers(y, weights)
    answered = ~np.isnan(y)
    chances = _stages(answered, matrix, stages, base, ridge)
    probability = np.prod([chance for _, _, chance, _ in chances], axis=0)
    full, w, cut = _inverse(base, probability, answered, truncate)
    value, total = float(w[answered] @ y[answered] / w.sum()), w.sum()
    score = np.zeros(len(y))
    score[answered] = w[answered] * (y[answered] - value)
    influence = score.copy()
    live = np.where(cut, 0.0, score)  # a weight that was cut no longer moves with the model
    for among, passed, chance, hessian in chances:
        slope = np.r_[(lift := -live * (1 - chance)).sum(), lift @ matrix]
        direction = np.linalg.solve(hessian, slope)
        influence += np.where(among, base * (passed - chance), 0.0) * (direction[0] + matrix @ direction[1:])
    fit = inference.fit(value, len(y) / total * influence, n=int(answered.sum()), cluster=cluster, method="stacked M-estimation",
                        n_effective=inference.kish(w))
    return PropensityFit(fit=fit, truncation_shift=value - float(full[answered] @ y[answered] / full.sum()),
                         **_quality(probability, w, cut, answered, base))


def _stages(answered: NDArray[np.bool_], matrix: Array, stages: Mapping[str, ArrayLike] | None, base: Array, ridge: float,
            ) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_], Array, Array]]:
    """For every stage that loses somebody: who was in it, who passed, chances (N,) of passing, Hessian of its logit."""
    among, found = np.ones(len(answered), dtype=bool), []
    _same_rows(matrix, answered)
    stages = stages or {"answered": answered}
    for name, given in stages.items():
        passed = np.asarray(given, dtype=bool)
        if len(passed) != len(among) or (passed & ~among).any():
            raise ParameterError(f"Stage '{name}' holds customers who are not in the stage before; stages narrow from first to last.")
        if (lost := int(among.sum() - passed.sum())) > 0:
            if min(lost, int(passed.sum())) < 5:
                raise ParameterError(f"Stage '{name}': {int(passed.sum())} pass and {lost} do not; a model needs at least 5 of each.")
            model = crossfit.logit(matrix, (~passed).astype(np.intp), weights=base, ridge=ridge, rows=np.flatnonzero(among))
            found.append((among, passed, model.probabilities(matrix)[:, 0], model.hessian))
        among = passed
    if (among != answered).any():
        raise ParameterError(f"The last stage, '{list(stages)[-1]}', must be those with an answer: {int(among.sum())} passed it, "
                             f"{int(answered.sum())} answered.")
    if not found:
        raise ParameterError("Every customer answered; there is nothing to weight.")
    return found


def _inverse(base: Array, probability: Array, answered: NDArray[np.bool_], truncate: tuple[float, float]) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Weights of the answers before and after the cut at quantiles of the inverse chances, and whose were cut."""
    low, high = truncate
    if not 0 <= low < high <= 1:
        raise ParameterError(f"truncate= names two quantiles in order, such as (0, 0.995), not {truncate}.")
    inverse = 1 / probability
    ends = np.quantile(inverse[answered], [low, high], method="inverted_cdf", weights=base[answered])
    cut = answered & ((inverse < ends[0]) | (inverse > ends[1]))
    return np.where(answered, base * inverse, 0.0), np.where(answered, base * np.clip(inverse, *ends), 0.0), cut


def _quality(probability: Array, w: Array, cut: NDArray[np.bool_], answered: NDArray[np.bool_], base: Array) -> dict[str, object]:
    """What `PropensityFit` says beside the mean."""
    ranks, ones = stats.rankdata(probability), int(answered.sum())
    auc = (ranks[answered].sum() - ones * (ones + 1) / 2) / (ones * (len(answered) - ones))
    return {"probability": probability, "weights": w, "auc": float(auc), "low_share": float(base[probability < LOW].sum() / base.sum()),
            "truncated_share": float(base[cut].sum() / base[answered].sum()),
            "max_weight": float((w / np.where(base > 0, base, 1.0)).max() * base[answered].sum() / w.sum()),
            "n_effective": inference.kish(w)}


def aipw_mean(y: ArrayLike, matrix: Array, *, ids: ArrayLike, seed: int, levels: Sequence[float] | None = None, cluster: ArrayLike | None = None,
              k: int = 5, repeats: int = 5, learner: str = "logit", weights: ArrayLike | None = None, outcome_matrix: Array | None = None,
              floor: float = LOW, ridge: float = 1.0) -> PropensityFit:
    """Mean of all N customers, cross-fitted and right if either the response or the outcome model is.

    `y` (N,) is NaN without an answer and takes the values `levels` (None: continuous); the outcome model may have covariates of
    its own, `outcome_matrix`. Folds come from `ids` and `seed` (whole clusters where `cluster` is given); response chances are
    kept above `floor`. Of `repeats` sample splits the value is the median, its variance the median of each split's variance plus
    its squared distance from that (Chernozhukov et al. 2018, §3.4).

    Raises
    ------
    ParameterError
        for answers that are none of the levels, too few answers in a fold, an unknown learner, a floor outside (0, 0.5).
    DataError
        for missing ids, or an id in two clusters.
    """
    y, base = _answers(y, weights)
    answered = ~np.isnan(y)
    outcome_matrix = matrix if outcome_matrix is None else outcome_matrix
    _same_rows(matrix, answered)
    _same_rows(outcome_matrix, answered)
    if not 0 < floor < 0.5 or repeats < 1 or answered.all():
        raise ParameterError(f"floor= is a response chance in (0, 0.5), repeats= at least 1 with somebody silent, not {floor}, {repeats} and "
                             f"{int((~answered).sum())} silent.")
    customers, groups = _units(ids, cluster)
    worth = None if levels is None else np.sort(np.asarray(levels, dtype=float))
    splits: list[tuple[Fit, float]] = []
    chances, outcomes = np.zeros(len(y)), np.zeros((len(y), 1 if worth is None else len(worth)))
    for r in range(repeats):
        fold = crossfit.folds(customers, k=k, seed=[seed, r], cluster=None if cluster is None else groups)
        options = {"fold": fold, "weights": weights, "learner": learner, "ridge": ridge, "seed": seed}
        chance = crossfit.probabilities(matrix, answered, **options)[:, 1]
        outcome = (crossfit.regression(outcome_matrix, y, **options)[:, None] if worth is None else
                   crossfit.probabilities(outcome_matrix, y, levels=worth, **options))
        splits.append(_split(y, outcome[:, 0] if worth is None else outcome @ worth, chance, base, floor, groups))
        chances += chance / repeats
        outcomes += outcome / repeats
    w, cut = np.where(answered, base / np.maximum(chances, floor), 0.0), answered & (chances < floor)
    fits = [fit for fit, _ in splits]
    return PropensityFit(fit=_median(fits, groups, inference.kish(w)), outcome=outcomes, repeats=tuple(fit.value for fit in fits),
                         truncation_shift=float(np.median([shift for _, shift in splits])), **_quality(chances, w, cut, answered, base))


def _units(ids: ArrayLike, cluster: ArrayLike | None) -> tuple[NDArray[np.intp], NDArray[np.intp] | None]:
    """Customers as whole numbers, and the independent units of the variance: clusters, else customers with several rows, else rows."""
    customers, count = crossfit.codes_of(ids)
    if cluster is not None:
        return customers, crossfit.codes_of(cluster, what="clusters")[0]
    return customers, customers if count < len(customers) else None


def _split(y: Array, expected: Array, chance: Array, base: Array, floor: float, groups: NDArray[np.intp] | None) -> tuple[Fit, float]:
    """AIPW of one sample split, and by how much the floor under the chances moved it."""
    answered, share = ~np.isnan(y), base / base.sum()
    surprise = np.where(answered, y - expected, 0.0)
    points = expected + surprise / np.maximum(chance, floor)
    value = float(share @ points)
    unfloored = float(share @ (expected + surprise / np.maximum(chance, 1e-12)))
    influence = len(y) * share * (points - value)
    return inference.fit(value, influence, n=int(answered.sum()), cluster=groups, method="cross-fitted AIPW"), value - unfloored


def _median(splits: list[Fit], groups: NDArray[np.intp] | None, n_effective: float) -> Fit:
    """The median split's value, with a variance that holds the spread between splits, and the mean influence scaled to it."""
    value = float(np.median([fit.value for fit in splits]))
    error = float(np.sqrt(np.median([fit.std_error**2 + (fit.value - value) ** 2 for fit in splits])))
    mean = inference.fit(value, np.mean([fit.influence for fit in splits], axis=0), n=splits[0].n, cluster=groups, method=splits[0].method)
    scale = error / mean.std_error if mean.std_error > 0 else 1.0
    return replace(mean, std_error=error, influence=mean.influence * scale, n_effective=n_effective)


def _answers(y: ArrayLike, weights: ArrayLike | None) -> tuple[Array, Array]:
    """Answers and base weights of one length, with somebody who answered."""
    y = np.asarray(y, dtype=float)
    base = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    if len(base) != len(y) or not np.isfinite(base).all() or (base < 0).any():
        raise ParameterError(f"Base weights are one number from 0 up for each of {len(y)} rows; there are {len(base)}, "
                             f"{int((~(base >= 0)).sum())} of them negative or missing.")
    if np.isinf(y).any() or np.isnan(y).all():
        raise ParameterError("Answers are finite numbers, missing where there is none; here nobody answered, or one is infinite.")
    return y, base


def _same_rows(matrix: Array, answered: NDArray[np.bool_]) -> None:
    if np.ndim(matrix) != 2 or len(matrix) != len(answered):
        raise ParameterError(f"The covariates have shape {np.shape(matrix)}; {len(answered)} rows of answers need as many of covariates.")
