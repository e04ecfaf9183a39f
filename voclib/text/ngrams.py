"""Vectors without model weights: character n-grams, weighted by how telling they are, in a few hundred latent dimensions.

Latent semantic analysis (Deerwester et al. 1990, JASIS 41) of a TF-IDF table (Salton & Buckley 1988) whose terms are runs of characters. They
need no word segmentation, forgive typing errors, and hold Chinese, where two characters are about a word, as well as English, where three or
four are about a stem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.text import writing

Array = NDArray[np.float32]
DIMS, DECIMALS = 200, 4  # latent dimensions; decimals kept, so that bytes repeat where a sum is formed in another order
SIGNS = {"zh": ("char", (1, 2)), "en": ("char_wb", (3, 4))}
COMMON, RARE = 0.3, 3  # a run in more than this share of texts tells nothing; one in fewer texts than this cannot join two


@dataclass(frozen=True)
class Ngrams:
    """A fitted encoder: `vocabulary` of character runs, their `idf` (v,), and `axes` (v, p) of the latent space."""

    language: str
    vocabulary: tuple[str, ...]
    idf: Array
    axes: Array

    def encode(self, forms: Sequence[str]) -> Array:
        """Unit vectors (n, p) of normal forms; a row of zeros where a text shares no run with the vocabulary."""
        counter = _counter(self.language, {term: k for k, term in enumerate(self.vocabulary)})
        return _unit(_weighted(counter.transform(_written(forms, self.language)), self.idf) @ self.axes)


def fit(forms: Sequence[str], *, language: str, dims: int = DIMS, seed: int = 0) -> Ngrams:
    """The encoder of `fitted`, without the vectors."""
    return fitted(forms, language=language, dims=dims, seed=seed)[0]


def fitted(forms: Sequence[str], *, language: str, dims: int = DIMS, seed: int = 0) -> tuple[Ngrams, Array]:
    """An encoder of these normal forms (`voclib.text.writing.normal`), which should be distinct, and what it makes of them (n, p).

    A term weighs (1 + log f)·(1 + log((1 + n)/(1 + d))), f its count in the text and d the number of texts that hold it; rows are divided by their
    length, then projected on the leading `dims` right singular vectors, found by randomised projection (Halko, Martinsson & Tropp 2011).

    Raises
    ------
    ParameterError
        for an unknown language.
    DataError
        where the texts share too few runs of characters for two dimensions.
    """
    from sklearn.utils.extmath import randomized_svd

    if language not in SIGNS:
        raise ParameterError(f"n-grams are set up for the languages zh and en, not {language!r}; {nearest(language, SIGNS)}")
    counter = _counter(language, None)
    counts = counter.fit_transform(_written(forms, language))
    vocabulary, kept = _telling(counts, counter.get_feature_names_out())
    counts = counts[:, kept]
    if min(counts.shape) < 3:
        raise DataError(f"{len(forms)} distinct texts share {counts.shape[1]} runs of characters; topics need more texts, or longer ones.")
    held = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = (1 + np.log((1 + len(forms)) / (1 + held))).astype(np.float32)
    table = _weighted(counts, idf)
    _, _, right = randomized_svd(table, min(dims, min(table.shape) - 1), n_iter=3, random_state=seed)
    made = Ngrams(language, vocabulary, idf, np.ascontiguousarray(right.T, dtype=np.float32))
    return made, _unit(table @ made.axes)


def _written(forms: Sequence[str], language: str) -> list[str]:
    """What is said, not to whom; Chinese without its blanks, which mean nothing there."""
    said = map(writing.unaddressed, forms)
    return [form.replace(" ", "") for form in said] if language == "zh" else list(said)


def _counter(language: str, vocabulary: dict[str, int] | None) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    analyzer, lengths = SIGNS[language]
    return CountVectorizer(analyzer=analyzer, ngram_range=lengths, lowercase=False, dtype=np.float32, vocabulary=vocabulary)


def _telling(counts: Any, names: NDArray[Any]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """The runs kept, in the vocabulary's order: in at least `RARE` texts (two where texts are few) and at most the `COMMON` share."""
    texts = counts.shape[0]
    held = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = np.flatnonzero((held >= (RARE if texts >= 500 else 2)) & (held <= max(COMMON * texts, 2)))
    return tuple(str(name) for name in names[kept]), kept


def _weighted(counts: Any, idf: Array) -> Any:
    """TF-IDF rows of unit length; rows without a known run stay zero."""
    table = counts.tocsr(copy=True)
    table.sort_indices()  # sums in one order, whether a text is fitted or met later
    table.data = (1 + np.log(table.data)) * idf[table.indices]
    length = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    table.data /= np.repeat(np.where(length > 0, length, 1), np.diff(table.indptr))
    return table.astype(np.float32)


def _unit(x: NDArray[Any]) -> Array:
    length = np.sqrt(np.einsum("ij,ij->i", x, x))
    return np.round(x / np.where(length > 1e-12, length, 1)[:, None], DECIMALS).astype(np.float32)
