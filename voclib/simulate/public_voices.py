"""Voices nobody asked for and few can be matched: social posts with a posting campaign, app-store reviews, a showroom tablet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.simulate import verbatims, writing
from voclib.simulate.conversations import mistaken
from voclib.simulate.dealers import Dealers
from voclib.simulate.people import Contacts, Customers
from voclib.simulate.plan import MONTHS, Plan
from voclib.simulate.streams import stream
from voclib.simulate.voices import tone_of
from voclib.simulate.worlds import outbreak

PLATFORMS = ("微博", "小红书", "抖音")
VERSIONS = ("App 4.0.6", "App 4.1.0", "App 4.1.3", "App 4.2.0", "App 5.0.1")
FELT = np.array([0, 2, 1])
"""Tone (negative, positive, mixed) as a code of conversations.EMOTIONS."""
TAG_ERROR, CROSSPOSTED_SHARE, CAMPAIGN_DAYS = 0.12, 0.08, 3
NEW_STORY, NEW_DAYS = "dead_key", 12  # what the update of the last days broke: a key nobody complained of before
_ABOUT_APP = (.3, .1, .3, .4, .2, 6, 2, 1, .1, .4, .1, 3, .5, .2)


@dataclass(frozen=True)
class Reviews:
    """Reviews of the app: stars, version, author and text, in the order of their times but for the last `new`, which tell one new story.

    `crossposted` are those whose author also posted them.
    """

    minute: np.ndarray
    stars: np.ndarray
    version: np.ndarray
    author: np.ndarray
    english: np.ndarray
    text: np.ndarray
    raw_text: np.ndarray
    crossposted: np.ndarray
    new: int
    planted: dict[str, int]


@dataclass(frozen=True)
class Posts:
    """Social posts in the order of their times; `kind` is 0 for a post of its own, 1 for the campaign's, 2 for a copy of an app review.

    From `format_day` on the export writes its times in another way.
    """

    minute: np.ndarray
    platform: np.ndarray
    author: np.ndarray
    english: np.ndarray
    reach: np.ndarray
    tag: np.ndarray
    kind: np.ndarray
    text: np.ndarray
    raw_text: np.ndarray
    format_day: int
    planted: dict[str, int]

    @property
    def reformatted(self) -> np.ndarray:
        """Which posts have their time in the other format."""
        return self.minute >= self.format_day * 1440


@dataclass(frozen=True)
class Kiosk:
    """Answers on the showroom tablets, in the order of their times, up to the day they fall silent."""

    minute: np.ndarray
    unit: np.ndarray
    csat: np.ndarray


def reviews(plan: Plan, customers: Customers, contacts: Contacts) -> Reviews:
    """About 700 in a company of 20,000, and 32 to 48 in the last days about a key that fails."""
    rng, n = stream(plan.seed, "appstore"), max(20, round(0.035 * plan.customers))
    contact = rng.integers(0, contacts.n, n)
    minute = np.sort(_later(rng, plan, contacts.minute[contact], mean=3000))
    score, english = contacts.score[contact], customers.english[contacts.customer[contact]]
    topic = rng.choice(len(_ABOUT_APP), n, p=np.array(_ABOUT_APP) / sum(_ABOUT_APP))
    drafts = verbatims.write(rng, topic=topic, second=np.full(n, -1), tone=tone_of(score), language=english.astype(int))
    text, raw_text, planted = writing.soiled(rng, drafts, english)
    stars = np.clip(np.round(0.6 + 0.45 * score + rng.normal(scale=0.5, size=n)), 1, 5)
    version = np.minimum(minute * len(VERSIONS) // plan.end_minute, rng.integers(0, len(VERSIONS), n) + 1).clip(0, len(VERSIONS) - 1)
    fits = (text == drafts) & (raw_text == drafts) & (np.array([len(line) for line in drafts]) > 24) & (minute < plan.end_minute - 21 * 1440)
    crossposted = rng.permutation(np.flatnonzero(fits))[: max(2, round(CROSSPOSTED_SHARE * n))]
    own = {"minute": minute, "stars": stars, "version": version, "author": _authors(rng, n, first=500_000), "english": english, "text": text,
           "raw_text": raw_text}
    late = _outbreak(plan)
    every = {name: np.concatenate([own[name], late[name]]) for name in own}
    return Reviews(**every, crossposted=np.sort(crossposted), new=late["minute"].size, planted=planted)


def _outbreak(plan: Plan) -> dict[str, np.ndarray]:
    """Reviews of the last days that tell one story nobody told before; a fifth of them in English."""
    rng = stream(plan.seed, "outbreak")
    n = int(rng.integers(32, 49)) if plan.customers >= 2000 else 6
    english = rng.random(n) < 0.2
    text = np.where(english, outbreak.told(rng, NEW_STORY, "en", n), outbreak.told(rng, NEW_STORY, "zh", n))
    return {"minute": np.sort(plan.end_minute - 1 - rng.integers(0, NEW_DAYS * 1440, n)), "stars": rng.choice([1.0, 2.0], n, p=[0.7, 0.3]),
            "version": np.full(n, len(VERSIONS) - 1), "author": _authors(rng, n, first=700_000, distinct=True), "english": english, "text": text,
            "raw_text": text}


def posts(plan: Plan, customers: Customers, contacts: Contacts, topics: tuple[np.ndarray, np.ndarray], reviewed: Reviews) -> Posts:
    """About 900 in a company of 20,000, more of them late than early: the vendor's net grows."""
    rng = stream(plan.seed, "social")
    own = _own(rng, plan, customers, contacts, topics)
    sold = _campaign(rng, plan)
    copied = reviewed.crossposted
    copies = {"minute": reviewed.minute[copied] + rng.integers(30, 20 * 1440, copied.size), "author": reviewed.author[copied],
              "english": reviewed.english[copied], "felt": np.select([reviewed.stars[copied] <= 2, reviewed.stars[copied] >= 4], [0, 2], 1),
              "text": _varied(rng, reviewed.text[copied])}
    parts = [own, {**sold, "raw_text": sold["text"]}, {**copies, "raw_text": copies["text"]}]
    kind = np.repeat(np.arange(3), [part["minute"].size for part in parts])
    every = {name: np.concatenate([part[name] for part in parts]) for name in ("minute", "author", "english", "felt", "text", "raw_text")}
    order, n = np.argsort(every["minute"], kind="stable"), kind.size
    drawn = {"platform": rng.choice(3, n, p=[0.4, 0.35, 0.25]), "reach": np.minimum(np.round(rng.lognormal(6.3, 1.6, n)), 5e7),
             "tag": mistaken(rng, every.pop("felt"), share=TAG_ERROR)}
    month, day = MONTHS - 1 - int(rng.integers(0, 2)), int(rng.integers(10, 21))
    return Posts(**{name: values[order] for name, values in {**every, **drawn, "kind": kind}.items()},
                 format_day=int(plan.month_starts[month]) + day - 1, planted=own["planted"])


def kiosk(plan: Plan, dealers: Dealers) -> Kiosk:
    """Answers of the first months; the last one lies 95 to 140 days before the end."""
    rng, n = stream(plan.seed, "kiosk"), max(10, round(0.03 * plan.customers))
    last_day = plan.days - 1 - int(rng.integers(95, 141))
    day = np.sort(np.append(rng.integers(0, last_day + 1, n - 1), last_day))
    standing = np.flatnonzero(dealers.closed >= plan.days)
    placed = rng.permutation(standing)[: max(2, standing.size // 3)]
    unit = placed[rng.integers(0, placed.size, n)]
    csat = np.clip(np.round(3.9 + 0.5 * dealers.quality[unit] * 0.3 + rng.normal(scale=0.9, size=n)), 1, 5)
    minute = day * 1440 + rng.integers(9 * 60, 19 * 60, n)
    order = np.argsort(minute, kind="stable")
    return Kiosk(minute[order], unit[order], csat[order])


def _later(rng: np.random.Generator, plan: Plan, minute: np.ndarray, *, mean: float) -> np.ndarray:
    """Some time after a contact and before the end."""
    late = minute + 60 + np.round(rng.exponential(mean, minute.size)).astype("int64")
    return np.where(late < plan.end_minute, late, minute + (rng.random(minute.size) * (plan.end_minute - minute)).astype("int64"))


def _authors(rng: np.random.Generator, n: int, *, first: int, distinct: bool = False) -> np.ndarray:
    """Names as sites show them; a few authors write more than once unless they are to be distinct."""
    handles = writing.templates()["handles"]
    number = np.arange(n) if distinct else rng.integers(0, max(1, round(2.5 * n)), n)
    return np.array([f"{handles[value % len(handles)]}{first + value}" for value in number.tolist()], dtype=object)


def _own(rng: np.random.Generator, plan: Plan, customers: Customers, contacts: Contacts, topics: tuple[np.ndarray, np.ndarray]) -> dict:
    n = max(24, round(0.0425 * plan.customers))
    chance = (0.3 + 1.4 * contacts.minute / plan.end_minute) * (1 + 2.0 * ((contacts.score <= 4) | (contacts.score >= 10)))
    contact = rng.choice(contacts.n, n, p=chance / chance.sum())
    tone, english = tone_of(contacts.score[contact]), customers.english[contacts.customer[contact]]
    drafts = verbatims.write(rng, topic=topics[0][contact], second=topics[1][contact], tone=tone, language=english.astype(int))
    text, raw_text, planted = writing.soiled(rng, drafts, english)
    return {"minute": _later(rng, plan, contacts.minute[contact], mean=2000), "author": _authors(rng, n, first=100_000), "english": english,
            "felt": FELT[tone], "text": text, "raw_text": raw_text, "planted": planted}


def _campaign(rng: np.random.Generator, plan: Plan) -> dict[str, np.ndarray]:
    """One text of many authors within three days, with small changes, well before the last two months."""
    n = int(rng.integers(30, 61)) if plan.customers >= 2000 else 12
    start = int(rng.integers(60, plan.days - 80)) * 1440 + 8 * 60
    base = writing.templates()["campaign"][int(rng.integers(0, 2))]
    return {"minute": start + rng.integers(0, CAMPAIGN_DAYS * 1440 - 12 * 60, n), "author": _authors(rng, n, first=900_000, distinct=True),
            "english": np.zeros(n, dtype=bool), "felt": np.zeros(n, dtype=int), "text": _varied(rng, np.full(n, base, dtype=object))}


def _varied(rng: np.random.Generator, texts: np.ndarray) -> np.ndarray:
    """Nearly the same texts: another ending."""
    endings = writing.templates()["endings"]
    return texts + np.array(endings, dtype=object)[rng.integers(0, len(endings), texts.size)]
