"""The stages of topic modelling on arrays, on the processor or on an NVIDIA GPU, behind one protocol.

A document is a vector. `neighbours` finds the k most alike by cosine, exactly; `reduce` lays documents out in a few dimensions so that
neighbours stay neighbours (UMAP; McInnes, Healy & Melville 2018, arXiv 1802.03426); `cluster` finds the dense groups among them (HDBSCAN*;
Campello, Moulavi & Sander 2013, PAKDD; McInnes & Healy 2017, ICDMW). Both engines begin from the same neighbours and the same principal
components, and count neighbours alike: hdbscan, cuML 26.10 and our own tree leave the point itself out of `min_samples`. They agree as
partitions, not point by point: benchmarks/gpu_topics.py asks for adjusted mutual information of at least 0.85 between them, and for a difference
of at most 0.02 in what each has with people's labels; benchmarks/README.md says what it found. Equal rows are best merged before `reduce`: among
them the order of neighbours, and with it the layout, is not settled by the seed.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError, VocError, nearest
from voclib.text import alike, density, kernels
from voclib.text import nearest as search

Array = NDArray[np.float32]
Indices = NDArray[np.int64]
Neighbours = tuple[Indices, Array]
ENGINES = ("cpu", "gpu", "auto")
PASSES = 6  # epochs of a GPU's layout for one of the processor's
LINKER = "__nvJitLinkCreate_13_3"  # what cuML 26.10 asks of the CUDA linker
MAPS = Path("/proc/self/maps")


class Engine(Protocol):
    """The stages; every array that goes in or comes out lies in the computer's own memory."""

    name: str

    def neighbours(self, vectors: ArrayLike, k: int) -> Neighbours:
        """The k nearest rows of every row by cosine distance 1 − cos, nearest first: exactly on a GPU, and on a processor up to 20,000 rows.

        Beyond, a processor finds at least 95 % of them (`alike`), or all of them, slowly and with a warning, where faiss is missing.
        `vectors` (n, p), any length but 0; 2 ≤ k ≤ n. Indices (n, k) and distances (n, k); the first column is the row itself at 0, also
        where other rows equal it. DataError for rows of zeros, gaps or infinities; ParameterError for k out of range.
        """

    def reduce(self, vectors: ArrayLike, *, knn: Neighbours | None = None, dims: int = 5, epochs: int = 50, seed: int = 0) -> Array:
        """UMAP layout (n, dims) of `vectors` (n, p): cosine, minimum distance 0, principal components as the start.

        With `knn` from `neighbours` the layout is the same on every run with one seed. Without, neighbours (15) are approximate; on a GPU they
        are then built by nearest-neighbour descent, in parts where the vectors do not fit into its memory, and no seed settles them. An epoch
        moves points one after another on the processor, all at once on a GPU, which therefore makes six of each: as few as the processor
        takes keep fewer neighbours together there.
        """

    def cluster(self, reduced: ArrayLike, *, min_cluster_size: int, min_samples: int) -> Indices:
        """HDBSCAN* labels (n,) of points (n, dims), excess of mass: 0, 1, … and −1 for points in no cluster.

        `min_cluster_size` ≥ 2 points make a cluster; `min_samples` ≥ 1 neighbours, the point itself not counted, set how dense is dense.
        """

    def describe(self) -> dict[str, Any]:
        """What ran: engine, versions, device; for tables beside timings."""


def engine(name: str = "auto") -> Engine:
    """The engine of that name: "cpu", "gpu", or "auto", a GPU where one can be used.

    ParameterError for another name; VocError where "gpu" is asked for and there is no GPU or no RAPIDS. An engine on the processor that
    "auto" chose says why in `describe()["no_gpu"]`.
    """
    if name not in ENGINES:
        raise ParameterError(f"An engine is one of {', '.join(ENGINES)}, not {name!r}; {nearest(name, ENGINES)}")
    if name == "cpu":
        return CpuEngine()
    try:
        return GpuEngine(_rapids())
    except VocError as why:
        if name == "gpu":
            raise
        return CpuEngine(no_gpu=str(why))


@dataclass(frozen=True)
class CpuEngine:
    """faiss on all cores, scikit-learn where it is absent; umap-learn and hdbscan on one, as a fixed seed demands."""

    no_gpu: str | None = None
    name: str = field(default="cpu", init=False)

    def neighbours(self, vectors: ArrayLike, k: int) -> Neighbours:
        """See `Engine`: `alike.neighbours`, ties by index."""
        x = _table(vectors)
        _check_k(x, k)
        return _self_first(*alike.neighbours(_unit(x), k), np.arange(len(x)))

    def reduce(self, vectors: ArrayLike, *, knn: Neighbours | None = None, dims: int = 5, epochs: int = 50, seed: int = 0) -> Array:
        """See `Engine`."""
        x = _table(vectors)
        _check_reduce(x, knn, dims, epochs)
        umap = _topics("umap")
        given = {"precomputed_knn": knn, "n_neighbors": knn[0].shape[1]} if knn else {"n_neighbors": min(15, len(x) - 1)}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*precomputed_knn|.*n_jobs value")  # no transform of new rows is wanted, nor more jobs
            model = umap.UMAP(n_components=dims, n_epochs=epochs, min_dist=0.0, metric="cosine", init=_start(x, dims, np), random_state=seed,
                              n_jobs=1, **given)
            return np.asarray(model.fit_transform(x), dtype=np.float32)

    def cluster(self, reduced: ArrayLike, *, min_cluster_size: int, min_samples: int) -> Indices:
        """See `Engine`."""
        x = _table(reduced)
        _check_cluster(x, min_cluster_size, min_samples)
        hdbscan = _topics("hdbscan")
        model = hdbscan.HDBSCAN(min_cluster_size=min_cluster_size, min_samples=min_samples, core_dist_n_jobs=1)
        return np.asarray(model.fit_predict(x), dtype=np.int64)

    def describe(self) -> dict[str, Any]:
        """See `Engine`."""
        said = {"engine": self.name, "cores": os.cpu_count(), **_versions("numpy", "scikit-learn", "scikit-network", "faiss-cpu", "umap-learn",
                                                                             "hdbscan", "numba")}
        return said if self.no_gpu is None else {**said, "no_gpu": self.no_gpu}


@dataclass(frozen=True)
class _Rapids:
    """What the GPU engine uses of RAPIDS and CuPy."""

    cupy: ModuleType
    nearest_neighbors: type
    umap: type
    hdbscan: type
    kernels: Callable[..., kernels.Launch] | None = None  # constants of the source → our own kernels
    workspace: Callable[[], AbstractContextManager[None]] = nullcontext


@dataclass(frozen=True)
class GpuEngine:
    """Neighbours and clusters by kernels of our own, exactly; layouts by RAPIDS cuML; on the current CUDA device. Made by `engine`.

    Where the kernels do not reach (`nearest.MOST`, `density.MOST_DIMS`, `density.MOST_SAMPLES`) cuML takes over and a warning says so.
    """

    rapids: _Rapids = field(repr=False)
    name: str = field(default="gpu", init=False)

    def neighbours(self, vectors: ArrayLike, k: int) -> Neighbours:
        """See `Engine`: `nearest.neighbours`; distances of near-equal rows are good to about 1e-6."""
        x = _table(vectors)
        _check_k(x, k)
        if k > search.MOST:
            warnings.warn(f"{k} neighbours are more than the {search.MOST} of the fast exact search; cuML's brute force takes over, as exact and "
                          "several times slower.", stacklevel=2)
            return self._brute(self.rapids.cupy.asarray(_unit(x)), None, k)
        with self.rapids.workspace():
            found = search.neighbours(x, k, xp=self.rapids.cupy, launch=self.rapids.kernels(), brute=self._brute)
        return found.indices, found.distances

    def _brute(self, unit: Any, rows: Any, k: int) -> Neighbours:
        """Neighbours of some rows on the card, or of all, by cuML's brute force in single precision."""
        model = self.rapids.nearest_neighbors(n_neighbors=k, algorithm="brute", metric="cosine", output_type="numpy")
        distances, indices = model.fit(unit).kneighbors(unit if rows is None else unit[rows])
        own = np.arange(len(unit)) if rows is None else self.rapids.cupy.asnumpy(rows)
        return _self_first(np.array(indices, dtype=np.int64), np.array(distances, dtype=np.float32), own)

    def reduce(self, vectors: ArrayLike, *, knn: Neighbours | None = None, dims: int = 5, epochs: int = 50, seed: int = 0) -> Array:
        """See `Engine`."""
        x = _table(vectors)
        _check_reduce(x, knn, dims, epochs)
        if knn:
            x, start = self._started(x, dims)  # what is laid out are the neighbours: one copy on the card serves both
            given = {"precomputed_knn": (np.ascontiguousarray(knn[0]), np.ascontiguousarray(knn[1])), "n_neighbors": knn[0].shape[1]}
        else:
            start = self._started(x, dims)[1]  # that copy goes before cuML cuts its own to what is free
            free, _ = self.rapids.cupy.cuda.runtime.memGetInfo()
            given = {"n_neighbors": min(15, len(x) - 1), "build_algo": "nn_descent", "build_kwds": {"knn_n_clusters": _parts(x.nbytes, free)}}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*not deterministic")  # said in `Engine.reduce`
            model = self.rapids.umap(n_components=dims, n_epochs=PASSES * epochs, min_dist=0.0, metric="cosine", init=start,
                                     random_state=seed, output_type="numpy", **given)
            return np.asarray(model.fit_transform(x), dtype=np.float32)

    def _started(self, x: Array, dims: int) -> tuple[Any, Array]:
        """The vectors and their principal components, both from the GPU where the vectors take less than a third of its free memory."""
        cupy = self.rapids.cupy
        if x.nbytes * 3 > cupy.cuda.runtime.memGetInfo()[0]:
            return x, _start(x, dims, np)
        there = kernels.to_card(x, cupy)
        return there, cupy.asnumpy(_start(there, dims, cupy))

    def cluster(self, reduced: ArrayLike, *, min_cluster_size: int, min_samples: int) -> Indices:
        """See `Engine`."""
        x = _table(reduced)
        _check_cluster(x, min_cluster_size, min_samples)
        if x.shape[1] > density.MOST_DIMS or min_samples > density.MOST_SAMPLES:
            warnings.warn(f"{x.shape[1]} dimensions and min_samples {min_samples} are beyond the {density.MOST_DIMS} and {density.MOST_SAMPLES} of "
                          "the exact spanning tree; cuML's HDBSCAN takes over, slower, and less exact where points lie close.", stacklevel=2)
            model = self.rapids.hdbscan(min_cluster_size=min_cluster_size, min_samples=min_samples, output_type="numpy")
            return np.asarray(model.fit_predict(x), dtype=np.int64)
        launch = self.rapids.kernels(DIMS=x.shape[1], SAMPLES=min_samples, BLOCK=density.BLOCK)
        with self.rapids.workspace():
            return density.cluster(x, min_cluster_size=min_cluster_size, xp=self.rapids.cupy, launch=launch)

    def describe(self) -> dict[str, Any]:
        """See `Engine`."""
        runtime = self.rapids.cupy.cuda.runtime
        device = runtime.getDeviceProperties(runtime.getDevice())
        return {"engine": self.name, "device": device["name"].decode(), "memory_gib": round(device["totalGlobalMem"] / 2**30, 1),
                "driver": runtime.driverGetVersion(), "cuda": runtime.runtimeGetVersion(),
                **_versions("cuml-cu13", "libcuvs-cu13", "cupy-cuda13x", "nvidia-nvjitlink", "cudf-cu13", "numpy")}


def _table(values: ArrayLike) -> Array:
    """Rows and columns in single precision, row by row."""
    x = np.ascontiguousarray(values, dtype=np.float32)
    if x.ndim != 2 or len(x) < 2 or not x.shape[1]:
        raise DataError(f"Vectors are a table of at least 2 rows, one a document; this one has shape {x.shape}.")
    return x


def _check_k(x: Array, k: int) -> None:
    if not 2 <= k <= len(x):
        raise ParameterError(f"k counts the row itself and lies between 2 and the {len(x)} rows, not {k}.")


def _unit(x: Array) -> Array:
    """Vectors divided by their lengths."""
    length = np.sqrt(np.einsum("ij,ij->i", x, x))
    search.check_directions(int((~np.isfinite(length) | (length == 0)).sum()), len(x))
    return x / length[:, None]


def _check_reduce(x: Array, knn: Neighbours | None, dims: int, epochs: int) -> None:
    if not 1 <= dims <= min(x.shape) or epochs < 1:
        raise ParameterError(f"dims lies between 1 and {min(x.shape)} and epochs is at least 1, not {dims} and {epochs}.")
    if knn is not None and not (len(knn) == 2 and knn[0].shape == knn[1].shape and knn[0].ndim == 2 and len(knn[0]) == len(x)):
        raise DataError(f"knn is the pair that neighbours() gives for the same {len(x)} rows: indices and distances of one shape.")


def _check_cluster(x: Array, min_cluster_size: int, min_samples: int) -> None:
    if min_cluster_size < 2 or not 1 <= min_samples < len(x):
        raise ParameterError(f"min_cluster_size is at least 2 and min_samples between 1 and {len(x) - 1}, not {min_cluster_size} and {min_samples}.")
    if not np.isfinite(x).all():
        raise DataError("Points to cluster hold gaps or infinities; reduce the vectors again.")


def _self_first(indices: Indices, distances: Array, rows: Indices) -> Neighbours:
    """Each of `rows` as its own first neighbour, at 0: among equal rows a search may name another first, or leave the row itself out."""
    k = indices.shape[1]
    distances = np.maximum(distances, 0)
    wrong = np.flatnonzero(indices[:, 0] != rows)
    if len(wrong):
        own = indices[wrong] == rows[wrong, None]
        drop = np.where(own.any(axis=1), own.argmax(axis=1), k - 1)
        keep = np.arange(k) != drop[:, None]
        for table in (indices, distances):
            table[wrong, 1:] = table[wrong][keep].reshape(-1, k - 1)
        indices[wrong, 0] = rows[wrong]
    distances[:, 0] = 0
    return indices, distances


def _start(x: Any, dims: int, xp: ModuleType) -> Any:
    """Principal components (n, dims), each axis stretched to 0 … 10 as umap-learn does; signs fixed, so that every run starts alike."""
    mean = x.mean(axis=0)
    spread = (x.T @ x / len(x)).astype(np.float64) - xp.outer(mean, mean)
    axes = xp.linalg.eigh(spread)[1][:, ::-1][:, :dims]
    peak = xp.abs(axes).argmax(axis=0)
    axes = axes * xp.sign(axes[peak, xp.arange(dims)])
    points = (x - mean) @ axes.astype(np.float32)
    low, high = points.min(axis=0), points.max(axis=0)
    return (10 * (points - low) / xp.where(high > low, high - low, 1)).astype(np.float32)


def _parts(size: int, free: int) -> int:
    """Into how many overlapping parts a search over `size` bytes is cut: two of them at a time take a quarter of the free memory."""
    parts = -(-8 * size // max(free, 1))
    return 1 if parts <= 2 else parts


def _versions(*names: str) -> dict[str, str]:
    """Versions of those packages that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _topics(name: str) -> ModuleType:
    """A package of the extra `topics`."""
    if find_spec(name) is None:
        raise VocError(f"The processor's engine needs {name}, which is not installed: pip install 'voclib[topics]'.")
    return __import__(name)


def _rapids() -> _Rapids:
    """RAPIDS and CuPy, or a VocError that says what is missing."""
    other = "or take engine 'cpu' (pip install 'voclib[topics]'), which has the same stages."
    if not _devices():
        raise VocError(f"Engine 'gpu' finds no NVIDIA GPU or no driver for it. Run on a machine with one, {other}")
    if find_spec("cuml") is None:
        raise VocError(f"Engine 'gpu' needs RAPIDS cuML, which is not installed: pip install 'voclib[gpu]' (Linux, CUDA 13), {other}")
    _load_linker()
    try:
        with _cudf_or_stand_in():
            import cupy
            from cuml.cluster import HDBSCAN
            from cuml.manifold import UMAP
            from cuml.neighbors import NearestNeighbors
    except ImportError as why:
        raise VocError(f"RAPIDS cuML is installed but does not load ({why}). Install its set anew in one place: pip install 'voclib[gpu]', "
                       f"{other}") from why
    return _Rapids(cupy, NearestNeighbors, UMAP, HDBSCAN, partial(kernels.compiled, cupy), partial(kernels.workspace, cupy))


def _devices() -> int:
    """How many CUDA devices the driver shows; 0 without a driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    return count.value if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 else 0


def _load_linker() -> None:
    """Load the newest nvJitLink before anything else does: the first of its name serves the whole process, and torch brings one too old."""
    loaded = re.findall(r"\S*libnvJitLink\.so\S*", MAPS.read_text("utf-8")) if MAPS.exists() else []
    if loaded:
        if not hasattr(ctypes.CDLL(loaded[0]), LINKER):
            raise VocError("Another package, torch perhaps, has already loaded a CUDA linker (nvJitLink) older than 13.3, which RAPIDS cannot use. "
                           "Make the engine before that import, or in a process of its own.")
        return
    newest = max(metadata.distributions(name="nvidia-nvjitlink"), key=lambda d: [int(part) for part in re.findall(r"\d+", d.version)], default=None)
    for file in (newest.files or []) if newest else []:
        if file.name.startswith("libnvJitLink.so"):
            ctypes.CDLL(str(newest.locate_file(file)))


@contextmanager
def _cudf_or_stand_in() -> Iterator[None]:
    """While cuML is imported: where cudf is missing, empty types in its place. cuML asks only whether what it is given is one of them."""
    if find_spec("cudf") is not None:
        yield
        return
    cudf, pandas = ModuleType("cudf"), ModuleType("cudf.pandas")
    for name in ("DataFrame", "Series", "Index", "RangeIndex"):
        setattr(cudf, name, type(name, (), {}))
    pandas.LOADED = False
    cudf.pandas = pandas
    sys.modules |= {"cudf": cudf, "cudf.pandas": pandas}
    try:
        yield
    finally:
        del sys.modules["cudf"], sys.modules["cudf.pandas"]
