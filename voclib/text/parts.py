"""What people edit: the topic that each part is complained about under, and the topic that no part can touch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voclib import strictyaml
from voclib.errors import ParameterError, nearest
from voclib.results import Text
from voclib.text import aspects


@dataclass(frozen=True)
class Parts:
    """`topic` and `name` by part as the tables write it, the `control` topic, and names of topics (its id where there is none)."""

    topic: Mapping[str, str] = field(default_factory=dict)
    part: Mapping[str, Text] = field(default_factory=dict)
    control: str = ""
    topics: Mapping[str, Text] = field(default_factory=dict)

    def part_name(self, part: str) -> Text:
        """How a part is called in both languages."""
        return self.part.get(part, Text(part, part))

    def topic_name(self, topic: str) -> Text:
        """How a topic is called in both languages."""
        return self.topics.get(topic, Text(topic, topic))


def load(path: str | Path, dictionary: str | Path | None = None) -> Parts:
    """The rule file on parts, and names of topics out of the dictionary of aspects.

    Raises
    ------
    ParameterError
        as `strictyaml.read`, and for unknown keys, a part that stands twice or lacks its topic, a control that is a part's own topic.
    """
    given = strictyaml.read(Path(path))
    if unknown := sorted(set(given) - {"control", "parts"}):
        raise ParameterError(f"{Path(path).name}: unknown key '{unknown[0]}'; {nearest(unknown[0], ('control', 'parts'))}")
    topic: dict[str, str] = {}
    names: dict[str, Text] = {}
    for place, one in enumerate(given.get("parts") or (), start=1):
        part, about, name = _entry(one, place, Path(path).name)
        if part in topic:
            raise ParameterError(f"{Path(path).name}: the part '{part}' appears twice.")
        topic[part], names[part] = about, name
    control = str(given.get("control") or "")
    if control and control in topic.values():
        raise ParameterError(f"{Path(path).name}: '{control}' is the control and the topic of a part; a part can touch it, so it controls nothing.")
    return Parts(topic=topic, part=names, control=control, topics=_topics(dictionary))


def _topics(dictionary: str | Path | None) -> dict[str, Text]:
    if not dictionary:
        return {}
    known = aspects.load(dictionary)
    return {name: known.name(name) for name in known.ids()}


def _entry(one: Any, place: int, file: str) -> tuple[str, str, Text]:
    if not isinstance(one, dict) or not one.get("part") or not one.get("topic"):
        raise ParameterError(f"{file}: entry {place} of 'parts' needs 'part' and 'topic'.")
    if unknown := sorted(set(one) - {"part", "topic", "name"}):
        raise ParameterError(f"{file}: unknown key '{unknown[0]}' in {one['part']}; {nearest(unknown[0], ('part', 'topic', 'name'))}")
    name = one.get("name") or {}
    return str(one["part"]), str(one["topic"]), Text(str(name.get("zh", one["part"])), str(name.get("en", one["part"])))
