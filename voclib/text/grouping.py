"""Vectors into topics: the stages one after another, on arrays; the same rows in the same order give the same labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voclib.errors import ParameterError, nearest
from voclib.text import graph
from voclib.text.engines import Engine, Neighbours
from voclib.text.graph import TIES, Ties

Layout = Literal["graph", "density"]
Labels = NDArray[np.intp]
Vectors = NDArray[np.float32]
LAYOUTS = ("graph", "density")
UNCLEAR, AUTO = -1, "auto"
NEIGHBOURS, SMALLEST, FEWEST = 16, 10, 40  # a text and its 15 nearest; texts of a topic; distinct texts worth modelling
SHARE = 1 / 250  # of all texts: the smallest dense region at granularity 1
DIMS, DENSE, DEEP = 5, (5, 30), 31  # of a layout; neighbours that make a place dense, at least and at most; neighbours it rests on at most
VOTES = 5  # points of dense regions that a point outside goes by


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How topics are found. `granularity` above 1 asks for more and smaller topics; a topic holds at least `min_size` distinct texts.

    Granularity "auto" is left to resamples (`voclib.text.granularity`). `ties` weigh the neighbours of the layout "graph" (`graph.ties`).
    """

    layout: Layout = "graph"
    granularity: float | Literal["auto"] = 1.0
    min_size: int = SMALLEST
    seed: int = 0
    ties: Ties = "cosine"

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise ParameterError(f"A layout is one of {', '.join(LAYOUTS)}, not {self.layout!r}; {nearest(str(self.layout), LAYOUTS)}")
        if self.ties not in TIES:
            raise ParameterError(f"Ties are weighted by {' or '.join(TIES)}, not {self.ties!r}; {nearest(str(self.ties), TIES)}")
        is_number = not isinstance(self.granularity, str) and self.granularity > 0
        if not (is_number or self.granularity == AUTO) or self.min_size < 2:
            raise ParameterError(f"granularity lies above 0 and min_size is at least 2, not {self.granularity!r} and {self.min_size!r}; or "
                                 f"granularity is {AUTO!r}, chosen without labels.")


def group(x: Vectors, engine: Engine, settings: Settings) -> Labels:
    """Topics of unit vectors (m, p): 0, 1, … from the largest on. Rows of zeros and groups under `min_size` are −1.

    `graph`: communities among nearest neighbours tied by their cosine, on which several runs agree, with the granularity as resolution. `density`:
    dense regions of a UMAP layout, of at least 1/250 of the texts over the granularity; what lies outside them goes to the region that is nearest
    in the layout. A place is dense by as many neighbours as the smallest region holds, from 5 to 30: with 5 alone, large corpora run together in a
    few regions.

    Raises
    ------
    ParameterError
        for the granularity "auto", which `voclib.text.granularity.choose` turns into a number.
    """
    if settings.granularity == AUTO:
        raise ParameterError("Groups are made at a granularity that is a number; voclib.text.granularity.choose finds one.")
    rows = directed(x, settings)
    if not len(rows):
        return np.full(len(x), UNCLEAR, dtype=np.intp)
    own = x if len(rows) == len(x) else x[rows]
    split = splitter(own, engine.neighbours(own, depth(len(own), settings)), engine, settings)
    return spread(split(settings.granularity), rows, len(x))


def directed(x: Vectors, settings: Settings) -> NDArray[np.intp]:
    """The rows that can be grouped: those that are not zero, or none where they are too few."""
    rows = np.flatnonzero(x.any(axis=1))
    return rows if len(rows) >= max(FEWEST // 2, 2 * settings.min_size) else rows[:0]


def depth(n: int, settings: Settings) -> int:
    """How many neighbours of each of n texts a layout rests on, itself among them: 16; for `density` as the smallest region, from 16 to 31."""
    region = round(SHARE * n) + 1 if settings.layout == "density" else 0
    return min(max(NEIGHBOURS, min(region, DEEP)), n)


def splitter(own: Vectors, found: Neighbours, engine: Engine, settings: Settings, *, runs: int = graph.RUNS) -> Callable[[float], Labels]:
    """The stages that granularity has no part in, done once; what comes back makes the topics of `group` at a granularity.

    Communities of the layout `graph` rest on `runs` of Louvain (`graph.communities`).
    """
    if settings.layout == "graph":
        tied = graph.ties(found, kind=settings.ties)
        return lambda granularity: sizeable(graph.communities(tied, resolution=granularity, seed=settings.seed, runs=runs), settings.min_size)
    reduced = engine.reduce(own, knn=found, dims=min(DIMS, *own.shape), seed=settings.seed)

    def dense(granularity: float) -> Labels:
        region = round(SHARE * len(own) / granularity)
        samples = min(max(DENSE[0], min(region, DENSE[1])), len(own) - 1)
        groups = np.asarray(engine.cluster(reduced, min_cluster_size=max(settings.min_size, region), min_samples=samples), dtype=np.intp)
        return sizeable(joined(reduced, groups), settings.min_size)

    return dense


def sizeable(groups: Labels, least: int) -> Labels:
    """Groups of at least `least` rows, from the largest on; the others are −1."""
    sizes = np.bincount(groups[groups >= 0], minlength=1)
    return graph.by_size(np.where((groups >= 0) & (sizes[np.maximum(groups, 0)] >= least), groups, UNCLEAR))


def resampled(n: int, share: float, *, seed: int, draw: int) -> NDArray[np.intp]:
    """Rows of one resample, in order, drawn without replacement."""
    return np.sort(np.random.default_rng([seed, draw]).permutation(n)[: max(2, round(share * n))])


def spread(labels: Labels, rows: NDArray[np.intp], n: int) -> Labels:
    """Labels of some rows among n; −1 for the others."""
    whole = np.full(n, UNCLEAR, dtype=np.intp)
    whole[rows] = labels
    return whole


def joined(points: Vectors, groups: Labels) -> Labels:
    """Points (n, dims) in no group, with the group that most of the five nearest points in groups belong to; as they are where there is none."""
    out, inside = np.flatnonzero(groups < 0), np.flatnonzero(groups >= 0)
    whole = groups.copy()
    if not len(inside) or not len(out):
        return whole
    from scipy.spatial import cKDTree

    beside = groups[inside][cKDTree(points[inside]).query(points[out], k=range(1, min(VOTES, len(inside)) + 1), workers=-1)[1]]
    beside.sort(axis=1)
    votes = (beside[:, :, None] == beside[:, None, :]).sum(axis=2)
    whole[out] = beside[np.arange(len(out)), votes.argmax(axis=1)]  # ties: the group of the lower number
    return whole


def centres(x: Vectors, labels: Labels, k: int) -> Vectors:
    """The mean direction of each of k topics (k, p)."""
    order, sums = np.argsort(labels, kind="stable"), np.zeros((k, x.shape[1]))
    ends = np.searchsorted(labels[order], np.arange(k + 1))
    for name in range(k):
        sums[name] = x[order[ends[name]:ends[name + 1]]].sum(axis=0, dtype=np.float64)
    length = np.sqrt(np.einsum("ij,ij->i", sums, sums))
    return (sums / np.where(length > 0, length, 1)[:, None]).astype(np.float32)


def overlaps(before: Labels, after: Labels, k: int) -> NDArray[np.float64]:
    """For each of k topics of `before` (n,), its largest Jaccard overlap with a topic of `after` (n,); 0 where none of its texts is left."""
    columns = int(after.max(initial=-1)) + 1
    inside = (before >= 0) & (after >= 0)
    both = np.bincount(before[inside] * columns + after[inside], minlength=k * columns).reshape(k, columns)
    if not both.shape[1]:
        return np.zeros(k)
    first = np.bincount(before[before >= 0], minlength=k)[:, None]
    second = np.bincount(after[after >= 0], minlength=both.shape[1])[None, :]
    return (both / np.maximum(first + second - both, 1)).max(axis=1)
