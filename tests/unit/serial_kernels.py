"""The CUDA kernels of topic modelling as serial C++ on the processor, one thread after another: they hold no barrier and no shuffle."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voclib.text import kernels

COMPILER = shutil.which("g++")
NEEDS_COMPILER = [] if COMPILER else [pytest.mark.gpu, pytest.mark.skip(reason="neither a GPU nor g++ to run the kernels with")]
FLAGS = ("-O2", "-std=c++17", "-ffp-contract=off", "-shared", "-fPIC", "-w")
SHIM = """
#include <cstring>
struct Dim { unsigned x; };
static Dim blockIdx, threadIdx, blockDim;
#define __global__
#define __device__
struct uint4 { unsigned x, y, z, w; };
struct float4 { float x, y, z, w; };
template <class T> static T atomicAdd(T* p, T v) { T o = *p; *p += v; return o; }
template <class T> static T atomicMin(T* p, T v) { T o = *p; if (v < o) *p = v; return o; }
static float __uint_as_float(unsigned u) { float f; memcpy(&f, &u, 4); return f; }
static unsigned __float_as_uint(float f) { unsigned u; memcpy(&u, &f, 4); return u; }
"""
CALL = """
extern "C" void serial_{name}(unsigned grid_, unsigned block_, {args}) {{
    blockDim.x = block_;
    for (blockIdx.x = 0; blockIdx.x < grid_; ++blockIdx.x)
        for (threadIdx.x = 0; threadIdx.x < block_; ++threadIdx.x) {name}({names});
}}
"""


class Serial:
    """A `kernels.Launch` on numpy arrays; `calls` counts launches by name."""

    def __init__(self, folder: Path, **sizes: int) -> None:
        code = kernels.SOURCE.read_text("utf-8")
        self.pointers: dict[str, list[bool]] = {}
        self.calls: dict[str, int] = {}
        for name, listed in re.findall(r'extern "C" __global__ void (\w+)\(([^)]*)\)', code):
            args = [" ".join(arg.split()) for arg in listed.split(",")]
            self.pointers[name] = ["*" in arg for arg in args]
            names = ", ".join(re.search(r"\w+$", arg)[0] for arg in args)
            if sizes or code.index(f" {name}(") < code.index("#ifdef DIMS"):
                code += CALL.format(name=name, args=", ".join(args), names=names)
        stem = folder / "-".join(["kernels", *(f"{n}{v}" for n, v in sizes.items())])
        stem.with_suffix(".cpp").write_text(SHIM + code, encoding="utf-8")
        done = subprocess.run([COMPILER, *FLAGS, *(f"-D{n}={v}" for n, v in sizes.items()), f"{stem}.cpp", "-o", f"{stem}.so"], capture_output=True,
                              text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        self.library = ctypes.CDLL(f"{stem}.so")

    def __call__(self, name: str, blocks: int, threads: int, *args: Any) -> None:
        assert len(args) == len(self.pointers[name]), name
        given = []
        for pointer, arg in zip(self.pointers[name], args, strict=True):
            assert pointer == isinstance(arg, np.ndarray) and (not pointer or arg.flags.c_contiguous), name
            given.append(ctypes.c_void_p(arg.ctypes.data) if pointer else ctypes.c_int(int(arg)))
        self.calls[name] = self.calls.get(name, 0) + 1
        getattr(self.library, f"serial_{name}")(ctypes.c_uint(blocks), ctypes.c_uint(threads), *given)


class OnCard(np.ndarray):
    """An array that can be set as CuPy's can."""

    def set(self, x: np.ndarray) -> None:
        self[...] = x


class Numpy:
    """numpy under CuPy's names; products of halves are summed in single precision, as the card does."""

    asnumpy = staticmethod(np.asarray)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: Any, dtype: Any) -> OnCard:
        return np.empty(shape, dtype).view(OnCard)

    def matmul(self, a: np.ndarray, b: np.ndarray, *, out: np.ndarray) -> None:
        out[...] = a.astype(np.float32) @ b.astype(np.float32)
