"""The charts of silence as a reader sees them: both languages, both widths, no word cut off, no word over another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.reports.conftest import CUT, LIVE_AND_STILL, OVER, code, prose


def pictures() -> list[object]:
    """One of every chart, with the longest names a company is likely to have."""
    from voclib.reporting import charts
    from voclib.results import Estimate, Text

    words = {"title": Text("沉默的客户更不满意", "Silent customers are less satisfied"), "subtitle": Text("NPS，分", "NPS, points"),
             "description": Text("图。", "A chart.")}
    long = [Text("上海浦东张江旗舰体验中心", "Shanghai Pudong Zhangjiang flagship"), Text("华北", "North"),
            Text("有过投诉且尚未解决的工单", "Has an unresolved complaint ticket"), Text("价格与优惠不透明", "Opaque prices and discounts"),
            Text("App 与车机", "App and infotainment")]
    names = {f"k{i}": t for i, t in enumerate(long)}
    five = pd.DataFrame({"k": list(names), "raw": [50.0, 49, 48, 20, 70], "now": [20.0, 19, 47, 21, -5], "n": [40, 90, 300, 310, 305]})
    five = five.assign(low=five.now - 8, high=five.now + 8, f=[True, False, True, True, False])
    at = np.exp2(np.linspace(-2, 3, 31))
    surface = pd.DataFrame([{"d": a, "p": b, "v": 30 - 12 * np.log2(a) + 9 * np.log2(b)} for a in at for b in at])
    line = pd.DataFrame({"d": at, "p": np.exp2((12 * np.log2(at) - 10) / 9)})
    rng = np.random.default_rng(2)
    p = rng.beta(2, 6, 900)
    bounds = [Estimate(estimand="nps", unit="points", rung="k1", kind="bounds", bound_low=-71, bound_high=89),
              Estimate(estimand="nps", unit="points", rung="k2", kind="estimate", value=18.2, conf_low=11, conf_high=25)]
    ends = {"low": "low", "high": "high", "labels": names} | words
    return [
        charts.love_plot(five.assign(raw=five.raw / 100, w=0.04), label="k", raw="raw", weighted="w", labels=names, **words),
        charts.overlap(pd.DataFrame({"p": p, "r": rng.uniform(size=900) < p}), probability="p", answered="r", support=0.06, **words),
        charts.tilt_map(surface, line, times_detractor="d", times_promoter="p", value="v", target=20.0,
                        point=charts.TiltPoint(2.0, 0.7, (1.4, 2.8), (0.5, 1.0)), **words),
        charts.bounds_bar(bounds, labels=names, truth=17.0, **words), charts.slopegraph(five, label="k", before="raw", after="now", **ends),
        charts.funnel_plot(five, n="n", value="now", flagged="f", label="k", center=20.0, labels=names, **words),
        charts.dumbbell(five, label="k", raw="raw", corrected="now", unit="points", **ends),
        charts.resistance(five, wave="k", value="now", n="n", followup="k4", **ends),
        charts.cost_curve(pd.DataFrame({"n": [100, 300, 800, 1200], "c": [15e3, 45e3, 12e4, 18e4], "w": [10, 5.8, 3.5, 2.9]}), cost="c", width="w",
                          calls="n", chosen=300, **words),
        charts.calibration(pd.DataFrame({"p": [0.1, 0.3, 0.5], "o": [0.12, 0.28, 0.5], "low": [0.08, 0.2, 0.4], "high": [0.16, 0.36, 0.6],
                                         "n": 100}), predicted="p", observed="o", low="low", high="high", n="n", **words)]


@pytest.fixture(scope="module")
def silence_page(write_page) -> Path:
    from nbformat.v4 import new_notebook

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOC_BATCH", "1")
        cells = [*prose("# 谁没有被听见？", "# Who is not heard?"), *prose("## 图", "## Charts"), code("# Charts", *pictures())]
        return write_page(new_notebook(cells=cells))


@pytest.mark.parametrize("width", [1280, 390])
def test_words_are_whole_and_apart(open_page, silence_page, width):
    opened = open_page(silence_page, width=width)
    for lang in ("zh", "en"):
        opened.language(lang)
        assert opened.drawn() == 10
        assert opened.page.locator(".plot .vega svg text:visible").count() > 100
        assert opened.page.evaluate(CUT) == []
        assert opened.page.evaluate(OVER) == []
        assert opened.visible_languages() == {lang}
    assert opened.overflowing() == [] and opened.console == [] and opened.requests == []


def test_live_charts_say_the_same_words_as_their_pictures(open_page, silence_page):
    opened = open_page(silence_page)
    opened.drawn()
    for figure in opened.page.locator("figure.chart").all():
        live, still = figure.evaluate(LIVE_AND_STILL)
        assert live == still and len(live) > 4


def test_print_and_dark_screens_keep_every_chart(open_page, silence_page):
    opened = open_page(silence_page, dark=True)
    assert opened.drawn() == 10
    light = "() => [...document.querySelectorAll('.plot[lang=zh] .vega svg [fill=\"#ffffff\"]')].map(e => getComputedStyle(e).fill)"
    assert set(opened.page.evaluate(light)) == {"rgb(16, 23, 30)"}
    opened.page.emulate_media(media="print")
    assert opened.page.locator(".plot[lang=zh] img.wide:visible").count() == 10


def test_a_word_over_another_or_cut_off_is_seen(open_page, silence_page):
    opened = open_page(silence_page)
    opened.drawn()
    move = """dx => { const t = [...document.querySelectorAll('.plot[lang=zh] .vega svg text')].filter(t => t.textContent.startsWith('过去') ||
      t.textContent.includes('→'))[0]; t.setAttribute('transform', `translate(${dx},14)`) }"""
    opened.page.evaluate(move, -400)
    assert len(opened.page.evaluate(CUT)) == 1
    copy = """() => { const t = [...document.querySelectorAll('.plot[lang=zh] .vega svg text')].find(t => t.textContent.includes('→'));
      const c = t.cloneNode(true); c.textContent = 'another'; t.parentNode.append(c) }"""
    opened.page.evaluate(copy)
    assert len(opened.page.evaluate(OVER)) == 1
