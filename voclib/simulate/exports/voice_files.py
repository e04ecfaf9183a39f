"""Files of the later voices that are no plain tables: transcripts, a mailbox, app-store reviews, and posts whose time changes its format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from voclib.simulate import mails, transcripts
from voclib.simulate.exports.voice_headings import CALL_SPEAKERS, CHAT_SPEAKERS, EMOTION_WORDS, EXPORTS
from voclib.simulate.frames import pick
from voclib.simulate.plan import HOURS_EAST
from voclib.simulate.tables import more_voices

if TYPE_CHECKING:
    from voclib.simulate.company import World

ISO, DOTTED = "%Y-%m-%dT%H:%M:%S+08:00", "%d.%m.%Y %H:%M"


def _order(n: int, shuffle: int | None) -> np.ndarray:
    return np.arange(n) if shuffle is None else np.random.default_rng(shuffle).permutation(n)


def _local(times: pd.Series, pattern: str) -> np.ndarray:
    return (times + pd.Timedelta(hours=HOURS_EAST)).dt.strftime(pattern).to_numpy(dtype=object)


def social(path: Path, world: World, frame: pd.DataFrame, *, shuffle: int | None) -> dict[str, int]:
    """Posts in the order of their times; from one day on the vendor writes DD.MM.YYYY HH:MM."""
    made = world.posts
    words = {coded: worded for worded, coded in EMOTION_WORDS.items()}
    time = np.where(made.reformatted, _local(frame["submitted_at"], DOTTED), _local(frame["submitted_at"], ISO))
    cells = {"response_id": frame["response_id"], "segment": frame["segment"], "author_id": frame["author_id"], "submitted_at": time,
             "comment": frame["comment"], "language": frame["language"].map({"zh": "中文", "en": "英文"}), "emotion": frame["emotion"].map(words),
             "reach": frame["reach"]}
    columns = EXPORTS["social_posts.csv"]
    lines = pd.DataFrame({heading: cells[name] for heading, name in columns.items()}).iloc[_order(len(frame), shuffle)]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([None if pd.isna(cell) else cell for cell in row] for row in lines.itertuples(index=False))
    path.write_text(buffer.getvalue(), encoding="utf-8", newline="")
    return made.planted


def app_reviews(path: Path, world: World, frame: pd.DataFrame, *, shuffle: int | None) -> dict[str, int]:
    """One JSON document with the list of reviews inside."""
    time, columns = _local(frame["submitted_at"], ISO), EXPORTS["app_reviews.json"]
    cells = frame.assign(submitted_at=time, star_rating=frame["star_rating"].astype(int))
    rows = cells[list(columns.values())].set_axis(list(columns), axis=1).iloc[_order(len(frame), shuffle)].to_dict("records")
    _save(path, json.dumps({"app": "辰星", "store": "应用商店", "reviews": rows}, ensure_ascii=False, indent=1) + "\n")
    return world.reviews.planted


def call_and_chat(folder: Path, world: World, *, shuffle: int | None) -> dict[str, dict[str, int]]:
    """One record a conversation: calls with seconds since the start, chats with moments."""
    told, held = world.turns, world.conversations
    numbers, agents = world.voice_ids[held.voice], more_voices.agent_ids(world.plan)
    when = _local(pd.Series(more_voices.said_at(world)).dt.tz_localize("UTC"), ISO)
    kinds = pick(transcripts.SPEAKERS, told.speaker)
    named = {False: {coded: word for word, coded in CALL_SPEAKERS.items()}, True: {coded: word for word, coded in CHAT_SPEAKERS.items()}}
    first = np.flatnonzero(np.append(True, told.held[1:] != told.held[:-1]))
    records: dict[bool, list[str]] = {False: [], True: []}
    for start, end in zip(first.tolist(), [*first[1:].tolist(), told.held.size], strict=True):
        is_chat, of = bool(told.is_chat[start]), told.held[start]
        who = [named[is_chat][kind] for kind in kinds[start:end]]
        said = zip(who, when[start:end], told.offset[start:end].tolist(), told.raw_text[start:end], strict=True)
        record: dict[str, Any] = (
            {"session": numbers[of], "messages": [{"from": name, "time": at, "text": text} for name, at, _, text in said]} if is_chat else
            {"call_id": numbers[of], "agent": agents[held.agent[of]],
             "segments": [{"spk": name, "t0": t0, "txt": text} for name, _, t0, text in said]})
        records[is_chat].append(json.dumps(record, ensure_ascii=False))
    for is_chat, name in ((False, "call_transcripts.jsonl"), (True, "chat_transcripts.jsonl")):
        lines = [records[is_chat][place] for place in _order(len(records[is_chat]), shuffle)]
        _save(folder / name, "".join(f"{line}\n" for line in lines))
    return {"transcripts": told.planted}


def mailbox(path: Path, world: World, *, shuffle: int | None) -> dict[str, int]:
    """The customer service's mailbox; threads are told by their references, whatever the order of messages."""
    sent, met = world.mails, world.contacts
    found = list(mails.messages(world.plan, sent, customer_ids=world.customer_ids[met.customer[sent.contact]],
                                unit_ids=world.unit_ids[met.unit[sent.contact]], agent_ids=more_voices.agent_ids(world.plan)))
    path.write_bytes(b"".join(found[place] for place in _order(len(found), shuffle)))
    return sent.planted


def _save(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
