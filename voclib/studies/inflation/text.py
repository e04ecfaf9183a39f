"""What the page on begged scores says, in both languages: a list for review, never an accusation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib.results import Check, Estimate, Ladder, Text
from voclib.sentences import say
from voclib.studies.survivorship.text import column_name

QUESTION = Text("哪些门店的高分可能是讨来的？", "Which dealers may have asked customers for top scores?")
KICKER = Text("高分核查", "Top scores under review")
COMPONENTS = {
    "bunching": (
        Text("10 分多过本店低分所能容纳的", "More tens than the dealer's own lower scores allow"),
        Text("门店水平可以不同，只有 9 与 10 之间的门槛应当相同", "Dealers may differ in level; only the threshold from 9 to 10 is shared"),
    ),
    "credibility": (
        Text("打 10 分的客户并不更常回来", "Customers who gave a 10 come back no more often"),
        Text("10 分与其余分数的回店率之差，各店围绕同一均值波动", "The return-rate gap between tens and other scores varies around one mean"),
    ),
    "text": (
        Text("10 分配着负面原话", "A 10 with a negative comment"),
        Text("10 分里带负面主题的占比，容许各店有差别", "Share of tens with a negative topic, allowing dealers to differ"),
    ),
    "on_premises": (
        Text("10 分在店内提交", "Tens submitted on the premises"),
        Text("10 分里店内提交的占比，容许各店有差别", "Share of tens from the premises, allowing dealers to differ"),
    ),
    "device": (
        Text("多位客户共用一台设备", "Several customers on one device"),
        Text("10 分里来自共用设备的占比，容许各店有差别", "Share of tens from a shared device, allowing dealers to differ"),
    ),
    "prompt": (
        Text("接触后 30 分钟内提交", "Submitted within 30 minutes of the contact"),
        Text("10 分里即时提交的占比，容许各店有差别", "Share of tens sent at once, allowing dealers to differ"),
    ),
    "fast": (
        Text("作答快得反常", "Answered unusually fast"),
        Text("10 分里快于同渠道 95% 回答的占比", "Share of tens faster than 95% of answers in their channel"),
    ),
    "straight": (
        Text("所有题目都打满分", "Top score on every question"),
        Text("10 分里全满分的占比，容许各店有差别", "Share of tens with top scores throughout, allowing dealers to differ"),
    ),
    "month_end": (
        Text("集中在月末三天", "Bunched in the last three days of a month"),
        Text("10 分里月末提交的占比，容许各店有差别", "Share of tens sent at the end of a month, allowing dealers to differ"),
    ),
}
RUNGS = {
    "published": (Text("公布值", "As published"), Text("校正前", "Uncorrected")),
    "without_traces": (
        Text("去掉有痕迹的回答", "Without answers showing a trace"),
        Text("店内、共用设备、即时或过快的回答不算", "Excludes answers from the premises or a shared device, sent at once or too fast"),
    ),
    "restored": (Text("恢复共同门槛", "Common thresholds restored"), Text("本报告采用", "This report's answer")),
}
TRUTH: dict[str, Any] = {
    "title": Text("名单与埋下的真值", "The list against what was planted"),
    "subtitle": Text("埋下的各列，估计方法看不到", "The estimates never see what was planted"),
}
LIMITS = (
    (
        Text("不是说名单上的门店作弊。", "Being listed does not mean that a dealer cheated."),
        Text(
            "名单只说分数的形状少见；客户也可能真的“要么 10 分，要么不打”。",
            "It means only that the shape of its scores is rare; its customers may really give a 10 or nothing.",
        ),
    ),
    (
        Text("不是说名单外的门店没有讨分。", "Not being listed does not mean that a dealer never asks."),
        Text("轻微的讨分在一两百份回答里大多看不出来。", "In one or two hundred answers, mild asking is mostly invisible."),
    ),
    (
        Text("不是说 10 分多就可疑。", "Many tens are not suspicious in themselves."),
        Text("水平高的门店本来 10 分就多；比的是它自己的 7、8、9 分。",
             "Good dealers get many tens anyway; the comparison is with their own 7s, 8s and 9s."),
    ),
    (
        Text("不能用校正后的名次发奖或罚款。", "The corrected ranks must not be used to reward or fine dealers."),
        Text("名次的区间很宽，相邻的门店分不出先后。", "Ranks have wide intervals; neighbours cannot be separated."),
    ),
)
CAVEAT = Text(
    "分数的形状分不清讨分和“要么 10 分要么不打”的习惯；要分清，只能看这些客户后来是否回来，并听取门店的说明。",
    "The shape of scores cannot distinguish asking from a ten-or-nothing habit; only later visits and the dealer's own account can.",
)
FOR_REVIEW = Text(
    "这是供核查的名单，不是结论：先听门店说明，再抽查回访。",
    "This is a list for review, not a finding: hear the dealer first, then call back a sample of customers.",
)
INNOCENT = Text(
    "痕迹不寻常，但可能另有正当原因，例如店里备有平板请客户作答；分数本身看不出讨分，先问清原因。",
    "An unusual trace may have an innocent explanation, such as a shared showroom tablet; the scores show no asking. Find out why first.",
)


def kicker(dealers: pd.DataFrame) -> Text:
    """What stands over the question."""
    return say("高分核查 · {n} 家门店", "Top scores under review · {n} dealers", n=len(dealers))


def answer(dealers: pd.DataFrame, published: Estimate, restored: Estimate, *, fdr: float, fits: bool = True) -> Text:
    """How many are on the list and how many show a trace only, and what correction does to the company's score.

    The error rate is promised only where one shape `fits` the dealers.
    """
    listed, only, tested = int(dealers["is_listed"].sum()), int(dealers["is_traced"].sum()), len(dealers)
    if listed == 0:
        first = say("{n} 家门店里没有一家进入核查名单。", "None of the {n} dealers is on the review list.", n=tested)
    elif fits:
        first = say("{n} 家门店里有 {k} 家进入核查名单，其中平均至多 {f:.0%} 其实没有讨分。",
                    "{k} of {n} dealers {k:is|are} on a review list of which, on average, at most {f:.0%} never asked for top scores.",
                    n=tested, k=listed, f=fdr)
    else:
        first = say("{n} 家门店里有 {k} 家进入核查名单；各店分数的形状相差太大，误列多少没有保证。",
                    "{k} of {n} dealers {k:is|are} on a review list, but shapes of scores differ too much to say how many are there wrongly.",
                    n=tested, k=listed)
    beside = say("另有 {k} 家只是痕迹不寻常，可能另有正当原因。",
                 "A further {k} {k:shows|show} only an unusual trace, which may have an innocent explanation.", k=only)
    moved = say("公司 NPS 校正前 {a:bare}，校正后 {b:bare}（{level:.0%} 区间 {b:interval}）。",
                "The company's NPS is {a:bare} as published and {b:bare} after correction ({level:.0%} interval {b:interval}).",
                a=published, b=restored, level=restored.conf_level)
    told = (first, beside, moved) if only else (first, moved)
    return Text(" ".join(t.zh for t in told), " ".join(t.en for t in told))


def decision(listed: int, smallest: float) -> Text:
    """What to do next."""
    if listed == 0:
        return say(
            "不必逐店核查；改成客户离店后再邀请，远低于约 {s:.0%} 的讨分，本页看不出来。",
            "No dealer needs a review; invite customers only after they have left, since asking well below about {s:.0%} cannot be seen here.",
            s=smallest,
        )
    return say(
        "对名单上的 {k} 家各回访 20 位打 10 分的客户；同时改成离店后再邀请；查清之前，不拿门店分数定奖惩。",
        "Call back 20 customers who gave a 10 at each of the {k} listed dealers; invite customers only after they have left, and tie no "
        "rewards or penalties to dealers' scores until this is settled.",
        k=listed,
    )


NO_ANSWERS = (Text("没有一份调研回答同时带有 0–10 分和门店，讨分与否无从查起。",
                   "No survey answer has both a score from 0 to 10 and a dealer, so nothing shows whether scores were asked for."),
              Text("写明门店、带 0–10 分的调研回答：在 voc ingest 的规则里映射 nps_score 与 unit_id。",
                   "Survey answers with a dealer and a score from 0 to 10: map nps_score and unit_id in the rules file of voc ingest."))


def has_answers() -> Check:
    """Nothing was answered that could be tested."""
    return Check(Text("有带分数和门店的回答", "There are answers with a score and a dealer"), False, *NO_ANSWERS)


def too_few(enough: int, min_answers: int) -> Text:
    """Why nothing can be said."""
    return say("只有 {n} 家门店有 {m} 份以上的回答，还看不出谁与众不同。",
               "Only {n} dealers have {m} answers or more, too few to see who differs from the rest.", n=enough, m=min_answers)


def needs(needed: int, min_answers: int) -> Text:
    """What would make it possible."""
    return say(
        "至少 {k} 家门店，每家至少 {m} 份回答：拉长时间段。",
        "At least {k} dealers with {m} answers each: use a longer period.",
        k=needed,
        m=min_answers,
    )


def shortfall(enough: int, needed: int, min_answers: int) -> Mapping[Text, Any]:
    """Shown in place of a figure where too few dealers can be tested."""
    return {say("家门店有 {m} 份回答", "dealers with {m} answers", m=min_answers): enough, Text("家才够检验", "dealers needed"): needed}


def no_contrast(tens: int, lower: int, floor: int) -> Text:
    """Why tens cannot be said to be too many."""
    return say(
        "受检门店的回答里，10 分有 {a} 份，更低的有 {b} 份；任一种不足 {f} 份，就无从判断 10 分是否过多。",
        "Dealers that could be tested have {a} scores of 10 and {b} lower ones; with fewer than {f} of either, nobody can tell if 10s are too many.",
        a=tens, b=lower, f=floor,
    )


def contrast_needed(floor: int) -> Text:
    """What would make it possible."""
    return say(
        "10 分和更低的分数各至少 {f} 份；人人都打同一分时，先查分数是怎样收来的。",
        "At least {f} each of scores of 10 and of lower ones; where everyone gives the same score, check first how scores are collected.",
        f=floor,
    )


def contrast(tens: int, lower: int, floor: int) -> Check:
    """Enough tens and enough lower marks to judge them by."""
    return Check(
        Text("10 分与更低的分数都够多", "Enough scores of 10 and enough lower ones"),
        min(tens, lower) >= floor,
        no_contrast(tens, lower, floor),
        Text("不列名单，也不校正。", "No list is made and nothing is corrected."),
    )


def marks(tens: int, lower: int) -> Mapping[Text, Any]:
    """Shown in place of a figure where all scores are the same."""
    return {Text("份 10 分", "scores of 10"): tens, Text("份更低的分数", "lower scores"): lower}


def tested(dealers: pd.DataFrame) -> Mapping[Text, Any]:
    """Shown in place of a list that is empty."""
    return {
        Text("家门店受检", "dealers tested"): len(dealers),
        Text("家供核查", "for review"): int(dealers["is_listed"].sum()),
        Text("家只有痕迹不寻常", "with an unusual trace only"): int(dealers["is_traced"].sum()),
    }


def enough_dealers(n: int, floor: int) -> Check:
    """Enough dealers to know what is common to them."""
    return Check(
        Text("门店够多", "Enough dealers"),
        n >= floor,
        say("可检验 {n} 家，下限 {k}。", "{n} dealers can be tested; at least {k} needed.", n=n, k=floor),
        Text("共同的门槛只靠少数几家，名单不稳。", "The common thresholds rest on only a few dealers, so the list is unstable."),
    )


def one_shape(spread: float) -> Check:
    """Whether the dealers that cannot have asked scatter as little as one common shape would have them."""
    far = spread > 1
    return Check(
        Text("分数的形状配得上水平不同的门店", "One shape of scores fits dealers of every level"), not far,
        say("10 分偏少的门店（讨分只会偏多）离共同形状的距离，方差是应有的 {x:.1f} 倍；检验已按此放宽。",
            "Dealers with too few tens, which asking cannot explain, scatter around the common shape with {x:.1f} times the variance expected; the "
            "test allows for it.", x=spread) if far else
        Text("10 分偏少的门店（讨分只会偏多）没有离得比碰巧更远。",
             "Dealers with too few tens, which asking cannot explain, lie no further off than chance would put them."),
        Text("名单里误列的占比不再有保证：形状不同的诚实门店也可能在上面。",
             "How many are listed wrongly can no longer be promised: honest dealers with a shape of their own may be on the list."))


def majority_honest(doubtful: int, n: int) -> Check:
    """The thresholds come from the others, so most of them must be fine."""
    return Check(Text("多数门店分数的形状一致", "Most dealers share one shape of scores"), doubtful <= n / 4,
                 say("{n} 家里有 {k} 家不用来确定共同门槛，容许四分之一。",
                     "{k} of {n} dealers are not used to set the common thresholds; up to a quarter is allowed.", n=n, k=doubtful),
                 Text("讨分如果是普遍做法，这个方法会低估它。", "Where asking is common practice, this method understates it."))


def corrections_agree(without: Estimate, restored: Estimate) -> Check:
    """Two corrections that rest on different things."""
    name = Text("两种校正一致", "Two corrections agree")
    outcome = Text("两种都要看：它们依据的东西不同。", "Look at both: they rest on different evidence.")
    if without.kind != "estimate":
        return Check(name, None, without.reason, outcome)
    agree = without.conf_low <= restored.conf_high and restored.conf_low <= without.conf_high
    return Check(
        name,
        agree,
        say(
            "去掉有痕迹的回答：{a:bare}（{a:interval}）；恢复共同门槛：{b:bare}（{b:interval}）。",
            "Without answers showing a trace: {a:bare} ({a:interval}); thresholds restored: {b:bare} ({b:interval}).",
            a=without,
            b=restored,
        ),
        outcome,
    )


def components_seen(seen: int, total: int) -> Check:
    """How many of the declared components the data allow."""
    return Check(
        Text("核查项目都有数据", "Every component has data"),
        seen == total,
        say("预先声明 {n} 项，能看的 {k} 项。", "{k} of the {n} components declared beforehand can be examined.", n=total, k=seen),
        Text("看不到的痕迹，权重分给其余痕迹；名单只看分数。",
             "The weight of an unseen trace goes to the others; the list rests on the scores alone."),
    )


def usual_alarm(naive: int, listed: int, n: int) -> Check:
    """The same answers under the usual alarm."""
    return Check(
        Text("常用的报警会点到谁", "Whom the usual alarm would flag"),
        None,
        say(
            "按 10 分占比逐店做 z 检验，会点到 {n} 家里的 {k} 家；本页的名单是 {m} 家。",
            "A z-test on each dealer's share of tens would flag {k} of {n} dealers; this list has {m}.",
            n=n,
            k=naive,
            m=listed,
        ),
    )


def smallest_seen(share: float) -> Check:
    """What mostly goes unseen."""
    return Check(
        Text("多轻的讨分会漏掉", "How mild is too mild to see"),
        None,
        say(
            "单看分数，要把约 {s:.0%} 的 7–9 分改成 10 分，五家里才看得出四家；比例减半，就多半看不出来。",
            "From the scores alone, four dealers in five are found where about {s:.0%} of the 7–9 become a 10; at half that share, most go unseen.",
            s=share,
        ),
    )


def left_out(n: int, min_answers: int) -> Check:
    """Dealers with too few answers."""
    return Check(Text("没有检验的门店", "Dealers not tested"), None, say(
        "{n} 家的回答不足 {m} 份，没有检验，分数原样计入公司 NPS。",
        "{n} {n:dealer has|dealers have} fewer than {m} answers; they are not tested and enter the company's NPS unchanged.", n=n, m=min_answers))


def mix_known(unknown: Sequence[str]) -> tuple[Check, ...]:
    """What of the case-mix no answer tells; no check where all of it is known."""
    if not unknown:
        return ()
    named = [column_name(name) for name in unknown]
    return (Check(
        Text("客户为何而来已计入比较", "What customers came for is accounted for"),
        False,
        Text(f"没有一份回答带有：{'、'.join(t.zh for t in named)}。", f"No answer records: {', '.join(t.en for t in named)}."),
        Text("客户构成与别家不同的门店，可能只因此显得少见；核查时先看这一点。",
             "A dealer whose customers came for other things may look unusual for that alone; check this first."),
    ),)


def captions(dealers: pd.DataFrame, ladder: Ladder, components: pd.DataFrame, *, fdr: float, conf_level: float) -> Mapping[str, Mapping[str, Any]]:
    """Title (the finding), subtitle (what is drawn) and description of every figure."""
    listed, only, n = int(dealers["is_listed"].sum()), int(dealers["is_traced"].sum()), len(dealers)
    gap = say(
        "校正后，公司 NPS 从 {a:bare} 变为 {b:bare}",
        "Correction moves the company's NPS from {a:bare} to {b:bare}",
        a=ladder["published"],
        b=ladder["restored"],
    )
    note = say(
        "诚实的门店分数形状相同时，名单里平均至多 {f:.0%} 其实没有讨分。谁上名单、概率多大，只看分数的形状；痕迹只作说明。"
        "名次 1 最高，括号里是 {level:.0%} 区间。",
        "If honest dealers share one shape of scores, on average at most {f:.0%} of the list never asked. That shape alone decides who is listed "
        "and with what probability; traces only explain. Rank 1 is the highest; {level:.0%} intervals are in brackets.",
        f=fdr,
        level=conf_level,
    )
    return {
        "review": {"title": say("{n} 家里 {k} 家供核查", "{k} of {n} dealers for review", n=n, k=listed), "subtitle": FOR_REVIEW, "note": note},
        "traced": {"title": say("{n} 家里 {k} 家只有痕迹不寻常", "{k} of {n} dealers show only an unusual trace", n=n, k=only), "subtitle": INNOCENT},
        **_chart_captions(dealers, listed, conf_level),
        "components": {
            "title": say("预先声明 {m} 项，名单只看第一项", "{m} components declared beforehand; only the first decides the list", m=len(components)),
            "subtitle": Text("每项单独看，误报已按门店数控制", "Each on its own, false discoveries controlled across dealers"),
        },
        "ladder": {
            "title": gap,
            "subtitle": say("NPS，点 = 估计值，横条 = {level:.0%} 区间", "NPS; dot = estimate, bar = {level:.0%} interval", level=conf_level),
            "labels": RUNGS,
        },
    }


def _chart_captions(dealers: pd.DataFrame, listed: int, conf_level: float) -> Mapping[str, Mapping[str, Any]]:
    """Funnel and slopes; dealers off the list carry no name."""
    outside, moved = int(dealers["is_naive"].sum()), int((~dealers["nps"].between(dealers["nps_low"], dealers["nps_high"])).sum())
    alarm = say(
        "{m} 家的 10 分占比与众不同，供核查的是 {k} 家",
        "{m} dealers have an unusual share of tens; {k} are for review",
        m=outside,
        k=listed,
    )
    shift = say("{k} 家校正前的分数落在校正后的区间之外",
                "{k} {k:dealer's published score lies|dealers' published scores lie} outside the corrected interval", k=moved)
    named = zip(dealers["unit"], dealers["is_listed"], strict=True)
    names = {unit: Text(str(unit), str(unit)) if on else Text("名单外", "off the list") for unit, on in named}
    return {
        "funnel": {"title": alarm, "subtitle": Text("10 分占比，按回答数排开", "Share of tens, by number of answers"), "description": alarm,
                   "note": FOR_REVIEW, "labels": names},
        "slope": {
            "title": shift,
            "subtitle": say(
                "门店 NPS，校正前 → 恢复共同门槛，竖条 = {level:.0%} 区间",
                "Dealers' NPS, as published → thresholds restored; bar = {level:.0%} interval",
                level=conf_level,
            ),
            "description": shift,
            "note": FOR_REVIEW,
            "labels": names,
            "most": max(1, listed),
        },
    }
