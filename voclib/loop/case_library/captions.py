"""Titles, subtitles and columns of the figures on cases for training."""

from __future__ import annotations

from typing import Any

import pandas as pd

from voclib.loop.case_library import tables as laid
from voclib.loop.case_library import text as words
from voclib.loop.case_library import truth as known
from voclib.loop.case_library.audit import Audit
from voclib.loop.case_library.rule import Rule
from voclib.results import Ladder, Text
from voclib.sentences import say

RUNGS = {
    "cases": (Text("只在工单里数", "Counted among cases only"), Text("看有没有第二张一样的单子", "whether another case looks the same")),
    "originals": (
        Text("在全部客户里数", "Counted among all customers"),
        Text("同店、同周、同款产品的都可能是", "could be any customer of that dealer, week and product"),
    ),
    "known": (
        Text("读者还知道抱怨的是什么", "A reader who also knows the complaint"),
        Text("三种人里认得最多的一种", "identifies the most of the three"),
    ),
    "kept": (
        Text("同一位读者，改写成卡片", "The same reader, given the card"),
        Text("门店写成区域，日子写成季度，不写产品", "region for dealer, quarter for day, no product"),
    ),
}


def captions(audit: Audit, rule: Rule, ladder: Ladder | None, cards: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Every figure's title and more."""
    return {
        "cards": _cards(cards),
        "words": _words(audit),
        "ladder": _ladder(ladder),
        "sheet": _sheet(audit, rule),
        "sizes": _sizes(audit, rule),
        "shares": _shares(),
        "levels": _levels(audit),
        "reasons": _reasons(audit),
        "generalised": _generalised(audit),
    }


def _cards(cards: pd.DataFrame) -> dict[str, Any]:
    return {
        "title": say(
            "{n} 张卡片，{t} 个主题：出了什么事、怎么办的、教什么",
            "{n} cards on {t} topics: what went wrong, what was done, what it teaches",
            n=len(cards),
            t=int(cards["topic"].map(lambda t: t.zh).nunique()) if len(cards) else 0,
        ),
        "subtitle": Text(
            "卡号是新编的，与工单号对不上；门店写成区域，日子写成季度，用时写成范围，产品和姓名不写",
            "Card numbers are new and match no case number; region for dealer, quarter for day, ranges for times, no product or name",
        ),
        "max_rows": 200,
        "columns": {
            "card": Text("卡片", "Card"),
            "story": Text("出了什么事，怎么办的", "What went wrong, what was done"),
            "lesson": Text("教什么", "What it teaches"),
        },
    }


def _words(audit: Audit) -> dict[str, Any]:
    n = int(audit.released["kept"].eq("").sum())
    return {
        "title": say("{n} 张卡片带原话，留在客户自己的语言里", "{n} cards carry the customer's words, in the customer's own language", n=n),
        "subtitle": Text("模糊过的地方写在后面", "The last column shows what was generalised"),
        "max_rows": 200,
        "columns": {"card": Text("卡片", "Card"), "words": Text("原话", "Words"), "less": Text("模糊了什么", "Generalised")},
    }


def _ladder(ladder: Ladder | None) -> dict[str, Any]:
    if ladder is None:
        return {}
    return {
        "title": say(
            "还知道抱怨什么的人，原案例认出 {b}；改写以后，至多 {c}",
            "Someone who also knows the complaint identifies {b} of the original cases; after rewriting, {c} at most",
            b=laid.written(ladder["known"]),
            c=words.upper(ladder["kept"]),
        ),
        "subtitle": Text(
            "随手指一位相同的客户，指对的占比；横条 = 95% 区间，按门店成组",
            "Share of correct guesses when one of the matching customers is picked; bar = 95% interval, clustered by dealer",
        ),
        "labels": {one.rung: RUNGS[one.rung] for one in ladder.rungs},
        "note": Text("“去掉姓名电话就安全了”等于说第二级是 0。", "“Safe once names and phone numbers are gone” would put the second step at 0."),
    }


def _sheet(audit: Audit, rule: Rule) -> dict[str, Any]:
    title = say(
        "还知道抱怨什么的人，原案例认出 {a}，卡片认出 {b}；搜公开渠道，卡片上的原话一段也没有认对"
        if audit.after["words"].value == 0  # a refusal has no value: nothing was searched
        else "还知道抱怨什么的人，原案例认出 {a}，卡片认出 {b}",
        "Someone who also knows the complaint identifies {a} of the originals and {b} of the cards; a search of public posts matches no words"
        if audit.after["words"].value == 0
        else "Someone who also knows the complaint identifies {a} of the originals and {b} of the cards",
        a=audit.before["complaint"],
        b=audit.after["complaint"],
    )
    return {
        "title": title,
        "subtitle": say(
            "认出的占比和 95% 区间；日子按正负 {d} 天算；“只此一位”是没有第二位客户相同的案例数；第二行只数记录里说过这个主题的客户，所以偏高",
            "Share identified with its 95% interval; the date is known to within {d} {d:day|days}; “only one” counts cases with no other matching "
            "customer; the second row counts only customers recorded as raising the topic, so it errs on the high side",
            d=rule.days,
        ),
        "columns": {
            "attacker": Text("攻击者", "Attacker"),
            "before": Text("原案例", "Originals"),
            "alone_before": Text("其中只此一位", "Only one"),
            "after": Text("卡片", "Cards"),
            "alone_after": Text("其中只此一位", "Only one"),
        },
    }


def _sizes(audit: Audit, rule: Rule) -> dict[str, Any]:
    return {
        "title": say(
            "原案例里 {a} 个只可能是一位客户；卡片里 {b} 个",
            "{a} of the originals could be only one customer; {b} of the cards",
            a=audit.alone("was_topic"),
            b=audit.alone("alike", released=True),
        ),
        "subtitle": say("背后有多少位相同的客户；门槛 {k} 位", "How many matching customers are behind each; at least {k} needed", k=rule.k),
        "columns": {
            "alike": Text("相同的客户", "Matching customers"),
            "was": Text("原案例：店、周、产品", "Originals: dealer, week, product"),
            "was_topic": Text("原案例：还知道抱怨什么", "Originals: plus complaint"),
            "cards": Text("卡片：知道抱怨什么", "Cards: complaint known"),
        },
    }


def _shares() -> dict[str, Any]:
    return {
        "title": Text(
            "别把案例库当成现实：每种情形一样多，占比就不是真的",
            "Do not take the library for reality: all kinds are equally common in it, so its shares are not real",
        ),
        "subtitle": Text("挑出来的案例，和全部已关闭的工单", "Cases drawn, compared with all closed cases"),
        "formats": {"cards": "share", "cases": "share"},
        "columns": {
            "kind": Text("情形", "Kind"),
            "cards_n": Text("案例", "Cards"),
            "cards": Text("占案例", "% of cards"),
            "cases_n": Text("工单", "Cases"),
            "cases": Text("占工单", "% of cases"),
        },
    }


def _levels(audit: Audit) -> dict[str, Any]:
    held = len(audit.cards) - len(audit.released)
    return {
        "title": say(
            "{n} 张写到能写的最细一级，{h} 张扣下",
            "{n} {n:card is|cards are} written at the finest level, {h} withheld",
            n=int(audit.cards["level"].eq(0).sum()),
            h=held,
        ),
        "subtitle": Text("从细到粗逐级试，第一个够人数的采用", "Levels are tried from fine to coarse; the first with enough customers is used"),
        "columns": {"says": Text("卡上写什么", "What the card says"), "n": Text("卡片", "Cards")},
    }


def _reasons(audit: Audit) -> dict[str, Any]:
    n, of = int(audit.released["kept"].eq("").sum()), len(audit.released)
    return {
        "title": say("{n} / {t} 张卡片放得了原话", "{n} of {t} cards can carry the customer's words", n=n, t=of),
        "subtitle": Text("每张只列第一条原因", "Only the first reason for each card"),
        "columns": {"why": Text("原话", "Words"), "n": Text("卡片", "Cards")},
    }


def _generalised(audit: Audit) -> dict[str, Any]:
    return {
        "title": Text("原话里还剩下的线索，都写成更宽的说法", "Clues still in the words are put in broader terms"),
        "subtitle": say("挑出的 {n} 段原话里，有这种线索的段数", "Of {n} texts drawn, how many contained each clue", n=audit.texts),
        "columns": {"kind": Text("线索", "Clue"), "becomes": Text("写成", "Becomes"), "n": Text("段数", "Texts")},
    }


def truth() -> dict[str, Any]:
    """The table of comparisons with what is known."""
    return {
        "title": Text("把答案藏起来再估：区间含不含真值", "Estimated with the answer hidden: does the range contain the truth?"),
        "subtitle": Text(
            "认出的占比；藏起客户是按人随机藏，真值用完整的表算",
            "Share identified; customers are hidden at random, and the truth comes from the full list",
        ),
        "columns": known.COLUMNS,
    }
