"""The bar of long work: drawn where somebody watches, anew for each stage, silent in a batch run."""

from __future__ import annotations

import sys

import pytest

from voclib.progress import bar


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A notebook opened by hand."""
    monkeypatch.delenv("VOC_BATCH", raising=False)
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    return monkeypatch


def test_each_stage_is_drawn_to_its_own_total(watched: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with bar("topics") as told:
        told(0, 0, "nothing yet")
        for total, stage in ((4, "granularity"), (30, "evenings")):
            for done in range(total + 1):
                told(done, total, stage)
    drawn = capsys.readouterr().err
    assert "topics" in drawn and "0/4" in drawn and "0/30 , evenings" in drawn and "5/4" not in drawn


@pytest.mark.parametrize(("quiet", "batch"), [(True, None), (False, "1")])
def test_nobody_is_told_where_nobody_watches(watched: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], quiet: bool, batch: str | None) -> None:
    if batch:
        watched.setenv("VOC_BATCH", batch)
    with bar("topics", quiet=quiet) as told:
        assert told is None
    assert not capsys.readouterr().err


def test_a_stream_that_is_no_terminal_gets_no_bar(watched: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    watched.delitem(sys.modules, "ipykernel")
    with bar("run") as told:
        told(1, 2, "half")
    assert not capsys.readouterr().err
