"""The sample company: every table valid and filled at any size, repeatable, and consistent with itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import ParameterError
from voclib.schema import TABLES, validate_all
from voclib.simulate import company
from voclib.simulate.plan import Plan


@pytest.fixture(scope="module")
def middle() -> tuple[company.World, dict[str, pd.DataFrame]]:
    world = company.World(Plan(customers=4000))
    return world, dict(company.tables(world))


@pytest.mark.parametrize("customers", [50, 300, 4000])
def test_every_table_is_filled_and_valid(customers):
    tables = dict(company.tables(company.World(Plan(customers=customers))))
    assert set(tables) == set(TABLES)
    for name, frame in tables.items():
        assert len(frame), name
        TABLES[name].validate(frame, lazy=True)
    for name, result in validate_all(tables).items():
        assert result.quarantined.empty and result.repairs.empty and len(result.accepted) == len(tables[name]), name


@pytest.mark.parametrize("seed", range(5))
def test_the_smallest_company_stands_for_any_seed(seed):
    tables = dict(company.tables(company.World(Plan(customers=50, seed=seed))))
    assert all(len(frame) for frame in tables.values())


def test_the_same_seed_gives_the_same_company_and_another_does_not(middle):
    again = dict(company.tables(company.World(Plan(customers=4000))))
    for name, frame in middle[1].items():
        pd.testing.assert_frame_equal(frame, again[name])
    other = company.World(Plan(customers=4000, seed=1))
    assert not company.TABLES["responses"](other).equals(middle[1]["responses"])


def test_a_table_made_alone_is_the_table_made_among_the_others(middle):
    for name in ("cases", "usage", "operations", "gold_labels", "conversations", "turns", "responses"):
        pd.testing.assert_frame_equal(company.TABLES[name](company.World(Plan(customers=4000))), middle[1][name])


def test_sizes_and_dates_are_checked():
    with pytest.raises(ParameterError, match="customers is 10; the sample company needs at least 50"):
        Plan(customers=10)
    with pytest.raises(ParameterError, match="last day of a quarter"):
        Plan(asof="2026-08-31")


def test_another_as_of_date_moves_the_calendar():
    plan = Plan(customers=60, asof="2025-12-31")
    assert plan.quarters == ["2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4"] and str(plan.first_day) == "2024-10-01"
    assert dict(company.tables(company.World(plan)))["responses"]["submitted_at"].max() < pd.Timestamp("2026-01-01", tz="UTC")


def test_network(middle):
    units = middle[1]["units"]
    dealers = units[units["kind"] == "dealer"]
    assert units.loc[units["kind"] == "region", "region"].nunique() == 6 and dealers["region"].nunique() == 6
    assert dealers["closed_on"].notna().sum() == 3 and dealers["merged_into_unit_id"].notna().sum() == 1
    assert Plan().dealers == 60 and Plan(customers=1_000_000).dealers == 303
    shut = dealers.dropna(subset="closed_on").set_index("unit_id")["closed_on"]
    visits = middle[1]["touchpoints"].merge(shut.rename("shut"), left_on="unit_id", right_index=True)
    local = (visits["started_at"].dt.tz_localize(None) + pd.Timedelta(hours=8)).dt.normalize()
    assert len(visits) and (local <= visits["shut"]).all()


def test_nobody_is_met_after_leaving_or_before_joining(middle):
    tables = middle[1]
    met = tables["touchpoints"].merge(tables["customers"], on="customer_id")
    local = (met["started_at"].dt.tz_localize(None) + pd.Timedelta(hours=8)).dt.normalize()
    assert (local >= met["joined_on"]).all() and (local <= met["churned_on"])[met["churned_on"].notna()].all()
    assert tables["customers"]["is_churned"].equals(tables["customers"]["churned_on"].notna().astype("boolean"))
    used = tables["usage"].merge(tables["customers"], on="customer_id").dropna(subset="churned_on")
    assert (used["month"] <= used["churned_on"].dt.strftime("%Y-%m")).all()


def test_log_ins_fall_before_leaving(middle):
    tables = middle[1]
    used = tables["usage"].merge(tables["customers"], on="customer_id").dropna(subset="churned_on")
    months = (used["churned_on"].dt.year - used["month"].str[:4].astype(int)) * 12 + used["churned_on"].dt.month - used["month"].str[5:].astype(int)
    mean = used.groupby(months)["logins"].mean()
    assert mean[0] < mean[1] < mean[2] < mean.loc[3:6].mean()


def test_answers_belong_to_delivered_messages_and_follow_them(middle):
    tables = middle[1]
    answered = tables["responses"].dropna(subset="invitation_id").merge(tables["invitations"], on="invitation_id", suffixes=("", "_sent"))
    assert len(answered) == tables["responses"]["invitation_id"].notna().sum() == answered["invitation_id"].nunique()
    assert answered["is_delivered"].all() and (answered["submitted_at"] > answered["sent_at"]).all()
    assert (answered["channel"] == answered["channel_sent"]).all() and set(answered["wave"]) == {0, 1, 2}
    once = tables["invitations"].groupby("touchpoint_id")["wave"]
    assert (once.max() - once.min() + 1 == once.size()).all()


def test_operations_add_up_to_the_ledger(middle):
    tables = middle[1]
    book = tables["transactions"].assign(month=(tables["transactions"]["booked_at"] + pd.Timedelta(hours=8)).dt.strftime("%Y-%m"))
    sums = book.groupby(["unit_id", "month"])["net_cny"].sum()
    held = tables["operations"].set_index(["unit_id", "month"])["revenue_cny"]
    both = held[held.index.isin(sums.index)]
    assert np.allclose(both, sums.loc[both.index], atol=0.02) and len(both) > 100
    refunds = book[book["kind"] == "refund"]
    assert len(refunds) and (refunds["net_cny"] < 0).all() and refunds["refund_of_transaction_id"].isin(book["transaction_id"]).all()


def test_call_backs_are_drawn_among_the_silent(middle):
    """Each was asked about the last contact of the window and had not answered when the call-backs were drawn."""
    tables = middle[1]
    drawn, met = tables["followups"], tables["touchpoints"]
    start, end = (pd.Timestamp(day, tz="Asia/Shanghai") for day in ("2026-07-01", "2026-09-11"))
    inside = met[(met["started_at"] >= start) & (met["started_at"] < end)].sort_values(["customer_id", "started_at"])
    last = inside.drop_duplicates("customer_id", keep="last").set_index("customer_id")["touchpoint_id"]
    asked, answers = tables["invitations"], tables["responses"]
    early = answers["submitted_at"] < pd.Timestamp("2026-09-22", tz="Asia/Shanghai")
    spoken = asked.loc[asked["invitation_id"].isin(answers.loc[early, "invitation_id"]), "touchpoint_id"]
    about = last.reindex(drawn["customer_id"])
    assert len(drawn) > 100 and about.isin(asked["touchpoint_id"]).all() and not about.isin(spoken).any()
    assert drawn["nps_score"].notna().equals(drawn["outcome"] == "completed") and drawn["draw_probability"].nunique() == 1
    assert drawn["drawn_on"].eq(pd.Timestamp("2026-09-22")).all()


def test_verbatims_of_the_company_are_varied_and_shown_without_identifiers(middle):
    world, tables = middle
    comments = tables["responses"]["comment"].dropna()
    assert comments.nunique() >= 0.9 * len(comments) and set(tables["responses"]["language"].dropna()) == {"zh", "en"}
    assert not comments.str.contains(r"1[3-9]\d{9}|@example\.").any()
    assert pd.Series(world.voices.raw_text).dropna().str.contains(r"1[3-9]\d{9}").sum() >= world.voices.planted["phone"]
    assert comments.str.contains("</script>", regex=False).any()


def test_some_cases_are_open_and_clocks_run_forward(middle):
    cases = middle[1]["cases"]
    assert cases["resolved_at"].isna().any() and cases["resolved_at"].notna().mean() > 0.7
    done = cases.dropna(subset=["assigned_at", "responded_at", "resolved_at"])
    assert (done["opened_at"] < done["assigned_at"]).all() and (done["responded_at"] <= done["resolved_at"]).all()
