"""Exponential tilts: exact in a population of cells, AIPW at zero, and a frontier on which the mean is the target."""

from __future__ import annotations

import numpy as np
import pytest

from voclib.errors import DataError, ParameterError
from voclib.stats import tilt

LEVELS = np.array([-100.0, 0.0, 100.0])
SHARES = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])  # of those who answer, in two cells
CHANCE = np.array([0.2, 0.5])


def cells() -> dict[str, np.ndarray]:
    """Two cells of customers, counts exactly as their probabilities say: 400 rows each."""
    y, x = [], []
    for cell in (0, 1):
        answered = int(400 * CHANCE[cell])
        counts = (SHARES[cell] * answered).round().astype(int)
        y += [*np.repeat(LEVELS, counts), *[np.nan] * (400 - counts.sum())]
        x += [cell] * 400
    x = np.array(x)
    return {"y": np.array(y), "propensity": CHANCE[x], "outcome_probabilities": SHARES[x], "x": x}


def args() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tuple(cells()[name] for name in ("y", "propensity", "outcome_probabilities"))


def by_hand(gamma: np.ndarray) -> float:
    tilted = SHARES * np.exp(gamma)
    tilted /= tilted.sum(axis=1, keepdims=True)
    return float(np.mean(CHANCE * (SHARES @ LEVELS) + (1 - CHANCE) * (tilted @ LEVELS)))


@pytest.mark.parametrize("gamma", [(0.0, 0.0), (0.7, 0.0), (-0.4, 1.1), (2.0, 2.0)])
def test_a_tilt_is_exact_where_the_cells_are(gamma):
    found = tilt.tilt(*args(), gamma=gamma)
    assert found.value == pytest.approx(by_hand(np.array([gamma[0], 0, gamma[1]])), abs=1e-9)
    named = tilt.tilt(*args(), gamma={-100: gamma[0], 100.0: gamma[1]})
    assert named.value == found.value and named.std_error == found.std_error
    assert found.n == 280 and found.influence.shape == (800,)


def test_without_a_tilt_it_is_the_doubly_robust_mean():
    w, rng = cells(), np.random.default_rng(1)
    chance = np.clip(w["propensity"] + rng.normal(scale=0.05, size=800), 0.1, 0.9)
    shares = rng.dirichlet([3, 3, 3], 800)
    found = tilt.tilt(w["y"], chance, shares, gamma=(0, 0))
    mean, answered = shares @ LEVELS, ~np.isnan(w["y"])
    z = mean + np.where(answered, (np.nan_to_num(w["y"]) - mean) / chance, 0)
    assert found.value == pytest.approx(z.mean(), abs=1e-9)
    assert found.std_error == pytest.approx(z.std(ddof=1) / np.sqrt(800), abs=1e-9)


def test_only_differences_between_levels_count_and_two_levels_work():
    shifted = tilt.tilt(*args(), gamma={-100: 1.5, 0: 1.0, 100: 0.3})
    assert shifted.value == pytest.approx(tilt.tilt(*args(), gamma=(0.5, -0.7)).value, abs=1e-9)
    w = cells()
    y, shares = np.where(np.isnan(w["y"]), np.nan, w["y"] == 100), np.column_stack([1 - SHARES[:, 2], SHARES[:, 2]])[w["x"]]
    found = tilt.tilt(y, w["propensity"], shares, levels=(0, 1), gamma=(np.log(3), 0))
    tilted = SHARES[:, 2] / (SHARES[:, 2] + 3 * (1 - SHARES[:, 2]))
    assert found.value == pytest.approx(np.mean(CHANCE * SHARES[:, 2] + (1 - CHANCE) * tilted), abs=1e-9)


def test_the_error_is_that_of_repeated_draws():
    rng, values, errors = np.random.default_rng(2), [], []
    for _ in range(300):
        x = rng.integers(0, 2, 800)
        score = LEVELS[(rng.random(800)[:, None] > SHARES[x].cumsum(axis=1)[:, :2]).sum(axis=1)]
        y = np.where(rng.random(800) < CHANCE[x], score, np.nan)
        found = tilt.tilt(y, CHANCE[x], SHARES[x], gamma=(0.8, -0.5))
        values.append(found.value)
        errors.append(found.std_error)
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.12)
    assert np.mean(values) == pytest.approx(by_hand(np.array([0.8, 0, -0.5])), abs=4 * np.std(values) / np.sqrt(300))


def test_order_duplicates_and_scaled_weights_change_nothing():
    rng = np.random.default_rng(3)
    base, rows = rng.uniform(0.5, 2, 800), np.arange(800)

    def run(rows: np.ndarray, weights: np.ndarray) -> list[float]:
        found = tilt.tilt(*(a[rows] for a in args()), gamma=(0.5, 0.1), weights=weights, cluster=rows)
        point = tilt.tipping_point(*(a[rows] for a in args()), target=-40, weights=weights, cluster=rows)
        return [found.value, found.std_error, point.times, point.times_low, point.times_high]

    first, mixed, twice = run(rows, base), rng.permutation(800), np.concatenate([rows, rows])
    assert run(mixed, base[mixed]) == pytest.approx(first, abs=1e-9)
    assert run(twice, base[twice] / 2) == pytest.approx(first, abs=1e-8)
    assert run(rows, base * 5) == pytest.approx(first, abs=1e-9)
    assert first[0] != pytest.approx(tilt.tilt(*args(), gamma=(0.5, 0.1)).value, abs=0.1)


def test_the_surface_falls_with_detractors_and_rises_with_promoters():
    table = tilt.tilt_surface(*args(), grid=(0.5, 1.0, 2.0, 4.0))
    assert len(table) == 16
    wide = table.pivot(index="times_detractor", columns="times_promoter", values="value").to_numpy()
    assert (np.diff(wide, axis=0) < 0).all() and (np.diff(wide, axis=1) > 0).all()
    middle = table.query("times_detractor == 1 and times_promoter == 1").iloc[0]
    assert middle["value"] == pytest.approx(by_hand(np.zeros(3)), abs=1e-9)
    assert (table["conf_low"] < table["value"]).all() and (table["conf_high"] > table["value"]).all()


def test_on_the_frontier_the_mean_is_the_target():
    table = tilt.tipping_frontier(*args(), target=-20.0)
    inside = table.dropna()
    assert len(inside) == len(table) and (np.diff(inside["gamma_detractor"]) > 0).all()
    for row in inside.itertuples():
        assert tilt.tilt(*args(), gamma=(row.gamma_detractor, row.gamma_promoter)).value == pytest.approx(-20, abs=1e-6)
        assert np.exp(row.gamma_detractor) == pytest.approx(row.times_detractor)
    at_one = table.loc[np.isclose(table["times_promoter"], 1), "times_detractor"].iloc[0]
    assert tilt.tipping_point(*args(), target=-20.0).times == pytest.approx(at_one)


def test_a_tipping_point_has_a_range_and_says_when_there_is_none():
    found = tilt.tipping_point(*args(), target=-20.0)
    assert 1 < found.times_low < found.times < found.times_high and found.gamma == pytest.approx(np.log(found.times))
    upward = tilt.tipping_point(*args(), target=20.0)
    assert upward.times_low < upward.times < upward.times_high < 1
    never = tilt.tipping_point(*args(), target=-99.0)
    assert np.isnan(never.times) and never.times_high == np.inf
    assert np.isnan(tilt.tipping_frontier(*args(), target=99.0, grid=(1.0,))["times_detractor"].iloc[0])


@pytest.mark.parametrize(("change", "message", "error"), [
    ({"y": np.full(800, 50.0)}, "none of the levels", DataError), ({"y": np.full(800, np.nan)}, "answered", DataError),
    ({"y": np.zeros(800)}, "did not", DataError), ({"propensity": np.zeros(800)}, "propensity", ParameterError),
    ({"outcome_probabilities": np.ones((800, 3))}, "add to 1", ParameterError),
    ({"outcome_probabilities": np.ones((800, 2)) / 2}, "shape", ParameterError),
    ({"levels": (0, 0, 1)}, "ascending", ParameterError), ({"gamma": {50: 1.0}}, "not levels", ParameterError),
    ({"gamma": (1.0,)}, "pair", ParameterError),
    ({"weights": np.zeros(800)}, "weights", ParameterError),
])
def test_what_makes_no_sense_is_refused(change, message, error):
    w = cells()
    given = {"y": w["y"], "propensity": w["propensity"], "outcome_probabilities": w["outcome_probabilities"], "gamma": (0.0, 0.0), **change}
    with pytest.raises(error, match=message):
        tilt.tilt(**given)


def test_multipliers_are_positive():
    with pytest.raises(ParameterError, match="above 0"):
        tilt.tilt_surface(*args(), grid=(0.0, 1.0))
