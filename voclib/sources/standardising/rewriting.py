"""What one file writes in its own way, rewritten column by column before the standard reads it: the order of day and month, decimal signs.

A cell alone cannot say what 03/04/2025 or 1.250 means; the column of its file can. Every cell changed is told, to be counted as a repair.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from voclib.schema import gates
from voclib.schema import problems as found_problems
from voclib.schema.tables import TABLES
from voclib.sources.mapping import Table
from voclib.sources.reading import decimal_signs
from voclib.sources.standardising import dating, factors, labels, placeholders

COLUMNS = (*found_problems.COLUMNS, "channel")


def nothing() -> pd.DataFrame:
    """No cell rewritten: a frame of repairs without rows."""
    return found_problems.empty().assign(channel=pd.Series(dtype="str"))


def gathered(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several frames of rewritten cells as one."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else nothing()


def rewritten(columns: dict[str, pd.Series], rule: Table, *, table: str, decimal: str | None, is_zoned: bool,
              file: str) -> tuple[dict[str, pd.Series], dict[str, pd.Series]]:
    """The columns of a table in forms with one reading each, and what was done to each cell of those that changed.

    Raises DataError where a column can be read in two ways and does not say which is meant.
    """
    made, notes = dict(columns), {}
    for target, texts in columns.items():
        declared, where = TABLES[table].columns[target], f"{file}, column '{rule.columns[target]}' ({table}.{target})"
        given = rule.formats.get(target, [])
        patterns = [given] if isinstance(given, str) else given
        if patterns or declared.metadata["kind"] in ("moment", "day", "month"):
            made[target], told = dating.plain(texts, patterns, declared=declared, where=where, is_zoned=is_zoned)
        elif declared.metadata["kind"] in ("whole", "real"):
            plain, labelled = labels.plain(texts, *gates.bounds(table, target)) if target in gates.SCORES and table == "responses" else (texts, "")
            made[target], told = decimal_signs.plain(plain, table=table, target=target, decimal=decimal, where=where)
            told = told.mask(told == "", labelled)
            if target in rule.factors:
                made[target] = factors.multiplied(made[target], rule.factors[target], unit=declared.metadata["unit"], where=where)
        elif target in placeholders.COLUMNS:
            made[target], told = placeholders.COLUMNS[target](texts)
        else:
            continue
        if (told != "").any():
            notes[target] = told
    return made, notes


def told(notes: dict[str, pd.Series], raw: pd.DataFrame, before: dict[str, pd.Series], *, table: str) -> pd.DataFrame:
    """The rewritten cells as `file, table, column, row, problem, example, channel`; `before` holds the columns as the file writes them."""
    parts = []
    for target, said in notes.items():
        changed = said[said != ""]
        parts.append(pd.DataFrame({"file": raw.loc[changed.index, "_file"], "table": table, "column": target,
                                   "row": raw.loc[changed.index, "_row"].astype("Int64"), "problem": changed,
                                   "example": before[target][changed.index].map(found_problems.shortened), "channel": ""})[list(COLUMNS)])
    return gathered(parts)
