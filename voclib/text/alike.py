"""The rows most alike by cosine, on the processor: every pair compared or, where rows are very many, those of the nearest cells only.

Exact search is a product in single precision by faiss (Douze et al. 2024, arXiv 2401.08281); the leading rows, and a few more, are then ranked in
double precision, so that neither threads nor the order of a sum decide. Beyond `EXACT` rows an inverted file takes over (Sivic & Zisserman 2003,
ICCV): 4√n cells from k-means on a sample, as many of them searched a row as a check asks for. The check compares rows drawn at random with exact
search and takes half as many cells again until the `RECALL` is reached, so that it does not hang on what the vectors are like. Work grows with n√n;
exact search grows with n².
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices, Distances = NDArray[np.int64], NDArray[np.float32]
EXACT = 20_000  # rows up to which exact search is as fast
SPARE = 8  # rows ranked in double precision beyond the k that single precision puts first
RECALL = 0.95  # of a row's k − 1 nearest others, the share found at least: the mean over the rows checked
CHECKED, FIRST, BLOCK = 512, 8, 20_000  # rows checked; cells searched at first; rows searched at a time
CELLS, SAMPLE, ROUNDS = 4.0, 40, 5  # cells for √n, and the rows a cell and rounds of k-means that place them
CLOSE = 1e-6  # cosines that differ by less are one: among equal rows any is right
RANKED = 1024  # rows ranked at a time


def is_installed() -> bool:
    """Whether faiss is there."""
    return find_spec("faiss") is not None


def neighbours(unit: NDArray[np.float32], k: int) -> tuple[Indices, Distances]:
    """The k nearest of every row of `unit` (n, p), rows of length 1: indices (n, k) and distances 1 − cos (n, k), nearest first.

    Exact up to `EXACT` rows, `approximate` beyond; without faiss exact throughout, by scikit-learn and with a warning where that is slow.
    """
    if is_installed():
        return exact(unit, k) if len(unit) <= EXACT else approximate(unit, k)
    if len(unit) > EXACT:
        minutes = (len(unit) / 10_000) ** 2 / 60
        warnings.warn(f"faiss is not installed: {len(unit)} rows are searched exactly, in something like {minutes:.0f} minutes on two cores; with "
                      "it 200,000 take about one: pip install faiss-cpu.", stacklevel=3)
    from sklearn.neighbors import NearestNeighbors

    most = min(k + SPARE, len(unit))
    return _ranked(unit, NearestNeighbors(n_neighbors=most, algorithm="brute").fit(unit).kneighbors(unit, return_distance=False), k)


def exact(unit: NDArray[np.float32], k: int) -> tuple[Indices, Distances]:
    """See `neighbours`: all pairs, by faiss."""
    import faiss

    index = faiss.IndexFlatIP(unit.shape[1])
    index.add(unit)
    return _ranked(unit, index.search(unit, min(k + SPARE, len(unit)))[1], k)


def _ranked(unit: NDArray[np.float32], found: Indices, k: int) -> tuple[Indices, Distances]:
    """The first k of the rows found, by distance in double precision and then by index."""
    indices, distances = np.empty((len(unit), k), dtype=np.int64), np.empty((len(unit), k), dtype=np.float32)
    for start in range(0, len(unit), RANKED):
        part = slice(start, start + RANKED)
        near = np.sort(found[part], axis=1)
        apart = 1 - np.einsum("nkp,np->nk", unit[near], unit[part], dtype=np.float64)
        first = np.argsort(apart, axis=1, kind="stable")[:, :k]
        indices[part], distances[part] = np.take_along_axis(near, first, 1), np.take_along_axis(apart, first, 1)
    return indices, np.maximum(distances, 0)


def approximate(unit: NDArray[np.float32], k: int, *, recall: float = RECALL, seed: int = 0) -> tuple[Indices, Distances]:
    """About the k nearest of every row, as `neighbours` gives them.

    Of the true neighbours at least the share `recall` is found in the mean; distances of those found are exact to single precision. The same rows
    in the same order give the same answer with one thread and with many. Memory: the vectors once more, and 12nk bytes.
    """
    index = _cells(unit, seed)
    checked = np.sort(np.random.default_rng([seed, len(unit)]).permutation(len(unit))[:CHECKED])
    bar = _kth_cosine(unit, checked, k) - CLOSE
    index.nprobe = min(FIRST, index.nlist)
    while index.nprobe < index.nlist and (index.search(unit[checked], k)[0][:, 1:] >= bar[:, None]).mean() < recall:
        index.nprobe = min(index.nprobe * 3 // 2, index.nlist)
    order = np.argsort(index.quantizer.search(unit, 1)[1].ravel(), kind="stable")  # rows of one cell together: what they are compared with is at hand
    cosines, indices = np.empty((len(unit), k), dtype=np.float32), np.empty((len(unit), k), dtype=np.int64)
    for start in range(0, len(order), BLOCK):
        rows = order[start:start + BLOCK]
        cosines[rows], indices[rows] = index.search(unit[rows], k)
    short = np.flatnonzero(indices[:, -1] < 0)  # their cells hold fewer than k rows
    if len(short):
        index.nprobe = index.nlist
        cosines[short], indices[short] = index.search(unit[short], k)
    return indices, np.maximum(1 - cosines, 0)


def _cells(unit: NDArray[np.float32], seed: int) -> Any:
    """The rows in the cells of a fitted index."""
    import faiss

    cells = max(1, round(CELLS * len(unit) ** 0.5))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(unit.shape[1]), unit.shape[1], cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.cp.niter, index.cp.max_points_per_centroid, index.cp.min_points_per_centroid = seed + 1, ROUNDS, SAMPLE, 1
    index.train(unit)
    index.add(unit)
    return index


def _kth_cosine(unit: NDArray[np.float32], rows: NDArray[np.intp], k: int, *, block: int = 64) -> NDArray[np.float32]:
    """The k-th largest cosine of some rows with all, exactly."""
    found = [np.partition(unit[rows[start:start + block]] @ unit.T, -k, axis=1)[:, -k] for start in range(0, len(rows), block)]
    return np.concatenate(found)
