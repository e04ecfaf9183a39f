"""What was said, as standard tables: invitations, responses, call-backs, topics, gold labels, cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from voclib.simulate import asking, conversations, people, voices
from voclib.simulate.frames import ids, pick, standard
from voclib.simulate.plan import Plan
from voclib.simulate.streams import stream
from voclib.simulate.tables import more_voices
from voclib.simulate.verbatims import TOPICS

if TYPE_CHECKING:
    from voclib.simulate.company import World

VOICE_CHANNELS = ("survey", "review", "post", "call", "chat")
SCENES = ("购车", "交车", "保养", "维修", "来电", "线上")
LINES = ("销售", "交付", "售后", "售后", "客服", "线上")
"""Line of business of each kind of contact."""
BOARDS = ("E 系车友圈", "X 系车友圈", "用车问答", "提车作业")
SEVERITIES = ("safety", "high", "medium", "low")


def moments(plan: Plan, minute: np.ndarray, *, seen: np.ndarray | None = None) -> np.ndarray:
    """Local minutes as UTC moments; missing where not `seen`."""
    made = plan.moments(minute)
    return made if seen is None else np.where(seen, made, np.datetime64("NaT", "us"))


def invitations(world: World) -> pd.DataFrame:
    """One row a message."""
    asked, contacts = world.asking, world.contacts
    contact = asked.invited[asked.message_of]
    asked_about = ids("T", asked.invited + 1)  # one text a contact, shared by its reminders
    channel = asked.channel[asked.message_of]
    return standard("invitations", {
        "invitation_id": ids("I", np.arange(1, contact.size + 1)), "touchpoint_id": asked_about[asked.message_of],
        "customer_id": world.customer_ids[contacts.customer[contact]], "channel": pick(asking.CHANNELS, channel),
        "trigger": pick(people.KINDS, contacts.kind[contact]), "sent_at": moments(world.plan, asked.message_sent), "wave": asked.message_wave,
        "is_delivered": asked.message_delivered, "is_opened": np.where(channel == 0, None, asked.message_opened.astype(object))})


def voice_ids(world: World) -> np.ndarray:
    """Response identifiers, by source: S survey, R review, P post, K call, W chat."""
    made = np.arange(1, world.voices.n + 1)
    return np.array(list("SRPKW"), dtype=object)[world.voices.source] + ids("", made)


def responses(world: World) -> pd.DataFrame:
    """One row a voice: the survey answers first, then reviews, posts, calls and chats, then the voices of `more_voices`."""
    return pd.concat([_first(world), *more_voices.responses(world)], ignore_index=True)


def _first(world: World) -> pd.DataFrame:
    spoken, contacts, asked = world.voices, world.contacts, world.asking
    n, drawn = world.voices.n, _details(world)
    survey = spoken.source == voices.SURVEY
    answers, count = asked.answers, int(survey.sum())
    invited = np.full(n, -1)
    invited[:count] = asked.answer_message[answers] + 1
    channel = pick(VOICE_CHANNELS, spoken.source)
    channel[:count] = pick(asking.CHANNELS, asked.channel[answers])
    premises, begged = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    premises[:count], begged[:count] = asked.on_premises[answers], asked.begged[answers]
    score = spoken.score.astype(float)
    kind, unit, anonymous = contacts.kind[spoken.contact], contacts.unit[spoken.contact], ~spoken.named
    review, post, remote = (np.isin(spoken.source, codes) for codes in ((1,), (2,), (3, 4)))
    scene = pick(SCENES, kind, missing=review | remote)
    scene[post] = pick(BOARDS, drawn["board"])
    device = np.where(begged & premises, unit.astype(int) * 7 + drawn["tablet"], 1_000_000 + drawn["device"])
    line = pick(LINES, kind, missing=review | post | remote & (stream(world.plan.seed, "business_type").random(n) < 0.04))
    return standard("responses", {
        "response_id": voice_ids(world), "invitation_id": ids("I", invited),
        "customer_id": _blank(world.customer_ids[contacts.customer[spoken.contact]], anonymous), "unit_id": world.unit_ids[unit],
        "channel": channel, "touched_at": moments(world.plan, contacts.minute[spoken.contact], seen=~(review | post)),
        "submitted_at": moments(world.plan, spoken.minute), "nps_score": np.where(survey, score, np.nan), "csat_score": drawn["csat"],
        "ces_score": drawn["ces"], "rating_score": np.where(review, score, np.nan),
        "is_recommended": np.where(review, (score >= 7).astype(object), None), "star_rating": np.full(n, np.nan), "emotion": _emotion(world),
        "business_type": line, "campaign_id": np.full(n, None, dtype=object), "comment": spoken.text,
        "language": pick(("zh", "en"), spoken.english, missing=~spoken.commented), "segment": scene, "duration_seconds": drawn["seconds"],
        "is_on_premises": np.where(survey, premises.astype(object), None), "device_hash": _blank(ids("d", device, width=10), ~survey),
        "author_id": np.full(n, None, dtype=object), "reach": np.full(n, np.nan), "weight": np.ones(n)})


def _details(world: World) -> dict[str, np.ndarray]:
    """What is drawn about each voice beyond its score: side scores, how long it took, the board of a post, the device."""
    spoken, rng, n = world.voices, stream(world.plan.seed, "responses"), world.voices.n
    survey, asked = spoken.source == voices.SURVEY, world.asking
    begged = np.zeros(n, dtype=bool)
    begged[: asked.answers.size] = asked.begged[asked.answers]
    csat, ces = _side_scores(rng, spoken.score.astype(float), survey)
    board = rng.integers(0, len(BOARDS), int((spoken.source == voices.POST).sum()))
    taken = np.round(rng.lognormal(4.2, 0.6, n) * np.where(begged, 0.25, 1.0)) + 3
    remote = np.isin(spoken.source, (voices.CALLED, voices.CHAT))
    seconds = np.where(survey, taken, np.where(remote, 60 + np.round(rng.exponential(240, n)), np.nan))
    return {"csat": csat, "ces": ces, "board": board, "seconds": seconds, "tablet": rng.integers(0, 2, n), "device": rng.integers(0, 10**9, n)}


def seconds(world: World) -> np.ndarray:
    """How long each voice took, in seconds; missing for reviews and posts."""
    return _details(world)["seconds"]


def _emotion(world: World) -> np.ndarray:
    """The agents' tags; only calls and chats have one."""
    made, held = np.full(world.voices.n, None, dtype=object), world.conversations
    made[held.voice] = pick(conversations.EMOTIONS, np.maximum(held.tag, 0), missing=held.tag < 0)
    return made


def _side_scores(rng: np.random.Generator, score: np.ndarray, survey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Satisfaction 1–5 and ease 1–7 that go with the recommendation, some left out."""
    made = []
    for top, skipped in ((5, 0.08), (7, 0.15)):
        value = np.clip(np.round(1 + (top - 1) * score / 10 + rng.normal(scale=0.5, size=score.size)), 1, top)
        made.append(np.where(survey & (rng.random(score.size) > skipped), value, np.nan))
    return made[0], made[1]


def _blank(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    made = values.copy()
    made[where] = None
    return made


def followups(world: World) -> pd.DataFrame:
    """One row a customer drawn for a call-back."""
    drawn = world.call_backs
    return standard("followups", {
        "followup_id": ids("F", np.arange(1, drawn["customer"].size + 1), width=6), "customer_id": world.customer_ids[drawn["customer"]],
        "drawn_on": world.plan.dates(drawn["drawn_on"]), "draw_probability": drawn["probability"],
        "mode": pick(("phone", "visit", "mixed"), drawn["mode"]), "attempts": drawn["attempts"],
        "outcome": pick(("completed", "refused", "no_contact"), drawn["outcome"]),
        "nps_score": np.where(drawn["outcome"] == 0, drawn["score"].astype(float), np.nan)})


def topic_mentions(world: World) -> pd.DataFrame:
    """One row a topic found in a voice."""
    found = world.mentions
    return standard("topic_mentions", {
        "response_id": voice_ids(world)[found["voice"]], "topic": pick(TOPICS, found["topic"]), "probability": found["probability"],
        "sentiment": pick(("negative", "positive", "neutral"), found["sentiment"]), "classifier": "chenxing-nlu-1"})


def gold_labels(world: World) -> pd.DataFrame:
    """One row a labelled voice, topic and labeller."""
    made = voices.labelled(world.plan, world.voices, world.mentions)
    return standard("gold_labels", {
        "response_id": voice_ids(world)[made["voice"]], "topic": pick(TOPICS, made["topic"]), "labeller_id": ids("L", made["labeller"], width=2),
        "is_present": made["present"], "sampling_probability": made["probability"]})


def cases(world: World) -> pd.DataFrame:
    """One row a case; what has not happened by the as-of date is missing."""
    made, spoken, contacts, plan = world.cases, world.voices, world.contacts, world.plan
    contact, end = spoken.contact[made["voice"]], plan.end_minute
    clock = {f"{name}_at": moments(plan, made[name], seen=made[name] < end) for name in ("opened", "assigned", "responded", "resolved")}
    return standard("cases", {
        "case_id": ids("Q", np.arange(1, made["voice"].size + 1), width=7), "response_id": voice_ids(world)[made["voice"]],
        "customer_id": _blank(world.customer_ids[contacts.customer[contact]], ~spoken.named[made["voice"]]),
        "unit_id": world.unit_ids[contacts.unit[contact]], "topic": pick(TOPICS, made["topic"]), "severity": pick(SEVERITIES, made["severity"]),
        "owner_department": pick(voices.DEPARTMENTS, made["topic"]), **clock, "description": spoken.text[made["voice"]]})
