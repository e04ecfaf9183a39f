"""Chances of being told apart: exact over all samples, against formulas by hand, and refused where nothing can be said."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from voclib.errors import DataError, ParameterError
from voclib.stats import disclosure

OTHERS = [0, 1, 2, 5, 12, 40]


def expected(values: np.ndarray, others: int, fraction: float) -> float:
    """The mean of a function of the others seen, 0 to `others`, over all samples."""
    return float(stats.binom.pmf(np.arange(others + 1), others, fraction) @ values)


class TestChance:
    @pytest.mark.parametrize("fraction", [0.5, 0.6, 0.8, 1.0])
    @pytest.mark.parametrize("others", OTHERS)
    def test_unbiased_over_all_samples(self, others: int, fraction: float) -> None:
        assert expected(disclosure.chance(np.arange(others + 1), fraction=fraction), others, fraction) == pytest.approx(1 / (1 + others), abs=1e-9)

    @pytest.mark.parametrize("fraction", [0.02, 0.1, 0.25, 0.4, 0.5, 0.9])
    @pytest.mark.parametrize("others", OTHERS)
    def test_bounds_hold_over_all_samples(self, others: int, fraction: float) -> None:
        low, high = disclosure.chance_ends(np.arange(others + 1), fraction=fraction)
        assert expected(low, others, fraction) <= 1 / (1 + others) + 1e-9
        assert expected(high, others, fraction) >= 1 / (1 + others) - 1e-9

    def test_the_naive_chance_is_too_large(self) -> None:
        naive = expected(1 / (1 + np.arange(6)), 5, 0.5)
        assert naive > 1 / 6 + 0.1

    @pytest.mark.parametrize(("fraction", "call"), [(0.49, disclosure.chance), (1.01, disclosure.chance), (0.0, disclosure.chance_ends),
                                                     (-1.0, disclosure.chance_ends), (float("nan"), disclosure.chance_ends)])
    def test_a_fraction_that_is_none(self, fraction: float, call) -> None:
        with pytest.raises(ParameterError, match="part of the population"):
            call([0, 1], fraction=fraction)

    @pytest.mark.parametrize("others", [[-1], [np.nan], [np.inf]])
    def test_others_are_counts(self, others: list[float]) -> None:
        with pytest.raises(ParameterError, match="beside the one"):
            disclosure.chance(others)


class TestFound:
    def test_a_whole_list_is_the_mean_of_one_over_f(self) -> None:
        one = disclosure.found([0, 1, 3, 3], estimand="x")
        assert one.value == pytest.approx((1 + 0.5 + 0.25 + 0.25) / 4) and one.kind == "estimate" and one.n == 4

    def test_a_small_part_gives_bounds(self) -> None:
        one = disclosure.found([0, 1, 3, 3, 0, 0, 2], fraction=0.2, estimand="x")
        assert one.kind == "bounds" and 0 <= one.conf_low <= one.bound_low <= one.bound_high <= one.conf_high <= 1

    def test_clusters_widen_it(self) -> None:
        others, dealer = np.repeat([0, 1, 2, 4, 8, 12, 20, 3, 0, 30], 20), np.repeat(np.arange(10), 20)
        alone, grouped = disclosure.found(others, estimand="x"), disclosure.found(others, estimand="x", cluster=dealer)
        assert grouped.std_error > 3 * alone.std_error and grouped.n_clusters == 10

    def test_too_few(self) -> None:
        with pytest.raises(DataError, match="at least two"):
            disclosure.found([3], estimand="x")

    def test_the_order_of_rows_changes_nothing(self) -> None:
        x = np.random.default_rng(3).integers(0, 9, 60)
        assert disclosure.found(x, fraction=0.5, estimand="x").value == pytest.approx(disclosure.found(x[::-1], fraction=0.5, estimand="x").value)


class TestSkinnerElliot:
    def test_by_hand(self) -> None:
        """20 records alone, 10 pairs: θ = .5·20 / (.5·20 + 2·.5·10) = ½."""
        one = disclosure.correct_if_unique([0] * 20 + [1] * 20 + [5] * 30, fraction=0.5, estimand="x")
        assert one.value == pytest.approx(0.5) and one.conf_low < 0.5 < one.conf_high

    def test_a_whole_list_makes_every_match_right(self) -> None:
        assert disclosure.correct_if_unique([0, 0, 1, 1], fraction=1.0, estimand="x").value == 1.0

    def test_it_recovers_the_share_of_right_matches(self) -> None:
        rng = np.random.default_rng(4)
        sizes = 1 + rng.poisson(rng.gamma(1.0, 3.0, 60_000))
        seen = rng.binomial(sizes, 0.3)
        alone = seen == 1
        truth = alone.sum() / sizes[alone].sum()
        others = np.repeat(seen - 1, np.maximum(seen, 0))
        assert disclosure.correct_if_unique(others, fraction=0.3, estimand="x").value == pytest.approx(truth, abs=0.01)

    def test_nobody_alone(self) -> None:
        with pytest.raises(DataError, match="alone"):
            disclosure.correct_if_unique([1, 1, 4], fraction=0.5, estimand="x")


class TestAtLeast:
    @pytest.mark.parametrize("fraction", [0.1, 0.3, 0.5, 0.9])
    @pytest.mark.parametrize("size", [1, 3, 8, 40])
    def test_the_limit_is_too_high_in_one_of_twenty_samples_at_most(self, size: int, fraction: float) -> None:
        seen = np.arange(size + 1)
        limit = disclosure.at_least(seen, fraction=fraction)
        assert stats.binom.pmf(seen, size, fraction)[limit > size].sum() <= 0.05
        assert (limit >= seen).all() and (np.diff(limit) >= 0).all()

    def test_a_whole_list(self) -> None:
        assert disclosure.at_least([0, 3, 9]).tolist() == [0, 3, 9]


    @pytest.mark.parametrize("fraction", [0.1, 0.3, 0.5, 0.9])
    @pytest.mark.parametrize("size", [1, 3, 8, 40])
    def test_the_other_limit_is_too_low_in_one_of_twenty_samples_at_most(self, size: int, fraction: float) -> None:
        seen = np.arange(size + 1)
        limit = disclosure.at_most(seen, fraction=fraction)
        assert stats.binom.pmf(seen, size, fraction)[limit < size].sum() <= 0.05
        assert (limit >= disclosure.at_least(seen, fraction=fraction)).all() and (np.diff(limit) >= 0).all()
        assert stats.binom.cdf(seen, limit + 1, fraction).max() <= 0.05 < stats.binom.cdf(seen, limit, fraction).min(), "the very largest"
        assert disclosure.at_most(seen).tolist() == seen.tolist()


class TestChosen:
    def test_bounds_by_hand(self) -> None:
        """Two of two, each end at 2.5%: none seen at π = .5 leaves up to 5 others (.5⁵ = .031 > .025), three seen at least 3 others."""
        one = disclosure.found_of_chosen([0, 3], tried=2, fraction=0.5, estimand="x")
        most = disclosure.at_most([3], fraction=0.5, conf_level=0.975)[0]
        assert one.bound_low == pytest.approx((1 / 6 + 1 / (1 + most)) / 2) and one.bound_high == pytest.approx((1 + 1 / 4) / 2)
        assert one.kind == "bounds" and (one.conf_low, one.conf_high) == (one.bound_low, one.bound_high) and one.n == 2

    def test_the_rarer_the_choice_the_wider(self) -> None:
        few, all_ = (disclosure.found_of_chosen([6, 9, 7], tried=n, fraction=0.5, estimand="x") for n in (300, 3))
        assert few.bound_low < all_.bound_low and few.bound_high > all_.bound_high

    def test_too_few(self) -> None:
        with pytest.raises(ParameterError, match="all that were looked at"):
            disclosure.found_of_chosen([3, 4], tried=1, fraction=0.5, estimand="x")
        with pytest.raises(DataError, match="at least one"):
            disclosure.found_of_chosen([], tried=1, fraction=0.5, estimand="x")


class TestExact:
    @pytest.mark.parametrize(("hits", "n"), [(0, 30), (3, 30), (30, 30), (1, 1)])
    def test_against_statsmodels(self, hits: int, n: int) -> None:
        one = disclosure.exact(hits, n, estimand="x")
        assert (one.conf_low, one.conf_high) == pytest.approx(proportion_confint(hits, n, method="beta"), abs=1e-12)

    def test_no_share(self) -> None:
        for hits, n in ((1, 0), (3, 2), (-1, 4)):
            with pytest.raises(DataError, match="not a share"):
                disclosure.exact(hits, n, estimand="x")

