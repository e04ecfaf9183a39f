"""The answers behind scores of groups."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from voclib.readers import region
from voclib.schema.keys import among
from voclib.studies import counting, scores

REPORT = "52-region"


def flows(tables: Mapping[str, pd.DataFrame], *, metric: str = "nps", by: str = "region", periods: int = 2) -> tuple[counting.Flow, ...]:
    """Answers that carry the score and a group, of the last quarters."""
    voices = tables["responses"]
    scored = scores.answers(tables, metric=metric)["response_id"]
    kept = region.answers(tables, metric=metric, by=by, periods=periods)["response_id"]
    gone = [~among(voices["response_id"], scored).to_numpy(dtype=bool), ~among(voices["response_id"], kept).to_numpy(dtype=bool)]
    return (counting.made(REPORT, "responses", voices, np.select(gone, ["score", "outside"], "").astype(object)),)
