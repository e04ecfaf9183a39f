"""Survey exports by quarter: one UTF-8 with byte-order mark, one GB18030, one spreadsheet, and answers as people type them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import duckdb
import numpy as np
import pandas as pd

from voclib.simulate.exports.dirt import REVERSED_SHARE
from voclib.simulate.exports.headings import EXPORTS, VALUES
from voclib.simulate.plan import HOURS_EAST, Plan
from voclib.simulate.streams import stream

HEADINGS = {standard: heading for heading, standard in EXPORTS["survey_*.csv"].items()}
SHEET_ROWS = 50_000
"""A quarter with more rows is a CSV file, not a spreadsheet."""
OUT_OF_RANGE = ("11", "99", "-1", "100")
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def write(connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame, *, folder: Path, plan: Plan, shuffle: int | None) -> dict[str, Any]:
    """Write one file a quarter of submission; the dirt planted in each, by file name."""
    local = frame["submitted_at"].dt.tz_localize(None) + pd.Timedelta(hours=HOURS_EAST)
    quarter = plan.month_of((local.to_numpy().astype("datetime64[D]") - plan.first_day).astype(int)) // 3
    made = {}
    for place, name in enumerate(plan.quarters):
        part = frame[quarter == place].reset_index(drop=True)
        lines, planted = _soiled(_worded(connection, part), stream(plan.seed, f"survey.{name}"))
        if shuffle is not None:
            lines = lines.iloc[np.random.default_rng(shuffle).permutation(len(lines))]
        file = f"survey_{name}" + (".xlsx" if place == 2 and len(lines) <= SHEET_ROWS else ".csv")
        _save(connection, lines, folder / file, encoding="gb18030" if place == 1 else "utf-8-sig" if place == 0 else "utf-8")
        made[file] = {"rows": len(lines), **planted}
    return made


def _worded(connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame) -> pd.DataFrame:
    """All cells as text, under the export's headings; times in two formats, by line."""
    connection.register("part", frame)
    cells = []
    for name, heading in HEADINGS.items():
        words = {coded: worded for worded, coded in VALUES["survey_*.csv"].get(heading, {}).items()}
        if name in ("touched_at", "submitted_at"):
            cell = (f"CASE WHEN rn % 3 = 0 THEN strftime({name} + INTERVAL 8 HOUR, '%Y/%-m/%-d %H:%M') "
                    f"ELSE strftime({name} + INTERVAL 8 HOUR, '%Y-%m-%d %H:%M:%S') END")
        elif words:
            cell = f"CASE {name} " + " ".join(f"WHEN '{coded}' THEN '{worded}'" for coded, worded in words.items()) + " END"
        elif name == "is_on_premises":
            cell = f"CASE WHEN {name} THEN '是' ELSE '否' END"
        else:
            cell = f"CAST(CAST({name} AS BIGINT) AS VARCHAR)" if name == "duration_seconds" else f"CAST({name} AS VARCHAR)"
        cells.append(f'{cell} AS "{heading}"')
    made = connection.sql(f"SELECT {', '.join(cells)} FROM (SELECT *, row_number() OVER () AS rn FROM part) ORDER BY rn").df()
    connection.unregister("part")
    return made


def _soiled(lines: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, int]]:
    """Cells written oddly (each can be read back) and rows that must be set aside (each is an extra row)."""
    count = len(lines)
    spots = rng.permutation(count)
    step = _share(count, 0.015)
    wide, worded, spaced = (spots[place * step:(place + 1) * step] for place in range(3))
    score, store, ease = (lines[HEADINGS[name]].to_numpy(dtype=object, copy=True) for name in ("nps_score", "unit_id", "ces_score"))
    score[wide] = [text.translate(WIDE) for text in score[wide]]
    score[worded] = [f"{text}分" for text in score[worded]]
    store[spaced] = [f" {text} " for text in store[spaced]]
    silent = np.flatnonzero(pd.isna(ease))
    absent = silent[rng.random(silent.size) < 0.4]
    ease[absent] = "N/A"
    slashed = int(lines[HEADINGS["submitted_at"]].str.contains("/").sum())
    unnamed = int(lines[HEADINGS["customer_id"]].isna().sum())
    clean = lines.assign(**{HEADINGS["nps_score"]: score, HEADINGS["unit_id"]: store, HEADINGS["ces_score"]: ease})
    extra, added = _extra(clean, rng, {"unknown_customers": _share(count, 0.003), "reversed_times": int(REVERSED_SHARE * count),
                                       "scores_out_of_range": _share(count, 0.003)})
    repeated = clean.iloc[np.sort(rng.permutation(count)[: _share(count, 0.01)])]
    planted = {"full_width_scores": wide.size, "worded_scores": worded.size, "stray_blanks": spaced.size, "not_available": absent.size,
               "slashed_dates": slashed, "missing_customers": unnamed, "duplicate_rows": len(repeated), **added}
    return pd.concat([clean, repeated, extra], ignore_index=True), planted


def _share(count: int, part: float) -> int:
    return min(count, max(1, round(part * count)))


def _extra(lines: pd.DataFrame, rng: np.random.Generator, wanted: dict[str, int]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows with an unknown customer, reversed times or a score out of range, under answer numbers of their own."""
    known = lines[lines[HEADINGS["customer_id"]].notna()]
    picked = known.iloc[rng.permutation(len(known))[: sum(wanted.values())]].reset_index(drop=True)
    kind = np.repeat(list(wanted), list(wanted.values()))[: len(picked)]
    number = picked[HEADINGS["response_id"]].to_numpy(dtype=object)
    picked = picked.assign(**{HEADINGS["response_id"]: [f"S9{text[2:]}" for text in number], HEADINGS["invitation_id"]: None})
    columns = {name: picked[HEADINGS[name]].to_numpy(dtype=object, copy=True) for name in ("customer_id", "submitted_at", "nps_score")}
    stranger, outside = kind == "unknown_customers", kind == "scores_out_of_range"
    columns["customer_id"][stranger] = [f"X{text[1:]}" for text in columns["customer_id"][stranger]]
    columns["submitted_at"][kind == "reversed_times"] = "2025-01-15 09:30:00"
    columns["nps_score"][outside] = np.array(OUT_OF_RANGE, dtype=object)[rng.integers(0, len(OUT_OF_RANGE), int(outside.sum()))]
    made = picked.assign(**{HEADINGS[name]: values for name, values in columns.items()})
    return made.astype("str"), {name: int((kind == name).sum()) for name in wanted}


def _save(connection: duckdb.DuckDBPyConnection, lines: pd.DataFrame, path: Path, *, encoding: str) -> None:
    if path.suffix == ".xlsx":
        _save_sheet(lines, path)
        return
    draft = path.with_suffix(".part")
    connection.register("lines_out", lines)
    connection.execute(f"COPY lines_out TO '{str(draft).replace(chr(39), chr(39) * 2)}' (FORMAT csv, HEADER)")
    connection.unregister("lines_out")
    with draft.open(encoding="utf-8", newline="") as source, path.open("w", encoding=encoding, newline="") as target:
        while block := source.read(1 << 22):
            target.write(block)
    draft.unlink()


def _save_sheet(lines: pd.DataFrame, path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("问卷明细")
    sheet.append(list(lines.columns))
    for row in lines.itertuples(index=False):
        sheet.append([_cell(WriteOnlyCell, sheet, value) for value in row])
    draft = path.with_suffix(".part")
    book.save(draft)
    _without_clock(draft, path)
    draft.unlink()


def _without_clock(source: Path, target: Path) -> None:
    """The same workbook without the times of its making, so that the same answers give the same bytes."""
    with ZipFile(source) as given, ZipFile(target, "w", ZIP_DEFLATED) as made:
        for name in sorted(given.namelist()):
            content = given.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-01-01T00:00:00Z", content)
            made.writestr(ZipInfo(name), content, ZIP_DEFLATED)


def _cell(cell_type: type, sheet: object, value: object) -> object:
    """Numbers as numbers; a text that begins with "=" stays a text."""
    if not isinstance(value, str):
        return None
    if value.isascii() and value.isdigit() and len(value) < 6:
        return int(value)
    cell = cell_type(sheet, value)
    cell.data_type = "s"
    return cell
