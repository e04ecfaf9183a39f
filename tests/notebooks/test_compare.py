"""`voc compare` end to end: an edition is executed twice, one thing is changed in between, and that thing is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import tiny_edition

from voclib.running import methods, provenance, run
from voclib.running.comparison import PageComparison, compare
from voclib.schema import store, validate

PACKAGE = Path(provenance.__file__).resolve().parent.parent
PARAMETERS = 'data = "data/standard/tiny"\nfloor = 0  # answers below it are left out\n'
SCORES = """\
import voclib
from voclib import Study, Text, Verdict, metrics, show
answers = voclib.load(data, "responses").responses
kept = answers[answers["nps_score"] >= floor]
t = Text("答", "answer")
nps = metrics.nps(kept)
show.headline(Study(question=Text("问题？", "Question?"), answer=t, headline=(nps,), caveat=t, decision=t, verdict=Verdict.REPORT,
                    limits=((t, t),) * 3))"""
CLOCK = """\
import time
from voclib import Estimate, Study, Text, Verdict, show
t = Text("答", "answer")
n = time.time_ns() % 10**15
nps = Estimate(estimand="nps", kind="count", unit="count", value=n)
show.headline(Study(question=Text("问题？", "Question?"), answer=t, headline=(nps,), caveat=t, decision=t, verdict=Verdict.REPORT,
                    limits=((t, t),) * 3))"""


def _responses(changed: int = 0) -> dict[str, pd.DataFrame]:
    """Sixty answers, the last `changed` of which are zero."""
    scores = [10, 9, 8, 7, 6, 3] * 10
    scores[60 - changed:] = [0] * changed
    frame = pd.DataFrame({"response_id": [f"R{i:02d}" for i in range(60)], "channel": "app", "submitted_at": "2026-05-02 20:00",
                          "nps_score": scores, "weight": "1"})
    return {"responses": validate(frame, "responses").accepted}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a library of its own, a ledger of methods, and two published notebooks, one of which reads the clock."""
    root = tmp_path_factory.mktemp("published")
    shutil.copytree(PACKAGE, root / "voclib", ignore=shutil.ignore_patterns("__pycache__"))
    ledger = root / "voclib" / "methods.yml"
    current = methods.fingerprints(root / "voclib")
    ledger.write_text(methods.block(methods.pending((), current), (), on="2026-07-01"), "utf-8")
    store.write(_responses(), root / "data/standard/tiny")
    (root / "requirements").mkdir()
    (root / "requirements/core.lock").write_text("pandas==3.0.1\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny_edition, "PARAMETERS", PARAMETERS)
        tiny_edition.notebook(root, "20-scores", headline=SCORES)
        tiny_edition.notebook(root, "30-links", headline=CLOCK)
        _run(root, patch)
    shutil.copytree(root / "reports", root / "before")
    return root


def _run(root: Path, patch: pytest.MonkeyPatch, *, only: str | None = None, **parameters: object) -> None:
    """Publish the edition with the workspace's own library, both here and in the kernel."""
    patch.setattr(provenance, "_PACKAGE", root / "voclib")
    patch.setenv("PYTHONPATH", str(root))
    path = tiny_edition.edition(root, n20_scores=parameters, n30_links={})
    run(path, only=(only,) if only else None, force=True, executor=tiny_edition.Here())


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text, f"{path.name} no longer holds {old!r}"
    path.write_text(text.replace(old, new), "utf-8")


def _other_rows(root: Path) -> None:
    store.write(_responses(changed=5), root / "data/standard/tiny")


def _other_cell(root: Path) -> None:
    _edit(root / "notebooks/20-scores.ipynb", ">= floor", "> floor + 3")


def _other_formula(root: Path) -> None:
    """Eights count as promoters; the ledger says so."""
    _edit(root / "voclib/stats/metrics.py", ">= 9", ">= 8")
    ledger = root / "voclib/methods.yml"
    entries = methods.read(ledger)
    missing = methods.pending(entries, methods.fingerprints(root / "voclib"))
    entry = methods.block(missing, entries, on="2026-08-01").replace("why: {zh: …, en: …}", "why: {zh: 八分也算推荐, en: eights promote}")
    moved = entry.replace("{page: …, estimand: …, old: …, new: …}", "{page: 20-scores, estimand: nps, old: 0, new: 17}")
    ledger.write_text(ledger.read_text("utf-8") + moved, "utf-8")


def _rows_and_formula(root: Path) -> None:
    _other_rows(root)
    _other_formula(root)


def _again(published: Path, root: Path, patch: pytest.MonkeyPatch, change: Callable[[Path], None], **parameters: object) -> PageComparison:
    """Change a copy of the workspace, publish it again, compare."""
    shutil.copytree(published, root, dirs_exist_ok=True)
    change(root)
    _run(root, patch, only="20-scores", **parameters)
    found = compare(root / "before", root / "reports", root=root, ledger=root / "voclib/methods.yml")
    told = {page.notebook: page for page in found.pages}
    assert told["30-links"].conclusion == "unchanged", "a report that was not made again is the same"
    assert "20-scores" in found.told("zh") and found.has_moved
    return told["20-scores"]


@pytest.mark.parametrize(("change", "parameters", "causes"), [
    (_other_rows, {}, ("data",)), (lambda root: None, {"floor": 7}, ("definition",)), (_other_formula, {}, ("definition",)),
    (_other_cell, {}, ("code",)), (_rows_and_formula, {}, ("data", "definition"))],
    ids=["data", "parameter", "formula", "notebook", "data and formula"])
def test_what_was_changed_is_named(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None],
                                   parameters: dict[str, object], causes: tuple[str, ...]) -> None:
    page = _again(published, tmp_path / "again", monkeypatch, change, **parameters)
    assert page.causes == causes and page.conclusion == ("one cause" if len(causes) == 1 else "several causes")
    move, = page.moved
    assert move.status == "moved" and move.difference
    entries = [e.number for c in page.difference.causes for e in c.entries]
    assert entries == ([2] if change in (_other_formula, _rows_and_formula) else [])
    given = [c.parameters for c in page.difference.causes if c.parameters]
    assert given == ([{"floor": (0, 7)}] if parameters else []) and page.difference.unrecorded == ()


def test_a_notebook_that_reads_the_clock_is_not_reproducible(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = shutil.copytree(published, tmp_path / "again")
    _run(root, monkeypatch, only="30-links")
    page = next(p for p in compare(root / "before", root / "reports", root=root).pages if p.notebook == "30-links")
    assert (page.conclusion, page.causes) == ("not reproducible", ())


def test_the_report_carries_its_definition_and_plain_parameters(published: Path) -> None:
    origin = json.loads((published / "before/tiny/20-scores.json").read_text("utf-8"))["provenance"]
    assert origin["methods"] == 1 and origin["parameter_values"] == {"data": "data/standard/tiny", "floor": 0}
    assert all(len(origin[name]) == 64 for name in ("formulas", "program", "files"))
    assert str(published) not in json.dumps(origin)
    registered = json.loads((published / "reports/registry.jsonl").read_text("utf-8").splitlines()[0])["provenance"]
    assert set(registered) == {"code", "data", "parameters", "gates", "python", "packages"}, "the register keeps its shape"
