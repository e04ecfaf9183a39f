"""Names in the data (products, suppliers, stages, departments) as an English page writes them, from one table for every chart and table."""

from __future__ import annotations

import re
from functools import lru_cache

import yaml

from voclib.reporting import assets

TABLE = assets.FOLDER / "names.yml"
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def english(text: str) -> str:
    """The text with every listed name in English; as it is where Chinese would be left, so that nobody's own words are half translated."""
    if not _CHINESE.search(text):
        return text
    known, pattern = _known()
    written = pattern.sub(lambda found: known[found[0]], text)
    return text if _CHINESE.search(written) else written


@lru_cache(maxsize=1)
def _known() -> tuple[dict[str, str], re.Pattern[str]]:
    names = {zh: en for kind in yaml.safe_load(TABLE.read_text("utf-8")).values() for zh, en in kind.items()}
    return names, re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
