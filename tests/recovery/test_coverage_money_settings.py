"""What the money study must hold, on planted worlds: 200 runs a promise, the naive way on the same data, and a twin for what a refusal would pass.

The seeds are fixed, so a run repeats; `make coverage` holds the same settings to their full bands. A true 95 % method lies within `BAND` at
200 runs, and below `ALARMS` where nothing is to be found (methods of the short tier).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmarks import coverage, coverage_attribution, coverage_designs, coverage_money, coverage_sensitivity, coverage_worth

MODULES = (coverage_money, coverage_designs, coverage_attribution, coverage_worth, coverage_sensitivity)
SETTINGS = {s.name: s for module in MODULES for s in module.settings()}
SHORT, BAND, ALARMS, SAFE, FOUND = 200, coverage.SHORT_BAND, (0.0, 0.09), (0.91, 1.0), (0.8, 1.0)
CUSTOMERS = "2000 customers"
NOTHING, TWICE = f"{CUSTOMERS}, no effect, strong confounding", f"{CUSTOMERS}, twice the detectable effect, strong confounding"
LOSS, AGENTS = "400 customers, loss begins and grows after exposure", "80 agents × 60 calls"
CHANGE = {"event study": LOSS, "leniency, UJIVE": f"{AGENTS}, a wait costs 120 to 160 yuan", "point of NPS": f"{CUSTOMERS}, path tilt",
          "hazard, time-varying exposure": "600 contracts, complaints add 0.5 to 0.8 to the log-odds"}


@cache
def measured(name: str, runs: int = SHORT, band: tuple[float, float] = BAND) -> dict:
    return coverage.measure(SETTINGS[name], runs=runs, band=band)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_runs(name: str) -> None:
    record, setting = coverage.measure(SETTINGS[name], runs=2), SETTINGS[name]
    found = record["coverage"] if setting.kind in ("coverage", "bounds") else record["share"]
    assert np.isfinite(found) and record["refusals"] in (0.0, 0.5, 1.0)
    if setting.naive is not None and setting.kind != "refusals":
        assert record["naive_coverage"] is not None or record["naive_share"] is not None


def test_the_long_runs_know_every_setting() -> None:
    assert set(SETTINGS) < {s.name for s in coverage.settings()}


@pytest.mark.parametrize("method", CHANGE)
def test_intervals_hold_what_was_planted_and_the_naive_ones_do_not(method: str) -> None:
    record = measured(f"{method}: {CHANGE[method]}")
    assert record["passed"] and record["naive_coverage"] < 0.93, record


def test_the_slide_is_several_times_too_large_and_aipw_is_within_5_percent() -> None:
    record = measured(f"att, poisson: {CUSTOMERS}, log sd 0.8", 2 * SHORT)  # a bias of 5 % needs more runs than a coverage
    assert record["passed"], record
    assert 3.0 < 1 + record["naive_bias"] / record["truth"] < 4.5 and record["naive_coverage"] < 0.1
    assert abs(record["bias"]) < 0.05 * abs(record["truth"]) and record["refusals"] == 0


@pytest.mark.parametrize("method", ["att, poisson", "ppml"])
def test_no_effect_and_strong_confounding_raise_no_alarm_and_the_slide_always_does(method: str) -> None:
    record = measured(f"{method}: {NOTHING}", band=ALARMS)
    assert record["passed"] and record["naive_share"] >= 0.9 and record["refusals"] == 0, record


def test_and_yet_twice_the_detectable_effect_is_found_under_strong_confounding() -> None:
    assert measured(f"att, poisson: {TWICE}", band=FOUND)["passed"]


def test_heavy_tails_get_the_refusal_verdict_and_moderate_ones_do_not() -> None:
    heavy, moderate = (measured(f"gate of money: {CUSTOMERS}, log-sd {sd}", band=band) for sd, band in (("2", (0.95, 1.0)), ("0.6", (0.0, 0.05))))
    assert heavy["passed"] and moderate["passed"], (heavy, moderate)


def test_no_overlap_is_refused_by_name_and_vips_who_waited_get_their_interval() -> None:
    setting = SETTINGS["att of VIPs: VIPs never wait"]
    assert measured(setting.name, 100, (1.0, 1.0))["passed"]
    found = setting.call(setting.draw(3)[0])
    assert "VIPs" in found.reason.en and "贵宾" in found.reason.zh and found.value is None
    record = measured("att of VIPs: 4000 customers, VIPs wait")
    assert record["passed"] and record["refusals"] == 0, record


def test_an_exposure_told_in_advance_is_refused() -> None:
    assert measured("att: a covariate that was recorded because of the wait", 50, (1.0, 1.0))["passed"]


def test_bounds_hold_the_truth_where_a_factor_is_hidden_and_the_interval_does_not() -> None:
    for name in ("bounds at the planted strength", "bounds at the strength of a covariate that is no weaker"):
        record = measured(f"hidden factor: {name}", band=SAFE)
        assert record["passed"] and record["naive_coverage"] < 0.5, record


def test_bounds_told_too_little_fail_and_a_large_loss_stays_outside_zero() -> None:
    assert measured("hidden factor: bounds at a quarter of the planted strength", 100, (0.0, 0.6))["passed"]
    assert measured("hidden factor: bounds at the strength of a covariate, margin halved", 100, FOUND)["passed"]


def test_calls_that_are_not_drawn_by_lot_are_refused_and_so_are_agents_without_differences() -> None:
    for what, least in (("hard cases go to slow agents", 0.8), ("agents all alike", 0.95)):
        record = measured(f"leniency, refused: {AGENTS}, {what}", band=(least, 1.0))
        assert record["passed"], record


def test_and_yet_agents_by_lot_give_their_answer_and_find() -> None:
    record = measured(f"leniency, UJIVE: {CHANGE['leniency, UJIVE']}")
    assert record["refusals"] <= 0.1 and record["power"] >= 0.8 and abs(record["bias"]) < 0.1 * abs(record["truth"]), record


def test_agents_by_lot_raise_no_alarm_where_a_wait_does_nothing() -> None:
    record = measured(f"leniency, UJIVE: {AGENTS}, no effect", band=ALARMS)
    assert record["passed"] and record["naive_share"] >= 0.9, record


def test_falling_before_exposure_is_noticed_and_a_clean_panel_stands_and_finds() -> None:
    falling = measured("event study, leads: 400 customers, falling by 10 to 20 yuan a month before exposure", 100, FOUND)
    assert falling["passed"] and measured(f"event study, stands: {LOSS}", band=FOUND)["passed"]
    record = measured(f"event study: {LOSS}")
    assert record["power"] >= 0.8 and abs(record["bias"]) < 0.05 * abs(record["truth"]), record


def test_months_compared_with_their_own_past_raise_no_alarm() -> None:
    record = measured("event study: 400 customers, no effect", band=ALARMS)
    assert record["passed"] and record["naive_share"] >= 0.9, record


def test_complaints_that_do_nothing_do_not_protect_and_harmful_ones_are_found() -> None:
    record = measured("hazard, time-varying exposure: 600 contracts, complaints do nothing", band=ALARMS)
    assert record["passed"] and record["naive_share"] >= 0.9 and record["naive_bias"] < -0.1, "who left early had no time to complain"
    assert measured(f"hazard, time-varying exposure: {CHANGE['hazard, time-varying exposure']}")["power"] >= 0.8


def test_the_joint_loss_is_found_and_single_ones_add_up_to_more() -> None:
    record = measured("joint removal, total: 4000 customers, 5 overlapping pains", 100, (0.88, 1.0))
    assert record["passed"] and record["naive_bias"] > 0.15 * record["truth"], record


def test_a_bystander_topic_is_charged_nothing_though_its_leave_out_impact_is_not() -> None:
    record = measured("joint removal, bystander: 4000 customers, no effect, bad company", band=ALARMS)
    assert record["passed"] and record["naive_share"] >= 0.9, record


def test_and_yet_a_topic_that_costs_money_is_charged() -> None:
    assert measured("joint removal, bystander: 8000 customers, no bystander any more", 100, FOUND)["passed"]


def test_a_recovery_programme_that_does_nothing_gains_nothing_though_scores_rise_by_fifty_points() -> None:
    record = measured("recovery: calls by list, a call does nothing", band=ALARMS)
    assert record["passed"] and record["naive_share"] >= 0.99 and 45 < record["naive_bias"] < 60 and abs(record["bias"]) < 2, record


def test_and_yet_calls_that_help_are_found_and_without_anybody_left_uncalled_nothing_is_said() -> None:
    assert measured("recovery: calls by list, does a call help", band=FOUND)["passed"]
    assert measured("recovery: every detractor is called", 20, (1.0, 1.0))["passed"]


def test_a_point_of_nps_is_worth_nothing_where_classes_differ_only_in_the_past_and_is_found_where_they_do() -> None:
    record = measured("point of NPS: classes differ only in what they spent before", band=ALARMS)
    assert record["passed"] and record["naive_share"] >= 0.9, record
    assert measured(f"point of NPS: {CUSTOMERS}, path tilt")["power"] >= 0.8


def test_a_programme_that_does_nothing_seldom_seems_to_pay_and_one_that_pays_does() -> None:
    idle = measured("return: programme does nothing, evidence level 1, P(NPV > 0)", band=(0.0, 0.10))
    assert idle["passed"] and idle["naive_share"] > idle["share"], idle
    for what, least in (("tried by lot", "0.8"), ("evidence level 1", "0.4")):
        assert measured(f"return: programme pays, {what}, P(NPV > 0) of at least {least}", 100, FOUND)["passed"]


def test_a_placebo_fails_where_a_factor_is_hidden_and_holds_where_none_is() -> None:
    margin = "negative control: margin before the wait"
    assert measured(f"{margin}, a hidden factor, failed", 100, FOUND)["passed"]
    record = measured(f"{margin}, nothing hidden, failed", band=ALARMS)
    assert record["passed"] and record["naive_share"] >= 0.9, record
