"""What the scores page says about many groups, in both languages; every number comes from an Estimate or a count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from voclib.results import Check, Estimate, Text
from voclib.sentences import inside, joined, say
from voclib.stats.shrinkage import Shrunken
from voclib.studies.scores import change_text, text

if TYPE_CHECKING:
    from voclib.studies.scores.segments import Comparison, Group

DUST = 1e-9  # relative: what sums may differ by in their last digits
COLUMNS = {**change_text.DIMENSIONS, "business_type": Text("业务类型", "line of business"), "device_hash": Text("设备", "device")}
LEVELS = {
    "value_tier": {"vvip": Text("高价值客户", "High-value customers"), "regular": Text("普通客户", "Regular customers")},
    "language": {"zh": Text("中文", "Chinese"), "en": Text("英文", "English"), "other": Text("其他语言", "Another language")},
}
FOUND_COLUMNS = {
    "by": Text("按什么分", "Column"),
    "group": Text("组", "Group"),
    "shrunken": Text("收缩后与其余之差（区间）", "Versus the rest, shrunk (interval)"),
    "raw": Text("原始之差（区间）", "As measured (interval)"),
    "n": Text("回答数", "Answers"),
}
PICKED_COLUMNS = {
    "by": FOUND_COLUMNS["by"],
    "group": FOUND_COLUMNS["group"],
    "raw": Text("与其余之差（只看这一组的区间）", "Versus the rest (interval for this group alone)"),
    "n": FOUND_COLUMNS["n"],
    "stays": Text("算上比较了多少组之后", "Allowing for all groups"),
}
STAYS, GOES = Text("仍然站得住", "still holds"), Text("可能是碰巧", "may be chance")
NO_UNITS = Text("这些回答没有门店，没有门店图。", "These answers name no unit, so there is no chart of units.")
ONE_PERIOD = Text("只有一个时期有回答，没有前后两次可配对。", "Only one period has answers, so there is no second one to pair it with.")
PAIRS_OF_FEW_UNITS = Text("没有分组的配对变化：前后两期都作答的客户，每一组都来自太少的门店。",
                          "No paired change by group: in every group, those who answered both times come from too few units.")
ON_AVERAGE = Text("区间对全体平均而言成立：平均每 100 组里至少 95 组的真值在自己的区间内，对单独挑出来的某一组不作保证。",
                  "The intervals hold on average: for at least 95 of every 100 groups the true value lies inside the interval; "
                  "for any one group picked out they guarantee nothing.")
FEWEST = Text("少于 5 组无法收缩", "fewer than 5 groups cannot be shrunk")


def column(name: str) -> Text:
    """What a column or a pair of columns is called."""
    parts = [COLUMNS.get(part.strip(), Text(part.strip(), part.strip())) for part in name.split("×")]
    return Text(" × ".join(t.zh for t in parts), " × ".join(t.en for t in parts))


class Names:
    """What groups are called: channels and tiers in words, units by their name, everything else as the data have it."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], cluster: str) -> None:
        units = tables.get("units", pd.DataFrame())
        self.known = {"unit_id": dict(zip(units["unit_id"], units["name"], strict=True)) if "name" in units else {}}
        self.cluster = cluster

    def group(self, column: str, label: str) -> Text:
        """A group of a column, or of a pair."""
        names, labels = [part.strip() for part in column.split("×")], label.split(" · ")
        if len(names) != len(labels):
            return Text(label, label)
        parts = [self._level(name, one) for name, one in zip(names, labels, strict=True)]
        return Text(" · ".join(t.zh for t in parts), " · ".join(t.en for t in parts))

    def _level(self, column: str, label: str) -> Text:
        plain = self.known.get(column, {}).get(label, label)
        known = {**text.GROUPS, **LEVELS.get(column, {})}
        return known.get(label, Text(plain, plain))


def _with_interval(estimate: Estimate) -> Text:
    value, ends = text.written(estimate), text.interval(estimate)
    return Text(f"{value.zh}（{ends.zh}）", f"{value.en} ({ends.en})")


def found(comparison: Comparison, names: Names) -> pd.DataFrame:
    """One row a group that stands with all counted, the largest shrunken size first."""
    def size(group: Group) -> float:
        return -abs((group.shrunken or group.plain).value)

    rows = [{"by": column(g.column), "group": names.group(g.column, g.group), "n": g.n, "raw": _with_interval(g.adjusted),
             "shrunken": FEWEST if g.shrunken is None else _with_interval(g.shrunken)} for g in sorted(comparison.found, key=size)]
    return pd.DataFrame(rows, columns=list(FOUND_COLUMNS)).astype({"n": "Int64"})


def picked(comparison: Comparison, names: Names) -> pd.DataFrame:
    """The naive list: those that go once all groups are counted, then those that stay; smallest p first."""
    rows = [{"by": column(g.column), "group": names.group(g.column, g.group), "raw": _with_interval(g.plain), "n": g.n,
             "stays": STAYS if g.is_found() else GOES} for g in sorted(comparison.picked, key=lambda g: g.is_found())]
    return pd.DataFrame(rows, columns=list(PICKED_COLUMNS)).astype({"n": "Int64"})


def few_units(there: int, needed: int, floor: int) -> Text:
    """Too few units with a score of their own for the picture."""
    return say("没有门店图：只有 {n} 家有至少 {floor} 份回答的分数，画图要 {k} 家。",
               "No chart of units: only {n} have a score based on at least {floor} answers; {k} needed.", n=there, floor=floor, k=needed)


def few_pairs(most: int, floor: int) -> Text:
    """Too few customers answered twice in every group."""
    return say("没有分组的配对变化：前后两期都作答的客户，最多的一组也不到 {floor} 位（{n} 位）。",
               "No paired change by group: even the largest has fewer than {floor} customers who answered both times ({n}).", floor=floor, n=most)


def nothing(comparison: Comparison, floor: int) -> Text:
    """In place of the two tables where nothing could be compared or nothing stands."""
    if not comparison.groups:
        return say("没有可比的组：每组至少 {floor} 份回答，来自足够多的门店。",
                   "There are no groups to compare: each needs {floor} answers from enough units.", floor=floor)
    return say("比较了 {m} 组，没有一组与其余不同到碰巧解释不了。",
               "{m} groups were compared, and none differs from the rest by more than chance explains.", m=len(comparison.groups))


def checks(comparison: Comparison) -> tuple[Check, ...]:
    """What the count of looks did to the list."""
    kept, picked_n, m = len(comparison.found), len(comparison.picked), len(comparison.groups)
    if not m:
        return ()
    return (Check(
        Text("比较了多少组都算进去", "All comparisons are counted"), None,
        say("比较了 {m} 组；不控制会报出 {a} 组，其中碰巧的预计 {l:.1f} 组（若全无差别）；控制之后剩 {k} 组。",
            "{m} groups were compared; without a correction {a} would be reported, and {l:.1f} would be expected by chance if none differed; "
            "with it {k} remain.", m=m, a=picked_n, l=comparison.luck, k=kept)),)


def captions(estimand: str, comparison: Comparison, units: pd.DataFrame, drawn: Shrunken | None, paired: Sequence[Estimate], names: Names, *,
             by: str, floor: int) -> dict[str, dict[str, Any]]:
    """Title (the finding), subtitle, note and labels of every figure."""
    name, level, m = text.NAMES[estimand], comparison.conf_level, len(comparison.groups)
    told, average = {"name": name, "level": level, "m": m}, ON_AVERAGE if comparison.shrunken is not None else Text("", "")
    left_out = Text("", "") if not comparison.refused else say(
        "另有 {r} 组回答不足 {floor} 份、门店太少或太不均匀，没有比较。",
        "{r} more had fewer than {floor} answers, or too few or too uneven units, and were not compared.", r=comparison.refused, floor=floor)
    return {
        "found": {
            "title": say("{m} 组里有 {k} 组与其余不同", "{k} of {m} groups differ from the rest", k=len(comparison.found), m=m),
            "subtitle": say("{name}，{level:.0%}；所有分法的全部 {m} 组一起按 Benjamini–Hochberg 控制误报，大小向零收缩",
                            "{name}, {level:.0%}; false discoveries controlled over all {m} groups of all columns together (Benjamini–Hochberg), "
                            "sizes shrunk towards zero", **told),
            "note": joined(average, left_out),
        },
        "picked": {
            "title": say("不控制会报出 {a} 组，全无差别时碰巧也有约 {l:.0f} 组",
                         "Without a correction {a} would be reported; about {l:.0f} would be by chance if none differed",
                         a=len(comparison.picked), l=comparison.luck),
            "subtitle": say("{name}；每组的 p 小于 {p:.2f}，当作只看了这一组",
                            "{name}; every group with p below {p:.2f}, as if it were the only one examined", name=name, p=1 - level),
        },
        "units": _of_units(name, units, drawn, level),
        "paired": {
            "title": _paired_title(paired),
            "subtitle": say("{name}的变化，同一批客户前后两次；点 = 估计值，横条 = {level:.0%} 区间，已按组数控制误报",
                            "Change in {name} of customers who answered twice; dot = estimate, bar = {level:.0%} interval, adjusted for the "
                            "number of groups", **told | {"name": inside(name)}),
            "labels": {e.group: names.group(by, e.group) for e in paired},
        },
    }


def _of_units(name: Text, units: pd.DataFrame, drawn: Shrunken | None, level: float) -> dict[str, Any]:
    if drawn is None:
        return {}
    beside = DUST * max(1.0, abs(drawn.center))  # the mean of units that are all the same lies beside them by a rounding error
    outside = (units["raw_low"] > drawn.center + beside) | (units["raw_high"] < drawn.center - beside)
    apart, naive = int(units["is_apart"].sum()), int(outside.sum())
    title = say("{m} 家里有 {k} 家与平均分得开", "{k} of {m} units can be separated from the mean", k=apart, m=len(units))
    if not drawn.is_told:
        title = say("{m} 家门店的差别，碰巧就能解释", "Chance alone explains how the {m} units differ", m=len(units))
    note = say("按各家自己的区间会说有 {n} 家。{average}收缩之后的次序仍不是排名。",
               "By their own intervals it would be {n}. {average} Even after shrinkage the order is not a ranking.", n=naive, average=ON_AVERAGE)
    return {
        "title": title, "note": note, "description": title,
        "subtitle": say("{name}；灰 = 各家原始分数，蓝 = 向平均收缩之后，{level:.0%} 区间",
                        "{name}; grey = as measured, blue = shrunk towards the mean, {level:.0%} intervals", name=name, level=level),
        "labels": dict(zip(units["key"], units["unit"], strict=True)),
    }


def _paired_title(paired: Sequence[Estimate]) -> Text:
    told = [e for e in paired if e.kind == "estimate"]
    moved = sum(not e.conf_low <= 0 <= e.conf_high for e in told)
    return say("两次都作答的客户：{m} 组里有 {k} 组看得出变化", "Customers who answered twice: a change is seen in {k} of {m} groups",
               k=moved, m=len(told))
