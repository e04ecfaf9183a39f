"""Why a rung of the money ladder gives no number, in both languages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voclib.errors import VocError
from voclib.results import Estimate, Text
from voclib.sentences import say

NO_DATES = (
    Text("数据没有日期，看不出差别是在接触之前还是之后出现的。",
         "Without dates nobody can see whether the difference came before or after the contact."),
    Text("带时间的接触记录和账目。", "Contacts and bookings with their times."),
)
NO_AGENTS = (
    Text("数据没有记录由谁接待，无法比较经手人。", "The data do not say who served the customer, so nobody can be compared."),
    Text("每次接触的员工编号。", "The employee of every contact."),
)
MEASURES = {"margin": Text("毛利", "gross margin"), "revenue": Text("收入", "revenue")}
HAPPENED = {"left": Text("流失", "left"), "returned": Text("再次消费", "came back")}


def too_rare(name: str, has: NDArray[np.float64], exposed: NDArray[np.bool_]) -> tuple[Text, Text]:
    """Why who left, or who came back, cannot be compared: too few who did, or who did not."""
    about = {"w": HAPPENED[name], "n": int(exposed.sum()), "m": int((~exposed).sum()), "a": int(has[exposed].sum()), "b": int(has[~exposed].sum())}
    return (say("暴露的 {n} 位里{w} {a} 位，未暴露的 {m} 位里{w} {b} 位：{w}的或没有{w}的太少，比例无从比较。",
                "Of {n} exposed customers {a} {w}, of {m} others {b}: too few did, or too few did not, to compare the shares.", **about),
            say("更多客户或另一个期限，让两组里{w}的和没有{w}的都更多。",
                "More customers or another horizon, so that in both groups more {w} and more did not.", **about))


def one_sided(exposed: int, others: int, least: int) -> tuple[Text, Text]:
    """Why a handful on one side is compared with nobody."""
    about = {"n": exposed + others, "a": exposed, "b": others, "k": least}
    return (say("{n} 位客户里，暴露的有 {a} 位，未暴露的有 {b} 位；有一边不到 {k} 位，就没有人可比。",
                "Of {n} customers {a} {a:is|are} exposed and {b} {b:is|are} not; a side of fewer than {k} leaves nobody to compare with.", **about),
            Text("更长的窗口或另一个门槛，让人少的一边有更多客户。",
                 "A longer window, or another threshold, that leaves more customers on the smaller side."))


def all_alike(measure: str, amount: Estimate) -> tuple[Text, Text]:
    """Why equal amounts hold no difference; `amount` is what each of its `n` customers brought."""
    return (say("{n} 位客户的{m}都是 {x}，没有差别可言。", "Each of the {n} customers brought the same {m}, {x}: there is no difference to look for.",
                n=amount.n, m=MEASURES[measure], x=amount),
            Text("账目里真实的金额，客户编号要与接触记录一致。", "The amounts as booked, under the same customer numbers as the contacts."))


def nothing_known(customers: int) -> tuple[Text, Text]:
    """Why customers of whom nothing is known cannot be told to be alike."""
    return (say("{n} 位客户在接触之前的已知信息都一样，分不出谁与谁条件相同。",
                "Nothing known of the {n} customers before the contact differs between them, so nobody can be told to be like another.", n=customers),
            Text("接触之前就已知的信息，例如此前的消费、地区、车型。",
                 "What was known before the contact, such as earlier spending, region or model."))


def hidden_range(shown: Estimate) -> Text:
    """What a hidden factor leaves of the amount, wherever it is said: bounds, the interval around them, and which of both include zero."""
    outer = shown.with_(bound_low=shown.conf_low, bound_high=shown.conf_high)
    if shown.bound_low <= 0 <= shown.bound_high:
        return say("在 {x:bare} 之间，已经包含零（计入抽样误差为 {y:bare}）", "within {x:bare}, which includes zero ({y:bare} with sampling error)",
                   x=shown, y=outer)
    if shown.conf_low <= 0 <= shown.conf_high:
        return say("在 {x:bare} 之间，不含零；计入抽样误差为 {y:bare}，包含零",
                   "within {x:bare}, which excludes zero, or {y:bare} with sampling error, which includes it", x=shown, y=outer)
    return say("在 {x:bare} 之间，计入抽样误差为 {y:bare}，都不含零", "within {x:bare}, or {y:bare} with sampling error: both exclude zero",
               x=shown, y=outer)


def few_dealers(count: int, floor: int) -> tuple[Text, Text]:
    """Why customers of so few dealers give no interval, and so no amount."""
    return (Text(f"客户只来自 {count} 家门店；少于 {floor} 家时，门店之间的差异给不出可信的区间。",
                 f"The customers belong to only {count} dealer{'' if count == 1 else 's'}; with fewer than {floor}, "
                 "how dealers differ gives no interval that can be trusted."),
            Text(f"至少 {floor} 家门店的客户：扩大范围，或等更多门店接入。",
                 f"Customers of at least {floor} dealers: a wider area, or more dealers connected."))


def not_fitted(error: VocError) -> tuple[Text, Text]:
    """A model without a solution; the English words hold the method's own message."""
    return (Text("模型没有解：某些列几乎决定了结果，或样本太小。", f"The model has no solution: {error}"),
            Text("更多客户，或去掉互相重复的列。", "More customers, or fewer columns that repeat each other."))


def no_months(error: VocError, *, before: int, after: int) -> tuple[Text, Text]:
    """Why nobody is compared with their own past; the English words hold the ledger's own message."""
    return (Text("账目没有覆盖接触前后的每个月，无法与各自的过去相比。", f"Nobody can be compared with their own past: {error}"),
            say("接触之前 {a} 个月、之后 {b} 个月的完整账目。", "Bookings of the {a} months before the contact and the {b} months after it.",
                a=before, b=after))


def refunds(count: int) -> tuple[Text, Text]:
    """Why models of amounts from zero up cannot be used."""
    return (Text(f"{count:,} 位客户的退款多于消费，金额为负；这类模型只描述零以上的金额。",
                 f"{count:,} customers were refunded more than they spent; these models describe amounts from zero up."),
            Text("把退款记在原订单的期限内，或采用不受此限的估计。", "Refunds booked with what they refund, or an estimate without that limit."))
