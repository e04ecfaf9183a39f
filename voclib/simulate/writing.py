"""Texts of voices beyond the first ones: some hostile, some with identifiers; and the templates of conversations and posts."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import yaml

from voclib.simulate import identifiers, verbatims

PII_SHARE = 0.02


@lru_cache(maxsize=1)
def templates() -> dict[str, Any]:
    """What agents, bots and posting campaigns say: `templates/conversations.yml`, read once."""
    return yaml.safe_load(resources.files("voclib.simulate").joinpath("templates/conversations.yml").read_text(encoding="utf-8"))


def pick(rng: np.random.Generator, pools: dict[str, list[str]], english: np.ndarray) -> np.ndarray:
    """One line a row from the pool of the row's language, `pools` by language."""
    made = np.empty(len(english), dtype=object)
    for code, language in enumerate(verbatims.LANGUAGES):
        rows = np.flatnonzero(english == code)
        made[rows] = np.array(pools[language], dtype=object)[rng.integers(0, len(pools[language]), rows.size)]
    return made


def soiled(rng: np.random.Generator, drafts: np.ndarray, english: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Texts as they may be shown, as they were written, and what was planted; a hostile text carries no identifier."""
    texts, n = drafts.copy(), len(drafts)
    order = rng.permutation(n)
    hostile, plain = np.split(order, [min(max(1, n // 70), n // 4)])
    texts[hostile] = [verbatims.HOSTILE[place % len(verbatims.HOSTILE)] for place in range(hostile.size)]
    clean, raw = texts.copy(), texts.copy()
    plain = np.sort(plain)
    raw[plain], clean[plain], planted = identifiers.plant(rng, texts[plain], english[plain].astype(int), share=PII_SHARE)
    return clean, raw, {**planted, "hostile": int(hostile.size)}
