"""One untidy text at a time to the form its column is read in, with a note of what was done."""

from __future__ import annotations

import re
from decimal import Decimal
from unicodedata import normalize

import pandas as pd

from voclib.schema import dates

BLANKS, WIDE = "surrounding blanks removed", "full-width characters read as plain"
SEPARATORS, UNIT, PERCENT, CURRENCY = "thousands separators removed", "unit word removed", "percent read as a share", "currency sign removed"
BLANK_THOUSANDS, BRACKETS, SIGN_MOVED = "blanks between thousands removed", "accounting brackets read as minus", "minus sign moved to the front"
REWRITTEN, TIME_DROPPED, QUARTER = "rewritten as an ISO date", "time of day dropped", "quarter read as its first month"
DURATION = "duration in several units added up"
_SECONDS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
# 1分28秒, 2小时3分5秒, 1h 2m 3s, 2 min 5 sec; 0:02:44 has three parts, for of two nobody can say whether they are minutes or hours
_DURATION = re.compile(r"(?:(?P<days>[0-9]+)\s*(?:天|d|days?)\s*)?(?:(?P<hours>[0-9]+)\s*(?:小时|时|h|hrs?|hours?)\s*)?"
                       r"(?:(?P<minutes>[0-9]+)\s*(?:分钟?|m|mins?|minutes?)\s*)?(?:(?P<seconds>[0-9]+(?:\.[0-9]+)?)\s*(?:秒钟?|s|secs?|seconds?))?",
                       re.IGNORECASE)
_CLOCK = re.compile(r"(?P<hours>[0-9]{1,5}):(?P<minutes>[0-5][0-9]):(?P<seconds>[0-5][0-9](?:\.[0-9]+)?)")
MYRIADS, BOUND = "万 and 亿 written out", "only a bound is given"
_MYRIADS = {"万": 10_000, "亿": 100_000_000}
_BOUND = re.compile(r"(?:[<>≤≥]=?|少于|不足|超过|低于)\s*[0-9][0-9,.]*\s*[万亿]?\s*[人份次名%]?|[0-9][0-9,.]*\s*[万亿]?\s*(?:\+|[人份次名]?以[下上])")
CUT, DIGITS = "identifier cut by a spreadsheet, its last digits are lost", "identifier in scientific notation written out"
# 1.23E+14 as Excel shows it, 1.23e+14 as Python and R write what Excel stored, 1.23E14 as Java does; 2E7 without either sign may be a code
SCIENTIFIC = r"[1-9]?[eE]\+[0-9]{1,3}|[1-9]\.[0-9]+[eE]\+?[0-9]{1,3}"
UNFIT, ZONE = "unit word '", "zone '"  # how a refused unit word and a zone without an offset begin; a removed word is a repair
UNREAD = (UNFIT, ZONE, CUT, BOUND)  # why a cell could not be read; other notes say what was mended
_SCORES = frozenset({"分", "星", "颗星", "点", "point", "points", "pt", "pts", "star", "stars"})
# the words that may follow a number, by the unit of its column; another word, such as hours in a column of minutes, is never dropped
UNIT_WORDS = {
    "0–10": _SCORES, "1–5": _SCORES, "1–7": _SCORES,
    "minutes": frozenset({"分", "分钟", "min", "mins", "minute", "minutes"}),
    "seconds": frozenset({"秒", "秒钟", "s", "sec", "secs", "second", "seconds"}),
    "hours": frozenset({"小时", "时", "h", "hr", "hrs", "hour", "hours"}),
    "days": frozenset({"天", "日", "d", "day", "days"}),
    "km": frozenset({"km", "kms", "公里", "千米"}),
    "CNY": frozenset({"元", "块", "rmb", "cny", "人民币"}),
    "": frozenset({"次", "人", "个", "名", "位", "天", "日", "times", "people", "days"}),
}
_AMOUNT = re.compile(r"(?P<before>[+-]\s*(?=[¥cr]))?(?P<sign>¥|cny|rmb)?\s*"
                     r"(?P<number>[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)\s*"
                     r"(?P<after>-(?=\s*(?:$|元|块|rmb|cny|人民币)))?\s*"
                     r"(?P<word>[^\s\d.,+\-/]\D*)?", re.IGNORECASE)
_BRACKETED = re.compile(r"\((?P<inside>[^()+-]+)\)\s*(?P<word>\D*)")
_HARD_BLANKS = re.compile("[\u00a0\u2007\u2009\u202f]")
_MONTH = re.compile(r"(?P<year>[0-9]{4})(?:[-/.年](?P<month>[0-9]{1,2})月?|(?P<compact>[0-9]{2}))(?:[-/.]?[0-9]{1,2}日?(?:[T ]00:00:00)?)?")
# 2025Q3, 2025-Q3, 2025 3Q, 2025年三季度, 2025年第3季度; Q3 2025, 3Q/2025
_QUARTERS = tuple(re.compile(form, re.IGNORECASE) for form in (
    r"(?P<year>[0-9]{4})\s*年?[-/.\s]*(?:Q\s*(?P<number>[1-4])|(?P<before>[1-4])\s*Q|第?(?P<named>[1-4一二三四])季度?)",
    r"(?:Q\s*(?P<number>[1-4])|(?P<before>[1-4])\s*Q)[-/.,\s]*(?P<year>[0-9]{4})"))
PERIOD = "month or quarter"  # unit of a month that may be told as its quarter


def mend(raw: str, *, kind: str, unit: str, timezone: str) -> tuple[str | None, str]:
    """The text in the form its kind is parsed from and a note of what was done; (None, …) where it cannot be read."""
    bare = raw.strip()
    blank = [BLANKS] if bare != raw else []
    if kind == "id" and is_cut(bare):
        return None, CUT
    if kind == "id" and (whole := written_out(bare)):
        return whole, _joined([*blank, DIGITS])
    if kind in ("id", "text", "choice"):
        return bare, _joined(blank)
    plain = normalize("NFKC", bare).strip().replace("−", "-")
    # a blank that must not break, between thousands, is a blank: only other signs count as full-width
    notes = blank + ([WIDE] if plain != _HARD_BLANKS.sub(" ", bare) else [])
    match kind:
        case "whole" | "real":
            return _number(plain, unit, notes)
        case "flag":
            return plain, _joined(notes)
        case "month":
            return _month(plain, unit, notes)
        case "day":
            return _day(plain, timezone, notes)
        case _:
            iso = dates.iso(plain)
            if iso is None and (zone := dates.named_zone(plain)):
                return None, f"{ZONE}{zone}' has no offset"
            return (iso, _joined([*notes, REWRITTEN] if iso != plain else notes)) if iso else (None, "")


def is_cut(identifier: str) -> bool:
    """Whether a spreadsheet kept fewer digits of a number than it has (1.23456E+14): many identifiers then look the same."""
    found = _scientific(identifier)
    return found is not None and len(found[0]) < found[1] + 1


def written_out(identifier: str) -> str:
    """The digits of a whole number in scientific notation that lost none of them (1.23E+2 is 123, and so is 1.230E+2), else empty."""
    found = _scientific(identifier)
    if found is None or found[1] < 1:
        return ""
    digits, below = found[0][:found[1] + 1], found[0][found[1] + 1:]  # %e of C writes 123450 as 1.234500e+05
    return digits if len(digits) == found[1] + 1 and not below.strip("0") else ""


def left_of(identifier: str) -> str:
    """What may be shown of a cut identifier: its power (E+14), which names nobody."""
    found = _scientific(identifier)
    return f"E+{found[1]}" if found is not None else ""


def _scientific(identifier: str) -> tuple[str, int] | None:
    """The digits and the power of a number in scientific notation, None for anything else."""
    bare = identifier.strip()
    if not re.fullmatch(SCIENTIFIC, bare):
        return None
    mantissa, power = re.split(r"[eE]\+?", bare)
    return mantissa.replace(".", ""), int(power)


def _joined(notes: list[str]) -> str:
    return "; ".join(notes)


def _number(plain: str, unit: str, notes: list[str]) -> tuple[str | None, str]:
    if unit == "share" and (percent := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*%", plain)):
        return format(float(percent[1]) / 100, ".15g"), _joined([*notes, PERCENT])
    if _BOUND.fullmatch(plain):
        return None, BOUND
    if unit in _SECONDS and (length := _duration(plain, unit)):
        return length, _joined([*notes, DURATION])
    bracketed = _BRACKETED.fullmatch(plain) if unit == "CNY" else None
    found = _AMOUNT.fullmatch(bracketed["inside"].strip() + bracketed["word"] if bracketed else plain)
    if not found:
        return (plain, _joined(notes)) if re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]{1,3}|[+-]?\.[0-9]+|[+-]?[0-9]+\.", plain) else (None, "")
    sign, number, word = found["sign"], found["number"], (found["word"] or "").strip()
    if unit == "" and word[:1] in _MYRIADS and plain[:1].isdigit():  # 1.2万 readers; of money it may be a rounded sum, which is refused
        return _number(f"{Decimal(number.replace(',', '')) * _MYRIADS[word[0]]:f}{word[1:]}", unit, [*notes, MYRIADS])
    if word and word.lower() not in UNIT_WORDS.get(unit, frozenset()):
        return None, f"{UNFIT}{word[:12]}' does not fit {unit or 'a count'}"
    moved = [mark for mark in (found["before"], found["after"]) if mark]
    signs = len(moved) + (number[0] in "+-") + bool(bracketed)
    if signs > 1 or ((sign or moved) and unit != "CNY"):  # two signs contradict or cancel, and only money is written like that
        return None, ""
    done = [(sign, CURRENCY), (bracketed, BRACKETS), (moved, SIGN_MOVED), ("," in number, SEPARATORS), (" " in number, BLANK_THOUSANDS), (word, UNIT)]
    minus = "-" if bracketed or any(mark.startswith("-") for mark in moved) else ""
    return minus + number.replace(",", "").replace(" ", ""), _joined(notes + [note for happened, note in done if happened])


def _duration(plain: str, unit: str) -> str:
    """A duration of several parts in a unit of time; empty for one part, whose word must be the unit's own, and for anything else."""
    found = _CLOCK.fullmatch(plain) or _DURATION.fullmatch(plain)
    parts = {name: Decimal(text) for name, text in found.groupdict().items() if text} if found else {}
    return format(float(sum(part * _SECONDS[name] for name, part in parts.items()) / _SECONDS[unit]), ".15g") if len(parts) > 1 else ""


def _day(plain: str, timezone: str, notes: list[str]) -> tuple[str | None, str]:
    iso = dates.iso(plain)
    if iso is None or len(iso) == len("2026-01-01"):
        return (iso, _joined(notes if iso == plain else [*notes, REWRITTEN])) if iso else (None, "")
    moment = pd.to_datetime(iso, errors="coerce")
    if moment is pd.NaT:
        return None, ""
    local = moment.tz_convert(timezone) if moment.tzinfo else moment
    return local.strftime("%Y-%m-%d"), _joined([*notes, REWRITTEN if local == local.normalize() else TIME_DROPPED])


def _month(plain: str, unit: str, notes: list[str]) -> tuple[str, str]:
    found = _MONTH.fullmatch(plain)
    if found:
        return f"{found['year']}-{int(found['month'] or found['compact']):02d}", _joined([*notes, "rewritten as YYYY-MM"])
    # three months of a store are not one of them: only a wave may be a quarter
    quarter = next((match for form in _QUARTERS if (match := form.fullmatch(plain))), None) if unit == PERIOD else None
    if not quarter:  # the pattern of the column refuses it, and says which form it wants
        return plain, ""
    named = quarter.groupdict()
    number = next(given for name in ("number", "before", "named") if (given := named.get(name)))
    return f"{quarter['year']}-{3 * '0一二三四'.find(number) - 2 if number in '一二三四' else 3 * int(number) - 2:02d}", _joined([*notes, QUARTER])
