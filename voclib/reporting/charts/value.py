"""What a project is worth: which input moves the result most, and how likely it is to pay."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from voclib import numbers
from voclib.errors import DataError, ParameterError
from voclib.reporting.charts import drawing, lane_drawing, placement
from voclib.reporting.charts.placement import Key
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import ACCENT, BAND, INK, INK_2, INK_3, LINE_2, NAIVE, NAIVE_BAND, PAPER, SEQUENTIAL
from voclib.results import Estimate, Text

ENDS = (Text("低", "low"), Text("高", "high"))
LOW_FILL, HIGH_FILL = SEQUENTIAL[1], SEQUENTIAL[3]
WORDS = {"gain": Text("的可能赚钱", "chance of a gain"), "loss": Text("的可能亏钱", "chance of a loss"),
         "no_effect": Text("的可能没有效果", "chance of no effect"), "lost": Text("的可能亏钱：没有效果", "chance of a loss: no effect"),
         "break_even": Text("盈亏平衡", "Break-even")}
MOST_POINTS = 1000
FOOT = 46  # px under the density that hold its interval


def _sums(unit: str, chart: str) -> None:
    if unit in ("share", "pp"):
        raise ParameterError(f"{chart}: the result is a sum such as net present value (unit='cny'), not a share; there is unit='{unit}'.")


def tornado(frame: pd.DataFrame, *, label: str, low: str, high: str, base: float, title: Text, subtitle: Text, description: Text, unit: str = "cny",
            low_text: str | None = None, high_text: str | None = None, labels: Mapping[Any, Text] | None = None, note: Text | None = None) -> Pair:
    """The result at the low and at the high end of each input, one bar an input around the `base` result, the widest first.

    `low_text` and `high_text` are columns of `Text`: which value of the input stands at that end (low and high without them). An input
    that works against the result has its high end on the left. A bar is a range of scenarios, so it carries no dot.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a missing number, a base that is no number, or an end that is no `Text`.
    ParameterError
        if the unit is a share.
    """
    _sums(unit, "tornado")
    drawing.complete(frame, low, high, chart="tornado")
    drawing.columns(frame, label, *(c for c in (low_text, high_text) if c), chart="tornado")
    if not math.isfinite(base):
        raise DataError(f"tornado: base is the result with every input at its expected value, a finite number; it is {base}.")
    inputs = [{"id": g, "low": float(a), "high": float(b), "ends": (_end(frame, low_text, k, 0), _end(frame, high_text, k, 1))}
              for k, (g, a, b) in enumerate(zip(frame[label], frame[low], frame[high], strict=True))]
    inputs.sort(key=lambda r: -abs(r["high"] - r["low"]))

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return _tornado(inputs, base, labels, unit=unit, lang=lang, narrow=narrow)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _end(frame: pd.DataFrame, column: str | None, row: int, end: int) -> Text:
    found = frame[column].iloc[row] if column else ENDS[end]
    if not isinstance(found, Text):
        raise DataError(f"tornado: '{column}' holds a Text a row, such as Text('8%', '8%'); row {row} has {found!r}.")
    return found


def _tornado(inputs: list[dict[str, Any]], base: float, labels: Mapping[Any, Text] | None, *, unit: str, lang: str,
             narrow: bool) -> alt.TopLevelMixin:
    rows = []
    for r in inputs:
        left, right = (0, 1) if r["low"] <= r["high"] else (1, 0)
        span = Estimate(estimand="row", kind="bounds", unit=unit, bound_low=min(r["low"], r["high"]), bound_high=max(r["low"], r["high"]))
        rows.append({"g": drawing.label(r["id"], labels, lang), "main": numbers.interval(span, lang), "small": "", "low": r["low"], "high": r["high"],
                     "left": min(span.bound_low, base), "right": max(span.bound_high, base),  # words stand beside the bar, never on it
                     "left_text": r["ends"][left][lang], "right_text": r["ends"][right][lang]})
    span = drawing.scale([*rows, {"value": base}], zero=True)
    lanes = lane_drawing.lay(rows, span=span, unit=unit, lang=lang, narrow=narrow)
    lanes = lane_drawing.lay(rows, span=_roomy(rows, span, lanes.width), unit=unit, lang=lang, narrow=narrow, exact=True)
    kept = pd.DataFrame(lanes.rows)[["left", "right", "left_text", "right_text", "mid"]]
    bars = []
    by_reach = [sorted(("low", "high"), key=lambda end, r=r: -abs(r[end] - base)) for r in lanes.rows]
    for k in (0, 1):  # where both ends lie on one side of the base, the nearer one is drawn over the farther
        parts = [{"from": base, "to": r[ends[k]], "mid": r["mid"], "fill": LOW_FILL if ends[k] == "low" else HIGH_FILL}
                 for r, ends in zip(lanes.rows, by_reach, strict=True)]
        bars.append(alt.Chart(pd.DataFrame(parts)).mark_bar(orient="horizontal", size=20).encode(
            x=lanes.x("from"), x2=alt.X2("to:Q"), y=lanes.y(), color=alt.Color("fill:N", scale=None, legend=None)))
    words = [alt.Chart(kept).mark_text(align=align, dx=dx, fontSize=12, baseline="middle", **look).encode(
        x=lanes.x(side), y=lanes.y(), text=alt.Text(f"{side}_text:N")) for side, align, dx in (("left", "right", -6), ("right", "left", 6))
        for look in (lane_drawing.RIM, {"color": INK_2})]
    zh = lang == "zh"
    rule = alt.Chart(pd.DataFrame([{"at": base}])).mark_rule(color=INK_3, strokeWidth=1.5, strokeDash=[4, 3]).encode(x=lanes.x("at"))
    keys = (Key("band", "输入取低值时" if zh else "Input at its low end", LOW_FILL),
            Key("band", "取高值时" if zh else "at its high end", HIGH_FILL))
    return lanes.draw(bars, [rule, *words, *_over(f"{'预计' if zh else 'Expected'} {drawing.number(base, unit, lang)}", base, lanes)], keys, over=20)


def _roomy(rows: list[dict[str, Any]], span: tuple[float, float], width: float) -> tuple[float, float]:
    """The span with room beside each bar for the words at its ends."""
    low, high = span
    for _ in range(3):
        scale = (high - low) / width
        low = min(span[0], *(r["left"] - scale * (drawing.pixels(r["left_text"]) + 10) for r in rows))
        high = max(span[1], *(r["right"] + scale * (drawing.pixels(r["right_text"]) + 10) for r in rows))
    return low, high


def _over(words: str, at: float, lanes: lane_drawing.Lanes) -> list[alt.Chart]:
    """Words over the plot beside a value, inside its width."""
    half, middle = drawing.pixels(words) / 2, lanes.px(at)
    align = "left" if middle - half < 0 else "right" if middle + half > lanes.width else "center"
    return [alt.Chart(pd.DataFrame([{"at": at}])).mark_text(align=align, baseline="middle", fontSize=13, fontWeight=600, color=INK).encode(
        x=lanes.x("at"), y=alt.YValue(-8), text=alt.TextValue(words))]


def density(frame: pd.DataFrame, *, value: str, density: str, title: Text, subtitle: Text, description: Text, unit: str = "cny",
            positive: float | None = None, interval: tuple[float, float, float] | None = None, no_effect: tuple[float, float] | None = None,
            break_even: Text | None = None, labels: Mapping[str, Text] | None = None, note: Text | None = None) -> Pair:
    """How the result is spread: in accent above zero, in grey below, with the chance of a gain in words and the zero line as break-even.

    `value` and `density` are columns of the curve, any order. `positive` is P(result > 0), from 0 to 1; without it the share of the area above
    zero. `interval` is (low, middle, high), drawn under the curve. `no_effect` is (result, chance) where part of the chance lies on one
    result, as with a prior that the programme does nothing; the curve holds the rest. `break_even` says what it takes to reach zero. `labels`
    replaces the words of `gain`, `loss`, `no_effect`, `lost` (a loss that is all of no effect: one label) and `break_even`.

    Raises
    ------
    DataError
        for a missing column, fewer than three or more than 1,000 rows, a negative density, a chance outside 0 to 1, or ends in the wrong order.
    ParameterError
        if the unit is a share, or `labels` names other words.
    """
    _sums(unit, "density")
    words = drawing.said(labels, WORDS, chart="density")
    drawing.complete(frame, value, density, chart="density")
    curve = frame[[value, density]].astype(float).sort_values(value).to_numpy()
    if not 3 <= len(curve) <= MOST_POINTS or (curve[:, 1] < 0).any() or not curve[:, 1].any():
        raise DataError(f"density: a curve has 3 to {MOST_POINTS:,} points and no negative density; there are {len(curve)} rows, "
                        f"the least density is {curve[:, 1].min():g}.")
    for name, share in (("positive", positive), ("no_effect", no_effect[1] if no_effect else None)):
        if share is not None and not 0 <= share <= 1:
            raise DataError(f"density: the chance in {name}= lies from 0 to 1; it is {share:g}.")
    if interval and not interval[0] <= interval[1] <= interval[2]:
        raise DataError(f"density: interval= is (low, middle, high) in rising order; it is {interval}.")

    gain = _above(curve, no_effect) if positive is None else positive

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return _Density(_sides(curve), gain, interval, no_effect, break_even, {k: t[lang] for k, t in words.items()}, unit, lang, narrow).draw()

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _above(curve: np.ndarray, no_effect: tuple[float, float] | None) -> float:
    """Share of the area above zero, and of what lies on the one result of no effect."""
    below, above = (np.array([(r["value"], r["density"]) for r in rows]).reshape(-1, 2) for rows in _sides(curve))
    areas = [float(np.trapezoid(part[:, 1], part[:, 0])) if len(part) > 1 else 0.0 for part in (below, above)]
    at, chance = no_effect or (0.0, 0.0)
    return (1 - chance) * areas[1] / sum(areas) + chance * (at > 0)


def _sides(curve: np.ndarray) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """The curve up to zero and from zero on, with the point at zero in both."""
    points = [{"value": float(v), "density": float(d)} for v, d in curve]
    if curve[0, 0] < 0 < curve[-1, 0]:
        points.append({"value": 0.0, "density": float(np.interp(0.0, curve[:, 0], curve[:, 1]))})
    points.sort(key=lambda r: r["value"])
    return [r for r in points if r["value"] <= 0], [r for r in points if r["value"] >= 0]


def chance(share: float, lang: str) -> str:
    """A chance in whole per cent that never claims certainty: `71%`, `>99%`, `<1%`."""
    if 0.005 <= share < 0.995:
        return numbers.tick(share, "share", lang, step=0.01)
    return ">99%" if share > 0.5 else "<1%"


@dataclass(frozen=True)
class _Density:
    sides: tuple[list[dict[str, float]], list[dict[str, float]]]
    gain: float
    interval: tuple[float, float, float] | None
    no_effect: tuple[float, float] | None
    break_even: Text | None
    words: Mapping[str, str]
    unit: str
    lang: str
    narrow: bool

    @property
    def width(self) -> float:
        return (NARROW if self.narrow else WIDE) - 24

    @property
    def peak(self) -> float:
        return max(r["density"] for side in self.sides for r in side)

    @property
    def head(self) -> int:
        return 44 + 24 * bool(self.no_effect)

    @property
    def foot(self) -> int:
        return FOOT if self.interval else 0

    @property
    def domain(self) -> tuple[float, float]:
        least = 0.002 * self.peak
        seen = [r["value"] for side in self.sides for r in side if r["density"] > least] + [0.0]
        seen += [*(self.interval or ()), *([self.no_effect[0]] if self.no_effect else [])]
        pad = 0.04 * (max(seen) - min(seen))
        return min(seen) - pad, max(seen) + pad

    def px(self, value: float) -> float:
        return self.width * (value - self.domain[0]) / (self.domain[1] - self.domain[0])

    def x(self, field: str) -> alt.X:
        low, high = self.domain
        shown = lane_drawing.fitting(drawing.inside(low, high), self.unit, self.lang, self.width)
        return drawing.x(field, [low, high], drawing.axis(shown, self.unit, self.lang, grid=False))

    def y(self, field: str) -> alt.Y:
        plot = 200 if self.narrow else 230
        scale = alt.Scale(domain=[-self.peak * self.foot / plot, self.peak * (1 + self.head / plot)], nice=False)
        return alt.Y(f"{field}:Q", title=None, axis=None, scale=scale)

    def draw(self) -> alt.TopLevelMixin:
        more = f"{'：' if self.lang == 'zh' else ': '}{self.break_even[self.lang]}" if self.break_even else ""
        over = placement.fold(self.words["break_even"] + more, self.width - 10)
        layers = []
        for side, fill in zip(self.sides, (NAIVE_BAND, ACCENT), strict=True):
            if len(side) > 1:
                layers.append(alt.Chart(pd.DataFrame([r | {"floor": 0} for r in side])).mark_area(color=fill, opacity=1).encode(
                    x=self.x("value"), y=self.y("density"), y2=alt.Y2("floor:Q")))
        floor = alt.Chart(pd.DataFrame([{"floor": 0, "zero": 0}]))
        layers += [floor.mark_rule(color=LINE_2, strokeWidth=1).encode(y=self.y("floor")), floor.mark_rule().encode(x=self.x("zero"))]
        layers += self._spike()
        layers += [*self._interval(), *self._chances()]
        for k, line in enumerate(over):
            layers += self._around(line, 0.0, -8 - 17 * (len(over) - 1 - k), bold=True)
        return alt.layer(*layers, height=(200 if self.narrow else 230) + self.head + self.foot + 34 + 17 * len(over))

    def _around(self, text: str, at: float, y: float, *, bold: bool = False, ink: str = INK, below: bool = False) -> list[alt.Chart]:
        """Words around a value, moved inside the plot; `y` px from its top, or from its foot with `below`."""
        half, middle = drawing.pixels(text) * (0.52 if bold else 0.5), self.px(at)
        shift = max(half - middle, 0) or min(self.width - half - middle, 0)
        base, place = alt.Chart(pd.DataFrame([{"at": at}])), alt.YValue(alt.expr(f"height - {y}") if below else y)
        return [base.mark_text(align="center", baseline="middle", dx=shift, fontSize=13, fontWeight=600 if bold else 400, **look).encode(
            x=self.x("at"), y=place, text=alt.TextValue(text)) for look in (lane_drawing.RIM | {"strokeWidth": 8}, {"color": ink})]

    def _spike(self) -> list[alt.Chart]:
        if not self.no_effect:
            return []
        at, share = self.no_effect
        said = [] if self._joined else self._around(f"{chance(share, self.lang)} {self.words['no_effect']}", at, self.head - 12, ink=INK_2)
        stick = alt.Chart(pd.DataFrame([{"at": at, "floor": 0, "top": self.peak}]))
        return [stick.mark_rule(color=NAIVE, strokeWidth=8).encode(x=self.x("at"), y=self.y("floor"), y2=alt.Y2("top:Q")),
                *said]

    def _interval(self) -> list[alt.Chart]:
        if not self.interval:
            return []
        low, middle, high = self.interval
        shown = Estimate(estimand="row", kind="estimate", unit=self.unit, value=middle, conf_low=low, conf_high=high)
        ends = numbers.interval(shown, self.lang)
        value, level = numbers.value(shown, self.lang), drawing.level()
        said = f"{value}（{level}：{ends}）" if self.lang == "zh" else f"{value} ({level}: {ends})"
        base = alt.Chart(pd.DataFrame([{"low": low, "value": middle, "high": high}]))
        y = alt.YValue(alt.expr(f"height - {self.foot - 16}"))
        return [base.mark_rule(color=BAND, strokeWidth=12).encode(x=self.x("low"), x2=alt.X2("high:Q"), y=y),
                *(base.mark_tick(size=18, orient="vertical").encode(x=self.x(end), y=y) for end in ("low", "high")),
                base.mark_circle(size=130, color=ACCENT, stroke=PAPER, strokeWidth=2, opacity=1).encode(x=self.x("value"), y=y),
                *self._around(said, middle, 9, ink=INK_2, below=True)]

    @property
    def _same(self) -> bool:
        """Whether a loss is nothing but no effect, as far as the chances are written."""
        return bool(self.no_effect) and self.no_effect[0] <= 0 and chance(self.no_effect[1], self.lang) == chance(1 - self.gain, self.lang)

    @property
    def _joined(self) -> bool:
        """Whether there is room left of zero to say both at once; else the label of no effect stands for both."""
        beside = self.px(0.0) + 12 + self._wide(self.gain, "gain") <= self.width
        return self._same and beside and self._wide(1 - self.gain, "lost") <= self.px(0.0) - 12

    def _wide(self, share: float, word: str) -> float:
        return 8.2 * len(chance(share, self.lang)) * 1.7 + drawing.pixels(self.words[word]) + 8

    def _chances(self) -> list[alt.Chart]:
        """The chance of a gain over the accent part, and of a loss over the grey part where there is room."""
        layers, zero, left = [], self.px(0.0), self.px(0.0) - 12
        for word, share, ink in (("gain", self.gain, ACCENT), ("lost" if self._same else "loss", 1 - self.gain, INK_3)):
            figure, rest, wide = chance(share, self.lang), self.words[word], self._wide(share, word)
            start = left - wide
            if word == "gain":
                start = zero + 12 if zero + 12 + wide <= self.width else max(zero - 12 - wide, 0)
                left = min(left, start - 20)
            elif start < 0 or (word == "lost" and not self._joined):
                continue
            for text, size, weight, dx, paint in ((figure, 22, 600, 0, ink), (rest, 13, 400, wide - drawing.pixels(rest), INK_2)):
                layers.append(alt.Chart(pd.DataFrame([{"at": 0.0}])).mark_text(
                    align="left", baseline="alphabetic", dx=start - zero + dx, fontSize=size, fontWeight=weight, color=paint).encode(
                    x=self.x("at"), y=alt.YValue(24), text=alt.TextValue(text)))
        return layers
