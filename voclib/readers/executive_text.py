"""What the executives' page says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voclib.readers.scorecard import Entry, Row
from voclib.results import Check, Estimate, Text
from voclib.sentences import first_sentence, joined, say

QUESTION = Text("这一版，管理层该知道什么、先定什么？", "What should the board know now, and decide first?")
ANSWER = Text("结论", "its answer")
STATES = {"reached": Text("达到", "Reached"), "missed": Text("没达到", "Missed"), "unclear": Text("还看不出来", "Not clear yet"),
          None: Text("没有目标", "No goal")}
NO_ABSENT = Text("记分卡上的每一行，这一版都有报告回答。", "Every row of the scorecard is answered by a report in this edition.")
LIMITS = (
    (
        Text("这些金额不能相加。", "The amounts must not be added up."),
        Text(
            "员工体验、客户分数、一次坏体验，说的往往是同一笔钱的不同叫法；相加就是把一笔钱算两遍。",
            "Employee experience, scores and one bad experience are often names for the same money; a sum would count it twice.",
        ),
    ),
    (
        Text("“达到目标”不是“变好了”。", "“Reached” does not mean “improved”."),
        Text(
            "它只说现在的区间整个在目标这一边。有没有变化，看“变化”那一行，或那份报告里的趋势。",
            "It says only that the whole interval now lies on the goal’s side. For change, see the row on change or the trend in the report.",
        ),
    ),
    (
        Text("“还看不出来”不是“没达到”，也不是“差一点”。", "“Not clear yet” means neither “missed” nor “nearly there”."),
        Text(
            "区间跨着目标线，两种可能都还在。要么等更多的数据，要么承认这个目标用现有的量看不清。",
            "The interval straddles the goal, so both remain possible: wait for more data, or accept that these data cannot judge this goal.",
        ),
    ),
    (
        Text("各行的横条不能互相比长短。", "Bars in different rows cannot be compared."),
        Text("每一行有自己的刻度，单位也不同。", "Each row has its own scale, and the units differ."),
    ),
    (
        Text("这一页没有新的证据。", "Nothing on this page is new evidence."),
        Text(
            "每个数都原样来自所列的报告；能不能引用，以那份报告的结论和前提为准。",
            "Each number is taken unchanged from the report beside it; whether it may be quoted depends on that report’s verdict and caveat.",
        ),
    ),
)


def _counted(entries: Sequence[Entry]) -> dict[str, int]:
    states = [entry.state for entry in entries if entry.state is not None]
    return {"k": len(states), **{name: states.count(name) for name in ("reached", "missed", "unclear")}}


def answer(lead: Entry, entries: Sequence[Entry]) -> Text:
    """The leading report's own first sentence, then how many goals are reached."""
    led = Text(*(first_sentence(lead.study.answer[lang])[0] for lang in ("zh", "en")))
    counts = _counted(entries)
    if not counts["k"]:
        return led
    goals = say("记分卡上有目标的数 {k} 个：{reached} 个达到，{missed} 个没达到，{unclear} 个还看不出来。",
                "Of {k} {k:number|numbers} with a goal, {reached} {reached:reaches|reach} it, {missed} {missed:misses|miss} it, and {unclear} "
                "{unclear:is|are} not clear yet.", **counts)
    return joined(led, goals)


def decision(lead: Entry, missed: Sequence[Text]) -> Text:
    """The leading report's decision, and which numbers miss their goal, by what they are called."""
    own = Text(*(first_sentence(lead.study.decision[lang])[0] for lang in ("zh", "en")))
    if not missed:
        return own
    where = say("没达到目标的是：{r}。相应报告的建议，在“要定的事”里排在最前。",
                "Short of the goal: {r}. What those reports advise comes first in the list of decisions.", r=_listed(missed))
    return joined(own, where)


def goal(entry: Entry) -> Text:
    """The goal in words: its state, then where it lies."""
    aim = Estimate(estimand=entry.estimate.estimand, kind="count", unit=entry.estimate.unit, value=entry.goal)
    least = entry.row.at_least is not None
    state = STATES[entry.state]
    return say("{s}：目标{w} {g:bare}", "{s}: goal {w} {g:bare}", s=state, g=aim,
               w=Text("至少" if least else "至多", "at least" if least else "at most"))


def _listed(names: Sequence[Text]) -> Text:
    once = list(dict.fromkeys(names))
    return Text("、".join(n.zh for n in once), "; ".join(n.en for n in once))


def one_pool(n: int, apart: Sequence[Text]) -> Check:
    """Whether all reports read the same rows."""
    name = Text("各份报告读的是同一批数据", "All reports read the same data")
    if not apart:
        return Check(name, True, say("{n} 份报告的数据指纹一致。", "{n} {n:report has|reports share} one data fingerprint.", n=n))
    return Check(name, False, say("读的是另一批行的报告：{r}", "Reports that read different rows: {r}", r=_listed(apart)),
                 Text("重新运行整个版本，再引用这一页。", "Rerun the whole edition before quoting this page."))


def one_ledger(amounts: Sequence[Text]) -> Check:
    """Whether more than one amount of money stands on the card."""
    name = Text("金额只算一遍", "Money is counted once")
    if len(amounts) == 1:
        return Check(name, True, say("卡上只有一个金额：{r}。", "The card shows only one amount: {r}.", r=amounts[0]))
    told = say("{n} 个金额（{r}）可能有重叠，页面不相加。", "{n} amounts ({r}) may overlap; the page does not add them up.", n=len(amounts),
               r=_listed(amounts))
    return Check(name, None, told)


def trusted(coverage: Estimate, *, passed: bool) -> Check:
    """What the long runs with planted truth say of the methods."""
    name = Text("埋下真值去试，方法靠得住", "Tested on planted truth, the methods hold up")
    told = say("声称 95% 的区间，盖住真值的有 {c:bare}。", "Intervals that claim 95% coverage contain the truth {c:bare} of the time.", c=coverage)
    return Check(name, passed, told, None if passed else Text("先看那份报告里哪些方法没过关。", "Check in that report which methods failed."))


def refused(without: Sequence[Text], *, total: int) -> Check:
    """How many rows have no answer."""
    name = Text("有几行没有结论", "Rows without an answer")
    if not without:
        return Check(name, None, say("{n} 行都有数或范围。", "All {n} rows have a number or a range.", n=total))
    told = say("{n} 行里有 {k} 行暂无结论：{r}。", "{k} of {n} rows {k:has|have} no conclusion yet: {r}.", n=total, k=len(without),
               r=_listed(without))
    return Check(name, None, told)


def by_luck(k: int) -> Check:
    """What chance alone would do to the goals."""
    name = Text("目标判对判错，有多少靠运气", "How many goals chance alone would decide")
    expected = f"{0.05 * k:.1f}"
    return Check(name, None, say(
        "{k} 个目标由 95% 区间来判。就算每个数都恰好落在目标上，平均也会有 {x} 个被说成达到或没达到。",
        "{k} {k:goal is|goals are} judged by 95% intervals. If every number were exactly at its goal, on average {x} would still be called "
        "reached or missed.", k=k, x=expected))


def captions(entries: Sequence[Entry], absent: Sequence[tuple[Row, Text]]) -> dict[str, dict[str, Any]]:
    """Titles and notes of the figures."""
    counts = _counted(entries)
    title = say("{k} 个有目标的数：{reached} 个达到，{missed} 个没达到，{unclear} 个还看不出来",
                "{k} {k:number|numbers} with a goal: {reached} reached, {missed} missed, {unclear} not clear yet", **counts) \
        if counts["k"] else say("{n} 个数，都没有定目标", "{n} numbers, none with a goal", n=len(entries))
    columns: Mapping[str, Text] = {"title": Text("报告", "Report"), "decision": Text("建议", "Suggested decision"),
                                   "goal": Text("目标", "Goal"), "level": Text("证据（0–4）", "Evidence (0–4)")}
    return {
        "board": {"title": title, "subtitle": Text("点是估计值，横条是区间，灰圈是校正前，虚线是目标",
                                                  "Dot: estimate; bar: interval; grey ring: uncorrected; dashed line: goal"),
                  "note": Text("每行刻度不同。整条横条都在虚线的一边，目标才判得出来。",
                               "Each row has its own scale. A goal can be judged only where the whole bar lies on one side of the dashed line.")},
        "decisions": {"title": Text("每份报告建议做什么，没达到目标的排在前", "What each report suggests, missed goals first"), "columns": columns,
                      "formats": {"level": "exact"}},
        "absent": {"title": say("卡上有 {n} 行，这一版没有答案", "{n} {n:row|rows} of the card without an answer in this edition", n=len(absent)),
                   "columns": {"title": Text("报告", "Report"), "number": Text("要的数", "Number asked for"), "why": Text("为什么没有", "Why")}},
    }
