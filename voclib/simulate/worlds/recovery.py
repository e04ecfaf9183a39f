"""A programme that calls detractors back: they answer higher next time for nothing, and maybe also for the call."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

from voclib.simulate.streams import planted, stream

LEVEL, SPREAD, TENURE = 7.5, 2.2, 0.35  # scores are round(7.5 + 2.2 · satisfaction); what tenure adds to satisfaction
DETRACTOR, PROMOTER = 6.5, 8.5  # where rounding parts the classes


def expected_nps(settled: np.ndarray, moment: float, lift: float = 0.0) -> np.ndarray:
    """NPS points to expect of customers (N,) whose lasting satisfaction is `settled`, over the mood of the day (spread `moment`)."""
    below, above = ((edge - LEVEL) / SPREAD - settled - lift for edge in (DETRACTOR, PROMOTER))
    return 100 * (ndtr(-above / moment) - ndtr(below / moment))


def draw(seed: int, *, customers: int = 3000, lift: float | None = 0.0, reliability: float | None = None,
         calls: Literal["list", "lot", "all"] = "list") -> tuple[pd.DataFrame, dict[str, Any]]:
    """Customers asked twice; some detractors of the first time are called in between.

    `lift` is what a call adds to satisfaction in its standard deviations (drawn in 0.3–0.5 if None; 0, the default, is a programme that does
    nothing); `reliability` (drawn in 0.55–0.7 unless given) the share of its variance that lasts. Calls go by a "list" (the low scores and the
    loyal first), by "lot", or to "all" detractors; who answers again depends on tenure.

    The frame: `tenure` (standardised), `first` (0–10), `called`, `second` (0–10, NaN if not answered). The truth: `effect_points` on those
    called who answered again, given what lasts of their satisfaction, and `rise_points`, what they would have gained anyway.
    """
    rng = stream(seed, "dgp_recovery")
    lift, reliability = planted(rng, lift, 0.3, 0.5), planted(rng, reliability, 0.55, 0.7)
    tenure = rng.normal(size=customers)
    settled = TENURE * tenure + np.sqrt(reliability - TENURE**2) * rng.normal(size=customers)
    moment = float(np.sqrt(1 - reliability))
    mood = moment * rng.normal(size=(2, customers))
    first = _score(settled + mood[0])
    odds = {"list": 0.8 * tenure - 0.35 * (first - 5), "lot": np.zeros(customers), "all": np.full(customers, np.inf)}[calls]
    called = (first <= 6) & (rng.random(customers) < expit(odds))
    answered = rng.random(customers) < expit(0.8 + 0.4 * tenure)
    second = np.where(answered, _score(settled + lift * called + mood[1]), np.nan)
    over = called & answered
    without = expected_nps(settled[over], moment)
    frame = pd.DataFrame({"tenure": tenure, "first": first.astype(np.int8), "called": called, "second": second})
    return frame, {"lift": lift, "reliability": reliability, "effect_points": float((expected_nps(settled[over], moment, lift) - without).mean()),
                   "rise_points": float(100 + without.mean())}


def _score(satisfaction: np.ndarray) -> np.ndarray:
    """Whole numbers from 0 to 10."""
    return np.clip(np.round(LEVEL + SPREAD * satisfaction), 0, 10)
