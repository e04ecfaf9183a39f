"""The voices behind a score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from voclib.schema.keys import among
from voclib.studies import counting, scores


def flows(tables: Mapping[str, pd.DataFrame], *, metric: str, channel: str = "") -> tuple[counting.Flow, ...]:
    """Voices that carry the score, of one channel where one is named: the study's own choice, made with and without the channel."""
    voices = tables["responses"]
    scored, kept = (scores.answers(tables, metric=metric, channel=which)["response_id"] for which in ("", channel))
    gone = [~among(voices["response_id"], scored), ~among(voices["response_id"], kept)]
    return (counting.made("20-scores", "responses", voices, np.select([mask.to_numpy(dtype=bool) for mask in gone], ["score", "channel"], "")),)
