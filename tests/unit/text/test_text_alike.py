"""Neighbours of many rows: how many are found, that nothing moves between runs or threads, and what happens without faiss."""

from __future__ import annotations

import numpy as np
import pytest

from voclib.text import alike, engines


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    """4,000 unit rows without groups in 24 dimensions, where cells help least, and 40 equal ones."""
    x = np.random.default_rng(3).normal(size=(4000, 24)).astype(np.float32)
    x[100:140] = x[99]
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.fixture
def beyond(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The processor's engine with 1,000 rows as too many for exact search."""
    monkeypatch.setattr(alike, "EXACT", 1000)
    return monkeypatch


class TestWithout:
    def test_rows_are_searched_exactly_with_a_word(self, beyond: pytest.MonkeyPatch, rows: np.ndarray) -> None:
        told_apart = rows[200:1200]
        exact = engines.CpuEngine().neighbours(told_apart, 7)
        beyond.setattr(alike, "is_installed", lambda: False)
        beyond.setattr(alike, "EXACT", 999)
        with pytest.warns(UserWarning, match="1000 rows are searched exactly, in something like 0 minutes.*pip install faiss-cpu"):
            found = engines.CpuEngine().neighbours(told_apart, 7)
        assert (found[0] == exact[0]).all() and (found[1] == exact[1]).all()

    def test_few_rows_never_ask_for_it(self, beyond: pytest.MonkeyPatch, rows: np.ndarray) -> None:
        beyond.setattr(alike, "approximate", lambda *given: pytest.fail("1,000 rows are not too many"))
        assert engines.CpuEngine().neighbours(rows[:1000], 7)[0].shape == (1000, 7)


class TestExact:
    def test_threads_agree_and_ties_go_by_index(self, rows: np.ndarray) -> None:
        faiss = pytest.importorskip("faiss")
        threads, first = faiss.omp_get_max_threads(), alike.exact(rows[:2000], 16)
        try:
            faiss.omp_set_num_threads(1)
            again = alike.exact(rows[:2000], 16)
        finally:
            faiss.omp_set_num_threads(threads)
        assert (again[0] == first[0]).all() and (again[1] == first[1]).all()
        assert (np.diff(first[0], axis=1)[np.diff(first[1], axis=1) == 0] > 0).all() and (np.diff(first[1], axis=1) >= 0).all()

    def test_it_is_what_all_pairs_say(self, rows: np.ndarray) -> None:
        indices, distances = alike.neighbours(rows[:1500], 9)
        apart = 1 - rows[:1500].astype(float) @ rows[:1500].T.astype(float)
        np.testing.assert_allclose(distances, np.sort(apart, axis=1)[:, :9], atol=1e-6)
        np.testing.assert_allclose(distances, np.take_along_axis(apart, indices, 1), atol=1e-6)


class TestWith:
    @pytest.fixture(autouse=True)
    def faiss(self):
        return pytest.importorskip("faiss")

    def test_at_least_the_share_promised_is_found(self, beyond: pytest.MonkeyPatch, rows: np.ndarray) -> None:
        indices, distances = engines.CpuEngine().neighbours(rows, 16)
        exact = 1 - rows.astype(float) @ rows.T.astype(float)
        bar = np.sort(exact, axis=1)[:, 15]
        held = np.take_along_axis(exact, indices, 1)
        found = (held[:, 1:] <= bar[:, None] + 2e-6).mean()
        assert alike.RECALL <= found < 1, "more than promised, and fewer rows compared than there are"
        np.testing.assert_allclose(distances, held, atol=1e-6)
        assert (np.diff(distances, axis=1) >= -1e-6).all() and (indices[:, 0] == np.arange(4000)).all() and not distances[:, 0].any()
        assert all(len(set(row)) == 16 for row in indices) and indices.dtype == np.int64 and distances.dtype == np.float32

    def test_a_first_guess_would_have_found_too_few(self, rows: np.ndarray) -> None:
        sure = alike.approximate(rows, 16)[0]
        guessed = alike.approximate(rows, 16, recall=0.0)[0]
        assert np.mean([len(set(a) & set(b)) / 16 for a, b in zip(sure, guessed, strict=True)]) < 0.9

    def test_runs_and_threads_agree_to_the_last_bit(self, faiss, rows: np.ndarray) -> None:
        threads = faiss.omp_get_max_threads()
        first = alike.approximate(rows, 16)
        try:
            for count in (1, 2):
                faiss.omp_set_num_threads(count)
                again = alike.approximate(rows, 16)
                assert (again[0] == first[0]).all() and (again[1] == first[1]).all()
        finally:
            faiss.omp_set_num_threads(threads)
        assert (alike.approximate(rows, 16, seed=1)[0] != first[0]).any()

    def test_rows_in_small_cells_get_all_their_neighbours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rng = np.random.default_rng(0)
        x = np.vstack([rng.normal(size=(600, 8)) * 0.05 + np.eye(8)[0], -np.eye(8)[:3] - np.eye(8)[0]]).astype(np.float32)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        monkeypatch.setattr(alike, "CHECKED", 20)
        indices, _ = alike.approximate(x, 30)
        assert (indices >= 0).all() and all(len(set(row)) == 30 for row in indices)
