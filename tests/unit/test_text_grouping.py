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


def resaid(seed: int, *, n: int = 8000, topics: int = 30, wordings: int = 800, p: int = 64) -> tuple[np.ndarray, np.ndarray]:
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

    def found() -> float:
        return adjusted_mutual_info_score(truth, grouping.group(x, CpuEngine(), Settings(layout="density")))

    ours = found()
    monkeypatch.setattr(grouping, "DENSE", (5, 5))
    monkeypatch.setattr(grouping, "DEEP", grouping.NEIGHBOURS)
    naive = found()
    assert ours > 0.9 and naive < ours - 0.05


def test_outliers_go_to_the_nearest_centre_and_nothing_else_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "STEP", 7)
    rng = np.random.default_rng(1)
    centre = np.eye(4, dtype=np.float32)[rng.integers(0, 4, 100)]
    x = (centre + 0.2 * rng.normal(size=(100, 4))).astype(np.float32)
    groups = np.where(rng.random(100) < 0.3, -1, centre.argmax(axis=1))
    whole = grouping.joined(x, groups)
    assert (whole[groups >= 0] == groups[groups >= 0]).all()
    expected = (x @ grouping.centres(x, groups, 4).T).argmax(axis=1)
    assert (whole[groups < 0] == expected[groups < 0]).all() and (groups < 0).any()
    none = np.full(100, -1)
    assert (grouping.joined(x, none) == none).all()
