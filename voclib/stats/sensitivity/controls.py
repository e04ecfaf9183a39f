"""Negative controls: an effect where none can be (margin before the exposure, a wait at a closed counter) tells of a hidden factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voclib.errors import ParameterError
from voclib.stats import inference
from voclib.stats.inference import Fit

State = Literal["passed", "failed", "inconclusive"]


@dataclass(frozen=True, kw_only=True)
class NegativeControl:
    """A placebo effect `fit`, its interval, and what it says at the given `margin` (printed units).

    "failed": the interval excludes what must be there (`expected`); "passed": it holds it and lies wholly within `margin` of it;
    "inconclusive": it holds it but is too wide to exclude an effect that matters.
    """

    fit: Fit
    expected: float
    margin: float
    conf_low: float
    conf_high: float
    conf_level: float
    state: State

    @property
    def passed(self) -> bool | None:
        """True, False, or None where the data are too few to tell: the three values of a `Check`."""
        return {"passed": True, "failed": False, "inconclusive": None}[self.state]


def negative_control(fit: Fit, *, main: float, expected: float = 0.0, share: float = 0.5, conf_level: float = 0.95) -> NegativeControl:
    """Judge a placebo effect: a test for a violation and, since no finding is no proof, one for equivalence.

    `main` is the main estimate in the same units; the placebo passes only if its interval lies within `share` of |main| around
    `expected`. Source: Lipsitch, Tchetgen Tchetgen & Cohen 2010, Epidemiology 21; equivalence: Hartman & Hidalgo 2018, AJPS 62.

    Raises
    ------
    ParameterError
        for a share that is not positive or a conf_level outside (0, 1).
    """
    if not share > 0 or not 0 < conf_level < 1:
        raise ParameterError(f"share lies above 0 and conf_level in (0, 1), not {share} and {conf_level}.")
    reach, margin = inference.quantile(conf_level, fit.df) * fit.std_error, share * abs(main)
    low, high = fit.value - reach, fit.value + reach
    state: State = "failed" if not low <= expected <= high else "inconclusive"
    if state == "inconclusive" and expected - margin <= low and high <= expected + margin:
        state = "passed"
    return NegativeControl(fit=fit, expected=expected, margin=margin, conf_low=low, conf_high=high, conf_level=conf_level, state=state)
