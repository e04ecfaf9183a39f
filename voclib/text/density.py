"""HDBSCAN* in few dimensions, exact: a spanning tree on a GPU, and the clusters it holds (Campello, Moulavi & Sander 2013, PAKDD).

The core distance κ(a) is that to the `min_samples`-th nearest other point, the point itself not counted (as hdbscan and cuML 26.10 count;
scikit-learn counts it). Two points reach one another at max(κ(a), κ(b), ‖a − b‖). The minimum spanning tree of that, its edges taken from
the shortest on, is the hierarchy (McInnes & Healy 2017, ICDMW).

The tree grows in rounds (Borůvka 1926): every component takes its lightest edge outwards, ties by the ends of the edge, so there is one
answer. Points lie along a Z-curve (Morton 1966) in boxes of 32 and of 32²; a box is passed over where its nearest corner or its smallest
core distance lies beyond the best edge known, or where it holds nothing but the component itself (Bentley & Friedman 1978, IEEE Trans.
Computers C-27; March, Ram & Gray 2010, KDD). Distances are sums of squared differences. The shorter way, ‖a‖² + ‖b‖² − 2ab, loses in single
precision what is below about a thousandth of the coordinates: a tree of a tight layout then comes out too short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voclib.errors import DataError, VocError
from voclib.text.kernels import Launch, to_card

BLOCK = 32  # points of a box; kernels know it as BLOCK
MOST_DIMS, MOST_SAMPLES = 10, 32  # beyond: boxes exclude little, and a thread's own lists leave the registers
INFINITE, NONE = 0x7F800000, -1  # bits of a single-precision infinity; an edge not yet found
CLOSEST = 1e-12  # distance at which density stops growing: equal points are not infinitely dense
ROUNDS = 40  # components at least halve in each

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Tree:
    """A minimum spanning tree of n points: ends (n − 1, 2) and mutual reachability (n − 1,) of its edges, shortest first."""

    ends: NDArray[np.int64]
    lengths: NDArray[np.float64]


def cluster(x: NDArray[np.float32], *, min_cluster_size: int, xp: ModuleType, launch: Launch) -> Labels:
    """Labels (n,) of points (n, dims): `select` on `tree`. `min_samples` and dims are compiled into `launch`."""
    return select(tree(x, xp=xp, launch=launch), min_cluster_size=min_cluster_size)


def tree(x: NDArray[np.float32], *, xp: ModuleType, launch: Launch) -> Tree:
    """The minimum spanning tree of mutual reachability among points `x` (n, dims), finite, n > min_samples; dims ≤ `MOST_DIMS`.

    `xp` is CuPy; `launch` the kernels compiled for DIMS, SAMPLES (`min_samples` ≤ `MOST_SAMPLES`) and `BLOCK`. Every run gives the same.
    Memory on the card: about 150 bytes a point. DataError where squared distances leave single precision.
    """
    if float(np.ptp(x, axis=0).max()) > 1e18:
        raise DataError("Points lie more than 10¹⁸ apart, too far for squares in single precision; bring them to a smaller scale.")
    x = to_card(x, xp)
    place = _curve(x, xp)
    forest = _Forest(xp.ascontiguousarray(x[place]), xp=xp, launch=launch)
    for _ in range(ROUNDS):
        if forest.round() == len(x) - 1:
            return forest.tree(place)
    raise VocError(f"The spanning tree of {len(x)} points did not close in {ROUNDS} rounds; please report these points as a fault.")


def select(tree: Tree, *, min_cluster_size: int) -> Labels:
    """Clusters of a hierarchy by excess of mass: 0, 1, … and −1 for points in none.

    A cluster of at least `min_cluster_size` ≥ 2 points lives from the density λ = 1/length at which it parts from its sibling on, and gains
    Σ (λ at which a point leaves − λ at its birth). It is chosen where it gains no less than what is chosen below it; the whole is never one
    (Campello et al. 2013, §5). One pass up the tree and one down. VocError without numba.
    """
    grow, name = _passes()
    return name(*grow(tree.ends, tree.lengths, min_cluster_size))


def _curve(x: Any, xp: ModuleType) -> Any:
    """The order of points along a Z-curve: bits of the coordinates interlaced."""
    dims = x.shape[1]
    bits = min(60 // dims, 24)
    low, high = x.min(axis=0), x.max(axis=0)
    cell = xp.clip((x - low) / xp.where(high > low, high - low, 1) * (2**bits - 1), 0, 2**bits - 1).astype(np.uint64)
    code = xp.zeros(len(x), np.uint64)
    for bit in range(bits):
        for axis in range(dims):
            code |= ((cell[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(bit * dims + axis)
    return xp.argsort(code)


def _extent(x: Any, step: int, xp: ModuleType) -> tuple[Any, Any]:
    """Least and greatest of every `step` rows, the last row repeated where they do not come out even."""
    short = -len(x) % step
    whole = (xp.concatenate([x, xp.repeat(x[-1:], short, axis=0)]) if short else x).reshape(-1, step, *x.shape[1:])
    return xp.ascontiguousarray(whole.min(axis=1)), xp.ascontiguousarray(whole.max(axis=1))


class _Forest:
    """Components of points that lie in boxes, and the edges that have joined them so far."""

    def __init__(self, x: Any, *, xp: ModuleType, launch: Launch) -> None:
        n = len(x)
        self.x, self.n, self.xp, self.launch, self.blocks = x, n, xp, launch, -(-n // 128)
        self.boxes, self.supers = _extent(x, BLOCK, xp), _extent(x, BLOCK * BLOCK, xp)
        self.core = xp.empty(n, np.float32)
        launch("core", self.blocks, 128, x, n, *self.boxes, len(self.boxes[0]), *self.supers, len(self.supers[0]), self.core)
        self.box_core, self.super_core = (_extent(self.core, step, xp)[0] for step in (BLOCK, BLOCK * BLOCK))
        self.component = xp.arange(n, dtype=np.int32)
        self.spare, self.parent, self.parent2 = (xp.empty(n, np.int32) for _ in "123")
        self.best, self.weight, self.pair, self.edge = (xp.empty(n, kind) for kind in (np.uint32, np.uint32, np.uint64, np.uint64))
        self.made, self.ends, self.length = xp.zeros(1, np.int32), xp.empty(n, np.uint64), xp.empty(n, np.uint32)

    def round(self) -> int:
        """Every component takes its lightest edge outwards; how many edges there are then."""
        launch, n = self.launch, self.n
        self.best.fill(INFINITE)
        self.edge.view(np.int64).fill(NONE)
        boxes = *self.boxes, self.box_core, self._sole(BLOCK), len(self.boxes[0])
        supers = *self.supers, self.super_core, self._sole(BLOCK * BLOCK), len(self.supers[0])
        for stride in (64, 1):  # a few points first: what they find bounds the search of the others
            threads = -(-n // stride)
            launch("reach", -(-threads // 128), 128, self.x, n, stride, self.core, self.component, *boxes, *supers, self.best, self.weight, self.pair)
        launch("pick", self.blocks, 128, n, self.component, self.best, self.weight, self.pair, self.edge)
        launch("hook", self.blocks, 128, n, self.component, self.edge, self.parent)
        launch("join", self.blocks, 128, n, self.parent, self.edge, self.best, self.parent2, self.made, self.ends, self.length)
        launch("jump", self.blocks, 128, n, self.component, self.parent2, self.spare)
        self.component, self.spare = self.spare, self.component
        return int(self.made[0])

    def _sole(self, step: int) -> Any:
        """The component that fills a box alone, or −1."""
        low, high = _extent(self.component, step, self.xp)
        return self.xp.where(low == high, low, -1).astype(np.int32)

    def tree(self, place: Any) -> Tree:
        """The edges, shortest first and ties by their ends, between points as they came."""
        xp, ends, length = self.xp, self.ends[:self.n - 1], self.length[:self.n - 1]
        order = xp.lexsort(xp.stack([ends.view(np.int64), length.astype(np.int64)]))
        pairs = ends[order]
        both = xp.stack([place[(pairs >> np.uint64(32)).astype(np.int64)], place[(pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)]], axis=1)
        return Tree(xp.asnumpy(both).astype(np.int64), np.sqrt(xp.asnumpy(length.view(np.float32)[order]).astype(np.float64)))


@cache
def _passes() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The two passes of `select`, compiled; numba keeps the result on disk."""
    if find_spec("numba") is None:
        raise VocError("Clusters are read off a hierarchy by numba, which is not installed: pip install 'voclib[topics]'.")
    import numba

    return numba.njit(cache=True)(_grow), numba.njit(cache=True)(_name)


def _grow(ends: Any, lengths: Any, smallest: int) -> Any:
    """Up the tree: children of every node, the cluster it belongs to, and of every cluster the one above, its gain and that of what lies below."""
    n = len(lengths) + 1
    root, size = np.arange(2 * n - 1), np.ones(2 * n - 1, np.int64)
    group, child = np.full(2 * n - 1, -1), np.full((2 * n - 1, 2), -1)
    most = 2 * (n // smallest) + 2
    gain, total, below, above = np.zeros(most), np.zeros(most), np.zeros(most), np.full(most, -1)
    made = 0
    for e in range(n - 1):
        node, dense = n + e, 1.0 / max(lengths[e], CLOSEST)
        for side in range(2):
            top = ends[e, side]
            while root[top] != top:
                root[top] = root[root[top]]
                top = root[top]
            child[node, side] = top
            size[node] += size[top]
        size[node] -= 1
        a, b = child[node]
        root[a], root[b] = node, node
        if group[a] >= 0 and group[b] >= 0:  # two clusters are born here, seen from above
            for top in (a, b):
                gain[group[top]] = total[group[top]] - size[top] * dense
                below[made] += max(gain[group[top]], below[group[top]])
                above[group[top]] = made
            group[node] = made
        elif group[a] >= 0 or group[b] >= 0:  # points fall out of one
            group[node] = max(group[a], group[b])
            total[group[node]] += (size[b] if group[a] >= 0 else size[a]) * dense
        elif size[node] >= smallest:
            group[node] = made
        if group[node] == made:
            total[made] = size[node] * dense
            made += 1
    return child, group, gain[:made], below[:made], above[:made]


def _name(child: Any, group: Any, gain: Any, below: Any, above: Any) -> Any:
    """Down the tree: which clusters are chosen, the last being the whole, and which of them every point fell out of or belongs to."""
    made, nodes = len(gain), len(group)
    n, names, label = (nodes + 1) // 2, 0, np.full(made, -1)
    for g in range(made - 2, -1, -1):
        label[g] = label[above[g]]
        if label[g] < 0 and gain[g] >= below[g]:
            label[g], names = names, names + 1
    within, answer = group.copy(), np.full(n, -1)
    for node in range(nodes - 1, n - 1, -1):
        for part in child[node]:
            if within[part] < 0:
                within[part] = within[node]
    for i in range(n):
        if within[i] >= 0:
            answer[i] = label[within[i]]
    return answer
