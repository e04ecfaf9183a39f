"""`voc new study`: what is written, that what was typed lands as data, that nothing is replaced, and that it is all or nothing."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from voclib.errors import ParameterError
from voclib.running.edition import cell, load
from voclib.running.parameters import declared
from voclib.running.scaffold import LONGEST_NAME, next_steps
from voclib.running.scaffold import new_study as new
from voclib.running.workspace import Workspace

HEAD = "edition: sample\ntitle: {zh: 小, en: Tiny}\ncompany: {zh: 甲, en: A}\n"
LISTED = f"{HEAD}# 顺序 / order\nnotebooks:\n  20-scores: {{}}\n\n  # money\n  31-money:  # by hand\n    materiality: 5.0\n  90-truth: {{}}  # last\n"
FILES = ["voclib/studies/old_friends.py", "voclib/studies/old_friends_text.py", "tests/unit/studies/test_studies_old_friends.py"]
WORDS = {"question_zh": "老客户会推荐吗？", "question_en": "Do old customers recommend us?"}
HOSTILE = ['quotes " and \' and """ end', "back\\slash \\n \\", "{braces} {0} %s $x$ @module@ @question_en@", "two\nlines\r\n# second heading",
           "<script>alert(1)</script> [a](javascript:b) `c` *d* _e_", "'); import os; os.remove('x'); ('", "很" * 200, "\\" * 200, "🙂 emoji"]


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """A clone with two notebooks and the sample edition."""
    for name in ("notebooks", "params", "voclib/studies", "tests/unit/studies"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("20-scores", "31-money", "32-more"):
        (tmp_path / f"notebooks/{name}.ipynb").write_text("{}", "utf-8")
    (tmp_path / "params/sample.yml").write_text(LISTED, "utf-8")
    return Workspace(tmp_path)


def everything(space: Workspace) -> dict[str, bytes]:
    """Every file of the clone."""
    return {space.shown(p): p.read_bytes() for p in sorted(space.root.rglob("*")) if p.is_file()}


def refused(space: Workspace, *arguments: str, **more: str) -> str:
    """The message of a refusal, after which every file is as it was."""
    before = everything(space)
    with pytest.raises(ParameterError) as caught:
        new(space, *arguments, **{**WORDS, **more})
    assert everything(space) == before
    return str(caught.value)


def headings(path: Path) -> dict[str, str]:
    """The first two cells' sources, by language."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return {c["metadata"]["tags"][0]: "".join(c["source"]) for c in cells[:2]}


def question(path: Path) -> list[str]:
    """The literals of QUESTION in a module of words, read without running it."""
    tree = ast.parse(path.read_text("utf-8"))
    node = next(n for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "QUESTION")
    return [ast.literal_eval(argument) for argument in node.value.args]


class TestWhatIsWritten:
    def test_the_files_and_the_edition_last(self, space: Workspace) -> None:
        before = set(everything(space))
        paths = new(space, "33-old-friends", **WORDS)
        assert [space.shown(p) for p in paths] == ["notebooks/33-old-friends.ipynb", *FILES, "params/sample.yml"]
        assert set(everything(space)) - before == {space.shown(p) for p in paths[:-1]}, "no draft is left behind"
        assert question(paths[2]) == list(WORDS.values())

    def test_the_notebook_is_as_nbstripout_leaves_one(self, space: Workspace) -> None:
        path = new(space, "33-old-friends", **WORDS)[0]
        node = json.loads(path.read_text("utf-8"))
        assert path.read_text("utf-8") == json.dumps(node, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        assert [c["id"] for c in node["cells"]] == [str(i) for i in range(len(node["cells"]))]
        assert all(c["outputs"] == [] and c["execution_count"] is None for c in node["cells"] if c["cell_type"] == "code")
        assert all(help.help for help in declared(cell(path), notebook="x").values()) and "data" in declared(cell(path), notebook="x")

    @pytest.mark.parametrize("name", ["33-a", "33-wait-times", "33-" + "x" * LONGEST_NAME])
    def test_short_and_long_names_pass_the_lint(self, space: Workspace, root: Path, name: str) -> None:
        paths = new(space, name, question_zh=HOSTILE[6], question_en=HOSTILE[7])
        rules = ["--config", str(root / "pyproject.toml"), "--config", 'lint.isort.known-first-party=["voclib"]']
        lint = [sys.executable, "-m", "ruff", "check", "--no-cache", *rules, *map(str, paths[1:4])]
        done = subprocess.run(lint, cwd=space.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def test_what_comes_next_names_the_run(self) -> None:
        told = next_steps("33-old-friends", edition="mine")
        assert all("voc run params/mine.yml --only 33-old-friends" in text and "old_friends_text.py" in text for text in (told.zh, told.en))


class TestQuestions:
    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    def test_whatever_is_typed_lands_as_data(self, space: Workspace, text: str) -> None:
        paths, said = new(space, "33-old-friends", question_zh=text, question_en=text), " ".join(text.split())
        assert question(paths[2]) == [said, said]
        for path in paths[1:4]:
            assert not [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Name) and n.id in ("os", "alert")]
        for heading in headings(paths[0]).values():
            assert heading.startswith("# ") and "\n" not in heading
            assert "".join(c for i, c in enumerate(heading[2:]) if not self.escapes(heading[2:], i)) == said

    @staticmethod
    def escapes(text: str, place: int) -> bool:
        """Whether the character at a place is a backslash that escapes the next one."""
        run = len(text[:place + 1]) - len(text[:place + 1].rstrip("\\"))
        return text[place] == "\\" and run % 2 == 1

    def test_a_page_shows_the_question_and_runs_none_of_it(self, space: Workspace) -> None:
        from voclib.reporting.sanitise import markdown

        new(space, "33-old-friends", question_zh=HOSTILE[4], question_en=HOSTILE[4])
        html = markdown(headings(space.notebooks / "33-old-friends.ipynb")["en"])
        assert "<script" not in html and "<a " not in html and "<em>" not in html and "<code>" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt; [a](javascript:b) `c` *d* _e_" in html

    @pytest.mark.parametrize(("text", "told"), [
        (" \n ", "question_zh has 0 characters"), ("很" * 201, "has 201 characters"), ("a\u202eb", "U+202E"), ("a\x00b", "U+0000"),
        ("a\udc80b", "U+DC80"), ("差异显著吗？", "says '显著'")])
    def test_what_is_no_question_is_refused(self, space: Workspace, text: str, told: str) -> None:
        assert told in refused(space, "33-old-friends", question_zh=text)

    def test_the_english_one_is_looked_at_too(self, space: Workspace) -> None:
        assert "question_en says 'Signific'" in refused(space, "33-old-friends", question_en="Significant?")


class TestNames:
    @pytest.mark.parametrize(("name", "told"), [
        ("referrals", "is not the name of a notebook"), ("33-Referrals", "is not the name"), ("33-a--b", "is not the name"),
        ("33-a_b", "is not the name"),
        ("../33-a", "is not the name"), ("33-a\n", "is not the name"), ("333-a", "is not the name"), ("33-推荐", "is not the name"),
        ("63-referrals", "did you mean 53-referrals?"), ("83-referrals", "there is no stage 8 (0 data; 1 text; 2 scores"),
        ("83-referrals", "93-referrals?"), ("33-import", "'import' cannot be"), ("33-utils", "'utils' cannot"), ("33-answers", "a name in use"),
        ("33-old-text", "ends in _text"), ("33-" + "x" * (LONGEST_NAME + 1), "more than 30"),
        ("31-referrals", "the number 31 is taken by 31-money; free for links and money: 30, 33, 34, 35, 36, 37, 38, 39.")])
    def test_what_is_no_name_is_refused(self, space: Workspace, name: str, told: str) -> None:
        assert told in refused(space, name)

    def test_a_study_of_many_modules_keeps_its_name(self, space: Workspace) -> None:
        (space.root / "voclib/studies/old_friends").mkdir()
        assert refused(space, "33-old-friends").startswith("voclib/studies/old_friends is there already")

    @pytest.mark.parametrize("taken", FILES)
    def test_a_file_that_is_there_is_named_and_kept(self, space: Workspace, taken: str) -> None:
        (space.root / taken).write_text("mine", "utf-8")
        assert refused(space, "33-old-friends").startswith(f"{taken} is there already")

    def test_a_second_time_is_refused(self, space: Workspace) -> None:
        new(space, "33-old-friends", **WORDS)
        assert "the number 33 is taken by 33-old-friends" in refused(space, "33-old-friends")

    def test_outside_a_clone(self, space: Workspace) -> None:
        (space.root / "voclib/studies").rmdir()
        assert "into a clone of the repository" in refused(space, "33-old-friends")


class TestEdition:
    @pytest.mark.parametrize(("text", "name", "before"), [
        (LISTED, "33-new", "  90-truth: {}  # last\n"), (LISTED, "25-new", "\n  # money\n"), (LISTED, "00-new", "  20-scores: {}\n"),
        (LISTED, "95-new", ""), (LISTED.removesuffix("\n"), "95-new", ""), (LISTED + "\n# the end\n", "95-new", "\n# the end\n"),
        (LISTED + "shared: {}\n", "95-new", "shared: {}\n"), (LISTED + "  # still in the list\nshared: {}\n", "95-new", "shared: {}\n"),
        (LISTED.replace("\n", "\r\n"), "33-new", "  90-truth: {}  # last\r\n"), ("\ufeff" + LISTED, "33-new", "  90-truth: {}  # last\n"),
        (LISTED.replace("5.0\n", "5.0\n    # years: 3\n"), "33-new", "  90-truth: {}  # last\n"),
        (HEAD + "notebooks:\n        20-scores:\n          {a: 1,\n           b: 2}\n", "33-new", "")])
    def test_one_line_more_and_every_other_byte_kept(self, space: Workspace, text: str, name: str, before: str) -> None:
        path = space.root / "params/sample.yml"
        path.write_bytes(text.encode())
        new(space, name, **WORDS)
        made, end = path.read_bytes().decode(), "\r\n" if "\r\n" in text else "\n"
        line = next(one for one in made.splitlines() if name in one)
        joined = line + end if line + end in made else end + line
        assert line.strip() == f"{name}: {{}}" and made.replace(joined, "", 1) == text and made.partition(joined)[2].startswith(before)
        assert (not before) == made.endswith(joined)
        edition = load(path)
        assert edition.notebooks[name] == {} and list(edition.notebooks) == sorted(edition.notebooks)

    def test_the_real_editions_take_a_line(self, space: Workspace, root: Path) -> None:
        for edition, number in {"sample": 34, "public": 35, "ci": 36}.items():
            text = (root / f"params/{edition}.yml").read_text("utf-8")
            (space.root / f"params/{edition}.yml").write_text(text, "utf-8")
            new(space, f"{number}-{edition}-study", edition=edition, **WORDS)
            made = load(space.root / f"params/{edition}.yml")
            assert len(made.notebooks) == len(load(root / f"params/{edition}.yml").notebooks) + 1 and list(made.notebooks) == sorted(made.notebooks)

    @pytest.mark.parametrize(("text", "told"), [
        (HEAD + "notebooks: {20-scores: {}}\n", "lists its notebooks on one line"), (HEAD, "the key 'notebooks' is missing"),
        ("a: [\n", "sample.yml line"), (LISTED.replace("90-truth", "33-new"), "has the notebook '33-new' already")])
    def test_an_edition_that_takes_no_line_is_left_alone(self, space: Workspace, text: str, told: str) -> None:
        (space.root / "params/sample.yml").write_text(text, "utf-8")
        assert told in refused(space, "33-new")

    @pytest.mark.parametrize(("edition", "told"), [("sampel", "did you mean"), ("../x", "is not the name of an edition")])
    def test_an_unknown_edition(self, space: Workspace, edition: str, told: str) -> None:
        assert told in refused(space, "33-new", edition=edition)


class TestAllOrNothing:
    def test_what_was_moved_is_taken_back(self, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise PermissionError(13, "Permission denied", "params/sample.yml")

        monkeypatch.setattr(os, "replace", fail)
        assert "params/sample.yml cannot be written (Permission denied); nothing was changed" in refused(space, "33-new")

    def test_a_file_written_meanwhile_is_kept(self, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        link, mine = os.link, space.root / "voclib/studies/new_text.py"

        def meanwhile(draft: Path, place: Path) -> None:
            if place == mine:
                mine.write_text("mine", "utf-8")
            link(draft, place)

        monkeypatch.setattr(os, "link", meanwhile)
        before = everything(space)
        with pytest.raises(ParameterError, match="new_text.py cannot be written"):
            new(space, "33-new", **WORDS)
        assert everything(space) == before | {"voclib/studies/new_text.py": b"mine"}
