"""Direction, a programme and a chain of two effects on planted worlds: 200 runs a promise, the naive way on the same data, and a twin.

The seeds are fixed, so a run repeats; `make coverage` holds the same settings to their full bands.
"""

from __future__ import annotations

from functools import cache

import pytest

from benchmarks import coverage, coverage_ex
from voclib.stats import inference

SETTINGS = {s.name: s for s in coverage_ex.settings()}
SHORT, BAND, ALARMS, FOUND = 200, coverage.SHORT_BAND, (0.0, 0.09), (0.8, 1.0)
STORES = "60 stores, 12 periods"


@cache
def measured(name: str, runs: int = SHORT, band: tuple[float, float] = BAND) -> dict:
    return coverage.measure(SETTINGS[name], runs=runs, band=band)


class TestDirection:
    def test_customers_that_move_employees_are_not_taken_for_the_other_way_round(self) -> None:
        record = measured("direction, precedes: customers move employees, not the other way", band=(0.0, 0.06))
        assert record["passed"], record
        weak = measured("direction, no lead found: customers move employees: what a passed test of leads is worth", 100, (0.2, 0.8))
        assert weak["passed"], "a test of leads alone passes in every second such world"

    def test_and_yet_employees_that_lead_are_said_to(self) -> None:
        assert measured("direction, precedes: employees lead by twice the detectable effect", 100, (0.5, 1.0))["passed"]
        assert measured("direction, a lead found: employees lead", band=ALARMS)["passed"]

    def test_the_way_back_is_found_where_it_is_and_not_where_it_is_not(self) -> None:
        assert measured("way back: employees lead, customers move nothing", band=ALARMS)["passed"]
        assert measured("way back: customers move employees, found", 60, FOUND)["passed"]

    @pytest.mark.parametrize("method", ["half panel", "Anderson-Hsiao"])
    def test_under_feedback_both_hold_the_slope_and_fixed_effects_are_too_low(self, method: str) -> None:
        record = measured(f"{method}: 100 stores, 20 periods, customers move employees too")
        assert record["passed"], record
        assert record["naive_bias"] < -0.12 and abs(record["bias"]) < 0.6 * abs(record["naive_bias"]), record


class TestProgramme:
    def test_effects_that_grow_are_held_and_static_fixed_effects_are_far_off(self) -> None:
        record = measured("event study, stores: 120 stores, programme of 4 to 8 points", 2 * SHORT)
        assert record["passed"] and abs(record["bias"]) < 0.05 * record["truth"] and record["power"] >= 0.8, record
        assert record["naive_bias"] < -0.15 * record["truth"] and record["naive_coverage"] < 0.75

    def test_stores_that_were_rising_anyway_are_noticed_and_others_are_not(self) -> None:
        assert measured("event study, stores, leads: 120 stores, rising by 2 to 3 points a period before", 60, FOUND)["passed"]
        assert measured("event study, stores, leads: 120 stores, on one path before", band=ALARMS)["passed"]

    def test_few_treated_stores_are_left_to_a_permutation_or_refused(self) -> None:
        for stores, treated in ((12, 3), (60, 4), (60, 2), (30, 28)):
            frame, _ = coverage_ex.table(1, stores=stores, programme=5.0, treated_share=treated / stores)
            given = frame.groupby("unit_id")["started"].first().notna()
            assert given.sum() == treated and inference.policy(stores, treated).methods == ("permutation",)
        for stores, treated in ((60, 1), (9, 4), (8, 2)):
            assert not inference.policy(stores, treated).p_values


class TestChain:
    def test_two_links_are_held_and_ends_multiplied_are_too_wide(self) -> None:
        record = measured("chain: two links", 2 * SHORT)
        assert record["passed"] and record["naive_coverage"] > record["coverage"], record

    @pytest.mark.parametrize("missing", ["one link is", "both links are"])
    def test_a_missing_link_raises_no_alarm(self, missing: str) -> None:
        assert measured(f"chain: {missing} missing", band=ALARMS)["passed"]

    def test_and_yet_two_links_at_twice_the_detectable_effect_are_found(self) -> None:
        assert measured("chain: both links at twice the detectable effect", 100, FOUND)["passed"]
