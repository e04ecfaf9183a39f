"""What the findings on cases for training are called."""

from __future__ import annotations

from voclib.reporting.names.naming import Name, share
from voclib.results import Text

LIBRARY: dict[str, Name] = {
    "people_found": share(
        "认得出是谁的案例",
        "Stories whose customer can be identified",
        "知道门店、哪一周、什么产品和抱怨什么的人，随手指一位相同的客户，指对的占比",
        "Share of correct guesses when someone who knows dealer, week, product and complaint picks one of the matching customers",
        "认得出",
        "identified",
    ),
    "words_found": share(
        "原话在公开渠道搜得到",
        "Words found in public",
        "恰好对上一条公开的声音，而且对",
        "Matched to exactly one public voice, correctly",
        "搜得到",
        "found",
    ),
    "cards_to_teach": Name(
        title=Text("可以拿来培训的案例", "Cases for training"), scale=Text("精确计数", "An exact count"), short=Text("个案例", "cases")
    ),
}
