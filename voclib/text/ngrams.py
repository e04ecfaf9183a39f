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
from voclib.text import runs, writing
from voclib.text.runs import Runs

Array = NDArray[np.float32]
DIMS, DECIMALS = 200, 4  # latent dimensions; decimals kept, so that bytes repeat where a sum is formed in another order
LENGTHS = {"zh": (1, 2), "en": (3, 4)}  # of runs of characters
COMMON, RARE = 0.3, 3  # a run in more than this share of texts tells nothing; one in fewer texts than this cannot join two


@dataclass(frozen=True)
class Ngrams:
    """A fitted encoder: the `signs` it knows, runs of v kinds, and `axes` (v, p) of the latent space."""

    language: str
    signs: Runs
    axes: Array

    def encode(self, forms: Sequence[str]) -> Array:
        """Unit vectors (n, p) of normal forms; a row of zeros where a text shares no run with those fitted."""
        return _unit(self.signs.table(_written(forms, self.language)) @ self.axes)


def fit(forms: Sequence[str], *, language: str, dims: int = DIMS, seed: int = 0) -> Ngrams:
    """The encoder of `fitted`, without the vectors."""
    return fitted(forms, language=language, dims=dims, seed=seed)[0]


def fitted(forms: Sequence[str], *, language: str, dims: int = DIMS, seed: int = 0) -> tuple[Ngrams, Array]:
    """An encoder of these normal forms (`voclib.text.writing.normal`), which should be distinct, and what it makes of them (n, p).

    Runs in at least `RARE` texts (two where texts are few) and at most the `COMMON` share of them, weighted as in `voclib.text.runs`, are projected
    on the leading `dims` right singular vectors, found by randomised projection (Halko, Martinsson & Tropp 2011).

    Raises
    ------
    ParameterError
        for an unknown language.
    DataError
        where the texts share too few runs of characters for two dimensions.
    """
    from sklearn.utils.extmath import randomized_svd

    if language not in LENGTHS:
        raise ParameterError(f"n-grams are set up for the languages zh and en, not {language!r}; {nearest(language, LENGTHS)}")
    n = len(forms)
    signs, table = runs.fit(_written(forms, language), lengths=LENGTHS[language], fewest=RARE if n >= 500 else 2, most=max(COMMON * n, 2))
    if min(table.shape) < 3:
        raise DataError(f"{n} distinct texts share {table.shape[1]} runs of characters; topics need more texts, or longer ones.")
    _, _, right = randomized_svd(table, min(dims, min(table.shape) - 1), n_iter=3, random_state=seed)
    made = Ngrams(language, signs, np.ascontiguousarray(right.T, dtype=np.float32))
    return made, _unit(table @ made.axes)


def _written(forms: Sequence[str], language: str) -> list[str]:
    """What is said, not to whom: Chinese without its blanks, which mean nothing there; English word by word, so that no run spans two."""
    said = map(runs.whole, map(writing.unaddressed, forms))
    if language == "zh":
        return [form.replace(" ", "") for form in said]
    return [runs.BREAK.join(f" {word} " for word in form.split()) for form in said]


def _unit(x: NDArray[Any]) -> Array:
    length = np.sqrt(np.einsum("ij,ij->i", x, x))
    return np.round(x / np.where(length > 1e-12, length, 1)[:, None], DECIMALS).astype(np.float32)
