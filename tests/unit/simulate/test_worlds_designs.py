"""Worlds of first exposures, agents and complaints: same seed, same draw; what is planted is there, and is what misleads the naive."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import coverage_designs
from voclib.simulate.worlds import first_exposure, immortal_time, leniency
from voclib.stats import events, survival

DRAWS = [first_exposure.draw, leniency.draw, immortal_time.draw]


@pytest.mark.parametrize("draw", DRAWS)
def test_a_draw_depends_on_its_seed_alone(draw) -> None:
    (first, truth), (again, same), (other, _) = draw(3), draw(3), draw(4)
    pd.testing.assert_frame_equal(first, again)
    assert truth == same and not first.equals(other)


def test_parameters_are_drawn_in_their_range_unless_given() -> None:
    assert all(-60 <= first_exposure.draw(s)[1]["effect_cny"] <= -40 for s in range(5)) and first_exposure.draw(1, effect=0.0)[1]["path_cny"][0] == 0
    assert len({leniency.draw(s)[1]["effect_cny"] for s in range(4)}) == 4 and -160 <= leniency.draw(1)[1]["effect_cny"] <= -120
    assert 0.5 <= immortal_time.draw(1, log_odds=None)[1]["log_odds"] <= 0.8 and immortal_time.draw(1)[1]["risk_difference"] == 0


class TestFirstExposures:
    def test_the_effect_is_the_gap_between_two_worlds(self) -> None:
        one, truth = first_exposure.draw(2, customers=4000, effect=-50.0)
        gap = one["margin_cny"] - first_exposure.draw(2, customers=4000, effect=0.0)[0]["margin_cny"]
        since = one["month"] - one["exposed_month"]
        assert gap[~(since >= 0)].abs().max() < 1e-9
        seen = gap[since >= 0].groupby(since[since >= 0]).mean()
        assert seen.to_numpy() == pytest.approx(np.array(truth["path_cny"]), rel=0.03)

    def test_who_spends_little_is_exposed_and_a_pretrend_falls_before(self) -> None:
        frame, _ = first_exposure.draw(2, customers=4000, effect=0.0)
        ever = frame["exposed_month"].notna()
        assert frame.loc[ever, "margin_cny"].mean() < frame.loc[~ever, "margin_cny"].mean() - 50 and ever.mean() == pytest.approx(0.7)
        bent, _ = first_exposure.draw(2, customers=4000, effect=0.0, pretrend=-10.0)
        gap = (bent["margin_cny"] - frame["margin_cny"]).groupby(frame["month"] - frame["exposed_month"]).mean()
        assert gap.loc[-7] == 0 and gap.loc[-3] == pytest.approx(-30) and gap.loc[0] == pytest.approx(-60) == gap.loc[4]

    def test_the_path_is_found_within_a_twentieth_and_static_fixed_effects_miss_a_seventh(self) -> None:
        paths, naive = [], []
        for seed in range(60):
            panel, truth = coverage_designs.exposures()(seed)
            found: events.EventStudy = panel.study
            paths.append(np.array([f.value for h, f in found.path if h >= 0]) - truth)
            naive.append((found.naive.value - truth.mean()) / truth.mean())
        mean = np.mean([coverage_designs.exposures()(seed)[1] for seed in range(60)], axis=0)
        assert np.abs(np.mean(paths, axis=0) / mean).max() < 0.05
        assert np.mean(naive) < -0.15, "early cohorts serve as controls while their loss still grows"


class TestAgents:
    def test_everybody_takes_as_many_calls_in_one_store(self) -> None:
        frame, truth = leniency.draw(1)
        assert len(frame) == 4800 and (frame["agent"].value_counts() == 60).all() and (frame.groupby("agent")["store"].nunique() == 1).all()
        assert 0.3 < truth["waited_share"] < 0.5 and "severity" not in frame

    def test_slow_agents_make_wait_and_lots_balance(self) -> None:
        frame, _ = leniency.draw(1)
        spread = frame.groupby("agent")["waited"].mean().std()
        assert spread > 1.3 * np.sqrt(0.24 / 60), "more than luck"
        routed, _ = leniency.draw(1, routing=0.8)
        def tilt(f: pd.DataFrame) -> float:
            agents = f.groupby("agent")[["waited", "prior_calls"]].mean()
            return float(np.corrcoef(agents["waited"], agents["prior_calls"])[0, 1])
        assert tilt(routed) > 0.6 > 0.45 > abs(tilt(frame))


class TestComplaints:
    def test_times_are_in_order_and_one_is_exposed_only_while_there(self) -> None:
        frame, _ = immortal_time.draw(2, customers=3000)
        known = frame["complained_from"].notna()
        assert (frame["stop"] > frame["start"]).all() and (frame.loc[known, "complained_from"] < frame.loc[known, "stop"]).all()
        assert (frame.loc[known, "complained_from"] >= frame.loc[known, "start"]).all() and 0.25 < known.mean() < 0.5
        assert set(frame["is_left"]) == {0, 1}

    def test_leaving_is_as_likely_as_planted_before_and_after(self) -> None:
        frame, truth = immortal_time.draw(2, customers=20_000, log_odds=0.7)
        begins, life = frame["complained_from"] - frame["start"], frame["stop"] - frame["start"]
        first = np.ceil(begins)
        followed = np.where(frame["is_left"] == 1, np.ceil(life), np.floor(life))
        who = (first < followed) & (first + 6 <= 18)
        whole = who & ((frame["is_left"] == 1) | (life - first >= 6))  # some are followed less far, for no reason that matters
        left = ((life - first <= 6) & (frame["is_left"] == 1))[whole]
        with_, without = truth["risk_difference"] / (1 - 1 / truth["risk_ratio"]), truth["risk_difference"] / (truth["risk_ratio"] - 1)
        assert with_ - without == pytest.approx(truth["risk_difference"]) and truth["complained_n"] == who.sum()
        assert left.mean() == pytest.approx(with_, abs=0.05) and left.mean() > without + 0.1

    def test_with_the_exposure_at_the_start_the_months_lost_are_those_of_both_worlds(self) -> None:
        frame, truth = immortal_time.draw(2, customers=20_000, log_odds=0.7, at_zero=True)
        calm, none = immortal_time.draw(2, customers=20_000, log_odds=0.0, at_zero=True)
        months = (frame["stop"] - frame["start"])[frame["exposed"]].mean() - (calm["stop"] - calm["start"])[calm["exposed"]].mean()
        assert months == pytest.approx(truth["months_lost"], abs=0.2) and none["months_lost"] == 0
        assert survival.immortal(frame["start"], frame["complained_from"]) == 0


def test_every_setting_runs_and_names_differ() -> None:
    from benchmarks import coverage

    settings = coverage_designs.settings()
    assert len({s.name for s in settings}) == len(settings) >= 18
    for setting in settings:
        record = coverage.measure(setting, runs=2)
        measured = {"coverage": record["coverage"], "refusals": record["refusals"]}.get(setting.kind, record["share"])
        assert measured is not None and np.isfinite(measured), setting.name
        if setting.naive is not None:
            assert record["naive_coverage"] is not None or record["naive_share"] is not None, setting.name
