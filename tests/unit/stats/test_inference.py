"""Variance, degrees of freedom, intervals, multiplicity and policy on arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voclib.errors import ParameterError
from voclib.results import Verdict
from voclib.stats import inference
from voclib.stats.gates import load


def data(groups: int = 15, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, weights and clusters of unequal size."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(groups), rng.integers(3, 30, groups))
    return rng.normal(size=len(cluster)) + rng.normal(size=groups)[cluster], rng.uniform(0.5, 2, len(cluster)), cluster


def brute(y: np.ndarray, w: np.ndarray, cluster: np.ndarray) -> tuple[float, float]:
    """CR2 and Bell–McCaffrey degrees of freedom of a weighted mean with full matrices (Imbens & Kolesár 2016, §2)."""
    n, root = len(y), np.sqrt(w)
    x = root[:, None]
    hat = x @ np.linalg.inv(x.T @ x) @ x.T
    residual = (np.eye(n) - hat) @ (root * y)
    columns, scores = [], []
    for g in np.unique(cluster):
        rows = np.flatnonzero(cluster == g)
        values, vectors = np.linalg.eigh(np.eye(len(rows)) - hat[np.ix_(rows, rows)])
        half = vectors @ np.diag(values**-0.5) @ vectors.T @ x[rows] / (x.T @ x)
        columns.append((np.eye(n) - hat)[:, rows] @ half[:, 0])
        scores.append(float(residual[rows] @ half[:, 0]))
    inner = np.column_stack(columns)
    inner = inner.T @ inner
    return float(np.square(scores).sum()), float(np.trace(inner) ** 2 / (inner**2).sum())


class TestVariance:
    def test_plain_is_the_textbook(self) -> None:
        y, _, _ = data()
        spread = inference.mean_variance(y - y.mean())
        assert spread.variance == pytest.approx(y.var(ddof=1) / len(y))
        assert (spread.n_effective, spread.df, spread.n_clusters) == (len(y), np.inf, None)

    @pytest.mark.parametrize("weighted", [False, True])
    def test_closed_form_equals_full_matrices(self, weighted: bool) -> None:
        y, w, cluster = data()
        w = w if weighted else np.ones_like(w)
        mean = w @ y / w.sum()
        spread = inference.mean_variance(y - mean, weights=w, cluster=cluster)
        assert (spread.variance, spread.df) == pytest.approx(brute(y, w, cluster))

    def test_equal_clusters_have_one_degree_less_than_clusters(self) -> None:
        y = data()[0][:60]
        spread = inference.mean_variance(y - y.mean(), cluster=np.repeat(np.arange(12), 5))
        means = y.reshape(12, 5).mean(axis=1)
        assert spread.df == pytest.approx(11) and spread.variance == pytest.approx(means.var(ddof=1) / 12)

    def test_alike_clusters_lower_the_effective_n(self) -> None:
        rng = np.random.default_rng(2)
        cluster = np.repeat(np.arange(50), 20)
        alike = rng.normal(size=50)[cluster]
        spread = inference.mean_variance(alike - alike.mean(), cluster=cluster)
        assert spread.n_effective == pytest.approx(50)
        noise = rng.normal(size=1000)
        assert 500 < inference.mean_variance(noise - noise.mean(), cluster=cluster).n_effective <= 1000

    def test_kish(self) -> None:
        assert inference.kish([1, 1, 1, 1]) == 4.0 and inference.kish([3, 1]) == pytest.approx(1.6)

    def test_the_bootstrap_agrees(self) -> None:
        y, w, cluster = data(groups=60, seed=3)
        mean = w @ y / w.sum()
        spread = inference.mean_variance(y - mean, weights=w, cluster=cluster)
        reach = inference.quantile(0.95, spread.df) * spread.variance**0.5
        low, high = inference.cluster_bootstrap(y, cluster=cluster, weights=w, draws=1999, seed=1)
        assert (low, high) == pytest.approx((mean - reach, mean + reach), abs=0.2 * reach)
        assert inference.cluster_bootstrap(y, cluster=cluster, seed=1) == inference.cluster_bootstrap(y, cluster=cluster, seed=1)
        assert inference.cluster_bootstrap(np.ones(9), cluster=np.repeat([0, 1, 2], 3)) == (1.0, 1.0)

    def test_one_cluster_or_one_answer_is_an_error(self) -> None:
        with pytest.raises(ParameterError, match="at least two"):
            inference.mean_variance(np.array([0.0, 0.0]), cluster=["a", "a"])
        with pytest.raises(ParameterError, match="at least two answers"):
            inference.mean_variance(np.array([0.0]))
        with pytest.raises(ParameterError, match="'CR2' or 'CR1'"):
            inference.mean_variance(np.ones(3), correction="CR9")
        with pytest.raises(ParameterError, match="a share in"):
            inference.mean_variance(np.ones(3), sampled=1.5)
        with pytest.raises(ParameterError, match="at least two clusters"):
            inference.cluster_bootstrap(np.ones(3), cluster=[1, 1, 1])


class TestContrast:
    def test_of_one_sample_with_itself_is_nothing(self) -> None:
        y, w, cluster = data()
        u = y - w @ y / w.sum()
        same = inference.contrast([u, u], [w, w], [cluster, cluster])
        assert same.correlation == pytest.approx(1) and same.error(*np.sqrt(same.variances)) == pytest.approx(0, abs=1e-6)

    def test_disjoint_clusters_add_their_variances(self) -> None:
        (y, w, cluster), (z, v, other) = data(), data(20, seed=5)
        both = inference.contrast([y - w @ y / w.sum(), z - v @ z / v.sum()], [w, v], [cluster, 100 + other])
        alone = [inference.mean_variance(a - b @ a / b.sum(), weights=b, cluster=c) for a, b, c in ((y, w, cluster), (z, v, other))]
        assert both.variances == pytest.approx([s.variance for s in alone]) and both.correlation == 0 and both.n_clusters == 35
        assert min(s.df for s in alone) <= both.df <= sum(s.df for s in alone) + 1e-9


class TestInterval:
    def test_holds_the_mean_stays_on_the_scale_and_has_a_width(self) -> None:
        @given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=60))
        @settings(max_examples=100, deadline=None, derandomize=True)
        def holds(answers: list[float]) -> None:
            y = np.array(answers)
            _, error, low, high = inference.bounded_interval(y.mean(), (y**2).mean(), len(y), low=-1, high=1, ends=0.75, middle=1.5, quantile=1.96)
            assert -1 <= low <= y.mean() <= high <= 1 and high > low and error > 0

        holds()

    def test_is_symmetric(self) -> None:
        _, _, low, high = inference.bounded_interval([0.4, -0.4], [0.7, 0.7], 50, low=-1, high=1, ends=0.75, middle=1.5, quantile=1.96)
        assert (low[0], high[0]) == pytest.approx((-high[1], -low[1]))


class TestMultiplicity:
    P = (0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216)

    def test_benjamini_hochberg_1995(self) -> None:
        assert inference.adjust(self.P)[:3] == pytest.approx([0.01, 0.04, 0.084])
        assert (inference.adjust(self.P) <= 0.05).sum() == 2
        assert inference.adjust(self.P, "holm")[:2] == pytest.approx([0.01, 0.072])
        assert (inference.adjust(self.P, "by") >= inference.adjust(self.P)).all()
        assert inference.adjust([]).size == 0

    def test_levels(self) -> None:
        assert inference.adjusted_level(self.P) == pytest.approx(1 - 2 * 0.05 / 10)
        assert inference.adjusted_level([0.5] * 4) == pytest.approx(1 - 0.05 / 4)
        assert inference.adjusted_level([0.001], method="holm") == pytest.approx(0.95)
        assert inference.adjusted_level([]) == 0.95

    def test_level_and_adjusted_p_always_agree(self) -> None:
        @given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=20), st.sampled_from(["bh", "by", "holm"]))
        @settings(max_examples=100, deadline=None, derandomize=True)
        def agree(p: list[float], method: str) -> None:
            found = inference.adjust(p, method) <= 0.05
            level = inference.adjusted_level(p, method=method)
            assert ((np.asarray(p) <= 1 - level + 1e-12) == found).all()

        agree()


@pytest.mark.parametrize(("clusters", "treated", "name", "best"), [
    (60, 12, "many", Verdict.REPORT), (60, 9, "some", Verdict.REPORT), (30, 8, "some", Verdict.REPORT), (60, 5, "few", Verdict.REPORT_WITH_CAVEAT),
    (12, 5, "few", Verdict.REPORT_WITH_CAVEAT), (100, 3, "few treated", Verdict.REPORT_WITH_CAVEAT), (100, 1, "too few", Verdict.REFUSE),
    (100, 99, "too few", Verdict.REFUSE), (9, 4, "too few", Verdict.REFUSE), (9, None, "too few", Verdict.REFUSE), (50, None, "many", Verdict.REPORT),
    (20, None, "some", Verdict.REPORT), (19, None, "few", Verdict.REPORT_WITH_CAVEAT)])
def test_policy(clusters: int, treated: int | None, name: str, best: Verdict) -> None:
    row = inference.policy(clusters, treated)
    assert (row.name, row.best) == (name, best)
    assert row.p_values == (best is not Verdict.REFUSE)


def test_policy_and_gates_agree() -> None:
    gates = load()
    assert inference.policy(gates.min_clusters - 1).best is Verdict.REFUSE
    assert inference.policy(gates.min_clusters).best is Verdict.REPORT_WITH_CAVEAT
    assert inference.policy(gates.caveat_clusters).best is Verdict.REPORT


@pytest.mark.parametrize("ids", [[3, 1, 3], ["c", "a", "c"], [0.5, 0.1, 0.5], [-1, -5, -1], [10**9, 0, 10**9], [True, False, True]], ids=str)
def test_encode(ids: list) -> None:
    codes, groups = inference.encode(ids)
    assert codes.tolist() == [1, 0, 1] and groups == 2
    assert inference.encode([])[1] == 0

class TestTransform:
    def test_a_ratio_has_the_textbook_error(self) -> None:
        rng = np.random.default_rng(5)
        x, y = rng.normal(10, 2, 4000), rng.normal(4, 1, 4000)
        y += 0.3 * x
        top, bottom = (inference.fit(v.mean(), v - v.mean(), n=len(v)) for v in (y, x))
        found = inference.transform(lambda a, b: a / b, top, bottom)
        ratio = y.mean() / x.mean()
        assert found.value == pytest.approx(ratio, rel=1e-12)
        assert found.std_error == pytest.approx(np.std(y - ratio * x, ddof=1) / x.mean() / np.sqrt(len(x)), rel=1e-5)

    def test_what_is_common_cancels(self) -> None:
        u = np.random.default_rng(6).normal(size=500)
        one = inference.fit(3.0, u, n=500)
        assert inference.transform(lambda a, b: a - b, one, one).std_error == pytest.approx(0.0, abs=1e-9)
        assert inference.transform(lambda a: 2 * a, one, method="x").std_error == pytest.approx(one.times(-2).std_error, rel=1e-6)

    def test_rows_must_be_the_same_and_the_value_finite(self) -> None:
        one, other = (inference.fit(0.0, np.arange(n, dtype=float), n=n) for n in (5, 6))
        with pytest.raises(ParameterError, match="same rows"):
            inference.transform(lambda a, b: a, one, other)
        with pytest.raises(ParameterError, match="not finite"):
            inference.transform(lambda a: np.inf, one)


class TestSupT:
    def test_one_estimate_needs_no_wider_band_and_independent_ones_need_sidaks(self) -> None:
        one = inference.sup_t(np.ones((1, 1)), conf_level=0.95)
        assert one == pytest.approx(inference.quantile(0.95, np.inf), rel=0.02)
        six = inference.sup_t(np.eye(6), conf_level=0.95, draws=100_000)
        assert six == pytest.approx(inference.quantile(0.95 ** (1 / 6), np.inf), rel=0.01)
        assert inference.sup_t(np.ones((6, 6)), conf_level=0.95) == pytest.approx(one, rel=0.03), "what moves as one is one look"

    def test_few_degrees_of_freedom_widen_it_and_seeds_repeat(self) -> None:
        wide = inference.sup_t(np.eye(4), conf_level=0.95, df=6.0, seed=3)
        assert wide > 1.2 * inference.sup_t(np.eye(4), conf_level=0.95, seed=3)
        assert wide == inference.sup_t(np.eye(4), conf_level=0.95, df=6.0, seed=3)
