"""Which subjects are drawn over time: those that the channels which run through do name."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from voclib.studies.topics import subjects


def test_a_subject_that_steady_channels_hardly_name_is_no_flat_line() -> None:
    n = 400
    kept = pd.DataFrame({"is_steady": [True] * 200 + [False] * 200, "day": pd.date_range("2026-01-01", periods=n, freq="12h")})
    row = pd.Series(range(n))
    later = pd.DataFrame({"first": row < 1, "elsewhere": row >= 199, "here": row % 2 == 0})
    drawn = subjects.course(kept, SimpleNamespace(later=later), conf_level=0.95)
    assert list(dict.fromkeys(drawn["series"])) == ["first", "here"]  # the first is what the title speaks of
