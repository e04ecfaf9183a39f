"""Data that an environment variable names (`$NAME/folder`): found, hashed by content, and never told to a page as a path of this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import voclib
from voclib.errors import ParameterError
from voclib.running.edition import Edition, load, plan
from voclib.running.provenance import Tracer
from voclib.running.workspace import Workspace, resolved

HEAD = "edition: tiny\ntitle: {zh: 小, en: Tiny}\ncompany: {zh: 甲, en: A}\nnotebooks: {23-known: {}}\n"


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A repository with one notebook that reads a folder outside it."""
    root, outside = tmp_path / "repository", tmp_path / "elsewhere" / "panel"
    for folder in (root / "notebooks", root / "params", outside):
        folder.mkdir(parents=True)
    (outside / "sample.csv").write_text("a\n1\n", "utf-8")
    cell = {"cell_type": "code", "id": "0", "metadata": {"tags": ["parameters"]}, "source": 'panel_data = "$TINY_DATA/panel"', "outputs": [],
            "execution_count": None}
    (root / "notebooks/23-known.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    (root / "params/tiny.yml").write_text(HEAD, "utf-8")
    monkeypatch.setenv("TINY_DATA", str(tmp_path / "elsewhere"))
    return Workspace(root)


def _edition(space: Workspace) -> Edition:
    return load(space.root / "params/tiny.yml")


def _traced(space: Workspace) -> tuple[dict, str]:
    (job,), tracer = plan(_edition(space), space=space), Tracer(space)
    found = tracer.provenance(job)
    return found.to_dict(), tracer.key(_edition(space), job, found)


def test_the_content_counts_and_neither_place_nor_time(space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, key = _traced(space)
    (tmp_path / "elsewhere").rename(tmp_path / "moved")
    monkeypatch.setenv("TINY_DATA", str(tmp_path / "moved"))
    assert _traced(space) == (first, key)
    (tmp_path / "moved/panel/sample.csv").write_text("a\n2\n", "utf-8")
    second, other = _traced(space)
    assert {name for name in first if first[name] != second[name]} == {"data"} and other != key
    (tmp_path / "moved/panel/more.csv").write_text("b\n", "utf-8")
    assert _traced(space)[0]["data"] != second["data"]


def test_no_page_learns_where_they_lie(space: Workspace, tmp_path: Path) -> None:
    (job,) = plan(_edition(space), space=space)
    assert job.parameters == {"panel_data": "$TINY_DATA/panel"} and not job.injected
    assert str(tmp_path) not in json.dumps(_traced(space)[0])


def test_an_unset_variable_is_told_before_any_kernel_starts(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINY_DATA")
    with pytest.raises(ParameterError, match=r"\$TINY_DATA/panel lies in the folder that the environment variable TINY_DATA names"):
        plan(_edition(space), space=space)
    assert len(plan(_edition(space), space=space, check_data=False)) == 1
    with pytest.raises(ParameterError, match="which is not set"):
        voclib.locate("$TINY_DATA/panel")


@pytest.mark.parametrize(("value", "message"), [
    ("$TINY_DATA/nowhere", "there are no files at $TINY_DATA/nowhere"), ("$TINY_DATA/empty", "there are no files at $TINY_DATA/empty"),
    ("$TINY_DATA/../panel", "without '..'")])
def test_folders_that_hold_nothing_are_refused(space: Workspace, tmp_path: Path, value: str, message: str) -> None:
    (tmp_path / "elsewhere/empty").mkdir()
    with pytest.raises(ParameterError) as caught:
        plan(_edition(space), {"panel_data": value}, space=space)
    assert message in str(caught.value) and str(tmp_path) not in str(caught.value)


def test_located_in_a_notebook_too(space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert voclib.locate("$TINY_DATA/panel") == resolved("$TINY_DATA/panel", space.root) == tmp_path / "elsewhere/panel"
    monkeypatch.setenv("VOC_ROOT", str(space.root))
    assert voclib.locate("$TINY_DATA/panel") == tmp_path / "elsewhere/panel" and voclib.locate("data/x") == space.root / "data/x"
