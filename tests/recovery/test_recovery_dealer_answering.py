"""Dealers whose customers answer more where served better: the corrected score holds the planted truth, without the dealer it does not."""

from __future__ import annotations

import numpy as np

from benchmarks import coverage_silence
from voclib.simulate.worlds import dealer_answering
from voclib.studies.survivorship import correction

RUNS = 60


def coverage(pull: float) -> np.ndarray:
    """How often the interval holds the truth with what the page knows of a dealer, and without (2,)."""
    held = []
    for seed in range(RUNS):
        world, truth = dealer_answering.draw(seed, pull=pull)
        made = [fit(world) for fit in (coverage_silence.by_dealer, coverage_silence.without_dealer)]
        held.append([one.conf_low <= truth <= one.conf_high for one in made])
    return np.mean(held, axis=0)


def test_dealers_whose_customers_answer_more_where_served_better() -> None:
    ours, without = coverage(0.6)
    assert ours >= 0.88 and without <= 0.65


def test_dealers_that_differ_in_nothing_but_quality_cost_nothing() -> None:
    ours, without = coverage(0.0)
    assert ours >= 0.88 and without >= 0.88


def test_the_context_leaves_each_customer_out_and_needs_dealers() -> None:
    (_, y, unit), _ = dealer_answering.draw(3, pull=0.6)
    column, = correction.dealer_answering(y, unit)
    flipped = np.where(np.arange(len(y)) == 7, np.where(np.isnan(y), 100.0, np.nan), y)
    assert np.isclose(correction.dealer_answering(flipped, unit)[0][7], column[7], atol=0.02) and correction.dealer_answering(y, None) == []
    alone = np.where(np.arange(len(y)) < 5, -1 - np.arange(len(y)), unit)
    assert np.ptp(correction.dealer_answering(y, alone)[0][:5]) == 0, "who has no dealer gets the mean of all"
