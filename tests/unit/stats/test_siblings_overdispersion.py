"""Spread of each kind: chances as in scipy, kinds told apart, one bad member no wide kind, no member accused where kinds differ unequally."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from voclib.stats import inference, siblings
from voclib.stats.siblings import overdispersion

KINDS, MEMBERS = 40, 9


def counts(seed: int, spreads: np.ndarray, *, mean: float = 100.0, bad: dict[int, float] | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts, exposures and kinds; true rates of a kind are gamma with its own coefficient of variation."""
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(len(spreads)), MEMBERS)
    exposure = rng.gamma(2.0, mean / 2, kind.size) + 2.0
    size = 1 / np.maximum(spreads[kind], 1e-3) ** 2
    rate = rng.gamma(size, 1 / size)
    for member, ratio in (bad or {}).items():
        rate[member] = ratio
    return rng.poisson(exposure * rate).astype(float), exposure, kind


def unequal(seed: int) -> np.ndarray:
    """Four to ten kinds of forty differ, by a coefficient of variation that is drawn; the others do not."""
    rng = np.random.default_rng(seed + 900)
    made = np.zeros(KINDS)
    made[: rng.integers(4, 11)] = rng.uniform(0.3, 0.6)
    return made


def told_by_one_spread(y: np.ndarray, e: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """The same test with one spread for all kinds: the root mean square of theirs."""
    none = np.zeros(len(y), dtype=bool)
    scatter = overdispersion.learn(y, e, kind, none)
    nearest = int(np.argmin(np.abs(overdispersion.SCALES - np.sqrt(np.mean(scatter.spread**2)))))
    pooled = np.tile(np.eye(len(overdispersion.SCALES))[nearest] + 1e-12, (KINDS, 1))
    return inference.adjust(overdispersion.tails(y, e, kind, none, replace(scatter, prior=pooled)), "by") <= 0.05


@cache
def worlds(n: int = 16) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    return [counts(seed, unequal(seed)) for seed in range(n)]


def test_no_member_is_accused_where_kinds_differ_unequally_and_one_spread_for_all_accuses_some() -> None:
    ours = [siblings.compare(y, e, kind=kind).told.any() for y, e, kind in worlds()]
    one = [told_by_one_spread(*world).any() for world in worlds()]
    assert np.mean(ours) <= 1 / 16 and np.mean(one) > 0.5


def test_a_bad_member_is_found_beside_kinds_that_differ() -> None:
    found = [siblings.compare(*world[:2], kind=world[2]).told[300] for world in (counts(seed, unequal(seed), bad={300: 4.0}) for seed in range(8))]
    assert np.mean(found) >= 0.85


def test_two_bad_members_of_a_kind_do_not_hide_one_another() -> None:
    y, e, kind = counts(3, np.zeros(KINDS), bad={0: 4.0, 3: 4.0})
    assert np.flatnonzero(siblings.compare(y, e, kind=kind).told).tolist() == [0, 3]


def test_the_spread_of_a_kind_is_its_own_and_one_bad_member_is_none() -> None:
    planted = np.where(np.arange(KINDS) < 8, 0.6, 0.0)
    y, e, kind = counts(5, planted, bad={300: 5.0})
    found = overdispersion.learn(y, e, kind, np.zeros(len(y), dtype=bool)).spread
    assert 0.4 < np.median(found[:8]) < 0.8 and np.median(found[8:]) < 0.08
    assert found[300 // MEMBERS] < 0.15


def test_told_members_do_not_make_a_wide_kind_narrow() -> None:
    """Those told are set aside from the mean; of the spread they still say that they are higher than the others."""
    y, e, kind = counts(11, np.full(KINDS, 0.5))
    none = np.zeros(len(y), dtype=bool)
    high = np.isin(np.arange(len(y)), [int(np.argmax(np.where(kind == k, y / e, -1))) for k in range(KINDS)])
    kept = ~high
    full, aside = (overdispersion.learn(y, e, kind, flag).spread.mean() for flag in (none, high))
    dropped = overdispersion.learn(y[kept], e[kept], kind[kept], none[kept]).spread.mean()
    assert aside == pytest.approx(full, rel=0.12) and 0.42 < aside < 0.58 and dropped < aside


def test_chances_are_those_of_the_negative_binomial() -> None:
    mean = np.full((len(overdispersion.SCALES), 1), 7.0)
    above = overdispersion._above(12.0, mean)[:, 0]
    size = 1 / overdispersion.SCALES[1:] ** 2
    assert above == pytest.approx([stats.poisson.sf(11, 7.0), *stats.nbinom.sf(11, size, size / (size + 7.0))])
    mass = [overdispersion._mass(np.array([y]), np.array([1.0]), mean)[:, 0] for y in (12.0, 3.0)]
    exact = [[stats.poisson.logpmf(y, 7.0), *stats.nbinom.logpmf(y, size, size / (size + 7.0))] for y in (12, 3)]
    assert mass[0] - mass[1] == pytest.approx(np.subtract(*exact) + np.log(12.0 * 11 * 10 * 9 * 8 * 7 * 6 * 5 * 4))


def test_what_is_not_known_of_the_spread_makes_a_tail_heavier() -> None:
    few = siblings.compare([40, 10, 10], [1.0, 1.0, 1.0], kind=[0, 0, 0]).p[0]
    many = siblings.compare([40, *[10] * 92], [1.0] * 93, kind=np.repeat(np.arange(31), 3)).p[0]
    assert many < few / 5 and few > stats.binom.sf(39, 60, 1 / 3)


def test_the_ratio_said_to_be_mostly_seen_is_mostly_seen() -> None:
    hit = []
    for seed in range(6):
        y, e, kind = counts(seed, np.full(KINDS, 0.3), mean=40.0)
        found = siblings.compare(y, e, kind=kind)
        need = siblings.seen_from(y, e, kind=kind, found=found)
        at = int(np.argsort(e)[len(e) // 2])
        y[at] = np.random.default_rng(seed).poisson(found.expected[at] * need[at])
        hit.append(siblings.compare(y, e, kind=kind).told[at])
    assert 0.5 <= np.mean(hit) <= 1.0
