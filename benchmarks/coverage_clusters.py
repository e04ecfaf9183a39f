"""Planted worlds of few clusters for the long runs: slopes by the policy for their number, and a programme tried in three stores of twelve.

Stores differ widely in size and noise. The naive way is what regression software prints: cluster-robust errors and 1.96 of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from benchmarks.coverage import BAND, EXTREME_BAND, FALSE_ALARM_BAND, FALSE_ALARM_RUNS, Draw, Interval, Setting, beside_zero
from voclib.results import Estimate
from voclib.simulate.worlds import few_stores
from voclib.stats import inference

DRAWS = 999  # of the wild bootstrap; a run more costs ten times as much at 9,999 and moves p by its Monte Carlo error alone
EXACT_RUNS = 8000  # a test whose size is exactly 5 % lies above 6 % in one of fifty records of 2,000 runs; more runs tell chance from fault
FAILS, FOUND, ALARMS = (-np.inf, 0.93), (0.8, 1.0), (0.2, 1.0)
FEW = "3 of 12 stores treated"


@dataclass
class Stores:
    """A panel of stores and its cross products, made once however many methods look at them; draws begin at a seed of the panel's own."""

    frame: pd.DataFrame
    seed: int

    @cached_property
    def by_store(self) -> dict[str, np.ndarray]:
        """Columns as they were drawn, stores by periods."""
        stores = int(self.frame["unit_id"].iloc[-1]) + 1
        return {name: column.to_numpy().reshape(stores, -1) for name, column in self.frame.items()}

    @cached_property
    def moments(self) -> inference.Moments:
        """Programme beside stores and periods, weighted by answers."""
        flat = {name: values.ravel() for name, values in self.by_store.items()}
        return inference.moments(flat["score"], flat["programme"][:, None], cluster=flat["unit_id"], names=["programme"], within=flat["unit_id"],
                                 effects=flat["period"], weights=flat["answers"])

    @property
    def treated(self) -> np.ndarray:
        """Which stores ever have the programme."""
        return self.by_store["is_treated"][:, 0]

    @property
    def changes(self) -> np.ndarray:
        """Mean score of the second half of periods less that of the first, by store."""
        before, after = np.split(self.by_store["score"], 2, axis=1)
        return after.mean(axis=1) - before.mean(axis=1)


def panels(**world: Any) -> Draw:
    """Panels of stores; the truth is the effect in points."""
    def taken(seed: int) -> tuple[Stores, float]:
        frame, truth = few_stores.draw(seed, **world)
        return Stores(frame, seed), truth["effect_points"]
    return taken


def software(given: Stores) -> Interval:
    """CRV1 and 1.96 errors, whatever the number of clusters."""
    found = inference.regress(given.moments, method="CRV1").fit("programme")
    return found.value - 1.96 * found.std_error, found.value + 1.96 * found.std_error


def shown(value: float, low: float, high: float) -> Estimate:
    """A number and its ends as a page would print them."""
    return Estimate(estimand="programme", kind="estimate", unit="points", value=value, conf_low=low, conf_high=high)


def decided(given: Stores) -> Estimate:
    """By the policy for that many clusters; where it gives no interval, the whole line."""
    found = inference.decide(given.moments, "programme", n_treated=int(given.treated.sum()), draws=DRAWS, seed=given.seed)
    low, high = (-np.inf, np.inf) if found.conf_low is None or found.conf_high is None else (found.conf_low, found.conf_high)
    return shown(found.fit.value, low, high)


def bootstrapped(given: Stores) -> Interval:
    """The wild cluster bootstrap alone."""
    found = inference.wild_bootstrap(given.moments, "programme", draws=DRAWS, seed=given.seed)
    return found.conf_low, found.conf_high


def lots(statistic: Literal["t", "difference"]) -> Callable[[Stores], Estimate]:
    """Changes by store under all ways in which the lot could have fallen."""
    def taken(given: Stores) -> Estimate:
        found = inference.permute(given.changes, given.treated, statistic=statistic)
        return shown(found.difference, found.conf_low, found.conf_high)
    return taken


def rule() -> list[Setting]:
    """Slopes by the policy: many, some and few clusters, alike in size or not."""
    made = []
    for stores, treated, spread, what, naive in ((60, 24, 0.5, "many, sizes alike", (-np.inf, np.inf)),
                                                 (30, 12, None, "some, sizes far apart", FAILS), (30, 8, 0.5, "some, sizes alike", (-np.inf, np.inf)),
                                                 (16, 8, None, "few, sizes far apart", FAILS), (14, 6, 0.5, "few, sizes alike", FAILS)):
        name = f"{stores} stores, {treated} treated, {what}"
        made.append(Setting(method="clusters, by policy", setting=name, draw=panels(stores=stores, treated=treated, spread=spread), call=decided,
                            naive=software, naive_band=naive, planted=True, band=BAND if stores > 20 else EXTREME_BAND))
    return made


def settings() -> list[Setting]:
    """Every planted world of few clusters."""
    none, some = panels(effect=0.0), panels()
    fewer = {"draw": panels(stores=16, treated=8, effect=0.0), "kind": "false alarms", "count": beside_zero, "band": FALSE_ALARM_BAND,
             "runs": FALSE_ALARM_RUNS, "naive": software, "naive_band": (0.08, 1.0)}
    return [*rule(),
            Setting(method="wild bootstrap", setting="16 stores, 8 treated, no effect, sizes far apart", call=bootstrapped,
                    **{**fewer, "band": (0.0, 0.07)}),
            Setting(method="clusters, by policy", setting="16 stores, 8 treated, no effect, sizes far apart", call=decided, **fewer),
            *(Setting(method=f"permutation, {statistic}", setting=f"{FEW}, no effect", draw=none, call=lots(statistic), kind="false alarms",
                      count=beside_zero, band=FALSE_ALARM_BAND, runs=EXACT_RUNS, naive=software, naive_band=ALARMS)
              for statistic in ("t", "difference")),
            *(Setting(method=f"permutation, {statistic}", setting=f"{FEW}, effect of 12 to 20 points", draw=some, call=lots(statistic), planted=True,
                      naive=software, naive_band=(-np.inf, 0.85)) for statistic in ("t", "difference")),
            Setting(method="permutation, t, found", setting=f"{FEW}, effect of 12 to 20 points", draw=some, call=lots("t"), kind="power",
                    count=beside_zero, band=FOUND)]
