"""Titles, subtitles and labels of the figures on the clocks of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib.loop.clocks import Clock, Clocks
from voclib.loop.compliance import Compliance
from voclib.loop.inner_loop import text as words
from voclib.loop.inner_loop.departments import Departments
from voclib.loop.inner_loop.tables import CASE_COLUMNS, DEPARTMENT_COLUMNS, ROUTE_COLUMNS, TIER_NAMES
from voclib.loop.routing import Routing
from voclib.loop.unheard import Coverage
from voclib.results import Estimate, Ladder, Text
from voclib.sentences import say
from voclib.stats.gates import Gates

CHANNEL_NOTE = Text("没有工单，未必没有处理；但没有工单，就没有时钟。", "A voice without a case may have been handled, but no clock ran for it.")
RUNGS = {
    "closed": (Text("只数已{done}的工单", "{Done} cases alone"), Text("校正前：{open}的不算", "Uncorrected: {open} cases are excluded")),
    "cases": (Text("全部工单，{open}的也算", "All cases, {open} ones included"), Text("本报告采用", "This report's answer")),
    "voice": (Text("从客户开口起算", "Counted from the voice"), Text("加上开单之前等的时间", "Adds the wait before the case was opened")),
    "voices": (
        Text("全部不满的声音", "All unhappy voices"),
        Text("没有工单的：从全没{met}，到与有工单的一样", "Without a case: from none {met} to the same share as with one"),
    ),
}


def captions(
    *,
    given: Clocks,
    measured: Mapping[str, Compliance],
    ladder: Ladder,
    curve: pd.DataFrame,
    coverage: Coverage | None,
    by: Departments,
    months: pd.DataFrame,
    told: Sequence[str],
    missed: int,
    late: pd.DataFrame,
    alert: Clock,
    alerted: pd.DataFrame,
    routed: Routing | None,
    urgent: Estimate | None,
    conf_level: float,
) -> dict[str, dict[str, Any]]:
    """Title (the finding), subtitle (what is drawn) and more of every figure."""
    main = given.main
    made = {
        "ladder": _ladder(ladder, main, conf_level),
        "clocks": _clocks(given, measured, conf_level),
        "curve": _curve(curve, main, conf_level),
        "months": _months(months, main, conf_level),
        "matrix": _matrix(main, urgent, conf_level),
        **_departments(by, main, told, conf_level),
        **_lists(late, missed, main, alert, alerted),
    }
    if coverage is not None:
        made |= _coverage(coverage, main, conf_level)
    if routed is not None:
        made["routes"] = _routes(routed, by.gates)
    return made


def _ladder(ladder: Ladder, main: Clock, level: float) -> dict[str, Any]:
    first, chosen = ladder["closed"], ladder["cases"]
    if "refusal" in (first.kind, chosen.kind):
        title = Text("工单太少，阶梯走不完", "Too few cases to complete the ladder")
    else:
        title = say(
            "只数已{done}的是 {a:bare}，{open}的也算是 {b:bare}",
            "{a:bare} counting only {done} cases, {b:bare} with {open} ones included",
            a=first,
            b=chosen,
            **words.state(main),
        )
    return {
        "title": title,
        "labels": {rung.rung: tuple(say(t.zh, t.en, **words.state(main)) for t in RUNGS[rung.rung]) for rung in ladder.rungs},
        "subtitle": say(
            "“{name}”在 {h}内；点 = 估计值，横条 = {level:.0%} 区间",
            "“{name}” within {h}; dot = estimate, bar = {level:.0%} interval",
            name=main.title,
            h=words.limit(main),
            level=level,
        ),
    }


def _clocks(given: Clocks, measured: Mapping[str, Compliance], level: float) -> dict[str, Any]:
    labels = {one.id: say("{name}，{h}", "{name}, {h}", name=one.title, h=words.limit(one)) for one in given.clocks}
    told = {one.id: measured[one.id].every for one in given.clocks if measured[one.id].every.kind == "estimate"}
    if len(told) < 2:
        title = Text("每只时钟按时的占比", "Share in time on each clock")
    else:
        low, high = min(told, key=lambda k: told[k].value), max(told, key=lambda k: told[k].value)
        title = say(
            "最守时的一步做到 {a:bare}，最不守时的只有 {b:bare}",
            "The most punctual step achieves {a:bare}, the least punctual only {b:bare}",
            a=told[high],
            b=told[low],
        )
    return {
        "title": title,
        "labels": labels,
        "sort": "given",
        "subtitle": say(
            "按时的占比，还开着的也算；横条 = {level:.0%} 区间，灰圈 = 只数已走完的",
            "Share in time, open cases included; bar = {level:.0%} interval, grey ring = finished cases only",
            level=level,
        ),
    }


def _curve(curve: pd.DataFrame, main: Clock, level: float) -> dict[str, Any]:
    at = curve[curve["time"] == main.hours].set_index("group")["survival"] if len(curve) else curve
    if len(curve) == 0 or curve["group"].nunique() < 2:
        title = words.NO_CURVE
    elif len(at) == 2:
        title = say(
            "过了 {h}，还有 {a:.0%} 没有{met}；只数已{done}的会说 {b:.0%}",
            "After {h}, {a:.0%} are not {met}; {done} cases alone would suggest {b:.0%}",
            h=words.limit(main),
            a=at["every"],
            b=at["closed"],
            **words.state(main),
        )
    elif curve.loc[curve["group"] == "every", "survival"].iloc[-1] == 0:
        title = say("不到 {h}，全都{met}了", "All are {met} before {h}", h=words.limit(main), met=words.state(main)["met"])
    else:
        title = say("没有哪张工单看得满 {h}", "No case was followed for the full {h}", h=words.limit(main))
    return {
        "title": title,
        "subtitle": say("还没有走完的占比，按小时；色带 = {level:.0%} 区间", "Share not yet done, by hour; band = {level:.0%} interval", level=level),
        "description": title,
        "labels": {"every": Text("全部工单", "All cases"), "closed": say("只数已{done}的", "{Done} only", **words.state(main))},
        "every": "hours",
        "mark": (main.hours, say("时限 {h}", "Limit {h}", h=words.limit(main))),
        "time_title": Text("起算之后的小时数", "Hours since the clock started")
        if main.time == "clock"
        else Text("起算之后的工作小时数", "Working hours since the clock started"),
    }


def _months(months: pd.DataFrame, main: Clock, level: float) -> dict[str, Any]:
    known = months.dropna(subset="estimate").pivot(index="month", columns="way", values="estimate").reindex(columns=["opened", "closed"])
    both, mean = known.dropna(), known.mean()
    if known.empty:
        title = words.NO_MONTHS
    elif both.empty:
        way, value = next((k, v) for k, v in mean.items() if pd.notna(v))
        title = say("{way}数，平均 {a:.0%}", "{way}: {a:.0%} on average", way=_ways(main)[way], a=value)
    else:
        title = say(
            "{n} 个月平均：月报按{done}月份数是 {b:.0%}，按开单月份数是 {a:.0%}",
            "Mean of {n} {n:month|months}: {b:.0%} by month {done}, as monthly reports count, but {a:.0%} by month opened",
            n=len(both),
            a=both["opened"].mean(),
            b=both["closed"].mean(),
            **words.state(main),
        )
    told = both.mean() if len(both) else mean.dropna()  # the months of which the title speaks
    return {
        "title": title,
        "description": title,
        "labels": _ways(main),
        "ends": {way: say("平均 {x:.0%}", "mean {x:.0%}", x=value) for way, value in told.items()},
        "subtitle": say(
            "“{name}”在 {h}内的占比；色带 = {level:.0%} 区间，线尾是各月平均",
            "“{name}” within {h}; band = {level:.0%} interval, line ends show the mean of the months",
            name=main.title,
            h=words.limit(main),
            level=level,
        ),
    }


def _ways(main: Clock) -> dict[str, Text]:
    return {"opened": Text("按开单月份", "By month opened"), "closed": say("按{done}月份", "By month {done}", **words.state(main))}


def _matrix(main: Clock, urgent: Estimate | None, level: float) -> dict[str, Any]:
    if urgent is None or urgent.kind != "estimate":
        title = Text("急件太少，看不出是否更快", "Too few urgent cases to see whether they are handled faster")
    elif urgent.conf_low <= 0 <= urgent.conf_high:
        title = say(
            "看不出急件更快：按时的占比与其余相差 {a}（{a:interval}）",
            "No sign that urgent cases are faster: their share in time differs by {a} from the rest ({a:interval})",
            a=urgent,
        )
    else:
        title = say(
            "急件按时的占比比其余高 {a}（{a:interval}）" if urgent.value > 0 else "急件反而更慢：按时的占比与其余相差 {a}（{a:interval}）",
            "Urgent cases are in time more often, by {a} ({a:interval})"
            if urgent.value > 0
            else "Urgent cases are in time less often: {a} ({a:interval}) compared with the rest",
            a=urgent,
        )
    return {
        "title": title,
        "columns": {"severity": Text("等级", "Grade"), **TIER_NAMES},
        "subtitle": say(
            "“{name}”在 {h}内的占比，{level:.0%} 区间，工单数；急件 = 安全与高级",
            "“{name}” within {h}, {level:.0%} interval, number of cases; urgent = safety and high",
            name=main.title,
            h=words.limit(main),
            level=level,
        ),
    }


def _routes(routed: Routing, gates: Gates) -> dict[str, Any]:
    told = routed.table[routed.table["n"] >= 10]
    if len(told) and routed.agreement.kind == "estimate":
        worst = told.loc[(told["agree"] / told["n"]).idxmin()]
        title = say(
            "{name}：{n} 张工单里，归了{owner}的有 {k} 张",
            "{name}: of {n} cases, {k} went to {owner}",
            name=worst["name"],
            n=int(worst["n"]),
            k=int(worst["agree"]),
            owner=worst["owner"],
        )
    else:
        title = Text("每类工单归了谁", "Which department got the cases of each class")
    few = say("不足 {a} 张工单的类别只列名字。", " Classes with fewer than {a} cases show only their name.", a=gates.small_cell)
    return {
        "title": title,
        "columns": ROUTE_COLUMNS,
        "formats": {"n": "exact", "agree": "exact"},
        "subtitle": Text("按原话归类；台账里的责任部门与规则文件比", "Classified by their words; owner in the ledger against the rule file"),
        "note": say(
            "归类靠规则里的字词，会读错；不一致是核查的起点，不是差错率。{few}",
            "Classification relies on words in the rules and can be wrong; a mismatch is a place to look, not an error rate.{few}",
            few=few if routed.table["n"].lt(gates.small_cell).any() else Text("", ""),
        ),
    }


def _departments(by: Departments, main: Clock, told: Sequence[str], level: float) -> dict[str, dict[str, Any]]:
    within = {"name": main.title, "h": words.limit(main), "level": level}
    shared = say("“{name}”在 {h}内的占比，{level:.0%} 区间", "“{name}” within {h}, {level:.0%} interval", **within)
    return {
        "departments": {
            "title": _apart(by),
            "description": _apart(by),
            "subtitle": shared,
            "unit": "share",
            "words": {
                "shown": Text("画出 {drawn} 个，共 {all} 个", "{drawn} of {all} are shown"),
                "raw": Text("原始，各部门自己的区间", "As measured, with its own interval"),
            },
            "labels": dict(zip(by.table["key"], by.table["department"], strict=True)),
        },
        "table": {
            "title": _by_now(by, main),
            "subtitle": shared,
            **_hidden(by.table["n"], by.gates),
            "columns": {k: say(t.zh, t.en, **words.state(main)) for k, t in DEPARTMENT_COLUMNS.items()},
            "formats": {"n": "exact", "open": "exact", "overdue": "exact", "done": "share"},
        },
        "sheet": {
            "title": _sheet_title(told),
            "subtitle": shared,
            "columns": {"department": DEPARTMENT_COLUMNS["department"], **{one: Text(one, one) for one in told}},
            "note": Text(
                "按开单的时间；“—”是当期工单太少，不给数。", "By the date a case was opened; a dash marks a period with too few cases for a number."
            ),
        },
    }


def _by_now(by: Departments, main: Clock) -> Text:
    """How many cases are done and how many overdue; a share only of as many as one needs."""
    n, late = int(by.table["n"].sum()), int(by.table["overdue"].sum())
    told = {"k": late, "f": by.gates.min_n, **words.state(main)}
    overdue = ("{k} 张超时{open}", "{k} {k:case is|cases are} {open} past the limit")
    if n < by.gates.min_n:
        return say(f"工单不足 {{f}} 张，不给占比；{overdue[0]}", f"Fewer than {{f}} cases, so no share is given; {overdue[1]}", **told)
    return say(f"已{{done}} {{c:.0%}}；{overdue[0]}", f"{{c:.0%}} are {{done}} by now; {overdue[1]}",
               c=float((by.table["done"] * by.table["n"]).sum() / n), **told)


def _hidden(n: pd.Series, gates: Gates) -> dict[str, Text]:
    """What the table leaves out of departments with so few cases (D,); empty where all have enough."""
    if not n.lt(gates.min_n).any():
        return {}
    return {"note": say("不足 {a} 张工单的部门只列名字，不足 {b} 张的不给占比。",
                        "Departments with fewer than {a} cases show only their name, those with fewer than {b} no share.", a=gates.small_cell,
                        b=gates.min_n)}


def _apart(by: Departments) -> Text:
    apart = int(by.drawn["is_apart"].sum()) if len(by.drawn) else 0
    return (
        say("{n} 个部门里，{k} 个与平均分得开", "{k} of {n} departments can be separated from the mean", n=len(by.drawn), k=apart)
        if apart
        else say("{n} 个部门里，没有一个与平均分得开", "None of {n} departments can be separated from the mean", n=len(by.drawn))
    )


def _sheet_title(told: Sequence[str]) -> Text:
    if any("Q" in one for one in told):
        return say(
            "最近 {n} 个季度各部门的按时率；按月工单太少",
            f"{'The last {n} quarters' if len(told) > 1 else 'One quarter'} by department; single months have too few cases",
            n=len(told),
        )
    return say("最近 {n} 个月各部门的按时率", "The last {n} months by department" if len(told) > 1 else "One month by department", n=len(told))


def _lists(late: pd.DataFrame, missed: int, main: Clock, alert: Clock, alerted: pd.DataFrame) -> dict[str, dict[str, Any]]:
    told, passed = int(alerted["in_time"].notna().sum()), int(alerted["in_time"].eq(False).sum())
    return {
        "queue": {
            "title": say(
                "{n} 张工单超过时限{open}；先看这几张",
                "{n} {n:case is|cases are} {open} past the limit; start with {n:this one|these}",
                n=len(late),
                open=words.state(main)["open"],
            ),
            "subtitle": Text("先按等级，再按客户，再按等了多久", "Sorted by grade, then by customer, then by waiting time"),
            "columns": CASE_COLUMNS,
        },
        "missed": {
            "title": say(
                "“{name}”：{n} 张里有 {k} 张超过 {h}",
                "“{name}”: {k} of {n} {n:case|cases} took longer than {h}",
                name=alert.title,
                n=told,
                k=passed,
                h=words.limit(alert),
            ),
            "subtitle": say("最近 {n} 张超时的，新的在前", "The latest {n}, newest first", n=missed),
            "columns": {k: v for k, v in CASE_COLUMNS.items() if k != "tier"} | {"lasted": Text("用时", "Took")},
        },
    }


def _coverage(coverage: Coverage, main: Clock, level: float) -> dict[str, dict[str, Any]]:
    n, share = coverage.stages, coverage.share
    title = (
        Text("不满的声音太少", "Too few unhappy voices")
        if share.kind == "refusal"
        else say("{n} 条不满的声音，{a:bare} 开了工单", "{a:bare} of {n} unhappy {n:voice|voices} became a case", n=share.n, a=share)
    )
    each = [e for e in coverage.by_channel if e.kind == "estimate"]
    silent = [e for e in each if e.value == 0]
    return {
        "funnel": {
            "title": say(
                "从 {a} 条不满到 {b} 条按时{met}",
                "From {a} unhappy {a:voice|voices} to {b} {met} in time",
                a=n["voices"],
                b=n["in_time"],
                met=words.state(main)["met"],
            ),
            "subtitle": say(
                "时限 {h}，从客户开口起算；时限还没到的声音不算",
                "Limit {h}, counted from the voice; voices whose limit is still running are excluded",
                h=words.limit(main),
            ),
        },
        "channels": {
            "title": say("{k} 个渠道的不满，一条也没有开工单", "In {k} channels not one complaint became a case", k=len(silent))
            if len(silent) > 1
            else title,
            "subtitle": say(
                "不满的声音里开了工单的占比，按渠道；横条 = {level:.0%} 区间",
                "Share of unhappy voices that became a case, by channel; bar = {level:.0%} interval",
                level=level,
            ),
            "note": CHANNEL_NOTE,
        },
    }
