"""What a notebook's `parameters` cell declares, and whether a value fits it. Nothing here is executed."""

from __future__ import annotations

import ast
import io
import math
import tokenize
from dataclasses import dataclass
from typing import Any

from voclib import strictyaml
from voclib.errors import ParameterError

_TYPES: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool, "list": list, "dict": dict}


@dataclass(frozen=True)
class Parameter:
    """One declared name: its default, the types it takes (empty: any simple value) and its help."""

    name: str
    default: Any
    types: tuple[type, ...]
    optional: bool
    help: str = ""

    @property
    def wanted(self) -> str:
        """The types in words, for a message."""
        return " or ".join([t.__name__ for t in self.types] + (["null"] if self.optional and self.types else [])) or "any simple value"


@dataclass(frozen=True)
class Given:
    """A value as typed after `-p name=`; it takes the declared type of the parameter it is meant for."""

    text: str


def declared(source: str, *, notebook: str) -> dict[str, Parameter]:
    """The parameters that a cell's source assigns, in order: `name = literal  # help`, annotated or not.

    Raises
    ------
    ParameterError
        if the cell holds anything but assignments of literals to plain names, or a name twice.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise ParameterError(f"{notebook}: the parameters cell is not Python (line {error.lineno}: {error.msg}).") from error
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for statement in body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        parameter = _parameter(statement, comments.get(statement.end_lineno, ""), notebook)
        if parameter.name in found:
            raise ParameterError(f"{notebook}: the parameters cell assigns '{parameter.name}' twice; keep one.")
        found[parameter.name] = parameter
    return found


def fit(parameter: Parameter, value: Any) -> Any:
    """The value as the notebook receives it; whole numbers given for a float become floats.

    Raises
    ------
    ParameterError
        if the type does not fit; the message says what was given and what is wanted.
    """
    if isinstance(value, Given):
        value = _typed(parameter, value.text)
    if value is None and (parameter.optional or not parameter.types):
        return None
    if not _simple(value):
        raise ParameterError(f"{_shown(value)} is not a simple value (numbers must be finite, keys text)")
    if not parameter.types or type(value) in parameter.types:
        return value
    if type(value) is int and float in parameter.types:
        return float(value)
    hint = "; write true or false" if bool in parameter.types else "; quote it" if str in parameter.types and value is not None else ""
    raise ParameterError(f"is {_shown(value)} ({_type_name(value)}), wanted {parameter.wanted}{hint}")


def _typed(parameter: Parameter, text: str) -> Any:
    """Text from the command line: kept for a str, read as a YAML value for everything else."""
    if str in parameter.types and not (parameter.optional and text in ("null", "~")):
        return text
    return strictyaml.parse(text, file=f"-p {parameter.name}")


def _parameter(statement: ast.stmt, comment: str, notebook: str) -> Parameter:
    target, annotation = None, None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, annotation = statement.target, statement.annotation
    if not isinstance(target, ast.Name):
        raise ParameterError(f"{notebook}: line {statement.lineno} of the parameters cell is not 'name = value'; move it to the next cell.")
    try:
        default = ast.literal_eval(statement.value)
    except (ValueError, TypeError) as error:
        raise ParameterError(f"{notebook}: the default of '{target.id}' is computed; write a plain value.") from error
    if not _simple(default):
        raise ParameterError(f"{notebook}: the default of '{target.id}' is not a number, text, true/false, list, dict or None.")
    types, optional = _annotated(annotation, target.id, notebook) if annotation else ((), default is None)
    if not annotation and default is not None:
        types = (type(default),)
    parameter = Parameter(target.id, default, types, optional, comment)
    try:
        return Parameter(target.id, fit(parameter, default), types, optional, comment)
    except ParameterError as error:
        raise ParameterError(f"{notebook}: the default of '{target.id}' {error}.") from error


def _annotated(node: ast.expr, name: str, notebook: str) -> tuple[tuple[type, ...], bool]:
    """Types of an annotation such as `int`, `list[str]` or `str | None`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = _annotated(node.left, name, notebook), _annotated(node.right, name, notebook)
        return left[0] + right[0], left[1] or right[1]
    if isinstance(node, ast.Constant) and node.value is None:
        return (), True
    if isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name) and node.id in _TYPES:
        return (_TYPES[node.id],), False
    raise ParameterError(f"{notebook}: the annotation of '{name}' is none of {', '.join(_TYPES)}, with '| None' where empty is allowed.")


def _comments(source: str) -> dict[int, str]:
    """Line → its trailing comment."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ").strip() for t in tokens if t.type == tokenize.COMMENT}


def _simple(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(k, str) and _simple(v) for k, v in value.items())
    if isinstance(value, list):
        return all(_simple(v) for v in value)
    return value is None or type(value) in (int, str, bool) or (type(value) is float and math.isfinite(value))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _type_name(value: Any) -> str:
    return "null" if value is None else type(value).__name__
