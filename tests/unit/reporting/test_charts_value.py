"""What a project is worth, curves and the map of a hidden factor: the picture holds the numbers that were handed over, wrong input is named."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from money_pictures import (
    INPUTS,
    KNOWN,
    LEADS,
    NAMES,
    NOTE,
    curve_charts,
    density,
    dose,
    event,
    hidden,
    minutes,
    robust,
    rows,
    said,
    spec,
    staying,
    survival,
    tornado,
    waiting,
    worth,
)

from voclib.errors import DataError, ParameterError
from voclib.reporting import theme
from voclib.reporting.charts import hidden as hidden_charts
from voclib.reporting.charts import value
from voclib.results import Text


@pytest.fixture(scope="module")
def drawn():
    return curve_charts() | {"tornado": tornado(labels=NAMES)}


def test_tornado_sorts_by_swing_and_keeps_each_end_to_its_input(drawn):
    pair = tornado(INPUTS.assign(a=[Text("8%", "8%")] * 3, b=[Text("12%", "12%")] * 3), low_text="a", high_text="b")
    seen = [(r["left"], r["left_text"], r["right"], r["right_text"]) for r in rows(pair) if "left_text" in r]
    assert seen == [(-6e5, "8%", 3.4e6, "12%"), (4e5, "12%", 2.2e6, "8%"), (1e6, "8%", 1.4e6, "12%")]
    parts = {(r["to"], r["fill"]) for r in rows(pair) if "fill" in r}
    assert parts == {(e, value.LOW_FILL) for e in INPUTS.low} | {(e, value.HIGH_FILL) for e in INPUTS.high}
    assert "Expected ¥1.2M" in said(drawn["tornado"]) and "预计 ¥120万" in said(drawn["tornado"], "zh")
    assert [r["left_text"] for r in rows(drawn["tornado"]) if "left_text" in r] == ["low", "high", "low"]


def test_dose_draws_the_curve_and_where_customers_are(drawn):
    curve = [r for r in rows(drawn["dose"]) if "low" in r]
    assert len(curve) == 31 and (curve[-1]["dose"], curve[-1]["value"]) == (60, -400)
    strip = [r for r in rows(drawn["dose"]) if "top" in r]
    tall = max(r["top"] - r["floor"] for r in strip)
    shares = [(r["top"] - r["floor"]) / tall for r in strip]
    held, _ = np.histogram(minutes().d, bins=np.linspace(0, 60, 41))
    assert shares == pytest.approx([h / held.max() for h in held if h], abs=1e-4)
    assert "Reference 10" in said(drawn["dose"]) and "−¥400" in said(drawn["dose"])


def test_dose_is_dashed_where_hardly_anybody_waited_longer():
    pair = dose(support=pd.DataFrame({"d": np.linspace(0, 30, 1000)}))
    dashed = [layer for layer in spec(pair)["layer"] if layer["mark"].get("type") == "line" and "strokeDash" in layer["mark"]]
    ends = [[r["dose"] for r in spec(pair)["datasets"][layer["data"]["name"]]] for layer in dashed]
    assert ends[-1][0] == 28 and ends[-1][-1] == 60 and any("under 1%" in w for w in said(pair))
    whole = dose(support=pd.DataFrame({"d": [0.0, 60.0]}))
    assert not [layer for layer in spec(whole)["layer"] if layer["mark"].get("type") == "line" and "strokeDash" in layer["mark"]]
    assert not any("1%" in w for w in said(whole))


def test_classes_with_counts_draw_the_strip_of_the_customers_they_hold():
    raw = pd.DataFrame({"d": [5.2] * 30 + [20.3] * 10 + [50.1] * 5})
    counted = pd.DataFrame({"d": [5.2, 20.3, 50.1], "n": [30, 10, 5]})
    assert dose(support=raw).specs == dose(support=counted, count="n").specs


def test_survival_starts_with_everybody_and_ends_with_its_share(drawn):
    curves = [r for r in rows(drawn["survival"]) if "low" in r]
    starts = [r for r in curves if r["time"] == 0]
    assert [(r["value"], r["low"], r["high"]) for r in starts] == [(100, 100, 100)] * 2
    begun = pd.DataFrame([{"g": g, "t": 0, "v": 1.0, "low": 1.0, "high": 1.0} for g in ("long", "short")])
    assert survival(pd.concat([staying(), begun]), labels=NAMES).specs == drawn["survival"].specs
    assert {"54% (51%–57%)", "69% (66%–72%)", "Name long", "Name short"} <= set(said(drawn["survival"]))
    scales = [layer["encoding"]["y"]["scale"] for layer in spec(drawn["survival"])["layer"] if "scale" in layer["encoding"].get("y", {})]
    domains = {tuple(s["domain"]) for s in scales}
    assert domains == {(0, 100)}
    steps = [layer["mark"]["interpolate"] for layer in spec(drawn["survival"])["layer"] if "interpolate" in layer["mark"]]
    assert steps == ["step-after"] * 4


def test_density_splits_at_zero_and_says_the_chance(drawn):
    words = said(drawn["density"])
    assert {"88%", "12%", "chance of a gain", "chance of a loss"} <= set(words)  # a normal curve 1.2 deviations above zero: 0.885
    areas = [layer for layer in spec(drawn["density"])["layer"] if layer["mark"].get("type") == "area"]
    below, above = ([r["value"] for r in spec(drawn["density"])["datasets"][layer["data"]["name"]]] for layer in areas)
    assert max(below) == 0 == min(above) and [layer["mark"]["color"] for layer in areas] == [theme.NAIVE_BAND, theme.ACCENT]
    assert "¥1.2M (95%: −¥700K to ¥3.1M)" in words
    assert {"71%", "29%"} <= set(said(density(positive=0.71)))


def test_a_result_on_one_side_of_zero_has_one_colour():
    for middle, chances in ((9e6, {">99%"}), (-9e6, {"<1%"})):
        pair = density(worth(middle=middle))
        areas = [layer["mark"]["color"] for layer in spec(pair)["layer"] if layer["mark"].get("type") == "area"]
        assert areas == [theme.ACCENT if middle > 0 else theme.NAIVE_BAND] and chances <= set(said(pair))


def test_density_counts_the_chance_of_no_effect():
    words = said(density(no_effect=(-5e5, 0.5)))
    assert {"44%", "56%", "50% chance of no effect"} <= set(words)
    assert {"94%"} <= set(said(density(no_effect=(5e5, 0.5))))


@pytest.mark.parametrize("size", ["wide", "narrow"])
@pytest.mark.parametrize(("lang", "of_loss"), [("zh", "亏钱"), ("en", "loss")])
def test_a_loss_that_is_all_of_no_effect_is_said_once(lang, of_loss, size):
    pair = density(worth(middle=9e6), no_effect=(-5e6, 0.5))  # without the chance of no effect a gain would be all but sure
    words = said(pair, lang, size)
    assert sum(any(part in w for w in set(words)) for part in (of_loss, value.WORDS["no_effect"][lang])) == 1


@pytest.mark.parametrize(("share", "text"), [(0.71, "71%"), (0.996, ">99%"), (0.002, "<1%"), (1.0, ">99%"), (0.0, "<1%")])
def test_a_chance_never_claims_certainty(share, text):
    assert value.chance(share, "zh") == value.chance(share, "en") == text


def test_event_shades_placebo_periods_and_marks_the_reference(drawn):
    free = [r for r in rows(drawn["event"]) if "outer_low" in r]
    assert [r["period"] for r in free] == [-3, -2, 0, 1, 2]
    assert [(r["low"], r["high"], r["outer_low"], r["outer_high"]) for r in free][0] == (-12, 20, -20, 28)
    assert [r["to"] for r in rows(drawn["event"]) if "to" in r] == [-0.5]
    assert {"Reference", "Before: should be zero", "After"} <= set(said(drawn["event"]))
    reference_outside = event(LEADS.assign(lead=LEADS.p < -1))
    assert reference_outside.specs == drawn["event"].specs
    after_only = event(LEADS[LEADS.p >= 0])
    assert "After" not in said(after_only) and not [r for r in rows(after_only) if "to" in r]


def test_words_of_a_chart_can_be_replaced():
    pair = event(labels={"period": Text("距离投诉的月数", "Months from the complaint")})
    assert "Months from the complaint" in json.dumps(spec(pair)) and "Months from the event" not in json.dumps(spec(pair))
    assert "chance that it pays" in said(density(labels={"gain": Text("的可能回本", "chance that it pays")}))


def test_the_line_of_no_effect_lies_where_the_formula_is_zero():
    pieces = hidden_charts.crossings(hidden(n=49).pivot(index="y", columns="x", values="v"))
    for p in pieces:
        assert -1.5e6 + 5e6 * np.sqrt(p["y"] * p["x"] / (1 - p["x"])) == pytest.approx(0, abs=1e4)
    ends = {(round(p[a], 6), round(p[b], 6)) for p in pieces for a, b in (("x", "y"), ("x2", "y2"))}
    assert len(ends) == len(pieces) + 1  # one unbroken line
    assert hidden_charts.crossings(hidden(effect=-1e9).pivot(index="y", columns="x", values="v")) == []


def test_colours_change_at_round_values_and_cover_the_map():
    drawn = {"robust": robust(hidden(n=49))}
    areas = [layer for layer in spec(drawn["robust"])["layer"] if layer["mark"].get("type") == "area"]
    assert [layer["mark"]["color"] for layer in areas] == list(theme.DIVERGING[:5])  # −1.5 M to +0.46 M in steps of 0.5 M, zero in the middle
    for layer, border in zip(areas[1:], (-1.25e6, -7.5e5, -2.5e5, 2.5e5), strict=True):
        inner = [r for r in spec(drawn["robust"])["datasets"][layer["data"]["name"]] if 1 < r["x"] < 29]
        assert inner
        for r in inner:
            x, y = r["x"] / 100, r["y"] / 100
            assert -1.5e6 + 5e6 * np.sqrt(y * x / (1 - x)) == pytest.approx(border, abs=3e4)
    assert {r["x"] for r in spec(drawn["robust"])["datasets"][areas[0]["data"]["name"]]} == {0}


def test_a_falling_effect_is_drawn_as_the_mirror_of_a_rising_one():
    risen, fallen = (spec(robust(hidden(effect=e, slope=s))) for e, s in ((-1.5e6, 5e6), (1.5e6, -5e6)))
    shapes = [[[(r["x"], r["y"]) for r in s["datasets"][layer["data"]["name"]]] for layer in s["layer"] if layer["mark"].get("type") == "area"]
              for s in (risen, fallen)]
    assert shapes[0] == shapes[1]
    assert [layer["mark"]["color"] for layer in fallen["layer"] if layer["mark"].get("type") == "area"] == list(theme.DIVERGING[:1:-1])


def test_robustness_names_known_factors_and_both_lines():
    pair = robust(hidden().assign(end=hidden().v + 5e5), end="end", labels={"spend": Text("与消费一样强", "As strong as past spend")})
    assert {"As strong as past spend", "twice", "Effect is zero", "Interval reaches zero", "As estimated −¥1.5M"} <= set(said(pair))
    alone = robust(points=KNOWN.head(0))
    assert "Effect is zero" in said(alone) and "spend" not in said(alone)


def test_the_present_estimate_is_named_over_the_map_where_it_hides_no_line():
    layer = next(one for one in spec(robust())["layer"] if one["encoding"].get("text", {}).get("value") == "As estimated −¥1.5M")
    assert layer["encoding"]["y"]["value"] < 0


@pytest.mark.parametrize("make", [
    lambda f: dose(waiting().iloc[::f]), lambda f: survival(staying().iloc[::f].sort_values("g", kind="stable")),
    lambda f: density(worth().iloc[::f]),
    lambda f: event(LEADS.iloc[::f]), lambda f: robust(hidden().iloc[::f])])
def test_the_order_of_rows_does_not_matter_to_a_curve(make):
    assert make(1).specs == make(-1).specs


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: tornado(base=float("nan")), DataError, "base is the result with every input"),
    (lambda: tornado(INPUTS.assign(a="8%"), low_text="a"), DataError, "'a' holds a Text a row.*row 0 has '8%'"),
    (lambda: tornado(unit="share"), ParameterError, "not a share"),
    (lambda: dose(reference=99.0), DataError, "31 from 0 to 60, the reference is 99"),
    (lambda: dose(waiting().head(2)), DataError, "three doses or more"),
    (lambda: dose(support=minutes().assign(d=500.0)), DataError, "no customer of the support lies between 0 and 60"),
    (lambda: dose(support=minutes().assign(d=None)), DataError, "dose_response \\(support\\): 'd' has no finite number"),
    (lambda: dose(labels={"dos": NOTE}), ParameterError, "labels= names 'dos'.*did you mean 'dose'"),
    (lambda: survival(staying().assign(g="all")), DataError, "two groups are compared; 'g' holds 1: all"),
    (lambda: survival(staying().assign(v=2.0, high=2.0)), DataError, "shares lie from 0 to 1"),
    (lambda: survival(domain=(0.9, 1.0), note=NOTE), DataError, "the axis, which runs from 0.9 to 1"),
    (lambda: survival(domain=(0.4, 1.0)), DataError, "needs its reason in note"),
    (lambda: survival(pd.concat([staying(), staying()])), DataError, "once in each group"),
    (lambda: density(worth().head(2)), DataError, "3 to 1,000 points"),
    (lambda: density(worth().assign(d=-1.0)), DataError, "no negative density"),
    (lambda: density(positive=71.0), DataError, "chance in positive= lies from 0 to 1; it is 71"),
    (lambda: density(no_effect=(0.0, -0.5)), DataError, "no_effect= lies from 0 to 1"),
    (lambda: density(labels={"gian": NOTE}), ParameterError, "did you mean 'gain'"),
    (lambda: density(interval=(1.0, 0.0, 2.0)), DataError, "rising order"),
    (lambda: event(LEADS.assign(p=0)), DataError, "period 0 stands twice"),
    (lambda: event(LEADS.assign(lead=None)), DataError, "6 row\\(s\\) are neither"),
    (lambda: event(LEADS.assign(lead=True)), DataError, "no period after the event"),
    (lambda: event(LEADS.assign(lead=LEADS.p > 0)), DataError, "leads come before the event"),
    (lambda: event(LEADS.assign(low=LEADS.v, high=LEADS.v)), DataError, "no period has an interval"),
    (lambda: event(LEADS.assign(blow=LEADS.v, bhigh=LEADS.v)), DataError, "Are the columns swapped"),
    (lambda: robust(hidden().assign(x=hidden().x * 10)), DataError, "partial R², shares from 0 to 1"),
    (lambda: robust(hidden(n=51)), DataError, "takes 2,500 pairs .* there are 2,601"),
    (lambda: robust(hidden().head(200)), DataError, "full grid"),
    (lambda: robust(hidden().assign(v=np.sin(40 * hidden().x))), DataError, "turns back"),
    (lambda: robust(label="name"), DataError, "robustness \\(points\\): there is no column 'name'"),
    (lambda: robust(words={"zer": NOTE}), ParameterError, "did you mean 'zero'"),
])
def test_wrong_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
