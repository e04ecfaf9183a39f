"""Whether answers of a unit's employees measure the unit, and whether they measure its change from one period to the next.

A level may be reliable while its change is noise: stores differ for good, and a regression with unit effects sweeps just that out. So beside
the share of variance between units, ICC(1), and the reliability of a unit's mean, ICC(2) (`aggregation`), stands the reliability of what is left
of cell means once effects of units and periods are gone (`change`). ICC(1) and agreement within units (`agreement`) are held against
pseudo-units, the same answers dealt out at random to units of the same sizes: those pass conventional cut-offs as well (Woehr, Loignon, Schmidt,
Loughry & Ohland 2015, Organizational Research Methods 18). `cells` are the means that a panel may show, small ones left out.
"""

from voclib.stats.reliability.changes import Cells, Change, cells, change
from voclib.stats.reliability.icc import Aggregation, aggregation
from voclib.stats.reliability.rwg import Agreement, agreement

__all__ = ["Aggregation", "Agreement", "Cells", "Change", "agreement", "aggregation", "cells", "change"]
