"""What happened after a first exposure: `study` the effects by period since and their placebo leads, `lottery` the mean effect where so few units
are exposed that only dealing their starts out anew tells how exact it is. `panel` checks the table, `twoway` holds effects of units and periods
and what becomes of them without one unit.
"""

from voclib.stats.events.lottery import lottery
from voclib.stats.events.study import EventStudy, event_study

__all__ = ["EventStudy", "event_study", "lottery"]
