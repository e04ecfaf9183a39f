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
