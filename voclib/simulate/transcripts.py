"""Transcripts of some calls and chats, turn by turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.simulate import verbatims, writing
from voclib.simulate.conversations import Conversations
from voclib.simulate.plan import Plan
from voclib.simulate.streams import stream
from voclib.simulate.voices import CHAT, Voices

SPEAKERS = ("customer", "agent", "bot")
SHARE, TURNS_A_CUSTOMER, MEAN_TURNS = 0.4, 0.6, 7
"""Of the conversations, at most; and turns at most, per customer of the company."""


@dataclass(frozen=True)
class Turns:
    """Arrays over turns, by conversation and place; `held` is a position among the conversations, `offset` seconds since the start."""

    held: np.ndarray
    turn: np.ndarray
    speaker: np.ndarray
    offset: np.ndarray
    text: np.ndarray
    raw_text: np.ndarray
    is_chat: np.ndarray
    planted: dict[str, int]


def make(plan: Plan, voices: Voices, held: Conversations) -> Turns:
    """Draw the conversations that are written down and let both sides speak: the customer on even turns."""
    rng = stream(plan.seed, "turns")
    count = held.voice.size
    share = min(SHARE, TURNS_A_CUSTOMER * plan.customers / (MEAN_TURNS * max(count, 1)))
    kept = np.flatnonzero(rng.random(count) < share)
    first = np.array([np.flatnonzero(voices.source[held.voice] == code)[0] for code in np.unique(voices.source[held.voice])])
    kept = np.union1d(kept, first)  # at least one call and one chat
    length = rng.integers(4, 11, kept.size)
    of = np.repeat(np.arange(kept.size), length)
    turn = np.arange(of.size) - np.repeat(length.cumsum() - length, length) + 1
    is_chat = voices.source[held.voice[kept]][of] == CHAT
    speaker = np.select([turn % 2 == 0, is_chat & (turn == 1)], [0, 2], 1)
    english = voices.english[held.voice[kept]][of]
    drafts = _drafted(rng, voices, held.voice[kept][of], turn, speaker, turn == length[of], is_chat)
    said = np.flatnonzero(speaker == 0)
    text, raw_text = drafts.copy(), drafts.copy()
    text[said], raw_text[said], planted = writing.soiled(rng, drafts[said], english[said])
    return Turns(kept[of], turn, speaker, _offsets(rng, text, of, held.seconds[kept]), text, raw_text, is_chat, planted)


def _drafted(rng: np.random.Generator, voices: Voices, voice: np.ndarray, turn: np.ndarray, speaker: np.ndarray, is_last: np.ndarray,
             is_chat: np.ndarray) -> np.ndarray:
    english, made, known = voices.english[voice], np.empty(voice.size, dtype=object), writing.templates()
    for rows, kind in ((~is_chat, "call"), (is_chat, "chat")):
        opened = "bot" if kind == "chat" else "opening"
        for part, where in ((opened, turn == 1), ("closing", is_last & (turn > 1)), ("asking", ~is_last & (turn > 1))):
            at = np.flatnonzero(rows & (speaker != 0) & where)
            made[at] = writing.pick(rng, {language: known[language][kind][part] for language in verbatims.LANGUAGES}, english[at])
    # what brought the customer is said first and often enlarged upon; then come short answers
    long = (speaker == 0) & ((turn == 2) | ((turn == 4) & (rng.random(voice.size) < 0.5)))
    at = np.flatnonzero(long)
    first, second = voices.topic[voice[at]], voices.second[voice[at]]
    about = np.where((turn[at] > 2) & (second >= 0), second, first)
    made[at] = verbatims.write(rng, topic=about, second=np.full(at.size, -1), tone=voices.tone[voice[at]], language=english[at].astype(int))
    for code, tone in enumerate(verbatims.TONES):
        at = np.flatnonzero((speaker == 0) & ~long & (voices.tone[voice] == code))
        made[at] = writing.pick(rng, {language: known[language]["answers"][tone] for language in verbatims.LANGUAGES}, english[at])
    return made


def _offsets(rng: np.random.Generator, text: np.ndarray, of: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Seconds since the start: each turn lasts as its length and chance have it, all of them as long as the conversation."""
    lasting = (2 + np.array([len(line) for line in text]) / 4.5) * rng.uniform(0.7, 1.5, text.size)
    total = np.bincount(of, lasting, seconds.size)
    before = lasting.cumsum() - lasting
    first = np.searchsorted(of, np.arange(seconds.size))
    return np.round((before - before[first][of]) / total[of] * seconds[of], 1)
