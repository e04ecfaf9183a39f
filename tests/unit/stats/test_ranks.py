"""Rank sets: what is told apart, by hand; more degrees of freedom narrow them; bad input."""

from __future__ import annotations

import numpy as np
import pytest

from voclib.errors import DataError, ParameterError
from voclib.stats import ranks


def test_far_groups_have_one_rank_and_near_ones_share_theirs() -> None:
    found = ranks.rank([100, 50, 49, 0], [1, 1, 1, 1])
    assert found.best.tolist() == [1, 2, 2, 4] and found.worst.tolist() == [1, 3, 3, 4]
    assert found.plain.tolist() == [1, 2, 3, 4] and found.pairs_apart == 5


def test_two_groups_are_the_test_of_their_difference() -> None:
    """With one pair the critical value is that of a single two-sided test."""
    assert ranks.rank([0, 1], [1, 1]).critical == pytest.approx(1.96, abs=0.03)


def test_all_pairs_of_six_need_the_studentised_range() -> None:
    """Tukey's q for six groups, 4.030 at 5%, is √2 times the width for differences of equal errors (Tukey 1953)."""
    assert ranks.rank(np.zeros(6), np.ones(6)).critical == pytest.approx(4.030 / np.sqrt(2), abs=0.03)


def test_errors_on_few_degrees_of_freedom_widen_the_sets() -> None:
    few, many = (ranks.rank(np.arange(6.0), np.ones(6), df=df).critical for df in (5, 500))
    assert few > 1.2 * many


def test_the_same_seed_gives_the_same_width_and_order_does_not_matter() -> None:
    y, s = np.array([3.0, 9.0, 5.0]), np.array([1.0, 1.5, 0.7])
    one, other = ranks.rank(y, s), ranks.rank(y[::-1], s[::-1])
    assert one.critical == ranks.rank(y, s).critical
    assert one.best.tolist() == other.best.tolist()[::-1]


@pytest.mark.parametrize(("y", "s"), [([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, np.nan], [1.0, 1.0]), ([1.0, 2.0], [1.0, 0.0])])
def test_bad_groups_are_told(y: list[float], s: list[float]) -> None:
    with pytest.raises(DataError):
        ranks.rank(y, s)


class TestAlike:
    def test_two_units_of_three_answers_by_hand(self) -> None:
        """2 of the 20 ways to deal three answers to each put all high ones on one side."""
        p = ranks.alike_p([0, 0, 0, 10, 10, 10], list("aaabbb"), draws=20_000)
        assert p == pytest.approx(0.1, abs=0.01)

    def test_answers_of_one_mind_tell_nothing(self) -> None:
        assert ranks.alike_p([7] * 12, np.arange(12) // 3) == 1.0

    def test_a_customer_who_answers_often_is_no_evidence_about_the_unit(self) -> None:
        """Each of four customers a unit says the same five times: as rows units look different far too often, as customers they do not."""
        rows, customers = [], []
        for seed in range(200):
            said = np.repeat(np.random.default_rng(seed).normal(size=40), 5)
            unit, who = np.arange(200) // 20, np.arange(200) // 5
            rows.append(ranks.alike_p(said, unit, draws=199, seed=seed) <= 0.05)
            customers.append(ranks.alike_p(said, unit, block=who, draws=199, seed=seed) <= 0.05)
        assert np.mean(customers) <= 0.09 < 0.3 < np.mean(rows)

    def test_one_unit_missing_answers_and_lengths_are_told(self) -> None:
        with pytest.raises(DataError, match="there are 1 units"):
            ranks.alike_p([1, 2], ["a", "a"])
        with pytest.raises(DataError, match="1 answers missing"):
            ranks.alike_p([1, np.nan], ["a", "b"])
        with pytest.raises(ParameterError, match="a unit and a block"):
            ranks.alike_p([1, 2], ["a"])
