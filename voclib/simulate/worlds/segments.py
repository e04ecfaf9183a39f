"""Many groups: true values of three shapes measured with very unequal errors, and answers cut by many columns of which few matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

Shape = Literal["normal", "two-point", "skewed"]
LEVELS = {"region": 6, "channel": 5, "product": 6, "segment": 4}  # columns of the answers, and how many values each has
PAIRS = (("region", "product"), ("channel", "segment"))
PASSIVE, DETRACTOR = 0.28, 0.17  # shares before anything is planted


def effects(seed: int, *, groups: int = 60, shape: Shape = "normal", spread: float | None = None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Estimates of groups: each its true value with the error of as many answers as it has.

    `shape` of the true values, all with mean 40 and the same variance: "normal"; "two-point", an eighth of the groups far above the rest;
    "skewed", a few far below (a gamma of shape ½). `spread`, their standard deviation in points, is drawn in 2 – 5 unless given. Answers a group
    are lognormal with a log standard deviation of 0.9, at least 30; one answer has a standard deviation of 75 points.

    The frame has one row a group: `group`, `n`, `estimate`, `std_error` and `true_value`, which no estimator may read.
    """
    rng = stream(seed, "dgp_segments effects")
    spread = planted(rng, spread, 2.0, 5.0)
    if shape == "normal":
        unit = rng.normal(size=groups)
    elif shape == "two-point":
        unit = (np.where(rng.random(groups) < 1 / 8, 1.0, 0.0) - 1 / 8) / np.sqrt(7 / 64)
    else:
        unit = (0.5 - rng.gamma(0.5, size=groups)) / np.sqrt(0.5)
    true = 40 + spread * unit
    n = np.maximum(30, np.rint(rng.lognormal(np.log(150), 0.9, groups))).astype(int)
    error = 75 / np.sqrt(n)
    frame = pd.DataFrame({"group": [f"G{k:03d}" for k in range(groups)], "n": n, "estimate": true + error * rng.normal(size=groups),
                          "std_error": error, "true_value": true})
    return frame, {"spread": spread, "true_value": true.tolist()}


def answers(seed: int, *, n: int = 6000, units: int = 60, planted_points: float | None = None, units_differ: float = 4.0,
            ) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Answers to the recommend question with columns to compare by; units of very unequal size lie in regions, other columns do not know of them.

    `planted_points` is how much better one channel and how much worse one segment is, in points of NPS (drawn in 14 – 20 unless given; 0 = no
    column matters); region and product never matter. `units_differ` is the standard deviation of the units' own levels, in points, which belongs
    to chance when columns are compared.

    The frame has one row an answer: `unit_id`, the columns of `LEVELS` and their `PAIRS`, `nps_score`. The truth holds `against_rest`: column (pairs
    joined by " × ") → level → score of that group less that of all other answers, in points, in the population from which answers are drawn.
    """
    rng = stream(seed, "dgp_segments answers")
    points = planted(rng, planted_points, 14.0, 20.0) / 100
    size = rng.lognormal(0, 0.6, units)
    unit = rng.choice(units, n, p=size / size.sum())
    chances = {name: rng.dirichlet(np.full(count, 8.0)) for name, count in LEVELS.items()}
    home = np.arange(units) % LEVELS["region"]
    chances["region"] = np.bincount(home, size) / size.sum()
    level = {name: rng.choice(count, n, p=chances[name]) for name, count in LEVELS.items() if name != "region"} | {"region": home[unit]}
    own = rng.normal(0, units_differ / 100, units) if units_differ else np.zeros(units)
    # who gains moves from passive to promoter, who loses from promoter to passive
    better = np.clip(_better(level, points) + own[unit], -0.5, PASSIVE)
    kind = (rng.random(n)[:, None] > np.column_stack([1 - PASSIVE - DETRACTOR + better, 1 - DETRACTOR + 0 * better])).sum(axis=1)
    score = rng.integers(np.array([9, 7, 0])[kind], np.array([11, 9, 7])[kind])
    frame = pd.DataFrame({"unit_id": [f"D{u:02d}" for u in unit], **{name: [f"{name[0].upper()}{k}" for k in level[name]] for name in LEVELS},
                          "nps_score": score})
    frame = frame.assign(**{" × ".join(names): frame[names[0]] + " · " + frame[names[1]] for names in PAIRS})
    return frame, {"against_rest": _against_rest(chances, points), "planted_points": 100 * points}


def _better(level: dict[str, np.ndarray], points: float) -> np.ndarray:
    """How much better answers with these levels are than those of the others, as a share of customers."""
    return points * (level["channel"] == 1) - points * (level["segment"] == 2)


def _against_rest(chances: dict[str, np.ndarray], points: float) -> dict[str, dict[str, float]]:
    """Every group against the rest, over all combinations of levels."""
    grid = dict(zip(LEVELS, (a.ravel() for a in np.meshgrid(*(np.arange(k) for k in LEVELS.values()), indexing="ij")), strict=True))
    weight = np.prod([chances[name][grid[name]] for name in LEVELS], axis=0)
    value = 100 * np.clip(_better(grid, points), -0.5, PASSIVE)
    found: dict[str, dict[str, float]] = {}
    for names in [*((name,) for name in LEVELS), *PAIRS]:
        label = [" · ".join(f"{name[0].upper()}{grid[name][k]}" for name in names) for k in range(len(weight))]
        found[" × ".join(names)] = {g: _gap(value, weight, np.array([x == g for x in label])) for g in dict.fromkeys(label)}
    return found


def _gap(value: np.ndarray, weight: np.ndarray, inside: np.ndarray) -> float:
    gap = np.average(value[inside], weights=weight[inside]) - np.average(value[~inside], weights=weight[~inside])
    return float(np.round(gap, 9))


def columns() -> Sequence[str]:
    """What the answers can be compared by, as the studies name it."""
    return [*LEVELS, *(" × ".join(names) for names in PAIRS)]
