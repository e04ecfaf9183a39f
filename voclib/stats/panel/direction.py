"""Which moves first? Placebo leads, the way back, and estimators that stand where past outcomes move the exposure.

If the exposure only leads, its values after the outcome say nothing once those before are known: all leads are 0 (Granger 1969, Econometrica 37; in
panels the test of strict exogeneity, Wooldridge 2010, §10.7). A test that finds nothing may only be weak, so direction counts as shown when the
leads are also *small*: the 90 % interval of their mean lies within half of the effect (two one-sided tests; Schuirmann 1987).
Where the outcome does move the exposure, fixed effects are biased by O(1/T) (Nickell 1981, Econometrica 49); two estimators then stand: first
differences with an earlier level as instrument (Anderson & Hsiao 1982, J. Econometrics 18) and the half-panel jackknife (Dhaene & Jochmans 2015,
REStud 82).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError
from voclib.stats import inference
from voclib.stats.inference import Fit
from voclib.stats.panel import lags as lagging
from voclib.stats.panel import rows as gathering
from voclib.stats.panel import within
from voclib.stats.panel.lags import DistributedLag
from voclib.stats.panel.rows import Rows, Term

WEAK = 10.0
"""First-stage F below which an instrument is called weak (Staiger & Stock 1997, Econometrica 65)."""


@dataclass(frozen=True, kw_only=True)
class Direction:
    """`effect` is the declared lag, `lead` the mean placebo lead, both from one model; `leads_p` tests all leads at once.

    `reach` is the end of the 90 % interval of |lead|: no larger lead is compatible with the data. `detectable` is the mean lead that this test would
    find four times in five: what a pass is worth.
    """

    model: DistributedLag
    effect: Fit
    lead: Fit
    leads_p: float
    reach: float
    detectable: float
    level: float
    share: float
    conf_level: float

    @property
    def no_lead_found(self) -> bool:
        """Whether the test of leads passed; alone this proves nothing."""
        return bool(self.leads_p >= self.level)

    @property
    def is_equivalent(self) -> bool:
        """Whether a lead of weight is excluded."""
        return bool(self.reach < self.share * abs(self.effect.value))

    @property
    def is_effect(self) -> bool:
        """Whether the declared lag itself excludes zero."""
        return bool(abs(self.effect.value) > inference.quantile(self.conf_level, self.effect.df) * self.effect.std_error)

    @property
    def precedes(self) -> bool:
        """Whether the exposure is shown to come first: an effect, no lead found, and none of weight possible."""
        return self.is_effect and self.no_lead_found and self.is_equivalent


def direction(frame: pd.DataFrame, *, unit: str, period: str, outcome: str, exposure: str, lag: int = 1, leads: int = 2,
              controls: Mapping[str, int] | None = None, noise: str | None = None, sampling: str | None = None, cluster: str | None = None,
              level: float = 0.05, share: float = 0.5, conf_level: float = 0.95) -> Direction:
    """Test which comes first, on a model with the declared lag, the lags up to it (0 included) and `leads` placebo leads.

    Arguments as for `distributed_lag`; with `noise` all terms are corrected for sampling noise, else a noisy lag would let a lead speak for it.

    Raises
    ------
    DataError
        where no period is left once leads are taken, and as `distributed_lag` does.
    ParameterError
        without a lead or with a negative lag, and as `distributed_lag` does.
    """
    if leads < 1 or lag < 0:
        raise ParameterError(f"A test of direction needs a lag of 0 or more and at least one lead, not lag={lag} and leads={leads}.")
    wanted = (lag, *range(lag - 1, -1, -1), *range(-1, -leads - 1, -1))
    model = lagging.distributed_lag(frame, unit=unit, period=period, outcome=outcome, exposure=exposure, lags=wanted, controls=controls, noise=noise,
                                    sampling=sampling, cluster=cluster)
    corrected = noise is not None
    effect, lead = model.regression(corrected=corrected).fit(model.term(lag)), model.mean_lead(corrected=corrected)
    p = model.joint_p([k for k in wanted if k < 0], corrected=corrected)
    found = (inference.quantile(0.95, lead.df) + inference.quantile(0.6, lead.df)) * lead.std_error
    return Direction(model=model, effect=effect, lead=lead, leads_p=p, reach=abs(lead.value) + inference.quantile(0.9, lead.df) * lead.std_error,
                     detectable=found, level=level, share=share, conf_level=conf_level)


def reverse(frame: pd.DataFrame, *, unit: str, period: str, outcome: str, exposure: str, controls: Mapping[str, int] | None = None,
            noise: str | None = None, cluster: str | None = None) -> Fit:
    """The way back: change of the exposure per unit of the outcome one period earlier, given the exposure's own two last values.

    xᵢₜ = aᵢ + lₜ + γ·yᵢ,ₜ₋₁ + ρ₁xᵢ,ₜ₋₁ + ρ₂xᵢ,ₜ₋₂ + …, with the sampling noise of the exposure taken off where it is known. Its own past among the
    terms biases γ by O(1/T) even where the outcome does nothing, so it is estimated as in `half_panel`. The sampling noise of the outcome stays and
    draws γ towards 0: an interval that holds zero excludes nothing. Arguments as for `distributed_lag`, in the same roles.

    Raises
    ------
    DataError
        for fewer than six periods, of which two hold no past, and as `distributed_lag` does.
    """
    terms = [Term(exposure, 1), Term(exposure, 2)]
    beside = [Term(outcome, 1), *(Term(c, k) for c, k in (controls or {}).items())]
    rows = gathering.gather(frame, unit=unit, period=period, outcome=exposure, terms=terms, controls=beside, cluster=cluster,
                            noise={exposure: noise} if noise else None)
    return _jackknife(rows, beside[0].name)


def half_panel(frame: pd.DataFrame, *, unit: str, period: str, outcome: str, exposure: str, lag: int = 1, controls: Mapping[str, int] | None = None,
               noise: str | None = None, cluster: str | None = None) -> Fit:
    """The declared lag by half-panel jackknife, 2β̂ − ½(β̂₁ + β̂₂) over the two halves of the periods; unweighted. Arguments as `distributed_lag`.

    It takes off what of the bias falls with 1/T, which is most of it from about ten periods on and little with fewer; `anderson_hsiao` needs no
    number of periods, and is less exact.

    Raises
    ------
    DataError
        for fewer than four periods, and as `distributed_lag` does.
    """
    rows = gathering.gather(frame, unit=unit, period=period, outcome=outcome, terms=[Term(exposure, lag)],
                            controls=[Term(c, k) for c, k in (controls or {}).items()], noise={exposure: noise} if noise else None, cluster=cluster)
    return _jackknife(rows, rows.terms[0].name)


def _jackknife(rows: Rows, name: str) -> Fit:
    """2β̂ − ½(β̂₁ + β̂₂), on units seen at least twice in each half so that all three fits are over the same ones."""
    if len(rows.periods) < 4:
        raise DataError(f"Half a panel needs two periods at least, so four in all; {len(rows.periods)} hold every term.")
    cut = len(rows.periods) // 2
    early = rows.period < cut
    seen = np.minimum(np.bincount(rows.unit[early], minlength=rows.n_units), np.bincount(rows.unit[~early], minlength=rows.n_units)) > 1
    kept = seen[rows.unit]
    if seen.sum() < 2:
        raise DataError("Hardly any unit has two complete rows in each half of the periods; the half-panel jackknife needs at least two such units.")
    whole = np.ones(len(early), dtype=bool)
    parts = [inference.regress(within.moments(rows.keep(kept & part)), method="CRV3").fit(name) for part in (whole, early, ~early)]
    shares = (2.0, -0.5, -0.5)
    value = sum(s * f.value for s, f in zip(shares, parts, strict=True))
    influence = sum(s * f.influence for s, f in zip(shares, parts, strict=True))
    made = inference.fit(value, influence, n=parts[0].n, method="half-panel jackknife")
    return replace(made, df=float(len(influence) - 1), n_clusters=len(influence))


@dataclass(frozen=True, kw_only=True)
class Differences:
    """Anderson & Hsiao's estimate and the F of its first stage."""

    fit: Fit
    first_stage: float

    @property
    def is_weak(self) -> bool:
        """Whether the instrument says too little for the estimate to be read."""
        return self.first_stage < WEAK


def anderson_hsiao(frame: pd.DataFrame, *, unit: str, period: str, outcome: str, exposure: str, lag: int = 1, noise: str | None = None,
                   cluster: str | None = None) -> Differences:
    """First differences with the level before as instrument: Δyᵢₜ = Δλₜ + β·Δxᵢ,ₜ₋ₗ + Δεᵢₜ, instrument xᵢ,ₜ₋ₗ₋₁.

    Valid where the outcome moves the exposure one period later or more. Sampling noise of the level stands in the difference too, with the other
    sign; where it is known it is taken off: β̂ = z'Δy / (z'Δx + Σv). Arguments as `distributed_lag`.

    Raises
    ------
    DataError
        as `distributed_lag` does, and where instrument and difference have nothing in common.
    """
    terms = [Term(exposure, lag), Term(exposure, lag + 1), Term(outcome, 1)]
    rows = gathering.gather(frame, unit=unit, period=period, outcome=outcome, terms=terms, noise={exposure: noise} if noise else None,
                            cluster=cluster)
    marks = (rows.period[:, None] == np.arange(len(rows.periods))).astype(float)
    count = marks.sum(axis=0)
    flat = lambda v: v - marks @ (marks.T @ v / count)  # noqa: E731
    dy, dx, z = flat(rows.y - rows.x[:, 2]), flat(rows.x[:, 0] - rows.x[:, 1]), flat(rows.x[:, 1])
    lost = (1 - 1 / count)[rows.period]
    added = lost * rows.noise[:, 1] if rows.noise is not None else np.zeros(len(dy))
    below = float(z @ dx + added.sum())
    if abs(below) <= 1e-9 * float(np.sqrt((z @ z) * (dx @ dx))):
        raise DataError(f"The level of {exposure} says nothing about its next change, so it is not an instrument for it.")
    value = float(z @ dy) / below
    groups = int(rows.cluster.max()) + 1
    scores = np.bincount(rows.cluster, z * (dy - value * dx) - value * added, groups)
    stage = np.bincount(rows.cluster, z * dx + added - below / float(z @ z) * z**2, groups)
    fit = inference.fit(value, groups * scores / below, n=len(dy), method="first differences, instrument: the level before (Anderson–Hsiao)")
    strength = below**2 / float(stage @ stage) * (groups - 1) / groups
    return Differences(fit=replace(fit, df=float(groups - 1), n_clusters=groups), first_stage=strength)

