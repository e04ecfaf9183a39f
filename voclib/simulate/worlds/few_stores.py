"""DGP of few stores: a programme tried in a handful of stores drawn at random, which differ widely in size and in how much they move.

A store's mean score in a period is its level + the period + its own turn when the programme begins + its passing mood + the effect + the noise
of as many customers as answered. Weighted by answers, one large store may stand for all treated ones: its residual is near zero, and errors
from clusters take it for certainty (MacKinnon & Webb 2018, Econometrics J. 21).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

ANSWERS = (3, 400)  # answers a store and period, at least and at most
CUSTOMER = 15.0  # standard deviation of one customer's answer, points


def draw(seed: int, *, stores: int = 12, treated: int = 3, periods: int = 8, effect: float | None = None, unrest: float = 2.0,
         spread: float | None = None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw one panel of store means.

    `effect` in points of the score on treated stores from the middle period on (drawn in 12 – 20 unless given; 0 = no effect); `unrest` the
    median standard deviation of a store's turn, in points, half of it that of a mood; `spread` the standard deviation of the logarithm of a
    store's answers (drawn in 1.2 – 1.6 unless given), a third of it that of the logarithm of its unrest.

    The frame has one row a store and period: `unit_id`, `period`, `is_treated` (the store ever is), `programme` (1 once it runs there),
    `score`, `answers`. The truth holds `effect_points`, `spread`, and by store who is treated and the standard deviation of its turn.
    """
    rng = stream(seed, "dgp_few")
    effect, spread = planted(rng, effect, 12.0, 20.0), planted(rng, spread, 1.2, 1.6)
    chosen = np.zeros(stores, dtype=bool)
    chosen[rng.choice(stores, treated, replace=False)] = True
    answers = np.clip(np.rint(rng.lognormal(np.log(20), spread, stores)), *ANSWERS).astype(int)
    scale = unrest * rng.lognormal(0, spread / 3, stores)
    after = np.arange(periods) >= periods // 2
    turn, mood = scale[:, None] * rng.normal(size=(stores, 1)) * after, 0.5 * scale[:, None] * rng.normal(size=(stores, periods))
    programme = (chosen[:, None] & after).astype(float)
    noise = CUSTOMER / np.sqrt(answers)[:, None] * rng.normal(size=(stores, periods))
    score = rng.normal(60, 8, (stores, 1)) + rng.normal(0, 3, periods) + turn + mood + effect * programme + noise
    who = np.repeat(np.arange(stores), periods)
    frame = pd.DataFrame({"unit_id": who, "period": np.tile(np.arange(periods), stores), "is_treated": chosen[who], "programme": programme.ravel(),
                          "score": score.ravel(), "answers": answers[who]})
    return frame, {"effect_points": effect, "spread": spread, "is_treated": chosen.tolist(), "turn_sd_points": scale.tolist()}
