"""Topics on a GPU from end to end: both engines through `fit_topics` on corpora that people labelled, then vectors to topics at growing sizes.

Where the public files are, `python -m benchmarks.gpu_topics --prepare build/corpora` writes texts, labels, vectors and the processor's answers to
them (about 25 MiB). On a machine with an NVIDIA GPU and RAPIDS, `python -m benchmarks.gpu_topics --corpora build/corpora --budget 400` writes
build/gpu_topics.json after every step and skips what no longer fits the budget (`benchmarks.gpu`): parity first, then times of both layouts, then
the rate at which the card embeds. `--steps` takes some of these alone.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score as ami
from sklearn.metrics import adjusted_rand_score as ari

from benchmarks.gpu import Log, Watch, rates
from benchmarks.gpu_parity import EPOCHS
from benchmarks.topics_quality import stability
from voclib.text import engines, grouping, writing
from voclib.text.engines import Engine
from voclib.text.topics import fit_topics

Vectors = NDArray[np.float32]
GAP, BETWEEN = 0.02, 0.85  # AMI against people's labels may differ by so much; AMI between engines at least
NOISE = 0.02  # of a drawn vector, in each dimension
SEEDS, RUNS = range(5), 5
CROWD = 1.5  # exponent used only to foresee whether a size still fits
ENOUGH = 60.0  # seconds that repetitions at one size may take
STEPS = ("parity", "gpu density", "gpu graph", "cpu density", "cpu graph", "cpu exact", "embedding", "gpu largest")
BATCH = 100_000


@dataclass
class Timed:
    """An engine that keeps the seconds of each stage."""

    engine: Engine
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """See `voclib.text.engines.Engine`."""
        return self.engine.name

    def __getattr__(self, stage: str) -> Callable[..., Any]:
        call = getattr(self.engine, stage)

        def timed(*args: Any, **settings: Any) -> Any:
            start = time.perf_counter()
            made = call(*args, **settings)
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start
            return made

        return timed


def prepare(folder: Path) -> None:
    """Both public corpora: `<name>.json` with texts and labels, `<name>.npy` with vectors, MiniLM's for English and our own for Chinese,
    `<name>-<layout>.npz` with the processor's answers."""
    from benchmarks import topics_cases as cases
    from voclib.text import ngrams

    folder.mkdir(parents=True, exist_ok=True)
    truth = cases.prepare(folder, Path(os.environ["VOC_PUBLIC_DATA"]), most=None)
    for name, labels in truth.items():
        texts = cases.texts_of(folder, name)
        if name == "zh":
            forms = writing.distinct(texts)[0]
            np.save(folder / "zh.npy", ngrams.fit(forms, language="zh").encode([writing.normal(text) for text in texts]))
        (folder / f"{name}.json").write_text(json.dumps({"texts": texts, "labels": labels.tolist()}, ensure_ascii=False), "utf-8")
        for layout in grouping.LAYOUTS:
            (folder / f"{name}-{layout}.npz").unlink(missing_ok=True)  # of another version, perhaps
            processors(folder, name, layout)


def corpus(folder: Path, name: str) -> tuple[list[str], list[str], Vectors]:
    """Texts, labels, vectors."""
    held = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return held["texts"], held["labels"], np.load(folder / f"{name}.npy")


@dataclass(frozen=True)
class Answers:
    """What an engine makes of a corpus: labels (seeds, n), and the agreement of resamples."""

    labels: NDArray[np.intp]
    stability: float

    @classmethod
    def given(cls, engine: Engine, folder: Path, name: str, layout: grouping.Layout) -> Answers:
        """By `fit_topics`, one run a seed; stability of `grouping.group` over as many resamples of the distinct texts."""
        texts, _, x = corpus(folder, name)
        labels = [fit_topics(texts, engine=engine, layout=layout, vectors=x, seed=seed).labels for seed in SEEDS]
        places = writing.distinct(texts)[1]
        first = np.unique(places, return_index=True)[1][int((places < 0).any()):]
        return cls(np.stack(labels), stability(
            x[first], lambda part, seed: grouping.group(part, engine, grouping.Settings(layout=layout, seed=seed)), draws=len(SEEDS)))


def processors(folder: Path, name: str, layout: grouping.Layout) -> Answers:
    """The processor's answers, from the folder where they lie there; they need no GPU."""
    file = folder / f"{name}-{layout}.npz"
    if not file.exists():
        found = Answers.given(engines.engine("cpu"), folder, name, layout)
        np.savez_compressed(file, labels=found.labels.astype(np.int16), stability=found.stability)
    with np.load(file) as kept:
        return Answers(kept["labels"].astype(np.intp), float(kept["stability"]))


def parity(ours: Engine, folder: Path, name: str, layout: grouping.Layout) -> dict[str, Any]:
    """Both engines, seed by seed: agreement with people, with each other, of two runs with one seed, of resamples, of equal texts."""
    texts, truth, x = corpus(folder, name)
    found = {"ours": Answers.given(ours, folder, name, layout), "cpu": processors(folder, name, layout)}

    def all_seeds(score: Callable[..., float]) -> dict[str, float]:
        return {who: median(score(truth, labels) for labels in made.labels) for who, made in found.items()}

    def again(*more: int) -> NDArray[np.intp]:
        extra = [f" {texts[i]}\u200b" for i in more]
        return fit_topics([*texts, *extra], engine=ours, layout=layout, vectors=np.concatenate([x, x[list(more)]]), seed=SEEDS[0]).labels

    people, first, some = all_seeds(ami), found["ours"].labels[0], range(0, len(texts), 10)
    between = median(ami(a, b) for a, b in zip(found["ours"].labels, found["cpu"].labels, strict=True))
    twice, doubled = again(), again(*some)
    split = int((doubled[len(texts):] != doubled[list(some)]).sum())
    return {"vectors": name, "layout": layout, "n": len(texts), "ours": ours.name, "ami_to_people": people, "ari_to_people": all_seeds(ari),
            "topics": {who: median(int(labels.max()) + 1 for labels in made.labels) for who, made in found.items()}, "ami_between": between,
            "cpu_seed_against_seed": ami(*found["cpu"].labels[:2]),
            "one_seed_twice": {"ari": ari(twice, first), "equal": bool((twice == first).all())},
            "stability": {who: made.stability for who, made in found.items()}, "equal_texts_split": split,
            "passes": {"people": abs(people["ours"] - people["cpu"]) <= GAP, "between": between >= BETWEEN, "equal texts": split == 0}}


def drawn(x: Vectors, n: int) -> tuple[Vectors, NDArray[np.intp]]:
    """n rows of `x` drawn again, with noise, of length 1, and which they are; the first ones are those of a smaller n."""
    made, rows = np.empty((n, x.shape[1]), dtype=np.float32), np.empty(n, dtype=np.intp)

    def fill(start: int) -> None:
        rng, some = np.random.default_rng([0, start]), made[start:start + BATCH]
        rng.standard_normal(dtype=np.float32, out=some)
        some *= np.float32(NOISE)
        own = rows[start:start + BATCH] = rng.integers(0, len(x), BATCH)[:len(some)]
        some += x[own]
        some /= np.sqrt(np.einsum("ij,ij->i", some, some))[:, None]

    with ThreadPoolExecutor() as pool:
        list(pool.map(fill, range(0, n, BATCH)))
    return made, rows


def sized(engine: Engine, x: Vectors, truth: list[str], n: int, layout: grouping.Layout, log: Log, watch: Watch, runs: int) -> float:
    """Vectors to topics, several times: seconds of all, of each stage, and of what is left (the graph and its communities); the median of all."""
    (table, rows), seen, labels, asked = drawn(x, n), [], [], grouping.Settings(layout=layout)
    watch.peak()
    while len(seen) < runs and (not seen or (len(seen) + 1) * seen[-1]["all"] < ENOUGH and log.left > 2 * seen[-1]["all"]):
        timed, start = Timed(engine), time.perf_counter()
        labels.append(grouping.group(table, timed, asked))
        whole = time.perf_counter() - start
        seen.append({**timed.seconds, "rest": whole - sum(timed.seconds.values()), "all": whole})
    peak = watch.peak()
    epochs = {"gpu_epochs": engines.PASSES * EPOCHS} if layout == "density" and engine.name == "gpu" else {}
    log.row("times", by=engine.name, layout=layout, n=n, width=table.shape[1], **epochs, neighbours=grouping.depth(n, asked),
            seconds={key: [run[key] for run in seen] for key in seen[0]},
            topics=int(labels[0].max()) + 1, ami_to_people=ami(np.unique(truth, return_inverse=True)[1][rows], labels[0]),
            equal_runs=all(np.array_equal(labels[0], other) for other in labels[1:]), peak_gib=peak)
    return median(run["all"] for run in seen)


def grown(engine: Engine, x: Vectors, truth: list[str], sizes: list[int], layout: grouping.Layout, log: Log, watch: Watch, runs: int) -> None:
    """All sizes, the smallest first; each foresees the next. What is loaded and compiled at the first call comes before."""
    took: dict[int, float] = {}
    grouping.group(drawn(x, 2000)[0], engine, grouping.Settings(layout=layout))
    for n in sorted(sizes):
        last = max(took, default=None)
        foreseen = took[last] * (n / last) ** CROWD if last else 0.0
        if not log.fits(f"{engine.name} {layout} {n}", min(foreseen, 120) + n / 100_000):
            break
        with log.step(f"{engine.name} {layout} {n}"):
            took[n] = sized(engine, x, truth, n, layout, log, watch, runs)
        if n not in took:
            break


def exactly(x: Vectors, sizes: list[int], log: Log) -> None:
    """Every pair on the processor, as its engine does not where rows are many: faiss on all cores, the fastest exact search there."""
    import faiss

    for n in sorted(sizes):
        table, _ = drawn(x, n)
        start = time.perf_counter()
        index = faiss.IndexFlatIP(table.shape[1])
        index.add(table)
        index.search(table, grouping.NEIGHBOURS)
        log.row("times", by="faiss, exact", layout="graph", n=n, width=table.shape[1], neighbours=grouping.NEIGHBOURS,
                seconds={"neighbours": [time.perf_counter() - start]})


def embedding(texts: int, folder: Path, log: Log) -> None:
    """MiniLM on the card, in a process of its own: torch brings a linker that RAPIDS cannot use."""
    if log.fits("embedding", 60):
        with log.step("embedding"):
            command = [sys.executable, "-m", "benchmarks.gpu_embedding", "--texts", str(texts), "--corpora", str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=max(60, math.floor(log.left)))
            if done.returncode:
                raise RuntimeError(done.stderr.strip()[-600:])
            log.put("embedding", json.loads(done.stdout.splitlines()[-1]))


def run(log: Log, args: argparse.Namespace) -> None:
    """Parity, times, the card's rate."""
    watch, cpu, ours = Watch(), engines.engine("cpu"), engines.engine(args.engine)
    log.put("machine", {ours.name: {**ours.describe(), **rates(ours)}, "cpu": {**cpu.describe(), **rates(cpu)}})
    if "parity" in args.steps:
        for name, layout in product(("en", "zh"), grouping.LAYOUTS):
            for passes in args.passes if layout == "density" else args.passes[:1]:
                if log.fits(f"parity {name} {layout} {passes}", 20):
                    with log.step(f"parity {name} {layout} {passes}"), mock.patch.object(engines, "PASSES", passes):
                        log.row("parity", **parity(ours, args.corpora, name, layout), passes_an_epoch=passes)
    _, truth, x = corpus(args.corpora, "en")
    steps: dict[str, Callable[[], None]] = {
        "gpu density": lambda: grown(ours, x, truth, args.sizes, "density", log, watch, args.runs),
        "gpu graph": lambda: grown(ours, x, truth, args.sizes, "graph", log, watch, args.runs),
        "cpu density": lambda: grown(cpu, x, truth, args.cpu_sizes, "density", log, watch, 1),
        "cpu graph": lambda: grown(cpu, x, truth, args.cpu_sizes, "graph", log, watch, 1),
        "cpu exact": lambda: exactly(x, args.exact_sizes, log),
        "embedding": lambda: embedding(args.texts, args.corpora, log),
        "gpu largest": lambda: grown(ours, x, truth, args.largest, "graph", log, watch, args.runs)}
    for name, step in steps.items():
        if name in args.steps:
            step()
    watch.close()


def main() -> None:
    """Measure what fits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prepare", type=Path, metavar="FOLDER", help="write the corpora there and end; needs VOC_PUBLIC_DATA and `make embed`")
    parser.add_argument("--corpora", type=Path, default=Path("build/corpora"))
    parser.add_argument("--engine", default="gpu", choices=engines.ENGINES)
    parser.add_argument("--out", type=Path, default=Path("build/gpu_topics.json"))
    parser.add_argument("--budget", type=float, default=400, help="seconds")
    parser.add_argument("--add", action="store_true", help="to what OUT holds")
    parser.add_argument("--steps", nargs="*", default=STEPS, choices=STEPS, metavar="STEP", help=f"some of: {', '.join(STEPS)}")
    parser.add_argument("--passes", type=int, nargs="+", default=[engines.PASSES], help="epochs of the GPU's layout for one of the processor's")
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000, 1_000_000], help="documents on the GPU")
    parser.add_argument("--largest", type=int, nargs="*", default=[5_000_000], help="documents on the GPU, layout graph alone")
    parser.add_argument("--cpu-sizes", type=int, nargs="*", default=[50_000, 100_000, 200_000], help="documents on the processor, for the exponent")
    parser.add_argument("--exact-sizes", type=int, nargs="*", default=[50_000, 100_000], help="documents for exact search on the processor")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--texts", type=int, default=1_000_000, help="short texts to embed")
    args = parser.parse_args()
    if args.prepare:
        prepare(args.prepare)
        return
    run(Log.begun(args.out, args.budget, add=args.add), args)


if __name__ == "__main__":
    main()
