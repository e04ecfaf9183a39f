"""What the scores page says, in both languages; every number comes from an Estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib import numbers
from voclib.results import Check, Estimate, Ladder, Text, Unit
from voclib.sentences import inside, say
from voclib.stats import metrics
from voclib.stats.inference import unnamed
from voclib.studies.pool import text as pool_text
from voclib.studies.regions_text import REGIONS

UNITS: dict[str, Unit] = {"nps": "points", "csat": "share", "share": "share", "ces": "score", "mean_score": "score"}
GAP_UNITS = {"nps": "points", "csat": "pp", "share": "pp", "ces": "score", "mean_score": "score"}
NAMES = {
    "nps": Text("NPS", "NPS"),
    "csat": Text("满意度（CSAT）", "Satisfaction (CSAT)"),
    "ces": Text("省力程度（CES）", "Ease (CES)"),
    "recommended_share": Text("推荐比例", "Share recommending"),
    "mean_rating": Text("平均总评", "Mean rating"),
    "mean_stars": Text("平均星级", "Mean stars"),
}
QUESTIONS = {
    "nps": Text("客户推荐我们吗，这个分数有多准？", "Do customers recommend us, and how exact is the score?"),
    "csat": Text("客户满意吗，这个比例有多准？", "Are customers satisfied, and how exact is that share?"),
    "ces": Text("客户觉得省力吗，这个分数有多准？", "Do customers find it easy, and how exact is the score?"),
    "recommended_share": Text("写评价的人推荐吗，这个比例有多准？", "Do reviewers recommend it, and how exact is that share?"),
    "mean_rating": Text("写评价的人打几分，这个分数有多准？", "How do reviewers rate it, and how exact is the rating?"),
    "mean_stars": Text("写评价的人给几星，这个平均数有多准？", "How many stars do reviewers give, and how exact is the mean?"),
}
GROUPS = {**pool_text.CHANNELS, **REGIONS, metrics.MISSING: Text("未注明", "not stated"), "": Text("未注明", "not stated")}
UNASKED = {
    "review": Text("评价", "Reviews"),
    "post": Text("帖子", "Posts"),
    "appstore": pool_text.CHANNELS["appstore"],
    "social": pool_text.CHANNELS["social"],
}
HELPING = ("ticket", "call", "chat", "mail")  # channels of service, whose scores are asked for after help
CHANNELS = {"survey": Text("问卷", "Surveys"), **UNASKED, **{name: pool_text.CHANNELS[name] for name in HELPING}, "": Text("邀请", "Invitations")}
CHOSEN = Text("本报告采用", "This report's answer")
BY_CUSTOMER = "by_customer"  # rung of answers without a unit, of customers who answered more than once
RUNGS = {
    BY_CUSTOMER: (Text("按客户聚类", "Clustered by customer"), CHOSEN),
    "independent": (
        Text("当作互不相干", "Answers treated as independent"),
        Text("未考虑同店相像，校正前", "Uncorrected: ignores that customers of one unit tend to agree"),
    ),
    "clustered": (Text("按门店聚类", "Clustered by unit"), CHOSEN),
    "resampled": (Text("整店重抽样", "Whole units resampled"), Text("换一种做法核对", "The same, checked by another method")),
}
CHANGE_RUNGS = {
    "independent": (Text("当作两群人", "Two unrelated groups"), Text("校正前", "Uncorrected")),
    "paired": (Text("同一客户配对", "Same customers, paired"), Text("扣除客户自身的差别", "Removes differences between customers")),
    "clustered": (Text("按门店聚类", "Clustered by unit"), CHOSEN),
}
SPREAD: Mapping[str, Any] = {
    "subtitle": Text("每个分数的回答占比，灰色 n = 回答份数", "Share of answers at each score; grey n = answers"),
    "share": True,
}
SPREADS: Mapping[str, Mapping[str, Any]] = {
    "nps": {"subtitle": Text("每个分数的回答占比", "Share of answers at each score")},
    "recommended_share": {
        "subtitle": Text("两种回答各占多少，灰色 n = 回答份数", "Share giving each answer; grey n = answers"),
        "share": True,
        "labels": {0: Text("不推荐", "Does not recommend"), 1: Text("推荐", "Recommends")},
    },
}
LIMITS = (
    (
        Text("不是说没有作答的人也这样想。", "Customers who did not answer do not necessarily think the same."),
        Text(
            "本页只描述作答者；样本再大，区间也盖不住谁没有回答。",
            "This page describes those who answered; however large the sample, the interval does not cover those who did not.",
        ),
    ),
    (
        Text("不是说分数动了就是哪件事造成的。", "No particular event is shown to have moved the score."),
        Text("这里只看到了差别和先后，没有对照组。", "The page shows differences and their timing; there is no control group."),
    ),
    (
        Text("不能拿各组的点估计排名。", "The groups cannot be ranked by their dots."),
        Text("区间重叠的组，名次多半是碰巧。", "Where intervals overlap, the order is mostly chance."),
    ),
    (
        Text("不能与别家公布的分数直接比。", "The score cannot be compared with scores that others publish."),
        Text("问法、渠道、谁被邀请都不一样。", "The wording, the channel and the people invited all differ."),
    ),
)
NO_SCORE = (Text("库里没有一条声音带分数，无从算起。", "No voice in the pool carries a score, so there is nothing to compute."),
            Text("带分数的声音：在 voc ingest 的规则里映射一个分数列，例如 nps_score。",
                 "Voices with a score: map a score column, such as nps_score, in the rules file of voc ingest."))
UNDATED = Text("没有一份回答写明时间，画不出走势。", "No answer says when it was given, so no trend can be drawn.")
ONE_PERIOD = Text("只有一个时期有回答，谈不上变化。", "Only one period has answers, so there is no change to measure.")
TWO_PERIODS = Text("至少两个时期的回答，最好是同一批客户。", "Answers from at least two periods, ideally from the same customers.")
ODD_CONSEQUENCE = Text("先查收集方式，再引用这个分数。", "Check how answers are collected before quoting the score.")
SCORE_COLUMNS = {
    "score": Text("分数", "Score"),
    "source": Text("来源", "Source"),
    "value": Text("值", "Value"),
    "interval": Text("区间", "Interval"),
    "n": Text("回答数", "Answers"),
    "clusters": Text("门店/单位", "Units"),
}


def written(estimate: Estimate) -> Text:
    """Value and unit."""
    return Text(*(f"{numbers.value(estimate, lang)} {numbers.unit(estimate, lang)}".strip() for lang in ("zh", "en")))


def interval(estimate: Estimate) -> Text:
    """The interval, or what is missing for one."""
    if estimate.kind == "refusal":
        return estimate.needs
    return Text(numbers.interval(estimate, "zh"), numbers.interval(estimate, "en"))


def every_score(found: Sequence[tuple[str, Estimate]]) -> pd.DataFrame:
    """Every score of the pool, one row a score and source."""
    rows = [
        {
            "score": NAMES.get(e.estimand, Text("应答率", "Response rate")),
            "source": CHANNELS[channel],
            "value": written(e),
            "interval": interval(e),
            "n": e.n,
            "clusters": e.n_clusters,
        }
        for channel, e in found
    ]
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS)).astype({"n": "Int64", "clusters": "Int64"})


def answer(headline: Estimate, naive: Estimate, change: Estimate) -> Text:
    """The answer in bold, then how exact it is and where it went."""
    name = NAMES[headline.estimand]
    if headline.kind == "refusal":
        return say("暂时不能下结论。{why}", "No conclusion yet. {why}", why=headline.reason)
    first = say(
        "作答者的{name}是 {x}，{level:.0%} 区间 {x:interval}。",
        "Among those who answered, {name} is {x} ({level:.0%} interval {x:interval}).",
        name=inside(name),
        x=headline,
        level=headline.conf_level,
    )
    wider = _wider(headline, naive)
    went = (
        say(" 最近一期与上一期之差为 {c}（{c:interval}）：{reading}。",
            " The latest period minus the one before is {c} ({c:interval}): {reading}.", c=change, reading=moved(change))
        if change.kind == "estimate"
        else Text("", "")
    )
    return Text(*(first[lang] + wider[lang] + went[lang] for lang in ("zh", "en")))


def _wider(headline: Estimate, naive: Estimate) -> Text:
    """How much wider the honest interval is than the one that ignores clustering; of answers that are all the same neither width tells that."""
    if naive.kind != "estimate" or headline.kind != "estimate" or headline.n_clusters is None:
        return Text("", "")
    if not naive.std_error:
        return Text(
            " 所有回答都一样，同店客户像不像无从看出；区间有多宽，只取决于门店有几家。",
            " All answers are the same, so how alike customers within a unit are cannot be seen; the interval depends on the number of units alone.",
        )
    ratio = (headline.conf_high - headline.conf_low) / (naive.conf_high - naive.conf_low)
    if headline.rung == BY_CUSTOMER:
        return say(" 承认同一位客户的几次作答相像之后，区间是原来的 {r:.1f} 倍宽。",
                   " Allowing for similar answers from the same customer makes the interval {r:.1f} times as wide.", r=ratio)
    return say(" 承认同店客户相像之后，区间是原来的 {r:.1f} 倍宽。",
               " Allowing for the similarity of customers within a unit makes the interval {r:.1f} times as wide.", r=ratio)


def moved(change: Estimate) -> Text:
    """Whether the interval of a change holds zero, said so that it agrees with an end that is printed as zero."""
    close = numbers.hides_sign(change)
    if change.conf_low <= 0 <= change.conf_high:
        just = Text("区间一端刚刚越过零，看不出变化", "the range reaches just past zero, so no change is seen")
        return just if close else Text("区间含零，看不出变化", "the range includes zero, so no change is seen")
    just = Text("区间一端紧挨着零，但不含零", "the range ends close to zero but excludes it")
    return just if close else Text("区间不含零", "the range excludes zero")


def caveat(rate: Estimate | None) -> Text:
    """The one thing most likely wrong, and what it would do."""
    if rate is None or rate.kind != "estimate":
        return Text(
            "谁来作答是自己选的，也不知道邀请了多少人：沉默者如果不同，真值可以在区间之外，方向未知。",
            "Answering was voluntary and the number invited is unknown: if silent customers differ, the truth may lie outside, on either side.",
        )
    return say(
        "只有 {rate:bare} 的受邀者作答（区间 {rate:interval}）：沉默者如果不同，全体客户的真值可以在区间之外，方向未知。",
        "Only {rate:bare} of those invited answered ({rate:interval}): if silent customers differ, the truth may lie outside, on either side.",
        rate=rate,
    )


def decision(headline: Estimate, change: Estimate, gaps: Sequence[Estimate], by: Text, *, has_units: bool) -> Text:
    """What to do next: the difference between the last two periods, or of one group from the rest, below which nobody is judged.

    Each is the half-width of the interval of that very comparison: a difference of two scores is less exact than one score of all answers.
    """
    if headline.kind == "refusal":
        return say("先补齐：{needs}", "First collect what is missing: {needs}", needs=headline.needs)
    rules, found = [], [e for e in gaps if e.kind == "estimate"]
    if change.kind == "estimate":
        rules.append(say("最近两期之差不到 {x}", "a change of less than {x} between the last two periods", x=_halves([change])))
    if found:
        least = _halves(found)
        varies = say("（视{by}而定，{k} 组都算进去）", " (depending on the {by}; all {k} are included)", by=by, k=len(found))
        rules.append(say("某个{by}与其余之差不到 {x}{varies}", "a gap of less than {x} between one {by} and the rest{varies}", x=least, by=by,
                         varies=varies if least.kind == "bounds" else Text("", "")))
    rule = Text("", "") if not rules else say(
        "{rules}，{both}不作为考核依据；", "Do not reward or penalise {rules}. ", both=Text("都" if len(rules) > 1 else "", ""),
        rules=Text("，或".join(r.zh for r in rules), ", or ".join(r.en for r in rules)))
    if not has_units:
        return say("{rule}要更准，就要有更多客户作答。", "{rule}For more precision, have more customers answer.", rule=rule)
    return say("{rule}要更准，先增加门店数，再增加每店的回答数。", "{rule}For more precision, add units first, then answers per unit.", rule=rule)


def _halves(found: Sequence[Estimate]) -> Estimate:
    """The half-width of one interval, or the range of those of several."""
    halves, like = [(e.conf_high - e.conf_low) / 2 for e in found], {"estimand": "half_width", "unit": found[0].unit}
    low, high = min(halves), max(halves)
    span = Estimate(kind="bounds", bound_low=low, bound_high=high, **like)
    if len(set(numbers.ends(span, "en"))) == 2 and high > 1.05 * low:
        return span
    return Estimate(kind="count", value=high, **like)


def enough_answers(n: int, floor: int) -> Check:
    """Enough answers for an interval without a caveat."""
    return Check(
        Text("回答够用", "Enough answers"),
        n >= floor,
        say("{n} 份回答，下限 {floor}。", "{n} answers; at least {floor} needed.", n=n, floor=floor),
        Text("分数只作参考。", "Treat the score as a hint only."),
    )


def enough_clusters(n: int, floor: int, refuse: int) -> Check:
    """Enough units for an interval from clustering."""
    return Check(
        Text("门店（单位）够多", "Enough units"),
        n >= floor,
        say("{n} 家，下限 {floor}；少于 {refuse} 家不给区间。",
            "{n} units; at least {floor} needed, and below {refuse} no interval is given.", n=n, floor=floor, refuse=refuse),
        Text("区间偏窄的风险上升。", "The interval may be too narrow."),
    )


def unassigned_check(unassigned: int, n: int) -> Check:
    """Answers that name no unit are no units: in the error each stands alone, and many of them make it too small."""
    return Check(
        Text("回答都能对上门店", "Every answer names its unit"),
        True if unassigned == 0 else False if unassigned > unnamed.MAX_SHARE * n else None,
        say("{n} 份回答都写明了门店。", "All {n} answers name their unit.", n=n)
        if unassigned == 0
        else say(
            "{n} 份回答中 {k} 份没有写明门店；算误差时各自独立，不计入门店数。上限是 {most:.0%}。",
            "Of {n} answers, {k} {k:names|name} no unit: each is treated as independent, and none counts as a unit. The limit is {most:.0%}.",
            n=n,
            k=unassigned,
            most=unnamed.MAX_SHARE,
        ),
        Text("同店客户彼此相像；门店不明，区间可能偏窄。",
             "Customers of one unit tend to agree; where the unit is unknown, the interval may be too narrow."),
    )


def all_alike(n: int) -> Check:
    """Answers that never differ say nothing of their own error, and seldom come from as many people."""
    return Check(
        Text("回答有高有低", "Answers vary"),
        False,
        say("{n} 份回答算下来都一样，没有可重抽样的差别。", "All {n} answers have the same value, so there is no variation to resample.", n=n),
        ODD_CONSEQUENCE,
    )


def methods_agree(clustered: Estimate, resampled: Estimate) -> Check:
    """Analytic and resampled intervals differ by less than a fifth in width."""
    ratio = (resampled.conf_high - resampled.conf_low) / (clustered.conf_high - clustered.conf_low)
    return Check(
        Text("两种算法的区间一致", "Two methods give the same interval"),
        0.8 <= ratio <= 1.25,
        say("整店重抽样的区间是解析区间的 {r:.2f} 倍宽，容许 0.80 至 1.25。",
            "Resampling whole units gives an interval {r:.2f} times as wide; 0.80 to 1.25 is allowed.", r=ratio),
        Text("以较宽的一个为准。", "Trust the wider one."),
    )


def response_rate_check(rate: Estimate | None) -> Check:
    """Silence is never corrected on this page, so the check never passes."""
    name = Text("作答者能代表全体客户", "Respondents represent all customers")
    consequence = Text("只能描述作答者；结论一律带着这个前提。", "Only respondents are described; the verdict always carries this caveat.")
    if rate is None:
        unknown = Text("没有邀请记录，作答率无从得知。", "There is no record of invitations, so the response rate cannot be known.")
        return Check(name, False, unknown, consequence)
    if rate.kind != "estimate":
        return Check(name, False, rate.reason, consequence)
    return Check(
        name,
        False,
        say(
            "作答率 {r:bare}（区间 {r:interval}），其余的人没有分数。",
            "The response rate is {r:bare} ({r:interval}); everyone else has no score.",
            r=rate,
        ),
        consequence,
    )


def coverage_of_pool(n: int, total: int) -> Check:
    """How much of the pool the score rests on."""
    return Check(
        Text("用到了多少声音", "How much of the pool is used"),
        None,
        say("{total} 条声音里，{n} 条带这个分数。", "{n} of the {total} voices in the pool carry this score.", n=n, total=total),
    )


def _ladder_title(wider: Text, chosen: Estimate) -> Text:
    if chosen.kind == "refusal":
        return chosen.reason
    return Text(wider.zh.strip() or "每份回答各自独立", wider.en.strip() or "Each answer counts as independent")


def rung_labels(ladder: Ladder, known: Mapping[str, tuple[Text, Text]]) -> dict[str, tuple[Text, Text]]:
    """Names of the rungs a ladder has; the chosen one says so."""
    return {r.rung: (known[r.rung][0], CHOSEN if r.rung == ladder.chosen else known[r.rung][1]) for r in ladder.rungs}


def captions(
    estimand: str, ladder: Ladder, groups: Sequence[Estimate], periods: Sequence[Estimate], change: Ladder
) -> Mapping[str, Mapping[str, Any]]:
    """Title (the finding), subtitle (what is drawn) and description of every figure."""
    name, chosen = NAMES[estimand], ladder[ladder.chosen]
    fill = {"name": name, "level": chosen.conf_level}
    drawn = say("{name}，点 = 估计值，横条 = {level:.0%} 区间", "{name}; dot = estimate, bar = {level:.0%} interval", **fill)
    spread = say("分数的分布：{n} 份回答", "How the scores are distributed: {n} {n:answer|answers}", n=chosen.n or 0)
    course = _course(name, periods)
    side = say("{name}：{k} 组并排", "{name} of {k} groups, side by side", name=name, k=len(groups))
    wider = _wider(chosen, ladder.rungs[0])
    return {
        "distribution": {"title": spread, "description": spread, **SPREADS.get(estimand, SPREAD)},
        "trend": {
            "title": course,
            "subtitle": say("{name}，线 = 估计值，色带 = {level:.0%} 区间", "{name}; line = estimate, ribbon = {level:.0%} interval", **fill),
            "description": course,
        },
        "periods": {"title": course, "subtitle": drawn},
        "groups": {"title": side, "subtitle": drawn, "labels": GROUPS},
        "every_score": {
            "title": say("每个分数各有量表，不能相加", "Each score has its own scale, so they cannot be added"),
            "subtitle": say("聚类的 {level:.0%} 区间", "{level:.0%} intervals, clustered", **fill),
        },
        "ladder": {
            "title": _ladder_title(wider, chosen),
            "subtitle": drawn,
            "labels": rung_labels(ladder, RUNGS),
        },
        "change": {
            "title": _change_title(change),
            "labels": rung_labels(change, CHANGE_RUNGS),
            "subtitle": say(
                "{name}的变化，点 = 估计值，横条 = {level:.0%} 区间", "Change in {name}; dot = estimate, bar = {level:.0%} interval",
                **fill | {"name": inside(name)},
            ),
        },
    }


def _course(name: Text, periods: Sequence[Estimate]) -> Text:
    known = [e for e in periods if e.kind == "estimate"]
    if len(known) < 2:
        return say("可画的时期不足两个", "Fewer than two periods can be drawn")
    return say(
        "{name}从 {a} 的 {x:bare} 到 {b} 的 {y:bare}",
        "{name} from {x:bare} in {a} to {y:bare} in {b}",
        name=name,
        a=known[0].group,
        b=known[-1].group,
        x=known[0],
        y=known[-1],
    )


def _change_title(change: Ladder) -> Text:
    last = change.rungs[-1]
    if last.kind != "estimate":
        return last.reason
    return say("{g}：{reading}", "{g}: {reading}", g=last.group, reading=moved(last))
