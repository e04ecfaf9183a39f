"""The gates of the money study in words: what was checked, what was found, what a failure changes."""

from __future__ import annotations

import numpy as np

from voclib.results import Check, Estimate, Text
from voclib.sentences import joined, listed, say
from voclib.stats import inference, sensitivity, tails
from voclib.stats.gates import Gates
from voclib.stats.inference import unnamed
from voclib.stats.power import Priced
from voclib.studies.nps_revenue import money_words
from voclib.studies.nps_revenue.cohort import Cohort
from voclib.studies.nps_revenue.rungs import Rungs
from voclib.studies.survivorship.text import column_name

TOP = 20
SHORT_BEFORE = 335  # days: a ledger that lacks up to a month of the year before is as good as whole
NO_AMOUNT = {
    "enough": Text("更多暴露与未暴露的客户；在此之前不给金额。", "More exposed and unexposed customers; until then no amount is given."),
    "separation": Text(
        "去掉暴露之后才有的列，或换一种不由它们决定的暴露；在此之前不给金额。",
        "Drop columns recorded after the exposure, or choose an exposure they do not determine; until then no amount is given.",
    ),
    "overlap": Text("更多条件相近而没有遇到的客户；在此之前不给金额。", "More comparable unexposed customers; until then no amount is given."),
    "balance": Text("更相近的对照，或更窄的客群；在此之前不给金额。", "A closer comparison or a narrower group; until then no amount is given."),
    "price": Text("不给金额。", "No amount is given."),
}
DISAGREE = Text(
    "两个数字要一起引用：金额取决于怎样校正，例如是否只在同一门店内比较。",
    "Quote both figures: the amount depends on the adjustment, such as whether only customers of the same dealer are compared.",
)
CAPPED = Text("证据等级最高为 1：只能说相关。", "Evidence stays at level 1 at most: an association only.")


def checks(rungs: Rungs, priced: Priced, hidden: sensitivity.HiddenBounds | None, gates: Gates, conf_level: float) -> dict[str, Check]:
    """Every gate by name; thresholds stand in voclib/stats/gates.yml."""
    named = _of_dealers(rungs.cohort, gates)
    found = {**{name: check for name, check in named.items() if name == "dealers"}, "enough": _enough(rungs.cohort, gates),
             "separation": _separation(rungs, gates), "overlap": _overlap(rungs, gates), "balance": _balance(rungs, gates),
             "tail": _tail(rungs, gates)} | named
    if rungs.has_few_dealers:
        return found
    found |= {"price": _price(priced, rungs), "prior": _prior(rungs)}
    if rungs.gap is not None:
        found["agreement"] = _agreement(rungs, gates, conf_level)
    if rungs.placebo is not None:
        found["placebo"] = _placebo(rungs, gates, conf_level)
    if rungs.season is not None:
        found["season"] = _season(rungs, gates, conf_level)
    if rungs.events is not None:
        found["leads"] = _leads(rungs)
    if hidden is not None:
        found["hidden"] = _hidden(rungs, hidden)
    if rungs.left is not None:
        found["evalue"] = _e_value(rungs, conf_level)
    if rungs.cohort.money.sum() > 0:
        found["largest"] = _largest(rungs)
    return found


def withheld(cohort: Cohort, reason: Text, needs: Text, gates: Gates) -> dict[str, Check]:
    """The gates that ask nothing of a comparison, by name, where there is none."""
    return {"comparable": Check(Text("有可比的人，也有可比的金额", "There are customers and amounts to compare"), False, reason, needs),
            "enough": _enough(cohort, gates), **_of_dealers(cohort, gates)}


def _of_dealers(cohort: Cohort, gates: Gates) -> dict[str, Check]:
    """Whether dealers are enough, and named; empty where the data name none."""
    if cohort.n_dealers is None:
        return {}
    blank = int(cohort.people["unit_id"].isna().sum())
    return {"dealers": _dealers(cohort, gates)} | ({"unnamed": _unnamed(blank, len(cohort.people))} if blank else {})


def _dealers(cohort: Cohort, gates: Gates) -> Check:
    """Dealers for an interval: how they differ is all that tells how far chance reaches."""
    said = say("{n} 家门店的客户；区间由门店之间的差异得出，至少 {k} 家。",
               "Customers of {n} {n:dealer|dealers}; intervals come from differences between dealers, so at least {k} are needed.",
               n=cohort.n_dealers, k=gates.min_clusters)
    needs = money_words.few_dealers(cohort.n_dealers, gates.min_clusters)[1]
    return Check(Text("门店够多", "Enough dealers"), not cohort.has_few_dealers(gates.min_clusters), said, needs)


def _unnamed(blank: int, n: int) -> Check:
    """Customers who name no dealer: nothing tells whose others they are like."""
    said = say("{n} 位客户里有 {k} 位没有写明门店，上限是 {b:.0%}；误差里各自独立，两组像不像只看写明了的。",
               "Of {n} customers, {k} {k:names|name} no dealer; the limit is {b:.0%}. Each of these counts as independent in the error, and balance "
               "is judged on the others.", n=n, k=blank, b=unnamed.MAX_SHARE)
    needs = Text("补齐这些客户的门店：分不清是等得久还是门店不同；在此之前不给金额。",
                 "The dealers of these customers; otherwise a long wait cannot be separated from the dealer, and no amount is given.")
    return Check(Text("客户都能对上门店", "Every customer has a dealer"), False if blank > unnamed.MAX_SHARE * n else None, said, needs)


def _enough(cohort: Cohort, gates: Gates) -> Check:
    """Exposed customers for an amount."""
    n, others = int(cohort.exposed.sum()), int((~cohort.exposed).sum())
    said = say("{n} 位暴露、{m} 位未暴露，各至少 {k} 位。", "{n} exposed and {m} unexposed; at least {k} of each needed.",
               n=n, m=others, k=gates.min_exposed_n)
    passed = min(n, others) >= gates.min_exposed_n
    return Check(Text("暴露与未暴露的客户够多", "Enough exposed and unexposed customers"), passed, said, NO_AMOUNT["enough"])


def _separation(rungs: Rungs, gates: Gates) -> Check:
    """Exposure is not told in advance by what is known."""
    leaks = rungs.separation.leaks
    said = say(
        "已知信息判断谁会暴露的准确度（AUC）为 {a:.2f}，上限 {b:.2f}。",
        "What is known identifies who is exposed with an AUC of {a:.2f}; the limit is {b:.2f}.",
        a=rungs.separation.auc,
        b=gates.exposure_auc,
    )
    if leaks:
        named = listed(column_name(c) for c in leaks)
        said = joined(said, say("单凭这些列就能断定：{c}。", "These columns alone determine it: {c}.", c=named))
    name = Text("两组人分不开", "The two groups cannot be separated")
    return Check(name, rungs.separation.auc <= gates.exposure_auc and not leaks, said, NO_AMOUNT["separation"])


def _overlap(rungs: Rungs, gates: Gates) -> Check:
    """Somebody unexposed stands beside every exposed customer."""
    outside = rungs.empty.unsupported & rungs.cohort.exposed
    share = max(float(outside.sum()) / rungs.n_exposed, rungs.money.unsupported_share)
    said = say(
        "{s:.1%} 的暴露客户没有条件相近的未暴露者，上限 {b:.0%}；权重只相当于 {n} 位未暴露者。",
        "{s:.1%} of the exposed have no comparable unexposed customer; the limit is {b:.0%}. The weights are worth only {n} unexposed customers.",
        s=share,
        b=gates.max_unsupported_share,
        n=int(rungs.money.n_effective),
    )
    if outside.any():
        said = joined(said, say("没有可比者的：{c}。", "Nobody comparable for: {c}.", c="; ".join(rungs.empty.cells["cell"].head(3))))
    passed = share <= gates.max_unsupported_share and rungs.money.n_effective >= gates.min_unexposed_effective
    return Check(Text("每位暴露者都有人可比", "Every exposed customer has somebody comparable"), passed, said, NO_AMOUNT["overlap"])


def _balance(rungs: Rungs, gates: Gates) -> Check:
    """After weighting both groups look the same in everything known."""
    worst = rungs.balance.loc[rungs.balance["smd_weighted"].abs().idxmax()]
    said = say(
        "加权后差别最大的是“{c}”，标准化差异 {d:.3f}；超过 {f:.2f} 提示，超过 {b:.2f} 不给金额。",
        "After weighting, {c} differs most, by {d:.3f} standard deviations; above {f:.2f} it is flagged, above {b:.2f} no amount is given.",
        c=column_name(worst["column"]),
        d=abs(worst["smd_weighted"]),
        f=gates.balance_flag,
        b=gates.balance_fail,
    )
    name = Text("加权后两组相像", "The groups are alike after weighting")
    return Check(name, bool(abs(worst["smd_weighted"]) <= gates.balance_fail), said, NO_AMOUNT["balance"])


def _tail(rungs: Rungs, gates: Gates) -> Check:
    """A few customers do not decide the mean."""
    name = Text("均值不由少数大户决定", "A few large customers do not decide the mean")
    if rungs.tail is None:
        return Check(name, None, Text("客户太少，看不出尾部有多重。", "Too few customers to judge how heavy the tail is."))
    said = say(
        "金额与预期之比的尾指数为 {a:.1f}，最乐观是 {c:.1f}；最乐观也低于 {b:.1f} 时不给金额。",
        "The ratio of amounts to expectation has a tail index of {a:.1f}, {c:.1f} at best; if even the best is below {b:.1f}, no amount is given.",
        a=rungs.tail.value,
        b=gates.min_tail_index,
        c=rungs.lightest_tail,
    )
    consequence = Text(
        "不给金额：平均数的区间不可信。“换一种口径”一表里有截尾的数字，它们是另一个量。",
        "No amount is given: the interval of the mean cannot be trusted. The table of other measures has trimmed figures, a different quantity.",
    )
    return Check(name, bool(rungs.lightest_tail >= gates.min_tail_index), said, consequence)


def _largest(rungs: Rungs) -> Check:
    """How much of all money the twenty largest customers hold; they are looked at one by one, outside any model."""
    cohort = rungs.cohort
    found = tails.top(cohort.money, cohort.people["customer_id"], n=TOP)
    said = say(
        "金额最高的 {n} 位客户占全部的 {s:.1%}；名单用 tails.top 列出，逐个看，不进模型的结论。",
        "The {n} largest customers account for {s:.1%} of all money; tails.top lists them for review one by one, outside the model.",
        n=len(found),
        s=float(found["cumulative_share"].iloc[-1]),
    )
    return Check(Text("最大的客户", "The largest customers"), None, said)


def _price(priced: Priced, rungs: Rungs) -> Check:
    """The interval is narrow enough for a price."""
    half = Estimate(estimand="half_width", kind="count", unit=rungs.cohort.unit, value=priced.half_width)
    said = priced.reason or say("区间的一半是 {h}。", "Half the width of the interval is {h}.", h=half)
    return Check(Text("误差允许定价", "Precise enough to be priced"), priced.is_priced, said, priced.needs or NO_AMOUNT["price"])


def _prior(rungs: Rungs) -> Check:
    """Money from before the contact is among what is adjusted for."""
    passed = rungs.cohort.is_dated and rungs.benchmark is not None
    there = Text("校正用到了接触之前 12 个月的金额。", "The adjustment uses the money of the twelve months before the contact.")
    absent = Text(
        "数据里没有接触之前的金额，本来就花得少的人无从分辨。",
        "There is no money from before the contact, so customers who always spent less cannot be identified.",
    )
    name, days = Text("已知此前的消费", "Earlier spending is known"), _days_before(rungs)
    if passed and days is not None and days < SHORT_BEFORE:
        part = say("账目只从接触之前 {d} 天起（中位数），不满 12 个月；校正只用到这一段的金额。",
                   "The ledger starts only {d} days before the contact (median), less than twelve months; the adjustment uses only the money of that "
                   "period.", d=days)
        return Check(name, None, part)
    return Check(name, passed, there if passed else absent, CAPPED)


def _days_before(rungs: Rungs) -> int | None:
    """Days of the ledger before the median customer's contact; None without a ledger."""
    ledger, people = rungs.cohort.ledger, rungs.cohort.people
    if ledger is None or "index_at" not in people:
        return None
    return max(int((people["index_at"] - ledger.opens).dt.days.median()), 0)


def _agreement(rungs: Rungs, gates: Gates, conf_level: float) -> Check:
    """Two ways to hold the same things equal, one of them within dealers alone, lead to the same loss up to their common noise."""
    gap = rungs.gap.times(-rungs.n_exposed)
    errors = abs(gap.value) / gap.std_error
    said = say(
        "回归减去双重稳健，相差 {x}（{x:interval}），相当于 {e:.1f} 个标准误；超过 {k:.1f} 个，结论里要说明。",
        "Regression minus doubly robust is {x} ({x:interval}), or {e:.1f} standard errors; beyond {k:.1f} the caveat says so.",
        x=gap.estimate("gap", unit=rungs.cohort.unit, conf_level=conf_level),
        e=errors,
        k=gates.ladder_gap,
    )
    return Check(Text("回归与双重稳健一致", "Regression and doubly robust agree"), bool(errors <= gates.ladder_gap), said, DISAGREE)


def _placebo(rungs: Rungs, gates: Gates, conf_level: float) -> Check:
    """Whether weighting evened out money from before. The weights know that money, so it cannot fail where something unrecorded is at work."""
    found = sensitivity.negative_control(rungs.placebo, main=rungs.money.fit.value, share=gates.placebo_share, conf_level=conf_level)
    said = say(
        "加权之后，接触之前一年的人均金额相差 {x}（{x:interval}）；要求在估计值的 {s:.0%} 以内。",
        "After weighting, money of the year before differs by {x} per customer ({x:interval}); it should lie within {s:.0%} of the estimate.",
        x=rungs.placebo.estimate("placebo", unit=rungs.cohort.unit, conf_level=conf_level),
        s=gates.placebo_share,
    )
    said = joined(said, Text("权重本来就用到这笔金额，所以这里只查权重是否起效，看不出没记录的因素。",
                              "The weights already use that money, so this only checks that they work and cannot reveal unrecorded factors."))
    consequence = Text("两组本来就不同，金额里混有旧差别。", "The groups already differed; part of the amount is that earlier difference.")
    return Check(Text("平衡：接触之前一年的金额", "Balance: money of the year before"), found.passed, said, consequence)


def _season(rungs: Rungs, gates: Gates, conf_level: float) -> Check:
    """Customers who were spared fare no worse where many others were not: a season that no column records would show in them."""
    found = sensitivity.negative_control(rungs.season, main=rungs.money.fit.value, share=gates.placebo_share, conf_level=conf_level)
    said = say(
        "看没有暴露的客户：别家门店暴露多的日子来的，与暴露少的日子来的，金额之差相当于让估计值移动每人 {x}（{x:interval}）；"
        "要求在估计值的 {s:.0%} 以内。",
        "Among unexposed customers, coming on days when more customers of other dealers were exposed would shift the estimate by {x} per customer "
        "({x:interval}); it should lie within {s:.0%} of the estimate.",
        x=rungs.season.estimate("season", unit=rungs.cohort.unit, conf_level=conf_level),
        s=gates.placebo_share,
    )
    consequence = Text(
        "暴露多的日子来的客户可能本来就不同，金额里也许混着季节；也可能是较轻的等待同样有损失。",
        "Customers who come on busy days may differ anyway, so the amount may include a season; or milder exposures may cost money too.",
    )
    return Check(Text("没有记录的季节", "An unrecorded season"), found.passed, said, consequence)


def _leads(rungs: Rungs) -> Check:
    """The months before the contact run in parallel."""
    path = rungs.events
    said = say(
        "检验接触之前各月没有差别，p {p}；把之前的走势延长下去，{e}忽略。",
        "Test that the months before the contact do not differ: p {p}; their trend, extended forwards, {e} be neglected.",
        p=_p(path.leads_p),
        e=Text("可以", "can") if path.leads_equivalent else Text("不可以", "cannot"),
    )
    consequence = Text(
        "逐月对比只算相关（等级 1），不作准实验。", "The comparison by month counts only as an association (level 1), not as a quasi-experiment."
    )
    return Check(Text("逐月对比：之前的走势一致", "By month: similar before the contact"), path.passes, said, consequence)


def _hidden(rungs: Rungs, hidden: sensitivity.HiddenBounds) -> Check:
    """What a hidden factor as strong as earlier spending would do."""
    shown = hidden.times(-rungs.n_exposed).estimate("hidden", unit=rungs.cohort.unit)
    said = say(
        "若另有一个没记录的因素，与此前的消费一样强，金额可能{x}。",
        "If something unrecorded mattered as much as earlier spending, the amount could {x}.",
        x=money_words.hidden_range(shown),
    )
    return Check(Text("隐藏因素", "A hidden factor"), None, said)


def _e_value(rungs: Rungs, conf_level: float) -> Check:
    """How strongly something unrecorded would have to go with exposure and with leaving."""
    left, cluster = rungs.left, rungs.cohort.clusters
    if left.counterfactual.value <= 0 or left.counterfactual.value + left.fit.value <= 0:
        return Check(Text("E 值", "E-value"), None, Text("没有人流失，无从计算。", "Nobody left, so it cannot be computed."))
    log = inference.transform(lambda rd, chance: np.log(chance + rd) - np.log(chance), left.fit, left.counterfactual, cluster=cluster)
    reach = inference.quantile(conf_level, log.df) * log.std_error
    ratio, low, high = np.exp([log.value, log.value - reach, log.value + reach])
    found = sensitivity.e_value(ratio, low, high)
    said = say(
        "流失的可能性是 {r:.2f} 倍。没记录的因素须与暴露、与流失都相差 {e:.1f} 倍，才能把它解释掉；要让区间含 1，须 {l:.1f} 倍。",
        "Leaving is {r:.2f} times as likely. To explain this away, an unrecorded factor would have to be linked {e:.1f}-fold with both exposure "
        "and leaving; for the interval to include 1, {l:.1f}-fold.",
        r=ratio,
        e=found.value,
        l=found.limit,
    )
    return Check(Text("E 值", "E-value"), None, said)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
