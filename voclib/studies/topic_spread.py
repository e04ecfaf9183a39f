"""Is a complaint everywhere or in one place? How unevenly the people who speak of a topic lie over dealers or models, against all who speak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from voclib.stats import inference

EVEN = 0.5  # rates of groups that differ by less than half of the usual one (root mean square) count as spread
FEWEST = 15  # people below which nothing is said of their spread
Verdict = Literal["spread", "local", "unclear", "few"]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Over `groups` groups, `n` people: `uneven` is Cohen's w (0: as everybody, 1: rates differ by as much as the usual one) with its interval.

    `top` is the group with most people beyond what was expected, `top_n` of them where `top_expected` were; `reached` groups have one or more.
    """

    n: int
    groups: int
    reached: int
    uneven: float
    low: float
    high: float
    p_value: float
    top: str
    top_n: int
    top_expected: float
    verdict: Verdict


def spread(own: pd.DataFrame, everybody: pd.DataFrame, *, draws: int = 399, conf_level: float = 0.95, seed: int = 0) -> Spread:
    """How the groups of a topic's people (`own`) compare with those of all (`everybody`, the topic's among them): columns `group` and `stratum`.

    One row a person; rows without a group are left out. Strata are compared with their like, such as a language and a kind of channel. Of the
    topic's O people in a group, E = Σ_s n_s·N_gs/N_s are expected; X² = Σ (O − E)²/E and w² = (X² − m)/n, with m and v the mean and variance of X²
    over `draws` draws of the topic's people at random, without replacement within strata (w as in Cohen 1988). The interval of w² is ± t standard
    errors, √(v + 4(Σ O(O − E)²/E² − G + 1))/n, as X² varies more where rates differ. `p_value` comes from the same draws. The verdict is *spread*
    where w lies below 0.5 with confidence, else *local* where p ≤ 1 − conf_level (`adjusted` takes the number of topics into account), else
    *unclear*, and *few* under 15 people.
    """
    whole, seen = (pd.crosstab(f["group"].astype("str"), f["stratum"].astype("str")) for f in (everybody.dropna(), own.dropna()))
    seen = seen.reindex(index=whole.index, columns=whole.columns, fill_value=0)
    o, n, groups = seen.sum(axis=1).to_numpy(), int(seen.to_numpy().sum()), len(whole)
    sizes, taken = whole.to_numpy(), seen.sum().to_numpy()
    e = sizes @ (taken / np.maximum(sizes.sum(axis=0), 1)) if n else np.zeros(groups)
    inside = e > 0
    best = int(np.round(((o - e)[inside] / np.sqrt(e[inside])), 9).argmax()) if n else 0
    top = np.flatnonzero(inside)[best] if n else 0
    told = {"n": n, "groups": groups, "reached": int((o > 0).sum()), "top": str(whole.index[top]) if n else "", "top_n": int(o[top]) if n else 0,
            "top_expected": float(e[top]) if n else 0.0}
    if n < FEWEST or inside.sum() < 2 or n == sizes.sum():
        return Spread(**told, uneven=np.nan, low=np.nan, high=np.nan, p_value=np.nan, verdict="few")
    o, e, sizes = o[inside], e[inside], sizes[inside]
    null = _null(sizes, taken, e, draws=draws, seed=seed)
    found, m, reach = float(((o - e) ** 2 / e).sum()), float(null.mean()), inference.quantile(conf_level, np.inf)
    reach *= np.sqrt(float(null.var()) + 4 * max(float((o * (o - e) ** 2 / e**2).sum()) - len(e) + 1, 0.0))
    p = (1 + int((null >= found - 1e-9).sum())) / (1 + draws)
    w, low, high = (float(np.sqrt(max(found - m + move, 0.0) / n)) for move in (0.0, -reach, reach))
    return judged(Spread(**told, uneven=w, low=low, high=high, p_value=p, verdict="unclear"), p, conf_level=conf_level)


def _null(sizes: np.ndarray, taken: np.ndarray, e: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    """X² of people drawn at random: `taken` from each stratum (column of `sizes`)."""
    rng = np.random.default_rng([seed, int(taken.sum())])
    drawn = np.zeros((draws, len(sizes)))
    for k, n in enumerate(taken):
        if n:
            drawn += rng.multivariate_hypergeometric(sizes[:, k], int(n), size=draws, method="marginals")
    return ((drawn - e) ** 2 / e).sum(axis=1)


def adjusted(found: Sequence[Spread], *, conf_level: float = 0.95) -> list[Spread]:
    """The verdicts of several spreads, with false discoveries among the local ones controlled (Benjamini–Hochberg)."""
    p = np.array([one.p_value for one in found], dtype=float)
    there = ~np.isnan(p)
    q = np.full(len(p), np.nan)
    if there.any():
        q[there] = inference.adjust(p[there], "bh")
    return [judged(one, value, conf_level=conf_level) for one, value in zip(found, q, strict=True)]


def judged(one: Spread, p_value: float, *, conf_level: float) -> Spread:
    """A spread with its verdict by a p-value, adjusted or not."""
    if one.verdict == "few":
        return one
    return replace(one, verdict="spread" if one.high < EVEN else "local" if p_value <= 1 - conf_level else "unclear")
