"""What an exposure did on average to those exposed: exposed minus not exposed, so that a loss is negative.

The rungs, from a slide to what can be defended: `difference` (C0), `regression` (C1), `two_part` and `ppml` (C2), `att` (C3); `ipw_effect` is
the effect on everybody, `partially_linear` one effect shared by all.
"""

from voclib.stats.effects.adjusted import difference, regression
from voclib.stats.effects.att import Att, att
from voclib.stats.effects.linear import partially_linear
from voclib.stats.effects.money import Money, ppml, two_part
from voclib.stats.effects.weighted import Effect, ipw_effect

__all__ = ["Att", "Effect", "Money", "att", "difference", "ipw_effect", "partially_linear", "ppml", "regression", "two_part"]
