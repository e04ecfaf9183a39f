"""What customers write: zh and en verbatims put together from templates, column by column and never row by row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import yaml

LANGUAGES = ("zh", "en")
TONES = ("negative", "positive", "mixed")
TOPICS = ("waiting_time", "repair_quality", "parts_price", "sales_attitude", "delivery_delay", "infotainment", "charging", "driving_range", "noise",
          "service_advisor", "lounge", "booking", "vehicle_price", "warranty")
SHORT = {"zh": ("还行", "挺好", "一般", "满意", "不错不错", "没什么好说的", "差", "就那样", "可以", "非常满意"),
         "en": ("ok", "good", "Fine.", "nothing special", "great", "bad", "as expected", "nice", "could be better", "all good")}
HOSTILE = (
    "</script><script>alert('voc')</script>服务很好", "<img src=x onerror=alert(1)> 等太久了", "=cmd|'/C calc'!A0",
    '=HYPERLINK("http://example.com","点我")',
    "+1+1 分都不给", "-2+3 差评", "@SUM(1+1)*cmd", '<a href="javascript:alert(1)">great dealer</a>',
    "{{7*7}} ${7*7} 车机又黑屏", "'; DROP TABLE responses; --",
    "\u202e好很务服\u202c 😡", "<svg/onload=alert(1)>充电太慢", "]]></script><!-- 续航虚标 -->", "%3Cscript%3Ealert(1)%3C/script%3E",
)


@dataclass(frozen=True)
class Grammar:
    """One language's templates as flat arrays: a sentence is piece + slot + piece + slot + piece."""

    pieces: np.ndarray
    slots: np.ndarray
    first: np.ndarray
    count: np.ndarray
    words: np.ndarray
    word_first: np.ndarray
    word_count: np.ndarray
    extras: dict


@lru_cache(maxsize=2)
def grammar(language: str) -> Grammar:
    """The templates of a language, read once from `templates/<language>.yml`."""
    given = yaml.safe_load(resources.files("voclib.simulate").joinpath(f"templates/{language}.yml").read_text(encoding="utf-8"))
    kinds = ["", *given["slots"]]
    pools = [[""], *given["slots"].values()]
    pieces, slots = [], []
    first, count = np.zeros((len(TOPICS), len(TONES)), dtype=int), np.zeros((len(TOPICS), len(TONES)), dtype=int)
    for i, topic in enumerate(TOPICS):
        for j, tone in enumerate(TONES):
            sentences = given["topics"][topic][tone]
            first[i, j], count[i, j] = len(pieces), len(sentences)
            for sentence in sentences:
                parts = [*re.split(r"\{(\w+)\}", sentence), "", "", "", ""][:5]
                pieces.append(parts[0::2])
                slots.append([kinds.index(part) for part in parts[1::2]])
    sizes = np.array([len(pool) for pool in pools])
    return Grammar(np.array(pieces, dtype=object), np.array(slots), first, count, np.array([w for pool in pools for w in pool], dtype=object),
                   np.concatenate([[0], sizes.cumsum()[:-1]]), sizes, given)


def topic_names() -> dict[str, dict[str, str]]:
    """Display name of each topic in both languages."""
    return {topic: {language: grammar(language).extras["topics"][topic]["name"] for language in LANGUAGES} for topic in TOPICS}


def write(rng: np.random.Generator, *, topic: np.ndarray, second: np.ndarray, tone: np.ndarray, language: np.ndarray) -> np.ndarray:
    """One verbatim a row; `topic` and `second` index TOPICS (second -1 = none), `tone` TONES, `language` LANGUAGES. Shape (n,), text."""
    made = np.empty(len(topic), dtype=object)
    for code, name in enumerate(LANGUAGES):
        rows = np.flatnonzero(language == code)
        if rows.size:
            made[rows] = _one_language(rng, name, topic[rows], second[rows], tone[rows])
    return made


def _pick(rng: np.random.Generator, pool: list[str], n: int) -> np.ndarray:
    return np.array(pool, dtype=object)[rng.integers(0, len(pool), n)]


def _by_tone(rng: np.random.Generator, pools: dict[str, list[str]], tone: np.ndarray) -> np.ndarray:
    made = np.empty(len(tone), dtype=object)
    for code, name in enumerate(TONES):
        rows = np.flatnonzero(tone == code)
        made[rows] = _pick(rng, pools[name], rows.size)
    return made


def _sentence(rng: np.random.Generator, rules: Grammar, topic: np.ndarray, tone: np.ndarray) -> np.ndarray:
    row = rules.first[topic, tone] + (rng.random(len(topic)) * rules.count[topic, tone]).astype(int)
    text = rules.pieces[row, 0]
    for place in (0, 1):
        kind = rules.slots[row, place]
        word = rules.word_first[kind] + (rng.random(len(row)) * rules.word_count[kind]).astype(int)
        text = text + rules.words[word] + rules.pieces[row, place + 1]
    return text


def _one_language(rng: np.random.Generator, language: str, topic: np.ndarray, second: np.ndarray, tone: np.ndarray) -> np.ndarray:
    rules, n = grammar(language), len(topic)
    opening = _by_tone(rng, rules.extras["openings"], tone)
    opening[rng.random(n) < 0.15] = ""
    body = _sentence(rng, rules, topic, tone)
    link = _pick(rng, rules.extras["links"], n)
    other = _sentence(rng, rules, np.maximum(second, 0), tone)
    if language == "en":
        body = _capital(body, np.array([not text or text[-2:-1] in ".!" for text in opening]))
        other = _capital(other, link == ". ")
        link = np.where(np.char.endswith(link.astype(str), "Also"), ". Also, ", link).astype(object)
    added = np.where(second >= 0, link + other, "").astype(object)
    stop = "。" if language == "zh" else "."
    ending = np.where(rng.random(n) < 0.7, stop, "").astype(object)
    closing = _by_tone(rng, rules.extras["closings"], tone)
    closing[(rng.random(n) < 0.25) | (ending == "")] = ""
    mark = np.where(rng.random(n) < 0.18, _by_tone(rng, rules.extras["emoji"], tone), "").astype(object)
    mixin = np.where(rng.random(n) < 0.03, _pick(rng, rules.extras["mixins"], n), "").astype(object)
    text = opening + body + added + ending + mark + closing + mixin
    text[_some(rng, n, 0.02)] = _pick(rng, list(SHORT[language]), n)[: round(0.02 * n)]
    return _with_typos(rng, text, rules.extras["typos"])


def _some(rng: np.random.Generator, n: int, share: float) -> np.ndarray:
    return rng.permutation(n)[: round(share * n)]


def _capital(text: np.ndarray, where: np.ndarray) -> np.ndarray:
    made = text.copy()
    made[where] = [sentence[:1].upper() + sentence[1:] for sentence in text[where]]
    return made


def _with_typos(rng: np.random.Generator, text: np.ndarray, typos: dict[str, str], share: float = 0.08) -> np.ndarray:
    rows = _some(rng, len(text), share)
    pairs = list(typos.items())
    for row, choice in zip(rows, rng.integers(0, len(pairs), rows.size), strict=True):
        text[row] = text[row].replace(*pairs[choice], 1)
    return text
