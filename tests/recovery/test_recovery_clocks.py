"""Clocks of cases on planted data: the share in time holds the truth where closed cases alone overstate it; hurried closings are seen, others not.

The seeds are fixed, so a run repeats; `make coverage` holds the same settings to their full bands.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import coverage, coverage_loop
from voclib.simulate.worlds import clocks

SETTINGS = {s.name: s for s in coverage_loop.settings()}
SHORT = 200


@pytest.mark.parametrize("size", ["800 cases of 40 dealers", "150 cases of 12 dealers"])
def test_open_cases_counted_hold_the_truth_and_closed_alone_do_not(size: str) -> None:
    record = coverage.measure(SETTINGS[f"clock, open cases counted: {size}, opened over 9 days"], runs=SHORT, band=coverage.SHORT_BAND)
    assert record["passed"] and record["refusals"] == 0, record
    assert record["naive_bias"] > 0.1 and record["naive_coverage"] < 0.1, "closed cases alone overstate how many are in time"


def test_closings_that_pile_up_are_seen_and_others_are_not() -> None:
    size = "closings before the limit: 3000 cases of 40 dealers"
    found, wrong = (coverage.measure(SETTINGS[f"{size}, {what}"], runs=SHORT, band=band)
                    for what, band in (("a third of late ones hurried in", (0.8, 1.0)), ("nobody hurries", (0.0, 0.09))))
    assert found["passed"] and wrong["passed"], (found, wrong)


@pytest.mark.parametrize("hurried", [0.0, 0.4])
def test_the_truth_is_what_a_large_draw_shows(hurried: float) -> None:
    frame, truth = clocks.draw(4, cases=400_000, units=4000, days=4000.0, hurried=hurried)
    hours = (frame["resolved_at"] - frame["opened_at"]) / np.timedelta64(1, "h")
    told = frame["opened_at"] <= truth["end_at"] - np.timedelta64(int(truth["limit"]), "h")
    assert (hours[told] <= truth["limit"]).mean() == pytest.approx(truth["share"], abs=0.004)


def test_parameters_are_drawn_by_seed_and_draws_repeat() -> None:
    shares = {clocks.draw(seed)[1]["share"] for seed in range(8)}
    assert len(shares) == 8 and clocks.draw(3)[0].equals(clocks.draw(3)[0])
