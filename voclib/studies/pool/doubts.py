"""What the ingest page says about the doubts of an import (see voclib.sources.oddities.doubts)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voclib.results import Text
from voclib.sentences import say

_CUT = Text("编号残缺", "Truncated identifiers")
_DOUBTS = {
    "no_zero": (Text("没有 0 分", "No zeros"), "{n} 个回答没有一个 0 分，量表可能是 1–10", "not a single 0 among {n} answers: the scale may be 1–10"),
    "cut_identifiers": (_CUT, "{n} 格编号丢了末位，无法分辨是谁",
                        "{n} {n:identifier|identifiers} lost {n:its|their} last digits, so the customer cannot be identified"),
    "zeroed_identifiers": (_CUT, "{n} 格编号自第 16 位起全是 0，不同的编号多半已成同一个",
                           "{n} identifiers have only zeros from digit 16 on: different ones have probably merged into one"),
    "unpadded_customers": (Text("缺开头的 0", "Leading zeros lost"), "{n} 个客户编号与客户名单只差开头的 0",
                           "{n} customer {n:identifier differs|identifiers differ} from the list only by leading zeros"),
    "stray_dates": (Text("离群的日期", "Stray dates"), "{n} 行的日期（{days}）与其余相差太远，已隔离",
                    "{n} {n:row|rows} quarantined, dated far from the others: {days}"),
    "told_twice": (Text("门店信息矛盾", "Conflicting units"), "{n} 家门店有互相矛盾的几行，只留一行",
                   "{n} {n:unit has|units have} contradictory rows; one of each is kept"),
    "own_marks": (Text("标为测试或垃圾", "Marked as test or spam"), "{n} 行被问卷工具标为 {days}，目前按答卷计入",
                  "{n} {n:row is|rows are} marked {days} by the survey tool and {n:counts|count} as answers"),
    "mixed_scale": (Text("混了两种量表", "Two scales in one column"), "有一部分共 {n} 个回答全在 1–5，其余常超过 5，多半是按 1–5 分问的",
                    "one part, {n} answers, lies within 1–5 while the others often exceed 5: it was probably asked on a scale of 1–5"),
    "reversed_scale": (Text("分数方向相反", "Scale reversed"), "{n} 个回答里它与另一个分数此高彼低，多半有一列计分方向反了",
                       "runs against another score in {n} answers: one of the two probably counts the other way"),
    "solved_unanswered": (Text("先解决后响应", "Resolved before the reply"), "{n} 张工单先解决、后响应，时限不可信",
                          "{n} {n:case was|cases were} resolved before the first reply, so neither clock can be trusted"),
    "stamped_at_once": (Text("时间一次写入", "Times written in one run"), "{n} 个时间几乎落在同一刻，不是真实经过",
                        "{n} times lie almost together and do not tell when it happened"),
    "days_only": (Text("只有日期", "Dates without times"), "{n} 个时间没有钟点，小时级的时限至多准到一天",
                  "{n} times have no time of day: limits in hours are exact to a day at best"),
    "one_order_each": (Text("客户无一再来", "No customer returns"), "{n} 位客户几乎无一有第二笔订单，编号多半是订单的",
                       "practically none of {n} customers has a second order: the number is probably the order's"),
    "price_a_piece": (Text("疑为单价", "Perhaps a unit price"), "有 {n} 格数量不是 1，却没有乘上：金额可能算错",
                      "{n} quantities other than 1 were not multiplied in: amounts may be wrong"),
    "unfilled_field": (Text("没填的模板字段", "Unfilled template field"), "{n} 条原话留着没填的字段，不宜当作客户自己的话",
                       "{n} {n:verbatim holds|verbatims hold} an unfilled field and should not count as customers' own words")}


KNOWN = tuple(_DOUBTS)
"""Kinds of doubt that have a row."""


def row(doubt: Mapping[str, Any]) -> tuple[Text, str, Text]:
    """What is probably not what it seems, as a row like those of the traps."""
    title, zh, en = _DOUBTS[doubt["doubt"]]
    listed = doubt["days"] if isinstance(doubt.get("days"), (list, tuple)) else ()
    days = Text(*(comma.join(listed) for comma in ("、", ", ")))
    return title, " · ".join([str(doubt.get("file", "units")), *filter(None, [doubt.get("column")])]), say(zh, en, n=int(doubt["n"]), days=days)
