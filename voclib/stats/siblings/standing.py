"""Every member by what the others alone lead to expect of it, with intervals that allow for how well the others tell age and calendar.

A member's own events are also part of the age and the weeks that are taken out of it. Among hundreds that is nothing; among a dozen a bad one makes
its own weeks look bad, and its ratio is drawn to one. So whoever holds a share of all events is left out of the fit it is compared by. What the
others lead to expect is itself known from their counts, and from how their true rates differ: its variance is g'Vg of the loglinear fit, g being
where the member's exposure lies, V a sandwich that lets each of the others differ by the spread of its kind (White 1982, Econometrica 50).

A bad member that no test has told still stands among the siblings of the others and makes them look good. So each counts as a sibling only by the
chance that it is a usual one (`Suspicion`), and what it may still do to the others, through their mean, age and weeks, is in their variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from voclib.stats import siblings
from voclib.stats.siblings import Array, Flags, Ratios

LARGE = 0.01  # share of all events from which a member is left out of the fit that it is compared by
Label = list[NDArray[np.int_]]


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """The chance (B,) that each member is none of the usual ones, and the mean square (B,) of its ratio's distance from one if so."""

    chance: Array
    square: Array

    @classmethod
    def none(cls, n: int) -> Suspicion:
        """Nobody is suspected."""
        return cls(chance=np.zeros(n), square=np.zeros(n))


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Both sides of every member's (B,) ratio: its `events` at `exposure`, what its siblings have (`others` at `room`), and `design`, by which the
    others' events count for less, since age and calendar had to be learnt from them and they differ; `own` is the design effect of its own.
    Members that are not `known` have nobody to be compared with."""

    events: Array
    exposure: Array
    others: Array
    room: Array
    design: Array
    own: Array
    known: Flags

    def ratios(self, conf_level: float) -> Ratios:
        """The ratios with intervals at a level; NaN for members without siblings or exposure."""
        known = self.known & (self.room > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = np.where(known, self.exposure * np.maximum(self.others, siblings.NONE_SEEN) / self.room, np.nan)
            ratio = np.where(known, self.events / expected, np.nan)
        low, high = siblings.interval(self.events / self.own, self.exposure / self.own, self.others / self.design, self.room / self.design,
                                      conf_level=conf_level)
        return Ratios(ratio=ratio, low=np.where(known, low, np.nan), high=np.where(known, high, np.nan), expected=expected,
                      others=self.others / self.design, conf_level=conf_level)


def standing(counts: ArrayLike, exposure: ArrayLike, *, kind: ArrayLike, band: ArrayLike, told: ArrayLike, spreads: ArrayLike,
             own: ArrayLike | None = None, suspicion: Suspicion | None = None) -> Standing:
    """Members (B, T) as in `siblings.exposures`, of which those `told` (B,) are nobody's sibling; `spreads` (B,) and `own` (B,) are of `compare`.

    Those under `suspicion` count for less as siblings of others. A member of a kind without any event, or in a band or period in which nobody else
    has one, is judged by what is left.

    Raises
    ------
    DataError
        for missing or negative numbers.
    """
    y, e = siblings._countable(counts, exposure)
    who, flag = np.unique(np.asarray(kind), return_inverse=True)[1], np.asarray(told, dtype=bool)
    label = [np.broadcast_to(who[:, None], y.shape), np.asarray(band, dtype=int), np.broadcast_to(np.arange(y.shape[1]), y.shape)]
    design = np.ones(len(y)) if own is None else np.maximum(np.asarray(own, dtype=float), 1.0)
    spread, total = np.nan_to_num(np.asarray(spreads, dtype=float)), y.sum(axis=1)
    doubt = suspicion or Suspicion.none(len(y))
    usual = np.where(flag, 0.0, 1.0 - doubt.chance)
    common = _Fit.of(y, e, label, usual)
    rows = []
    for b in range(len(y)):
        weight = usual.copy()
        weight[b] = 0.0
        large = not flag[b] and total[b] > LARGE * total.sum() and weight.any()
        fit = _Fit.of(y, e, label, weight, start=common.factor) if large else common
        rows.append((float(fit.worth[b]), *_siblings(fit, b, total, who, weight, spread, design, doubt)))
    return Standing(**dict(zip(("exposure", "others", "room", "design"), np.array(rows).T, strict=True)), events=total, own=design,
                    known=siblings._comparable(total, common.worth, who))


def _siblings(fit: _Fit, b: int, total: Array, who: NDArray[np.int_], weight: Array, spread: Array, own: Array,
              doubt: Suspicion) -> tuple[float, float, float]:
    """Events and exposure of a member's siblings, each by its `weight` (B,), and by how much their events count for less."""
    mates = np.where(who == who[b], weight, 0.0)
    others, room = float(mates @ total), float(mates @ fit.worth)
    if others <= 0:
        return others, room, 1.0
    share = mates * fit.worth / room if room > 0 else np.zeros(len(total))
    heavy = max(float(own @ share), 1.0)
    return others, room, max(heavy, fit.variance(b, weight, spread, share, heavy, doubt) * others)


@dataclass(frozen=True)
class _Fit:
    """Factors of kinds, bands and periods, exposures `worth` (B,) freed of the latter two, and by effect what each member leads to expect (B, J)."""

    factor: list[Array]
    worth: Array
    mean: Array
    inverse: Array

    @classmethod
    def of(cls, y: Array, e: Array, label: Label, weight: Array, *, start: list[Array] | None = None) -> _Fit:
        kept, sizes = weight > 0, [int(one.max()) + 1 for one in label]
        seen = [np.bincount(one[kept].ravel(), y[kept].ravel(), size) > 0 for one, size in zip(label, sizes, strict=True)]
        start = None if start is None else [np.where(there, one, 1.0) for there, one in zip(seen, start, strict=True)]
        factor = siblings._fitted(*(weight[kept, None] * part[kept] for part in (y, e)), [one[kept] for one in label], sizes, start=start)
        freed = e * factor[1][label[1]] * factor[2][label[2]]
        mean, first = freed * factor[0][label[0]], np.cumsum([0, *sizes])
        cell, member = np.arange(y.size), np.repeat(np.arange(len(y)), y.shape[1])
        column = [one.ravel() + at for one, at in zip(label, first, strict=False)]
        where = sparse.csr_array((np.ones(3 * y.size), (np.tile(cell, 3), np.concatenate(column))), shape=(y.size, first[-1]))
        weighed = where.multiply((weight[:, None] * mean).ravel()[:, None])
        by_member = sparse.csr_array((mean.ravel(), (member, cell)), shape=(len(y), y.size)) @ where
        return cls(factor, freed.sum(axis=1), by_member.toarray(), np.linalg.pinv((where.T @ weighed).toarray(), hermitian=True))

    def variance(self, b: int, weight: Array, spread: Array, share: Array, heavy: float, doubt: Suspicion) -> float:
        """Of the log of what the others lead to expect of member b: from their counts, from how they differ where that passes for age or weeks, and
        from those that may not be usual.

        How its siblings themselves differ, by the `share` (B,) of each, is no error: it is against them as they are that a member is judged. That
        one of them may be no sibling at all is.
        """
        size = self.mean[b].sum() / 3  # each cell has one effect of each of three kinds
        if size <= 0:
            return 0.0
        lean = self.inverse @ (self.mean[b] / size)
        pull = weight * (self.mean @ lean)
        differ = float(((spread * (pull - share))[weight > 0] ** 2).sum())
        return float(heavy * (self.mean[b] / size) @ lean) + differ + float((doubt.chance * doubt.square) @ pull**2)
