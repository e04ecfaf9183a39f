"""What a setting of the long runs depends on: its own functions in these files, and the modules of voclib that they call.

Both are read off the objects of the setting: its functions, what they close over, the names they use, and so on. A whole file would be too much:
one more setting in it, or one more band, would make all its neighbours stale. Nothing has to run for it; tests hold that what runs lies inside.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import os
import re
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from voclib import fingerprints
from voclib.errors import ParameterError
from voclib.stats import gates

ROOT = Path(__file__).resolve().parent.parent
# Packages that compute. Left out are those that only hold and word what was found, and the schema: a column more changes no estimator.
COMPUTING = ("voclib.loop", "voclib.readers", "voclib.stats", "voclib.simulate", "voclib.studies", "voclib.text")
WORDING = {"text", "words", "captions"}  # last word of the names of modules that hold a study's words
MARKS = ("modules", "code", "benchmark")
Plain = None | bool | int | float | str | bytes | complex


class Reader:
    """Reads objects: what they say as a hash, and the modules of voclib below `root` that they lead to; each object once.

    What is written in the package `here` is read, what is written elsewhere goes by its name.
    """

    def __init__(self, root: Path = ROOT, *, here: str = "benchmarks") -> None:
        self._root, self._here = root, here
        self._known: dict[int, tuple[Any, str, set[str]]] = {}  # the object is kept, so that its id stays its own
        self._closures: dict[frozenset[str], list[str]] = {}

    def mark(self, setting: Any, *, harness: Iterable[Callable[..., Any]]) -> dict[str, str]:
        """What a record needs to be judged: `modules` (short names, in order), `code`, one hash of them, `benchmark`, one of what is in here.

        `harness` are the functions that make a record of runs.
        """
        given = {f.name: getattr(setting, f.name) for f in fields(setting) if getattr(setting, f.name) != f.default}
        said, seeds = self._all([given, *harness])
        if (key := frozenset(seeds)) not in self._closures:
            self._closures[key] = sorted(filter(computes, fingerprints.closure(seeds, self._root, within=COMPUTING)))
        modules = self._closures[key]
        return {"modules": " ".join(name.removeprefix("voclib.") for name in modules), "code": fingerprints.joint(modules, self._root) or "",
                "benchmark": _sha(said)}

    def _all(self, parts: Iterable[Any]) -> tuple[str, set[str]]:
        read = [self._read(part) for part in parts]
        return "\0".join(said for said, _ in read), set().union(*(seeds for _, seeds in read))

    def _read(self, thing: Any) -> tuple[str, set[str]]:
        """What an object says, and the modules of voclib it leads to."""
        if isinstance(thing, np.generic):
            thing = thing.item()
        if isinstance(thing, Plain):
            return f"{type(thing).__name__}:{thing!r}", set()
        if id(thing) not in self._known:
            self._known[id(thing)] = (thing, "again", set())  # a function that calls itself
            said, seeds = self._parts(thing)
            self._known[id(thing)] = (thing, _sha(said), seeds)
        _, said, seeds = self._known[id(thing)]
        return said, seeds

    def _parts(self, thing: Any) -> tuple[str, set[str]]:
        if isinstance(thing, Mapping):
            pairs = sorted((self._all(pair) for pair in thing.items()), key=lambda pair: pair[0])
            return "{" + "\1".join(said for said, _ in pairs) + "}", set().union(*(seeds for _, seeds in pairs))
        if isinstance(thing, list | tuple | set | frozenset):
            read = [self._read(part) for part in thing]
            said = [said for said, _ in read] if isinstance(thing, list | tuple) else sorted(said for said, _ in read)
            return f"{type(thing).__name__}[" + "\1".join(said) + "]", set().union(*(seeds for _, seeds in read))
        if isinstance(thing, np.ndarray):
            return f"{thing.dtype}{thing.shape}" + thing.tobytes().hex(), set()
        if isinstance(thing, partial):
            return self._all([thing.func, thing.args, thing.keywords])
        if inspect.ismethod(thing):
            return self._all([thing.__self__, thing.__func__])
        bare = inspect.unwrap(thing) if callable(thing) else thing
        is_named = inspect.isroutine(bare) or inspect.isclass(bare) or inspect.ismodule(bare)
        return self._code(bare) if is_named else self._instance(bare)

    def _instance(self, thing: Any) -> tuple[str, set[str]]:
        if is_dataclass(thing):
            return self._all([type(thing), {f.name: getattr(thing, f.name) for f in fields(thing)}])
        kind = type(thing).__name__
        if callable(thing):  # such as a distribution of scipy
            return f"{type(thing).__module__}.{kind}\1{getattr(thing, '__name__', '')}", set()
        raise ParameterError(f"A setting uses an object of type {kind}, which has no fingerprint; make it a function, a dataclass or plain values.")

    def _code(self, thing: Any) -> tuple[str, set[str]]:
        """A function, a class or a module: of voclib its name and module, of these files what it says and uses, else its name."""
        module = thing.__name__ if inspect.ismodule(thing) else getattr(thing, "__module__", None) or ""
        name = f"{module}.{getattr(thing, '__qualname__', '')}"
        said, seeds = self._all(_closed_over(thing)) if inspect.isfunction(thing) else ("", set())
        if module.partition(".")[0] == "voclib":
            return f"{name}\1{said}", seeds | {module}
        if inspect.ismodule(thing) or module.partition(".")[0] != self._here:
            return f"{name}\1{said}", seeds
        tree = _tree_of(thing)
        used, found = self._used(tree, thing)
        return "\1".join([fingerprints.formula_of(tree), said, used]), seeds | found | fingerprints.imports(tree, self._root)

    def _used(self, tree: ast.AST, thing: Any) -> tuple[str, set[str]]:
        """What the global names of a function or class stand for; of a module only the parts that are used."""
        known = vars(sys.modules[thing.__module__])
        parts, seeds = [], set()
        for name, attribute in sorted(set(_names(tree)), key=str):
            value = known.get(name)
            if not inspect.ismodule(value):
                parts += [name, value] if name in known else []
            elif value.__name__.partition(".")[0] == "voclib":
                seeds.add(fingerprints.home(value.__name__, attribute, self._root) if attribute else value.__name__)
            elif attribute and value.__name__.partition(".")[0] == self._here:
                parts += [name, getattr(value, attribute)]
        said, found = self._all(parts)
        return said, seeds | found


def computes(module: str) -> bool:
    """Whether a module of voclib can change a record: it belongs to a package that computes, and is not the words of a study."""
    return module.startswith(tuple(f"{package}." for package in COMPUTING)) and re.split("[._]", module)[-1] not in WORDING


def read(path: Path) -> dict[str, dict[str, Any]]:
    """Records on file by the name of their setting; none where there is no file."""
    records = json.loads(path.read_text("utf-8"))["records"] if path.is_file() else []
    return {f"{r['method']}: {r['setting']}": r for r in records}


def agrees(record: Mapping[str, Any] | None, mark: Mapping[str, str]) -> bool:
    """Whether there is a record and it was made by what its setting depends on now."""
    return record is not None and all(record.get(name) == mark[name] for name in MARKS)


def write(path: Path, records: Mapping[str, Mapping[str, Any]], *, order: Sequence[str]) -> None:
    """Records in the order of their settings, those of settings no longer there dropped; the file is there whole or as it was."""
    body = {"gates_default": gates.load().is_default, "records": [records[name] for name in order if name in records]}
    part = path.with_suffix(".part")
    part.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", "utf-8")
    os.replace(part, path)


def _names(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    """Names that a tree uses, with the attribute taken of them."""
    nodes = list(fingerprints.nodes(tree))
    inner = {id(n.value): n.attr for n in nodes if isinstance(n, ast.Attribute)}
    yield from ((n.id, inner.get(id(n))) for n in nodes if isinstance(n, ast.Name))


def _closed_over(thing: types.FunctionType) -> list[Any]:
    """Defaults, and what a function inside another has of it."""
    names, cells = thing.__code__.co_freevars, thing.__closure__ or ()
    return [thing.__defaults__, thing.__kwdefaults__, dict(zip(names, (cell.cell_contents for cell in cells), strict=True))]


@lru_cache(maxsize=64)
def _definitions(file: str) -> list[ast.ClassDef | ast.FunctionDef | ast.Lambda]:
    """All of a file, outer ones before those inside them."""
    return [node for node in ast.walk(ast.parse(Path(file).read_text("utf-8"))) if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.Lambda)]


def _tree_of(thing: Any) -> ast.AST:
    """The part of a file that makes a function or class; two lambdas of a line are told apart by where their code stands."""
    found: list[ast.AST] = []
    is_class = inspect.isclass(thing)
    file, line = (inspect.getsourcefile(thing), 0) if is_class else (thing.__code__.co_filename, thing.__code__.co_firstlineno)
    for node in _definitions(str(file)):
        if is_class and isinstance(node, ast.ClassDef) and node.name == thing.__name__:
            found.append(node)
        elif isinstance(node, ast.FunctionDef) and not is_class and node.name == thing.__name__:
            found += [node] if min([node.lineno, *(d.lineno for d in node.decorator_list)]) == line else []
        elif isinstance(node, ast.Lambda) and not is_class and node.lineno == line and _holds(node, thing.__code__):
            found.append(node)
    if not found:
        raise ParameterError(f"The source of '{thing.__qualname__}' cannot be found in {Path(str(file)).name}; write it there as def or lambda.")
    return found[-1]  # of nested lambdas the innermost


def _holds(node: ast.Lambda, code: types.CodeType) -> bool:
    """Whether the instructions of some code stand inside a lambda's body."""
    start, end = (node.body.lineno, node.body.col_offset), (node.body.end_lineno or 0, node.body.end_col_offset or 0)
    places = [(a, c, b, d) for a, b, c, d in code.co_positions() if None not in (a, b, c, d) and (c or d)]
    return all(start <= (a, c) and (b, d) <= end for a, c, b, d in places)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
