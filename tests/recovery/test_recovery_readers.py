"""The readers' pages on planted data: counts called moved and pairs told apart are right as often as promised, and the usual ways are not.

The seeds are fixed, so a run repeats; `make coverage` holds the same settings to their full bands.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import coverage, coverage_readers
from voclib.simulate.worlds import last_period

SETTINGS = {s.name: s for s in coverage_readers.settings()}
SHORT = 200
LOOSE = {"false alarms": (0.0, 0.1), "false discoveries": (0.0, 0.1), "power": (0.75, 1.0), "coverage": coverage.SHORT_BAND}


@pytest.mark.parametrize("name", [name for name in SETTINGS if not name.startswith("money")])
def test_every_setting_holds_and_its_naive_twin_fails_on_the_same_data(name: str) -> None:
    setting = SETTINGS[name]
    record = coverage.measure(setting, runs=SHORT, band=LOOSE[setting.kind])
    assert record["passed"] and record["refusals"] < 0.1, record
    assert (record["naive_coverage"] is None) != (record["naive_share"] is None), "the naive way was measured too"


def test_the_money_spared_holds_the_truth_and_two_months_overstate_it() -> None:
    setting, = (s for name, s in SETTINGS.items() if name.startswith("money"))
    record = coverage.measure(setting, runs=20, band=(0.8, 1.0))
    assert record["passed"] and record["naive_bias"] > 3 * abs(record["bias"]) and record["naive_coverage"] < 0.4, record


def test_the_planted_scatter_and_ratio_are_what_a_large_draw_shows() -> None:
    (y, e), truth = last_period.counts(5, rows=20_000, moved=20_000, ratio=1.5)
    rate = (y[:, :-1] / e[:, :-1]).mean(axis=1)
    assert y[:, -1].sum() / (rate * e[:, -1]).sum() == pytest.approx(truth["ratio"], abs=0.02)
    left = (y[:, :-1] - rate[:, None] * e[:, :-1]) ** 2 / (rate[:, None] * e[:, :-1])
    assert left.sum() / (left.size - len(left)) == pytest.approx(np.mean(last_period.DISPERSION), abs=0.05)


def test_parameters_are_drawn_by_seed_and_draws_repeat() -> None:
    assert len({last_period.counts(seed)[1]["ratio"] for seed in range(8)}) == 8
    assert np.array_equal(last_period.counts(3)[0][0], last_period.counts(3)[0][0])
    sizes = {len(d) for seed in range(20) for d in last_period.dealers(seed)[0]}
    assert sizes == set(range(*last_period.DEALERS))
