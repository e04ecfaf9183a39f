"""An effect on amounts of money that are often zero and sometimes huge, from models of the mean itself (rung C2).

Neither takes a logarithm of the amount plus one: an effect on that changes with the currency's unit, because what is added to a zero weighs
differently (Chen & Roth 2024, QJE 139). Both describe the mean, which is what money adds up to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, xlogy

from voclib.errors import DataError, ParameterError
from voclib.stats import crossfit, inference
from voclib.stats.effects import adjusted, rows
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
MAX_STEPS = 100  # of reweighting
REACH = (-25.0, 200.0)  # log of fitted means in units of the average amount; customers whose like never spend come to rest at the lower end
SEPARATED = 1e-6  # mean distance of chances from what was done, below which a model merely repeats the data
TOLD_APART = ("The covariates tell buyers from others perfectly, so no chance of buying can be estimated. Use fewer of them, pool rare levels, or "
              "use ppml().")


@dataclass(frozen=True, kw_only=True)
class Money:
    """An effect on the exposed in yuan a customer (`fit`) and as a share of what they had spent otherwise (`relative`).

    `buying`: effect on the chance to buy at all, a share; None where the method does not tell it apart.
    """

    fit: Fit
    relative: Fit
    buying: Fit | None = None


def two_part(y: ArrayLike, exposed: ArrayLike, matrix: ArrayLike | None = None, *, cluster: ArrayLike | None = None) -> Money:
    """Effect on the exposed from who buys (logit) times how much buyers spend (Gamma model with a log link).

    Each exposed customer's mean is predicted with and without the exposure; the variance is that of both models and the average stacked
    (Newey & McFadden 1994, Handbook of Econometrics 4, §6). Source of the model: Duan, Manning, Morris & Newhouse 1983, JBES 1; Manning &
    Mullahy 2001, J. Health Economics 20.

    Parameters
    ----------
    y : (N,) amounts from 0 up. exposed : (N,) 0/1. matrix : (N, p) covariates. cluster : (N,) independent units.

    Raises
    ------
    DataError
        for negative amounts, everybody or nobody buying, covariates that separate buyers from others, missing values, one arm only.
    """
    y, d, x = rows.checked(y, exposed, matrix)
    rows.not_negative(y, "a two-part model")
    own = rows.basis(x)
    adjusted.determined(d - d.mean() - own @ (own.T @ d) / len(y), d.astype(float))
    design = np.column_stack([np.ones(len(y)), d, own])
    buys = y > 0
    chance, chance_moves = _buying(design, buys, d)
    scale = float(y[buys].mean())
    amount, amount_moves = _spending(design, y / scale, buys)
    with_, without = (np.where(np.arange(design.shape[1]) == 1, arm, design[d]) for arm in (1.0, 0.0))
    chances = [expit(part @ chance) for part in (with_, without)]
    amounts = [scale * np.exp(part @ amount) for part in (with_, without)]

    def averaged(values: list[Array], by_chance: list[Array], by_amount: list[Array]) -> list[tuple[float, Array]]:
        """Mean over the exposed with and without the exposure, and its influence; derivatives by either index are given."""
        found = []
        for value, p_slope, a_slope, part in zip(values, by_chance, by_amount, (with_, without), strict=True):
            influence = np.zeros(len(y))
            influence[d] = (value - value.mean()) * len(y) / d.sum()
            influence += chance_moves @ (p_slope @ part / d.sum()) + amount_moves @ (a_slope @ part / d.sum())
            found.append((float(value.mean()), influence))
        return found

    slopes = [p * (1 - p) for p in chances]
    means = [p * a for p, a in zip(chances, amounts, strict=True)]
    spent = averaged(means, [s * a for s, a in zip(slopes, amounts, strict=True)], means)
    bought = averaged(chances, slopes, [0 * s for s in slopes])
    fit, relative = _gap(*spent, cluster, "logit × Gamma")
    return Money(fit=fit, relative=relative, buying=_gap(*bought, cluster, "logit")[0])


def _gap(with_: tuple[float, Array], without: tuple[float, Array], cluster: ArrayLike | None, method: str) -> tuple[Fit, Fit]:
    """Difference of two means, and that as a share of the second."""
    effect, move = with_[0] - without[0], with_[1] - without[1]
    share = effect / without[0]
    options = {"n": len(move), "cluster": cluster, "method": method}
    return inference.fit(effect, move, **options), inference.fit(share, (move - share * without[1]) / without[0], **options)


def _buying(design: Array, buys: Flags, d: Flags) -> tuple[Array, Array]:
    """Coefficients of the logit of buying and their influence (N, coefficients)."""
    shares = [buys[d == arm].mean() for arm in (True, False)]
    if min(shares) == 0 or max(shares) == 1:
        raise DataError(f"Of the exposed {shares[0]:.0%} bought and of the others {shares[1]:.0%}: with nobody or everybody in an arm there is no "
                        "model of buying. Use ppml(), or regression().")
    try:
        model = crossfit.logit(design[:, 1:], (~buys).astype(np.intp), ridge=0.0)
    except (ParameterError, np.linalg.LinAlgError) as error:
        raise DataError(TOLD_APART) from error
    surprise = buys - expit(design @ model.coefficients[:, 0])
    if np.abs(surprise).mean() < SEPARATED:
        raise DataError(TOLD_APART)
    return model.coefficients[:, 0], len(buys) * (design * surprise[:, None]) @ np.linalg.inv(model.hessian)


def _spending(design: Array, y: Array, buys: Flags) -> tuple[Array, Array]:
    """Coefficients of the Gamma model of buyers' amounts and their influence (N, coefficients), 0 for who did not buy."""
    own, amounts = design[buys], y[buys]
    if np.linalg.matrix_rank(own.T @ own, hermitian=True, tol=rows.REPEATED * len(own)) < own.shape[1]:
        raise DataError(f"The {int(buys.sum())} buyers do not determine {own.shape[1]} coefficients of how much they spend; use fewer covariates.")
    beta, ratio, loss = np.zeros(own.shape[1]), amounts, np.inf
    for _ in range(MAX_STEPS):
        hessian, size = (own * ratio[:, None]).T @ own, 1.0
        step = np.linalg.solve(hessian, own.T @ (ratio - 1))
        while True:
            index = np.clip(own @ (beta + size * step), *REACH)
            after = float((amounts * np.exp(-index) + index).sum())
            if after <= loss + 1e-12 * abs(loss) or size < 1e-6:
                break
            size /= 2
        beta, ratio, loss = beta + size * step, amounts * np.exp(-index), after
        if np.abs(step).max() <= 1e-10:
            influence = np.zeros_like(design)
            influence[buys] = len(y) * (own * (ratio - 1)[:, None]) @ np.linalg.inv(hessian)
            return beta, influence
    raise DataError("The model of how much buyers spend does not settle. Use fewer covariates, or ppml().")


def ppml(y: ArrayLike, exposed: ArrayLike, matrix: ArrayLike | None = None, *, fixed: ArrayLike | None = None,
         cluster: ArrayLike | None = None) -> Money:
    """Effect on the exposed from a mean that multiplies, E[y] = exp(δ·exposed + x'β + fixed effects), by Poisson pseudo-likelihood.

    δ needs nothing but that mean to be right (Gourieroux, Monfort & Trognon 1984, Econometrica 52; Santos Silva & Tenreyro 2006, REStat 88).
    The model fits the exposed's mean ȳ₁ exactly, so the effect is ȳ₁(1 − e^−δ), and e^δ − 1 is its share of what they had spent otherwise;
    the influence of δ is that of the exposure freed of the rest under weights μ, with the factor √((N − 1)/(N − K)) of HC1.

    Parameters
    ----------
    y : (N,) amounts from 0 up, in any unit: the relative effect is the same in all.
    fixed : (N,) or (N, q) identifiers, such as store and month, absorbed; levels without any amount tell nothing and are set apart.

    Raises
    ------
    DataError
        for negative amounts, an arm without any amount, an exposure that the rest tells completely, a model that does not settle.
    """
    y, d, x = rows.checked(y, exposed, matrix)
    rows.not_negative(y, "a Poisson model")
    if min(y[d].sum(), y[~d].sum()) <= 0:
        raise DataError("Nobody in one of the arms spent anything, so no ratio of means exists. Use regression(), or wait for more data.")
    codes, x = adjusted.identifiers(fixed, len(y)), rows.basis(x)
    live = np.all([np.bincount(c, y)[c] > 0 for c in codes.T], axis=0) if codes.shape[1] else np.ones(len(y), dtype=bool)
    kept = np.column_stack([crossfit.codes_of(c[live])[0] for c in codes.T]) if codes.shape[1] else codes
    amounts, own = y[live] / y.mean(), d[live].astype(float)
    slope, mean = _poisson(amounts, own, x[live], kept)
    rest, used = adjusted.partialled(own[:, None], x[live], kept, weights=mean, nested_in=None if cluster is None else np.asarray(cluster)[live])
    left = rest[:, 0]
    if live.sum() <= used + 1:
        raise DataError(f"{int(live.sum())} rows do not determine {used + 1} coefficients; use fewer covariates or fixed effects.")
    move = np.zeros(len(y))
    factor = np.sqrt((len(y) - 1) / len(y) * live.sum() / (live.sum() - used - 1))
    move[live] = factor * len(y) * left * (amounts - mean) / (left @ (mean * left))
    level = float(y[d].mean())
    kept_share = 1 - np.exp(-slope)
    gain = np.where(d, kept_share * (y - level) / d.mean(), 0.0) + level * np.exp(-slope) * move
    options = {"n": len(y), "cluster": cluster, "method": "Poisson pseudo-likelihood"}
    return Money(fit=inference.fit(level * kept_share, gain, **options), relative=inference.fit(np.exp(slope) - 1, np.exp(slope) * move, **options))


def _poisson(y: Array, d: Array, x: Array, fixed: NDArray[np.intp]) -> tuple[float, Array]:
    """Log ratio of the exposure and fitted means (N,) of amounts of mean about 1, by iteratively reweighted least squares with halved steps."""
    mean = (y + y.mean()) / 2
    index, before = np.log(mean), np.inf
    for _ in range(MAX_STEPS):
        working = index + (y - mean) / mean
        left = adjusted.partialled(np.column_stack([working, d]), x, fixed, weights=mean)[0]
        own = adjusted.determined(left[:, 1] * np.sqrt(mean), d)
        slope = float(own @ (left[:, 0] * np.sqrt(mean)) / (own @ own))
        step, size = working - left[:, 0] + slope * left[:, 1] - index, 1.0
        while True:
            mean = np.exp(np.clip(index + size * step, *REACH))
            deviance = 2 * float((xlogy(y, y / mean) - y + mean).sum())
            if deviance <= before * (1 + 1e-9) + 1e-9 or size < 1e-3:
                break
            size /= 2
        index = np.log(mean)
        if abs(before - deviance) <= 1e-13 * (abs(deviance) + 0.1):
            return slope, mean
        before = deviance
    raise DataError("The Poisson model does not converge: covariates determine who spends nothing. Use fewer of them, or pool rare levels.")
