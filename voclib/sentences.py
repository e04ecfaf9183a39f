"""Sentences in both languages whose numbers come from the same Estimates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import Formatter
from typing import Any

from voclib import numbers
from voclib.errors import ParameterError
from voclib.results import Estimate, Text

EMPTY = Text("", "")
DASH = Text(numbers.DASH, numbers.DASH)  # a cell without a number
_FORMATTER = Formatter()
_MEET = re.compile(r"[\u4e00-\u9fff][A-Za-z]|[A-Za-z][\u4e00-\u9fff]")  # Chinese beside Latin letters, which a space keeps apart


class _Number:
    """An Estimate inside a sentence: `{x}` its value with unit, `{x:interval}` its interval, `{x:bare}` the value alone, `{x:n}` its n."""

    def __init__(self, estimate: Estimate, lang: str) -> None:
        self.estimate, self.lang = estimate, lang

    def __format__(self, form: str) -> str:
        estimate, lang = self.estimate, self.lang
        if form == "interval":
            return numbers.interval(estimate, lang)
        if form == "bare":
            return numbers.value(estimate, lang)
        if form == "n":
            return numbers.count(estimate.n or 0, lang, exact=True)
        if form:
            raise ParameterError(f"An estimate is written as value, interval, bare or n, not as '{form}'.")
        return f"{numbers.value(estimate, lang)} {numbers.unit(estimate, lang)}".rstrip()


class _Count:
    """A whole number inside a sentence, with every digit: `{n}`; `{n:store|stores}` is the word that goes with it, `{n:short}` 4.1万 or 41K."""

    def __init__(self, n: int, lang: str) -> None:
        self.n, self.lang = n, lang

    def __format__(self, form: str) -> str:
        if "|" in form:
            one, many = form.split("|")
            return one if abs(self.n) == 1 else many
        return numbers.count(self.n, self.lang, exact=form != "short")


def say(zh: str, en: str, **values: Any) -> Text:
    """One statement in Chinese and English with `{name}` filled from Estimates, counts, Texts or plain words.

    A count chooses the English word that goes with it: `{n} {n:answer|answers}`. In Chinese a value that begins or ends with Latin letters is kept
    apart from the characters beside it: 作答者的{name}是 says 作答者的 NPS 是.

    Raises
    ------
    ParameterError
        if a sentence names a value that was not given, or asks an Estimate for an unknown form.
    """
    return Text(_fill(zh, "zh", values), _fill(en, "en", values))


def with_interval(estimate: Estimate | None, *, signed: bool = False, absent: Text = DASH) -> Text:
    """Value and interval as a cell of a table holds them, with a plus sign where it is a change; `absent` where there is no estimate."""
    if estimate is None or estimate.kind != "estimate":
        return absent
    plus = "+" if signed and estimate.value > 0 and numbers.value(estimate, "en").strip("0.%") else ""
    return say("{p}{x:bare}（{x:interval}）", "{p}{x:bare} ({x:interval})", p=plus, x=estimate)


def inside(name: Text) -> Text:
    """A name as it stands inside a sentence: without its English capital, unless it is an abbreviation such as NPS."""
    en = name.en
    return name if en[1:2].isupper() else Text(name.zh, en[:1].lower() + en[1:])


def capital(name: Text) -> Text:
    """A name as it begins a sentence: with an English capital."""
    return Text(name.zh, name.en[:1].upper() + name.en[1:])


def joined(*sentences: Text) -> Text:
    """Sentences one after another; English ones with a space between them, and none for one that is empty."""
    return Text("".join(one.zh for one in sentences), " ".join(one.en for one in sentences if one.en))


def listed(names: Iterable[Text], *, none: Text = EMPTY) -> Text:
    """Names in a row, “甲、乙” and “A, B”; `none` stands where there are no names."""
    told = tuple(names)
    return Text("、".join(one.zh for one in told), ", ".join(one.en for one in told)) if told else none


def first_sentence(text: str) -> tuple[str, str]:
    """A text cut after its first sentence: the part a page prints in bold and the rest (empty where there is one sentence)."""
    cut = _first(text)
    if sum(1 + (c > "\u2e80") for c in cut[0]) <= 14 and cut[1]:  # "Probably not." alone is no answer
        second, rest = _first(cut[1])
        return text[:len(text) - len(rest)].rstrip(), rest
    return cut


def _first(text: str) -> tuple[str, str]:
    match = re.match(r"(.+?(?:[。！？]|[.!?](?=\s+[A-Z“¥−\d])))\s*(.*)$", text, re.S)
    return (match.group(1), match.group(2)) if match else (text, "")


def _fill(sentence: str, lang: str, values: dict[str, Any]) -> str:
    ready = {}
    for name, value in values.items():
        if isinstance(value, Estimate):
            ready[name] = _Number(value, lang)
        elif isinstance(value, Text):
            ready[name] = value[lang]
        elif isinstance(value, int) and not isinstance(value, bool):
            ready[name] = _Count(value, lang)
        else:
            ready[name] = value
    made = ""
    try:
        for literal, field, form, _ in _FORMATTER.parse(sentence):
            for piece in (literal, "" if field is None else format(_FORMATTER.get_field(field, (), ready)[0], form or "")):
                made += f" {piece}" if lang == "zh" and _MEET.search(made[-1:] + piece[:1]) else piece
    except KeyError as missing:
        raise ParameterError(f"The sentence “{sentence}” needs a value named {missing}; given: {', '.join(values) or 'none'}.") from None
    return made
