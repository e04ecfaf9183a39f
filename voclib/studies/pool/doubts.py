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
                   "{n} {n:unit has|units have} contradictory rows; one of each is kept")}


def row(doubt: Mapping[str, Any]) -> tuple[Text, str, Text]:
    """What is probably not what it seems, as a row like those of the traps."""
    title, zh, en = _DOUBTS[doubt["doubt"]]
    days = Text(*(comma.join(doubt.get("days", ())) for comma in ("、", ", ")))
    return title, " · ".join([str(doubt.get("file", "units")), *filter(None, [doubt.get("column")])]), say(zh, en, n=int(doubt["n"]), days=days)
