"""What was planted in the later channels: feeds that fail, batches that stand twice, texts that were copied, and how feelings cool down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from voclib.simulate import conversations
from voclib.simulate.mails import CHARSETS, ENCODINGS
from voclib.simulate.tables import more_voices

if TYPE_CHECKING:
    from voclib.simulate.company import World


def cooling(world: World) -> dict[str, Any]:
    """How the answers after a call follow from it; see conversations.truth."""
    return conversations.truth(world.conversations, world.post_call, seed=world.plan.seed)


def channels(world: World) -> dict[str, Any]:
    """Rows of each new feed, and what is wrong with which."""
    posts, kiosk, held = world.posts, world.kiosk, world.conversations
    silent_since = int(kiosk.minute[-1] // 1440)
    return {
        "rows": {"social_posts.csv": posts.minute.size, "app_reviews.json": world.reviews.minute.size, "kiosk.csv": kiosk.minute.size,
                 "postcall_survey.csv": world.post_call.n + world.post_call.again.size, "contact_centre.csv": held.voice.size,
                 "call_transcripts.jsonl": int(np.unique(world.turns.held[~world.turns.is_chat]).size),
                 "chat_transcripts.jsonl": int(np.unique(world.turns.held[world.turns.is_chat]).size), "inbox.mbox": world.mails.turn.size},
        "silent": {"file": "kiosk.csv", "last_day": _day(world, silent_since), "days_silent": world.plan.days - 1 - silent_since, "expected_days": 7},
        "missing": {"file": "wechat_mini.csv"},
        "duplicate_campaign": _batch(world),
        "copied_posts": _copied(world),
        "format_change": {
            "file": "social_posts.csv", "column": "发布时间", "target": "submitted_at", "day": _day(world, posts.format_day),
            "rows_before": int((~posts.reformatted).sum()), "rows_after": int(posts.reformatted.sum()), "fix": "%d.%m.%Y %H:%M"},
        "cross_channel_duplicates": {"channels": ["appstore", "social"], "pairs": int((posts.kind == 2).sum()),
                                     "pairs_before_format_change": int(((posts.kind == 2) & ~posts.reformatted).sum())},
        "turns": {"conversations_n": int(np.unique(world.turns.held).size), "turns_n": world.turns.turn.size},
        "mail": _mail(world)}


def outbreak(world: World) -> dict[str, Any]:
    """The story that is told in the last days for the first time: its words, and when and how often it was told."""
    made = world.reviews
    late = made.minute[-made.new:]
    return {"theme": {"zh": "钥匙失灵", "en": "keys that fail"}, "words": {"zh": ["钥匙", "识别"], "en": ["key", "fob"]}, "channel": "appstore",
            "voices_n": made.new, "english_n": int(made.english[-made.new:].sum()), "first_day": _day(world, int(late[0] // 1440)),
            "last_day": _day(world, int(late[-1] // 1440))}


def _day(world: World, day: int) -> str:
    return str(world.plan.first_day + day)


def _batch(world: World) -> dict[str, Any]:
    given = world.post_call
    name = str(more_voices.campaign_names(world.plan, given.month[given.again[:1]])[0])
    who = world.contacts.customer[world.conversations.contact[given.call[given.again]]]
    return {"file": "postcall_survey.csv", "channel": "sms", "campaign": name, "copy": f"{name} 补发", "rows": given.again.size,
            "customers": int(np.unique(who).size)}


def _copied(world: World) -> dict[str, Any]:
    posts = world.posts
    rows = np.flatnonzero(posts.kind == 1)
    return {"file": "social_posts.csv", "channel": "social", "posts": rows.size, "authors": int(np.unique(posts.author[rows]).size),
            "first_day": _day(world, int(posts.minute[rows[0]] // 1440)), "last_day": _day(world, int(posts.minute[rows[-1]] // 1440))}


def _mail(world: World) -> dict[str, int]:
    sent = world.mails
    plain = ~sent.is_html
    return {"threads": sent.n, "messages": sent.turn.size, "without_customer": int((~sent.named).sum()), "html_only": int(sent.is_html.sum()),
            "attachments": int(sent.is_attached.sum()), "quoting": int((sent.turn > 1).sum()),
            **{name: int((sent.charset == code).sum()) for code, name in enumerate(CHARSETS)},
            **{name: int((plain & (sent.encoding == code)).sum() + (sent.is_html.sum() if code == 0 else 0)) for code, name in enumerate(ENCODINGS)}}
