"""Editions: what is refused before any kernel starts, in which words, and what each notebook receives."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from voclib import strictyaml
from voclib.errors import ParameterError
from voclib.running.edition import load, plan, tables_read
from voclib.running.parameters import Given, declared, fit
from voclib.running.workspace import Workspace, find

HEAD = "edition: tiny\ntitle: {zh: 小, en: Tiny}\ncompany: {zh: 甲, en: A}\n"
CELL = """\
expr = "x=y"  # a formula
seed: int = 1  # random seed
level = 0.95
label = "a"
is_short = False
names = ["a"]
when: str | None = None
"""


def _notebook(*cells: tuple[str, str]) -> str:
    made = [{"cell_type": "code", "id": f"c{i}", "metadata": {"tags": [tag] if tag else []}, "source": source, "outputs": [], "execution_count": None}
            for i, (source, tag) in enumerate(cells)]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    for name in ("notebooks", "params", "data/standard/sample"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "notebooks/20-scores.ipynb").write_text(_notebook((CELL, "parameters")), "utf-8")
    (tmp_path / "notebooks/01-ingest.ipynb").write_text(_notebook(("seed = 3", "parameters")), "utf-8")
    return Workspace(tmp_path)


def _load(space: Workspace, text: str, name: str = "tiny"):
    path = space.root / "params" / f"{name}.yml"
    path.write_text(text, "utf-8")
    return load(path)


def _refused(space: Workspace, text: str, **more) -> str:
    with pytest.raises(ParameterError) as caught:
        plan(_load(space, HEAD + text), space=space, **more)
    return str(caught.value)


@pytest.mark.parametrize(("text", "value"), [
    ("no", "no"), ("yes", "yes"), ("on", "on"), ("Off", "Off"), ("y", "y"), ("true", True), ("False", False), ("1e-3", 0.001), ("1E3", 1000.0),
    ("2026-07-01", "2026-07-01"), ("12:30:45", "12:30:45"), ("1_000", "1_000"), ("010", "010"),
    ("0x1F", "0x1F"), (".5", 0.5), ("-3", -3), ("~", None),
    ("null", None), ("=", "="), ("1.", 1.0)])
def test_scalars_say_what_they_seem_to_say(text: str, value: object) -> None:
    found = strictyaml.parse(f"key: {text}", file="x.yml")["key"]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(("text", "told"), [
    ("a: 1\nb: 2\na: 3\n", "x.yml line 3: the key 'a' stands here again (first on line 1); keep one."),
    ("a:\n  b: 1\n  b: 2\n", "x.yml line 3: the key 'b' stands here again"),
    ("a: {b: 1, b: 2}\n", "the key 'b' stands here again"),
    ("1: x\n", "the key 1 is no text"),
    ("a: &n [1]\nb: *n\n", "x.yml line 2: aliases (*name) are not used here"),
    ("a: !!python/object/apply:os.system [id]\n", "could not determine a constructor"),
    ("a: [1\nb: 2\n", "x.yml line 2"),
    ("a: 1\n---\nb: 2\n", "x.yml line 2"),
    ("a: \x00\n", "x.yml")])
def test_yaml_that_is_refused(text: str, told: str) -> None:
    with pytest.raises(ParameterError) as caught:
        strictyaml.parse(text, file="x.yml")
    assert told in str(caught.value)


def test_an_edition_reads_as_written(space: Workspace) -> None:
    edition = _load(space, HEAD + "notice: {zh: 样, en: Sample}\ninputs: []\nshared: {seed: 4}\nnotebooks:\n  20-scores: {label: b}\n  01-ingest:\n")
    assert (edition.edition, edition.title.zh, edition.notice.en) == ("tiny", "小", "Sample")
    assert list(edition.notebooks.items()) == [("20-scores", {"label": "b"}), ("01-ingest", {})]


@pytest.mark.parametrize(("text", "told"), [
    (HEAD + "notebook: {}\nnotebooks: {20-scores: {}}\n", "unknown key 'notebook'; did you mean 'notebooks'?"),
    (HEAD, "the key 'notebooks' is missing"),
    (HEAD + "notebooks: {}\n", "at least 1"),
    (HEAD + "notebooks: {../x: {}}\n", "notebooks.../x"),
    (HEAD + "notebooks: [20-scores]\n", "valid dictionary"),
    (HEAD.replace("en: Tiny", "en: 5") + "notebooks: {20-scores: {}}\n", "title.en"),
    (HEAD.replace("edition: tiny", "edition: ../x") + "notebooks: {20-scores: {}}\n", "edition:"),
    (HEAD.replace("edition: tiny", "edition: other") + "notebooks: {20-scores: {}}\n", "tiny.yml calls itself edition 'other'"),
    ("", "tiny.yml holds no keys")])
def test_an_edition_that_is_refused(space: Workspace, text: str, told: str) -> None:
    with pytest.raises(ParameterError) as caught:
        _load(space, text)
    assert told in str(caught.value)


def test_an_edition_that_is_not_there_names_the_nearest(space: Workspace) -> None:
    _load(space, HEAD + "notebooks: {20-scores: {}}\n")
    with pytest.raises(ParameterError, match=r"There is no edition .*tinny\.yml; did you mean '.*tiny\.yml'\?"):
        load(space.root / "params/tinny.yml")


def test_precedence_is_cell_then_shared_then_notebook_then_command_line(space: Workspace) -> None:
    edition = _load(space, HEAD + "shared: {seed: 10, level: 0.9, label: s}\nnotebooks:\n  20-scores: {seed: 20, label: n}\n  01-ingest: {}\n")
    scores, ingest = plan(edition, {"label": Given("p")}, space=space)
    assert scores.parameters == {"expr": "x=y", "seed": 20, "level": 0.9, "label": "p", "is_short": False, "names": ["a"], "when": None}
    assert scores.injected == {"seed": 20, "level": 0.9, "label": "p"}
    assert ingest.parameters == {"seed": 10}, "a shared value goes only where the name is declared"


@pytest.mark.parametrize(("text", "told"), [
    ("notebooks: {20-scores: {lable: b}}\n",
     "notebook '20-scores': unknown parameter 'lable'; it takes expr, seed, level, label, is_short, names, when; did you mean 'label'?"),
    ("notebooks: {20-scoers: {}}\n", "notebook '20-scoers': there is no notebooks/20-scoers.ipynb; did you mean '20-scores'?"),
    ("notebooks: {20-scores: {seed: seven}}\n", "notebook '20-scores': seed is 'seven' (str), wanted int"),
    ("notebooks: {20-scores: {seed: true}}\n", "seed is True (bool), wanted int"),
    ("notebooks: {20-scores: {seed: 1.0}}\n", "seed is 1.0 (float), wanted int"),
    ("notebooks: {20-scores: {seed: null}}\n", "seed is None (null), wanted int"),
    ("notebooks: {20-scores: {is_short: no}}\n", "is_short is 'no' (str), wanted bool; write true or false"),
    ("notebooks: {20-scores: {is_short: 0}}\n", "is_short is 0 (int), wanted bool"),
    ("notebooks: {20-scores: {label: 12}}\n", "label is 12 (int), wanted str; quote it"),
    ("notebooks: {20-scores: {names: a}}\n", "names is 'a' (str), wanted list"),
    ("notebooks: {20-scores: {level: .nan}}\n", "level nan is not a simple value"),
    ("notebooks: {20-scores: {names: [.inf]}}\n", "names [inf] is not a simple value"),
    ("notebooks: {20-scores: {when: 3}}\n", "when is 3 (int), wanted str or null; quote it"),
    ("shared: {sede: 1}\nnotebooks: {20-scores: {}}\n", "shared: no notebook declares the parameter 'sede'; did you mean 'seed'?"),
    ("shared: {seed: x}\nnotebooks: {20-scores: {}}\n", "notebook '20-scores': shared seed is 'x' (str), wanted int"),
    ("inputs: [params/rules/no.yml]\nnotebooks: {20-scores: {}}\n", "inputs: there is no params/rules/no.yml"),
    ("inputs: [../secret.yml]\nnotebooks: {20-scores: {}}\n", "inputs: '../secret.yml' must be a path within the repository")])
def test_a_plan_that_is_refused(space: Workspace, text: str, told: str) -> None:
    assert told in _refused(space, text)


@pytest.mark.parametrize("key", ["label = 1; import os", "seed\nimport os", "a b", "class", "__import__('os').system('id')#", "名 字", ""])
def test_a_hostile_key_is_refused_wherever_it_stands(space: Workspace, key: str) -> None:
    quoted = json.dumps(key)
    for text in (f"notebooks: {{20-scores: {{{quoted}: 1}}}}\n", f"shared: {{{quoted}: 1}}\nnotebooks: {{20-scores: {{}}}}\n"):
        assert "is no parameter name (letters, digits, _)" in _refused(space, text)
    assert "is no parameter name" in _refused(space, "notebooks: {20-scores: {}}\n", overrides={key: Given("1")})


def test_all_problems_are_told_at_once(space: Workspace) -> None:
    told = _refused(space, "shared: {sede: 1}\nnotebooks:\n  20-scores: {seed: x, lable: b}\n  01-ingset: {}\n")
    assert told.startswith("tiny.yml: 4 problems\n- ") and told.count("\n- ") == 4


@pytest.mark.parametrize(("name", "text", "value"), [
    ("label", "1", "1"), ("label", "null", "null"), ("label", "a=b", "a=b"), ("seed", "7", 7), ("level", "1", 1.0), ("level", "1e-3", 0.001),
    ("is_short", "true", True), ("names", "[a, b]", ["a", "b"]), ("when", "null", None), ("when", "2026-07-01", "2026-07-01")])
def test_a_value_from_the_command_line_takes_the_declared_type(space: Workspace, name: str, text: str, value: object) -> None:
    job, = plan(_load(space, HEAD + "notebooks: {20-scores: {}}\n"), {name: Given(text)}, space=space)
    assert job.parameters[name] == value and type(job.parameters[name]) is type(value)


def test_the_command_line_is_checked_too(space: Workspace) -> None:
    assert "-p: no notebook declares the parameter 'sede'; did you mean 'seed'?" in \
        _refused(space, "notebooks: {20-scores: {}}\n", overrides={"sede": Given("1")})
    assert "-p seed is 'seven' (str), wanted int" in _refused(space, "notebooks: {20-scores: {}}\n", overrides={"seed": Given("seven")})
    assert "--only 20-score: edition 'tiny' has no such notebook; did you mean '20-scores'?" in \
        _refused(space, "notebooks: {20-scores: {}}\n", only=("20-score",))


def test_only_picks_notebooks_in_run_order(space: Workspace) -> None:
    edition = _load(space, HEAD + "notebooks: {20-scores: {}, 01-ingest: {}}\n")
    assert [j.notebook for j in plan(edition, space=space)] == ["20-scores", "01-ingest"]
    assert [j.notebook for j in plan(edition, space=space, only=("01-ingest",))] == ["01-ingest"]


def test_parameters_are_read_without_running_them() -> None:
    found = declared(CELL, notebook="20-scores")
    assert [(p.name, p.default, p.help) for p in found.values()][:2] == [("expr", "x=y", "a formula"), ("seed", 1, "random seed")]
    assert found["when"].optional and found["when"].types == (str,)
    assert fit(found["level"], 1) == 1.0 and type(fit(found["level"], 1)) is float


@pytest.mark.parametrize(("source", "told"), [
    ("import os", "line 1 of the parameters cell is not 'name = value'"),
    ("a = b = 1", "is not 'name = value'"), ("a.b = 1", "is not 'name = value'"),
    ("a = print(1)", "the default of 'a' is computed; write a plain value"), ("a = 1\na = 2", "assigns 'a' twice"),
    ("a = (1, 2)", "is not a number, text"), ("a = 1e999", "is not a number, text"), ("a: int = 'x'", "the default of 'a' is 'x' (str), wanted int"),
    ("a: Path = 'x'", "the annotation of 'a' is none of"),
    ("a =", "is not Python (line 1")])
def test_a_parameters_cell_that_is_refused(source: str, told: str) -> None:
    with pytest.raises(ParameterError) as caught:
        declared(source, notebook="20-scores")
    assert told in str(caught.value) and "20-scores" in str(caught.value)


def test_missing_data_names_the_command_that_builds_them(space: Workspace) -> None:
    path = space.notebooks / "20-scores.ipynb"
    cell = 'data = "data/standard/sample"\ntruth_data = ""'
    path.write_text(_notebook((cell, "parameters"), ("voclib.load(data, 'responses', 'units')", "")), "utf-8")
    text = "notebooks: {20-scores: {}}\n"
    told = _refused(space, text)
    assert "data/standard/sample holds no tables (*.parquet); run 'voc ingest params/rules/sample.yml' (after 'voc simulate')" in told
    (space.root / "data/standard/sample/units.parquet").touch()
    told = _refused(space, text)
    assert "notebook '20-scores' reads the table responses, which data/standard/sample lacks (there: units); run 'voc ingest" in told
    for value, message in (("data/standard/mine", "there is no data/standard/mine; run 'voc ingest params/rules/mine.yml'"),
                           ("data/sample", "there is no data/sample; run 'voc simulate'"), ("/etc", "must be a path within the repository"),
                           ("data/../../x", "without '..'")):
        assert message in _refused(space, f"notebooks: {{20-scores: {{data: {value}}}}}\n")
    assert len(plan(_load(space, HEAD + text), space=space, check_data=False)) == 1
    assert tables_read(path) == ["responses", "units"]


def test_what_a_study_cannot_begin_without_is_looked_for_before_it_runs(space: Workspace) -> None:
    path, folder = space.notebooks / "30-ex-voc.ipynb", space.root / "data/standard/sample"
    path.write_text(_notebook(('data = "data/standard/sample"', "parameters"), ("voclib.load(data)", "")), "utf-8")
    (folder / "responses.parquet").touch()
    told = _refused(space, "notebooks: {30-ex-voc: {}}\n")
    assert "reads the table employee_surveys, which data/standard/sample lacks (there: responses); run 'voc ingest" in told
    (folder / "employee_surveys.parquet").touch()
    assert len(plan(_load(space, HEAD + "notebooks: {30-ex-voc: {}}\n"), space=space)) == 1


def test_a_study_of_other_files_needs_no_table(space: Workspace) -> None:
    path = space.notebooks / "30-ex-voc.ipynb"
    path.write_text(_notebook(('data = "data/standard/sample"\npublic = ""', "parameters"), ("voclib.load(data)", "")), "utf-8")
    (space.root / "data/standard/sample/units.parquet").touch()
    assert "reads the table employee_surveys" in _refused(space, "notebooks: {30-ex-voc: {}}\n")
    assert len(plan(_load(space, HEAD + "notebooks: {30-ex-voc: {public: elsewhere}}\n"), space=space)) == 1


@pytest.mark.parametrize(("notebook", "table"), [
    ("21-survivorship", "customers"), ("30-ex-voc", "employee_surveys"), ("31-nps-revenue", "transactions"), ("32-frontline", "frontline_reports"),
    ("40-inner-loop", "cases"), ("41-outer-loop", "projects"), ("42-launch-gate", "concept_tests"), ("53-case-library", "cases")])
def test_notebooks_say_which_table_they_begin_with(notebook: str, table: str) -> None:
    assert table in tables_read(Path(__file__).resolve().parents[3] / "notebooks" / f"{notebook}.ipynb")


def test_the_workspace_is_found_above_the_edition(space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find(space.root / "params/tiny.yml").root == space.root.resolve()
    monkeypatch.chdir(space.root / "notebooks")
    assert find("../params/tiny.yml").root == space.root.resolve()
    (space.root / "notebooks").rename(space.root / "elsewhere")
    with pytest.raises(ParameterError, match=r"No folder above .* holds notebooks/"):
        find(tmp_path)


def test_the_edition_to_copy_reads_its_own_tables_and_plants_nothing(root: Path) -> None:
    """A company's pages must not be held against the truth of the sample company, nor carry its name."""
    space = find(root)
    example = load(root / "params/example.yml")
    jobs = plan(example, space=space, check_data=False)
    assert len(jobs) == len(example.notebooks) >= 4 and "模拟" not in example.notice.zh
    for job in jobs:
        assert job.data == ("data/standard/example",) and not job.parameters.get("truth_file"), job.notebook
    for path in sorted((root / "notebooks").glob("[1-3]*.ipynb")):
        cells = [line for line in path.read_text("utf-8").splitlines() if "truth_file = " in line]
        assert all('truth_file = \\"\\"' in line for line in cells), f"{path.name} looks for a planted truth unless told otherwise"


def test_a_table_that_a_firm_of_ones_own_lacks_is_no_matter_of_running_the_import_again(space: Workspace) -> None:
    (space.root / "data/standard/mine").mkdir()
    (space.root / "data/standard/mine/units.parquet").write_bytes(b"")
    cell = 'import voclib\ntables = voclib.load(data, "responses")\n'
    (space.root / "notebooks/20-scores.ipynb").write_text(_notebook(('data = "data/standard/mine"\n', "parameters"), (cell, "")), "utf-8")
    told = _refused(space, "notebooks: {20-scores: {}}\n")
    assert "name its columns under  responses:  in params/rules/mine.yml" in told and told.endswith("or leave the notebook out of the edition")


def test_every_report_that_the_example_offers_runs_once_its_mark_is_gone(root: Path, tmp_path: Path) -> None:
    """What the file says to uncomment is a plan: names of reports and parameters are right, and the days and costs to replace stand there."""
    text = (root / "params/example.yml").read_text(encoding="utf-8")
    offered = re.sub(r"(?m)^  # (?=\d\d-|  \{|   )", "  ", text)
    (tmp_path / "example.yml").write_text(offered, encoding="utf-8")
    made = load(tmp_path / "example.yml")
    assert set(made.notebooks) == {p.stem for p in (root / "notebooks").glob("*.ipynb")} - {"00-sample-company", "23-known-truth", "90-planted-truth"}
    jobs = {job.notebook: job for job in plan(made, space=find(root), check_data=False)}
    for name, needed in {"21-survivorship": {"first_day", "last_day", "threshold", "margins"}, "30-ex-voc": {"programme", "first_day"},
                         "31-nps-revenue": {"first_day", "last_day", "threshold", "programme_cost", "materiality"}}.items():
        assert needed <= set(made.notebooks[name] or {}), name
    assert jobs["31-nps-revenue"].parameters["programme_cost"] == 400000
