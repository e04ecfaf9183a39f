"""What the page on the clocks of cases says, in both languages."""

from __future__ import annotations

import math

import pandas as pd

from voclib.loop.clocks import Clock
from voclib.loop.compliance import Compliance
from voclib.loop.inner_loop.departments import Departments
from voclib.loop.routing import SAFETY
from voclib.loop.unheard import Coverage
from voclib.results import Estimate, Text
from voclib.sentences import joined, say

QUESTION = Text("客户的不满，有没有按时接住、按时解决？", "Are complaints answered and settled in time?")
CAVEAT = Text(
    "“解决”是台账里记的，不是客户说的；没有开工单的不满，任何按时率都看不见。",
    "“Settled” is what the ledger records, not what the customer says, and no on-time rate can see a complaint that never became a case.",
)
LIMITS = (
    (
        Text("不是说按时关闭的客户就满意了。", "It does not say that a customer whose case was closed in time is satisfied."),
        Text(
            "关闭时间由处理人填写。客户是否认可，要看他后来怎么打分、还来不来，见关于分数与金额的报告。",
            "Whoever handles a case enters its closing time. Whether the customer agrees shows in later scores and visits: see the reports on these.",
        ),
    ),
    (
        Text("不是说没有工单的不满就没人管。", "It does not say that a complaint without a case was ignored."),
        Text(
            "有些当场就解决了，只是没有记录；所以那一级只给范围。",
            "Some are settled on the spot and leave no record, so that step gives only a range.",
        ),
    ),
    (
        Text("不是说慢的部门做得差。", "It does not say that a slower department does worse work."),
        Text(
            "难办的事本来就慢，这里没有按难度校正；只说哪里慢、慢得是不是超出碰巧。",
            "Hard cases take longer, and nothing here adjusts for that; the page shows only where it is slow, and whether by more than chance.",
        ),
    ),
    (
        Text("看不出工单在部门之间转了几手。", "It does not show how often a case changed hands."),
        Text(
            "工单只记最后的责任部门，没有转派记录；红色预警也只记响应客户的时间，不记通知了谁。",
            "A case records its last owner but no hand-overs; for a red alert, the answer to the customer is recorded, not who was notified.",
        ),
    ),
)
STATES = {
    "resolved_at": (Text("还开着", "open"), Text("关闭", "closed"), Text("解决", "settled")),
    "responded_at": (Text("还没有响应", "unanswered"), Text("响应", "answered"), Text("响应", "answered")),
    "assigned_at": (Text("还没有分派", "unassigned"), Text("分派", "assigned"), Text("分派", "assigned")),
}
NO_CURVE = Text("工单太少，画不出曲线。", "Too few cases for a curve.")
NO_VOICES = Text(
    "工单没有写明出自哪条声音，或这段时间几乎没有不满的声音，因此看不出多少不满没有开工单。",
    "Cases do not name a voice, or hardly any voice in the period was unhappy, so nothing shows how many complaints never became a case.",
)
NO_DEPARTMENTS = Text(
    "可比的部门不足五个，不画部门图；各部门见下表。", "Fewer than five departments can be compared, so there is no chart; the table below lists each."
)
NO_ROUTES = Text(
    "工单没有描述，或没有规则文件，因此看不出该归谁。", "Cases have no description, or there is no rule file, so nothing says who should own them."
)
NONE_OVERDUE = Text("没有超过时限还开着的工单。", "No open case is past its limit.")
NONE_MISSED = Text("这只时钟没有超时的工单。", "No case on this clock is late.")
NO_MONTHS = Text("没有哪个月的工单够多，画不出走势。", "No month has enough cases to show a trend.")


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
    return say("闭环时钟 · {n} 张工单", "Closed-loop clocks · {n} {n:case|cases}", n=n)


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
    if closed.kind == "estimate" and closed.value > every.value and _written(closed) != _written(every):
        told.append(say("只数已{done}的，会看到 {b:bare}。", "{Done} cases alone would show {b:bare}.", b=closed, **state(clock)))
    if coverage is not None and coverage.share.kind == "estimate":
        told.append(
            say(
                "{n} 条不满的声音里，开了工单的只有 {a:bare}。" if coverage.share.value < 0.5 else "{n} 条不满的声音里，{a:bare} 开了工单。",
                "{a:bare} of {n} unhappy voices became a case.",
                n=coverage.share.n,
                a=coverage.share,
            )
        )
    return joined(*told)


def _written(one: Estimate) -> str:
    return say("{a:bare}", "{a:bare}", a=one).en


def _mostly_missed(clock: Clock, found: Estimate) -> Text:
    """A clock that is missed more often than met, beside which the main one looks fine."""
    return say("“{name}”这只时钟多半走不到头：{h}内做到的只有 {a:bare}（{a:interval}），先查明它卡在哪里。",
               "Most cases miss the clock “{name}”: only {a:bare} ({a:interval}) make it within {h}; find out where it gets stuck.",
               name=clock.title, h=limit(clock), a=found)


def _overdue(late: pd.DataFrame, clock: Clock) -> list[Text]:
    """Open cases past the limit, those of safety alone where there are any; nothing where none is late."""
    unsafe = late[late["severity"].eq(SAFETY)]
    first = unsafe if len(unsafe) else late
    if first.empty:
        return []
    told = {"n": len(first), "t": long(float(first["followed"].max()), clock), "open": state(clock)["open"]}
    if len(unsafe):
        return [say("今天就处理 {n} 张超时{open}的安全工单，最久的等了 {t}。",
                    "Deal today with the {n} safety {n:case|cases} {open} past the limit; the oldest has waited {t}.", **told)]
    return [say("先处理 {n} 张超时{open}的工单，最久的等了 {t}。",
                "First deal with the {n} {n:case|cases} {open} past the limit; the oldest has waited {t}.", **told)]


def decision(late: pd.DataFrame, by: Departments, coverage: Coverage | None, clock: Clock, *, missed: tuple[Clock, Estimate] | None) -> Text:
    """What to do next: late open cases of safety first, then another clock that is mostly `missed`, a slow department, voices without a case."""
    told = _overdue(late, clock)
    if missed is not None:
        told.append(_mostly_missed(*missed))
    slow = by.drawn[by.drawn["is_apart"] & (by.drawn["value"] < by.drawn["mean_low"])] if len(by.drawn) else by.drawn
    if len(slow):
        names = dict(zip(by.table["key"], by.table["department"], strict=True))
        told.append(say("再看{name}：慢得超出碰巧。", "Then look at {name}: it is slower by more than chance.", name=names[slow["key"].iloc[-1]]))
    elif by.shrunken is not None and not by.drawn["is_apart"].any() and by.shrunken.p_value >= 1 - by.shrunken.conf_level:
        told.append(
            Text(
                "看不出各部门之差超过碰巧：先改共同的流程，不急着追某一个部门。",
                "Nothing shows that departments differ by more than chance: start with the shared process, not with one department.",
            )
        )
    if coverage is not None and coverage.share.kind == "estimate" and coverage.share.value < 0.5:
        told.append(Text("让不满自动开单：没有工单的，谁的时钟都不走。", "Let complaints open a case automatically: without one, no clock runs."))
    return (
        joined(*told)
        if told
        else say("没有超时{open}的工单；每月看一次。", "No case is {open} past the limit; look again in a month.", **state(clock))
    )
