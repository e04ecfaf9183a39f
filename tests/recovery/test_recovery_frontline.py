"""What is planted at the frontline is found, and the usual ways of looking fail on the same data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import coverage, coverage_frontline
from voclib.loop.frontline import lead as frontline_lead
from voclib.simulate.worlds import frontline, lead
from voclib.stats import silence

SETTINGS = {s.name: s for s in coverage_frontline.settings()}
NEWS = "60 dealers, 560 reports, half of the fixes told"


def test_the_ratio_is_found_where_before_and_after_misses_it():
    found = coverage.measure(SETTINGS[f"reporting once told: {NEWS}"], runs=200, band=coverage.SHORT_BAND)
    assert found["passed"], found
    assert found["naive_coverage"] < 0.5


def test_each_against_themselves_finds_a_fall_where_news_changes_nothing():
    found = coverage.measure(SETTINGS[f"reporting once told: {NEWS}, news changes nothing"], runs=100, band=(0.0, 0.1))
    assert found["passed"], found
    assert found["naive_share"] > 0.7


def off_by(seed: int, *, join: float, leave: float) -> float:
    """Log of the ratio found over the one planted, where shares of the employees of 60 dealers join after, and leave before, a day at random."""
    rng, days = np.random.default_rng([seed, 77]), 450
    made = frontline.make(rng, expected=2000, open_days=np.full(60, float(days)), days=days)
    come, gone = np.zeros(made.rate.size), np.full(made.rate.size, days * 1440.0)
    late, early = rng.random(come.size) < join, rng.random(come.size) < leave
    come[late] = rng.uniform(0, days * 1440, late.sum())
    gone[early] = rng.uniform(come[early], days * 1440)
    there = (made.minute >= come[made.staff]) & (made.minute <= gone[made.staff])
    clock = {name: coverage_frontline._moments(getattr(made, of)[there]) for name, of in
             {"reported_at": "minute", "confirmed_at": "confirmed", "fixed_at": "fixed", "notified_at": "told"}.items()}
    table = pd.DataFrame({"report_id": [f"G{i:05d}" for i in range(there.sum())], "staff_id": [f"E{s:04d}" for s in made.staff[there]],
                          "unit_id": [f"D{s:02d}" for s in made.unit[there]], "kind": "product_bug", **clock})
    return float(np.log(coverage_frontline.own_rate({"frontline_reports": table}).value / made.ratio))


@pytest.mark.parametrize(("join", "leave", "low", "high"), [(1 / 3, 0.0, 0.9, 1.0), (0.0, 1 / 3, 1.0, 1.1), (0.9, 0.9, 0.58, 0.75)])
def test_people_who_join_and_leave_move_the_ratio_as_far_as_the_page_says(join: float, leave: float, low: float, high: float) -> None:
    assert low < np.exp(np.mean([off_by(seed, join=join, leave=leave) for seed in range(40)])) < high


def test_twice_as_often_is_mostly_told():
    assert coverage.measure(SETTINGS[f"reporting once told: {NEWS}, twice as often"], runs=60)["passed"]


def test_no_lead_is_claimed_where_reports_know_nothing():
    found = coverage.measure(SETTINGS["days earlier: a batch fails, reports know nothing of it"], runs=20, band=(0.0, 0.15))
    assert found["passed"], found
    assert found["naive_share"] > 0.5  # a report of the months before is always at hand


def test_the_range_holds_the_planted_lead():
    found = coverage.measure(SETTINGS["days earlier: a batch fails, the frontline 2 to 20 days earlier"], runs=20, band=(0.84, 1.0))
    assert found["passed"], found
    assert coverage.measure(SETTINGS["days earlier: a batch fails, a range of a month at most"], runs=10, band=(0.6, 1.0))["passed"]


@pytest.mark.parametrize("world", ["half of the batches made meanwhile", "a model launched meanwhile",
                                   "half made and a model launched meanwhile, no table of batches"])
def test_no_batch_began_to_fail_where_there_are_only_more_vehicles(world):
    found = coverage.measure(SETTINGS[f"days earlier: nothing fails, {world}"], runs=20, band=(0.0, 0.15))
    assert found["passed"] and found["naive_share"] > 0.5, found


def test_dealers_that_differ_are_not_called_silent_and_those_that_will_not_speak_are():
    quiet = coverage.measure(SETTINGS["silent dealers: 60 dealers that differ, none silent"], runs=120, band=(0.0, 0.06))
    assert quiet["passed"] and quiet["naive_share"] > 0.3, quiet
    assert coverage.measure(SETTINGS["silent dealers: 60 dealers that differ, 18 that will not speak"], runs=60)["passed"]


@pytest.mark.parametrize("silent", [0.0, frontline.SILENT])
def test_a_share_of_dealers_stays_silent(silent):
    made = frontline.make(np.random.default_rng(1), expected=600, open_days=np.full(60, 400), days=400, silent=silent)
    assert (made.rate.reshape(60, -1).sum(axis=1) == 0).sum() == round(60 * silent)


def test_a_draw_repeats_and_the_batch_fails_from_its_day_on():
    (one, truth), (two, _) = lead.draw(4), lead.draw(4)
    assert all(one[name].equals(two[name]) for name in one)
    day = (one["repairs"]["repaired_at"] - pd.Timestamp(lead.FIRST)).dt.days
    mine = one["repairs"]["batch_id"].eq(truth["batch"])
    batch = one["batches"].set_index("batch_id").loc[truth["batch"]]
    made = max((batch["produced_on"] - pd.Timestamp(lead.FIRST).tz_localize(None)).days, 0)
    before = (mine & (day < truth["surge"])).sum() / (truth["surge"] - made)
    after = (mine & (day >= truth["surge"])).sum() / (450 - truth["surge"])
    assert after > 4 * before and truth["surge"] - made >= 90 and day[mine].min() >= made
    assert (batch["part"], batch["product"]) == (truth["part"], truth["product"])
    reports = one["frontline_reports"]
    on = (reports["reported_at"] - pd.Timestamp(lead.FIRST)).dt.days
    named = reports["product"].eq(truth["product"]) & reports["text"].str.contains(truth["part"])
    first = truth["surge"] - truth["lead"]
    assert (named & on.between(first, first + 74)).sum() > 20 > 4 * (named & on.between(first - 75, first - 1)).sum()


def test_a_launched_model_is_not_seen_before_its_day_and_some_batches_are_made_meanwhile():
    tables, truth = lead.draw(3, is_launched=True, late=0.5, fails=1.0, is_heard=False)
    day = {name: (tables[name][column] - pd.Timestamp(lead.FIRST)).dt.days for name, column in
           (("repairs", "repaired_at"), ("frontline_reports", "reported_at"))}
    seen = {name: tables[name].assign(day=days).groupby("product")["day"].min() for name, days in day.items()}
    for first in seen.values():
        assert (first >= truth["launched"]).sum() == 1 and first.min() < 30
    made = (tables["batches"]["produced_on"] - pd.Timestamp(lead.FIRST).tz_localize(None)).dt.days
    assert 0.2 < made.between(0, 300).mean() < 0.8
    born = tables["repairs"]["batch_id"].map(dict(zip(tables["batches"]["batch_id"], made, strict=True)))
    assert (day["repairs"] >= born).all()


def test_the_range_of_the_lead_comes_from_both_sides():
    found = coverage_frontline._leads(lead.draw(7)[0])
    at, low, high = found.heard[0].lead
    assert low <= at <= high and found.lead.kind == "bounds" and isinstance(found, frontline_lead.Leads)


def test_all_alike_needs_no_distribution():
    counts = np.random.default_rng(2).poisson(10.0, 60)
    found = {name: silence.chance(counts, np.ones(60), mixing=name, draws=500) for name in silence.MIXINGS}
    assert all(abs(one.expected - 60 * np.exp(-10)) < 0.2 for one in found.values())
