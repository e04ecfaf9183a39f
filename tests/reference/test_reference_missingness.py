"""Published results: NHEFS (an effect by inverse-probability weights) and Mroz87 (wages seen only for those who work)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from voclib.results import Verdict
from voclib.stats.effects import ipw_effect
from voclib.stats.selection import selection_model

FACTORS, SQUARED = ["sex", "race", "education", "exercise", "active"], ["age", "smokeintensity", "smokeyrs", "wt71"]


def covariates(people: pd.DataFrame) -> np.ndarray:
    """Factors as indicators without their first level, numbers with their squares."""
    factors = pd.get_dummies(people[FACTORS].astype("category"), drop_first=True, dtype=float)
    numbers = people[SQUARED].astype(float)
    return np.column_stack([factors, numbers, numbers**2])


@pytest.fixture(scope="module")
def nhefs(public_data: Path) -> pd.DataFrame:
    return pd.read_csv(public_data / "nhefs" / "nhefs_complete.csv")


class TestNhefs:
    """Hernán & Robins 2020, ch. 12: what giving up smoking did to weight (kg), 1971–1982."""

    def test_crude_and_weighted(self, nhefs: pd.DataFrame) -> None:
        found = ipw_effect(nhefs["wt82_71"], nhefs["qsmk"], covariates(nhefs))
        assert found.fit.n == 1566 and found.crude.value == pytest.approx(2.54, abs=0.005)
        assert found.fit.value == pytest.approx(3.44054, abs=5e-6)
        assert found.fit.std_error == pytest.approx(0.52549, abs=5e-6)
        w = found.weights
        assert (w.mean(), w.min(), w.max()) == (pytest.approx(0.999, abs=5e-4), pytest.approx(0.33, abs=5e-3), pytest.approx(4.30, abs=5e-3))

    def test_the_printed_interval(self, nhefs: pd.DataFrame) -> None:
        shown = ipw_effect(nhefs["wt82_71"], nhefs["qsmk"], covariates(nhefs)).estimate("weight_gain", unit="score")
        assert (shown.conf_low, shown.conf_high) == pytest.approx((2.4, 4.5), abs=0.05)

    def test_counting_that_the_weights_were_estimated_narrows_it(self, nhefs: pd.DataFrame) -> None:
        options = nhefs["wt82_71"], nhefs["qsmk"], covariates(nhefs)
        known, stacked = ipw_effect(*options).fit, ipw_effect(*options, variance="stacked").fit
        assert stacked.value == known.value and 0.8 < stacked.std_error / known.std_error < 1
        assert abs(stacked.value - 3.44) < 0.005

    def test_weighting_balances_what_it_was_given(self, nhefs: pd.DataFrame) -> None:
        before, after = ipw_effect(nhefs["wt82_71"], nhefs["qsmk"], covariates(nhefs)).imbalance
        assert before > 0.25 and after < 0.1


@pytest.fixture(scope="module")
def mroz(public_data: Path) -> pd.DataFrame:
    women = pd.read_csv(public_data / "mroz" / "Mroz87.csv")
    women["exper2"] = women["exper"] ** 2
    women["log_wage"] = np.log(women["wage"].where(women["lfp"] == 1))
    return women


class TestMroz:
    """Wages of 753 married women, seen for the 428 who work: Wooldridge 2010, §19.6; errors as Stata's two-step prints them."""

    OUTCOME, SELECTION = ["educ", "exper", "exper2"], ["nwifeinc", "educ", "exper", "exper2", "age", "kids5", "kids618"]

    def fitted(self, mroz: pd.DataFrame, selection: list[str]):
        return selection_model(mroz["log_wage"], mroz[self.OUTCOME], mroz["lfp"], mroz[selection], outcome_names=self.OUTCOME,
                               selection_names=selection)

    def test_coefficients(self, mroz: pd.DataFrame) -> None:
        found = self.fitted(mroz, self.SELECTION)
        assert (found.n, found.n_selected, found.instruments, found.verdict) == (753, 428, 4, Verdict.REPORT)
        printed = {"educ": 0.109066, "exper": 0.043887, "exper2": -0.000859, "constant": -0.578103, "inverse_mills": 0.032262}
        assert dict(zip(found.names, found.values, strict=True)) == pytest.approx(printed, abs=5e-7)
        assert found.sigma == pytest.approx(0.663629, abs=5e-7)

    def test_errors_and_the_test_of_selection(self, mroz: pd.DataFrame) -> None:
        found = self.fitted(mroz, self.SELECTION)
        errors = dict(zip(found.names, found.std_errors, strict=True))
        printed = {"educ": 0.015523, "exper": 0.0162611, "exper2": 0.0004389, "constant": 0.3050062, "inverse_mills": 0.1336246}
        assert errors == pytest.approx(printed, abs=5e-8, rel=0)
        assert found.rho == pytest.approx(0.04861, abs=5e-6) and found.mills_p == pytest.approx(0.809, abs=5e-4)

    def test_the_probit(self, mroz: pd.DataFrame) -> None:
        found = self.fitted(mroz, self.SELECTION)
        values = dict(zip(found.probit_names, found.probit_values, strict=True))
        errors = dict(zip(found.probit_names, np.sqrt(np.diag(found.probit_covariance)), strict=True))
        assert (values["kids5"], errors["kids5"]) == (pytest.approx(-0.8683285, abs=5e-8), pytest.approx(0.1185223, abs=5e-8))
        assert (values["constant"], errors["constant"]) == (pytest.approx(0.2700768, abs=5e-8), pytest.approx(0.508593, abs=5e-7))

    def test_least_squares_on_those_who_work(self, mroz: pd.DataFrame) -> None:
        naive = self.fitted(mroz, self.SELECTION).fit("educ", naive=True)
        assert (naive.value, naive.std_error) == (pytest.approx(0.1074896, abs=5e-8), pytest.approx(0.0141465, abs=5e-8))

    def test_with_the_same_regressors_it_withholds_the_answer(self, mroz: pd.DataFrame) -> None:
        found = self.fitted(mroz, self.OUTCOME)
        assert found.instruments == 0 and found.estimate("educ", unit="ratio").kind == "refusal"
