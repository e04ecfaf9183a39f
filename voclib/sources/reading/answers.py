"""Lists of answers or fields inside a record: what is one column each, and what each of them says."""

from __future__ import annotations

# by what a field may be called, the most lasting name first: two questions may have one title, and a record may hold either
NAMES = ("ref", "key", "name", "code", "field_id", "question_id", "questionId", "id", "title", "question")
VALUES = ("value", "answer")
_ABOUT = frozenset({"field", "key", "type"})  # what Typeform says of an answer beside the answer
JOIN = "; "  # between the choices of one answer


def fields(value: object) -> dict[str, object]:
    """A list of named answers as a record of them, empty for any other value.

    Read are lists in which every item has a name of its own and a value and little else, such as Zendesk's `custom_fields` (`id`, `value`) or
    `{"question": …, "answer": …}`; and Typeform's `answers` and `variables`, whose items hold `field` or `key`, a `type`, and the value under the
    name of that type.
    """
    if not isinstance(value, list) or not value:
        return {}
    made: dict[str, object] = {}
    for pair in (_typed(item) or _named(item) for item in value):
        if pair is None or pair[0] in made:
            return {}
        made[pair[0]] = pair[1]
    return made


def plain(value: object) -> object:
    """A list of answers without names (`[{"value": "9"}]`, as Google Forms has it) as one text, nothing for an empty list; others as they are."""
    if value == []:
        return None
    if isinstance(value, list) and all(isinstance(item, dict) and item.keys() == {"value"} and _is_scalar(item["value"]) for item in value):
        return JOIN.join(str(item["value"]) for item in value if item["value"] is not None) or None
    return value


def _named(item: object) -> tuple[str, object] | None:
    """The name and value of an item that holds these and nothing but other names or a type."""
    if not isinstance(item, dict):
        return None
    name, at = next((one for one in NAMES if one in item), None), next((one for one in VALUES if one in item), None)
    if name is None or at is None or not _is_scalar(item[name]) or item.keys() - {*NAMES, "type", at}:
        return None
    return str(item[name]), item[at]


def _typed(item: object) -> tuple[str, object] | None:
    """The name and value of an answer of Typeform."""
    if not isinstance(item, dict) or "type" not in item or not ("field" in item or "key" in item):
        return None
    about = item["field"] if "field" in item else {"key": item["key"]}
    name = next((about[one] for one in NAMES if about.get(one)), None) if isinstance(about, dict) else None
    values = [item["type"]] if item["type"] in item else [key for key in item if key not in _ABOUT]
    if not _is_scalar(name) or name is None or len(values) != 1:
        return None
    return str(name), _chosen(item[values[0]])


def _chosen(value: object) -> object:
    """The words of a choice or of several, those the customer wrote among them; another value as it is."""
    if not isinstance(value, dict) or not value.keys() & {"label", "labels", "other"}:
        return value
    labels = value.get("labels") or ([value["label"]] if value.get("label") is not None else [])
    words = [*labels, *([value["other"]] if value.get("other") is not None else [])]
    return JOIN.join(map(str, words)) or None


def _is_scalar(value: object) -> bool:
    return not isinstance(value, dict | list)
