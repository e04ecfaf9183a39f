"""The charts of a panel of stores as a reader sees them: both languages, both widths, no word cut off, no word over another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.reports.conftest import CUT, LIVE_AND_STILL, OVER, code, prose

LAGS = pd.DataFrame({"lag": [-2, -1, 0, 1, 2, 3], "v": [0.2, -0.4, 1.1, 3.1, 1.4, 0.3], "se": [0.8, 0.7, 0.7, 0.7, 0.75, 0.9]})
LAGS = LAGS.assign(low=LAGS.v - 2 * LAGS.se, high=LAGS.v + 2 * LAGS.se, a=LAGS.v - 2.7 * LAGS.se, b=LAGS.v + 2.7 * LAGS.se, lead=LAGS.lag < 0)


def pictures() -> list[object]:
    """One of every chart with the longest names a company is likely to have, and those where words have least room."""
    from voclib.reporting import charts
    from voclib.results import Estimate, Text

    words = {"title": Text("员工体验领先客户评分一个季度", "Employee experience leads the score by a quarter"),
             "description": Text("图。", "A chart."), "subtitle": Text("NPS，分", "NPS, points")}
    ends = {"value": "v", "low": "low", "high": "high"}
    band = {"lag": "lag", "band_low": "a", "band_high": "b", "is_lead": "lead"} | ends | words
    long = LAGS.loc[np.repeat(0, 13)].assign(lag=range(-4, 9)).assign(lead=lambda f: f.lag < 0)

    def slope(value: float, half: float) -> Estimate:
        return Estimate(estimand="slope", kind="estimate", unit="points", value=value, conf_low=value - half, conf_high=value + half)

    def stores(n: int, own: float) -> pd.DataFrame:
        rng = np.random.default_rng(3)
        at, half, slopes = rng.normal(size=n), rng.uniform(0.5, 1.2, n), own + rng.normal(0, 0.6, n)
        y = 20 + 6 * at + rng.normal(0, 2, n)
        return pd.DataFrame({"s": [f"S{k}" for k in range(n)], "x0": at - half, "y0": y - slopes * half, "x1": at + half, "y1": y + slopes * half})

    corners = {"unit": "s", "x0": "x0", "y0": "y0", "x1": "x1", "y1": "y1"}
    wordy = {"within": Text("同一家店，员工体验每高 1 个标准差", "Within a store, for one standard deviation more"),
             "pooled": Text("所有门店所有时期混在一起，校正前", "All stores and periods pooled, uncorrected"),
             "y": Text("净推荐值（−100 到 100 分）", "Net Promoter Score (−100 to 100 points)"),
             "x": Text("员工体验（店内标准差）", "Employee experience (standard deviations within stores)")}
    x = np.array([-1.9, -1.2, -0.8, -0.5, -0.3, -0.1, 0.1, 0.3, 0.5, 0.8, 1.2, 1.9])
    bins = pd.DataFrame({"x": x, "y": 3.1 * x + np.sin(9 * x), "n": 120}).assign(low=lambda f: f.y - 1.6, high=lambda f: f.y + 1.6)
    return [charts.lag_profile(LAGS, declared=1, **band), charts.lag_profile(LAGS, declared=3, **band), charts.lag_profile(long, declared=0, **band),
            charts.unit_slopes(stores(60, -2.5), pooled=slope(4.2, 0.6), within=slope(-2.5, 1.1), **corners, **words),
            charts.unit_slopes(stores(2000, 3.0), pooled=slope(4.2, 0.6), within=slope(3.1, 1.4), labels=wordy, **corners, **words),
            charts.binned_scatter(bins, x="x", y="y", low="low", high="high", n="n", slope=slope(3.1, 1.4), **words),
            card(words), card(words, most=False)]


def card(words: dict[str, object], *, most: bool = True) -> object:
    """Four readings at both ends of the scale; or, from averages alone, none but one."""
    from voclib.reporting import charts
    from voclib.results import Text

    needs = Text("每位员工的原始作答，至少每店每期五份", "the single answers of employees, five a store and period at least")
    told = [Text("两位员工之间的差别，约五分之一来自他们所在的门店，远多于随便编组。",
                 "About a fifth of what sets two employees apart is the store they work in, far more than in random teams."),
            Text("换一批员工再问，门店的排名会有不小变化，必须先校正测量误差。",
                 "Ask other employees and the ranking of stores would shift; correct for measurement error first."),
            Text("同一家店的员工说法大体一致，但随便编组也差不多。", "Colleagues largely agree, but random teams do so nearly as well."),
            Text("一家店这一季比上一季高出多少，大半是抽样的偶然。",
                 "Most of what a store gains from one quarter to the next is chance in who answered.")]
    names = {"a": Text("员工打分像自己的门店吗 · ICC(1)", "Do answers follow the store? · ICC(1)"),
             "b": Text("门店平均分可靠吗 · ICC(2)", "Is a store's average reliable? · ICC(2)"),
             "c": Text("同事之间说法一致吗 · r_wg(J)", "Do colleagues agree? · r_wg(J)"),
             "d": Text("本店的变化测得准吗 · λ", "Is a store's change over time measured? · λ")}
    frame = pd.DataFrame({"k": list(names), "v": [0.04, 0.62, 0.97, 0.31], "low": [0.02, 0.51, 0.95, 0.12], "high": [0.07, 0.71, 0.99, 0.47],
                          "random": [0.008, None, 0.98, None], "gates": [None, (0.4, 0.7), 0.7, (0.4, 0.7)],
                          "state": ["use", "correct", "inform", "refuse"], "meaning": told, "needs": needs})
    if not most:
        frame.loc[frame.k != "b", ["v", "low", "high"]] = np.nan
    return charts.reliability_card(frame, label="k", value="v", low="low", high="high", state="state", meaning="meaning", chance="random",
                                   gates="gates", needs="needs", labels=names, **words)


@pytest.fixture(scope="module")
def panel_page(write_page) -> Path:
    from nbformat.v4 import new_notebook

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOC_BATCH", "1")
        cells = [*prose("# 谁先动？", "# What moves first?"), *prose("## 图", "## Charts"), code("# Charts", *pictures())]
        return write_page(new_notebook(cells=cells))


DRAWN = 8


@pytest.mark.parametrize("width", [1280, 820, 390, 360])
def test_words_are_whole_and_apart(open_page, panel_page, width):
    opened = open_page(panel_page, width=width)
    for lang in ("zh", "en"):
        opened.language(lang)
        assert opened.drawn() == DRAWN
        assert opened.page.locator(".plot .vega svg text:visible").count() > 150
        assert opened.page.evaluate(CUT) == []
        assert opened.page.evaluate(OVER) == []
    assert opened.overflowing() == [] and opened.console == [] and opened.requests == []


def test_live_charts_say_the_same_words_as_their_pictures(open_page, panel_page):
    opened = open_page(panel_page)
    opened.drawn()
    for figure in opened.page.locator("figure.chart").all():
        live, still = figure.evaluate(LIVE_AND_STILL)
        assert live == still and len(live) > 4


def test_every_lag_stands_over_its_number_and_the_declared_one_is_bold(open_page, panel_page):
    opened = open_page(panel_page)
    opened.drawn()
    found = opened.page.locator("figure.chart").first.locator(".plot[lang=zh] .vega svg").evaluate("""s => {
      const middle = e => { const r = e.getBoundingClientRect(); return [(r.left + r.right) / 2, (r.top + r.bottom) / 2, r.width] };
      const labels = [...s.querySelectorAll('.role-axis-label text')].map(t => [t.textContent.replace('−', '-'), middle(t)]);
      const dots = [...s.querySelectorAll('.mark-symbol')].filter(g => g.querySelectorAll('path').length === 6);
      return {labels, dots: [...dots[0].querySelectorAll('path')].map(middle)} }""")
    under = {}
    for text, (x, y, _) in found["labels"]:
        under.setdefault(round(y), []).append((x, float(text)))
    lags = max(under.values(), key=len)
    assert [v for _, v in sorted(lags)] == LAGS.lag.tolist()
    assert [x for x, _, _ in found["dots"]] == pytest.approx([x for x, _ in sorted(lags)], abs=1.5)
    sizes = [wide for _, _, wide in found["dots"]]
    assert sizes.index(max(sizes)) == 3 and max(sizes) > 1.5 * sorted(sizes)[-2]
    values = sorted((y, float(text)) for text, (x, y, _) in found["labels"] if (x, float(text)) not in lags)
    (top, most), (foot, least) = values[0], values[-1]
    heights = [most + (y - top) * (least - most) / (foot - top) for _, y, _ in found["dots"]]
    assert heights == pytest.approx(LAGS.v.tolist(), abs=0.08)
