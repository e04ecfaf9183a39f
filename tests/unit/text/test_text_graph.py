"""Communities of a graph of neighbours: several runs agree on what one of them, taken alone, finds now so and now otherwise."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from voclib.errors import ParameterError
from voclib.text import graph
from voclib.text.engines import CpuEngine


def overlapping(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (n, p) of topics that lie partly in one another and differ in size, and the topic of each."""
    rng = np.random.default_rng(seed)
    topics, p = int(rng.integers(20, 30)), int(rng.integers(24, 40))
    truth = rng.choice(topics, 2500, p=rng.dirichlet(np.full(topics, 4.0)))
    x = rng.normal(size=(topics, p))[truth] + rng.uniform(1.2, 1.5) * rng.normal(size=(2500, p))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), truth


def resampled(seed: int, runs: int) -> tuple[float, float]:
    """Over six resamples of four fifths: mean ARI of two of them on the rows in both, mean AMI with the truth."""
    x, truth = overlapping(seed)
    found = CpuEngine().neighbours(x, 24)
    drawn = [np.sort(np.random.default_rng([seed, draw]).permutation(len(x))[:2000]) for draw in range(6)]
    labels = [np.full(len(x), -1) for _ in drawn]
    for draw, taken in enumerate(drawn):
        labels[draw][taken] = graph.communities(graph.ties(graph.within(found, taken, 16)), seed=draw, runs=runs)
    again = [adjusted_rand_score(*(own[(a >= 0) & (b >= 0)] for own in (a, b))) for a, b in combinations(labels, 2)]
    return float(np.mean(again)), float(np.mean([adjusted_mutual_info_score(truth[own >= 0], own[own >= 0]) for own in labels]))


def test_communities_that_several_runs_agree_on_come_again_and_are_nearer_to_the_truth() -> None:
    one, several = (np.mean([resampled(seed, runs) for seed in range(5)], axis=0) for runs in (1, graph.RUNS))
    assert several[0] > one[0] + 0.005 and several[1] > one[1] + 0.005, (one, several)


def test_the_same_graph_and_seed_give_the_same_communities_and_large_graphs_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    x, _ = overlapping(7)
    tied = graph.ties(CpuEngine().neighbours(x, 16))
    first, again, other, plain = (graph.communities(tied, seed=seed, runs=runs) for seed, runs in ((1, 4), (1, 4), (2, 4), (1, 1)))
    assert (first == again).all() and not (first == plain).all() and adjusted_rand_score(first, other) > adjusted_rand_score(first, plain)
    monkeypatch.setattr(graph, "MANY", len(x) - 1)
    assert (graph.communities(tied, seed=1) == plain).all()
    with pytest.raises(ParameterError, match="resolution is a number above 0, not 0"):
        graph.communities(tied, resolution=0)


def test_a_tie_weighs_by_the_square_of_the_share_of_runs_that_keep_it() -> None:
    chain = sparse.csr_matrix(np.array([[0, 1, 0, 0], [1, 0, 0.5, 0], [0, 0.5, 0, 1], [0, 0, 1, 0]]))
    runs = [np.array(labels) for labels in ([0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 1, 1], [0, 0, 1, 1])]
    expected = np.array([[0, 1, 0, 0], [1, 0, 0.5 / 16, 0], [0, 0.5 / 16, 0, 9 / 16], [0, 0, 9 / 16, 0]])
    assert np.allclose(graph._agreed(chain, runs).toarray(), expected)
    assert graph._agreed(chain, [np.arange(4)]).nnz == 0
