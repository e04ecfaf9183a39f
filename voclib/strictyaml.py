"""YAML that says what it seems to say: no key twice, no surprise booleans or dates, `1e-3` is a number."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from voclib.errors import ParameterError


class Loader(yaml.SafeLoader):
    """The safe loader with YAML 1.2 scalars. With `plain_keys` every key is text; keys twice and aliases are refused."""

    yaml_implicit_resolvers: dict[str, list] = {}
    plain_keys = True

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node:
        """Refuse `*alias`: an edition says each value where it stands."""
        if self.plain_keys and self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.constructor.ConstructorError(None, None, "aliases (*name) are not used here; write the value again", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """A mapping whose keys are text, each once."""
        seen: dict[str, int] = {}
        for key_node, _ in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word, not a list or a mapping", key_node.start_mark)
            if self.plain_keys and key_node.tag != "tag:yaml.org,2002:str":
                raise yaml.constructor.ConstructorError(None, None, f"the key {key_node.value} is no text; quote or rename it", key_node.start_mark)
            key = key_node.value
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' stands here again (first on line {seen[key]}); keep one",
                                                        key_node.start_mark)
            seen[key] = line
        return super().construct_mapping(node, deep=deep)


def _whole(loader: Loader, node: yaml.ScalarNode) -> int:
    return int(loader.construct_scalar(node))


def _real(loader: Loader, node: yaml.ScalarNode) -> float:
    text = loader.construct_scalar(node).lower()
    return float({".inf": "inf", "+.inf": "inf", "-.inf": "-inf", ".nan": "nan"}.get(text, text))


QUOTES = "; a name that holds one of  : , ? # { } [ ]  stands in quotes, such as \"How likely are you to recommend us?\""
Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
Loader.add_implicit_resolver("tag:yaml.org,2002:float",
                             re.compile(r"^(?:[-+]?(?:(?:0|[1-9][0-9]*)?\.[0-9]+|(?:0|[1-9][0-9]*)\.?)(?:[eE][-+]?[0-9]+)?"
                                        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"),
                             list("-+.0123456789"))
Loader.add_constructor("tag:yaml.org,2002:int", _whole)
Loader.add_constructor("tag:yaml.org,2002:float", _real)


def parse(text: str, *, file: str, plain_keys: bool = True) -> Any:
    """The value of a YAML text; without `plain_keys` also with keys that are numbers, and with aliases.

    Raises
    ------
    ParameterError
        names `file` and the line where the text is no YAML, repeats a key or uses an alias or a tag.
    """
    try:
        loader = Loader(text)
        loader.plain_keys = plain_keys
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" line {mark.line + 1}" if mark else ""
        quotes = QUOTES if isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError) else ""
        raise ParameterError(f"{file}{where}: {error.problem or error.context}{quotes}.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ParameterError(f"{file} cannot be read as YAML: {error}.") from error


def read(path: Path, *, template: str = "") -> dict:
    """The map a YAML file holds; keys may be numbers. `template` names a file to start from where this one is empty.

    Raises
    ------
    ParameterError
        if the file is missing, no UTF-8 text, no YAML or no map.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        there = sorted(item.name for item in path.parent.glob("*.yml")) if path.parent.is_dir() else []
        raise ParameterError(f"{path.name} is not there; the folder has: {', '.join(there) or 'no .yml file'}") from None
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path.name} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8") from None
    found = parse(text, file=path.name, plain_keys=False)
    if not isinstance(found, dict):
        raise ParameterError(f"{path.name} holds no keys{f'; start from {template}' if template else ''}")
    return found
