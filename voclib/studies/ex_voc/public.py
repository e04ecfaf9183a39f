"""The public panel of hospitals as input of the EX–VoC study: staff engagement against the mortality index, and what it can never show."""

from __future__ import annotations

from voclib.results import Text
from voclib.studies.ex_voc import panel as ex_panel
from voclib.studies.ex_voc.panel import ExPanel
from voclib.studies.ex_voc.trust_panel import Trusts

PERCENT = 100.0  # the index as percent of the deaths that were expected


def panel(trusts: Trusts) -> ExPanel:
    """Engagement and mortality of trusts by year. Nobody's single answer is in the file, so neither noise nor reliability is known."""
    frame = trusts.panel.assign(outcome=PERCENT * trusts.panel["outcome"])
    return ex_panel.from_frame(
        frame, unit="unit_id", period="period", exposure="ex", outcome="outcome", exposure_n="ex_n", region="region", controls=("clinical_share",),
        exposure_name=Text("员工投入度", "staff engagement"), outcome_name=Text("住院死亡指数", "the mortality index"),
        outcome_unit="points", sign=-1, period_name=Text("年", "year"), unit_name=Text("医院", "trust"), checks=trusts.checks)
