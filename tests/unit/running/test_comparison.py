"""What moved between two states of an edition's reports, and why: causes planted one at a time, in pairs, and not at all."""

from __future__ import annotations

import json
import math
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voclib.errors import DataError, ParameterError, RunError
from voclib.results import Estimate, Ladder, Study, Text, Verdict, refusal
from voclib.running import comparison, published
from voclib.running.comparison import EditionComparison, Move, compare

T = Text("甲", "a")
ORIGIN: dict[str, Any] = {
    "edition": "tiny", "notebook": "20-scores", "code": "c1", "data": "d1", "parameters": "p1", "gates": "default", "python": "3.11",
    "packages": {"numpy": "2.4.6", "pandas": "3.0.6"}, "methods": 1, "formulas": "f1", "program": "g1", "locked": "l1", "files": "b1",
    "parameter_values": {"seed": 1, "segments": ["region"]}}
LEDGER = """\
- number: 1
  on: "2026-07-01"
  kind: baseline
  why: {zh: 起, en: first}
  fingerprints: {stats.metrics: "0123456789abcdef"}
- number: 2
  on: "2026-08-01"
  kind: method
  why: {zh: 区间改用 t 分布, en: intervals by Student's t}
  moved: [{page: 20-scores, estimand: nps, old: 44, new: 45}]
  fingerprints: {stats.metrics: "0123456789abcdee"}
- number: 3
  on: "2026-08-02"
  kind: same-numbers
  why: {zh: 换个写法, en: written otherwise}
  fingerprints: {stats.metrics: "0123456789abcded"}
"""
PLANTED: dict[str, dict[str, Any]] = {  # what each cause changes in a page's origin; code always changes with a formula
    "data": {"data": "d2"}, "definition": {"code": "c2", "formulas": "f2", "methods": 2}, "code": {"code": "c2", "program": "g2"},
    "packages": {"packages": {"numpy": "2.4.7", "pandas": "3.0.6"}}}


def _nps(value: float = 44.0, half: float = 4.0, **more: Any) -> Estimate:
    low, high = more.pop("ends", (value - half, value + half))
    return Estimate(**{"estimand": "nps", "kind": "estimate", "unit": "points", "value": value, "conf_low": low, "conf_high": high, "n": 500} | more)


def _report(folder: Path, *headline: Estimate, notebook: str = "20-scores", edition: str = "tiny", ladders: tuple[Ladder, ...] = (),
            naive: Estimate | None = None, verdict: Verdict = Verdict.REPORT, drop: tuple[str, ...] = (), **origin: Any) -> Path:
    study = Study(question=Text("问题？", "Question?"), answer=T, headline=headline or (_nps(),), caveat=T, decision=T, verdict=verdict,
                  ladders=ladders, naive=naive, limits=((T, T),) * 3)
    told = {k: v for k, v in (ORIGIN | {"notebook": notebook, "edition": edition} | origin).items() if k not in drop}
    path = folder / edition / f"{notebook}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(study.to_dict() | {"edition": edition, "notebook": notebook, "provenance": told}, ensure_ascii=False), "utf-8")
    return folder


def _compared(root: Path, **more: Any) -> EditionComparison:
    (root / "methods.yml").write_text(LEDGER, "utf-8")
    return compare(root / "old", root / "new", root=root, ledger=root / "methods.yml", **more)


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("seed", range(3))
def test_a_planted_cause_is_named_alone(tmp_path: Path, kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    value, step = rng.uniform(-60, 60), rng.uniform(0.5, 12) * float(rng.choice([-1, 1]))
    _report(tmp_path / "old", _nps(value))
    _report(tmp_path / "new", _nps(value + step), **PLANTED[kind])
    page, = _compared(tmp_path).pages
    assert (page.conclusion, page.causes) == ("one cause", (kind,))
    move, = page.moved
    assert (move.status, move.difference) == ("moved", pytest.approx(step, rel=1e-6))
    assert move.half_widths == pytest.approx(abs(step) / 4, rel=1e-6) and move.covered is bool(abs(step) <= 4)


@pytest.mark.parametrize("kinds", [*combinations(PLANTED, 2), tuple(PLANTED)])
def test_several_causes_are_all_named_with_a_command_that_tells_them_apart(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    _report(tmp_path / "old", _nps(44))
    _report(tmp_path / "new", _nps(46), **{k: v for kind in kinds for k, v in PLANTED[kind].items()})
    found = _compared(tmp_path)
    page, = found.pages
    assert page.conclusion == "several causes" and set(page.causes) == set(kinds)
    text, command = found.told("en"), found.to_dict()["pages"][0]["command"]
    assert "The reports alone do not show how far each moved the numbers" in text and all(line.strip() in text for line in command.splitlines())
    assert command.splitlines()[-1].startswith(("voc compare ", f"voc compare {tmp_path}"))
    if "code" in kinds and "data" in kinds:
        assert command.startswith("git worktree add --detach build/then REVISION_OF_THE_OLD_REPORTS")
    if set(kinds) == {"code", "definition"}:
        assert command.startswith("git log --oneline OLD..HEAD -- reports/tiny/20-scores.json")
    if set(kinds) == {"data", "packages"}:
        assert "pip install -r build/then.lock" in command


def test_nothing_differs_and_numbers_moved_is_not_reproducible(tmp_path: Path) -> None:
    _report(tmp_path / "old", _nps(44))
    _report(tmp_path / "new", _nps(46))
    found = _compared(tmp_path)
    assert found.pages[0].conclusion == "not reproducible" and found.pages[0].causes == ()
    assert "Not reproducible: data, code, definition and packages are the same" in found.told("en") and "不可重现" in found.told("zh")
    _report(tmp_path / "new", _nps(44 * (1 + 1e-8)))
    assert _compared(tmp_path).pages[0].conclusion == "unchanged", "the last digits of another processor are no move"


@pytest.mark.parametrize("kind", PLANTED)
def test_a_difference_that_moves_nothing_is_said_to(tmp_path: Path, kind: str) -> None:
    _report(tmp_path / "old")
    _report(tmp_path / "new", **PLANTED[kind])
    found = _compared(tmp_path)
    assert found.pages[0].conclusion == "harmless" and not found.has_moved
    assert f"20-scores: No number moved, although this changed: {kind}." in found.told("en")


def test_the_ledger_is_quoted_and_a_false_claim_of_same_numbers_caught(tmp_path: Path) -> None:
    _report(tmp_path / "old", _nps(44))
    _report(tmp_path / "new", _nps(45), **PLANTED["definition"])
    found = _compared(tmp_path)
    assert "2 (2026-08-01, method) intervals by Student's t [20-scores nps 44 → 45]" in found.told("en")
    assert "2 (2026-08-01, 改算法) 区间改用 t 分布" in found.told("zh") and found.to_dict()["pages"][0]["entries"] == [2]
    _report(tmp_path / "old", _nps(44), methods=2, formulas="f2", code="c2")
    _report(tmp_path / "new", _nps(45), methods=3, formulas="f3", code="c3")
    assert "The ledger says that this rewrite moves no number, yet numbers moved" in _compared(tmp_path).told("en")
    _report(tmp_path / "new", _nps(45), methods=2, formulas="f3", code="c3")
    assert "the ledger of methods has no entry for this" in _compared(tmp_path).told("en")


def test_changed_parameters_are_named_with_their_values(tmp_path: Path) -> None:
    _report(tmp_path / "old", _nps(44))
    _report(tmp_path / "new", _nps(45), parameters="p2", parameter_values={"seed": 7, "segments": ["region"], "lag": 2})
    found = _compared(tmp_path)
    assert found.pages[0].causes == ("definition",) and found.to_dict()["pages"][0]["parameters"] == {"lag": [None, 2], "seed": [1, 7]}
    assert "parameters differ (lag: – → 2, seed: 1 → 7)" in found.told("en")
    _report(tmp_path / "new", _nps(45), parameters="p2", data="d2", parameter_values={"seed": 7, "segments": ["region"]})
    command = _compared(tmp_path).to_dict()["pages"][0]["command"]
    assert "overrides={'\"'\"'seed'\"'\"': 1}" in command and "reports='\"'\"'build/then'\"'\"'" in command
    _report(tmp_path / "new", _nps(45), parameters="p2")
    assert "pointing outside the repository" in _compared(tmp_path).told("en")
    _report(tmp_path / "new", _nps(45), gates="g2")
    assert "gates changed (params/rules/gates.yml)" in _compared(tmp_path).told("en")


def test_reports_from_before_these_fields_are_still_compared(tmp_path: Path) -> None:
    new = ("methods", "formulas", "program", "locked", "files", "parameter_values")
    _report(tmp_path / "old", _nps(44), drop=new)
    _report(tmp_path / "new", _nps(45), code="c2")
    found = _compared(tmp_path)
    assert found.pages[0].causes == ("code",) and found.pages[0].difference.unrecorded == ("formulas", "program", "locked", "files",
                                                                                          "parameter_values")
    assert "Cause: code, or definition: the older report does not record its formulas" in found.told("en")
    _report(tmp_path / "new", _nps(45))
    assert "Not reproducible, unless an input other than tables changed" in _compared(tmp_path).told("en")
    _report(tmp_path / "new", _nps(45), parameters="p2")
    assert "the older report does not record which" in _compared(tmp_path).told("en")


def test_code_that_the_notebook_does_not_import_is_said_to_be_elsewhere(tmp_path: Path) -> None:
    _report(tmp_path / "old", _nps(44))
    _report(tmp_path / "new", _nps(45), code="c2")
    page, = _compared(tmp_path).pages
    assert (page.conclusion, page.causes, page.difference.elsewhere) == ("one cause", ("code",), True)
    _report(tmp_path / "new", _nps(45), code="c2", locked="l2")
    assert _compared(tmp_path).pages[0].causes == ("packages",)


def _move(old: Estimate | None, new: Estimate | None) -> Move:
    return Move(notebook="a", place="headline", old=old, new=new)


def _bounds(low: float, high: float, **more: Any) -> Estimate:
    return Estimate(estimand="nps", kind="bounds", unit="points", bound_low=low, bound_high=high, **more)


def test_what_a_move_measures() -> None:
    wider = _move(_nps(44, 4), _nps(44, 6))
    assert (wider.status, wider.difference, wider.half_widths, wider.covered) == ("moved", 0.0, 0.0, True)
    assert wider.size == pytest.approx(0.5)
    asymmetric = _move(_nps(44, ends=(43.0, 54.0)), _nps(46, ends=(45.0, 55.0)))
    assert asymmetric.covered is False, "the old value lies outside the new interval, though the new one lies inside the old"
    bounds = _move(_bounds(10, 30), _bounds(11, 40))
    assert (bounds.difference, bounds.half_widths, bounds.covered) == (10, 1.0, True)
    assert _move(_bounds(10, 30), _bounds(31, 40)).covered is False
    refused = refusal("nps", unit="points", reason=T, needs=T)
    withheld = _move(_nps(), refused)
    assert (withheld.status, withheld.difference, withheld.size, withheld.covered) == ("moved", None, None, None)
    assert _move(refused, refused).status == "same" and _move(None, refused).status == "appeared" and _move(_nps(), None).status == "disappeared"
    assert _move(_nps(), _nps(evidence_level=2)).status == "restated" == _move(_nps(), _nps(verdict=Verdict.REPORT_WITH_CAVEAT)).status
    assert _move(_nps(44, 0), _nps(45, 0)).half_widths == math.inf and _move(_nps(unit="cny"), _nps(unit="usd")).status == "moved"
    counted = Estimate(estimand="rows", kind="count", unit="count", value=10)
    assert (_move(counted, counted.with_(value=12)).difference, _move(counted, counted.with_(value=12)).half_widths) == (2, None)


def test_rows_are_sorted_by_half_widths_and_findings_come_and_go(tmp_path: Path) -> None:
    ladder = lambda *rungs: Ladder("nps", rungs, rungs[-1].rung)  # noqa: E731
    old = [_nps(40, 8, rung="raw"), _nps(44, 2, rung="weighted"), _nps(50, 4, rung="gone")]
    new = [_nps(44, 8, rung="raw"), _nps(46, 2, rung="weighted"), _nps(30, 4, rung="added")]
    _report(tmp_path / "old", old[1], _nps(1, group="north"), ladders=(ladder(*old),), naive=old[0])
    _report(tmp_path / "new", new[1], _nps(1, group="north", evidence_level=1), ladders=(ladder(*new),), naive=new[0],
            verdict=Verdict.REPORT_WITH_CAVEAT, data="d2")
    _report(tmp_path / "old", notebook="30-old")
    _report(tmp_path / "new", notebook="31-new")
    found = _compared(tmp_path)
    frame = found.tidy()
    scores = frame[frame["notebook"].eq("20-scores")]
    assert list(scores["term"]) == ["nps:weighted", "nps:raw", "nps", "nps:added", "nps:gone"], "each estimate once, the largest move first"
    assert list(scores["status"]) == ["moved", "moved", "restated", "appeared", "disappeared"] and list(scores["half_widths"][:2]) == [1.0, 0.5]
    assert list(scores["place"]) == ["headline", "ladder", "headline", "ladder", "ladder"] and set(scores["causes"]) == {"data"}
    assert {p.notebook: p.conclusion for p in found.pages} == {"20-scores": "one cause", "30-old": "disappeared", "31-new": "appeared"}
    text = found.told("en")
    assert "verdict: use it → use with care" in text and "nps · north  1 point (−3 to 5); evidence level 0 → 1" in text
    assert ("nps:weighted  44 points (42–46) → 46 points (44–48), +2; 1 half-widths of the old interval; "
            "each interval contains the other's value") in text
    assert found.summary("en") == ("3 reports compared: 1 moved for one cause; 1 new; 1 no longer published. "
                                   "Causes behind moved numbers, by report: data 1.")
    told = json.dumps(found.to_dict(), allow_nan=False)
    assert json.loads(told)["pages"][0]["moves"][0]["half_widths"] == 1.0


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, as the working directory, whose reports stand in two commits of one edition and a working tree of two."""
    monkeypatch.chdir(tmp_path)

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--initial-branch=trunk")
    for value, tag in ((44, "v1.0"), (46, "v1.1")):
        _report(tmp_path / "reports", _nps(value), data=f"d{value}")
        git("add", "reports")
        git("commit", "-m", tag)
        git("tag", tag)
    _report(tmp_path / "reports", _nps(49), data="d49")
    _report(tmp_path / "reports", _nps(10), edition="other")
    return tmp_path


def test_revisions_are_read_without_a_checkout(repository: Path) -> None:
    for old, new, edition, step in (("HEAD~1", "HEAD", None, 2), ("v1.0", "reports", "tiny", 5), ("HEAD:reports/tiny", "reports/tiny", None, 3),
                                    ("HEAD", "reports", None, 3),  # two editions on disk: the one that the revision holds
                                    ("v1.0:reports/tiny/20-scores.json", "v1.1", None, 2), ("v1.0", "reports/tiny/20-scores.json", None, 5)):
        found = compare(old, new, root=repository, edition=edition)
        assert (found.edition, found.pages[0].moves[0].difference, found.pages[0].causes) == ("tiny", step, ("data",)), (old, new)
        assert len(found.commits[0]) == 40
    assert json.loads((repository / "reports/tiny/20-scores.json").read_text("utf-8"))["headline"][0]["value"] == 49


@pytest.mark.parametrize(("old", "new", "edition", "error", "match"), [
    ("v1.2", "reports/tiny", None, ParameterError, r"no folder or report v1\.2, and git knows no revision 'v1\.2'.*did you mean 'v1\.[01]'"),
    ("--help", "reports/tiny", None, ParameterError, "git knows no revision '--help'"),
    ("reports", "reports", None, ParameterError, r"reports holds the editions other, tiny; choose one with --edition"),
    ("reports/other", "reports/tiny", None, ParameterError, "reports/other holds the edition 'other', reports/tiny 'tiny'; compare two states"),
    ("reports", "reports", "tinny", ParameterError, "reports holds no report of the edition 'tinny'; did you mean 'tiny'"),
    ("HEAD:reports/tinny", "reports/tiny", None, DataError, "no reports in reports/tinny at revision HEAD; did you mean 'reports/tiny'"),
    ("empty", "reports/tiny", None, DataError, r"no reports in empty: it holds no \.json file; publish with 'voc run'"),
    ("strange", "reports/tiny", None, DataError, r"no reports in strange: it holds a\.json, none of which is a report"),
    ("torn", "reports/tiny", None, RunError, r"a\.json in torn is not JSON .*restore it from git"),
    ("reports/tiny/20-scores.json", "more", "tiny", ParameterError, "more holds no report of 20-scores; did you mean '30-more'")])
def test_what_cannot_be_compared_says_what_is_there(repository: Path, old: str, new: str, edition: str | None, error: type[Exception],
                                                    match: str) -> None:
    (repository / "empty").mkdir()
    for folder, text in (("strange", '{"a": 1}'), ("torn", '{"a": ')):
        (repository / folder).mkdir()
        (repository / folder / "a.json").write_text(text, "utf-8")
    _report(repository / "more", notebook="30-more")
    with pytest.raises(error, match=match):
        compare(old, new, root=repository, edition=edition)


def test_without_a_repository_or_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ParameterError, match="There is no folder or report HEAD~1, and this is not a git repository"):
        published.read("HEAD~1", root=tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="git is not installed, so no revision can be read; compare folders instead"):
        published.read("HEAD~1", root=tmp_path)


def test_a_field_of_a_later_version_is_passed_over(tmp_path: Path) -> None:
    _report(tmp_path / "old", _nps(44))
    path = _report(tmp_path / "new", _nps(44)) / "tiny/20-scores.json"
    value = json.loads(path.read_text("utf-8"))
    value["headline"][0]["invented_later"] = 1
    path.write_text(json.dumps(value), "utf-8")
    assert _compared(tmp_path).pages[0].conclusion == "unchanged"


def test_every_sentence_stands_in_both_languages(tmp_path: Path) -> None:
    for number, (kind, changes) in enumerate(PLANTED.items()):
        _report(tmp_path / "old", _nps(44), notebook=f"2{number}-{kind}")
        _report(tmp_path / "new", _nps(46), notebook=f"2{number}-{kind}", **changes)
    found = _compared(tmp_path)
    zh, en = found.told("zh"), found.told("en")
    assert len(zh.splitlines()) == len(en.splitlines()) and not any("\u4e00" <= c <= "\u9fff" for c in en)
    assert tuple(found.tidy().columns) == comparison.COLUMNS and "比较了 4 份报告：4 份数字有变化，原因明确" in zh
