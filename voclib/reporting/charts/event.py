"""Before and after an event, period by period: what should be zero before it, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from voclib.errors import DataError
from voclib.reporting.charts import drawing, placement
from voclib.reporting.charts.placement import Key
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import ACCENT, BAND, INK, INK_2, INK_3, LINE_2, PAPER, SEQUENTIAL, WASH
from voclib.results import Text

WORDS = {"period": Text("距离事件的月数", "Months from the event"), "lead": Text("事件之前：应当为零", "Before: should be zero"),
         "after": Text("事件之后", "After"), "reference": Text("参照期", "Reference"),
         "interval": Text("这一期的 {level} 区间", "{level} interval for the period"),
         "band": Text("整条路径的 {level} 带", "{level} band for the whole path")}
FOOT = 26  # px under the marks for the reference


def event_path(frame: pd.DataFrame, *, period: str, value: str, low: str, high: str, band_low: str, band_high: str, is_lead: str, title: Text,
               subtitle: Text, description: Text, unit: str = "cny", labels: Mapping[str, Text] | None = None,
               note: Text | None = None) -> Pair:
    """The effect in each period from an event, on its own interval, with the band that holds the whole path at once.

    `period` counts from the event (negative before it), one row a period. Rows of `is_lead` (true or false) are placebo periods: their ground
    is shaded, as they should be zero. A row without width (`low` = `high`) is the reference period, to which all others are compared. `labels`
    replaces the words of `period` (title of the axis), `lead`, `after`, `reference`, `interval` and `band`.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a missing number, a period that stands twice, a band inside its interval, or no period after the
        event.
    ParameterError
        if `labels` names other words.
    """
    words = drawing.said(labels, WORDS, chart="event_path")
    drawn = rows(frame, period=period, value=value, low=low, high=high, band_low=band_low, band_high=band_high, is_lead=is_lead, unit=unit,
                 chart="event_path", each="period")
    _around_an_event(drawn, is_lead)

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return Path(drawn, {k: t[lang] for k, t in words.items()}, unit, lang, narrow).draw()

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def rows(frame: pd.DataFrame, *, period: str, value: str, low: str, high: str, band_low: str, band_high: str, is_lead: str, unit: str, chart: str,
         each: str) -> list[dict[str, Any]]:
    """The rows of a `Path` in the order of its periods, of which `each` is the word of an error.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a missing number, a period that stands twice, `is_lead` neither true nor false, or a band inside
        its interval.
    """
    drawing.complete(frame, period, value, low, high, band_low, band_high, chart=chart, interval=(low, high))
    drawing.columns(frame, is_lead, chart=chart)
    order = frame.sort_values(period)
    if order[period].duplicated().any():
        raise DataError(f"{chart}: {each} {order[period][order[period].duplicated()].iloc[0]:g} stands twice; one row a {each}.")
    if not (known := order[is_lead].isin([True, False])).all():
        raise DataError(f"{chart}: '{is_lead}' is true for placebo {each}s and false for the others; {int((~known).sum())} row(s) are neither.")
    slack = 1e-9 * float(frame[[band_low, band_high]].abs().to_numpy().max())
    if ((frame[band_low] > frame[low] + slack) | (frame[band_high] < frame[high] - slack)).any():
        raise DataError(f"{chart}: the band of the whole path holds every interval; in some rows it is narrower. Are the columns swapped?")
    factor = 100 if unit in ("share", "pp") else 1
    drawn = drawing.rows(order, estimate=value, conf_low=low, conf_high=high, unit=unit, more={
        "period": [float(p) for p in order[period]], "lead": [bool(b) for b in order[is_lead]],
        "outer_low": [float(v) * factor for v in order[band_low]], "outer_high": [float(v) * factor for v in order[band_high]]})
    return [row | {"fixed": row["low"] == row["high"]} for row in drawn]


def _around_an_event(drawn: list[dict[str, Any]], is_lead: str) -> None:
    """Raise DataError where the rows are no path from before an event to after it."""
    lead = [row["lead"] for row in drawn if not row["fixed"]]
    if not lead:
        raise DataError("event_path: no period has an interval, so there is nothing to draw.")
    if all(lead):
        raise DataError(f"event_path: '{is_lead}' is true in every row with an interval; there is no period after the event.")
    if lead != sorted(lead, reverse=True):
        raise DataError(f"event_path: '{is_lead}' is true in a period after one where it is false; leads come before the event.")


@dataclass(frozen=True)
class Path:
    """An effect period by period: each on its interval, within the band of the whole path, placebo periods on shaded ground."""

    rows: list[dict[str, Any]]
    words: Mapping[str, str]
    unit: str
    lang: str
    narrow: bool

    @property
    def plot(self) -> int:
        """Px that the marks take from top to bottom."""
        return 230 if self.narrow else 270

    @property
    def width(self) -> float:
        """Px of the plot in a picture of the house width."""
        return (NARROW if self.narrow else WIDE) - 66

    @property
    def across(self) -> list[float]:
        """The ends of the axis of periods."""
        return [self.rows[0]["period"] - 0.6, self.rows[-1]["period"] + 0.6]

    @property
    def step(self) -> float:
        """Px from one period to the next."""
        return self.width / (self.across[1] - self.across[0])

    @property
    def border(self) -> float | None:
        """Halfway between the last period before the event and the first after it; None without leads."""
        last = max([r["period"] for r in self.rows if r["lead"]], default=None)
        if last is None:
            return None
        last = max([last, *(r["period"] for r in self.rows if r["fixed"] and r["period"] < 0)])
        return (last + min(r["period"] for r in self.rows if r["period"] > last)) / 2

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest end of a band, with zero."""
        ends = [r[k] for r in self.rows for k in ("outer_low", "outer_high")] + [0.0]
        return (min(ends), max(ends)) if max(ends) > min(ends) else (-1.0, 1.0)

    @property
    def domain(self) -> list[float]:
        """The ends of the value axis, with room for the words over and under the marks."""
        low, high = self.span
        per_px = (high - low) / self.plot
        return [low - per_px * (FOOT if any(r["fixed"] for r in self.rows) else 8), high + per_px * self.head]

    @property
    def ticks(self) -> list[float]:
        """The periods that are written on the axis."""
        first, last = self.rows[0]["period"], self.rows[-1]["period"]
        return sorted({float(round(t)) for t in drawing.inside(first, last)}) if last > first else [first]

    @property
    def sides(self) -> dict[str, tuple[float, list[str]]]:
        """The words left and right of the event, each with the period where they begin."""
        if self.border is None:
            return {}
        spans = {"lead": (self.across[0], self.border), "after": (self.border, self.across[1])}
        return {name: (a, placement.fold(self.words[name], self.step * (b - a) - 12)) for name, (a, b) in spans.items()}

    @property
    def head(self) -> int:
        """Px over the marks that hold those words."""
        return 14 + 16 * max((len(lines) for _, lines in self.sides.values()), default=0)

    def x(self, field: str) -> alt.X:
        """The place of a period."""
        whole = {"tickCount": len(self.ticks)} if len(self.ticks) > 5 else {}  # else the house's five would thin them out
        title = placement.title(self.words["period"], self.width)
        return drawing.x(field, self.across, drawing.axis(self.ticks, "periods", title=title, grid=False, **whole), titled=True)

    def y(self, field: str) -> alt.Y:
        """The place of a value."""
        return drawing.y(field, self.domain, drawing.axis(drawing.inside(*self.span), self.unit, self.lang))

    def draw(self) -> alt.TopLevelMixin:
        """The chart."""
        key = (Key("dot", "估计" if self.lang == "zh" else "Estimate"), Key("band", self.words["interval"], BAND),
               Key("bounds", self.words["band"], SEQUENTIAL[0], BAND))
        keys, above = placement.key(key, width=self.width)
        layers = [*self.ground(), *self.marks(), *self._reference(), *self.over(), *keys]
        return alt.layer(*layers).properties(height=self.plot + self.head + 70 + above)

    def ground(self) -> list[alt.Chart]:
        """What lies under the marks: shade behind placebo periods."""
        if self.border is None:
            return []
        return [alt.Chart(pd.DataFrame([{"from": self.across[0], "to": self.border}])).mark_rect(color=WASH).encode(x=self.x("from"), x2="to:Q"),
                alt.Chart(pd.DataFrame([{"from": self.border}])).mark_rule(color=LINE_2, strokeWidth=1).encode(x=self.x("from"))]

    def marks(self) -> list[alt.Chart]:
        """Band, interval, zero line, caps and dot of every period that is estimated."""
        free = [r | {"left": r["period"] - 0.42, "right": r["period"] + 0.42, "main": r[self.lang], "range": r[f"range_{self.lang}"]}
                for r in self.rows if not r["fixed"]]
        base, thick = alt.Chart(pd.DataFrame(free)), min(14.0, 0.5 * self.step)
        tip = [alt.Tooltip("period:Q", title=self.words["period"]), alt.Tooltip("main:N", title="估计" if self.lang == "zh" else "Estimate"),
               alt.Tooltip("range:N", title="区间" if self.lang == "zh" else "Interval")]
        return [base.mark_rect(color=SEQUENTIAL[0], stroke=BAND, strokeWidth=1).encode(
                    x=self.x("left"), x2="right:Q", y=self.y("outer_low"), y2="outer_high:Q", tooltip=tip),
                base.mark_bar(orient="vertical", size=thick, color=BAND).encode(x=self.x("period"), y=self.y("low"), y2="high:Q", tooltip=tip),
                alt.Chart(pd.DataFrame([{"zero": 0}])).mark_rule().encode(y=self.y("zero")),
                *(base.mark_tick(size=min(20.0, 0.75 * self.step), orient="horizontal").encode(x=self.x("period"), y=self.y(end))
                  for end in ("low", "high")),
                self.dots(base).encode(x=self.x("period"), y=self.y("value"), tooltip=tip)]

    def dots(self, base: alt.Chart) -> alt.Chart:
        """The mark of an estimate."""
        return base.mark_circle(size=min(130.0, 5 * self.step), stroke=PAPER, strokeWidth=1.5, opacity=1, color=ACCENT)

    def _reference(self) -> list[alt.Chart]:
        fixed = [r["period"] for r in self.rows if r["fixed"]]
        if not fixed:
            return []
        base = alt.Chart(pd.DataFrame([{"period": p, "zero": 0} for p in fixed]))
        at, align = (self.border, "right") if self.border is not None and 0 < self.border - fixed[0] < 1 else (fixed[0], "center")
        named = alt.Chart(pd.DataFrame([{"period": at}]))
        return [base.mark_rule(color=LINE_2, strokeDash=[2, 3]).encode(x=self.x("period"), y=self.y("zero"), y2=alt.value(alt.expr("height - 18"))),
                base.mark_tick(size=12, thickness=2, orient="vertical", color=INK).encode(x=self.x("period"), y=self.y("zero")),
                named.mark_text(align=align, dx=-6 if align == "right" else 0, fontSize=12, baseline="middle", color=INK_3).encode(
                    x=self.x("period"), y=alt.value(alt.expr("height - 9")), text=alt.value(self.words["reference"]))]

    def over(self) -> list[alt.Chart]:
        """The words over the marks."""
        layers = []
        for at, lines in self.sides.values():
            base = alt.Chart(pd.DataFrame([{"at": at}]))
            layers += [base.mark_text(align="left", dx=7, baseline="middle", fontSize=13, fontWeight=600, color=INK_2).encode(
                x=self.x("at"), y=alt.value(13 + 16 * k), text=alt.value(line)) for k, line in enumerate(lines)]
        return layers
