"""Rows under one another, each with its name, its marks and its numbers: what the row charts of money are drawn on.

Places down the page are counted in px from the top of the plot, so that a row may be deeper than its neighbour, a rule may part two rows,
and a line may lead from one row to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from voclib.reporting.charts import drawing, placement
from voclib.reporting.pair import NARROW, WIDE
from voclib.reporting.theme import ACCENT, BAND, INK, INK_2, INK_3, LINE_2, NAIVE, PAPER

NAME, INDENT, HEAD, TEXT = 236, 14, 34, 17  # px: width of a name, how far an "of which" row moves right, a heading, a line of text
PHONE = 328  # px that names, numbers and keys may take of a narrow picture, so that they are whole on the smallest phones
THIN, HEAVY = 14, 24  # px of an interval, and of the one that holds the others
RIM = {"color": PAPER, "stroke": PAPER, "strokeWidth": 4, "strokeJoin": "round"}


@dataclass(frozen=True)
class Lanes:
    """Rows with their places: `mid` is the middle of a row's marks, `texts` are the written lines; px from the top of the plot."""

    rows: list[dict[str, Any]]
    texts: list[dict[str, Any]]
    rules: list[float]
    height: float
    domain: tuple[float, float]
    ticks: list[float]
    unit: str
    lang: str
    narrow: bool
    left: float
    right: float

    @property
    def width(self) -> float:
        """Px of the plot in a picture of the house width."""
        return (NARROW if self.narrow else WIDE) - self.left - self.right - 6

    def px(self, value: float) -> float:
        """How far right a value lies, in px."""
        return self.width * (value - self.domain[0]) / (self.domain[1] - self.domain[0])

    def x(self, field: str) -> alt.X:
        """The place of a value."""
        shown = [t for t in self.ticks if self._inside(t)] or self.ticks
        return drawing.x(field, self.domain, drawing.axis(fitting(shown, self.unit, self.lang, self.width), self.unit, self.lang))

    def _inside(self, tick: float) -> bool:
        """Whether the label of a tick stays within a phone, where names and numbers begin at its edges; at an end it is flush with the plot."""
        at, half = self.px(tick), drawing.pixels(drawing.mark(tick, self.unit, self.lang)) / 2 - 3
        return not self.narrow or half <= at <= self.width - half or min(at, self.width - at) < 1

    def y(self, field: str = "mid") -> alt.Y:
        """The place of a row."""
        return drawing.y(field, [self.height, 0], None)

    def draw(self, marks: Sequence[alt.Chart], dots: Sequence[alt.Chart], key: Sequence[placement.Key] = (), *, over: int = 0,
             through: bool = True) -> alt.TopLevelMixin:
        """The chart: marks, the zero line `through` all rows over them, dots over that, then names, numbers and the key, `over` px above the plot."""
        crosses = through and self.domain[0] <= 0 <= self.domain[1]
        zero = [alt.Chart(pd.DataFrame([{"zero": 0}])).mark_rule().encode(x=self.x("zero"))] if crosses else []
        parting = [alt.Chart(pd.DataFrame([{"mid": at}])).mark_rule(color=LINE_2, strokeWidth=1).encode(
            y=self.y(), x=alt.XValue(-self.left), x2=alt.X2Value(alt.expr(f"width + {self.right:g}"))) for at in self.rules]
        keys, above = placement.key(key, width=PHONE if self.narrow else self.width + self.right, above=over) if key else ([], 0)
        return alt.layer(*marks, *zero, *dots, *parting, *self._words(), *keys, height=self.height + over + above + 34)

    def _words(self) -> list[alt.Chart]:
        layers = []
        for side, at, bold in dict.fromkeys((t["side"], t["at"], t["bold"]) for t in self.texts):
            mine = [t for t in self.texts if (t["side"], t["at"], t["bold"]) == (side, at, bold)]
            x = alt.XValue(at if side == "left" else alt.expr(f"width + {at:g}"))
            for rim in (True, False) if self.narrow else (False,):
                look = RIM | {"strokeWidth": 8} if rim else {}
                paint = {} if rim else {"color": alt.Color("ink:N", scale=None, legend=None)}
                layers.append(alt.Chart(pd.DataFrame(mine)).mark_text(
                    align=side, baseline="middle", fontSize=13, fontWeight=600 if bold else 400, **look).encode(
                        x=x, y=self.y("y"), text=alt.Text("text:N"), **paint))
        return layers


def fitting(ticks: list[float], unit: str, lang: str, width: float) -> list[float]:
    """Every tick, or every other one with zero kept where their labels would meet."""
    wide = max(drawing.pixels(drawing.mark(t, unit, lang)) for t in ticks) + 10
    if wide * (len(ticks) - 1) <= width or len(ticks) < 3:
        return ticks
    return [t for k, t in enumerate(ticks) if k % 2 == (ticks.index(0.0) % 2 if 0.0 in ticks else 0)]


def lay(rows: Sequence[dict[str, Any]], *, span: tuple[float, float], unit: str, lang: str, narrow: bool, tail: float = 0,
        exact: bool = False) -> Lanes:
    """Give every row its place; `g` is its name, `main` and `small` its numbers, `beneath` a grey line under the name.

    `strong` makes a row heavier, `indent` moves its name right, `head` is a heading over it under a rule. `tail` px stay free under the last
    row. The axis runs a little past the ends of `span`, or just so far with `exact`; an end at zero stays there.
    """
    right = [max([drawing.pixels(r[part]) * (1.04 if part == "main" else 1) for r in rows]) for part in ("main", "small")]
    numbered = right[0] + right[1] + 14 * bool(right[1])
    room = PHONE - numbered - 14 if narrow else NAME
    laid, texts, rules, at = [], [], [], 0.0
    for row in rows:
        if row.get("head"):
            rules.append(at + 5)
            texts.append(text("left", 0, at + 21, row["head"], INK_3) | {"head": True})
            at += HEAD
        indent = INDENT * bool(row.get("indent"))
        lines = placement.fold(row["g"], room - indent, rest=PHONE - indent if narrow else None)
        under = placement.fold(row["beneath"], (PHONE if narrow else room) - indent, most=2) if row.get("beneath") else []
        deep, strong = TEXT * (len(lines) + len(under)), bool(row.get("strong"))
        height = deep + 46 + 6 * strong if narrow else max(38 + 10 * strong, deep + 12)
        top = at + 18 if narrow else at + (height - deep) / 2 + TEXT / 2
        mid = at + height - 17 - 3 * strong if narrow else at + height / 2
        texts += [text("left", indent, top + TEXT * k, line, INK, bold=strong) for k, line in enumerate(lines)]
        texts += [text("left", indent, top + TEXT * (len(lines) + k), line, INK_3) for k, line in enumerate(under)]
        beside = top if narrow else mid
        texts += [text("right", -right[1] - 14 * bool(right[1]), beside, row["main"], INK, bold=True)] if row["main"] else []
        texts += [text("right", 0, beside, row["small"], INK_3)] if row["small"] else []
        laid.append(row | {"mid": mid, "top": at, "bottom": at + height})
        at += height
    left = 0.0 if narrow else max(drawing.pixels(t["text"]) * (1.04 if t["bold"] else 1) + t["at"] for t in texts
                                  if t["side"] == "left" and "head" not in t) + 14
    past = 0.0 if narrow else numbered + 10
    texts = [{k: v for k, v in t.items() if k != "head"} | {"at": t["at"] - left if t["side"] == "left" else t["at"] + past} for t in texts]
    pad = 0 if exact else 0.03 * (span[1] - span[0])
    ends = (span[0] - pad * (span[0] != 0), span[1] + pad * (span[1] != 0))
    return Lanes(laid, texts, rules, at + tail, ends, drawing.inside(*ends), unit, lang, narrow, left, past)


def text(side: str, at: float, y: float, written: str, ink: str, *, bold: bool = False) -> dict[str, Any]:
    """A written line of `Lanes`: at its `left` or `right` edge `at` px from that of the plot, `y` px from the top."""
    return {"side": side, "at": at, "y": y, "text": written, "ink": ink, "bold": bold}


def bar(base: alt.Chart, lanes: Lanes, low: str, high: str, *, size: float, color: str, **mark: Any) -> alt.Chart:
    """A bar from one value to another along its row."""
    return base.mark_bar(orient="horizontal", size=size, color=color, **mark).encode(x=lanes.x(low), x2=alt.X2(f"{high}:Q"), y=lanes.y())


def interval(base: alt.Chart, lanes: Lanes, *, size: float = THIN, low: str = "low", high: str = "high", band: str = BAND,
             cap: str = ACCENT) -> list[alt.Chart]:
    """Band and caps along the rows."""
    return [bar(base, lanes, low, high, size=size, color=band),
            *(base.mark_tick(size=size + 8, orient="vertical", color=cap).encode(x=lanes.x(end), y=lanes.y()) for end in (low, high))]


def dot(base: alt.Chart, lanes: Lanes, field: str = "value", *, size: float = 150) -> alt.Chart:
    """The estimate."""
    return base.mark_circle(size=size, color=ACCENT, stroke=PAPER, strokeWidth=2, opacity=1).encode(x=lanes.x(field), y=lanes.y())


def ring(base: alt.Chart, lanes: Lanes, field: str) -> list[alt.Chart]:
    """The uncorrected number, tied to the estimate by a dotted line."""
    return [base.transform_filter("isValid(datum.value)").mark_rule(color=NAIVE, strokeDash=[2, 3]).encode(
        x=lanes.x(field), x2=alt.X2("value:Q"), y=lanes.y()),
            base.mark_point(size=110, fill=PAPER, stroke=NAIVE, strokeWidth=2, opacity=1).encode(x=lanes.x(field), y=lanes.y())]


def note(text: str, lanes: Lanes, *, at: float, y: float, align: str = "left", ink: str = INK_2, bold: bool = False) -> list[alt.Chart]:
    """Words at a value and a height (px), with a rim of paper."""
    base = alt.Chart(pd.DataFrame([{"at": at, "y": y}]))
    return [base.mark_text(align=align, baseline="middle", fontSize=13, fontWeight=600 if bold else 400, **look).encode(
        x=lanes.x("at"), y=lanes.y("y"), text=alt.TextValue(text)) for look in (RIM, {"color": ink})]
