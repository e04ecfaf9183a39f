"""Why rows were set aside, in words: the table, the column and the reason as a reader names them, not as files and code do."""

from __future__ import annotations

import re

from voclib.results import Text
from voclib.schema.tables import TABLES
from voclib.studies.pool import text as words

TABLE_NAMES = {
    "units": Text("门店", "Units"),
    "customers": Text("客户名单", "Customer list"),
    "touchpoints": Text("服务接触", "Service contacts"),
    "behaviours": Text("客户行为", "Behaviour"),
    "invitations": Text("调研邀请", "Invitations"),
    "responses": Text("客户声音", "Voices"),
    "conversations": Text("对话", "Conversations"),
    "turns": Text("对话的一轮", "Turns"),
    "followups": Text("随机回访", "Call-backs"),
    "employee_surveys": Text("员工作答", "Employee answers"),
    "employee_waves": Text("员工调研期次", "Employee waves"),
    "operations": Text("经营", "Operations"),
    "programmes": Text("员工计划", "Programmes"),
    "transactions": Text("账目", "Bookings"),
    "usage": Text("使用记录", "Usage"),
    "topic_mentions": Text("主题标记", "Topic mentions"),
    "gold_labels": Text("人工标注", "Manual labels"),
    "cases": Text("工单", "Cases"),
    "rosters": Text("排班", "Rosters"),
    "batches": Text("零件批次", "Batches"),
    "repairs": Text("维修", "Repairs"),
    "frontline_reports": Text("一线上报", "Frontline reports"),
    "projects": Text("改进项目", "Projects"),
    "recommendations": Text("改进建议", "Recommendations"),
    "concept_tests": Text("概念测试", "Concept tests"),
    "touchpoint_register": Text("触点登记", "Touchpoint register"),
}
UNREADABLE = "unreadable row"


def said(label: str) -> Text:
    """`table · column · problem` of the data standard as one line; what it does not know stays as it is."""
    if label == UNREADABLE:
        return words.problem(label)
    table, columns, problem = label.split(" · ", 2)
    where = table_name(table)
    what = Text("、".join(column(table, c).zh for c in columns.split(", ")), " and ".join(column(table, c).en.lower() for c in columns.split(", ")))
    reason = _reason(table, what, problem)
    return Text(f"{where.zh}：{reason.zh}", f"{where.en}: {reason.en}")


def _reason(table: str, what: Text, problem: str) -> Text:
    if problem == "duplicate key":
        return Text(f"{what.zh}重复", f"duplicate {what.en}")
    if found := re.fullmatch(r"not found in (.+?)\.(.+)", problem):
        other = table_name(found[1])
        return Text(f"{what.zh}不在“{other.zh}”里", f"{what.en} not found in “{other.en}”")
    if found := re.fullmatch(r"lies (before|after) (.+)", problem):
        other, earlier = column(table, found[2]), found[1] == "before"
        blank = " " if other.zh.isascii() else ""
        return Text(f"{what.zh}{'早' if earlier else '晚'}于{blank}{other.zh}", f"{what.en} {found[1]} {other.en.lower()}")
    worded = words.problem(problem)
    if problem.startswith("not a"):
        return Text(f"{what.zh}{worded.zh.replace('不是', '读不成')}", f"{what.en} cannot be read as {problem.removeprefix('not ')}")
    return Text(f"{what.zh}{'' if ord(worded.zh[0]) > 0x2E7F else ' '}{worded.zh}", f"{what.en} {worded.en}")


def table_name(table: str) -> Text:
    """A short name of a table; one that the standard does not know stays as it is."""
    return TABLE_NAMES.get(table, Text(table, table))


def column(table: str, name: str) -> Text:
    """What a column holds, in a few words: the pool's own name, else what the data standard calls it up to a comma, a bracket or a number."""
    if name in words.FIELDS:
        return words.FIELDS[name]
    known = TABLES[table].columns.get(name) if table in TABLES else None
    if known is None:
        return Text(name, name)
    zh, en = (re.split(r"[；;,，（(]| as | 0–", told)[0].strip() for told in (str(known.metadata["zh"]), str(known.description)))
    return Text(zh, en)
