"""The planted world of a programme in few stores."""

from __future__ import annotations

import numpy as np
import pytest

from voclib.simulate.worlds import few_stores


def test_a_panel_of_three_treated_of_twelve() -> None:
    frame, truth = few_stores.draw(5)
    assert len(frame) == 12 * 8 and frame.groupby("unit_id")["is_treated"].first().tolist() == truth["is_treated"]
    assert sum(truth["is_treated"]) == 3 and 12 <= truth["effect_points"] <= 20 and 1.2 <= truth["spread"] <= 1.6
    assert (frame["programme"] == (frame["is_treated"] & (frame["period"] >= 4))).all()
    sizes = frame.groupby("unit_id")["answers"].agg(["min", "max"])
    assert (sizes["min"] == sizes["max"]).all() and sizes["max"].max() > 10 * sizes["max"].min()
    assert frame.equals(few_stores.draw(5)[0]) and not frame.equals(few_stores.draw(6)[0])


def test_every_store_is_as_likely_and_parameters_differ_by_seed() -> None:
    truths = [few_stores.draw(seed)[1] for seed in range(400)]
    assert np.mean([t["is_treated"] for t in truths], axis=0) == pytest.approx(np.full(12, 0.25), abs=0.08)
    assert np.ptp([t["effect_points"] for t in truths]) > 7


def test_the_effect_is_what_was_planted_and_stores_differ_in_noise() -> None:
    gaps, spreads = [], []
    for seed in range(300):
        frame, truth = few_stores.draw(seed)
        half = frame.assign(after=frame["period"] >= 4).groupby(["unit_id", "after"])["score"].mean().unstack()
        change, treated = (half[True] - half[False]).to_numpy(), np.array(truth["is_treated"])
        gaps.append(change[treated].mean() - change[~treated].mean() - truth["effect_points"])
        spreads.append(max(truth["turn_sd_points"]) / min(truth["turn_sd_points"]))
    assert abs(np.mean(gaps)) < 3 * np.std(gaps) / np.sqrt(300) and np.median(spreads) > 3
    nothing, same = few_stores.draw(5, effect=0.0), few_stores.draw(5)
    assert nothing[1]["effect_points"] == 0.0
    assert (same[0]["score"] - nothing[0]["score"]).to_numpy() == pytest.approx(same[0]["programme"] * same[1]["effect_points"])
