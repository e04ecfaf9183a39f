"""The charts of money as a reader sees them: both languages, both widths, no word cut off, no word over another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.reports.conftest import CUT, LIVE_AND_STILL, OVER, code, prose

DRAWN = 14


def pictures() -> list[object]:
    """One of every chart, with the longest names and the widest amounts a company is likely to have."""
    from voclib.reporting import charts
    from voclib.results import Text

    words = {"title": Text("等待让公司一年少赚 ¥150万", "Waiting cost ¥1.5M in a year"), "description": Text("图。", "A chart."),
             "subtitle": Text("毛利，12 个月，横条 = 95% 区间", "Margin over 12 months; band = 95% interval")}
    note = Text("轴不从零开始，否则看不清每一步。", "The axis does not start at zero, or no step could be seen.")
    long = [Text("全部痛点合计", "All pains together"), Text("在门店排队等待超过 30 分钟", "Queued at the dealer for over 30 minutes"),
            Text("投诉之后三天没有人联系", "Nobody called within three days of a complaint"), Text("价格与优惠不透明", "Opaque prices and discounts"),
            Text("退货", "Returns")]
    names, ends = {f"k{i}": t for i, t in enumerate(long)}, {"value": "v", "low": "low", "high": "high"}
    cells = ["k", "v", "low", "high", "kind"]
    pains = pd.DataFrame([("k0", -1.5e6, -2.5e6, -5e5, "joint"), ("k1", -7.1e5, -1.2e6, -2.2e5, "part"), ("k2", -4.4e5, -8.2e5, -6e4, "part"),
                          ("k3", -3.5e5, -7.8e5, 8e4, "part"), ("k4", None, None, None, "refused")], columns=cells)
    pains["needs"] = [None] * 4 + [Text("再有约 900 位遇到退货问题的客户", "about 900 more customers with a return")]
    pains["raw"] = [-5.9e6, -2.6e6, -1.5e6, None, None]
    priced = pains.dropna(subset="v")
    steps = pains.iloc[[1, 2, 3, 0]].assign(kind=["step"] * 3 + ["total"])
    quarters = pd.DataFrame([("k1", 50.2, 48.9, 51.5, "total"), ("k2", -2.6, -3.9, -1.3, "step"), ("k3", -0.9, -2.1, 0.3, "step"),
                             ("k4", 0.3, -0.5, 1.1, "step"), ("k0", 47.0, 45.6, 48.4, "total")], columns=cells)
    inputs = pd.DataFrame([("k1", -6e5, 3.4e6, Text("2%", "2%"), Text("8%", "8%")),
                           ("k2", 2.2e6, 4e5, Text("¥60万", "¥600K"), Text("¥140万", "¥1.4M")),
                           ("k3", 6e5, 1.7e6, Text("6 个月", "6 months"), Text("18 个月", "18 months"))], columns=["k", "low", "high", "a", "b"])
    named, beneath = {"label": "k", "labels": names} | words, {"k1": Text("1,240 位客户", "1,240 customers")}
    under = {"k2": Text("推荐者与贬损者的流失之差", "Churn of promoters against that of detractors")}
    return [charts.waterfall(steps, kind="kind", unit="cny", **ends, **named),
            charts.waterfall(quarters, kind="kind", zero=False, note=note, **ends, **named),
            charts.waterfall(quarters, label="k", kind="kind", **ends, **words),
            charts.forest(priced, kind="kind", **ends, **named),
            charts.forest(pains, kind="kind", naive="raw", needs="needs", beneath=beneath, **ends, **named),
            charts.path_bars(priced.iloc[1:], beneath=under, **ends, **named),
            charts.tornado(inputs, low="low", high="high", base=1.2e6, low_text="a", high_text="b", **named), *curves(words, names, ends, note)]


def curves(words: dict[str, object], names: dict[str, object], ends: dict[str, str], note: object) -> list[object]:
    """The charts over a dose, over time, over a result, and the map."""
    from voclib.reporting import charts
    from voclib.results import Text

    at = np.linspace(0, 90, 46)
    curve = pd.DataFrame({"d": at, "v": -8 * (at - 10), "low": -8 * (at - 10) - 4 * abs(at - 10), "high": -8 * (at - 10) + 4 * abs(at - 10)})
    rng = np.random.default_rng(2)
    stay = pd.DataFrame([{"k": k, "t": t, "v": (1 - h) ** t, "low": (1 - h) ** t - 0.004 * t**0.5, "high": min((1 - h) ** t + 0.004 * t**0.5, 1.0)}
                         for k, h in (("k1", 0.05), ("k3", 0.03)) for t in range(13)])
    value = np.linspace(-2.5e6, 5e6, 200)
    worth = pd.DataFrame({"v": value, "d": np.exp(-0.5 * ((value - 1.2e6) / 1e6) ** 2)})
    event = pd.DataFrame({"p": range(-6, 13)})
    event = event.assign(v=np.where(event.p < 0, 4.0, -90 + 60 * 0.7 ** event.p.abs()), se=np.where(event.p == -1, 0.0, 9.0)).assign(lead=event.p < 0)
    event.loc[event.p == -1, "v"] = 0.0
    event = event.assign(low=event.v - 2 * event.se, high=event.v + 2 * event.se, a=event.v - 3 * event.se, b=event.v + 3 * event.se)
    strong = np.linspace(0, 0.3, 31)
    map_ = pd.DataFrame([{"x": a, "y": b, "v": -1.5e6 + 5.2e6 * np.sqrt(a * b / (1 - a))} for a in strong for b in strong])
    known = pd.DataFrame({"x": [0.03, 0.06, 0.02], "y": [0.1, 0.2, 0.02], "k": ["k1", "k2", "k3"]})
    return [charts.dose_response(curve, pd.DataFrame({"d": rng.gamma(2.2, 9, 3000)}), dose="d", reference=10, **ends, **words),
            charts.survival(stay, group="k", time="t", labels=names, **ends, **words),
            charts.survival(stay, group="k", time="t", domain=(0.5, 1.0), note=note,
                            labels={"k1": Text("等过", "Waited"), "k3": Text("没等", "Did not")}, **ends, **words),
            charts.density(worth, value="v", density="d", interval=(-7e5, 1.2e6, 3.2e6),
                           break_even=Text("少流失 3.1% 就能打平", "3.1% less churn is enough"), **words),
            charts.density(worth, value="v", density="d", no_effect=(-8e5, 0.5), **words),
            charts.event_path(event, period="p", band_low="a", band_high="b", is_lead="lead", **ends, **words),
            charts.robustness(map_.assign(end=map_.v + 5e5), x="x", y="y", value="v", end="end", points=known, label="k", labels=names, **words)]


@pytest.fixture(scope="module")
def money_page(write_page) -> Path:
    from nbformat.v4 import new_notebook

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOC_BATCH", "1")
        cells = [*prose("# 等待花了多少钱？", "# What does waiting cost?"), *prose("## 图", "## Charts"), code("# Charts", *pictures())]
        return write_page(new_notebook(cells=cells))


@pytest.mark.parametrize("width", [1280, 820, 390, 360])
def test_words_are_whole_and_apart(open_page, money_page, width):
    opened = open_page(money_page, width=width)
    for lang in ("zh", "en"):
        opened.language(lang)
        assert opened.drawn() == DRAWN
        assert opened.page.locator(".plot .vega svg text:visible").count() > 200
        assert opened.page.evaluate(CUT) == []
        assert opened.page.evaluate(OVER) == []
        assert opened.visible_languages() == {lang}
    assert opened.overflowing() == [] and opened.console == [] and opened.requests == []


def test_live_charts_say_the_same_words_as_their_pictures(open_page, money_page):
    opened = open_page(money_page)
    opened.drawn()
    for figure in opened.page.locator("figure.chart").all():
        live, still = figure.evaluate(LIVE_AND_STILL)
        assert live == still and len(live) > 4


def test_print_and_dark_screens_keep_every_chart(open_page, money_page):
    opened = open_page(money_page, dark=True)
    assert opened.drawn() == DRAWN
    light = "() => [...document.querySelectorAll('.plot[lang=zh] .vega svg [fill=\"#ffffff\"]')].map(e => getComputedStyle(e).fill)"
    assert set(opened.page.evaluate(light)) == {"rgb(16, 23, 30)"}
    opened.page.emulate_media(media="print")
    assert opened.page.locator(".plot[lang=zh] img.wide:visible").count() == DRAWN


def test_marks_stand_where_their_numbers_say(open_page, money_page):
    """The interval of the last step of the second waterfall, measured on the screen against the ticks beside it."""
    opened = open_page(money_page)
    opened.drawn()
    found = opened.page.locator("figure.chart").nth(1).locator(".plot[lang=zh] .vega svg").evaluate("""s => {
      const middle = e => { const r = e.getBoundingClientRect(); return (r.top + r.bottom) / 2 };
      const ticks = [...s.querySelectorAll('.role-axis-label text')].filter(t => /^\\d+$/.test(t.textContent));
      const dots = [...s.querySelectorAll('.mark-symbol path')].map(middle);
      return {ticks: ticks.map(t => [Number(t.textContent), middle(t)]), dots} }""")
    (a, y_a), (b, y_b) = found["ticks"][0], found["ticks"][-1]
    values = [a + (y - y_a) * (b - a) / (y_b - y_a) for y in found["dots"]]
    assert values == pytest.approx([50.2, 47.6, 46.7, 47.0, 47.0], abs=0.15)
