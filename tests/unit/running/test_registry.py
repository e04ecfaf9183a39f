"""The registry: one line per finding, the same bytes for the same findings, and what was said before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from voclib.errors import RunError
from voclib.running import index, registry
from voclib.running.workspace import Workspace

HASHES = {"code": "c1", "data": "d1", "parameters": "p1", "gates": "default", "python": "3.11", "packages": {"pandas": "3"}}


def _finding(value: float = 1.0, *, notebook: str = "20-scores", edition: str = "tiny", verdict: str = "REPORT", **origin: str) -> dict[str, Any]:
    headline = {"estimand": "nps", "kind": "estimate", "unit": "points", "value": value, "conf_low": 0.0, "conf_high": 9.0, "n": 40}
    return {"edition": edition, "notebook": notebook, "question": {"zh": "问？", "en": "Q?"}, "verdict": verdict, "headline": [headline],
            "checks": [], "provenance": HASHES | origin}


def test_the_same_findings_write_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    path, findings = tmp_path / "registry.jsonl", [_finding(), _finding(notebook="01-ingest"), _finding(edition="other")]
    registry.update(path, findings)
    first = path.read_bytes()
    registry.update(path, reversed(findings))
    assert path.read_bytes() == first
    assert [(line["edition"], line["notebook"]) for line in registry.read(path)] == [
        ("other", "20-scores"), ("tiny", "01-ingest"), ("tiny", "20-scores")]
    path.unlink()
    registry.update(path, findings)
    assert path.read_bytes() == first


def test_a_new_number_adds_a_line_and_keeps_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "registry.jsonl"
    registry.update(path, [_finding(1.0), _finding(5.0, notebook="01-ingest")])
    assert registry.before(registry.read(path)) == []
    lines = registry.update(path, [_finding(2.0, data="d2"), _finding(5.0, notebook="01-ingest")])
    assert [(e["notebook"], e["revision"], e["headline"][0]["value"]) for e in lines] == [
        ("01-ingest", 1, 5.0), ("20-scores", 1, 1.0), ("20-scores", 2, 2.0)]
    assert [(e["headline"][0]["value"], e["provenance"]["data"]) for e in registry.before(lines)] == [(5.0, "d1"), (1.0, "d1")]


def test_an_unchanged_sibling_stands_before_and_a_new_report_does_not(tmp_path: Path) -> None:
    path = tmp_path / "registry.jsonl"
    registry.update(path, [_finding(1.0), _finding(5.0, notebook="01-ingest")])
    lines = registry.update(path, [_finding(2.0), _finding(5.0, notebook="01-ingest"), _finding(7.0, notebook="30-new")])
    assert [(e["notebook"], e["headline"][0]["value"]) for e in registry.before(lines)] == [("01-ingest", 5.0), ("20-scores", 1.0)]


def test_a_finding_that_returns_becomes_the_newest_without_a_second_line(tmp_path: Path) -> None:
    path = tmp_path / "registry.jsonl"
    for value in (1.0, 2.0, 1.0):
        lines = registry.update(path, [_finding(value)])
    assert [(e["revision"], e["headline"][0]["value"]) for e in lines] == [(2, 2.0), (3, 1.0)]


def test_new_code_with_the_same_finding_rewrites_its_line(tmp_path: Path) -> None:
    path = tmp_path / "registry.jsonl"
    registry.update(path, [_finding()])
    line, = registry.update(path, [_finding(code="c2")])
    assert (line["revision"], line["provenance"]["code"]) == (1, "c2")


def test_a_verdict_alone_is_a_new_line(tmp_path: Path) -> None:
    path = tmp_path / "registry.jsonl"
    registry.update(path, [_finding()])
    assert len(registry.update(path, [_finding(verdict="REFUSE")])) == 2


def test_the_registry_carries_no_clock_and_no_path(tmp_path: Path) -> None:
    registry.update(tmp_path / "registry.jsonl", [_finding()])
    line = json.loads((tmp_path / "registry.jsonl").read_text("utf-8"))
    assert set(line) == {"edition", "notebook", "content", "question", "verdict", "headline", "provenance", "revision"}
    assert set(line["provenance"]) == set(HASHES)


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "registry.jsonl"
    path.write_text('{"a": 1}\n<<<<<<< HEAD\n', "utf-8")
    with pytest.raises(RunError, match=r"registry\.jsonl line 2 is not JSON .*restore it from git"):
        registry.read(path)


def test_reports_an_edition_no_longer_names_and_unused_assets_go(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    for name in ("tiny/20-scores.html", "tiny/20-scores.json", "tiny/30-old.html", "tiny/30-old.json", "other/30-old.html"):
        (space.reports / name).parent.mkdir(parents=True, exist_ok=True)
        (space.reports / name).write_text("<script src='../_assets/vega-1.js'></script>", "utf-8")
    (space.reports / "_assets").mkdir()
    for name in ("vega-1.js", "vega-2.js"):
        (space.reports / "_assets" / name).touch()
    assert [p.name for p in index.remove_dropped(space, "tiny", ["20-scores"])] == ["30-old.html", "30-old.json"]
    assert [p.name for p in index.remove_unused_assets(space)] == ["vega-2.js"]
    assert sorted(p.name for p in space.reports.rglob("*.*")) == ["20-scores.html", "20-scores.json", "30-old.html", "vega-1.js"]


def test_a_torn_report_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "reports/tiny").mkdir(parents=True)
    (tmp_path / "reports/tiny/20-scores.json").write_text("{", "utf-8")
    with pytest.raises(RunError, match=r"reports/tiny/20-scores\.json is not JSON .*--force"):
        index.findings(Workspace(tmp_path))


def test_no_portal_before_a_first_report(tmp_path: Path) -> None:
    assert not index.refresh(Workspace(tmp_path)).exists()
