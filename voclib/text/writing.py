"""A verbatim as it is compared: one normal form a text, the language it is written in, and the identity of equal texts."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voclib.text import other_languages

LANGUAGES = ("zh", "en")
_HIDDEN = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
                     "\ufe00-\ufe0f\ufeff\uffa0]")
_PLACEHOLDER = re.compile(r"〔[^〕]{1,12}〕|\[(?:phone|e-mail|ID card|licence plate|VIN)\]")
_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_HANDLE = re.compile(r"(?<![\w.@])@\w{1,40}")
_LINK = re.compile(r"\b(?:https?://|www\.)[^\s\u3400-\u9fff，。！？；、）】]+")
_LETTER = re.compile(r"[^\W\d_]")
_LATIN = "[a-z\u00aa\u00ba\u00df-\u00f6\u00f8-\u024f\u1e00-\u1eff]"
_WORD = re.compile(rf"{_LATIN}+(?:['’]{_LATIN}+)*")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_FOREIGN = re.compile(rf"(?:(?!{_LATIN}|{_KANA.pattern})[^\W\d_])+")
_OURS = re.compile("[这這很没沒吗嗎们們呢吧你妳她说說给让还过买车对對么麼为]")  # of Chinese and not of Japanese
KANA = 0.25  # share of kana among the characters of a text from which it is Japanese; Chinese has at most a の for its looks
LONGEST = 4000  # signs of a text that are read: what comes later in a longer one is a quotation or an attachment far oftener than a voice


def normal(text: str | None) -> str:
    """The text in compatibility form (NFKC), lower case, without hidden signs and redaction marks, blanks folded, at most `LONGEST` signs.

    Texts with one normal form are one text: they get one topic whatever their number. Empty where nothing is left.
    """
    if not isinstance(text, str):
        return ""
    plain = _HIDDEN.sub("", unicodedata.normalize("NFKC", _PLACEHOLDER.sub(" ", text[: 4 * LONGEST])))
    return " ".join(plain.casefold().split())[:LONGEST]


def language(plain: str) -> str:
    """ "zh" or "en" by the words of a normal form, a Chinese character counting as one; empty without letters, or where most are of another script
    or, in Latin letters, of another language (`other_languages`).

    Kana count one by one, as Japanese leaves no blanks and is written in Chinese characters too; two of them, a quarter of all, are Japanese.
    """
    chinese, latin = len(_CJK.findall(plain)), len(_WORD.findall(plain))
    kana = 0 if plain.isascii() else len(_KANA.findall(plain))
    other = 0 if plain.isascii() else kana + len(_FOREIGN.findall(_CJK.sub(" ", plain)))
    if other >= max(chinese, latin, 1) or (kana > 1 and chinese >= latin and kana >= KANA * (kana + chinese)):
        return ""
    if not chinese and not latin:
        return ""
    if chinese >= latin:
        return "zh"
    return "" if other_languages.other(word.replace("’", "'") for word in _WORD.findall(plain)) else "en"


def spoken(plain: str, tag: str | None) -> str:
    """`language` of a normal form whose source may have tagged it: "other" stands (`tag`) unless a common word of English, or a character that
    Japanese does not have, shows that only the country or the phone was tagged. A few words without either are what no rule can tell."""
    own = language(plain)
    if tag != "other" or not own:
        return own
    shows = _OURS.search(plain) if own == "zh" else not other_languages.ENGLISH.isdisjoint(word.replace("’", "'") for word in _WORD.findall(plain))
    return own if shows else ""


def has_letters(plain: str) -> bool:
    """Whether a normal form says anything in letters; an emoji or a number alone has no topic."""
    return _LETTER.search(plain) is not None


def unaddressed(plain: str) -> str:
    """A normal form without the accounts it is addressed to (@name) and without links, which say to whom one speaks and where more is to be seen,
    not of what; whole where nothing is left."""
    left = _HANDLE.sub(" ", _LINK.sub(" ", plain))
    return " ".join(left.split()) if has_letters(left) else plain


def identity(plain: str) -> str:
    """sha256 of a normal form, in hex: what orders texts, so that the order of rows never matters."""
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def distinct(texts: Sequence[str | None]) -> tuple[list[str], NDArray[np.intp], NDArray[np.intp]]:
    """The distinct normal forms in the order of their identity, which of them each text is (−1: no letters), and how many texts share each.

    Returns forms of length m, places (n,), counts (m,).
    """
    plain = [normal(text) for text in texts]
    forms = sorted({p for p in plain if has_letters(p)}, key=identity)
    place = {form: k for k, form in enumerate(forms)}
    places = np.array([place.get(p, -1) for p in plain], dtype=np.intp)
    return forms, places, np.bincount(places[places >= 0], minlength=len(forms))
