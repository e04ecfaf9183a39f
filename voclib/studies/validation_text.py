"""What the page of planted-truth runs says, in both languages; every number comes from the record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voclib.numbers import MINUS
from voclib.results import Check, Estimate, Text
from voclib.sentences import say

FAMILIES = {
    "scores": Text("分数", "Scores"),
    "weighting": Text("加权", "Weighting"),
    "calls": Text("回访", "Call-backs"),
    "bounds": Text("上下界", "Bounds"),
    "begging": Text("要分", "Begging"),
    "topics": Text("话题", "Topics"),
    "panels": Text("追踪", "Panels"),
}
METHODS = {
    "nps": ("scores", Text("NPS，简单样本", "NPS, plain sample")),
    "nps clustered": ("scores", Text("NPS，按门店聚类", "NPS, clustered by dealer")),
    "nps weighted": ("scores", Text("NPS，加权", "NPS, weighted")),
    "nps difference, paired": ("scores", Text("NPS 之差，同一客户配对", "NPS difference, paired customers")),
    "csat": ("scores", Text("满意度", "Satisfaction")),
    "ces": ("scores", Text("费力度", "Effort score")),
    "groups against the rest": ("scores", Text("各组与其余相比", "Groups against the rest")),
    "groups against the rest, false alarms": ("scores", Text("各组与其余相比", "Groups against the rest")),
    "calibrated": ("weighting", Text("校准加权", "Calibration")),
    "calibrated, linearised": ("weighting", Text("校准加权的方差", "Variance of calibration")),
    "ipw": ("weighting", Text("作答概率倒数加权", "Inverse response chances")),
    "ipw, estimated chances": ("weighting", Text("作答概率倒数加权的方差", "Variance of inverse chances")),
    "aipw": ("weighting", Text("双重稳健", "AIPW")),
    "aipw, wrong models": ("weighting", Text("双重稳健，模型有错", "AIPW, wrong models")),
    "aipw, boosted": ("weighting", Text("双重稳健，树模型", "AIPW, tree learners")),
    "weighting alone": ("calls", Text("只加权，不回访", "Weighting without call-backs")),
    "follow-up, plain": ("calls", Text("随机回访", "Random call-backs")),
    "follow-up, difference": ("calls", Text("随机回访加预测", "Call-backs with predictions")),
    "follow-up, tilt": ("calls", Text("随机回访校准的倾斜", "Tilt learned from call-backs")),
    "callback model": ("calls", Text("催答模型的区间", "Range of the reminder model")),
    "manski": ("bounds", Text("最坏情形上下界", "Worst-case bounds")),
    "manski, interval": ("bounds", Text("上下界外的区间", "Interval around the bounds")),
    "monotone bounds": ("bounds", Text("单调上下界", "Monotone bounds")),
    "churned": ("bounds", Text("流失客户从未被问", "Churned, never asked")),
    "tilt": ("bounds", Text("翻转边界含埋下的倾斜", "Tipping frontier at the planted tilt")),
    "lee bounds": ("bounds", Text("Lee 上下界", "Lee bounds")),
    "begging": ("begging", Text("要分检验", "Begging test")),
    "topic share": ("topics", Text("话题占客户的比例", "Topic share of customers")),
    "topic share, weights alone": ("topics", Text("话题比例，只加权", "Topic share, weights alone")),
    "panel change": ("panels", Text("追踪样本的变化", "Change in a panel")),
}
KINDS = {
    "coverage": Text("覆盖率", "Coverage"),
    "bounds": Text("上下界含真值", "Truth inside the bounds"),
    "bias": Text("偏差", "Bias"),
    "false alarms": Text("误报", "False alarms"),
    "power": Text("找得到", "Power"),
    "false discoveries": Text("错报占比", "False discoveries"),
    "refusals": Text("拒答", "Refusals"),
}
PARTS = {
    "a fifth answer": "两成作答",
    "missing at random": "沉默可由已知解释",
    "random response": "作答纯属随机",
    "raw against corrected": "校正前后相比",
    "response model wrong": "作答模型有错",
    "outcome model wrong": "结果模型有错",
    "both models wrong": "两个模型都有错",
    "calibrated": "校准",
    "aipw": "双重稳健",
    "the delighted and the angry answer": "极满意和极不满的更爱答",
    "the satisfied answer": "满意的更爱答",
    "the dissatisfied answer": "不满的更爱答",
    "resistance stable": "拒答倾向不变",
    "the critical answer more readily": "不满的答得更快",
    "all answer alike": "人人一样",
    "the pleased answer more readily": "满意的答得更快",
    "the silent are all detractors": "沉默者全是贬损者",
    "a fifth churned and never asked": "两成已流失且从未被问",
    "at the planted tilt": "取埋下的倾斜",
    "each honest one at 5%": "诚实的逐家按 5% 判",
    "any flag": "只要报了一家",
    "share of flags that are wrong": "报出的有多少报错",
    "found": "找出多少",
    "the angry comment": "生气的更爱写",
    "classifier no better than a coin": "分类器如同抛硬币",
    "detractors leave": "贬损者退出",
    "nothing changes": "实际没有变化",
    "satisfaction falls": "满意度下滑",
    "detractors leave for a score nobody sees": "因没人见过的那次打分而退出",
    "none differs": "全无差别",
}
PATTERNS = (  # parts that hold numbers; the rest of the wording stands in PARTS
    (r"n=(\d+)", r"n=\1"),
    (r"answering chances over a factor of (\S+)", r"作答机会相差 \1 倍"),
    (r"(\d+) regions of (\d+)", r"\1 个大区，每个 \2 份"),
    (r"one higher by (\S+) points", r"其中一个高 \1 分"),
    (r"promoters=(\S+)", r"推荐者=\1"),
    (r"detractors=(\S+)", r"贬损者=\1"),
    (r"clusters=(\d+)", r"门店=\1"),
    (r"icc=(\S+)", r"ICC=\1"),
    (r"size cv=(\S+)", r"规模变异系数=\1"),
    (r"customers=(\d+)", r"客户=\1"),
    (r"overlap=(\S+)", r"重叠=\1"),
    (r"loyalty=(\S+)", r"不变=\1"),
    (r"(\d+) customers", r"\1 名客户"),
    (r"(\d+) calls", r"\1 通回访"),
    (r"resistance drifts by (\S+)", r"拒答倾向漂移 \1"),
    (r"effect of the channel between (\S+) and (\S+) points", r"渠道效应 \1 至 \2 分"),
    (r"effect of the channel (\S+) points", r"渠道效应 \1 分"),
    (r"none of (\d+) dealers begs", r"\1 家门店都不要分"),
    (r"(\d+) of (\d+) dealers beg", r"\2 家门店中 \1 家要分"),
    (r"(\S+) of 7-9 turned into 10", r"把 \1 的 7–9 分改成 10 分"),
    (r"classifier of sensitivity (\S+)", r"分类器灵敏度 \1"),
    (r"(\d+) waves", r"\1 轮"),
)
COLUMNS = {
    "method": Text("方法", "Method"),
    "kind": Text("量的是", "Measures"),
    "expected": Text("应在", "Expected"),
    "ours": Text("我们", "Ours"),
    "naive": Text("朴素做法", "Naive way"),
    "refusals": Text("拒答", "Refusals"),
    "settings": Text("合格", "Passed"),
}
SCORECARD_COLUMNS = {
    "setting": Text("方法 · 情形", "Method · setting"),
    "kind": COLUMNS["kind"],
    "expected": COLUMNS["expected"],
    "ours": COLUMNS["ours"],
    "naive": COLUMNS["naive"],
    "R": Text("次数", "Runs"),
    "passed": Text("合格", "Passed"),
}
INSTEAD_COLUMNS = {
    "family": Text("方面", "Area"),
    "way": Text("朴素做法", "Naive way"),
    "naive": Text("同样数据上的结果", "On the same data"),
    "ours": Text("我们", "Ours"),
}


@dataclass(frozen=True)
class Instead:
    """The naive way of one family: which records show it, what it is called, and how its result is put."""

    methods: tuple[str, ...]
    kind: str
    way: Text
    result: Text  # with {share} or {coverage}, {bias} in points or {points} in percentage points
    part: str = ""  # of the setting


OFF = Text("盖住真值的有 {coverage}，平均偏 {bias} 分", "covers the truth in {coverage} of runs, off by {bias} points")
INSTEAD = {
    "scores": Instead(("nps clustered", "nps weighted"), "coverage", Text("不聚类、不加权的区间", "Intervals without clusters or weights"),
                      Text("盖住真值的有 {coverage}", "cover the truth in {coverage} of runs")),
    "weighting": Instead(("calibrated", "ipw", "aipw, boosted"), "coverage", Text("只看作答者的分数", "The score of those who answered"), OFF,
                         "missing at random"),
    "calls": Instead(("follow-up, plain", "follow-up, difference", "follow-up, tilt"), "coverage",
                     Text("只加权，不回访", "Weighting without call-backs"), OFF),
    "bounds": Instead(("churned",), "coverage", Text("把问得到的人当成全体", "Those who could be asked, taken for all"),
                      Text("盖住真值的有 {coverage}", "covers the truth in {coverage} of runs")),
    "begging": Instead(("begging",), "false alarms", Text("10 分多的门店就报", "Flag dealers with many 10s"),
                       Text("诚实门店误报 {share}", "flags {share} of honest dealers"), "each honest one at 5%"),
    "topics": Instead(("topic share",), "coverage", Text("数评论里的话题", "Count topics in comments"),
                      Text("盖住真值的有 {coverage}，平均偏 {points} 个百分点",
                           "covers the truth in {coverage} of runs, off by {points} percentage points")),
    "panels": Instead(("panel change",), "coverage", Text("比较各轮作答者", "Compare whoever answered each wave"), OFF),
}
LIMITS = (
    (
        Text("不是说真实数据一定满足这些前提。", "Not that real data meet these assumptions."),
        Text(
            "覆盖率是在我们写下的世界里量的；前提不成立时，区间照样会错。",
            "Coverage is measured in worlds we wrote down; where their assumptions fail, intervals fail too.",
        ),
    ),
    (
        Text("不是说沉默总能校正。", "Not that silence can always be corrected."),
        Text(
            "作答取决于没说出口的想法时，加权照样偏；页上的回访和上下界就是为此准备的。",
            "Where answering depends on what was left unsaid, weighting stays biased; the call-backs and bounds on this page are for that.",
        ),
    ),
    (
        Text("不是说单独一个区间有 95% 的把握。", "Not that one given interval is right with 95% certainty."),
        Text("95% 说的是这套做法反复使用时的命中率。", "95% is how often the procedure is right when used again and again."),
    ),
)
CAVEAT = Text(
    "这些世界是我们自己写的；真实数据若以没写到的方式违反前提，覆盖率会更低。",
    "We wrote these worlds ourselves; where real data break the assumptions in a way we did not write, coverage is lower.",
)
DECISION = Text(
    "只引用合格的方法；不合格的一行修好之前，不在页面上给区间。",
    "Quote only methods that pass; a failing row gives no interval on any page until it is mended.",
)
QUESTION = Text("埋下真值再去找，我们的方法找得回来吗？", "When we plant the truth, do our methods find it?")
DRAWN = Text("覆盖率，点 = 估计值，横条 = 模拟误差的 95% 区间", "Coverage; dot = estimate, bar = 95% interval of simulation error")


def answer(ours: Estimate, naive: Estimate, *, passed: int, settings: int) -> Text:
    """The finding."""
    return say(
        "说是 95% 的区间，实际盖住真值 {x:bare}；朴素做法在同样的数据上只有 {n:bare}。 {m} 种情形中 {k} 种在合格范围内。",
        "Intervals that claim 95% cover the truth {x:bare} of the time; the naive ones, on the same data, {n:bare}. "
        "{k} of {m} settings lie within the band.",
        x=ours, n=naive, k=passed, m=settings,
    )


def method(name: str) -> Text:
    """A method as the page names it."""
    return METHODS[name][1] if name in METHODS else Text(name, name)


def row(name: str, shared: Sequence[str]) -> Text:
    """A method, and what the settings of its row have in common besides their size."""
    words = [p for p in shared if not re.fullmatch(r"\d+ (customers|waves)", p)]
    named = method(name)
    if not words:
        return named
    more = setting(", ".join(words))
    return Text(f"{named.zh}：{more.zh}", f"{named.en}: {more.en}")


def setting(words: str) -> Text:
    """A setting in both languages."""
    return Text("，".join(_part(p) for p in words.split(", ")), _dashes(words))


def _part(part: str) -> str:
    if part in PARTS:
        return PARTS[part]
    for pattern, zh in PATTERNS:
        if re.fullmatch(pattern, part):
            return _dashes(re.sub(pattern, zh, part))
    return part


def _dashes(words: str) -> str:
    """A dash between numbers, a minus before one."""
    return re.sub(r"-(?=\d)", MINUS, re.sub(r"(?<=\d)-(?=\d)", "–", words))


def number(value: float, kind: str) -> str:
    """A share as per cent with one decimal, an error as signed points."""
    if kind == "bias":
        return "0.0" if abs(value) < 0.05 else f"{value:+.1f}".replace("-", MINUS)
    return f"{100 * value:.1f}".removesuffix(".0") + "%"


def between(values: Sequence[float], kind: str) -> Text:
    """The smallest and the largest, or one where they are written alike."""
    low, high = number(min(values), kind), number(max(values), kind)
    if low == high:
        return Text(low, low)
    if kind == "bias":
        return Text(f"{low} 至 {high}", f"{low} to {high}")
    return Text(*[f"{low.removesuffix('%')}–{high}"] * 2)


def expected(band: Sequence[float], kind: str) -> Text:
    """Where the measure has to lie."""
    low, high = band
    if kind == "bias":
        low_end, high_end = (f"{edge:+g}".replace("-", MINUS) for edge in band)
        return Text(*[f"±{high:g}"] * 2) if low == -high else Text(f"{low_end} 至 {high_end}", f"{low_end} to {high_end}")
    if low == high or (low > 0 and high < 1):
        return between(band, kind)
    edge = f"≥ {number(low, kind)}" if high >= 1 else f"≤ {number(high, kind)}"
    return Text(edge, edge)


def filled(words: Text, *, share: Sequence[float], bias: Sequence[float]) -> Text:
    """A result of `INSTEAD` with the range of its shares and errors over the settings."""
    covered, off = between(share, "coverage"), between([b for b in bias if b == b] or [0.0], "bias")
    points = between([100 * b for b in bias if b == b] or [0.0], "bias")
    return say(words.zh, words.en, coverage=covered, share=covered, bias=off, points=points)


def passed(count: int, settings: int) -> Text:
    """How many of the settings of a row pass."""
    if settings == 1:
        return Text("合格", "passed") if count else Text("不合格", "failed")
    return Text(f"{count}/{settings}", f"{count}/{settings}")


def checks(*, is_fresh: bool, settings: int, failed: int, agrees: bool, worst: Estimate, naive: float, alarms: float | None,
           power: float | None) -> tuple[Check, ...]:
    """What a reader should know before reading on."""
    made = [
        Check(
            Text("成绩单与代码一致", "The record was made by this code"), is_fresh,
            Text("代码指纹相同。", "The code hashes agree.") if is_fresh
            else Text("成绩单已过期：代码在长跑之后改过。", "The record is stale: the code changed after the long runs."),
            Text("重新运行 make coverage 之前，成绩单仅供参考。", "Until `make coverage` has run again, the record is only a hint."),
        ),
        Check(
            Text("每种情形都在合格范围内", "Every setting lies within its band"), failed == 0,
            say("{m} 种情形，{k} 种不合格。", "{m} settings, {k} outside the band.", m=settings, k=failed),
            Text("不合格的方法不给区间。", "A failing method gives no interval."),
        ),
        Check(
            Text("现算的短跑与长跑一致", "The runs made now agree with the long ones"), agrees,
            say("现算最低的一种：{x:bare}（{x:interval}），{x:n} 次。", "The lowest of the runs made now: {x:bare} ({x:interval}) over {x:n} runs.",
                x=worst),
            Text("先查代码，再读成绩单。", "Look at the code before reading the record."),
        ),
        Check(
            Text("朴素做法会失败", "The naive way fails"), None,
            say("同样的数据上，朴素区间覆盖率最低 {v:.0%}。", "On the same data the naive interval covers as little as {v:.0%}.", v=naive),
        ),
    ]
    if alarms is not None and power is not None:
        made.append(Check(
            Text("不误报，也找得到", "Few false alarms, and yet they find"), None,
            say("误报最多 {a:.1%}；埋下的差别最少找出 {p:.0%}，轻微的要分最难看见。",
                "False alarms reach {a:.1%} at most; planted differences are found in at least {p:.0%}, mild begging being the hardest to see.",
                a=alarms, p=power),
        ))
    return tuple(made)


def captions(*, passed: int, settings: int, scores: tuple[Estimate, Estimate], silence: tuple[Estimate, Estimate],
             live: Text) -> dict[str, dict[str, Any]]:
    """Titles of figures and tables by their name; `scores` and `silence` are coverage of ours and of the naive way."""
    named = {name: words for name, (_, words) in METHODS.items()}
    range_note = Text("每行汇总一种方法的各种情形；偏差以分计，话题以百分点计",
                      "One row sums up the settings of a method; bias in points, for topics in percentage points")
    return {
        "instead": {
            "title": Text("没有这些方法，会得出什么", "What one would conclude without these methods"),
            "subtitle": Text("取自同一份长跑记录，同样的数据", "From the same long runs, on the same data"),
        },
        "coverage": {
            "labels": named,
            "title": say("盖住真值 {x:bare}，而不是 {n:bare}", "The truth is covered {x:bare} of the time, not {n:bare}",
                         x=scores[0], n=scores[1]),
            "subtitle": DRAWN,
        },
        "silence": {
            "labels": named, "sort": "given",
            "title": say("有人沉默，区间仍有 {x:bare} 盖住真值，而不是 {n:bare}",
                         "Despite silence the truth is covered {x:bare} of the time, not {n:bare}", x=silence[0], n=silence[1]),
            "subtitle": DRAWN,
        },
        "scores": {"title": Text("分数的方法", "Methods for scores"), "subtitle": range_note},
        "silent": {"title": Text("谁没有作答：加权、回访、上下界", "Who stayed silent: weighting, call-backs, bounds"), "subtitle": range_note},
        "answers": {"title": Text("要分、话题、追踪", "Begging, topics, panels"), "subtitle": range_note},
        "scorecard": {
            "title": say("{m} 种情形，{k} 种合格", "{k} of {m} settings pass", k=passed, m=settings),
            "subtitle": Text("先列不合格的，再列离界限最近的；全部见 benchmarks/coverage.json",
                             "Failing ones first, then the closest calls; all of them are in benchmarks/coverage.json"),
        },
        "live": {"title": live, "subtitle": DRAWN},
    }


def live_title(runs: int, *, agrees: bool) -> Text:
    """What the runs made now show."""
    if agrees:
        return say("现算 {n} 次，与长跑相符", "{n} runs made now agree with the long ones", n=runs)
    return say("现算 {n} 次，低于长跑", "{n} runs made now fall short of the long ones", n=runs)
