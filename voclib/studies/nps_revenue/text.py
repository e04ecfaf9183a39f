"""What the money page says, in both languages; every number comes from an Estimate or a counted row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from voclib import numbers
from voclib.errors import VocError
from voclib.results import Estimate, Ladder, Text, Unit
from voclib.sentences import say
from voclib.stats.inference import Fit
from voclib.studies.nps_revenue import money_words
from voclib.studies.nps_revenue.cohort import Cohort
from voclib.studies.survivorship import text as survivorship_text

QUESTION = Text("一次糟糕的体验，让我们少赚多少钱？", "What does one bad experience cost us?")
EXPOSED = {
    "wait_minutes": (Text("等待超过 {t} 分钟的", "who waited more than {t} minutes"), Text("等待", "the wait")),
    "no_support": (Text("没有技术支持的", "without technical support"), Text("没有技术支持", "having no technical support")),
    "refunded": (Text("退过款的", "who were refunded"), Text("退款", "the refund")),
}
PROJECTS = {
    "wait_minutes": Text("缩短等待的项目", "a project that shortens the wait"),
    "no_support": Text("推广技术支持的项目", "a project that promotes technical support"),
    "refunded": Text("减少退款的项目", "a project that reduces refunds"),
}
RUNGS: dict[str, tuple[Text, Text]] = {
    "naive": (Text("暴露与未暴露相减", "Exposed minus unexposed"), Text("厂商幻灯片的算法，校正前", "As on a vendor's slide; uncorrected")),
    "regression": (Text("回归", "Regression"), Text("扣除已知的差别，每项一个斜率", "Removes known differences, one slope each")),
    "twopart": (Text("两部分模型", "Two-part model"), Text("先看是否消费，再看消费多少", "Whether customers buy, then how much")),
    "poisson": (Text("泊松回归", "Poisson regression"), Text("按比例比较，与币种单位无关", "Compares ratios; the unit of currency is irrelevant")),
    "before": (Text("只用此前必定已知的信息", "Only with what was certainly known before"),
               Text("不校正可能在后的列", "Does not adjust for columns that may come later")),
    "aipw": (Text("双重稳健", "Doubly robust"),
             Text("两个模型对一个即可，各用没见过的数据", "Right if either model is; each uses data it never saw")),
    "timing": (Text("时间不明，只给范围", "Timing unknown: a range"), Text("上面两行之间", "Between the two rows above")),
    "events": (Text("逐月对比", "By month"), Text("与各自接触前相比，再与未暴露者相减", "Against their own past, minus the unexposed")),
    "agents": (Text("由谁接待", "By who served them"), Text("把经手人当作抽签，比较快慢", "Treats the employee, fast or slow, as drawn at random")),
}
LOST = {
    "slide": (Text("暴露后流失的全部客户", "All exposed customers who left"),
              Text("精确计数；其中有人本来就会走", "An exact count; some would have left anyway")),
    "naive": (Text("流失率相减", "Difference in leaving rates"), Text("校正前", "Uncorrected")),
    "aipw": (Text("多流失的客户", "Extra customers lost"), Text("与条件相同的人相比", "Against comparable customers")),
}
STEPS = {
    "left": Text("多流失的客户", "Customers lost"), "less": Text("留下的人少花", "Those who stayed spent less"),
    "lost": Text("校正后的损失", "Loss after correction"), "already": Text("本来就消费得少", "Already spent less"),
    "slide": Text("校正前的说法", "What a slide would claim"),
}
GROUPS = {
    "returned": Text("再次消费的比例", "Share who came back"), "left": Text("流失的比例", "Share who left"),
    "vvip": Text("高价值客户", "High-value customers"), "regular": Text("普通客户", "Regular customers"), "exposed": Text("暴露", "Exposed"),
    "unexposed": Text("未暴露（加权）", "Unexposed, weighted"),
}
OTHERS = {
    "adjusted": RUNGS["aipw"][0], "whole": Text("本报告采用", "This report's answer"),
    "cut_995": Text("截掉最高的 0.5%", "Top 0.5% trimmed"),
    "cut_99": Text("截掉最高的 1%", "Top 1% trimmed"), "half": Text("期限减半", "Half the horizon"),
    "revenue": Text("收入，不是毛利", "Revenue, not margin"),
}
OTHER_COLUMNS = {"name": Text("口径", "Measure"), "value": Text("损失", "Loss"), "low": Text("区间下端", "From"), "high": Text("区间上端", "To")}
TRUTH_COLUMNS = {"name": Text("做法", "Method"), "value": Text("估计", "Estimate"), "low": Text("区间下端", "From"), "high": Text("区间上端", "To"),
                 "truth": Text("埋下的真值", "Planted truth"), "held": Text("区间含真值", "Contains the truth")}
ALREADY_GONE = (
    Text("没有日期：已经走了的客户不能再算“有风险”。", "No dates: customers who have already left are no longer “at risk”."),
    Text("带日期的接触与流失。", "Dates of contacts and of leaving."),
)
TIMING = (
    Text("金额只有范围，人数也不给一个数。", "The money is only a range, so no single number of customers is given either."),
    Text("带日期的导出。", "An export with dates."),
)
NO_DOSE = Text("数据里只有“有没有”，没有“有多少”，画不出剂量曲线。", "The data say whether, not how much, so no dose curve can be drawn.")
NO_CURVE = Text("没有日期，画不出逐日的留存。", "Without dates, retention by day cannot be drawn.")
NO_MONTHS = Text("没有逐月的账目，不能与各自的过去相比。", "Without monthly bookings, customers cannot be compared with their own past.")
NO_STEPS = Text("没有可用的金额，不画瀑布图。", "No usable amount, so no waterfall is drawn.")
NO_KPI = Text("没有日期，“此后有没有回来、走没走”无从说起。", "Without dates, nothing can be said about who later came back or left.")
NO_PAINS = Text("没有与这次接触相连的评论主题，不能把损失分给各个痛点。",
                "No comment topics are linked to these contacts, so the loss cannot be divided among pain points.")
NO_PLAN = Text("没有一个能用的金额，谈不上回报。", "Without a usable amount, no return can be calculated.")
NO_TIERS = Text("没有价值分层。", "There are no value tiers.")
ABSENT = {"tiers": NO_TIERS, "steps": NO_STEPS, "curves": NO_CURVE, "kpi": NO_KPI, "response": NO_DOSE, "path": NO_MONTHS}
LIMITS = (
    (
        Text("“这些钱都怪这次体验。”", "“All of this money is down to the experience.”"),
        Text("没有做过试验，说的是与条件相同的客户之差；没记录的差别仍可能在里面。",
             "There was no experiment: this is a difference from comparable customers, and unrecorded differences may still be part of it."),
    ),
    (
        Text("“改好体验就能把这笔钱挣回来。”", "“Fix the experience and this money comes back.”"),
        Text("那要看改得动多少、花多少、走了的人回不回来；“值不值得做”一节把这些算进去。",
             "That depends on how much can be fixed, at what cost, and whether those who left return; the section on returns allows for this."),
    ),
    (
        Text("“把各痛点的钱、NPS 的钱、员工体验的钱加起来。”", "“Add up the money from pain points, NPS and employee experience.”"),
        Text("它们是同一笔钱的几种看法，互相重叠；本页只有一个总额，其余都是“其中”。",
             "These are overlapping views of the same money; this page has one total, and everything else is part of it."),
    ),
    (
        Text("“有风险的钱就是已经损失的钱。”", "“Money at risk is money already lost.”"),
        Text("那是对这些客户会带走多少的估计，不问原因；其中大部分人本来也会走。",
             "It estimates what these customers may take with them, for whatever reason; most of them would have left anyway."),
    ),
)


def measure(cohort: Cohort) -> Text:
    """What is counted: gross margin or revenue."""
    return money_words.MEASURES[cohort.measure]


def exposed(cohort: Cohort) -> Text:
    """Who is exposed, as words that stand before (Chinese) or after (English) “customers”."""
    who = EXPOSED.get(cohort.exposure, (Text(f"遇到“{cohort.exposure}”的", f"who met {cohort.exposure}"),))[0]
    at = "" if cohort.threshold is None else f"{cohort.threshold:g}"
    return Text(who.zh.format(t=at), who.en.format(t=at))


def what(cohort: Cohort) -> Text:
    """The exposure itself in a word or two."""
    return EXPOSED[cohort.exposure][1] if cohort.exposure in EXPOSED else Text(cohort.exposure, cohort.exposure)


def project(cohort: Cohort) -> Text:
    """A project against the exposure, named by what it would do."""
    return PROJECTS.get(cohort.exposure, Text(f"应对“{cohort.exposure}”的项目", f"a project against {cohort.exposure}"))


def span(cohort: Cohort) -> Text:
    """Over how long money is counted."""
    if not cohort.is_dated:
        return Text("一个月", "one month")
    days = cohort.horizon_days
    return Text("12 个月", "12 months") if days == 365 else Text(f"{days} 天", f"{days} days")


def facts(cohort: Cohort) -> dict[Text, Any]:
    """Counts that open the page."""
    found: dict[Text, Any] = {
        Text("位客户在比较里", "customers compared"): len(cohort.people),
        say("{who}客户", "customers {who}", who=exposed(cohort)): int(cohort.exposed.sum()),
        Text("其中此后流失", "of these later left"): int(cohort.left[cohort.exposed].sum()),
    }
    if cohort.n_dealers is not None:
        found[Text("家门店", "dealers")] = cohort.n_dealers
    if cohort.ledger is not None:
        found[Text("笔账目可用", "usable bookings")] = len(cohort.ledger.rows)
    return found


def balance(found: pd.DataFrame) -> pd.DataFrame:
    """Differences with names, largest first: name, smd_raw, smd_weighted."""
    return survivorship_text.balance(found)


def no_overlap(tier: str, inside: int, others: int, floor: int) -> tuple[Text, Text]:
    """Why a tier gets no amount."""
    name = GROUPS.get(tier, Text(tier, tier))
    reason = say("“{t}”里暴露的只有 {a} 位、未暴露的 {b} 位，没有可比的人。",
                 "Among {t}, only {a} were exposed and {b} were not, so there is nobody to compare with.", t=name, a=inside, b=others)
    return reason, say("每边至少 {n} 位。", "At least {n} on each side.", n=floor)


def not_predicted(error: VocError) -> tuple[Text, Text]:
    """Why nothing is said of money at risk."""
    return (Text("流失或留下的暴露客户太少，估不出有风险的金额。", f"Money at risk cannot be estimated: {error}"),
            Text("流失与留下的暴露客户各至少 30 位。", "At least 30 exposed customers who left and 30 who stayed."))


def other(key: str, fit: Fit, unit: Unit, conf_level: float) -> dict[str, Any]:
    """One row of the table of other measures."""
    shown = fit.estimate("money_loss", unit=unit, conf_level=conf_level)
    return {"name": OTHERS[key], "value": shown.value, "low": shown.conf_low, "high": shown.conf_high}


def truth_table(ladder: Ladder, lost: Ladder, planted: Mapping[str, Any]) -> pd.DataFrame:
    """Each number beside what was planted: name, value, low, high, truth, held."""
    rows = []
    for estimates, truth, names in ((ladder.rungs, planted["loss_cny"], RUNGS), (lost.rungs, planted["lost_customers"], LOST)):
        for e in estimates:
            if e.kind != "estimate":
                continue
            name = names[e.rung][0]
            value, low, high, target = (written(e, x) for x in (e.value, e.conf_low, e.conf_high, truth))
            rows.append({"name": name, "value": value, "low": low, "high": high, "truth": target, "held": bool(e.conf_low <= truth <= e.conf_high)})
    return pd.DataFrame(rows)


def written(estimate: Estimate, x: float) -> Text:
    """A number in the unit of an estimate, in both languages."""
    if estimate.unit == "count":
        return Text(*(numbers.count(x, lang) for lang in ("zh", "en")))
    return Text(*(numbers.money(x, lang, unit=estimate.unit) for lang in ("zh", "en")))

