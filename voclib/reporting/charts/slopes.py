"""Slopes: every store along its own line against all stores thrown together, and what is left within stores in classes of equal size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from voclib import numbers
from voclib.errors import DataError, ParameterError
from voclib.reporting.charts import drawing, placement
from voclib.reporting.charts.lane_drawing import RIM
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import ACCENT, BAND, INK_2, INK_3, LINE_2, NAIVE, NAIVE_BAND, PAPER
from voclib.results import Estimate, Text

AXES = {"x": Text("员工体验", "Employee experience"), "y": Text("客户评分", "Customer score")}
SLOPE_WORDS = AXES | {"within": Text("同一家店前后比", "Within a store"), "pooled": Text("所有店混在一起，校正前", "All stores pooled, uncorrected"),
                      "units": Text("每条细线是一家店，圆点是它的平均", "Each thin line is a store; the dot is its average"),
                      "drawn": Text("画出 {drawn} 家，共 {all} 家", "{drawn} of {all} shown")}
BIN_WORDS = {"x": Text("员工体验与本店平常之差", "Experience relative to the store's usual"),
             "y": Text("客户评分与本店平常之差", "Score relative to the store's usual"), "within": Text("同一家店前后比", "Within a store"),
             "bin": Text("每个点是约 {n} 个店·期的平均", "Each dot is the mean of about {n} store-periods")}
MOST = 150  # stores that a reader can still tell apart
BESIDE = 168  # px of the words right of a wide plot


def unit_slopes(lines: pd.DataFrame, *, unit: str, x0: str, y0: str, x1: str, y1: str, pooled: Estimate, within: Estimate, title: Text,
                subtitle: Text, description: Text, center: tuple[float, float] | None = None, labels: Mapping[str, Text] | None = None,
                note: Text | None = None) -> Pair:
    """Each store along a thin line of its own, the slope they have in common in accent, and in grey the line through all of them at once.

    `lines` has one row a store, named in `unit`, from (`x0`, `y0`) to (`x1`, `y1`): its own fitted line, centred at its averages, which are drawn
    as a dot. Of more than 150 stores so many are drawn, evenly along the order of their averages, and the picture says of how many. `within` and
    `pooled` are slopes, y for one more of x, in the unit of y; both lines run through `center`, the mean of all rows behind the slopes (without
    it the mean of the stores' averages). Neither axis need hold zero, as slopes are compared and not heights. `labels` replaces the words of `x`,
    `y` (titles of the axes), `within`, `pooled`, `units` and `drawn` (with {drawn} and {all} in it).

    Raises
    ------
    DataError
        for a missing column, an empty frame, a missing number, a store that stands twice, or a line without length along x.
    ParameterError
        if a slope is no estimate with an interval, their units differ, or `labels` names other words.
    """
    words = drawing.said(labels, SLOPE_WORDS, chart="unit_slopes")
    drawing.complete(lines, x0, y0, x1, y1, chart="unit_slopes")
    drawing.columns(lines, unit, chart="unit_slopes")
    factor = _factor("unit_slopes", within=within, pooled=pooled)
    if (twice := lines[unit].duplicated()).any():
        raise DataError(f"unit_slopes: '{lines[unit][twice].iloc[0]}' stands twice in '{unit}'; one line a store.")
    if (short := lines[x0] == lines[x1]).any():
        raise DataError(f"unit_slopes: {int(short.sum())} line(s) have no length along x, first '{lines[unit][short].iloc[0]}'; a store seen at one "
                        "value has no slope: leave it out and say so in the note.")
    whole = pd.DataFrame({"g": lines[unit].astype(str), "x": lines[x0].astype(float), "x2": lines[x1].astype(float),
                          "y": factor * lines[y0].astype(float), "y2": factor * lines[y1].astype(float)})
    whole = whole.assign(mean_x=(whole.x + whole.x2) / 2, mean_y=(whole.y + whole.y2) / 2).sort_values(["mean_x", "mean_y", "g"])
    cross = (center[0], factor * center[1]) if center else (float(whole.mean_x.mean()), float(whole.mean_y.mean()))
    kept = whole.iloc[np.unique(np.linspace(0, len(whole) - 1, MOST).round().astype(int))] if len(whole) > MOST else whole

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        said = {k: t[lang] for k, t in words.items()}
        across = _ends([*kept.x, *kept.x2, cross[0]])
        drawn = (_Line(said["pooled"], pooled, cross, across, factor, naive=True), _Line(said["within"], within, cross, across, factor))
        plane = _Plane(across, _ends([*kept.y, *kept.y2, *(v for a in drawn for v in a.ends)]), drawn, said, within.unit, lang, narrow)
        about = [said["units"]]
        if len(kept) < len(whole):
            about.append(said["drawn"].format(drawn=len(kept), all=numbers.count(len(whole), lang, exact=True)))
        return plane.draw(_stores(kept, plane), ("；" if lang == "zh" else "; ").join(about))

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _factor(chart: str, **slopes: Estimate) -> int:
    """Times by which a slope is multiplied to be shown (shares in per cent); raises ParameterError where one has no interval."""
    for name, slope in slopes.items():
        if slope.kind != "estimate":
            raise ParameterError(f"{chart}: {name}= is a slope with its interval, an Estimate of kind 'estimate'; it is of kind '{slope.kind}'.")
    if len(units := sorted({s.unit for s in slopes.values()})) > 1:
        raise ParameterError(f"{chart}: both slopes are in the unit of the vertical axis; there are {' and '.join(units)}.")
    return 100 if units[0] in ("share", "pp") else 1


def _ends(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = 0.03 * (high - low) or 1.0
    return float(low - pad), float(high + pad)


def _stores(kept: pd.DataFrame, plane: _Plane) -> list[alt.Chart]:
    tip = [alt.Tooltip("g:N", title="名称" if plane.lang == "zh" else "Name")]
    base = alt.Chart(kept)
    return [base.mark_rule(color=LINE_2, strokeWidth=1, opacity=0.6).encode(x=plane.x("x"), x2="x2:Q", y=plane.y("y"), y2="y2:Q", tooltip=tip),
            base.mark_circle(color=LINE_2, size=16, opacity=1).encode(x=plane.x("mean_x"), y=plane.y("mean_y"), tooltip=tip)]


def binned_scatter(frame: pd.DataFrame, *, x: str, y: str, low: str, high: str, n: str, slope: Estimate, title: Text, subtitle: Text,
                   description: Text, labels: Mapping[str, Text] | None = None, note: Text | None = None) -> Pair:
    """What is left within stores: the mean of y on its interval in each class of x, and the fitted line with its ribbon.

    One row a class, about twelve of equal count, with the means of `x` and `y` in it and `n`, how many rows it holds; both as differences from
    the store's own usual, so that zero is on both axes. The line has the `slope` (y for one more of x) and runs through the mean of all rows.
    `labels` replaces the words of `x`, `y` (titles of the axes), `within` and `bin` (with {n} in it).

    Source: Cattaneo, Crump, Farrell & Feng (2024), On Binscatter, American Economic Review 114.

    Raises
    ------
    DataError
        for a missing column, fewer than three classes, a missing number, a class that holds nobody, or a mean that stands twice.
    ParameterError
        if the slope is no estimate with an interval, or `labels` names other words.
    """
    words = drawing.said(labels, BIN_WORDS, chart="binned_scatter")
    drawing.complete(frame, x, y, low, high, n, chart="binned_scatter", interval=(low, high))
    factor = _factor("binned_scatter", slope=slope)
    if len(frame) < 3 or frame[x].duplicated().any():
        raise DataError(f"binned_scatter: three classes or more, each with its own mean of '{x}'; there are {len(frame)} row(s) with "
                        f"{frame[x].nunique()}.")
    if (frame[n] < 1).any():
        raise DataError(f"binned_scatter: every class holds a row or more; '{n}' is {frame[n].min():g} in one.")
    dots = pd.DataFrame({"x": frame[x].astype(float), "n": frame[n].astype(float)} | {
        name: factor * frame[column].astype(float) for name, column in (("value", y), ("low", low), ("high", high))}).sort_values("x")
    cross = (float(np.average(dots.x, weights=dots.n)), float(np.average(dots.value, weights=dots.n)))
    typical = float(dots.n.median())

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        said = {k: t[lang] for k, t in words.items()}
        across = _ends([*dots.x, 0.0])
        line = _Line(said["within"], slope, cross, across, factor)
        plane = _Plane(across, _ends([*dots.low, *dots.high, 0.0, *line.ends]), (line,), said, slope.unit, lang, narrow,
                       tuple(dots[["x", "low", "high"]].itertuples(index=False, name=None)))
        return plane.draw(_classes(dots, plane), said["bin"].format(n=numbers.count(typical, lang)))

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _classes(dots: pd.DataFrame, plane: _Plane) -> list[alt.Chart]:
    zh = plane.lang == "zh"
    tip = [alt.Tooltip("x:Q", title=plane.words["x"], format=".2f"), alt.Tooltip("value:Q", title=plane.words["y"], format=".2f"),
           alt.Tooltip("n:Q", title="观测数" if zh else "Rows")]
    base = alt.Chart(dots)
    return [base.mark_bar(size=8, color=BAND).encode(x=plane.x("x"), y=plane.y("low"), y2="high:Q", tooltip=tip),
            *(base.mark_tick(size=14, orient="horizontal").encode(x=plane.x("x"), y=plane.y(end)) for end in ("low", "high")),
            base.mark_circle(size=90, color=ACCENT, stroke=PAPER, strokeWidth=1.5, opacity=1).encode(x=plane.x("x"), y=plane.y("value"), tooltip=tip)]


@dataclass(frozen=True)
class _Line:
    """A slope through a point, from one end of the axis to the other, with the ribbon of its interval."""

    name: str
    slope: Estimate
    cross: tuple[float, float]
    across: tuple[float, float]
    factor: int
    naive: bool = False

    def at(self, x: float, slope: float | None = None) -> float:
        """The height of the line, or of one with another slope."""
        return self.cross[1] + self.factor * (self.slope.value if slope is None else slope) * (x - self.cross[0])

    @property
    def ends(self) -> tuple[float, float]:
        return self.at(self.across[0]), self.at(self.across[1])

    @property
    def rows(self) -> pd.DataFrame:
        at = (self.across[0], self.cross[0], self.across[1])
        edges = [sorted(self.at(x, s) for s in (self.slope.conf_low, self.slope.conf_high)) for x in at]
        return pd.DataFrame([{"x": x, "value": self.at(x), "low": a, "high": b} for x, (a, b) in zip(at, edges, strict=True)])


@dataclass(frozen=True)
class _Plane:
    """Two value axes with lines through a point; every line is named at its right end: beside a wide plot, over and under it on a phone."""

    across: tuple[float, float]
    up: tuple[float, float]
    lines: tuple[_Line, ...]
    words: Mapping[str, str]
    unit: str
    lang: str
    narrow: bool
    solid: tuple[tuple[float, float, float], ...] = ()  # x, low and high of marks that no word may hide

    @property
    def width(self) -> float:
        return (NARROW if self.narrow else WIDE - BESIDE) - 60

    @property
    def plot(self) -> int:
        return 290 if self.narrow else 360

    @property
    def per_px(self) -> float:
        return (self.up[1] - self.up[0]) / self.plot

    @cached_property
    def named(self) -> list[tuple[_Line, list[str]]]:
        """Every line with its words, the highest at the right end first: its name, then its slope on its interval."""
        opened, closed = ("（", "）") if self.lang == "zh" else (" (", ")")
        found = [(a, [*placement.fold(a.name, self.width - 8 if self.narrow else BESIDE - 14),
                      f"{numbers.value(a.slope, self.lang)}{opened}{numbers.interval(a.slope, self.lang)}{closed}"]) for a in self.lines]
        return sorted(found, key=lambda pair: -pair[0].ends[1])

    @cached_property
    def view(self) -> tuple[float, float]:
        """The ends of the vertical axis, further out where words stand."""
        heights = [row["y"] for row in self.written]
        return min(self.up[0], min(heights) - 10 * self.per_px), max(self.up[1], max(heights) + 10 * self.per_px)

    def x(self, field: str) -> alt.X:
        """The place of an x."""
        title = placement.title(self.words["x"], self.width - 20)
        return drawing.x(field, self.across, drawing.axis(drawing.inside(*self.across), "x", title=title, grid=False), titled=True)

    def y(self, field: str) -> alt.Y:
        """The place of a y."""
        return drawing.y(field, self.view, drawing.axis(drawing.inside(*self.up), self.unit, self.lang))

    def draw(self, marks: Sequence[alt.Chart], about: str) -> alt.TopLevelMixin:
        """The chart: ribbons under the marks, lines over them, and over the plot what it shows."""
        ribbons, fits = [], []
        for a in self.lines:
            base, look = alt.Chart(a.rows), {"color": NAIVE, "strokeDash": [6, 4]} if a.naive else {"color": ACCENT}
            ribbons.append(base.mark_area(color=NAIVE_BAND if a.naive else BAND, opacity=0.5, clip=True).encode(
                x=self.x("x"), y=self.y("low"), y2="high:Q"))
            fits.append(base.mark_line(strokeWidth=2.5, **look).encode(x=self.x("x"), y=self.y("value")))
        zero = alt.Chart(pd.DataFrame([{"zero": 0}])).mark_rule()
        rules = [zero.encode(y=self.y("zero"))] if self.view[0] <= 0 <= self.view[1] else []
        over = [(line, ink) for text, ink in ((about, INK_3), (self.words["y"], INK_2)) for line in placement.fold(text, self.width)]
        heads = [placement.words(line, x=0, y=-12 - 17 * k, colour=ink, baseline="middle") for k, (line, ink) in enumerate(reversed(over))]
        height = (self.view[1] - self.view[0]) / self.per_px + 50 + 17 * len(over) + 8
        return alt.layer(*ribbons, *rules, *marks, *fits, *self._words(), *heads).properties(height=round(height))

    @cached_property
    def written(self) -> list[dict[str, Any]]:
        """The words of every line, each line of text with its height on the vertical axis."""
        blocks = [17 * self.per_px * len(texts) for _, texts in self.named]
        ends = [a.ends[1] for a, _ in self.named]
        if self.narrow:
            tops = [self._clear(k == 0, max(drawing.pixels(t) for t in texts)) + (block if k == 0 else 0)
                    for k, ((_, texts), block) in enumerate(zip(self.named, blocks, strict=True))]
        else:
            middles = placement.spread(ends, max(blocks) + 10 * self.per_px, low=self.up[0] + max(blocks) / 2, high=self.up[1] - max(blocks) / 2)
            tops = [m + block / 2 for m, block in zip(middles, blocks, strict=True)]
        return [{"x": self.across[1], "y": top - (17 * k + 8.5) * self.per_px, "text": text, "bold": text != texts[-1],
                 "ink": INK_2 if text == texts[-1] else INK_3 if a.naive else ACCENT}
                for (a, texts), top in zip(self.named, tops, strict=True) for k, text in enumerate(texts)]

    def _clear(self, over: bool, wide: float) -> float:
        """The height from which words at the right end, over or under all lines, hide none of them."""
        left = self.across[1] - (wide + 10) * (self.across[1] - self.across[0]) / self.width
        lines = [v for a in self.lines for v in (a.at(left), a.ends[1])]
        marks = [m for m in self.solid if m[0] >= left]
        if over:
            return max([*lines, *(m[2] for m in marks)]) + 8 * self.per_px
        return min([*lines, *(m[1] for m in marks)]) - 8 * self.per_px

    def _words(self) -> list[alt.Chart]:
        layers = []
        for bold in (True, False):
            base = alt.Chart(pd.DataFrame([row for row in self.written if row["bold"] == bold]))
            for rim in (True, False) if self.narrow else (False,):
                look = RIM if rim else {}
                paint = {} if rim else {"color": alt.Color("ink:N", scale=None, legend=None)}
                layers.append(base.mark_text(align="right" if self.narrow else "left", dx=-3 if self.narrow else 10, baseline="middle", fontSize=13,
                                             fontWeight=600 if bold else 400, **look).encode(x=self.x("x"), y=self.y("y"), text="text:N", **paint))
        return layers
