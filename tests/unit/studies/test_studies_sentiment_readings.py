"""Words of 10-sentiment-aspects on how well voices were read, by language."""

from __future__ import annotations

import pandas as pd

from voclib.results import Text
from voclib.studies.sentiment_aspects import captions as shown
from voclib.studies.sentiment_aspects import text as sentiment_text


def test_only_languages_that_are_there_are_said_to_be_learned() -> None:
    zh, en = Text("中文", "Chinese"), Text("英文", "English")
    alone = sentiment_text.learned([], [en]).detail
    assert alone == Text("英文的读法从自带分数的声音学来。", "Reading of English is learned from voices with scores.")
    both = sentiment_text.learned([], [zh, en]).detail
    assert "中文" in both.zh and "英文" in both.zh and "Chinese" in both.en and sentiment_text.learned([zh], [zh, en]).passed is False


def test_voices_of_another_language_are_named_in_the_table_of_readings() -> None:
    rows = pd.DataFrame({"language": ["en", ""], "n": [900, 400], "accuracy": [0.8, 0.5], "conf_low": [0.7, 0.4], "conf_high": [0.9, 0.6]})
    made = shown.quality(rows, rows.head(0).rename(columns={"language": "channel"}))
    assert [name.en for name in made["group"]] == ["English", "Another language, or no letters"]
