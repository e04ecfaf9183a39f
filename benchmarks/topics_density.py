"""What the layout `density` rests on: as many neighbours as its smallest region holds, beside 15 of them and 5 that make a place dense."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score
from tqdm import tqdm

from benchmarks.gpu_topics import drawn
from benchmarks.topics_quality import NAMES, Remembering, count, stability, vectors_of
from benchmarks.topics_table import Bench, Row
from voclib.text import grouping

BEFORE = {"DENSE": (5, 5), "DEEP": grouping.NEIGHBOURS}
NAIVE = "15 neighbours, 5 make a place dense"
PAIRS = (("en", "minilm"), ("zh", "signs"))
MANY = 1  # which size of the group `growth`


def grouped(x: NDArray[np.float32], seed: int, engine: Remembering) -> NDArray[np.intp]:
    """Dense regions."""
    return grouping.group(x, engine, grouping.Settings(layout="density", seed=seed))


def both(call: Callable[[], Any]) -> tuple[Any, Any]:
    """With today's settings, and with those of before."""
    with mock.patch.multiple(grouping, **BEFORE):
        before = call()
    return call(), before


def labelled(x: NDArray[np.float32], truth: NDArray[Any], seeds: range, draws: int) -> dict[str, float]:
    """Agreement with people, of two seeds, of two resamples; number of topics."""
    engine = Remembering()
    made = [grouped(x, seed, engine) for seed in seeds]
    return {"people": float(np.median([adjusted_mutual_info_score(truth, labels) for labels in made])),
            "seeds": float(np.median([adjusted_mutual_info_score(a, b) for a, b in combinations(made, 2)])),
            "resamples": stability(x, lambda part, draw: grouped(part, draw, engine), draws=draws), "topics": float(np.median([*map(count, made)]))}


def density(bench: Bench) -> Iterator[Row]:
    """The labelled corpora, then one of them drawn again to many times its size."""
    has = [pair for pair in PAIRS if pair[1] != "minilm" or bench.has_weights]
    for name, kind in tqdm(has, desc="density", leave=False):
        x, truth = vectors_of(bench, name, kind)
        ours, before = both(lambda x=x, truth=truth: labelled(x, truth, bench.seeds, bench.draws))
        said, rival = (f"AMI {f['people']:.3f}, two seeds {f['seeds']:.3f}, resamples ARI {f['resamples']:.3f}, {f['topics']:.0f} topics"
                       for f in (ours, before))
        yield bench.judged(Row(group="density", what=f"layout density, {NAMES[name, kind]}, {len(bench.seeds)} seeds", ours=said,
                               rival=f"{NAIVE}: {rival}", figure=f"two seeds {ours['seeds']:.3f}", limit="≥ before",
                               met=ours["seeds"] >= before["seeds"], runs=len(bench.seeds), measured={"ours": ours, "rival": before}))
    if ("en", "minilm") in has:
        x, truth = vectors_of(bench, *PAIRS[0])
        table, rows = drawn(x, bench.sizes[MANY] * 2)
        ours, before = ((adjusted_mutual_info_score(truth[rows], labels), count(labels))
                        for labels in both(lambda: grouped(table, 0, Remembering())))
        yield bench.judged(Row(group="density", what=f"layout density, {len(table):,} documents drawn again from the English",
                               ours=f"AMI {ours[0]:.3f}, {ours[1]} topics", rival=f"{NAIVE}: AMI {before[0]:.3f}, {before[1]} topics",
                               figure=f"AMI {ours[0]:.3f}", limit="≥ before", met=ours[0] >= before[0], measured={"ours": ours, "rival": before}))
