"""What stands around each figure of the page on known truths, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib.results import Estimate, Ladder, Text
from voclib.sentences import say
from voclib.studies.known_truth import masks
from voclib.studies.known_truth import text as words
from voclib.studies.known_truth.cases import Panel, Wages

Caption = dict[str, Any]
FAULT_COLUMNS = {"file": Text("文件", "File"), "found": Text("发现", "Found"), "done": Text("处理", "What is done")}
HELD_COLUMNS = {"mask": Text("沉默的方式", "Kind of silence"), **{name: words.METHODS[name] for name in (*masks.POINTS, "manski", "bounded")}}
BIAS_COLUMNS = {name: title for name, title in HELD_COLUMNS.items() if name not in ("manski", "bounded")}
ALARM_COLUMNS = {
    "mask": Text("沉默的方式", "Kind of silence"),
    "balance": Text("加权后最大差异", "Largest remaining gap"),
    "n_effective": Text("有效样本", "Effective n"),
    "separation": Text("预知作答 AUC", "Answering foreseen (AUC)"),
    "unsupported": Text("没有代言人", "Unrepresented"),
    "passed": Text("放行加权数字", "Weighted number passed"),
}
HEALTH_COLUMNS = {
    "step": Text("做法", "Method"),
    "value": Text("体重差（千克）", "Difference (kg)"),
    "interval": Text("95% 区间", "95% interval"),
    "n": Text("人数", "People"),
}
WAGE_COLUMNS = {
    "name": Text("对数工资的系数", "Coefficient for log wage"),
    "naive": Text("只看工作者", "Those who work"),
    "naive_interval": Text("区间", "Interval"),
    "value": Text("选择模型", "Selection model"),
    "interval": Text("区间", "Interval"),
}
SAMPLES = {
    "apisrs_design": Text("简单随机：原样", "Simple random: as drawn"),
    "apisrs_poststratified": Text("简单随机：分层加权", "Simple random: post-stratified"),
    "apisrs_raked": Text("简单随机：两项总数", "Simple random: raked"),
    "apistrat_design": Text("分层抽样：原样", "Stratified sample: as drawn"),
    "apistrat_raked": Text("分层抽样：两项总数", "Stratified sample: raked"),
    "apiclus1_design": Text("按学区抽样：原样", "By district: as drawn"),
    "apiclus1_poststratified": Text("按学区抽样：分层加权", "By district: post-stratified"),
    "apiclus1_raked": Text("按学区抽样：两项总数", "By district: raked"),
}
PANEL = {
    "raw": Text("自愿受访者，原样", "Volunteers, unweighted"),
    "raked": Text("按性别和年龄加权", "Weighted by gender and age"),
    "aipw": Text("再加收入，双重稳健", "Income added, doubly robust"),
}
ZOOM = Text(
    "横轴不从零开始：指数最低 200 分，差别只有几分到几十分。",
    "The axis does not start at zero: the index starts at 200, and the differences are a few to a few dozen points.",
)


def captions(
    *,
    table: pd.DataFrame,
    lists: Mapping[str, tuple[Estimate, ...]],
    samples: Sequence[Estimate],
    panel: Panel,
    health: Mapping[str, Estimate],
    wages: Wages,
    truth: float,
    size: int,
    ladder: Ladder,
) -> dict[str, Caption]:
    """What each figure needs besides its data, by the name of the figure."""
    runs = int(table["run"].nunique())
    drawn = say("每种沉默各 {runs} 次，每次 {size} 所学校", "{runs} draws of each kind of silence, {size} schools per draw", runs=runs, size=size)
    return {
        "samples": _samples(samples, truth),
        **{mask: _one(mask, lists[mask], truth) for mask in ("u_shaped", "rising")},
        "coverage": _coverage(ladder, drawn),
        "held": _held(table, drawn),
        "bias": _bias(drawn),
        "alarms": _alarms(),
        "never": _never(lists["never_asked"], table, truth),
        "panel": _panel(panel),
        "health": _health(health),
        "wages": _wages(wages),
    }


def faults() -> Caption:
    """What stands around the table of what is wrong with the files."""
    return {"title": Text("用之前先看：这些文件里有什么不对", "Before use: what is wrong with these files"), "columns": FAULT_COLUMNS}


def _samples(samples: Sequence[Estimate], truth: float) -> Caption:
    hits = sum(e.conf_low <= truth <= e.conf_high for e in samples)
    return {
        "title": say("{of} 个区间里有 {k} 个盖住真值", "{k} of {of} intervals contain the truth", of=len(samples), k=hits),
        "subtitle": Text("学校平均分，三份公布的样本", "Mean score of schools, three published samples"),
        "description": Text("每一行是一份样本的一种算法，竖线是真值。", "Each row is one way of estimating from one sample; the line is the truth."),
        "labels": SAMPLES,
        "truth": truth,
        "zero": False,
        "note": ZOOM,
    }


def _coverage(ladder: Ladder, drawn: Text) -> Caption:
    return {
        "title": say(
            "有回访盖住真值 {x:bare}，只看作答者 {n:bare}",
            "With call-backs {x:bare} contain the truth, from answers alone {n:bare}",
            x=ladder["followup"],
            n=ladder["raw"],
        ),
        "subtitle": say("盖住真值的 95% 区间占比，应当是 95%；{d}", "Share of 95% intervals that contain the truth; 95% is right. {d}", d=drawn),
        "description": Text(
            "每一行是一种沉默：灰圈只看作答者，圆点加上随机回访。",
                "Each row is a kind of silence: the ring is answers alone, the dot adds random call-backs."
        ),
        "labels": {mask: words.MASKS[mask][0] for mask in masks.MASKS},
        "names": (words.METHODS["raw"], words.METHODS["followup"]),
        "label": "mask",
        "raw": "raw",
        "corrected": "value",
        "low": "low",
        "high": "high",
    }


def _held(table: pd.DataFrame, drawn: Text) -> Caption:
    """The worst of the doubly robust intervals in the title; a note where a coarser weighting covers by chance."""
    rates = table[table["mask"] != "never_asked"].groupby(["method", "mask"])["held"].mean()
    worst = rates["aipw"]
    title = say(
        "没有回访，双重稳健在“{m}”时只盖住真值 {x:.0%}",
        "Without call-backs, the doubly robust interval contains the truth only {x:.0%} of the time under “{m}”",
        m=words.MASKS[str(worst.idxmin())][0],
        x=float(worst.min()),
    )
    failed = int(table["run"].nunique()) * (len(masks.MASKS) - 1) - int(((table["method"] == "calibrated") & (table["mask"] != "never_asked")).sum())
    note = say(
        "95% 才对；横杠：算不出，或不适用。校准权重有 {k} 次凑不齐总数，不计在内。最后一行的加权数字本会被门槛拦下，列出只为对照。",
        "95% is right; a dash means not computable or not applicable. In {k} draws no calibrated weights could match the totals; these are excluded. "
        "The gates would have stopped the weighted numbers in the last row, which are shown for comparison only.",
        k=failed,
    )
    if rates["poststratified"]["u_shaped"] > rates["aipw"]["u_shaped"]:
        note = Text(
            note.zh + "分层加权在“两头都爱说”时盖得更多，是两处偏差恰好抵消：看它在别处的表现。",
            note.en +
                " Under “The delighted and the angry”, post-stratification covers more because two errors happen to cancel: see its other rows.",
        )
    return {
        "title": title,
        "subtitle": drawn,
        "columns": HELD_COLUMNS,
        "formats": dict.fromkeys([*masks.POINTS, "manski", "bounded"], "share"),
        "note": note,
    }


def _bias(drawn: Text) -> Caption:
    return {
        "title": Text("平均偏了几分", "How far off, on average"),
        "subtitle": say("估计的平均值减去真值，分；{d}", "Mean estimate minus truth, in points; {d}", d=drawn),
        "columns": BIAS_COLUMNS,
        "formats": dict.fromkeys(masks.POINTS, "number"),
    }


def _alarms() -> Caption:
    return {
        "title": Text("只凭作答者，看得出加权靠不住吗？", "Do the answers alone show that weighting is unreliable?"),
        "subtitle": Text("每种沉默取第一份名单；门槛不知道真值", "The first list of each kind; the gates do not know the truth"),
        "columns": ALARM_COLUMNS,
        "formats": {"balance": "ratio", "n_effective": "exact", "separation": "ratio", "unsupported": "share"},
    }


def _one(mask: str, found: Sequence[Estimate], truth: float) -> Caption:
    """One list under a mask: every method against the truth."""
    at = {e.rung: e for e in found}
    weighted = at["aipw"]
    side = Text("偏低", "too low") if weighted.value < truth else Text("偏高", "too high")
    name, rule = words.MASKS[mask]
    return {
        "title": say(
            "{m}：只看作答者 {r:bare}，加权 {a:bare}（{s} {d:.0f} 分），回访 {f:bare}；真值 {t:.0f}",
            "{m}: answers alone {r:bare}, weighted {a:bare} ({s} by {d:.0f}), with call-backs {f:bare}; truth {t:.0f}",
            m=name,
            r=at["raw"],
            a=weighted,
            s=side,
            d=abs(weighted.value - truth),
            f=at["followup"],
            t=truth,
        ),
        "subtitle": say("第一份名单；{rule}", "The first list. {rule}", rule=rule),
        "description": Text("每一行是一种算法，竖线是真值。", "Each row is a method; the line is the truth."),
        "labels": words.METHODS,
        "naive": "raw",
        "truth": truth,
        "zero": False,
        "note": ZOOM,
    }


def _never(found: Sequence[Estimate], table: pd.DataFrame, truth: float) -> Caption:
    at = {e.rung: e for e in found}
    rows = table[(table["mask"] == "never_asked") & (table["method"] == "bounded")]
    return {
        "title": say("高中从未被问：只知道在 {b:bare} 之间",
                     "High schools were never asked: the mean is only known to lie within {b:bare}", b=at["bounded"]),
        "subtitle": say(
            "学校平均分；{n} 次中范围盖住真值 {x:.0%}",
            "Mean score of schools; over {n} draws, the range contains the truth {x:.0%} of the time",
            n=len(rows),
            x=float(rows["held"].mean()),
        ),
        "description": Text("每一行是一种假设下可能的范围，竖线是真值。",
                            "Each row is an assumption; its bar shows what is possible; the line is the truth."),
        "labels": words.METHODS,
        "truth": truth,
        "zero": False,
        "note": Text("横轴不从零开始：指数最低 200 分。", "The axis does not start at zero: the index starts at 200."),
    }


def _panel(panel: Panel) -> Caption:
    at = {e.rung: e.value for e in panel.rungs}
    return {
        "title": say(
            "自愿受访者 {a:.1f}，按性别和年龄加权 {b:.1f}，再加收入 {c:.1f}；真值 {t:.1f}",
            "Volunteers score {a:.1f}, weighted by gender and age {b:.1f}, with income added {c:.1f}; the truth is {t:.1f}",
            a=at["raw"],
            b=at["raked"],
            c=at["aipw"],
            t=panel.truth,
        ),
        "subtitle": say(
            "幸福感平均分；加权补上差距的 {a:.0%}，再加收入 {b:.0%}",
            "Mean happiness; weighting closes {a:.0%} of the gap, or {b:.0%} with income added",
            a=panel.closed("raked"),
            b=panel.closed("aipw"),
        ),
        "description": Text("每一行是一种算法，竖线是目标人群的真值。", "Each row is a method; the line is the truth for the target population."),
        "labels": PANEL,
        "naive": "raw",
        "truth": panel.truth,
        "note": say(
            "{n} 份作答按性别和年龄加权后抵 {w:.1f} 份（方差是 {d:.3f} 倍）。",
            "Weighted by gender and age, {n} answers are worth {w:.1f} ({d:.3f} times the variance).",
            n=panel.n,
            w=panel.n_effective,
            d=panel.design_effect,
        ),
    }


def _health(found: Mapping[str, Estimate]) -> Caption:
    return {
        "title": say(
            "戒烟者多增重 {a:bare} 千克，加权后 {b:bare}，算上失访者 {c:bare}",
            "Quitters gained {a:bare} kg more; {b:bare} when weighted, {c:bare} with drop-outs included",
            a=found["crude"],
            b=found["weighted"],
            c=found["dropouts"],
        ),
        "subtitle": Text(
            "戒烟与不戒烟者体重变化之差；失访当作没有作答", "Weight gain of quitters minus that of the others; dropping out counts as silence"
        ),
        "columns": HEALTH_COLUMNS,
    }


def _wages(paid: Wages) -> Caption:
    first, p = paid.table.iloc[0], paid.model.mills_p
    found = {
        "title": say(
            "多读一年书：只看工作者 {a}，校正后 {b}",
            "A year of schooling: {a} among those who work, {b} corrected",
            a=words.decimal(first["naive"]),
            b=words.decimal(first["value"]),
        ),
        "subtitle": say("{n} 位女性中 {k} 位有工资", "{k} of {n} women have a wage", n=paid.model.n, k=paid.model.n_selected),
        "columns": WAGE_COLUMNS,
    }
    said = say(
        "逆米尔斯比的区间含零（p = {p:.2f}）：看不出左右工作与否的未知因素也左右工资。",
        "The interval of the inverse Mills ratio includes zero (p = {p:.2f}): no sign that the unseen factors behind working also bear on the wage.",
        p=p,
    )
    return found | ({"note": said} if p > 0.05 else {})
