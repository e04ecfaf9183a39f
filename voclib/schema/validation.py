"""Raw or typed frames → accepted, repaired and quarantined rows, each accounted for; nothing is dropped silently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pandera.errors

from voclib.errors import DataError, ParameterError
from voclib.schema import coercion, gates, strays
from voclib.schema import problems as found_problems
from voclib.schema.problems import Found, raise_problems
from voclib.schema.rules import DUPLICATE, MISSING, dtypes, references, rules, schema, unknown

Day = str | pd.Timestamp  # the last one of an export
UNKNOWN_REFERENCE = "unknown reference set missing"


@dataclass(frozen=True)
class Validated:
    """A validated table: `rows_read` = rows accepted (some of them repaired) + rows quarantined.

    `accepted` holds the declared columns in declared types and order; `quarantined` the input columns and `reason`; `repairs` and
    `problems` one row a cell: `file, table, column, row, problem, example`.
    """

    table: str
    accepted: pd.DataFrame
    quarantined: pd.DataFrame
    repairs: pd.DataFrame
    problems: pd.DataFrame
    rows_read: int

    @property
    def quarantined_share(self) -> float:
        """Share of the rows read that was set aside (0–1)."""
        return len(self.quarantined) / self.rows_read if self.rows_read else 0.0


@dataclass
class _Draft:
    """A table between reading and finishing; `found` grows and `bad` follows it."""

    table: str
    file: str
    raw: pd.DataFrame
    rows: np.ndarray
    typed: pd.DataFrame
    repairs: list[Found]
    found: list[Found] = field(default_factory=list)

    def add(self, found: Sequence[Found]) -> None:
        self.found += found

    @property
    def bad(self) -> np.ndarray:
        mask = np.zeros(len(self.raw), dtype=bool)
        for item in self.found:
            mask[item.at] = True
        return mask


def validate(frame: pd.DataFrame, table: str, *, file: str = "", row: str | Sequence[int] | None = None, timezone: str = "Asia/Shanghai",
             as_of: str | pd.Timestamp | None = None) -> Validated:
    """Check one table against the standard: types, missing values, ranges, allowed values, keys and the order of times.

    `row` numbers the rows in messages: a column's name or a sequence; without it the column `_row` where there is one, else 1, 2, 3 ….
    Zone-less times are read in `timezone`; with `as_of` (a date includes its whole day) later times are wrong. A wrong value quarantines
    its row. Raises DataError where the table as a whole is unusable: a required column missing, an unknown column, a score on another
    scale, more than 0.5 % of rows with reversed or future times, contradicting rows of one key in a panel.
    """
    return _finish(_draft(frame, table, file=file, row=row, timezone=timezone, as_of=as_of))


def validate_all(tables: Mapping[str, pd.DataFrame], *, file: str | Mapping[str, str] = "", timezone: str = "Asia/Shanghai",
                 as_of: Day | Mapping[int, Day | None] | None = None, sources: Mapping[str, pd.Series] | None = None) -> dict[str, Validated]:
    """`validate` for several tables, then references across them. `sources` says of each table which source a row is from (one value a row):
    a date that lies far from all others of its source is then wrong too (`voclib.schema.strays`), and `as_of` may name a day by source.

    An identifier that the accepted rows of the table referred to do not hold quarantines its row, or is set missing and counted as a
    repair where the column may be empty. A reference to a table that is not given is not checked. Errors of all tables are raised at once.
    """
    drafts, errors = {}, []
    for name, frame in tables.items():
        try:
            drafts[name] = _draft(frame, name, file=file if isinstance(file, str) else file.get(name, ""), timezone=timezone, as_of=as_of,
                                  source=(sources or {}).get(name))
        except DataError as error:
            if error.problems is None:
                raise
            errors.append(error.problems)
    raise_problems(found_problems.gather(errors), headline="tables that cannot be used as they are")
    _refer(drafts)
    return {name: _finish(draft) for name, draft in drafts.items()}


def check(data: pd.DataFrame | Mapping[str, pd.DataFrame], table: str | None = None, *, file: str | Mapping[str, str] = "",
          timezone: str = "Asia/Shanghai") -> pd.DataFrame | dict[str, pd.DataFrame]:
    """The accepted table(s), with not one row set aside: raises a DataError that lists every problem otherwise.

    `data` is one frame together with the name of its `table`, or a mapping of table names to frames.
    """
    if isinstance(data, pd.DataFrame):
        if table is None:
            raise ParameterError("check() of one frame needs the name of its table: check(frame, 'responses')")
        data, single = {table: data}, True
    else:
        single = False
    made = validate_all(data, file=file, timezone=timezone)
    raise_problems(found_problems.gather(item.problems for item in made.values()), headline="rows that break the data standard")
    accepted = {name: item.accepted for name, item in made.items()}
    return accepted[table] if single else accepted


def empty(table: str) -> pd.DataFrame:
    """A table without rows, in declared columns and types."""
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in dtypes(table).items()})


def _draft(frame: pd.DataFrame, table: str, *, file: str, timezone: str, as_of: Day | Mapping[int, Day | None] | None,
           row: str | Sequence[int] | None = None, source: pd.Series | None = None) -> _Draft:
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"'{table}' is of type {type(frame).__name__}, not a DataFrame; pandas.DataFrame(…) makes one of columns or records")
    raw = frame.reset_index(drop=True)
    rows, given = _numbered(raw, row)
    raise_problems(gates.columns(given, table, file=file), headline=f"{table}: columns that do not fit the standard")
    made = coercion.read(raw, table, timezone=timezone)
    blank = empty(table)
    # dict of columns rather than repeated insertion, so that a frame of many rows is built once
    typed = pd.DataFrame({name: made.frame[name] if name in made.frame else blank[name].reindex(raw.index) for name in blank}, index=raw.index)
    draft = _Draft(table, file, raw, rows, typed, made.repairs)
    draft.add(made.unreadable)
    draft.add(_values(draft))
    draft.add(strays.found(typed, table, source, timezone=timezone) if source is not None else [])
    wrong = gates.reversed_times(typed, table)
    refused = [gates.scale(typed, table, file=file), gates.too_many(wrong, typed, table, rows=rows, file=file)]
    draft.add(wrong)
    for last, at in _exports(as_of, source, len(raw)):
        own = typed.iloc[at]
        late = gates.future_times(own, table, as_of=last, timezone=timezone)
        refused.append(gates.too_many(late, own, table, rows=rows[at], file=file))
        draft.add([Found(item.column, item.problem, at[item.at], item.examples) for item in late])
    refused.append(_keys(draft))
    raise_problems(found_problems.gather(refused), headline=f"{table}: the table cannot be used as it is")
    return draft


def _exports(as_of: Day | Mapping[int, Day | None] | None, source: pd.Series | None, n: int) -> list[tuple[Day | None, np.ndarray]]:
    """Last days of exports, each with the positions of its rows: one for all, or one a source, whose share of late rows is then its own."""
    if not isinstance(as_of, Mapping):
        return [(as_of, np.arange(n))]
    if source is None:
        raise ParameterError("as_of= by source needs sources=, which says where each row is from")
    return [(as_of.get(one), np.flatnonzero((source == one).to_numpy())) for one in source.unique()]


def _numbered(raw: pd.DataFrame, row: str | Sequence[int] | None) -> tuple[np.ndarray, list[str]]:
    """Row numbers, and the columns that are data."""
    name = row if isinstance(row, str) else gates.ROW
    if row is not None and not isinstance(row, str):
        if len(row) != len(raw):
            raise ParameterError(f"row= holds {len(row)} numbers for {len(raw)} rows")
        return np.asarray(row, dtype=np.int64), [column for column in raw.columns if column != gates.ROW]
    if name not in raw.columns:
        if row is not None:
            raise ParameterError(f"row= names the column '{row}', which the frame does not hold")
        return np.arange(1, len(raw) + 1), list(raw.columns)
    numbers = pd.to_numeric(raw[name], errors="coerce")
    if numbers.isna().any():
        raise ParameterError(f"the column '{name}' must hold a row number in every row")
    return numbers.to_numpy(dtype=np.int64), [column for column in raw.columns if column != name]


def _values(draft: _Draft) -> list[Found]:
    """Missing values where none may be, and pandera's own checks."""
    unread = {name: np.zeros(len(draft.raw), dtype=bool) for name in draft.typed}
    for item in draft.found:
        unread[item.column][item.at] = True
    found = []
    for name, column in schema(draft.table).columns.items():
        if not column.nullable:
            absent = np.flatnonzero(draft.typed[name].isna().to_numpy() & ~unread[name])
            found.append(Found(name, MISSING, absent, [""] * len(absent)))
    for rule in rules(draft.table):
        passed = rule.check(draft.typed[rule.column]).check_output  # pandera leaves missing values out
        failed = np.asarray(passed.index[~passed.to_numpy(dtype=bool)])
        found.append(Found(rule.column, rule.problem, failed, draft.raw[rule.column].iloc[failed].tolist() if len(failed) else []))
    return [item for item in found if len(item.at)]


def _keys(draft: _Draft) -> pd.DataFrame:
    """Of the rows that are right otherwise, the first of a key is kept; contradicting rows of a panel are returned as a problem of the table."""
    key = list(schema(draft.table).metadata["key"])
    right = draft.typed[~draft.bad]
    again = right.duplicated(key)
    if not again.any():
        return found_problems.empty()
    label = ", ".join(key)
    refused = []
    if gates.is_panel(draft.table):
        contradicting = right.index[again & ~right.duplicated()]
        shown = Found(label, f"conflicting rows of one key ({label})", contradicting, _keyed(right.loc[contradicting, key]))
        refused.append(found_problems.frame([shown], table=draft.table, file=draft.file, rows=draft.rows))
    at = right.index[again].to_numpy()
    draft.add([Found(label, DUPLICATE, at, _keyed(right.loc[at, key]))])
    return found_problems.gather(refused)


def _keyed(keys: pd.DataFrame) -> list[str]:
    return [" | ".join(map(str, values)) for values in keys.itertuples(index=False)]


def _refer(drafts: dict[str, _Draft]) -> None:
    """References across tables, until nothing more falls: a row set aside in one table can orphan rows in the next."""
    held = {name: draft.bad for name, draft in drafts.items()}
    changed = True
    while changed:
        changed = False
        for draft in drafts.values():
            lost = [Found(column, unknown(f"{target}.{key}"), at, draft.typed[column].iloc[at].tolist())
                    for column, (target, key, nullable) in references(draft.table).items() if not nullable
                    for at in [_orphans(draft, drafts.get(target), column, key, held)] if len(at)]
            draft.add(lost)
            for item in lost:
                held[draft.table][item.at] = changed = True
    for draft in drafts.values():
        for column, (target, key, nullable) in references(draft.table).items():
            lost = _orphans(draft, drafts.get(target), column, key, held) if nullable else np.array([], dtype=np.int64)
            if len(lost):
                told = f"{UNKNOWN_REFERENCE}; {unknown(f'{target}.{key}')}"
                draft.repairs.append(Found(column, told, lost, draft.typed[column].iloc[lost].tolist()))
                draft.typed.loc[lost, column] = np.nan


def _orphans(draft: _Draft, target: _Draft | None, column: str, key: str, held: dict[str, np.ndarray]) -> np.ndarray:
    """Positions of rows not yet set aside whose reference the accepted rows of the target do not hold."""
    if target is None:
        return np.array([], dtype=np.int64)
    known = target.typed[key][~held[target.table]]
    values = draft.typed[column]
    return np.flatnonzero(values.notna().to_numpy() & ~values.isin(known).to_numpy() & ~held[draft.table])


def _finish(draft: _Draft) -> Validated:
    """Split the rows, and let pandera itself confirm what was accepted."""
    bad = draft.bad
    problems = found_problems.frame(draft.found, table=draft.table, file=draft.file, rows=draft.rows)
    accepted = draft.typed[~bad].reset_index(drop=True)
    _confirm(accepted, draft)
    # a mended cell of a row that is set aside anyway is no repair: nothing repaired was used
    kept = [_only(item, ~bad[item.at]) for item in draft.repairs]
    quarantined = draft.raw[bad].assign(reason=_reasons(draft, bad)).reset_index(drop=True)
    repairs = found_problems.frame(kept, table=draft.table, file=draft.file, rows=draft.rows)
    return Validated(draft.table, accepted, quarantined, repairs, problems, len(draft.raw))


def _only(item: Found, which: np.ndarray) -> Found:
    return Found(item.column, item.problem, item.at[which], [example for example, keep in zip(item.examples, which, strict=True) if keep])


def _reasons(draft: _Draft, bad: np.ndarray) -> pd.Series:
    texts = np.full(len(bad), "", dtype=object)
    for item in draft.found:
        # a date has a cure that the cell itself does not show: it is told with the row that is set aside
        is_told = item.problem.startswith(("not a date", "zone '", "only a bound"))
        cure = found_problems.fix(item.problem).replace("column", item.column) if is_told else ""
        for at in item.at:
            texts[at] += f"{'; ' if texts[at] else ''}{item.column}: {item.problem}{f' ({cure})' if cure else ''}"
    return pd.Series(texts[bad], index=draft.raw.index[bad], dtype="str")


def _confirm(accepted: pd.DataFrame, draft: _Draft) -> None:
    try:
        schema(draft.table).validate(accepted, lazy=True)
    except pandera.errors.SchemaErrors as error:
        numbers = draft.rows[~draft.bad]
        parts = [found_problems.single(draft.table, str(case["column"] or ""), str(case["check"]), example=case["failure_case"], file=draft.file,
                                       row=None if pd.isna(case["index"]) else int(numbers[int(case["index"])]))
                 for case in error.failure_cases.to_dict("records")]
        raise_problems(found_problems.gather(parts), headline=f"{draft.table}: the accepted rows do not keep the declaration")
