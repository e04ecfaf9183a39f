"""Make an executed notebook say the same each time: what varies by run, machine or moment is dropped or refused."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voclib.errors import RunError

if TYPE_CHECKING:
    from nbformat import NotebookNode

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")
_CELL_FILE = re.compile(r"[^\s\"'(<>]*ipykernel_\d+[/\\]\d+\.py")
_ERROR_MARK = "papermill-error-cell-tag"


def normalise(node: NotebookNode, *, parameters: Mapping[str, Any], root: str, strict: bool = True) -> NotebookNode:
    """The notebook with fixed ids, no timings, one output per stream, and no path of this machine.

    Raises
    ------
    RunError
        with `strict`, if an output shows an object's address or a live widget: both differ in every run.
    """
    from nbformat.v4 import new_notebook

    cells = [c for c in node.cells if _ERROR_MARK not in c.metadata.get("tags", [])]
    places = _places(root)
    count = 0
    for index, cell in enumerate(cells):
        number = cell.metadata.get("voc", {}).get("cell", index + 1)
        cell.id = f"c{index:03d}"
        cell.metadata = {"tags": list(cell.metadata.get("tags", []))}
        if cell.cell_type != "code":
            continue
        ran = bool(cell.get("execution_count"))
        count += ran
        cell.execution_count = count if ran else None
        cell.outputs = [_output(o, places, cell.execution_count) for o in _merged(cell.outputs)]
        if strict:
            _lint(cell.outputs, number)
    return new_notebook(cells=cells, metadata={"language_info": {"name": "python"}, "voc": {"parameters": dict(parameters)}})


def _merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """All of stdout first, then all of stderr, then the rest in order: how chunks interleave depends on timing."""
    from nbformat.v4 import new_output

    streams: dict[str, str] = {}
    for one in outputs:
        if one.output_type == "stream":
            streams[one.name] = streams.get(one.name, "") + one.text
    merged = [new_output("stream", name=name, text=streams[name]) for name in ("stdout", "stderr") if name in streams]
    return merged + [one for one in outputs if one.output_type != "stream"]


def _output(output: NotebookNode, places: list[tuple[str, str]], count: int | None) -> NotebookNode:
    if output.output_type == "execute_result":
        output.execution_count = count
    if output.output_type == "stream":
        output.text = _text(output.text, places)
    elif output.output_type == "error":
        output.evalue = _text(output.evalue, places)
        output.traceback = [_text(line, places) for line in output.traceback]
    else:
        rich = any(kind.startswith(("text/html", "text/markdown", "image/", "application/")) for kind in output.data)
        if rich and _ADDRESS.search(output.data.get("text/plain", "")):
            del output.data["text/plain"]  # the default repr beside a rich one: no page shows it
        for kind in [k for k in output.data if k.startswith("text/")]:
            output.data[kind] = _text(output.data[kind], places)
    return output


def _text(text: str, places: list[tuple[str, str]]) -> str:
    text = _CELL_FILE.sub("<cell>", text)
    for path, name in places:
        text = re.sub(rf"(?<![\w.]){re.escape(path)}(?![\w.-])", name, text)
    return text


def _places(root: str) -> list[tuple[str, str]]:
    """Folders of this machine and the words that stand for them, longest first."""
    known = {str(Path(sys.prefix)): "<environment>", str(Path(root)): "<root>", str(Path.home()): "~", tempfile.gettempdir(): "<temporary>"}
    return sorted(((p, n) for p, n in known.items() if len(p) > 1), key=lambda pair: -len(pair[0]))


def _lint(outputs: list[NotebookNode], number: int) -> None:
    for output in outputs:
        if output.output_type == "error":
            continue
        texts = [output.text] if output.output_type == "stream" else [v for k, v in output.data.items() if k.startswith("text/")]
        for text in texts:
            if found := _ADDRESS.search(text):
                around = text[max(0, found.start() - 40):found.end()].splitlines()[-1]
                raise RunError(f"cell {number}: the output shows an object's address ('{around}'), which differs in every run; "
                               "show a value, or end the line with ';'.")
        if any("widget-view" in kind for kind in output.get("data", {})):
            raise RunError(f"cell {number}: the output is a live widget (a progress bar?), which no page can show; switch it off.")
