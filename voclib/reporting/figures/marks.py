"""Interval marks as inline SVG: x in per cent of the width, y in pixels, so that text keeps its size at any width."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from voclib import numbers
from voclib.reporting import wording
from voclib.reporting.figures.markup import each
from voclib.results import Estimate

MAX_TICKS = 5
DUST = 1e-9
"""A span that is rounding error: of numbers that are all the same, an axis would show nothing but the last bits."""


@dataclass(frozen=True)
class Axis:
    """A linear axis from `low` to `high` with at most five ticks; `reference` is drawn as the black line."""

    low: float
    high: float
    step: float
    reference: float
    unit: str

    def at(self, x: float) -> float:
        """Position of a value in per cent, clipped to the axis."""
        return min(100.0, max(0.0, 100 * (x - self.low) / (self.high - self.low)))

    @property
    def ticks(self) -> list[float]:
        """Tick values: whole steps from the reference, as far as the axis goes."""
        first, last = math.ceil((self.low - self.reference) / self.step - 1e-9), math.floor((self.high - self.reference) / self.step + 1e-9)
        return [round(self.reference + i * self.step, 12) for i in range(first, last + 1)]


def axis(estimates: Iterable[Estimate]) -> Axis:
    """One axis that holds every estimate and the reference line (zero; one for ratios)."""
    estimates = list(estimates)
    unit = estimates[0].unit
    named = wording.find(estimates[0].estimand)
    reference = 1.0 if unit == "ratio" else named.reference if named else 0.0
    values = [x for e in estimates for x in (e.value, e.conf_low, e.conf_high, e.bound_low, e.bound_high) if x is not None]
    low, high = min([reference, *values]), max([reference, *values])
    if high - low <= DUST:
        high = low + (0.1 if unit in {"share", "pp"} else 1.0)
    span = high - low
    if low == reference and unit == "points":  # room beside zero shows that scores can be negative
        low = reference - span / 6
    low, high = (x if x == reference else x + room * span for x, room in ((low, -0.03), (high, 0.03)))
    if unit == "ratio" and min(values, default=0.0) >= 0:
        low = max(low, 0.0)
    return _nice(low, high, reference, unit, bounded=unit == "share" and all(0 <= x <= 1 for x in values))


def _nice(low: float, high: float, reference: float, unit: str, *, bounded: bool) -> Axis:
    """Round ticks; `bounded` keeps shares of a whole between 0 and 100 %, which a relative change is not."""
    for step in _steps((high - low) / MAX_TICKS):
        if unit == "count" and step != round(step):  # there is no half a thing
            continue
        start = reference + step * math.floor((low - reference) / step + 1e-9)
        end = reference + step * math.ceil((high - reference) / step - 1e-9)
        if round((end - start) / step) < MAX_TICKS:
            if bounded and reference == 0 and low >= 0 and end > 1:
                end, step = 1.0, 0.25 if step > 0.2 else step
            elif bounded and end > 1:  # no share exceeds 100 %; ticks keep counting from the reference
                end = 1.0
            if bounded or (unit == "ratio" and low >= 0):
                start = max(start, 0.0)  # nor is one below 0 %, and no ratio of counts is
            return Axis(round(start, 12), round(end, 12), step, reference, unit)
    raise AssertionError("steps grow without bound")


def _steps(least: float) -> Iterable[float]:
    power = math.floor(math.log10(least))
    while True:
        for digit in (1, 2, 2.5, 5):
            if digit * 10**power >= least:
                yield digit * 10.0**power
        power += 1


def pct(x: float) -> str:
    """A position as SVG wants it."""
    return f"{x:.2f}%"


def line(style: str, x1: float, y1: object, x2: float, y2: object) -> Markup:
    """A line; x in per cent, y in px or already with its unit."""
    return Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(style, pct(x1), pct(x2), y1, y2)


def text(x: float, y: int, words: object, *, anchor: str = "middle", style: str = "", dx: int = 0) -> Markup:
    """A text mark; `words` is escaped unless it is Markup."""
    more = Markup(' class="{}"').format(style) if style else Markup("")
    shift = Markup(' dx="{}"').format(dx) if dx else Markup("")
    return Markup('<text x="{}" y="{}"{}{} text-anchor="{}">{}</text>').format(pct(x), y, more, shift, anchor, words)


def marks(estimate: Estimate, scale: Axis, *, y: int, half: int, cap: int, dot: float, naive: bool = False) -> Markup:
    """Band, caps and dot of an estimate; a hatched bar without a dot for bounds; a dot for a count; full width for a refusal."""
    nv = " nv" if naive else ""
    rect = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>')
    if estimate.kind == "refusal":
        return rect.format("hs", "0", y - half, "100%", 2 * half)
    if estimate.kind == "bounds":
        low, high = scale.at(estimate.bound_low), scale.at(estimate.bound_high)
        return rect.format("hb", pct(low), y - half, pct(max(high - low, 0.4)), 2 * half)
    ring = Markup('<circle class="dot{}" cx="{}" cy="{}" r="{}"/>').format(nv, pct(scale.at(estimate.value)), y, f"{dot:g}")
    if estimate.kind == "count":
        return ring
    low, high = scale.at(estimate.conf_low), scale.at(estimate.conf_high)
    band = rect.format("band" + nv, pct(low), y - half, pct(high - low), 2 * half)
    return band + line("cap" + nv, low, y - cap, low, y + cap) + line("cap" + nv, high, y - cap, high, y + cap) + ring


def grid(scale: Axis, y1: object, y2: object) -> Markup:
    """Hairlines at the ticks, without the reference line."""
    lines = [line("g", scale.at(t), y1, scale.at(t), y2) for t in scale.ticks if abs(t - scale.reference) > 1e-12]
    return Markup("").join(lines)


def zero(scale: Axis, y1: object, y2: object) -> Markup:
    """The reference line, drawn over the bar."""
    at = scale.at(scale.reference)
    return line("z", at, y1, at, y2)


def tick_labels(scale: Axis, y: int) -> Markup:
    """Labels under the axis; the outermost stay inside the figure."""
    out = []
    for t in scale.ticks:
        at = scale.at(t)
        anchor = "start" if at < 3 else "end" if at > 97 else "middle"
        out.append(text(at, y, tick(scale, t), anchor=anchor))
    return Markup("").join(out)


def tick(scale: Axis, x: float) -> Markup:
    """The label of one tick in both languages."""
    return each(lambda lang: numbers.tick(x, scale.unit, lang, step=scale.step), tag="tspan")


def uncorrected(estimate: Estimate) -> Markup:
    """The label of the grey ring."""
    shown = {lang: numbers.value(estimate, lang) for lang in ("zh", "en")}
    return each(lambda lang: f"校正前 {shown[lang]}" if lang == "zh" else f"{shown[lang]} uncorrected", tag="tspan")


def beside(at: float) -> str:
    """Text anchor that keeps a label of some length inside the figure."""
    return "start" if at < 16 else "end" if at > 84 else "middle"
