"""Answers entered twice, as a check on every page that counts answers: which of those counted repeat another, and how far they can move a score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.results import Check, Text
from voclib.schema import dates, repeats
from voclib.sentences import say

Tables = Mapping[str, pd.DataFrame]
MAX_SHARE = 0.01
"""More repeats than this share of what counts: at most REPORT_WITH_CAVEAT.

Without the share r of them a mean on a scale of width w lies at most r·w away, whoever they are: at one in a hundred that is one percentage point
of a share, two points of NPS and 0.04 of a mark from 1 to 5, below what a page of a few thousand answers can tell from chance."""

NAME = Text("没有重复录入的回答", "No answer was entered twice")
NOBODY = Text("这些声音没有客户编号，看不出有没有录了两次。", "These voices name no customer, so it cannot be seen whether any was entered twice.")


def marked(tables: Tables, counted: ArrayLike, timezone: str = "") -> NDArray[np.bool_]:
    """Which of the `counted` response ids (N,) repeat another answer, as the import finds them (`voclib.schema.repeats`)."""
    found = repeats.find(tables["responses"], dates.zone(tables, timezone))
    return pd.Series(np.asarray(counted), dtype=object).isin(set(found["response_id"])).to_numpy(dtype=bool)


def check(tables: Tables, counted: ArrayLike, timezone: str = "") -> Check:
    """Whether any of the `counted` response ids (N,) is entered twice; failed above `MAX_SHARE`, for information below it."""
    who = tables["responses"].reindex(columns=["response_id", "customer_id"])
    if not who.loc[who["response_id"].isin(counted), "customer_id"].notna().any():
        return Check(NAME, None, NOBODY)
    again = marked(tables, counted, timezone)
    n, k = len(again), int(again.sum())
    if not k:
        return Check(NAME, True, say("计入的 {n} 条里，没有成批的重复：同一位客户、同一渠道、24 小时内分数（没有分数的看原话）完全相同。",
                                     "Among the {n} counted there is no batch of repeats: same customer, same channel, same scores (or same words "
                                     "where there are no scores) within 24 hours.", n=n))
    share = k / n
    return Check(
        NAME,
        False if share > MAX_SHARE else None,
        say(
            "计入的 {n} 条里，{k} 条与同一位客户 24 小时内的另一条完全相同（{s:.1%}），多于碰巧，像是录了两次。"
            "去掉它们，占比最多移动 {a:.1f} 个百分点，NPS 最多 {b:.1f} 分；上限是 {m:.0%} 的重复。",
            "Of the {n} counted, {k} {k:is|are} identical to another answer by the same customer within 24 hours ({s:.1%}), more than chance would "
            "produce, so they look entered twice. Removing them would move a share by at most {a:.1f} percentage points and NPS by at most "
            "{b:.1f}; the limit is {m:.0%} repeats.",
            n=n, k=k, s=share, a=100 * share, b=200 * share, m=MAX_SHARE,
        ),
        Text("先去掉重复再引用；导入那一页写明是哪个渠道、哪个月。",
             "Remove the repeats before quoting this; the import page names the channel and month."),
    )
