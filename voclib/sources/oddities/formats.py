"""Feeds that change how they write a column at a day, found in the raw files before anybody's numbers move."""

from __future__ import annotations

from collections.abc import Mapping as Named
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd

from voclib.schema import coercion
from voclib.schema.tables import TABLES
from voclib.sources.accounting import Account
from voclib.sources.mapping import RESERVED, Mapping, Table
from voclib.sources.standardising import shapes
from voclib.sources.standardising.shaping import Piece

PURE, LEAST_ROWS = 0.95, 20  # share of one shape before and of another after; rows on each side
# a clean switch shows in fewer: if order were chance, the 5 of 105 rows that are written otherwise would all come last once in 10⁷ times
FEW, MANY = 5, 100
MOST_SHAPES = 40  # a column with more is free text
FACTOR, MIDDLE = 5, 0.9  # a change of scale: medians five times apart, middle 90 % of before and after apart
_BINS = 512
_TIMES, _NUMBERS, _LISTED = ("moment", "day"), ("whole", "real"), ("choice", "flag", "month")
_SHOWN = datetime(2026, 1, 31, 13, 5)


@dataclass(frozen=True)
class _Change:
    """A day (days since 1970) from which a column is written otherwise; masks of the rows before and after, in the order of the column."""

    day: int
    before: np.ndarray
    after: np.ndarray
    kind: str
    shapes: tuple[str, str]


def changes(mapping: Mapping, pieces: list[Piece], accounts: Named[str, Account]) -> list[dict]:
    """Files in which a mapped column changes its format or its scale at a day: what it was, what it became, and the line that reads both.

    A change of format: one shape (see voclib.sources.standardising.shapes) has at least 95 % before the day and another one from it on, at least
    20 rows each side (5 against 100 where neither shape stands on the other side at all); the day is the one that puts most rows on their side,
    found by trying every day. A change of scale: medians at least five times apart and the middle 90 % of both sides apart. A file that
    mixes formats throughout shows neither. Identifiers, names and verbatims are left out, and no cell is ever shown: examples are made up.
    """
    found = []
    for piece in pieces:
        targets = _targets(mapping.sources[piece.source].tables)
        rows = piece.raw[piece.raw["_problem"] == ""]
        if len(rows) < 2 * LEAST_ROWS or not targets:
            continue
        rows = rows.drop_duplicates(["_row", *(["_at"] if "_at" in targets else [])])
        days = _days(rows, targets)
        if days is None:
            continue
        aside = _set_aside(piece, accounts)
        for column, (table, target) in targets.items():
            if column in rows.columns:
                given = mapping.sources[piece.source].tables[table].formats.get(target, [])
                found += _in_column(piece, rows, days, column, (table, target), [given] if isinstance(given, str) else given, aside)
    return sorted(found, key=lambda item: (item["file"], item["day"], item["column"], item["kind"]))


def _targets(tables: Named[str, Table]) -> dict[str, tuple[str, str]]:
    """Columns of the file worth watching and what each becomes. Identifiers and columns of our own making are not, nor are open lists of
    names: the products on sale change, and that is no format."""
    found: dict[str, tuple[str, str]] = {}
    for table, rule in tables.items():
        for target, column in rule.columns.items():
            declared = TABLES[table].columns[target].metadata
            if declared["kind"] not in ("id", "text") and (column == "_at" or column not in RESERVED):
                found.setdefault(column, (table, target))
    return found


def _days(rows: pd.DataFrame, targets: Named[str, tuple[str, str]]) -> pd.Series | None:
    """The day of each row by the file's time column: submitted_at, touched_at, else the one that can be read most often."""
    order = {"submitted_at": 0, "touched_at": 1}
    times = [(order.get(target, 2), place, column) for place, (column, (table, target)) in enumerate(targets.items())
             if TABLES[table].columns[target].metadata["kind"] in _TIMES and column in rows.columns]
    read = [(shapes.days(rows[column]), rank, place) for rank, place, column in times]
    good = [item for item in read if item[0].notna().sum() >= 2 * LEAST_ROWS]
    if not good:
        return None
    return min(good, key=lambda item: (-round(float(item[0].notna().mean()), 1), item[1], item[2]))[0]


def _set_aside(piece: Piece, accounts: Named[str, Account]) -> set[int]:
    aside: set[int] = set()
    for name in piece.tables:
        offered = accounts[name].offered[~accounts[name].is_accepted]
        aside |= set(offered.loc[(offered["_source"] == piece.source) & (offered["_file"] == piece.file), "_row"])
    return aside


def _in_column(piece: Piece, rows: pd.DataFrame, days: pd.Series, column: str, into: tuple[str, str], given: list[str],
               aside: set[int]) -> list[dict]:
    """What changes in one column, which becomes the column `into` (table and name) and is read by the patterns given."""
    declared = TABLES[into[0]].columns[into[1]]
    known = rows[column].notna() & ~coercion.is_nothing(rows[column], declared) & days.notna()
    texts, at = rows.loc[known, column], days[known].to_numpy(dtype=np.int64)
    if len(texts) < 2 * LEAST_ROWS:
        return []
    kind = declared.metadata["kind"]
    written = _by_shape(shapes.shape(texts), at)
    scaled = _by_scale(texts, at) if kind in _NUMBERS and written is None else None
    return [_told(piece, texts, column, into, change) | {"rows_quarantined_after": len(set(rows.loc[known, "_row"][change.after]) & aside),
                                                        "fix": _fix(into[1], kind, change.kind, _patterns(texts, change, kind), given)}
            for change in (written, scaled) if change is not None]


def _by_shape(written: pd.Series, at: np.ndarray) -> _Change | None:
    codes, names = pd.factorize(written, sort=True)
    if not 1 < len(names) <= MOST_SHAPES:
        return None
    calendar, place = np.unique(at, return_inverse=True)
    counts = np.zeros((len(calendar), len(names)), dtype=np.int64)
    np.add.at(counts, (place, codes), 1)
    before = np.cumsum(counts, axis=0)[:-1]  # up to the day before each candidate
    after = counts.sum(axis=0) - before
    sides = before.sum(axis=1), after.sum(axis=1)
    tops = before.max(axis=1), after.max(axis=1)
    shown = before.argmax(axis=1), after.argmax(axis=1)
    mostly = (np.minimum(*sides) >= LEAST_ROWS) & (tops[0] >= PURE * sides[0]) & (tops[1] >= PURE * sides[1])
    wholly = (np.minimum(*sides) >= FEW) & (np.maximum(*sides) >= MANY) & (tops[0] == sides[0]) & (tops[1] == sides[1])
    fits = (shown[0] != shown[1]) & (mostly | wholly)
    if not fits.any():
        return None
    best = int(np.argmax(np.where(fits, tops[0] + tops[1], -1)))
    day = int(calendar[best + 1])
    return _Change(day, at < day, at >= day, "format", (str(names[shown[0][best]]), str(names[shown[1][best]])))


def _by_scale(texts: pd.Series, at: np.ndarray) -> _Change | None:
    """Quantiles before and after every day at once, over bins of equal counts; the day is then sharpened and checked on the values themselves."""
    numbers = pd.to_numeric(texts.str.replace(",", "", regex=False), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    usable = np.isfinite(numbers)
    values, when = numbers[usable], at[usable]
    if len(values) < 2 * LEAST_ROWS or len(np.unique(values)) < 2:
        return None
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1), method="lower"))
    bins = np.searchsorted(edges, values, side="right") - 1
    calendar, place = np.unique(when, return_inverse=True)
    counts = np.zeros((len(calendar), len(edges)), dtype=np.int64)
    np.add.at(counts, (place, bins), 1)
    before = np.cumsum(counts, axis=0)[:-1]
    after = counts.sum(axis=0) - before
    n = before.sum(axis=1), after.sum(axis=1)
    low, high = (1 - MIDDLE) / 2, (1 + MIDDLE) / 2
    rises = _reached(before, n[0], high) < _reached(after, n[1], low)
    falls = _reached(before, n[0], low) > _reached(after, n[1], high)
    fits = (rises | falls) & (np.minimum(*n) >= LEAST_ROWS)
    if not fits.any():
        return None
    day = _sharpened(values, when, int(calendar[int(np.argmax(fits)) + 1]))
    return _checked(numbers, at, usable, day)


def _sharpened(values: np.ndarray, when: np.ndarray, day: int) -> int:
    """The day that puts most rows on their side of the widest gap between what stands before and after a day that fits."""
    first, second = sorted((values[when < day], values[when >= day]), key=np.median)
    between = np.unique(values[(values >= np.quantile(first, (1 + MIDDLE) / 2)) & (values <= np.quantile(second, (1 - MIDDLE) / 2)) & (values > 0)])
    if len(between) < 2:
        return day
    is_high = values > between[int(np.argmax(between[1:] / between[:-1]))]
    calendar, place = np.unique(when, return_inverse=True)
    counts = np.zeros((len(calendar), 2), dtype=np.int64)
    np.add.at(counts, (place, is_high.astype(int)), 1)
    before = np.cumsum(counts, axis=0)[:-1]
    after = counts.sum(axis=0) - before
    right = np.maximum(before[:, 0] + after[:, 1], before[:, 1] + after[:, 0])
    return int(calendar[int(np.argmax(right)) + 1])


def _reached(counts: np.ndarray, n: np.ndarray, share: float) -> np.ndarray:
    """Of each row of counts, the first bin by which the share of its total is reached."""
    return np.argmax(np.cumsum(counts, axis=1) >= np.maximum(share * n, 1)[:, None], axis=1)


def _checked(numbers: np.ndarray, at: np.ndarray, usable: np.ndarray, day: int) -> _Change | None:
    before, after = usable & (at < day), usable & (at >= day)
    medians = np.median(numbers[before]), np.median(numbers[after])
    small, large = sorted(medians)
    ranges = [np.quantile(numbers[side], [(1 - MIDDLE) / 2, (1 + MIDDLE) / 2]) for side in (before, after)]
    apart = ranges[0][1] < ranges[1][0] or ranges[1][1] < ranges[0][0]
    if small <= 0 or large < FACTOR * small or not apart:
        return None
    return _Change(day, before, after, "scale", (f"median {medians[0]:.4g}", f"median {medians[1]:.4g}"))


def _patterns(texts: pd.Series, change: _Change, kind: str) -> tuple[str | None, str | None]:
    """The patterns that read a column of times before and after, None where the standard reads it without, or nothing does."""
    if kind not in _TIMES or change.kind != "format":
        return None, None
    leads, written = shapes.day_first(texts), shapes.shape(texts).to_numpy()
    return tuple(shapes.pattern(texts[written == name], leads=leads) for name in change.shapes)


def _told(piece: Piece, texts: pd.Series, column: str, into: tuple[str, str], change: _Change) -> dict:
    table, target = into
    patterns = _patterns(texts, change, TABLES[table].columns[target].metadata["kind"])
    made_up = [_SHOWN.strftime(pattern) if pattern else shapes.example(min(texts[side])) for pattern, side in
               zip(patterns, (change.before, change.after), strict=True)]
    before, after = [{"shape": name, "example": shown} for name, shown in zip(change.shapes, made_up, strict=True)]
    return {"channel": piece.channel, "file": piece.file, "table": table, "column": column, "target": target, "kind": change.kind,
            "day": date.fromordinal(change.day + date(1970, 1, 1).toordinal()).isoformat(), "before": before, "after": after,
            "rows_before": int(change.before.sum()), "rows_after": int(change.after.sum())}


def _fix(target: str, kind: str, what: str, patterns: tuple[str | None, str | None], given: list[str]) -> str | None:
    """The line to add to the mapping; None where it is there already, or where nobody but the sender can say."""
    needed = [pattern for pattern in patterns if pattern]
    if needed and not set(needed) <= set(given):
        listed = ", ".join(f'"{pattern}"' for pattern in dict.fromkeys([*given, *needed]))
        return f"formats: {{{target}: {f'[{listed}]' if ',' in listed else listed}}}"
    if what == "format" and kind in _LISTED:
        return f"values: {{{target}: {{<as written>: <as in the standard>}}}}"
    return None
