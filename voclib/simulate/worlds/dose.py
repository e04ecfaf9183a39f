"""Minutes of waiting and next year's margin: a planted curve, with past spending behind both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

HEAVY = 0.8  # standard deviation of the log of the margin


def harm(minutes: np.ndarray, *, most_cny: float, middle: float) -> np.ndarray:
    """Margin lost to a wait, in yuan: little at first, half of `most_cny` at `middle` minutes, ever less added later."""
    return -most_cny * minutes**2 / (minutes**2 + middle**2)


def draw(seed: int, *, customers: int = 2000, most_cny: float | None = None, confounding: float = 0.5,
         ) -> tuple[pd.DataFrame, dict[str, Any], Callable[[np.ndarray], np.ndarray]]:
    """Draw customers, what was planted, and the planted curve (minutes → yuan against no wait).

    `most_cny` is the loss at endless waiting (drawn in 150–250, 0 for none), half of it reached at a middle drawn in 14–22 minutes. With
    `confounding` those who spent much wait less, by so many standard deviations of the log wait a standard deviation of log spending.

    The frame has one row a customer: `prior_spend`, `log_spend`, `tenure`, `wait_minutes`, `margin_12m_cny`.
    """
    rng = stream(seed, "dgp_dose")
    most, middle = planted(rng, most_cny, 150, 250), planted(rng, None, 14, 22)
    prior, tenure, own, luck = rng.normal(size=(4, customers))
    pull = np.clip(-confounding * prior + np.sqrt(1 - confounding**2) * own, -3, 3)
    minutes = np.exp(2.7 + 0.6 * pull)
    spend = np.exp(6 + 0.6 * prior)
    expected = 150 + 0.7 * spend + 20 * tenure
    margin = expected * np.exp(HEAVY * luck - HEAVY**2 / 2) + harm(minutes, most_cny=most, middle=middle)
    frame = pd.DataFrame({"prior_spend": spend, "log_spend": 6 + 0.6 * prior, "tenure": tenure, "wait_minutes": minutes, "margin_12m_cny": margin})
    truth = {"most_cny": most, "middle": middle, "confounding": confounding}
    return frame, truth, lambda m: harm(np.asarray(m, dtype=float), most_cny=most, middle=middle)
