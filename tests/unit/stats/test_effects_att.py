"""The cross-fitted effect on the exposed: doubleml and hand-made numbers, double robustness, subgroups, invariance, refusals."""

from __future__ import annotations

import warnings

import doubleml
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from benchmarks import att as benchmark
from voclib.errors import DataError, ParameterError
from voclib.stats import crossfit, effects, inference
from voclib.stats.effects import nuisance

N = 1500
FOREST = {"n_estimators": 10, "max_depth": 4, "min_samples_leaf": 5, "random_state": 1}
PAIRS = {"linear": (LogisticRegression(), LinearRegression()), "forest": (RandomForestClassifier(**FOREST), RandomForestRegressor(**FOREST))}


def world(n: int = N, seed: int = 1, *, effect: float = -40.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Yuan never below 0, exposure, covariates, stores; who spends less is exposed more often, by a planted effect on the mean."""
    rng = np.random.default_rng(seed)
    x, store = rng.normal(size=(n, 3)), rng.permutation(np.arange(n) % 25)
    d = rng.random(n) < 1 / (1 + np.exp(0.8 + 0.7 * x[:, 0]))
    mean = 300 * np.exp(0.35 * x[:, 0] + 0.2 * x[:, 1]) + effect * d
    return np.maximum(mean, 10) * rng.gamma(2.0, 0.5, n), d, x, store


def att(y: np.ndarray, d: np.ndarray, x: np.ndarray, **options: object) -> effects.Att:
    return effects.att(y, d, x, **{"ids": np.arange(len(y)), "seed": 1, "repeats": 1, **options})


def rival(model: type, data: doubleml.DoubleMLData, fold: np.ndarray, **options: object) -> object:
    """A fitted DoubleML model on the folds given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = model(data, n_folds=int(fold.max()) + 1, **options)
        made.set_sample_splitting([[(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in np.unique(fold)]])
        return made.fit()


class TestOracles:
    @pytest.mark.parametrize("name", PAIRS)
    def test_equals_doubleml_with_its_learners_and_folds(self, name: str) -> None:
        y, d, x, _ = world()
        fold, (classifier, regressor) = crossfit.folds(np.arange(N), seed=3), PAIRS[name]
        found = att(y, d, x, fold=fold, learner=PAIRS[name], ceiling=1 - 1e-9)
        theirs = rival(doubleml.DoubleMLIRM, doubleml.DoubleMLData.from_arrays(x, y, d.astype(float)), fold, ml_g=regressor, ml_m=classifier,
                       score="ATTE", ps_processor_config=doubleml.utils.PSProcessorConfig(clipping_threshold=1e-9))
        assert found.fit.value == pytest.approx(theirs.coef[0], rel=1e-8)
        assert found.fit.std_error == pytest.approx(theirs.se[0] * np.sqrt(N / (N - 1)), rel=1e-8)
        parts = theirs.sensitivity_elements
        assert found.riesz == pytest.approx(parts["riesz_rep"][:, 0, 0], rel=1e-8)
        assert (found.residual_variance, found.riesz_second_moment) == pytest.approx((parts["sigma2"].item(), parts["nu2"].item()), rel=1e-8)

    @pytest.mark.parametrize("name", PAIRS)
    def test_partialling_out_equals_doubleml(self, name: str) -> None:
        y, d, x, _ = world()
        fold, (classifier, regressor) = crossfit.folds(np.arange(N), seed=3), PAIRS[name]
        found = effects.partially_linear(y, d, x, ids=np.arange(N), seed=1, fold=fold, repeats=1, learner=PAIRS[name])
        theirs = rival(doubleml.DoubleMLPLR, doubleml.DoubleMLData.from_arrays(x, y, d.astype(float)), fold, ml_l=regressor, ml_m=classifier)
        assert (found.value, found.std_error) == pytest.approx((theirs.coef[0], theirs.se[0] * np.sqrt(N / (N - 1))), rel=1e-8)

    def test_one_pass_over_the_rows_gives_every_ridge_regression(self) -> None:
        y, d, x, _ = world()
        fold = crossfit.folds(np.arange(N), seed=3)
        options = {"fold": fold, "learner": "logit", "binary": False, "ridge": 5.0, "seed": 0}
        found = nuisance.means(x * [1, 50, 1] + [0, 900, 0], y, d.astype(int), **options)
        for arm in (0, 1):
            assert found[arm] == pytest.approx(crossfit.regression(x * [1, 50, 1], y, fold=fold, train=d == arm, ridge=5.0), rel=1e-8)


def test_the_benchmark_compares_the_same_estimate() -> None:
    found = benchmark.measure(2000, 1)
    assert found["their learners"]["value"] == pytest.approx(found["doubleml"]["value"], rel=1e-8)
    assert benchmark.distance(found, "our learners") < 0.5, "at a million customers it is a tenth; penalties differ on few"
    first, second = benchmark.lines(found | {"our learners": found["our learners"] | {"value": 1e9}}, 2000)
    assert "2,000 × 30, " in first and " SE apart | att, their learners | " in first and "| NO |" in second


def test_by_hand() -> None:
    y, d, x, _ = world()
    found = att(y, d, x)
    fold = crossfit.folds(np.arange(N), seed=[1, 0])
    e = crossfit.probabilities(x, d, fold=fold)[:, 1]
    m = crossfit.regression(x, y, fold=fold, train=~d)
    without = (m[d].sum() + (e / (1 - e) * (y - m))[~d].sum()) / d.sum()
    assert found.propensity == pytest.approx(e) and found.outcome == pytest.approx(m)
    assert found.fit.value == pytest.approx(y[d].mean() - without) and found.counterfactual.value == pytest.approx(without)
    assert found.relative.value == pytest.approx(y[d].mean() / without - 1)
    assert found.riesz @ (y - m) / N == pytest.approx(found.fit.value), "the Riesz representer weighs what is unexpected"
    assert found.n_exposed == d.sum() and found.n_effective == pytest.approx(inference.kish((e / (1 - e))[~d]))
    assert found.fit.n_effective == pytest.approx(found.n_exposed + found.n_effective) and found.max_weight > 1
    assert found.residual_variance == pytest.approx(np.square(found.residual).mean())


@pytest.mark.parametrize("learner", nuisance.LEARNERS)
def test_every_learner_finds_the_planted_effect_where_the_difference_does_not(learner: str) -> None:
    y, d, x, _ = world(4000)
    found, slide = att(y, d, x, learner=learner, k=3), effects.difference(y, d)
    assert abs(found.fit.value + 40) < 3 * found.fit.std_error < 40 and abs(slide.value + 40) > 6 * slide.std_error
    assert found.auc == pytest.approx(0.66, abs=0.06) and found.unsupported_share == 0


def test_one_right_model_is_enough() -> None:
    """A model that knows nothing, for the exposure or the outcome, leaves the effect where it is; both, and it is the slide's."""
    y, d, x, _ = world(20_000, effect=0.0)
    blind = np.zeros((len(y), 1))

    class Blind(LogisticRegression):
        def fit(self, matrix, target):
            return super().fit(matrix[:, :1] * 0, target)

        def predict_proba(self, matrix):
            return super().predict_proba(matrix[:, :1] * 0)

    class Flat(LinearRegression):
        def fit(self, matrix, target):
            return super().fit(matrix[:, :1] * 0, target)

        def predict(self, matrix):
            return super().predict(matrix[:, :1] * 0)

    bends = np.column_stack([x, x**2, x[:, 0] * x[:, 1], x[:, 0] ** 3])
    slide = effects.difference(y, d).value
    only_exposure = att(y, d, bends, learner=(LogisticRegression(), Flat()))
    only_outcome = att(y, d, bends, learner=(Blind(), LinearRegression()))
    neither = att(y, d, blind)
    for found in (only_exposure, only_outcome):
        assert abs(found.fit.value) < 3 * found.fit.std_error < abs(slide) / 3
    assert neither.fit.value == pytest.approx(slide, rel=0.05)


def test_a_share_of_customers_who_leave() -> None:
    y, d, x, _ = world(4000)
    rng = np.random.default_rng(0)
    left = rng.random(4000) < 1 / (1 + np.exp(1.5 + 0.5 * x[:, 0])) + 0.1 * d
    for learner in ("logit", "poisson"):
        found = att(left, d, x, binary=True, learner=learner)
        assert abs(found.fit.value - 0.1) < 3 * found.fit.std_error < 0.1 and 0 < found.outcome.min() < found.outcome.max() < 1
    with pytest.raises(DataError, match="outcomes of 0 and 1"):
        att(y, d, x, binary=True)


def test_repeats_give_the_median_and_count_their_spread() -> None:
    y, d, x, _ = world()
    found, single = att(y, d, x, repeats=5), att(y, d, x)
    assert found.fit.value == np.median(found.repeats) and len(set(found.repeats)) == 5 and single.repeats == (found.repeats[0],)
    assert found.fit.value + found.counterfactual.value == pytest.approx(y[d].mean())
    assert found.relative.value == pytest.approx(found.fit.value / found.counterfactual.value)
    assert found.fit.std_error**2 == pytest.approx(np.square(found.fit.influence).sum() / (N * (N - 1)))


def test_relative_effect_has_the_error_of_a_ratio() -> None:
    y, d, x, _ = world()
    found = att(y, d, x)
    ratio = (found.fit.influence - found.relative.value * found.counterfactual.influence) / found.counterfactual.value
    assert found.relative.std_error == pytest.approx(np.linalg.norm(ratio) / np.sqrt(N * (N - 1)))
    assert att(y - 1000, d, x).relative is None, "no share of a mean below zero"
    assert att(y - 1000, d, x).fit.value == pytest.approx(found.fit.value)


def test_stores_that_are_alike_widen_the_interval_and_stay_whole_in_a_fold() -> None:
    y, d, x, store = world()
    mood = np.random.default_rng(7).normal(scale=150, size=25)[store]
    late = np.random.default_rng(8).random(25)[store] < 0.3
    y, d = y + mood + 300, d | late
    clustered, plain = att(y, d, x, cluster=store), att(y, d, x)
    assert clustered.fit.std_error > 1.3 * plain.fit.std_error and clustered.fit.n_clusters == 25 and clustered.fit.df < 25
    assert clustered.relative.std_error > 1.2 * plain.relative.std_error


def test_customers_with_several_rows_count_once() -> None:
    y, d, x, _ = world()
    ids, once = np.tile(np.arange(N), 2), att(y, d, x)
    twice = att(np.tile(y, 2), np.tile(d, 2), np.tile(x, (2, 1)), ids=ids, ridge=2.0)
    assert (twice.fit.value, twice.fit.std_error) == pytest.approx((once.fit.value, once.fit.std_error), rel=1e-6) and twice.fit.n_clusters == N


def test_a_subgroup_stands_for_itself() -> None:
    y, d, x, store = world()
    large = x[:, 1] > 0.5
    found = att(y, d, x, within=large, cluster=store)
    alone = att(y[large], d[large], x[large], ids=np.arange(N)[large], cluster=store[large])
    assert (found.fit.value, found.fit.std_error, found.fit.df) == (alone.fit.value, alone.fit.std_error, alone.fit.df)
    assert np.isnan(found.propensity[~large]).all() and found.propensity[large] == pytest.approx(alone.propensity)
    assert found.n_exposed == d[large].sum() and found.fit.n == large.sum() and not found.fit.influence[~large].any()
    whole, plain = att(y, d, x), att(y, d, x, within=large)
    assert inference.fit(0.0, plain.fit.influence, n=N).std_error == pytest.approx(plain.fit.std_error, rel=1e-3)
    apart = inference.fit(plain.fit.value - whole.fit.value, plain.fit.influence - whole.fit.influence, n=N)
    assert apart.std_error < np.hypot(plain.fit.std_error, whole.fit.std_error)


class TestNothingChanges:
    def test_row_order_and_names(self) -> None:
        y, d, x, store = world()
        order = np.random.default_rng(3).permutation(N)
        names = np.array([f"c{i:05d}" for i in range(N)])
        for learner in ("logit", "poisson"):
            one, other = att(y, d, x, ids=names, learner=learner), att(y[order], d[order], x[order], ids=names[order], learner=learner)
            assert (other.fit.value, other.fit.std_error) == pytest.approx((one.fit.value, one.fit.std_error), rel=1e-9)
            assert other.propensity == pytest.approx(one.propensity[order], abs=1e-9)
        letters = np.array(list("abcdefghijklmnopqrstuvwxy"))[store]
        first, again = att(y, d, x, cluster=store), att(y[order], d[order], x[order], ids=order, cluster=letters[order])
        assert (again.fit.value, again.fit.std_error) == pytest.approx((first.fit.value, first.fit.std_error), rel=1e-9)

    @pytest.mark.parametrize("learner", ["logit", "poisson"])
    def test_unit_of_the_currency(self, learner: str) -> None:
        y, d, x, _ = world()
        yuan, fen = att(y, d, x, learner=learner), att(100 * y, d, x, learner=learner)
        assert (fen.fit.value / 100, fen.fit.std_error / 100) == pytest.approx((yuan.fit.value, yuan.fit.std_error), rel=1e-7)
        assert fen.relative.value == pytest.approx(yuan.relative.value, abs=1e-8)

    def test_an_irrelevant_covariate_hardly_matters(self) -> None:
        y, d, x, _ = world()
        more = np.column_stack([x, np.random.default_rng(5).normal(size=N)])
        assert 0 < abs(att(y, d, more).fit.value - att(y, d, x).fit.value) < att(y, d, x).fit.std_error / 2


class TestNobodyAlike:
    def test_a_subgroup_that_was_never_or_always_exposed(self) -> None:
        y, d, x, _ = world()
        vip = x[:, 0] > 1
        with pytest.raises(DataError, match=r"0 exposed and \d+ unexposed.*never happened there"):
            att(y, d & ~vip, x, within=vip)
        with pytest.raises(DataError, match=r"and 0 unexposed.*nobody there was unexposed"):
            att(y, d | vip, x, within=vip)

    def test_few_in_an_arm(self) -> None:
        y, d, x, _ = world()
        few = np.zeros(N, dtype=bool)
        few[np.flatnonzero(d)[:8]] = True
        with pytest.raises(DataError, match=r"The arms have \[1492, 8\] rows, and outside one fold only \d of one of them"):
            att(y, few, x)

    def test_separation_shows(self) -> None:
        y, d, x, _ = world()
        leak = d + np.random.default_rng(0).normal(scale=0.15, size=N)
        found = att(y, d, np.column_stack([x, 3 * leak]), ridge=0.01)
        assert found.auc > 0.99 and found.unsupported_share > 0.5 and found.propensity.max() == 0.99
        assert found.n_effective < 50 < att(y, d, x).n_effective and found.max_weight > 20
        assert att(y, d, np.column_stack([x, 3 * leak]), ridge=0.01, ceiling=0.9).propensity.max() == 0.9


class TestErrors:
    def test_arguments(self) -> None:
        y, d, x, store = world(200)
        with pytest.raises(ParameterError, match="did you mean 'poisson'"):
            att(y, d, x, learner="poison")
        with pytest.raises(ParameterError, match="ceiling="):
            att(y, d, x, ceiling=1.0)
        with pytest.raises(ParameterError, match="repeats= counts"):
            att(y, d, x, repeats=0)
        with pytest.raises(ParameterError, match="for repeats=1 alone"):
            att(y, d, x, fold=np.arange(200) % 5, repeats=2)
        with pytest.raises(ParameterError, match="there are 200 of 1"):
            att(y, d, x, fold=np.zeros(200))
        with pytest.raises(ParameterError, match="within= is True or False for each of 200"):
            att(y, d, x, within=np.ones(200))
        with pytest.raises(ParameterError, match="One row a customer"):
            att(y, d, x[:-1])
        with pytest.raises(ParameterError, match="Without covariates"):
            att(y, d, np.empty((200, 0)), learner="boosting")
        slide = effects.difference(y, d)
        assert att(y, d, np.empty((200, 0))).fit.value == pytest.approx(slide.value, abs=slide.std_error / 3)
        with pytest.raises(DataError, match="two clusters"):
            att(y, d, x, ids=np.arange(200) // 2, cluster=store)
        with pytest.raises(ParameterError, match="There is no learner 'trees'"):
            effects.partially_linear(y, d, x, ids=np.arange(200), seed=1, learner="trees")

    def test_data(self) -> None:
        y, d, x, _ = world(200)
        with pytest.raises(DataError, match="y is missing"):
            att(np.where(d, np.nan, y), d, x)
        with pytest.raises(DataError, match="exposed is 0 or 1"):
            att(y, 2.0 * d, x)
        with pytest.raises(DataError, match="1 of 200 amounts are negative.*learner 'poisson'"):
            att(np.r_[-5.0, y[1:]], d, x, learner="poisson")
        assert np.isfinite(att(np.r_[-5.0, y[1:]], d, x).fit.value), "the linear learner takes refunds as they are"
        with pytest.raises(DataError, match="amounts that the model should learn from are 0"):
            att(np.where(d, y, 0.0), d, x, learner="poisson")
