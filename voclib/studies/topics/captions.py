"""Titles of the figures on topics: the finding first, then what is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from voclib.results import Text
from voclib.sentences import say
from voclib.studies.topics import text as words
from voclib.studies.topics.holds import Held
from voclib.text import crosswalk, emerging

if TYPE_CHECKING:
    from voclib.studies.topics.subjects import Subjects

PLACES_NOTE = Text("一个话题一位客户算一次，已按话题数控制误报。各处都有、与各处人数相称 = 差别有把握小于常见水平的一半，"
                   "整体和单处都不超出偶然；差别大 = 整体或某一处超出偶然；略有差别 = 整体超出偶然，但差别小，单看没有哪一处突出。"
                   "人少时，一家偏多未必看得出。",
                   "A customer counts once per topic; false discoveries are controlled for the number of topics. Everywhere, or in proportion: "
                   "rates differ, with confidence, by less than half the usual rate, and neither the whole nor any one place is beyond chance. "
                   "Uneven: the whole or one place is beyond chance. Slightly uneven: the whole is, but by little, and no single place stands "
                   "out. With few people, one bad place may go unseen.")


def captions(*, kept: pd.DataFrame, topics: pd.DataFrame, names: Mapping[str, Text], lead: Subjects, watch: emerging.Watch, held: Held,
             frames: Mapping[str, pd.DataFrame], walk: crosswalk.Crosswalk | None, until: pd.Timestamp, conf_level: float,
             ) -> Mapping[str, Mapping[str, Any]]:
    """Title, subtitle and, for charts, the description of every figure."""
    return {
        "subjects": _subjects(kept, lead, conf_level), "map": _map(topics), "curve": _curve(held),
        "trend": _trend(lead, conf_level), **_complaints(frames, conf_level), **_news(watch, frames, until),
        **_themes(topics, names), "moved": {} if walk is None else _moved(walk),
    }


def _subjects(kept: pd.DataFrame, lead: Subjects, level: float) -> dict[str, Any]:
    share, of = lead.shares[0], kept["own"].eq("negative") if lead.is_complaint else pd.Series(True, index=kept.index)
    of_zh, of_en = ("负面声音", "complaints") if lead.is_complaint else ("声音", "voices")
    unsaid = int((of & ~lead.said.any(axis=1)).sum())
    how = Text("一条声音一个话题。", "One topic per voice.")
    bars = say("占全部声音，横条 = {p:.0%} 区间", "Share of all voices, bar = {p:.0%} interval", p=level)
    if lead.is_complaint:
        bars = say("点 = 占负面声音，横条 = {p:.0%} 区间；灰圈 = 占全部声音", "Dot = of complaints, bar = {p:.0%} interval; grey ring = of voices",
                   p=level)
    if lead.is_worded:
        how = Text("按词典里的词认定，一条可算几个主题，否定的不算；认错的没有扣除。",
                   "Themes are identified by dictionary words; a voice may carry several, denials do not count, and errors are not corrected.")
    if lead.labelled:
        bars = say("点 = 占负面声音，已扣除词典的错，横条 = {p:.0%} 区间；灰圈 = 词典直接数出来的",
                   "Dot = share of complaints corrected for dictionary errors, bar = {p:.0%} interval; grey ring = dictionary count", p=level)
        how = say("一条可算几个主题，否定的不算；词典的错由 {n} 条人工标注估出，没有标注的主题不列。"
                  "“负面”在这里看打分或来源的情绪标记；报告 10 看读法，名次会有出入。",
                  "A voice may carry several themes, and denials do not count; the dictionary's errors are estimated from {n} labelled voices, "
                  "and themes without labels are not listed. Complaints here go by the score or the source's mood tag; report 10 reads the words, "
                  "so its order may differ.",
                  n=lead.labelled)
    return {
        "title": say("{t}最多：占{o}的 {s:bare}（{s:interval}）{k}", "{t} comes first: {s:bare} of {o} ({s:interval}){k}", t=lead.name, s=share,
                     k=words.tied(lead.ties),
                     o=Text(of_zh, of_en)),
        "subtitle": bars,
        "note": say("共 {n} 条{o}，其中 {k} 条没有提到这些。{h}", "{n} {o}, {k} of which mention none of these. {h}", n=int(of.sum()), k=unsaid,
                    o=Text(of_zh, of_en), h=how),
        "labels": dict(lead.names),
    }


def _map(topics: pd.DataFrame) -> dict[str, Any]:
    worse = int(topics["tone"].eq("worse").sum())
    title = say("{n} 个话题里，{k} 个的负面占比高于全体", "{k} of {n} topics are more negative than voices as a whole", n=len(topics), k=worse)
    return {
        "title": title, "description": title,
        "subtitle": Text("一个圆一个话题，面积 = 声音数，靠近 = 说法相近；点一下，看同一主题的所有话题",
                         "One bubble per topic; area = voices, closeness = similar wording; click one to see its whole theme"),
        "note": Text("远近只看次序，不能量；颜色由区间决定，已按话题数放宽。",
                     "Distances show order only and cannot be measured. Colours depend on intervals that allow for the number of topics."),
        "panels": words.LANGUAGES,
    }


def _curve(held: Held) -> dict[str, Any]:
    chosen = held.curve[held.curve["is_chosen"]].iloc[0]
    title = say("选定的粗细：{l}话题 {k} 个，稳定度 {s:.2f}", "The chosen granularity gives {k} {l} topics with a stability of {s:.2f}",
                k=int(chosen["topics"]),
                l=words.LANGUAGES[chosen["language"]], s=float(chosen["stability"]))
    return {
        "title": title, "description": title, "labels": words.LANGUAGES,
        "subtitle": Text("只留五分之四的文字重做 5 次，两两比较的一致程度（调整兰德指数，1 = 全同）；圈 = 选定",
                         "Pairwise agreement of five refits on four fifths of the texts (adjusted Rand index, 1 = identical); ring = chosen"),
        "note": Text("竖条 = 上下一个标准误。取与最稳的相差不大、又最细的那个。",
                     "Bars = one standard error either way. The finest one that is about as stable as the best is chosen.")
        if held.is_auto else Text("竖条 = 上下一个标准误；粗细由参数给定。", "Bars = one standard error either way; granularity set by parameter."),
    }


def _trend(lead: Subjects, level: float) -> dict[str, Any]:
    change = lead.change
    if change.kind == "refusal":
        title = say("{t}：每月的占比", "{t}: share by month", t=lead.name)
    elif change.conf_low <= 0 <= change.conf_high:
        title = say("{t}的占比近一季没有看得出的变化", "{t}: no visible change in share over the last quarter", t=lead.name)
    else:
        title = say("{t}的占比近一季移动了 {x:bare} 个百分点（{x:interval}）",
                    "The share of {t} moved by {x:bare} percentage points over the last quarter ({x:interval})", t=lead.name, x=change)
    return {
        "title": title, "description": title, "labels": dict(lead.names),
        "subtitle": say("占当月全部声音，色带 = {p:.0%} 区间；纵轴从零开始，各条同一尺度",
                        "Share of each month's voices, ribbon = {p:.0%} interval; axes start at zero and "
                        "share one scale", p=level),
        "note": Text("近一季：最近 13 周减去之前 13 周。", "Last quarter: the latest 13 weeks minus the 13 before."),
    }


def _complaints(frames: Mapping[str, pd.DataFrame], level: float) -> dict[str, dict[str, Any]]:
    systemic = int(sum("共性" in text.zh for text in frames["places"]["reading"])) if len(frames["places"]) else 0
    many = int(sum("多家门店" in text.zh for text in frames["alike"]["reading"])) if len(frames["alike"]) else 0
    return {
        "cards": {
            "title": say("抱怨话题里，负面声音最多的 {n} 个", "Complaint topics: the {n} with the most negative voices", n=len(frames["cards"]))
            if len(frames["cards"]) else words.NO_COMPLAINT,
            "subtitle": say("括号里是 {p:.0%} 区间；负面看客户自己的打分，没有打分的渠道看来源的情绪标记",
                            "{p:.0%} intervals in brackets; negative by the customer's own score, or the source's mood tag where there are none",
                            p=level),
            "note": Text("变化：最近 13 周的占比减去之前 13 周。", "Change: share in the last 13 weeks minus the 13 weeks before."),
            "columns": words.CARD_COLUMNS,
        },
        "places": {
            "title": say("{n} 个抱怨话题里，{k} 个是共性的；其余各处有差别，或看不清",
                         "{k} of {n} complaint topics are systemic; the others are uneven or unclear", k=systemic, n=len(frames["places"]))
            if len(frames["places"]) else words.NO_COMPLAINT,
            "subtitle": Text("说这件事的人，与说话的全体相比，落在哪些门店、区域、车型", "Where those who say it are, compared with all who speak"),
            "note": PLACES_NOTE,
            "columns": words.PLACE_COLUMNS,
        },
        "verbatims": {
            "title": Text("这些话题，客户是这么说的", "How customers put it"), "columns": words.VERBATIM_COLUMNS,
            "subtitle": Text("带负面标记的声音里，离话题中心最近的两条", "The two negative voices nearest to the centre of the topic"),
        },
        "alike": {
            "title": say("{n} 组抱怨说的是同一件事，其中 {k} 组在多家门店反复出现",
                         "{n} {n:group of complaints says|groups of complaints say} the same thing; {k} {k:recurs|recur} at many dealers",
                         n=len(frames["alike"]), k=many) if len(frames["alike"]) else words.NONE_ALIKE,
            "subtitle": Text("负面声音，写法两两相近（余弦 ≥ 0.8）连成的组，人数最多的在前；所示为其中篇幅居中的一条",
                             "Negative voices with similar wording (cosine 0.8 or more), most people first; the one of median length is shown"),
            "columns": words.ALIKE_COLUMNS,
        },
        "loose": {
            "title": say("{n} 个话题不稳定，只当线索", "{n} {n:topic is|topics are} unstable: treat as hints only", n=len(frames["loose"])),
            "columns": words.LOOSE_COLUMNS,
            "subtitle": Text("稳定度 = 换一批文字时与最像的话题的平均重合（杰卡德），0.6 以下为不稳定",
                             "Stability = mean overlap (Jaccard) with the most similar topic in a refit; unstable below 0.6"),
        },
    }


def _news(watch: emerging.Watch, frames: Mapping[str, pd.DataFrame], until: pd.Timestamp) -> dict[str, dict[str, Any]]:
    if watch.refusal is not None:  # nothing is drawn then, and the note says why
        return {"emerging": {}, "fresh": {}, "days": {}}
    new, rising = (sum(t.kind == kind for t in watch.themes) for kind in ("new", "rising"))
    title = say("自 {d} 起：{n} 个新话题，{k} 个升温", "Since {d}: {n} new topics, {k} rising", d=f"{until + pd.Timedelta(days=1):%Y-%m-%d}", n=new,
                k=rising)
    note = say("看了 {e} 个晚上；误报预算每年 {b:g} 次，这段时间预计至多 {f:.2g} 次；时有时无的词（如天气、节假日）很突然时，可能略多。",
               "{e} evenings were checked; budget {b:g} false {alarms} a year, so at most {f:.2g} expected in this time, perhaps slightly more when "
               "occasional words come in very sudden bursts (weather, holidays).",
               e=watch.evenings, b=watch.budget, alarms=Text("", "alarm" if watch.budget == 1 else "alarms"), f=watch.expected_false)
    own = frames["emerging"].iloc[0] if len(frames["emerging"]) else None
    daily = title if own is None else say("{t}：上名单时 {a} 条，至今 {b} 条", "{t}: {a} voices when listed, {b} to date", t=own["theme"],
                                          a=int(own["n"]), b=int(own["since"]))
    labels = dict(enumerate(frames["emerging"]["theme"]))
    return {
        "emerging": {"title": title, "note": note, "columns": words.EMERGING_COLUMNS,
                     "subtitle": Text("每晚看最近 7 天，与之前 13 周比；复制粘贴只算一次",
                                      "Every evening, the last 7 days compared with the 13 weeks before; copies count once")},
        "fresh": {"title": Text("名单上的话题，客户是这么说的", "What customers say on the listed topics"), "columns": words.VERBATIM_COLUMNS,
                  "subtitle": Text("最早的两条", "The first two voices")},
        "days": {"title": daily, "description": daily, "labels": labels, "subtitle": Text("每天的声音数", "Voices per day"), "note": note},
    }


def _themes(topics: pd.DataFrame, names: Mapping[str, Text]) -> dict[str, dict[str, Any]]:
    both = int(topics[topics["theme"].ne("")].groupby("theme")["language"].nunique().ge(2).sum()) if len(names) else 0
    loose = topics[topics["theme"].eq("")]
    return {
        "joined": {
            "title": say("{k} 个主题，中英文都在说的有 {b} 个", "{k} themes, {b} of them raised in both languages", k=len(names), b=both),
            "subtitle": Text("话题按语言分别得出，由可编辑的词典归到同一主题",
                             "Topics are found separately in each language and joined into themes by an editable dictionary"),
            "columns": words.JOINED_COLUMNS,
        },
        "unlinked": {
            "title": say("{n} 个话题不属于任何主题", "{n} topics belong to no theme", n=len(loose)), "columns": words.UNLINKED_COLUMNS,
            "subtitle": Text("词典里没有合适的词，或一个话题混着几件事；补词典请改 params/rules/aspects.yml",
                             "The dictionary has no word for them, or they mix several things; add words in params/rules/aspects.yml"),
        },
    }


def _moved(walk: crosswalk.Crosswalk) -> dict[str, Any]:
    kept = sum(fate == "kept" for fate in walk.fates.values())
    return {
        "title": say("把后来的声音也算进来重新归并，{n} 个话题保留 {k} 个", "Regrouped with the later voices, {k} of {n} topics are kept",
                     n=len(walk.fates), k=kept),
        "subtitle": Text("保留 = 与新话题重合（杰卡德）至少一半；拆分、并入 = 一半以上的文字去了那里",
                         "Kept = overlap (Jaccard) of half or more with a new topic; split or merged = more than half of its texts went there"),
        "note": Text(walk.summary("zh"), walk.summary("en")), "columns": words.MOVED_COLUMNS,
    }
