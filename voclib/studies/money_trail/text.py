"""What is said of the rows behind an amount, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from voclib.results import Estimate, Text
from voclib.sentences import say, with_interval
from voclib.studies.money_trail import slide_text
from voclib.studies.nps_revenue import text as money
from voclib.studies.survivorship.customer_topics_text import named

if TYPE_CHECKING:
    from voclib.errors import VocError
    from voclib.studies.money_trail.trail import Trail

SPLIT = {
    "label": Text("金额", "Amount"),
    "rows_n": Text("账目笔数", "Bookings"),
    "customers_n": Text("客户", "Customers"),
    "rows_cny": Text("账上合计", "In the ledger"),
    "amount_cny": Text("由此得出", "Amount derived"),
    "modelled": Text("估计（账上没有）", "Estimate (not booked)"),
}
CHAIN = {
    "customer": Text("客户", "Customer"),
    "topic": Text("主题", "Topic"),
    "case_id": Text("工单", "Case"),
    "n_rows": Text("账目笔数", "Bookings"),
    "total_cny": Text("期限内毛利", "Margin in the year"),
}
ROWS = {
    "transaction_id": Text("流水号", "Booking"),
    "customer_id": Text("客户", "Customer"),
    "day": Text("入账日", "Booked on"),
    "kind": Text("类型", "Kind"),
    "net_cny": Text("净额", "Net"),
    "margin_cny": Text("毛利", "Margin"),
}
LABELS = {
    "loss": money.STEPS["lost"],
    "at_risk": Text("有风险的金额（推算）", "Money at risk (a forecast)"),
    "together": Text("全部痛点合计", "All pain points"),
    **money.GROUPS,
}
LEDGER = {"role": Text("合计还是其中", "Total or part"), "label": Text("金额", "Amount"), "written": Text("数值与区间", "Value and interval")}
KINDS = {
    "service": Text("服务", "service"),
    "parts": Text("配件", "parts"),
    "subscription": Text("订阅", "subscription"),
    "refund": Text("退款", "refund"),
    "vehicle": Text("整车", "vehicle"),
}
NOTES = {
    "title": Text("从读入到计入，前后对得上", "From rows read to rows kept, totals reconcile"),
    "columns": {
        "label": Text("步骤", "Step"),
        "rows_n": Text("账目笔数", "Bookings"),
        "customers_n": Text("客户", "Customers"),
        "net_cny": Text("净额", "Net"),
        "margin_cny": Text("毛利", "Margin"),
    },
    "formats": {"net_cny": "cny", "margin_cny": "cny"},
}
BEHIND = {
    "vendor_slide": Text("“流失人数 × 人均价值”背后的 {n} 笔账，这里列出开头几笔",
                         "{n} bookings lie behind “leavers × value each”; the first few"),
    "observed": Text("暴露客户期限内的 {n} 笔账，这里列出开头几笔", "{n} bookings of exposed customers within the horizon; the first few"),
}
NO_LEDGER = Text("这些数据没有逐笔账目，金额追不到行。", "These data contain no individual bookings, so no amount can be traced to rows.")


def no_claim(error: VocError) -> Text:
    """Why nothing is multiplied: the English words hold the message of the part that failed."""
    return Text("客户表里没有人流失，或人人都流失：“流失人数 × 人均价值”无从算起。", f"“Leavers × value each” cannot be computed: {error}")


def beside(found: pd.DataFrame) -> pd.DataFrame:
    """The slide and what can be defended: label, customers, money, each with its interval as words."""
    rows = []
    for row in found.itertuples():
        people = _with_ends(row.customers, row.customers_low, row.customers_high, "count")
        rows.append((row.label, people, _with_ends(row.cny, row.low, row.high, "cny")))
    return pd.DataFrame(rows, columns=["label", "customers", "money"])


BESIDE = {"label": slide_text.COLUMNS["label"], "customers": slide_text.COLUMNS["customers"], "money": slide_text.COLUMNS["cny"]}


def _with_ends(value: float | None, low: float | None, high: float | None, unit: str) -> Text | None:
    if value is None or pd.isna(value):
        return None
    if low is None or pd.isna(low):
        return say("{x:bare}", "{x:bare}", x=Estimate(estimand="row", kind="count", unit=unit, value=float(value)))
    shown = Estimate(estimand="row", kind="estimate", unit=unit, value=float(value), conf_low=float(low), conf_high=float(high))
    return with_interval(shown)


def split(found: pd.DataFrame) -> pd.DataFrame:
    """What is booked and what is an estimate."""
    made = [_with_ends(row.modelled_cny, row.conf_low, row.conf_high, "cny") for row in found.itertuples()]
    return found.assign(modelled=made)[list(SPLIT)]


def chain(found: pd.DataFrame, most: int) -> pd.DataFrame:
    """Some links, those with a case first: customer, topic, case, bookings, money."""
    ordered = found.assign(has_case=found["case_id"].notna()).sort_values(["has_case", "customer"], ascending=[False, True]).head(most)
    topics = [named(t) if isinstance(t, str) else None for t in ordered["topic"]]
    return ordered.assign(topic=topics).reset_index(drop=True)[list(CHAIN)]


def rows(found: pd.DataFrame, most: int) -> pd.DataFrame:
    """Some bookings behind an amount."""
    kept = found.head(most)
    days = kept["booked_at"].dt.strftime("%Y-%m-%d")
    return kept.assign(day=days, kind=[KINDS.get(k, Text(k, k)) for k in kept["kind"]])[list(ROWS)]


def ledger(amounts: Mapping[str, Estimate]) -> pd.DataFrame:
    """The amounts of the page: one total, the rest parts of it or views of the same money."""
    made = []
    for key, amount in amounts.items():
        role = {"loss": Text("合计", "Total"), "at_risk": Text("另一种看法，不相加", "Another view, not added")}.get(key, Text("其中", "Of which"))
        written = with_interval(amount, absent=say("{x:bare}", "{x:bare}", x=amount))
        made.append((role, LABELS.get(key, Text(key, key)), written))
    return pd.DataFrame(made, columns=list(LEDGER))


def captions(trail: Trail, name: str) -> Mapping[str, Mapping[str, Any]]:
    """Titles of the tables; `name` is the amount whose bookings are listed."""
    behind = len(trail.behind(name))
    return {
        "beside": {"title": Text("走了的人不等于因此走的人", "Not everyone who left did so for this reason"), "columns": BESIDE},
        "split": {
            "title": Text("账上有的，和估计出来的，分开写", "Booked and estimated amounts, shown separately"),
            "columns": SPLIT,
            "formats": {"rows_cny": "cny", "amount_cny": "cny"},
        },
        "chain": {
            "title": Text("从主题、工单到客户，再到钱", "From topic and case to customer and money"),
            "columns": CHAIN,
            "formats": {"total_cny": "cny"},
            "note": Text(
                "原话不在页面上；在 JupyterLab 里用 trail.chain(…, show_verbatims=True) 查看。",
                "Verbatims are not shown on the page; in JupyterLab use trail.chain(…, show_verbatims=True).",
            ),
        },
        "rows": {
            "title": say(BEHIND[name].zh, BEHIND[name].en, n=behind),
            "columns": ROWS,
            "formats": {"net_cny": "number", "margin_cny": "number"},
            "note": Text(
                f'全部用 trail.behind("{name}") 列出，逐笔相加与印出的金额一致到分。',
                f'trail.behind("{name}") lists them all; they add up to the printed amount, to the cent.',
            ),
        },
        "ledger": {"title": Text("一本账：只有一个合计", "One ledger: only one total"), "columns": LEDGER},
    }
