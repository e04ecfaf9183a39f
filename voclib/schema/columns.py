"""Column kinds of the data standard: each builds a pandera Column with its unit, sensitivity and bilingual meaning."""

from __future__ import annotations

from typing import Literal

import pandera.pandas as pa

Sensitivity = Literal["public", "internal", "personal", "text"]

TEXT, FLAG, REAL, WHOLE = "str", "boolean", "float64", "Int64"
MOMENT, DAY = "datetime64[us, UTC]", "datetime64[us]"
MONTH_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])$"


def _column(dtype: str, zh: str, en: str, *, kind: str, null: bool, unit: str = "", sensitivity: Sensitivity = "internal",
            checks: list[pa.Check] | None = None, references: str = "") -> pa.Column:
    return pa.Column(dtype, checks or [], nullable=null, required=True, description=en,
                     metadata={"kind": kind, "unit": unit, "sensitivity": sensitivity, "zh": zh, "references": references})


def ident(zh: str, en: str, *, references: str = "", null: bool = False, sensitivity: Sensitivity = "internal") -> pa.Column:
    """An identifier, kept as text; `references` is "table.column"."""
    return _column(TEXT, zh, en, kind="id", null=null, sensitivity=sensitivity, references=references)


def choice(zh: str, en: str, *values: str, null: bool = False) -> pa.Column:
    """One of a few named values."""
    return _column(TEXT, zh, en, kind="choice", null=null, checks=[pa.Check.isin(list(values))])


def words(zh: str, en: str, *, null: bool = True, sensitivity: Sensitivity = "internal") -> pa.Column:
    """Free text or an open list of names."""
    return _column(TEXT, zh, en, kind="text", null=null, sensitivity=sensitivity)


def flag(zh: str, en: str, *, null: bool = False) -> pa.Column:
    """Yes or no."""
    return _column(FLAG, zh, en, kind="flag", null=null)


def whole(zh: str, en: str, low: int, high: int, *, unit: str = "", null: bool = False) -> pa.Column:
    """A whole number between two bounds, both included."""
    return _column(WHOLE, zh, en, kind="whole", null=null, unit=unit, checks=[pa.Check.in_range(low, high)])


def real(zh: str, en: str, low: float | None = None, high: float | None = None, *, unit: str = "", null: bool = False) -> pa.Column:
    """A number, bounded where a bound is given."""
    checks = []
    if low is not None:
        checks.append(pa.Check.ge(low))
    if high is not None:
        checks.append(pa.Check.le(high))
    return _column(REAL, zh, en, kind="real", null=null, unit=unit, checks=checks)


def money(zh: str, en: str, *, null: bool = False) -> pa.Column:
    """Yuan, to the cent; refunds are negative."""
    return real(zh, en, unit="CNY", null=null)


def moment(zh: str, en: str, *, null: bool = False) -> pa.Column:
    """A point in time, stored in UTC."""
    return _column(MOMENT, zh, en, kind="moment", null=null)


def day(zh: str, en: str, *, null: bool = False) -> pa.Column:
    """A calendar date."""
    return _column(DAY, zh, en, kind="day", null=null)


def month(zh: str, en: str, *, unit: str = "") -> pa.Column:
    """A calendar month as YYYY-MM; with the unit `month or quarter` an export may tell the quarter, which counts as its first month."""
    return _column(TEXT, zh, en, kind="month", null=False, unit=unit, checks=[pa.Check.str_matches(MONTH_PATTERN)])
