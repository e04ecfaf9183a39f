"""Curves with their ribbon: the effect over a dose such as minutes of waiting, and who is still a customer over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.reporting.charts import drawing, placement
from voclib.reporting.charts.lane_drawing import RIM
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import ACCENT, BAND, CATEGORICAL, INK, INK_2, INK_3, NAIVE_BAND, PAPER
from voclib.results import Text

DOSE_WORDS = {"dose": Text("等待时间（分钟）", "Waiting time (minutes)"), "reference": Text("参照", "Reference"),
              "band": Text("{level} 同时区间", "{level} band"), "support": Text("客户分布", "Where customers are"),
              "thin": Text("虚线外侧的客户不到 1%", "under 1% beyond the dashes")}
STRIP, BINS = 44, 40  # px of the strip of customers under the curve, and its bars
THIN = 0.01  # share of customers beyond which a curve rests on hardly anybody
TIMES = {"months": Text("接触之后的月数", "Months after the contact"), "days": Text("接触之后的天数", "Days after the contact"),
         "hours": Text("起算之后的小时数", "Hours since the clock started")}


def dose_response(curve: pd.DataFrame, support: pd.DataFrame, *, dose: str, value: str, low: str, high: str, reference: float, title: Text,
                  subtitle: Text, description: Text, unit: str = "cny", count: str | None = None, labels: Mapping[str, Text] | None = None,
                  note: Text | None = None) -> Pair:
    """The effect at each dose against the one at `reference`, with the band that holds the whole curve, over a strip of where customers are.

    `curve` has one row a dose, any order. `support` has the dose of each customer (or, with `count`, of each class and how many it holds);
    only shares of forty classes reach the chart, and customers off the curve are left out of it. The line is dashed where under 1 % of
    customers lie further out. `labels` replaces the words of `dose` (title of the axis, with its unit), `reference`, `band`, `support` and `thin`.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a missing number, fewer than three doses, a reference off the curve, or nobody on it.
    ParameterError
        if `labels` names other words.
    """
    words = drawing.said(labels, DOSE_WORDS, chart="dose_response")
    drawing.complete(curve, dose, value, low, high, chart="dose_response", interval=(low, high))
    drawing.complete(support, dose, *([count] if count else []), chart="dose_response (support)")
    order = curve.sort_values(dose)
    at = order[dose].to_numpy(float)
    if len(at) < 3 or not at[0] <= reference <= at[-1]:
        raise DataError(f"dose_response: a curve has three doses or more and the reference on it; there are {len(at)} from {at[0]:g} to {at[-1]:g}, "
                        f"the reference is {reference:g}.")
    drawn = drawing.rows(order, estimate=value, conf_low=low, conf_high=high, unit=unit, more={"dose": at.tolist()})
    weights = support[count].to_numpy(float) if count else np.ones(len(support))
    reached = support[dose].to_numpy(float)
    held, edges = np.histogram(reached, bins=np.linspace(at[0], at[-1], BINS + 1), weights=weights)
    if not held.sum() > 0:
        raise DataError(f"dose_response: no customer of the support lies between {at[0]:g} and {at[-1]:g}, where the curve is drawn.")
    for row in drawn:
        beyond = [weights[side].sum() / weights.sum() for side in (reached <= row["dose"], reached >= row["dose"])]
        row["thin"] = bool(min(beyond) < THIN)
    strip = [{"from": float(a), "to": float(b), "share": float(n / held.max())} for a, b, n in zip(edges, edges[1:], held, strict=False) if n > 0]

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return _Dose(drawn, strip, float(reference), {k: t[lang] for k, t in words.items()}, unit, lang, narrow).draw()

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


@dataclass(frozen=True)
class _Dose:
    rows: list[dict[str, Any]]
    strip: list[dict[str, Any]]
    reference: float
    words: Mapping[str, str]
    unit: str
    lang: str
    narrow: bool

    @property
    def width(self) -> float:
        return (NARROW if self.narrow else WIDE) - 66

    @property
    def plot(self) -> int:
        return 220 if self.narrow else 250

    @property
    def doses(self) -> list[float]:
        return [self.rows[0]["dose"], self.rows[-1]["dose"]]

    @property
    def span(self) -> tuple[float, float]:
        return drawing.scale(self.rows, zero=True)

    @property
    def per_px(self) -> float:
        return (self.span[1] - self.span[0]) / self.plot

    @property
    def end(self) -> tuple[str, str]:
        """Value and interval at the last dose, as they are written."""
        last, (opened, closed) = self.rows[-1], ("（", "）") if self.lang == "zh" else (" (", ")")
        return last[self.lang], f"{last[f'range_{self.lang}']}{opened}{self.words['band']}{closed}"

    @property
    def edge(self) -> float:
        """How low (of a falling curve) or high the ribbon reaches where those words stand."""
        first, last = self.doses
        near = [r for r in self.rows if r["dose"] >= last - (last - first) * drawing.pixels(self.end[1]) / self.width]
        return min(r["low"] for r in near) if self.falls else max(r["high"] for r in near)

    @property
    def falls(self) -> bool:
        return self.rows[-1]["value"] < 0

    @property
    def domain(self) -> list[float]:
        low, high = self.span
        low, high = (min(low, self.edge - 44 * self.per_px), high) if self.falls else (low, max(high, self.edge + 44 * self.per_px))
        return [low - (STRIP + 20 + 16 * len(self.below)) * self.per_px, high + 24 * self.per_px]

    @property
    def below(self) -> list[str]:
        """The words over the strip of customers, in lines."""
        thin = any(r["thin"] for r in self.rows)
        said = f"{self.words['support']}{'；' if self.lang == 'zh' else '; '}{self.words['thin']}" if thin else self.words["support"]
        return placement.fold(said, self.width - 4, most=2)

    def x(self, field: str) -> alt.X:
        axis = drawing.axis(drawing.inside(*self.doses), "dose", title=self.words["dose"], grid=False)
        return drawing.x(field, self.doses, axis, titled=True)

    def y(self, field: str) -> alt.Y:
        return drawing.y(field, self.domain, drawing.axis(drawing.inside(*self.span), self.unit, self.lang))

    def draw(self) -> alt.TopLevelMixin:
        base = alt.Chart(pd.DataFrame([{k: r[k] for k in ("dose", "value", "low", "high")} for r in self.rows]))
        at = alt.Chart(pd.DataFrame([{"dose": self.reference, "zero": 0}]))
        layers = [*self._support(), base.mark_area(color=BAND, opacity=0.6).encode(x=self.x("dose"), y=self.y("low"), y2=alt.Y2("high:Q")),
                  at.mark_rule(color=INK_3, strokeDash=[4, 3], strokeWidth=1.25).encode(x=self.x("dose")), at.mark_rule().encode(y=self.y("zero")),
                  *self._line(), at.mark_circle(size=110, color=ACCENT, stroke=PAPER, strokeWidth=2, opacity=1).encode(
                      x=self.x("dose"), y=self.y("zero"))]
        first, last = self.doses
        said = f"{self.words['reference']} {self.reference:g}"
        after = self.width * (self.reference - first) / (last - first) + drawing.pixels(said) + 8 < self.width
        layers += [at.mark_text(align="left" if after else "right", dx=7 if after else -7, baseline="middle", fontSize=13, **look).encode(
            x=self.x("dose"), y=alt.YValue(9), text=alt.TextValue(said)) for look in (RIM, {"color": INK_2})]
        return alt.layer(*layers, *self._at_end(), height=round((self.domain[1] - self.domain[0]) / self.per_px) + 50)

    def _line(self) -> list[alt.Chart]:
        """The curve, dashed where hardly any customer lies further out; each piece begins where the one before it ends."""
        layers, start = [], 0
        for k in range(1, len(self.rows)):
            if k == len(self.rows) - 1 or self.rows[k + 1]["thin"] != self.rows[k]["thin"]:
                piece = [{"dose": r["dose"], "value": r["value"]} for r in self.rows[start:k + 1]]
                dash = {"strokeDash": [3, 4]} if self.rows[k]["thin"] else {}
                layers.append(alt.Chart(pd.DataFrame(piece)).mark_line(**dash).encode(x=self.x("dose"), y=self.y("value")))
                start = k
        return layers

    def _support(self) -> list[alt.Chart]:
        floor = self.domain[0]
        held = alt.Chart(pd.DataFrame([r | {"floor": floor, "top": floor + r["share"] * STRIP * self.per_px} for r in self.strip]))
        return [held.mark_rect(color=NAIVE_BAND, stroke=PAPER, strokeWidth=0.5).encode(
                    x=self.x("from"), x2=alt.X2("to:Q"), y=self.y("floor"), y2=alt.Y2("top:Q")),
                *(placement.words(line, x=alt.XValue(alt.expr("width")), align="right",
                                  y=alt.YValue(alt.expr(f"height - {STRIP + 6 + 16 * k}")), **look)
                  for k, line in enumerate(reversed(self.below)) for look in (RIM, {"color": INK_3}))]

    def _at_end(self) -> list[alt.Chart]:
        """Value and interval at the last dose, beyond the ribbon."""
        base, layers = alt.Chart(pd.DataFrame([{"dose": self.doses[1], "edge": self.edge}])), []
        for k, text in enumerate(self.end):
            bold = k == 0
            layers += [base.mark_text(align="right", dy=16 + 17 * k if self.falls else -33 + 17 * k, baseline="middle", fontSize=13,
                                      fontWeight=600 if bold else 400, **look).encode(x=self.x("dose"), y=self.y("edge"), text=alt.TextValue(text))
                       for look in (RIM, {"color": INK if bold else INK_3})]
        return layers


def survival(frame: pd.DataFrame, *, group: str, time: str, value: str, low: str, high: str, title: Text, subtitle: Text, description: Text,
             every: Literal["months", "days", "hours"] = "months", domain: tuple[float, float] = (0.0, 1.0), labels: Mapping[Any, Text] | None = None,
             time_title: Text | None = None, mark: tuple[float, Text] | None = None, note: Text | None = None) -> Pair:
    """The share of each of two groups that is still there over time, as steps with their ribbons; each curve is named at its end with its last share.

    One row a group and time; time zero, where everybody is there, is added where it is missing. `domain` states between which shares (0–1) the
    axis runs; one that does not start at zero needs its reason in `note`. `mark` is a time, such as a limit, and what it is called.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a missing number, other than two groups, a share outside 0 to 1 or off the axis, a time below zero
        or twice in a group, or a cut axis without a note.
    """
    drawing.complete(frame, time, value, low, high, chart="survival", interval=(low, high))
    drawing.columns(frame, group, chart="survival")
    names = list(dict.fromkeys(frame[group]))
    if len(names) != 2:
        raise DataError(f"survival: two groups are compared; '{group}' holds {len(names)}: {', '.join(str(n) for n in names[:5])}.")
    if domain[0] > 0 and note is None:
        raise DataError("survival: an axis without zero needs its reason in note=Text('…', '…').")
    if not 0 <= domain[0] < domain[1] <= 1 or (frame[low] < domain[0] - 1e-9).any() or (frame[high] > domain[1] + 1e-9).any():
        raise DataError(f"survival: shares lie from 0 to 1 and on the axis, which runs from {domain[0]:g} to {domain[1]:g}; the curves run from "
                        f"{frame[low].min():g} to {frame[high].max():g}.")
    if (frame[time] < 0).any() or frame.duplicated([group, time]).any():
        raise DataError("survival: time starts at zero and stands once in each group.")
    start = pd.DataFrame([{group: n, time: 0.0, value: 1.0, low: 1.0, high: 1.0} for n in names if not (frame[time][frame[group] == n] == 0).any()])
    whole = pd.concat([start, frame[[group, time, value, low, high]]]) if len(start) and domain[1] == 1 else frame
    whole = whole.sort_values(time, kind="stable")
    drawn = drawing.rows(whole, estimate=value, conf_low=low, conf_high=high, unit="share",
                         more={"id": whole[group].tolist(), "time": [float(t) for t in whole[time]]})

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        named = {n: drawing.label(n, labels, lang) for n in names}
        limit = (float(mark[0]), mark[1][lang]) if mark and mark[0] < max(r["time"] for r in drawn) else None
        return _Survival(drawn, named, domain, every, (time_title or TIMES[every])[lang], limit, lang, narrow).draw()

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _times(last: float, every: str) -> list[float]:
    """At most five round times from zero on."""
    steps = {"months": (1, 2, 3, 6, 12, 24, 60, 120), "days": (1, 2, 5, 7, 14, 30, 60, 90, 180, 365, 730),
             "hours": (1, 2, 4, 6, 12, 24, 48, 72, 168, 336, 720)}[every]
    step = next((s for s in steps if last / s < 5), math.ceil(last / 4))
    return [float(k * step) for k in range(int(last // step) + 1)]


@dataclass(frozen=True)
class _Survival:
    rows: list[dict[str, Any]]
    names: Mapping[Any, str]
    domain: tuple[float, float]
    every: str
    title: str
    limit: tuple[float, str] | None
    lang: str
    narrow: bool

    @property
    def width(self) -> float:
        return (NARROW if self.narrow else WIDE) - 60

    @property
    def plot(self) -> int:
        return 280 if self.narrow else 320

    @property
    def last(self) -> float:
        return max(r["time"] for r in self.rows)

    @property
    def reach(self) -> float:
        """The right end of the axis: a little past the last time, so that the last step is seen."""
        return 1.02 * self.last

    @property
    def ends(self) -> dict[Any, dict[str, Any]]:
        return {n: [r for r in self.rows if r["id"] == n][-1] for n in self.names}

    @property
    def words(self) -> dict[Any, tuple[str, str]]:
        """Name and last share of each group, as they are written."""
        opened, closed = ("（", "）") if self.lang == "zh" else (" (", ")")
        return {n: (self.names[n], f"{r[self.lang]}{opened}{r[f'range_{self.lang}']}{closed}") for n, r in self.ends.items()}

    @property
    def wide(self) -> float:
        """Px of the longest of those words."""
        return max(drawing.pixels(line) for lines in self.words.values() for line in lines) + 8

    @property
    def outside(self) -> bool:
        """Whether the words stand beside the ends of the curves; else over the upper and under the lower one."""
        return not self.narrow and self.wide <= 230

    @property
    def stated(self) -> tuple[float, float]:
        """The ends of the axis in per cent."""
        return 100 * self.domain[0], 100 * self.domain[1]

    @property
    def per_px(self) -> float:
        return (self.stated[1] - self.stated[0]) / self.plot

    @property
    def view(self) -> list[float]:
        """The ends of the picture, past those of the axis where words need the room."""
        spots = self._spots().values()
        return [min(self.stated[0], *(s - 24 * self.per_px for s in spots)), max(self.stated[1], *(s + 18 * self.per_px for s in spots))]

    def x(self, field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=alt.Scale(domain=[0, self.reach], nice=False),
                     axis=drawing.axis(_times(self.last, self.every), "time", title=self.title, grid=False))

    def y(self, field: str) -> alt.Y:
        return drawing.y(field, self.view, drawing.axis(drawing.inside(*self.stated), "share"))

    def draw(self) -> alt.TopLevelMixin:
        layers = [alt.Chart(pd.DataFrame([{"zero": 0}])).mark_rule().encode(y=self.y("zero"))] if self.domain[0] == 0 else []
        colours = dict(zip(self.names, CATEGORICAL, strict=False))
        for n, colour in colours.items():
            mine = [{k: r[k] for k in ("time", "value", "low", "high")} for r in self.rows if r["id"] == n]
            mine.append(mine[-1] | {"time": self.reach * mine[-1]["time"] / self.last})
            base = alt.Chart(pd.DataFrame(mine))
            layers += [base.mark_area(color=colour, opacity=0.18, interpolate="step-after").encode(
                x=self.x("time"), y=self.y("low"), y2=alt.Y2("high:Q")),
                       base.mark_line(color=colour, interpolate="step-after").encode(x=self.x("time"), y=self.y("value"))]
        for n, spot in self._spots().items():
            base = alt.Chart(pd.DataFrame([{"time": self.reach, "spot": spot}]))
            layers += [base.mark_text(align="left" if self.outside else "right", dx=10 if self.outside else -2, dy=-8 + 17 * k, baseline="middle",
                                      fontSize=13, fontWeight=600 if k == 0 else 400, **look).encode(
                x=self.x("time"), y=self.y("spot"), text=alt.TextValue(line)) for k, line in enumerate(self.words[n])
                for look in (RIM, {"color": colours[n] if k == 0 else INK_2})]
        return alt.layer(*self._limit(), *layers, height=round((self.view[1] - self.view[0]) / self.per_px) + 50)

    def _limit(self) -> list[alt.Chart]:
        """A dashed line at the time marked, named at its top."""
        if self.limit is None:
            return []
        base = alt.Chart(pd.DataFrame([{"time": self.limit[0]}]))
        return [base.mark_rule(color=INK_3, strokeDash=[4, 3], strokeWidth=1.25).encode(x=self.x("time")),
                base.mark_text(align="left", dx=6, baseline="top", fontSize=13, color=INK_2).encode(
                    x=self.x("time"), y=alt.YValue(4), text=alt.TextValue(self.limit[1]))]

    def _spots(self) -> dict[Any, float]:
        """How high the words of each curve stand."""
        lower, upper = sorted(self.names, key=lambda n: self.ends[n]["value"])
        if self.outside:
            low, high = placement.spread([self.ends[n]["value"] for n in (lower, upper)], 40 * self.per_px,
                                         low=self.stated[0] + 18 * self.per_px, high=self.stated[1] - 18 * self.per_px)
            return {lower: low, upper: high}
        left = self.last * (1 - self.wide / self.width)
        started = max(r["time"] for r in self.rows if r["id"] == upper and (r["time"] <= left or r["time"] == 0))
        over = max(r["high"] for r in self.rows if r["id"] == upper and r["time"] >= started)
        under = min(r["low"] for r in self.rows if r["id"] == lower and r["time"] >= left)
        return {lower: under - 26 * self.per_px, upper: over + 26 * self.per_px}
