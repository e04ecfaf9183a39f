"""Bad batches on planted data: named in advance, picked, first day; what counts and rates without age say of the same batches.

The seeds are fixed, so a run repeats; `make coverage` holds the same settings, and those on voices and operations, to their full bands.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from benchmarks import coverage, coverage_batches, coverage_causes
from voclib.simulate.worlds import carriers, culprit, dealer_months

SHORT = 120
SETTINGS = {s.name: s for s in (*coverage_causes.settings(), *coverage_batches.settings())}


@cache
def worlds() -> pd.DataFrame:
    """One row a seed: what was planted, what was found, what the naive ways say."""
    rows = []
    for seed in range(SHORT):
        data = coverage_causes._drawn(seed, None)
        truth, named, picked, first = data[1], coverage_causes.named(data), coverage_causes.picked(data), coverage_causes.since(data)
        plain = coverage_causes.by_vehicle(data)
        rows.append({"named": named.conf_low <= truth["ratio"] <= named.conf_high, "plain": plain[0] <= truth["ratio"] <= plain[1],
                     "right": coverage_causes.accused(data) == truth["bad"], "most": coverage_causes.most_repairs(data) == truth["bad"],
                     "picked": picked.conf_low <= 1 <= picked.conf_high if picked.kind == "estimate" else np.nan,
                     "since": first.conf_low <= 0 <= first.conf_high if first.kind == "estimate" else np.nan})
    return pd.DataFrame(rows)


def test_a_batch_named_in_advance_is_covered_where_rates_without_age_are_not() -> None:
    rows = worlds()
    assert 0.91 <= rows["named"].mean() <= 0.985 and rows["plain"].mean() < 0.6


@pytest.mark.parametrize("what", ["", ", none bad"])
def test_among_few_batches_and_repairs_a_ratio_is_covered_and_none_accused(what: str) -> None:
    name = f"{'batches accused' if what else 'ratio of a batch named in advance'}: 2 parts of 6 to 10 batches, 50 to 500 repairs in all{what}"
    record = coverage.measure(SETTINGS[name], runs=60)
    assert record["passed"] and record["R"] == 60, record


@pytest.mark.parametrize("what", ["all batches, drawn in", "ordinary siblings of a bad batch"])
def test_among_few_batches_intervals_hold_on_average_where_one_prior_or_a_bad_sibling_taken_for_ordinary_does_not(what: str) -> None:
    record = coverage.measure(SETTINGS[f"{what}: {coverage_batches.THIN}"], runs=30)
    assert record["passed"] and record["share"] >= 0.93 and record["naive_share"] <= 0.92, record


def test_the_batch_picked_is_covered_and_mostly_the_right_one_where_counts_point_elsewhere() -> None:
    rows = worlds()
    assert rows["picked"].mean() >= 0.93
    assert rows["right"].mean() >= 0.9 and rows["most"].mean() < 0.3


def test_the_first_day_is_covered() -> None:
    rows = worlds()
    assert 0.91 <= rows["since"].mean() <= 0.985 and rows["since"].notna().mean() > 0.85


def test_nothing_is_accused_where_nothing_is_bad_and_a_funnel_accuses_some() -> None:
    accused, funnel = [], []
    for seed in range(SHORT):
        data = coverage_causes._drawn(seed + 7000, 1.0)
        accused.append(coverage_causes.any_told(data))
        funnel.append(coverage_causes.any_above(data))
    assert np.mean(accused) <= 0.09 and np.mean(funnel) > 0.5


def test_of_two_bad_batches_of_a_supplier_both_are_told_and_the_supplier_is_never_called_fine() -> None:
    seen = [coverage_causes._drawn(seed, None, second=4.0) for seed in range(24)]
    assert np.mean([coverage_causes.both_told(one) for one in seen]) >= 0.6
    assert np.mean([coverage_causes.called_fine(one) for one in seen]) <= 0.05
    assert np.mean([coverage_causes.called_fine_by_silence(one) for one in seen]) > 0.3


def test_parts_that_differ_unequally_accuse_no_batch_where_one_spread_for_all_does() -> None:
    calm = [coverage_causes._drawn(seed, 1.0, unequal=0.8) for seed in range(24)]
    ours, alike = ([count(one) for one in calm] for count in (coverage_causes.any_told, coverage_causes.any_told_alike))
    assert np.mean(ours) <= 0.09 and np.mean(alike) >= 2 * max(np.mean(ours), 0.06)


def test_owners_voices_are_covered_where_complaints_taken_one_by_one_are_not() -> None:
    record = coverage.measure(SETTINGS["voice follows the batch: 250 owners and 1500 of siblings"], runs=SHORT, band=coverage.SHORT_BAND)
    assert record["passed"], record


def test_a_pair_is_found_inside_dealers_and_none_where_busy_dealers_have_more_of_all() -> None:
    calm = [coverage_causes._months(lambda t: None, effect=0.0)(seed)[0] for seed in range(12)]
    told = [coverage_causes._months(lambda t: None, effect=0.25)(seed)[0] for seed in range(12)]
    assert np.mean([coverage_causes.any_backed(one) for one in calm]) <= 0.1 and np.mean([coverage_causes.any_across(one) for one in calm]) > 0.5
    assert np.mean([coverage_causes.backed(one) for one in told]) >= 0.8


@pytest.mark.parametrize("seed", range(2))
def test_draws_repeat_and_differ_by_seed(seed: int) -> None:
    one, two = culprit.draw(seed), culprit.draw(seed)
    pd.testing.assert_frame_equal(one[0], two[0])
    assert one[2]["bad"] in set(one[1]["batch_id"]) and one[2]["ratio"] != culprit.draw(seed + 1)[2]["ratio"]
    pd.testing.assert_frame_equal(carriers.draw(seed)[0]["responses"], carriers.draw(seed)[0]["responses"])
    pd.testing.assert_frame_equal(dealer_months.draw(seed)[1], dealer_months.draw(seed)[1])
