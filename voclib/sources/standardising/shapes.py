"""How a cell is written, its words and digits left out; and which day a cell means, whatever format it is in."""

from __future__ import annotations

import re
from datetime import date, timedelta

import numpy as np
import pandas as pd

_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?![0-9])")
_SECONDS = re.compile(r"[0-9]{10,}")
_YEAR_LAST = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})")
_HEAD = 11  # characters that hold the day in every format, or the seconds since 1970
_RUNS = re.compile(r"(9+|a+|中+|\s+)")


class _Classes(dict):
    """The class of every character, worked out when it is first met: 9, a, 中, or the character itself."""

    def __missing__(self, code: int) -> int:
        char = chr(code)
        kind = "9" if "0" <= char <= "9" else "中" if char.isalpha() and not char.isascii() else "a" if char.isalpha() else char
        self[code] = ord(kind)
        return self[code]


def shape(texts: pd.Series) -> pd.Series:
    """The shape of each text: digits as 9, Latin letters as a, other letters as 中, signs as they are, runs as one."""
    classes = _Classes()
    codes, distinct = _distinct(texts)
    long = [text.strip().translate(classes) for text in distinct]
    short = {text: _RUNS.sub(lambda run: run[0][0] if run[0][0] in "9a中" else " ", text) for text in set(long)}
    return pd.Series(pd.array([*(short[text] for text in long), None], dtype="str").take(codes), index=texts.index)


def is_ordered(texts: pd.Series) -> bool:
    """Whether dates with the year last say in which order day and month stand: one of them is above 12."""
    return any(int(item[1]) > 12 or int(item[2]) > 12 for item in map(_YEAR_LAST.match, _heads(texts)[1]) if item)


def day_first(texts: pd.Series) -> bool:
    """Whether dates with the year last put the day first, decided by the whole column: only a day can be above 12.

    True where the column does not say, or contradicts itself.
    """
    found = [_YEAR_LAST.match(text) for text in _heads(texts)[1]]
    second = any(int(item[2]) > 12 for item in found if item)
    return not second or any(int(item[1]) > 12 for item in found if item)


def days(texts: pd.Series) -> pd.Series:
    """The calendar day of each text as days since 1970, NaN where none can be read: with the year first, compact, as seconds or
    milliseconds since 1970, or with the year last, in the column's own order of day and month."""
    codes, heads = _heads(texts)
    leads = day_first(texts)
    known = np.array([*(_day(head, leads=leads) for head in heads), np.nan])
    return pd.Series(known[codes], index=texts.index)


def pattern(texts: pd.Series, *, leads: bool) -> str | None:
    """The strptime pattern that reads texts of one shape with the year last, None where there is none."""
    example = next(iter(texts.dropna()), "").strip()
    found = _YEAR_LAST.match(example)
    if not found:
        return None
    sign = example[len(found[1])]
    stem = sign.join(("%d", "%m", "%Y") if leads else ("%m", "%d", "%Y"))
    rest = example[found.end():]
    for tail, told in ((r"", ""), (r" [0-9]{1,2}:[0-9]{2}", " %H:%M"), (r" [0-9]{1,2}:[0-9]{2}:[0-9]{2}", " %H:%M:%S"),
                       (r" [0-9]{1,2}:[0-9]{2} [AaPp][Mm]", " %I:%M %p"), (r" [0-9]{1,2}:[0-9]{2}:[0-9]{2} [AaPp][Mm]", " %I:%M:%S %p"),
                       (r"T[0-9]{1,2}:[0-9]{2}", "T%H:%M"), (r"T[0-9]{1,2}:[0-9]{2}:[0-9]{2}", "T%H:%M:%S")):
        if re.fullmatch(tail, rest):
            return stem + told
    return None


def example(text: str) -> str | None:
    """A made-up time written as a time with the year first is, None where it is written in another way."""
    found = _YEAR_FIRST.match(text.strip())
    rest = text.strip()[found.end():] if found else ""
    if not found or not re.fullmatch(r"[T0-9:.+\-Z 日时分秒]*", rest):
        return None
    signs = text.strip()[4], text.strip()[found.start(3) - 1]
    clock = iter(("13", "05", "00", "08", "00"))
    return f"2026{signs[0]}01{signs[1]}31" + re.sub(r"[0-9]+", lambda _: next(clock, "0"), rest)


def _heads(texts: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Codes and distinct beginnings: a hundred thousand moments have a few hundred days."""
    codes, distinct = _distinct(texts)
    inner, heads = pd.factorize(np.array([text.strip()[:_HEAD] for text in distinct], dtype=object))
    return np.append(inner, -1)[codes], list(heads)


def _distinct(texts: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Codes and distinct texts as a list: walking an array of Arrow texts item by item is slow."""
    codes, found = pd.factorize(texts)
    return codes, pd.Series(found).to_numpy(dtype=object).tolist()


def _day(head: str, *, leads: bool) -> float:
    if found := _YEAR_FIRST.match(head) or _COMPACT.match(head):
        return _since(int(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR_LAST.match(head):
        one, two, year = int(found[1]), int(found[2]), int(found[3])
        either = _since(year, two, one), _since(year, one, two)
        first, second = either if leads else either[::-1]
        return second if np.isnan(first) else first
    if _SECONDS.fullmatch(head):
        return float(date(1970, 1, 1).toordinal() + timedelta(seconds=int(head[:10])).days - date(1970, 1, 1).toordinal())
    return np.nan


def _since(year: int, month: int, day: int) -> float:
    try:
        return float(date(year, month, day).toordinal() - date(1970, 1, 1).toordinal())
    except ValueError:
        return np.nan
