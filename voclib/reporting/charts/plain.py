"""Charts that need no story of their own: trend, intervals, distribution and bars."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from voclib import numbers
from voclib.errors import DataError
from voclib.reporting.charts import drawing, lines, placement
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import ACCENT, BAND, BOUND_BAND, BOUND_LINE, CATEGORICAL, HALO, INK, INK_2, INK_3, LINE_2, NAIVE_BAND, PAPER
from voclib.results import Text

_GROUPS = ((0, 6, "#c4671a", "#8f3b00", Text("贬损者 0–6", "Detractors 0–6")), (7, 8, NAIVE_BAND, INK_3, Text("中立者 7–8", "Passives 7–8")),
           (9, 10, ACCENT, ACCENT, Text("推荐者 9–10", "Promoters 9–10")))
BESIDE = 250  # px of a row's label beside the plot
EXACT_BELOW = 10_000  # a bar shows every digit of a count that a reader may check


def trend(frame: pd.DataFrame, *, x: str, title: Text, subtitle: Text, description: Text, unit: str = "points", group: str | None = None,
          labels: Mapping[Any, Text] | None = None, estimate: str = "estimate", conf_low: str = "conf_low", conf_high: str = "conf_high",
          zero: bool = True, x_title: Text | None = None, note: Text | None = None, ends: Mapping[Any, Text] | None = None) -> Pair:
    """A line with its ribbon, one row a point in time; `x` holds dates or ordered labels, `group` up to four series.

    `x_title` says what labels that are no dates count. `ends` says by series what stands at the end of its line in place of its last value, such
    as the mean of which the title speaks.
    A row without an interval leaves a gap. `zero=False` takes the zero line away and needs its reason in `note`.

    Raises
    ------
    DataError
        for a missing column, an empty frame, more than four series, or a cut axis without a note.
    """
    drawing.columns(frame, x, estimate, conf_low, conf_high, *([group] if group else []), chart="trend")
    if not zero and note is None:
        raise DataError("trend: an axis without zero needs its reason in note=Text('…', '…').")
    names = list(dict.fromkeys(frame[group])) if group else [""]
    if len(names) > len(CATEGORICAL):
        raise DataError(f"trend: {len(names)} series, a reader can tell four apart; choose four, or use interval_plot.")
    time = lines.calendar(frame[x])
    at = time.at if time else [re.sub(r"^-(?=\d)", "−", str(v)) for v in frame[x]]
    rows = lines.runs(drawing.rows(frame, estimate=estimate, conf_low=conf_low, conf_high=conf_high, unit=unit,
                                   more={"x": at, "g": list(frame[group]) if group else [""] * len(frame)}), names, in_time=time is not None)
    if not rows:
        raise DataError("trend: no row has a value and an interval, so there is nothing to draw.")

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        shown = [{**row, "g": drawing.label(row["g"], labels, lang), "value_text": row[lang], "range": row[f"range_{lang}"],
                  "last": ends[row["g"]][lang] if ends and row["g"] in ends else row[lang]} for row in rows]
        series = [drawing.label(name, labels, lang) for name in names]
        return lines.draw(shown, series=series, time=time, unit=unit, zero=zero, narrow=narrow, lang=lang,
                          x_title=x_title[lang] if x_title else None)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def interval_plot(frame: pd.DataFrame, *, title: Text, subtitle: Text, description: Text, group: str = "group", unit: str = "points",
                  labels: Mapping[Any, Text] | None = None, estimate: str = "estimate", conf_low: str = "conf_low", conf_high: str = "conf_high",
                  zero: bool = True, lines: Mapping[float, Text] | None = None, note: Text | None = None) -> Pair:
    """A dot on its interval a group, in the order of the frame; a row with ends but no value is drawn as a violet range.

    A row without an interval gets no dot and says so. `lines` are values that matter for a decision, each drawn dashed through all rows under its
    name.

    Raises
    ------
    DataError
        for a missing column, an empty frame, or a cut axis without a note.
    """
    drawing.columns(frame, group, estimate, conf_low, conf_high, chart="interval_plot")
    if not zero and note is None:
        raise DataError("interval_plot: an axis without zero needs its reason in note=Text('…', '…').")
    rows = drawing.rows(frame, estimate=estimate, conf_low=conf_low, conf_high=conf_high, unit=unit, more={"g": list(frame[group])})

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        shown = [{"g": drawing.label(r["g"], labels, lang), "kind": r["kind"], "low": r.get("low"), "high": r.get("high"), "value": r.get("value"),
                  "value_text": "" if r["kind"] == "none" else r[lang],
                  "range": {"none": r[lang], "bounds": "", "estimate": r.get(f"range_{lang}")}[r["kind"]]} for r in rows]
        factor = 100 if unit in ("share", "pp") else 1
        drawn = [{"at": factor * at, "name": name[lang]} for at, name in sorted((lines or {}).items())]
        return _intervals(shown, unit=unit, zero=zero, narrow=narrow, lang=lang, drawn=drawn)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _intervals(rows: list[dict[str, Any]], *, unit: str, zero: bool, narrow: bool, lang: str,
               drawn: Sequence[dict[str, Any]] = ()) -> alt.TopLevelMixin:
    low, high = drawing.scale([*rows, *({"value": one["at"]} for one in drawn)], zero=zero)
    ticks = drawing.ticks(low, high)
    ends = max((drawing.pixels(r["range"]) for r in rows if r["value_text"] or not narrow), default=0) + 14
    rows = _folded(rows, NARROW - ends - max(drawing.pixels(r["value_text"]) for r in rows) - 10 if narrow else BESIDE)
    bottom, top = min(low, ticks[0]), max(high, ticks[-1])
    if not narrow:  # the numbers stand in columns of their own, right of the bars
        plot = 690 - min(BESIDE, max(drawing.pixels(line) for r in rows for line in r["g"].split("\n")))
        texts = ends + max(drawing.pixels(r["value_text"]) for r in rows) + 14
        top += (top - bottom) * texts / (plot - texts)
    scale = alt.Scale(domain=[bottom, top], nice=False, zero=False)
    base = alt.Chart(pd.DataFrame(rows))
    y = _row_axis([r["g"] for r in rows], narrow=narrow)
    x = alt.X("low:Q", scale=scale, title=None, axis=drawing.axis(ticks, unit))
    tip = [alt.Tooltip("g:N", title="组" if lang == "zh" else "Group"), *drawing.tips(lang)]
    sure, bounds = base.transform_filter("datum.kind == 'estimate'"), base.transform_filter("datum.kind == 'bounds'")
    layers = [
        sure.mark_bar(height=14, color=BAND).encode(x=x, x2=alt.X2("high:Q"), y=y, tooltip=tip),
        bounds.mark_bar(height=14, color=BOUND_BAND, stroke=BOUND_LINE, strokeWidth=1.25).encode(x=x, x2=alt.X2("high:Q"), y=y, tooltip=tip),
        *(sure.mark_tick(size=22, orient="vertical").encode(x=alt.X(f"{end}:Q", scale=scale), y=y) for end in ("low", "high")),
        sure.mark_circle(size=150, color=ACCENT, stroke=PAPER, strokeWidth=2, opacity=1).encode(x=alt.X("value:Q", scale=scale), y=y, tooltip=tip),
    ]
    if scale["domain"][0] <= 0 <= scale["domain"][1]:
        layers.insert(-1, alt.Chart(pd.DataFrame([{"zero": 0}])).mark_rule().encode(x=alt.X("zero:Q", scale=scale)))
    for k, one in enumerate(drawn):  # the lowest line is named to its left, the others to their right, over the rows
        at = alt.Chart(pd.DataFrame([one])).encode(x=alt.X("at:Q", scale=scale))
        layers.insert(-1, at.mark_rule(color=LINE_2, strokeDash=[5, 4], strokeWidth=1.5))
        side = "right" if k == 0 and len(drawn) > 1 else "left"
        layers.append(at.mark_text(align=side, dx=-4 if side == "right" else 4, color=INK_2, fontSize=12).encode(
            y=alt.YValue(-20 if narrow else -8), text=alt.Text("name:N")))
    written = {"value_text": (f"width - {ends}", {"fontWeight": 600, "fontSize": 13, "color": INK}), "range": ("width", {"color": INK_3})}
    for field, (at, look) in written.items():
        for shade in (HALO, {}) if narrow else ({},):
            layers.append(base.mark_text(align="right", dy=-24 if narrow else 0, **look | shade).encode(
                x=alt.XValue(alt.expr(at)), y=y, text=alt.Text(f"{field}:N")))
    return _with_row_labels(base, layers, y, rows, narrow=narrow)


def bars(frame: pd.DataFrame, *, label: str, value: str, title: Text, subtitle: Text, description: Text, unit: str = "count",
         share: bool = False, labels: Mapping[Any, Text] | None = None, note: Text | None = None) -> Pair:
    """Horizontal bars of exact counts or sums (`unit` count or cny), in the order of the frame, each with its number.

    With `share` each bar says its part of all, in per cent, and its count in grey behind. An estimate has an interval and belongs into
    `interval_plot`.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a missing value, or a unit that is estimated.
    """
    drawing.columns(frame, label, value, chart="bars")
    if unit not in ("count", "cny"):
        raise DataError(f"bars: a number in '{unit}' is an estimate and needs its interval; use interval_plot.")
    if frame[value].isna().any():
        raise DataError(f"bars: '{value}' has {int(frame[value].isna().sum())} missing value(s); leave those rows out and say so in the note.")
    whole = float(frame[value].sum()) or 1.0

    def write(n: float, lang: str) -> str:
        return numbers.money(n, lang) if unit == "cny" else numbers.count(n, lang, exact=n < EXACT_BELOW)

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        rows = [{"g": drawing.label(g, labels, lang), "value": float(v), "value_text": write(float(v), lang)}
                for g, v in zip(frame[label], frame[value], strict=True)]
        if share:
            rows = [r | {"value_text": drawing.number(r["value"] / whole, "share", lang), "n": f"n = {r['value_text']}"} for r in rows]
        return _bars(rows, narrow=narrow)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _bars(rows: list[dict[str, Any]], *, narrow: bool) -> alt.TopLevelMixin:
    above = narrow or max(drawing.pixels(r["g"]) for r in rows) > BESIDE  # a label that would be cut stands over its bar
    rows = _folded(rows, (NARROW if narrow else WIDE) - 4)
    top, small = max([r["value"] for r in rows] + [0.0]) or 1.0, "n" in rows[0]
    scale = alt.Scale(domain=[min(0.0, *(r["value"] for r in rows)), top * (1.5 if small else 1.16)], nice=False)
    base, y = alt.Chart(pd.DataFrame(rows)), _row_axis([r["g"] for r in rows], narrow=above)
    layers = [base.mark_bar(height=16, color=ACCENT).encode(x=alt.X("value:Q", scale=scale, title=None, axis=None), y=y),
              base.mark_text(align="left", dx=8, fontWeight=600, fontSize=13, color=INK).encode(
                  x=alt.X("value:Q", scale=scale), y=y, text=alt.Text("value_text:N"))]
    if small:
        behind = 18 + max(drawing.pixels(r["value_text"]) for r in rows)
        layers.append(base.mark_text(align="left", dx=behind, color=INK_3).encode(x=alt.X("value:Q", scale=scale), y=y, text=alt.Text("n:N")))
    return _with_row_labels(base, layers, y, rows, narrow=above)


def distribution(frame: pd.DataFrame, *, title: Text, subtitle: Text, description: Text, score: str = "nps_score", weights: str | None = None,
                 note: Text | None = None) -> Pair:
    """How often each score 0 to 10 was given (share of all answers), with detractors, passives and promoters named on the chart.

    Raises
    ------
    DataError
        for a missing column, no answers, or scores that are not whole numbers from 0 to 10.
    """
    drawing.columns(frame, score, *([weights] if weights else []), chart="distribution")
    answers = frame[frame[score].notna()]
    wrong = answers[~answers[score].isin(range(11))]
    if answers.empty or not wrong.empty:
        found = f"{len(wrong)} value(s) such as {wrong[score].iloc[0]}" if len(wrong) else "no answers"
        raise DataError(f"distribution: '{score}' holds whole marks from 0 to 10; there are {found}.")
    weight = answers[weights] if weights else pd.Series(1.0, index=answers.index)
    share = (weight.groupby(answers[score].astype(int)).sum() / weight.sum()).reindex(range(11), fill_value=0.0)

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        rows, names = [], []
        for first, last, fill, ink, words in _GROUPS:
            rows += [{"floor": 0, "from": s - 0.43, "to": s + 0.43, "score": s, "share": part, "fill": fill, "text": f"{part:.0f}%"}
                     for s, part in ((s, 100 * share.loc[s]) for s in range(first, last + 1))]
            name, marks = words[lang].split(" ")
            names.append({"middle": (first + last) / 2, "ink": ink, "sum": f"{100 * share.loc[first:last].sum():.0f}%", "name": name, "marks": marks})
        return _histogram(rows, names, top=100 * float(share.max()), lang=lang, narrow=narrow)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _histogram(rows: list[dict[str, Any]], names: list[dict[str, Any]], *, top: float, lang: str, narrow: bool) -> alt.TopLevelMixin:
    def x(field: str) -> alt.X:
        return alt.X(field, title=None, scale=alt.Scale(domain=[-0.6, 10.6], nice=False, zero=False),
                     axis=alt.Axis(values=list(range(11)), grid=False, labelColor=INK_2, labelOverlap=False, tickCount=11))

    y = alt.Y("share:Q", title=None, axis=None, scale=alt.Scale(domain=[0, top * 1.5], nice=False))
    tip = [alt.Tooltip("score:Q", title="打分" if lang == "zh" else "Score"),
           alt.Tooltip("share:Q", title="占比 %" if lang == "zh" else "Share %", format=".1f")]
    base, heads = alt.Chart(pd.DataFrame(rows)), alt.Chart(pd.DataFrame(names))
    paint, ink = (alt.Color(f"{field}:N", scale=None, legend=None) for field in ("fill", "ink"))
    layers = [
        base.mark_rect().encode(x=x("from:Q"), x2=alt.X2("to:Q"), y=y, y2=alt.Y2("floor:Q"), color=paint, tooltip=tip),
        base.mark_text(dy=-6, color=INK_3, baseline="bottom").encode(x=x("score:Q"), y=y, text=alt.Text("text:N")),
        base.mark_rule().encode(y=alt.Y("floor:Q", axis=None)),
    ]
    for text, dy, size, weight in (("sum:N", 24, 22, 600), ("name:N", 42, 13, 400), ("marks:N", 58, 12, 400)):
        layers.append(heads.mark_text(baseline="bottom", dy=dy, fontSize=size - 3 * narrow * (size > 13), fontWeight=weight).encode(
            x=x("middle:Q"), y=alt.YValue(0), text=alt.Text(text), color=ink))
    return alt.layer(*layers, height=300 if narrow else 320)


def _folded(rows: list[dict[str, Any]], room: float) -> list[dict[str, Any]]:
    """The rows with labels in several lines where one has no room."""
    return [r | {"g": "\n".join(placement.fold(r["g"], room, most=4)) if drawing.pixels(r["g"]) > room else r["g"]} for r in rows]


def _row_axis(names: list[str], *, narrow: bool) -> alt.Y:
    split = {"labelExpr": "split(datum.label, '\\n')"} if any("\n" in name for name in names) else {}
    axis = None if narrow else alt.Axis(labelFontSize=13, labelColor=INK, labelLimit=BESIDE, grid=False, labelPadding=12, labelOverlap=False,
                                        **split)
    return alt.Y("g:N", sort=names, title=None, axis=axis)


def _with_row_labels(base: alt.Chart, layers: list[alt.Chart], y: alt.Y, rows: list[dict[str, Any]], *, narrow: bool) -> alt.TopLevelMixin:
    """Labels beside the rows on a wide chart, above them on a narrow one."""
    folds = sorted({r["g"].count("\n") for r in rows})
    for more in folds if narrow else ():
        part = base.transform_filter(f"length(split(datum.g, '\\n')) == {more + 1}") if folds != [0] else base
        layers = [*layers, part.mark_text(align="left", dy=-24 - 17 * more, fontSize=13, color=INK, **({"lineBreak": "\n"} if more else {})).encode(
            x=alt.XValue(0), y=y, text=alt.Text("g:N"))]
    return alt.layer(*layers, height=(60 + 34 * folds[-1]) * len(rows) + 30 if narrow else max(38, 17 * folds[-1] + 24) * len(rows) + 34)
