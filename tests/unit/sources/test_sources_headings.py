"""Headings below the first are skipped by name and never taken for answers."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from openpyxl import Workbook
from shop_mapping import SHOP

from voclib.sources import ingest

MAPPING = SHOP + """
  - channel: survey
    files: "q.*"
    tables:
      units:
        columns: {unit_id: store, name: store}
        constants: {kind: dealer, region: East}
        distinct: true
      responses:
        columns: {response_id: ResponseId, unit_id: store, submitted_at: RecordedDate, nps_score: Q1, comment: Q2}
        constants: {channel: survey, language: en}
"""
NAMES = ["RecordedDate", "ResponseId", "Q1", "Q2", "store", ""]
QUESTIONS = ["Recorded Date", "Response ID", "How likely are you,\non a scale of 0-10?", "Tell us more", "store", ""]
MACHINE = [json.dumps({"ImportId": name, "timeZone": "Asia/Shanghai"}) for name in NAMES]


def answers(seed: int) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    return [["2025-03-01 10:00:00", f"R_{i}", str(rng.integers(0, 11)), '{"ImportId": "a customer who writes JSON"}' if i == 0 else "fine",
             f"S{rng.integers(1, 5)}", ""] for i in range(int(rng.integers(20, 40)))]


def read(folder, rows, *, suffix: str = ".csv"):
    (folder / "mine.yml").write_text(MAPPING, encoding="utf-8")
    if suffix == ".csv":
        held = io.StringIO()
        csv.writer(held).writerows(rows)
        (folder / "q.csv").write_text(held.getvalue(), encoding="utf-8-sig")
    else:
        book = Workbook()
        for row in rows:
            book.active.append(row[:-1])
        book.save(folder / "q.xlsx")
    return ingest(folder / "mine.yml", root=folder, out=folder / "out")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("seed", range(2))
def test_three_headings_of_qualtrics_make_no_store(tmp_path, seed: int, suffix: str) -> None:
    rows = answers(seed)
    pool = read(tmp_path, [NAMES, QUESTIONS, MACHINE, *rows], suffix=suffix)
    assert set(pool.tables["units"]["unit_id"]) == {row[4] for row in rows}
    assert len(pool.tables["responses"]) == len(rows) and pool.quarantine.empty
    said = [pool.summary(lang) for lang in ("zh", "en")]
    assert "further headings of a Qualtrics export, skipped; rows: 2, " in said[1] and "已跳过，行号：2, " in said[0]


def test_a_file_of_one_heading_keeps_every_row(tmp_path) -> None:
    rows = answers(5)
    pool = read(tmp_path, [NAMES, *rows])
    assert len(pool.tables["responses"]) == len(rows) and "Qualtrics" not in pool.summary("en")


MONKEY = ["", "", "Open-Ended Response", "Response", "Other (please specify)"]
ASKED = ["Respondent ID", "Date Created", "What could we do better?", "Where?", ""]
WORDS_ONLY = SHOP + """
  - channel: survey
    files: "q.csv"
    make_id: [KEY]
    tables:
      responses:
        columns: {response_id: _id, comment: "SAID"}
        constants: {channel: survey, language: en}
"""


def heard(folder, rows, *, key: str, said: str):
    """Import a file of which only the words are mapped, as nothing else would set a heading aside."""
    held = io.StringIO()
    csv.writer(held).writerows(rows)
    (folder / "q.csv").write_text(held.getvalue(), encoding="utf-8")
    (folder / "mine.yml").write_text(WORDS_ONLY.replace("KEY", f'"{key}"').replace("SAID", said), encoding="utf-8")
    return ingest(folder / "mine.yml", root=folder, out=folder / "out")


@pytest.mark.parametrize("seed", range(2))
def test_the_second_heading_of_surveymonkey_is_nobodys_words(tmp_path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [[str(11_800_000_000 + i), f"03/{i + 1:02d}/2026 02:10:22 PM", "Response" if i == 0 else f"do {rng.integers(0, 99)} {i}", "here", ""]
            for i in range(20)]
    pool = heard(tmp_path, [ASKED, MONKEY, *rows], key="What could we do better?", said="What could we do better?")
    assert sorted(pool.tables["responses"]["comment"]) == sorted(row[2] for row in rows)
    assert "second heading of a SurveyMonkey export, skipped; row: 2" in pool.findings("en") and "已跳过，行号：2" in pool.findings("zh")
    (tmp_path / "bare").mkdir()
    pool = heard(tmp_path / "bare", [ASKED, *rows], key="Respondent ID", said="What could we do better?")
    assert len(pool.tables["responses"]) == 20 and "heading" not in pool.findings("en")  # Response is what the first one said


@pytest.mark.parametrize("blank", ["N/A", "无", "null"])
def test_a_first_answer_without_a_score_is_no_heading(tmp_path, blank: str) -> None:
    rows = [[f"R_{i}x", blank if i == 0 else str(i % 11), "fine"] for i in range(20)]
    pool = heard(tmp_path, [["id", "score", "said"], *rows], key="id", said="said")
    assert len(pool.tables["responses"]) == 20 and "second heading" not in pool.findings("en")


def test_another_second_heading_is_doubted_and_kept(tmp_path) -> None:
    rows = answers(3)
    pool = heard(tmp_path, [NAMES, QUESTIONS, *rows], key="ResponseId", said="Q2")
    assert len(pool.tables["responses"]) == len(rows) + 1
    told = "perhaps a second heading, read as a row of data; if it is one, delete it from the file or name it under set_aside; row: 2"
    assert told in pool.findings("en")
    assert "疑为第二行标题" in pool.findings("zh")
    (tmp_path / "bare").mkdir()
    assert "second heading" not in heard(tmp_path / "bare", [NAMES, *rows], key="ResponseId", said="Q2").findings("en")
