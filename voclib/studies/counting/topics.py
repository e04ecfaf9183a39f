"""The voices whose topics are told."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from voclib.studies import counting, topics


def flows(tables: Mapping[str, pd.DataFrame]) -> tuple[counting.Flow, ...]:
    """Voices in which something was written: the study's own choice."""
    voices = tables["responses"]
    return (counting.made("11-topics", "responses", voices, topics.steps(voices)),)
