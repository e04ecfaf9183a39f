"""Hidden factors: identities with the factor in hand, limits, invariances, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.results import Verdict
from voclib.simulate.worlds import hidden_factor
from voclib.stats import inference, sensitivity
from voclib.stats.effects import att
from voclib.stats.sensitivity import e_value, ml_bounds, ml_contour, ml_robustness_value, negative_control, ols_sensitivity, robustness_value

NAMES = ["age", "spend", "north", "south"]


def survey(seed: int = 0, n: int = 500) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Outcome, exposure, four covariates and a factor that stands in for one nobody recorded."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=(n, 2)), rng.integers(0, 2, (n, 2))])
    z = rng.normal(size=n)
    d = x @ [0.5, -0.3, 0.2, 0.1] + 0.4 * z + rng.normal(size=n)
    return 1.2 * d + x @ [1.0, 0.5, -0.4, 0.3] + 0.8 * z + rng.normal(size=n), d, x, z


def least_squares(y: np.ndarray, *columns: np.ndarray) -> tuple[float, float, float]:
    """Coefficient and classical error of the first column, and the residual sum of squares."""
    design = np.column_stack([*columns, np.ones(len(y))])
    beta, *_ = np.linalg.lstsq(design, y, rcond=None)
    rest = y - design @ beta
    variance = rest @ rest / (len(y) - design.shape[1])
    return beta[0], float(np.sqrt(variance * np.linalg.inv(design.T @ design)[0, 0])), float(rest @ rest)


class TestRobustnessValue:
    def test_at_the_value_the_estimate_is_gone(self) -> None:
        y, d, x, _ = survey()
        found = ols_sensitivity(y, d, x, NAMES)
        value = found.robustness.value
        assert found.adjusted(value, value)["estimate"][0] == pytest.approx(0, abs=1e-12)
        half = ols_sensitivity(y, d, x, NAMES, q=0.5).robustness.value
        assert found.adjusted(half, half)["estimate"][0] == pytest.approx(found.fit.value / 2)

    def test_at_the_partial_r2_an_extreme_factor_takes_it_all(self) -> None:
        found = ols_sensitivity(*survey()[:3], NAMES)
        assert found.adjusted(found.partial_r2, 1.0)["estimate"][0] == pytest.approx(0, abs=1e-12)

    @pytest.mark.parametrize("t", [2.5, 4.2, 20.0, 120.0])
    def test_with_chance_it_is_the_least_strength_that_closes_the_interval(self, t: float) -> None:
        """By search over all pairs of strengths up to R: the smallest R at which some pair brings the adjusted t to its critical value."""
        df, at = 60.0, robustness_value(t, 60.0, alpha=0.05)
        critical = stats.t.isf(0.025, df - 1)

        def least_t(most: float) -> float:
            d, y = np.meshgrid(np.linspace(0, most, 600), np.linspace(0, most, 600))
            with np.errstate(divide="ignore"):
                return float(((t / np.sqrt(df) - np.sqrt(y * d / (1 - d))) * np.sqrt((1 - d) / (1 - y)) * np.sqrt(df - 1)).min())

        assert 0 < at < robustness_value(t, df)
        assert least_t(at * 0.995) > critical > least_t(min(at * 1.005, 0.9999)) - 1e-6

    def test_it_is_zero_where_the_interval_holds_zero_already_and_wider_errors_lower_it(self) -> None:
        assert robustness_value(1.5, 100, alpha=0.05) == 0.0 < robustness_value(1.5, 100)
        assert robustness_value(4, 100, alpha=0.05, error_ratio=1.5) < robustness_value(4, 100, alpha=0.05) < robustness_value(-4, 100)
        assert robustness_value(0, 100) == 0.0 and robustness_value(1e9, 10) == pytest.approx(1)

    def test_bad_input(self) -> None:
        for options in ({"q": 0}, {"alpha": 1.0}, {"error_ratio": 0.0}):
            with pytest.raises(ParameterError, match="alpha"):
                robustness_value(2, 100, **options)
        with pytest.raises(ParameterError, match="degrees of freedom"):
            robustness_value(2, 1, alpha=0.05)
        with pytest.raises(ParameterError, match="degrees of freedom"):
            sensitivity.partial_r2(2, 0)


class TestRegression:
    def test_it_is_least_squares(self) -> None:
        y, d, x, _ = survey()
        found = ols_sensitivity(y, d, x, NAMES)
        assert (found.fit.value, found.fit.std_error) == pytest.approx(least_squares(y, d, x)[:2]) and found.df == 500 - 6

    def test_with_the_factor_in_hand_the_formulas_give_the_regression_that_has_it(self) -> None:
        y, d, x, z = survey()
        dz = 1 - least_squares(d, z, x)[2] / least_squares(d, x)[2]
        yz = 1 - least_squares(y, z, d, x)[2] / least_squares(y, d, x)[2]
        row = ols_sensitivity(y, d, x, NAMES).adjusted(dz, yz).iloc[0]
        assert (row["estimate"], row["std_error"]) == pytest.approx(least_squares(y, d, z, x)[:2])
        inside = ols_sensitivity(y, d, x, NAMES).between(dz, yz)
        assert inside.lower.value == pytest.approx(row["estimate"]) and inside.conf_low == pytest.approx(row["conf_low"])

    def test_a_factor_k_times_a_benchmark_is_within_its_bound(self) -> None:
        """The factor is exactly k times the benchmark with exposure and outcome; its strengths are those of the table, or less."""
        rng = np.random.default_rng(4)
        columns = np.linalg.qr(np.column_stack([np.ones(400), rng.normal(size=(400, 4))]))[0][:, 1:] * 20
        x, z = columns[:, 0], columns[:, 1]
        d = 0.5 * x + 0.7 * z + columns[:, 2]
        y = 0.3 * d + 0.5 * x + 0.7 * z + columns[:, 3]
        k_d = 0.7**2 / 0.5**2
        own = 1 - least_squares(y, d, x)[2] / least_squares(y, d)[2]
        k_y = (1 - least_squares(y, z, d)[2] / least_squares(y, d)[2]) / own
        row = ols_sensitivity(y, d, x, ["x"], benchmarks=["x"], k=[max(k_d, k_y)]).bounds.iloc[0]
        dz = 1 - least_squares(d, z, x)[2] / least_squares(d, x)[2]
        yz = 1 - least_squares(y, z, d, x)[2] / least_squares(y, d, x)[2]
        assert row["r2_dz"] >= dz - 1e-9 and row["r2_yz"] >= yz - 1e-9
        assert ols_sensitivity(y, d, x, ["x"], benchmarks=["x"], k=[k_d]).bounds["r2_dz"][0] == pytest.approx(dz)

    def test_levels_count_together_and_impossible_multiples_have_no_number(self) -> None:
        y, d, x, _ = survey()
        found = ols_sensitivity(y, d, x, NAMES, benchmarks={"region": ["north", "south"], "age": "age"}, k=[1, 50]).bounds
        assert list(found["benchmark"]) == ["region", "region", "age", "age"] and list(found["k"]) == [1, 50, 1, 50]
        alone = ols_sensitivity(y, d, x, NAMES, benchmarks=["north"], k=[1]).bounds
        assert found["r2_dz"][0] > alone["r2_dz"][0]
        assert found.loc[3, ["r2_dz", "estimate", "conf_low"]].isna().all() and np.isfinite(found.loc[2, "conf_low"])

    @pytest.mark.parametrize("options", [{}, {"robust": True}, {"cluster": np.arange(500) // 5}])
    def test_units_rows_and_columns_that_repeat_play_no_part(self, options: dict) -> None:
        y, d, x, _ = survey()
        order = np.random.default_rng(1).permutation(500)
        one = ols_sensitivity(y, d, x, NAMES, benchmarks=["age"], **options)
        turned = {k: v[order] if isinstance(v, np.ndarray) else v for k, v in options.items()}
        others = [ols_sensitivity(y[order], d[order], x[order], NAMES, benchmarks=["age"], **turned),
                  ols_sensitivity(y * 100 + 7, d * 1e-3, x * [1e5, 1, 1, 1] + 3, NAMES, benchmarks=["age"], **options),
                  ols_sensitivity(y, d, np.column_stack([x, x[:, 2] - x[:, 3], np.ones(500)]), [*NAMES, "copy", "one"], benchmarks="age", **options)]
        for other, scale in zip(others, (1, 1e5, 1), strict=True):
            assert other.fit.value == pytest.approx(one.fit.value * scale) and other.fit.std_error == pytest.approx(one.fit.std_error * scale)
            assert other.df == one.df
            for name in ("value", "at_level", "conf_low", "conf_high"):
                assert getattr(other.robustness, name) == pytest.approx(getattr(one.robustness, name), abs=1e-9)
            np.testing.assert_allclose(other.bounds[["r2_dz", "r2_yz", "t"]], one.bounds[["r2_dz", "r2_yz", "t"]], rtol=1e-8)

    def test_rows_twice_in_one_cluster_change_neither_error_nor_strength(self) -> None:
        y, d, x, _ = survey(n=300)
        one = ols_sensitivity(y, d, x, NAMES, cluster=np.arange(300))
        two = ols_sensitivity(np.tile(y, 2), np.tile(d, 2), np.tile(x, (2, 1)), NAMES, cluster=np.tile(np.arange(300), 2))
        naive = ols_sensitivity(np.tile(y, 2), np.tile(d, 2), np.tile(x, (2, 1)), NAMES)
        assert two.fit.std_error == pytest.approx(one.fit.std_error, rel=0.02) and naive.fit.std_error < 0.75 * two.fit.std_error
        assert two.robustness.value == pytest.approx(one.robustness.value, rel=0.01)
        assert two.robustness.at_level == pytest.approx(one.robustness.at_level, rel=0.02) and naive.robustness.at_level > two.robustness.at_level

    def test_the_chart_holds_the_grid_and_the_benchmarks(self) -> None:
        found = ols_sensitivity(*survey()[:3], NAMES, benchmarks=["age", "spend"])
        chart = found.contour()
        assert len(chart) == 49**2 + 6 <= 2500 and list(chart["label"][-6:]) == ["age ×1", "age ×2", "age ×3", "spend ×1", "spend ×2", "spend ×3"]
        grid = chart[chart["label"] == ""]
        assert grid[["r2_dz", "r2_yz"]].max().min() > found.robustness.value and grid["estimate"].min() < 0 < grid["estimate"].max()
        assert chart["estimate"][0] == found.fit.value and not chart.isna().any().any()
        with pytest.raises(ParameterError, match="points a side"):
            found.contour(size=50)
        with pytest.raises(ParameterError, match="r2_dz"):
            found.adjusted(1.0, 0.5)

    @pytest.mark.parametrize(("change", "error", "words"), [
        (lambda y, d, x: (np.where(y > 0, np.nan, y), d, x, NAMES, {}), DataError, "y is missing in"),
        (lambda y, d, x: (y, x[:, 0] * 2 + x[:, 1], x, NAMES, {}), DataError, "determine the exposure"),
        (lambda y, d, x: (d * 2 + x[:, 0], d, x, NAMES, {}), DataError, "determine the outcome"),
        (lambda y, d, x: (y[:5], d[:5], x[:5], NAMES, {}), DataError, "degrees of freedom"),
        (lambda y, d, x: (y, d, x, NAMES[:3], {}), ParameterError, "one name a column"),
        (lambda y, d, x: (y, d[1:], x, NAMES, {}), ParameterError, "same rows"),
        (lambda y, d, x: (y, d, x, NAMES, {"benchmarks": ["spent"]}), ParameterError, "did you mean 'spend'"),
        (lambda y, d, x: (y, d, x, NAMES, {"benchmarks": "agee"}), ParameterError, "did you mean 'age'"),
        (lambda y, d, x: (y, d, x, NAMES, {"k": [0]}), ParameterError, "positive multiples"),
        (lambda y, d, x: (y, d, x, NAMES, {"cluster": [1, 2]}), ParameterError, "every row its cluster"),
        (lambda y, d, x: (y, d, x, NAMES, {"cluster": [np.nan] + [1] * 499}), DataError, "clusters are missing"),
    ])
    def test_bad_input(self, change, error: type[Exception], words: str) -> None:
        y, d, x, names, options = change(*survey()[:3])
        with pytest.raises(error, match=words):
            ols_sensitivity(y, d, x, names, **options)


class TestEValue:
    def test_inverse_ratios_and_intervals(self) -> None:
        assert e_value(1.0).value == 1.0 and e_value(1 / 2.5).value == pytest.approx(e_value(2.5).value)
        assert e_value(2.0).value == pytest.approx(2 + np.sqrt(2)) and e_value(2.0).limit is None
        assert e_value(2.0, 1.2, 3.0).limit == pytest.approx(e_value(1.2).value)
        assert e_value(0.5, 0.3, 0.8).limit == pytest.approx(e_value(1 / 0.8).value)
        assert e_value(1.4, 0.9, 2.0).limit == 1.0

    @pytest.mark.parametrize("given", [(0.0,), (np.inf,), (2.0, 2.5, 3.0), (2.0, 1.0)])
    def test_bad_input(self, given: tuple) -> None:
        with pytest.raises(ParameterError):
            e_value(*given)


def crossfitted(seed: int = 0, n: int = 1500, **options: float) -> tuple:
    frame, truth = hidden_factor.draw(seed, customers=n, **options)
    x = np.column_stack([frame["log_spend"] - 6, frame["visits"]])
    found = att(frame["margin_12m_cny"], frame["waited"], x, ids=np.arange(n), seed=1, repeats=1)
    return found, {"riesz_second_moment": sensitivity.riesz_square(found.riesz), "residual_variance": found.residual**2}, truth, frame, x


class TestCrossFitted:
    def test_without_a_factor_the_bounds_are_the_estimate(self) -> None:
        found, square, *_ = crossfitted()
        inside, shown = ml_bounds(found.fit, cf_y=0.0, cf_d=0.3, **square), found.fit.estimate("att", unit="cny")
        assert inside.lower.value == inside.upper.value == found.fit.value
        assert (inside.conf_low, inside.conf_high) == pytest.approx((shown.conf_low, shown.conf_high))

    def test_the_width_is_the_formula(self) -> None:
        found, square, *_ = crossfitted()
        inside = ml_bounds(found.fit, cf_y=0.1, cf_d=0.2, rho=-0.5, **square)
        reach = 0.5 * np.sqrt(0.1 * 0.2 / 0.8 * (found.riesz**2).mean() * (found.residual**2).mean())
        assert (inside.lower.value, inside.upper.value) == pytest.approx((found.fit.value - reach, found.fit.value + reach))
        known = ml_bounds(found.fit, cf_y=0.1, cf_d=0.2, rho=0.5, riesz_second_moment=(found.riesz**2).mean(),
                          residual_variance=found.residual_variance)
        assert known.lower.value == pytest.approx(inside.lower.value) and known.lower.std_error == found.fit.std_error

    def test_the_error_of_an_end_is_that_of_its_influence_values(self) -> None:
        found, square, *_ = crossfitted()
        for cluster in (None, np.arange(1500) // 4):
            fit = inference.fit(found.fit.value, found.fit.influence, n=1500, cluster=cluster)
            inside = ml_bounds(fit, cf_y=0.3, cf_d=0.3, cluster=cluster, **square)
            for end in (inside.lower, inside.upper):
                assert end.std_error == pytest.approx(inference.fit(0, end.influence, n=1500, cluster=cluster).std_error)

    def test_for_a_number_of_customers_and_in_other_units(self) -> None:
        found, square, *_ = crossfitted()
        inside = ml_bounds(found.fit, cf_y=0.1, cf_d=0.2, **square)
        loss = inside.times(-500)
        assert (loss.conf_low, loss.upper.value) == pytest.approx((-500 * inside.conf_high, -500 * inside.lower.value))
        fen = {**square, "residual_variance": (100 * found.residual) ** 2}
        assert ml_bounds(found.fit.times(100), cf_y=0.1, cf_d=0.2, **fen).conf_low == pytest.approx(100 * inside.conf_low)
        assert ml_robustness_value(found.fit.times(100), **fen).at_level == pytest.approx(ml_robustness_value(found.fit, **square).at_level, abs=1e-9)

    def test_as_an_estimate(self) -> None:
        found, square, *_ = crossfitted()
        shown = ml_bounds(found.fit, cf_y=0.1, cf_d=0.2, **square).estimate("att", unit="cny", rung="C9")
        assert (shown.kind, shown.verdict, shown.value) == ("bounds", Verdict.BOUNDS_ONLY, None)
        assert shown.conf_low < shown.bound_low < shown.bound_high < shown.conf_high and "cf_y 0.1" in shown.ci_method

    def test_at_the_robustness_value_the_bounds_and_their_interval_reach_zero(self) -> None:
        found, square, *_ = crossfitted()
        for null in (0.0, -60.0, -400.0):
            value = ml_robustness_value(found.fit, null=null, **square)
            assert 0 <= value.conf_low <= value.value <= value.conf_high < 1 and value.at_level <= value.value
            inside = ml_bounds(found.fit, cf_y=value.value, cf_d=value.value, **square)
            assert (inside.upper if found.fit.value < null else inside.lower).value == pytest.approx(null, abs=1e-6)
            at = ml_bounds(found.fit, cf_y=value.at_level, cf_d=value.at_level, **square)
            if value.at_level:
                assert (at.conf_high if found.fit.value < null else at.conf_low) == pytest.approx(null, abs=1e-4)

    def test_a_small_estimate_needs_no_factor_at_all(self) -> None:
        found, square, *_ = crossfitted()
        small = replace(found.fit, value=found.fit.std_error)
        value = ml_robustness_value(small, **square)
        assert value.at_level == 0.0 == value.conf_low < value.value
        assert ml_robustness_value(small, rho=0.5, **square).value > value.value

    def test_a_subgroup_is_told_by_rows_that_are_no_number(self) -> None:
        found, square, _, frame, x = crossfitted()
        within = (frame["visits"] > 0).to_numpy()
        part = att(frame["margin_12m_cny"], frame["waited"], x, ids=np.arange(1500), seed=1, repeats=1, within=within)
        alone = att(frame["margin_12m_cny"][within], frame["waited"][within], x[within], ids=np.arange(1500)[within], seed=1, repeats=1)
        ends = [ml_bounds(f.fit, cf_y=0.1, cf_d=0.1, riesz_second_moment=sensitivity.riesz_square(f.riesz), residual_variance=f.residual**2)
                for f in (part, alone)]
        assert ends[0].lower.value == pytest.approx(ends[1].lower.value)
        assert ends[0].lower.std_error == pytest.approx(ends[1].lower.std_error, rel=0.01)

    def test_estimating_the_share_of_exposed_counts_and_moves_no_value(self) -> None:
        found, *_ = crossfitted()
        rows = sensitivity.riesz_square(found.riesz)
        assert rows.mean() == pytest.approx((found.riesz**2).mean()) and np.ptp(rows - found.riesz**2) > 1
        for bad in (-np.abs(found.riesz), np.abs(found.riesz), np.ones((3, 2))):
            with pytest.raises(ParameterError, match="one value a row"):
                sensitivity.riesz_square(bad)

    def test_a_covariate_left_out(self) -> None:
        found, square, _, frame, x = crossfitted(n=4000)
        without = att(frame["margin_12m_cny"], frame["waited"], x[:, :1], ids=np.arange(4000), seed=1, repeats=1)
        moments = {"riesz_second_moment": (found.riesz**2, without.riesz**2), "residual_variance": (found.residual**2, without.residual**2)}
        known = sensitivity.benchmark(found.fit, without.fit, label="visits", **moments)
        assert 0 < known.cf_y < 0.5 and 0 < known.cf_d < 0.5 and known.shift == without.fit.value - found.fit.value < 0 and -1 <= known.rho < 0
        twice = known.times(2)
        assert (twice.cf_y, twice.cf_d, twice.label) == (2 * known.cf_y, 2 * known.cf_d, "visits ×2")
        assert known.times(1e6).cf_d == 0.999
        nothing = sensitivity.benchmark(without.fit, found.fit, **{k: v[::-1] for k, v in moments.items()})
        assert nothing.cf_y == nothing.cf_d == 0.0
        with pytest.raises(ParameterError, match="k lies above 0"):
            known.times(0)
        with pytest.raises(ParameterError, match="positive"):
            sensitivity.benchmark(found.fit, without.fit, riesz_second_moment=(1.0, 0.0), residual_variance=(1.0, 1.0))

    def test_the_chart(self) -> None:
        found, square, *_ = crossfitted()
        marks = [sensitivity.Benchmark(label=f"b{i}", cf_y=0.1 * i, cf_d=0.05 * i, rho=1.0, shift=0.0) for i in (1, 2)]
        chart = ml_contour(found.fit, benchmarks=marks, **square)
        assert len(chart) == 49**2 + 2 and list(chart["label"][-2:]) == ["b1", "b2"] and not chart.isna().any().any()
        inside = ml_bounds(found.fit, cf_y=0.2, cf_d=0.1, **square)
        assert (chart["estimate"].iloc[-1], chart["conf_end"].iloc[-1]) == pytest.approx((inside.upper.value, inside.conf_high))
        assert chart["estimate"].max() > 0, "the chart shows where the estimate is gone"
        with pytest.raises(DataError, match="same label"):
            ml_contour(found.fit, benchmarks=[marks[0], marks[0]], **square)
        with pytest.raises(ParameterError, match="points a side"):
            ml_contour(found.fit, size=100, **square)

    @pytest.mark.parametrize(("change", "words"), [({"cf_d": 1.0}, "cf_d"), ({"cf_y": -0.1}, "cf_y"), ({"rho": 0.0}, "rho"),
                                                   ({"riesz_second_moment": -1.0}, "safe side"), ({"residual_variance": np.nan}, "positive number"),
                                                   ({"residual_variance": np.ones(7)}, "influence values of 1500"),
                                                   ({"cluster": [1, 2]}, "every row its cluster")])
    def test_bad_input(self, change: dict, words: str) -> None:
        found, square, *_ = crossfitted()
        with pytest.raises(ParameterError, match=words):
            ml_bounds(found.fit, **{"cf_y": 0.1, "cf_d": 0.1, **square, **change})


class TestNegativeControl:
    def test_three_states(self) -> None:
        fit = inference.Fit(value=1.0, std_error=2.0, n=100)
        assert negative_control(fit, main=-40.0).state == "passed" and negative_control(fit, main=-40.0).passed is True
        assert negative_control(fit, main=-4.0).state == "inconclusive" and negative_control(fit, main=-4.0).passed is None
        assert negative_control(fit.times(10), main=-1e4).state == "passed"
        off = inference.Fit(value=5.0, std_error=2.0, n=100)
        assert negative_control(off, main=-400.0).state == "failed" and negative_control(off, main=-400.0).passed is False
        assert negative_control(off, main=-40.0, expected=5.0).state == "passed"

    def test_the_margin_and_the_interval(self) -> None:
        found = negative_control(inference.Fit(value=1.0, std_error=2.0, n=100, df=10.0), main=-40.0, share=0.25, conf_level=0.9)
        assert found.margin == 10.0 and found.conf_high == pytest.approx(1 + 2 * stats.t.ppf(0.95, 10))
        for options in ({"share": 0.0}, {"conf_level": 1.0}):
            with pytest.raises(ParameterError, match="share lies above 0"):
                negative_control(found.fit, main=1.0, **options)


class TestPlantedStrength:
    def test_it_is_what_a_large_sample_shows(self) -> None:
        """Moments and bias of whoever does not know the factor, from 200,000 customers; those with it, from the world's own formulas."""
        found, square, truth, frame, _ = crossfitted(seed=3, n=200_000)
        rich = np.column_stack([x := np.column_stack([frame["log_spend"] - 6, frame["visits"]]), x**2 - 1, x.prod(axis=1)])
        better = att(frame["margin_12m_cny"], frame["waited"], rich, ids=np.arange(len(frame)), seed=1, k=2, repeats=1)
        assert better.fit.value == pytest.approx(truth["att_cny"] + truth["bias_cny"], abs=4 * better.fit.std_error)
        assert better.residual_variance == pytest.approx(truth["residual_variance"], rel=0.03)
        assert (found.riesz**2).mean() == pytest.approx(truth["riesz_second_moment"], rel=0.03)
        prior, visits, unseen = np.random.default_rng(0).normal(size=(3, 400_000))
        wait, margin = hidden_factor._wait(prior, visits, unseen, truth), hidden_factor._margin(prior, visits, unseen, truth)
        noise = (np.exp(hidden_factor.LOG_SD**2) - 1) * margin**2 * (1 - wait + wait * (1 + truth["effect"]) ** 2)
        assert 1 - noise.mean() / truth["residual_variance"] == pytest.approx(truth["cf_y"], abs=0.02)
        assert 1 - truth["riesz_second_moment"] / ((wait / (1 - wait)).mean() / wait.mean() ** 2) == pytest.approx(truth["cf_d"], abs=0.02)

    @pytest.mark.parametrize("seed", range(4))
    def test_the_bias_is_the_product_of_its_parts(self, seed: int) -> None:
        _, truth = hidden_factor.draw(seed, customers=50)
        square = truth["cf_y"] * truth["cf_d"] / (1 - truth["cf_d"]) * truth["residual_variance"] * truth["riesz_second_moment"]
        assert truth["rho"] * np.sqrt(square) == pytest.approx(abs(truth["bias_cny"]), rel=1e-6) and 0 < truth["rho"] < 1
        assert truth["bias_cny"] < 0 and truth["cf_y"] < truth["visible_cf_y"] / 0.55 and 0.6 <= truth["hidden"] <= 1
        none = hidden_factor.draw(seed, customers=50, hidden=0.0)[1]
        assert max(abs(none["cf_y"]), abs(none["cf_d"]), abs(none["bias_cny"])) < 1e-9

    def test_a_linear_factor_explains_just_the_planted_shares(self) -> None:
        frame, truth = hidden_factor.draw_linear(5, customers=300_000, effect=0.0)
        found = ols_sensitivity(frame["margin_12m_cny"], frame["wait_minutes"], frame[["age"]], ["age"])
        assert found.robustness.value == pytest.approx(truth["strength"], abs=0.005)
        assert isinstance(frame, pd.DataFrame) and hidden_factor.draw_linear(5)[1]["strength"] == truth["strength"]
