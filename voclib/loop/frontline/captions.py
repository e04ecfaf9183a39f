"""Titles, subtitles and labels of the figures on the frontline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voclib.loop.frontline import tables as laid
from voclib.loop.frontline import text as words
from voclib.loop.frontline.heroes import LOOK_BACK, Heroes
from voclib.loop.frontline.lead import AGAIN_DAYS, Leads
from voclib.loop.frontline.lists import Lists
from voclib.loop.frontline.loopback import LoopBack
from voclib.loop.frontline.reports import Reports
from voclib.loop.frontline.rivals import Rivals
from voclib.loop.frontline.teams import Teams
from voclib.results import Text
from voclib.sentences import say

RUNGS = {
    "before_after": (Text("听到回音的人，前后比", "Those who heard, before and after"),
                     Text("校正前：没报过就听不到，“之前”必有上报", "Uncorrected: nobody hears without having reported before")),
    "told_or_not": (Text("听到过的与没听到过的比", "Those who heard against those who did not"),
                    Text("越爱报的人越听得到", "Who reports much hears more")),
    "within": (Text("每人只与自己比", "Each against themselves"),
               Text("去掉人与人之别，却仍从必有的那条上报算起", "Takes away how people differ, but still begins with a report")),
    "own_rate": (Text("每人有自己的频率", "Everybody with a rate of their own"),
                 Text("本报告采用：按听到与否的人时，频率积分掉", "The answer: person-time before and after, the rate integrated out")),
    "against_fixed": (Text("与“解决了却没听说”的比", "Against a fix without news"),
                      Text("敏感性：两边都有一条解决了的上报", "Sensitivity: both sides had a report fixed")),
}
SIDES = {"frontline": Text("一线上报", "Frontline"), "customers": Text("客户返修", "Repairs")}
CURVE = {"every": Text("全部已解决的上报", "All fixed reports"), "closed": Text("只数告知了的", "Told ones alone")}
MIXINGS = {
    "alike": Text("假设各店一样爱报", "If all dealers spoke alike"),
    "lognormal": Text("各店不同，很少有店频率极低", "Dealers differ, few very seldom"),
    "gamma": Text("各店不同，不少店频率极低", "Dealers differ, many very seldom"),
}


def captions(reports: Reports, loop: LoopBack, leads: Leads, heroes: Heroes, teams: Teams, found: Rivals, lists: Lists, *,
             told_days: int, conf_level: float) -> dict[str, dict[str, Any]]:
    """Title (the finding), subtitle (what is drawn) and more of every figure."""
    made = {"months": _months(reports), "notices": _notices(loop, told_days, conf_level), **_leads(leads, lists, conf_level),
            **_heroes(heroes), **_teams(teams, lists, conf_level), **_rivals(found, lists, conf_level)}
    if loop.ladder is not None:
        made["ladder"] = _ladder(loop, conf_level)
    return made


def _ladder(loop: LoopBack, level: float) -> dict[str, Any]:
    chosen, first = loop.ladder["own_rate"], loop.ladder.rungs[0]
    title = say("直接比前后是 {a}，每人有自己的频率之后是 {b}",
                "Before and after alone shows {a}; with a rate of one's own it is {b}", a=first, b=chosen)
    return {
        "title": title, "labels": {one.rung: RUNGS[one.rung] for one in loop.ladder.rungs},
        "subtitle": say("听到“已解决”之后上报的频率是之前的几倍，{n} 名上报过的员工、{k} 名听到过；横条 = {level:.0%} 区间",
                        "How often employees report after hearing of a fix, in times the rate before; {n} who reported, {k} of whom heard; bar = "
                        "{level:.0%} interval", n=loop.people_n, k=loop.heard_n, level=level)}


def _months(reports: Reports) -> dict[str, Any]:
    repeats, n = int(reports.table["is_repeat"].sum()), len(reports.table)
    return {
        "title": say("{n} 条上报，其中 {k} 条是重复的，另外数",
                     "{n} reports, {k} of which repeat an earlier one and are counted apart", n=n, k=repeats),
        "columns": laid.MONTH_COLUMNS,
        "subtitle": Text("按上报的月份；三类只数首报，后三列含重复",
                         "By the month of the report; the three kinds count first reports, the last columns all"),
        "note": Text("最近两个月的已确认、已解决会少：还没走完，不是变差了。",
                     "The last two months have fewer confirmed and fixed: they are not through yet, not worse.")}


def _notices(loop: LoopBack, days: int, level: float) -> dict[str, Any]:
    told = loop.told.every
    if told.kind == "refusal":
        title = Text("解决之后多久告诉上报的人", "How long after a fix its reporter is told")
    else:
        title = say("{d} 天内有 {a:bare} 告诉了上报的人；告诉了的，一半在 {h:.0f} 小时内",
                    "Within {d} days {a:bare} are told; of those told, half are within {h:.0f} hours",
                    d=days, a=told, h=loop.median_hours)
    return {
        "title": title, "description": title, "labels": CURVE, "every": "hours", "mark": (24.0 * days, say("{d} 天", "{d} days", d=days)),
        "time_title": Text("解决之后的小时数", "Hours since the fix"),
        "subtitle": say("还没有告诉的占比；还没告诉的算到数据结束为止；色带 = {level:.0%} 区间",
                        "Share not told yet, each followed to the end of the data; ribbon = {level:.0%} interval", level=level)}


def _leads(leads: Leads, lists: Lists, level: float) -> dict[str, dict[str, Any]]:
    heard, by = leads.apart, leads.by_vehicles
    if not heard:
        title = words.NO_EVENT
    else:
        one = heard[0]
        at, low, high = (str(x).replace("-", "−") for x in one.lead)
        title = say("{name}：一线最像早 {d} 天，范围 {a} 至 {b} 天", "{name}: the frontline was most likely {d} days earlier, range {a} to {b}",
                    name=lists.names_of(one.product, one.part), d=at, a=low, b=high)
    return {
        "course": {"title": title, "description": title, "labels": SIDES,
                   "subtitle": say("各占自己那边全部事件的比例，是照在路车辆算的平常的几倍，每四周；色带 = {level:.0%} 区间" if by else
                                   "各占自己那边全部事件的比例，折成自己全期平均的几倍，每四周；色带 = {level:.0%} 区间",
                                   "Share of all events on its side, in times what its vehicles on the road usually make, every four weeks; ribbon = "
                                   "{level:.0%} interval" if by else
                                   "Share of all events on its side, in times its own mean, every four weeks; ribbon = {level:.0%} "
                                   "interval", level=level)},
        "events": {
            "title": say("看了 {n} 个批次，{k} 个的返修变多，其中 {m} 个一线也变多",
                         "{n} batches watched, {k} with more repairs; the frontline rose for {m}",
                         n=leads.batches_n, k=len(leads.events), m=len(leads.heard)),
            "columns": laid.EVENT_COLUMNS | laid.RATIO_COLUMN[by], "formats": {"ratio": "ratio"}, "subtitle": _against(leads)}}


def _against(leads: Leads) -> Text:
    """What a batch is held against, and which batches could not be watched."""
    if leads.by_vehicles:
        return say("按装车数、上路时间与车龄，与同一零件的其他批次比；同一辆车 {d} 天内再来只算一次；"
                   "一线看同一车型、同一零件；日期是最像的那一天",
                   "By vehicles fitted, time on the road and age, against others of its part; a vehicle back within {d} days counts once; the "
                   "frontline by model and part; days are the likeliest", d=AGAIN_DAYS)
    first = Text("没有批次表，只能看各批次在同一零件的返修里占多少，在一开头就有返修的批次之间比",
                 "Without a table of batches only shares of a part's repairs can be compared, among batches repaired from the beginning")
    if not leads.unwatched:
        return first
    more = say("；另有 {n} 个批次后来才有返修：是坏得多了还是装得多了，分不清，没有看",
               "; {n} {n:was|were} first repaired later and {n:is|are} left out: more failures or more vehicles cannot be told apart",
               n=leads.unwatched)
    return Text(first.zh + more.zh, first.en + more.en)


def _heroes(heroes: Heroes) -> dict[str, dict[str, Any]]:
    n = heroes.booked_n
    return {
        "cards": {
            "title": say("{a} 条已确认的首报里，{b} 条坐实是第一个报的",
                         "Of {a} confirmed first reports, {b} were first beyond doubt", a=heroes.confirmed,
                         b=heroes.proven),
            "columns": laid.CARD_COLUMNS, "formats": {"recovered": "cny", "reported": "exact", "confirmed": "exact"},
            "subtitle": say("每月一张，一名员工：坐实的首报里之后重复最多的；此前 {d} 天没人报过同一件事",
                            "One a month: of the firsts beyond doubt that with most repeats; nobody on it in the {d} days before. One employee each",
                            d=LOOK_BACK)},
        "money": {
            "title": say("{n} 条上报记着挽回金额，合计 {a:bare}", "{n} reports carry money recovered, {a:bare} in all",
                         n=n, a=heroes.recovered) if n else words.NO_MONEY,
            "columns": laid.MONEY_COLUMNS, "formats": {"money": "cny"},
            "subtitle": Text("记账的人写多少是多少，没有对照；不与其他金额相加", "As booked, compared with nothing; never added to other amounts")}}


def _teams(teams: Teams, lists: Lists, level: float) -> dict[str, dict[str, Any]]:
    names = {str(one.group): lists.name(one.group) for one in teams.rates}
    title = _rates_title(teams)
    told = {one.group: one for one in teams.silent if one.kind == "estimate"}
    silent = say("{n} 家门店一条也没报；只靠碰巧也可能有 {a} 至 {b} 家", "{n} dealers reported nothing; chance alone may leave {a} to {b}",
                 n=teams.silent_n, a=int(told["gamma"].conf_low), b=int(told["gamma"].conf_high)) if told else words.NO_SILENT
    return {
        "rates": {"title": title, "labels": names,
                  "subtitle": say("每千工时的上报数，按区域；横条 = {level:.0%} 区间，按门店聚类", "Reports per 1,000 hours worked, by region; bar = "
                                  "{level:.0%} interval, clustered by dealer", level=level)},
        "silent": {"title": silent, "labels": MIXINGS, "sort": "given",
                   "subtitle": say("全部 {m} 家里，只靠碰巧会沉默几家；横条 = {level:.0%} 范围",
                                   "Of all {m}, how many chance leaves silent; bar = {level:.0%} "
                                   "range", m=len(teams.dealers), level=level),
                   "note": Text("频率极低的店有多少，有上报的店几乎说明不了，所以两种都要看；不点名。",
                                "How many dealers speak very seldom hardly shows among those that speak, so both must be read; none is named.")},
        "regions": {"title": say("{n} 个区域，{k} 家门店一条也没报",
                                 "{n} regions, {k} dealers without any report", n=len(teams.regions), k=teams.silent_n),
                    "columns": laid.REGION_COLUMNS,
                    "subtitle": Text("排班覆盖的那些周；不足 5 人的不显示", "In the weeks that rosters cover; fewer than five people are not shown")}}


def _rates_title(teams: Teams) -> Text:
    if teams.overall.kind != "estimate":
        return words.NO_ROSTERS
    known = [one for one in teams.rates if one.kind == "estimate"]
    apart = sum(not one.conf_low <= teams.overall.value <= one.conf_high for one in known)
    first = say("每千工时上报 {a:bare} 条（{a:interval}）", "{a:bare} reports per 1,000 hours ({a:interval})", a=teams.overall)
    if not known:
        return first
    more = say("；区间不含这个数的区域有 {k} 个", "; {k} {k:region lies|regions lie} beside it", k=apart) if apart else Text(
        "；各区域的区间都含这个数", "; the interval of every region holds it")
    return Text(first.zh + more.zh, first.en + more.en)


def _rivals(found: Rivals, lists: Lists, level: float) -> dict[str, dict[str, Any]]:
    names: Mapping[str, Text] = {one.group: lists.name(one.group) for one in found.shares}
    known = [one for one in found.shares if one.kind == "estimate"]
    if known:
        top, *rest = sorted(known, key=lambda one: (-one.value, one.group))
        told = {"name": lists.name(top.group), "a": top, "b": lists.name(rest[0].group) if rest else ""}
        if rest and top.conf_low <= rest[0].value:
            shares = say("提到最多的是{name}，{a:bare}（{a:interval}），与{b}分不清先后",
                         "Named most is {name}, {a:bare} ({a:interval}), not to be told from {b}", **told)
        else:
            shares = say("提到最多的是{name}，{a:bare}（{a:interval}）", "Named most is {name}, {a:bare} ({a:interval})", **told)
    else:
        shares = Text("各竞品被提到的占比", "How often rivals are named")
    gaps = [one for one in found.undercut if one.kind == "estimate"]
    if gaps:
        most = max(gaps, key=lambda one: (one.value, one.group))
        gap = say("报价低得最多的是{name}：比我们同一车型低 {a:bare}（{a:interval}）",
                  "The lowest quotes are {name}'s: {a:bare} below our list price of the same "
                  "model ({a:interval})", name=lists.name(most.group), a=most)
    else:
        gap = Text("报价与我们的价目相差多少", "Quotes against our list prices")
    first = found.topics.iloc[0] if len(found.topics) else None
    topics = words.objections(len(found.topics), int(first["n"]) if first is not None else 0, found.reports_n,
                              lists.name(first["topic"]) if first is not None else Text("", ""))
    return {
        "rivals": {"title": shares, "labels": names,
                   "subtitle": say("{n} 条竞品情报里点名的占比，重复的不算；横条 = {level:.0%} 区间",
                                   "Share of {n} reports on rivals, repeats left out; bar = "
                                   "{level:.0%} interval", n=found.reports_n, level=level)},
        "undercut": {"title": gap, "labels": names,
                     "subtitle": say("{n} 条报价比价目低多少；横条 = {level:.0%} 区间，灰圈 = 不分车型直接比均价",
                                     "How far {n} quotes lie below the list price; bar "
                                     "= {level:.0%} interval, grey ring = mean prices whatever the model", n=found.priced_n, level=level)},
        "topics": {"text": topics},
        "win_loss": {"title": Text("胜败：没有记录，不给数字", "Won and lost: not recorded, so no number"), "labels": {"": Text("比价之后的胜败",
            "Won or lost")}}}
