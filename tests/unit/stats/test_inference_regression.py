"""Clustered regressions from cross products: the same numbers as two libraries that keep the rows, and what cannot be fitted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.stats import inference

LAGS = ["lag_1", "lag_2"]


def panel(seed: int = 3, units: int = 14, periods: int = 9, kept: float = 0.8) -> pd.DataFrame:
    """Unbalanced and heteroskedastic: two columns that lean on units and on periods, weights, two units a cluster in `pair`."""
    rng = np.random.default_rng(seed)
    unit, period = np.repeat(np.arange(units), periods), np.tile(np.arange(periods), units)
    frame = pd.DataFrame({"unit": unit, "pair": unit // 2, "period": period, "lag_1": rng.normal(size=len(unit)) + unit,
                          "lag_2": rng.normal(size=len(unit)) + period, "weight": rng.uniform(0.5, 3, len(unit))})
    frame["score"] = frame["lag_1"] + 2 * frame["lag_2"] + 3 * unit + period + rng.normal(size=len(unit)) * (1 + unit / 4)
    return frame.sample(frac=kept, random_state=seed).reset_index(drop=True)


def fitted(frame: pd.DataFrame, method: str = "CRV1", *, cluster: str = "unit", names: list[str] = LAGS, weights: str | None = None,
           **options: Any) -> inference.Regression:
    return inference.regress(made(frame, cluster=cluster, names=names, weights=weights, **options), method=method)


def made(frame: pd.DataFrame, *, cluster: str = "unit", names: list[str] = LAGS, weights: str | None = None, **options: Any) -> inference.Moments:
    options = {"within": frame["unit"], "effects": frame["period"], **options}
    return inference.moments(frame["score"], frame[names], cluster=frame[cluster], names=names,
                             weights=None if weights is None else frame[weights], **options)


class TestOracles:
    @pytest.mark.parametrize("cluster", ["unit", "pair"])
    @pytest.mark.parametrize("weights", [None, "weight"])
    @pytest.mark.parametrize("method", ["CRV1", "CRV3"])
    def test_pyfixest(self, method: str, weights: str | None, cluster: str) -> None:
        """pyfixest multiplies Σ(β₍g₎ − β̂)² by G/(G − 1) where G_adj is on and by nothing where off; the jackknife's factor is (G − 1)/G."""
        import pyfixest

        frame, is_one = panel(), method == "CRV1"
        theirs = pyfixest.feols("score ~ lag_1 + lag_2 | unit + period", frame, vcov={method: cluster}, weights=weights,
                                ssc=pyfixest.ssc(k_adj=False, G_adj=is_one), demeaner=pyfixest.LsmrDemeaner(fixef_atol=1e-14, fixef_btol=1e-14))
        ours = fitted(frame, method, cluster=cluster, weights=weights)
        factor = 1.0 if is_one else 1 - 1 / ours.n_clusters
        np.testing.assert_allclose(ours.coefficients, theirs.coef().to_numpy(), rtol=1e-8)
        np.testing.assert_allclose(ours.covariance, theirs._vcov * factor, rtol=1e-8)

    @pytest.mark.parametrize("weights", [None, "weight"])
    def test_linearmodels(self, weights: str | None) -> None:
        """With debiased and group_debias off and effects uncounted it is the plain sandwich, to which CRV1 adds G/(G − 1)."""
        from linearmodels import PanelOLS

        frame = panel()
        indexed = frame.set_index(["unit", "period"])
        theirs = PanelOLS(indexed["score"], indexed[LAGS], entity_effects=True, time_effects=True, weights=None if weights is None else
                          indexed[weights]).fit(cov_type="clustered", cluster_entity=True, auto_df=False, count_effects=False, debiased=False)
        ours = fitted(frame, weights=weights)
        np.testing.assert_allclose(ours.coefficients, theirs.params.to_numpy(), rtol=1e-8)
        np.testing.assert_allclose(ours.covariance, theirs.cov.to_numpy() * 14 / 13, rtol=1e-8)

    def test_columns_freed_of_periods_beforehand_make_the_jackknife_too_sure(self) -> None:
        frame = panel(kept=1.0)
        flat = frame[["score", *LAGS]]
        flat = flat - flat.groupby(frame["unit"]).transform("mean") - flat.groupby(frame["period"]).transform("mean") + flat.mean()
        before = inference.moments(flat["score"], flat[LAGS], cluster=frame["unit"], names=LAGS)
        anew = made(frame)
        for method, same in (("CRV1", True), ("CRV3", False)):
            one, other = (inference.regress(m, method=method) for m in (before, anew))
            np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-9)
            errors = [np.sqrt(np.diag(r.covariance)) for r in (one, other)]
            assert np.allclose(*errors, rtol=1e-9) == same
            assert same or (errors[0] < errors[1]).all()


class TestRegression:
    def test_row_order_and_labels_change_nothing(self) -> None:
        frame = panel()
        other = frame.sample(frac=1, random_state=5)
        other["unit"] = other["unit"].map(lambda u: f"store {100 + u}")  # text keeps the order of the numbers
        other["period"] = other["period"].map({p: f"m{(p * 7) % 9}" for p in range(9)})
        for method in ("CRV1", "CRV3"):
            one, two = fitted(frame, method, weights="weight"), fitted(other, method, weights="weight")
            np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-9)
            np.testing.assert_allclose(one.influence, two.influence, rtol=1e-7, atol=1e-9)

    def test_units_of_measure_carry_through_and_levels_do_not(self) -> None:
        frame = panel()
        moved = frame.assign(lag_1=frame["lag_1"] * 1e6 + 5e7, score=frame["score"] + 40, weight=frame["weight"] * 1e-3)
        for method in ("CRV1", "CRV3"):
            one, two = fitted(frame, method, weights="weight"), fitted(moved, method, weights="weight")
            assert two.fit("lag_1").value == pytest.approx(one.fit("lag_1").value * 1e-6, rel=1e-6)
            assert two.fit("lag_1").std_error == pytest.approx(one.fit("lag_1").std_error * 1e-6, rel=1e-6)
            assert two.fit("lag_2").std_error == pytest.approx(one.fit("lag_2").std_error, rel=1e-6)

    def test_whole_weights_are_repeated_rows_and_zero_ones_none(self) -> None:
        frame = panel().assign(times=lambda f: np.arange(len(f)) % 3)
        frame = frame[frame.groupby("unit")["times"].transform("sum") > 0]
        repeated = frame.loc[frame.index.repeat(frame["times"])]
        one, two = fitted(frame, "CRV3", weights="times"), fitted(repeated, "CRV3")
        np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-9)
        assert one.n == int((frame["times"] > 0).sum()) < two.n

    @pytest.mark.parametrize("method", ["CRV1", "CRV3"])
    def test_influence_is_the_variance_and_functions_of_it_have_theirs(self, method: str) -> None:
        found = fitted(panel(), method)
        g = found.n_clusters
        np.testing.assert_allclose(found.influence.T @ found.influence / (g * (g - 1)), found.covariance, rtol=1e-12)
        assert np.abs(found.influence.mean(axis=0)).max() < (1e-6 if method == "CRV1" else 0.3) * np.sqrt(g * found.covariance.max())
        both = found.combine({"lag_1": 1.0, "lag_2": 1.0})
        assert both.value == pytest.approx(found.coefficients.sum()) and (both.df, both.n_clusters) == (g - 1, g)
        assert both.std_error == pytest.approx(np.sqrt(found.covariance.sum()))
        through = inference.transform(lambda a, b: a + b, found.fit("lag_1"), found.fit("lag_2"), cluster=np.arange(g))
        assert through.std_error == pytest.approx(both.std_error, rel=1e-6 if method == "CRV1" else 0.05) and through.df == pytest.approx(g - 1)

    def test_a_period_that_one_cluster_alone_saw_does_not_stop_the_jackknife(self) -> None:
        import pyfixest

        frame = panel()
        frame = pd.concat([frame, frame[frame["unit"] == 4].assign(period=77).head(1)])
        theirs = pyfixest.feols("score ~ lag_1 + lag_2 | unit + period", frame, vcov={"CRV3": "unit"}, ssc=pyfixest.ssc(k_adj=False, G_adj=False))
        np.testing.assert_allclose(np.diag(fitted(frame, "CRV3").covariance), np.square(theirs.se()) * 13 / 14, rtol=1e-7)


class TestNoise:
    def test_noise_taken_off_raises_the_slope_to_that_of_the_clean_column(self) -> None:
        rng, frame = np.random.default_rng(8), panel(units=60, periods=12, kept=1.0)
        frame = frame.assign(score=3 * frame["lag_1"] + rng.normal(size=len(frame)))
        noisy = made(frame.assign(lag_1=frame["lag_1"] + rng.normal(size=len(frame))), names=["lag_1"])
        expected = np.full((60, 1, 1), 11 * 59 / 60)  # variance 1 times (T − 1)(G − 1), the rank that is left beside both effects, a cluster
        clean, plain, right = (inference.regress(m, method="CRV3").fit("lag_1") for m in
                               (made(frame, names=["lag_1"]), noisy, replace(noisy, noise=expected)))
        assert plain.value < 0.6 * clean.value and right.value == pytest.approx(clean.value, abs=2.5 * right.std_error)
        assert right.std_error > 1.5 * plain.std_error and right.method == "CRV3, noise taken off"

    def test_the_jackknife_with_noise_is_a_refit_without_each_cluster(self) -> None:
        given = made(panel())
        given = replace(given, noise=given.gram[:, :2, :2] * np.array([[0.3, 0.0], [0.0, 0.01]]))
        found = inference.regress(given, method="CRV3")
        for g in (0, 5):
            rest = np.arange(14) != g
            left = inference.regress(replace(given, gram=given.gram[rest], cross=given.cross[rest], noise=given.noise[rest]), method="CRV1")
            np.testing.assert_allclose(found.coefficients - found.influence[g] / 13, left.coefficients, rtol=1e-9)

    def test_noise_as_large_as_what_varies_is_refused_by_name(self) -> None:
        frame = panel(kept=1.0)
        given, flat = made(frame), frame["lag_2"] - frame.groupby("unit")["lag_2"].transform("mean")
        left = ((flat - flat.groupby(frame["period"]).transform("mean")) ** 2).sum()
        noise = np.zeros((14, 2, 2))
        noise[:, 1, 1] = left / 14
        inference.regress(replace(given, noise=0.8 * noise), method="CRV1")
        with pytest.raises(DataError, match=r"as large as what varies, most of all in lag_2 \(101 % of its variation beside"):
            inference.regress(replace(given, noise=1.01 * noise))


class TestErrors:
    @pytest.mark.parametrize("method", ["CRV1", "CRV3"])
    def test_columns_that_repeat_each_other_are_named(self, method: str) -> None:
        frame = panel().assign(copy=lambda f: 3 * f["lag_1"] - 7, wave=lambda f: np.sin(f.index))
        with pytest.raises(DataError, match="repeat each other: lag_1, copy.") as told:
            fitted(frame, method, names=["lag_1", "wave", "copy"])
        assert "wave" not in str(told.value) and "effects" not in str(told.value)
        with pytest.raises(DataError, match="repeat each other: season and the effects"):
            fitted(frame.assign(season=frame["period"] ** 2), method, names=["lag_1", "season"])

    def test_columns_that_never_change_are_named(self) -> None:
        frame = panel().assign(size=lambda f: 0.1 * f["unit"] + 1e6, none=4.2)
        with pytest.raises(DataError, match="Nothing varies within units in size, none"):
            fitted(frame, names=["size", "lag_1", "none"])
        with pytest.raises(DataError, match="Nothing varies in b;"):
            x = np.column_stack([[1.0, -1, 2, -2], np.zeros(4)])
            inference.regress(inference.moments([1.0, 2, 3, 5], x, cluster=[0, 0, 1, 1], names=["a", "b"]))

    def test_a_column_that_varies_in_one_cluster_stops_the_jackknife_alone(self) -> None:
        frame = panel().assign(lonely=lambda f: np.where(f["unit"] == 6, f["lag_1"] ** 2, 0.0))
        assert fitted(frame, "CRV1", names=["lag_1", "lonely"]).n_clusters == 14
        with pytest.raises(DataError, match=r"Without the cluster at position 6 the regression cannot be fitted \(1 such of 14\)"):
            fitted(frame, "CRV3", names=["lag_1", "lonely"])

    def test_periods_that_no_unit_links(self) -> None:
        frame = panel(kept=1.0)
        frame = frame[(frame["period"] < 4) == (frame["unit"] < 7)]
        with pytest.raises(DataError, match="groups that no unit links"):
            fitted(frame)

    def test_rows_that_cannot_be_used(self) -> None:
        frame = panel()
        with pytest.raises(DataError, match=f"2 of {len(frame)} rows have a missing"):
            fitted(frame.assign(lag_1=frame["lag_1"].where(frame.index > 1)))
        with pytest.raises(DataError, match="needs at least 2 clusters; there is 1"):
            fitted(frame.assign(one=0), cluster="one")
        with pytest.raises(DataError, match="1 of 14 clusters carry no weight, the first at position 3"):
            fitted(frame.assign(weight=frame["weight"].where(frame["unit"] != 3, 0.0)), weights="weight")
        with pytest.raises(DataError, match="1 of 15 clusters hold only units with a single row, the first at position 14"):
            fitted(pd.concat([frame, frame.head(1).assign(unit=99)]))
        with pytest.raises(DataError, match="9 of 9 units lie in more than one cluster"):
            fitted(frame, within=frame["period"])
        with pytest.raises(ParameterError, match="at least 0; 1 are below"):
            fitted(frame.assign(weight=frame["weight"].where(frame.index > 0, -1.0)), weights="weight")

    def test_arguments_that_do_not_fit(self) -> None:
        frame = panel()
        with pytest.raises(ParameterError, match="give within="):
            made(frame, within=None)
        with pytest.raises(ParameterError, match="names of their own"):
            inference.moments(frame["score"], frame[LAGS], cluster=frame["unit"], names=["a", "a"])
        with pytest.raises(ParameterError, match=r"K ≥ 1 names, not \(\d+,\), \(\d+, 2\)"):
            inference.moments(frame["score"], frame[LAGS], cluster=frame["unit"], names=["a"])
        with pytest.raises(ParameterError, match="'CRV1' or 'CRV3', not 'HC1'"):
            fitted(frame, "HC1")
        with pytest.raises(ParameterError, match="no column 'lag1'; did you mean 'lag_1'"):
            fitted(frame).fit("lag1")
        with pytest.raises(ParameterError, match="at least one column"):
            fitted(frame).combine({})
