"""Many groups on planted worlds: intervals that hold on average, discoveries that are none, and what a ranking or a list of small p makes of them.

The seeds are fixed, so a run repeats; `make coverage` holds the same settings to their full bands.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmarks import coverage, coverage_segments
from voclib.simulate.worlds import segments as segments_world
from voclib.stats import shrinkage
from voclib.studies.scores import segments

SETTINGS = {s.name: s for s in coverage_segments.settings()}
SHORT, LOOKS = 200, 60
SHAPES = ("normal", "two-point", "skewed")
CUT = "77 groups of 6000 answers"


@cache
def measured(name: str, runs: int = SHORT, band: tuple[float, float] | None = None) -> dict:
    return coverage.measure(SETTINGS[name], runs=runs, band=band)


class TestShrinking:
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("groups", [20, 60])
    def test_intervals_hold_on_average_whatever_the_shape(self, shape: str, groups: int) -> None:
        record = measured(f"groups, drawn in: {groups} groups, {shape} differences")
        assert record["passed"] and record["share"] >= 0.94, record

    @pytest.mark.parametrize("shape", SHAPES)
    def test_the_ten_highest_of_sixty_are_lucky_and_their_own_intervals_do_not_know(self, shape: str) -> None:
        assert measured(f"groups, drawn in: 60 groups, {shape} differences")["naive_share"] < 0.90

    @pytest.mark.parametrize("shape", SHAPES)
    def test_taking_the_differences_for_normal_covers_too_seldom(self, shape: str) -> None:
        assert measured(f"groups, drawn in, taken for normal: 60 groups, {shape} differences")["share"] < 0.93

    @pytest.mark.parametrize("shape", SHAPES)
    def test_shrunken_numbers_are_closer_to_the_truth(self, shape: str) -> None:
        off = []
        for seed in range(60):
            frame, truth = segments_world.effects(seed, shape=shape)
            found = shrinkage.shrink(frame["estimate"], frame["std_error"]).value
            off.append([((v - truth["true_value"]) ** 2).mean() for v in (found, frame["estimate"].to_numpy())])
        ours, raw = np.mean(off, axis=0)
        assert ours < 0.5 * raw

    def test_the_spread_of_true_values_is_found(self) -> None:
        ratios = []
        for seed in range(40):
            frame, truth = segments_world.effects(seed, groups=200)
            ratios.append(shrinkage.shrink(frame["estimate"], frame["std_error"]).spread / truth["spread"])
        assert np.median(ratios) == pytest.approx(1.0, abs=0.1)


class TestManyLooks:
    def test_where_nothing_differs_nothing_is_reported_and_a_list_of_small_p_is_not_empty(self) -> None:
        record = measured(f"many groups, false alarms: {CUT}, none differs", LOOKS)
        assert record["share"] <= 0.05 and record["naive_share"] > 0.6, record

    def test_what_is_reported_is_there_and_most_of_what_is_there_is_reported(self) -> None:
        world = f"{CUT}, some differ by 14 to 20 points"
        record = measured(f"many groups, false discoveries: {world}", LOOKS)
        assert record["share"] <= 0.05 < record["naive_share"], record
        assert measured(f"many groups, found: {world}", LOOKS)["share"] >= 0.65

    def test_units_as_groups_raise_no_alarm_where_they_do_not_differ(self) -> None:
        alarms, by_luck = [], []
        for seed in range(40):
            frame, _ = segments_world.answers(seed, n=4000, units=30, planted_points=0.0, units_differ=0.0)
            found = segments.compare(frame, function="nps", column="nps_score", by={"unit_id": None})
            alarms.append(len(found.found) > 0)
            by_luck.append(len(found.picked) / found.luck)
        assert np.mean(alarms) <= 0.10 and np.mean(by_luck) == pytest.approx(1.0, abs=0.35), "luck is what the page says it is"

    def test_taking_answers_for_independent_finds_regions_where_only_dealers_differ(self) -> None:
        naive, ours = [], []
        for seed in range(100):
            frame, _ = segments_world.answers(seed, planted_points=0.0, units_differ=10.0)
            ours.append(len(segments.compare(frame, function="nps", column="nps_score", by={"region": "unit_id"}).found))
            naive.append(len(segments.compare(frame, function="nps", column="nps_score", by={"region": None}).found))
        assert np.mean(np.array(naive) > 0) > 0.4 and np.mean(np.array(ours) > 0) <= 0.10
