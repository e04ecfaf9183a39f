"""Where a batch began to fail and who said so first: vehicles on the road, batches that share a rise, vehicles that come back, and ranges of days."""

from dataclasses import dataclass, replace
from functools import partial

import pandas as pd
import pytest
from frontline_tables import company

from benchmarks import coverage_frontline
from voclib.loop.frontline import captions as frontline_captions
from voclib.loop.frontline import lead as frontline_lead
from voclib.loop.frontline import reports as frontline_reports
from voclib.loop.frontline import tables as laid
from voclib.loop.frontline.lead import Leads
from voclib.loop.frontline.lists import Lists
from voclib.loop.frontline.reports import Reports
from voclib.simulate.worlds import lead
from voclib.stats import onsets


@dataclass(frozen=True)
class Found:
    """What the tests look at."""

    reports: Reports
    leads: Leads


@pytest.fixture(autouse=True, scope="module")
def quick():
    """Fewer draws than a page takes: what is tested here is not their number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onsets, "dated", partial(onsets.dated, draws=40))
        yield


@pytest.fixture(scope="module")
def tables():
    return company()


@pytest.fixture(scope="module")
def result(tables, quick):
    reports = frontline_reports.read(tables)
    return Found(reports, frontline_lead.study(reports, tables, frontline_lead.Settings(shuffles=20, seed=3)))


def test_batches_that_share_one_rise_of_the_frontline_count_once(result):
    one = result.leads.heard[0]
    later = replace(one, batch="other", customers=replace(one.customers, first=one.customers.first + 9))
    made = frontline_lead.lead((one, *(replace(later, batch=f"other {k}") for k in range(6))), 9, frontline_lead.Settings())
    assert made.kind == "bounds" and made.n == 1 and (made.bound_low, made.bound_high) == one.lead[1:]
    assert frontline_lead.apart((one, later)) == (one,)


def test_none_of_no_batches_is_not_said(tables, result):
    few = tables | {"repairs": tables["repairs"].groupby("batch_id").head(3)}
    found = frontline_lead.study(result.reports, few, frontline_lead.Settings(shuffles=5))
    assert found.batches_n == 0 and found.lead.kind == "refusal" and "5 repairs or more" in found.lead.reason.en and "5 次" in found.lead.reason.zh
    assert "0" not in found.lead.reason.en


def test_a_range_adds_squares_of_both_reaches(result):
    one = result.leads.heard[0]
    rises = [replace(rise, first=first, low=first - 3, high=first + 3) for rise, first in ((one.customers, 200), (one.frontline, 190))]
    assert replace(one, customers=rises[0], frontline=rises[1]).lead == (10, 5, 15)


def test_a_batch_made_meanwhile_has_not_begun_to_fail():
    """Half of the batches are made while the data run and fail like all others: their share of the part's repairs rises, their rate does not."""
    for seed in range(3):
        tables = lead.draw(seed, fails=1.0, is_heard=False, late=0.5)[0]
        assert coverage_frontline.any_rise_by_share(tables) == 1.0
        assert not frontline_lead.study(frontline_reports.read(tables), tables, frontline_lead.Settings()).events


def test_without_a_table_of_batches_those_repaired_later_are_not_watched():
    tables = lead.draw(1, fails=1.0, is_heard=False, late=0.5, is_launched=True)[0]
    bare = {name: frame for name, frame in tables.items() if name != "batches"}
    reports = frontline_reports.read(bare)
    found = frontline_lead.study(reports, bare, frontline_lead.Settings())
    assert not found.by_vehicles and found.unwatched > 20 and not found.events
    said = frontline_captions._against(found)
    assert str(found.unwatched) in said.zh and str(found.unwatched) in said.en
    assert frontline_lead.study(reports, tables, frontline_lead.Settings()).unwatched == 0


def test_repairs_are_compared_with_siblings_rate(result, tables):
    """Of the batch planted to fail 8 to 14 times as often, whatever share of its part it makes up."""
    one = result.leads.heard[0]
    assert laid.events(result.leads, result.reports, Lists())["ratio"].iloc[0] == one.times
    assert 6 < one.times < 18 and one.times > one.customers.n / one.customers.expected


def test_a_vehicle_that_comes_back_is_counted_once(tables, result):
    first = tables["repairs"].iloc[[0]]
    at = first["repaired_at"].iloc[0]
    again = pd.concat([first.assign(repair_id=f"again {k}", repaired_at=at + pd.Timedelta(days=day)) for k, day in enumerate((0, 20, 45, 80))])
    more = tables | {"repairs": pd.concat([tables["repairs"], again], ignore_index=True)}
    steps = pd.Series(frontline_lead.steps(result.reports, more))
    assert steps.tail(4).tolist() == ["again", "again", "again", ""]  # 45 days after the first, 25 after the one before


def test_repairs_that_cannot_be_set_against_vehicles_are_left_out(tables, result):
    batches = tables["batches"].copy()
    lost, late = tables["repairs"]["batch_id"].iloc[0], tables["repairs"]["batch_id"].iloc[-1]
    batches.loc[batches["batch_id"] == lost, "fitted_n"] = 0
    batches.loc[batches["batch_id"] == late, "produced_on"] = pd.Timestamp("2031-01-01")
    found = pd.Series(frontline_lead.steps(result.reports, tables | {"batches": batches}))
    assert set(found[tables["repairs"]["batch_id"].eq(lost).to_numpy()]) - {"outside"} == {"uncounted"}
    assert set(found[tables["repairs"]["batch_id"].eq(late).to_numpy()]) - {"outside"} == {"early"} and lost != late
