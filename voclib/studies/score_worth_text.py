"""What is said of the worth of a point of NPS, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voclib.errors import VocError
from voclib.results import Estimate, Ladder, Text
from voclib.sentences import say
from voclib.studies import nps_revenue_text as money
from voclib.studies.cohort import Cohort

PATHS = {
    "detractor_to_passive": Text("1% 的客户由贬损变中立", "1% of customers from detractor to passive"),
    "passive_to_promoter": Text("1% 的客户由中立变推荐", "1% from passive to promoter"),
    "detractor_to_promoter": Text("0.5% 的客户由贬损变推荐", "0.5% from detractor to promoter"),
    "tilt": Text("所有人都好一点点", "Everybody a little happier"),
}
CLASSES = {"detractors": Text("贬损者", "Detractors"), "passives": Text("中立者", "Passives"), "promoters": Text("推荐者", "Promoters")}
SLOPE = {
    "single": (
        Text("只看一次打分", "From a single score"),
        Text("一次打分有偶然，差别被冲淡", "A single score is partly chance, which waters the difference down"),
    ),
    "corrected": (
        Text("用第二次打分校正", "Corrected by a second score"),
        Text("同一客户两次打分互为参照", "Two scores of a customer vouch for each other"),
    ),
}


def too_few(count: int, floor: int) -> tuple[Text, Text]:
    """Why no point is priced."""
    return (
        say(
            "作答后能跟满期限的客户只有 {n} 位，下限 {k}。",
            "Only {n} customers answered and can be followed over the horizon; the floor is {k}.",
            n=count,
            k=floor,
        ),
        Text("更早的调研，或更长的账目。", "Earlier surveys, or a longer ledger."),
    )


def no_second(error: VocError) -> tuple[Text, Text]:
    """Why the noise of single scores cannot be taken out."""
    return (
        Text("两次作答的客户太少，无法扣除单次打分的偶然。", f"The noise of single scores cannot be taken out: {error}"),
        Text("更多客户的第二次打分。", "A second score of more customers."),
    )


def captions(
    paths: Sequence[Estimate], classes: Sequence[Estimate], slope: Ladder, cohort: Cohort, customers: int
) -> Mapping[str, Mapping[str, Any]]:
    """Titles and labels of the three figures."""
    priced = [e for e in paths if e.kind == "estimate"]
    about = {"n": customers, "t": money.span(cohort), "m": money.measure(cohort)}
    title = Text("这些数据给不出“1 分值多少钱”", "These data cannot say what a point is worth")
    if len(priced) > 1:
        low, high = min(priced, key=lambda e: e.value), max(priced, key=lambda e: e.value)
        title = say(
            "“NPS 涨 1 分”没有一个价：从 {a:bare} 到 {b:bare}，看涨在谁身上",
            "“One more point” has no single price: {a:bare} to {b:bare}, by whose score it is",
            a=low,
            b=high,
        )
        if high.value < 1.3 * low.value:
            exact = min(priced, key=lambda e: e.conf_high - e.conf_low)
            title = say(
                "“NPS 涨 1 分”约值 {x:bare}（{x:interval}），四条路相差不大",
                "One more point is worth about {x:bare} ({x:interval}), much the same along all four paths",
                x=exact,
            )
    corrected = slope[slope.chosen]
    return {
        "paths": {
            "title": title,
            "subtitle": say(
                "{n} 位客户、{t}{m}；四条路都让 NPS 涨 1 分", "{n} customers, {m} over {t}; all four paths raise NPS by one point", **about
            ),
            "labels": PATHS,
            "note": Text(
                "灰圈是不校正此前消费的算法。这是校正后的差别，不是“涨了就会有”的钱；四条路是同一笔钱的不同走法，不能相加。",
                "Grey rings leave out earlier spending. These are adjusted differences, not money that comes with a point; the paths are ways to the "
                "same money and are never added.",
            ),
        },
        "classes": {
            "title": say("作答之后，推荐者与贬损者的{m}相差多少", "What promoters and detractors brought after they answered", **about),
            "subtitle": say("每位客户{t}{m}，此前的消费与时长相同", "{m} a customer over {t}, for the same earlier spending and tenure", **about),
            "labels": CLASSES,
        },
        "slope": {
            "title": corrected.reason
            if corrected.kind == "refusal"
            else say(
                "打分高 1 分的客户多 {x:bare}（{x:interval}）；只看一次打分是 {s:bare}",
                "A customer who scores one point higher brings {x:bare} more ({x:interval}); a single score shows {s:bare}",
                x=corrected,
                s=slope.rungs[0],
            ),
            "subtitle": say("每位客户{t}{m}，有两次打分的客户", "{m} a customer over {t}, customers with two scores", **about),
            "labels": {rung.rung: SLOPE[rung.rung] for rung in slope.rungs},
        },
    }
