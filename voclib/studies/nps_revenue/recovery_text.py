"""What is said of a recovery programme, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voclib.results import Check, Estimate, Text
from voclib.sentences import say
from voclib.stats.retest import Recovery

RUNGS = {
    "naive": (Text("被回访的贬损者，再次打分高了多少", "How much higher called detractors scored next time"),
              Text("项目汇报里常见的数字，校正前", "The figure usually reported; uncorrected")),
    "expected": (Text("没有人回访，也会高这么多", "The rise expected without a call"),
                 Text("同样打低分而没有被回访的人；低分本来就会往回走", "Detractors with equally low scores, not called: low scores rise anyway")),
    "adjusted": (Text("可以记在回访名下的", "What can be credited to the calls"), Text("两者之差", "The difference between the two")),
    "sensitivity": (Text("按分数的重复性推算", "From how well scores repeat"),
                    Text("没有可比的人时的推算，不作结论", "A calculation for lack of a comparison, not a finding")),
}
NEEDS = Text("至少 30 位被回访且再次作答的贬损者，以及同样打低分而没有被回访的客户；最好抽签决定回访谁。",
             "At least 30 called detractors who answered again, and equally low scorers who were not called; ideally calls are assigned at random.")
NAME = Text("回访效果有人可比", "Called customers have a comparison group")


def too_few(count: int, floor: int) -> Text:
    """Why no effect of calls is given."""
    return say("被回访且再次作答的贬损者只有 {n} 位，下限 {floor}。", "Only {n} called detractors answered again; at least {floor} needed.",
               n=count, floor=floor)


def nobody(count: int, floor: int) -> Check:
    """The check where there are too few."""
    return Check(NAME, None, too_few(count, floor))


def compared(found: Recovery, apart: float) -> Check:
    """Who was compared, and whether both kinds answer again at like rates."""
    called, uncalled = found.answered
    said = say("{a} 位被回访、{b} 位没有被回访的贬损者再次作答，占各自的 {p:.0%} 和 {q:.0%}。",
               "{a} called and {b} uncalled detractors answered again, {p:.0%} and {q:.0%} of each group.",
               a=found.n_called, b=found.n_comparison, p=called, q=uncalled)
    consequence = Text("两边再次作答的比例相差太大，差额里混有“谁肯再答”。",
                       "The two groups answer again at such different rates that the difference partly reflects who answers.")
    return Check(NAME, found.fit is not None and abs(called - uncalled) <= apart, said, consequence)


def captions(adjusted: Estimate, naive: Estimate | None = None, expected: Estimate | None = None) -> Mapping[str, Any]:
    """Title, subtitle and labels of the ladder."""
    if naive is None:
        return {"title": adjusted.reason, "labels": {"adjusted": RUNGS["adjusted"]}}
    drawn = {name: pair for name, pair in RUNGS.items() if name != "sensitivity" or adjusted.kind == "refusal"}
    if adjusted.kind == "refusal":
        return {"title": adjusted.reason, "labels": drawn}
    holds = adjusted.conf_low <= 0 <= adjusted.conf_high
    seen = Text("看不出回访起了作用", "no effect of the calls is visible") if holds else Text("扣除之后仍有差别", "a difference remains")
    title = say("被回访的人高了 {a:bare} 分，没被回访的也高了 {b:bare} 分：{v}",
                "Called detractors rose by {a:bare} points, uncalled ones by {b:bare}: {v}", a=naive, b=expected, v=seen)
    subtitle = Text("首次打 6 分及以下、之后又作答的客户，NPS 的变化", "Customers who first gave 6 or less and answered again: change in NPS")
    note = Text("前提：首次打分相同的贬损者，是否被回访与下次会打几分无关。被回访的都写过评论；如果更委屈的人更爱写，差额会偏低。",
                "Assumption: among detractors with the same first score, being called is unrelated to the next score. "
                "All those called had left a comment; if more aggrieved customers write more, the difference is too low.")
    return {"title": title, "subtitle": subtitle, "labels": drawn, "note": note}
