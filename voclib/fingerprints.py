"""What code computes, as a hash: its syntax tree without documentation, annotations, formatting and wording, and who imports whom.

Two files with the same fingerprint give the same numbers, also under another version of Python; a sentence put better changes nothing.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from voclib import strictyaml
from voclib.errors import DataError, ParameterError, nearest

WORDED = frozenset({"Text", "say", "VocError", "DataError", "ParameterError", "RunError"})  # calls whose strings are read by people alone
FOR_TYPES = frozenset({"__future__", "typing", "collections.abc", "numpy.typing"})  # imports that only annotations need
UNSAID = frozenset({"ctx", "kind", "type_comment", "type_ignores", "type_params", "annotation", "returns"})


def formula(path: Path) -> str:
    """sha256 in hex of what a file says: of Python the syntax tree, of YAML the values.

    Left out are docstrings, comments, annotations, formatting, imports for annotations, and texts inside the calls of `WORDED`; what is computed
    inside such a call counts. A field without a value, as dataclasses have, is an annotation.

    Raises
    ------
    DataError
        if there is no such file, or one that is no Python.
    """
    if not path.is_file():
        raise DataError(f"There is no file '{path.name}' to take a fingerprint of; name one that exists.")
    return _formula(path.read_bytes(), path.name)


@lru_cache(maxsize=1024)
def _formula(content: bytes, name: str) -> str:
    text = content.decode("utf-8")
    if name.endswith((".yml", ".yaml")):
        return _sha(json.dumps(strictyaml.parse(text, file=name), sort_keys=True, ensure_ascii=False, default=str))
    return formula_of(_parsed(text, name))


def formula_of(tree: ast.AST) -> str:
    """The same of a part of a syntax tree, such as one function; the tree stays as it is."""
    said: list[str] = []
    _say(tree, said)
    return _sha("\0".join(said))


def joint(modules: Iterable[str], root: Path) -> str | None:
    """One hash of several modules below `root` ("voclib.stats.gates") with their names; None where one of them is gone.

    A YAML file of the same name beside a module (gates.yml) belongs to it.
    """
    paths = {name: path_of(name, root) for name in sorted(set(modules))}
    if None in paths.values():
        return None
    files = {name: [path, *(p for p in [path.with_suffix(".yml")] if p.is_file())] for name, path in paths.items() if path is not None}
    return _sha("".join(f"{name}\0{formula(path)}\n" for name, found in files.items() for path in found))


def closure(modules: Iterable[str], root: Path, *, within: Sequence[str] = ("voclib",)) -> set[str]:
    """The modules ("voclib.stats.metrics") and all that they import, directly or not, as far as these lie in the packages of `within`.

    Imports inside functions count, those for annotations do not. A name that a package only hands on leads to the module that holds it, so what
    uses one part of a package does not depend on the others. What code imports by a string is not seen.

    Raises
    ------
    ParameterError
        for a module that does not exist below `root`, with the nearest one that does.
    """
    found, waiting = set(), sorted(set(modules))
    for name in waiting:
        if path_of(name, root) is None:
            folder = root.joinpath(*name.split(".")[:-1])
            known = [".".join([*name.split(".")[:-1], p.stem]) for p in sorted(folder.glob("*.py"))]
            raise ParameterError(f"There is no module '{name}'; {nearest(name, known)}")
    while waiting:
        name = waiting.pop()
        if name in found or not any(name == top or name.startswith(f"{top}.") for top in within):
            continue
        found.add(name)
        path = path_of(name, root)
        waiting += _resolved(*_read(path.read_text("utf-8"), path.name), root) if path else []
    return found


def imports(tree: ast.AST, root: Path) -> set[str]:
    """Modules below `root` that hold what a syntax tree imports, annotations aside."""
    return _resolved(*_gathered(tree), root)


@lru_cache(maxsize=1024)
def _read(text: str, name: str) -> tuple[list[ast.Import | ast.ImportFrom], dict[str, set[str]]]:
    return _gathered(_parsed(text, name))


def _gathered(tree: ast.AST) -> tuple[list[ast.Import | ast.ImportFrom], dict[str, set[str]]]:
    """Imports of a tree, and by name the attributes taken of it; "" where a name is used as it is."""
    every, used = list(nodes(tree)), dict[str, set[str]]()
    inner = {id(n.value): n.attr for n in every if isinstance(n, ast.Attribute)}
    for node in every:
        if isinstance(node, ast.Name):
            used.setdefault(node.id, set()).add(inner.get(id(node), ""))
    return [node for node in every if isinstance(node, ast.Import | ast.ImportFrom)], used


def _resolved(found: Sequence[ast.Import | ast.ImportFrom], used: Mapping[str, set[str]], root: Path) -> set[str]:
    """Where what is imported lives; of a package that is used as `package.part` only those parts."""
    modules = set()
    for node in found:
        if isinstance(node, ast.Import):
            modules |= {a.name for a in node.names}
        elif node.module and path_of(node.module, root):
            for alias in node.names:
                holder = home(node.module, alias.name, root)
                parts = used.get(alias.asname or alias.name, set())
                is_package = holder == f"{node.module}.{alias.name}" and _is_package(holder, root)
                modules |= {home(holder, part, root) for part in parts} if is_package else {holder}
    return {name for name in modules if path_of(name, root)}


def home(module: str, name: str, root: Path) -> str:
    """The module that holds a name of `module`: itself, one inside it, or the one from which a package hands it on."""
    path = path_of(module, root)
    if path is not None and path.name == "__init__.py" and name:
        for node in _parsed(path.read_text("utf-8"), path.name).body:
            if isinstance(node, ast.ImportFrom) and node.module not in {None, module} and path_of(str(node.module), root):
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        return home(str(node.module), alias.name, root)
    inner = f"{module}.{name}"
    return inner if name and path_of(inner, root) else module


def _is_package(module: str, root: Path) -> bool:
    path = path_of(module, root)
    return path is not None and path.name == "__init__.py"


def path_of(module: str, root: Path) -> Path | None:
    """The file of a module below `root`, of a package its `__init__`; None where there is none."""
    place = root.joinpath(*module.split("."))
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()), None)


@lru_cache(maxsize=1024)
def _parsed(text: str, name: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise DataError(f"{name}, line {error.lineno}, is not Python: {error.msg}.") from error


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _is_silent(node: ast.AST) -> bool:
    """Whether a statement computes nothing: a docstring, a field's annotation, an import for annotations."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    if isinstance(node, ast.If):
        return not node.orelse and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
    return isinstance(node, ast.ImportFrom) and node.module in FOR_TYPES


def _children(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Fields that count, with their values; empty ones, which versions of Python write differently, are left out."""
    for name, value in ast.iter_fields(node):
        kept = [part for part in value if not (isinstance(part, ast.AST) and _is_silent(part))] if isinstance(value, list) else value
        if name not in UNSAID and kept is not None and kept != []:
            yield name, kept


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a syntax tree that `formula` reads."""
    yield tree
    for _, value in _children(tree):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield from nodes(part)


def _say(part: Any, said: list[str]) -> None:
    """Write a tree down, with brackets and names of fields, so that no two trees read the same."""
    if isinstance(part, list):
        said.append("[")
        for one in part:
            _say(one, said)
        said.append("]")
    elif isinstance(part, ast.Constant):
        said.append(f"{type(part.value).__name__}:{part.value!r}")
    elif isinstance(part, ast.AnnAssign) and part.value is not None:
        _say(ast.Assign(targets=[part.target], value=part.value), said)
    elif isinstance(part, ast.AST):
        is_worded = isinstance(part, ast.Call) and ast.unparse(part.func).split(".")[-1] in WORDED
        said.append(f"{type(part).__name__}(")
        for name, value in _children(part):
            said.append(name)
            _say([_unworded(one) for one in value] if is_worded and name == "args" else value, said)
        said.append(")")
    else:
        said.append(repr(part))


def _unworded(node: ast.expr) -> ast.expr:
    """An argument that is a text, without its letters; what is computed between them stays."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return ast.Constant("")
    if isinstance(node, ast.JoinedStr):
        filled = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        return ast.Tuple(filled, ast.Load()) if filled else ast.Constant("")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return ast.BinOp(_unworded(node.left), node.op, _unworded(node.right))
    if isinstance(node, ast.IfExp):
        return ast.IfExp(node.test, _unworded(node.body), _unworded(node.orelse))
    return node
