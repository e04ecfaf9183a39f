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
from voclib.sources.reading import dating, decimal_signs, invisible
from voclib.sources.standardising import factors, identifiers, labels, placeholders, rich_text

UNSHOWN = (invisible.REMOVED, identifiers.PHONE, rich_text.RICH)
COLUMNS = (*found_problems.COLUMNS, "channel")


def nothing() -> pd.DataFrame:
    """No cell rewritten: a frame of repairs without rows."""
    return found_problems.empty().assign(channel=pd.Series(dtype="str"))


def gathered(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several frames of rewritten cells as one."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else nothing()


def rewritten(columns: dict[str, pd.Series], rule: Table, *, table: str, decimal: str | None, is_zoned: bool,
              file: str, counts: dict[str, pd.Series] | None = None) -> tuple[dict[str, pd.Series], dict[str, pd.Series]]:
    """The columns of a table in forms with one reading each, and what was done to each cell of those that changed.

    `counts` holds the pieces by which a column of prices is multiplied.
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
            plain, labelled = _scores(texts, table, target)
            made[target], told = decimal_signs.plain(plain, table=table, target=target, decimal=decimal, where=where)
            told = told.mask(told == "", labelled)
            if counts and target in counts:  # before the factor, which rounds to cents
                made[target] = factors.per_piece(made[target], counts[target])
            if target in rule.factors:
                unit = "" if target in gates.SCORES else declared.metadata["unit"]  # 4.5星 is counted in stars, not in points out of 10
                made[target] = factors.multiplied(made[target], rule.factors[target], unit=unit, where=where)
        elif declared.metadata["sensitivity"] == "text":
            made[target], told = _said(texts, target)
        elif target in placeholders.COLUMNS:
            made[target], told = placeholders.COLUMNS[target](texts)
            if declared.metadata["kind"] == "id":
                made[target], spelt = identifiers.plain(made[target])
                told = told.mask(told == "", spelt)
        elif declared.metadata["kind"] == "id":
            made[target], told = identifiers.plain(texts)
        else:
            continue
        if (told != "").any():
            notes[target] = told
    return made, notes


def _scores(texts: pd.Series, table: str, target: str) -> tuple[pd.Series, pd.Series]:
    """A column of scores without labels, its stars counted; another column of numbers as it is."""
    if table != "responses" or target not in gates.SCORES:
        return texts, pd.Series("", index=texts.index, dtype="str")
    bare, labelled = labels.plain(texts, *gates.bounds(table, target))
    made, counted = labels.stars(bare) if gates.bounds(table, target) == gates.bounds(table, "star_rating") else (bare, labelled)
    return made, labelled.mask(labelled == "", counted)


def _said(texts: pd.Series, target: str) -> tuple[pd.Series, pd.Series]:
    """Verbatims as plain text, without what a platform wrote in the customer's place."""
    plain, written = rich_text.plain(texts)
    if target not in placeholders.COLUMNS:
        return plain, written
    made, told = placeholders.COLUMNS[target](plain)
    return made, told.mask(told == "", written)


def visible(columns: dict[str, pd.Series], *, table: str) -> tuple[dict[str, pd.Series], dict[str, pd.Series]]:
    """The columns without signs that show nothing, but for verbatims, and what was done to each cell of those that changed."""
    found = {target: invisible.without(texts) for target, texts in columns.items() if TABLES[table].columns[target].metadata["sensitivity"] != "text"}
    notes = {target: note for target, (_, note) in found.items() if (note != "").any()}
    return columns | {target: bare for target, (bare, _) in found.items()}, notes


def together(first: dict[str, pd.Series], then: dict[str, pd.Series]) -> dict[str, pd.Series]:
    """What was done to each cell in two steps; of a cell that both changed, what came later."""
    return first | {target: note.mask(note == "", first[target]) if target in first else note for target, note in then.items()}


def told(notes: dict[str, pd.Series], raw: pd.DataFrame, before: dict[str, pd.Series], *, table: str) -> pd.DataFrame:
    """The rewritten cells as `file, table, column, row, problem, example, channel`; `before` holds the columns as the file writes them.

    Of a person's number, and of a cell that differs by nothing that shows, there is no example.
    """
    parts = []
    for target, said in notes.items():
        changed = said[said != ""]
        is_personal = TABLES[table].columns[target].metadata["sensitivity"] == "personal"
        hidden = changed.isin(UNSHOWN) | (changed.ne(placeholders.NOBODY) & is_personal)
        shown = before[target][changed.index].map(found_problems.shortened).mask(hidden, "")
        parts.append(pd.DataFrame({"file": raw.loc[changed.index, "_file"], "table": table, "column": target,
                                   "row": raw.loc[changed.index, "_row"].astype("Int64"), "problem": changed,
                                   "example": shown, "channel": ""})[list(COLUMNS)])
    return gathered(parts)
