"""One number in one row, on a scale of its own: value with interval, a small bar with the ring of the uncorrected one, evidence."""

from __future__ import annotations

from markupsafe import Markup

from voclib import numbers
from voclib.reporting import wording
from voclib.reporting.figures import marks
from voclib.reporting.figures.markup import both, each, steps, words
from voclib.results import Estimate, Text


def value(estimate: Estimate) -> Markup:
    """The number large, its interval beside it; what takes its place where there is none."""
    if estimate.kind == "refusal":
        return Markup('<span class="un">{}</span>').format(words("insufficient"))
    named = wording.find(estimate.estimand)
    short = named.short if named else Text("", "")
    joined = {"zh": f"{numbers.unit(estimate, 'zh')}{short.zh}", "en": f"{numbers.unit(estimate, 'en')} {short.en}".strip()}
    small = Markup("<small>{}</small>").format(both(joined)) if joined["en"] else Markup("")
    style = Markup(' class="bd"') if estimate.kind == "bounds" else Markup("")
    number = Markup("<b{}>{}{}</b>").format(style, each(lambda lang: numbers.value(estimate, lang)), small)
    if estimate.kind == "bounds":
        return number + Markup('<span class="r">{}</span>').format(words("range_only"))
    if estimate.kind == "count":
        return number + Markup('<span class="r">{}</span>').format(words("exact_short"))
    return number + Markup('<span class="r">{}</span>').format(each(lambda lang: Markup("<i>{}</i> {}").format(
        wording.interval(estimate.conf_level)[lang], numbers.interval(estimate, lang))))


def mini(estimate: Estimate, naive: Estimate | None, *, goal: float | None = None) -> Markup:
    """The interval bar of a row: zero line, grey ring with its label, a dashed line at a goal; nothing for an exact count without either."""
    if estimate.kind == "count" and naive is None and goal is None:
        return Markup("")
    if estimate.kind == "refusal":
        return Markup('<svg class="mini" aria-hidden="true" width="100%" height="28"><rect class="hs" x="0" y="5" width="100%" height="16"/></svg>')
    aim = [] if goal is None else [Estimate(estimand=estimate.estimand, kind="count", unit=estimate.unit, value=goal)]
    scale = marks.axis([estimate, *([naive] if naive else []), *aim])
    at = scale.at(scale.reference)
    ring, label = Markup(""), Markup("")
    named = _reference(scale)
    if naive:
        x = scale.at(naive.value)
        ring = Markup('<circle class="dot nv" cx="{}" cy="13" r="5.5"/>').format(marks.pct(x))
        label = marks.text(x, 37, marks.uncorrected(naive), anchor=marks.beside(x))
        named = Markup("") if abs(x - at) < 24 else named
    zero = marks.text(at, 37, named, anchor="start" if at < 3 else "end" if at > 97 else "middle") if named else Markup("")
    dot = Markup('<circle class="dot" cx="{}" cy="13" r="7"/>').format(marks.pct(scale.at(estimate.value))) if estimate.value is not None else ""
    wanted = Markup("") if goal is None else marks.line("aim", scale.at(goal), 0, scale.at(goal), 26)
    return Markup('<svg class="mini" aria-hidden="true" width="100%" height="40">{}{}{}{}{}{}{}{}</svg>').format(
        marks.line("g", 0, 13, 100, 13), zero, marks.marks(estimate, scale, y=13, half=6, cap=8, dot=7), marks.zero(scale, 1, 25), wanted, ring,
        label, dot)


def grade(estimate: Estimate) -> Markup:
    """How strong the evidence is, in steps and words."""
    if estimate.kind == "refusal":
        return Markup('<span class="e">{}</span>').format(words("evidence_none"))
    level = estimate.evidence_level
    return Markup('<span class="e">{}<span>{}</span></span>').format(
        steps(level), each(lambda lang: f"证据 {level} 级" if lang == "zh" else f"Evidence {level}/4"))


def _reference(scale: marks.Axis) -> Markup:
    """What the black line of a mini bar stands for."""
    if scale.unit == "ratio":
        return each(lambda lang: wording.ui("no_change")[lang], tag="tspan")
    if scale.reference == 0:
        return Markup("0")
    return each(lambda lang: numbers.tick(scale.reference, scale.unit, lang, step=scale.reference), tag="tspan")
