"""What is said of what, in feeling and in number: bars of three feelings on one base, and a grid of counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from voclib import numbers
from voclib.errors import DataError
from voclib.reporting.charts import drawing, lane_drawing, placement
from voclib.reporting.charts.lane_drawing import PHONE
from voclib.reporting.charts.placement import Key
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import ACCENT, DIVERGING, INK, INK_3, LINE_2, NAIVE_BAND, PAPER, WASH
from voclib.results import Estimate, Text

NEGATIVE, NEUTRAL, POSITIVE = DIVERGING[1], NAIVE_BAND, ACCENT
FEELINGS = (Text("负面", "Negative"), Text("中性", "Neutral"), Text("正面", "Positive"))
SMALL = 5  # a cell of fewer voices is not shown
CELL, ROOM, PILL = 30, 190, 4  # px: height of a cell, of a row's name, between cells
DARK_FILLS = {DIVERGING[0], DIVERGING[1]}


def mix_bars(frame: pd.DataFrame, *, label: str, negative: str, neutral: str, low: str, high: str, n: str, title: Text, subtitle: Text,
             description: Text, labels: Mapping[Any, Text] | None = None, words: tuple[Text, Text, Text] = FEELINGS,
             note: Text | None = None) -> Pair:
    """One bar a row from 0 to 100 %: negative from the left end, positive from the right end, neutral between, so that both ends have one base.

    Columns hold shares (0–1) in the order of the frame; positive is what is left. `low` and `high` are the interval of the negative share, drawn
    over its end, and missing where there is none; `n` is how many voices the bar stands for. Where bars diverge from a middle, as is common for
    such mixes, a neutral part moves both others.

    Raises
    ------
    DataError
        for a missing column, an empty frame, or shares that are missing, negative or above one together.
    """
    drawing.columns(frame, label, negative, neutral, low, high, n, chart="mix_bars")
    first, second = (frame[c].astype(float) for c in (negative, neutral))
    if not (first.ge(0) & second.ge(0) & (first + second).le(1 + 1e-9)).all():
        raise DataError("mix_bars: negative and neutral are shares from 0 to 1 that are at most 1 together, without gaps.")
    drawn = [_mixed(a, b, lo, hi) | {"id": g, "n": int(k)} for g, a, b, lo, hi, k in
             zip(frame[label], first, second, frame[low], frame[high], frame[n], strict=True)]

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        count = "{} 条" if lang == "zh" else "{} voices"
        rows = [row | {"g": drawing.label(row["id"], labels, lang), "main": row[lang], "small": row[f"range_{lang}"],
                       "beneath": count.format(numbers.count(row["n"], lang, exact=True))} for row in drawn]
        return _bars(rows, [w[lang] for w in words], lang=lang, narrow=narrow)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _mixed(negative: float, neutral: float, low: Any, high: Any) -> dict[str, Any]:
    """A row on the scale of the chart, in per cent, and the negative share as it is written."""
    there = not (pd.isna(low) or pd.isna(high))
    ends = {"conf_low": float(low), "conf_high": float(high)} if there else {}
    shown = Estimate(estimand="row", kind="estimate" if there else "count", unit="share", value=negative, **ends)
    return {"zero": 0.0, "negative": 100 * negative, "neutral": 100 * (negative + neutral), "one": 100.0,
            "low": 100 * float(low) if there else None, "high": 100 * float(high) if there else None,
            **{lang: numbers.value(shown, lang) for lang in ("zh", "en")},
            **{f"range_{lang}": numbers.interval(shown, lang) for lang in ("zh", "en")}}


def _bars(rows: list[dict[str, Any]], words: Sequence[str], *, lang: str, narrow: bool) -> alt.TopLevelMixin:
    lanes = lane_drawing.lay(rows, span=(0.0, 100.0), unit="share", lang=lang, narrow=narrow, exact=True)
    base = alt.Chart(pd.DataFrame(lanes.rows)[["zero", "negative", "neutral", "one", "low", "high", "mid"]])
    parts = (("zero", "negative", NEGATIVE), ("negative", "neutral", NEUTRAL), ("neutral", "one", POSITIVE))
    marks = [lane_drawing.bar(base, lanes, start, end, size=18, color=colour) for start, end, colour in parts]
    known = base.transform_filter("isValid(datum.low)")
    for look in ({"color": PAPER, "strokeWidth": 5}, {"color": INK, "strokeWidth": 2}):
        marks.append(known.mark_rule(**look).encode(x=lanes.x("low"), x2=alt.X2("high:Q"), y=lanes.y()))
    key = [Key("band", word, colour) for word, (_, _, colour) in zip(words, parts, strict=True)]
    told = f"负面的 {drawing.level()} 区间" if lang == "zh" else f"{drawing.level()} interval for negative"
    return lanes.draw(marks, [], [*key, Key("line", told, INK)], over=4, through=False)


def count_grid(frame: pd.DataFrame, *, row: str, column: str, n: str, negative: str, title: Text, subtitle: Text, description: Text,
               labels: Mapping[Any, Text] | None = None, note: Text | None = None) -> Pair:
    """Counts of voices by two things they name: in each cell how many there are, and the darker the larger the share of negative ones among them.

    One row of `frame` a cell; rows and columns stand in the order in which they first appear. `n` and `negative` are whole numbers; a cell of fewer
    than five voices shows neither, and one that is not in the frame is empty. The share is of voices counted and no estimate.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a cell that stands twice, or more negative voices than voices.
    """
    drawing.columns(frame, row, column, n, negative, chart="count_grid")
    if frame.duplicated([row, column]).any():
        twice = frame[frame.duplicated([row, column])].iloc[0]
        raise DataError(f"count_grid: the cell '{twice[row]}' × '{twice[column]}' stands twice.")
    if (frame[negative] > frame[n]).any():
        raise DataError("count_grid: a cell has more negative voices than voices.")
    across, down = (list(dict.fromkeys(frame[name])) for name in (column, row))
    cells = [{"r": down.index(r), "c": across.index(c), "n": int(k), "bad": int(m)} for r, c, k, m in
             zip(*(frame[name] for name in (row, column, n, negative)), strict=True)]

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        names = [[drawing.label(g, labels, lang) for g in group] for group in (down, across)]
        return _grid([_cell(cell, lang) for cell in cells], *names, lang=lang, narrow=narrow)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _cell(cell: Mapping[str, int], lang: str) -> dict[str, Any]:
    """A cell with its colour and its words; nothing of a small one but that it is small."""
    if cell["n"] < SMALL:
        return {"r": cell["r"], "c": cell["c"], "text": f"<{SMALL}", "fill": WASH, "ink": INK_3, "tip": f"<{SMALL}"}
    share = cell["bad"] / cell["n"]
    fill = next(colour for edge, colour in ((0.2, DIVERGING[3]), (0.4, DIVERGING[2]), (0.6, DIVERGING[1]), (2.0, DIVERGING[0])) if share < edge)
    tip = f"{cell['n']} 条，其中负面 {cell['bad']} 条" if lang == "zh" else f"{cell['n']} voices, {cell['bad']} of them negative"
    return {"r": cell["r"], "c": cell["c"], "text": numbers.count(cell["n"], lang, exact=True), "fill": fill,
            "ink": PAPER if fill in DARK_FILLS else INK, "tip": tip}


def _grid(cells: list[dict[str, Any]], down: Sequence[str], across: Sequence[str], *, lang: str, narrow: bool) -> alt.TopLevelMixin:
    """Cells with the names of rows beside them (over them on a phone) and the names of columns over the whole."""
    room = 0 if narrow else min(ROOM, max(map(drawing.pixels, down)) + 14)
    width = (PHONE if narrow else WIDE - 6 - room)
    each, step = width / len(across), CELL + PILL + 22 * narrow
    heads = [placement.fold(name, each - 4, most=3) for name in across]
    top = 16 * max(map(len, heads)) + 8
    boxes = [cell | {"left": cell["c"] * each, "right": (cell["c"] + 1) * each - PILL, "up": top + step * cell["r"] + 22 * narrow,
                     "down": top + step * cell["r"] + 22 * narrow + CELL} for cell in cells]
    height = top + step * len(down)
    x, y = _place("x", (0, NARROW - 6 if narrow else width)), _place("y", (height, 0))
    base = alt.Chart(pd.DataFrame(boxes).assign(mid=lambda b: (b["left"] + b["right"]) / 2, middle=lambda b: (b["up"] + b["down"]) / 2))
    paint, ink = (alt.Color(f"{field}:N", scale=None, legend=None) for field in ("fill", "ink"))
    tip = [alt.Tooltip("tip:N", title="声音" if lang == "zh" else "Voices")]
    layers = [base.mark_rect(cornerRadius=2).encode(x=x("left"), x2="right:Q", y=y("up"), y2="down:Q", color=paint, tooltip=tip),
              base.mark_text(fontSize=12, baseline="middle").encode(x=x("mid"), y=y("middle"), text="text:N", color=ink)]
    named = [{"x": (k + 0.5) * each - PILL / 2, "y": top - 10 - 16 * (len(lines) - 1 - j), "text": line, "side": "center"}
             for k, lines in enumerate(heads) for j, line in enumerate(lines)]
    named += [{"x": 0 if narrow else -12, "y": top + step * k + (12 if narrow else CELL / 2), "text": name, "side": "left" if narrow else "right"}
              for k, name in enumerate(down)]
    for side in ("center", "left", "right"):
        if mine := [t for t in named if t["side"] == side]:
            layers.append(alt.Chart(pd.DataFrame(mine)).mark_text(align=side, baseline="middle", fontSize=12, color=INK, limit=ROOM).encode(
                x=x("x"), y=y("y"), text="text:N"))
    scale = (("0–19%", DIVERGING[3]), ("20–39%", DIVERGING[2]), ("40–59%", DIVERGING[1]), ("≥60%", DIVERGING[0]))
    lead = "其中负面：" if lang == "zh" else "Negative: "
    keys, above = placement.key([Key("bounds", lead + words if k == 0 else words, colour, LINE_2) for k, (words, colour) in enumerate(scale)],
                                width=PHONE if narrow else WIDE - room - 6, above=4)
    return alt.layer(*layers, *keys, height=height + above + 8)


def _place(axis: str, ends: tuple[float, float]) -> Any:
    """A position in px along an axis that is not drawn."""
    def at(field: str) -> Any:
        return drawing.x(field, ends, None) if axis == "x" else drawing.y(field, ends, None)
    return at
