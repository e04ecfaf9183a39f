"""Reliability of the change of a unit's mean from period to period, and the cells (unit × period) that a panel may show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError, nearest
from voclib.stats import inference
from voclib.stats.reliability import rows
from voclib.stats.reliability.rows import Array, Codes

SAME = 1e-9  # information or variation, relative to its scale, that counts as none


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Means of unit × period: `frame` with unit, period (named as in the answers), mean, n, noise; and how much was left out for small n.

    `noise` is the sampling variance of the mean, s²/n, of people drawn anew in each period; a cell of one answer takes the s² pooled within cells.
    """

    frame: pd.DataFrame
    suppressed_cells: int
    suppressed_answers: int
    at_least: int


def cells(answers: pd.DataFrame, *, unit: str, period: str, value: str, at_least: int = 5) -> Cells:
    """Means of cells with at least `at_least` answers; smaller cells are removed before anything is computed from them.

    The noise takes no finite population factor 1 − n/invited (Cochran 1977, Sampling Techniques, §2.6). That factor is for the mean of the
    people employed at the time; a slope is on the climate that they report on, from which whoever happens to be employed deviates even where
    all of them answer (Fuller 1987, Measurement Error Models, §1.1). It also would not mend what s²/n gets wrong in a change over time: a person
    who answers in every period brings the same lasting deviation to each, which cancels within the unit. s²/n takes it off all the same, so the
    noise is an upper end, and 0, of a staff that never changes and never wavers, the lower one. Only a number that follows a person from period
    to period could part them.

    Parameters
    ----------
    answers : one row an answer; `unit`, `period` and `value` name its columns.

    Raises
    ------
    DataError
        for missing or constant answers, missing units or periods, no cell large enough, a single answer in every cell.
    ParameterError
        for unknown columns, `at_least` below 1.
    """
    found = _Cells.of(answers, unit, period, value, at_least)
    frame = pd.DataFrame({unit: found.units[found.unit], period: found.periods[found.period], "mean": found.mean, "n": found.n.astype(int),
                          "noise": found.noise})
    return Cells(frame=frame, suppressed_cells=found.suppressed[0], suppressed_answers=found.suppressed[1], at_least=at_least)


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """Occupied cells in order of unit and period: codes, names, size, mean, sampling variance."""

    unit: Codes
    period: Codes
    units: pd.Index
    periods: pd.Index
    n: Array
    mean: Array
    noise: Array
    suppressed: tuple[int, int]

    @classmethod
    def of(cls, answers: pd.DataFrame, unit: str, period: str, value: str, at_least: int) -> _Cells:
        """From answers, small cells left out first."""
        for name in (unit, period, value):
            if name not in answers:
                raise ParameterError(f"There is no column '{name}' among the answers; {nearest(name, answers.columns)}")
        if at_least < 1:
            raise ParameterError(f"at_least is the fewest answers a cell may show, 1 or more, not {at_least}.")
        y = rows.answers(answers[value])
        (i, units), (t, periods) = (rows.codes(answers[name], f"'{name}'", len(y)) for name in (unit, period))
        cell = i * len(periods) + t
        size = np.bincount(cell, minlength=len(units) * len(periods))
        kept, small = np.flatnonzero(size >= at_least), size[(size > 0) & (size < at_least)]
        if not len(kept):
            raise DataError(f"None of the {len(small)} cells has {at_least} answers, the largest has {small.max()}; take longer periods.")
        place = np.cumsum(size >= at_least) - 1
        inside = size[cell] >= at_least
        n, mean, inner = rows.moments(y[inside], place[cell[inside]], len(kept))
        if (n < 2).all():
            raise DataError(f"Each of the {len(n)} cells has one answer, so nothing shows how exact a mean is; pass single answers, not means.")
        pooled = inner.sum() / (n - 1).sum()
        noise = np.where(n > 1, inner / np.maximum(n - 1, 1), pooled) / n
        return cls(unit=kept // len(periods), period=kept % len(periods), units=units, periods=periods, n=n, mean=mean, noise=noise,
                   suppressed=(len(small), int(small.sum())))


@dataclass(frozen=True, kw_only=True)
class Change:
    """How much of the change of cell means within units is true: `value` is λ, a share, `raw` the same before it is cut off at 0.

    `sd_observed` and `sd_true` are standard deviations of the change of means and of what they measure, in units of the answers. Counts are of
    cells that change can be seen in, those of units with two periods or more; `n_single` of them have one answer and take the pooled variance.
    """

    value: float
    raw: float
    conf_low: float
    conf_high: float
    sd_observed: float
    sd_true: float
    n_cells: int
    n_units: int
    median_n: float
    n_single: int
    conf_level: float

    @property
    def is_measurable(self) -> bool:
        """Whether the survey sees change at all: the interval of λ lies above 0."""
        return self.conf_low > 0

    def tidy(self) -> pd.DataFrame:
        """One row: measure ("reliability_change"), estimate, conf_low, conf_high."""
        return pd.DataFrame({"measure": ["reliability_change"], "estimate": [self.value], "conf_low": [self.conf_low], "conf_high": [self.conf_high]})


def change(answers: pd.DataFrame, *, unit: str, period: str, value: str, at_least: int = 1, conf_level: float = 0.95) -> Change:
    """Reliability of the change of cell means within units, λ = 1 − noise/V, with V their variance once units and periods are swept out.

    For residuals r = My of the cell means on effects of units and periods (unbalanced, each cell counted once), V = r'r/tr(M) and
    noise = Σ Mᵢᵢvᵢ/Σ Mᵢᵢ, v = s²/n: what r'r is expected to hold of sampling error. λ is by how much a regression with both effects flattens a
    slope on the cell means, and so refers to the periods observed: where true change lasts, part of it goes into the unit's mean over a short
    panel. (A reliability of change as of Cranford et al. 2006, Personality and Social Psych. Bulletin 32, from known sampling variances.) The
    interval is a jackknife over units of the sums in log(noise/V) (Miller 1968, Ann. Math. Stat. 39), with Student's t. Cells count as drawn
    independently: where the same people answer in every period, what is lasting in them is no noise in a change, and λ is too low.

    Parameters
    ----------
    answers : one row an answer; `unit`, `period` and `value` name its columns.
    at_least : cells with fewer answers are left out first.

    Raises
    ------
    DataError
        for missing or constant answers, missing units or periods, fewer than 3 units seen in two periods or more, a single answer in every cell,
        cell means that do not change, answers that never differ within a cell.
    ParameterError
        for unknown columns, `at_least` below 1.
    """
    found = _Cells.of(answers, unit, period, value, at_least)
    residual, kept = _swept(found)
    seen = kept > SAME
    units = len(np.unique(found.unit[seen]))
    if units < 3:
        raise DataError(f"{units} units have two cells or more in periods that others share; change within units needs at least 3.")
    squares, noise = (np.bincount(found.unit, part)[np.unique(found.unit[seen])] for part in (residual**2, kept * found.noise))
    if noise.sum() <= SAME**2 * squares.sum():
        raise DataError("Answers never differ within a cell; pass single answers, not means of cells.")
    if squares.sum() <= SAME * noise.sum():
        raise DataError("Cell means do not change within units beyond what all units share; there is no change to measure.")
    free, total, error = (float(part.sum()) for part in (kept, squares, noise))
    reach = _reach(squares, noise, conf_level)
    raw, low, high = (1 - error / total * float(np.exp(side * reach)) for side in (0, 1, -1))
    return Change(value=max(raw, 0.0), raw=raw, conf_low=max(low, 0.0), conf_high=max(high, 0.0), sd_observed=float(np.sqrt(total / free)),
                  sd_true=float(np.sqrt(max(total - error, 0.0) / free)), n_cells=int(seen.sum()), n_units=units,
                  median_n=float(np.median(found.n[seen])), n_single=int((found.n[seen] == 1).sum()), conf_level=conf_level)


def _reach(squares: Array, noise: Array, conf_level: float) -> float:
    """Half-width of the interval of log(noise/V) from what every unit adds to both sums."""
    units = len(squares)
    lift = units / (units - 1)  # a unit's residuals are too small by what it has itself added to the effects of periods
    rest, total = noise.sum() - lift * noise, squares.sum() - lift * squares
    if not ((rest > 0) & (total > SAME * squares.sum())).all():
        raise DataError(f"One of the {units} units holds all change or all sampling error of cell means; without it nothing is left to compare, so "
                        "more units are needed.")
    z = np.log(rest / total)
    return float(inference.quantile(conf_level, units - 1) * np.sqrt((units - 1) / units * ((z - z.mean()) ** 2).sum()))


def _swept(found: _Cells) -> tuple[Array, Array]:
    """Residuals of cell means on effects of units and periods, and the diagonal of the residual-maker; periods are few, units many."""
    shape = (len(found.units), len(found.periods))
    there, y = np.zeros(shape), np.zeros(shape)
    at = found.unit, found.period
    there[at], y[at] = 1.0, found.mean - found.mean.mean()
    lengths = np.maximum(there.sum(axis=1, keepdims=True), 1.0)
    shares = there / lengths
    gram = np.diag(there.sum(axis=0)) - there.T @ shares
    inverse = np.linalg.pinv(gram, rcond=SAME, hermitian=True)
    centred = y - (shares * y).sum(axis=1, keepdims=True)
    effects = inverse @ (there * centred).sum(axis=0)
    residual = centred - effects + (shares @ effects)[:, None]
    carried = shares @ inverse
    leverage = 1 / lengths + np.diag(inverse) - 2 * carried + (carried * shares).sum(axis=1, keepdims=True)
    return residual[at], 1 - leverage[at]
