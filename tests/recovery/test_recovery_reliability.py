"""What the measurement gate must hold on planted worlds: 200 runs a promise, the naive way on the same data, a twin for every refusal."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmarks import coverage, coverage_reliability

SETTINGS = {s.name: s for s in coverage_reliability.settings()}
SHORT, BAND, ALARMS, FOUND = 200, coverage.SHORT_BAND, (0.0, 0.09), (0.8, 1.0)
NONE = "60 groups that are no stores"


@cache
def measured(name: str, runs: int = SHORT, band: tuple[float, float] = BAND) -> dict:
    return coverage.measure(SETTINGS[name], runs=runs, band=band)


def test_the_long_runs_know_every_setting() -> None:
    assert set(SETTINGS) < {s.name for s in coverage.settings()}


@pytest.mark.parametrize("name", [name for name, s in SETTINGS.items() if s.kind == "coverage"])
def test_intervals_hold_what_was_planted_and_naive_ones_do_not(name: str) -> None:
    record = measured(name)
    assert record["passed"] and record["refusals"] == 0 and abs(record["bias"]) < 0.03, record
    assert record["naive_coverage"] is None or record["naive_coverage"] < 0.9


def test_groups_that_are_no_stores_are_not_taken_for_some_though_they_pass_the_rule_of_thumb() -> None:
    for method in ("icc1, stores differ", "r_wg, beyond regrouping"):
        record = measured(f"{method}: {NONE}", band=ALARMS)
        assert record["passed"] and record["naive_share"] >= 0.9, record


def test_and_yet_stores_that_differ_are_found() -> None:
    for name in ("icc1, stores differ: 60 stores, ICC 0.05 to 0.15", "icc1, stores differ: 100 stores, ICC 0.05",
                 "r_wg, beyond regrouping: 100 stores, ICC 0.15 to 0.3"):
        assert measured(name, 100, FOUND)["passed"]


def test_no_change_is_not_taken_for_some_though_the_level_is_reliable() -> None:
    record = measured("change is measurable: 60 stores, 12 periods, nothing changes", band=ALARMS)
    assert record["passed"] and record["naive_share"] >= 0.9, record


def test_and_yet_little_change_is_seen() -> None:
    assert measured("change is measurable: 60 stores, 12 periods, λ 0.1 to 0.3", 100, FOUND)["passed"]


def test_where_nothing_lasts_the_truth_is_the_worlds_own_and_lasting_climates_show_less_of_it() -> None:
    """The exact share of a lasting climate that is change in twelve periods, against a world drawn at length."""
    assert coverage_reliability.seen_share(0.0, 12) == pytest.approx(1)
    rng = np.random.default_rng(1)
    path = rng.normal(size=(200_000, 12))
    for step in range(1, 12):
        path[:, step] = 0.4 * path[:, step - 1] + np.sqrt(1 - 0.16) * path[:, step]
    assert coverage_reliability.seen_share(0.4, 12) == pytest.approx(path.var(axis=1, ddof=1).mean(), abs=0.005)
