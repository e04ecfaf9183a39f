"""Vectors into topics: what a layout rests on, and dense regions where every wording is there many times over."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from voclib.text import grouping
from voclib.text.engines import CpuEngine
from voclib.text.grouping import Settings


@pytest.mark.parametrize(("layout", "n", "k"), [("graph", 20, 16), ("graph", 10**6, 16), ("graph", 9, 9),
                                                ("density", 1000, 16), ("density", 5000, 21), ("density", 10**6, 31), ("density", 12, 12)])
def test_dense_regions_rest_on_more_neighbours_in_a_large_corpus(layout: grouping.Layout, n: int, k: int) -> None:
    assert grouping.depth(n, Settings(layout=layout)) == k


TOPICS = 30


def resaid(seed: int, *, n: int = 8000, topics: int = TOPICS, wordings: int = 800, p: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (n, p) of voices that say one of 800 things in slightly other words, and the topic of each: things of a topic lie loosely."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, topics, wordings)
    thing = rng.normal(size=(topics, p))[topic] + rng.uniform(0.8, 1.4, (wordings, 1)) * rng.normal(size=(wordings, p))
    said = rng.integers(0, wordings, n)
    x = (thing / np.linalg.norm(thing, axis=1, keepdims=True))[said] + 0.05 * rng.normal(size=(n, p))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), topic[said]


@pytest.mark.parametrize("seed", [4, 5])
def test_five_neighbours_take_a_wording_for_a_topic_and_thirty_do_not(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, truth = resaid(seed)

    def found() -> tuple[int, float]:
        labels = grouping.group(x, CpuEngine(), Settings(layout="density"))
        return int(labels.max()) + 1, adjusted_mutual_info_score(truth, labels)

    ours, agreement = found()
    monkeypatch.setattr(grouping, "DENSE", (5, 5))
    monkeypatch.setattr(grouping, "DEEP", grouping.NEIGHBOURS)
    naive, worse = found()
    assert ours < 1.5 * TOPICS < naive and worse < agreement


def test_outliers_go_to_the_region_around_them_and_nothing_else_moves() -> None:
    rng = np.random.default_rng(1)
    angle, ring = rng.uniform(0, 2 * np.pi, 600), np.repeat([0, 1], 300)
    points = ((1 + 2 * ring)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])).astype(np.float32)  # both rings have one centre
    groups = np.where(rng.random(600) < 0.3, -1, ring)
    assert (grouping.joined(points, groups) == ring).all()
    none = np.full(600, -1)
    assert (grouping.joined(points, none) == none).all() and (grouping.joined(points, ring) == ring).all()


def test_a_tie_goes_to_the_lower_number_and_few_points_suffice() -> None:
    points = np.array([[0.0], [1.0], [2.0]], dtype=np.float32)
    assert grouping.joined(points, np.array([1, -1, 0])).tolist() == [1, 0, 0]
