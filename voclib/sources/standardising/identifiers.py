"""One number written in several ways is one number: telephones with and without 86 and hyphens, Salesforce's 15 and 18 signs, 123.0 for 123."""

from __future__ import annotations

import re

import pandas as pd

PHONE = "telephone number written as its eleven digits"
SALESFORCE = "Salesforce identifier of 18 signs read as its first 15"
DECIMAL = "identifier that a program wrote as a decimal number, without its .0"
_PHONE = re.compile(r"(?:\+?86|0086)?1[3-9][0-9]{9}")  # mobile numbers of mainland China
_BETWEEN = re.compile(r"[\s\-–,()（）]+")
_SALESFORCE = re.compile(r"[0-9A-Za-z]{15}[A-Z0-5]{3}")
_DECIMAL = re.compile(r"[0-9]+\.0")
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"  # which of five signs are capitals, as a number of five bits


def plain(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The identifiers of one column in one spelling, and what was done to each cell (empty where nothing was).

    A number keeps its .0 unless every one of the column has it, as where empty cells made a column of numbers decimal.
    """
    distinct = [text for text in texts.dropna().unique() if text.strip()]
    is_decimal = bool(distinct) and all(_DECIMAL.fullmatch(text.strip()) for text in distinct)
    changed = {text: told for text in distinct if (told := _plain(text.strip(), is_decimal=is_decimal))}
    notes = texts.map({text: note for text, (_, note) in changed.items()}).fillna("").astype("str")
    if not changed:
        return texts, notes
    return texts.map(lambda text: changed[text][0] if text in changed else text, na_action="ignore").astype("str"), notes


def _plain(text: str, *, is_decimal: bool) -> tuple[str, str] | None:
    if is_decimal:
        return text[:-2], DECIMAL
    if _PHONE.fullmatch(bare := _BETWEEN.sub("", text)) and bare[-11:] != text:
        return bare[-11:], PHONE
    return (text[:15], SALESFORCE) if _SALESFORCE.fullmatch(text) and text[15:] == _checked(text[:15]) else None


def _checked(identifier: str) -> str:
    """The three signs that Salesforce adds to an identifier for programs that take capitals and small letters for the same."""
    fives = (identifier[at:at + 5] for at in range(0, 15, 5))
    return "".join(_CHECK[sum(1 << place for place, sign in enumerate(five) if "A" <= sign <= "Z")] for five in fives)
