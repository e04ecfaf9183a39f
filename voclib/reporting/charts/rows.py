"""Charts with one row a group, from the uncorrected number to the corrected one: love plot, dumbbell, what is possible, slopes.

Each returns a `Pair`. Every number stands beside its mark, in the words of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from voclib import numbers
from voclib.errors import DataError, ParameterError, nearest
from voclib.reporting.charts import drawing, placement
from voclib.reporting.charts.placement import Key
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import (
    ACCENT,
    BAND,
    BOUND_BAND,
    BOUND_LINE,
    HALO,
    INK,
    INK_2,
    INK_3,
    LINE_2,
    NAIVE,
    NAIVE_BAND,
    PAPER,
    WASH_2,
)
from voclib.results import Estimate, Text

BEFORE, AFTER = Text("校正前", "Uncorrected"), Text("校正后", "Corrected")
Position = Callable[[str], alt.X]
Marks = Callable[[alt.Chart, Position, alt.Y], list[alt.Chart]]
LABEL, NEEDS = 250, 265  # px of a row's name, and of what a refusal needs


@dataclass(frozen=True)
class Frame:
    """What surrounds the marks of a row chart: the axis, the key over it, and lines with words that cross all rows."""

    low: float
    high: float
    unit: str
    narrow: bool
    key: tuple[Key, ...] = ()
    rules: tuple[tuple[float, str], ...] = ()
    rule_dash: tuple[int, int] = (4, 3)
    small_first: bool = False


def love_plot(frame: pd.DataFrame, *, label: str, raw: str, weighted: str, title: Text, subtitle: Text, description: Text,
              limits: tuple[float, float] = (0.1, 0.25), labels: Mapping[Any, Text] | None = None, note: Text | None = None) -> Pair:
    """How far those who answered differ from the population, in absolute standardised differences: grey ring before weighting, dot after.

    One row a characteristic, sorted by the difference before weighting. `limits` are drawn as lines with their meaning (Austin 2009: below
    0.1 negligible; Stuart 2010: above 0.25 too far for weighting to be trusted).

    Raises
    ------
    DataError
        for a missing column, an empty frame, or a missing value.
    """
    drawing.columns(frame, label, raw, weighted, chart="love_plot")
    if frame[[raw, weighted]].isna().any(axis=None):
        raise DataError("love_plot: every row needs its difference before and after weighting; leave rows without them out and say so in the note.")
    table = pd.DataFrame({"name": frame[label], "raw": frame[raw].astype(float).abs(), "value": frame[weighted].astype(float).abs()})
    table = table.sort_values("raw", ascending=False, kind="stable")
    high = max(table["raw"].max(), table["value"].max(), limits[1] * 1.25)

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        rows = [{"g": drawing.label(r.name_, labels, lang), "raw": r.raw, "value": r.value, "main": f"{r.value:.2f}", "small": f"{r.raw:.2f} →"}
                for r in table.rename(columns={"name": "name_"}).itertuples()]
        zh = lang == "zh"
        key = (Key("ring", "加权前" if zh else "Before weighting", NAIVE), Key("dot", "加权后" if zh else "After weighting"))
        rules = ((limits[0], f"{limits[0]:g} 以内：可以忽略" if zh else f"within {limits[0]:g}: negligible"),
                 (limits[1], f"超过 {limits[1]:g}：差别太大" if zh else f"above {limits[1]:g}: too far apart"))
        return draw(rows, _ring_to_dot, Frame(0.0, float(high), "ratio", narrow, key, rules, small_first=True))

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def dumbbell(frame: pd.DataFrame, *, label: str, raw: str, corrected: str, low: str, high: str, title: Text, subtitle: Text, description: Text,
             unit: str = "share", labels: Mapping[Any, Text] | None = None, names: tuple[Text, Text] = (BEFORE, AFTER), zero: bool = True,
             note: Text | None = None) -> Pair:
    """The uncorrected number of each group (grey ring) and the corrected one on its interval, in the order of the frame.

    `names` says what the two are. A row without an interval gets no dot and says so.

    Raises
    ------
    DataError
        for a missing column, an empty frame, no interval at all, or a cut axis without a note.
    """
    drawing.columns(frame, label, raw, corrected, low, high, chart="dumbbell")
    _whole_axis(zero, note, "dumbbell")
    drawn = drawing.rows(frame, estimate=corrected, conf_low=low, conf_high=high, unit=unit, more={"g": list(frame[label]), "was": list(frame[raw])})
    factor = 100 if unit in ("share", "pp") else 1
    for row in drawn:
        row["raw"] = None if pd.isna(row["was"]) else float(row["was"]) * factor
    bottom, top = drawing.scale([*drawn, *({"value": r["raw"]} for r in drawn)], zero=zero)
    drawing.scale(drawn, zero=zero)  # no interval at all is refused

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        rows = [r | {"g": drawing.label(r["g"], labels, lang), "main": r[lang],
                     "small": r.get(f"range_{lang}", "") if r["kind"] == "estimate" else ""} for r in drawn]
        key = (Key("ring", names[0][lang], NAIVE), Key("dot", names[1][lang]), Key("band", drawing.interval_words(lang), BAND))
        return draw(rows, _ring_and_interval, Frame(bottom, top, unit, narrow, key))

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def bounds_bar(estimates: Sequence[Estimate], *, labels: Mapping[str, Text], title: Text, subtitle: Text, description: Text,
               naive: str | None = None, truth: float | None = None, zero: bool = True, note: Text | None = None) -> Pair:
    """What is possible without and with assumptions: violet bars where only bounds are known, a dot on its interval where there is an estimate.

    `labels` names every estimate by its rung (or group, or estimand). `naive` is the key in `labels` of the uncorrected one, drawn in grey.
    A confidence interval around bounds is drawn as whiskers. A refusal is a grey bar with what it needs. `truth`, in the unit of the
    estimates, is drawn only where it is passed, as with planted worlds and masked public data.

    Raises
    ------
    ParameterError
        if there is no estimate, units differ, or one has no label.
    DataError
        for a cut axis without a note.
    """
    if not estimates:
        raise ParameterError("bounds_bar needs at least one Estimate; it got none.")
    if len(units := sorted({e.unit for e in estimates})) > 1:
        raise ParameterError(f"bounds_bar draws one axis; the estimates have units {', '.join(units)}. Draw one figure a unit.")
    _whole_axis(zero, note, "bounds_bar")
    ids = [next((x for x in (e.rung, e.group, e.estimand) if x in labels), None) for e in estimates]
    if None in ids:
        lost = estimates[ids.index(None)]
        raise ParameterError(f"bounds_bar: labels= has no name for '{lost.rung or lost.group or lost.estimand}'.")
    factor = 100 if units[0] in ("share", "pp") else 1
    spans = [_span(e, factor) for e in estimates]
    shown_truth = None if truth is None else truth * factor
    bottom, top = drawing.scale([*spans, *([{"value": shown_truth}] if truth is not None else [])], zero=zero)
    ticks = drawing.ticks(bottom, top)
    if naive is not None and naive not in ids:
        raise ParameterError(f"bounds_bar: naive='{naive}' is no estimate of the figure; {nearest(naive, [i for i in ids if i])}")

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        rows = [span | _words(e, lang) | {"g": labels[i][lang], "from": ticks[0], "to": ticks[-1], "naive": i == naive}
                for e, i, span in zip(estimates, ids, spans, strict=True)]
        rules = () if truth is None else ((shown_truth, "真实值" if lang == "zh" else "truth"),)
        return draw(rows, _possible, Frame(bottom, top, units[0], narrow, _bounds_key(estimates, lang), rules, (2, 2)))

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _bounds_key(estimates: Sequence[Estimate], lang: str) -> tuple[Key, ...]:
    zh, kinds = lang == "zh", {e.kind for e in estimates}
    key = [Key("bounds", "只知道在这个范围内" if zh else "Somewhere in this range", BOUND_BAND, BOUND_LINE)] if "bounds" in kinds else []
    if "estimate" in kinds:
        key += [Key("dot", "估计" if zh else "Estimate"), Key("band", drawing.interval_words(lang), BAND)]
    return tuple(key)


def _span(e: Estimate, factor: int) -> dict[str, Any]:
    ends = {"bounds": (e.bound_low, e.bound_high), "estimate": (e.conf_low, e.conf_high), "count": (e.value, e.value)}.get(e.kind, (None, None))
    outer = (e.conf_low, e.conf_high) if e.kind == "bounds" else (None, None)
    names = ("low", "high", "value", "outer_low", "outer_high")
    return {"kind": e.kind} | {k: None if x is None else x * factor for k, x in zip(names, (*ends, e.value, *outer), strict=True)}


def _words(e: Estimate, lang: str) -> dict[str, str]:
    if e.kind == "refusal":
        lines = placement.wrap(("需要：" if lang == "zh" else "Needs: ") + e.needs[lang], NEEDS).split("\n")
        named = {"needs": lines[0]} if len(lines) == 1 else {"needs_1": lines[0], "needs_2": lines[1]}
        return {"main": numbers.DASH, "small": "", "needs": "", "needs_1": "", "needs_2": ""} | named
    return {"main": numbers.value(e, lang), "small": numbers.interval(e, lang) if e.kind == "estimate" else ""}


def _whole_axis(zero: bool, note: Text | None, chart: str) -> None:
    if not zero and note is None:
        raise DataError(f"{chart}: an axis without zero needs its reason in note=Text('…', '…').")


def _ring_to_dot(base: alt.Chart, x: Position, y: alt.Y) -> list[alt.Chart]:
    return [base.mark_rule(color=NAIVE_BAND, strokeWidth=3).encode(x=x("raw"), x2=alt.X2("value:Q"), y=y), ring(base, x, y),
            base.mark_circle(size=150, color=ACCENT, stroke=PAPER, strokeWidth=1.5, opacity=1).encode(x=x("value"), y=y)]


def _ring_and_interval(base: alt.Chart, x: Position, y: alt.Y) -> list[alt.Chart]:
    sure = base.transform_filter("datum.kind == 'estimate'")
    return [*interval(base, x, y)[:-1], base.transform_filter("isValid(datum.raw) && isValid(datum.value)").mark_rule(
        color=NAIVE, strokeDash=[2, 3]).encode(x=x("raw"), x2=alt.X2("value:Q"), y=y),
            ring(base.transform_filter("isValid(datum.raw)"), x, y), dot(sure, x, y)]


def _possible(base: alt.Chart, x: Position, y: alt.Y) -> list[alt.Chart]:
    outer = base.transform_filter("isValid(datum.outer_low)")
    whiskers = [outer.mark_rule(color=BOUND_LINE, strokeWidth=1.5).encode(x=x("outer_low"), x2=alt.X2("outer_high:Q"), y=y),
                *(outer.mark_tick(size=12, color=BOUND_LINE, orient="vertical").encode(x=x(f"outer_{end}"), y=y) for end in ("low", "high"))]
    none = base.transform_filter("datum.kind == 'refusal'")
    refused = none.mark_bar(height=30, color=WASH_2, stroke=LINE_2, strokeDash=[3, 3]).encode(x=x("from"), x2=alt.X2("to:Q"), y=y)
    needs = [none.mark_text(align="left", dx=8, dy=dy, fontSize=12, color=INK_2, limit=NEEDS).encode(x=x("from"), y=y, text=alt.Text(f"{line}:N"))
             for line, dy in (("needs", 0), ("needs_1", -7), ("needs_2", 7))]
    return [refused, *whiskers, *interval(base.transform_filter("!datum.naive"), x, y), *_grey(base.transform_filter("datum.naive"), x, y), *needs]


def _grey(base: alt.Chart, x: Position, y: alt.Y) -> list[alt.Chart]:
    return [base.mark_bar(height=14, color=NAIVE_BAND).encode(x=x("low"), x2=alt.X2("high:Q"), y=y),
            *(base.mark_tick(size=22, color=NAIVE, orient="vertical").encode(x=x(end), y=y) for end in ("low", "high")), ring(base, x, y, "value")]


def interval(base: alt.Chart, x: Position, y: alt.Y) -> list[alt.Chart]:
    """Band, caps and dot of rows of kind `estimate` (`low`, `high`, `value`); a violet bar for those of kind `bounds`."""
    sure, bounds = base.transform_filter("datum.kind == 'estimate'"), base.transform_filter("datum.kind == 'bounds'")
    return [bounds.mark_bar(height=16, color=BOUND_BAND, stroke=BOUND_LINE, strokeWidth=1.25).encode(x=x("low"), x2=alt.X2("high:Q"), y=y),
            sure.mark_bar(height=14, color=BAND).encode(x=x("low"), x2=alt.X2("high:Q"), y=y),
            *(sure.mark_tick(size=22, orient="vertical").encode(x=x(end), y=y) for end in ("low", "high")), dot(sure, x, y)]


def dot(base: alt.Chart, x: Position, y: alt.Y) -> alt.Chart:
    """The estimate."""
    return base.mark_circle(size=150, color=ACCENT, stroke=PAPER, strokeWidth=2, opacity=1).encode(x=x("value"), y=y)


def ring(base: alt.Chart, x: Position, y: alt.Y, field: str = "raw") -> alt.Chart:
    """The uncorrected number."""
    return base.mark_point(size=110, fill=PAPER, stroke=NAIVE, strokeWidth=2, opacity=1).encode(x=x(field), y=y)


def draw(rows: list[dict[str, Any]], marks: Marks, frame: Frame) -> alt.TopLevelMixin:
    """Rows with their marks; `g` is the label, `main` and `small` the numbers, beside the row on a wide chart and above it on a narrow one."""
    narrow, n = frame.narrow, len(rows)
    ends = max((drawing.pixels(r["small"]) for r in rows if r["main"]), default=0)  # words in place of numbers may reach further
    ends += 14 if ends else 0
    numbers_room = max(ends + max(drawing.pixels(r["main"]) for r in rows), *(drawing.pixels(r["small"]) for r in rows)) + 14
    room = NARROW - numbers_room if narrow else LABEL
    rows = [r | {"g": placement.wrap(r["g"], room)} for r in rows]
    rows = [r | {"deep": "\n" in r["g"]} for r in rows]
    deep = any(r["deep"] for r in rows)
    labelled = min(LABEL, max(drawing.pixels(line) for r in rows for line in r["g"].split("\n"))) + 12
    plot = NARROW if narrow else WIDE - labelled
    ticks = drawing.ticks(frame.low, frame.high)
    bottom, top = min(frame.low, ticks[0]), max(frame.high, ticks[-1])
    shown = plot if narrow else plot - numbers_room
    scale = alt.Scale(domain=[bottom, bottom + (top - bottom) * plot / shown], nice=False, zero=False)
    base, names = alt.Chart(pd.DataFrame(rows)), [r["g"] for r in rows]
    y = alt.Y("g:N", sort=names, title=None, axis=None if narrow else alt.Axis(
        labelFontSize=13, labelColor=INK, labelLimit=LABEL + 10, grid=False, labelPadding=12, labelOverlap=False,
        labelExpr="split(datum.label, '\\n')"))

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=scale, title=None, axis=drawing.axis(ticks, frame.unit))

    layers = marks(base, x, y)
    if bottom <= 0 <= top:
        layers.insert(0 if bottom == 0 else -1, alt.Chart(pd.DataFrame([{"zero": 0}])).mark_rule().encode(x=x("zero")))
    over, above = _over(frame, x, at=lambda v: shown * (v - bottom) / (top - bottom), width=plot)
    layers = [*over[:len(frame.rules)], *layers, *over[len(frame.rules):], *_row_words(base, y, frame, ends=ends)]
    step = 60 + 26 * deep if narrow else 38 + 8 * deep  # the first row keeps its two lines inside the picture
    return alt.layer(*layers, height=step * n + 34 + above)


def _row_words(base: alt.Chart, y: alt.Y, frame: Frame, *, ends: int) -> list[alt.Chart]:
    up = {"dy": -16, "baseline": "bottom"} if frame.narrow else {"dy": 0}
    bold, pale = {"fontWeight": 600, "fontSize": 13, "color": INK}, {"color": INK_3}
    if frame.small_first:
        ends = max(drawing.pixels(r["main"]) for r in base.data.to_dict("records")) + 12
    at = alt.XValue(alt.expr(f"width - {ends}" if ends else "width"))
    inner, outer = ("small", "main") if frame.small_first else ("main", "small")
    looks = [HALO, {}] if frame.narrow else [{}]  # over the plot, where a line would cross the numbers
    words = [base.mark_text(align="right", **(bold if name == "main" else pale) | up | look).encode(x=x, y=y, text=alt.Text(f"{name}:N"))
             for name, x in ((inner, at), (outer, alt.XValue(alt.expr("width")))) for look in looks]
    if not frame.narrow:
        return words
    for deep, lift in (("!datum.deep", 0), ("datum.deep", -16)):  # a second line would fall onto the bar
        for look in (HALO, {"color": INK}):
            words.append(base.transform_filter(deep).mark_text(align="left", fontSize=13, lineBreak="\n", lineHeight=16, baseline="bottom",
                                                               dy=-16 + lift, **look).encode(x=alt.XValue(0), y=y, text=alt.Text("g:N")))
    return words


def _over(frame: Frame, x: Position, *, at: Callable[[float], float], width: float) -> tuple[list[alt.Chart], int]:
    """Rules through all rows, their words over the plot (on two levels where they would meet), and the key above those."""
    rules, texts, level, reach = [], [], 0, -1.0
    for value, text in frame.rules:
        start = at(value) if at(value) + drawing.pixels(text) <= width else at(value) - drawing.pixels(text)
        level, reach = (level + 1 if texts and start < reach else level), start + drawing.pixels(text) + 14
        point = alt.Chart(pd.DataFrame([{"at": value}]))
        rules.append(point.mark_rule(color=LINE_2, strokeDash=list(frame.rule_dash), strokeWidth=1.5).encode(x=x("at")))
        align = "left" if start >= at(value) else "right"
        texts.append(point.mark_text(align=align, color=INK_2, fontSize=12, dx=0).encode(x=x("at"), y=alt.YValue(-8 - placement.LINE * level),
                                                                                         text=alt.TextValue(text)))
    above = placement.LINE * (level + 1) if texts else 0
    keys, more = placement.key(frame.key, width=width, above=above) if frame.key else ([], 0)
    return [*rules, *texts, *keys], above + more
