"""Covariates as a matrix, folds, the penalised logit and out-of-fold predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import nonresponse
from voclib.stats import crossfit


def frame(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    spend = rng.normal(50, 10, n)
    return pd.DataFrame({"spend": np.where(rng.random(n) < 0.4, np.nan, spend), "age": rng.integers(18, 80, n), "region": rng.choice(list("NSW"), n),
                         "vip": rng.random(n) < 0.3, "same": 7, "empty": np.nan})


def design(n: int = 1500) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariates, three classes that depend on them, weights."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(n, 4))
    return x, np.digitize(x @ [1, -0.5, 0.3, 0] + rng.logistic(size=n), [-1, 1]), rng.uniform(0.5, 2, n)


class TestFeatures:
    def test_columns_and_what_is_left_out(self) -> None:
        found = crossfit.features(frame(), ["spend", "age", "region", "vip", "same", "empty"])
        assert found.names == ("spend", "spend missing", "age", "region=N", "region=S", "region=W", "vip=True")
        assert found.dropped == {"same": "constant", "empty": "all missing"} and "missing" in found.notes["spend"]
        assert np.abs(found.matrix.mean(axis=0)).max() < 1e-12 and found.matrix[:, 2].std() == pytest.approx(1)

    def test_interactions_and_squares(self) -> None:
        found = crossfit.features(frame(), ["age", "region", "vip"], interactions=True, squares=True)
        assert {"age²", "age × vip=True", "region=N × vip=True"} <= set(found.names) and "vip=True²" not in found.names
        assert not any(name.count("region") > 1 for name in found.names)

    def test_dependent_columns_are_named(self) -> None:
        data = frame().assign(double=lambda f: 2 * f["age"] + 1)
        assert crossfit.features(data, ["age", "region", "double"]).collinear == (("age", "double"),)
        assert crossfit.features(data, ["age", "region"]).collinear == ()

    def test_rare_levels_are_pooled(self) -> None:
        data = pd.DataFrame({"store": ["a"] * 500 + ["b"] * 500 + ["c", "d", "e"]})
        found = crossfit.features(data, ["store"])
        assert found.names == ("store=a", "store=b", "store=(rare)") and "3 rare" in found.notes["store"]

    @pytest.mark.parametrize(("columns", "says"), [(["agee"], "did you mean 'age'"), (["age", "age"], "twice"), (["when"], "dates"),
                                                   (["endless"], "infinite"), (["same"], "No covariate varies")])
    def test_errors(self, columns: list[str], says: str) -> None:
        data = frame().assign(when=pd.Timestamp("2026-01-01"), endless=np.inf)
        with pytest.raises(ParameterError, match=says):
            crossfit.features(data, columns)

    def test_too_many_products(self) -> None:
        with pytest.raises(ParameterError, match="would add 3 columns"):
            crossfit.features(frame(), ["age", "region"], interactions=True, cap=2)


class TestFolds:
    def test_sizes_ids_and_row_order(self) -> None:
        ids = np.array([f"c{i}" for i in range(103)])
        fold, order = crossfit.folds(ids, seed=1), np.random.default_rng(0).permutation(103)
        assert sorted(np.bincount(fold)) == [20, 20, 21, 21, 21]
        assert (crossfit.folds(ids[order], seed=1) == fold[order]).all()
        assert (crossfit.folds(np.r_[ids, ids], seed=1) == np.r_[fold, fold]).all()
        assert (crossfit.folds(ids, seed=2) != fold).any()

    def test_clusters_stay_whole_and_balanced(self) -> None:
        dealer = np.repeat(np.arange(40), np.random.default_rng(3).integers(5, 60, 40))
        fold = crossfit.folds(np.arange(len(dealer)), seed=1, cluster=dealer)
        assert pd.Series(fold).groupby(dealer).nunique().max() == 1
        assert np.ptp(np.bincount(fold)) < 60

    def test_errors(self) -> None:
        with pytest.raises(DataError, match="2 ids are missing"):
            crossfit.folds(pd.Series(["a", None, "b", None]), k=2, seed=0)
        with pytest.raises(DataError, match="two clusters"):
            crossfit.folds([1, 1, 2], k=2, seed=0, cluster=["a", "b", "a"])
        with pytest.raises(ParameterError, match="5 folds of 3 customers"):
            crossfit.folds([1, 2, 3], seed=0)


class TestLogit:
    @pytest.mark.parametrize("weighted", [False, True])
    def test_equals_scikit_learn(self, weighted: bool) -> None:
        x, codes, weights = design()
        w = weights if weighted else None
        for ridge in (0.5, 20.0):
            ours = crossfit.logit(x, codes, classes=3, weights=w, ridge=ridge).probabilities(x)
            theirs = LogisticRegression(C=0.5 / ridge, solver="newton-cholesky", tol=1e-10).fit(x, codes, sample_weight=w).predict_proba(x)
            assert np.abs(ours - theirs).max() < 1e-7
            two = crossfit.logit(x, (codes > 0).astype(int), weights=w, ridge=ridge).probabilities(x)
            theirs = LogisticRegression(C=1 / ridge, solver="newton-cholesky", tol=1e-10).fit(x, codes > 0, sample_weight=w).predict_proba(x)
            assert np.abs(two - theirs).max() < 1e-7

    def test_hessian_is_the_slope_of_the_gradient(self) -> None:
        x, codes, _ = design(300)
        model = crossfit.logit(x, (codes == 0).astype(int))
        chance, full = model.probabilities(x)[:, 0], np.column_stack([np.ones(300), x])
        assert model.hessian == pytest.approx(full.T @ (full * (chance * (1 - chance))[:, None]) + np.diag([0, 1, 1, 1, 1]))

    def test_a_start_changes_nothing(self) -> None:
        x, codes, _ = design()
        near = crossfit.logit(x, codes, classes=3, rows=np.arange(1000))
        plain = crossfit.logit(x, codes, classes=3)
        assert crossfit.logit(x, codes, classes=3, start=near).coefficients == pytest.approx(plain.coefficients, abs=1e-9)

    def test_perfect_separation_needs_a_penalty(self) -> None:
        x = np.linspace(-1, 1, 50)[:, None]
        assert np.isfinite(crossfit.logit(x, (x[:, 0] > 0).astype(int)).coefficients).all()
        with pytest.raises(ParameterError, match="separate"):
            crossfit.logit(x, (x[:, 0] > 0).astype(int), ridge=0.0)


class TestPredictions:
    def test_a_fold_is_predicted_by_the_others(self) -> None:
        x, codes, _ = design()
        fold = crossfit.folds(np.arange(len(x)), seed=1)
        found = crossfit.probabilities(x, codes, fold=fold)
        model = crossfit.logit(x, codes, classes=3, rows=np.flatnonzero(fold != 2))
        assert found[fold == 2] == pytest.approx(model.probabilities(x[fold == 2]), abs=1e-9)
        changed = np.where(fold == 2, (codes + 1) % 3, codes)
        assert crossfit.probabilities(x, changed, fold=fold)[fold == 2] == pytest.approx(found[fold == 2], abs=1e-9)

    def test_a_class_a_fold_lacks_keeps_its_column(self) -> None:
        x, codes, _ = design()
        fold = np.where(codes == 2, 0, np.arange(len(x)) % 5)
        found = crossfit.probabilities(x, codes, fold=fold)
        assert (found[fold == 0, 2] == 0).all() and found[fold == 1, 2].min() > 0
        assert found.sum(axis=1) == pytest.approx(1)

    @pytest.mark.parametrize("learner", crossfit.LEARNERS)
    def test_row_order_changes_nothing(self, learner: str) -> None:
        x, codes, weights = design(300)
        fold, order = crossfit.folds(np.arange(300), seed=1, k=3), np.random.default_rng(5).permutation(300)
        y = np.where(np.arange(300) % 3, codes, np.nan)
        found = crossfit.probabilities(x, y, fold=fold, weights=weights, learner=learner)
        again = crossfit.probabilities(x[order], y[order], fold=fold[order], weights=weights[order], learner=learner)
        assert again == pytest.approx(found[order], abs=1e-9)

    def test_boosting_finds_what_a_line_cannot_and_is_calibrated(self) -> None:
        rng = np.random.default_rng(6)
        x = rng.normal(size=(4000, 2))
        chance = 1 / (1 + np.exp(2 - 2 * x[:, 0] ** 2))
        fold = crossfit.folds(np.arange(4000), seed=1)
        hit = rng.random(4000) < chance
        boosted, line = (crossfit.probabilities(x, hit, fold=fold, learner=name)[:, 1] for name in ("boosting", "logit"))
        assert np.abs(boosted - chance).mean() < 0.06 < 0.15 < np.abs(line - chance).mean()
        parts = np.array_split(np.argsort(boosted), 5)
        assert max(abs(boosted[p].mean() - hit[p].mean()) for p in parts) < 0.04
        assert boosted.min() > 0 and boosted.max() < 1

    def test_regression(self) -> None:
        x, _, w = design()
        y = x @ [3.0, 1, 0, 0] + np.random.default_rng(3).normal(size=len(x))
        fold = crossfit.folds(np.arange(len(x)), seed=1)
        found = crossfit.regression(x, np.where(np.arange(len(x)) % 2, y, np.nan), fold=fold, weights=w)
        rows, held = (fold != 0) & (np.arange(len(x)) % 2 > 0), fold == 0
        assert found[held] == pytest.approx(Ridge(alpha=1.0).fit(x[rows], y[rows], sample_weight=w[rows]).predict(x[held]))
        assert np.corrcoef(crossfit.regression(x, y, fold=fold, learner="boosting"), y)[0, 1] > 0.9

    def test_errors(self) -> None:
        x, codes, _ = design(100)
        fold = np.arange(100) % 5
        with pytest.raises(ParameterError, match="did you mean 'logit'"):
            crossfit.probabilities(x, codes, fold=fold, learner="logid")
        with pytest.raises(ParameterError, match="two classes of at least 5"):
            crossfit.probabilities(x, np.where(np.arange(100) < 3, 1, 0), fold=fold)
        with pytest.raises(ParameterError, match="value 2 is none of the levels"):
            crossfit.probabilities(x, codes, fold=fold, levels=(0, 1))
        with pytest.raises(ParameterError, match="One row a customer"):
            crossfit.probabilities(x, codes[:-1], fold=fold)
        with pytest.raises(ParameterError, match="have no target"):
            crossfit.regression(x, np.full(100, np.nan), fold=fold, train=np.ones(100))


def test_relabelling_categories_changes_no_prediction() -> None:
    data, _ = nonresponse.draw(3, customers=2000)
    data["area"] = pd.cut(data["risk"], 4, labels=list("abcd")).astype(str)
    renamed = data.assign(area=data["area"].map(dict(zip("abcd", "zwyx", strict=True))))
    fold = crossfit.folds(np.arange(2000), seed=1)
    matrices = [crossfit.features(f, ["area", "logins", "complaint"], interactions=True).matrix for f in (data, renamed)]
    first, second = (crossfit.probabilities(matrix, data["responded"], fold=fold) for matrix in matrices)
    assert second == pytest.approx(first, abs=1e-9)
