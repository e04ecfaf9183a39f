"""DGP C: a long wait, next year's margin and churn, with past spending behind both (methods.md §4.10)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream


def exposure_probability(prior: np.ndarray, *, confounding: float, constant: float = -1.0, shift: np.ndarray | float = 0.0) -> np.ndarray:
    """Probability of a long wait: falls with (standardised log) prior spending."""
    return 1 / (1 + np.exp(-(constant - confounding * prior + shift)))


def potential_outcomes(rng: np.random.Generator, prior: np.ndarray, *, churn_effect: float, spend_effect: float, log_sd: float,
                       log_mean: float, slope: float = 0.7, churn_constant: float = -1.6, churn_shift: np.ndarray | float = 0.0,
                       ) -> dict[str, np.ndarray]:
    """Churn and 12-month margin of the same customers with and without the wait; one shock serves both worlds.

    Who leaves spends nothing; who stays spends a lognormal amount whose mean does not depend on `log_sd`.
    """
    chance = np.clip(1 / (1 + np.exp(-(churn_constant - 0.4 * prior + churn_shift))), 0.005, 0.9)
    luck = rng.random(prior.size)
    churn0, churn1 = luck < chance, luck < np.clip(chance + churn_effect, 0, 1)
    stays = np.exp(log_mean + slope * prior + log_sd * rng.normal(size=prior.size) - log_sd**2 / 2)
    return {"churn0": churn0, "churn1": churn1, "margin0": np.where(churn0, 0.0, stays), "margin1": np.where(churn1, 0.0, (1 + spend_effect) * stays)}


def effects(world: dict[str, np.ndarray], exposed: np.ndarray) -> dict[str, float]:
    """Effect on the exposed, from the potential outcomes of these very customers."""
    gap = world["margin1"][exposed] - world["margin0"][exposed]
    left = world["churn1"][exposed].astype(float) - world["churn0"][exposed]
    seen = np.where(exposed, world["margin1"], world["margin0"])
    return {"att_margin_cny": float(gap.mean()), "loss_cny": float(-gap.sum()), "churn_rd": float(left.mean()), "lost_customers": int(left.sum()),
            "exposed_n": int(exposed.sum()), "naive_difference_cny": float(seen[exposed].mean() - seen[~exposed].mean())}


def draw(seed: int, *, customers: int = 2000, log_sd: float = 0.8, churn_effect: float | None = None, spend_effect: float | None = None,
         confounding: float = 0.45, hidden: float = 0.0, no_overlap: bool = False, stores: int = 40) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw one population of customers.

    `churn_effect` (added probability, drawn in .05–.07) and `spend_effect` (relative, drawn in -.09 – -.07) are planted unless given; `hidden`
    is the strength of a confounder that is not in the frame (log-odds of a wait and of churn); with `no_overlap` the top
    tenth by spending (`is_vip`) never waits.

    The frame has one row a customer: `prior_spend`, `tenure`, `store`, `is_vip`, `waited`, `is_churned`, `margin_12m`.
    """
    rng = stream(seed, "dgp_c")
    churn_effect, spend_effect = planted(rng, churn_effect, 0.05, 0.07), planted(rng, spend_effect, -0.09, -0.07)
    prior, tenure, unseen = rng.normal(size=customers), rng.normal(size=customers), rng.normal(size=customers)
    store = rng.integers(0, stores, customers)
    busy = rng.normal(scale=0.3, size=stores)
    world = potential_outcomes(rng, prior, churn_effect=churn_effect, spend_effect=spend_effect, log_sd=log_sd, log_mean=6.25,
                               churn_shift=hidden * unseen - 0.2 * tenure)
    vip = prior >= np.quantile(prior, 0.9)
    chance = exposure_probability(prior, confounding=confounding, shift=hidden * unseen - 0.2 * tenure + busy[store])
    waited = (rng.random(customers) < chance) & ~(vip & no_overlap)
    frame = pd.DataFrame({
        "prior_spend": np.exp(6 + prior), "tenure": tenure, "store": store, "is_vip": vip, "waited": waited,
        "is_churned": np.where(waited, world["churn1"], world["churn0"]), "margin_12m": np.where(waited, world["margin1"], world["margin0"])})
    truth = {**effects(world, waited), "churn_effect": churn_effect, "spend_effect": spend_effect, "log_sd": log_sd, "hidden": hidden,
             "confounding": confounding}
    return frame, truth
