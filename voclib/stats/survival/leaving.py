"""Leaving month by month, with an exposure that begins when it begins: a discrete-time logit and what it says of the exposed.

logit P(leave in step m | there, x, exposed by m) = α(m) + β·exposedₘ + γ'x (Singer & Willett 2003, ch. 11; Hernán & Robins 2020, ch. 17). A
customer counts as unexposed in every step that begins before the exposure, so no time is immortal. Risks over a horizon are standardised over
the exposed, from the step in which they were: with the exposure, and had it not been. Variances count the logit's estimation (delta method).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from voclib.errors import DataError, ParameterError, nearest
from voclib.stats import crossfit, inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Flags = NDArray[np.bool_]
_Block = tuple[Codes, Codes, Flags, Flags]
MOST_BINS, EVENTS_A_BIN, MAX_STEPS = 12, 25, 50
SEPARATED = 1e5  # variance of a standardised covariate's coefficient, against that of a balanced one, from which it separates
BLOCK = 1_000_000  # rows of persons and steps worked on at a time


@dataclass(frozen=True, kw_only=True)
class Hazard:
    """Added risk of leaving within `horizon` steps of the exposure, among the exposed, and the ratio of the two risks; influence rows are units.

    `risks` are those with and without the exposure; `log_odds` the coefficient of exposure in a step; `naive` the added risk where "ever
    exposed" is taken as known from the start. `n_standardised` of the `n_exposed` can be followed for the whole horizon and make up the average.
    """

    risk_difference: Fit
    risk_ratio: Fit
    log_odds: Fit
    naive: Fit
    risks: tuple[float, float]
    horizon: int
    n_units: int
    n_exposed: int
    n_standardised: int
    n_steps: int
    n_left: int


@dataclass(frozen=True)
class _People:
    """Units (N,): full steps followed, the step in which they left (−1: not), the first exposed step (beyond all: never), covariates (N, q)."""

    followed: Codes
    left_in: Codes
    exposed_in: Codes
    covariates: Array
    bins: Codes  # of each step (M,)
    cluster: ArrayLike | None

    @property
    def levels(self) -> int:
        """Number of bins, which is also the place of exposure among the coefficients."""
        return int(self.bins.max()) + 1

    def fit(self, value: float, influence: Array, *, n: int, method: str) -> Fit:
        """A Fit from influence values of units."""
        return inference.fit(value, influence, n=n, cluster=self.cluster, method=method)


@dataclass(frozen=True)
class _Logit:
    """Coefficients: bins of time, exposure, covariates; what each unit adds to them (N, k)."""

    coefficients: Array
    influence: Array


def hazard(frame: pd.DataFrame, *, unit: str, start: str, stop: str, exposed_from: str, left: str, horizon: int, columns: Sequence[str] = (),
           step: float | None = None, cluster: str | None = None) -> Hazard:
    """Risk of leaving by an exposure that begins in the course of time.

    Parameters
    ----------
    frame : one row a `unit`, at time zero `start` and last seen at `stop`: numbers or dates, `left` is 1 where it left then.
    exposed_from : when the exposure began, empty where never; before or at `start` means exposed throughout, after `stop` never.
    horizon : steps after the exposure. step : length of one, in the unit of the columns; 1 for numbers, 30.4375 days for dates.
    columns : covariates known at `start`. cluster : column of units of shock.

    Raises
    ------
    DataError
        for repeated units, missing times, an end not after the start, nobody who leaves exposed or unexposed, no exposed unit that can be
        followed for the horizon.
    ParameterError
        for columns that do not exist, a horizon or step that is not positive.
    """
    people = _people(frame, unit, start, stop, exposed_from, left, tuple(columns), step, cluster)
    if horizon < 1:
        raise ParameterError(f"horizon is a number of steps of 1 or more, not {horizon}.")
    model = _fitted(people, people.exposed_in)
    found = _standardised(people, model, people.exposed_in, horizon)
    ever = np.where(people.exposed_in <= people.followed, 0, len(people.bins))
    naive = _standardised(people, _fitted(people, ever), ever, horizon)
    n, at = len(people.followed), people.levels
    log_odds = people.fit(model.coefficients[at], model.influence[:, at], n=n, method="discrete-time logit")
    return Hazard(risk_difference=found.difference, risk_ratio=found.ratio, log_odds=log_odds, naive=naive.difference, risks=found.risks,
                  horizon=horizon, n_units=n, n_exposed=int((people.exposed_in < people.followed).sum()), n_standardised=found.difference.n,
                  n_steps=int(people.followed.sum()), n_left=int((people.left_in >= 0).sum()))


def _people(frame: pd.DataFrame, unit: str, start: str, stop: str, exposed_from: str, left: str, columns: tuple[str, ...], step: float | None,
            cluster: str | None) -> _People:
    """The frame in whole steps since time zero, checked."""
    for name in (unit, start, stop, exposed_from, left, *columns, *([cluster] if cluster else [])):
        if name not in frame:
            raise ParameterError(f"There is no column '{name}'; {nearest(name, frame.columns)}")
    if again := int(frame[unit].duplicated().sum()):
        raise DataError(f"{again} rows repeat a unit of '{unit}'; the frame has one row for each, with its first exposure.")
    dated = pd.api.types.is_datetime64_any_dtype(frame[start])
    size = step if step is not None else 30.4375 if dated else 1.0
    if not size > 0:
        raise ParameterError(f"step is a length of time above 0, not {step}.")
    length, begins = (_since(frame[name], frame[start], dated) / size for name in (stop, exposed_from))
    gone = frame[left].to_numpy(dtype=float)
    if bad := int((~np.isin(gone, (0, 1))).sum() + np.isnan(length).sum()):
        raise DataError(f"'{left}' is not 0 or 1, or '{start}' or '{stop}' is missing, in {bad} of {len(frame)} rows.")
    if bad := int((length <= 0).sum()):
        raise DataError(f"'{stop}' is not after '{start}' in {bad} of {len(frame)} rows; those were never there to leave.")
    last = np.where(gone == 1, np.ceil(length - 1e-9) - 1, -1).astype(np.intp)
    followed = np.where(gone == 1, last + 1, np.floor(length + 1e-9)).astype(np.intp)
    never = int(followed.max(initial=0)) + 1
    first = np.where(np.isnan(begins) | (begins > length), never, np.ceil(np.maximum(np.nan_to_num(begins), 0.0) - 1e-9))
    matrix = crossfit.features(frame, columns).matrix if columns else np.empty((len(frame), 0))
    groups = None if cluster is None else frame[cluster].to_numpy()
    return _People(followed, last, np.minimum(first, never).astype(np.intp), _basis(matrix), _bins(last, never), groups)


def _since(times: pd.Series, zero: pd.Series, dated: bool) -> Array:
    """Time since time zero as numbers, days for dates."""
    if not dated:
        return times.to_numpy(dtype=float, na_value=np.nan) - zero.to_numpy(dtype=float, na_value=np.nan)
    return ((pd.to_datetime(times) - zero).dt.total_seconds() / 86_400).to_numpy(dtype=float)


def _basis(matrix: Array) -> Array:
    """Orthonormal columns of the same span, so that scales and repeated columns play no part."""
    if not matrix.shape[1]:
        return matrix
    u, s, _ = np.linalg.svd(matrix - matrix.mean(axis=0), full_matrices=False)
    return u[:, s > 1e-9 * s[0]] * np.sqrt(len(matrix))


def _bins(left_in: Codes, steps: int) -> Codes:
    """Steps (M,) in runs of which each has enough leavers for a level of its own."""
    events = np.bincount(left_in[left_in >= 0], minlength=steps)
    most = max(min(MOST_BINS, int(events.sum()) // EVENTS_A_BIN), 1)
    before = np.concatenate([[0], np.cumsum(events)[:-1]])
    before = before[np.minimum(np.arange(steps), left_in.max(initial=0))]  # steps after the last leaver share its level
    found = np.minimum(before * most // max(int(events.sum()), 1), most - 1)
    return np.unique(found, return_inverse=True)[1].astype(np.intp)


def _fitted(people: _People, exposed_in: Codes) -> _Logit:
    """Maximum likelihood by Newton's method, in blocks of steps, so that persons × steps × covariates are never written out."""
    blocks = list(_blocks(people, exposed_in))
    exposed = sum(int(on.sum()) for _, _, on, _ in blocks)
    left, gone = int((people.left_in >= 0).sum()), int(((people.left_in >= 0) & (people.left_in >= exposed_in)).sum())
    if not 0 < gone < min(exposed, left) or len(people.followed) <= 2 * people.levels + people.covariates.shape[1]:
        raise DataError(f"Of {left} who left, {gone} were exposed ({exposed} exposed steps in all); a risk needs some who left with the exposure "
                        "and some who left without it.")
    rate = left / people.followed.sum()
    whole = np.append(np.full(people.levels, np.log(rate / (1 - rate))), np.zeros(1 + people.covariates.shape[1]))
    loss, gradient, hessian = _likelihood(whole, people, blocks)
    for _ in range(MAX_STEPS):
        if np.linalg.cond(hessian) > 1e13:
            break
        move, size = np.linalg.solve(hessian, gradient), 1.0
        while (after := _likelihood(whole - size * move, people, blocks))[0] > loss + 1e-12 * abs(loss) and size > 1e-6:
            size /= 2
        settled = float(gradient @ move) <= 1e-10 * max(abs(loss), 1.0)
        whole, (loss, gradient, hessian) = whole - size * move, after
        if settled and float((np.diag(np.linalg.inv(hessian))[people.levels:] * np.trace(hessian[:people.levels])).max()) < SEPARATED:
            n = len(people.followed)
            scale = n * np.sqrt(n / (n - len(whole)))  # residuals of a fitted model are too small
            return _Logit(whole, scale * np.linalg.solve(hessian, _scores(whole, people, blocks).T).T)
    raise DataError("The hazard does not converge: a covariate separates those who left from those who stayed. Look for a leak.")


def _blocks(people: _People, exposed_in: Codes) -> Iterator[_Block]:
    """Rows of persons there in a step, several steps at a time: unit, bin of the step, whether exposed, whether gone in it."""
    step, last = 0, int(people.followed.max())
    width = max(BLOCK // len(people.followed), 1)
    while step < last:
        m = np.arange(step, min(step + width, last))
        at, unit = np.nonzero(people.followed[None, :] > m[:, None])
        now = m[at]
        yield unit, people.bins[now], exposed_in[unit] <= now, people.left_in[unit] == now
        step += width


def _index(whole: Array, people: _People, block: _Block) -> Array:
    """Log-odds of leaving in the rows of a block."""
    unit, level, on, _ = block
    return whole[level] + whole[people.levels] * on + (people.covariates @ whole[people.levels + 1:])[unit]


def _likelihood(whole: Array, people: _People, blocks: list[_Block]) -> tuple[float, Array, Array]:
    """Negative log-likelihood, its gradient and Hessian."""
    k, loss = people.levels, 0.0
    gradient, hessian = np.zeros(len(whole)), np.zeros((len(whole), len(whole)))
    for block in blocks:
        unit, level, on, gone = block
        index = _index(whole, people, block)
        chance = expit(index)
        loss += float(np.logaddexp(0.0, index).sum() - index[gone].sum())
        excess, weight = chance - gone, chance * (1 - chance)
        rest = np.column_stack([on, people.covariates[unit]])
        gradient += np.concatenate([np.bincount(level, excess, k), excess @ rest])
        cross = np.array([np.bincount(level, weight * column, k) for column in rest.T])
        hessian[:k, :k] += np.diag(np.bincount(level, weight, k))
        hessian[k:, :k] += cross
        hessian[:k, k:] += cross.T
        hessian[k:, k:] += (rest * weight[:, None]).T @ rest
    return loss, gradient, hessian


def _scores(whole: Array, people: _People, blocks: list[_Block]) -> Array:
    """What each unit adds to the gradient of the log-likelihood, (N, k)."""
    n, k = len(people.followed), people.levels
    by_bin, on_sum, total = np.zeros((n, k)), np.zeros(n), np.zeros(n)
    for block in blocks:
        unit, level, on, gone = block
        left = gone - expit(_index(whole, people, block))
        by_bin += np.bincount(unit * k + level, left, n * k).reshape(n, k)
        on_sum += np.bincount(unit, left * on, n)
        total += np.bincount(unit, left, n)
    return np.column_stack([by_bin, on_sum, total[:, None] * people.covariates])


@dataclass(frozen=True)
class _Standardised:
    difference: Fit
    ratio: Fit
    risks: tuple[float, float]


def _standardised(people: _People, model: _Logit, exposed_in: Codes, horizon: int) -> _Standardised:
    """Mean risks within the horizon among the exposed that can be followed so long, with and without the exposure."""
    n, last = len(people.followed), int(people.followed.max())
    who = np.flatnonzero((exposed_in < people.followed) & (exposed_in + horizon <= last))
    if not len(who):
        raise DataError(f"No exposed unit can be followed for {horizon} steps after its exposure; the panel has {last} steps in all.")
    risks, slopes = zip(*(_risk(people, model, exposed_in[who], who, horizon, on) for on in (1.0, 0.0)), strict=True)
    means = [float(r.mean()) for r in risks]
    influence = [model.influence @ slope for slope in slopes]
    for u, r, mean in zip(influence, risks, means, strict=True):
        u[who] += n * (r - mean) / len(who)
    ratio = means[0] / means[1]
    told = {"n": len(who), "method": "discrete-time hazard, standardised over the exposed"}
    return _Standardised(people.fit(means[0] - means[1], influence[0] - influence[1], **told),
                         people.fit(ratio, (influence[0] - ratio * influence[1]) / means[1], **told), (means[0], means[1]))


def _risk(people: _People, model: _Logit, first: Codes, who: Codes, horizon: int, on: float) -> tuple[Array, Array]:
    """Risk of each of `who` within the horizon, and the derivative (k,) of their mean: ∂risk = S·Σ pₕzₕ."""
    levels = people.levels
    whole, x = model.coefficients, people.covariates[who]
    bins = people.bins[first[:, None] + np.arange(horizon)[None, :]]
    chance = expit(whole[bins] + (whole[levels] * on + x @ whole[levels + 1:])[:, None])
    stays = np.prod(1 - chance, axis=1)
    pull = stays[:, None] * chance
    return 1 - stays, np.concatenate([np.bincount(bins.ravel(), pull.ravel(), levels), [on * pull.sum()], pull.sum(axis=1) @ x]) / len(who)
