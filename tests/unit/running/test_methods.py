"""The ledger of methods: a changed formula without an entry fails, a changed comment, docstring, sentence or line break does not."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from voclib.errors import ParameterError
from voclib.running import methods
from voclib.running.methods import GATES, PACKAGE, Pending, block, fingerprints, pending, read, told

WHY = "why: {zh: 更准, en: more exact}"
MOVED = "moved: [{page: 20-scores, estimand: nps, old: 44, new: 45}]"


def test_every_formula_stands_in_the_ledger() -> None:
    entries = read()
    missing = pending(entries, fingerprints())
    assert not missing, told(missing, entries)


def test_how_attackers_look_words_up_is_a_formula() -> None:
    assert "loop.case_library.verbatims" in fingerprints(), "a module whose last word is 'words' counts as wording, and goes unread"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what computes, with a ledger that carries it; nobody writes to it."""
    package = tmp_path_factory.mktemp("copy") / "voclib"
    for layer in methods.COMPUTING:
        shutil.copytree(PACKAGE / layer, package / layer, ignore=shutil.ignore_patterns("__pycache__"))
    ledger = package / "methods.yml"
    ledger.write_text(block(pending((), fingerprints(package)), (), on="2026-07-01"), "utf-8")
    return package


@pytest.fixture
def package(original: Path, tmp_path: Path) -> Path:
    """A copy of that copy, to change."""
    return Path(shutil.copytree(original, tmp_path / "voclib"))


def _missing(package: Path) -> Pending:
    return pending(read(package / "methods.yml"), fingerprints(package))


def _numbers(source: str) -> list[ast.Constant]:
    """Numbers inside the functions of a module; not those in f-strings, whose places Python 3.11 does not know."""
    functions = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
    inside = {id(n) for f in functions for s in ast.walk(f) if isinstance(s, ast.JoinedStr) for n in ast.walk(s)}
    return [n for f in functions for n in ast.walk(f) if isinstance(n, ast.Constant) and type(n.value) in (int, float) and id(n) not in inside]


def _replaced(source: str, node: ast.expr, text: str) -> str:
    """Source with one node's text exchanged; offsets of a syntax tree count bytes."""
    lines = source.encode().split(b"\n")
    row = lines[node.lineno - 1]
    if node.end_lineno != node.lineno:
        raise AssertionError("only nodes on one line are exchanged here")
    lines[node.lineno - 1] = row[:node.col_offset] + text.encode() + row[node.end_col_offset:]
    return b"\n".join(lines).decode()


@pytest.mark.parametrize("seed", range(4))
def test_a_changed_formula_fails_and_is_named(package: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    modules = [n for n in fingerprints(package) if n.startswith("stats.") and _numbers(_path(package, n).read_text("utf-8"))]
    name = modules[rng.integers(len(modules))]
    source = _path(package, name).read_text("utf-8")
    numbers = _numbers(source)
    node = numbers[rng.integers(len(numbers))]
    _path(package, name).write_text(_replaced(source, node, f"({node.value} + 3)"), "utf-8")
    missing = _missing(package)
    assert set(missing.changed) == {name} and not missing.new and not missing.removed
    message = told(missing, read(package / "methods.yml"))
    assert f"changed: {name}\n" in message and f'{name}: "{missing.changed[name]}"' in message and "- number: 2" in message


def _path(package: Path, name: str) -> Path:
    place = package.joinpath(*name.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _comment(source: str) -> str:
    return "# another word\n" + source.replace("\n\n\n", "\n\n\n# and another\n", 1)


def _docstring(source: str) -> str:
    documented = ast.parse(source)
    for node in ast.walk(documented):
        if isinstance(node, ast.FunctionDef | ast.Module | ast.ClassDef) and ast.get_docstring(node):
            node.body[0] = ast.Expr(ast.Constant("Said otherwise."))
    return ast.unparse(ast.fix_missing_locations(documented))


def _wording(source: str) -> str:
    texts = [n.args[1] for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and ast.unparse(n.func) == "Text" and len(n.args) == 2
             and isinstance(n.args[1], ast.Constant) and n.args[1].lineno == n.args[1].end_lineno]
    return _replaced(source, texts[0], '"said better"')


def _message(source: str) -> str:
    raised = [n.args[0] for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and ast.unparse(n.func) in ("DataError", "ParameterError")
              and n.args and isinstance(n.args[0], ast.JoinedStr | ast.Constant)]
    words = next(v for n in raised for v in ast.walk(n) if isinstance(v, ast.Constant) and isinstance(v.value, str) and " " in v.value)
    assert source.count(words.value) == 1
    return source.replace(words.value, words.value.replace(" ", "  ", 1))


def _annotation(source: str) -> str:
    assert ") -> Estimate:" in source
    return source.replace(") -> Estimate:", ") -> object:")


def _line_breaks(source: str) -> str:
    return ast.unparse(ast.parse(source))


@pytest.mark.parametrize("edit", [_comment, _docstring, _wording, _message, _annotation, _line_breaks], ids=lambda f: f.__name__.strip("_"))
def test_what_computes_nothing_changes_nothing(package: Path, edit: Callable[[str], str]) -> None:
    path = next(p for p in sorted((package / "stats").rglob("*.py")) if _applies(edit, p.read_text("utf-8")))
    before = path.read_text("utf-8")
    path.write_text(edit(before), "utf-8")
    assert path.read_text("utf-8") != before and not _missing(package)


def _applies(edit: Callable[[str], str], source: str) -> bool:
    try:
        return edit(source) != source
    except (IndexError, StopIteration, AssertionError):
        return False


def test_a_changed_threshold_is_a_change_and_its_comment_is_not(package: Path) -> None:
    gates = package / GATES
    gates.write_text("# said first\n" + gates.read_text("utf-8"), "utf-8")
    assert not _missing(package)
    gates.write_text(re.sub(r"(?m)^min_n: \d+", "min_n: 12", gates.read_text("utf-8")), "utf-8")
    assert set(_missing(package).changed) == {GATES}


def test_new_and_removed_modules_need_a_line_each(package: Path) -> None:
    (package / "stats" / "tails.py").rename(package / "stats" / "ends.py")
    missing = _missing(package)
    assert (set(missing.new), missing.removed, missing.changed) == ({"stats.ends"}, ("stats.tails",), {})
    message = told(missing, read(package / "methods.yml"))
    assert "new: stats.ends\n" in message and "removed: [stats.tails]" in message
    _append(package, message[message.index("- number"):])
    assert not _missing(package)


def _append(package: Path, entry: str, *, why: str = WHY, moved: str = MOVED) -> None:
    """Fill in a printed block and put it at the end of the ledger."""
    filled = entry.replace("YYYY-MM-DD", "2026-08-01").replace("why: {zh: …, en: …}", why)
    filled = re.sub(r"moved: \[\{page: ….*", moved, filled)
    ledger = package / "methods.yml"
    ledger.write_text(ledger.read_text("utf-8") + filled, "utf-8")


def test_an_entry_repairs_it_and_a_wrong_fingerprint_does_not(package: Path) -> None:
    source = (package / "stats/metrics.py").read_text("utf-8")
    (package / "stats/metrics.py").write_text(source + "\n\nFACTOR = 2\n", "utf-8")
    printed = block(_missing(package), read(package / "methods.yml"))
    right = _missing(package).changed["stats.metrics"]
    wrong = f"{int(right, 16) ^ 1:016x}"
    _append(package, printed.replace(right, wrong))
    assert _missing(package).changed == {"stats.metrics": right}
    ledger = package / "methods.yml"
    ledger.write_text(ledger.read_text("utf-8").replace(wrong, right), "utf-8")
    assert not _missing(package) and [e.number for e in read(ledger)] == [1, 2]
    (package / "stats/metrics.py").write_text(source, "utf-8")
    assert set(_missing(package).changed) == {"stats.metrics"}, "going back is a change too: only the last entry counts"


def test_the_printed_block_is_refused_until_it_is_filled_in(package: Path) -> None:
    (package / "stats/metrics.py").write_text((package / "stats/metrics.py").read_text("utf-8") + "\n\nFACTOR = 2\n", "utf-8")
    ledger = package / "methods.yml"
    before, printed = ledger.read_text("utf-8"), block(_missing(package), read(ledger))
    dated = printed.replace("YYYY-MM-DD", "2026-08-01")
    for half in (printed, dated, dated.replace("{zh: …, en: …}", "{zh: 准, en: exact}")):
        ledger.write_text(before + half, "utf-8")
        with pytest.raises(ParameterError, match=r"methods\.yml, entry 2"):
            read(ledger)


def test_words_are_no_formula_but_the_choice_of_the_answer_is(tmp_path: Path) -> None:
    studies = tmp_path / "studies"
    studies.mkdir()
    (studies / "a_text.py").write_text('COLUMNS = {"n": "Answers"}\n', "utf-8")
    answer = ('def finding(ladder: Ladder) -> Study:\n    return Study(headline=(ladder["raw"],), answer=Text("甲", "a"))\n\n\n'
              'def _answer(x: Estimate) -> Text:\n    return Text("甲", "a") if x.value > 0 else Text("乙", "b")\n')
    (studies / "a_answer.py").write_text(answer, "utf-8")
    first = fingerprints(tmp_path)
    assert set(first) == {"studies.a_answer"}
    (studies / "a_answer.py").write_text(answer.replace("x.value > 0", "x.value > 1").replace('"a")', '"better")'), "utf-8")
    assert fingerprints(tmp_path) == first
    (studies / "a_answer.py").write_text(answer.replace('ladder["raw"]', 'ladder["corrected"]'), "utf-8")
    assert fingerprints(tmp_path) != first


BASE = '- number: 1\n  on: "2026-07-01"\n  kind: baseline\n  why: {zh: 起, en: first}\n  fingerprints:\n    stats.a: "0123456789abcdef"\n'
NEXT = '- number: 2\n  on: "2026-08-01"\n  kind: method\n  why: {zh: 准, en: exact}\n  moved: [{page: p, old: 1, new: 2}]\n' \
       '  fingerprints:\n    stats.a: "0123456789abcdee"\n'


@pytest.mark.parametrize(("text", "match"), [
    (BASE + NEXT.replace("number: 2", "number: 3"), "entry 2: its number is 3, yet it stands at place 2"),
    (BASE.replace("baseline", "method"), "entry 1: .*moved"),
    (BASE + NEXT.replace("method", "baseline").replace("  moved: [{page: p, old: 1, new: 2}]\n", ""), "entry 2: the first entry, and no other"),
    (BASE + NEXT.replace("2026-08-01", "2026-06-01"), "entry 2: it is dated 2026-06-01, before"),
    (BASE + NEXT.replace("2026-08-01", "2026-02-30"), "entry 2: .*day"),
    (BASE + NEXT.replace("  moved: [{page: p, old: 1, new: 2}]\n", ""), "entry 2: .*under unmoved why none did"),
    (BASE + NEXT.replace("kind: method", "kind: same-numbers"), "entry 2: .*same-numbers moves no number"),
    (BASE + NEXT.replace("page: p, ", ""), "entry 2: moved.*named by page or estimand"),
    (BASE + NEXT.replace("0123456789abcdee", "0123"), "entry 2: fingerprints.stats.a"),
    (BASE + NEXT + "  removed: [stats.b]\n", "entry 2: it removes stats.b, which no entry before it names"),
    (BASE + NEXT.replace("{zh: 准, en: exact}", "{zh: 准, en: ' '}"), "entry 2: .*both languages"),
    (BASE + NEXT.replace("kind: method", "kind: methd"), "entry 2: kind"),
    (BASE + NEXT.replace("moved:", "move:"), "entry 2: "),
    ("number: 1\n", "is not a list of entries")])
def test_a_broken_ledger_names_the_entry(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "methods.yml").write_text(text, "utf-8")
    with pytest.raises(ParameterError, match=rf"methods\.yml.*{match}"):
        read(tmp_path / "methods.yml")


def test_a_sound_ledger_reads_and_a_reason_may_stand_for_moved_numbers(tmp_path: Path) -> None:
    ledger = tmp_path / "methods.yml"
    ledger.write_text(BASE + NEXT, "utf-8")
    first, second = read(ledger)
    assert (first.kind, second.moved[0].told, methods.standing((first, second))) == ("baseline", "p 1 → 2", {"stats.a": ("0123456789abcdee", 2)})
    ledger.write_text(BASE + NEXT.replace("moved: [{page: p, old: 1, new: 2}]", "unmoved: {zh: 没人用, en: no page used it}"), "utf-8")
    assert read(ledger)[1].unmoved.en == "no page used it"


def test_the_command_begins_a_ledger_once_and_then_prints_what_is_missing(package: Path, monkeypatch: pytest.MonkeyPatch,
                                                                         capsys: pytest.CaptureFixture[str]) -> None:
    ledger = package / "methods.yml"
    ledger.unlink()
    monkeypatch.setattr(methods, "PACKAGE", package)
    monkeypatch.setattr(methods, "LEDGER", ledger)
    assert methods.main([]) == 1 and "--baseline --on DATE" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        methods.main(["--baseline"])
    assert not ledger.exists() and "--baseline needs a date" in capsys.readouterr().err
    assert methods.main(["--baseline", "--on", "2026-07-01"]) == 0 and methods.main([]) == 0
    written = ledger.read_bytes()
    with pytest.raises(SystemExit):
        methods.main(["--baseline", "--on", "2026-07-02"])
    assert ledger.read_bytes() == written and "there is a ledger already" in capsys.readouterr().err
    (package / "stats/metrics.py").write_text("FACTOR = 2\n", "utf-8")
    assert methods.main([]) == 1 and "changed: stats.metrics" in capsys.readouterr().out


def _notebook(path: Path, source: str, *, seed: str = "seed = 1", prose: str = "# Question") -> Path:
    cells = [{"cell_type": "markdown", "metadata": {"tags": ["en"]}, "source": prose},
             {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": seed}, {"cell_type": "code", "metadata": {}, "source": source}]
    path.write_text(json.dumps({"cells": cells}), "utf-8")
    return path


def test_a_notebook_depends_on_what_it_imports_and_on_nothing_else(tmp_path: Path) -> None:
    current = fingerprints()
    path = _notebook(tmp_path / "a.ipynb", "import voclib\nx = voclib.metrics.nps(frame)")
    first = methods.definition(path, (), current)
    assert {"stats.metrics", "stats.gates", GATES} <= first.modules and not any(n.startswith("studies.") for n in first.modules)
    for name, moves in (("stats.metrics", True), (GATES, True), ("stats.survival.curves", False), ("studies.scores", False)):
        other = methods.definition(path, (), current | {name: "0" * 16})
        assert (other.formulas != first.formulas) is moves and other.program == first.program, name
    _notebook(path, "import voclib\n# a comment\nx = voclib.metrics.nps(frame)", seed="seed = 2", prose="# Asked otherwise")
    assert methods.definition(path, (), current) == first
    _notebook(path, "import voclib\nx = voclib.metrics.nps(frame[:9])")
    other = methods.definition(path, (), current)
    assert other.program != first.program and other.formulas == first.formulas


def test_a_notebook_carries_the_last_entry_about_a_module_it_uses(tmp_path: Path) -> None:
    path = _notebook(tmp_path / "a.ipynb", "from voclib import metrics")
    ledger = tmp_path / "methods.yml"
    ledger.write_text(BASE.replace("stats.a", "stats.metrics") + NEXT.replace("stats.a", "stats.tails")
                      + NEXT.replace("number: 2", "number: 3").replace("stats.a", "stats.metrics"), "utf-8")
    entries, current = read(ledger), fingerprints()
    assert [methods.definition(path, entries[:n], current).entry for n in range(4)] == [None, 1, 1, 3]
    assert [e.number for e in methods.between(entries, 1, 3)] == [2, 3]
    assert [e.number for e in methods.between(entries, 3, 1, modules={"stats.metrics"})] == [3]
    assert methods.between(entries, 3, 3) == () and [e.number for e in methods.between(entries, None, 1)] == [1]
