"""YAML as people mean it: a key given twice is an error; on, off, yes, no and dates stay text."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from voclib.errors import ParameterError


class _Loader(yaml.SafeLoader):
    """SafeLoader with the core types of YAML 1.2 (null, true/false, numbers) and no repeated keys."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?$", list("-+0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def _mapping(loader: _Loader, node: yaml.MappingNode, deep: bool = False) -> dict:
    lines: dict[object, int] = {}
    for key_node, _ in node.value:
        key, line = loader.construct_object(key_node, deep=True), key_node.start_mark.line + 1
        if not isinstance(key, str | int | float | bool):
            raise ParameterError(f"{_name(node)}: line {line}: a key must be a word, not a list or a map")
        if key in lines:
            raise ParameterError(f"{_name(node)}: the key '{key}' stands on line {lines[key]} and again on line {line}; keep one of them")
        lines[key] = line
    return yaml.SafeLoader.construct_mapping(loader, node, deep=deep)


_Loader.add_constructor("tag:yaml.org,2002:map", lambda loader, node: _mapping(loader, node, deep=True))


def _name(node: yaml.Node) -> str:
    return Path(node.start_mark.name).name


def read(path: Path) -> dict:
    """The map a YAML file holds; ParameterError with line numbers when it cannot be read or is no map."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        there = sorted(item.name for item in path.parent.glob("*.yml")) if path.parent.is_dir() else []
        raise ParameterError(f"{path.name} is not there; the folder has: {', '.join(there) or 'no .yml file'}") from None
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path.name} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8") from None
    try:
        loader = _Loader(text)
        loader.name = path.name
        found = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ParameterError(f"{path.name}: line {line}: {error.problem or error.context}; check indentation, colons and quotes") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ParameterError(f"{path.name} cannot be read as YAML: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise ParameterError(f"{path.name} holds no keys; start from params/rules/example.yml")
    return found
