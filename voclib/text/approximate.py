"""Neighbours of very many rows by cosine, nearly all of them: rows are sorted into cells, and a row is compared with those of the nearest cells.

An inverted file (Sivic & Zisserman 2003, ICCV) by faiss (Douze et al. 2024, arXiv 2401.08281): 4√n cells from k-means on a sample, as many
of them searched a row as a check asks for. The check compares rows drawn at random with exact search and takes half as many cells again until the
`RECALL` is reached, so that it does not hang on what the vectors are like. Work grows with n√n; exact search grows with n².
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT = 20_000  # rows up to which exact search is as fast
RECALL = 0.95  # of a row's k − 1 nearest others, the share found at least: the mean over the rows checked
CHECKED, FIRST, BLOCK = 512, 8, 20_000  # rows checked; cells searched at first; rows searched at a time
CELLS, SAMPLE, ROUNDS = 4.0, 40, 5  # cells for √n, and the rows a cell and rounds of k-means that place them
CLOSE = 1e-6  # cosines that differ by less are one: among equal rows any is right


def is_installed() -> bool:
    """Whether faiss is there."""
    return find_spec("faiss") is not None


def neighbours(unit: NDArray[np.float32], k: int, *, recall: float = RECALL, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """About the k nearest of every row of `unit` (n, p), rows of length 1: indices (n, k) and distances 1 − cos (n, k), nearest first.

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
