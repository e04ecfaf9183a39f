"""Whether what is said of the frontline holds: fixes nobody was told of, other ways to the ratio, chance among reports, the order of times."""

from __future__ import annotations

import math

import numpy as np

from voclib.loop.frontline.heroes import Heroes
from voclib.loop.frontline.lead import Leads, Settings
from voclib.loop.frontline.loopback import LoopBack
from voclib.loop.frontline.reports import Reports
from voclib.loop.frontline.teams import Teams
from voclib.results import Check, Estimate, Text
from voclib.sentences import joined, say

QUIET = 91  # days without a report after which an employee may have left
FEW_WRONG = 0.01  # share of reports with times out of order, or without a name, that is let pass


def checks(reports: Reports, loop: LoopBack, leads: Leads, heroes: Heroes, teams: Teams, given: Settings) -> tuple[Check, ...]:
    """Every check, those that can fail first."""
    made = [untold(loop), with_itself(loop), *_others(loop), turnover(reports, loop), in_order(reports), late(reports), *chance(leads, given),
            silence(teams), first(heroes), signed(reports)]
    return tuple(one for one in made if one is not None)


def untold(loop: LoopBack) -> Check | None:
    """Whether a fix that nobody was told of goes with any change."""
    name = Text("解决了却没告诉，就看不出变化", "A fix without feedback shows no change")
    if loop.ratio.kind == "refusal":
        return None
    if loop.placebo is None:
        return Check(name, None, Text("解决了还没告诉的那段时间里上报太少，看不出来。", "Too few reports between a fix and word of it to tell."))
    beside = loop.ladder["against_fixed"]
    return Check(
        name,
        loop.placebo.conf_low <= 1 <= loop.placebo.conf_high,
        say("自己报的解决了、却没听说的，之后的频率是之前的 {a}（{a:interval}）；与他们比，听说的是 {b}（{b:interval}）。",
            "Employees whose report was fixed but who were not told report {a} as often as before ({a:interval}); compared with them, those who "
            "heard report {b} as often ({b:interval}).", a=loop.placebo, b=beside),
        Text("不听说也变了：变化不能都算在回音上，以“与没听说的比”那一级为准。",
             "Reporting changed without feedback too, so hearing back cannot account for all of it: use the step that compares with those not told."),
    )


def with_itself(loop: LoopBack) -> Check | None:
    """Why comparing an employee with themselves is not the answer here."""
    if loop.ladder is None:
        return None
    within = next((one for one in loop.ladder.rungs if one.rung == "within"), None)
    if within is None:
        return None
    return Check(
        Text("为什么不用“同一员工自己比自己”", "Why not compare each employee with themselves"), None,
        say("那样算是 {a}（{a:interval}）：没报过就听不到回音，所以“之前”那段总有一条以上的上报，凑出了偏低的倍数。",
            "That gives {a} ({a:interval}): nobody hears back without having reported, so the time before always contains at least one report, "
            "which makes the ratio too low.", a=within))


def _others(loop: LoopBack) -> list[Check]:
    """The ratio made otherwise."""
    if loop.ratio.kind == "refusal":
        return []
    said = {
        "calendar": (Text("不扣全公司的涨落，结论不变", "Ignoring company-wide swings changes nothing"),
                     Text("全公司上报的涨落左右了结果：把两个数一起报。", "Company-wide swings decide the result: report both numbers.")),
        "busiest": (Text("不靠报得最多的那家店", "The busiest dealer does not carry the result"),
                    Text("一家店撑着整个结果：先弄清它做了什么。", "One dealer carries the result: first find out what it did.")),
    }
    made = []
    for key, (name, consequence) in said.items():
        value = loop.reruns.get(key, math.nan)
        if math.isfinite(value):
            moved = loop.ratio.with_(value=value, conf_low=min(value, loop.ratio.conf_low), conf_high=max(value, loop.ratio.conf_high))
            made.append(Check(name, loop.ratio.conf_low <= value <= loop.ratio.conf_high, say("那样是 {a}。",
                "The ratio is then {a}.", a=moved), consequence))
    return made


def turnover(reports: Reports, loop: LoopBack) -> Check | None:
    """Who joined or left is not recorded: everybody counts as present for as long as their dealer is open."""
    if loop.ratio.kind == "refusal":
        return None
    last = reports.table.dropna(subset=["staff_id", "unit_id"]).groupby("staff_id")["day"].max()
    return Check(
        Text("员工的入职与离职没有记录", "Joining and leaving are not recorded"), None,
        say("{n} 名报过的员工里，{k} 名最近 {d} 天没有再报，走没走看不出；门店开着的日子，人人都当作在岗。"
            "在埋好真值的试验里，三分之一的人中途入职或离职，倍数平均偏差不到一成；15 个月里九成的人中途入职、九成中途离职，倍数偏低约三分之一。",
            "Of {n} employees who reported, {k} have not done so in the last {d} days; whether they left is unknown, and everybody counts as present "
            "while their dealer is open. In planted trials, a third joining or leaving midway moved the ratio by less than a tenth on average; with "
            "nine in ten joining and nine in ten leaving midway within 15 months it was about a third too low.",
            n=len(last), k=int((last < reports.days - QUIET).sum()), d=QUIET))


def in_order(reports: Reports) -> Check:
    """Whether times follow each other as they must."""
    table = reports.table
    wrong = np.zeros(len(table), dtype=bool)
    for earlier, later in (("reported_at", "confirmed_at"), ("confirmed_at", "fixed_at"), ("fixed_at", "notified_at")):
        wrong |= (table[later] < table[earlier]).fillna(False).to_numpy(dtype=bool)
    wrong |= (table["notified_at"].notna() & table["fixed_at"].isna()).to_numpy(dtype=bool)
    n = int(wrong.sum())
    return Check(
        Text("上报、确认、解决、告知，先后不乱", "Reported, confirmed, fixed, told: times in order"),
        n <= FEW_WRONG * len(table),
        say("{k} 条里 {n} 条先后颠倒，或没解决就告知。",
            "Of {k} {k:report|reports}, {n} {n:is|are} out of order, or told before any fix.", k=len(table), n=n),
        Text("时间不可信：告知用时与倍数都要打折看。", "The times cannot be relied on: treat the hours until told and the ratio with caution."),
    )


def late(reports: Reports) -> Check | None:
    """How many reports carry a date long after all others, which was left out."""
    if not reports.mistyped:
        return None
    return Check(
        Text("远晚于其他的日期", "Dates long after all others"), None,
        say("{n} 条上报的确认、解决或告知日期比其余全部日期晚得多，多半是写错了；这些日期没有采用，观察期止于 {end}。请在来源处改正。",
            "{n} {n:report has|reports have} a date of confirmation, fix or feedback long after every other date, probably mistyped. These dates "
            "are not used, and the period observed ends on {end}. Correct them at the source.",
            n=reports.mistyped, end=f"{reports.end.tz_convert(reports.timezone):%Y-%m-%d}"),
    )


def chance(leads: Leads, given: Settings) -> list[Check]:
    """What shuffled reports would claim, and how many other models and parts rose in the same days."""
    if not leads.heard:
        return []
    worst = max(leads.heard, key=lambda one: one.shuffled)
    most = given.budget + 2 * math.sqrt(given.budget * (1 - given.budget) / max(given.shuffles, 1))
    others, n = sum(one.others for one in leads.apart), sum(one.others_n for one in leads.apart)
    return [
        Check(
            Text("打乱上报，不会也“早知道”", "Shuffled reports do not look earlier too"),
            worst.shuffled <= most,
            say("把故障上报写的车型与零件打乱 {s} 次，{x:.1%} 会被说成一线也上升了；按事先定的预算，应在 {b:.0%} 上下。",
                "With the models and parts of bug reports shuffled {s} times, {x:.1%} would be flagged as a frontline rise; the budget set in "
                "advance allows about {b:.0%}.", s=given.shuffles, x=worst.shuffled, b=given.budget),
            Text("碰巧也会“早知道”：不要说一线更早。", "Chance looks earlier as well: do not say that the frontline was earlier."),
        ),
        Check(
            Text("别的车型与零件，同一时期也上升了几个", "Other models and parts that rose at the same time"), None,
            say("看了 {n} 个别的车型与零件，{k} 个在客户上升前后 {d} 天内也上升；只靠碰巧，会有约 {e:.1f} 个。",
                "Of {n} other models and parts, {k} rose within {d} days of the rise among customers; chance alone would give about {e:.1f}.",
                n=n, k=others, d=given.near_days, e=n * given.budget / max(leads.asked_n, 1)),
        ),
    ]


def silence(teams: Teams) -> Check | None:
    """Whether more dealers are silent than chance leaves."""
    if not teams.silences:
        return None
    rows: dict[str, Estimate] = {one.group: one for one in teams.silent}
    ends = {f"{key}{i}": int(x) for key in ("lognormal", "gamma") for i, x in enumerate((rows[key].conf_low, rows[key].conf_high))}
    told = {"n": teams.silent_n, "m": len(teams.dealers), **ends}
    detail = say(
        "{m} 家门店里 {n} 家一条也没报。门店之间相差很大，"
        "只靠碰巧也会有 {lognormal0} 至 {lognormal1} 家（假设很少有店频率极低），或 {gamma0} 至 {gamma1} 家（假设不少店频率极低）。",
        "{n} of {m} dealers reported nothing. Dealers differ so much that chance alone would leave {lognormal0} to {lognormal1} silent (if few "
        "report very rarely) or {gamma0} to {gamma1} (if many do).", **told)
    end = {
        True: Text("两种算法都超出碰巧。", "Either way, this is more than chance."),
        False: Text("至少有一种算法没有超出碰巧，所以不能说他们不肯说。",
                    "At least one of the two stays within chance, so it cannot be said that they are unwilling to speak."),
    }[bool(teams.is_told)]
    return Check(Text("沉默的门店，是不是多过碰巧", "Silent dealers compared with chance"), None, joined(detail, end))


def first(heroes: Heroes) -> Check | None:
    """How far being first is settled."""
    if not heroes.confirmed:
        return None
    return Check(
        Text("“第一个报的”能不能坐实", "How firmly being first is established"),
        heroes.disordered == 0,
        say("{n} 条已确认的首报里，{a} 条之前 45 天没有人报过同一件事；{b} 条之前有人报过同一主题，只是没有标成重复。",
            "Of {n} confirmed first reports, {a} had no report on the same subject in the 45 days before; {b} had one but are not marked as repeats.",
            n=heroes.confirmed, a=heroes.proven, b=heroes.contested),
        say("{n} 条标成重复的，时间比它重复的那条还早：先改正再发卡。",
            "{n} reports marked as repeats are earlier than the report they repeat: correct that before issuing any card.", n=heroes.disordered),
    )


def signed(reports: Reports) -> Check:
    """How many reports name employee and dealer."""
    lacks = int(reports.table[["staff_id", "unit_id"]].isna().any(axis=1).sum())
    n = len(reports.table)
    return Check(
        Text("上报写明了员工与门店", "Reports name the employee and dealer"), lacks <= FEW_WRONG * n,
        say("{n} 条里 {k} 条缺其一，不计入倍数。", "{k} of {n} lack one of the two and are excluded from the ratio.", n=n, k=lacks),
        Text("匿名的上报看不到回音之后：倍数只说实名的人。",
             "What anonymous employees do after hearing back cannot be seen: the ratio covers only those who give their name."),
    )

