"""Vectors into topics: the stages one after another, on arrays; the same rows in the same order give the same labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voclib.errors import ParameterError, nearest
from voclib.text import graph
from voclib.text.engines import Engine

Layout = Literal["graph", "density"]
Labels = NDArray[np.intp]
Vectors = NDArray[np.float32]
LAYOUTS = ("graph", "density")
UNCLEAR = -1
NEIGHBOURS, SMALLEST, FEWEST = 16, 10, 40  # a text and its 15 nearest; texts of a topic; distinct texts worth modelling
SHARE = 1 / 250  # of all texts: the smallest dense region at granularity 1
DIMS, DENSE = 5, 5  # of a layout, and how many neighbours make a place dense


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How topics are found. `granularity` above 1 asks for more and smaller topics; a topic holds at least `min_size` distinct texts."""

    layout: Layout = "graph"
    granularity: float = 1.0
    min_size: int = SMALLEST
    seed: int = 0

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise ParameterError(f"A layout is one of {', '.join(LAYOUTS)}, not {self.layout!r}; {nearest(str(self.layout), LAYOUTS)}")
        if not self.granularity > 0 or self.min_size < 2:
            raise ParameterError(f"granularity lies above 0 and min_size is at least 2, not {self.granularity!r} and {self.min_size!r}.")


def group(x: Vectors, engine: Engine, settings: Settings) -> Labels:
    """Topics of unit vectors (m, p): 0, 1, … from the largest on. Rows of zeros and groups under `min_size` are −1.

    `graph`: communities among nearest neighbours tied by their cosine, with the granularity as resolution. `density`: dense regions of a UMAP
    layout, of at least 1/250 of the texts over the granularity; what lies outside them goes to the nearest centre.
    """
    labels = np.full(len(x), UNCLEAR, dtype=np.intp)
    there = np.flatnonzero(np.abs(x).sum(axis=1) > 0)
    if len(there) < max(FEWEST // 2, 2 * settings.min_size):
        return labels
    own = x[there]
    found = engine.neighbours(own, min(NEIGHBOURS, len(own)))
    if settings.layout == "graph":
        groups = graph.communities(graph.ties(found), resolution=settings.granularity, seed=settings.seed)
    else:
        reduced = engine.reduce(own, knn=found, dims=min(DIMS, *own.shape), seed=settings.seed)
        least = max(settings.min_size, round(SHARE * len(own) / settings.granularity))
        groups = joined(own, np.asarray(engine.cluster(reduced, min_cluster_size=least, min_samples=DENSE), dtype=np.intp))
    sizes = np.bincount(groups[groups >= 0], minlength=1)
    labels[there] = graph.by_size(np.where((groups >= 0) & (sizes[np.maximum(groups, 0)] >= settings.min_size), groups, UNCLEAR))
    return labels


def joined(x: Vectors, groups: Labels) -> Labels:
    """Rows in no group, with the group whose centre is nearest by cosine; as they are where there is no group at all."""
    k = int(groups.max(initial=-1)) + 1
    return np.where(groups >= 0, groups, (x @ centres(x, groups, k).T).argmax(axis=1)) if k else groups


def centres(x: Vectors, labels: Labels, k: int) -> Vectors:
    """The mean direction of each of k topics (k, p)."""
    sums = np.zeros((k, x.shape[1]))
    np.add.at(sums, labels[labels >= 0], x[labels >= 0].astype(np.float64))
    length = np.sqrt(np.einsum("ij,ij->i", sums, sums))
    return (sums / np.where(length > 0, length, 1)[:, None]).astype(np.float32)


def overlaps(before: Labels, after: Labels, k: int) -> NDArray[np.float64]:
    """For each of k topics of `before` (n,), its largest Jaccard overlap with a topic of `after` (n,); 0 where none of its texts is left."""
    both = np.zeros((k, int(after.max(initial=-1)) + 1))
    inside = (before >= 0) & (after >= 0)
    np.add.at(both, (before[inside], after[inside]), 1)
    if not both.shape[1]:
        return np.zeros(k)
    first = np.bincount(before[before >= 0], minlength=k)[:, None]
    second = np.bincount(after[after >= 0], minlength=both.shape[1])[None, :]
    return (both / np.maximum(first + second - both, 1)).max(axis=1)
