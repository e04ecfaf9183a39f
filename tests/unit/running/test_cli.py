"""The command line: one clear message on stderr, no traceback, nothing built twice, help that teaches."""

from __future__ import annotations

import errno
import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from voclib import cli
from voclib.errors import DataError

HEAD = "edition: tiny\ntitle: {zh: 小, en: Tiny}\ncompany: {zh: 甲, en: A}\n"
CARD = {"name": "mine", "company": {"zh": "甲", "en": "A"}, "files": [{}, {}, {}],
        "totals": {"rows_read": 1300, "accepted": 1200, "clean": 1160, "repaired": 40, "quarantined": 100},
        "channels": {"survey": {"files": 2, "rows_read": 1000, "accepted": 950, "clean": 910, "repaired": 40, "quarantined": 50, "voices": 1000,
                                "valid_share": 0.875,
                                "missing_required": [{"fields": "customer_id", "n": 1200}, {"fields": "nps_score | comment", "n": 7}]},
                     "ledger": {"files": 1, "rows_read": 300, "accepted": 250, "clean": 250, "repaired": 0, "quarantined": 50}}}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own: one notebook, one mapping, one raw file; the working directory."""
    for name in ("notebooks", "params/rules", "data/mine/raw"):
        (tmp_path / name).mkdir(parents=True)
    cell = {"cell_type": "code", "id": "c0", "metadata": {"tags": ["parameters"]}, "source": 'data = "data/standard/mine"\nseed = 1', "outputs": [],
            "execution_count": None}
    (tmp_path / "notebooks/20-scores.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    (tmp_path / "params/tiny.yml").write_text(HEAD + "inputs: [params/rules/mine.yml]\nnotebooks: {20-scores: {}}\n", "utf-8")
    (tmp_path / "params/rules/mine.yml").write_text(
        "name: mine\nroot: data/mine\nsources:\n- channel: survey\n  files: raw/*.csv\n  tables: {responses: {values: {score: {1: 2}}}}\n", "utf-8")
    (tmp_path / "data/mine/raw/a.csv").write_text("id,score\n1,9\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Builder:
    """Stands for `ingest` or `build`: counts its calls and writes a file."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple, dict]] = []

    def __call__(self, *arguments, **named) -> SimpleNamespace:
        self.calls.append((arguments, named))
        out = Path(named.get("out") or arguments[0])
        if named.get("progress"):
            named["progress"](1, 2, "half")
        if out.suffix != ".yml":
            out.mkdir(parents=True, exist_ok=True)
            (out / "units.parquet").write_text("tables", "utf-8")
        return SimpleNamespace(scorecard=CARD, findings=lambda lang: f"odd things in {lang}")


@pytest.fixture
def ingest(monkeypatch: pytest.MonkeyPatch) -> Builder:
    builder = Builder()
    monkeypatch.setattr("voclib.sources.ingest", builder, raising=False)
    return builder


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Builder:
    builder = Builder()
    monkeypatch.setattr("voclib.simulate.build", builder, raising=False)
    return builder


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """Calls of `run` and `verify`; nothing executes."""
    calls: list[dict] = []

    def run(edition: str, **named) -> SimpleNamespace:
        calls.append({"edition": edition, **named})
        return SimpleNamespace(executed=("20-scores",), skipped=(), standalone=(Path("alone.html"),), portal=Path("reports/index.html"))

    def verify(edition: str, **named) -> SimpleNamespace:
        calls.append({"edition": edition, **named})
        told = ((True, "01-ingest: byte-identical"), (False, "20-scores: verdicts differ"))
        rows = [SimpleNamespace(passed=passed, message=message) for passed, message in told]
        return SimpleNamespace(comparisons=rows, difference=2e-9, passed=False)

    monkeypatch.setattr("voclib.running.run", run)
    monkeypatch.setattr("voclib.running.verify", verify)
    return calls


def test_simulate_builds_once_for_the_same_arguments(here: Path, build: Builder, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(shlex.split("simulate --customers 300 --seed 4 --out data/small")) == 0
    arguments, named = build.calls[0]
    assert (arguments, named["customers"], named["seed"]) == ((here / "data/small",), 300, 4)
    assert cli.main(shlex.split("simulate --customers 300 --seed 4 --out data/small")) == 0 and len(build.calls) == 1
    assert capsys.readouterr().out.splitlines() == ["Built data/small (300 customers, seed 4)", "Unchanged: data/small (300 customers, seed 4)"]
    assert cli.main(shlex.split("simulate --customers 300 --seed 5 --out data/small --quiet")) == 0 and len(build.calls) == 2
    (here / "data/small/units.parquet").unlink()
    assert cli.main(shlex.split("simulate --customers 300 --seed 5 --out data/small --quiet")) == 0 and len(build.calls) == 3
    assert capsys.readouterr().out == ""


def test_simulate_spares_a_folder_of_something_else(here: Path, build: Builder, capsys: pytest.CaptureFixture) -> None:
    for out in ("data", "data/mine", "data/mine/raw/a.csv"):
        assert cli.main(["simulate", "--out", out, "--quiet"]) == 1 and not build.calls
        assert f"voc simulate: {out} is there already and was not built by voc simulate" in capsys.readouterr().err
    assert cli.main(["simulate", "--out", "data/mine", "--quiet", "--force"]) == 0 and len(build.calls) == 1
    # empty, built in another copy of the repository, and begun
    for n, names in enumerate(((), ("truth.json", "raw", ".DS_Store"), (".building", "raw", "standard"))):
        for name in names:
            (here / f"data/other{n}" / name).mkdir(parents=True)
        assert cli.main(["simulate", "--out", f"data/other{n}", "--quiet"]) == 0 and len(build.calls) == 2 + n


def test_ingest_ends_with_the_scorecard(here: Path, ingest: Builder, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["ingest", "params/rules/mine.yml", "--root", "data/mine"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "A (mine)"
    assert " ".join(lines[1].split()) == "channel files rows unchanged repaired quarantined valid voices most often missing"
    assert lines[2].split() == ["survey", "2", "1,000", "910", "40", "50", "87.5%", "customer_id", "(1,200),", "nps_score", "|", "comment", "(7)"]
    assert lines[5:] == ["odd things in en"]
    assert [line.split()[:7] for line in lines[3:5]] == [["ledger", "1", "300", "250", "0", "50", "–"],
                                                        ["total", "3", "1,300", "1,160", "40", "100", "–"]]
    assert len({line.index(word) for line, word in zip(lines[1:3], ("channel", "survey"), strict=True)}) == 1
    assert ingest.calls[0][1]["root"] == "data/mine"
    assert cli.main(["ingest", "params/rules/mine.yml", "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines() == lines[:5]


def test_the_module_is_the_command() -> None:
    told = subprocess.run([sys.executable, "-m", "voclib.cli", "run"], capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 2 and "usage: voc run" in told.stderr


def test_run_reads_inputs_only_where_they_changed(here: Path, ingest: Builder, ran: list[dict], capsys: pytest.CaptureFixture) -> None:
    def calls() -> int:
        assert cli.main(["run", "params/tiny.yml"]) == 0
        return len(ingest.calls)

    assert calls() == 1 and calls() == 1
    (mapping,), named = ingest.calls[0]
    assert (mapping, named["root"], named["out"]) == (here / "params/rules/mine.yml", here / "data/mine", here / "data/standard/mine")
    (here / "data/mine/raw/a.csv").write_text("id,score\n1,10\n", "utf-8")
    assert calls() == 2 and calls() == 2
    (here / "data/mine/raw/b.csv").write_text("id,score\n2,10\n", "utf-8")
    assert calls() == 3, "a new file that the pattern matches"
    mapping.write_text(mapping.read_text("utf-8") + "timezone: UTC\n", "utf-8")
    assert calls() == 4
    (here / "data/standard/mine/units.parquet").write_text("tampered", "utf-8")
    assert calls() == 5 and calls() == 5
    assert capsys.readouterr().out.splitlines()[-1] == "reports/index.html"


def test_run_hands_typed_arguments_on_and_prints_the_portal_last(here: Path, ingest: Builder, ran: list[dict], capsys: pytest.CaptureFixture) -> None:
    assert cli.main(shlex.split("run params/tiny.yml -p seed=7 --only 20-scores --force --jobs 2 --standalone --quiet")) == 0
    call = ran[0]
    assert {k: call[k] for k in ("edition", "only", "force", "jobs", "standalone", "progress")} == {
        "edition": "params/tiny.yml", "only": ("20-scores",), "force": True, "jobs": 2, "standalone": True, "progress": None}
    assert call["overrides"]["seed"].text == "7"
    assert capsys.readouterr().out.splitlines() == ["alone.html", "1 executed, 0 unchanged", "reports/index.html"]


@pytest.mark.parametrize(("command", "told"), [
    ("run params/tinny.yml", "voc run: There is no edition params/tinny.yml; did you mean 'params/tiny.yml'?"),
    ("run params/tiny.yml -p seed", "voc run: -p seed: write -p name=value"),
    ("run params/tiny.yml -p seed=1 -p seed=2", "voc run: -p seed is given twice; keep one"),
    ("run params/tiny.yml -p seed=x", "voc run: tiny.yml: notebook '20-scores': -p seed is 'x' (str), wanted int"),
    ("run params/tiny.yml -p sede=1", "did you mean 'seed'?"),
    ("run params/tiny.yml -p 'seed = 1; import os=2'", "is no parameter name"),
    ("run params/tiny.yml --only 20-score", "did you mean '20-scores'?"),
    ("verify params/no.yml", "voc verify: There is no edition params/no.yml")])
def test_an_error_is_one_message_and_comes_before_any_ingest(here: Path, ingest: Builder, ran: list[dict], capsys: pytest.CaptureFixture,
                                                             command: str, told: str) -> None:
    assert cli.main(shlex.split(command)) == 1
    out, err = capsys.readouterr()
    assert told in err and "Traceback" not in err and out == ""
    assert ingest.calls == [] and ran == []


def test_data_problems_are_listed(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def ingest(*arguments, **named):
        raise DataError("one problem", problems=pd.DataFrame({"file": ["a.csv"], "problem": ["duplicate key"]}))

    monkeypatch.setattr("voclib.sources.ingest", ingest, raising=False)
    assert cli.main(["ingest", "params/rules/mine.yml"]) == 1
    assert capsys.readouterr().err.startswith("voc ingest: one problem\n") and not capsys.readouterr().out


@pytest.mark.parametrize("command", ["", "publish", "run", "simulate --customers 0", "simulate --customers many", "run params/tiny.yml --jobs -1"])
def test_wrong_usage_ends_with_2(command: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(shlex.split(command))
    assert caught.value.code == 2 and "usage: voc" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["", "run", "simulate", "ingest"])
def test_help_teaches_by_example(command: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([*shlex.split(command), "--help"])
    out = capsys.readouterr().out
    assert caught.value.code == 0 and "example" in out and f"  voc {command or 'run'}" in out
    assert ("as_of: 2026-06-30" in out) == (command == "ingest")


def test_verify_tells_each_report_and_fails_where_one_does(here: Path, ingest: Builder, ran: list[dict], capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["verify", "params/tiny.yml", "--quiet"]) == 1 and len(ingest.calls) == 1
    assert capsys.readouterr().out.splitlines() == ["ok    01-ingest: byte-identical", "FAIL  20-scores: verdicts differ",
                                                    "largest relative difference 2.0e-09: the edition does not repeat"]


def test_an_interrupt_is_told_in_words(here: Path, ingest: Builder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def interrupted(*arguments, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr("voclib.running.run", interrupted)
    assert cli.main(["run", "params/tiny.yml"]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "voc run: interrupted; finished reports are kept"


def test_an_interrupted_import_leaves_the_tables_as_they_were(here: Path, ingest: Builder, monkeypatch: pytest.MonkeyPatch,
                                                              capsys: pytest.CaptureFixture) -> None:
    def interrupted(*arguments, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr("voclib.sources.ingest", interrupted)
    assert cli.main(["ingest", "params/rules/tiny.yml"]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "voc ingest: interrupted; what was there before stands"


@pytest.mark.parametrize(("error", "told"), [
    (OSError(errno.ENOSPC, "No space left on device"), "voc run: the disk is full, or the share of it that is yours; free some room"),
    (OSError(errno.EDQUOT, "Disk quota exceeded", "a.html"), "voc run: the disk is full (a.html), or the share"),
    (PermissionError(errno.EACCES, "Permission denied", "reports"), "voc run: no permission to write here (reports); work in a folder of your own"),
    (OSError(errno.EROFS, "Read-only file system", "build"), "voc run: no permission to write here (build)"),
])
def test_a_disk_that_takes_no_more_is_told_in_words(error: OSError, told: str, here: Path, ingest: Builder, monkeypatch: pytest.MonkeyPatch,
                                                    capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr("voclib.running.run", raising(error))
    assert cli.main(["run", "params/tiny.yml"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(told) and last.endswith("What was there before stands; run the same command again then.")


def test_another_error_of_the_system_is_ours_and_shows_as_it_is(here: Path, ingest: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voclib.running.run", raising(FileNotFoundError(errno.ENOENT, "No such file", "x")))
    with pytest.raises(FileNotFoundError):
        cli.main(["run", "params/tiny.yml"])


def raising(error: Exception) -> Callable[..., None]:
    def run(*arguments: object, **named: object) -> None:
        raise error

    return run


def test_an_index_without_reports_is_an_error(here: Path, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["index"]) == 1
    assert "There are no reports under reports/; run 'voc run params/sample.yml' first." in capsys.readouterr().err


@pytest.mark.parametrize("module", ["voclib", "voclib.cli", "voclib.running"])
def test_an_import_pulls_nothing_heavy(module: str) -> None:
    script = f"""import sys, {module}
heavy = {{"pandas", "numpy", "altair", "papermill", "nbformat", "pandera", "duckdb", "statsmodels", "presidio_analyzer", "jinja2"}} & set(sys.modules)
if "{module}" == "voclib": heavy |= {{"yaml", "pydantic", "argparse", "tqdm"}} & set(sys.modules)
sys.exit(str(heavy) if heavy else 0)"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
