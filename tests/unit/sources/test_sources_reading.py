"""Files as they come: encodings, separators, ragged rows, spreadsheets, nested records."""

from __future__ import annotations

import csv
import json
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from voclib.errors import DataError
from voclib.sources import adapters, ingest
from voclib.sources.mapping import Channel
from voclib.sources.reading import encodings, readers

CHINESE = "编号,原话\n1,服务很好，下次再来\n2,等了太久\n"


def _file(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return path


def _read(tmp_path, name, data, **settings):
    return readers.read(_file(tmp_path, name, data), name=name, **settings)


@pytest.mark.parametrize(("encoding", "name"), [
    ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("gbk", "gb18030"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
])
def test_chinese_encodings_are_found(tmp_path, encoding, name):
    found = _read(tmp_path, "a.csv", CHINESE.encode(encoding))
    assert found.encoding == name
    assert found.frame["原话"].tolist() == ["服务很好，下次再来", "等了太久"]
    assert found.frame["_row"].tolist() == [2, 3]


def test_western_text_is_not_taken_for_chinese(tmp_path):
    found = _read(tmp_path, "a.csv", "id,text\n1,résumé of the café\n2,naïve façade\n".encode("latin-1"))
    assert (found.encoding, found.frame["text"][0]) == ("latin-1", "résumé of the café")
    assert encodings.decode("“fine” – café".encode("cp1252"), file="a")[1] == "cp1252"


def test_given_encoding_wins_and_is_checked(tmp_path):
    assert _read(tmp_path, "a.csv", CHINESE.encode("gb18030"), encoding="gb18030").frame["原话"][1] == "等了太久"
    with pytest.raises(DataError, match="a.csv: the mapping says encoding utf-8, but byte 0 is not utf-8"):
        _read(tmp_path, "a.csv", CHINESE.encode("gb18030"), encoding="utf-8")
    with pytest.raises(DataError, match="encoding 'klingon' is not known"):
        _read(tmp_path, "a.csv", CHINESE, encoding="klingon")


def test_one_broken_line_is_set_aside_and_the_rest_kept(tmp_path):
    good = "".join(f"{n},很好\n" for n in range(20)).encode()
    found = _read(tmp_path, "a.csv", "编号,原话\n".encode() + good + b"20,\xff\xfe\n")
    assert (found.frame["_problem"] == readers.UNDECODED).sum() == 1
    assert found.frame["_problem"].iloc[-1] == readers.UNDECODED and len(found.frame) == 21


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_separators_are_found(tmp_path, sign):
    assert list(_read(tmp_path, "a.csv", f'a{sign}"b,;|"{sign}c\n1{sign}2{sign}3\n').frame.columns[:3]) == ["a", "b,;|", "c"]


def test_every_ragged_row_is_kept_with_its_line_and_reason(tmp_path):
    found = _read(tmp_path, "a.csv", 'a,b\n1,"x\ny"\n1,2,3\n\n1\n1,2,\n').frame
    assert found["_row"].tolist() == [2, 4, 6, 7]
    assert found["_problem"].tolist() == ["", "3 cells where the heading has 2", "1 cells where the heading has 2", ""]
    assert found["b"][0] == "x\ny"


def test_a_quote_that_never_closes_loses_no_line(tmp_path):
    found = _read(tmp_path, "a.csv", 'a,b\n1,2\n2,"oops\n3,4\n4,5\n').frame
    assert found["_row"].tolist() == [2, 3, 4, 5]
    assert found["_problem"].tolist() == ["", *["a quote opens and never closes"] * 3]


def test_headings_that_repeat_or_are_empty_are_numbered(tmp_path):
    found = _read(tmp_path, "a.csv", "a,a,,b \n1,2,3,4\n")
    assert list(found.frame.columns[:4]) == ["a", "a (2)", "column 3", "b"]
    assert found.notes == (("repeated_heading", "a"),)


@pytest.mark.parametrize(("given", "named", "repeated"), [
    (["a (2)", "a", "a"], ["a (2)", "a", "a (3)"], ["a"]), (["a", "a", "a (2)"], ["a", "a (3)", "a (2)"], ["a"]),
    (["score (0-10)", "score"], ["score (0-10)", "score"], []), (["", "column 1", ""], ["column 1", "column 1 (2)", "column 3"], ["column 1"])])
def test_no_column_takes_the_heading_of_another(tmp_path, given: list[str], named: list[str], repeated: list[str]):
    (tmp_path / "a.csv").write_text(",".join(given) + "\n" + ",".join(map(str, range(len(given)))) + "\n", encoding="utf-8")
    found = readers.read(tmp_path / "a.csv", name="a.csv")
    assert found.frame[named].iloc[0].tolist() == [str(i) for i in range(len(given))]
    assert found.notes == tuple(("repeated_heading", name) for name in repeated)


def test_title_rows_above_the_heading(tmp_path):
    found = _read(tmp_path, "a.csv", "Report 2026\na,b\n1,2\n", heading_row=2).frame
    assert found["a"].tolist() == ["1"] and found["_row"].tolist() == [3]
    with pytest.raises(DataError, match="heading_row is 9, but the file has fewer lines"):
        _read(tmp_path, "a.csv", "a,b\n", heading_row=9)


@pytest.mark.parametrize("cell", ["好" * 200_000, '"' + "通话，" * 60_000 + '"'])
def test_a_long_cell_is_read_and_leaves_csv_as_it_was(tmp_path, cell):
    before = csv.field_size_limit()
    assert len(cell) > before
    found = _read(tmp_path, "a.csv", f"id,said\n1,{cell}\n2,x\n").frame
    assert found["said"].tolist() == [cell.strip('"'), "x"] and set(found["_problem"]) == {""}
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("line", ["客户：你好，我的车又坏了，", "x" * 999, "agent, customer, then silence"])
def test_a_long_cell_of_many_lines_is_one_cell(tmp_path, line):
    said = f"{line}\n" * (200_000 // len(line))
    found = _read(tmp_path, "a.csv", f'id,said\n1,"{said}"\n2,x\n').frame
    assert found["said"].tolist() == [said, "x"] and (found[["_problem", "_repair"]] == "").all(axis=None)


def test_a_long_cell_that_may_be_rows_is_asked_about(tmp_path):
    rows = "".join(f"{'nice and quick ' * 5},Berlin\n" for _ in range(3000))
    with pytest.raises(DataError, match="a.csv: line 2: one cell would hold 3002 lines, most of them as wide as the heading; a quote probably never"):
        _read(tmp_path, "a.csv", f'said,city\n"fine,Bonn\n{rows}good",Ulm\n')
    kept = _read(tmp_path, "b.csv", f'id,said,city\n1,"fine,Bonn\n{"".join(f"2,{row}" for row in rows.splitlines(keepends=True))}3,good",Ulm\n').frame
    assert len(kept) == 3002 and kept["_repair"].tolist()[0] == readers.STRAY_QUOTE  # a number before each says that they are rows


TITLED = ["2026 survey", "exported on 2026-03-31", "", "编号,原话,分", "1,好,9"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_heading_under_a_title_is_pointed_at(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    if suffix == ".csv":
        path.write_text("\n".join(TITLED), encoding="gb18030")
    else:
        book = openpyxl.Workbook()
        for line in TITLED:
            book.active.append(line.split(","))
        book.save(path)
    (tmp_path / "a.yml").write_text(f"name: a\ncompany: {{zh: 店, en: Shop}}\npseudonym_key: a-key-of-some-length\nsources:\n- channel: survey\n"
                                    f"  files: a{suffix}\n  tables:\n    responses:\n      columns: {{response_id: 编号, comment: 原话}}\n"
                                    "      constants: {channel: survey}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"has no column '编号'.*; row 4 holds these names: write  heading_row: 4"):
        ingest(tmp_path / "a.yml", root=tmp_path, out=tmp_path / "out")
    told = readers.doubt(path, encoding="auto", delimiter=None, heading_row=4, wanted=["编号", "电话"])
    assert "heading_row" not in told  # the heading is the right one and lacks a name


@pytest.mark.parametrize(("raw", "cure"), [(b"PK\x03\x04\x1b[31m,x", "name it .xlsx"), (b"\xd0\xcf\x11\xe0\xa1", "open it and save it as .xlsx")])
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.json"])
def test_a_workbook_under_another_name_is_called_one(tmp_path, raw, cure, name):
    with pytest.raises(DataError, match=f"^{name} is a spreadsheet, whatever its name says; {cure}$"):
        _read(tmp_path, name, raw)
    assert readers.doubt(tmp_path / name, encoding="auto", delimiter=None, heading_row=1) == ""


@pytest.mark.parametrize(("name", "inside", "told"), [
    ("a.ods", ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), "a.ods is a spreadsheet; open it and save it as .xlsx"),
    ("a.csv", ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), "a spreadsheet, whatever its name says; open it and save it as .xlsx"),
    ("a.zip", ("survey.csv", "id,score"), "a.zip is an archive or a document of another program; unpack it"),
    ("a.bak", ("xl/workbook.xml", "<x/>"), "a spreadsheet, whatever its name says; name it .xlsx")])
def test_an_archive_is_told_from_a_workbook(tmp_path, name, inside, told):
    with zipfile.ZipFile(tmp_path / name, "w") as made:
        made.writestr(*inside)
    with pytest.raises(DataError, match=told):
        readers.read(tmp_path / name, name=name)


def test_headings_are_quoted_without_control_characters(tmp_path):
    (tmp_path / "a.yml").write_text("name: a\ncompany: {zh: 店, en: Shop}\npseudonym_key: a-key-of-some-length\nsources:\n- channel: survey\n"
                                    "  files: a.csv\n  tables:\n    responses:\n      columns: {response_id: id}\n"
                                    "      constants: {channel: survey}\n", encoding="utf-8")
    _file(tmp_path, "a.csv", "\x1b[31mno,b\x07\n1,2\n")
    with pytest.raises(DataError, match="has no column 'id'") as refused:
        ingest(tmp_path / "a.yml", root=tmp_path, out=tmp_path / "out")
    assert str(refused.value).isprintable() and "[31mno" in str(refused.value)


def test_unknown_kinds_and_broken_files(tmp_path):
    with pytest.raises(DataError, match="open it and save it as .xlsx"):
        _read(tmp_path, "a.xls", "x")
    with pytest.raises(DataError, match="a.xlsx is not a readable spreadsheet"):
        _read(tmp_path, "a.xlsx", "not a zip")
    with pytest.raises(DataError, match=r"a.json is not valid JSON \(line 1, column 2"):
        _read(tmp_path, "a.json", "{")
    assert _read(tmp_path, "a.csv", b" \n").notes == (readers.EMPTY,)


def test_records_a_line_are_read_whatever_the_file_is_called(tmp_path):
    lines = "\n".join(['{"id": "a", "stars": 5.0}', "", '{"id": "b", "helpful": [2, 3]}', "{broken"])
    told = [_read(tmp_path, name, lines).frame for name in ("a.json", "a.jsonl")]
    for frame in told:
        assert frame["id"].dropna().tolist() == ["a", "b"] and frame["_row"].tolist() == [1, 3, 4]
        assert frame["_problem"].tolist() == ["", "", "not a JSON record"]
    document = _read(tmp_path, "b.json", '[\n{"id": "a"},\n{"id": "b"}\n]').frame
    assert document["id"].tolist() == ["a", "b"] and document["_row"].tolist() == [1, 2]


def _book(tmp_path, rows, title="答卷"):
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.create_sheet("说明").append(["x"])
    book.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


def test_spreadsheets_give_text_as_a_person_would_write_it(tmp_path):
    path = _book(tmp_path, [["编号", "分", "时间", "日", "是", "空"], [12345678901, 9.0, datetime(2026, 1, 2, 3, 4), date(2026, 1, 2), True, None],
                            [None] * 6, ["=1+1", 9.5, None, None, None, None], ["b", 1, None, None, None, None, "too far"]])
    found = readers.read(path, name="a.xlsx")
    assert found.frame.iloc[0, :5].tolist() == ["12345678901", "9", "2026-01-02T03:04:00", "2026-01-02", "true"]
    assert found.frame["_row"].tolist() == [2, 4, 5]
    assert found.frame["_problem"].tolist() == ["", "", "7 cells where the heading has 6"]
    assert found.notes == (("formula_without_value", "编号: 1"), ("sheet_not_read", "说明"))
    with pytest.raises(DataError, match="a.xlsx has no sheet '答题'; known: 答卷, 说明"):
        readers.read(path, name="a.xlsx", sheet="答题")


def test_json_records_become_dotted_columns_and_numbers_stay_exact(tmp_path):
    text = json.dumps({"data": {"items": [{"id": 12345678901234567890, "customer": {"id": "C1", "tags": ["a", "b"]}}, "x"]}})
    found = _read(tmp_path, "a.json", text, records="data.items").frame
    assert found.loc[0, ["id", "customer.id", "customer.tags"]].tolist() == ["12345678901234567890", "C1", '["a", "b"]']
    assert found["_problem"].tolist() == ["", "not a JSON record"]
    with pytest.raises(DataError, match="the records are not a list; say where the list is with  records: …; lists there: none"):
        _read(tmp_path, "a.json", text)
    with pytest.raises(DataError, match="'item' is not there; did you mean 'items'"):
        _read(tmp_path, "a.json", text, records="data.item")


def test_json_lines_keep_broken_lines(tmp_path):
    found = _read(tmp_path, "a.jsonl", '{"a": 1}\n\n{"a": \n[1]\n{"a": true, "b": null}\n').frame
    assert found["_row"].tolist() == [1, 3, 4, 5]
    assert found["_problem"].tolist() == ["", "not a JSON record", "not a JSON record", ""]
    assert found["a"].tolist()[3] == "true"


def _channel(channel, **settings):
    return Channel(channel=channel, files="a", tables={"cases": {}}, **settings)


def test_tickets_keep_the_first_time_of_each_event(tmp_path):
    lines = [{"id": 1, "log": [{"k": "opened", "t": "2026-01-02"}, {"k": "opened", "t": "2026-01-01"}, {"k": "closed", "t": "2026-01-05"}]},
             {"id": 2, "log": []}, {"id": 3, "log": "none"}]
    path = _file(tmp_path, "t.jsonl", "\n".join(map(json.dumps, lines)))
    found = adapters.tickets(path, _channel("ticket", events={"list": "log", "kind": "k", "at": "t"})).frame
    assert found["events.opened"].tolist()[0] == "2026-01-01" and found["events.closed"].tolist()[0] == "2026-01-05"
    assert found["events.closed"].isna().tolist() == [False, True, True]
    assert found["_problem"].tolist() == ["", "", "log is not a list of events"]
    with pytest.raises(DataError, match="events.list is 'logs', which is not there; did you mean 'log'"):
        adapters.tickets(path, _channel("ticket", events={"list": "logs", "kind": "k", "at": "t"}))


def test_employee_sheets_become_one_row_an_item(tmp_path):
    path = _file(tmp_path, "e.csv", "sheet,q1,q2\nA,4,\nB,N/A,\nC,1,2\nD,1\n")
    found = adapters.employees(path, _channel("employee", items={"care": "q1", "tools": "q2"})).frame
    answered = found[found["_problem"] == ""].sort_values(["sheet", "_item"])
    assert answered[["sheet", "_item", "_value"]].to_numpy().tolist() == [["A", "care", "4"], ["C", "care", "1"], ["C", "tools", "2"]]
    assert sorted(found.loc[found["_problem"] != "", "_row"]) == [3, 5]
    with pytest.raises(DataError, match="e.csv has no item column 'q3'; known: q1, q2, sheet"):
        adapters.employees(path, _channel("employee", items=["q3"]))
