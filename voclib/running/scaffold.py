"""`voc new study`: a notebook, its study, the study's words and its test, in the pattern of their siblings; and a line in an edition.

What a user types lands as data: as escaped markdown in a heading and as a literal in Python, never as code.
"""

from __future__ import annotations

import json
import keyword
import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from voclib import strictyaml
from voclib.errors import ParameterError, nearest
from voclib.results import Text
from voclib.running.edition import load
from voclib.running.workspace import Workspace

STAGES = {"0": "data", "1": "text", "2": "scores and who is not heard", "3": "links and money", "4": "closing the loop", "5": "readers",
          "9": "validation"}
LONGEST_QUESTION, LONGEST_NAME = 200, 30  # characters; a longer module name does not fit the lines of the pattern
_TEMPLATES = Path(__file__).with_name("templates") / "study"
_NAME = re.compile(r"(\d)(\d)-([a-z][a-z0-9]*(?:-[a-z0-9]+)*)")
_TAKEN = {"voclib", "charts", "show", "data", "by", "cluster", "seed", "tables", "answers", "result", "conf_level",  # names of the notebook
          "pytest", "figures", "pool", "spoken", "texts", "numbers", "metrics", "found", "headline", "direct", "levels", "alike", "naive",
          "clustered", "lang", "text", "study", "verdict",  # and of the test
          "utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}  # no module is called that here
_MARKS = re.compile(r"([\\`*_\[\]<>$#~&])")
_SLOT = re.compile(r"@([a-z_]+)@")
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_BANNED = re.compile(r"显著|signific", re.IGNORECASE)  # no page of the house says so


def new_study(space: Workspace, name: str, *, question_zh: str, question_en: str, edition: str = "sample") -> tuple[Path, ...]:
    """Write the five files of a study called `33-referrals` and enter it in `params/<edition>.yml`; the paths, that of the edition last.

    It runs at once on the sample company and says that it is a draft. All files are written or none, and none is replaced.

    Raises
    ------
    ParameterError
        for a name that is no name or is taken, a question that is empty, too long or holds invisible characters, an edition that is
        unknown or lists its notebooks on one line, and a file that is there already.
    """
    module = _module(space, name)
    questions = {"zh": _question(question_zh, "question_zh"), "en": _question(question_en, "question_en")}
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", edition):
        raise ParameterError(f"'{edition}' is not the name of an edition; "
                             f"{nearest(edition, [p.stem for p in (space.root / 'params').glob('*.yml')])}")
    path = space.root / "params" / f"{edition}.yml"
    entered = _entered(path, name)
    files = _files(space, name, module, questions)
    package = space.root / "voclib" / "studies" / module  # a study of many modules has the name already
    if there := [space.shown(p) for p in (*files, package) if p.exists()]:
        raise ParameterError(f"{', '.join(there)} is there already and is not replaced; take another name, or move it away first.")
    _write_all(files, path, entered)
    return (*files, path)


def next_steps(name: str, *, edition: str = "sample") -> Text:
    """What to do with a new study."""
    module, run = name[3:].replace("-", "_"), f"voc run params/{edition}.yml --only {name}"
    ledger = "python -m voclib.running.methods"
    return Text(f"先跑一遍：{run}\n再改 voclib/studies/{module}.py 与 {module}_text.py；改成自己的以后，把 IS_DRAFT 设为 False。\n"
                f"新的算法要登记：{ledger} 会给出要写进 voclib/methods.yml 的一条。\n发布以后，在 README.md 的表里加一行。",
                f"Run it: {run}\nThen edit voclib/studies/{module}.py and {module}_text.py, and set IS_DRAFT to False once it is your own.\n"
                f"A new formula is entered in voclib/methods.yml: {ledger} prints the entry.\nOnce published it takes a row of README.md's table.")


def _module(space: Workspace, name: str) -> str:
    """The module's name of a checked notebook name."""
    parts = _NAME.fullmatch(name)
    if not parts:
        raise ParameterError(f"'{name}' is not the name of a notebook: two digits, then lower-case words joined by hyphens, such as 33-referrals.")
    stage, module = parts[1], parts[3].replace("-", "_")
    if stage not in STAGES:
        known = "; ".join(f"{digit} {what}" for digit, what in STAGES.items())
        near = min(STAGES, key=lambda digit: (abs(int(digit) - int(stage)), digit))
        raise ParameterError(f"{name}: there is no stage {stage} ({known}); did you mean {near}{name[1:]}?")
    if keyword.iskeyword(module) or module in _TAKEN or len(module) > LONGEST_NAME or module.endswith("_text"):
        raise ParameterError(f"{name}: '{module}' cannot be a module here (a keyword, a name in use, one that ends in _text, or more than "
                             f"{LONGEST_NAME} characters); choose other words.")
    names = sorted(p.stem for p in space.notebooks.glob("*.ipynb"))
    if same := [other for other in names if other[:2] == name[:2]]:
        free = [f"{stage}{digit}" for digit in range(10) if not any(other.startswith(f"{stage}{digit}-") for other in names)]
        raise ParameterError(f"{name}: the number {name[:2]} is taken by {same[0]}; free for {STAGES[stage]}: {', '.join(free) or 'none'}.")
    return module


def _question(text: str, argument: str) -> str:
    """A question on one line, its blanks and line breaks made single blanks."""
    question = " ".join(text.split())
    if not question or len(question) > LONGEST_QUESTION:
        raise ParameterError(f"{argument} has {len(question)} characters; write one question of 1 to {LONGEST_QUESTION}.")
    if odd := [c for c in question if unicodedata.category(c).startswith("C")]:
        raise ParameterError(f"{argument} holds the invisible character U+{ord(odd[0]):04X}; leave it out.")
    if found := _BANNED.search(question):
        raise ParameterError(f"{argument} says '{found[0]}', which no page says: a range that excludes zero is no more than that. Use other words.")
    return question


def _files(space: Workspace, name: str, module: str, questions: Mapping[str, str]) -> dict[Path, bytes]:
    """Path → content of the notebook, the study, its words and its test."""
    root, studies = space.root, space.root / "voclib" / "studies"
    if not studies.is_dir():
        raise ParameterError("There is no voclib/studies here; a study is written into a clone of the repository, so call from one.")
    slots = {"module": module, **{f"heading_{lang}": _MARKS.sub(r"\\\1", text) for lang, text in questions.items()}}
    literals = {f"question_{lang}": _literal(text) for lang, text in questions.items()}
    return {
        space.notebooks / f"{name}.ipynb": _notebook(_template("notebook.txt"), slots).encode(),
        studies / f"{module}.py": _filled(_imports(_template("study.txt"), module), slots).encode(),
        studies / f"{module}_text.py": _filled(_template("words.txt"), slots | literals).encode(),
        root / "tests" / "unit" / "studies" / f"test_studies_{module}.py": _filled(_template("test.txt"), slots).encode()}


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _filled(template: str, slots: Mapping[str, str]) -> str:
    """A template with its `@slots@` filled in one pass, so that what is filled in is never read as a slot."""
    return _SLOT.sub(lambda found: slots[found[1]], template)


def _imports(template: str, module: str) -> str:
    """The template's two imports from voclib.studies in the order that ruff wants, which depends on the module's name."""
    pair = ["from voclib.studies import @module@_text as words\n", "from voclib.studies import scores\n"]
    return template.replace("".join(pair), "".join(reversed(pair))) if f"{module}_text" > "scores" else template


def _notebook(template: str, slots: Mapping[str, str]) -> str:
    """A notebook as nbstripout leaves it; the template is cut into cells before anything is filled in."""
    cells = []
    for number, block in enumerate(template.removeprefix("%% ").split("\n%% ")):
        head, _, body = block.partition("\n")
        kind, *tags = head.split()
        lines = _filled(body.strip("\n"), slots).splitlines(keepends=True)
        code = {"execution_count": None, "outputs": []} if kind == "code" else {}
        cells.append({"cell_type": kind, "id": f"{number}", "metadata": {"tags": tags} if tags else {}, "source": lines, **code})
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    node = {"cells": cells, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(node, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _literal(text: str) -> str:
    """A text as Python literals, one a line where it is long; lines stay short however wide its characters are drawn."""
    pieces = [text[start:start + 50] for start in range(0, len(text), 50)]
    joined = "\n     ".join(repr(piece) for piece in pieces)
    return f"    ({joined})" if len(pieces) > 1 else f"    {joined}"


def _entered(path: Path, name: str) -> bytes:
    """The bytes of an edition with one more notebook, in numeric order; every other byte is as it was."""
    if name in load(path).notebooks:
        raise ParameterError(f"{path.name} has the notebook '{name}' already; take another name, or take the line out first.")
    text = path.read_bytes().decode("utf-8")
    keys, lines = [key for key, _ in _block(text, path).value], _LINES.findall(text)
    column, later = keys[0].start_mark.column, next((key for key in keys if key.value > name), None)
    place, deepest = (later.start_mark.line, column) if later else (_end(keys[-1], lines), column - 1)
    while not lines[place - 1].strip() or lines[place - 1].lstrip().startswith("#") and _indent(lines[place - 1]) <= deepest:
        place -= 1  # blank lines and comments above what follows belong to it
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    line = f"{' ' * column}{name}: {{}}"
    open_end = not lines[place - 1].endswith(("\n", "\r"))
    made = "".join([*lines[:place], end + line if open_end else line + end, *lines[place:]])
    _check(made, text, name, path)
    return made.encode()


def _block(text: str, path: Path) -> yaml.MappingNode:
    """The node of `notebooks:`, which must list one notebook a line."""
    top = yaml.compose(text, Loader=yaml.SafeLoader)
    block = next(value for key, value in top.value if key.value == "notebooks")
    if block.flow_style:
        raise ParameterError(f"{path.name} lists its notebooks on one line; write one a line, indented, such as '  20-scores: {{}}'.")
    return block


def _end(last: yaml.Node, lines: list[str]) -> int:
    """The line after the block whose last key this is."""
    mark = last.start_mark
    outside = (i for i, line in enumerate(lines[mark.line + 1:], start=mark.line + 1)
               if line.strip() and not line.lstrip().startswith("#") and _indent(line) < mark.column)
    return next(outside, len(lines))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _check(made: str, before: str, name: str, path: Path) -> None:
    """The edition says what it said, and one notebook more."""
    values = [strictyaml.parse(text.removeprefix("\ufeff"), file=path.name) for text in (made, before)]
    grown: dict[str, Any] = dict(values[0]["notebooks"])
    if grown.pop(name, None) != {} or {**values[0], "notebooks": grown} != values[1]:
        raise ParameterError(f"{path.name}: no line can be added as it is written; list the notebooks one a line, indented, under notebooks:.")


def _write_all(files: Mapping[Path, bytes], path: Path, entered: bytes) -> None:
    """Drafts beside every place first, then all moved; if one cannot be, what was moved is taken back."""
    drafts = {place: place.with_name(f".{place.name}.{os.getpid()}.part") for place in (*files, path)}
    moved: list[Path] = []
    try:
        for place, content in (*files.items(), (path, entered)):
            place.parent.mkdir(parents=True, exist_ok=True)
            drafts[place].write_bytes(content)
        for place in files:
            os.link(drafts[place], place)  # unlike a rename, never replaces what somebody else wrote meanwhile
            moved.append(place)
        os.replace(drafts[path], path)
    except OSError as error:
        for place in moved:
            place.unlink()
        raise ParameterError(f"{error.filename2 or error.filename} cannot be written ({error.strerror}); nothing was changed.") from error
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
