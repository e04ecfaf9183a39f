"""How fast MiniLM embeds short texts on a GPU, as a share of the matrix rate that the same card reaches: `python -m benchmarks.gpu_embedding`.

Texts are those of a corpus over and over with a number behind each, so that none is there twice. Reading (tokens) runs on the processor and is
timed apart. The products of a text of m pieces take 6 · m · 2 · (4 · 384² + 2 · 384 · 1536) operations and its attention 6 · 4 · m² · 384; the rate
is theirs over the time of `MiniLM.embed`, copies included. Below 30 % of the card's rate the time by kernel is printed as well, and that of every
way to compute attention.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from voclib.text import sentence_vectors, writing
from voclib.text.topics import unit

WIDTH, INNER, LAYERS = 384, 1536, 6
RUNS, ENOUGH = 5, 0.3


def operations(pieces: np.ndarray) -> float:
    """Multiplications and additions for texts of so many pieces (n,)."""
    m = pieces.astype(np.float64)
    return float(LAYERS * (m * 2 * (4 * WIDTH**2 + 2 * WIDTH * INNER) + 4 * m**2 * WIDTH).sum())


def rate(torch: Any, device: str, dtype: Any, size: int) -> float:
    """Operations a second of a square product, the median of seven."""
    a = torch.randn(size, size, device=device, dtype=dtype)
    seconds = [timed(torch, lambda: a @ a) for _ in range(8)][1:]
    return 2 * size**3 / median(seconds)


def timed(torch: Any, call: Any) -> float:
    """Seconds of a call, the card's queue emptied before and after."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def profile(torch: Any, call: Any) -> list[dict[str, Any]]:
    """The ten operations that take longest, on the card where there is one."""
    kinds = [torch.profiler.ProfilerActivity.CPU, *([torch.profiler.ProfilerActivity.CUDA] if torch.cuda.is_available() else [])]
    with torch.profiler.profile(activities=kinds) as seen:
        timed(torch, call)
    key = "self_device_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
    rows = sorted(seen.key_averages(), key=lambda row: -getattr(row, key))[:10]
    return [{"operation": row.key[:60], "ms": round(getattr(row, key) / 1000, 2), "calls": row.count} for row in rows]


def attentions(torch: Any, call: Any) -> dict[str, list[float] | str]:
    """Seconds of the first call and of the next by each way that torch has to compute attention, or why it has none here."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    found: dict[str, list[float] | str] = {}
    for way in (SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH):
        try:
            with sdpa_kernel(way):
                found[way.name] = [timed(torch, call) for _ in range(2)]
        except RuntimeError as why:  # this device has no such kernel
            found[way.name] = str(why).splitlines()[0]
    return found


def like(model: Any, forms: list[str], theirs: np.ndarray) -> dict[str, float]:
    """Cosines of vectors made here with those that came along (n, p): the least and the median."""
    x = unit(model.embed(forms, sentence_vectors._read(model.tokenizer, forms)[0]))
    cosines = np.einsum("ij,ij->i", x, theirs)
    return {"least": float(cosines.min()), "median": float(np.median(cosines))}


def measure(corpora: Path, n: int, runs: int) -> dict[str, Any]:
    """What one process finds."""
    import torch

    held = json.loads((corpora / "en.json").read_text("utf-8"))["texts"]
    forms = [f"{writing.normal(held[k % len(held)])} {k}" for k in range(n)]
    start = time.perf_counter()
    model = sentence_vectors.encoder("minilm").model
    loaded = time.perf_counter()
    pieces, _ = sentence_vectors._read(model.tokenizer, forms)
    read = time.perf_counter()
    lengths = np.array([len(own) for own in pieces])
    seconds = [timed(torch, lambda: model.embed(forms, pieces)) for _ in range(runs)]
    dtype = model.weights["embeddings.LayerNorm.bias"].dtype
    best = rate(torch, model.device, dtype, 8192 if model.device != "cpu" else 1024)
    share = operations(lengths) / median(seconds) / best
    found = {"n": n, "device": torch.cuda.get_device_name() if model.device != "cpu" else "processor", "torch": torch.__version__,
             "precision": str(dtype), "pieces": int(lengths.sum()), "seconds": seconds, "load_s": loaded - start, "read_s": read - loaded,
             "tflops": operations(lengths) / median(seconds) / 1e12, "best_tflops": best / 1e12, "share": share,
             "cosine_to_processor": like(model, [writing.normal(text) for text in held], np.load(corpora / "en.npy"))}
    if share >= ENOUGH:
        return found

    def part() -> None:
        model.embed(forms[:100_000], pieces[:100_000])

    return {**found, "profile": profile(torch, part), "attention": attentions(torch, part)}


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--corpora", type=Path, default=Path("build/corpora"), help="what benchmarks.gpu_topics --prepare wrote")
    parser.add_argument("--runs", type=int, default=RUNS)
    args = parser.parse_args()
    sys.stdout.write(json.dumps(measure(args.corpora, args.texts, args.runs)) + "\n")


if __name__ == "__main__":
    main()
