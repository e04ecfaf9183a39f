"""Customers of a quarter in which some weeks are busy: more of them wait too long, and those who come then may be other customers anyway."""

from __future__ import annotations

import numpy as np
import pandas as pd

EFFECT = -300.0  # money a customer brings less for having waited


def draw(seed: int, *, customers: int = 6000, dealers: int = 60, busy: float = 0.8, poorer: float = 0.0) -> tuple[pd.DataFrame, float]:
    """Customers of 92 days and the effect of exposure, in money a customer.

    Busy times come and go with a period of 20 to 45 days: log-odds of exposure swing by `busy`, and customers of busy days bring up to `poorer` less
    than others (more on quiet ones), which nothing records. Columns are those of a cohort of page 31.
    """
    rng = np.random.default_rng([seed, 31])
    at, day = rng.integers(0, dealers, customers), rng.integers(0, 92, customers)
    wave = np.sin(2 * np.pi * (np.arange(92) / rng.uniform(20, 45) + rng.random()))[day]
    queue, spends = rng.normal(size=(2, dealers))
    prior = np.exp(7 + 0.8 * rng.normal(size=customers) + 0.3 * spends[at])
    exposed = rng.random(customers) < 1 / (1 + np.exp(1 - 0.5 * queue[at] - busy * wave))
    money = np.exp(0.5 * np.log(prior) + 4 + 0.6 * rng.normal(size=customers)) + 200 * spends[at] + EFFECT * exposed - poorer * wave
    when = pd.Timestamp("2025-07-01", tz="Asia/Shanghai") + pd.to_timedelta(day, unit="D")
    return pd.DataFrame({"customer_id": [f"C{i:06d}" for i in range(customers)], "unit_id": [f"D{g:02d}" for g in at], "is_exposed": exposed,
                         "money": money, "prior_money": prior, "index_at": when, "index_month": when.strftime("%Y-%m")}), EFFECT
