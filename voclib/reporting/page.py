"""One page a notebook: offline, safe to open, in two languages, the same to the byte for the same notebook."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from voclib.reporting import assets, document, sanitise, theme
from voclib.reporting.figures.markup import Words, both
from voclib.results import Text

HOUSE = Text("客户之声研究", "Customer voice research")
CHECKS = Text("站得住吗", "Does it hold?")
LIMITS = Text("这份报告没有说什么", "What this does not say")
SETUP = Text("参数与准备", "Parameters and set-up")
LABELS: Mapping[str, Text] = {
    "edition": Text("版本", "Edition"), "notebook": Text("笔记本", "Notebook"), "code": Text("代码指纹", "Code hash"),
    "data": Text("输入数据指纹", "Input data hash"), "lock": Text("依赖锁定指纹", "Lock hash"), "gates": Text("门槛", "Gates"),
    "seed": Text("随机种子", "Seed"), "packages": Text("软件包", "Packages"), "parameters": Text("参数", "Parameters"),
    "python": Text("Python 版本", "Python"),
}


@dataclass(frozen=True)
class Page:
    """A finished page: its HTML, the files it loads from `../_assets/` by name, the machine-readable finding, its title."""

    html: str
    assets: dict[str, bytes]
    finding: dict[str, Any] | None
    title: Text


def render(node: Mapping[str, Any], *, edition: Mapping[str, Any], report: str, provenance: Mapping[str, Any], company: Words | str,
           notice: Words | None = None, standalone: bool = False, portal: str = "../index.html") -> Page:
    """Make the page of an executed notebook.

    Parameters
    ----------
    node
        the notebook, nbformat 4, run to its end.
    edition
        `name` and `title` ({zh, en}).
    report
        the notebook's name, which is the report's identity.
    provenance
        footer items in order: hashes, gates, seed, `packages`; a value is text, a number, a Text, a list or a mapping.
    company, notice
        shown in the top bar, and on the strip under it where data are simulated.
    standalone
        put the chart library into the page (one file for e-mail, about 0.9 MB more) instead of loading it from `../_assets/`.
    portal
        address of the list of all reports; links open it at this edition.

    Raises
    ------
    VocError
        if the notebook failed, asks no question, or shows what a page must not carry (see `document.read`).
    """
    read = document.read(node, report=report)
    title = _title(read)
    body = assets.template("report.html.j2").render(
        title=title, company=_words(company), house=both(HOUSE), notice=_words(notice) if notice else "",
        portal=f"{portal}#ed-{edition['name']}",
        hero=_hero(read, edition), sections=_sections(read), provenance=_provenance(provenance, edition, report), edition=edition,
        css=Markup(stylesheet()), icons=Markup(assets.content("icons.svg")), scripts=_scripts(read, standalone=standalone))
    library = _library() if "chart" in read.shown and not standalone else {}
    return Page(html=sanitise.unparted(body), assets=library, finding=read.finding, title=title)


def stylesheet() -> str:
    """The style of a report: what it shares with the portal, its own parts, and the dark colours of interactive charts."""
    dark = theme.dark_css(".vega svg ")
    sheets = "".join(map(assets.content, ("base.css", "report.css", "figures.css")))
    return f"{sheets}@media screen and (prefers-color-scheme:dark){{{dark}}}\n"


def _title(read: document.Document) -> Text:
    words = read.finding["question"] if read.finding else {k: _plain(v) for k, v in read.question.items()}
    return Text(str(words["zh"]), str(words["en"]))


def _plain(source: str) -> str:
    return re.sub(r"\s+", " ", sanitise.plain(source)).strip()


def _words(text: Words | str) -> Markup:
    return escape(text) if isinstance(text, str) else both(text)


def _hero(read: document.Document, edition: Mapping[str, Any]) -> Markup:
    from voclib.reporting import figures

    if read.finding:
        return figures.render(read.finding, kind="headline")
    question = both({lang: Markup(sanitise.inline(source)) for lang, source in read.question.items()})
    return Markup('<div class="hero"><div class="wrap"><p class="kick">{}</p><h1>{}</h1></div></div>').format(_words(edition["title"]), question)


def _sections(read: document.Document) -> list[dict[str, Any]]:
    """What the template shows in order; checks and limits of the finding join the section of their name, or follow at the end."""
    from voclib.reporting import figures

    shown = [{"id": s.id, "title": _heading(s.title), "body": Markup("\n".join(s.blocks)), "names": {t.strip("？? ") for t in s.title.values()}}
             for s in read.sections]
    for kind, title in (("checks", CHECKS), ("limits", LIMITS)):
        if not read.finding or kind in read.shown or not read.finding[kind]:
            continue
        body = figures.render(read.finding, kind=kind)
        home = next((s for s in shown if s["names"] & {title.zh, title.en.strip("?")}), None)
        if home:
            home["body"] += body
        else:
            shown.append({"id": kind, "title": both(title), "body": body, "names": set()})
    if read.setup:
        shown.append({"id": "setup", "title": both(SETUP), "body": Markup("\n".join(read.setup)), "names": set()})
    return shown


def _heading(title: Mapping[str, str]) -> Markup:
    return both({lang: Markup(sanitise.inline(source)) for lang, source in title.items()}) if title else Markup("")


def _provenance(items: Mapping[str, Any], edition: Mapping[str, Any], report: str) -> list[tuple[Markup, Markup, bool]]:
    """Label, value and whether it needs the full width."""
    rows = {"edition": edition["name"], "notebook": report, **items}
    return [(_words(LABELS.get(key, key)), _value(value), isinstance(value, (list, tuple, Mapping)) and not _bilingual(value))
            for key, value in rows.items() if value is not None]


def _bilingual(value: Any) -> bool:
    return isinstance(value, Text) or (isinstance(value, Mapping) and set(value) == {"zh", "en"})


def _value(value: Any) -> Markup:
    if _bilingual(value):
        return both(value)
    if isinstance(value, Mapping):
        value = [f"{k} {v}" for k, v in value.items()]
    return Markup(" · ").join(value) if isinstance(value, (list, tuple)) else escape(value)


@dataclass(frozen=True)
class Scripts:
    """The scripts of a page and the policy that allows exactly these."""

    policy: str
    library: str
    inline: tuple[Markup, ...]


def _scripts(read: document.Document, *, standalone: bool) -> Scripts:
    inline, allowed, library = [assets.content("page.js")], [], ""
    if "chart" in read.shown:
        name, content = next(iter(_library().items()))
        if standalone:
            inline.append(content.decode())
        else:
            library = f"../_assets/{name}"
            allowed.append("'self'")  # an `integrity` attribute would block the script on file://
        inline.append(assets.content("charts.js"))
    inline = [text.strip() for text in inline]
    allowed += [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in inline]
    policy = (f"default-src 'none'; script-src {' '.join(allowed)}; style-src 'unsafe-inline'; img-src data:; font-src data:; "
              "base-uri 'none'; form-action 'none'")
    return Scripts(policy, library, tuple(Markup(text) for text in inline))


@lru_cache(maxsize=1)
def _library() -> dict[str, bytes]:
    """The chart library as one file named by its content; the same bytes in every edition."""
    import vl_convert

    content = vl_convert.javascript_bundle(vl_version=theme.VEGALITE).encode()
    return {f"vega-{hashlib.sha256(content).hexdigest()[:12]}.js": content}
