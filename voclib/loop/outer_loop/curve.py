"""The course of one project's subject, month by month, in the stretches around its charter and its go-live; and the project whose course is shown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from voclib.loop.outer_loop.effects import GRID, Effects, Settings, tally

PHASES = ("usual", "run_up", "between", "after")
SHORT = 10  # days: what is left of a stretch after whole months is joined to the last of them where it is shorter


def shown(effects: Effects) -> str:
    """The project whose course is drawn: of the judged ones that with the smallest q, then with most events; "" without one."""
    judged = effects.judged
    if judged.empty:
        return ""
    order = judged.assign(events=judged["usual_events"] + judged["after_events"]).sort_values(["q", "events", "project_id"],
                                                                                           ascending=[True, False, True])
    return str(order["project_id"].iloc[0])


def course(events: pd.DataFrame, project: dict[str, Any], given: Settings, *, conf_level: float) -> pd.DataFrame:
    """Share of the subject among all events of its table by months that break at run-up, charter and go-live: on, phase, n, estimate, conf_low,
    conf_high (Wilson)."""
    from statsmodels.stats.proportion import proportion_confint

    found = tally(events)
    row, total = found.row(str(project["subject"])), found.counts.sum(axis=0)
    chartered, landed = found.day(project["chartered_on"]), found.day(project["landed_on"])
    edges = [0.0, *(min(max(d, 0.0), float(found.days)) for d in (chartered - given.run_up_days, chartered, landed)), float(found.days)]
    rows = []
    for phase, first, last in zip(PHASES, edges, edges[1:], strict=False):
        starts = [*np.arange(first, last, GRID)]
        if len(starts) > 1 and last - starts[-1] < SHORT:
            starts.pop()
        for a, b in zip(starts, [*starts[1:], last], strict=False):
            n, k = float(total[int(a):int(b)].sum()), float(found.counts[row, int(a):int(b)].sum())
            if n and math.isfinite(n):
                low, high = proportion_confint(k, n, alpha=1 - conf_level, method="wilson")
                rows.append({"on": found.first + pd.Timedelta(days=int((a + b) / 2)), "phase": phase, "n": int(n), "estimate": k / n,
                             "conf_low": float(low), "conf_high": float(high)})
    return pd.DataFrame(rows, columns=["on", "phase", "n", "estimate", "conf_low", "conf_high"])
