"""Who is asked, who answers and who is called back (DGP B)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.simulate.dealers import Dealers
from voclib.simulate.people import CALL, Contacts, Customers
from voclib.simulate.plan import Plan
from voclib.simulate.streams import stream
from voclib.simulate.worlds import nonresponse

CHANNELS = ("sms", "app", "email", "phone", "onsite")
ONSITE = 4
REMINDER_MINUTES = np.array([0, 3 * 1440, 7 * 1440])
QUIET_DAYS = 45
"""Customers about to leave are mostly taken off the lists this many days before."""
CALL_BACK_DAYS = 9
ANSWER_DAYS = 11
"""A contact this many days before the call-backs are drawn has had its reminders."""
TURNED_SHARE = 0.35


@dataclass(frozen=True)
class Asking:
    """`invited` (K,) are contacts asked, with channel, answered wave (-1 none) and chance to answer; messages (J,) are rows of invitations."""

    invited: np.ndarray
    channel: np.ndarray
    answered: np.ndarray
    submitted: np.ndarray
    reported: np.ndarray
    on_premises: np.ndarray
    begged: np.ndarray
    message_of: np.ndarray
    message_wave: np.ndarray
    message_sent: np.ndarray
    message_delivered: np.ndarray
    message_opened: np.ndarray
    answer_message: np.ndarray
    mechanism: dict[str, float]

    @property
    def answers(self) -> np.ndarray:
        """Positions among the invited that answered."""
        return np.flatnonzero(self.answered >= 0)


def make(plan: Plan, dealers: Dealers, customers: Customers, contacts: Contacts) -> Asking:
    """Invitations with their reminders, and the answers."""
    rng = stream(plan.seed, "invitations")
    invited, sent = _invited(rng, customers, contacts)
    channel = rng.choice(len(CHANNELS), invited.size, p=[0.45, 0.25, 0.12, 0.10, 0.08]).astype("int8")
    sent = np.where(channel == ONSITE, contacts.minute[invited] + 90, sent)
    kept = sent + 60 < plan.end_minute
    invited, channel, sent = invited[kept], channel[kept], sent[kept]
    answered, mechanism = _answered(plan, customers, contacts, invited)
    reminded = rng.random(invited.size) < 0.3
    answered[(answered > 0) & (~reminded | (channel == ONSITE))] = 0
    delay = np.where(channel == ONSITE, rng.integers(2, 25, invited.size), np.round(rng.exponential(900, invited.size)) + 5).astype("int32")
    submitted = sent + REMINDER_MINUTES[np.maximum(answered, 0)] + delay
    answered[submitted >= plan.end_minute] = -1
    return _with_messages(rng, plan, {"invited": invited, "channel": channel, "answered": answered, "submitted": submitted, "sent": sent,
                                      "reminded": reminded & (channel != ONSITE)},
                          _begging(plan, dealers, contacts, invited, channel, answered), mechanism)


def _invited(rng: np.random.Generator, customers: Customers, contacts: Contacts) -> tuple[np.ndarray, np.ndarray]:
    asked = customers.contactable[contacts.customer] & ((contacts.kind < CALL) | (rng.random(contacts.n) < 0.7))
    leaving = customers.left[contacts.customer] - contacts.day < QUIET_DAYS
    asked &= ~leaving | (rng.random(contacts.n) < 0.2)
    rows = np.flatnonzero(asked)
    return rows, contacts.minute[rows] + rng.integers(4 * 60, 48 * 60, rows.size)


def _answered(plan: Plan, customers: Customers, contacts: Contacts, invited: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    rng = stream(plan.seed, "answering")
    mechanism = {"explained": rng.uniform(0.9, 1.1), "u_shape": rng.uniform(0.25, 0.4), "mnar": rng.uniform(0.2, 0.3)}
    who = contacts.customer[invited]
    index = nonresponse.response_index({name: values[who] for name, values in customers.known.items()}, contacts.surprise[invited], **mechanism)
    mechanism["constant"] = nonresponse.constant_for(index, 0.22)
    willing = rng.random(invited.size) < 1 / (1 + np.exp(-(index + mechanism["constant"])))
    return np.where(willing, nonresponse.reminder_wave(rng, invited.size), -1).astype("int8"), mechanism


def _begging(plan: Plan, dealers: Dealers, contacts: Contacts, invited: np.ndarray, channel: np.ndarray,
             answered: np.ndarray) -> dict[str, np.ndarray]:
    """Scores as reported: some dealers turn 7–9 into 10, mostly on their own premises."""
    rng = stream(plan.seed, "begging")
    score = contacts.score[invited]
    begged = dealers.begging[contacts.unit[invited]] & (answered >= 0) & (score >= 7) & (score <= 9) & (rng.random(invited.size) < TURNED_SHARE)
    on_premises = (channel == ONSITE) | (rng.random(invited.size) < 0.04) | (begged & (rng.random(invited.size) < 0.8))
    return {"reported": np.where(begged, 10, score).astype("int8"), "on_premises": on_premises, "begged": begged}


def _with_messages(rng: np.random.Generator, plan: Plan, asked: dict[str, np.ndarray], told: dict[str, np.ndarray],
                   mechanism: dict[str, float]) -> Asking:
    count = len(asked["invited"])
    sends = [np.ones(count, dtype=bool)]
    for wave in (1, 2):
        pending = (asked["answered"] < 0) | (asked["answered"] >= wave)
        sends.append(asked["reminded"] & pending & (asked["sent"] + REMINDER_MINUTES[wave] < plan.end_minute))
    of = np.concatenate([np.flatnonzero(send) for send in sends])
    wave = np.repeat(np.arange(3), [int(send.sum()) for send in sends]).astype("int8")
    order = np.argsort(of * 3 + wave, kind="stable")
    of, wave = of[order], wave[order]
    hit = asked["answered"][of] == wave
    delivered = hit | (rng.random(of.size) < 0.96)
    answer = np.full(count, -1)
    answer[of[hit]] = np.flatnonzero(hit)
    return Asking(invited=asked["invited"], channel=asked["channel"], answered=asked["answered"], submitted=asked["submitted"], message_of=of,
                  message_wave=wave, message_sent=asked["sent"][of] + REMINDER_MINUTES[wave], message_delivered=delivered,
                  message_opened=hit | (delivered & (rng.random(of.size) < 0.4)), answer_message=answer, mechanism=mechanism, **told)


@dataclass(frozen=True)
class Window:
    """The last quarter up to the day after which answers could not have come in before the call-backs; days [opens, closes)."""

    opens: int
    closes: int
    drawn_on: int


def window(plan: Plan) -> Window:
    """Contacts that had time to be answered when call-backs were drawn, late in the last quarter."""
    drawn_on = plan.days - CALL_BACK_DAYS
    return Window(int(plan.month_starts[-4]), drawn_on - ANSWER_DAYS, drawn_on)


def last_contacts(plan: Plan, contacts: Contacts) -> np.ndarray:
    """Position of each customer's last contact in the window, for the customers who have one."""
    shown = window(plan)
    rows = np.flatnonzero((contacts.day >= shown.opens) & (contacts.day < shown.closes))
    who = contacts.customer[rows]
    return rows[np.append(who[1:] != who[:-1], True)] if rows.size else rows


def call_backs(plan: Plan, contacts: Contacts, asking: Asking) -> dict[str, np.ndarray]:
    """Random call-backs about a customer's last contact in the window, where that was asked about and not answered; one row a customer drawn."""
    rng, shown = stream(plan.seed, "followups"), window(plan)
    place = np.full(contacts.n, -1)
    place[asking.invited] = np.arange(asking.invited.size)
    last = last_contacts(plan, contacts)
    asked = place[last]
    answered = (asking.answered[asked] >= 0) & (asking.submitted[asked] < shown.drawn_on * 1440)
    pool = last[(asked >= 0) & ~answered]
    probability = min(1.0, max(450 / max(len(pool), 1), 0.02))
    drawn = pool[rng.random(len(pool)) < probability]
    outcome = rng.choice(3, drawn.size, p=[0.82, 0.08, 0.10])
    return {"customer": contacts.customer[drawn], "contact": drawn, "probability": np.full(drawn.size, probability),
            "drawn_on": np.full(drawn.size, shown.drawn_on), "mode": rng.choice(3, drawn.size, p=[0.7, 0.1, 0.2]), "outcome": outcome,
            "attempts": np.where(outcome == 2, 6, 1 + rng.poisson(1.2, drawn.size)), "score": contacts.score[drawn],
            "population": np.array([len(pool)])}
