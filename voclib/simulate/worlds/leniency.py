"""DGP of agents: who happens to take a call decides whether the customer waits long; how hard the case is moves both the wait and the money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

SLOWNESS = 0.105  # standard deviation across agents of the chance of a long wait
BASE, PULL = 0.40, 0.16  # mean chance of a long wait; what a standard deviation of severity adds to it
MONTHS = 4
COVARIATES = ("prior_margin", "prior_calls", "tenure")


def _agents(rng: np.random.Generator, stores: np.ndarray, severity: np.ndarray, slowness: np.ndarray, routing: float) -> np.ndarray:
    """Who takes each call: agents of the store in random order, or the harder the case the slower the agent, all with the same number of calls."""
    agent = np.empty(len(stores), dtype=int)
    for store in np.unique(stores):
        calls = np.flatnonzero(stores == store)
        own = np.arange(len(slowness)).reshape(-1, len(slowness) // (stores.max() + 1))[store]
        seats = np.repeat(own, len(calls) // len(own))
        seats = seats[np.argsort(slowness[seats], kind="stable")]
        queue = calls[np.argsort(routing * severity[calls] + rng.normal(size=len(calls)), kind="stable")]
        agent[queue] = seats  # without routing the order is random
    return agent


def draw(seed: int, *, stores: int = 8, agents: int = 80, calls: int = 60, effect: float | None = None, routing: float = 0.0,
         slowness: float = SLOWNESS, noise: float = 100.0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw the calls of `agents` agents, `calls` each, ten agents a store.

    `effect` is what a long wait does to next year's margin in yuan, on average (drawn in −160 – −120 unless given; 0 = nothing); with `routing`
    hard cases go to slow agents (standard deviations of severity against chance), so that agents are no lottery; `slowness` spreads agents.

    The frame has one row a call: `case_id`, `store`, `month`, `stratum` (store × month: the queue in which agents are as good as drawn),
    `agent`, `waited`, `margin_12m`, and what was known before: `prior_margin`, `prior_calls`, `tenure`. `severity` is not in it.
    """
    rng = stream(seed, "dgp_leniency")
    effect, n = planted(rng, effect, -160.0, -120.0), agents * calls
    store = np.repeat(np.arange(stores), n // stores)
    month, severity, tenure = rng.integers(0, MONTHS, n), rng.normal(size=n), rng.normal(size=n)
    slow = rng.normal(scale=slowness, size=agents)
    agent = _agents(rng, store, severity, slow, routing)
    busy = rng.normal(scale=0.05, size=(stores, MONTHS))[store, month]
    waited = rng.random(n) < np.clip(BASE + slow[agent] + PULL * severity + busy, 0.02, 0.98)
    own = effect * (1 + rng.uniform(-0.5, 0.5, n)) if effect else np.zeros(n)
    place = rng.normal(scale=60.0, size=(stores, MONTHS))[store, month]
    margin = 900 + place - 80 * severity + 20 * tenure + noise * (rng.gamma(2.0, size=n) - 2) / np.sqrt(2) + own * waited
    frame = pd.DataFrame({
        "case_id": np.arange(n), "store": store, "month": month, "stratum": store * MONTHS + month, "agent": agent, "waited": waited,
        "prior_margin": np.exp(6 + 0.6 * (rng.normal(size=n) - 0.6 * severity)), "prior_calls": rng.poisson(np.exp(0.3 + 0.4 * severity)),
        "tenure": tenure, "margin_12m": margin})
    return frame, {"effect_cny": effect, "routing": routing, "slowness": slowness, "waited_share": float(waited.mean())}
