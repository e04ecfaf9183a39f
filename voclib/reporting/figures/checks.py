"""Checks, failed ones first with their consequence; and the wrong readings a report warns against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from voclib.reporting import wording
from voclib.reporting.figures.markup import both, each, icon, words

_ORDER = {False: 0, True: 1, None: 2}


def render(payload: Mapping[str, Any]) -> Markup:
    """HTML of `{checks: [{name, passed, detail, consequence}]}`: a count in words, then the table."""
    checks = sorted(payload["checks"], key=lambda c: _ORDER[c["passed"]])
    tally = {key: sum(c["passed"] is key for c in checks) for key in (False, True, None)}
    summary = Markup("<p>{}</p>").format(each(lambda lang: _summary(tally, lang)))
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(words(key)) for key in ("result", "check", "seen"))
    rows = Markup("").join(_row(c) for c in checks)
    return summary + Markup('<table class="chk"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(head, rows)


def _summary(tally: Mapping[bool | None, int], lang: str) -> Markup:
    total = sum(tally.values())
    if lang == "zh":
        parts = "，".join(f"{tally[k]} 项{wording.state(k)[0].zh}" for k in (False, True, None) if tally[k])
        return Markup("门槛在看数据之前定好，由规则判定，不由分析者挑选。<b>{} 项检查：{}。</b>").format(total, parts)
    parts = ", ".join(f"{tally[k]} {wording.state(k)[0].en.lower()}" for k in (False, True, None) if tally[k])
    return Markup("Limits were set before the data were seen; rules decide, not the analyst. <b>{} {}: {}.</b>").format(
        total, "check" if total == 1 else "checks", parts)


def _row(check: Mapping[str, Any]) -> Markup:
    shown, style, sign = wording.state(check["passed"])
    detail = both(check["detail"])
    if check.get("consequence") and check["passed"] is not True:
        zh, en = check["detail"], check["consequence"]
        detail = each(lambda lang: Markup("{} <b>{}{}</b>").format(zh[lang], wording.ui("consequence")[lang], en[lang]))
    return Markup('<tr class="{}"><td><span class="st {}">{}{}</span></td><th scope="row">{}</th><td>{}</td></tr>').format(
        "fail" if check["passed"] is False else "", style, icon(sign), both(shown), both(check["name"]), detail)


def render_limits(payload: Mapping[str, Any]) -> Markup:
    """HTML of `{limits: {zh: [[wrong reading, why]], en: …}}`."""
    pairs = zip(payload["limits"]["zh"], payload["limits"]["en"], strict=True)
    rows = Markup("").join(
        Markup('<li>{}<div><b>{}</b> <span class="x">{}</span></div></li>').format(
            icon("i-not"), both({"zh": zh[0], "en": en[0]}), both({"zh": zh[1], "en": en[1]})) for zh, en in pairs)
    return Markup('<ul class="not">{}</ul>').format(rows)
