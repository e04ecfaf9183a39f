"""Permutation of treatment against a loop over all assignments; p-values that a design can give; intervals."""

from __future__ import annotations

from itertools import combinations, product
from math import comb

import numpy as np
import pytest

from voclib.errors import DataError, ParameterError
from voclib.stats import inference
from voclib.stats.inference import permutation


def units(seed: int = 0, n: int = 10, treated: int = 3, effect: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, treatment and two strata, each with a choice."""
    rng = np.random.default_rng(seed)
    d = np.zeros(n, dtype=bool)
    d[[0, *range(n - treated + 1, n)]] = True
    return rng.normal(size=n) * rng.lognormal(size=n) + effect * d, d, np.repeat(["a", "b"], [n // 2, n - n // 2])


def assignments(d: np.ndarray, stratum: np.ndarray) -> list[np.ndarray]:
    """Every assignment that leaves each stratum's number of treated, by plain loops."""
    rows = [np.flatnonzero(stratum == s) for s in np.unique(stratum)]
    made = []
    for way in product(*(combinations(r, int(d[r].sum())) for r in rows)):
        one = np.zeros(len(d), dtype=bool)
        one[[i for part in way for i in part]] = True
        made.append(one)
    return made


def looped(y: np.ndarray, d: np.ndarray, stratum: np.ndarray, statistic: str, effect: float = 0.0) -> float:
    """p by regressing the values, less a supposed effect, on treatment and strata for each assignment."""
    dummies = (stratum[:, None] == np.unique(stratum)).astype(float)

    def size(treated: np.ndarray, values: np.ndarray) -> float:
        x = np.column_stack([treated, dummies])
        beta = np.linalg.lstsq(x, values, rcond=None)[0]
        bread, left = np.linalg.inv(x.T @ x), values - x @ beta
        robust = bread @ (x.T * left**2) @ x @ bread  # the sandwich without small-sample factors, White 1980
        return abs(beta[0]) / (np.sqrt(robust[0, 0]) if statistic == "t" else 1.0)

    values = y - effect * d
    found = [size(way, values) for way in assignments(d, stratum)]
    return float(np.mean(np.array(found) >= size(d, values) * (1 - 1e-9)))


class TestAgainstLoops:
    @pytest.mark.parametrize("statistic", ["t", "difference"])
    @pytest.mark.parametrize("stratified", [False, True])
    @pytest.mark.parametrize("effect", [0.0, 2.0])
    def test_every_assignment(self, statistic: str, stratified: bool, effect: float) -> None:
        y, d, strata = units(effect=effect)
        stratum = strata if stratified else np.zeros(len(d), dtype=int)
        found = inference.permute(y, d, within=stratum, statistic=statistic)
        assert found.p_value == pytest.approx(looped(y, d, stratum, statistic), abs=1e-12)
        assert found.n_assignments == len(assignments(d, stratum)) and found.is_exhaustive
        assert (found.n_treated, found.n_units) == (3, 10) and found.smallest_p == 1 / found.n_assignments

    @pytest.mark.parametrize("statistic", ["t", "difference"])
    @pytest.mark.parametrize("stratified", [False, True])
    def test_the_interval_holds_what_is_not_rejected(self, statistic: str, stratified: bool) -> None:
        y, d, strata = units(effect=1.0)
        stratum = strata if stratified else np.zeros(len(d), dtype=int)
        found = inference.permute(y, d, within=stratum, statistic=statistic, conf_level=0.9)
        step = 1e-7 * (found.conf_high - found.conf_low)
        for end, outwards in ((found.conf_low, -step), (found.conf_high, step)):
            assert looped(y, d, stratum, statistic, end - outwards) > 0.1 >= looped(y, d, stratum, statistic, end + outwards)

    def test_without_strata_the_difference_is_of_means(self) -> None:
        y, d, _ = units()
        assert inference.permute(y, d).difference == pytest.approx(y[d].mean() - y[~d].mean())

    def test_drawn_assignments_agree_with_all_of_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        y, d, strata = units(3, effect=1.5)
        whole = [inference.permute(y, d, within=w) for w in (None, strata)]
        monkeypatch.setattr(permutation, "ENUMERATED", 10)
        for one, within in zip(whole, (None, strata), strict=True):
            drawn = inference.permute(y, d, within=within, draws=20_000, seed=1)
            assert not drawn.is_exhaustive and drawn.p_value == pytest.approx(one.p_value, abs=0.012)
            assert (drawn.conf_low, drawn.conf_high) == pytest.approx((one.conf_low, one.conf_high), abs=0.3)
            assert drawn == inference.permute(y, d, within=within, draws=20_000, seed=1)

    def test_draws_leave_each_stratum_its_number(self) -> None:
        d, stratum = np.array([1, 0, 0, 0, 1, 1, 0], dtype=bool), np.array([0, 1, 0, 1, 1, 0, 1])
        drawn = np.concatenate(list(permutation._drawn(d, stratum, 500, 0)))
        assert len(drawn) == 501 and (drawn[0] == d).all()
        for s in (0, 1):
            assert (drawn[:, stratum == s].sum(axis=1) == d[stratum == s].sum()).all()
            assert np.ptp(drawn[1:, stratum == s].mean(axis=0)) < 0.1, "every unit of a stratum is as likely as its neighbour"


class TestPermutation:
    @pytest.mark.parametrize(("n", "k", "smallest"), [(12, 3, 1 / 220), (8, 4, 2 / 70), (6, 3, 2 / 20), (9, 1, 1 / 9)])
    def test_the_smallest_p_is_reached_by_the_clearest_effect_and_never_passed(self, n: int, k: int, smallest: float) -> None:
        d = np.arange(n) < k
        y = np.random.default_rng(1).normal(size=n)
        for statistic in ("t", "difference"):
            found = inference.permute(y + 1e4 * d, d, statistic=statistic)
            assert found.p_value == found.smallest_p == pytest.approx(smallest) and comb(n, k) == found.n_assignments
            assert inference.permute(y, d, statistic=statistic).p_value >= smallest
        assert np.isinf(found.conf_low) == np.isinf(found.conf_high) == (smallest > 0.05), "a design that cannot reject bounds nothing"

    def test_order_place_and_scale_change_nothing(self) -> None:
        y, d, stratum = units(effect=1.0)
        order = np.random.default_rng(2).permutation(len(y))
        for statistic in ("t", "difference"):
            one = inference.permute(y, d, within=stratum, statistic=statistic)
            two = inference.permute((5 + 2e3 * y)[order], d[order].astype(int), within=stratum[order], statistic=statistic)
            assert two.p_value == one.p_value
            assert (two.difference / 2e3, two.conf_low / 2e3, two.conf_high / 2e3) == pytest.approx((one.difference, one.conf_low, one.conf_high))

    def test_a_constant_effect_moves_the_interval_by_as_much(self) -> None:
        y, d, _ = units()
        one, two = inference.permute(y, d), inference.permute(y + 3 * d, d)
        assert (two.conf_low, two.conf_high) == pytest.approx((one.conf_low + 3, one.conf_high + 3))

    def test_strata_without_a_choice_are_left_out(self) -> None:
        y, d, stratum = units(effect=1.0)
        one = inference.permute(y, d, within=stratum)
        more = inference.permute([*y, 50.0, 60.0, -70.0], [*d, True, False, False], within=[*stratum, "x", "y", "y"])
        assert one == more

    def test_many_units_are_drawn_in_chunks(self) -> None:
        rng = np.random.default_rng(0)
        d = np.arange(3000) < 40
        found = inference.permute(rng.normal(size=3000) + 2 * d, d, draws=999)
        assert found.p_value == found.smallest_p == 1 / 1000 and 1.5 < found.conf_low < 2 < found.conf_high < 2.5

    def test_what_it_refuses(self) -> None:
        y, d, stratum = units()
        with pytest.raises(DataError, match="1 of 10 units have no value"):
            inference.permute(np.where(np.arange(10) == 2, np.nan, y), d)
        with pytest.raises(DataError, match="10 of 10 units are treated; a test needs"):
            inference.permute(y, np.ones(10))
        with pytest.raises(DataError, match="5 of 10 units are treated and none stands beside an untreated one"):
            inference.permute(y, stratum == "a", within=stratum)
        with pytest.raises(DataError, match="All 10 units have the same value"):
            inference.permute(np.full(10, 3.3), d)
        with pytest.raises(DataError, match="All 10 units of a stratum have the same value"):
            inference.permute(np.where(stratum == "a", 1.0, 2.0), d, within=stratum)
        with pytest.raises(ParameterError, match="of the same units"):
            inference.permute(y, d[:9])
        with pytest.raises(ParameterError, match="yes or no"):
            inference.permute(y, np.arange(10))
        for wrong in ({"statistic": "mean"}, {"draws": 0}, {"conf_level": 95}):
            with pytest.raises(ParameterError, match="statistic is 't' or 'difference'"):
                inference.permute(y, d, **wrong)
