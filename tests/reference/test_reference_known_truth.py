"""The public page on known truths against published numbers; what is printed elsewhere stands here and nowhere on the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from voclib.stats import gates
from voclib.studies.known_truth import cases, masks
from voclib.studies.known_truth import files as sources


@pytest.fixture(scope="module")
def files(public_data: Path) -> sources.Files:
    return sources.read(*(public_data / name for name in ("survey_api", "balance_sim", "nhefs", "mroz")))


def test_the_population(files: sources.Files) -> None:
    assert len(files.population) == 6194 and files.truth == pytest.approx(664.7126, abs=5e-5)
    assert files.population["enroll"].sum() == 3_811_472


@pytest.mark.parametrize(("rung", "value", "error"), [
    ("apisrs_design", 656.59, 9.2497), ("apistrat_design", 662.29, 9.4089), ("apiclus1_design", 644.17, 23.542),
    ("apiclus1_poststratified", 642.31, None), ("apiclus1_raked", 641.23, None)])
def test_published_samples(files: sources.Files, rung: str, value: float, error: float | None) -> None:
    """R package `survey`, its help pages; errors of calibrated means are printed with another small-sample factor (see weighting)."""
    found = next(e for e in cases.samples(files) if e.rung == rung)
    assert found.value == pytest.approx(value, abs=0.006)
    assert error is None or found.std_error == pytest.approx(error, rel=1e-4)
    assert found.conf_low < files.truth < found.conf_high


def test_the_self_selected_panel(files: sources.Files) -> None:
    found = cases.panel(files, seed=20260701)
    assert found["raw"].value == pytest.approx(48.559, abs=5e-4) and found.truth == pytest.approx(56.278, abs=5e-4)
    assert found["raked"].value == pytest.approx(55.484, rel=1e-4)
    assert found.design_effect == pytest.approx(2.103, abs=5e-4) and found.n_effective == pytest.approx(475.6, abs=0.05)
    assert 0.85 < found.closed("raked") < found.closed("aipw") < 1.05
    assert found["aipw"].conf_low < found.truth < found["aipw"].conf_high


def test_smoking_and_weight(files: sources.Files) -> None:
    """Hernán & Robins 2020: 2.5 crude, 3.4 (2.4 to 4.5) weighted, 3.5 (2.5 to 4.5) weighted for drop-outs too, ch. 12."""
    found = cases.health(files)
    assert found["crude"].value == pytest.approx(2.54, abs=0.005) and found["weighted"].value == pytest.approx(3.44, abs=0.005)
    assert (found["weighted"].conf_low, found["weighted"].conf_high) == pytest.approx((2.4, 4.5), abs=0.05)
    assert found["dropouts"].value == pytest.approx(3.5, abs=0.05)
    assert (found["dropouts"].conf_low, found["dropouts"].conf_high) == pytest.approx((2.5, 4.5), abs=0.1)
    assert found["crude"].n == 1566 and len(files.health) == 1629


def test_wages(files: sources.Files) -> None:
    """Wooldridge 2010, §19.6."""
    table = cases.wages(files).table.set_index("name")
    assert table.loc["educ", "value"] == pytest.approx(0.109066, abs=5e-7)
    assert table.loc["inverse_mills", "value"] == pytest.approx(0.032262, abs=5e-7)
    assert table.loc["educ", "naive"] == pytest.approx(0.1074896, abs=5e-8)


def test_faults_of_the_real_files(files: sources.Files) -> None:
    found = " ".join(row.found.en for row in sources.faults(files).itertuples())
    for told in ("in 6,194 rows", "740 schools have no target, all of them at 800 or more", "15 of 757 districts", "50.5; 33.8",
                 "the 63 who dropped out", "325 women", "“flag” is empty throughout; “yr.rnd” has only one value"):
        assert told in found


def test_masks_on_the_real_schools(files: sources.Files) -> None:
    """Forty draws a mask: the naive interval fails on the same draws on which the one with call-backs holds; the page makes 200."""
    world = masks.world(files.population)
    table = masks.repeat(world, runs=40, size=2000, seed=20260701, gates=gates.load())
    held = table.groupby(["method", "mask"])["held"].mean()
    for mask in ("recorded", "u_shaped", "rising"):
        assert held["raw"][mask] == 0
    for mask in ("random", "recorded", "u_shaped", "rising"):
        assert held["followup"][mask] >= 0.85
    assert held["aipw"]["recorded"] >= 0.85 > held["aipw"]["u_shaped"] and held["aipw"]["rising"] <= 0.25
    assert held["bounded"]["never_asked"] == 1 and (table[table["method"] == "manski"]["held"]).all()
