"""The checks of the page on the clocks of cases, in both languages."""

from __future__ import annotations

import math

from voclib.loop.clocks import Clock
from voclib.loop.inner_loop import text as words
from voclib.loop.inner_loop.timestamps import FEWEST, Pile
from voclib.loop.routing import Routing
from voclib.results import Check, Estimate, Text
from voclib.sentences import joined, say
from voclib.stats.inference import unnamed


def open_cases(every: Estimate, due: Estimate, most: float) -> Check:
    """The product-limit estimate against cases whose limit has run out, which needs no assumption about open ones.

    A gap is let pass up to `most`, or twice its standard error, whose square is the difference of theirs where one of the two uses all that the other
    does and more (Hausman 1978, Econometrica 46).
    """
    name = Text("还开着的工单没有带偏结果", "Open cases do not bias the result")
    if "refusal" in (every.kind, due.kind):
        return Check(name, None, (every if every.kind == "refusal" else due).reason)
    luck = 2 * math.sqrt(max((due.std_error or 0.0) ** 2 - (every.std_error or 0.0) ** 2, 0.0))
    return Check(
        name,
        abs(every.value - due.value) <= max(most, luck),
        say(
            "生存曲线 {a:bare}；只看时限已过的 {n} 张，{b:bare}。相差不超过 {m:.1f} 个百分点算通过。",
            "Survival curve: {a:bare}; the {n} {n:case|cases} whose limit has run out: {b:bare}. A gap of up to {m:.1f} percentage points passes.",
            a=every,
            b=due,
            n=due.n,
            m=100 * max(most, luck),
        ),
        Text(
            "新近的工单与以前不同，最后怎样还不知道：只引用时限已过的那个数，并写明不含新近的。",
            "Recent cases differ from earlier ones, and how they will end is not known yet: quote the share of those whose limit has run out, as a "
            "figure for these alone.",
        ),
    )


def unrecorded(stale: int, still: int, usual: float, best: Estimate, clock: Clock) -> Check:
    """Open cases that may have been closed without a record, and what the answer were then at best."""
    return Check(
        Text("开得太久的会不会只是没有记录", "Whether cases open for very long were merely not recorded as done"),
        None,
        say(
            "{n} 张{open}的工单里，{k} 张等得比 99% 走完的都久（超过 {t}）。它们若其实按时做完、只是没有记，按时的占比最多是 {b:bare}。",
            "Of {n} {open} {n:case|cases}, {k} {k:has|have} waited longer than 99% of finished ones took (more than {t}). If {k:it was|they were} in "
            "fact done in time but not recorded, at most {b:bare} would be in time.",
            n=still,
            k=stale,
            t=words.long(usual, clock),
            b=best,
            open=words.state(clock)["open"],
        ),
    )


def skipped(clock: Clock, blank: int, n: int, best: Estimate, every: Estimate, most: float) -> Check:
    """Cases that went on to a later step without a record of the one that stops the clock: a blank is counted as not done."""
    name = say("“{name}”都有记录", "“{name}” is always recorded", name=clock.title)
    if "refusal" in (best.kind, every.kind):
        return Check(name, None, (best if best.kind == "refusal" else every).reason)
    return Check(
        name,
        None if blank <= most * n else False,
        say(
            "{n} 张工单里有 {k} 张走到了后一步，这一步却是空的，按没有做到计：{a:bare}。它们若其实按时做到了，是 {b:bare}。",
            "{k} of {n} {n:case|cases} reached a later step while this one is blank, which counts as not done: {a:bare}. Had they been in time, it "
            "would be {b:bare}.",
            n=n,
            k=blank,
            a=every,
            b=best,
        ),
        Text(
            "空着不等于没做：先查这一步记没记，再追这只时钟。",
            "Blank does not mean late: check whether this step is recorded before acting on the clock.",
        ),
    )


def not_recorded(clock: Clock, column: str) -> Check:
    """A clock that runs on no case, since nobody recorded where it starts or stops."""
    return Check(
        Text("每只时钟都有记录", "Every clock is recorded"),
        None,
        say(
            "没有一张工单记了 {c}，“{name}”这只时钟不在本页；记了就在规则里映射这一列。",
            "No case records {c}, so the clock “{name}” is not on this page; if it is recorded, map that column in the rules file.",
            c=column,
            name=clock.title,
        ),
    )


def in_order(wrong: int, n: int, most: float) -> Check:
    """Later steps recorded before earlier ones."""
    return Check(
        Text("各步时间先后合理", "Steps are recorded in order"),
        wrong <= most * n,
        say(
            "{n} 张工单里有 {k} 张的后一步记在前一步之前。",
            "In {k} of {n} {n:case|cases} a later step is recorded before an earlier one.",
            n=n,
            k=wrong,
        ),
        Text("时间可能是事后补填的，时钟不可全信。", "Times may have been filled in afterwards; the clocks cannot be fully relied on."),
    )


def one_by_one(bulk: int, closed: int, size: int, most: float) -> Check:
    """Cases closed in bulk."""
    if not closed:
        return Check(Text("工单是一张一张关闭的", "Cases are closed one by one"), None, Text("还没有关闭的工单。", "No case is closed yet."))
    return Check(
        Text("工单是一张一张关闭的", "Cases are closed one by one"),
        bulk <= most * closed,
        say(
            "{n} 张已关闭的工单里，有 {k} 张与同部门至少另外 {m} 张在同一分钟关闭。",
            "{k} of {n} closed {n:case was|cases were} closed in the same minute as at least {m} others of the same department.",
            n=closed,
            k=bulk,
            m=size - 1,
        ),
        Text(
            "成批关闭的时间不是解决的时间：先问清楚，再看按时率。",
            "The time of a bulk closing is not when a case was settled: ask first, then read the on-time rate.",
        ),
    )


def piled(found: Pile, clock: Clock, level: float) -> Check:
    """Whether cases are hurried in just before the limit."""
    name = say("没有赶在时限前突击{done}", "Cases are not rushed through just before the limit", **words.state(clock))
    if math.isnan(found.p_value):
        few = say(
            "时限前后只有 {n} 张{done}，至少 {k} 张才看得出来。",
            "Only {n} {n:case was|cases were} {done} near the limit; at least {k} are needed to tell.",
            n=found.n,
            k=FEWEST,
            done=words.state(clock)["done"],
        )
        coarse = Text("时间记得太粗，时限前后分不出先后。", "Times are recorded too coarsely to separate just before the limit from just after it.")
        return Check(name, None, few if found.n < FEWEST else coarse)
    told = say(
        "时限前的最后 {w}{done} {a} 张，按前后走势和一天的作息约 {b} 张。",
        "{a} {a:case was|cases were} {done} in the last {w} before the limit; the trend on either side and the daily rhythm suggest about {b}.",
        w=words.hours(round(found.width, 1), clock),
        a=found.before,
        b=round(found.expected),
        done=words.state(clock)["done"],
    )
    beyond = (
        say("过了时限，密度是之前的 {j:.0%}。", "Past the limit, the density is {j:.0%} of that before.", j=1 / found.jump)
        if found.jump > 0.1
        else Text("", "")
    )
    return Check(
        name,
        found.p_value >= level,
        joined(told, beyond),
        Text("为达标而赶出来的，未必真做到了：抽几张回访。", "Work rushed to meet the limit may not really be done: call a few customers back."),
    )


def _once(name: Text, again: int, n: int, most: float, *, unseen: Text | None, none: Text, some: tuple[str, str], advice: Text) -> Check:
    """How many of `n` rows repeat another: `unseen` says why that cannot be told, `none` and the pair `some` what was found."""
    if unseen is not None:
        return Check(name, None, unseen)
    if not again:
        return Check(name, True, none)
    return Check(name, None if again <= most * n else False, say(*some, n=n, k=again, s=again / n, m=100 * again / n, f=most), advice)


def cases_once(again: int, n: int, most: float, *, is_known: bool) -> Check:
    """Cases that repeat another; `is_known` is false where no case names a voice or a customer."""
    return _once(
        Text("没有重复开的工单", "No case was entered twice"), again, n, most,
        unseen=None if is_known else Text("工单既没有声音编号也没有客户编号，看不出有没有录了两次。",
                                          "Cases name neither a voice nor a customer, so it cannot be seen whether any was entered twice."),
        none=say("{n} 张里没有哪张与另一张重复：同一条声音、同一主题、同一部门；或同一位客户 24 小时内原话相同。",
                 "None of the {n} {n:case|cases} repeats another: same voice, topic and department, or same customer and same words within 24 hours.",
                 n=n),
        some=("{n} 张里有 {k} 张与另一张重复（{s:.1%}）：同一条声音、同一主题、同一部门，或同一位客户 24 小时内原话相同。"
              "去掉它们，按时的占比最多移动约 {m:.1f} 个百分点；上限是 {f:.0%} 的重复。",
              "{k} of {n} {n:case|cases} {k:repeats|repeat} another ({s:.1%}): same voice, topic and department, or same customer and same words "
              "within 24 hours. Removing {k:it|them} would move the share in time by about {m:.1f} percentage points at most; the limit is {f:.0%} "
              "repeats."),
        advice=Text("先去掉重复的工单再引用。", "Remove the repeated cases before quoting this."),
    )


def voices_once(again: int, n: int, most: float, *, is_known: bool) -> Check:
    """Unhappy voices that repeat another; `is_known` is false where none names its customer."""
    return _once(
        Text("没有重复录入的声音", "No voice was entered twice"), again, n, most,
        unseen=None if is_known else Text("不满的声音没有客户编号，看不出有没有录了两次。",
                                          "Unhappy voices name no customer, so it cannot be seen whether any was entered twice."),
        none=say("{n} 条不满的声音里，没有成批的重复：同一位客户、同一渠道、24 小时内分数（没有分数的看原话）完全相同。",
                 "Among {n} unhappy {n:voice|voices} there is no batch of repeats: same customer, same channel, same scores (or same words where "
                 "there are no scores) within 24 hours.", n=n),
        some=("{n} 条不满的声音里，{k} 条与同一位客户 24 小时内的另一条完全相同（{s:.1%}），多于碰巧，像是录了两次。"
              "去掉它们，开了工单的占比最多移动 {m:.1f} 个百分点；上限是 {f:.0%} 的重复。",
              "Of {n} unhappy {n:voice|voices}, {k} {k:is|are} identical to another by the same customer within 24 hours ({s:.1%}), more than chance "
              "would produce, so they look entered twice. Removing them would move the share with a case by at most {m:.1f} percentage points; the "
              "limit is {f:.0%} repeats."),
        advice=Text("先去掉重复再引用；导入那一页写明是哪个渠道、哪个月。",
                    "Remove the repeats before quoting this; the import page names the channel and month."),
    )


def independent(is_clustered: bool, *, n: int, blank: int) -> Check:
    """What the intervals rest on: of `n` cases `blank` name no dealer."""
    name = Text("同一门店的工单可以相似", "Cases from the same dealer are allowed to be similar")
    narrow = Text("区间可能偏窄，结论带着这个前提。", "Intervals may be too narrow, and the finding carries that caveat.")
    if blank == n:
        return Check(name, None, Text("没有工单写明门店，区间把工单当作互不相干。",
                                      "No case names a dealer, so intervals treat cases as independent."))
    if not is_clustered:
        few = Text("写明的门店太少，区间把工单当作互不相干。", "Too few dealers are named, so intervals treat cases as independent.")
        return Check(name, False, few, narrow)
    if not blank:
        return Check(name, True, Text("区间按门店聚类。", "Intervals are clustered by dealer."))
    some = say("区间按门店聚类；{n} 张工单里有 {k} 张没有写明门店，各自独立。",
               "Intervals are clustered by dealer; {k} of {n} cases {k:names|name} none and {k:is|are} treated as independent.", n=n, k=blank)
    return Check(name, False if blank > unnamed.MAX_SHARE * n else None, some, narrow)


def heard_late(median: float) -> Check | None:
    """How long a voice waits before a clock starts."""
    if not math.isfinite(median):
        return None
    name = Text("开单之前客户等了多久", "How long customers wait before a case is opened")
    if median < 0:
        early = Text("多半的工单开在客户说出来之前：先核对两处的时间。", "Most cases were opened before the customer spoke: check the times of both.")
        return Check(name, False, early, Text("从客户开口起算的结果不可信。", "Results counted from the voice cannot be relied on."))
    return Check(
        name,
        None,
        say(
            "从客户说出来到开单，中位数 {t}；从客户开口起算的结果见阶梯。",
            "It takes {t} (median) from the voice to the opening of a case; the ladder shows the result counted from the voice.",
            t=words.long(median),
        ),
    )


def no_case(share: Estimate) -> Check:
    """How many unhappy voices no clock ever ran for."""
    name = Text("多少不满开了工单", "How many unhappy voices became a case")
    if share.kind == "refusal":
        return Check(name, None, share.reason)
    return Check(
        name,
        None,
        say(
            "{n} 条不满的声音里，{a:bare} 开了工单（{a:interval}）。",
            "{a:bare} of {n} unhappy voices became a case ({a:interval}).",
            n=share.n,
            a=share,
        ),
    )


def came_back(n: int, again: int, *, days: int) -> Check | None:
    """Customers who were back on the same topic soon after their case was closed."""
    if not n:
        return None
    return Check(
        Text("关闭之后又来的客户", "Customers who came back after their case was closed"),
        None,
        say(
            "{n} 张已关闭且看得满 {d} 天的工单里，{k} 张的客户为同一主题又开了一张。",
            "Of {n} closed {n:case|cases} observed for {d} days, {k} {k:was|were} followed by another from the same customer on the same topic.",
            n=n,
            k=again,
            d=days,
        ),
    )


def routed(found: Routing) -> Check:
    """The ledger's owner beside the one that the rules name."""
    name = Text("责任部门与规则文件比", "Owners compared with the rule file")
    beside = say(
        "另有 {a} 张不属于任何一类，{b} 张没有责任部门。",
        "Another {a} {a:fits|fit} no class, and {b} {b:has|have} no owner.",
        a=found.unclassed,
        b=found.unowned,
    )
    one = found.agreement
    if one.kind == "refusal":
        return Check(name, None, joined(one.reason, beside))
    told = say(
        "按原话归类的工单里，{a:bare}（{a:interval}）的责任部门与规则一致；不一致的，可能是分错，也可能是读错。",
        "Of cases classified by the customer's words, {a:bare} ({a:interval}) have the owner named in the rules; where they differ, the case may "
        "have been misrouted or the words misread.",
        a=one,
    )
    return Check(name, None, joined(told, beside))


def graded(found: Routing) -> Check | None:
    """Cases that speak of safety and are not graded so."""
    if not found.safety:
        return None
    return Check(
        Text("说到安全的定了几级", "How cases that mention safety are graded"),
        None,
        say(
            "{n} 张工单的原话说到安全，其中 {k} 张没有定为安全级：逐张核对。",
            "{n} {n:case mentions|cases mention} safety; {k} of them {k:is|are} not graded as safety: check each one.",
            n=found.safety,
            k=found.ungraded,
        ),
    )
