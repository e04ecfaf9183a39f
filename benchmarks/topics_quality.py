"""How good topics are, ours beside BERTopic with settings that suit the corpus, on the same vectors: agreement with people, stability, identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score
from tqdm import tqdm

from benchmarks.topics_cases import MCS, SAMPLES, texts_of
from benchmarks.topics_table import Bench, Row
from voclib.text import granularity, grouping, ngrams, writing
from voclib.text.engines import CpuEngine, Neighbours
from voclib.text.grouping import resampled
from voclib.text.topics import fit_topics, unit

Labels = NDArray[np.intp]
NAMES = {("en", "minilm"): "English, MiniLM", ("en", "signs"): "English, default vectors", ("zh", "signs"): "Chinese, default vectors"}
PEOPLE = {("en", "minilm"): 0.77, ("en", "signs"): 0.54, ("zh", "signs"): 0.43}  # AMI, at least
STABLE = {("en", "minilm"): 0.79, ("zh", "signs"): 0.63}  # ARI of two resamples, at least
STEPS = 12  # halvings of the granularity until the number of topics is met


@dataclass
class Remembering:
    """The processor's engine, which searches the neighbours of one table once."""

    engine: CpuEngine = field(default_factory=CpuEngine)
    name: str = "cpu"
    kept: tuple[Any, int, Neighbours] | None = None

    def neighbours(self, vectors: Any, k: int) -> Neighbours:
        """See `voclib.text.engines.Engine`."""
        if self.kept is None or self.kept[1] != k or not np.array_equal(self.kept[0], vectors):
            self.kept = (vectors, k, self.engine.neighbours(vectors, k))
        return self.kept[2]

    def __getattr__(self, stage: str) -> Any:
        return getattr(self.engine, stage)


def tuned(x: NDArray[Any], *, seed: int, least: int = MCS) -> Labels:
    """UMAP and HDBSCAN as BERTopic's users tune them, then its own reduction of outliers: the stages of BERTopic without its words."""
    from hdbscan import HDBSCAN
    from umap import UMAP

    flat = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed, n_jobs=1).fit_transform(x)
    groups = HDBSCAN(min_cluster_size=least, min_samples=SAMPLES).fit_predict(flat).astype(np.intp)
    return to_centres(x, groups)


def to_centres(x: NDArray[Any], groups: Labels) -> Labels:
    """Rows in no group, with the group whose centre is nearest by cosine."""
    k = int(groups.max(initial=-1)) + 1
    return np.where(groups >= 0, groups, (x @ grouping.centres(x, groups, k).T).argmax(axis=1)) if k else groups


def brought(x: NDArray[np.float32], k: int, settings: grouping.Settings, engine: Remembering) -> Labels:
    """Our topics, the granularity set so that there are k of them, or as near as halving gets; labels are not looked at."""
    low, high, best = 0.05, 40.0, None
    for _ in range(STEPS):
        middle = float(np.sqrt(low * high))
        found = grouping.group(x, engine, replace(settings, granularity=middle))
        if best is None or abs(count(found) - k) < abs(count(best) - k):
            best = found
        low, high = (middle, high) if count(found) < k else (low, middle)
        if count(best) == k:
            break
    return best


def count(labels: Labels) -> int:
    """Topics in labels."""
    return int(labels.max(initial=-1)) + 1


def agreements(run: Callable[[int], Labels], truth: NDArray[Any], seeds: Iterator[int] | range) -> dict[str, float]:
    """Medians over seeds: AMI and ARI with the labels people gave (no clear topic counts as one), number of topics, share in none."""
    found = [run(seed) for seed in seeds]
    return {"ami": median(adjusted_mutual_info_score(truth, f) for f in found), "ari": median(adjusted_rand_score(truth, f) for f in found),
            "topics": median(count(f) for f in found), "unclear": median(float((f < 0).mean()) for f in found)}


def resampled_often(x: NDArray[np.float32], group: Callable[[NDArray[np.float32], int], Labels], *, draws: int,
                    share: float = 0.8) -> tuple[float, float]:
    """Mean ARI of two resamples of the rows on the rows in both, over all pairs of draws, another seed each, and its standard error; as
    `voclib.text.granularity.choose` judges a step."""
    drawn, parts = [resampled(len(x), share, seed=0, draw=draw) for draw in range(draws)], []
    for draw, taken in enumerate(drawn):
        parts.append(grouping.spread(group(x[taken], draw), taken, len(x)))
    step = granularity._step(1.0, parts[0], parts, drawn)
    return step.stability, step.error


def stability(x: NDArray[np.float32], group: Callable[[NDArray[np.float32], int], Labels], *, draws: int) -> float:
    """The mean of `resampled_often`."""
    return resampled_often(x, group, draws=draws)[0]


def identities(folder: Path, name: str) -> dict[str, bool]:
    """Whether shuffled rows give the identical partition, and duplicates one label."""
    texts = texts_of(folder, name)
    first = fit_topics(texts, engine="cpu")
    order = np.random.default_rng(1).permutation(len(texts))
    doubled = [*texts, *(f" {texts[i]}\u200b" for i in order[:1000])]
    third = fit_topics(doubled, engine="cpu")
    return {"shuffled rows, identical partition": np.array_equal(fit_topics([texts[i] for i in order], engine="cpu").labels, first.labels[order]),
            "duplicates never split": np.array_equal(third.labels[len(texts):], third.labels[: len(texts)][order[:1000]])}


def vectors_of(bench: Bench, name: str, kind: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of the distinct texts of a corpus, and the labels people gave to the first of each."""
    texts = texts_of(bench.folder, name)
    forms, places, _ = writing.distinct(texts)
    known = np.flatnonzero(places >= 0)
    first = known[np.unique(places[known], return_index=True)[1]]
    x = unit(np.load(bench.folder / f"{name}.npy")[first]) if kind == "minilm" else ngrams.fit(forms, language=name, seed=seed).encode(forms)
    return x, bench.truth[name][first]


def corpora(bench: Bench) -> list[tuple[str, str]]:
    """Corpora with their vectors."""
    return [*([("en", "minilm")] if bench.has_weights else []), ("en", "signs"), ("zh", "signs")]


def labels(bench: Bench) -> Iterator[Row]:
    """Agreement with people's labels: ours at its defaults, tuned UMAP and HDBSCAN on the same vectors."""
    for name, kind in tqdm(corpora(bench), desc="labels", leave=False):
        texts, given = texts_of(bench.folder, name), np.load(bench.folder / "en.npy") if kind == "minilm" else None
        mine = agreements(lambda seed, t=texts, g=given: fit_topics(t, engine="cpu", vectors=g, seed=seed).labels, bench.truth[name], bench.seeds)
        x, truth = vectors_of(bench, name, kind)
        theirs = agreements(lambda seed, x=x: tuned(x, seed=seed), truth, bench.seeds)
        ours, rival = (f"AMI {f['ami']:.3f}, ARI {f['ari']:.3f}, {f['topics']:.0f} topics" for f in (mine, theirs))
        limit = PEOPLE[name, kind]
        yield bench.judged(Row(group="labels", what=f"agreement with people, {NAMES[name, kind]}, {len(bench.seeds)} seeds", ours=ours,
                               rival=f"UMAP + HDBSCAN({MCS}, {SAMPLES}) + nearest: {rival}", figure=f"AMI {mine['ami']:.3f}",
                               limit=f"≥ {limit:g}", met=mine["ami"] >= limit, runs=len(bench.seeds), measured={"ours": mine, "rival": theirs}))


def matched(bench: Bench) -> Iterator[Row]:
    """AMI where both have the same number of topics: ours is brought to theirs, for each seed."""
    for name, kind in tqdm(corpora(bench), desc="matched", leave=False):
        found = []
        for seed in bench.seeds:
            x, truth = vectors_of(bench, name, kind, seed)
            theirs, engine = tuned(x, seed=seed), Remembering()
            mine = brought(x, count(theirs), grouping.Settings(seed=seed), engine)
            found.append([count(mine), count(theirs), *(adjusted_mutual_info_score(truth, f) for f in (mine, theirs))])
        k, other, a, b = np.median(found, axis=0)
        gap = float(np.median([f[2] - f[3] for f in found]))
        is_held = (name, kind) == ("en", "minilm")
        yield bench.judged(Row(group="matched", what=f"AMI at the same number of topics, {NAMES[name, kind]}", ours=f"{a:.3f} with {k:.0f} topics",
                               rival=f"UMAP + HDBSCAN({MCS}, {SAMPLES}) + nearest: {b:.3f} with {other:.0f}", figure=f"{gap:+.3f}",
                               limit="≥ −0.01" if is_held else "–", met=gap >= -0.01 if is_held else None, runs=len(bench.seeds),
                               measured={"ours k, rival k, ours AMI, rival AMI": found}))


def stability_rows(bench: Bench) -> Iterator[Row]:
    """The same vectors, four fifths of the texts at a time: at granularity 1, then at the one that resamples choose."""
    for name, kind in tqdm(corpora(bench), desc="stability", leave=False):
        x, _ = vectors_of(bench, name, kind)
        (theirs, error), least = resampled_often(x, lambda part, draw: tuned(part, seed=draw), draws=bench.draws), STABLE.get((name, kind))
        for value in sorted({1.0, granularity.choose(x, CpuEngine(), grouping.Settings()).value}):
            mine, own = resampled_often(x, lambda part, draw, r=value: grouping.group(
                part, CpuEngine(), grouping.Settings(granularity=r, seed=draw)), draws=bench.draws)
            how = "" if value == 1 else ", chosen by resamples"
            yield bench.judged(Row(group="stability", what=f"ARI of two resamples of 80 %, {NAMES[name, kind]}, granularity {value:g}{how}",
                                   ours=f"{mine:.3f} ± {own:.3f}", rival=f"UMAP + HDBSCAN({MCS}, {SAMPLES}) + nearest: {theirs:.3f} ± {error:.3f}",
                                   figure=f"{mine:.3f}", limit=f"≥ {least:g} and the rival's" if least else "≥ the rival's",
                                   met=mine >= max(least or 0.0, theirs), runs=bench.draws,
                                   measured={"ours": mine, "rival": theirs, "standard error": own, "rival's standard error": error}))


def identity(bench: Bench) -> Iterator[Row]:
    """What does not depend on the order of rows or on copies."""
    for name in ("en", "zh"):
        for what, holds in identities(bench.folder, name).items():
            yield Row(group="identity", what=f"{what}, {name}", ours="holds" if holds else "fails", limit="holds", met=holds)


def bridge(bench: Bench) -> Iterator[Row]:
    """BERTopic made of our topics: its labels, and its map of topics."""
    from voclib.text import bridge as made_of

    texts = texts_of(bench.folder, "zh")
    model = fit_topics(texts, engine="cpu")
    start = perf_counter()
    made = made_of.bertopic(model, texts)
    seconds = perf_counter() - start
    holds = made.topics_ == model.labels.tolist() == made.transform(texts)[0] and len(made.visualize_topics().data) > 0
    yield Row(group="bridge", what="model.bertopic: labels, transform, visualize_topics", ours="equal" if holds else "DIFFER", limit="equal",
              figure=f"{seconds:.3g} s, the import of bertopic included", met=holds)
