"""What the page says about the repair costs that live projects avoided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from voclib.loop.outer_loop.names import Names
from voclib.results import Estimate, Ladder, Text
from voclib.sentences import say, with_interval

NOTHING = Text("能评的项目里，没有一个既看维修、又有足够的维修费用，所以不算金额。",
               "None of the judged projects concerns a part with enough repair costs, so no amount is given.")
LABELS = {
    "naive": (Text("前后两个月之差", "A month before and after"), Text("高峰本来就会回落", "A spike subsides anyway")),
    "plain": (Text("跟平常比", "Against the usual rate"), Text("去掉立项前的高峰", "Run-up excluded")),
    "controlled": (Text("扣掉大家都有的变化", "Less common movement"), Text("同期其他零件", "Other parts, same period")),
    "range": (Text("两者之间", "Between the two"), Text("对照太少，只给范围", "Too few to compare")),
}


def by_truth(amount: float) -> Text:
    """The amount that the planted effects come to."""
    return say("按埋下的效果来算，少修的保修值 {x:bare}。", "Going by the planted effects, the warranty repairs avoided are worth {x:bare}.",
               x=Estimate(estimand="programme_value", kind="count", unit="cny", value=amount))


def sheet(rows: pd.DataFrame, each: Sequence[Estimate], names: Names) -> pd.DataFrame:
    """One row a project: repairs since go-live, price, share under warranty, what was avoided, what it cost."""
    return pd.DataFrame([{
        "project": names.project(row["project_id"]), "events": int(row["events"]), "price": row["price"], "warranty": row["warranty"],
        "worth": _ranged(amount), "cost": None if pd.isna(row["cost"]) else row["cost"]}
        for row, amount in zip(rows.to_dict("records"), each, strict=True)])


def _ranged(amount: Estimate) -> Text:
    if amount.kind == "bounds":
        return say("{x:bare}（计入抽样 {i}）", "{x:bare} ({i} with sampling error)", x=amount, i=_ends(amount))
    return with_interval(amount)


def _ends(amount: Estimate) -> Text:
    whole = amount.with_(bound_low=amount.conf_low, bound_high=amount.conf_high)
    return say("{x:bare}", "{x:bare}", x=whole)


def captions(ladder: Ladder, cost: Estimate | None, landed: Estimate | None, n: int) -> dict[str, Any]:
    """Titles and notes of the two figures: `cost` of the `n` projects priced, `landed` of all that have gone live."""
    main = ladder[ladder.chosen]
    title = say("{n} 个看维修的项目，少修的保修值 {x:bare}", "Warranty repairs avoided by {n} {n:project|projects} are worth {x:bare}", n=n, x=main)
    if cost is not None and main.conf_high is not None:
        verdict = _against(main, cost, n)
        title = Text(f"{title.zh}；{verdict.zh}", f"{title.en}; {verdict.en}")
    note = Text("保修件没有记费用，按客户为同一零件付的平均价来算；自费维修省下的是客户的钱，不算。客户留下来值多少，也不在里面。",
                "No cost is booked for warranty repairs, so they are priced at what customers pay on average for the same part. Savings on paid "
                "repairs are the customers’ money and are not counted, nor is what retained customers are worth.")
    return {
        "ladder": {"title": title, "labels": {rung.rung: LABELS[rung.rung] for rung in ladder.rungs}, "note": note,
                   "subtitle": Text("落地以来少花的保修维修费", "Warranty repair costs avoided since go-live")},
        "sheet": {"title": Text("每个项目少修的保修，与它的花费", "Warranty repairs each project avoided, and what it cost"),
                  "note": _apart(landed, n),
                  "columns": {"project": Text("项目", "Project"), "events": Text("落地后的维修", "Repairs since go-live"),
                              "price": Text("客户付的均价", "Average price paid"), "warranty": Text("保修占比", "Under warranty"),
                              "worth": Text("少修的保修值", "Warranty repairs avoided"), "cost": Text("项目花费", "Project cost")},
                  "formats": {"events": "exact", "price": "cny", "warranty": "share", "cost": "cny"}},
    }


def _against(main: Estimate, cost: Estimate, n: int) -> Text:
    """Whether what was avoided exceeds what the same projects cost, as far as the interval tells; a cost of only some of them decides nothing."""
    if (cost.n or 0) < n:
        return say("其中只有 {k} 个记了花费，够不够本比不出来",
                   "only {k} of them {k:has|have} a booked cost, so whether this pays back cannot be established", k=cost.n or 0)
    if main.conf_high < cost.value:
        return say("它们花了 {c:bare}，光靠它还没有回本", "they cost {c:bare}, which this alone has not paid back", c=cost)
    if main.conf_low > cost.value:
        return say("超过它们的花费 {c:bare}", "more than the {c:bare} they cost", c=cost)
    return say("它们花了 {c:bare}，够不够本还看不出来", "whether this pays back the {c:bare} they cost is not yet clear", c=cost)


def _apart(landed: Estimate | None, n: int) -> Text | None:
    """What all live projects cost, named apart: the worth of the rest is not counted, so it is held against nothing."""
    if landed is None or (landed.n or 0) <= n:
        return None
    return say("落地的 {m} 个项目一共花了 {c:bare}；其余项目没有算出金额，它们的花费不拿来比。",
               "The {m} live projects with a booked cost came to {c:bare} in all; no amount is known for the others, so their cost is not compared.",
               m=landed.n or 0, c=landed)
