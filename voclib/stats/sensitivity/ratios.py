"""The E-value of a risk ratio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class EValue:
    """`value`: risk ratio that a hidden factor needs with both exposure and outcome to explain the ratio away; `limit`: the same for
    the end of its interval that lies nearer to 1 (exactly 1 where the interval holds 1), None without an interval."""

    value: float
    limit: float | None = None


def e_value(ratio: float, low: float | None = None, high: float | None = None) -> EValue:
    """E-value of a risk ratio (churn of exposed over unexposed): RR + √(RR·(RR − 1)), with 1/RR below 1.

    `low` and `high` are the ends of its interval. For a rare outcome (below 15 %) an odds or hazard ratio may stand in for the risk
    ratio. Source: VanderWeele & Ding 2017, Annals of Internal Medicine 167.

    Raises
    ------
    ParameterError
        for ratios that are not positive and finite, one end without the other, ends that do not hold the ratio.
    """
    if (low is None) != (high is None):
        raise ParameterError("An interval has two ends: give both low and high, or neither.")
    given = [ratio] if low is None or high is None else [low, ratio, high]
    if not all(np.isfinite(r) and r > 0 for r in given) or given != sorted(given):
        raise ParameterError(f"Risk ratios are positive, low ≤ ratio ≤ high; here {', '.join(f'{r:g}' for r in given)}.")
    if low is None or high is None:
        return EValue(value=_of(ratio))
    limit = 1.0 if low <= 1 <= high else _of(low if ratio > 1 else high)
    return EValue(value=_of(ratio), limit=limit)


def _of(ratio: float) -> float:
    larger = max(ratio, 1 / ratio)
    return float(larger + np.sqrt(larger * (larger - 1)))
