"""What is said of an audit trail: what re-adds, what stands behind it, what could not be linked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from voclib.results import Check, Estimate, Text
from voclib.sentences import say
from voclib.studies.ledger.text import exact

_TABLES = {
    "responses": Text("客户声音", "responses"),
    "topic_mentions": Text("声音里的主题", "topic_mentions"),
    "cases": Text("工单", "cases"),
}
_NEEDED = {
    "responses": Text("带客户编号的原话（表 responses）", "voices with a customer number (table responses)"),
    "topic_mentions": Text("每条声音的主题（表 topic_mentions）", "the topics of each voice (table topic_mentions)"),
    "cases": Text("由声音开出的工单（表 cases）", "cases opened from voices (table cases)"),
}


def observed(customers: int, days: float, side: str) -> Text:
    """The name of what some customers brought in their windows."""
    return say("{n} 位客户，各自起点{side} {days} 天", "{n} customers, {days} days {side} each one's start", n=customers, days=f"{days:g}",
               side=Text("之后", "after") if side == "after" else Text("之前", "before"))


def booked(label: Text, cents: int, rows: int, customers: int, currency: str, measured: Text) -> Text:
    """What the ledger holds behind an amount."""
    return say("{label}：账上可查的{what}是 {amount}，出自 {rows} 笔账、{customers} 位客户。",
               "{label}: the ledger holds {amount} of {what} (bookings: {rows}, customers: {customers}).",
               label=label, what=measured, amount=exact(cents, currency), rows=rows, customers=customers)


def average(booked: Text, total: int, over: int, times: int, currency: str) -> Text:
    """How an amount follows from the average of its rows."""
    return say("{booked}摊到 {over} 位客户，人均 {each} × {times} = {amount}。",
               "{booked} Spread over {over} customers, that is {each} each, × {times} = {amount}.", booked=booked,
               over=over, each=exact(total // times if times else 0, currency), times=times, amount=exact(total, currency))


def split(booked: Text, modelled: Estimate | None) -> Text:
    """What of an amount is booked, then what is an estimate."""
    if modelled is None:
        return booked
    if modelled.kind == "refusal":
        return say("{booked}账上没有的部分未作估计：{reason}", "{booked} The part not in the ledger was not estimated: {reason}",
                   booked=booked, reason=modelled.reason)
    return say("{booked}旁边的 {x}（{x:interval}）是估计，账上没有哪一笔与它对应，两者不相加。",
               "{booked} The {x} ({x:interval}) beside it is an estimate: no row of the ledger corresponds to it, and the two are not added.",
               booked=booked, x=modelled)


def readds(off: Sequence[tuple[Text, Decimal, Decimal]], printed: int, currency: str) -> Check:
    """Every printed amount is the sum of its rows."""
    name = Text("印出的金额逐笔加得回来，到分", "Printed amounts equal the sum of their rows, to the cent")
    consequence = Text("对不上的金额不印。", "An amount that does not reconcile is not printed.")
    if printed == 0:
        return Check(name, None, Text("没有登记印出的金额。", "No printed amount is registered."), consequence)
    if not off:
        held = say("{n} 个印出的金额与账目逐笔相加一致。", "{n} {n:printed amount equals|printed amounts equal} the sum of the underlying rows.",
                   n=printed)
        return Check(name, True, held, consequence)
    label, given, found = off[0]
    detail = say("{n} 个金额里有 {k} 个对不上，如“{label}”：印出 {given}，逐笔相加为 {found}。",
                 "{k} of {n} amounts {k:does|do} not reconcile, such as “{label}”: {given} printed, {found} added up.",
                 n=printed, k=len(off), label=label, given=exact(int(given * 100), currency), found=exact(int(found * 100), currency))
    return Check(name, False, detail, consequence)


def once(twice: Sequence[tuple[Text, int]], amounts: int) -> Check:
    """No row counts twice inside an amount."""
    name = Text("同一笔账在一个金额里只算一次", "No row counts twice within one amount")
    consequence = Text("重复的行只计一次。", "A repeated row is counted once.")
    if not twice:
        return Check(name, True, say("{n} 个金额里都没有重复的行。", "None of the {n} amounts lists a row twice.", n=amounts), consequence)
    label, extra = twice[0]
    detail = say("{k} 个金额重复列了同一笔账，如“{label}”多列 {extra} 次。",
                 "{k} {k:amount lists|amounts list} a row more than once, such as “{label}”, {extra} times too many.",
                 k=len(twice), label=label, extra=extra)
    return Check(name, False, detail, consequence)


def refunds(rows: int, cents: int, currency: str) -> Check:
    """Refunds separated from their booking by the edge of a window or amount."""
    name = Text("退款与原入账落在同一个金额里", "Refunds fall in the same amount as the original booking")
    detail = say("有 {n} 笔退款与原入账分在两边，净额合计 {amount}。",
                 "{n} {n:refund is|refunds are} separated from the original booking, {amount} net in all.",
                 n=rows, amount=exact(cents, currency))
    return Check(name, None if rows else True, detail, Text("按各自入账时间计算。", "Each is counted at the time it was booked."))


def links(counts: Mapping[str, int], absent: Sequence[str]) -> tuple[Check, ...]:
    """How many customers have a voice, a topic, a case and bookings, and what belongs to nobody."""
    name = Text("原话、主题、工单能连到客户和账目", "Voices, topics and cases link to customers and bookings")
    found = say("{customers} 位客户中：有声音 {with_voice} 位，有主题 {with_topic} 位，有工单 {with_case} 位，窗口内有账 {with_rows} 位。",
                "Of {customers} customers {with_voice} have a voice, {with_topic} a topic, {with_case} a case, {with_rows} bookings in the window.",
                **counts)
    loose = say(
        "没有客户编号：声音 {of_voices}，工单 {of_cases}；找不到声音的主题 {of_topics}；"
        "在窗口之外：声音 {voices_outside}，工单 {cases_outside}；声音里没有主题 {voices_without_topic}；工单没有声音 {cases_without_voice}；"
        "工单与其声音的客户不同 {cases_clashing}。",
        "Without a customer number: voices {of_voices}, cases {of_cases}; topics without a voice "
        "{of_topics}; outside the window: voices {voices_outside}, cases {cases_outside}; voices without a topic "
        "{voices_without_topic}; cases without a voice {cases_without_voice}; cases whose customer differs from their voice's {cases_clashing}.",
        **counts,
        **{f"of_{what}": _part(counts[lost], counts[f"{what}_all"])
           for what, lost in (("voices", "voices_nameless"), ("cases", "cases_nameless"), ("topics", "topics_lost"))})
    whole = Check(name, None, found, Text("没有声音的客户照样计入金额。", "Customers without a voice are still included in the amounts."))
    rest = Check(Text("连不上的有多少", "What could not be linked"), False if counts["cases_clashing"] or counts["topics_lost"] else None, loose,
                 Text("连不上的不猜。", "Missing links are not guessed."))
    return (whole, rest, *(_missing(table) for table in absent))


def _part(lost: int, of: int) -> Text:
    """How many of all rows; of none there is no part."""
    return say("{k}/{n}", "{k}/{n}", k=lost, n=of) if of else Text("（一条也没有记录）", "(none recorded)")


def _missing(table: str) -> Check:
    return Check(say("数据里有{t}", "The data contain {t}", t=_TABLES[table]), False, say("缺：{t}。", "Missing: {t}.", t=_TABLES[table]),
                 say("需要：{t}。没有它，链条在这里断开，金额不变。", "Needs: {t}. Without it the chain breaks here; the amounts are unchanged.",
                     t=_NEEDED[table]))


def followed(cut: int, customers: int, side: str) -> Check:
    """Windows that the ledger covers to their end."""
    passed = True if cut == 0 else False if side == "after" else None  # a shorter past is kept and said; a shorter outcome is none
    detail = say("{n} 位客户中有 {k} 位的窗口超出账目覆盖的日期。", "Of {n} customers, {k} {k:has a window|have windows} going beyond the ledger.",
                 n=customers, k=cut)
    return Check(Text("账目覆盖每位客户的整个窗口", "The ledger covers every customer's window"), passed, detail,
                 Text("超出部分的账看不到，金额偏低。", "Bookings beyond that are not visible, so amounts are too low."))
