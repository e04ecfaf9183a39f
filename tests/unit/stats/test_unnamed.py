"""Rows that name no unit: clusters of their own in a variance, and none of the units that a gate counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from silent_frames import planted

from voclib.results import Verdict
from voclib.stats import inference, metrics
from voclib.stats.inference import unnamed
from voclib.studies import clusters, survivorship
from voclib.studies.survivorship.frame import Frame

UNITS = pd.Series(["D1", None, "D2", "D1", None], dtype="str")


def test_a_row_without_a_unit_is_a_cluster_of_its_own_that_no_gate_counts() -> None:
    for ids in (unnamed.alone(UNITS), unnamed.alone(UNITS, pd.Series(list("abcde"))), unnamed.codes(unnamed.alone(UNITS))):
        assert inference.encode(ids)[1] == 4 and unnamed.count(ids) == 2 and unnamed.named(ids).tolist() == [True, False, True, True, False]
        assert unnamed.share(ids) == pytest.approx(0.4)
    whole = unnamed.alone(UNITS.fillna("D3"))
    assert unnamed.count(whole) == 3 and unnamed.share(whole) == 0 == unnamed.share([])
    assert unnamed.codes(whole).tolist() == pd.factorize(whole)[0].tolist(), "nothing moves where every row names its unit"


def test_singles_make_large_units_no_more_even() -> None:
    """Twelve units of which two hold nine answers in ten say little of how units differ, however many answers besides name none."""
    sizes = [300, 300, *[6] * 10]
    frame = pd.DataFrame({"unit": np.repeat([f"D{k}" for k in range(12)], sizes), "nps_score": np.tile([10, 9, 3, 7], sum(sizes) // 4)})
    blank = pd.DataFrame({"unit": None, "nps_score": np.tile([10, 9, 3, 7], 100)})
    whole = pd.concat([frame, blank], ignore_index=True)
    whole = whole.assign(unit=unnamed.alone(whole["unit"]), naive=whole["unit"].fillna("row " + whole.index.astype(str).to_series(index=whole.index)))
    assert metrics.nps(frame, cluster="unit").kind == "refusal" and metrics.nps(whole, cluster="naive").kind == "estimate"
    found = metrics.nps(whole, cluster="unit")
    assert found.kind == "refusal" and found.n_clusters == 12 and "degrees of freedom" in found.reason.en


def test_an_interval_keeps_rows_without_a_unit() -> None:
    """The value and the variance are those of all rows; the number of units is of those named, and fewer than twenty are a caveat."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"unit": np.repeat([f"D{k}" for k in range(15)], 20), "nps_score": rng.integers(0, 11, 300)})
    frame["unit"] = unnamed.alone(frame["unit"].mask(rng.random(300) < 0.3))
    found, naive = metrics.nps(frame, cluster="unit"), metrics.nps(frame.assign(unit="x" + frame["unit"]), cluster="unit")
    assert (found.value, found.conf_low, found.conf_high, found.n) == (naive.value, naive.conf_low, naive.conf_high, 300)
    assert found.n_clusters == 15 and found.verdict.value == "REPORT_WITH_CAVEAT" and naive.n_clusters > 60 and naive.verdict.value == "REPORT"


def test_voices_of_few_units_stay_of_few_where_some_name_none() -> None:
    voices = pd.DataFrame({"unit_id": np.repeat([f"D{k}" for k in range(8)], 30), "person": [f"P{k}" for k in range(240)]})
    some = voices.assign(unit_id=voices["unit_id"].mask(voices.index % 10 == 0))
    assert clusters.are_few(voices) and clusters.are_few(some) and (clusters.clusters(some) == some["person"]).all()
    many = some.assign(unit_id=np.where(some["unit_id"].isna(), None, [f"D{k % 24}" for k in range(240)]))
    assert not clusters.are_few(many)


def with_units(frame: Frame, units: object) -> Frame:
    return replace(frame, people=frame.people.assign(unit_id=units))


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_a_customer_without_a_dealer_is_no_further_dealer(share: float) -> None:
    """Nine dealers give no interval; blanks make them no more, as they do where each blank is counted (the naive one)."""
    called, _ = planted(1, customers=3000, rate=0.25, followup_share=0.2)
    lost = np.random.default_rng(6).random(len(called.people)) < share
    few = with_units(called, [f"d{k % 9}" for k in range(len(lost))])
    blank = with_units(few, few.people["unit_id"].mask(lost))
    answered = blank.people[blank.people["is_answered"]]
    naive = answered.assign(nps_score=answered["score"], unit_id=answered["unit_id"].fillna("other " + answered["customer_id"].astype(str)))
    assert metrics.nps(naive, cluster="unit_id").kind == "estimate" and naive["unit_id"].nunique() >= 10
    made = survivorship.study(blank, repeats=1, seed=1)
    assert made.study.verdict is Verdict.REFUSE and made.ladder["raw"].n_clusters == 9
    many = survivorship.study(with_units(called, called.people["unit_id"].mask(lost)), repeats=1, seed=1)
    [check] = [c for c in many.study.checks if c.name.en == "Every answer names its unit"]
    assert (check.passed, many.study.verdict) == ((False, Verdict.REPORT_WITH_CAVEAT) if share > 0.05 else (None, Verdict.REPORT))
