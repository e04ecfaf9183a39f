"""The finding of the EX–VoC study in both languages: the slope with its interval, one caveat, one decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict
from voclib.sentences import capital, joined
from voclib.studies.ex_voc import text as words
from voclib.studies.ex_voc.panel import ExPanel
from voclib.studies.ex_voc.rungs import Rungs
from voclib.studies.ex_voc.text import say
from voclib.studies.ex_voc.worth import Worth


def finding(*, rungs: Rungs, ladder: Ladder, programme: Ladder | None, checks: Mapping[str, Check], worth: Worth | None, seed: int) -> Study:
    """The Study: the chosen rung large, money beside it where there is any, the pooled slope as the grey ring."""
    chosen, panel = ladder[ladder.chosen], rungs.panel
    money = (worth.total,) if worth is not None and worth.total.kind == "estimate" and chosen.kind == "estimate" else ()
    return Study(
        question=words.QUESTION, kicker=_kicker(rungs), answer=_answer(rungs, chosen, ladder["pooled"], worth), headline=(chosen, *money),
        caveat=_caveat(rungs, chosen), decision=_decision(rungs, chosen, programme), verdict=chosen.verdict,
        naive=ladder["pooled"] if chosen.kind == "estimate" else None, ladders=(ladder, *([programme] if programme else [])),
        checks=tuple(checks.values()), limits=words.limits(panel), reader="executive", seed=seed)


def refused(panel: ExPanel, ladder: Ladder, checks: tuple[Check, ...], seed: int) -> Study:
    """The Study of a panel that carries no change."""
    only = ladder[ladder.chosen]
    return Study(question=words.QUESTION, kicker=say("{e} × {o}", "{e} × {o}", e=panel.exposure, o=panel.outcome),
                 answer=say("凭这份数据说不了谁领先谁。{why}", "These data cannot show which leads. {why}", why=only.reason), headline=(only,),
                 caveat=words.ABSENCE, decision=_collect(only), verdict=Verdict.REFUSE, ladders=(ladder,), checks=checks,
                 limits=words.limits(panel), reader="executive", seed=seed)


def _collect(refused: Estimate) -> Text:
    """What would make an answer possible."""
    return say("先补齐数据：{n}", "First collect what is missing: {n}", n=words.inside(refused.needs))


def why_refused(checks: Mapping[str, Check]) -> tuple[Text, Text]:
    """Reason and needs where a gate withholds the slope."""
    return checks["mean"].detail, words.MORE_EMPLOYEES


def _kicker(rungs: Rungs) -> Text:
    return say("{e} × {o} · {g} 个{u}，{t} 期", "{e} × {o} · {g} {u}s, {t} periods", e=rungs.panel.exposure, o=rungs.panel.outcome,
               g=rungs.main.n_clusters, t=len(rungs.main.rows.periods), u=rungs.panel.unit_name)


def _answer(rungs: Rungs, chosen: Estimate, pooled: Estimate, worth: Worth | None) -> Text:
    """Slope, horizon and interval with the verb its evidence allows; then the uncorrected number; then money."""
    panel = rungs.panel
    if chosen.kind == "refusal":
        return say("凭这份数据给不出斜率。{why}", "These data do not support a slope. {why}", why=chosen.reason)
    about = {"o": panel.outcome, "e": panel.exposure, "s": words.step(panel, rungs.sd, is_true=rungs.sd_is_true), "x": words.size(chosen),
             "i": chosen, "t": words.next_period(panel, rungs.lag), "d": words.way(chosen), "raw": pooled, "u": panel.unit_name,
             "level": chosen.conf_level}
    if chosen.conf_low <= 0 <= chosen.conf_high:
        first = say("同一{u}前后相比，{e}每高 {s}，{t}{o}的变化是 {i:bare} 分，区间 {i:interval} 含零：看不出关系。",
                    "No relation is visible: in the same {u}, {e} higher by {s} goes with a change of {i:bare} points in {o} {t} ({i:interval}, "
                    "which includes zero).", **about)
    elif chosen.evidence_level >= 2:
        first = say("{e}领先于{o}：同一{u}里{e}每高 {s}，{t}{o}{d} {x:bare} 分（{level:.0%} 区间 {x:interval}）。",
                    "{e} precedes {o}: when it is higher by {s}, {o} is {x:bare} points {d} {t} ({level:.0%} interval {x:interval}).",
                    **_capital(about, "e"))
    else:
        first = say("同一{u}里{e}每高 {s}，伴随{t}{o}{d} {x:bare} 分（{level:.0%} 区间 {x:interval}）。",
                    "In the same {u}, {e} higher by {s} goes with {o} that is {x:bare} points {d} {t} ({level:.0%} interval {x:interval}).", **about)
    first = joined(first, say("把所有{u}混在一起算是 {raw:bare} 分（校正前）。",
                             "Pooling all {u}s would suggest {raw:bare} points (before correction).", **about))
    if worth is not None and worth.total.kind == "estimate":
        first = joined(first, say("折成一年毛利约 {m:bare}（{m:interval}{z}），经由客户体验，不与痛点损失相加。",
                                 "Converted into margin, this is about {m:bare} a year ({m:interval}{z}); it comes through customer experience and "
                                 "must not be added to losses from pain points.", m=worth.total, z=_zero(worth.total)))
    return first


def _capital(about: dict[str, Any], name: str) -> dict[str, Any]:
    """The same values with one of them beginning a sentence in English."""
    return {**about, name: capital(about[name])}


def _zero(e: Estimate) -> Text:
    """A word where an interval holds zero."""
    return Text("，含零", ", which includes zero") if e.conf_low <= 0 <= e.conf_high else Text("", "")


def _caveat(rungs: Rungs, chosen: Estimate) -> Text:
    """The assumption most likely wrong, and what it would do."""
    if chosen.kind == "refusal":
        return words.ABSENCE
    if chosen.conf_low <= 0 <= chosen.conf_high:
        least = float(rungs.more.loc[rungs.more["kind"].eq("now"), "detectable"].iloc[0]) * rungs.sd
        return say("看不出关系不等于没有关系：这份数据八成把握能发现的，是 {d} 分以上的变化。",
                   "No visible relation does not mean no relation: these data can detect a change of {d} points or more four times in five.",
                   d=words.digits(least)[0])
    third = say("最可能错在没有记录的第三件事：它只要在{u}内变化里同时解释两边剩余差异的 {r:.0%}，这个相关就归零{b}。",
                "The likeliest error is a third factor that nobody recorded. If it explained {r:.0%} of the remaining change within {u}s on both "
                "sides, this relation would vanish{b}.",
                r=rungs.hidden.robustness.value, b=_benchmark(rungs), u=rungs.panel.unit_name)
    return third if rungs.taken_off is None else joined(third, words.same_people(words.digits(*rungs.taken_off)))


def _benchmark(rungs: Rungs) -> Text:
    """How the strength needed compares with the strongest factor on record."""
    known = rungs.hidden.bounds
    known = known[known["k"].eq(1) & known["r2_dz"].notna()] if len(known) else known
    if not len(known):
        return Text("", "")
    top = known.loc[known["r2_dz"].idxmax()]
    return say("（在案因素里最强的是{c}，解释{e}的 {a:.1%}）", " (the strongest recorded factor, {c}, explains {a:.1%} of {e})",
               c=words.control(top["benchmark"]), a=float(top["r2_dz"]), e=rungs.panel.exposure)


def _decision(rungs: Rungs, chosen: Estimate, programme: Ladder | None) -> Text:
    """What follows: a signal may be watched; only a trial decides on money."""
    if chosen.kind == "refusal":
        return _collect(chosen)
    best, least = words.most_gained(rungs.more, rungs.panel)
    now, then = words.digits(float(rungs.more.set_index("kind")["detectable"]["now"]) * rungs.sd, least * rungs.sd)
    more = say("{k}能把可检出的变化从 {a} 分降到 {b} 分", "{k} would lower the detectable change from {a} to {b} points", a=now, b=then, k=best)
    if chosen.conf_low <= 0 <= chosen.conf_high:
        return say("不要据此投资，也不要据此否定；{m}。", "Neither invest on this evidence nor dismiss the idea; {m}.", m=more)
    if chosen.evidence_level >= 2:
        falls = chosen.value * rungs.panel.sign > 0
        return say("可以把{e}当先行信号来盯：它先{d}，就早 {n} 期{o}派人。要不要投钱，用抽签先后开始的试点来定{p}。",
                   "Watch {e} as a leading signal: where it {d}, send help {n} {n:period|periods}{o} early. Whether to invest is best decided by a "
                   "pilot with starts in random order{p}.", e=rungs.panel.exposure, o=words.of_period(rungs.panel),
                   d=Text("掉", "drops") if falls else Text("涨", "rises"), n=rungs.lag, p=_tried(programme))
    return say("还不能当先行信号用。{m}；要不要投钱，用抽签先后开始的试点来定{p}。",
               "Do not use it as a leading signal yet; {m}. Whether to invest is best decided by a pilot with starts in random "
               "order{p}.", m=more, p=_tried(programme))


def _tried(programme: Ladder | None) -> Text:
    """What the programme run so far showed, in brackets."""
    found = None if programme is None else programme[programme.chosen]
    if found is None or found.kind != "estimate":
        return Text("", "")
    return say("（已开展的项目之后{d} {x:bare} 分，{x:interval}，不作因果）",
               " (after the programme run so far, scores were {x:bare} points {d}, {x:interval}; this is not a causal claim)",
               x=words.size(found), d=words.way(found))
