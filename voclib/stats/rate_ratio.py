"""How the rate of a subject changes in a stretch of time, against its usual rate and against how all others move in the same time.

Counts of several subjects over the same periods follow a quasi-Poisson regression with an effect a subject, an effect a period and one a stretch:
the period effects take away growth, season and everything else that moves all subjects equally; given the totals of the periods it is a multinomial
logit (Palmgren 1981, Biometrika 68; McCullagh & Nelder 1989, sections 6.4 and 9.2), so it also holds where subjects compete for shares of a total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, optimize, stats

from voclib.errors import DataError, ParameterError

Array = NDArray[np.float64]
STEPS, CLOSE = 60, 1e-9  # of Newton's iteration: at most so many, and the change of the deviance at which it ends
LEAST, FEWEST = 5.0, 4  # expected events of a subject in a window, and such subjects, from which on it is told whether they moved apart
NONE_SEEN = 0.5  # events put in place of none, so that a log ratio is finite (Haldane 1956)


@dataclass(frozen=True, kw_only=True)
class RateRatios:
    """Log ratios (P,) of the stretches in the order given, NaN where the counts cannot tell one, with their covariance (P, P) and degrees of freedom.

    `dispersion` is Pearson's χ² by its degrees of freedom, never below 1; `shake` the coefficient of variation of a subject's rate from block to
    block beyond chance, NaN without blocks. Whichever was asked for is already in the covariance.
    """

    log_ratio: Array
    covariance: Array
    dispersion: float
    shake: float
    df: int

    @property
    def std_error(self) -> Array:
        """Standard errors (P,) of the log ratios."""
        return np.sqrt(np.diag(self.covariance))


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A mean of log ratios: value, its standard error, degrees of freedom, and the spread τ of the true ones (NaN where not asked for)."""

    value: float
    std_error: float
    df: float
    spread: float

    def interval(self, conf_level: float) -> tuple[float, float]:
        """Ends on the log scale."""
        half = float(stats.t.ppf(0.5 + conf_level / 2, self.df)) * self.std_error
        return self.value - half, self.value + half


def fit(counts: ArrayLike, stretches: Sequence[tuple[int, ArrayLike]], *, blocks: ArrayLike | None = None,
        without: ArrayLike | None = None) -> RateRatios:
    """Ratios of rates in stretches of time, each `(subject, periods)`: a row of `counts` (S, T) and the periods (T,) it takes up, as 0 and 1.

    A stretch is told where its subject has periods outside it and the regression can separate it from the others. One without any event gets half
    an event, so that its ratio is small and its interval wide.

    Cells flagged in `without` (S, T) are left out: of a subject in periods in which its rate is nobody's business, such as a spike of unknown shape,
    which would otherwise be taken for a movement of all.

    Errors allow for counts that scatter more than Poisson ones. Without `blocks` by one factor on all variances. With them, labels (T,) such as the
    month of a period, by a subject's rate that is shaken from block to block and equally within one: V = μ + c²·μμ', c² by moments, in a sandwich.
    A factor would be too small where periods are shorter than the shakes.

    Raises
    ------
    DataError
        for fewer than two subjects, counts that are missing or below zero.
    ParameterError
        for a stretch of another length, or of a subject that is not there.
    """
    made = _regress(counts, stretches, blocks, without)
    return _picked(_coefficients(made.mean, made.x), made.bread @ made.meat @ made.bread, made)


def moved(counts: ArrayLike, stretches: Sequence[tuple[int, ArrayLike]], candidates: Sequence[tuple[int, ArrayLike]], *,
          blocks: ArrayLike | None = None, without: ArrayLike | None = None) -> Array:
    """Score statistics (C,), normal where there is nothing, of further stretches: which subject left the common movement on its own, and when.

    Rao's test of one more column at a time in the regression of `fit`, all against the same null (Chen & Liu 1993, JASA 88, look for level shifts of
    series in this way); NaN where a stretch cannot be told. Many are tried, so their largest needs a bar to match.
    """
    made = _regress(counts, stretches, blocks, without)
    found = np.full(len(candidates), np.nan)
    weighted = made.x * made.mean[:, None]
    for k, (subject, periods) in enumerate(candidates):
        column = made.column(subject, np.asarray(periods, dtype=bool))
        clear = column - made.x @ (made.bread @ (weighted.T @ column))
        variance = float(clear**2 @ made.mean)
        if made.square > 0:
            variance += made.square * float((np.bincount(made.block, clear * made.mean) ** 2).sum())
        variance *= made.dispersion if np.isnan(made.shake) else 1.0
        if clear**2 @ made.mean > 1e-6 * max(column @ made.mean, 1e-9):
            found[k] = column @ (made.response - made.mean) / np.sqrt(variance)
    return found


def apart(counts: ArrayLike, stretches: Sequence[tuple[int, ArrayLike]], windows: Sequence[ArrayLike], *, blocks: ArrayLike,
          without: ArrayLike | None = None) -> Array:
    """p values (W,) of windows, flags (T,): that several subjects moved apart in one no further than they usually do from block to block.

    In a window Pearson's χ² of the subjects' sums, each with variance μ + c²μ², without the largest, which may be one subject's own affair; c² makes
    the median block as large as chance has it, so that a few blocks in which something happened do not pass for usual (labels `blocks`, (T,)). NaN
    where fewer than four subjects have five expected events each.
    """
    made = _regress(counts, stretches, None, without)
    left, size = made.response - made.mean, int(made.subject.max()) + 1

    def sums(cells: NDArray[np.bool_]) -> tuple[Array, Array]:
        at = made.subject[cells]
        mean = np.bincount(at, made.mean[cells], size)
        return np.bincount(at, left[cells], size)[mean >= LEAST], mean[mean >= LEAST]

    label = _labels(blocks, np.shape(counts)[1])[made.period]
    usual = [(r, m) for b in np.unique(label) for r, m in [sums(label == b)] if len(m) >= FEWEST]
    found = np.full(len(windows), np.nan)
    if not usual:
        return found

    def excess(square: float) -> float:
        return float(np.median([(r**2 / (m + square * m**2)).sum() / stats.chi2.median(len(m) - 1) for r, m in usual])) - 1

    square = 0.0 if excess(0.0) <= 0 else float(optimize.brentq(excess, 0.0, 1e6))
    for k, window in enumerate(windows):
        r, m = sums(np.asarray(window, dtype=bool)[made.period])
        if len(m) >= FEWEST:
            parts = r**2 / (m + square * m**2)
            found[k] = stats.chi2.sf(parts.sum() - parts.max(), len(m) - 2)
    return found


@dataclass(frozen=True)
class _Regression:
    """A fitted regression: cells of used subjects and periods, what is left, and the sandwich of its coefficients."""

    subject: Array
    period: Array
    response: Array
    mean: Array
    x: Array
    kept: list[int]
    where: list[int]
    bread: Array
    meat: Array
    block: Array
    square: float
    dispersion: float
    shake: float
    df: int

    def column(self, subject: int, periods: NDArray[np.bool_]) -> Array:
        """The column of one more stretch."""
        return ((self.subject == subject) & periods[self.period]).astype(float)


def _regress(counts: ArrayLike, stretches: Sequence[tuple[int, ArrayLike]], blocks: ArrayLike | None, without: ArrayLike | None) -> _Regression:
    y, masks = _checked(counts, stretches)
    for subject, mask in masks:
        if mask.any() and not y[subject, mask].any():
            share = y.sum(axis=0)[mask] + 1e-9
            y[subject, mask] = NONE_SEEN * share / share.sum()
    used = _used(y, without)
    full, told = (y * used).sum(axis=0) > 0, (y * used).sum(axis=1) > 0
    cells = used[np.ix_(told, full)].ravel()
    design, where = _design(told, full, masks)
    design, response = design[cells], y[np.ix_(told, full)].ravel()[cells]
    subject, period = np.repeat(np.flatnonzero(told), int(full.sum()))[cells], np.tile(np.flatnonzero(full), int(told.sum()))[cells]
    kept = _independent(design)
    x = design[:, kept]
    mean = _poisson(response, x)
    information = x.T @ (mean[:, None] * x)
    df = max(int(len(response) - x.shape[1]), 1)
    factor = max(float(((response - mean) ** 2 / mean).sum() / df), 1.0)
    shared = {"subject": subject, "period": period, "response": response, "mean": mean, "x": x, "kept": kept, "where": where,
              "bread": np.linalg.pinv(information), "dispersion": factor}
    if blocks is None:
        return _Regression(**shared, meat=factor * information, block=np.zeros(0, dtype=int), square=0.0, shake=float("nan"), df=df)
    at = np.unique(subject, return_inverse=True)[1] * (y.shape[1] + 1) + _labels(blocks, y.shape[1])[period]
    block = np.unique(at, return_inverse=True)[1]
    square, df = _shaken(response - mean, mean, block, told=int(told.sum()), blocks=len(np.unique(_labels(blocks, y.shape[1])[period])),
                         stretches=sum(k in kept for k in where))
    order = np.argsort(block, kind="stable")
    sums = np.add.reduceat((mean[:, None] * x)[order], np.flatnonzero(np.diff(block[order], prepend=-1)), axis=0)
    return _Regression(**shared, meat=information + square * sums.T @ sums, block=block, square=square, shake=float(np.sqrt(square)), df=df)


def _picked(beta: Array, inverse: Array, made: _Regression) -> RateRatios:
    """What the regression says of the stretches, out of all its coefficients."""
    place, where = {column: k for k, column in enumerate(made.kept)}, made.where
    value, covariance = np.full(len(where), np.nan), np.full((len(where), len(where)), np.nan)
    for i, a in enumerate(where):
        if a in place:
            value[i] = beta[place[a]]
            for j, b in enumerate(where):
                if b in place:
                    covariance[i, j] = inverse[place[a], place[b]]
    return RateRatios(log_ratio=value, covariance=covariance, dispersion=made.dispersion, shake=made.shake, df=made.df)


def _labels(blocks: ArrayLike, periods: int) -> NDArray[np.int_]:
    label = np.unique(np.asarray(blocks), return_inverse=True)[1]
    if label.shape != (periods,):
        raise ParameterError(f"blocks names one block for each of {periods} periods; it has {label.shape}.")
    return label


def _shaken(left: Array, mean: Array, block: NDArray[np.int_], *, told: int, blocks: int, stretches: int) -> tuple[float, int]:
    """c² and degrees of freedom, where the rate of a subject is shaken from block to block.

    c² makes the squared sums of residuals by subject and block, each by its variance, as large as their degrees of freedom.
    """
    size, expected = np.bincount(block, left), np.bincount(block, mean)
    df = max(len(size) - told - blocks + 1 - stretches, 1)

    def excess(square: float) -> float:
        return float((size**2 / (expected + square * expected**2)).sum()) - df

    if excess(0.0) <= 0:
        return 0.0, df
    top = 0.01
    while excess(top) > 0 and top < 1e6:
        top *= 4
    return (float(optimize.brentq(excess, 0.0, top)) if excess(top) <= 0 else top), df


def _checked(counts: ArrayLike, stretches: Sequence[tuple[int, ArrayLike]]) -> tuple[Array, list[tuple[int, NDArray[np.bool_]]]]:
    y = np.array(counts, dtype=float)
    if not np.isfinite(y).all() or (y < 0).any():
        raise DataError("Counts are 0 or more and never missing.")
    if y.ndim != 2 or (y.sum(axis=1) > 0).sum() < 2:
        raise DataError(f"A change is measured against other subjects over the same time; counts of two subjects or more are needed, not {y.shape}.")
    masks = []
    for subject, periods in stretches:
        mask = np.asarray(periods, dtype=bool)
        if mask.shape != (y.shape[1],) or not 0 <= subject < y.shape[0]:
            raise ParameterError(f"A stretch takes up periods of one subject: {y.shape[1]} flags of one of {y.shape[0]} rows, not {mask.shape} of "
                                 f"row {subject}.")
        masks.append((int(subject), mask))
    return y, masks


def _used(y: Array, without: ArrayLike | None) -> NDArray[np.bool_]:
    if without is None:
        return np.ones(y.shape, dtype=bool)
    out = np.asarray(without, dtype=bool)
    if out.shape != y.shape:
        raise ParameterError(f"without flags cells of counts {y.shape}; it has {out.shape}.")
    return ~out


def _design(told: NDArray[np.bool_], full: NDArray[np.bool_], masks: Sequence[tuple[int, NDArray[np.bool_]]]) -> tuple[Array, list[int]]:
    """Columns: subjects, periods but the first, stretches; and where each stretch stands (−1 for one of a subject without events)."""
    rows, periods = np.flatnonzero(told), int(full.sum())
    subject = np.repeat(np.arange(len(rows)), periods)
    period = np.tile(np.arange(periods), len(rows))
    columns = [subject[:, None] == np.arange(len(rows)), period[:, None] == np.arange(1, periods)]
    found, where, at = [], [], len(rows) + periods - 1
    for one, mask in masks:
        if not told[one] or not mask[full].any():
            where.append(-1)
            continue
        found.append((rows[subject] == one) & mask[full][period])
        where.append(at + len(found) - 1)
    return np.column_stack([*columns, *([np.column_stack(found)] if found else [])]).astype(float), where


def _independent(design: Array) -> list[int]:
    """Columns that are no combination of those before them, in their order."""
    r = linalg.qr(design, mode="r")[0]
    kept: list[int] = []
    basis = np.empty((r.shape[0], 0))
    for k in range(design.shape[1]):
        column = r[:, k]
        left = column - basis @ (basis.T @ column)
        size = np.linalg.norm(left)
        if size > 1e-8 * max(np.linalg.norm(column), 1.0):
            kept.append(k)
            basis = np.column_stack([basis, left / size])
    return kept


def _poisson(y: Array, x: Array) -> Array:
    """Fitted means (N,) of a Poisson regression with a log link, by Newton's iteration."""
    mean, last = y + 0.1 * max(float(y.mean()), 1e-6), np.inf
    tiny = 1e-12 * np.eye(x.shape[1])  # keeps a mean that runs to zero from a division by it
    for _ in range(STEPS):
        weighted = x * mean[:, None]
        beta = np.linalg.solve(x.T @ weighted + tiny, weighted.T @ (np.log(mean) + (y - mean) / mean))
        mean = np.exp(np.clip(x @ beta, -30, 30))
        some = y > 0
        deviance = 2 * float((y[some] * np.log(y[some] / mean[some])).sum() - (y - mean).sum())
        if abs(last - deviance) <= CLOSE * (abs(deviance) + 1):
            break
        last = deviance
    return mean


def _coefficients(mean: Array, x: Array) -> Array:
    return np.linalg.lstsq(x, np.log(mean), rcond=None)[0]


def of_shares(events: ArrayLike, totals: ArrayLike, usual_events: ArrayLike, usual_totals: ArrayLike) -> tuple[Array, Array]:
    """Log ratios of two shares, events of totals, and their standard errors, elementwise; half an event in place of none (Katz et al. 1978).

    Takes counts as Poisson and nothing else as moving: what a sheet of two months shows, not more.
    """
    k1, n1, k0, n0 = (np.asarray(a, dtype=float) for a in (events, totals, usual_events, usual_totals))
    k1, k0 = np.where(k1 > 0, k1, NONE_SEEN), np.where(k0 > 0, k0, NONE_SEEN)
    variance = np.maximum(1 / k1 - 1 / np.maximum(n1, 1), 0) + np.maximum(1 / k0 - 1 / np.maximum(n0, 1), 0)
    return np.log(k1 * n0 / (k0 * n1)), np.sqrt(np.maximum(variance, 1e-12))


def mean(log_ratios: ArrayLike, covariance: ArrayLike, *, df: float = np.inf) -> Mean:
    """The plain mean of the given ones, each counting the same: its error is that of measuring them, nothing is said of others."""
    y, v = np.asarray(log_ratios, dtype=float), np.asarray(covariance, dtype=float)
    weight = np.full(len(y), 1 / len(y))
    return Mean(value=float(weight @ y), std_error=float(np.sqrt(weight @ v @ weight)), df=df, spread=float("nan"))


def like_these(log_ratios: ArrayLike, covariance: ArrayLike) -> Mean:
    """The mean of all that these are draws of: random effects with the spread of Paule & Mandel (1982) and the error of Hartung & Knapp (2001).

    The error is never taken below that without their factor; errors that go together (`covariance`) are allowed for.

    Raises
    ------
    DataError
        for fewer than two.
    """
    y, v = np.asarray(log_ratios, dtype=float), np.asarray(covariance, dtype=float)
    if len(y) < 2:
        raise DataError(f"How far true ratios differ is learnt from two or more; there is {len(y)}.")

    def at(square: float) -> tuple[float, float, float]:
        inverse = np.linalg.inv(v + square * np.eye(len(y)))
        total = float(inverse.sum())
        middle = float(inverse.sum(axis=0) @ y / total)
        return middle, total, float((y - middle) @ inverse @ (y - middle))

    def excess(square: float) -> float:
        return at(square)[2] - (len(y) - 1)

    square = 0.0
    if excess(0.0) > 0:
        top = float(np.var(y, ddof=1)) + 1e-6
        while excess(top) > 0:
            top *= 2
        square = float(optimize.brentq(excess, 0.0, top, xtol=1e-12))
    middle, total, q = at(square)
    factor = max(q / (len(y) - 1), 1.0)
    return Mean(value=middle, std_error=float(np.sqrt(factor / total)), df=len(y) - 1, spread=float(np.sqrt(square)))
