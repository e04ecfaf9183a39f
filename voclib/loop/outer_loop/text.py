"""What the page on live projects says, in both languages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from voclib.loop.outer_loop.effects import FINE, NO_HISTORY, NO_SUBJECT, NOT_TOLD, TOO_SHORT, Effects, Settings
from voclib.loop.outer_loop.names import Names
from voclib.results import Check, Estimate, Text, refusal
from voclib.sentences import joined, say

QUESTION = Text("改进项目落地之后，问题真的少了吗？", "After a project goes live, is the problem really smaller?")
CAVEAT = Text(
    "没有随机对照：落地前后还有别的事同时发生，就会算在项目头上；只有全部主题共同的涨落已经扣除。",
    "Projects were not chosen at random: anything else that happened around go-live is credited to them; only what moved all is removed.",
)
LIMITS = (
    (
        Text("不是说“看不出”的项目没有用。", "A project without a visible fall is not necessarily useless."),
        Text(
            "也可能是落地不久，或事件太少；区间有多宽，就有多不知道。",
            "It may have gone live recently, or have too few events; the width of the interval says how much is unknown.",
        ),
    ),
    (
        Text("不是说问题少了就赚回了成本。", "A smaller problem does not mean that the project has paid for itself."),
        Text(
            "能算金额的只有少修的保修件，而且只算看维修的项目；客户留下来值多少、其余项目值多少，这里都不知道。",
            "Money is counted only for warranty repairs avoided, and only where a project is judged by repairs; what retained customers and all "
            "other projects are worth is not known here.",
        ),
    ),
    (
        Text("不是说下一个项目也会少这么多。", "The next project will not necessarily do the same."),
        Text(
            "主结果只说这几个能评的项目；阶梯的最后一级才是对“同类项目”的估计，区间宽得多。",
            "The answer covers only the projects judged here; the last step of the ladder estimates projects like these, and is far wider.",
        ),
    ),
    (
        Text("不是说问题只在记录里才存在。", "A problem does not exist only where it is recorded."),
        Text(
            "少了上报也可能是大家不再上报；频率按同一张表的全部事件来算，只能挡住一部分。",
            "Fewer reports may mean that people stopped reporting; measuring against all events in the same table guards against only part of that.",
        ),
    ),
)
NO_LADDER = Text("还没有能评的项目，走不了阶梯。", "No project can be judged yet, so there is no ladder.")
NO_LANDED = Text("还没有项目落地。", "No project has gone live yet.")
NO_DRAWN = Text(
    "能评的项目不足五个，或只有范围，不向均值收拢。", "Fewer than five projects can be judged, or only as ranges, so none is shrunk towards the mean."
)
NO_COURSE = Text("没有能评的项目，画不出走势。", "No project can be judged, so no trend is drawn.")
NO_PLACEBO = Text("事件太少，做不了反向检验。", "Too few events for a reverse test.")
NO_FUNNEL = Text("没有建议的台账，看不出多少建议变成了项目。", "There is no record of recommendations, so how many became projects cannot be seen.")
NO_ADOPTION = Text("建议太少，或都还没有决定，画不出曲线。", "Too few recommendations, or none decided yet, to draw a curve.")


def kicker(n: int) -> Text:
    """What stands over the question."""
    return say("改进闭环 · {n} 个项目", "The outer loop · {n} {n:project|projects}", n=n)


def refused(row: Mapping[str, Any], given: Settings) -> Estimate:
    """Why a live project is not judged, and what it takes."""
    k, weeks = int(row["usual_events"]) if row["usual_events"] == row["usual_events"] else 0, round(float(row["weeks"] or 0), 1)
    if row["state"] == TOO_SHORT:
        reason = say(
            "落地 {w} 周，按平常只该有 {e} 起。",
            "Live for {w} weeks; about {e} events would be usual in that time.",
            w=f"{weeks:g}",
            e=round(row["expected"]),
        )
        needs = say("再等 {n} 周", "{n} more {n:week|weeks}", n=int(row["wait"]))
    elif row["state"] == NO_HISTORY:
        reason = say(
            "立项前 {d} 天以前只有 {k} 起，不知道平常有多少。",
            "Only {k} {k:event|events} on record before the {d}-day run-up to approval, so the usual rate is unknown.",
            d=given.run_up_days,
            k=k,
        )
        needs = say("更早的记录，至少 {n} 起", "Earlier records, with at least {n} events", n=given.least_events)
    elif row["state"] == NO_SUBJECT:
        reason = Text("没有哪张表记着它的主题。", "No table records its subject.")
        needs = Text("在项目表填上主题，或衡量它的零件", "Its topic, or the part it is measured by, entered in the projects table")
    else:
        reason = Text("与同一主题的其他项目分不开。", "It cannot be separated from another project on the same subject.")
        needs = Text("与其他项目错开的时间", "A period that does not overlap with the other project")
    return refusal("problem_fall", unit="share", group=str(row["project_id"]), reason=reason, needs=needs)


def nothing_judged(effects: Effects, given: Settings) -> Estimate:
    """The answer where no live project can be judged."""
    n, waits = len(effects.table), effects.table["wait"].dropna() if len(effects.table) else pd.Series(dtype=float)
    if not n:
        return refusal(
            "problem_fall",
            unit="share",
            reason=NO_LANDED,
            needs=Text("等第一个项目落地，并在项目表填上落地日。", "Wait for the first project to go live, and enter the date in the table."),
        )
    reason = say(
        "{n} 个落地的项目一个都评不了：不是落地太近，就是不知道平常有多少。",
        "None of the {n} live {n:project|projects} can be judged: they went live too recently or have no usual rate to compare with.",
        n=n,
    )
    needs = (
        say("再等 {w} 周就有第一个能评。", "The first can be judged in {w} {w:week|weeks}.", w=int(waits.min()))
        if len(waits)
        else say(
            "立项前 {d} 天以前的记录，每个主题至少 {k} 起。",
            "Records from before the {d}-day run-up to approval, with at least {k} events per subject.",
            d=given.run_up_days,
            k=given.least_events,
        )
    )
    return refusal("problem_fall", unit="share", reason=reason, needs=needs)


def answer(main: Estimate, naive: Estimate | None, told: int, n: int) -> Text:
    """The mean fall, what two months would show, and in how many projects the problem is clearly smaller."""
    first = _first(main, n)
    beside = (
        say("，不是前后两个月对比的 {b:bare}。", ", not the {b:bare} suggested by comparing the month before with the month after.", b=naive)
        if naive is not None and naive.value > (main.value if main.kind == "estimate" else main.bound_high)
        else Text("。", ".")
    )
    last = (
        say(
            "其中 {k} 个的问题确实少了，其余 {m} 个还分不清是不是碰巧。",
            "In {k} of the {n} the problem is clearly smaller; in the other {m} the change may be chance.",
            k=told,
            n=n,
            m=n - told,
        )
        if n - told
        else say("{n} 个都不是碰巧。", "In all {n} the problem is clearly smaller.", n=n)
    )
    return Text(first.zh + beside.zh + last.zh, f"{first.en}{beside.en} {last.en}")


def _range(main: Estimate, n: int) -> Text:
    """The answer as a range, and how far sampling carries its ends."""
    wide = main.with_(bound_low=main.conf_low, bound_high=main.conf_high)
    told = {"n": n, "a": main, "b": wide, "level": main.conf_level}
    if main.conf_low > 0:
        return say(
            "少了：能评的 {n} 个项目，落地后问题平均减少 {a:bare}，只能给范围（{level:.0%} 区间 {b:bare}）",
            "Yes: after go-live, the problem is {a:bare} smaller on average in the {n} {n:project|projects} that can be judged, given only as a "
            "range ({level:.0%} interval {b:bare})",
            **told,
        )
    return say(
        "看不出：能评的 {n} 个项目，落地后问题平均变化 {a:bare}（减少为正，{level:.0%} 区间 {b:bare}），只能给范围",
        "That cannot be established: after go-live, the problem fell by {a:bare} on average in the {n} {n:project|projects} that can be "
        "judged, a fall being positive, given only as a range ({level:.0%} interval {b:bare})",
        **told,
    )


def _first(main: Estimate, n: int) -> Text:
    if main.kind == "bounds":
        return _range(main, n)
    if main.conf_low > 0:
        return say(
            "少了：能评的 {n} 个项目，落地后问题平均减少 {a:bare}（{level:.0%} 区间 {a:interval}）",
            "Yes: after go-live, the problem is {a:bare} smaller on average in the {n} {n:project|projects} that can be judged ({level:.0%} interval "
            "{a:interval})",
            n=n,
            a=main,
            level=main.conf_level,
        )
    if main.conf_high < 0:
        return say(
            "没有少，反而多了：能评的 {n} 个项目，落地后问题平均变化 {a:bare}（减少为正，{level:.0%} 区间 {a:interval}）",
            "No, it has grown: after go-live, the problem changed by {a:bare} on average in the {n} {n:project|projects} that can be judged, a fall "
            "being positive ({level:.0%} interval {a:interval})",
            n=n,
            a=main,
            level=main.conf_level,
        )
    return say(
        "看不出：能评的 {n} 个项目，落地后问题平均变化 {a:bare}（减少为正，{level:.0%} 区间 {a:interval}）",
        "That cannot be established: after go-live, the problem fell by {a:bare} on average in the {n} {n:project|projects} that can be judged, a "
        "fall being positive ({level:.0%} interval {a:interval})",
        n=n,
        a=main,
        level=main.conf_level,
    )


def decision(effects: Effects, tracker: pd.DataFrame, names: Names) -> Text:
    """What to do next: projects that show nothing after a fair time, then overdue ones, then missing effect reports."""
    judged, told = effects.judged, []
    idle = judged[~judged["told"] | (judged["log"] > 0)].sort_values("after_events", ascending=False)
    if len(idle):
        first = names.project(str(idle["project_id"].iloc[0]))
        told.append(
            say(
                "不要为 {n} 个分不清的项目报喜；先复查{name}。" if len(idle) > 1 else "不要为{name}报喜，先复查。",
                "Do not claim success for the {n} that may be chance; review {name} first."
                if len(idle) > 1
                else "Do not claim success for {name} yet; review it first.",
                n=len(idle),
                name=first,
            )
        )
    if late := int(tracker["state"].eq("open_late").sum()):
        told.append(say("催 {n} 个过期还没落地的。", "Chase the {n} overdue {n:project|projects} that {n:has|have} not gone live.", n=late))
    if missing := int(tracker["missing"].sum()):
        told.append(say("补上 {n} 份复盘报告。", "Complete the {n} missing {n:review|reviews}.", n=missing))
    told.append(Text("以后按平常的水平定基线，不用立项前那一阵。", "In future, set baselines at the usual rate, not from the run-up to approval."))
    return joined(*told)


def before_landing(found: Estimate | None, ring: Estimate | None, answer: Estimate | None, share: float) -> Check:
    """Whether anything shows between charter and go-live, when nothing was done yet."""
    name = Text("落地之前看不出变化", "Nothing shows before go-live")
    if found is None:
        return Check(name, None, NO_PLACEBO)
    holds = found.conf_low <= 0 <= found.conf_high
    small = answer is None or answer.conf_low <= 0 or abs(found.value) <= share * abs(answer.value)
    detail = say(
        "把落地日挪到立项日，同样的算法得到 {a:bare}（{a:interval}）。",
        "With go-live moved to the approval date, the same method finds {a:bare} ({a:interval}).",
        a=found,
    )
    if ring is not None:
        more = say("前后两个月对比却会报 {b:bare}。", "Comparing the month before with the month after would claim {b:bare}.", b=ring)
        detail = joined(detail, more)
    return Check(
        name,
        holds and small,
        detail,
        Text(
            "落地前就变了，落地后的变化不能都算项目的。",
            "What changed before go-live is not the projects' doing: do not credit them with all of the change.",
        ),
    )


def idle_ones(found: Estimate | None, ring: Estimate | None, n: int) -> Check:
    """What two months say of subjects for which nothing was done."""
    name = Text("什么都没做、只因为高才挑出来的主题", "Subjects picked only because they were high, with nothing done")
    if found is None or ring is None:
        return Check(name, None, Text("这样的月份太少，看不出来。", "Too few such months to tell."))
    more = found.value < 0
    usual = found.with_(value=-found.value, conf_low=-found.conf_high, conf_high=-found.conf_low) if more else found
    told = say(
        "{n} 个主题各挑最高的一个月：前后两个月对比说“减少 {b:bare}”（{b:interval}）；",
        "For the highest month of each of {n} subjects, a month before and after suggest a fall of {b:bare} ({b:interval}); ",
        n=n,
        b=ring,
    )
    beside = say(
        "与平常比其实多了 {a:bare}（{a:interval}）。" if more else "与平常比只少了 {a:bare}（{a:interval}）。",
        "against the usual rate it grew by {a:bare} ({a:interval})." if more else "against the usual rate it is only {a:bare} ({a:interval}).",
        a=usual,
    )
    return Check(name, None, Text(told.zh + beside.zh, told.en + beside.en))


def other_run_ups(found: Mapping[int, float], answer: Estimate, given: Settings) -> Check:
    """Whether the length of the run-up decides."""
    listed = {d: answer.with_(value=v, conf_low=min(v, answer.conf_low), conf_high=max(v, answer.conf_high)) for d, v in found.items()}
    told = [say("{d} 天得 {a:bare}", "{d} days give {a:bare}", d=d, a=one) for d, one in listed.items()]
    return Check(
        Text("立项前去掉多少天，不改结论", "The length of run-up excluded does not decide"),
        all(answer.conf_low <= v <= answer.conf_high for v in found.values()) if found else None,
        Text(
            f"去掉 {given.run_up_days} 天是事先定的；" + "，".join(t.zh for t in told) + "。",
            f"{given.run_up_days} days were chosen beforehand; " + ", ".join(t.en for t in told) + ".",
        ),
        Text("结果取决于基线从哪天起算：把几个数一起报。", "The answer depends on where the baseline ends: report these numbers together."),
    )


def without_one(subject: str, value: float, answer: Estimate) -> Check:
    """Whether the comparison hangs on a single other subject."""
    name = Text("不靠某一个对照主题", "The comparison does not rest on one other subject")
    if not subject:
        return Check(name, None, Text("没有别的主题可以去掉。", "There is no other subject to leave out."))
    moved = answer.with_(value=value, conf_low=min(value, answer.conf_low), conf_high=max(value, answer.conf_high))
    return Check(
        name,
        answer.conf_low <= value <= answer.conf_high,
        say("逐个去掉对照的主题，变动最大的一次得到 {a:bare}。", "Leaving other subjects out one by one, the largest shift gives {a:bare}.", a=moved),
        Text("共同的涨落靠一个主题撑着：先查它出了什么事。", "The common movement rests on one subject: find out what happened to it."),
    )


def yardsticks(n: int, least: int) -> Check:
    """Whether enough subjects have no project, so that none of them decides what is common."""
    return Check(
        Text("没有项目的主题够多，可作对照", "Enough subjects without a project to compare with"),
        n >= least,
        say(
            "{n} 个主题从没有过项目，至少 {k} 个才不怕其中一个自己出事。",
            "{n} {n:subject has|subjects have} never had a project; {k} are needed so that trouble in one does not tilt the rest.",
            n=n,
            k=least,
        ),
        Text(
            "没有项目、能作对照的主题太少：其中一个自己出事（例如某批零件坏了），扣除共同的涨落就会扣错；所以只给扣与不扣之间的范围。",
            "Too few subjects without a project are left to compare with: trouble in one of them, such as a bad batch of parts, would be mistaken "
            "for a common movement. So the answer is only the range with and without that movement.",
        ),
    )


def moved_alone(shifts: tuple[tuple[str, pd.Timestamp], ...]) -> Check | None:
    """Subjects without a project that left the common movement on their own."""
    if not shifts:
        return None
    return Check(
        Text("自己变了的对照主题", "Comparison subjects that changed on their own"),
        None,
        say(
            "{n} 处没有项目的主题自己抬升或下降，此后不再用作对照。",
            "{n} {n:time|times} a subject without a project rose or fell on its own; from then on it is not used for comparison.",
            n=len(shifts),
        ),
    )


def moved_apart(windows: tuple[tuple[pd.Timestamp, pd.Timestamp], ...]) -> Check | None:
    """Times in which several subjects left the common movement at once; None where there is none."""
    if not windows:
        return None
    days = [(f"{first:%Y-%m-%d}", f"{after - pd.Timedelta(days=1):%Y-%m-%d}") for first, after in sorted(windows)]
    return Check(
        Text("几个主题同时偏离", "Several subjects moved apart at once"),
        False,
        say(
            "{days}，好几个主题一起偏离了共同的走势，像是只涉及一部分主题的活动；这段时间不拿来比较。",
            "Several subjects left the common movement together ({days}), as in a campaign that concerns only some of them; these days are not used "
            "for comparison.",
            days=Text("、".join(f"{a} 至 {b}" for a, b in days), ", ".join(f"{a} to {b}" for a, b in days)),
        ),
        Text(
            "查一查这段时间有什么活动；更小的活动看不出来，而它会让单个项目的区间偏窄。",
            "Find out what happened then. Smaller campaigns go unnoticed, and they leave the intervals of single projects a little too narrow.",
        ),
    )


def shaken(shake: Mapping[str, float]) -> Check | None:
    """How much rates vary beyond chance."""
    known = [v for v in shake.values() if v == v]
    if not known:
        return None
    if max(known) < 0.005:
        return Check(
            Text("频率本来就会晃动", "Rates fluctuate on their own"),
            None,
            Text(
                "除碰巧之外看不出主题的频率自己在晃动；有的话，区间会算进去。",
                "No fluctuation in rates beyond chance is visible; if there were any, the intervals would allow for it.",
            ),
        )
    return Check(
        Text("频率本来就会晃动", "Rates fluctuate on their own"),
        None,
        say(
            "除碰巧之外，一个主题的频率每季度自己晃动约 {s:.0%}；区间已经算进去。",
            "Beyond chance, a subject's rate fluctuates by about {s:.0%} from quarter to quarter; the intervals allow for it.",
            s=max(known),
        ),
    )


def not_judged(effects: Effects) -> Check | None:
    """How many live projects are not judged, by reason."""
    state = effects.table["state"] if len(effects.table) else pd.Series(dtype=str)
    n = {name: int(state.eq(name).sum()) for name in (FINE, NO_HISTORY, TOO_SHORT, NO_SUBJECT, NOT_TOLD)}
    if not len(state):
        return None
    return Check(
        Text("落地了却评不了的项目", "Live projects that cannot be judged"),
        None,
        say(
            "{n} 个落地的项目里，{a} 个没有足够的平常记录，{b} 个落地太近，{c} 个找不到主题。",
            "Of {n} live projects, {a} have too little history, {b} went live too recently and {c} have no subject on record.",
            n=len(state),
            a=n[NO_HISTORY],
            b=n[TOO_SHORT],
            c=n[NO_SUBJECT] + n[NOT_TOLD],
        ),
    )


def days(when: Any) -> str:
    """A date, or a dash."""
    return "—" if pd.isna(when) or (isinstance(when, float) and math.isnan(when)) else f"{when:%Y-%m-%d}"
