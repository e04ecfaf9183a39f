"""Fingerprints of code: what is worded or laid out otherwise stays, what is computed otherwise does not; who imports whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from voclib import fingerprints
from voclib.errors import DataError, ParameterError

BEFORE = '''"""Shares."""
from __future__ import annotations
from collections.abc import Sequence

from voclib.results import Text


def share(hits: Sequence[float], *, of: float = 2.0) -> float:
    """Hits of all."""
    total: float = sum(hits)  # all of them
    if not of:
        raise DataError(f"No {of}; give more.")
    return total / of, Text(f"共 {total:.0%}", f"{total:.0%} in all")
'''
SAME = {
    "wording": [("Hits of all.", "The hits."), ("Shares.", "Parts."), ("in all", "altogether"), ("total:.0%", "total:.1%"), ("give more", "ask")],
    "comments": [("  # all of them", "  # every one")],
    "layout": [("    total: float = sum(hits)", "\n    total: float = sum(\n        hits\n    )")],
    "annotations": [("hits: Sequence[float]", "hits: list"), ("total: float =", "total ="), (" -> float", ""),
                    ("from collections.abc import Sequence\n", "from typing import Any\n")],
    "quotes": [('f"共 {total:.0%}"', "f'共 {total:.0%}'"), ('f"{total:.0%} in all"', 'f"{total:.0%}" " in all"')],
}
OTHER = {
    "operator": ("total / of", "total * of"), "constant": ("2.0", "2"), "name": ("sum(hits)", "max(hits)"), "default": (" = 2.0", ""),
    "condition": ("not of", "of"), "what a text shows": ('f"{total:.0%} in', 'f"{of:.0%} in'), "import": ("voclib.results", "voclib.sentences"),
    "function": ("share(", "part("), "statement": ("    if not", "    total += 1\n    if not"),
}


def at(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


class TestFormula:
    @pytest.mark.parametrize("kind", SAME)
    def test_how_it_is_written_does_not_count(self, tmp_path: Path, kind: str) -> None:
        first = fingerprints.formula(at(tmp_path, "a.py", BEFORE))
        for old, new in SAME[kind]:
            assert old in BEFORE
            assert fingerprints.formula(at(tmp_path, "a.py", BEFORE.replace(old, new))) == first, (old, new)

    @pytest.mark.parametrize("kind", OTHER)
    def test_what_it_computes_counts(self, tmp_path: Path, kind: str) -> None:
        old, new = OTHER[kind]
        assert old in BEFORE
        assert fingerprints.formula(at(tmp_path, "b.py", BEFORE.replace(old, new))) != fingerprints.formula(at(tmp_path, "a.py", BEFORE))

    @pytest.mark.parametrize(("one", "other"), [("f(a, b)", "f((a, b))"), ("{None: 1}", "{**1}"), ("x = None", "x = ''"), ("x = 1", "x = True"),
                                                ("f(Text)", "f('Text')"), ("x = 'a'", "x = 'b'"), ("f('a')", "f('b')"), ("[[a], b]", "[[a, b]]"),
                                                ("@a\ndef f(): return 1", "def f(): return 1"), ("x: int = 1", "y: int = 1"),
                                                ("if TYPE_CHECKING: a\nelse: b", "if TYPE_CHECKING: a\nelse: c"),
                                                ("Text(words['a'])", "Text(words['b'])"), ("say('a', x=b)", "say('a', x=c)")])
    def test_no_two_programs_read_the_same(self, one: str, other: str) -> None:
        assert fingerprints.formula_of(ast.parse(one)) != fingerprints.formula_of(ast.parse(other))

    def test_a_field_without_a_value_is_an_annotation(self) -> None:
        assert fingerprints.formula_of(ast.parse("class A:\n    b: int\n    c: int = 1")) == fingerprints.formula_of(ast.parse("class A:\n    c = 1"))

    def test_the_tree_stays_as_it_is(self) -> None:
        tree = ast.parse(BEFORE)
        before = ast.dump(tree)
        fingerprints.formula_of(tree)
        assert ast.dump(tree) == before

    def test_thresholds_by_their_values(self, tmp_path: Path) -> None:
        first, again, other = (fingerprints.formula(at(tmp_path, "g.yml", text)) for text in ("a: 1  # one\nb: 2\n", "b: 2\na: 1\n", "a: 1\nb: 3\n"))
        assert first == again != other

    def test_the_same_under_every_version_of_python(self) -> None:
        """A hash by value: whoever changes the writing of trees makes every record on file stale, and should know it."""
        assert fingerprints.formula_of(ast.parse("def f(a, *, b=1.5):\n    return [x**2 for x in a if x > b] or f'{a!r}:{b:.1f}'")) == KNOWN

    def test_what_is_not_there_or_no_python_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="no file 'a.py'"):
            fingerprints.formula(tmp_path / "a.py")
        with pytest.raises(DataError, match="b.py, line 2, is not Python"):
            fingerprints.formula(at(tmp_path, "b.py", "a = 1\nb = = 2\n"))


KNOWN = "d41eb82d6d591e35a809b7f8ba8b104325674f5e841430d5feff1ea755a1757c"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A package whose parts use each other in every way there is."""
    files = {"voc/__init__.py": "", "voc/low.py": "x = 1", "voc/typed.py": "x = 1", "voc/other.py": "x = 1",
             "voc/tools/__init__.py": "from voc.tools.saw import cut\nfrom voc.tools.drill import bore as hole\nOWN = 1", "voc/tools/drill.py": "",
             "voc/tools/saw.py": "from voc.low import x", "voc/words/__init__.py": "", "voc/words/said.py": "",
             "voc/one.py": "from voc import tools\n\ndef f(a: tools.hole):\n    return tools.cut",
             "voc/whole.py": "from voc import tools\nf = getattr(tools, 'cut')", "voc/renamed.py": "from voc.tools import hole as h",
             "voc/late.py": "if TYPE_CHECKING:\n    from voc import typed\n\ndef f():\n    import voc.other\n    from voc.words import said",
             "voc/round.py": "from voc import about", "voc/about.py": "from voc import round\nimport numpy",
             "voc/own.py": "from voc.tools import OWN"}
    for name, text in files.items():
        at(tmp_path, name, text)
    return tmp_path


class TestClosure:
    @pytest.mark.parametrize(("module", "found"), [
        ("low", ""), ("one", "tools.saw low"), ("whole", "tools tools.saw tools.drill low"), ("renamed", "tools.drill"), ("late", "other words.said"),
        ("round", "about"), ("own", "tools tools.saw tools.drill low")])
    def test_what_a_module_rests_on(self, tree: Path, module: str, found: str) -> None:
        reached = fingerprints.closure([f"voc.{module}"], tree, within=("voc",))
        assert reached == {f"voc.{name}" for name in [module, *found.split()]}

    def test_only_within_the_packages_named(self, tree: Path) -> None:
        assert fingerprints.closure(["voc.one", "voc.tools.saw"], tree, within=("voc.tools",)) == {"voc.tools.saw"}
        assert fingerprints.closure(["voc.late"], tree, within=("voc.late", "voc.word")) == {"voc.late"}, "a package is no prefix of a name"

    def test_an_unknown_module_suggests_the_nearest(self, tree: Path) -> None:
        with pytest.raises(ParameterError, match="no module 'voc.tools.sow'; .*voc.tools.saw"):
            fingerprints.closure(["voc.tools.sow"], tree)

    def test_where_a_name_lives(self, tree: Path) -> None:
        names = {("voc", "low"): "voc.low", ("voc.tools", "hole"): "voc.tools.drill", ("voc.tools", "OWN"): "voc.tools", ("voc.low", "x"): "voc.low"}
        assert {pair: fingerprints.home(*pair, tree) for pair in names} == names


class TestJoint:
    def test_it_follows_each_module_its_name_and_its_values(self, tree: Path) -> None:
        modules = ["voc.tools.saw", "voc.low"]
        made = [fingerprints.joint(modules, tree), fingerprints.joint(reversed(modules), tree)]
        assert made[0] == made[1]
        for name, text in (("voc/low.py", "x = 2"), ("voc/low.yml", "a: 1"), ("voc/low.yml", "a: 2")):
            at(tree, name, text)
            made.append(fingerprints.joint(modules, tree))
        assert len(set(made)) == 4
        at(tree, "voc/low.yml", "a: 2  # two")
        at(tree, "voc/about.py", "x = 3")
        assert fingerprints.joint(modules, tree) == made[-1]

    def test_a_module_that_is_gone_has_none(self, tree: Path) -> None:
        (tree / "voc/low.py").unlink()
        assert fingerprints.joint(["voc.low", "voc.one"], tree) is None
