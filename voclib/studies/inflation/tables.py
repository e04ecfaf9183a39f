"""Tables of the page on begged scores, in words: the review list, the list of unusual traces, and both against what was planted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from voclib import numbers
from voclib.results import Estimate, Text
from voclib.sentences import listed, say, with_interval

TRACES = {
    "credibility": Text("较少回来", "fewer come back"),
    "text": Text("负面原话", "negative comments"),
    "on_premises": Text("店内提交", "on the premises"),
    "device": Text("共用设备", "shared devices"),
    "prompt": Text("即时提交", "sent at once"),
    "fast": Text("作答过快", "very fast"),
    "straight": Text("全打满分", "all top marks"),
    "month_end": Text("集中月末", "month ends"),
}
TRACE_LEVEL = 0.01
"""A trace is named beside a dealer where its own p lies at or below this."""
REVIEW_COLUMNS = {
    "dealer": Text("门店", "Dealer"),
    "probability": Text("讨分概率", "Probability"),
    "turned": Text("7–9 分变成 10 分的比例", "Share of 7–9 turned into 10"),
    "scores": Text("NPS 校正前 → 后", "NPS before → after"),
    "ranks": Text("名次 校正前 → 后", "Rank before → after"),
    "traces": Text("还看到什么", "What else stands out"),
}
TRACED_COLUMNS = {
    "dealer": Text("门店", "Dealer"),
    "traces": Text("不寻常的痕迹", "Unusual trace"),
    "probability": Text("讨分概率（只看分数）", "Probability of asking, by the marks"),
}
COMPONENT_COLUMNS = {
    "component": Text("看什么", "What is looked at"),
    "null": Text("没有讨分时应当怎样", "What holds without asking"),
    "weight": Text("在痕迹中的权重", "Weight among traces"),
    "seen": Text("能看的门店", "Dealers seen"),
    "out": Text("突出的门店", "Stand out"),
    "listed": Text("其中在名单上", "of these on the list"),
}
DECIDES = Text("决定名单", "decides the list")
TRUTH_COLUMNS = {
    "unit": Text("门店", "Dealer"),
    "planted": Text("埋下的讨分", "Planted"),
    "found": Text("本页的判断", "This page"),
    "excess": Text("多出的 10 分", "Excess tens"),
    "turned": Text("实际改成 10 分", "Tens really turned"),
    "corrected": Text("校正后的 NPS", "NPS corrected"),
    "honest": Text("真实 NPS", "Honest NPS"),
    "covered": Text("区间盖住真值", "Interval holds the truth"),
}


FOUND = {
    "listed": Text("供核查", "for review"),
    "traced": Text("只有痕迹不寻常", "unusual trace only"),
    "neither": Text("未列入", "not listed"),
}


def _score(value: float, low: float, high: float) -> Estimate:
    return Estimate(estimand="nps_corrected", kind="estimate", unit="points", value=value, conf_low=low, conf_high=high)


def review(dealers: pd.DataFrame, p_values: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Dealers on the list in words, most probable by their marks first; traces (p by component and unit) are named and decide nothing."""
    rows = []
    chosen = dealers[dealers["is_listed"]].sort_values(["probability", "p_value", "unit"], ascending=[False, True, True])
    for row in chosen.itertuples():
        turned = Estimate(
            estimand="review_list", kind="estimate", unit="share", value=row.turned_share, conf_low=row.conf_low, conf_high=row.conf_high
        )
        rows.append(
            {
                "dealer": _named(row),
                "probability": percent(row.probability),
                "turned": with_interval(turned),
                "scores": say(
                    "{a:.0f} → {b:bare}（{b:interval}）",
                    "{a:.0f} → {b:bare} ({b:interval})",
                    a=row.nps,
                    b=_score(row.nps_corrected, row.nps_low, row.nps_high),
                ),
                "ranks": say(
                    "{a}（{al}–{ah}）→ {b}（{bl}–{bh}）",
                    "{a} ({al}–{ah}) → {b} ({bl}–{bh})",
                    a=row.raw_rank,
                    al=row.raw_rank_low,
                    ah=row.raw_rank_high,
                    b=row.rank,
                    bl=row.rank_low,
                    bh=row.rank_high,
                ),
                "traces": _seen(p_values, row.unit),
            }
        )
    return pd.DataFrame(rows, columns=list(REVIEW_COLUMNS))


def traced(dealers: pd.DataFrame, p_values: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Dealers off the list whose traces together are unusual, in words, by name."""
    chosen = dealers[dealers["is_traced"]].sort_values("unit")
    rows = [{"dealer": _named(row), "traces": _seen(p_values, row.unit), "probability": percent(row.probability)} for row in chosen.itertuples()]
    return pd.DataFrame(rows, columns=list(TRACED_COLUMNS))


def _named(row: Any) -> Text:
    return say("{u} {n}", "{u} {n}", u=row.unit, n=row.name) if row.name != row.unit else Text(str(row.unit), str(row.unit))


def _seen(p_values: Mapping[str, pd.Series], unit: object) -> Text:
    """Traces of a dealer with a p at or below `TRACE_LEVEL`."""
    seen = [TRACES[name] for name, p in p_values.items() if name in TRACES and p[unit] <= TRACE_LEVEL]
    return listed(seen, none=Text("没有别的", "nothing else"))


def percent(probability: float) -> Text:
    """A probability without false certainty."""
    text = "> 99%" if probability > 0.99 else "< 1%" if probability < 0.01 else f"{probability:.0%}"
    return Text(text, text)


def truth_row(row: Any, known: Mapping[str, Any] | None) -> dict[str, Any]:
    """What was found and planted for one dealer tested."""
    score = _score(row.nps_corrected, row.nps_low, row.nps_high)
    honest = row.nps if known is None else known["nps_honest"]
    return {
        "unit": Text(str(row.unit), str(row.unit)),
        "planted": Text("没有", "none") if known is None else Text("有", "yes"),
        "found": FOUND["listed" if row.is_listed else "traced" if row.is_traced else "neither"],
        "excess": round(row.excess_tens),
        "turned": 0 if known is None else known["turned"],
        "corrected": with_interval(score),
        "honest": _points(honest),
        "covered": Text("是", "yes") if row.nps_low <= honest <= row.nps_high else Text("否", "no"),
    }


def untested_row(unit: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """A planted dealer that had too few answers."""
    dash = Text(numbers.DASH, numbers.DASH)
    return {
        "unit": Text(unit, unit),
        "planted": Text("有", "yes"),
        "found": Text("回答太少，未检验", "too few answers, not tested"),
        "excess": 0,
        "turned": known["turned"],
        "corrected": dash,
        "honest": _points(known["nps_honest"]),
        "covered": dash,
    }


def _points(value: float) -> Text:
    text = f"{value:.0f}".replace("-", "−")
    return Text(text, text)
