"""Sentences that several parts of the money study share: measures, why a step of its ladder gives no number, what a hidden factor leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voclib import numbers
from voclib.errors import VocError
from voclib.results import Estimate, Text
from voclib.sentences import say

NO_DATES = (
    Text("数据没有日期，看不出差别是在接触之前还是之后出现的。",
         "Without dates, it is impossible to see whether the difference arose before or after the contact."),
    Text("带时间的接触记录和账目。", "Dated contacts and bookings."),
)
NO_AGENTS = (
    Text("数据没有记录由谁接待，无法比较经手人。", "The data do not say who served the customer, so employees cannot be compared."),
    Text("每次接触的员工编号。", "The employee number for each contact."),
)
MEASURES = {"margin": Text("毛利", "gross margin"), "revenue": Text("收入", "revenue")}
HAPPENED = {"left": Text("流失", "left"), "returned": Text("再次消费", "came back")}
NO_LENGTH = 0.01  # of the width of the interval: what moves the amount by less is no test of a hidden factor


def too_rare(name: str, has: NDArray[np.float64], exposed: NDArray[np.bool_]) -> tuple[Text, Text]:
    """Why who left, or who came back, cannot be compared: too few who did, or who did not."""
    about = {"w": HAPPENED[name], "n": int(exposed.sum()), "m": int((~exposed).sum()), "a": int(has[exposed].sum()), "b": int(has[~exposed].sum())}
    return (say("暴露的 {n} 位里{w} {a} 位，未暴露的 {m} 位里{w} {b} 位：{w}的或没有{w}的太少，比例无从比较。",
                "Of {n} exposed customers {a} {w}, and of {m} others {b} did: too few did, or too few did not, to compare the shares.", **about),
            say("更多客户或另一个期限，让两组里{w}的和没有{w}的都更多。",
                "More customers or a different horizon, so that both groups have more who {w} and more who did not.", **about))


def one_sided(exposed: int, others: int, least: int) -> tuple[Text, Text]:
    """Why a handful on one side is compared with nobody."""
    about = {"n": exposed + others, "a": exposed, "b": others, "k": least}
    return (say("{n} 位客户里，暴露的有 {a} 位，未暴露的有 {b} 位；有一边不到 {k} 位，就没有人可比。",
                "Of {n} customers, {a} {a:is|are} exposed and {b} {b:is|are} not; with fewer than {k} on one side there is nobody to compare with.",
                **about),
            Text("更长的窗口或另一个门槛，让人少的一边有更多客户。",
                 "A longer window or a different threshold, so that the smaller group has more customers."))


def all_alike(measure: str, amount: Estimate) -> tuple[Text, Text]:
    """Why equal amounts hold no difference; `amount` is what each of its `n` customers brought."""
    return (say("{n} 位客户的{m}都是 {x}，没有差别可言。", "All {n} customers brought the same {m}, {x}, so there is no difference to measure.",
                n=amount.n, m=MEASURES[measure], x=amount),
            Text("账目里真实的金额，客户编号要与接触记录一致。", "The actual booked amounts, with the same customer numbers as the contacts."))


def nothing_known(customers: int) -> tuple[Text, Text]:
    """Why customers of whom nothing is known cannot be compared."""
    return (say("{n} 位客户在接触之前的已知信息都一样，分不出谁与谁条件相同。",
                "The {n} customers are identical in everything known before the contact, so comparable customers cannot be identified.", n=customers),
            Text("接触之前就已知的信息，例如此前的消费、地区、产品。",
                 "Information known before the contact, such as earlier spending, region or product."))


def hidden_range(shown: Estimate) -> Text:
    """What a hidden factor leaves of the amount, wherever it is said: bounds, the interval around them, and which of both include zero."""
    outer = shown.with_(bound_low=shown.conf_low, bound_high=shown.conf_high)
    if shown.bound_high - shown.bound_low < NO_LENGTH * (shown.conf_high - shown.conf_low):  # a yardstick of no length measures no hidden factor
        return say("仍在 {x} 左右：此前的消费在这里几乎不起作用，比不出隐藏因素有多要紧（计入抽样误差为 {y:bare}）",
                   "still be about {x}, since earlier spending hardly matters here and so measures no hidden factor ({y:bare} with "
                   "sampling error)",
                   x=Text(*(numbers.ends(shown, lang)[0] for lang in ("zh", "en"))), y=outer)
    if shown.bound_low <= 0 <= shown.bound_high:
        return say("在 {x:bare} 之间，已经包含零（计入抽样误差为 {y:bare}）",
                   "lie within {x:bare}, which includes zero ({y:bare} with sampling error)", x=shown, y=outer)
    if shown.conf_low <= 0 <= shown.conf_high:
        return say("在 {x:bare} 之间，不含零；计入抽样误差为 {y:bare}，包含零",
                   "lie within {x:bare}, which excludes zero, or {y:bare} with sampling error, which includes it", x=shown, y=outer)
    return say("在 {x:bare} 之间，计入抽样误差为 {y:bare}，都不含零", "lie within {x:bare}, or {y:bare} with sampling error; both exclude zero",
               x=shown, y=outer)


def few_dealers(count: int, floor: int) -> tuple[Text, Text]:
    """Why customers of so few dealers give no interval, and so no amount."""
    return (Text(f"客户只来自 {count} 家门店；少于 {floor} 家时，门店之间的差异给不出可信的区间。",
                 f"The customers belong to only {count} dealer{'' if count == 1 else 's'}; with fewer than {floor}, "
                 "differences between dealers give no trustworthy interval."),
            Text(f"至少 {floor} 家门店的客户：扩大范围，或等更多门店接入。",
                 f"Customers of at least {floor} dealers: widen the area, or wait for more dealers to be connected."))


def not_fitted(error: VocError) -> tuple[Text, Text]:
    """A model without a solution; the English words hold the method's own message."""
    return (Text("模型没有解：某些列几乎决定了结果，或样本太小。", f"The model has no solution: {error}"),
            Text("更多客户，或去掉互相重复的列。", "More customers, or fewer columns that duplicate each other."))


def no_months(error: VocError, *, before: int, after: int) -> tuple[Text, Text]:
    """Why nobody is compared with their own past; the English words hold the ledger's own message."""
    return (Text("账目没有覆盖接触前后的每个月，无法与各自的过去相比。", f"Customers cannot be compared with their own past: {error}"),
            say("接触之前 {a} 个月、之后 {b} 个月的完整账目。", "Complete bookings for the {a} months before and {b} months after the contact.",
                a=before, b=after))


def refunds(count: int) -> tuple[Text, Text]:
    """Why models of amounts from zero up cannot be used."""
    return (Text(f"{count:,} 位客户的退款多于消费，金额为负；这类模型只描述零以上的金额。",
                 f"{count:,} customers were refunded more than they spent; these models only describe amounts of zero or more."),
            Text("把退款记在原订单的期限内，或采用不受此限的估计。",
                 "Refunds booked within the horizon of the original order, or an estimate without that limit."))
