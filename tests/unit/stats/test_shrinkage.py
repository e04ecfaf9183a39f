"""Shrinking many groups: the worst case against a linear programme, limits by hand, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from voclib.errors import DataError, ParameterError
from voclib.stats import shrinkage

Y = np.array([40.0, 52.0, 31.0, 45.0, 38.0, 60.0, 22.0])
S = np.array([4.0, 6.0, 5.0, 2.0, 8.0, 7.0, 3.0])


def by_programme(mean_square: float, critical: float) -> float:
    """The most that intervals can miss over all distributions of biases on a fine grid with this mean square."""
    bias = np.linspace(0, critical + 4 * np.sqrt(mean_square) + 4, 6001)
    missed = stats.norm.cdf(-critical - bias) + stats.norm.cdf(bias - critical)
    found = optimize.linprog(-missed, A_eq=np.vstack([np.ones_like(bias), bias**2]), b_eq=[1, mean_square], method="highs")
    assert found.status == 0
    return -found.fun


class TestWorstCase:
    @pytest.mark.parametrize("critical", [1.0, 1.70, 1.75, 2.0, 2.5, 4.0, 9.0])
    @pytest.mark.parametrize("mean_square", [0.01, 0.3, 1.0, 4.0, 30.0])
    def test_it_is_what_a_linear_programme_finds(self, mean_square: float, critical: float) -> None:
        exact, grid = shrinkage.worst_case(mean_square, critical), by_programme(mean_square, critical)
        assert grid - 1e-9 <= exact <= grid + 2e-5

    def test_critical_values_miss_exactly_as_often_as_they_say(self) -> None:
        for mean_square in (0.05, 0.7, 3.0, 50.0, 5000.0):
            for level in (0.8, 0.95, 0.99):
                critical = shrinkage.critical_value(mean_square, conf_level=level)
                assert shrinkage.worst_case(mean_square, critical) == pytest.approx(1 - level, abs=1e-7)

    def test_without_bias_it_is_normal_and_far_out_it_is_chebyshev(self) -> None:
        assert shrinkage.critical_value(0.0) == pytest.approx(stats.norm.ppf(0.975))
        assert shrinkage.critical_value(1e6) == pytest.approx(np.sqrt(1e6 / 0.05), rel=0.01)
        assert shrinkage.critical_value(1e9) == pytest.approx(np.sqrt(1e9 / 0.05))
        found = [shrinkage.critical_value(m) for m in np.linspace(0, 20, 30)]
        assert np.all(np.diff(found) > 0)

    @pytest.mark.parametrize(("mean_square", "level"), [(-1, 0.95), (float("nan"), 0.95), (1, 1.0), (1, 95)])
    def test_what_makes_no_sense_is_refused(self, mean_square: float, level: float) -> None:
        with pytest.raises(ParameterError, match="mean square is at least 0"):
            shrinkage.critical_value(mean_square, conf_level=level)


class TestShrink:
    def test_the_formulas_by_hand(self) -> None:
        found = shrinkage.shrink(Y, S)
        omega = 1 / S**2
        mean = omega @ Y / omega.sum()
        variance = omega @ ((Y - mean) ** 2 - S**2) / omega.sum()
        assert found.spread**2 == pytest.approx(variance) and found.is_told
        weight = variance / (variance + S**2)
        center = (1 / (variance + S**2)) @ Y / (1 / (variance + S**2)).sum()
        assert found.weight == pytest.approx(weight) and found.center == pytest.approx(center)
        assert found.value == pytest.approx(center + weight * (Y - center))
        half = np.array([shrinkage.critical_value(s**2 / variance) for s in S]) * weight * S
        assert found.high - found.value == pytest.approx(half) and found.value - found.low == pytest.approx(half)
        assert found.statistic == pytest.approx((omega * (Y - mean) ** 2).sum()) and found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 6))

    def test_robust_intervals_are_wider_than_normal_ones(self) -> None:
        robust, normal = shrinkage.shrink(Y, S), shrinkage.shrink(Y, S, intervals="parametric")
        assert normal.value == pytest.approx(robust.value) and np.all(robust.high - robust.low > normal.high - normal.low)
        assert (normal.high - normal.low) / 2 == pytest.approx(stats.norm.ppf(0.975) * np.sqrt(normal.weight) * S)

    def test_groups_that_differ_by_nothing_are_all_drawn_to_the_mean_and_it_is_said(self) -> None:
        found = shrinkage.shrink(np.full(8, 45.0) + np.array([0.1, -0.1] * 4), np.full(8, 5.0))
        assert not found.is_told and found.spread == pytest.approx(found.floor) and found.p_value > 0.99
        assert np.ptp(found.value) < 0.06 and not found.apart.any()
        assert found.floor**2 == pytest.approx(2 * 25 / 8), "2·Σω²s⁴/(Σω·Σωs²), which is 2s²/K where errors are equal"

    def test_a_known_center_is_kept(self) -> None:
        found = shrinkage.shrink(Y - 40, S, center=0.0)
        assert found.center == 0.0 and np.all(np.abs(found.value) < np.abs(Y - 40) + 1e-12)
        assert np.all(np.sign(found.value) == np.sign(Y - 40))

    def test_units_and_order_do_not_matter(self) -> None:
        order, found = np.array([3, 1, 6, 0, 5, 2, 4]), shrinkage.shrink(Y, S)
        assert shrinkage.shrink(Y[order], S[order]).low == pytest.approx(found.low[order])
        assert shrinkage.shrink(Y / 100, S / 100).high == pytest.approx(found.high / 100)

    def test_those_told_from_the_center_leave_it_out(self) -> None:
        found = shrinkage.shrink(Y, S)
        assert found.apart.tolist() == [bool(a > found.center or b < found.center) for a, b in zip(found.low, found.high, strict=True)]
        assert 0 < found.apart.sum() < len(Y)

    @pytest.mark.parametrize(("y", "s", "error", "message"), [
        (Y[:4], S[:4], DataError, "there are 4, it takes at least 5"),
        (np.append(Y, np.nan), np.append(S, 1), DataError, "1 of 8 groups have no estimate"),
        (Y, np.append(S[:-1], 0), DataError, "no standard error above zero"),
        (Y, S[:-1], ParameterError, r"there are \(7,\) and \(6,\)"),
    ])
    def test_too_little_is_refused(self, y: np.ndarray, s: np.ndarray, error: type, message: str) -> None:
        with pytest.raises(error, match=message):
            shrinkage.shrink(y, s)

    def test_unknown_intervals_and_levels_are_refused(self) -> None:
        with pytest.raises(ParameterError, match="'robust' or 'parametric'"):
            shrinkage.shrink(Y, S, intervals="normal")
        with pytest.raises(ParameterError, match="a share such as 0.95, not 95"):
            shrinkage.shrink(Y, S, conf_level=95)
