"""What the frontline hears of rivals before the sale: which are named, how far their quotes lie below our prices, and what nobody recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.loop import compliance
from voclib.loop.frontline.lists import Lists
from voclib.loop.frontline.reports import RIVAL, Reports
from voclib.results import Estimate, Text, refusal
from voclib.sentences import say
from voclib.stats import inference, metrics
from voclib.stats.gates import Gates
from voclib.stats.inference import unnamed

FEW_QUOTES = 10


@dataclass(frozen=True)
class Rivals:
    """`shares` and `undercut` an Estimate or a refusal a rival (its `group`), `naive` the gap of plain means, of whatever models were quoted.

    `topics` counts reports by topic; `win_loss` is a refusal. `priced_n` prices were quoted for a model on the price list.
    """

    shares: tuple[Estimate, ...]
    undercut: tuple[Estimate, ...]
    naive: Mapping[str, Estimate]
    topics: pd.DataFrame
    win_loss: Estimate
    reports_n: int
    priced_n: int
    names: Lists


def study(reports: Reports, lists: Lists, *, conf_level: float, gates: Gates) -> Rivals:
    """Reports on rivals that repeat no earlier one."""
    found = reports.firsts
    found = found[found["kind"].eq(RIVAL)].reset_index(drop=True)
    known = found[found["competitor"].notna()].reset_index(drop=True)
    known, by = compliance.clustered(known, "unit_id", gates)
    rivals = sorted(known["competitor"].unique())
    shares = tuple(_of_reports(metrics.share(known.assign(own=known["competitor"].eq(name).astype(float)), "own", estimand="rival_share",
                                             group=name, cluster=by, conf_level=conf_level, gates=gates)) for name in rivals)
    quoted = known[known["quoted_price_cny"].gt(0)]
    listed = quoted.assign(listed=quoted["product"].map(dict(lists.list_prices)))
    listed = listed[listed["listed"].gt(0)]
    undercut, naive = [], {}
    for name in rivals:
        mine = listed[listed["competitor"].eq(name)]
        undercut.append(_undercut(name, mine, quoted["competitor"].eq(name).sum(), has_list=bool(lists.list_prices), level=conf_level,
                                 gates=gates))
        if undercut[-1].kind == "estimate":
            naive[name] = _naive(name, mine, lists, conf_level)
    topics = found["topic"].value_counts().rename_axis("topic").reset_index(name="n").sort_values(["n", "topic"], ascending=[False, True])
    return Rivals(shares=shares, undercut=tuple(undercut), naive=naive, topics=topics.reset_index(drop=True), win_loss=_win_loss(found),
                  reports_n=len(found), priced_n=len(listed), names=lists)


def _undercut(name: str, mine: pd.DataFrame, quotes: int, *, has_list: bool, level: float, gates: Gates) -> Estimate:
    """One minus the mean of quote over our list price of the same model; enough dealers as clusters, a quote that names none by itself."""
    if not has_list:
        return refusal("undercut", unit="share", group=name, reason=Text("没有我们自己的价目，报价没有可比的。",
                                                                        "Without our own list prices a quote has nothing to be held against."),
                       needs=Text("在 frontline.yml 写上各车型的价目", "Our list price of each model, in frontline.yml"))
    if len(mine) < FEW_QUOTES:
        return refusal("undercut", unit="share", group=name, n=len(mine),
                       reason=say("{k} 条报价里只有 {n} 条对得上价目。",
                                  "Of {k} {k:quote|quotes} {n} {n:is|are} of a model on our list.", k=int(quotes), n=len(mine)),
                       needs=say("至少 {n} 条", "At least {n}", n=FEW_QUOTES))
    if (told := int(mine["unit_id"].notna().sum())) and (dealers := int(mine["unit_id"].nunique())) < gates.min_clusters:
        return refusal("undercut", unit="share", group=name, n=len(mine),
                       reason=say("{n} 条报价里写明门店的 {t} 条，只来自 {k} 家门店：看不出换一家店会差多少。",
                                  "Of {n} quotes {t} {t:names|name} a dealer, {k} {k:dealer|dealers} in all: how far dealers differ cannot be seen.",
                                  n=len(mine), t=told, k=dealers),
                       needs=say("至少 {n} 家门店的报价", "Quotes from at least {n} dealers", n=gates.min_clusters))
    below = 1 - (mine["quoted_price_cny"] / mine["listed"]).to_numpy(dtype=float)
    cluster = unnamed.alone(mine["unit_id"]).to_numpy() if mine["unit_id"].notna().any() else None
    fit = inference.fit(below.mean(), below - below.mean(), n=len(mine), cluster=cluster, method="mean, clustered by dealer" if cluster is not None
                        else "mean")
    return fit.estimate("undercut", unit="share", conf_level=level, group=name)


def _naive(name: str, mine: pd.DataFrame, names: Lists, level: float) -> Estimate:
    """The mean quote against our mean list price over all models: which models were quoted is taken for a gap."""
    usual = float(np.mean(list(names.list_prices.values())))
    below = 1 - mine["quoted_price_cny"].to_numpy(dtype=float) / usual
    return inference.fit(below.mean(), below - below.mean(), n=len(mine)).estimate("undercut", unit="share", conf_level=level, group=name,
        rung="naive")


def _win_loss(found: pd.DataFrame) -> Estimate:
    return refusal("win_loss", unit="share",
                   reason=say("{n} 条竞品情报没有一条记着结果：客户后来买了谁家，没有表。",
                              "None of {n} reports on rivals records an outcome: no table says whom the customer bought from.", n=len(found)),
                   needs=Text("商机表：每个意向客户的报价、竞品、成交或战败、日期",
                              "A table of deals: offers, rivals, won or lost, and when, for every prospect"))


def _of_reports(one: Estimate) -> Estimate:
    """The same in words of reports."""
    def told(text: Text | None) -> Text | None:
        return None if text is None else Text(text.zh.replace("份回答", "条情报").replace("回答", "情报"), text.en.replace("answers", "reports"))

    return one.with_(reason=told(one.reason), needs=told(one.needs))
