"""Dealers' months in which busy dealers have both more of a measure and more complaints of a topic, and one topic goes with one measure inside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

MEASURES = ("long_waits", "short_hours", "load", "vacancies")
TOPICS = ("waiting_time", "repair_quality", "service_advisor", "booking", "lounge", "vehicle_price")


def draw(seed: int, *, dealers: int = 60, months: int = 15, effect: float | None = None, confounding: float = 0.35, per_month: float = 12.0,
         ) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Draw measures and complaints by dealer and month.

    A dealer's own level moves the share of every topic but the control `vehicle_price` and the level of every measure by `confounding`, so that they
    go together across dealers. Inside dealers one standard deviation of `long_waits` multiplies complaints of `waiting_time` by exp(`effect`)
    (drawn in 0.1 – 0.25 unless given), and nothing else goes with anything.

    Returns rows (`unit_id, month, complaints`, a column a measure), counts by topic in the same rows, and the truth: `log_ratio`, `pair`.
    """
    rng = stream(seed, "dgp_dealer_months")
    effect = planted(rng, effect, 0.1, 0.25)
    level = rng.normal(size=dealers)
    unit, month = (index.ravel() for index in np.indices((dealers, months)))
    inside = rng.normal(size=(unit.size, len(MEASURES)))
    season = rng.normal(scale=0.4, size=(months, len(MEASURES)))
    values = inside + season[month] + confounding * 3 * level[unit][:, None]
    names = [f"{2025 + k // 12}-{k % 12 + 1:02d}" for k in range(months)]
    rows = pd.DataFrame({"unit_id": [f"D{k:03d}" for k in unit], "month": np.array(names)[month],
                         "complaints": rng.poisson(per_month * rng.gamma(4, 0.25, dealers)[unit]).astype(float)})
    base = rng.uniform(0.05, 0.15, len(TOPICS))
    log = np.log(base)[None, :] + confounding * level[unit][:, None] * (np.array(TOPICS) != "vehicle_price")
    log[:, 0] += effect * inside[:, 0] + rng.normal(scale=0.2, size=months)[month]
    counts = pd.DataFrame(rng.poisson(rows["complaints"].to_numpy()[:, None] * np.exp(log)).astype(float), columns=list(TOPICS))
    for k, name in enumerate(MEASURES):
        rows[name] = values[:, k]
    return rows, counts, {"log_ratio": float(effect), "pair": ("waiting_time", "long_waits")}
