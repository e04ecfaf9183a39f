"""Files that do not hold what their first look says: no row at all, formulas, merged cells, several sheets, odd headings."""

from __future__ import annotations

import random
import zipfile

import openpyxl
import pytest

from voclib.errors import DataError
from voclib.sources import ingest
from voclib.sources.reading import readers

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


@pytest.mark.parametrize("text", ["", " \n", "id,at,nps\n", "\n\n,\n"])
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


def _voices(title, rows):
    return [["id", "at", "nps"], *([f"{title}-{n}", "2026-01-02", n % 11] for n in range(rows))]


@pytest.mark.parametrize("seed", range(4))
def test_every_sheet_with_the_same_heading_is_read_where_asked(tmp_path, seed):
    draw = random.Random(seed)
    sizes = {"2023": draw.randrange(3, 30), "2024": draw.randrange(3, 30)}
    _book(tmp_path / "e.xlsx", note=[["exported by HQ"]], **{title: _voices(title, n) for title, n in sizes.items()}, other=[["x"], [1]])
    pool = _ingest(tmp_path, "e.xlsx", 'sheet: "*"')
    assert sorted(pool.tables["responses"]["response_id"]) == sorted(f"{title}-{n}" for title, size in sizes.items() for n in range(size))
    told = pool.findings("en")
    assert "e.xlsx: sheet not read: note" in told and "sheet not read: other" in told and f"begin at: 2024: {sizes['2023'] + 2}" in told
    assert "sheet not read: 2024" in _ingest(tmp_path, "e.xlsx", "sheet: '2023'").findings("en")


@pytest.mark.parametrize("seed", range(4))
def test_merged_cells_are_filled_and_counted_as_repairs(tmp_path, seed):
    draw, path = random.Random(seed), tmp_path / "e.xlsx"
    rows, stores, start = [["title", None, None], ["id", "at", "store"]], [], 3
    book = _book(path, a=rows)
    page = book["a"]
    page.merge_cells("A1:C1")
    while len(stores) < 40:
        size = draw.randrange(1, 9)
        for n in range(size):
            page.append([f"R{len(stores)}", "2026-01-02", f"S{start}" if n == 0 else None])
            stores.append(f"S{start}")
        page.merge_cells(start_row=start, end_row=start + size - 1, start_column=3, end_column=3)
        start += size
    book.save(path)
    found = readers.read(path, name="e.xlsx", heading_row=2)
    assert found.frame["store"].tolist() == stores
    lone = len(set(stores))
    assert (found.frame["_repair"] != "").sum() == len(stores) - lone and ("merged_filled", f"store: {len(stores) - lone}") in found.notes


def test_formulas_without_a_result_are_counted_and_lose_no_row(tmp_path):
    _book(tmp_path / "e.xlsx", a=[["id", "at", "nps"], *([f"R{n}", "2026-01-02", f"=A{n}+1"] for n in range(12)), ["=A1", "=A1", "=A1"]])
    pool = _ingest(tmp_path, "e.xlsx")
    assert "save it: nps: 13" in pool.findings("en") and "nps: 13" in pool.summary("zh")
    assert (pool.scorecard["totals"]["rows_read"], pool.scorecard["totals"]["quarantined"]) == (13, 1)


def test_a_formula_that_gives_nothing_is_no_missing_result(tmp_path):
    _book(tmp_path / "e.xlsx", a=[["id", "at", "nps"], *([f"R{n}", "2026-01-02", f"=A{n}+1"] for n in range(12))])
    with zipfile.ZipFile(tmp_path / "e.xlsx") as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"<f>A3+1</f><v />", b"<f>A3+1</f><v>7</v>").replace(b"<f>A3+1</f><v></v>", b"<f>A3+1</f><v>7</v>")
    with zipfile.ZipFile(tmp_path / "e.xlsx", "w") as book:
        for name, part in parts.items():
            book.writestr(name, part)
    found = readers.read(tmp_path / "e.xlsx", name="e.xlsx")
    assert found.frame["nps"].dropna().tolist() == ["7"] and found.notes == ()


def _read(folder, text, **settings):
    (folder / "a.csv").write_bytes(text.encode("utf-8"))
    return readers.read(folder / "a.csv", name="a.csv", **settings).frame


@pytest.mark.parametrize("seed", range(8))
def test_the_sign_between_cells_is_the_one_that_the_lines_share(tmp_path, seed):
    draw = random.Random(seed)
    sign, other = draw.sample(",;\t|", 2)
    heading = f"How likely{f'{other} on a scale' * draw.randrange(3, 6)}?"
    rows = [[str(n), "2026-01-02", f"{draw.randrange(11)}"] for n in range(draw.randrange(2, 70))]
    found = _read(tmp_path, "\n".join(sign.join(row) for row in [["id", "at", heading], *rows]))
    assert list(found.columns[:3]) == ["id", "at", heading] and found.iloc[:, :3].to_numpy().tolist() == rows


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_a_first_line_for_excel_names_the_sign(tmp_path, sign):
    text = f"sep={sign}\r\nid{sign}a{sign}d\r\n1{sign}x{sign}y\r\n"
    for settings in ({}, {"heading_row": 2}):
        found = _read(tmp_path, text, **settings)
        assert list(found.columns[:3]) == ["id", "a", "d"] and found["_row"].tolist() == [3]


def test_rows_above_the_heading_may_span_lines(tmp_path):
    found = _read(tmp_path, '"Report ""March""\nfor HQ",x\ngenerated,2025\nid,nps\n1,9\n', heading_row=3)
    assert found[["id", "nps", "_row"]].to_numpy().tolist() == [["1", "9", 5]]


def test_the_error_names_the_other_sign(tmp_path):
    (tmp_path / "a.csv").write_text("id;at,x;nps,y;z\n1;2026-01-02,2;9,3;4\n", "utf-8")
    with pytest.raises(DataError, match="has no column 'at'.*cells were taken to end at ';': if they do not, write  delimiter: ','"):
        _ingest(tmp_path, "a.csv")


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.json", "a.tsv"])
@pytest.mark.parametrize("page", ["<!DOCTYPE html>\n<html><body>Sign in</body></html>",
                                  "\ufeff\n<table><tr><td>id</td></tr><tr><td>1</td></tr></table>"])
def test_a_web_page_under_the_name_of_a_table_is_called_one(tmp_path, name, page):
    """A session that has run out answers an export with its page of sign-in; old systems call an HTML table a spreadsheet."""
    (tmp_path / name).write_text(page, "utf-8")
    with pytest.raises(DataError, match=f"{name} is a web page, whatever its name says.*sign in again"):
        readers.read(tmp_path / name, name=name)


def test_a_customer_may_write_of_a_page(tmp_path):
    (tmp_path / "a.csv").write_text("said,id\n<html> is shown,1\n", "utf-8")
    assert readers.read(tmp_path / "a.csv", name="a.csv").frame["said"].tolist() == ["<html> is shown"]

@pytest.mark.parametrize("note", ["制表人：李四", "注：以上均为含税金额", "Grand Total"])
def test_a_note_merged_across_the_table_is_no_row_of_data(tmp_path, note):
    book = _book(tmp_path / "e.xlsx", wave=[["id", "at", "nps"], *([f"R{n}", "2026-01-02", n] for n in range(8)), [note]])
    book["wave"].merge_cells("A10:C10")
    book.save(tmp_path / "e.xlsx")
    pool = _ingest(tmp_path, "e.xlsx")
    assert len(pool.tables["responses"]) == 8 and pool.quarantine["row"].tolist() == [10]
    assert ("note" in pool.quarantine["reason"][0]) != ("totals" in pool.quarantine["reason"][0])


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_the_footer_of_a_report_is_no_row_of_data(tmp_path, suffix):
    """As Salesforce ends a report: totals, its title, the copyright, and who made it."""
    foot = ["Grand Totals (9 records)", None, "Answers by month", "Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved.",
            "Confidential Information - Do Not Distribute", "Generated By: Jane Doe 01/02/2026 10:00", "Acme Ltd"]
    rows = [["id", "at", "nps"], *([f"R{n}", "2026-01-02", n] for n in range(9)), *([line, None, None] for line in foot)]
    _book(tmp_path / "e.xlsx", wave=rows)
    (tmp_path / "e.csv").write_text("\n".join(",".join(f'"{cell}"' if cell is not None else "" for cell in row) if row[0] else "" for row in rows),
                                    "utf-8")
    pool = _ingest(tmp_path, f"e.{suffix}")
    assert len(pool.tables["responses"]) == 9 and len(pool.quarantine) == 6
    assert sorted(set(pool.quarantine["reason"])) == ["a note below the table, not a row of data", "a row of totals, not of data"]


def test_last_rows_without_an_answer_stay_where_a_number_names_them(tmp_path):
    (tmp_path / "e.csv").write_text("id,at,nps\n" + "".join(f"R{n},2026-01-02,{n}\n" for n in range(10)) + "R77,,\nR78,,\n", "utf-8")
    assert len(_ingest(tmp_path, "e.csv").tables["responses"]) == 12


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_heading_between_pages_is_no_row_of_data(tmp_path, suffix):
    rows = [["id", "at", "nps"], *([f"R{n}", "2026-01-02", str(n)] for n in range(4)), [" id", "at", "nps "], ["id", "2026-01-02", "5"],
            *([f"P{n}", "2026-01-03", str(n)] for n in range(4))]
    _book(tmp_path / "e.xlsx", wave=rows)
    (tmp_path / "e.csv").write_text("\n".join(",".join(row) for row in rows), "utf-8")
    pool = _ingest(tmp_path, f"e.{suffix}")
    assert len(pool.tables["responses"]) == 9 and pool.quarantine["reason"].tolist() == ["the heading again, not a row of data"]
