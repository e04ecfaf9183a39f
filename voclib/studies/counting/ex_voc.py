"""The voices of customers and employees behind the slope of the declared lag."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from voclib.studies import counting, ex_voc
from voclib.studies.ex_voc import panel as ex_panel

REPORT = "30-ex-voc"


def flows(tables: Mapping[str, pd.DataFrame], *, metric: str = "nps_score", lag: int = 1) -> tuple[counting.Flow, ...]:
    """Scores of customers served in a cell (store and period) of the regression; answers of the employees asked `lag` periods before."""
    panel = ex_panel.from_tables(tables, metric=metric)
    cells = ex_voc.counted(panel, lag=lag)
    return tuple(counting.made(REPORT, name, tables[name], _used(panel.placed[name], cells, period))
                 for name, period in (("responses", "period"), ("employee_surveys", "ex_period")))


def _used(placed: pd.DataFrame, cells: pd.DataFrame, period: str) -> pd.Series:
    """Rows whose cell is none of the regression's have nothing to be set against; where there is no slope, none stands behind it."""
    mine = pd.MultiIndex.from_arrays([placed["unit_id"].astype(object), placed["period"].astype("Int64").astype(object)])
    if cells.empty:
        return placed["step"].mask(placed["step"].eq(""), "no_slope")
    used = mine.isin(pd.MultiIndex.from_arrays([cells["unit_id"].astype(object), cells[period].astype("Int64").astype(object)]))
    return placed["step"].mask(placed["step"].eq("") & ~used, "alone")
