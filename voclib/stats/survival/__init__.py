"""When customers leave: curves with intervals, restricted means, competing reasons, and hazards whose exposure begins in the course of time.

An effect is exposed minus not exposed: days lost are negative, an added risk of leaving is positive.
"""

from voclib.stats.survival.curves import Curve, adjusted_curves, cumulative_incidence, kaplan_meier, restricted_mean
from voclib.stats.survival.leaving import Hazard, hazard
from voclib.stats.survival.timing import immortal

__all__ = ["Curve", "Hazard", "adjusted_curves", "cumulative_incidence", "hazard", "immortal", "kaplan_meier", "restricted_mean"]
