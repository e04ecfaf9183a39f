"""What a GPU gives topic modelling: the same answer first, then the time of every stage, beside the processor of the same machine.

`python -m benchmarks.gpu --out gpu.json --budget 480` on a machine with an NVIDIA GPU and RAPIDS. The file is written after every step, so
that a run cut short leaves what it measured; steps that no longer fit the budget are skipped and named. Vectors are drawn here, with
planted groups; `--vectors` adds real ones (.npz: vectors, labels). Times are wall seconds of a call with arrays in the computer's own
memory, the transfers to the card included, after one call that is kept apart; medians over the runs told beside them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score
from tqdm import tqdm

from voclib.text import engines

Array = NDArray[np.float32]
Labels = NDArray[np.int64]
K, EPOCHS, DIMS, SIZE, SAMPLES = 15, 50, 5, 40, 5  # neighbours, UMAP epochs and dimensions, HDBSCAN's two settings at 10,000 documents
STAGES = ("neighbours", "reduce", "cluster")
GROWTH = {"neighbours": 2.0, "reduce": 1.1, "cluster": 2.0}  # exponents used only to foresee whether a step still fits


@dataclass
class Log:
    """What has been measured so far, on disk after every step, and the seconds left."""

    out: Path
    budget: float
    reserve: float = 0.0  # seconds that repetitions leave to what comes after
    found: dict[str, Any] = field(default_factory=dict)
    start: float = field(default_factory=time.perf_counter)

    @property
    def left(self) -> float:
        """Seconds until the budget is spent."""
        return self.budget - (time.perf_counter() - self.start)

    def put(self, what: str, value: Any) -> None:
        """Keep one finding, write the file, say it."""
        self.found[what] = value
        self.found["elapsed_s"] = round(self.budget - self.left, 1)
        draft = self.out.with_suffix(".part")
        draft.write_text(json.dumps(self.found, indent=1, default=float), encoding="utf-8")
        draft.replace(self.out)
        tqdm.write(f"[{self.found['elapsed_s']:6.1f} s] {what}: {json.dumps(value, default=float)}")

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
    """What the machine can do at best: matrix products (TFLOP/s) and copies (GB/s, bytes read plus bytes written)."""
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
    target = cupy.empty_like(source)
    flop = 2 * 8192**3 / 1e12
    return {"fp32_tflops": flop / clock(lambda: cupy.matmul(a, a, out=c)),
            "fp16_tflops": flop / clock(lambda: cupy.matmul(half, half, out=small)),
            "copy_gb_s": 2 * source.nbytes / clock(lambda: cupy.copyto(target, source)) / 1e9}


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


def stages(engine: engines.Engine, n: int, log: Log, watch: Watch, repeat: int, foreseen: dict[str, float]) -> dict[str, float]:
    """Time the three stages at one size; what they took, for the next size. Runs with one seed are also compared bit by bit."""
    took: dict[str, float] = {}
    x, truth = planted(n, round(77 * math.sqrt(n / 10_000)), 7)
    last: dict[str, Any] = {}
    calls = {"neighbours": lambda: engine.neighbours(x, K), "reduce": lambda: engine.reduce(x, knn=last["neighbours"], epochs=EPOCHS, seed=0),
             "cluster": lambda: engine.cluster(last["reduce"], **settings(n))}
    for stage in STAGES:
        what = f"{engine.name} {stage} {n}"
        if not log.fits(what, foreseen.get(stage, 0.0)):
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
        row = {"median_s": took[stage], "runs_s": seconds, "peak_gib": watch.peak(), "largest_difference_between_runs": max(moved, default=None)}
        if stage == "cluster":
            row |= quality(last[stage], truth)
        log.put(what, row)
    return took


def _moved(a: Any, b: Any) -> float:
    """The largest difference between two results of one stage."""
    pairs = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
    return max(float(np.abs(p.astype(np.float64) - q).max()) for p, q in pairs)


def scale(engine: engines.Engine, sizes: list[int], log: Log, watch: Watch, repeat: int) -> dict[int, dict[str, float]]:
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
    return took


def compare(ours: dict[int, dict[str, float]], cpu: dict[int, dict[str, float]]) -> dict[str, Any]:
    """Processor over GPU at sizes that both ran, and the processor extrapolated, marked as such, to those it did not."""
    both = sorted(set(ours) & set(cpu))
    found: dict[str, Any] = {f"ratio {n}": {s: cpu[n][s] / ours[n][s] for s in STAGES if s in cpu[n] and s in ours[n]} for n in both}
    if len(cpu) >= 2:
        a, b = sorted(cpu)[-2:]
        power = {s: math.log(cpu[b][s] / cpu[a][s]) / math.log(b / a) for s in STAGES if s in cpu[a] and s in cpu[b]}
        found["processor's exponents"] = power
        for n in sorted(set(ours) - set(cpu)):
            found[f"processor at {n}, EXTRAPOLATED from {b}, s"] = {s: cpu[b][s] * (n / b) ** power[s] for s in power}
    return found


def own_neighbours(engine: engines.Engine, n: int, log: Log, watch: Watch, needs: float) -> None:
    """UMAP that finds its neighbours itself by nearest-neighbour descent, which no seed settles: how fast, and what it costs in agreement."""
    what = f"{engine.name} reduce without neighbours {n}"
    if not log.fits(what, needs):
        return
    with log.step(what):
        x, truth = planted(n, round(77 * math.sqrt(n / 10_000)), 7)
        watch.peak()
        start = time.perf_counter()
        reduced = engine.reduce(x, epochs=EPOCHS, seed=0)
        seconds = time.perf_counter() - start
        log.put(what, {"s": seconds, "peak_gib": watch.peak(), **quality(engine.cluster(reduced, **settings(n)), truth)})


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
    """Parity, then the GPU's times, then the processor's."""
    watch, cpu = Watch(), engines.engine("cpu")
    ours = engines.engine(args.engine)
    with log.step("engine"):
        log.put("engine", {**ours.describe(), "idle_gib": watch.peak()})
    log.put("processor", {**cpu.describe(), **rates(cpu)})
    with log.step("rates"):
        log.put("rates", rates(ours))
    for who in {ours.name: ours, "cpu": cpu}.values():
        with log.step(f"{who.name} first calls"):
            log.put(f"{who.name} first calls, s", first_calls(who))
    sets = {"planted": planted(args.parity, 77, 1), "sentence-like": sentence_like(args.parity, 77, 2)}
    if args.vectors:
        with np.load(args.vectors) as given:
            sets["given"] = given["vectors"].astype(np.float32), np.unique(given["labels"], return_inverse=True)[1]
    for name, (x, truth) in sets.items():
        if not log.fits(f"parity {name}", 20):
            continue
        with log.step(f"parity {name}"):
            log.put(f"parity {name}", parity(x, truth, ours, cpu))
    log.reserve = args.reserve
    mine = scale(ours, args.sizes, log, watch, args.repeat)
    log.reserve = 0.0
    theirs = scale(cpu, args.cpu_sizes, log, watch, args.repeat)
    log.put("comparison", compare(mine, theirs))
    if "rates" in log.found:
        log.put("floors, s", {str(n): floors(n, 384, log.found["rates"]) for n in mine})
    for n in mine if ours.name == "gpu" else ():
        own_neighbours(ours, n, log, watch, 15 + n / 50_000)
    watch.close()


def main() -> None:
    """Measure what fits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="gpu", choices=engines.ENGINES)
    parser.add_argument("--out", type=Path, default=Path("build/gpu.json"))
    parser.add_argument("--budget", type=float, default=480, help="seconds")
    parser.add_argument("--reserve", type=float, default=100, help="seconds of it that repeated GPU runs leave to the processor's")
    parser.add_argument("--parity", type=int, default=10_003, help="documents in the comparison of engines")
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--cpu-sizes", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--vectors", type=Path, help=".npz with vectors (n, p) and labels (n,)")
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    log = Log(args.out, args.budget)
    log.put("machine", {"cores": os.cpu_count(), **{key: value for key, value in vars(args).items() if isinstance(value, int | float | list)}})
    run(log, args)


if __name__ == "__main__":
    main()
