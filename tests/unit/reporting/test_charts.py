"""Charts: both languages, nothing carried along unseen, no dot without its interval, wording of errors."""

from __future__ import annotations

import json

import altair as alt
import pandas as pd
import pytest

from voclib.errors import DataError, VocError
from voclib.reporting import charts, theme
from voclib.reporting.charts import drawing, lines
from voclib.reporting.pair import prune
from voclib.results import Text

WORDS = {"title": Text("结论", "Finding"), "subtitle": Text("单位", "Unit"), "description": Text("描述", "Description")}
ROWS = pd.DataFrame({"group": ["a", "b", "c"], "estimate": [1.0, None, None], "conf_low": [0.0, -1.0, None], "conf_high": [2.0, 4.0, None],
                     "verbatim": "SECRET"})


def rows(spec):
    return [row for data in spec["datasets"].values() for row in data]


def every_chart():
    months = ROWS.assign(month=pd.date_range("2026-01-01", periods=3, freq="MS"))
    return {"trend": charts.trend(months, x="month", **WORDS), "intervals": charts.interval_plot(ROWS, **WORDS),
            "bars": charts.bars(ROWS.assign(n=[1, 20, 300]), label="group", value="n", **WORDS),
            "distribution": charts.distribution(pd.DataFrame({"nps_score": [0, 7, 9, 10], "verbatim": "SECRET"}), **WORDS),
            "own": charts.chart(*[alt.Chart(ROWS).mark_point().encode(x="estimate:Q", y="group:N")] * 2, **WORDS)}


def test_no_chart_carries_a_column_it_does_not_use():
    for name, pair in every_chart().items():
        assert "SECRET" not in json.dumps(pair.payload()), name


def test_every_size_has_its_width_and_is_a_valid_specification():
    for name, pair in every_chart().items():
        for lang in ("zh", "en"):
            for size, width in (("wide", 720), ("narrow", 350)):
                if name == "own" and size == "narrow":
                    continue
                spec = pair.specs[lang][size]
                assert spec["width"] == width and spec["description"] == WORDS["description"][lang]
                alt.Chart.from_dict(spec)


def test_payload_repeats():
    first, second = (json.dumps(every_chart()["intervals"].payload()) for _ in range(2))
    assert first == second


def test_no_interval_no_dot():
    spec = charts.interval_plot(ROWS, **WORDS).specs["en"]["wide"]
    by_group = {row["g"]: row for row in rows(spec) if "g" in row}
    assert (by_group["a"]["value"], by_group["a"]["range"]) == (1, "0.0–2.0")
    assert (by_group["b"]["kind"], by_group["b"]["value"]) == ("bounds", None)
    assert (by_group["c"]["value"], by_group["c"]["low"], by_group["c"]["range"]) == (None, None, "no interval, no dot")


def test_on_a_phone_numbers_stand_beside_their_intervals_and_no_line_crosses_them():
    """The words of a row without an interval moved the numbers of all others onto the line at zero, which hid a minus."""
    def written(frame):
        layers = charts.interval_plot(frame, **WORDS).specs["en"]["narrow"]["layer"]
        return [layer for layer in layers if layer.get("encoding", {}).get("text", {}).get("field") == "value_text"]

    under, over = written(ROWS)
    assert under["mark"]["stroke"] == over["mark"].get("stroke", theme.PAPER) == theme.PAPER and over["mark"]["color"] == theme.INK
    assert over["encoding"]["x"] == written(ROWS.head(2))[1]["encoding"]["x"]


def test_trend_leaves_a_gap_for_a_row_without_interval():
    frame = pd.DataFrame({"m": ["1", "2", "3"], "estimate": [1.0, 2.0, 3.0], "conf_low": [0.0, None, 2.0], "conf_high": [2.0, 3.0, 4.0]})
    spec = charts.trend(frame, x="m", **WORDS).specs["zh"]["wide"]
    drawn = [row for row in rows(spec) if "low" in row]
    assert [row["x"] for row in drawn] == ["1", "3"]
    assert len({row["run"] for row in drawn}) == 2 and all(row["alone"] for row in drawn)


def test_a_mean_can_stand_at_the_end_of_a_line_in_place_of_its_last_value():
    frame = pd.DataFrame({"m": ["2026-01", "2026-02"] * 2, "estimate": [1.0, 3.0, 5.0, 9.0], "conf_low": 0.0, "conf_high": 10.0,
                          "s": ["a", "a", "b", "b"]})
    ends = {"a": Text("平均 2", "mean 2")}
    shown = {row["g"]: row["end"] for row in rows(charts.trend(frame, x="m", group="s", ends=ends, **WORDS).specs["en"]["wide"]) if "end" in row}
    plain = {row["g"]: row["end"] for row in rows(charts.trend(frame, x="m", group="s", **WORDS).specs["en"]["wide"]) if "end" in row}
    assert shown == {"a": "a mean 2", "b": plain["b"]} and plain["a"] == "a 3"


def test_series_break_apart_and_run_in_time():
    frame = pd.DataFrame({"m": ["2026-03", "2026-01", "2026-02", "2026-01", "2026-02"], "estimate": 1.0, "conf_low": 0.0, "conf_high": 2.0,
                          "s": ["a", "a", "a", "b", "b"]})
    spec = charts.trend(frame, x="m", group="s", **WORDS).specs["zh"]["wide"]
    drawn = [row for row in rows(spec) if "low" in row]
    assert [row["g"] for row in drawn] == ["a", "a", "a", "b", "b"]
    assert [row["run"] for row in drawn] == [1, 1, 1, 2, 2]
    assert drawn[0]["x"] < drawn[1]["x"] < drawn[2]["x"]


@pytest.mark.parametrize(("labels", "form", "months"), [
    (["2026-01", "2026-02", "2026-04"], "%Y-%m", [(2026, 1), (2026, 2), (2026, 3), (2026, 4)]),
    (["2007-05", "2015-07"], "%Y-%m", [(2008, 1), (2010, 1), (2012, 1), (2014, 1)]),
    (["2024-Q2", "2026-Q1"], "%Y-Q%q", [(2024, 7), (2025, 1), (2025, 7), (2026, 1)]),
    (["2026Q1", "2026Q2"], "%YQ%q", [(2026, 1), (2026, 4)]),
    (["2026-01-05", "2026-01-12"], "%Y-%m-%d", [(2026, 1), (2026, 1)]),
])
def test_time_axis_is_true_to_the_calendar(labels, form, months):
    time = lines.calendar(pd.Series(labels))
    ticks = [tick.to_dict() for tick in time.ticks(5)]
    assert time.format == form
    assert [(tick["year"], tick["month"]) for tick in ticks] == months and all(tick["utc"] for tick in ticks)


def test_other_labels_stay_labels():
    assert lines.calendar(pd.Series(["wave 1", "2026-01"])) is None


def test_zero_line_is_drawn_and_leaving_it_out_needs_a_reason():
    assert {"zero": 0} in rows(charts.interval_plot(ROWS, **WORDS).specs["zh"]["wide"])
    with pytest.raises(DataError, match="an axis without zero needs its reason in note="):
        charts.interval_plot(ROWS, zero=False, **WORDS)
    high = ROWS.head(1).assign(estimate=50.0, conf_low=49.0, conf_high=51.0)
    cut = charts.interval_plot(high, zero=False, note=Text("只看差别。", "Differences only."), **WORDS)
    assert {"zero": 0} not in rows(cut.specs["zh"]["wide"])


def test_shares_are_drawn_in_per_cent_and_written_with_their_sign():
    frame = pd.DataFrame({"group": ["a"], "estimate": [0.234], "conf_low": [0.18], "conf_high": [0.28]})
    row = next(r for r in rows(charts.interval_plot(frame, unit="share", **WORDS).specs["zh"]["wide"]) if "g" in r)
    assert row["value"] == pytest.approx(23.4) and row["value_text"] == "23%"


def test_labels_speak_both_languages():
    pair = charts.bars(pd.DataFrame({"c": ["store"], "n": [41_000]}), label="c", value="n", labels={"store": Text("门店", "Store")}, **WORDS)
    assert [rows(pair.specs[lang]["wide"])[0]["g"] for lang in ("zh", "en")] == ["门店", "Store"]
    assert [rows(pair.specs[lang]["wide"])[0]["value_text"] for lang in ("zh", "en")] == ["4.1万", "41K"]


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_months_before_an_event_are_all_written_with_a_true_minus_and_a_title(size):
    frame = pd.DataFrame({"m": range(-6, 0), "estimate": 1.0, "conf_low": 0.9, "conf_high": 1.1})
    made = charts.trend(frame, x="m", unit="ratio", x_title=Text("离开前的月数", "Months before leaving"), **WORDS)
    for lang, title in (("zh", "离开前的月数"), ("en", "Months before leaving")):
        picture = theme.picture(made.specs[lang][size])
        assert [k for k in range(1, 7) if f">−{k}<" in picture] == [1, 2, 3, 4, 5, 6] and f">{title}<" in picture and ">-6<" not in picture


def test_distribution_counts_weights_and_groups():
    frame = pd.DataFrame({"nps_score": [0, 6, 7, 9, 10, None], "w": [1, 1, 2, 3, 3, 9]})
    spec = charts.distribution(frame, weights="w", **WORDS).specs["en"]["wide"]
    assert {r["name"]: r["sum"] for r in rows(spec) if "name" in r} == {"Detractors": "20%", "Passives": "20%", "Promoters": "60%"}
    assert sum(r["share"] for r in rows(spec) if "share" in r) == pytest.approx(100)
    assert {r["text"] for r in rows(spec) if "share" in r} == {"0%", "10%", "20%", "30%"}


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_no_label_of_a_row_is_cut(size):
    long = "Service contacts: a customer who is not in the customer list of any store that is still open"
    frame = pd.DataFrame({"label": [long, "short"], "value": [3, 2], "estimate": [0.3, 0.2], "conf_low": [0.2, 0.1], "conf_high": [0.4, 0.3]})
    for drawn in (charts.bars(frame, label="label", value="value", **WORDS), charts.interval_plot(frame, group="label", unit="share", **WORDS)):
        spec = drawn.specs["en"][size]
        lines = next(r["g"] for r in rows(spec) if r["g"].startswith("Service")).split("\n")
        assert " ".join(lines) == long
        beside = [layer["encoding"]["y"]["axis"] for layer in spec["layer"] if (layer["encoding"].get("y") or {}).get("axis")]
        limit = beside[0]["labelLimit"] if beside else {"wide": 720, "narrow": 350}[size]
        assert max(map(drawing.pixels, lines)) <= limit
        assert not any("limit" in layer["mark"] for layer in spec["layer"] if isinstance(layer["mark"], dict))


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_bars_of_shares_say_the_share_and_keep_the_count_small(size):
    spread = pd.DataFrame({"value": [0, 1], "n": [796, 454]})
    names = {0: Text("不推荐", "Does not recommend"), 1: Text("推荐", "Recommends")}
    for lang, words in (("zh", ("不推荐", "推荐")), ("en", ("Does not recommend", "Recommends"))):
        drawn = [r for r in rows(charts.bars(spread, label="value", value="n", share=True, labels=names, **WORDS).specs[lang][size]) if "g" in r]
        assert {(r["g"], r["value_text"], r["n"]) for r in drawn} == {(words[0], "64%", "n = 796"), (words[1], "36%", "n = 454")}


@pytest.mark.parametrize(("make", "message"), [
    (lambda: charts.trend(ROWS, x="mnth", **WORDS), "trend: there is no column 'mnth'"),
    (lambda: charts.interval_plot(ROWS, group="grup", **WORDS), "did you mean 'group'"),
    (lambda: charts.interval_plot(ROWS.head(0), **WORDS), "the frame has no rows"),
    (lambda: charts.interval_plot(ROWS.tail(1), **WORDS), "no interval to draw"),
    (lambda: charts.trend(ROWS.tail(1), x="group", **WORDS), "no row has a value and an interval"),
    (lambda: charts.trend(pd.concat([ROWS.assign(s=k) for k in range(5)]), x="group", group="s", **WORDS), "5 series, a reader can tell four apart"),
    (lambda: charts.bars(ROWS, label="group", value="estimate", **WORDS), "'estimate' has 2 missing value"),
    (lambda: charts.bars(ROWS, label="group", value="estimate", unit="share", **WORDS), "needs its interval; use interval_plot"),
    (lambda: charts.distribution(pd.DataFrame({"nps_score": [11, 3]}), **WORDS), "1 value\\(s\\) such as 11"),
    (lambda: charts.distribution(pd.DataFrame({"nps_score": [None]}), **WORDS), "no answers"),
    (lambda: charts.bars(pd.DataFrame({"c": range(5001), "n": 1}), label="c", value="n", **WORDS), "5,001 rows; a page takes 5,000"),
])
def test_wrong_input_is_named(make, message):
    with pytest.raises(DataError, match=message):
        make()


@pytest.mark.parametrize("name", ["title", "subtitle", "description"])
def test_every_text_is_needed_in_both_languages(name):
    with pytest.raises(VocError, match=f"needs its {name} in both languages"):
        charts.interval_plot(ROWS, **{**WORDS, name: Text("只有中文", " ")})


@pytest.mark.parametrize("chart", [
    alt.Chart("https://x.invalid/d.csv").mark_point().encode(x="a:Q"),
    alt.Chart(ROWS).mark_image().encode(url="verbatim:N"),
    alt.Chart(ROWS).mark_point().encode(href="verbatim:N"),
    alt.layer(alt.Chart(ROWS).mark_image(url="https://x.invalid/p.png"), alt.Chart(ROWS).mark_point()),
])
def test_a_chart_uses_no_address(chart):
    with pytest.raises(VocError, match="leave url, href and image out"):
        charts.chart(chart, chart, **WORDS)


def test_columns_named_in_transforms_and_expressions_are_kept():
    frame = pd.DataFrame({"a": [1], "b": [2], "c.d": [3], "e": [4], "f": [5], "g": [6], "secret": [7]})
    chart = (alt.Chart(frame).transform_calculate(z="datum.b + datum['c.d']").transform_window(r="rank()", sort=[alt.SortField("e")])
             .transform_filter(alt.FieldEqualPredicate(field="f", equal=5)).mark_point().encode(x="z:Q", y="mean(a):Q", detail="g"))
    row = rows(prune(chart.to_dict()))[0]
    assert set(row) == {"a", "b", "c.d", "e", "f", "g"}


def test_panels_keep_their_own_width():
    one = alt.Chart(ROWS).mark_point().encode(x="estimate:Q").properties(width=200)
    assert charts.chart(one | one, one | one, **WORDS).specs["zh"]["wide"].get("width") is None
    facets = one.encode(column="group:N")
    assert charts.chart(facets, facets, **WORDS).specs["zh"]["wide"]["width"] == 200


def test_drawing_a_chart_leaves_no_trace_in_altair():
    before = (alt.theme.active, alt.renderers.active, alt.data_transformers.active, alt.data_transformers.options)
    every_chart()
    assert (alt.theme.active, alt.renderers.active, alt.data_transformers.active, alt.data_transformers.options) == before


def test_batch_emits_both_languages_and_live_a_safe_chart(monkeypatch):
    pair = charts.interval_plot(ROWS, **WORDS)
    monkeypatch.setenv("VOC_BATCH", "1")
    assert set(pair._repr_mimebundle_()) == {theme.CHART_MIME, "text/plain"}
    monkeypatch.delenv("VOC_BATCH")
    live = pair._repr_mimebundle_()
    live = live[0] if isinstance(live, tuple) else live
    assert "text/html" not in live


def test_live_without_widgets_shows_the_picture(monkeypatch):
    monkeypatch.delenv("VOC_BATCH", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert set(charts.interval_plot(ROWS, **WORDS)._repr_mimebundle_()) == {"image/svg+xml", "text/plain"}
