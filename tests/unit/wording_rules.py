"""What the rules of wording object to in a text, and where the texts of a result stand."""

from __future__ import annotations

import re

import pandas as pd

from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text

BANNED = re.compile(r"显著|signific", re.IGNORECASE)


def wrong(text: str, lang: str, *, level: int) -> list[str]:
    """Everything the rules object to in one text."""
    found = [f"too strong at level {level}: {verb}" for verb in verbs_exceed(text, level, lang)]
    found += [f"banned: {word}" for word in BANNED.findall(text)]
    if lang == "zh":
        return found + [f"half-width: {place}" for place in half_width(text)]
    # what a company calls its regions stays as it is; a whole sentence left in Chinese does not
    return found + (["Chinese sentence in English text"] if re.search(r"[。，；：？！]", text) else [])


def objections(said: list[Text], *, level: int) -> list[str]:
    return [f"{text[lang]!r}: {what}" for text in said for lang in ("zh", "en") for what in wrong(text[lang], lang, level=level)]


def frames(made: object) -> list[Text]:
    """Every Text in the cells of a result's tables."""
    found = [value for value in vars(made).values() if isinstance(value, pd.DataFrame)]
    return [cell for frame in found for cell in frame.to_numpy().ravel() if isinstance(cell, Text)]
