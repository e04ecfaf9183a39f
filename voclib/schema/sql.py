"""The declaration as SQL: the problems of a table that is too large for memory, found by DuckDB where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pandas as pd
import pandera.pandas as pa

from voclib.errors import DataError, ParameterError
from voclib.schema import gates
from voclib.schema import problems as found_problems
from voclib.schema.coercion import LARGEST_WHOLE, nothing
from voclib.schema.rules import DUPLICATE, MISSING, PANDAS, SQL, UNREADABLE, before, dtypes, literal, quoted, references, rules, schema, unknown

_BLANKS = " \t\n\r\u3000\u00a0"
_NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE", "DECIMAL")
_YES, _NO = ("true", "yes", "1", "1.0", "是"), ("false", "no", "0", "0.0", "否")


@dataclass(frozen=True)
class _Source:
    """One column of the relation as SQL: whether a value is given, and the value in its declared type (NULL where it cannot be read)."""

    given: str
    value: str


def problems(connection: duckdb.DuckDBPyConnection, table: str, relation: str, *, references: Mapping[str, str] | None = None,
             file: str = "", timezone: str = "Asia/Shanghai") -> pd.DataFrame:
    """The rows of `relation` that `validate` would set aside, as `file, table, column, row, problem, example`.

    `relation` names a table or view, or is the path of a Parquet file; its columns are typed, or text in the standard's own forms (nothing
    is mended here). Rows are numbered by the column `_row`, else in their order. With `references` (table name → relation of its accepted
    rows) identifiers are looked up as well. Raises DataError where the columns do not fit; the gates on whole tables (scale, share of
    reversed times, contradictions in a panel) are `validate`'s.
    """
    types = _types(connection, relation)
    found_problems.raise_problems(gates.columns([name for name in types if name != gates.ROW], table, file=file),
                                  headline=f"{table}: columns that do not fit the standard")
    query = _query(table, relation, types, references or {}, timezone)
    made = connection.execute(query).df().assign(file=file, table=table)
    plain = {name: "Int64" if name == "row" else "str" for name in found_problems.COLUMNS}
    made["example"] = made["example"].fillna("").map(found_problems.shortened)
    return made[list(found_problems.COLUMNS)].astype(plain)


def _types(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    try:
        return {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE SELECT * FROM {_from(relation)}").fetchall()}
    except duckdb.Error as error:
        raise DataError(f"DuckDB cannot read '{relation}': {error}") from error


def _from(relation: str) -> str:
    return f"read_parquet({literal(relation)})" if relation.endswith(".parquet") else quoted(relation)


def _query(table: str, relation: str, types: Mapping[str, str], given: Mapping[str, str], timezone: str) -> str:
    declared = schema(table).columns
    sources = {name: _source(column, types[name], timezone) for name, column in declared.items() if name in types}
    number = quoted(gates.ROW) if gates.ROW in types else "row_number() OVER ()"
    cells = [f"{number} AS row_number_, row_number() OVER () AS position_"]
    for name, source in sources.items():
        cells += [f"{source.value} AS {quoted(name)}", f"coalesce({source.given}, false) AS {_has(name)}",
                  f"CAST(given_.{quoted(name)} AS VARCHAR) AS {_raw(name)}"]
    cells += [f"CAST(NULL AS {SQL[dtype]}) AS {quoted(name)}" for name, dtype in dtypes(table).items() if name not in types]
    absent = [name for name in declared if name not in types]
    key = ", ".join(quoted(name) for name in schema(table).metadata["key"])
    label = ", ".join(schema(table).metadata["key"])
    orphans = _orphans(table, given, absent)
    return f"""
        WITH typed AS MATERIALIZED (SELECT {', '.join(cells)} FROM {_from(relation)} AS given_),
        wrong AS MATERIALIZED ({' UNION ALL '.join(_checks(table, absent))}),
        ranked AS MATERIALIZED (SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY position_) AS rank_ FROM typed
                                WHERE position_ NOT IN (SELECT position_ FROM wrong)),
        found AS (SELECT * FROM wrong
                  UNION ALL {_select(label, DUPLICATE, f"concat_ws(' | ', {key})", 'rank_ > 1', origin='ranked')}
                  {''.join(f' UNION ALL {part}' for part in orphans)})
        SELECT column_ AS "column", row_number_ AS "row", problem, example FROM found ORDER BY row_number_, column_, problem"""


def _checks(table: str, absent: list[str]) -> list[str]:
    """One SELECT for each thing that can be wrong with a row by itself."""
    parts = []
    for name, column in schema(table).columns.items():
        if name in absent:
            continue
        if not column.nullable:
            parts.append(_select(name, MISSING, "''", f"NOT {_has(name)}"))
        unreadable = UNREADABLE.get(column.metadata["kind"])
        if unreadable:
            parts.append(_select(name, unreadable, _raw(name), f"{_has(name)} AND {quoted(name)} IS NULL"))
    parts += [_select(rule.column, rule.problem, _raw(rule.column), f"NOT ({rule.condition(quoted(rule.column))})")
              for rule in rules(table) if rule.column not in absent]
    for later, earlier in schema(table).metadata["after"]:
        example = f"concat({quoted(later)}, ' < ', {quoted(earlier)})"
        parts.append(_select(later, before(earlier), example, f"{quoted(later)} < {quoted(earlier)}"))
    return parts


def _orphans(table: str, given: Mapping[str, str], absent: list[str]) -> list[str]:
    """References that may not be empty; one that may is no problem but a repair, which only `validate_all` makes."""
    unknown_tables = sorted(set(given) - {target for target, _, _ in references(table).values()})
    if unknown_tables:
        raise ParameterError(f"references= names {', '.join(unknown_tables)}, to which no column of {table} refers")
    return [_select(name, unknown(f"{target}.{key}"), quoted(name),
                    f"rank_ = 1 AND {quoted(name)} NOT IN (SELECT {quoted(key)} FROM {_from(given[target])} WHERE {quoted(key)} IS NOT NULL)",
                    origin="ranked")
            for name, (target, key, nullable) in references(table).items() if not nullable and target in given and name not in absent]


def _select(column: str, problem: str, example: str, condition: str, *, origin: str = "typed") -> str:
    return (f"SELECT {literal(column)} AS column_, row_number_, position_, {literal(problem)} AS problem, CAST({example} AS VARCHAR) AS example "
            f"FROM {origin} WHERE {condition}")


def _has(name: str) -> str:
    return quoted(f"{name} is given")


def _raw(name: str) -> str:
    return quoted(f"{name} as given")


def _source(column: pa.Column, kind_there: str, timezone: str) -> _Source:
    """How a column of the type DuckDB reports becomes the declared kind."""
    name, kind = quoted(column.name), column.metadata["kind"]
    if kind_there == "VARCHAR":
        return _from_text(name, kind, absent=nothing(column), timezone=timezone)
    given, text = f"{name} IS NOT NULL", f"CAST({name} AS VARCHAR)"
    if kind in ("whole", "real", "flag") and kind_there.split("(")[0] in _NUMERIC:
        number = f"CAST({name} AS DOUBLE)"
        return _Source(f"{given} AND NOT isnan({number})", _number(number, kind))
    if kind == "flag" and kind_there == "BOOLEAN":
        return _Source(given, name)
    if kind in ("moment", "day") and kind_there.startswith(("TIMESTAMP", "DATE")):
        zoned = kind_there == "TIMESTAMP WITH TIME ZONE"
        if kind == "moment":
            return _Source(given, name if zoned else f"CAST({name} AS TIMESTAMP) AT TIME ZONE {literal(timezone)}")
        return _Source(given, f"CAST({name}{f' AT TIME ZONE {literal(timezone)}' if zoned else ''} AS DATE)")
    if kind in ("whole", "real", "flag", "moment", "day"):
        return _Source(given, f"CAST(NULL AS {SQL[PANDAS[kind]]})")
    return _Source(given, text)


def _from_text(name: str, kind: str, *, absent: frozenset[str], timezone: str) -> _Source:
    bare = f"trim({name}, {literal(_BLANKS)})"
    given = f"{name} IS NOT NULL AND NOT (lower({bare}) IN ({', '.join(map(literal, sorted(absent)))}))"
    match kind:
        case "whole" | "real":
            value = _number(f"TRY_CAST({bare} AS DOUBLE)", kind)
        case "flag":
            value = f"CASE WHEN lower({bare}) IN {_YES!r} THEN true WHEN lower({bare}) IN {_NO!r} THEN false END"
        case "moment":
            zoned = f"regexp_matches({bare}, {literal('[0-9][0-9] ?(Z|[+-][0-9]{2}:?[0-9]{2})$')}) AND length({bare}) > 10"
            value = f"CASE WHEN {zoned} THEN TRY_CAST({bare} AS TIMESTAMPTZ) ELSE TRY_CAST({bare} AS TIMESTAMP) AT TIME ZONE {literal(timezone)} END"
        case "day":
            value = f"TRY_CAST({bare} AS DATE)"
        case _:
            value = name if absent == {""} else bare  # a verbatim keeps its blanks
    return _Source(given, f"CASE WHEN {given} THEN {value} END")


def _number(number: str, kind: str) -> str:
    good = {"real": f"isfinite({number})", "flag": f"{number} IN (0, 1)",
            "whole": f"isfinite({number}) AND {number} = floor({number}) AND abs({number}) <= {LARGEST_WHOLE:.0f}"}[kind]
    value = f"{number} = 1" if kind == "flag" else number
    return f"CASE WHEN {good} THEN {value} END"
