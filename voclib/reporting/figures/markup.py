"""Escaped bilingual HTML: the one way text enters a figure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape

from voclib.reporting.proper_names import english
from voclib.reporting.wording import badge, ui
from voclib.results import Text

Words = Text | Mapping[str, str]
_AMOUNT = re.compile(r"(<[^>]*>)|(?:[−+]?¥?\d[\d,.]*[万亿]?–)?[−+]?¥?\d[\d,.]*[万亿]")
_COUNTED = re.compile(r"(?<![\w.-])[−+]?\d[\d,.]* [\u4e00-\u9fff]")


def both(words: Words, *, tag: str = "span") -> Markup:
    """A statement in both languages, of which the page shows one; `tspan` inside SVG. Equal texts are written once."""
    zh, en = words["zh"], _english(words["en"])
    if zh == en:
        return escape(zh)
    return Markup('<{t} lang="zh">{}</{t}><{t} lang="en">{}</{t}>').format(_whole(zh, tag), en, t=tag)


def each(make: Callable[[str], Any], *, tag: str = "span") -> Markup:
    """`both` of what `make(lang)` gives; pieces that are already `Markup` stay as they are."""
    zh, en = make("zh"), _english(make("en"))
    if zh == en:
        return escape(zh)
    return Markup('<{t} lang="zh">{}</{t}><{t} lang="en">{}</{t}>').format(_whole(zh, tag), en, t=tag)


def _english(words: Any) -> Any:
    """English words, escaped or not, with names in English."""
    return type(words)(english(words)) if isinstance(words, str) else words


def _whole(zh: Any, tag: str) -> Markup:
    """Chinese in which a line never ends between a number and its 万, as in ¥170万–230万; letters of an SVG stay on their line anyway."""
    if tag != "span":
        return escape(zh)
    return Markup(_AMOUNT.sub(lambda found: found[1] or f'<span class="nb">{found[0]}</span>', str(escape(zh))))


def label(make: Callable[[str], str]) -> str:
    """One accessible name that says it in Chinese, then in English."""
    zh, en = make("zh"), english(make("en"))
    return zh if zh == en else f"{zh} {en}"


def words(key: str) -> Markup:
    """A fixed label of the page in both languages."""
    return both(ui(key))


def icon(name: str) -> Markup:
    """A sign from the sprite in `assets/icons.svg`."""
    return Markup('<svg aria-hidden="true"><use href="#{}"/></svg>').format(name)


def verdict(code: str) -> Markup:
    """The badge of a verdict: icon and words."""
    shown = badge(code)
    return Markup('<span class="badge {}">{}{}</span>').format(shown.look, icon(shown.icon), both(shown.words))


def steps(level: int) -> Markup:
    """Five steps of evidence, filled from 0 up to the level."""
    filled = Markup("").join(Markup('<i class="on"></i>') if i <= level else Markup("<i></i>") for i in range(5))
    return Markup('<span class="ev" aria-hidden="true">{}</span>').format(filled)


def caption(title: Words, subtitle: Words | None = None) -> Markup:
    """The finding, over what is drawn. In Chinese no line ends between a number and what it counts, as in 65 个."""
    finding = Markup(_COUNTED.sub(r'<span class="nb">\g<0></span>', str(both(title))))
    drawn = Markup('<span class="sub">{}</span>').format(both(subtitle)) if subtitle else ""
    return Markup("<figcaption><b>{}</b>{}</figcaption>").format(finding, drawn)


def figure(body: Markup, *, title: Words | None, subtitle: Words | None = None, note: Words | None = None, style: str = "") -> Markup:
    """A figure with its finding as title, what is drawn as subtitle, and how to read it as note."""
    head = caption(title, subtitle) if title else Markup("")
    foot = Markup('<p class="note">{}</p>').format(both(note)) if note else ""
    opening = Markup('<figure class="{}">').format(style) if style else Markup("<figure>")
    return Markup("{}{}{}{}</figure>").format(opening, head, body, foot)
