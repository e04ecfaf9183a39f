"""Titles, subtitles and labels of the figures on root causes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from voclib.results import Estimate, Ladder, Text
from voclib.sentences import say
from voclib.studies.root_cause import tables as laid
from voclib.studies.root_cause import text as words
from voclib.studies.root_cause import trail
from voclib.text.parts import Parts

RUNGS = {
    "fitted": (Text("除以装车数，与同类批次比", "Per vehicle fitted, against siblings"), Text("同零件、同车型", "Same part and model")),
    "adjusted": (Text("扣除车龄与月份", "Adjusted for age and calendar"), Text("若事先就点名这一个批次", "As if named in advance")),
    "picked": (Text("它是挑出来的", "Picked as the highest"), Text("本报告采用：区间按全部批次放宽", "The answer: interval widened for looking at "
                                                                                                     "all")),
    "shrunken": (Text("向其余批次收拢", "Shrunk towards the others"), Text("换一种算法：运气占多少", "Another method: how much is chance")),
}


SHRUNK = Text(
    "区间按事先点名这一批来算。同类批次各按它是普通批次的机会计入：没点到名却可能有问题的，少算一些，区间也为它放宽。"
    "收拢时，批次之间本来相差多少只能从这些数据里学，学不准也算在内；收拢后的区间是对全部批次平均而言，不对某一批单独担保。",
    "Intervals are as if the batch had been named in advance. Siblings count by the chance that they are ordinary batches: one that may be bad "
    "without standing out counts for less, and the intervals are wider for it. Shrinkage allows for how little these data say about how far batches "
    "differ; an interval after shrinkage holds on average over all batches, not for any one of them.")
RETURNS = Text("收拢后的区间是对全部门店平均而言，不对某一家单独担保。",
               "The interval after shrinkage holds on average over all dealers, not for any one of them.")


def captions(made: Any, ladder: Ladder | None, causes: tuple[Estimate, ...], course: pd.DataFrame, rules: Parts, *, long_minutes: float,
             conf_level: float) -> dict[str, dict[str, Any]]:
    """Title (the finding), subtitle (what is drawn) and more of every figure."""
    told = {"batches": _batches(made), "drawn": _drawn(made), "levels": _levels(made, conf_level), "course": _course(made, course, conf_level),
            "voices": _voices(made, rules, conf_level), "causes": _causes(made, causes, rules, long_minutes, conf_level),
            "causes_table": _causes_table(made, rules), "cards": _cards(made), "returned": _returned(made, conf_level)}
    if ladder is not None:
        told["ladder"] = _ladder(made, ladder)
    return told


def _ladder(made: Any, ladder: Ladder) -> dict[str, Any]:
    chosen, most = ladder["picked"], made.found.most
    first = ladder.rungs[0]
    told = {"a": first.group, "b": chosen.group, "x": first, "y": chosen}
    title = say("按次数该查 {a}，它是同类的 {x:bare} 倍；先查的是 {b}，{y:bare} 倍" if first.conf_high >= chosen.value or bool(most["told"])
                else "按次数该查 {a}，它只有同类的 {x:bare} 倍；该查的是 {b}，{y:bare} 倍",
                "Counts point to {a}, with {x:bare} times its siblings' repairs; the one to open first is {b}, with {y:bare} times", **told)
    if first.rung != "repairs":
        title = say("{b} 的维修是同类批次的 {y:bare} 倍", "{b} has {y:bare} times the repairs of its siblings", **told)
    labels = {"repairs": (say("次数最多的 {id}", "{id}, most repairs", id=most["batch_id"]),
                          Text("校正前：按次数排名会查它", "Uncorrected: what a ranking by counts blames")), **RUNGS}
    return {"title": title, "labels": {rung.rung: labels[rung.rung] for rung in ladder.rungs},
            "subtitle": say("每辆车的维修频率，同零件、同车型的其他批次 = 1；横条 = {level:.0%} 区间",
                            "Repairs per vehicle; other batches of the same part and model = 1; bar = {level:.0%} interval", level=chosen.conf_level)}


def _batches(made: Any) -> dict[str, Any]:
    found = made.found
    n = 0 if found is None else found.told
    return {"title": say("{m} 个批次里，{n} 个与同类分得开", "{n} of {m} batches {n:stands|stand} out from {n:its|their} siblings", n=n,
                         m=0 if found is None else found.compared_n),
            "columns": laid.BATCH_COLUMNS,
            "formats": {"batch": "text"},
            "subtitle": Text("收拢后最高的几个，加上次数最多的一个；误报按全部批次控制（BY）",
                             "The highest after shrinkage, and the one with most repairs; false discoveries controlled over all batches (BY)"),
            "note": SHRUNK}


def _drawn(made: Any) -> dict[str, Any]:
    found = made.found
    n = 0 if found is None else found.told
    title = say("{n} 个批次远在碰巧的范围之外", "{n} {n:batch lies|batches lie} far outside what chance allows", n=n) if n else Text(
        "没有一个批次在碰巧的范围之外太远", "No batch lies far outside what chance allows")
    return {"title": title, "description": title, "unit": "ratio", "center": 1.0, "spread": 1.0,
            "n_title": Text("照同类批次该有的维修次数", "Repairs expected from its siblings"),
            "subtitle": Text("每个点是一个批次：维修是同类的几倍；线 = 单看一个批次时碰巧的范围",
                             "Each point is a batch: repairs against siblings; lines = what chance allows for a single batch"),
            "note": Text("按同类批次算该有不到一次维修的批次没有画。", "Batches with fewer than one expected repair are not drawn.")}


def _levels(made: Any, level: float) -> dict[str, Any]:
    row = None if made.found is None else made.found.row
    if row is None:
        return {"title": words.NO_BATCH, "subtitle": words.NO_BATCH, "labels": {}}
    high = trail.raised(made.levels)
    others = [e for e in made.levels if e.kind == "estimate" and e.group != "batch"]
    title = Text("只有这一个批次偏高，它上面的层级都看不出偏高", "Only this batch is high; no level above it appears to be")
    if made.found.told > 1:
        title = say("{n} 个批次与同类分得开，这个最高；它上面的层级看不出偏高",
                    "{n} batches stand out, this one most; no level above it appears to be high", n=made.found.told)
    if high or not others:
        title = Text("偏高的不止这个批次", "This batch is not the only one high") if high else Text("没有别的可比", "There is nothing else to "
                                                                                                                    "compare with")
    supplier = str(row["supplier"])
    labels = {"batch": say("批次 {id}", "Batch {id}", id=row["batch_id"]),
              "made_then": say("前后 {d} 天生产的同种零件", "Same part made within {d} days", d=trail.NEAR_DAYS),
              "supplier_part": say("{s}的其他批次，同种零件", "Other batches of {s}, same part", s=supplier),
              "supplier_rest": say("{s}的其他零件", "Other parts of {s}", s=supplier),
              "part_model": Text("同零件、同车型的其他批次", "Other batches of this part and model")}
    return {"title": title, "labels": labels, "sort": "given",
            "subtitle": say("维修频率之比，各与另一方相比，后几行不含这个批次；横条 = {level:.0%} 区间",
                            "Ratio of repair rates, each against its counterpart; later rows exclude the batch; bar = {level:.0%} interval",
                            level=level)}


def _course(made: Any, course: pd.DataFrame, level: float) -> dict[str, Any]:
    if course.empty:
        return {"title": words.NO_BATCH, "subtitle": words.NO_BATCH, "description": words.NO_BATCH}
    found = words.since(made.found)
    title = found[0] if found else Text("看不出从哪天开始变高；它可能一直偏高", "No starting day can be seen; it may have been high all along")
    within = found[1] if found else None
    labels = {"batch": Text("这个批次", "This batch"), "siblings": Text("同类批次", "Siblings")}
    subtitle = say("每千辆车四周的维修次数；色带 = {level:.0%} 区间",
                   "Repairs per 1,000 vehicles per four weeks; ribbon = {level:.0%} interval", level=level)
    return {"title": title, "description": title, "labels": labels, "unit": "count", "note": within, "subtitle": subtitle}


def _voices(made: Any, rules: Parts, level: float) -> dict[str, Any]:
    row = None if made.found is None else made.found.row
    if row is None:
        return {"title": words.NO_VOICE, "subtitle": words.NO_VOICE, "labels": {}}
    topic, control = rules.topic_name(rules.topic.get(row["part"], "—")), rules.topic_name(rules.control)
    labels = {"customers": say("车主的抱怨：“{t}”", "Owners' complaints: {t}", t=topic),
              "customers_control": say("车主的抱怨，对照：“{t}”", "Owners, control: {t}", t=control),
              "frontline": say("一线上报：{m} 的“{t}”", "Frontline, {m}: {t}", m=row["product"], t=topic),
              "frontline_control": say("一线上报，对照：{m} 的其他主题", "Frontline, control: other topics of {m}", m=row["product"])}
    return {"title": _voice_title(made), "labels": labels, "sort": "given",
            "subtitle": say("车主：抱怨里说到它的占比，与同类批次的车主比；一线：开始之后的 90 天，与之前和别的车型比；横条 = {level:.0%} 区间",
                            "Owners: its share of their complaints, against owners with sibling batches; frontline: the 90 days since onset, against "
                            "before and other models; bar = {level:.0%} interval", level=level)}


def _voice_title(made: Any) -> Text:
    follow, heard = made.follow, made.heard
    front = heard.found if heard is not None and heard.found.kind == "estimate" else None
    owners = follow.found if follow is not None and follow.found.kind == "estimate" else None
    if front is not None and front.conf_low > 1:
        if owners is None:
            return say("一线报得多了：{a:bare} 倍；车主的抱怨太少，还问不出",
                       "The frontline reports it {a:bare} times as often; too few owners complain to tell", a=front)
        return say("一线报得多了：{a:bare} 倍；车主说到它是同类批次的 {b:bare} 倍",
                   "The frontline reports it {a:bare} times as often, and owners mention it {b:bare} times as often", a=front, b=owners)
    if owners is not None and owners.conf_low > 1:
        return say("车主说到它是同类批次的 {b:bare} 倍", "Owners mention it {b:bare} times as often as owners with sibling batches", b=owners)
    if owners is None and front is None:
        return Text("声音太少，问不出跟没跟着变", "Too few voices to tell whether they follow")
    return Text("看不出声音跟着变", "No sign that voices follow")


def _causes(made: Any, causes: tuple[Estimate, ...], rules: Parts, long_minutes: float, level: float) -> dict[str, Any]:
    if not causes:
        return {"title": words.NO_CAUSES, "subtitle": words.NO_CAUSES, "labels": {}}
    rows = made.operations.table.to_dict("records")
    names = {laid.pair_key(row): laid.pair_name(row, rules) for row in rows}
    backed = made.operations.backed
    title = say("{k} 对站得住；最强的是{first}", "{k} {k:pair holds|pairs hold} up; the strongest is {first}", k=len(backed),
                first=names[laid.pair_key(backed.iloc[0].to_dict())]) if len(backed) else Text("没有一对站得住", "No pair holds up")
    return {"title": title, "labels": {e.group: names[e.group] for e in causes}, "sort": "given",
            "subtitle": say("抱怨里该主题的占比变为几倍，同店同月内比；横条 = {level:.0%} 区间，灰圈 = 不分门店",
                            "Share of complaints about the topic, as a ratio within dealer and month; bar = {level:.0%} interval, grey ring = "
                            "dealers pooled",
                            level=level),
            "note": say("等得久 = 超过 {m} 分钟；当月经营按门店自己高一个标准差算，换店长与促销按有无算。低于 1 的多半是别的主题占多了。",
                        "A long wait is more than {m} minutes; monthly measures are per standard deviation of the dealer's own, new managers and "
                        "promotions are yes or no. A ratio below 1 mostly means that another topic takes a larger share.", m=round(long_minutes))}


def _causes_table(made: Any, rules: Parts) -> dict[str, Any]:
    table = made.operations.table if made.operations is not None else pd.DataFrame(columns=["told"])
    control = rules.topic_name(rules.control)
    return {"title": say("{n} 对里 {k} 对与碰巧分得开", "{k} of {n} pairs can be distinguished from "
                                                        "chance", n=len(table), k=int(table["told"].sum())),
            "columns": laid.CAUSE_COLUMNS,
            "subtitle": say("站得住 = 与碰巧分得开（BY）、占比变大、下一次不再相伴、对照主题“{t}”不涨",
                            "Holds up = distinguished from chance (BY), a larger share, no link with the next contact or month, and the control "
                            "topic {t} "
                            "does not rise", t=control)}


def _cards(made: Any) -> dict[str, Any]:
    cards = made.cards
    n = {name: int(cards["where"].eq(name).sum()) if len(cards) else 0 for name in ("batch", "dealer", "both", "even")}
    return {"title": say("{m} 种零件：{a} 种集中在批次，{b} 种集中在门店，其余看不出",
                         "Of {m} parts, repairs of {a} cluster in batches and of {b} at dealers; the rest show no pattern", m=len(cards),
                         a=n["batch"] + n["both"], b=n["dealer"] + n["both"]),
            "columns": laid.CARD_COLUMNS,
            "subtitle": Text("批次与同类比，门店与同车型的零件构成比；误报按全部零件控制（BH）",
                             "Batches against siblings, dealers against the mix of parts for the same models; false discoveries controlled (BH)"),
            "note": Text("“看不出集中”不等于用户用错：设计如此还是用法如此，这些表分不开。",
                         "“No pattern seen” does not mean user error: these tables cannot separate design from use.")}


def _returned(made: Any, level: float) -> dict[str, Any]:
    given = made.returns
    title = Text("返修", "Repeat repairs")
    if given is not None and given.highest is not None:
        title = say("最高的一家看着有 {a:bare}，收拢后约 {b:bare}；{n} 家里 {k} 家分得开",
                    "The highest dealer shows {a:bare}, about {b:bare} after shrinkage; {k} of {n} {k:stands|stand} "
                    "out", a=given.highest, b=given.drawn,
                    n=given.dealers, k=given.told)
    return {"title": title, "sort": "given", "note": None if given is None or given.drawn is None else RETURNS,
            "labels": {"all": Text("全部门店", "All dealers"), "highest": Text("最高的一家，照它自己的数", "The highest dealer, by its own numbers"),
                       "drawn": Text("同一家，向其余门店收拢", "The same dealer, shrunk to the others"), "": Text("返修", "Repeat repairs")},
            "subtitle": say("30 天内同一辆车同一种零件又修的占比，同一天的几行算一次；横条 = {level:.0%} 区间；不点名",
                            "Same vehicle and part repaired again within 30 days, several lines on one day counted once; bar = {level:.0%} interval; "
                            "no dealer is "
                            "named", level=level)}
