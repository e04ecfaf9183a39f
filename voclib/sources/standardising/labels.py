"""Scores of which a survey tool wrote the ends with their labels: 10 - Extremely likely, 非常愿意(10) among plain 1 to 9."""

from __future__ import annotations

import re
from unicodedata import normalize

import pandas as pd

LABELLED = "label beside a score removed"
STARS = "stars counted"
_STARS = re.compile(r"(?P<full>[★⭐🌟]{1,5})(?P<hollow>☆{0,4})")
LONGEST = 200  # signs of a cell beyond which it is no label, but what somebody said
MOST = 3  # both ends and the middle: a scale labelled throughout may count options instead (1 - very satisfied), so it is asked about
_UNIT = r"(?:分|颗?星|points?|pts?|stars?)?"
_LABEL = r"\D*[^\W\d_]\D*"
_FIRST = re.compile(rf"(?P<score>[0-9]{{1,2}})\s*{_UNIT}\s*(?:[-–—:=]|\((?=.*\)$)){_LABEL}", re.IGNORECASE)
_LAST = re.compile(rf"{_LABEL}\(\s*(?P<score>[0-9]{{1,2}})\s*{_UNIT}\s*\)", re.IGNORECASE)
# what a spreadsheet makes of 1-3, a range of scores: 1-Mar is no one labelled Mar
_DATED = re.compile(r"[0-9]{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE)
_PLAIN = re.compile(r"([0-9]{1,2})(?:[.,]0+)?")


def plain(texts: pd.Series, low: int, high: int) -> tuple[pd.Series, pd.Series]:
    """The scores of one column without their labels, and what was done to each cell (empty where nothing was).

    Labels are removed where each holds one number within `low`–`high`, at most three scores carry one and the others stand there plain:
    both are then codes of one question. Where a score stands with a label and without, or all carry one, nothing is changed.
    """
    bare = {text: normalize("NFKC", text).strip() for text in texts.dropna().unique() if len(text) <= LONGEST}
    found = {text: int(match["score"]) for text, cell in bare.items()
             if not _DATED.fullmatch(cell) and (match := _FIRST.fullmatch(cell) or _LAST.fullmatch(cell))}
    labelled = set(found.values())
    alone = {int(match[1]) for cell in bare.values() if (match := _PLAIN.fullmatch(cell))}
    is_end = 0 < len(labelled) <= MOST and alone and not labelled & alone and all(low <= score <= high for score in labelled)
    if not is_end:
        return texts, pd.Series("", index=texts.index, dtype="str")
    notes = texts.isin(list(found)).map({True: LABELLED, False: ""}).astype("str")
    return texts.map(lambda text: str(found.get(text, text)), na_action="ignore").astype("str"), notes


def stars(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Ratings written as 五星 or ★★★★☆ as their number, and what was done to each cell; hollow stars must make up the five."""
    changed = {text: str(n) for text in texts.dropna().unique() if (n := _counted(text.strip()))}
    notes = texts.isin(list(changed)).map({True: STARS, False: ""}).astype("str")
    return (texts.map(lambda text: changed.get(text, text), na_action="ignore").astype("str") if changed else texts), notes


def _counted(text: str) -> int:
    """The stars of a text, 0 where it is none."""
    if len(text) == len("五星") and text[1] == "星":
        return "零一二三四五".find(text[0]) if text[0] in "一二三四五" else 0
    found = _STARS.fullmatch(text.replace("\ufe0f", ""))
    return len(found["full"]) if found and (not found["hollow"] or len(found["full"]) + len(found["hollow"]) == 5) else 0
