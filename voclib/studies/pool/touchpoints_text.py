"""What the map of touchpoints and its findings say, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voclib.results import Check, Text
from voclib.sentences import listed, say
from voclib.studies.pool import text

STAGES = {"了解": "Discover", "购买": "Buy", "交付": "Delivery", "用车": "Drive", "售后": "Service", "流失": "Leaving"}
FILES = Text("数据文件", "Files")
NO_REGISTER = Text("没有触点登记表，这里按映射里的文件列出。", "There is no register of touchpoints, so the files in the mapping are listed here.")
ALL_MATCHED = Text("凡写了客户编号的行，客户都在名单里。", "Every customer named in a row is on the list.")
NO_CUSTOMERS = Text("数据里没有客户名单，客户编号无从核对。", "The data hold no customer list, so customer numbers cannot be checked.")
NOTHING_NOTICED = Text(
    "导入没有发现触点沉默、换写法或重复。", "The import found no silent touchpoint, no changed format and nothing counted twice."
)
NO_VOICES = Text("没有带日期的声音可画。", "There are no dated voices to draw.")
NOTICED_COLUMNS = {"what": Text("发现", "Finding"), "does": Text("意味着什么，怎么办", "What it means, and what to do")}
CELLS = ("vvip_urgent", "vvip_calm", "regular_urgent", "regular_calm", "unknown_urgent", "unknown_calm")
TIER_COLUMNS = {
    "channel": Text("渠道", "Channel"),
    "vvip_urgent": Text("高价值 · 紧急", "High-value, urgent"),
    "vvip_calm": Text("高价值 · 一般", "High-value, normal"),
    "regular_urgent": Text("普通 · 紧急", "Regular, urgent"),
    "regular_calm": Text("普通 · 一般", "Regular, normal"),
    "unknown_urgent": Text("未知 · 紧急", "Unknown, urgent"),
    "unknown_calm": Text("未知 · 一般", "Unknown, normal"),
}
TIER_TITLE = Text("谁在说，有多急", "Who is speaking, and how urgent it is")
TIER_SUBTITLE = Text(
    "紧急 = 工单定为安全或高等级，或负面且触达面在本渠道前 1%",
    "Urgent: the case is graded safety or high, or the voice is negative with an audience in its channel's top 1%",
)
UNMATCHED_COLUMNS = {
    "channel": Text("渠道", "Channel"),
    "rows": Text("对不上的行", "Unmatched rows"),
    "share": Text("占有客户编号的行", "Share of rows with a customer"),
    "identifiers": Text("涉及编号", "Distinct identifiers"),
}
UNMATCHED_TITLE = Text("客户编号不在名单上的行", "Rows naming a customer who is not on the list")


def map_title(touchpoints: Sequence[Mapping[str, Any]]) -> Text:
    """How many touchpoints deliver, and which do not: the finding of the map."""
    lost, unread, unjudged = ([t for t in touchpoints if t["status"] in which] for which in (("silent", "missing"), ("unreadable",), ("unjudged",)))
    more = [part for part in (_unread(unread), _unjudged(unjudged)) if part]
    k, tail = len(touchpoints), Text("".join(f"；{t.zh}" for t in more), "".join(f"; {t.en}" for t in more))
    if lost:
        return say("{k} 个触点里 {n} 个没有声音：{names}{tail}", "{n} of {k} touchpoints {n:sends|send} no voices: {names}{tail}", n=len(lost), k=k,
                   names=_names(lost[:3]), tail=tail)
    if more:
        return say("{k} 个触点里 {n} 个在送达{tail}", "{n} of {k} touchpoints {n:is|are} delivering{tail}", tail=tail, k=k,
                   n=sum(t["status"] == "connected" for t in touchpoints))
    only = Text("唯一的触点在送达", "The only touchpoint is delivering")
    return only if k == 1 else say("{k} 个触点都在送达", "All {k} touchpoints are delivering", k=k)


def _names(touchpoints: Sequence[Mapping[str, Any]]) -> Text:
    return listed(name(t) for t in touchpoints)


def _unread(touchpoints: Sequence[Mapping[str, Any]]) -> Text | None:
    """How many arrive and cannot be read, if any do."""
    return say("{n} 个在送但读不出", "{n} {n:delivers|deliver} but cannot be read", n=len(touchpoints)) if touchpoints else None


def _unjudged(touchpoints: Sequence[Mapping[str, Any]]) -> Text | None:
    """How many have no interval to be judged by, if any have none."""
    return say("{n} 个未约定间隔", "{n} {n:has|have} no agreed interval", n=len(touchpoints)) if touchpoints else None


def map_subtitle(last_day: str | None, *, has_register: bool) -> Text:
    """What a cell is, up to when, and where the list of touchpoints comes from."""
    told = say("每格一个月，截至 {day}", "Each cell is a month, up to {day}", day=last_day or "–")
    return told if has_register else Text(f"{told.zh}。{NO_REGISTER.zh}", f"{told.en}. {NO_REGISTER.en}")


def noticed_title(n: int) -> Text:
    """How many findings the import has."""
    return say("导入时发现 {n} 件事", "The import found {n} {n:thing|things} to note", n=n)


def name(found: Mapping[str, Any]) -> Text:
    """A touchpoint's name in both languages; the register may know only one."""
    return Text(str(found["name"]), str(found["name_en"] or found["name"]))


def stage(given: str | None) -> Text:
    """A stage of the journey; one the product does not know stays as the register words it."""
    return FILES if given is None else Text(given, STAGES.get(given, given))


def day(iso: str) -> Text:
    """A calendar day, written the same in both languages."""
    return Text(iso, iso)


def detail(found: Mapping[str, Any]) -> Text:
    """What stands at the end of a touchpoint's row: its last day, how long it has been silent, or that nothing comes."""
    match found["status"], found["reason"]:
        case "silent", "stopped":
            return say("沉默 {n} 天", "silent {n} days", n=int(found["days_silent"]))
        case "silent", _:
            return Text("文件是空的", "file is empty")
        case "missing", _:
            return Text("没有文件", "no file")
        case "unplanned", _:
            return Text("未计划接入", "not planned")
        case "unreadable", _:
            return Text("在送，但读不出", "delivers, unreadable")
        case "unjudged", _ if found["last_day"]:
            return say("最后 {day}", "last on {day}", day=day(found["last_day"]))
    return day(found["last_day"]) if found["last_day"] else say("{n} 行", "{n} rows", n=int(found["rows"]))


def _owner(found: Mapping[str, Any]) -> Text:
    if found["owner_department"]:
        return say("请{who}查明并补送。", "{who} should find out why and send what is missing.", who=found["owner_department"])
    return Text("先定下由谁负责。", "First decide who is responsible for it.")


def _finding(what: Text, where: Text, does: Text, fix: Text) -> dict[str, Text]:
    """One finding as a row: what and where, then what it does and what mends it."""
    return {
        "what": Text(f"{what.zh}：{where.zh}", f"{what.en}: {where.en}"),
        "does": Text(f"{does.zh}。{fix.zh}", f"{does.en[:1].upper()}{does.en[1:]}. {fix.en}"),
    }


def silent(found: Mapping[str, Any]) -> dict[str, Text]:
    """A touchpoint that fell silent or never came, as a row."""
    if found["status"] == "missing":
        return _finding(
            Text("触点缺失", "Touchpoint missing"),
            name(found),
            say("登记的文件 {f} 没有送到", "the registered file {f} did not arrive", f=found["feed"]),
            _owner(found),
        )
    if found["reason"] == "no_rows":
        return _finding(
            Text("触点沉默", "Touchpoint silent"),
            name(found),
            say("文件 {f} 里没有一行", "its file {f} contains no rows", f=found["feed"]),
            _owner(found),
        )
    does = say(
        "{day} 之后没有声音，已 {n} 天；约定最多间隔 {e} 天",
        "no voices for {n} days, since {day}; the agreed maximum gap is {e} days",
        day=day(found["last_day"]),
        n=int(found["days_silent"]),
        e=int(found["expected_days"] or 0),
    )
    return _finding(Text("触点沉默", "Touchpoint silent"), name(found), does, _owner(found))


def format_change(found: Mapping[str, Any]) -> dict[str, Text]:
    """A feed that changed how it writes a column, as a row."""
    before, after = (found[side]["example"] or found[side]["shape"] for side in ("before", "after"))
    does = say(
        "{day} 起从“{a}”变成“{b}”；此后 {n} 行里有 {q} 行被隔离",
        "from {day} on it reads “{b}” instead of “{a}”; {q} of {n} rows since then were quarantined",
        day=day(found["day"]),
        a=before,
        b=after,
        n=int(found["rows_after"]),
        q=int(found["rows_quarantined_after"]),
    )
    fix = (
        say("在映射里加一行：{f}", "Add to the mapping: {f}", f=found["fix"])
        if found["fix"]
        else Text("问发送方：单位或含义变了没有。", "Ask the sender whether the unit or meaning has changed.")
    )
    what = Text("中途换了写法", "Changed its format") if found["kind"] == "format" else Text("中途换了量级", "Changed its scale")
    return _finding(what, Text(*(f"{found['file']} · {found['column']}",) * 2), does, fix)


def same_batch(found: Mapping[str, Any]) -> dict[str, Text]:
    """One batch under two names, as a row."""
    does = say(
        "{n} 位客户两次都在，{s:.0%} 给了同样的分数（碰巧约 {e:.0%}）",
        "{n} customers appear in both; {s:.0%} gave the same scores (about {e:.0%} expected by chance)",
        n=int(found["customers"]),
        s=float(found["agreement"]),
        e=float(found["expected_agreement"]),
    )
    return _finding(
        Text("同一批算了两次", "Batch counted twice"),
        Text(*(f"{found['campaign']} · {found['repeats_as']}",) * 2),
        does,
        say("只留先到的一批，去掉 {n} 行。", "Keep the batch that arrived first; drop {n} rows.", n=int(found["rows_again"])),
    )


def entered_again(found: Mapping[str, Any]) -> dict[str, Text]:
    """Answers entered twice within a day, as a row."""
    does = say("{n} 份回答在一天内原样重复", "{n} answers repeat another exactly within a day", n=int(found["rows"]))
    where = Text(*(f"{text.channel(found['channel'])[lang]} · {found['month']}" for lang in ("zh", "en")))
    return _finding(
        Text("重复录入", "Entered twice"), where, does, Text("查这个月的导出是否合并了两次。", "Check whether that month's export was merged twice.")
    )


def copied(found: Mapping[str, Any]) -> dict[str, Text]:
    """Copied posts, as a row."""
    does = say(
        "{n} 条几乎同文，出自 {k} 个账号", "{n} posts with nearly identical text, from {k} accounts", n=int(found["voices"]), k=int(found["authors"])
    )
    where = say("{c} · {a} 至 {b}", "{c}, {a} to {b}", c=text.channel(found["channel"]), a=day(found["first_day"]), b=day(found["last_day"]))
    return _finding(
        Text("复制粘贴的一波", "Wave of copied posts"),
        where,
        does,
        Text("当作一个声音看，不当作一群人。", "Treat it as one voice, not as a crowd."),
    )


def across(found: Mapping[str, Any]) -> dict[str, Text]:
    """Voices that stand in two channels, as a row."""
    one, other = (text.channel(name) for name in found["channels"])
    does = say(
        "{n} 对是同一个人的同一句话或同日同分",
        "in {n} pairs, the same person used the same words or gave the same score on the same day",
        n=int(found["pairs"]),
    )
    return _finding(
        Text("跨渠道重复", "Duplicates across channels"),
        Text(f"{one.zh} · {other.zh}", f"{one.en} · {other.en}"),
        does,
        Text("跨渠道加总时只算一次。", "Count each pair only once when adding up channels."),
    )


def scattered(channels: int, n: int) -> dict[str, Text]:
    """Pairs of channels that share only a few voices, in one row."""
    where = say("另 {k} 组渠道", "{k} other pairs of channels", k=channels)
    does = say("合计 {n} 对，可能各自成立", "{n} such pairs in all; both voices of a pair may be genuine", n=n)
    return _finding(
        Text("零星的跨渠道重复", "Scattered duplicates across channels"), where, does, Text("数目小时不必处理。", "Nothing to do while they are few.")
    )


def delivering(lost: Sequence[Mapping[str, Any]], unread: Sequence[Mapping[str, Any]], unjudged: Sequence[Mapping[str, Any]], total: int) -> Check:
    """Whether every registered touchpoint delivers; open where nothing is wrong but some have no interval to be judged by."""
    told = [] if not lost else [say("{n} 个沉默或缺失：{names}", "{n} {n:is|are} silent or missing: {names}", n=len(lost), names=_names(lost))]
    for part, found in ((_unread(unread), unread), (_unjudged(unjudged), unjudged)):
        told += [say("{part}：{names}", "{part}: {names}", part=part, names=_names(found))] if part else []
    joined = Text("；".join(t.zh for t in told), "; ".join(t.en for t in told))
    detail = say("{k} 个触点里，{told}。", "Of {k} touchpoints, {told}.", k=total, told=joined)
    return Check(
        Text("触点都在送达", "Every touchpoint is delivering"),
        False if lost or unread else None if unjudged else True,
        detail if told else say("{k} 个触点都在。", "{k} {k:touchpoint|touchpoints}, none silent or missing.", k=total),
        Text("那里的客户这段时间没有声音，不等于没有意见。", "Customers there have been silent lately, but may still have something to say."),
    )


def steady(changes: Sequence[Mapping[str, Any]]) -> Check:
    """Whether every feed kept its format."""
    files = sorted({c["file"] for c in changes})
    told = say("中途变了写法的文件：{f}。", "Files that changed format midway: {f}.", f=Text("、".join(files), ", ".join(files)))
    return Check(
        Text("没有文件中途换写法", "No file changed its format midway"),
        not changes,
        told if changes else Text("未发现。", "None found."),
        Text("变化之后的行大多被隔离，近期的数字因此偏少。", "Most rows since then were quarantined, so recent counts are too low."),
    )


def counted_once(*found: Sequence[Mapping[str, Any]]) -> Check:
    """Whether no batch, answer or text counts more than once."""
    batches, again, copies = (len(part) for part in found)
    told = say(
        "重复的批次 {a} 个，重复录入 {b} 处，复制文字 {c} 波。",
        "Duplicate batches: {a}; places with answers entered twice: {b}; waves of copied text: {c}.",
        a=batches,
        b=again,
        c=copies,
    )
    return Check(
        Text("没有声音算两次", "No voice is counted twice"),
        not (batches or again or copies),
        told,
        Text("去重前后的分数要并排看。", "Compare scores with and without the duplicates."),
    )
