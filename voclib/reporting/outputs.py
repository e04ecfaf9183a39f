"""What a code cell shows becomes HTML: figures of the house, charts with their static picture, tables, text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from markupsafe import Markup

from voclib.errors import RunError, VocError
from voclib.reporting import sanitise, theme
from voclib.reporting.figures.markup import both, caption

_HOUSE = re.compile(r"application/vnd\.voc\.([a-z_]+)\+json$")
_CELL_FILE = re.compile(r"\S*ipykernel_\d+[/\\]\d+\.py")
_ADDRESS = re.compile(r"<[^<>]* at 0x[0-9a-fA-F]+>")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Block:
    """A piece of the page: `kind` (chart, table, text or the kind of a house figure), its HTML, or the finding a headline carries."""

    kind: str
    html: str = ""
    finding: dict[str, Any] | None = None


def render(cell: Mapping[str, Any], *, where: str) -> Iterator[Block]:
    """The outputs of one code cell as blocks.

    Raises
    ------
    RunError
        if the cell failed.
    VocError
        if a chart or a picture has no description, or an output prints a memory address.
    """
    streams = {"stdout": "", "stderr": ""}
    for output in cell.get("outputs", []):
        if output["output_type"] == "error":
            raise RunError(f"{where} failed: {output.get('ename')}: {output.get('evalue')}. A page is made only from a notebook that ran to its end.")
        if output["output_type"] == "stream":
            streams[output["name"]] += _joined(output["text"])
            continue
        block = _rich(output["data"], where=where)
        if block is not None:
            yield block
    if text := _console(streams["stdout"]):
        yield Block("text", f'<pre class="out" tabindex="0">{text}</pre>')
    if text := _console(streams["stderr"]):
        label = '<span lang="zh">运行提示</span><span lang="en">Messages while running</span>'
        yield Block("text", f'<details class="code"><summary>{label}</summary><pre tabindex="0">{text}</pre></details>')


def _rich(data: Mapping[str, Any], *, where: str) -> Block | None:
    from voclib.reporting import figures

    for mime, payload in sorted(data.items()):
        kind = _HOUSE.match(mime)
        if kind and kind[1] == "headline":
            return Block("headline", finding=dict(payload))
        if mime == theme.CHART_MIME:
            return Block("chart", chart(payload, where=where))
        if kind:
            return Block(kind[1], figures.render(payload, kind=kind[1]))
    plain = _joined(data.get("text/plain", ""))
    if theme.SPEC_MIME in data:
        return Block("chart", chart(_bare(data, plain), where=where))
    if pictures := sorted({"image/png", "image/jpeg", "image/svg+xml"} & set(data)):
        raise VocError(f"{where} shows a bare picture ({pictures[0]}) that nobody can hear described; draw it with voclib.reporting.charts.")
    if "text/html" in data:
        return Block("table", sanitise.html(_joined(data["text/html"])))
    if "text/markdown" in data:
        return Block("text", sanitise.markdown(_joined(data["text/markdown"])))
    if address := _ADDRESS.search(plain):
        raise VocError(f"{where} prints {address[0]!r}, which changes with every run; end the line with a value, or show a table.")
    return Block("text", f'<pre class="out" tabindex="0">{escape(plain)}</pre>') if plain.strip() else None


def _bare(data: Mapping[str, Any], plain: str) -> dict[str, Any]:
    """An Altair chart shown without title in two languages, in the shape of a two-language chart."""
    drawn = {"wide": {"spec": data[theme.SPEC_MIME], "svg": _joined(data.get("image/svg+xml", ""))}}
    words = {"zh": plain, "en": plain}
    return {"zh": drawn, "en": drawn, "description": words, "title": {"zh": "", "en": ""}, "subtitle": {"zh": "", "en": ""}, "note": None}


def chart(payload: Mapping[str, Any], *, where: str) -> str:
    """A figure: the finding as its title, the static pictures, and the specifications the page's script draws from.

    Raises
    ------
    VocError
        if the description is missing, or the specification reads from an address.
    """
    plots, specs = [], {}
    for lang in ("zh", "en"):
        description = str(payload["description"].get(lang, "")).strip()
        if not description:
            raise VocError(f"{where}: the chart has no description ({lang}); say in a sentence what it shows.")
        drawn = {size: payload[lang][size] for size in ("wide", "narrow") if size in payload[lang]}
        for size in drawn.values():
            theme.refuse_addresses(size["spec"])
        specs[lang] = {size: theme.round_spec(one["spec"]) for size, one in drawn.items()}
        pictures = "".join(
            f'<img class="{size}" alt="{escape(description)}" src="{sanitise.svg_uri(one["svg"])}">' for size, one in drawn.items())
        style = "plot both" if len(drawn) == 2 else "plot"
        style += " fit" if drawn["wide"]["spec"].get("usermeta", {}).get("fit") else ""
        plots.append(f'<div class="{style}" lang="{lang}"><div class="vega" role="img" aria-label="{escape(description)}"></div>{pictures}</div>')
    note = f'<p class="note">{both(payload["note"])}</p>' if payload.get("note") else ""
    return (f'<figure class="chart">{_caption(payload)}{"".join(plots)}{note}'
            f'<script type="application/json">{sanitise.json_text(specs)}</script></figure>')


def _caption(payload: Mapping[str, Any]) -> Markup | str:
    """The title and subtitle of a chart; "" for a picture that has none."""
    return caption(payload["title"], payload["subtitle"] if payload["subtitle"].get("zh") else None) if payload["title"].get("zh") else ""


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _console(text: str) -> str:
    """Console text as a reader would have seen it last: no colour codes, no overwritten progress lines, no file names of cells."""
    lines = [line.rsplit("\r", 1)[-1] for line in _ANSI.sub("", text).replace("\r\n", "\n").split("\n")]
    return escape(_CELL_FILE.sub("<cell>", "\n".join(lines)).strip("\n"))
