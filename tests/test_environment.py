"""One set of packages: pyproject.toml, the locks and environment.yml say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

CONDA_NAMES = {"python-duckdb": "duckdb", "cuml": "cuml-cu13", "pytorch": "torch"}  # where conda-forge and RAPIDS use another name
CONDA_ONLY = {"python", "pip", "cuda-version", "flit-core"}


def _split(requirement: str) -> tuple[str, str]:
    name, spec = re.fullmatch(r"([A-Za-z0-9._-]+?)\s*([<>=!~][^;]*)?(?:;.*)?", requirement).groups()
    return name.lower().replace("_", "-"), (spec or "").replace(" ", "")


@pytest.fixture(scope="module")
def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def declared(project: dict) -> dict[str, str]:
    extras = (r for group in project["optional-dependencies"].values() for r in group)
    return dict(_split(r) for r in [*project["dependencies"], *extras])


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, dict[str, set[str]]]:
    locks: dict[str, dict[str, set[str]]] = {}
    for path in sorted((root / "requirements").glob("*.lock")):
        found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", path.read_text("utf-8"), re.MULTILINE)
        lock = locks.setdefault(path.stem, {})
        for name, version in found:
            lock.setdefault(name.lower().replace("_", "-"), set()).add(version)
    return locks


def test_conda_carries_the_same_set(root: Path, declared: dict[str, str]) -> None:
    content = yaml.safe_load((root / "environment.yml").read_text("utf-8"))
    assert content["channels"] == ["rapidsai", "conda-forge"]
    conda = [d for d in content["dependencies"] if isinstance(d, str)]
    pip = next(d["pip"] for d in content["dependencies"] if isinstance(d, dict))
    pairs = [(CONDA_NAMES.get(n, n), s) for n, s in map(_split, [*conda, *pip]) if n not in CONDA_ONLY]
    assert {n: s.lstrip("=") if n.startswith("cuml") else s for n, s in pairs} == {
        n: s.lstrip("=") if n.startswith("cuml") else s for n, s in declared.items()}


def test_locks_are_cut_from_one_resolution(pins: dict[str, dict[str, set[str]]]) -> None:
    assert set(pins) == {"core", "lab", "topics", "embed", "test", "gpu"}
    for package in set().union(*pins.values()):
        versions = {name: lock[package] for name, lock in pins.items() if package in lock}
        assert len({frozenset(v) for v in versions.values()}) == 1, f"{package}: {versions}"


def test_every_line_of_a_lock_is_hashed_and_names_no_address(root: Path) -> None:
    for path in (root / "requirements").glob("*.lock"):
        text = path.read_text("utf-8")
        assert "://" not in text and "--index" not in text and "--find-links" not in text
        assert text.count("==") <= text.count("--hash=sha256:")


def test_the_default_path_needs_no_torch(pins: dict[str, dict[str, set[str]]]) -> None:
    assert not {"torch", "numba", "bertopic"} & set(pins["core"])
    assert "bertopic" in pins["topics"]
    assert not any("torch" in lock for lock in pins.values())
    assert [name for name, lock in pins.items() if "sentence-transformers" in lock] == ["embed"]


def test_pins_suit_rapids(pins: dict[str, dict[str, set[str]]]) -> None:
    assert all(v.startswith("3.0.") for v in pins["gpu"]["pandas"]) and all(v.startswith("26.10.") for v in pins["gpu"]["cuml-cu13"])
    assert all(tuple(map(int, v.split(".")[:2])) < (0, 65) for v in pins["gpu"]["numba"])
