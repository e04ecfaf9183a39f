"""Topics on a GPU from end to end: both engines through `fit_topics` on corpora that people labelled, then vectors to topics at growing sizes.

Where the public files are, `python -m benchmarks.gpu_topics --prepare build/corpora` writes texts, labels and vectors (about 25 MiB). On a machine
with an NVIDIA GPU and RAPIDS, `python -m benchmarks.gpu_topics --corpora build/corpora --budget 400` writes build/gpu_topics.json after every step
and skips what no longer fits the budget (`benchmarks.gpu`): parity first, then times of both layouts, then the rate at which the card embeds.
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
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score as ami
from sklearn.metrics import adjusted_rand_score as ari

from benchmarks.gpu import Log, Watch, rates
from benchmarks.topics_quality import stability
from voclib.text import engines, grouping
from voclib.text.engines import Engine
from voclib.text.topics import fit_topics

Vectors = NDArray[np.float32]
GAP, BETWEEN = 0.02, 0.85  # AMI against people's labels may differ by so much; AMI between engines at least
NOISE = 0.02  # of a drawn vector, in each dimension
SEEDS, RUNS = range(5), 5
CROWD = 2.2  # exponent used only to foresee whether a size still fits


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
    """Both public corpora: `<name>.json` with texts and labels, `<name>.npy` with vectors, MiniLM's for English and our own for Chinese."""
    from benchmarks import topics_cases as cases
    from voclib.text import ngrams, writing

    folder.mkdir(parents=True, exist_ok=True)
    truth = cases.prepare(folder, Path(os.environ["VOC_PUBLIC_DATA"]), most=None)
    for name, labels in truth.items():
        texts = cases.texts_of(folder, name)
        if name == "zh":
            forms = writing.distinct(texts)[0]
            np.save(folder / "zh.npy", ngrams.fit(forms, language="zh").encode([writing.normal(text) for text in texts]))
        (folder / f"{name}.json").write_text(json.dumps({"texts": texts, "labels": labels.tolist()}, ensure_ascii=False), "utf-8")


def corpus(folder: Path, name: str) -> tuple[list[str], list[str], Vectors]:
    """Texts, labels, vectors."""
    held = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return held["texts"], held["labels"], np.load(folder / f"{name}.npy")


def parity(ours: Engine, cpu: Engine, folder: Path, name: str, layout: grouping.Layout) -> dict[str, Any]:
    """`fit_topics` by both engines, seed by seed: agreement with people, with each other, of two runs with one seed, of resamples, of equal texts."""
    texts, truth, x = corpus(folder, name)

    def fit(engine: Engine, seed: int) -> NDArray[np.intp]:
        return fit_topics(texts, engine=engine, layout=layout, vectors=x, seed=seed).labels

    found = {who: [fit(engine, seed) for seed in SEEDS] for who, engine in (("ours", ours), ("cpu", cpu))}
    people = {who: median(ami(truth, labels) for labels in made) for who, made in found.items()}
    between = median(ami(a, b) for a, b in zip(found["ours"], found["cpu"], strict=True))
    again, some = fit(ours, SEEDS[0]), np.arange(0, len(texts), 10)
    doubled = fit_topics([*texts, *(f" {texts[i]}\u200b" for i in some)], engine=ours, layout=layout, vectors=np.concatenate([x, x[some]])).labels
    settings = grouping.Settings(layout=layout)
    return {"vectors": name, "layout": layout, "n": len(texts), "ours": ours.name, "ami_to_people": people,
            "ari_to_people": {who: median(ari(truth, labels) for labels in made) for who, made in found.items()},
            "topics": {who: median(int(labels.max()) + 1 for labels in made) for who, made in found.items()},
            "ami_between": between, "cpu_seed_against_seed": ami(found["cpu"][0], found["cpu"][1]),
            "one_seed_twice": {"ari": ari(again, found["ours"][0]), "equal": bool(np.array_equal(again, found["ours"][0]))},
            "stability": {who: stability(x, lambda part, draw, e=engine: grouping.group(part, e, settings), draws=3)
                          for who, engine in (("ours", ours), ("cpu", cpu))},
            "equal_texts_split": int((doubled[len(texts):] != doubled[some]).sum()),
            "passes": {"people": abs(people["ours"] - people["cpu"]) <= GAP, "between": between >= BETWEEN,
                       "equal texts": bool(np.array_equal(doubled[len(texts):], doubled[some]))}}


def drawn(x: Vectors, n: int) -> Vectors:
    """n vectors: rows of `x` drawn again, with noise, of length 1."""
    rng = np.random.default_rng(0)
    rows, step = rng.integers(0, len(x), n), 100_000
    made = np.empty((n, x.shape[1]), dtype=np.float32)
    for start in range(0, n, step):
        part = x[rows[start:start + step]]
        part = part + np.float32(NOISE) * rng.standard_normal(part.shape, dtype=np.float32)
        made[start:start + step] = part / np.sqrt(np.einsum("ij,ij->i", part, part))[:, None]
    return made


def sized(engine: Engine, x: Vectors, n: int, layout: grouping.Layout, log: Log, watch: Watch, runs: int) -> float:
    """Vectors to topics, several times: seconds of all, of each stage, and of what is left (the graph and its communities); the median of all."""
    table, seen, labels = drawn(x, n), [], []
    watch.peak()
    while len(seen) < runs and (not seen or log.left > 2 * seen[-1]["all"]):
        timed, start = Timed(engine), time.perf_counter()
        labels.append(grouping.group(table, timed, grouping.Settings(layout=layout)))
        whole = time.perf_counter() - start
        seen.append({**timed.seconds, "rest": whole - sum(timed.seconds.values()), "all": whole})
    log.row("times", by=engine.name, layout=layout, n=n, width=table.shape[1], seconds={key: [run[key] for run in seen] for key in seen[0]},
            topics=int(labels[0].max()) + 1, equal_runs=all(np.array_equal(labels[0], other) for other in labels[1:]), peak_gib=watch.peak())
    return median(run["all"] for run in seen)


def grown(engine: Engine, x: Vectors, sizes: list[int], layout: grouping.Layout, log: Log, watch: Watch, runs: int) -> None:
    """All sizes, the smallest first; each foresees the next."""
    took: dict[int, float] = {}
    for n in sorted(sizes):
        last = max(took, default=None)
        foreseen = took[last] * (n / last) ** CROWD if last else 0.0
        if not log.fits(f"{engine.name} {layout} {n}", min(foreseen, 600) + n / 50_000):
            break
        with log.step(f"{engine.name} {layout} {n}"):
            took[n] = sized(engine, x, n, layout, log, watch, runs)
        if n not in took:
            break


def embedding(texts: int, folder: Path, log: Log) -> None:
    """MiniLM on the card, in a process of its own: torch brings a linker that RAPIDS cannot use."""
    if log.fits("embedding", 60):
        with log.step("embedding"):
            command = [sys.executable, "-m", "benchmarks.gpu_embedding", "--texts", str(texts), "--corpus", str(folder / "en.json")]
            done = subprocess.run(command, capture_output=True, text=True, timeout=max(60, math.floor(log.left)))
            if done.returncode:
                raise RuntimeError(done.stderr.strip()[-600:])
            log.put("embedding", json.loads(done.stdout.splitlines()[-1]))


def run(log: Log, args: argparse.Namespace) -> None:
    """Parity, times, the card's rate."""
    watch, cpu, ours = Watch(), engines.engine("cpu"), engines.engine(args.engine)
    log.put("machine", {ours.name: {**ours.describe(), **rates(ours)}, "cpu": cpu.describe()})
    for name in ("en", "zh"):
        for layout in grouping.LAYOUTS:
            if log.fits(f"parity {name} {layout}", 30):
                with log.step(f"parity {name} {layout}"):
                    log.row("parity", **parity(ours, cpu, args.corpora, name, layout))
    x = corpus(args.corpora, "en")[2]
    for layout, sizes in (("density", args.sizes), ("graph", args.graph_sizes)):
        grown(ours, x, sizes, layout, log, watch, args.runs)
        grown(cpu, x, args.cpu_sizes, layout, log, watch, 1)
    embedding(args.texts, args.corpora, log)
    watch.close()


def main() -> None:
    """Measure what fits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prepare", type=Path, metavar="FOLDER", help="write the corpora there and end; needs VOC_PUBLIC_DATA and `make embed`")
    parser.add_argument("--corpora", type=Path, default=Path("build/corpora"))
    parser.add_argument("--engine", default="gpu", choices=engines.ENGINES)
    parser.add_argument("--out", type=Path, default=Path("build/gpu_topics.json"))
    parser.add_argument("--budget", type=float, default=400, help="seconds")
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000, 1_000_000], help="documents, layout density")
    parser.add_argument("--graph-sizes", type=int, nargs="*", default=[100_000, 1_000_000, 5_000_000], help="documents, layout graph")
    parser.add_argument("--cpu-sizes", type=int, nargs="*", default=[25_000, 50_000, 100_000], help="documents on the processor, for the exponent")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--texts", type=int, default=1_000_000, help="short texts to embed")
    args = parser.parse_args()
    if args.prepare:
        prepare(args.prepare)
        return
    run(Log.begun(args.out, args.budget), args)


if __name__ == "__main__":
    main()
