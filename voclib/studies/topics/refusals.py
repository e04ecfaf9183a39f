"""Why no topics are told, and what would make them possible, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from voclib.results import Text
from voclib.sentences import say

Reason = tuple[Text, Text]
OWN_WORDS = Text("客户自己写的话，不是套用模板的记录；用模板的渠道，把客户原话单独导出成一列再映射。",
                 "What customers wrote themselves rather than records filled in from a template; where a channel uses templates, export the "
                 "customer's own words as a column of its own and map that.")


@dataclass(frozen=True, kw_only=True)
class Wordings:
    """How many different texts there are: `texts` to fit topics to, `shapes` of them where numbers count for nothing, `every` with the last weeks."""

    texts: int
    shapes: int
    every: int

    def are_enough(self, floor: int) -> bool:
        """Whether they reach the floor, also without their numbers: texts that differ in a date or an order's number say the same thing."""
        return self.shapes >= floor

    def decisive(self, floor: int) -> int:
        """The count that the reason states: all where even they fall short of the floor, else those of the fit, without their numbers."""
        return self.every if self.every < floor else self.shapes if self.texts >= floor else self.texts


def counted(kept: pd.DataFrame, fitted: pd.Series) -> Wordings:
    """The different texts in Chinese or English among voices (`voclib.studies.topics.heard.voices`); `fitted` marks those of the fit."""
    written = kept["written"].ne("")
    forms = pd.Series(kept.loc[written & fitted, "form"].unique(), dtype="str")
    shapes = forms.str.replace(r"\d+", "0", regex=True).nunique()
    return Wordings(texts=len(forms), shapes=int(shapes), every=int(kept.loc[written, "form"].nunique()))


def few(found: Wordings, floor: int) -> Reason:
    """Too few texts, too few once numbers are set aside, or enough of them but none that are alike."""
    if not found.every:
        return (Text("没有一条声音写了中文或英文，话题无从找起。", "No voice is written in Chinese or English, so no topics can be found."),
                _more(floor))
    if found.are_enough(floor):
        return say("{n} 种不同的文字里，没有成群的说法。", "No topics form among {n} different texts.", n=found.texts), _more(floor)
    if found.texts >= floor:
        return (say("{n} 种不同的文字，去掉数字只剩 {k} 种：是几个模板换了数字，分不出话题。",
                    "With numbers set aside, only {k} of {n} different texts remain: a few templates with other numbers filled in, too few to find "
                    "topics.", n=found.texts, k=found.shapes), OWN_WORDS)
    if found.every >= floor:
        return (say("{m} 种不同的文字几乎都在留作观察的最后几周里，之前只有 {n} 种，分不出话题。",
                    "Of {m} different texts, only {n} came before the last weeks, which are kept for watching, so too few are left to find topics.",
                    n=found.texts, m=found.every),
                Text("把 watch_weeks 设为 0，用全部声音找话题（不再盯新话题）；或用 train_until 指定拟合到哪一天。",
                     "Set watch_weeks: 0 to find topics in all voices without watching for new ones, or set the last day of the fit with "
                     "train_until."))
    return (say("只有 {n} 种不同的文字，分不出话题。", "Only {n} different {n:text|texts}: too few to find topics.", n=found.every),
            _more(floor))


def unshared(found: Wordings) -> Reason:
    """Texts of which nothing is said in some and not in the others."""
    return (say("{n} 种不同的文字里，没有哪种说法是几条共有、别的没有的：不是句句套用同一个模板，就是毫无相同之处。",
                "Among {n} different texts, no wording is shared by some and absent from the others: either all follow one template or they have "
                "nothing in common.", n=found.texts), OWN_WORDS)


def _more(floor: int) -> Text:
    return say("至少 {n} 种不同的文字：拉长时间段，或并入别的渠道。", "At least {n} different texts: use a longer period or add channels.", n=floor)
