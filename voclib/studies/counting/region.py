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
    """Answers of the last quarters that carry the score, of groups with answers enough to be compared."""
    voices = tables["responses"]
    scored = scores.answers(tables, metric=metric)["response_id"]
    kept = region.answers(tables, metric=metric, by=by, periods=periods)
    enough = kept.loc[kept[by].astype(str).isin(region.compared(kept, metric=metric, by=by)), "response_id"]
    gone = [~among(voices["response_id"], rows).to_numpy(dtype=bool) for rows in (scored, kept["response_id"], enough)]
    return (counting.made(REPORT, "responses", voices, np.select(gone, ["score", "outside", "few"], "").astype(object)),)
