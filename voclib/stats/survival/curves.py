"""Who is still a customer: Kaplan–Meier, restricted mean time, and reasons that compete, all with weights and clusters.

Product limit S(t) = Π(1 − d/n) over event times (Kaplan & Meier 1958, JASA 53); restricted mean μ(τ) = ∫₀^τ S (Royston & Parmar 2013, BMC MRM
13); incidence of a reason F(t) = Σ S(t−)·d/n (Aalen & Johansen 1978, Scand. J. Stat. 5). Influence values are exact derivatives by a row's
weight; without weights their squares sum to Greenwood's variance. Weights are taken as given.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.stats import inference
from voclib.stats.inference import Fit
from voclib.stats.survival.timing import immortal

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Shares by time: still there (survival) or gone for one reason (incidence). All arrays (M,), in the order of `times`.

    Intervals are pointwise and log(−log)-transformed, so that they stay between 0 and 1; `band_low`/`band_high` hold the whole curve at once
    (sup-t on the same scale). `at_risk` counts rows. `fits` carry influence values of the rows given.
    """

    times: Array
    value: Array
    std_error: Array
    conf_low: Array
    conf_high: Array
    band_low: Array
    band_high: Array
    at_risk: NDArray[np.intp]
    fits: tuple[Fit, ...]

    def tidy(self, value: str = "survival") -> pd.DataFrame:
        """One row a time: time, the value under its name, std_error, conf_low, conf_high, band_low, band_high, at_risk."""
        return pd.DataFrame({"time": self.times, value: self.value, **{name: getattr(self, name) for name in (
            "std_error", "conf_low", "conf_high", "band_low", "band_high", "at_risk")}})


@dataclass(frozen=True)
class _Steps:
    """Rows (N,) and their event times (K,): weights at risk and leaving, survival after each, and the last time anybody was seen."""

    duration: Array
    gone: NDArray[np.bool_]
    weights: Array
    times: Array
    at_risk: Array
    events: Array
    survival: Array
    place: NDArray[np.intp]  # index of the last event time ≤ a row's duration, −1 before the first

    @property
    def drag(self) -> Array:
        """d/(n(n − d)), what a row at risk adds to log S at each event time; 0 where nobody is left."""
        room = self.at_risk * (self.at_risk - self.events)
        return np.divide(self.events, room, out=np.zeros_like(room), where=room > 1e-12 * self.at_risk**2)

    @property
    def push(self) -> Array:
        """1/(n − d), what a leaving row takes from log S; 0 where nobody is left."""
        room = self.at_risk - self.events
        return np.divide(1.0, room, out=np.zeros_like(room), where=room > 1e-12 * self.at_risk)

    def log_influence(self, value: Array) -> Array:
        """Derivatives (N,) of Σ value·log(1 − d/n) over event times by a row's log weight; `value` (K,) is 0 at times not counted."""
        total = np.append(0.0, np.cumsum(self.drag * value))[self.place + 1]
        out = np.append(self.push * value, 0.0)[self.place]
        return self.weights * (total - np.where(self.gone, out, 0.0))

    def survival_at(self, at: Array) -> Array:
        """S (M,) at given times."""
        return np.append(1.0, self.survival)[np.searchsorted(self.times, at, side="right")]


def _steps(duration: Array, gone: NDArray[np.bool_], weights: Array) -> _Steps:
    """Event times and what happens at each."""
    gone = gone & (weights > 0)
    times = np.unique(duration[gone])
    place = np.searchsorted(times, duration, side="right") - 1
    held = np.bincount(place + 1, weights, len(times) + 1)
    at_risk = held[::-1].cumsum()[::-1][1:]
    events = np.bincount(place[gone], weights[gone], len(times)) if len(times) else np.zeros(0)
    return _Steps(duration, gone, weights, times, at_risk, events, np.cumprod(1 - np.minimum(events / at_risk, 1.0)), place)


def _checked(duration: ArrayLike, gone: ArrayLike, weights: ArrayLike | None, cluster: ArrayLike | None = None) -> tuple[Array, Array]:
    """Durations and weights as floats, complete and of one length."""
    time = np.asarray(duration, dtype=float)
    w = np.ones(len(time)) if weights is None else np.asarray(weights, dtype=float)
    sizes = [len(time), len(np.asarray(gone)), len(w), *([] if cluster is None else [len(np.asarray(cluster))])]
    if len(set(sizes)) > 1:
        raise ParameterError(f"Durations, events, weights and clusters need the same rows; there are {', '.join(map(str, sizes))}.")
    if len(time) < 2 or not np.isfinite(time).all() or (time < 0).any():
        bad = int((~(np.isfinite(time) & (time >= 0))).sum())
        raise DataError(f"duration is a time of 0 or more in every row, and there are at least two; in {bad} of {len(time)} rows it is not: "
                        "dates in the wrong order, or rows without an end of follow-up.")
    if not np.isfinite(w).all() or (w < 0).any() or not w.any():
        raise DataError("Weights are 0 or more, never missing, and not all 0.")
    return time, w


def _events(event: ArrayLike) -> NDArray[np.bool_]:
    """Who left (1) and who was last seen there (0)."""
    found = np.asarray(event, dtype=float)
    if not np.isin(found, (0, 1)).all():
        raise DataError("event is 1 for who left and 0 for who was still there when last seen; other values, or none, are not understood.")
    return found == 1


def _curve(steps: _Steps, values: Array, influence: Array, at: Array, *, sign: float, cluster: ArrayLike | None, conf_level: float,
           seed: int) -> Curve:
    """Intervals around shares; `sign` −1 where the share is survival, 1 where it is 1 − survival-like."""
    fits = tuple(inference.fit(v, u, n=len(steps.duration), cluster=cluster, method="product limit")
                 for v, u in zip(values, influence.T, strict=True))
    errors = np.array([f.std_error for f in fits])
    survival = values if sign < 0 else 1 - values
    inner = (survival > 0) & (survival < 1) & (errors > 0)
    slope = np.where(inner, errors / np.where(inner, -survival * np.log(np.where(inner, survival, 0.5)), 1.0), 0.0)
    reach = np.array([inference.quantile(conf_level, f.df) for f in fits])
    joint = np.maximum(_together([f for f, k in zip(fits, inner, strict=True) if k], conf_level, seed), reach)
    ends = [survival ** np.exp(s * k * slope) for k in (reach, joint) for s in (1, -1)]
    ends = ends if sign < 0 else [1 - e for e in (ends[1], ends[0], ends[3], ends[2])]
    at_risk = len(steps.duration) - np.searchsorted(np.sort(steps.duration), at, side="left")
    return Curve(times=at, value=values, std_error=errors, conf_low=ends[0], conf_high=ends[1], band_low=ends[2], band_high=ends[3],
                 at_risk=at_risk, fits=fits)


def _together(fits: Sequence[Fit], conf_level: float, seed: int) -> float:
    """Multiplier of standard errors that holds all of several fits at once."""
    if not fits:
        return 0.0
    return inference.sup_t(np.corrcoef(np.column_stack([f.influence for f in fits]).T).reshape(len(fits), -1), conf_level=conf_level, seed=seed)


def kaplan_meier(duration: ArrayLike, event: ArrayLike, *, at: ArrayLike, weights: ArrayLike | None = None, cluster: ArrayLike | None = None,
                 conf_level: float = 0.95, seed: int = 0) -> Curve:
    """Share still there at times `at` (M,), in the unit of `duration` (N,); `event` (N,) is 1 for who left, 0 for who was still there at the end.

    `seed` is of the draws behind the band. Raises DataError for negative or missing durations, events other than 0/1, bad weights, times after
    the last one at which anybody was seen.
    """
    time, w = _checked(duration, event, weights, cluster)
    steps, when = _steps(time, _events(event), w), _asked(at, time)
    values = steps.survival_at(when)
    influence = np.column_stack([len(time) * v * steps.log_influence((steps.times <= t).astype(float)) for t, v in zip(when, values, strict=True)])
    return _curve(steps, values, influence, when, sign=-1, cluster=cluster, conf_level=conf_level, seed=seed)


def _asked(at: ArrayLike, time: Array) -> Array:
    """Times at which a curve is wanted."""
    when = np.atleast_1d(np.asarray(at, dtype=float))
    if not when.size or not np.isfinite(when).all() or when.max() > time.max():
        raise DataError(f"Nobody was seen after {time.max():g}; ask for times up to then.")
    return when


def restricted_mean(duration: ArrayLike, event: ArrayLike, exposed: ArrayLike, *, horizon: float, weights: ArrayLike | None = None,
                    cluster: ArrayLike | None = None, exposed_after: ArrayLike | None = None) -> Fit:
    """Time as a customer up to a horizon, exposed minus not exposed, in the unit of `duration` (days): −12 is twelve days lost of, say, 365.

    `exposed` (N,) is 0/1 and known at time zero; with weights of e/(1 − e) for the unexposed and 1 for the exposed it is the effect on the
    exposed. `exposed_after` (N,), the time from zero to the exposure, is checked for immortal time. Influence rows are the rows given.

    Raises
    ------
    DataError
        as `kaplan_meier`, for an arm of fewer than two, nobody leaving in either, an arm not followed until the horizon, immortal time.
    """
    time, w = _checked(duration, event, weights, cluster)
    gone, arm = _events(event), _arms(exposed, len(time))
    _not_later(exposed_after, arm)
    influence, value = np.zeros(len(time)), 0.0
    for sign, part in ((1, arm), (-1, ~arm)):
        steps = _steps(time[part], gone[part], w[part])
        last = time[part].max()
        if horizon <= 0 or horizon > last and not gone[part][time[part] == last].all():
            which = "exposed" if sign > 0 else "unexposed"
            raise DataError(f"A horizon of {horizon:g} is not covered: {which} rows are followed to {last:g} at most.")
        mean, effect = _mean_time(steps, horizon)
        value += sign * mean
        influence[part] += sign * len(time) * effect
    if not influence.any():
        raise DataError(f"Nobody leaves before {horizon:g} in either group; there is no time lost to compare.")
    return inference.fit(value, influence, n=len(time), cluster=cluster, method="restricted mean time")


def _mean_time(steps: _Steps, horizon: float) -> tuple[float, Array]:
    """∫₀^τ S and its derivatives (N,) by log weights."""
    inside = steps.times < horizon
    edges = np.concatenate([[0.0], steps.times[inside], [horizon]])
    areas = np.append(1.0, steps.survival[inside]) * np.diff(edges)
    rest = np.zeros(len(steps.times))
    rest[inside] = areas[::-1].cumsum()[::-1][1:]
    return float(areas.sum()), steps.log_influence(rest)


def _arms(exposed: ArrayLike, n: int) -> NDArray[np.bool_]:
    """Who is exposed."""
    found = np.asarray(exposed, dtype=float)
    if len(found) != n:
        raise ParameterError(f"exposed has {len(found)} rows and duration {n}.")
    if not np.isin(found, (0, 1)).all() or min(found.sum(), (1 - found).sum()) < 2:
        raise DataError("exposed is 0 or 1 in every row, with at least two rows of each.")
    return found == 1


def _not_later(exposed_after: ArrayLike | None, arm: NDArray[np.bool_]) -> None:
    """Refuse an exposure that begins after time zero."""
    if exposed_after is not None:
        immortal(np.zeros(len(arm)), np.where(arm, np.asarray(exposed_after, dtype=float), np.nan))


def adjusted_curves(duration: ArrayLike, event: ArrayLike, exposed: ArrayLike, *, at: ArrayLike, weights: ArrayLike | None = None,
                    cluster: ArrayLike | None = None, exposed_after: ArrayLike | None = None, conf_level: float = 0.95) -> pd.DataFrame:
    """Curves of both groups for a chart: group ("exposed", "unexposed"), then the columns of `Curve.tidy`; arguments as `restricted_mean`."""
    time, w = _checked(duration, event, weights, cluster)
    gone, arm, groups = _events(event), _arms(exposed, len(time)), None if cluster is None else np.asarray(cluster)
    _not_later(exposed_after, arm)
    found = []
    for name, part in (("exposed", arm), ("unexposed", ~arm)):
        curve = kaplan_meier(time[part], gone[part], at=at, weights=w[part], cluster=None if groups is None else groups[part], conf_level=conf_level)
        found.append(curve.tidy().assign(group=name))
    table = pd.concat(found, ignore_index=True)
    return table[["group", *table.columns.drop("group")]]


def cumulative_incidence(duration: ArrayLike, cause: ArrayLike, *, causes: Sequence[Hashable], at: ArrayLike, weights: ArrayLike | None = None,
                         cluster: ArrayLike | None = None, conf_level: float = 0.95, seed: int = 0) -> pd.DataFrame:
    """Share gone for each reason by time, where one reason forestalls the others (sold the car, went to another workshop).

    `cause` (N,) is the reason, empty for who was still there when last seen; `causes` are the reasons to tell apart, all that occur. At each
    time they and those still there add up to 1; 1 − Kaplan–Meier of one reason, the others taken as censored, would say too much.

    Returns
    -------
    One row a cause and time: cause, time, incidence, std_error, conf_low, conf_high, band_low, band_high, at_risk.

    Raises
    ------
    DataError
        as `kaplan_meier`; for a reason that `causes` does not name, or one it names that nobody has.
    """
    time, w = _checked(duration, cause, weights, cluster)
    labels = pd.Series(np.asarray(cause, dtype=object))
    gone = labels.notna().to_numpy()
    if stray := sorted({str(v) for v in labels[gone].unique() if v not in set(causes)}):
        raise DataError(f"cause holds '{stray[0]}', which causes= does not name; {nearest(stray[0], map(str, causes))}")
    if empty := [c for c in causes if not (labels == c).any()]:
        raise DataError(f"Nobody left because of '{empty[0]}'; {nearest(str(empty[0]), map(str, labels[gone].unique()))}")
    steps, when = _steps(time, gone, w), _asked(at, time)
    tables = []
    for reason in causes:
        values, influence = _incidence(steps, (labels == reason).to_numpy(), when)
        curve = _curve(steps, values, influence, when, sign=1, cluster=cluster, conf_level=conf_level, seed=seed)
        tables.append(curve.tidy("incidence").assign(cause=reason))
    table = pd.concat(tables, ignore_index=True)
    return table[["cause", *table.columns.drop("cause")]]


def _incidence(steps: _Steps, mine: NDArray[np.bool_], at: Array) -> tuple[Array, Array]:
    """Incidence of one reason (M,) and its influence (N, M): who leaves for it, who is at risk, and what is left of S before each time."""
    before = np.append(1.0, steps.survival)[:-1]
    events = np.bincount(steps.place[mine], steps.weights[mine], len(steps.times))
    rate = before * events / steps.at_risk
    total = np.cumsum(rate)
    values, columns = [], []
    for t in at:
        live = steps.times <= t
        gone = float(rate[live].sum())
        later = np.where(live, gone - total, 0.0)  # what is still to come when an event moves S
        direct = np.append(0.0, np.cumsum(np.where(live, rate / steps.at_risk, 0.0)))[steps.place + 1]
        hit = np.where(mine & (steps.duration <= t), np.append(before / steps.at_risk, 0.0)[steps.place], 0.0)
        columns.append(len(steps.duration) * (steps.weights * (hit - direct) + steps.log_influence(later)))
        values.append(gone)
    return np.array(values), np.column_stack(columns)
