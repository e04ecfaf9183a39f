"""Every voice with its text and topics: survey answers, reviews, posts, calls and chats; the classifier, the gold labels and the cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.simulate import identifiers, verbatims
from voclib.simulate.asking import Asking
from voclib.simulate.people import CALL, DELIVERY, DIGITAL, Contacts, Customers
from voclib.simulate.plan import LONG_WAIT_MINUTES, Plan
from voclib.simulate.streams import stream

SURVEY, REVIEW, POST, CALLED, CHAT = range(5)
TOPIC_COUNT = len(verbatims.TOPICS)
_WORKSHOP = (3, 3, 2, .2, .1, 1.5, 1, 1.2, 1.5, 2.5, 1, 1.2, .6, 1)
_SHOWROOM = (.5, .1, .1, 4, 3, .8, .5, .6, .2, .8, .8, .4, 3, .1)
_REMOTE = (.3, .8, .8, .3, .8, 2.5, 2.5, 2, .8, 1, .1, 2.5, 1, 1)
DEPARTMENTS = ("售后运营部", "售后技术部", "备件部", "销售部", "物流交付部", "智能座舱部", "能源补能部", "三电研发部", "质量部", "售后运营部",
               "门店管理部", "数字化部", "市场定价部", "质量部")
PII_SHARE = 0.02


@dataclass(frozen=True)
class Voices:
    """Arrays over voices (V,): survey answers first, in the order of `asking.answers`. `text` is null where nothing was written."""

    source: np.ndarray
    contact: np.ndarray
    minute: np.ndarray
    score: np.ndarray
    named: np.ndarray
    tone: np.ndarray
    topic: np.ndarray
    second: np.ndarray
    english: np.ndarray
    raw_text: np.ndarray
    text: np.ndarray
    planted: dict[str, int]

    @property
    def n(self) -> int:
        """Number of voices."""
        return len(self.source)

    @property
    def commented(self) -> np.ndarray:
        """Which voices carry a verbatim."""
        return np.not_equal(self.text, None).astype(bool)


def tone_of(score: np.ndarray) -> np.ndarray:
    """0 negative (0–6), 1 positive (9–10), 2 mixed: the order of verbatims.TONES."""
    return np.select([score <= 6, score >= 9], [0, 1], 2).astype("int8")


def topics_of(plan: Plan, contacts: Contacts) -> tuple[np.ndarray, np.ndarray]:
    """What each contact's customer would speak of first and second (-1: nothing else), whether or not anybody hears it."""
    rng = stream(plan.seed, "topics")
    scene = np.select([contacts.kind <= DELIVERY, contacts.kind >= CALL], [1, 2], 0)
    first = np.zeros(contacts.n, dtype="int8")
    for code, weight in enumerate((_WORKSHOP, _SHOWROOM, _REMOTE)):
        rows = np.flatnonzero(scene == code)
        first[rows] = rng.choice(TOPIC_COUNT, rows.size, p=np.array(weight) / sum(weight))
    waited = (np.nan_to_num(contacts.wait) > LONG_WAIT_MINUTES) & (contacts.score <= 8) & (rng.random(contacts.n) < 0.55)
    first[waited] = 0
    second = np.where(rng.random(contacts.n) < 0.3, rng.integers(0, TOPIC_COUNT, contacts.n), -1).astype("int8")
    return first, np.where(second == first, -1, second).astype("int8")


def make(plan: Plan, customers: Customers, contacts: Contacts, asking: Asking) -> Voices:
    """Collect the voices and let them write."""
    rng = stream(plan.seed, "voices")
    answers = asking.answers
    others = [_unprompted(rng, plan, contacts, source) for source in (REVIEW, POST, CALLED, CHAT)]
    contact = np.concatenate([asking.invited[answers], *(rows for rows, _ in others)])
    source = np.repeat(np.arange(5), [answers.size, *(rows.size for rows, _ in others)]).astype("int8")
    minute = np.concatenate([asking.submitted[answers], *(times for _, times in others)])
    score = np.concatenate([asking.reported[answers], *(contacts.score[rows] for rows, _ in others)])
    felt = tone_of(contacts.score[contact])
    spoken = np.where(source == SURVEY, rng.random(len(source)) < np.array([0.7, 0.5, 0.35])[felt], True)
    english = customers.english[contacts.customer[contact]]
    first, second = topics_of(plan, contacts)
    text, raw_text, planted = _written(plan, first[contact], second[contact], felt, english, spoken)
    luck = rng.random(len(source))
    named = np.select([source == SURVEY, source == REVIEW, source == POST], [luck > 0.006, luck < 0.3, False], True)
    return Voices(source=source, contact=contact, minute=minute, score=score, named=named, tone=felt, topic=first[contact], second=second[contact],
                  english=english, raw_text=raw_text, text=text, planted=planted)


def _unprompted(rng: np.random.Generator, plan: Plan, contacts: Contacts, source: int) -> tuple[np.ndarray, np.ndarray]:
    """Contacts that turn into a review or post (extremes more often), a call or a chat, and when."""
    extreme = 1 + 2.0 * ((contacts.score <= 4) | (contacts.score >= 10))
    chance = {REVIEW: 0.009 * extreme, POST: 0.007 * extreme, CALLED: 0.4 * (contacts.kind == CALL), CHAT: 0.15 * (contacts.kind == DIGITAL)}[source]
    rows = np.flatnonzero(rng.random(contacts.n) < chance)
    if not rows.size:
        rows = np.array([source % contacts.n])
    lag = np.round(rng.exponential(2000, rows.size)) + 60 if source in (REVIEW, POST) else rng.integers(3, 30, rows.size)
    return rows, np.minimum(contacts.minute[rows] + lag.astype(int), plan.end_minute - 1)


def _written(plan: Plan, topic: np.ndarray, second: np.ndarray, tone: np.ndarray, english: np.ndarray,
             spoken: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Texts as they may be shown and as they were written: a few carry identifiers, a few are hostile."""
    rng = stream(plan.seed, "verbatims")
    rows = np.flatnonzero(spoken)
    language = english[rows].astype(int)
    drafts = verbatims.write(rng, topic=topic[rows], second=second[rows], tone=tone[rows], language=language)
    hostile = rng.permutation(rows.size)[: min(max(len(verbatims.HOSTILE), rows.size // 2000), rows.size // 4)]
    for place, row in enumerate(hostile):
        drafts[row] = verbatims.HOSTILE[place % len(verbatims.HOSTILE)]
    raw, clean, planted = identifiers.plant(rng, drafts, language, share=PII_SHARE)
    texts = np.full((2, len(spoken)), None, dtype=object)
    texts[0, rows], texts[1, rows] = clean, raw
    return texts[0], texts[1], {**planted, "hostile": int(hostile.size)}


def classified(plan: Plan, voices: Voices) -> dict[str, np.ndarray]:
    """The classifier's mentions: found topics with planted sensitivity and specificity by topic; one entry a mention."""
    rng = stream(plan.seed, "topic_mentions")
    sensitivity, specificity = rng.uniform(0.75, 0.9, TOPIC_COUNT), rng.uniform(0.97, 0.99, TOPIC_COUNT)
    rows, found = np.flatnonzero(voices.commented), []
    for topic in range(TOPIC_COUNT):
        present = is_present(voices, rows, topic)
        hit = rng.random(rows.size) < np.where(present, sensitivity[topic], 1 - specificity[topic])
        found.append((rows[hit], np.full(int(hit.sum()), topic, dtype="int8"), present[hit]))
    voice, topic, present = (np.concatenate(part) for part in zip(*found, strict=True))
    sure = np.where(present, rng.beta(8, 2, voice.size), rng.beta(3, 2.5, voice.size))
    wrong = rng.random(voice.size) < 0.06
    sentiment = np.where(wrong, rng.integers(0, 3, voice.size), voices.tone[voice])
    return {"voice": voice, "topic": topic, "probability": np.round(0.5 + 0.5 * sure, 4), "sentiment": sentiment, "sensitivity": sensitivity,
            "specificity": specificity}


def is_present(voices: Voices, rows: np.ndarray, topic: int) -> np.ndarray:
    """Whether the voices truly speak of a topic."""
    return (voices.topic[rows] == topic) | (voices.second[rows] == topic)


def labelled(plan: Plan, voices: Voices, mentions: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Gold labels: a random sample, denser where the classifier saw something negative; all topics of a sampled voice are labelled."""
    rng = stream(plan.seed, "gold_labels")
    rows = np.flatnonzero(voices.commented)
    negative = np.zeros(voices.n, dtype=bool)
    negative[mentions["voice"][mentions["sentiment"] == 0]] = True
    inside = negative[rows]
    chance = np.where(inside, min(1.0, 400 / max(inside.sum(), 1)), min(1.0, 300 / max((~inside).sum(), 1)))
    drawn = rng.random(rows.size) < chance
    voice, chance = rows[drawn], chance[drawn]
    again = rng.random(voice.size) < 0.2
    who = np.concatenate([voice, voice[again]])
    labeller = np.repeat([1, 2], [voice.size, int(again.sum())])
    topic = np.tile(np.arange(TOPIC_COUNT), who.size)
    who, labeller = np.repeat(who, TOPIC_COUNT), np.repeat(labeller, TOPIC_COUNT)
    present = (voices.topic[who] == topic) | (voices.second[who] == topic)
    slip = (labeller == 2) & (rng.random(who.size) < 0.03)
    return {"voice": who, "topic": topic, "labeller": labeller, "present": present ^ slip,
            "probability": np.repeat(np.concatenate([chance, chance[again]]), TOPIC_COUNT)}


def cases(plan: Plan, voices: Voices) -> dict[str, np.ndarray]:
    """Cases from negative voices, with the clock each would run to its end and what is seen of it by the as-of date."""
    rng = stream(plan.seed, "cases")
    share = np.array([0.8, 0.5, 0.4, 0.8, 0.7])[voices.source]
    opened = voices.minute + rng.integers(2, 180, voices.n)
    fits = (voices.tone == 0) & voices.commented & (opened < plan.end_minute)
    chosen = fits & (rng.random(voices.n) < share)
    rows = np.flatnonzero(chosen if chosen.any() else opened < plan.end_minute)
    opened = opened[rows]
    rank = np.select([rng.random(rows.size) < 0.03, voices.score[rows] <= 3, voices.score[rows] <= 5], [0, 1, 2], 3)
    assigned = opened + np.round(rng.gamma(1.5, 360, rows.size)).astype(int) + 1
    responded = assigned + np.round(rng.lognormal(5.6, 0.9, rows.size)).astype(int)
    slow = np.where(rng.random(rows.size) < 0.25, 4.0, 1.0)
    resolved = responded + np.round(slow * rng.lognormal(6.2 + 0.15 * rank, 1.0, rows.size)).astype(int)
    never = rng.random(rows.size) < 0.06
    return {"voice": rows, "opened": opened, "assigned": assigned, "responded": responded, "resolved": np.where(never, 10**8, resolved),
            "severity": rank, "topic": voices.topic[rows]}
