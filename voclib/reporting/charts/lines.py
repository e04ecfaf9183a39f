"""Lines with their ribbons: a real time axis where the labels are dates, and no line across a period without an interval."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from voclib.reporting.charts import drawing
from voclib.reporting.pair import NARROW, WIDE
from voclib.reporting.theme import ACCENT, BAND, CATEGORICAL, PAPER

_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600)


@dataclass(frozen=True)
class Calendar:
    """Points in time: `at` in milliseconds since 1970 (UTC), how they are written, and the least step between ticks in months."""

    at: list[int]
    format: str
    least: int = 1

    def ticks(self, most: int) -> list[alt.DateTime]:
        """At most so many round points in time, evenly apart."""
        stamps = sorted({pd.Timestamp(ms, unit="ms") for ms in self.at})
        first, last = (stamp.year * 12 + stamp.month - 1 for stamp in (stamps[0], stamps[-1]))
        first += stamps[0].day > 1
        if last - first >= 2 * self.least and self.format != "%Y-%m-%d":
            step = next((s for s in _STEPS if s % self.least == 0 and last // s - -(-first // s) < most), 1200)
            months = range(-(-first // step) * step, last + 1, step)
            stamps = [pd.Timestamp(year=m // 12, month=m % 12 + 1, day=1) for m in months]
        else:
            stamps = stamps[::math.ceil(len(stamps) / most)]
        # a plain number would become datetime(ms), which Vega's expression interpreter reads as no date: the tick would be missing
        return [alt.DateTime(year=s.year, month=s.month, date=s.day, hours=s.hour, minutes=s.minute, utc=True) for s in stamps]


def calendar(values: pd.Series) -> Calendar | None:
    """Dates, months (`2026-07`) or quarters (`2026-Q3`, `2026Q3`) as points in time; None for labels of any other kind."""
    if pd.api.types.is_datetime64_any_dtype(values):
        stamps = [pd.Timestamp(v).tz_localize(None) for v in values]
        days = any(s.day > 1 for s in stamps) and max(stamps) - min(stamps) < pd.Timedelta(days=120)
        return Calendar(_milliseconds(stamps), "%Y-%m-%d" if days else "%Y-%m")
    texts = [str(v) for v in values]
    for pattern, form, frequency, least in ((r"\d{4}-\d{2}-\d{2}", "%Y-%m-%d", "D", 1), (r"\d{4}-\d{2}", "%Y-%m", "M", 1),
                                            (r"\d{4}-?Q[1-4]", "%Y-Q%q", "Q", 3)):
        if all(re.fullmatch(pattern, text) for text in texts):
            written = form if "-" in texts[0] else form.replace("-", "")
            return Calendar(_milliseconds([pd.Period(t.replace("-Q", "Q"), frequency).start_time for t in texts]), written, least)
    return None


def _milliseconds(stamps: Sequence[pd.Timestamp]) -> list[int]:
    return [int((s - pd.Timestamp(0)) // pd.Timedelta(milliseconds=1)) for s in stamps]


def runs(rows: list[dict[str, Any]], names: Sequence[Any], *, in_time: bool) -> list[dict[str, Any]]:
    """The rows that have an interval, each with its `run` (unbroken stretch of a series) and whether it stands `alone` in it."""
    kept: list[dict[str, Any]] = []
    number = 0
    for name in names:
        number += 1
        mine = [row for row in rows if row["g"] == name]
        for row in sorted(mine, key=lambda r: r["x"]) if in_time else mine:
            if row["kind"] == "estimate":
                kept.append(row | {"run": number})
            else:
                number += 1
    sizes = pd.Series([row["run"] for row in kept]).value_counts().to_dict()
    return [row | {"alone": sizes[row["run"]] == 1} for row in kept]


def draw(rows: list[dict[str, Any]], *, series: list[str], time: Calendar | None, unit: str, zero: bool, narrow: bool,
         lang: str, x_title: str | None = None) -> alt.TopLevelMixin:
    """The chart: ribbon, line and dots a series, its name and the `last` of its final row (as a rule the value) at its end."""
    ticks = drawing.ticks(*drawing.scale(rows, zero=zero))
    domain = [min(ticks[0], min(r["low"] for r in rows)), max(ticks[-1], max(r["high"] for r in rows))]
    x, scale = _when(rows, time, narrow=narrow, title=x_title), alt.Scale(domain=domain, nice=False, zero=False)
    y, low = alt.Y("value:Q", scale=scale, title=None, axis=drawing.axis(ticks, unit)), alt.Y("low:Q", scale=scale, title=None)
    several = len(series) > 1
    colour = alt.Color("g:N", scale=alt.Scale(domain=series, range=list(CATEGORICAL[:len(series)]) if several else [ACCENT]), legend=None)
    paint = {"color": colour} if several else {"color": alt.ColorValue(BAND)}
    tip = [alt.Tooltip("x:T" if time else "x:N", title="时间" if lang == "zh" else "When", **({"format": time.format} if time else {})),
           *([alt.Tooltip("g:N", title="系列" if lang == "zh" else "Series")] if several else []), *drawing.tips(lang)]
    base, opacity = alt.Chart(pd.DataFrame(rows)), 0.18 if several else 0.6
    ribbon = base.transform_filter("!datum.alone").mark_area(opacity=opacity).encode(
        x=x, y=low, y2=alt.Y2("high:Q"), detail=[alt.Detail("run:N"), alt.Detail("g:N")], **paint)
    alone = base.transform_filter("datum.alone").mark_rule(strokeWidth=8, opacity=opacity).encode(x=x, y=low, y2=alt.Y2("high:Q"), **paint)
    layers = [  # a layer without rows has an infinite extent, which the library complains of
        *([ribbon] if any(not row["alone"] for row in rows) else []), *([alone] if any(row["alone"] for row in rows) else []),
        base.mark_line().encode(x=x, y=y, color=colour, detail=alt.Detail("run:N")),
        base.mark_circle(size=70, stroke=PAPER, strokeWidth=1.5, opacity=1).encode(x=x, y=y, color=colour, tooltip=tip),
    ]
    if domain[0] <= 0 <= domain[1]:
        layers.insert(len(layers) - 2, alt.Chart(pd.DataFrame([{"zero": 0}])).mark_rule().encode(y=alt.Y("zero:Q")))
    ends = _ends(rows, series, (domain[1] - domain[0]) / (11 if narrow else 15))
    layers.append(alt.Chart(pd.DataFrame(ends)).mark_text(align="left", dx=10, fontWeight=600, fontSize=13).encode(
        x=x, y=alt.Y("spot:Q"), text=alt.Text("end:N"), color=colour))
    # room for the words at the ends is made by fitting; in the padding it would be taken twice
    return alt.layer(*layers, height=260 if narrow else 320, padding={"left": 2, "right": 8, "top": 8, "bottom": 4})


def _when(rows: list[dict[str, Any]], time: Calendar | None, *, narrow: bool, title: str | None) -> alt.X:
    """The axis of time; of labels that are no dates every one is written where they fit."""
    most = 3 if narrow else 5
    if time:
        return alt.X("x:T", scale=alt.Scale(type="utc", padding=8), title=title, axis=alt.Axis(values=time.ticks(most), format=time.format))
    order = list(dict.fromkeys(row["x"] for row in rows))
    fits = sum(drawing.pixels(label) + 16 for label in order) <= (0.6 * NARROW if narrow else 0.8 * WIDE)
    every = 1 if fits else math.ceil(len(order) / most)
    axis = alt.Axis(values=order[::every], tickCount=len(order[::every]))  # else Vega thins them to the count of the theme
    return alt.X("x:O", sort=order, title=title, scale=alt.Scale(type="point", padding=0.2), axis=axis)


def _ends(rows: list[dict[str, Any]], series: list[str], gap: float) -> list[dict[str, Any]]:
    """The label at the end of each line, moved apart by `gap` where lines end close together."""
    final = {row["g"]: row for row in rows}
    spots: list[float] = []
    last = sorted((final[name] for name in series if name in final), key=lambda row: row["value"])
    for row in last:
        spots.append(max(row["value"], spots[-1] + gap) if spots else row["value"])
    return [{"x": row["x"], "g": row["g"], "spot": spot, "end": f"{row['g']} {row['last']}".strip()}
            for row, spot in zip(last, spots, strict=True)]
