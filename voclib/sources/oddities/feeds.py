"""Which touchpoints deliver: connected, unreadable, silent, missing, never planned, or with no interval to judge by; and the days to show for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as Named
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import pandas as pd

from voclib.schema.tables import TABLES
from voclib.sources.accounting import Account
from voclib.sources.mapping import Mapping
from voclib.sources.oddities import traps
from voclib.sources.standardising import shapes
from voclib.sources.standardising.shaping import Piece

PATIENCE, LEAST_SILENCE = 3, 14  # silent after three times the expected days without a voice, never before a fortnight
_OWN_RHYTHM = 20  # days with voices before a feed without an expected interval is held to its own longest gap
_END_SHARE, _STRAY = 0.999, 30  # one mistyped date, days behind all others, must not make every feed look silent
_COUNTED = 100_000  # days before and after 1970 that pandas can count in nanoseconds; a row of the year 226 is set aside and says nothing


@dataclass(frozen=True)
class _Heard:
    """What a file gave: rows read, voices accepted, its calendar days in order, days of voices that were set aside, and how much it said a month."""

    rows: int
    voices: int
    days: pd.DatetimeIndex
    aside: tuple[pd.Timestamp, ...] = ()
    months: Named[str, int] = field(default_factory=dict)


def build(mapping: Mapping, pieces: list[Piece], accounts: Named[str, Account]) -> dict:
    """The touchpoint map: `last_day` of the pool, `has_register`, `touchpoints` and the `unregistered` files.

    A touchpoint is a row of the table touchpoint_register, or, without that table, a file pattern of the mapping other than its master
    lists. It is missing when no file matches its feed; silent when its files hold no row, or when its last day lies more than
    3 × expected_days (at least 14 days) before the last day of the pool; unplanned when it has no feed. One whose voices go on but are all
    set aside is unreadable. A feed of voices without expected_days is held to its own longest gap; any other without them is unjudged,
    unless it was heard in the last 14 days.
    A day is that of submitted_at or touched_at of the voices, for a file without voices that of any moment, day or month in its tables.
    """
    heard = {piece.file: _heard(piece, accounts, mapping.timezone) for piece in pieces}
    end = _end([found.days for found in heard.values() if found.voices] or [found.days for found in heard.values()])
    register = accounts["touchpoint_register"].validated.accepted if "touchpoint_register" in accounts else None
    entries = _sources(mapping) if register is None else _registered(register)
    touchpoints = [_touchpoint(entry, heard, end) for entry in entries]
    named = {file for entry in touchpoints for file in entry["files"]}
    return {"last_day": _day(end), "has_register": register is not None, "touchpoints": touchpoints,
            "unregistered": [] if register is None else sorted(set(heard) - named)}


def _registered(register: pd.DataFrame) -> list[dict]:
    named = ["register_id", "name", "name_en", "stage", "owner_department", "feed", "expected_days"]
    rows = register.sort_values("register_id", kind="stable")[named].to_dict("records")
    return [{name: None if pd.isna(value) else value for name, value in row.items()} for row in rows]


def _sources(mapping: Mapping) -> list[dict]:
    speaking = [source for source in mapping.sources if source.channel != "master"]  # a list of hotels or members is no touchpoint
    patterns = dict.fromkeys(pattern for source in speaking or mapping.sources for pattern in source.patterns)
    return [{"register_id": None, "name": pattern, "name_en": None, "stage": None, "owner_department": None, "feed": pattern, "expected_days": None}
            for pattern in patterns]


def _heard(piece: Piece, accounts: Named[str, Account], timezone: str) -> _Heard:
    """Rows, voices and days of one file; what was set aside is not heard."""
    moments, voices, aside = [], 0, ()
    for name in sorted(piece.tables):
        found = accounts[name]
        mine = ((found.origin["_source"] == piece.source) & (found.origin["_file"] == piece.file)).to_numpy()
        own = found.validated.accepted[mine]
        if name == "responses":
            voices = len(own)
            moments, aside = [own["submitted_at"].fillna(own["touched_at"])], _aside(found, piece)
            break
        moments += [_moments(own[column], rule.metadata["kind"]) for column, rule in TABLES[name].columns.items()
                    if rule.metadata["kind"] in ("moment", "day", "month")]
        if name == "turns" and "conversations" in accounts:  # a transcript without times was spoken when its conversation was
            talks = accounts["conversations"].validated.accepted
            moments.append(talks.loc[talks["response_id"].isin(own["response_id"]), "started_at"])
    days = [_local(part, timezone) for part in moments]
    every = pd.DatetimeIndex(sorted({day for part in days for day in part.dropna()}))
    real = every[~every.strftime("%Y-%m-%d").isin(traps.PLACEHOLDERS)]
    return _Heard(piece.raw["_row"].nunique(), voices, real, aside, _by_month(moments, real, timezone))


def _by_month(moments: list[pd.Series], days: pd.DatetimeIndex, timezone: str) -> dict[str, int]:
    """Rows a month (YYYY-MM) by the first of a file's times that has any, on days that are none of the placeholders."""
    told = next((part for part in moments if part.notna().any()), None)
    if told is None:
        return {}
    plain = told.dt.tz_convert(timezone).dt.tz_localize(None) if isinstance(told.dtype, pd.DatetimeTZDtype) else told
    at = plain.dropna().dt.floor("D")
    counts = at[at.isin(days)].dt.strftime("%Y-%m").value_counts().sort_index()
    return {str(month): int(n) for month, n in counts.items()}


def _aside(found: Account, piece: Piece) -> tuple[pd.Timestamp, ...]:
    """Days of the voices of a file that were set aside, read in whatever format they are in."""
    rows = found.offered[~found.is_accepted]
    rows = rows[(rows["_source"] == piece.source) & (rows["_file"] == piece.file)]
    texts = rows["submitted_at"].fillna(rows["touched_at"])
    days = shapes.days(texts).dropna().unique()
    return tuple(pd.Timestamp(0) + pd.Timedelta(days=day) for day in sorted(days[abs(days) < _COUNTED]))


def _moments(values: pd.Series, kind: str) -> pd.Series:
    """A month counts up to its last day: the file that brings it speaks for all of it."""
    return pd.to_datetime(values, format="%Y-%m", errors="coerce") + pd.offsets.MonthEnd(0) if kind == "month" else values


def _local(moments: pd.Series, timezone: str) -> pd.Series:
    plain = moments.dt.tz_convert(timezone).dt.tz_localize(None) if isinstance(moments.dtype, pd.DatetimeTZDtype) else moments
    return plain.dt.floor("D").drop_duplicates()


def _end(days: list[pd.DatetimeIndex]) -> pd.Timestamp | None:
    """The last day of all; a few days far behind the others are mistyped."""
    every = sorted(day for part in days for day in part)
    if not every:
        return None
    place = int(_END_SHARE * (len(every) - 1))
    end = every[place]
    for day in every[place + 1:]:
        end = day if (day - end).days <= _STRAY else end
    return end


def _touchpoint(entry: dict, heard: dict[str, _Heard], end: pd.Timestamp | None) -> dict:
    files = sorted(name for name in heard if entry["feed"] and _matches(name, str(entry["feed"])))
    days = pd.DatetimeIndex(sorted({day for name in files for day in heard[name].days}))
    known = days[days <= end] if end is not None and (days <= end).any() else days
    rows, voices = sum(heard[name].rows for name in files), sum(heard[name].voices for name in files)
    last = known[-1] if len(known) else None
    silent = max((end - last).days, 0) if end is not None and last is not None else None
    allowed = _allowed(entry["expected_days"], known, voices)
    status, reason = _status(entry, files, rows, silent, allowed)
    heard_of = [day for name in files for day in heard[name].aside if end is not None and day <= end]
    if reason == "stopped" and heard_of and allowed is not None and (end - max(heard_of)).days <= allowed:
        status, reason = "unreadable", "set_aside"  # it speaks, and is not understood
    activity = sum((Counter(heard[name].months) for name in files), Counter())
    return entry | {"status": status, "reason": reason, "files": files, "rows": rows, "voices": voices,
                    "activity": {month: activity[month] for month in sorted(activity) if end is None or month <= f"{end:%Y-%m}"},
                    "first_day": _day(known[0]) if len(known) else None, "last_day": _day(last), "days_silent": silent}


def _matches(file: str, feed: str) -> bool:
    """Whether a file is the feed's, named by its path below the root or by its name alone."""
    return fnmatchcase(file, feed) or fnmatchcase(file.rpartition("/")[2], feed)


def _allowed(expected: float | None, days: pd.DatetimeIndex, voices: int) -> float | None:
    """Days without a voice that are no silence; None where nothing is known to judge by."""
    if expected is not None:
        return max(PATIENCE * float(expected), LEAST_SILENCE)
    if not voices or len(days) < _OWN_RHYTHM:
        return None
    return max(PATIENCE * float((days[1:] - days[:-1]).days.max()), LEAST_SILENCE)


def _status(entry: dict, files: list[str], rows: int, silent: int | None, allowed: float | None) -> tuple[str, str | None]:
    if not entry["feed"]:
        return "unplanned", "no_feed"
    if not files:
        return "missing", "no_file"
    if not rows:
        return "silent", "no_rows"
    if silent is not None and allowed is not None and silent > allowed:
        return "silent", "stopped"
    if allowed is None and (silent is None or silent > LEAST_SILENCE):
        return "unjudged", "no_interval"
    return "connected", None


def _day(moment: pd.Timestamp | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d}"
