"""Why a mean moved between two periods: because its parts changed size (mix), or because they changed themselves (rate)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import TIDY
from voclib.stats import inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Presence = Literal["both", "new", "vanished"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one group contributes to the change, in the unit of the mean.

    `shares` and `means` are the group's share of all weight and its mean, before and after (no mean where it was not there);
    `present` is "both", "new" (only after) or "vanished" (only before), whose whole contribution is mix.
    """

    group: Any
    mix: Fit
    rate: Fit
    shares: tuple[float, float]
    means: tuple[float, float]
    present: Presence


@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """start + Σ mix + Σ rate = end, each a `Fit` whose influence stands on the same rows of the frame (`rows`, their positions).

    A step whose group has, in one period, a single cluster (row, where nothing is clustered) has no standard error: it is not a number.
    """

    start: Fit
    end: Fit
    steps: tuple[Step, ...]
    total_mix: Fit
    total_rate: Fit
    at: tuple[Any, Any]
    rows: Codes

    def __getitem__(self, group: Any) -> Step:
        return next(step for step in self.steps if step.group == group)

    def tidy(self, conf_level: float = 0.95) -> pd.DataFrame:
        """Start, mix and rate of every group, their totals, end: one row each with its interval."""
        parts = [("start", str(self.at[0]), self.start), *((kind, str(s.group), getattr(s, kind)) for s in self.steps for kind in ("mix", "rate")),
                 ("mix", "", self.total_mix), ("rate", "", self.total_rate), ("end", str(self.at[1]), self.end)]
        rows = []
        for term, group, f in parts:
            reach = inference.quantile(conf_level, f.df) * f.std_error if np.isfinite(f.std_error) else np.nan
            p = inference.p_value(f.value / f.std_error, f.df) if f.std_error > 0 else np.nan
            rows.append((term, group, f.value, f.std_error, f.value - reach, f.value + reach, p, f.n, f.method))
        return pd.DataFrame(rows, columns=TIDY)


@dataclass(frozen=True)
class _Cells:
    """Rows of two periods by group: period t (N,), group g (N,), value y and share of its period's weight w (N,), cluster (N,).

    `share` and `mean` are (2, K); the mean of an empty cell is not a number.
    """

    t: Codes
    g: Codes
    y: Array
    w: Array
    cluster: Codes
    clustered: bool
    share: Array
    mean: Array

    @property
    def overall(self) -> Array:
        """The mean of each period (2,)."""
        return np.nansum(self.share * self.mean, axis=1)


def mix_rate(frame: pd.DataFrame, *, value: str, by: str, period: str, at: tuple[Any, Any], weights: str | None = None,
             cluster: str | None = None) -> Decomposition:
    """Change of the mean of `value` from period at[0] to at[1], taken apart by the groups of `by`.

    Source: Kitagawa 1955 (JASA 50), in the symmetric form of Das Gupta 1993 (US Census P23-186). With share p, mean r of a group
    and m̄ the average of the two overall means,

        mix_g = (p₁ − p₀)·[(r₀ + r₁)/2 − m̄],      rate_g = (p₀ + p₁)/2·(r₁ − r₀).

    Measured from m̄ a group that grows moves the mean up only if it lies above it; the sum over groups is the same without m̄. The
    variance is linearised: influence of both shares and means, clusters (dealers; customers seen in both periods) paired across
    periods, CR2 within each group and period, Satterthwaite degrees of freedom. The order of periods is at[0], at[1]; other periods and
    rows without a value are left out. It says which group's numbers moved, not what moved them.

    Raises
    ------
    DataError
        for a missing column, values that are no numbers, groups or clusters or weights that are missing, a period without weight.
    ParameterError
        for a period that does not occur, or two that are the same.
    """
    rows = _kept(frame, value, by, period, at, weights, cluster)
    y = frame[value].to_numpy(dtype=float, na_value=np.nan)[rows]
    w = np.ones(len(rows)) if weights is None else frame[weights].to_numpy(dtype=float, na_value=np.nan)[rows]
    t = 1 - (frame[period] == at[0]).to_numpy(dtype=bool, na_value=False)[rows].astype(np.intp)
    w = w / np.bincount(t, w)[t]
    g, names = pd.factorize(frame[by].iloc[rows], sort=True)
    codes = np.arange(len(rows)) if cluster is None else pd.factorize(frame[cluster].iloc[rows])[0]
    size = len(names)
    share = np.bincount(t * size + g, w, 2 * size).reshape(2, size)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(t * size + g, w * y, 2 * size).reshape(2, size) / share
    cells = _Cells(t, g, y, w, codes, cluster is not None, share, mean)
    steps = tuple(_step(cells, k, name) for k, name in enumerate(names))
    start, end = (_fit(cells, float(cells.overall[k]), np.where(t == k, w * (y - cells.overall[k]), 0.0) * len(y), np.where(t == k, 0, -1), t == k)
                  for k in (0, 1))
    mix, rate = (_total(cells, sum(getattr(s, kind).value for s in steps), np.sum([getattr(s, kind).influence for s in steps], axis=0))
                 for kind in ("mix", "rate"))
    return Decomposition(start=start, end=end, steps=steps, total_mix=mix, total_rate=rate, at=at, rows=rows)


def _kept(frame: pd.DataFrame, value: str, by: str, period: str, at: tuple[Any, Any], weights: str | None, cluster: str | None) -> Codes:
    """Positions of the rows of the two periods that have a value and count."""
    for name in (value, by, period, weights, cluster):
        if name is not None and name not in frame.columns:
            raise DataError(f"The frame has no column '{name}'; {nearest(name, frame.columns)}")
    if at[0] == at[1]:
        raise ParameterError(f"at= names two different periods, before and after; both are {at[0]!r}.")
    known = set(frame[period].dropna().unique())
    if lost := [p for p in at if p not in known]:
        raise ParameterError(f"Column '{period}' holds no {lost[0]!r}; {nearest(str(lost[0]), known)}")
    for name in (n for n in (value, weights) if n is not None):
        if not (pd.api.types.is_numeric_dtype(frame[name]) or pd.api.types.is_bool_dtype(frame[name])):
            raise DataError(f"'{name}' holds no numbers; turn it into numbers first: voclib.schema.coerce counts every change.")
    inside = [(frame[period] == p).to_numpy(dtype=bool, na_value=False) for p in at]
    there = frame[value].notna().to_numpy(bool)
    if weights is not None:
        w = frame[weights].to_numpy(dtype=float, na_value=np.nan)
        if bad := int(((inside[0] | inside[1]) & there & ~(np.isfinite(w) & (w >= 0))).sum()):
            raise DataError(f"{bad} rows have no usable weight in '{weights}': missing, infinite or negative.")
        there = there & (w != 0)  # what counts for nothing is no row
    for p, when in zip(at, inside, strict=True):
        if not (there & when).any():
            raise DataError(f"Period {p!r} has no row with a value in '{value}'{'' if weights is None else ' and a weight above zero'}.")
    there = there & (inside[0] | inside[1])
    for name, what in ((by, "group"), (cluster, "cluster")):
        if name is not None and (bad := int(frame[name].isna().to_numpy(bool)[there].sum())):
            raise DataError(f"{bad} rows have no {what} in '{name}'; give them one (such as 'not stated'), or leave them out.")
    return np.flatnonzero(there)


def _step(cells: _Cells, k: int, name: Any) -> Step:
    """Mix and rate of one group with their influence on shares and means."""
    share, mean, there = cells.share[:, k], cells.mean[:, k], cells.share[:, k] > 0
    present: Presence = "both" if there.all() else "new" if there[1] else "vanished"
    filled = np.where(there, mean, np.nansum(mean[there]))  # a group seen once keeps its mean, so that all of it is mix
    level, change = filled.mean() - cells.overall.mean(), share[1] - share[0]
    mix, rate = change * level, share.mean() * (filled[1] - filled[0])
    inside, sign = cells.g == k, np.where(cells.t == 1, 1.0, -1.0)
    around = cells.w * (inside - share[cells.t])  # share of the group
    within = np.where(inside, cells.w * (cells.y - filled[cells.t]), 0.0) / np.where(there, share, 1.0)[cells.t]  # mean of the group
    whole = cells.w * (cells.y - cells.overall[cells.t])  # overall mean
    halves = 0.5 if present == "both" else 1.0  # the mean of a group seen once enters whole
    u_mix = sign * level * around + change * (halves * within - 0.5 * whole)
    u_rate = 0.5 * (filled[1] - filled[0]) * around + share.mean() * sign * within * (present == "both")
    fits = [_fit(cells, float(v), len(cells.y) * u, np.where(inside, 0, 2) + cells.t, inside) for v, u in ((mix, u_mix), (rate, u_rate))]
    return Step(group=name, mix=fits[0], rate=fits[1], shares=(float(share[0]), float(share[1])), means=(float(mean[0]), float(mean[1])),
                present=present)


def _total(cells: _Cells, value: float, u: Array) -> Fit:
    """A number of all groups: each period is one arm."""
    return _fit(cells, value, u, cells.t, np.ones(len(u), dtype=bool))


def _fit(cells: _Cells, value: float, u: Array, arm: Codes, mine: NDArray[np.bool_]) -> Fit:
    """A Fit from its influence (N,) in a few arms (group or rest, by period), CR2 with each cluster's share of its arm as leverage.

    Rows of arm −1 have no part in it; `mine` are the rows it is a number of.
    """
    live, groups = arm >= 0, int(cells.cluster.max()) + 1
    at, arms = arm[live] * groups + cells.cluster[live], int(arm.max()) + 1
    weight, moved = (np.bincount(at, part[live], arms * groups).reshape(arms, groups) for part in (cells.w, u))
    held = weight.sum(axis=1) > 0
    weight, moved = weight[held] / weight[held].sum(axis=1, keepdims=True), moved[held] / len(u)
    about = {"n": int(mine.sum()), "n_clusters": int(np.count_nonzero(np.bincount(cells.cluster[mine]))) if cells.clustered else None,
             "method": "linearised, CR2" if cells.clustered else "linearised", "influence": u}
    if weight.max() > 1 - 1e-9:
        return Fit(value=value, std_error=np.nan, df=0.0, **about)
    apart = moved / np.sqrt(1 - weight)
    return Fit(value=value, std_error=float(np.sqrt((apart.sum(axis=0) ** 2).sum())), df=inference.satterthwaite(weight, (apart**2).sum(axis=1)),
               **about)
