"""What projects, their departments and the tables they are judged by are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voclib.errors import ParameterError
from voclib.results import Text

PLACES = {"repairs": Text("个看维修", "judged by repairs"), "topic_mentions": Text("个看客户声音", "judged by customer voices")}
KINDS = {
    "product_bug": Text("个看一线上报的故障", "judged by frontline bug reports"),
    "process_suggestion": Text("个看一线上报的流程建议", "judged by frontline process suggestions"),
    "competitor_intel": Text("个看一线上报的竞品情报", "judged by frontline competitor reports"),
}


@dataclass(frozen=True)
class Names:
    """Names of projects and departments in both languages."""

    projects: Mapping[str, Text]
    departments: Mapping[str, Text]

    def department(self, key: Any) -> Text:
        return Text("—", "—") if pd.isna(key) else self.departments.get(str(key), Text(str(key), str(key)))

    def project(self, key: str) -> Text:
        return self.projects.get(key, Text(key, key))


def names(projects: pd.DataFrame, departments: Mapping[str, Text], dictionary: Any | None, parts: Mapping[str, Text] | None = None) -> Names:
    """A project by its number and subject: the part where it is judged by repairs (as they write it, unless `parts` names it), else its topic.

    A part that has no English name is called by the topic of its project in English.
    """
    made = {}
    for row in projects.to_dict("records"):
        about = _topic(row["topic"], dictionary)
        if row["source"] == "repairs" and row["subject"]:
            about = (parts or {}).get(row["subject"], Text(row["subject"], about.en))
        made[row["project_id"]] = Text(f"{row['project_id']} {about.zh}".strip(), f"{row['project_id']} {about.en}".strip())
    return Names(made, departments)


def _topic(key: Any, dictionary: Any | None) -> Text:
    if pd.isna(key):
        return Text("", "")
    try:
        found = dictionary.name(str(key)) if dictionary is not None else Text(str(key), str(key))
    except ParameterError:  # a topic that the dictionary does not know
        found = Text(str(key), str(key))
    return Text(found.zh, found.en.replace("_", " "))


def source(name: str) -> Text:
    """How many projects are judged by a source."""
    table, _, kind = name.partition("/")
    return KINDS.get(kind, Text("个看一线上报", "judged by frontline reports")) if kind else PLACES[table]
