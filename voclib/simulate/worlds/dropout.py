"""A panel asked wave after wave, from which the unhappy drop out: satisfaction drifts, and who stays is no picture of who began."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from voclib.simulate.streams import planted, stream
from voclib.simulate.worlds.nonresponse import coded, score_of

CENTRE, TENURE, PERSON, MOMENT = 0.6, 0.3, 0.6, 0.75  # mean of the latent satisfaction and what it consists of
SPREAD = float(np.sqrt(TENURE**2 + PERSON**2 + MOMENT**2))


def nps_at(level: float) -> float:
    """NPS of the whole population, exactly, where the latent satisfaction has this mean (scores round 7 + 1.6·latent)."""
    promoters = norm.sf((8.5 - 7) / 1.6, loc=level, scale=SPREAD)
    detractors = norm.cdf((6.5 - 7) / 1.6, loc=level, scale=SPREAD)
    return float(100 * (promoters - detractors))


def draw(seed: int, *, customers: int = 1500, waves: int = 5, trend: float | None = None, dropout: float = 0.15, pull: float | None = None,
         hidden: float = 0.0, dealers: int = 40) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw one panel; everybody answers the first wave, and who drops out never returns.

    `trend` is the drift of the latent satisfaction a wave (drawn in −0.08–0.08 unless given; 0 = nothing changes); `dropout` the rate a wave
    at an average customer; `pull` (drawn in 0.8–1.2) the log-odds by which a detractor of the wave before is likelier to leave than a passive,
    and a passive than a promoter; `hidden` the same for the score of the wave itself, which nobody sees: with it no weight can repair the trend.

    The frame has one row a customer and wave: `customer_id`, `wave` (0 …), `dealer`, `tenure`, `logins` (known for everybody), `responded`,
    `nps_score` (null unless answered), `y` (−100, 0, 100; null unless answered), and `true_score`, which no estimator may read.
    """
    rng = stream(seed, "dgp_panel")
    trend, pull = planted(rng, trend, -0.08, 0.08), planted(rng, pull, 0.8, 1.2)
    tenure, person = rng.normal(size=customers), rng.normal(scale=PERSON, size=customers)
    latent = (CENTRE + trend * np.arange(waves) + (TENURE * tenure + person)[:, None] + MOMENT * rng.normal(size=(customers, waves)))
    score = score_of(latent)
    mood = coded(score).astype(float)
    logins = 0.5 * person[:, None] + rng.normal(size=(customers, waves))
    stays = np.ones((customers, waves), dtype=bool)
    for t in range(1, waves):
        odds = np.log((1 - dropout) / dropout) + pull * mood[:, t - 1] + 0.4 * logins[:, t] + hidden * mood[:, t]
        stays[:, t] = stays[:, t - 1] & (rng.random(customers) < 1 / (1 + np.exp(-odds)))
    wide = np.repeat(np.arange(customers), waves)
    frame = pd.DataFrame({"customer_id": wide, "wave": np.tile(np.arange(waves), customers), "dealer": rng.integers(0, dealers, customers)[wide],
                          "tenure": tenure[wide], "logins": logins.ravel(), "responded": stays.ravel(),
                          "nps_score": np.where(stays, score, np.nan).ravel(), "y": np.where(stays, 100 * mood, np.nan).ravel(),
                          "true_score": score.ravel()})
    nps = [nps_at(CENTRE + trend * t) for t in range(waves)]
    truth = {"trend": trend, "pull": pull, "hidden": hidden, "nps": nps, "nps_change": nps[-1] - nps[0],
             "nps_stayers": [float(100 * mood[stays[:, t], t].mean()) for t in range(waves)], "stay_share": stays.mean(axis=0).tolist()}
    return frame, truth
