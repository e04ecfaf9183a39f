"""What makes a whole table unusable rather than a row: its columns, the scale of a score, the share of impossible times."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd

from voclib.errors import nearest
from voclib.schema import problems as found_problems
from voclib.schema.columns import MONTH_PATTERN
from voclib.schema.problems import Found
from voclib.schema.rules import before, rules, schema

ROW = "_row"  # a column of row numbers in a raw file, no data
WRONG_TIMES_LIMIT = 0.005  # share of rows with reversed or future times above which a table is refused
WRONG_TIMES_TOLERATED = 5  # a single slip in a small table is a slip, not a broken clock
SCALE_MIN_N = 50           # answers before "nobody gave 0 or 6–10" says the scale is 1–5
SCALE_100_SHARE, SCALE_100_MIN_N, SCALE_100_REACH = 0.2, 3, 20  # a column of 11s is a slip, one that reaches 20 is another scale
PLANNED = ("due_on", "opened_on", "closed_on", "started_on", "week_on")  # days that a plan may put ahead of the export
SCORES = ("nps_score", "csat_score", "ces_score", "rating_score", "star_rating")
ANSWERS = (*SCORES, "is_recommended")  # what a score is counted from
OUTSIDE_SHARE, OUTSIDE_MIN_N = 0.1, 3  # above or below the scale: more is no slip, and setting it aside would keep one end of the answers only
# what survey tools make of a likelihood to recommend
GROUPS = "the groups of customers that NPS is counted from, and not what customers answered"
_GROUP = re.compile(r"(?:(?P<high>promoters?|推荐者)|(?P<middle>passives?|neutrals?|被动者|中立者)|(?P<low>detractors?|贬损者|批评者))(?!\w)",
                    re.IGNORECASE)
_MIDDLES = {"high": 10, "middle": 8, "low": 3}
# how shops sort reviews by their stars: which stars are which differs by shop
_SORTED = {"好评": "positive", "中评": "neutral", "差评": "negative"}
MEANS, MEANS_MIN_N = "means of units in place of employees' answers", 5  # a few employees may each be the only one of a unit
_FRACTION = re.compile(r"[0-9]+\.[0-9]+")
FRACTIONS, HALVES = "means of several ratings", "half stars"
NO_SCORES, TEXTS_OF_A_SCALE = "answers that are no score", 25  # more different texts are no labels of a scale


def columns(names: Iterable[str], table: str, *, file: str = "") -> pd.DataFrame:
    """Problems of a table's columns: a required one missing, an unknown one, one that stands twice."""
    names, declared = [str(name) for name in names], schema(table).columns
    there = f"columns there are: {', '.join(names) or 'none'}"
    parts = [found_problems.single(table, name, f"missing column; {nearest(name, names) if names else 'the file has none'}; {there}", file=file)
             for name, column in declared.items() if name not in names and not column.nullable]
    parts += [found_problems.single(table, name, f"unknown column; {nearest(name, declared)}", file=file)
              for name in dict.fromkeys(names) if name not in declared]
    twice = sorted({name for name in names if names.count(name) > 1})
    parts += [found_problems.single(table, name, "column stands more than once", file=file) for name in twice]
    return found_problems.gather(parts)


def scale(typed: pd.DataFrame, table: str, *, unreadable: Iterable[Found] | None = None, file: str = "") -> pd.DataFrame:
    """A column of scores that holds answers on another scale, or words in place of scores, is refused and never rescaled.

    A likelihood to recommend (0–10) that reaches 20, or never leaves 1–5; any other score of which more than a tenth lies above its scale,
    or below it: to set those rows aside would keep the other end of the answers only. Of one file's answers, told by its `unreadable` cells,
    no more than a tenth (or two) may be words or lie outside on both sides: ends that carry labels would be lost in the same way.
    """
    words = {name: [str(text).strip() for item in unreadable or () if item.column == name for text in item.examples] for name in ANSWERS}
    parts = []
    for name in ANSWERS:
        if name in typed and len(scores := typed[name].dropna().astype("int64")) + len(words[name]):
            low, high = bounds(table, name)
            looks = "" if scores.empty or name not in SCORES else _likelihood(scores) if name == "nps_score" else _outside(scores, low, high)
            told = (f"scale looks like {looks}, not {low}–{high}; lowest {scores.min()}, highest {scores.max()} of {len(scores)} answers" if looks
                    else _no_scores(name, scores, words[name], (low, high)) if unreadable is not None else "")
            parts += [found_problems.single(table, name, told, file=file)] if told else []
    return found_problems.gather(parts)


def bounds(table: str, name: str) -> tuple[int, int]:
    """The lowest and the highest value a column allows, 0 and 1 of a yes or no."""
    yes_no = {"min_value": 0, "max_value": 1}
    found = next((rule.check.statistics for rule in rules(table) if rule.column == name and "max_value" in rule.check.statistics), yes_no)
    return found["min_value"], found["max_value"]


def _outside(scores: pd.Series, low: int, high: int) -> str:
    """The range that a column of scores covers where too many lie on one side outside its own, else empty."""
    is_above, is_below = scores > high, scores < low
    if max(is_above.sum(), is_below.sum()) < OUTSIDE_MIN_N or max(is_above.mean(), is_below.mean()) <= OUTSIDE_SHARE:
        return ""
    return f"{min(scores.min(), low)}–{scores.max()}"


def _no_scores(name: str, scores: pd.Series, words: list[str], allowed: tuple[int, int]) -> str:
    """What to say where too many answers are words or lie outside the scale, with the line that gives each a score; else empty."""
    texts = Counter([*words, *scores[~scores.between(*allowed)].astype("str")])
    wrong, filled = texts.total(), len(scores) + len(words)
    if wrong < OUTSIDE_MIN_N or wrong <= OUTSIDE_SHARE * filled:
        return ""
    told = f"{NO_SCORES}: {wrong} of {filled} are " + (f"none on {allowed[0]}–{allowed[1]}" if name in SCORES else "neither yes nor no")
    if kind := _fractions(name, texts, allowed[1]):
        return f"{kind}: {wrong} of {filled} answers are fractions such as {max(texts, key=lambda text: (len(text), texts[text], text))}"
    if len(texts) > TEXTS_OF_A_SCALE:  # probably what customers said, which no message repeats
        return f"{told}; {len(texts)} different texts, so another column is probably meant"
    groups = {text: _GROUP.match(text) for text in sorted(texts)}
    if name == "nps_score" and all(groups.values()):
        line = ", ".join(f"{json.dumps(text, ensure_ascii=False)}: {_MIDDLES[match.lastgroup]}" for text, match in groups.items())
        return (f"{told}; they are {GROUPS}. Map the column that holds the answer from 0 to 10; where the export has none,  "
                f"values: {{nps_score: {{{line}}}}}  keeps the NPS, and no other figure of these scores holds")
    if name in SCORES and set(texts) <= _SORTED.keys():
        line = ", ".join(f"{text}: {_SORTED[text]}" for text in sorted(texts))
        return (f"{told}; they are classes of reviews, each of several stars. Map the column that holds the stars; where the export has none, map "
                f"this one to emotion in place of {name}, with  values: {{emotion: {{{line}}}}}")
    named = sorted(texts.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"'{found_problems.shortened(text)}' ({n})" for text, n in named)
    line = ", ".join(f"{json.dumps(text, ensure_ascii=False)}: ?" for text, _ in named)  # whole, and with its quotes: it is to be pasted
    wanted = "a score" if name in SCORES else "true or false"
    return f"{told}; they are {listed}; add to this table of the mapping  values: {{{name}: {{{line}}}}}  with {wanted} for each ?"


def _fractions(name: str, texts: Counter, high: int) -> str:
    """What answers are of which all that do not fit are fractions of a point: half stars or means; empty for others."""
    numbers = [float(text) for text in texts if _FRACTION.fullmatch(text)]
    if name not in SCORES or len(numbers) < len(texts) or not all(0 < number < high for number in numbers):
        return ""
    if any(2 * number % 1 for number in numbers):
        return FRACTIONS
    return HALVES if name == "star_rating" else ""


def _likelihood(scores: pd.Series) -> str:
    """The scale that a likelihood to recommend is on where it is not 0–10, else empty."""
    above = scores.between(11, 100)
    if above.sum() >= SCALE_100_MIN_N and above.mean() > SCALE_100_SHARE and scores.max() >= SCALE_100_REACH:
        return "0–100"
    return "1–5" if len(scores) >= SCALE_MIN_N and scores.between(1, 5).all() else ""


def means(typed: pd.DataFrame, *, file: str = "") -> pd.DataFrame:
    """A file of an employee survey that holds means of units in place of answers: most values are fractions, and no unit, wave and item has
    a second row.

    Taken for answers, each mean would be one employee: no spread within a unit, and no n.
    """
    known = typed[typed["value"].notna()]
    cell = ["unit_id", "wave_month", "item_code", "role_band", "tenure_band", "is_manager"]
    fractions = int((known["value"] % 1 != 0).sum())
    if len(known) < MEANS_MIN_N or fractions <= len(known) / 2 or known.duplicated(cell).any():
        return found_problems.empty()
    told = f"{MEANS}: {fractions} of {len(known)} values are fractions, and no unit, wave and item has more than one row"
    return found_problems.single("employee_surveys", "value", told, file=file)


def reversed_times(typed: pd.DataFrame, table: str) -> list[Found]:
    """Rows whose later time lies before the earlier one, by the table's `after` rules."""
    found = []
    for later, earlier in schema(table).metadata["after"]:
        wrong = np.flatnonzero((typed[later] < typed[earlier]).fillna(False).to_numpy(dtype=bool))
        pairs = zip(typed[later].iloc[wrong], typed[earlier].iloc[wrong], strict=True)
        found.append(Found(later, before(earlier), wrong, [f"{a.isoformat()} < {b.isoformat()}" for a, b in pairs]))
    return [item for item in found if len(item.at)]


def future_times(typed: pd.DataFrame, table: str, *, as_of: str | pd.Timestamp | None, timezone: str) -> list[Found]:
    """Rows with a time, day or month after `as_of`; a date without a time of day means until the end of that day in `timezone`."""
    if as_of is None:
        return []
    limit = pd.Timestamp(as_of)
    local = limit if limit.tzinfo is None else limit.tz_convert(timezone).tz_localize(None)
    is_day = local == local.normalize()
    end = local + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1) if is_day else local
    # on the clock of the wall: a day on which the clocks change has 23 or 25 hours
    zoned = limit if limit.tzinfo is not None and not is_day else end.tz_localize(timezone, ambiguous=False, nonexistent="shift_forward")
    limits = {"moment": zoned, "day": local.normalize(), "month": f"{local:%Y-%m}"}
    found = []
    for name, column in schema(table).columns.items():
        kind = column.metadata["kind"]
        if kind in limits and name not in PLANNED:
            known = typed[name].where(typed[name].str.fullmatch(MONTH_PATTERN)) if kind == "month" else typed[name]
            late = np.flatnonzero((known > limits[kind]).fillna(False).to_numpy(dtype=bool))  # a text that is no month is refused as such
            values = typed[name].iloc[late]
            shown = values.tolist() if kind == "month" else [
                value.isoformat() for value in (values.dt.tz_convert(timezone) if kind == "moment" else values)]  # where its day lies after
            found.append(Found(name, f"lies after {as_of}", late, shown))
    return [item for item in found if len(item.at)]


def too_many(found: Iterable[Found], typed: pd.DataFrame, table: str, *, rows: np.ndarray, file: str = "") -> pd.DataFrame:
    """One problem for each kind of impossible time that more than 0.5 % of the rows that hold the time show, and more than a handful."""
    parts = []
    for item in found:
        known = int(typed[item.column].notna().sum())
        share = len(item.at) / known
        if share > WRONG_TIMES_LIMIT and len(item.at) > WRONG_TIMES_TOLERATED:
            kind = "future" if item.problem.startswith("lies after") else "reversed"
            told = f"{kind} times: {item.problem} in {len(item.at)} of {known} rows ({share:.1%}; at most {WRONG_TIMES_LIMIT:.1%} are set aside)"
            parts.append(found_problems.single(table, item.column, told, file=file, row=int(rows[item.at[0]]), example=item.examples[0]))
    return found_problems.gather(parts)


def is_panel(table: str) -> bool:
    """Whether two rows of one key contradict each other: tables keyed by a period, where both would be counted."""
    declared = schema(table)
    return any(declared.columns[name].metadata["kind"] in ("month", "day") for name in declared.metadata["key"])
