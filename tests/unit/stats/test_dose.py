"""Dose and response: the spline by its properties, the regression against statsmodels, the band, support, invariances, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import dose as dose_world
from voclib.stats import dose
from voclib.stats.dose import basis, dose_response

KNOWN = ["prior_spend", "log_spend", "tenure"]


def waits(seed: int = 0, n: int = 1500, **options: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    frame, *_ = dose_world.draw(seed, customers=n, **options)
    return frame["margin_12m_cny"].to_numpy(), frame["wait_minutes"].to_numpy(), frame[KNOWN].to_numpy()


class TestBasis:
    def test_it_is_a_smooth_curve_that_is_straight_beyond_the_knots(self) -> None:
        knots, h = (2.0, 5.0, 9.0, 14.0, 20.0), 1e-3
        for x, straight in ((1.0, True), (25.0, True), (7.0, False), (17.0, False)):
            bend = basis([x - h, x, x + h], knots)
            assert np.allclose(bend[0] - 2 * bend[1] + bend[2], 0, atol=1e-12) == straight
        for knot in knots:
            left, right = basis([knot - 2 * h, knot - h, knot], knots), basis([knot, knot + h, knot + 2 * h], knots)
            np.testing.assert_allclose((left[0] - 2 * left[1] + left[2]) / h**2, (right[0] - 2 * right[1] + right[2]) / h**2, atol=0.01)

    def test_it_spans_what_the_natural_cubic_spline_of_patsy_spans(self) -> None:
        from patsy import dmatrix

        x = np.random.default_rng(0).gamma(2, 10, 300)
        knots = np.quantile(x, [0.0, 0.35, 0.65, 1.0])
        theirs = np.asarray(dmatrix("cr(x, knots=inner, lower_bound=low, upper_bound=high)",
                                    {"x": x, "inner": knots[1:-1], "low": knots[0], "high": knots[-1]}))
        ours = np.column_stack([np.ones(300), basis(x, knots)])
        rest = ours - theirs @ np.linalg.lstsq(theirs, ours, rcond=None)[0]
        assert np.abs(rest).max() < 1e-8 * np.abs(ours).max() and np.linalg.matrix_rank(ours) == 4


class TestCurve:
    def test_it_is_the_regression_with_robust_errors(self) -> None:
        y, d, x = waits()
        found = dose_response(y, d, x, knots=4, reference=10.0)
        design = np.column_stack([basis(d, found.knots), x, np.ones(len(y))])
        oracle = sm.OLS(y, design).fit(cov_type="HC3")
        np.testing.assert_allclose(found.coefficients, oracle.params[:3], rtol=1e-6)
        np.testing.assert_allclose(found.covariance, oracle.cov_params()[:3, :3], rtol=2e-3)
        steps = basis(found.curve["dose"], found.knots) - basis([10.0], found.knots)
        np.testing.assert_allclose(found.curve["estimate"], steps @ oracle.params[:3], rtol=1e-6, atol=1e-9)
        wald = oracle.f_test(np.eye(3, design.shape[1]))
        assert found.statistic == pytest.approx(float(wald.fvalue), rel=5e-3) and found.p_value == pytest.approx(float(wald.pvalue), rel=0.05)

    def test_a_planted_curve_is_found_and_without_past_spending_it_is_not(self) -> None:
        frame, _, curve = dose_world.draw(1, customers=60_000)
        found = dose_response(frame["margin_12m_cny"], frame["wait_minutes"], frame[KNOWN], at=[5, 15, 30, 45], reference=5.0)
        plain = dose_response(frame["margin_12m_cny"], frame["wait_minutes"], frame[[]], at=[5, 15, 30, 45], reference=5.0)
        truth = curve([5, 15, 30, 45]) - curve(5)
        assert (np.abs(found.curve["estimate"] - truth) <= 4 * found.curve["std_error"] + 6).all()
        assert (plain.curve["estimate"] < 2 * truth - 50)[1:].all()

    def test_at_the_reference_there_is_no_difference_and_no_doubt(self) -> None:
        found = dose_response(*waits(), at=[8.0, 12.0, 30.0], reference=12.0).curve
        assert (found.loc[1, ["estimate", "std_error", "band_low", "band_high"]] == 0).all() and (found["std_error"][[0, 2]] > 0).all()

    def test_the_band_is_wider_than_the_interval_and_narrower_than_scheffe(self) -> None:
        found = dose_response(*waits())
        z, scheffe = stats.t.ppf(0.975, found.df), np.sqrt(4 * stats.f.ppf(0.95, 4, found.df))
        assert z < found.critical < scheffe
        curve = found.curve[found.curve["std_error"] > 0]
        np.testing.assert_allclose((curve["band_high"] - curve["estimate"]) / curve["std_error"], found.critical)
        one = dose_response(*waits(), at=[30.0])
        assert one.critical == pytest.approx(z, rel=0.05), "one dose needs no allowance for looking at many"
        assert dose_response(*waits(), seed=1).critical == pytest.approx(found.critical, rel=0.03)

    def test_a_number_for_the_page(self) -> None:
        found = dose_response(*waits(), at=[5.0, 30.0], reference=5.0)
        fit, row = found.at(30.0), found.curve.iloc[1]
        shown = fit.estimate("loss", unit="cny")
        assert (shown.value, shown.conf_low, shown.conf_high) == pytest.approx((row["estimate"], row["conf_low"], row["conf_high"]))
        assert np.sqrt(fit.influence.var() / len(fit.influence)) == pytest.approx(fit.std_error, rel=1e-3)
        with pytest.raises(ParameterError, match="lies outside"):
            found.at(500.0)


class TestSupport:
    def test_nothing_is_drawn_where_fewer_than_one_in_a_hundred_lie_beyond(self) -> None:
        y, d, x = waits()
        found = dose_response(y, d, x, at=[0.0, 10.0, 40.0, 300.0])
        assert found.left_out == (0.0, 300.0) and list(found.curve["dose"]) == [10.0, 40.0]
        assert (d >= found.highest).mean() >= 0.01 > (d > found.highest).mean() and (d <= found.lowest).mean() >= 0.01 > (d < found.lowest).mean()
        default = dose_response(y, d, x)
        assert default.left_out == () and default.curve["dose"].min() == default.lowest == default.reference

    def test_the_rug_counts_every_row(self) -> None:
        y, d, x = waits()
        rug = dose_response(y, d, x).support
        assert rug["n"].sum() == len(d) and rug["dose_low"].min() == d.min() and rug["dose_high"].max() == d.max()

    def test_many_who_did_not_wait_at_all(self) -> None:
        y, d, x = waits()
        d = np.where(d < 8, 0.0, d)
        found = dose_response(y, d, x, knots=[0.0, 10.0, 20.0, 40.0], reference=0.0)
        assert found.lowest == 0.0 and found.curve["estimate"][0] == 0.0


class TestInvariance:
    @pytest.mark.parametrize("clustered", [False, True])
    def test_order_units_and_columns_that_repeat(self, clustered: bool) -> None:
        y, d, x = waits()
        order, store = np.random.default_rng(1).permutation(len(y)), np.arange(len(y)) // 10
        one = dose_response(y, d, x, reference=10.0, cluster=store if clustered else None)
        others = {1.0: dose_response(y[order], d[order], x[order], reference=10.0, cluster=store[order] if clustered else None),
                  100.0: dose_response(y * 100, d * 60, x * [1e-4, 1, 1e3] + 5, reference=600.0, cluster=store if clustered else None),
                  1.0000001: dose_response(y, d, np.column_stack([x, x[:, 0] + x[:, 1], np.ones(len(y))]), reference=10.0,
                                           cluster=store if clustered else None)}
        for scale, other in others.items():
            for name in ("estimate", "band_low", "conf_high"):
                np.testing.assert_allclose(other.curve[name], one.curve[name] * round(scale), rtol=1e-5, atol=1e-5)
            assert other.p_value == pytest.approx(one.p_value, rel=1e-5) and other.df == one.df

    def test_every_row_twice_in_one_cluster_changes_little(self) -> None:
        y, d, x = waits(n=600)
        one = dose_response(y, d, x, reference=10.0, cluster=np.arange(600))
        two = dose_response(np.tile(y, 2), np.tile(d, 2), np.tile(x, (2, 1)), reference=10.0, cluster=np.tile(np.arange(600), 2), knots=one.knots)
        naive = dose_response(np.tile(y, 2), np.tile(d, 2), np.tile(x, (2, 1)), reference=10.0, knots=one.knots)
        assert two.n_clusters == 600 and two.at(30.0).std_error == pytest.approx(one.at(30.0).std_error, rel=0.02)
        assert naive.at(30.0).std_error < 0.75 * two.at(30.0).std_error


@pytest.mark.parametrize(("change", "error", "words"), [
    (lambda y, d, x: ((np.where(y > 900, np.nan, y), d, x), {}), DataError, "y is missing in"),
    (lambda y, d, x: ((y, d, x[1:]), {}), ParameterError, "same rows"),
    (lambda y, d, x: ((y, d, d[:, None]), {}), DataError, "determine the dose"),
    (lambda y, d, x: ((y[:8], d[:8], x[:8]), {"min_beyond": 0.0}), DataError, "degrees of freedom"),
    (lambda y, d, x: ((y, np.round(d / 30) * 30, x), {}), DataError, "coincide"),
    (lambda y, d, x: ((y, d, x), {"knots": 2}), ParameterError, "from 3 to 7"),
    (lambda y, d, x: ((y, d, x), {"knots": [1, 1, 5]}), ParameterError, "three different doses"),
    (lambda y, d, x: ((y, d, x), {"reference": 0.0}), ParameterError, "reference dose 0"),
    (lambda y, d, x: ((y, d, x), {"at": [1000.0]}), ParameterError, "None of the doses"),
    (lambda y, d, x: ((y, d, x), {"conf_level": 1.0}), ParameterError, "conf_level"),
    (lambda y, d, x: ((y, d, x), {"draws": 10}), ParameterError, "at least 100"),
    (lambda y, d, x: ((y, d, x), {"cluster": [1, 2]}), ParameterError, "every row its cluster"),
    (lambda y, d, x: ((y, d, x), {"cluster": [None] + [1] * 1499}), DataError, "clusters are missing"),
    (lambda y, d, x: ((y, d, x), {"min_beyond": 0.5}), ParameterError, "min_beyond"),
])
def test_bad_input(change, error: type[Exception], words: str) -> None:
    given, options = change(*waits())
    with pytest.raises(error, match=words):
        dose_response(*given, **options)


def test_the_world_is_what_it_says() -> None:
    frame, truth, curve = dose_world.draw(2, customers=100_000)
    again = dose_world.draw(2, customers=100_000, most_cny=0.0)
    assert curve(0.0) == 0.0 and curve(truth["middle"]) == pytest.approx(-truth["most_cny"] / 2) and 150 <= truth["most_cny"] <= 250
    assert isinstance(frame, pd.DataFrame) and frame["wait_minutes"].equals(again[0]["wait_minutes"])
    np.testing.assert_allclose(frame["margin_12m_cny"] - again[0]["margin_12m_cny"], curve(frame["wait_minutes"]))
    logs = np.log(frame["wait_minutes"])
    assert np.corrcoef(logs, frame["log_spend"])[0, 1] == pytest.approx(-truth["confounding"], abs=0.02)
    assert dose.QUANTILES[5][2] == 0.5
