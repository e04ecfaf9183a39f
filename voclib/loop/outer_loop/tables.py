"""Cells and columns of the tables on projects that went live."""

from __future__ import annotations

from typing import Any

import pandas as pd

from voclib.loop.outer_loop import names as outer_names
from voclib.loop.outer_loop import text as words
from voclib.loop.outer_loop.effects import Effects
from voclib.results import Estimate, Text
from voclib.sentences import DASH, say

TRACKER_COLUMNS = {
    "project": Text("项目", "Project"),
    "department": Text("责任部门", "Department"),
    "chartered": Text("立项", "Approved"),
    "due": Text("期限", "Due"),
    "landed": Text("落地", "Live"),
    "state": Text("状态", "State"),
    "effect": Text("问题减少了吗", "Is it smaller?"),
}
DEPARTMENT_COLUMNS = {
    "department": Text("部门", "Department"),
    "n": Text("项目", "Projects"),
    "landed": Text("已落地", "Live"),
    "late": Text("过期未落地", "Overdue"),
    "judged": Text("能评", "Judged"),
    "told": Text("问题确实少了", "Clearly smaller"),
    "fall": Text("问题平均减少（区间）", "Mean fall (interval)"),
}
QUARTER_COLUMNS = {
    "quarter": Text("提出的季度", "Quarter proposed"),
    "proposed": Text("提出", "Proposed"),
    "adopted": Text("采纳", "Adopted"),
    "rejected": Text("否决", "Rejected"),
    "pending": Text("还没有决定", "Pending"),
}
TRUTH_COLUMNS = {
    "project": Text("项目", "Project"),
    "found": Text("本页：减少（区间）", "Found: fall (interval)"),
    "truth": Text("真值", "Truth"),
    "inside": Text("区间含真值", "In the interval"),
    "told": Text("本页说问题少了", "Called smaller"),
    "naive": Text("前后两个月", "Before–after"),
}
TRUTH = {
    "title": Text("每个能评的项目与埋下的真值", "Every judged project compared with the planted truth"),
    "columns": TRUTH_COLUMNS,
    "subtitle": Text("真值 0% 的项目什么也没改变；估计方法看不到真值", "At a truth of 0% the project changed nothing; no estimator sees the truth"),
}


def written(one: Estimate | None) -> Text:
    """A fall with its interval, or a dash where there is none."""
    if one is None or one.kind not in ("estimate", "bounds"):
        return DASH
    around = one if one.kind == "estimate" else one.with_(bound_low=one.conf_low, bound_high=one.conf_high)
    return say("{a:bare}（{b:interval}）", "{a:bare} ({b:interval})", a=one, b=around)


def tracker(found: pd.DataFrame, effects: Effects, names: outer_names.Names) -> pd.DataFrame:
    """One row a project, overdue ones first, then the latest charter."""
    known = effects.table.set_index("project_id") if len(effects.table) else pd.DataFrame()
    order = found.assign(first=found["state"].ne("open_late"), latest=-found["chartered_on"].astype("int64"))
    rows = [
        {
            "project": names.project(row["project_id"]),
            "department": names.department(row["owner_department"]),
            "chartered": words.days(row["chartered_on"]),
            "due": words.days(row["due_on"]),
            "landed": words.days(row["landed_on"]),
            "state": _state(row),
            "effect": _effect(known.loc[row["project_id"]]) if row["project_id"] in known.index else DASH,
        }
        for row in order.sort_values(["first", "latest", "project_id"]).to_dict("records")
    ]
    return pd.DataFrame(rows, columns=list(TRACKER_COLUMNS))


def _state(row: dict[str, Any]) -> Text:
    said = {"open": Text("进行中", "Open"), "landed": Text("按期落地", "Live on time")}
    said |= {
        name: say(zh, en, n=int(row["late"]))
        for name, zh, en in (
            ("open_late", "过期 {n} 天未落地", "Overdue by {n} {n:day|days}"),
            ("landed_late", "晚 {n} 天落地", "Went live {n} {n:day|days} late"),
        )
    }
    state = said[row["state"]]
    if row["state"] == "landed" and pd.isna(row["due_on"]):
        state = Text("已落地，没有期限", "Live, no due date")
    return Text(f"{state.zh}，缺复盘报告", f"{state.en}, no review") if row["missing"] else state


def _effect(row: pd.Series) -> Text:
    if row["state"]:
        waits = row["wait"] == row["wait"] and row["wait"] > 0
        return say("再等 {n} 周", "Wait {n} {n:week|weeks}", n=int(row["wait"])) if waits else Text("评不了", "Cannot be judged")
    if not row["told"]:
        apart = abs(row["log"]) > 1.96 * row["error"]
        return Text("落地前后分不清", "Not clear from before go-live") if apart else Text("分不清", "May be chance")
    return Text("是", "Yes") if row["log"] < 0 else Text("反而多了", "It grew")


def truth_row(found: Estimate, naive: Estimate | None, effect: float, told: bool | None) -> dict[str, Any]:
    """One project beside its truth."""
    real = found.with_(kind="count", value=-effect + 0.0, bound_low=None, bound_high=None, conf_low=None, conf_high=None, std_error=None,
                       p_value=None)
    holds = found.conf_low <= -effect <= found.conf_high
    return {
        "project": found.group or Text("平均", "Mean"),
        "found": written(found),
        "truth": say("{a:bare}", "{a:bare}", a=real),
        "inside": Text("是", "yes") if holds else Text("否", "no"),
        "told": DASH if told is None else Text("是", "yes") if told else Text("否", "no"),
        "naive": Text("—", "—") if naive is None else say("{a:bare}", "{a:bare}", a=naive),
    }


def stages(steps: dict[str, int]) -> list[dict[str, Any]]:
    """Rows of the funnel, what `show.Step` takes."""
    said = {
        "proposed": (Text("提出的建议", "Recommendations"), None),
        "decided": (Text("有了决定", "Decided"), Text("还没有决定", "Still pending")),
        "adopted": (Text("采纳", "Adopted"), Text("否决", "Rejected")),
        "chartered": (Text("立了项", "Became a project"), Text("采纳后没有立项", "Adopted, no project")),
        "landed": (Text("落地", "Went live"), Text("还没有落地", "Not live yet")),
        "evaluated": (Text("有复盘报告", "Reviewed"), Text("没有复盘报告", "No review")),
    }
    return [{"label": label, "count": steps[name]} | ({"left": left} if left else {}) for name, (label, left) in said.items()]
