"""Survey answers with planted truth: plain, clustered, weighted and paired. Every function returns (frame, truth)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

Drawn = tuple[pd.DataFrame, dict[str, Any]]


def _scores(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    """0–10 answers of promoters (0), passives (1) and detractors (2); within a kind all its answers are equally likely."""
    low, high = np.array([9, 7, 0])[kind], np.array([11, 9, 7])[kind]
    return rng.integers(low, high)


def _kinds(rng: np.random.Generator, chances: np.ndarray) -> np.ndarray:
    """Kind of each person from chances (n, 3) of being promoter, passive, detractor."""
    return (rng.random(len(chances))[:, None] > chances.cumsum(axis=1)[:, :2]).sum(axis=1)


def mix(seed: int, *, promoters: tuple[float, float] = (0.4, 0.7), detractors: tuple[float, float] = (0.08, 0.25)) -> tuple[float, float]:
    """Shares of promoters and detractors, drawn inside ranges so that no test rests on one lucky truth."""
    rng = np.random.default_rng([seed, 7])
    return float(rng.uniform(*promoters)), float(rng.uniform(*detractors))


def plain(seed: int, *, n: int, promoters: float, detractors: float) -> Drawn:
    """A simple random sample; truth["nps"] = 100 × (promoters − detractors)."""
    rng = np.random.default_rng(seed)
    chances = np.broadcast_to([promoters, 1 - promoters - detractors, detractors], (n, 3))
    return pd.DataFrame({"nps_score": _scores(rng, _kinds(rng, chances))}), {"nps": 100 * (promoters - detractors), "n": n}


def clustered(seed: int, *, clusters: int, size: float = 30, size_cv: float = 0.6, icc: float, promoters: float, detractors: float) -> Drawn:
    """Answers of customers of dealers that differ: Dirichlet shares a dealer give exactly this intra-class correlation.

    `size_cv` is the coefficient of variation of the log-normal dealer sizes (0: all the same); sizes do not depend on scores.
    """
    rng = np.random.default_rng(seed)
    log_sd = np.sqrt(np.log(1 + size_cv**2)) if size_cv else 0.0
    sizes = np.maximum(2, np.round(size * np.exp(log_sd * rng.standard_normal(clusters) - log_sd**2 / 2))).astype(int)
    shares = np.array([promoters, 1 - promoters - detractors, detractors])
    unit = np.repeat(np.arange(clusters), sizes)
    chances = rng.dirichlet(shares * (1 / icc - 1), clusters)[unit]
    frame = pd.DataFrame({"unit_id": unit, "nps_score": _scores(rng, _kinds(rng, chances))})
    return frame, {"nps": 100 * (promoters - detractors), "icc": icc, "clusters": clusters}


def weighted(seed: int, *, n: int, gap: float = 0.3, spread: float = 2.0, promoters: float, detractors: float, segments: int = 5) -> Drawn:
    """Answers of a population whose happier segments answer more often; `weight` undoes that, without it the score is too high.

    Segments are equally large. Promoters range over ±gap/2 around their mean and answering chances over a factor of spread².
    """
    rng = np.random.default_rng(seed)
    step = np.linspace(-1, 1, segments)
    propensity = spread**step / spread
    happy = promoters + step * gap / 2
    segment = rng.choice(segments, size=n, p=propensity / propensity.sum())
    chances = np.column_stack([happy, 1 - happy - detractors, np.full(segments, detractors)])[segment]
    frame = pd.DataFrame({"segment": segment, "nps_score": _scores(rng, _kinds(rng, chances)), "weight": 1 / propensity[segment]})
    return frame, {"nps": 100 * (promoters - detractors), "kish_share": float(segments**2 / (propensity.sum() * (1 / propensity).sum()))}


def paired(seed: int, *, customers: int, overlap: float = 0.7, loyalty: float = 0.6, before: tuple[float, float],
           after: tuple[float, float]) -> Drawn:
    """Two months; a share `overlap` of customers answers in both, and of those a share `loyalty` keeps its kind where it can.

    `before` and `after` are (promoters, detractors). Truth: the two scores and their difference.
    """
    rng = np.random.default_rng(seed)
    first, second = (np.array([p, 1 - p - d, d]) for p, d in (before, after))
    kept = np.minimum(first, second)
    rest = (second - loyalty * kept) / (1 - loyalty * kept.sum())
    kind = _kinds(rng, np.broadcast_to(first, (customers, 3)))
    both = rng.random(customers) < overlap
    stays = both & (rng.random(customers) < loyalty * (kept / first)[kind])
    later = np.where(stays, kind, _kinds(rng, np.where(both[:, None], rest, second)))
    month_2 = np.where(both, np.arange(customers), customers + np.arange(customers))
    frame = pd.DataFrame({
        "customer_id": np.concatenate([np.arange(customers), month_2]), "month": np.repeat(["2026-01", "2026-02"], customers),
        "nps_score": _scores(rng, np.concatenate([kind, later]))})
    scores = [100 * (s[0] - s[2]) for s in (first, second)]
    return frame, {"before": scores[0], "after": scores[1], "difference": scores[1] - scores[0]}


def regions(seed: int, *, n: int, shifts: Sequence[float], promoters: float, detractors: float) -> Drawn:
    """`n` answers in each region; a shift moves that share of people from passive to promoter. Truth: each region minus the others."""
    rng = np.random.default_rng(seed)
    region = np.repeat(np.arange(len(shifts)), n)
    moved = np.asarray(shifts, dtype=float)[region]
    chances = np.column_stack([promoters + moved, 1 - promoters - detractors - moved, np.full(len(region), detractors)])
    frame = pd.DataFrame({"region": region, "nps_score": _scores(rng, _kinds(rng, chances))})
    rest = [100 * (s - (sum(shifts) - s) / (len(shifts) - 1)) for s in shifts]
    return frame, {"against_rest": rest, "nps": 100 * (promoters - detractors)}
