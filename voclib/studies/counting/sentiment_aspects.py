"""The voices whose words are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from voclib.studies import counting
from voclib.studies.sentiment_aspects import heard as sentiment_voices


def flows(tables: Mapping[str, pd.DataFrame], *, channels: Sequence[str] = ()) -> tuple[counting.Flow, ...]:
    """Voices that say something in words, of these channels where any is named."""
    voices = tables["responses"]
    return (counting.made("10-sentiment-aspects", "responses", voices, sentiment_voices.steps(voices, channels=channels)),)
