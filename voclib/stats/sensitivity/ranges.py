"""The range that an effect lies in if a hidden factor is no stronger than stated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from voclib.results import Estimate, Unit, Verdict
from voclib.stats import inference
from voclib.stats.inference import Fit


@dataclass(frozen=True, kw_only=True)
class HiddenBounds:
    """An effect with a hidden factor of at most this strength, whichever way it works, and the interval around that range.

    `cf_y`: share of the outcome's residual variance that it explains (R²yz of a regression); `cf_d`: what it adds to the variation of
    the representer (R²dz of a regression); `rho`: how closely the two go together. `lower` and `upper` are fits on the rows of the
    estimate. The interval adds the two-sided quantile to both ends: without a hidden factor it is the estimate's own, and it holds
    the truth at least as often as it says.
    """

    lower: Fit
    upper: Fit
    cf_y: float
    cf_d: float
    rho: float
    conf_level: float

    @property
    def conf_low(self) -> float:
        """Lower end of the interval."""
        return self.lower.value - inference.quantile(self.conf_level, self.lower.df) * self.lower.std_error

    @property
    def conf_high(self) -> float:
        """Upper end of the interval."""
        return self.upper.value + inference.quantile(self.conf_level, self.upper.df) * self.upper.std_error

    def times(self, factor: float) -> HiddenBounds:
        """The same bounds in other units, or for a fixed number of customers."""
        ends = [self.lower.times(factor), self.upper.times(factor)]
        return replace(self, lower=ends[factor < 0], upper=ends[factor >= 0])

    def estimate(self, estimand: str, *, unit: Unit, rung: str = "", **more: Any) -> Estimate:
        """The bounds as pages print them: no value, verdict BOUNDS_ONLY; `more` are further fields of Estimate."""
        return Estimate(estimand=estimand, kind="bounds", unit=unit, rung=rung, bound_low=self.lower.value, bound_high=self.upper.value,
                        conf_low=self.conf_low, conf_high=self.conf_high, conf_level=self.conf_level, n=self.lower.n,
                        n_clusters=self.lower.n_clusters, ci_method=f"{self.lower.method}, cf_y {self.cf_y:.3g}, cf_d {self.cf_d:.3g}, "
                        f"rho {self.rho:.3g}", **{"verdict": Verdict.BOUNDS_ONLY, **more})
