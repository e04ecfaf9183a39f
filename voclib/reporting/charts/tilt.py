"""How different silent customers would have to be: a map over two odds with the line on which the conclusion tips."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from voclib import numbers
from voclib.errors import DataError
from voclib.reporting.charts import drawing, placement
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import DIVERGING, INK, INK_2, PAPER
from voclib.results import Estimate, Text

FOLLOW_UP, AS_ANSWERED = Text("回访结果", "Follow-up"), Text("与作答者一样", "Same as respondents")
AXES = (Text("沉默客户成为贬损者的可能，是同类作答客户的几倍", "Silent customers: times as likely to be detractors as comparable respondents"),
        Text("成为推荐者的可能，是几倍", "Times as likely to be promoters"))
DARK_FILLS = {DIVERGING[0], DIVERGING[1], DIVERGING[5], DIVERGING[6]}


@dataclass(frozen=True)
class TiltPoint:
    """Where a follow-up says the silent stand: both multiples, each with the ends of its interval."""

    times_detractor: float
    times_promoter: float
    detractor: tuple[float, float] | None = None
    promoter: tuple[float, float] | None = None
    label: Text = FOLLOW_UP


def tilt_map(surface: pd.DataFrame, frontier: pd.DataFrame, *, times_detractor: str, times_promoter: str, value: str, target: float, title: Text,
             subtitle: Text, description: Text, unit: str = "points", point: TiltPoint | None = None, target_label: Text | None = None,
             axes: tuple[Text, Text] = AXES, note: Text | None = None) -> Pair:
    """The corrected value over what one may assume of the silent, on two log axes; blue above `target`, orange below.

    `surface` is a full grid, one row a pair of multiples (1 = like those who answered) with its `value`; `frontier` holds, in columns of the same
    names, the pairs on which the value equals `target` (an empty frame where there are none). Values are written on the map.

    Raises
    ------
    DataError
        for a missing column, multiples that are not above zero, or a surface that is no full grid.
    """
    drawing.columns(surface, times_detractor, times_promoter, value, chart="tilt_map")
    if len(frontier):
        drawing.columns(frontier, times_detractor, times_promoter, chart="tilt_map")
    if (surface[[times_detractor, times_promoter]] <= 0).any(axis=None):
        raise DataError("tilt_map: multiples lie above zero (1 = like those who answered); hand over exp(gamma), not gamma.")
    grid = surface.pivot_table(index=times_promoter, columns=times_detractor, values=value, aggfunc="mean").sort_index(axis=0).sort_index(axis=1)
    if grid.isna().any(axis=None) or min(grid.shape) < 3:
        raise DataError(f"tilt_map: the surface is a full grid of at least 3 × 3 pairs; there are {len(surface)} rows for a grid of "
                        f"{grid.shape[1]} × {grid.shape[0]}.")
    factor = 100 if unit in ("share", "pp") else 1
    cells, x_edges, y_edges = _cells(grid, target)
    line = _clipped(frontier, (times_detractor, times_promoter), x_edges, y_edges) if len(frontier) else []

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        shown = Estimate(estimand="row", kind="count", unit=unit, value=target)
        words = target_label[lang] if target_label else ("临界线：" if lang == "zh" else "Tipping line: ") + numbers.value(shown, lang)
        texts = _written(grid, target, unit, lang, across=4 if narrow else 6, factor=factor)
        return _Map(cells, texts, line, x_edges, y_edges, narrow).draw(words, point, axes, lang)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _edges(at: np.ndarray) -> np.ndarray:
    """Borders of cells halfway between their middles on the log scale; the outermost end at the outermost middles."""
    logs = np.log(at)
    return np.exp(np.concatenate([logs[:1], (logs[1:] + logs[:-1]) / 2, logs[-1:]]))


def _step(grid: pd.DataFrame, target: float) -> float:
    """Width of a colour: a round number, so that seven colours span the map."""
    most = max(float((grid - target).abs().to_numpy().max()), 1e-9) / 3.5
    power = 10.0 ** math.floor(math.log10(most))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= most * (1 - 1e-9))


def _fill(deviation: float, step: float) -> str:
    return DIVERGING[3 + max(-3, min(3, math.floor(abs(deviation) / step + 0.5) * (1 if deviation > 0 else -1)))]


def _cells(grid: pd.DataFrame, target: float) -> tuple[list[dict[str, Any]], np.ndarray, np.ndarray]:
    """Rectangles of one colour, joined along each row so that a page stays small."""
    x_edges, y_edges = _edges(grid.columns.to_numpy(float)), _edges(grid.index.to_numpy(float))
    step = _step(grid, target)
    cells: list[dict[str, Any]] = []
    for j, row in enumerate(grid.to_numpy(float)):
        start = 0
        fills = [_fill(v - target, step) for v in row]
        for i in range(1, len(fills) + 1):
            if i == len(fills) or fills[i] != fills[start]:
                cells.append({"x": x_edges[start], "x2": x_edges[i], "y": y_edges[j], "y2": y_edges[j + 1], "fill": fills[start]})
                start = i
    return cells, x_edges, y_edges


def _clipped(frontier: pd.DataFrame, names: tuple[str, str], x_edges: np.ndarray, y_edges: np.ndarray) -> list[dict[str, Any]]:
    """The part of the tipping line on the map, cut at its border."""
    pairs = frontier[list(names)].dropna().sort_values(list(names)).to_numpy(float)
    logs = np.log(pairs[(pairs > 0).all(axis=1)])
    low, high = np.log([x_edges[0], y_edges[0]]), np.log([x_edges[-1], y_edges[-1]])
    inside = []
    for a, b in zip(logs[:-1], logs[1:], strict=True):
        parts = a + np.linspace(0, 1, 21)[:, None] * (b - a)
        inside += [tuple(p) for p in parts if (p >= low - 1e-9).all() and (p <= high + 1e-9).all()]
    kept = inside[:: max(1, len(inside) // 150)] + inside[-1:]
    return [{"x": math.exp(u), "y": math.exp(v), "order": k} for k, (u, v) in enumerate(dict.fromkeys(kept))]


def _written(grid: pd.DataFrame, target: float, unit: str, lang: str, *, across: int, factor: int) -> list[dict[str, Any]]:
    """Values written on the map at evenly spaced places, in a colour that can be read there."""
    step, rows = _step(grid, target), []
    dark = np.vectorize(lambda v: _fill(v - target, step) in DARK_FILLS)(grid.to_numpy(float))
    xs, ys = np.log(grid.columns.to_numpy(float)), np.log(grid.index.to_numpy(float))
    for u in xs[0] + (np.arange(across) + 0.5) / across * (xs[-1] - xs[0]):
        for v in ys[0] + (np.arange(5) + 0.5) / 5 * (ys[-1] - ys[0]):
            i, j = int(np.abs(xs - u).argmin()), int(np.abs(ys - v).argmin())
            around = dark[max(j - 1, 0):j + 2, max(i - 2, 0):i + 3]
            if around.any() != around.all():  # ink that reads on one colour is lost on the other
                continue
            number = float(grid.iat[j, i])
            place = Estimate(estimand="row", kind="count", unit=unit, value=number)
            ink = PAPER if dark[j, i] else INK
            text = numbers.tick(number, unit, lang, step=1 / factor) if unit in ("points", "share", "pp") else numbers.value(place, lang)
            rows.append({"x": float(np.exp(xs[i])), "y": float(np.exp(ys[j])), "text": text, "ink": ink})
    return rows


@dataclass(frozen=True)
class _Map:
    cells: list[dict[str, Any]]
    texts: list[dict[str, Any]]
    line: list[dict[str, Any]]
    x_edges: np.ndarray
    y_edges: np.ndarray
    narrow: bool

    @property
    def width(self) -> float:
        return (NARROW if self.narrow else WIDE) - 46

    @property
    def height(self) -> float:
        return 330 if self.narrow else 420

    def px(self, x: float, y: float) -> tuple[float, float]:
        across, up = (math.log(v / e[0]) / math.log(e[-1] / e[0]) for v, e in ((x, self.x_edges), (y, self.y_edges)))
        return self.width * across, self.height * (1 - up)

    def x(self, field: str) -> alt.X:
        return alt.X(f"{field}:Q", title=None, scale=alt.Scale(type="log", base=2, domain=[self.x_edges[0], self.x_edges[-1]], nice=False),
                     axis=self._axis(self.x_edges))

    def y(self, field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title=None, scale=alt.Scale(type="log", base=2, domain=[self.y_edges[0], self.y_edges[-1]], nice=False),
                     axis=self._axis(self.y_edges))

    def _axis(self, edges: np.ndarray) -> alt.Axis:
        low, high = math.ceil(math.log2(edges[0]) - 1e-9), math.floor(math.log2(edges[-1]) + 1e-9)
        every = math.ceil((high - low + 1) / 5)
        powers = [p for p in range(low, high + 1) if p % every == 0] or [0]
        form = " : ".join(f"datum.value == {2.0**p:g} ? '{f'{2**p}×' if p >= 0 else f'1/{2**-p}×'}'" for p in powers) + " : ''"
        return alt.Axis(values=[2.0**p for p in powers], labelExpr=form, grid=False, labelOverlap=False)

    def draw(self, words: str, point: TiltPoint | None, axes: tuple[Text, Text], lang: str) -> alt.TopLevelMixin:
        base = alt.Chart(pd.DataFrame(self.cells))
        paint = {"fill": alt.Fill("fill:N", scale=None, legend=None), "stroke": alt.Stroke("fill:N", scale=None, legend=None)}
        layers = [base.mark_rect(strokeWidth=0.75).encode(x=self.x("x"), x2=alt.X2("x2:Q"), y=self.y("y"), y2=alt.Y2("y2:Q"), **paint)]
        spots, dots = self._dots(point, lang)
        ends = [(x, point.times_promoter) for x in point.detractor or ()] if point else []
        ends += [(point.times_detractor, y) for y in point.promoter or ()] if point else []
        spot = self._line_label(words, [self.px(x, y) for x, y in [*spots, *ends]])
        hidden = [(spot[0], spot[1], drawing.pixels(words))] if spot else []
        free = [r for r in self.texts if self._free(r, spots, hidden)]
        if free:
            layers.append(alt.Chart(pd.DataFrame(free)).mark_text(fontSize=12).encode(
                x=self.x("x"), y=self.y("y"), text=alt.Text("text:N"), color=alt.Color("ink:N", scale=None, legend=None)))
        layers += self._tipping(words, spot) + dots
        under = placement.wrap(axes[0][lang], self.width, most=2)
        layers += [placement.words(axes[1][lang], x=-38, y=-14, colour=INK_2),
                   placement.words(under, x=alt.XValue(alt.expr("width")), y=alt.YValue(alt.expr("height + 34")), colour=INK_2, align="right",
                                   baseline="top", lineBreak="\n", lineHeight=16)]
        return alt.layer(*layers, height=self.height + 30 + 50 + 16 * (1 + under.count("\n")))

    def _free(self, row: dict[str, Any], spots: list[tuple[float, float]], hidden: list[tuple[float, float, float]]) -> bool:
        """Whether a written value stands clear of the line, of the points with their labels, and of the map's border."""
        x, y = self.px(row["x"], row["y"])
        near = any(abs(x - a) < 24 and abs(y - b) < 11 for a, b in (self.px(p["x"], p["y"]) for p in self.line))
        at_point = any(-24 < x - a < 190 and abs(y - b) < 22 or abs(x - a) < 26 and abs(y - b) < 30 for a, b in (self.px(*s) for s in spots))
        at_words = any(a - 24 < x < a + wide + 24 and abs(y - b) < 18 for a, b, wide in hidden)
        return not (near or at_point or at_words) and 20 < x < self.width - 20 and 10 < y < self.height - 10

    def _line_label(self, words: str, points: list[tuple[float, float]]) -> tuple[float, float] | None:
        """Left end and middle of the words: close to the tipping line, clear of it and of the points with their labels, as far right as may be."""
        wide = drawing.pixels(words)
        drawn = [self.px(p["x"], p["y"]) for p in self.line]
        found: list[tuple[float, float, float]] = []
        for a, b in drawn:
            for left, y in ((a + 12, b + 14), (a - 12 - wide, b - 14), (a + 12, b - 14), (a - 12 - wide, b + 14)):
                if left < 4 or left + wide > self.width - 4 or not 14 < y < self.height - 14:
                    continue
                clear = min([abs(d - y) for c, d in drawn if left - 6 <= c <= left + wide + 6] + [40.0])
                away = min([abs(d - y) for c, d in points if left - 170 <= c <= left + wide + 60] + [40.0])
                found.append((min(clear, 11.0) + min(away / 3, 12.0), left, y))
        return max(found)[1:] if found else None

    def _tipping(self, words: str, spot: tuple[float, float] | None) -> list[alt.Chart]:
        if not self.line:
            return []
        base = alt.Chart(pd.DataFrame(self.line))
        layers = [base.mark_line(color=color, strokeWidth=wide).encode(x=self.x("x"), y=self.y("y"), order=alt.Order("order:Q"))
                  for color, wide in ((PAPER, 5), (INK, 2.5))]
        return layers + (self._plate(words, spot, (0.0, 0.0), weight=600) if spot else [])

    def _plate(self, words: str, at: tuple[float, float], off: tuple[float, float], *, weight: int = 400) -> list[alt.Chart]:
        """Words with a rim of paper at a place of the map (px of a map this wide), `off` px beside it."""
        place = {"x": alt.XValue(alt.expr(f"width * {at[0] / self.width:.4f} + {off[0]:.1f}")),
                 "y": alt.YValue(alt.expr(f"height * {at[1] / self.height:.4f} + {off[1]:.1f}"))}
        return [placement.words(words, **place, baseline="middle", fontWeight=weight, fontSize=13, **style)
                for style in ({"colour": PAPER, "stroke": PAPER, "strokeWidth": 5, "strokeJoin": "round"}, {"colour": INK})]

    def _dots(self, point: TiltPoint | None, lang: str) -> tuple[list[tuple[float, float]], list[alt.Chart]]:
        """The point of those who answered and of the follow-up, each with its name; the follow-up on its intervals."""
        spots: list[tuple[float, float]] = []
        layers = self._cross(point) if point else []
        hollow, full = {"fill": PAPER, "stroke": INK, "strokeWidth": 2}, {"fill": INK, "stroke": PAPER, "strokeWidth": 2}
        marked = [((1.0, 1.0), AS_ANSWERED, hollow)]
        if point:
            marked.append(((point.times_detractor, point.times_promoter), point.label, full))
        for at, name, look in marked:
            if not (self.x_edges[0] <= at[0] <= self.x_edges[-1] and self.y_edges[0] <= at[1] <= self.y_edges[-1]):
                continue
            spots.append(at)
            layers.append(alt.Chart(pd.DataFrame([{"x": at[0], "y": at[1]}])).mark_point(size=130, opacity=1, **look).encode(
                x=self.x("x"), y=self.y("y")))
            a, b = self.px(*at)
            wide = drawing.pixels(name[lang])
            left = 10 if a + 14 + wide < self.width else max(-10.0 - wide, 4 - a)
            below = look is full and b + 24 < self.height
            layers += self._plate(name[lang], (a, b), (left, 16 if below or b < 24 else -16))
        return spots, layers

    def _cross(self, point: TiltPoint) -> list[alt.Chart]:
        layers = []
        clip = [(e[0], e[-1]) for e in (self.x_edges, self.y_edges)]
        for ends, across, (low, high) in ((point.detractor, True, clip[0]), (point.promoter, False, clip[1])):
            if ends is None:
                continue
            row = pd.DataFrame([{"a": max(ends[0], low), "b": min(ends[1], high), "x": point.times_detractor, "y": point.times_promoter}])
            place = {"x": self.x("a"), "x2": alt.X2("b:Q"), "y": self.y("y")} if across else {"y": self.y("a"), "y2": alt.Y2("b:Q"), "x": self.x("x")}
            layers += [alt.Chart(row).mark_rule(color=color, strokeWidth=wide).encode(**place) for color, wide in ((PAPER, 6), (INK, 2.5))]
        return layers
