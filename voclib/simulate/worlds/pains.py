"""Customers who suffer several pains at once, next year's margin, and a bystander: a topic without effect in bad company."""

from __future__ import annotations

from collections.abc import Mapping
from math import factorial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voclib.simulate.streams import planted, stream

Array = NDArray[np.float64]
BYSTANDER, HARMLESS = "coffee", "app"
HARMFUL = ("wait", "repair", "price", "staff", "parts", "delivery", "booking", "noise", "paint", "charging")
LEVEL, SLOPES = 6.2, (0.6, 0.12)  # log of the mean yearly margin in yuan, and what past spending and past mood add to it
BUYS = 0.8


def topics(count: int = 5) -> tuple[str, ...]:
    """Names of the pains of a world with `count` of them, 3 to 12: harmful ones, one that does nothing, the bystander last."""
    return (*HARMFUL[:count - 2], HARMLESS, BYSTANDER)


def draw(seed: int, *, customers: int = 4000, count: int = 5, bystander: float = 0.0, effect: float | None = None, log_sd: float = 0.8,
         stores: int = 0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """One population: `count` overlapping pains, margin over 12 months, a score, what was known before (`prior`, `mood`).

    Each harmful pain cuts the expected margin by a factor exp(γ), γ planted in −0.35 … −0.12 unless `effect` gives one for all; the harmless
    topic and the bystander (`bystander` is its γ) do nothing. Bad days bring several pains at once. The bystander is mentioned by
    customers who waited and by the unhappy. With `stores` customers share their store's level of margin and of trouble.

    Truth: `effects` by name and, for these very customers at their expected margin, `total_cny`, `shares_cny`, `alone_cny`.
    """
    rng, names = stream(seed, "dgp_pains"), topics(count)
    effects = {name: planted(rng, effect, -0.35, -0.12) for name in names[:-2]} | {HARMLESS: 0.0, BYSTANDER: bystander}
    known, pains = _people(rng, customers, names, stores)
    base = _undisturbed(known)
    luck = np.exp(log_sd * rng.normal(size=customers) - log_sd**2 / 2) * (rng.random(customers) < BUYS) / BUYS
    felt = 1.0 + 0.5 * known["mood"] - 0.45 * pains[:, :-2].sum(axis=1) + rng.normal(size=customers)
    frame = pd.DataFrame({**{name: known[name] for name in ("prior", "mood", "store")}, **dict(zip(names, pains.T.astype(int), strict=True)),
                          "margin_12m_cny": base * np.exp(pains @ np.array(list(effects.values()))) * luck,
                          "nps_points": 100.0 * (felt > 0.8) - 100.0 * (felt < -0.2)})
    return frame, {"effects": effects, **worth(masses(base, pains), effects)}


def _people(rng: np.random.Generator, customers: int, names: tuple[str, ...], stores: int) -> tuple[dict[str, Array], Array]:
    """What was known before, the level of the customer's store, and the pains (N, K)."""
    prior, mood, day = rng.normal(size=(3, customers))
    store = rng.integers(0, max(stores, 1), customers)
    spread = 0.15 * (stores > 0)
    level, trouble = rng.normal(scale=spread, size=(2, max(stores, 1)))
    common = -1.2 + 0.8 * day - 0.3 * prior - 0.3 * mood + 2 * trouble[store]
    pains = np.empty((customers, len(names)))
    for k in range(len(names) - 1):
        pains[:, k] = rng.random(customers) < 1 / (1 + np.exp(-(common - 0.15 * k)))
    unhappy = pains[:, :-2].sum(axis=1) - mood
    pains[:, -1] = rng.random(customers) < 1 / (1 + np.exp(-(-3.8 + 1.2 * pains[:, 0] + 0.7 * unhappy)))
    return {"prior": prior, "mood": mood, "store": store, "level": level[store] - spread**2 / 2}, pains


def _undisturbed(known: Mapping[str, Array]) -> Array:
    """Expected margin without pains (N,)."""
    return np.exp(LEVEL + SLOPES[0] * known["prior"] + SLOPES[1] * known["mood"] + known["level"])


def expected_masses(count: int = 5, *, stores: bool = False, customers: int = 1_000_000) -> Array:
    """What `masses` is per customer in the world that customers are drawn from, averaged over many; with `stores`, each in one of its own."""
    known, pains = _people(stream(0, "dgp_pains.expected"), customers, topics(count), customers if stores else 0)
    return masses(_undisturbed(known), pains) / customers


def masses(base: Array, pains: Array) -> Array:
    """Sum of the margins without pains over the customers of each pattern (2^K,); bit k of the index is pain k."""
    code = (pains.astype(int) << np.arange(pains.shape[1])).sum(axis=1)
    return np.bincount(code, base, 2 ** pains.shape[1])


def worth(mass: Array, effects: Mapping[str, float]) -> dict[str, Any]:
    """What pains cost together, each one's Shapley share and its stand-alone removal, from the margins by pattern; set by set."""
    names, factor = list(effects), np.exp(np.array(list(effects.values())))
    k = len(names)
    patterns = np.flatnonzero(mass)
    has = (patterns[:, None] >> np.arange(k)) & 1
    value = np.array([mass[patterns] @ np.prod(np.where(has & ~((s >> np.arange(k)) & 1), factor, 1.0), axis=1) for s in range(2**k)])
    value = value - value[0]
    sets, weight = np.arange(2**k), np.array([factorial(s) * factorial(k - s - 1) / factorial(k) for s in range(k)])
    size = ((sets[:, None] >> np.arange(k)) & 1).sum(axis=1)
    shares = {}
    for j, name in enumerate(names):
        without = sets[(sets >> j) & 1 == 0]
        shares[name] = float(weight[size[without]] @ (value[without + 2**j] - value[without]))
    return {"total_cny": float(value[-1]), "shares_cny": shares, "alone_cny": {n: float(value[2**j]) for j, n in enumerate(names)}}
