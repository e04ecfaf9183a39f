"""Charts of many units such as dealers: what correction does to each, and which lie further out than chance explains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
from scipy.stats import norm

from voclib import numbers
from voclib.errors import DataError
from voclib.reporting.charts import drawing, placement
from voclib.reporting.charts.placement import Key
from voclib.reporting.charts.rows import AFTER, BEFORE
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import ACCENT, BAND, CATEGORICAL, INK, INK_2, INK_3, LINE, LINE_2, NAIVE, NAIVE_BAND, PAPER
from voclib.results import Estimate, Text

FLAG = CATEGORICAL[1]
LEVELS = (0.95, 0.998)
LEGIBLE = 14  # px between the centre and a limit below which their words would lie on each other
ANSWERS, SHORT = Text("作答人数", "Number of answers"), Text("作答人数", "Answers")


def slopegraph(frame: pd.DataFrame, *, label: str, before: str, after: str, low: str, high: str, title: Text, subtitle: Text, description: Text,
               unit: str = "points", labels: Mapping[Any, Text] | None = None, names: tuple[Text, Text] = (BEFORE, AFTER), most: int = 12,
               zero: bool = True, note: Text | None = None) -> Pair:
    """A line a unit from the uncorrected number (grey ring) to the corrected one on its interval `low` to `high`.

    A line is dark where the uncorrected number lies outside the interval. With more than `most` units the ones that move most are named;
    the rest stay in pale grey. Rows without an interval are left out.

    Raises
    ------
    DataError
        for a missing column, no complete row, or a cut axis without a note.
    """
    drawing.columns(frame, label, before, after, low, high, chart="slopegraph")
    if not zero and note is None:
        raise DataError("slopegraph: an axis without zero needs its reason in note=Text('…', '…').")
    whole = frame[frame[[before, after, low, high]].notna().all(axis=1)]
    if whole.empty:
        raise DataError("slopegraph: no row has both numbers and an interval, so there is nothing to draw.")
    drawn = drawing.rows(whole, estimate=after, conf_low=low, conf_high=high, unit=unit, more={"id": list(whole[label]), "was": list(whole[before])})
    factor = 100 if unit in ("share", "pp") else 1
    step = max(_step(row, unit) for row in drawn)
    for row in drawn:
        row["from"] = row["was"] * factor
        row |= {f"numbers_{lang}": f"{numbers.tick(row['was'], unit, lang, step=step)} → {numbers.tick(row['value'] / factor, unit, lang, step=step)}"
                for lang in ("zh", "en")}
        row["moved"] = not row["low"] <= row["from"] <= row["high"]
    chosen = sorted(drawn, key=lambda r: (-abs(r["value"] - r["from"]), str(r["id"])))[:most]
    for row in drawn:
        row["named"] = row in chosen
    low_end, high_end = drawing.scale([*drawn, *({"value": r["from"]} for r in drawn)], zero=zero)

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        rows = [r | {"g": drawing.label(r["id"], labels, lang)} for r in drawn]
        return _slopes(rows, names, span=(low_end, high_end), unit=unit, narrow=narrow, lang=lang)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _step(row: Mapping[str, Any], unit: str) -> float:
    """To which step a corrected number would be written; all rows then share the coarsest."""
    factor = 100 if unit in ("share", "pp") else 1
    shown = Estimate(estimand="row", kind="estimate", unit=unit, value=row["value"] / factor, conf_low=row["low"] / factor,
                     conf_high=row["high"] / factor)
    return 10.0 ** numbers.place(shown) / factor


def _slopes(rows: list[dict[str, Any]], names: tuple[Text, Text], *, span: tuple[float, float], unit: str, narrow: bool,
            lang: str) -> alt.TopLevelMixin:
    ticks = drawing.ticks(*span)
    bottom, top = min(span[0], ticks[0]), max(span[1], ticks[-1])
    count = sum(r["named"] for r in rows)
    room = {"numbers": max(drawing.pixels(r[f"numbers_{lang}"]) for r in rows) + 14}
    room["g"] = min(max(drawing.pixels(r["g"]) for r in rows if r["named"]) + 4, 340 - 150 - room["numbers"] if narrow else 260)
    plot = (NARROW if narrow else WIDE) - sum(room.values()) - 40
    head, above = _slope_head(names, lang, plot=plot, whole=NARROW if narrow else WIDE)
    height = max(320, 21 * count + 30)
    fan = min(0.3, 12 * len(rows) / plot)
    ranked = sorted(rows, key=lambda r: (-r["value"], str(r["id"])))
    for k, row in enumerate(ranked):  # side by side, so that no interval hides another
        row |= {"start": 0.0, "end": 0.98 - fan + fan * k / max(len(rows) - 1, 1), "rim": 1.0, "numbers": row[f"numbers_{lang}"]}
    unnamed = [{k: r[k] for k in ("start", "end", "from", "value", "low", "high")} | {"paint": LINE} for r in rows if not r["named"]]
    named = [r for r in rows if r["named"]]
    spots = placement.spread([r["value"] for r in named], (top - bottom) * 19 / height, low=bottom, high=top)
    named = [r | {"spot": s, "paint": ACCENT if r["moved"] else LINE_2} for r, s in zip(named, spots, strict=True)]
    layers = _slope_layers(named, unnamed, ticks=ticks, domain=[bottom, top], unit=unit, room=room)
    return alt.layer(*layers, *head, height=height + above)


def _slope_head(names: tuple[Text, Text], lang: str, *, plot: float, whole: float) -> tuple[list[alt.Chart], int]:
    zh = lang == "zh"
    key = (Key("line", "校正前的值在区间外" if zh else "Uncorrected value outside the interval"),
           Key("line", "在区间内" if zh else "Inside it", LINE_2))
    keys, above = placement.key(key, width=whole - 50, above=26)
    heads = [placement.words(names[0][lang], x=0, y=-14, colour=INK_2, fontWeight=600, fontSize=13)]
    apart = drawing.pixels(names[0][lang]) + drawing.pixels(names[1][lang]) + 16 < plot
    heads.append(placement.words(names[1][lang], x=alt.XValue(alt.expr("width")), y=-14, colour=INK_2, align="right" if apart else "left",
                                 fontWeight=600, fontSize=13))
    return [*heads, *keys], above + 26


def _slope_layers(named: list[dict[str, Any]], unnamed: list[dict[str, Any]], *, ticks: list[float], domain: list[float], unit: str,
                  room: Mapping[str, float]) -> list[alt.Chart]:
    scale, across = alt.Scale(domain=domain, nice=False, zero=False), alt.Scale(domain=[0, 1], nice=False)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=across, axis=None)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=scale, title=None, axis=drawing.axis(ticks, unit))

    front, layers = alt.Chart(pd.DataFrame(named)), []
    if domain[0] <= 0 <= domain[1]:
        layers.append(alt.Chart(pd.DataFrame([{"zero": 0}])).mark_rule().encode(y=y("zero")))
    leader = front.mark_rule(color=LINE_2, strokeWidth=0.75).encode(x=x("end"), x2=alt.X2("rim:Q"), y=y("value"), y2=alt.Y2("spot:Q"))
    for base, pale in ((alt.Chart(pd.DataFrame(unnamed)), True), (front, False)) if unnamed else ((front, False),):
        layers += [base.mark_rule(strokeWidth=1.25 if pale else 2).encode(x=x("start"), x2=alt.X2("end:Q"), y=y("from"), y2=alt.Y2("value:Q"),
                                                                         color=alt.Color("paint:N", scale=None, legend=None)),
                   base.mark_rule(color=NAIVE_BAND if pale else BAND, strokeWidth=5).encode(x=x("end"), y=y("low"), y2=alt.Y2("high:Q")),
                   *([] if pale else [leader]),
                   base.mark_point(size=40 if pale else 70, fill=PAPER, stroke=NAIVE, strokeWidth=1.5, opacity=1).encode(x=x("start"), y=y("from")),
                   base.mark_circle(size=40 if pale else 80, stroke=PAPER, strokeWidth=1, opacity=1, color=NAIVE if pale else ACCENT).encode(
                       x=x("end"), y=y("value"))]
    edge = alt.XValue(alt.expr(f"width + {room['numbers']:g}"))
    layers.append(front.mark_text(fontSize=13, color=INK, align="right", fontWeight=600).encode(x=edge, y=y("spot"), text=alt.Text("numbers:N")))
    layers.append(front.mark_text(fontSize=13, color=INK, align="left", dx=9, limit=room["g"]).encode(x=edge, y=y("spot"), text=alt.Text("g:N")))
    return layers


def funnel_plot(frame: pd.DataFrame, *, n: str, value: str, flagged: str, label: str, center: float, title: Text, subtitle: Text, description: Text,
                unit: str = "points", spread: float | None = None, labels: Mapping[Any, Text] | None = None, zero: bool = False,
                n_title: Text | None = None, note: Text | None = None) -> Pair:
    """Each unit's value against its number of answers, or of what `n_title` says, with the limits of chance alone (95 and 99.8 % around `center`).

    Points of `flagged` (true or false) are marked, and named where there is room. `spread` is the standard deviation of one answer in the unit
    of the values; for a share it follows from the centre, else it is taken from the units themselves as 1.4826 times the median of
    |value − center|·√n, which includes what varies between honest units (Spiegelhalter 2005, Statistics in Medicine 24).

    Raises
    ------
    DataError
        for a missing column, a missing value, or a number of answers below one.
    """
    drawing.columns(frame, n, value, flagged, label, chart="funnel_plot")
    if frame[[n, value, flagged]].isna().any(axis=None) or (frame[n] < 1).any():
        raise DataError(f"funnel_plot: every row needs '{value}', '{flagged}' and at least one answer in '{n}'.")
    factor = 100 if unit in ("share", "pp") else 1
    size = frame[n].astype(float)
    if spread is None:
        spread = math.sqrt(center * (1 - center)) if unit == "share" else 1.4826 * float(((frame[value] - center).abs() * size**0.5).median())
    points = [{"id": g, "n": int(k), "value": float(v) * factor, "flag": bool(f)} for g, k, v, f in
              zip(frame[label], size, frame[value], frame[flagged], strict=True)]
    room = {"share": [0.0, 100.0], "points": [-100.0, 100.0], "ratio": [0.0, math.inf]}.get(unit, [-math.inf, math.inf])
    limits = _limits(min(p["n"] for p in points), max(p["n"] for p in points), center * factor, spread * factor, room)

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        rows = [p | {"g": drawing.label(p["id"], labels, lang), "n_text": numbers.count(p["n"], lang, exact=True)} for p in points]
        mean = Estimate(estimand="row", kind="count", unit=unit, value=center)
        said = (n_title or ANSWERS)[lang], (n_title or SHORT)[lang]
        return _funnel(rows, limits, center * factor, numbers.value(mean, lang), unit=unit, zero=zero, narrow=narrow, lang=lang, said=said)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _limits(least: int, most: int, center: float, spread: float, room: list[float]) -> list[dict[str, Any]]:
    """Both limits at sixty numbers of answers, evenly apart where the funnel is steep."""
    first, last = 1 / math.sqrt(most * 1.03), 1 / math.sqrt(max(least * 0.9, 1))
    rows = []
    for level in LEVELS:
        z = float(norm.ppf(0.5 + level / 2))
        for k in range(61):
            root = first + (last - first) * k / 60
            rows.append({"n": 1 / root**2, "level": f"{100 * level:g}%", "low": max(center - z * spread * root, room[0]),
                         "high": min(center + z * spread * root, room[1])})
    return sorted(rows, key=lambda r: (r["level"], r["n"]))


def _funnel(rows: list[dict[str, Any]], limits: list[dict[str, Any]], center: float, center_text: str, *, unit: str, zero: bool, narrow: bool,
            lang: str, said: tuple[str, str]) -> alt.TopLevelMixin:
    zh, most = lang == "zh", max(r["n"] for r in limits)
    low, high = _view([r["value"] for r in rows] + [center] + [0.0] * zero, limits, center, most, unit=unit)
    high += 0.08 * (high - low) if unit == "ratio" else 0.0  # one far above all others stays clear of the key
    ticks = [t for t in drawing.ticks(low, high) if low <= t <= high]
    height, right = (320 if narrow else 380), 8 + max(drawing.pixels("99.8%"), drawing.pixels(center_text))
    plot = (NARROW if narrow else WIDE) - right - 50
    scale, across = alt.Scale(domain=[low, high], nice=False, zero=False), alt.Scale(domain=[0, most], nice=False)
    marks = [t for t in drawing.ticks(0, most) if t <= most][:: 2 if narrow else 1]
    form = " : ".join(f"datum.value == {t:g} ? '{numbers.count(t, lang)}'" for t in marks) + " : ''"
    x = alt.X("n:Q", scale=across, axis=alt.Axis(values=marks, labelExpr=form, grid=False, title=said[0]))

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=scale, title=None, axis=drawing.axis(ticks, unit))

    layers = [*_funnel_limits(limits, x, y, (low, high), center, center_text, most, room=height),
              *_funnel_points(rows=rows, x=x, y=y, low=low, high=high, most=most, plot=plot, height=height, lang=lang, said=said[1])]
    key = [Key("diamond", "需要复核" if zh else "To review", FLAG), Key("dot", "其余" if zh else "Others", BAND, ACCENT)]
    keys, above = placement.key(key if any(r["flag"] for r in rows) else key[1:], width=plot)
    return alt.layer(*layers, *keys, height=height + above + 50)


def _view(seen: list[float], limits: list[dict[str, Any]], center: float, most: float, *, unit: str) -> tuple[float, float]:
    """What the chart shows from bottom to top: every unit, and the limits where they are not too wide for the units to be distinguished."""
    reach = 1.15 * max(abs(v - center) for v in [*seen, *(r["high"] for r in limits if r["level"] == "99.8%" and r["n"] >= most / 12)])
    low = max(center - reach, min(min(seen), min(r["low"] for r in limits)))
    high = min(center + reach, max(max(seen), max(r["high"] for r in limits)))
    if high > low:
        return low, high
    # every unit has the same value and the limits have no width, as where each answer is a 10: the axis still needs some height
    return (max(low - 5, 0.0), min(high + 5, 100.0)) if unit == "share" else (low - 5, high + 5)


def _funnel_limits(limits: list[dict[str, Any]], x: alt.X, y: Any, view: tuple[float, float], center: float, center_text: str,
                   most: float, *, room: float) -> list[alt.Chart]:
    mean = alt.Chart(pd.DataFrame([{"n": most, "center": center}]))
    layers = [mean.mark_rule(color=INK_3, strokeWidth=1.25).encode(y=y("center")),
              mean.mark_text(align="left", dx=8, color=INK_2, fontWeight=600).encode(x=x, y=y("center"), text=alt.TextValue(center_text))]
    for level, dash in (("95%", [4, 3]), ("99.8%", [1, 0])):
        for end in ("low", "high"):
            mine = [r for r in limits if r["level"] == level and view[0] <= r[end] <= view[1]]
            base, last = alt.Chart(pd.DataFrame(mine)), alt.Chart(pd.DataFrame(mine[-1:]))
            layers.append(base.mark_line(color=LINE_2, strokeWidth=1.5, strokeDash=dash).encode(x=x, y=y(end)))
            away = (9 if level == "99.8%" else -3) * (-1 if end == "high" else 1)
            if level == "99.8%" or not mine or abs(mine[-1][end] - center) / (view[1] - view[0]) * room > LEGIBLE:
                layers.append(last.mark_text(align="left", dx=8, dy=away, color=INK_3).encode(x=x, y=y(end), text=alt.TextValue(level)))
    return layers


def _funnel_points(*, rows: list[dict[str, Any]], x: alt.X, y: Any, low: float, high: float, most: float, plot: float, height: float,
                   lang: str, said: str) -> list[alt.Chart]:
    tip = [alt.Tooltip("g:N", title="名称" if lang == "zh" else "Name"), alt.Tooltip("n_text:N", title=said),
           alt.Tooltip("value:Q", title="数值" if lang == "zh" else "Value", format=".1f")]
    plain, flagged = [r for r in rows if not r["flag"]], sorted((r for r in rows if r["flag"]), key=lambda r: (-r["n"], str(r["id"])))
    layers = [alt.Chart(pd.DataFrame(plain)).mark_point(size=50, fill=BAND, stroke=ACCENT, strokeWidth=0.75, opacity=1).encode(
        x=x, y=y("value"), tooltip=tip)] if plain else []
    if not flagged:
        return layers

    def px(r: dict[str, Any]) -> tuple[float, float]:
        return plot * r["n"] / most, height * (high - r["value"]) / (high - low)

    layers.append(alt.Chart(pd.DataFrame(flagged)).mark_point(size=110, shape="diamond", fill=FLAG, stroke=PAPER, strokeWidth=1, opacity=1).encode(
        x=x, y=y("value"), tooltip=tip))
    spots = placement.beside([px(r) for r in flagged], [r["g"] for r in flagged], width=plot, height=height, others=[px(r) for r in plain])
    return layers + named(flagged, spots, x, y("value"))


def named(rows: list[dict[str, Any]], spots: list[placement.Spot | None], x: alt.X, y: alt.Y, field: str = "g") -> list[alt.Chart]:
    """The names of points where `placement.beside` found room, with a rim in the colour of the paper."""
    layers = []
    for spot in sorted({s for s in spots if s}, key=lambda s: (s.dx, s.dy)):
        base = alt.Chart(pd.DataFrame([r for r, s in zip(rows, spots, strict=True) if s == spot]))
        if abs(spot.dy) > 20:  # a thin line ties a label further off to its point
            layers.append(base.mark_rule(color=LINE_2, strokeWidth=0.75, x2Offset=spot.dx * 0.6, y2Offset=spot.dy * 0.8).encode(
                x=x, x2=alt.X2(x.shorthand.split(":")[0]), y=y, y2=alt.Y2(y.shorthand.split(":")[0])))
        for style in ({"stroke": PAPER, "strokeWidth": 3, "color": PAPER}, {"color": INK}):
            layers.append(base.mark_text(align=spot.align, dx=spot.dx, dy=spot.dy, baseline="middle", fontSize=12, **style).encode(
                x=x, y=y, text=alt.Text(f"{field}:N")))
    return layers
