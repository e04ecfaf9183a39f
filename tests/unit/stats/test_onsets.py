"""A rise of one subject within its stream: where it begins, how sure that is, and how often chance makes one."""

import numpy as np
import pytest

from voclib.errors import DataError, ParameterError
from voclib.stats import onsets
from voclib.stats.onsets import Stream


def world(seed: int, *, rate: float = 0.3, times: float = 8.0, begins: int = 200, length: int = 400):
    """A stream of ten events a day and a subject whose rate rises on a day."""
    rng = np.random.default_rng(seed)
    day = np.arange(length)
    own = np.repeat(day, rng.poisson(np.where(day >= begins, rate * times, rate)))
    return own, Stream.of(np.sort(np.concatenate([own, np.repeat(day, rng.poisson(10, length))])), length=length)


def test_a_clear_rise_is_dated_to_its_day():
    own, stream = world(1)
    found = onsets.dated(onsets.rise(own, stream, least=5), own, stream, least=5)
    assert abs(found.first - 200) <= 3 and found.low <= 200 <= found.high and found.high - found.low < 15
    assert found.p_value < 1e-6 and found.last == 399 and 5 < found.ratio < 12


def test_the_set_of_days_holds_the_day():
    held = []
    for seed in range(40):
        own, stream = world(seed, times=5.0)
        found = onsets.rise(own, stream, least=5)
        made = onsets.dated(found, own, stream, least=5, draws=100)
        held.append(made.low <= 200 <= made.high)
    assert np.mean(held) >= 0.88


def test_chance_alone_seldom_makes_one():
    small = []
    for seed in range(200):
        rng = np.random.default_rng([seed, 7])
        days = rng.integers(0, 400, 400)
        found = onsets.rise(days[: rng.integers(5, 40)], Stream.of(days, length=400))
        small.append(found is not None and found.p_value <= 0.05)
    assert np.mean(small) <= 0.08


def test_growth_of_the_whole_stream_is_no_rise():
    rng = np.random.default_rng(3)
    days = np.repeat(np.arange(400), rng.poisson(np.linspace(1, 12, 400)))
    own = days[rng.random(len(days)) < 0.05]
    assert onsets.rise(own, Stream.of(days, length=400)).p_value > 0.01


def test_a_rise_that_ended_has_its_last_day():
    rng = np.random.default_rng(4)
    own = np.sort(np.concatenate([rng.integers(0, 400, 10), rng.integers(150, 180, 30)]))
    stream = Stream.of(np.sort(np.concatenate([own, rng.integers(0, 400, 3000)])), length=400)
    found = onsets.rise(own, stream)
    assert 148 <= found.first <= 155 and 174 <= found.last <= 182


def test_nothing_to_find():
    stream = Stream.of([0, 1, 2, 3], length=100)
    assert onsets.rise([], stream) is None and onsets.rise([1, 2], stream) is None
    assert onsets.rise([1, 2, 3], stream, baseline=60) is None


def test_what_is_wrong_is_said():
    with pytest.raises(DataError, match="between 0 and 9"):
        Stream.of([3, 12], length=10)
    with pytest.raises(ParameterError, match="baseline"):
        onsets.rise([1, 2, 3], Stream.of([1, 2, 3], length=10), baseline=10)


def test_more_of_what_could_bring_it_about_is_no_rise():
    """What the subject comes of is there from day 150 on, and twice as much of it from day 250 on: weights cancel it, plain shares do not."""
    small, plain, day = [], [], np.arange(400)
    for seed in range(60):
        rng = np.random.default_rng([seed, 9])
        there = np.where(day < 150, 0.0, np.where(day < 250, 0.05, 0.10))
        own = np.repeat(day, rng.poisson(10 * there))
        days = np.sort(np.concatenate([own, np.repeat(day, rng.poisson(10, 400))]))
        found = [onsets.rise(own, Stream.of(days, length=400, weight=w), least=5) for w in (there, None)]
        small.append(found[0] is not None and found[0].p_value <= 0.05)
        plain.append(found[1].p_value <= 0.05)
    assert np.mean(small) <= 0.1 and np.mean(plain) > 0.95


def test_a_rise_is_dated_where_weights_move():
    rng, day = np.random.default_rng(5), np.arange(400)
    there = np.where(day < 100, 0.02, 0.04)
    own = np.repeat(day, rng.poisson(10 * there * np.where(day >= 200, 6.0, 1.0)))
    stream = Stream.of(np.sort(np.concatenate([own, np.repeat(day, rng.poisson(10, 400))])), length=400, weight=there)
    found = onsets.dated(onsets.rise(own, stream, least=5), own, stream, least=5, draws=100)
    assert found.low <= 200 <= found.high and found.high - found.low < 30 and 4 < found.ratio < 12
    by_chance = rng.integers(0, 400, 30)
    assert onsets.rise(own, stream, at_most=1e-9) == onsets.rise(own, stream)
    assert onsets.rise(by_chance, stream, at_most=1e-9) is None and onsets.rise(by_chance, stream).p_value > 1e-9


def test_even_weights_change_nothing():
    own, stream = world(2)
    even = Stream(stream.count, np.full(stream.days, 0.3))
    one, two = onsets.rise(own, stream), onsets.rise(own, even)
    assert (one.first, one.last, one.n) == (two.first, two.last, two.n) and one.statistic == pytest.approx(two.statistic)


def test_weights_that_cannot_be_are_said():
    with pytest.raises(DataError, match="weight of 0 or more"):
        Stream.of([1, 2], length=5, weight=[1.0, -1.0, 0, 0, 0])
    with pytest.raises(DataError, match="without weight"):
        onsets.rise([1, 60, 70], Stream.of([1, 60, 70], length=100, weight=np.arange(100) > 50))
