"""Titles, subtitles, labels and notes of the EX–VoC page's figures; every title is the finding as a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from voclib.results import Estimate, Ladder, Text
from voclib.sentences import capital
from voclib.stats import inference
from voclib.studies.ex_voc import text as words
from voclib.studies.ex_voc.panel import ExPanel
from voclib.studies.ex_voc.rungs import Measured, Rungs
from voclib.studies.ex_voc.text import say
from voclib.studies.ex_voc.worth import Worth

Captions = Mapping[str, Mapping[str, Any]]
def captions(*, rungs: Rungs, ladder: Ladder, programme: Ladder | None, worth: Worth | None, profile: pd.DataFrame, lines: pd.DataFrame,
             bins: pd.DataFrame, reliability: pd.DataFrame, path: pd.DataFrame, contour: pd.DataFrame) -> Captions:
    """Captions by figure."""
    found = {"ladder": _ladder(rungs, ladder), "more": _more(rungs), "truth": _truth()}
    if len(lines):
        found["lines"] = _lines(rungs)
    if len(bins):
        found["bins"] = _bins(rungs, ladder)
    if len(contour):
        found["contour"] = _contour(rungs, contour)
    if len(profile):
        found["profile"] = _profile(rungs, profile)
    if len(reliability):
        found["reliability"] = _reliability(rungs)
    if programme is not None:
        found["programme"] = _programme(rungs, programme)
    if len(path):
        found["path"] = _path(rungs)
    if worth is not None:
        found["worth"] = _worth(rungs, worth)
    return found


def refused(ladder: Ladder, panel: ExPanel) -> Captions:
    """Captions of a page that carries a refusal alone."""
    return {"ladder": {"title": ladder[ladder.chosen].reason, "labels": {"lagged": words.rungs(panel)["lagged"]},
                       "subtitle": say("{e} × {o}", "{e} × {o}", e=panel.exposure, o=panel.outcome)}}


def _unit(rungs: Rungs) -> Text:
    return say("{o}分数，每 1 个{u}内标准差的{e}", "Points of {o} for one within-{u} standard deviation of {e}", o=rungs.panel.outcome,
               e=rungs.panel.exposure,
               u=rungs.panel.unit_name)


def _excludes(e: Estimate) -> bool:
    return e.kind == "estimate" and (e.conf_low > 0 or e.conf_high < 0)


def _ladder(rungs: Rungs, ladder: Ladder) -> dict[str, Any]:
    chosen, naive = ladder[ladder.chosen], ladder["pooled"]
    if chosen.kind == "refusal":
        title = Text("各种算法都在这里，但没有一个可以引用", "Every way of counting is here, and none may be quoted")
    elif not _excludes(chosen):
        title = say("混在一起看是 {n:bare} 分，和自己比就看不出关系", "{n:bare} points when thrown together, no visible relation within {u}s",
                    n=naive, u=rungs.panel.unit_name)
    else:
        title = say("混在一起看是 {n:bare} 分，站得住的是 {x:bare} 分", "{n:bare} points when thrown together, {x:bare} that stand", n=naive,
                    x=chosen)
    note = say("每一行都用同样的格子。r = {r:.2f} 是把所有格子混在一起的相关系数。",
               "Every row is on the same cells. Thrown together they correlate with r = {r:.2f}.",
               r=rungs.slopes.correlation)
    return {"title": title, "subtitle": _unit(rungs), "labels": {e.rung: words.rungs(rungs.panel)[e.rung] for e in ladder.rungs}, "note": note}


def _lines(rungs: Rungs) -> dict[str, Any]:
    found, u = rungs.slopes, rungs.panel.unit_name
    still = abs(found.within.value) <= inference.quantile(0.95, found.within.df) * found.within.std_error
    if found.is_simpson and still:
        title = say("{u}之间有关系，{u}之内看不出：它们本来就不同", "A relation between {u}s, none to be seen within them: they differed all along",
                    u=u)
    elif found.is_simpson and found.between.value * found.within.value < 0:
        title = say("{u}之间与{u}之内方向相反：混在一起会看反", "Between {u}s one way, within them the other: thrown together it misleads", u=u)
    elif found.is_simpson:
        title = say("{u}之间的坡比{u}之内陡得多：一大半是本来就不同", "Much steeper between {u}s than within: mostly they differed all along", u=u)
    else:
        title = say("{u}之间与{u}之内的坡差不多", "The slope is about the same between {u}s and within them", u=u)
    about = {"x": rungs.panel.exposure, "y": rungs.panel.outcome}
    return {"title": title, "subtitle": say("{y}（{n} 期之后）对{x}；季节已扣除", "{y} {n} {n:period|periods} later against {x}; seasons taken out",
                                            n=rungs.lag, **_started(about)),
            "description": say("每个{u}一条短线，一条混在一起的线，一条{u}内共同的线。",
                               "A short line for each {u}, one line through all, one common line within {u}s.", u=u),
            "labels": {"x": capital(rungs.panel.exposure), "y": capital(rungs.panel.outcome), **_own(rungs)},
            "note": Text("单家自己的坡大半是偶然，已向共同的坡收拢；不用来排名。",
                         "A single slope is mostly chance and is drawn towards the common one; it ranks nobody.")}


def _own(rungs: Rungs) -> dict[str, Text]:
    """The words of the slopes' pictures with the panel's own units."""
    u = rungs.panel.unit_name
    return {"within": say("同一{u}前后比", "Within a {u}", u=u), "pooled": say("所有{u}混在一起，校正前", "All {u}s pooled, uncorrected", u=u),
            "units": say("每条细线是一家{u}，圆点是它的平均", "A thin line is a {u}, the dot its average", u=u)}


def _started(about: Mapping[str, Text]) -> dict[str, Text]:
    return {**about, "y": Text(about["y"].zh, capital(about["y"]).en)}


def _bins(rungs: Rungs, ladder: Ladder) -> dict[str, Any]:
    plain = ladder["lagged"]
    title = (say("比平常好一点的时候，之后的{o}也高一点", "Where {e} is above its usual, {o} is higher afterwards", o=rungs.panel.outcome,
                 e=rungs.panel.exposure)
             if _excludes(plain) and plain.value > 0 else
             say("比平常好一点的时候，之后的{o}低一点", "Where {e} is above its usual, {o} is lower afterwards", o=rungs.panel.outcome,
                 e=rungs.panel.exposure)
             if _excludes(plain) else
             say("和平常相比，看不出一起变化", "Against their usual, the two do not visibly move together"))
    u = rungs.panel.unit_name
    return {"title": title, "subtitle": say("扣除{u}、季节和在案因素之后，等量的组",
                                            "{U}s, seasons and known factors taken out; groups of equal size", u=u, U=capital(u)),
            "description": say("{u}内偏差的分组散点与直线。", "Binned deviations within {u}s, with the line.", u=u),
            "labels": {"within": _own(rungs)["within"],
                       "x": say("{e}与平常之差（标准差）", "{e} against the usual (standard deviations)", e=capital(rungs.panel.exposure)),
                       "y": say("之后的{o}与平常之差", "{o} afterwards, against the usual", o=capital(rungs.panel.outcome))}}


def _profile(rungs: Rungs, profile: pd.DataFrame) -> dict[str, Any]:
    leads, own = profile[profile["is_lead"]], profile[profile["lag"].eq(rungs.lag)].iloc[0]
    quiet = bool(((leads["band_low"] <= 0) & (leads["band_high"] >= 0)).all())
    found = own["band_low"] > 0 or own["band_high"] < 0
    title = (say("先量到的{e}有用，后量到的没有", "{E} measured first counts, measured afterwards it does not", e=rungs.panel.exposure,
                 E=capital(rungs.panel.exposure)) if found and quiet else
             Text("先后都有反应：方向分不清", "It moves on both sides: the direction cannot be told") if not quiet else
             Text("整条剖面都容得下零", "The whole profile has room for zero"))
    return {"title": title, "subtitle": _unit(rungs), "declared": rungs.lag,
            "description": Text("先量员工、后量客户的期数与对应的变化，负数一侧涂灰，应当为零。",
                                "Periods by which employees were measured before the customers; the shaded side should be zero."),
            "labels": {"lag": words.axis(rungs.panel)},
            "note": Text("不挑“最好”的一期：加粗的是看数据之前定的；细带一次管住全部。",
                         "No lag is picked as best: the bold one was declared before looking, and the thin band holds all at once.")}


def _reliability(rungs: Rungs) -> dict[str, Any]:
    if rungs.measured is None:
        title = Text("只有均值，测不出调研准不准", "Only means are at hand, so the survey cannot be assessed")
        return {"title": title, "subtitle": Text("0 到 1", "0 to 1"),
                "description": Text("无法评估的可靠度读数。", "Readings that cannot be assessed."),
                "labels": readings(rungs.panel)}
    u = rungs.panel.unit_name
    return {"title": _measures(rungs.measured, u),
            "subtitle": say("0 到 1；灰色是把员工随机分到假{u}也能得到的",
                            "0 to 1; grey is what employees dealt out to pseudo-{u}s reach as well", u=u),
            "description": Text("四个可靠度读数，带区间和门槛。",
                                "Four readings of reliability with intervals and limits."), "labels": readings(rungs.panel)}


def _measures(found: Measured, u: Text) -> Text:
    """What the survey measures: level and change, one of them, or neither."""
    if not found.level.is_shared:
        return say("调研连{u}之间的高低都量不出", "The survey does not even tell {u}s apart", u=u)
    if not found.change.is_measurable:
        return say("调研量得出{u}的高低，量不出变化", "The survey tells {u}s apart, but not their change", u=u)
    return say("调研量得出{u}，也量得出变化（可靠度 {c:.2f}）", "The survey measures {u}s, and their change (to {c:.2f})", c=found.change.value, u=u)


def readings(panel: ExPanel) -> dict[str, Text]:
    """Names of the readings."""
    u = panel.unit_name
    return {"icc1": say("ICC(1) · 同一{u}员工的相像", "ICC(1) · employees of a {u} alike", u=u),
            "icc2": say("ICC(2) · {u}均值的可靠度", "ICC(2) · a {u}'s mean", u=u),
            "rwg": say("r_wg(J) · {u}内一致", "r_wg(J) · agreement within {u}s", u=u), "change": say("{u}内变化的可靠度", "Change within a {u}", u=u)}


def meaning(rungs: Rungs, key: str) -> Text:
    """One sentence for the reader about a reading."""
    u = rungs.panel.unit_name
    said = {"icc1": say("同一{u}的员工比随机凑的一队更相像，才谈得上“{u}的员工体验”。",
                        "Only where employees of one {u} resemble each other does it have a voice of its own.", u=u),
            "icc2": say("一个{u}的均值有多准；低于 0.4 不下结论。", "How exact a {u}'s mean is; below 0.4 there is no conclusion.", u=u),
            "rwg": say("只作参考：友善的题目人人给高分，假{u}也会“一致”。条是各{u}的中间一半。",
                       "For information: friendly questions make pseudo-{u}s agree, too. The bar is the middle half of {u}s.", u=u),
            "change": Text("真正用到的是变化；量不准，斜率就缩水。", "Change is what is used; where it is measured poorly, the slope shrinks.")}
    if key == "change" and rungs.measured is not None:
        return say("真正用到的是变化：不校正，斜率缩水 {s:.0%}。", "Change is what is used: uncorrected, the slope shrinks by {s:.0%}.",
                   s=max(1 - rungs.measured.change.value, 0.0))
    return said[key]


def _programme(rungs: Rungs, programme: Ladder) -> dict[str, Any]:
    chosen = programme[programme.chosen]
    if chosen.kind == "refusal":
        title = chosen.reason
    else:
        title = say("“{p}”之后，{o}{d} {x:bare} 分（{x:interval}）", "After “{p}” {o} is {x:bare} points {d} ({x:interval})",
                    p=rungs.panel.programme or words.PROGRAMME, o=rungs.panel.outcome, x=words.size(chosen), d=words.way(chosen))
    u = rungs.panel.unit_name
    return {"title": title, "subtitle": say("参加的{u}减去同期还没参加的，{o}分数", "{U}s that took part less those that had not yet, points of {o}",
                                            o=rungs.panel.outcome, u=u, U=capital(u)),
            "labels": {e.rung: words.PROGRAMME_RUNGS[e.rung] for e in programme.rungs},
            "note": say("自愿参加的{u}可能本来就在变好；只有事前各期平稳，才算准实验。",
                        "Volunteers may have been improving anyway; only quiet periods before the start make it a quasi-experiment.", u=u)}


def _path(rungs: Rungs) -> dict[str, Any]:
    found = rungs.programme
    after = found.att.estimate("programme_effect", unit=rungs.panel.outcome_unit)
    title = (Text("开始之前是否平稳，这份数据说不准", "Whether it was quiet before the start these data cannot say") if not found.passes else
             Text("开始之前平稳，开始之后看不出变化", "Quiet before the start, no visible change after it") if not _excludes(after) else
             say("开始之前平稳，开始之后更{d}", "Quiet before the start, {d} after it", d=words.way(after)))
    return {"title": title, "subtitle": say("{o}分数，参加减未参加，按距离开始的期数",
                                            "Points of {o}, took part less not yet, by periods from the start", o=rungs.panel.outcome),
            "description": Text("项目开始前后各期的差别，开始之前涂灰。",
                                "Differences by period around the start; the periods before it are shaded."),
            "unit": rungs.panel.outcome_unit,
            "labels": {"period": Text("距离项目开始的期数", "Periods from the start"), "lead": Text("开始之前：应当为零", "Before: should be zero"),
                       "after": Text("开始之后", "After")}}


def _contour(rungs: Rungs, contour: pd.DataFrame) -> dict[str, Any]:
    marks = contour[contour["label"] != ""]
    title = say("隐藏因素要在两边都解释 {r:.0%}，才抹得平", "A hidden factor must explain {r:.0%} of both sides to undo it",
                r=rungs.hidden.robustness.value)
    labels = {label: say("{c} ×{k}", "{c} ×{k}", c=words.control(label.rsplit(" ×", 1)[0]), k=label.rsplit("×", 1)[1]) for label in marks["label"]}
    return {"title": title, "subtitle": say("颜色是那时还剩的斜率；横轴、纵轴是它在{u}内变化里的解释力",
                                            "Colour is the slope left; the axes are what it explains of change within {u}s", u=rungs.panel.unit_name),
            "description": Text("隐藏因素的强度与剩余斜率，标出在案因素。",
                                "Strength of a hidden factor and the slope left, with factors on record."),
            "labels": labels, "unit": rungs.panel.outcome_unit,
            "words": {"x": say("解释{e}变化的比例", "Share of change in {e} that it explains", e=rungs.panel.exposure),
                      "y": say("解释{o}变化的比例", "Share of change in {o} that it explains", o=rungs.panel.outcome), "zero": Text("斜率归零",
                                                                                                                                    "No slope left")}}


def _more(rungs: Rungs) -> dict[str, Any]:
    now = float(rungs.more.loc[rungs.more["kind"].eq("now"), "detectable"].iloc[0]) * rungs.sd
    return {"title": say("现在能发现 {a} 分以上的变化；降得最多的是{k}（没有算费用）",
                         "Changes of {a} points can be found now; {k} would lower that most, costs not counted",
                         a=words.digits(now)[0], k=words.most_gained(rungs.more, rungs.panel)[0]),
            "columns": {"what": Text("数据", "Data"), "detectable": Text("八成把握能发现的变化（分）", "Found four times in five (points)")}}


def more_table(more: pd.DataFrame, panel: ExPanel) -> pd.DataFrame:
    """What more data would buy, named: what, detectable."""
    return pd.DataFrame({"what": [say(words.MORE[k].zh, words.MORE[k].en, u=panel.unit_name) for k in more["kind"]],
                         "detectable": [float(text) for text in words.digits(*more["detectable"])]})


def _worth(rungs: Rungs, worth: Worth) -> dict[str, Any]:
    if worth.total.kind == "refusal":
        title = worth.total.reason
    else:
        title = (say("一年毛利约 {x:bare}，区间含零：还不能当真", "About {x:bare} of margin a year, with zero in the range: not to be counted on",
                     x=worth.total)
                 if not _excludes(worth.total) else
                 say("一年毛利约 {x:bare}（{x:interval}）", "About {x:bare} of margin a year ({x:interval})", x=worth.total))
    each = "" if worth.per_unit.kind == "refusal" else "；平均每家 {x:bare}"
    told = say("若 {n} 个{u}的{e}都高 1 个标准差，全部客户一年的毛利" + each,
               "Were all {n} {u}s one standard deviation higher: margin of all customers in a year" + each.replace("；平均每家", "; an average {u}"),
               n=worth.n_units, u=rungs.panel.unit_name, x=worth.per_unit, e=rungs.panel.exposure)
    labels = {"naive": (Text("校正前", "Before correction"), Text("混在一起的坡 × 粗算的每分", "Pooled slope × crude worth of a point")),
              "chain": (Text("两段都校正", "Both links corrected"), Text("两段估计的误差都算进去", "With the errors of both links"))}
    return {"title": title, "subtitle": told, "labels": {rung.rung: labels[rung.rung] for rung in worth.ladder().rungs},
            "note": Text("只算经由客户体验的这条路。流失、产能等直接的路另算，也不相加。",
                         "Only the path through customer experience. Turnover or output are other paths, counted apart and never added.")}


def _truth() -> dict[str, Any]:
    return {"title": Text("与植入的真值相比", "Against the planted truth"),
            "columns": {"what": Text("量", "Quantity"), "found": Text("估计", "Found"), "low": Text("区间下端", "From"),
                        "high": Text("区间上端", "To"),
                        "planted": Text("真值", "Planted"), "holds": Text("区间含真值", "In the interval")}}
