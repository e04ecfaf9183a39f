"""Charts of money: the picture holds the numbers that were handed over, in both languages, and wrong input is named."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import picture_rules
import pytest
from money_pictures import PAINS, PATHS, STEPS, curve_charts, forest, paths, row_charts, rows, said, spec, waterfall

from voclib.errors import DataError
from voclib.reporting.charts import drawing, placement
from voclib.results import Text


@pytest.fixture(scope="module")
def drawn():
    return row_charts() | curve_charts()


def yuan(text):
    """Every amount that a text writes, in yuan."""
    scale = {"": 1, "万": 1e4, "亿": 1e8, "K": 1e3, "M": 1e6, "B": 1e9}
    found, unit = [], ""
    for sign, number, unit_ in reversed(re.findall(r"(−?)¥?([\d,.]+)(万|亿|K|M|B)?(?![\d%])", text)):
        unit = unit_ or unit
        found.append((-1 if sign else 1) * float(number.replace(",", "")) * scale[unit])
    return found[::-1]


def test_both_languages_both_widths_and_nothing_unseen(drawn):
    picture_rules.both_languages_both_widths_and_nothing_unseen(drawn)


def test_chinese_pictures_speak_chinese_and_english_ones_do_not(drawn):
    picture_rules.chinese_pictures_speak_chinese_and_english_ones_do_not(drawn)


def test_every_colour_has_its_dark_twin(drawn):
    picture_rules.every_colour_has_its_dark_twin(drawn)


def test_at_most_five_ticks_and_none_twice(drawn):
    for name, pair in drawn.items():
        for lang, sizes in pair.specs.items():
            for size in sizes:
                axes = [c["axis"]["values"] for layer in spec(pair, lang, size)["layer"] for c in layer["encoding"].values()
                        if isinstance(c, dict) and c.get("axis")]
                assert axes, name
                assert all(1 <= len(a) <= 5 and len(set(a)) == len(a) for a in axes), (name, lang, size, axes)


def test_both_languages_write_the_same_amounts(drawn):
    for name in ("waterfall", "forest", "paths", "tornado", "dose", "density", "robust"):
        for size in ("wide", "narrow"):
            zh, en = (sorted(yuan(" | ".join(t for t in said(drawn[name], lang, size) if "¥" in t))) for lang in ("zh", "en"))
            if name == "robust":  # how many places of the map have room for their number depends on the language
                zh, en = zh[:1], en[:1]
            assert zh == pytest.approx(en) and (zh or name == "waterfall"), (name, size)


def test_the_same_numbers_are_drawn_in_both_languages_and_widths(drawn):
    names = ("value", "low", "high", "to", "outer_low", "outer_high", "density", "raw", "share", "period", "dose", "time")
    for name, pair in drawn.items():
        seen = {(lang, size): sorted(json.dumps({k: r[k] for k in names if k in r}) for r in rows(pair, lang, size))
                for lang in ("zh", "en") for size in ("wide", "narrow")}
        for size in ("wide", "narrow"):
            assert [s for s in seen["zh", size] if s != "{}"] == [s for s in seen["en", size] if s != "{}"], name
        if name not in ("waterfall", "cut", "robust"):  # columns on a wide page are rows on a phone
            assert set(seen["en", "wide"]) == set(seen["en", "narrow"]), name


def test_money_ticks_are_written_as_on_the_page():
    ticks = drawing.inside(-2.4e6, 1e5)
    assert ticks == [-2e6, -1.5e6, -1e6, -5e5, 0]
    forms = {lang: drawing.axis(ticks, "cny", lang).to_dict()["labelExpr"] for lang in ("zh", "en")}
    assert all(f"'{t}'" in forms["zh"] for t in ("−¥200万", "−¥100万", "¥0"))
    assert all(f"'{t}'" in forms["en"] for t in ("−¥2M", "−¥1M", "¥0"))
    assert drawing.mark(2.5e5, "cny", "en") == "¥250K" and drawing.mark(1e6, "cny", "en") == "¥1M" and drawing.mark(-5, "share", "zh") == "−5%"
    plain = drawing.axis([0.0, 0.5], "points").to_dict()
    assert plain == {"values": [0.0, 0.5], "grid": True, "labelOverlap": False, "labelExpr": "replace(format(datum.value, ',.1f'), '-', '−') + ''"}


@pytest.mark.parametrize(("low", "high"), [(-2.5e6, -5e5), (0, 1), (44.2, 51.9), (-0.004, 0.09), (0, 365), (-1e-9, 1e9)])
def test_ticks_lie_inside(low, high):
    ticks = drawing.inside(low, high)
    assert 2 <= len(ticks) <= 5 and all(low <= t <= high for t in ticks)
    assert (0.0 in ticks) == (low <= 0 <= high)


def bars(pair, size="narrow"):
    return [r for r in rows(pair, "en", size) if "step" in r]


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_waterfall_floats_from_the_running_sum_with_the_steps_own_interval(drawn, size):
    seen = [(r["from"], r["to"], r["low"], r["high"], r["step"]) for r in bars(drawn["waterfall"], size)]
    assert seen == [(0, 50, 48, 52, False), (50, 46, 44, 48, True), (46, 47.5, 45.5, 49.5, True), (0, 47.5, 45, 50, False)]


def test_waterfall_writes_the_sign_of_every_step(drawn):
    words = said(drawn["waterfall"])
    assert {"50", "−4", "+2"} <= set(words) and "+50" not in words


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_the_steps_of_a_share_are_percentage_points(size):
    numbers = ["v", "low", "high"]
    shares = STEPS.assign(**(STEPS[numbers] / 100))
    for lang, unit, to in (("zh", "个百分点", "至"), ("en", "pp", "to")):
        words = said(waterfall(shares, unit="share"), lang, size)
        assert {"50%", f"−4 {unit}", f"+2 {unit}"} <= set(words) and not any(w.endswith("%") and w[0] in "+−" for w in words)
        assert any(" ".join(words[k:k + 2]) == f"−6 {to} −2" or words[k] == f"−6 {to} −2" for k in range(len(words)))


def test_a_cut_waterfall_has_no_bar_that_starts_nowhere(drawn):
    fills = [layer["mark"].get("color") for layer in spec(drawn["waterfall"])["layer"]]
    cut = spec(drawn["cut"])
    assert "#2e7db3" in fills and "#2e7db3" not in [layer["mark"].get("color") for layer in cut["layer"]]
    domains = [c["scale"]["domain"] for layer in cut["layer"] for k, c in layer["encoding"].items() if k == "y" and "scale" in c]
    assert all(40 < d[0] < 50 for d in domains)


def test_many_or_long_steps_are_rows_on_a_wide_page_too():
    many = pd.DataFrame([(f"s{k}", -1.0, -2, 0, "step") for k in range(12)], columns=["g", "v", "low", "high", "k"])
    assert any("mid" in r for r in rows(waterfall(many))) and not any("mid" in r for r in rows(waterfall(many.head(5))))
    long = waterfall(labels={"b": Text("一个名字很长很长很长很长的步骤，长到四行也放不下", "A step with unpronounceablylongcompoundnames of parts")})
    assert any("mid" in r for r in rows(long))


def test_a_gain_that_starts_with_steps_needs_no_first_total():
    steps = STEPS.iloc[1:3].assign(v=[3.0, 1.5], low=[1.0, -0.5], high=[5.0, 3.5])
    whole = pd.concat([steps, pd.DataFrame([{"g": "t", "v": 4.5, "low": 2.0, "high": 7.0, "k": "total"}])])
    assert [(r["from"], r["to"]) for r in bars(waterfall(whole))] == [(0, 3), (3, 4.5), (0, 4.5)]


def test_forest_puts_the_total_first_and_says_that_parts_add_up(drawn):
    seen = [r for r in rows(drawn["forest"]) if "sort" in r]
    assert [(r["sort"], r["value"], r["raw"]) for r in seen] == [("joint", -1.5e6, -5.9e6), ("part", -7e5, -2.6e6), ("part", -8e5, None)]
    assert "Of which (they add up to the total)" in said(drawn["forest"]) and "其中（各项相加等于合计）" in said(drawn["forest"], "zh")
    apart = forest(PAINS.assign(v=[-7e5, -1.5e6, -9e5]))
    assert "Each on its own (they overlap, so do not add them)" in said(apart)


def test_forest_without_a_total_says_nothing_of_adding():
    words = said(forest(PAINS.drop(columns="k"), kind=None))
    assert not any("add" in w for w in words) and [r["sort"] for r in rows(forest(kind=None)) if "sort" in r] == ["part"] * 3


def test_a_refused_pain_has_no_dot_and_says_what_it_needs():
    frame = pd.concat([PAINS, pd.DataFrame([{"g": "returns", "k": "refused"}])], ignore_index=True)
    frame["needs"] = [None, None, None, Text("再有 900 位", "900 more customers")]
    pair = forest(frame, needs="needs")
    seen = [r for r in rows(pair) if "sort" in r][-1]
    assert (seen["value"], seen["low"], seen["high"], seen["sort"]) == (None, None, None, "refused") and seen["from"] < -2.5e6
    assert "Needs: 900 more customers" in said(pair) and "—" in said(pair) and "需要：再有 900 位" in said(pair, "zh")
    assert "Each on its own (they overlap, so do not add them)" in said(pair)


def test_paths_say_how_far_apart_they_are(drawn):
    assert "The largest is 3× the smallest" in said(drawn["paths"]) and "最大是最小的 3 倍" in said(drawn["paths"], "zh")
    in_fen = paths(PATHS.assign(v=PATHS.v * 100, low=PATHS.low * 100, high=PATHS.high * 100))
    assert "The largest is 3× the smallest" in said(in_fen)
    losses = paths(PATHS.assign(v=-PATHS.v, low=-PATHS.high, high=-PATHS.low))
    assert "The largest is 3× the smallest" in said(losses)
    mixed = paths(PATHS.assign(v=[6e5, -1e5, 4e5], low=[1e5, -4e5, 1e5]))
    assert "Highest and lowest are ¥700K apart" in said(mixed) and "最高与最低相差 ¥70万" in said(mixed, "zh")
    alike = paths(PATHS.assign(v=[6e5, 5.8e5, 5.9e5], low=1e5, high=1e6))
    assert not any("smallest" in w or "apart" in w for w in said(alike))


def test_rows_keep_the_order_of_the_frame():
    names = [r["text"] for r in rows(paths(PATHS.iloc[::-1])) if r.get("text") in ("p", "q", "r")]
    assert names == ["r", "q", "p"]


@pytest.mark.parametrize(("text", "room", "lines"), [
    ("short", 200, ["short"]), ("App experience", 84, ["App", "experience"]), ("本来就会走的客户", 82, ["本来就会", "走的客户"]),
    ("排队等待超过 30 分钟", 100, ["排队等待超", "过 30 分钟"]), ("价格，优惠，都不透明", 90, ["价格，优惠，", "都不透明"])])
def test_names_break_between_words_and_evenly(text, room, lines):
    assert placement.fold(text, room) == lines


def test_lines_after_the_first_may_be_longer_where_nothing_stands_beside_them():
    assert placement.fold("Nobody called within three days", 110, rest=300) == ["Nobody called", "within three days"]
    assert placement.fold("Nobody called within three days of a complaint", 110, rest=300) == ["Nobody called", "within three days of a complaint"]


def test_what_does_not_fit_stays_on_the_last_line():
    assert placement.fold("one two three four", 40, most=2) == ["one", "two three four"]


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: waterfall(STEPS, low="lo"), DataError, "waterfall: there is no column 'lo'; did you mean 'low'"),
    (lambda: waterfall(STEPS.head(0)), DataError, "no rows"),
    (lambda: waterfall(STEPS.assign(v=[50, None, 1.5, 47.5])), DataError, "'v' has no finite number in 1 row\\(s\\), first in row 1"),
    (lambda: waterfall(STEPS.assign(high=[52, np.inf, 3.5, 50])), DataError, "'high' has no finite number"),
    (lambda: waterfall(STEPS.assign(low=[60, -6, -0.5, 45])), DataError, "'low' lies above 'high' in row 0"),
    (lambda: waterfall(STEPS.assign(k="sum")), DataError, "'k' holds total or step; there is 'sum'"),
    (lambda: waterfall(STEPS.assign(v=[50, -4, 1.5, 47])), DataError, "total 'd' is 47, what stands before it adds up to 47.5; .* rest \\(-0.5\\)"),
    (lambda: waterfall(zero=False), DataError, "needs its reason in note"),
    (lambda: forest(kind="sort"), DataError, "no column 'sort'"),
    (lambda: forest(PAINS.assign(k="whole")), DataError, "holds part, joint or refused; there is 'whole'"),
    (lambda: forest(PAINS.assign(k="joint")), DataError, "names 3 joint rows"),
    (lambda: forest(PAINS.assign(k="refused")), DataError, "every row is refused"),
    (lambda: forest(PAINS.assign(v=[None, -1.5e6, -8e5])), DataError, "'v' has no finite number"),
    (lambda: forest(PAINS.assign(k=["refused", "joint", "part"])), DataError, "row 0 is refused and has to say what is needed"),
    (lambda: paths(PATHS.head(1)), DataError, "two paths or more"),
    (lambda: paths(PATHS.assign(v=None)), DataError, "first in row 0"),
])
def test_wrong_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
