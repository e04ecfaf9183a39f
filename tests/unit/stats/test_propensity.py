"""Response weights and AIPW on small data: variance, stages, invariance, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from voclib.errors import DataError, ParameterError
from voclib.stats import crossfit, inference, propensity

N = 1200


def world(n: int = N, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers in NPS points (missing for most), covariates, dealers."""
    rng = np.random.default_rng(seed)
    x, dealer = rng.normal(size=(n, 3)), rng.integers(0, 20, n)
    y = 100.0 * (np.digitize(x[:, 0] + rng.normal(size=n), [-0.5, 0.6]) - 1)
    return np.where(rng.random(n) < 1 / (1 + np.exp(1 - 0.6 * x[:, 0])), y, np.nan), x, dealer


def aipw(y: np.ndarray, x: np.ndarray, **options: object) -> propensity.PropensityFit:
    return propensity.aipw_mean(y, x, **{"ids": np.arange(len(y)), "levels": (-100, 0, 100), "seed": 1, "repeats": 3, **options})


def test_the_variance_is_that_of_the_stacked_equations() -> None:
    """Against a jackknife, which refits the response model without each row."""
    y, x, _ = world(300)
    found = propensity.ipw_mean(y, x, truncate=(0, 1))
    left = [propensity.ipw_mean(np.delete(y, i), np.delete(x, i, axis=0), truncate=(0, 1)).fit.value for i in range(300)]
    jackknife = np.sqrt(299 / 300 * np.square(np.array(left) - np.mean(left)).sum())
    assert found.fit.std_error == pytest.approx(jackknife, rel=0.05)
    assert np.corrcoef(found.fit.influence, np.mean(left) - np.array(left))[0, 1] > 0.995
    fixed = inference.mean_variance(y[~np.isnan(y)] - found.fit.value, weights=found.weights[~np.isnan(y)]).variance ** 0.5
    assert found.fit.std_error < 0.97 * fixed


def test_stages_multiply_and_the_last_is_the_answer() -> None:
    y, x, _ = world()
    answered = ~np.isnan(y)
    reached = answered | (np.random.default_rng(2).random(N) < 1 / (1 + np.exp(-x[:, 1])))
    found = propensity.ipw_mean(y, x, stages={"invited": np.ones(N), "delivered": reached, "answered": answered})
    first = crossfit.logit(x, (~reached).astype(int)).probabilities(x)[:, 0]
    second = crossfit.logit(x, (~answered).astype(int), rows=np.flatnonzero(reached)).probabilities(x)[:, 0]
    assert found.probability == pytest.approx(first * second)
    assert abs(found.fit.value - propensity.ipw_mean(y, x).fit.value) < found.fit.std_error


def test_truncation_is_reported() -> None:
    y, x, _ = world()
    plain, cut = (propensity.ipw_mean(y, x, truncate=ends) for ends in ((0, 1), (0, 0.9)))
    assert plain.truncated_share == 0 and plain.truncation_shift == pytest.approx(0, abs=1e-9)
    assert cut.truncated_share == pytest.approx(0.1, abs=0.01) and cut.max_weight < plain.max_weight and cut.n_effective > plain.n_effective
    assert cut.fit.value - plain.fit.value == pytest.approx(cut.truncation_shift)


def test_overlap_is_reported() -> None:
    y, x, _ = world()
    lonely = x[:, 1] > 1.5
    away = propensity.ipw_mean(np.where(lonely, np.nan, y), np.column_stack([x, 4.0 * lonely]), ridge=0.1)
    assert away.low_share == pytest.approx(lonely.mean(), abs=0.01) and propensity.ipw_mean(y, x).low_share == 0
    leak = propensity.ipw_mean(y, np.column_stack([x, ~np.isnan(y) + np.random.default_rng(0).normal(scale=0.4, size=N)]))
    assert leak.auc > 0.9 > 0.75 > propensity.ipw_mean(y, x).auc


def test_aipw_by_hand() -> None:
    y, x, _ = world()
    found = aipw(y, x, repeats=1)
    answered, points = ~np.isnan(y), found.outcome @ [-100, 0, 100]
    by_hand = points + np.where(answered, (y - points) / found.probability, 0)
    assert found.fit.value == pytest.approx(by_hand.mean()) and found.fit.std_error == pytest.approx(by_hand.std(ddof=1) / np.sqrt(N))
    assert found.fit.influence == pytest.approx(by_hand - by_hand.mean()) and found.fit.n == answered.sum()


def test_repeats_give_the_median_and_count_their_spread() -> None:
    y, x, _ = world()
    found = aipw(y, x, repeats=5)
    single = aipw(y, x, repeats=1)
    assert found.fit.value == np.median(found.repeats) and found.repeats[0] == single.fit.value and len(set(found.repeats)) == 5
    assert found.fit.std_error**2 == pytest.approx(np.square(found.fit.influence).sum() / (N * (N - 1)))
    assert abs(found.fit.value - single.fit.value) < 0.3 * found.fit.std_error


def test_dealers_that_are_alike_widen_the_interval() -> None:
    y, x, dealer = world()
    mood = np.random.default_rng(7).normal(scale=80, size=20)[dealer]
    for clustered, plain in ((aipw(y + mood, x, levels=None, cluster=dealer), aipw(y + mood, x, levels=None)),
                             (propensity.ipw_mean(y + mood, x, cluster=dealer), propensity.ipw_mean(y + mood, x))):
        assert clustered.fit.std_error > 2 * plain.fit.std_error and clustered.fit.n_clusters == 20 and clustered.fit.df < 20


@pytest.mark.parametrize("learner", crossfit.LEARNERS)
def test_continuous_answers_and_learners(learner: str) -> None:
    y, x, _ = world()
    by_class, continuous = aipw(y, x, learner=learner, repeats=1, k=3), aipw(y, x, levels=None, learner=learner, repeats=1, k=3)
    assert continuous.outcome.shape == (N, 1) and by_class.outcome.shape == (N, 3)
    assert abs(by_class.fit.value - continuous.fit.value) < 0.5 * by_class.fit.std_error
    weighted, raw = propensity.ipw_mean(y, x).fit.value, propensity.raw_mean(y).value
    assert abs(by_class.fit.value - weighted) < abs(raw - weighted) / 3


class TestNothingChanges:
    def test_row_order(self) -> None:
        y, x, dealer = world()
        order = np.random.default_rng(3).permutation(N)
        for first, second in ((aipw(y, x, cluster=dealer), aipw(y[order], x[order], ids=order, cluster=dealer[order])),
                              (propensity.ipw_mean(y, x), propensity.ipw_mean(y[order], x[order]))):
            assert (second.fit.value, second.fit.std_error) == pytest.approx((first.fit.value, first.fit.std_error), abs=1e-9)
            assert second.probability == pytest.approx(first.probability[order], abs=1e-9)

    def test_every_row_twice_at_half_weight(self) -> None:
        y, x, _ = world()
        ids, half = np.r_[np.arange(N), np.arange(N)], np.full(2 * N, 0.5)
        yy, xx = np.r_[y, y], np.vstack([x, x])
        for once, twice in ((aipw(y, x), aipw(yy, xx, ids=ids, weights=half)),
                            (propensity.ipw_mean(y, x), propensity.ipw_mean(yy, xx, weights=half, cluster=ids)),
                            (aipw(y, x, levels=None), aipw(yy, xx, ids=ids, weights=half, levels=None))):
            assert (twice.fit.value, twice.fit.std_error) == pytest.approx((once.fit.value, once.fit.std_error), abs=1e-8)
            assert (twice.auc, twice.max_weight, twice.truncated_share) == pytest.approx((once.auc, once.max_weight, once.truncated_share))

    def test_an_irrelevant_covariate_hardly_matters(self) -> None:
        y, x, _ = world()
        more = np.column_stack([x, np.random.default_rng(5).normal(size=N)])
        for first, second in ((aipw(y, x), aipw(y, more)), (propensity.ipw_mean(y, x), propensity.ipw_mean(y, more))):
            assert 0 < abs(second.fit.value - first.fit.value) < first.fit.std_error


def test_base_weights_move_the_mean() -> None:
    y, x, _ = world()
    heavy = np.where(x[:, 0] > 0, 3.0, 1.0)
    for plain, weighted in ((aipw(y, x), aipw(y, x, weights=heavy)), (propensity.ipw_mean(y, x), propensity.ipw_mean(y, x, weights=heavy)),
                            (propensity.raw_mean(y), propensity.raw_mean(y, weights=heavy))):
        first, second = (getattr(f, "fit", f) for f in (plain, weighted))
        assert second.value > first.value + 3 * first.std_error / 2


def test_raw_and_gap() -> None:
    y, x, _ = world()
    known = y[~np.isnan(y)]
    raw, corrected = propensity.raw_mean(y), aipw(y, x).fit
    assert raw.value == pytest.approx(known.mean()) and raw.std_error == pytest.approx(known.std(ddof=1) / np.sqrt(len(known)), rel=0.01)
    gap = propensity.gap(raw, corrected)
    assert gap.value == pytest.approx(corrected.value - raw.value) and gap.std_error < raw.std_error
    assert propensity.gap(raw, raw).std_error == 0
    with pytest.raises(ParameterError, match="same rows"):
        propensity.gap(raw, propensity.raw_mean(y[:-1]))


class TestErrors:
    def test_stages(self) -> None:
        y, x, _ = world()
        answered = ~np.isnan(y)
        with pytest.raises(ParameterError, match="narrow from first to last"):
            propensity.ipw_mean(y, x, stages={"reached": answered & (x[:, 0] > 0), "answered": answered})
        with pytest.raises(ParameterError, match="last stage, 'reached'"):
            propensity.ipw_mean(y, x, stages={"reached": answered | (x[:, 0] > 0)})
        with pytest.raises(ParameterError, match="at least 5 of each"):
            propensity.ipw_mean(np.where(np.arange(N) < 3, 0.0, np.nan), x)
        with pytest.raises(ParameterError, match="nothing to weight"):
            propensity.ipw_mean(np.zeros(N), x)

    def test_arguments(self) -> None:
        y, x, dealer = world()
        with pytest.raises(ParameterError, match="none of the levels"):
            aipw(y, x, levels=(-1, 0, 1))
        with pytest.raises(ParameterError, match="floor="):
            aipw(y, x, floor=0.7)
        with pytest.raises(ParameterError, match="need as many of covariates"):
            aipw(y, x[:-1])
        with pytest.raises(ParameterError, match="two quantiles in order"):
            propensity.ipw_mean(y, x, truncate=(0.9, 0.1))
        with pytest.raises(ParameterError, match="nobody answered"):
            propensity.raw_mean(np.full(5, np.nan))
        with pytest.raises(ParameterError, match="1 of them negative or missing"):
            propensity.raw_mean(y, weights=np.r_[-1.0, np.ones(N - 1)])
        with pytest.raises(DataError, match="two clusters"):
            aipw(y, x, ids=np.arange(N) // 2, cluster=dealer)
