"""One identifier, followed: the file and row it comes from, what was repaired, its standard row, what refers to it, and which reports count it.

Personal columns are pseudonyms, what customers wrote is withheld. Which report counts a row is asked of the studies (`voclib.studies.counting`).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError
from voclib.results import Text
from voclib.schema.tables import TABLES
from voclib.studies import counting
from voclib.studies.counting.text import STEPS
from voclib.studies.pool import text as pool_text
from voclib.studies.tracing import layout
from voclib.studies.tracing import text as words

Tables = Mapping[str, pd.DataFrame]
SHOWN = 3  # rows of a table that are written out
NEAR = 3
ALIKE = str.maketrans("OIL", "011")
CJK = ("CJK", "HIRAGANA", "KATAKANA")


@dataclass(frozen=True)
class Origin:
    """The file and row that a standard row was read from."""

    file: str
    row: int
    channel: str
    adapter: str
    source: int


@dataclass(frozen=True)
class Aside:
    """A row in quarantine, and why it is there."""

    file: str
    row: int
    table: str
    reason: Text


@dataclass(frozen=True)
class Row:
    """A row of a standard table as it may be shown: `cells` by column, `empty` columns, origins, and the cells that the import repaired."""

    table: str
    key: str
    cells: tuple[tuple[str, Text], ...]
    empty: tuple[str, ...]
    origins: tuple[Origin, ...]
    repairs: tuple[tuple[str, Text], ...]


@dataclass(frozen=True)
class Mention:
    """How many rows of a table name the identifier in a column."""

    table: str
    column: str
    n: int


@dataclass(frozen=True)
class Counted:
    """What a report does with rows of one of its tables: `relation` says which rows ("itself", "refers", "named"), `reasons` why some are left out.

    `note` stands alone where a report counts no rows, or cannot be asked.
    """

    report: str
    table: str = ""
    relation: str = ""
    n: int = 0
    counted: int = 0
    reasons: tuple[tuple[Text, int], ...] = ()
    note: Text | None = None


@dataclass(frozen=True)
class Trace:
    """The way of one identifier; `sizes` counts its rows by table, of which at most three each stand in `rows`.

    `asides` are rows in quarantine that carry it or stand in the same row of a file. An unknown identifier has none of `rows` and `mentions`; `near`
    then names known identifiers like it (never of persons).
    """

    identifier: str
    is_pseudonym: bool
    sizes: Mapping[str, int]
    rows: tuple[Row, ...]
    asides: tuple[Aside, ...]
    mentions: tuple[Mention, ...]
    reports: tuple[Counted, ...]
    near: tuple[str, ...]
    looked: Text

    @property
    def is_found(self) -> bool:
        """Whether a standard table holds it."""
        return bool(self.rows or self.mentions)

    def told(self, lang: str = "zh") -> str:
        """The whole as plain, aligned text in zh or en."""
        return layout.told(self, lang)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "is_found": self.is_found}


def trace(identifier: str, *, tables: Tables, origins: pd.DataFrame, repairs: pd.DataFrame, quarantine: pd.DataFrame,
          jobs: Mapping[str, Mapping[str, Any]], pseudonyms: Mapping[str, str] | Sequence[tuple[str, str]] = ()) -> Trace:
    """Follow any identifier: a voice, case, booking, contact, unit, report of the frontline, or a person's pseudonym.

    Parameters
    ----------
    identifier : as it stands in the export; a key of several parts as "D001 | 2026-03". Of a person's raw number only `pseudonyms` are looked for.
    origins : where every accepted row came from (table, key, source, channel, adapter, file, row).
    repairs, quarantine : what the import wrote as repairs.csv and quarantine.csv.
    jobs : the reports of an edition with the parameters of each; one with planted truth is asked only where `truth` is among them.
    pseudonyms : kind of person → pseudonym of the raw number given.

    Raises
    ------
    ParameterError
        for an empty identifier.
    """
    given = unicodedata.normalize("NFKC", str(identifier)).strip()
    if not given:
        raise ParameterError("The identifier is empty; give one such as R0000123.")
    names = _Names(given, tuple(dict(pseudonyms).values()))
    own = {name: at for name, frame in tables.items() if len(at := _own(frame, name, names))}
    hits = {(name, column): at for name, frame in tables.items() for column in _ids(name) if len(at := names.at(frame, name, column))}
    mentions = tuple(Mention(name, column, len(at)) for (name, column), at in hits.items() if not np.isin(at, own.get(name, [])).all())
    rows = tuple(_rows(tables, own, origins, repairs))
    found = names.found(tables, hits)
    return Trace(
        identifier=found or given, is_pseudonym=bool(found) and found != given, sizes={name: len(at) for name, at in own.items()}, rows=rows,
        asides=_asides(quarantine, rows, names), mentions=mentions, reports=_reports(jobs, tables, own, hits) if own or hits else (),
        near=() if own or hits else _near(given, tables),
        looked=words.looked(len(tables), sum(len(_ids(name)) for name in tables), with_key=bool(names.pseudonyms)))


@dataclass(frozen=True)
class _Names:
    """What to look for: the identifier as given, and a person's pseudonyms, which only columns of persons can hold."""

    given: str
    pseudonyms: tuple[str, ...]

    def of(self, table: str, column: str) -> tuple[str, ...]:
        """Names that a column could hold."""
        return (self.given, *self.pseudonyms) if _is_personal(table, column) else (self.given,)

    def at(self, frame: pd.DataFrame, table: str, column: str) -> np.ndarray:
        """Places of the rows whose cell is one of them."""
        if column not in frame:
            return np.array([], dtype=int)
        masks = [frame[column].eq(name).fillna(False).to_numpy(dtype=bool) for name in self.of(table, column)]
        return np.flatnonzero(np.any(masks, axis=0))

    def found(self, tables: Tables, hits: Mapping[tuple[str, str], np.ndarray]) -> str:
        """The name under which it is known, as the first hit has it; empty without one."""
        return next((str(tables[table][column].iloc[at[0]]) for (table, column), at in hits.items()), "")


def _ids(table: str) -> list[str]:
    return [name for name, column in TABLES[table].columns.items() if column.metadata["kind"] == "id"]


def _is_personal(table: str, column: str) -> bool:
    return TABLES[table].columns[column].metadata["sensitivity"] == "personal"


def _own(frame: pd.DataFrame, table: str, names: _Names) -> np.ndarray:
    """Rows that the identifier names: by the whole key, or by a part of it that points to no other table."""
    key = TABLES[table].metadata["key"]
    if len(key) == 1:
        return names.at(frame, table, key[0])
    if counting.JOIN in names.given:
        return np.flatnonzero(counting.keys(frame, table) == names.given)
    parts = [name for name in key if name in _ids(table) and not TABLES[table].columns[name].metadata["references"]]
    return np.unique(np.concatenate([names.at(frame, table, name) for name in parts])) if parts else np.array([], dtype=int)


def _rows(tables: Tables, own: Mapping[str, np.ndarray], origins: pd.DataFrame, repairs: pd.DataFrame) -> Iterator[Row]:
    """The first rows of each table, as they may be shown."""
    for table, at in own.items():
        some = tables[table].iloc[at[:SHOWN]]
        for key, (_, cells) in zip(counting.keys(some, table), some.iterrows(), strict=True):
            mine = origins[origins["key"].eq(key) & origins["table"].eq(table)]
            yield _row(table, key, cells, tuple(Origin(str(o.file), int(o.row), str(o.channel), str(o.adapter), int(o.source))
                                                for o in mine.itertuples()), repairs)


def _row(table: str, key: str, cells: pd.Series, origins: tuple[Origin, ...], repairs: pd.DataFrame) -> Row:
    known = {name: cells[name] for name in TABLES[table].columns if name in cells}
    shown = tuple((name, _shown(table, name, value, cells)) for name, value in known.items() if not _is_missing(value))
    mended = repairs[_same_place(repairs, origins) & repairs["table"].eq(table)]
    return Row(table, key, shown, tuple(name for name, value in known.items() if _is_missing(value)), origins,
               tuple((str(line.column), pool_text.problem(str(line.problem))) for line in mended.itertuples()))


def _is_missing(value: Any) -> bool:
    return value is None or bool(pd.isna(value))


def _shown(table: str, column: str, value: Any, cells: pd.Series) -> Text:
    """A cell as it may be read: verbatims by length and language only."""
    if TABLES[table].columns[column].metadata["sensitivity"] == "text":
        stated = cells.get("language")
        return words.withheld(len(value), stated if stated in words.LANGUAGES else _language(value))
    if isinstance(value, bool | np.bool_):
        return words.flag(bool(value))
    written = _moment(value) if isinstance(value, pd.Timestamp) else f"{value:.12g}" if isinstance(value, float) else str(value)
    return Text(written, written)


def _moment(value: pd.Timestamp) -> str:
    return f"{value:%Y-%m-%d}" if value.tzinfo is None else f"{value:%Y-%m-%d %H:%M:%S} UTC"


def _language(text: str) -> str:
    wide = sum(unicodedata.name(sign, "").startswith(CJK) for sign in text)
    return "zh" if 4 * wide >= len(text.strip()) else "en"


def _same_place(found: pd.DataFrame, origins: Sequence[Origin]) -> pd.Series:
    """Lines of repairs or quarantine about these rows of files; a file name that starts like a formula carries an apostrophe there."""
    mask = pd.Series(False, index=found.index)
    for origin in origins:
        mask |= found["file"].isin([origin.file, f"'{origin.file}"]) & found["row"].eq(origin.row)
    return mask


def _asides(quarantine: pd.DataFrame, rows: Sequence[Row], names: _Names) -> tuple[Aside, ...]:
    """Rows in quarantine that carry the identifier in a column of identifiers, or stand in the same row of a file."""
    mask = _same_place(quarantine, [origin for row in rows for origin in row.origins])
    cells = quarantine["cells"].fillna("").astype("str")
    maybe = np.any([cells.str.contains(json.dumps(name, ensure_ascii=False), regex=False) for name in (names.given, *names.pseudonyms)], axis=0)
    for at in quarantine.index[maybe]:
        table = str(quarantine.at[at, "table"])
        held = json.loads(cells[at])
        mask[at] |= table in TABLES and any(held.get(column) in names.of(table, column) for column in _ids(table))
    return tuple(Aside(str(q.file), int(q.row), str(q.table) if isinstance(q.table, str) else "", words.reason(q.reason))
                 for q in quarantine[mask].itertuples())


def _reports(jobs: Mapping[str, Mapping[str, Any]], tables: Tables, own: Mapping[str, np.ndarray],
             hits: Mapping[tuple[str, str], np.ndarray]) -> tuple[Counted, ...]:
    return tuple(line for report, parameters in jobs.items() for line in _report(report, parameters, tables, own, hits))


def _report(report: str, parameters: Mapping[str, Any], tables: Tables, own: Mapping[str, np.ndarray],
            hits: Mapping[tuple[str, str], np.ndarray]) -> list[Counted]:
    """What one report does with the rows that the identifier has to do with."""
    if report not in counting.COUNTED or parameters.get("public"):
        note = words.PUBLIC if parameters.get("public") else words.ELSEWHERE.get(report, words.NOT_TOLD)
        return [Counted(report, note=note)]
    near = {table: found for table in STEPS[report] if table in tables and (found := _related(table, tables, own, hits))}
    if not near:
        return [Counted(report, note=words.UNRELATED)]
    wanted = counting.takes(report)
    if absent := tuple(name for name, must in wanted.items() if must and name not in parameters):
        return [Counted(report, note=words.lacking(absent))]
    try:
        chains = counting.flows(report, tables, **{name: parameters[name] for name in wanted if name in parameters})
    except (DataError, ParameterError) as error:
        return [Counted(report, note=words.impossible(str(error)))]
    return [_counted(chain, *near[chain.table]) for chain in chains if chain.table in near] or [Counted(report, note=words.UNRELATED)]


def _related(table: str, tables: Tables, own: Mapping[str, np.ndarray], hits: Mapping[tuple[str, str], np.ndarray]) -> tuple[str, pd.Index] | None:
    """Rows of a table that the identifier has to do with, nearest first: its own, those that name it, those that its own rows name."""
    frame = tables[table]
    if table in own:
        return "itself", counting.keys(frame.iloc[own[table]], table)
    at = [places for (name, _), places in hits.items() if name == table]
    if at:
        return "refers", counting.keys(frame.iloc[np.unique(np.concatenate(at))], table)
    key = TABLES[table].metadata["key"]
    named = [tables[other][column].iloc[places].dropna() for other, places in own.items() for column in _ids(other)
             if TABLES[other].columns[column].metadata["references"] == f"{table}.{key[0]}" and len(key) == 1]
    ids = pd.Index(pd.concat(named).unique()) if named else pd.Index([])
    return ("named", ids) if len(ids) else None


def _counted(chain: counting.Flow, relation: str, ids: pd.Index) -> Counted:
    """Where these rows end in a chain."""
    at = chain.where.reindex(ids).dropna()
    sizes = at[at.ne("")].value_counts()
    reasons = tuple((label, int(sizes[name])) for name, label in chain.labels.items() if name in sizes.index)
    return Counted(chain.report, chain.table, relation, len(at), int(at.eq("").sum()), reasons)


def _near(given: str, tables: Tables) -> tuple[str, ...]:
    """Known identifiers one slip away, never those of persons: half of a mistyped identifier is still right. Signs that look alike come first."""
    half = max(1, len(given) // 2)
    known: set[str] = set()
    for table, frame in tables.items():
        for column in (name for name in _ids(table) if name in frame and not _is_personal(table, name)):
            ids = pd.Series(frame[column].dropna().unique(), dtype="str")
            like = ids.str.startswith(given[:half]) | ids.str.endswith(given[half:]) | ids.str.lower().eq(given.lower())
            known |= set(ids[like & ids.str.len().sub(len(given)).abs().le(1)])
    alike = sorted(name for name in known if name.upper().translate(ALIKE) == given.upper().translate(ALIKE))
    return tuple([*alike, *(name for name in get_close_matches(given, sorted(known), n=NEAR, cutoff=0.75) if name not in alike)][:NEAR])
