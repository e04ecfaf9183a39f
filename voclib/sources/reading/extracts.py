"""What every reader gives: a file as text cells, row by row, with what is wrong with a row and what was mended."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import count
from typing import NamedTuple

import pandas as pd

from voclib.sources.reading import encodings

UNDECODED = "bytes that are not in the file's encoding"
Note = tuple[str, str]
EMPTY: Note = ("empty", "")


class Row(NamedTuple):
    """A row of a file: its number, its cells, why it cannot be used and what was mended."""

    number: int
    cells: list[str | None]
    problem: str = ""
    repair: str = ""


@dataclass(frozen=True)
class Extract:
    """One file as text: `frame` (with _file, _row, _problem, _repair), the encoding, and what is odd about the file as a whole.

    A note is a pair: what kind (empty, repeated_heading, sheet_not_read …) and of what.
    """

    frame: pd.DataFrame
    encoding: str
    notes: tuple[Note, ...] = ()


def fitted(row: Row, width: int) -> Row:
    """A row as wide as the heading; empty cells beyond it are dropped, another width or bytes that could not be read are its problem."""
    cells, problem = row.cells, row.problem
    while len(cells) > width and not (cells[-1] or "").strip():
        cells = cells[:-1]
    if not problem and len(cells) != width:
        problem = f"{len(cells)} cells where the heading has {width}"
    if not problem and any(cell and encodings.UNDECODABLE in cell for cell in cells):
        problem = UNDECODED
    return row._replace(cells=(cells + [None] * width)[:width] if not problem else [None] * width, problem=problem)


def headings(cells: list[str]) -> tuple[list[str], tuple[Note, ...]]:
    """Headings without blanks around them; empty and repeated ones get a number that no other heading has, and are noted."""
    bare = [cell.strip() or f"column {place}" for place, cell in enumerate(cells, start=1)]
    names: dict[str, None] = {}
    notes = []
    for plain in bare:
        name = plain
        if plain in names:
            notes.append(("repeated_heading", plain))
            name = next(one for number in count(2) if (one := f"{plain} ({number})") not in names and one not in bare)
        names[name] = None
    return list(names), tuple(dict.fromkeys(notes))


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


def frame(names: list[str], rows: Iterable[Row], name: str) -> pd.DataFrame:
    """Rows of one file as a frame of text columns with `_file`, `_problem`, `_repair` and `_row`."""
    held = list(rows)
    columns = list(zip(*(row.cells for row in held), strict=True)) if held else [()] * len(names)
    made = {key: pd.Series(values, dtype="str") for key, values in zip(names, columns, strict=True)}
    own = {"_file": [name] * len(held), "_problem": [row.problem for row in held], "_repair": [row.repair for row in held]}
    return pd.DataFrame(made | {key: pd.Series(values, dtype="str") for key, values in own.items()}
                        | {"_row": pd.Series([row.number for row in held], dtype="int64")}, index=pd.RangeIndex(len(held)))
