"""A long table of units and periods as the wide panel that event studies work on, checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.stats import inference
from voclib.stats.events.twoway import Array, Codes, by_cluster, fitted
from voclib.stats.inference import Fit


@dataclass(frozen=True)
class Panel:
    """N units × T periods: outcome and weight (0 where there is no row), periods since exposure (−∞ where never), clusters as codes (N,)."""

    y: Array
    weights: Array
    since: Array
    codes: Codes
    n_dropped: int

    def fit(self, value: float, without: Array, load: Array, *, n: int, method: str) -> Fit:
        """A Fit from its values without each cluster (G,) and the weights (N, T) with which it adds up outcomes."""
        square = np.divide(load**2, self.weights, out=np.zeros_like(load), where=self.weights > 0)
        exposed = by_cluster(np.isfinite(self.since).any(axis=1).astype(int), self.codes) > 0
        return fitted(value, without, by_cluster(square.sum(axis=1), self.codes), exposed, self.codes, n=n, method=method)


def read(frame: pd.DataFrame, unit: str, period: str, exposed_in: str, outcome: str, cluster: str | None, weights: str | None) -> Panel:
    """The long frame as units × periods, checked; units exposed from their first period on are left out. Raises what `event_study` says."""
    _known(frame, unit, period, exposed_in, outcome, cluster, weights)
    i, _ = pd.factorize(frame[unit])
    t, first = _ordinal(frame[period], period), _ordinal(frame[exposed_in], exposed_in)
    y = frame[outcome].to_numpy(dtype=float)
    w = np.ones(len(frame)) if weights is None else frame[weights].to_numpy(dtype=float)
    _checked(frame, unit, period, i, t, y, w, (outcome, weights))
    shape, column = (int(i.max()) + 1, int(t.max() - t.min()) + 1), (t - t.min()).astype(int)
    wide = {name: np.zeros(shape) for name in ("y", "w")}
    wide["y"][i, column], wide["w"][i, column] = y, w
    starts = _constant(first, i, exposed_in, "the first exposed period")
    if not np.isfinite(starts).any():
        raise DataError(f"Nobody is exposed: '{exposed_in}' is empty in all rows.")
    since = np.where(np.isfinite(starts)[:, None], np.arange(shape[1])[None, :] + t.min() - np.nan_to_num(starts)[:, None], -np.inf)
    keep = (wide["w"] * (since < 0)).any(axis=1)
    if not np.isfinite(since[keep]).any():
        raise DataError("Every exposed unit is exposed from its first period on; without a period before exposure nothing can be compared.")
    own = i if cluster is None else pd.factorize(frame[cluster])[0]
    codes, _ = inference.encode(_constant(own.astype(float), i, cluster or unit, "the cluster")[keep])
    return Panel(wide["y"][keep], wide["w"][keep], since[keep], codes, int((~keep).sum()))


def _known(frame: pd.DataFrame, *names: str | None) -> None:
    """Every named column exists."""
    for name in names:
        if name is not None and name not in frame:
            raise ParameterError(f"There is no column '{name}' in the panel; {nearest(name, frame.columns)}")


def _ordinal(values: pd.Series, name: str) -> Array:
    """Periods as whole numbers, dates and text counted in months; NaN where empty."""
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        numbers = np.where(np.isinf(numbers), np.nan, numbers)
        if not (np.isnan(numbers) | (numbers == np.round(numbers))).all():
            raise DataError(f"'{name}' holds fractions; periods are whole numbers, or dates.")
        return numbers
    try:
        months = pd.PeriodIndex(values, freq="M")
    except (ValueError, TypeError) as cause:
        raise DataError(f"'{name}' holds neither whole numbers nor dates, but for example {values.dropna().iloc[0]!r}.") from cause
    return np.where(months.isna(), np.nan, months.year * 12.0 + months.month)


def _checked(frame: pd.DataFrame, unit: str, period: str, i: NDArray[np.intp], t: Array, y: Array, w: Array, names: tuple[str, str | None]) -> None:
    """What makes a panel unusable, by name."""
    outcome, weights = names
    checks: list[tuple[bool | np.bool_, Callable[[], Any]]] = [
        (not len(frame), lambda: "The panel has no rows."),
        ((i < 0).any() or np.isnan(t).any(), lambda: f"'{unit}' or '{period}' is missing in {int(((i < 0) | np.isnan(t)).sum())} of {len(t)} rows."),
        (frame.duplicated([unit, period]).any(), lambda: _twice(frame, unit, period)),
        (~np.isfinite(y).all(), lambda: f"'{outcome}' is missing in {int((~np.isfinite(y)).sum())} of {len(y)} rows; "
                                        "write 0 for a period without purchases, and leave out periods not observed."),
        (not (np.isfinite(w) & (w >= 0)).all(), lambda: f"Weights '{weights}' must be 0 or more and never missing."),
        (len(y) > 0 and np.ptp(y) == 0, lambda: f"'{outcome}' is {y[0]:g} in every row; a constant outcome has no effect to find.")]
    for failed, message in checks:
        if failed:
            raise DataError(message())


def _twice(frame: pd.DataFrame, unit: str, period: str) -> str:
    """Which unit and period occur more than once."""
    again = frame.duplicated([unit, period])
    one = frame.loc[again, [unit, period]].iloc[0]
    return (f"{int(again.sum())} rows repeat a unit and period, such as {unit} {one[unit]} in {one[period]}; "
            "the panel has one row for each: add the amounts up first.")


def _constant(values: ArrayLike, i: NDArray[np.intp], name: str, what: str) -> Array:
    """One value a unit (N,), NaN where empty throughout."""
    v = np.asarray(values, dtype=float)
    filled = np.where(np.isnan(v), np.inf, v)
    low, high = np.full(i.max() + 1, np.inf), np.full(i.max() + 1, -np.inf)
    np.minimum.at(low, i, filled)
    np.maximum.at(high, i, filled)
    if (bad := low != high).any():
        raise DataError(f"'{name}' changes within {int(bad.sum())} units; {what} is one value a unit.")
    return np.where(np.isinf(low), np.nan, low)
