"""Rows of an export into rows of the data standard: renamed, recoded, identified, still text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from voclib import privacy
from voclib.errors import DataError, nearest
from voclib.schema import coercion
from voclib.schema.tables import TABLES
from voclib.sources.adapters import CHANNELS, OWN
from voclib.sources.mapping import DEFAULTS, RESERVED, Channel, Join, Table, taken
from voclib.sources.reading import dating, headings, invisible, mails, readers, spreadsheets
from voclib.sources.standardising import elapsed, revisions, rewriting

MARKS = ("_source", "_file", "_row", revisions.MARK)


@dataclass(frozen=True)
class Piece:
    """One file of one source: its rows as text, the tables made from them, and what was found on the way."""

    source: int
    channel: str
    file: str
    encoding: str
    raw: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    ignored: tuple[str, ...]
    notes: tuple[readers.Note, ...]
    declared_missing: dict[str, int]
    unjoined: int = 0
    rewritten: pd.DataFrame = field(default_factory=rewriting.nothing)  # cells mended before the standard saw them


def files_of(spec: Channel, root: Path) -> list[tuple[Path, str]]:
    """The files of a source and their names relative to the root, sorted; DataError naming what there is when a pattern meets none."""
    found: dict[str, Path] = {}
    for pattern in spec.patterns:
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise DataError(f"files: '{pattern}' leaves the root folder; write it relative to  root:")
        matched = {path.relative_to(root).as_posix(): path for path in root.glob(pattern) if path.is_file()}
        if not matched and not spec.optional:
            raise DataError(f"no file matches '{pattern}' ({spec.channel}); {listing(root, pattern)}; or mark the source  optional: true")
        found |= matched
    return [(found[name], name) for name in sorted(found)]


def listing(root: Path, pattern: str) -> str:
    """What the folder of a pattern holds, nearest name first."""
    place = (root / pattern).parent
    while not place.is_dir():
        place = place.parent
    there = sorted(item.name for item in place.iterdir())[:30]
    inside = place.relative_to(root).as_posix() if place.is_relative_to(root) else "."
    if not there:
        return f"the folder '{inside}' is empty"
    return f"the folder '{inside}' has: {', '.join(there)}; {nearest(Path(pattern).name, there)}"


def shape(path: Path, name: str, *, source: int, spec: Channel, root: Path, key: str, timezone: str) -> Piece:
    """Read one file through its channel's adapter and make the source's tables from it.

    Raises DataError where the mapping names a column the file does not have.
    """
    extract = CHANNELS[spec.channel](path, spec, name=name)
    raw = _blanked(extract.frame, spec)
    notes = extract.notes
    if raw.empty:
        return Piece(source, spec.channel, name, extract.encoding, raw, {}, (), tuple(dict.fromkeys((*notes, readers.EMPTY))), {})
    words = {readers.cell_text(word) for word in spec.missing}
    counted = {column: int(extract.frame[column].str.strip().isin(words).sum()) for column in raw.columns if column not in OWN}
    unjoined = 0
    if spec.join is not None:
        raw, unjoined, told = _joined(raw, spec.join, root, name)
        notes = (*notes, *told)
    raw = _marked(raw, spec, name)
    if spec.make_id:
        raw = raw.assign(_id=_made_id(raw, spec, key, name))
    _refuse_another_zone(notes, spec, timezone, name)
    usable = raw[raw["_problem"] == ""]
    changed = revisions.column(spec, [column for column in raw.columns if column not in (*OWN, *RESERVED)], name)
    updated, unread = revisions.times(usable, changed, timezone=spec.timezone or timezone, where=f"{name}, column '{changed}'")
    made = {table: _table(usable.assign(**{revisions.MARK: updated}), table, rule, spec, name, timezone) for table, rule in spec.tables.items()}
    if spreadsheets.CALENDAR_1904 in notes:
        _refuse_day_numbers([mended for _, mended in made.values()], name)
    tables = {table: rows.assign(_source=source) for table, (rows, _) in made.items()}
    notes += unread
    notes = (*notes, *(("multiplied", f"{table}.{name} × {by:g}") for table, rule in spec.tables.items() for name, by in rule.factors.items()),
              *(("multiplied", f"{table}.{name} × {by}") for table, rule in spec.tables.items() for name, by in rule.times.items()))
    used = {column for rule in spec.tables.values() for column in taken(rule)} | set(spec.make_id or []) | set(spec.set_aside)
    used |= set(spec.join.on if isinstance(spec.join.on, dict) else [spec.join.on]) if spec.join else set()
    used |= _taken(spec) | ({changed} if changed else set())
    ignored = tuple(column for column in raw.columns if column not in used and column not in OWN and column not in RESERVED)
    return Piece(source, spec.channel, name, extract.encoding, raw, tables, ignored, notes, {k: n for k, n in counted.items() if n}, unjoined,
                 rewriting.gathered([mended for _, mended in made.values()]))


def _refuse_another_zone(notes: tuple[readers.Note, ...], spec: Channel, timezone: str, name: str) -> None:
    """Times that the export says are in another zone than the mapping reads them in; a zone of the source's own is the mapping's answer."""
    for told in [what for kind, what in notes if kind == headings.TIMES_IN and spec.timezone is None]:
        zone = "UTC" if told.upper() in ("Z", "GMT", "UTC") else told
        if not _is_like(zone, timezone):
            raise DataError(f"{name}: the export says that its times are in {told}, and the mapping reads them in {timezone}; add to this source  "
                            f"timezone: {zone}  , or  timezone: {timezone}  if they are not")


def _is_like(one: str, other: str) -> bool:
    """Whether two zones have the same clock, in winter and in summer."""
    try:
        clocks = [[datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() for month in (1, 7)] for zone in (one, other)]
    except (ValueError, ZoneInfoNotFoundError):
        return False
    return clocks[0] == clocks[1]


def _refuse_day_numbers(mended: list[pd.DataFrame], name: str) -> None:
    """Day numbers of a workbook that counts from 1904 would be read four years too early."""
    for cells in mended:
        if len(numbers := cells[cells["problem"] == dating.SERIAL]):
            first = numbers.iloc[0]
            raise DataError(f"{name}: {first['column']} holds day numbers such as {first['example']}, and this workbook counts days from 1904, "
                            "not 1900; format the column as a date (2026-01-31) in the spreadsheet program and save the file again")


def _taken(spec: Channel) -> set[str]:
    """Columns the adapter has used already."""
    if spec.turns is not None:
        return {spec.turns.speaker, spec.turns.text, *filter(None, (spec.turns.by, spec.turns.offset, spec.turns.at, spec.turns.agent))}
    return set(mails.COLUMNS) if spec.own_domains is not None else set()


def _blanked(frame: pd.DataFrame, spec: Channel) -> pd.DataFrame:
    """Blank cells and the mapping's own words as missing; what else means nothing differs by column, and the standard decides and counts it."""
    words = ("", *spec.declared_missing)
    return frame.assign(**{name: frame[name].mask(frame[name].str.strip().isin(words)) for name in frame.columns if name not in OWN})


def wanted(spec: Channel) -> set[str]:
    """The columns that a source's mapping takes from its files by name."""
    named = {column for rule in spec.tables.values() for column in taken(rule)} | set(spec.make_id or []) | set(spec.set_aside)
    return {column for column in named if column not in RESERVED}


def _column(raw: pd.DataFrame, name: str, file: str) -> pd.Series:
    name = name if name in raw.columns else invisible.SIGNS.sub("", name)  # copied from the file into the mapping, with what a heading has lost
    if name not in raw.columns:
        known = ["".join(sign if sign.isprintable() else "\ufffd" for sign in column) for column in raw.columns
                 if column not in (*OWN, revisions.MARK)]
        raise DataError(f"{file} has no column '{name}'; {nearest(name, known)}; columns there: {', '.join(known[:40])}")
    return raw[name].astype("str") if name == "_row" else raw[name]


def _marked(raw: pd.DataFrame, spec: Channel, file: str) -> pd.DataFrame:
    """The rows, those that hold a word of `set_aside` with that as their problem; of a record that became several rows, once."""
    problem = raw["_problem"].copy()
    for column, words in spec.marks.items():
        texts = _column(raw, column, file).fillna("").str.strip().str.casefold()
        for word in words:
            problem = problem.mask((texts == word.casefold()) & (problem == ""), f"{column} is '{word}', which the mapping sets aside")
    changed = problem != raw["_problem"]
    return raw.assign(_problem=problem.astype("str"))[~(changed & raw["_row"].where(changed).duplicated())]


def _made_id(raw: pd.DataFrame, spec: Channel, key: str, file: str) -> pd.Series:
    """A keyed hash of the named columns: the same record keeps its identifier in every export, and it gives nothing away."""
    parts = [_column(raw, column, file) for column in spec.make_id or []]
    nothing = pd.concat([part.isna() for part in parts], axis=1).all(axis=1)
    joined = parts[0].fillna("").map(privacy.normal_id)
    for part in parts[1:]:
        joined = joined + "\x1f" + part.fillna("").map(privacy.normal_id)
    return privacy.pseudonymise(joined.astype("str").mask(nothing), kind=spec.channel, key=key)


def _joined(raw: pd.DataFrame, join: Join, root: Path, file: str) -> tuple[pd.DataFrame, int, list[readers.Note]]:
    """The rows with the other file's columns, how many found no partner, and what was left behind."""
    here, there = next(iter(join.on.items())) if isinstance(join.on, dict) else (join.on, join.on)
    path = root / join.files
    if not path.is_file():
        raise DataError(f"join: '{join.files}' is not there; {listing(root, join.files)}")
    other = readers.read(path, name=join.files, encoding=join.encoding, sheet=join.sheet).frame
    right = other[other["_problem"] == ""].drop(columns=list(OWN))
    keys = _column(right, there, join.files).str.strip()
    if (repeated := keys[keys.duplicated() & keys.notna()]).size:
        raise DataError(f"join: '{there}' of {join.files} is not unique ({repeated.nunique()} values appear more than once); join on a key that is")
    known = right.drop(columns=[there]).set_axis(pd.Index(keys), axis=0)
    own = _column(raw, here, file).str.strip()
    added = known[[name for name in known.columns if name not in raw.columns]].loc[known.index.notna()].reindex(own).set_axis(raw.index, axis=0)
    told = [("column_not_joined", f"{join.files}: {name}") for name in known.columns if name in raw.columns]
    unjoined = int((own.isna() | ~own.isin(keys)).sum())
    if unjoined:
        told.append(("rows_not_joined", f"{join.files}: {unjoined}/{len(raw)}"))
    if broken := len(other) - len(right):
        told.append(("rows_not_readable", f"{join.files}: {broken}"))
    return pd.concat([raw, added], axis=1), unjoined, told


def _table(raw: pd.DataFrame, table: str, rule: Table, spec: Channel, file: str, timezone: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of one table, and the cells of them that were rewritten."""
    if rule.where_filled is not None:
        raw = raw[_column(raw, rule.where_filled, file).notna()]
    columns, shown = rewriting.visible({target: _column(raw, name, file) for target, name in rule.columns.items()}, table=table)
    before = {target: _recoded(texts, rule.values.get(target, {})) for target, texts in columns.items()}
    is_zoned = bool(spec.timezone and spec.timezone != timezone)
    counts = {target: _column(raw, name, file) for target, name in rule.times.items()}
    columns, notes = rewriting.rewritten(before, rule, table=table, decimal=spec.decimal, is_zoned=is_zoned, file=file, counts=counts)
    mended = rewriting.told(rewriting.together(shown, notes), raw, before, table=table)
    columns |= {name: elapsed.moments(columns[one.after], _column(raw, one.column, file), one.unit) for name, one in rule.elapsed.items()}
    constants = DEFAULTS.get(table, {}) | rule.constants
    columns |= {name: pd.Series(value, index=raw.index, dtype="str") for name, value in constants.items() if name not in columns}
    made = pd.DataFrame({name: columns[name] for name in TABLES[table].columns if name in columns}, index=raw.index)
    if is_zoned:
        for name in made.columns:
            if TABLES[table].columns[name].metadata["kind"] == "moment":
                made[name] = _each(made[name], lambda text: _zoned(text, spec.timezone or timezone))
    made = made.assign(_file=raw["_file"], _row=raw["_row"], **{revisions.MARK: raw[revisions.MARK]})
    if rule.distinct:
        named = list(TABLES[table].metadata["key"])
        absent = [made[name].isna() | coercion.is_nothing(made[name], TABLES[table].columns[name]) for name in named if name in made.columns]
        made = made[~pd.concat(absent, axis=1).all(axis=1)]
        if "_turn" in raw.columns:
            made = _once(made, named, raw["_turn"])
        made = once(made)
        mended = mended[mended["row"].isin(made["_row"])]  # a row that says the same again is none of its own
    return made, mended


def once(made: pd.DataFrame) -> pd.DataFrame:
    """Rows that say the same but for blanks around it as one: the latest, and one without blanks where there is one."""
    bare = made[[name for name in made.columns if name not in MARKS]].apply(lambda texts: texts.str.strip())
    untidy = (bare != made[bare.columns]).where(bare.notna(), False).any(axis=1)
    order = pd.DataFrame({"untidy": untidy, "age": -made[revisions.MARK]}).sort_values(["untidy", "age"], kind="stable").index
    first = bare.loc[order].drop_duplicates().index
    return made.loc[made.index.isin(first)]


def _once(made: pd.DataFrame, key: list[str], turn: pd.Series) -> pd.DataFrame:
    """Rows of turns as one row a conversation: of each cell the first that is filled, in the order of the turns."""
    place = pd.to_numeric(turn, errors="coerce").reindex(made.index)
    ordered = made.loc[place.sort_values(kind="stable").index]
    return ordered.groupby(key, sort=False, dropna=False).first().reset_index()[list(made.columns)]


def _each(series: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """Apply a change to every distinct text once; missing stays missing."""
    return series.map({text: change(text) for text in series.dropna().unique()}).astype("str")


def _recoded(series: pd.Series, values: dict[str, str]) -> pd.Series:
    """Values replaced where the mapping names them, "" for a cell without one; the rest stay, for the standard to judge.

    An empty replacement is missing.
    """
    if not values:
        return series
    changed = _each(series, lambda text: values.get(text.strip(), text))
    return changed.mask(changed == "").mask(series.isna(), values.get("") or None)


def _zoned(text: str, zone: str) -> str:
    """A zone-less time in the source's own zone, with its offset written out; anything else as it is."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return text if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone)).isoformat()
