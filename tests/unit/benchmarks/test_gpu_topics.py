"""The GPU's benchmark from end to end, tried out with the processor in the GPU's place."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from vector_groups import six_groups

from benchmarks import gpu, gpu_embedding, gpu_topics
from benchmarks.gpu import Log
from voclib.text.engines import CpuEngine


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """400 texts in 8 groups that vectors tell apart, under both names."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 8, 400)
    x = rng.normal(size=(8, 24))[labels] + 0.3 * rng.normal(size=(400, 24))
    for name in ("en", "zh"):
        held = {"texts": [f"group {label} wording {k}" for k, label in enumerate(labels)], "labels": [f"g{label}" for label in labels]}
        (tmp_path / f"{name}.json").write_text(json.dumps(held))
        np.save(tmp_path / f"{name}.npy", (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32))
    return tmp_path


def test_an_engine_agrees_with_itself(corpora: Path) -> None:
    found = gpu_topics.parity(CpuEngine(), corpora, "en", "graph")
    assert all(found["passes"].values()) and found["one_seed_twice"]["equal"] and found["ami_to_people"]["ours"] > 0.9
    assert found["equal_texts_split"] == 0 and found["stability"]["ours"] == found["stability"]["cpu"] > 0.8


def test_another_answer_does_not_pass(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost(CpuEngine):
        def neighbours(self, vectors, k):
            rng = np.random.default_rng(1)
            indices = np.array([[i, *rng.choice(len(vectors), k - 1, replace=False)] for i in range(len(vectors))])
            return indices, np.full(indices.shape, 0.5, dtype=np.float32)

    found = gpu_topics.parity(Lost(), corpora, "en", "graph")
    assert not found["passes"]["people"] and not found["passes"]["between"]


def test_times_hold_every_stage_and_what_is_left(corpora: Path) -> None:
    log, (_, truth, x) = Log.begun(corpora / "new/found.json", 60), gpu_topics.corpus(corpora, "en")
    gpu_topics.grown(CpuEngine(), x, truth, [600, 300], "graph", log, SimpleNamespace(peak=lambda: None), runs=2)
    held = json.loads((corpora / "new/found.json").read_text())
    rows = held["times"]
    assert date.fromisoformat(held["date"])
    assert [row["n"] for row in rows] == [300, 600] and all(row["equal_runs"] and row["ami_to_people"] > 0.9 for row in rows)
    for row in rows:
        told = row["seconds"]
        assert set(told) == {"neighbours", "rest", "all"}
        np.testing.assert_allclose(np.add(told["neighbours"], told["rest"]), told["all"])
    gpu_topics.grown(CpuEngine(), x, truth, [300], "graph", spent := Log(corpora / "none.json", 0), SimpleNamespace(peak=lambda: None), runs=2)
    assert "times" not in spent.found and list(spent.found["skipped"]) == ["cpu graph 300"]


def test_layouts_of_a_card_are_tried_by_epochs(tmp_path: Path) -> None:
    asked = []
    card = SimpleNamespace(neighbours=CpuEngine().neighbours, cluster=CpuEngine().cluster, rapids=SimpleNamespace(
        umap=lambda **given: asked.append(given) or SimpleNamespace(fit_transform=lambda x: x[:, :5])))
    x, truth = six_groups()
    gpu.layouts(card, "planted", x, truth, log := Log.begun(tmp_path / "found.json", 60))
    assert [row["gpu_epochs"] for row in log.found["layouts"]] == [given["n_epochs"] for given in asked] == [50, 50, 100, 300]
    assert all(given["init"].shape == (600, 5) for given in asked)


def test_operations_are_those_of_the_products() -> None:
    m, w = 10, 384
    products = 3 * 2 * m * w * w + 2 * m * w * w + 2 * (2 * m * w * 4 * w)  # attention's three and one, then out to four widths and back
    assert gpu_embedding.operations(np.array([m, m])) == 2 * 6 * (products + 2 * (2 * m * m * w))
