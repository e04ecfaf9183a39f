"""The topic map as a reader sees it: live and still alike, no word over another, and a click leaves one theme."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reports.conftest import CUT, LIVE_AND_STILL, OVER, code, prose
from voclib.results import Text

LONG = {"zh": Text("“customer · service · customerservice · worst”", "“customer · service · customerservice · worst”")}
OPACITY = "() => [...document.querySelectorAll('.plot[lang=zh] .vega svg .mark-symbol path')].map(p => +getComputedStyle(p).opacity)"


def pictures() -> list[object]:
    """The map and its companions, from the frames of their unit tests."""
    from tests.unit.reporting import test_charts_topics as made

    months = made.courses(made.months(), **{**made.MONTHS, "labels": LONG}, **made.WORDS)
    return [made.drawn(), made.rises(made.days(), **made.DAYS, **made.WORDS), months,
            made.stability_curve(made.curve(), **made.CURVE, **made.WORDS)]


@pytest.fixture(scope="module")
def page(write_page) -> Path:
    from nbformat.v4 import new_notebook

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOC_BATCH", "1")
        cells = [*prose("# 说什么？", "# What?"), *prose("## 图", "## Charts"), *(code("# Chart", picture) for picture in pictures())]
        return write_page(new_notebook(cells=cells))


@pytest.mark.parametrize("width", [1280, 820, 390, 360])
def test_no_word_is_cut_or_hidden(open_page, page, width):
    opened = open_page(page, width=width)
    for lang in ("zh", "en"):
        opened.language(lang)
        assert opened.drawn() == 4
        assert opened.page.evaluate(CUT) == []
        assert opened.page.evaluate(OVER) == []
    assert opened.overflowing() == [] and opened.console == [] and opened.requests == []


def test_the_live_charts_say_the_same_words_as_their_pictures(open_page, page):
    opened = open_page(page)
    opened.drawn()
    for k in range(4):
        live, still = opened.page.locator("figure.chart").nth(k).evaluate(LIVE_AND_STILL)
        assert live == still and live


def test_a_click_leaves_one_theme_and_a_double_click_brings_all_back(open_page, page):
    opened = open_page(page)
    opened.drawn()
    first = opened.page.locator(".plot[lang=zh] .vega svg").first
    before = opened.page.evaluate(OPACITY)
    first.locator(".mark-symbol path").first.click(force=True)
    opened.page.wait_for_timeout(400)
    after = opened.page.evaluate(OPACITY)
    assert min(before) == 1 and min(after) < 0.5 and max(after) == 1
    first.locator(".mark-symbol path").first.dblclick(force=True)
    opened.page.wait_for_timeout(400)
    assert min(opened.page.evaluate(OPACITY)) == 1
