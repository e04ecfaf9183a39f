"""What the scores page says about trends over the periods, in both languages; every number comes from an Estimate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from voclib.results import Estimate, Text
from voclib.sentences import inside, say
from voclib.studies.scores import text

UNITS = text.GAP_UNITS
PERIODS = {"quarter": Text("每季", "per quarter"), "month": Text("每月", "per month")}
FEW_UNITS = Text("门店太少，趋势没有可信的区间。", "Too few units for a reliable interval on the trend.")
NO_GROUPS = Text("能比较趋势的组不足两个：每组要有足够的回答和门店。", "Fewer than two groups have enough answers and units to compare trends.")


def few_periods(there: int, needed: int) -> Text:
    """Too few periods for a line."""
    return say("没有趋势检验：只有 {n} 个时期，至少要 {k} 个。", "No test for a trend: only {n} periods; at least {k} needed.",
               n=there, k=needed)


def needs(periods: int) -> Text:
    """What a trend needs."""
    return say("至少 {k} 个时期的回答。", "Answers from at least {k} periods.", k=periods)


def units(needed: int) -> Text:
    """What an interval of it needs."""
    return say("至少 {k} 家门店。", "At least {k} units.", k=needed)


def captions(estimand: str, overall: Estimate, groups: Sequence[Estimate], *, period: str, is_steady: bool) -> dict[str, dict[str, Any]]:
    """Title (the finding), subtitle and labels of the picture of groups, and the one line for the whole."""
    name, every = text.NAMES[estimand], PERIODS[period]
    apart = sum(not e.conf_low <= 0 <= e.conf_high for e in groups)
    subtitle = say("{name}{every}变化多少，各组减去其余；点 = 估计值，横条 = {level:.0%} 区间，已按组数控制误报",
                   "Change in {name} {every}, each group minus the rest; dot = estimate, bar = {level:.0%} interval, adjusted for the number of "
                   "groups", name=inside(name), every=every, level=overall.conf_level)
    title = say("{whole}；{m} 组里有 {k} 组走势不同", "{whole}; {k} of {m} groups move differently", whole=whole(overall, every, is_steady), k=apart,
                m=len(groups))
    labels = {e.group: text.GROUPS.get(e.group, Text(e.group, e.group)) for e in groups}
    return {"groups": {"title": title, "subtitle": subtitle, "labels": labels}}


def alone(overall: Estimate, why: Text, period: str, *, is_steady: bool) -> Text:
    """The whole's change in place of a picture, and why there is none of groups."""
    return say("{whole}。{why}", "{whole}. {why}", whole=whole(overall, PERIODS[period], is_steady), why=why) if why.zh else why


def whole(overall: Estimate, every: Text, is_steady: bool) -> Text:
    """The whole score's change a period, and whether the periods bear it out."""
    if overall.kind == "refusal":
        return Text("整体趋势分不清", "The overall trend cannot be established")
    if not overall.std_error:
        return Text("整体看不出趋势：所有回答都一样", "No overall trend is seen: all answers are the same")
    seen = overall.conf_low > 0 or overall.conf_high < 0
    told = {"x": overall, "every": every}
    if seen and not is_steady:
        return say("整体{every}变化 {x}（{x:interval}），但各期起伏太大，还称不上趋势",
                   "Overall, the score changes by {x} {every} ({x:interval}), but swings too much between periods to call this a trend", **told)
    if seen:
        return say("整体{every}变化 {x}（{x:interval}）", "Overall, the score changes by {x} {every} ({x:interval})", **told)
    return say("整体看不出趋势，{every} {x}（{x:interval}）", "No overall trend is seen: {x} {every} ({x:interval})", **told)
