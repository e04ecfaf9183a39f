"""How fast topics are found: groups of benchmarks.topics that run cases in processes of their own, ours and BERTopic's in turn."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator
from inspect import signature
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.topics_table import Bench, Row, need_weights
from voclib.errors import VocError
from voclib.text import engines, topics


def contest(bench: Bench, group: str, what: str, mine: str, theirs: str, limit: float | None, rival: str) -> Row:
    """Two cases in turn; how many times as long the rival takes."""
    found: dict[str, list[dict[str, Any]]] = {mine: [], theirs: []}
    for _ in tqdm(range(bench.runs), desc=what, leave=False):
        for case, seen in found.items():
            seen.append(bench.case(case))
    wall, cpu, gib = ({case: statistics.median(r[key] for r in seen) for case, seen in found.items()} for key in ("wall", "cpu", "gib"))
    ratio = wall[theirs] / wall[mine]
    said = {case: f"{wall[case]:.3g} s ({cpu[case]:.3g} s CPU, {gib[case]:.2g} GiB); {bench.agreement(case)}" for case in found}
    return bench.judged(Row(group=group, what=what, ours=said[mine], rival=f"{rival}: {said[theirs]}",
                            figure=f"{ratio:.3g}× (CPU {cpu[theirs] / cpu[mine]:.3g}×)", limit=f"≥ {limit:g}×" if limit else "–",
                            met=ratio >= limit if limit else None, runs=bench.runs, measured=found))


def en_cold(bench: Bench) -> Iterator[Row]:
    """English, from raw texts, the language model included."""
    need_weights(bench)
    what = f"{len(bench.truth['en']):,} English questions, cold, MiniLM included"
    yield contest(bench, "en-cold", what, "en-cold-ours", "en-cold-stock", 4, "BERTopic()")


def en_cached(bench: Bench) -> Iterator[Row]:
    """English, vectors known: from the cache, and as an array."""
    need_weights(bench)
    yield contest(bench, "en-cached", "the same, vectors cached on disk", "en-cached-ours", "en-given-stock", 20, "BERTopic(), vectors in .npy")
    yield contest(bench, "en-cached", "the same, vectors given as an array", "en-given-ours", "en-given-stock", None, "BERTopic(), vectors in .npy")


def zh_cold(bench: Bench) -> Iterator[Row]:
    """Chinese without weights; BERTopic with its own vectors, then with ours and words."""
    what = f"{len(bench.truth['zh']):,} Chinese reviews, cold, default vectors"
    if bench.has_weights:
        yield contest(bench, "zh-cold", what, "zh-cold-ours", "zh-cold-stock", 10, "BERTopic(), MiniLM")
    yield contest(bench, "zh-cold", f"{what}; rival with vectors and words that suit Chinese", "zh-cold-ours", "zh-cold-best", None,
                  "BERTopic(), SVD of TF-IDF, rjieba")


def refit(bench: Bench) -> Iterator[Row]:
    """The same call on the same texts, once without and once with what it left in its cache."""
    if "cache" not in signature(topics.fit_topics).parameters:
        raise VocError("fit_topics has no cache yet")
    for name, kind in (("en", "minilm"), ("zh", "signs")) if bench.has_weights else (("zh", "signs"),):
        seconds: dict[str, list[float]] = {"cold": [], "warm": []}
        for run in tqdm(range(bench.runs), desc=f"refit {name}", leave=False):
            shutil.rmtree(bench.folder / f"kept{run}", ignore_errors=True)
            for state in seconds:
                case = f"again-{name}-{kind}-kept{run}"
                seconds[state].append(bench.case(case)["fit"])
                np.save(bench.folder / f"{state}.npy", np.load(bench.folder / f"{case}.npy"))
        cold, warm = (statistics.median(seconds[state]) for state in ("cold", "warm"))
        same = np.array_equal(*(np.load(bench.folder / f"{state}.npy") for state in seconds))
        yield bench.judged(Row(group="refit", what=f"fit_topics on unchanged input, {name}, {kind}: the call alone", ours=f"{warm:.3g} s, warm cache",
                               rival=f"{cold:.3g} s, cold", figure=f"{cold / warm:.3g}×, labels {'equal' if same else 'DIFFER'}", limit="≥ 100×",
                               met=cold / warm >= 100 and same, runs=bench.runs, measured=seconds))


def growth(bench: Bench) -> Iterator[Row]:
    """Time and memory of the fit as texts grow in number, vectors given."""
    found = {n: bench.case(f"grown-{n}-cpu") for n in tqdm(bench.sizes, desc="growth", leave=False)}
    sizes, seconds = list(found), [f["seconds"] for f in found.values()]
    power = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    told = ", ".join(f"{n:,}: {f['seconds']:.3g} s, {f['gib']:.2g} GiB" for n, f in found.items())
    last, width = found[sizes[-1]], np.load(bench.folder / ("en.npy" if bench.has_weights else "zh.npy"), mmap_mode="r").shape[1]
    yield bench.judged(Row(group="growth", what=f"{sizes[-1]:,} documents, {width} dimensions, vectors given", ours=told, rival="allowed",
                           figure=f"{last['seconds']:.3g} s, {last['gib']:.3g} GiB", limit="≤ 300 s, ≤ 8 GiB",
                           met=last["seconds"] <= 300 and last["gib"] <= 8, measured={str(n): f for n, f in found.items()}))
    yield bench.judged(Row(group="growth", what="growth of the time, as a power of the number of documents", ours=told, figure=f"{power:.3f}",
                           limit="≤ 1.3", met=power <= 1.3))


def gpu(bench: Bench) -> Iterator[Row]:
    """The largest size on a GPU, where there is one; VocError says why not."""
    engines.engine("gpu")
    n = bench.sizes[-1]
    card, processor = (bench.case(f"grown-{n}-{engine}") for engine in ("gpu", "cpu"))
    yield Row(group="gpu", what=f"{n:,} documents, vectors given, on a GPU", ours=f"{card['seconds']:.3g} s, {card['topics']} topics",
              rival=f"our processor's engine: {processor['seconds']:.3g} s, {processor['topics']} topics",
              figure=f"{processor['seconds'] / card['seconds']:.3g}×", measured={"gpu": card, "cpu": processor})
