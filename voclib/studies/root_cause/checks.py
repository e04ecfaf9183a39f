"""Whether the answer on root causes holds: missing batches, other levels, one dealer alone, control topics, placebos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Check, Estimate, Text
from voclib.sentences import joined, say
from voclib.stats import siblings
from voclib.studies.root_cause import batches, trail
from voclib.studies.root_cause.batches import Found
from voclib.text.parts import Parts

WIDE = 0.3  # coefficient of variation of siblings' true rates from which a part is said to be uneven
STEADY = 0.2  # by which adjusting for age and calendar may move the ratio before it is said to matter


def checks(made: Any, rules: Parts, tables: Mapping[str, pd.DataFrame], *, conf_level: float) -> tuple[Check, ...]:
    """All checks that these data allow."""
    found = made.found
    given: list[Check | None] = []
    if found is None:
        given.append(Check(Text("批次能够比较", "Batches can be compared"), False, made.refused.reason, made.refused.needs))
    if found is not None:
        given += [_by_counts(found), _set_aside(found)]
        if found.row is not None:
            given += [_missing(found, conf_level), _levels(made.levels), _one_dealer(found, tables["repairs"], conf_level), _age(found),
                      _before(found)]
        given += [_suppliers(found, rules, conf_level), _differing(found, rules), _wide(found)]
    given += [_customers(made.follow, rules), _frontline(made.heard), *_operations(made.operations, rules), _dealers(made.returns)]
    return tuple(one for one in given if one is not None)


def _by_counts(found: Found) -> Check:
    most = found.most
    one = _ratio(most)
    name = Text("按维修次数排名会怪谁", "Whom a list by counts accuses")
    if one is None:
        return Check(name, None, say("次数最多的是 {id}，与同类比不出来。", "Most repairs: {id}, which cannot be held against siblings.",
                                     id=most["batch_id"]))
    told = {"id": most["batch_id"], "n": int(most["repairs"]), "m": int(most["fitted_n"]), "a": one}
    return Check(name, None, say("次数最多的是 {id}：{n} 次，装车 {m} 辆，是同类批次的 {a:bare} 倍（{a:interval}）。",
                                 "Most repairs: {id}, {n} on {m} vehicles fitted, {a:bare} times its siblings ({a:interval}).", **told))


def _ratio(row: pd.Series) -> Estimate | None:
    """The ratio of a batch; None where it has none, or none that could be told from one."""
    known = pd.notna(row["ratio"]) and row["seen_from"] < siblings.FAR
    return batches.ratio(row["ratio"], row["low"], row["high"], conf_level=0.95) if known else None


def _set_aside(found: Found) -> Check | None:
    steps = pd.Series(found.cells.steps)
    n = {name: int(steps.eq(name).sum()) for name in (batches.UNKNOWN, batches.EARLY, batches.OTHER)}
    alone = int(found.table["ratio"].isna().sum())
    return Check(Text("没有算进去的维修与批次", "Repairs and batches left out"), None,
                 say("{a} 次维修没有写批次，{b} 次早于生产日，{c} 次的批次没有装车数；{d} 个批次没有可比的同类。",
                     "{a} {a:repair names|repairs name} no batch, {b} {b:lies|lie} before production, {c} {c:is|are} of a batch without vehicles "
                     "fitted; {d} {d:batch|batches} cannot be held against siblings.", a=n[batches.UNKNOWN], b=n[batches.EARLY],
                     c=n[batches.OTHER], d=alone))


def _missing(found: Found, level: float) -> Check:
    name = Text("没写批次的维修改变不了结论", "Repairs without a batch do not change the answer")
    both = trail.if_missing(found, conf_level=level)
    if both is None:
        return Check(name, True, Text("这种零件与车型的维修都写了批次。", "Every repair of this part and model names its batch."))
    return Check(name, both[0].conf_low > 1,
                 say("若全算给同类批次，比值是 {a:bare}（{a:interval}）；若全是它的，是 {b:bare}（{b:interval}）。",
                     "Were they all its siblings', the ratio would be {a:bare} ({a:interval}); were they all its own, {b:bare} ({b:interval}).",
                     a=both[0], b=both[1]),
                 Text("先把批次补齐，再下结论。", "Fill in the batches first."))


def _levels(levels: tuple[Estimate, ...]) -> Check:
    high = trail.raised(levels)
    asked = sum(e.kind == "estimate" for e in levels) - 1
    name = Text("去掉它以后，同期、同供应商、同车型都不偏高", "Without it, none of what was made then, its supplier or its model is high")
    if not asked:
        return Check(name, None, Text("没有别的批次可比。", "There is nothing else to compare with."))
    told = say("看了 {n} 个层级，{k} 个偏高。", "{n} levels looked at, {k} of them high.", n=asked, k=len(high))
    if not high and not trail.cleared(levels):
        unclear = sum(e.kind == "estimate" and e.group != "batch" and e.conf_high >= trail.NO_MORE for e in levels)
        more = say("其中 {k} 个的区间上端在 {x} 倍或以上，还不能说不高。", "Of {k} the upper end lies at {x} times or above: not cleared.",
                   k=unclear, x=f"{trail.NO_MORE:.2f}")
        return Check(name, None, joined(told, more))
    return Check(name, not high, told,
                 Text("问题不止这一个批次：先查偏高的那一层。", "It is not this batch alone: look at the level that is high."))


def _suppliers(found: Found, rules: Parts, level: float) -> Check | None:
    """Whether a supplier as a whole stands out, with or without a batch that does."""
    made = trail.suppliers(found, conf_level=level)
    if made.empty:
        return None
    top, n = made.iloc[0], int((made["q"] <= 0.05).sum())
    one = batches.ratio(top["ratio"], top["low"], top["high"], conf_level=level)
    unclear = int((made["high"] >= trail.NO_MORE).sum())
    told = say("{m} 对零件 × 供应商里 {n} 对分得开；最可能偏高的是{s}的{p}：{a:bare} 倍（{a:interval}）。",
               "{n} of {m} pairs of part × supplier can be told; the likeliest is {s}, {p}: {a:bare} times ({a:interval}).", m=len(made), n=n,
               s=top["supplier"], p=rules.part_name(top["part"]), a=one)
    more = say("{k} 对的区间上端在 {x} 倍或以上，还不能说不高。", " Of {k} the upper end lies at {x} times or above: not cleared.", k=unclear,
               x=f"{trail.NO_MORE:.2f}") if unclear else Text("", "")
    return Check(Text("没有哪家供应商整体偏高", "No supplier is high as a whole"), False if n else True if not unclear else None,
                 Text(told.zh + more.zh, told.en + more.en),
                 Text("不是一个批次的事：先查这家供应商。", "It is not one batch: look at that supplier first."))


def _one_dealer(found: Found, repairs: pd.DataFrame, level: float) -> Check | None:
    """The ratio without the dealer that has most repairs of the batch."""
    row = found.row
    counted = repairs[found.cells.steps == ""]
    mine = counted[counted["batch_id"].eq(row["batch_id"]) & counted["unit_id"].notna()]
    if mine.empty or mine["unit_id"].nunique() < 2:
        return None
    top = mine["unit_id"].value_counts().sort_index().sort_values(ascending=False, kind="stable").index[0]
    told = set(found.table.loc[found.table["told"], "batch_id"])
    same = found.table[found.table["part"].eq(row["part"]) & found.table["product"].eq(row["product"]) & ~found.table["told"]]
    left = counted[counted["unit_id"].ne(top)]
    k1, k0 = int(left["batch_id"].eq(row["batch_id"]).sum()), int(left["batch_id"].isin(set(same["batch_id"]) - told).sum())
    own, room = float(found.dispersion[0]), float(same["worth"].sum())
    low, high = siblings.interval(k1 / own, row["worth"] / own, k0 / own, room / own, conf_level=level)
    one = batches.ratio(k1 / row["worth"] * room / max(k0, 0.5), float(low), float(high), conf_level=level)
    return Check(Text("不是一家门店造成的", "Not the doing of one dealer"), one.conf_low > 1,
                 say("它的 {n} 次维修分在 {d} 家；去掉最多的那家，比值是 {a:bare}（{a:interval}）。",
                     "Its {n} repairs are at {d} dealers; without the one that has most, the ratio is {a:bare} ({a:interval}).", n=len(mine),
                     d=int(mine["unit_id"].nunique()), a=one),
                 Text("先查那家门店为什么换得多。", "Ask first why that one dealer replaces so many."))


def _age(found: Found) -> Check:
    raw, row = float(found.raw.ratio[int(found.row.name)]), found.row
    moved = abs(np.log(row["ratio"] / raw))
    one, other = (batches.ratio(x, x, x, conf_level=0.95) for x in (raw, float(row["ratio"])))
    return Check(Text("车龄与月份", "Age and calendar"), None,
                 say("不管车龄、月份和在路上的时间，比值是 {a:bare}；校正以后是 {b:bare}。" + ("几乎没动。" if moved < STEADY else "这一步不能省。"),
                     "Without age, calendar and time on the road the ratio is {a:bare}, with them {b:bare}. "
                     + ("It hardly moves." if moved < STEADY else "This step cannot be left out."), a=one, b=other))


def _before(found: Found) -> Check | None:
    since = found.began or found.ended
    if found.onset is None:
        return None
    name = Text("从什么时候起", "Since when")
    if since is None:
        return Check(name, None, Text("看不出从哪天开始变高；它可能一直如此。", "No day shows as the first; it may have been so all along."))
    days = {"a": f"{batches.day(found.cells, since.low):%Y-%m-%d}", "b": f"{batches.day(found.cells, since.at):%Y-%m-%d}",
            "c": f"{batches.day(found.cells, since.high):%Y-%m-%d}"}
    days |= {"x": f"{since.before:.1f}", "y": f"{since.after:.1f}"}
    if found.ended is not None:
        return Check(name, None, say("到 {b} 前后为止（95% 在 {a} 至 {c} 之间）：之前是同类批次的 {x} 倍，之后 {y} 倍。",
                                     "Until about {b} (95% between {a} and {c}): {x} times its siblings before, {y} times after.", **days))
    return Check(name, None, say("{b} 前后起（95% 在 {a} 至 {c} 之间）：之前是同类批次的 {x} 倍，之后 {y} 倍。",
                                 "Since about {b} (95% between {a} and {c}): {x} times its siblings before, {y} times after.", **days))


def _differing(found: Found, rules: Parts) -> Check:
    """How far siblings differ by themselves, part by part, and what the false discovery rate rests on."""
    top = found.table.sort_values(["spread", "batch_id"], ascending=[False, True]).iloc[0]
    return Check(Text("同类批次自己也会不一样", "Siblings differ by themselves"), None,
                 say("除碰巧之外，同类批次的维修频率多半相差 {s:.0%}，最不齐的是{p}（{m}），{w:.0%}；每种零件与车型各按自己的算。"
                     "同一辆车反复来修，使次数的方差放大 {f:.2f} 倍。误报率靠这一条：批次之间的差别平缓地散开（伽马分布）；"
                     "若本来就有个别批次离得很远，它们也会被点名。",
                     "Beyond chance siblings mostly differ by {s:.0%}, most in {p} ({m}), by {w:.0%}; each part and model is held to its own. "
                     "Vehicles that come back multiply the variance of counts by {f:.2f}. The rate of false alarms rests on batches scattering "
                     "smoothly (as a gamma): where a few lie far off by nature, those are named as well.", s=float(found.table["spread"].median()),
                     w=float(top["spread"]), p=rules.part_name(top["part"]), m=top["product"], f=float(found.dispersion[0])))


def _wide(found: Found) -> Check | None:
    """Whether a batch that is told is of a part and model whose batches differ widely anyway."""
    told = found.table[found.table["told"]]
    if told.empty:
        return None
    wide = told[told["spread"] >= WIDE]
    return Check(Text("分得开的批次，不在本来就参差的零件里", "Batches that stand out are not of parts that are uneven anyway"), wide.empty,
                 say("{n} 个分得开的批次里，{k} 个的同类批次自己就相差 {w:.0%} 以上。",
                     "Of {n} {n:batch that stands|batches that stand} out, {k} {k:has|have} siblings that differ by {w:.0%} or more by themselves.",
                     n=len(told), k=len(wide), w=WIDE),
                 Text("那种零件各批次本来就不齐：先查整种零件的来料与工艺，再怪这一批。",
                      "Batches of that part are uneven anyway: look at its material and process as a whole before blaming this batch."))


def _customers(follow: Any, rules: Parts) -> Check | None:
    if follow is None:
        return None
    name = Text("客户的声音：对照主题没有跟着变", "Customers' voice: the control topic stays")
    if follow.control_holds is None:
        return Check(name, None, say("这批车主修过之后只有 {n} 条抱怨，问不了；并不等于没有人抱怨它。",
                                     "Owners of the batch left {n} {n:complaint|complaints} after the repair, too few to ask; that does not mean "
                                     "that nobody complains of it.", n=follow.voices[0]))
    return Check(name, follow.control_holds, say("“{t}”：{a:bare} 倍（{a:interval}）。", "{t}: {a:bare} times ({a:interval}).",
                                                 t=rules.topic_name(follow.control), a=follow.control_found),
                 Text("两边的车主本来就不一样；不要用客户的声音作证。", "The two sides differ anyway; do not call customers as witnesses."))


def _frontline(heard: Any) -> Check | None:
    if heard is None:
        return None
    name = Text("一线的声音：同车型的其他主题没有跟着变", "Frontline: other topics of the model stay")
    naming = say("{n} 条上报写出了这个批次号", "{n} {n:report gives|reports give} the batch by its number", n=heard.naming)
    more = Text("。", ".") if heard.first is None else say("，第一条在 {d}。", ", the first on {d}.", d=f"{heard.first:%Y-%m-%d}")
    tail = Text(naming.zh + more.zh, naming.en + more.en)
    if heard.control is None or heard.control.kind != "estimate":
        return Check(name, None, tail)
    told = say("其他主题 {a:bare} 倍（{a:interval}）。", "Other topics: {a:bare} times ({a:interval}). ", a=heard.control)
    return Check(name, heard.control.conf_low <= 1, Text(told.zh + tail.zh, told.en + tail.en),
                 Text("一线那时对这个车型什么都报得多，不只这个主题。", "The frontline then reported more of everything on this model."))


def _operations(given: Any, rules: Parts) -> list[Check]:
    if given is None or given.table.empty:
        return []
    table, rest = given.table, given.unasked
    more = Text("", "") if not rest else say("另有 {k} 对数据太少，问不了。", " {k} more {k:has|have} too little to be asked.", k=rest)
    up = table[table["told"] & table["ratio"].gt(1)]
    made = [Check(Text("看过多少对主题与经营", "How many pairs were looked at"), None,
                  say("{n} 对主题 × 经营，{k} 对与碰巧分得开（BY），其中 {b} 对占比变大，且通过对照主题与反向检验。{more}",
                      "{n} pairs of topic × operations, {k} can be told from luck (BY); of these {b} are larger shares and pass control topic and "
                      "placebo.{more}", n=len(table), k=int(table["told"].sum()), b=int(table["backed"].sum()), more=more))]
    if given.control and len(up):
        bad = int((up["control_p"].le(0.05) & up["control"].gt(1)).sum())
        made.append(Check(Text("经营：对照主题没有跟着涨", "Operations: the control topic does not rise"), bad == 0,
                          say("“{t}”与门店当月的经营无关；{n} 对里有 {k} 对它也涨。", "{t} is beyond a dealer's month; it rises in {k} of {n} pairs.",
                              t=rules.topic_name(given.control), n=len(up), k=bad),
                          Text("那几对不能算原因。", "Those pairs are no causes.")))
        lead = int(up["lead_p"].notna().sum())
        bad = int((up["lead_p"].le(0.05) & ~up["backed"]).sum())
        made.append(Check(Text("反向检验：之后的经营解释不了之前的抱怨", "Placebo: later operations do not explain earlier complaints"),
                          bad == 0 if lead else None,
                          say("{n} 对能检验，{k} 对不过。", "{n} {n:pair|pairs} can be asked, {k} {k:fails|fail}.", n=lead, k=bad),
                          Text("那几对可能是别的东西同时推高了两边。", "Something else may move both sides of those pairs.")))
    return made


def _dealers(given: Any) -> Check | None:
    if given is None or given.share.kind != "estimate":
        return None
    return Check(Text("返修：有没有哪家门店特别多", "Repairs that come back: any dealer above the others"), None,
                 say("{n} 次维修里 {k} 次 30 天内同车同零件又修；{d} 家里有 {t} 家与其余分得开。",
                     "Of {n} repairs {k} came back within 30 days; {t} of {d} dealers can be told from the rest.", n=given.repairs, k=given.returned,
                     d=given.dealers, t=given.told))
