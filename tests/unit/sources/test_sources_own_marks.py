"""Rows that a survey tool marks as spam, previews or tests: set aside as the tool or the mapping says, and told where nobody does."""

from __future__ import annotations

import json

import pytest
from shop_mapping import SHOP

from voclib.errors import DataError
from voclib.sources import ingest

MAPPING = SHOP + """
  - channel: survey
    files: a.csv
    MORE
    tables:
      responses:
        columns: {response_id: ResponseId, nps_score: Q1}
        constants: {channel: survey}
"""


def _pool(folder, *lines, more=""):
    (folder / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "shop.yml").write_text(MAPPING.replace("MORE", more), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


WJX = ["ResponseId,Q1,来源", "1,9,微信", "2,10,测试答卷", "3,8,手机提交", "4,0,预览", "5,3,微信"]


def test_marks_that_nobody_set_aside_are_told_with_the_line_that_does(tmp_path):
    pool = _pool(tmp_path, *WJX)
    told = "a.csv: “来源” marks 2 row(s) as 测试答卷, 预览, and they count as answers; if no customer gave them, write  "
    line = pool.findings("en").partition(told)[2].partition("\n")[0]
    assert len(pool.tables["responses"]) == 5 and line == 'set_aside: {"来源": ["测试答卷", "预览"]}' and line in pool.findings("zh")
    mended = _pool(tmp_path, *WJX, more=line)
    assert mended.tables["responses"]["response_id"].tolist() == ["1", "3", "5"] and mended.scorecard["totals"]["quarantined"] == 2
    assert mended.quarantine["reason"].tolist() == [f"来源 is '{word}', which the mapping sets aside" for word in ("测试答卷", "预览")]
    assert "” marks" not in mended.findings("en") and "来源" not in str(mended.scorecard["files"][0]["ignored_columns"])


@pytest.mark.parametrize("column", ["ResponseId,Q1,Kind of service", "ResponseId,Q1,Type"])
def test_what_customers_did_is_no_mark(tmp_path, column):
    assert "” marks" not in _pool(tmp_path, column, "1,9,test drive", "2,8,preview day", "3,7,repair").findings("en")


def test_a_column_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="no column 'Status'"):
        _pool(tmp_path, *WJX, more="set_aside: {Status: Spam}")


def test_qualtrics_says_itself_what_is_spam_and_what_a_preview(tmp_path):
    names = {"Status": "status", "ResponseId": "_recordId", "DistributionChannel": "distributionChannel", "Q1": "QID1"}
    quoted = ",".join('"' + json.dumps({"ImportId": one}).replace('"', '""') + '"' for one in names.values())
    rows = ["IP Address,R1,anonymous,9", "Spam,R2,anonymous,10", "8,R3,email,10", "0,R4,preview,10", "0,R5,email,2"]
    pool = _pool(tmp_path, ",".join(names), "Response Type,Response ID,Distribution Channel,How likely?", quoted, *rows)
    assert pool.tables["responses"]["response_id"].tolist() == ["R1", "R5"]
    spam, test = "an answer that the survey tool marks as spam", "an answer to a preview or a test of the survey"
    assert sorted(pool.quarantine["reason"]) == [spam, spam, test]


def test_a_record_of_many_turns_is_set_aside_once(tmp_path):
    calls = [{"id": f"C{n}", "kind": kind, "turns": [{"who": "a", "said": f"line {i}"} for i in range(3)]} for n, kind in enumerate(("live", "Test"))]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, calls)), encoding="utf-8")
    (tmp_path / "shop.yml").write_text(SHOP + """
  - channel: call
    files: a.jsonl
    set_aside: {kind: test}
    turns: {list: turns, speaker: who, text: said}
    tables:
      responses: {columns: {response_id: id, comment: _said}, constants: {channel: call}, distinct: true}
""", encoding="utf-8")
    pool = ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out")
    assert pool.tables["responses"]["response_id"].tolist() == ["C0"] and len(pool.quarantine) == 1
