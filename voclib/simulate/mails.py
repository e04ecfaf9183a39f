"""E-mails from customers and the answers to them, as threads and as the messages of a mailbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from html import escape

import numpy as np

from voclib.simulate import verbatims, writing
from voclib.simulate.conversations import EMOTIONS, agents, mistaken
from voclib.simulate.people import Contacts, Customers
from voclib.simulate.plan import HOURS_EAST, Plan
from voclib.simulate.public_voices import FELT
from voclib.simulate.streams import stream
from voclib.simulate.voices import tone_of

QUEUE, OWN_DOMAIN, CARE = "邮件组", "chenxing.example", "care@chenxing.example"
LINES = ("售后", "售后", "售后", "销售", "交付", "线上", "售后", "售后", "售后", "售后", "售后", "线上", "销售", "售后")
"""Line of business of each topic."""
CHARSETS, ENCODINGS = ("utf-8", "gb18030"), ("base64", "quoted-printable", "8bit")
MOST_THREADS = 3000
_EAST = timezone(timedelta(hours=HOURS_EAST))


@dataclass(frozen=True)
class Mails:
    """Threads (H,) in the order of their times, and messages (M,) by thread and place; the customer writes the odd ones."""

    contact: np.ndarray
    named: np.ndarray
    topic: np.ndarray
    tone: np.ndarray
    english: np.ndarray
    agent: np.ndarray
    tag: np.ndarray
    lined: np.ndarray
    resolved: np.ndarray
    thread: np.ndarray
    turn: np.ndarray
    minute: np.ndarray
    text: np.ndarray
    raw_text: np.ndarray
    charset: np.ndarray
    encoding: np.ndarray
    is_html: np.ndarray
    is_attached: np.ndarray
    planted: dict[str, int]

    @property
    def n(self) -> int:
        """Number of threads."""
        return len(self.contact)

    @property
    def from_agent(self) -> np.ndarray:
        """Which messages the company wrote."""
        return self.turn % 2 == 0

    @property
    def first(self) -> np.ndarray:
        """Position of each thread's first message."""
        return np.flatnonzero(self.turn == 1)

    @property
    def last_minute(self) -> np.ndarray:
        """When each thread ended."""
        return self.minute[np.append(self.first[1:], self.turn.size) - 1]

    @property
    def wait_seconds(self) -> np.ndarray:
        """Seconds until the company's first answer; missing where there was none."""
        reply = np.flatnonzero(self.turn == 2)
        made = np.full(self.n, np.nan)
        made[self.thread[reply]] = 60.0 * (self.minute[reply] - self.minute[reply - 1])
        return made

    @property
    def message_ids(self) -> np.ndarray:
        """Message-ID of every message, without its brackets."""
        return np.array([f"m{thread + 1:06d}.{turn}@{OWN_DOMAIN if turn % 2 == 0 else 'post.example.net'}"
                         for thread, turn in zip(self.thread.tolist(), self.turn.tolist(), strict=True)], dtype=object)

    def said(self, *, raw: bool = False) -> np.ndarray:
        """What each customer wrote, a line a message."""
        made = [[] for _ in range(self.n)]
        for row in np.flatnonzero(~self.from_agent):
            made[self.thread[row]].append((self.raw_text if raw else self.text)[row])
        return np.array(["\n".join(lines) for lines in made], dtype=object)


def make(plan: Plan, customers: Customers, contacts: Contacts, topics: tuple[np.ndarray, np.ndarray]) -> Mails:
    """About 300 threads of one to four messages in a company of 20,000, MOST_THREADS at most; messages after the end have not been written."""
    rng, n = stream(plan.seed, "mail"), max(6, min(round(0.015 * plan.customers), MOST_THREADS))
    contact = rng.choice(contacts.n, n)
    begun = contacts.minute[contact] + 30 + np.round(rng.exponential(4000, n)).astype("int64")
    order = np.argsort(begun, kind="stable")
    contact, begun = contact[order], np.minimum(begun[order], plan.end_minute - 1)
    tone, english = tone_of(contacts.score[contact]), customers.english[contacts.customer[contact]]
    length = rng.choice(4, n, p=[0.25, 0.35, 0.2, 0.2]) + 1
    thread = np.repeat(np.arange(n), length)
    turn = np.arange(thread.size) - np.repeat(length.cumsum() - length, length) + 1
    step = np.where(turn == 1, 0, np.round(rng.lognormal(np.where(turn % 2 == 0, 5.7, 5.9), 0.9))).astype("int64") + (turn > 1)
    passed = step.cumsum()
    minute = begun[thread] + passed - passed[np.searchsorted(thread, thread)]
    written = minute < plan.end_minute
    thread, turn, minute = thread[written], turn[written], minute[written]
    text, raw_text, planted = _written(rng, topics, contact[thread], turn, tone[thread], english[thread])
    m = thread.size
    charset = np.where(~english[thread] & (rng.random(m) < 0.3), 1, 0)
    return Mails(contact=contact, named=rng.random(n) < 0.88, topic=topics[0][contact], tone=tone, english=english,
                 agent=rng.integers(0, agents(plan), n), tag=mistaken(rng, FELT[tone], share=0.08, left_out=0.3), lined=rng.random(n) < 0.85,
                 resolved=rng.random(n) < np.where(length >= 2, 0.6, 0.1), thread=thread, turn=turn, minute=minute, text=text, raw_text=raw_text,
                 charset=charset, encoding=rng.choice(3, m, p=[0.5, 0.3, 0.2]), is_html=rng.random(m) < 0.1, is_attached=rng.random(m) < 0.06,
                 planted=planted)


def _written(rng: np.random.Generator, topics: tuple[np.ndarray, np.ndarray], contact: np.ndarray, turn: np.ndarray, tone: np.ndarray,
             english: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Texts as shown and as written: first the matter, then the company's answer, then what else there is to say."""
    known, second = writing.templates(), topics[1][contact]
    customer = np.flatnonzero(turn % 2 == 1)
    about = np.where((turn > 1) & (second >= 0), second, topics[0][contact])[customer]
    drafts = writing.pick(rng, {language: known[language]["mail"]["reply"] for language in verbatims.LANGUAGES}, english)
    drafts[customer] = verbatims.write(rng, topic=about, second=np.full(customer.size, -1), tone=tone[customer],
                                       language=english[customer].astype(int))
    text, raw_text = drafts.copy(), drafts.copy()
    text[customer], raw_text[customer], planted = writing.soiled(rng, drafts[customer], english[customer])
    return text, raw_text, planted


def messages(plan: Plan, sent: Mails, *, customer_ids: np.ndarray, unit_ids: np.ndarray, agent_ids: np.ndarray) -> Iterator[bytes]:
    """Every message as it stands in an mbox file; `customer_ids` and `unit_ids` by thread, `agent_ids` by agent."""
    ids = sent.message_ids
    for row, thread in enumerate(sent.thread.tolist()):
        at = _local(plan, sent.minute[row])
        made = EmailMessage(policy=default)
        address = f"owner{int(sent.contact[thread]) % 9973:04d}@post.example.net"
        customer, care = f"车主 <{address}>" if not sent.english[thread] else f"Owner <{address}>", f"辰星客服 <{CARE}>"
        made["From"], made["To"] = (care, customer) if sent.from_agent[row] else (customer, care)
        made["Date"], made["Message-ID"] = format_datetime(at), f"<{ids[row]}>"
        made["Subject"] = _subject(sent, thread, row)
        earlier = [f"<{name}>" for name in ids[row - int(sent.turn[row]) + 1:row]]
        if earlier:
            made["In-Reply-To"], made["References"] = earlier[-1], " ".join(earlier)
        for name, value in _known(sent, thread, customer_ids, unit_ids, agent_ids).items():
            made[name] = value
        _fill(made, plan, sent, row)
        lines = re.sub(rb"(?m)^(>*From )", rb">\1", made.as_bytes())
        yield f"From {CARE if sent.from_agent[row] else address} {at.ctime()}\n".encode() + lines.rstrip(b"\n") + b"\n\n"


def _local(plan: Plan, minute: int) -> datetime:
    day = datetime.fromisoformat(str(plan.first_day)).replace(tzinfo=_EAST)
    return day + timedelta(minutes=int(minute))


def _subject(sent: Mails, thread: int, row: int) -> str:
    pool = writing.templates()[verbatims.LANGUAGES[int(sent.english[thread])]]["mail"]["subject"][verbatims.TONES[int(sent.tone[thread])]]
    return ("Re: " if sent.turn[row] > 1 else "") + pool[thread % len(pool)]


def _known(sent: Mails, thread: int, customer_ids: np.ndarray, unit_ids: np.ndarray, agent_ids: np.ndarray) -> dict[str, str]:
    """What the ticket system writes into the headers of every message of a thread; nothing where it does not know."""
    wait = sent.wait_seconds[thread]
    told = {"X-Customer-Id": customer_ids[thread] if sent.named[thread] else None, "X-Unit-Id": unit_ids[thread],
            "X-Business": LINES[int(sent.topic[thread])] if sent.lined[thread] else None, "X-Owner": agent_ids[sent.agent[thread]],
            "X-Emotion": EMOTIONS[int(sent.tag[thread])] if sent.tag[thread] >= 0 else None, "X-Language": "en" if sent.english[thread] else "zh",
            "X-Resolved": "yes" if sent.resolved[thread] else "no", "X-Wait-Seconds": None if np.isnan(wait) else f"{wait:.0f}"}
    return {name: str(value) for name, value in told.items() if value is not None}


def _fill(made: EmailMessage, plan: Plan, sent: Mails, row: int) -> None:
    """Body, the message it answers quoted below it, and attachments; boundaries are fixed, so that a seed gives the same bytes."""
    text, before = sent.raw_text[row], row - 1 if sent.turn[row] > 1 else None
    opened = "" if before is None else _opening(plan, sent, before)
    charset = CHARSETS[int(sent.charset[row])]
    if sent.is_html[row]:
        rest = "" if before is None else f"<p>{escape(opened)}</p><blockquote>{escape(sent.raw_text[before])}</blockquote>"
        made.set_content(f"<html><head><style>p {{margin: 0}}</style></head><body><p>{escape(text)}</p>{rest}</body></html>", subtype="html",
                         charset=charset, cte="base64")
    else:
        rest = "" if before is None else f"\n\n{opened}\n> {sent.raw_text[before]}"
        made.set_content(f"{text}{rest}\n", charset=charset, cte=ENCODINGS[int(sent.encoding[row])])
    if sent.is_attached[row]:
        made.add_attachment(b"%PDF-1.4 a photograph\n", maintype="application", subtype="pdf", filename="照片.pdf")
        made.set_boundary(f"=_part_{row:06d}")


def _opening(plan: Plan, sent: Mails, row: int) -> str:
    """The line that opens a quotation."""
    at, english = _local(plan, sent.minute[row]), int(sent.english[sent.thread[row]])
    who = f"辰星客服 <{CARE}>" if sent.from_agent[row] else ("Owner" if english else "车主")
    when = f"{at:%Y-%m-%d %H:%M}" if english else f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"
    return writing.templates()[verbatims.LANGUAGES[english]]["mail"]["wrote"].format(when=when, who=who)
