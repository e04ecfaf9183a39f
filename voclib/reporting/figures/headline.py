"""The first screen of a report: question, answer, number with its interval, verdict, one caveat, one decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from voclib import numbers, sentences
from voclib.reporting import wording
from voclib.reporting.figures import marks
from voclib.reporting.figures.markup import both, each, label, steps, verdict, words
from voclib.results import Estimate

PHONE, LETTER, SMALL = 310, 8, 7  # px of the bar on a phone, of a letter of the ends over it, and of one of the uncorrected value


def render(payload: Mapping[str, Any]) -> Markup:
    """HTML of a finding, `Study.to_dict()`: the hero with its card."""
    estimate = Estimate.from_dict(payload["headline"][0])
    naive = Estimate.from_dict(payload["naive"]) if payload.get("naive") else None
    kicker = payload.get("kicker") or {}
    kick = Markup('<p class="kick">{}</p>').format(both(kicker)) if kicker.get("zh") or kicker.get("en") else Markup("")
    return Markup(
        '<div class="hero"><div class="wrap">{}<h1>{}</h1><div class="lead">{}</div>'
        '<div class="card" role="group" aria-label="{}">{}{}{}</div></div></div>'
    ).format(kick, _question(payload["question"]), _said(payload["answer"]), label(lambda lang: wording.ui("answer")[lang]),
             _answer(estimate, naive), _side(payload["verdict"], estimate), _foot(payload))


def _question(question: Mapping[str, str]) -> Markup:
    zh = Markup("").join(Markup('<span class="ph">{}</span>').format(part) for part in wording.phrases(question["zh"]))
    return both({"zh": zh, "en": question["en"]})


def _said(answer: Mapping[str, str]) -> Markup:
    """The answer in bold and its reason, a paragraph each, so that a phone can show the reason under the card."""
    cut = {lang: sentences.first_sentence(answer[lang]) for lang in ("zh", "en")}
    first = Markup("<p><b>{}</b></p>").format(each(lambda lang: cut[lang][0]))
    if not any(rest for _, rest in cut.values()):
        return first
    return first + Markup("<p>{}</p>").format(each(lambda lang: " " * (lang == "en") + cut[lang][1]))


def _lead(text: Mapping[str, str]) -> Markup:
    """A text with its first sentence in bold."""
    def bold(lang: str) -> Markup:
        first, rest = sentences.first_sentence(text[lang])
        return Markup("<b>{}</b>{}{}").format(first, " " if rest and lang == "en" else "", rest)

    return each(bold)


def _answer(estimate: Estimate, naive: Estimate | None) -> Markup:
    named = wording.entry(estimate.estimand)
    group = Markup(" · {}").format(estimate.group) if estimate.group else ""
    scale = Markup('<p class="lab scale">{}</p>').format(both(named.scale)) if named.scale.zh else ""
    return Markup('<div class="ans"><p class="lab"><b>{}{}</b></p>{}<div class="fig">{}</div>{}</div>').format(
        both(named.title), group, scale, _number(estimate), bar(estimate, naive))


def _number(estimate: Estimate) -> Markup:
    if estimate.kind == "refusal":
        return Markup('<span class="big words">{}</span><span class="rng">{} {}<b class="plain">{}</b></span>').format(
            words("insufficient"), both(estimate.reason), words("needs"), both(estimate.needs))
    unit = each(lambda lang: numbers.unit(estimate, lang))
    small = Markup("<small>{}</small>").format(unit) if unit else ""
    longest = max(len(numbers.value(estimate, lang)) for lang in ("zh", "en"))
    size = " long" if longest > 4 else ""
    value = each(lambda lang: numbers.value(estimate, lang))
    if estimate.kind == "bounds":
        return Markup('<span class="big bd long">{}{}</span><span class="rng">{}</span>').format(value, small, words("bounds"))
    number = Markup('<span class="big{}">{}{}</span>').format(size, value, small)
    if estimate.kind == "count":
        return number + Markup('<span class="rng">{}</span>').format(words("exact"))
    return number + Markup('<span class="rng">{} <b>{}</b></span>').format(
        each(lambda lang: f"{estimate.conf_level:.0%} {wording.ui('interval')[lang]}"), each(lambda lang: numbers.interval(estimate, lang)))


def sentence(estimate: Estimate, naive: Estimate | None, lang: str) -> str:
    """The bar in words, for readers who do not see it."""
    zh = lang == "zh"
    parts = [wording.name(estimate.estimand)[lang]]
    if estimate.kind == "refusal":
        parts.append(wording.ui("insufficient")[lang])
    elif estimate.kind == "bounds":
        parts.append(f"{numbers.value(estimate, lang)}{'，' if zh else ', '}{wording.ui('range_only')[lang]}")
    else:
        parts.append(f"{numbers.value(estimate, lang)} {numbers.unit(estimate, lang)}".strip())
        if estimate.kind == "estimate":
            parts.append(f"{estimate.conf_level:.0%} {wording.ui('interval')[lang]} {numbers.interval(estimate, lang)}")
    if naive is not None:
        parts.append(f"校正前 {numbers.value(naive, lang)}" if zh else f"{numbers.value(naive, lang)} before correction")
    return ("，" if zh else ", ").join(parts) + ("。" if zh else ".")


def bar(estimate: Estimate, naive: Estimate | None) -> Markup:
    """The large interval bar with the zero line and the grey uncorrected ring; an exact count is drawn only beside an uncorrected value."""
    name = label(lambda lang: sentence(estimate, naive, lang))
    if estimate.kind == "refusal":
        return Markup('<svg class="ib" width="100%" height="44" role="img" aria-label="{}"><rect class="hs" x="0" y="12" width="100%" height="20"/>'
                      "</svg>").format(name)
    if estimate.kind == "count" and naive is None:
        return Markup("")
    scale = marks.axis([estimate, *([naive] if naive else [])])
    low, high = {"bounds": (estimate.bound_low, estimate.bound_high), "count": (estimate.value, estimate.value)}.get(
        estimate.kind, (estimate.conf_low, estimate.conf_high))
    tight = naive is not None and (min(abs(scale.at(naive.value) - scale.at(x)) for x in (low, high)) < 26
                                   or _hides(naive, estimate, scale, low, high))
    y = 64 if tight else 48
    ticks = Markup("").join(marks.line("g", scale.at(t), y - 5, scale.at(t), y + 5) for t in scale.ticks)
    body = marks.line("g", 0, y, 100, y) + ticks + marks.marks(estimate, scale, y=y, half=8, cap=12, dot=9) + marks.zero(scale, y - 18, y + 18)
    if estimate.kind == "estimate":
        body += Markup('<circle class="dot" cx="{}" cy="{}" r="9"/>').format(marks.pct(scale.at(estimate.value)), y)
    body += (Markup("") if estimate.kind == "count" else _ends(estimate, scale, low, high, y=y - 22)) + marks.tick_labels(scale, y + 38)
    if naive:
        at = scale.at(naive.value)
        body += Markup('<circle class="dot nv" cx="{}" cy="{}" r="7"/>').format(marks.pct(at), y)
        body += marks.text(at, 16 if tight else y - 22, marks.uncorrected(naive), anchor=marks.beside(at), style="nvt")
    return Markup('<svg class="ib" width="100%" height="{}" role="img" aria-label="{}">{}</svg>').format(y + 48, name, body)


def _ends(estimate: Estimate, scale: marks.Axis, low: float, high: float, *, y: int) -> Markup:
    """Interval ends over their caps; moved apart where the interval is short."""
    left, right = scale.at(low), scale.at(high)
    apart = right - left < max(14.0, _room(estimate))
    if apart and left < 4:  # the lower end has no room on its left and begins at its cap, so the upper one gives way
        right = max(right, left + _room(estimate))
    if apart and right > 96:
        left = min(left, right - _room(estimate))
    shift = 3 if apart and left >= 4 and right <= 96 else 0
    style = "v bd" if estimate.kind == "bounds" else "v"
    parts = Markup("")
    for side, (at, anchor) in enumerate(((left, "end" if apart else "middle"), (right, "start" if apart else "middle"))):
        if at < 4:
            anchor = "start"
        if at > 96:
            anchor = "end"
        parts += marks.text(at, y, each(lambda lang, i=side: numbers.ends(estimate, lang)[i], tag="tspan"), anchor=anchor, style=style,
                            dx=shift * (2 * side - 1))
    return parts


def _room(estimate: Estimate) -> float:
    """Per cent of the bar on a phone that an end and the gap to the next need, in their longer language."""
    return 100 * (1 + max(sum(map(_letters, numbers.ends(estimate, lang))) / 2 for lang in ("zh", "en"))) * LETTER / PHONE


def _letters(text: str) -> int:
    """Letters of a text; a wide character counts as two."""
    return sum(1 + (c > "\u2e80") for c in text)


def _hides(naive: Estimate, estimate: Estimate, scale: marks.Axis, low: float, high: float) -> bool:
    """Whether on a phone the words of the uncorrected value would lie over the ends of the interval, were all on one line."""
    if estimate.kind == "count":
        return False
    at, left, right = (scale.at(x) for x in (naive.value, low, high))
    wide = 100 * max(_letters(f"{numbers.value(naive, 'en')} uncorrected"), _letters(f"校正前 {numbers.value(naive, 'zh')}")) * SMALL / PHONE
    start = at - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[marks.beside(at)]
    room = _room(estimate) * (1.0 if right - left < max(14.0, _room(estimate)) else 0.5)
    return start < right + room and start + wide > left - room


def _side(code: str, estimate: Estimate) -> Markup:
    use = Markup('<div class="use"><h2>{}</h2>{}<br><span class="tok">{}</span></div>').format(words("can_use"), verdict(code), code)
    return Markup('<div class="side">{}<div class="proof"><h2>{}</h2>{}</div>{}</div>').format(
        use, words("evidence"), _strength(estimate), _sizes(estimate))


def _strength(estimate: Estimate) -> Markup:
    """Steps, level and the lay sentence of the evidence."""
    if estimate.kind == "refusal":
        return Markup("<p>{}</p>").format(words("evidence_none"))
    level = wording.evidence(estimate.evidence_level)
    digits = Markup("").join(Markup('<i class="on">{}</i>' if i == estimate.evidence_level else "<i>{}</i>").format(i) for i in range(5))
    grade = each(lambda lang: f"第 {estimate.evidence_level} 级，最高第 4 级" if lang == "zh" else f"Level {estimate.evidence_level} of 4")
    return Markup('<div class="evx"><span class="evd">{}<span class="dg" aria-hidden="true">{}</span></span><b>{}</b></div><p>{}</p>').format(
        steps(estimate.evidence_level), digits, grade, both(level.lay))


def _sizes(estimate: Estimate) -> Markup:
    """Answers used and what they are worth."""
    pair = Markup("<div><dt>{}</dt><dd>{}{}</dd></div>")
    parts = Markup("")
    if estimate.n is not None:
        parts += pair.format(words("sample"), f"{estimate.n:,}", "")
    if estimate.n_effective is not None and estimate.n is not None and round(estimate.n_effective) != estimate.n:
        shown = numbers.count(estimate.n_effective, "en", exact=True)
        parts += pair.format(words("worth"), shown, Markup(" <small>{}</small>").format(words("effective")))
    return Markup('<dl class="nn">{}</dl>').format(parts) if parts else Markup("")


def _foot(payload: Mapping[str, Any]) -> Markup:
    block = Markup('<div class="{}"><h2>{}</h2><p>{}</p></div>')
    return Markup('<div class="foot">{}{}</div>').format(
        block.format("care", words("caveat"), both(payload["caveat"])), block.format("do", words("decision"), _lead(payload["decision"])))
