"""What ingest writes beside the standard tables: scorecard, quarantine and repairs, safe to open in a spreadsheet."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from voclib import privacy
from voclib.schema.tables import TABLES

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def neutralised(text: str) -> str:
    """A cell a spreadsheet takes as text: an apostrophe before a first sign that would start a formula."""
    return f"'{text}" if text.startswith(("\t", "\r")) or text.lstrip().startswith(_FORMULA) else text


def safe(frame: pd.DataFrame, *, keep: tuple[str, ...] = (), neutral: bool = True) -> pd.DataFrame:
    """A copy whose text cells are redacted and, with `neutral`, made harmless in a spreadsheet; columns in `keep` are not redacted again."""
    made = frame.copy()
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.StringDtype) or frame[name].dtype == object:
            texts = frame[name].astype("str")
            cleaned = texts if name in keep else privacy.redact(texts).texts
            changed = {text: neutralised(text) for text in cleaned.dropna().unique()} if neutral else None
            made[name] = cleaned if changed is None else cleaned.map(changed).astype("str")
    return made


def quarantine_cells(rows: pd.DataFrame, table: str) -> pd.Series:
    """The cells of rows set aside as one JSON text a row: personal columns are pseudonyms, verbatims are left out, the rest is redacted."""
    shown = [name for name, column in TABLES[table].columns.items() if name in rows.columns and column.metadata["sensitivity"] != "text"]
    personal = tuple(name for name in shown if TABLES[table].columns[name].metadata["sensitivity"] == "personal")
    cells = safe(rows[shown], keep=personal, neutral=False)
    made = [json.dumps({name: value for name, value in row.items() if isinstance(value, str)}, ensure_ascii=False)
            for row in cells.to_dict("records")]
    return pd.Series(made, index=rows.index, dtype="str")


def write(folder: Path, *, scorecard: dict, quarantine: pd.DataFrame, repairs: pd.DataFrame) -> None:
    """scorecard.json, quarantine.csv and repairs.csv under `folder`; same content, same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(scorecard, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (folder / "scorecard.json").write_text(text, encoding="utf-8")
    for name, frame in (("quarantine", quarantine), ("repairs", repairs)):
        frame.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8-sig", lineterminator="\n")
