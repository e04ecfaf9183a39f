"""Files into text: delimited text, spreadsheets and JSON become rows of text cells, and no row is lost.

Every reader gives an `Extract`: a frame of text columns with `_file`, `_row` (line, sheet row or record number, from 1), `_problem`
(empty, or why the row cannot be used) and `_repair` (empty, or what was mended to read it), and the encoding it was read in.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pandas as pd

from voclib.errors import DataError, nearest
from voclib.sources.reading import answers, cells, encodings, markup, spreadsheets, totals
from voclib.sources.reading.extracts import EMPTY, UNDECODED, Extract, Note, Row, cell_text, fitted, frame, headings

__all__ = ["EMPTY", "UNDECODED", "Extract", "Note", "cell_text", "doubt", "dotted", "read"]

TEXT_FILES, SPREADSHEETS, RECORD_FILES = (".csv", ".tsv", ".txt"), (".xlsx", ".xlsm"), (".json", ".jsonl", ".ndjson")
SIGNS, _LOOKED_AT = ",;\t|", 50  # signs between cells; lines that tell which it is
_TITLES = 10  # rows below the heading named among which the real one is looked for
_SAVE = "open it and save it as .xlsx"
# how an archive and an old workbook begin, whatever they are called; an archive names its files as they are
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_SURELY, _LONG = "surely", 131_072  # signs from which a cell of many lines is doubted: more than csv itself expects in one
_HALF = re.compile("[\ud800-\udfff]")
STRAY_QUOTE = "a quote that never closes, kept as text"


def read(path: Path, *, name: str, encoding: str = "auto", delimiter: str | None = None, sheet: str | None = None, heading_row: int = 1,
         records: str | None = None, whole: Collection[str] = ()) -> Extract:
    """A file as text, by its suffix; `name` is how messages call it. DataError when it cannot be read, saying what to do.

    Lists in records whose dotted names stand in `whole` stay JSON text, for whoever takes them apart.
    """
    suffix = path.suffix.lower()
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{name} cannot be opened: {error.strerror}; check the file's permissions") from None
    if not raw.strip():
        return Extract(frame([], [], name), "", (EMPTY,))
    if kind := _book_kind(suffix, raw):
        raise DataError(f"{name} is {kind}")
    written = _written(suffix, raw)
    if written == "book":
        made = spreadsheets.read(raw, name, sheet=sheet, heading_row=heading_row, encoding=encoding)
        return _guessed(totals.apart(cells.tidied(made)), encoding)
    if written == "records":
        text, found = encodings.decode(raw, given=encoding, file=name)
        return _guessed(Extract(_records(text, name, records, whole, lines=suffix != ".json"), found), encoding)
    if written == "text":
        text, found = encodings.decode(raw, given=encoding, file=name)
        return _guessed(totals.apart(cells.tidied(_delimited(text, name, found, delimiter, heading_row))), encoding)
    hint = _SAVE if suffix in (".xls", ".ods", ".xlsb", ".numbers") else "export it as one of these"
    raise DataError(f"{name}: files of kind '{suffix}' are not read; known: {', '.join((*TEXT_FILES, *SPREADSHEETS, *RECORD_FILES))}; {hint}")


def _written(suffix: str, raw: bytes) -> str:
    """How a file is written, by its name and, where that is one of spreadsheets, by what it holds: book, text or records; empty where it is not
    read.

    Many systems call .xls what is a page or text with tabs, and what Excel itself would call .xlsx.
    """
    if suffix in (*SPREADSHEETS, ".xls"):
        is_book = suffix != ".xls" or raw.startswith(_ZIP) or markup.kind(raw)
        return "text" if _is_text(raw) else "book" if is_book else ""
    return "text" if suffix in TEXT_FILES else "records" if suffix in RECORD_FILES else ""


def _is_text(raw: bytes) -> bool:
    """Whether a file named like a spreadsheet is text with tabs or commas: it begins so, and holds no sign that only programs write."""
    if raw.startswith((_ZIP, _OLD)) or markup.kind(raw):
        return False
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    head = raw[:4096].decode("utf-16", errors="ignore") if wide else raw[:4096].decode("latin-1")
    return not re.search("[\x00-\x08\x0b\x0e-\x1f]", head) and bool(re.search("[\t,;]", head.partition("\n")[0])) and "\n" in head


def _book_kind(suffix: str, raw: bytes) -> str:
    """What a workbook, a page or an archive is that is named like another kind of file, and what to do with it; empty for any other file."""
    found = markup.kind(raw)
    if found == markup.HTML and suffix in TEXT_FILES + RECORD_FILES:
        return markup.NO_TABLE
    if found == markup.MIME and suffix in (*SPREADSHEETS, ".xls"):
        return f"a web page saved with its pictures (MHTML), whatever its name says; {_SAVE}"
    if raw.startswith(_OLD) and suffix in SPREADSHEETS:
        return "a spreadsheet of the old format, or one that a password protects; open it and save it as .xlsx without a password"
    if suffix in (*SPREADSHEETS, ".xls") or not raw.startswith((_ZIP, _OLD)):
        return ""
    if raw.startswith(_ZIP) and b"opendocument.spreadsheet" not in raw and b"xl/" not in raw and suffix not in TEXT_FILES + RECORD_FILES:
        return "an archive or a document of another program; unpack it, or export the table as .csv or .xlsx"
    named = "" if suffix == ".ods" else ", whatever its name says"
    return f"a spreadsheet{named}; {'name it .xlsx' if raw.startswith(_ZIP) and b'opendocument.spreadsheet' not in raw else _SAVE}"


def _guessed(made: Extract, given: str) -> Extract:
    is_guess = given == "auto" and encodings.is_guess(made.encoding)
    return replace(made, notes=(*made.notes, ("encoding_guessed", made.encoding))) if is_guess else made


def _delimited(text: str, name: str, encoding: str, delimiter: str | None, heading_row: int) -> Extract:
    lines = _lines_of(text)
    with _long_lines(lines):
        sign, start = _layout(lines, name, delimiter, heading_row)
        rows = _split(lines[start:], sign, name, first=start + 1)
        heading = next(rows, None)
        if heading is None:
            return Extract(frame([], [], name), encoding, (EMPTY,))
        names, notes = headings([cells.bare(cell or "") for cell in heading.cells])
        return Extract(frame(names, (fitted(row, len(names)) for row in rows), name), encoding, notes)


@contextmanager
def _long_lines(lines: list[str]) -> Iterator[None]:
    """Let csv read a cell as long as the file: what a cell of many lines is, `_split` decides."""
    before = csv.field_size_limit()
    csv.field_size_limit(max(before, sum(map(len, lines))))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _lines_of(text: str) -> list[str]:
    return list(io.StringIO(text.removeprefix("\ufeff"), newline=""))


def _layout(lines: list[str], name: str, delimiter: str | None, heading_row: int) -> tuple[str, int]:
    """The sign between cells and the line in which the heading begins, from 0. A first line such as `sep=;` names the sign, as Excel has it;
    otherwise it is the one that stands as often in the next lines as in the heading. Rows above the heading may span lines.
    """
    named = re.fullmatch(r"sep=(.)\s*", "".join(lines[:1]), re.IGNORECASE)
    above = max(heading_row - 1, 1 if named else 0)
    signs = [delimiter] if delimiter else [named[1]] if named else SIGNS
    starts = {sign: _below(lines, sign, above, name) for sign in signs}
    if min(starts.values()) >= len(lines):
        raise DataError(f"{name}: heading_row is {heading_row}, but the file has fewer lines")
    sign = max(signs, key=lambda sign: _evenness(lines[starts[sign]:starts[sign] + _LOOKED_AT], sign))
    return sign, starts[sign]


def _below(lines: list[str], sign: str, above: int, name: str) -> int:
    """The line after so many rows, from 0; a row may span lines."""
    reader = csv.reader(lines, delimiter=sign)
    for _ in range(above):
        if reader.line_num < len(lines) and _next(reader)[1]:
            raise DataError(f"{name}: a quotation mark above the heading is never closed; correct it, or leave the rows above the heading out")
    return reader.line_num


def _evenness(lines: list[str], sign: str) -> tuple[float, int]:
    """The share of lines below the heading that hold a sign as often as the heading, outside quotes, and how often that is."""
    if not lines:
        return 0.0, 0
    often = len(_next(csv.reader(lines, delimiter=sign))[0]) - 1
    counts = ["".join(line.split('"')[::2]).count(sign) for line in lines[1:] if line.strip()]
    return (sum(count == often for count in counts) / max(len(counts), 1), often) if often > 0 else (0.0, 0)


def doubt(path: Path, *, encoding: str, delimiter: str | None, heading_row: int, sheet: str | None = None, wanted: Iterable[str] = ()) -> str:
    """What was guessed about a file, to end the message about a name that is not in it; empty where nothing was.

    A row below the heading that holds most of the `wanted` names is probably the heading, under a title.
    """
    if _book_kind(path.suffix.lower(), path.read_bytes()):
        return ""
    if at := _heading_at(_first(path, encoding, delimiter, sheet), set(wanted), after=heading_row):
        return f"; row {at} holds these names: write  heading_row: {at}"
    if _written(path.suffix.lower(), path.read_bytes()) != "text" or encoding != "auto":
        return ""
    text, found = encodings.decode(path.read_bytes(), file=path.name)
    lines = _lines_of(text)
    with _long_lines(lines):
        sign, start = _layout(lines, path.name, delimiter, heading_row)
    told = f"; its bytes are not UTF-8 and were read as {found}: if the names look garbled, write  encoding: {encodings.others(found)}" \
        if encodings.is_guess(found) else ""
    other = next((mark for mark in SIGNS if delimiter is None and mark != sign and mark in lines[start]), None)
    return told + (f"; cells were taken to end at '{sign}': if they do not, write  delimiter: '{other}'" if other else "")


def _heading_at(shown: list[tuple[int, list[str]]], wanted: set[str], *, after: int) -> int | None:
    """The row, of the ten after the one named, that holds more of the names than it does, and at least half of them."""
    held: dict[int, int] = {}
    for number, row in shown:
        held[number] = max(held.get(number, 0), len(wanted & {cell.strip() for cell in row}))
    best = max((number for number in held if after < number <= after + _TITLES), key=lambda number: held[number], default=after)
    return best if held.get(best, 0) > held.get(after, 0) and 2 * held[best] >= len(wanted) else None


def _first(path: Path, encoding: str, delimiter: str | None, sheet: str | None) -> list[tuple[int, list[str]]]:
    """The first rows of a file with their numbers, text once for every sign at which its cells may end."""
    written = _written(path.suffix.lower(), path.read_bytes())
    if written == "book":
        return spreadsheets.first(path, None if sheet == spreadsheets.EVERY else sheet, rows=_LOOKED_AT)
    if written != "text":
        return []
    lines = _lines_of(encodings.decode(path.read_bytes(), given=encoding, file=path.name)[0])[:_LOOKED_AT]
    found = []
    for sign in [delimiter] if delimiter else SIGNS:
        reader = csv.reader(lines, delimiter=sign)
        number = 0
        while reader.line_num < len(lines):  # a blank line is a row too
            number += 1
            found.append((number, _next(reader)[0]))
    return found


def _split(lines: list[str], sign: str, name: str, *, first: int) -> Iterator[Row]:
    """The heading, then the rows. A quote that swallowed rows is kept as text, and reading goes on with the line after it."""
    reader, before, place, width = csv.reader(lines, delimiter=sign), 0, 0, 0
    while place < len(lines):
        row, wrong = _next(reader)
        end = before + reader.line_num
        held = lines[place:end]
        if not wrong and end == len(lines) and _is_open(held, sign):
            # an open quote swallows the rest of the file: give every line back instead of one long cell
            yield from (Row(first + at, [], "a quote opens and never closes") for at in range(place, end) if lines[at].strip())
            return
        rows_held = _rows_held(held, sign, width) if width else ""
        if rows_held == _SURELY:
            yield Row(first + place, _with_quote(held[0], sign, width), repair=STRAY_QUOTE)
            end = before = place + 1
            reader = csv.reader((lines[at] for at in range(end, len(lines))), delimiter=sign)
        elif wrong or (rows_held and sum(map(len, held)) > _LONG):
            why = wrong or f"one cell would hold {len(held)} lines, most of them as wide as the heading"
            raise DataError(f"{name}: line {first + place}: {why}; a quote probably never closes there")
        elif row:
            yield Row(first + place, row)
            width = width or len(row)
        place = end


def _next(reader: Iterator[list[str]]) -> tuple[list[str], str]:
    """The next record, or what csv says against it."""
    try:
        return next(reader), ""
    except csv.Error as error:
        return [], str(error)


def _is_open(held: list[str], sign: str) -> bool:
    """Whether the last record wants a further line; an inch sign inside a cell opens nothing."""
    reader = csv.reader([*held, sign], delimiter=sign)
    return not _next(reader)[1] and reader.line_num > len(held)


def _rows_held(held: list[str], sign: str, width: int) -> str:
    """Whether a record of several lines is several records, `surely` or `perhaps`; empty where it is one.

    It is where most lines after the first are as wide as the heading (or open a quote where the first does), with a number, date or code wherever
    the first has one before its quote. Where it has none there, that is sure only if the quote also closes as no quote may (RFC 4180).
    """
    if len(held) < 2:
        return ""
    opened = _alone(held[0], sign)
    codes = [at for at, cell in enumerate(opened[:-1]) if _is_code(cell)]
    rows = [(line, _alone(line, sign)) for line in held[1:]]
    alike = sum((len(row) == width or (len(row) == len(opened) and _is_open([line], sign)))
                and all(_is_code(row[at]) or not row[at] for at in codes) for line, row in rows)
    if 2 * alike <= len(rows):
        return ""
    return _SURELY if codes or _next(csv.reader(held, delimiter=sign, strict=True))[1] else "perhaps"


def _alone(line: str, sign: str) -> list[str]:
    """The cells of a line read by itself; an open quote makes the last one."""
    return next(csv.reader([line.rstrip("\r\n")], delimiter=sign))


def _with_quote(line: str, sign: str, width: int) -> list[str]:
    """The cells of a line whose open quote is text: split after it where that fits the heading."""
    *cells, last = _alone(line, sign)
    rest = f'"{last}'.split(sign)
    return [*cells, *rest] if len(cells) + len(rest) == width else [*cells, f'"{last}']


def _is_code(cell: str) -> bool:
    """Mostly digits, as numbers, dates and identifiers are and words are not."""
    digits = sum(letter.isdigit() for letter in cell)
    return digits > 0 and 2 * digits >= sum(letter.isalnum() for letter in cell)


def _records(text: str, name: str, at: str | None, whole: Collection[str], *, lines: bool) -> pd.DataFrame:
    found = list(_lines(text) if lines or (at is None and _is_record_a_line(text)) else _document(text, name, at))
    flat = [(number, dotted(record, whole=whole) if isinstance(record, dict) else {}, problem) for number, record, problem in found]
    names = list(dict.fromkeys(key for _, record, _ in flat for key in record))
    rows = (Row(number, [record.get(key) for key in names], problem or _undecoded(record)) for number, record, problem in flat)
    return frame(names, rows, name)


def _undecoded(record: dict[str, str | None]) -> str:
    return UNDECODED if any(value and encodings.UNDECODABLE in value for value in record.values()) else ""


def _is_record_a_line(text: str) -> bool:
    """Whether the first two lines that are filled are records by themselves, as they are in no document: many exports name such files .json."""
    filled = (line for line in text.split("\n") if line.strip())
    first = list(islice(filled, 2))
    return len(first) > 1 and all(isinstance(record, dict) for _, record, _ in _lines("\n".join(first)))


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


def dotted(record: dict, before: str = "", *, whole: Collection[str] = ()) -> dict[str, str | None]:
    """A nested record as one level: `{"customer": {"id": 1}}` gives `customer.id`, and so does a list of named answers or fields
    (`voclib.sources.reading.answers`); other lists, and those in `whole`, stay as JSON text."""
    flat: dict[str, str | None] = {}
    for key, value in record.items():
        name = f"{before}{key}"
        if isinstance(value, dict) or (name not in whole and answers.fields(value)):
            flat |= dotted(value if isinstance(value, dict) else answers.fields(value), f"{name}.", whole=whole)
        else:
            flat[_whole(name)] = _whole(cell_text(answers.plain(value)))
    return flat


def _whole(text: str | None) -> str | None:
    """A text whose half characters, such as an emoji that was cut in two, are marked as what could not be read."""
    return text and _HALF.sub(encodings.UNDECODABLE, text)
