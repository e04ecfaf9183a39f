"""The k nearest rows by cosine, exact, from products in half precision: a sieve, a proof, and a second look in single precision.

Tile by tile, cosines of all pairs are formed as a product of halves, which a GPU's matrix units give some fifteen times faster than single
precision. A row's bar is the worst of the `keep` best columns it has seen; only what passes the bar is gathered. Columns come in random
order, so about `keep` more pass each time their number doubles. What is left is ranked by ‖a − b‖²/2 = 1 − cos in single precision, ties
by index.

Why the answer is exact: let w be the largest ‖x − half(x)‖ among the unit vectors of length p. A product of halves is off by at most

    ε = w(2 + w)  +  2⁻¹²  +  p 2⁻²²

(inputs, by Cauchy–Schwarz; the result, rounded to a half below 1; sums of p products in single precision, truncated, and of the second
look: Higham 2002, Accuracy and Stability of Numerical Algorithms, §3.1; Fasi et al. 2021, PeerJ CS 7:e330). What was left out reads at
most the bar, so its cosine is at most bar + ε; where the k-th candidate reaches that, nothing left out comes before it. Rows for which it
does not, those with many near-equal others, are searched again by brute force: slower, never wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voclib.errors import DataError
from voclib.text.kernels import Launch, to_card

MOST = 64  # k up to here: beyond it, more candidates than the sieve was made for
TILE = 16_384  # rows and columns of one product; 0.5 GiB of halves
STEP = 65_536  # rows handled at a time where a copy is made
ROOM = 8  # candidates a row has room for, times those it keeps
LOWEST = -(2**15)  # a bar that everything passes

Brute = Callable[[Any, Any, int], tuple[Any, Any]]


@dataclass(frozen=True)
class Nearest:
    """Indices (n, k) and cosine distances (n, k), the row itself first; how many rows brute force had to settle; ε of the proof."""

    indices: NDArray[np.int64]
    distances: NDArray[np.float32]
    unproven: int
    epsilon: float


def neighbours(x: NDArray[np.float32], k: int, *, xp: ModuleType, launch: Launch, brute: Brute, tile: int = TILE) -> Nearest:
    """The k nearest rows of every row of `x` (n, p), 2 ≤ k ≤ min(n, `MOST`), by 1 − cos; vectors of any length but 0.

    `xp` is CuPy, `launch` the kernels, `tile` (a multiple of 128) sets the working memory, 2·tile² bytes beside 6np for the vectors.
    `brute(unit, rows, k)` searches rows again on the card. Every run gives the same. DataError for rows of zeros, gaps or infinities.
    """
    n, p = x.shape
    x = _unit(to_card(x, xp), xp)
    search = _Sieve(x, p, k, xp=xp, launch=launch, tile=tile)
    for start in range(0, n, search.rows):
        search.block(start)
    again = xp.flatnonzero(~search.proven)
    if len(again):
        indices, distances = brute(xp.ascontiguousarray(search.x[:, :p]), again, k)
        search.indices[again], search.distances[again] = xp.asarray(indices, dtype=np.int32), xp.asarray(distances, dtype=np.float32)
    return Nearest(xp.asnumpy(search.indices).astype(np.int64), xp.asnumpy(search.distances), len(again), search.epsilon)


def check_directions(bad: int, n: int) -> None:
    """DataError where `bad` of n vectors have no direction."""
    if bad:
        raise DataError(f"{bad} of {n} vectors are zero, infinite or hold gaps and have no direction; leave those documents out.")


def epsilon(w: float, p: int) -> float:
    """How far a product of two halved unit vectors (p,) may lie from their cosine, where it reads below 1; w as in the module's text."""
    return w * (2 + w) + 2.0**-12 + p * 2.0**-22


def tiles(n: int, first: int, most: int) -> list[tuple[int, int, bool]]:
    """Columns 0 … n in tiles that double what has been seen, `most` wide at most, and whether to cut the candidates after each.

    The first is as wide as a row has room, since all of it passes; then the cut comes whenever the columns seen have doubled.
    """
    found, end, cut = [], 0, 0
    while end < n:
        start, end = end, min(2 * end, end + most, n) if end else min(first, n)
        found.append((start, end, end >= 2 * cut or end == n))
        cut = end if found[-1][2] else cut
    return found


def _unit(x: Any, xp: ModuleType) -> Any:
    """Vectors divided by their lengths, in place, and widened by zeros to whole groups of four."""
    n, p = x.shape
    length = xp.concatenate([xp.sqrt((x[a:a + STEP] ** 2).sum(axis=1)) for a in range(0, n, STEP)])
    check_directions(int((~xp.isfinite(length) | (length == 0)).sum()), n)
    x /= length[:, None]
    return xp.concatenate([x, xp.zeros((n, -p % 4), x.dtype)], axis=1) if p % 4 else x


class _Sieve:
    """One search: halves of all columns in random order, and the candidates of one block of rows at a time."""

    def __init__(self, x: Any, p: int, k: int, *, xp: ModuleType, launch: Launch, tile: int) -> None:
        n = len(x)
        self.x, self.k, self.n, self.xp, self.launch = x, k, n, xp, launch
        most = 1 << max(5, (2 * k - 1).bit_length())  # 32 up to k = 16, then the power of two that holds 2k
        self.keep, self.room, self.rows = min(most, n), ROOM * most, min(tile, n)
        self.shuffle = xp.asarray(np.random.default_rng(0).permutation(n).astype(np.int32))  # of any order the answer is the same
        self.columns, worst = self._halves()
        self.epsilon = epsilon(worst, p)
        self.tiles = tiles(len(self.columns), self.room, tile)
        self.product = xp.empty(self.rows * max(end - start for start, end, _ in self.tiles), np.float16)
        self.now, self.then = ([xp.zeros(self.rows, np.int32), *(xp.empty((self.rows, self.room), np.int32) for _ in "vi")] for _ in "12")
        self.bar, self.lost = xp.empty(self.rows, np.int32), xp.zeros(self.rows, np.int32)
        self.exact, self.original = xp.empty((self.rows, self.keep), np.float32), xp.empty((self.rows, self.keep), np.int32)
        self.indices, self.distances = xp.empty((n, k), np.int32), xp.empty((n, k), np.float32)
        self.proven = xp.ones(n, bool)

    def _halves(self) -> tuple[Any, float]:
        """Columns as halves, rows of zeros at the end up to a multiple of 128, and the largest ‖x − half(x)‖."""
        n, worst = self.n, 0.0
        columns = self.xp.zeros((n + -n % 128, self.x.shape[1]), np.float16)
        for a in range(0, n, STEP):
            part = self.x[self.shuffle[a:a + STEP]]
            half = columns[a:a + len(part)]
            half[:] = part
            off = part - half.astype(np.float32)
            worst = max(worst, float(self.xp.sqrt((off * off).sum(axis=1)).max()))
        return columns, worst

    def block(self, start: int) -> None:
        """Neighbours of up to `rows` rows from `start` on, and which of them are proven."""
        r, launch = min(self.rows, self.n - start), self.launch
        rows = self.x[start:start + r].astype(np.float16)
        self.now[0][:], self.lost[:], self.bar[:] = 0, 0, LOWEST
        for first, end, cut in self.tiles:
            tile = self.product[:r * (end - first)].reshape(r, end - first)
            self.xp.matmul(rows, self.columns[first:end].T, out=tile)
            threads = 128 if end - first < 4096 else 256
            launch("sift", r, threads, tile.view(np.uint32), (end - first) // 8, first, self.n, self.bar, *self.now, self.room)
            if cut:
                launch("keep_best", r, 64, *self.now, *self.then, self.bar, self.lost, self.room, self.keep)
                self.now, self.then = self.then, self.now
        (count, _, index), blocks, quads = self.now, -(-r * self.keep // 128), self.x.shape[1] // 4
        seen = self.exact, self.original
        launch("rerank", blocks, 128, self.x, quads, self.shuffle, start, r, count, index, self.room, self.keep, *seen)
        launch("order", blocks, 128, *seen, start, r, self.keep, self.k, self.indices, self.distances)
        if self.keep < self.n:
            key = self.bar[:r]
            bar = (key ^ ((key >> 15) & 0x7FFF)).astype(np.int16).view(np.float16).astype(np.float32)
            reached = 1 - self.distances[start:start + r, self.k - 1] >= bar + self.epsilon
            self.proven[start:start + r] = reached & (self.lost[:r] == 0)
