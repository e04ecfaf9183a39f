"""What is said of the same customers' change, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voclib.results import Check, Estimate, Text
from voclib.sentences import say

RUNGS = {
    "each": (
        Text("首季作答者对次季仍作答者", "First answers against those still answering"),
        Text("中间有人停答，校正前", "Some stopped in between; uncorrected"),
    ),
    "both": (Text("两季都作答的人", "Those who answered both times"), Text("只看留下来的人", "Only those who stayed")),
    "ipcw": (
        Text("把停答的人补回来", "Adjusted for those who stopped"),
        Text("按首季分数与行为给留下的人加权", "Those who stayed, weighted by first score and behaviour"),
    ),
}
NO_CONTACTS = Text(
    "数据里没有客户接触（touchpoints），不知道每次作答问的是哪个季度。",
    "The data contain no contacts (touchpoints), so it is not known which quarter an answer is about.",
)
NEEDS = Text("请同一批客户连续两季作答。", "The same customers answering in two consecutive quarters.")


def too_few(stayed: int, floor: int) -> Text:
    """Why there is no trend."""
    return say(
        "连续两季都作答的客户只有 {n} 位，下限 {floor}。",
            "Only {n} customers answered in both quarters; at least {floor} needed.", n=stayed, floor=floor
    )


def check(first: int, stayed: int, floor: int) -> Check:
    """How many of those who answered the first quarter answered again."""
    found = say(
        "首季作答的 {a} 位客户里，次季又作答的有 {b} 位。",
        "Of {a} customers who answered in the first quarter, {b} answered again in the second.",
        a=first,
        b=stayed,
    )
    return Check(
        Text("连续作答的客户够多", "Enough customers answered twice"),
        stayed >= floor,
        found,
        Text("不给同一批客户的变化。", "No change among the same customers is given."),
    )


def captions(change: Estimate, periods: Sequence[str], survivors: Estimate | None = None) -> Mapping[str, Any]:
    """Title, subtitle and labels of the ladder."""
    if change.kind == "refusal":
        return {"title": change.reason, "labels": {"ipcw": RUNGS["ipcw"]}}
    title = say(
        "只看留下来的人，变化是 {s:bare}；把停答的人补回来是 {x:bare}（{x:interval}）",
        "Among those who stayed, the change is {s:bare}; adjusted for those who stopped, it is {x:bare} ({x:interval})",
        s=survivors,
        x=change,
    )
    subtitle = Text(f"同一批客户，{periods[-1]} 减 {periods[0]}", f"The same customers, {periods[-1]} minus {periods[0]}")
    note = Text(
        "前提：首季分数和行为相同的人里，停不停答与他们次季会打的分无关。",
        "Assumes that, among customers with the same first score and behaviour, stopping is unrelated to the score they would have given.",
    )
    return {"title": title, "subtitle": subtitle, "labels": RUNGS, "note": note}
