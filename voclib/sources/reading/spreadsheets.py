"""Spreadsheets into text: merged cells are filled, formulas that hold no value are counted, and several sheets can be one file."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from voclib.errors import DataError, nearest
from voclib.sources.reading import markup
from voclib.sources.reading.extracts import EMPTY, Extract, Note, Row, cell_text, fitted, frame, headings

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

EVERY = "*"
CALENDAR_1904: Note = ("calendar_1904", "")  # the workbook counts days from 1904: a bare day number in it is four years later than elsewhere
MERGED = "merged cells, filled with the value of the first"
_MORE = re.compile(rb"""<(?:\w+:)?(?:(?:mergeCell|f)[ >/]|row [^>]*hidden=["'](?:1|true))""")
Place = tuple[int, int]


@dataclass(frozen=True)
class _Sheet:
    """A sheet as rows below its heading, numbered as in the sheet; `last` is its last row."""

    title: str
    heading: tuple[str, ...]
    rows: list[Row]
    notes: tuple[Note, ...]
    last: int


def read(raw: bytes, name: str, *, sheet: str | None, heading_row: int, encoding: str = "auto") -> Extract:
    """One sheet (the first that is not hidden unless `sheet` names another), or with `*` every sheet that has the heading under which most
    rows stand.

    The rows of further sheets are numbered on from the last row of the sheet before; notes say from where, and which sheets were not read.
    A page or an XML file named like a spreadsheet (`markup`) counts its tables as sheets, the largest first. DataError for a file that is no
    spreadsheet and for a sheet that is not there.
    """
    book, formulas, found = _books(raw, name, encoding)
    if sheet not in (None, EVERY) and sheet not in book.sheetnames:
        raise DataError(f"{name} has no sheet '{sheet}'; {nearest(str(sheet), book.sheetnames)}")
    titles = [page.title for page in book.worksheets] if sheet == EVERY else [sheet or _visible(book).title]
    sheets = [_sheet(book[title], formulas[title] if formulas else None, heading_row) for title in titles]
    rows_under = Counter()
    for one in sheets:
        rows_under[one.heading] += len(one.rows)
    heading = max(rows_under, key=lambda names: rows_under[names])  # the first of equals
    taken = [one for one in sheets if one.heading == heading]
    unread = tuple(("sheet_not_read", title) for title in book.sheetnames if title not in {one.title for one in taken})
    if not heading:
        return Extract(frame([], [], name), found, (EMPTY, *unread))
    names, notes = headings(list(heading))
    notes = (*notes, *_written(raw, titles))
    notes = (*notes, *((CALENDAR_1904,) if book.epoch.year == 1904 else ()))
    rows: list[Row] = []
    before = 0
    for one in taken:
        rows += [fitted(row._replace(number=before + row.number), len(names)) for row in one.rows]
        notes = (*notes, *one.notes, *((("sheet_numbered", f"{one.title}: {before + 1}"),) if before else ()))
        before += one.last
    return Extract(frame(names, rows, name), found, (*dict.fromkeys(notes), *unread))


def first(path: Path, sheet: str | None, *, rows: int) -> list[tuple[int, list[str]]]:
    """The first rows of a sheet with their numbers; none where the file cannot be read."""
    try:
        book, _, _ = _books(path.read_bytes(), path.name)
    except DataError:
        return []
    page = book[sheet] if sheet in book.sheetnames else _visible(book)
    return [(number, [cell_text(cell) or "" for cell in held]) for number, held in enumerate(page.iter_rows(max_row=rows, values_only=True), start=1)]


def _visible(book: Workbook) -> Worksheet:
    """The first sheet that whoever opens the file can see: programs keep lists and old states on hidden ones."""
    return next((page for page in book.worksheets if page.sheet_state == "visible"), book.worksheets[0])


def _written(raw: bytes, titles: list[str]) -> list[Note]:
    """That the file is no workbook but a page or XML, and which of its tables was read."""
    kind = {markup.HTML: markup.WEB_TABLE, markup.XML: markup.XML_TABLE}.get(markup.kind(raw))
    return [(kind, ", ".join(titles))] if kind else []


def _books(raw: bytes, name: str, encoding: str = "auto") -> tuple[Workbook, Workbook | None, str]:
    """The values, where a sheet holds formulas, merged cells or hidden rows the formulas beside them, and the encoding; such files are loaded
    whole, others row by row."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    if markup.kind(raw) in (markup.HTML, markup.XML):
        book, found = markup.book(raw, name, encoding=encoding)
        return book, book, found
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            more = any(_MORE.search(archive.read(part)) for part in archive.namelist() if part.startswith("xl/worksheets/") and part.endswith(".xml"))
        return load_workbook(io.BytesIO(raw), read_only=not more, data_only=True), load_workbook(io.BytesIO(raw)) if more else None, "xlsx"
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise DataError(f"{name} is not a readable spreadsheet ({type(error).__name__}); open it and save it again as .xlsx") from None


def _sheet(page: Worksheet, formulas: Worksheet | None, heading_row: int) -> _Sheet:
    values = dict(enumerate(page.iter_rows(min_row=heading_row, values_only=True), start=heading_row))
    merged = _merged(page, heading_row) if formulas is not None else {}
    hollow = _hollow(values, formulas, heading_row) if formulas is not None else set()
    first = [cell_text(merged.get((heading_row, at), cell)) or "" for at, cell in enumerate(values.pop(heading_row, ()), start=1)]
    while first and not first[-1]:
        first.pop()
    calculated, rows, filled = {row for row, _ in hollow}, [], Counter()
    for number, cells in values.items():
        if number not in calculated and all(cell is None for cell in cells):
            continue
        own = [at for at in range(1, len(first) + 1) if (number, at) in merged]
        filled.update(own)
        texts = [cell_text(merged.get((number, at), cell)) for at, cell in enumerate(cells, start=1)]
        rows.append(Row(number, [*texts, *[None] * (len(first) - len(texts))], repair=MERGED if own else ""))
    empty = Counter(at for _, at in hollow)
    notes = [(kind, f"{first[at - 1] if at <= len(first) and first[at - 1] else f'column {at}'}: {found[at]}")
             for kind, found in (("formula_without_value", empty), ("merged_filled", filled)) for at in sorted(found)]
    notes += [("sheet_hidden", page.title)] if page.sheet_state != "visible" else []
    concealed = sum(page.row_dimensions[row.number].hidden for row in rows if row.number in page.row_dimensions) if formulas is not None else 0
    notes += [("rows_hidden", f"{page.title}: {concealed}")] if concealed else []
    return _Sheet(page.title, tuple(first), rows, tuple(notes), max(values, default=heading_row))


def _merged(page: Worksheet, heading_row: int) -> dict[Place, object]:
    """The value of each merged cell that is not the first of its range: below the heading in both directions, in the heading from above only.

    A cell as wide as the table is a title or a note and holds no data: it stays one cell.
    """
    found: dict[Place, object] = {}
    for area in page.merged_cells.ranges:
        value = page.cell(area.min_row, area.min_col).value
        below = area.min_row > heading_row
        if below and area.min_col == 1 and area.max_col >= page.max_column > 2:
            continue
        for row in range(area.min_row, min(area.max_row, page.max_row) + 1):
            for column in range(area.min_col, area.max_col + 1):
                wanted = below or (row == heading_row > area.min_row and column == area.min_col)
                if value is not None and wanted and (row, column) != (area.min_row, area.min_col):
                    found[row, column] = value
    return found


def _hollow(values: dict[int, tuple], formulas: Worksheet, heading_row: int) -> set[Place]:
    """Cells below the heading that hold a formula whose result was never stored, as programs write that do not calculate.

    A program that calculates stores every result, so an empty one among others is a formula that gives nothing.
    """
    written = {(cell.row, cell.column) for row in formulas.iter_rows(min_row=heading_row + 1) for cell in row if cell.data_type == "f"}
    empty = {(row, column) for row, column in written if values[row][column - 1] is None}
    return empty if empty == written else set()
