"""Layouts of vectors that take more memory than the card has to give: RAPIDS is held to a limit, in a process of its own.

`python -m benchmarks.gpu_memory --gib 2 --n 1000000 --width 768` prints one line of JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from types import SimpleNamespace
from typing import Any

from tqdm import tqdm

from benchmarks.gpu_parity import EPOCHS, groups_at, planted, quality, settings
from voclib.text import engines


class Held:
    """CuPy that tells of no more memory than the limit."""

    def __init__(self, cupy: Any, size: int) -> None:
        self._cupy = cupy
        self.cuda = SimpleNamespace(runtime=SimpleNamespace(memGetInfo=lambda: (size, size)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cupy, name)


def within(gib: float, n: int, width: int) -> dict[str, Any]:
    """A layout from UMAP's own neighbours, RAPIDS held to `gib`; then clusters, without the limit, against the planted groups."""
    engines._load_linker()  # before RMM loads anything
    import rmm

    size = int(gib * 2**30)
    held = rmm.mr.StatisticsResourceAdaptor(rmm.mr.LimitingResourceAdaptor(rmm.mr.CudaMemoryResource(), size))
    rmm.mr.set_current_device_resource(held)
    gpu = engines.engine("gpu")
    x, truth = planted(n, groups_at(n), 7, width=width)
    limited = engines.GpuEngine(dataclasses.replace(gpu.rapids, cupy=Held(gpu.rapids.cupy, size)))
    start = time.perf_counter()
    reduced = limited.reduce(x, epochs=EPOCHS, seed=0)
    seconds = time.perf_counter() - start
    return {"limit_gib": gib, "n": n, "width": width, "vectors_gib": round(x.nbytes / 2**30, 3), "seconds": [seconds],
            "peak_gib": round(held.allocation_counts.peak_bytes / 2**30, 3), "parts": engines._parts(x.nbytes, size),
            "gpu_epochs": engines.PASSES * EPOCHS, **quality(gpu.cluster(reduced, **settings(n)), truth)}


def main() -> None:
    """One limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, required=True)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=384)
    args = parser.parse_args()
    tqdm.write(json.dumps(within(args.gib, args.n, args.width)), file=sys.stdout)


if __name__ == "__main__":
    main()
