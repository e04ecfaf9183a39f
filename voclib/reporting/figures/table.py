"""A table of plain cells: escaped, numbers aligned on the right, wide ones scroll inside the figure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from voclib import numbers
from voclib.reporting.figures.markup import both, each, figure, label, words
from voclib.results import Estimate

FORMATS = ("text", "count", "exact", "share", "points", "pp", "cny", "usd", "score", "ratio", "hours", "days", "number")
_RANGED = re.compile(r"[^\s（(]{1,9}(（[^（）]{1,18}）| \([^()]{1,18}\))|[−+\d][^\s（(]{0,8}(–| 至 | to )[^\s（(]{1,9}")
LONG, MIDDLING = 100, 30  # letters from which a text is one to read rather than a label, and from which a phone would break it into many lines


def render(payload: Mapping[str, Any]) -> Markup:
    """HTML of `{title, subtitle, note, columns: [{title, format}], rows: [[cell]], total}`; a cell is a scalar or `{zh, en}`."""
    columns = payload["columns"]
    head = Markup("").join(Markup('<th scope="col"{}>{}</th>').format(_align(c["format"]), both(c["title"])) for c in columns)
    rows = Markup("")
    for cells in payload["rows"]:
        first, *rest = zip(cells, columns, strict=True)
        line = Markup('<th scope="row"{}>{}</th>').format(_align(first[1]["format"]) or _room(first[0]), cell(*first))
        line += Markup("").join(Markup("<td{}>{}</td>").format(_align(c["format"]) or _room(x), cell(x, c)) for x, c in rest)
        rows += Markup("<tr>{}</tr>").format(line)
    name = label(lambda lang: payload["title"][lang]) if payload.get("title") else ""
    body = Markup('<div class="scroll" role="region" tabindex="0" aria-label="{}"><table class="tbl"><thead><tr>{}</tr></thead>'
                  "<tbody>{}</tbody></table></div>").format(name, head, rows)
    if payload.get("total", 0) > len(payload["rows"]):
        body += Markup('<p class="note">{}</p>').format(each(lambda lang: _cut(len(payload["rows"]), payload["total"], lang)))
    return figure(body, title=payload.get("title"), subtitle=payload.get("subtitle"), note=payload.get("note"))


def _cut(shown: int, total: int, lang: str) -> str:
    return f"只列出前 {shown:,} 行，共 {total:,} 行。" if lang == "zh" else f"The first {shown:,} of {total:,} rows."


def _align(form: str) -> Markup:
    return Markup("") if form == "text" else Markup(' class="r"')


def _room(x: Any) -> Markup:
    """A text of several sentences gets room to be read, on a phone too, where the table scrolls; an interval stays on a line, with its number."""
    said = [x[lang] for lang in ("zh", "en")] if isinstance(x, Mapping) else [str(x or "")]
    if all(_RANGED.fullmatch(text) for text in said):
        return Markup(' class="nw"')
    longest = max(sum(1 + (c > "\u2e80") for c in text) for text in said)
    return Markup(' class="lt"') if longest > LONG else Markup(' class="mt"') if longest > MIDDLING else Markup("")


def cell(x: Any, column: Mapping[str, Any]) -> Markup:
    """One cell as its column says; an empty one is a dash."""
    if x is None:
        return Markup(numbers.DASH)
    if isinstance(x, Mapping):
        return both(x)
    form = column["format"]
    if isinstance(x, bool):
        return words("yes" if x else "no")
    if form == "text" or isinstance(x, str):
        return both({"zh": str(x), "en": str(x)})
    return each(lambda lang: plain(x, form, lang))


def plain(x: float, form: str, lang: str) -> str:
    """A number in the format of its column: two significant digits, `exact` keeps every digit, `number` up to four."""
    if form in {"count", "exact"}:
        return numbers.count(x, lang, exact=form == "exact")
    if form == "number":
        return f"{x:,.4g}".replace("-", numbers.MINUS) if abs(x) < 10_000 else f"{x:,.0f}".replace("-", numbers.MINUS)
    return numbers.value(Estimate(estimand=form, kind="count", unit=form, value=x), lang)
