"""Groups on one axis: label, interval, value over interval; any number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from voclib.reporting.figures import marks
from voclib.reporting.figures.ladder import axis_row, reading, row, track
from voclib.reporting.figures.markup import both, figure, words
from voclib.results import Estimate


def render(payload: Mapping[str, Any]) -> Markup:
    """HTML of `{title, subtitle, note, estimates: [Estimate], labels: {group: {zh, en}}, naive: {group: Estimate}}` in the order given."""
    estimates = [Estimate.from_dict(e) for e in payload["estimates"]]
    drawn = [e for e in estimates if e.kind != "refusal"]
    labels = payload.get("labels") or {}
    naive = {group: Estimate.from_dict(e) for group, e in (payload.get("naive") or {}).items()}
    scale = marks.axis([*drawn, *naive.values()]) if drawn else None
    rows = Markup("")
    for estimate in estimates:
        known = labels.get(estimate.group)
        name = both(known) if known else both({"zh": estimate.group, "en": estimate.group})
        if estimate.kind == "refusal":
            name += Markup("<small>{}{}</small>").format(words("needs"), both(estimate.needs))
        svg = track(estimate, scale) if scale else _blank(estimate)
        if scale and estimate.group in naive:
            svg += _ring(naive[estimate.group], scale) + _dot(estimate, scale)
        rows += row(name, svg, reading(estimate))
    axis = axis_row(scale) if scale else Markup("")
    body = Markup('<ol class="lad lad-rows">{}{}</ol>').format(rows, axis)
    return figure(body, title=payload.get("title"), subtitle=payload.get("subtitle"), note=payload.get("note"))


def _ring(naive: Estimate, scale: marks.Axis) -> Markup:
    """The grey ring of the uncorrected value, wide enough to be seen around a dot at the same place."""
    return Markup('<circle class="dot nv" cx="{}" cy="50%" r="8"/>').format(marks.pct(scale.at(naive.value)))


def _dot(estimate: Estimate, scale: marks.Axis) -> Markup:
    """The dot of an estimate once more, over the ring; bounds have none."""
    if estimate.value is None:
        return Markup("")
    return Markup('<circle class="dot" cx="{}" cy="50%" r="7"/>').format(marks.pct(scale.at(estimate.value)))


def _blank(estimate: Estimate) -> Markup:
    scale = marks.Axis(0.0, 1.0, 1.0, 0.0, estimate.unit)
    return Markup('<svg y="50%" width="100%" height="1">{}</svg>').format(marks.marks(estimate, scale, y=0, half=7, cap=10, dot=7))
