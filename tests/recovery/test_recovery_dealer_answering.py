"""Dealers whose customers answer more where served better: the corrected score holds the planted truth, without the dealer it does not."""

from __future__ import annotations

import numpy as np

from benchmarks import coverage_silence
from voclib.results import Estimate
from voclib.simulate.worlds import dealer_answering
from voclib.stats import crossfit
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


def others_alone(dealt: coverage_silence.Dealt) -> Estimate:
    """With the readiness of the dealer's other customers, each one's own left out."""
    known, y, unit = dealt
    share = crossfit.group_mean((~np.isnan(y)).astype(float), unit, own_from=np.inf)
    return coverage_silence.without_dealer((np.column_stack([known, np.log(share / (1 - share))]), y, unit))


def test_small_dealers_need_the_whole_dealer_and_not_the_others_in_it() -> None:
    errors, held = [], []
    for seed in range(RUNS):
        world, truth = dealer_answering.draw(seed, pull=0.6, dealers=400)
        made = [fit(world) for fit in (coverage_silence.by_dealer, others_alone)]
        errors.append([one.value - truth for one in made])
        held.append([one.conf_low <= truth <= one.conf_high for one in made])
    (bias, bias_others), (ours, others) = np.mean(errors, axis=0), np.mean(held, axis=0)
    assert abs(bias) < 1.5 < 4 < bias_others and ours >= 0.87 and others <= 0.7, (bias, bias_others, ours, others)


def test_dealers_that_attract_customers_who_answer_anyway_are_no_better_for_it() -> None:
    errors = []
    for seed in range(RUNS):
        world, truth = dealer_answering.draw(seed, pull=0.6, mixed=0.8)
        known, y, unit = world
        share = correction.dealer_answering(y, unit, known)[0]
        made = coverage_silence.by_dealer(world), coverage_silence.without_dealer((np.column_stack([known, share]), y, unit))
        errors.append([one.value - truth for one in made])
    ours, share_alone = np.mean(errors, axis=0)
    assert abs(ours) < 1.3 and share_alone - ours > 1.2, (ours, share_alone)


def test_the_context_counts_each_customer_of_a_dealer_large_enough_and_needs_dealers() -> None:
    (known, y, unit), _ = dealer_answering.draw(3, pull=0.6)
    share, likely = correction.dealer_answering(y, unit, known)
    assert all(np.ptp(column[unit == 7]) == 0 for column in (share, likely)) and correction.dealer_answering(y, None, known) == []
    few = np.where(unit == 7, np.where(np.cumsum(unit == 7) <= 5, 7, 8), unit)
    small = correction.dealer_answering(y, few, known)[0][few == 7]
    assert np.ptp(small[np.isnan(y[few == 7])]) == 0 < np.ptp(small), "of five customers each one's own answer is left out"
    alone = np.where(np.arange(len(y)) < 5, -1 - np.arange(len(y)), unit)
    assert all(np.ptp(column[:5]) == 0 for column in correction.dealer_answering(y, alone, known)), "who has no dealer gets the mean of all"


def test_dealers_that_differ_by_chance_alone_tell_nothing() -> None:
    (known, y, unit), _ = dealer_answering.draw(5, pull=0.0)
    told = [correction.dealer_answering(np.random.default_rng(seed).permutation(y), unit, known) for seed in range(20)]
    assert sum(made == [] for made in told) >= 4, "moments see no spread in about half of such worlds"
