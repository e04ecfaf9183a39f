"""The cases behind the main clock, and the unhappy voices set beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from voclib.loop import clocks, unheard
from voclib.schema import store
from voclib.studies import counting

REPORT = "40-inner-loop"


def flows(tables: Mapping[str, pd.DataFrame], *, since: str = "", until: str = "",
          clocks_file: str | Path = clocks.TEMPLATE) -> tuple[counting.Flow, ...]:
    """Cases of the period that the main clock is about; unhappy voices of the period, where there are voices."""
    given, table = clocks.load(store.locate(clocks_file)), tables["cases"]
    when = {"since": since, "until": until, "timezone": given.working.timezone}
    found, step = clocks.cases(tables, **when), clocks.steps(table, **when)
    asof = clocks.end(table)
    followed = clocks.follow(found, given.main, asof=asof, working=given.working)
    step[(step == "") & ~table["case_id"].isin(followed["case_id"]).to_numpy()] = "other"
    chains = [counting.made(REPORT, "cases", table, step)]
    if "responses" in tables:
        chains.append(counting.made(REPORT, "responses", tables["responses"], unheard.steps(tables, given.unhappy, asof=asof, **when)))
    return tuple(chains)
