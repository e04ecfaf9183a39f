"""Regression to the mean: formulas against simulation, the threshold model against its likelihood and a jackknife, recovery against regression."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from statsmodels.regression.linear_model import OLS

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import recovery
from voclib.stats import retest


def world(seed: int = 1, **planted) -> dict[str, np.ndarray]:
    frame, _ = recovery.draw(seed, **planted)
    return {"first": frame["first"].to_numpy(float), "second": frame["second"].to_numpy(), "called": frame["called"].to_numpy(),
            "matrix": frame[["tenure"]].to_numpy()}


def three_classes(seed: int = 2, customers: int = 600) -> tuple[np.ndarray, np.ndarray]:
    frame, _ = recovery.draw(seed, customers=customers)
    to_score = {-100.0: 3.0, 0.0: 7.0, 100.0: 10.0}
    return tuple(pd.Series(retest.coded(frame[c])).map(to_score).to_numpy() for c in ("first", "second"))


class TestRetest:
    def test_it_is_the_conditional_likelihood_of_normal_thresholds(self) -> None:
        first, second = three_classes()
        found = retest.retest(first, second, among=first == 3)
        edges = np.r_[-8.0, stats.norm.ppf([(first <= 3).mean(), (first <= 7).mean()]), 8.0]
        table = pd.crosstab(first, second).to_numpy()

        def chances(eta: np.ndarray) -> np.ndarray:
            inner = np.r_[-8.0, eta[1:], 8.0]
            corner = np.array([[stats.multivariate_normal.cdf([a, b], cov=[[1, eta[0]], [eta[0], 1]]) for b in inner] for a in edges])
            joint = np.diff(np.diff(corner, axis=0), axis=1)
            return joint / joint.sum(axis=1, keepdims=True)

        best = optimize.minimize(lambda eta: -(table * np.log(chances(eta))).sum(), [0.4, -0.5, 0.4], method="Nelder-Mead",
                                 options={"xatol": 1e-7, "fatol": 1e-9})
        assert found.reliability.value == pytest.approx(best.x[0], abs=1e-4)
        row = chances(best.x)[0]
        assert found.expected.value == pytest.approx(100 * (row[2] - row[0]), abs=0.01)

    @pytest.mark.parametrize("what", ["reliability", "expected"])
    def test_the_influence_is_what_leaving_customers_out_does(self, what: str) -> None:
        data = world(3, calls="all", customers=500)
        second = np.where(data["called"], np.nan, data["second"])

        def found(rows: np.ndarray):
            return getattr(retest.retest(data["first"][rows], second[rows], among=data["called"][rows]), what)

        every = found(np.arange(500))
        for out in (0, 7, 33, 120, 121, 122, 300):
            change = every.value - found(np.delete(np.arange(500), out)).value
            assert change * 500 == pytest.approx(every.influence[out], abs=0.12 * every.influence.std())

    def test_passives_and_promoters_alone_say_how_well_scores_repeat(self) -> None:
        frame, truth = recovery.draw(5, customers=60_000, calls="all")
        left = frame["second"].where(~frame["called"])
        found = retest.retest(frame["first"], left, among=frame["called"] & frame["second"].notna())
        assert found.reliability.value == pytest.approx(truth["reliability"], abs=4 * found.reliability.std_error)
        assert found.expected.value + 100 == pytest.approx(truth["rise_points"], abs=4 * found.expected.std_error)
        plain = frame.loc[left.notna(), ["first", "second"]].corr().iloc[0, 1]
        assert plain < found.reliability.value - 0.1, "a range cut off at 7 hides the agreement"

    def test_order_and_copies_change_nothing(self) -> None:
        data = world(4, customers=800)
        second, low = np.where(data["called"], np.nan, data["second"]), data["first"] <= 6
        found = retest.retest(data["first"], second, among=low).expected
        turned = np.random.default_rng(1).permutation(800)
        again = retest.retest(data["first"][turned], second[turned], among=low[turned]).expected
        assert (again.value, again.std_error) == pytest.approx((found.value, found.std_error))
        twice = np.tile(np.arange(800), 2)
        copied = retest.retest(data["first"][twice], second[twice], among=low[twice], cluster=twice).expected
        assert (copied.value, copied.std_error) == pytest.approx((found.value, found.std_error), rel=0.01)

    @pytest.mark.parametrize(("change", "message"), [
        ({"first": [11.0, 3, 7]}, "first holds scores from 3 to 11"), ({"first": [np.nan, 3, 7]}, "first is missing in 1 of 3 rows"),
        ({"among": [False] * 3}, "among holds 0 customers"), ({"second": [np.nan] * 3}, "all of detractor, passive and promoter")])
    def test_bad_input_is_named(self, change, message) -> None:
        with pytest.raises(DataError, match=message):
            retest.retest(**{"first": [2.0, 3, 7], "second": [1.0, 7, 10], "among": [True] * 3, **change})


class TestRecovery:
    def test_a_programme_that_does_nothing_looks_like_fifty_points(self) -> None:
        naive, fits = [], []
        for seed in range(30):
            found = retest.recovery(**world(seed))
            naive.append(found.naive.value)
            fits.append(found.fit.value)
        assert 45 < np.mean(naive) < 62 and abs(np.mean(fits)) < 3
        assert found.naive.value - found.expected.value == pytest.approx(found.fit.value) and found.basis == "comparison"

    def test_the_influence_is_what_leaving_customers_out_does(self) -> None:
        data = world(2, customers=700)
        found = retest.recovery(**data)
        used = np.flatnonzero(data["first"] <= 6)[:12]
        for out in used:
            change = found.fit.value - retest.recovery(**{k: np.delete(v, out, axis=0) for k, v in data.items()}).fit.value
            assert change * 700 == pytest.approx(found.fit.influence[out], abs=0.08 * found.fit.influence[data["first"] <= 6].std())

    def test_it_is_the_regression_of_the_uncalled_put_to_the_called(self) -> None:
        data = world(7, lift=None)
        found = retest.recovery(**data)
        low, known = data["first"] <= 6, ~np.isnan(data["second"])
        z = np.column_stack([np.ones(len(low)), data["first"], data["first"] ** 2, data["matrix"]])
        compared, over = low & known & ~data["called"], low & known & data["called"]
        model = OLS(retest.coded(data["second"])[compared], z[compared]).fit()
        gap = retest.coded(data["second"])[over] - model.predict(z[over])
        assert found.fit.value == pytest.approx(gap.mean()) and found.fit.df == min(over.sum() - 1, compared.sum() - 4)
        assert (found.n_called, found.n_comparison) == (over.sum(), compared.sum())
        asked = (over.sum() / (low & data["called"]).sum(), compared.sum() / (low & ~data["called"]).sum())
        assert found.answered == pytest.approx(asked)

    def test_order_scale_and_copies_change_nothing(self) -> None:
        data = world(3, lift=None)
        found = retest.recovery(**data).fit
        turned, twice = np.random.default_rng(1).permutation(3000), np.tile(np.arange(3000), 2)
        mixed = retest.recovery(**{k: v[turned] for k, v in data.items()}).fit
        other = retest.recovery(**{**data, "matrix": 12 * data["matrix"] - 4}).fit
        copied = retest.recovery(**{k: v[twice] for k, v in data.items()}, cluster=twice).fit
        for fit, near in ((mixed, 1e-9), (other, 1e-9), (copied, 0.01)):
            assert (fit.value, fit.std_error) == pytest.approx((found.value, found.std_error), rel=near)

    def test_who_is_selected_may_be_said(self) -> None:
        data = world(5, lift=None)
        low = data["first"] <= 6
        found = retest.recovery(**data)
        assert retest.recovery(**data, selected=low).fit.value == found.fit.value
        worst, narrow = retest.recovery(**data, selected=data["first"] <= 4), retest.recovery(**data, cutoff=4)
        assert worst.fit.value == narrow.fit.value != found.fit.value
        assert worst.n_called == int((data["called"] & (data["first"] <= 4) & ~np.isnan(data["second"])).sum())

    def test_without_anybody_to_compare_there_is_no_effect_only_a_sensitivity(self) -> None:
        data = world(6, calls="all")
        found = retest.recovery(**data)
        said = found.estimate("recovery", rung="adjusted", conf_level=0.9)
        assert (found.fit, found.basis, found.n_comparison) == (None, "retest", 0)
        assert (said.kind, said.rung) == ("refusal", "adjusted") and "regression to the mean" in said.reason.en and "回归均值" in said.reason.zh
        assert "At least 30 detractors who are not called" in said.needs.en and "抽签" in said.needs.zh
        assert found.sensitivity.value == pytest.approx(found.naive.value - found.expected.value)
        assert abs(found.sensitivity.value) < 4 * found.sensitivity.std_error < 30

    def test_scores_nobody_else_had_are_named(self) -> None:
        data = world(6)
        data["called"] = (data["first"] <= 3) | (data["first"] <= 6) & (np.arange(3000) % 2 == 0)
        found = retest.recovery(**data)
        assert found.fit is None and found.unsupported > 0.05 and "score is 0, 1, 2;" in found.needs.en and "首次打 0、1、2 分的" in found.needs.zh
        assert retest.recovery(**data, max_unsupported=1.0).fit is not None

    def test_too_few_repeats_leave_nothing(self) -> None:
        data = world(6, calls="all")
        data["second"] = np.where(data["called"] | (np.arange(3000) < 100), data["second"], np.nan)
        found = retest.recovery(**data)
        assert (found.basis, found.expected, found.sensitivity) == ("none", None, None)
        assert found.estimate("recovery").kind == "refusal" and np.isnan(found.answered[1])

    @pytest.mark.parametrize(("change", "error", "message"), [
        ({"called": np.zeros(3000, bool)}, DataError, "0 selected customers were called"),
        ({"matrix": np.full((3000, 1), np.nan)}, DataError, "matrix is missing values among the selected"),
        ({"called": np.zeros(5, bool)}, ParameterError, "need the same rows"),
        ({"second": np.full(3000, 40.0)}, DataError, "second holds scores from 40 to 40"),
        ({"first": np.full(3000, np.nan)}, DataError, "first is missing in 3000 of 3000")])
    def test_bad_input_is_named(self, change, error, message) -> None:
        with pytest.raises(error, match=message):
            retest.recovery(**{**world(), **change})

    def test_columns_that_repeat_are_named(self) -> None:
        data = world()
        with pytest.raises(DataError, match="the 2 covariates repeat each other"):
            retest.recovery(**{**data, "matrix": np.column_stack([data["matrix"], 2 * data["matrix"]])})

    def test_a_single_first_score_needs_no_slope(self) -> None:
        data = world(8)
        six = data["first"] == 6
        found = retest.recovery(**data, selected=six)
        assert found.fit is not None and found.n_comparison == int((six & ~data["called"] & ~np.isnan(data["second"])).sum())
