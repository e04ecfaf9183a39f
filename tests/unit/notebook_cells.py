"""A notebook's cells, run one after another as a kernel runs them, on tables that a test gives."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import voclib

FOLDER = Path(__file__).parents[2] / "notebooks"


def load(tables: Mapping[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every notebook load these tables, all of whose rows were accepted, and leave the theme of charts alone."""
    card = {"files": [], "tables": {name: {"accepted": len(frame), "rows_made": len(frame), "quarantined": 0} for name, frame in tables.items()}}
    monkeypatch.setattr(voclib, "load", lambda data: tables)
    monkeypatch.setattr(voclib, "scorecard", lambda data: card)
    monkeypatch.setattr(voclib, "enable", lambda **_: None)


def run(name: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The names that a notebook's code leaves behind; `parameters` are set after the cell that is tagged so.

    What a cell's last line shows is made into a page's payload, unless a semicolon hides it.
    """
    space: dict[str, Any] = {}
    for cell in json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        _run("".join(cell["source"]), space)
        if "parameters" in cell["metadata"].get("tags", []):
            space.update(parameters or {})
    return space


def _run(source: str, space: dict[str, Any]) -> None:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), space)
    shown = eval(compile(ast.Expression(last.value), "cell", "eval"), space) if last else None
    if shown is not None and not source.rstrip().endswith(";"):
        assert shown._repr_mimebundle_()
