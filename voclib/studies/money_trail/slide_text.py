"""What is said of the slide "so many complained and left, times what each is worth", beside those who would have left anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voclib.results import Estimate, Text
from voclib.sentences import say
from voclib.studies.ledger.text import exact

if TYPE_CHECKING:
    from voclib.studies.money_trail.slide import Slide

LABEL = Text("流失人数 × 人均价值（校正前）", "Leavers × value each (uncorrected)")
ROWS = {
    "claim": Text("流失人数 × 人均价值", "Leavers × value each"),
    "plain": Text("比没有等的人多走的（未校正）", "More leavers than among the others (unadjusted)"),
    "adjusted": Text("校正后", "Adjusted"),
    "left": Text("校正后：多流失的客户", "Adjusted: extra customers lost"),
    "less": Text("校正后：留下但少花的", "Adjusted: stayed but spent less"),
    "total": Text("校正后：合计", "Adjusted: total"),
}
COLUMNS = {
    "label": Text("算法", "Method"),
    "customers": Text("客户", "Customers"),
    "customers_low": Text("下限", "from"),
    "customers_high": Text("上限", "to"),
    "cny": Text("金额", "Money"),
    "low": Text("下限", "from"),
    "high": Text("上限", "to"),
}
NEEDS = Text("需要同一时期里没有遇到这件事的客户。", "Customers from the same period to whom this did not happen.")


def too_few(named: int, others: int, floor: int) -> Text:
    """Why there is no comparison."""
    return say("点名的客户 {a} 位，其余 {b} 位；两边各至少 {floor} 位才能比较。",
               "{a} customers named and {b} others; a comparison needs at least {floor} on each side.", a=named, b=others, floor=floor)


def told(slide: Slide, lost: Estimate | None, loss: Estimate | None) -> Text:
    """The claim to the cent; who would have left anyway; the study's own numbers where there are any."""
    each, claimed = (exact(int(amount.scaleb(2)), slide.ledger.currency) for amount in (slide.each_exact, slide.claimed_exact))
    made = say("点名的 {named} 位客户里流失 {n} 位 × 人均{what} {each} = {claimed}。",
               "Of the {named} customers named, {n} left × {each} of {what} each = {claimed}.",
               named=slide.named_n, n=int(slide.count.value), what=slide.ledger.measured, each=each, claimed=claimed)
    if slide.cut_n:
        made = say("{made}其中 {k} 位的前期账目不全。", "{made} For {k} of them the ledger does not cover the whole preceding period.",
                   made=made, k=slide.cut_n)
    if slide.undated:
        made = say("{made}其中有 {k} 位（全体）没有流失日期，按已流失计。",
                   "{made} {k} {k:customer|customers} in all {k:has|have} no leaving date and {k:is|are} counted as having left.",
                   made=made, k=slide.undated)
    if slide.anyway.kind == "refusal":
        made = say("{made}没有可比的人：{why}", "{made} There is nobody to compare with: {why}", made=made, why=slide.anyway.reason)
    else:
        made = say("{made}按其余 {m} 位客户的流失率，点名的人里约 {x:bare} 位（{x:interval}）本来也会走；"
                   "实际与此相差 {y:bare} 位（{y:interval}），合 {z}（{z:interval}），未作校正。",
                   "{made} At the leaving rate of the other {m} customers, about {x:bare} of those named ({x:interval}) would have left anyway; "
                   "the actual number differs by {y:bare} ({y:interval}), worth {z} ({z:interval}), unadjusted.",
                   made=made, m=slide.others_n, x=slide.anyway, y=slide.excess, z=slide.excess_cny)
    named = ((lost, Text("客户", "customers")), (loss, Text("金额（含留下但少花的）", "money, including those who stayed but spent less")))
    given = [(part, name) for part, name in named if part and part.kind == "estimate"]
    for part, name in given:
        made = say("{made}校正后的{name}：{x:bare}（{x:interval}）。", "{made} Adjusted {name}: {x:bare} ({x:interval}).",
                   made=made, name=name, x=part)
    return made
