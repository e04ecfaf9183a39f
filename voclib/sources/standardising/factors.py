"""Numbers in another unit than the standard's, by the factor that the mapping gives: miles as kilometres, euros as yuan at a stated rate."""

from __future__ import annotations

import re
from decimal import Decimal
from unicodedata import normalize

import pandas as pd

from voclib.errors import DataError
from voclib.schema.mending import UNIT_WORDS

NOT_MULTIPLIED = "(not multiplied)"
_NUMBER = re.compile(r"(?P<open>\()?(?P<sign>[+-]?)\s*(?P<before>[^\d\s.,()+-]*)\s*(?P<inner>[+-]?)"
                     r"(?P<number>(?:[0-9]{1,3}(?:[, ][0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?)\s*"
                     r"(?P<after>[^\d\s.,()+-][^\d()+-]*)?\)?(?P<late>-?)")
_OWN_SIGNS = {"CNY": {"¥"}, "share": {"%"}}
_CENT = Decimal("0.01")


def multiplied(texts: pd.Series, factor: float, *, unit: str, where: str) -> pd.Series:
    """The numbers of one column times `factor`, in the standard's `unit`; a cell that names that unit itself stays as it is.

    A cell that is no number is marked, for the standard to set aside. Raises DataError where cells name several other units: one factor
    cannot serve them all.
    """
    own = UNIT_WORDS.get(unit, frozenset()) | _OWN_SIGNS.get(unit, set())
    made, named = {}, set()
    for text in texts.dropna().unique():
        found = _NUMBER.fullmatch(normalize("NFKC", text).strip().replace("−", "-"))
        words = {word.strip().lower() for word in (found["before"], found["after"]) if word} if found else set()
        if words & own:
            continue
        named |= words
        made[text] = _times(found, factor, unit) if found else f"{text} {NOT_MULTIPLIED}"
    if len(named) > 1:
        raise DataError(f"{where}: cells name several units ({', '.join(sorted(named)[:5])}), and one factor cannot serve them all; "
                        "split the source by unit, each with its own  factors:")
    return texts.map(lambda text: made.get(text, text), na_action="ignore").astype("str")


def per_piece(prices: pd.Series, counts: pd.Series) -> pd.Series:
    """Prices a piece times the number of pieces, in the words and signs of the price; a cell of which either is no number is marked, and the standard
    sets it aside. Returned pieces are negative and make a negative amount. An empty price stays empty.
    """
    pairs = {pair: _amount(*pair) for pair in set(zip(prices.dropna(), counts[prices.notna()].fillna(""), strict=True))}
    made = [None if pd.isna(price) else pairs[price, count] for price, count in zip(prices, counts.fillna(""), strict=True)]
    return pd.Series(made, index=prices.index, dtype="str")


def _amount(price: str, count: str) -> str:
    found, pieces = (_NUMBER.fullmatch(normalize("NFKC", text).strip().replace("−", "-")) for text in (price, count))
    if found is None or pieces is None or pieces["before"] or pieces["after"]:
        return f"{price} {NOT_MULTIPLIED}"
    return f"{found['before']}{format(_value(found) * _value(pieces), 'f')}{found['after'] or ''}"


def _value(found: re.Match) -> Decimal:
    value = Decimal(re.sub("[, ]", "", found["number"]))
    signs = (found["sign"] + found["inner"] + found["late"]).count("-") + bool(found["open"])
    return -value if signs % 2 else value


def _times(found: re.Match, factor: float, unit: str) -> str:
    value = _value(found) * Decimal(repr(float(factor)))
    return format(value.quantize(_CENT) if unit == "CNY" else value, "f")
