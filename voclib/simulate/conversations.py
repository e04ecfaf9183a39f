"""Calls and chats from the contact centre's side, and the survey after a call, whose answers cool down with the delay at which it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from voclib.simulate.people import Contacts, Customers
from voclib.simulate.plan import Plan
from voclib.simulate.streams import stream
from voclib.simulate.voices import CALLED, CHAT, Voices

QUEUES = ("售后咨询", "销售咨询", "车机与充电", "投诉专线")
EMOTIONS = ("negative", "neutral", "positive")
TAGGED_SHARE, TAG_ERROR, CALM = 0.85, 0.08, 0.25
"""Agents tag most conversations, some of them wrongly; a feeling weaker than CALM is neutral."""
ANSWERED_SHARE, SHORTEST_DAYS, LONGEST_DAYS = 0.4, 0.5 / 24, 14.0
BANDS = ((SHORTEST_DAYS, 1.0), (1.0, 3.0), (3.0, 7.0), (7.0, LONGEST_DAYS))
"""Days between the call and the answer."""
_CUTS = (1.5, 2.5, 3.5, 4.5)


@dataclass(frozen=True)
class Conversations:
    """Arrays over calls and chats; `voice` is the position among the voices, `quality` what the customer thought of the contact, standardised."""

    voice: np.ndarray
    contact: np.ndarray
    agent: np.ndarray
    queue: np.ndarray
    wait: np.ndarray
    quality: np.ndarray
    emotion: np.ndarray
    tag: np.ndarray
    resolved: np.ndarray
    seconds: np.ndarray


@dataclass(frozen=True)
class Cooling:
    """How an answer comes about: round(level + on_quality × quality + on_emotion × emotion × exp(−lag / scale) + noise), clipped to 1–5."""

    level: float
    on_quality: float
    on_emotion: float
    half_life_days: float
    noise: float = 0.7

    def latent(self, quality: np.ndarray, emotion: np.ndarray, lag: np.ndarray) -> np.ndarray:
        """The answer before noise and rounding; lag in days."""
        return self.level + self.on_quality * quality + self.on_emotion * emotion * 0.5 ** (lag / self.half_life_days)

    def expected(self, quality: np.ndarray, emotion: np.ndarray, lag: np.ndarray) -> np.ndarray:
        """Mean of the rounded answer, over the noise."""
        drawn = self.latent(quality, emotion, lag)
        return 1 + sum(ndtr((drawn - cut) / self.noise) for cut in _CUTS)


@dataclass(frozen=True)
class PostCall:
    """Arrays over answers: `call` is a position among the conversations, minutes count from the first day; `again` are answers imported twice."""

    call: np.ndarray
    minute: np.ndarray
    csat: np.ndarray
    month: np.ndarray
    again: np.ndarray
    again_minute: np.ndarray
    cooling: Cooling

    @property
    def n(self) -> int:
        """Number of answers, each once."""
        return len(self.call)


def agents(plan: Plan) -> int:
    """Agents of the contact centre."""
    return max(6, plan.customers // 250)


def make(plan: Plan, contacts: Contacts, voices: Voices, seconds: np.ndarray) -> Conversations:
    """One conversation a call and chat voice; `seconds` is how long each voice took."""
    rng = stream(plan.seed, "conversations")
    voice = np.flatnonzero(np.isin(voices.source, (CALLED, CHAT)))
    contact, n = voices.contact[voice], voice.size
    latent = contacts.latent[contact].astype(float)
    quality = (latent - latent.mean()) / max(latent.std(), 1e-9)
    emotion = np.round(np.tanh(0.75 * quality + 0.55 * rng.normal(size=n)), 2)
    upset = emotion < -0.5
    queue = np.where(upset & (rng.random(n) < 0.5), 3, rng.choice(3, n, p=[0.5, 0.2, 0.3]))
    agent = rng.integers(0, agents(plan), n)
    skill = rng.normal(size=agents(plan))
    wait = np.round(rng.lognormal(np.where(voices.source[voice] == CALLED, 3.7, 3.1), 0.8))
    resolved = rng.random(n) < 1 / (1 + np.exp(-(0.8 + 0.9 * emotion + 0.4 * skill[agent])))
    return Conversations(voice=voice, contact=contact, agent=agent, queue=queue, wait=wait, quality=quality, emotion=emotion,
                         tag=_tagged(rng, emotion), resolved=resolved, seconds=seconds[voice])


def _tagged(rng: np.random.Generator, emotion: np.ndarray) -> np.ndarray:
    """0 negative, 1 neutral, 2 positive as the agent tags it; -1 where nobody did."""
    felt = np.select([emotion < -CALM, emotion > CALM], [0, 2], 1)
    return mistaken(rng, felt, share=TAG_ERROR, left_out=1 - TAGGED_SHARE)


def mistaken(rng: np.random.Generator, felt: np.ndarray, *, share: float, left_out: float = 0.0) -> np.ndarray:
    """Tags of three kinds with a share of wrong ones; -1 where none is given."""
    slip = rng.random(felt.size) < share
    tag = np.where(slip, (felt + rng.integers(1, 3, felt.size)) % 3, felt)
    return np.where(rng.random(felt.size) < left_out, -1, tag)


def started(contacts: Contacts, held: Conversations) -> np.ndarray:
    """Minute each conversation starts."""
    return contacts.minute[held.contact].astype("int64")


def post_call(plan: Plan, customers: Customers, contacts: Contacts, voices: Voices, held: Conversations) -> PostCall:
    """Answers to the survey after a call. The delay is drawn at random, so it has nothing to do with how the call went."""
    rng = stream(plan.seed, "post_call")
    cooling = Cooling(*(float(rng.uniform(*between)) for between in ((3.2, 3.5), (0.3, 0.5), (0.8, 1.2), (1.0, 4.0))))
    calls = np.flatnonzero((voices.source[held.voice] == CALLED) & customers.contactable[contacts.customer[held.contact]])
    calls = calls if calls.size else np.flatnonzero(voices.source[held.voice] == CALLED)
    answers = rng.random(calls.size) < ANSWERED_SHARE
    call = calls[answers] if answers.any() else calls[:1]
    lag = drawn_lags(rng, call.size)
    minute = started(contacts, held)[call] + np.maximum(np.round(lag * 1440).astype("int64"), 30)
    drawn = cooling.latent(held.quality[call], held.emotion[call], lag) + cooling.noise * rng.normal(size=call.size)
    inside = minute < plan.end_minute
    if not inside.any():  # a tiny company may have a single call, late in its last days
        minute, inside = np.full_like(minute, plan.end_minute - 1), np.ones(minute.size, dtype=bool)
    order = np.flatnonzero(inside)[np.argsort(minute[inside], kind="stable")]
    call, minute, csat = call[order], minute[order], np.clip(np.round(drawn[order]), 1, 5)
    month = plan.month_of(minute // 1440)
    again = _repeated(month)
    return PostCall(call, minute, csat, month, again, np.minimum(minute[again] + rng.integers(3, 50, again.size), plan.end_minute - 1), cooling)


def drawn_lags(rng: np.random.Generator, n: int) -> np.ndarray:
    """Delays in days: half of them even on the logarithmic scale, so that early ones are not rare."""
    even = rng.uniform(SHORTEST_DAYS, LONGEST_DAYS, n)
    early = SHORTEST_DAYS * (LONGEST_DAYS / SHORTEST_DAYS) ** rng.random(n)
    return np.where(rng.random(n) < 0.5, early, even)


def _repeated(month: np.ndarray) -> np.ndarray:
    """Answers of the month whose batch is imported a second time: the fullest with at most 120 answers, not the last where there is another."""
    months, count = np.unique(month, return_counts=True)
    earlier = slice(None, -1) if months.size > 1 else slice(None)
    months, count = months[earlier], count[earlier]
    fits = np.where(count <= 120, count, 0)
    return np.flatnonzero(month == months[fits.argmax() if fits.any() else count.argmin()])


def truth(held: Conversations, given: PostCall, *, seed: int, draws: int = 40) -> dict[str, Any]:
    """Slope of the answer on the feeling by delay, over the company's own calls with fresh delays and without noise."""
    rng, cooling = stream(seed, "cooling.truth"), given.cooling
    called = np.unique(given.call)
    quality, emotion = (np.tile(values[called], draws) for values in (held.quality, held.emotion))
    lag = drawn_lags(rng, quality.size)
    mean = cooling.expected(quality, emotion, lag)
    bands = {f"{low:g}-{high:g}" if place else "0-1": _slope(emotion[inside], mean[inside]) for place, (low, high) in enumerate(BANDS)
             for inside in [(lag >= low) & (lag < high)]}
    return {"answers_n": given.n, "score": "csat_score", "on": "emotion_score", "level": cooling.level, "on_quality": cooling.on_quality,
            "on_emotion": cooling.on_emotion, "half_life_days": cooling.half_life_days, "noise_sd": cooling.noise, "delay_is_random": True,
            "slope_by_days": bands, "slope_pooled": _slope(emotion, mean),
            "slope_at_once": _slope(emotion, cooling.expected(quality, emotion, np.zeros(1))),
            "slope_after_a_week": _slope(emotion, cooling.expected(quality, emotion, np.full(1, 7.0)))}


def _slope(x: np.ndarray, y: np.ndarray) -> float | None:
    spread = float(x.var()) if x.size else 0.0
    return float(((x - x.mean()) * (y - y.mean())).mean() / spread) if spread > 0 else None
