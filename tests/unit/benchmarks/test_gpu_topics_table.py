"""The committed figures of topics on a GPU from end to end, and the tables made of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import gpu_topics_table as table


@pytest.fixture(scope="module")
def found() -> dict:
    return json.loads(table.FILE.read_text("utf-8"))


def test_what_fails_is_told(found: dict) -> None:
    """A bound that a row does not meet has its reason among the remarks."""
    failing = [row for row in found["parity"] if not all(row["passes"].values())]
    assert all(row["layout"] == "density" and row["vectors"] == "zh" and not row["passes"]["between"] for row in failing)
    assert bool(failing) == any("under the 0.85" in remark for remark in found["remarks"])


def test_the_readme_says_what_was_measured(found: dict, root: Path) -> None:
    took = table.seconds(found, "gpu", "graph", "all")
    said = f"a million vectors become topics in {took[10**6]:.0f} s, five million in {took[5 * 10**6]:.0f} s"
    assert said in (root / "README.md").read_text("utf-8")


def times(by: str, seconds: dict[int, float], layout: str = "graph") -> list[dict]:
    return [{"by": by, "layout": layout, "n": n, "width": 4, "peak_gib": 1.0, "seconds": {"neighbours": [s, 9 * s, s], "all": [2 * s] * 3}}
            for n, s in seconds.items()]


def test_a_ratio_stands_at_the_largest_size_of_both_and_at_a_million() -> None:
    rows = [*times("gpu", {100: 1.0, 1_000_000: 4.0}), *times("cpu", {10: 1.0, 100: 10.0}), *times("faiss, exact", {100: 1.0})]
    lines = table.ratios({"times": rows + times("gpu", {1_000_000: 1.0}, "density") + times("cpu", {10: 1.0, 100: 10.0}, "density")})
    assert lines[3] == "| graph | neighbours | 100 | 10.0 | ≈ 100,000 s (n to the power 1.00, from 100) | 4.00 s | ≈ 25,000 |"
    assert "every pair compared on both | 100 | 1.00 | ≈ 100,000,000 s (n to the power 2.00" in lines[4]
    assert lines[2].startswith("| density | all | – | – |"), "no size in common"


def test_a_floor_is_the_way_to_the_card_and_the_products() -> None:
    row, best = {"n": 10**6, "width": 250, "neighbours": 16, "gpu_epochs": 200}, {"to_card_gb_s": 10.0, "fp16_tflops": 500.0, "copy_gb_s": 1152.0}
    low = table.floors(row, best)
    assert low["neighbours"] == pytest.approx(0.1 + 1.0) and low["reduce"] == pytest.approx(0.1 + 1.0)
