"""Sensitivity against published numbers and against `doubleml` on the same predictions."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from doubleml import DoubleMLData, DoubleMLIRM
from doubleml.utils.gain_statistics import gain_statistics

from voclib.simulate.worlds import hidden_factor
from voclib.stats import sensitivity
from voclib.stats.effects import Att, att
from voclib.stats.inference import Fit

COVARIATES = ["age", "farmer_dar", "herder_dar", "pastvoted", "hhsize_darfur", "female"]


@pytest.fixture(scope="module")
def darfur(public_data: Path) -> sensitivity.Sensitivity:
    frame = pd.read_csv(public_data / "reference_small" / "darfur.csv")
    villages = pd.get_dummies(frame["village"]).astype(float)
    x = np.column_stack([frame[COVARIATES], villages])
    return sensitivity.ols_sensitivity(frame["peacefactor"], frame["directlyharmed"], x, [*COVARIATES, *villages], benchmarks=["female"], k=[1, 2, 3])


def test_darfur(darfur) -> None:
    """Cinelli & Hazlett 2020: estimate, error, robustness values; partial R² as their package prints it."""
    assert darfur.fit.value == pytest.approx(0.09732, abs=5e-6) and darfur.fit.std_error == pytest.approx(0.02326, abs=5e-6)
    assert darfur.robustness.value == pytest.approx(0.13878, abs=5e-6) and darfur.robustness.at_level == pytest.approx(0.07626, abs=5e-6)
    assert darfur.partial_r2 == pytest.approx(0.02187, abs=5e-6) and darfur.df == 783
    assert darfur.robustness.conf_low < darfur.robustness.value < darfur.robustness.conf_high


def test_darfur_with_a_factor_one_to_three_times_as_strong_as_being_female(darfur) -> None:
    """The published table of bounds to its last digit, the first row to nine; its interval has 783 degrees of freedom, ours one fewer."""
    published = pd.DataFrame({"r2_dz": [0.0092, 0.0183, 0.0275], "r2_yz": [0.1246, 0.2493, 0.3741], "estimate": [0.0752, 0.0529, 0.0304],
                              "std_error": [0.0219, 0.0204, 0.0187], "t": [3.4389, 2.6002, 1.6281], "conf_low": [0.0323, 0.0130, -0.0063],
                              "conf_high": [0.1182, 0.0929, 0.0670]})
    np.testing.assert_allclose(darfur.bounds[list(published)], published, atol=5.1e-5)
    first = darfur.bounds.iloc[0]
    exact = {"r2_dz": 0.00916428667504862, "r2_yz": 0.12464092303637, "estimate": 0.0752202712144491, "std_error": 0.0218733277437572}
    for name, value in exact.items():
        assert first[name] == pytest.approx(value, rel=1e-9)
    assert (first["conf_low"], first["conf_high"]) == pytest.approx((0.0322829657274445, 0.118157576701454), abs=1e-7)


def test_e_value() -> None:
    """VanderWeele & Ding 2017: smoking in pregnancy and infant deaths, RR 3.9 (1.8 to 8.7)."""
    found = sensitivity.e_value(3.9, 1.8, 8.7)
    assert found.value == pytest.approx(7.263, abs=5e-4) and found.limit == pytest.approx(3.0, abs=0.05)


def ours(frame: pd.DataFrame, columns: list[str], fold: np.ndarray) -> Att:
    x = np.column_stack([frame[name] - frame[name].mean() for name in columns])
    return att(frame["margin_12m_cny"], frame["waited"], x, ids=np.arange(len(frame)), seed=1, repeats=1, fold=fold)


def theirs(frame: pd.DataFrame, columns: list[str], found: Att) -> DoubleMLIRM:
    """The same estimate by `doubleml`, from our predictions; what an unexposed row were like if exposed plays no part."""
    data = DoubleMLData(frame.assign(waited=frame["waited"].astype(float)), y_col="margin_12m_cny", d_cols="waited", x_cols=columns)
    from sklearn.linear_model import LinearRegression, LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = DoubleMLIRM(data, LinearRegression(), LogisticRegression(), score="ATTE", n_folds=5, n_rep=1)
        exposed = frame["margin_12m_cny"].to_numpy() - found.residual
        model.fit(external_predictions={"waited": {"ml_m": found.propensity[:, None], "ml_g0": found.outcome[:, None], "ml_g1": exposed[:, None]}})
    return model


@pytest.fixture(scope="module", params=[0, 1])
def case(request) -> tuple[pd.DataFrame, Att, DoubleMLIRM, np.ndarray]:
    frame, _ = hidden_factor.draw(request.param, customers=3000)
    fold = np.random.default_rng(0).integers(0, 5, 3000)
    found = ours(frame, ["log_spend", "visits"], fold)
    return frame, found, theirs(frame, ["log_spend", "visits"], found), fold


def corrected(found: Att) -> dict[str, np.ndarray]:
    """Rows of the two moments as `doubleml` has them: the square of the representer without the bias of squaring an estimate."""
    exposed, share = found.riesz > 0, (found.riesz > 0).mean()
    return {"riesz_second_moment": 2 * exposed / (1 - found.propensity) / share**2 - found.riesz**2, "residual_variance": found.residual**2}


def turned(fit: Fit) -> Fit:
    """The estimate with the sign of `doubleml`'s influence values, which it divides by a derivative of −1."""
    return replace(fit, influence=-fit.influence)


@pytest.mark.parametrize(("cf_y", "cf_d", "rho"), [(0.03, 0.03, 1.0), (0.2, 0.1, 1.0), (0.2, 0.3, 0.4)])
def test_bounds_equal_doubleml(case, cf_y: float, cf_d: float, rho: float) -> None:
    """Ends to 1e-9, errors to 0.1 % and intervals to 0.001 standard errors (n − 1 for n); its one-sided 95 % is our two-sided 90 %.

    Its influence values have the other sign there, so that its error of the lower end is ours of the upper one; the next test says whose
    is right.
    """
    _, found, model, _ = case
    assert found.fit.value == pytest.approx(model.coef[0], rel=1e-9)
    params = model.sensitivity_analysis(cf_y=cf_y, cf_d=cf_d, rho=rho, level=0.95).sensitivity_params
    inside, other = (sensitivity.ml_bounds(fit, cf_y=cf_y, cf_d=cf_d, rho=rho, conf_level=0.9, **corrected(found))
                     for fit in (found.fit, turned(found.fit)))
    assert (inside.lower.value, inside.upper.value) == pytest.approx((params["theta"]["lower"][0], params["theta"]["upper"][0]), rel=1e-9)
    assert (inside.upper.std_error, inside.lower.std_error) == pytest.approx((params["se"]["lower"][0], params["se"]["upper"][0]), rel=1e-3)
    assert (other.conf_low, other.conf_high) == pytest.approx((params["ci"]["lower"][0], params["ci"]["upper"][0]), abs=1e-3 * found.fit.std_error)


def test_the_errors_of_the_ends_are_those_of_the_bootstrap(case) -> None:
    """Rows drawn again, with the predictions as they are: to 6 %, and nearer than with the two ends exchanged."""
    frame, found, _, _ = case
    y, d, odds = frame["margin_12m_cny"].to_numpy(), frame["waited"].to_numpy(), found.propensity / (1 - found.propensity)
    surprise, strength, rng = y - found.outcome, np.sqrt(0.4 * 0.4 / 0.6), np.random.default_rng(0)
    ends = []
    for _ in range(1500):
        i = rng.integers(0, len(y), len(y))
        share, exposed = d[i].mean(), d[i]
        value = (np.where(exposed, 1.0, -odds[i]) * surprise[i]).mean() / share
        bias = np.sqrt(np.where(exposed, 1.0, odds[i] ** 2).mean() / share**2 * (found.residual[i] ** 2).mean())
        ends.append((value - strength * bias, value + strength * bias))
    again = np.std(ends, axis=0)
    inside = sensitivity.ml_bounds(found.fit, cf_y=0.4, cf_d=0.4, riesz_second_moment=sensitivity.riesz_square(found.riesz),
                                   residual_variance=found.residual**2)
    errors = np.array([inside.lower.std_error, inside.upper.std_error])
    np.testing.assert_allclose(errors, again, rtol=0.06)
    assert np.abs(errors - again).max() < np.abs(errors[::-1] - again).max()


@pytest.mark.parametrize("null", [0.0, -40.0])
def test_robustness_values_equal_doubleml(case, null: float) -> None:
    """To 1e-4, the tolerance of its search; with chance from its sign of the influence values."""
    _, found, model, _ = case
    params = model.sensitivity_analysis(null_hypothesis=null, level=0.95).sensitivity_params
    value = sensitivity.ml_robustness_value(turned(found.fit), null=null, conf_level=0.9, **corrected(found))
    assert value.value == pytest.approx(params["rv"][0], abs=1e-4) and value.at_level == pytest.approx(params["rva"][0], abs=1e-4)


def test_the_strength_of_a_covariate_equals_doubleml(case) -> None:
    frame, full, model, fold = case
    without = ours(frame, ["log_spend"], fold)
    known = gain_statistics(model, theirs(frame, ["log_spend"], without))
    moments = [corrected(found) for found in (full, without)]
    found = sensitivity.benchmark(full.fit, without.fit, **{name: (moments[0][name], moments[1][name]) for name in moments[0]})
    for name, value in {"cf_y": found.cf_y, "cf_d": found.cf_d, "rho": found.rho, "delta_theta": found.shift}.items():
        assert value == pytest.approx(known[name][0], rel=1e-9), name
