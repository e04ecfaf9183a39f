"""Counts of units over periods: how a measure goes with them inside a unit, freed of what is the unit's own and of what moves all in a period.

E(y_it) = n_it · exp(a_i + b_t + β'x_it), a Poisson pseudo-likelihood that needs nothing but this mean to be right (Gourieroux, Monfort & Trognon
1984, Econometrica 52; Wooldridge 1999, J. Econometrics 90); errors come from the last step's weighted regression, clustered by unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError
from voclib.stats import inference

Array = NDArray[np.float64]
STEPS, CLOSE = 60, 1e-10
LEAST_EVENTS = 20  # of an outcome, below which no slope is looked for


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """Log ratios of the columns by name, each as the inference policy lets it be said; rows and units used, events counted."""

    decisions: dict[str, inference.Decision]
    n: int
    units: int
    events: int


def slopes(counts: ArrayLike, offset: ArrayLike, columns: ArrayLike, *, names: Sequence[str], unit: ArrayLike, period: ArrayLike,
           conf_level: float = 0.95, draws: int = 1999, seed: int = 0) -> Slopes:
    """Slopes of `columns` (n, K) on counts (n,) out of `offset` (n,) tries, inside units and periods; rows with any missing number are left out.

    Raises
    ------
    DataError
        for fewer than `LEAST_EVENTS` events, fewer than two units with any, a column that does not change inside units, a fit that does not settle.
    ParameterError
        for shapes that do not fit.
    """
    y, n, x = np.asarray(counts, dtype=float), np.asarray(offset, dtype=float), np.asarray(columns, dtype=float)
    if x.ndim != 2 or not len(y) == len(n) == len(x) == len(np.asarray(unit)) == len(np.asarray(period)) or x.shape[1] != len(names):
        raise ParameterError(f"Counts, tries, columns, units and periods have a row each; they have {y.shape}, {n.shape} and {x.shape}.")
    kept = np.isfinite(np.column_stack([y, n, x])).all(axis=1) & (n > 0)
    kept &= _alive(y, np.asarray(unit), kept) & _alive(y, np.asarray(period), kept)
    y, n, x = y[kept], n[kept], x[kept]
    who, when = (np.unique(np.asarray(part)[kept], return_inverse=True)[1] for part in (unit, period))
    if y.sum() < LEAST_EVENTS or not len(y) or who.max() < 1:
        raise DataError(f"A slope inside units takes {LEAST_EVENTS} events and two units; there are {int(y.sum())} events.")
    design = np.column_stack([np.eye(who.max() + 1)[who], np.eye(when.max() + 1)[when][:, 1:], x])
    mean = _mean(y, n, design)
    working = np.log(mean / n) + (y - mean) / mean
    levels = when if when.max() > 0 else None
    made = inference.moments(working, x, cluster=who, names=names, weights=mean, within=who, effects=levels)
    found = {name: inference.decide(made, name, conf_level=conf_level, draws=draws, seed=seed) for name in names}
    return Slopes(decisions=found, n=len(y), units=int(who.max()) + 1, events=int(y.sum()))


def _alive(y: Array, label: NDArray, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows of labels with an event and more than one row: of the others nothing can be told."""
    code = np.unique(label, return_inverse=True)[1]
    events, rows = np.bincount(code, np.where(kept, y, 0)), np.bincount(code, kept)
    return (events > 0)[code] & (rows > 1)[code]


def across(counts: ArrayLike, offset: ArrayLike, column: ArrayLike) -> tuple[float, float] | None:
    """Log ratio of one column and its error over all rows at once, every row taken for one of its own; None where it cannot be told.

    This is the uncorrected number: what units have of their own is counted as the column's doing.
    """
    y, n, x = np.asarray(counts, dtype=float), np.asarray(offset, dtype=float), np.asarray(column, dtype=float)
    kept = np.isfinite(np.column_stack([y, n, x])).all(axis=1) & (n > 0)
    y, n, x = y[kept], n[kept], x[kept]
    if y.sum() < LEAST_EVENTS or np.ptp(x) <= 0:
        return None
    design = np.column_stack([np.ones(len(y)), x])
    mean = _mean(y, n, design)
    bread = np.linalg.inv(design.T @ (mean[:, None] * design))
    score = design * (y - mean)[:, None]
    slope = float((bread @ (design.T @ (mean * np.log(mean / n))))[1])
    return slope, float(np.sqrt((bread @ (score.T @ score) @ bread)[1, 1]))


def _mean(y: Array, n: Array, design: Array) -> Array:
    """Fitted means (n,), by Newton's steps that are halved where they go too far."""
    index, mean = np.log(y.sum() / n.sum()) + np.zeros(len(y)), n * y.sum() / n.sum()
    before = np.inf
    for _ in range(STEPS):
        weighed = design * mean[:, None]
        target = index + (y - mean) / mean
        gram = weighed.T @ design
        gram[np.diag_indices_from(gram)] += 1e-10 * np.trace(gram) / len(gram)  # periods that no unit joins to others leave one level free
        beta = np.linalg.solve(gram, weighed.T @ target)
        step, size = design @ beta - index, 1.0
        while True:
            now = n * np.exp(np.clip(index + size * step, -30, 30))
            deviance = 2 * float((y[y > 0] * np.log(y[y > 0] / now[y > 0])).sum() - (y - now).sum())
            if deviance <= before * (1 + 1e-9) + 1e-9 or size < 1e-3:
                break
            size /= 2
        index, mean = np.clip(index + size * step, -30, 30), now
        if abs(before - deviance) <= CLOSE * (abs(deviance) + 1):
            return mean
        before = deviance
    raise DataError("The counts inside units do not settle; use fewer columns, or longer periods.")
