"""The rules a row must keep, derived once from the pandera declaration: a sentence and a SQL condition for each check."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pandera.pandas as pa

from voclib.errors import ParameterError, nearest
from voclib.schema.columns import DAY, FLAG, MOMENT, REAL, TEXT, WHOLE
from voclib.schema.tables import TABLES

MISSING = "missing value; the column allows none"
DUPLICATE = "duplicate key"
UNREADABLE = {"whole": "not a whole number", "real": "not a number", "flag": "not a yes or no", "moment": "not a date and time", "day": "not a date"}


# kind of a column → its dtype in pandas and its type in SQL
PANDAS = {"id": TEXT, "choice": TEXT, "text": TEXT, "month": TEXT, "flag": FLAG, "real": REAL, "whole": WHOLE, "moment": MOMENT, "day": DAY}
SQL = {TEXT: "VARCHAR", FLAG: "BOOLEAN", REAL: "DOUBLE", WHOLE: "BIGINT", MOMENT: "TIMESTAMPTZ", DAY: "DATE"}


@dataclass(frozen=True)
class Rule:
    """One check of one column: pandera's own check, what is said when it fails, and the SQL condition that holds when it passes.

    `{}` in `sql` stands for the value's expression.
    """

    column: str
    problem: str
    check: pa.Check
    sql: str

    def condition(self, value: str) -> str:
        """The SQL condition on a value's expression."""
        return self.sql.replace("{}", value)


def schema(table: str) -> pa.DataFrameSchema:
    """The declaration of a table; ParameterError with the nearest name where there is none."""
    if table not in TABLES:
        raise ParameterError(f"the data standard has no table '{table}'; {nearest(table, TABLES)}")
    return TABLES[table]


def dtypes(table: str) -> dict[str, str]:
    """column → dtype of a table, in declared order."""
    return {name: PANDAS[column.metadata["kind"]] for name, column in schema(table).columns.items()}


@cache
def rules(table: str) -> tuple[Rule, ...]:
    """Every check on the values of a table's columns, in declared order."""
    return tuple(_rule(name, check) for name, column in schema(table).columns.items() for check in column.checks)


def before(other: str) -> str:
    """What is said of a time that lies before the one it must follow."""
    return f"lies before {other}"


def unknown(reference: str) -> str:
    """What is said of an identifier that the table referred to does not hold."""
    return f"not found in {reference}"


def references(table: str) -> dict[str, tuple[str, str, bool]]:
    """column → (table, column referred to, whether the column may be empty)."""
    found = {}
    for name, column in schema(table).columns.items():
        if column.metadata["references"]:
            target, key = column.metadata["references"].split(".")
            found[name] = (target, key, column.nullable)
    return found


def literal(value: str) -> str:
    """A text as a SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _rule(column: str, check: pa.Check) -> Rule:
    given = check.statistics
    match check.name:
        case "in_range":
            low, high = given["min_value"], given["max_value"]
            return Rule(column, f"outside {low}–{high}", check, f"{{}} BETWEEN {low} AND {high}")
        case "greater_than_or_equal_to":
            return Rule(column, f"below {given['min_value']}", check, f"{{}} >= {given['min_value']}")
        case "less_than_or_equal_to":
            return Rule(column, f"above {given['max_value']}", check, f"{{}} <= {given['max_value']}")
        case "isin":
            allowed = given["allowed_values"]
            return Rule(column, f"not one of {', '.join(allowed)}", check, f"{{}} IN ({', '.join(map(literal, allowed))})")
        case "str_matches":
            return Rule(column, "not of the form YYYY-MM", check, f"regexp_full_match({{}}, {literal(given['pattern'])})")
        case other:
            raise ParameterError(f"column {column}: the check '{other}' has no SQL form; known: in_range, ge, le, isin, str_matches")
