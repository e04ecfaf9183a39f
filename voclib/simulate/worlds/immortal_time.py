"""DGP of complaints in the course of a contract: who leaves early had no time to complain, so complainers look loyal.

Months are steps. In each, a customer who is there may complain for the first time and may leave, at moments drawn within the month; a complaint
changes the odds of leaving from the next month on. Both also depend on spending.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

LEAVES, COMPLAINS = -2.9, 0.05  # log-odds of leaving a month, and the chance of a first complaint a month, of an average customer
PULL = 0.3  # how much a standard deviation of low spending adds to either, in log-odds


def chance_of_leaving(month: np.ndarray | int, spend: np.ndarray, exposed: np.ndarray | float, log_odds: float) -> np.ndarray:
    """Chance of leaving within a month; highest in the first months, as trials end."""
    return 1 / (1 + np.exp(-(LEAVES + 0.4 * np.exp(-np.asarray(month) / 4) - PULL * spend + log_odds * exposed)))


def _risk(first: np.ndarray, spend: np.ndarray, horizon: int, exposed: float, log_odds: float) -> np.ndarray:
    """Chance of having left within `horizon` months from month `first` on."""
    stays = np.ones(len(first))
    for step in range(horizon):
        stays *= 1 - chance_of_leaving(first + step, spend, exposed, log_odds)
    return 1 - stays


def _lives(rng: np.random.Generator, spend: np.ndarray, begins: np.ndarray, months: int, log_odds: float, complains: bool,
           ) -> tuple[np.ndarray, np.ndarray]:
    """Time of leaving (infinite where not within the months) and of the exposure, which `begins` holds where it is known at the start."""
    n, left, begins = len(spend), np.full(len(spend), np.inf), begins.copy()
    for month in range(months):
        there, moment, other = np.isinf(left), month + rng.random(n), month + rng.random(n)
        odds = COMPLAINS / (1 - COMPLAINS) * np.exp(-PULL * spend)
        first = there & np.isinf(begins) & (rng.random(n) < odds / (1 + odds)) & complains
        goes = there & (rng.random(n) < chance_of_leaving(month, spend, begins <= month, log_odds))
        left = np.where(goes, moment, left)
        begins = np.where(first & (other < left), other, begins)
    return left, begins


def draw(seed: int, *, customers: int = 800, months: int = 18, horizon: int = 6, log_odds: float | None = 0.0, at_zero: bool = False,
         ) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw one cohort of contracts.

    `log_odds` is what a complaint adds to the log-odds of leaving a month (0 unless given; None draws it in 0.5 – 0.8). With `at_zero` the
    exposure is there from the start or never, likelier for those who spend little, and nobody complains later.

    The frame has one row a customer, times in months: `customer_id`, `start` (contracts begin in different months), `stop`, `is_left`,
    `complained_from` (null where never), `spend` (standardised), and with `at_zero` `exposed`. The truth is of the customers drawn: risks within
    `horizon` months of the complaint among those who complained early enough, and with `at_zero` months lost over all `months` by the exposed.
    """
    rng = stream(seed, "dgp_immortal")
    log_odds = planted(rng, log_odds, 0.5, 0.8)
    spend, start = rng.normal(size=customers), rng.integers(0, 6, customers).astype(float)
    early = at_zero & (rng.random(customers) < 1 / (1 + np.exp(0.6 + 0.8 * spend)))
    left, begins = _lives(rng, spend, np.where(early, 0.0, np.inf), months, log_odds, not at_zero)
    quits = np.where(rng.random(customers) < 0.15, rng.uniform(2, months, customers), months)  # followed no longer, for reasons of its own
    quits = np.full(customers, float(months)) if at_zero else quits
    stop, gone = np.minimum(left, quits), left <= quits
    begins = np.where(begins < stop, begins, np.nan)
    frame = pd.DataFrame({"customer_id": np.arange(customers), "start": start, "stop": start + stop, "is_left": gone.astype(int),
                          "complained_from": start + begins, "spend": spend})
    if at_zero:
        frame["exposed"] = early
        return frame, {"log_odds": log_odds, "months_lost": _lost(spend[early], months, log_odds)}
    first = np.ceil(np.nan_to_num(begins, nan=99.0)).astype(int)
    followed = np.where(gone, np.ceil(stop), np.floor(stop)).astype(int)
    who = (first < followed) & (first + horizon <= months)
    risks = [float(_risk(first[who], spend[who], horizon, on, log_odds).mean()) for on in (1.0, 0.0)]
    return frame, {"log_odds": log_odds, "risk_difference": risks[0] - risks[1], "risk_ratio": risks[0] / risks[1], "complained_n": int(who.sum())}


def _lost(spend: np.ndarray, months: int, log_odds: float) -> float:
    """Mean months as a customer that the exposure changes, by customers of such spending; moments of leaving are uniform within a month."""
    stays = {on: np.ones((months + 1, len(spend))) for on in (1.0, 0.0)}
    for on, path in stays.items():
        for month in range(months):
            path[month + 1] = path[month] * (1 - chance_of_leaving(month, spend, on, log_odds))
    gap = stays[1.0] - stays[0.0]
    return float(((gap[:-1] + gap[1:]) / 2).sum(axis=0).mean())
