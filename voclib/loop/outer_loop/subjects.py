"""What a project is about, and the table whose rows speak of it: a part of repairs, a topic of frontline reports, or a topic of voices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.schema import dates

Tables = Mapping[str, pd.DataFrame]
REPAIRS, REPORTS, VOICES = "repairs", "frontline_reports", "topic_mentions"
NEEDED = ("project_id", "chartered_on", "landed_on")


@dataclass(frozen=True)
class Source:
    """Events that a table records: `events` (subject, on), one row an event; `steps` (N,) says of every row of the table why it is none."""

    table: str
    events: pd.DataFrame
    steps: np.ndarray


def projects(tables: Tables) -> pd.DataFrame:
    """The projects, sorted by number, columns that the standard lets be empty filled in.

    Raises
    ------
    DataError
        without a table of projects, with an empty one, or without the days of charter and go-live.
    """
    found = tables.get("projects")
    if found is None or found.empty:
        raise DataError("There is no table 'projects', or it is empty, so nothing has gone live. A list of projects makes one: map it in the rules "
                        "file of 'voc ingest' (project number, topic, chartered, due, landed; params/rules/sample.yml maps projects.csv).")
    if missing := [name for name in NEEDED if name not in found]:
        raise DataError(f"The table 'projects' lacks {', '.join(missing)}; it has {', '.join(map(str, found.columns))}. Map them in the rules file.")
    more = {name: pd.Series(pd.NA, found.index, dtype="str") for name in ("name", "topic", "owner_department", "measure") if name not in found}
    days = {name: pd.Series(pd.NaT, found.index) for name in ("due_on", "evaluated_on") if name not in found}
    return found.assign(**more, **days).sort_values("project_id", ignore_index=True)


def find(tables: Tables, given: pd.DataFrame, *, timezone: str = "") -> tuple[pd.DataFrame, dict[str, Source]]:
    """The projects with `source` (name of a source, "" where none speaks of the subject) and `subject`, and the sources that are used.

    The measure that a project is judged by decides: where it, or else the name, says one part that `repairs` knows, its events are the repairs of
    that part. Else the topic is looked for among frontline reports, of the kind that names it most, then among voices. Choosing the table by what
    the project says of itself, and not by which shows more, leaves nothing to pick.
    """
    timezone = dates.zone(tables, timezone)
    parts = _parts(tables)
    kinds, topics = _kinds(tables), _topics(tables)
    rows = []
    for row in given.to_dict("records"):
        part = _named(row, parts)
        topic = "" if pd.isna(row["topic"]) else str(row["topic"])
        if part:
            rows.append((REPAIRS, part))
        elif topic in kinds:
            rows.append((f"{REPORTS}/{kinds[topic]}", topic))
        else:
            rows.append((VOICES, topic) if topic in topics else ("", ""))
    made = given.assign(source=[a for a, _ in rows], subject=[b for _, b in rows])
    names = sorted(set(made["source"]) - {""})
    return made, {name: _source(tables, name, timezone) for name in names}


def _parts(tables: Tables) -> list[str]:
    """Names of parts, the longest first, so that one inside another does not stand for it."""
    found = tables.get("repairs")
    if found is None or "part" not in found or found["repaired_at"].isna().all():
        return []
    return sorted(map(str, found["part"].dropna().unique()), key=lambda name: (-len(name), name))


def _named(row: Mapping[str, object], parts: list[str]) -> str:
    for column in ("measure", "name"):
        said = row.get(column)
        hits = [] if pd.isna(said) else [part for part in parts if part in str(said)]
        hits = [part for part in hits if not any(part in other and part != other for other in hits)]
        if len(hits) == 1:
            return hits[0]
    return ""


def _kinds(tables: Tables) -> dict[str, str]:
    """Topic of frontline reports → the kind that names it most."""
    found = tables.get("frontline_reports")
    if found is None or "topic" not in found or "kind" not in found:
        return {}
    sizes = found.dropna(subset=["topic", "kind"]).groupby(["topic", "kind"]).size().reset_index(name="n")
    sizes = sizes.sort_values(["n", "kind"], ascending=[False, True]).drop_duplicates("topic")
    return dict(zip(sizes["topic"].astype(str), sizes["kind"].astype(str), strict=True))


def _topics(tables: Tables) -> set[str]:
    found = tables.get("topic_mentions")
    return set() if found is None or "responses" not in tables else set(found["topic"].dropna().astype(str))


def _source(tables: Tables, name: str, timezone: str) -> Source:
    """The events of a source."""
    if name == REPAIRS:
        found, subject, when = tables["repairs"], tables["repairs"]["part"], tables["repairs"]["repaired_at"]
        steps = np.select([when.isna(), subject.isna()], ["undated", "unnamed"], "")
    elif name.startswith(REPORTS):
        found = tables["frontline_reports"]
        subject, when = found["topic"], found["reported_at"]
        again = found["duplicate_of_report_id"].notna() if "duplicate_of_report_id" in found else pd.Series(False, found.index)
        other = ~found["kind"].eq(name.split("/")[1]).fillna(False)
        steps = np.select([other, when.isna(), subject.isna(), again], ["kind", "undated", "unnamed", "repeated"], "")
    else:
        found, voices = tables["topic_mentions"], tables["responses"].drop_duplicates("response_id").set_index("response_id")["submitted_at"]
        subject, when = found["topic"], found["response_id"].map(voices).astype(tables["responses"]["submitted_at"].dtype)
        pleased = found["sentiment"].eq("positive").fillna(False) if "sentiment" in found else pd.Series(False, found.index)
        steps = np.select([pleased, when.isna(), subject.isna()], ["pleased", "undated", "unnamed"], "")
    kept = steps == ""
    day = when[kept].dt.tz_convert(timezone).dt.tz_localize(None).dt.normalize()
    events = pd.DataFrame({"subject": subject[kept].astype(str).to_numpy(), "on": day.to_numpy()})
    return Source(name.split("/")[0], events, steps.astype(object))
