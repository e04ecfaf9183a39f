"""The finding of the money study in both languages: money first, one caveat, one decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voclib import numbers
from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict
from voclib.sentences import joined, say
from voclib.stats.sensitivity import HiddenBounds
from voclib.studies.nps_revenue import money_words
from voclib.studies.nps_revenue import text as words
from voclib.studies.nps_revenue.cohort import Cohort
from voclib.studies.nps_revenue.own_price import OwnPrice
from voclib.studies.nps_revenue.payback import Payback
from voclib.studies.nps_revenue.rungs import Rungs


def finding(*, cohort: Cohort, rungs: Rungs | None, ladder: Ladder, lost: Ladder, checks: Mapping[str, Check], hidden: HiddenBounds | None,
            own: OwnPrice | None, payback: Payback | None, seed: int) -> Study:
    """The Study: the chosen rung, customers beside money, the slide's number as the grey ring. Without `rungs` the chosen one is a refusal."""
    chosen, naive = ladder[ladder.chosen], next((rung for rung in ladder.rungs if rung.rung == "naive"), None)
    beside = (lost[lost.chosen],) if lost[lost.chosen].kind == "estimate" and chosen.kind == "estimate" else ()
    return Study(
        question=words.QUESTION,
        kicker=_kicker(cohort),
        answer=_answer(cohort, chosen, naive, lost),
        headline=(chosen.with_(seed=seed), *beside),
        caveat=_caveat(cohort, rungs, ladder, checks, hidden, own),
        decision=_decision(chosen, payback),
        verdict=chosen.verdict,
        naive=naive if chosen.kind != "refusal" else None,
        ladders=(ladder, lost),
        checks=tuple(checks.values()),
        limits=words.LIMITS,
        reader="executive",
        seed=seed,
    )


def _kicker(cohort: Cohort) -> Text:
    if not cohort.is_dated:
        return Text("体验经济学 · 没有日期的数据", "Experience economics · data without dates")
    return say("体验经济学 · {a} 至 {b} 的接触", "Experience economics · contacts from {a} to {b}", a=cohort.first_day, b=cohort.last_day)


def _answer(cohort: Cohort, chosen: Estimate, naive: Estimate | None, lost: Ladder) -> Text:
    """Money, horizon and interval; then people; then the uncorrected number and where it comes from."""
    if chosen.kind == "refusal":
        return say("凭这些数据还不能定价。{why}", "These data cannot yet put a price on it. {why}", why=chosen.reason)
    about = {"who": words.exposed(cohort), "n": int(cohort.exposed.sum()), "m": words.measure(cohort), "t": words.span(cohort), "x": chosen,
             "raw": naive, "spent_less": _spent_less(cohort)}
    if chosen.kind == "bounds":
        first = say(
            "{who}客户，{t}的{m}比条件相同的客户少 {x:bare}（{n} 位合计；计入抽样误差为 {y}）：哪些信息在前、哪些在后，数据没有说。",
            "The {n} customers {who} together brought {x:bare} less {m} in {t} than comparable customers ({y} with sampling error): the data do "
            "not say what came first.",
            y=_outer(chosen),
            **about,
        )
        return joined(first, _uncorrected(about))
    first = _amount(about)
    people = lost[lost.chosen]
    if people.kind == "estimate":
        first = joined(first, _people(people))
    return joined(first, _uncorrected(about))


def _spent_less(cohort: Cohort) -> bool | None:
    """Whether the exposed spent less than the others before the contact; None where nothing is known of it."""
    if "prior_money" not in cohort.people or not cohort.people["prior_money"].any():
        return None
    before, exposed = cohort.people["prior_money"].to_numpy(dtype=float), cohort.exposed
    return bool(before[exposed].mean() < before[~exposed].mean())


def _amount(about: Mapping[str, Any]) -> Text:
    """The amount the way round it came out, and whether chance alone could have made it: in one sentence, since other pages quote the first."""
    chosen = about["x"]
    spans = chosen.conf_low <= 0 <= chosen.conf_high
    zero = Text("，含零，可能只是偶然", ", which includes zero, so this may be chance alone") if spans else Text("", "")
    more = {"level": chosen.conf_level, "zero": zero} | about
    if chosen.value < 0:
        return say("{n} 位{who}客户，此后 {t}的{m}比条件相同的客户多 {g:bare}，看不出损失（{level:.0%} 区间 {g:interval}{zero}）。",
                   "The {n} customers {who} brought {g:bare} more {m} over the next {t} than comparable customers, so no loss is seen ({level:.0%} "
                   "interval {g:interval}{zero}).", g=_turned(chosen), **more)
    return say("{n} 位{who}客户，此后 {t}的{m}比条件相同的客户少 {x:bare}（{level:.0%} 区间 {x:interval}{zero}）。",
               "The {n} customers {who} brought {x:bare} less {m} over the next {t} than comparable customers ({level:.0%} interval "
               "{x:interval}{zero}).", **more)


def _people(people: Estimate) -> Text:
    """How many more left, or how many fewer; in whole customers, and without a number where chance alone could have made it."""
    if people.conf_low <= 0 <= people.conf_high:
        low, high = (Text(*(numbers.count(float(round(end)), lang) for lang in ("zh", "en"))) for end in (people.conf_low, people.conf_high))
        return say("其中是否多流失，看不出来（{a} 至 {b} 位）。", "Whether more of them left cannot be established ({a} to {b}).", a=low, b=high)
    if people.value < 0:
        return say("其中少流失约 {k:bare} 位（{k:interval}）。", "About {k:bare} fewer of them left ({k:interval}).", k=_turned(people))
    return say("其中多流失约 {k:bare} 位（{k:interval}）。", "About {k:bare} more of them left ({k:interval}).", k=people)


def _turned(e: Estimate) -> Estimate:
    """An Estimate with the opposite sign, for a sentence that says “more” where the number counts what is lost."""
    return e.with_(value=-e.value, conf_low=-e.conf_high, conf_high=-e.conf_low)


def _uncorrected(about: Mapping[str, Any]) -> Text:
    """The slide's number once, and what it mixes in where that can be said."""
    chosen, raw = about["x"], about["raw"]
    if chosen.kind != "estimate":
        return say("校正前的说法是 {raw:bare}。", "The uncorrected figure was {raw:bare}.", raw=raw)
    spent_less = about["spent_less"]
    why = Text("这些客户本来就与别人不同", "these customers already differed from the others")
    if spent_less is True and raw.value >= chosen.value:
        why = Text("这些客户本来就消费得少", "these customers already spent less")
    if spent_less is False and raw.value < chosen.value:
        why = Text("这些客户本来消费得多，差别被遮住了一部分", "these customers already spent more, which hides part of the difference")
    return say("校正前的说法是 {raw:bare}：{why}。", "The uncorrected figure was {raw:bare}: {why}.", raw=raw, why=why)


def _outer(chosen: Estimate) -> Text:
    """The interval around bounds, written."""
    shown = chosen.with_(bound_low=chosen.conf_low, bound_high=chosen.conf_high)
    return Text(*(numbers.interval(shown, lang) for lang in ("zh", "en")))


def _caveat(cohort: Cohort, rungs: Rungs | None, ladder: Ladder, checks: Mapping[str, Check], hidden: HiddenBounds | None,
            own: OwnPrice | None) -> Text:
    """The assumption most likely wrong, and what it would do; the list price within the amount; the regression where that tells another story."""
    chosen = ladder[ladder.chosen]
    first = _assumption(cohort, rungs, chosen, hidden)
    if own is not None and chosen.kind != "refusal":
        first = joined(first, own.caveat)
    if chosen.kind == "refusal" or "agreement" not in checks or checks["agreement"].passed:
        return first
    return joined(first, say("回归得出 {x:bare}，相差超出误差，两个数字要一起引用。",
                            "Regression gives {x:bare}, further off than chance explains, so quote both figures.", x=ladder["regression"]))


def _assumption(cohort: Cohort, rungs: Rungs | None, chosen: Estimate, hidden: HiddenBounds | None) -> Text:
    """What the amount takes for granted."""
    if chosen.kind == "refusal":
        return Text("看不出差别不等于没有差别。", "The lack of an amount does not mean that nothing was lost.")
    if not cohort.is_dated or hidden is None:
        return Text(
            "数据没有日期，也没有此前的消费：本来就不同的客户混在里面，金额可能全是旧差别。",
            "Without dates or earlier spending, customers who always differed are mixed in; the whole amount may be an earlier difference.",
        )
    shown = hidden.times(-rungs.n_exposed).estimate("hidden", unit=cohort.unit)
    return say(
        "这是校正后的相关，不是试验：若另有一个没记录的因素，与此前的消费一样强，金额可能{x}。",
        "This is an adjusted association, not a trial: if something unrecorded mattered as much as earlier spending, the amount could {x}.",
        x=money_words.hidden_range(shown),
    )


def _decision(chosen: Estimate, payback: Payback | None) -> Text:
    if chosen.kind == "refusal":
        return say("先补齐数据：{needs}", "First collect what is missing: {needs}", needs=chosen.needs)
    if chosen.verdict is Verdict.BOUNDS_ONLY or payback is None:
        return Text(
            "先让导出带上日期与此前的消费，再谈值多少钱；在此之前只引用范围。",
            "Have dates and earlier spending included in the export before discussing money; until then, quote only the range.",
        )
    return payback.decision
