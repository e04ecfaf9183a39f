"""Cells and columns of the tables on the frontline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.loop.frontline import text as words
from voclib.loop.frontline.heroes import Heroes
from voclib.loop.frontline.lead import Leads
from voclib.loop.frontline.lists import Lists
from voclib.loop.frontline.reports import BUG, KINDS, Reports
from voclib.loop.frontline.teams import Teams
from voclib.results import Estimate, Text
from voclib.sentences import DASH, say, with_interval

MONTH_COLUMNS = {
    "month": Text("月份", "Month"),
    **words.KIND,
    "repeats": Text("另有重复", "Plus repeats"),
    "confirmed": Text("已确认", "Confirmed"),
    "fixed": Text("已解决", "Fixed"),
    "told": Text("已告知", "Told"),
}
EVENT_COLUMNS = {
    "what": Text("哪一批", "Which batch"),
    "frontline": Text("一线从哪天起变多", "Frontline rose from"),
    "customers": Text("返修从哪天起变多", "Repairs rose from"),
    "lead": Text("早多少天（范围）", "Days earlier (range)"),
    "reports": Text("一线上报", "Reports"),
    "repairs": Text("上升中的返修", "Repairs in the rise"),
    "ratio": Text("返修是平常的几倍", "Repairs, × the usual"),
}
RATIO_COLUMN = {True: {"ratio": Text("返修是同类批次的几倍", "Repairs, × its siblings'")}, False: {"ratio": EVENT_COLUMNS["ratio"]}}
CARD_COLUMNS = {
    "month": Text("月份", "Month"),
    "who": Text("哪个区域的员工", "An employee in"),
    "what": Text("报了什么", "What they reported"),
    "reported": Text("上报", "Reported"),
    "confirmed": Text("确认", "Confirmed"),
    "waited": Text("比下一个人早", "Lead over the next"),
    "repeats": Text("之后又有几条", "Later repeats"),
    "recovered": Text("记下的挽回", "Recovered, as booked"),
}
MONEY_COLUMNS = {
    "kind": Text("类型", "Kind"),
    "n": Text("记了金额的上报", "Reports with an amount"),
    "money": Text("合计", "Total"),
}
REGION_COLUMNS = {
    "region": Text("区域", "Region"),
    "dealers": Text("门店", "Dealers"),
    "silent": Text("一条也没报", "With no report"),
    "reports": Text("上报", "Reports"),
    "hours": Text("出勤工时", "Hours worked"),
    "staff": Text("最近一次调研邀请的员工", "Staff asked, last survey"),
    "spoke": Text("报过的员工", "Employees who reported"),
}
TRUTH_COLUMNS = {
    "what": Text("什么", "What"),
    "found": Text("本页（区间）", "Found (interval)"),
    "truth": Text("真值", "Truth"),
    "inside": Text("区间含真值", "Interval covers it"),
    "naive": Text("校正前", "Uncorrected"),
}
TRUTH = {
    "title": Text("找到的与埋下的", "What was found and what was planted"),
    "columns": TRUTH_COLUMNS,
    "subtitle": Text("估计方法看不到真值；没有区间的一行是精确计数", "No estimator sees the truth; a row without an interval is an exact count"),
}


def written(one: Estimate | None) -> Text:
    """A number with its interval, or a dash where there is none."""
    if one is None or one.kind == "refusal":
        return DASH
    if one.kind == "estimate":
        return say("{a}（{a:interval}）", "{a} ({a:interval})", a=one)
    return say("{a}", "{a}", a=one)


def months(reports: Reports) -> pd.DataFrame:
    """Volume by month: first reports of each kind, repeats apart, and what became of all of the month's."""
    table = reports.table
    first = table[~table["is_repeat"]]
    made = pd.crosstab(first["month"], first["kind"]).reindex(columns=list(KINDS), fill_value=0)
    made["repeats"] = table[table["is_repeat"]].groupby("month").size()
    for name, column in (("confirmed", "confirmed_at"), ("fixed", "fixed_at"), ("told", "notified_at")):
        made[name] = table[table[column].notna()].groupby("month").size()
    whole = made.reindex(sorted(table["month"].unique())).fillna(0).astype(int)
    return whole.rename_axis("month").reset_index()[list(MONTH_COLUMNS)]


def events(leads: Leads, reports: Reports, lists: Lists) -> pd.DataFrame:
    """One row a batch that rose."""
    rows = []
    for one in leads.events:
        name = lists.names_of(one.product, one.part)
        label = say("{b} {n}", "{b} {n}", b=one.batch, n=name) if one.batch != one.product else name
        row: dict[str, Any] = {"what": label, "customers": _day(reports, one.customers.first), "reports": one.reports_n, "repairs": one.customers.n,
                               "ratio": float(one.times), "frontline": Text("没有跟着变多", "Did not rise"), "lead": DASH}
        if one.frontline is not None:
            at, low, high = one.lead
            row |= {"frontline": _day(reports, one.frontline.first), "lead": lead_cell(at, low, high)}
        rows.append(row)
    return pd.DataFrame(rows, columns=list(EVENT_COLUMNS))


def lead_cell(at: int, low: int, high: int) -> Text:
    """A lead in days with its range."""
    one = Estimate(estimand="lead_days", kind="estimate", unit="days", value=float(at), conf_low=float(low), conf_high=float(high))
    return with_interval(one)


def _day(reports: Reports, day: int) -> Text:
    on = f"{reports.date(day):%Y-%m-%d}"
    return Text(on, on)


def cards(heroes: Heroes, lists: Lists) -> pd.DataFrame:
    """One row a month; who is one employee of a region, never more."""
    rows = []
    for row in heroes.cards.to_dict("records"):
        what = lists.names_of(*row["subject"])
        if row["kind"] != BUG:  # a model and a part say by themselves that it is a bug
            kind = words.KIND.get(row["kind"], Text(row["kind"], row["kind"]))
            what = Text(f"{kind.zh}：{what.zh}", f"{kind.en}: {what.en}")
        rows.append({"month": row["month"], "who": lists.name(row["region"]) if row["region"] else DASH, "what": what, "reported": row["reported"],
                     "confirmed": row["confirmed"], "waited": _wait(row["waited"]), "repeats": row["repeats"], "recovered": row["recovered"]})
    return pd.DataFrame(rows, columns=list(CARD_COLUMNS))


def _wait(days: float) -> Text:
    """How long until the next report of the same: minutes, hours or days."""
    if pd.isna(days):
        return DASH
    for size, zh, en in ((1.0, "{n} 天", "{n} {n:day|days}"), (1 / 24, "{n} 小时", "{n} {n:hour|hours}")):
        if days >= size:
            return say(zh, en, n=round(days / size))
    return say("{n} 分钟", "{n} {n:minute|minutes}", n=max(round(days * 1440), 1))


def money(heroes: Heroes) -> pd.DataFrame:
    """Money booked by kind."""
    return heroes.by_kind.assign(kind=[words.KIND.get(kind, Text(kind, kind)) for kind in heroes.by_kind["kind"]])


def regions(teams: Teams, lists: Lists) -> pd.DataFrame:
    """One row a region; figures about too few people are missing."""
    if not len(teams.regions):
        return pd.DataFrame(columns=list(REGION_COLUMNS))
    made = teams.regions.assign(region=[lists.name(name) for name in teams.regions["region"]])
    return made.astype({"staff": "Int64", "spoke": "Int64"})[list(REGION_COLUMNS)].assign(hours=np.round(made["hours"]).astype("int64"))


def truth_row(what: Text, found: Estimate, truth: float, naive: Estimate | None = None) -> dict[str, Any]:
    """One planted number beside what the page found."""
    real = Estimate(estimand=found.estimand, kind="count", unit=found.unit, value=truth)
    ends = {"estimate": (found.conf_low, found.conf_high), "bounds": (found.bound_low, found.bound_high)}.get(found.kind)
    inside = (truth == found.value) if ends is None else ends[0] <= truth <= ends[1]
    return {"what": what, "found": written(found), "truth": say("{a}", "{a}", a=real), "inside": Text("是", "yes") if inside else Text("否", "no"),
            "naive": DASH if naive is None else say("{a}", "{a}", a=naive)}

