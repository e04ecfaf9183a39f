"""All sources' rows of one table together: pseudonymised, redacted, in an order that does not depend on the files' order."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from voclib import privacy
from voclib.schema import coercion, mending
from voclib.schema.tables import TABLES
from voclib.sources.mapping import Mapping
from voclib.sources.standardising.shaping import MARKS, Piece, once

PERSONS = {"customer_id": "customer", "staff_id": "staff", "employee_response_id": "employee", "labeller_id": "labeller", "device_hash": "device",
           "owner_id": "staff"}


def gather(pieces: Iterable[Piece], table: str, mapping: Mapping) -> pd.DataFrame:
    """The rows of a table from every source, as text, with `_source`, `_file` and `_row`.

    Rows made as distinct values of a column are one row each over all sources.
    """
    free, single = [], []
    for piece in pieces:
        if table in piece.tables:
            is_distinct = mapping.sources[piece.source].tables[table].distinct
            (single if is_distinct else free).append(piece.tables[table])
    parts = [*free]
    if single:
        parts.append(once(pd.concat(single, ignore_index=True)))
    made = pd.concat(parts, ignore_index=True)
    for name, column in TABLES[table].columns.items():
        if name not in made.columns and column.nullable:
            made[name] = pd.Series(None, index=made.index, dtype="str")
    return made[[name for name in (*TABLES[table].columns, *MARKS) if name in made.columns]]


def pseudonymised(frame: pd.DataFrame, table: str, key: str) -> pd.DataFrame:
    """Every column of personal identifiers as keyed pseudonyms; a word for "nothing" names nobody and stays, for the standard to count."""
    made = frame.copy()
    for name, column in TABLES[table].columns.items():
        if column.metadata["sensitivity"] == "personal" and name in made.columns:
            whole = _whole(frame[name])
            known = privacy.pseudonymise(whole, kind=PERSONS.get(name, name.removesuffix("_id")), key=key)
            made[name] = known.mask(coercion.is_nothing(frame[name], column) | whole.str.startswith("E+").fillna(False), whole)
    return made


def _whole(identifiers: pd.Series) -> pd.Series:
    """Identifiers in scientific notation written out where no digit is lost; of one that lost some only the power stays (E+14), so that the
    standard sets it missing or aside and what is left of a telephone number is shown to nobody."""
    changed = {text: mending.written_out(text) or mending.left_of(text) for text in identifiers.dropna().unique()
               if "e" in text.lower() and (mending.is_cut(text) or mending.written_out(text))}
    return identifiers.map(lambda text: changed.get(text, text), na_action="ignore").astype("str") if changed else identifiers


def known_as(identifier: str, *, key: str) -> dict[str, str]:
    """What a person's raw identifier is called in the standard tables: kind of person → pseudonym, for every kind there is."""
    personal = {name for table in TABLES.values() for name, column in table.columns.items() if column.metadata["sensitivity"] == "personal"}
    kinds = sorted({PERSONS.get(name, name.removesuffix("_id")) for name in personal})
    return {kind: str(privacy.pseudonymise(pd.Series([identifier], dtype="str"), kind=kind, key=key).iloc[0]) for kind in kinds}


def redacted(frame: pd.DataFrame, table: str) -> tuple[pd.DataFrame, dict[int, dict[str, int]]]:
    """Every verbatim and every open field redacted: the one way out of ingest. Counts of replacements by source and kind.

    A language the export states chooses the wording of the placeholder, else the script of the text does.
    """
    made, counts = frame.copy(), {}
    spoken = frame["language"].where(frame["language"].isin(["zh", "en"]), "auto") if "language" in frame.columns else "auto"
    groups = pd.DataFrame({"source": frame["_source"], "language": spoken}, index=frame.index)
    for name, column in TABLES[table].columns.items():
        if column.metadata["kind"] != "text" or name not in made.columns:
            continue
        for (source, language), part in frame.groupby([groups["source"], groups["language"]], sort=True):
            found = privacy.redact(part[name], language=str(language))
            made.loc[part.index, name] = found.texts
            before = counts.setdefault(int(source), dict.fromkeys(privacy.KINDS, 0))
            counts[int(source)] = {kind: before[kind] + found.counts[kind] for kind in privacy.KINDS}
    return made, counts


def ordered(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Rows by key; of rows that share a key the fullest comes first, then the first by content, whatever order they came in."""
    key = [name for name in TABLES[table].metadata["key"] if name in frame.columns]
    contents = [name for name in frame.columns if name not in MARKS]
    rank = pd.Series(0, index=frame.index)
    shared = frame[frame.duplicated(key, keep=False)]
    if len(shared):
        filled = shared[contents].notna().sum(axis=1)
        order = shared.fillna({name: "" for name in contents}).assign(_empty=-filled)
        first = order.sort_values([*key, "_empty", *contents, *MARKS], kind="stable").index
        rank[first] = range(len(first))
    return frame.assign(_rank=rank).sort_values([*key, "_rank"], kind="stable", na_position="last").drop(columns="_rank").reset_index(drop=True)
