"""Do response weights and AIPW find the mean of all customers, and do they fail where they must?

The truth is the expected NPS of the planted world: customers are a draw from it, and the intervals count that.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from benchmarks.aipw import answers
from voclib.simulate.worlds import nonresponse
from voclib.stats import crossfit, inference, propensity

LEVELS = (-100.0, 0.0, 100.0)
KNOWN_IN_PART = ["log_spend", "complaint"]  # a model without tenure, risk and log-ins is wrong


@cache
def truth() -> float:
    """Expected NPS: exact given what is known of a customer, averaged over a million of them (±0.04)."""
    expected = nonresponse.expected_satisfaction(nonresponse.covariates(np.random.default_rng(0), 1_000_000))
    return float(100 * (norm.sf((8.5 - 7) / 1.6 - expected) - norm.cdf((6.5 - 7) / 1.6 - expected)).mean())


def drawn(seed: int, low: float = 0.0, high: float = 0.0, *, name: str = "mnar", **world: float) -> pd.DataFrame:
    """A population whose planted parameter `name` is drawn per seed."""
    strength = float(np.random.default_rng([seed, 9]).uniform(low, high))
    return nonresponse.draw(seed, **{"customers": 4000, name: strength, **world})[0]


def ladder(frame: pd.DataFrame, seed: int) -> dict[str, propensity.PropensityFit | inference.Fit]:
    y = answers(frame)
    matrix = crossfit.features(frame, nonresponse.COVARIATES, interactions=True, squares=True).matrix
    return {"raw": propensity.raw_mean(y), "ipw": propensity.ipw_mean(y, matrix),
            "aipw": propensity.aipw_mean(y, matrix, ids=np.arange(len(y)), levels=LEVELS, repeats=1, seed=seed)}


def errors(found: list[inference.Fit]) -> tuple[float, float]:
    """Mean error, and how often the 95 % interval holds the truth."""
    value, error = np.array([f.value for f in found]), np.array([f.std_error for f in found])
    return float(value.mean() - truth()), float((np.abs(value - truth()) <= 1.96 * error).mean())


@pytest.fixture(scope="module")
def runs() -> list[tuple[pd.DataFrame, dict]]:
    """Worlds in which answering depends on what is known only: 200 of the 1000 over which fixed weights cover 97.1 %, estimated ones 95.5 %."""
    return [(frame := drawn(seed), ladder(frame, seed)) for seed in range(9000, 9200)]


class TestMissingAtRandom:
    def test_the_naive_mean_is_far_off(self, runs: list) -> None:
        bias, held = errors([found["raw"] for _, found in runs])
        assert bias > 8 and held < 0.05

    @pytest.mark.parametrize("rung", ["ipw", "aipw"])
    def test_corrected_holds(self, runs: list, rung: str) -> None:
        bias, held = errors([found[rung].fit for _, found in runs])
        assert abs(bias) < 0.5 and 0.91 <= held <= 0.985, (bias, held)

    def test_weights_taken_as_given_are_too_wide(self, runs: list) -> None:
        fits = []
        for frame, found in runs:
            y, w = answers(frame), found["ipw"].weights
            spread = inference.mean_variance(y[w > 0] - found["ipw"].fit.value, weights=w[w > 0])
            fits.append(inference.Fit(value=found["ipw"].fit.value, std_error=spread.variance**0.5, n=1))
        _, held = errors(fits)
        wider = np.mean([f.std_error for f in fits]) / np.mean([found["ipw"].fit.std_error for _, found in runs])
        assert held > 0.96 and 1.05 < wider < 1.3, (held, wider)

    def test_the_gap_is_found(self, runs: list) -> None:
        gaps = [propensity.gap(found["raw"], found["aipw"].fit) for _, found in runs]
        assert np.mean([abs(g.value) > 1.96 * g.std_error for g in gaps]) > 0.95


def test_one_right_model_is_enough_and_none_is_not() -> None:
    rows = []
    for seed in range(30):
        frame = drawn(seed)
        y = answers(frame)
        right = crossfit.features(frame, nonresponse.COVARIATES, interactions=True, squares=True).matrix
        wrong = crossfit.features(frame, KNOWN_IN_PART).matrix
        found = [propensity.aipw_mean(y, response, outcome_matrix=outcome, ids=np.arange(len(y)), levels=LEVELS, repeats=1, seed=seed)
                 for response, outcome in ((wrong, right), (right, wrong), (wrong, wrong))]
        w, risk = found[2].weights, frame["risk"].to_numpy()
        rows.append([*(f.fit.value - truth() for f in found), (w @ risk / w.sum() - risk.mean()) / risk.std()])
    response_wrong, outcome_wrong, both_wrong, left_over = np.mean(rows, axis=0)
    assert abs(response_wrong) < 1 and abs(outcome_wrong) < 1
    assert both_wrong > 2 and left_over < -0.1  # the imbalance of what the models left out shows it


def test_delighted_and_angry_weighting_overshoots() -> None:
    found = [ladder(drawn(seed, 0.9, 1.3, name="u_shape"), seed) for seed in range(30)]
    assert np.mean([f["raw"].value for f in found]) - truth() > 4
    assert np.mean([f["ipw"].fit.value for f in found]) - truth() < -1.5
    assert np.mean([f["aipw"].fit.value for f in found]) - truth() < -1.5


def test_unobserved_satisfaction_is_not_corrected() -> None:
    found = [ladder(drawn(seed, 0.45, 0.7), seed) for seed in range(20)]
    naive, corrected = (np.mean([value(f) for f in found]) - truth() for value in (lambda f: f["raw"].value, lambda f: f["aipw"].fit.value))
    assert corrected > 15 and naive - corrected > 5  # behaviour removes a part, never all


def test_random_response_is_left_alone() -> None:
    found = [ladder(drawn(seed, explained=0.0, customers=2500), seed) for seed in range(1000, 1200)]
    for f in found:
        values = [f["raw"].value, f["ipw"].fit.value, f["aipw"].fit.value]
        assert max(values) - min(values) < 2 * f["raw"].std_error
    gaps = [propensity.gap(f["raw"], f["aipw"].fit) for f in found]
    assert np.mean([abs(f["raw"].value - f["aipw"].fit.value) < f["raw"].std_error for f in found]) > 0.9
    assert np.mean([abs(g.value) > 1.96 * g.std_error for g in gaps]) <= 0.06 + 0.02  # 200 runs; a true 5 % stays within it in 97 % of cases
    assert np.mean([f["aipw"].auc for f in found]) < 0.53
