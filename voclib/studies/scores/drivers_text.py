"""What the scores page says about what a score goes with, in both languages; every number comes from an Estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib.results import Estimate, Text
from voclib.sentences import say
from voclib.stats.attribution import Drivers
from voclib.studies.scores import text

COMPANIONS = {
    "nps_score": Text("推荐意愿", "Recommendation score"),
    "csat_score": Text("满意度", "Satisfaction score"),
    "ces_score": Text("省力程度", "Ease score"),
    "rating_score": Text("总评", "Overall rating"),
    "wait_minutes": Text("等待时长", "Waiting time"),
    "duration_minutes": Text("服务时长", "Length of the contact"),
    "amount_cny": Text("消费金额", "Amount paid"),
    "tenure_days": Text("成为客户的时间", "Time as a customer"),
    "duration_seconds": Text("作答用时", "Time taken to answer"),
}
COLUMNS = {
    "driver": Text("因素", "Factor"),
    "share": Text("占分数差异", "Share of variation"),
    "interval": Text("区间", "Interval"),
    "rank": Text("名次", "Rank"),
    "ranks": Text("名次的区间", "Rank interval"),
}
NO_SPREAD = Text("没有排序：所有回答的分数都一样。", "No ranking: all answers have the same score.")
NOTE = Text("这是先看哪里的次序，不是改了会怎样：份额不折算成钱，也不说明因果。同一张问卷上的题目彼此相像，份额会偏大；没有一项被清零。",
            "This is an order of where to look first, not of what a change would bring: the shares are neither money nor causes. Questions in one "
            "survey resemble each other, which inflates their shares; no factor is set to zero.")


def label(name: str) -> Text:
    """A column, or columns that count as one, in words."""
    known = [COMPANIONS.get(part, Text(part, part)) for part in name.split(" + ")]
    return Text(" + ".join(t.zh for t in known), " + ".join(t.en for t in known))


def no_companions(there: Sequence[str]) -> Text:
    """Why there is nothing to rank, and which data would allow it."""
    one = say("只有“{name}”一项可比，排不出次序。", "There is only one factor to compare, {name}, so there is no order.",
              name=label(there[0])) if there else Text("没有别的数字可比。", "There are no other numbers to compare it with.")
    return say("没有排序：{one}需要同一份回答里的其它评分（满意度、省力程度），或能对上接触记录的邀请（等待时长、服务时长、金额）。",
               "No ranking: {one} Needs: other scores in the same answer (satisfaction, ease), or invitations that can be linked to a contact "
               "(waiting time, length, amount).", one=one)


def too_few_rows(n: int, needed: int) -> Text:
    """Too few answers that have every companion."""
    return say("没有排序：各项齐全的回答只有 {n} 份，至少要 {k} 份。",
               "No ranking: only {n} answers have every factor; at least {k} needed.", n=n, k=needed)


def too_few_clusters(n: int, needed: int) -> Text:
    """Too few units to resample."""
    return say("没有排序：回答只来自 {n} 家门店，至少要 {k} 家。",
               "No ranking: the answers come from only {n} units; at least {k} needed.", n=n, k=needed)


def table(found: Drivers) -> pd.DataFrame:
    """One row a column, largest share first, with its rank and the interval of the rank."""
    by_name = {n: k for k, n in enumerate(found.names)}
    rows = []
    for e in found.estimates():
        k = by_name[e.group]
        low, high = int(found.rank_low[k]), int(found.rank_high[k])
        ranks = f"{low}" if low == high else f"{low}–{high}"
        rows.append({"driver": label(e.group), "share": text.written(e), "interval": text.interval(e), "rank": int(found.rank[k]),
                     "ranks": Text(ranks, ranks)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def captions(found: Drivers, *, metric: str, total: int, sparse: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """Title (the finding), subtitle, labels and note of the ranking and its table."""
    name, first = text.NAMES[metric], found.estimates()[0]
    whole = Estimate(estimand="r_squared", kind="estimate", unit="share", value=found.r_squared, conf_low=found.r_squared_interval[0],
                     conf_high=found.r_squared_interval[1])
    subtitle = say(
        "各项占{name}原始分差异的份额，所有先后顺序取平均，合起来 {r:bare}；{n} 份各项齐全的回答（共 {all} 份）；横条 = {level:.0%} 区间",
        "Share of the variation in raw {name} scores, averaged over all orders, {r:bare} in total; {n} of {all} answers have every factor; "
        "bar = {level:.0%} interval", name=name, r=whole, n=found.n, all=total, level=found.conf_level,
    )
    note = NOTE if not sparse else say("{note}缺得太多、没有排进来的：{names}。", "{note} Excluded because too often missing: {names}.", note=NOTE,
                                       names=_listed(sparse))
    drawn = say("重抽样 {draws} 次，{level:.0%} 区间", "{draws} resamples, {level:.0%} intervals", draws=found.draws, level=found.conf_level)
    return {
        "shares": {"title": _title(found, first, name), "subtitle": subtitle, "labels": {n: label(n) for n in found.names}, "note": note},
        "table": {"title": say("名次也有区间：{name}", "Ranks have intervals too: {name}", name=name), "subtitle": drawn},
    }


def _listed(names: Sequence[str]) -> Text:
    known = [label(n) for n in names]
    return Text("、".join(t.zh for t in known), ", ".join(t.en.lower() for t in known))


def _title(found: Drivers, first: Estimate, name: Text) -> Text:
    """Who leads, or how many cannot be told apart from the leader."""
    leading = int((found.rank_low == 1).sum())
    if leading == 1:
        return say("与{name}一起变动最多的是{first}：占差异的 {x:bare}",
                   "{name} varies most with one factor, {first}: {x:bare} of the variation", name=name, first=label(first.group), x=first)
    return say("与{name}一起变动最多的 {k} 项分不出先后，{first}在其中",
               "{k} factors vary most with {name} and cannot be separated, among them {first}", name=name, k=leading, first=label(first.group))
