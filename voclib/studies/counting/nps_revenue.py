"""The customers, contacts and bookings behind the money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from voclib.schema.keys import among
from voclib.studies import counting
from voclib.studies import ledger as ledgers
from voclib.studies.nps_revenue import cohort as cohorts
from voclib.studies.nps_revenue.cohort import Cohort

REPORT = "31-nps-revenue"


def flows(tables: Mapping[str, pd.DataFrame], *, first_day: str, last_day: str, dose: str = "wait_minutes", threshold: float = 60.0,
          horizon_days: int = 365, measure: Literal["margin", "revenue"] = "margin", cohort: Cohort | None = None) -> tuple[counting.Flow, ...]:
    """Customers of the cohort, the contact that starts the year of each, and the bookings inside those years.

    `cohort` is that of these very parameters where it has been built already.
    """
    if cohort is None:
        cohort = cohorts.build(tables, first_day=first_day, last_day=last_day, dose=dose, threshold=threshold, horizon_days=horizon_days,
                               measure=measure)
    steps = {**{name: cohort.steps[name] for name in ("customers", "touchpoints")}, "transactions": _bookings(cohort)}
    return tuple(counting.made(REPORT, name, tables[name], counting.by_key(tables[name], name, found)) for name, found in steps.items())


def _bookings(cohort: Cohort) -> pd.Series:
    """Of the bookings that the clean ledger keeps, those of these customers within the horizon after their contact."""
    books, people = cohort.ledger, cohort.people
    start = people.set_index("customer_id")["index_at"]
    after = ledgers.rows_in(books, start, days=cohort.horizon_days, side="after")["transaction_id"]
    before = ledgers.rows_in(books, start, days=cohorts.PRIOR_DAYS, side="before")["transaction_id"]
    ids = books.rows["transaction_id"]
    reached = [among(ids, after), ~among(books.rows["customer_id"], people["customer_id"]), among(ids, before)]
    kept = np.select([mask.to_numpy(dtype=bool) for mask in reached], ["", "other_customer", "before"], "outside")
    return books.steps.mask(books.steps.eq(""), pd.Series(kept.astype(object), index=pd.Index(ids)))
