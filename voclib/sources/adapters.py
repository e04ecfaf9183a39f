"""One adapter a channel, all with the same signature: a file becomes rows of text, as the channel's exports need it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from voclib.errors import DataError, nearest
from voclib.schema import coercion
from voclib.schema.tables import TABLES
from voclib.sources.mapping import Channel, Events
from voclib.sources.reading import headings, mails, readers, turns
from voclib.sources.reading.readers import Extract

Adapter = Callable[..., Extract]
OWN = ("_file", "_row", "_problem", "_repair")


def flat(path: Path, spec: Channel, *, name: str = "") -> Extract:
    """Rows as they stand in the file: surveys, reviews, posts, ledgers, reports, operations, use and master data."""
    made = readers.read(path, name=name or path.name, encoding=spec.encoding, delimiter=spec.delimiter, sheet=spec.sheet,
                        heading_row=spec.heading_row, records=spec.records)
    return headings.without(made, own=OWN)


def transcripts(path: Path, spec: Channel, *, name: str = "") -> Extract:
    """Calls and chats: with `turns` one row a turn, without it rows as they stand."""
    return turns.spread(flat(path, spec, name=name), spec, name=name or path.name)


def mail(path: Path, spec: Channel, *, name: str = "") -> Extract:
    """E-mails: .mbox and .eml files become one row a message, gathered into threads; flat files are read like transcripts."""
    if path.suffix.lower() in mails.MAIL_FILES:
        return mails.read(path, spec, name=name or path.name)
    return transcripts(path, spec, name=name)


def tickets(path: Path, spec: Channel, *, name: str = "") -> Extract:
    """Nested records: inner fields get dotted names; of the declared list of events, the first time of each kind is kept."""
    made = flat(path, spec, name=name)
    if spec.events is None or made.frame.empty:
        return made
    if spec.events.list not in made.frame.columns:
        raise DataError(f"{name or path.name}: events.list is '{spec.events.list}', which is not there; "
                        f"{nearest(spec.events.list, _headings(made))}")
    times = [_first_times(text, spec.events) for text in made.frame[spec.events.list]]
    broken = pd.Series([item is None for item in times], index=made.frame.index)
    kinds = sorted({kind for item in times if item for kind in item})
    columns = {f"events.{kind}": pd.Series([(item or {}).get(kind) for item in times], dtype="str") for kind in kinds}
    frame = made.frame.drop(columns=[spec.events.list]).assign(**columns)
    frame["_problem"] = frame["_problem"].mask(broken & (frame["_problem"] == ""), f"{spec.events.list} is not a list of events")
    return Extract(frame, made.encoding, made.notes)


def employees(path: Path, spec: Channel, *, name: str = "") -> Extract:
    """Answer sheets with a column an item become one row a sheet and item (`_item`, `_value`); unanswered items are left out."""
    made = flat(path, spec, name=name)
    if spec.items is None or made.frame.empty:
        return made
    items = spec.items if isinstance(spec.items, dict) else {item: item for item in spec.items}
    absent = [column for column in items.values() if column not in made.frame.columns]
    if absent:
        raise DataError(f"{name or path.name} has no item column '{absent[0]}'; {nearest(absent[0], _headings(made))}")
    kept = made.frame.drop(columns=list(items.values()))
    parts = [kept.assign(_item=code, _value=made.frame[column]) for code, column in items.items()]
    long = pd.concat(parts, ignore_index=True)
    first = pd.concat([pd.Series(place == 0, index=kept.index) for place in range(len(items))], ignore_index=True)
    blank = coercion.is_nothing(long["_value"], TABLES["employee_surveys"].columns["value"])
    answered = long["_value"].notna() & ~blank & ~long["_value"].str.strip().isin(spec.missing_words)
    silent = ~answered.groupby(long["_row"]).transform("any")
    long["_problem"] = long["_problem"].mask(silent & (long["_problem"] == ""), "no item is answered")
    unusable = long["_problem"] != ""
    return Extract(long[(answered & ~unusable) | (unusable & first)].reset_index(drop=True), made.encoding, made.notes)


def _headings(made: Extract) -> list[str]:
    return [name for name in made.frame.columns if name not in OWN]


def _first_times(text: object, events: Events) -> dict[str, str] | None:
    if not isinstance(text, str):
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, list):
        return None
    first: dict[str, str] = {}
    for event in found:
        if not isinstance(event, dict):
            return None
        kind, at = event.get(events.kind), event.get(events.at)
        if kind is not None and at is not None:
            first[str(kind)] = min(first.get(str(kind), str(at)), str(at))
    return first


CHANNELS: dict[str, Adapter] = {
    "survey": flat, "review": flat, "appstore": flat, "post": flat, "social": flat, "mail": mail, "chat": transcripts, "call": transcripts,
    "ticket": tickets, "frontline": flat, "ledger": flat, "employee": employees, "usage": flat, "operations": flat, "repair": flat,
    "project": flat, "concept": flat, "touchpoint": flat, "master": flat,
}
