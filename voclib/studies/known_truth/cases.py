"""Published data sets against their truth: samples of a population, a self-selected panel, a study with drop-outs, wages of those who work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.results import Estimate
from voclib.stats import crossfit, effects, inference, propensity, selection, weighting
from voclib.stats.inference import Fit
from voclib.studies.known_truth.files import Files, seen_wages

RAKED = ("stype", "sch.wide")
PANEL = ("gender", "age_group", "income")
PANEL_MARGINS = ("gender", "age_group")
FACTORS, NUMBERS = ("sex", "race", "education", "exercise", "active"), ("age", "smokeintensity", "smokeyrs", "wt71")
OUTCOME, SELECTION = ("educ", "exper", "exper2"), ("nwifeinc", "educ", "exper", "exper2", "age", "kids5", "kids618")


def samples(files: Files, *, conf_level: float = 0.95) -> tuple[Estimate, ...]:
    """Mean score of all schools from each published sample: by its design, post-stratified on the type of school, raked with the award flag.

    The sample of districts is clustered by district; finite populations of districts and schools count where the design is simple.
    """
    totals = weighting.margins(files.population, list(RAKED))
    found: dict[str, Fit] = {}
    for name, sample in files.samples.items():
        y, design = sample["api00"], {"weights": sample["pw"]}
        unit = {"cluster": sample["dnum"]} if name == "apiclus1" else {}
        whole = {"sampled": sample["dnum"].nunique() / sample["fpc"].iloc[0]} if unit else {}
        if name == "apistrat":
            strata = {"strata": sample["stype"], "sampled": (sample.groupby("stype").size() / sample.groupby("stype")["fpc"].first()).to_dict()}
            found[f"{name}_design"] = weighting.design_mean(y, **design, **strata)
        else:
            found[f"{name}_design"] = weighting.design_mean(y, **design, **unit, **(whole or {"sampled": len(sample) / len(files.population)}))
            found[f"{name}_poststratified"] = weighting.poststratify(sample["stype"], totals["stype"], **design, min_cell=1).fit(y, **unit, **whole)
        raked = weighting.calibrate(sample, totals, **design, method="raking", bounds=None)
        found[f"{name}_raked"] = raked.fit(y, **unit, **whole)
    return tuple(fit.estimate("school_score", unit="points", rung=name, conf_level=conf_level) for name, fit in found.items())


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Volunteers weighted to their target population: estimates by rung, the truth, and what raking left of `n` answers."""

    rungs: tuple[Estimate, ...]
    truth: float
    n: int
    n_effective: float
    design_effect: float

    def __getitem__(self, rung: str) -> Estimate:
        return next(r for r in self.rungs if r.rung == rung)

    def closed(self, rung: str) -> float:
        """Share of the gap between volunteers and target that a rung closes; above 1 where it overshoots."""
        raw = self["raw"].value
        return (self[rung].value - raw) / (self.truth - raw)


def panel(files: Files, *, seed: int, conf_level: float = 0.95) -> Panel:
    """Mean happiness of the target population from volunteers alone, whose own answers are read; the target's are its truth.

    Raked on gender (missing is a level) and age group; doubly robust on these and income.
    """
    sample, target = files.volunteers, files.target
    y = sample["happiness"].to_numpy(dtype=float)
    raked = weighting.calibrate(sample, weighting.margins(target, list(PANEL_MARGINS)), method="raking", bounds=None)
    fits = {"raw": propensity.raw_mean(y), "raked": raked.fit(y), "aipw": _transported(sample, target, seed=seed)}
    rungs = tuple(fit.estimate("happiness_score", unit="score", rung=name, conf_level=conf_level, low=0.0, high=100.0) for name, fit in fits.items())
    return Panel(rungs=rungs, truth=float(target["happiness"].mean()), n=len(sample), n_effective=raked.n_effective,
                 design_effect=raked.design_effect)


def _transported(sample: pd.DataFrame, target: pd.DataFrame, *, seed: int) -> Fit:
    """Doubly robust mean of a population that the answers are no part of.

    AIPW of both together is the mixture of the sample's mean, which is known, and the target's, for which it is solved (Dahabreh et
    al. 2020, Stat. Med. 39: weights are the odds of being of the target). The two were drawn apart, so influence is centred in each.
    """
    both = pd.concat([sample[list(PANEL)], target[list(PANEL)]], ignore_index=True)
    n, whole = len(sample), len(both)
    y = np.concatenate([sample["happiness"].to_numpy(dtype=float), np.full(len(target), np.nan)])
    parts = [crossfit.features(both, [c], squares=True).matrix if pd.api.types.is_numeric_dtype(both[c]) else crossfit.features(both, [c]).matrix
             for c in PANEL]
    made = propensity.aipw_mean(y, np.column_stack(parts), ids=np.arange(whole), seed=seed).fit
    raw = propensity.raw_mean(y)
    mixed = (whole * made.influence - n * raw.influence) / (whole - n)
    mixed = np.concatenate([mixed[:n] - mixed[:n].mean(), mixed[n:] - mixed[n:].mean()])
    value = (whole * made.value - n * raw.value) / (whole - n)
    return inference.fit(value, mixed, n=n, method="cross-fitted AIPW, transported", n_effective=made.n_effective)


def health(files: Files, *, conf_level: float = 0.95) -> dict[str, Estimate]:
    """Weight gained by those who gave up smoking less those who did not, in kg: plain, weighted, and with the drop-outs as silent.

    "dropouts" weights each arm to everybody who began: taking part in an arm and staying to the end are two stages of answering.
    """
    complete = files.complete
    found = effects.ipw_effect(complete["wt82_71"], complete["qsmk"], _indicators(complete))
    people = files.health
    known = people[list(FACTORS)].astype("str").join(people[list(NUMBERS)].astype(float))
    matrix = crossfit.features(known, [*FACTORS, *NUMBERS], squares=True).matrix
    arms = []
    for arm in (0, 1):
        inside = (people["qsmk"] == arm).to_numpy()
        y = people["wt82_71"].where(inside).to_numpy(dtype=float)
        arms.append(propensity.ipw_mean(y, matrix, stages={"arm": inside, "answered": ~np.isnan(y)}, truncate=(0.0, 1.0)).fit)
    stayed = propensity.gap(*arms)
    fits: Mapping[str, Fit] = {"crude": found.crude, "weighted": found.fit, "dropouts": stayed}
    made = {name: fit.estimate("weight_gain", unit="score", rung=name, conf_level=conf_level) for name, fit in fits.items()}
    return made | {"dropouts": made["dropouts"].with_(n=int(people["wt82_71"].notna().sum()))}


def _indicators(people: pd.DataFrame) -> np.ndarray:
    """Factors as indicators without their first level, numbers with their squares: what the textbook weights by."""
    factors = pd.get_dummies(people[list(FACTORS)].astype("category"), drop_first=True, dtype=float)
    numbers = people[list(NUMBERS)].astype(float)
    return np.column_stack([factors, numbers, numbers**2])


@dataclass(frozen=True, kw_only=True)
class Wages:
    """The log wage equation: one row a coefficient (name, naive and corrected with their ranges), and what the selection rests on.

    `withheld` is the same coefficient asked for without any variable that moves who works but not the wage.
    """

    table: pd.DataFrame
    model: selection.SelectionModel
    withheld: Estimate


def wages(files: Files, *, conf_level: float = 0.95) -> Wages:
    """What a year of school is worth, from the women who work, and corrected for who works (Heckman's two steps)."""
    women = seen_wages(files.wages)
    made = _selected(women, SELECTION)
    rows = []
    for name in (*OUTCOME, selection.MILLS):
        naive = None if name == selection.MILLS else made.fit(name, naive=True)
        found = made.fit(name)
        ends = [inference.quantile(conf_level, f.df) * f.std_error if f else np.nan for f in (naive, found)]
        rows.append({"name": name, "naive": naive.value if naive else np.nan, "naive_reach": ends[0], "value": found.value, "reach": ends[1]})
    return Wages(table=pd.DataFrame(rows), model=made, withheld=_selected(women, OUTCOME).estimate("educ", unit="ratio"))


def _selected(women: pd.DataFrame, columns: tuple[str, ...]) -> selection.SelectionModel:
    return selection.selection_model(women["log_wage"], women[list(OUTCOME)], women["lfp"], women[list(columns)], outcome_names=OUTCOME,
                                     selection_names=columns)
