"""A test by draws at every value that a parameter may have, and the interval of the values it does not reject.

Where a draw's statistic is linear over the root of a quadratic in the supposed value, five numbers a draw give the p-value of any value:
nothing is drawn or fitted again for a trial.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.stats.inference.means import Array

TIE = 1e-9  # relative difference of two statistics that counts as none
EXACT = 1e-14  # a squared error beside the largest of all draws that counts as none
DOUBLINGS, HALVINGS = 60, 36  # how far an end is looked for, in standard errors, and how finely it is told


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Statistics of B draws as functions of δ, supposed value minus estimate; the first draw is what was observed.

    t² = (level + slope·δ)² / (square[0] + 2·square[1]·δ + square[2]·δ²); level, slope (B,), square (3, B). `scale` is about a standard error.
    """

    level: Array
    slope: Array
    square: Array
    scale: float

    def p_value(self, delta: float) -> float:
        """Share of draws at least as far from the supposed value as what was observed, itself among them."""
        error = self.square[0] + delta * (2 * self.square[1] + delta * self.square[2])
        found = (self.level + self.slope * delta) ** 2 / np.maximum(error, EXACT * error.max())
        return float((found >= (1 - TIE) * found[0]).mean())

    def interval(self, conf_level: float) -> tuple[float, float]:
        """The values around the estimate that are not rejected, as δ from low to high; infinite where the test can reject none on that side."""
        return -self._end(-1.0, conf_level), self._end(1.0, conf_level)

    def _end(self, side: float, conf_level: float) -> float:
        """How far the interval reaches to one side: the step is doubled until a value is rejected, then halved."""
        level = 1 - conf_level + 1e-12
        inside, outside = 0.0, self.scale
        for _ in range(DOUBLINGS):
            if self.p_value(side * outside) <= level:
                break
            inside, outside = outside, 2 * outside
        else:
            return np.inf
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if self.p_value(side * middle) <= level else (middle, outside)
        return outside
