"""What holds of every chart, whatever it draws: for tests to ask of the pictures they make, by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from money_pictures import spec

from voclib.reporting import theme


def both_languages_both_widths_and_nothing_unseen(drawn: Mapping[str, Any]) -> None:
    """Two languages, two widths, and no column of the data that the chart was not told of."""
    for name, pair in drawn.items():
        assert "SECRET" not in json.dumps(pair.specs), name
        for lang in ("zh", "en"):
            assert {size: s["width"] for size, s in pair.specs[lang].items()} == {"wide": 720, "narrow": 350}, name


def chinese_pictures_speak_chinese_and_english_ones_do_not(drawn: Mapping[str, Any]) -> None:
    """Chinese letters in the Chinese picture, none in the English one; its description aside, which is read out."""
    for name, pair in drawn.items():
        for size in ("wide", "narrow"):
            parts = {lang: json.dumps({k: v for k, v in spec(pair, lang, size).items() if k not in ("config", "description")}, ensure_ascii=False)
                     for lang in ("zh", "en")}
            assert any("\u4e00" <= c <= "\u9fff" for c in parts["zh"]), name
            assert not any("\u4e00" <= c <= "\u9fff" for c in parts["en"]), name


def every_colour_has_its_dark_twin(drawn: Mapping[str, Any]) -> None:
    """No colour that the dark page would show as it is."""
    allowed = {c.lower() for c in theme.DARK}
    for name, pair in drawn.items():
        text = json.dumps({k: v for k, v in spec(pair).items() if k != "config"})
        used = {text[k:k + 7].lower() for k in range(len(text)) if text[k] == "#"}
        assert used <= allowed, (name, used - allowed)
