"""What an exposure did on average to those exposed, from weights, regressions, two-part and Poisson models, and cross-fitting."""

from voclib.stats.effects.weighted import Effect, ipw_effect

__all__ = ["Effect", "ipw_effect"]
