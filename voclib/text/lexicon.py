"""Good or bad by a list of words: what reads a voice where a team has too few scores to learn from, in Chinese and English at once.

The words stand in `lexicon.yml`, which a team may edit. Rules follow VADER (Hutto & Gilbert 2014, ICWSM), carried to Chinese: a negation
turns what follows in its clause, an even number of them turns it back; words of degree strengthen and weaken; what comes after "but" weighs more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voclib import strictyaml
from voclib.errors import ParameterError, nearest
from voclib.text import writing

FILE = Path(__file__).with_name("lexicon.yml")
STRENGTH = {"best": 3.0, "good": 2.0, "fair": 1.0, "plain": 0.0, "meh": -1.0, "bad": -2.0, "worst": -3.0}
ROLES = ("not", "more", "less", "turn")
TURNED, STRONGER, WEAKER = 0.75, 1.3, 0.7  # share of its strength that a negated word keeps with the other sign; what words of degree multiply by
BEFORE, AFTER = 0.5, 1.5  # weights of what stands before and after the last "but" (Hutto & Gilbert 2014)
REACH = {True: 7, False: 5}  # units from a negation to what it still turns: Chinese characters, English words
DEGREE = 3  # units from a word of degree to the word it bears on
# Slope of the log-odds, and log-odds of bad and of not good at a score of 0: between those that fit airline tweets and reviews of seats best, which
# differ by more than the rounding. Without a polar word nothing but the mix of such texts speaks, where plain questions prevail.
SLOPE, BAD, GOOD = 1.2, -0.8, 1.0
UNSAID = (0.35, 0.45, 0.20)
# A Latin word, a number, or any one sign: no two of them begin alike, so that reading is linear in the text
_UNIT = re.compile(r"[a-zà-ɏ]+(?:['’][a-zà-ɏ]+)*|[0-9]+|\S")
_ENDS = frozenset(",.;:!?。、~…—()\"“”;[]{}")
_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
Entry = tuple[str, float]  # group and strength


@dataclass(frozen=True)
class Lexicon:
    """`terms`: a tree of units, the entry of a term under the empty unit; `stems`: entries of beginnings of Latin words; `signs`: emoji and such."""

    terms: dict[str, Any]
    stems: dict[str, Entry]
    signs: frozenset[str]

    def scores(self, forms: Sequence[str]) -> NDArray[np.float64]:
        """How good (above 0) or bad (below) each normal form speaks, (n,): Σv/√(1 + Σ|v|) over its polar words; NaN where it has none."""
        made = np.full(len(forms), np.nan)
        for row, form in enumerate(forms):
            if values := self.polar(form):
                made[row] = sum(values) / np.sqrt(1 + sum(map(abs, values)))
        return made

    def probabilities(self, forms: Sequence[str]) -> NDArray[np.float64]:
        """Chances (n, 3) of negative, neutral, positive of normal forms: `chances` of their scores."""
        return chances(self.scores(forms))

    def speaks(self, form: str) -> bool:
        """Whether a normal form says anything: in letters that are read (`writing.language`), or by a sign that is known."""
        return writing.language(form) != "" or any(sign in form for sign in self.signs)

    def polar(self, form: str) -> list[float]:
        """The strength of each polar word of a normal form, as its clause turns, strengthens or weakens it."""
        units = _UNIT.findall(form)
        values: list[float] = []
        denied: list[int] = []  # where the clause has said no
        degree, degree_at, turn, at = 1.0, -DEGREE, 0, 0
        while at < len(units):
            length, entry = self._longest(units, at)
            if entry is None:
                if units[at] in _ENDS:
                    denied.clear()
                at += 1
                continue
            group, strength = entry
            at += length
            if group == "not":
                denied.append(at)
            elif group in ("more", "less"):
                degree, degree_at = (STRONGER if group == "more" else WEAKER), at
            elif group == "turn":
                turn = len(values)
                denied.clear()
            elif strength:
                near = sum(at - length - said < REACH[_CJK.match(units[at - 1]) is not None] for said in denied)
                strength *= degree if at - length - degree_at < DEGREE else 1.0
                values.append(strength * (-TURNED if near % 2 else TURNED if near else 1.0))
        return [value * (BEFORE if k < turn else AFTER) for k, value in enumerate(values)] if 0 < turn < len(values) else values

    def _longest(self, units: list[str], at: int) -> tuple[int, Entry | None]:
        """The longest term that begins at a unit, and how many units it holds."""
        node, best, found = self.terms, 0, None
        for k in range(at, len(units)):
            node = node.get(units[k])
            if node is None:
                break
            if "" in node:
                best, found = k + 1 - at, node[""]
        if found is None and len(units[at]) > 3:
            found = next((self.stems[units[at][:end]] for end in range(len(units[at]), 2, -1) if units[at][:end] in self.stems), None)
            best = 1
        return best, found


def chances(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chances (n, 3) of negative, neutral, positive: a proportional-odds curve of the scores (McCullagh 1980), `UNSAID` where there is none."""
    bad, good = 1 / (1 + np.exp(SLOPE * scores - BAD)), 1 / (1 + np.exp(GOOD - SLOPE * scores))
    made = np.column_stack([bad, 1 - bad - good, good])
    return np.where(np.isnan(made), UNSAID, made)


@lru_cache(maxsize=4)
def load(path: str | Path = FILE) -> Lexicon:
    """The lexicon of a file, the package's own unless another is named.

    Raises
    ------
    ParameterError
        where a group is unknown, a group is no list of words, or a word stands twice.
    """
    path, terms, stems, signs, seen = Path(path), {}, {}, set(), {}
    for part, groups in strictyaml.read(path).items():
        if not isinstance(groups, dict):
            raise ParameterError(f"{path.name}: {part} holds no groups; it needs lists named {', '.join(STRENGTH)}.")
        for group, words in groups.items():
            if group not in STRENGTH and group not in ROLES:
                raise ParameterError(f"{path.name}: {part} has a group '{group}'; {nearest(group, [*STRENGTH, *ROLES])}")
            if not isinstance(words, list) or not all(isinstance(word, str) and writing.normal(word) for word in words):
                raise ParameterError(f"{path.name}: {part}.{group} is not a list of words; write [one, two], and quote signs and numbers.")
            for word in words:
                form, here = writing.normal(word), f"{part}.{group}"
                if form in seen:
                    raise ParameterError(f"{path.name}: '{word}' is in {seen[form]} and again in {here}; keep one.")
                seen[form] = here
                _add(form, (group, STRENGTH.get(group, 0.0)), terms, stems)
                if not writing.has_letters(form):
                    signs.add(form)
    return Lexicon(terms, stems, frozenset(signs))


def _add(form: str, entry: Entry, terms: dict[str, Any], stems: dict[str, Entry]) -> None:
    if form.endswith("*"):
        stems[form[:-1]] = entry
        return
    node = terms
    for unit in _UNIT.findall(form):
        node = node.setdefault(unit, {})
    node[""] = entry
