"""What a spreadsheet program does to cells: text marks, error values, lost zeros and digits; and customers and partners that are not found."""

from __future__ import annotations

import numpy as np
import openpyxl
import pytest
from shop_mapping import SHOP

from voclib.sources import ingest
from voclib.sources.reading import cells, readers

MAPPING = SHOP + """
  - channel: master
    files: people.csv
    tables:
      customers:
        columns: {customer_id: no, is_churned: left}
        constants: {segment: all}
  - channel: survey
    files: survey.csv
    JOIN
    tables:
      responses:
        columns: {response_id: id, customer_id: who, submitted_at: at, comment: said}
        constants: {channel: survey, language: en}
"""


def shop(folder, people, voices, join=""):
    """Import a customer list and a survey whose rows name who said it."""
    (folder / "people.csv").write_text("\n".join(["no,left", *(f"{no},否" for no in people)]), encoding="utf-8")
    rows = [f"R{i},{who},2026-01-{i % 28 + 1:02d},'tis fine {i}" for i, who in enumerate(voices)]
    (folder / "survey.csv").write_text("\n".join(["id,who,at,said", *rows]), encoding="utf-8")
    (folder / "shop.yml").write_text(MAPPING.replace("JOIN", join), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def linked(pool) -> int:
    return int(pool.tables["responses"]["customer_id"].notna().sum())


@pytest.mark.parametrize("seed", [1, 2])
def test_text_marks_hide_no_customer(tmp_path, seed):
    people = [f"{no:06d}" for no in np.random.default_rng(seed).choice(90_000, 30, replace=False)]
    marks = ['"=""{}"""', "'{}", '="{}"', "{}"]
    pool = shop(tmp_path, people, [marks[i % 4].format(no) for i, no in enumerate(people)])
    marked = sum(i % 4 != 3 for i in range(30))
    assert linked(pool) == pool.tables["responses"]["customer_id"].nunique() == 30
    assert pool.repairs["problem"].tolist() == [cells.TEXT_MARK] * marked
    assert f"cells freed of a spreadsheet's text mark (=\"…\" or a leading '): who: {marked}" in pool.findings("en")
    assert pool.tables["responses"]["comment"].str.startswith("'tis fine").all()


def test_headings_are_freed_too(tmp_path):
    (tmp_path / "a.csv").write_text('="id",="no"\n="01",\'02\n', encoding="utf-8")
    found = readers.read(tmp_path / "a.csv", name="a.csv").frame
    assert found[["id", "no"]].values.tolist() == [["01", "02"]]


@pytest.mark.parametrize("said", ["'90s style", "='", '="a"b"', "'quoted'", "'C'", "= \"x\"", "don't 5"])
def test_what_a_customer_says_keeps_its_apostrophe(tmp_path, said):
    (tmp_path / "a.txt").write_text(f"id\tsaid\n1\t{said}\n", encoding="utf-8")
    assert readers.read(tmp_path / "a.txt", name="a.txt", delimiter="\t").frame["said"].tolist() == [said]


def test_customers_whom_no_list_names_are_a_finding_and_lost_zeros_are_told(tmp_path):
    people = [f"{no:06d}" for no in range(1, 31)]
    pool = shop(tmp_path, people, [no.lstrip("0") for no in people[:20]] + people[20:])
    assert linked(pool) == 10
    told = pool.findings("en")
    assert "survey: 20 rows name a customer who is in no customer list (66.67% of the rows that name one; 20 identifiers)" in told
    assert "survey.csv: 20 customer identifiers (responses.customer_id) differ from the customer list only by leading zeros" in told
    told = pool.findings("zh")
    assert "20 个客户编号（responses.customer_id）与客户名单只差开头的 0" in told and "20 行的客户编号不在客户名单中" in told
    (tmp_path / "whole").mkdir()
    fine = shop(tmp_path / "whole", people, people)
    assert fine.scorecard["doubts"] == [] and "customer list (" not in fine.findings("en")


@pytest.mark.parametrize(("digits", "doubted"), [(16, True), (18, True), (15, False)])
def test_identifiers_with_zeros_after_the_fifteenth_digit_are_doubted(tmp_path, digits, doubted):
    real = [6_222_020_200_112_231 * 10 ** (digits - 16) + 7 * i if digits > 15 else 622_202_020_011_200 + 10 * i for i in range(60)]
    kept = [str(int(f"{number:.15g}".replace(".", "").partition("e")[0].ljust(digits, "0")[:digits])) for number in map(float, real)]
    assert all(set(no[15:]) <= {"0"} for no in kept) and (digits == 15 or len(set(kept)) < 60)
    found = [item for item in shop(tmp_path, sorted(set(kept)), kept).scorecard["doubts"] if item["doubt"] == "zeroed_identifiers"]
    assert [(item["table"], item["n"], item["distinct"]) for item in found] == (
        [("customers", len(set(kept)), len(set(kept))), ("responses", 60, len(set(kept)))] if doubted else [])
    (tmp_path / "text").mkdir()
    assert not shop(tmp_path / "text", map(str, real), map(str, real)).scorecard["doubts"]


def test_error_values_are_empty_and_counted(tmp_path):
    book = openpyxl.Workbook()
    errors = ["#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!"]
    for row in [["id", "who", "at", "said"], *([f"R{i}", "1", "2026-01-02", error] for i, error in enumerate(errors)),
                ["R8", "1", "2026-01-02", "fine"], ["R9", "1", "2026-01-02", "#N/A"]]:
        book.active.append(row)
    book.save(tmp_path / "survey.xlsx")
    (tmp_path / "people.csv").write_text("no,left\n1,否\n", encoding="utf-8")
    (tmp_path / "shop.yml").write_text(MAPPING.replace("JOIN", "").replace("survey.csv", "survey.xlsx"), encoding="utf-8")
    pool = ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out")
    heard = pool.tables["responses"].set_index("response_id")["comment"]
    assert len(heard) == 8 and heard.dropna().to_dict() == {"R8": "fine"}
    assert "error values of a spreadsheet (such as #DIV/0!), read as empty: said: 6" in pool.findings("en")
    assert "表格软件的错误值（如 #DIV/0!），按空格读入：said: 6" in pool.findings("zh")


@pytest.mark.parametrize(("there", "told"), [(["X1", "X2"], "10/10"), (["1", "2", "X2"], "8/10"), ([str(i) for i in range(10)], "")])
def test_a_join_that_finds_no_partner_is_a_finding(tmp_path, there, told):
    (tmp_path / "more.csv").write_text("\n".join(["who,tier", *(f"{who},gold" for who in there)]), encoding="utf-8")
    pool = shop(tmp_path, map(str, range(10)), map(str, range(10)), "join: {files: more.csv, on: who}")
    line = "rows without a partner in the file joined to them: more.csv: "
    assert f"{line}{told}" in pool.findings("en") if told else line not in pool.findings("en")
    assert ("找不到对应行" in pool.findings("zh")) == bool(told)
