"""Differences and regressions against independent packages, in every unit and order, and what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyfixest
import pytest
import statsmodels.api as sm
from linearmodels.panel import PanelOLS
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.stats import crossfit, effects, inference
from voclib.stats.effects import adjusted, rows

N = 1200


def frame(n: int = N, seed: int = 0) -> pd.DataFrame:
    """Amounts, exposure, three covariates, stores and months that move all."""
    rng = np.random.default_rng(seed)
    made = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    made["store"], made["month"] = rng.permutation(np.arange(n) % 20), rng.integers(0, 6, n)
    made["d"] = (rng.random(n) < 1 / (1 + np.exp(0.5 - 0.6 * made["a"] - 0.05 * made["store"]))).astype(float)
    made["y"] = 100 * np.exp(0.4 * made["a"] + 0.03 * made["store"] - 0.3 * made["d"] + (0.5 + 0.3 * made["d"]) * rng.normal(size=n))
    return made


def test_difference_is_welchs() -> None:
    f = frame()
    found = effects.difference(f["y"], f["d"])
    arms = [f.loc[f["d"] == arm, "y"] for arm in (1, 0)]
    oracle = stats.ttest_ind(*arms, equal_var=False)
    assert found.value == pytest.approx(arms[0].mean() - arms[1].mean())
    assert found.value / found.std_error == pytest.approx(oracle.statistic, rel=1e-12)
    assert found.n == N and found.influence.mean() == pytest.approx(0, abs=1e-9)
    assert effects.difference(f["y"], 1 - f["d"]).value == pytest.approx(-found.value), "exposed minus not exposed: a loss is negative"


def test_difference_by_cluster_is_wider_where_clusters_are_exposed_as_a_whole() -> None:
    f = frame()
    open_late, mood = f["store"] < 8, np.random.default_rng(1).normal(scale=60, size=20)[f["store"]]
    plain, clustered = (effects.difference(f["y"] + mood, open_late, cluster=c) for c in (None, f["store"]))
    assert clustered.value == plain.value and clustered.std_error > 1.5 * plain.std_error and clustered.n_clusters == 20


class TestRegression:
    def test_equals_statsmodels(self) -> None:
        f = frame()
        found = effects.regression(f["y"], f["d"], f[["a", "b", "c"]])
        oracle = sm.OLS(f["y"], sm.add_constant(f[["d", "a", "b", "c"]])).fit(cov_type="HC1")
        assert found.value == pytest.approx(oracle.params["d"], rel=1e-10) and found.std_error == pytest.approx(oracle.bse["d"], rel=1e-10)

    def test_equals_linearmodels_with_two_fixed_effects(self) -> None:
        f = frame()
        # one row a store and period is what PanelOLS wants: number the rows of a store
        panel = f.assign(row=f.groupby("store").cumcount()).set_index(["store", "row"])
        oracle = PanelOLS(panel["y"], panel[["d", "a", "b", "c"]], entity_effects=True, other_effects=panel[["month"]]).fit()
        found = effects.regression(f["y"], f["d"], f[["a", "b", "c"]], fixed=f[["store", "month"]])
        assert found.value == pytest.approx(oracle.params["d"], rel=1e-8)

    @pytest.mark.parametrize("fixed", ["store", "store + month"])
    def test_equals_pyfixest_with_unequal_variances(self, fixed: str) -> None:
        f = frame()
        found = effects.regression(f["y"], f["d"], f[["a", "b", "c"]], fixed=f[fixed.split(" + ")])
        oracle = pyfixest.feols(f"y ~ d + a + b + c | {fixed}", f, vcov="hetero", fixef_rm="none")
        assert found.value == pytest.approx(oracle.coef()["d"], rel=1e-8) and found.std_error == pytest.approx(oracle.se()["d"], rel=1e-8)

    @pytest.mark.parametrize("fixed", ["", " | store", " | month"])
    def test_equal_clusters_give_the_clustered_error_of_packages(self, fixed: str) -> None:
        f = frame()
        found = effects.regression(f["y"], f["d"], f[["a", "b", "c"]], cluster=f["store"], fixed=f[fixed[3:]] if fixed else None)
        oracle = pyfixest.feols("y ~ d + a + b + c" + fixed, f, vcov={"CRV1": "store"}, fixef_rm="none")
        assert found.std_error == pytest.approx(oracle.se()["d"], rel=1e-8) and found.df == pytest.approx(19) and found.n_clusters == 20

    def test_without_covariates_it_is_the_difference(self) -> None:
        f = frame()
        plain, found = effects.difference(f["y"], f["d"]), effects.regression(f["y"], f["d"])
        assert found.value == pytest.approx(plain.value) and found.std_error == pytest.approx(plain.std_error, rel=2e-3)

    def test_covariates_that_repeat_each_other_or_the_stores_do_no_harm(self) -> None:
        f = frame()
        plain = effects.regression(f["y"], f["d"], f[["a", "b"]], fixed=f["store"])
        more = effects.regression(f["y"], f["d"], np.column_stack([f[["a", "b"]], f["a"] - 3 * f["b"], f["store"], np.ones(N)]), fixed=f["store"])
        only = effects.regression(f["y"], f["d"], f[["store"]], fixed=f["store"])
        assert (more.value, more.std_error) == pytest.approx((plain.value, plain.std_error), rel=1e-7)
        assert only.value == pytest.approx(effects.regression(f["y"], f["d"], fixed=f["store"]).value)

    def test_a_dose_is_an_effect_per_unit(self) -> None:
        f = frame()
        minutes = effects.regression(f["y"], f["a"], f[["b"]])
        assert effects.regression(f["y"], 60 * f["a"], f[["b"]]).value == pytest.approx(minutes.value / 60)

    def test_order_labels_and_units_play_no_part(self) -> None:
        f = frame()
        one = effects.regression(f["y"], f["d"], f[["a", "b"]], fixed=f["store"], cluster=f["store"])
        names = np.array([f"store {(7 * s) % 20}" for s in f["store"]])
        order = np.random.default_rng(3).permutation(N)
        other = effects.regression(f["y"][order] / 1e4, f["d"][order], f[["a", "b"]].to_numpy()[order] * [1e5, 1e-5], fixed=names[order],
                                   cluster=names[order])
        assert (1e4 * other.value, 1e4 * other.std_error) == pytest.approx((one.value, one.std_error), rel=1e-8)

    def test_influence_lets_rungs_be_compared(self) -> None:
        f = frame()
        x = crossfit.features(f, ["a", "b", "c"]).matrix
        slide, model = effects.difference(f["y"], f["d"]), effects.regression(f["y"], f["d"], x)
        moved = inference.fit(model.value - slide.value, model.influence - slide.influence, n=N)
        draws = np.random.default_rng(5).integers(0, N, (300, N))
        y, d = f["y"].to_numpy(), f["d"].to_numpy()
        again = [effects.regression(y[i], d[i], x[i]).value - effects.difference(y[i], d[i]).value for i in draws]
        assert moved.std_error == pytest.approx(np.std(again), rel=0.15) and moved.std_error < np.hypot(slide.std_error, model.std_error) / 1.3


class TestErrors:
    def test_rows(self) -> None:
        f = frame(40)
        with pytest.raises(ParameterError, match="One row a customer"):
            effects.difference(f["y"], f["d"][:-1])
        with pytest.raises(DataError, match="y is missing or infinite in 1 of 40"):
            effects.difference(f["y"].where(f.index > 0), f["d"])
        with pytest.raises(DataError, match="matrix is missing or infinite in 2 of 40"):
            effects.regression(f["y"], f["d"], f["a"].where(f.index > 1))
        with pytest.raises(DataError, match=r"also \[2.0, 3.0\]"):
            effects.difference(f["y"], np.r_[2.0, 3.0, f["d"][2:]])
        with pytest.raises(DataError, match="0 of 40 rows are exposed"):
            effects.difference(f["y"], np.zeros(40))

    def test_text_and_unknown_flags(self) -> None:
        f = frame(40)
        with pytest.raises(DataError, match="matrix holds something that is not a number.*crossfit.features"):
            effects.regression(f["y"], f["d"], f.assign(a="north")[["a", "b"]])
        with pytest.raises(DataError, match="exposed is missing or infinite in 1 of 40"):
            effects.difference(f["y"], (f["d"] == 1).astype("boolean").where(f.index > 0))
        flags = (f["d"] == 1).astype("boolean")
        assert effects.difference(f["y"], flags).value == effects.difference(f["y"], f["d"]).value

    def test_nothing_left_to_compare(self) -> None:
        f = frame(200)
        for options in ({"matrix": np.column_stack([f["a"], f["d"]])}, {"fixed": f["d"]}):
            with pytest.raises(DataError, match="determine the exposure completely"):
                effects.regression(f["y"], f["d"], **options)
        with pytest.raises(DataError, match="nobody differs"):
            effects.regression(f["y"], np.ones(200))

    def test_more_coefficients_than_rows(self) -> None:
        f = frame(6)
        with pytest.raises(DataError, match="6 rows do not determine 6 coefficients"):
            effects.regression(f["y"], [0, 1, 0, 1, 1, 0], f[["a", "b"]], fixed=[0, 0, 1, 1, 2, 2])

    def test_fixed_effects(self) -> None:
        f = frame(60)
        with pytest.raises(ParameterError, match="level for each of 60 rows; it has 59"):
            effects.regression(f["y"], f["d"], fixed=f["store"][:-1])
        with pytest.raises(DataError, match="1 levels of a fixed effect are missing"):
            effects.regression(f["y"], f["d"], fixed=f["store"].where(f.index > 0))

    def test_one_amount_beside_which_the_others_are_rounding(self) -> None:
        """A slip of the decimal point: taking fixed effects out by turns comes to no end, which is said and stops nothing else."""
        rng = np.random.default_rng(0)
        y, exposed, store = rng.normal(size=N), (rng.random(N) < 0.4).astype(float), rng.integers(0, 20, N)
        assert np.isfinite(effects.regression(y, exposed, rng.normal(size=(N, 2)), fixed=store, cluster=store).value)
        y[3] = 1e14
        with pytest.raises(DataError, match=r"one of 1,200 rows holds 99\.9% of the spread"):
            effects.regression(y, exposed, rng.normal(size=(N, 2)), fixed=store, cluster=store)


def test_coefficients_are_counted_once() -> None:
    f = frame()
    x, codes, y = rows.basis(f[["a", "b", "store"]].to_numpy()), adjusted.identifiers(f[["store", "month"]], N), f[["y"]].to_numpy()

    def spent(fixed: np.ndarray, nested_in: pd.Series | None = None) -> int:
        return adjusted.partialled(y, x, fixed, nested_in=nested_in)[1]

    assert spent(codes[:, :0]) == 4 and spent(codes[:, 1:]) == 3 + 6
    assert spent(codes) == 2 + 20 + 6 - 1, "stores tell the covariate that is their number"
    assert spent(codes, f["store"]) == 2 + 1 + 6 - 1, "stores nested in the clusters count as one"
    assert spent(codes[:, :1], f["store"] // 2) == 2 + 1
