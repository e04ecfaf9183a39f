"""Everything a notebook says becomes HTML here, and nothing else does: prose, formulas, code, tables, SVG.

Text from customers is hostile. It is escaped, parsed by a parser that knows no raw HTML, or passed through an allow-list;
no function here returns markup it did not write itself.
"""

from __future__ import annotations

import base64
import json
import re
from functools import lru_cache
from html import escape
from typing import Any
from xml.etree import ElementTree

import latex2mathml.converter
import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import token
from pygments.lexers import PythonLexer

Piece = tuple[int, str, str]
HTML_TAGS = {"b", "br", "caption", "code", "dd", "div", "dl", "dt", "em", "h3", "h4", "i", "li", "ol", "p", "pre", "small", "span", "strong", "sub",
             "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"}
HTML_ATTRIBUTES = {"th": {"scope", "colspan", "rowspan"}, "td": {"colspan", "rowspan"}}
MATH_TAGS = {"math", "menclose", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom", "mprescripts", "mroot", "mrow",
             "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover"}
MATH_ATTRIBUTES = {"accent", "columnalign", "columnlines", "depth", "display", "displaystyle", "fence", "form", "height", "linethickness", "lspace",
                   "mathsize", "mathvariant", "maxsize", "minsize", "movablelimits", "notation", "rowlines", "rowspacing", "rspace", "scriptlevel",
                   "separator", "stretchy", "width"}
_SAFE_LINK = re.compile(r"^(https?://|mailto:|#|(?!//)[^:]*$)", re.IGNORECASE)
_NUMBER = re.compile(r"<td>(\s*[−+\-]?[¥$]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?\s*(?:%|‰)?\s*|\s*(?:NaN|None|NaT|&lt;NA&gt;)\s*)</td>")
_MARKUP = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})
_MATHML = "{http://www.w3.org/1998/Math/MathML}"
_PIECES = re.compile(r"<(script|style|pre|title|math)\b.*?</\1\s*>|<[^>]*>|[^<]+", re.S)  # what is no prose as a whole, a tag, a stretch of text
# a browser ends a line after a sign before a currency (classes PR and PR of UAX 14) and after the hyphens of a date
_BOUND = r"[−+]?[¥$]?\d(?:[\d,.]*\d)?[%万亿KMB]?"
_UNPARTED = re.compile(rf"(?<![A-Za-z0-9.–-])(?!\d{{4}}–\d{{2}}\b){_BOUND}(?:–| 至 | to ){_BOUND}(?![A-Za-z0-9–-])|"
                       r"[−+][¥$]\d(?:[\d,.]*\d)?[万亿KMB]?|(?<![\d-])\d{4}-\d{2}(?:-\d{2})?(?![\d-])")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").use(dollarmath_plugin, double_inline=True)
    parser.validateLink = lambda url: bool(_SAFE_LINK.match(url.strip()))
    rules = parser.renderer.rules
    rules["image"] = lambda tokens, i, options, env: escape(tokens[i].content)
    rules["math_inline"] = lambda tokens, i, options, env: math(tokens[i].content)
    rules["math_inline_double"] = lambda tokens, i, options, env: math(tokens[i].content, block=True)
    rules["math_block"] = lambda tokens, i, options, env: math(tokens[i].content, block=True)
    rules["table_open"] = lambda tokens, i, options, env: '<div class="frame" tabindex="0" role="group"><table class="md">\n'
    rules["table_close"] = lambda tokens, i, options, env: "</table></div>\n"
    return parser


def markdown(text: str) -> str:
    """Prose as HTML. Raw HTML is shown as text, pictures are replaced by their description, links are http(s), mailto or inside the page."""
    return _parser().render(text)


def inline(text: str) -> str:
    """One line of prose (a heading) as HTML without a paragraph around it."""
    return _parser().renderInline(text.strip())


def plain(text: str) -> str:
    """One line of prose as bare text, its marks taken off."""
    return "".join(child.content for tok in _parser().parseInline(text.strip()) for child in tok.children or [])


def headings(text: str) -> list[Piece]:
    """Split prose at its H1 and H2: a list of (level, heading source, body source); level 0 is what stands before the first heading.

    A `#` inside a code fence is no heading.
    """
    lines = text.splitlines()
    marks: list[tuple[int, int, int, str]] = []
    tokens = _parser().parse(text)
    for k, tok in enumerate(tokens):
        if tok.type == "heading_open" and tok.tag in ("h1", "h2") and tok.level == 0:
            marks.append((int(tok.tag[1]), tok.map[0], tok.map[1], tokens[k + 1].content))
    first = marks[0][1] if marks else len(lines)
    pieces = [(0, "", "\n".join(lines[:first]).strip())]
    for k, (level, _, after, title) in enumerate(marks):
        end = marks[k + 1][1] if k + 1 < len(marks) else len(lines)
        pieces.append((level, title, "\n".join(lines[after:end]).strip()))
    return [p for p in pieces if p[0] or p[2]]


def math(latex: str, *, block: bool = False) -> str:
    """A formula as MathML built from an allow-list; a formula that cannot be read is shown as its source."""
    source = f"<code>{escape(latex)}</code>"
    try:
        root = ElementTree.fromstring(latex2mathml.converter.convert(latex.strip(), display="block" if block else "inline"))
    except (ElementTree.ParseError, ValueError, IndexError, KeyError, RecursionError):
        return source
    except Exception as problem:
        if type(problem).__module__.startswith("latex2mathml"):
            return source
        raise
    body = _element(root)
    return f'<div class="eq" tabindex="0" role="group" aria-label="公式 / Formula">{body}</div>' if block else body


def _element(node: ElementTree.Element) -> str:
    # latex2mathml passes the text of \text{} on unescaped and takes any attribute from \class and \href: rebuild, never pass through
    name = node.tag.removeprefix(_MATHML)
    inner = escape(node.text or "") + "".join(_element(child) + escape(child.tail or "") for child in node)
    if name not in MATH_TAGS:
        return inner
    attributes = "".join(f' {k}="{escape(v)}"' for k, v in sorted(node.attrib.items()) if k in MATH_ATTRIBUTES)
    return f"<{name}{attributes}>{inner}</{name}>"


def html(markup: str) -> str:
    """Foreign HTML (the table of a pandas frame) through an allow-list: structure stays, attributes, links, styles and scripts go."""
    clean = nh3.clean(markup, tags=HTML_TAGS, attributes=HTML_ATTRIBUTES, clean_content_tags={"script", "style"}, strip_comments=True,
                      generic_attribute_prefixes=set(), link_rel=None)
    clean = _aligned(_NUMBER.sub(r'<td class="r">\1</td>', clean).strip())
    return f'<div class="frame" tabindex="0" role="group">{clean}</div>'


def _aligned(table: str) -> str:
    """Heads of number columns stand right, over their numbers; tables with joined cells stay as they are."""
    head = re.search(r"<thead>\s*<tr>(.*?)</tr>\s*</thead>", table, re.S)
    if not head or "span=" in table:
        return table
    rows = [re.findall(r"<t([hd])( class=\"r\")?", row) for row in re.findall(r"<tr>(.*?)</tr>", table[head.end():], re.S)]
    cells = head[1].split("<th>")
    numeric = [bool(rows) and all(len(row) == len(cells) - 1 and row[k][1] for row in rows) for k in range(len(cells) - 1)]
    heads = "".join(('<th class="r">' if right else "<th>") + cell for right, cell in zip(numeric, cells[1:], strict=True))
    return table[:head.start(1)] + cells[0] + heads + table[head.end(1):]


def unparted(page: str) -> str:
    """A finished page in whose text no line ends after the sign of an amount, which would then read as a gain, or inside a date or a range.

    Text that is drawn (SVG), kept as written (code, formulas) or never shown stays untouched, and so does what is held together already.
    """
    drawn, last, made = 0, "", []
    for found in _PIECES.finditer(page):
        piece = found[0]
        if not piece.startswith("<"):
            made.append(piece if drawn or last == '<span class="nb">' else _UNPARTED.sub(r'<span class="nb">\g<0></span>', piece))
            continue
        made.append(piece)
        last = piece
        drawn += piece.startswith("<svg") and not piece.endswith("/>")
        drawn -= piece.startswith("</svg")
    return "".join(made)


def code(source: str) -> str:
    """Python source as escaped text with two kinds of span: comments and strings (`c`), keywords and numbers (`k`)."""
    parts = []
    for kind, value in PythonLexer(stripnl=True).get_tokens(source):
        css = "c" if kind in token.Comment or kind in token.String else "k" if kind in token.Keyword or kind in token.Number else ""
        parts.append(f'<span class="{css}">{escapeHtml(value)}</span>' if css and value.strip() else escapeHtml(value))
    return "".join(parts).rstrip("\n")


def svg_uri(svg: str) -> str:
    """An SVG as a data address for `<img>`, where a browser runs none of its scripts."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def json_text(value: Any) -> str:
    """A value as JSON that is safe inside `<script type="application/json">`: no markup character is left in it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_MARKUP)
