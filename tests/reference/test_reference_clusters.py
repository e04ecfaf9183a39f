"""Clustered variances against what Stata and R printed for the Grunfeld firms, and a lottery that Fisher counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike
from statsmodels.regression.tests.results import results_grunfeld_ols_robust_cluster as printed

from voclib.stats import inference

COLUMNS = ["value", "capital", "constant"]


@pytest.fixture(scope="module")
def firms(public_data: Path) -> pd.DataFrame:
    """Ten firms, twenty years."""
    return pd.read_csv(public_data / "reference_small" / "Grunfeld.csv").assign(constant=1.0)


def fitted(firms: pd.DataFrame, method: str, *, weights: ArrayLike | None = None) -> inference.Regression:
    given = inference.moments(firms["inv"], firms[COLUMNS], cluster=firms["firm"], names=COLUMNS, weights=weights)
    return inference.regress(given, method=method)


@pytest.mark.parametrize(("method", "table"), [("CRV1", "results_cluster"), ("CRV3", "results_cluster_crv3")])
def test_errors_by_firm(firms: pd.DataFrame, method: str, table: str) -> None:
    """Stata `regress, vce(cluster company)`, whose factor (N − 1)/(N − K) CRV1 here leaves out; R package summclust, CRV3."""
    theirs, ours = getattr(printed, table), fitted(firms, method)
    factor = (200 - 1) / (200 - 3) if method == "CRV1" else 1.0
    np.testing.assert_allclose(ours.coefficients, theirs.params, rtol=1e-6)
    np.testing.assert_allclose(ours.covariance * factor, theirs.cov, rtol=1e-6)
    found = ours.fit("value")
    assert found.df == theirs.df_r == 9 and inference.p_value(found.value / found.std_error / np.sqrt(factor), 9) == pytest.approx(
        theirs.pvalues[0], rel=1e-4)


@pytest.mark.parametrize(("method", "table"), [("CRV1", "results_cluster_wls_small"), ("CRV3", "results_cluster_crv3_wls")])
def test_weighted_errors_by_firm(firms: pd.DataFrame, method: str, table: str) -> None:
    """The same weighted: by 1/value in Stata, by the number of the row in R."""
    theirs, ours = getattr(printed, table), fitted(firms, method, weights=1 / firms["value"] if method == "CRV1" else np.arange(1.0, 201.0))
    factor = (200 - 1) / (200 - 3) if method == "CRV1" else 1.0
    np.testing.assert_allclose(ours.coefficients, theirs.params, rtol=1e-6)
    np.testing.assert_allclose(ours.covariance * factor, theirs.cov, rtol=1e-6)


def test_effects_of_firms(firms: pd.DataFrame) -> None:
    """Greene 2012, Econometric Analysis: fixed effects of firms."""
    given = inference.moments(firms["inv"], firms[COLUMNS[:2]], cluster=firms["firm"], names=COLUMNS[:2], within=firms["firm"])
    assert inference.regress(given).coefficients == pytest.approx([0.110124, 0.310065], abs=5e-7)


@pytest.mark.parametrize(("right", "ways"), [(4, 1 + 1), (3, 16 + 1 + 16 + 1)])
def test_the_lady_tasting_tea(right: int, ways: int) -> None:
    """Fisher 1935, ch. II: of 70 ways to choose four cups of eight, 1 is all right and 16 have one wrong; here both sides count."""
    milk_first = np.repeat([1, 0], 4)
    said = np.roll(milk_first, 4 - right)
    for statistic in ("t", "difference"):
        found = inference.permute(said, milk_first, statistic=statistic)
        assert found.p_value == pytest.approx(ways / 70) and found.smallest_p == pytest.approx(2 / 70) and found.n_assignments == 70


def test_a_real_panel_with_gaps(public_data: Path) -> None:
    """146 hospital trusts by year, as pyfixest fits them; text as ids."""
    import pyfixest

    raw = pd.read_csv(public_data / "nhs_engagement" / "data.NHS.2012_2019.csv")
    frame = pd.DataFrame({"y": raw["SHMI.Index"], "x": raw["Engagement.Index"], "unit": raw["Code"].astype(str), "year": raw["Year.Index"]}).dropna()
    frame = frame[frame.groupby("unit")["y"].transform("size") > 1]
    frame["code"] = frame["unit"].astype("category").cat.codes.astype(int)
    for method, frame in (("CRV1", frame), ("CRV3", frame[frame["code"] < 40])):  # noqa: B020 (their jackknife refits: forty trusts will do)
        theirs = pyfixest.feols("y ~ x | code + year", frame, vcov={method: "code"}, ssc=pyfixest.ssc(k_adj=False, G_adj=method == "CRV1"),
                                demeaner=pyfixest.LsmrDemeaner(fixef_atol=1e-14, fixef_btol=1e-14))
        given = inference.moments(frame["y"], frame[["x"]], cluster=frame["unit"], names=["x"], within=frame["unit"], effects=frame["year"])
        ours = inference.regress(given, method=method).fit("x")
        shrink = 1.0 if method == "CRV1" else np.sqrt(1 - 1 / ours.n_clusters)
        assert ours.value == pytest.approx(float(theirs.coef().iloc[0]), rel=1e-8) and ours.n_clusters > 30
        assert ours.std_error == pytest.approx(float(theirs.se().iloc[0]) * shrink, rel=1e-8)
