"""Is it worth mending? Return on a programme that spares customers the pain point, and what a pilot is worth before deciding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import ParameterError
from voclib.results import Estimate, Text, Verdict
from voclib.stats import roi
from voclib.stats.roi import Roi
from voclib.studies.nps_revenue import payback_text as words
from voclib.studies.nps_revenue import text as money_text
from voclib.studies.nps_revenue.rungs import Rungs

FEWEST = 20
"""Customers a pilot needs for a standard error at all."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A programme: what it costs, whom it reaches, how many of the exposures among them it spares, and the pilot one could run first.

    Money in yuan. `credibility` is the probability that an association found without a trial is causal at all; it counts up to evidence level 2.
    `pilot_share` of the exposed are in the pilot, half of them treated at random.
    """

    cost: float
    running_cost: float = 0.0
    reach: float = 1.0
    relief: float = 0.5
    ramp_months: int = 3
    discount_rate: float = 0.08
    credibility: float = 0.5
    pilot_share: float = 0.2
    pilot_cost: float = 0.0

    def __post_init__(self) -> None:
        for name in ("reach", "relief", "pilot_share", "credibility"):
            if not 0 < getattr(self, name) <= 1:
                raise ParameterError(f"{name} is a share above 0 and at most 1, not {getattr(self, name)}.")
        if min(self.cost, self.running_cost, self.pilot_cost) < 0:
            raise ParameterError("Costs are 0 or more.")


@dataclass(frozen=True, kw_only=True)
class Payback:
    """Net present value over the horizon (`npv`), P(NPV > 0), frames for charts (`density`, `tornado`, `fan`), the table of what went in."""

    plan: Plan
    roi: Roi
    npv: Estimate
    naive: float
    pilot: roi.PilotWorth
    density: pd.DataFrame
    tornado: pd.DataFrame
    inputs: pd.DataFrame
    decision: Text
    captions: Mapping[str, Mapping[str, Any]]


def value(rungs: Rungs, plan: Plan, *, evidence_level: int, conf_level: float = 0.95, draws: int = 10_000, seed: int = 0) -> Payback:
    """The programme for as many exposed customers as the cohort has, over its horizon.

    The gain of one exposure avoided is the effect with its own error, never a guess; below evidence level 3 it is causal with probability
    `plan.credibility` and nothing otherwise.
    """
    months = max(round(rungs.cohort.horizon_days / 30.4), 1)
    gain = rungs.money.fit.times(-1)
    inputs = roi.Inputs(effect=gain, units=float(rungs.n_exposed), cost=plan.cost, reach=plan.reach, adherence=plan.relief,
                        running_cost=plan.running_cost, horizon_months=months, effect_months=months, discount_rate=plan.discount_rate,
                        ramp_months=plan.ramp_months)
    made = roi.simulate(inputs, evidence_level=evidence_level, credibility=plan.credibility, draws=draws, seed=seed)
    npv = made.estimate("npv", conf_level=conf_level, verdict=Verdict.REPORT_WITH_CAVEAT)
    pilot = made.pilot(_pilot_error(rungs, plan), cost=plan.pilot_cost)
    tornado = words.tornado(made.tornado())
    decision = words.decision(npv, pilot, plan, money_text.project(rungs.cohort))
    return Payback(plan=plan, roi=made, npv=npv, naive=made.naive, pilot=pilot, density=made.density(), tornado=tornado,
                   inputs=words.inputs(plan, rungs, evidence_level, made), decision=decision,
                   captions=words.captions(made, npv, pilot, plan))


def _pilot_error(rungs: Rungs, plan: Plan) -> float:
    """Standard error of the effect of one exposure avoided, in a pilot that treats half of some customers at random: 2σ/(√n·relief).

    σ is the spread of money given what is known; customers of a dealer are correlated, so it is widened by how much clustering widens the estimate.
    """
    n = max(plan.pilot_share * rungs.n_exposed, FEWEST)
    influence = rungs.money.fit.influence
    plain = float(np.sqrt(influence @ influence) / len(influence))
    widened = max(rungs.money.fit.std_error / plain, 1.0) if plain > 0 else 1.0
    return 2 * float(np.sqrt(rungs.money.residual_variance)) * widened / (np.sqrt(n) * plan.relief)
