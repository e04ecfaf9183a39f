"""What happened after a first exposure: `study` the effects by period since and their placebo leads, `twoway` effects of units and periods and
what becomes of them without one unit.
"""

from voclib.stats.events.study import EventStudy, event_study

__all__ = ["EventStudy", "event_study"]
