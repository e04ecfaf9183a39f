"""Colours, type and number hygiene of every chart, and how a chart leaves a notebook (live in JupyterLab, or as data for the page)."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from typing import Any, Literal

from voclib.errors import VocError

Lang = Literal["zh", "en"]
VEGALITE = "6.4"
SPEC_MIME = "application/vnd.vegalite.v6+json"
CHART_MIME = "application/vnd.voc.chart+json"

INK, INK_2, INK_3 = "#131f2b", "#42505e", "#5a6875"
PAPER, WASH, WASH_2, LINE, LINE_2 = "#ffffff", "#f3f5f8", "#e6ebf0", "#dae0e6", "#8994a0"
HALO = {"color": PAPER, "stroke": PAPER, "strokeWidth": 4}  # of words that stand over lines
ACCENT, BAND, SOFT = "#0b5c94", "#a9cde6", "#e4eff7"
NAIVE, NAIVE_BAND = "#74808c", "#cfd6dd"
BOUND, BOUND_BAND, BOUND_LINE = "#4b3a86", "#ece8f7", "#8d7fc4"
SEQUENTIAL = ("#eaf2f8", "#c6ddee", "#97c1df", "#5e9fcb", "#2e7db3", "#0b5c94", "#063b63")
DIVERGING = ("#8f3b00", "#c4671a", "#e6ab77", "#eef0f2", "#97c1df", "#2e7db3", "#063b63")
CATEGORICAL = ("#0b5c94", "#b9570f", "#6b1f5c", "#178078")
DARK: Mapping[str, str] = {
    INK: "#e8edf2", INK_2: "#b9c4cf", INK_3: "#9aa7b4", PAPER: "#10171e", WASH: "#18212a", WASH_2: "#26313c", LINE: "#2c3843", LINE_2: "#6d7b89",
    ACCENT: "#74b8e8", BAND: "#2a5a80", SOFT: "#172f42", NAIVE: "#93a0ad", NAIVE_BAND: "#414d59",
    BOUND: "#d2c8ff", BOUND_BAND: "#2b2549", BOUND_LINE: "#8f82cc",
    "#b9570f": "#f0a35e", "#6b1f5c": "#b06fd0", "#178078": "#2fae8f",
    "#eaf2f8": "#18303f", "#c6ddee": "#20405a", "#97c1df": "#31688f", "#5e9fcb": "#3f82b3", "#2e7db3": "#5a9fd0", "#063b63": "#b9dcf5",
    "#8f3b00": "#ffb98a", "#c4671a": "#e08b4a", "#e6ab77": "#8a5228", "#eef0f2": "#26313d",
}
FONTS: Mapping[str, str] = {
    "zh": "PingFang SC, Noto Sans CJK SC, Noto Sans SC, Source Han Sans SC, Microsoft YaHei, Heiti SC, sans-serif",
    "en": "-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Helvetica Neue, Noto Sans, Liberation Sans, Arial, Noto Sans CJK SC, sans-serif",
}
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # all but tab and line ends
_NUMERIC = re.compile(r"-?\d*\.\d{3,}(?:e-?\d+)?|-?\d+e-\d+")
_GEOMETRY = re.compile(r'(\s(?:d|transform|x|y|x1|x2|y1|y2|cx|cy|r|width|height|viewBox|points|font-size|stroke-width)=")([^"]*)(")')


def config(lang: Lang) -> dict[str, Any]:
    """The Vega-Lite configuration `voc` in one language: no frame, no ticks, hairline grid, horizontal labels, five ticks, 12-px text."""
    font = FONTS[lang]
    axis = {"domain": False, "ticks": False, "grid": True, "gridColor": LINE, "gridWidth": 1, "labelColor": INK_3, "labelFontSize": 12,
            "labelAngle": 0, "labelPadding": 8, "labelLimit": 220, "aria": False, "tickCount": 5, "titleColor": INK_3, "titleFontSize": 12,
            "titleFontWeight": "normal", "titlePadding": 10, "labelOverlap": True}
    return {
        "font": font, "aria": False, "mark": {"aria": False}, "background": "transparent", "padding": {"left": 2, "right": 4, "top": 4, "bottom": 4},
        "autosize": {"type": "fit", "contains": "padding"}, "view": {"stroke": None, "continuousWidth": 720, "continuousHeight": 280},
        "axis": axis, "axisX": {"grid": False}, "axisXQuantitative": {"grid": True}, "axisYBand": {"grid": False},
        "axisBand": {"grid": False}, "legend": {"disable": True},
        "header": {"labelColor": INK, "labelFontSize": 13, "labelFontWeight": 600, "titleColor": INK_3, "titleFontWeight": "normal"},
        "title": {"anchor": "start", "color": INK, "fontSize": 15, "fontWeight": 600, "subtitleColor": INK_3, "subtitleFontSize": 12},
        "text": {"fontSize": 12, "color": INK_2, "font": font}, "line": {"color": ACCENT, "strokeWidth": 2.5, "strokeJoin": "round"},
        "area": {"color": BAND}, "bar": {"color": ACCENT}, "rule": {"color": INK, "strokeWidth": 1.25}, "tick": {"color": ACCENT, "thickness": 2},
        "point": {"color": ACCENT, "filled": True, "size": 90}, "circle": {"color": ACCENT, "size": 90, "opacity": 1},
        "range": {"category": list(CATEGORICAL), "ordinal": list(SEQUENTIAL), "ramp": list(SEQUENTIAL), "heatmap": list(SEQUENTIAL),
                  "diverging": list(DIVERGING)},
    }


notebook: dict[str, float] = {"conf_level": 0.95}
"""What the figures of this notebook have in common: a kernel runs one notebook, and `enable` sets it."""


def enable(mode: Literal["live", "batch"] | None = None, *, conf_level: float = 0.95) -> str:
    """Turn the theme `voc` and a safe renderer on for this notebook; returns the mode. `conf_level` is what keys of charts call its intervals.

    `live` draws interactive charts in JupyterLab without a network. `batch` (the default where the environment says VOC_BATCH=1)
    emits the chart as data that the page draws. Altair's own default pastes chart data unescaped into a script and is never used.

    Raises
    ------
    VocError
        for an unknown mode.
    """
    import altair as alt

    chosen = mode or current_mode()
    if chosen not in ("live", "batch"):
        raise VocError(f"theme.enable: mode is 'live' or 'batch', not {mode!r}.")
    notebook["conf_level"] = conf_level
    alt.theme.register("voc", enable=True)(lambda: alt.theme.ThemeConfig({"config": config("zh")}))
    if chosen == "batch":
        alt.renderers.register("voc", bundle)
        alt.renderers.enable("voc")
    else:
        alt.renderers.enable("jupyter", offline=True)
    return chosen


def current_mode() -> Literal["live", "batch"]:
    """`batch` where the runner set VOC_BATCH=1, else `live`."""
    return "batch" if os.environ.get("VOC_BATCH") == "1" else "live"


def bundle(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    """What a bare Altair chart puts into an executed notebook: the specification, its picture, and the description as text.

    Raises
    ------
    VocError
        if the chart has no description, or reads data or pictures from an address.
    """
    if not str(spec.get("description", "")).strip():
        raise VocError("A chart has no description: add .properties(description='what the chart shows') so that everybody can read it.")
    clean = round_spec(spec)
    return {SPEC_MIME: clean, "image/svg+xml": picture(clean), "text/plain": str(spec["description"])}


def picture(spec: dict[str, Any]) -> str:
    """The static SVG of a specification, with coordinates of two decimals and its dark colours inside.

    Raises
    ------
    VocError
        if the specification reads data or pictures from an address.
    """
    import vl_convert

    refuse_addresses(spec)
    svg = vl_convert.vegalite_to_svg(round_spec(spec), vl_version=VEGALITE, allowed_base_urls=[])
    svg = _GEOMETRY.sub(lambda m: m[1] + _NUMERIC.sub(_two_decimals, m[2]) + m[3], svg)
    start = svg.index(">", svg.index("<svg")) + 1
    return f"{svg[:start]}<style>@media screen and (prefers-color-scheme:dark){{{dark_css(only=svg)}}}</style>{svg[start:]}"


def refuse_addresses(spec: Any) -> None:
    """Raise VocError where a specification would fetch something or lead away: pages work without a network and tell nobody that they are read."""
    if isinstance(spec, Mapping):
        if {"url", "href"} & set(spec) or spec.get("type") == "image" or spec.get("mark") == "image":
            raise VocError("A chart takes data, pictures or links from an address; put the rows into the chart, and leave url, href and image out.")
        for key, value in spec.items():
            if key not in ("datasets", "values"):
                refuse_addresses(value)
    elif isinstance(spec, list):
        for value in spec:
            refuse_addresses(value)


def dark_css(prefix: str = "", *, only: str | None = None) -> str:
    """Rules that repaint the light colours of a chart for dark screens; `prefix` is a selector with its trailing space.

    With `only`, the rules that this picture needs.
    """
    pairs = ((f'{a}="{light}"', a, dark) for light, dark in DARK.items() for a in ("fill", "stroke"))
    return "".join(f"{prefix}[{match}]{{{a}:{dark}}}" for match, a, dark in pairs if only is None or match in only)


def round_spec(value: Any) -> Any:
    """A specification with every fraction at six significant digits and missing numbers as null, so that bytes repeat.

    Control characters, which a name may have brought along, are left out: drawing one ends the whole process.
    """
    if isinstance(value, str):
        return _CONTROLS.sub("", value)
    if isinstance(value, Mapping):
        return {_CONTROLS.sub("", str(k)): round_spec(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [round_spec(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        short = float(f"{value:.6g}")
        return int(short) if short.is_integer() and abs(short) < 1e15 else short
    return value


def _two_decimals(match: re.Match[str]) -> str:
    text = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
