"""Themes that topics of several languages share: topics are found in each language apart and joined by what the dictionary says they speak of.

Vectors of character runs in two languages lie in two spaces, so no distance leads from a Chinese topic to an English one. What both can be held
against is a dictionary with terms in both languages: a topic's theme is the aspect that stands out among its texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voclib.errors import DataError
from voclib.results import Text
from voclib.text import aspects, writing
from voclib.text.aspects import Dictionary
from voclib.text.grouping import FEWEST
from voclib.text.topics import Part, TopicModel

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("topic", "language", "theme", "share", "lift", "p_value", "texts", "foreign")
SHARE, LIFT, LEVEL = 0.5, 2.0, 0.01  # a theme stands in half of the topic's texts, twice as often as elsewhere, and not by chance
HALF = 0.5  # added to each count of a share, so that none is 0 or 1 (Jeffreys)


@dataclass(frozen=True, kw_only=True)
class Themes:
    """Topics and their themes.

    `table`: one row a topic: `topic`, `language`, `theme` (the id of an aspect, "" where none stands out), `share` of its distinct texts that speak
    of the aspect that stands out most, `lift` (that share over the share among the language's other texts), `p_value` (adjusted), `texts`, and
    `foreign`, the share of its texts that are written in another language than its own.
    """

    table: pd.DataFrame
    dictionary: Dictionary

    @property
    def pairs(self) -> pd.DataFrame:
        """Topics of two languages with one theme: `theme, zh, en`, one row a pair."""
        linked = self.table[self.table["theme"] != ""]
        sides = [linked.loc[linked["language"] == language, ["theme", "topic"]].rename(columns={"topic": language}) for language in writing.LANGUAGES]
        return sides[0].merge(sides[1], on="theme").sort_values(["theme", "zh", "en"], ignore_index=True)

    @property
    def unlinked(self) -> pd.DataFrame:
        """Topics without a theme, and topics whose theme no topic of another language has; the rows of `table`."""
        shared = set(self.pairs["theme"])
        return self.table[~self.table["theme"].isin(shared)].reset_index(drop=True)

    def summary(self, lang: str = "zh") -> str:
        """What was joined, in a sentence."""
        pairs, alone = self.pairs, self.unlinked
        n, k = len(self.table), pairs["theme"].nunique()
        joined = n - len(alone)
        return Text(f"{n} 个主题中有 {joined} 个通过词典并入 {k} 个中英文共有的话题，其余 {len(alone)} 个只在一种语言里成立，单独列出。",
                    f"Of {n} topics, {joined} share {k} theme{'s' * (k != 1)} across the two languages by the dictionary; the other {len(alone)} "
                    "stand in one language alone and are listed.")[lang]


def join(model: TopicModel, dictionary: Dictionary, *, forms: Mapping[str, Sequence[str]] | Sequence[str | None], found: pd.DataFrame | None = None,
         share: float = SHARE, lift: float = LIFT, level: float = LEVEL) -> Themes:
    """The theme of each topic. `forms` are the texts that the model was fitted on, in any order, or their normal forms by language; `found` is
    `aspects.mentions(forms, dictionary)` where that was asked already.

    In each language, for each topic t and aspect a, the distinct texts of t that speak of a (whatever they say of it) are held against the language's
    other texts. The aspect that stands out is the one with the largest z = log odds ratio / standard error, half a text added to each of the four
    counts (the Haldane–Anscombe correction; z as in Monroe, Colaresi & Quinn 2008, Political Analysis 16). It is the topic's theme where it stands in
    at least `share` of the topic's texts, at least `lift` times as often as elsewhere, and Fisher's exact test, one-sided and adjusted for the number
    of topics and aspects looked at (Holm 1979), is under `level`.

    Raises
    ------
    DataError
        where texts of the fit are missing among `forms`, the dictionary has no aspect, or one part of the model holds `FEWEST` or more texts of
        another language: topics found in one space for two languages are topics of language, and none is joined silently.
    """
    import pandas as pd

    given = [text for own in forms.values() for text in own] if isinstance(forms, Mapping) else forms
    if not dictionary.ids("aspect") and model.topics():
        raise DataError(f"join: the dictionary has no aspect to join {len(model.topics())} topics by; write entries of kind: aspect.")
    plain = [writing.normal(text) for text in given]
    place = {writing.identity(form): k for k, form in enumerate(plain)}
    speaks = aspects.presence(aspects.mentions(given, dictionary) if found is None else found, dictionary, n=len(plain)).to_numpy(dtype=np.int64)
    rows = [row for part in model.parts if part.topics for row in _rows(part, plain, speaks, _places(part, place, plain), dictionary)]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"topic": "int64", "language": "str", "theme": "str"})
    held = (table["share"] >= share) & (table["lift"] >= lift) & (table["p_value"] <= level)
    return Themes(table=table.assign(theme=table["theme"].where(held, "")), dictionary=dictionary)


def _places(part: Part, place: Mapping[str, int], plain: Sequence[str]) -> NDArray[np.intp]:
    """Where the texts of a part stand among those given."""
    lost = sum(own not in place for own in part.ids)
    if lost:
        raise DataError(f"join: {lost} of {len(part.ids)} texts that the topics in {part.language} were found in are not among the forms given; give "
                        "the texts of the fit.")
    found = np.array([place[own] for own in part.ids], dtype=np.intp)
    foreign = sum(_is_foreign(plain[k], part.language) for k in found)
    if foreign >= FEWEST:
        raise DataError(f"join: of the {len(found)} texts behind the topics in {part.language}, {foreign} are written in another language, and "
                        "language is what such topics tell apart. Fit them without vectors=, so that each language is modelled by itself.")
    return found


def _is_foreign(form: str, language: str) -> bool:
    return writing.language(form) not in ("", language)


def _rows(part: Part, plain: Sequence[str], every: NDArray[np.int64], places: NDArray[np.intp], dictionary: Dictionary) -> list[tuple]:
    """One row a topic of a part, with the aspect that stands out most, whether or not it passes."""
    ids, k = dictionary.ids("aspect"), len(part.topics)
    forms, speaks = [plain[at] for at in places], every[places]
    inside = (part.labels[None, :] == np.arange(k)[:, None]).astype(np.int64)
    hits, texts, spoken = inside @ speaks, inside.sum(axis=1), speaks.sum(axis=0)
    far = (inside @ np.array([_is_foreign(form, part.language) for form in forms], dtype=np.int64)) / texts
    place, best = np.arange(k), _standing_out(hits, texts, spoken, len(forms)).argmax(axis=1)
    own = hits[place, best]
    lifts = ((own + HALF) / (texts + 1)) / ((spoken[best] - own + HALF) / (len(forms) - texts + 1))
    chance = _adjusted(_by_chance(hits, texts, spoken, len(forms)))[place, best]
    return [(topic.number, part.language, ids[best[t]], round(float(own[t] / texts[t]), 4), round(float(lifts[t]), 4), float(f"{chance[t]:.6g}"),
             int(texts[t]), round(float(far[t]), 4)) for t, topic in enumerate(part.topics)]


def _standing_out(hits: NDArray[np.int64], texts: NDArray[np.int64], spoken: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """z (topics, aspects) of the log odds that a text speaks of an aspect, in the topic against elsewhere."""
    a, b = hits + HALF, texts[:, None] - hits + HALF
    c = spoken[None, :] - hits + HALF
    d = (n - texts)[:, None] - (spoken[None, :] - hits) + HALF
    return np.round(np.log(a * d / (b * c)) / np.sqrt(1 / a + 1 / b + 1 / c + 1 / d), 10)


def _by_chance(hits: NDArray[np.int64], texts: NDArray[np.int64], spoken: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Fisher's exact p, one-sided: at least so many hits if the topic's texts were drawn at random from the language's."""
    from scipy.stats import hypergeom

    return hypergeom.sf(hits - 1, n, spoken[None, :], texts[:, None])


def _adjusted(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holm's adjusted p of all of them."""
    flat = p.ravel()
    order = np.argsort(flat, kind="stable")
    made = np.empty(flat.size)
    made[order] = np.minimum(np.maximum.accumulate(flat[order] * np.arange(flat.size, 0, -1)), 1.0)
    return made.reshape(p.shape)
