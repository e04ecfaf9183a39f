"""The picture of sixty units as a reader sees it on a phone and on a desk: every name whole, no word over another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.reports.conftest import CUT, LIVE_AND_STILL, OVER, code, prose

UNITS = 60


def picture() -> object:
    """Sixty dealers with the names a company has."""
    from voclib.reporting import charts
    from voclib.results import Text

    rng = np.random.default_rng(2)
    value = np.sort(rng.normal(45, 14, UNITS))[::-1]
    half = rng.uniform(5, 13, UNITS)
    frame = pd.DataFrame({"k": [f"D{k:03d}" for k in range(UNITS)], "raw": 45 + 1.25 * (value - 45), "value": value, "low": value - half,
                          "high": value + half, "mean_low": 45 - half, "mean_high": 45 + half})
    frame = frame.assign(raw_low=frame["raw"] - 1.2 * half, raw_high=frame["raw"] + 1.2 * half)
    cities = ("乌鲁木齐新市", "呼和浩特赛罕", "上海浦东", "北京朝阳")
    names = {k: Text(f"辰星汽车·{cities[i % 4]}{i}店", f"Chenxing Motors · {('Urumqi', 'Hohhot', 'Shanghai', 'Beijing')[i % 4]} {i}")
             for i, k in enumerate(frame["k"])}
    return charts.caterpillar(frame, label="k", labels=names, title=Text("60 家里有 20 家与平均分得开", "20 of 60 units can be told from the mean"),
                              subtitle=Text("NPS，分", "NPS, points"), description=Text("图。", "A chart."),
                              **{c: c for c in ("raw", "raw_low", "raw_high", "value", "low", "high", "mean_low", "mean_high")})


@pytest.fixture(scope="module")
def page(write_page) -> Path:
    from nbformat.v4 import new_notebook

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOC_BATCH", "1")
        cells = [*prose("# 谁不同？", "# Who differs?"), *prose("## 图", "## Chart"), code("# Chart", picture())]
        return write_page(new_notebook(cells=cells))


@pytest.mark.parametrize("width", [1280, 820, 390, 360])
def test_every_name_is_whole_and_apart(open_page, page, width):
    opened = open_page(page, width=width)
    for lang in ("zh", "en"):
        opened.language(lang)
        assert opened.drawn() == 1
        assert opened.page.locator(f".plot[lang={lang}] .vega svg text:visible").count() >= UNITS + 5
        assert opened.page.evaluate(CUT) == []
        assert opened.page.evaluate(OVER) == []
    assert opened.overflowing() == [] and opened.console == [] and opened.requests == []


def test_the_live_chart_says_the_same_words_as_its_picture(open_page, page):
    opened = open_page(page)
    opened.drawn()
    live, still = opened.page.locator("figure.chart").first.evaluate(LIVE_AND_STILL)
    assert live == still and len(live) >= UNITS
