"""When a subject began to be more frequent among all events of its stream: one rise, its first day with a set of days, and its chance.

Days of a subject are compared with days of the whole stream, so growth, seasons and weekends cancel; where what could bring the subject about comes
and goes (vehicles that carry a batch), each event of the stream counts by the share of it on that day. For a window of days with share w of the
stream, k of the subject's K,

    ℓ = k log(k / wK) + (K − k) log((K − k) / (K − wK)),   where k > wK,

is the log likelihood ratio of one rate inside and another outside (Kulldorff 1997, Communications in Statistics 26; 2001, JRSS A 164). The largest
ℓ is judged by shuffling which of the stream's events are the subject's; its tail is a Gumbel distribution (Abrams, Kulldorff & Kleinman 2010,
International Journal of Health Geographics 9:61). The first day has the set of days that a likelihood ratio leaves in, the limit of which comes from
redrawing events with the rates that were found (Worsley 1986, Biometrika 73).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, xlogy

from voclib.errors import DataError, ParameterError

Array = NDArray[np.float64]
Days = NDArray[np.intp]
EULER = 0.5772156649015329
CLASSES = (3, 4, 5, 6, 8, 10, 13, 16, 20, 26, 33, 42, 54, 70, 90, 120, 160, 220, 300)  # of K, at which the tail is drawn


@dataclass(frozen=True, kw_only=True)
class Rise:
    """The likeliest rise of a subject: from day `first` to day `last`, `n` events where `expected` were to come, `ratio` of the rates in and out.

    `p_value` is the chance of a rise as clear anywhere, of this subject alone. `low` to `high` is the set of first days, both None until `dated`.
    """

    first: int
    last: int
    n: int
    expected: float
    ratio: float
    statistic: float
    p_value: float
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True)
class Stream:
    """All events of a stream by day: `count` (D,) on each day, the subject's among them, and `weight` (D,), to which the chance that an event of the
    day is the subject's is proportional while nothing rises; None: the same on all days."""

    count: Array
    weight: Array | None = None

    @classmethod
    def of(cls, days: ArrayLike, *, length: int, weight: ArrayLike | None = None) -> Stream:
        """A stream of `length` days out of its events' day numbers, 0 the first.

        Raises DataError for a day outside, or weights that are not one a day and 0 or more.
        """
        found = np.asarray(days, dtype=np.intp)
        if found.size and (found.min() < 0 or found.max() >= length):
            raise DataError(f"Days lie between 0 and {length - 1}; they run from {found.min()} to {found.max()}.")
        share = None if weight is None else np.asarray(weight, dtype=float)
        if share is not None and (share.shape != (length,) or not (np.isfinite(share).all() and (share >= 0).all() and share.any())):
            raise DataError(f"Each of {length} days has a weight of 0 or more, not all of them 0.")
        return cls(np.bincount(found, minlength=length).astype(float), share)

    @property
    def days(self) -> int:
        """Number of days."""
        return len(self.count)

    @property
    def mass(self) -> Array:
        """Events of each day times their weight (D,)."""
        return self.count if self.weight is None else self.count * self.weight

    @property
    def size(self) -> float:
        """Events that could be the subject's."""
        return float(self.count.sum() if self.weight is None else self.count[self.weight > 0].sum())

    @property
    def before(self) -> Array:
        """Weighted events before each day (D + 1,)."""
        return np.concatenate([[0.0], np.cumsum(self.mass)])


def rise(own: ArrayLike, stream: Stream, *, baseline: int = 60, least: int = 3, draws: int = 300, seed: int = 0,
         at_most: float = 1.0) -> Rise | None:
    """The likeliest rise of the subject with events on days `own`, from day `baseline` on; None with fewer than `least` events in any.

    None also where its p cannot lie at or below `at_most`, since that of its one window alone does not: that saves drawing its tail.

    Raises
    ------
    ParameterError
        for a baseline that leaves no day.
    DataError
        for an event on a day without weight.
    """
    days = np.sort(np.asarray(own, dtype=np.intp))
    if not 0 <= baseline < stream.days:
        raise ParameterError(f"The baseline is at least 0 days and leaves some of {stream.days}; it is {baseline}.")
    if stream.weight is not None and len(days) and not stream.mass[days].all():
        raise DataError("An event of the subject lies on a day without weight, on which it could not happen.")
    if len(days) < least or not (days >= baseline).any():
        return None
    starts = np.unique(days[days >= baseline])
    found = _windows(days, stream, starts, least)
    if not np.isfinite(found.value.max()):
        return None
    i, j = np.unravel_index(int(found.value.argmax()), found.value.shape)
    if chdtrc(1.0, 2 * found.value[i, j]) / 2 > at_most:
        return None
    n, expected, total = float(found.k[i, j]), float(found.w[i, j] * len(days)), len(days)
    outside = (total - n) / max(total - expected, 1e-9)
    skipped = float(stream.before[baseline] / stream.before[-1])
    place, scale = _tail(_class(total), _size(stream.size), np.floor(10 * skipped) / 10, least, draws, seed)
    chance = -np.expm1(-np.exp(-(found.value[i, j] - place) / scale))
    return Rise(first=int(starts[i]), last=int(found.ends[j]), n=int(n), expected=expected, ratio=n / expected / max(outside, 0.5 / total),
                statistic=float(found.value[i, j]), p_value=float(chance))


def dated(found: Rise, own: ArrayLike, stream: Stream, *, conf_level: float = 0.95, baseline: int = 60, least: int = 3, draws: int = 499,
          seed: int = 0) -> Rise:
    """The rise with its set of first days."""
    days = np.sort(np.asarray(own, dtype=np.intp))
    rng = np.random.default_rng([seed, len(days), found.first])
    inside = slice(found.first, found.last + 1)
    count = np.bincount(days, minlength=stream.days).astype(float)
    mass, weight = stream.mass, np.ones(stream.days) if stream.weight is None else stream.weight
    outside = mass.sum() - mass[inside].sum()
    share = weight * ((count.sum() - found.n) / outside if outside > 0 else 0.0)
    share[inside] = weight[inside] * found.n / mass[inside].sum()
    lost = []
    for _ in range(draws):
        drawn = rng.binomial(stream.count.astype(int), np.minimum(share, 1.0))
        again = np.repeat(np.arange(stream.days), drawn)
        profile = _profile(again, stream, baseline, least)
        if np.isfinite(profile[found.first]):
            lost.append(np.nanmax(profile) - profile[found.first])
    limit = float(np.quantile(lost, conf_level)) if lost else np.inf
    profile = _profile(days, stream, baseline, least)
    inside_set = np.flatnonzero(np.nanmax(profile) - np.where(np.isfinite(profile), profile, -np.inf) <= limit + 1e-9)
    return Rise(**{**found.__dict__, "low": int(inside_set.min()), "high": int(inside_set.max())})


@dataclass(frozen=True)
class _Windows:
    """Log likelihood ratios of windows (starts, ends), the subject's events and the stream's share in each."""

    value: Array
    k: Array
    w: Array
    ends: Days


def _windows(days: Days, stream: Stream, starts: Days, least: int) -> _Windows:
    """Windows that begin on `starts` and end on a day of the subject or the last one; −inf where it is no rise of `least` events."""
    before, total = stream.before, float(len(days))
    ends = np.union1d(days[days >= starts.min()], [stream.days - 1])
    k = (np.searchsorted(days, ends, side="right")[None, :] - np.searchsorted(days, starts, side="left")[:, None]).astype(float)
    w = (before[ends + 1][None, :] - before[starts][:, None]) / before[-1]
    fits = (ends[None, :] >= starts[:, None]) & (k >= least) & (k > w * total)
    return _Windows(np.where(fits, _ratio(np.where(fits, k, 1.0), np.where(fits, w, 0.5), total), -np.inf), k, w, ends)


def _ratio(k: Array, w: Array, total: float) -> Array:
    share = np.clip(w, 1e-12, 1 - 1e-12)
    return xlogy(k, k / (share * total)) + xlogy(total - k, np.maximum(total - k, 1e-300) / ((1 - share) * total))


def _profile(days: Days, stream: Stream, baseline: int, least: int) -> Array:
    """The best ℓ of windows that begin on each day (D,); NaN before the baseline and where there is none."""
    made = np.full(stream.days, np.nan)
    if len(days) >= least:
        starts = np.arange(baseline, stream.days)
        best = _windows(days, stream, starts, least).value.max(axis=1)
        made[starts] = np.where(np.isfinite(best), best, np.nan)
    return made if np.isfinite(made).any() else np.full(stream.days, -1.0)


def _class(total: int) -> int:
    """The class of K from above: a larger K has a longer tail, so the chance is never understated."""
    return next((k for k in CLASSES if k >= total), CLASSES[-1])


def _size(total: float) -> int:
    """The size of a stream on a grid of steps by a third: the tail hardly depends on it, and is then drawn once."""
    return int(round(10 * (4 / 3) ** round(np.log(total / 10) / np.log(4 / 3))))


@lru_cache(maxsize=512)
def _tail(own: int, size: int, skipped: float, least: int, draws: int, seed: int) -> tuple[float, float]:
    """Location and scale of the Gumbel distribution of the largest ℓ, where `own` of `size` events in a row are drawn at random."""
    size = max(size, own + 1)
    rng = np.random.default_rng([seed, own, size])
    one_a_day, values = Stream(np.ones(size)), []
    for _ in range(draws):
        days = np.sort(rng.choice(size, own, replace=False))
        starts = days[days >= skipped * size]
        best = _windows(days, one_a_day, starts, least).value.max() if len(starts) else -np.inf
        values.append(max(best, 0.0))
    scale = float(np.std(values) * np.sqrt(6) / np.pi)
    return float(np.mean(values) - EULER * scale), max(scale, 1e-6)
