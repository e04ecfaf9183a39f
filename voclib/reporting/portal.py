"""The list of all reports: question, answer with its interval, verdict, report; one edition at a time, without a network."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from voclib import sentences
from voclib.errors import ParameterError, nearest
from voclib.reporting import assets, sanitise, wording
from voclib.reporting.figures.markup import both, each, verdict, words
from voclib.reporting.figures.rows import grade, mini, value
from voclib.reporting.movement import CAUSES, changes
from voclib.results import Estimate, Text, Verdict

__all__ = ["changes", "render"]

MOST_CHANGES = 4
VIEWS = "5"
"""First digit of the pages made for one reader: where a group has one, it comes first."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_DATED = re.compile(r"\b(19|20)\d\d(Q[1-4]|-\d\d)")


def render(findings: Sequence[Mapping[str, Any]], *, editions: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]] = (),
           company: Text | None = None) -> str:
    """The HTML of `reports/index.html`; the same input gives the same bytes.

    Parameters
    ----------
    findings
        the `<report>.json` dictionaries: `notebook, edition` and what `Study.to_dict()` gives; any order.
    editions
        `{name, title: {zh, en}, notice: {zh, en} or None}` in the order of the switch; the first is shown.
    changes
        what `changes()` gives; the first four of an edition are shown.
    company
        stands beside the house name.

    Raises
    ------
    ParameterError
        if there is no edition, an edition name does not suit an address, or a finding belongs to no edition.
    """
    names = [e["name"] for e in editions]
    if not names:
        raise ParameterError("The portal needs at least one edition; it got none.")
    for name in names:
        if not _NAME.fullmatch(name):
            raise ParameterError(f"Edition '{name}' does not suit an address; use lower-case letters, digits, - and _.")
    for finding in findings:
        if finding["edition"] not in names:
            raise ParameterError(f"Report '{finding['notebook']}' belongs to edition '{finding['edition']}', which is not listed; "
                                 f"{nearest(finding['edition'], names)}")
    css, script = _style(names), assets.content("page.js")
    return sanitise.unparted(assets.template("portal.html.j2", keep_trailing_newline=True).render(
        css=Markup(css), script=Markup(script), policy=Markup(_policy(css, script)), icons=Markup(assets.content("icons.svg")), company=company,
        title={"zh": "客户之声研究：这一版，我们知道了什么", "en": "Customer voice research: what this edition shows"},
        editions=[_edition(e, findings, changes) for e in editions], both=both,
        verdicts=[(verdict(code), both(shown.may)) for code, shown in wording.BADGES.items()],
        levels=[(i, both(e.words), both(e.key)) for i, e in enumerate(wording.EVIDENCE)]))


def _style(names: Iterable[str]) -> str:
    """The sheets, and one rule an edition: its radio button shows its block."""
    first, *others = names
    rules = [f".edition:not([data-ed={first}]){{display:none}}"]
    for name in others:
        rules.append(f"html:has(#ed-{name}:checked) .edition{{display:none}}html:has(#ed-{name}:checked) .edition[data-ed={name}]{{display:revert}}")
    return "\n".join([assets.content("base.css"), assets.content("portal.css"), *rules]) + "\n"


def _policy(css: str, script: str) -> str:
    """Nothing but this style and this script, by their hashes."""
    style, code = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (css, script))
    return (f"default-src 'none'; script-src 'sha256-{code}'; style-src 'sha256-{style}'; img-src data:; "
            "base-uri 'none'; form-action 'none'")


def _edition(edition: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    own = sorted((f for f in findings if f["edition"] == edition["name"]), key=lambda f: (not f["notebook"].startswith(VIEWS), f["notebook"]))
    groups = []
    for reader, (title, line) in wording.READERS.items():
        rows = [_row(f) for f in own if _reader(f) == reader]
        if rows:
            groups.append({"id": f"{edition['name']}-{reader}", "title": both(title), "line": both(line), "rows": rows})
    tally = [(code, sum(f["verdict"] == code for f in own)) for code in Verdict]
    return {"name": edition["name"], "title": both(edition["title"]), "notice": both(edition["notice"]) if edition.get("notice") else "",
            "count": len(own), "groups": groups, "tally": [(n, verdict(code)) for code, n in tally if n], "bar": _bar(tally),
            "changes": [_changed(c) for c in changes if c["edition"] == edition["name"]][:MOST_CHANGES]}


def _reader(finding: Mapping[str, Any]) -> str:
    reader = finding.get("reader")
    return reader if reader in wording.READERS else "research"


def _bar(tally: Sequence[tuple[Verdict, int]]) -> Markup:
    """The verdicts of an edition as one bar, each part as long as its share."""
    total = sum(n for _, n in tally) or 1
    style = {Verdict.REPORT: "t-ok", Verdict.REPORT_WITH_CAVEAT: "t-warn", Verdict.BOUNDS_ONLY: "hb", Verdict.REFUSE: "hs"}
    parts, start = Markup(""), 0
    for code, n in tally:
        if n:
            parts += Markup('<rect class="{}" x="{:.2f}%" y="1" width="{:.2f}%" height="8"/>').format(
                style[code], 100 * start / total, 100 * n / total - (0.35 if start + n < total else 0))
        start += n
    return Markup('<svg class="score" aria-hidden="true" width="100%" height="10">{}</svg>').format(parts)


def _changed(change: Mapping[str, Any]) -> dict[str, Any]:
    causes = [CAUSES[c] for c in change["causes"]]
    why = {"zh": "、".join(c[0].zh for c in causes), "en": ", ".join((c[0].en if i == 0 else c[0].en.lower()) for i, c in enumerate(causes))}
    reason = {"zh": "，".join(c[1].zh for c in causes), "en": ", ".join(c[1].en for c in causes)}
    before = Markup("<s>{} →</s> ")

    def moved(lang: str) -> Markup:
        old = before.format(change["before"][lang]) if change.get("before") else Markup("")
        return old + Markup("<b>{}</b>").format(change["after"][lang])

    return {"href": _href(change), "question": both(change["question"]), "moved": each(moved), "why": both(why), "reason": both(reason)}


def _href(finding: Mapping[str, Any]) -> str:
    return f"{quote(finding['edition'], safe='')}/{quote(finding['notebook'], safe='')}.html"


def _row(finding: Mapping[str, Any]) -> dict[str, Any]:
    estimate = Estimate.from_dict(finding["headline"][0])
    naive = Estimate.from_dict(finding["naive"]) if finding.get("naive") else None
    return {"href": _href(finding), "name": finding["notebook"], "question": both(finding["question"]),
            "next": each(lambda lang: sentences.first_sentence(finding["decision"][lang])[0]), "caveat": _caveat(finding),
            "what": _named(estimate, finding), "value": value(estimate), "mini": mini(estimate, naive),
            "badge": verdict(finding["verdict"]), "grade": grade(estimate)}


def _caveat(finding: Mapping[str, Any]) -> Markup:
    """The first sentence of the caveat, without which such a number may not be quoted; nothing for the other verdicts."""
    if finding["verdict"] != Verdict.REPORT_WITH_CAVEAT:
        return Markup("")
    first = each(lambda lang: sentences.first_sentence(finding["caveat"][lang])[0])
    return Markup('<p class="cav"><b>{}</b>{}</p>').format(words("premise"), first)


def _named(estimate: Estimate, finding: Mapping[str, Any]) -> Markup:
    """What the number is, and of when, as far as the kicker says it."""
    named, kicker = wording.find(estimate.estimand), finding.get("kicker") or {}
    title = named.title if named else Text("", "")

    def line(lang: str) -> str:
        dated = [part for part in (kicker.get(lang) or "").split(" · ") if _DATED.search(part)]
        return " · ".join(part for part in (title[lang], estimate.group or "", *dated) if part)

    return Markup('<p class="what">{}</p>').format(each(line)) if line("zh") else Markup("")
