"""Feelings that fade from later scores, on planted calls: slopes by lag, whether they fall, how long half of it takes; and one slope for all lags.

The seeds are fixed, so a run repeats; `make coverage` holds the same settings to their full bands.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmarks import coverage, coverage_segments
from voclib.simulate.worlds import cooling as cooling_world
from voclib.stats import cooling

SETTINGS = {s.name: s for s in coverage_segments.settings()}
SHORT, WORLD = 200, "1500 answers of 40 units"


@cache
def measured(name: str, runs: int = SHORT, band: tuple[float, float] = coverage.SHORT_BAND) -> dict:
    return coverage.measure(SETTINGS[name], runs=runs, band=band)


@pytest.mark.parametrize("band", coverage_segments.BANDS)
def test_slopes_by_lag_hold_the_truth(band: str) -> None:
    record = measured(f"cooling, slope: {WORLD}, {band}")
    assert record["passed"] and record["coverage"] >= 0.93 and abs(record["bias"]) < 0.03, record


def test_one_slope_for_all_lags_overstates_what_is_left_after_a_week_and_understates_the_moment() -> None:
    late, early = (measured(f"cooling, slope: {WORLD}, {band}") for band in ("after 7 to 14 days", "within 1 day"))
    assert late["naive_bias"] > 0.15 and late["naive_coverage"] < 0.2 and early["naive_bias"] < -0.15


def test_a_fall_is_found_where_the_feeling_fades_and_only_there() -> None:
    found = measured(f"cooling, fall: {WORLD}, a feeling that fades")
    assert found["passed"] and found["power"] >= 0.9, found
    assert measured(f"cooling, fall: {WORLD}, nothing fades", band=(0.0, 0.09))["passed"]


def test_the_half_life_is_in_its_range_and_withheld_where_nothing_fades() -> None:
    record = measured(f"cooling, half-life: {WORLD}, a feeling that fades", 100)
    assert record["coverage"] >= 0.88 and record["refusals"] < 0.1, record
    withheld = []
    for seed in range(60):
        frame, _ = cooling_world.draw(seed, fades=0.0)
        withheld.append(not cooling.cooling(frame["csat_score"], frame["feeling"], frame["lag_days"], cluster=frame["unit_id"]).is_told)
    assert np.mean(withheld) > 0.9


def test_a_range_without_an_end_is_said_to_have_none() -> None:
    ends = []
    for seed in range(40):
        frame, _ = cooling_world.draw(seed, answers=3000, half_life=20.0, fades=0.9)
        given = frame["csat_score"], frame["feeling"], frame["lag_days"]
        if cooling.cooling(*given, cluster=frame["unit_id"]).is_told:
            ends.append(cooling.half_life(*given, cluster=frame["unit_id"]).high)
    assert len(ends) > 15 and np.mean(np.isinf(ends)) > 0.6, "within a fortnight nobody can tell 20 days from 200"


def test_the_slopes_of_the_truth_are_those_of_a_large_sample() -> None:
    frame, truth = cooling_world.draw(5, answers=400_000, units=400)
    for (low, high), slope in zip(cooling_world.BANDS, truth["slope"], strict=True):
        part = frame[(frame["lag_days"] >= low) & (frame["lag_days"] < high)]
        seen = np.cov(part["feeling"], part["csat_score"])[0, 1] / part["feeling"].var()
        assert seen == pytest.approx(slope, abs=0.02)


def test_a_delay_that_follows_the_feeling_moves_who_answers_late() -> None:
    together = [np.corrcoef(f["feeling"], f["lag_days"])[0, 1] for f in (cooling_world.draw(3, lean=lean)[0] for lean in (0.0, 1.0))]
    assert abs(together[0]) < 0.06 and together[1] > 0.15
