"""Follow-up calls: the arithmetic by hand, what may not change it, what is refused. Planted truth is in tests/recovery."""

from __future__ import annotations

import numpy as np
import pytest

from voclib.errors import DataError, ParameterError
from voclib.stats import inference, missingness
from voclib.stats.inference import fit

N = 600


def world(seed: int = 1, *, completed: float = 1.0) -> dict[str, np.ndarray]:
    """A frame of 600: x known of all, three possible answers, 40 % answer, a third of the silent are called."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, N)
    score = 100.0 * np.clip(np.round(0.5 * (x - 1) + rng.normal(scale=0.8, size=N)), -1, 1)
    answered = rng.random(N) < 0.25 + 0.15 * x
    called = ~answered & (rng.random(N) < 0.35)
    reached = called & (rng.random(N) < completed)
    shares = np.array([[0.5, 0.3, 0.2], [0.3, 0.4, 0.3], [0.2, 0.3, 0.5]])[x]
    return {"y": np.where(answered, score, np.nan), "called": called, "followup_y": np.where(reached, score, np.nan), "shares": shares, "x": x,
            "score": score}


def phases(w: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return w["y"], w["called"], w["followup_y"]


def test_hansen_hurwitz_is_the_textbook_mean_and_error():
    w = world()
    found = missingness.hansen_hurwitz(*phases(w), draw_probability=0.35)
    answered = ~np.isnan(w["y"])
    calls = w["followup_y"][w["called"]]
    share = (~answered).mean()
    assert found.value == pytest.approx((1 - share) * w["y"][answered].mean() + share * calls.mean(), abs=1e-9)
    between = share * (1 - share) * (w["y"][answered].mean() - calls.mean()) ** 2
    by_hand = ((1 - share) * w["y"][answered].var() + share**2 * N / len(calls) * calls.var() + between) / N
    assert found.std_error == pytest.approx(np.sqrt(by_hand), rel=2e-3)
    assert found.n == answered.sum() + len(calls) and found.df == len(calls) - 1
    assert found.influence.shape == (N,) and abs(found.influence.sum()) < 1e-6


def test_unequal_draws_are_undone():
    w = world()
    chance = np.where(w["x"] == 0, 0.2, 0.8)
    rng = np.random.default_rng(5)
    called = np.isnan(w["y"]) & (rng.random(N) < chance)
    calls = np.where(called, w["score"], np.nan)
    found = missingness.hansen_hurwitz(w["y"], called, calls, draw_probability=chance)
    silent = np.isnan(w["y"])
    by_hand = silent.mean() * np.average(calls[called], weights=1 / chance[called]) + np.nansum(w["y"]) / N
    assert found.value == pytest.approx(by_hand, abs=1e-9)
    wrong = missingness.hansen_hurwitz(w["y"], called, calls, draw_probability=0.5)
    assert abs(wrong.value - by_hand) > 1


def test_a_perfect_prediction_leaves_only_the_spread_of_customers_and_a_constant_changes_nothing():
    w = world()
    plain = missingness.hansen_hurwitz(*phases(w), draw_probability=0.35)
    same = missingness.hansen_hurwitz(*phases(w), draw_probability=0.35, outcome=np.full(N, 40.0))
    perfect = missingness.hansen_hurwitz(*phases(w), draw_probability=0.35, outcome=w["score"])
    assert same.value == pytest.approx(plain.value, abs=1e-9) and same.std_error == pytest.approx(plain.std_error, abs=1e-9)
    assert perfect.value == pytest.approx(w["score"].mean(), abs=1e-9)
    assert perfect.std_error == pytest.approx(w["score"].std(ddof=1) / np.sqrt(N), abs=1e-9) and perfect.std_error < plain.std_error


def test_rows_outside_the_population_do_not_count():
    w = world()
    eligible = w["x"] > 0
    whole = missingness.hansen_hurwitz(*phases(w), draw_probability=0.35, eligible=eligible)
    part = missingness.hansen_hurwitz(*(a[eligible] for a in phases(w)), draw_probability=0.35)
    assert whole.value == pytest.approx(part.value, abs=1e-9) and whole.n == part.n
    assert whole.std_error == pytest.approx(part.std_error, abs=1e-9) and whole.n_effective == pytest.approx(part.n_effective)
    assert whole.influence.shape == (N,) and not whole.influence[~eligible].any()


@pytest.mark.parametrize("method", ["hansen_hurwitz", "difference", "calibrated", "bounds"])
def test_order_duplicates_and_base_weights(method):
    w = world(completed=0.8)
    base = np.random.default_rng(3).uniform(0.5, 2, N)

    def run(rows: np.ndarray, weights: np.ndarray) -> list[float]:
        args, options = [a[rows] for a in phases(w)], {"draw_probability": 0.35, "weights": weights, "cluster": rows}
        if method == "calibrated":
            made = missingness.calibrate_tilt(args[0], w["shares"][rows], *args[1:], **options)
            return [made.fit.value, made.fit.std_error, *made.gamma.values(), *made.covariance.ravel()]
        if method == "bounds":
            bounds = missingness.followup_bounds(*args, low=-100, high=100, **options)
            return [bounds.low.value, bounds.high.value, bounds.conf_low, bounds.conf_high]
        outcome = None if method == "hansen_hurwitz" else 30.0 * w["x"][rows]
        made = missingness.hansen_hurwitz(*args, outcome=outcome, **options)
        return [made.value, made.std_error, made.n_effective if len(rows) == N else first[2]]

    rows = np.arange(N)
    first = run(rows, base)
    mixed = np.random.default_rng(4).permutation(N)
    assert run(mixed, base[mixed]) == pytest.approx(first, abs=1e-9)
    twice = np.concatenate([rows, rows])
    assert run(twice, base[twice] / 2) == pytest.approx(first, abs=1e-9)
    assert run(rows, 7 * base) == pytest.approx(first, abs=1e-9)


def test_pseudo_answers_are_those_of_a_share_and_of_nps():
    """Only calls, no answers: the part is the whole mean, and the centre and error are those of a score with as many answers."""
    for levels, (ends, middle) in (((0.0, 1.0), (2.0, 0.0)), ((-100.0, 0.0, 100.0), (0.75, 1.5))):
        low, high = levels[0], levels[-1]
        part = inference.Part(weight=1.0, mean=high, square=high**2, size=36.0, low=low, high=high, is_share=len(levels) == 2)
        centre, error, _, _ = inference.bounded_interval(high, high**2, 36, low=low, high=high, ends=ends, middle=middle, quantile=2.0)
        assert part.adjustment(2.0) == pytest.approx((centre - high, error**2)) and error > 0
        moved, added = part.times(-0.5).adjustment(2.0)
        assert (moved, added) == pytest.approx((-0.5 * (centre - high), 0.25 * error**2))


def test_pseudo_answers_follow_the_levels_and_not_the_prediction():
    w = world()
    plain, moved = (missingness.hansen_hurwitz(*phases(w), draw_probability=0.35, outcome=np.full(N, c)) for c in (0.0, 40.0))
    assert plain.adjusted(0.95) == pytest.approx(moved.adjusted(0.95), abs=1e-9) and plain.adjusted(0.95) != (plain.value, plain.std_error)
    given = missingness.hansen_hurwitz(*phases(w), draw_probability=0.35, levels=missingness.NPS_LEVELS)
    assert given.part == plain.part and not given.part.is_share
    fine = np.random.default_rng(2).normal(size=N)  # a finer scale than three levels
    y, told = np.where(np.isnan(w["y"]), np.nan, fine), np.where(np.isnan(w["followup_y"]), np.nan, fine)
    assert missingness.hansen_hurwitz(y, w["called"], told, draw_probability=0.35).part is None


def test_degrees_of_freedom_are_those_of_the_dealers_reached():
    w, dealer = world(), np.arange(N) % 40
    few = w["called"] & (dealer < 12)
    told = np.where(few, w["score"], np.nan)
    found = missingness.hansen_hurwitz(w["y"], few, told, draw_probability=0.35, cluster=dealer)
    assert found.df == len(np.unique(dealer[few])) - 1 and found.n_clusters == 40


def test_completion_is_counted_and_says_when_bounds_are_due():
    w = world(completed=0.5)
    found = missingness.completion(w["called"], w["followup_y"])
    assert found.drawn == w["called"].sum() and found.completed == (~np.isnan(w["followup_y"])).sum()
    assert found.rate == found.completed / found.drawn and found.bounds_needed
    assert not missingness.completion(w["called"], np.where(w["called"], w["score"], np.nan)).bounds_needed
    assert not missingness.completion(w["called"], w["followup_y"], min_completion=0.3).bounds_needed
    assert missingness.completion(np.zeros(3), np.full(3, np.nan)).bounds_needed


def test_predicted_completion_is_undone():
    """Who picks up depends on x; within x it is chance: two-phase MAR."""
    errors = []
    for seed in range(60):
        w = world(seed)
        picks_up = np.array([0.25, 0.5, 0.95])[w["x"]]
        reached = w["called"] & (np.random.default_rng(seed + 900).random(N) < picks_up)
        args = (w["y"], w["called"], np.where(reached, w["score"], np.nan))
        ours = missingness.hansen_hurwitz(*args, draw_probability=0.35, completion_probability=picks_up)
        errors.append((ours.value - w["score"].mean(), missingness.hansen_hurwitz(*args, draw_probability=0.35).value - w["score"].mean()))
    ours, naive = np.mean(errors, axis=0)
    assert abs(ours) < 2.5 and naive > 4


def test_bounds_over_non_completers_hold_the_mean_and_close_when_all_answer():
    w = world(completed=0.4)
    found = missingness.followup_bounds(*phases(w), draw_probability=0.35, low=-100, high=100)
    ideal = missingness.hansen_hurwitz(w["y"], w["called"], np.where(w["called"], w["score"], np.nan), draw_probability=0.35)
    assert found.low.value < ideal.value < found.high.value
    open_share = (w["called"] & np.isnan(w["followup_y"])).sum() / w["called"].sum() * np.isnan(w["y"]).mean()
    assert found.high.value - found.low.value == pytest.approx(200 * open_share, abs=1e-9)
    assert found.conf_low < found.low.value and found.conf_high > found.high.value
    shown = found.estimate("nps", unit="points", rung="follow-up")
    assert shown.kind == "bounds" and shown.value is None and shown.n == (~np.isnan(w["y"])).sum() + (~np.isnan(w["followup_y"])).sum()
    part = missingness.followup_bounds(*phases(w), draw_probability=0.35, low=-100, high=100, eligible=w["x"] > 0)
    inside = w["x"] > 0
    alone = missingness.followup_bounds(*(a[inside] for a in phases(w)), draw_probability=0.35, low=-100, high=100)
    assert (part.low.n, part.conf_low, part.conf_high) == pytest.approx((alone.low.n, alone.conf_low, alone.conf_high))
    closed = missingness.followup_bounds(w["y"], w["called"], np.where(w["called"], w["score"], np.nan), draw_probability=0.35, low=-100, high=100)
    expected = ideal.estimate("nps", unit="points")
    assert closed.low.value == closed.high.value == ideal.value
    assert closed.conf_low == pytest.approx(expected.conf_low, abs=1e-6)


def test_a_calibrated_tilt_without_covariates_is_a_ratio_of_odds():
    w = world()
    shares = np.tile([0.2, 0.5, 0.3], (N, 1))
    found = missingness.calibrate_tilt(w["y"], shares, w["called"], w["followup_y"], draw_probability=0.35)
    counts = np.array([(w["followup_y"] == level).sum() for level in (-100, 0, 100)])
    by_hand = np.log(counts / counts[1]) - np.log(shares[0] / shares[0, 1])
    assert list(found.gamma.values()) == pytest.approx(by_hand.tolist(), abs=1e-9)
    assert found.times[100.0] == pytest.approx(np.exp(by_hand[2])) and found.times[0.0] == 1
    logit = 1 / counts[[0, 2]] + 1 / counts[1]
    assert np.diag(found.covariance) == pytest.approx(logit, rel=1e-9)
    plain = missingness.hansen_hurwitz(*phases(w), draw_probability=0.35)
    assert found.fit.value == pytest.approx(plain.value, abs=1e-9) and found.fit.std_error == pytest.approx(plain.std_error, abs=1e-9)
    assert found.completed == counts.sum()


def test_a_calibrated_tilt_reproduces_the_shares_found_by_calls_and_takes_two_levels():
    w = world()
    found = missingness.calibrate_tilt(w["y"], w["shares"], w["called"], w["followup_y"], draw_probability=0.35)
    tilted = w["shares"] * np.exp(list(found.gamma.values()))
    tilted /= tilted.sum(axis=1, keepdims=True)
    for k, level in enumerate((-100, 0, 100)):
        assert tilted[w["called"], k].mean() == pytest.approx((w["followup_y"][w["called"]] == level).mean(), abs=1e-9)


def test_two_levels_are_calibrated_too():
    w = world()
    y, calls = (np.where(np.isnan(a), np.nan, a == 100) for a in (w["y"], w["followup_y"]))
    shares = np.column_stack([1 - w["shares"][:, 2], w["shares"][:, 2]])
    found = missingness.calibrate_tilt(y, shares, w["called"], calls, draw_probability=0.35, levels=(0.0, 1.0))
    tilted = shares[:, 0] * found.times[0.0]
    assert found.times[1.0] == 1 and found.covariance.shape == (1, 1)
    assert (tilted / (tilted + shares[:, 1]))[w["called"]].mean() == pytest.approx((calls[w["called"]] == 0).mean(), abs=1e-9)


@pytest.mark.parametrize(("change", "message", "error"), [
    ({"called": np.ones(N, dtype=bool)}, "both answered and were called", DataError),
    ({"called": np.zeros(N, dtype=bool)}, "not drawn", DataError),
    ({"followup_y": np.full(N, np.nan)}, "at least two", DataError),
    ({"followup_y": np.zeros(3)}, "one row a customer", ParameterError),
    ({"draw_probability": 0.0}, r"\(0, 1\]", ParameterError),
    ({"draw_probability": 1.2}, r"\(0, 1\]", ParameterError),
    ({"outcome": np.full(N, np.nan)}, "prediction", ParameterError),
    ({"weights": np.full(N, -1.0)}, "weights", ParameterError),
])
def test_what_makes_no_sense_is_refused(change, message, error):
    w = world()
    args = {"y": w["y"], "called": w["called"], "followup_y": w["followup_y"], "draw_probability": 0.35, **change}
    with pytest.raises(error, match=message):
        missingness.hansen_hurwitz(**args)


def test_a_level_nobody_gave_cannot_be_calibrated():
    w = world()
    no_promoters = np.where(w["followup_y"] == 100, 0, w["followup_y"])
    with pytest.raises(DataError, match="each level must occur"):
        missingness.calibrate_tilt(w["y"], w["shares"], w["called"], no_promoters, draw_probability=0.35)
    with pytest.raises(ParameterError, match="add to 1"):
        missingness.calibrate_tilt(w["y"], w["shares"] * 2, w["called"], w["followup_y"], draw_probability=0.35)
    with pytest.raises(ParameterError, match="below high"):
        missingness.followup_bounds(*phases(w), draw_probability=0.35, low=100, high=-100)


@pytest.mark.parametrize(("found", "basis", "known", "leans"), [
    ({}, "none", False, False), ({"followups": 29, "reminder_answers": 29}, "none", False, False),
    ({"reminder_answers": 400}, "reminders", True, True), ({"followups": 30}, "follow-up", True, False),
    ({"followups": 300, "reminder_answers": 400}, "follow-up", True, False),
])
def test_the_direction_is_unknown_without_calls_or_reminders(found, basis, known, leans):
    rule = missingness.direction_known(**found)
    assert (rule.basis, rule.known, rule.needs_stable_resistance) == (basis, known, leans)


def test_remaining_bias_is_a_paired_difference():
    w = world()
    followed = missingness.hansen_hurwitz(*phases(w), draw_probability=0.35)
    answered = ~np.isnan(w["y"])
    mean = w["y"][answered].mean()
    raw = fit(mean, np.where(answered, w["y"] - mean, 0) / answered.mean(), n=int(answered.sum()))
    found = missingness.remaining_bias(raw, followed)
    assert found.value == pytest.approx(mean - followed.value)
    assert found.std_error == pytest.approx((raw.influence - followed.influence).std(ddof=1) / np.sqrt(N), rel=1e-6)
    assert found.df == followed.df
    with pytest.raises(ParameterError, match="same rows"):
        missingness.remaining_bias(fit(0, np.zeros(3) + [1, 0, -1], n=3), followed)


def test_the_price_of_a_narrower_range():
    table = missingness.followup_design(6400, 1600, 80, calls=(300, 1200), cost_per_call=20).set_index("calls")
    assert 6.5 <= table.loc[300, "half_width"] <= 7.5 and 3.2 <= table.loc[1200, "half_width"] <= 3.9
    assert table["cost"].tolist() == [6000, 24000] and set(table["mode"]) == {"interval"} and (table["bounds_half_width"] == 0).all()


def test_below_seventy_percent_completion_more_calls_do_not_help_much():
    table = missingness.followup_design(6400, 1600, 80, calls=(300, 1200), completion=0.3).set_index("calls")
    assert set(table["mode"]) == {"bounds"} and table["completed"].tolist() == [90, 360]
    assert table["bounds_half_width"].tolist() == pytest.approx([0.8 * 0.7 * 100] * 2)
    assert (table["total_half_width"] == table["half_width"] + table["bounds_half_width"]).all() and table["total_half_width"].min() > 56
    attempts = missingness.followup_design(6400, 1600, 80, calls=(150,), completion=0.8)
    assert attempts["total_half_width"].iloc[0] < table["total_half_width"].min()


@pytest.mark.parametrize("change", [{"calls": (0,)}, {"calls": (7000,)}, {"completion": 0.0}, {"completion": 1.1}, {"sd": 0.0}])
def test_an_impossible_design_is_refused(change):
    options = {"sd": 80.0, "calls": (300,), "completion": 1.0, **change}
    with pytest.raises(ParameterError):
        missingness.followup_design(6400, 1600, options.pop("sd"), **options)
