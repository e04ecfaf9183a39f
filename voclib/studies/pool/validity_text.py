"""What the effect of unusable voices is called, in both languages."""

from __future__ import annotations

from typing import Any

from voclib.results import Estimate, Text
from voclib.studies.scores import text as scores_text

UNITS = scores_text.GAP_UNITS
COLUMNS = {
    "score": Text("分数", "Score"),
    "everyone": Text("全部声音", "All voices"),
    "valid": Text("只算有效", "Valid only"),
    "effect": Text("无效声音带来的移动", "Moved by invalid voices"),
    "interval": Text("区间", "Interval"),
    "invalid": Text("无效 / 全部", "Invalid / all"),
}
TITLE = Text("无效的声音把分数移动了多少", "How much invalid voices move each score")
SUBTITLE = Text("全部减有效；按门店聚类的区间", "All minus valid; intervals clustered by unit")
ALL_VALID = Text("没有无效的回答，分数不受影响。", "No answer is invalid, so the score is unaffected.")
NO_VALID = Text("没有一份有效的回答可比。", "No answer is valid, so there is no basis for comparison.")
NO_SCORE = Text("没有一条声音带分数，谈不上移动。", "No voice carries a score, so none can move.")
NEEDS_VALID = Text("先补齐必填字段。", "Complete required fields.")
NEEDS_NOTHING = Text("无需补救。", "Nothing needs fixing.")


def row(everyone: Estimate, valid: Estimate, effect: Estimate, *, n: int, invalid_n: int) -> dict[str, Any]:
    """One score as a row: value over all, over the valid, the movement and its interval."""
    withheld = effect.kind == "refusal"
    return {
        "score": scores_text.NAMES[everyone.estimand],
        "everyone": _value(everyone),
        "valid": _value(valid),
        "effect": Text("不显示", "withheld") if withheld else scores_text.written(effect),
        "interval": effect.reason if withheld else scores_text.interval(effect),
        "invalid": Text(f"{invalid_n:,} / {n:,}", f"{invalid_n:,} / {n:,}"),
    }


def _value(estimate: Estimate) -> Text:
    return scores_text.written(estimate) if estimate.kind != "refusal" else Text("不显示", "withheld")
