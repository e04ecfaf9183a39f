"""Engines of topic modelling on a real NVIDIA GPU with RAPIDS, beside the processor: the same neighbours, partitions and topics."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score
from vector_groups import six_groups

from voclib.text import engines, sentence_vectors
from voclib.text.topics import fit_topics

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not engines._devices(), reason="no NVIDIA GPU here")]


def test_the_same_groups() -> None:
    x, truth = six_groups()
    ours = engines.engine("gpu")
    knn = ours.neighbours(x, 15)
    np.testing.assert_allclose(knn[1], engines.engine("cpu").neighbours(x, 15)[1], atol=1e-5)
    reduced = ours.reduce(x, knn=knn, dims=3, seed=1)
    assert adjusted_rand_score(truth, ours.cluster(reduced, min_cluster_size=20, min_samples=5)) > 0.9


@pytest.mark.parametrize(("k", "p"), [(2, 30), (15, 384), (40, 77), (64, 30)])
def test_neighbours_with_equal_rows(k: int, p: int) -> None:
    x = np.random.default_rng(p).normal(size=(20_000, p)).astype(np.float32)
    x[500:700] = x[499]
    ours, cpu = engines.engine("gpu"), engines.engine("cpu")
    (indices, distances), expected = ours.neighbours(x, k), cpu.neighbours(x, k)
    np.testing.assert_allclose(distances, expected[1], atol=2e-6)
    assert (indices == expected[0])[:499].mean() > 0.99 and (indices[:, 0] == np.arange(len(x))).all()
    np.testing.assert_array_equal(indices, ours.neighbours(x, k)[0])


@pytest.mark.parametrize(("dims", "min_samples"), [(5, 5), (2, 1), (10, 32)])
def test_clusters(dims: int, min_samples: int) -> None:
    rng = np.random.default_rng(dims)
    x = (3 * rng.normal(size=(20, dims))[rng.integers(0, 20, 6000)] + 0.4 * rng.normal(size=(6000, dims))).astype(np.float32)
    given = {"min_cluster_size": 40, "min_samples": min_samples}
    ours = engines.engine("gpu").cluster(x, **given)
    assert adjusted_rand_score(engines.engine("cpu").cluster(x, **given), ours) > 0.95
    np.testing.assert_array_equal(ours, engines.engine("gpu").cluster(x, **given))


@pytest.mark.parametrize("layout", ["graph", "density"])
def test_topics_of_both_engines_agree(layout: str) -> None:
    """The bound that benchmarks/gpu_topics.py holds public corpora to: AMI between engines at least 0.85, against the truth within 0.02."""
    rng = np.random.default_rng(8)
    labels = rng.integers(0, 12, 3000)
    x = (rng.normal(size=(12, 60))[labels] + 0.6 * rng.normal(size=(3000, 60))).astype(np.float32)
    texts = [f"wording {k}" for k in range(3000)]
    ours, theirs = (fit_topics(texts, engine=name, layout=layout, vectors=x, seed=1) for name in ("gpu", "cpu"))
    assert adjusted_mutual_info_score(ours.labels, theirs.labels) >= 0.85 and vars(ours).keys() == vars(theirs).keys()
    assert abs(adjusted_mutual_info_score(labels, ours.labels) - adjusted_mutual_info_score(labels, theirs.labels)) <= 0.02
    doubled = fit_topics([*texts, " Wording 7 "], engine="gpu", layout=layout, vectors=np.vstack([x, x[7:8]]), seed=1)
    assert doubled.labels[-1] == doubled.labels[7]


@pytest.mark.skipif(not find_spec("torch") or not find_spec(sentence_vectors.WEIGHTS), reason="needs the extra embed")
def test_texts_go_through_torch_and_rapids_in_one_process() -> None:
    """torch loads a CUDA linker that RAPIDS cannot use, so the engine has to be there first: `fit_topics` sees to it."""
    code = textwrap.dedent("""
        from voclib.text import sentence_vectors
        from voclib.text.topics import fit_topics

        kinds = ("the parcel came late on day {}", "my card was charged {} times", "the app crashed on screen {}", "staff were kind at desk {}")
        texts = [kind.format(k) for kind in kinds for k in range(60)]
        model = fit_topics(texts, engine="gpu", vectors=sentence_vectors.encoder("minilm"))
        print(model.engine.name, len(model.topics()), (model.labels >= 0).mean() > 0.9)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith("gpu ") and done.stdout.endswith("True\n"), done.stderr
