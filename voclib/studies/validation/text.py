"""What the page of planted-truth runs says, in both languages; every number comes from the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voclib.numbers import MINUS
from voclib.results import Check, Estimate, Text
from voclib.sentences import say
from voclib.studies.validation.names import METHODS
from voclib.studies.validation.settings import setting

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
    result: Text  # with {share} or {coverage}, {bias} in points or {points} in percentage points, {times} the truth
    part: str = ""  # of the setting


TIMES = Text("盖住真值的有 {coverage}，平均是真值的 {times} 倍", "covers the truth in {coverage} of runs, on average {times} times the truth")
OFF = Text("盖住真值的有 {coverage}，平均偏 {bias} 分", "covers the truth in {coverage} of runs, off by {bias} points")
NOTHING_THERE = Text("实际没有作用，报出差别的有 {share}", "finds a difference where there is none in {share} of runs")
INSTEAD = {
    "scores": Instead(("nps clustered", "nps weighted"), "coverage", Text("不聚类、不加权的区间", "Intervals without clusters or weights"),
                      Text("盖住真值的有 {coverage}", "cover the truth in {coverage} of runs")),
    "weighting": Instead(("calibrated", "ipw", "aipw, boosted"), "coverage", Text("只看作答者的分数", "Score of those who answered"), OFF,
                         "missing at random"),
    "calls": Instead(("follow-up, plain", "follow-up, difference", "follow-up, tilt"), "coverage",
                     Text("只加权，不回访", "Weighting without call-backs"), OFF),
    "bounds": Instead(("churned",), "coverage", Text("把问得到的人当成全体", "Take those who could be asked for all"),
                      Text("盖住真值的有 {coverage}", "covers the truth in {coverage} of runs")),
    "begging": Instead(("begging",), "false alarms", Text("10 分多的门店就报", "Flag dealers with many 10s"),
                       Text("诚实门店误报 {share}", "flags {share} of honest dealers"), "each honest one at 5%"),
    "topics": Instead(("topic share",), "coverage", Text("数评论里的话题", "Count topics in comments"),
                      Text("盖住真值的有 {coverage}，平均偏 {points} 个百分点",
                           "covers the truth in {coverage} of runs, off by {points} percentage points")),
    "panels": Instead(("panel change",), "coverage", Text("比较各轮作答者", "Compare whoever answered each wave"), OFF),
    "effects": Instead(("att, poisson", "att, logit", "ppml", "two-part"), "coverage",
                       Text("久等的减没有久等的", "Those who waited minus those who did not"), TIMES, "log sd 0.8"),
    "designs": Instead(("event study", "hazard, time-varying exposure", "leniency, UJIVE"), "false alarms",
                       Text("暴露与未暴露直接相减", "Exposed minus unexposed, unadjusted"),
                       NOTHING_THERE),
    "attribution": Instead(("joint removal, total",), "coverage", Text("各痛点分别算完再相加", "Each pain point alone, then added up"), TIMES),
    "worth": Instead(("point of NPS",), "coverage", Text("推荐者与贬损者的毛利直接相减", "Promoters' margin minus detractors', unadjusted"), TIMES),
    "recovery": Instead(("recovery",), "false alarms", Text("比较回访前后的分数", "Scores of those called, before and after"),
                        Text("回访不起作用，平均偏 {bias} 分，误报 {share}", "when a call does nothing: off by {bias} points, false alarms {share}")),
    "sensitivity": Instead(("hidden factor",), "coverage", Text("当作没有漏记的因素", "Assume that nothing went unrecorded"),
                           Text("盖住真值的有 {coverage}", "covers the truth in {coverage} of runs"), "bounds at the planted strength"),
    "measurement": Instead(("icc1, stores differ", "r_wg, beyond regrouping"), "false alarms",
                           Text("组内一致性过了 0.70，就当门店的看法", "Take agreement above 0.70 within groups for a store's view"),
                           Text("随意凑成的组，被当成门店的有 {share}", "mistakes groups of strangers for stores in {share} of runs")),
    "leads": Instead(("lagged slope, as measured", "lagged slope, noise taken off"), "false alarms",
                     Text("所有门店、所有期混在一起算相关", "Correlation with all stores and periods pooled"), NOTHING_THERE, "no effect"),
    "rollout": Instead(("event study, stores",), "coverage", Text("静态双向固定效应，一个系数", "Static two-way fixed effects, one coefficient"),
                       OFF),
    "few": Instead(("permutation, t", "permutation, difference"), "false alarms",
                   Text("不管几家门店，标准误乘 1.96", "1.96 standard errors, however few the stores"), NOTHING_THERE),
    "loop": Instead(("clock, open cases counted",), "coverage", Text("只数已关闭的工单", "Count closed cases only"),
                    Text("盖住真值的有 {coverage}，平均偏 {points} 个百分点",
                         "cover the truth in {coverage} of runs, off by {points} percentage points")),
    "readers": Instead(("counts that moved", "pairs apart"), "false alarms",
                       Text("跟上一期比，一项一项看", "Compare with the period before, one by one"), NOTHING_THERE),
    "causes": Instead(("ratio of a batch named in advance",), "coverage", Text("只除以装车数", "Per vehicle fitted, nothing else"),
                      Text("盖住真值的有 {coverage}", "covers the truth in {coverage} of runs")),
}
# of the families whose bias is not in points: percentage points, yuan a customer, points of NPS a standard deviation of employees' answers
BIAS_UNITS = {"topics": "pp", "effects": "cny", "leads": "slope"}
NAMED = 8  # methods of stale settings
DECIMALS = {"slope": 2}  # one elsewhere
LIMITS = (
    (
        Text("不是说真实数据一定满足这些前提。", "Not that real data meet these assumptions."),
        Text(
            "覆盖率是在我们写下的世界里量的；前提不成立时，区间照样会错。",
            "Coverage is measured in simulated worlds; where their assumptions fail, so do the intervals.",
        ),
    ),
    (
        Text("不是说沉默总能校正。", "Not that silence can always be corrected."),
        Text(
            "作答取决于没说出口的想法时，加权照样偏；页上的回访和上下界就是为此准备的。",
            "Where answering depends on what was left unsaid, weighting stays biased; that is what the call-backs and bounds are for.",
        ),
    ),
    (
        Text("不是说算出的金额没有漏掉什么。", "Not that an amount leaves nothing out."),
        Text(
            "没记录的因素会带偏每一种做法；上下界只管得住说得出强度的那一部分。",
            "What nobody recorded distorts every method; the bounds hold only up to a strength that somebody can name.",
        ),
    ),
    (
        Text("不是说单独一个区间有 95% 的把握。", "Not that any single interval is right with 95% certainty."),
        Text("95% 说的是这套做法反复使用时的命中率。", "The 95% is how often the procedure is right when used repeatedly."),
    ),
)
CAVEAT = Text(
    "这些世界是我们自己写的；真实数据若以没写到的方式违反前提，覆盖率会更低。",
    "These worlds were written for the test; where real data break the assumptions in a way not written here, coverage is lower.",
)
DECISION = Text(
    "只引用合格的方法；不合格的一行修好之前，不在页面上给区间。",
    "Quote only methods that pass; a failing row gives no interval on any page until it is fixed.",
)
QUESTION = Text("埋下真值再去找，我们的方法找得回来吗？", "When we plant the truth, do our methods find it?")
NO_RUNS = Text("成绩单里还没有这一部分的长跑；运行 `make coverage` 之后才有。",
               "The record has no long runs for this part yet; `make coverage` produces them.")
DRAWN = Text("覆盖率，点 = 估计值，横条 = 模拟误差的 95% 区间", "Coverage; dot = estimate, bar = 95% interval of simulation error")

TITLES = {  # of the figures of coverage: the key of its caption, then the title in both languages
    "scores": ("coverage", "盖住真值 {x:bare}，而不是 {n:bare}", "The truth is covered {x:bare} of the time, not {n:bare}"),
    "silence": ("silence", "有人沉默，区间仍有 {x:bare} 盖住真值，而不是 {n:bare}",
                "Despite silence the truth is covered {x:bare} of the time, not {n:bare}"),
    "money": ("money", "换算成钱，区间仍有 {x:bare} 盖住真值，而不是 {n:bare}",
              "In money terms, the truth is covered {x:bare} of the time, not {n:bare}"),
    "stores": ("stores", "以门店为单位，区间仍有 {x:bare} 盖住真值，而不是 {n:bare}",
               "With stores as the unit, the truth is covered {x:bare} of the time, not {n:bare}"),
}
IN_POINTS = Text("每行汇总一种方法的各种情形；偏差以分计，话题以百分点计",
                 "Each row sums up the settings of one method; bias in points, for topics in percentage points")
IN_SCORE = Text("每行汇总一种方法的各种情形；偏差以分计", "Each row sums up the settings of one method; bias in points of the score")
IN_YUAN = Text("每行汇总一种方法的各种情形；偏差以每位客户多少元计", "Each row sums up the settings of one method; bias in yuan per customer")
IN_SLOPES = Text("每行汇总一种方法的各种情形；偏差是员工答卷每高一个标准差，NPS 差几分",
                 "Each row sums up the settings of one method; bias in points of NPS per standard deviation of employees' answers")
ONE_ROW = Text("每行汇总一种方法的各种情形", "Each row sums up the settings of one method")
TABLES = {
    "scores": (Text("分数的方法", "Methods for scores"), IN_POINTS),
    "silent": (Text("谁没有作答：加权、回访、上下界", "Who did not answer: weighting, call-backs, bounds"), IN_POINTS),
    "answers": (Text("讨分、话题、追踪", "Solicited scores, topics, panels"), IN_POINTS),
    "effects": (Text("一次久等损失多少", "What a long wait costs"), IN_YUAN),
    "designs": (Text("没有试验时：逐月对比、由谁接待、留存", "Without a trial: by month, by who served them, retention"), ONE_ROW),
    "attribution": (Text("损失和分数变化分到谁头上", "What a loss or a change in score is attributed to"), ONE_ROW),
    "worth": (Text("一分 NPS、一通回访、一个项目值多少", "What a point of NPS, a call or a programme is worth"), ONE_ROW),
    "sensitivity": (Text("漏记的因素、安慰剂、等待时长", "Unrecorded factors, placebos, waiting time"), ONE_ROW),
    "measurement": (Text("ICC、一致性、变化的信度", "ICC, agreement, reliability of change"), ONE_ROW),
    "leads": (Text("斜率、滞后剖面、方向", "Slopes, lag profiles, direction"), IN_SLOPES),
    "programmes": (Text("事件研究、置换检验、少量门店的误差", "Event studies, permutation, errors with few stores"), IN_SCORE),
    "loop": (Text("时钟、落地的项目、上市的红绿灯、一线、案例", "Clocks, live projects, launch lights, the frontline, stories"), ONE_ROW),
    "causes": (Text("批次与经营、大过偶然的变化、名次", "Batches and operations, changes beyond chance, ranks"), ONE_ROW),
}


def answer(ours: Estimate, naive: Estimate, *, passed: int, settings: int) -> Text:
    """The finding."""
    return say(
        "说是 95% 的区间，实际盖住真值 {x:bare}；朴素做法在同样的数据上只有 {n:bare}。 {m} 种情形中 {k} 种在合格范围内。",
        "Intervals that claim 95% cover the truth {x:bare} of the time, against {n:bare} for naive ones on the same data. "
        "{k} of {m} settings lie within the accepted band.",
        x=ours, n=naive, k=passed, m=settings,
    )


def number(value: float, kind: str, unit: str = "points") -> str:
    """A share as per cent with one decimal; an error with its sign, in points, percentage points or yuan, a slope with two."""
    if kind == "bias":
        value, decimals = 100 * value if unit == "pp" else value, DECIMALS.get(unit, 1)
        return f"{0:.{decimals}f}" if abs(value) < 0.5 * 10**-decimals else _signed(f"{value:+.{decimals}f}", unit)
    return f"{100 * value:.1f}".removesuffix(".0") + "%"


def _signed(written: str, unit: str) -> str:
    """The currency sign stands between sign and number."""
    return (f"{written[0]}¥{written[1:]}" if unit == "cny" else written).replace("-", MINUS)


def between(values: Sequence[float], kind: str, unit: str = "points") -> Text:
    """The smallest and the largest, or one where they are written alike."""
    low, high = number(min(values), kind, unit), number(max(values), kind, unit)
    if low == high:
        return Text(low, low)
    if kind == "bias":
        return Text(f"{low} 至 {high}", f"{low} to {high}")
    return Text(*[f"{low.removesuffix('%')}–{high}"] * 2)


def expected(band: Sequence[float], kind: str, unit: str = "points") -> Text:
    """Where the measure has to lie."""
    low, high = band
    if kind == "bias":
        scale = 100 if unit == "pp" else 1
        low_end, high_end = (_signed(f"{scale * edge:+g}", unit) for edge in band)
        return Text(*[f"±{high_end[1:]}"] * 2) if low == -high else Text(f"{low_end} 至 {high_end}", f"{low_end} to {high_end}")
    if low == high or (low > 0 and high < 1):
        return between(band, kind)
    edge = f"≥ {number(low, kind)}" if high >= 1 else f"≤ {number(high, kind)}"
    return Text(edge, edge)


def filled(words: Text, *, share: Sequence[float], bias: Sequence[float], truth: Sequence[float]) -> Text:
    """A result of `INSTEAD` with the range of its shares and errors over the settings."""
    off = [b for b in bias if b == b] or [0.0]
    multiples = [f"{1 + b / t:.1f}" for b, t in zip(bias, truth, strict=True) if b == b and t == t and t != 0]
    times = "–".join(sorted({min(multiples, key=float), max(multiples, key=float)}, key=float)) if multiples else ""
    covered = between(share, "coverage")
    return say(words.zh, words.en, coverage=covered, share=covered, bias=between(off, "bias"), points=between(off, "bias", "pp"), times=times)


def passed(count: int, settings: int) -> Text:
    """How many of the settings of a row pass."""
    if settings == 1:
        return Text("合格", "passed") if count else Text("不合格", "failed")
    return Text(f"{count}/{settings}", f"{count}/{settings}")


def _stale(methods: Mapping[Text, int], settings: int) -> Text:
    """Which settings are older than the code they rest on, by method, the first few named."""
    if not methods:
        return Text("成绩单已过期：代码在长跑之后改过。", "The record is stale: the code has changed since the long runs.")
    named, rest = list(methods.items())[:NAMED], max(len(methods) - NAMED, 0)
    zh, en = "；".join(f"{m.zh}（{k}）" for m, k in named), "; ".join(f"{m.en} ({k})" for m, k in named)
    more = say("；另有 {n} 种方法", "; and {n} more", n=rest) if rest else Text("", "")
    return say("{m} 种情形中有 {k} 种已过期，所用的代码在长跑之后改过：{which}{more}。",
               "{k} of {m} settings are stale because their code has changed since the long runs: {which}{more}.",
               m=settings, k=sum(methods.values()), which=Text(zh, en), more=more)


def checks(*, is_fresh: bool, stale: Mapping[Text, int], settings: int, failed: int, agrees: bool, worst: Estimate, naive: float,
           alarms: float | None, power: float | None, faintest: Text | None) -> tuple[Check, ...]:
    """What a reader should know before reading on; `stale` counts by method the settings whose code has changed."""
    made = [
        Check(
            Text("成绩单与代码一致", "The record was made by this code"), is_fresh,
            Text("代码指纹相同。", "The code hashes agree.") if is_fresh
            else _stale(stale, settings),
            Text("重新运行 make coverage 之前，过期的部分仅供参考。", "Until `make coverage` has run again, treat what is stale as indicative only."),
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
            Text("先查代码，再读成绩单。", "Check the code before reading the record."),
        ),
        Check(
            Text("朴素做法会失败", "The naive way fails"), None,
            say("同样的数据上，朴素区间覆盖率最低 {v:.0%}。", "On the same data, naive intervals cover the truth as rarely as {v:.0%} of the "
                                                              "time.", v=naive),
        ),
    ]
    if alarms is not None and power is not None:
        made.append(Check(
            Text("不误报，也找得到", "Few false alarms, and still they detect"), None,
            say("误报最多 {a:.1%}；埋下的差别最少找出 {p:.0%}，这一种最难看见：{f}。",
                "False alarms reach {a:.1%} at most; planted differences are found at least {p:.0%} of the time, hardest to see: {f}.",
                a=alarms, p=power, f=faintest),
        ))
    return tuple(made)


def captions(*, passed: int, settings: int, totals: Mapping[str, tuple[Estimate, Estimate]], live: Text,
             worlds: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Titles of figures and tables by their name; `totals` holds coverage of ours and of the naive way by area, `worlds` are those run now."""
    labels = {name: words for name, (_, words) in METHODS.items()}
    figures = {TITLES[area][0]: {"labels": labels, "subtitle": DRAWN, "title": say(*TITLES[area][1:], x=ours, n=naive)}
               for area, (ours, naive) in totals.items()}
    return {
        **figures, **{name: {"title": title, "subtitle": note} for name, (title, note) in TABLES.items()},
        "instead": {
            "title": Text("没有这些方法，会得出什么", "What one would conclude without these methods"),
            "subtitle": Text("取自同一份长跑记录，同样的数据", "From the same long runs, on the same data"),
        },
        "scorecard": {
            "title": say("{m} 种情形，{k} 种合格", "{k} of {m} settings pass", k=passed, m=settings),
            "subtitle": Text("先列不合格的，再列离界限最近的；全部见 benchmarks/coverage.json",
                             "Failing ones first, then the closest calls; the full list is in benchmarks/coverage.json"),
        },
        "live": {"title": live, "subtitle": DRAWN, "labels": {name: setting(name) for name in worlds}},
    }


def live_title(runs: int, *, agrees: bool) -> Text:
    """What the runs made now show."""
    if agrees:
        return say("现算 {n} 次，与长跑相符", "{n} runs made now agree with the long ones", n=runs)
    return say("现算 {n} 次，低于长跑", "{n} runs made now fall short of the long ones", n=runs)
