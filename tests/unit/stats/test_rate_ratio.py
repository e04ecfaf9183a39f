"""Ratios of rates against statsmodels, and what is said where nothing can be told."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from voclib.errors import DataError, ParameterError
from voclib.stats import rate_ratio


@pytest.fixture(params=[1, 2, 3])
def table(request):
    rng = np.random.default_rng(request.param)
    usual, season = rng.uniform(10, 60, 6), rng.uniform(0.6, 1.6, 14)
    counts = rng.poisson(usual[:, None] * season * rng.gamma(20, 1 / 20, (6, 14)))
    late, middle = np.arange(14) >= 9, (np.arange(14) >= 4) & (np.arange(14) < 7)
    return counts, [(0, late), (2, middle), (2, late)]


class TestFit:
    def test_equals_a_quasi_poisson_regression_of_statsmodels(self, table):
        counts, stretches = table
        found = rate_ratio.fit(counts, stretches)
        subject, period = np.repeat(np.arange(6), 14), np.tile(np.arange(14), 6)
        x = np.column_stack([subject[:, None] == np.arange(6), period[:, None] == np.arange(1, 14),
                             *[(subject == s) & mask[period] for s, mask in stretches]]).astype(float)
        model = sm.GLM(counts.ravel(), x, family=sm.families.Poisson()).fit(scale="X2")
        assert found.log_ratio == pytest.approx(model.params[-3:], abs=1e-6)
        scale = max(model.scale, 1) / model.scale
        assert found.std_error == pytest.approx(model.bse[-3:] * np.sqrt(scale), rel=1e-5)
        assert found.dispersion == pytest.approx(max(model.scale, 1), rel=1e-6)
        assert found.df == model.df_resid

    def test_two_subjects_in_two_periods_are_an_odds_ratio(self):
        counts = np.array([[40, 20], [100, 110]])
        found = rate_ratio.fit(counts, [(0, [False, True])])
        assert found.log_ratio[0] == pytest.approx(np.log(20 * 100 / (40 * 110)), abs=1e-6)
        assert found.std_error[0] == pytest.approx(np.sqrt(1 / 40 + 1 / 20 + 1 / 100 + 1 / 110), rel=1e-4)

    def test_growth_of_all_subjects_cancels(self):
        usual = np.array([50.0, 80, 120, 30])
        counts = usual[:, None] * np.linspace(1, 4, 10)
        counts[1, 6:] *= 0.55
        assert rate_ratio.fit(counts, [(1, np.arange(10) >= 6)]).log_ratio[0] == pytest.approx(np.log(0.55), abs=1e-6)

    def test_competing_for_a_fixed_total_is_no_change_of_the_others(self):
        weight = np.outer([3.0, 2, 1, 1], np.ones(12))
        weight[0, 6:] *= 0.5
        counts = 1000 * weight / weight.sum(axis=0)
        late = np.arange(12) >= 6
        found = rate_ratio.fit(counts, [(0, late), (1, late)])
        assert np.exp(found.log_ratio) == pytest.approx([0.5, 1.0], abs=1e-6)
        alone, _ = rate_ratio.of_shares(counts[1, 6:].sum(), counts[:, 6:].sum(), counts[1, :6].sum(), counts[:, :6].sum())
        assert np.exp(alone) > 1.2

    def test_what_cannot_be_told_apart_is_missing(self):
        counts = np.full((3, 6), 20.0)
        late = np.arange(6) >= 3
        found = rate_ratio.fit(counts, [(0, np.ones(6, bool)), (1, late), (1, late), (2, np.zeros(6, bool))])
        assert np.isnan(found.log_ratio).tolist() == [True, False, True, True]

    def test_none_seen_gives_a_finite_ratio_with_a_wide_interval(self):
        counts = np.full((3, 8), 25.0)
        counts[0, 4:] = 0
        found = rate_ratio.fit(counts, [(0, np.arange(8) >= 4)])
        assert -6 < found.log_ratio[0] < -4 and found.std_error[0] > 1

    @pytest.mark.parametrize(("counts", "stretches", "error", "says"), [
        ([[1, 2]], [], DataError, "two subjects"), ([[1, -2], [3, 4]], [], DataError, "0 or more"),
        ([[1, np.nan], [3, 4]], [], DataError, "missing"), ([[1, 2], [3, 4]], [(0, [True])], ParameterError, "2 flags"),
        ([[1, 2], [3, 4]], [(5, [True, False])], ParameterError, "row 5")])
    def test_bad_input_says_what_is_wrong(self, counts, stretches, error, says):
        with pytest.raises(error, match=says):
            rate_ratio.fit(counts, stretches)


class TestMeans:
    @pytest.mark.parametrize("seed", range(3))  # of others its iteration ends at a spread of zero where the equation has a root
    def test_like_these_equals_the_meta_analysis_of_statsmodels(self, seed):
        rng = np.random.default_rng(seed)
        y, variance = rng.normal(-0.4, 0.3, 9), rng.uniform(0.01, 0.05, 9)
        found = rate_ratio.like_these(y, np.diag(variance))
        oracle = combine_effects(y, variance, method_re="pm", use_t=True, atol=1e-12, maxiter=5000)
        assert found.value == pytest.approx(oracle.mean_effect_re, abs=1e-5)
        assert found.spread**2 == pytest.approx(oracle.tau2, abs=1e-4)
        assert found.std_error == pytest.approx(max(oracle.sd_eff_w_re, oracle.sd_eff_w_re_hksj), rel=1e-3)

    @pytest.mark.parametrize("seed", range(6))
    def test_spread_makes_the_distances_as_large_as_expected(self, seed):
        rng = np.random.default_rng(seed)
        y, variance = rng.normal(-0.4, 0.4, 9), rng.uniform(0.01, 0.05, 9)
        found = rate_ratio.like_these(y, np.diag(variance))
        assert found.spread > 0 and ((y - found.value) ** 2 / (variance + found.spread**2)).sum() == pytest.approx(8)

    def test_plain_mean_takes_errors_that_go_together(self):
        v = np.array([[0.04, 0.03], [0.03, 0.04]])
        found = rate_ratio.mean([-0.2, -0.6], v)
        assert found.value == pytest.approx(-0.4) and found.std_error == pytest.approx(np.sqrt(0.14 / 4))
        assert found.interval(0.95)[0] == pytest.approx(-0.4 - stats.norm.ppf(0.975) * found.std_error)

    def test_one_alone_has_no_spread(self):
        with pytest.raises(DataError, match="two or more"):
            rate_ratio.like_these([0.1], [[0.04]])

    def test_shares_equal_the_risk_ratio_of_statsmodels(self):
        oracle = sm.stats.Table2x2(np.array([[12, 188], [30, 270]]))
        value, error = rate_ratio.of_shares(12, 200, 30, 300)
        assert value == pytest.approx(oracle.log_riskratio) and error == pytest.approx(oracle.log_riskratio_se)
