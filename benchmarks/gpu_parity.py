"""Vectors with planted groups, and whether two engines of topic modelling say the same of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from voclib.text import engines

Array = NDArray[np.float32]
Labels = NDArray[np.int64]
K, EPOCHS, DIMS, SIZE, SAMPLES = 15, 50, 5, 40, 5  # neighbours, UMAP epochs and dimensions, HDBSCAN's two settings at 10,000 documents


def planted(n: int, groups: int, seed: int, *, width: int = 384, alike: float = 0.45) -> tuple[Array, Labels]:
    """Unit vectors around `groups` random directions; two of one group have a cosine of about `alike`, two of different ones of about 0."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, groups, n)
    centres = rng.standard_normal((groups, width), dtype=np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    x = rng.standard_normal((n, width), dtype=np.float32)
    x *= np.float32(math.sqrt((1 / alike - 1) / width))
    x += centres[labels]
    x /= np.sqrt(np.einsum("ij,ij->i", x, x))[:, None]
    return x, labels


def sentence_like(n: int, groups: int, seed: int, *, width: int = 384) -> tuple[Array, Labels]:
    """Unit vectors as sentence encoders give them: a common direction, groups within themes, sizes of Zipf's law, noise of a falling spectrum."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(3, groups + 3)
    labels = rng.choice(groups, n, p=share / share.sum())
    axes = np.linalg.qr(rng.standard_normal((width, width)))[0]
    fall = np.arange(1, width + 1) ** -0.5
    fall /= np.sqrt((fall**2).sum())

    def draw(rows: int) -> NDArray[np.float64]:
        return rng.standard_normal((rows, width)) * fall @ axes

    themes = draw(groups // 6 + 1)
    centres = 0.5 * draw(1) + 0.7 * themes[rng.integers(0, len(themes), groups)] + 0.75 * draw(groups)
    x = centres[labels] + draw(n) * rng.uniform(1.0, 1.5, (n, 1))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), labels


def groups_at(n: int) -> int:
    """How many groups are planted among n documents: they grow as the root."""
    return round(77 * math.sqrt(n / 10_000))


def settings(n: int) -> dict[str, int]:
    """HDBSCAN's settings: the smallest group grows as the root of the number of documents."""
    return {"min_cluster_size": round(SIZE * math.sqrt(max(n, 10_000) / 10_000)), "min_samples": SAMPLES}


def kept(reduced: Array, indices: Labels) -> float:
    """Share of the neighbours of up to 5,000 documents that are among as many nearest points of the layout."""
    from sklearn.neighbors import NearestNeighbors

    some = np.random.default_rng(0).permutation(len(reduced))[:5000]
    near = NearestNeighbors(n_neighbors=indices.shape[1]).fit(reduced).kneighbors(reduced[some], return_distance=False)
    return float(np.mean([len(np.intersect1d(a[1:], b)) / (len(a) - 1) for a, b in zip(indices[some], near, strict=True)]))


def agreement(a: Labels, b: Labels) -> dict[str, float]:
    """How alike two partitions are; −1, in no group, counts as a group. Chance-adjusted information is left out where it takes long."""
    ami = {"ami": round(adjusted_mutual_info_score(a, b), 4)} if len(a) <= 20_000 else {}
    return {**ami, "ari": round(adjusted_rand_score(a, b), 4)}


def quality(labels: Labels, truth: Labels) -> dict[str, float]:
    """Groups, share in none, agreement with the planted groups."""
    return {"groups": int(labels.max() + 1), "outliers": round(float((labels < 0).mean()), 4), **agreement(labels, truth)}


def parity(x: Array, truth: Labels, ours: engines.Engine, cpu: engines.Engine) -> dict[str, Any]:
    """The same stages on both engines: first each stage alone on equal input, then the chain; two seeds of the processor are the yardstick."""
    setting = settings(len(x))
    (i0, d0), (i1, d1) = cpu.neighbours(x, K), ours.neighbours(x, K)
    layouts = {"cpu": cpu.reduce(x, knn=(i0, d0), epochs=EPOCHS, seed=0), "cpu, seed 1": cpu.reduce(x, knn=(i0, d0), epochs=EPOCHS, seed=1),
               "ours": ours.reduce(x, knn=(i1, d1), epochs=EPOCHS, seed=0)}
    labels = {who: (ours if who == "ours" else cpu).cluster(layout, **setting) for who, layout in layouts.items()}
    recall = np.mean([len(np.intersect1d(a, b)) / K for a, b in zip(i0, i1, strict=True)])
    found = {"n": len(x), "ours": ours.name, "recall_at_15": round(float(recall), 5), "largest_distance_gap": float(np.abs(d0 - d1).max()),
             "self_first": bool((i1[:, 0] == np.arange(len(x))).all()),
             "cluster_on_equal_layout": agreement(ours.cluster(layouts["cpu"], **setting), labels["cpu"]),
             "neighbours_kept": {who: round(kept(layout, i0), 4) for who, layout in layouts.items()},
             "against_truth": {who: quality(found, truth) for who, found in labels.items()},
             "chain_against_cpu": agreement(labels["ours"], labels["cpu"]), "cpu_seed_against_seed": agreement(labels["cpu, seed 1"], labels["cpu"])}
    gap = found["against_truth"]["ours"]["ami"] - found["against_truth"]["cpu"]["ami"]
    found["passes"] = {"neighbours": found["recall_at_15"] >= 0.999, "cluster": found["cluster_on_equal_layout"]["ari"] >= 0.99,
                       "layout": found["neighbours_kept"]["ours"] >= 0.9 * found["neighbours_kept"]["cpu"], "chain": gap >= -0.03}
    return found
