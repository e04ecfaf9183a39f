"""The thresholds: one file, checked when it is read."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from voclib.errors import ParameterError
from voclib.stats import gates


def test_published_thresholds() -> None:
    found = gates.load()
    assert (found.min_clusters, found.min_effective_n, found.small_cell, found.response_rate_alarm, found.conf_level) == (10, 30, 5, 0.95, 0.95)
    assert found.is_default and found.changed() == {}
    with pytest.raises(FrozenInstanceError):
        found.min_n = 1


def test_own_thresholds_are_told_apart(tmp_path) -> None:
    (tmp_path / "own.yml").write_text("min_n: 20\nmin_effective_n: 50\n", "utf-8")
    found = gates.load(tmp_path / "own.yml")
    assert (found.min_n, found.min_effective_n, found.min_clusters) == (20, 50.0, 10)
    assert not found.is_default and found.changed() == {"min_n": (10, 20), "min_effective_n": (30.0, 50.0)}


def test_an_empty_or_repeating_file_is_the_default(tmp_path) -> None:
    (tmp_path / "same.yml").write_text("# nothing\n", "utf-8")
    assert gates.load(tmp_path / "same.yml").is_default


@pytest.mark.parametrize(("text", "message"), [
    ("min_cluster: 5", "no gate 'min_cluster'; did you mean 'min_clusters'"), ("min_n: ten", "min_n must be a whole number, not 'ten'"),
    ("min_n: 10.5", "min_n must be a whole number, not 10.5"), ("min_n: true", "must be a whole number, not True"),
    ("min_effective_n: [30]", "must be a number"), ("conf_level: 95.0", "conf_level is a share between 0 and 1, such as 0.95; it is 95"),
    ("min_n: -1", "too small"), ("min_clusters: 1", "too small"), ("- min_n", "must hold 'name: value' lines"), ("a: [", "own.yml line 1")])
def test_bad_files(tmp_path, text: str, message: str) -> None:
    (tmp_path / "own.yml").write_text(text, "utf-8")
    with pytest.raises(ParameterError, match="own.yml") as error:
        gates.load(tmp_path / "own.yml")
    assert message in str(error.value)


def test_missing_file(tmp_path) -> None:
    with pytest.raises(ParameterError, match="no gates file"):
        gates.load(tmp_path / "none.yml")
