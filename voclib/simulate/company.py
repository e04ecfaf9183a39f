"""The sample company 辰星汽车 / Chenxing Motors: one world, from which every standard table is read off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from voclib.simulate import asking, conversations, dealers, field, frames, mails, money, people, public_voices, transcripts, voices
from voclib.simulate.plan import Plan
from voclib.simulate.tables import field as field_tables
from voclib.simulate.tables import more_voices, network
from voclib.simulate.tables import voices as voice_tables


@dataclass(frozen=True)
class World:
    """Everything that happened, seen and unseen; parts are made on first use and kept."""

    plan: Plan

    @cached_property
    def dealers(self) -> dealers.Dealers:
        """The network."""
        return dealers.make(self.plan)

    @cached_property
    def employees(self) -> dict[str, np.ndarray]:
        """Answer sheets."""
        return dealers.employees(self.plan, self.dealers)

    @cached_property
    def _people(self) -> tuple[people.Customers, people.Contacts]:
        return people.make(self.plan, self.dealers)

    @property
    def customers(self) -> people.Customers:
        """Customers."""
        return self._people[0]

    @property
    def contacts(self) -> people.Contacts:
        """Contacts."""
        return self._people[1]

    @cached_property
    def asking(self) -> asking.Asking:
        """Invitations and answers."""
        return asking.make(self.plan, self.dealers, self.customers, self.contacts)

    @cached_property
    def call_backs(self) -> dict[str, np.ndarray]:
        """Random follow-up."""
        return asking.call_backs(self.plan, self.contacts, self.asking)

    @cached_property
    def ledger(self) -> money.Ledger:
        """Bookings."""
        return money.make(self.plan, self.customers, self.contacts)

    @cached_property
    def voices(self) -> voices.Voices:
        """Voices with their texts."""
        return voices.make(self.plan, self.customers, self.contacts, self.asking)

    @cached_property
    def mentions(self) -> dict[str, np.ndarray]:
        """The classifier's output."""
        return voices.classified(self.plan, self.voices)

    @cached_property
    def cases(self) -> dict[str, np.ndarray]:
        """Cases with their full clocks."""
        return voices.cases(self.plan, self.voices)

    @cached_property
    def topics(self) -> tuple[np.ndarray, np.ndarray]:
        """First and second topic of every contact."""
        return voices.topics_of(self.plan, self.contacts)

    @cached_property
    def conversations(self) -> conversations.Conversations:
        """Calls and chats."""
        return conversations.make(self.plan, self.contacts, self.voices, voice_tables.seconds(self))

    @cached_property
    def turns(self) -> transcripts.Turns:
        """Transcripts."""
        return transcripts.make(self.plan, self.voices, self.conversations)

    @cached_property
    def post_call(self) -> conversations.PostCall:
        """The survey after a call."""
        return conversations.post_call(self.plan, self.customers, self.contacts, self.voices, self.conversations)

    @cached_property
    def mails(self) -> mails.Mails:
        """E-mails."""
        return mails.make(self.plan, self.customers, self.contacts, self.topics)

    @cached_property
    def reviews(self) -> public_voices.Reviews:
        """App-store reviews."""
        return public_voices.reviews(self.plan, self.customers, self.contacts)

    @cached_property
    def posts(self) -> public_voices.Posts:
        """Social posts."""
        return public_voices.posts(self.plan, self.customers, self.contacts, self.topics, self.reviews)

    @cached_property
    def field(self) -> field.Field:
        """Batches and repairs, reports of the frontline, projects, concept tests."""
        return field.make(self)

    @cached_property
    def kiosk(self) -> public_voices.Kiosk:
        """Showroom tablets."""
        return public_voices.kiosk(self.plan, self.dealers)

    @property
    def voice_ids(self) -> np.ndarray:
        """Numbers of the first voices, from S00000001 on."""
        return voice_tables.voice_ids(self)

    @property
    def voice_kinds(self) -> np.ndarray:
        """What each of the first voices is: survey, review, post, call or chat."""
        return frames.pick(voice_tables.VOICE_CHANNELS, self.voices.source)

    @cached_property
    def customer_ids(self) -> np.ndarray:
        """Customer numbers C0000001 …"""
        return frames.ids("C", np.arange(1, self.customers.n + 1), width=7)

    @cached_property
    def unit_ids(self) -> np.ndarray:
        """Dealer numbers D001 …"""
        return self.dealers.ids


TABLES: dict[str, Callable[[World], pd.DataFrame]] = {
    "units": network.units, "customers": network.customers, "touchpoints": network.touchpoints,
    "behaviours": network.behaviours, "invitations": voice_tables.invitations, "responses": voice_tables.responses,
    "followups": voice_tables.followups, "employee_surveys": network.employee_surveys, "employee_waves": network.employee_waves,
    "operations": network.operations, "programmes": network.programmes, "transactions": network.transactions,
    "usage": network.usage, "topic_mentions": voice_tables.topic_mentions, "gold_labels": voice_tables.gold_labels,
    "cases": voice_tables.cases, "conversations": more_voices.conversation_rows, "turns": more_voices.turn_rows,
    **field_tables.TABLES,
}


def tables(world: World) -> Iterator[tuple[str, pd.DataFrame]]:
    """The standard tables, one at a time, so that a large company never lies in memory whole."""
    for name, read_off in TABLES.items():
        yield name, read_off(world)
