"""What an executed notebook may carry: nothing that varies by run, machine or moment, and nothing that a parameter smuggles in."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

import nbformat.v4 as v4
import pytest
from tiny_edition import Here, edition, notebook

from voclib.errors import RunError
from voclib.running import run
from voclib.running.execute import environment
from voclib.running.normalise import normalise


def _normal(*outputs, root: str = "/repo", source: str = "x", **more):
    told = {"papermill": {"duration": 1.5}, "tags": ["a"], "voc": {"cell": 4}}
    cell = v4.new_code_cell(source, outputs=list(outputs), execution_count=9, metadata=told)
    kernel = {"name": "voclib", "display_name": "v"}
    node = v4.new_notebook(cells=[cell], metadata={"papermill": {"start_time": "2026"}, "kernelspec": kernel, "widgets": {}})
    return normalise(node, parameters={"seed": 1}, root=root, **more)


def _shown(**data: object):
    return v4.new_output("display_data", {k.replace("_", "/", 1): v for k, v in data.items()})


def test_timings_kernels_and_counters_go() -> None:
    node = _normal()
    assert node.metadata == {"language_info": {"name": "python"}, "voc": {"parameters": {"seed": 1}}}
    assert (node.cells[0].id, node.cells[0].metadata, node.cells[0].execution_count) == ("c000", {"tags": ["a"]}, 1)


def test_streams_are_merged_in_a_fixed_order_before_everything_else() -> None:
    stream = lambda name, text: v4.new_output("stream", name=name, text=text)  # noqa: E731
    node = _normal(stream("stderr", "w1\n"), _shown(text_plain="shown"), stream("stdout", "a\n"), stream("stderr", "w2\n"), stream("stdout", "b\n"))
    assert [(o.output_type, o.get("name"), o.get("text")) for o in node.cells[0].outputs] == [
        ("stream", "stdout", "a\nb\n"), ("stream", "stderr", "w1\nw2\n"), ("display_data", None, None)]


def test_paths_of_this_machine_and_names_of_cell_files_go() -> None:
    temporary = tempfile.gettempdir()
    text = f"{temporary}/ipykernel_4711/123456.py:1: W\n{sys.prefix}/lib/a.py:2: W\n/repo/voclib/a.py\n{Path.home()}/x {temporary}/y a/repo /reports"
    node = _normal(v4.new_output("stream", name="stderr", text=text), _shown(text_plain="/repo/data"))
    assert node.cells[0].outputs[0].text == "<cell>:1: W\n<environment>/lib/a.py:2: W\n<root>/voclib/a.py\n~/x <temporary>/y a/repo /reports"
    assert node.cells[0].outputs[1].data["text/plain"] == "<root>/data"


@pytest.mark.parametrize("output", [
    _shown(text_plain="<Foo object at 0x7f3a5c0d1e50>"), v4.new_output("stream", name="stdout", text="a\n<Foo object at 0x7f3a5c0d1e50>\n"),
    _shown(text_html="<td>&lt;Foo object at 0x7f3a5c0d1e50&gt;</td>")])
def test_an_address_is_refused(output) -> None:
    with pytest.raises(RunError, match=r"cell 4: the output shows an object's address \('.*at 0x7f3a5c0d1e50'\)"):
        _normal(output)
    assert _normal(output, strict=False).cells[0].outputs


def test_an_address_beside_a_rich_output_is_dropped() -> None:
    node = _normal(_shown(**{"text_plain": "<Foo object at 0x7f3a5c0d1e50>", "application_json": {"a": 1}}))
    assert node.cells[0].outputs[0].data == {"application/json": {"a": 1}}


def test_a_widget_is_refused() -> None:
    with pytest.raises(RunError, match="cell 4: the output is a live widget"):
        _normal(_shown(**{"text_plain": "bar", "application_vnd.jupyter.widget-view+json": {"model_id": "3f"}}))


def test_the_environment_holds_fixed_what_moves_bits(tmp_path: Path) -> None:
    fixed = environment(tmp_path, tmp_path)
    assert {k: fixed[k] for k in ("VOC_BATCH", "PYTHONHASHSEED", "TZ", "LC_ALL", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")} == {
        "VOC_BATCH": "1", "PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1"}
    assert fixed["VOC_PSEUDONYM_KEY"] == "", "no notebook sees the key"


def test_values_are_data_and_no_foreign_kernel_takes_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("python3", "voclib"):
        folder = tmp_path / "jupyter/kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps({"argv": ["/bin/false"], "display_name": name, "language": "python"}), "utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("VOC_PSEUDONYM_KEY", "a-secret-of-sixteen-letters")
    hostile = "'); raise SystemExit #\n\"\"\"\\ </script> {x} $(id) \u2028"
    notebook(tmp_path, "20-scores", "import os\nprint(repr(expr), repr(os.environ['VOC_PSEUDONYM_KEY']))")
    run(edition(tmp_path, n20_scores={"expr": hostile}), executor=Here())
    node = json.loads((tmp_path / "build/tiny/20-scores.ipynb").read_text("utf-8"))
    assert "".join(node["cells"][4]["outputs"][0]["text"]) == f"{hostile!r} ''\n"


@pytest.mark.parametrize(("source", "headline", "told"), [
    ("import os\nos._exit(3)", None, "notebook '20-scores': its kernel died"),
    ("seed = 2", "", "notebook '20-scores' states no headline; end it with voclib.show.headline(study)."),
    ("print(object())", None, "notebook '20-scores', cell 4: the output shows an object's address"),
    ("def f(:\n    pass", None, "notebook '20-scores', cell 4: SyntaxError: invalid syntax")])
def test_every_failure_names_notebook_and_cause(tmp_path: Path, source: str, headline: str | None, told: str) -> None:
    notebook(tmp_path, "20-scores", source, **({} if headline is None else {"headline": headline}))
    with pytest.raises(RunError, match=re.escape(told)) as caught:
        run(edition(tmp_path, n20_scores={}), executor=Here())
    assert "See build/tiny/20-scores.failed.ipynb." in str(caught.value)
    assert [p.name for p in (tmp_path / "build/tiny").glob("*.ipynb")] == ["20-scores.failed.ipynb"] and not list(tmp_path.glob("reports/*/*"))
