"""Employees' and customers' voice on planted worlds: 200 runs a promise, the naive way on the same data, and a twin for what a refusal would pass.

The seeds are fixed, so a run repeats; `make coverage` holds the same settings to their full bands.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmarks import coverage, coverage_ex
from voclib.stats import panel

SETTINGS = {s.name: s for s in coverage_ex.settings()}
SHORT, BAND, ALARMS, FOUND = 200, coverage.SHORT_BAND, (0.0, 0.09), (0.8, 1.0)
STORES = "60 stores, 12 periods"
NOISE = "lagged slope, noise taken off"


@cache
def measured(name: str, runs: int = SHORT, band: tuple[float, float] = BAND) -> dict:
    return coverage.measure(SETTINGS[name], runs=runs, band=band)


def test_the_long_runs_know_every_setting() -> None:
    assert set(SETTINGS) < {s.name for s in coverage.settings()}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_runs(name: str) -> None:
    record, setting = coverage.measure(SETTINGS[name], runs=2), SETTINGS[name]
    found = record["coverage"] if setting.kind == "coverage" else record["share"]
    assert np.isfinite(found) and record["refusals"] == 0
    if setting.naive is not None:
        assert record["naive_coverage"] is not None or record["naive_share"] is not None


class TestLaggedSlope:
    def test_eight_employees_a_store_hide_a_third_of_it_and_taking_their_noise_off_gives_it_back(self) -> None:
        record = measured(f"{NOISE}: {STORES}, 8 employees", 2 * SHORT)  # a bias of 5 % needs more runs than a coverage
        assert record["passed"] and abs(record["bias"]) < 0.05 * record["truth"], record
        assert record["naive_coverage"] <= 0.75 and record["naive_bias"] < -0.2 * record["truth"] and record["power"] >= 0.95

    def test_uneven_cells_gaps_and_weights_do_no_harm(self) -> None:
        record = measured(f"{NOISE}: {STORES}, weighted by precision, gaps")
        assert record["passed"] and record["naive_coverage"] < 0.85, record

    def test_weights_from_the_cells_own_scores_bend_the_slope(self) -> None:
        record = measured("lagged slope, weights: precision of all periods against the cell's own", band=(-0.12, 0.12))
        assert record["passed"] and record["naive_share"] > record["share"] + 0.04, record

    def test_twenty_stores_get_a_wide_interval(self) -> None:
        assert measured(f"{NOISE}: 20 stores, 8 periods", band=coverage_ex.FEW_BAND)["passed"]

    def test_a_change_of_managers_is_blamed_on_employees_until_it_is_a_control(self) -> None:
        record = measured(f"{NOISE}: {STORES}, a manager changes, on record")
        assert record["passed"] and abs(record["bias"]) < 0.05 * record["truth"], record
        assert record["naive_bias"] > 0.3 * record["truth"] and record["naive_coverage"] < 0.6

    @pytest.mark.parametrize("method", ["as measured", "noise taken off"])
    def test_no_effect_raises_no_alarm_at_the_declared_lag_and_always_in_the_scatter(self, method: str) -> None:
        record = measured(f"lagged slope, {method}: {STORES}, no effect", band=ALARMS)
        assert record["passed"] and record["naive_share"] >= 0.95, record

    @pytest.mark.parametrize("method", ["as measured", "noise taken off"])
    def test_and_yet_twice_the_detectable_effect_is_found(self, method: str) -> None:
        assert measured(f"lagged slope, {method}: {STORES}, twice the detectable effect", 60, FOUND)["passed"]

    def test_twice_the_detectable_effect_is_what_the_panel_says_it_is(self) -> None:
        fits = [coverage_ex.declared(coverage_ex.panels(slope=0.0)(seed)[0]) for seed in range(30)]
        twice = 2 * np.median([panel.detectable(f.std_error, f.df) for f in fits])
        assert twice == pytest.approx(coverage_ex.TWICE, rel=0.04)

    def test_employees_of_another_store_do_nothing(self) -> None:
        assert measured(f"{NOISE}: {STORES}, employees of another store", band=ALARMS)["passed"]

    def test_every_world_has_a_slope_of_its_own(self) -> None:
        truths = [SETTINGS[f"{NOISE}: {STORES}, 8 employees"].draw(seed)[1] for seed in range(8)]
        assert len(set(truths)) == 8 and all(2.5 <= t <= 3.5 for t in truths)


class TestProfile:
    @pytest.mark.parametrize("method", ["as measured", "noise taken off"])
    @pytest.mark.parametrize("lags", ["1 to 5", "-2 to 3"])
    def test_looking_at_all_lags_raises_no_alarm_in_the_band_and_many_without(self, lags: str, method: str) -> None:
        record = measured(f"lag profile, {method}: lags {lags}, no effect", band=ALARMS)
        assert record["passed"] and record["naive_share"] > record["share"] + 0.1, record

    def test_the_best_of_five_lags_is_a_false_alarm_in_one_world_of_four(self) -> None:
        record = measured("lag profile, as measured: lags 1 to 5, no effect", band=ALARMS)
        assert 0.2 <= record["naive_share"] <= 0.36, record

    @pytest.mark.parametrize("method", ["as measured", "noise taken off"])
    @pytest.mark.parametrize("lags", ["1 to 5", "-2 to 3"])
    def test_and_yet_the_band_finds_twice_the_detectable_effect(self, lags: str, method: str) -> None:
        assert measured(f"lag profile, {method}: lags {lags}, twice the detectable effect at lag 1", 100, FOUND)["passed"]


class TestHiddenFactor:
    def test_the_interval_of_the_robustness_value_holds_the_planted_strength(self) -> None:
        record = measured("robustness value, panel: 60 stores, a manager changes, nobody recorded it")
        assert record["passed"] and abs(record["bias"]) < 0.01, record

    @pytest.mark.parametrize("confounder", [1.2, 1.8])
    def test_the_planted_strength_is_what_a_large_panel_shows(self, confounder: float) -> None:
        frame, _ = coverage_ex.table(1, stores=6000, slope=0.0, confounder=confounder)
        rows = panel.gather(frame, unit="unit_id", period="period", outcome="nps", terms=[panel.Term("ex", 1), panel.Term("is_manager_changed", 1)])
        d, z, y = (rows.x[:, 0].copy(), rows.x[:, 1].copy(), rows.y.copy())
        for v in (d, z, y):
            square = v.reshape(rows.n_units, -1)
            square -= square.mean(axis=1, keepdims=True)
            square -= square.mean(axis=0)
        of_d = np.corrcoef(d, z)[0, 1] ** 2
        rest = [v - d * (d @ v) / (d @ d) for v in (y, z)]
        of_y = np.corrcoef(*rest)[0, 1] ** 2
        factor = np.sqrt(of_y * of_d / (1 - of_d))
        partial = np.corrcoef(d, y)[0, 1]
        assert factor == pytest.approx(abs(partial) / np.sqrt(1 - partial**2), abs=0.01), "nothing but the factor links them"
        strength = coverage_ex.planted_robustness(confounder)
        assert strength / np.sqrt(1 - strength) == pytest.approx(factor, rel=0.06)


class TestBetweenAndWithin:
    def test_a_noisy_survey_is_not_taken_for_a_paradox(self) -> None:
        record = measured("between against within: 60 stores, the same slope, five employees", 50, ALARMS)
        assert record["passed"] and record["naive_share"] >= 0.4, record

    def test_and_yet_opposite_slopes_are_told(self) -> None:
        assert measured("between against within: 60 stores, opposite slopes", 40, FOUND)["passed"]
