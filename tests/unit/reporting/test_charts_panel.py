"""The charts of a panel of stores: the picture holds the numbers that were handed over, in both languages, and wrong input is named."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import picture_rules
import pytest
from money_pictures import LEADS, NOTE, event, rows, said, spec
from panel_pictures import BINS, LAGS, READINGS, binned, card, lag_profile, panel_charts, slope, stores, unit_slopes

from voclib.errors import DataError, ParameterError
from voclib.reporting import theme
from voclib.reporting.charts import drawing, reliability, slopes
from voclib.results import Text, refusal


@pytest.fixture(scope="module")
def drawn():
    return panel_charts()


def layers(pair, mark, lang="en", size="wide"):
    """Every layer with this mark: how it looks, where it stands, its rows."""
    whole = spec(pair, lang, size)
    return [(layer["mark"], layer["encoding"], whole["datasets"][layer["data"]["name"]]) for layer in whole["layer"]
            if layer["mark"].get("type") == mark and "name" in layer["data"]]


def test_both_languages_both_widths_and_nothing_unseen(drawn):
    picture_rules.both_languages_both_widths_and_nothing_unseen(drawn)


def test_chinese_pictures_speak_chinese_and_english_ones_do_not(drawn):
    picture_rules.chinese_pictures_speak_chinese_and_english_ones_do_not(drawn)


def test_every_colour_has_its_dark_twin(drawn):
    picture_rules.every_colour_has_its_dark_twin(drawn)


def test_the_same_numbers_are_drawn_in_both_languages_and_widths(drawn):
    names = ("value", "low", "high", "outer_low", "outer_high", "period", "x", "x2", "y2", "mean_x", "mean_y", "chance", "at")
    for name, pair in drawn.items():
        seen = {(lang, size): sorted(json.dumps({k: r[k] for k in names if k in r}) for r in rows(pair, lang, size) if "text" not in r)
                for lang in ("zh", "en") for size in ("wide", "narrow")}
        assert len({tuple(s) for s in seen.values()}) == 1 and len(seen["en", "wide"]) > 5, name


@pytest.mark.parametrize("make", [
    lambda f: lag_profile(LAGS.iloc[::f]), lambda f: unit_slopes(stores(400).iloc[::f]), lambda f: binned(BINS.iloc[::f])])
def test_the_order_of_rows_does_not_matter(make):
    assert make(1).specs == make(-1).specs


def test_every_lag_has_its_interval_in_the_band_and_leads_are_shaded(drawn):
    seen = [r for r in rows(drawn["lags"]) if "outer_low" in r]
    assert [(r["period"], r["value"], r["low"], r["high"], r["outer_low"], r["outer_high"]) for r in seen] == [
        tuple(pytest.approx(v, abs=1e-6) for v in row) for row in LAGS[["lag", "v", "low", "high", "a", "b"]].itertuples(index=False)]
    shade = next(r for mark, _, data in layers(drawn["lags"], "rect") if mark["color"] == theme.WASH for r in data)
    assert (shade["from"], shade["to"]) == (-2.6, -0.5)
    axes = [c["x"]["axis"] for _, c, _ in layers(drawn["lags"], "circle")]
    assert axes[0]["values"] == [-2, -1, 0, 1, 2, 3] and axes[0]["tickCount"] == 6  # the house's five would leave lags out
    assert {"Placebo: should be zero", "Experience comes first"} <= set(said(drawn["lags"]))


def test_the_declared_lag_is_marked_and_never_the_largest():
    risen = LAGS.assign(**{c: LAGS[c] + 9 * (LAGS.lag == 2) for c in ("v", "low", "high", "a", "b")})
    pair = lag_profile(risen)
    (_, at, _), = layers(pair, "circle")
    assert at["size"]["condition"]["test"] == "datum.period == 1" and at["size"]["condition"]["value"] > 3 * at["size"]["value"]
    column = next(data for mark, _, data in layers(pair, "rect") if mark["color"] == theme.SOFT)
    assert [(r["from"], r["to"]) for r in column] == [(0.5, 1.5)]
    assert {"Declared in advance", "3.1 (1.7–4.5)"} <= set(said(pair)) and "3.1（1.7–4.5）" in said(pair, "zh")
    assert not any(w.startswith("10 (") for w in said(pair))  # what the largest would be read out as
    assert "10 (9–12)" in said(lag_profile(risen, declared=2)) and "0.3 (−1.5 to 2.1)" in said(lag_profile(declared=3))


def test_words_of_the_declared_lag_stay_in_the_plot_and_off_the_placebos():
    for frame, declared, side in ((LAGS[LAGS.lag >= 0], 0, 1), (LAGS, 3, -1), (LAGS, 0, 1)):
        moved = {layer["mark"]["dx"] for layer in spec(lag_profile(frame, declared=declared), size="narrow")["layer"]
                 if layer["mark"].get("align") == "center"}
        assert moved and all(dx * side > 0 for dx in moved)
    assert not any(r for mark, _, data in layers(lag_profile(LAGS[LAGS.lag >= 0]), "rect") if mark["color"] == theme.WASH for r in data)


def test_shares_are_drawn_in_per_cent():
    assert max(r["value"] for r in rows(lag_profile(LAGS.assign(**{c: LAGS[c] / 100 for c in ("v", "low", "high", "a", "b")}), unit="share"))
               if "outer_low" in r) == pytest.approx(3.1)
    line = next(data for _, _, data in layers(binned(slope=slope(0.031, 0.017, 0.045, unit="share")), "line"))
    assert line[-1]["value"] - line[0]["value"] == pytest.approx(3.1 * (line[-1]["x"] - line[0]["x"]), rel=1e-4)
    assert "3.1% (1.7%–4.5%)" in said(binned(slope=slope(0.031, 0.017, 0.045, unit="share")))


def test_keys_say_the_level_that_the_notebook_asks_for(monkeypatch):
    monkeypatch.setitem(theme.notebook, "conf_level", 0.9)
    assert "90% interval for the period" in said(event()) and "90% band for all lags" in said(lag_profile())
    assert drawing.interval_words("zh") == "90% 区间" and not [text for text in said(lag_profile()) if "95%" in text]


def test_placebo_lags_share_the_path_of_events_and_its_words_can_be_replaced():
    pair = event(labels={"interval": Text("每月 95% 区间", "95% interval of a month")})
    assert "95% interval of a month" in said(pair) and "95% interval for the lag" in said(lag_profile())
    assert "Staff survey first" in said(lag_profile(labels={"after": Text("问卷在前", "Staff survey first")}))
    long = Text("长", "Quarters by which what employees say precedes what customers say about the same store")
    titles = [layer["encoding"]["x"]["axis"]["title"] for layer in spec(event(labels={"period": long}), size="narrow")["layer"]
              if "axis" in layer["encoding"].get("x", {})]
    assert titles and all(" ".join(t) == long.en for t in titles) and len(LEADS)


def test_both_lines_run_through_the_middle_with_their_slopes(drawn):
    middle = stores().assign(x=lambda f: (f.x0 + f.x1) / 2, y=lambda f: (f.y0 + f.y1) / 2)[["x", "y"]].mean()
    found = {mark["color"]: pd.DataFrame(data) for mark, _, data in layers(drawn["slopes"], "line")}
    for colour, value in ((theme.ACCENT, -2.5), (theme.NAIVE, 4.2)):
        line = found[colour]
        assert np.allclose(line.x.iloc[1], middle.x, atol=1e-4) and np.allclose(line.value.iloc[1], middle.y, atol=1e-3)
        assert np.polyfit(line.x, line.value, 1)[0] == pytest.approx(value, abs=1e-3)
    ribbon = pd.DataFrame(next(data for mark, _, data in layers(drawn["slopes"], "area") if mark["color"] == theme.BAND))
    assert (ribbon.high - ribbon.low).tolist() == pytest.approx([2 * abs(x - middle.x) for x in ribbon.x], abs=1e-3)
    dashed = [mark["color"] for mark, _, _ in layers(drawn["slopes"], "line") if "strokeDash" in mark]
    assert dashed == [theme.NAIVE]
    moved = unit_slopes(center=(0.0, 50.0))
    assert all((r[1]["x"], r[1]["value"]) == (0, 50) for _, _, r in layers(moved, "line"))


def test_every_store_is_a_segment_with_its_average(drawn):
    given = stores()
    (_, _, segments), = [found for found in layers(drawn["slopes"], "rule") if "x2" in found[1]]
    assert sorted((r["x"], r["y"], r["x2"], r["y2"]) for r in segments) == [
        pytest.approx(v, abs=1e-4) for v in sorted(given[["x0", "y0", "x1", "y1"]].itertuples(index=False, name=None))]
    assert all(r["mean_x"] == pytest.approx((r["x"] + r["x2"]) / 2, abs=1e-4) for r in segments)
    assert not any("drawn" in w for w in said(drawn["slopes"]))


def test_two_thousand_stores_are_thinned_evenly_and_the_picture_says_so():
    given = stores(2000)
    pair = unit_slopes(given)
    (_, _, segments), = [found for found in layers(pair, "rule") if "x2" in found[1]]
    assert len(segments) == slopes.MOST == 150
    order = given.assign(x=(given.x0 + given.x1) / 2).sort_values("x").s.tolist()
    ranks = sorted(order.index(r["g"]) for r in segments)
    assert (ranks[0], ranks[-1]) == (0, 1999) and set(np.diff(ranks)) <= {13, 14}
    assert any("150 of 2,000 shown" in w for w in said(pair)) and any("画出 150 家，共 2,000 家" in w for w in said(pair, "zh"))
    middle = ((given.x0 + given.x1) / 2).mean()  # of all stores, not of those that are drawn
    assert all(r[1]["x"] == pytest.approx(middle, abs=1e-4) for _, _, r in layers(pair, "line"))
    assert not any("150" in w for w in said(unit_slopes(stores(150)))) and any("150 of 151" in w for w in said(unit_slopes(stores(151))))


@pytest.mark.parametrize(("within", "pooled"), [(-2.5, 4.2), (3.1, 4.2), (4.2, 3.1), (-4.0, -4.1)])
def test_a_slope_is_named_beside_its_line_or_clear_of_both(within, pooled):
    pair = unit_slopes(within=slope(within), pooled=slope(pooled))
    ends = {mark["color"]: data for mark, _, data in layers(pair, "line", size="narrow")}
    upper, lower = (theme.ACCENT, theme.INK_3) if within > pooled else (theme.INK_3, theme.ACCENT)
    words = {c: [r["y"] for r in rows(pair, size="narrow") if r.get("ink") == c] for c in (upper, lower)}
    assert min(words[upper]) > max(ends[c][-1]["value"] for c in ends) and max(words[lower]) < min(ends[c][-1]["value"] for c in ends)
    texts = [r for r in rows(pair) if "ink" in r]
    heights = sorted(r["y"] for r in texts)
    domain = layers(pair, "line")[0][1]["y"]["scale"]["domain"]
    assert min(np.diff(heights)) > 0.04 * (domain[1] - domain[0]) and domain[0] <= heights[0] and heights[-1] <= domain[1]
    assert {"Within a store", "All stores pooled,", "uncorrected"} <= {r["text"] for r in texts}


def test_classes_stand_on_their_intervals_around_the_line(drawn):
    (_, _, dots), = layers(drawn["bins"], "circle")
    assert [(r["x"], r["value"], r["low"], r["high"]) for r in dots] == list(BINS[["x", "y", "low", "high"]].itertuples(index=False, name=None))
    (_, at, line), = layers(drawn["bins"], "line")
    assert (line[1]["x"], line[1]["value"]) == (0, 0) and line[2]["value"] == pytest.approx(3.1 * line[2]["x"], rel=1e-5)
    uneven = binned(BINS.assign(n=[10, 10, 10, 70]))
    assert next(r[1] for _, _, r in layers(uneven, "line"))["x"] == pytest.approx(0.96)
    assert "Each dot is the mean of about 30 store-periods" in said(drawn["bins"]) and "3.1 (1.7–4.5)" in said(drawn["bins"])
    assert at["y"]["scale"]["domain"][0] < -5 and at["y"]["scale"]["domain"][1] > 6


def test_words_over_the_last_class_clear_its_interval():
    for frame in (BINS, BINS.assign(high=[-3, -1, 2, 19])):
        words = [r["y"] for r in rows(binned(frame), size="narrow") if "ink" in r]
        assert min(words) > frame.high.iloc[-1]


def test_a_reading_has_its_limits_its_random_teams_and_its_sentence(drawn):
    seen = {r["mid"]: r for r in rows(drawn["card"]) if "low" in r and r["value"] is not None}
    assert [(r["value"], r["low"], r["high"]) for r in seen.values()] == [(0.21, 0.14, 0.29), (0.62, 0.51, 0.71), (0.66, 0.6, 0.72)]
    limits = [(list(seen).index(r["mid"]), r["at"]) for mark, at, data in layers(drawn["card"], "tick") if at["x"]["field"] == "at" for r in data]
    assert limits == [(1, 0.4), (1, 0.7), (2, 0.7)]
    random = [(r["zero"], r["chance"]) for mark, _, data in layers(drawn["card"], "bar") if mark["color"] == theme.NAIVE_BAND for r in data]
    assert random == [(0, 0.03), (0, 0.71)]
    words = set(said(drawn["card"]))
    assert {"0.21", "0.14–0.29", "Random teams 0.03", "Random teams 0.71", "0.4", "0.7", "Good enough", "Correct for it first", "Too low to use",
            "One sentence.", "Do colleagues agree?"} <= words


def test_a_state_has_its_own_icon_and_word(drawn):
    icons = [r for r in rows(drawn["card"]) if "sign" in r]
    assert [(r["fill"], r["sign"]) for r in icons] == [reliability.SIGNS[s] for s in ("use", "correct", "refuse", "unknown")]
    assert len({sign for _, sign in reliability.SIGNS.values()}) == 5
    informed = card(READINGS.assign(state="inform"), words={"inform": Text("只供了解", "Just so you know")})
    assert said(informed).count("Just so you know") == 3 and said(informed).count("Cannot be assessed") == 1


def test_what_cannot_be_assessed_says_what_would_do(drawn):
    for size in ("wide", "narrow"):
        words = " ".join(w for w in said(drawn["card"], size=size) if not w.startswith("#"))
        assert "Cannot be assessed" in words and "Nobody can tell. Needs: single answers" in words and "—" in words
    assert {"看不出。", "需要：原始作答"} <= set(said(drawn["card"], "zh", "narrow"))
    (dots,) = [data for mark, _, data in layers(drawn["card"], "circle")]
    assert len(dots) == 3 and all(r["value"] is not None for r in dots)
    dashed = [data for mark, _, data in layers(drawn["card"], "bar") if "strokeDash" in mark]
    assert [len(d) for d in dashed] == [1]
    alone = card(READINGS.tail(1))
    assert not layers(alone, "circle") and "Nobody can tell. Needs: single answers" in " ".join(w for w in said(alone) if not w.startswith("#"))


def test_a_card_needs_neither_limits_nor_random_teams():
    plain = card(READINGS.head(2), chance=None, gates=None, needs=None)
    assert not any("Random" in w or w == "Limit" for w in said(plain)) and "0.62" in said(plain)
    below = card(READINGS.head(1).assign(low=-0.05))
    assert layers(below, "circle")[0][1]["x"]["scale"]["domain"] == [-0.05, 1] and "0.21" in said(below)


NONE = refusal("slope", unit="points", reason=NOTE, needs=NOTE)


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: lag_profile(LAGS.drop(columns="low")), DataError, "lag_profile: there is no column 'low'"),
    (lambda: lag_profile(is_lead="led"), DataError, "no column 'led'; did you mean 'lead'"),
    (lambda: lag_profile(LAGS.head(0)), DataError, "no rows"),
    (lambda: lag_profile(LAGS.assign(v=np.nan)), DataError, "'v' has no finite number in 6 row"),
    (lambda: lag_profile(LAGS.assign(lag=1)), DataError, "lag 1 stands twice; one row a lag"),
    (lambda: lag_profile(LAGS.assign(lead=None)), DataError, "true for placebo lags and false for the others; 6 row\\(s\\) are neither"),
    (lambda: lag_profile(LAGS.assign(lead=LAGS.lag < 1)), DataError, "at lag 0 it is true"),
    (lambda: lag_profile(LAGS.assign(lead=False)), DataError, "at lag -2 it is false"),
    (lambda: lag_profile(LAGS.assign(a=LAGS.v)), DataError, "the band of the whole path holds every interval.*swapped"),
    (lambda: lag_profile(LAGS.assign(b=LAGS.v)), DataError, "the band of the whole path holds every interval.*swapped"),
    (lambda: lag_profile(LAGS.assign(low=LAGS.v, high=LAGS.v)), DataError, "lag -2 has an interval without width"),
    (lambda: lag_profile(declared=4), DataError, "declared= is a lag .*4 is none of 0, 1, 2, 3"),
    (lambda: lag_profile(declared=-1), DataError, "-1 is none of 0, 1, 2, 3"),
    (lambda: lag_profile(declared=None), DataError, "None is none of 0, 1, 2, 3"),
    (lambda: lag_profile(LAGS.head(2)), DataError, "none of them, for every row is a placebo"),
    (lambda: lag_profile(labels={"declard": NOTE}), ParameterError, "did you mean 'declared'"),
    (lambda: unit_slopes(stores().drop(columns="y1")), DataError, "unit_slopes: there is no column 'y1'"),
    (lambda: unit_slopes(unit="store"), DataError, "no column 'store'"),
    (lambda: unit_slopes(stores().head(0)), DataError, "no rows"),
    (lambda: unit_slopes(stores().assign(x1=np.inf)), DataError, "'x1' has no finite number"),
    (lambda: unit_slopes(stores().assign(s="A")), DataError, "'A' stands twice in 's'; one line a store"),
    (lambda: unit_slopes(stores().assign(x1=lambda f: f.x0)), DataError, "40 line\\(s\\) have no length along x, first 'S0'"),
    (lambda: unit_slopes(within=NONE), ParameterError, "within= is a slope with its interval.*'refusal'"),
    (lambda: unit_slopes(pooled=slope(4, unit="share")), ParameterError, "there are points and share"),
    (lambda: unit_slopes(labels={"unit": NOTE}), ParameterError, "did you mean 'units'"),
    (lambda: binned(BINS.drop(columns="n")), DataError, "binned_scatter: there is no column 'n'"),
    (lambda: binned(BINS.head(2)), DataError, "three classes or more"),
    (lambda: binned(BINS.assign(x=0.0)), DataError, "4 row\\(s\\) with 1"),
    (lambda: binned(BINS.assign(n=[0, 1, 1, 1])), DataError, "every class holds a row or more; 'n' is 0 in one"),
    (lambda: binned(BINS.assign(low=9.0)), DataError, "'low' lies above 'high' in row 0"),
    (lambda: binned(slope=NONE), ParameterError, "slope= is a slope with its interval"),
    (lambda: binned(labels={"bins": NOTE}), ParameterError, "did you mean 'bin'"),
    (lambda: card(READINGS.head(0)), DataError, "no rows"),
    (lambda: card(chance="rand"), DataError, "reliability_card: there is no column 'rand'"),
    (lambda: card(READINGS.assign(meaning="text")), DataError, "row 0 has 'text'"),
    (lambda: card(READINGS.assign(needs=None)), DataError, "row 3 has no value and has to say what would give one"),
    (lambda: card(needs=None), DataError, "row 3 has no value"),
    (lambda: card(READINGS.assign(state="uses")), DataError, "state of row 0 is 'uses'; did you mean 'use'"),
    (lambda: card(READINGS.assign(low=None)), DataError, "row 0 reads 0.21 on nan to 0.29"),
    (lambda: card(READINGS.assign(high=1.2)), DataError, "row 0 reads 0.21 on 0.14 to 1.2"),
    (lambda: card(READINGS.assign(gates=70)), DataError, "lie from 0 to 1; row 0 has 70"),
    (lambda: card(READINGS.assign(random=-0.1)), DataError, "row 0 has -0.1"),
    (lambda: card(words={"uses": NOTE}), ParameterError, "did you mean 'use'"),
])
def test_wrong_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
