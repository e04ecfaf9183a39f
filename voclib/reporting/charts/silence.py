"""Charts of who stays silent: how likely each was to answer, whether models are calibrated, reminders, and what a follow-up buys.

The charts of rows, units and the tilt map live beside this module and are handed out by `voclib.reporting.charts` with these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from voclib import numbers
from voclib.errors import DataError
from voclib.reporting.charts import drawing, placement
from voclib.reporting.charts import rows as row_charts
from voclib.reporting.charts.placement import Key
from voclib.reporting.charts.rows import bounds_bar, dumbbell, love_plot
from voclib.reporting.charts.tilt import TiltPoint, tilt_map
from voclib.reporting.charts.units import funnel_plot, named, slopegraph
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import ACCENT, BAND, BOUND, BOUND_LINE, CATEGORICAL, INK, INK_2, INK_3, LINE_2, NAIVE, NAIVE_BAND, PAPER
from voclib.results import Text

__all__ = ["TiltPoint", "bounds_bar", "calibration", "cost_curve", "dumbbell", "funnel_plot", "love_plot", "overlap", "resistance", "slopegraph",
           "tilt_map"]


def overlap(frame: pd.DataFrame, *, probability: str, answered: str, title: Text, subtitle: Text, description: Text, weights: str | None = None,
            bins: int = 24, support: float | None = None, note: Text | None = None) -> Pair:
    """How likely each customer was to answer: those who did above the line, the silent below, as shares of each group.

    One row a customer; only the share of each of `bins` classes reaches the chart. Below `support` nobody comparable answered: that part
    is marked with the share of the silent it holds.

    Raises
    ------
    DataError
        for a missing column, a probability outside 0 to 1, or a group without anybody.
    """
    drawing.columns(frame, probability, answered, *([weights] if weights else []), chart="overlap")
    p, heard = frame[probability].to_numpy(float), frame[answered].to_numpy(bool)
    if not ((p >= 0) & (p <= 1)).all():
        raise DataError(f"overlap: '{probability}' holds probabilities from 0 to 1; {int((~((p >= 0) & (p <= 1))).sum())} row(s) do not.")
    if heard.all() or not heard.any():
        raise DataError(f"overlap: '{answered}' is {'true' if heard.all() else 'false'} in every row; both groups are needed.")
    w = frame[weights].to_numpy(float) if weights else np.ones(len(frame))
    top = next(t for t in (0.1, 0.2, 0.25, 0.4, 0.5, 0.75, 1.0) if t >= min(1.0, float(p.max())))
    edges = np.linspace(0, top, bins + 1)
    rows = []
    for who, sign in ((heard, 1), (~heard, -1)):
        share = np.histogram(p[who], bins=edges, weights=w[who])[0] / w[who].sum()
        rows += [{"from": 100 * a, "to": 100 * b, "share": 100 * sign * s, "floor": 0,
                  "fill": ACCENT if sign > 0 else BOUND_LINE if support is not None and b <= support + 1e-9 else NAIVE_BAND}
                 for a, b, s in zip(edges, edges[1:], share, strict=False)]
    alone = None if support is None else (100 * support, float(w[~heard & (p < support)].sum() / w[~heard].sum()))
    sizes = (int(heard.sum()), int((~heard).sum()))

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return _mirror(rows, sizes, alone, top=100 * top, narrow=narrow, lang=lang)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _mirror(rows: list[dict[str, Any]], sizes: tuple[int, int], alone: tuple[float, float] | None, *, top: float, narrow: bool,
            lang: str) -> alt.TopLevelMixin:
    zh, most = lang == "zh", max(abs(r["share"]) for r in rows)
    axis = alt.Axis(values=drawing.ticks(0, top), labelExpr="datum.value + '%'", grid=False,
                    title="预计的作答概率" if zh else "Estimated chance of answering")
    x = alt.X("from:Q", scale=alt.Scale(domain=[0, top], nice=False), axis=axis)
    y = alt.Y("share:Q", scale=alt.Scale(domain=[-most * 1.12, most * (1.5 if alone else 1.12)], nice=False), axis=None)
    tip = [alt.Tooltip("from:Q", title="概率 从 %" if zh else "Chance from %", format=".1f"),
           alt.Tooltip("to:Q", title="到 %" if zh else "to %", format=".1f"),
           alt.Tooltip("share:Q", title="占本组 %" if zh else "Share of group %", format=".1f")]
    base = alt.Chart(pd.DataFrame(rows))
    layers = [base.mark_rect(stroke=PAPER, strokeWidth=1).encode(
        x=x, x2=alt.X2("to:Q"), y=y, y2=alt.Y2("floor:Q"), fill=alt.Fill("fill:N", scale=None, legend=None), tooltip=tip),
              base.mark_rule(color=INK).encode(y=alt.Y("floor:Q", axis=None))]
    heard, silent = (numbers.count(k, lang) for k in sizes)
    for text, at, ink in ((f"作答的 {heard} 人" if zh else f"{heard} who answered", "56" if alone and narrow else "14", ACCENT),
                          (f"沉默的 {silent} 人" if zh else f"{silent} who did not answer", "height - 14", INK_2)):
        layers.append(placement.words(text, x=alt.XValue(alt.expr("width")), y=alt.YValue(alt.expr(at)), colour=ink, align="right", fontWeight=600,
                                      fontSize=13))
    if alone:
        line = alt.Chart(pd.DataFrame([{"from": alone[0]}]))
        share = numbers.tick(alone[1], "share", lang, step=0.01)
        text = f"{share} 的沉默者在线左边：\n没有可比的作答者" if zh else f"{share} of the silent are left of the line:\nnobody comparable answered"
        layers += [line.mark_rule(color=BOUND_LINE, strokeWidth=2, strokeDash=[4, 3]).encode(x=x),
                   line.mark_text(align="left", dx=8, baseline="top", color=BOUND, fontSize=12, lineBreak="\n", lineHeight=16).encode(
                       x=x, y=alt.YValue(2), text=alt.TextValue(text))]
    return alt.layer(*layers, height=300 if narrow else 340)


def resistance(frame: pd.DataFrame, *, wave: str, value: str, low: str, high: str, n: str, title: Text, subtitle: Text, description: Text,
               unit: str = "points", followup: Any | None = None, labels: Mapping[Any, Text] | None = None, zero: bool = True,
               note: Text | None = None) -> Pair:
    """The mean of those who answered at each reminder, in the order of the frame, and of the follow-up (the wave named `followup`).

    Upright on a wide chart, one row a wave on a narrow one. Sensitivity only: late answers are no sample of the silent.

    Raises
    ------
    DataError
        for a missing column, no interval at all, an unknown follow-up wave, or a cut axis without a note.
    """
    drawing.columns(frame, wave, value, low, high, n, chart="resistance")
    if not zero and note is None:
        raise DataError("resistance: an axis without zero needs its reason in note=Text('…', '…').")
    if followup is not None and followup not in set(frame[wave]):
        raise DataError(f"resistance: followup={followup!r} is no wave of the frame; there are {', '.join(str(w) for w in frame[wave])}.")
    drawn = drawing.rows(frame, estimate=value, conf_low=low, conf_high=high, unit=unit,
                         more={"id": list(frame[wave]), "n": [int(k) for k in frame[n]]})
    bottom, top = drawing.scale(drawn, zero=zero)

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        rows = []
        for k, r in enumerate(drawn):
            count = f"{numbers.count(r['n'], lang)} 人" if lang == "zh" else f"{numbers.count(r['n'], lang)} answers"
            rows.append(r | {"order": k, "name": drawing.label(r["id"], labels, lang), "count": count,
                             "main": r[lang] if r["kind"] != "none" else numbers.DASH,
                             "small": r.get(f"range_{lang}", "") if r["kind"] == "estimate" else "",
                             "late": r["id"] == followup})
        if narrow:
            laid = [r | {"g": f"{r['name']} · {r['count']}"} for r in rows]
            return row_charts.draw(laid, _wave_marks, row_charts.Frame(bottom, top, unit, True))
        return _waves(rows, bottom, top, unit)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _wave_marks(base: alt.Chart, x: row_charts.Position, y: alt.Y) -> list[alt.Chart]:
    sure = base.transform_filter("datum.kind == 'estimate' && datum.late")
    return [*row_charts.interval(base, x, y), sure.mark_point(size=150, shape="diamond", fill=CATEGORICAL[2], stroke=PAPER, opacity=1).encode(
        x=x("value"), y=y)]


def _waves(rows: list[dict[str, Any]], bottom: float, top: float, unit: str) -> alt.TopLevelMixin:
    ticks = drawing.ticks(bottom, top)
    head = 0.09 * (top - bottom)  # room for the numbers over and under the bars
    scale = alt.Scale(domain=[min(bottom if bottom == 0 else bottom - head, ticks[0]), max(top + head, ticks[-1])], nice=False, zero=False)
    room = (WIDE - 50) / len(rows) - 10
    rows = [r | {"g": placement.wrap(r["name"], room) + "\n" + r["count"]} for r in rows]
    x = alt.X("g:N", sort=[r["g"] for r in rows], title=None, scale=alt.Scale(type="point", padding=0.5), axis=alt.Axis(
        labelExpr="split(datum.label, '\\n')", labelLimit=room + 10, labelColor=INK, labelOverlap=False, labelLineHeight=17, grid=False))

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=scale, title=None, axis=drawing.axis(ticks, unit))

    base = alt.Chart(pd.DataFrame(rows))
    sure = base.transform_filter("datum.kind == 'estimate'")
    early, late = sure.transform_filter("!datum.late"), sure.transform_filter("datum.late")
    layers = [early.mark_line(color=LINE_2, strokeDash=[2, 3], strokeWidth=1.5).encode(x=x, y=y("value"), order=alt.Order("order:Q")),
              sure.mark_bar(size=14, color=BAND).encode(x=x, y=y("low"), y2=alt.Y2("high:Q")),
              *(sure.mark_tick(size=22, orient="horizontal").encode(x=x, y=y(end)) for end in ("low", "high")),
              early.mark_circle(size=150, color=ACCENT, stroke=PAPER, strokeWidth=2, opacity=1).encode(x=x, y=y("value")),
              late.mark_point(size=170, shape="diamond", fill=CATEGORICAL[2], stroke=PAPER, strokeWidth=1.5, opacity=1).encode(x=x, y=y("value")),
              sure.mark_text(dy=-14, fontWeight=600, fontSize=14, color=INK).encode(x=x, y=y("high"), text=alt.Text("main:N")),
              sure.mark_text(dy=15, fontSize=12, color=INK_3).encode(x=x, y=y("low"), text=alt.Text("small:N"))]
    if scale["domain"][0] <= 0 <= scale["domain"][1]:
        layers.insert(1, alt.Chart(pd.DataFrame([{"zero": 0}])).mark_rule().encode(y=y("zero")))
    return alt.layer(*layers, height=320)


def cost_curve(frame: pd.DataFrame, *, cost: str | None, width: str, calls: str, title: Text, subtitle: Text, description: Text,
               unit: str = "points", chosen: int | None = None, note: Text | None = None) -> Pair:
    """What a follow-up of n calls buys: half the width of the 95 % interval against its cost in yuan, points named by their calls.

    `unit` is that of the score; the half-width of a share is drawn in percentage points. `chosen` marks the recommended number of calls.
    Where no price is known (`cost` None) the calls themselves stand on the axis.

    Raises
    ------
    DataError
        for a missing column, a missing value, or a chosen number of calls that the frame does not have.
    """
    priced, cost = cost is not None, calls if cost is None else cost
    drawing.columns(frame, cost, width, calls, chart="cost_curve")
    if frame[[cost, width, calls]].isna().any(axis=None):
        raise DataError("cost_curve: every row needs its cost, half-width and number of calls.")
    if chosen is not None and chosen not in set(frame[calls]):
        raise DataError(f"cost_curve: chosen={chosen} is no row; there are {', '.join(str(int(k)) for k in frame[calls])} calls.")
    factor = 100 if unit in ("share", "pp") else 1
    points = sorted(({"cost": float(c), "width": float(w) * factor, "calls": int(k), "pick": k == chosen}
                     for c, w, k in zip(frame[cost], frame[width], frame[calls], strict=True)), key=lambda r: r["cost"])

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return _cost(points, unit=unit, priced=priced, narrow=narrow, lang=lang)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _cost(points: list[dict[str, Any]], *, unit: str, priced: bool, narrow: bool, lang: str) -> alt.TopLevelMixin:
    title = ("回访花费" if lang == "zh" else "Cost of calls") if priced else ("回访人数" if lang == "zh" else "Calls")
    zh, apart = lang == "zh", f" {drawing.apart(unit, lang)}".rstrip()
    most, widest = max(r["cost"] for r in points), max(r["width"] for r in points)
    x_ticks, y_ticks = drawing.ticks(0, most), drawing.ticks(0, widest)
    right, high = max(most * 1.1, 1e-9), max(widest, y_ticks[-1])
    x_ticks = [t for t in x_ticks if t <= right][:: 2 if narrow else 1]
    of = "cny" if priced else "count"
    form = " : ".join(f"datum.value == {t:g} ? '{numbers.tick(t, of, lang, step=x_ticks[1] - x_ticks[0])}'" for t in x_ticks) + " : ''"
    x = alt.X("cost:Q", scale=alt.Scale(domain=[0, right], nice=False), axis=alt.Axis(
        values=x_ticks, labelExpr=form, grid=False, labelOverlap=False, title=title))
    y = alt.Y("width:Q", scale=alt.Scale(domain=[0, high], nice=False), title=None, axis=alt.Axis(
        values=y_ticks, labelExpr=f"'±' + datum.value + '{apart}'", grid=True, labelOverlap=False))
    rows = [r | {"text": f"{r['calls']:,} {'位' if zh else 'calls'} ±{r['width']:.{1 if r['width'] < 10 else 0}f}{apart}"} for r in points]
    beside_axis = max(drawing.pixels(f"±{t:g}{apart}") for t in y_ticks) + 14
    height, plot = (280 if narrow else 320), (NARROW if narrow else WIDE) - beside_axis
    curve = [(plot * r["cost"] / right, height * (1 - r["width"] / high)) for r in rows]
    between = [(a[0] + (b[0] - a[0]) * k / 8, a[1] + (b[1] - a[1]) * k / 8) for a, b in zip(curve, curve[1:], strict=False) for k in range(1, 8)]
    order = sorted(range(len(rows)), key=lambda k: (not rows[k]["pick"], k))
    spots = placement.beside([curve[k] for k in order], [rows[k]["text"] for k in order], width=plot + 8, height=height, others=between)
    base = alt.Chart(pd.DataFrame(rows))
    layers = [base.mark_line(color=BAND, strokeWidth=2.5).encode(x=x, y=y),
              base.mark_circle(size=80, color=ACCENT, stroke=PAPER, strokeWidth=1.5, opacity=1).encode(x=x, y=y)]
    if any(r["pick"] for r in rows):
        pick = base.transform_filter("datum.pick")
        layers.append(pick.mark_circle(size=240, color=ACCENT, stroke=PAPER, strokeWidth=2, opacity=1).encode(x=x, y=y))
    return alt.layer(*layers, *named([rows[k] for k in order], spots, x, y, "text"), height=height)


def calibration(frame: pd.DataFrame, *, predicted: str, observed: str, low: str, high: str, n: str, title: Text, subtitle: Text, description: Text,
                note: Text | None = None) -> Pair:
    """Predicted against observed shares, one dot with its interval a class; on the line every prediction comes true.

    Raises
    ------
    DataError
        for a missing column, a missing value, or shares outside 0 to 1.
    """
    drawing.columns(frame, predicted, observed, low, high, n, chart="calibration")
    shares = frame[[predicted, observed, low, high]]
    if shares.isna().any(axis=None) or ((shares < 0) | (shares > 1)).any(axis=None):
        raise DataError("calibration: predicted and observed values and their intervals are shares from 0 to 1, without gaps.")
    rows = [{"p": 100 * p, "value": 100 * o, "low": 100 * a, "high": 100 * b, "n": int(k)} for p, o, a, b, k in
            zip(*(frame[c] for c in (predicted, observed, low, high, n)), strict=True)]
    ticks = drawing.ticks(0, max(max(r["high"], r["p"]) for r in rows))
    ticks = [t for t in ticks if t <= 100]
    end = max(ticks[-1], max(max(r["high"], r["p"]) for r in rows))

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return _reliability(rows, ticks, end, narrow=narrow, lang=lang)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _reliability(rows: Sequence[dict[str, Any]], ticks: list[float], end: float, *, narrow: bool, lang: str) -> alt.TopLevelMixin:
    zh, height = lang == "zh", 320 if narrow else 400
    scale = alt.Scale(domain=[0, end * 1.02], nice=False)
    shown = [r | {"n_text": numbers.count(r["n"], lang)} for r in rows]

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=scale, axis=alt.Axis(values=ticks, labelExpr="datum.value + '%'", grid=False,
                                                              title="预测的比例" if zh else "Predicted share"))

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=scale, title=None, axis=drawing.axis(ticks, "share"))

    base, line = alt.Chart(pd.DataFrame(shown)), alt.Chart(pd.DataFrame([{"from": 0, "to": end}]))
    tip = [alt.Tooltip("p:Q", title="预测 %" if zh else "Predicted %", format=".1f"),
           alt.Tooltip("value:Q", title="实际 %" if zh else "Observed %", format=".1f"),
           alt.Tooltip("n_text:N", title="人数" if zh else "People")]
    layers = [line.mark_rule(color=NAIVE, strokeDash=[4, 3]).encode(x=x("from"), x2=alt.X2("to:Q"), y=y("from"), y2=alt.Y2("to:Q")),
              base.mark_bar(size=8, color=BAND).encode(x=x("p"), y=y("low"), y2=alt.Y2("high:Q")),
              *(base.mark_tick(size=14, orient="horizontal").encode(x=x("p"), y=y(e)) for e in ("low", "high")),
              base.mark_circle(size=90, color=ACCENT, stroke=PAPER, strokeWidth=1.5, opacity=1).encode(x=x("p"), y=y("value"), tooltip=tip)]
    key = [Key("dot", "实际的比例" if zh else "Observed share"), Key("band", drawing.interval_words(lang), BAND),
           Key("line", "预测完全应验" if zh else "If every prediction came true", NAIVE)]
    keys, above = placement.key(key, width=(NARROW if narrow else WIDE) - 50)
    return alt.layer(*layers, *keys, height=height + above)
