"""Tables that a system writes as HTML, XML or text and calls a spreadsheet: read as they show, or refused with what to do."""

from __future__ import annotations

import zipfile

import openpyxl
import pytest
from shop_mapping import SHOP

from voclib.errors import DataError
from voclib.sources import ingest
from voclib.sources.reading import readers

MAPPING = SHOP + """
  - channel: ticket
    files: FILE
    tables:
      cases:
        columns: {case_id: 工单号, opened_at: 创建时间, topic: 分类, description: 描述}
        constants: {severity: low, owner_department: IT}
"""
HEAD = '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta http-equiv=Content-Type content="text/html; charset=gb2312"></head><body>'
ROWS = ("<tr><td>000123</td><td>2026-03-01 10:00</td><td rowspan=2>维修</td><td>两次没修好<br>&lt;还收费&gt;&nbsp;</td></tr>"
        "<tr><td>000124</td><td>2026-03-02 10:00</td><td>=SUM(A1)</td></tr><tr><td>000125<td>2026-03-03 10:00<td>等待<td></tr>")
TABLE = f"<table border=1><tr><th>工单号</th><th>创建时间</th><th>分类</th><th>描述</th></tr>{ROWS}</table>"


def _cases(folder, name, raw, more=""):
    (folder / name).write_bytes(raw)
    (folder / "shop.yml").write_text(MAPPING.replace("FILE", f"{name}{more}"), encoding="utf-8")
    pool = ingest(folder / "shop.yml", root=folder, out=folder / "out")
    return pool, pool.tables["cases"].sort_values("case_id")


@pytest.mark.parametrize(("name", "code"), [("a.xls", "gb18030"), ("a.xlsx", "gb18030"), ("a.xls", "utf-16")])
def test_a_page_named_like_a_spreadsheet_is_read_as_it_shows(tmp_path, name, code):
    pool, cases = _cases(tmp_path, name, f"{HEAD}<script>alert('工单')</script>{TABLE}</body></html>".encode(code))
    assert cases["case_id"].tolist() == ["000123", "000124", "000125"] and cases["topic"].tolist() == ["维修", "维修", "等待"]
    assert cases["description"].fillna("").tolist() == ["两次没修好\n<还收费>", "=SUM(A1)", ""]
    assert "an HTML page named like a spreadsheet; read from it: table 1" in pool.findings("en") and "网页（HTML）" in pool.findings("zh")
    assert pool.repairs["problem"].tolist() == ["merged cells, filled with the value of the first"]


def test_of_several_tables_the_largest_is_read_and_the_others_are_told(tmp_path):
    title = "<table><tr><td>导出人</td><td>张三</td></tr><tr><td>日期</td><td>2026-04-01</td></tr></table>"
    page = f"<!-- made by CRM --><html><table><tr><td>{title}</td></tr><tr><td>{TABLE}</td></tr></table></html>".encode()
    pool, cases = _cases(tmp_path, "a.xls", page)
    assert len(cases) == 3 and ("read from it: table 3" in pool.findings("en")) and "sheet not read: table 2" in pool.findings("en")
    with pytest.raises(DataError, match="no column '工单号'"):
        _cases(tmp_path, "a.xls", page, more="\n    sheet: table 2")


def test_a_title_above_the_heading_is_told_as_in_a_workbook(tmp_path):
    page = TABLE.replace("<tr>", "<tr><td colspan=4>三月工单</td></tr><tr>", 1).encode()
    with pytest.raises(DataError, match=r"row 2 holds these names: write  heading_row: 2"):
        _cases(tmp_path, "a.xls", page)
    assert len(_cases(tmp_path, "a.xls", page, more="\n    heading_row: 2")[1]) == 3


def _xml(*cells: str, before: str = "") -> bytes:
    heading = "".join(f'<Cell><Data ss:Type="String">{name}</Data></Cell>' for name in ("工单号", "创建时间", "分类", "描述"))
    return ('<?xml version="1.0" encoding="UTF-8"?>' + before + '<?mso-application progid="Excel.Sheet"?><Workbook '
            'xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
            f'<Worksheet ss:Name="工单"><Table><Row>{heading}</Row><Row ss:Index="4">{"".join(cells)}</Row></Table></Worksheet></Workbook>').encode()


CELLS = ('<Cell><Data ss:Type="Number">20260301000123</Data></Cell>', '<Cell><Data ss:Type="DateTime">2026-03-01T10:30:00.000</Data></Cell>',
         '<Cell ss:Index="4"><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40">两次<B>没</B>修好</ss:Data></Cell>')


def test_a_spreadsheet_written_as_xml_is_read(tmp_path):
    pool, cases = _cases(tmp_path, "a.xls", _xml(*CELLS))
    assert cases[["case_id", "description"]].to_numpy().tolist() == [["20260301000123", "两次没修好"]] and cases["topic"].isna().all()
    assert cases["opened_at"].iloc[0].hour == 2 and "a spreadsheet written as XML; read from it: 工单" in pool.findings("en")


@pytest.mark.parametrize("raw", [_xml(*CELLS, before='<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c SYSTEM "file:///etc/passwd">]>'), _xml("<Cell>")])
def test_xml_that_declares_entities_or_is_broken_is_refused(tmp_path, raw):
    with pytest.raises(DataError, match=r"a.xls is a spreadsheet written as XML that cannot be read; open it in a spreadsheet program"):
        _cases(tmp_path, "a.xls", raw)


@pytest.mark.parametrize(("raw", "told"), [
    (b'<html><form><input type="password"></form><table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table>', "a web page.*sign in"),
    (b"<html><body>502 Bad Gateway</body></html>", "a web page, whatever its name says"),
    (b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related;\r\n\r\n", r"a web page saved with its pictures.*\.xlsx$"),
    (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "not read|password")])
@pytest.mark.parametrize("name", ["a.xls", "a.xlsx"])
def test_what_shows_no_table_is_refused_with_what_to_do(tmp_path, name, raw, told):
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(DataError, match=told):
        readers.read(tmp_path / name, name=name)


def test_text_and_new_workbooks_under_the_old_name_are_read_by_what_they_hold(tmp_path):
    text = "工单号\t创建时间\t分类\t描述\n0007\t2026-03-01 10:00\t维修\t慢\n".encode("gb18030")
    assert _cases(tmp_path, "a.xls", text)[1]["case_id"].tolist() == ["0007"]
    book = openpyxl.Workbook()
    for row in (["工单号", "创建时间", "分类", "描述"], ["0008", "2026-03-01 10:00", "维修", "慢"]):
        book.active.append(row)
    book.save(tmp_path / "b.xlsx")
    assert zipfile.is_zipfile(tmp_path / "b.xlsx")
    assert _cases(tmp_path, "b.xls", (tmp_path / "b.xlsx").read_bytes())[1]["case_id"].tolist() == ["0008"]
