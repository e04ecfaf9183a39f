"""Cohorts of money for the tests of the study: customers of DGP C as the study gets them."""

from __future__ import annotations

from typing import Any

import numpy as np

from voclib.simulate.worlds import long_waits
from voclib.studies.nps_revenue.cohort import Cohort, rank_score


def drawn(seed: int, *, customers: int = 2000, stores: int = 40, **planted: Any) -> tuple[Cohort, dict[str, Any]]:
    """A cohort of DGP C with dates but no ledger: money before and after, leaving, dealers; and what was planted."""
    frame, truth = long_waits.draw(seed, customers=customers, stores=stores, **planted)
    rng = np.random.default_rng([seed, 77])
    days = np.where(frame["is_churned"], rng.integers(10, 360, customers), 365).astype(float)
    people = frame.rename(columns={"margin_12m": "money", "waited": "is_exposed", "is_churned": "is_left"}).assign(
        customer_id=[f"C{i:06d}" for i in range(customers)], prior_money=0.45 * frame["prior_spend"], left_days=days,
        unit_id="D" + frame["store"].astype(str), prior_rank=rank_score(frame["prior_spend"]), tenure_rank=frame["tenure"],
        value_tier=np.where(frame["is_vip"], "vvip", "regular"))
    return Cohort(people=people, known=("prior_rank", "tenure_rank"), exposure="wait_minutes", threshold=60.0, first_day="2025-07-01",
                  last_day="2025-09-30", notes={}), truth
