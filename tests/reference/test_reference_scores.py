"""Published numbers, recomputed from the data or from an independent library."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS, WLS
from statsmodels.stats.proportion import proportion_confint

from voclib.stats import inference, metrics


def api(folder, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "survey_api" / f"{name}.csv", dtype={"cds": "str"})


@pytest.mark.parametrize(("p", "d", "n"), [(50, 20, 100), (3, 30, 77), (700, 100, 1000), (19, 0, 30)])
def test_nps_error_is_the_published_formula(p: int, d: int, n: int) -> None:
    """var = p + d − (p − d)², SE = 100·√(var/n)."""
    found = metrics.nps(pd.DataFrame({"nps_score": [10] * p + [0] * d + [8] * (n - p - d)}))
    share_p, share_d = p / n, d / n
    assert found.value == pytest.approx(100 * (share_p - share_d))
    assert found.std_error == pytest.approx(100 * np.sqrt((share_p + share_d - (share_p - share_d) ** 2) / n), rel=1e-12)


@pytest.mark.parametrize("n", [10, 37, 400])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_shares_are_agresti_coull(n: int, level: float) -> None:
    for yes in {0, 1, n // 3, n - 1, n}:
        found = metrics.share(pd.DataFrame({"yes": [True] * yes + [False] * (n - yes)}), "yes", conf_level=level)
        assert (found.conf_low, found.conf_high) == pytest.approx(proportion_confint(yes, n, alpha=1 - level, method="agresti_coull"), abs=1e-12)


def test_cluster_variance_against_statsmodels() -> None:
    """With equal clusters CR2 of a mean is CR1 without the n − 1 factor, which statsmodels computes."""
    rng = np.random.default_rng(1)
    cluster, y = np.repeat(np.arange(25), 12), rng.normal(size=300)
    fit = OLS(y, np.ones(300)).fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False})
    spread = inference.mean_variance(y - y.mean(), cluster=cluster)
    assert spread.variance == pytest.approx(fit.cov_params()[0, 0] * 25 / 24)


def test_weighted_variance_against_statsmodels() -> None:
    """A weighted mean is a regression on a constant; its variance is statsmodels' HC2."""
    rng = np.random.default_rng(1)
    y, w = rng.normal(size=200), rng.uniform(0.2, 4, 200)
    fit = WLS(y, np.ones(200), weights=w).fit(cov_type="HC2")
    assert inference.mean_variance(y - w @ y / w.sum(), weights=w).variance == pytest.approx(fit.cov_params()[0, 0])


def test_apipop_is_the_whole_population(public_data) -> None:
    population = api(public_data, "apipop")
    found = metrics.mean_score(population, "api00", scale=(200, 1000))
    assert found.value == pytest.approx(664.7126, abs=5e-5) and found.n == 6194


def test_apistrat_weighted_mean(public_data) -> None:
    """Point 662.29. Its printed SE (9.4089) rests on strata and a finite population, which scores of customers do not have."""
    found = metrics.mean_score(api(public_data, "apistrat"), "api00", weights="pw", scale=(200, 1000))
    assert found.value == pytest.approx(662.29, abs=0.005)
    assert found.conf_low < 664.7126 < found.conf_high


def test_apiclus1_mean_and_linearised_error(public_data) -> None:
    """644.17 (23.542): fifteen of 757 districts drawn, the survey package's correction G/(G − 1)."""
    schools = api(public_data, "apiclus1")
    found = metrics.mean_score(schools, "api00", weights="pw", cluster="dnum", scale=(200, 1000))
    assert found.value == pytest.approx(644.17, abs=0.005) and found.n_clusters == 15
    options = {"weights": schools["pw"], "cluster": schools["dnum"]}
    u = schools["api00"].to_numpy(float) - found.value
    printed = inference.mean_variance(u, **options, correction="CR1", sampled=15 / 757)
    assert np.sqrt(printed.variance) == pytest.approx(23.542, abs=0.0005) and printed.df == 14
    # fifteen districts of 1 to 37 schools: the library's own error is wider, with fewer degrees of freedom
    own = inference.mean_variance(u, **options)
    assert 1 < np.sqrt(own.variance / printed.variance) < 1.15 and own.df < 10
    assert found.conf_low < 664.7126 < found.conf_high


def test_apisrs_plain_mean(public_data) -> None:
    """656.58 with SE 9.2497 = s/√n·√(1 − 200/6194), the survey package's documented example."""
    sample = api(public_data, "apisrs")
    y = sample["api00"].to_numpy(float)
    spread = inference.mean_variance(y - y.mean(), sampled=200 / 6194)
    assert y.mean() == pytest.approx(656.585, abs=0.0005)
    assert np.sqrt(spread.variance) == pytest.approx(9.2497, abs=5e-5)
