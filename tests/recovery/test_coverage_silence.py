"""The harness of the long runs, and the settings of silence that no other test draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import coverage, coverage_answers, coverage_silence
from voclib.errors import ParameterError
from voclib.results import Estimate, Text, refusal

SETTINGS = {s.name: s for s in coverage.settings()}
SILENCE = [s.name for s in [*coverage_silence.settings(), *coverage_answers.settings()] if "boosted" not in s.method]
SHORT, BAND = 200, coverage.SHORT_BAND


def estimate(low: float, high: float, **fields: float) -> Estimate:
    kind = "bounds" if "bound_low" in fields else "estimate"
    given = fields if kind == "bounds" else {"value": (low + high) / 2}
    return Estimate(estimand="x", kind=kind, unit="points", conf_low=low, conf_high=high, **given)


def made(call, **options) -> dict:
    """A record of ten runs whose truth is 0 … 9 and whose data are the truth."""
    setting = coverage.Setting(method="m", setting="s", draw=lambda seed: (seed, float(seed)), call=call, **{"band": (0.0, 1.0), **options})
    return coverage.measure(setting, runs=10, seed=0)


class TestHarness:
    def test_bounds_are_judged_by_their_own_ends(self) -> None:
        found = made(lambda x: estimate(-99, 99, bound_low=-1, bound_high=4), kind="bounds")
        assert (found["coverage"], found["mean_width"], found["bias"]) == (0.5, 5.0, None)
        assert made(lambda x: estimate(-99, 99, bound_low=-1, bound_high=4))["coverage"] == 1.0, "coverage is of the interval around them"

    def test_refusals_are_counted_and_may_be_limited(self) -> None:
        def shy(x: int) -> Estimate:
            return refusal("x", unit="points", reason=Text("少", "few"), needs=Text("多", "more")) if x < 4 else estimate(0, 99)

        assert made(shy)["refusals"] == 0.4 and made(shy)["coverage"] == 1.0 and made(shy)["truth"] == 6.5
        assert made(shy, max_refusals=0.4)["passed"] and not made(shy, max_refusals=0.3)["passed"]
        assert made(shy, kind="refusals", band=(0.4, 0.4))["passed"]

    def test_bias_is_judged_beside_coverage_and_alone(self) -> None:
        def off(x: int) -> Estimate:
            return estimate(x - 8, x + 12)

        assert made(off)["bias"] == 2.0 and made(off)["passed"] and not made(off, max_bias=1.0)["passed"]
        alone = made(off, kind="bias", band=(1.0, 3.0), naive=lambda x: (x, x + 10))
        assert alone["passed"] and (alone["share"], alone["naive_share"], alone["naive_bias"]) == (2.0, 5.0, 5.0)

    def test_alarms_and_shares_of_a_run(self) -> None:
        found = made(lambda x: estimate(x - 2, x + 9), kind="false alarms", count=coverage.beside_zero, naive=lambda x: (-1.0, 1.0), band=(0.0, 0.06))
        assert (found["share"], found["naive_share"], found["passed"]) == (0.7, 0.0, False)
        flags = made(lambda x: np.arange(4) < 1, kind="power", count=lambda flags, truth: flags.mean())
        assert (flags["share"], flags["coverage"], flags["bias"]) == (0.25, None, None)

    def test_a_world_in_which_the_naive_way_holds_shows_nothing(self) -> None:
        options = {"naive": lambda x: (-1.0, 4.0), "naive_band": coverage_silence.FAILS}
        assert made(lambda x: estimate(-99, 99), **options)["passed"]
        assert not made(lambda x: estimate(-99, 99), **{**options, "naive": lambda x: (-1.0, 99.0)})["passed"]

    def test_processes_change_nothing(self) -> None:
        chosen = [SETTINGS["lee bounds: effect of the channel 40 points"], SETTINGS["csat: n=60"], SETTINGS["manski: the satisfied answer"]]
        assert coverage.run(chosen, 45, processes=2) == coverage.run(chosen, 45)

    def test_other_processes_find_settings_by_name(self) -> None:
        stray = coverage.Setting(method="stray", setting="x", draw=lambda seed: (seed, 0.0), call=lambda x: estimate(0, 1))
        with pytest.raises(ParameterError, match="'stray: x' is none of settings"):
            coverage.run([stray], 2, processes=2)

    def test_names_are_unique_so_that_seeds_are(self) -> None:
        names = [s.name for s in coverage.settings()]
        assert len(set(names)) == len(names) > 90
        assert len({coverage.measure(SETTINGS[n], runs=1)["seed"] for n in names[:12]}) == 12

    def test_no_method_is_handed_the_truth(self) -> None:
        for name in ("calibrated", "ipw", "aipw"):
            setting = SETTINGS[f"{name}: 8000 customers, a fifth answer, missing at random"]
            frame, _ = setting.draw(5)
            hidden = frame.drop(columns=["true_score"])
            assert setting.call(hidden) == setting.call(frame)


@pytest.mark.parametrize("name", SILENCE)
def test_every_setting_runs(name: str) -> None:
    record = coverage.measure(SETTINGS[name], runs=2)
    measured = record["coverage"] if SETTINGS[name].kind in ("coverage", "bounds") else record["share"]
    assert np.isfinite(measured) and record["refusals"] in (0.0, 0.5, 1.0)
    if SETTINGS[name].naive is not None and SETTINGS[name].kind != "refusals":
        assert record["naive_coverage"] is not None or record["naive_share"] is not None


def measured(name: str, runs: int = SHORT, band: tuple[float, float] = BAND) -> dict:
    return coverage.measure(SETTINGS[name], runs=runs, band=band)


def test_a_random_response_is_not_spoilt_by_correcting_it() -> None:
    record = measured("aipw: 4000 customers, random response")
    assert record["passed"], record


@pytest.mark.parametrize("name", ["ipw, estimated chances", "calibrated, linearised"])
def test_chances_and_weights_are_estimated_and_taking_them_as_given_is_wider(name: str) -> None:
    setting, ours, given = SETTINGS[f"{name}: 8000 customers, a fifth answer, missing at random"], [], []
    for seed in range(40):
        frame, _ = setting.draw(seed)
        ours.append(setting.call(frame).std_error)
        given.append(setting.naive(frame).std_error)
    assert np.mean(given) > 1.03 * np.mean(ours)


def test_boosted_trees_find_the_bends_by_themselves() -> None:
    setting = SETTINGS["aipw, boosted: 4000 customers, a fifth answer, missing at random"]
    frame, truth = setting.draw(3)
    found, plain = setting.call(frame), setting.naive(frame)
    assert found.conf_low <= truth <= found.conf_high and not plain.conf_low <= truth <= plain.conf_high


def test_the_range_at_the_planted_tilt_holds_the_truth_and_at_none_it_does_not() -> None:
    record = measured("tilt: the satisfied answer, at the planted tilt", 40, (0.93, 1.0))
    assert record["passed"] and record["naive_coverage"] < 0.05, record


def test_weights_alone_leave_a_panel_whose_leavers_nobody_understands() -> None:
    record = measured("panel change: 1500 customers, 4 waves, detractors leave for a score nobody sees", 60, (2, 20))
    assert record["passed"] and record["naive_share"] > record["share"] + 3, "half repaired, and the page says so"


def test_comments_of_all_topics_are_drawn_in_turn() -> None:
    draw = SETTINGS["topic share: the angry comment, classifier of sensitivity 0.75-0.85"].draw
    shares = pd.Series([round(draw(seed)[1], 9) for seed in range(6)])
    assert shares.nunique() == 6 and shares.between(0.02, 0.15).all()
