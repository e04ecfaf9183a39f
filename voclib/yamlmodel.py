"""A YAML file as a model of its keys: what is unknown, missing or not as it should be is said in words, with its place and the nearest known name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from voclib import strictyaml
from voclib.errors import ParameterError, nearest

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
        raise ParameterError(f"{path.name}: " + "; ".join(_objection(item, given, model) for item in error.errors())) from None


def _objection(item: Any, given: dict, model: type[BaseModel]) -> str:
    """What pydantic objects to: where, what, and the nearest known name."""
    place, last = _place(item["loc"][:-1], given), str(item["loc"][-1]) if item["loc"] else ""
    if item["type"] == "extra_forbidden":
        return f"unknown key '{last}'{place}; {nearest(last, _keys_at(item['loc'][:-1], model))}"
    if item["type"] == "missing":
        return f"the key '{last}' is missing{place}"
    if item["type"] == "literal_error":
        known = re.findall(r"'([^']+)'", item["ctx"]["expected"])
        return f"{last} is '{item['input']}'{place}; {nearest(str(item['input']), known)}"
    return f"{last}{place}: {item['msg'].removeprefix('Value error, ')}"


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
