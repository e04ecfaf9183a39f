"""DGP C: a long wait, next year's margin and churn, with past spending behind both (methods.md §4.10)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

LOG_MEAN, VIP = 6.25, 1.2815515655446004  # of the log margin; where the top tenth by (standardised log) prior spending begins
TENURE_PULL = -0.2  # of tenure on the log-odds of a wait and of churn


def exposure_probability(prior: np.ndarray, *, confounding: float, constant: float = -1.0, shift: np.ndarray | float = 0.0) -> np.ndarray:
    """Probability of a long wait: falls with (standardised log) prior spending."""
    return 1 / (1 + np.exp(-(constant - confounding * prior + shift)))


def churn_probability(prior: np.ndarray, *, constant: float = -1.6, shift: np.ndarray | float = 0.0) -> np.ndarray:
    """Probability to leave without a wait: falls with prior spending, and leaves room for what a wait adds."""
    return np.clip(1 / (1 + np.exp(-(constant - 0.4 * prior + shift))), 0.005, 0.9)


def potential_outcomes(rng: np.random.Generator, prior: np.ndarray, *, churn_effect: float, spend_effect: float, log_sd: float,
                       log_mean: float, slope: float = 0.7, churn_constant: float = -1.6, churn_shift: np.ndarray | float = 0.0,
                       ) -> dict[str, np.ndarray]:
    """Churn and 12-month margin of the same customers with and without the wait; one shock serves both worlds.

    Who leaves spends nothing; who stays spends a lognormal amount whose mean does not depend on `log_sd`.
    """
    chance = churn_probability(prior, constant=churn_constant, shift=churn_shift)
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


@cache
def _grid(with_unseen: bool) -> tuple[np.ndarray, ...]:
    """Prior spending, tenure, unseen and their joint weight at the nodes of a quadrature: Gauss–Legendre on both sides of the VIPs' bound."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    ends = ((-8.0, VIP), (VIP, 8.0))
    prior = np.concatenate([(a + b) / 2 + (b - a) / 2 * nodes for a, b in ends])
    load = np.concatenate([(b - a) / 2 * weights for a, b in ends]) * np.exp(-prior**2 / 2)
    inner, mass = np.polynomial.hermite_e.hermegauss(12)
    unseen, own = (inner, mass) if with_unseen else (np.zeros(1), np.ones(1))
    joint = load[:, None, None] * mass[:, None] * own
    return *np.broadcast_arrays(prior[:, None, None], inner[:, None], unseen), joint / joint.sum()


def expected_effects(*, churn_effect: float, spend_effect: float, confounding: float, hidden: float, busy: np.ndarray, no_overlap: bool,
                     ) -> dict[str, float | None]:
    """Effect on the exposed that customers of this world have on average, of all and of VIPs (None where these never wait), by quadrature.

    The effect on the customers drawn differs from it by chance, whose spread grows with `log_sd`.
    """
    prior, tenure, unseen, weight = _grid(hidden != 0)
    shift = hidden * unseen + TENURE_PULL * tenure
    chance = churn_probability(prior, shift=shift)
    stays = np.exp(LOG_MEAN + 0.7 * prior)
    gap = stays * ((1 + spend_effect) * (1 - np.clip(chance + churn_effect, 0, 1)) - (1 - chance))
    wait = np.mean([exposure_probability(prior, confounding=confounding, shift=shift + b) for b in busy], axis=0)
    vip = prior >= VIP
    load = weight * np.where(vip & no_overlap, 0.0, wait)
    return {"att_expected_cny": float((load * gap).sum() / load.sum()),
            "att_expected_vip_cny": None if no_overlap else float((load * gap)[vip].sum() / load[vip].sum())}


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
    world = potential_outcomes(rng, prior, churn_effect=churn_effect, spend_effect=spend_effect, log_sd=log_sd, log_mean=LOG_MEAN,
                               churn_shift=hidden * unseen + TENURE_PULL * tenure)
    vip = prior >= np.quantile(prior, 0.9)
    chance = exposure_probability(prior, confounding=confounding, shift=hidden * unseen + TENURE_PULL * tenure + busy[store])
    waited = (rng.random(customers) < chance) & ~(vip & no_overlap)
    frame = pd.DataFrame({
        "prior_spend": np.exp(6 + prior), "tenure": tenure, "store": store, "is_vip": vip, "waited": waited,
        "is_churned": np.where(waited, world["churn1"], world["churn0"]), "margin_12m": np.where(waited, world["margin1"], world["margin0"])})
    expected = expected_effects(churn_effect=churn_effect, spend_effect=spend_effect, confounding=confounding, hidden=hidden, busy=busy,
                                no_overlap=no_overlap)
    truth = {**effects(world, waited), **expected, "churn_effect": churn_effect, "spend_effect": spend_effect, "log_sd": log_sd, "hidden": hidden,
             "confounding": confounding}
    return frame, truth
