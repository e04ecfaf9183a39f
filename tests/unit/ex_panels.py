"""Panels of employees and customers drawn from DGP A, as the study takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from voclib.results import Text
from voclib.simulate.worlds import climate
from voclib.stats import reliability
from voclib.studies.ex_voc.panel import ExPanel

NAMES = {"exposure": Text("员工体验", "employee experience"), "outcome": Text("NPS", "NPS"), "period_name": Text("期", "period"),
         "unit_name": Text("门店", "store")}


def drawn(seed: int, *, controls: tuple[str, ...] = (), programme: float = 0.0, **world: Any) -> tuple[ExPanel, dict[str, Any]]:
    """One panel with its answers and what was planted."""
    frames, truth = climate.draw(seed, programme=programme, **world)
    wide = frames["panel"]
    cells = reliability.cells(frames["employees"], unit="unit_id", period="period", value="value").frame
    total = wide.groupby("unit_id")[["promoters", "detractors", "n_customers"]].transform("sum")
    p, d, n = total["promoters"] + 0.75, total["detractors"] + 0.75, total["n_customers"] + 3
    frame = wide[["unit_id", "period", "nps", "response_rate"]].rename(columns={"nps": "outcome"}).assign(
        outcome_n=wide["n_customers"], outcome_sampling=1e4 * ((p + d) / n - ((p - d) / n) ** 2) / wide["n_customers"])
    frame = frame.merge(cells.rename(columns={"mean": "ex", "n": "ex_n", "noise": "ex_noise"}), on=["unit_id", "period"], how="left")
    frame = frame.assign(**{c: wide[c].astype(float) for c in controls})
    if programme:
        frame["started"] = wide["started_period"].where(wide["started_period"] >= 0).astype(float)
    return ExPanel(frame=frame, answers=frames["employees"], controls=controls, **NAMES), truth


def of_means(panel: ExPanel) -> ExPanel:
    """The same panel where only means are at hand."""
    return replace(panel, answers=None, frame=panel.frame.drop(columns=["ex_noise", "outcome_sampling", "ex_n", "outcome_n"]))


def changed(panel: ExPanel, **columns: Any) -> ExPanel:
    """The same panel with other columns."""
    return replace(panel, frame=panel.frame.assign(**columns))


def only(panel: ExPanel, rows: pd.Series) -> ExPanel:
    """The same panel on some of its rows."""
    answers = panel.answers
    if answers is not None:
        kept = panel.frame.loc[rows, ["unit_id", "period"]]
        answers = answers.merge(kept, on=["unit_id", "period"])
    return replace(panel, frame=panel.frame[rows].reset_index(drop=True), answers=answers)
