"""The robustness value: the least strength, equal on both sides, with which a hidden factor undoes an estimate.

Source: Cinelli & Hazlett 2020, JRSS-B 82, §4; its version with chance: Cinelli & Hazlett 2025, Biometrika 112.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from voclib.errors import ParameterError
from voclib.stats import inference
from voclib.stats.inference import Fit


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """How strong a hidden factor must be, as shares of variance in [0, 1).

    `value`: explaining this share of what is left of the exposure *and* of the outcome brings the estimate to the value asked about.
    `at_level`: the same for the end of the interval at `conf_level`; 0 where that interval holds it already. From `conf_low` to
    `conf_high`: the interval of `value` itself, which is an estimate as well.
    """

    value: float
    at_level: float
    conf_low: float
    conf_high: float
    conf_level: float


def partial_r2(t: float, df: float) -> float:
    """Share of what the covariates leave of the outcome that the exposure explains, t²/(t² + df).

    An extreme hidden factor that explains *all* that is left of the outcome undoes the estimate once it explains this share of the
    exposure. `t` is the classical t value, `df` the residual degrees of freedom.

    Raises
    ------
    ParameterError
        for degrees of freedom that are not above zero.
    """
    _enough(df, 0)
    return float(t**2 / (t**2 + df))


def robustness_value(t: float, df: float, *, q: float = 1.0, alpha: float | None = None, error_ratio: float = 1.0) -> float:
    """Least share of both what is left of the exposure and of the outcome that takes the share `q` of an estimate away.

    RV = ½·[√(f⁴ + 4f²) − f²] with f = q·|t|/√df. With `alpha`: until the estimate so reduced no longer differs from zero at that level;
    f then loses f* = t(1 − α/2; df − 1)/√(df − 1), and for f ≥ 1/f* the value is (f² − f*²)/(1 + f²).

    `t` is the classical t value (the bias is a matter of residual variances, whatever the errors); `error_ratio` is the robust or
    clustered standard error over the classical one and widens f*.

    Raises
    ------
    ParameterError
        for df not above 0 (1 with `alpha`), q not above 0, alpha outside (0, 1), a ratio that is not positive.
    """
    _enough(df, 0 if alpha is None else 1)
    if not q > 0 or not error_ratio > 0 or (alpha is not None and not 0 < alpha < 1):
        raise ParameterError(f"q and error_ratio lie above 0 and alpha in (0, 1), not q={q}, error_ratio={error_ratio}, alpha={alpha}.")
    f = q * abs(t) / np.sqrt(df)
    if alpha is None:
        return from_ratio(f)
    critical = error_ratio * float(stats.t.isf(alpha / 2, df - 1)) / np.sqrt(df - 1)
    if f <= critical:
        return 0.0
    return from_ratio(f - critical) if f < 1 / critical else float((f**2 - critical**2) / (1 + f**2))


def from_ratio(f: float) -> float:
    """The share R with R/√(1 − R) = f: where both strengths are R, the bias is f times the spread it is measured in."""
    f = abs(f)
    return float(2 * f / (np.sqrt(f**2 + 4) + f)) if np.isfinite(f) else 1.0


def interval(ratio: Fit, conf_level: float) -> tuple[float, float]:
    """Interval of a robustness value from the signed ratio f and its error: Student's t on f (delta method), mapped through `from_ratio`.

    Where the interval of f holds zero, that of the value starts at 0.
    """
    reach = inference.quantile(conf_level, ratio.df) * ratio.std_error
    low, high = ratio.value - reach, ratio.value + reach
    ends = sorted((from_ratio(low), from_ratio(high)))
    return (0.0 if low <= 0 <= high else ends[0]), ends[1]


def _enough(df: float, least: int) -> None:
    if not df > least:
        raise ParameterError(f"df is the residual degrees of freedom and must lie above {least}, not {df}.")
