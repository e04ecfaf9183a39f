"""Survey answers beyond plain samples: customers who answer again and name no unit, and periods that move all units together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from voclib.simulate.worlds import scores
from voclib.simulate.worlds.scores import Drawn


def repeated(seed: int, *, customers: int, like: float | None = None, promoters: float, detractors: float) -> Drawn:
    """Answers of customers, none of whom has a unit, each of whom answers one to seven times and mostly alike.

    Two answers of one customer correlate by `like` on a latent normal scale (drawn in 0.4 – 0.9 unless given); how many they are goes with nothing.
    """
    rng = np.random.default_rng([seed, 17])
    like = float(rng.uniform(0.4, 0.9)) if like is None else like
    who = np.repeat(np.arange(customers), rng.integers(1, 8, customers))
    place = special.ndtr(np.sqrt(like) * rng.standard_normal(customers)[who] + np.sqrt(1 - like) * rng.standard_normal(len(who)))
    kind = np.select([place > 1 - promoters, place < detractors], [0, 2], 1)
    frame = pd.DataFrame({"response_id": [f"R{i:05d}" for i in range(len(who))], "customer_id": [f"C{k}" for k in who],
                          "unit_id": pd.Series(None, range(len(who)), dtype="str"), "nps_score": scores._scores(rng, kind)})
    return frame, {"nps": 100 * (promoters - detractors), "like": like, "customers": customers}


def periods(seed: int, *, units: int = 60, answers: int = 20, count: int = 6, rise: float = 0.0, shared: float | None = None) -> Drawn:
    """Answers of `units` in `count` periods, `answers` in each, on a latent normal scale: units differ by 0.3, and all rise by `rise` a period.

    In every period all units are moved together by a normal draw with standard deviation `shared` (drawn in 0.04 – 0.12 unless given): a season, a
    promotion. The truth holds `rise` and `shared`.
    """
    rng = np.random.default_rng([seed, 19])
    shared = float(rng.uniform(0.04, 0.12)) if shared is None else shared
    unit, period = (part.ravel() for part in np.indices((units, count, answers))[:2])
    moved = shared * rng.standard_normal(count) + rise * np.arange(count)
    latent = 0.3 * rng.standard_normal(units)[unit] + moved[period] + rng.standard_normal(unit.size)
    kind = np.select([latent > 0.1, latent < -0.9], [0, 2], 1)
    return pd.DataFrame({"unit_id": unit, "period": period, "nps_score": scores._scores(rng, kind)}), {"rise": rise, "shared": shared}
