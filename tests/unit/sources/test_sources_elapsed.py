"""Moments that a desk exports as minutes since the ticket came: added to it, empty while nothing has happened, set aside where unreadable."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from voclib.errors import ParameterError
from voclib.sources import ingest

MAPPING = """
name: desk
company: {zh: 台, en: Desk}
root: .
timezone: America/New_York
pseudonym_key: a-key-of-some-length
sources:
  - channel: ticket
    files: tickets.jsonl
    tables:
      cases:
        columns: {case_id: id, severity: priority, opened_at: at}
        elapsed: {responded_at: {after: opened_at, column: metric.minutes, unit: minutes}}
"""


def read(folder, rows, *, mapping=MAPPING):
    lines = [json.dumps({"id": n, "priority": "low", "at": at, "metric": {"minutes": took}}) for n, (at, took) in enumerate(rows)]
    (folder / "tickets.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "desk.yml").write_text(mapping, encoding="utf-8")
    return ingest(folder / "desk.yml", root=folder, out=folder / "out")


def test_minutes_until_the_first_reply_become_its_moment(tmp_path):
    rows = [("2026-01-25T03:30:23Z", 234), ("2026-01-25 22:30:23", 90.5), ("2026/1/25 3:30", "1,500"), ("2026-01-25T03:30:23+08:00", "2:30:10"),
            ("2026-01-25T03:30:23Z", None)]
    pool = read(tmp_path, rows)
    made = pool.tables["cases"].sort_values("case_id")
    took = (made["responded_at"] - made["opened_at"]).dt.total_seconds() / 60
    assert took.iloc[:4].round(3).tolist() == [234, 90.5, 1500, 150.167] and pd.isna(made["responded_at"].iloc[4])
    assert made["responded_at"].iloc[1] == pd.Timestamp("2026-01-26 05:00:53", tz="UTC"), "in the zone of the mapping, as the start is"
    assert pool.quarantine.empty and "metric.minutes" not in pool.findings("en")


def test_a_length_that_is_none_sets_its_row_aside(tmp_path):
    pool = read(tmp_path, [("2026-01-25T03:30:23Z", "soon"), ("2026-01-25T03:30:23Z", -5), ("2026-01-25T03:30:23Z", 5)])
    assert len(pool.tables["cases"]) == 1 and pool.quarantine["reason"].str.startswith("responded_at: not a date and time").all()


@pytest.mark.parametrize(("old", "new", "told"), [
    ("after: opened_at", "after: assigned_at", "not 'assigned_at'"), ("responded_at: {after", "severity: {after", "severity needs a column of times"),
    ("unit: minutes", "unit: fortnights", "unit"), ("responded_at: {after", "answered: {after", "'answered' is not a column there")])
def test_what_cannot_be_a_moment_is_refused_before_anything_is_read(tmp_path, old, new, told):
    with pytest.raises(ParameterError, match=told):
        read(tmp_path, [("2026-01-25T03:30:23Z", 5)], mapping=MAPPING.replace(old, new))
