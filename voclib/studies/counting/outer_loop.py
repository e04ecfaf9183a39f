"""The projects behind the mean of landed ones, and the events of the tables that they are judged by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from voclib.loop.outer_loop import effects as outer_effects
from voclib.loop.outer_loop import subjects as outer_subjects
from voclib.loop.outer_loop.effects import Settings
from voclib.studies import counting

REPORT = "41-outer-loop"


def flows(tables: Mapping[str, pd.DataFrame], *, run_up_days: int = 90, least_events: int = 10, least_weeks: int = 4) -> tuple[counting.Flow, ...]:
    """Landed projects that can be judged; repairs, frontline reports and mentions that are events of a rate."""
    found, sources = outer_subjects.find(tables, outer_subjects.projects(tables))
    given = Settings(run_up_days=run_up_days, least_events=least_events, least_weeks=least_weeks)
    state = {}
    for name, one in sources.items():
        if len(one.events):
            made = outer_effects.together([outer_effects.measure(one.events, found[found["source"] == name], given, source=name)], given).table
            state |= dict(zip(made["project_id"], made["state"], strict=True))
    table = tables["projects"]
    step = np.where(table["landed_on"].isna(), "open", table["project_id"].map(state).fillna(outer_effects.NO_SUBJECT).to_numpy(dtype=object))
    chains = [counting.made(REPORT, "projects", table, step)]
    for name in sorted({one.table for one in sources.values()}):
        steps = [one.steps for one in sources.values() if one.table == name]
        counted = np.any([s == "" for s in steps], axis=0)
        reason = np.where(np.all([s == "kind" for s in steps], axis=0), "kind", "")
        for s in steps:
            reason = np.where((reason == "") & (s != "kind"), s, reason)
        chains.append(counting.made(REPORT, name, tables[name], np.where(counted, "", reason).astype(object)))
    return tuple(chains)
