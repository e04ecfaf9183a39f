"""From a table of units and periods to the rows of a regression: lags and leads by calendar, never by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.stats import inference

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Term:
    """A column as it stood `lag` periods earlier; a negative lag is a lead, the column after the outcome."""

    column: str
    lag: int = 0

    @property
    def name(self) -> str:
        """Unique name, such as `ex_lag1`, `ex_lead2`, `ex`."""
        return self.column if not self.lag else f"{self.column}_{'lag' if self.lag > 0 else 'lead'}{abs(self.lag)}"


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Complete rows (n) of one panel regression.

    `x` (n, k) are the terms of interest, `z` (n, m) the controls; `noise` (n, k) is the sampling variance of each value of `x`, with NaN in no
    place, or None where none is known; `cell` (n, k) names the unit and period that a value of `x` was measured in, so that its error is known
    again in other rows. `sampling` (n,) is the sampling variance of the outcome. `dropped` says by reason (outcome, exposure,
    control, sampling, alone) how many rows of the table are not among them; the first reason that holds counts.
    """

    y: Array
    x: Array
    z: Array
    terms: tuple[Term, ...]
    controls: tuple[Term, ...]
    unit: Codes
    period: Codes
    cluster: Codes
    weights: Array
    noise: Array | None
    cell: Codes
    sampling: Array | None
    periods: tuple[int, ...]
    dropped: Mapping[str, int]

    @property
    def n_dropped(self) -> int:
        """Rows of the table that are not complete, or the only one of their unit."""
        return sum(self.dropped.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Terms and controls."""
        return tuple(t.name for t in (*self.terms, *self.controls))

    @property
    def n_units(self) -> int:
        """Units with a row."""
        return int(self.unit.max(initial=-1)) + 1

    def keep(self, mask: NDArray[np.bool_]) -> Rows:
        """Only these rows, units, periods and clusters numbered anew."""
        periods, period = np.unique(self.period[mask], return_inverse=True)
        pick = {name: value[mask] for name in ("y", "x", "z", "weights", "noise", "cell", "sampling") if (value := getattr(self, name)) is not None}
        return replace(self, **pick, unit=inference.encode(self.unit[mask])[0], cluster=inference.encode(self.cluster[mask])[0], period=period,
                       periods=tuple(self.periods[i] for i in periods), dropped={**self.dropped, "chosen": int((~mask).sum())})


def check(frame: pd.DataFrame, *, unit: str, period: str, columns: Sequence[str]) -> None:
    """Refuse a table that is no panel; `columns` are those that a regression computes with.

    Raises
    ------
    ParameterError
        for columns that do not exist.
    DataError
        for a unit and period that occur twice, a missing unit or period, periods that are no whole numbers, columns that hold no numbers.
    """
    if frame.empty:
        raise DataError("The table has no rows; a panel has one row a unit and period.")
    for name in (unit, period, *columns):
        if name not in frame:
            raise ParameterError(f"There is no column '{name}'; {nearest(name, frame.columns)}")
    if frame[[unit, period]].isna().to_numpy().any():
        raise DataError(f"{int(frame[[unit, period]].isna().any(axis=1).sum())} rows have no {unit} or no {period}; drop them or fill them in first.")
    if not pd.api.types.is_integer_dtype(frame[period]):
        raise DataError(f"Periods are whole numbers, one apart, so that a lag means the same everywhere; '{period}' holds {frame[period].dtype}. "
                        "Number them from the first period on; a missing period is a gap in the numbers.")
    words = [name for name in columns if not pd.api.types.is_numeric_dtype(frame[name])]
    if words:
        shown = ", ".join(map(repr, frame[words[0]].dropna().head(3)))
        raise DataError(f"'{words[0]}' holds {frame[words[0]].dtype}, not numbers (first {shown}); turn it into numbers, missing ones left empty.")
    twice = frame.duplicated([unit, period], keep=False)
    if twice.any():
        who = frame.loc[twice, [unit, period]].iloc[0]
        raise DataError(f"{int(twice.sum())} rows stand for a {unit} and {period} that occur more than once, first {who[unit]!s} in {who[period]!s}; "
                        "a panel has one row each. Aggregate or remove them.")


def gather(frame: pd.DataFrame, *, unit: str, period: str, outcome: str, terms: Sequence[Term], controls: Sequence[Term] = (),
           sampling: str | None = None, noise: Mapping[str, str] | None = None, cluster: str | None = None) -> Rows:
    """The complete rows of a regression of `outcome` on terms and controls.

    Parameters
    ----------
    frame : one row a unit and period (whole numbers), in any order, gaps allowed.
    sampling : column with the sampling variance of the outcome. noise : column of terms → column with the sampling variance of its values.
    cluster : column of the units of shock, each holding whole units; the units themselves without it.

    Raises
    ------
    DataError
        see `check`; also a negative variance, a term that does not vary at all or not within units, fewer than two units or periods left, a cluster
        that is missing or changes within a unit.
    ParameterError
        for columns that do not exist, no term, the outcome of the same period among the terms.
    """
    noise = dict(noise or {})
    used = [outcome, *(t.column for t in (*terms, *controls)), *noise.values(), *([sampling] if sampling else [])]
    check(frame, unit=unit, period=period, columns=used)
    if cluster is not None:
        _whole(frame, cluster)
    if not terms or Term(outcome) in (*terms, *controls):
        raise ParameterError(f"A regression of {outcome} needs terms other than {outcome} of the same period; there are "
                             f"{[t.name for t in (*terms, *controls)]}.")
    who, when = pd.factorize(frame[unit], sort=True)[0], frame[period].to_numpy(dtype=np.int64)
    order = np.lexsort((when, who))  # by code: levels of a categorical need not stand in the order of their names
    ordered, who, when = frame.iloc[order].reset_index(drop=True), who[order], when[order]
    found = [_lagged(ordered, who, when, t, noise.get(t.column)) for t in terms]
    beside = [_lagged(ordered, who, when, t, None) for t in controls]
    spread = np.zeros(len(ordered)) if sampling is None else _numbers(ordered, sampling)
    y = _numbers(ordered, outcome)
    if (spread < 0).any() or any((n < 0).any() for _, n, _ in found):
        raise DataError(f"A variance in {', '.join(filter(None, [sampling, *noise.values()]))} is negative; sampling variances are 0 or more.")
    keep, reasons = _complete(who, {"outcome": [y], "exposure": [part for v, n, _ in found for part in (v, n)],
                                    "control": [v for v, _, _ in beside], "sampling": [spread]})
    made = _rows(y[keep], [[part[keep] for part in one] for one in found], [v[keep] for v, _, _ in beside], who=who[keep], when=when[keep],
                 cluster=None if cluster is None else ordered.loc[keep, cluster], terms=tuple(terms), controls=tuple(controls))
    made = replace(made, dropped=reasons, sampling=None if sampling is None else spread[keep],
                   noise=made.noise if any(t.column in noise for t in terms) else None)
    _enough(made)
    return made


def _whole(frame: pd.DataFrame, cluster: str) -> None:
    """Refuse a column of clusters that does not exist or has holes."""
    if cluster not in frame:
        raise ParameterError(f"There is no column '{cluster}'; {nearest(cluster, frame.columns)}")
    if holes := int(frame[cluster].isna().sum()):
        raise DataError(f"'{cluster}' is missing in {holes} of {len(frame)} rows; every unit belongs to a cluster. Fill it in, or leave units out.")


def _numbers(frame: pd.DataFrame, column: str) -> Array:
    """A column as numbers, NaN where it is missing."""
    return frame[column].to_numpy(dtype=float, na_value=np.nan)


def _lagged(ordered: pd.DataFrame, who: Codes, when: Codes, term: Term, noise: str | None) -> tuple[Array, Array, Codes]:
    """Values, sampling variances and cells of a column `lag` periods before each row; NaN where that period is not in the table."""
    values = _numbers(ordered, term.column)
    spread = np.zeros(len(ordered)) if noise is None else _numbers(ordered, noise)
    span = int(when.max() - when.min()) + 1 + abs(term.lag)
    key = who * (2 * span) + (when - when.min())  # room on both sides, so that a lag never reaches into another unit
    place = np.searchsorted(key, key - term.lag)
    place = np.where(place < len(key), place, 0)
    there = (key[place] == key - term.lag) & (who[place] == who)
    return np.where(there, values[place], np.nan), np.where(there, spread[place], np.nan), np.where(there, place, -1)


def _complete(who: Codes, needed: Mapping[str, list[Array]]) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Rows with everything needed, and how many fall to each reason; a row alone in its unit is its own mean and says nothing about change."""
    keep, reasons = np.ones(len(who), dtype=bool), {}
    for name, columns in needed.items():
        there = np.isfinite(np.column_stack([*columns, np.zeros(len(who))])).all(axis=1)
        reasons[name] = int((keep & ~there).sum())
        keep &= there
    alone = keep & (np.bincount(who[keep], minlength=int(who.max(initial=0)) + 1)[who] < 2)
    return keep & ~alone, {**reasons, "alone": int(alone.sum())}


def _rows(y: Array, found: list, beside: list[Array], *, who: Codes, when: Codes, cluster: pd.Series | None, terms: tuple[Term, ...],
          controls: tuple[Term, ...]) -> Rows:
    """Pack complete rows, equally weighted."""
    unit = inference.encode(who)[0]
    periods, period = np.unique(when, return_inverse=True)
    x, noise, cell = (np.column_stack([part[i] for part in found]) for i in range(3))
    z = np.column_stack(beside) if beside else np.empty((len(y), 0))
    group = unit if cluster is None else pd.factorize(cluster, sort=True)[0]
    return Rows(y=y, x=x, z=z, terms=terms, controls=controls, unit=unit, period=period, cluster=group,
                weights=np.ones(len(y)), noise=noise, cell=cell, sampling=None, periods=tuple(periods.tolist()), dropped={})


def _enough(rows: Rows) -> None:
    """Refuse rows from which no change over time can be told."""
    names = [t.name for t in rows.terms]
    if rows.n_units < 2 or len(rows.periods) < 2:
        raise DataError(f"Of this table {len(rows.y)} rows hold the outcome and {', '.join(names)}: {rows.n_units} unit(s) in {len(rows.periods)} "
                        f"period(s), {rows.n_dropped} rows left out. A change within units needs at least two of each.")
    homes = np.bincount(np.unique(np.column_stack([rows.unit, rows.cluster]), axis=0)[:, 0])
    if (homes > 1).any():
        raise DataError(f"{int((homes > 1).sum())} of {rows.n_units} units change their cluster; a cluster holds whole units. Use one that does not "
                        "change, such as the unit itself.")
    for name, column in zip(names, rows.x.T, strict=True):
        if np.ptp(column) <= 1e-12 * max(np.abs(column).max(), 1e-300):
            raise DataError(f"'{name}' never changes (it is {column[0]:g} in all {len(column)} rows), so nothing can be said about "
                            "what goes with it.")
        inside = column - (np.bincount(rows.unit, column) / np.bincount(rows.unit))[rows.unit]
        if np.abs(inside).max() <= 1e-9 * np.ptp(column):
            raise DataError(f"'{name}' differs between units but never changes within one of the {rows.n_units}; a unit cannot be compared with its "
                            "own past then. Take an exposure that moves over time.")
