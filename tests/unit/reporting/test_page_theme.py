"""The theme: tokens agree with the page, bytes repeat, bare charts are checked."""

from __future__ import annotations

import re

import altair as alt
import pandas as pd
import pytest

from voclib.errors import VocError
from voclib.reporting import assets, page, theme


@pytest.fixture
def restored():
    before = (alt.theme.active, alt.renderers.active)
    yield
    alt.theme.enable(before[0])
    alt.renderers.enable(before[1])


def luminance(colour):
    parts = [int(colour[k:k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_chart_colours_are_the_tokens_of_the_page():
    css = assets.content("base.css")
    blocks = css.split("@media screen and (prefers-color-scheme:dark)")[:2]
    light, dark = (dict(re.findall(r"--([a-z0-9-]+):(#[0-9a-f]{6})", block)) for block in blocks)
    for name, colour in {"ink": theme.INK, "ink-2": theme.INK_2, "ink-3": theme.INK_3, "paper": theme.PAPER, "line": theme.LINE,
                         "accent": theme.ACCENT, "accent-band": theme.BAND, "naive": theme.NAIVE, "bound": theme.BOUND,
                         "bound-hatch": theme.BOUND_LINE}.items():
        assert light[name] == colour
        assert dark[name] == theme.DARK[colour]


@pytest.mark.parametrize("colour", [*theme.CATEGORICAL, theme.INK, theme.INK_3, theme.ACCENT])
def test_a_line_and_the_name_beside_it_can_be_read_in_one_colour(colour):
    """A mark needs 3:1, letters need 4.5:1 (WCAG 2.2, 1.4.3), and every line is labelled in its own colour."""
    assert contrast(colour, theme.PAPER) >= 4.5
    assert contrast(theme.DARK[colour], theme.DARK[theme.PAPER]) >= 4.5


def test_text_is_never_written_in_the_grey_of_marks():
    """Grey marks stand out 3:1 from paper; text needs 4.5:1."""
    rules = re.findall(r"[^{}]*\{[^{}]*\}", page.stylesheet())
    assert contrast("#74808c", "#ffffff") < 4.5
    assert not [rule for rule in rules if re.search(r"[{;]color:var\(--(naive|line)", rule)]


def test_every_chart_colour_has_a_dark_one():
    used = {*theme.CATEGORICAL, *theme.SEQUENTIAL, *theme.DIVERGING}
    assert used <= set(theme.DARK)
    assert len(set(theme.DARK.values())) == len(theme.DARK)


def test_numbers_are_short_and_whole_where_they_can_be():
    assert theme.round_spec({"a": [1 / 3, 2.0, float("nan"), 1e20, 7, True, "x"]}) == {"a": [0.333333, 2, None, 1e20, 7, True, "x"]}
    assert theme.round_spec(pd.Series([0.1 + 0.2])[0]) == 0.3


def test_a_control_character_in_a_name_is_left_out_of_the_picture():
    spec = {"data": {"values": [{"t": "\x1b[31m北京\x00\x07店\x9b"}]}, "mark": "text", "encoding": {"text": {"field": "t", "type": "nominal"}}}
    assert theme.round_spec(spec)["data"]["values"] == [{"t": "[31m北京店"}]
    assert ">[31m北京店<" in theme.picture(spec)  # drawn with them, it would end the process


def test_picture_rounds_geometry_but_not_words():
    spec = {"data": {"values": [{"a": 1 / 3, "t": "0.123456"}]}, "mark": "text", "width": 100,
            "encoding": {"x": {"field": "a", "type": "quantitative"}, "text": {"field": "t", "type": "nominal"}}}
    svg = theme.picture(spec)
    assert ">0.123456<" in svg
    assert all(len(n.split(".")[1]) <= 2 for value in re.findall(r'\s(?:d|transform)="([^"]*)"', svg) for n in re.findall(r"\d+\.\d+", value))


def test_bare_chart_needs_a_description(restored):
    assert theme.enable("batch") == "batch"
    chart = alt.Chart(pd.DataFrame({"a": [1]})).mark_point().encode(x="a:Q")
    with pytest.raises(VocError, match="has no description"):
        chart._repr_mimebundle_()
    bundle = chart.properties(description="One point.")._repr_mimebundle_()
    assert set(bundle) == {theme.SPEC_MIME, "image/svg+xml", "text/plain"}
    assert bundle[theme.SPEC_MIME]["config"]["font"] == theme.FONTS["zh"]


def test_mode_comes_from_the_runner(monkeypatch):
    monkeypatch.delenv("VOC_BATCH", raising=False)
    assert theme.current_mode() == "live"
    monkeypatch.setenv("VOC_BATCH", "1")
    assert theme.current_mode() == "batch"
    with pytest.raises(VocError, match="mode is 'live' or 'batch'"):
        theme.enable("html")
