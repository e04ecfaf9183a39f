"""The data-generating functions: same seed, same draw; what is planted is what the numbers show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.simulate.worlds import climate, long_waits, nonresponse


def within(frame: pd.DataFrame, name: str) -> np.ndarray:
    table = frame.pivot(index="unit_id", columns="period", values=name).to_numpy(dtype=float)
    return table


def demeaned(table: np.ndarray) -> np.ndarray:
    return table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()


def fixed_effects_slope(frame: pd.DataFrame, exposure: str, outcome: str = "nps") -> float:
    x, y = demeaned(within(frame, exposure)[:, :-1]), demeaned(within(frame, outcome)[:, 1:])
    return float((x * y).sum() / (x * x).sum())


@pytest.mark.parametrize("draw", [climate.draw, nonresponse.draw, long_waits.draw, nonresponse.draw_dealers])
def test_a_draw_depends_on_its_seed_alone(draw):
    first, again, other = draw(3), draw(3), draw(4)
    frames = [item[0]["panel"] if isinstance(item[0], dict) else item[0] for item in (first, again, other)]
    pd.testing.assert_frame_equal(frames[0], frames[1])
    assert first[1] == again[1]
    assert not frames[0].equals(frames[2])


def test_parameters_are_drawn_in_their_range_unless_given():
    slopes = {climate.draw(seed)[1]["slope"] for seed in range(8)}
    assert len(slopes) == 8 and all(2.5 <= slope <= 3.5 for slope in slopes)
    assert climate.draw(1, slope=0.0)[1]["slope"] == 0.0
    assert 0.05 <= long_waits.draw(1)[1]["churn_effect"] <= 0.07
    assert long_waits.draw(1, churn_effect=0.0, spend_effect=0.0)[1]["att_margin_cny"] == 0.0


def test_a_pooled_slope_is_too_steep_and_the_measured_one_too_flat():
    panels = [climate.draw(seed, slope=3.0)[0]["panel"] for seed in range(100)]
    pooled = np.mean([np.polyfit(within(p, "ex")[:, :-1].ravel(), within(p, "nps")[:, 1:].ravel(), 1)[0] for p in panels])
    measured = np.mean([fixed_effects_slope(p, "ex") for p in panels])
    true = np.mean([fixed_effects_slope(p, "climate") for p in panels])
    assert 3.5 < pooled < 4.2 and 2.05 < measured < 2.3 and abs(true - 3.0) < 0.3


def test_a_feedback_confounder_programme_and_selection_leave_their_mark():
    echo = [climate.draw(seed, slope=0.0, feedback=1.0)[0]["panel"] for seed in range(20)]
    lead = np.mean([fixed_effects_slope(p.rename(columns={"ex": "later", "nps": "ex"}).rename(columns={"later": "nps"}), "ex") for p in echo])
    assert lead > 0.005
    mixed = [climate.draw(seed, slope=3.0, confounder=1.5)[0]["panel"] for seed in range(20)]
    assert np.mean([fixed_effects_slope(p, "ex") for p in mixed]) > 1.25 * 2.18
    frames, truth = climate.draw(1, programme=4.0)
    without = climate.draw(1, programme=1e-12)[0]["panel"]
    panel = frames["panel"]
    treated = (panel["started_period"] >= 0) & (panel["period"] >= panel["started_period"])
    gain = panel["true_nps"] - without["true_nps"]
    assert abs(gain[treated].mean() - truth["programme_att"]) < 1e-6 and gain[~treated].abs().max() < 1e-9
    assert abs(truth["programme_att"] - 4.0) < 0.5
    tilted = [climate.draw(seed, slope=0.0, selection=0.5)[0]["panel"] for seed in range(10)]
    seen, true = (np.mean([fixed_effects_slope(p, "climate", name) for p in tilted]) for name in ("nps", "true_nps"))
    assert seen > 5 and abs(true) < 1


def test_a_simpson_variant_flips_the_sign():
    panel = climate.draw(5, slope=-3.0, between=9.0)[0]["panel"]
    pooled = np.polyfit(within(panel, "ex")[:, :-1].ravel(), within(panel, "nps")[:, 1:].ravel(), 1)[0]
    assert pooled > 0 > fixed_effects_slope(panel, "climate")


def test_b_bias_by_mechanism():
    gaps = {}
    for name, mechanism in {"random": {"explained": 0.0}, "mar": {}, "u": {"u_shape": 1.0}, "mnar": {"mnar": 0.6}}.items():
        truths = [nonresponse.draw(seed, customers=20_000, **mechanism)[1] for seed in range(6)]
        assert abs(np.mean([t["nps_all"] for t in truths]) - 17.8) < 1.5
        assert abs(np.mean([t["response_rate"] for t in truths]) - 0.20) < 0.01
        gaps[name] = np.mean([t["nps_respondents"] - t["nps_all"] for t in truths])
    assert abs(gaps["random"]) < 1.5 and 10 < gaps["mar"] < 16 and 3 < gaps["u"] < gaps["mar"] and gaps["mnar"] > gaps["mar"] + 10


def test_b_scores_stand_where_somebody_answered():
    frame, truth = nonresponse.draw(2, customers=40_000, mnar=0.6)
    known = {name: frame[name].to_numpy() for name in nonresponse.COVARIATES}
    assert frame["nps_score"].notna().equals(frame["responded"])
    assert truth["nps_respondents"] > truth["nps_all"] + 20
    assert set(frame.loc[frame["responded"], "wave"]) == {0, 1, 2} and (frame.loc[~frame["responded"], "wave"] == -1).all()
    assert abs(np.mean(nonresponse.expected_satisfaction(known)) - 0.6) < 0.1


def test_b_unsurveyed_customers_have_no_answer_and_a_lower_score():
    frame, truth = nonresponse.draw(2, unsurveyed_share=0.2, followup_share=0.1)
    left = frame["is_churned"]
    assert abs(left.mean() - 0.2) < 0.01 and not frame.loc[left, "responded"].any() and not frame.loc[left, "is_called"].any()
    assert truth["nps_all"] < truth["nps_invited"] - 3
    called = frame.loc[frame["is_called"]]
    assert called["followup_score"].equals(called["true_score"].astype(float)) and not called["responded"].any()


def test_b_begging_dealers_turn_scores_into_tens():
    frame, truth = nonresponse.draw_dealers(1, begging=10, turned_share=0.3)
    changed = frame[frame["nps_score"] != frame["true_score"]]
    assert len(truth["begging"]) == 10 and set(changed["unit_id"]) <= set(truth["begging"])
    assert (changed["nps_score"] == 10).all() and changed["true_score"].between(7, 9).all() and len(changed) == truth["turned_n"] > 50


def test_c_the_naive_difference_is_several_times_the_effect():
    truths = [long_waits.draw(seed, customers=20_000)[1] for seed in range(8)]
    att, naive = np.mean([t["att_margin_cny"] for t in truths]), np.mean([t["naive_difference_cny"] for t in truths])
    assert -75 < att < -50 and 3 < naive / att < 4.5
    assert abs(np.mean([t["churn_rd"] for t in truths]) - 0.06) < 0.005
    assert all(abs(t["loss_cny"] + t["att_margin_cny"] * t["exposed_n"]) < 1e-6 * t["loss_cny"] for t in truths)


def test_c_mean_effect_does_not_depend_on_the_tail():
    att = [np.mean([long_waits.draw(seed, customers=40_000, log_sd=sd)[1]["att_margin_cny"] for seed in range(6)]) for sd in (0.8, 1.5)]
    assert abs(att[0] / att[1] - 1) < 0.15


def test_c_strata_of_spending_give_the_effect_back_and_hidden_confounding_does_not():
    def adjusted(**settings: float) -> tuple[float, float]:
        frame, truth = long_waits.draw(7, customers=200_000, **settings)
        cell = pd.qcut(frame["prior_spend"], 200, labels=False)
        means = frame.groupby([cell, "waited"])["margin_12m"].mean().unstack()
        weight = frame.loc[frame["waited"]].groupby(cell).size()
        return float(((means[True] - means[False]) * weight).sum() / weight.sum()), truth["att_margin_cny"]

    found, att = adjusted()
    assert abs(found - att) < 12
    found, att = adjusted(hidden=1.0)
    assert found < att - 25


def test_c_without_overlap_vips_never_wait():
    frame, _ = long_waits.draw(1, no_overlap=True)
    assert not frame.loc[frame["is_vip"], "waited"].any() and frame.loc[~frame["is_vip"], "waited"].any()
