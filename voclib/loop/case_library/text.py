"""What the page on cases for training says, in both languages."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from voclib.loop.case_library.audit import Audit
from voclib.loop.case_library.rule import Level, Rule
from voclib.results import Estimate, Text
from voclib.sentences import listed, say

QUESTION = Text("哪些客户故事能用来培训，又认不出是谁？", "Which customer stories can be used for training without revealing the customer?")
LIMITS = (
    (
        Text("不是说卡片就是现实的缩影。", "It does not say that the cards mirror reality."),
        Text(
            "每一种情形各挑几张，少见的和常见的一样多；占比要看全部工单，页上并排列出。",
            "Each kind contributes a few cards, rare kinds as many as common ones. For shares, look at all cases; the page shows both side by side.",
        ),
    ),
    (
        Text("不是说手里有台账的人也认不出。", "It does not say that someone who holds the ledger cannot identify anyone."),
        Text(
            "台账里有每一张工单的时间和结果，对一对就知道。卡片防的是没有台账的读者：学员、别家门店、客户身边的人。",
            "The ledger has the times and outcome of every case, so a comparison is enough. The cards protect against readers without it: trainees, "
            "other dealers, people around the customer.",
        ),
    ),
    (
        Text("不是说没有头衔的人名都找到了。", "It does not say that every name without a title was found."),
        Text(
            "“赵师傅”“Mr Zhou”认得出；光写名字的只认得出一部分，像人名的就不放原话。放之前，请人再看一遍。",
            "“赵师傅” and “Mr Zhou” are recognised, but only some names without a title are; words that may contain one stay off the card. "
            "Have a person read the rest before release.",
        ),
    ),
    (
        Text("不是说当事人自己认不出。", "It does not say that customers would not recognise themselves."),
        Text(
            "亲历的人读到总会想起来；审计问的是别人能不能从卡片找到他们。",
            "Anyone who lived through it will remember on reading; the audit asks whether others can trace a card back to them.",
        ),
    ),
)
ATTACKERS = {
    "week": Text("知道门店、那一周、什么产品", "Knows dealer, week and product"),
    "complaint": Text("还知道抱怨的是什么", "Also knows the complaint"),
    "words": Text("拿着公开渠道的帖子比对原话", "Compares the words with public posts"),
}
OUTCOMES = {
    "in_time": Text("按时解决", "Settled in time"),
    "late": Text("解决晚了", "Settled late"),
    "reopened": Text("没解决住", "Fix did not hold"),
}
ENDED = {"in_time": Text("按时", "in time"), "late": Text("晚了", "late"), "reopened": Text("没解决住", "fix did not hold")}
GRADES = {"safety": Text("安全", "Safety"), "high": Text("高", "High"), "medium": Text("中", "Medium"), "low": Text("低", "Low")}
STAGES = {
    "assigned": Text("分派", "assigning it"),
    "responded": Text("答复客户", "answering the customer"),
    "resolved": Text("动手解决", "the work itself"),
}
KINDS = {
    "identifier": Text("长号码", "long numbers"),
    "name": Text("人名（带头衔）", "names with a title"),
    "link": Text("链接、账号", "links and handles"),
    "day": Text("日子", "days"),
    "clock": Text("钟点", "times of day"),
    "amount": Text("金额", "amounts"),
    "quantity": Text("数量", "quantities"),
    "model": Text("产品", "products"),
    "dealer": Text("门店", "dealers"),
    "place": Text("地名", "places"),
}
BECOMES = {
    "identifier": Text("〔号码〕", "[number]"),
    "name": Text("〔某人〕", "[someone]"),
    "link": Text("〔链接〕", "[link]"),
    "day": Text("〔某天〕", "[some day]"),
    "clock": Text("〔某时〕", "[some time]"),
    "amount": Text("860 元 → 500–1,000 元", "860 yuan → 500–1,000 yuan"),
    "quantity": Text("25 分钟 → 20–50 分钟", "25 minutes → 20–50 minutes"),
    "model": Text("〔某款产品〕", "[a product]"),
    "dealer": Text("〔某店〕", "[a dealer]"),
    "place": Text("〔某地〕", "[a place]"),
}
WHY = {
    "": Text("放上了原话", "Words shown"),
    "hidden": Text("本版不放原话", "This edition shows no words"),
    "empty": Text("没有写原话", "No words were recorded"),
    "public": Text("这条声音是公开的，搜得到", "The voice is public and can be searched for"),
    "near": Text("与公开的声音太像", "Too similar to a public voice"),
    "name": Text("可能还有人名", "May still contain a name"),
    "few": Text("说同一种语言的相同客户太少", "Too few matching customers who speak the language"),
}
WITHHELD = Text("扣下：怎么写都不够人相同", "Withheld: too few matches at any level")
TIERS = {"vvip": Text("高价值客户", "high-value customer"), "regular": Text("普通客户", "regular customer")}
NO_CARDS = Text("没有可以放上来的案例。", "There are no cases to show.")
NO_WORDS = Text("没有哪张卡片放原话。", "No card shows the customer's words.")
NO_TEXTS = Text("挑出的工单都没有写原话，这一关没有可查的。", "None of the cases drawn has words, so there is nothing to check here.")
NO_LADDER = Text("可以放的卡片太少，比不出前后。", "Too few cards can be released to compare before and after.")
UNREAD = Text(
    "工单都没有写原话，原话会不会露出是谁，这里没有审过：工单补上原话以后，要重做。",
    "No case has words, so whether words would reveal the customer has not been audited: repeat the audit once cases carry them.",
)
NO_CLUES = Text("原话里没有找到这样的线索。", "No such clue was found in the words.")
_HOURS = (
    (1, Text("1 小时内", "within an hour")),
    (4, Text("1–4 小时", "1–4 hours")),
    (24, Text("4–24 小时", "4–24 hours")),
    (72, Text("1–3 天", "1–3 days")),
    (168, Text("3–7 天", "3–7 days")),
    (720, Text("7–30 天", "7–30 days")),
)


def kicker(n: int) -> Text:
    """The line above the question."""
    return say("培训案例 · {n} 张工单", "Cases for training · {n} cases", n=n)


def took(hours: float) -> Text:
    """A time as a range that several cases share."""
    if pd.isna(hours):
        return Text("没有记录", "not recorded")
    return next((text for limit, text in _HOURS if hours <= limit), Text("30 天以上", "more than 30 days"))


def where(row: pd.Series, level: Level, rule: Rule) -> Text:
    """Place, period and tier as far as a card says."""
    place = rule.title(str(row["region"])) if level.place == "region" else None
    when = None if level.period == "all" else str(row[level.period])
    tier = TIERS.get(row["value_tier"]) if level.tier else None
    parts = [one for one in (place, Text(when, when) if when else None, tier) if one is not None]
    return Text(" · ".join(p.zh for p in parts) or "不写时间和地方", " · ".join(p.en for p in parts) or "no time or place given")


def level(one: Level) -> Text:
    """A level of the rule in words."""
    place = Text("区域", "region") if one.place == "region" else None
    when = {"quarter": Text("季度", "quarter"), "half": Text("半年", "half year"), "all": None}[one.period]
    parts = [p for p in (place, when, Text("价值层级", "value tier") if one.tier else None) if p is not None]
    return listed(parts, none=Text("只写主题", "topic only"))


def places(high: float) -> int:
    """Decimals of a percentage whose range ends at `high` (0–1)."""
    return 2 if high < 0.01 else 1 if high < 0.1 else 0


def upper(one: Estimate) -> str:
    """The upper end of a share's range, as tables write it."""
    return f"{100 * one.conf_high:.{places(one.conf_high)}f}%"


def answer(audit: Audit) -> Text:
    """What can be taught from and what attackers find, before and after."""
    n, held = len(audit.released), len(audit.cards) - len(audit.released)
    return say(
        "{n} 个案例可以拿来培训{h}。只去掉姓名电话，知道门店、哪一周、什么产品的人平均能认出原案例的 {x}（{x:interval}）；"
        "改写成卡片后，同样的人至多认出 {y}；就算还知道抱怨的是什么，原来是 {s}，现在至多 {z}。",
        "{n} cases can be used for training{h}. If only names and phone numbers are removed, someone who knows the dealer, week and product "
        "identifies {x} ({x:interval}) of the original cases on average; once these are rewritten as cards, the same person identifies at most {y}. "
        "Someone who also knows the complaint identifies {s} of the originals, but at most {z} of the cards.",
        n=n,
        h=say("，{k} 个扣下", ", with {k} more withheld", k=held) if held else Text("", ""),
        x=audit.before["week"],
        y=upper(audit.after["week"]),
        s=audit.before["complaint"],
        z=upper(audit.after["complaint"]),
    )


def decision(audit: Audit) -> Text:
    """What to do with the library."""
    shown = int(audit.released["kept"].eq("").sum())
    if not shown:
        return Text(
            "用卡片，不用原单：学员只拿到卡号。每次换了规则或数据，重做这份审计。",
            "Teach from the cards, never from the original cases: trainees get only the card number. Repeat this audit when the rule or data change.",
        )
    return say(
        "用卡片，不用原单：学员只拿到卡号。{w} 张带原话的，请人再读一遍人名；每次换了规则或数据，重做这份审计。",
        "Teach from the cards, never from the original cases: trainees get only the card number. Have a person check the {w} cards with words for "
        "names once more, and repeat this audit when the rule or data change.",
        w=shown,
    )


def caveat(has_visits: bool, least: int = 0, *, texts: int = 1, insider: float = float("nan")) -> Text:
    """Where it is most likely wrong; `least`: matching customers behind the card with fewest, `texts`: cases drawn that have words, `insider`: how
    often a reader who knows who opened a case, and how it ended, names the customer of a card."""
    if not texts:
        return say("{u}{s}{c}", "{u}{s}{c}", u=UNREAD, s=Text("", " "), c=caveat(has_visits, least, insider=insider))
    if not has_visits:
        return Text(
            "没有到店记录，看不到没说过话的客户：原案例的风险被高估，卡片背后的人数被低估。",
            "Without a record of visits, customers who said nothing cannot be seen: the risk for the original cases is overstated, and the number of "
            "people behind each card is understated.",
        )
    only = Text(
        "只防得住这里写明的攻击；若有人知道得更多（台账、当班记录），认出的会更多。",
        "The cards protect only against the attacks described here; someone who knows more (the ledger, who was on shift) will identify more.",
    ) if insider != insider else say(
        "只防得住这里写明的攻击；经手过工单、知道谁开过单和结果的同事，能认出卡片的 {s:.0%}。",
        "The cards protect only against the attacks described here; a colleague who knows who opened a case and how it ended identifies {s:.0%} of "
        "them.",
        s=insider,
    )
    if not least:
        return only
    return say(
        "占比是平均数，背后人最少的一张卡是 1/{m}。{o}",
        "The share is an average; for the card with the fewest people behind it, the chance is 1 in {m}. {o}",
        m=least,
        o=only,
    )


def refused(cells: int, rule: Rule, n: int) -> tuple[Text, Text]:
    """Why there is no library, and what it would take."""
    return (
        say(
            "能挑的只有 {c} 种情形（主题 × 等级 × 结果，每种至少 {f} 张已关闭的工单），案例库不出。",
            "Only {c} {c:kind|kinds} of case (topic, grade and outcome, each with at least {f} closed cases) can be used, so there is no library.",
            c=cells,
            f=rule.fewest,
        ),
        say(
            "至少 {k} 种情形，每种 {f} 张已关闭、写明主题和客户的工单；现有 {n} 张。",
            "At least {k} kinds, each with {f} closed cases that name the topic and the customer; there are {n} such cases now.",
            k=rule.least_cells,
            f=rule.fewest,
            n=n,
        ),
    )


def none_released(audit: Audit, rule: Rule) -> tuple[Text, Text]:
    """Why no card is released, and what it would take."""
    return (
        say(
            "挑出 {n} 个案例，只有 {m} 个背后有 {k} 位以上相同的客户，案例库不出。",
            "Of {n} cases drawn, only {m} {m:has|have} at least {k} matching customers, so there is no library.",
            n=len(audit.cards),
            m=len(audit.released),
            k=rule.k,
        ),
        say(
            "每张卡片背后至少 {k} 位相同的客户：客户表要全，或者写得更粗（levels）。",
            "At least {k} matching customers behind every card: this takes a complete customer list, or coarser levels in the rule.",
            k=rule.k,
        ),
    )


def generalised(kinds: Sequence[str]) -> Text:
    """What was generalised on a card."""
    parts = [KINDS[kind] for kind in kinds]
    return listed(parts, none=Text("—", "—"))
