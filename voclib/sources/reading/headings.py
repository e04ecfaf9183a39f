"""Headings below the first, which some survey tools put among the rows."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pandas as pd

from voclib.schema import coercion
from voclib.sources.reading.readers import Extract

IMPORT_ID = r'\s*\{\s*"ImportId"\s*:'
DEEPEST = 3  # rows among which the machine's own heading is looked for
TIMES_IN = "times_in"  # a note: the zone in which the export says its times are
# what Qualtrics writes as Response Type, in words or as a code, of answers that its makers gave
TESTS = frozenset({"survey preview", "survey test", "preview spam", "offline survey preview", "1", "2", "9", "17"})
TEST = "an answer to a preview or a test of the survey"
SPAMS, SPAM = frozenset({"spam", "possible spam", "imported spam", "8", "12"}), "an answer that the survey tool marks as spam"
PREVIEWS = frozenset({"preview", "test"})  # as its Distribution Channel, where an export leaves the type out
SUBHEADINGS = frozenset({"response", "open-ended response"})  # what SurveyMonkey writes under a question
LOOKED_AT, LEAST_ROWS = 200, 3
_NAME = r"[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]{1,40}"  # how programs name columns
_CODE = r"[\d\s.,:/+\-TZ]*\d[\d\s.,:/+\-TZAPM]*"  # numbers and times


def without(made: Extract, *, own: tuple[str, ...]) -> Extract:
    """The same file without headings among its rows, which a note names by row number; `own` are the reader's columns.

    Qualtrics exports three headings: names, question texts, and a JSON object with the `ImportId` of every column. Where a row holds nothing but
    such objects, it and what stands above it are headings; a row of answers never does. They also say in which zone the times are, which a note
    repeats, and in which column previews and tests are marked, whose rows become a problem. SurveyMonkey writes Response or Open-Ended Response
    under its questions and nothing under its own columns; the options of a question, which have no heading, are
    called after both. Another first row with words in every column of numbers is noted and kept.
    """
    cells = made.frame.drop(columns=[name for name in own if name in made.frame]).head(DEEPEST)
    found = cells.apply(lambda texts: texts.str.match(IMPORT_ID).astype("boolean").fillna(True)).all(axis=1) & cells.notna().any(axis=1)
    if not found.any():
        return _second(made, own)
    depth = int(found.to_numpy(dtype=bool).argmax()) + 1
    return _as_told(_below(made, depth, note="heading_rows"), {name: _object(text) for name, text in cells.iloc[depth - 1].dropna().items()})


def _object(text: str) -> dict:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _as_told(made: Extract, machine: dict[str, dict]) -> Extract:
    """The file with what its machine-readable heading says: the zone of its times as a note, answers of its makers and spam as a problem."""
    zones = sorted({str(one["timeZone"]) for one in machine.values() if one.get("timeZone")})
    frame = made.frame
    for field, words, why in (("status", TESTS, TEST), ("status", SPAMS, SPAM), ("distributionChannel", PREVIEWS, TEST)):
        for name in [name for name, one in machine.items() if one.get("ImportId") == field]:
            is_marked = frame[name].str.strip().str.lower().isin(words) & (frame["_problem"] == "")
            frame = frame.assign(_problem=frame["_problem"].mask(is_marked, why).astype("str"))
    return replace(made, frame=frame, notes=(*made.notes, *((TIMES_IN, zone) for zone in zones)))


def _below(made: Extract, depth: int, *, note: str) -> Extract:
    skipped = ", ".join(map(str, made.frame["_row"].iloc[:depth]))
    return replace(made, frame=made.frame.iloc[depth:].reset_index(drop=True), notes=(*made.notes, (note, skipped)))


def _named(made: Extract, second: pd.Series) -> Extract:
    """The file with its columns without a heading called as the question before them and the option under it: `Which? - Service`."""
    names, question = {}, ""
    for name in made.frame.columns:
        is_empty = re.fullmatch(r"column [0-9]+(?: \([0-9]+\))?", name)
        question = question if is_empty else name
        if is_empty and name in second and (better := f"{question} - {second[name]}") not in {*made.frame.columns, *names.values()}:
            names[name] = better
    return replace(made, frame=made.frame.rename(columns=names))


def _second(made: Extract, own: tuple[str, ...]) -> Extract:
    """The file without the second heading of SurveyMonkey, or with a note where its first row looks like another one."""
    shown = made.frame.head(LOOKED_AT)
    if not len(shown) or shown["_problem"].iloc[0]:
        return made
    cells = shown[shown["_problem"] == ""].drop(columns=[name for name in own if name in shown]).apply(lambda texts: texts.str.strip())
    cells = cells.mask(cells == "")
    first, rest = cells.iloc[0].dropna(), cells.iloc[1:]
    coded = [name for name in rest if rest[name].notna().sum() >= LEAST_ROWS and rest[name].dropna().str.fullmatch(_CODE).all()]
    if first.str.lower().isin(SUBHEADINGS).any() and any(name not in first and rest[name].notna().all() for name in coded):
        return _below(_named(made, first), 1, note="subheading")
    over = first[[name for name in coded if name in first]]
    # a single column whose first cell is 10 - very likely holds a labelled answer; two such columns hold questions
    over = over[~over.str.lower().isin(coercion.NOTHING)]  # no answer, and no question either
    if len(over) and not over.str.fullmatch(_CODE).any() and (len(over) > 1 or not over.str.contains(r"\d").any()):
        where = next((name for name in over.index if re.fullmatch(_NAME, over[name])), None)  # no words that somebody may have said
        line = f"; set_aside: {json.dumps({where: over[where]}, ensure_ascii=False)}" if where else ""
        return replace(made, notes=(*made.notes, ("second_heading", f"{shown['_row'].iloc[0]}{line}")))
    return made
