"""The later voices as standard tables: rows behind the first ones in `responses`, and the conversations with their turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from voclib.schema.tables import TABLES
from voclib.simulate import conversations, mails, public_voices, transcripts
from voclib.simulate.frames import ids, pick, standard
from voclib.simulate.plan import Plan

if TYPE_CHECKING:
    from voclib.simulate.company import World

POST_CALL_LINE, KIOSK_LINE, KIOSK_SCENE, POST_CALL_SCENE = "客服", "销售", "展厅", "来电"
AGENT_PREFIX, FIRST_AGENT = "E", 900_001


def agent_ids(plan: Plan) -> np.ndarray:
    """Staff numbers of the contact centre's agents."""
    return ids(AGENT_PREFIX, FIRST_AGENT + np.arange(conversations.agents(plan)), width=6)


def _voices(**columns: Any) -> pd.DataFrame:
    """Rows of `responses`; what is not given is missing."""
    n = len(columns["response_id"])
    blank = {"whole": np.full(n, np.nan), "real": np.full(n, np.nan), "moment": np.full(n, np.datetime64("NaT", "us"))}
    empty = np.full(n, None, dtype=object)
    made = {name: blank.get(rule.metadata["kind"], empty) for name, rule in TABLES["responses"].columns.items()}
    return standard("responses", made | {"weight": np.ones(n)} | columns)


def responses(world: World) -> list[pd.DataFrame]:
    """Mail, social posts, app-store reviews, the survey after a call and the showroom tablets, in this order."""
    return [mail(world), social(world), appstore(world), post_call(world), kiosk(world)]


def mail(world: World) -> pd.DataFrame:
    """One row a thread; the customer is missing where the ticket system did not know the sender."""
    sent, met = world.mails, world.contacts
    return _voices(
        response_id=sent.message_ids[sent.first], channel="mail", customer_id=_blank(world.customer_ids[met.customer[sent.contact]], ~sent.named),
        unit_id=world.unit_ids[met.unit[sent.contact]], submitted_at=world.plan.moments(sent.minute[sent.first]), comment=sent.said(),
        language=pick(("zh", "en"), sent.english), emotion=_tags(sent.tag), business_type=pick(mails.LINES, sent.topic, missing=~sent.lined))


def social(world: World) -> pd.DataFrame:
    """One row a post."""
    made = world.posts
    return _voices(response_id=ids("U", np.arange(1, made.minute.size + 1)), channel="social", submitted_at=world.plan.moments(made.minute),
                   comment=made.text, language=pick(("zh", "en"), made.english), segment=pick(public_voices.PLATFORMS, made.platform),
                   author_id=made.author, reach=made.reach, emotion=_tags(made.tag))


def appstore(world: World) -> pd.DataFrame:
    """One row a review of the app."""
    made = world.reviews
    return _voices(response_id=ids("G", np.arange(1, made.minute.size + 1)), channel="appstore", submitted_at=world.plan.moments(made.minute),
                   comment=made.text, language=pick(("zh", "en"), made.english), segment=pick(public_voices.VERSIONS, made.version),
                   author_id=made.author, star_rating=made.stars)


def campaign_names(plan: Plan, month: np.ndarray) -> np.ndarray:
    """Name of the batch of each month, such as 2026-07 通话回访."""
    return np.array([f"{name} 通话回访" for name in plan.months()], dtype=object)[month]


def post_call(world: World, *, again: bool = False) -> pd.DataFrame:
    """One row an answer; with `again` the rows of the batch that is imported a second time under another name."""
    given, held, met = world.post_call, world.conversations, world.contacts
    rows = given.again if again else np.arange(given.n)
    contact = held.contact[given.call[rows]]
    number, minute = (given.n + 1 + np.arange(rows.size), given.again_minute) if again else (rows + 1, given.minute)
    name = campaign_names(world.plan, given.month[rows])
    return _voices(
        response_id=ids("H", number), channel="sms", customer_id=world.customer_ids[met.customer[contact]], unit_id=world.unit_ids[met.unit[contact]],
        touched_at=world.plan.moments(met.minute[contact]), submitted_at=world.plan.moments(minute), csat_score=given.csat[rows],
        segment=POST_CALL_SCENE, business_type=POST_CALL_LINE, campaign_id=name + " 补发" if again else name)


def kiosk(world: World) -> pd.DataFrame:
    """One row an answer on a showroom tablet."""
    made = world.kiosk
    return _voices(response_id=ids("Z", np.arange(1, made.minute.size + 1)), channel="onsite", unit_id=world.unit_ids[made.unit],
                   submitted_at=world.plan.moments(made.minute), csat_score=made.csat, segment=KIOSK_SCENE, business_type=KIOSK_LINE,
                   is_on_premises=np.ones(made.minute.size, dtype=bool).astype(object))


def call_rows(world: World) -> pd.DataFrame:
    """Conversations that are calls or chats."""
    held, plan = world.conversations, world.plan
    start = conversations.started(world.contacts, held)
    return standard("conversations", {
        "response_id": world.voice_ids[held.voice], "kind": world.voice_kinds[held.voice], "staff_id": agent_ids(plan)[held.agent],
        "queue_id": pick(conversations.QUEUES, held.queue), "started_at": plan.moments(start),
        "ended_at": plan.moments(start + np.ceil(held.seconds / 60).astype("int64")), "wait_seconds": held.wait, "emotion_score": held.emotion,
        "is_resolved": held.resolved})


def conversation_rows(world: World) -> pd.DataFrame:
    """One row a call, chat or thread of e-mails."""
    sent, plan = world.mails, world.plan
    letters = standard("conversations", {
        "response_id": sent.message_ids[sent.first], "kind": "mail", "staff_id": agent_ids(plan)[sent.agent], "queue_id": mails.QUEUE,
        "started_at": plan.moments(sent.minute[sent.first]), "ended_at": plan.moments(sent.last_minute), "wait_seconds": sent.wait_seconds,
        "emotion_score": np.full(sent.n, np.nan), "is_resolved": sent.resolved})
    return pd.concat([call_rows(world), letters], ignore_index=True)


def said_at(world: World) -> np.ndarray:
    """When each turn of a call or chat was said, to the second."""
    told = world.turns
    begun = world.plan.moments(conversations.started(world.contacts, world.conversations)[told.held])
    return begun + np.round(told.offset).astype("timedelta64[s]").astype("timedelta64[us]")


def turn_rows(world: World) -> pd.DataFrame:
    """One row a turn: calls count seconds, chats know the moment, mails both."""
    told, sent, plan = world.turns, world.mails, world.plan
    voice = world.conversations.voice[told.held]
    spoken = standard("turns", {
        "response_id": world.voice_ids[voice], "turn": told.turn, "speaker": pick(transcripts.SPEAKERS, told.speaker),
        "started_at": np.where(told.is_chat, said_at(world), np.datetime64("NaT", "us")),
        "offset_seconds": np.where(told.is_chat, np.nan, told.offset), "text": told.text})
    begun = sent.minute[sent.first][sent.thread]
    letters = standard("turns", {
        "response_id": sent.message_ids[sent.first][sent.thread], "turn": sent.turn, "speaker": pick(("customer", "agent"), sent.from_agent),
        "started_at": plan.moments(sent.minute), "offset_seconds": 60.0 * (sent.minute - begun), "text": sent.text})
    return pd.concat([spoken, letters], ignore_index=True)


def raw_comments(world: World) -> np.ndarray:
    """Comments of the later voices as they were written, in the order of `responses`; null where there are none."""
    silent = np.full(world.post_call.n + world.kiosk.minute.size, None, dtype=object)
    return np.concatenate([world.mails.said(raw=True), world.posts.raw_text, world.reviews.raw_text, silent])


def _tags(tag: np.ndarray) -> np.ndarray:
    return pick(conversations.EMOTIONS, np.maximum(tag, 0), missing=tag < 0)


def _blank(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    made = values.copy()
    made[where] = None
    return made
