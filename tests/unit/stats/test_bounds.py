"""Bounds by hand, the interval around them, what they refuse, and that the order of rows plays no part."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.results import Verdict
from voclib.stats import bounds, inference

NPS = {"low": -100, "high": 100}
Y = np.array([100, 100, 0, -100, np.nan, np.nan, np.nan, np.nan])


def survey(seed: int = 0, n: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trinomial answers of which about half are missing, a stratum and a group."""
    rng = np.random.default_rng(seed)
    stratum, group = rng.integers(0, 4, n), rng.integers(0, 2, n)
    y = rng.choice([-100.0, 0.0, 100.0], n, p=[0.2, 0.3, 0.5])
    y[rng.random(n) > 0.3 + 0.05 * stratum + 0.2 * group] = np.nan
    return y, stratum, group


class TestManski:
    def test_by_hand(self) -> None:
        found = bounds.manski(Y, **NPS)
        assert (found.low, found.high, found.n, found.unsupported_share) == (-37.5, 62.5, 4, 0.5)
        assert found.width == pytest.approx(0.5 * 200)
        assert -100 <= found.conf_low < found.low and found.high < found.conf_high <= 100

    def test_weights_speak_for_more_than_one(self) -> None:
        found = bounds.manski([1.0, np.nan], low=0, high=1, weights=[3, 1])
        assert (found.low, found.high, found.unsupported_share) == (0.75, 1.0, 0.25)

    def test_nobody_answered_is_the_whole_scale(self) -> None:
        found = bounds.manski([np.nan] * 5, **NPS)
        assert (found.low, found.high, found.conf_low, found.conf_high, found.n) == (-100, 100, -100, 100, 0)

    def test_everybody_answered_is_the_ordinary_interval(self) -> None:
        y = np.where(np.isnan(Y), 100, Y)
        found = bounds.manski(y, **NPS)
        fit = inference.fit(y.mean(), y, n=8)
        assert found.low == found.high == y.mean()
        assert found.conf_low == pytest.approx(y.mean() - 1.959964 * fit.std_error)

    def test_it_is_never_a_point(self) -> None:
        shown = bounds.manski(Y, **NPS).estimate("nps", unit="points", rung="manski")
        assert (shown.kind, shown.verdict, shown.value) == ("bounds", Verdict.BOUNDS_ONLY, None)
        assert shown.conf_low < shown.bound_low < shown.bound_high < shown.conf_high

    @pytest.mark.parametrize(("y", "options", "error", "words"), [
        ([1.0, 2.0], {"low": 1, "high": 1}, ParameterError, "scale"),
        ([1.0, 12.0], {"low": 0, "high": 10}, DataError, "outside the scale"),
        ([1.0, 2.0], {"low": 0, "high": 10, "weights": [1, -1]}, ParameterError, "weights"),
        ([1.0, 2.0], {"low": 0, "high": 10, "weights": [1, 1, 1]}, ParameterError, "weights"),
        ([1.0], {"low": 0, "high": 10}, DataError, "two rows"),
    ])
    def test_bad_input(self, y: list[float], options: dict, error: type[Exception], words: str) -> None:
        with pytest.raises(error, match=words):
            bounds.manski(y, **options)


class TestCriticalValue:
    def test_two_sided_where_the_bounds_meet_and_one_sided_far_apart(self) -> None:
        assert bounds.critical_value(0, 1) == pytest.approx(stats.norm.ppf(0.975))
        assert bounds.critical_value(100, 1) == pytest.approx(stats.norm.ppf(0.95))
        assert bounds.critical_value(5, 0) == pytest.approx(stats.norm.ppf(0.95))

    @pytest.mark.parametrize("df", [np.inf, 6.0])
    @pytest.mark.parametrize("width", [0.1, 0.7, 2.0])
    def test_it_covers_an_end_exactly(self, width: float, df: float) -> None:
        c = bounds.critical_value(width, 0.5, conf_level=0.9, df=df)
        law = stats.norm if np.isinf(df) else stats.t(df)
        assert law.cdf(c + width / 0.5) - law.cdf(-c) == pytest.approx(0.9, abs=1e-9)


class TestMonotone:
    def test_the_silent_are_at_most_as_happy(self) -> None:
        lower, higher = bounds.monotone(Y, **NPS), bounds.monotone(Y, **NPS, silent="higher")
        assert (lower.low, lower.high) == (-37.5, 25.0)
        assert (higher.low, higher.high) == (25.0, 62.5)
        assert lower.low == bounds.manski(Y, **NPS).low and higher.high == bounds.manski(Y, **NPS).high

    def test_within_strata_is_the_post_stratified_mean(self) -> None:
        y = np.array([100, 100, np.nan, 0, np.nan, np.nan])
        found = bounds.monotone(y, **NPS, strata=["a", "a", "a", "b", "b", "b"])
        assert found.high == pytest.approx((3 * 100 + 3 * 0) / 6)

    def test_a_stratum_without_an_answer_keeps_the_end_of_the_scale(self) -> None:
        y = np.array([0.0, 0.0, np.nan, np.nan])
        strata = ["a", "a", "b", "b"]
        assert bounds.monotone(y, **NPS, strata=strata).high == 50
        assert bounds.monotone(y, **NPS, strata=strata, silent="higher").low == -50

    def test_the_error_of_the_stratified_end_is_that_of_post_stratification(self) -> None:
        y, stratum, _ = survey()
        found = bounds.monotone(y, **NPS, strata=stratum).upper
        draws = np.random.default_rng(1).integers(0, len(y), (600, len(y)))
        again = np.std([bounds.monotone(y[d], **NPS, strata=stratum[d]).high for d in draws])
        assert found.std_error == pytest.approx(again, rel=0.1)

    def test_another_direction_is_refused(self) -> None:
        with pytest.raises(ParameterError, match="'lower' or 'higher'"):
            bounds.monotone(Y, **NPS, silent="sadder")


class TestStratum:
    FIT = inference.Fit(value=40, std_error=3, n=500, df=30, method="AIPW", n_clusters=31)

    def test_arithmetic(self) -> None:
        found = bounds.stratum(self.FIT, unsupported_share=0.2, **NPS)
        assert (found.low, found.high, found.unsupported_share, found.n) == (12.0, 52.0, 0.2, 500)
        reach = stats.t(30).ppf(0.95) * 0.8 * 3  # the ends lie far apart: one side each
        assert (found.conf_low, found.conf_high) == pytest.approx((12 - reach, 52 + reach))
        assert found.estimate("nps_all", unit="points").verdict is Verdict.BOUNDS_ONLY

    def test_no_share_is_the_point_with_its_interval(self) -> None:
        found, point = bounds.stratum(self.FIT, unsupported_share=0, **NPS), self.FIT.estimate("nps", unit="points")
        assert found.low == found.high == point.value
        assert (found.conf_low, found.conf_high) == pytest.approx((point.conf_low, point.conf_high))

    @pytest.mark.parametrize(("changes", "words"), [({"unsupported_share": 20}, "share in"), ({"low": 0, "high": 1}, "printed units")])
    def test_bad_input(self, changes: dict, words: str) -> None:
        with pytest.raises(ParameterError, match=words):
            bounds.stratum(self.FIT, **{"unsupported_share": 0.2, **NPS, **changes})


class TestLee:
    def test_by_hand(self) -> None:
        """The second group answers in full, the first by half: the lower and the upper half of the second are compared."""
        y = np.array([5.0, 7.0, np.nan, np.nan, 1.0, 2.0, 3.0, 4.0])
        found = bounds.lee_bounds(y, [0, 0, 0, 0, 1, 1, 1, 1])
        assert (found.low, found.high) == pytest.approx((1.5 - 6, 3.5 - 6))
        assert found.unsupported_share == pytest.approx(0.5)

    def test_ties_are_split(self) -> None:
        y = np.array([0.0, 0.0, np.nan, np.nan, np.nan, 0.0, 1.0, 1.0, 1.0, np.nan])
        found = bounds.lee_bounds(y, [0] * 5 + [1] * 5)  # rates .4 and .8: half of {0, 1, 1, 1}
        assert (found.low, found.high) == pytest.approx((0.5, 1.0))

    def test_equal_rates_are_the_difference_of_means(self) -> None:
        y = np.array([1.0, 2.0, np.nan, 4.0, 8.0, np.nan])
        found = bounds.lee_bounds(y, ["a"] * 3 + ["b"] * 3)
        assert found.low == pytest.approx(found.high) == pytest.approx(4.5)

    def test_exchanging_the_groups_turns_the_sign(self) -> None:
        y, _, group = survey()
        one, two = bounds.lee_bounds(y, group), bounds.lee_bounds(y, group, first=1)
        assert (one.low, one.high, one.conf_low, one.conf_high) == pytest.approx((-two.high, -two.low, -two.conf_high, -two.conf_low))

    @pytest.mark.parametrize("continuous", [False, True])
    def test_the_error_equals_the_bootstrap(self, continuous: bool) -> None:
        y, _, group = survey(2, 900)
        y = y + continuous * np.random.default_rng(3).normal(scale=60, size=len(y))
        found = bounds.lee_bounds(y, group)
        draws = np.random.default_rng(1).integers(0, len(y), (500, len(y)))
        again = [bounds.lee_bounds(y[d], group[d]) for d in draws]
        assert found.lower.std_error == pytest.approx(np.std([b.low for b in again]), rel=0.12)
        assert found.upper.std_error == pytest.approx(np.std([b.high for b in again]), rel=0.12)

    @pytest.mark.parametrize(("y", "group", "options", "error", "words"), [
        ([1.0, 2.0, 3.0], [0, 1, 2], {}, DataError, "Two groups"),
        ([1.0, 2.0, 3.0, np.nan], [0, 0, 1, 1], {}, DataError, "two answers"),
        ([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1], {"first": 5}, ParameterError, "no group 5"),
    ])
    def test_bad_input(self, y: list[float], group: list[int], options: dict, error: type[Exception], words: str) -> None:
        with pytest.raises(error, match=words):
            bounds.lee_bounds(y, group, **options)


METHODS = {
    "manski": lambda y, s, g, **k: bounds.manski(y, **NPS, **k),
    "monotone": lambda y, s, g, **k: bounds.monotone(y, **NPS, strata=s, **k),
    "lee": lambda y, s, g, **k: bounds.lee_bounds(y, g, **k),
}


@pytest.mark.parametrize("name", METHODS)
class TestInvariance:
    def numbers(self, found: bounds.Bounds) -> tuple[float, ...]:
        return found.low, found.high, found.conf_low, found.conf_high, found.unsupported_share

    def test_order_of_rows(self, name: str) -> None:
        data = survey()
        order = np.random.default_rng(5).permutation(len(data[0]))
        assert self.numbers(METHODS[name](*(a[order] for a in data))) == pytest.approx(self.numbers(METHODS[name](*data)), abs=1e-9)

    def test_relabelling(self, name: str) -> None:
        y, s, g = survey()
        other = METHODS[name](y, np.array(["d", "c", "b", "a"])[s], np.array(["call", "text"])[g])
        assert self.numbers(other) == pytest.approx(self.numbers(METHODS[name](y, s, g)), abs=1e-9)

    def test_every_row_twice_at_half_weight(self, name: str) -> None:
        data, who = survey(), np.arange(600)
        once = METHODS[name](*data, weights=np.ones(600), cluster=who)
        twice = METHODS[name](*(np.tile(a, 2) for a in data), weights=np.full(1200, 0.5), cluster=np.tile(who, 2))
        assert self.numbers(twice) == pytest.approx(self.numbers(once), abs=1e-9)
