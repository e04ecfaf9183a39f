"""How strong a hidden factor would have to be: a map over what it explains of the exposure and of the outcome, with the line of no effect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.reporting.charts import drawing, placement
from voclib.reporting.charts.placement import Key
from voclib.reporting.charts.tilt import DARK_FILLS
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import DIVERGING, INK, INK_2, PAPER
from voclib.results import Text

WORDS = {"x": Text("隐藏因素解释“谁遇到问题”的比例（偏 R²）", "Share of exposure explained by a hidden factor (partial R²)"),
         "y": Text("它解释结果的比例（偏 R²）", "Share of the outcome it explains (partial R²)"),
         "zero": Text("效应归零", "Effect is zero"), "end": Text("区间碰到零", "Interval reaches zero"), "now": Text("现在的估计", "As estimated")}
MOST = 2500  # pairs of strengths
HEIGHTS = 61  # places up the map at which the border of a colour is taken


def robustness(contour: pd.DataFrame, *, x: str, y: str, value: str, points: pd.DataFrame, label: str, title: Text, subtitle: Text,
               description: Text, end: str | None = None, unit: str = "cny", labels: Mapping[Any, Text] | None = None,
               words: Mapping[str, Text] | None = None, note: Text | None = None) -> Pair:
    """The adjusted effect over the strength of a factor nobody measured: what it explains of the exposure (`x`) and of the outcome (`y`).

    `contour` is a full grid of partial R² (0–1) with the effect that would be left (`value`); the line where it reaches zero is drawn in ink, and
    dashed the line where `end`, the end of its interval nearer to zero, does. `points` holds factors of known strength in columns of the same
    names (an empty frame where there are none), each named by `label` or through `labels`, such as "as strong as past spend". `words` replaces
    the words of `x`, `y` (titles of the axes), `zero`, `end` and `now`. Cinelli and Hazlett 2020, JRSS B 82.

    Raises
    ------
    DataError
        for a missing column, a missing number, a partial R² outside 0 to 1, a grid that is not full or has over 2,500 pairs, or
        an effect that turns back as the factor grows stronger.
    ParameterError
        if `words` names other words.
    """
    told = drawing.said(words, WORDS, chart="robustness")
    drawing.complete(contour, x, y, value, *([end] if end else []), chart="robustness")
    if len(points):
        drawing.complete(points, x, y, chart="robustness (points)")
        drawing.columns(points, label, chart="robustness (points)")
    for frame in (contour, points):
        if len(frame) and ((frame[[x, y]] < 0) | (frame[[x, y]] > 1)).any(axis=None):
            raise DataError(f"robustness: '{x}' and '{y}' are partial R², shares from 0 to 1.")
    if len(contour) > MOST:
        raise DataError(f"robustness: the map takes {MOST:,} pairs of strengths (50 × 50); there are {len(contour):,}.")
    grid = contour.pivot_table(index=y, columns=x, values=value, aggfunc="mean")
    if grid.isna().any(axis=None) or min(grid.shape) < 3 or grid.size != len(contour):
        raise DataError(f"robustness: the contour is a full grid of at least 3 × 3 pairs, each once; there are {len(contour)} rows for a grid of "
                        f"{grid.shape[1]} × {grid.shape[0]}.")
    if not _one_way(grid.to_numpy(float)):
        raise DataError(f"robustness: along '{x}' the effect moves one way as the factor grows stronger; in this contour it turns back.")
    factor = 100 if unit in ("share", "pp") else 1
    second = contour.pivot_table(index=y, columns=x, values=end) if end else None
    lines = {"zero": crossings(grid)} | ({"end": crossings(second)} if second is not None else {})
    marked = [{"x": float(a), "y": float(b), "id": g} for a, b, g in zip(points[x], points[y], points[label], strict=True)] if len(points) else []

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        named = [p | {"g": drawing.label(p["id"], labels, lang)} for p in marked]
        return _Map(grid * factor, lines, named, {k: t[lang] for k, t in told.items()}, unit, lang, narrow).draw()

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _one_way(z: np.ndarray) -> bool:
    """Whether every row of a grid rises, or every row falls, up to what rounding leaves."""
    moves, slack = np.diff(z, axis=1), 1e-9 * np.abs(z).max()
    return bool((moves >= -slack).all() or (moves <= slack).all())


def crossings(grid: pd.DataFrame) -> list[dict[str, float]]:
    """Pieces of the line on which a grid (rows `y`, columns `x`) is zero, straight within each cell (marching squares)."""
    xs, ys, z = grid.columns.to_numpy(float), grid.index.to_numpy(float), grid.to_numpy(float)
    pieces = []
    for j in range(len(ys) - 1):
        for i in range(len(xs) - 1):
            corners = [(xs[i + a], ys[j + b], z[j + b, i + a]) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))]
            cuts = []
            for (a, b, u), (c, d, v) in zip(corners, corners[1:] + corners[:1], strict=True):
                if (u < 0) != (v < 0):
                    part = u / (u - v)
                    cuts.append((float(a + part * (c - a)), float(b + part * (d - b))))
            pieces += [{"x": p[0], "y": p[1], "x2": q[0], "y2": q[1]} for p, q in zip(cuts[::2], cuts[1::2], strict=False)]
    return pieces


@dataclass(frozen=True)
class _Map:
    grid: pd.DataFrame
    lines: Mapping[str, list[dict[str, float]]]
    points: list[dict[str, Any]]
    words: Mapping[str, str]
    unit: str
    lang: str
    narrow: bool

    @property
    def width(self) -> float:
        """Px of the map on the smallest screen that draws it, where names are closest to each other."""
        return (NARROW - 22 if self.narrow else WIDE) - 50

    @property
    def height(self) -> float:
        return 330 if self.narrow else 400

    @property
    def ends(self) -> tuple[list[float], list[float]]:
        """Both axes in per cent, with the points on the map."""
        return tuple([100 * min(float(at[0]), *(p[name] for p in self.points), 1.0), 100 * float(at[-1])]
                     for name, at in (("x", self.grid.columns), ("y", self.grid.index)))

    def px(self, x: float, y: float) -> tuple[float, float]:
        across, up = (100 * v for v in (x, y))
        (a, b), (c, d) = self.ends
        return self.width * (across - a) / (b - a), self.height * (1 - (up - c) / (d - c))

    def x(self, field: str) -> alt.X:
        return drawing.x(field, self.ends[0], self._axis(self.ends[0]))

    def y(self, field: str) -> alt.Y:
        return drawing.y(field, self.ends[1], self._axis(self.ends[1]))

    def _axis(self, ends: list[float]) -> alt.Axis:
        return drawing.axis(drawing.inside(*ends), "share", grid=False)

    @property
    def step(self) -> float:
        """Width of a colour: a round number, so that seven colours span the map."""
        most = max(float(self.grid.abs().to_numpy().max()), 1e-9) / 3.5
        power = 10.0 ** math.floor(math.log10(most))
        return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= most * (1 - 1e-9))

    def fill(self, value: float) -> str:
        """The colour of a value; grey in the middle is zero."""
        return DIVERGING[3 + max(-3, min(3, math.floor(abs(value) / self.step + 0.5) * (1 if value > 0 else -1)))]

    def at(self, x: float, y: float) -> float:
        """The effect at a pair of strengths, straight between the pairs of the grid."""
        rows = [np.interp(x, self.grid.columns.to_numpy(float), row) for row in self.grid.to_numpy(float)]
        return float(np.interp(y, self.grid.index.to_numpy(float), rows))

    def _said(self, x: float, y: float) -> str:
        return drawing.number(self.at(x, y) / (100 if self.unit in ("share", "pp") else 1), self.unit, self.lang)

    def draw(self) -> alt.TopLevelMixin:
        layers = self._colours()
        samples = [self.px(p["x"] + k / 4 * (p["x2"] - p["x"]), p["y"] + k / 4 * (p["y2"] - p["y"]))
                   for pieces in self.lines.values() for p in pieces for k in range(4)]
        for name, pieces in self.lines.items():
            if pieces:
                base = alt.Chart(pd.DataFrame([{k: 100 * v for k, v in p.items()} for p in pieces]))
                dash = {} if name == "zero" else {"strokeDash": [5, 3]}
                layers += [base.mark_rule(color=ink, strokeWidth=wide, strokeCap="round", **(dash if ink == INK else {})).encode(
                    x=self.x("x"), x2=alt.X2("x2:Q"), y=self.y("y"), y2=alt.Y2("y2:Q"))
                    for ink, wide in ((PAPER, 5), (INK, 2.5 if name == "zero" else 1.75))]
        names = self._names(samples)
        layers += self._values(samples, names) + self._dots() + self._written(names)
        under, over = placement.fold(self.words["x"], self.width, most=2), placement.fold(self.words["y"], self.width + 36, most=2)
        layers += [placement.words(line, x=alt.XValue(alt.expr("width")), y=alt.YValue(alt.expr(f"height + {34 + 16 * k}")), colour=INK_2,
                                   align="right", baseline="top") for k, line in enumerate(under)]
        layers += [placement.words(line, x=-38, y=-14 - 16 * (len(over) - 1 - k), colour=INK_2) for k, line in enumerate(over)]
        ring = Key("ring", f"{self.words['now']} {self._said(float(self.grid.columns[0]), float(self.grid.index[0]))}", INK)
        key, above = placement.key([ring], width=self.width, above=16 * len(over) + 4)  # in the corner, beside the lines, its name has no room
        return alt.layer(*layers, *key, height=self.height + 52 + 16 * (len(under) + len(over)) + above)

    def _colours(self) -> list[alt.Chart]:
        """Areas of one colour, each from its border to the right edge of the map, the next one over it."""
        columns, index = self.grid.columns.to_numpy(float), self.grid.index.to_numpy(float)
        sign = 1 if self.grid.iat[-1, -1] >= self.grid.iat[-1, 0] else -1
        layers = []
        for k in range(-3, 4):
            border = -math.inf if k == -3 else (k - 0.5) * self.step  # where this colour begins, coming from the left
            heights = _heights(index, sign * self.grid.to_numpy(float)[:, [0, -1]], border)
            rows = sign * np.array([np.interp(heights, index, column) for column in self.grid.to_numpy(float).T]).T
            starts = [columns[0] if row[0] >= border else columns[-1] if row[-1] < border else float(np.interp(border, row, columns)) for row in rows]
            if min(starts) < columns[-1]:
                area = pd.DataFrame([{"x": 100 * a, "x2": 100 * columns[-1], "y": 100 * h} for a, h in zip(starts, heights, strict=True)])
                layers.append(alt.Chart(area).mark_area(orient="horizontal", color=DIVERGING[3 + sign * k], opacity=1, line=False).encode(
                    x=self.x("x"), x2=alt.X2("x2:Q"), y=self.y("y")))
        return layers

    def _dots(self) -> list[alt.Chart]:
        first = pd.DataFrame([{"x": 100 * float(self.grid.columns[0]), "y": 100 * float(self.grid.index[0])}])
        layers = [alt.Chart(first).mark_point(size=120, fill=PAPER, stroke=INK, strokeWidth=2, opacity=1).encode(x=self.x("x"), y=self.y("y"))]
        if self.points:
            placed = pd.DataFrame([{"x": 100 * p["x"], "y": 100 * p["y"]} for p in self.points])
            layers.append(alt.Chart(placed).mark_point(size=130, shape="diamond", fill=INK, stroke=PAPER, strokeWidth=1.5, opacity=1).encode(
                x=self.x("x"), y=self.y("y")))
        return layers

    def _names(self, samples: list[tuple[float, float]]) -> list[_Name]:
        """Every name where it stands: of the known factors and of the lines, in the order that hides least."""
        now, size = self.px(float(self.grid.columns[0]), float(self.grid.index[0])), (self.width, self.height)
        marked = [(self.px(p["x"], p["y"]), placement.fold(p["g"], 0.5 * self.width)) for p in self.points]
        dots = np.array([_around(at, 6) for at in (now, *(at for at, _ in marked), *samples)])
        tries, known = [], [([at], lines) for at, lines in marked]
        for parts in ((known, self._along()), (self._along(), known)):
            found: list[_Name] = []
            for places, lines in (one for part in parts for one in part):
                tried = [_beside(at, lines, [n.box for n in found], dots, size) for at in places]
                found.append(replace(min(tried, key=lambda n: n.cost), bold=len(places) > 1))
            tries.append(found)
        return min(tries, key=lambda found: sum(n.cost for n in found))

    def _along(self) -> list[tuple[list[tuple[float, float]], list[str]]]:
        """For each line that is on the map, places along it from its middle outwards, and its name."""
        result = []
        for name, pieces in self.lines.items():
            along = [self.px(p["x"], p["y"]) for p in sorted(pieces, key=lambda p: (p["x"], -p["y"]))]
            if along:
                result.append(([along[int(part * (len(along) - 1))] for part in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9)], [self.words[name]]))
        return result

    def _written(self, names: list[_Name]) -> list[alt.Chart]:
        layers = []
        for n in names:
            for k, line in enumerate(n.lines):
                place = {"x": alt.XValue(alt.expr(f"width * {n.at[0] / self.width:.4f} + {n.box[0] - n.at[0]:.1f}")),
                         "y": alt.YValue(alt.expr(f"height * {n.at[1] / self.height:.4f} + {n.box[1] + 9 + 16 * k - n.at[1]:.1f}"))}
                layers += [placement.words(line, **place, baseline="middle", fontSize=13, fontWeight=600 if n.bold else 400, **look)
                           for look in ({"colour": PAPER, "stroke": PAPER, "strokeWidth": 5, "strokeJoin": "round"}, {"colour": INK})]
        return layers

    def _values(self, samples: list[tuple[float, float]], names: list[_Name]) -> list[alt.Chart]:
        """The effect written on the map at even places that are clear of lines, points and names, in a colour that can be read there."""
        boxes = [n.box for n in names] + [_around(at, 6) for at in (*samples, *(self.px(p["x"], p["y"]) for p in self.points))]
        (a, b), (c, d) = self.ends
        rows = []
        for i in range(3 if self.narrow else 6):
            for j in range(5):
                x, y = (a + (b - a) * (i + 0.5) / (3 if self.narrow else 6)) / 100, (c + (d - c) * (j + 0.5) / 5) / 100
                near = {self.fill(self.at(x + u * (b - a) / 2500, y + v * (d - c) / 2500)) in DARK_FILLS for u in (-1, 0, 1) for v in (-1, 0, 1)}
                text = self._said(x, y)
                (left, top), half = self.px(x, y), drawing.pixels(text) / 2 + 4
                box = (left - half, top - 10, left + half, top + 10)
                if len(near) == 1 and _free(box, boxes):
                    rows.append({"x": 100 * x, "y": 100 * y, "text": text, "ink": PAPER if near == {True} else INK})
        return [alt.Chart(pd.DataFrame(rows)).mark_text(fontSize=12, baseline="middle").encode(
            x=self.x("x"), y=self.y("y"), text=alt.Text("text:N"), color=alt.Color("ink:N", scale=None, legend=None))] if rows else []


def _heights(index: np.ndarray, sides: np.ndarray, border: float) -> np.ndarray:
    """Places up the map, among them those where a border meets its left and right side (the two columns of `sides`)."""
    meets = [index[j] + (border - a) / (b - a) * (index[j + 1] - index[j]) for side in sides.T
             for j, (a, b) in enumerate(zip(side, side[1:], strict=False)) if (a < border) != (b < border)]
    return np.unique(np.concatenate([np.linspace(index[0], index[-1], HEIGHTS), meets]))


Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Name:
    """A name beside its place: lines of words, the box they fill in px, and what is lost by it standing there."""

    at: tuple[float, float]
    lines: list[str]
    box: Box
    cost: float
    bold: bool = False


def _around(at: tuple[float, float], reach: float) -> Box:
    return at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach


def _free(box: Box, others: list[Box]) -> bool:
    return all(box[2] <= o[0] or o[2] <= box[0] or box[3] <= o[1] or o[3] <= box[1] for o in others)


def _beside(at: tuple[float, float], lines: list[str], names: list[Box], dots: np.ndarray, size: tuple[float, float]) -> _Name:
    """The place around a point that is close to it and hides no mark and, above all, no other name."""
    wide, tall = max(map(drawing.pixels, lines)) + 4, 16 * len(lines) + 2
    found = []
    for up in (0, *(side * (tall / 2 + 10 + 12 * k) for k in range(9) for side in (-1, 1))):
        for left in (at[0] + 11, at[0] - 11 - wide, *((at[0] - wide / 2,) if up else ())):
            inside = min(max(left, 3.0), size[0] - wide - 3)
            top = at[1] - tall / 2 + up
            if 2 <= top <= size[1] - tall - 2 and (up or inside == left):
                box = (inside, top, inside + wide, top + tall)
                found.append(_Name(at, lines, box, abs(up)))
    boxes = np.array([n.box for n in found])
    hidden = 1000 * _met(boxes, names) + 60 * _met(boxes, dots)
    return min((replace(n, cost=float(n.cost + h)) for n, h in zip(found, hidden, strict=True)), key=lambda n: n.cost)


def _met(boxes: np.ndarray, others: list[Box] | np.ndarray) -> np.ndarray:
    """How many of the others each box overlaps."""
    a, b = boxes[:, None], np.reshape(others, (-1, 4))[None]
    return ((a[..., 2] > b[..., 0]) & (b[..., 2] > a[..., 0]) & (a[..., 3] > b[..., 1]) & (b[..., 3] > a[..., 1])).sum(axis=1)
