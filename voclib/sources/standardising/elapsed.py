"""Moments that an export tells as time elapsed since another: first reply after 234 minutes, solved within 3:05:00."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pandas as pd

from voclib.schema import dates

_CLOCK = re.compile(r"(?P<hours>[0-9]{1,5}):(?P<minutes>[0-5][0-9])(?::(?P<seconds>[0-5][0-9])(?:\.[0-9]+)?)?")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")


def moments(starts: pd.Series, lengths: pd.Series, unit: str) -> pd.Series:
    """Each start plus its length, as ISO text in the clock of the start; missing where the length is, since nothing has happened yet.

    `lengths` are numbers of `unit` (seconds, minutes, hours or days) or times such as 3:05:00. What cannot be added stays readable as such, for
    the standard to set aside.
    """
    pairs = zip(starts.fillna(""), lengths, strict=True)
    return pd.Series([None if pd.isna(length) else _added(start, length.strip(), unit) for start, length in pairs], index=starts.index, dtype="str")


def _added(start: str, length: str, unit: str) -> str:
    iso, took = dates.iso(start.strip()), _length(length, unit)
    if iso is None or took is None:
        return f"{start} + {length}"
    try:
        return (datetime.fromisoformat(iso) + took).isoformat(sep=" ")
    except (ValueError, OverflowError):
        return f"{start} + {length}"


def _length(text: str, unit: str) -> timedelta | None:
    if clock := _CLOCK.fullmatch(text):
        return timedelta(hours=int(clock["hours"]), minutes=int(clock["minutes"]), seconds=int(clock["seconds"] or 0))
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return timedelta(**{unit: float(text.replace(",", ""))})
    except OverflowError:
        return None
