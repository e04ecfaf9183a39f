"""DGP of first exposures: monthly margin of customers, some of whom live through a pain for the first time, at different times.

Margin a month is the customer's level + the season + what the exposure did + heavy-tailed noise, in yuan. The loss begins at the first
exposed month and grows, and early cohorts lose more: exactly what a static before-after regression averages wrongly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

FIRST, LAST = 7, 19  # cohorts: the first exposed month lies in FIRST … LAST − 1
GROWTH = 0.20  # added to the loss by every month since, relative to the first one
FADE = 0.04  # taken from the loss by every month that a cohort comes later, relative to the first cohort
DRIFT = 6  # months over which units about to be exposed are already falling, where asked for


def response(cohort: np.ndarray, since: np.ndarray, effect: float) -> np.ndarray:
    """Effect in yuan of cohorts in the months since their first exposure; 0 before it."""
    return np.where(since >= 0, effect * (1 + GROWTH * np.maximum(since, 0)) * (1 - FADE * (cohort - FIRST)), 0.0)


def expected_path(effect: float, *, months: int) -> list[float]:
    """Mean effect by months since exposure over the cohorts seen that long; cohorts are equally likely."""
    cohorts = np.arange(FIRST, LAST)
    return [float(response(cohorts[cohorts + h < months], np.array(h), effect).mean()) for h in range(months - FIRST)]


def draw(seed: int, *, customers: int = 600, months: int = 24, effect: float | None = None, never_share: float = 0.3, pretrend: float = 0.0,
         luck: float = 120.0, stores: int = 40) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw one panel.

    `effect` is yuan a month in the first month of the first cohort (drawn in −60 – −40 unless given; 0 = no effect); `pretrend` yuan a month
    that units about to be exposed change by over the six months before, and do not get back; `luck` the standard deviation of a month.

    The frame has one row a customer and month: `customer_id`, `store`, `month` (0 …), `exposed_month` (null where never), `margin_cny`.
    The truth holds `path_cny` by months since exposure, in expectation over cohorts.
    """
    rng = stream(seed, "dgp_events")
    effect = planted(rng, effect, -60.0, -40.0)
    level, store = rng.lognormal(5.5, 0.6, customers), rng.integers(0, stores, customers)
    often = rng.normal(size=customers) - 0.8 * (np.log(level) - 5.5) / 0.6  # who spends little is exposed more often
    ever = np.argsort(np.argsort(often)) >= round(never_share * customers)
    cohort = np.where(ever, rng.integers(FIRST, LAST, customers), months + 99)
    since = np.arange(months)[None, :] - cohort[:, None]
    season = 25 * np.sin(2 * np.pi * np.arange(months) / 12) + rng.normal(scale=10.0, size=months)
    shocks = luck * (rng.gamma(1.5, size=(customers, months)) - 1.5) / np.sqrt(1.5)
    falling = np.where(ever[:, None], pretrend * np.clip(since + DRIFT, 0, DRIFT), 0.0)
    margin = level[:, None] + season + response(cohort[:, None], since, effect) + falling + shocks
    who = np.repeat(np.arange(customers), months)
    frame = pd.DataFrame({"customer_id": who, "store": store[who], "month": np.tile(np.arange(months), customers),
                          "exposed_month": np.where(ever, cohort, np.nan)[who], "margin_cny": margin.ravel()})
    truth = {"effect_cny": effect, "pretrend_cny": pretrend, "path_cny": expected_path(effect, months=months), "exposed_n": int(ever.sum())}
    return frame, truth
