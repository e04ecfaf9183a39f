"""CUDA kernels of kernels.cu, compiled at run time for the sizes they are asked for, and the room they work in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np

SOURCE = Path(__file__).with_suffix(".cu")
SUMS_IN_SINGLE = 16  # cuBLAS: CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION


class Launch(Protocol):
    """Runs one kernel by its name: blocks, threads a block, then arrays on the card and whole numbers as the kernel lists them."""

    def __call__(self, name: str, blocks: int, threads: int, *args: Any) -> None:
        """Queue it; nothing waits."""


class Kernels:
    """Kernels of kernels.cu by name. `sizes` become constants of the source: DIMS, SAMPLES and BLOCK open the part on HDBSCAN*.

    Compiled on first use by CUDA's run-time compiler (half a second; CuPy keeps the result on disk).
    """

    def __init__(self, cupy: ModuleType, **sizes: int) -> None:
        options = ("--std=c++17", *(f"-D{name}={size}" for name, size in sizes.items()))
        self._device = cupy.cuda.runtime.getDevice
        self._module = cupy.RawModule(code=SOURCE.read_text("utf-8"), backend="nvrtc", options=options)
        self._found: dict[tuple[str, int], Any] = {}

    def __call__(self, name: str, blocks: int, threads: int, *args: Any) -> None:
        """See `Launch`."""
        key = name, self._device()  # a function belongs to the device it was loaded on
        if key not in self._found:
            self._found[key] = self._module.get_function(name)
        self._found[key]((int(blocks),), (int(threads),), tuple(np.int32(a) if isinstance(a, int | np.integer) else a for a in args))


@lru_cache(maxsize=32)
def compiled(cupy: ModuleType, **sizes: int) -> Kernels:
    """`Kernels`, once a process for every set of sizes."""
    return Kernels(cupy, **sizes)


@contextmanager
def workspace(cupy: ModuleType) -> Iterator[None]:
    """CuPy's own memory pool, given back at the end, and products of halves that are summed in single precision throughout.

    RAPIDS lets CuPy ask the driver for every array anew, which takes longer than many a kernel. cuBLAS may add up parts of a product of
    halves as halves, which the proof in `nearest` does not allow for.
    """
    from cupy.cuda import cublas, device

    pool, handle = cupy.cuda.MemoryPool(), device.get_cublas_handle()
    before = cublas.getMathMode(handle)
    cublas.setMathMode(handle, SUMS_IN_SINGLE)
    try:
        with cupy.cuda.using_allocator(pool.malloc):
            yield
    finally:
        cublas.setMathMode(handle, before)
        pool.free_all_blocks()


def to_card(x: np.ndarray, xp: ModuleType) -> Any:
    """A copy on the card in single precision, straight from the computer's memory (CuPy's `asarray` goes a slower way round)."""
    there = xp.empty(x.shape, np.float32)
    there.set(np.ascontiguousarray(x, dtype=np.float32))
    return there
