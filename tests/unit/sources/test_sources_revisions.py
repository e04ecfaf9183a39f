"""Repeated tickets and cases: the state changed last is kept, whatever its fullness, where every state says when it was changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shop_mapping import SHOP

from voclib.errors import DataError
from voclib.sources.pool import Pool, ingest

CASES = SHOP + """
  - channel: ticket
    files: FILES
    tables:
      cases:
        columns: {case_id: id, topic: subject, severity: priority, opened_at: created_at, resolved_at: solved_at}
        constants: {owner_department: service, description: none}
"""
HEAD = "id,subject,priority,created_at,solved_at,{}\n"


def _ingest(folder: Path, mapping: str, **files: str) -> Pool:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, "utf-8")
    (folder / "shop.yml").write_text(mapping, "utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def _states(*times: str, heading: str = "updated_at") -> str:
    """A ticket that was solved, and reopened later: the fuller state is the older one."""
    solved, reopened = times
    return (HEAD.format(heading) + f"77,Noise,high,2026-03-01 09:00,2026-03-03 10:00,{solved}\n77,Noise,high,2026-03-01 09:00,,{reopened}\n"
            "78,Wait,low,2026-03-02 09:00,2026-03-02 12:00,2026-03-02 12:00\n")


@pytest.mark.parametrize(("heading", "times"), [
    ("updated_at", ("2026-03-03T02:00:00Z", "2026-03-05T01:00:00Z")), ("Last Modified Date", ("2026-03-03 10:00", "2026-03-05 09:00")),
    ("更新时间", ("2026年3月3日 10:00", "2026/3/5 上午9:00")), ("最后修改时间", ("46084.4", "46086.3"))])
def test_the_state_changed_last_is_kept(tmp_path, heading, times):
    pool = _ingest(tmp_path, CASES.replace("FILES", "cases.csv"), cases__csv=_states(*times, heading=heading))
    cases = pool.tables["cases"].set_index("case_id")
    assert cases["resolved_at"].isna().tolist() == [True, False]  # the fullest row says that 77 is settled
    assert pool.scorecard["tables"]["cases"]["superseded"] == pool.scorecard["tables"]["cases"]["conflicting_duplicates"] == 1
    assert "the row updated last is kept" in pool.summary("en") and "最后更新的一行" in pool.summary("zh")
    assert heading not in pool.scorecard["files"][0]["ignored_columns"]


def test_weekly_exports_of_one_ticket_are_its_history(tmp_path):
    record = {"id": 77, "subject": "Noise", "priority": "high", "created_at": "2026-03-01T01:00:00Z", "solved_at": None}
    states = [record | {"updated_at": "2026-03-01T03:00:00Z"}, record | {"solved_at": "2026-03-04T01:00:00Z", "updated_at": "2026-03-04T01:00:00Z"},
              record | {"priority": "low", "updated_at": "2026-03-06T01:00:00Z"}]
    files = {f"week{number}__jsonl": json.dumps(state) + "\n" for number, state in enumerate(states)}
    pool = _ingest(tmp_path, CASES.replace("FILES", "week*.jsonl"), **files)
    kept = pool.tables["cases"]
    assert kept["severity"].tolist() == ["low"] and kept["resolved_at"].isna().all()


def test_a_state_that_comes_back_counts_from_when_it_came_back(tmp_path):
    """Waiting, answered, waiting again: a table of distinct rows holds the two contents once, and the first is the later one too."""
    rows = "".join(f"77,{product},{day}\n" for product, day in (("E7", "2026-03-01"), ("E9", "2026-03-02"), ("E7", "2026-03-03")))
    mapping = SHOP + """
  - channel: ticket
    files: t.csv
    tables:
      customers:
        columns: {customer_id: who, product: car}
        constants: {segment: all, is_churned: 0}
        distinct: true
"""
    pool = _ingest(tmp_path, mapping, t__csv=f"who,car,updated_at\n{rows}")
    assert pool.tables["customers"]["product"].tolist() == ["E7"]


def test_where_a_state_does_not_say_when_the_fullest_is_kept(tmp_path):
    pool = _ingest(tmp_path, CASES.replace("FILES", "cases.csv"), cases__csv=_states("2026-03-03 10:00", ""))
    assert pool.tables["cases"]["resolved_at"].notna().all() and "most cells filled" in pool.summary("en")


def test_times_of_update_that_cannot_be_read_are_told(tmp_path):
    pool = _ingest(tmp_path, CASES.replace("FILES", "cases.csv"), cases__csv=_states("3/3/26 10:00", "3/5/26 9:00"))
    assert "times of update that cannot be read" in pool.summary("en") and "updated_at: 2" in pool.summary("en")
    assert "更新时间读不出" in pool.summary("zh")


def test_the_mapping_may_name_the_column(tmp_path):
    named = CASES.replace("FILES", "cases.csv\n    updated: stamp")
    pool = _ingest(tmp_path, named, cases__csv=_states("2026-03-03", "2026-03-05", heading="stamp"))
    assert pool.tables["cases"]["resolved_at"].isna().sum() == 1
    with pytest.raises(DataError, match="updated is 'stamp', which is not a column there; did you mean 'stamps'"):
        _ingest(tmp_path, named, cases__csv=_states("2026-03-03", "2026-03-05", heading="stamps"))
