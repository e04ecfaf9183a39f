"""Frames of planted populations (DGP B), as `voclib.studies.survivorship.frame` would build them from tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.worlds import nonresponse
from voclib.studies.survivorship import frame as framing


def planted(seed: int, **options: Any) -> tuple[framing.Frame, dict[str, Any]]:
    """One drawn population and its truth; options as in `nonresponse.draw`."""
    drawn, truth = nonresponse.draw(seed, **options)
    return of(drawn), truth


def of(drawn: pd.DataFrame) -> framing.Frame:
    """The frame of a drawn population; what nobody may read stays behind."""
    score, later = (drawn[name].astype(float) for name in ("nps_score", "followup_score"))
    invited, answered, called = (drawn[name].to_numpy(dtype=bool) for name in ("is_invited", "responded", "is_called"))
    people = drawn[list(nonresponse.COVARIATES)].assign(
        customer_id=[f"c{i:06d}" for i in range(len(drawn))], unit_id=[f"d{k:02d}" for k in drawn["dealer"]], is_churned=drawn["is_churned"],
        is_contactable=invited, is_invited=invited, is_delivered=invited, is_answered=answered, is_commented=False, score=score,
        y=framing.coded(score, "nps"), wave=drawn["wave"].where(answered).astype(float), is_eligible=invited & ~answered, is_called=called,
        draw_probability=np.where(called, drawn["followup_probability"], np.nan), followup_y=framing.coded(later, "nps"), value_cny=0.0)
    return framing.Frame(people, nonresponse.COVARIATES, "nps", framing.LEVELS["nps"], "2026-07-01", "2026-09-10", {})
