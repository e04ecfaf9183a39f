"""Response models judged: overlap, what tells in advance who answers, calibration."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from voclib.errors import DataError
from voclib.stats import overlap

RNG = np.random.default_rng(8)
N = 4000
X = RNG.normal(size=N)
P = 1 / (1 + np.exp(1.4 - 0.8 * X))
SPOKE = RNG.random(N) < P


def test_overlap_by_hand() -> None:
    found = overlap.overlap([0.5, 0.25, 0.001, 0.5], [True, True, False, True])
    assert found.below_floor == 0.25 and found.n == 3 and found.max_weight == pytest.approx(4 / (8 / 3))
    assert found.n_effective == pytest.approx(64 / 24)
    alike = overlap.overlap(np.full(1000, 0.2), np.arange(1000) % 5 == 0)
    assert alike.top_share == pytest.approx(0.01) and alike.max_weight == pytest.approx(1) and alike.auc == 0.5


def test_a_few_heavy_respondents_show() -> None:
    p = np.where(np.arange(1000) < 10, 0.002, 0.5)
    found = overlap.overlap(p, np.ones(1000, dtype=bool))
    assert found.top_share == pytest.approx(5000 / (5000 + 1980)) and found.below_floor == pytest.approx(0.01)
    with pytest.raises(DataError, match="given as 0"):
        overlap.overlap([0.0, 0.5], [True, True])
    with pytest.raises(DataError, match="Nobody"):
        overlap.overlap([0.1, 0.5], [False, False])


def test_auc_is_scikit_learns() -> None:
    weights, coarse = RNG.uniform(0.5, 2, N), np.round(P, 1)
    for values in (P, coarse):
        assert overlap.auc(values, SPOKE, weights=weights) == pytest.approx(roc_auc_score(SPOKE, values, sample_weight=weights))
    assert overlap.auc(P, np.ones(N, dtype=bool)) == 0.5


def test_what_was_recorded_after_the_answer_is_a_leak() -> None:
    frame = pd.DataFrame({"x": X, "duration": np.where(SPOKE, RNG.exponential(size=N), np.nan), "customer": [f"c{i}" for i in range(N)],
                          "sent": np.where(SPOKE, "thanks", "reminder"), "dealer": RNG.integers(0, 40, N).astype(str)})
    found = overlap.near_separation(frame, list(frame), SPOKE, probability=P)
    assert set(found.leaks) == {"duration", "sent"} and not found.is_near
    own = found.columns.set_index("column")["auc"]
    assert own["x"] == pytest.approx(roc_auc_score(SPOKE, X), abs=0.01) and own["customer"] == 0.5 and own["dealer"] < 0.65
    assert overlap.near_separation(frame, ["duration"], SPOKE).is_near
    assert not overlap.near_separation(frame, ["x", "dealer"], SPOKE).is_near
    with pytest.raises(DataError, match="no column"):
        overlap.near_separation(frame, ["dealr"], SPOKE)


def test_separation_that_is_no_matter_of_order() -> None:
    frame = pd.DataFrame({"x": X, "minus": -X})
    inside = np.abs(X) < 0.5
    found = overlap.near_separation(frame, ["x"], inside, bins=50)
    assert found.columns["auc"].iloc[0] > 0.95 > overlap.auc(X, inside) + 0.3
    both = overlap.near_separation(frame, ["x", "minus"], SPOKE).columns["auc"]
    assert both.iloc[0] == pytest.approx(both.iloc[1])


def test_duplicates_with_half_weights_and_order_change_nothing() -> None:
    order = RNG.permutation(2 * N)
    twice, spoke, half = np.tile(P, 2)[order], np.tile(SPOKE, 2)[order], np.full(2 * N, 0.5)
    first, second = overlap.overlap(P, SPOKE), overlap.overlap(twice, spoke, weights=half)
    assert (first.auc, first.max_weight, first.below_floor) == pytest.approx((second.auc, second.max_weight, second.below_floor))
    assert first.top_share == pytest.approx(second.top_share, rel=1e-6)
