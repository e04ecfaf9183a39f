"""Titles, subtitles and labels of the figures on live projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from voclib.loop.outer_loop import names as outer_names
from voclib.loop.outer_loop import text as words
from voclib.loop.outer_loop.effects import Effects
from voclib.loop.outer_loop.funnel import DECIDE_DAYS, REPORT_DAYS, Funnel
from voclib.loop.outer_loop.tables import DEPARTMENT_COLUMNS, QUARTER_COLUMNS, TRACKER_COLUMNS
from voclib.results import Estimate, Ladder, Text
from voclib.sentences import say

RUNGS = {
    "naive": (
        Text("前后两个月", "A month before, a month after"),
        Text("校正前：立项前一个月比落地后一个月", "Uncorrected: before approval, after go-live"),
    ),
    "plain": (
        Text("与平常比", "Against the usual rate"),
        Text("去掉立项前那一阵，用全部更早的记录", "Excludes the run-up, uses all earlier records"),
    ),
    "controlled": (
        Text("再扣除共同的涨落", "Common movement removed"),
        Text("本报告采用：与其他主题同期比", "The answer: other subjects in the same period"),
    ),
    "range": (
        Text("扣不扣共同的涨落之间", "With and without the common movement"),
        Text("本报告采用：可作对照的主题太少，只给范围", "The answer: too few comparison subjects, so only a range"),
    ),
    "like_these": (
        Text("同类项目的平均", "Projects like these"),
        Text("下一批能指望多少：项目之间相差很大", "What the next may expect: projects differ widely"),
    ),
}
PHASES = {
    "usual": Text("平常", "Usual"),
    "run_up": Text("立项前", "Run-up"),
    "between": Text("已立项", "Approved"),
    "after": Text("落地后", "Live"),
}
PLACEBOS = {
    "landed": Text("落地后", "After go-live"),
    "between": Text("立项后、落地前：还没做", "Approved, not yet live"),
    "idle": Text("没有项目，只因为高才挑的", "No project, picked for being high"),
}
STEPS = {
    "adopted": say("建议在 {d} 天内采纳", "Adopted within {d} days", d=DECIDE_DAYS),
    "on_time": Text("项目按期落地", "Live by the due date"),
    "reported": say("落地后 {d} 天内有复盘报告", "Reviewed within {d} days", d=REPORT_DAYS),
}
CAUSES = {"adopted": Text("采纳", "Adopted"), "rejected": Text("否决", "Rejected")}


def captions(
    *,
    effects: Effects,
    ladder: Ladder | None,
    drawn: pd.DataFrame,
    course: pd.DataFrame,
    chosen: str,
    placebo: tuple[Estimate, ...],
    rings: Mapping[str, Estimate],
    funnel: Funnel | None,
    steps: tuple[Estimate, ...],
    tracker: pd.DataFrame,
    departments: pd.DataFrame,
    names: outer_names.Names,
    conf_level: float,
) -> dict[str, dict[str, Any]]:
    """Title (the finding), subtitle (what is drawn) and more of every figure."""
    made = {
        "projects": _projects(effects, names, conf_level),
        "placebo": _placebo(placebo, rings, conf_level),
        "course": _course(course, chosen, names, conf_level),
        "drawn": _drawn(drawn, names, conf_level),
        "steps": _steps(steps, conf_level),
        **_lists(tracker, departments),
    }
    if ladder is not None:
        made["ladder"] = _ladder(ladder, conf_level)
    if funnel is not None:
        made |= _funnel(funnel, conf_level)
    return made


def _rung(name: str, chosen: str) -> tuple[Text, Text]:
    """What a rung is called and what it adds; one that is not the answer is not called so."""
    if name == "controlled" and name != chosen:
        return RUNGS[name][0], Text("与其他主题同期比", "Other subjects in the same period")
    return RUNGS[name]


def _ladder(ladder: Ladder, level: float) -> dict[str, Any]:
    first, chosen = ladder.rungs[0], ladder[ladder.chosen]
    title = say(
        "前后两个月说减少 {a:bare}，与平常比是 {b:bare}",
        "A month before and after suggest a fall of {a:bare}; against the usual rate it is {b:bare}",
        a=first,
        b=chosen,
    )
    return {
        "title": title,
        "labels": {rung.rung: _rung(rung.rung, ladder.chosen) for rung in ladder.rungs},
        "subtitle": say(
            "{n} 个能评的项目，落地后问题发生频率平均减少多少；横条 = {level:.0%} 区间",
            "Average fall in how often the problem occurs after go-live, {n} {n:project|projects} judged; bar = {level:.0%} interval",
            n=chosen.n or 0,
            level=level,
        ),
    }


def _projects(effects: Effects, names: outer_names.Names, level: float) -> dict[str, Any]:
    judged = effects.judged
    told = int((judged["told"] & (judged["log"] < 0)).sum()) if len(judged) else 0
    return {
        "title": say(
            "{m} 个落地的项目里 {n} 个能评，其中 {k} 个的问题确实少了",
            "{n} of {m} live projects can be judged; in {k} the problem is clearly smaller",
            m=len(effects.table),
            n=len(judged),
            k=told,
        ),
        "labels": {key: names.project(key) for key in effects.table["project_id"]} if len(effects.table) else {},
        "subtitle": say(
            "问题发生频率减少多少，右边是少了；横条 = {level:.0%} 区间，灰圈 = 前后两个月对比",
            "Fall in how often the problem occurs, smaller to the right; bar = {level:.0%} interval, grey ring = a month before and after",
            level=level,
        ),
        "note": Text(
            "“确实少了”：问题比平常少，也比落地前那一段少；已按项目个数控制误报。",
            "Clearly smaller: below the usual rate and below the stretch just before go-live, with false discoveries controlled across projects.",
        ),
    }


def _placebo(placebo: tuple[Estimate, ...], rings: Mapping[str, Estimate], level: float) -> dict[str, Any]:
    rows = {one.group: one for one in placebo}
    if "between" in rows and "between" in rings:
        title = say(
            "还没落地，前后两个月就说“减少 {b:bare}”；与平常比只有 {a:bare}",
            "Before go-live, a month before and after already claim {b:bare}; against the usual rate it is only {a:bare}",
            a=rows["between"],
            b=rings["between"],
        )
    else:
        title = Text("还没落地时看到了什么", "What shows before go-live")
    return {
        "title": title,
        "labels": PLACEBOS,
        "sort": "given",
        "subtitle": say(
            "问题频率平均减少多少；横条 = {level:.0%} 区间，灰圈 = 前后两个月对比；后两行本该接近 0",
            "Average fall; bar = {level:.0%} interval, grey ring = a month before and after; all but the first should be near zero",
            level=level,
        ),
    }


def _course(course: pd.DataFrame, chosen: str, names: outer_names.Names, level: float) -> dict[str, Any]:
    if not len(course):
        return {"title": words.NO_COURSE, "subtitle": words.NO_COURSE, "description": words.NO_COURSE}
    mean = {phase: float((part["estimate"] * part["n"]).sum() / part["n"].sum()) for phase, part in course.groupby("phase")}
    share = {k: say("{x}", "{x}", x=f"{v:.1%}").en for k, v in mean.items()}
    if {"run_up", "after", "usual"} <= set(mean):
        title = say(
            "{name}：立项前 {b}，落地后 {c}；可平常只有 {a}",
            "{name}: {b} in the run-up, {c} after go-live, but {a} was usual",
            name=names.project(chosen),
            a=share["usual"],
            b=share["run_up"],
            c=share["after"],
        )
    else:
        title = say("{name}的走势", "{name} over time", name=names.project(chosen))
    return {
        "title": title,
        "description": title,
        "labels": PHASES,
        "ends": {phase: Text(f"平均 {x}", f"mean {x}") for phase, x in share.items()},
        "subtitle": say(
            "占同一张表全部事件的比例，每四周；色带 = {level:.0%} 区间，线尾是该段平均；画的是把握最大的一个项目",
            "Share of all events in its table, every four weeks; ribbon = {level:.0%} interval, line ends show each stretch's mean; the clearest "
            "project is drawn",
            level=level,
        ),
    }


def _drawn(drawn: pd.DataFrame, names: outer_names.Names, level: float) -> dict[str, Any]:
    if not len(drawn):
        return {"title": words.NO_DRAWN, "subtitle": words.NO_DRAWN, "description": words.NO_DRAWN}
    top, last = drawn.iloc[0], drawn.iloc[-1]
    title = say(
        "减少最多的约 {a:.0%}，最少的约 {b:.0%}：差别不全是碰巧"
        if top["low"] > last["high"]
        else "减少最多的约 {a:.0%}，最少的约 {b:.0%}，差别可能是碰巧",
        "The largest fall is about {a:.0%}, the smallest {b:.0%}: not all chance"
        if top["low"] > last["high"]
        else "The largest fall is about {a:.0%}, the smallest {b:.0%}, which may be chance",
        a=float(top["value"]),
        b=float(last["value"]),
    )
    return {
        "title": title,
        "description": title,
        "subtitle": say(
            "减少多少，{level:.0%} 区间；点 = 向均值收拢后，灰圈 = 各自的估计",
            "Fall, {level:.0%} interval; dot = shrunk towards the mean, grey ring = own estimate",
            level=level,
        ),
        "unit": "share",
        "labels": {key: names.project(key) for key in drawn["key"]},
        "words": {
            "shown": Text("画出 {drawn} 个，共 {all} 个", "{drawn} of {all} are drawn"),
            "raw": Text("各自的估计与区间", "Own estimate, with its interval"),
        },
    }


def _steps(steps: tuple[Estimate, ...], level: float) -> dict[str, Any]:
    told = {one.group: one for one in steps if one.kind == "estimate"}
    if "on_time" in told:
        title = say("按期落地的项目占 {a:bare}", "{a:bare} of projects go live by their due date", a=told["on_time"])
        if "reported" in told:
            title = say(
                "按期落地的占 {a:bare}，落地后按时复盘的占 {b:bare}",
                "{a:bare} go live by the due date, {b:bare} of live ones are reviewed on time",
                a=told["on_time"],
                b=told["reported"],
            )
    else:
        title = Text("各步按时的占比", "Share on time at each step")
    return {
        "title": title,
        "labels": STEPS,
        "sort": "given",
        "subtitle": say(
            "按时的占比，没走完的也算；横条 = {level:.0%} 区间，灰圈 = 只数已有结果的",
            "Share on time, unfinished ones included; bar = {level:.0%} interval, grey ring = finished ones only",
            level=level,
        ),
    }


def _funnel(funnel: Funnel, level: float) -> dict[str, dict[str, Any]]:
    n, pending = funnel.stages, int(funnel.quarters["pending"].sum())
    late = say("{n} 条还没有决定，多半是最近提的：不能算作否决", "{n} are still pending, mostly recent: do not count them as rejected", n=pending)
    return {
        "funnel": {
            "title": say(
                "{a} 条建议，{b} 条落了地，{c} 条有复盘报告",
                "Of {a} recommendations, {b} have gone live and {c} have a review",
                a=n["proposed"],
                b=n["landed"],
                c=n["evaluated"],
            ),
            "subtitle": Text("按建议数；几条建议可以并进同一个项目", "By recommendation; several may be merged into one project"),
        },
        "adoption": _adoption(funnel, level),
        "quarters": {
            "title": late if pending else Text("每条建议都有了决定", "Every recommendation has been decided"),
            "columns": QUARTER_COLUMNS,
            "subtitle": Text("按提出的季度数建议", "Recommendations by the quarter in which they were proposed"),
        },
    }


def _adoption(funnel: Funnel, level: float) -> dict[str, Any]:
    if "refusal" in (funnel.adopted.kind, funnel.of_decided.kind):
        title = Text("建议提出之后多久有决定", "How long a recommendation waits for a decision")
    else:
        title = say(
            "{d} 天内采纳 {a:bare}；只数已有决定的会说 {b:bare}",
            "{a:bare} are adopted within {d} days; counting only decided ones would give {b:bare}",
            d=DECIDE_DAYS,
            a=funnel.adopted,
            b=funnel.of_decided,
        )
    return {
        "title": title,
        "description": title,
        "labels": CAUSES,
        "x_title": Text("提出之后的天数", "Days since proposal"),
        "subtitle": say(
            "已采纳、已否决的占比，没有决定的算“还在等”；色带 = {level:.0%} 区间",
            "Share adopted and rejected by day, pending ones counted as waiting; ribbon = {level:.0%} interval",
            level=level,
        ),
    }


def _lists(tracker: pd.DataFrame, departments: pd.DataFrame) -> dict[str, dict[str, Any]]:
    late, missing = int(tracker["state"].eq("open_late").sum()), int(tracker["missing"].sum())
    best = int(departments["told"].gt(0).sum())
    return {
        "tracker": {
            "title": say("{a} 个过期还没落地，{b} 个落地后没有复盘报告", "{a} {a:is|are} overdue, {b} went live without a review", a=late, b=missing),
            "columns": TRACKER_COLUMNS,
            "formats": dict.fromkeys(("chartered", "due", "landed"), "exact"),  # days do not break
            "subtitle": say(
                "过期的在前，其余新的在前；复盘报告在落地 {d} 天后算缺",
                "Overdue ones first, then the newest; a review counts as missing {d} days after go-live",
                d=REPORT_DAYS,
            ),
        },
        "departments": {
            "title": say(
                "{n} 个部门有项目，其中 {k} 个部门至少有一个项目的问题确实少了",
                "{n} departments have projects; {k} {k:has|have} one whose problem is clearly smaller",
                n=len(departments),
                k=best,
            ),
            "columns": DEPARTMENT_COLUMNS,
            "subtitle": Text("“—”是还没有能评的项目", "A dash means that no project can be judged yet"),
        },
    }
