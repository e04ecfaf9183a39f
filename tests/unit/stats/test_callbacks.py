"""The mean by reminder, and a callback model that is exact where its assumption holds and can never be a headline."""

from __future__ import annotations

import numpy as np
import pytest

from voclib.errors import DataError, ParameterError, VocError
from voclib.results import Estimate
from voclib.simulate.worlds import reminders
from voclib.stats import callbacks

SHARES = np.array([[0.3, 0.4, 0.3], [0.15, 0.35, 0.5]])  # of detractors, passives, promoters in two cells of customers
TRUTH = 100 * (SHARES @ [-1, 0, 1]).mean()


def population(gamma: float = 0.3, later: float | None = None) -> dict[str, np.ndarray]:
    """Every kind of customer, weighted by its probability: no sampling error. `later` is γ at the reminder where it drifts."""
    rows, later = [], gamma if later is None else later
    for cell in (0, 1):
        for k, answer in enumerate((-1, 0, 1)):
            first = 1 / (1 + np.exp(1.8 - 0.4 * cell - gamma * answer))
            second = 1 / (1 + np.exp(1.0 - 0.2 * cell - later * answer))
            for wave, chance in ((0, first), (1, (1 - first) * second), (-1, (1 - first) * (1 - second))):
                rows.append((100.0 * answer if wave >= 0 else np.nan, wave, cell, 0.5 * SHARES[cell, k] * chance))
    y, wave, cell, weight = (np.repeat(column, 10) for column in np.array(rows).T)
    return {"y": y, "wave": wave, "matrix": cell[:, None], "weights": weight}


def cheap(**changes) -> callbacks.Sensitivity:
    p = {**population(), **changes}
    return callbacks.callback_gmm(p.pop("y"), p.pop("wave"), p.pop("matrix"), **p)


@pytest.mark.parametrize("gamma", [-0.4, 0.0, 0.3, 0.7])
def test_exact_where_resistance_is_stable(gamma):
    found = cheap(**population(gamma), max_std_error=np.inf)
    assert found.centre == pytest.approx(TRUTH, abs=1e-5) and found.gamma == pytest.approx(2 * gamma, abs=1e-6)
    assert found.passed


def test_wrong_where_it_drifts():
    found = cheap(**population(0.5, later=0.2), max_std_error=np.inf, max_gamma=np.inf)
    assert abs(found.centre - TRUTH) > 15


def test_the_standard_error_is_that_of_repeated_draws():
    draws = [reminders.draw(seed, customers=20_000, resistance=0.1)[0] for seed in range(40)]
    found = [callbacks.callback_gmm(coded(f["nps_score"]), f["wave"], f[["tenure", "log_spend", "complaint", "risk", "logins"]],
                                    max_gamma=np.inf, max_std_error=np.inf) for f in draws]
    centres, errors = np.array([f.centre for f in found]), np.array([f.std_error for f in found])
    assert np.median(errors) == pytest.approx(1.4826 * np.median(np.abs(centres - np.median(centres))), rel=0.35)
    assert abs(np.median(centres) - 17.9) < 4


def coded(score) -> np.ndarray:
    score = np.asarray(score, dtype=float)
    return np.where(np.isnan(score), np.nan, 100.0 * ((score >= 9) * 1.0 - (score <= 6)))


def test_a_point_headline_raises():
    passed, tripped = cheap(max_std_error=np.inf), cheap(max_std_error=1e-9)
    for found in (passed, tripped):
        with pytest.raises(VocError, match="sensitivity analysis"):
            found.estimate("nps", unit="points")
        assert not isinstance(found, Estimate) and not hasattr(found, "value") and "sensitivity only" in str(found)
        assert f"{found.centre:.1f}" not in str(found)
    assert passed.range[0] < passed.centre < passed.range[1] and "if resistance is stable" in str(passed)
    assert tripped.range == (-100, 100) and "gate tripped: std_error" in str(tripped)


@pytest.mark.parametrize(("options", "failures"), [
    ({"max_gamma": 0.5}, ("gamma",)), ({"max_std_error": 1e-9}, ("std_error",)), ({}, ()),
    ({"max_gamma": 0.5, "max_std_error": 1e-9}, ("gamma", "std_error")),
])
def test_each_gate_trips_alone(options, failures):
    assert cheap(**{"max_std_error": np.inf, **options}).failures == failures


def test_no_solution_is_a_failure_not_an_error():
    found = cheap(**population(0.0, later=3.0))
    assert "converged" in found.failures or "gamma" in found.failures
    p = population()
    p["y"] = np.where(p["wave"] == 0, 100.0, np.where(p["wave"] == 1, -100.0, np.nan))
    assert cheap(**p).failures[0] == "converged" and cheap(**p).range == (-100, 100)


def test_a_kind_of_customer_who_never_answers_is_a_failure_not_an_error():
    p = population()
    silent = np.flatnonzero(p["wave"] < 0)[:10]
    p["matrix"] = np.column_stack([p["matrix"], np.isin(np.arange(len(p["y"])), silent)]).astype(float)
    assert cheap(**p).failures[0] == "converged" and np.isnan(cheap(**p).centre)


def test_order_duplicates_relabelled_covariates_and_scaled_weights_change_nothing():
    frame, _ = reminders.draw(2, customers=4000)
    y, wave, x = coded(frame["nps_score"]), frame["wave"].to_numpy(), frame[["tenure", "complaint"]].to_numpy()
    w, rows = np.random.default_rng(1).uniform(0.5, 2, 4000), np.arange(4000)

    def run(rows: np.ndarray, weights: np.ndarray, x: np.ndarray = x) -> list[float]:
        found = callbacks.callback_gmm(y[rows], wave[rows], x[rows], weights=weights, cluster=rows)
        curve = callbacks.resistance(y[rows], wave[rows], weights=weights, cluster=rows)
        return [found.centre, found.std_error, found.gamma, found.gamma_std_error, *curve["value"], *curve["value_so_far"]]

    first, mixed, twice = run(rows, w), np.random.default_rng(2).permutation(4000), np.concatenate([rows, rows])
    assert run(mixed, w[mixed]) == pytest.approx(first, rel=1e-6)
    assert run(twice, w[twice] / 2) == pytest.approx(first, rel=1e-6)
    assert run(rows, w * 3, np.column_stack([10 - 5 * x[:, 0], 1 - x[:, 1], np.full(4000, 7.0), x[:, 0] + x[:, 1]])) == pytest.approx(first, rel=1e-6)


def test_later_reminders_count_as_silence_for_the_model_and_as_a_wave_in_the_curve():
    frame, _ = reminders.draw(3, customers=4000)
    y, wave = coded(frame["nps_score"]), frame["wave"].to_numpy().copy()
    silent = np.flatnonzero(wave < 0)[:200]
    late_y, late_wave = y.copy(), wave.copy()
    late_y[silent], late_wave[silent] = 100.0, 2
    x = frame[["tenure"]]
    before, after = callbacks.callback_gmm(y, wave, x), callbacks.callback_gmm(late_y, late_wave, x)
    assert after.centre == pytest.approx(before.centre, abs=1e-6)
    curve = callbacks.resistance(late_y, late_wave)
    assert curve["wave"].tolist() == [0, 1, 2] and curve["n"].iloc[2] == 200 and curve["value"].iloc[2] == 100
    assert curve["conf_low"].iloc[2] < 100 == curve["conf_high"].iloc[2]


def test_the_curve_by_hand():
    y = np.array([100, 100, 0, -100, np.nan, 100, -100, -100, np.nan])
    wave = np.array([0, 0, 0, 0, np.nan, 1, 1, 1, -1])
    curve = callbacks.resistance(y, wave)
    assert curve["value"].tolist() == pytest.approx([25, -100 / 3]) and curve["n"].tolist() == [4, 3]
    assert curve["value_so_far"].tolist() == pytest.approx([25, 0])
    centre = 4 * 25 / 7
    error = np.sqrt(((4 * 7500 + 1.5 * 10_000) / 7 - centre**2) / 7)
    assert curve["conf_low"].iloc[0] == pytest.approx(centre - 1.959964 * error, abs=1e-3)
    shares = callbacks.resistance((y > 0) * np.where(np.isnan(y), np.nan, 1.0), wave, levels=(0.0, 1.0))
    assert shares["value"].tolist() == pytest.approx([0.5, 1 / 3]) and shares["conf_low"].between(0, 1).all()


def test_stable_resistance_is_seen_in_the_curve():
    """Where the pleased answer more readily, the second message reaches the less pleased, relative to a drift-free first."""
    frame, truth = reminders.draw(1, resistance=0.8)
    curve = callbacks.resistance(coded(frame["nps_score"]), frame["wave"])
    assert curve["value"].iloc[0] - curve["value"].iloc[1] > 3 and curve["value"].min() > truth["nps_all"] + 20


@pytest.mark.parametrize(("change", "message", "error"), [
    ({"wave": np.full(180, -1.0)}, "wave without an answer|answer without a wave", DataError),
    ({"wave": np.zeros(3)}, "one row a customer", ParameterError),
    ({"matrix": np.zeros((3, 1))}, "matrix", ParameterError), ({"matrix": np.full((180, 1), np.nan)}, "without gaps", ParameterError),
])
def test_what_makes_no_sense_is_refused(change, message, error):
    with pytest.raises(error, match=message):
        cheap(**change)


def test_few_answers_are_refused():
    frame, _ = reminders.draw(1, customers=200)
    with pytest.raises(DataError, match="30 of each"):
        callbacks.callback_gmm(coded(frame["nps_score"]), frame["wave"], frame[["tenure"]])
    everybody = {name: a[population()["wave"] >= 0] for name, a in population().items()}
    with pytest.raises(DataError, match="nothing is missing"):
        cheap(**everybody)
    with pytest.raises(DataError, match="Nobody answered"):
        callbacks.resistance([np.nan, np.nan], [-1, -1])


def test_worlds():
    for world, (low, high) in reminders.WORLDS.items():
        frame, truth = reminders.draw(4, world=world)
        assert low <= truth["resistance"] <= high and truth["drift"] == 0 and abs(truth["response_rate"] - 0.27) < 0.015
        assert ((frame["wave"] >= 0) == frame["nps_score"].notna()).all() and abs(truth["nps_all"] - 17.9) < 2
    with pytest.raises(ParameterError, match="did you mean 'pleased'"):
        reminders.draw(1, world="please")
