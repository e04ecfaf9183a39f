"""Nearly the same text: which verbatims repeat one another but for digits, signs, blanks and a few words."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd
from scipy import sparse

SIMILAR = 0.8  # Jaccard overlap of the sets of shingles
SHINGLE, LEAST_WIDTH = 3, 12  # characters; a text narrower than 12 (6 Chinese characters) is a stock phrase
_BANDS, _ROWS = 20, 4  # finds a pair of overlap 0.8 with probability 1 − (1 − 0.8⁴)²⁰ = 0.99998
_PRIME = np.uint64((1 << 31) - 1)
_WORDLESS = re.compile(r"[\W\d_]+")


def normal(text: str) -> str:
    """A text as it is compared: NFKC, lower case, without digits, blanks, punctuation and emoji."""
    return _WORDLESS.sub("", unicodedata.normalize("NFKC", text).lower())


def groups(texts: pd.Series) -> pd.Series:
    """A number for every text, shared by texts that nearly repeat one another; −1 for a missing text or a stock phrase.

    Texts are linked where the Jaccard overlap of their 3-character shingles is at least 0.8; candidates come from MinHash signatures in
    bands (Broder 1997; Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, ch. 3) with fixed hash functions, and every link is checked
    exactly. Equal texts get equal numbers whatever else there is and in whatever order they stand; numbers rise with the texts' order.
    """
    normals = texts.dropna().map({text: normal(text) for text in texts.dropna().unique()})
    kept = normals[normals.map({text: _width(text) >= LEAST_WIDTH for text in normals.unique()}).astype(bool)] if len(normals) else normals
    found = pd.Series(-1, index=texts.index, dtype="int64")
    if kept.empty:
        return found
    distinct = sorted(kept.unique())
    labels = _linked(distinct)
    found[kept.index] = kept.map(dict(zip(distinct, labels, strict=True))).astype("int64")
    return found


def _width(text: str) -> int:
    return sum(1 if char.isascii() else 2 for char in text[:LEAST_WIDTH])


def _linked(distinct: list[str]) -> np.ndarray:
    """Group numbers of distinct normal texts in sorted order."""
    matrix = _shingles(distinct)
    pairs = _candidates(_signatures(matrix))
    alike = pairs[_overlap(matrix, pairs) >= SIMILAR] if len(pairs) else pairs
    size = len(distinct)
    graph = sparse.coo_matrix((np.ones(len(alike)), (alike[:, 0], alike[:, 1])), shape=(size, size))
    labels = sparse.csgraph.connected_components(graph, directed=False)[1]
    first = np.full(labels.max() + 1, size)
    np.minimum.at(first, labels, np.arange(size))
    return np.argsort(np.argsort(first, kind="stable"), kind="stable")[labels]


def _shingles(distinct: list[str]) -> sparse.csr_matrix:
    """Texts × shingles, 1 where a text holds a shingle."""
    known: dict[str, int] = {}
    columns, ends = [], [0]
    for text in distinct:
        mine = {text[at:at + SHINGLE] for at in range(max(len(text) - SHINGLE + 1, 1))}
        columns += [known.setdefault(shingle, len(known)) for shingle in sorted(mine)]
        ends.append(len(columns))
    return sparse.csr_matrix((np.ones(len(columns), dtype=np.int32), np.array(columns, dtype=np.int64), np.array(ends)),
                             shape=(len(distinct), max(len(known), 1)))


def _signatures(matrix: sparse.csr_matrix) -> np.ndarray:
    """MinHash signatures, texts × hash functions; multiply-add hashing modulo a prime with fixed constants."""
    shingle = matrix.indices.astype(np.uint64) + np.uint64(1)
    made = np.empty((matrix.shape[0], _BANDS * _ROWS), dtype=np.uint64)
    for place in range(_BANDS * _ROWS):
        factor, shift = np.uint64(pow(48271, place + 1, int(_PRIME))), np.uint64(pow(69621, place + 1, int(_PRIME)))
        made[:, place] = np.minimum.reduceat((shingle * factor + shift) % _PRIME, matrix.indptr[:-1])
    return made


def _candidates(signatures: np.ndarray) -> np.ndarray:
    """Pairs of texts that share a band: each with the first text of its bucket and with the one before it."""
    pairs = []
    for band in range(_BANDS):
        rows = signatures[:, band * _ROWS:(band + 1) * _ROWS]
        codes = pd.DataFrame(rows).groupby(list(range(_ROWS))).ngroup().to_numpy()
        order = np.argsort(codes, kind="stable")
        same = codes[order][1:] == codes[order][:-1]
        before, after = order[:-1][same], order[1:][same]
        heads = pd.Series(order).groupby(codes[order]).transform("first").to_numpy()[1:][same]
        pairs += [np.column_stack([before, after]), np.column_stack([heads, after])]
    found = np.concatenate(pairs)
    return np.unique(found[found[:, 0] != found[:, 1]], axis=0)


def _overlap(matrix: sparse.csr_matrix, pairs: np.ndarray) -> np.ndarray:
    """Jaccard overlap of pairs of rows."""
    sizes = np.diff(matrix.indptr)
    found = np.empty(len(pairs))
    for start in range(0, len(pairs), 50_000):
        one, other = pairs[start:start + 50_000].T
        shared = np.asarray(matrix[one].multiply(matrix[other]).sum(axis=1)).ravel()
        found[start:start + 50_000] = shared / (sizes[one] + sizes[other] - shared)
    return found
