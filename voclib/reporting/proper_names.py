"""Names in the data (products, suppliers, stages, departments) as an English page writes them, from one table for every chart and table."""

from __future__ import annotations

import re
from functools import lru_cache

import yaml

from voclib.reporting import assets

TABLE = assets.FOLDER / "names.yml"
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_QUOTED = re.compile("(“[^”]*”)")


def english(text: str) -> str:
    """The text with every listed name in English. Words in quotation marks may be somebody's own: they are a name as a whole, or stay as they are.
    Where Chinese would be left outside them all of it stays, so that nothing is half translated."""
    if not _CHINESE.search(text):
        return text
    known, pattern = _known()
    made = []
    for piece in _QUOTED.split(text):
        written = pattern.sub(lambda found: known[found[0]], piece)
        if _CHINESE.search(written) and not piece.startswith("“"):
            return text
        made.append(piece if _CHINESE.search(written) else written)
    return "".join(made)


@lru_cache(maxsize=1)
def _known() -> tuple[dict[str, str], re.Pattern[str]]:
    names = {zh: en for kind in yaml.safe_load(TABLE.read_text("utf-8")).values() for zh, en in kind.items()}
    return names, re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
