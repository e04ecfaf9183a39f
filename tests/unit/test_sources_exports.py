"""Exports as the tools that teams use write them: what each says of its rows is read, asked about or told, and never lost in silence."""

from __future__ import annotations

from pathlib import Path

import yaml

from voclib.sources import ingest

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
    words = {"EN": "en", "ZH-S": "zh", "zh-CN": "zh", "En": "en", "en": "en", "DE": None, "iw": None, "fil": None, "in": None}
    lines = [f"{n},{word},好" for n, word in enumerate(words)]
    pool = _taken(tmp_path, {"channel": "survey", "files": _written(tmp_path, "a.csv", "id,lang,said", *lines), "tables": {"responses": {
        "columns": {"response_id": "id", "language": "lang", "comment": "said"}, "constants": {"channel": "survey"}}}})
    made = pool.tables["responses"].sort_values("response_id")["language"]
    assert [None if value != value else value for value in made] == list(words.values()) and len(pool.quarantine) == 0
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
