"""Scores of two periods: groups that grow or shrink, groups whose own score moves, dealers with a level of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voclib.simulate.streams import stream

Array = NDArray[np.float64]
PERIODS = ("before", "after")
PASSIVE = 0.3
FEWEST = 5  # dealers a group has at least


def draw(seed: int, *, groups: int = 4, answers: int = 1500, dealers: int = 60, dealer_sd: float = 8.0, mix: float = 0.5, rate: float = 12.0,
         towards_low: float = 0.0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Answers in NPS points (−100, 0, 100) by `group`, `dealer` and `period`; a dealer belongs to one group.

    Shares of groups move by up to a factor exp(`mix`), scores of groups by up to `rate` points, both drawn per seed;
    the group with the lowest score grows by exp(`towards_low`) besides. Dealers are a draw as well: each falls into a group by its share, and
    keeps its level and its size over both periods. Truth: `shares` and `means` (2, K) expected, and `mix` and `rate` (K,) by their definition.
    """
    rng = stream(seed, "dgp_mix")
    first = rng.uniform(10, 50, groups)
    means = np.array([first, first + rng.uniform(-rate, rate, groups)])
    growth = rng.uniform(-mix, mix, groups) + towards_low * (first == first.min())
    chance = rng.dirichlet(np.full(groups, 20.0))
    shares = chance * np.exp(np.array([np.zeros(groups), growth]))
    shares /= shares.sum(axis=1, keepdims=True)
    home = rng.choice(groups, dealers, p=chance)
    while np.bincount(home, minlength=groups).min() < FEWEST:
        home = rng.choice(groups, dealers, p=chance)
    level, size = dealer_sd * rng.normal(size=dealers), rng.uniform(0.5, 1.5, dealers)
    parts = []
    for t in (0, 1):
        weight = size * np.exp(t * growth[home])
        dealer = rng.choice(dealers, answers, p=weight / weight.sum())
        group = home[dealer]
        moment = dealer_sd / 2 * rng.normal(size=dealers)
        parts.append((np.full(answers, t), group, dealer, _points(rng, means[t][group] + level[dealer] + moment[dealer])))
    period, group, dealer, points = (np.concatenate(part) for part in zip(*parts, strict=True))
    return _frame(period, group, points, groups).assign(dealer=dealer), {"shares": shares, "means": means, **split(shares, means)}


def returning(seed: int, *, customers: int = 800, groups: int = 4, stays: float = 0.7, loyalty: float = 0.7) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Customers of whom about `stays` answer in both periods, saying the same again with probability `loyalty`; others come and go.

    Groups differ in how many leave and who comes instead, so that shares move. Truth as in `draw`.
    """
    rng = stream(seed, "dgp_mix.returning")
    here, new = rng.dirichlet(np.full(groups, 20.0)), rng.dirichlet(np.full(groups, 6.0))
    keeps = np.clip(stays + rng.uniform(-0.2, 0.2, groups), 0.05, 0.95)
    come = float(rng.uniform(0.2, 0.5))
    weight = np.array([here, here * keeps + come * new])
    shares = weight / weight.sum(axis=1, keepdims=True)
    base = rng.uniform(10, 50, groups)  # what is said again is drawn from the same mean, so rates move through newcomers' answers alone
    shift = rng.uniform(-12, 12, groups)
    group = rng.choice(groups, customers, p=here)
    before = _points(rng, base[group])
    stay = np.flatnonzero(rng.random(customers) < keeps[group])
    again = rng.random(len(stay)) < loyalty
    fresh = rng.choice(groups, rng.poisson(come * customers), p=new)
    after = np.r_[np.where(again, before[stay], _points(rng, base[group[stay]] + shift[group[stay]])), _points(rng, base[fresh] + shift[fresh])]
    stayed = here * keeps / weight[1]
    means = np.array([base, base + shift * (1 - loyalty * stayed)])
    period = np.repeat([0, 1], [customers, len(after)])
    frame = _frame(period, np.r_[group, group[stay], fresh], np.r_[before, after], groups)
    frame["customer"] = np.r_[np.arange(customers), stay, customers + np.arange(len(fresh))]
    return frame, {"shares": shares, "means": means, **split(shares, means)}


def _frame(period: NDArray[np.intp], group: NDArray[np.intp], points: Array, groups: int) -> pd.DataFrame:
    """Answers with names for periods and groups."""
    return pd.DataFrame({"period": pd.Categorical.from_codes(period, PERIODS), "points": points,
                         "group": pd.Categorical.from_codes(group, [f"G{g}" for g in range(groups)])})


def _points(rng: np.random.Generator, mean: Array) -> Array:
    """Answers of −100, 0 and 100 points with this mean, three in ten passive."""
    high = np.clip((1 - PASSIVE + mean / 100) / 2, 0, 1 - PASSIVE)
    luck = rng.random(len(mean))
    return 100.0 * (luck < high) - 100.0 * (luck >= high + PASSIVE)


def split(shares: Array, means: Array) -> dict[str, Array]:
    """Mix and rate of each group (K,) from shares and means (2, K), in the symmetric form measured from the middle of the two overall means."""
    middle = (shares * means).sum(axis=1).mean()
    return {"mix": (shares[1] - shares[0]) * (means.mean(axis=0) - middle), "rate": shares.mean(axis=0) * (means[1] - means[0])}
