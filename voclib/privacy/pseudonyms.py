"""Keyed pseudonyms: the same person keeps one name across exports, and nobody without the key can compute it."""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata

import pandas as pd

from voclib.errors import ParameterError

KEY_VARIABLE = "VOC_PSEUDONYM_KEY"
_SHORTEST_KEY = 16
_HEX_DIGITS = 16  # 64 bits: one expected collision among about four thousand million identifiers


def find_key(key: str | None = None) -> str:
    """The pseudonym key: the one given, else the environment variable VOC_PSEUDONYM_KEY.

    Raises ParameterError when there is none or it is shorter than 16 characters, saying how to make one.
    """
    found = key or os.environ.get(KEY_VARIABLE, "")
    how = (f"make one with  python -c \"import secrets; print(secrets.token_hex(32))\"  and set it as {KEY_VARIABLE}; "
           "keep it outside the repository: with another key the same customer gets another pseudonym")
    if not found:
        raise ParameterError(f"no pseudonym key: {KEY_VARIABLE} is not set and the mapping declares no pseudonym_key; {how}")
    if len(found) < _SHORTEST_KEY:
        raise ParameterError(f"the pseudonym key has {len(found)} characters, at least {_SHORTEST_KEY} are needed; {how}")
    return found


def normal_id(text: str) -> str:
    """An identifier in its normal spelling: full-width characters narrowed, blanks at the ends removed."""
    return unicodedata.normalize("NFKC", text).strip()


def pseudonymise(values: pd.Series, *, kind: str, key: str) -> pd.Series:
    """Pseudonyms like `customer-3f9c…` (kind and 16 hexadecimal digits) for a column of identifiers; missing stays missing.

    HMAC-SHA256 (Krawczyk, Bellare & Canetti 1997, RFC 2104) over kind and normal spelling, computed once a distinct value;
    an empty identifier counts as missing. Two kinds never share a pseudonym, so an employee is not matched to a customer.
    """
    codes, distinct = pd.factorize(values)
    secret = key.encode()
    made = [_pseudonym(normal_id(str(value)), kind, secret) for value in distinct]
    named = pd.array([*made, None], dtype="str")  # code -1 (missing) takes the last entry
    return pd.Series(named.take(codes.astype("int64") % len(named)), index=values.index, name=values.name)


def _pseudonym(identifier: str, kind: str, secret: bytes) -> str | None:
    if not identifier:
        return None
    digest = hmac.new(secret, f"{kind}\0{identifier}".encode(), hashlib.sha256).hexdigest()
    return f"{kind}-{digest[:_HEX_DIGITS]}"
