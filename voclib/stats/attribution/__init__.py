"""Who or what a number is owed to: a change to mix and rate, lost money to overlapping pains, the spread of a score to what goes with it."""

from voclib.stats.attribution.drivers import Drivers, collinear, lmg
from voclib.stats.attribution.game import shapley
from voclib.stats.attribution.mix import Decomposition, Step, mix_rate
from voclib.stats.attribution.removal import Removal, joint_removal, leave_out

__all__ = ["Decomposition", "Drivers", "Removal", "Step", "collinear", "joint_removal", "leave_out", "lmg", "mix_rate", "shapley"]
