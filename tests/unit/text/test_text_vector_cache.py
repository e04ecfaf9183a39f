"""The cache of vectors: what was put is found, whoever wrote it and in whatever pieces; a torn file costs its own vectors and nothing else."""

from __future__ import annotations

import hashlib
import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from voclib.errors import DataError
from voclib.text.vector_cache import VectorCache


def named(start: int, stop: int) -> list[str]:
    return [hashlib.sha256(str(i).encode()).hexdigest() for i in range(start, stop)]


def made(start: int, stop: int, p: int = 6) -> np.ndarray:
    return np.stack([np.random.default_rng(i).normal(size=p).round(4) for i in range(start, stop)]).astype(np.float32)


def write(folder: Path, start: int) -> None:
    for k in range(start, start + 40, 10):
        VectorCache(folder).put(named(k, k + 15), made(k, k + 15))


def test_what_was_put_is_found_in_the_order_asked(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "new" / "folder")
    cache.put(named(0, 30), made(0, 30))
    cache.put(named(30, 50), made(30, 50))
    asked = np.random.default_rng(1).integers(0, 60, 200)
    there, x = cache.get([named(0, 60)[i] for i in asked])
    assert (there == (asked < 50)).all() and (x[there] == made(0, 60)[asked[there]]).all() and not x[~there].any()


def test_an_empty_cache_and_an_empty_question(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path)
    assert [part.shape for part in cache.get(named(0, 3))] == [(3,), (3, 0)]
    cache.put([], np.zeros((0, 6), dtype=np.float32))
    assert not list(tmp_path.iterdir())
    cache.put(named(0, 3), made(0, 3))
    assert [len(part) for part in cache.get([])] == [0, 0] and cache.get(named(7, 9))[1].shape == (2, 0)


def test_encoders_never_meet(tmp_path: Path) -> None:
    one, two = VectorCache(tmp_path).of("a" * 64), VectorCache(tmp_path).of("b" * 64)
    one.put(named(0, 3), made(0, 3))
    two.put(named(0, 3), made(5, 8, p=9))
    assert (one.get(named(0, 3))[1] == made(0, 3)).all() and (two.get(named(0, 3))[1] == made(5, 8, p=9)).all()


def test_the_same_vectors_are_the_same_bytes_in_the_same_file(tmp_path: Path) -> None:
    VectorCache(tmp_path).put(named(0, 5), made(0, 5))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    VectorCache(tmp_path).put(named(0, 5), made(0, 5))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before and len(before) == 1


def test_what_is_there_never_changes_when_more_is_put(tmp_path: Path) -> None:
    VectorCache(tmp_path).put(named(0, 5), made(0, 5))
    (first,) = tmp_path.iterdir()
    before = first.read_bytes()
    VectorCache(tmp_path).put(named(3, 9), made(3, 9))
    assert first.read_bytes() == before and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("harm", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"\x80\x04]\x94.", lambda b: b[:-300] + b"\x00" * 300,
                                  lambda b: b.replace(made(5, 6).tobytes(), made(6, 7).tobytes())], ids=["half", "empty", "pickle", "end", "bits"])
def test_a_torn_file_is_told_removed_and_filled_again(tmp_path: Path, harm) -> None:
    cache = VectorCache(tmp_path)
    cache.put(named(0, 5), made(0, 5))
    (whole,) = tmp_path.iterdir()
    cache.put(named(5, 25), made(5, 25))
    (torn,) = set(tmp_path.iterdir()) - {whole}
    torn.write_bytes(harm(torn.read_bytes()))
    with pytest.warns(UserWarning, match="is torn .* made again"):
        there, x = cache.get(named(0, 25))
    assert (there == (np.arange(25) < 5)).all() and (x[:5] == made(0, 5)).all() and not torn.exists()
    cache.put(named(5, 25), made(5, 25))
    assert cache.get(named(0, 25))[0].all()


def test_a_draft_left_by_a_process_that_died_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".0123.99.1.part").write_bytes(b"half a file")
    VectorCache(tmp_path).put(named(0, 5), made(0, 5))
    assert VectorCache(tmp_path).get(named(0, 5))[0].all()


def test_processes_may_write_at_once(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=write, args=(tmp_path, start)) for start in (0, 0, 20, 40)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    there, x = VectorCache(tmp_path).get(named(0, 85))
    assert [w.exitcode for w in writers] == [0] * 4 and there.all() and (x == made(0, 85)).all() and not list(tmp_path.glob("*.part"))


def test_what_cannot_be_kept_is_a_named_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"3 identities and vectors of shape \(2, 6\)"):
        VectorCache(tmp_path).put(named(0, 3), made(0, 2))
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot keep vectors"):
        VectorCache(tmp_path / "file").put(named(0, 3), made(0, 3))
    (tmp_path / "odd.npz").mkdir()
    with pytest.raises(DataError, match="cannot be read"):
        VectorCache(tmp_path).get(named(0, 3))


def test_no_text_and_no_pickle_in_the_files(tmp_path: Path) -> None:
    VectorCache(tmp_path).put(named(0, 3), made(0, 3))
    (path,) = tmp_path.iterdir()
    with np.load(path, allow_pickle=False) as archive:
        assert {name: archive[name].dtype.kind for name in archive.files} == {"ids": "S", "vectors": "f"}
