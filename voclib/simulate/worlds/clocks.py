"""Cases with a clock: some are slow, some never end, dealers differ, and the data end while the clocks of recent cases still run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from voclib.simulate.streams import planted, stream

SPREAD, DEALER, SLOWER = 0.9, 0.25, 4.0  # of the log of hours: one case, one dealer; and what a slow case takes more
HURRY = 2.0  # hours before the limit at which a hurried case closes, on average


def draw(seed: int, *, cases: int = 800, units: int = 40, days: float = 9.0, limit: float = 72.0, median: float | None = None,
         slow: float | None = None, never: float | None = None, hurried: float = 0.0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw cases opened evenly over `days` days, at whose end the data end too.

    `median` hours of an ordinary case (drawn in 24–48 unless given), `slow` the share that takes `SLOWER` times as long (0.15–0.35), `never` the
    share that is never settled (0.03–0.12). `hurried` of those that would end within half a limit after it are closed just before it instead.

    The frame, one row a case: `unit_id`, `opened_at`, `resolved_at` (missing while open). The truth: `share`, settled within `limit` hours, over
    dealers and cases, had all been followed to their end.
    """
    rng = stream(seed, "dgp_clocks")
    median, slow, never = planted(rng, median, 24, 48), planted(rng, slow, 0.15, 0.35), planted(rng, never, 0.03, 0.12)
    unit = rng.integers(0, units, cases)
    opened = rng.uniform(0, 24 * days, cases)
    drag = np.where(rng.random(cases) < slow, np.log(SLOWER), 0.0)
    took = np.exp(np.log(median) + drag + rng.normal(0, DEALER, units)[unit] + rng.normal(0, SPREAD, cases))
    took[rng.random(cases) < never] = np.inf
    late = (took > limit) & (took < 1.5 * limit) & (rng.random(cases) < hurried)
    took = np.where(late, np.maximum(limit - rng.exponential(HURRY, cases), 0.1), took)
    seen = opened + took < 24 * days
    start = pd.Timestamp("2026-01-01", tz="UTC")
    frame = pd.DataFrame({"case_id": np.arange(cases), "unit_id": unit, "opened_at": start + pd.to_timedelta(opened, unit="h"),
                          "resolved_at": start + pd.to_timedelta(np.where(seen, opened + took, np.nan), unit="h")})
    frame = frame.astype({"opened_at": "datetime64[us, UTC]", "resolved_at": "datetime64[us, UTC]"})
    return frame, {"share": _within(limit, median, slow, never, hurried), "limit": limit, "end_at": start + pd.Timedelta(days=days)}


def _within(limit: float, median: float, slow: float, never: float, hurried: float) -> float:
    """The share settled within the limit: lognormal times with the variance of case and dealer, mixed over slow and ordinary cases."""
    def by(hours: float) -> float:
        z = [(np.log(hours / median) - drag) / np.hypot(SPREAD, DEALER) for drag in (0.0, np.log(SLOWER))]
        return float((1 - slow) * ndtr(z[0]) + slow * ndtr(z[1]))

    return (1 - never) * (by(limit) + hurried * (by(1.5 * limit) - by(limit)))
