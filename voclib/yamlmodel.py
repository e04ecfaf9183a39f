"""A YAML file as a model of its keys: what is unknown, missing or not as it should be is said in words, with its place and the nearest known name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from voclib import strictyaml
from voclib.errors import ParameterError, nearest

_KINDS = {"string_type": "a text", "bool_type": "true or false", "int_type": "a whole number", "float_type": "a number", "list_type": "a list",
          "dict_type": "keys with values, one a line", "model_type": "keys with values, one a line", "int_parsing": "a whole number",
          "float_parsing": "a number", "bool_parsing": "true or false", "model_attributes_type": "keys with values, one a line"}
_FORMS = {r"^[a-z0-9][a-z0-9-]*$": "small letters, digits and hyphens, such as my-survey"}
Model = TypeVar("Model", bound=BaseModel)


def read(path: Path, model: type[Model], *, template: str = "") -> Model:
    """The file as a `model`; `template` names a file to start from where this one is empty.

    Raises
    ------
    ParameterError
        as in `voclib.strictyaml.read`, and where a key is unknown, missing or not as it should be.
    """
    given = strictyaml.read(path, template=template)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        told = dict.fromkeys(_objection(item, given, model) for item in _merged(error.errors(), given))
        raise ParameterError(f"{path.name}: " + "; ".join(told)) from None


def _merged(items: list[Any], given: dict) -> list[Any]:
    """The objections, those that the members of one union make to one value as one, which names every kind that would do."""
    made: dict[tuple, Any] = {}
    for item in items:
        loc = item["loc"] if item["type"] in ("missing", "extra_forbidden") else _known_part(item["loc"], given)
        kinds = [_KINDS[item["type"]]] if item["type"] in _KINDS else []
        if loc in made and kinds and made[loc]["kinds"]:
            made[loc]["kinds"] += [kind for kind in kinds if kind not in made[loc]["kinds"]]
        else:
            made[(*loc, item["type"]) if loc in made else loc] = {**item, "loc": loc, "kinds": kinds}
    return list(made.values())


def _known_part(loc: tuple, given: Any) -> tuple:
    """A place without the names of union members at its end, which the file does not hold."""
    for depth, part in enumerate(loc):
        pairs = given.items() if isinstance(given, dict) else enumerate(given) if isinstance(given, list) else ()
        held, key = {str(name): value for name, value in pairs}, str(part)
        if key not in held:
            return loc[:depth] if depth else loc
        given = held[key]
    return loc


def _objection(item: Any, given: dict, model: type[BaseModel]) -> str:
    """What pydantic objects to: where, what, and the nearest known name."""
    place, last = _place(item["loc"][:-1], given), str(item["loc"][-1]) if item["loc"] else ""
    if item["type"] == "extra_forbidden":
        return f"unknown key '{last}'{place}; {nearest(last, _keys_at(item['loc'][:-1], model))}"
    if item["type"] == "missing":
        return f"the key '{last}' is missing{place}"
    if item["kinds"]:
        *others, final = item["kinds"]
        return f"{last}{place} is {_shown(item['input'])}; write {', '.join(others)}{' or ' if others else ''}{final}"
    if item["type"] == "string_pattern_mismatch":
        return f"{last}{place} is '{item['input']}'; write it as {_FORMS.get(item['ctx']['pattern'], item['ctx']['pattern'])}"
    if item["type"] == "literal_error":
        known = re.findall(r"'([^']+)'", item["ctx"]["expected"])
        if all(len(name) == 1 for name in known):  # signs, which would drown among the commas of a list
            return f"{last} is '{item['input']}'{place}; write " + " or ".join(f"'{name}'" for name in known)
        return f"{last} is '{item['input']}'{place}; {nearest(str(item['input']), known)}"
    return f"{last}{place}: {item['msg'].removeprefix('Value error, ')}"


def _shown(value: Any) -> str:
    """A value as it stands in the file, in a word where it is more than one."""
    return "a list" if isinstance(value, list) else "a set of keys" if isinstance(value, dict) else "empty" if value is None else f"'{value}'"


def _place(path: tuple, given: Any) -> str:
    """Where in the file: an entry by its id, or by its number where it has none."""
    words = []
    for part in path:
        given = given[part] if isinstance(given, dict | list) and (isinstance(part, int) or part in given) else None
        if isinstance(part, int):
            words.append(str(given["id"]) if isinstance(given, dict) and "id" in given else f"no. {part + 1}")
        else:
            words.append(str(part))
    return f" in {' → '.join(words)}" if words else ""


def _keys_at(path: tuple, model: Any) -> list[str]:
    """The keys known at a place of a model."""
    for part in path:
        if isinstance(part, str) and part in getattr(model, "model_fields", {}):
            model = _inner(model.model_fields[part].annotation)
    return list(getattr(model, "model_fields", {}))


def _inner(annotation: Any) -> Any:
    """The model inside tuple[Model, ...], dict[str, Model] or Model | None, or the annotation itself."""
    return next((kind for kind in (*get_args(annotation), annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)), annotation)
