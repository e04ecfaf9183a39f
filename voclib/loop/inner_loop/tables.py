"""Cells and columns of the tables on the clocks of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib import privacy
from voclib.loop.clocks import Clock
from voclib.loop.inner_loop import text as words
from voclib.loop.inner_loop.alerts import SEVERITIES, TIERS
from voclib.loop.inner_loop.departments import Departments
from voclib.loop.routing import Routing
from voclib.loop.unheard import Coverage
from voclib.results import Estimate, Text
from voclib.sentences import DASH, say, with_interval
from voclib.stats.gates import Gates

GRADES = {"safety": Text("安全", "Safety"), "high": Text("高", "High"), "medium": Text("中", "Medium"), "low": Text("低", "Low")}
TIER_NAMES = {
    "vvip": Text("高价值客户", "High-value customers"),
    "regular": Text("普通客户", "Regular customers"),
    "unknown": Text("客户层级不详", "Tier unknown"),
}
CASE_COLUMNS = {
    "case_id": Text("工单", "Case"),
    "severity": Text("等级", "Grade"),
    "tier": Text("客户", "Customer"),
    "department": Text("责任部门", "Owner"),
    "opened": Text("开单日", "Opened"),
    "lasted": Text("已用时间", "Time so far"),
}
ROUTE_COLUMNS = {
    "name": Text("类别", "Class"),
    "owner": Text("规则里的责任部门", "Owner under the rules"),
    "n": Text("工单", "Cases"),
    "agree": Text("与台账一致", "Matches the ledger"),
    "elsewhere": Text("不一致的多半归", "Others mostly went to"),
}
DEPARTMENT_COLUMNS = {
    "department": Text("部门", "Department"),
    "n": Text("工单", "Cases"),
    "share": Text("按时{met}（区间）", "In time (interval)"),
    "median": Text("一半用时不超过", "Half done within"),
    "done": Text("已{done}", "{Done} by now"),
    "open": Text("{open}", "Still {open}"),
    "overdue": Text("其中超时", "Of which late"),
}
TRUTH_COLUMNS = {
    "clock": Text("时钟", "Clock"),
    "found": Text("本页（区间）", "This page (interval)"),
    "truth": Text("真值", "Truth"),
    "inside": Text("区间含真值", "Interval contains it"),
    "naive": Text("只数已关闭的", "Closed cases alone"),
}
TRUTH = {
    "title": Text("每只时钟与埋下的真值", "Each clock compared with the planted truth"),
    "columns": TRUTH_COLUMNS,
    "subtitle": Text("模拟时每张工单都走到底，估计方法看不到", "In the simulation every case runs to its end, which no estimator sees"),
}


def _name(names: Mapping[str, Text], key: Any) -> Text:
    return DASH if pd.isna(key) else names.get(str(key), Text(str(key), str(key)))


def cases(found: pd.DataFrame, clock: Clock, names: Mapping[str, Text], timezone: str) -> pd.DataFrame:
    """Cases one by one, by number, with how long they took on a clock; no customer is named."""
    lasted = "followed" if "followed" in found else "hours"
    rows = [
        {
            "case_id": row["case_id"],
            "severity": GRADES.get(row["severity"], DASH),
            "tier": TIER_NAMES.get(row.get("value_tier"), DASH),
            "department": _name(names, row["owner_department"]),
            "opened": row["opened_at"].tz_convert(timezone).strftime("%Y-%m-%d"),
            "lasted": words.long(float(row[lasted]), clock),
        }
        for row in found.to_dict("records")
    ]
    return pd.DataFrame(rows, columns=list(CASE_COLUMNS))


def sheet(found: pd.DataFrame, months: Sequence[str]) -> pd.DataFrame:
    """The monthly table with its shares written out."""
    return found.assign(**{one: [with_interval(e) for e in found[one]] for one in months})


def matrix(cells: Mapping[tuple[str, str], Estimate]) -> pd.DataFrame:
    """Severity by tier, each share with its interval and how many cases it is of; grades without a case are left out."""
    rows = []
    for grade in SEVERITIES:
        found = {tier: cells.get((grade, tier)) for tier in TIERS}
        if any(found.values()):
            rows.append({"severity": GRADES[grade]} | {tier: _counted(one) for tier, one in found.items()})
    return pd.DataFrame(rows, columns=["severity", *TIERS])


def _counted(one: Estimate | None) -> Text:
    if one is None:
        return DASH
    if one.kind != "estimate":
        return say("{n} 张，太少", "{n} {n:case|cases}, too few", n=one.n) if one.n else Text("太少", "Too few")
    return say("{a:bare}（{a:interval}），{n} 张", "{a:bare} ({a:interval}), {n} {n:case|cases}", a=one, n=one.n)


def routes(found: Routing | None, names: Mapping[str, Text], gates: Gates) -> pd.DataFrame:
    """One row a class, in words; of classes of a few cases the name alone."""
    if found is None:
        return pd.DataFrame(columns=list(ROUTE_COLUMNS))
    shown = privacy.suppress_small(found.table, minimum=gates.small_cell)
    elsewhere = [say("{d}（{n}）", "{d} ({n})", d=_name(names, row.elsewhere), n=row.most) if row.most and not hidden else DASH
                 for row, hidden in zip(found.table.itertuples(), shown["is_suppressed"], strict=True)]
    return shown.assign(elsewhere=elsewhere)[list(ROUTE_COLUMNS)]


def truth_row(clock: Clock, found: Estimate, closed: Estimate | None, planted: float) -> dict[str, Any]:
    """One clock beside its truth."""
    holds = found.conf_low <= planted <= found.conf_high
    real = found.with_(value=planted, conf_low=planted, conf_high=planted, std_error=None)
    return {
        "clock": clock.title,
        "found": with_interval(found),
        "truth": say("{a:bare}", "{a:bare}", a=real.with_(kind="count", conf_low=None, conf_high=None)),
        "inside": Text("是", "yes") if holds else Text("否", "no"),
        "naive": with_interval(closed),
    }


def stages(coverage: Coverage) -> list[dict[str, Any]]:
    """Rows of the funnel, what `show.Step` takes."""
    n, (still, done, _) = coverage.stages, words.STATES[coverage.stop]
    label = {"done": done, "Done": Text(done.zh, done.en.capitalize()), "open": still}
    return [
        {"label": Text("不满的声音", "Unhappy voices"), "count": n["voices"]},
        {"label": Text("开了工单", "Became a case"), "count": n["case"], "left": Text("没有工单", "No case")},
        {"label": say("已经{done}", "{Done} by now", **label), "count": n["done"], "left": say("{open}", "Still {open}", **label)},
        {
            "label": say("从开口起按时{done}", "{Done} in time, counted from the voice", **label),
            "count": n["in_time"],
            "left": say("{done}得太晚", "{Done} too late", **label),
        },
    ]


def department_rows(by: Departments) -> pd.DataFrame:
    """The table of departments with its shares and times written out; of those with a few cases the name alone, of fewer than enough no share."""
    shown, n = privacy.suppress_small(by.table, minimum=by.gates.small_cell), by.table["n"]
    return shown.assign(share=[with_interval(e) for e in by.table["in_time"]], done=shown["done"].mask((n < by.gates.min_n).to_numpy()),
                        median=[words.long(float(t), by.clock) for t in by.table["median_hours"].mask(n < by.gates.small_cell)])
