"""What the product managers' Monday brief says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from voclib.readers.product.counts import BUGS, COMPLAINTS, REPAIRS, UNHAPPY
from voclib.results import Check, Estimate, Ladder, Text
from voclib.sentences import DASH, joined, listed, say, with_interval

if TYPE_CHECKING:
    from voclib.readers.product import Judged

QUESTION = Text("这一期，每款产品有什么变了、先处理什么？", "What changed for each product, and what comes first?")
CAVEAT = Text(
    "“大过偶然”只说明超出了平常的起伏；换季、促销也会让它超出，一年的数据分不开季节。",
    "“More than chance” means only beyond the usual variation. Seasons and promotions do that too; one year of data cannot isolate the season.",
)
TOO_WIDE = Text("平常的次数太少，上端没有界。", "There are too few usual events, so the upper end has no limit.")
MORE_PERIODS = Text("再积累几期，或把几个零件并在一起看。", "A few more periods, or several parts taken together.")
NOTHING_TOLD = Text("没有一项的次数多到可以判断。", "No count is large enough to be judged.")
MORE_EVENTS = Text("每一期平均至少 5 次、以往合计至少 20 次；可以把 weeks 调大。",
                   "At least 5 per period on average and 20 in all so far; a larger weeks= helps.")
NO_MOVES = Text("没有一项能判断，所以没有图。", "Nothing can be judged, so there is no chart.")
NONE_FLAGGED = Text("以往各期没有一项亮过：埋下的高峰和下降，这条规则一个也没有看出来。",
                    "Nothing was flagged in any period: the rule saw none of the planted peaks and falls.")
TOO_FEW = Text("回答太少", "too few answers")
LIMITS = (
    (
        Text("没有亮起来，不等于一切都好。", "“Nothing flagged” does not mean that all is well."),
        Text(
            "这一页只看“变没变”。一直很差、没有变得更差的，不会出现在这里；看上面“每款产品现在的水平”那张表。",
            "This page looks only for change. What was bad all along and got no worse is not flagged; see “Where each product stands” above.",
        ),
    ),
    (
        Text("亮起来的，不等于找到了原因。", "A flag does not mean that the cause is known."),
        Text(
            "变化和某个批次、某家门店、某次活动同时发生，都可能。原因要另查。",
            "The change may coincide with a batch, a dealer or a campaign; the reason has to be looked into separately.",
        ),
    ),
    (
        Text("小产品、小零件的变化，这里看不见。", "Changes in small products and rare parts cannot be seen here."),
        Text(
            "一期不到 5 次的不判断。安全问题不要等它凑够次数：一件就处理。",
            "Fewer than 5 per period are not judged. Safety should not wait for numbers: one case is enough to act.",
        ),
    ),
    (
        Text("说产品坏了、抱怨多了，都只数到了说出来的客户。", "Only customers who spoke up are counted."),
        Text(
            "抱怨按收到的声音来除，所以多发问卷不会让它变多；但从来不开口的客户，不在里面。",
            "Complaints are counted per voice received, so more surveys do not raise them; but customers who never speak up are not included.",
        ),
    ),
)
KINDS = {
    UNHAPPY: Text("不满的声音", "unhappy voices"),
    BUGS: Text("一线上报的故障", "faults reported by the frontline"),
}

TABLES = {COMPLAINTS: Text("主题", "topics"), REPAIRS: Text("维修", "repairs"), BUGS: Text("一线上报", "frontline reports")}


@dataclass(frozen=True)
class Names:
    """What topics and parts are called, by their id in the data."""

    topics: Mapping[str, Text]
    parts: Mapping[str, Text]

    def topic(self, key: str) -> Text:
        """The name of a topic; its id without underscores where none is known."""
        return self.topics.get(key, Text(key, key.replace("_", " ")))

    def row(self, key: pd.Series) -> Text:
        """What a row counts: product, then what of it."""
        product, kind, subject = key["product"], key["kind"], key["subject"]
        if kind == COMPLAINTS:
            what = say("抱怨{t}", "complaints: {t}", t=self.topic(subject))
        elif kind == REPAIRS:
            what = say("修{p}", "repairs: {p}", p=self.parts.get(subject, Text(subject, subject)))
        else:
            what = KINDS[kind]
        return Text(f"{product} · {what.zh}", f"{product} · {what.en}")


NO_KICKER = Text("没有可以比较的时期", "No periods to compare")


def countable(reason: Text, needs: Text) -> Check:
    """Whether there is anything to count."""
    return Check(Text("有产品、有时期可数", "There are products and periods to count"), False, reason, needs)


def kicker(judged: Judged) -> Text:
    """The period on one line."""
    last = judged.counts.until - pd.Timedelta(days=1)
    first = judged.counts.until - pd.Timedelta(days=judged.counts.days)
    return Text(f"{first:%Y-%m-%d} 至 {last:%Y-%m-%d} · 对比此前 {judged.counts.counts.shape[1] - 1} 期",
                f"{first:%Y-%m-%d} to {last:%Y-%m-%d} · compared with the {judged.counts.counts.shape[1] - 1} periods before")


Titles = Mapping[str, Text]  # what a row counts, by the Chinese of it, which an Estimate carries as its group


def titles(names: Names, keys: pd.DataFrame) -> Titles:
    """The rows' names in both languages by their Chinese."""
    return {name.zh: name for name in (names.row(key) for _, key in keys.iterrows())}


def answer(judged: Judged, most: Sequence[Estimate], known: Titles) -> Text:
    """What moved by more than chance; what only looks as if it had."""
    told, up, down, naive = (int(x.sum()) for x in (judged.told, judged.up, judged.down, judged.naive_up))
    if not told:
        return Text("还判断不了：没有一项的次数多到可以判断。", "No conclusion yet: no count is large enough to be judged.")
    looked = say("能判断的 {n} 项里，有 {k} 项比上一期高，其余高低都在平常的起伏之内。",
                 "Of {n} counts that can be judged, {k} {k:is|are} above the previous period; all other ups and downs are usual variation.",
                 n=told, k=naive)
    if not up + down:
        first = Text("没有一项的变化大过偶然。", "Nothing moved by more than chance.")
        return say("{a}能判断的 {n} 项里，{k} 项比上一期高，都在平常的起伏之内。",
                   "{a} Of {n} counts that can be judged, {k} {k:is|are} above the previous period, all within their usual variation.",
                   a=first, n=told, k=naive)
    first = say("{up} 项变多、{down} 项变少，大过偶然。", "{up} {up:count|counts} rose and {down} fell by more than chance.", up=up, down=down)
    if most:
        lead = say("最明显的是{g}：是平常的 {x:bare} 倍（{x:interval}）。", "The clearest is {g}: {x:bare} times its usual rate ({x:interval}).",
                   g=known[most[0].group], x=most[0])
        return joined(first, lead, looked)
    return joined(first, looked)


def decision(most: Sequence[Estimate], sheet: pd.DataFrame, known: Titles) -> Text:
    """What to look at first: what moved up, then open safety cases."""
    rising = [e for e in most if e.value > 1]
    parts = []
    if rising:
        parts.append(say("先查：{g}。", "Look first at {g}.", g=listed(known[e.group] for e in rising)))
    else:
        parts.append(Text("不必因为这一期的涨跌立新项目。", "Do not start a new project over this period’s ups and downs."))
    safety = sheet[sheet["safety"].fillna(0) > 0]
    if len(safety):
        cases = listed(say("{p} {n} 件", "{p} ({n})", p=row["product"], n=int(row["safety"])) for _, row in safety.iterrows())
        parts.append(say("还开着的安全工单今天就处理：{l}。", "Settle open safety cases today: {l}.", l=cases))
    return joined(*parts)


def feed(heard: float, usual: float, *, passed: bool) -> Check:
    """Whether the last period is whole."""
    return Check(Text("最近一期的数据收齐了", "The latest period is complete"), passed,
                 say("这一期收到 {n} 条声音，平常一期 {u} 条。", "{n} voices arrived this period; the usual number is {u}.", n=round(heard),
                     u=round(usual)),
                 None if passed else Text("先查接入，再看涨跌。", "Check the data feeds before reading any change."))


def sources(cut: Mapping[str, pd.Timestamp], late: Mapping[str, tuple[pd.Timestamp, int]], rows: int) -> Check:
    """Whether tables other than the voices cover the periods compared: `late` with the first day and the usual periods left, `rows` not judged."""
    name = Text("各张表都覆盖了比较的各期", "Every table covers the periods compared")
    if not cut and not late:
        return Check(name, True, Text("数到的各张表都从第一期记到了期末。", "All tables counted run from the first period to the last."))
    parts = []
    if cut:
        ends = listed(say("{t}只到 {d}", "{t} up to {d}", t=TABLES[kind], d=f"{last:%Y-%m-%d}") for kind, last in cut.items())
        parts.append(say("{l}，此前从没有空过这么久。", "Tables that end early: {l}; they never had such a gap before.", l=ends))
    if late:
        starts = listed(say("{t}从 {d} 才有记录，平常只剩 {k} 期", "{t} only from {d}, which leaves {k} usual {k:period|periods}", t=TABLES[kind],
                            d=f"{first:%Y-%m-%d}", k=usual) for kind, (first, usual) in late.items())
        parts.append(say("{l}；更早的空白不当作 0。", "Tables that begin late: {l}; the earlier blank is not taken as 0.", l=starts))
    if rows:
        parts.append(say("{n} 项缺了这一期，或剩下的期数太少，不判断。",
                         "{n} {n:count lacks this period or has|counts lack this period or have} too few left, and {n:is|are} not judged.", n=rows))
    return Check(name, False if rows else None, joined(*parts),
                 Text("等数据补齐，再看这几项。", "Have the export completed before reading these counts.") if rows else None)


def dated(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with days instead of moments, as a table prints them."""
    return frame.assign(until=pd.to_datetime(frame["until"]).dt.strftime("%Y-%m-%d"))


def season(days: int, *, passed: bool) -> Check:
    """Whether a year stands behind what is called usual."""
    months = round(days / 30.4)
    return Check(Text("“平常”有没有一整年", "“Usual” covers a whole year"), True if passed else None,
                 say("对比用了 {n} 个月；不到两年，换季和变化分不开。",
                     "The comparison uses {n} {n:month|months}; with less than two years, a season cannot be separated from a change.", n=months))


def scatter(dispersion: float, poisson: int, ours: int) -> Check:
    """How much more counts scatter than chance alone would have them, and what ignoring it would do."""
    return Check(Text("起伏比纯偶然大多少", "How much counts vary beyond chance"), None, say(
        "一般的一项，方差是纯偶然的 {x} 倍。不管这一点、也不管看了多少项，会亮 {k} 项；现在亮 {m} 项。",
        "A typical count has {x} times the variance of pure chance. Ignoring that, and how many counts are examined, {k} would be flagged; {m} "
        "{m:is|are}.",
        x=f"{dispersion:.1f}", k=poisson, m=ours))


def thin(k: int, n: int) -> Check:
    """How many rows cannot be judged."""
    return Check(Text("次数太少、判断不了的", "Too few to be judged"), None,
                 say("{n} 项里有 {k} 项：一期不到 5 次，或以往不到 20 次。",
                     "{k} of {n} counts: fewer than 5 per period, or fewer than 20 so far.", k=k, n=n))


def record(history: pd.DataFrame) -> Check:
    """How the rule did in the periods before."""
    ours, naive = int((history["up"] + history["down"]).sum()), int(history["naive_up"].sum())
    return Check(Text("同一规则回放以往各期", "The same rule applied to earlier periods"), None, say(
        "{n} 期一共亮过 {k} 项；只看比上一期高不高，会有 {m} 次。",
        "Over {n} {n:period|periods} it flagged {k}; simply being above the previous period would have flagged {m}.",
        n=len(history), k=ours, m=naive))


def sheet(found: pd.DataFrame) -> pd.DataFrame:
    """The sheet as a table prints it."""
    rows = []
    for row in found.to_dict("records"):
        rows.append({"product": row["product"], "nps": _cell(row["nps"]), "complaint": _complaint(row), "voices": row["voices"],
                     "open": row["open"], "safety": row["safety"]})
    return pd.DataFrame(rows, columns=["product", "nps", "complaint", "voices", "open", "safety"])


def _cell(estimate: Estimate | None) -> Text:
    return with_interval(estimate, absent=TOO_FEW if estimate else DASH)


def _complaint(row: Mapping[str, Any]) -> Text:
    if row["topic"] is None:
        return DASH
    return say("{t} {x}", "{t} {x}", t=row["topic"], x=_cell(row["complaint"]))


def flag(row: Mapping[str, Any]) -> Text:
    """A ratio that was flagged, with its interval."""
    return say("{r} 倍（{l}–{h}）", "{r} times ({l}–{h})", r=f"{row['ratio']:.2f}", l=f"{row['low']:.2f}", h=f"{row['high']:.2f}")


def planted(project: str, factor: float, *, landed: bool) -> Text:
    """What the simulation did to the rate at that time."""
    if landed:
        return say("{p} 落地后 ×{f}", "×{f} since {p} went live", p=project, f=f"{factor:.2f}")
    return say("{p} 立项前的高峰 ×{f}", "×{f} peak before {p} started", p=project, f=f"{factor:.2f}")


NOTHING_PLANTED = Text("没有埋下变化", "No change was planted")


def captions(judged: Judged, moves: Sequence[Estimate], ladder: Ladder | None, flags: pd.DataFrame, known: Titles) -> dict[str, dict[str, Any]]:
    """Titles and notes of the figures."""
    up, down = int(judged.up.sum()), int(judged.down.sum())
    moved = say("{up} 项变多、{down} 项变少，大过偶然", "{up} rose and {down} fell by more than chance", up=up, down=down) if up + down else \
        Text("没有一项的区间离开“不变”", "Every interval includes “no change”")
    labels = {e.group: known[e.group] for e in moves}
    return {
        "moves": {"title": moved, "subtitle": Text(
            "这一期是平常的几倍；区间已按看了多少项放宽；灰圈是只跟上一期比",
            "This period as a multiple of the usual rate; intervals allow for all counts examined; ring: against the previous period only"),
                  "labels": labels, "note": Text("只画变化最明显的几项。", "Only the counts that changed most are shown.")},
        "ladder": {} if ladder is None else _ladder(known[moves[0].group]),
        "sheet": {"title": Text("每款产品现在的水平", "Where each product stands"),
                  "subtitle": Text("NPS 与抱怨看最近 13 周，括号里是区间；安全工单多的在前",
                                   "NPS and complaints over the last 13 weeks, intervals in brackets; most open safety cases first"),
                  "columns": {"product": Text("产品", "Product"), "nps": Text("NPS", "NPS"),
                              "complaint": Text("抱怨最多的（占声音）", "Top complaint (share of voices)"), "voices": Text("声音", "Voices"),
                              "open": Text("开着的工单", "Open cases"), "safety": Text("其中安全", "Of which safety")},
                  "formats": {"voices": "exact", "open": "exact", "safety": "exact"}},
        "history": {"title": Text("把同一规则放回以往各期", "The same rule applied to earlier periods"),
                    "columns": {"until": Text("截至", "Up to"), "told": Text("能判断", "Can be judged"), "up": Text("亮：变多", "Flagged up"),
                                "down": Text("亮：变少", "Flagged down"), "naive_up": Text("比上一期高", "Above previous period")},
                    "formats": {"until": "text"}},
        "flags": {"title": say("以往亮过的 {n} 项", "{n} flagged so far", n=len(flags)),
                  "columns": {"until": Text("截至", "Up to"), "what": Text("哪一项", "What"), "shown": Text("平常的几倍", "Multiple of usual"),
                              "events": Text("次数", "Events"), "expected": Text("平常该有", "Usual"),
                              "planted": Text("埋下了什么", "What was planted")},
                  "formats": {"until": "text", "events": "exact", "expected": "count"}},
    }


def _ladder(first: Text) -> dict[str, Any]:
    labels = {
        "month": (Text("只跟上一期比", "Against the previous period"), Text("看板上的箭头", "The dashboard arrow")),
        "year": (Text("跟一年比", "Against the past year"), Text("“平常”更稳", "A steadier usual rate")),
        "scatter": (Text("算上平常的起伏", "With its usual variation"), Text("平常就忽高忽低", "Counts go up and down anyway")),
        "all": (Text("算上看了多少项", "With all counts examined"), Text("看得多，总有一项最高", "Of many, one is always highest")),
    }
    return {"title": say("变化最明显的一项：{g}", "Largest change: {g}", g=first), "labels": labels,
            "subtitle": Text("这一期是平常的几倍", "This period as a multiple of the usual rate")}
