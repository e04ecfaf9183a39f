"""Raw text to the declared types: clean values in one sweep, the others mended one distinct value at a time and counted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pandera.pandas as pa

from voclib.schema import mending
from voclib.schema import problems as found_problems
from voclib.schema.problems import Found, raise_problems
from voclib.schema.rules import UNREADABLE, schema

EMPTY = "read as missing"
CUT_MISSING = f"{mending.CUT}; set missing"
UNREGULAR = "zone-less time among zoned ones read as {}"
# what some exports write for nothing; compared without case, after surrounding blanks
SKIPPED = frozenset({"(跳过)", "（跳过）", "(空)", "（空）"})  # what 问卷星 writes where a question was not shown or not answered
NOTHING = frozenset({"", "n/a", "na", "#n/a", "null", "nan", "none", "-", "--", "—", "无"}) | SKIPPED
NAMES = frozenset({"na"})  # what a region or a store may well be called: North America, Namibia
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_ZONE = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})"
_MOMENT = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]+)?)?{_ZONE}?)?"
_PLAIN = r"(?s)\S(?:.*\S)?"
CLEAN = {"whole": _NUMBER, "real": _NUMBER, "moment": _MOMENT, "day": r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]00:00:00(?:\.0+)?)?",
         "month": r"[0-9]{4}-(?:0[1-9]|1[0-2])", "flag": r"(?i:true|false|yes|no|y|n|1|0|1\.0|0\.0|是|否)"}
FLAGS = dict.fromkeys(("true", "yes", "y", "1", "1.0", "是"), True) | dict.fromkeys(("false", "no", "n", "0", "0.0", "否"), False)
LARGEST_WHOLE = 2.0**53  # beyond it a float64 no longer holds every whole number


@dataclass(frozen=True)
class Typed:
    """A frame in declared types, with what was mended and what could not be read (cells left missing), by row position."""

    frame: pd.DataFrame
    repairs: list[Found] = field(default_factory=list)
    unreadable: list[Found] = field(default_factory=list)


def coerce(frame: pd.DataFrame, table: str, *, file: str = "", timezone: str = "Asia/Shanghai") -> tuple[pd.DataFrame, pd.DataFrame]:
    """The columns of `frame` that the standard declares, in declared types, and one repairs row a mended cell.

    Numbers may be full-width, carry thousands separators, blanks or a fitting unit word; times without a zone are read in `timezone` and
    stored in UTC. Columns the standard does not know are left out here (`validate` refuses them). Raises DataError where a value cannot be
    read at all; `validate` sets such rows aside instead.
    """
    made = read(frame, table, timezone=timezone)
    raise_problems(found_problems.frame(made.unreadable, table=table, file=file), headline=f"{table}: values that cannot be read")
    return made.frame, found_problems.frame(made.repairs, table=table, file=file)


def read(raw: pd.DataFrame, table: str, *, timezone: str) -> Typed:
    """Every declared column that `raw` holds, typed; absent ones are left out. Positions count from 0."""
    columns, repairs, unreadable = {}, [], []
    for name, declared in schema(table).columns.items():
        if name in raw.columns:
            values, mended, failed = _column(raw[name].reset_index(drop=True), declared, timezone)
            columns[name] = values
            repairs += [Found(name, problem, at, raw[name].iloc[at].tolist()) for problem, at in mended]
            unreadable += [Found(name, problem, at, raw[name].iloc[at].tolist()) for problem, at in failed]
    return Typed(pd.DataFrame(columns, index=pd.RangeIndex(len(raw))), repairs, unreadable)


Cells = tuple[pd.Series, list[tuple[str, np.ndarray]], list[tuple[str, np.ndarray]]]


def nothing(declared: pa.Column) -> frozenset[str]:
    """The words that mean "nothing" in a column, in lower case.

    In a verbatim only a blank does, and #N/A and (跳过), which no customer types: "无" or "NA" in a comment box is what the customer said. NA may
    be the name of a region or the number of a store, so it stays one there; no person is numbered NA, and in numbers, dates and named values it is
    missing.
    """
    kind, sensitivity = declared.metadata["kind"], declared.metadata["sensitivity"]
    if sensitivity == "text":
        return frozenset({"", "#n/a"}) | SKIPPED
    return NOTHING - NAMES if kind in ("id", "text") and sensitivity != "personal" else NOTHING


def is_nothing(texts: pd.Series, declared: pa.Column) -> pd.Series:
    """Which texts of a column mean "nothing"; a missing one does not, it is missing already."""
    return texts.str.strip().str.lower().isin(nothing(declared))


def _column(series: pd.Series, declared: pa.Column, timezone: str) -> Cells:
    kind = declared.metadata["kind"]
    if kind in ("whole", "real", "flag") and (pd.api.types.is_numeric_dtype(series) and not (kind != "flag" and pd.api.types.is_bool_dtype(series))):
        return _numbers(series, kind)
    if kind in ("moment", "day") and pd.api.types.is_datetime64_any_dtype(series):
        return _times(series, kind, timezone)
    return _text(series, declared, timezone)


def _numbers(series: pd.Series, kind: str) -> Cells:
    """Values that are numbers already: 1.0 and 0.0 are flags, a fraction is no whole number, infinity no number."""
    numbers = series.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    absent = np.isnan(numbers)
    good = absent | np.isfinite(numbers)
    if kind == "whole":
        good &= absent | ((numbers == np.floor(numbers)) & (np.abs(numbers) <= LARGEST_WHOLE))
    if kind == "flag":
        good &= absent | np.isin(numbers, (0.0, 1.0))
    return _finish(np.where(good, numbers, np.nan), kind), [], _failed(kind, ~good)


def _finish(numbers: np.ndarray, kind: str) -> pd.Series:
    if kind == "real":
        return pd.Series(numbers, dtype="float64")
    absent = np.isnan(numbers)
    filled = np.where(absent, 0, numbers)
    if kind == "flag":
        return pd.Series(pd.arrays.BooleanArray(filled.astype(bool), absent))
    return pd.Series(pd.arrays.IntegerArray(filled.astype(np.int64), absent))


def _times(series: pd.Series, kind: str, timezone: str) -> Cells:
    """Times that are times already; a day given with a time of day keeps its calendar date in `timezone`."""
    if kind == "moment":
        zoned = series if series.dt.tz is not None else _localised(series, timezone)
        return zoned.dt.tz_convert("UTC").astype("datetime64[us, UTC]"), [], []
    local = series if series.dt.tz is None else series.dt.tz_convert(timezone).dt.tz_localize(None)
    days = local.dt.normalize().astype("datetime64[us]")
    return days, _some(mending.TIME_DROPPED, (local.notna() & (local != days)).to_numpy()), []


def _localised(series: pd.Series, timezone: str) -> pd.Series:
    # an hour that a clock change repeats is read as standard time, one that it skips as the first moment after
    return series.dt.tz_localize(timezone, ambiguous=np.zeros(len(series), dtype=bool), nonexistent="shift_forward")


def _text(series: pd.Series, declared: pa.Column, timezone: str) -> Cells:
    """Distinct values are read once each; what is clean passes a pattern, the rest goes through `mending`."""
    kind, verbatim = declared.metadata["kind"], declared.metadata["sensitivity"] == "text"
    codes, distinct = pd.factorize(_as_text(series))
    given = pd.Series(distinct, dtype="str")
    absent = is_nothing(given, declared).to_numpy(dtype=bool)
    notes = np.where(absent & (given != "").to_numpy(dtype=bool), EMPTY, "").astype(object)
    texts = given.to_numpy(dtype=object, copy=True)
    texts[absent] = None
    if not verbatim:
        clean = given.str.fullmatch(CLEAN.get(kind, _PLAIN)).to_numpy(dtype=bool)
        if kind == "id":  # perhaps 1.23E+14, which a spreadsheet made of a number
            clean = clean & ~given.str.fullmatch(mending.SCIENTIFIC).to_numpy(dtype=bool)
        for i in np.flatnonzero(~clean & ~absent):
            texts[i], notes[i] = mending.mend(texts[i], kind=kind, unit=declared.metadata["unit"], timezone=timezone)
    values, zoneless = _parse(pd.Series(texts, dtype="str"), kind, timezone)
    notes[zoneless & (notes == "")] = UNREGULAR.format(timezone)
    cut = notes == mending.CUT
    if declared.nullable:  # a voice whose customer cannot be told any more is still a voice
        notes[cut], absent = CUT_MISSING, absent | cut
    lost = values.isna().to_numpy() & ~absent
    unfit = np.array([note.startswith(mending.UNREAD) for note in notes], dtype=bool)
    wrong = np.where(lost, np.where(unfit, notes, UNREADABLE.get(kind, "")), "")
    return pd.Series(values.array.take(codes, allow_fill=True)), _by_note(np.where(lost, "", notes), codes), _by_note(wrong, codes)


def _as_text(series: pd.Series) -> pd.Series:
    """Any column as text; an identifier that a spreadsheet turned into 123.0 is 123 again."""
    if pd.api.types.is_string_dtype(series) and series.dtype != object:
        return series
    if pd.api.types.is_float_dtype(series):
        known = series.dropna()
        if (known == known.round()).all() and (known.abs() <= LARGEST_WHOLE).all():
            return series.astype("Int64").astype("str")
    return series.map(str, na_action="ignore").astype("str")


def _parse(texts: pd.Series, kind: str, timezone: str) -> tuple[pd.Series, np.ndarray]:
    """Canonical texts to values, and which of them are zone-less times in a column that also holds zoned ones."""
    regular = np.zeros(len(texts), dtype=bool)
    if kind in ("whole", "real"):
        return _numbers(pd.to_numeric(texts.astype(object), errors="coerce").astype("float64"), kind)[0], regular
    if kind == "flag":
        return texts.str.lower().map(FLAGS).astype("boolean"), regular
    if kind == "day":
        return pd.to_datetime(texts.str.slice(0, 10), format="%Y-%m-%d", errors="coerce").astype("datetime64[us]"), regular
    if kind != "moment":
        return texts, regular
    zoned = texts.str.fullmatch(rf".*{_ZONE}").fillna(False).to_numpy(dtype=bool) & (texts.str.len() > len("2026-01-01")).to_numpy(dtype=bool)
    bare = pd.to_datetime(texts.mask(zoned), format="ISO8601", errors="coerce")
    moments = _localised(bare, timezone).dt.tz_convert("UTC").astype("datetime64[us, UTC]")
    if zoned.any():
        moments = moments.mask(zoned, pd.to_datetime(texts.where(zoned), format="ISO8601", errors="coerce", utc=True).astype("datetime64[us, UTC]"))
    return moments, ~zoned & texts.notna().to_numpy() if zoned.any() else regular


def _failed(kind: str, bad: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return _some(UNREADABLE[kind], bad)


def _some(note: str, mask: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return [(note, np.flatnonzero(mask))] if mask.any() else []


def _by_note(notes: np.ndarray, codes: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Notes on distinct values → (note, positions of all their cells)."""
    found = []
    for note in dict.fromkeys(note for note in notes if note):
        marked = np.append(notes == note, False)  # code -1, a missing cell, points at the appended False
        found.append((note, np.flatnonzero(marked[codes])))
    return found
