"""What the page on the clocks of cases says, in both languages."""

from __future__ import annotations

import math

import pandas as pd

from voclib import numbers
from voclib.loop.clocks import Clock
from voclib.loop.compliance import Compliance
from voclib.loop.departments import Departments
from voclib.loop.routing import SAFETY, Routing
from voclib.loop.timestamps import FEWEST, Pile
from voclib.loop.unheard import Coverage
from voclib.results import Check, Estimate, Text
from voclib.sentences import say

QUESTION = Text("客户的不满，有没有按时接住、按时解决？", "Are complaints answered and settled in time?")
CAVEAT = Text(
    "“解决”是台账里记的，不是客户说的；没有开工单的不满，任何按时率都看不见。",
    "“Settled” is what the ledger records, not what the customer says; and no rate sees a complaint that never became a case.",
)
LIMITS = (
    (
        Text("不是说按时关闭的客户就满意了。", "Not that a customer whose case was closed in time is content."),
        Text(
            "关闭时间由处理人填写。客户是否认可，要看他后来怎么打分、还来不来，见关于分数与金额的报告。",
            "Whoever handles a case says when it closed. Whether the customer agrees shows in later scores and visits: see the reports on both.",
        ),
    ),
    (
        Text("不是说没有工单的不满就没人管。", "Not that a complaint without a case was ignored."),
        Text(
            "有些当场就解决了，只是没有记录；所以那一级只给范围。", "Some are settled on the spot and leave no record, so that rung is a range only."
        ),
    ),
    (
        Text("不是说慢的部门做得差。", "Not that a slower department works worse."),
        Text(
            "难办的事本来就慢，这里没有按难度校正；只说哪里慢、慢得是不是超出碰巧。",
            "Hard cases take longer, and nothing here allows for that; it says where it is slow, and whether by more than luck.",
        ),
    ),
    (
        Text("看不出工单在部门之间转了几手。", "Nothing of how often a case changed hands."),
        Text(
            "工单只记最后的责任部门，没有转派记录；红色预警也只记响应客户的时间，不记通知了谁。",
            "A case names its last owner and no hand-over; of a red alert the answer to the customer is recorded, not who was told.",
        ),
    ),
)
STATES = {
    "resolved_at": (Text("还开着", "open"), Text("关闭", "closed"), Text("解决", "settled")),
    "responded_at": (Text("还没有响应", "unanswered"), Text("响应", "answered"), Text("响应", "answered")),
    "assigned_at": (Text("还没有分派", "unassigned"), Text("分派", "assigned"), Text("分派", "assigned")),
}
NO_TRUTH = Text("这批数据没有埋下的真值。", "These data hold no planted truth.")
NO_CURVE = Text("工单太少，画不出曲线。", "Too few cases for a curve.")
NO_VOICES = Text(
    "工单没有写明出自哪条声音，或这段时间没有不满的声音，因此看不出多少不满没有开工单。",
    "Cases name no voice, or no voice of the period is unhappy, so nothing shows how many complaints never became a case.",
)
NO_DEPARTMENTS = Text(
    "可比的部门不足五个，不画部门图；各部门见下表。", "Fewer than five departments can be compared, so there is no picture; the table below has each."
)
NO_ROUTES = Text(
    "工单没有描述，或没有规则文件，因此看不出该归谁。", "Cases have no description, or there is no rule file, so nothing says who ought to own them."
)
NONE_OVERDUE = Text("没有超过时限还开着的工单。", "No open case is beyond its limit.")
NONE_MISSED = Text("这只时钟没有超时的工单。", "No case of this clock is late.")
NO_MONTHS = Text("没有哪个月的工单够多，画不出走势。", "No month has cases enough for a course.")


def estimand(clock: Clock) -> str:
    """The name of a clock's share in the findings."""
    return f"in_time:{clock.id}"


def hours(given: float, clock: Clock | None = None) -> Text:
    """Hours without needless decimals, as working hours where the clock counts these."""
    zh, en = ("工作小时", "working hour") if clock is not None and clock.time == "working" else ("小时", "hour")
    return Text(f"{given:,.10g} {zh}", f"{given:,.10g} {en}{'' if given == 1 else 's'}")


def limit(clock: Clock) -> Text:
    """The limit of a clock with its unit."""
    return hours(clock.hours, clock)


def state(clock: Clock) -> dict[str, Text]:
    """Words that depend on what ends a clock: `open`, `done`, `met` (done as the customer needs it), and how they begin a label."""
    still, done, met = STATES[clock.stop]
    return {"open": still, "done": done, "met": met, "Done": Text(done.zh, done.en.capitalize())}


def long(given: float, clock: Clock | None = None) -> Text:
    """A time as people say it: hours up to three days, then days; working hours stay hours."""
    if not math.isfinite(given):
        return Text("—", "—")
    is_working = clock is not None and clock.time == "working"
    if is_working or given < 71.5:
        return hours(round(given) if given >= 10 else round(given, 1), clock)
    n = round(given / 24)
    return Text(f"{n:,} 天", f"{n:,} days")


def kicker(n: int) -> Text:
    """What stands over the question."""
    return say("闭环时钟 · {n} 张工单", "Clocks of the closed loop · {n} {n:case|cases}", n=n)


def answer(clock: Clock, found: Compliance, coverage: Coverage | None) -> Text:
    """The share in time, what closed cases alone would show, and how many unhappy voices have a case at all."""
    every, closed = found.every, found.closed
    told = [
        say(
            "{h}内解决的工单占 {a:bare}（{level:.0%} 区间 {a:interval}），还开着的也算在内。",
            "{a:bare} of cases were settled within {h}, open ones included ({level:.0%} interval {a:interval}).",
            h=limit(clock),
            a=every,
            level=every.conf_level,
        )
        if clock.stop == "resolved_at"
        else say(
            "“{name}”在 {h}内做到的工单占 {a:bare}（{level:.0%} 区间 {a:interval}），{open}的也算在内。",
            "“{name}” within {h}: {a:bare} of cases, {open} ones included ({level:.0%} interval {a:interval}).",
            name=clock.title,
            h=limit(clock),
            open=state(clock)["open"],
            a=every,
            level=every.conf_level,
        )
    ]
    if closed.kind == "estimate" and closed.value > every.value and numbers.value(closed, "en") != numbers.value(every, "en"):
        told.append(say("只数已{done}的，会看到 {b:bare}。", "{Done} cases alone would show {b:bare}.", b=closed, **state(clock)))
    if coverage is not None and coverage.share.kind == "estimate":
        told.append(
            say(
                "每 100 条不满的声音，开了工单的只有 {k} 条。" if coverage.share.value < 0.5 else "每 100 条不满的声音，开了工单的有 {k} 条。",
                "Of 100 unhappy voices, {k} became a case.",
                k=round(100 * coverage.share.value),
            )
        )
    return Text("".join(t.zh for t in told), " ".join(t.en for t in told))


def decision(late: pd.DataFrame, by: Departments, coverage: Coverage | None, clock: Clock) -> Text:
    """What to do next: late open cases of safety first, then the department that is slower by more than luck, then voices without a case."""
    told = []
    unsafe = late[late["severity"].eq(SAFETY)]
    if len(unsafe):
        told.append(
            say(
                "今天就处理 {n} 张超时{open}的行车安全工单，最久的等了 {t}。",
                "Today see to the {n} safety {n:case|cases} {open} beyond the limit; the oldest has waited {t}.",
                n=len(unsafe),
                t=long(float(unsafe["followed"].max()), clock),
                open=state(clock)["open"],
            )
        )
    elif len(late):
        told.append(
            say(
                "先处理 {n} 张超时{open}的工单，最久的等了 {t}。",
                "First see to the {n} {n:case|cases} {open} beyond the limit; the oldest has waited {t}.",
                n=len(late),
                t=long(float(late["followed"].max()), clock),
                open=state(clock)["open"],
            )
        )
    slow = by.drawn[by.drawn["is_apart"] & (by.drawn["value"] < by.drawn["mean_low"])] if len(by.drawn) else by.drawn
    if len(slow):
        names = dict(zip(by.table["key"], by.table["department"], strict=True))
        told.append(say("再看{name}：慢得超出碰巧。", "Then look at {name}: slower by more than luck.", name=names[slow["key"].iloc[-1]]))
    elif by.shrunken is not None and not by.drawn["is_apart"].any() and by.shrunken.p_value >= 1 - by.shrunken.conf_level:
        told.append(
            Text(
                "看不出各部门之差超过碰巧：先改共同的流程，不急着追某一个部门。",
                "Nothing shows that departments differ by more than luck: begin with the common process, not with one of them.",
            )
        )
    if coverage is not None and coverage.share.kind == "estimate" and coverage.share.value < 0.5:
        told.append(Text("让不满自动开单：没有工单的，谁的时钟都不走。", "Let complaints open a case by themselves: without one, no clock runs."))
    return (
        Text("".join(t.zh for t in told), " ".join(t.en for t in told))
        if told
        else say("没有超时{open}的工单；每月看一次。", "No case is {open} beyond the limit; look again in a month.", **state(clock))
    )


def open_cases(every: Estimate, due: Estimate, most: float) -> Check:
    """The product-limit estimate against cases whose limit has run out, which needs no assumption about open ones.

    A gap is let pass up to `most`, or twice its standard error, whose square is the difference of theirs where one of the two uses all that the other
    does and more (Hausman 1978, Econometrica 46).
    """
    name = Text("还开着的工单没有带偏结果", "Open cases do not tilt the result")
    if "refusal" in (every.kind, due.kind):
        return Check(name, None, (every if every.kind == "refusal" else due).reason)
    luck = 2 * math.sqrt(max((due.std_error or 0.0) ** 2 - (every.std_error or 0.0) ** 2, 0.0))
    return Check(
        name,
        abs(every.value - due.value) <= max(most, luck),
        say(
            "生存曲线 {a:bare}；只看时限已过的 {n} 张，{b:bare}。相差不超过 {m:.1f} 个百分点算通过。",
            "Survival curve {a:bare}; of the {n} {n:case|cases} whose limit has run out, {b:bare}. A gap of {m:.1f} percentage points is let pass.",
            a=every,
            b=due,
            n=due.n,
            m=100 * max(most, luck),
        ),
        Text("新近的工单与以前不同：以时限已过的为准。", "Recent cases differ from earlier ones: go by those whose limit has run out."),
    )


def unrecorded(stale: int, still: int, usual: float, best: Estimate, clock: Clock) -> Check:
    """Open cases that may have been closed without a record, and what the answer were then at best."""
    return Check(
        Text("开得太久的会不会只是没有记录", "Whether cases open for very long were only not recorded"),
        None,
        say(
            "{n} 张{open}的工单里，{k} 张等得比 99% 走完的都久（超过 {t}）。它们若其实按时做完、只是没有记，按时的占比最多是 {b:bare}。",
            "Of {n} {open} {n:case|cases}, {k} {k:has|have} waited longer than 99% of finished ones took (more than {t}). Had {k:it|they} been done in "
            "time and only not recorded, at most {b:bare} would be in time.",
            n=still,
            k=stale,
            t=long(usual, clock),
            b=best,
            open=state(clock)["open"],
        ),
    )


def in_order(wrong: int, n: int, most: float) -> Check:
    """Later steps recorded before earlier ones."""
    return Check(
        Text("各步时间先后合理", "Steps are recorded in order"),
        wrong <= most * n,
        say("{n} 张工单里有 {k} 张的后一步记在前一步之前。", "In {k} of {n} {n:case|cases} a later step is recorded before an earlier one.", n=n, k=wrong),
        Text("时间可能是事后补填的，时钟不可全信。", "Times may have been filled in afterwards; the clocks cannot be relied on."),
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
            "{k} of {n} closed {n:case was|cases were} closed in one minute with at least {m} more of the same department.",
            n=closed,
            k=bulk,
            m=size - 1,
        ),
        Text(
            "成批关闭的时间不是解决的时间：先问清楚，再看按时率。",
            "The time of a bulk closing is not when a case was settled: ask first, then read the rate.",
        ),
    )


def piled(found: Pile, clock: Clock, level: float) -> Check:
    """Whether cases are hurried in just before the limit."""
    name = say("没有赶在时限前突击{done}", "Cases are not hurried in just before the limit", **state(clock))
    if math.isnan(found.p_value):
        few = say(
            "时限前后只有 {n} 张{done}，至少 {k} 张才看得出来。",
            "{n} {n:case was|cases were} {done} near the limit; it takes {k} to tell.",
            n=found.n,
            k=FEWEST,
            done=state(clock)["done"],
        )
        coarse = Text("时间记得太粗，时限前后分不出先后。", "Times are recorded too coarsely to tell just before the limit from just after it.")
        return Check(name, None, few if found.n < FEWEST else coarse)
    told = say(
        "时限前的最后 {w}{done} {a} 张，按前后走势和一天的作息约 {b} 张。",
        "{a} {a:case was|cases were} {done} in the last {w} before the limit, where their neighbours and the rhythm of the day suggest about {b}.",
        w=hours(round(found.width, 1), clock),
        a=found.before,
        b=round(found.expected),
        done=state(clock)["done"],
    )
    beyond = say("过了时限，密度是之前的 {j:.0%}。", "Beyond it they are {j:.0%} as dense as before.", j=1 / found.jump) if found.jump > 0.1 else Text("", "")
    return Check(
        name,
        found.p_value >= level,
        Text(told.zh + beyond.zh, f"{told.en} {beyond.en}".rstrip()),
        Text("为达标而赶出来的，未必真做到了：抽几张回访。", "What is hurried to keep the limit may not be done: call a few customers back."),
    )


def independent(is_clustered: bool) -> Check:
    """What the intervals rest on."""
    return Check(
        Text("同一门店的工单可以相似", "Cases of one dealer may be alike"),
        is_clustered or None,
        Text("区间按门店聚类。", "Intervals are clustered by dealer.")
        if is_clustered
        else Text(
            "门店太少，或有工单没有写明门店；区间把工单当作互不相干，可能偏窄。",
            "Too few dealers, or some cases name none; intervals take cases as independent and may be too narrow.",
        ),
    )


def heard_late(median: float) -> Check | None:
    """How long a voice waits before a clock starts."""
    if not math.isfinite(median):
        return None
    name = Text("开单之前客户等了多久", "How long customers wait before a case is opened")
    if median < 0:
        early = Text("多半的工单开在客户说出来之前：先核对两处的时间。", "Most cases were opened before the customer spoke: look at both times first.")
        return Check(name, False, early, Text("从客户开口起算的结果不可信。", "What is counted from the voice cannot be relied on."))
    return Check(
        name,
        None,
        say(
            "从客户说出来到开单，中位数 {t}；从客户开口起算的结果见阶梯。",
            "From the voice to the case takes {t} (median); the ladder shows the result counted from the voice.",
            t=long(median),
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
            "Of {n} closed {n:case|cases} that could be watched for {d} days, {k} {k:was|were} followed by another of the same customer on the same topic.",
            n=n,
            k=again,
            d=days,
        ),
    )


def routed(found: Routing) -> Check:
    """The ledger's owner beside the one that the rules name."""
    name = Text("责任部门与规则文件比", "Owners beside those of the rule file")
    beside = say(
        "另有 {a} 张不属于任何一类，{b} 张没有责任部门。",
        "{a} more {a:fits|fit} no class, and {b} {b:names|name} no owner.",
        a=found.unclassed,
        b=found.unowned,
    )
    one = found.agreement
    if one.kind == "refusal":
        return Check(name, None, Text(one.reason.zh + beside.zh, f"{one.reason.en} {beside.en}"))
    told = say(
        "按原话归类的工单里，{a:bare}（{a:interval}）的责任部门与规则一致；不一致的，可能是分错，也可能是读错。",
        "Of cases classed by their words, {a:bare} ({a:interval}) have the owner that the rules name; where not, either the routing or the reading "
        "is wrong.",
        a=one,
    )
    return Check(name, None, Text(told.zh + beside.zh, f"{told.en} {beside.en}"))


def graded(found: Routing) -> Check | None:
    """Cases that speak of safety and are not graded so."""
    if not found.safety:
        return None
    return Check(
        Text("说到行车安全的定了几级", "How cases that speak of safety are graded"),
        None,
        say(
            "{n} 张工单的原话说到行车安全，其中 {k} 张没有定为安全级：逐张核对。",
            "{n} {n:case speaks|cases speak} of road safety; {k} of them {k:is|are} not graded as such: look at each.",
            n=found.safety,
            k=found.ungraded,
        ),
    )
