"""Clocks of cases on planted data: the share in time holds the truth where closed cases alone overstate it; hurried closings are seen, others not.

The seeds are fixed, so a run repeats; `make coverage` holds the same settings to their full bands.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import coverage, coverage_loop
from voclib.loop import inner_loop
from voclib.loop.inner_loop import checks
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


def test_a_crowd_of_hard_cases_in_the_last_days_is_seen_and_neither_number_is_said_to_hold_for_them() -> None:
    """As many cases again arrive in the last two days and take two to four times as long: no number made of earlier ones can know that."""
    flagged, beside = [], []
    for seed in range(30):
        frame, truth = clocks.draw(seed)
        hard, own = clocks.draw(1000 + seed, median=36.0 * np.random.default_rng([seed, 5]).uniform(2, 4), slow=0.3, never=0.08)
        end, took = truth["end_at"], hard["resolved_at"] - hard["opened_at"]
        opened = end - (end - hard["opened_at"]) * (2 / 9)
        late = hard.assign(opened_at=opened, resolved_at=(opened + took).where(opened + took < end))
        both = pd.concat([frame, late], ignore_index=True).astype({"opened_at": "datetime64[us, UTC]", "resolved_at": "datetime64[us, UTC]"})
        found = coverage_loop._measured(both.assign(value_tier=None, severity="low", asof=end))
        check = checks.open_cases(found.every, found.due, inner_loop.CLOSE)
        flagged.append(check.passed is False)
        beside.append(found.due.conf_low > (truth["share"] + own["share"]) / 2)
        assert "for these alone" in check.consequence.en
    assert np.mean(flagged) >= 0.8 and np.mean(beside) >= 0.8, (np.mean(flagged), np.mean(beside))


@pytest.mark.parametrize("hurried", [0.0, 0.4])
def test_the_truth_is_what_a_large_draw_shows(hurried: float) -> None:
    frame, truth = clocks.draw(4, cases=400_000, units=4000, days=4000.0, hurried=hurried)
    hours = (frame["resolved_at"] - frame["opened_at"]) / np.timedelta64(1, "h")
    told = frame["opened_at"] <= truth["end_at"] - np.timedelta64(int(truth["limit"]), "h")
    assert (hours[told] <= truth["limit"]).mean() == pytest.approx(truth["share"], abs=0.004)


def test_parameters_are_drawn_by_seed_and_draws_repeat() -> None:
    shares = {clocks.draw(seed)[1]["share"] for seed in range(8)}
    assert len(shares) == 8 and clocks.draw(3)[0].equals(clocks.draw(3)[0])
