"""What could undo the audit: visits nobody recorded, identifiers and names left in words, public wording, a list that is a sample, the lot drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from voclib.loop.case_library import text as words
from voclib.loop.case_library.audit import Audit
from voclib.loop.case_library.people import People
from voclib.loop.case_library.rule import Rule
from voclib.results import Check, Text
from voclib.sentences import say

LOTS = 200  # other libraries drawn by the same rule, to see how far the lot matters


def checks(audit: Audit, people: People, rule: Rule, others: Sequence[float], counts: pd.Series, word_for_word: tuple[int, int]) -> tuple[Check, ...]:
    """Every check, those that can fail first."""
    return (
        _enough(audit, rule),
        _insider(audit),
        _visits(people),
        _identifiers(audit),
        _names(audit),
        _public(audit, word_for_word),
        _complete(audit, people),
        _lots(others),
        _sample(counts),
    )


def _enough(audit: Audit, rule: Rule) -> Check:
    out, held = audit.released, len(audit.cards) - len(audit.released)
    least = int(out["sure"].min()) if len(out) else 0
    return Check(
        say("每张卡片背后至少 {k} 位相同的客户", "At least {k} matching customers behind every card", k=rule.k),
        None if out.empty else least >= rule.k,
        say(
            "最少的一张 {m} 位，也就是单张最多认对 1/{m}；{n} 张不够，扣下。",
            "The card with the fewest has {m}, so a guess is right at most 1 time in {m}; {n} {n:card was|cards were} withheld for having too few.",
            m=least,
            n=held,
        ),
    )


def _insider(audit: Audit) -> Check:
    """A reader for whom the crowd is those who opened a case: grade and outcome stand on the card and belong to no other customer."""
    name = Text("知道谁开过工单、结果如何的人", "Readers who know who opened a case and how it ended")
    if not len(audit.filed):
        return Check(name, None, Text("没有放出的卡片。", "No cards are released."))
    return Check(
        name,
        None,
        say(
            "对经手过工单的同事，要在开过工单的客户里数：连等级和结果也相同的，{n} 张卡片里有 {k} 张只有 1 位，平均认对 {s:.0%}。",
            "Colleagues who handled cases need only look among customers who opened one. With grade and outcome the same as well, {k} of the {n} "
            "{n:card|cards} {k:fits|fit} a single customer, and such a reader is right {s:.0%} of the time on average.",
            n=len(audit.filed),
            k=int((audit.filed == 1).sum()),
            s=audit.insider,
        ),
    )


def _visits(people: People) -> Check:
    told = (
        Text("到店、来电、发声、开单都算接触过。", "Visits, calls, voices and cases all count as contact.")
        if people.has_visits
        else Text("没有服务接触表，只看得到说过话的客户。", "There is no table of service contacts, so only customers who spoke up are visible.")
    )
    return Check(
        Text("看得到没说过话的客户", "Customers who said nothing are counted too"),
        people.has_visits,
        told,
        Text("原案例的风险被高估。补上到店记录再看。", "The risk for the original cases is overstated. Add the record of visits and look again."),
    )


def _identifiers(audit: Audit) -> Check:
    n, name = sum(audit.left.values()), Text("再脱敏一遍，没有新发现", "A second redaction finds nothing new")
    if not audit.texts:
        return Check(name, None, words.NO_TEXTS)
    return Check(
        name,
        n == 0,
        say(
            "{c} 段原话里又找到 {n} 处电话、邮箱、证件、车牌或车架号。",
            "In {c} texts it found {n} more phone numbers, e-mail addresses, ID numbers, number plates or VINs.",
            c=audit.texts,
            n=n,
        ),
        Text(
            "导入时的脱敏漏了，卡片上已去掉；请查导入的规则。",
            "The import missed them; they have been removed from the cards. Check the import rules.",
        ),
    )


def _names(audit: Audit) -> Check:
    name = Text("原话里没有疑似人名", "No likely names are left in the words")
    if not audit.texts:
        return Check(name, None, words.NO_TEXTS)
    return Check(
        name,
        audit.candidates == 0,
        say(
            "带头衔的人名去掉了 {n} 处；还有 {m} 处像人名。光写名字的，只认得出一部分。",
            "{n} {n:name|names} with a title {n:was|were} removed; {m} more may be names. Of names without a title, only some are found.",
            n=audit.names,
            m=audit.candidates,
        ),
        Text("这些卡片不放原话。", "These cards show no words."),
    )


def _public(audit: Audit, word_for_word: tuple[int, int]) -> Check:
    after = audit.after.get("words")
    name = Text("卡片上的原话，在公开渠道搜不到", "Words on cards cannot be found in public")
    if audit.public_n == 0:
        return Check(
            name, None, Text("没有公开渠道的声音可比；外面有没有，看不出。", "No public voices to compare with; what is out there is unknown.")
        )
    if after is None:
        return Check(name, None, Text("没有放出的卡片。", "No cards are released."))
    if after.kind == "refusal":
        return Check(name, None, words.NO_TEXTS if not audit.texts else words.NO_WORDS)
    return Check(
        name,
        after.value == 0,
        say(
            "拿 {p} 条公开的声音比：能挑的 {m} 段原话里认对 {a} 段；{n} 张带原话的卡片里认对 {h} 张，上限 {u}。",
            "Compared with {p} public voices: {a} of the {m} available texts {a:is|are} correctly matched; {h} of the {n} cards with words, "
            "at most {u}.",
            p=audit.public_n,
            a=word_for_word[0],
            m=word_for_word[1],
            n=after.n,
            h=round(after.value * after.n),
            u=words.upper(after),
        ),
        Text("把这些原话拿下来。", "Take these words off the cards."),
    )


def _complete(audit: Audit, people: People) -> Check:
    told = (
        say("客户表有 {n} 位，当作全部客户。", "The list has {n} customers and is treated as complete.", n=people.customers_n)
        if audit.fraction == 1
        else say(
            "客户表有 {n} 位，约占全部的 {f:.0%}；相同的人数按抽样推算，不按表里的数，卡片只给范围。",
            "The list has {n} customers, about {f:.0%} of all; the number who match is inferred from this sample, and cards get only a range.",
            n=people.customers_n,
            f=audit.fraction,
        )
    )
    return Check(Text("客户表是不是全部客户", "Whether the list covers all customers"), None, told)


def _lots(others: Sequence[float]) -> Check:
    if not len(others):
        return Check(
            Text("换一次抽签，结果差多少", "How far another draw would move the result"),
            None,
            Text("没有可比的抽签。", "There is no other draw to compare with."),
        )
    low, high = np.quantile(others, [0.025, 0.975])
    return Check(
        Text("换一次抽签，结果差多少", "How far another draw would move the result"),
        None,
        say(
            "另抽 {n} 次，知道门店、哪一周、什么产品的人认出原案例的占比，多在 {a:.0%} 到 {b:.0%}。",
            "In {n} other draws, someone who knows dealer, week and product mostly identifies {a:.0%} to {b:.0%} of the originals.",
            n=len(others),
            a=low,
            b=high,
        ),
    )


def _sample(counts: pd.Series) -> Check:
    return Check(
        Text("卡片不是全部工单的样本", "The cards are not a sample of all cases"),
        None,
        say(
            "解决晚了的占卡片的 {a:.0%}，占全部已关闭工单的 {b:.0%}。",
            "Cases settled late make up {a:.0%} of the cards and {b:.0%} of all closed cases.",
            a=float(counts["cards"]),
            b=float(counts["cases"]),
        ),
    )
