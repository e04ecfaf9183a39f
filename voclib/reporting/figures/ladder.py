"""The ladder: the same estimand from naive to corrected, one axis, the movement written on the dotted line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from voclib import numbers
from voclib.reporting.figures import marks
from voclib.reporting.figures.markup import both, each, figure, words
from voclib.results import Estimate

PHONE, LETTER, GAP = 350, 8, 12  # px of the track on a phone, of a letter of a movement, and between it and the marks

def render(payload: Mapping[str, Any]) -> Markup:
    """HTML of `{title, subtitle, note, rungs: [Estimate], chosen, labels: {rung: {label, adds}}, beneath: {rung: text}}`.

    The first rung is the uncorrected one.
    """
    rungs = [Estimate.from_dict(r) for r in payload["rungs"]]
    scale = marks.axis(rungs)
    rows = Markup("")
    for i, rung in enumerate(rungs):
        before = rungs[i - 1] if i and rungs[i - 1].value is not None and rung.value is not None else None
        after = i + 1 < len(rungs) and rungs[i + 1].value is not None and rung.value is not None
        chosen = bool(payload.get("chosen")) and rung.rung == payload["chosen"]
        naive = i == 0 and not chosen and len(rungs) > 1
        style = "is-pick" if chosen else "is-nv" if naive else ""
        svg = track(rung, scale, naive=naive) if before is None and not after else _stepped(rung, scale, before, naive=naive, after=after)
        name = _label(rung, payload["labels"], chosen=chosen) + _beneath(payload.get("beneath") or {}, rung.rung)
        rows += row(name, svg, reading(rung), style=style)
    body = Markup('<ol class="lad">{}{}</ol>').format(rows, axis_row(scale))
    return figure(body, title=payload.get("title"), subtitle=payload.get("subtitle"), note=payload.get("note"))


def row(name: Markup, svg: Markup, value: Markup, *, style: str = "") -> Markup:
    """One line of a ladder: label, track, value over interval."""
    return Markup('<li class="{}"><div class="l">{}</div><div class="t"><svg aria-hidden="true" width="100%" height="100%">{}</svg></div>'
                  '<div class="v">{}</div></li>').format(style, name, svg, value)


def axis_row(scale: marks.Axis) -> Markup:
    """The axis under the rows."""
    return Markup('<li class="ax" aria-hidden="true"><div class="l vl"></div><div class="t"><svg width="100%" height="100%">{}</svg></div>'
                  '<div class="v vl"></div></li>').format(marks.tick_labels(scale, 18))


def reading(estimate: Estimate) -> Markup:
    """Value over interval; bounds and refusals say what they are."""
    if estimate.kind == "refusal":
        return Markup("<b>{}</b><small>{}</small>").format(numbers.DASH, words("insufficient_short"))
    value = each(lambda lang: numbers.value(estimate, lang))
    if estimate.kind == "bounds":
        return Markup('<b class="nb">{}</b><small>{}</small>').format(value, words("range_only"))
    if estimate.kind == "count":
        return Markup("<b>{}</b>").format(value)
    return Markup("<b>{}</b><small>{}</small>").format(value, each(lambda lang: numbers.interval(estimate, lang)))


def track(estimate: Estimate, scale: marks.Axis, *, naive: bool = False) -> Markup:
    """Grid, interval marks around the middle of the row, and the reference line over a bar without a dot."""
    centre = Markup('<svg y="50%" width="100%" height="1">{}</svg>')
    drawn = centre.format(marks.marks(estimate, scale, y=0, half=7, cap=10, dot=7, naive=naive))
    line = marks.zero(scale, 0, "100%")
    over = estimate.kind in {"bounds", "refusal"}
    return marks.grid(scale, 0, "100%") + (drawn + line if over else line + drawn)


def _stepped(rung: Estimate, scale: marks.Axis, before: Estimate | None, *, naive: bool, after: bool) -> Markup:
    """A track with the dotted line from the rung before and to the rung after."""
    here = scale.at(rung.value)
    steps = Markup("")
    if before is not None:
        there = scale.at(before.value)
        steps += marks.line("step", there, 0, there, "50%") + marks.line("step", min(here, there), "50%", max(here, there), "50%")
    if after:
        steps += marks.line("step", here, "50%", here, "100%")
    centre = Markup('<svg y="50%" width="100%" height="1">{}</svg>')
    out = marks.grid(scale, 0, "100%") + marks.zero(scale, 0, "100%") + steps
    out += centre.format(marks.marks(rung, scale, y=0, half=7, cap=10, dot=7, naive=naive))
    return out + centre.format(_movement(before, rung, scale)) if before is not None else out


def _movement(before: Estimate, rung: Estimate, scale: marks.Axis) -> Markup:
    """The movement beside the interval where that leaves room in the figure, right before left, else on the band
    beside a dot, else over the line between the two dots."""
    right = max(scale.at(before.value), scale.at(rung.conf_high if rung.conf_high is not None else rung.value))
    left = min(scale.at(before.value), scale.at(rung.conf_low if rung.conf_low is not None else rung.value))
    written = {lang: numbers.change(before, rung, lang) for lang in ("zh", "en")}
    moved, room = both(written, tag="tspan"), 100 * (GAP + LETTER * max(_letters(w) for w in written.values())) / PHONE
    dots = sorted(scale.at(e.value) for e in (before, rung))
    for at, anchor, on in ((right, "start", ""), (left, "end", ""), (dots[1], "start", " on"), (dots[0], "end", " on")):
        ahead = anchor == "start"
        if (at + room <= 100) if ahead else (at >= room):
            return marks.text(at, 5, moved, anchor=anchor, style=f"dl{on}", dx=GAP if ahead else -GAP)
    return marks.text(sum(dots) / 2, -6, moved, style="dl")


def _letters(written: str) -> int:
    """How wide a text is in letters; a Chinese character counts as two."""
    return sum(1 + (c > "\u2e80") for c in written)


def _label(rung: Estimate, labels: Mapping[str, Any], *, chosen: bool) -> Markup:
    named = labels[rung.rung]
    small = words("chosen") if chosen else both(named["adds"]) if named.get("adds") else Markup("")
    if rung.kind == "refusal":
        small = words("needs") + both(rung.needs)
    return both(named["label"]) + (Markup("<small>{}</small>").format(small) if small else Markup(""))


def _beneath(lines: Mapping[str, Any], rung: str) -> Markup:
    """What the rung stands on, in plain grey also where the rung is the chosen one."""
    if rung not in lines:
        return Markup("")
    return Markup('<small style="color:var(--ink-3);font-weight:400">{}</small>').format(both(lines[rung]))
