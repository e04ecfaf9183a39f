"""The reports behind the ratio of reporting, the repairs that customers' rises are looked for in, and the weeks behind rates by hours worked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from voclib.loop.frontline import lead as frontline_lead
from voclib.loop.frontline import reports as frontline_reports
from voclib.loop.frontline import teams as frontline_teams
from voclib.studies import counting

REPORT = "32-frontline"


def flows(tables: Mapping[str, pd.DataFrame]) -> tuple[counting.Flow, ...]:
    """Reports that name employee and dealer; repairs of a batch within the time of the reports; weeks of dealers within it."""
    reports = frontline_reports.read(tables)
    chains = [counting.made(REPORT, "frontline_reports", tables["frontline_reports"], frontline_reports.steps(tables))]
    for name, steps in (("repairs", frontline_lead.steps(reports, tables)), ("rosters", frontline_teams.steps(reports, tables))):
        if steps is not None:
            chains.append(counting.made(REPORT, name, tables[name], np.asarray(steps, dtype=object)))
    return tuple(chains)
