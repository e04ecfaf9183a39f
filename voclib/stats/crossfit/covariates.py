"""What is known of customers as a matrix of numbers that every model takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voclib.errors import ParameterError, nearest

Array = NDArray[np.float64]
MANY_MISSING = 0.3
RARE = 0.005


@dataclass(frozen=True)
class Features:
    """Covariates as numbers: `matrix` (N, p), centred, numerics with standard deviation 1, and a name a column.

    `dropped`: column → why it is not in the matrix. `notes`: column → what a reader should know of it (many values missing, rare
    levels pooled). `collinear`: sets of columns of which one can be computed from the others; the penalty copes with them.
    """

    matrix: Array
    names: tuple[str, ...]
    dropped: dict[str, str]
    notes: dict[str, str]
    collinear: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Part:
    """The columns that one covariate became."""

    source: str
    names: list[str]
    values: Array
    numeric: bool = False


def features(frame: pd.DataFrame, columns: Sequence[str], *, interactions: bool = False, squares: bool | Sequence[str] = False,
             cap: int = 300) -> Features:
    """Covariates of a frame (N rows) as a matrix that every model here takes; it never sees an answer.

    Numerics are centred and scaled, a missing one is the mean plus an indicator column. Text, categories and flags become one
    centred 0/1 column a level (one in all where there are two), missing being a level; no level is the reference, so that
    relabelling changes nothing. Levels of fewer than 0.5 % of the rows are pooled. `interactions` adds the product of every two
    columns of different covariates, `squares` the square of every numeric, or of those named.

    Raises
    ------
    ParameterError
        for an unknown or repeated column, dates, infinite numbers, no usable column, more than `cap` products.
    """
    for name in columns:
        if name not in frame:
            raise ParameterError(f"There is no column '{name}'; {nearest(name, frame.columns)}")
    if len(set(columns)) < len(columns):
        raise ParameterError("A covariate is named twice; name each once.")
    dropped: dict[str, str] = {}
    notes: dict[str, str] = {}
    parts: list[_Part] = []
    for name in columns:
        _encode(name, frame[name], parts, dropped, notes)
    if not parts:
        raise ParameterError(f"No covariate varies: {dropped}. Name columns that differ between customers.")
    collinear = _collinear([part for part in parts if len(part.names)])
    squared = parts if squares is True else [part for part in parts if squares and part.source in squares]
    grown = [*parts, *_squares(squared), *(_products(parts, cap) if interactions else [])]
    names = tuple(name for part in grown for name in part.names)
    return Features(np.ascontiguousarray(np.column_stack([p.values for p in grown])), names, dropped, notes, collinear)


def _encode(name: str, column: pd.Series, parts: list[_Part], dropped: dict[str, str], notes: dict[str, str]) -> None:
    """Add what one covariate becomes, or why it is left out."""
    missing = column.isna().to_numpy()
    if missing.all():
        dropped[name] = "all missing"
        return
    if missing.mean() > MANY_MISSING:
        notes[name] = f"{missing.mean():.0%} missing"
    if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_timedelta64_dtype(column):
        raise ParameterError(f"'{name}' holds dates; turn it into a number, such as days before the invitation.")
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    part = _numeric(name, column) if numeric else _levels(name, column, notes)
    if part is not None:
        parts.append(part)
    if numeric and missing.any():
        parts.append(_Part(f"{name} missing", [f"{name} missing"], _centred(missing.astype(float))[:, None]))
    if part is None:
        dropped[name] = "constant"


def _numeric(name: str, column: pd.Series) -> _Part | None:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        raise ParameterError(f"'{name}' holds infinite numbers; correct them or mark them as missing.")
    known = values[~np.isnan(values)]
    centre, spread = known.mean(), known.std()
    if spread <= 1e-12 * max(abs(centre), 1e-300):
        return None
    return _Part(name, [name], np.where(np.isnan(values), 0.0, (values - centre) / spread)[:, None], numeric=True)


def _levels(name: str, column: pd.Series, notes: dict[str, str]) -> _Part | None:
    """One centred 0/1 column a level, in sorted order of the levels."""
    text = column.astype(object).where(column.notna(), None)
    codes, found = pd.factorize(text.map(lambda v: "(missing)" if v is None else str(v)), sort=True)
    share = np.bincount(codes, minlength=len(found)) / len(codes)
    if (share < RARE).sum() > 1:
        notes[name] = "; ".join(filter(None, [notes.get(name, ""), f"{(share < RARE).sum()} rare levels pooled"]))
        common = np.flatnonzero(share >= RARE)
        place = np.full(len(found), len(common))
        place[common] = np.arange(len(common))
        codes, found = place[codes], [*(found[i] for i in common), "(rare)"]
    if len(found) < 2:
        return None
    kept = [1] if len(found) == 2 else range(len(found))
    return _Part(name, [f"{name}={found[i]}" for i in kept], np.column_stack([_centred((codes == i).astype(float)) for i in kept]))


def _centred(values: Array) -> Array:
    return values - values.mean()


def _unit(values: Array) -> Array:
    centred = _centred(values)
    spread = centred.std()
    return centred / spread if spread > 1e-12 else centred * 0.0


def _squares(parts: list[_Part]) -> list[_Part]:
    """Squares of numerics; two values only have a square that says nothing new."""
    wanted = [p for p in parts if p.numeric and not _two_valued(p.values[:, 0])]
    return [_Part(p.source, [f"{p.source}²"], _unit(p.values[:, 0] ** 2)[:, None]) for p in wanted]


def _two_valued(values: Array) -> bool:
    return bool(np.all((values == values.min()) | (values == values.max())))


def _products(parts: list[_Part], cap: int) -> list[_Part]:
    """Products of every two columns of different covariates."""
    pairs = [(a, b) for i, a in enumerate(parts) for b in parts[i + 1:]]
    count = sum(len(a.names) * len(b.names) for a, b in pairs)
    if count > cap:
        raise ParameterError(f"Interactions would add {count} columns; {cap} at most. Leave out covariates with many levels, or raise cap=.")
    made = [_Part(f"{a.source}×{b.source}", [f"{m} × {n}"], _unit(a.values[:, i] * b.values[:, j])[:, None])
            for a, b in pairs for i, m in enumerate(a.names) for j, n in enumerate(b.names)]
    return [part for part in made if part.values.any()]


def _collinear(parts: list[_Part]) -> tuple[tuple[str, ...], ...]:
    """Sets of columns with an exact linear relation, apart from the levels of one covariate, which always add up."""
    kept = [(n, p.values[:, i]) for p in parts for i, n in enumerate(p.names) if i < max(len(p.names) - 1, 1)]
    names, values = [n for n, _ in kept], np.column_stack([v for _, v in kept])
    gram = values.T @ values / len(values)
    scale = np.sqrt(np.diag(gram))
    gram /= np.outer(scale, scale)
    found, free = [], [0]
    for j in range(1, len(names)):
        share = np.linalg.lstsq(gram[np.ix_(free, free)], gram[free, j], rcond=None)[0]
        if 1 - gram[j, free] @ share > 1e-9:
            free.append(j)
        else:
            found.append((*(names[i] for i, s in zip(free, share, strict=True) if abs(s) > 1e-6), names[j]))
    return tuple(found)


def independent(matrix: Array) -> Array:
    """The columns (N, q) of a matrix (N, p) that those before them and a constant do not repeat: every level of a factor is a column, and one too
    many for a model without a penalty."""
    kept, basis = [], np.full((len(matrix), 1), 1 / np.sqrt(len(matrix)))
    for j in range(matrix.shape[1]):
        column = matrix[:, j]
        rest = column - basis @ (basis.T @ column)
        size = np.sqrt(rest @ rest)
        if size > 1e-8 * np.sqrt(column @ column):
            kept.append(j)
            basis = np.column_stack([basis, rest / size])
    return matrix[:, kept]
