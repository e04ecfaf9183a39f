"""Granularity without labels: groups that are there are found at their own fineness, and noise is called noise."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from voclib.errors import DataError, ParameterError
from voclib.text import granularity, graph, grouping
from voclib.text.engines import CpuEngine
from voclib.text.granularity import Step
from voclib.text.grouping import Settings


def planted(groups: int, *, n: int = 600, seed: int = 0, spread: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Unit rows about some directions in 40 dimensions, and whose each is."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, groups, n)
    x = rng.normal(size=(groups, 40))[labels] + spread * rng.normal(size=(n, 40))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), labels


def step(value: float, topics: int, stability: float, error: float = 0.001, largest: float = 0.1) -> Step:
    return Step(granularity=value, topics=topics, stability=stability, error=error, unclear=0.0, largest=largest)


class TestRule:
    def test_the_finest_that_is_about_as_stable_as_the_best(self) -> None:
        steps = (step(0.5, 5, 0.9), step(1, 12, 0.885), step(2, 30, 0.87))
        assert granularity._finest(steps, 100) == 1, "0.02 below the best is as good"
        assert granularity._finest((step(0.5, 5, 0.9, error=0.05), *steps[1:]), 100) == 2, "as is one standard error of the best"

    def test_one_topic_alone_proves_nothing(self) -> None:
        assert granularity._finest((step(0.25, 1, 1.0), step(1, 9, 0.7), step(2, 20, 0.6)), 100) == 1
        assert granularity._finest((step(0.25, 1, 1.0), step(1, 1, 1.0)), 100) == 1

    def test_a_remainder_that_is_always_the_same_is_not_chosen(self) -> None:
        steps = (step(0.25, 10, 0.9, largest=0.56), step(1, 26, 0.8, largest=0.12), step(2, 45, 0.75, largest=0.08))
        assert granularity._finest(steps, 100) == 1
        assert granularity._finest(tuple(step(s.granularity, s.topics, s.stability, largest=0.4) for s in steps), 100) == 0.25

    def test_readers_may_set_a_bound(self) -> None:
        steps = (step(0.5, 30, 0.7), step(1, 60, 0.8), step(2, 90, 0.9))
        assert granularity._finest(steps, 89) == 1 and granularity._finest(steps, 20) == 0.5


class TestChoice:
    @pytest.mark.parametrize("ties", ["cosine", "shared"])
    def test_planted_groups_are_found_and_stable(self, ties: str) -> None:
        x, truth = planted(8)
        found = granularity.choose(x, CpuEngine(), Settings(ties=ties), grid=(0.05, 0.5, 1.0), resamples=3)
        assert found.is_stable and adjusted_rand_score(truth, found.labels) > 0.95
        table = found.table
        assert table["is_chosen"].sum() == 1 and table.loc[table["is_chosen"], "granularity"].item() == found.value
        assert table["stability"].between(-0.5, 1).all() and (table["topics"].diff().dropna() >= 0).all()

    def test_the_layout_density_too(self) -> None:
        for name in ("umap", "hdbscan"):
            pytest.importorskip(name)
        x, truth = planted(5, n=300)
        found = granularity.choose(x, CpuEngine(), Settings(layout="density"), grid=(0.1, 0.5), resamples=3)
        assert found.is_stable and adjusted_rand_score(truth, found.labels) > 0.9

    @pytest.mark.parametrize("seed", range(3))
    def test_noise_is_never_called_stable(self, seed: int) -> None:
        x = planted(1, n=800, seed=seed, spread=50.0)[0]
        found = granularity.choose(x, CpuEngine(), Settings(seed=seed), resamples=3)
        assert not found.is_stable and max(s.stability for s in found.steps if s.topics > 1) < 0.3

    def test_labels_are_those_of_group_and_rows_of_zeros_have_none(self) -> None:
        x = planted(6)[0]
        x[10:15] = 0
        settings = Settings(seed=2)
        found = granularity.choose(x, CpuEngine(), settings, resamples=5)
        again = grouping.group(x, CpuEngine(), Settings(seed=2, granularity=found.value))
        assert (found.labels == again).all() and (found.labels[10:15] == -1).all()
        assert (grouping.group(x[:9], CpuEngine(), Settings()) == -1).all()
        with pytest.raises(ParameterError, match="granularity.choose finds one"):
            grouping.group(x, CpuEngine(), Settings(granularity="auto"))
        with pytest.raises(ParameterError, match="not 'fine' and 10; or granularity is 'auto'"):
            Settings(granularity="fine")

    def test_the_same_rows_give_the_same_choice_and_progress_is_told(self) -> None:
        x, told = planted(6)[0], []
        first, second = (granularity.choose(x, CpuEngine(), Settings(), resamples=3, progress=lambda *at: told.append(at)) for _ in range(2))
        assert first.steps == second.steps and (first.labels == second.labels).all()
        assert told[:3] == [(0, 3, "granularity"), (1, 3, "granularity"), (2, 3, "granularity")]

    @pytest.mark.parametrize("options", [{"grid": ()}, {"grid": (0.0, 1.0)}, {"resamples": 2}, {"share": 0.3}, {"share": 1.0}])
    def test_wrong_settings_say_what_is_right(self, options: dict) -> None:
        with pytest.raises(ParameterError, match="grid lists granularities above 0, resamples is at least 3 and share lies between"):
            granularity.choose(planted(3)[0], CpuEngine(), Settings(), **options)

    @pytest.mark.parametrize("x", [np.zeros((0, 4)), np.zeros((90, 4)), np.eye(4)])
    def test_too_few_rows_are_told(self, x: np.ndarray) -> None:
        with pytest.raises(DataError, match="too few to choose a granularity by"):
            granularity.choose(x.astype(np.float32), CpuEngine(), Settings())


class TestWithin:
    def test_neighbours_of_a_draw_are_those_of_a_search_among_it(self) -> None:
        x = planted(4, n=400)[0]
        taken = np.sort(np.random.default_rng(1).permutation(400)[:320])
        deep, searched = CpuEngine().neighbours(x, 40), CpuEngine().neighbours(x[taken], 16)
        indices, distances = graph.within(deep, taken, 16)
        assert (indices == searched[0]).all() and np.allclose(distances, searched[1], atol=1e-6)

    def test_what_a_shallow_search_misses_is_no_tie(self) -> None:
        found = np.array([[0, 1, 2], [1, 0, 2], [2, 1, 3], [3, 2, 1]]), np.float32([[0, 0.1, 0.2], [0, 0.1, 0.3], [0, 0.3, 0.4], [0, 0.4, 0.5]])
        indices, distances = graph.within(found, np.array([0, 1, 3]), 3)
        assert indices.tolist() == [[0, 1, 0], [1, 0, 1], [2, 1, 2]]
        for kind in graph.TIES:
            assert graph.ties((indices, distances), kind=kind).diagonal().tolist() == [0, 0, 0]
        assert graph.ties((indices, distances)).nnz == 4

    def test_shared_ties_in_small_portions_are_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = CpuEngine().neighbours(planted(4, n=200)[0], 9)
        whole = graph.ties(found, kind="shared")
        monkeypatch.setattr(graph, "PAIRS", 7)
        assert (graph.ties(found, kind="shared") != whole).nnz == 0
        near = np.zeros((200, 200))
        np.put_along_axis(near, found[0], 1, axis=1)
        both, linked = near @ near.T, (near + near.T > 0) & ~np.eye(200, dtype=bool)
        np.testing.assert_allclose(whole.toarray(), np.where(linked, both / (18 - both), 0))
