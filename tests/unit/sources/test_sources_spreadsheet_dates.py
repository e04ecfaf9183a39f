"""Dates that a spreadsheet changed: half of a column swapped, days counted from 1904; and the pattern that a refused date is offered."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from test_sources_untidy import days, survey

from voclib.errors import DataError
from voclib.schema.tables import TABLES
from voclib.sources import ingest
from voclib.sources.reading import dating

AT = TABLES["responses"].columns["submitted_at"]
MAPPING = """
name: m
company: {{zh: 甲, en: A}}
pseudonym_key: a-key-of-some-length
root: .
sources:
  - channel: survey
    files: {file}
    tables: {{responses: {{columns: {{response_id: id, submitted_at: at, comment: said}}, constants: {{channel: survey}}}}}}
"""


def _days(seed, n=60):
    rng = np.random.default_rng(seed)
    return [date(2026, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 180, n)]


def _opened_elsewhere(dates, *, month_first):
    """What a column of dd/mm/yyyy (or mm/dd/yyyy) becomes in a spreadsheet that expects the other order."""
    made = []
    for day in dates:
        first, second = (day.month, day.day) if month_first else (day.day, day.month)
        made.append(f"2026-{first:02d}-{second:02d}" if not month_first and first <= 12 else
                    f"2026-{second:02d}-{first:02d}" if month_first and second <= 12 else f"{first:02d}/{second:02d}/2026")
    return pd.Series(made, dtype="str")


class TestHalfSwapped:
    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("month_first", [False, True])
    def test_a_column_that_a_spreadsheet_half_swapped_is_refused_with_or_without_the_pattern(self, seed, month_first):
        texts = _opened_elsewhere(_days(seed), month_first=month_first)
        for patterns in ([], ["%m/%d/%Y" if month_first else "%d/%m/%Y"]):
            with pytest.raises(DataError, match="a spreadsheet has swapped day and month in those it could read"):
                dating.plain(texts, patterns, declared=AT, where="a.xlsx")

    @pytest.mark.parametrize("seed", range(5))
    def test_a_column_of_two_systems_is_not(self, seed):
        """The same dates, the half of them in ISO: their days and months are where they belong."""
        known = _days(seed)
        texts = pd.Series([f"{day:%d/%m/%Y}" if i % 2 else f"{day:%Y-%m-%d}" for i, day in enumerate(known)], dtype="str")
        made, _ = dating.plain(texts, ["%d/%m/%Y"], declared=AT, where="a.csv")
        assert made.str.slice(0, 10).tolist() == [f"{day:%Y-%m-%d}" for day in known]

    def test_many_rows_of_a_few_days_prove_no_more_than_the_days(self):
        """Two batches, one written by each of two systems."""
        texts = pd.Series([*(f"2026-01-05 10:{i:02d}" for i in range(20)), *["25/03/2026"] * 3], dtype="str")
        made, _ = dating.plain(texts, ["%d/%m/%Y"], declared=AT, where="a.csv")
        assert set(made.str.slice(0, 10)) == {"2026-01-05", "2026-03-25"}

    def test_a_few_cells_prove_nothing(self):
        texts = pd.Series(["2026-03-05", "2026-04-06", "25/03/2026", "26/03/2026"], dtype="str")
        assert dating.plain(texts, ["%d/%m/%Y"], declared=AT, where="a.csv")[0].str.startswith("2026-0").all()


def _book(folder, rows, *, mac):
    book = openpyxl.Workbook()
    if mac:
        book.epoch = CALENDAR_MAC_1904
    for row in [["id", "at", "said"], *rows]:
        book.active.append(row)
    book.save(folder / "a.xlsx")
    (folder / "m.yml").write_text(MAPPING.format(file="a.xlsx"), "utf-8")
    return folder / "m.yml"


class TestFrom1904:
    def test_bare_day_numbers_are_refused_and_read_in_any_other_workbook(self, tmp_path):
        with pytest.raises(DataError, match=r"a.xlsx: submitted_at holds day numbers such as 44624, and this workbook counts days from 1904"):
            ingest(_book(tmp_path, [[f"A{i}", 44624 + i, "x"] for i in range(6)], mac=True), root=tmp_path, out=tmp_path / "out")
        pool = ingest(_book(tmp_path, [[f"A{i}", 46086 + i, "x"] for i in range(6)], mac=False), root=tmp_path, out=tmp_path / "out")
        assert days(pool)["A0"] == "2026-03-05"

    def test_cells_that_are_dates_are_read_as_what_they_show(self, tmp_path):
        pool = ingest(_book(tmp_path, [[f"A{i}", datetime(2026, 3, 5 + i), "x"] for i in range(6)], mac=True), root=tmp_path, out=tmp_path / "out")
        assert days(pool)["A0"] == "2026-03-05"


class TestOfferedPattern:
    @pytest.mark.parametrize(("texts", "offered"), [
        (["3/25/2026 9:05", "3/2/2026 10:10"], '"%m/%d/%Y %H:%M"}'),
        (["25.03.2026", "02.03.2026"], '"%d.%m.%Y"}'),
        (["03/25/2026 02:10:22 PM", "03/01/2026 02:10:22 AM"], '"%m/%d/%Y %I:%M:%S %p"}'),
        (["03/01/2026 02:10:22 PM"] * 2, '"%d/%m/%Y %I:%M:%S %p"}, or "%m/%d/%Y %I:%M:%S %p" where the month comes first'),
    ])
    def test_the_pattern_is_that_of_the_column_and_reads_it(self, tmp_path, texts, offered):
        lines = [f"{i},C{i},S,R,{text},9," for i, text in enumerate(texts * 3)]
        pool = survey(tmp_path, lines)
        assert all(f"formats: {{submitted_at: {offered}" in reason for reason in pool.quarantine["reason"]) and len(pool.quarantine) == len(lines)
        pattern = offered.split('"')[1]
        assert len(survey(tmp_path, lines, formats=f"formats: {{submitted_at: \"{pattern}\"}}").tables["responses"]) == len(lines)


def test_an_emoji_that_was_cut_in_two_sets_its_row_aside(tmp_path):
    records = [{"id": "1", "at": "2026-03-05", "said": "很好\ud83d"}, {"id": "2", "at": "2026-03-05", "said": "很好\U0001f600"}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    (tmp_path / "m.yml").write_text(MAPPING.format(file="a.jsonl"), "utf-8")
    pool = ingest(tmp_path / "m.yml", root=tmp_path, out=tmp_path / "out")
    assert pool.tables["responses"]["comment"].tolist() == ["很好\U0001f600"]
    assert pool.quarantine["reason"].tolist() == ["bytes that are not in the file's encoding"]
