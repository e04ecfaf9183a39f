"""HDBSCAN* on a spanning tree: labels read off a tree grown by Prim's rule against hdbscan's, and the kernels' tree against that one."""

from __future__ import annotations

import math
from pathlib import Path

import hdbscan
import numpy as np
import pytest
from hdbscan._hdbscan_linkage import label
from hdbscan.hdbscan_ import _tree_to_labels
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial.distance import cdist
from serial_kernels import NEEDS_COMPILER, Numpy, Serial
from sklearn.metrics import adjusted_rand_score

from voclib.errors import DataError
from voclib.text import density


def points(seed: int, n: int = 900, *, dims: int = 5, groups: int = 6, apart: float = 2.0) -> np.ndarray:
    """Groups of unequal density."""
    rng = np.random.default_rng(seed)
    of = rng.integers(0, groups, n)
    spread = rng.uniform(0.15, 0.6, groups)[of]
    return (apart * rng.normal(size=(groups, dims))[of] + spread[:, None] * rng.normal(size=(n, dims))).astype(np.float32)


def reachability(x: np.ndarray, min_samples: int) -> np.ndarray:
    """Mutual reachability by its definition; the point itself is no neighbour."""
    apart = cdist(x.astype(float), x.astype(float))
    core = np.sort(apart, axis=1)[:, min_samples]
    return np.maximum(apart, np.maximum(core[:, None], core))


def grown(x: np.ndarray, min_samples: int) -> density.Tree:
    """The minimum spanning tree of mutual reachability."""
    return prim(reachability(x, min_samples))


def prim(apart: np.ndarray) -> density.Tree:
    """The minimum spanning tree by Prim's rule: the nearest point outside joins next. (scipy takes a length of 0 for no edge.)"""
    nearest, link, outside = apart[0].copy(), np.zeros(len(apart), dtype=int), np.arange(len(apart)) > 0
    ends, lengths = [], []
    for _ in range(len(apart) - 1):
        new = int(np.where(outside, nearest, np.inf).argmin())
        ends.append((link[new], new))
        lengths.append(nearest[new])
        outside[new] = False
        closer = apart[new] < nearest
        nearest[closer], link[closer] = apart[new][closer], new
    order = np.argsort(lengths, kind="stable")
    return density.Tree(np.array(ends)[order], np.array(lengths)[order])


def theirs(x: np.ndarray, min_cluster_size: int, min_samples: int) -> hdbscan.HDBSCAN:
    """hdbscan's own fit, from an exact tree."""
    return hdbscan.HDBSCAN(min_cluster_size=min_cluster_size, min_samples=min_samples, approx_min_span_tree=False, gen_min_span_tree=True,
                           algorithm="boruvka_kdtree", core_dist_n_jobs=1).fit(x.astype(float))


def selected(tree: density.Tree, min_cluster_size: int) -> np.ndarray:
    """hdbscan's labels from a tree given: edges of one length leave more than one hierarchy open, so both have to read the same."""
    linkage = label(np.column_stack([tree.ends, tree.lengths]).astype(float))
    return _tree_to_labels(None, linkage, min_cluster_size=min_cluster_size)[0]


class TestSelect:
    @pytest.mark.parametrize("seed", range(6))
    @pytest.mark.parametrize(("apart", "size"), [(2.0, 25), (0.8, 5), (0.5, 10), (0.0, 5)])
    def test_as_hdbscan(self, seed: int, apart: float, size: int) -> None:
        tree = grown(points(seed, apart=apart), 4)
        ours, expected = density.select(tree, min_cluster_size=size), selected(tree, size)
        assert adjusted_rand_score(expected, ours) == 1.0 and expected.max() > 0
        np.testing.assert_array_equal(ours < 0, expected < 0)

    def test_hdbscan_counts_neighbours_as_we_do(self) -> None:
        """Without the point itself: one neighbour fewer or more gives a tree of another length."""
        x = points(3, apart=0.5)
        length = theirs(x, 5, 4).minimum_spanning_tree_.to_numpy()[:, 2].sum()
        assert [grown(x, m).lengths.sum() == pytest.approx(length, rel=1e-9) for m in (3, 4, 5)] == [False, True, False]

    def test_no_cluster_of_that_size(self) -> None:
        x = points(5, 40)
        for size in (21, 40, 41):  # two of 21 do not fit, and the whole is never a cluster
            assert (density.select(grown(x, 3), min_cluster_size=size) == -1).all()

    def test_a_tree_by_hand(self) -> None:
        """Two pairs 1 apart within, 10 between, and a point 100 off: the pairs gain 2(1 − 1/10) each, what holds both 4(1/10 − 1/100)."""
        tree = density.Tree(np.array([[0, 1], [2, 3], [1, 2], [3, 4]]), np.array([1.0, 1.0, 10.0, 100.0]))
        assert density.select(tree, min_cluster_size=2)[[0, 2]].tolist() in ([0, 1], [1, 0])
        labels = density.select(tree, min_cluster_size=2)
        assert labels[0] == labels[1] != labels[2] == labels[3] and labels[4] == -1

    def test_equal_points_stay_finite(self) -> None:
        x = np.repeat(points(6, 60, groups=3), 5, axis=0)
        labels = density.select(grown(x, 3), min_cluster_size=20)
        assert adjusted_rand_score(np.repeat(labels[::5], 5), labels) == 1.0


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("kernels")
    made: dict[tuple[int, int], Serial] = {}

    def tree(x: np.ndarray, min_samples: int) -> density.Tree:
        sizes = x.shape[1], min_samples
        if sizes not in made:
            made[sizes] = Serial(Path(folder), DIMS=sizes[0], SAMPLES=min_samples, BLOCK=density.BLOCK)
        return density.tree(x, xp=Numpy(), launch=made[sizes])

    return tree


class TestTree:
    pytestmark = NEEDS_COMPILER

    @pytest.mark.parametrize(("n", "dims", "min_samples"), [(2, 5, 1), (31, 5, 5), (33, 5, 5), (1500, 5, 5), (1100, 2, 1), (700, 10, 12)])
    def test_as_short_as_can_be(self, build, n: int, dims: int, min_samples: int) -> None:
        x = points(n, n, dims=dims)
        ours, expected = build(x, min_samples), grown(x, min_samples)
        np.testing.assert_allclose(ours.lengths, expected.lengths, rtol=2e-6)
        assert csgraph.connected_components(sparse.coo_array((np.ones(n - 1), ours.ends.T), shape=(n, n)))[0] == 1
        np.testing.assert_allclose(reachability(x, min_samples)[tuple(ours.ends.T)], ours.lengths, rtol=2e-6)

    @pytest.mark.parametrize(("seed", "apart", "least"), [(7, 2.0, 0.99), (8, 0.8, 0.95)])
    def test_labels_as_hdbscan(self, build, seed: int, apart: float, least: float) -> None:
        """The lengths are the same; edges of one length may come in another order, which shows where groups run into one another."""
        x = points(seed, 2500, groups=12, apart=apart)
        expected = theirs(x, 30, 5)
        ours = build(x, 5)
        np.testing.assert_allclose(ours.lengths, np.sort(expected.minimum_spanning_tree_.to_numpy()[:, 2]), rtol=2e-6)
        assert adjusted_rand_score(expected.labels_, density.select(ours, min_cluster_size=30)) > least

    def test_a_tight_layout_far_from_the_origin(self, build) -> None:
        """Differences first keep distances of a thousandth of the coordinates; the expanded square shortens the tree, as no other count does."""
        x = points(9, 600, groups=1)
        x = (10 + 0.01 * x).astype(np.float32)
        exact = grown(x, 5).lengths.sum()
        assert build(x, 5).lengths.sum() == pytest.approx(exact, rel=1e-6)
        square = (x * x).sum(axis=1)
        apart = np.sqrt(np.maximum(square[:, None] + square - 2 * (x @ x.T), 0))
        np.fill_diagonal(apart, 0)
        core = np.sort(apart, axis=1)[:, 5]
        expanded = prim(np.maximum(np.maximum(apart, core), core[:, None])).lengths.sum()
        assert expanded / exact < 0.9 < 0.95 < grown(x, 4).lengths.sum() / exact

    def test_equal_points_and_ties(self, build) -> None:
        x = np.repeat(np.stack(np.meshgrid(*[np.arange(6.0)] * 2), axis=-1).reshape(-1, 2), 3, axis=0).astype(np.float32)
        for min_samples in (1, 4):
            ours = build(x, min_samples)
            np.testing.assert_allclose(ours.lengths, grown(x, min_samples).lengths)
            again = build(x, min_samples)
            np.testing.assert_array_equal(ours.ends, again.ends)

    def test_points_too_far_apart(self) -> None:
        with pytest.raises(DataError, match="10¹⁸ apart"):
            density.tree(np.array([[0, 0], [2e18, 0], [1, 1]], dtype=np.float32), xp=Numpy(), launch=None)


def test_rounds_are_more_than_enough() -> None:
    assert 2**density.ROUNDS > 2**31 and density.BLOCK ** 2 == 1024 and math.isclose(density.CLOSEST, 1e-12)
