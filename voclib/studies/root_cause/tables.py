"""Cells and columns of the tables on batches, causes and parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Estimate, Ladder, Text
from voclib.sentences import DASH, say, with_interval
from voclib.stats import siblings
from voclib.studies.root_cause import batches as root_cause_batches
from voclib.studies.root_cause import operations as root_cause_operations
from voclib.studies.root_cause import spread
from voclib.studies.root_cause.batches import Found
from voclib.studies.root_cause.frontline import Heard
from voclib.studies.root_cause.operations import Causes
from voclib.studies.root_cause.voice import Follow
from voclib.text.parts import Parts

UNSEEN = Text("看不清", "Cannot be seen")  # not told even at `siblings.FAR` times: a ratio with such an interval says nothing
YES, NO = Text("是", "Yes"), Text("否", "No")
SHOWN = 8
MEASURES = {
    "own_wait": Text("自己这次等得久", "A long wait of their own"),
    "long_waits": Text("当月等得久的占比", "Share of long waits"),
    "short_hours": Text("排了班没上满", "Hours short of plan"),
    "load": Text("每工时客流", "Visitors per staff hour"),
    "vacancies": Text("空缺岗位", "Open positions"),
    "manager_changed": Text("换店长", "A new manager"),
    "promotion": Text("促销", "A promotion"),
}
WHERE = {
    spread.BATCH: Text("集中在批次：像系统缺陷", "In a batch: like a defect"),
    spread.DEALER: Text("集中在门店：先查流程", "At some dealers: a process first"),
    spread.BOTH: Text("批次、门店都集中", "In batches and at dealers"),
    spread.EVEN: Text("看不出集中", "Nowhere to be seen"),
    spread.FEW: Text("维修太少", "Too few repairs"),
}
BATCH_COLUMNS = {
    "batch": Text("批次", "Batch"), "part": Text("零件 · 车型", "Part · model"), "supplier": Text("供应商", "Supplier"),
    "fitted": Text("装车", "Fitted"), "repairs": Text("维修", "Repairs"), "place": Text("次数排第", "Place by count"),
    "ratio": Text("同类的几倍（区间）", "Times siblings (interval)"), "shrunken": Text("收拢后", "Drawn in"),
    "told": Text("与同类分得开", "Stands out"),
}
CAUSE_COLUMNS = {
    "topic": Text("主题", "Topic"), "measure": Text("经营", "Operations"), "ratio": Text("抱怨占比的几倍（区间）", "Times the share (interval)"),
    "naive": Text("校正前", "Uncorrected"), "lead": Text("下一次/下个月", "Next one"), "control": Text("对照主题", "Control topic"),
    "backed": Text("站得住", "Holds"),
}
CARD_COLUMNS = {
    "part": Text("零件", "Part"), "repairs": Text("维修", "Repairs"), "batches": Text("批次", "Batches"),
    "told": Text("分得开的批次", "Batches that stand out"),
    "excess": Text("其中多出的维修", "Repairs in excess there"), "where": Text("集中在哪里", "Where they pile up"),
}
TRUTH_COLUMNS = {"what": Text("埋下了什么", "What was planted"), "truth": Text("真值", "Truth"), "found": Text("本页", "Found"),
                 "right": Text("对得上", "Agrees")}
TRUTH = {"title": Text("埋下的与找到的", "What was planted and what was found"), "columns": TRUTH_COLUMNS,
         "subtitle": Text("估计方法看不到真值", "No estimator sees the truth")}


def written(value: float, low: float, high: float) -> Text:
    """A ratio with its interval, or a dash."""
    if any(pd.isna(x) for x in (value, low, high)):
        return DASH
    if not np.isfinite(high):  # its siblings have not one repair
        return say("至少 {x}", "{x} or more", x=f"{low:.1f}")
    one = Estimate(estimand="batch_ratio", kind="estimate", unit="ratio", value=float(value), conf_low=min(float(low), float(value)),
                   conf_high=max(min(float(high), 1e6), float(value)))
    return with_interval(one)


def batches(found: Found | None, rules: Parts) -> pd.DataFrame:
    """The likeliest batches by drawn-in ratio, and the one with most repairs."""
    if found is None:
        return pd.DataFrame()
    table = found.table[found.table["ratio"].notna()]
    place = table["repairs"].rank(ascending=False, method="first").astype(int)
    table = table.assign(place=place, by=table["shrunken"].fillna(table["ratio"])).sort_values(["by", "batch_id"], ascending=[False, True])
    shown = pd.concat([table.head(SHOWN), table[table["place"].eq(1)]]).drop_duplicates("batch_id")
    rows = [{"batch": r["batch_id"], "part": say("{p} · {m}", "{p} · {m}", p=rules.part_name(r["part"]), m=r["product"]), "supplier": r["supplier"],
             "fitted": int(r["fitted_n"]), "repairs": int(r["repairs"]), "place": int(r["place"]), "told": YES if r["told"] else NO,
             "ratio": written(r["ratio"], r["low"], r["high"]) if r["seen_from"] < siblings.FAR or r["told"] else UNSEEN,
             "shrunken": say("{x}", "{x}", x=f"{r['shrunken']:.2f}") if pd.notna(r["shrunken"]) else DASH} for r in shown.to_dict("records")]
    return pd.DataFrame(rows)


def drawn(found: Found | None) -> pd.DataFrame:
    """Rows of the funnel: repairs expected as of siblings, ratio, whether told; batches with less than one repair expected are left out."""
    if found is None:
        return pd.DataFrame()
    table = found.table
    kept = table[table["ratio"].notna() & table["expected"].ge(1)]
    return kept[["batch_id", "expected", "ratio", "told"]].reset_index(drop=True)


def pair_key(row: Mapping[str, Any]) -> str:
    """Topic and measure as one key."""
    return f"{row['topic']} × {row['measure']}"


def pair_name(row: Mapping[str, Any], rules: Parts) -> Text:
    """Topic and measure in words."""
    topic, measure = rules.topic_name(str(row["topic"])), MEASURES[str(row["measure"])]
    return Text(f"{topic.zh} × {measure.zh}", f"{topic.en} × {measure.en[0].lower()}{measure.en[1:]}")


def causes(given: Causes | None, rules: Parts) -> pd.DataFrame:
    """Pairs told from nothing, and as many of the others as fill the table."""
    if given is None or given.table.empty:
        return pd.DataFrame()
    rows = given.table.head(max(SHOWN, int(given.table["told"].sum()))).to_dict("records")
    return pd.DataFrame([{
        "topic": rules.topic_name(str(r["topic"])), "measure": MEASURES[str(r["measure"])], "ratio": written(r["ratio"], r["low"], r["high"]),
        "naive": written(r["naive"], r["naive_low"], r["naive_high"]), "lead": written(r["lead"], r["lead_low"], r["lead_high"]),
        "control": written(r["control"], r["control_low"], r["control_high"]), "backed": _holds(r)} for r in rows])


def _holds(row: Mapping[str, Any]) -> Text:
    if row["backed"]:
        return YES
    if not row["told"]:
        return Text("分不清是不是碰巧", "It may be luck")
    return Text("别的主题占多了", "Others take more") if row["ratio"] < 1 else Text("没过检验", "Fails a test")


def cards(given: pd.DataFrame, rules: Parts) -> pd.DataFrame:
    """One row a part."""
    return pd.DataFrame([{"part": rules.part_name(r["part"]), "repairs": int(r["repairs"]), "batches": int(r["batches"]), "told": int(r["told"]),
                          "excess": round(float(r["excess"])), "where": WHERE[r["where"]]} for r in given.to_dict("records")])


def voices(follow: Follow | None, heard: Heard | None) -> tuple[Estimate, ...]:
    """Ratios of the customers' and of the frontline's voice, topic and control."""
    made = []
    if follow is not None:
        made += [follow.found.with_(group="customers"), *([follow.control_found.with_(group="customers_control")] if follow.control_found else [])]
    if heard is not None:
        made += [heard.found.with_(group="frontline"), *([heard.control.with_(group="frontline_control")] if heard.control is not None else [])]
    return tuple(made)


def truth(found: Found | None, ladder: Ladder | None, planted: Mapping[str, Any], operations: Causes | None) -> pd.DataFrame:
    """Planted batch, ratio, onset, the batch that counts accuse, and what goes with long waits."""
    row = None if found is None else found.row
    rows = [{"what": Text("坏批次", "The bad batch"), **_same(planted["batch_id"], row, "batch_id")},
            {"what": Text("它的供应商", "Its supplier"), **_same(planted["supplier"], row, "supplier")}]
    real = float(planted["rate_ratio"])
    if ladder is not None and row is not None and row["batch_id"] == planted["batch_id"]:
        for name in ("adjusted", "picked"):
            one = ladder[name]
            what = Text("维修频率之比", "Ratio of rates") if name == "adjusted" else Text("同上，按挑选放宽", "The same, picked")
            found_as = with_interval(one)
            right = YES if one.conf_low <= real <= one.conf_high else NO
            rows.append({"what": what, "truth": _both(f"{real:.1f}"), "found": found_as, "right": right})
    if found is not None and found.began is not None:
        days = [root_cause_batches.day(found.cells, k) for k in (found.began.low, found.began.at, found.began.high)]
        when = pd.Timestamp(planted["surge_on"])
        rows.append({"what": Text("从哪天起", "Since when"), "truth": _both(f"{when:%Y-%m-%d}"), "right": YES if days[0] <= when <= days[2] else NO,
                     "found": say("{b}（{a} 至 {c}）", "{b} ({a} to {c})", **_days(days))})
    if found is not None:
        rows.append({"what": Text("次数最多的批次", "Most repairs"), **_same(planted["most_repairs_batch_id"], found.most, "batch_id")})
    return pd.DataFrame([*rows, *_planted_causes(operations)], columns=list(TRUTH_COLUMNS))


def _days(days: list[pd.Timestamp]) -> dict[str, str]:
    return dict(zip("abc", (f"{days[0]:%m-%d}", f"{days[1]:%Y-%m-%d}", f"{days[2]:%m-%d}"), strict=True))


def _same(planted: Any, row: pd.Series | None, column: str) -> dict[str, Text]:
    if row is None:
        return {"truth": _both(planted), "found": DASH, "right": NO}
    return {"truth": _both(planted), "found": _both(row[column]), "right": YES if str(row[column]) == str(planted) else NO}


def _both(name: Any) -> Text:
    return Text(str(name), str(name))


def _planted_causes(operations: Causes | None) -> list[dict[str, Text]]:
    """The simulator lets long waits turn into words on waiting, and no measure of staffing into anything."""
    if operations is None:
        return []
    backed = {(r["topic"], r["measure"]) for r in operations.backed.to_dict("records")}
    waits = {("waiting_time", name) for name in (root_cause_operations.OWN, "long_waits")}
    others = len(backed - waits)
    return [{"what": Text("等得久的人说等待", "Long waits, words on waiting"), "truth": YES, "found": YES if backed & waits else NO,
             "right": YES if backed & waits else NO},
            {"what": Text("人手、空缺、换店长与任何主题", "Staffing and any topic"), "truth": Text("无关", "Nothing"),
             "found": Text("没有一对站得住", "No pair holds") if not others else say("{n} 对站得住", "{n} {n:pair holds|pairs hold}", n=others),
             "right": YES if not others else NO}]
