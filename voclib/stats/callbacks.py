"""What reminders say about the silent: the mean by reminder wave, and a callback model that is a sensitivity analysis and no more.

Whoever answers late resembles those who never answer only if resistance is stable; nothing in the data can show that it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from voclib.errors import DataError, ParameterError, VocError
from voclib.stats.inference import bounded_interval, fit, quantile, sample_worth

Array = NDArray[np.float64]
SEARCH = 4.0  # half-width of the interval searched for γ: a root beyond it means nothing


def _waves(y: ArrayLike, wave: ArrayLike) -> tuple[Array, NDArray[np.int64]]:
    """Answers and waves with -1 for the silent."""
    y, given = np.asarray(y, dtype=float), np.asarray(wave, dtype=float)
    if y.shape != given.shape or y.ndim != 1:
        raise ParameterError(f"y and wave are one row a customer; they have shapes {y.shape} and {given.shape}.")
    given = np.where(np.isnan(given), -1, given)
    if (lost := int(((given >= 0) != ~np.isnan(y)).sum())):
        raise DataError(f"{lost} customers have an answer without a wave or a wave without an answer; the wave is the message answered, 0 the first.")
    return y, given.astype(np.int64)


def resistance(y: ArrayLike, wave: ArrayLike, *, levels: Sequence[float] = (-100.0, 0.0, 100.0), weights: ArrayLike | None = None,
               cluster: ArrayLike | None = None, conf_level: float = 0.95) -> pd.DataFrame:
    """The continuum of resistance: the mean of those who answered at each message, and of all who had answered by then.

    `wave` (N,) is the message answered: 0 the first, 1, 2 … reminders, -1 or NaN none. Intervals are adjusted-Wald, with Student's t
    of the clusters at each message. Columns: `wave`, `n`, `value`, `conf_low`, `conf_high`, `value_so_far`. A flat line does not show that
    the silent are like the rest.
    Source: Lin & Schaeffer 1995, Public Opinion Quarterly 59.

    Raises
    ------
    DataError
        for an answer without a wave, or nobody who answered.
    """
    y, given = _waves(y, wave)
    if not (given >= 0).any():
        raise DataError("Nobody answered; a curve by reminder needs answers.")
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    groups, rows = None if cluster is None else np.asarray(cluster), []
    for step in np.unique(given[given >= 0]):
        here, so_far = given == step, (given >= 0) & (given <= step)
        mean = np.average(y[here], weights=w[here])
        size, df = sample_worth(y[here] - mean, w[here], None if groups is None else groups[here])
        z = quantile(conf_level, df)
        ends, middle = (z**2 / 2, 0.0) if len(levels) == 2 else (0.75, 1.5)
        _, _, low, high = bounded_interval(mean, np.average(y[here] ** 2, weights=w[here]), size, low=levels[0], high=levels[-1], ends=ends,
                                           middle=middle, quantile=z)
        rows.append((int(step), int(here.sum()), float(mean), float(low), float(high), float(np.average(y[so_far], weights=w[so_far]))))
    return pd.DataFrame(rows, columns=["wave", "n", "value", "conf_low", "conf_high", "value_so_far"])


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """What the callback model says, and whether its gate let it pass. It is a range to show beside other scenarios, never an answer.

    `centre` and `std_error` are in printed units, `gamma` is the log odds ratio of answering of the upper end of the scale against the lower
    (promoters against detractors). All may be NaN.
    `failures` names what tripped the gate: "converged", "gamma", "std_error".
    """

    centre: float
    std_error: float
    gamma: float
    gamma_std_error: float
    failures: tuple[str, ...]
    conf_level: float
    low: float
    high: float
    n: int

    @property
    def passed(self) -> bool:
        """Whether the gate let the range through."""
        return not self.failures

    @property
    def range(self) -> tuple[float, float]:
        """The sensitivity range on the scale; the whole scale where the gate tripped."""
        if not self.passed:
            return self.low, self.high
        reach = quantile(self.conf_level, np.inf) * self.std_error
        return max(self.low, self.centre - reach), min(self.high, self.centre + reach)

    def estimate(self, *_: object, **__: object) -> NoReturn:
        """Always an error: this cannot become a headline.

        Raises
        ------
        VocError
            always.
        """
        raise VocError("A callback model is a sensitivity analysis and gives no estimate: it relies on stable resistance, which no data can show. "
                       "Show its range beside the other scenarios; for an estimate, call back a random part of the silent customers.")

    def __str__(self) -> str:
        """The range with its status; no single number."""
        low, high = self.range
        state = "if resistance is stable" if self.passed else f"gate tripped: {', '.join(self.failures)}"
        return f"sensitivity only: {low:.1f} to {high:.1f} ({state})"


def callback_gmm(y: ArrayLike, wave: ArrayLike, matrix: ArrayLike, *, low: float = -100.0, high: float = 100.0, weights: ArrayLike | None = None,
                 cluster: ArrayLike | None = None, conf_level: float = 0.95, max_gamma: float = 2.0, max_std_error: float | None = None,
                 ) -> Sensitivity:
    """Mean of everybody if the answer has the same odds ratio with responding at the first message and at the reminder.

    The just-identified moments of Miao et al. (arXiv 2112.02822) with logits αₖ'(1, x) + γ·(y - low)/(high - low) for waves k = 0 and 1;
    later waves count as silent. The gate asks that a γ exists, that |γ| ≤ `max_gamma` (the ends of the scale differ at most 7-fold in
    their odds of answering), and a standard error below `max_std_error` (default a twentieth of the scale, 10 points of NPS).
    `matrix` (N, p) holds what is known of everybody, without a constant. The gate catches a large drift of resistance; a small one
    (.1–.2 in the log-odds a step) mostly passes it and is wrong by 15–30 points, which is why no estimate ever comes out of here.

    Raises
    ------
    DataError
        for an answer without a wave, or fewer than 30 answers at one of the two messages.
    ParameterError
        for a matrix of another length or with gaps.
    """
    y, given = _waves(y, wave)
    x = np.asarray(matrix, dtype=float)
    if x.ndim != 2 or len(x) != len(y) or not np.isfinite(x).all():
        raise ParameterError(f"matrix holds one row without gaps for each of the {len(y)} customers; it has shape {x.shape}.")
    counts = [int((given == k).sum()) for k in (0, 1)]
    if min(counts) < 30:
        raise DataError(f"{counts[0]} answers to the first message and {counts[1]} to the reminder; the callback model needs 30 of each.")
    if sum(counts) == len(y):
        raise DataError("Everybody answered one of the two messages; nothing is missing.")
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    middle, half = (low + high) / 2, (high - low) / 2
    # on -1 … 1 one unit is half the scale, so γ from end to end is twice the coefficient
    model = _Callback((np.where(given >= 0, y, middle) - middle) / half, given, _design(x), w / w.mean())
    gamma = model.root()
    centre, error, gamma_error = (np.nan, np.nan, np.nan) if np.isnan(gamma) else model.solution(gamma, cluster)
    limit = (high - low) / 20 if max_std_error is None else max_std_error
    tripped = {"converged": not np.isfinite(gamma) or not np.isfinite(error), "gamma": abs(2 * gamma) > max_gamma, "std_error": half * error >= limit}
    failures = tuple(name for name, bad in tripped.items() if bad)
    return Sensitivity(centre=float(middle + half * centre), std_error=float(half * error), gamma=float(2 * gamma), failures=failures,
                       gamma_std_error=float(2 * gamma_error), conf_level=conf_level, low=low, high=high, n=sum(counts))


def _design(x: Array) -> Array:
    """A constant and a basis of the columns of x, so that units, dummies and repeated columns make no difference."""
    centred = x - x.mean(axis=0)
    scale = np.abs(centred).max(axis=0, initial=0)
    basis, strength, _ = np.linalg.svd(centred[:, scale > 0] / scale[scale > 0], full_matrices=False)
    return np.column_stack([np.ones(len(x)), basis[:, strength > 1e-9 * strength.max(initial=0)] * np.sqrt(len(x))])


@dataclass(frozen=True)
class _Callback:
    """Moments of the callback model. `y` (N,) on -1 … 1, 0 where unknown; `x` (N, p) with a constant; `w` (N,) with mean 1."""

    y: Array
    wave: NDArray[np.int64]
    x: Array
    w: Array

    @cached_property
    def answers(self) -> tuple[tuple[Array, Array, Array, Array], ...]:
        """Of waves 0 and 1: x, w and y of those who answered, and the weighted sum of x over those who were asked and did not."""
        parts = []
        for k in (0, 1):
            here, asked = self.wave == k, (self.wave != 0) | (k == 0)
            parts.append((self.x[here], self.w[here], self.y[here], (self.w * (asked & ~here)) @ self.x))
        return tuple(parts)

    def odds_against(self, k: int, gamma: float) -> Array:
        """(1 − π)/π of those who answered wave k, given γ; not numbers where no α fits.

        α is a convex problem: calibration of those who answered to all who were asked. Newton's method from no covariates.
        """
        x, w, y, target = self.answers[k]
        fixed = gamma * y

        def loss(a: Array) -> tuple[float, Array]:
            with np.errstate(over="ignore"):
                against = np.exp(-(x @ a + fixed))
            return float(target @ a + w @ against), against

        alpha = np.array([np.log(w.sum() / target[0]), *[0.0] * (x.shape[1] - 1)])
        value, against = loss(alpha)
        for _ in range(60):
            gradient = target - (w * against) @ x
            if np.abs(gradient).max() < 1e-9 * len(self.y):
                return against
            curvature = (x * (w * against)[:, None]).T @ x
            if not np.linalg.cond(curvature) < 1e14:  # somebody among the silent is like nobody who answered: no α fits
                break
            step, size = np.linalg.solve(curvature, gradient), 1.0
            while not (trial := loss(alpha - size * step))[0] <= value and size > 1e-6:
                size /= 2
            alpha, (value, against) = alpha - size * step, trial
        return np.full(len(against), np.nan)

    def gap(self, gamma: float) -> float:
        """By how much wave 1 and wave 0 disagree on the mean of all who did not answer at first, given γ."""
        first, later = ((w * y) @ (self.odds_against(k, gamma) + k) for k, (_, w, y, _) in enumerate(self.answers))
        return float((later - first) / len(self.y))

    def root(self) -> float:
        """The γ closest to zero at which both waves agree, searched outwards; not a number where there is none."""
        steps = np.linspace(0, SEARCH, 9)
        last = dict.fromkeys((1.0, -1.0), self.gap(0.0))
        for inner, outer in zip(steps[:-1], steps[1:], strict=True):
            found = []
            for side in last:
                value = self.gap(side * outer)
                if last[side] * value <= 0 and np.isfinite(at := self._between(side * inner, side * outer)):
                    found.append(at)
                last[side] = value
            if found:
                return float(min(found, key=abs))
        return float("nan")

    def _between(self, inner: float, outer: float) -> float:
        """The γ between two at which the gap is zero; not a number where some γ on the way fits no α, so that there is no gap to follow."""
        holes = []

        def gap(gamma: float) -> float:
            value = self.gap(gamma)
            holes.extend([] if np.isfinite(value) else [gamma])
            return value if np.isfinite(value) else 0.0  # ends the search

        found = brentq(gap, inner, outer, xtol=1e-10)
        return float("nan") if holes else float(found)

    def solution(self, gamma: float, cluster: ArrayLike | None) -> tuple[float, float, float]:
        """The mean of all on -1 … 1, its standard error and that of γ (sandwich of all moments together)."""
        size, p = len(self.y), self.x.shape[1]
        against = np.zeros((2, size))
        for k in (0, 1):
            against[k, self.wave == k] = self.odds_against(k, gamma)
        (a, b), first, later = against, self.wave == 0, self.wave == 1
        if not np.isfinite(against).all():
            return np.nan, np.nan, np.nan
        w, x, y = self.w, self.x, self.y
        mean = (w * first * (1 + a)) @ y / size
        moments = np.column_stack([x * (w * (first * (1 + a) - 1))[:, None], x * (w * (~first) * (later * (1 + b) - 1))[:, None],
                                   w * y * (later * (1 + b) - a), w * (first * (1 + a) * y - mean)])
        slope = np.zeros((2 * p + 2, 2 * p + 2))
        slope[:p, :p], slope[p:2 * p, p:2 * p] = -(x * (w * a)[:, None]).T @ x, -(x * (w * b)[:, None]).T @ x
        slope[:p, -2], slope[p:2 * p, -2] = -(w * a * y) @ x, -(w * b * y) @ x
        slope[-2, :p], slope[-2, p:2 * p], slope[-1, :p] = (w * a * y) @ x, -(w * b * y) @ x, -(w * a * y) @ x
        slope[-2, -2], slope[-1, -2], slope[-1, -1] = (w * (a - b)) @ y**2, -(w * a) @ y**2, -w.sum()
        if np.linalg.cond(slope) > 1e14:
            return np.nan, np.nan, np.nan
        influence = -np.linalg.solve(slope / size, moments.T)
        errors = [fit(0.0, row, n=size, cluster=cluster).std_error for row in influence[-2:]]
        return float(mean), errors[1], errors[0]
