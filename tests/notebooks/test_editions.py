"""The edition that tests run, end to end: raw exports → standard tables → pages whose bytes repeat."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from voclib import running, simulate, sources

CUSTOMERS = 4000  # a dozen dealers: enough for an interval
SEED = 20260701


def _build(root: Path, name: str, *, shuffle: int | None = None, customers: int = CUSTOMERS) -> None:
    raw = root / "data" / name
    shutil.rmtree(raw, ignore_errors=True)
    simulate.build(raw, customers=customers, seed=SEED, shuffle=shuffle)
    standard = root / "data" / "standard" / name
    shutil.rmtree(standard, ignore_errors=True)
    sources.ingest(root / "params" / "rules" / "sample.yml", root=raw / "raw", out=standard)
    shutil.copy(raw / "truth.json", standard / "truth.json")


def _bytes(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def first(root: Path) -> Path:
    """The ci edition, run once; its reports."""
    reports = root / "build" / "tests" / "first"
    shutil.rmtree(reports, ignore_errors=True)
    _build(root, "ci")
    running.run(root / "params" / "ci.yml", force=True, reports="build/tests/first")
    return reports


def test_every_notebook_makes_a_page_and_a_finding(first: Path) -> None:
    names = {"00-sample-company", "01-ingest", "10-sentiment-aspects", "11-topics", "12-root-cause", "20-scores", "21-survivorship", "22-score-inflation",
             "30-ex-voc", "31-nps-revenue", "32-frontline", "40-inner-loop", "41-outer-loop", "42-launch-gate", "50-executive", "51-product",
             "52-region", "53-case-library", "90-planted-truth"}
    assert {p.stem for p in (first / "ci").glob("*.html")} == names == {p.stem for p in (first / "ci").glob("*.json")}
    for name in names:
        finding = json.loads((first / "ci" / f"{name}.json").read_text("utf-8"))
        assert finding["question"]["zh"] and finding["question"]["en"] and finding["headline"]


def test_a_second_run_repeats_every_byte(root: Path, first: Path) -> None:
    again = root / "build" / "tests" / "again"
    shutil.rmtree(again, ignore_errors=True)
    running.run(root / "params" / "ci.yml", force=True, reports="build/tests/again")
    assert _bytes(again) == _bytes(first)


def test_shuffled_input_rows_repeat_every_byte(root: Path, first: Path) -> None:
    shuffled = root / "build" / "tests" / "shuffled"
    shutil.rmtree(shuffled, ignore_errors=True)
    try:
        _build(root, "ci", shuffle=5)
        running.run(root / "params" / "ci.yml", force=True, reports="build/tests/shuffled")
    finally:
        _build(root, "ci")
    assert _bytes(shuffled) == _bytes(first)


def test_too_few_dealers_make_a_page_that_refuses(root: Path) -> None:
    _build(root, "few", customers=900)
    reports = root / "build" / "tests" / "few"
    shutil.rmtree(reports, ignore_errors=True)
    running.run(root / "params" / "ci.yml", only=("20-scores",), overrides={"data": "data/standard/few"}, force=True, reports="build/tests/few")
    finding = json.loads((reports / "ci" / "20-scores.json").read_text("utf-8"))
    assert finding["verdict"] == "REFUSE" and finding["headline"][0]["kind"] == "refusal"
    assert "10" in finding["headline"][0]["needs"]["zh"] and finding["ladders"]["nps"][0]["kind"] == "estimate"


def test_a_clean_survey_of_ones_own_makes_pages(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The five minutes of the README: the example mapping, a file without a fault, and no invitations."""
    monkeypatch.setenv("VOC_PSEUDONYM_KEY", "a-key-for-this-test-only-" * 2)
    lines = [f"Q{i},C{i % 300},店{i % 15},{'华东' if i % 15 < 8 else '华北'},2026-0{1 + i % 6}-1{i % 9} 10:00,{(10, 9, 8, 7, 6, 3, 10)[i % 7]},服务不错"
             for i in range(600)]
    (tmp_path / "survey_mine.csv").write_text("\n".join(["问卷编号,客户编号,门店,大区,提交时间,推荐分,原话", *lines]), encoding="gb18030")
    own = root / "data" / "standard" / "own"
    shutil.rmtree(own, ignore_errors=True)
    sources.ingest(root / "params" / "rules" / "example.yml", root=tmp_path, out=own)
    own_words = {"data": "data/standard/own", "segments": ["region", "unit_id"], "campaign": ""}
    running.run(root / "params" / "ci.yml", only=("01-ingest", "20-scores"), overrides=own_words, force=True, reports="build/tests/own")
    pages = {p.stem: json.loads(p.read_text("utf-8")) for p in (root / "build" / "tests" / "own" / "ci").glob("*.json")}
    assert pages["01-ingest"]["verdict"] == "REPORT" and pages["01-ingest"]["headline"][0]["value"] == 1
    assert pages["20-scores"]["headline"][0]["n"] == 600 and "the number invited is unknown" in pages["20-scores"]["caveat"]["en"]


def test_committed_sample_reports_can_be_run_again(root: Path, sample_pool: Path) -> None:
    verification = running.verify(root / "params" / "sample.yml")
    assert verification.passed, verification.comparisons
