"""Signs that show nothing: zero-width blanks and marks of direction, which telephones, web pages and chat programs put around what is copied."""

from __future__ import annotations

import re

import pandas as pd

REMOVED = "invisible characters removed"
# zero-width space, joiners, marks and embeddings of direction, word joiner and its kin, byte-order mark, soft hyphen, controls other than blanks;
# joiners hold emoji and some scripts together, so that words keep theirs
SIGNS = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\x00-\x08\x0e-\x1b\x7f]+")


def without(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The cells of one column without such signs, and what was done to each (empty where nothing was)."""
    changed = {text: SIGNS.sub("", text) for text in texts.dropna().unique() if SIGNS.search(text)}
    if not changed:
        return texts, pd.Series("", index=texts.index, dtype="str")
    notes = texts.isin(list(changed)).map({True: REMOVED, False: ""}).astype("str")
    bare = texts.map(lambda text: changed.get(text, text), na_action="ignore").astype("str")
    return bare.mask(bare.str.strip() == ""), notes
