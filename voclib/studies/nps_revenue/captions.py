"""Titles, subtitles, labels and notes of the money page's figures; every title is the finding as a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from voclib import numbers
from voclib.results import Estimate, Ladder, Text
from voclib.sentences import capital, say
from voclib.stats import inference
from voclib.stats.dose import DoseResponse
from voclib.studies.nps_revenue import text as words
from voclib.studies.nps_revenue.cohort import Cohort
from voclib.studies.nps_revenue.rungs import Rungs

Captions = Mapping[str, Mapping[str, Any]]


def captions(
    *,
    rungs: Rungs,
    ladder: Ladder,
    lost: Ladder,
    kpi: Sequence[Estimate],
    tiers: Sequence[Estimate],
    at_risk: Estimate,
    response: DoseResponse | None,
    steps: pd.DataFrame,
    path: pd.DataFrame,
    curves: pd.DataFrame,
    contour: pd.DataFrame,
    balance: pd.DataFrame,
) -> Captions:
    """Captions by figure."""
    found = {
        "ladder": _ladder(rungs.cohort, ladder),
        "lost": _lost(lost),
        "others": _others(rungs),
        "balance": _balance(balance),
        "truth": _truth(),
        "at_risk": _at_risk(at_risk, ladder),
    }
    if len(steps):
        found["steps"] = _steps(steps, rungs)
    for unit, name in (("pp", "kpi_points"), ("share", "kpi_relative")):
        if some := [e for e in kpi if e.unit == unit]:
            found[name] = _kpi(some)
    if tiers:
        found["tiers"] = _tiers(tiers)
    if len(path):
        found["path"] = _path(rungs)
    if len(curves):
        found["curves"] = _curves(curves, rungs)
    if response is not None:
        found["response"] = _response(response, rungs)
    return found | {"contour": _contour(rungs, contour)}


def withheld(cohort: Cohort, ladder: Ladder, lost: Ladder, at_risk: Estimate) -> Captions:
    """Captions where nothing can be compared: those of figures that tell the reason."""
    told = _lost(lost) | {"title": Text("有多少客户因此而走，不能说", "How many would otherwise have stayed is not known")}
    return {"ladder": _ladder(cohort, ladder), "lost": told, "at_risk": _at_risk(at_risk, ladder), "truth": _truth()}


def _ladder(cohort: Cohort, ladder: Ladder) -> dict[str, Any]:
    chosen, naive = ladder[ladder.chosen], ladder.rungs[0]
    if len(ladder.rungs) == 1:
        title = Text("没有可比的，哪一种算法都用不上", "With nothing to compare, no method applies")
    elif chosen.kind == "refusal":
        title = say("各种算法都在这里，但没有一个可以引用", "All methods are shown, but none may be quoted")
    elif chosen.kind == "bounds":
        title = say("从 {n:bare} 到 {x:bare}：只能给范围", "From {n:bare} to {x:bare}: only a range can be given", n=naive, x=chosen)
    else:
        title = say("从 {n:bare} 到 {x:bare}", "From {n:bare} to {x:bare}", n=naive, x=chosen)
        if naive.value > 0 and chosen.conf_high <= 0.5 * naive.value:  # by the far end of the interval, not by its middle
            title = say("从 {n:bare} 到 {x:bare}：大部分是旧差别", "From {n:bare} to {x:bare}: most of it is a pre-existing difference",
                        n=naive, x=chosen)
    about = {"t": words.span(cohort), "m": words.measure(cohort), "n": int(cohort.exposed.sum())}
    return {
        "title": title,
        "subtitle": say("{n} 位暴露客户合计，{t}{m}", "{n} exposed {n:customer|customers} together, {m} over {t}", **about),
        "labels": {e.rung: words.RUNGS[e.rung] for e in ladder.rungs},
        "note": Text("正数是损失。每一行都是同一个量，假设逐步放宽。", "Positive is a loss. Each row is the same quantity under looser assumptions."),
    }


def _lost(lost: Ladder) -> dict[str, Any]:
    chosen = lost[lost.chosen]
    slide = lost.rungs[0]
    title = (
        say("{s:bare} 位走了，其中约 {x:bare} 位本来不会走", "{s:bare} left; about {x:bare} of them would have stayed", s=slide, x=chosen)
        if chosen.kind == "estimate"
        else say("{s:bare} 位走了；其中多少本来会留下，不能说", "{s:bare} left; how many would have stayed is not known", s=slide)
    )
    if chosen.kind == "estimate" and chosen.conf_low <= 0:
        title = say("{s:bare} 位走了；是否有人因此而走，看不出来", "{s:bare} left; whether any would have stayed is unclear", s=slide)
    return {
        "title": title,
        "subtitle": Text("暴露的客户，期限内", "Exposed customers, within the horizon"),
        "labels": {e.rung: words.LOST[e.rung] for e in lost.rungs},
    }


def _steps(steps: pd.DataFrame, rungs: Rungs) -> dict[str, Any]:
    at = steps.set_index("key")["value"]
    share = at["already"] / at["slide"] if at["slide"] else 0.0
    title = (
        say(
            "校正前的数字里，{s:.0%} 是这些客户本来就消费得少",
            "{s:.0%} of the uncorrected figure reflects that these customers already spent less",
            s=share,
        )
        if 0 < share <= 1
        else Text("从损失到校正前的说法", "From the loss to the uncorrected claim")
    )
    return {
        "title": title,
        "subtitle": say(
            "{t}{m}，自上而下相加", "{m} over {t}, adding up from the top", t=words.span(rungs.cohort), m=capital(words.measure(rungs.cohort))
        ),
        "description": Text("每一步的金额与区间，加到校正前的数字为止。", "The amount of each step with its interval, up to the uncorrected figure."),
        "labels": words.STEPS,
        "unit": rungs.cohort.unit,
    }


def _kpi(some: Sequence[Estimate]) -> dict[str, Any]:
    first = next((e for e in some if e.kind == "estimate"), some[0])
    kind = Text("百分点", "in percentage points") if first.unit == "pp" else Text("相对值", "as a relative change")
    at = {"i": first, "k": kind, "g": words.GROUPS[first.group]}
    title = first.reason
    if first.kind == "estimate":
        way = Text("低", "lower") if first.value < 0 else Text("高", "higher")
        title = say("{g}{w} {x}（{i:interval}）", "{g}: {x} {w} ({i:interval})", x=first.with_(value=abs(first.value)), w=way, **at)
    return {
        "title": title,
        "subtitle": say("暴露的客户减去条件相同的客户，{k}", "Exposed minus comparable customers, {k}", **at),
        "labels": {e.group: words.GROUPS[e.group] for e in some},
    }


def _tiers(tiers: Sequence[Estimate]) -> dict[str, Any]:
    priced = [e for e in tiers if e.kind == "estimate"]
    title = (
        say("能定价的只有{g}", "Only for {g} can the loss be priced", g=words.GROUPS.get(priced[0].group, Text(priced[0].group, priced[0].group)))
        if len(priced) == 1 and len(tiers) > 1
        else Text("损失落在哪一层客户", "Which tier bears the loss")
    )
    return {
        "title": title,
        "subtitle": Text("按暴露之前的价值层级；是总额的一部分，不另加", "By value tier before the exposure; part of the total, not extra to it"),
        "labels": {e.group: words.GROUPS.get(e.group, Text(e.group, e.group)) for e in tiers},
    }


def _at_risk(at_risk: Estimate, ladder: Ladder) -> dict[str, Any]:
    chosen = ladder[ladder.chosen]
    if at_risk.kind == "refusal":
        title = at_risk.reason
    elif chosen.kind == "estimate":
        title = say("估计会带走 {r:bare}，不等于损失了 {r:bare}", "{r:bare} may go, which is not the same as {r:bare} lost", r=at_risk)
    else:
        title = say("估计会带走 {r:bare}", "{r:bare} may go", r=at_risk)
    return {
        "title": title,
        "subtitle": Text(
            "暴露客户的流失可能性乘以留下时的金额；不问原因",
            "Exposed customers: chance of leaving for any reason, times what they bring if they stay",
        ),
        "labels": {"": Text("有风险的金额（推算）", "Money at risk (a forecast)")},
    }


def _path(rungs: Rungs) -> dict[str, Any]:
    total = rungs.fits["events"]
    title = Text("接触之前就已经不同，这条路径不能当作准实验", "They already differ before the contact, so this is no quasi-experiment")
    if rungs.events.passes and abs(total.value) > inference.quantile(0.95, total.df) * total.std_error:
        title = Text("接触之前各月没有差别，之后才拉开", "No difference before the contact; a gap opens afterwards")
    elif rungs.events.passes:
        title = Text("接触之前、之后都看不出差别", "No difference is detected, before the contact or after it")
    return {
        "title": title,
        "subtitle": say(
            "每位暴露客户每月的{m}，减去未暴露的客户",
            "{m} per exposed customer by month, minus the unexposed",
            m=capital(words.measure(rungs.cohort)),
        ),
        "description": Text("接触前后各月的差别，接触之前涂灰。", "Differences by month around the contact; the months before it are shaded."),
        "unit": rungs.cohort.unit,
        "labels": {
            "period": Text("距离接触的月数", "Months from contact"),
            "lead": Text("接触之前：应当为零", "Before: should be zero"),
            "after": Text("接触之后", "After"),
        },
    }


def _curves(curves: pd.DataFrame, rungs: Rungs) -> dict[str, Any]:
    floor = np.floor(10 * float(curves["conf_low"].min())) / 10
    about = {"x": _points(rungs), "t": words.span(rungs.cohort)}
    more = say("{t}里，暴露的客户多走了 {x}", "Over {t}, {x} more of the exposed customers left", **about)
    fewer = say("{t}里，暴露的客户少走了 {x}", "Over {t}, {x} fewer of the exposed customers left", **about)
    return {
        "title": fewer if rungs.left.fit.value < 0 else more,
        "subtitle": Text("仍是客户的比例，未暴露的按暴露者的条件加权", "Share still with us; the unexposed are weighted to resemble the exposed"),
        "description": Text("两组客户逐日的留存比例与区间。", "Share of each group remaining, day by day, with intervals."),
        "labels": {"exposed": words.GROUPS["exposed"], "unexposed": words.GROUPS["unexposed"]},
        "every": "days",
        "domain": (floor, 1.0),
        "note": say("纵轴从 {f:.0%} 开始，差别才看得清。", "The axis starts at {f:.0%} so that the difference can be seen.", f=floor),
    }


def _points(rungs: Rungs) -> Text:
    shown = rungs.left.fit.estimate("left_effect", unit="pp")
    shown = shown.with_(value=abs(shown.value))
    return Text(*(f"{numbers.value(shown, lang)} {numbers.unit(shown, lang)}" for lang in ("zh", "en")))


def _response(response: DoseResponse, rungs: Rungs) -> dict[str, Any]:
    start = Text(f"{response.reference:g} 分钟", f"{response.reference:g} {_minutes(f'{response.reference:g}')}")
    return {
        "title": _clear(response),
        "subtitle": say(
            "与等 {s} 的客户相比，每位客户的{m}", "{m} per customer, compared with a wait of {s}", s=start, m=capital(words.measure(rungs.cohort))
        ),
        "description": Text(
            "剂量曲线与同时区间，下方是各时长的客户数。", "The dose curve with its simultaneous band; below it, the number of customers at each dose."
        ),
        "unit": rungs.cohort.unit,
        "reference": response.reference,
        "labels": {"dose": Text("等待（分钟）", "Wait (minutes)")},
    }


def _clear(response: DoseResponse) -> Text:
    """Where the band leaves zero out: above the reference and on to the end of the curve, else over which stretches, else nowhere."""
    dose, low, high = (response.curve[c].to_numpy() for c in ("dose", "band_low", "band_high"))
    out, above = (low > 0) | (high < 0), dose > response.reference
    lasting = above & np.logical_and.accumulate(out[::-1])[::-1]
    if lasting.any():
        start = _stretch(dose[lasting]).split("–")[0]
        return say("等到 {d} 分钟以上，差别才清楚", "The difference is clear from {d} {m} onwards", d=start, m=_minutes(start))
    if not out.any():
        return Text("看不出等多久有差别", "No difference by length of wait is visible")
    runs = np.split(np.arange(len(dose)), np.flatnonzero((out[1:] != out[:-1]) | (above[1:] != above[:-1])) + 1)
    found = [_stretch(dose[run]) for run in runs if out[run[0]]]
    where = Text("、".join(found), " and ".join(found))
    return say("只在等待 {w} 分钟时差别清楚", "The difference is clear only for waits of {w} {m}", w=where, m=_minutes(found[-1]))


def _stretch(dose: np.ndarray) -> str:
    """From the first to the last dose in whole minutes that lie between them, in tenths where none does."""
    low, high = np.ceil(dose[0]), np.floor(dose[-1])
    ends = (f"{low:.0f}", f"{high:.0f}") if low <= high else (f"{dose[0]:.1f}", f"{dose[-1]:.1f}")
    return "–".join(dict.fromkeys(ends))


def _minutes(count: str) -> str:
    """The English noun after a number."""
    return "minute" if count == "1" else "minutes"


def _contour(rungs: Rungs, contour: pd.DataFrame) -> dict[str, Any]:
    known = rungs.benchmark
    title = Text("一个隐藏因素要多强，才能把损失抹掉", "How strong a hidden factor must be to erase the loss")
    if rungs.money.fit.value >= 0:
        title = Text("看不出损失；一个隐藏因素要多强，才会遮住它", "No loss is seen; how strong a hidden factor must be to mask one")
    elif known is not None:
        marks = contour[contour["label"] == "1"]["estimate"]
        same = len(marks) and marks.iloc[0] * -rungs.money.fit.value > 0
        title = (
            Text("与此前消费一样强的隐藏因素，还抹不掉这笔损失", "A hidden factor as strong as earlier spending would not erase the loss")
            if same
            else Text("与此前消费一样强的隐藏因素，就能抹掉这笔损失", "A hidden factor as strong as earlier spending could erase the loss")
        )
    return {
        "title": title,
        "subtitle": Text(
            "颜色是那时还剩的损失；横轴、纵轴是它对暴露、对金额的解释力",
            "Colour is the remaining loss; the axes are how much of exposure and of money it explains",
        ),
        "description": Text(
            "隐藏因素的强度与剩余损失，标出已知因素的一、二、三倍。",
            "Strength of a hidden factor and the remaining loss, with the known factor at one, two and three times its strength.",
        ),
        "labels": {str(k): Text(f"此前消费 ×{k}", f"earlier spending ×{k}") for k in (1, 2, 3)},
        "unit": rungs.cohort.unit,
        "words": {
            "x": Text("隐藏因素解释“谁会暴露”的比例", "Share of exposure it explains"),
            "y": Text("它解释金额的比例", "Share of the money it explains"),
            "zero": Text("损失归零", "No loss left"),
        },
    }


def _balance(balance: pd.DataFrame) -> dict[str, Any]:
    return {
        "title": Text("加权之后，两组在已知的各方面都相像", "After weighting, the groups match in everything known")
        if balance["smd_weighted"].abs().max() <= 0.1
        else Text("加权之后，仍有一些差别", "Some differences remain after weighting"),
        "subtitle": Text("暴露与未暴露之差，以标准差为单位", "Exposed minus unexposed, in standard deviations"),
        "label": "name",
        "raw": "smd_raw",
        "weighted": "smd_weighted",
        "labels": {name: name for name in balance["name"]},
        "description": Text("每一列加权前后的差别。", "The difference in each column before and after weighting."),
    }


def _others(rungs: Rungs) -> dict[str, Any]:
    form = "text"
    return {
        "title": Text("换一种口径，就是另一个问题的答案", "Another measure answers another question"),
        "subtitle": say(
            "同样的客户，同样的算法，别的金额", "The same customers and method, different amounts"
        ),
        "columns": words.OTHER_COLUMNS,
        "formats": {"name": form, **dict.fromkeys(("value", "low", "high"), rungs.cohort.unit)},
        "note": Text(
            "截掉大额之后是另一个量，不是更稳的答案。",
            "Trimmed amounts are a different quantity, not a safer answer.",
        ),
    }


def _truth() -> dict[str, Any]:
    return {
        "title": Text("每一步与真值比", "Each step against the truth"),
        "columns": words.TRUTH_COLUMNS,
    }
