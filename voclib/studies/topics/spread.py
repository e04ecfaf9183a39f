"""Is a complaint everywhere or in one place? How unevenly the people who speak of a topic lie over dealers or models, against all who speak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special, stats

from voclib.stats import inference

EVEN = 0.5  # rates that differ by less than half of the usual one (root mean square) count as spread, unless they differ beyond chance
FEWEST = 15  # people below which nothing is said of their spread
Verdict = Literal["spread", "slight", "local", "unclear", "few"]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Over `groups` groups, `n` people: `uneven` is Cohen's w (0: as everybody, 1: rates differ by as much as the usual one) with its interval.

    `top` is the group that stands out most, `top_n` people of it where `top_expected` were; `reached` groups have one or more. `p_value` is small
    where groups differ as a whole or `top` alone has too many, `top_p` where `top` has more than the foremost of groups that do not differ.
    """

    n: int
    groups: int
    reached: int
    uneven: float
    low: float
    high: float
    p_value: float
    top_p: float
    top: str
    top_n: int
    top_expected: float
    verdict: Verdict


def spread(own: pd.DataFrame, everybody: pd.DataFrame, *, draws: int = 999, conf_level: float = 0.95, seed: int = 0) -> Spread:
    """How the groups of a topic's people (`own`) compare with those of all (`everybody`, the topic's among them): columns `group` and `stratum`.

    One row a person; rows without a group are left out. Strata are compared with their like, such as a language and a kind of channel. Of the
    topic's O people in a group, E = Σ_s n_s·N_gs/N_s are expected; X² = Σ (O − E)²/E and w² = (X² − m)/n, with m and v the mean and variance of X²
    over `draws` draws of the topic's people at random, without replacement within strata (w as in Cohen 1988). The interval of w² is ± t standard
    errors, √(v + 4(Σ O(O − E)²/E² − G + 1))/n, as X² varies more where rates differ.

    One bad group among many hardly moves w (w² = (m − 1)²/G for one of G at m times its share), so a second statistic looks at groups singly: the
    largest of their deviance residuals, √(2(O ln(O/E) − O + E)) with the sign of O − E; `top_p` is its p-value (max-T), and `p_value` that of the
    smaller of both p-values among the smaller ones of the same draws (min-p; Westfall & Young 1993, Resampling-Based Multiple Testing).

    The verdict, α = 1 − conf_level (`adjusted` takes the number of topics into account): where p ≤ α, *slight* if w lies below 0.5 with confidence
    and top_p > α, else *local*; where p > α, *spread* if w lies below 0.5 with confidence, else *unclear*; *few* under 15 people. *Spread* is no
    proof that no group is worse. Of 60 groups alike but one, which has twice (three times, four times) its share, *spread* is said in 13 (0, 0) of
    100 draws where 24 people are expected there, but in 90 (53, 10) where 5 are.
    """
    whole, seen = (pd.crosstab(f["group"].astype("str"), f["stratum"].astype("str")) for f in (everybody.dropna(), own.dropna()))
    seen = seen.reindex(index=whole.index, columns=whole.columns, fill_value=0)
    o, n, groups = seen.sum(axis=1).to_numpy(), int(seen.to_numpy().sum()), len(whole)
    sizes, taken = whole.to_numpy(), seen.sum().to_numpy()
    e = sizes @ (taken / np.maximum(sizes.sum(axis=0), 1)) if n else np.zeros(groups)
    inside = e > 0
    best = int(np.round(_apart(o[inside], e[inside]), 9).argmax()) if n else 0
    top = np.flatnonzero(inside)[best] if n else 0
    told = {"n": n, "groups": groups, "reached": int((o > 0).sum()), "top": str(whole.index[top]) if n else "", "top_n": int(o[top]) if n else 0,
            "top_expected": float(e[top]) if n else 0.0}
    if n < FEWEST or inside.sum() < 2 or n == sizes.sum():
        return Spread(**told, uneven=np.nan, low=np.nan, high=np.nan, p_value=np.nan, top_p=np.nan, verdict="few")
    o, e, sizes = o[inside], e[inside], sizes[inside]
    drawn = _drawn(sizes, taken, draws=draws, seed=seed)
    null = ((drawn - e) ** 2 / e).sum(axis=1)
    found, m, reach = float(((o - e) ** 2 / e).sum()), float(null.mean()), inference.quantile(conf_level, np.inf)
    reach *= np.sqrt(float(null.var()) + 4 * max(float((o * (o - e) ** 2 / e**2).sum()) - len(e) + 1, 0.0))
    foremost = np.append(_apart(o, e).max(), _apart(drawn, e).max(axis=1))
    p, top_p = _smallest_p(np.append(found, null), foremost), _smallest_p(foremost)
    w, low, high = (float(np.sqrt(max(found - m + move, 0.0) / n)) for move in (0.0, -reach, reach))
    return judged(Spread(**told, uneven=w, low=low, high=high, p_value=p, top_p=top_p, verdict="unclear"), p, top_p, conf_level=conf_level)


def _apart(o: np.ndarray, e: np.ndarray) -> np.ndarray:
    """Signed deviance residuals of counts against what was expected: near normal in small groups too, where (O − E)/√E is skewed."""
    return np.sign(o - e) * np.sqrt(2 * np.maximum(special.xlogy(o, o / e) - o + e, 0))


def _smallest_p(*statistics: np.ndarray) -> float:
    """p of the smallest of several p-values (min-p): each statistic holds what was found, then the same draws, and is large where groups differ."""
    ranks = [stats.rankdata(-np.round(values, 9), method="max") for values in statistics]
    least = np.min(ranks, axis=0)
    return float((least <= least[0]).mean())


def _drawn(sizes: np.ndarray, taken: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    """People by group (draws, G) where `taken` are drawn at random from each stratum (column of `sizes`)."""
    rng = np.random.default_rng([seed, int(taken.sum())])
    drawn = np.zeros((draws, len(sizes)))
    for k, n in enumerate(taken):
        if n:
            drawn += rng.multivariate_hypergeometric(sizes[:, k], int(n), size=draws, method="marginals")
    return drawn


def adjusted(found: Sequence[Spread], *, conf_level: float = 0.95) -> list[Spread]:
    """The verdicts of several spreads, with false discoveries among the local ones controlled (Benjamini–Hochberg)."""
    p = np.array([(one.p_value, one.top_p) for one in found], dtype=float).reshape(-1, 2)
    q, there = np.full(p.shape, np.nan), ~np.isnan(p[:, 0])
    if there.any():
        q[there] = np.column_stack([inference.adjust(column, "bh") for column in p[there].T])
    return [judged(one, *values, conf_level=conf_level) for one, values in zip(found, q.tolist(), strict=True)]


def judged(one: Spread, p_value: float, top_p: float, *, conf_level: float) -> Spread:
    """A spread with its verdict by its p-values, adjusted or not."""
    if one.verdict == "few":
        return one
    alpha, even = 1 - conf_level, one.high < EVEN
    if p_value > alpha:
        return replace(one, verdict="spread" if even else "unclear")
    return replace(one, verdict="slight" if even and top_p > alpha else "local")
