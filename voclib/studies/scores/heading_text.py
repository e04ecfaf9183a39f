"""What stands above the answer of the report on scores: what was asked, and over which time."""

from __future__ import annotations

from voclib.results import Text
from voclib.sentences import say

_RECOMMENDS = Text("谁在推荐", "Who recommends")
_ASKED = {"nps": _RECOMMENDS, "recommended_share": _RECOMMENDS, "csat": Text("谁满意", "Who is satisfied"),
          "ces": Text("谁觉得省力", "Who finds it easy"), "mean_rating": Text("评价打几分", "How reviewers rate"),
          "mean_stars": Text("评价给几星", "How many stars")}


def kicker(estimand: str, span: str) -> Text:
    """What the score asks, by its estimand, and the periods of the answers; `span` is empty where no answer has a date."""
    return say("{asked} · {span}", "{asked} · {span}", asked=_ASKED[estimand], span=Text(span, span) if span else Text("没有日期", "no dates"))
