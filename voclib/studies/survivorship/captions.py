"""Titles, subtitles and descriptions of the survivorship page's figures; a title says what the figure found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib import numbers
from voclib.results import Estimate, Ladder, Text, Unit
from voclib.sentences import say
from voclib.studies.survivorship import text as words
from voclib.studies.survivorship.correction import Correction, Sensitivity
from voclib.studies.survivorship.frame import Frame

Caption = Mapping[str, Any]
UNLIKE = {
    "nps": Text("成为贬损者（相对中立者）", "being detractors rather than passives"),
    "csat": Text("不满意（相对满意）", "being dissatisfied rather than satisfied"),
}
ENDS = {
    "nps": (Text("推荐者", "promoters"), Text("贬损者", "detractors")),
    "csat": (Text("满意者", "satisfied"), Text("不满意者", "dissatisfied")),
}


def captions(
    *,
    ladder: Ladder,
    everyone: Ladder,
    frame: Frame,
    correction: Correction | None,
    sensitivity: Sensitivity | None,
    possible: Sequence[Estimate],
    departed: Sequence[Estimate],
    stages: pd.DataFrame,
    balance: pd.DataFrame,
    resistance: pd.DataFrame,
    design: pd.DataFrame,
) -> dict[str, Caption]:
    """What each figure needs besides its data, by the name of the figure; only those that can be drawn."""
    made = {"funnel": _funnel(stages), "everyone": _everyone(everyone), "ladder": _ladder(ladder, correction)}
    level = words.percent(ladder["raw"].conf_level)
    if correction is not None:
        made |= {
            "balance": _balance(balance),
            "uneven": _uneven(correction),
            "chances": _chances(correction),
            "design": _design(design, correction, level),
        }
    if sensitivity is not None:
        made["tilt"] = _tilt(sensitivity, frame.metric, ladder["raw"].unit)
    if possible:
        made["possible"] = _possible(possible)
    if len(resistance):
        made["resistance"] = _resistance(resistance)
    if departed:
        made["departed"] = _departed(departed, is_census=frame.is_census)
    made["truth"] = {"title": Text("每一步与真值比", "Each step against the truth"), "columns": words.TRUTH_COLUMNS}
    return made


def _funnel(stages: pd.DataFrame) -> Caption:
    at = stages.set_index("stage")
    whole, heard = int(at.loc["qualifies", "n"]), int(at.loc["answered", "n"])
    paid = at.loc["qualifies", "value_cny"]
    title = say("{n} 位客户里，作答的只有 {k} 位（{s:.0%}）", "Only {k} of {n} customers answered ({s:.0%})", n=whole, k=heard, s=heard / whole)
    if heard == whole:
        title = say("{n} 位客户全部作答", "All {n} customers answered", n=whole)
    made: dict[str, Any] = {
        "title": title,
        "subtitle": Text("每一环节剩下的客户；每人只算最近一次接触", "Customers remaining at each stage; each counts once, by the latest contact"),
    }
    if paid > 0:
        made["value_title"] = Text("在此失去的客户此前 12 个月的毛利", "12-month margin of those lost here")
    return made


def _everyone(everyone: Ladder) -> Caption:
    chosen = everyone[everyone.chosen]
    title = Text("能联系到的客户几乎就是全部客户", "Customers within reach are nearly all customers")
    if chosen.rung == "everyone":
        title = say(
            "算上没有人问得到的客户，只能说在 {x:bare} 之间", "Including those nobody could ask, it is only known to lie within {x:bare}", x=chosen
        )
    elif chosen.kind == "refusal":
        title = chosen.reason
    return {
        "title": title,
        "labels": {r.rung: words.EVERYONE[r.rung] for r in everyone.rungs},
        "subtitle": Text("全体客户，含已流失与联系不到的", "All customers, including those who left or cannot be contacted"),
    }


def _ladder(ladder: Ladder, correction: Correction | None) -> Caption:
    chosen, raw = ladder[ladder.chosen], ladder["raw"]
    title = say("公布 {a:bare}，校正后 {b:bare}", "Published {a:bare}, corrected {b:bare}", a=raw, b=chosen)
    if chosen.kind == "refusal":
        title = chosen.reason
    elif chosen.rung == "raw":
        title = Text("能联系到的客户都作答了，没有可校正的", "Everyone within reach answered; there is nothing to correct")
    elif chosen.kind == "bounds":
        title = say("公布 {a:bare}，数据只允许一个范围：{b:bare}", "Published {a:bare}; the data allow only a range: {b:bare}", a=raw, b=chosen)
    elif chosen.rung == "followup" and ladder["aipw"].kind == "estimate":
        title = say(
            "公布 {a:bare}，按画像加权 {w:bare}，问过沉默者之后 {b:bare}",
            "Published {a:bare}, weighted {w:bare}, and {b:bare} once the silent were asked",
            a=raw,
            w=ladder["aipw"],
            b=chosen,
        )
    return {
        "title": title,
        "labels": {r.rung: words.RUNGS[r.rung] for r in ladder.rungs},
        "beneath": beneath(ladder, correction),
        "subtitle": say(
            "能联系到的全体客户；横线是 {p} 区间", "All customers who can be contacted; lines are {p} intervals", p=words.percent(raw.conf_level)
        ),
    }


def beneath(ladder: Ladder, correction: Correction | None) -> dict[str, Text]:
    """Under each rung: share who spoke, what the answers are worth, share of the population supported."""
    if correction is None:
        return {}
    share = 1 - float(correction.unsupported.mean())
    people = len(correction.people)
    made = {}
    for rung in ladder.rungs:
        if rung.kind == "refusal" or rung.n is None:
            continue
        worth = rung.n_effective if rung.n_effective is not None else rung.n
        made[rung.rung] = say(
            "应答 {r:.0%}·有效 {w:,.0f}·覆盖 {s:.0%}",
            "{r:.0%} heard · effective n {w:,.0f} · {s:.0%} covered",
            r=rung.n / people,
            w=float(worth),
            s=share,
        )
    return made


def _balance(balance: pd.DataFrame) -> Caption:
    worst, after = balance.iloc[0], float(balance["smd_weighted"].abs().max())
    title = say(
        "作答者与全体差得最多的是{name}；加权之后最大差 {b:.2f}",
        "Respondents differ most in {name}; after weighting, the largest difference is {b:.2f}",
        name=worst["name"],
        b=after,
    )
    return {
        "title": title,
        "label": "name",
        "raw": "smd_raw",
        "weighted": "smd_weighted",
        "labels": {name: name for name in balance["name"]},
        "subtitle": Text("标准化差：作答者减全体客户", "Standardised differences: respondents minus all customers"),
        "note": say("差得最多的 {k} 项；共 {n} 项。", "The {k} traits that differ most, of {n}.", k=min(12, len(balance)), n=len(balance)),
        "description": Text("每一行是一项特征，灰圈为校正前，实心点为校正后。",
                            "Each row is a trait; the grey ring is before weighting, the dot after."),
    }


def _uneven(correction: Correction) -> Caption:
    found = correction.evenness
    return {
        "title": say(
            "代表性指标 R = {r:.2f}（{a:.2f}–{b:.2f}）；1 表示人人同样可能作答",
            "R-indicator {r:.2f} ({a:.2f}–{b:.2f}); 1 means everyone is equally likely to answer",
            r=found.value,
            a=found.conf_low,
            b=found.conf_high,
        ),
        "columns": words.UNEVEN_COLUMNS,
        "formats": {"partial": "ratio"},
        "subtitle": Text("各项特征单独造成的不均（偏 R 指标，0 为无）", "Unevenness from each trait alone (partial R, 0 = none)"),
    }


def _chances(correction: Correction) -> Caption:
    share = float(correction.unsupported.mean())
    return {
        "probability": "probability",
        "answered": "is_answered",
        "title": Text("沉默者中找得到与作答者相似的人", "The silent have comparable customers who answered")
        if share < 0.01
        else say("{s:.0%} 的客户没有相似的人作答", "{s:.0%} of customers have nobody comparable who answered", s=share),
        "subtitle": Text("按行为画像估计的作答概率", "Probability of answering, estimated from behaviour"),
        "description": Text(
            "上方为作答者，下方为沉默者，按作答概率分组。",
                "Those who answered are above and the silent below, grouped by their probability of answering."
        ),
    }


def _tilt(sensitivity: Sensitivity, metric: str, unit: Unit) -> Caption:
    point = sensitivity.point
    shown = Estimate(estimand=metric, kind="count", unit=unit, value=point.target)
    given = {"name": words.NAMES[metric], "t": shown, "who": UNLIKE[metric]}
    if point.times != point.times:
        title = say("沉默者再怎么不同，也到不了 {t:bare}", "However different the silent are, {name} never reaches {t:bare}", **given)
    else:
        title = say(
            "沉默者{who}的可能性是同类作答者的 {x} 倍时{name}就到 {t:bare}",
            "If the silent have {x} times the odds of {who}, {name} is {t:bare}",
            x=words.times(point.times),
            **given,
        )
    return {
        "title": title,
        "target": point.target,
        "times_detractor": "times_detractor",
        "times_promoter": "times_promoter",
        "value": "value",
        "unit": unit,
        "axes": (
            say(
                "沉默客户成为{w}的可能，是同类作答客户的几倍",
                "How many times as likely the silent are to be {w} as comparable respondents",
                w=ENDS[metric][1],
            ),
            say("成为{b}的可能，是几倍", "Times as likely to be {b}", b=ENDS[metric][0]),
        ),
        "subtitle": Text(
            "沉默者与行为相同的作答者相比；1 × 1 即按画像加权",
                "The silent against comparable customers who answered; 1 × 1 is weighting by behaviour"
        ),
        "description": say(
            "横轴与纵轴是沉默者成为{best}、{worst}的倍数，颜色是全体客户的分数，黑线是翻转线。",
            "Axes: how many times as likely the silent are to be {best} and {worst}; colour: score of all customers; black line: where it flips.",
            best=ENDS[metric][0],
            worst=ENDS[metric][1],
        ),
    }


def _possible(possible: Sequence[Estimate]) -> Caption:
    widest = next(e for e in possible if e.rung == "manski")
    narrow = next((e for e in possible if e.rung == "followup"), None)
    title = say("什么都不假设，只知道在 {x:bare} 之间", "With no assumptions, it is only known to lie within {x:bare}", x=widest)
    if narrow is not None:
        title = say(
            "不作假设是 {x:bare}；有随机回访收窄到 {y:bare}", "With no assumptions: {x:bare}; with random call-backs: {y:bare}", x=widest, y=narrow
        )
    return {
        "title": title,
        "labels": {e.rung: words.POSSIBLE[e.rung] for e in possible},
        "subtitle": Text("能联系到的全体客户：数据本身允许的范围", "All customers who can be contacted: what the data allow"),
        "description": Text("每一行是一种假设下可能的范围。", "Each row is an assumption; its bar shows what is possible under it."),
    }


def _resistance(found: pd.DataFrame) -> Caption:
    first, last = found.iloc[0], found.iloc[-1]
    title = say(
        "越晚开口越不满：第一次邀请 {a:.0f}，最后 {b:.0f}",
        "Late respondents are less happy: {a:.0f} at the first message, {b:.0f} at the last",
        a=float(first["value"]),
        b=float(last["value"]),
    )
    if last["conf_high"] >= first["conf_low"]:
        title = Text("各轮之间的区间重叠，看不出趋势", "The intervals overlap from message to message; no trend can be seen")
    return {
        "title": title,
        "subtitle": Text(
            "按回答的是第几次邀请分组；只作敏感性参考，不是校正", "By which message was answered; a hint of sensitivity, not a correction"
        ),
        "description": Text("每一点是一轮作答者的分数与区间。", "Each point is one message: the score of those who answered it, with its interval."),
        "labels": words.wave_labels(found),
        "followup": "followup" if (found["wave"] == "followup").any() else None,
        "wave": "wave",
        "value": "value",
        "low": "conf_low",
        "high": "conf_high",
        "n": "n",
    }


def _departed(departed: Sequence[Estimate], *, is_census: bool) -> Caption:
    by = {e.group: e for e in departed}
    title = Text("已流失的客户没有人作答", "Nobody who left had answered")
    if "left" in by and by["left"].kind == "estimate" and "stayed" in by:
        title = say(
            "流失的客户离开前作答的，分数是 {b:bare}；留下的是 {a:bare}",
            "Customers who left had scored {b:bare} before they went; those who stayed score {a:bare}",
            a=by["stayed"],
            b=by["left"],
        )
    elif "left" in by and by["left"].n != 0:
        title = Text("依据不足，比不了留下的与流失的客户", "Too little evidence to compare those who stayed with those who left")
    return {
        "title": title,
        "labels": {e.group: words.DEPARTED[e.group] for e in departed},
        "subtitle": Text("名单上的全部客户", "All customers on the list") if is_census else
        Text("过去一年有过接触的客户", "Customers with a contact in the past year"),
        "description": Text(
            "留下与流失的客户各自的分数，以及流失客户可能的范围。",
                "Scores of those who stayed and of those who left, and the range possible for the latter."
        ),
    }


def _design(design: pd.DataFrame, correction: Correction, level: str) -> Caption:
    rate = correction.completion.rate if correction.completion is not None and correction.completion.drawn else None
    row = design.iloc[min(len(design) - 1, 2)]
    points = correction["raw"].unit == "points"
    width = f"{row['half_width'] * (1 if points else 100):.1f}"
    half = Text(f"{width} 分", f"{width} points") if points else Text(f"{width} 个百分点", f"{width} percentage points")
    priced = "cost" in design
    title = say(
        "回访抽取 {n} 人，约花 {c}，区间半宽约 ±{h}",
        "Drawing {n} for call-backs costs about {c} and gives about ±{h}",
        n=int(row["calls"]),
        h=half,
        c=Text(*(numbers.money(float(row["cost"]), lang) for lang in ("zh", "en"))),
    ) if priced else say("回访抽取 {n} 人，区间半宽约 ±{h}", "Drawing {n} for call-backs gives about ±{h}", n=int(row["calls"]), h=half)
    basis = (
        say("按本期完成率 {r:.0%} 估算", "At this period's completion rate of {r:.0%}", r=rate)
        if rate
        else Text("完成率按门槛值假设", "Completion rate assumed at the gate's minimum")
    )
    return {
        "title": title,
        "subtitle": basis,
        "calls": "calls",
        "cost": "cost" if priced else None,
        "width": "half_width",
        "unit": correction["raw"].unit,
        "description": say(
            "横轴是{x}，纵轴是 {p} 区间半宽。",
            "{x} on the horizontal axis, half-width of the {p} interval on the vertical.",
            p=level,
            x=Text("费用", "Cost") if priced else Text("回访人数", "Calls"),
        ),
    }
