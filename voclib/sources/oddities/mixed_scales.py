"""Answers on two scales in one column of scores: one channel, one language or one version of the questionnaire asked from 1 to 5."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Named

import pandas as pd

from voclib.schema import gates
from voclib.schema import problems as found_problems
from voclib.schema.repeats import CHANCE
from voclib.sources.accounting import Account
from voclib.sources.adapters import OWN
from voclib.sources.mapping import RESERVED, Channel, Mapping
from voclib.sources.oddities import voices
from voclib.sources.standardising import revisions
from voclib.sources.standardising.shaping import Piece

TOP = 5                 # the end of the short scale
LEAST, MOST = 30, 20    # answers of a group; different values of a column that tells groups apart
OFTEN = 0.25            # share of the others above the short scale from which its absence says something
SINCE, UNTIL = "since", "until"
# what differs by who asked and how; a column such as a topic or a follow-up may follow from the score itself
_TARGETS = frozenset({"channel", "language", "campaign_id", "business_type", "segment", "unit_id", "is_on_premises"})
_ASKED = re.compile(r"version|channel|source|language|locale|survey|form\b|device|touch ?point|collector|mode\b|wave|"
                    r"版本|渠道|来源|语言|问卷|设备|触点|终端|方式|批次|期次", re.IGNORECASE)


def build(mapping: Mapping, pieces: Iterable[Piece], accounts: Named[str, Account]) -> list[dict]:
    """Doubts `mixed_scale`: by source and score, a group of at least 30 answers of which none is 0 and none exceeds 5, where at least a quarter
    of the others does.

    A group is a value of a column that says how was asked (by what it is mapped to, or its heading), a file, or the answers since or until a
    day, of all or of such a group. Were the scale the same, so long a run would have a probability below 10⁻⁶: the share of the others that does
    not exceed 5, to the power of the group's size, times the number of groups looked at.
    """
    if "responses" not in accounts:
        return []
    found = accounts["responses"]
    rows = found.validated.accepted[["submitted_at", "touched_at", *gates.SCORES]].join(found.origin)
    rows["_day"] = voices.days(rows["submitted_at"].fillna(rows["touched_at"]), mapping.timezone)
    made = []
    for number, source in enumerate(mapping.sources):
        own = [piece for piece in pieces if piece.source == number and "responses" in piece.tables]
        mine = rows[rows["_source"] == number]
        for score in [name for name in gates.SCORES if gates.bounds("responses", name)[1] > TOP]:
            given = mine[mine[score].notna()]
            if own and len(given) >= 2 * LEAST:
                made += _in_source(_with_columns(given, own, source), score, own)
    return made


def _with_columns(given: pd.DataFrame, pieces: list[Piece], source: Channel) -> pd.DataFrame:
    """The answers with the columns of their files that say how was asked."""
    rule = source.tables["responses"]
    asked = {name for target, name in rule.columns.items() if target in _TARGETS}
    other = {*OWN, *RESERVED, revisions.MARK, *rule.columns.values()} - asked
    parts = []
    for piece in pieces:
        names = [name for name in piece.raw.columns if name not in other and (name in asked or _ASKED.search(name))]
        parts.append(piece.raw[["_file", "_row", *names]].drop_duplicates("_row"))
    return given.merge(pd.concat(parts, ignore_index=True), on=["_file", "_row"], how="left", validate="many_to_one")


def _in_source(given: pd.DataFrame, score: str, pieces: list[Piece]) -> Iterator[dict]:
    """The groups of one source's answers that are on the short scale; of those that hold the same answers, the first."""
    low, values = gates.bounds("responses", score)[0], given[score].astype("int64")
    is_long, is_short = values > TOP, values.between(1, TOP)
    groups = list(_groups(given, is_long))
    seen: list[pd.Series] = []
    for named, inside in sorted(groups, key=lambda item: (-int(item[1].sum()), len(item[0]), "_file" in item[0])):
        others = ~inside
        n, above = int(inside.sum()), float(is_long[others].mean()) if others.any() else 0.0
        if n < LEAST or not is_short[inside].all() or others.sum() < LEAST or above < OFTEN:
            continue
        if above < 1 and n * math.log(1 - above) + math.log(len(groups)) >= math.log(CHANCE) or any((inside & ~one).sum() == 0 for one in seen):
            continue
        seen.append(inside)
        values_named = {column: value for column, value in named.items() if column not in (SINCE, UNTIL, "_file")}
        line = f"set_aside: {json.dumps(values_named, ensure_ascii=False)}" if values_named and len(values_named) == len(named) == 1 else ""
        shown = {name: found_problems.shortened(str(value)) for name, value in named.items()}
        yield {"doubt": "mixed_scale", "file": pieces[0].file, "files": len(pieces), "table": "responses", "column": score, "group": shown, "n": n,
               "others": int(others.sum()), "above": round(above, 4), "low": low, "line": line}


def _groups(given: pd.DataFrame, is_long: pd.Series) -> Iterator[tuple[dict[str, str], pd.Series]]:
    """Every group looked at: what it is called and which answers it holds."""
    every = pd.Series(True, index=given.index)
    yield from _times(given, is_long, {}, every)
    columns = [name for name in given.columns if name not in ("submitted_at", "touched_at", "_source", "_row", "_day", *gates.SCORES)]
    for name in columns:
        if 2 <= given[name].nunique() <= MOST:
            for value, part in given.groupby(name, sort=True):
                inside = pd.Series(given.index.isin(part.index), index=given.index)
                yield {name: str(value)}, inside
                yield from _times(given, is_long, {name: str(value)}, inside)


def _times(given: pd.DataFrame, is_long: pd.Series, named: dict[str, str], within: pd.Series) -> Iterator[tuple[dict[str, str], pd.Series]]:
    """The answers after the last day, and before the first, on which one exceeds the short scale."""
    days = given["_day"]
    long = days[within & is_long].dropna()
    if len(long):
        for word, inside in ((SINCE, within & (days > long.max()).fillna(False)), (UNTIL, within & (days < long.min()).fillna(False))):
            if inside.any():
                yield {**named, word: str(days[inside].min() if word == SINCE else days[inside].max())}, inside
