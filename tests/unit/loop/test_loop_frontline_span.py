"""The time over which the frontline is observed: one mistyped date neither stretches it nor goes untold."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from frontline_tables import PRICES, company

from voclib.loop import frontline
from voclib.loop.frontline import reports as frontline_reports
from voclib.loop.frontline.lists import Lists
from voclib.stats import onsets


@pytest.fixture(scope="module")
def tables():
    return company()


@pytest.mark.parametrize("named", ["fixed_at", "notified_at"])
def test_a_mistyped_late_day_does_not_stretch_the_time_observed(tables, named):
    before = frontline_reports.read(tables)
    table = tables["frontline_reports"].copy()
    at = table.index[table["notified_at"].notna()][0]
    table.loc[at, ["fixed_at", "notified_at"] if named == "fixed_at" else [named]] = table.loc[at, named] + pd.Timedelta(days=2 * 365)
    after = frontline_reports.read(tables | {"frontline_reports": table})
    assert after.end <= before.end and before.days - after.days < 2  # taken at its word, it is two years
    assert after.mistyped == 1 and before.mistyped == 0
    shown = after.table.set_index("report_id").loc[table.loc[at, "report_id"]]
    assert pd.isna(shown[named]) and (named == "fixed_at" or shown["fixed_at"] == table.loc[at, "fixed_at"])


def test_a_date_left_out_is_told_on_the_page(tables, monkeypatch):
    monkeypatch.setattr(onsets, "dated", partial(onsets.dated, draws=40))
    monkeypatch.setattr(frontline, "Settings", partial(frontline.Settings, shuffles=20))
    table = tables["frontline_reports"].copy()
    at = table.index[table["fixed_at"].notna() & table["notified_at"].isna()][0]
    table.loc[at, "fixed_at"] += pd.Timedelta(days=2 * 365)
    found = frontline.study(tables | {"frontline_reports": table}, Lists(list_prices=PRICES), seed=3)
    told = next(one for one in found.study.checks if "long after" in one.name.en)
    assert "1 report has" in told.detail.en and f"{found.reports.end:%Y-%m}" in told.detail.en and "1 条上报" in told.detail.zh


def test_fixes_that_follow_the_last_report_are_the_record(tables):
    table = tables["frontline_reports"].copy()
    late = table.index[table["fixed_at"].notna()][-8:]
    table.loc[late, "fixed_at"] = table["reported_at"].max() + pd.to_timedelta(np.arange(8) * 9, unit="D")
    table.loc[late, "notified_at"] = pd.NaT
    assert frontline_reports.read(tables | {"frontline_reports": table}).mistyped == 0
