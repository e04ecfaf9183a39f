"""Ratios drawn in: intervals that hold where little tells how far members differ, the limit of many members, what is refused."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import stats

from benchmarks.coverage_batches import likeliest
from voclib.errors import DataError, ParameterError
from voclib.stats import outstanding

WORLDS = 60


@cache
def worlds(members: int, spread: float, mean: float) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Counts, expected counts and true ratios, gamma with mean one and coefficient of variation `spread`."""
    made = []
    for seed in range(WORLDS):
        rng = np.random.default_rng([seed, members])
        e = rng.gamma(2.0, mean / 2, members) + 1.0
        true = rng.gamma(spread**-2, spread**2, members)
        made.append((rng.poisson(true * e).astype(float), e, true))
    return made


def held(low: np.ndarray, high: np.ndarray, true: np.ndarray) -> float:
    return float(((low <= true) & (true <= high)).mean())


@pytest.mark.parametrize(("members", "spread"), [(8, 0.1), (16, 0.25)])
def test_among_few_members_intervals_hold_on_average_where_one_prior_taken_for_known_does_not(members: int, spread: float) -> None:
    ours, one = [], []
    for y, e, true in worlds(members, spread, 12.0):
        found = outstanding.draw_in(y, e)
        ours.append(held(found.low, found.high, true))
        one.append(held(*likeliest(y, e), true))
    assert np.mean(ours) >= 0.91 and np.mean(one) <= 0.8


def test_among_many_members_the_prior_is_known_and_intervals_are_those_of_its_gamma() -> None:
    y, e, true = worlds(600, 0.3, 60.0)[0]
    found = outstanding.draw_in(y, e)
    exact = [stats.gamma.ppf(at, 0.3**-2 + y, scale=1 / (0.3**-2 + e)) for at in (0.025, 0.975)]
    assert found.spread == pytest.approx(0.3, abs=0.05) and found.center == pytest.approx(1.0, abs=0.05)
    width = (found.high - found.low) / (exact[1] - exact[0])
    assert np.median(width) == pytest.approx(1.0, abs=0.05) and 0.93 <= held(found.low, found.high, true) <= 0.97


def test_fewer_counts_say_less_of_the_prior_and_intervals_are_wider() -> None:
    few, many = (outstanding.draw_in([5.0] * n, [5.0] * n) for n in (6, 60))
    assert np.ptp([few.low[0], few.high[0]]) > 1.3 * np.ptp([many.low[0], many.high[0]])


def test_one_that_lies_far_off_is_known_as_such_and_by_how_much() -> None:
    y = np.array([60.0, *[10.0] * 11])
    found = outstanding.draw_in(y, np.full(12, 10.0))
    assert found.far[0] > 0.9 and found.far[1:].max() < 0.2
    assert found.distance[0] == pytest.approx((6.0 / found.center - 1) ** 2, rel=0.2) and found.distance.min() > 0


def test_members_judged_by_one_another_say_less_by_their_weight() -> None:
    y, e, _ = worlds(16, 0.25, 12.0)[0]
    whole, part = outstanding.draw_in(y, e), outstanding.draw_in(y, e, weight=0.5)
    assert (part.high - part.low).mean() > (whole.high - whole.low).mean()


def test_large_counts_stay_finite() -> None:
    y = np.array([1_000_000.0, 990_000.0, 1_010_000.0, 5.0, 0.0, 3_000_000.0])
    found = outstanding.draw_in(y, np.array([1e6, 1e6, 1e6, 5.0, 5.0, 1e6]))
    assert np.isfinite(np.concatenate([found.value, found.low, found.high, found.distance])).all()
    assert (found.low <= found.value).all() and (found.value <= found.high).all()


@pytest.mark.parametrize("options", [{"weight": 2.0}, {"weight": -1.0}, {"conf_level": 1.0}])
def test_levels_and_weights_lie_between_nothing_and_one(options: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        outstanding.draw_in([1.0] * 6, [1.0] * 6, **options)


def test_what_is_not_above_nothing_is_not_expected() -> None:
    with pytest.raises(DataError):
        outstanding.draw_in([1.0] * 6, [1.0, 1.0, 1.0, 1.0, 1.0, 0.0])
