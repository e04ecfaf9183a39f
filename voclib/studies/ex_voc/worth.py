"""What a standard deviation of employee experience goes with in money: the slope here times what a point is worth there (study of money)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.results import Estimate, Ladder, Verdict, refusal
from voclib.stats.chain import chain
from voclib.stats.inference import Fit
from voclib.studies.ex_voc.rungs import Rungs


@dataclass(frozen=True, kw_only=True)
class Worth:
    """`slope` × `point` = `total` a year for all customers, were every unit one standard deviation higher; `naive` the same before correction."""

    slope: Estimate
    point: Estimate
    total: Estimate
    per_unit: Estimate
    naive: Estimate | None
    n_units: int

    def ladder(self) -> Ladder:
        """The total before correction, where it is known, and as it stands."""
        return Ladder("ex_worth", tuple(e for e in (self.naive, self.total) if e is not None), chosen="chain")


def worth(rungs: Rungs, slope: Estimate, *, point: Estimate, naive_point: Estimate | None, seed: int) -> Worth:
    """The chain with the uncertainty of both links; evidence no better than the weaker link. A refused link refuses the money."""
    units = int(rungs.panel.frame["unit_id"].nunique())
    about = {"unit": point.unit, "conf_level": slope.conf_level}
    for link in (slope, point):
        if link.kind != "estimate":
            none = refusal("ex_worth", unit=point.unit, rung="chain", reason=link.reason, needs=link.needs)
            return Worth(slope=slope, point=point, total=none, per_unit=none, naive=None, n_units=units)
    level = min(slope.evidence_level, point.evidence_level)
    found = chain(as_fit(slope), as_fit(point), conf_level=slope.conf_level, seed=seed)
    total = found.estimate("ex_worth", rung="chain", evidence_level=level, verdict=Verdict.REPORT_WITH_CAVEAT, unit=point.unit)
    each = total.with_(estimand="ex_worth_unit", value=total.value / units, conf_low=total.conf_low / units, conf_high=total.conf_high / units)
    naive = None
    if naive_point is not None and naive_point.kind == "estimate":
        raw = chain(rungs.scaled(rungs.slopes.pooled), as_fit(naive_point), conf_level=slope.conf_level, seed=seed)
        naive = raw.estimate("ex_worth", rung="naive", evidence_level=0, verdict=Verdict.REPORT_WITH_CAVEAT, **{"unit": about["unit"]})
    return Worth(slope=slope, point=point, total=total, per_unit=each, naive=naive, n_units=units)


def as_fit(e: Estimate) -> Fit:
    """An Estimate as one link of a chain."""
    return Fit(value=e.value, std_error=e.std_error, n=e.n, df=np.inf if e.n_clusters is None else e.n_clusters - 1.0)
