"""What is said of several pain points together, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib.errors import VocError
from voclib.results import Estimate, Text
from voclib.sentences import say
from voclib.stats.attribution import Removal
from voclib.studies.nps_revenue import text as money
from voclib.studies.nps_revenue.cohort import Cohort
from voclib.studies.survivorship.customer_topics_text import named

TOGETHER = Text("全部痛点合计", "All pain points together")
COLUMNS = {
    "name": Text("痛点", "Pain point"),
    "n": Text("遇到的客户", "Customers"),
    "share": Text("应分担的损失", "Share of the loss"),
    "interval": Text("区间", "Interval"),
    "alone": Text("单独去掉它", "Removed alone"),
    "slide": Text("主题影响力（校正前）", "Theme score, uncorrected"),
}


def not_shared(error: VocError) -> tuple[Text, Text]:
    """Why nothing is shared out."""
    return (
        Text("痛点太少、太偏，或与别的列重复，无法分摊。", f"The loss cannot be divided up: {error}"),
        Text("每个痛点至少要有几位遇到、几位没有遇到的客户。", "For every pain point, some customers who met it and some who did not."),
    )


def name_of(cohort: Cohort, pain: str) -> Text:
    """What a pain point is called."""
    return money.what(cohort) if pain == "exposure" else named(pain)


def forest(cohort: Cohort, total: Estimate, shares: Sequence[Estimate]) -> pd.DataFrame:
    """Rows of the chart, largest share first and the total last: key, name, value, low, high, kind."""
    ordered = sorted(shares, key=lambda e: (-e.value, e.group))
    rows = [(e.group, name_of(cohort, e.group), e.value, e.conf_low, e.conf_high, "part") for e in ordered]
    rows.append(("together", TOGETHER, total.value, total.conf_low, total.conf_high, "joint"))
    return pd.DataFrame(rows, columns=["key", "name", "value", "low", "high", "kind"])


def table(cohort: Cohort, shares: Sequence[Estimate], alone: Sequence[Estimate], found: Removal) -> pd.DataFrame:
    """Every pain point with its share, its stand-alone loss and what a vendor would print."""
    rows = []
    for share, single, naive, n in zip(shares, alone, found.leave_out, found.exposed, strict=True):
        ends = say("{x:interval}", "{x:interval}", x=share)
        slide = naive.estimate("pains_loss", unit=cohort.unit)
        rows.append(
            (
                share.value,
                name_of(cohort, share.group),
                int(n),
                _bare(share),
                ends,
                _bare(single),
                say("{x:bare} / 人", "{x:bare} per customer", x=slide),
            )
        )
    made = pd.DataFrame(rows, columns=["size", *COLUMNS]).sort_values("size", ascending=False, ignore_index=True)
    return made.drop(columns="size")


def _bare(estimate: Estimate) -> Text:
    return say("{x:bare}", "{x:bare}", x=estimate)


def captions(cohort: Cohort, total: Estimate, shares: Sequence[Estimate]) -> Mapping[str, Any]:
    """Titles of the chart and the table."""
    title = _title(cohort, total, shares)
    figure = {
        "title": title,
        "subtitle": say(
            "同时去掉全部痛点，{t}{m}会多出多少；各行是“其中”，加起来正好是合计",
            "Extra {m} over {t} if all pain points were removed; the rows are parts that add up to the total",
            t=money.span(cohort),
            m=money.measure(cohort),
        ),
        "description": Text(
            "每个痛点应分担的损失与区间，最后一行是合计。", "Each pain point's share of the loss with its interval; the last row is the total."
        ),
        "note": Text(
            "写了评论才算遇到（等待除外，来自到店记录）：没有写的人可能也遇到了，所以这些行偏低。",
            "A pain point counts only if a comment mentions it (waiting comes from the visit record): customers who did not write may have met "
            "it too, so these rows are too low.",
        ),
        "unit": cohort.unit,
        "labels": {"together": TOGETHER, **{e.group: name_of(cohort, e.group) for e in shares}},
    }
    return {
        "figure": figure,
        "table": {
            "title": Text("“主题影响力”给不花钱的主题也打了分", "A theme score also rates themes that cost nothing"),
            "columns": COLUMNS,
            "note": Text(
                "“主题影响力”是全体平均减去没提到它的人的平均，不是改好它能得到的钱。",
                "A theme score is the mean of all customers minus the mean of those who do not mention the theme, not the money gained by fixing it.",
            ),
        },
    }


def _title(cohort: Cohort, total: Estimate, shares: Sequence[Estimate]) -> Text:
    """What all cost together, and the one that stands out where one does."""
    clear = [e for e in shares if e.conf_low > 0 or e.conf_high < 0]
    largest = max(shares, key=lambda e: e.value)
    who = name_of(cohort, largest.group)
    title = (
        say("全部痛点合计 {t:bare}；区间不含零的只有{w}", "{t:bare} in all; only for {w} does the interval exclude zero", t=total, w=who)
        if (len(clear) == 1 and clear[0] is largest)
        else say("全部痛点合计 {t:bare}，其中{w}最多", "{t:bare} in all, most of it from {w}", t=total, w=who)
    )
    if not clear and total.conf_low <= 0 <= total.conf_high:
        title = say("全部痛点合计 {t:bare}，区间含零：哪一个费钱，看不出来",
                    "{t:bare} in all, interval includes zero: none stands out",
                    t=total)
    return title
