"""Fixed words of the EX–VoC study in both languages: question, rungs, limits, refusals."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from math import floor, inf, log10
from typing import TYPE_CHECKING, Any

from voclib import sentences
from voclib.results import Estimate, Text
from voclib.sentences import capital, listed
from voclib.stats.inference import Decision
from voclib.studies.ex_voc.panel import ExPanel

if TYPE_CHECKING:
    import pandas as pd

_MINUS = re.compile(r"(?<![\w–-])-(?=\d)")
_SEAM = re.compile(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z])|(?<=[A-Za-z])(?=[\u4e00-\u9fff])")


def say(zh: str, en: str, **values: Any) -> Text:
    """As `sentences.say`, with a space in Chinese wherever a name such as NPS meets a character."""
    made = sentences.say(zh, en, **values)
    return Text(*(_MINUS.sub("−", text) for text in (_SEAM.sub(" ", made.zh), made.en)))


def digits(*values: float, signed: bool = False) -> tuple[str, ...]:
    """Numbers that stand side by side, at the place of the second significant digit of the largest: 3.8, 0.055, 120."""
    largest = max(map(abs, values))
    place = max(1 - floor(log10(largest)), 0) if 0 < largest < inf else 1
    return tuple(f"{value:{'+' if signed else ''}.{place}f}" for value in values)


QUESTION = Text("员工的声音，领先于客户的声音吗？", "Does the employee's voice lead the customer's?")
PROGRAMME_RUNGS = {
    "naive": (Text("常见的前后对照回归", "The usual before–after regression"),
              Text("静态双向回归；分批开始时有偏", "Static two-way regression; biased where starts are staggered")),
    "events": (Text("与还没开始的比", "Against those that had not started"), Text("事件研究，逐期", "Event study, period by period")),
    "permutation": (Text("换一批参加的，会不会也这么大", "Would others show as much"), Text("置换检验", "Permutation")),
}
NOT_KNOWN = Text("只有均值，没有员工的答卷，测不出调研本身准不准。",
                 "Only means are available, not the answers behind them, so how well the survey measures cannot be assessed.")
NEEDS_ANSWERS = Text("逐份的员工答卷（或每个均值的抽样方差）。", "Individual employees' answers, or the sampling variance of each mean.")
NO_PROFILE = Text("期数太少，画不出先后剖面。", "Too few periods for a lead–lag profile.")
NO_LINES = Text("没有可信的误差，坡就不画：画出来会显得比实际更准。",
                "A slope without a credible error is not drawn: it would look more certain than it is.")
NO_PROGRAMME = Text("没有给出员工体验项目，无从比较投入前后。", "No employee programme was given, so there is no before and after to compare.")
NOTHING_TO_UNDO = Text("区间本来就含零，谈不上抹平。", "The range already includes zero, so there is nothing to erase.")
MORE = {"now": Text("现在", "Now"), "stores": Text("{u}翻倍", "Twice as many {u}s"), "periods": Text("期数翻倍", "Twice as many periods"),
        "employees": Text("作答员工翻倍", "Twice as many employees answering"),
        "customers": Text("作答客户翻倍", "Twice as many customers answering")}
CONTROLS = {"is_manager_changed": Text("换店长", "a change of manager"), "vacancies": Text("缺编", "vacancies"),
            "is_refurbished": Text("装修", "refurbishment"),
            "stress": Text("工作压力", "work stress"), "clinical_share": Text("临床岗位占比", "share of clinical staff")}


def rungs(panel: ExPanel) -> dict[str, tuple[Text, Text]]:
    """What each rung does, and what stands behind it."""
    about = {"u": panel.unit_name, "U": capital(panel.unit_name), "e": panel.exposure, "o": panel.outcome, "O": capital(panel.outcome)}
    known = say("在案因素：{c}，都取同一滞后", "Recorded, at the same lag: {c}", c=controls(panel.controls))
    return {
        "pooled": (say("所有{u}、所有期混在一起", "All {u}s and periods pooled", **about),
                   Text("供应商常给的相关，校正前", "The correlation vendors quote; uncorrected")),
        "between": (say("{u}与{u}比", "{U} against {u}", **about),
                    Text("好的两边都好：地段、城市、底子", "Good ones do well on both: site, city, history")),
        "within": (say("同一家{u}和自己的过去比", "Each {u} against its own past", **about), Text("永久的差别抵消了", "What never changes cancels")),
        "lagged": (Text("再扣除在案因素，按精度加权", "Less recorded factors, weighted by precision") if panel.has_sampling else
                   Text("再扣除在案因素", "Less recorded factors"), known),
        "corrected": (Text("再扣除调研的抽样误差", "Less the survey's sampling noise"),
                      Text("拆半工具变量，所有拆法的平均", "Split-half instrument, averaged over all splits")),
        "feedback": (say("容许{o}反过来牵动{e}", "Allowing {o} to move {e}", **about), Text("半面板刀切，不加权",
                                                                                   "Half-panel jackknife, unweighted")),
        "differences": (Text("只看变化，以更早的水平为工具", "Changes only, earlier levels as instruments"),
                        Text("Anderson–Hsiao", "Anderson–Hsiao")),
    }


def no_money(panel: ExPanel, *, has_slope: bool, has_bookings: bool) -> Text:
    """Why nothing is turned into money."""
    if not has_slope:
        return Text("没有斜率，也就没有可以换算成钱的变化。", "There is no slope, so there is no change to convert into money.")
    if not has_bookings:
        return Text("没有客户的账目，换算不成钱。", "Without customers' transactions, this cannot be converted into money.")
    return say("只有 NPS 的一分算得出值多少钱，{o}不行。", "Only a point of NPS can be priced; a point of {o} cannot.", o=panel.outcome)


def control(name: str) -> Text:
    """A control by its name, as the reader knows it."""
    return CONTROLS.get(name, Text(name, name))


def controls(names: Iterable[str]) -> Text:
    """Controls by their names; a word where there are none."""
    return listed((control(name) for name in names), none=Text("无", "none"))


def of_period(panel: ExPanel) -> Text:
    """How long a period is, in brackets, so that a sentence that stands alone says how early is early; empty where nobody said."""
    if panel.period_name.en == "period":
        return Text("", "")
    return say("（一期 {p}）" if panel.period_name.zh[:1].isdigit() else "（一期一{p}）", " (of {a}{p})", p=panel.period_name,
               a="" if panel.period_name.en[:1].isdigit() else "one ")


def most_gained(more: pd.DataFrame, panel: ExPanel) -> tuple[Text, float]:
    """Of what can be doubled, that which lowers the detectable change most, as it stands in a sentence, and the change found then."""
    best = more[~more["kind"].eq("now")].sort_values("detectable", kind="stable").iloc[0]
    return inside(say(MORE[best["kind"]].zh, MORE[best["kind"]].en, u=panel.unit_name)), float(best["detectable"])


def next_period(panel: ExPanel, lag: int) -> Text:
    """The period of the outcome, seen from that of the exposure."""
    if lag == 1:
        return say("下一{p}", "one {p} later", p=panel.period_name) if panel.period_name.en in ("quarter", "year",
                                                                                                "month") else Text("下一期", "one period later")
    return say("{n} 期之后", "{n} periods later", n=lag)


def axis(panel: ExPanel) -> Text:
    """Title of the axis of lags."""
    if panel.period_name.en == "period":
        return say("先量{e}的期数", "Periods by which {e} comes first", e=panel.exposure)
    return say("先量{e}的期数（一期：{p}）", "Periods by which {e} comes first (period: {p})", e=panel.exposure, p=panel.period_name)


def step(panel: ExPanel, sd: float, *, is_true: bool) -> Text:
    """One standard deviation of the exposure within units, on its own scale."""
    kind = Text("，已扣抽样误差", ", noise removed") if is_true else Text("", "")
    return say("1 个{u}内标准差（量表 {s} 分{k}）", "one within-{u} standard deviation ({s} points on its scale{k})", s=digits(sd)[0], k=kind,
               u=panel.unit_name)


OBSTACLES = {
    "constant": (Text("{e}一列从头到尾是同一个数，无从谈变化。",
                      "The column of {e} holds the same number throughout, so there is no change to study."),
                 Text("换一列有变化的{e}，或检查导出。", "A column of {e} that varies, or a check of the export.")),
    "still": (Text("{e}在每个{u}里从不变化，只能在{u}之间比。",
                   "{E} never changes within a {u}, so only {u}s can be compared with each other."),
              Text("至少两期会变的员工调研。", "An employee survey of at least two waves whose results change.")),
    "common": (Text("每一期所有{u}的{e}都一样，与公司的季节分不开。",
                    "In each period {e} is the same for all {u}s, so it cannot be separated from company-wide seasons."),
               Text("分{u}的员工调研结果。", "Employee survey results by {u}.")),
    "season": (Text("每一期所有{u}的{o}都一样，与公司的季节分不开。",
                    "In each period {o} is the same for all {u}s, so it cannot be separated from company-wide seasons."),
               Text("分{u}的{o}。", "Results for {o} by {u}.")),
    "flat": (Text("{o}在每个{u}里从不变化，没有变化可以解释。", "Within a {u}, {o} never changes, so there is no change to explain."),
             Text("一列会变的{o}，或检查导出。", "A column of {o} that varies, or a check of the export.")),
    "noise": (Text("{e}在{u}内的变化不比抽样误差大：调研分不清这一期和下一期。",
                   "The change in {e} within {u}s is no larger than its sampling noise: the survey cannot distinguish one period from the next."),
              Text("每个{u}更多员工作答，或把相邻期合并。", "More employees answering in each {u}, or adjacent periods merged.")),
    "short": (Text("两边都有数的只有 {t} 期、{g} 个{u}，看不出{u}内的变化。",
                   "Only {t} period(s) and {g} {u}(s) have data on both sides, so no change within a {u} can be seen."),
              Text("同一批{u}至少两期（滞后之后），建议 6 期以上、20 个以上。",
                   "The same {u}s over at least two periods after the lag, preferably 6 periods and 20 {u}s or more.")),
}


def obstacle(kind: str, panel: ExPanel, *, periods: int = 0, units: int = 0) -> tuple[Text, Text]:
    """Why no change within units can be studied, and what would make it possible."""
    reason, needs = OBSTACLES[kind]
    about = {"u": panel.unit_name, "e": panel.exposure, "E": capital(panel.exposure), "o": panel.outcome, "t": periods, "g": units}
    return tuple(say(text.zh, text.en, **about) for text in (reason, needs))


def too_few_clusters(count: int, panel: ExPanel) -> tuple[Text, Text]:
    """Why no interval is printed with a handful of units."""
    return (say("只有 {g} 个{u}：误差无从估计，任何区间都会显得比实际更准。",
                "With only {g} {u}s, errors cannot be estimated: any interval would look more certain than it is.",
                g=count, u=panel.unit_name),
            say("至少 10 个{u}，最好 20 个以上。", "At least 10 {u}s, preferably 20 or more.", u=panel.unit_name))


def no_comparison(treated: int, count: int, panel: ExPanel) -> tuple[Text, Text]:
    """Why a programme has no effect printed."""
    return (say("{g} 个{u}里有 {n} 个参加，没有哪一期同时有够多已经开始的和还没开始的，所以没有可信的对照。",
                "{n} of {g} {u}s took part. In no period had enough started while enough had not, so there is no credible comparison.",
                n=treated, g=count, u=panel.unit_name),
            say("同一期里至少 5 个已经开始、5 个还没开始，开始之前有两期以上；最好抽签决定谁先。",
                "At least 5 that have started and 5 that have not in one period, with two periods before the start; ideally in random order.",
                u=panel.unit_name))


def open_interval(smallest_p: float, panel: ExPanel) -> tuple[Text, Text]:
    """Why a permutation that can rule out no effect on one side gives no number."""
    return (say("参加的{u}太少：把开始的时间换给别的{u}再算，多大的效果都排除不了，区间没有尽头（p 值最小只能到 {p:.3f}）。",
                "Too few {u}s took part: with the starts reassigned to other {u}s, even a huge effect cannot be ruled out, so the range has no end "
                "(p cannot fall below {p:.3f}).", p=smallest_p, u=panel.unit_name),
            say("再多几个参加的{u}，最好抽签决定谁先。", "A few more participating {u}s, ideally starting in random order.", u=panel.unit_name))


def same_people(ends: tuple[str, ...]) -> Text:
    """What taking off sampling noise supposes of who answers; `ends` are the slope with none taken off, and as it is given."""
    return say("若每期都是同一批员工作答，抽样误差就扣多了，斜率在 {a}（一点不扣）与 {b}（如上）之间。",
               "If the same employees answer every time, too much sampling noise has been removed; the slope then lies between {a} (none removed) "
               "and {b} (as above).", a=ends[0], b=ends[1])


PLANTED = {"ex_slope": Text("员工体验每高 1 个标准差，下一期的 NPS", "NPS one period after employee experience is one standard deviation higher"),
           "programme_effect": Text("项目之后各期的平均", "Mean of the periods after the programme")}
HOLDS = {True: Text("在区间内", "inside"), False: Text("在区间外", "outside")}
PROGRAMME = Text("该项目", "the programme")
ABSENCE = Text("看不出先后不等于没有先后。", "That no order can be seen does not mean that there is none.")
MORE_EMPLOYEES = Text("每格更多员工作答（至少 8 份），或把相邻期合并。",
                      "More employees answering in each cell (at least 8), or adjacent periods merged.")

def limits(panel: ExPanel) -> tuple[tuple[Text, Text], ...]:
    """Wrong readings and why they are wrong."""
    about = {"e": panel.exposure, "o": panel.outcome, "u": panel.unit_name}
    cause = (say("“{e}改变了{o}”", "“{e} changed {o}”", **{**about, "e": capital(panel.exposure)}),
             Text("没有试验。有第三件事先动了两边，也会是这个样子；“站得住吗”一节说它要多强。",
                  "There was no trial. A third thing that moved both first would look the same; “Does it hold?” says how strong it must be."))
    lag = (Text("“滞后几期最好”", "“The best lag is …”"),
           Text("滞后期是看数据之前定的。挑最好看的那个，四次里有一次是假的。",
                "The lag was declared before looking at the data. Picking the best-looking one gives a false finding about one time in four."))
    single = (say("“某一家{u}的员工拖累了结果”", "“That {u}'s employees drag the result down”", **about),
              say("这里说的是平均；单家的斜率大半是偶然，不排名，不点名。",
                  "This is an average. A single {u}'s slope is mostly chance, so none is ranked or named.", **about))
    money = (Text("“把这笔钱加到痛点损失上”", "“Add this money to the losses from pain points”"),
             Text("员工体验的钱是经由客户体验来的，本来就在里面，只能写“其中”。",
                  "This money comes through customer experience and is already included there: write “of which”, never “plus”."))
    exact = (Text("“调研本身是准的”", "“The survey itself is accurate”"),
             Text("手上只有均值，测不出。没有扣除的抽样误差会把斜率拉向零。",
                  "Only means are available, so this cannot be assessed. Sampling noise left in pulls the slope towards zero."))
    return (cause, single, lag, money) if panel.answers is not None else (cause, single, lag, exact)


def inside(text: Text) -> Text:
    """The same, standing inside a sentence in English."""
    return Text(text.zh, text.en[:1].lower() + text.en[1:])


def size(e: Estimate) -> Estimate:
    """The estimate without its sign, for sentences that say higher or lower."""
    return e if e.value >= 0 else e.with_(value=-e.value, conf_low=-e.conf_high, conf_high=-e.conf_low)


def way(e: Estimate) -> Text:
    """Higher or lower."""
    return Text("高", "higher") if e.value >= 0 else Text("低", "lower")


def method(found: Decision) -> Text:
    """How errors were made, as a reader may ask for it."""
    if found.conf_low is None:
        return Text("太少，不给误差", "too few for a credible error")
    if "noise" in found.method:
        return say("留一刀切（CRV3），已扣除抽样误差，自由度 {d}", "leave-one-out jackknife (CRV3), sampling noise removed, t({d})",
                   d=int(found.fit.df))
    if found.policy.name == "many":
        return say("留一刀切（CRV3），自由度 {d}", "leave-one-out jackknife (CRV3), t({d})", d=int(found.fit.df))
    return say("留一刀切（CRV3）与野自助法，取较宽的一个", "the wider of leave-one-out jackknife (CRV3) and wild cluster bootstrap")


def declared(panel: ExPanel, *, lag: int, max_lag: int, leads: int) -> Text:
    """What was fixed before the data were looked at, and a mark that changes when any of it does."""
    whole = f"{panel.outcome.en}|{panel.exposure.en}|lag {lag}|lags 0-{max_lag}|leads {leads}|{','.join(panel.controls)}"
    named = controls(panel.controls)
    return say("看数据之前定下：结论只看滞后 {k} 期的{o}；剖面画到滞后 {m} 期，另加 {n} 期假先行；在案因素：{c}（取同一滞后）。声明号 {h}。",
               "Fixed before looking at the data: the conclusion rests on {o} at lag {k} alone; the profile runs to lag {m}, with {n} placebo leads; "
               "recorded factors, at the same lag: {c}. Declaration {h}.", k=lag, m=max_lag, n=leads, o=panel.outcome, c=named,
               h=hashlib.sha256(whole.encode()).hexdigest()[:8])
