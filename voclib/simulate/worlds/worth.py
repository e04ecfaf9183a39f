"""Satisfaction and next year's margin, with past spending behind both: worth of the three classes, noisy scores, a programme's trial."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from voclib.simulate.streams import planted, stream

BOUNDS, PULL = (-0.9, 0.5), 0.9  # cut points of satisfaction between the classes, and what past spending adds to it
UNITS = 50_000  # customers of the roll-out of a programme
MARGIN, SLOPES = 900.0, (320.0, 380.0, 440.0)  # ¥ of a detractor of average past spending; ¥ a unit of log spending, by class


@cache
def class_shares() -> np.ndarray:
    """Shares (3,) of detractors, passives and promoters among all customers: the logit averaged over normal past spending."""
    points, weights = np.polynomial.hermite_e.hermegauss(80)
    below = [float(weights @ expit(cut - PULL * points) / weights.sum()) for cut in BOUNDS]
    return np.array([below[0], below[1] - below[0], 1 - below[1]])


def tilted(shares: np.ndarray, points: float) -> np.ndarray:
    """Shares after the exponential tilt that adds so many points of NPS, by bisection."""
    goal, low, high = shares[2] - shares[0] + points / 100, -5.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2
        moved = shares * np.exp(middle * np.arange(-1, 2))
        moved /= moved.sum()
        low, high = (middle, high) if moved[2] - moved[0] < goal else (low, middle)
    return moved


def draw(seed: int, *, customers: int = 2000, detractor_gap: float | None = None, promoter_gap: float | None = None, log_sd: float = 0.6,
         ) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Customers of three classes. Who spent more is happier and will spend more anyway.

    `detractor_gap` is what a passive is worth above a detractor (drawn in 250–450 ¥ unless given), `promoter_gap` a promoter above a
    passive (100–250 ¥); `log_sd` the spread of noise in log margin. The frame has one row a customer: `log_spend` (standardised), `nps_class`
    (−1, 0, 1), `margin_12m`. The truth holds the classes' `values` for customers of average past spending, `shares` of the classes, and ¥ a
    100,000 customers for one point of NPS by path.
    """
    rng = stream(seed, "dgp_worth")
    gaps = planted(rng, detractor_gap, 250.0, 450.0), planted(rng, promoter_gap, 100.0, 250.0)
    spend = rng.normal(size=customers)
    place = (PULL * spend + rng.logistic(size=customers))[:, None] > np.array(BOUNDS)
    k = place.sum(axis=1)
    values = MARGIN + np.array([0.0, gaps[0], sum(gaps)])
    luck = np.exp(log_sd * rng.normal(size=customers) - log_sd**2 / 2) - 1
    frame = pd.DataFrame({"log_spend": spend, "nps_class": k - 1,
                          "margin_12m": values[k] + np.array(SLOPES)[k] * spend + MARGIN * luck})
    shares = class_shares()
    paths = {"detractor_to_passive": 0.01 * gaps[0], "passive_to_promoter": 0.01 * gaps[1], "detractor_to_promoter": 0.005 * sum(gaps),
             "tilt": float((tilted(shares, 1.0) - shares) @ values)}
    return frame, {"values": values.tolist(), "shares": shares.tolist(), "paths_cny": {name: 1e5 * worth for name, worth in paths.items()}}


def noisy(seed: int, *, customers: int = 1500, slope: float | None = None, reliability: float | None = None,
          ) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Customers asked twice: satisfaction is one, the two scores are noisy readings of it.

    `slope` is ¥ of margin a point of satisfaction (drawn in 60–120 unless given); `reliability` (drawn in 0.5–0.7) the share of a score's
    variance that is satisfaction. The frame: `log_spend`, `first`, `second` (whole numbers 0–10), `margin_12m`.
    """
    rng = stream(seed, "dgp_worth.noisy")
    slope, reliability = planted(rng, slope, 60.0, 120.0), planted(rng, reliability, 0.5, 0.7)
    spend = rng.normal(size=customers)
    latent = 5.5 + 0.5 * spend + np.sqrt(1 - 0.25) * rng.normal(size=customers)  # variance 1
    error = np.sqrt(max(1 / reliability - 1 - 1 / 12, 0.0))  # rounding adds a twelfth of a point
    scores = [np.clip(np.round(latent + error * rng.normal(size=customers)), 0, 10).astype(np.int8) for _ in range(2)]
    margin = MARGIN + slope * (latent - 5.5) + 250 * spend + 300 * rng.normal(size=customers)
    frame = pd.DataFrame({"log_spend": spend, "first": scores[0], "second": scores[1], "margin_12m": margin})
    return frame, {"slope": slope, "reliability": reliability}


def programme(seed: int, *, customers: int = 2000, effect: float | None = None, break_even: float | None = None, log_sd: float = 0.6,
              ) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Half of the customers were offered a programme at random; some took it up. It is to be rolled out to `UNITS` customers for a year.

    `effect` is ¥ of margin over 12 months to who takes it up (drawn in 100–180 unless given, 0 does nothing), `break_even` what it must do to
    pay for itself at the planted uptake (drawn in 40–80), which sets the cost. The frame: `offered`, `taken` (0/1, known of those offered),
    `margin_12m`, `cost_cny` of the roll-out (the same in every row). The truth: `effect`, `uptake`, `cost_cny`, `break_even`, and `npv_cny` of
    the roll-out without discounting.
    """
    rng = stream(seed, "dgp_worth.programme")
    effect, break_even = planted(rng, effect, 100.0, 180.0), planted(rng, break_even, 40.0, 80.0)
    uptake = planted(rng, None, 0.5, 0.8)
    offered = rng.permutation(customers) < customers // 2
    taken = offered & (rng.random(customers) < uptake)
    base = MARGIN * np.exp(log_sd * rng.normal(size=customers) - log_sd**2 / 2)
    cost = break_even * uptake * UNITS
    frame = pd.DataFrame({"offered": offered, "taken": taken, "margin_12m": base + effect * taken, "cost_cny": cost})
    return frame, {"effect": effect, "uptake": uptake, "cost_cny": cost, "break_even": break_even, "npv_cny": effect * uptake * UNITS - cost}
