"""From exports to a pool: nothing is lost, nothing personal gets out, and the order of rows does not matter."""

from __future__ import annotations

import json
import random

import pytest
from shop_mapping import SHOP

from voclib.errors import DataError, ParameterError
from voclib.schema import content_hash, store
from voclib.sources import ingest

MAPPING = SHOP + """
  - channel: master
    files: customers.csv
    tables:
      customers: {columns: {customer_id: 客户, segment: 客群, is_churned: 流失}}
  - channel: survey
    files: survey_*.csv
    missing: ["不详"]
    tables:
      units:
        columns: {unit_id: 门店, name: 门店}
        constants: {kind: dealer, region: 华东}
        distinct: true
      responses:
        columns: {response_id: 编号, customer_id: 客户, unit_id: 门店, submitted_at: 时间, nps_score: 分, comment: 原话}
        constants: {channel: survey, language: zh}
        values: {nps_score: {满分: 10}}
  - channel: post
    files: posts.jsonl
    make_id: [time, text]
    timezone: UTC
    tables:
      responses:
        columns: {response_id: _id, submitted_at: time, comment: text}
        constants: {channel: post}
"""
CUSTOMERS = "客户,客群,流失\n" + "".join(f"C{n},A,{'是' if n % 3 == 0 else '否'}\n" for n in range(40))
SURVEY = ["编号,客户,门店,时间,分,原话,国家",
          *(f"R{n},C{n},店{n % 3},2026-01-{n % 28 + 1:02d} 10:00,{n % 11},第{n}次来，服务不错,中国" for n in range(40)),
          "R1,C1,店1,2026-01-02 10:00,1,,中国", "R2,C2,店2,2026-01-03 10:00,7,第二次来，服务不错啊啊,中国",
          "R50,C999,店1,2026-01-02 10:00,９,电话13800138000,中国",
          "R51,C3,店1,2026-01-02 10:00,11,找我a@b.cn,中国", "R52,C4,店1,2026-01-02 10:00,满分,不详,中国", "R53,C5,店1,,5,=cmd|'/C calc'!A0,中国",
          "R54,C6,店1,2026-01-02 10:00,5", "@SUM(A1),C7,店2,昨天,5,<script>alert(1)</script>,中国"]
POSTS = [json.dumps({"time": "2026-02-01 00:30", "text": text}, ensure_ascii=False) for text in ("京A12345又坏了", "京A12345又坏了", "还行")]


def _company(folder, *, seed=None, mapping=MAPPING):
    folder.mkdir(exist_ok=True)
    heading, *rows = SURVEY
    posts = list(POSTS)
    customers = CUSTOMERS.splitlines()
    if seed is not None:
        random.Random(seed).shuffle(rows)
        random.Random(seed).shuffle(posts)
        customers = [customers[0], *random.Random(seed).sample(customers[1:], len(customers) - 1)]
    (folder / "customers.csv").write_text("\n".join(customers), encoding="utf-8")
    (folder / "survey_1.csv").write_bytes("\n".join([heading, *rows]).encode("gb18030"))
    (folder / "posts.jsonl").write_text("\n".join(posts), encoding="utf-8")
    (folder / "shop.yml").write_text(mapping, encoding="utf-8")
    return folder


def _ingest(folder, **settings):
    return ingest(folder / "shop.yml", root=folder, out=folder / "out", **settings)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return _ingest(_company(tmp_path_factory.mktemp("shop")))


def test_every_row_is_accepted_or_set_aside_with_its_reason(pool):
    for entry in (*pool.scorecard["files"], pool.scorecard["totals"]):
        assert entry["rows_read"] == entry["accepted"] + entry["quarantined"]
    survey = next(entry for entry in pool.scorecard["files"] if entry["channel"] == "survey")
    assert (survey["rows_read"], survey["quarantined"], survey["unreadable"]) == (48, 5, 1)
    aside = pool.quarantine[pool.quarantine["channel"] == "survey"].set_index("row")["reason"].to_dict()
    assert aside[48] == "5 cells where the heading has 7"
    assert aside[45] == "nps_score: outside 0–10" and "submitted_at: not a date and time" in aside[49]
    assert sum(reason == "response_id: duplicate key" for reason in aside.values()) == 2
    assert (pool.quarantine["reason"] != "").all()


def test_repairs_and_recoded_values_are_counted(pool):
    found = pool.repairs[pool.repairs["channel"] == "survey"]
    assert found.loc[found["column"] == "nps_score", "row"].tolist() == [44]
    answers = pool.tables["responses"].set_index("response_id")["nps_score"]
    assert (answers["R50"], answers["R52"]) == (9, 10)


def test_scorecard_names_what_was_not_used_and_what_is_odd(pool):
    survey = next(entry for entry in pool.scorecard["files"] if entry["channel"] == "survey")
    assert survey["ignored_columns"] == ["国家"] and list(survey["columns"]["constant"]) == ["国家"]
    assert survey["encoding"] == "gb18030" and survey["set_missing"] == {"原话": 1}
    channel = pool.scorecard["channels"]["survey"]
    assert channel["unmatched_customers"] == 1 and channel["voices_valid"] == 41
    assert channel["missing_required"] == [{"fields": "customer_id", "n": 1}, {"fields": "submitted_at | touched_at", "n": 1}]
    assert pool.scorecard["tables"]["responses"]["conflicting_duplicates"] == 2
    assert pool.scorecard["channels"]["post"]["redactions"]["plate"] == 2


def test_findings_name_the_reasons_and_the_file_of_what_was_set_aside(pool):
    for lang, head, line in (("zh", "全部见", "  response_id: duplicate key：{:,} 行"), ("en", "all in", "  response_id: duplicate key: {:,} rows")):
        told = pool.findings(lang).splitlines()
        n = (pool.quarantine["reason"] == "response_id: duplicate key").sum()
        assert f"{head} {pool.folder / 'quarantine.csv'}" in told[0] and told[1] == line.format(n)
        assert set(pool.summary(lang).splitlines()) >= set(told[6:]) and told[-1] == pool.summary(lang).splitlines()[-1]


def test_of_rows_that_share_a_key_the_fullest_is_kept(pool):
    comments = pool.tables["responses"].set_index("response_id")["comment"]
    assert comments["R1"] == "第1次来，服务不错"
    assert comments["R2"] == "第2次来，服务不错"


def test_nothing_personal_is_written(pool, tmp_path):
    folder = _company(tmp_path / "written")
    _ingest(folder)
    texts = "".join(path.read_text(encoding="utf-8") for path in (folder / "out").glob("*.*") if path.suffix in (".csv", ".json"))
    tables = store.read(folder / "out", "responses", "customers")
    texts += tables["responses"].to_csv() + tables["customers"].to_csv()
    for secret in ("13800138000", "a@b.cn", "京A12345", "C999", "C1,"):
        assert secret not in texts
    assert tables["customers"]["customer_id"].str.fullmatch(r"customer-[0-9a-f]{16}").all()
    assert str(tmp_path) not in texts


def test_hostile_text_stays_text(pool, tmp_path):
    assert pool.tables["responses"].set_index("response_id")["comment"]["R53"] == "=cmd|'/C calc'!A0"
    folder = _company(tmp_path / "hostile", mapping=MAPPING.replace("columns: {response_id: _id", "columns: {unit_id: text, response_id: _id"))
    (folder / "posts.jsonl").write_text('{"time": "=HYPERLINK(1)", "text": "@SUM(A1)"}\n', encoding="utf-8")
    _ingest(folder)
    rows = (folder / "out" / "quarantine.csv").read_text(encoding="utf-8-sig").splitlines()
    assert not any(cell.strip('"').startswith(("=", "+", "-", "@")) for row in rows for cell in row.split(","))
    repairs = (folder / "out" / "repairs.csv").read_text(encoding="utf-8-sig")
    assert "=HYPERLINK" not in repairs.replace("'=HYPERLINK", "")


def test_shuffled_rows_give_the_same_tables_and_scorecard(pool, tmp_path):
    for seed in (1, 2, 3):
        other = _ingest(_company(tmp_path / str(seed), seed=seed))
        assert content_hash(other.tables) == content_hash(pool.tables)
        assert other.scorecard == pool.scorecard


def test_a_second_run_writes_the_same_bytes(tmp_path):
    folder = _company(tmp_path / "again")
    seen = []
    for _ in range(2):
        _ingest(folder)
        seen.append({name: (folder / "out" / name).read_bytes() for name in ("scorecard.json", "quarantine.csv", "repairs.csv")})
    assert seen[0] == seen[1]


def test_times_are_read_in_the_zone_of_their_source(pool):
    table = pool.tables["responses"].set_index("response_id")
    assert table.loc["R0", "submitted_at"].isoformat() == "2026-01-01T02:00:00+00:00"
    posts = table[table["channel"] == "post"]["submitted_at"]
    assert {moment.isoformat() for moment in posts} == {"2026-02-01T00:30:00+00:00"}


def test_progress_and_summary(pool, tmp_path):
    seen = []
    _ingest(_company(tmp_path / "progress"), progress=lambda done, total, label: seen.append((done, total, label)))
    assert [done for done, _, _ in seen] == list(range(1, seen[0][1] + 1)) and seen[-1][2] == "writing"
    assert "小店：读入 91 行" in pool.summary("zh") and "脱敏不覆盖：人名" in pool.summary("zh")
    assert "Shop: 91 rows read" in pool.summary("en") and "columns not used: 国家" in pool.summary("en")
    with pytest.raises(ParameterError, match="language is 'fr'"):
        pool.summary("fr")


@pytest.mark.parametrize(("old", "new", "message"), [
    ("files: survey_*.csv", "files: surveys_*.csv", r"no file matches 'surveys_\*.csv' \(survey\); the folder '.' has: .*survey_1.csv"),
    ("nps_score: 分", "nps_score: 分数", "survey_1.csv has no column '分数'; .*columns there: 编号, 客户, 门店"),
    ("make_id: [time, text]", "make_id: [time, texts]", "posts.jsonl has no column 'texts'; did you mean 'text'"),
    ("files: posts.jsonl", "files: ../posts.jsonl", "leaves the root folder"),
    ("pseudonym_key: a-key-of-some-length", "", "no pseudonym key: VOC_PSEUDONYM_KEY is not set"),
    ("    missing: [\"不详\"]", "    join: {files: customer.csv, on: 客户}", "join: 'customer.csv' is not there; .*did you mean 'customers.csv'"),
])
def test_what_cannot_be_read_is_an_error_and_writes_nothing(tmp_path, monkeypatch, old, new, message):
    monkeypatch.delenv("VOC_PSEUDONYM_KEY", raising=False)
    assert old in MAPPING
    folder = _company(tmp_path / "bad", mapping=MAPPING.replace(old, new))
    with pytest.raises((DataError, ParameterError), match=message):
        _ingest(folder)
    assert not (folder / "out").exists()


def test_scores_on_another_scale_in_one_file_are_refused(tmp_path):
    folder = _company(tmp_path / "scale")
    rows = [f"S{n},C{n % 40},店1,2026-03-01 10:00,{n % 5 + 1},好,中国" for n in range(60)]
    (folder / "survey_2.csv").write_text("\n".join([SURVEY[0], *rows]), encoding="utf-8")
    with pytest.raises(DataError, match="survey_2.csv: responses.nps_score: scale looks like 1–5"):
        _ingest(folder)


def test_a_unit_told_twice_keeps_one_row_and_is_named(tmp_path):
    folder = _company(tmp_path / "conflict", mapping=MAPPING.replace("name: 门店}", "name: 国家}"))
    rows = [row.replace("店1", "店2").replace("中国", "法国") if row.startswith("R7,") else row for row in SURVEY]
    (folder / "survey_2.csv").write_text("\n".join(rows), encoding="utf-8")
    pool = _ingest(folder)
    aside = pool.quarantine[pool.quarantine["table"] == "units"]
    assert aside[["reason", "file"]].values.tolist() == [["unit_id: duplicate key", "survey_2.csv"]]
    told, = (item for item in pool.scorecard["doubts"] if item["doubt"] == "told_twice")
    assert told["units"] == [{"unit": "店2", "columns": [{"column": "name", "kept": "中国", "aside": ["法国"]}]}]


def test_optional_and_empty_sources_are_told_as_missing_and_silent(tmp_path):
    folder = _company(tmp_path / "silent", mapping=MAPPING.replace("files: posts.jsonl", "files: [posts.jsonl, chats.jsonl]\n    optional: true"))
    (folder / "posts.jsonl").write_text("", encoding="utf-8")
    card = _ingest(folder).scorecard
    assert [(entry["file"], entry["status"]) for entry in card["files"]][-1] == ("posts.jsonl", "silent")
    (folder / "posts.jsonl").unlink()
    card = _ingest(folder).scorecard
    assert [(entry["file"], entry["status"]) for entry in card["files"]][-2:] == [("posts.jsonl", "missing"), ("chats.jsonl", "missing")]
    assert "the folder '.' has: customers.csv" in card["files"][-1]["notes"][0]["what"]


def test_the_example_mapping_takes_a_users_own_csv(tmp_path):
    text = "问卷编号,客户编号,门店,大区,提交时间,推荐分,原话\n1,C1,甲店,华东,2026/1/5 9:30,10,好\n"
    (tmp_path / "survey_q1.csv").write_bytes(text.encode("gb18030"))
    pool = ingest("example", root=tmp_path, out=tmp_path / "out", key="a-key-of-some-length")
    row = pool.tables["responses"].iloc[0]
    assert (row["nps_score"], row["unit_id"], row["submitted_at"].isoformat()) == (10, "甲店", "2026-01-05T01:30:00+00:00")
    assert pool.scorecard["channels"]["survey"]["valid_share"] == 1


def test_join_keys_must_be_unique(tmp_path):
    folder = _company(tmp_path / "join", mapping=MAPPING.replace('    missing: ["不详"]', "    join: {files: extra.csv, on: 客户}"))
    (folder / "extra.csv").write_text("客户,等级\nC1,a\nC1,b\n", encoding="utf-8")
    with pytest.raises(DataError, match="'客户' of extra.csv is not unique \\(1 values appear more than once\\)"):
        _ingest(folder)
    (folder / "extra.csv").write_text("客户,等级\n C1 ,a\nC2,b\n", encoding="utf-8")
    entry = next(item for item in _ingest(folder).scorecard["files"] if item["channel"] == "survey")
    assert entry["rows_not_joined"] == 44 and "等级" in entry["ignored_columns"]
