"""How often a light is right, and how many answers that takes: closed forms of the gate's error rates, for planning before and after the data.

The gain's error is that of two shares, times how customers who answered both pull it in (`together`); normal approximation, Wald's form (Fleiss,
Levin & Paik 2003, Statistical Methods for Rates and Proportions, §4.2; with a margin: Blackwelder 1982, Control. Clin. Trials 3).
"""

from __future__ import annotations

from math import sqrt
from typing import Literal

from scipy.stats import norm

from voclib.loop.launch_gate.rule import Rule
from voclib.stats import power

Side = Literal["green", "red"]
EDGE = 0.005  # a planned share is kept this far from 0 and 1, where the normal approximation ends


def alpha(rule: Rule, side: Side, concepts: int) -> float:
    """The error rate that one concept may spend when all are looked at."""
    return (rule.false_green if side == "green" else rule.false_red) / max(concepts, 1)


def error(share: float, gain: float, *, n: int, n_benchmark: int, together: float = 1.0) -> float:
    """Standard error of a gain where the product on sale has `share` and the concept `share + gain`."""
    other = min(max(share + gain, EDGE), 1 - EDGE)
    share = min(max(share, EDGE), 1 - EDGE)
    return sqrt(together * (other * (1 - other) / n + share * (1 - share) / n_benchmark))


def chance(rule: Rule, side: Side, gain: float, *, share: float, n: int, n_benchmark: int, concepts: int, together: float = 1.0) -> float:
    """Probability (0–1) that a concept with this true gain gets a green, or a red, light; zero where no share can be that high or low."""
    if not 0 <= share + gain <= 1:
        return 0.0
    away = gain - rule.margin if side == "green" else -rule.margin - gain
    return float(norm.cdf(away / error(share, gain, n=n, n_benchmark=n_benchmark, together=together) - norm.isf(alpha(rule, side, concepts))))


def has_told(rule: Rule, *, share: float, n: int, n_benchmark: int, concepts: int, together: float = 1.0) -> bool:
    """Whether a concept at twice the margin, above or below, would have had its light with the power declared.

    A side on which no share can lie (a product on sale that nearly everybody or nobody scores well) asks for nothing.
    """
    sides = [(side, gain) for side, gain in (("green", 2 * rule.margin), ("red", -2 * rule.margin)) if 0 <= share + gain <= 1]
    given = {"share": share, "n": n, "n_benchmark": n_benchmark, "concepts": concepts, "together": together}
    return all(chance(rule, side, gain, **given) >= rule.power for side, gain in sides)


def needed(rule: Rule, *, share: float, concepts: int, margin: float | None = None) -> int:
    """Answers for each concept and for the product on sale, so that a concept at twice the margin, above or below, gets its light.

    With equal groups and nobody asked twice; `margin` takes the place of the rule's, for comparison.
    """
    margin = rule.margin if margin is None else margin
    found = [power.needed_n(1, error(share, gain, n=1, n_benchmark=1), margin, kind="detectable", conf_level=1 - 2 * alpha(rule, side, concepts),
                            power=rule.power) for side, gain in (("green", 2 * margin), ("red", -2 * margin)) if 0 <= share + gain <= 1]
    return max([*found, rule.fewest])


def tells(rule: Rule, std_error: float, concepts: int) -> float | None:
    """How far beyond its line a gain must lie to light up with the power declared, at this standard error; None without an error."""
    if not std_error > 0:
        return None
    return max(power.minimal_detectable(std_error, power=rule.power, alpha=2 * alpha(rule, side, concepts)) for side in ("green", "red"))
