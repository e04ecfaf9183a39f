"""A group against its siblings: counts per exposure, freed of age and calendar, tested against how siblings differ anyway, with exact intervals.

Of two Poisson counts the first is binomial given their sum, with odds that are the ratio of rates times that of exposures (Przyborowski & Wilenski
1940, Biometrika 31). Groups that differ by themselves are allowed for by dividing counts and exposures by their design effect (Rao & Scott 1992,
Biometrics 48); the intervals are mid-p ones, the tests are not, so they err on the careful side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from voclib.errors import DataError, ParameterError
from voclib.stats import inference

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
ROUNDS, CLOSE = 500, 1e-10  # of proportional fitting
FARTHEST = 1e6  # ratio beyond which an end of an interval is not looked for
MEDIAN = 0.4549  # of χ² with one degree of freedom
NONE_SEEN = 0.5  # events of siblings in place of none, so that a ratio is finite
PASSES = 5  # of testing, leaving out what was told, and learning again how the others differ


@dataclass(frozen=True, kw_only=True)
class Siblings:
    """Every member (B,) against the others of its kind; NaN where there are none, or none of them has any exposure.

    `ratio` of rates with `low` and `high`; `p` one-sided, that the member's rate is above what siblings of its kind show by themselves, and `q`
    the same adjusted for having looked at all; `told` where q is small enough. `expected` counts as of siblings, those that are told left out, and
    `others` how many events those siblings have.
    `spread` is the coefficient of variation of siblings' true rates beyond chance.
    """

    ratio: Array
    low: Array
    high: Array
    p: Array
    q: Array
    told: Flags
    expected: Array
    others: Array
    spread: float
    conf_level: float


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
    y, e = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    who, age = np.unique(np.asarray(kind), return_inverse=True)[1], np.asarray(band)
    if y.ndim != 2 or y.shape != e.shape or age.shape != y.shape or who.shape != (len(y),):
        raise ParameterError(f"Counts, exposure and age bands are of one shape, members by periods; they are {y.shape}, {e.shape} and {age.shape}.")
    if not (np.isfinite(y).all() and np.isfinite(e).all() and (y >= 0).all() and (e >= 0).all()):
        raise DataError("Counts and exposures are 0 or more and never missing.")
    if not y.sum() or not e.sum():
        raise DataError("There is not one event, or no exposure at all; rates cannot be compared.")
    kept = np.ones(len(y), dtype=bool) if without is None else ~np.asarray(without, dtype=bool)
    label = [np.broadcast_to(who[:, None], y.shape), age, np.broadcast_to(np.arange(y.shape[1]), y.shape)]
    factor = _fitted(y[kept], e[kept], [one[kept].astype(int) for one in label], [int(one.max()) + 1 for one in label])
    worth = e * factor[1][age] * factor[2][None, :]
    return worth * e.sum() / worth.sum()


def _fitted(y: Array, e: Array, label: list[NDArray[np.int_]], sizes: list[int]) -> list[Array]:
    """Factors of kinds, bands and periods; one where nothing tells."""
    factor = [np.ones(size) for size in sizes]
    mean = e.copy()
    for _ in range(ROUNDS):
        moved = 0.0
        for code, one in zip(label, factor, strict=True):
            seen, expected = np.bincount(code.ravel(), y.ravel(), len(one)), np.bincount(code.ravel(), mean.ravel(), len(one))
            step = np.where((seen > 0) & (expected > 0), seen / np.where(expected > 0, expected, 1), 1.0)
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
    `level` over all members (`method` as in `inference.adjust`).

    Raises
    ------
    DataError
        for missing or negative numbers.
    ParameterError
        for shapes that do not fit.
    """
    y, e, who = _checked(counts, exposure, kind)
    design = np.ones(len(y)) if own is None else np.maximum(np.asarray(own, dtype=float), 1.0)
    told = np.zeros(len(y), dtype=bool)
    for k in range(PASSES):
        rest, room, worth = _others(y, e, who, told, design)
        # first by the middle of all, which a few bad members cannot move; then by all but those told
        spread = _spread(y[~told], e[~told], who[~told], design[~told]) if k else _middling(y, e, who, design)
        p = _tested(y, e, rest, room, design, spread, who, told)
        q = np.full(len(y), np.nan)
        known = np.isfinite(p)
        q[known] = inference.adjust(p[known], method)
        now = np.nan_to_num(q, nan=1.0) <= level
        if k and (now == told).all():
            break
        told = now
    rest, room, worth = _others(y, e, who, told, design)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(room > 0, e * np.maximum(rest, NONE_SEEN) / room, np.nan)
        ratio = np.where(np.isfinite(p), y / expected, np.nan)
    low, high = interval(y / design, e / design, rest / worth, room / worth, conf_level=conf_level)
    return Siblings(ratio=ratio, low=np.where(np.isfinite(p), low, np.nan), high=np.where(np.isfinite(p), high, np.nan), p=p, q=q, told=told,
                    expected=expected, others=rest, spread=float(np.sqrt(spread)), conf_level=conf_level)


def _checked(counts: ArrayLike, exposure: ArrayLike, kind: ArrayLike) -> tuple[Array, Array, NDArray[np.int_]]:
    y, e = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    who = np.unique(np.asarray(kind), return_inverse=True)[1]
    if y.ndim != 1 or y.shape != e.shape or who.shape != y.shape:
        raise ParameterError(f"Each member has one count, one exposure and one kind; there are {y.shape}, {e.shape} and {who.shape}.")
    if not (np.isfinite(y).all() and np.isfinite(e).all() and (y >= 0).all() and (e >= 0).all()):
        raise DataError("Counts and exposures are 0 or more and never missing.")
    return y, e, who


def _others(y: Array, e: Array, who: NDArray[np.int_], told: Flags, design: Array) -> tuple[Array, Array, Array]:
    """Counts, exposures and design effect of each member's siblings; those told are nobody's sibling."""
    n = int(who.max()) + 1 if len(who) else 0
    kept = ~told
    sums = [np.bincount(who, part * kept, n)[who] - part * kept for part in (y, e, design * e)]
    rest, room, heavy = (np.maximum(part, 0.0) for part in sums)
    return rest, room, np.where(room > 0, heavy / np.where(room > 0, room, 1), 1.0)


def _spread(y: Array, e: Array, who: NDArray[np.int_], design: Array) -> float:
    """τ², the variance of true rates by their squared mean, by moments: E(y − ŷ)² = v(1 − s) + τ²(ŷ²(1 − 2s) + s²Σŷ²), s a member's share."""
    n = int(who.max()) + 1 if len(who) else 0
    total, seen = np.bincount(who, e, n)[who], np.bincount(who, y, n)[who]
    share = np.divide(e, total, out=np.zeros_like(e), where=total > 0)
    mean = share * seen
    squares = np.bincount(who, mean**2, n)[who]
    excess = float(((y - mean) ** 2 - design * mean * (1 - share)).sum())
    scale = float((mean**2 * (1 - 2 * share) + share**2 * squares).sum())
    return max(excess / scale, 0.0) if scale > 0 else 0.0


def _middling(y: Array, e: Array, who: NDArray[np.int_], design: Array) -> float:
    """τ² at which the median of (y − ŷ)² by its variance is that of χ² with one degree of freedom; 0 where it lies below without any."""
    n = int(who.max()) + 1 if len(who) else 0
    total, seen = np.bincount(who, e, n)[who], np.bincount(who, y, n)[who]
    share = np.divide(e, total, out=np.zeros_like(e), where=total > 0)
    mean = share * seen
    kept = (mean > 0) & (share < 1)
    if not kept.any():
        return 0.0
    away, plain, own = (y - mean)[kept] ** 2, (design * mean * (1 - share))[kept], mean[kept] ** 2

    def gap(spread: float) -> float:
        return float(np.median(away / (plain + spread * own))) - MEDIAN

    return 0.0 if gap(0.0) <= 0 else float(optimize.brentq(gap, 0.0, 100.0)) if gap(100.0) < 0 else 100.0


def _tested(y: Array, e: Array, rest: Array, room: Array, design: Array, spread: float, who: NDArray[np.int_], told: Flags) -> Array:
    """One-sided p that a member's rate is above what its siblings show, whose true rates differ by `spread` (τ²)."""
    mean = np.where(room > 0, e * rest / np.where(room > 0, room, 1), 0.0)
    n = int(who.max()) + 1 if len(who) else 0
    kept = ~told
    first, second = (np.bincount(who, part * kept, n)[who] - part * kept for part in (e, e**2))
    uneven = np.divide(second, first, out=np.zeros_like(e), where=first > 0)
    rate = np.divide(rest, room, out=np.zeros_like(e), where=room > 0)
    wide, others = design + spread * mean, design + spread * rate * uneven
    x, z = y / wide, rest / others
    odds = (e / wide) / np.where(room > 0, e / wide + room / others, 1)
    p = np.where(x > 0, special.betainc(np.maximum(x, 1e-9), z + 1, np.clip(odds, 0, 1)), 1.0)
    return np.where((room > 0) & (e > 0) & (rest + y > 0), p, np.nan)


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


def stratified(counts: ArrayLike, exposure: ArrayLike, *, kind: ArrayLike, member: ArrayLike, spread: float = 0.0, own: float = 1.0) -> Stratified:
    """The rate of those flagged in `member` (B,) against the others of the same kind, over all kinds that have both.

    Mantel–Haenszel for person-time with the variance of Greenland & Robins 1985, Biometrics 41, times the design effect of members that differ by
    themselves with coefficient of variation `spread` and of counts that do (`own`). Half an event stands for none.

    Raises
    ------
    DataError
        where no kind has both sides, or neither side has an event.
    """
    y, e, who = _checked(counts, exposure, kind)
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
    sizes = [y[inside & side] for side in (flag, ~flag)]
    effect = max(own + spread**2 * float((part**2).sum() / max(part.sum(), 1e-9)) for part in sizes)
    return Stratified(log_ratio=float(np.log(up / down)), std_error=float(np.sqrt(variance * effect)), events=int(a.sum()), others=int(b.sum()),
                      strata=int(both.sum()))
