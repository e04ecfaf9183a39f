"""Who reports from the frontline and when: teams differ, some never speak, and who hears that something was fixed speaks more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.simulate.streams import planted

TOLD_RATIO = (1.6, 2.4)
SILENT = 0.15
"""Share of dealers that report nothing."""
KIND_SHARES = (0.5, 0.27, 0.23)
BUG, RIVAL, IDEA = range(3)
CONFIRMED, FIXED, TOLD, REPEATED = (0.6, 0.0, 0.35), 0.7, 0.55, 0.12
NEVER = 10**8
STAFF = 12
"""Employees of a dealer who may report: those who serve customers."""


@dataclass(frozen=True)
class Reports:
    """Arrays over reports (R,), sorted by time; minutes count from the first day, NEVER is what did not happen by the end.

    `staff` = dealer × STAFF + employee; `of` the earlier report repeated (-1: none). `ratio` is what an employee's rate of reporting is
    multiplied by from the first news of a fix on; `rate` (dealers × STAFF,) the usual rate a day.
    """

    staff: np.ndarray
    minute: np.ndarray
    kind: np.ndarray
    confirmed: np.ndarray
    fixed: np.ndarray
    told: np.ndarray
    of: np.ndarray
    rate: np.ndarray
    ratio: float

    @property
    def n(self) -> int:
        """Number of reports."""
        return len(self.staff)

    @property
    def unit(self) -> np.ndarray:
        """Dealer of each report."""
        return self.staff // STAFF


def make(rng: np.random.Generator, *, expected: float, open_days: np.ndarray, days: int, ratio: float | None = None,
         silent: float = SILENT) -> Reports:
    """About `expected` reports, before news of fixes adds to them; `open_days` (dealers,) is how long each dealer is open.

    Every employee reports at a rate of their own; whether a fix is told to who reported it is a matter of chance. `ratio` is drawn unless given;
    with 1 the news changes nothing. A share `silent` of dealers reports nothing.
    """
    ratio = planted(rng, ratio, *TOLD_RATIO)
    rate, last = _rates(rng, expected, open_days, silent), np.repeat(open_days, STAFF)
    first = _drawn(rng, np.repeat(np.arange(rate.size), rng.poisson(rate * last)), 0, last * 1440, days=days)
    heard = np.full(rate.size, NEVER)
    np.minimum.at(heard, first["staff"], first["told"])
    room = np.maximum(last - heard / 1440, 0)
    more = _drawn(rng, np.repeat(np.arange(rate.size), rng.poisson((ratio - 1) * rate * room)), heard, last * 1440, days=days)
    made = {name: np.concatenate([first[name], more[name]]) for name in first}
    order = np.argsort(made["minute"], kind="stable")
    made = {name: values[order] for name, values in made.items()}
    of = _repeats(rng, made.pop("again"), made["minute"], made["kind"])
    made["kind"] = np.where(of >= 0, made["kind"][of], made["kind"])
    return Reports(**made, of=of, rate=rate, ratio=ratio)


def _rates(rng: np.random.Generator, expected: float, open_days: np.ndarray, silent: float) -> np.ndarray:
    """Reports a day of every employee; dealers differ much, and some stay silent."""
    count = open_days.size
    dealer = rng.lognormal(sigma=0.8, size=count)
    dealer[rng.permutation(count)[: max(1, round(silent * count)) if silent else 0]] = 0.0
    rate = np.repeat(dealer, STAFF) * rng.gamma(2.0, 0.5, count * STAFF)
    return rate * expected / (rate * np.repeat(open_days, STAFF)).sum()


def _drawn(rng: np.random.Generator, staff: np.ndarray, after: np.ndarray | int, until: np.ndarray, *, days: int) -> dict[str, np.ndarray]:
    """One report an entry of `staff`, between two minutes given by employee, and what became of it by the end."""
    n, end = staff.size, days * 1440
    begin = np.broadcast_to(after, until.shape)[staff]
    minute = (begin + rng.random(n) * (until[staff] - begin)).astype(int)
    kind = rng.choice(3, n, p=KIND_SHARES)
    again = rng.random(n) < REPEATED
    luck = rng.random((3, n))
    goes = ~again & (luck[0] < np.array(CONFIRMED)[kind])
    confirmed = minute + 1440 + np.round(rng.gamma(2.0, 2000, n)).astype(int)
    fixed = confirmed + 1440 + np.round(rng.gamma(2.0, 12 * 1440, n)).astype(int)
    told = fixed + 60 + np.round(rng.gamma(1.5, 1500, n)).astype(int)
    minute, confirmed, fixed, told = np.maximum(_at_work(minute), begin), _at_work(confirmed), _at_work(fixed), _at_work(told)
    confirmed = np.where(goes & (confirmed < end), confirmed, NEVER)
    fixed = np.where((confirmed < NEVER) & (luck[1] < FIXED) & (fixed < end), fixed, NEVER)
    told = np.where((fixed < NEVER) & (luck[2] < TOLD) & (told < end), told, NEVER)
    return {"staff": staff, "minute": minute, "kind": kind, "again": again, "confirmed": confirmed, "fixed": fixed, "told": told}


def _at_work(minute: np.ndarray) -> np.ndarray:
    """The same days, between 8:30 and 19:00, in the same order."""
    return minute // 1440 * 1440 + 510 + minute % 1440 * 630 // 1440


def _repeats(rng: np.random.Generator, again: np.ndarray, minute: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """For each report marked, an original of the 45 days before it, one of the same kind where there is one; -1 without any."""
    made, luck = np.full(again.size, -1), rng.random(again.size)
    original = np.flatnonzero(~again)
    for row in np.flatnonzero(again):
        low, high = np.searchsorted(minute[original], [minute[row] - 45 * 1440, minute[row]])
        near = original[low:high]
        alike = near[kind[near] == kind[row]]
        pool = alike if alike.size else near
        if pool.size:
            made[row] = pool[int(luck[row] * pool.size)]
    return made
