"""Files that do not hold what their first look says: no row at all, formulas, merged cells, several sheets, odd headings."""

from __future__ import annotations

import openpyxl
import pytest

from voclib.errors import DataError
from voclib.sources import ingest

MAPPING = """
name: odd
company: {{zh: 某公司, en: Some Co}}
pseudonym_key: a-key-of-some-length
sources:
  - channel: survey
    files: {file}
    {more}
    tables:
      responses:
        columns: {{response_id: id, submitted_at: at, nps_score: nps}}
        constants: {{channel: survey}}
"""


def _ingest(folder, file, more=""):
    (folder / "odd.yml").write_text(MAPPING.format(file=file, more=more), "utf-8")
    return ingest(folder / "odd.yml", root=folder, out=folder / "out")


def _book(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    book.save(path)
    return book


@pytest.mark.parametrize("text", ["", " \n", "id,at,nps\n"])
def test_files_without_a_row_are_named(tmp_path, text):
    (tmp_path / "e.csv").write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"no file holds a data row below its heading; read: e\.csv; export them again"):
        _ingest(tmp_path, "e.csv")
    assert not (tmp_path / "out").exists()


def test_a_first_sheet_of_notes_leads_to_the_others(tmp_path):
    _book(tmp_path / "e.xlsx", note=[["exported by HQ"]], wave=[["id", "at", "nps"], [1, "2026-01-02", 9]])
    with pytest.raises(DataError, match=r"e\.xlsx \(sheets not read: wave\); name the sheet that holds the rows with  sheet: wave"):
        _ingest(tmp_path, "e.xlsx")
    assert len(_ingest(tmp_path, "e.xlsx", "sheet: wave").tables["responses"]) == 1
