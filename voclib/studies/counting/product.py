"""The voices and repairs behind the last period of every product and the year before it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from voclib.readers.product import counts as product_counts
from voclib.studies import counting

REPORT = "51-product"


def flows(tables: Mapping[str, pd.DataFrame], *, weeks: int = 4, until: str = "",
          product_column: str = "") -> tuple[counting.Flow, ...]:
    """Voices with a product (`product_column` of responses; empty: of their customers), and repairs of a part, in the periods that are compared."""
    found = product_counts.steps(tables, weeks=weeks, until=until, column=product_column)
    return tuple(counting.made(REPORT, name, tables[name], step) for name, step in found.items())
