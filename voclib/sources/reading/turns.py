"""Transcripts: records with a list of turns, or flat files with a row a turn, become one row a turn with what was said around it."""

from __future__ import annotations

import json
import re
from typing import get_args

import numpy as np
import pandas as pd

from voclib.errors import DataError, nearest
from voclib.schema import coercion
from voclib.schema.tables import TABLES
from voclib.sources.mapping import Channel, Speaker, Turns
from voclib.sources.reading import dating
from voclib.sources.reading.readers import Extract, Note, cell_text, dotted

_CLOCK = re.compile(r"(?:([0-9]{1,3}):)?([0-9]{1,3}):([0-9]{1,2}(?:\.[0-9]+)?)")
_PARTS = ("speaker", "text", "offset", "at", "agent")


def spread(made: Extract, spec: Channel, *, name: str) -> Extract:
    """One row a turn: the record's own columns and `_turn, _speaker, _agent, _offset, _at, _text`, and `_said, _began, _ended` a conversation.

    Turns keep the order they stand in, or that of their times where every turn of the conversation has a readable one. A record whose
    turns cannot be read stays one row with its problem. Raises DataError where a name under `turns` is nowhere in the file.
    """
    turns = spec.turns
    if turns is None or made.frame.empty:
        return made
    long = _listed(made.frame, turns, name) if turns.list is not None else _grouped(made.frame, spec, turns, name)
    long = long.assign(_offset=long["_offset"].map(_seconds, na_action="ignore").astype("str"))
    who, unnamed = _speakers(long["_speaker"], turns)
    long = told(long.assign(_speaker=who), spec, conversation="_number")
    notes: tuple[Note, ...] = (("speakers_not_named", str(unnamed)),) if unnamed else ()
    return Extract(long.drop(columns="_number"), made.encoding, (*made.notes, *notes))


def told(long: pd.DataFrame, spec: Channel, *, conversation: str) -> pd.DataFrame:
    """Turns in order with their number, and what holds for the conversation as a whole: `_agent, _said, _began, _ended`.

    `conversation` names the column that tells conversations apart; rows in which it is missing are left as they are.
    """
    long = _in_order(long, spec, conversation)
    groups = long.groupby(conversation, sort=False)
    numbers = groups.cumcount() + 1
    spoken = long[long[conversation].notna() & (long["_speaker"] == "customer") & long["_text"].notna()]
    said = spoken.groupby(conversation, sort=False)["_text"].agg("\n".join)
    known = long[conversation].notna()
    at = _moments(long, spec)
    by_time = long.assign(_clock=at).sort_values("_clock", kind="stable")  # unreadable times last, for the standard to judge
    first = by_time.groupby(conversation, sort=False)["_at"].first()
    last = by_time[at.reindex(by_time.index).notna()].groupby(conversation, sort=False)["_at"].last()
    return long.assign(_turn=numbers.astype("Int64").astype("str").where(known), _said=long[conversation].map(said).astype("str"),
                       _agent=groups["_agent"].transform("first").astype("str"), _began=long[conversation].map(first).astype("str"),
                       _ended=long[conversation].map(last.reindex(first.index).fillna(first)).astype("str"))


def _moments(long: pd.DataFrame, spec: Channel) -> pd.Series:
    """When each turn was said, read as the column `started_at` of turns is; missing where that cannot be."""
    said = [rule.formats[name] for rule in spec.tables.values() for name, column in rule.columns.items()
            if column in ("_at", "_began", "_ended") and name in rule.formats]
    patterns = list(dict.fromkeys(pattern for given in said for pattern in ([given] if isinstance(given, str) else given)))
    plain, _ = dating.plain(long["_at"], patterns, declared=TABLES["turns"].columns["started_at"], where="the times of the turns")
    read = coercion.read(pd.DataFrame({"started_at": plain}), "turns", timezone=spec.timezone or "Asia/Shanghai").frame["started_at"]
    return read.set_axis(long.index)


def _listed(frame: pd.DataFrame, turns: Turns, name: str) -> pd.DataFrame:
    """Records with a list of turns, a row a turn; `_number` tells the records apart."""
    own = [column for column in frame.columns if not column.startswith("_")]
    if turns.list not in frame.columns:
        raise DataError(f"{name}: turns.list is '{turns.list}', which is not there; {nearest(str(turns.list), own)}")
    items = [_turns_of(text) for text in frame[turns.list]]
    keys = {key for item in items if isinstance(item, list) for turn in item for key in turn}
    fields = {part: given for part in _PARTS if (given := getattr(turns, part)) is not None}
    for part, given in fields.items():
        if keys and given not in keys and not (part == "agent" and given in own):
            raise DataError(f"{name}: turns.{part} is '{given}', which no turn holds; {nearest(given, keys)}")
    problems = pd.Series([item if isinstance(item, str) else "" for item in items], index=frame.index)
    usable = frame["_problem"] == ""
    counts = np.array([len(item) if isinstance(item, list) and fine else 1 for item, fine in zip(items, usable, strict=True)])
    kept = frame.assign(_problem=frame["_problem"].mask(usable & (problems != ""), problems.map(lambda what: f"{turns.list} {what}")),
                        _number=range(len(frame))).drop(columns=[turns.list])
    long = kept.loc[kept.index.repeat(counts)].reset_index(drop=True)
    flat = [turn for item, fine in zip(items, usable, strict=True) for turn in (item if isinstance(item, list) and fine else [{}])]
    cells = {f"_{part}": pd.Series([turn.get(fields.get(part, "")) for turn in flat], dtype="str") for part in _PARTS}
    if turns.agent in own:
        cells["_agent"] = cells["_agent"].fillna(long[turns.agent])
    filled = {name: cell.where(cell.str.strip() != "") for name, cell in cells.items()}
    return long.assign(_number=long["_number"].where(long["_problem"] == ""), **filled)


def _turns_of(text: object) -> list[dict[str, str | None]] | str:
    """The turns in a cell of JSON text, or what is wrong with it."""
    if not isinstance(text, str) or not text.strip():
        return "holds no turn"
    try:
        found = json.loads(text, parse_int=str, parse_float=str, parse_constant=lambda _: None)
        if not isinstance(found, list) or not all(isinstance(turn, dict) for turn in found):
            return "is not a list of turns"
        return [dotted(turn) for turn in found] or "holds no turn"
    except (ValueError, RecursionError):
        return "is not a list of turns"


def _grouped(frame: pd.DataFrame, spec: Channel, turns: Turns, name: str) -> pd.DataFrame:
    """A flat file with a row a turn; rows that name no conversation become a problem."""
    own = [column for column in frame.columns if not column.startswith("_")]
    for part in ("by", *_PARTS):
        given = getattr(turns, part)
        if given is not None and given not in own:
            raise DataError(f"{name}: turns.{part} is '{given}', which is not a column there; {nearest(given, own)}")
    words = {part: spec.declared_missing if part in ("text", "agent", "speaker") else spec.missing_words for part in ("by", *_PARTS)}
    cells = {f"_{part}": frame[given].mask(frame[given].str.strip().isin(("", *words[part]))) if (given := getattr(turns, part)) is not None
             else pd.Series(None, index=frame.index, dtype="str") for part in ("by", *_PARTS)}
    conversation = cells.pop("_by").str.strip()
    nameless = conversation.isna() & (frame["_problem"] == "")
    made = frame.assign(_problem=frame["_problem"].mask(nameless, f"{turns.by} names no conversation"), **cells)
    conversation = conversation.where(made["_problem"] == "")
    return made.assign(_conversation=conversation, _number=conversation)


def _seconds(text: str) -> str:
    """Seconds since the start: a number stays as it is, 01:05 and 1:02:03 are counted."""
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        return text
    return cell_text(int(found[1] or 0) * 3600 + int(found[2]) * 60 + float(found[3])) or text


def _speakers(words: pd.Series, turns: Turns) -> tuple[pd.Series, int]:
    """Who speaks in the words of the standard, and how many turns carry a word that the mapping does not name. In its names * stands for any signs,
    as chats name everybody: "Shop:*" is an agent, and whoever is left a customer."""
    known = {word: word for word in get_args(Speaker)} | turns.speakers
    bare = words.str.strip()
    patterns = [(re.compile(".*".join(map(re.escape, word.split("*"))), re.DOTALL), who) for word, who in turns.speakers.items() if "*" in word]
    named = {word: known.get(word) or known.get(word.lower()) or next((who for pattern, who in patterns if pattern.fullmatch(word)), None)
             for word in bare.dropna().unique()}
    found = bare.map(named).astype("str")
    return found.fillna("other"), int((found.isna() & bare.notna()).sum())


def _in_order(long: pd.DataFrame, spec: Channel, conversation: str) -> pd.DataFrame:
    """Rows by the time of their turn within a conversation; a conversation with an unreadable time keeps the order of the file."""
    at = _moments(long, spec)
    clocks = [at.astype("int64").astype("float64").where(at.notna()),
              pd.to_numeric(long["_offset"].astype(object), errors="coerce").astype("float64")]
    codes = pd.factorize(long[conversation])[0]
    ranks = [clock.where(clock.notna().groupby(codes).transform("all"), 0.0) for clock in clocks]
    # conversations stay where they first stand; within one, by moment, then by offset, then as written
    order = np.lexsort((np.arange(len(long)), *(rank.to_numpy() for rank in reversed(ranks)), np.where(codes < 0, len(long), codes)))
    return long.iloc[order].reset_index(drop=True)
