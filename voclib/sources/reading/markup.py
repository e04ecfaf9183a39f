"""Tables written as HTML or as XML under the name of a spreadsheet, as many systems of tickets and customers export them: as workbooks of text.

Nothing in such a file is run, and nothing that it points to is fetched: scripts, pictures and styles are left out.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from voclib.errors import DataError
from voclib.sources.reading import encodings

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

HTML, XML, MIME = "html", "xml", "mime"
WEB_TABLE, XML_TABLE = "web_table", "xml_table"  # notes: what was read
NO_TABLE = ("a web page, whatever its name says: open it; if it shows a table, copy that into a spreadsheet program and save it as .xlsx, "
            "and if it asks for a password, sign in again and repeat the export")
_HEAD = 4096
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|meta|body|table|style)\b")
_BEFORE = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*|<!--.*?-->\s*)*", re.DOTALL)
_WORKBOOK = "urn:schemas-microsoft-com:office:spreadsheet"
_CHARSET = re.compile(r"""(?:charset|encoding)\s*=\s*["']?([A-Za-z0-9_.:-]+)""")
_BLOCKS = frozenset({"p", "div", "li"})
_UNSEEN = frozenset({"script", "style", "title", "noscript", "template"})
_LONGEST, _WIDEST = 32_767, 16_384  # signs in a cell and columns, as spreadsheet programs have them
_SS, _EXCEL = f"{{{_WORKBOOK}}}", "{urn:schemas-microsoft-com:office:excel}"


def kind(raw: bytes) -> str:
    """What a file is by how it begins: HTML, XML (SpreadsheetML of Excel 2003), MIME (a page saved with its pictures); empty for another."""
    head = _head(raw)
    if re.match(r"mime-version\s*:", head, re.IGNORECASE) and "multipart/related" in head.lower():
        return MIME
    if head.startswith("<?xml") and _WORKBOOK in head and not _PAGE.match(head[_BEFORE.match(head).end():].lower()):
        return XML
    return HTML if _PAGE.match(head[_BEFORE.match(head).end():].lower()) else ""


def book(raw: bytes, name: str, *, encoding: str = "auto") -> tuple[Workbook, str]:
    """The tables of a file as a workbook of text, the one with most cells first, and the encoding it was read in; DataError where it cannot be
    read."""
    text, found = _decoded(raw, encoding, name)
    return (_of_xml(text, name) if kind(raw) == XML else _of_html(text, name)), found


def _head(raw: bytes) -> str:
    wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(raw[:2], "latin-1")
    return raw[:_HEAD].decode(wide, errors="ignore").lstrip("\ufeff\xef\xbb\xbf \r\n\t")


def _decoded(raw: bytes, given: str, name: str) -> tuple[str, str]:
    """The text, in the encoding given, else the one the file names where it can be read in it, else the likeliest."""
    named = _CHARSET.search(_head(raw)) if given == "auto" and raw[:2] not in (b"\xff\xfe", b"\xfe\xff") else None
    if named:
        said = {"gb2312": "gb18030", "gbk": "gb18030"}.get(named[1].lower(), named[1])
        with suppress(DataError):  # a page may say what it is not
            return encodings.decode(raw, given=said, file=name)
    return encodings.decode(raw, given=given, file=name)


@dataclass
class _Cell:
    parts: list[str] = field(default_factory=list)
    down: int = 1
    across: int = 1

    @property
    def text(self) -> str:
        lines = (re.sub(r"[ \t\r\f\u00a0]+", " ", line).strip() for line in "".join(self.parts).split("\n"))
        return "\n".join(line for line in lines if line)


class _Page(HTMLParser):
    """The tables of a page, inner ones apart from those they stand in."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[_Cell]]] = []
        self.asks_password = False
        self._open: list[list[list[_Cell]]] = []
        self._cells: list[_Cell | None] = []
        self._unseen = 0

    @property
    def found(self) -> list[tuple[int, list[list[_Cell]]]]:
        """Number and rows of the tables with two rows and two columns or more, the one with most cells first."""
        numbered = [(number, rows) for number, rows in enumerate(self.tables, start=1) if sum(len(row) > 1 for row in rows) > 1]
        return sorted(numbered, key=lambda item: (-sum(map(len, item[1])), item[0]))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.asks_password |= tag == "input" and (given.get("type") or "").lower() == "password"
        if tag == "table":
            self.tables.append([])
            self._open.append(self.tables[-1])
            self._cells.append(None)
        elif tag in _UNSEEN:
            self._unseen += 1
        elif self._open and tag == "tr":
            self._open[-1].append([])
            self._cells[-1] = None
        elif self._open and tag in ("td", "th"):
            if not self._open[-1]:
                self._open[-1].append([])
            self._cells[-1] = _Cell(down=_span(given.get("rowspan")), across=_span(given.get("colspan")))
            self._open[-1][-1].append(self._cells[-1])
        elif tag == "br" or tag in _BLOCKS:
            self._say("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self._open:
            self._open.pop()
            self._cells.pop()
        elif tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)
        elif tag in ("td", "th") and self._cells:
            self._cells[-1] = None
        elif tag in _BLOCKS:
            self._say("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._say(re.sub(r"[ \t\r\n\f]+", " ", data))

    def _say(self, text: str) -> None:
        if self._cells and self._cells[-1] is not None:
            self._cells[-1].parts.append(text)


def _span(given: str | None) -> int:
    return min(max(int(given), 1), _WIDEST) if given and given.strip().isdecimal() else 1


def _parsed(text: str) -> _Page:
    page = _Page()
    page.feed(text)
    page.close()
    return page


def _of_html(text: str, name: str) -> Workbook:
    from openpyxl import Workbook

    page, made = _parsed(text), Workbook()
    if page.asks_password or not page.found:
        raise DataError(f"{name} is {NO_TABLE}")
    made.remove(made.active)
    for number, rows in page.found:
        sheet = made.create_sheet(f"table {number}")
        taken: set[tuple[int, int]] = set()
        for row, cells in enumerate(rows, start=1):
            column = 1
            for cell in cells:
                while (row, column) in taken:
                    column += 1
                down = min(cell.down, len(rows) - row + 1)
                taken |= {(row + below, column + beside) for below in range(1, down) for beside in range(cell.across)}
                _put(sheet, row, column, cell.text, name)
                _merge(sheet, row, column, down, cell.across)
                column += cell.across
    return made


def _put(sheet: Worksheet, row: int, column: int, value: object, name: str) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if isinstance(value, str):
        value = ILLEGAL_CHARACTERS_RE.sub("", value)
        if len(value) > _LONGEST:
            raise DataError(f"{name}: row {row} holds a cell of {len(value)} signs, more than a spreadsheet keeps; export the file as .csv")
    if value not in (None, ""):
        sheet.cell(row, column, value)


def _merge(sheet: Worksheet, row: int, column: int, down: int, across: int) -> None:
    if down > 1 or across > 1:
        sheet.merge_cells(start_row=row, start_column=column, end_row=row + down - 1, end_column=column + across - 1)


def _of_xml(text: str, name: str) -> Workbook:
    from openpyxl import Workbook

    wrong = f"{name} is a spreadsheet written as XML that cannot be read; open it in a spreadsheet program and save it as .xlsx"
    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # an export declares no entities, and those of a stranger may be endless
        raise DataError(wrong)
    try:
        root = ElementTree.fromstring(re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text))
    except ElementTree.ParseError as error:
        raise DataError(f"{wrong} ({error})") from None
    made = Workbook()
    made.remove(made.active)
    for number, page in enumerate(root.iter(f"{_SS}Worksheet"), start=1):
        sheet = made.create_sheet(page.get(f"{_SS}Name") or f"sheet {number}")
        if page.findtext(f".//{_EXCEL}Visible", "") in ("SheetHidden", "SheetVeryHidden"):
            sheet.sheet_state = "hidden"
        _rows_of(page, sheet, name)
    if not made.worksheets:
        raise DataError(wrong)
    return made


def _rows_of(page: ElementTree.Element, sheet: Worksheet, name: str) -> None:
    row = 0
    for one in page.iterfind(f"{_SS}Table/{_SS}Row"):
        row = int(one.get(f"{_SS}Index") or row + 1)
        column = 0
        for cell in one.iterfind(f"{_SS}Cell"):
            column = int(cell.get(f"{_SS}Index") or column + 1)
            across, down = (int(cell.get(f"{_SS}{span}") or 0) for span in ("MergeAcross", "MergeDown"))
            data = cell.find(f"{_SS}Data")
            if data is not None:
                _put(sheet, row, column, _value("".join(data.itertext()), data.get(f"{_SS}Type") or "String"), name)
            _merge(sheet, row, column, down + 1, across + 1)
            column += across


def _value(text: str, kind: str) -> object:
    """A cell as a spreadsheet holds it; what is not of its kind stays text."""
    try:
        match kind:
            case "Number":
                return int(text) if text.strip().lstrip("-").isdecimal() else float(text)
            case "DateTime":
                return datetime.fromisoformat(text)
            case "Boolean":
                return text.strip() in ("1", "true", "True")
            case _:
                return text
    except ValueError:
        return text
