"""The committed figures of the GPU and the tables made of them; what a table says of cells that were not measured."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import gpu_table, gpu_topics_table
from benchmarks.gpu_table import Cell


@pytest.fixture(scope="module")
def found() -> dict:
    return json.loads(gpu_table.FILE.read_text("utf-8"))


@pytest.mark.parametrize(("table", "other"), [(gpu_table, [99.0]), (gpu_topics_table, {"neighbours": [99.0], "all": [99.0]})])
def test_the_readme_carries_the_tables_of_the_committed_figures(table: ModuleType, other: object, root: Path) -> None:
    text, figures = (root / "benchmarks" / "README.md").read_text("utf-8"), json.loads(table.FILE.read_text("utf-8"))
    assert table.report(figures) in text, f"put in what python -m {table.__name__} prints"
    figures["times"][-1]["seconds"] = other
    assert table.report(figures) not in text


def test_the_readme_names_every_file_of_figures(root: Path) -> None:
    text = (root / "benchmarks" / "README.md").read_text("utf-8")
    for path in (root / "benchmarks").iterdir():
        if path.suffix in {".json", ".md"} and path.name != "README.md":
            assert f"[{path.name}]({path.name})" in text, path.name


def test_figures_say_what_they_are(found: dict) -> None:
    assert {"date", "remarks", "machine", "times", "parity", "layouts", "memory"} <= set(found)
    for row in found["times"]:
        assert {"by", "stage", "n", "width", "vectors", "seconds"} <= set(row) and row["seconds"] and min(row["seconds"]) > 0
        assert ("gpu_epochs" in row) == (row["by"] != "processor" and row["stage"] in {"reduce", "chain", "neighbours and reduce"})


TIMES = [{"by": "processor", "stage": "reduce", "n": n, "vectors": "planted", "seconds": [s, 9 * s, s]} for n, s in ((100, 1.0), (1000, 20.0))]


def test_medians_and_power_laws() -> None:
    assert gpu_table.cell(TIMES, "processor", "reduce", 1000) == Cell(20.0, 3)
    assert gpu_table.cell(TIMES, "processor", "reduce", 10_000) is None and gpu_table.cell(TIMES, "engine", "reduce", 100) is None
    further = gpu_table.beyond(TIMES, "processor", "reduce", 10_000)
    assert further.seconds == pytest.approx(400) and further.extrapolated and str(further) == "≈ 400 s"
    assert gpu_table.beyond(TIMES, "processor", "reduce", 1000) == Cell(20.0, 3)
    assert gpu_table.beyond(TIMES[:1], "processor", "reduce", 1000) is None, "one size gives no power law"
    assert gpu_table.beyond(TIMES, "processor", "reduce", 10) is None, "nothing is carried to smaller sizes"


def test_planted_vectors_come_first_and_others_are_marked() -> None:
    other = {"by": "engine", "stage": "cluster", "n": 5, "vectors": "sentence-like", "seconds": [3.0]}
    assert str(gpu_table.cell([other], "engine", "cluster", 5)) == "3.00 s†"
    assert str(gpu_table.cell([other, {**other, "vectors": "planted", "seconds": [0.25]}], "engine", "cluster", 5)) == "0.250 s"


def test_sums_and_ratios_carry_what_is_to_be_said() -> None:
    whole = gpu_table.together([Cell(1.0, extrapolated=True), Cell(2.0, other=True), Cell(3.0, epochs=50)])
    assert str(whole) == "≈ 6.00 s† (50 epochs)" and gpu_table.together([Cell(1.0), None]) is None
    assert gpu_table.ratio(Cell(9.0, extrapolated=True), Cell(2.0)) == "≈ 4.50"
    assert gpu_table.ratio(None, Cell(2.0)) == gpu_table.ratio(Cell(2.0), None) == gpu_table.NONE


@pytest.mark.parametrize(("x", "said"), [(0.014712, "0.0147"), (0.16, "0.160"), (2.634, "2.63"), (19.21, "19.2"), (1147.8, "1,150"), (99.96, "100"),
                                         (111.5, "112")])
def test_digits(x: float, said: str) -> None:
    assert gpu_table.digits(x) == said
