"""Silence by design: who answers is drawn by rules that we wrote, on schools whose mean is known, and every method looks for it.

A list of schools is drawn anew each time (with replacement), so that both kinds of chance count, who is on the list and who answers:
the intervals of the library speak for customers who go on arriving, not for one list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special

from voclib.errors import VocError
from voclib.results import Estimate
from voclib.stats import bounds, crossfit, inference, missingness, overlap, propensity, representativeness, weighting
from voclib.stats.gates import Gates
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
SCALE = (200.0, 1000.0)  # of the index, by law
RECORDED = ("stype", "api99", "meals", "ell", "enroll", "mobility", "avg.ed")
MARGINS = ("stype", "meals", "api99")
MASKS = ("random", "recorded", "u_shaped", "rising", "never_asked")
POINTS = ("raw", "poststratified", "calibrated", "propensity", "aipw", "followup")
NEVER = "H"  # high schools are the stratum nobody asks
RATE = 0.20
CALLS = 150


@dataclass(frozen=True, kw_only=True)
class World:
    """The population with everything the masks and methods need, one row a school (N).

    `matrix` (N, p) and `coarse` hold what is recorded, as covariates and as levels; `chance` (N,) is the planted probability to answer.
    """

    y: Array
    matrix: Array
    coarse: pd.DataFrame
    recorded: pd.DataFrame
    chance: dict[str, Array]

    @property
    def truth(self) -> float:
        """Mean of everybody."""
        return float(self.y.mean())


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was found on one list: an Estimate a method by rung ("raw" … "manski", "bounded"), and what the gates look at.

    `unsupported` is the share of the list in strata from which nobody answered.
    """

    rungs: dict[str, Estimate]
    unsupported: float
    y: Array
    probability: Array
    rows: NDArray[np.intp]


def world(population: pd.DataFrame) -> World:
    """The masks on a population of schools: about a fifth answers under each of them."""
    y = population["api00"].to_numpy(dtype=float)
    recorded = population[list(RECORDED)].reset_index(drop=True)
    matrix = crossfit.features(recorded, list(RECORDED), squares=True).matrix
    wide = np.column_stack([np.ones(len(y)), matrix])
    residual = y - wide @ np.linalg.lstsq(wide, y, rcond=None)[0]
    surprise = residual / residual.std()
    known = 0.6 * _unit(population["api99"]) - 0.2 * _unit(population["meals"]) - 0.2 * _unit(population["enroll"])
    known = known + 0.3 * (population["stype"] == "E").to_numpy(dtype=float)
    tilts = {"random": np.zeros(len(y)), "recorded": known, "u_shaped": known + np.where(surprise < 0, -1.6, 0.8) * surprise,
             "rising": known + 0.8 * surprise, "never_asked": known}
    asked = (population["stype"] != NEVER).to_numpy()
    chance = {name: _chance(tilt, asked if name == "never_asked" else np.ones(len(y), dtype=bool)) for name, tilt in tilts.items()}
    return World(y=y, matrix=matrix, coarse=_levels(recorded), recorded=recorded, chance=chance)


def _unit(column: pd.Series) -> Array:
    """A number centred and scaled, missing ones at the mean."""
    x = column.to_numpy(dtype=float)
    return np.nan_to_num((x - np.nanmean(x)) / np.nanstd(x))


def _chance(tilt: Array, asked: NDArray[np.bool_]) -> Array:
    """Logistic chances with mean RATE among those asked, zero for the others."""
    start = optimize.brentq(lambda a: special.expit(a + tilt[asked]).mean() - RATE, -30, 30)
    return np.where(asked, special.expit(start + tilt), 0.0)


def _levels(recorded: pd.DataFrame) -> pd.DataFrame:
    """Type of school, and numbers by fifths of the population."""
    cut = {c: pd.qcut(recorded[c], 5, labels=False).astype(int).astype(str) for c in MARGINS if c != "stype"}
    return pd.DataFrame({"stype": recorded["stype"].astype("str"), **cut})


def draw(made: World, mask: str, *, size: int, seed: int, run: int, gates: Gates, conf_level: float = 0.95, repeats: int = 1) -> Answer:
    """One list of `size` schools, silent by `mask`, and what every method makes of it; no method sees a silent school's score.

    `CALLS` of the silent who were asked are called at random, and all of them answer.
    """
    rng = np.random.default_rng([seed, MASKS.index(mask), run])
    rows = rng.integers(0, len(made.y), size)
    said, chance = made.y[rows], made.chance[mask][rows]
    y = np.where(rng.random(size) < chance, said, np.nan)
    answered, asked = ~np.isnan(y), chance > 0
    called = np.zeros(size, dtype=bool)
    called[rng.choice(np.flatnonzero(~answered & asked), CALLS, replace=False)] = True
    matrix, coarse = made.matrix[rows], made.coarse.iloc[rows].reset_index(drop=True)
    model = propensity.aipw_mean(y, matrix, ids=np.arange(size), seed=seed + run, repeats=repeats)
    followed = missingness.hansen_hurwitz(y, called, np.where(called, said, np.nan), draw_probability=CALLS / int((~answered & asked).sum()),
                                          outcome=model.outcome[:, 0], eligible=asked)
    fits = {"raw": propensity.raw_mean(y), "propensity": propensity.ipw_mean(y, matrix).fit, "aipw": model.fit, **_weighted(y, coarse)}
    unheard = ~coarse["stype"].isin(coarse["stype"][answered].unique()).to_numpy()
    rungs = _points({**fits, "followup": followed} if not unheard.any() else fits, conf_level)
    rungs["manski"] = bounds.manski(y, low=SCALE[0], high=SCALE[1], conf_level=conf_level).estimate("school_score", unit="points", rung="manski")
    if unheard.mean() > gates.max_unsupported_share:
        inner = bounds.stratum(followed, unsupported_share=float(unheard.mean()), low=SCALE[0], high=SCALE[1], conf_level=conf_level)
        rungs["bounded"] = inner.estimate("school_score", unit="points", rung="bounded")
    return Answer(rungs=rungs, unsupported=float(unheard.mean()), y=y, probability=model.probability, rows=rows)


def _weighted(y: Array, coarse: pd.DataFrame) -> dict[str, Fit]:
    """Post-stratified and calibrated means; a method that cannot be used is left out."""
    answered, made = ~np.isnan(y), {}
    cells = coarse["stype"] + " · " + coarse["meals"]
    try:
        made["poststratified"] = weighting.poststratify(cells[answered], cells).fit(y, frame=cells)
        made["calibrated"] = weighting.calibrate(coarse[answered], weighting.margins(coarse, list(MARGINS))).fit(y, frame=coarse)
    except VocError:
        return made
    return made


def _points(fits: dict[str, Fit], conf_level: float) -> dict[str, Estimate]:
    low, high = SCALE
    return {name: fits[name].estimate("school_score", unit="points", rung=name, conf_level=conf_level, low=low, high=high)
            for name in POINTS if name in fits}


def repeat(made: World, *, runs: int, size: int, seed: int, gates: Gates, conf_level: float = 0.95) -> pd.DataFrame:
    """Every mask `runs` times: mask, run, method, value, low, high (interval, or that around bounds), held."""
    rows = []
    for mask in MASKS:
        for run in range(runs):
            found = draw(made, mask, size=size, seed=seed, run=run, gates=gates, conf_level=conf_level)
            rows += [(mask, run, name, e.value, e.conf_low, e.conf_high) for name, e in found.rungs.items()]
    table = pd.DataFrame(rows, columns=["mask", "run", "method", "value", "low", "high"])
    return table.assign(held=(table["low"] <= made.truth) & (made.truth <= table["high"]))


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """What the gates see of one list, without knowing the truth; `passed` is whether they let a weighted number through."""

    mask: str
    balance: float
    n_effective: float
    separation: float
    unsupported: float
    passed: bool


def alarms(made: World, found: Answer, mask: str, gates: Gates) -> Alarms:
    """The gates of weighting on one list: balance left, effective answers, how well answering is foretold, strata without an answer."""
    answered, people = ~np.isnan(found.y), made.recorded.iloc[found.rows].reset_index(drop=True)
    weights = np.where(answered, 1 / np.maximum(found.probability, gates.propensity_floor), 0.0)
    table = representativeness.smd_table(people, list(RECORDED), answered, weights=weights, limits=(gates.balance_flag, gates.balance_fail))
    worst, worth = float(table["smd_weighted"].abs().max()), inference.kish(weights)
    near = overlap.near_separation(people, list(RECORDED), answered, probability=found.probability, limit=gates.separation_auc)
    below = float((found.probability < gates.propensity_floor).mean())
    lost = max(found.unsupported, below)
    return Alarms(mask=mask, balance=worst, n_effective=worth, separation=near.auc, unsupported=lost,
                  passed=worst <= gates.balance_fail and worth >= gates.min_weighted_n and not near.is_near and lost <= gates.max_unsupported_share)
