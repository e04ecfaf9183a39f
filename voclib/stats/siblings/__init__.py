"""A group against its siblings: counts per exposure, freed of age and calendar, tested against how siblings differ anyway, with exact intervals.

Of two Poisson counts the first is binomial given their sum, with odds that are the ratio of rates times that of exposures (Przyborowski & Wilenski
1940, Biometrika 31), from which the intervals come (mid-p). Vehicles that come back are allowed for by dividing counts and exposures by their design
effect (Rao & Scott 1992, Biometrics 48). The tests ask whether a count is more than siblings show, of which each kind has a spread of its own
(`overdispersion`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from voclib.errors import DataError, ParameterError
from voclib.stats import inference
from voclib.stats.siblings import overdispersion
from voclib.stats.siblings.overdispersion import Scatter

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
ROUNDS, CLOSE = 500, 1e-10  # of proportional fitting
FARTHEST = 1e6  # ratio beyond which an end of an interval is not looked for
NONE_SEEN = 0.5  # events of siblings in place of none, so that a ratio is finite
PASSES = 5  # of testing, setting aside what was told, and learning again how the others differ
FAR = 100.0  # ratio up to which it is asked whether one would be told: who is not at a hundred times cannot be judged
ASKED = np.linspace(0.0, np.log(FAR), 24)  # log ratios at which that is asked
POWER = 0.8  # with which a ratio is said to be mostly seen


@dataclass(frozen=True, kw_only=True)
class Ratios:
    """Every member (B,) by the others of its kind; NaN where there are none, or none of them has any exposure.

    `ratio` of rates with `low` and `high`; `expected` counts as of siblings, those that are told left out, and `others` how many events those have.
    """

    ratio: Array
    low: Array
    high: Array
    expected: Array
    others: Array
    conf_level: float


@dataclass(frozen=True, kw_only=True)
class Siblings(Ratios):
    """The same, and whether a member can be told from its siblings.

    `p` one-sided, that the member's rate is above what siblings of its kind show by themselves, and `q` the same adjusted for having looked at all;
    `told` where q is small enough. `spreads` (B,) are coefficients of variation of true rates beyond chance, each of the member's kind, and `spread`
    their root mean square over kinds.
    """

    p: Array
    q: Array
    told: Flags
    spreads: Array
    spread: float
    scatter: Scatter


def exposures(counts: ArrayLike, exposure: ArrayLike, *, kind: ArrayLike, band: ArrayLike, without: ArrayLike | None = None) -> Array:
    """Exposure (B, T) of members by period worth what it would be at mean age and in a mean period: y ~ Poisson(exposure · kind · band · period).

    The maximum of the likelihood by proportional fitting (Deming & Stephan 1940), of all members but those flagged in `without` (B,); the total of
    the exposure stays as it was. `band` (B, T) are codes of age from 0 up; a band or period without any count is left as it is.

    Raises
    ------
    DataError
        for missing or negative numbers, or no count at all.
    ParameterError
        for shapes that do not fit.
    """
    y, e = _countable(counts, exposure)
    who, age = np.unique(np.asarray(kind), return_inverse=True)[1], np.asarray(band)
    if y.ndim != 2 or y.shape != e.shape or age.shape != y.shape or who.shape != (len(y),):
        raise ParameterError(f"Counts, exposure and age bands are of one shape, members by periods; they are {y.shape}, {e.shape} and {age.shape}.")
    if not y.sum() or not e.sum():
        raise DataError("There is not one event, or no exposure at all; rates cannot be compared.")
    kept = np.ones(len(y), dtype=bool) if without is None else ~np.asarray(without, dtype=bool)
    label = [np.broadcast_to(who[:, None], y.shape), age, np.broadcast_to(np.arange(y.shape[1]), y.shape)]
    factor = _fitted(y[kept], e[kept], [one[kept].astype(int) for one in label], [int(one.max()) + 1 for one in label])
    worth = e * factor[1][age] * factor[2][None, :]
    return worth * e.sum() / worth.sum()


def _fitted(y: Array, e: Array, label: list[NDArray[np.int_]], sizes: list[int], *, start: list[Array] | None = None) -> list[Array]:
    """Factors of kinds, bands and periods, from those of a fit alike where one is given; one where nothing tells."""
    factor = [np.ones(size) for size in sizes] if start is None else [one.copy() for one in start]
    mean = (e * np.prod([one[code] for code, one in zip(label, factor, strict=True)], axis=0)).ravel()
    codes = [np.ascontiguousarray(code).ravel() for code in label]
    seen = [np.bincount(code, y.ravel(), len(one)) for code, one in zip(codes, factor, strict=True)]
    for _ in range(ROUNDS):
        moved = 0.0
        for code, one, events in zip(codes, factor, seen, strict=True):
            expected = np.bincount(code, mean, len(one))
            step = np.where((events > 0) & (expected > 0), events / np.where(expected > 0, expected, 1), 1.0)
            one *= step
            mean *= step[code]
            moved = max(moved, float(np.abs(step - 1).max()))
        if moved < CLOSE:
            break
    return factor


def compare(counts: ArrayLike, exposure: ArrayLike, *, kind: ArrayLike, own: ArrayLike | None = None, conf_level: float = 0.95, level: float = 0.05,
            method: str = "by") -> Siblings:
    """Every member (B,) of a `kind` against the other members of that kind, by counts and adjusted exposures.

    `own` (B,) ≥ 1 is the design effect of a member's count, such as of vehicles that come back; 1 where none is given. Told at false discovery rate
    `level` over all members (`method` as in `inference.adjust`), which holds where true rates of siblings scatter like a gamma, in each kind by its
    own spread; where a few lie further off than that, it names them.

    Raises
    ------
    DataError
        for missing or negative numbers.
    ParameterError
        for shapes that do not fit.
    """
    y, e, who, design = _checked(counts, exposure, kind, own)
    known = _comparable(y, e, who)
    told, p, q = np.zeros(len(y), dtype=bool), np.full(len(y), np.nan), np.full(len(y), np.nan)
    for _ in range(PASSES):
        scatter = overdispersion.learn(y / design, e / design, who, told)
        p = np.where(known, overdispersion.tails(y / design, e / design, who, told, scatter), np.nan)
        sure = np.isfinite(p)
        q[sure] = inference.adjust(p[sure], method)
        now = np.nan_to_num(q, nan=1.0) <= level
        if (now == told).all():
            break
        told = now
    made = beside(y, e, kind=who, told=told, own=design, conf_level=conf_level)
    return Siblings(**vars(made), p=p, q=q, told=told, spreads=scatter.spread[who], spread=float(np.sqrt(np.mean(scatter.spread**2))),
                    scatter=scatter)


def beside(counts: ArrayLike, exposure: ArrayLike, *, kind: ArrayLike, told: ArrayLike, own: ArrayLike | None = None,
           conf_level: float = 0.95) -> Ratios:
    """Every member by the others of its kind, of which those `told` (B,) are nobody's sibling; the rest as in `compare`.

    Raises
    ------
    DataError
        for missing or negative numbers.
    ParameterError
        for shapes that do not fit.
    """
    y, e, who, design = _checked(counts, exposure, kind, own)
    flag = np.asarray(told, dtype=bool)
    rest, room, worth = _others(y, e, who, flag, design)
    known = _comparable(y, e, who) & (room > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(room > 0, e * np.maximum(rest, NONE_SEEN) / room, np.nan)
        ratio = np.where(known, y / expected, np.nan)
    low, high = interval(y / design, e / design, rest / worth, room / worth, conf_level=conf_level)
    return Ratios(ratio=ratio, low=np.where(known, low, np.nan), high=np.where(known, high, np.nan), expected=expected, others=rest,
                  conf_level=conf_level)


def spreads(counts: ArrayLike, exposure: ArrayLike, *, kind: ArrayLike, told: ArrayLike, own: ArrayLike | None = None) -> Array:
    """Coefficient of variation (B,) of true rates inside each member's kind; those `told` (B,) count only as higher than the others.

    Raises
    ------
    DataError
        for missing or negative numbers.
    ParameterError
        for shapes that do not fit.
    """
    y, e, who, design = _checked(counts, exposure, kind, own)
    return overdispersion.learn(y / design, e / design, who, np.asarray(told, dtype=bool)).spread[who]


def seen_from(counts: ArrayLike, exposure: ArrayLike, *, kind: ArrayLike, found: Siblings, own: ArrayLike | None = None,
              level: float = 0.05) -> Array:
    """By member (B,), the ratio from which it would be told in `POWER` of all cases, were it alone: past the first bar of false discovery (BY).

    How far siblings of its kind differ is in it; NaN where there are none. At `FAR` or above it would not be told even at `FAR` times.
    """
    y, e, who, design = _checked(counts, exposure, kind, own)
    tests = max(int(np.isfinite(found.p).sum()), 1)
    bar = level / tests / float((1 / np.arange(1, tests + 1)).sum())
    mean = np.nan_to_num(found.expected / design)
    p = overdispersion.tails(y / design, e / design, who, found.told, found.scatter, at=mean[:, None] * np.exp(ASKED))
    log = np.log(np.maximum(np.nan_to_num(p, nan=1.0), 1e-300))
    need = mean * np.exp([np.interp(-np.log(bar), -row, ASKED) for row in log])
    # the mean at which a Poisson count reaches `need` in POWER of all cases
    return np.where(np.isfinite(found.p) & (mean > 0), special.gammaincinv(np.maximum(need, 1e-9), POWER) / np.where(mean > 0, mean, 1.0), np.nan)


def _comparable(y: Array, e: Array, who: NDArray[np.int_]) -> Flags:
    """Members with siblings that have any exposure, in a kind with any event."""
    room, seen = np.bincount(who, e)[who] - e, np.bincount(who, y)[who]
    return (room > 0) & (e > 0) & (seen > 0)


def _checked(counts: ArrayLike, exposure: ArrayLike, kind: ArrayLike, own: ArrayLike | None = None) -> tuple[Array, Array, NDArray[np.int_], Array]:
    """Counts, exposures, codes of kinds and design effects of members (B,), fit to be compared."""
    y, e = _countable(counts, exposure)
    who = np.unique(np.asarray(kind), return_inverse=True)[1]
    if y.ndim != 1 or y.shape != e.shape or who.shape != y.shape:
        raise ParameterError(f"Each member has one count, one exposure and one kind; there are {y.shape}, {e.shape} and {who.shape}.")
    return y, e, who, np.ones(len(y)) if own is None else np.maximum(np.asarray(own, dtype=float), 1.0)


def _countable(counts: ArrayLike, exposure: ArrayLike) -> tuple[Array, Array]:
    y, e = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    if not (np.isfinite(y).all() and np.isfinite(e).all() and (y >= 0).all() and (e >= 0).all()):
        raise DataError("Counts and exposures are 0 or more and never missing.")
    return y, e


def _others(y: Array, e: Array, who: NDArray[np.int_], told: Flags, design: Array) -> tuple[Array, Array, Array]:
    """Counts, exposures and design effect of each member's siblings; those told are nobody's sibling."""
    n = int(who.max()) + 1 if len(who) else 0
    kept = ~told
    sums = [np.bincount(who, part * kept, n)[who] - part * kept for part in (y, e, design * e)]
    rest, room, heavy = (np.maximum(part, 0.0) for part in sums)
    return rest, room, np.where(room > 0, heavy / np.where(room > 0, room, 1), 1.0)


def interval(events: ArrayLike, exposure: ArrayLike, others: ArrayLike, room: ArrayLike, *, conf_level: float = 0.95) -> tuple[Array, Array]:
    """Ends of the ratio of two rates, elementwise, by inverting the mid-p binomial test; counts may be broken where divided by a design effect.

    An end runs to 0 or to infinity where a count is zero.
    """
    x, a, z, b = (np.asarray(part, dtype=float) for part in np.broadcast_arrays(events, exposure, others, room))
    tail = (1 - conf_level) / 2

    def above(ratio: Array) -> Array:  # mid-p of as many events or more
        odds = np.clip(ratio * a / np.where(ratio * a + b > 0, ratio * a + b, 1), 0, 1)
        more = np.where(z > 0, special.betainc(x + 1, np.maximum(z, 1e-9), odds), 0.0)
        return 0.5 * (np.where(x > 0, special.betainc(np.maximum(x, 1e-9), z + 1, odds), 1.0) + more)

    ends = []
    for wanted in (tail, 1 - tail):
        under, over = np.full(x.shape, -np.log(FARTHEST)), np.full(x.shape, np.log(FARTHEST))
        for _ in range(70):
            middle = (under + over) / 2
            small = above(np.exp(middle)) < wanted
            under, over = np.where(small, middle, under), np.where(small, over, middle)
        ends.append(np.exp((under + over) / 2))
    return np.where(x > 0, ends[0], 0.0), np.where(z > 0, ends[1], np.inf)


@dataclass(frozen=True, kw_only=True)
class Stratified:
    """One ratio of rates over strata: log value, its standard error, events on either side and strata that tell."""

    log_ratio: float
    std_error: float
    events: int
    others: int
    strata: int


def stratified(counts: ArrayLike, exposure: ArrayLike, *, kind: ArrayLike, member: ArrayLike, spread: ArrayLike = 0.0,
               own: float = 1.0) -> Stratified:
    """The rate of those flagged in `member` (B,) against the others of the same kind, over all kinds that have both.

    Mantel–Haenszel for person-time with the variance of Greenland & Robins 1985, Biometrics 41, times the design effect of members that differ by
    themselves with coefficient of variation `spread`, one or each of its own (B,), and of counts that do (`own`). Half an event stands for none.

    Raises
    ------
    DataError
        where no kind has both sides, or neither side has an event.
    """
    y, e, who, _ = _checked(counts, exposure, kind)
    flag, n = np.asarray(member, dtype=bool), int(np.unique(who).size)
    a, t1, b, t0 = (np.bincount(who, part * side, n) for side in (flag, ~flag) for part in (y, e))
    both = (t1 > 0) & (t0 > 0)
    if not both.any() or not (a[both].sum() + b[both].sum()):
        raise DataError("No kind has members on both sides with an event; nothing can be compared.")
    inside = both[who]
    a, t1, b, t0, total = a[both], t1[both], b[both], t0[both], (t1 + t0)[both]
    up, down = float((a * t0 / total).sum()), float((b * t1 / total).sum())
    up, down = up or 0.5 * float((t0 / total).max()), down or 0.5 * float((t1 / total).max())
    variance = max(float((t1 * t0 * (a + b) / total**2).sum()), 0.25) / (up * down)
    differ = y * np.broadcast_to(np.asarray(spread, dtype=float), y.shape)
    effect = max(own + float((differ[inside & side] ** 2).sum() / max(y[inside & side].sum(), 1e-9)) for side in (flag, ~flag))
    return Stratified(log_ratio=float(np.log(up / down)), std_error=float(np.sqrt(variance * effect)), events=int(a.sum()), others=int(b.sum()),
                      strata=int(both.sum()))
