"""Engines of topic modelling: which one is chosen and why, and the stages on the processor; a GPU's calls are held to cuML's own names."""

from __future__ import annotations

import ctypes
import sys
import weakref
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from serial_kernels import NEEDS_COMPILER, Numpy, Serial
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from vector_groups import six_groups

from voclib.errors import DataError, ParameterError, VocError
from voclib.text import density, engines, nearest


@pytest.fixture
def groups() -> tuple[np.ndarray, np.ndarray]:
    """600 vectors in 6 well-told groups."""
    return six_groups()


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As if these packages were not installed."""
    real = engines.find_spec
    monkeypatch.setattr(engines, "find_spec", lambda name: None if name in names else real(name))


class TestChoice:
    def test_an_unknown_name_names_the_known_ones(self) -> None:
        with pytest.raises(ParameterError, match="cpu, gpu, auto.*did you mean 'gpu'"):
            engines.engine("gpus")

    def test_no_gpu_says_what_there_is_instead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engines, "_devices", lambda: 0)
        with pytest.raises(VocError, match=r"no NVIDIA GPU.*engine 'cpu'.*voclib\[topics\]"):
            engines.engine("gpu")

    def test_no_rapids_names_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engines, "_devices", lambda: 1)
        without(monkeypatch, "cuml")
        with pytest.raises(VocError, match=r"voclib\[gpu\].*engine 'cpu'"):
            engines.engine("gpu")

    def test_auto_takes_the_processor_and_says_why(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engines, "_devices", lambda: 0)
        chosen = engines.engine("auto")
        assert chosen.name == "cpu" and "NVIDIA" in chosen.describe()["no_gpu"]
        assert "no_gpu" not in engines.engine("cpu").describe()

    def test_auto_takes_a_gpu_that_loads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engines, "_rapids", lambda: engines._Rapids(*[None] * 4))
        assert engines.engine("auto").name == "gpu"

    def test_rapids_that_does_not_load_keeps_its_reason(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engines, "_devices", lambda: 1)
        monkeypatch.setattr(engines, "find_spec", lambda name: SimpleNamespace())
        monkeypatch.setattr(engines, "_load_linker", lambda: None)
        monkeypatch.setitem(sys.modules, "cupy", None)
        with pytest.raises(VocError, match=r"does not load \(.*cupy.*voclib\[gpu\]"):
            engines.engine("gpu")

    @pytest.mark.parametrize(("name", "call"), [("umap", lambda e, x: e.reduce(x)),
                                                ("hdbscan", lambda e, x: e.cluster(x, min_cluster_size=5, min_samples=2))])
    def test_a_missing_package_names_the_extra(self, name: str, call, groups, monkeypatch: pytest.MonkeyPatch) -> None:
        without(monkeypatch, name)
        with pytest.raises(VocError, match=rf"{name}.*voclib\[topics\]"):
            call(engines.engine("cpu"), groups[0])


class TestLibraries:
    def test_a_linker_too_old_is_told_before_anything_breaks(self, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
        maps = tmp_path / "maps"
        maps.write_text("7f00-7f01 r-xp 0 fe:00 1   /site/nvidia/cu13/lib/libnvJitLink.so.13\n")
        monkeypatch.setattr(engines, "MAPS", maps)
        monkeypatch.setattr(ctypes, "CDLL", lambda path: SimpleNamespace())
        with pytest.raises(VocError, match="older than 13.3"):
            engines._load_linker()
        monkeypatch.setattr(ctypes, "CDLL", lambda path: SimpleNamespace(**{engines.LINKER: 1}))
        engines._load_linker()

    def test_the_newest_of_several_linkers_is_loaded(self, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
        def installed(version: str) -> SimpleNamespace:
            file = SimpleNamespace(name="libnvJitLink.so.13")
            return SimpleNamespace(version=version, files=[file], locate_file=lambda f: f"/{version}/{f.name}")

        loaded: list[str] = []
        monkeypatch.setattr(engines, "MAPS", tmp_path / "none")
        monkeypatch.setattr(engines.metadata, "distributions", lambda name: [installed(v) for v in ("13.0.88", "13.5.37", "13.4.9")])
        monkeypatch.setattr(ctypes, "CDLL", loaded.append)
        engines._load_linker()
        assert loaded == ["/13.5.37/libnvJitLink.so.13"]

    def test_the_stand_in_for_cudf_lasts_for_the_import_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        without(monkeypatch, "cudf")
        with engines._cudf_or_stand_in():
            import cudf
            import cudf.pandas

            assert not isinstance(np.zeros(2), cudf.DataFrame | cudf.Series | cudf.Index) and cudf.pandas.LOADED is False
        assert "cudf" not in sys.modules and "cudf.pandas" not in sys.modules

    def test_a_real_cudf_is_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engines, "find_spec", lambda name: SimpleNamespace())
        with engines._cudf_or_stand_in():
            assert "cudf" not in sys.modules


class TestNeighbours:
    def test_exact_by_cosine(self, groups) -> None:
        x = groups[0]
        indices, distances = engines.engine("cpu").neighbours(3 * x, 7)
        unit = x.astype(float) / np.linalg.norm(x.astype(float), axis=1, keepdims=True)
        apart = 1 - unit @ unit.T
        np.testing.assert_allclose(distances[:, 1:], np.sort(apart, axis=1)[:, 1:7], atol=1e-6)
        np.testing.assert_allclose(np.take_along_axis(apart, indices, 1), distances, atol=1e-6)
        assert indices.dtype == np.int64 and distances.dtype == np.float32

    def test_a_row_is_its_own_first_neighbour_among_equal_rows(self, groups) -> None:
        x = groups[0].copy()
        x[10:40] = x[9]
        indices, distances = engines.engine("cpu").neighbours(x, 5)
        assert (indices[:, 0] == np.arange(600)).all() and (distances[:, 0] == 0).all()
        assert all(len(set(row)) == 5 for row in indices)

    def test_a_row_that_a_search_leaves_out_replaces_the_farthest(self) -> None:
        given = np.array([[2, 1, 3], [2, 1, 0], [2, 0, 1]]), np.array([[-1e-7, 0.1, 0.2], [0.0, 0.1, 0.3], [0.0, 0.2, 0.4]])
        indices, distances = engines._self_first(*given, np.arange(3))
        assert indices.tolist() == [[0, 2, 1], [1, 2, 0], [2, 0, 1]]
        assert distances.tolist() == [[0, 0, 0.1], [0, 0, 0.3], [0, 0.2, 0.4]]

    def test_some_rows_alone(self) -> None:
        indices, distances = engines._self_first(np.array([[4, 7], [9, 5]]), np.array([[0.0, 0.0], [0.0, 0.2]]), np.array([7, 9]))
        assert indices.tolist() == [[7, 4], [9, 5]] and distances.tolist() == [[0, 0], [0, 0.2]]

    @pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
    def test_vectors_without_direction_are_counted(self, groups, value: float) -> None:
        x = groups[0].copy()
        x[3:5] = value
        with pytest.raises(DataError, match="2 of 600 vectors"):
            engines.engine("cpu").neighbours(x, 5)

    @pytest.mark.parametrize("k", [1, 601])
    def test_k_in_range(self, groups, k: int) -> None:
        with pytest.raises(ParameterError, match=f"600 rows, not {k}"):
            engines.engine("cpu").neighbours(groups[0], k)

    def test_shape(self) -> None:
        with pytest.raises(DataError, match=r"shape \(4,\)"):
            engines.engine("cpu").neighbours(np.ones(4), 2)


class TestStart:
    def test_principal_components_stretched_alike(self, groups) -> None:
        x, dims = groups[0], 4
        found = engines._start(x, dims, np)
        expected = PCA(dims).fit_transform(x.astype(float))
        assert [abs(np.corrcoef(found[:, j], expected[:, j])[0, 1]) for j in range(dims)] == pytest.approx([1] * dims, abs=1e-5)
        np.testing.assert_allclose([found.min(axis=0), found.max(axis=0)], [[0] * dims, [10] * dims], atol=1e-5)

    def test_signs_do_not_hang_on_the_order_of_rows(self, groups) -> None:
        order = np.random.default_rng(0).permutation(600)
        np.testing.assert_allclose(engines._start(groups[0][order], 3, np), engines._start(groups[0], 3, np)[order], atol=1e-3)

    def test_a_flat_axis_stays_finite(self) -> None:
        x = np.zeros((5, 3), dtype=np.float32)
        x[:, 0] = np.arange(5)
        assert np.isfinite(engines._start(x, 2, np)).all()

    def test_parts_fit_a_quarter_of_the_memory(self) -> None:
        for size, free in ((10, 1000), (400, 1000), (10_000, 1000), (3_000_000, 1000)):
            parts = engines._parts(size, free)
            assert parts == 1 or (parts > 2 and 2 * size / parts <= free / 4)
        assert engines._parts(10, 1000) == 1 and engines._parts(10_000, 1000) > 1


def test_settings_are_checked(groups) -> None:
    x, cpu = groups[0], engines.engine("cpu")
    for wrong in ({"dims": 0}, {"dims": 31}, {"epochs": 0}):
        with pytest.raises(ParameterError):
            cpu.reduce(x, **wrong)
    with pytest.raises(DataError, match="same 600 rows"):
        cpu.reduce(x, knn=cpu.neighbours(x[:500], 5))
    for wrong in ({"min_cluster_size": 1, "min_samples": 1}, {"min_cluster_size": 5, "min_samples": 0}, {"min_cluster_size": 5, "min_samples": 600}):
        with pytest.raises(ParameterError):
            cpu.cluster(x, **wrong)
    with pytest.raises(DataError, match="gaps"):
        cpu.cluster(np.full((9, 2), np.nan), min_cluster_size=2, min_samples=1)


def test_the_processor_finds_planted_groups_and_repeats_itself(groups) -> None:
    for name in ("umap", "hdbscan"):
        pytest.importorskip(name)
    x, truth = groups
    cpu = engines.engine("cpu")
    knn = cpu.neighbours(x, 15)
    reduced = cpu.reduce(x, knn=knn, dims=3, seed=1)
    assert reduced.shape == (600, 3) and reduced.dtype == np.float32
    np.testing.assert_array_equal(reduced, cpu.reduce(x, knn=knn, dims=3, seed=1))
    assert np.abs(reduced - cpu.reduce(x, knn=knn, dims=3, seed=2)).max() > 1e-3
    labels = cpu.cluster(reduced, min_cluster_size=20, min_samples=5)
    assert adjusted_rand_score(truth, labels) > 0.9 and labels.max() == 5
    far = np.vstack([reduced, [[1e3, 0, 0], [0, 1e3, 0]]])
    assert (cpu.cluster(far, min_cluster_size=20, min_samples=5)[-2:] == -1).all()


class Recorder:
    """An estimator of cuML by its parameters' names (26.10); keeps what it is given and answers with what it is told to."""

    NAMES = {
        "NearestNeighbors": "n_neighbors radius algorithm metric p algo_params metric_params n_jobs verbose output_type",
        "UMAP": "n_neighbors n_components metric metric_kwds n_epochs learning_rate min_dist spread set_op_mix_ratio local_connectivity "
                "repulsion_strength negative_sample_rate transform_queue_size init a b target_n_neighbors target_weight target_metric hash_input "
                "random_state force_serial_epochs precomputed_knn callback build_algo build_kwds device_ids verbose output_type",
        "HDBSCAN": "min_cluster_size min_samples cluster_selection_epsilon max_cluster_size metric alpha p cluster_selection_method "
                   "allow_single_cluster gen_min_span_tree verbose output_type prediction_data build_algo build_kwds device_ids",
    }

    def __init__(self, name: str, answer) -> None:
        self.name, self.answer, self.given = name, answer, {}

    def __call__(self, **given) -> Recorder:
        assert not set(given) - set(self.NAMES[self.name].split()), f"{self.name} knows no {set(given) - set(self.NAMES[self.name].split())}"
        self.given = given
        return self

    def fit(self, x) -> Recorder:
        return self

    def kneighbors(self, x):
        return self.answer(x)

    fit_transform = fit_predict = kneighbors


class Found(Recorder):
    """Neighbours from recorded calls: of the rows asked for, by the processor's engine."""

    def fit(self, x) -> Found:
        self.x = np.asarray(x)
        return self

    def kneighbors(self, rows):
        k = self.given["n_neighbors"]
        every = engines.engine("cpu").neighbours(self.x, k)
        at = [int(np.flatnonzero((self.x == row).all(axis=1))[0]) for row in np.asarray(rows)]
        return every[1][at], every[0][at]


@pytest.fixture
def gpu() -> engines.GpuEngine:
    """The GPU engine on recorders, with 1 MB of free memory and no kernels."""
    cupy = Numpy()
    cupy.cuda = SimpleNamespace(runtime=SimpleNamespace(memGetInfo=lambda: (1_000_000, 2_000_000)))
    return engines.GpuEngine(engines._Rapids(cupy, Found("NearestNeighbors", None), Recorder("UMAP", lambda x: x[:, :5]),
                                             Recorder("HDBSCAN", lambda x: np.zeros(len(x)))))


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory):
    """Kernels as serial C++, compiled once for every set of sizes."""
    folder = tmp_path_factory.mktemp("kernels")
    return cache(lambda **sizes: Serial(folder, **sizes))


class TestGpuCalls:
    def test_many_neighbours_are_left_to_brute_force_with_a_word(self, gpu: engines.GpuEngine, groups) -> None:
        k = nearest.MOST + 1
        with pytest.warns(UserWarning, match=f"{k} neighbours are more than the {nearest.MOST}.*brute force"):
            indices, distances = gpu.neighbours(groups[0], k)
        expected = engines.engine("cpu").neighbours(groups[0], k)
        np.testing.assert_array_equal(indices, expected[0])
        np.testing.assert_allclose(distances, expected[1], atol=1e-6)
        assert gpu.rapids.nearest_neighbors.given == {"n_neighbors": k, "algorithm": "brute", "metric": "cosine", "output_type": "numpy"}

    @pytest.mark.parametrize(("dims", "min_samples"), [(density.MOST_DIMS + 1, 5), (5, density.MOST_SAMPLES + 1)])
    def test_many_dimensions_or_samples_are_left_to_cuml_with_a_word(self, gpu: engines.GpuEngine, groups, dims: int, min_samples: int) -> None:
        with pytest.warns(UserWarning, match=f"{dims} dimensions and min_samples {min_samples} are beyond.*cuML's HDBSCAN"):
            labels = gpu.cluster(groups[0][:, :dims], min_cluster_size=9, min_samples=min_samples)
        assert labels.dtype == np.int64
        assert gpu.rapids.hdbscan.given == {"min_cluster_size": 9, "min_samples": min_samples, "output_type": "numpy"}

    def test_reduce_with_neighbours_is_seeded_and_starts_as_the_processor_does(self, gpu: engines.GpuEngine, groups) -> None:
        x = groups[0]
        gpu.reduce(x, knn=engines.engine("cpu").neighbours(x, 9), epochs=7, seed=3)
        given = gpu.rapids.umap.given
        assert given["n_neighbors"] == 9 and given["n_epochs"] == 42 and given["random_state"] == 3 and "build_algo" not in given
        np.testing.assert_array_equal(given["init"], engines._start(x, 5, np))

    def test_no_copy_stays_on_the_card_where_cuml_makes_its_own(self, gpu: engines.GpuEngine, groups, monkeypatch: pytest.MonkeyPatch) -> None:
        copies, held = [], []
        real = engines.kernels.to_card

        def watched(x, xp):
            there = real(x, xp)
            copies.append(weakref.ref(there))
            return there

        monkeypatch.setattr(engines.kernels, "to_card", watched)
        gpu.rapids.umap.answer = lambda x: held.append(copies[-1]() is not None) or np.asarray(x)[:, :5]
        gpu.reduce(groups[0])
        gpu.reduce(groups[0], knn=engines.engine("cpu").neighbours(groups[0], 9))
        assert held == [False, True] and len(copies) == 2

    def test_reduce_without_neighbours_is_cut_to_the_memory(self, gpu: engines.GpuEngine, groups) -> None:
        gpu.reduce(groups[0])
        assert gpu.rapids.umap.given["build_algo"] == "nn_descent" and gpu.rapids.umap.given["build_kwds"] == {"knn_n_clusters": 1}
        gpu.reduce(np.tile(groups[0], (20, 1)))
        assert gpu.rapids.umap.given["build_kwds"]["knn_n_clusters"] > 2


class TestGpuKernels:
    pytestmark = NEEDS_COMPILER

    @pytest.fixture
    def serial(self, gpu: engines.GpuEngine, build) -> engines.GpuEngine:
        """The same engine with its kernels."""
        return engines.GpuEngine(replace(gpu.rapids, kernels=build))

    def test_neighbours_as_the_processor_finds_them(self, serial: engines.GpuEngine, groups) -> None:
        x = groups[0].copy()
        x[100:150] *= np.linspace(1, 3, 50, dtype=np.float32)[:, None]
        ours, expected = serial.neighbours(x, 15), engines.engine("cpu").neighbours(x, 15)
        np.testing.assert_array_equal(ours[0], expected[0])
        np.testing.assert_allclose(ours[1], expected[1], atol=1e-6)
        assert ours[0].dtype == np.int64 and ours[1].dtype == np.float32

    def test_equal_rows_go_through_brute_force(self, serial: engines.GpuEngine, groups) -> None:
        x = groups[0].copy()
        x[10:60] = x[9]
        indices, distances = serial.neighbours(x, 5)
        assert (indices[:, 0] == np.arange(600)).all() and (distances[9:60] < 1e-6).all() and all(len(set(row)) == 5 for row in indices)
        assert serial.rapids.nearest_neighbors.given["n_neighbors"] == 5
        np.testing.assert_allclose(distances, engines.engine("cpu").neighbours(x, 5)[1], atol=1e-6)

    def test_clusters_as_the_processor_finds_them(self, serial: engines.GpuEngine, groups) -> None:
        x = groups[0][:, :5] * np.float32(3)
        for dims, min_samples in ((5, 4), (3, 9)):
            given = {"min_cluster_size": 12, "min_samples": min_samples}
            ours, expected = serial.cluster(x[:, :dims], **given), engines.engine("cpu").cluster(x[:, :dims], **given)
            assert adjusted_rand_score(expected, ours) > 0.95 and ours.dtype == np.int64 and ours.max() > 0
        assert serial.rapids.hdbscan.given == {}

    def test_what_the_processor_refuses_is_refused(self, serial: engines.GpuEngine, groups) -> None:
        x = groups[0].copy()
        x[3:5] = 0
        with pytest.raises(DataError, match="2 of 600 vectors"):
            serial.neighbours(x, 5)
        with pytest.raises(ParameterError, match="600 rows, not 601"):
            serial.neighbours(x, 601)
        with pytest.raises(DataError, match="gaps"):
            serial.cluster(np.full((9, 2), np.nan), min_cluster_size=2, min_samples=1)
