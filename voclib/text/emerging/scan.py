"""One stream of voices under watch: counts of the window and of the past, moved on evening by evening, and what stands out tonight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from voclib.text.emerging import tails as tails
from voclib.text.emerging.counts import Bools, Ints, Stream

NEW = 3.0  # times its forecast that a term has to come: less is a rise of what is known, which topics tell
JOINED, SHARED = 0.5, 3  # of the rarer feature's voices, and how many at least, that it shares with another: one theme
KNOWN = 0.5  # of the voices that raise an alarm, held by a theme of the list already: the same theme in further words
LESSER = 1e-3  # chance below which a feature ties others into a theme, though it raises no alarm itself


@dataclass(kw_only=True)
class Raised:
    """A theme of one stream: its features, the leading first, and the evening's numbers."""

    kind: str
    scan: Scan
    columns: list[int]
    evening: int
    first: int
    n: int
    mean: float
    spread: float
    p_value: float
    threshold: float


@dataclass(kw_only=True)
class Scan:
    """The state of one stream; `days` in the window and in each of the `blocks` of the past, `least` voices of a theme."""

    stream: Stream
    days: int
    blocks: int
    least: int
    evening: int = -1
    quiet: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        day, names = self.stream.day, len(self.stream.names)
        self._start = np.searchsorted(day, np.arange(int(day[-1]) + 2))
        self._voices = np.concatenate([[0], np.cumsum(np.bincount(day[self.stream.counted], minlength=int(day[-1]) + 1))])
        self._live = self.stream.counted.copy()  # voices of themes on the list count no more
        self._owner = np.full(len(day), -1)
        self._window, self._past = np.zeros(names, dtype=np.int64), np.zeros(names, dtype=np.int64)

    def move(self, evening: int) -> None:
        """Move on to an evening."""
        window, past = evening - self.days + 1, evening - self.days + 1 - self.days * self.blocks
        if self.evening == evening - 1:
            left = self._sum(window - 1, window)
            self._window += self._sum(evening, evening + 1) - left
            self._past += left - self._sum(past - 1, past)
        else:
            self._window, self._past = self._sum(window, evening + 1), self._sum(past, window)
        self.evening = evening

    def totals(self) -> tuple[np.ndarray, float]:
        """Features' voices in past and window together, and the window's share of all voices (1 without a past)."""
        now, then = self._sizes()
        return self._window + self._past, now / (now + then.sum()) if then.sum() else 1.0

    def standing_out(self, threshold: float, *, times: float = 1.0) -> tuple[Ints, tails.Forecast]:
        """Features of at least `least` voices and `times` their forecast, whose chance is at most the threshold; with their forecasts."""
        now, then = self._sizes()
        columns = np.flatnonzero(self._window >= self.least)
        if not then.sum() or not now or not columns.size:
            return columns[:0], tails.Forecast(*(np.zeros(0),) * 3)
        k = self._past[columns] + 0.5
        rough = tails.tail(self._window[columns], now * k / then.sum(), 1 / k)  # without trend and dispersion: never above the chance itself
        columns = columns[rough <= threshold]
        if not columns.size:
            return columns, tails.Forecast(*(np.zeros(0),) * 3)
        often = self.past(np.flatnonzero(self._past >= tails.FREQUENT * self.blocks))
        made = tails.forecast(self.past(columns), then, self._window[columns].astype(float), now, common=tails.common_dispersion(often, then),
                              bursts=tails.burstiness(often, then))
        kept = (made.p_value <= threshold) & (self._window[columns] >= times * made.mean)
        return columns[kept], tails.Forecast(made.mean[kept], made.spread[kept], made.p_value[kept])

    def past(self, columns: Ints) -> np.ndarray:
        """Counts of some features in the blocks of the past (H, J), the oldest first."""
        begin = self.evening - self.days + 1 - self.days * self.blocks
        a, b = self._rows(begin, self.evening - self.days + 1)
        place = np.full(len(self.stream.names), -1)
        place[columns] = np.arange(len(columns))
        part = self.stream.table[a:b]
        block = np.repeat(np.where(self._live[a:b], (self.stream.day[a:b] - begin) // self.days, -1), np.diff(part.indptr))
        column = place[part.indices]
        kept = (block >= 0) & (column >= 0)
        return np.bincount(block[kept] * len(columns) + column[kept], minlength=self.blocks * len(columns)).reshape(self.blocks, -1).astype(float)

    def raised(self, columns: Sequence[int], p_value: float, threshold: float, kind: str) -> Raised:
        """A theme of some features tonight: the voices that hold any of them, against the forecast of just that."""
        now, then = self._sizes()
        holds = self._holds(columns)
        a, b = self._rows(self.evening - self.days + 1, self.evening + 1)
        inside = np.flatnonzero(holds[a:b] & self._live[a:b]) + a
        begin = self.evening - self.days + 1 - self.days * self.blocks
        c, d = self._rows(begin, self.evening - self.days + 1)
        block = (self.stream.day[c:d][holds[c:d] & self._live[c:d]] - begin) // self.days
        past = np.bincount(block, minlength=self.blocks).astype(float)[:, None]
        made = tails.forecast(past, then, np.array([float(inside.size)]), now, common=0.0)
        return Raised(kind=kind, scan=self, columns=list(columns), evening=self.evening, first=int(self.stream.day[inside[0]]), n=inside.size,
                      mean=float(made.mean[0]), spread=float(made.spread[0]), p_value=p_value, threshold=threshold)

    def own(self, columns: Sequence[int], theme: int) -> Ints:
        """Give the voices that hold any of these features to a theme; positions among the texts of those that were nobody's."""
        fresh = self._holds(columns) & (self._owner < 0)
        self._owner[fresh] = theme
        self.hide(fresh)
        return self.stream.rows[fresh]

    def hide(self, which: Bools) -> None:
        """Voices that count no more, in the window, the past and the days to come."""
        before = self._live.copy()
        self._live &= ~which
        for begin, end, counts in ((self.evening - self.days + 1, self.evening + 1, self._window),
                                   (self.evening - self.days + 1 - self.days * self.blocks, self.evening - self.days + 1, self._past)):
            a, b = self._rows(begin, end)
            gone = np.flatnonzero(before[a:b] & ~self._live[a:b]) + a
            counts -= np.bincount(self.stream.table[gone].indices, minlength=len(counts))

    def groups(self, columns: Ints) -> list[tuple[Ints, int]]:
        """Features by the voices they share in the window, and for each group the theme of the list that holds them already, or −1.

        Features that stand out too little to raise an alarm join groups too: they tie the several ways in which one thing is told.
        """
        from scipy import sparse
        from scipy.sparse.csgraph import connected_components

        a, b = self._rows(self.evening - self.days + 1, self.evening + 1)
        counted = self.stream.counted[a:b]
        part = self.stream.table[a:b][counted]
        pool = np.union1d(columns, self._lesser(np.bincount(part.indices, minlength=len(self.stream.names))))
        held = part[:, pool].astype(np.int64)
        both = (held.T @ held).tocoo()
        size = np.asarray(held.sum(axis=0)).ravel()
        tied = (both.data >= SHARED) & (both.data >= JOINED * np.minimum(size[both.row], size[both.col]))
        ties = sparse.coo_matrix((both.data[tied], (both.row[tied], both.col[tied])), shape=both.shape)
        count, group = connected_components(ties, directed=False)
        made, owner = [], self._owner[a:b][counted]
        for g in range(count):
            own = np.intersect1d(pool[group == g], columns)
            voices = owner[np.asarray(held[:, (group == g) & np.isin(pool, columns)].sum(axis=1)).ravel() > 0]
            best = np.bincount(voices[voices >= 0], minlength=1)
            if own.size:
                made.append((own, int(best.argmax()) if best.max() >= KNOWN * len(voices) else -1))
        return made

    def _lesser(self, seen: np.ndarray) -> Ints:
        """Features of three voices or more in the window, voices of known themes among them, `NEW` times what was to come and rare by chance."""
        now, then = self._sizes()
        columns = np.flatnonzero(seen >= 3)
        k = self._past[columns] + 0.5
        mean = now * k / then.sum()
        return columns[(seen[columns] >= NEW * mean) & (tails.tail(seen[columns], mean, 1 / k) <= LESSER)]

    def members(self, columns: Sequence[int], first: int, last: int) -> Ints:
        """Positions of all voices that hold any of these features from one day to another, copies among them, in order."""
        a, b = self._rows(first, last + 1)
        return np.sort(self.stream.rows[a:b][self._holds(columns)[a:b]])

    def latest(self, columns: Sequence[int], last: int) -> int:
        """Voices that hold any of these features in the window that ends on a day, none counted twice."""
        a, b = self._rows(last - self.days + 1, last + 1)
        return int((self._holds(columns)[a:b] & self.stream.counted[a:b]).sum())

    def _holds(self, columns: Sequence[int]) -> Bools:
        wanted = np.zeros(len(self.stream.names), dtype=np.int32)
        wanted[list(columns)] = 1
        return self.stream.table @ wanted > 0

    def _sizes(self) -> tuple[float, np.ndarray]:
        """Counted voices of the window, and of each block of the past, the oldest first."""
        edges = self.evening - self.days + 1 - self.days * np.arange(self.blocks, -1, -1)
        held = self._voices[np.clip(np.append(edges, self.evening + 1), 0, len(self._voices) - 1)]
        sizes = np.diff(held).astype(float)
        return float(sizes[-1]), sizes[:-1]

    def _rows(self, begin: int, end: int) -> tuple[int, int]:
        """The rows of days from `begin` to before `end`."""
        a, b = np.clip([begin, end], 0, len(self._start) - 1)
        return int(self._start[a]), int(self._start[b])

    def _sum(self, begin: int, end: int) -> np.ndarray:
        a, b = self._rows(begin, end)
        part = self.stream.table[a:b]
        if not self._live[a:b].all():
            part = part[self._live[a:b]]
        return np.bincount(part.indices, minlength=len(self.stream.names))
