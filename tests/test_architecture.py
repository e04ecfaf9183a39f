"""The house rules that a reader may rely on: who imports whom, how long things are, what is banned."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "voclib").rglob("*.py"))
CODE = [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAY_IMPORT = {
    "errors": set(), "results": {"errors"}, "schema": {"errors"}, "privacy": {"errors"}, "strictyaml": {"errors"}, "progress": set(),
    "yamlmodel": {"strictyaml", "errors"},
    "fingerprints": {"strictyaml", "errors"},  # what code computes, as a hash: asked by the ledger of methods and by the record of long runs
    "numbers": {"results", "errors"}, "sentences": {"numbers", "results", "errors"},  # how findings are put into words: below studies and pages
    "stats": {"results", "schema", "errors", "strictyaml"},
    "text": {"stats.prevalence", "results", "schema", "strictyaml", "yamlmodel", "progress", "errors"},
    "sources": {"privacy", "schema", "yamlmodel", "progress", "errors"}, "simulate": {"schema", "progress", "errors"},
    "studies": {"stats", "text", "sentences", "numbers", "results", "schema", "fingerprints", "progress", "errors"},
    "readers": {"loop", "studies", "stats", "sentences", "results", "schema", "yamlmodel", "errors"},  # pages that gather what studies found
    # a card of the case library shows words outside the house once more, so they pass the gate of verbatims there too
    "loop": {"stats", "text", "sentences", "results", "schema", "privacy", "yamlmodel", "errors"},
    "reporting": {"numbers", "sentences", "results", "errors"},
    "running": {"schema", "reporting.page", "reporting.portal", "fingerprints", "sentences", "numbers", "results", "strictyaml", "progress",
                "errors"},
    "cli": {"running", "simulate", "sources", "studies", "privacy", "schema", "progress", "errors"},
}
STATS_SHARED = {"voclib.stats.inference", "voclib.stats.crossfit", "voclib.stats.gates", "voclib.stats.cells"}
# folders of one layer that point down as well: (folder, what it may not import)
INNER = (("voclib.sources.reading", ("voclib.sources.standardising", "voclib.sources.oddities")),
         ("voclib.sources.standardising", ("voclib.sources.oddities",)),
         ("voclib.simulate.worlds", ("voclib.simulate.tables", "voclib.simulate.exports", "voclib.simulate.company")),
         ("voclib.simulate.tables", ("voclib.simulate.exports",)))
BANNED_CALLS = {"eval", "exec", "yaml.load", "HTML", "display.HTML", "print"}
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}


def _imports(path: Path) -> set[str]:
    """Every module of ours that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)}:{node.lineno}: write imports in full"
            whole = node.module or ""
            is_package = (ROOT / Path(*whole.split("."))).is_dir()
            found |= {f"{whole}.{a.name}" if is_package else whole for a in node.names}
    return {name for name in found if name == "voclib" or name.startswith("voclib.")}


@pytest.mark.parametrize(("folder", "above"), INNER)
def test_folders_of_a_layer_point_down(folder: str, above: tuple[str, ...]) -> None:
    found = {path.name: sorted(name for name in _imports(path) if name.startswith(above)) for path in ROOT.joinpath(*folder.split(".")).glob("*.py")}
    assert found and {name: names for name, names in found.items() if names} == {}


def _layer(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    me = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    layer = _layer(me)
    if layer == "":  # voclib/__init__ hands out lazy names
        return
    for name in _imports(path):
        target = _layer(name)
        if target == layer:
            if layer == "studies":
                continue  # a study may keep its words in a module of its own
            if layer == "stats" and name not in {me, "voclib.stats"}:
                package = ".".join(me.split(".")[:3])  # modules of one package, such as stats.effects, belong together
                shared = any(name == s or name.startswith(s + ".") for s in (*STATS_SHARED, package))
                assert shared, f"{me} imports its sibling {name}; only inference, crossfit, gates and cells are shared"
            continue
        asks = {"loop", "readers"} if me.startswith("voclib.studies.counting") else set()  # which asks every report what it counted
        allowed = MAY_IMPORT[layer] | asks
        inner = name.removeprefix("voclib.")
        assert any(inner == a or inner.startswith(a + ".") for a in allowed), f"{me} may not import {name}; allowed: {sorted(allowed)}"


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_sizes_and_names(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 400, f"{path.name} has {len(text.splitlines())} lines; 400 at most"
    assert path.stem not in BANNED_NAMES and not BANNED_NAMES & set(path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= 40, f"{path.name}:{node.lineno} {node.name} has a body of {lines} lines; 40 at most"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_public_names_are_documented(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree) or not tree.body, f"{path.name} has no docstring"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.name}:{node.lineno} {node.name} has no docstring"


def _adds_one(node: ast.AST) -> bool:
    """Whether an expression is something plus the number one."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and any(
        isinstance(side, ast.Constant) and side.value == 1 for side in (node.left, node.right))


def _banned_calls(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass):
            found.append(f"line {node.lineno}: a silent except")
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {a.name.split(".")[0] for a in node.names} | {(getattr(node, "module", "") or "").split(".")[0]}
            found += [f"line {node.lineno}: {n}" for n in names & {"pickle", "joblib", "dill", "shelve"}]
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in BANNED_CALLS or name.endswith((".log1p", ".arcsinh", ".now", ".today", ".utcnow")):
                found.append(f"line {node.lineno}: {name}(")
            if name.split(".")[-1] == "log" and node.args and _adds_one(node.args[0]):
                found.append(f"line {node.lineno}: log of one plus an amount, which changes with the currency's unit")
            found += [f"line {node.lineno}: escape=False" for k in node.keywords
                      if k.arg == "escape" and isinstance(k.value, ast.Constant) and k.value.value is False]
        if isinstance(node, ast.Attribute) and node.attr == "style":
            found.append(f"line {node.lineno}: .style")
    return found


@pytest.mark.parametrize("path", [p for p in MODULES if p.name != "cli.py" and "__main__" not in p.read_text("utf-8")],
                         ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_dangerous_is_called(path: Path) -> None:
    found = _banned_calls(ast.parse(path.read_text("utf-8")))
    drawing = "simulate" in path.parts  # a simulator may need the variance of a lognormal, log(1 + cv²); no amount is transformed there
    assert [f for f in found if not (drawing and "one plus" in f)] == []


def test_the_ban_can_fail() -> None:
    calls = "np.log1p(y)\nnp.log(1 + y)\nnp.log(y + 1.0)\ndf.to_html(escape=False)\n"
    tree = ast.parse(f"import pickle\n{calls}try:\n    f()\nexcept ValueError:\n    pass\n")
    assert len(_banned_calls(tree)) == 6


def test_simulation_and_estimation_do_not_meet() -> None:
    for path in (ROOT / "voclib" / "simulate").rglob("*.py"):
        assert not any(name.startswith("voclib.stats") for name in _imports(path)), path


def _cells(path: Path) -> list[dict]:
    return json.loads(path.read_text("utf-8"))["cells"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
class TestNotebookHygiene:
    def test_name_and_stripped(self, path: Path) -> None:
        assert re.fullmatch(r"\d\d-[a-z0-9-]+", path.stem)
        node = json.loads(path.read_text("utf-8"))
        assert set(node["metadata"]) <= {"kernelspec", "language_info"}
        for i, cell in enumerate(node["cells"]):
            assert cell["id"] == f"{i}", "cell ids are positions, so that diffs stay small: run nbstripout"
            if cell["cell_type"] == "code":
                assert not cell["outputs"] and cell["execution_count"] is None

    def test_code_argues_and_the_library_computes(self, path: Path) -> None:
        for cell in _cells(path):
            if cell["cell_type"] != "code":
                continue
            source = "".join(cell["source"])
            assert len(source.splitlines()) <= 15, f"{path.stem}: a cell of {len(source.splitlines())} lines; 15 at most\n{source}"
            tree = ast.parse(source)
            defined = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.Lambda)]
            assert not defined, f"{path.stem}: no def, class or lambda"
            assert _banned_calls(tree) == [], source
            assert not re.search(r"\.to_(csv|excel|parquet|json)\(|open\(|write_text", source), f"{path.stem}: a notebook writes no files"

    def test_one_question_two_languages_and_a_parameters_cell(self, path: Path) -> None:
        cells = _cells(path)
        tags = [set(c["metadata"].get("tags", [])) for c in cells]
        assert sum("parameters" in t for t in tags) == 1
        prose = [t for c, t in zip(cells, tags, strict=True) if c["cell_type"] == "markdown"]
        assert all(len(t & {"zh", "en"}) == 1 for t in prose), "every markdown cell is tagged zh or en"
        assert sum("zh" in t for t in prose) == sum("en" in t for t in prose)
        for lang in ("zh", "en"):
            text = ["".join(c["source"]) for c, t in zip(cells, tags, strict=True) if c["cell_type"] == "markdown" and lang in t]
            assert sum(len(re.findall(r"^# ", t, re.MULTILINE)) for t in text) == 1
        zh = "".join("".join(c["source"]) for c, t in zip(cells, tags, strict=True) if "zh" in t)
        assert "显著" not in zh

    def test_it_says_what_does_not_hold(self, path: Path) -> None:
        text = "\n".join("".join(c["source"]) for c in _cells(path))
        for heading in ("## 数据", "## Data", "## 方法", "## Method", "## 结果", "## Result"):
            assert heading in text, f"{path.stem} lacks the section {heading}"
        assert "show.headline(" in text
