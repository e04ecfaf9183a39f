"""The runner end to end: real kernels through papermill, real pages, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_edition import Here, edition, notebook

from voclib.errors import ParameterError, RunError
from voclib.running import refresh, run, verify
from voclib.running.causes import differences
from voclib.running.parameters import Given
from voclib.running.workspace import Workspace

SEEN = """\
import os, sys, time
print(expr, seed, sys.executable, os.getcwd(), os.environ["TZ"], os.environ["PYTHONHASHSEED"], os.environ["VOC_BATCH"], hash("a"))
print(os.environ["OMP_NUM_THREADS"], os.environ["IPYTHONDIR"] != os.path.expanduser("~/.ipython"), file=sys.stderr)
print("again")"""


def _tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one published notebook, run with seed 5."""
    root = tmp_path_factory.mktemp("published")
    notebook(root, "20-scores", SEEN)
    result = run(edition(root, n20_scores={"seed": 5}), executor=Here())
    assert (result.executed, result.skipped) == (("20-scores",), ()) and result.portal == root / "reports/index.html"
    return root


def _finding(root: Path, name: str = "20-scores") -> dict:
    return json.loads((root / f"reports/tiny/{name}.json").read_text("utf-8"))


def test_a_run_publishes_page_finding_registry_and_portal(published: Path) -> None:
    assert sorted(_tree(published / "reports")) == ["index.html", "registry.jsonl", "tiny/20-scores.html", "tiny/20-scores.json"]
    finding = _finding(published)
    assert (finding["edition"], finding["notebook"], finding["verdict"], finding["headline"][0]["value"]) == ("tiny", "20-scores", "REPORT", 15.0)
    assert {"question", "ladders", "checks", "limits", "provenance"} <= set(finding)
    assert finding["provenance"]["code"][:16] in (published / "reports/tiny/20-scores.html").read_text("utf-8")
    assert "tiny/20-scores.html" in (published / "reports/index.html").read_text("utf-8")


def test_the_kernel_is_this_interpreter_in_a_fixed_environment(published: Path) -> None:
    text = (published / "build/tiny/20-scores.ipynb").read_text("utf-8")
    node = json.loads(text)
    out, err = (o for c in node["cells"] if c["cell_type"] == "code" for o in c["outputs"] if o["output_type"] == "stream")
    first = "".join(out["text"]).splitlines()[0].split()
    assert first[:3] == ["x=y", "5", sys.executable.replace(sys.prefix, "<environment>")] and first[3:7] == ["<root>", "UTC", "0", "1"]
    seeded = subprocess.run([sys.executable, "-c", "print(hash('a'))"], env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True)
    assert first[7] == seeded.stdout.strip()
    assert (out["name"], err["name"], "".join(err["text"])) == ("stdout", "stderr", "1 True\n") and "".join(out["text"]).endswith("again\n")


def test_the_executed_copy_is_normalised(published: Path) -> None:
    node = json.loads((published / "build/tiny/20-scores.ipynb").read_text("utf-8"))
    assert [c["id"] for c in node["cells"]] == [f"c{i:03d}" for i in range(6)]
    assert [c["metadata"] for c in node["cells"]] == [{"tags": t} for t in (["zh"], ["en"], ["parameters"], ["injected-parameters"], [], [])]
    assert node["metadata"] == {"language_info": {"name": "python"}, "voc": {"parameters": {"expr": "x=y", "seed": 5}}}
    assert "".join(node["cells"][3]["source"]) == "# Parameters\nseed = 5"


def test_two_forced_runs_give_the_same_bytes(published: Path) -> None:
    before = _tree(published / "reports") | {"copy": (published / "build/tiny/20-scores.ipynb").read_bytes()}
    result = run(published / "params/tiny.yml", force=True, executor=Here())
    assert result.executed == ("20-scores",) and result.written == ()
    assert _tree(published / "reports") | {"copy": (published / "build/tiny/20-scores.ipynb").read_bytes()} == before


def test_an_unchanged_run_starts_no_kernel_and_imports_nothing_heavy(published: Path) -> None:
    here, before = Here(), _tree(published / "reports")
    result = run(published / "params/tiny.yml", executor=here)
    assert (here.ran, result.executed, result.skipped, result.written) == ([], (), ("20-scores",), ())
    script = """import sys; from voclib.cli import main; code = main(["run", "params/tiny.yml"])
heavy = {"pandas", "numpy", "altair", "papermill", "nbformat", "jsonschema", "duckdb", "pandera", "vl_convert", "jinja2"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else code)"""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script], cwd=published, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.splitlines()[-1] == str(published / "reports/index.html")
    assert time.perf_counter() - started < 3.0 and _tree(published / "reports") == before


def test_verify_re_executes_and_compares(published: Path) -> None:
    here, before = Here(), _tree(published / "reports")
    result = verify(published / "params/tiny.yml", executor=here)
    assert here.ran == ["20-scores"] and result.passed and result.comparisons[0].identical and result.difference == 0.0
    assert result.comparisons[0].message == "20-scores: byte-identical" and _tree(published / "reports") == before


@pytest.mark.parametrize(("value", "verdict", "passed", "told"), [
    (15.0 * (1 + 5e-7), "REPORT", True, "largest relative difference 5.0e-07 at headline[0].value"),
    (15.0 * (1 + 2e-6), "REPORT", False, "largest relative difference 2.0e-06 at headline[0].value, allowed 1e-06"),
    (15.0, "REFUSE", False, "verdicts differ (verdict: REFUSE → REPORT)")])
def test_verify_judges_numbers_and_verdicts(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float, verdict: str,
                                            passed: bool, told: str) -> None:
    notebook(tmp_path, "20-scores", SEEN)
    path = edition(tmp_path, n20_scores={"seed": 5})
    finding = _finding(published) | {"verdict": verdict}
    finding["headline"][0]["value"] = value
    (tmp_path / "reports/tiny").mkdir(parents=True)
    (tmp_path / "reports/tiny/20-scores.json").write_text(json.dumps(finding), "utf-8")
    executed = (published / "build/tiny/20-scores.ipynb").read_text("utf-8")
    monkeypatch.setattr("voclib.running.verification.outcomes", lambda planned, space, **more: iter([_outcome(executed)]))
    result = verify(path)
    assert result.passed is passed and told in result.comparisons[0].message


def _outcome(executed: str):
    from voclib.running.execute import Outcome

    return Outcome("20-scores", executed)


def test_a_standalone_page_is_made_without_running(published: Path) -> None:
    here = Here()
    result = run(published / "params/tiny.yml", executor=here, standalone=True)
    path, = result.standalone
    assert here.ran == [] and path == published / "build/standalone/tiny/20-scores.html" and "_assets/" not in path.read_text("utf-8")


def test_a_failing_notebook_keeps_its_last_good_report_and_the_others_are_published(tmp_path: Path) -> None:
    notebook(tmp_path, "20-scores")
    notebook(tmp_path, "30-links")
    path = edition(tmp_path, n20_scores={}, n30_links={})
    run(path, executor=Here())
    before = _tree(tmp_path / "reports")
    notebook(tmp_path, "20-scores", "x = 1", "\nrows = [1, 2]\nassert len(rows) == 3, 'rows were lost'\n")
    notebook(tmp_path, "30-links", "seed = 30")
    with pytest.raises(RunError) as caught:
        run(path, executor=Here())
    told = str(caught.value)
    assert told.startswith("notebook '20-scores', cell 5: AssertionError: rows were lost\n    rows = [1, 2]\n    assert len(rows) == 3")
    assert "Its last good report stands; see build/tiny/20-scores.failed.ipynb" in told
    after = _tree(tmp_path / "reports")
    assert after["tiny/20-scores.html"] == before["tiny/20-scores.html"] and after["tiny/20-scores.json"] == before["tiny/20-scores.json"]
    assert _finding(tmp_path, "30-links")["headline"][0]["value"] == 40.0
    failed = json.loads((tmp_path / "build/tiny/20-scores.failed.ipynb").read_text("utf-8"))
    assert any(o["output_type"] == "error" for c in failed["cells"] if c["cell_type"] == "code" for o in c["outputs"])
    assert b"papermill" not in (tmp_path / "build/tiny/20-scores.failed.ipynb").read_bytes()
    notebook(tmp_path, "20-scores")
    assert run(path, executor=Here()).skipped == ("20-scores", "30-links"), "the notebook is again as published; nothing need run"
    assert not (tmp_path / "build/tiny/20-scores.failed.ipynb").exists()


def test_a_process_pool_runs_two_notebooks_and_the_command_line_wins(tmp_path: Path) -> None:
    notebook(tmp_path, "20-scores")
    notebook(tmp_path, "30-links")
    seen: list[tuple[int, int, str]] = []
    result = run(edition(tmp_path, n20_scores={"seed": 5}, n30_links={}), overrides={"seed": Given("7")}, jobs=2,
                 progress=lambda *step: seen.append(step))
    assert result.executed == ("20-scores", "30-links")
    assert [_finding(tmp_path, n)["headline"][0]["value"] for n in ("20-scores", "30-links")] == [17.0, 17.0]
    assert [step[:2] for step in seen] == [(0, 2), (1, 2), (2, 2)] and {step[2] for step in seen[1:]} == {"20-scores", "30-links"}
    moved = run(tmp_path / "params/tiny.yml", only=("30-links",), executor=Here())
    assert moved.executed == ("30-links",) and _finding(tmp_path, "30-links")["headline"][0]["value"] == 11.0
    assert _finding(tmp_path)["headline"][0]["value"] == 17.0, "--only leaves the others"
    portal = refresh(Workspace(tmp_path)).read_text("utf-8")
    assert "tiny/20-scores.html" in portal and "tiny/30-links.html" in portal


STATED = """\
from voclib import Estimate, Study, Text, Verdict, findings as told, show
lead = {name: one["headline"][0]["value"] for name, one in told(findings).items()}
t = Text("答", "answer")
total = Estimate(estimand="nps", kind="count", unit="points", value=sum(lead.values()), n=len(lead))
show.headline(Study(question=Text("问题？", "Question?"), answer=t, headline=(total,), caveat=t, decision=t, verdict=Verdict.REPORT,
                    limits=((t, t),) * 3))"""


class TestFindingsStatedAnew:
    def workspace(self, root: Path, **notebooks: dict) -> Path:
        """Two reports and a page that adds up their numbers; it comes first in the edition, and last in the run."""
        notebook(root, "20-scores")
        notebook(root, "30-links")
        notebook(root, "50-sum", headline=STATED, parameters='findings = "reports/elsewhere"  # folder of reports\n')
        return edition(root, **{"n50_sum": {}, "n20_scores": {"seed": 5}, "n30_links": {}} | notebooks)

    def test_they_are_read_after_they_were_told(self, tmp_path: Path) -> None:
        here = Here()
        result = run(self.workspace(tmp_path), executor=here)
        assert here.ran[-1] == "50-sum" and result.executed[-1] == "50-sum"
        finding = _finding(tmp_path, "50-sum")
        assert finding["headline"][0]["value"] == 15.0 + 11.0 and finding["headline"][0]["n"] == 2
        assert set(finding["provenance"]["reads"]) == {"20-scores", "30-links"} and _finding(tmp_path)["provenance"]["reads"] == {}
        assert run(tmp_path / "params/tiny.yml", executor=Here()).executed == ()

    def test_a_finding_that_moved_runs_the_page_again_and_is_named(self, tmp_path: Path) -> None:
        path = self.workspace(tmp_path)
        run(path, executor=Here())
        before = _finding(tmp_path, "50-sum")["provenance"]
        again = run(path, overrides={"seed": 7}, executor=Here())
        assert set(again.executed) == {"20-scores", "30-links", "50-sum"} and _finding(tmp_path, "50-sum")["headline"][0]["value"] == 34.0
        causes = differences(before, _finding(tmp_path, "50-sum")["provenance"]).causes
        assert any("20-scores, 30-links" in cause.detail.en for cause in causes)

    def test_it_is_not_run_on_findings_of_two_runs(self, tmp_path: Path) -> None:
        path = self.workspace(tmp_path)
        run(path, executor=Here())
        before = _tree(tmp_path / "reports")["tiny/50-sum.html"]
        notebook(tmp_path, "20-scores", "1 / 0")
        here = Here()
        with pytest.raises(RunError, match=r"(?s)Not run, since they state what the others found: 50-sum.*take it out of the edition.*ZeroDivisionError"):
            run(path, executor=here)
        assert "50-sum" not in here.ran and _tree(tmp_path / "reports")["tiny/50-sum.html"] == before

    def test_a_folder_outside_the_repository_is_an_error_before_anything_runs(self, tmp_path: Path) -> None:
        here = Here()
        with pytest.raises(ParameterError, match="must be a folder of reports within the repository"):
            run(self.workspace(tmp_path, n50_sum={"findings": "../reports"}), executor=here)
        assert here.ran == []

    def test_bytes_do_not_depend_on_where_reports_are_put(self, tmp_path: Path) -> None:
        path = self.workspace(tmp_path)
        for place in ("reports", "elsewhere"):
            run(path, executor=Here(), force=True, reports=place)
        assert (tmp_path / "elsewhere/tiny/50-sum.html").read_bytes() == (tmp_path / "reports/tiny/50-sum.html").read_bytes()

    def test_alone_it_states_what_was_last_published_and_says_when_nothing_was(self, tmp_path: Path) -> None:
        path = self.workspace(tmp_path)
        with pytest.raises(RunError, match="There are no reports in reports/tiny"):
            run(path, only=("50-sum",), executor=Here())
        run(path, executor=Here())
        assert run(path, only=("50-sum",), force=True, executor=Here()).executed == ("50-sum",)


def test_nothing_runs_where_anything_is_wrong(tmp_path: Path) -> None:
    notebook(tmp_path, "20-scores")
    here, path = Here(), edition(tmp_path, n20_scores={"label = 1; import os": 1}, n30_links={})
    with pytest.raises(ParameterError, match=r"(?s)2 problems.*no notebooks/30-links\.ipynb.*is no parameter name"):
        run(path, executor=here)
    assert here.ran == [] and not (tmp_path / "reports").exists() and not (tmp_path / "build").exists()
