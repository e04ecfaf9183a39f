"""Units over time: the three slopes of a relation, distributed lags with their sampling noise, which side moves first."""

from voclib.stats.panel.detection import detectable, doubled
from voclib.stats.panel.direction import Differences, Direction, anderson_hsiao, direction, half_panel, reverse
from voclib.stats.panel.lags import DistributedLag, distributed_lag
from voclib.stats.panel.libraries import Agreement, agreement, pyfixest
from voclib.stats.panel.rows import Rows, Term, gather
from voclib.stats.panel.slopes import Slopes, slopes, unit_lines
from voclib.stats.panel.within import partialled, within_sd

__all__ = ["Agreement", "Differences", "Direction", "DistributedLag", "Rows", "Slopes", "Term", "agreement", "anderson_hsiao", "detectable",
           "direction", "distributed_lag", "doubled", "gather", "half_panel", "partialled", "pyfixest", "reverse", "slopes", "unit_lines",
           "within_sd"]
