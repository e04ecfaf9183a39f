"""Where every row went: back from the validated tables to the file and row each came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib import privacy
from voclib.errors import DataError
from voclib.schema.tables import TABLES
from voclib.schema.validation import Validated
from voclib.sources import exporting
from voclib.sources.mapping import Mapping
from voclib.sources.standardising import rewriting, shapes
from voclib.sources.standardising.shaping import Piece

_PARSED = ("whole", "real", "moment", "day", "month", "flag")
QUARANTINE = ("channel", "file", "row", "table", "reason", "cells")


@dataclass(frozen=True)
class Account:
    """One standard table: the rows offered with their origin, which were accepted, and what validation said."""

    table: str
    offered: pd.DataFrame
    is_accepted: np.ndarray
    validated: Validated

    @property
    def origin(self) -> pd.DataFrame:
        """Source, file and row of the accepted rows, in their order."""
        return self.offered.loc[self.is_accepted, ["_source", "_file", "_row"]].reset_index(drop=True)


def account(offered: pd.DataFrame, validated: Validated) -> Account:
    """Match a validated table to the rows offered to it, which were numbered from 1 in `_row`."""
    is_accepted = np.ones(len(offered), dtype=bool)
    is_accepted[validated.quarantined["_row"].astype("int64").to_numpy() - 1] = False
    if is_accepted.sum() != len(validated.accepted):
        raise DataError(f"{validated.table}: {len(offered)} rows offered, {len(validated.accepted)} accepted and "
                        f"{(~is_accepted).sum()} set aside; rows would be lost, so nothing is written")
    return Account(validated.table, offered, is_accepted, validated)


def located(findings: pd.DataFrame, offered: pd.DataFrame, table: str, channels: list[str], *, is_parsed: bool = False) -> pd.DataFrame:
    """Problems or repairs of one table's rows with the channel, file and row they are in; examples of verbatims left out, others redacted.

    With `is_parsed` (repairs) an example in a column of numbers, dates or flags was read as one and holds nothing else.
    """
    at = findings["row"].astype("int64").to_numpy() - 1
    made = findings.assign(file=offered["_file"].to_numpy()[at], row=offered["_row"].to_numpy()[at],
                           channel=np.array(channels, dtype=object)[offered["_source"].to_numpy()[at]])
    sensitivity = made["column"].map({name: column.metadata["sensitivity"] for name, column in TABLES[table].columns.items()})
    shown = made["example"].mask(sensitivity == "text", "")
    kinds = made["column"].map({name: column.metadata["kind"] for name, column in TABLES[table].columns.items()})
    harmless = (sensitivity == "personal") | (kinds.isin(_PARSED) & is_parsed)
    made["example"] = privacy.redact(shown.mask(harmless, "").astype("str")).texts.mask(harmless, shown).astype("str")
    return made.sort_values(["channel", "file", "row", "table", "column", "problem"], kind="stable", ignore_index=True)


def mended(piece: Piece) -> pd.DataFrame:
    """Rows of a file that were mended in order to read them, as repairs of no table."""
    rows = piece.raw.loc[(piece.raw["_repair"] != "") & (piece.raw["_problem"] == ""), ["_row", "_repair"]].drop_duplicates("_row")
    made = pd.DataFrame({"file": piece.file, "table": "", "column": "", "row": rows["_row"].astype("Int64"), "problem": rows["_repair"],
                         "example": "", "channel": piece.channel})
    return made.astype({name: "str" for name in made.columns if name != "row"})


def rewritten(pieces: list[Piece], accounts: dict[str, Account]) -> pd.DataFrame:
    """Cells rewritten while a file was shaped, as repairs; those of rows set aside are none, for nothing of them is used."""
    parts = []
    for piece in pieces:
        for table, cells in piece.rewritten.groupby("table", sort=True):
            found = accounts[str(table)]
            own = ((found.offered["_source"] == piece.source) & (found.offered["_file"] == piece.file)).to_numpy()
            kept = cells[cells["row"].isin(found.offered.loc[own & found.is_accepted, "_row"])]
            parts.append(kept.assign(file=piece.file, channel=piece.channel))
    made = rewriting.gathered(parts)
    return made.sort_values(["channel", "file", "row", "table", "column", "problem"], kind="stable", ignore_index=True) if len(made) else made


def relocated(problems: pd.DataFrame, offered: dict[str, pd.DataFrame], channels: list[str]) -> pd.DataFrame:
    """Problems of whole tables, each with the file and row that shows it where there is one."""
    whole = problems[problems["row"].isna()]
    parts = [located(part, offered[str(table)], str(table), channels).drop(columns="channel")
             for table, part in problems[problems["row"].notna()].groupby("table", sort=False)]
    return pd.concat([whole, *parts], ignore_index=True)


def quarantine(pieces: list[Piece], accounts: dict[str, Account]) -> pd.DataFrame:
    """Every row set aside: `channel, file, row, table, reason, cells`; cells of rows that could not be read are left out."""
    parts = []
    for piece in pieces:
        broken = piece.raw[piece.raw["_problem"] != ""]
        parts.append(pd.DataFrame({"channel": piece.channel, "file": broken["_file"], "row": broken["_row"], "table": "",
                                   "reason": broken["_problem"], "cells": ""}))
    channels = {piece.source: piece.channel for piece in pieces}
    for name, found in accounts.items():
        rows = found.offered[~found.is_accepted].reset_index(drop=True)
        reasons = _with_pattern(found.validated.quarantined["reason"].reset_index(drop=True), rows, name, found.offered)
        parts.append(pd.DataFrame({"channel": rows["_source"].map(channels), "file": rows["_file"], "row": rows["_row"], "table": name,
                                   "reason": reasons.to_numpy(), "cells": exporting.quarantine_cells(rows, name)}))
    filled = [part for part in parts if len(part)]
    if not filled:
        return pd.DataFrame({name: pd.Series(dtype="int64" if name == "row" else "str") for name in QUARANTINE})
    made = pd.concat(filled, ignore_index=True)[list(QUARANTINE)]
    return made.astype({name: "str" for name in QUARANTINE if name != "row"}).sort_values(list(QUARANTINE), kind="stable", ignore_index=True)


def _with_pattern(reasons: pd.Series, rows: pd.DataFrame, table: str, offered: pd.DataFrame) -> pd.Series:
    """Reasons whose example of  formats:  is the pattern that the column's own dates are written in, by file; both orders where none tells.

    Where most dates of a file can be read the others are slips, and say nothing about how the column is written.
    """
    made = reasons.copy()
    for column in [name for name, rule in TABLES[table].columns.items() if rule.metadata["kind"] in ("moment", "day") and name in rows.columns]:
        standing = f'formats: {{{column}: "%d/%m/%Y"}}'
        told = reasons.str.contains(standing, regex=False)
        for file, texts in rows.loc[told, column].groupby(rows.loc[told, "_file"]):
            if 2 * len(texts) < offered.loc[offered["_file"] == file, column].notna().sum():
                continue
            like = texts[shapes.shape(texts) == shapes.shape(texts).mode()[0]]
            first = shapes.day_first(texts)
            if pattern := shapes.pattern(like, leads=first):
                other = "" if shapes.is_ordered(texts) else f', or "{shapes.pattern(like, leads=not first)}" where the month comes first'
                made[texts.index] = reasons[texts.index].str.replace(standing, f'formats: {{{column}: "{pattern}"}}{other}', regex=False)
    return made


def rows_of(piece: Piece, accounts: dict[str, Account], mapping: Mapping, repairs: pd.DataFrame) -> dict[str, int]:
    """Rows of one file: read, accepted (clean or repaired) and set aside, and how many of them repeat a key.

    A row is accepted when it entered every table it was meant for; a record that became several rows counts once.
    rows_read = clean + repaired + quarantined holds, or DataError is raised: a row would be unaccounted for.
    """
    numbers = set(piece.raw["_row"])
    broken = set(piece.raw.loc[piece.raw["_problem"] != "", "_row"])
    aside, entered, again = set(broken), set(), set()
    is_whole = False
    for name in piece.tables:
        found = accounts[name]
        own = ((found.offered["_source"] == piece.source) & (found.offered["_file"] == piece.file)).to_numpy()
        aside |= set(found.offered.loc[own & ~found.is_accepted, "_row"])
        again |= _repeats(found, own)
        rule = mapping.sources[piece.source].tables[name]
        if not rule.distinct and rule.where_filled is None:  # of other tables a row may rightly make none
            is_whole = True
            entered |= set(found.offered.loc[own & found.is_accepted, "_row"])
    accepted = (entered if is_whole else numbers) - aside
    mended = set(repairs.loc[(repairs["file"] == piece.file) & (repairs["channel"] == piece.channel), "row"]) & accepted
    clean = accepted - mended
    if len(numbers) != len(clean) + len(mended) + len(aside):
        raise DataError(f"{piece.file}: {len(numbers)} rows read, {len(clean)} clean, {len(mended)} repaired and {len(aside)} set aside; "
                        "rows would be lost, so nothing is written")
    return {"rows_read": len(numbers), "accepted": len(accepted), "clean": len(clean), "quarantined": len(aside), "unreadable": len(broken),
            "repaired": len(mended), "duplicates": len(again)}


def _repeats(found: Account, own: np.ndarray) -> set[int]:
    reasons = found.validated.quarantined["reason"].str.contains("duplicate key", regex=False).to_numpy(dtype=bool)
    mine = own[~found.is_accepted]
    return set(found.offered["_row"].to_numpy()[~found.is_accepted][reasons & mine])
