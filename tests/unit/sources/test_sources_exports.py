"""Exports as the tools that teams use write them: what each says of its rows is read, asked about or told, and never lost in silence."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml

from voclib.errors import DataError, ParameterError
from voclib.sources import ingest
from voclib.stats import metrics

HEAD = {"name": "shop", "company": {"zh": "小店", "en": "Shop"}, "pseudonym_key": "a-key-of-some-length"}


def _taken(folder: Path, *sources: dict, **top: str):
    """The pool of a mapping with these sources, read from the files in `folder`."""
    (folder / "shop.yml").write_text(yaml.safe_dump({**HEAD, **top, "sources": list(sources)}, allow_unicode=True), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def _written(folder: Path, name: str, *lines: str) -> str:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


def _waves(folder: Path, *lines: str):
    return _taken(folder, {"channel": "employee", "files": _written(folder, "waves.csv", "门店,期次,邀请,回收", *lines), "tables": {
        "units": {"columns": {"unit_id": "门店", "name": "门店"}, "constants": {"kind": "dealer", "region": "东"}, "distinct": True},
        "employee_waves": {"columns": {"unit_id": "门店", "wave_month": "期次", "invited_n": "邀请", "returned_n": "回收"}}}})


def test_a_wave_by_quarter_is_taken_in_and_one_by_half_year_asked_about(tmp_path):
    pool = _waves(tmp_path, "A,2025年三季度,20,9", "A,Q4 2025,20,9", "B,2025H1,20,9")
    assert pool.tables["employee_waves"]["wave_month"].tolist() == ["2025-07", "2025-10"]
    assert pool.repairs["problem"].tolist() == ["quarter read as its first month"] * 2
    assert 'values: {wave_month: {"2025H1": ?}}' in pool.findings("en")


def test_languages_as_survey_tools_and_app_stores_write_them(tmp_path):
    words = {"EN": "en", "ZH-S": "zh", "zh-CN": "zh", "En": "en", "en": "en", "DE": "other", "iw": "other", "fil": "other", "in": "other"}
    lines = [f"{n},{word},好" for n, word in enumerate(words)]
    pool = _taken(tmp_path, {"channel": "survey", "files": _written(tmp_path, "a.csv", "id,lang,said", *lines), "tables": {"responses": {
        "columns": {"response_id": "id", "language": "lang", "comment": "said"}, "constants": {"channel": "survey"}}}})
    made = pool.tables["responses"].sort_values("response_id")["language"]
    assert made.tolist() == list(words.values()) and len(pool.quarantine) == 0
    assert len(pool.repairs) == len(words) - 1


def test_a_question_that_wjx_skipped_is_no_answer_of_a_customer(tmp_path):
    words = ("(跳过)", "（空）", "(空)", "无", "空")
    pool = _taken(tmp_path, {"channel": "survey", "files": _written(tmp_path, "a.csv", "序号,1、推荐？,2、原因,3、服务", *(
        f"{n},{n if n > 2 else word},{word},{word}" for n, word in enumerate(words))), "tables": {"responses": {"columns": {
            "response_id": "序号", "nps_score": "1、推荐？", "comment": "2、原因", "segment": "3、服务"}, "constants": {"channel": "survey"}}}})
    made = pool.tables["responses"].sort_values("response_id")
    assert made["comment"].isna().tolist() == [True] * 3 + [False] * 2  # who wrote 无 did answer
    assert made["segment"].isna().tolist() == [True] * 4 + [False] and made["nps_score"].isna().tolist() == [True] * 3 + [False] * 2
    assert len(pool.quarantine) == 0 and pool.repairs.groupby("column").size().to_dict() == {"comment": 3, "nps_score": 3, "segment": 4}


def test_an_item_marked_as_not_answered_is_left_out_like_an_empty_one(tmp_path):
    pool = _taken(tmp_path, {"channel": "employee", "items": ["Q1", "Q2"], "files": _written(
        tmp_path, "staff.csv", "id,店,期,时,Q1,Q2", "a,A,2025-07,2025-07-05,4,—", "b,A,2025-07,2025-07-06,-,-"), "tables": {
        "units": {"columns": {"unit_id": "店", "name": "店"}, "constants": {"kind": "dealer", "region": "东"}, "distinct": True},
        "employee_surveys": {"columns": {"employee_response_id": "id", "unit_id": "店", "wave_month": "期", "submitted_at": "时",
                                         "item_code": "_item", "value": "_value"}, "constants": {"is_manager": 0}}}})
    assert pool.tables["employee_surveys"]["value"].tolist() == [4.0]
    assert pool.quarantine["reason"].tolist() == ["no item is answered"]


def _qualtrics(folder: Path, zone: str, **source: str):
    machine = [json.dumps({"ImportId": name, **({"timeZone": zone} if name == "recordedDate" else {})}).replace('"', '""')
               for name in ("recordedDate", "status", "_recordId", "QID1")]
    lines = ["RecordedDate,Status,ResponseId,Q1", "Recorded Date,Response Type,Response ID,How likely?", ",".join(f'"{one}"' for one in machine),
             *(f"2026-03-01 10:0{n}:00,{kind},R_{n},9" for n, kind in enumerate(("IP Address", "Survey Preview", "0", "1", "Imported")))]
    return _taken(folder, {"channel": "survey", "files": _written(folder, "q.csv", *lines), "tables": {"responses": {
        "columns": {"response_id": "ResponseId", "submitted_at": "RecordedDate", "nps_score": "Q1"}, "constants": {"channel": "survey"}}}, **source})


def test_a_zone_that_the_export_names_is_asked_about_where_the_mapping_has_another(tmp_path):
    with pytest.raises(DataError, match=r"q.csv: the export says that its times are in America/Denver, and the mapping reads them in Asia/Shanghai; "
                                        r"add to this source  timezone: America/Denver  , or  timezone: Asia/Shanghai  if they are not"):
        _qualtrics(tmp_path, "America/Denver")
    moved = _qualtrics(tmp_path, "America/Denver", timezone="America/Denver").tables["responses"]["submitted_at"]
    assert moved[0] == pd.Timestamp("2026-03-01 17:00", tz="UTC")
    kept = _qualtrics(tmp_path, "America/Denver", timezone="Asia/Shanghai").tables["responses"]["submitted_at"]
    assert kept[0] == pd.Timestamp("2026-03-01 02:00", tz="UTC") == _qualtrics(tmp_path, "Asia/Chongqing").tables["responses"]["submitted_at"][0]
    with pytest.raises(DataError, match="timezone: UTC"):
        _qualtrics(tmp_path, "Z")


def test_answers_of_the_makers_of_a_survey_are_set_aside(tmp_path):
    pool = _qualtrics(tmp_path, "Asia/Shanghai")
    assert pool.tables["responses"]["response_id"].tolist() == ["R_0", "R_2", "R_4"]
    assert pool.quarantine["reason"].tolist() == ["an answer to a preview or a test of the survey"] * 2


def _said_at(folder: Path, *times: str, **table: object) -> pd.Series:
    pool = _taken(folder, {"channel": "survey", "files": _written(folder, "t.csv", "id|at", *(f"{n}|{at}" for n, at in enumerate(times))), "tables": {
        "responses": {"columns": {"response_id": "id", "submitted_at": "at"}, "constants": {"channel": "survey"}, **table}}})
    return pool.tables["responses"].set_index("response_id")["submitted_at"]


@pytest.mark.parametrize(("text", "pattern"), [("2026-03-01T10:00:00Z", "%Y-%m-%dT%H:%M:%SZ"), ("13/03/2026 10:00 UTC", "%d/%m/%Y %H:%M UTC"),
                                               ("13.03.2026 10:00 GMT", "%d.%m.%Y %H:%M GMT")])
def test_a_zone_written_into_a_pattern_is_a_zone(tmp_path, text: str, pattern: str):
    assert _said_at(tmp_path, text, formats={"submitted_at": pattern})["0"].hour == 10


def test_a_pattern_cannot_read_the_names_of_zones(tmp_path):
    with pytest.raises(ParameterError, match="names a zone, which is read otherwise on another computer"):
        _said_at(tmp_path, "2026-03-01 10:00 UTC", formats={"submitted_at": "%Y-%m-%d %H:%M %Z"})


@pytest.mark.parametrize(("text", "hour"), [
    ("2026-03-01 10:00:00+08", 2), ("2026-03-01 10:00:00.123-05", 15), ("2026-03-01T10:00:00+08:00[Asia/Shanghai]", 2),
    ("2026-03-01T10:00:00Z[UTC]", 10), ("2026/3/1 10:00+0800", 2)])
def test_offsets_as_databases_write_them(tmp_path, text: str, hour: int):
    assert _said_at(tmp_path, text)["0"].hour == hour


def test_a_zone_of_letters_is_named_in_the_reason_with_its_cure(tmp_path):
    lines = ["0|2026-03-01 10:00:00 CST", "1|2026-03-01T02:00:00Z", "2|2026-03-01 10:00 (EST)", "3|2026-03-01", "4|no day CST"]
    pool = _taken(tmp_path, {"channel": "survey", "files": _written(tmp_path, "t.csv", "id|at", *lines), "tables": {"responses": {
        "columns": {"response_id": "id", "submitted_at": "at"}, "constants": {"channel": "survey"}}}})
    reasons = pool.quarantine.sort_values("row")["reason"].tolist()
    assert pool.tables["responses"]["response_id"].tolist() == ["1", "3"] and reasons[2].startswith("submitted_at: not a date and time")
    assert reasons[0].startswith("submitted_at: zone 'CST' has no offset (export times with an offset") and "zone 'EST' has no offset" in reasons[1]
    said = _said_at(tmp_path, "2026-03-01 10:00:00 CST", formats={"submitted_at": "%Y-%m-%d %H:%M:%S CST"})  # as the reason says
    assert said["0"] == pd.Timestamp("2026-03-01 02:00", tz="UTC")


def _stores(folder: Path, *last: str, suffix: str = ".csv"):
    months = [(n, month) for n in range(1, 9) for month in range(1, 13)]
    lines = ["门店,月份,客流,收入,促销,翻新,换店长", *(f"店{n},2025-{month:02d},{100 + n},{1000 * n},0,0,0" for n, month in months), *last]
    name = f"ops{suffix}"
    if suffix == ".xlsx":
        book = openpyxl.Workbook()
        for line in lines:
            book.active.append([cell or None for cell in line.split(",")])
        book.save(folder / name)
    return _taken(folder, {"channel": "operations", "files": name if suffix == ".xlsx" else _written(folder, name, *lines), "tables": {
        "units": {"columns": {"unit_id": "门店", "name": "门店"}, "constants": {"kind": "dealer", "region": "东"}, "distinct": True},
        "operations": {"columns": {"unit_id": "门店", "month": "月份", "footfall": "客流", "revenue_cny": "收入", "is_promotion": "促销",
                                   "is_refurbished": "翻新", "is_manager_changed": "换店长"}}}})


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize(("row", "why"), [
    ("合计,2025-01,800,36000,0,0,0", "a row of totals, not of data"), ("Grand Total,2025-12,800,36000,0,0,0", "a row of totals, not of data"),
    ("店8 小计,,800,36000,0,0,0", "a row of totals, not of data"), ("Total：,,800,36000,,,", "a row of totals, not of data"),
    ("平均,,100,4500,0,0,0", "a row of totals, not of data"), ("注：收入不含税,,,,,,", "a note below the table, not a row of data")])
def test_a_row_that_sums_up_the_others_is_no_store(tmp_path, row: str, why: str, suffix: str):
    pool = _stores(tmp_path, row, suffix=suffix)
    assert len(pool.tables["units"]) == 8 and pool.tables["operations"]["revenue_cny"].sum() == 12 * 36_000
    assert pool.quarantine["reason"].tolist() == [why] and pool.quarantine["row"].tolist() == [98]


@pytest.mark.parametrize("name", ["Total Energies", "总计算力店", "Total", "平均"])
def test_a_store_may_be_called_nearly_so(tmp_path, name: str):
    pool = _stores(tmp_path, f"{name},2025-01,80,36,0,0,0")
    assert len(pool.tables["units"]) == 9 and pool.quarantine.empty


def test_where_such_words_are_the_answers_they_stay(tmp_path):
    lines = [f"{('Total', '小计', 'Average', 'ARAL')[n % 4]},R{n},{n % 11}" for n in range(80)]
    pool = _taken(tmp_path, {"channel": "survey", "files": _written(tmp_path, "a.csv", "brand,id,nps", *lines), "tables": {"responses": {
        "columns": {"response_id": "id", "nps_score": "nps", "segment": "brand"}, "constants": {"channel": "survey"}}}})
    assert len(pool.tables["responses"]) == 80


def test_a_hidden_count_is_set_aside_with_what_that_does(tmp_path):
    pool = _waves(tmp_path, "A,2025-07,20,9", "B,2025-07,6,<5")
    reason, = pool.quarantine["reason"]
    assert reason.startswith("returned_n: only a bound is given (ask the sender for the number: bounds hide the small ones")
    assert 'values: {returned_n: {"<5": 3}}' in reason


def _groups(folder: Path, **table: object):
    groups = ("Promoter (9-10)", "Passive (7-8)", "Detractor (0-6)", "Promoter (9-10)") * 5
    return _taken(folder, {"channel": "survey", "files": _written(folder, "m.csv", "id,NPS", *(f"{n},{group}" for n, group in enumerate(groups))),
                           "tables": {"responses": {"columns": {"response_id": "id", "nps_score": "NPS"}, "constants": {"channel": "survey"},
                                                    **table}}})


def test_groups_of_nps_are_no_answers_and_the_line_offered_keeps_the_nps(tmp_path):
    line = '{"Detractor (0-6)": 3, "Passive (7-8)": 8, "Promoter (9-10)": 10}'
    with pytest.raises(DataError, match="they are the groups of customers that NPS is counted from.*Map the column that holds the answer") as refused:
        _groups(tmp_path)
    assert f"values: {{nps_score: {line}}}" in str(refused.value)
    assert metrics.nps(_groups(tmp_path, values={"nps_score": json.loads(line)}).tables["responses"]).value == 25


def test_a_question_mark_without_quotes_is_answered_with_the_quotes(tmp_path):
    (tmp_path / "shop.yml").write_text("name: shop\nsources:\n- {files: How likely?}\n", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"shop.yml line 3: .*; a name that holds one of  : , \? # .* stands in quotes"):
        ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out")


def test_fields_that_zendesk_lists_are_columns(tmp_path):
    tickets = [{"id": 100 + n, "made": "2026-03-01T10:00:00Z", "custom_fields": [{"id": 360001, "value": f"D{n}"}, {"id": 360002, "value": None}],
                "tags": ["vip"], "events": [{"id": 1, "value": 2}, {"id": 1, "value": 3}]} for n in range(3)]
    name = _written(tmp_path, "z.jsonl", *map(json.dumps, tickets))
    columns = {"case_id": "id", "opened_at": "made", "topic": "custom_fields.360001", "description": "tags"}
    cases = {"columns": columns, "constants": {"severity": "low", "owner_department": "IT"}}
    made = _taken(tmp_path, {"channel": "ticket", "files": name, "tables": {"cases": cases}}).tables["cases"]
    assert made["topic"].tolist() == ["D0", "D1", "D2"] and made["description"].tolist() == ['["vip"]'] * 3
    cases["columns"] = columns | {"description": "events"}  # an id that stands twice names no field
    assert _taken(tmp_path, {"channel": "ticket", "files": name, "tables": {"cases": cases}}).tables["cases"]["description"][0].startswith("[{")
    cases["columns"] = columns | {"topic": "custom_fields"}
    with pytest.raises(DataError, match="no column 'custom_fields'.*custom_fields.360001"):
        _taken(tmp_path, {"channel": "ticket", "files": name, "tables": {"cases": cases}})


def test_a_row_a_turn_is_pointed_to_the_turns(tmp_path):
    source = {"channel": "call", "files": _written(tmp_path, "calls.csv", "call,who,said", *(f"C{n // 4},a,line {n}" for n in range(20))), "tables": {
        "responses": {"columns": {"response_id": "call", "comment": "said"}, "constants": {"channel": "call"}}}}
    told = _taken(tmp_path, source).findings("en")
    assert "response_id: duplicate key: 15 rows" in told and "the mapping may say  turns: {by: ?, speaker: ?, text: ?}" in told
    _written(tmp_path, "calls.csv", "call,who,said", *(f"C{n // 2},a,line {n}" for n in range(20)))  # a call told twice is none
    assert "turns:" not in _taken(tmp_path, source).findings("en")


def test_options_of_surveymonkey_are_called_after_their_question(tmp_path):
    lines = ["Respondent ID,Which did you use?,,,How likely?,Why?", ",Test drive,Service,Other (please specify),Response,Open-Ended Response",
             *(f"{118000 + n},,{'Service' if n % 2 else ''},,{n % 11},fine" for n in range(12))]
    pool = _taken(tmp_path, {"channel": "survey", "files": _written(tmp_path, "sm.csv", *lines), "tables": {"responses": {
        "columns": {"response_id": "Respondent ID", "nps_score": "How likely?", "segment": "Which did you use? - Service"},
        "constants": {"channel": "survey"}}}})
    assert pool.tables["responses"]["segment"].notna().sum() == 6
    assert "Which did you use? - Other (please specify)" in pool.summary("en")


def test_months_that_excel_kept_as_day_numbers_are_months(tmp_path):
    pool = _waves(tmp_path, "A,45839,20,9", "A,45931,20,9", "B,202507,20,9", "B,2025-10,20,9", "C,45839.0,20,9")
    assert sorted(pool.tables["employee_waves"]["wave_month"]) == ["2025-07"] * 3 + ["2025-10"] * 2
    assert (pool.repairs["problem"] == "Excel day number read as a date").sum() == 3
