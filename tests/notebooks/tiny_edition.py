"""A tiny edition in a folder of its own, and an executor that runs in this process and counts."""

from __future__ import annotations

import json
from concurrent.futures import Executor, Future
from pathlib import Path

PARAMETERS = 'expr = "x=y"  # a default with an equals sign\nseed = 1  # moves the number\n'
HEADLINE = """\
from voclib import Estimate, Study, Text, Verdict, show
t = Text("答", "answer")
nps = Estimate(estimand="nps", kind="estimate", unit="points", value=10.0 + seed, conf_low=1.0, conf_high=90.0, n=100)
show.headline(Study(question=Text("问题？", "Question?"), answer=t, headline=(nps,), caveat=t, decision=t, verdict=Verdict.REPORT,
                    limits=((t, t),) * 3))"""
EDITION = "edition: tiny\ntitle: {zh: 小, en: Tiny}\ncompany: {zh: 甲, en: A}\nnotebooks:\n"


def notebook(root: Path, name: str, *sources: str, headline: str = HEADLINE, parameters: str = "") -> None:
    """Write a notebook: question, parameters, cells, headline."""
    def cell(kind: str, source: str, *tags: str) -> dict:
        more = {"outputs": [], "execution_count": None} if kind == "code" else {}
        return {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source, **more}

    cells = [cell("markdown", "# 问题？", "zh"), cell("markdown", "# Question?", "en"), cell("code", parameters or PARAMETERS, "parameters"),
             *(cell("code", source) for source in sources), *([cell("code", headline)] if headline else [])]
    node = {"cells": [{"id": f"n{i}", **c} for i, c in enumerate(cells)], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (root / "notebooks").mkdir(parents=True, exist_ok=True)
    (root / "notebooks" / f"{name}.ipynb").write_text(json.dumps(node), "utf-8")


def edition(root: Path, **notebooks: dict) -> Path:
    """Write `params/tiny.yml`; underscores in names stand for hyphens, `n20_scores` is `20-scores`."""
    (root / "params").mkdir(parents=True, exist_ok=True)
    path = root / "params" / "tiny.yml"
    path.write_text(EDITION + "".join(f"  {n[1:].replace('_', '-')}: {json.dumps(v)}\n" for n, v in notebooks.items()), "utf-8")
    return path


class Here(Executor):
    """Runs each task at once in this process; `ran` lists the notebooks."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def submit(self, function, /, *arguments, **named) -> Future:
        self.ran.append(arguments[0].notebook)
        future: Future = Future()
        try:
            future.set_result(function(*arguments, **named))
        except BaseException as error:
            future.set_exception(error)
        return future
