"""What a record of the long runs depends on: enough that a change is noticed, no more than that, and nothing lost when a run is interrupted."""

from __future__ import annotations

import importlib.util
import itertools
import json
import runpy
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import coverage, freshness
from voclib.errors import ParameterError

SETTINGS = {s.name: s for s in coverage.settings()}
FAST = ("csat: n=60", "ces: n=60", "manski: the satisfied answer")
TOY = '''"""A toy."""
from dataclasses import dataclass
from functools import cache, partial
import numpy as np
from benchmarks.coverage import Setting
from voclib.simulate.worlds import nonresponse
from voclib.stats import metrics, inference
from voclib.stats.inference import Fit
BAND = (0.9, 1.0)
FACTOR, UNUSED = 2.0, 5.0
@cache
def deep(x):
    return x * FACTOR
def drawn(n):
    def taken(seed):
        return nonresponse.draw(seed, customers=n), deep(1)
    return taken
def alone(found: Fit, k=1):
    """Counts."""
    return found + k
@dataclass
class Held:
    many: int
    def all(self):
        return inference.quantile(0.95, self.many)
def made():
    plain, other = lambda f: metrics.nps(f), lambda f: Held(3).all()
    return [Setting(method="a", setting="x", draw=drawn(5), call=plain, band=BAND), Setting(method="b", setting="x", draw=np.sqrt, call=other),
            Setting(method="c", setting="x", draw=np.exp, call=partial(alone, k=3))]
'''


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Callable[..., dict[str, dict[str, str]]]]:
    """Marks of the toy's settings after a change of its text."""
    number, made = itertools.count(), []

    def marks(*changes: tuple[str, str]) -> dict[str, dict[str, str]]:
        text = TOY
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / str(next(number)) / "toy.py"
        path.parent.mkdir()
        path.write_text(text, "utf-8")
        spec = importlib.util.spec_from_file_location("toy", path)
        module: ModuleType = importlib.util.module_from_spec(spec)
        sys.modules["toy"] = module
        made.append(module)
        spec.loader.exec_module(module)
        return {s.method: freshness.Reader(here="toy").mark(s, harness=()) for s in module.made()}

    yield marks
    sys.modules.pop("toy", None)


class TestBenchmark:
    def test_a_setting_leads_to_the_modules_it_calls_and_to_no_others(self, toy) -> None:
        modules = {method: set(mark["modules"].split()) for method, mark in toy().items()}
        assert {"simulate.worlds.nonresponse", "stats.metrics", "stats.inference.means", "stats.gates"} <= modules["a"]
        assert "stats.inference.wild" not in modules["a"] and modules["b"] == {"stats.inference.fits", "stats.inference.means"}
        assert modules["c"] == set(), "Fit is only an annotation"

    @pytest.mark.parametrize(("old", "new", "stale"), [
        ("FACTOR, UNUSED = 2.0", "FACTOR, UNUSED = 3.0", "a"), ("drawn(5)", "drawn(6)", "a"), ("x * FACTOR", "x + FACTOR", "a"),
        ("(0.9, 1.0)", "(0.8, 1.0)", "a"), ("deep(1)", "deep(2)", "a"), ("metrics.nps(f)", "metrics.csat(f)", "a"), ("Held(3)", "Held(4)", "b"),
        ("inference.quantile(0.95", "inference.quantile(0.9", "b"), ("np.sqrt", "np.cos", "b"), ("np.exp", "np.sqrt", "c"), ("k=3", "k=4", "c"),
        ("k=1", "k=2", "c"), ("found + k", "found - k", "c"), ("A toy", "Another toy", ""), ("UNUSED = 2.0, 5.0", "UNUSED = 2.0, 6.0", ""),
        ("Counts.", "Adds.", ""), ("found: Fit", "found: float", ""),
        ("def made()", "def unused():\n    return 1\n\ndef made()", "")])
    def test_a_change_makes_stale_what_uses_it_and_nothing_else(self, toy, old: str, new: str, stale: str) -> None:
        before, after = toy(), toy((old, new))
        assert {method for method in before if not freshness.agrees(before[method], after[method])} == set(stale)

    def test_what_cannot_be_read_is_an_error_and_no_guess(self, toy) -> None:
        with pytest.raises(ParameterError, match="type _NoName, which has no fingerprint"):
            toy(("@dataclass\n", ""), ("class Held:", "class _NoName:"), ("many: int", "pass"), ("k=3)", "k=_NoName())"))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the library, to be changed."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(freshness.ROOT / "voclib", folder / "voclib", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def marked(root: Path) -> dict[str, dict[str, str]]:
    reader = freshness.Reader(root)
    return {name: reader.mark(s, harness=()) for name, s in SETTINGS.items()}


class TestCode:
    @pytest.mark.parametrize(("file", "method", "spared"), [
        ("stats/metrics.py", "nps", "aipw"), ("stats/weighting.py", "calibrated", "nps"), ("simulate/worlds/long_waits.py", "att, poisson", "nps"),
        ("stats/inference/wild.py", "clusters, by policy", "nps")])
    def test_a_small_change_leaves_other_settings_fresh(self, copy: Path, file: str, method: str, spared: str) -> None:
        path, before = copy / "voclib" / file, marked(copy)
        text = path.read_text("utf-8")
        path.write_text(text + "\n\n_NEW = 1\n", "utf-8")
        after = marked(copy)
        path.write_text(text.replace('"""', '"""In other words. ', 1) + "\n\n# a comment\n", "utf-8")
        assert marked(copy) == before, "another wording changes nothing"
        path.write_text(text, "utf-8")
        stale = {name for name in before if not freshness.agrees(before[name], after[name])}
        module = file.removesuffix(".py").replace("/", ".")
        assert stale == {name for name in before if module in before[name]["modules"].split()}
        assert {name for name in before if name.startswith(f"{method}: ")} <= stale and 0 < len(stale) < len(before)
        assert not any(name.startswith(f"{spared}: ") for name in stale) and any(name.startswith(f"{spared}: ") for name in before)

    def test_a_column_of_the_schema_or_a_new_module_makes_nothing_stale(self, copy: Path) -> None:
        before = marked(copy)
        for file, more in (("schema/tables.py", "\n_NEW = 1\n"), ("results.py", "\n_NEW = 1\n"), ("stats/newest.py", "x = 1\n"),
                           ("simulate/company.py", "\n_NEW = 1\n")):
            path = copy / "voclib" / file
            path.write_text((path.read_text("utf-8") if path.is_file() else "") + more, "utf-8")
        assert marked(copy) == before

    def test_the_words_of_a_study_compute_nothing(self) -> None:
        told = ("voclib.studies.scores", "voclib.studies.scores.text", "voclib.studies.nps_revenue.captions", "voclib.results", "voclib.statsx.a")
        assert [name for name in told if freshness.computes(name)] == ["voclib.studies.scores"]

    def test_a_threshold_belongs_to_the_code_it_steers(self, copy: Path) -> None:
        path, before = copy / "voclib/stats/gates.yml", marked(copy)
        path.write_text(path.read_text("utf-8").replace("min_clusters: 10", "min_clusters: 9"), "utf-8")
        stale = {name for name, mark in marked(copy).items() if not freshness.agrees(before[name], mark)}
        assert stale == {name for name in before if "stats.gates" in before[name]["modules"].split()} and "csat: n=60" in stale


class TestRun:
    @pytest.fixture
    def out(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Three fast settings of fifty runs, in one process, written to a folder of their own."""
        few = [replace(SETTINGS[name], runs=50, band=(0.0, 1.0)) for name in FAST]
        monkeypatch.setattr(coverage, "settings", lambda: few)
        monkeypatch.setattr(coverage.os, "cpu_count", lambda: 1)
        monkeypatch.setattr(coverage, "OUT", tmp_path / "coverage.json")
        return tmp_path / "coverage.json"

    def test_only_what_is_stale_or_absent_is_run(self, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert coverage.main([]) == 0 and "3 settings, 3 of them run now" in capsys.readouterr().out
        first = out.read_bytes()
        assert list(freshness.read(out)) == list(FAST)
        assert coverage.main([]) == 0 and "0 of them run now" in capsys.readouterr().out and out.read_bytes() == first
        for name, value in (("code", "0"), ("benchmark", "0"), ("modules", "stats.gates")):
            body = json.loads(first)
            body["records"][1][name] = value
            body["records"][1]["coverage"] = 0.5
            out.write_text(json.dumps(body), "utf-8")
            assert coverage.main([]) == 0 and "1 of them run now" in capsys.readouterr().out and out.read_bytes() == first
        assert coverage.main(["--all"]) == 0 and "3 of them run now" in capsys.readouterr().out and out.read_bytes() == first

    def test_run_as_a_command_it_marks_records_alike(self, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        def mark(reader: freshness.Reader, setting: object, *, harness: tuple) -> dict:
            assert {f.__module__ for f in harness} == {"benchmarks.coverage"}, "else every record made by the command would be stale"
            return read_off(reader, setting, harness=harness)

        coverage.main([])
        read_off = freshness.Reader.mark
        monkeypatch.setattr(freshness.Reader, "mark", mark)
        monkeypatch.setattr(sys, "argv", ["coverage"])
        with pytest.raises(SystemExit) as left, pytest.warns(RuntimeWarning, match="found in sys.modules"):
            runpy.run_module("benchmarks.coverage", run_name="__main__")
        assert left.value.code == 0 and "0 of them run now" in capsys.readouterr().out

    def test_records_of_settings_that_are_gone_are_dropped(self, out: Path) -> None:
        coverage.main([])
        first, body = out.read_bytes(), json.loads(out.read_bytes())
        body["records"].insert(0, {**body["records"][0], "setting": "n=61"})
        out.write_text(json.dumps(body), "utf-8")
        coverage.main([])
        assert out.read_bytes() == first

    def test_an_interruption_loses_nothing_that_was_finished(self, out: Path, monkeypatch: pytest.MonkeyPatch,
                                                             capsys: pytest.CaptureFixture[str]) -> None:
        def stopped(setting: coverage.Setting, rows: object, **options: object) -> dict:
            if setting.name == FAST[1]:
                raise KeyboardInterrupt
            return whole(setting, rows, **options)

        whole = coverage.record
        reference = coverage.marks(coverage.settings())
        monkeypatch.setattr(coverage, "marks", lambda chosen: reference)
        monkeypatch.setattr(coverage, "record", stopped)
        with pytest.raises(KeyboardInterrupt):
            coverage.main([])
        assert list(freshness.read(out)) == [FAST[0]]
        monkeypatch.setattr(coverage, "record", whole)
        assert coverage.main([]) == 0 and "2 of them run now" in capsys.readouterr().out and list(freshness.read(out)) == list(FAST)

    def test_an_error_names_the_setting_and_the_seed(self) -> None:
        def broken(frame: object) -> object:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError) as found:
            coverage.run([replace(SETTINGS[FAST[0]], call=broken)], 2, seed=7)
        assert found.value.__notes__ == [f"This was '{FAST[0]}' with seed 7."]

    def test_a_failing_record_is_told_also_when_nothing_was_run(self, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
        coverage.main([])
        body = json.loads(out.read_bytes())
        body["records"][2]["passed"] = False
        out.write_text(json.dumps(body), "utf-8")
        capsys.readouterr()
        assert coverage.main([]) == 1 and capsys.readouterr().out.strip().endswith(f"0 of them run now; outside their band: {FAST[2]}.")
