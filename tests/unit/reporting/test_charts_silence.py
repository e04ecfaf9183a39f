"""Charts of silence: what is drawn is what was handed over, nothing travels unseen, wrong input is named."""

from __future__ import annotations

import html
import json
import math
import re

import numpy as np
import pandas as pd
import picture_rules
import pytest

from voclib.errors import DataError, ParameterError
from voclib.reporting import charts, show, theme
from voclib.reporting.charts import placement
from voclib.results import Estimate, Ladder, Text, refusal

WORDS = {"title": Text("结论", "Finding"), "subtitle": Text("单位", "Unit"), "description": Text("描述", "Description")}
LOVE = pd.DataFrame({"x": ["a", "b", "c"], "raw": [0.1, -0.6, 0.3], "w": [0.02, -0.05, 0.2], "verbatim": "SECRET"})
SLOPES = pd.DataFrame({"d": ["a", "b", "c"], "raw": [50.0, 40, 70], "now": [20.0, 38, 71], "low": [10.0, 30, 60], "high": [30.0, 46, 80],
                       "verbatim": "SECRET"})
DEALERS = pd.DataFrame({"d": ["a", "b", "c", "d"], "n": [30, 100, 400, 250], "v": [42.0, 36, 38, 60], "f": [False, False, False, True],
                        "verbatim": "SECRET"})
WAVES = pd.DataFrame({"w": ["first", "second", "call"], "v": [50.0, 40, 18], "low": [48.0, 36, 11], "high": [52.0, 44, 25], "n": [900, 300, 100]})
COSTS = pd.DataFrame({"n": [100, 300, 1200], "c": [15_000.0, 45_000, 180_000], "w": [10.0, 5.8, 2.9]})
BINS = pd.DataFrame({"p": [0.1, 0.3], "o": [0.12, 0.28], "low": [0.08, 0.22], "high": [0.16, 0.34], "n": [400, 300]})


def answers(n=400):
    rng = np.random.default_rng(5)
    p = rng.beta(2, 5, n)
    return pd.DataFrame({"p": p, "heard": rng.uniform(size=n) < p, "customer_id": [f"SECRET{k}" for k in range(n)]})


def grid(low=-2, high=2, n=9):
    at = np.exp2(np.linspace(low, high, n))
    return pd.DataFrame([{"td": a, "tp": b, "nps": 30 - 12 * math.log2(a) + 9 * math.log2(b)} for a in at for b in at])


def frontier():
    td = np.exp2(np.linspace(-4, 4, 60))  # 30 - 12 log2(td) + 9 log2(tp) = 20
    return pd.DataFrame({"td": td, "tp": np.exp2((12 * np.log2(td) - 10) / 9)})


def nps(rung, **more):
    return Estimate(estimand="nps", unit="points", rung=rung, **more)


POSSIBLE = [nps("raw", kind="estimate", value=47, conf_low=45, conf_high=49), nps("manski", kind="bounds", bound_low=-71, bound_high=89),
            nps("monotone", kind="bounds", bound_low=-71, bound_high=47, conf_low=-73, conf_high=49),
            refusal("nps", unit="points", rung="calls", reason=Text("不收敛", "no convergence"), needs=Text("再一轮", "one more wave"))]
NAMES = {e.rung: Text(f"名{e.rung}", f"Name {e.rung}") for e in POSSIBLE}


def tilt(**more):
    given = {"times_detractor": "td", "times_promoter": "tp", "value": "nps", "target": 20.0} | WORDS | more
    return charts.tilt_map(given.pop("surface", grid()), given.pop("frontier", frontier()), **given)


def slopes(frame=SLOPES, **more):
    return charts.slopegraph(frame, label="d", before="raw", after="now", low="low", high="high", **WORDS | more)


def funnel(frame=DEALERS, **more):
    return charts.funnel_plot(frame, **{"n": "n", "value": "v", "flagged": "f", "label": "d", "center": 38.0} | WORDS | more)


def waves(**more):
    return charts.resistance(WAVES, wave="w", value="v", low="low", high="high", n="n", **WORDS | more)


def every_chart():
    return {"love": charts.love_plot(LOVE, label="x", raw="raw", weighted="w", **WORDS),
            "overlap": charts.overlap(answers(), probability="p", answered="heard", support=0.05, **WORDS),
            "tilt": tilt(point=charts.TiltPoint(1.6, 0.8, (1.2, 2.1), (0.6, 1.1))), "bounds": charts.bounds_bar(POSSIBLE, labels=NAMES, **WORDS),
            "slopes": slopes(), "funnel": funnel(), "waves": waves(followup="call"),
            "dumbbell": charts.dumbbell(SLOPES, label="d", raw="raw", corrected="now", low="low", high="high", unit="points", **WORDS),
            "cost": charts.cost_curve(COSTS, cost="c", width="w", calls="n", chosen=300, **WORDS),
            "calibration": charts.calibration(BINS, predicted="p", observed="o", low="low", high="high", n="n", **WORDS)}


def spec(pair, lang="en", size="wide"):
    return pair.specs[lang][size]


def rows(pair, lang="en", size="wide"):
    return [row for data in spec(pair, lang, size)["datasets"].values() for row in data]


def svg_texts(pair, lang="en", size="wide"):
    """Every text of the picture, as it is read."""
    return [html.unescape(t) for t in re.findall(r"<text[^>]*>([^<]*)</text>", theme.picture(spec(pair, lang, size)))]


@pytest.fixture(scope="module")
def drawn():
    return every_chart()


def test_both_languages_both_widths_and_nothing_unseen(drawn):
    picture_rules.both_languages_both_widths_and_nothing_unseen(drawn)


def test_pictures_repeat(drawn):
    assert json.dumps(drawn["slopes"].payload()) == json.dumps(slopes().payload())
    assert json.dumps(drawn["funnel"].specs) == json.dumps(funnel().specs)


def test_chinese_pictures_speak_chinese_and_english_ones_do_not(drawn):
    picture_rules.chinese_pictures_speak_chinese_and_english_ones_do_not(drawn)


def test_every_colour_has_its_dark_twin(drawn):
    picture_rules.every_colour_has_its_dark_twin(drawn)


def test_love_plot_sorts_by_raw_and_draws_absolute_differences(drawn):
    seen = [r for r in rows(drawn["love"]) if "g" in r]
    assert [(r["g"], r["raw"], r["value"], r["main"]) for r in seen] == [("b", 0.6, 0.05, "0.05"), ("c", 0.3, 0.2, "0.20"), ("a", 0.1, 0.02, "0.02")]
    assert {r["at"] for r in rows(drawn["love"]) if "at" in r} == {0.1, 0.25}


def test_overlap_carries_shares_of_bins_and_no_customer(drawn):
    bins = [r for r in rows(drawn["overlap"]) if "share" in r]
    assert len(bins) == 48 and sum(r["share"] for r in bins if r["share"] > 0) == pytest.approx(100, abs=0.01)
    assert sum(r["share"] for r in bins if r["share"] < 0) == pytest.approx(-100, abs=0.01)
    frame = answers()
    silent = frame[~frame["heard"]]
    written = f"{100 * (silent['p'] < 0.05).mean():.0f}% of the silent are left"
    assert written in json.dumps(spec(drawn["overlap"]))


def test_overlap_follows_weights():
    frame = pd.DataFrame({"p": [0.1, 0.9, 0.1, 0.9], "heard": [True, True, False, False], "w": [3.0, 1, 1, 1]})
    bins = [r for r in rows(charts.overlap(frame, probability="p", answered="heard", weights="w", bins=2, **WORDS)) if "share" in r]
    assert [r["share"] for r in bins] == [75, 25, -50, -50]


def test_tilt_map_tips_where_the_colours_meet(drawn):
    seen = rows(drawn["tilt"])
    line = [r for r in seen if "order" in r]
    assert len(line) > 20
    for r in line:
        assert 30 - 12 * math.log2(r["x"]) + 9 * math.log2(r["y"]) == pytest.approx(20, abs=1e-3)
        assert 0.25 - 1e-6 <= r["x"] <= 4.0001 and 0.25 - 1e-6 <= r["y"] <= 4.0001
    fills = {r["fill"] for r in seen if "fill" in r}
    assert fills < set(theme.DIVERGING) and len(fills) == 6  # 58 points over the target, 52 under it: the darkest orange is not reached
    best = next(r["fill"] for r in seen if "fill" in r and r["x"] == 0.25 and r["y2"] == 4)
    assert best == theme.DIVERGING[-1]
    assert len([r for r in seen if "fill" in r]) < 81


def test_tilt_map_cells_cover_the_map_once(drawn):
    cells = [r for r in rows(drawn["tilt"]) if "fill" in r]
    area = sum(math.log2(r["x2"] / r["x"]) * math.log2(r["y2"] / r["y"]) for r in cells)
    assert area == pytest.approx(16, abs=1e-3)


def test_tilt_map_without_a_line_draws_none_and_keeps_the_points():
    pair = tilt(frontier=frontier().head(0), target=-200.0)
    assert not [r for r in rows(pair) if "order" in r]
    assert {"x": 1, "y": 1} in rows(pair) and "Tipping line" not in json.dumps(spec(pair))


def test_bounds_have_no_dot_and_truth_is_drawn_only_where_passed(drawn):
    seen = {r["g"]: r for r in rows(drawn["bounds"]) if "g" in r}
    assert seen["Name manski"]["value"] is None and (seen["Name manski"]["low"], seen["Name manski"]["high"]) == (-71, 89)
    assert (seen["Name monotone"]["outer_low"], seen["Name monotone"]["outer_high"]) == (-73, 49)
    assert seen["Name calls"]["needs"] == "Needs: one more wave" and seen["Name calls"]["low"] is None
    assert "truth" not in json.dumps(spec(drawn["bounds"]))
    told = charts.bounds_bar(POSSIBLE, labels=NAMES, truth=17.0, naive="raw", **WORDS)
    assert {"at": 17} in rows(told) and [r["naive"] for r in rows(told) if "g" in r] == [True, False, False, False]


def test_slopes_are_dark_where_the_uncorrected_number_lies_outside(drawn):
    seen = {r["g"]: r for r in rows(drawn["slopes"]) if "g" in r}
    assert {g: r["paint"] for g, r in seen.items()} == {"a": theme.ACCENT, "b": theme.LINE_2, "c": theme.LINE_2}
    assert seen["a"]["numbers"] == "50 → 20"


def test_slopes_of_many_name_those_that_move_most():
    many = pd.DataFrame({"d": [f"d{k}" for k in range(40)], "raw": 50.0, "now": [50.0 - k for k in range(40)]})
    many = many.assign(low=many.now - 5, high=many.now + 5)
    seen = [r for r in rows(slopes(many, most=5)) if "g" in r]
    assert {r["g"] for r in seen} == {"d35", "d36", "d37", "d38", "d39"}
    spots = sorted(r["spot"] for r in seen)
    assert min(b - a for a, b in zip(spots, spots[1:], strict=False)) > 1


def test_funnel_limits_are_those_of_chance(drawn):
    limits = [r for r in rows(funnel(center=0.5, unit="share", frame=DEALERS.assign(v=[0.4, 0.5, 0.6, 0.9]))) if {"low", "high"} <= set(r)]
    seen = {round((r["high"] - 50) * math.sqrt(r["n"]) / 50, 2) for r in limits if r["high"] < 100}
    assert seen == {1.96, 3.09} and len(limits) > 100
    assert all(r["high"] - 50 == pytest.approx(50 - r["low"], abs=1e-3) for r in limits)
    assert {r["g"] for r in rows(drawn["funnel"]) if "g" in r} == {"a", "b", "c", "d"}


def test_funnel_names_only_flagged_units(drawn):
    named = [layer for layer in spec(drawn["funnel"])["layer"] if layer["mark"].get("type") == "text" and
             layer["encoding"]["text"].get("field") == "g"]
    assert named
    for layer in named:
        assert [r["g"] for r in spec(drawn["funnel"])["datasets"][layer["data"]["name"]]] == ["d"]


@pytest.mark.parametrize(("share", "ends"), [(0.0, [0, 5]), (1.0, [95, 100])])
def test_a_funnel_of_dealers_that_are_all_alike_keeps_an_axis_of_some_height(share, ends):
    """Every answer a 10, or none: all dealers lie on the centre, and the limits of chance have no width."""
    alike = funnel(DEALERS.assign(v=share, f=False), center=share, unit="share")
    assert next(layer["encoding"]["y"]["scale"]["domain"] for layer in spec(alike)["layer"] if "y" in layer["encoding"]) == ends
    assert "Infinity" not in json.dumps(alike.specs) and "NaN" not in json.dumps(alike.specs)
    assert f"{100 * share:g}%" in svg_texts(alike)


def test_the_spread_of_a_funnel_comes_from_its_units_unless_given():
    own, given = (max(r["high"] for r in rows(funnel(spread=s)) if {"low", "high"} <= set(r)) for s in (None, 5.0))
    assert own > given


def test_a_row_without_interval_has_no_dot():
    frame = SLOPES.assign(low=[10.0, None, 60])
    seen = {r["g"]: r for r in rows(charts.dumbbell(frame, label="d", raw="raw", corrected="now", low="low", high="high", unit="points", **WORDS))
            if "g" in r}
    assert seen["b"].get("value") is None and seen["b"]["main"] == "no interval, no dot" and seen["b"]["raw"] == 40
    assert {r["g"] for r in rows(slopes(frame)) if "g" in r} == {"a", "c"}


def test_followup_is_marked_apart_from_the_reminders(drawn):
    seen = {r["g"]: r["late"] for r in rows(drawn["waves"]) if "g" in r}
    assert seen == {"first\n900 answers": False, "second\n300 answers": False, "call\n100 answers": True}


def test_cost_curve_says_calls_and_width(drawn):
    assert {r["text"] for r in rows(drawn["cost"]) if "text" in r} == {"100 calls ±10 points", "300 calls ±5.8 points",
                                                                         "1,200 calls ±2.9 points"}


@pytest.mark.parametrize("size", ["wide", "narrow"])
@pytest.mark.parametrize(("unit", "factor", "zh", "en"), [("share", 100, "个百分点", "pp"), ("points", 1, "分", "points")])
def test_the_half_width_of_a_share_is_written_in_percentage_points(unit, factor, zh, en, size):
    made = charts.cost_curve(COSTS.assign(w=COSTS["w"] / factor), cost="c", width="w", calls="n", unit=unit, **WORDS)
    for lang, word in (("zh", zh), ("en", en)):
        labels = {r["text"].partition("±")[2] for r in rows(made, lang, size) if "text" in r}
        assert labels == {f"{w} {word}" for w in ("10", "5.8", "2.9")}
        ticks = [t for t in svg_texts(made, lang, size) if t.startswith("±")]
        assert len(ticks) > 2 and all(t.endswith(f" {word}") for t in ticks)


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: charts.love_plot(LOVE, label="x", raw="rw", weighted="w", **WORDS), DataError, "did you mean 'raw'"),
    (lambda: charts.love_plot(LOVE.assign(w=[0.1, None, 0.2]), label="x", raw="raw", weighted="w", **WORDS), DataError, "before and after"),
    (lambda: charts.overlap(answers().assign(p=1.2), probability="p", answered="heard", **WORDS), DataError, "400 row\\(s\\) do not"),
    (lambda: charts.overlap(answers().assign(heard=True), probability="p", answered="heard", **WORDS), DataError, "true in every row"),
    (lambda: tilt(surface=grid().assign(td=-1.0)), DataError, "hand over exp\\(gamma\\)"),
    (lambda: tilt(surface=grid().head(30)), DataError, "full grid"),
    (lambda: charts.bounds_bar([], labels={}, **WORDS), ParameterError, "at least one"),
    (lambda: charts.bounds_bar(POSSIBLE, labels={"raw": WORDS["title"]}, **WORDS), ParameterError, "no name for 'manski'"),
    (lambda: charts.bounds_bar(POSSIBLE, labels=NAMES, naive="rw", **WORDS), ParameterError, "did you mean 'raw'"),
    (lambda: charts.bounds_bar(POSSIBLE, labels=NAMES, zero=False, **WORDS), DataError, "needs its reason"),
    (lambda: slopes(SLOPES.assign(low=None)), DataError, "no row has both numbers"),
    (lambda: funnel(DEALERS.assign(n=0)), DataError, "at least one answer"),
    (lambda: waves(followup="calls"), DataError, "no wave of the frame"),
    (lambda: charts.cost_curve(COSTS, cost="c", width="w", calls="n", chosen=7, **WORDS), DataError, "100, 300, 1200 calls"),
    (lambda: charts.calibration(BINS.assign(o=1.5), predicted="p", observed="o", low="low", high="high", n="n", **WORDS), DataError, "shares from 0"),
])
def test_wrong_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_labels_move_apart_and_stay_inside():
    spots = placement.spread([1.0, 1.0, 1.1, 9.9], 1.0, low=0.0, high=10.0)
    assert spots[0] < spots[1] < spots[2] and min(b - a for a, b in zip(sorted(spots), sorted(spots)[1:], strict=False)) >= 1 - 1e-9
    assert max(spots) <= 10
    assert placement.spread([3.0, 1.0], 1.0, low=0.0, high=10.0) == [3.0, 1.0]


def test_labels_beside_points_hide_no_other():
    points = [(50.0, 50.0), (60.0, 52.0), (55.0, 49.0)]
    spots = placement.beside(points, ["one", "two", "three"], width=200, height=120)
    assert len(set(spots)) == 3 and None not in spots
    assert placement.beside([(5.0, 5.0)], ["a name much too long for this plot"], width=60, height=20) == [None]


@pytest.mark.parametrize(("text", "room", "lines"), [
    ("short", 200, "short"), ("Churned customers who were never asked", 200, "Churned customers who\nwere never asked"),
    ("把已流失从未被问到的客户也算进来", 150, "把已流失从未被问到\n的客户也算进来")])
def test_long_labels_break_into_two_even_lines(text, room, lines):
    assert placement.wrap(text, room) == lines


def test_a_ladder_says_beneath_a_rung_what_it_stands_on():
    ladder = Ladder("nps", (POSSIBLE[0], POSSIBLE[1]), "manski")
    named = {"title": WORDS["title"], "labels": {k: NAMES[k] for k in ("raw", "manski")}}
    plain = show.ladder(ladder, **named)
    line = show.standing(response=0.22, n_effective=440, supported=0.82)
    assert line == Text("作答率 22%，有效样本 440，覆盖 82% 的客户", "response 22%, effective n 440, supports 82% of customers")
    told = show.ladder(ladder, beneath={"raw": line}, **named)
    assert "beneath" not in plain.payload and told.html().count(line.en) == 1
    small = [part for part in told.html().split("<small") if line.en in part][0]
    assert told.html().replace("<small" + small.split("</small>")[0] + "</small>", "") == plain.html()
    with pytest.raises(ParameterError, match="beneath= names 'rwa', which is no rung of 'nps'; did you mean 'raw'"):
        show.ladder(ladder, beneath={"rwa": line}, **named)
    with pytest.raises(ParameterError, match="needs response="):
        show.standing()


def test_a_survey_funnel_of_six_steps_shows_people_and_money_lost():
    steps = [show.Step(Text(f"步{k}", f"Step {k}"), n, Text(f"{k}人离开", f"{k} left"), v) for k, (n, v) in enumerate(
        [(20_000, None), (16_400, 4.1e6), (12_100, 5.9e6), (11_800, 3.3e5), (2360, 1.18e7), (940, 1.9e6)])]
    html = show.funnel(steps, title=WORDS["title"], value_title=Text("毛利", "Margin")).html()
    assert all(text in html for text in ("16,400", "¥410万", "¥4.1M", "¥33万", "¥330K", "5 left", "5人离开"))
    assert html.count('class="lost"') == 5
