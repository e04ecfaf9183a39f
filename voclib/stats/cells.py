"""Many rows as few cells: rows that agree in every margin are counted once, and regressions on margins need no matrix of dummies.

X below has one column a level of every margin and one a numeric column; it is never built.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from voclib.errors import ParameterError, nearest

Array = NDArray[np.float64]
Codes = NDArray[np.integer]
Margin = str | tuple[str, ...]
MISSING = "(missing)"
LARGEST_TABLE = 2**22  # a table of cells up to this size is indexed directly, larger ones only by the cells that occur


def columns_of(margin: Margin) -> tuple[str, ...]:
    """The columns a margin is made of."""
    return margin if isinstance(margin, tuple) else (margin,)


def label(name: Hashable) -> str:
    """A margin or a level as a message prints it."""
    return " × ".join(str(part) for part in name) if isinstance(name, tuple) else str(name)


def listed(levels: Iterable[Hashable], most: int = 8) -> str:
    """Levels as a message lists them."""
    names = [f"'{label(k)}'" for k in levels]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def known(level: Hashable) -> Hashable:
    """A level as it is looked up: every way to write a missing value is the same one."""
    if isinstance(level, tuple):
        return tuple(known(part) for part in level)
    return MISSING if pd.api.types.is_scalar(level) and pd.isna(level) else level


def coded(frame: pd.DataFrame, column: str) -> tuple[Codes, list[Hashable]]:
    """A column as small whole numbers and what they stand for; a missing value is a level of its own."""
    if column not in frame:
        raise ParameterError(f"There is no column '{column}' to weight by: {nearest(column, frame.columns)}")
    values = frame[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, levels = values.cat.codes.to_numpy(), list(values.cat.categories)
    else:
        codes, found = pd.factorize(values)
        levels = list(found)
    if codes.size and codes.min() < 0:
        codes = np.where(codes < 0, levels.index(MISSING) if MISSING in levels else len(levels), codes)
        levels = levels if MISSING in levels else [*levels, MISSING]
    return codes.astype(np.min_scalar_type(len(levels)), copy=False), levels


def crossed(parts: Sequence[tuple[Codes, list[Hashable]]]) -> tuple[Codes, list[Hashable]]:
    """Several coded columns as one whose levels are tuples; one column stays as it is."""
    if len(parts) == 1:
        return parts[0]
    sizes = tuple(len(levels) for _, levels in parts)
    codes = np.ravel_multi_index([codes.astype(np.intp) for codes, _ in parts], sizes)
    used, codes = np.unique(codes, return_inverse=True)
    return codes, [tuple(levels[i] for (_, levels), i in zip(parts, at, strict=True)) for at in zip(*np.unravel_index(used, sizes), strict=True)]


def _cells(columns: Sequence[tuple[Codes, list[Hashable]]], rows: int) -> tuple[NDArray[np.int32], int]:
    """Rows that agree in all columns share a cell: cell of each row, number of cells."""
    code, radix, table = np.zeros(rows, dtype=np.int32), 1, min(LARGEST_TABLE, 8 * rows + 64)
    for codes, levels in columns:
        if radix * len(levels) > table:
            used, code = np.unique(code, return_inverse=True)
            radix = len(used)
            code = code.astype(np.int64 if radix * len(levels) > 2**31 - 1 else np.int32)
        code *= len(levels)
        code += codes
        radix *= len(levels)
    if radix <= table:
        there = np.bincount(code, minlength=radix) > 0
        return (np.cumsum(there, dtype=np.int32) - 1).take(code), int(there.sum())
    used, code = np.unique(code, return_inverse=True)
    return code.astype(np.int32), len(used)


@dataclass(frozen=True)
class Design:
    """Rows by cell: `cell` (n,) of each row; by cell, the level in each margin (`codes`) and the value of each numeric column (`values`).

    `places` says which position in `levels` a level of a frame has.
    """

    cell: NDArray[np.int32]
    codes: list[Codes]
    levels: list[list[Hashable]]
    names: list[Margin]
    values: list[Array]
    numeric: list[str]
    places: list[dict[Hashable, int]]

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return sum(map(len, self.levels)) + len(self.numeric)

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len((self.codes or self.values)[0])

    def sums(self, v: Array) -> Array:
        """X'v: what the values v (cells,) add up to by level, and in each numeric column."""
        return np.concatenate([*(np.bincount(c, v, len(k)) for c, k in zip(self.codes, self.levels, strict=True)), [x @ v for x in self.values]])

    def scores(self, parameters: Array, codes: Sequence[Codes], values: Sequence[Array]) -> Array:
        """Xλ: each cell's (row's) sum of its parameters."""
        splits = np.split(parameters, np.cumsum([len(k) for k in self.levels]))
        return sum(part[c] for part, c in zip(splits, codes, strict=False)) + sum(b * x for b, x in zip(splits[-1], values, strict=True))

    def gram(self, v: Array) -> Array:
        """X'diag(v)X by counting pairs of levels."""
        out, start = np.zeros((self.size, self.size)), np.cumsum([0, *map(len, self.levels)])
        for i, (first, a) in enumerate(zip(self.codes, self.levels, strict=True)):
            out[range(start[i], start[i + 1]), range(start[i], start[i + 1])] = np.bincount(first, v, len(a))
            for j in range(i + 1, len(self.codes)):
                b = len(self.levels[j])
                pair = np.bincount(first.astype(np.intp) * b + self.codes[j], v, len(a) * b).reshape(len(a), b)
                out[start[i]:start[i + 1], start[j]:start[j + 1]] = pair
                out[start[j]:start[j + 1], start[i]:start[i + 1]] = pair.T
        for k, x in enumerate(self.values):
            out[start[-1] + k] = out[:, start[-1] + k] = self.sums(v * x)
        return out

    def labels(self) -> pd.DataFrame:
        """The unknowns by name: margin, level (empty for a numeric column)."""
        rows = [(label(name), label(level)) for name, levels in zip(self.names, self.levels, strict=True) for level in levels]
        return pd.DataFrame([*rows, *((column, "") for column in self.numeric)], columns=["margin", "level"])

    def matrix(self) -> Array:
        """X' as a sparse matrix (unknowns, cells); only for telling what is wrong."""
        each = np.arange(self.cells)
        blocks = [sparse.csr_array((np.ones(self.cells), (c, each)), shape=(len(k), self.cells))
                  for c, k in zip(self.codes, self.levels, strict=True)]
        return sparse.vstack([*blocks, *(sparse.csr_array(x[None, :]) for x in self.values)])


def design(sample: pd.DataFrame, names: Sequence[Margin], numeric: Sequence[str] = ()) -> Design:
    """The cells of the rows of `sample` over margins and numeric columns; only levels that occur.

    Raises
    ------
    ParameterError
        for an unknown column, or a numeric one that is not a number everywhere.
    """
    used = list(dict.fromkeys([column for name in names for column in columns_of(name)] + list(numeric)))
    parts = {column: coded(sample, column) for column in used}
    cell, size = _cells(list(parts.values()), len(sample))
    member = np.zeros(size, dtype=np.intp)
    member[cell] = np.arange(len(cell))
    inside = {column: (codes[member], levels) for column, (codes, levels) in parts.items()}
    codes, levels = [], []
    for name in names:
        kept, every = crossed([inside[c] for c in columns_of(name)])
        there, kept = np.unique(kept, return_inverse=True)  # a category nobody has is no level
        codes.append(kept)
        levels.append([every[i] for i in there])
    values = []
    for column in numeric:
        if MISSING in inside[column][1] or not pd.api.types.is_numeric_dtype(sample[column]):
            raise ParameterError(f"The total of '{column}' is one number, but the column is not one everywhere: give a total for each of its levels.")
        values.append(np.asarray(inside[column][1], dtype=float)[inside[column][0]])
    return Design(cell, codes, levels, list(names), values, list(numeric), [{known(k): i for i, k in enumerate(found)} for found in levels])


def margins(frame: pd.DataFrame, columns: Sequence[Margin], *, weights: ArrayLike | None = None, numeric: Sequence[str] = (),
            ) -> dict[Any, dict[Hashable, float] | float]:
    """Totals of a population (N rows) as `calibrate` wants them: customers by level, and the sum of each `numeric` column.

    A tuple of columns is a margin of its own, their cross-classification, with tuples as levels. Missing is the level "(missing)".
    """
    w = None if weights is None else np.asarray(weights, dtype=float)
    found: dict[Any, dict[Hashable, float] | float] = {}
    for name in columns:
        codes, levels = crossed([coded(frame, c) for c in columns_of(name)])
        count = np.bincount(codes, minlength=len(levels))
        total = count if w is None else np.bincount(codes, w, len(levels))
        found[name] = {level: float(t) for level, t, n in zip(levels, total, count, strict=True) if n}
    for column in numeric:
        values = frame[column].to_numpy(dtype=float)
        found[column] = float(values.sum() if w is None else values @ w)
    return found


def least(gram: Array, right: Array) -> Array:
    """The smallest solution of gram · x = right: margins repeat each other, so one of every set is redundant."""
    scale = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
    values, vectors = np.linalg.eigh(gram / scale[:, None] / scale)
    kept = values > 1e-11 * values[-1]
    return (vectors[:, kept] @ ((vectors[:, kept].T @ (right / scale)) / values[kept])) / scale
