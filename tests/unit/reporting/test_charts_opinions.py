"""Bars of three feelings and a grid of counts: what they draw, what they hide, and wrong input by name."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from money_pictures import WORDS, rows, said, spec

from voclib.errors import DataError
from voclib.reporting import theme
from voclib.reporting.charts import opinions
from voclib.results import Text

NAMES = {"wait": Text("等待时间", "Waiting time"), "noise": Text("异响", "Noise"), "brakes": Text("刹车片", "Brake pads"),
         "e5": Text("辰星 E5", "E5")}
FELT = pd.DataFrame({"k": ["wait", "noise"], "bad": [0.6, 0.1], "mid": [0.25, 0.2], "low": [0.5, np.nan], "high": [0.7, np.nan], "n": [1240, 7],
                     "verbatim": "SECRET"})
CELLS = pd.DataFrame({"f": ["brakes", "brakes", "noise"], "m": ["e5", "x3", "e5"], "n": [40, 4, 5], "bad": [30, 4, 0], "verbatim": "SECRET"})
BARS = {"label": "k", "negative": "bad", "neutral": "mid", "low": "low", "high": "high", "n": "n", "labels": NAMES, **WORDS}
GRID = {"row": "f", "column": "m", "n": "n", "negative": "bad", "labels": NAMES, **WORDS}


def test_both_ends_have_one_base_and_the_parts_fill_the_bar() -> None:
    pair = opinions.mix_bars(FELT, **BARS)
    assert "SECRET" not in json.dumps(pair.specs)
    for lang in ("zh", "en"):
        for size in ("wide", "narrow"):
            there = [r for r in rows(pair, lang, size) if "one" in r]
            assert [(r["zero"], r["negative"], r["neutral"], r["one"]) for r in there] == [(0, 60, 85, 100), (0, 10, 30, 100)]
            assert [r["low"] for r in there] == [50, None], "no interval, no line"


def test_the_negative_share_its_interval_and_the_number_of_voices_are_written() -> None:
    written = said(opinions.mix_bars(FELT, **BARS), "en", "wide")
    assert {"60%", "50%–70%", "1,240 voices", "Negative", "95% interval for negative"} <= set(written)
    assert "7 条" in said(opinions.mix_bars(FELT, **BARS), "zh", "narrow")


def test_small_cells_show_neither_number_nor_colour() -> None:
    pair = opinions.count_grid(CELLS, **GRID)
    for size in ("wide", "narrow"):
        cells = {(r["left"], r["up"]): r for r in rows(pair, "en", size) if "fill" in r}
        assert len(cells) == 3 and sorted(r["text"] for r in cells.values()) == ["40", "5", "<5"]
        small = next(r for r in cells.values() if r["text"] == "<5")
        assert small["fill"] == theme.WASH and "4" not in small["tip"]
        assert next(r for r in cells.values() if r["text"] == "40")["fill"] == theme.DIVERGING[0]
    assert "bad" not in json.dumps(pair.specs) and "SECRET" not in json.dumps(pair.specs)


def test_rows_and_columns_stand_as_they_first_appear() -> None:
    there = [r["text"] for r in rows(opinions.count_grid(CELLS, **GRID), "zh", "wide") if r.get("text") in {"刹车片", "异响", "辰星 E5", "x3"}]
    assert there == ["辰星 E5", "x3", "刹车片", "异响"]


@pytest.mark.parametrize("chart", [opinions.mix_bars(FELT, **BARS), opinions.count_grid(CELLS, **GRID)])
def test_every_colour_has_its_dark_twin(chart) -> None:
    text = json.dumps({k: v for k, v in spec(chart).items() if k != "config"})
    assert {text[k:k + 7].lower() for k in range(len(text)) if text[k] == "#"} <= {c.lower() for c in theme.DARK}


@pytest.mark.parametrize(("frame", "more", "message"), [
    (FELT.head(0), {}, "no rows"), (FELT, {"negative": "bda"}, "did you mean 'bad'"), (FELT.assign(bad=0.9), {}, "at most 1 together"),
    (FELT.assign(mid=np.nan), {}, "at most 1 together")])
def test_wrong_mixes_are_named(frame: pd.DataFrame, more: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        opinions.mix_bars(frame, **BARS | more)


@pytest.mark.parametrize(("frame", "more", "message"), [
    (CELLS.head(0), {}, "no rows"), (CELLS, {"row": "g"}, "no column 'g'"), (CELLS.assign(m="e5"), {}, "'brakes' × 'e5' stands twice"),
    (CELLS.assign(bad=50), {}, "more negative voices than voices")])
def test_wrong_grids_are_named(frame: pd.DataFrame, more: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        opinions.count_grid(frame, **GRID | more)
