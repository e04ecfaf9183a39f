"""A call, how the customer felt at its end, and a score asked for some time later: the feeling fades from the score, the quality of the call stays.

What is heard as feeling is partly the quality of the call itself, so the slope of the score on the feeling never falls to zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from voclib.simulate.streams import planted, stream

BANDS = ((0.0, 1.0), (1.0, 3.0), (3.0, 7.0), (7.0, 14.0))  # days
LEVEL, QUALITY, NOISE, UNIT = 3.6, 0.35, 0.7, 0.2  # scores of 1–5: level, one standard deviation of quality, one answer, one unit
HEARD, SCATTER = 0.25, 0.4  # feeling = clip(HEARD·quality + SCATTER·own, −1, 1)
EARLIEST = 0.02  # days


def draw(seed: int, *, answers: int = 1500, units: int = 40, fades: float | None = None, half_life: float | None = None, lean: float = 0.0,
         ) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw one year of calls whose customers answered within 14 days.

    `fades` is the part of the slope, in scores of 1–5 for one unit of feeling (−1 upset, 1 pleased), that is there at once and fades (drawn in
    0.5 – 0.9 unless given; 0 = nothing fades); `half_life` in days after which half of it is left (drawn in 1 – 3); `lean` delays pleased customers:
    the log of the delay per unit of feeling (0 = the delay is drawn at random).

    The frame has one row an answer: `call_id`, `unit_id`, `feeling`, `lag_days`, `csat_score`, and `quality`, which no estimator may read. The
    truth holds `fades`, `half_life_days`, and the slope of the score on the feeling by band, in all (`slope`), for delays at random.
    """
    rng = stream(seed, "dgp_cooling")
    fades, half_life = planted(rng, fades, 0.5, 0.9), planted(rng, half_life, 1.0, 3.0)
    quality, own = rng.normal(size=answers), rng.normal(size=answers)
    feeling = np.clip(HEARD * quality + SCATTER * own, -1, 1)
    lag = np.exp(rng.uniform(np.log(EARLIEST), np.log(14), answers))  # as many within a day as within a fortnight
    lag = np.where(rng.random(answers) < 0.5, lag, rng.uniform(EARLIEST, 14, answers))
    lag = np.clip(lag * np.exp(lean * feeling), EARLIEST, 14 - 1e-6)
    size = rng.lognormal(0, 0.5, units)
    unit = rng.choice(units, answers, p=size / size.sum())
    latent = (LEVEL + QUALITY * quality + fades * feeling * 0.5 ** (lag / half_life) + rng.normal(0, UNIT, units)[unit]
              + rng.normal(0, NOISE, answers))
    frame = pd.DataFrame({"call_id": np.arange(answers), "unit_id": unit, "feeling": feeling, "lag_days": lag,
                          "csat_score": np.clip(np.rint(latent), 1, 5).astype(int), "quality": quality})
    slopes = [_slope(band, fades, half_life) for band in BANDS]
    return frame, {"fades": fades, "half_life_days": half_life, "slope": slopes, "fall": slopes[0] - slopes[-1], "bands": [list(b) for b in BANDS]}


def _slope(band: tuple[float, float], fades: float, half_life: float) -> float:
    """Least-squares slope of the rounded score on the feeling in a band of lags, by quadrature over the feeling before it is cut and over lags."""
    spread = np.hypot(HEARD, SCATTER)
    u = np.linspace(-5, 5, 241) * spread
    weight = np.exp(-((u / spread) ** 2) / 2)
    weight /= weight.sum()
    feeling = np.clip(u, -1, 1)
    lags, mass = _lags(band)
    known = QUALITY * HEARD * u / spread**2  # of quality, given what is heard
    left = np.sqrt(QUALITY**2 * (1 - HEARD**2 / spread**2) + UNIT**2 + NOISE**2)
    middle = LEVEL + known[:, None] + fades * feeling[:, None] * 0.5 ** (lags / half_life)
    score = 1 + sum(special.ndtr((middle - cut) / left) for cut in (1.5, 2.5, 3.5, 4.5))
    apart = feeling - weight @ feeling
    return float((weight * apart) @ score @ mass / ((weight * apart) @ feeling))


def _lags(band: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Lags of a band, and how likely each is within it."""
    lags = np.linspace(max(band[0], EARLIEST), band[1], 201)
    density = 0.5 / (lags * np.log(14 / EARLIEST)) + 0.5 / (14 - EARLIEST)
    return lags, density / density.sum()
