"""What a GPU gives topic modelling: the same answer first, then the time of every stage, beside cuML's own and the processor's.

`python -m benchmarks.gpu --budget 480` on a machine with an NVIDIA GPU and RAPIDS writes build/gpu.json, of the form of benchmarks/gpu.json;
`python -m benchmarks.gpu_table build/gpu.json` makes tables of it. The file is written after every step, so that a run cut short leaves
what it measured; steps that no longer fit the budget are skipped and named. Vectors are drawn here, with planted groups; `--vectors` adds
real ones (.npz: vectors, labels). Times are wall seconds of a call with arrays in the computer's own memory, the transfers to the card
included, after one call that is kept apart.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.gpu_parity import DIMS, EPOCHS, K, groups_at, kept, parity, planted, quality, sentence_like, settings
from voclib.text import engines, kernels

STAGES = ("neighbours", "reduce", "cluster")
GROWTH = {"neighbours": 2.0, "reduce": 1.1, "cluster": 2.0}  # exponents used only to foresee whether a step still fits
WIDTH = 384
LIMITS = ((4.0, WIDTH), (1.25, WIDTH), (2.0, 2 * WIDTH))  # GiB for RAPIDS, and width of a million vectors


@dataclass
class Log:
    """What has been measured so far, on disk after every step, and the seconds left."""

    out: Path
    budget: float
    reserve: float = 0.0  # seconds that repetitions leave to what comes after
    found: dict[str, Any] = field(default_factory=dict)
    start: float = field(default_factory=time.perf_counter)

    @classmethod
    def begun(cls, out: Path, budget: float, *, add: bool = False) -> Log:
        """A log with its date, in a folder that is made where it is missing; with `add`, on top of what the file holds."""
        out.parent.mkdir(parents=True, exist_ok=True)
        log = cls(out, budget, found=json.loads(out.read_text("utf-8")) if add and out.exists() else {})
        log.put("date", datetime.now(UTC).date().isoformat())
        return log

    @property
    def left(self) -> float:
        """Seconds until the budget is spent."""
        return self.budget - (time.perf_counter() - self.start)

    def put(self, what: str, value: Any) -> None:
        """Keep one finding, write the file, say it."""
        self.found[what] = value
        self._write(what, value)

    def row(self, table: str, **row: Any) -> None:
        """Keep one row of a table of findings."""
        self.found.setdefault(table, []).append(row)
        self._write(table, row)

    def _write(self, what: str, value: Any) -> None:
        draft = self.out.with_suffix(".part")
        draft.write_text(json.dumps(self.found, indent=1, default=float), encoding="utf-8")
        draft.replace(self.out)
        tqdm.write(f"[{self.budget - self.left:6.1f} s] {what}: {json.dumps(value, default=float)}")

    def fits(self, what: str, needs: float) -> bool:
        """Whether a step of about that many seconds still fits; if not, it is named as skipped."""
        if needs <= self.left:
            return True
        self.found.setdefault("skipped", {})[what] = f"needs about {needs:.0f} s, {self.left:.0f} s left"
        tqdm.write(f"skipped {what}: {self.found['skipped'][what]}")
        return False

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """A step whose failure is kept as a finding, so that the others still run."""
        try:
            yield
        except Exception as why:  # a card out of memory must not cost the figures that come after it
            self.put(f"{what}: failed", f"{type(why).__name__}: {str(why)[:600]}")


class Watch:
    """The most memory that the card held in use, by nvidia-smi every 20 ms; GiB, or None without it."""

    def __init__(self) -> None:
        self.seen: list[float] = []
        self.process = None
        if shutil.which("nvidia-smi"):
            command = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-lms", "20"]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            if line.strip().isdigit():
                self.seen.append(int(line) / 1024)

    def peak(self) -> float | None:
        """The most since the last call."""
        time.sleep(0.1)
        seen, self.seen = self.seen, []
        return round(max(seen), 2) if seen else None

    def close(self) -> None:
        """End the process that this object started."""
        if self.process:
            self.process.terminate()


def rates(engine: engines.Engine) -> dict[str, float]:
    """What the machine can do at best: matrix products (TFLOP/s), copies (GB/s, bytes read plus bytes written), and the way to the card (GB/s)."""
    if engine.name == "cpu":
        a = np.random.default_rng(0).standard_normal((4096, 4096), dtype=np.float32)
        return {"fp32_tflops": 2 * 4096**3 / _median(lambda: a @ a, 3) / 1e12, "copy_gb_s": 2 * a.nbytes / _median(a.copy, 5) / 1e9}
    import cupy

    def clock(run: Callable[[], Any]) -> float:
        run()
        seconds = []
        for _ in range(7):
            begin, end = cupy.cuda.Event(), cupy.cuda.Event()
            begin.record()
            run()
            end.record()
            end.synchronize()
            seconds.append(cupy.cuda.get_elapsed_time(begin, end) / 1000)
        return statistics.median(seconds)

    a = cupy.random.standard_normal((8192, 8192), dtype=cupy.float32)
    half = a.astype(cupy.float16)
    c, small = cupy.empty_like(a), cupy.empty_like(half)
    source = cupy.random.standard_normal(2**29, dtype=cupy.float32)
    target, host = cupy.empty_like(source), np.ones((2**20, 384), dtype=np.float32)
    flop = 2 * 8192**3 / 1e12
    return {"fp32_tflops": flop / clock(lambda: cupy.matmul(a, a, out=c)),
            "fp16_tflops": flop / clock(lambda: cupy.matmul(half, half, out=small)),
            "copy_gb_s": 2 * source.nbytes / clock(lambda: cupy.copyto(target, source)) / 1e9,
            "to_card_gb_s": host.nbytes / clock(lambda: kernels.to_card(host, cupy)) / 1e9}


def _median(run: Callable[[], Any], times: int) -> float:
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def floors(n: int, width: int, best: dict[str, float]) -> dict[str, float]:
    """Seconds below which no version of a stage gets: every pair's product at the card's own rate, for cluster in five dimensions."""
    pairs = 2.0 * n * n / 1e12
    return {"neighbours": pairs * width / best["fp32_tflops"], "neighbours_fp16": pairs * width / best.get("fp16_tflops", best["fp32_tflops"]),
            "cluster": pairs * DIMS / best["fp32_tflops"]}


def by(engine: engines.Engine) -> str:
    """Whose time a row tells."""
    return "engine" if engine.name == "gpu" else "processor"


def stages(engine: engines.Engine, n: int, log: Log, watch: Watch, repeat: int, foreseen: dict[str, float]) -> dict[str, float]:
    """Time the three stages at one size; what they took, for the next size. Runs with one seed are also compared bit by bit."""
    took: dict[str, float] = {}
    x, truth = planted(n, groups_at(n), 7)
    last: dict[str, Any] = {}
    calls = {"neighbours": lambda: engine.neighbours(x, K), "reduce": lambda: engine.reduce(x, knn=last["neighbours"], epochs=EPOCHS, seed=0),
             "cluster": lambda: engine.cluster(last["reduce"], **settings(n))}
    for stage in STAGES:
        if not log.fits(f"{engine.name} {stage} {n}", foreseen.get(stage, 0.0)):
            break
        seconds, moved = [], []
        watch.peak()
        while len(seconds) < repeat and (not seconds or log.left - log.reserve > 2 * seconds[-1]):
            start = time.perf_counter()
            result = calls[stage]()
            seconds.append(time.perf_counter() - start)
            if stage in last:
                moved.append(_moved(last[stage], result))
            last.setdefault(stage, result)
        took[stage] = statistics.median(seconds)
        row = {"by": by(engine), "stage": stage, "n": n, "width": WIDTH, "vectors": "planted", "seconds": seconds, "peak_gib": watch.peak(),
               "largest_difference_between_runs": max(moved, default=None)}
        if stage == "reduce" and engine.name == "gpu":
            row["gpu_epochs"] = engines.PASSES * EPOCHS
        log.row("times", **row, **(quality(last[stage], truth) if stage == "cluster" else {}))
    if engine.name == "gpu" and len(last) == 3 and log.fits(f"chain {n}", 2 * sum(took.values())):
        chain(engine, x, truth, log, watch)
    return took


def _moved(a: Any, b: Any) -> float:
    """The largest difference between two results of one stage."""
    pairs = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
    return max(float(np.abs(p.astype(np.float64) - q).max()) for p, q in pairs)


def chain(engine: engines.Engine, x: np.ndarray, truth: np.ndarray, log: Log, watch: Watch) -> None:
    """All three stages one after another, twice."""
    runs, results = [], []
    watch.peak()
    for _ in range(2):
        start = time.perf_counter()
        knn = engine.neighbours(x, K)
        reduced = engine.reduce(x, knn=knn, epochs=EPOCHS, seed=0)
        results.append((*knn, reduced, engine.cluster(reduced, **settings(len(x)))))
        runs.append(time.perf_counter() - start)
    log.row("times", by=by(engine), stage="chain", n=len(x), width=WIDTH, vectors="planted", seconds=runs, peak_gib=watch.peak(),
            gpu_epochs=engines.PASSES * EPOCHS, largest_difference_between_runs=max(_moved(a, b) for a, b in zip(*results, strict=True)),
            **quality(results[0][-1], truth))


def scale(engine: engines.Engine, sizes: list[int], log: Log, watch: Watch, repeat: int) -> None:
    """All sizes, smallest first; each foresees the next."""
    took: dict[int, dict[str, float]] = {}
    for n in sorted(sizes):
        before = max(took, default=None)
        foreseen = {s: t * (n / before) ** GROWTH[s] for s, t in took[before].items()} if before else {}
        if before and n > 100_000 and not log.fits(f"{engine.name} vectors {n}", 10 + foreseen.get("neighbours", 0)):
            break
        with log.step(f"{engine.name} {n}"):
            took[n] = stages(engine, n, log, watch, repeat, foreseen)
        if n not in took:
            break


def rivals(gpu: engines.GpuEngine, n: int, log: Log, watch: Watch) -> None:
    """cuML's own way through the stages on the same vectors, once each: brute force, neighbours of UMAP's own, HDBSCAN on the engine's layout."""
    if not log.fits(f"rivals {n}", 3 + n / 100_000):
        return
    x, truth = planted(n, groups_at(n), 7)
    unit = gpu.rapids.cupy.asarray(x)  # of length 1 as they are
    reduced = gpu.reduce(x, knn=gpu.neighbours(x, K), epochs=EPOCHS, seed=0)
    hdbscan = gpu.rapids.hdbscan(**settings(n), output_type="numpy")
    ways: dict[str, tuple[str, float, Callable[[], Any]]] = {
        "cuML brute force": ("neighbours", 25e-12, lambda: gpu._brute(unit, None, K)),
        "cuML HDBSCAN": ("cluster", 29e-12, lambda: np.asarray(hdbscan.fit_predict(reduced), dtype=np.int64)),
        "cuML UMAP, neighbours of its own": ("neighbours and reduce", 30e-12, lambda: gpu.reduce(x, epochs=EPOCHS, seed=0))}
    for name, (stage, per_pair, call) in ways.items():
        if not log.fits(f"{name} {n}", 1 + per_pair * n * n):
            continue
        with log.step(f"{name} {n}"):
            watch.peak()
            start = time.perf_counter()
            result = call()
            row = {"by": name, "stage": stage, "n": n, "width": WIDTH, "vectors": "planted", "seconds": [time.perf_counter() - start]}
            if stage == "neighbours and reduce":
                row["gpu_epochs"] = engines.PASSES * EPOCHS
            labels = result if stage == "cluster" else gpu.cluster(result, **settings(n)) if stage != "neighbours" else None
            log.row("times", **row, peak_gib=watch.peak(), **(quality(labels, truth) if labels is not None else {}))


def layouts(gpu: engines.GpuEngine, name: str, x: np.ndarray, truth: np.ndarray, log: Log) -> None:
    """What share of neighbours the GPU's layout keeps, by epochs and negative samples; the processor's share is among `parity`."""
    knn = gpu.neighbours(x, K)
    for epochs, negative in ((EPOCHS, 5), (EPOCHS, 10), (2 * EPOCHS, 5), (engines.PASSES * EPOCHS, 5)):
        model = gpu.rapids.umap(n_components=DIMS, n_epochs=epochs, min_dist=0.0, metric="cosine", init=engines._start(x, DIMS, np), random_state=0,
                                n_neighbors=K, precomputed_knn=knn, negative_sample_rate=negative, output_type="numpy")
        start = time.perf_counter()
        reduced = np.asarray(model.fit_transform(x))
        seconds = [time.perf_counter() - start]
        log.row("layouts", by="gpu", vectors=name, n=len(x), gpu_epochs=epochs, negative_samples=negative, seconds=seconds,
                kept=round(kept(reduced, knn[0]), 4), **quality(gpu.cluster(reduced, **settings(len(x))), truth))


def limits(n: int, log: Log) -> None:
    """Layouts under a limit on memory, each in a process of its own."""
    for gib, width in LIMITS:
        what = f"{n} x {width} within {gib} GiB"
        if log.fits(what, 40):
            with log.step(what):
                command = [sys.executable, "-m", "benchmarks.gpu_memory", "--gib", str(gib), "--n", str(n), "--width", str(width)]
                done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
                log.row("memory", **json.loads(done.stdout.splitlines()[-1]))


def first_calls(engine: engines.Engine) -> dict[str, float]:
    """Seconds of the first call of each stage in a process, on 2,000 documents: compiling and loading, which no later time holds."""
    x, _ = sentence_like(2000, 12, 3)
    knn, found = None, {}
    for stage in STAGES:
        start = time.perf_counter()
        if stage == "neighbours":
            knn = engine.neighbours(x, K)
        elif stage == "reduce":
            engine.reduce(x, knn=knn, epochs=EPOCHS, seed=0)
        else:
            engine.cluster(x[:, :DIMS], **settings(len(x)))
        found[stage] = time.perf_counter() - start
    return found


def run(log: Log, args: argparse.Namespace) -> None:
    """Parity, then the GPU's times and cuML's, then the processor's."""
    watch, cpu = Watch(), engines.engine("cpu")
    ours = engines.engine(args.engine)
    log.put("machine", {ours.name: {**ours.describe(), **rates(ours)}, "cpu": {**cpu.describe(), **rates(cpu)}})
    for who in {ours.name: ours, "cpu": cpu}.values():
        with log.step(f"{who.name} first calls"):
            log.put(f"{who.name} first calls, s", first_calls(who))
    sets = {"planted": planted(args.parity, 77, 1), "sentence-like": sentence_like(args.parity, 77, 2)}
    if args.vectors:
        with np.load(args.vectors) as given:
            sets["given"] = given["vectors"].astype(np.float32), np.unique(given["labels"], return_inverse=True)[1]
    for name, (x, truth) in sets.items():
        if log.fits(f"parity {name}", 20):
            with log.step(f"parity {name}"):
                log.row("parity", vectors=name, **parity(x, truth, ours, cpu))
                if ours.name == "gpu":
                    layouts(ours, name, x, truth, log)
    log.reserve = args.reserve
    scale(ours, args.sizes, log, watch, args.repeat)
    log.reserve = 0.0
    scale(cpu, args.cpu_sizes if ours.name == "gpu" else (), log, watch, args.repeat)
    if ours.name == "gpu":
        log.put("floors, s", {str(n): floors(n, WIDTH, log.found["machine"]["gpu"]) for n in args.sizes})
        for n in sorted(args.sizes):
            with log.step(f"rivals {n}"):
                rivals(ours, n, log, watch)
        limits(max(args.sizes, default=0), log)
    watch.close()


def main() -> None:
    """Measure what fits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="gpu", choices=engines.ENGINES)
    parser.add_argument("--out", type=Path, default=Path("build/gpu.json"))
    parser.add_argument("--budget", type=float, default=480, help="seconds")
    parser.add_argument("--reserve", type=float, default=100, help="seconds of it that repeated GPU runs leave to the processor's and cuML's")
    parser.add_argument("--parity", type=int, default=10_003, help="documents in the comparison of engines")
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--cpu-sizes", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--vectors", type=Path, help=".npz with vectors (n, p) and labels (n,)")
    args = parser.parse_args()
    run(Log.begun(args.out, args.budget), args)


if __name__ == "__main__":
    main()
