"""Files into text: delimited text, spreadsheets and JSON become rows of text cells, and no row is lost.

Every reader gives an `Extract`: a frame of text columns with `_file`, `_row` (line, sheet row or record number, from 1) and
`_problem` (empty, or why the row cannot be used), and the encoding it was read in.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import pandas as pd

from voclib.errors import DataError, nearest
from voclib.sources import encodings

TEXT_FILES, SPREADSHEETS, RECORD_FILES = (".csv", ".tsv", ".txt"), (".xlsx", ".xlsm"), (".json", ".jsonl", ".ndjson")
UNDECODED = "bytes that are not in the file's encoding"
Row = tuple[int, list[str | None], str]
Note = tuple[str, str]
EMPTY: Note = ("empty", "")


@dataclass(frozen=True)
class Extract:
    """One file as text: `frame` (with _file, _row, _problem), the encoding, and what is odd about the file as a whole.

    A note is a pair: what kind (empty, repeated_heading, sheet_not_read …) and of what.
    """

    frame: pd.DataFrame
    encoding: str
    notes: tuple[Note, ...] = ()


def read(path: Path, *, name: str, encoding: str = "auto", delimiter: str | None = None, sheet: str | None = None, heading_row: int = 1,
         records: str | None = None) -> Extract:
    """A file as text, by its suffix; `name` is how messages call it. DataError when it cannot be read, saying what to do."""
    suffix = path.suffix.lower()
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{name} cannot be opened: {error.strerror}; check the file's permissions") from None
    if not raw.strip():
        return Extract(_frame([], [], name), "", (EMPTY,))
    if suffix in SPREADSHEETS:
        return _spreadsheet(raw, name, sheet, heading_row)
    if suffix in RECORD_FILES:
        text, found = encodings.decode(raw, given=encoding, file=name)
        return Extract(_records(text, name, records, lines=suffix != ".json"), found)
    if suffix in TEXT_FILES:
        text, found = encodings.decode(raw, given=encoding, file=name)
        return _delimited(text, name, found, delimiter, heading_row)
    hint = "open it and save it as .xlsx" if suffix == ".xls" else "export it as one of these"
    raise DataError(f"{name}: files of kind '{suffix}' are not read; known: {', '.join((*TEXT_FILES, *SPREADSHEETS, *RECORD_FILES))}; {hint}")


def _delimited(text: str, name: str, encoding: str, delimiter: str | None, heading_row: int) -> Extract:
    lines = list(io.StringIO(text.removeprefix("\ufeff"), newline=""))[heading_row - 1:]
    if not lines:
        raise DataError(f"{name}: heading_row is {heading_row}, but the file has fewer lines")
    sign = delimiter or _delimiter(lines[0])
    rows = _split(lines, sign, name, first=heading_row)
    _, heading, _ = next(rows)
    names, notes = _headings([cell or "" for cell in heading])
    return Extract(_frame(names, (_fitted(row, len(names)) for row in rows), name), encoding, notes)


def _delimiter(heading: str) -> str:
    """The sign that stands most often in the heading, outside quotes."""
    outside = "".join(heading.split('"')[::2])
    return max(",;\t|", key=outside.count)


def _split(lines: list[str], sign: str, name: str, *, first: int) -> Iterator[Row]:
    reader, before = csv.reader(lines, delimiter=sign), 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise DataError(f"{name}: line {first + before}: {error}; a quote probably never closes there") from None
        if row is None:
            return
        if reader.line_num == len(lines) and "".join(lines[before:]).count('"') % 2:
            # an open quote swallows the rest of the file: give every line back instead of one long cell
            yield from ((first + place, [], "a quote opens and never closes") for place in range(before, len(lines)) if lines[place].strip())
            return
        if row:
            yield first + before, row, ""
        before = reader.line_num


def _fitted(row: Row, width: int) -> Row:
    number, cells, problem = row
    while len(cells) > width and not (cells[-1] or "").strip():
        cells = cells[:-1]
    if not problem and len(cells) != width:
        problem = f"{len(cells)} cells where the heading has {width}"
    if not problem and any(cell and encodings.UNDECODABLE in cell for cell in cells):
        problem = UNDECODED
    return number, (cells + [None] * width)[:width] if not problem else [None] * width, problem


def _headings(cells: list[str]) -> tuple[list[str], tuple[Note, ...]]:
    """Headings without blanks around them; empty and repeated ones get a number and are noted."""
    names, notes = [], []
    for place, cell in enumerate(cells, start=1):
        plain = cell.strip() or f"column {place}"
        copies = sum(other == plain or other.startswith(f"{plain} (") for other in names)
        names.append(f"{plain} ({copies + 1})" if copies else plain)
        if copies:
            notes.append(("repeated_heading", plain))
    return names, tuple(dict.fromkeys(notes))


def _spreadsheet(raw: bytes, name: str, sheet: str | None, heading_row: int) -> Extract:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise DataError(f"{name} is not a readable spreadsheet ({type(error).__name__}); open it and save it again as .xlsx") from None
    if sheet is not None and sheet not in book.sheetnames:
        raise DataError(f"{name} has no sheet '{sheet}'; {nearest(sheet, book.sheetnames)}")
    page = book[sheet] if sheet is not None else book.worksheets[0]
    rows = page.iter_rows(min_row=heading_row, values_only=True)
    heading = next(rows, None)
    if heading is None or not any(cell is not None for cell in heading):
        return Extract(_frame([], [], name), "xlsx", (EMPTY,))
    cells = [cell_text(cell) or "" for cell in heading]
    while not cells[-1]:
        cells.pop()
    names, notes = _headings(cells)
    filled = ((number, row) for number, row in enumerate(rows, start=heading_row + 1) if any(cell is not None for cell in row))
    padded = ((number, [*map(cell_text, row), *[None] * (len(names) - len(row))], "") for number, row in filled)
    notes += tuple(("sheet_not_read", other) for other in book.sheetnames if other != page.title)
    return Extract(_frame(names, (_fitted(row, len(names)) for row in padded), name), "xlsx", notes)


def cell_text(cell: object) -> str | None:
    """A spreadsheet or JSON cell as text: 3.0 is "3", times in ISO form, true and false in lower case; empty is missing."""
    match cell:
        case None:
            return None
        case bool():
            return str(cell).lower()
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
        case datetime() if cell.time() == time(0) and cell.tzinfo is None:
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
        case dict() | list():
            return json.dumps(cell, ensure_ascii=False, sort_keys=True)
    return str(cell)


def _records(text: str, name: str, at: str | None, *, lines: bool) -> pd.DataFrame:
    found = list(_lines(text) if lines else _document(text, name, at))
    flat = [(number, dotted(record) if isinstance(record, dict) else {}, problem) for number, record, problem in found]
    names = list(dict.fromkeys(key for _, record, _ in flat for key in record))
    return _frame(names, ((number, [record.get(key) for key in names], problem or _undecoded(record)) for number, record, problem in flat), name)


def _undecoded(record: dict[str, str | None]) -> str:
    return UNDECODED if any(value and encodings.UNDECODABLE in value for value in record.values()) else ""


def _lines(text: str) -> Iterator[tuple[int, object, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                record = _parse(line)
            except (ValueError, RecursionError):
                yield number, None, "not a JSON record"
                continue
            yield number, record, "" if isinstance(record, dict) else "not a JSON record"


def _document(text: str, name: str, at: str | None) -> Iterator[tuple[int, object, str]]:
    try:
        found = _parse(text)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise DataError(f"{name} is not valid JSON ({where}); if it holds one record a line, name it .jsonl") from None
    for step in (at or "").split(".") if at else []:
        if not isinstance(found, dict) or step not in found:
            raise DataError(f"{name}: records is '{at}', but '{step}' is not there; {nearest(step, found if isinstance(found, dict) else [])}")
        found = found[step]
    if not isinstance(found, list):
        lists = [key for key, value in found.items() if isinstance(value, list)] if isinstance(found, dict) else []
        raise DataError(f"{name}: the records are not a list; say where the list is with  records: …; lists there: {', '.join(lists) or 'none'}")
    for number, record in enumerate(found, start=1):
        yield number, record, "" if isinstance(record, dict) else "not a JSON record"


def _parse(text: str) -> object:
    # numbers stay as they are written: an identifier of twenty digits must not become a float
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=lambda _: None)


def dotted(record: dict, before: str = "") -> dict[str, str | None]:
    """A nested record as one level: `{"customer": {"id": 1}}` gives `customer.id`; lists stay as JSON text."""
    flat: dict[str, str | None] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat |= dotted(value, f"{before}{key}.")
        else:
            flat[f"{before}{key}"] = cell_text(value)
    return flat


def _frame(names: list[str], rows: Iterable[Row], name: str) -> pd.DataFrame:
    numbers, cells, problems = [], [], []
    for number, row, problem in rows:
        numbers.append(number)
        cells.append(row)
        problems.append(problem)
    columns = list(zip(*cells, strict=True)) if cells else [()] * len(names)
    made = {key: pd.Series(values, dtype="str") for key, values in zip(names, columns, strict=True)}
    index = pd.RangeIndex(len(numbers))
    return pd.DataFrame(made | {"_file": pd.Series([name] * len(numbers), dtype="str"), "_row": pd.Series(numbers, dtype="int64"),
                                "_problem": pd.Series(problems, dtype="str")}, index=index)
