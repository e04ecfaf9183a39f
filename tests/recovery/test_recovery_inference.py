"""Few clusters: what regression software prints raises false alarms, the policy for that many clusters does not, and both find what is there.

The seeds are fixed, so a run repeats; `make coverage` holds the same settings to their full bands.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmarks import coverage, coverage_clusters
from voclib.results import Verdict
from voclib.stats import inference

SETTINGS = {s.name: s for s in coverage_clusters.settings()}
SHORT, ALARMS, WIDE, FOUND = 200, (0.0, 0.09), (0.91, 1.0), (0.8, 1.0)
FEW, PROGRAMME = "3 of 12 stores treated, no effect", "3 of 12 stores treated, effect of 12 to 20 points"
APART = "16 stores, 8 treated, no effect, sizes far apart"


@cache
def measured(name: str, runs: int = SHORT, band: tuple[float, float] = coverage.SHORT_BAND) -> dict:
    return coverage.measure(SETTINGS[name], runs=runs, band=band)


def test_the_long_runs_know_every_setting() -> None:
    assert set(SETTINGS) < {s.name for s in coverage.settings()}


@pytest.mark.parametrize("statistic", ["t", "difference"])
def test_three_treated_stores_raise_no_alarm_by_lot_and_one_in_four_by_clustered_errors(statistic: str) -> None:
    record = measured(f"permutation, {statistic}: {FEW}", 2 * SHORT, (0.0, 0.06))
    assert record["passed"] and record["share"] > 0.01 and record["naive_share"] >= 0.2, record


@pytest.mark.parametrize("statistic", ["t", "difference"])
def test_and_yet_a_large_effect_in_three_stores_is_found_and_held(statistic: str) -> None:
    record = measured(f"permutation, {statistic}: {PROGRAMME}")
    assert record["passed"] and record["power"] >= 0.8 and abs(record["bias"]) < 0.05 * record["truth"] and record["naive_coverage"] < 0.85, record


def test_what_the_policy_says_of_three_treated_stores() -> None:
    given = SETTINGS[f"permutation, t: {PROGRAMME}"].draw(3)[0]
    found = inference.decide(given.moments, "programme", n_treated=3)
    assert (found.policy.name, found.p_value, found.conf_low) == ("few treated", None, None) and found.policy.best is Verdict.REPORT_WITH_CAVEAT
    assert inference.permute(given.changes, given.treated).smallest_p == pytest.approx(1 / 220)


def test_the_wild_bootstrap_keeps_its_level_where_sizes_are_far_apart() -> None:
    record = measured(f"wild bootstrap: {APART}", 3 * SHORT, ALARMS)
    assert record["passed"] and record["naive_share"] > 2 * record["share"] > 0.04, record


def test_the_policy_raises_no_alarm_and_finds() -> None:
    record = measured(f"clusters, by policy: {APART}", 2 * SHORT, (0.0, 0.06))
    assert record["passed"] and record["naive_share"] > 0.12, record
    assert measured("clusters, by policy: 16 stores, 8 treated, few, sizes far apart", band=WIDE)["power"] >= 0.8


@pytest.mark.parametrize("name", [n for n in SETTINGS if n.startswith("clusters, by policy") and "no effect" not in n])
def test_intervals_by_policy_hold_what_was_planted(name: str) -> None:
    record = measured(name, band=WIDE if "few" in name else coverage.SHORT_BAND)
    assert record["passed"] and record["power"] >= 0.8, record
    assert "far apart" not in name or record["naive_coverage"] < 0.9


def test_the_statistic_that_counts_spread_is_the_safer_one_where_treatment_adds_spread_alone() -> None:
    """Treated stores that vary four times as much and do not move on average: studentised, the test keeps its level; a plain difference does not."""
    rng, d = np.random.default_rng(5), np.arange(30) < 8
    found = np.array([[inference.permute(rng.normal(size=30) * np.where(d, 4, 1), d, statistic=s, draws=199, seed=i).p_value <= 0.05
                       for s in ("t", "difference")] for i in range(500)]).mean(axis=0)
    assert found[0] <= 0.09 and found[1] >= 0.12, found
