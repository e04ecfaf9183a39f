"""What is said of the worth of a point of NPS, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voclib.errors import VocError
from voclib.results import Estimate, Ladder, Text
from voclib.sentences import say
from voclib.studies.nps_revenue import text as money
from voclib.studies.nps_revenue.cohort import Cohort

PATHS = {
    "detractor_to_passive": Text("1% 的客户由贬损变中立", "1% of customers from detractor to passive"),
    "passive_to_promoter": Text("1% 的客户由中立变推荐", "1% from passive to promoter"),
    "detractor_to_promoter": Text("0.5% 的客户由贬损变推荐", "0.5% from detractor to promoter"),
    "tilt": Text("所有人都好一点点", "Everyone slightly happier"),
}
CLASSES = {"detractors": Text("贬损者", "Detractors"), "passives": Text("中立者", "Passives"), "promoters": Text("推荐者", "Promoters")}
SLOPE = {
    "single": (
        Text("只看一次打分", "From a single score"),
        Text("一次打分有偶然，差别被冲淡", "A single score is partly chance, which dilutes the difference"),
    ),
    "corrected": (
        Text("用第二次打分校正", "Corrected by a second score"),
        Text("同一客户两次打分互为参照", "Two scores from one customer check each other"),
    ),
}


def too_few(count: int, floor: int) -> tuple[Text, Text]:
    """Why no point is priced."""
    return (
        say(
            "作答后能跟满期限的客户只有 {n} 位，下限 {k}。",
            "Only {n} customers answered and can be followed over the whole horizon; at least {k} needed.",
            n=count,
            k=floor,
        ),
        Text("更早的调研，或更长的账目。", "Earlier surveys or a longer ledger."),
    )


def alike(count: int, each: float) -> tuple[Text, Text]:
    """Why no point is priced where everybody brought the same."""
    return (
        say("{n} 位作答客户带来的金额都是 {x:,.2f}，没有差别可比。",
            "All {n} customers who answered brought the same amount, {x:,.2f}, so there is no difference to compare.", n=count, x=each),
        Text("记有金额的账目，客户编号与调研一致。", "Bookings with amounts and the same customer numbers as the survey."),
    )


def no_second(error: VocError) -> tuple[Text, Text]:
    """Why the noise of single scores cannot be taken out."""
    return (
        Text("两次作答的客户太少，无法扣除单次打分的偶然。", f"The noise in single scores cannot be removed: {error}"),
        Text("更多客户的第二次打分。", "A second score from more customers."),
    )


def no_cohort(error: VocError) -> tuple[Text, Text]:
    """Why contacts and bookings price no point; the English words hold the message of the part that failed."""
    return (
        Text("接触、客户与账目凑不成一年可比的客户，一分换算不成钱。", f"A point cannot be converted into money: {error}"),
        Text("同一时期的接触与客户，以及接触之后满一年的账目。",
             "Contacts and customers from the same period, and a full year of bookings after the contacts."),
    )


Caption = Mapping[str, Any]


def captions(paths: Sequence[Estimate], naive: Mapping[str, Estimate], slope: Ladder, cohort: Cohort, customers: int) -> Mapping[str, Caption]:
    """Titles and labels of the three figures."""
    counted = money.measure(cohort)
    about = {"n": customers, "t": money.span(cohort), "m": counted, "M": Text(counted.zh, counted.en.capitalize())}
    classes = {
        "title": say("作答之后，推荐者与贬损者的{m}相差多少", "How much more promoters than detractors brought after answering", **about),
        "subtitle": say("每位客户{t}{m}，此前的消费与时长相同", "{M} per customer over {t}, at equal earlier spending and tenure", **about),
        "labels": CLASSES,
    }
    figures = {"paths": _paths(paths, about), "classes": classes, "slope": _slope(slope, about)}
    if drawn := [e for e in paths if e.kind == "estimate"]:
        beneath = {e.group: say("校正前 {x:bare}", "uncorrected {x:bare}", x=naive[e.group]) for e in drawn if e.group in naive}
        figures["bars"] = {**figures["paths"], "beneath": beneath, "unit": cohort.unit,
                           "description": Text("四条路各值多少，带区间。", "The worth of each of the four paths, with intervals.")}
    return figures


def _paths(paths: Sequence[Estimate], about: Mapping[str, Any]) -> Caption:
    priced = [e for e in paths if e.kind == "estimate"]
    title = Text("这些数据给不出“1 分值多少钱”", "These data cannot say what one point is worth")
    if priced:
        low, high = min(priced, key=lambda e: e.value), max(priced, key=lambda e: e.value)
        exact = min(priced, key=lambda e: e.conf_high - e.conf_low)
        title = say(
            "“NPS 涨 1 分”没有一个价：从 {a:bare} 到 {b:bare}，看涨在谁身上",
            "“One more point” has no single price: {a:bare} to {b:bare}, depending on whose score rises",
            a=low,
            b=high,
        )
        if 0 < high.value < 1.3 * low.value:
            title = say(
                "“NPS 涨 1 分”约值 {x:bare}（{x:interval}），四条路相差不大",
                "One more point is worth about {x:bare} ({x:interval}), much the same on all four paths",
                x=exact,
            )
    note = Text(
        "这是校正后的差别，不是“涨了就会有”的钱；四条路是同一笔钱的不同走法，不能相加。",
        "These are adjusted differences, not money that follows a rise; the paths are different routes to the same money and cannot be added.",
    )
    subtitle = say("{n} 位客户、{t}{m}；四条路都让 NPS 涨 1 分", "{n} customers, {m} over {t}; each path raises NPS by one point", **about)
    return {"title": title, "subtitle": subtitle, "labels": PATHS, "note": note}


def _slope(slope: Ladder, about: Mapping[str, Any]) -> Caption:
    corrected = slope[slope.chosen]
    title = corrected.reason
    if corrected.kind != "refusal":
        title = say(
            "打分高 1 分的客户多 {x:bare}（{x:interval}）；只看一次打分是 {s:bare}",
            "A customer who scores one point higher brings {x:bare} more ({x:interval}); a single score shows {s:bare}",
            x=corrected,
            s=slope.rungs[0],
        )
    return {
        "title": title,
        "subtitle": say("每位客户{t}{m}，有两次打分的客户", "{M} per customer over {t}, customers with two scores", **about),
        "labels": {rung.rung: SLOPE[rung.rung] for rung in slope.rungs},
    }
