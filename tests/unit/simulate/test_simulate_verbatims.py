"""Verbatims: varied, in both languages, with planted identifiers that are well-formed."""

from __future__ import annotations

import re

import numpy as np
import pytest

from voclib.simulate import identifiers, verbatims


def written(n: int, seed: int = 1, **fixed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    drawn = {"topic": rng.integers(0, len(verbatims.TOPICS), n), "second": np.where(rng.random(n) < 0.3, rng.integers(0, 14, n), -1),
             "tone": rng.integers(0, 3, n), "language": (rng.random(n) < 0.15).astype(int)}
    drawn |= {name: np.full(n, value) for name, value in fixed.items()}
    return verbatims.write(rng, **drawn), drawn


def test_nine_in_ten_of_ten_thousand_are_distinct():
    texts, _ = written(10_000)
    assert len(set(texts)) >= 9000


def test_texts_are_complete_and_in_their_language():
    texts, drawn = written(4000)
    assert all(isinstance(text, str) and text.strip() for text in texts)
    assert not any("{" in text or "}" in text for text in texts)
    chinese = np.array([bool(re.search("[\u4e00-\u9fff]", text)) for text in texts])
    assert chinese[drawn["language"] == 0].mean() > 0.99 and chinese[drawn["language"] == 1].mean() < 0.05
    lengths = np.array([len(text) for text in texts[drawn["language"] == 0]])
    assert np.quantile(lengths, 0.05) < 18 and np.quantile(lengths, 0.95) > 45


@pytest.mark.parametrize("language", verbatims.LANGUAGES)
def test_every_topic_has_every_tone_and_a_name(language):
    rules = verbatims.grammar(language)
    assert len(verbatims.TOPICS) >= 12 and rules.count.min() >= 2 and rules.count[:, :2].min() >= 3
    assert set(rules.extras["topics"]) == set(verbatims.TOPICS)
    assert all(verbatims.topic_names()[topic][language] for topic in verbatims.TOPICS)


def test_tone_and_topic_choose_the_words():
    texts, _ = written(300, topic=0, second=-1, tone=0, language=0)
    assert sum("等" in text or "排" in text or "坐" in text for text in texts) > 280
    happy, _ = written(300, topic=0, second=-1, tone=1, language=1)
    assert not any("queued" in text or "waited" in text for text in happy)


def test_planted_identifiers_are_well_formed_and_redacted_copies_hold_none():
    texts, drawn = written(2000)
    raw, clean, counts = identifiers.plant(np.random.default_rng(2), texts, drawn["language"], share=0.05)
    changed = np.flatnonzero(raw != clean)
    assert len(changed) == sum(counts.values()) == 100 and set(counts.values()) == {20}
    assert all(re.search(r"〔.+〕|\[.+\]", clean[row]) for row in changed)
    assert not any(re.search(r"1[3-9]\d{9}|@example|\d{17}[\dX]", text) for text in clean)
    phones = [row for row in changed if "〔电话〕" in clean[row] or "[phone]" in clean[row]]
    assert all(re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", raw[row]) for row in phones)


def test_check_digits_hold():
    rng = np.random.default_rng(3)
    for _ in range(50):
        card = identifiers.make(rng, "id_card")
        assert "10X98765432"[sum(int(sign) * (2 ** (17 - place) % 11) for place, sign in enumerate(card[:17])) % 11] == card[17]
        assert re.fullmatch(r"LCX[A-HJ-NPR-Z0-9]{14}", identifiers.make(rng, "vin"))
    assert re.fullmatch(r".[A-Y]·\d{4}[A-Y]", identifiers.make(rng, "plate")) and "@example." in identifiers.make(rng, "email")


def test_hostile_strings_cover_the_ways_in():
    joined = "\n".join(verbatims.HOSTILE)
    assert len(verbatims.HOSTILE) >= 12
    for sign in ("</script>", "onerror", "=cmd|", "javascript:", "+1", "@SUM", "DROP TABLE", "\u202e"):
        assert sign in joined
