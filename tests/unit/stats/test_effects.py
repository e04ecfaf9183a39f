"""Weighted effects: by hand in cells, against general M-estimation and the bootstrap, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.regression.linear_model import WLS

from voclib.errors import DataError, ParameterError
from voclib.stats.effects import ipw_effect


def study(seed: int = 0, n: int = 800) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcome, treatment and two covariates that move both."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    t = (rng.random(n) < 1 / (1 + np.exp(-(x @ [0.7, -0.5] - 0.3)))).astype(float)
    return 2 * t + x @ [3.0, -2.0] + rng.normal(size=n), t, x


def test_one_binary_covariate_is_standardisation() -> None:
    x = np.repeat([0.0, 0.0, 1.0, 1.0], [6, 2, 3, 9])
    t = np.repeat([0.0, 1.0, 0.0, 1.0], [6, 2, 3, 9])
    y = np.random.default_rng(0).normal(size=20)
    by_hand = sum((x == v).mean() * (y[(x == v) & (t == 1)].mean() - y[(x == v) & (t == 0)].mean()) for v in (0, 1))
    found = ipw_effect(y, t, x)
    assert found.fit.value == pytest.approx(by_hand, abs=1e-9)
    assert found.weights.mean() == pytest.approx(1) and found.imbalance[1] < 1e-9 < found.imbalance[0]
    assert found.crude.value == pytest.approx(y[t == 1].mean() - y[t == 0].mean())


def test_robust_error_is_the_sandwich_of_a_weighted_regression() -> None:
    y, t, x = study()
    found = ipw_effect(y, t, x)
    oracle = WLS(y, np.column_stack([np.ones(len(y)), t]), weights=found.weights).fit(cov_type="HC0")
    assert (found.fit.value, found.fit.std_error) == pytest.approx((oracle.params[1], oracle.bse[1]))


def test_stacked_error_is_the_bootstrap_of_both_steps() -> None:
    y, t, x = study()
    found = ipw_effect(y, t, x, variance="stacked").fit
    draws = np.random.default_rng(1).integers(0, len(y), (300, len(y)))
    again = np.std([ipw_effect(y[d], t[d], x[d]).fit.value for d in draws])
    assert found.std_error == pytest.approx(again, rel=0.15)
    assert ipw_effect(y, t, x).fit.std_error > 1.3 * again, "taking the weights as known is too wide on these data, else this shows nothing"


def test_units_of_a_column_and_the_order_of_rows_play_no_part() -> None:
    y, t, x = study()
    order = np.random.default_rng(2).permutation(len(y))
    for options in ({}, {"variance": "stacked"}):
        one = ipw_effect(y, t, x, **options).fit
        for other in (ipw_effect(y[order], t[order], x[order], **options).fit, ipw_effect(y, t, x * [1e6, 1e-6] + [5e6, 0], **options).fit):
            assert (other.value, other.std_error) == pytest.approx((one.value, one.std_error), abs=1e-7)


def test_every_row_twice_in_one_cluster_changes_nothing() -> None:
    y, t, x = study(n=200)
    who = np.arange(200)
    one = ipw_effect(y, t, x, cluster=who, variance="stacked").fit
    two = ipw_effect(np.tile(y, 2), np.tile(t, 2), np.tile(x, (2, 1)), cluster=np.tile(who, 2), variance="stacked").fit
    assert (two.value, two.std_error, two.n_clusters) == pytest.approx((one.value, one.std_error, 200), abs=1e-9)


def test_as_an_estimate() -> None:
    found = ipw_effect(*study())
    shown = found.estimate("effect", unit="score", rung="ipw")
    assert shown.conf_low < 2 < shown.conf_high and shown.value == found.fit.value and shown.n == 800
    assert sum(found.n_effective) < 800 and found.propensity.min() > 0


@pytest.mark.parametrize(("change", "error", "words"), [
    (lambda y, t, x: (np.where(t == 1, np.nan, y), t, x), DataError, "outcome is missing in"),
    (lambda y, t, x: (y, t, np.column_stack([x, x[:, 0]])), DataError, "repeat each other"),
    (lambda y, t, x: (y, t, np.column_stack([x, np.ones(len(y))])), DataError, "repeat each other"),
    (lambda y, t, x: (y, (x[:, 0] > 0).astype(float), x), DataError, "separate"),
    (lambda y, t, x: (y, t * 2, x), DataError, "0 or 1"),
    (lambda y, t, x: (y, np.zeros(len(y)), x), DataError, "0 or 1"),
    (lambda y, t, x: (y[:-1], t, x), ParameterError, "same rows"),
])
def test_bad_input(change, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ipw_effect(*change(*study()))


def test_an_unknown_variance_is_refused() -> None:
    with pytest.raises(ParameterError, match="'robust' or 'stacked'"):
        ipw_effect(*study(), variance="naive")
