"""The planted programme: what the truth says is what a large draw shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.simulate.worlds import recovery


def coded(score: pd.Series) -> pd.Series:
    return 100.0 * (score >= 9) - 100.0 * (score <= 6)


@pytest.mark.parametrize("calls", ["list", "lot", "all"])
def test_the_truth_is_what_a_large_draw_shows(calls: str) -> None:
    frame, truth = recovery.draw(2, customers=200_000, lift=0.4, calls=calls)
    idle, _ = recovery.draw(2, customers=200_000, lift=0.0, calls=calls)
    over = frame["called"] & frame["second"].notna()
    assert frame.drop(columns="second").equals(idle.drop(columns="second")), "the same customers, with and without"
    effect = (coded(frame["second"]) - coded(idle["second"]))[over].mean()
    assert effect == pytest.approx(truth["effect_points"], abs=0.6)
    assert (coded(idle["second"]) - coded(idle["first"]))[over].mean() == pytest.approx(truth["rise_points"], abs=0.6)
    assert frame.loc[frame["called"], "first"].max() == 6


def test_a_list_calls_the_lowest_and_the_loyal_and_all_is_all() -> None:
    frame, _ = recovery.draw(3, customers=50_000)
    low = frame[frame["first"] <= 6]
    assert low.groupby("called")["first"].mean().diff().iloc[-1] < -0.2 and low.groupby("called")["tenure"].mean().diff().iloc[-1] > 0.3
    everybody, _ = recovery.draw(3, calls="all")
    assert everybody["called"].equals(everybody["first"] <= 6)


def test_nothing_is_gained_where_nothing_is_done_and_planted_values_differ_by_seed() -> None:
    truths = [recovery.draw(seed)[1] for seed in range(20)]
    assert {t["effect_points"] for t in truths} == {0.0} and np.std([t["reliability"] for t in truths]) > 0.01
    assert 45 < np.mean([t["rise_points"] for t in truths]) < 60
    lifts = [recovery.draw(seed, lift=None)[1]["lift"] for seed in range(20)]
    assert all(0.3 <= lift <= 0.5 for lift in lifts) and len(set(lifts)) == 20


def test_the_same_seed_gives_the_same_customers() -> None:
    pd.testing.assert_frame_equal(recovery.draw(9)[0], recovery.draw(9)[0])
