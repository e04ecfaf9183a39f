"""Exact neighbours from halves: the bound that the proof rests on, the tiles, and the whole search with the kernels run serially."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from serial_kernels import NEEDS_COMPILER, Numpy, Serial

from voclib.errors import DataError
from voclib.text import nearest


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x.astype(float), axis=1, keepdims=True)).astype(np.float32)


def halved(x: np.ndarray) -> tuple[np.ndarray, float]:
    """Products of halves as halves, and the largest ‖x − half(x)‖."""
    half = x.astype(np.float16)
    wide = half.astype(np.float32)
    return (wide @ wide.T).astype(np.float16), float(np.linalg.norm(x - wide, axis=1).max())


class TestBound:
    @pytest.mark.parametrize("p", [3, 64, 384, 1024])
    @pytest.mark.parametrize("common", [0.0, 3.0])
    def test_holds_for_vectors_at_random(self, p: int, common: float) -> None:
        rng = np.random.default_rng(p)
        x = unit(rng.normal(size=(400, p)) + common * rng.normal(size=p))
        product, w = halved(x)
        off = np.abs(product.astype(float) - x.astype(float) @ x.astype(float).T)
        assert off[product < 1].max() <= nearest.epsilon(w, p)

    def test_holds_where_all_roundings_go_one_way_and_no_less_would_do(self) -> None:
        """Equal components just short of halfway between two halves: the error of the inputs reaches w(2 + w), or 2w − w² downwards."""
        worst = 0.0
        for p in range(200, 2000):
            part = np.float32(p**-0.5)
            if part.astype(np.float16) < part:
                x = np.full((1, p), part)
                product, w = halved(x)
                off = float((x.astype(float) ** 2).sum()) - float(product[0, 0])
                assert off <= nearest.epsilon(w, p)
                worst = max(worst, off / w if w > 4e-4 else 0)
        assert worst > 1.9

    def test_tiny_components_are_lost_and_counted(self) -> None:
        x = unit(np.random.default_rng(1).normal(size=(50, 40)) * np.array([1.0] + [1e-8] * 39))
        product, w = halved(x)
        assert np.abs(product.astype(float) - x.astype(float) @ x.astype(float).T).max() <= nearest.epsilon(w, 40)


@pytest.mark.parametrize(("n", "first", "most"), [(128, 256, 1024), (1024, 256, 16_384), (30_080, 256, 4096), (100_096, 1024, 16_384)])
def test_tiles(n: int, first: int, most: int) -> None:
    found = nearest.tiles(n, first, most)
    assert [start for start, _, _ in found[1:]] == [end for _, end, _ in found[:-1]] and (found[0][0], found[-1][1]) == (0, n)
    assert all(0 < end - start <= max(first, most) and not (end - start) % 8 for start, end, _ in found)
    cuts = [end for _, end, cut in found if cut]
    assert cuts[0] == found[0][1] and cuts[-1] == n
    assert all(b <= 2 * a + most for a, b in zip(cuts, cuts[1:], strict=False)), "between two cuts the columns seen about double at most"


def brute(x: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Exact, ties by index, the row itself first."""
    x = x.astype(float)
    square = (x * x).sum(axis=1)
    apart = (square[rows, None] + square) / 2 - x[rows] @ x.T
    apart[np.arange(len(rows)), rows] = -1
    order = np.argsort(apart, axis=1, kind="stable")[:, :k]
    return order, np.maximum(np.take_along_axis(apart, order, 1), 0)


def refused(*given: Any) -> Any:
    raise AssertionError("no row was to be searched again")


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Serial:
    return Serial(tmp_path_factory.mktemp("kernels"))


def drawn(kind: str, n: int, p: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    if kind == "groups":
        x = 0.6 * x + rng.normal(size=(9, p))[rng.integers(0, 9, n)]
    elif kind == "crowded":
        x = 0.05 * x + rng.normal(size=p)
    return (x * rng.uniform(0.1, 9, (n, 1))).astype(np.float32)


class TestSearch:
    pytestmark = NEEDS_COMPILER

    @pytest.mark.parametrize(("kind", "n", "p", "k"), [
        ("even", 2, 3, 2), ("even", 20, 5, 15), ("even", 33, 7, 33), ("even", 900, 50, 15), ("groups", 1500, 66, 15), ("groups", 700, 31, 40),
        ("crowded", 600, 48, 15), ("even", 500, 9, 64)])
    def test_exact(self, launch: Serial, kind: str, n: int, p: int, k: int) -> None:
        x = drawn(kind, n, p)
        found = nearest.neighbours(x, k, xp=Numpy(), launch=launch, brute=brute, tile=256)
        indices, distances = brute(unit(x), np.arange(n), k)
        np.testing.assert_allclose(found.distances, distances, atol=1e-6)
        assert (found.indices[:, 0] == np.arange(n)).all() and all(len(set(row)) == k for row in found.indices)
        np.testing.assert_allclose(np.take_along_axis(1 - unit(x).astype(float) @ unit(x).T.astype(float), found.indices, 1), distances, atol=1e-6)
        assert (found.indices == indices).mean() > 0.999 and found.indices.dtype == np.int64

    def test_well_told_rows_are_proven_and_halves_alone_would_be_wrong(self, launch: Serial) -> None:
        x = drawn("even", 1200, 64)
        found = nearest.neighbours(x, 15, xp=Numpy(), launch=launch, brute=refused)
        assert found.unproven == 0 and found.epsilon < 1.2e-3
        expected = brute(unit(x), np.arange(1200), 15)[0]
        np.testing.assert_array_equal(found.indices, expected)
        rough = np.argsort(-halved(unit(x))[0].astype(float), axis=1, kind="stable")[:, :15]
        assert 0.5 < (rough == expected).mean() < 0.99

    def test_rows_that_cannot_be_proven_are_searched_again(self, launch: Serial) -> None:
        x = drawn("even", 400, 20)
        x[50:150] = 3 * x[50]  # a hundred equal rows are more than the candidates that are kept
        asked: list[np.ndarray] = []

        def kept(unit: np.ndarray, rows: np.ndarray, k: int):
            asked.append(np.array(rows))
            return brute(unit, rows, k)

        found = nearest.neighbours(x, 10, xp=Numpy(), launch=launch, brute=kept)
        assert set(range(50, 150)) <= set(asked[0]) and len(asked[0]) == found.unproven < 200
        np.testing.assert_allclose(found.distances, brute(unit(x), np.arange(400), 10)[1], atol=1e-6)
        assert (found.indices[:, 0] == np.arange(400)).all()
        with pytest.raises(AssertionError, match="searched again"):
            nearest.neighbours(x, 10, xp=Numpy(), launch=launch, brute=refused)

    def test_a_row_that_runs_out_of_room_is_noticed(self, launch: Serial, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(nearest, "ROOM", 1)
        x = drawn("even", 600, 24)
        found = nearest.neighbours(x, 8, xp=Numpy(), launch=launch, brute=brute)
        assert found.unproven > 550
        np.testing.assert_array_equal(found.indices, brute(unit(x), np.arange(600), 8)[0])

    def test_neither_tiles_nor_scale_move_the_answer(self, launch: Serial) -> None:
        x = drawn("groups", 1000, 33)
        first = nearest.neighbours(x, 15, xp=Numpy(), launch=launch, brute=brute)
        for other in (nearest.neighbours(x, 15, xp=Numpy(), launch=launch, brute=brute, tile=128),
                      nearest.neighbours(4 * x, 15, xp=Numpy(), launch=launch, brute=brute)):
            np.testing.assert_array_equal(first.indices, other.indices)
            np.testing.assert_array_equal(first.distances, other.distances)

    @pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
    def test_vectors_without_direction(self, launch: Serial, value: float) -> None:
        x = drawn("even", 40, 6)
        x[3:5] = value
        with pytest.raises(DataError, match="2 of 40 vectors"):
            nearest.neighbours(x, 5, xp=Numpy(), launch=launch, brute=refused)
