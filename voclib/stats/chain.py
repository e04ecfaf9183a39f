"""A chain of two effects, the second acting on what the first moved: their product, with the uncertainty of both.

The product of two normal estimates is not normal: it is skewed, and near zero peaked, so that neither the delta method nor the product of two
interval ends holds its level (MacKinnon, Lockwood & Williams 2004, Multivariate Behavioral Research 39). Its interval is read off the distribution of
the product of two independent Student's t draws at the estimates. The links must come from different data: shared errors would make the product
wrong in either direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from voclib.errors import ParameterError
from voclib.results import Estimate, Unit
from voclib.stats.inference import Fit

DRAWS = 100_000


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The product of two links; `value` is the product of the estimates."""

    value: float
    conf_low: float
    conf_high: float
    conf_level: float
    n: int

    def estimate(self, estimand: str, *, unit: Unit, rung: str = "", **more: Any) -> Estimate:
        """As pages print it; `more` are fields of Estimate."""
        return Estimate(estimand=estimand, kind="estimate", unit=unit, rung=rung, value=self.value, conf_low=self.conf_low, conf_high=self.conf_high,
                        conf_level=self.conf_level, ci_method="distribution of the product of two estimates", n=self.n, **more)


def chain(first: Fit, second: Fit, *, conf_level: float = 0.95, seed: int = 0) -> Chain:
    """first × second, in the product of their units; the interval is that of the distribution of the product.

    Raises
    ------
    ParameterError
        for an estimate without a finite error, conf_level outside (0, 1).
    """
    if not 0 < conf_level < 1:
        raise ParameterError(f"conf_level is a share in (0, 1), not {conf_level}.")
    for link in (first, second):
        if not np.isfinite([link.value, link.std_error]).all():
            raise ParameterError("A chain needs two estimates with finite standard errors.")
    rng = np.random.default_rng(seed)
    draws = [link.value + link.std_error * (rng.normal(size=DRAWS) if np.isinf(link.df) else rng.standard_t(link.df, size=DRAWS))
             for link in (first, second)]
    low, high = np.quantile(draws[0] * draws[1], [(1 - conf_level) / 2, (1 + conf_level) / 2])
    value = first.value * second.value
    return Chain(value=value, conf_low=float(min(low, value)), conf_high=float(max(high, value)), conf_level=conf_level, n=min(first.n, second.n))
