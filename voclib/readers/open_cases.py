"""The cases that lie open on a day."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from voclib.errors import DataError
from voclib.loop import clocks


def at(tables: Mapping[str, pd.DataFrame], until: pd.Timestamp) -> pd.DataFrame | None:
    """Cases opened before `until`, a moment with a time zone, and not settled by then; None where no case is recorded at all."""
    try:
        cases = clocks.cases(tables)
    except DataError:  # page 40 says in words what is missing; a page that only mentions cases leaves its column empty
        return None
    return cases[(cases["opened_at"] < until) & ~(cases["resolved_at"] < until).fillna(False)]
