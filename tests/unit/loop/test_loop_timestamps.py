"""Whether recorded times can be believed: closings hurried in before a limit, in bulk, out of order, and customers who come back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from loop_tables import START, cases, moment

from voclib.loop.inner_loop import timestamps

Office = Callable[[np.random.Generator, int], np.ndarray]


def clocked(seed: int, *, n: int = 2000, limit: float = 72.0, hurried: float = 0.0, opened: tuple[float, float] = (8, 22),
            closed: tuple[float, float] = (9, 18), weekends: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """When each of n cases began (hours since a Monday) and how long it took: what would end out of hours ends at a random time of the next day of
    work; of those late by less than half a limit a share is hurried in before it, in or out of hours."""
    rng = np.random.default_rng(seed)
    start = 24.0 * rng.integers(0, 91, n) + rng.uniform(*opened, n)
    took = rng.lognormal(np.log(rng.uniform(30, 45)), 0.9, n)
    late = (took > limit) & (took < 1.5 * limit) & (rng.random(n) < hurried)
    end, fresh = start + took, rng.uniform(*closed, n)
    hour = end % 24
    ended = np.where((hour >= closed[0]) & (hour < closed[1]), end, end - hour + fresh + 24 * (hour >= closed[1]))
    for _ in range(0 if weekends else 2):
        ended = np.where(ended // 24 % 7 >= 5, ended + 24.0, ended)
    ended = np.where(late, start + np.maximum(limit - rng.exponential(2.0, n), 0.1), ended)
    return start, ended - start


def found(seeds: range, *, rhythm: bool = True, **options: object) -> np.ndarray:
    """p-values of the test for so many draws."""
    made = [(start, hours, options.get("limit", 72.0)) for start, hours in (clocked(seed, **options) for seed in seeds)]
    return np.array([timestamps.pile(hours, limit=limit, start=start if rhythm else None).p_value for start, hours, limit in made])


class TestPile:
    @pytest.mark.parametrize("options", [{}, {"opened": (0, 24), "closed": (0, 24), "weekends": True}, {"opened": (9, 18)}, {"limit": 24.0},
                                         {"limit": 48.0, "weekends": True}, {"n": 500}])
    def test_seldom_wrong_where_nobody_hurries(self, options: dict) -> None:
        p = found(range(100), **options)
        assert np.isfinite(p).all() and (p < 0.05).mean() <= 0.1

    @pytest.mark.parametrize("options", [{}, {"opened": (0, 24), "closed": (0, 24), "weekends": True}, {"limit": 24.0}])
    def test_sees_hurried_closings(self, options: dict) -> None:
        p = found(range(40), hurried=0.5, **options)
        assert (p < 0.05).mean() >= 0.8

    def test_office_hours_alone_look_hurried_where_the_rhythm_is_not_known(self) -> None:
        """Opened after noon, closed until 18:00: when 72 hours are over, hardly anybody works. The same draws pass once that is known."""
        assert (found(range(40), rhythm=False, opened=(12, 22)) < 0.05).mean() > 0.8
        assert (found(range(40), opened=(12, 22)) < 0.05).mean() <= 0.1

    def test_what_is_expected_and_by_how_much_it_falls(self) -> None:
        start, hours = clocked(1, n=6000, opened=(0, 24), closed=(0, 24), weekends=True)
        plain = timestamps.pile(hours, limit=72, start=start)
        assert plain.before == ((hours > 68.4) & (hours <= 72)).sum() and plain.width == pytest.approx(3.6)
        assert plain.n == ((hours >= 54) & (hours < 90)).sum() and plain.expected == pytest.approx(plain.before, rel=0.4)
        start, hours = clocked(1, n=6000, hurried=0.5, opened=(0, 24), closed=(0, 24), weekends=True)
        pile = timestamps.pile(hours, limit=72, start=start)
        assert pile.jump > 3 > plain.jump and pile.before > 3 * pile.expected and pile.p_value < 1e-4

    def test_done_at_the_limit_is_before_it(self) -> None:
        hours = np.repeat([71.0, 72.0, 73.0, 60.0, 80.0], 30)
        assert timestamps.pile(hours, limit=72).before == 60

    def test_nobody_after_the_limit_is_the_clearest_pile(self) -> None:
        rng = np.random.default_rng(2)
        before, after = timestamps.pile(rng.uniform(54, 72, 300), limit=72), timestamps.pile(rng.uniform(72.1, 90, 300), limit=72)
        assert before.p_value < 1e-6 and before.jump > 100 and after.p_value > 0.9 and np.isfinite([before.expected, after.jump]).all()

    @pytest.mark.parametrize("n", [0, 20, 59])
    def test_too_few_near_the_limit(self, n: int) -> None:
        pile = timestamps.pile(np.r_[np.linspace(55, 89, n), np.full(500, 10.0)], limit=72)
        assert pile.n == n < timestamps.FEWEST and np.isnan([pile.p_value, pile.expected, pile.jump]).all()

    def test_times_of_full_hours_are_no_pile(self) -> None:
        """Bins of 3.6 hours hold three or four full hours; bins of 1.2 hours, one or two."""
        for limit in (72.0, 24.0):
            p = []
            for seed in range(60):
                start, hours = clocked(seed, n=3000, opened=(0, 24), closed=(0, 24), weekends=True)
                begun, ended = np.floor(start), np.floor(start + hours)
                p.append(timestamps.pile(ended - begun, limit=limit, start=begun).p_value)
            assert np.mean(np.array(p) < 0.05) <= 0.1

    def test_times_of_full_days_tell_nothing(self) -> None:
        start, hours = clocked(4)
        begun = 24 * np.floor(start / 24)
        pile = timestamps.pile(24 * np.floor((start + hours) / 24) - begun, limit=72, start=begun)
        assert pile.n >= timestamps.FEWEST and np.isnan(pile.p_value)

    def test_a_limit_of_seconds_tells_nothing(self) -> None:
        assert np.isnan(timestamps.pile(np.full(200, 0.05), limit=0.05, start=np.zeros(200)).p_value)


class TestOrderAndBulk:
    @pytest.mark.parametrize(("name", "hours", "wrong"), [
        ("assigned_at", -1, 1), ("responded_at", -1, 1), ("resolved_at", -1, 1), ("resolved_at", 0, 0), ("responded_at", 30, 1),
        ("assigned_at", 30, 1), ("responded_at", np.nan, 0)])
    def test_a_later_step_before_an_earlier_one(self, name: str, hours: float, wrong: int) -> None:
        frame = cases([0, 0], [20, 20])
        frame[name] = moment([hours, 0])
        assert timestamps.out_of_order(frame) == wrong

    def test_a_case_with_several_mistakes_counts_once(self) -> None:
        assert timestamps.out_of_order(cases([10, 0], [0, 5], assigned_at=moment([5, 1]), responded_at=moment([3, 2]))) == 1

    @pytest.mark.parametrize(("n", "bulk"), [(9, 0), (10, 10), (25, 25)])
    def test_closed_in_one_minute_by_one_department(self, n: int, bulk: int) -> None:
        assert timestamps.in_bulk(cases(list(range(n)), [50 + k / 3600 / 2 for k in range(n)])) == bulk

    def test_two_departments_or_two_minutes_are_no_bulk(self) -> None:
        assert timestamps.in_bulk(cases([0] * 18, [50] * 18, owner_department=["甲", "乙"] * 9)) == 0
        assert timestamps.in_bulk(cases([0] * 18, [50 + k % 2 / 60 for k in range(18)])) == 0
        assert timestamps.in_bulk(cases([0] * 18, [50] * 9 + [np.nan] * 9)) == 0
        assert timestamps.in_bulk(cases([0] * 12, [50] * 12, owner_department=[None] * 12)) == 12


class TestCameBack:
    END = START + pd.Timedelta(days=60)

    def back(self, opened: list[float], **columns: object) -> tuple[int, int]:
        frame = cases(opened, [10, *[np.nan] * (len(opened) - 1)], **{"customer_id": "C1", **columns})
        return timestamps.came_back(frame, days=30, asof=self.END)

    @pytest.mark.parametrize(("again", "found"), [(10 + 24 * 30, 1), (10 + 24 * 30 + 0.1, 0), (10, 0), (5, 0), (11, 1)])
    def test_within_so_many_days_after_it_was_closed(self, again: float, found: int) -> None:
        assert self.back([0, again]) == (1, found)

    def test_only_the_same_customer_and_topic(self) -> None:
        assert self.back([0, 20], customer_id=["C1", "C2"]) == (1, 0) == self.back([0, 20], topic=["wait", "price"])
        assert self.back([0, 20], customer_id=[None, None]) == (0, 0) == self.back([0, 20], topic=[None, None])

    def test_twice_is_once_and_the_recent_cannot_be_watched(self) -> None:
        assert self.back([0, 20, 30, 40]) == (1, 1)
        frame = cases([0, 24 * 35], [10, 24 * 35 + 1], customer_id="C1")
        assert timestamps.came_back(frame, days=30, asof=self.END) == (1, 0), "closed 25 days before the end"
