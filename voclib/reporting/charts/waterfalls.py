"""From one total to another, step by step: each step floats from the running sum and carries its own interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from voclib import numbers
from voclib.errors import DataError
from voclib.reporting.charts import drawing, lane_drawing, placement
from voclib.reporting.charts.lane_drawing import RIM, Lanes
from voclib.reporting.pair import WIDE, Pair, pair
from voclib.reporting.theme import ACCENT, BAND, INK, INK_3, LINE_2, PAPER, SEQUENTIAL
from voclib.results import Estimate, Text

BODY, STEP = SEQUENTIAL[4], SEQUENTIAL[3]
MOST_COLUMNS = 8  # more steps are drawn as rows
PLOT = 250  # px of the bars of columns


def waterfall(frame: pd.DataFrame, *, label: str, value: str, low: str, high: str, kind: str, title: Text, subtitle: Text, description: Text,
              unit: str = "points", labels: Mapping[Any, Text] | None = None, zero: bool = True, note: Text | None = None) -> Pair:
    """Totals from zero and steps from the running sum, in the order of the frame; at the end of each bar its own interval, `low` to `high`.

    `kind` is a column of `total` and `step`. A total has to be the sum of what stands before it. Columns where there are at most eight bars and
    their words fit, else rows; always rows on a phone. With `zero=False` the axis is cut: totals become a dot on their interval, since a cut
    bar lies about its length, and the reason stands in `note`.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a missing number, an unknown kind, a total that is not the sum of its steps, or a cut axis without
        a note.
    """
    drawing.complete(frame, value, low, high, chart="waterfall", interval=(low, high))
    drawing.columns(frame, label, kind, chart="waterfall")
    if not zero and note is None:
        raise DataError("waterfall: an axis without zero needs its reason in note=Text('…', '…').")
    drawn = drawing.rows(frame, estimate=value, conf_low=low, conf_high=high, unit=unit,
                         more={"id": frame[label].tolist(), "kind_": frame[kind].astype(str).tolist()})
    bars = _running(drawn, kind)
    ends = [r[k] for r in bars for k in (("from", "to", "low", "high") if zero or r["step"] else ("to", "low", "high"))]
    span = drawing.scale([{"low": min(ends), "high": max(ends)}], zero=zero)

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        rows = [{"g": drawing.label(r["id"], labels, lang), "main": r[lang], "small": r[f"range_{lang}"],
                 **(_moved(r, unit, lang) if r["step"] else {}), **{k: r[k] for k in ("from", "to", "low", "high", "step")}} for r in bars]
        fitted = None if narrow else _columns(rows, span, unit=unit, lang=lang, cut=not zero)
        strong = [r | {"strong": not r["step"]} for r in rows]
        return fitted or _rows(lane_drawing.lay(strong, span=span, unit=unit, lang=lang, narrow=narrow), cut=not zero)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _moved(row: Mapping[str, Any], unit: str, lang: str) -> dict[str, str]:
    """A step as it is written: with its sign, and of a share in percentage points."""
    sign = "+" if row["value"] > 0 else ""
    if unit != "share":
        return {"main": sign + row[lang], "small": row[f"range_{lang}"]}
    step = Estimate(estimand="step", kind="estimate", unit="pp", value=row["value"] / 100,
                    conf_low=(row["low"] - row["from"]) / 100, conf_high=(row["high"] - row["from"]) / 100)
    return {"main": f"{sign}{numbers.value(step, lang)} {drawing.apart(unit, lang)}", "small": numbers.interval(step, lang)}


def _running(drawn: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Where each bar starts and ends, with its interval around the end."""
    if wrong := [r["kind_"] for r in drawn if r["kind_"] not in ("total", "step")]:
        raise DataError(f"waterfall: '{kind}' holds total or step; there is '{wrong[0]}'.")
    largest, at, bars = max(abs(r["value"]) for r in drawn), 0.0, []
    for k, row in enumerate(drawn):
        step = row["kind_"] == "step"
        if not step and k and abs(row["value"] - at) > 1e-6 * largest:
            raise DataError(f"waterfall: the total '{row['id']}' is {row['value']:g}, what stands before it adds up to {at:g}; add a step for the "
                            f"rest ({row['value'] - at:+g}).")
        start = at if step else 0.0
        at = at + row["value"] if step else row["value"]
        bars.append(row | {"step": step, "from": start, "to": at, "low": start + row["low"], "high": start + row["high"]})
    return bars


def _rows(lanes: Lanes, *, cut: bool) -> alt.TopLevelMixin:
    base = alt.Chart(pd.DataFrame([{k: r[k] for k in ("from", "to", "low", "high", "step", "mid")} for r in lanes.rows]))
    total, step = base.transform_filter("!datum.step"), base.transform_filter("datum.step")
    links = [{"at": a["to"], "mid": a["mid"], "next": b["mid"]} for a, b in zip(lanes.rows, lanes.rows[1:], strict=False)]
    link = alt.Chart(pd.DataFrame(links)).mark_rule(color=LINE_2, strokeWidth=1).encode(
        x=lanes.x("at"), y=lanes.y(), y2=alt.Y2("next:Q")) if links else None
    bodies = [] if cut else [lane_drawing.bar(total, lanes, "from", "to", size=24, color=BODY)]
    bodies.append(lane_drawing.bar(step, lanes, "from", "to", size=24, color=STEP))
    ends = [*lane_drawing.interval(base, lanes, size=10), lane_drawing.dot(base, lanes, "to", size=110)]
    return lanes.draw([*([link] if link else []), *bodies], ends)


def _columns(rows: list[dict[str, Any]], span: tuple[float, float], *, unit: str, lang: str, cut: bool) -> alt.TopLevelMixin | None:
    """The bars upright with their words over and under them; None where those would meet."""
    room = (WIDE - 64) / len(rows) - 8
    split = " 至 " if lang == "zh" else " to "
    tight = any(drawing.pixels(r["small"]) * 0.93 > room for r in rows)
    texts = [r["small"].replace(split, split.rstrip() + "\n") if tight else r["small"] for r in rows]
    names = [placement.fold(r["g"], room) for r in rows]
    lines = [line for k in range(len(rows)) for line in (*names[k], *texts[k].split("\n"), rows[k]["main"])]
    if len(rows) > MOST_COLUMNS or any(drawing.pixels(line) > room + 6 for line in lines):
        return None
    high_words = 16 * (2 + tight) + 12
    hang = [r["from"] <= 0 and r["to"] <= 0 and not cut for r in rows]
    per_px = ((span[1] - span[0]) or 1.0) / PLOT
    low = span[0] - per_px * (high_words if any(hang) else 16 if cut or span[0] < 0 else 0)
    high = span[1] + per_px * (high_words if not all(hang) else 6)
    laid = [{"at": k + 0.5, "left": k + 0.2, "right": k + 0.8} | {e: r[e] for e in ("from", "to", "low", "high", "step")}
            for k, r in enumerate(rows)]
    place = _Upright([low, high], drawing.inside(min(span[0], low), max(span[1], low)), len(rows), unit, lang)
    layers = place.marks(laid, cut=cut) + place.words(laid, rows, names, texts, hang, cut=cut)
    return alt.layer(*layers, height=PLOT + high_words + 17 * max(len(n) for n in names) + 24)


@dataclass(frozen=True)
class _Upright:
    """Where a value and a column lie."""

    domain: list[float]
    ticks: list[float]
    n: int
    unit: str
    lang: str

    def x(self, field: str) -> alt.X:
        return alt.X(f"{field}:Q", title=None, axis=None, scale=alt.Scale(domain=[0, self.n], nice=False))

    def y(self, field: str) -> alt.Y:
        return drawing.y(field, self.domain, drawing.axis(self.ticks, self.unit, self.lang))

    def marks(self, laid: list[dict[str, Any]], *, cut: bool) -> list[alt.Chart]:
        base = alt.Chart(pd.DataFrame(laid))
        total, step = base.transform_filter("!datum.step"), base.transform_filter("datum.step")
        links = [{"left": a["right"], "right": b["left"], "at": a["to"]} for a, b in zip(laid, laid[1:], strict=False)]
        if cut:
            links = [{"left": a["at"], "right": b["left"] if b["step"] else b["at"], "at": a["to"]} for a, b in zip(laid, laid[1:], strict=False)]
        layers = [alt.Chart(pd.DataFrame(links)).mark_rule(color=LINE_2, strokeWidth=1).encode(
            x=self.x("left"), x2=alt.X2("right:Q"), y=self.y("at"))] if links else []
        for part, fill in ((step, STEP), *(((total, BODY),) if not cut else ())):
            layers.append(part.mark_rect(color=fill).encode(x=self.x("left"), x2=alt.X2("right:Q"), y=self.y("from"), y2=alt.Y2("to:Q")))
        if self.domain[0] <= 0 <= self.domain[1]:
            layers.append(alt.Chart(pd.DataFrame([{"zero": 0}])).mark_rule().encode(y=self.y("zero")))
        return [*layers, base.mark_bar(orient="vertical", size=12, color=BAND).encode(x=self.x("at"), y=self.y("low"), y2=alt.Y2("high:Q")),
                *(base.mark_tick(size=20, orient="horizontal").encode(x=self.x("at"), y=self.y(end)) for end in ("low", "high")),
                base.mark_circle(size=120, color=ACCENT, stroke=PAPER, strokeWidth=2, opacity=1).encode(x=self.x("at"), y=self.y("to"))]

    def words(self, laid: list[dict[str, Any]], rows: list[dict[str, Any]], names: list[list[str]], texts: list[str], hang: list[bool], *,
              cut: bool) -> list[alt.Chart]:
        """Value and interval beyond the bar, away from zero; the names under the plot."""
        found: dict[tuple[float, bool], list[dict[str, Any]]] = {}
        under: dict[int, list[dict[str, Any]]] = {}
        for row, bar, name, text, down in zip(rows, laid, names, texts, hang, strict=True):
            ends = [bar[e] for e in (("to", "low", "high") if cut and not bar["step"] else ("from", "to", "low", "high"))]
            lines = [(row["main"], True), *((line, False) for line in text.split("\n"))]
            for k, (line, bold) in enumerate(lines):
                dy = 16 + 16 * k if down else -14 - 16 * (len(lines) - 1 - k)
                found.setdefault((dy, bold), []).append({"at": bar["at"], "end": min(ends) if down else max(ends), "text": line})
            for k, line in enumerate(name):
                under.setdefault(k, []).append({"at": bar["at"], "text": line})
        layers = []
        for (dy, bold), mine in found.items():
            for look in (RIM, {"color": INK if bold else INK_3}):
                layers.append(alt.Chart(pd.DataFrame(mine)).mark_text(
                    dy=dy, baseline="middle", fontSize=13 if bold else 12, fontWeight=600 if bold else 400, **look).encode(
                    x=self.x("at"), y=self.y("end"), text=alt.Text("text:N")))
        return layers + [alt.Chart(pd.DataFrame(mine)).mark_text(baseline="top", fontSize=13, color=INK).encode(
            x=self.x("at"), y=alt.YValue(alt.expr(f"height + {10 + 17 * k}")), text=alt.Text("text:N")) for k, mine in under.items()]
