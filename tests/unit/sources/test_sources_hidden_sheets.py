"""Workbooks show less than they hold: the first visible sheet is the one meant, and hidden rows are read and told."""

from __future__ import annotations

import openpyxl
import pytest
from shop_mapping import SHOP

from voclib.sources.pool import ingest
from voclib.sources.reading.readers import read

HEAD = ["id", "when", "score"]


def _book(path, *, hidden_rows: tuple[int, ...] = ()) -> None:
    book = openpyxl.Workbook()
    old, new = book.active, book.create_sheet("2026")
    old.title, old.sheet_state = "2019", "hidden"
    for page, names in ((old, ["X1"]), (new, ["N1", "N2", "N3"])):
        page.append(HEAD)
        for name in names:
            page.append([name, "2026-03-01", 9])
    for row in hidden_rows:
        new.row_dimensions[row].hidden = True
    book.active = 1
    book.save(path)


def test_the_first_sheet_that_shows_is_read(tmp_path):
    _book(tmp_path / "a.xlsx")
    made = read(tmp_path / "a.xlsx", name="a.xlsx")
    assert made.frame["id"].tolist() == ["N1", "N2", "N3"] and ("sheet_not_read", "2019") in made.notes
    named = read(tmp_path / "a.xlsx", name="a.xlsx", sheet="2019")
    assert named.frame["id"].tolist() == ["X1"] and ("sheet_hidden", "2019") in named.notes
    every = read(tmp_path / "a.xlsx", name="a.xlsx", sheet="*")
    assert len(every.frame) == 4 and ("sheet_hidden", "2019") in every.notes


@pytest.mark.parametrize(("lang", "told"), [("en", "rows that the sheet hides"), ("zh", "被隐藏")])
def test_filtered_rows_are_read_and_counted(tmp_path, lang, told):
    _book(tmp_path / "a.xlsx", hidden_rows=(2, 4, 9))
    (tmp_path / "shop.yml").write_text(SHOP + """
  - channel: survey
    files: a.xlsx
    tables:
      responses: {columns: {response_id: id, submitted_at: when, nps_score: score}, constants: {channel: survey}}
""", "utf-8")
    pool = ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out")
    assert len(pool.tables["responses"]) == 3
    assert told in pool.summary(lang) and "2026: 2" in pool.summary(lang)
