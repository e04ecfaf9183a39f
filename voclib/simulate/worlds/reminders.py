"""Customers who answer the first message, a reminder, or never: three worlds in which resistance is stable, and a drift that breaks it.

Stable resistance: what an answer has to do with the chance of giving it is the same at the first message and at the reminder
(Miao et al., arXiv 2112.02822). The planted chances are logits in the covariates and in the answer, coded -1, 0, +1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import ParameterError, nearest
from voclib.simulate.streams import planted, stream
from voclib.simulate.worlds import nonresponse

FIRST_RATE, REMINDER_RATE = 0.08, 0.207  # of those asked: together 27 %; a reminder that many answer is what makes γ visible at all

# Range of the planted resistance: log-odds of answering a step of the coded answer. Who answers more readily names the world.
WORLDS = {"critical": (-0.20, -0.10), "even": (-0.05, 0.05), "pleased": (0.07, 0.15)}


def draw(seed: int, *, world: str = "pleased", customers: int = 20_000, resistance: float | None = None, drift: float = 0.0,
         ) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw one population of whom about 27 % answer one of two messages.

    `resistance` is drawn in the world's range unless given; a reminder loses `drift` of it (0 = stable, .5 breaks the assumption).

    The frame has one row a customer: the covariates of `nonresponse`, `wave` (0 first message, 1 reminder, -1 no answer), `nps_score` (null
    unless answered) and `true_score`, which no estimator may read.

    Raises
    ------
    ParameterError
        for a world that does not exist.
    """
    if world not in WORLDS:
        raise ParameterError(f"There is no world '{world}'; {nearest(world, WORLDS)}")
    rng = stream(seed, f"dgp_callbacks.{world}")
    resistance = planted(rng, resistance, *WORLDS[world])
    known = nonresponse.covariates(rng, customers)
    score = nonresponse.score_of(nonresponse.expected_satisfaction(known) + rng.normal(size=customers))
    seen = 0.22 * known["tenure"] + 0.19 * known["log_spend"] - 0.3 * known["complaint"] - 0.2 * known["risk"] + 0.22 * known["logins"]
    answer = nonresponse.coded(score).astype(float)
    first = rng.random(customers) < _chance(seen + resistance * answer, FIRST_RATE, np.ones(customers, dtype=bool))
    later = rng.random(customers) < _chance(seen + (resistance - drift) * answer, REMINDER_RATE, ~first)
    wave = np.where(first, 0, np.where(later, 1, -1))
    frame = pd.DataFrame({**known, "wave": wave, "nps_score": np.where(wave >= 0, score, np.nan), "true_score": score})
    truth = {"nps_all": nonresponse.true_nps(score), "nps_respondents": nonresponse.true_nps(score[wave >= 0]),
             "response_rate": float((wave >= 0).mean()), "resistance": resistance, "drift": drift, "world": world}
    return frame, truth


def _chance(index: np.ndarray, rate: float, asked: np.ndarray) -> np.ndarray:
    """Probability of answering, with the constant at which `rate` of those asked do."""
    return 1 / (1 + np.exp(-(index + nonresponse.constant_for(index[asked], rate))))
