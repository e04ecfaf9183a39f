"""From the topics of one fit to those of the next: which are kept, split, merged or gone, and which are new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from voclib.errors import DataError
from voclib.results import Text
from voclib.text import writing
from voclib.text.grouping import UNCLEAR
from voclib.text.topics import TopicModel

if TYPE_CHECKING:
    import pandas as pd

Fate = Literal["kept", "split", "merged", "gone", "new"]
SAME = 0.5  # Jaccard overlap above which two topics are one: no other pair with either of them can pass it
MOST = 0.5  # of a topic's texts that make it part of another
ENOUGH = 0.2  # of the smaller model's texts in both: fewer, and texts are placed by both models instead


@dataclass(frozen=True, kw_only=True)
class Crosswalk:
    """Where texts went: `flows` (K + 1, L + 1), distinct texts by old and new topic, the last row and column for no clear topic.

    `old` (K) and `new` (L) are the topics' numbers, `names` of both by number. `matches` pair topics one to one, so that the sum of Jaccard overlaps
    is largest, where a text is shared: (old, new, overlap).

    `fates` of the old topics: *kept*, a Jaccard overlap above `SAME` with a new one; *split*, two new topics or more come from it by `MOST` of their
    texts and hold `MOST` of its own together; *merged*, a new topic takes `MOST` of its texts; *gone* otherwise. `origins` of the new ones: *kept*;
    *split*, `MOST` of its texts come from one old topic; *merged*, one old topic or more went into it; *new* otherwise.
    """

    old: tuple[int, ...]
    new: tuple[int, ...]
    names: tuple[dict[int, str], dict[int, str]]
    flows: NDArray[np.intp]
    matches: tuple[tuple[int, int, float], ...]
    fates: dict[int, Fate]
    origins: dict[int, Fate]

    @property
    def texts(self) -> int:
        """Distinct texts compared."""
        return int(self.flows.sum())

    def table(self) -> pd.DataFrame:
        """One row a pair that shares texts: `old, old_name, new, new_name, texts, share_of_old, share_of_new, jaccard, relation`; −1: no clear topic.

        `relation` of a pair is *kept*, *split*, *merged* or, where neither topic is mostly the other's, *rest*. Texts add up to `Crosswalk.texts`.
        """
        import pandas as pd

        (overlap, from_old, from_new), relation = shares(self.flows), _relations(self.flows)
        there = np.nonzero(self.flows)
        old, new = (np.array([*own, UNCLEAR])[at].tolist() for own, at in zip((self.old, self.new), there, strict=True))
        made = pd.DataFrame({
            "old": old, "old_name": [self.names[0].get(k, "") for k in old], "new": new, "new_name": [self.names[1].get(k, "") for k in new],
            "texts": self.flows[there], "share_of_old": from_old[there].round(4), "share_of_new": from_new[there].round(4),
            "jaccard": overlap[there].round(4), "relation": relation[there]})
        return made.sort_values(["old", "texts", "new"], ascending=[True, False, True], ignore_index=True)

    def summary(self, lang: str) -> str:
        """What became of the topics, in two sentences, zh or en."""
        of = {fate: sum(f == fate for f in self.fates.values()) for fate in ("kept", "split", "merged", "gone")}
        fresh = sum(f == "new" for f in self.origins.values())
        return Text(
            f"比对了两次建模共有的 {self.texts:,} 条不同文本：原来 {len(self.old)} 个话题里，保留 {of['kept']} 个，拆分 {of['split']} 个，"
            f"并入其他话题 {of['merged']} 个，消失 {of['gone']} 个。现在的 {len(self.new)} 个话题里，有 {fresh} 个是新的。",
            f"{self.texts:,} distinct texts were compared. Of the {len(self.old)} old topics {of['kept']} were kept, {of['split']} split, "
            f"{of['merged']} merged into others and {of['gone']} went; of the {len(self.new)} topics now, {fresh} "
            f"{'is' if fresh == 1 else 'are'} new.")[lang]


def between(old: TopicModel, new: TopicModel, *, texts: Sequence[str | None] | None = None) -> Crosswalk:
    """Compare two fits by the distinct texts that both have seen.

    Where these are under `ENOUGH` of the smaller model's texts, both models place what is to be compared: `texts` where given, else the texts of the
    new model, while it has them in memory. `texts` that are given are compared in any case, beside the shared ones.

    Raises
    ------
    DataError
        where the models share too little and there are no texts to place.
    """
    before, after = _seen(old), _seen(new)
    pairs = {key: (before[key], after[key]) for key in before if key in after}
    if texts is None and len(pairs) < ENOUGH * min(len(before), len(after)):
        held = [part.forms for part in new.parts]
        if any(forms is None for forms in held):
            raise DataError(f"The two models share {len(pairs)} texts, of {len(before)} and {len(after)}: too few to compare them; give texts= that "
                            "both can place.")
        texts = [form for forms in held for form in forms or ()]
    if texts is not None:
        forms = writing.distinct(texts)[0]
        placed = zip(forms, old.assign(forms).tolist(), new.assign(forms).tolist(), strict=True)
        pairs |= {writing.identity(form): (a, b) for form, a, b in placed}
    return _crosswalk(old, new, list(pairs.values()))


def _seen(model: TopicModel) -> dict[str, int]:
    """The topic of each text of the fit, by identity."""
    found = {}
    for part in model.parts:
        first = part.topics[0].number if part.topics else 0
        found |= {key: first + label if label >= 0 else UNCLEAR for key, label in zip(part.ids, part.labels.tolist(), strict=True)}
    return found


def _crosswalk(old: TopicModel, new: TopicModel, pairs: Sequence[tuple[int, int]]) -> Crosswalk:
    from scipy.optimize import linear_sum_assignment

    names = tuple({t.number: t.name for t in model.topics()} for model in (old, new))
    numbers = tuple(tuple(sorted(own)) for own in names)
    place = [{number: k for k, number in enumerate([*own, UNCLEAR])} for own in numbers]
    flows = np.zeros((len(numbers[0]) + 1, len(numbers[1]) + 1), dtype=np.intp)
    for a, b in pairs:
        flows[place[0][a], place[1][b]] += 1
    overlap = shares(flows)[0][:-1, :-1]
    matches = [(int(i), int(k)) for i, k in zip(*linear_sum_assignment(-overlap), strict=True) if overlap[i, k] > 0]
    fates, origins = _fates(flows)
    return Crosswalk(old=numbers[0], new=numbers[1], names=names, flows=flows, fates=dict(zip(numbers[0], fates, strict=True)),
                     origins=dict(zip(numbers[1], origins, strict=True)),
                     matches=tuple((numbers[0][i], numbers[1][k], round(float(overlap[i, k]), 4)) for i, k in matches))


def shares(flows: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each pair: its Jaccard overlap, its share of the old topic's texts, and of the new topic's; each of the shape of `flows`."""
    rows, columns = flows.sum(axis=1, keepdims=True), flows.sum(axis=0, keepdims=True)
    return flows / np.maximum(rows + columns - flows, 1), flows / np.maximum(rows, 1), flows / np.maximum(columns, 1)


def _relations(flows: NDArray[np.intp]) -> NDArray[np.object_]:
    """What each pair of topics is to one another; no clear topic is nothing to any."""
    overlap, from_old, from_new = shares(flows)
    found = np.select([overlap > SAME, from_new >= MOST, from_old >= MOST], ["kept", "split", "merged"], "rest").astype(object)
    found[-1, :] = found[:, -1] = "rest"
    return found


def _fates(flows: NDArray[np.intp]) -> tuple[list[Fate], list[Fate]]:
    """What became of each old topic, and where each new one comes from."""
    _, from_old, from_new = (share[:-1, :-1] for share in shares(flows))
    same = _relations(flows)[:-1, :-1] == "kept"
    into, out_of = from_old >= MOST, from_new >= MOST
    is_split = (out_of.sum(axis=1) > 1) & ((from_old * out_of).sum(axis=1) >= MOST)
    fates = np.select([same.any(axis=1), is_split, into.any(axis=1)], ["kept", "split", "merged"], "gone")
    origins = np.select([same.any(axis=0), out_of.any(axis=0), into.any(axis=0)], ["kept", "split", "merged"], "new")
    return fates.tolist(), origins.tolist()
