"""What the page on root causes says, in both languages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Estimate, Ladder, Text
from voclib.sentences import inside, joined, listed, say
from voclib.studies.root_cause import batches, trail
from voclib.studies.root_cause import operations as root_cause_operations
from voclib.studies.root_cause.batches import Found
from voclib.text.parts import Parts

QUESTION = Text("客户抱怨的背后，是哪个批次、哪家门店、哪道工序？", "Which batch, which dealer, which process lies behind the complaints?")
LIMITS = (
    (Text("不是说维修次数多的批次不好。", "Not that a batch with many repairs is a bad one."),
     Text("装得多，修得就多；只有除以装车数、再与同类批次比，才说明得了什么。",
          "What is fitted often is repaired often; a count says something only per vehicle fitted and beside sibling batches.")),
    (Text("不是说找到了故障机理。", "Not that the failure mechanism has been found."),
     Text("数据指出该拆哪个批次；为什么坏，要拆开零件、查生产记录才知道。",
          "The data say which batch to open; why it fails is known only once parts are opened and production records read.")),
    (Text("不是说客户用错了。", "Not that customers use it wrongly."),
     Text("没有一张表记着用法。修得均匀只说明不在批次、也不在门店，设计如此和用法如此分不开。",
          "No table records how a car is used. Evenly spread repairs point to neither batch nor dealer; design and use cannot be separated.")),
    (Text("不是说等得久导致了抱怨。", "Not that long waits bring the complaints about."),
     Text("是同一家店、同一个月里，等得久的那些接触更常说到等待；还有别的事可能两头都推。",
          "Within a dealer and a month, contacts with a long wait mention waiting more often; something else may move both.")),
    (Text("不是说没点到名的门店都好。", "Not that every dealer not named is fine."),
     Text("返修少，一家店几百次维修里只有几次；分不开的，多半是看不清。",
          "Repeat repairs are rare, a handful among hundreds at a dealer; most dealers that do not stand out just cannot be seen clearly.")),
)
NO_BATCH = Text("没有一个批次与同类分得开，没有可以追的线索。", "No batch stands out from its siblings, so there is no trail to follow.")
NO_BATCHES = Text("批次不能比较：见页首。", "Batches cannot be compared; the top of the page says why.")
NO_VOICE = Text("没有挑出批次，或没有声音可问。", "No batch was picked, or there are no voices to ask.")
NO_CAUSES = Text("没有门店月度经营、没有带主题的声音，或门店与抱怨太少，问不了经营。",
                 "Without monthly operations or voices with topics, or with too few dealers or complaints, operations cannot be examined.")
NO_CARDS = Text("批次不能比较，看不出集中在哪里。", "Batches cannot be compared, so where repairs cluster cannot be seen.")
NO_RETURNS = Text("没有维修记录，数不出返修。", "There are no repair records, so repeat repairs cannot be counted.")


def kicker(made: Any) -> Text:
    """What stands over the question."""
    if made.found is None:
        return Text("根源探究", "Behind the complaints")
    return say("根源探究 · {n} 个批次", "Behind the complaints · {n} batches", n=len(made.found.table))


def nothing_told(found: Found) -> Estimate:
    """The answer where no batch can be told from its siblings: a count, and not a claim that all are good."""
    return Estimate(estimand="batches_told", kind="count", unit="count", value=0.0, n=found.compared_n)


def detectable(found: Found) -> float:
    """The ratio that half of all batches would need to be told in four of five cases; how siblings of each differ by themselves is in it."""
    return float(np.nanmedian(found.table["seen_from"]))


def answer(made: Any, main: Estimate, ladder: Ladder | None, rules: Parts) -> Text:
    """The batch and how often against its siblings; the one with most repairs; the operation that goes with a topic."""
    parts = [_batch(made, main, ladder, rules), *_cause(made.operations, rules)]
    return joined(*parts)


def _batch(made: Any, main: Estimate, ladder: Ladder | None, rules: Parts) -> Text:
    found = made.found
    if found is None:
        return Text(main.reason.zh, main.reason.en)
    if found.row is None:
        most, n, left = found.most, found.compared_n, len(found.table) - found.compared_n
        told = say("{n} 个批次里没有一个与同类分得开", "None of {n} batches stands out from its siblings", n=n)
        if pd.notna(most["ratio"]):
            told = say("{told}；次数最多的 {id} 也不例外", "{told}, not even {id}, which has the most repairs", told=told, id=most["batch_id"])
        return say("{told}。", "{told}.", told=told) if not left else say(
            "{told}；另有 {k} 个没有可比的同类。", "{told}; {k} more have no comparable sibling.", told=told, k=left)
    row = found.row
    first = say("批次 {id}（{part}，{product}，供应商{supplier}）：每辆车的维修是同类批次的 {a:bare} 倍（{level:.0%} 区间 {a:interval}）",
                "Batch {id} ({part}, {product}, supplier {supplier}) has {a:bare} times as many repairs per vehicle as its siblings "
                "({level:.0%} interval {a:interval})", id=row["batch_id"], part=rules.part_name(row["part"]), product=row["product"],
                supplier=row["supplier"], a=main, level=main.conf_level)
    more = say("，分得开的 {n} 个批次里数它最高", ", the highest of the {n} that stand out", n=found.told) if found.told > 1 else Text("", "")
    last = _by_count(found, main, ladder.rungs[0]) if ladder is not None else Text("。", ".")
    return Text(first.zh + more.zh + last.zh, first.en + more.en + last.en)


def _by_count(found: Found, main: Estimate, first: Estimate) -> Text:
    """Whom a list by counts accuses instead, if anyone; "only" where it lies below the batch that is picked with its whole interval."""
    if first.rung != "repairs":
        return Text("。", ".")
    told = {"id": first.group, "b": first}
    if bool(found.most["told"]):
        return say("；按次数排第一的 {id} 也分得开，是 {b:bare} 倍。", ", and {id}, first by count, stands out as well, with {b:bare} times.", **told)
    if first.conf_high < main.value:
        return say("；按次数排第一的 {id} 只有 {b:bare} 倍。", ", while {id}, first by count, has only {b:bare} times.", **told)
    return say("；按次数排第一的 {id} 是 {b:bare} 倍。", ", while {id}, first by count, has {b:bare} times.", **told)


def _cause(operations: Any, rules: Parts) -> list[Text]:
    if operations is None or operations.backed.empty:
        return []
    row = operations.backed.iloc[0].to_dict()
    one = root_cause_operations.estimate(row)
    topic = rules.topic_name(str(row["topic"]))
    return [say("门店里，{how}，抱怨中说到“{topic}”的占比是{than}的 {a:bare} 倍（{a:interval}）。",
                "At dealers, {how}, complaints mention {low} {a:bare} times as often ({a:interval}).", a=one, topic=topic,
                low=inside(topic), how=HOW[str(row["measure"])], than="其他客户" if row["measure"] == "own_wait" else "平常")]


HOW = {
    "own_wait": Text("自己那次等得久的客户", "when customers had a long wait themselves"),
    "long_waits": Text("等得久的占比高一个标准差的月份", "in a month with a share of long waits one standard deviation higher"),
    "short_hours": Text("缺勤高一个标准差的月份", "in a month with missed hours one standard deviation higher"),
    "load": Text("每工时客流高一个标准差的月份", "in a month with visitors per staff hour one standard deviation higher"),
    "vacancies": Text("空缺高一个标准差的月份", "in a month with open positions one standard deviation higher"),
    "manager_changed": Text("换店长的月份", "in a month with a new manager"),
    "promotion": Text("促销的月份", "in a month with a promotion"),
}
FEWER = {name: {"what": zh, "how": en} for name, zh, en in (
    ("own_wait", "久等", "long waits"), ("long_waits", "久等", "long waits"), ("short_hours", "缺勤", "missed hours"),
    ("load", "每工时客流", "visitors per staff hour"), ("vacancies", "空缺", "open positions"), ("manager_changed", "换店长", "changes of manager"),
    ("promotion", "促销", "promotions"))}


def caveat(made: Any) -> Text:
    """The one premise that a reader has to carry along."""
    if made.found is None:
        return Text("维修次数不是好坏的排名：不比装车数，装得多的批次总在前面。",
                    "Repair counts are no ranking of quality: unless related to vehicles fitted, what is fitted most always comes first.")
    if made.found.row is None:
        return say("分不开不等于都好：中等大小的批次，维修要到同类的约 {x:.1f} 倍才大多看得出。",
                   "That none stands out does not mean that all are good: a batch of medium size is mostly detected only from about {x:.1f} times "
                   "on.",
                   x=detectable(made.found))
    return Text("装车日没有记录，车龄从批次的生产日算起；同零件、同车型的批次，用车的人与路假定相同。",
                "The day of fitting is not on record, so age runs from production; drivers and roads are assumed to be alike across batches of one "
                "part and model.")


def decision(made: Any, rules: Parts) -> Text:
    """What to open first, whom to ask, what not to do."""
    told = [_about_batch(made)]
    if made.operations is not None and len(made.operations.backed):
        row = made.operations.backed.iloc[0]
        topic = rules.topic_name(str(row["topic"]))
        told.append(say("“{topic}”：先在几家店试点，看{what}少了，抱怨是否跟着少。", "On {low}: run a pilot at a few dealers and see whether "
                        "complaints fall when there are fewer {how}.", topic=topic, low=inside(topic), **FEWER[str(row["measure"])]))
    return joined(*told)


def _about_batch(made: Any) -> Text:
    found = made.found
    if found is None:
        return say("先补上{needs}；在那之前，不要按次数排名。", "First get what is missing. {needs}. Until then, do not rank by counts.",
                   needs=made.refused.needs)
    if found.row is None:
        return Text("不要为次数多的批次召回；继续按装车数看。", "Do not recall a batch because its count is high; keep watching repairs per vehicle "
                                                                "fitted.")
    parts = [_open(found), *_others(found), *_supplier(found, made.levels)]
    return joined(*parts)


def _open(found: Found) -> Text:
    """What to do about the batch that is picked; one that has come down again is not stopped before it is known what was changed."""
    row = found.row
    told = {"id": row["batch_id"], "d": f"{row['produced_on']:%Y-%m-%d}" if pd.notna(row["produced_on"]) else "—", "n": int(row["fitted_n"])}
    if found.ended is not None:
        return say("{id} 到 {e} 前后已经降下来：先查那时改了什么，再定要不要冻结库存；拆检旧件，查 {d} 前后的生产记录，列出装了它的 {n} 辆车。",
                   "{id} had come down by about {e}: find out what changed then before freezing its stock; open returned parts, check production "
                   "records around {d}, and list the {n} vehicles that carry it.", e=f"{batches.day(found.cells, found.ended.at):%Y-%m-%d}", **told)
    return say("拆检 {id} 的旧件，冻结库存，查 {d} 前后的生产记录，列出装了它的 {n} 辆车。",
               "Open returned parts of {id}, freeze its stock, check production records around {d}, and list the {n} vehicles that carry it.", **told)


def _others(found: Found) -> list[Text]:
    """Every other batch that is told, with how often against its siblings."""
    rest = found.others_told.to_dict("records")
    if not rest:
        return []
    each = [say("{id}（{a:bare} 倍）", "{id} ({a:bare} times)", id=row["batch_id"],
                a=batches.ratio(row["ratio"], row["low"], row["high"], conf_level=found.compared.conf_level)) for row in rest]
    return [say("另有 {k} 个批次也与同类分得开，同样拆检：{which}。",
                "{k} other {k:batch stands|batches stand} out as well and should be opened too: {which}.",
                k=len(rest), which=listed(each))]


def _supplier(found: Found, levels: tuple[Estimate, ...]) -> list[Text]:
    """Whether the supplier is to be stopped; that its other batches are not high is said only where their whole interval lies low enough."""
    name, rest = str(found.row["supplier"]), found.others_told
    same = rest[rest["supplier"].eq(found.row["supplier"])]
    if len(same):
        return [say("其中 {k} 个同样来自{s}：先与这家供应商一起查。", "{k} of them {k:comes|come} from {s} as well: investigate with this "
                    "supplier first.", k=len(same), s=name)]
    asked = [e for e in levels if e.group in ("supplier_part", "supplier_rest") and e.kind == "estimate"]
    if not asked or trail.raised(levels):
        return []
    widest = max(asked, key=lambda e: e.conf_high)
    if widest.conf_high < trail.NO_MORE:
        return [say("{s}的其他批次没有跟着高，不必整家停供。", "Other batches from {s} are not high: no need to stop all its supplies.", s=name)]
    return [say("{s}的其他批次高不高，还看不清（{a:interval} 倍）：整家停不停供，先不定。",
                "Whether other batches from {s} are high is not yet clear ({a:interval} times): leave open whether to stop all its supplies.", s=name,
                a=widest)]


def since(found: Found | None) -> tuple[Text, Text] | None:
    """Since when, or until when, as title and as a note on the days between which it lies; None where no such day is told."""
    at = None if found is None else found.began or found.ended
    if at is None:
        return None
    days = [f"{batches.day(found.cells, k):%Y-%m-%d}" for k in (at.low, at.at, at.high)]
    told = {"a": days[0], "d": days[1], "c": days[2], "x": f"{at.before:.1f}", "y": f"{at.after:.1f}"}
    if found.began is not None:
        return (say("从 {d} 前后起，维修是同类批次的 {y} 倍，之前是 {x} 倍", "Since about {d}: {y} times the repairs of its siblings; {x} times "
                                                                             "before",
                    **told),
                say("开始的那天 95% 在 {a} 至 {c} 之间。", "The first day lies between {a} and {c} (95%).", **told))
    return (say("到 {d} 前后为止，维修是同类批次的 {x} 倍，之后是 {y} 倍", "Until about {d}: {x} times the repairs of its siblings; {y} times since",
                **told),
            say("降下来的那天 95% 在 {a} 至 {c} 之间。", "The day it came down lies between {a} and {c} (95%).", **told))
