"""The wild cluster bootstrap from cross products against one that draws outcomes and fits again, and what it decides beside the jackknife."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.stats import inference

NAMES = ["lag_1", "lag_2"]
POINTS = [sign * size**0.5 for size in (0.5, 1.0, 1.5) for sign in (-1, 1)]  # Webb's six


def panel(units: int, seed: int = 4, periods: int = 6, kept: float = 0.85, effect: float = 0.0) -> pd.DataFrame:
    """An unbalanced panel whose units differ in noise; `weight` varies by row."""
    rng = np.random.default_rng(seed)
    unit, period = np.repeat(np.arange(units), periods), np.tile(np.arange(periods), units)
    frame = pd.DataFrame({"unit": unit, "period": period, "lag_1": rng.normal(size=len(unit)) + 0.3 * unit, "lag_2": rng.normal(size=len(unit)),
                          "weight": rng.uniform(0.3, 3, len(unit))})
    frame["score"] = effect * frame["lag_1"] + frame["lag_2"] + unit + rng.normal(size=len(unit)) * rng.lognormal(0, 0.5, units)[unit]
    return frame.sample(frac=kept, random_state=seed).sort_index().reset_index(drop=True)


def moments(frame: pd.DataFrame, weighted: bool, **options: Any) -> inference.Moments:
    return inference.moments(frame["score"], frame[NAMES], cluster=frame["unit"], names=NAMES, within=frame["unit"], effects=frame["period"],
                             weights=frame["weight"] if weighted else None, **options)


def refitted(frame: pd.DataFrame, weighted: bool, null: float, draws: np.ndarray) -> float:
    """p from rows: fit under the null with all dummies, turn each cluster's residuals, fit anew, t by the plain sandwich."""
    unit = frame["unit"].to_numpy()
    x = np.column_stack([frame[NAMES], pd.get_dummies(frame["unit"], dtype=float), pd.get_dummies(frame["period"], dtype=float).iloc[:, 1:]])
    root = np.sqrt(frame["weight"].to_numpy() if weighted else np.ones(len(frame)))
    y, x = root * frame["score"].to_numpy(), root[:, None] * x
    bread = np.linalg.inv(x.T @ x)
    at_null = x[:, 1:] @ np.linalg.lstsq(x[:, 1:], y - null * x[:, 0], rcond=None)[0] + null * x[:, 0]

    def t(outcome: np.ndarray) -> np.ndarray:
        beta = bread @ (x.T @ outcome)
        left = outcome - x @ beta
        pull = (x @ bread[0])[:, None] * left
        error = np.sqrt(sum(pull[unit == g].sum(axis=0) ** 2 for g in np.unique(unit)))
        return (beta[0] - null) / error

    observed = np.abs(t(y[:, None]))[0]
    return float((np.abs(t(at_null[:, None] + draws.T[unit] * (y - at_null)[:, None])) >= observed * (1 - 1e-9)).mean())


def every(groups: int) -> np.ndarray:
    return np.array(list(product(POINTS, repeat=groups)))


class TestAgainstRefitting:
    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("null", [0.0, 0.4, -1.0])
    def test_all_draws_of_five_clusters(self, weighted: bool, null: float) -> None:
        frame = panel(5, kept=0.9)
        found = inference.wild_bootstrap(moments(frame, weighted), "lag_1", null=null)
        assert found.p_value == pytest.approx(refitted(frame, weighted, null, every(5)), abs=1e-12)
        assert found.draws == 6**5 and 0.0 < found.p_value < 1.0

    @pytest.mark.parametrize("weighted", [False, True])
    def test_the_interval_is_the_test_turned_round(self, weighted: bool) -> None:
        frame = panel(5, kept=0.9)
        found = inference.wild_bootstrap(moments(frame, weighted), "lag_1", conf_level=0.9)
        step = 1e-6 * (found.conf_high - found.conf_low)
        for end, outwards in ((found.conf_low, -step), (found.conf_high, step)):
            assert refitted(frame, weighted, end - outwards, every(5)) > 0.1 >= refitted(frame, weighted, end + outwards, every(5))

    @pytest.mark.parametrize("effect", [0.0, 1.0])
    def test_drawn_weights_agree_within_their_own_error(self, effect: float) -> None:
        frame = panel(16, seed=9, effect=effect)
        mine = inference.wild_bootstrap(moments(frame, True), "lag_1", draws=9999, seed=1).p_value
        theirs = refitted(frame, True, 0.0, np.random.default_rng(2).choice(POINTS, size=(4000, 16)))
        assert mine == pytest.approx(theirs, abs=4 * np.sqrt(theirs * (1 - theirs) * (1 / 9999 + 1 / 4000)) + 2e-4)
        assert (mine < 0.05) == (effect > 0)

    def test_t_is_that_of_crv1(self) -> None:
        given = moments(panel(16), True)
        plain = inference.regress(given, method="CRV1").fit("lag_2")
        found = inference.wild_bootstrap(given, "lag_2", null=1.0, draws=99)
        assert found.t == pytest.approx((plain.value - 1) / plain.std_error) and found.n_clusters == 16


class TestWild:
    def test_row_order_labels_and_units_change_nothing(self) -> None:
        frame = panel(16)
        other = frame.assign(unit=frame["unit"] + 500, lag_1=frame["lag_1"] * 1e3, score=frame["score"] + 7, weight=frame["weight"] * 9)
        one = inference.wild_bootstrap(moments(frame, True), "lag_1", draws=999, seed=3)
        two = inference.wild_bootstrap(moments(other.sample(frac=1, random_state=1), True), "lag_1", draws=999, seed=3)
        assert two.p_value == one.p_value
        assert (two.conf_low * 1e3, two.conf_high * 1e3) == pytest.approx((one.conf_low, one.conf_high), rel=1e-6)

    def test_p_and_interval_agree_and_seeds_repeat(self) -> None:
        for seed in range(12):
            given = moments(panel(12, seed=seed, effect=0.2), False)
            found = inference.wild_bootstrap(given, "lag_1", draws=399, seed=seed)
            assert (found.p_value <= 0.05) == (found.conf_low > 0 or found.conf_high < 0)
            assert found == inference.wild_bootstrap(given, "lag_1", draws=399, seed=seed)
            assert found.p_value >= 1 / 400

    def test_memory_does_not_grow_with_draws(self) -> None:
        import tracemalloc

        given = moments(panel(16), False)
        tracemalloc.start()
        inference.wild_bootstrap(given, "lag_1", draws=200_000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 100 * 2**20, "two matrices of draws by clusters alone would take 50 MiB, their products several times that"

    def test_two_clusters_can_reject_nothing(self) -> None:
        found = inference.wild_bootstrap(moments(panel(2, periods=12, kept=1.0), False), "lag_1")
        assert (found.conf_low, found.conf_high) == (-np.inf, np.inf) and found.p_value > 0.05

    def test_what_it_refuses(self) -> None:
        given = moments(panel(12), False)
        with pytest.raises(ParameterError, match="noise in the regressors is taken off"):
            inference.wild_bootstrap(replace(given, noise=0.01 * given.gram[:, :2, :2]), "lag_1")
        with pytest.raises(ParameterError, match="did you mean 'lag_1'"):
            inference.wild_bootstrap(given, "lag1")
        with pytest.raises(ParameterError, match="not 0 and 0.95"):
            inference.wild_bootstrap(given, "lag_1", draws=0)
        with pytest.raises(ParameterError, match="not 99 and 95"):
            inference.wild_bootstrap(given, "lag_1", draws=99, conf_level=95)
        exact = inference.moments([1.0, 2, 3, 6], np.eye(4)[:, :2] * 2, cluster=[0, 1, 0, 1], names=["a", "b"])
        with pytest.raises(DataError, match="leaves no residual"):
            inference.wild_bootstrap(replace(exact, cross=exact.gram @ [1.0, 2.0]), "a")


class TestDecision:
    @pytest.mark.parametrize(("units", "treated", "name", "method"), [
        (55, None, "many", "CRV3, t(54)"), (24, 10, "some", "CRV3, t(23) and WCR-Webb (199 draws), outer ends"),
        (12, 5, "few", "CRV3, t(11) and WCR-Webb (199 draws), outer ends"), (12, 3, "few treated", "left to a permutation of clusters"),
        (8, None, "too few", "none: too few clusters")])
    def test_the_policy_chooses(self, units: int, treated: int | None, name: str, method: str) -> None:
        found = inference.decide(moments(panel(units), True), "lag_1", n_treated=treated, draws=199)
        assert (found.policy.name, found.method) == (name, method)
        told = treated != 3 and units > 9
        assert [v is not None for v in (found.conf_low, found.conf_high, found.p_value)] == [told] * 3
        assert found.fit.method == method[:4] if told else found.fit.method == "CRV3"

    def test_many_clusters_are_students_t(self) -> None:
        given = moments(panel(60, effect=0.3), False)
        found, plain = inference.decide(given, "lag_1", null=0.1), inference.regress(given, method="CRV3").fit("lag_1")
        shown = plain.estimate("x", unit="points")
        assert (found.conf_low, found.conf_high) == pytest.approx((shown.conf_low, shown.conf_high)) and found.fit.std_error == plain.std_error
        assert found.p_value == pytest.approx(inference.p_value((plain.value - 0.1) / plain.std_error, 59))

    def test_a_value_is_excluded_only_where_both_exclude_it(self) -> None:
        split = 0
        for seed in range(40):
            given = moments(panel(13, seed=seed, effect=0.25), True)
            found = inference.decide(given, "lag_1", draws=199, seed=seed)
            jack, wild = inference.regress(given).fit("lag_1"), inference.wild_bootstrap(given, "lag_1", draws=199, seed=seed)
            reach = inference.quantile(0.95, 12) * jack.std_error
            assert found.conf_low == min(jack.value - reach, wild.conf_low) and found.conf_high == max(jack.value + reach, wild.conf_high)
            both = abs(jack.value) > reach and wild.p_value <= 0.05
            assert both == (found.p_value <= 0.05) == (not found.conf_low <= 0 <= found.conf_high)
            split += (abs(jack.value) > reach) != (wild.p_value <= 0.05)
        assert split, "somewhere they must disagree, else this shows nothing"

    def test_noise_taken_off_leaves_the_jackknife_alone(self) -> None:
        for units in (16, 60):
            given = moments(panel(units), False)
            found = inference.decide(replace(given, noise=0.05 * given.gram[:, :2, :2]), "lag_1")
            assert found.method == f"CRV3, noise taken off, t({units - 1})" and found.p_value is not None
            assert found.conf_high - found.fit.value == pytest.approx(inference.quantile(0.95, units - 1) * found.fit.std_error)

    def test_levels_are_shares(self) -> None:
        with pytest.raises(ParameterError, match="share in"):
            inference.decide(moments(panel(55), False), "lag_1", conf_level=95)
