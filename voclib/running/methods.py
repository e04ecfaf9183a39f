"""The ledger of methods, `voclib/methods.yml`: no formula behind a published number changes without an entry that says why and what moved.

Every module that computes has a fingerprint (`voclib.fingerprints`: its syntax tree without comments, docstrings, annotations, formatting and
wording). The last entry that names a module must carry its present fingerprint; a test holds this. `python -m voclib.running.methods` prints the
entry to paste for whatever has changed since.

What counts: all of `voclib.stats` and `voclib.text`, the thresholds of `stats/gates.yml`, `voclib.studies`, `voclib.loop` and `voclib.readers`. Of
modules that hold words (named `text`, `captions`, `answer`, `words`, `names`, or ending so) only functions that return a finding, a check or a
verdict count, since these decide which number is the answer. `voclib.sources` stays out: what it does to rows is in the tables, whose content hash
every page carries as its data, and an adapter for a new export is no change of method.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from voclib import fingerprints as syntax
from voclib import strictyaml
from voclib.errors import ParameterError
from voclib.running.edition import Words, cells_of, modules_read
from voclib.running.workspace import digest

PACKAGE = Path(__file__).resolve().parent.parent
LEDGER = PACKAGE / "methods.yml"
GATES = "stats/gates.yml"  # thresholds: the module that reads them is `stats.gates`
COMPUTING = ("loop", "readers", "stats", "studies", "text")
DIGITS = 16  # hexadecimal digits of a fingerprint in the ledger
_WORDS = ("text", "captions", "answer", "words", "names")
_DECIDES = {"Study", "Check", "Ladder", "Estimate", "Verdict"}
_HEAD = """\
# The ledger of methods: every change of a formula behind a published number, in order. `python -m voclib.running.methods` prints the next entry.
# kind: baseline (the first), method (a formula changed: say under moved which numbers, or under unmoved why none), same-numbers (rewritten,
# and every published number stays). The last entry that names a module carries its present fingerprint. See also CHANGELOG.md.
"""
_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
_List = BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given)


class Moved(BaseModel):
    """A published number before and after: of a page, an estimand, or an estimand of a page."""

    model_config = _STRICT
    page: str = ""
    estimand: str = ""
    old: str | float | int
    new: str | float | int

    @model_validator(mode="after")
    def _named(self) -> Moved:
        if not (self.page or self.estimand):
            raise ValueError("what moved is named by page or estimand")
        if "…" in (self.page, self.estimand, self.old, self.new):
            raise ValueError("replace each … by what moved, from which number to which")
        return self

    @property
    def told(self) -> str:
        """`20-scores nps 44 → 45`."""
        return f"{' '.join(part for part in (self.page, self.estimand) if part)} {self.old} → {self.new}"


class Entry(BaseModel):
    """One change of method: when, why, which published numbers moved, and the fingerprints of the modules as they were after it."""

    model_config = _STRICT
    number: int
    on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    kind: Literal["baseline", "method", "same-numbers"]
    why: Words
    moved: Annotated[tuple[Moved, ...], _List] = ()
    unmoved: Words | None = None
    fingerprints: dict[str, Annotated[str, Field(pattern=rf"^[0-9a-f]{{{DIGITS}}}$")]] = {}
    removed: Annotated[tuple[str, ...], _List] = ()

    @model_validator(mode="after")
    def _sound(self) -> Entry:
        date.fromisoformat(self.on)
        if not all(text.strip() and "…" not in text for text in (self.why.zh, self.why.en)):
            raise ValueError("why says in both languages what changed and for what reason")
        if self.kind == "method" and bool(self.moved) == (self.unmoved is not None):
            raise ValueError("a change of method lists under moved which numbers moved, or says under unmoved why none did")
        if self.kind != "method" and (self.moved or self.unmoved):
            raise ValueError(f"an entry of kind {self.kind} moves no number; write kind: method or drop moved and unmoved")
        if not (self.fingerprints or self.removed):
            raise ValueError("an entry names at least one module under fingerprints or removed")
        return self


def read(path: Path = LEDGER) -> tuple[Entry, ...]:
    """The entries of a ledger, in order; none where there is no file.

    Raises
    ------
    ParameterError
        names the entry that is no entry, is out of order, or removes a module that none before it names.
    """
    if not path.is_file():
        return ()
    raw = strictyaml.parse(path.read_text("utf-8-sig"), file=path.name)
    if not isinstance(raw, list) or not raw:
        raise ParameterError(f"{path.name} is not a list of entries; start one with 'python -m voclib.running.methods --baseline --on DATE'.")
    entries: list[Entry] = []
    for position, given in enumerate(raw, start=1):
        try:
            entries.append(Entry.model_validate(given))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ParameterError(f"{path.name}, entry {position}: {f'{where}: ' if where else ''}{first['msg']}.") from error
        if problem := _out_of_order(entries):
            raise ParameterError(f"{path.name}, entry {position}: {problem}.")
    return tuple(entries)


def _out_of_order(entries: Sequence[Entry]) -> str:
    """What is wrong with the last of these entries beside those before it."""
    *before, last = entries
    if last.number != len(entries):
        return f"its number is {last.number}, yet it stands at place {len(entries)}; entries are numbered from 1 and never taken out"
    if (last.kind == "baseline") != (not before):
        return "the first entry, and no other, is the baseline"
    if before and last.on < before[-1].on:
        return f"it is dated {last.on}, before the entry above it ({before[-1].on})"
    if unknown := sorted(set(last.removed) - set(standing(before))):
        return f"it removes {', '.join(unknown)}, which no entry before it names"
    return ""


def standing(entries: Iterable[Entry]) -> dict[str, tuple[str, int]]:
    """Module → (fingerprint, number of the entry) as the ledger last names it, without those it says were removed."""
    found: dict[str, tuple[str, int]] = {}
    for entry in entries:
        found |= {name: (value, entry.number) for name, value in entry.fingerprints.items()}
        for name in entry.removed:
            found.pop(name, None)
    return found


def fingerprints(package: Path = PACKAGE) -> dict[str, str]:
    """Module ("stats.metrics") → the first digits of its fingerprint, for every module that computes; `GATES` for the thresholds."""
    found = {}
    for path in sorted(p for layer in COMPUTING for p in (package / layer).rglob("*.py")):
        if value := _fingerprint(path):
            found[_name(path, package)] = value[:DIGITS]
    if (gates := package / GATES).is_file():
        found[GATES] = syntax.formula(gates)[:DIGITS]
    return dict(sorted(found.items()))


def _name(path: Path, package: Path) -> str:
    return ".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__")


def _fingerprint(path: Path) -> str:
    """Of a module that holds words what it decides, empty where that is nothing; of any other the whole of it."""
    if path.stem.rpartition("_")[2] not in _WORDS:
        return syntax.formula(path)
    functions = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef) and node.returns is not None]
    deciding = [f for f in functions if _DECIDES & set(re.findall(r"\w+", ast.unparse(f.returns)))]
    return syntax.formula_of(ast.Module(body=deciding, type_ignores=[])) if deciding else ""


@dataclass(frozen=True)
class Pending:
    """What the ledger does not say yet: modules whose formula changed, new ones, and ones that are gone."""

    changed: Mapping[str, str] = field(default_factory=dict)
    new: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.new or self.removed)


def pending(entries: Sequence[Entry], current: Mapping[str, str]) -> Pending:
    """Compare a ledger with the fingerprints of the code as it is."""
    known = {name: value for name, (value, _) in standing(entries).items()}
    return Pending(changed={n: v for n, v in current.items() if n in known and known[n] != v},
                   new={n: v for n, v in current.items() if n not in known}, removed=tuple(sorted(known.keys() - current.keys())))


def told(missing: Pending, entries: Sequence[Entry]) -> str:
    """What is missing from the ledger and the block that mends it; empty where nothing is."""
    if not missing:
        return ""
    if not entries:
        return "There is no ledger of methods yet; write it with 'python -m voclib.running.methods --baseline --on DATE'."
    kinds = {"changed": missing.changed, "new": missing.new, "removed": missing.removed}
    lines = [f"{what}: {', '.join(names)}" for what, names in kinds.items() if names]
    return ("voclib/methods.yml does not carry the formulas as they are now.\n" + "\n".join(lines) + "\nAdd this entry at its end, with the date, "
            "the reason, and the published numbers that moved (kind: same-numbers where none can):\n\n" + block(missing, entries))


def block(missing: Pending, entries: Sequence[Entry], *, on: str = "YYYY-MM-DD") -> str:
    """The entry to paste at the end of the ledger; the date, the reason and what moved are left to whoever made the change."""
    lines = [f"- number: {len(entries) + 1}", f"  on: {on}"]
    if entries and (missing.changed or missing.removed):
        lines += ["  kind: method", "  why: {zh: …, en: …}", "  moved: [{page: …, estimand: …, old: …, new: …}]"]
    elif entries:  # new modules alone move nothing that was published
        lines += ["  kind: same-numbers", "  why: {zh: …, en: …}"]
    else:
        lines += ["  kind: baseline", "  why: {zh: 台账自此开始, en: The ledger begins here}", "  moved: []"]
    given = {**missing.changed, **missing.new}
    lines += ["  fingerprints:", *(f'    {name}: "{given[name]}"' for name in sorted(given))] if given else []
    lines += [f"  removed: [{', '.join(missing.removed)}]"] if missing.removed else []
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Definition:
    """What a notebook computes with: the ledger's last entry about it (None where it names none of its modules), and two hashes.

    `formulas` covers the modules and thresholds that the ledger keeps, `program` all else of ours that can move a number: the notebook's own
    code cells, its parameters aside, and modules such as the reader of tables. What draws and words a page is in neither.
    """

    entry: int | None
    formulas: str
    program: str
    modules: frozenset[str]


_DRAWS = ("voclib.reporting", "voclib.numbers", "voclib.sentences")


def definition(notebook: Path, entries: Sequence[Entry], current: Mapping[str, str], *, package: Path = PACKAGE) -> Definition:
    """Follow a notebook's imports through the library, without running anything."""
    used = _closure(_imported(notebook, package), package)
    short = {name.removeprefix(f"{package.name}."): name for name in used}
    modules = {name for name in short if name in current} | ({GATES} & set(current) if "stats.gates" in short else set())
    others = {name: syntax.formula(path) for name in sorted(set(short.values()) - {short[n] for n in modules - {GATES}})
              if not name.startswith(_DRAWS) and (path := syntax.path_of(name, package.parent))}
    known = standing(entries)
    entry = max((known[name][1] for name in modules if name in known), default=None)
    return Definition(entry=entry, formulas=_hash({name: current[name] for name in modules}), program=_hash([_cells(notebook), others]),
                      modules=frozenset(modules))


def _closure(modules: Iterable[str], package: Path) -> set[str]:
    """`fingerprints.closure` of the library, each file parsed once however many notebooks import it."""
    found, waiting = set(), list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found and (path := syntax.path_of(name, package.parent)) and name.split(".")[0] == package.name:
            found.add(name)
            waiting += _imports(path.read_bytes(), package.parent)
    return found


@lru_cache(maxsize=1024)
def _imports(content: bytes, root: Path) -> frozenset[str]:
    return frozenset(syntax.imports(ast.parse(content), root))


def _cells(notebook: Path) -> list[str]:
    """Fingerprints of a notebook's code cells; of one that is no plain Python, such as a magic command, its text."""
    found = []
    for cell in cells_of(notebook):
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and "parameters" not in cell.get("metadata", {}).get("tags", []):
            try:
                found.append(syntax.formula_of(ast.parse(source)))
            except SyntaxError:
                found.append(source)
    return found


def _hash(value: Any) -> str:
    return digest(json.dumps(value, sort_keys=True, ensure_ascii=False))


def _imported(notebook: Path, package: Path) -> set[str]:
    """Modules that a notebook imports, also those that the package hands out by a short name (`voclib.metrics`)."""
    root, lazy = package.parent, _handed_out(package)
    names = {*modules_read(notebook), *_attributes(notebook, package.name)}
    found = {lazy.get(name, name) for name in names} | {name.rpartition(".")[0] for name in names}
    return {name for name in found if name and syntax.path_of(name, root)}


def _handed_out(package: Path) -> dict[str, str]:
    """Short name → module, as the package's `_MODULES` says."""
    path = package / "__init__.py"
    body = ast.parse(path.read_text("utf-8")).body if path.is_file() else []
    tables = [node.value for node in body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_MODULES"]
    return {f"{package.name}.{name}": module for table in tables for name, module in ast.literal_eval(table).items()}


def _attributes(notebook: Path, package: str) -> set[str]:
    """`voclib.metrics` where a cell uses it after a plain `import voclib`."""
    source = "\n".join("".join(cell["source"]) for cell in cells_of(notebook) if cell["cell_type"] == "code")
    return set(re.findall(rf"\b{re.escape(package)}\.\w+", source))


def between(entries: Iterable[Entry], old: int | None, new: int | None, *, modules: Collection[str] | None = None) -> tuple[Entry, ...]:
    """Entries after the earlier and up to the later of two numbers; with `modules`, those that name one of them."""
    low, high = sorted((old or 0, new or 0))
    return tuple(e for e in entries if low < e.number <= high and (modules is None or (set(e.fingerprints) | set(e.removed)) & set(modules)))


def main(argv: Sequence[str] | None = None) -> int:
    """Print what the ledger lacks (status 1), or with `--baseline` begin one; an existing ledger is never replaced."""
    parser = argparse.ArgumentParser(prog="python -m voclib.running.methods", description="The ledger of methods: what it does not say yet.")
    parser.add_argument("--baseline", action="store_true", help="begin the ledger with the formulas as they are; only where there is none")
    parser.add_argument("--on", default="", metavar="DATE", help="date of the baseline, such as 2026-07-01")
    arguments = parser.parse_args(argv)
    entries, current = read(LEDGER), fingerprints(PACKAGE)
    missing = pending(entries, current)
    if arguments.baseline:
        if entries:
            parser.error(f"there is a ledger already, with {len(entries)} entries; a changed formula is entered at its end")
        try:
            date.fromisoformat(arguments.on)
        except ValueError:
            parser.error("--baseline needs a date: --on 2026-07-01")
        LEDGER.write_text(_HEAD + block(missing, (), on=arguments.on), "utf-8")
        sys.stdout.write(f"Wrote {LEDGER.name}: {len(current)} modules\n")
        return 0
    sys.stdout.write(told(missing, entries) or f"The ledger is complete: {len(current)} modules, {len(entries)} entries\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
