"""What is said of a ledger: the steps it went through, what looked wrong in it, and amounts to the cent."""

from __future__ import annotations

import pandas as pd

from voclib.numbers import MINUS, MONEY
from voclib.results import Check, Text
from voclib.sentences import say

SIGNS = {"CNY": MONEY["cny"], "USD": MONEY["usd"]}
MEASURED = {
    "margin_cny": Text("毛利", "gross margin"),
    "net_cny": Text("净收入（不是毛利）", "net revenue, not margin"),
}
STEPS = {
    "read": Text("读入", "Read"),
    "test_accounts": Text("去掉：测试账号", "Left out: test accounts"),
    "excluded_kinds": Text("去掉：不计入的类型", "Left out: kinds not counted"),
    "their_refunds": Text("去掉：上述账目的退款", "Left out: refunds of the above"),
    "kept": Text("计入", "Kept"),
}
_KEPT, _ALONE = Text("保留并列出", "Kept and listed"), Text("保留；少计的金额最多为此数", "Kept; the total is understated by at most this")
PROBLEMS: dict[str, tuple[Text, Text]] = {
    "refund_unlinked": (Text("退款找不到对应的入账", "Refunds without a matching booking"), _ALONE),
    "refund_larger": (Text("退款合计超过原入账", "Refunds that together exceed the booking"), _KEPT),
    "refund_of_refund": (
        Text("退款冲销的是另一笔退款", "Refunds of refunds"), Text("追到最初的入账", "Traced to the original booking"),
    ),
    "refund_other_customer": (Text("退款记在另一位客户名下", "Refunds booked to another customer"), _KEPT),
    "refund_early": (Text("退款早于原入账", "Refunds dated before their booking"), _KEPT),
    "link_without_refund": (Text("不是退款却指向另一笔入账", "Not refunds, yet refer to another booking"), _KEPT),
    "negative_net": (Text("不是退款而净额为负", "Negative amounts that are not refunds"), _KEPT),
    "negative_margin": (Text("不是退款而毛利为负", "Negative margins that are not refunds"), _KEPT),
    "margin_above_net": (Text("毛利高于净额", "Margins above the net amount"), _KEPT),
    "margin_unknown": (
        Text("毛利缺失", "Missing margins"), Text("不以收入代替毛利", "Revenue is not substituted for margin"),
    ),
    "repeated": (Text("客户、时间、类型、金额全同，流水号不同", "Same customer, time, kind and amount, different number"), _KEPT),
    "converted": (Text("由其他币种换算", "Converted from another currency"), Text("按给定汇率换算到分", "Converted to the cent at the given rate")),
    "finer_than_cent": (Text("金额细于一分", "Amounts finer than a cent"), Text("四舍五入到分", "Rounded half up to the cent")),
    "alone": (
        Text("远离其余账目的零星一两笔", "Isolated bookings, far before or after all others"),
        Text("保留，但账目不从它起、不到它止", "Kept, but the ledger neither begins nor ends there"),
    ),
    "test_account_absent": (
        Text("账上没有的测试账号", "Test accounts that are not in the ledger"), Text("请核对编号", "Please check the numbers"),
    ),
}
_ALARMS = ("refund_unlinked", "refund_larger", "refund_other_customer", "margin_above_net", "margin_unknown", "test_account_absent")
_REFUNDS = ("refund_unlinked", "refund_larger", "refund_other_customer", "refund_early")
MARGIN_NEEDED = Text(
    "请补上毛利；或明确改问净收入（报告集里写 measure: revenue），结果会这样标注。",
    'Supply the margins; or ask for net revenue explicitly (measure: revenue in the edition), and results will be labelled so.',
)


def exact(cents: int, currency: str = "CNY") -> str:
    """Whole cents with every digit: `¥3,000,000.00`, `−¥12.50`, `EUR 4.00`; the same in both languages."""
    whole, rest = divmod(abs(int(cents)), 100)
    return f"{MINUS if cents < 0 else ''}{SIGNS.get(currency, currency + ' ')}{whole:,}.{rest:02d}"


def margin_unknown(unknown: int, rows: int, net_cents: int, currency: str) -> Text:
    """Revenue known, margin not."""
    return say("收入已知，毛利未知：{rows} 笔账里有 {n} 笔没有毛利，其净收入合计 {net}。",
               "Revenue is known, margin is not: {n} of {rows} bookings have no margin; their net revenue totals {net}.",
               n=unknown, rows=rows, net=exact(net_cents, currency))


def checks(notes: pd.DataFrame, problems: pd.DataFrame, currency: str, *, needs_margin: bool = True) -> tuple[Check, ...]:
    """Totals before and after, refunds as a whole, then one check a problem, alarms first; missing margins are none where revenue is asked for."""
    problems = problems if needs_margin else problems[problems["problem"].ne("margin_unknown")]
    found = list(problems["problem"])
    made = [_before_after(notes, currency)]
    if not set(_REFUNDS) & set(found):
        made.append(Check(Text("退款都能对上原入账", "Every refund matches a booking"), True,
                          Text("没有找不到原入账的退款，也没有超过原入账的退款。", "No refund lacks its original booking, and none exceeds it.")))
    order = sorted(range(len(found)), key=lambda i: (found[i] not in _ALARMS, i))
    return (*made, *(_problem(problems.iloc[i], currency) for i in order))


def _before_after(notes: pd.DataFrame, currency: str) -> Check:
    amount = {row["step"]: (int(row["rows_n"]), round(row["net_cny"] * 100), round(row["margin_cny"] * 100)) for _, row in notes.iterrows()}
    gone = [amount[step] for step in ("test_accounts", "excluded_kinds", "their_refunds")]
    holds = all(amount["read"][i] - sum(part[i] for part in gone) == amount["kept"][i] for i in range(3))
    written = {f"{step}_cny": exact(money, currency) for step, (_, money, _) in amount.items()}
    counts = {f"{step}_n": n for step, (n, *_) in amount.items()}
    detail = say(
        "读入 {read_n} 笔，净额 {read_cny}；去掉测试账号 {test_accounts_n} 笔 {test_accounts_cny}、"
        "不计入的类型 {excluded_kinds_n} 笔 {excluded_kinds_cny}、其退款 {their_refunds_n} 笔 {their_refunds_cny}；"
        "计入 {kept_n} 笔，净额 {kept_cny}。",
        "{read_n} bookings read, {read_cny} net. Left out: test accounts {test_accounts_n}, {test_accounts_cny}; kinds not counted "
        "{excluded_kinds_n}, {excluded_kinds_cny}; their refunds {their_refunds_n}, {their_refunds_cny}. Kept: {kept_n} bookings, {kept_cny} net.",
        **counts, **written)
    return Check(Text("清理前后对得上，到分", "Totals before and after cleaning agree to the cent"), holds, detail,
                 Text("金额一律不采用。", "No amount is used."))


def _problem(row: pd.Series, currency: str) -> Check:
    detail = say("{n} 笔，净额 {net}，例如 {examples}。", "{n} {n:booking|bookings}, {net} net, for example {examples}.", n=int(row["rows_n"]),
                 net=exact(round(row["net_cny"] * 100), currency), examples=row["examples"])
    return Check(row["label"], False if row["problem"] in _ALARMS else None, detail, row["treatment"])
