"""What is said of topic shares, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib.results import Check, Estimate, Text
from voclib.sentences import say
from voclib.stats import prevalence
from voclib.studies.scores.text import interval, written

TOPICS = {
    "booking": Text("预约系统", "booking system"),
    "charging": Text("充电", "charging"),
    "delivery_delay": Text("交付延迟", "delivery delay"),
    "driving_range": Text("续航", "driving range"),
    "infotainment": Text("车机卡顿", "infotainment lag"),
    "lounge": Text("休息区", "lounge"),
    "noise": Text("异响", "rattles and noise"),
    "parts_price": Text("配件价格", "price of parts"),
    "repair_quality": Text("维修质量", "repair quality"),
    "sales_attitude": Text("销售态度", "sales attitude"),
    "service_advisor": Text("服务顾问", "service adviser"),
    "vehicle_price": Text("车价政策", "car price policy"),
    "waiting_time": Text("等待时间", "waiting time"),
    "warranty": Text("质保", "warranty"),
}
COLUMNS = {
    "topic": Text("主题", "Topic"),
    "naive": Text("占评论（未校正）", "Of comments (uncorrected)"),
    "corrected": Text("占客户（校正）", "Of customers (corrected)"),
    "interval": Text("区间", "Interval"),
    "rank": Text("名次可能", "Possible rank"),
    "errors": Text("分类器 灵敏度/特异度", "Classifier sensitivity/specificity"),
}


NO_TABLES = Text(
    "这份数据里没有主题标注，或没有人工标注，谈不上主题占比。",
    "These data contain no coded topics, or none labelled by people, so no topic shares can be given.",
)


def few_labels(labelled: int, floor: int) -> Text:
    """Too few labels to take classifier error out."""
    return say(
        "带分数、能顺着邀请对上接触的问卷评论里，人工标注的只有 {n} 条，下限 {floor}：分类器的错无法扣除，不给占比。",
        "Of the survey comments with a score and an invitation, only {n} {n:was|were} labelled by people; at least {floor} needed. Classifier error "
        "cannot be removed, so no share is given.",
        n=labelled,
        floor=floor,
    )


def few_of_a_topic(most: int, floor: int) -> Text:
    """No topic has labels enough."""
    return say(
        "没有一个主题标注满 {floor} 条评论（最多的 {n} 条），不给占比；标注时，一条评论的每个主题都要标。",
        "No topic has {floor} labelled comments (the most is {n}), so no share is given; when labelling, mark every topic of each comment.",
        n=most,
        floor=floor,
    )


def named(topic: str) -> Text:
    """What a topic is called."""
    return TOPICS.get(topic, Text(topic, topic))


def table(found: Sequence[tuple[prevalence.Share, Estimate, prevalence.Rank]], conf_level: float) -> pd.DataFrame:
    """One row a topic, largest corrected share first; `raw`, `value`, `low` and `high` are for the chart."""
    rows = []
    for share, corrected, rank in found:
        plain = share.naive.estimate("topic_share", unit="share", conf_level=conf_level, low=0, high=1)
        spread = f"{rank.best}" if rank.best == rank.worst else f"{rank.best}–{rank.worst}"
        rates = f"{share.sensitivity:.0%} / {share.specificity:.0%}"
        rows.append(
            {
                "key": share.topic,
                "topic": named(share.topic),
                "naive": written(plain),
                "corrected": written(corrected),
                "interval": interval(corrected),
                "rank": Text(spread, spread),
                "errors": Text(rates, rates),
                "raw": plain.value,
                "value": corrected.value,
                "low": corrected.conf_low,
                "high": corrected.conf_high,
            }
        )
    return pd.DataFrame(rows)


def gold_check(labelled: int, floor: int) -> Check:
    """Enough comments labelled by people."""
    return Check(
        Text("人工标注够用", "Enough human labels"),
        labelled >= floor,
        say("{n} 条评论由人标注，下限 {floor}。", "{n} comments were labelled by people; at least {floor} needed.", n=labelled, floor=floor),
        Text("分类器的错无法扣除。", "Classifier error cannot be removed."),
    )


def agreement_check(agreement: pd.DataFrame, floor: float) -> Check:
    """Whether labellers of the same comments agree."""
    name = Text("标注者彼此一致", "Labellers agree")
    alpha = float(agreement["alpha"].iloc[-1]) if len(agreement) else float("nan")
    if alpha != alpha:
        alone = Text("没有评论由两人标注，一致性无从核对。", "No comment was labelled twice, so agreement cannot be checked.")
        return Check(name, None, alone)
    found = say("一致性 α = {a:.2f}，下限 {floor:.2f}。", "α = {a:.2f}; at least {floor:.2f} needed.", a=alpha, floor=floor)
    doubt = Text("标注本身不可靠，下面的比例只作参考。", "The labels themselves are unreliable; take the shares below only as a guide.")
    return Check(name, alpha >= floor, found, doubt)


def left_out_check(topics: Sequence[str], floor: int) -> Check:
    """Topics without enough labels, by name."""
    name = Text("每个主题都有标注", "Every topic is labelled")
    if not topics:
        return Check(name, True, say("每个主题至少有 {n} 条评论由人标注。", "Every topic has at least {n} labelled comments.", n=floor))
    zh, en = "、".join(named(t).zh for t in topics), ", ".join(named(t).en for t in topics)
    found = say("标注不足 {n} 条的主题：{t}。", "Topics with fewer than {n} labelled comments: {t}.", n=floor, t=Text(zh, en))
    return Check(name, False, found, Text("这些主题不在表里。", "These topics are not in the table."))


def comments_check(comments: int, contacts: int) -> Check:
    """How few contacts have a comment."""
    found = say(
        "{n} 次接触里有评论的只有 {k} 次（{s:.0%}），其余按画像与分数补回。",
        "Only {k} of {n} contacts have a comment ({s:.0%}); the rest are filled in by behaviour and score.",
        n=contacts,
        k=comments,
        s=comments / contacts,
    )
    return Check(Text("有评论的接触", "Contacts with a comment"), None, found)


def captions(corrected: Sequence[Estimate], naive: Mapping[str, Estimate]) -> dict[str, Mapping[str, Any]]:
    """Titles of the figure and the table."""
    top = corrected[0]
    moved = max(corrected, key=lambda e: abs(e.value - naive[e.group].value))
    title = say(
        "客户最常遇到的是{t}，{x:bare} 的客户（{x:interval}）",
        "The topic customers meet most often is {t}: {x:bare} of them ({x:interval})",
        t=named(top.group),
        x=top,
    )
    note = say(
        "与“占评论”差得最多的是{t}：{a:bare} → {b:bare}。",
        "Furthest from its share of comments: {t}, {a:bare} → {b:bare}.",
        t=named(moved.group),
        a=naive[moved.group],
        b=moved,
    )
    subtitle = say(
        "每位客户算一份；灰圈为评论中的占比，实心点为校正后及 {p} 区间",
        "Each customer counts once; grey ring: share of comments; dot: corrected, with {p} interval",
        p=f"{100 * top.conf_level:g}%",
    )
    described = Text("每一行是一个主题，从评论占比到客户占比。", "Each row is a topic, from its share of comments to its share of customers.")
    return {
        "figure": {
            "title": title,
            "subtitle": subtitle,
            "description": described,
            "note": note,
            "label": "key",
            "labels": {e.group: named(e.group) for e in corrected},
            "raw": "raw",
            "corrected": "value",
            "low": "low",
            "high": "high",
        },
        "table": {
            "title": Text("名次只在区间允许的范围内成立", "A rank holds only as far as the intervals allow"),
            "subtitle": Text("扣除分类器错误之后", "After removing classifier error"),
            "columns": COLUMNS,
        },
    }
