"""An executed notebook read as a document: a question, sections in two languages, and the finding that goes to the top."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from voclib.errors import VocError
from voclib.reporting import outputs, sanitise

LANGS = ("zh", "en")
_PROSE = '<div class="prose">'


@dataclass
class Section:
    """A stretch of the page: its headings (markdown, by language; empty before the first), its blocks of HTML and its folded code.

    `figures` counts what its cells show; `absent`: a cell has said that these data have nothing to show there.
    """

    title: dict[str, str] = field(default_factory=dict)
    blocks: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    figures: int = 0
    absent: bool = False
    id: str = ""


@dataclass
class Document:
    """What a page is made of: `question` (markdown by language), `sections`, `setup` code, the `finding`, kinds `shown`, notes and facts `said`."""

    question: dict[str, str] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)
    finding: dict[str, Any] | None = None
    shown: set[str] = field(default_factory=set)
    said: set[str] = field(default_factory=set)


def read(notebook: Mapping[str, Any], *, report: str) -> Document:
    """Read an executed notebook (nbformat 4).

    Raises
    ------
    VocError
        if a cell failed, a chart has no description, headings do not pair up, there are two findings, or there is no question.
    """
    document = Document(sections=[Section()])
    for run in _runs(notebook["cells"]):
        if run[0][1]["cell_type"] == "markdown":
            _prose(document, run, report=report)
        elif run[0][1]["cell_type"] == "code":
            _code(document, *run[0], report=report)
    if not document.question and document.finding is None:
        raise VocError(f"{report}: the notebook asks no question; begin it with a markdown cell '# …?' (tags zh and en for two languages).")
    _tidy(document)
    return document


def _runs(cells: list[Mapping[str, Any]]) -> Iterator[list[tuple[int, Mapping[str, Any]]]]:
    """Neighbouring markdown cells together (zh and en stand side by side; prose without a tag apart), every other cell alone."""
    shown = [(k, cell) for k, cell in enumerate(cells, start=1) if cell["cell_type"] == "code" or "hide" not in tags(cell)]
    kind = lambda item: item[0] if item[1]["cell_type"] != "markdown" else bool(_language(item[1]))  # noqa: E731
    for _, run in groupby(shown, key=lambda item: (item[1]["cell_type"], kind(item))):
        yield list(run)


def tags(cell: Mapping[str, Any]) -> set[str]:
    """The tags of a cell."""
    return set(cell.get("metadata", {}).get("tags", []))


def _prose(document: Document, run: list[tuple[int, Mapping[str, Any]]], *, report: str) -> None:
    where = f"{report}: markdown cells {run[0][0]}–{run[-1][0]}"
    pieces: dict[str, list[sanitise.Piece]] = {}
    for _, cell in run:
        pieces.setdefault(_language(cell), []).extend(sanitise.headings(str(cell["source"])))
    if "" in pieces:
        for level, title, body in pieces[""]:
            _add(document, level, dict.fromkeys(LANGS, title), {"": [body]}, where=where)
        return
    if missing := set(LANGS) - set(pieces):
        raise VocError(f"{where} speak one language only; write the {missing.pop()} cell beside it, or take the tag off.")
    zh, en = (_parts(pieces[lang]) for lang in LANGS)
    if [p[0] for p in zh] != [p[0] for p in en]:
        raise VocError(f"{where}: zh has {_outline(zh)}, en has {_outline(en)}; give both languages the same headings.")
    for (level, title_zh, body_zh), (_, title_en, body_en) in zip(zh, en, strict=True):
        _add(document, level, {"zh": title_zh, "en": title_en}, {"zh": body_zh, "en": body_en}, where=where)


def _language(cell: Mapping[str, Any]) -> str:
    marked = tags(cell) & set(LANGS)
    return marked.pop() if len(marked) == 1 else ""


def _parts(pieces: list[sanitise.Piece]) -> list[tuple[int, str, list[str]]]:
    """Pieces gathered under their heading; the first part is what stands before any heading."""
    parts: list[tuple[int, str, list[str]]] = [(0, "", [])]
    for level, title, body in pieces:
        if level:
            parts.append((level, title, []))
        parts[-1][2].append(body)
    return parts


def _add(document: Document, level: int, title: dict[str, str], bodies: dict[str, list[str]], *, where: str) -> None:
    if level == 1:
        if document.question:
            raise VocError(f"{where}: a second H1; a notebook asks one question, and its sections begin with '## '.")
        document.question = title
    elif level == 2:
        document.sections.append(Section(title=title))
    texts = {lang: sanitise.markdown("\n\n".join(body)).strip() for lang, body in bodies.items()}
    if any(texts.values()):
        inner = "".join(f'<div lang="{lang}">{text}</div>' if lang else text for lang, text in texts.items())
        document.sections[-1].blocks.append(f"{_PROSE}{inner}</div>")


def _outline(parts: list[tuple[int, str, list[str]]]) -> str:
    return ", ".join(f"'{'#' * level} {title}'" for level, title, _ in parts if level) or "no heading"


def _code(document: Document, number: int, cell: Mapping[str, Any], *, report: str) -> None:
    marks, source = tags(cell), str(cell["source"]).strip()
    section = document.sections[-1]
    lifted = False
    for block in outputs.render(cell, where=f"{report}: cell {number}"):
        if block.finding is not None:
            if document.finding is not None:
                raise VocError(f"{report}: cell {number} states a second headline; a report answers one question.")
            document.finding, lifted = block.finding, True
        elif block.kind == "absent":
            section.absent = True
        elif block.html not in document.said or not _unsaid(section, block.html):
            section.blocks.append(block.html)
            section.figures += 1
            document.said |= {block.html} if block.kind in ("note", "facts") else set()
        document.shown |= {block.kind}
    if not source or "hide" in marks:
        return
    names = {"parameters": ("参数", "Parameters"), "injected-parameters": ("本次运行的参数", "Parameters of this run"),
             "setup": ("准备", "Set-up")}
    named = next((names[mark] for mark in sorted(marks & set(names))), None)
    fold = _fold(source, number, named)
    aside = (lifted and len(cell["outputs"]) == 1) or (not section.title and (named or not cell.get("outputs")))
    (document.setup if aside else section.code).append(fold)
    if not aside:
        section.blocks.append(fold)


def _unsaid(section: Section, again: str) -> bool:
    """Whether what the page has said before goes without saying here: cells that cannot be shown for one reason give it once.

    It does where it would follow itself, and where one paragraph without a heading leads to it, which then goes too.
    """
    last = next((k for k in reversed(range(len(section.blocks))) if section.blocks[k] not in section.code), None)
    if last is None or (block := section.blocks[last]) == again:
        return last is not None
    leads = block.startswith(_PROSE) and "<h" not in block
    if leads:
        del section.blocks[last]
    return leads


def _fold(source: str, number: int, named: tuple[str, str] | None) -> str:
    lines = source.splitlines()
    comment = re.match(r"#\s*(\S.*)", lines[0])
    spoken = comment[1].split(" / ", 1) if comment else [f"代码 {number}", f"Code {number}"]  # "# 画走势 / Draw the trend"
    zh, en = named or (spoken[0], spoken[-1])
    label = "".join(f'<span lang="{lang}">{sanitise.escape(text)}</span>' for lang, text in (("zh", zh), ("en", en)))
    size = f'<span class="tok"><span lang="zh">{len(lines)} 行</span><span lang="en">{len(lines)} line{"s" if len(lines) > 1 else ""}</span></span>'
    return f'<details class="code"><summary>{label}{size}</summary><pre tabindex="0"><code>{sanitise.code(source)}</code></pre></details>'


def _tidy(document: Document) -> None:
    """Give every section an address; what holds nothing but code (the cell of the headline, say) goes to the set-up at the end.

    So does the code of a section whose cells have nothing to show: its heading and its prose would speak of what is not there.
    """
    kept: list[Section] = []
    for section in document.sections:
        if set(section.blocks) <= set(section.code) or (section.absent and not section.figures):
            document.setup += section.code
        else:
            kept.append(section)
    used = {"main", "source", "checks", "limits", "setup"}
    for section in kept:
        slug = re.sub(r"[^a-z0-9]+", "-", section.title.get("en", "").lower()).strip("-") or "part"
        name, k = slug, 2
        while name in used:
            name, k = f"{slug}-{k}", k + 1
        section.id = name
        used.add(name)
    document.sections = kept
