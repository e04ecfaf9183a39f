"""A group against its siblings: exact intervals, age taken away, what is told, strata."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.stats import onset, outstanding, siblings


def field(seed: int = 3, *, ratio: float = 5.0, groups: int = 30) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(groups), 8)
    exposure = rng.gamma(2.0, 250.0, kind.size)
    rate = np.where(np.arange(kind.size) == 4, ratio, 1.0) * 0.1
    return rng.poisson(exposure * rate), exposure, kind


def test_an_interval_lies_inside_the_exact_one_and_its_ends_are_tests_turned_round() -> None:
    low, high = siblings.interval(12, 100.0, 40, 900.0)
    exact = [stats.beta.ppf(0.025, 12, 41), stats.beta.ppf(0.975, 13, 40)]
    outer = [p / (1 - p) * 9 for p in exact]
    assert outer[0] < low < 12 / 100 / (40 / 900) < high < outer[1]
    odds = low * 100 / (low * 100 + 900)
    assert stats.binom.sf(12, 52, odds) + 0.5 * stats.binom.pmf(12, 52, odds) == pytest.approx(0.025, abs=1e-6)


def test_an_end_is_open_where_a_count_is_zero() -> None:
    assert siblings.interval(0, 10.0, 5, 10.0)[0] == 0
    assert np.isinf(siblings.interval(5, 10.0, 0, 10.0)[1])


def test_one_bad_member_is_told_and_no_other() -> None:
    found = siblings.compare(*field()[:2], kind=field()[2])
    assert np.flatnonzero(found.told).tolist() == [4]
    assert found.low[4] < 5.0 < found.high[4] and found.spread < 0.1


def test_nothing_is_told_where_nothing_is_bad_and_a_lone_member_has_no_number() -> None:
    y, e, kind = field(ratio=1.0)
    assert not siblings.compare(y, e, kind=kind).told.any()
    alone = siblings.compare([3, 5, 4], [10.0, 10.0, 10.0], kind=[0, 1, 1])
    assert np.isnan(alone.ratio[0]) and np.isfinite(alone.ratio[1:]).all()


def test_a_bad_member_is_nobodys_sibling() -> None:
    y, e, kind = field()
    found = siblings.compare(y, e, kind=kind)
    rest = np.flatnonzero((kind == 0) & ~found.told)
    assert found.ratio[rest].mean() == pytest.approx(1.0, abs=0.15)


def test_siblings_without_any_event_leave_a_finite_ratio() -> None:
    alike = np.full(60, 4)  # other kinds, which say that siblings hardly differ; from two alone nothing follows on that
    found = siblings.compare([9, 0, 0, *alike], [10.0] * 63, kind=[0, 0, 0, *np.repeat(np.arange(1, 21), 3)])
    assert np.isfinite(found.ratio[0]) and np.isinf(found.high[0]) and found.p[0] < 1e-3


def test_age_is_taken_away() -> None:
    rng = np.random.default_rng(1)
    band = np.add.outer(rng.integers(0, 6, 60), np.arange(12) // 4)
    exposure = np.full(band.shape, 400.0)
    counts = rng.poisson(exposure * 0.05 * (1.0 + 0.5 * band))
    worth = siblings.exposures(counts, exposure, kind=np.zeros(60), band=band)
    true = (1.0 + 0.5 * band).sum(axis=1)
    assert np.corrcoef(worth.sum(axis=1), true)[0, 1] > 0.99
    assert worth.sum() == pytest.approx(exposure.sum())


@pytest.mark.parametrize("counts", [[[np.nan]], [[-1.0]], [[0.0]]])
def test_counts_that_tell_nothing_are_an_error(counts: list) -> None:
    with pytest.raises(DataError):
        siblings.exposures(counts, [[1.0]], kind=[0], band=[[0]])


def test_shapes_have_to_fit() -> None:
    with pytest.raises(ParameterError):
        siblings.compare([1, 2], [1.0], kind=[0, 0])
    with pytest.raises(ParameterError):
        siblings.exposures([[1.0]], [[1.0, 2.0]], kind=[0], band=[[0]])


def test_strata_give_the_common_ratio_and_need_both_sides() -> None:
    rng = np.random.default_rng(5)
    kind, member = np.repeat(np.arange(40), 6), np.tile([True, False, False] * 2, 40)
    exposure = rng.uniform(100, 400, kind.size)
    y = rng.poisson(exposure * 0.1 * np.where(member, 1.5, 1.0) * rng.uniform(0.5, 2, 40)[kind])
    found = siblings.stratified(y, exposure, kind=kind, member=member)
    assert abs(found.log_ratio - np.log(1.5)) < 3 * found.std_error and found.strata == 40
    with pytest.raises(DataError):
        siblings.stratified(y, exposure, kind=kind, member=np.ones(kind.size))


def test_drawn_in_members_keep_one_that_lies_far_off() -> None:
    y, e, _ = field()
    made = outstanding.draw_in(y, e * 0.1)
    assert 4.2 < made.value[4] < 5.6 and made.far[4] > 0.99
    rest = np.delete(np.arange(len(y)), 4)
    assert np.std(made.value[rest]) < 0.5 * np.std(y[rest] / (e[rest] * 0.1))
    with pytest.raises(DataError):
        outstanding.draw_in([1, 2], [1.0, 1.0])


def test_the_first_day_is_found_and_no_change_is_not_told() -> None:
    rng = np.random.default_rng(2)
    expected = np.full(300, 0.3)
    found = onset.onset(rng.poisson(np.where(np.arange(300) >= 180, 6.0, 1.0) * expected), expected)
    assert found.is_told and found.low <= 180 <= found.high and found.high - found.low < 40
    assert not onset.onset(rng.poisson(expected), expected).is_told
    with pytest.raises(DataError):
        onset.onset([1, 2], [1.0, 1.0])
