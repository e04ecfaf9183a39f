"""Siblings under suspicion count for less, and what they may still do is in the interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from voclib.stats.siblings.standing import Standing, Suspicion, standing

MEMBERS, PERIODS = 8, 12


def few(**options: Any) -> Standing:
    """One kind of eight members, the first of which has four times the events of the others from the middle on."""
    counts = np.full((MEMBERS, PERIODS), 2.0)
    counts[0, PERIODS // 2:] = 8.0
    told = options.pop("told", np.zeros(MEMBERS, dtype=bool))
    return standing(counts, np.full(counts.shape, 10.0), kind=np.zeros(MEMBERS), band=np.zeros(counts.shape, dtype=int), told=told,
                    spreads=np.full(MEMBERS, 0.1), **options)


def suspect(chance: float, square: float = 4.0) -> Suspicion:
    first = np.arange(MEMBERS) == 0
    return Suspicion(chance=np.where(first, chance, 0.0), square=np.where(first, square, 0.0))


def test_without_suspicion_all_count_alike() -> None:
    plain, none = few(), few(suspicion=Suspicion.none(MEMBERS))
    assert plain.others == pytest.approx(none.others) and plain.design == pytest.approx(none.design)
    assert plain.ratios(0.95).ratio[1:].max() < 0.85, "a bad sibling makes the others look good"


def test_one_that_is_certainly_bad_counts_as_one_that_is_told() -> None:
    sure, told = few(suspicion=suspect(1.0)), few(told=np.arange(MEMBERS) == 0)
    assert sure.ratios(0.95).ratio == pytest.approx(told.ratios(0.95).ratio)
    assert sure.ratios(0.95).ratio[1:] == pytest.approx(1.0)


def test_the_likelier_one_is_bad_the_nearer_its_siblings_come_to_one_another() -> None:
    ratio = [few(suspicion=suspect(chance)).ratios(0.95).ratio[1] for chance in (0.0, 0.3, 0.6, 0.9)]
    assert (np.diff(ratio) > 0.03).all() and ratio[-1] < 1.0


def test_what_a_suspect_may_do_is_in_the_interval_of_its_siblings_and_not_in_its_own() -> None:
    near, far = few(suspicion=suspect(0.4, square=0.0)), few(suspicion=suspect(0.4, square=9.0))
    assert (far.design[1:] > near.design[1:]).all() and far.design[0] == pytest.approx(near.design[0])
    one, other = near.ratios(0.95), far.ratios(0.95)
    assert one.ratio == pytest.approx(other.ratio) and (other.high[1:] > one.high[1:]).all() and (other.low[1:] < one.low[1:]).all()
