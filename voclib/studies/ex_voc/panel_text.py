"""Names of the two sides of an employee–customer panel, and where its rows went, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from voclib.results import Check, Text
from voclib.sentences import say

EXPOSURE = Text("员工体验", "employee experience")
METRICS = {"nps_score": Text("NPS", "NPS"), "csat_score": Text("满意度", "satisfaction"), "ces_score": Text("轻松度", "ease"),
           "rating_score": Text("评分", "the rating")}
SMALL = Text("小样本格子已屏蔽", "Small cells are suppressed")
STORE, UNIT, PERIOD = Text("门店", "store"), Text("单位", "unit"), Text("期", "period")


def months(step: int) -> Text:
    """How long a period is, as it stands after a number."""
    named = {1: Text("个月", "month"), 3: Text("季度", "quarter"), 12: Text("年", "year")}
    return named.get(step, say("{n} 个月", "{n} months", n=step))


def suppressed(cells: int, answers: int, floor: int, unit: Text) -> Check:
    """How many small cells were removed, before any mean was formed."""
    detail = (say("{n} 个格子（{u}×期）少于 {k} 位员工作答，共 {a} 份，先删去再算均值。",
                  "{n} {n:cell|cells} ({u} × period) with answers from fewer than {k} employees, {a} {a:answer|answers} in all, removed "
                  "before averaging.",
                  n=cells, k=floor, a=answers, u=unit) if cells else
              say("没有少于 {k} 位员工作答的格子。", "No cell rests on fewer than {k} employees.", k=floor))
    return Check(SMALL, True, detail)


def uncounted() -> Check:
    """Means of an unknown number of employees."""
    return Check(SMALL, None, Text("没有给出每个均值背后有几位员工，小样本格子无从屏蔽。",
                                   "The number of employees behind each mean is not given, so small cells cannot be suppressed."),
                 Text("对外之前先核对人数。", "Check the head counts before sharing these means outside."))


def closed(late: int, total: int) -> Check:
    """Whether surveys close before the customers come in."""
    detail = say("{n} 份员工答卷里有 {late} 份晚于本期结束。",
                 "Of {n} employee answers, {late} came in after their period had ended.", n=total, late=late)
    return Check(Text("员工调研先于客户到店", "The survey closes before the customers come in"), True, detail)


def by_contact(rows: Mapping[str, int], tolerance: float) -> Check:
    """Whether customers count by the time of their contact; an answer comes later, perhaps in another period."""
    name = Text("客户按接触时间归期", "Customers are dated by the time of their contact")
    if not rows["used"]:
        return Check(name, None, Text("没有可以归期的打分。", "There is no score to date."))
    linked = say("其中 {invitation} 条的接触时间由邀请得来。", " For {invitation} of them, the contact time comes from the invitation.",
                 **rows) if rows["invitation"] else Text("", "")
    if not rows["answer"]:
        return Check(name, True, say("用上的 {used} 条都按到店时间归期，不按答题时间。{l}",
                                     "All {used} scores used are dated by when customers were served, not when they answered.{l}", l=linked, **rows))
    detail = say("用上的 {used} 条里，{answer} 条没有接触时间，只能按提交时间归期。{l}",
                 "Of the {used} scores used, {answer} have no contact time and are dated by when they were submitted.{l}", l=linked, **rows)
    return Check(name, rows["answer"] <= tolerance * rows["used"], detail,
                 Text("答得晚，就可能算进下一期，先后因此模糊；证据等级最高为 1。",
                      "A late answer may be counted one period too late, which blurs what came first; evidence is capped at level 1."))


def unheard(rows: Mapping[str, int]) -> tuple[Text, Text] | None:
    """Why no score stands in any period of the survey, and what is needed; None where some do."""
    if rows["used"]:
        return None
    if not rows["scored"]:
        return Text("没有一条声音带这个分数。", "No voice has this score."), Text("打了分的客户声音。", "Voices with the score.")
    if not rows["stores"]:
        return (say("打了分的 {scored} 条声音都没有写明门店。", "None of the {scored} voices with the score names a store.", **rows),
                Text("每条声音的门店。", "The store of each voice."))
    if rows["unplaced"] == rows["scored"]:
        return (say("打了分又有门店的 {stores} 条声音都没有时间：没有接触时间，邀请对不上接触，也没有提交时间。",
                    "None of the {stores} voices with the score and a store has a time: no contact time, no invitation linked to a contact, no "
                    "submission time.", **rows),
                Text("每条声音的接触时间，至少要有提交时间。", "A contact time for each voice, or at least a submission time."))
    return (say("有时间的 {outside} 条打分都不在员工调研的各期之内。",
                "All {outside} scores with a time lie outside the periods of the employee survey.",
                **rows),
            Text("同一段时间的员工调研与客户声音。", "An employee survey and customer voices from the same period."))


def unasked(*, waves: int, sizes: Sequence[int], managers: int, floor: int) -> tuple[Text, Text] | None:
    """Why the employee survey shows no change of any store, and what is needed; None where it may. `sizes` are the answer sheets of each cell."""
    if not sizes:
        return (say("{n} 份员工答卷全部来自管理者，而管理者不计入自己门店的均值。",
                    "All {n:,} employee sheets are from managers, who do not count in the mean of their own store.", n=managers),
                Text("其他员工的答卷。", "Answers from the other employees."))
    if waves < 2:
        return (Text("员工调研只有一期，看不出变化。", "There is only one wave of the employee survey, so no change can be seen."),
                Text("至少两期员工调研，最好 6 期以上。", "At least two waves of the employee survey, preferably 6 or more."))
    if max(sizes) < floor:
        return (say("没有一个门店在任何一期有 {k} 位员工作答，最多的只有 {m} 位；少于 {k} 位的均值不算也不展示。",
                    "No store has answers from {k} employees in any wave; the most is {m}. Means of fewer than {k} are neither computed nor shown.",
                    k=floor, m=max(sizes)),
                Text("每家门店每期更多员工作答，或把相邻各期、相近门店合并。",
                     "More employees answering in each store and wave, or adjacent waves or similar stores merged."))
    return None


def counted(rows: Mapping[str, int]) -> Check:
    """Where the scored voices went."""
    detail = say("打了分的声音 {scored} 条：没有门店或时间 {unplaced} 条，不在调研期内 {outside} 条，用上 {used} 条。",
                 "{scored} voices have the score: {unplaced} have no store or time, {outside} fall outside the survey's periods, {used} are "
                 "used.", **rows)
    whole = rows["scored"] == rows["unplaced"] + rows["outside"] + rows["used"]
    return Check(Text("每条打分都有去向", "Every score is accounted for"), whole, detail)


def facts(frame: pd.DataFrame, unit: Text, sheets: int | None, managers: int | None, step: int | None) -> dict[Text, float]:
    """The panel in a few numbers."""
    both = frame[frame["ex"].notna() & frame["outcome"].notna()]
    made: dict[Text, float] = {Text(unit.zh, f"{unit.en[:1].upper()}{unit.en[1:]}s"): int(frame["unit_id"].nunique()),
                               Text("期", "Periods"): int(frame["period"].nunique()),
                               Text("两边都有数的格子", "Cells with both sides"): len(both)}
    if step is not None:
        made[Text("每期月数", "Months per period")] = step
    if sheets is not None:
        made[Text("员工答卷", "Employee sheets")] = sheets
    if managers:
        made[Text("未计入的管理者答卷", "Managers' sheets excluded")] = managers
    for column, name in (("ex_n", Text("每格员工答卷（中位数）", "Employee sheets per cell (median)")),
                         ("outcome_n", Text("每格客户打分（中位数）", "Customer scores per cell (median)"))):
        if column in both and both[column].notna().any():
            made[name] = int(both[column].median())
    return made
