"""The last period against usual ones: the ratio, its interval by hand, what cannot be told, and bad counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from voclib.errors import DataError
from voclib.stats import recent


def rows(*given: list[float]) -> np.ndarray:
    return np.array(given, dtype=float)


class TestRatio:
    def test_the_ratio_is_that_of_rates(self) -> None:
        y, e = rows([10] * 12 + [30]), rows([1] * 12 + [2])
        found = recent.against_usual(y, e)
        assert found.ratio[0] == pytest.approx(1.5) and found.expected[0] == pytest.approx(20) and found.usual_events[0] == 120

    def test_even_counts_are_not_taken_for_exact(self) -> None:
        """A row that never scattered has the dispersion of chance, not none."""
        found = recent.against_usual(rows([10] * 13))
        assert found.dispersion[0] == 1.0 and 0.9 < found.p_value[0] <= 1.0

    @pytest.mark.parametrize("last", [0, 3, 12, 40])
    def test_the_interval_leaves_out_what_the_test_rejects(self, last: float) -> None:
        y = np.vstack([np.append(np.full(12, 12.0) + [k % 5 for k in range(12)], last), np.append(np.arange(12) + 20.0, 25)])
        found = recent.against_usual(y)
        for level in (0.5, 0.9, 0.99):
            low, high = found.interval(level)
            inside = (low <= 1) & (high >= 1)
            assert inside.tolist() == (found.p_value >= 1 - level).tolist()

    def test_ends_solve_their_equation(self) -> None:
        y = np.vstack([np.append(np.full(12, 15.0), 30), np.append(np.full(12, 15.0) + [k % 4 for k in range(12)], 12)])
        found = recent.against_usual(y)
        t = stats.t.ppf(0.975, found.df)
        for end in found.interval(0.95):
            mu = end * found.expected
            z = 2 * (np.sqrt(found.events + 3 / 8) - np.sqrt(mu)) / np.sqrt(found.dispersion * (1 + mu / found.usual_events))
            assert np.abs(z) == pytest.approx(t)

    def test_dispersion_is_drawn_together_and_less_is_borrowed_than_asked_where_rows_differ(self) -> None:
        rng = np.random.default_rng(1)
        y = rng.poisson(20, (40, 13)).astype(float)
        found = recent.against_usual(y)
        own = ((y[:, :-1] - y[:, :-1].mean(axis=1, keepdims=True)) ** 2).sum(axis=1) / 11 / y[:, :-1].mean(axis=1)
        assert np.ptp(found.dispersion) < np.ptp(own) / 2 and 11 < found.df <= 11 * (1 + recent.MOST_BORROWED)


class TestTold:
    def test_few_events_few_periods_and_no_exposure_are_not_told(self) -> None:
        y = rows([1] * 12 + [9], [20] * 12 + [20], [20] * 12 + [20])
        e = np.ones_like(y)
        e[1, :8] = 0
        e[2, -1] = 0
        found = recent.against_usual(y, e)
        assert found.is_told.tolist() == [False, False, False] and np.isnan(found.ratio).all() and (found.p_value == 1).all()
        assert np.isnan(found.interval(0.95)).all()

    def test_a_row_without_any_event_is_not_told(self) -> None:
        assert not recent.against_usual(rows([0] * 13, [20] * 13)).is_told[0]

    def test_nothing_now_is_a_ratio_of_zero(self) -> None:
        found = recent.against_usual(rows([20] * 12 + [0]))
        low, high = found.interval(0.95)
        assert found.ratio[0] == 0 and low[0] == 0 and 0 < high[0] < 0.3


@pytest.mark.parametrize(("counts", "exposure", "message"), [
    (np.ones((2, 6)), None, "6 periods or more"),
    (np.ones(9), None, "6 periods or more"),
    (-np.ones((2, 9)), None, "0 or more"),
    (np.full((1, 9), np.nan), None, "never missing"),
    (np.ones((2, 9)), np.ones((2, 8)), "one value for each count"),
])
def test_bad_counts_are_told(counts: np.ndarray, exposure: np.ndarray | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        recent.against_usual(counts, exposure)


def test_two_periods_are_the_log_of_their_ratio() -> None:
    ratio, low, high = recent.of_two(30, 2, 10, 1)
    assert ratio == pytest.approx(1.5) and np.sqrt(low * high) == pytest.approx(1.5)
    assert np.log(high / low) == pytest.approx(2 * 1.959964 * np.sqrt(1 / 30 + 1 / 10))


def test_the_usual_chart_flags_more_where_counts_scatter() -> None:
    rng = np.random.default_rng(3)
    y = rng.poisson(rng.gamma(20 / 2, 2, (200, 13))).astype(float)
    found = recent.against_usual(y)
    assert recent.poisson_flags(found) > 2 * (found.p_value <= 0.05).sum()
