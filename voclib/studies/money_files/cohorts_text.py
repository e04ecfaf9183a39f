"""What is said of public files about money, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from voclib.results import Estimate, Ladder, Text
from voclib.sentences import say
from voclib.stats.inference import Fit
from voclib.studies.money_files import text as told

if TYPE_CHECKING:
    from voclib.studies.money_files import Purchases

ASKED = ("no_support", "refunded", "extra_charged")
MIN_ALIKE = 50
RUNGS = {
    "naive": (
        Text("最会花钱的一成，下一期", "Top tenth, one window later"),
        Text("用来挑人的那一期与下一期相比，校正前", "Against the window used to pick them; uncorrected"),
    ),
    "everybody": (Text("全体顾客，同一步", "All customers, the same step"), Text("新顾客的热情本来就会退", "New customers' enthusiasm fades anyway")),
    "expected": (Text("同样这一成，再下一期", "Same tenth, one window further on"), Text("两期都没有用来挑人", "Neither window picked anyone")),
}
EXPOSURES = {
    "name": Text("暴露", "Exposure"),
    "n": Text("暴露的客户", "Exposed"),
    "naive": Text("校正前", "Uncorrected"),
    "before": Text("只用必定在前的", "Prior columns only"),
    "all": Text("全部列", "All columns"),
    "said": Text("能不能定价", "Can it be priced?"),
}
REASONS = {
    "reason": Text("离开者说的原因", "Reason given for leaving"),
    "n": Text("人数", "Leavers"),
    "money": Text("他们每月付的钱", "What they paid per month"),
    "there": Text("另一版文件里", "In the other edition"),
}
FAULTS = {"file": Text("文件", "File"), "found": Text("看到什么", "What was found"), "done": Text("怎么处理", "What is done")}
ROLES = {"column": Text("列", "Columns"), "role": Text("能不能用", "May it be used?"), "reason": Text("为什么", "Why")}
CLASSES = {
    "class": Text("满意度", "Satisfaction"),
    "n": Text("客户", "Customers"),
    "left": Text("离开", "Left"),
    "monthly_revenue": Text("每月付（全部）", "Paid per month, all"),
    "money": Text("季末还在付", "Paid at quarter end"),
    "monthly_stayed": Text("每月付（留下的）", "Paid per month, stayed"),
}
WHY = {
    "no_support": Text("可以给范围", "A range only"),
    "refunded": Text("不能：在网越久越可能退过款，活得久的人自然付得多", "No: longer stays make a refund likelier, so survivors pay more"),
    "extra_charged": Text("不能：可比的人不够", "No: too few comparable customers"),
}

TABLES: dict[str, Mapping[str, Any]] = {
    "faults": {"title": Text("先看文件，再谈数字：这些导出里有什么问题", "Files before figures: problems in these exports"), "columns": FAULTS},
    "roles": {"title": Text("哪些列可以解释金额，哪些是泄漏", "Which columns may explain money, and which leak"), "columns": ROLES},
    "reasons": {
        "title": Text("离开者付过的钱，不是因为这个原因少掉的钱", "What leavers paid is not money lost for the reason they gave"),
        "columns": REASONS,
        "note": Text(
            "同一批人，两版文件里写的原因不同；这是描述，证据等级 0。",
            "The two editions of the file give different reasons for the same people. This is description, evidence level 0.",
        ),
    },
    "exposures": {
        "title": Text("每月差多少钱，要看校正了什么", "The monthly difference depends on what is adjusted for"),
        "columns": EXPOSURES,
        "note": Text(
            "每位客户每月的美元，负数是少。“全部列”含在网时长、合同、付款方式，它们可能是后果。",
            "Dollars per customer per month; negative is less. “All columns” includes tenure, contract and payment, which may be consequences.",
        ),
    },
    "classes": {
        "title": Text(
            "满意度值多少钱？三种算法给出相反的答案，所以不给",
            "What is satisfaction worth? Three methods contradict each other, so no figure is given",
        ),
        "columns": CLASSES,
        "formats": {"left": "share", "monthly_revenue": "usd", "money": "usd", "monthly_stayed": "usd"},
        "note": Text(
            "打 1–2 分的全部离开，打 4–5 分的全部留下：这个分数多半是知道结果之后填的。",
            "Everyone who gave 1 or 2 left and everyone who gave 4 or 5 stayed: the score was probably filled in after the outcome was known.",
        ),
    },
}


def exposure(name: str, fits: Mapping[str, Fit], n: int, alike: float, conf_level: float) -> dict[str, Any]:
    """One row of the table of exposures."""
    row: dict[str, Any] = {"name": told.EXPOSURES[name].name, "n": n}
    for key, fit in fits.items():
        row[key] = say("{x}（{x:interval}）", "{x} ({x:interval})", x=fit.estimate("money_month", unit="usd", conf_level=conf_level))
    few = say("不能：可比的人只抵 {k} 位，下限 {m}", "No: comparable customers are worth only {k}; at least {m} needed", k=int(alike), m=MIN_ALIKE)
    row["said"] = few if alike < MIN_ALIKE else WHY[name]
    return row


def reasons(found: pd.DataFrame, most: int = 8) -> pd.DataFrame:
    """The vendor's slide: dollars of leavers by what they said, and by what the other edition says they said."""
    rows = []
    for row in found.head(most).itertuples():
        paid, there = (_dollars(x) for x in (row.monthly_revenue, row.monthly_workbook))
        rows.append((row.reason, int(row.n), paid, there))
    return pd.DataFrame(rows, columns=list(REASONS))


def _dollars(x: float) -> Text:
    return say("{x:bare}", "{x:bare}", x=Estimate(estimand="money_month", kind="count", unit="usd", value=float(x)))


def captions(ladder: Ladder, tail: Fit, concentration: pd.DataFrame, bought: Purchases) -> Mapping[str, Mapping[str, Any]]:
    """Titles of the tables and of the ladder."""
    first, later = ladder["naive"], ladder["expected"]
    title = say(
        "什么都不做，最会花钱的一成下一期变化 {a:bare}；不挑人的那一步是 {b:bare}",
        "With nothing done, the top tenth change by {a:bare}; in a step not used to pick anyone, {b:bare}",
        a=first,
        b=later,
    )
    note = say(
        "最高的 1% 买走了 {s:.0%} 的钱，尾指数 {t:.1f}：平均数由少数人决定，区间只供参考。",
        "The top 1% account for {s:.0%} of the money, tail index {t:.1f}: a few customers decide the mean, so intervals are only a guide.",
        s=float(concentration["of_all"].iloc[0]),
        t=tail.value,
    )
    subtitle = say(
        "唱片买家，每期 {d} 天，{n} 位", "Record buyers, windows of {d} days, {n} customers", d=bought.window_days, n=len(bought.people)
    )
    return TABLES | {"fallback": {"title": title, "subtitle": subtitle, "labels": RUNGS, "note": note}}
