"""The cohort of the money study: whose clock starts when, what is known before, and every message for tables that cannot carry it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from money_cohorts import drawn

from voclib.errors import DataError, ParameterError
from voclib.stats import gates as gating
from voclib.studies import money_trail, nps_revenue
from voclib.studies.nps_revenue import cohort, pains, payback, recovery, score_worth

LOOSE = replace(gating.load(), min_clusters=8)  # the small company has eight dealers: too few for a price, enough to see that figures fit
WINDOW = {"first_day": "2025-07-01", "last_day": "2025-09-30"}


@pytest.fixture(scope="module")
def made(small_company) -> cohort.Cohort:
    return cohort.build(small_company.ingested, **WINDOW, min_mentions=2)


@pytest.fixture(scope="module")
def result(made) -> nps_revenue.NpsRevenue:
    return nps_revenue.study(made, plan=payback.Plan(cost=10_000.0), repeats=1, materiality=5e6, gates=LOOSE)


class TestAgainstThePlantedCompany:
    def test_the_cohort_is_the_one_that_was_planted(self, small_company, made) -> None:
        planted = small_company.truth["nps_revenue"]
        assert len(made.people) == planted["cohort_n"] and made.exposed.sum() == planted["exposed_n"]
        gap = made.money[made.exposed].mean() - made.money[~made.exposed].mean()
        assert gap == pytest.approx(planted["naive_difference_cny"], abs=0.01)
        assert made.left[made.exposed].sum() == planted["slide_customers"]

    def test_nothing_from_after_the_contact_is_known(self, small_company, made) -> None:
        tables, start = small_company.ingested, pd.Timestamp(WINDOW["first_day"])
        asof = tables["behaviours"].merge(made.people[["customer_id"]], on="customer_id")["asof_on"]
        assert (asof < start).any() and set(made.known).isdisjoint({"money", "is_left", "left_days", "score", "dose"})
        late = tables["behaviours"].assign(asof_on=start + pd.Timedelta(days=40), complaints_12m=99)
        again = cohort.build({**tables, "behaviours": pd.concat([tables["behaviours"], late], ignore_index=True)}, **WINDOW, min_mentions=2)
        pd.testing.assert_frame_equal(again.people, made.people)

    def test_row_order_changes_nothing(self, small_company, made) -> None:
        shuffled = {name: table.sample(frac=1.0, random_state=3) for name, table in small_company.ingested.items()}
        pd.testing.assert_frame_equal(cohort.build(shuffled, **WINDOW, min_mentions=2).people, made.people)

    def test_a_pain_point_that_the_dose_measures_is_not_taken_from_words(self, made) -> None:
        assert made.pains and "pain_waiting_time" not in made.pains and set(np.unique(made.people[made.pains[0]])) == {0.0, 1.0}

    def test_answers_start_a_year_of_their_own(self, small_company, made) -> None:
        told = cohort.answered(small_company.ingested, made)
        assert told["customer_id"].is_unique and told["score"].between(0, 10).all() and told["second"].notna().any()
        assert cohort.answered({**small_company.ingested, "responses": small_company.ingested["responses"].head(0)}, made).empty


class TestMessages:
    def test_tables_that_are_missing_are_named(self, small_company) -> None:
        with pytest.raises(DataError, match="missing or empty: transactions"):
            cohort.build({k: v for k, v in small_company.ingested.items() if k != "transactions"}, **WINDOW)

    def test_money_is_margin_or_revenue_by_name(self, small_company) -> None:
        bare = small_company.ingested | {"transactions": small_company.ingested["transactions"].assign(margin_cny=float("nan"))}
        with pytest.raises(DataError, match="margin is not"):
            cohort.build(bare, **WINDOW)
        priced = cohort.build(bare, **WINDOW, measure="revenue")
        assert priced.measure == "revenue" and priced.money.sum() > 0
        with pytest.raises(ParameterError, match="margin or revenue, not 'revenu'"):
            cohort.build(bare, **WINDOW, measure="revenu")

    @pytest.mark.parametrize(("change", "message"), [
        ({"last_day": "2025-06-01"}, "ends .* before it begins"), ({"first_day": "soon"}, "is not a day"), ({"dose": "wait_minute"}, "wait_minutes"),
        ({"kinds": ("surgery",)}, "there are call, "), ({"kinds": ("repair", "surgery")}, "No contact is of kind surgery"),
        ({"horizon_days": 0}, "at least 1")])
    def test_arguments_that_make_no_sense(self, small_company, change, message) -> None:
        with pytest.raises(ParameterError, match=message):
            cohort.build(small_company.ingested, **(WINDOW | change))

    @pytest.mark.parametrize(("change", "message"), [
        ({"first_day": "2020-01-01", "last_day": "2020-02-01"}, "there are contacts from 2025"),
        ({"first_day": "2026-09-01", "last_day": "2026-09-30"}, "nobody can be followed")])
    def test_windows_that_hold_nothing_to_compare(self, small_company, change, message) -> None:
        with pytest.raises(DataError, match=message):
            cohort.build(small_company.ingested, **(WINDOW | change))

    @pytest.mark.parametrize(("threshold", "exposed"), [(1e6, 0.0), (-1.0, 1.0)])
    def test_a_threshold_that_parts_nobody_leaves_a_trail_and_a_refusal(self, small_company, threshold: float, exposed: float) -> None:
        made = cohort.build(small_company.ingested, **WINDOW | {"threshold": threshold}, min_mentions=2)
        found = nps_revenue.study(made, repeats=1)
        assert made.exposed.mean() == exposed and found.loss.kind == "refusal" and "nobody to compare with" in found.loss.reason.en
        assert pains.share_out(made, loss=found.loss).captions["title"] == found.loss.reason
        trail = money_trail.follow(small_company.ingested, made, found)
        assert (trail is None) == (threshold > 0) and all(check.passed is not False for check in (trail.checks if trail else ()))

    def test_a_company_that_repairs_nothing_is_studied_by_what_it_does(self, small_company) -> None:
        contacts = small_company.ingested["touchpoints"]
        found = cohort.build({**small_company.ingested, "touchpoints": contacts[contacts["kind"] != "repair"]}, **WINDOW)
        assert set(found.people["kind"]) == {"maintenance"}
        with pytest.raises(DataError, match="of kind call, digital"):
            cohort.build({**small_company.ingested, "touchpoints": contacts[contacts["kind"].isin(["call", "digital"])]}, **WINDOW)

    def test_every_kind_of_contact_counts_where_there_is_no_workshop(self, small_company) -> None:
        """A hotel's stays or a software company's tickets: the same contacts under another kind make the same cohort."""
        tables = small_company.ingested
        workshop = tables["touchpoints"][tables["touchpoints"]["kind"].isin(cohort.WORKSHOP)].reset_index(drop=True)
        same = cohort.build({**tables, "touchpoints": workshop}, **WINDOW)
        other = cohort.build({**tables, "touchpoints": workshop.assign(kind="digital")}, **WINDOW)
        pd.testing.assert_frame_equal(same.people.drop(columns="kind"), other.people.drop(columns="kind"))
        assert len(other.people) == len(cohort.build(tables, **WINDOW).people)

    def test_revenue_is_never_taken_for_margin(self, small_company) -> None:
        bare = small_company.ingested["transactions"].assign(margin_cny=np.nan)
        with pytest.raises(DataError, match="margin"):
            cohort.build({**small_company.ingested, "transactions": bare}, **WINDOW)
        found = cohort.build({**small_company.ingested, "transactions": bare}, **WINDOW, measure="revenue")
        assert found.measure == "revenue" and found.money.sum() > 0
        assert "Missing margins" not in [check.name.en for check in found.ledger.check()]  # nobody asked for margins


class TestRankScores:
    def test_currency_and_outliers_move_nothing(self) -> None:
        money = pd.Series([0.0, 0.0, 5.0, 100.0, np.nan, 3e6])
        score = cohort.rank_score(money)
        np.testing.assert_allclose(cohort.rank_score(money * 0.01), score)
        assert score[0] == score[1] and np.isnan(score[4]) and (np.diff(score[[0, 2, 3, 5]]) > 0).all()


class TestTheRestOfThePage:
    """What stands beside the study, on a company of six hundred: numbers, refusals and to-the-cent sums hold at any size."""

    def test_months_before_and_after_are_those_of_the_ledger(self, made, result) -> None:
        path = result.rungs.events
        assert path is not None and path.n_units == len(made.people) and sum(result.path["is_lead"]) >= 2

    def test_who_served_whom_says_nothing_with_so_few_cases(self, result) -> None:
        assert result.ladder["agents"].kind == "refusal" and "agent" in result.ladder["agents"].reason.en

    def test_shares_of_pain_points_add_up_to_the_total(self) -> None:
        rng = np.random.default_rng(2)
        base, _ = drawn(3, customers=4000)
        both = base.people.assign(pain_noise=(rng.random(4000) < 0.1).astype(float), pain_booking=(rng.random(4000) < 0.05).astype(float))
        found = pains.share_out(replace(base, people=both, pains=("pain_noise", "pain_booking")))
        assert sum(e.value for e in found.shares) == pytest.approx(found.total.value, rel=1e-8)
        assert found.forest["kind"].tolist()[-1] == "joint" and len(found.table) == 3
        assert [e.group for e in found.shares if e.conf_low > 0] == ["exposure"], "themes drawn by lot cost nothing"

    def test_no_pain_point_is_singled_out_where_nothing_is_lost(self) -> None:
        rng = np.random.default_rng(2)
        base, _ = drawn(2, customers=1500, churn_effect=0.0, spend_effect=0.0)
        one = base.people.assign(pain_noise=(rng.random(1500) < 0.1).astype(float))
        found = pains.share_out(replace(base, people=one, pains=("pain_noise",)))
        assert found.total.conf_low < 0 < found.total.conf_high and not [e for e in found.shares if e.conf_low > 0 or e.conf_high < 0]
        title = found.captions["figure"]["title"]
        assert "none stands out" in title.en and "看不出来" in title.zh

    def test_an_amount_that_is_refused_has_no_parts(self, made, result) -> None:
        assert result.loss.kind == "refusal", "six hundred customers leave too few alike"
        assert {e.kind for e in result.tiers} == {"refusal"} and pains.share_out(made, loss=result.loss).total.reason == result.loss.reason
        assert pains.share_out(made).total.kind == "refusal", "two customers with a complaint are none to compare"

    def test_every_printed_amount_adds_up_from_rows(self, small_company, made, result) -> None:
        found = money_trail.follow(small_company.ingested, made, result, pains.share_out(made))
        assert [c.name.en for c in found.checks if c.passed is False] == []
        rows = found.trail.behind("observed")
        assert rows["margin_cny"].sum() == pytest.approx(made.money[made.exposed].sum(), abs=0.005)
        assert float(found.trail.total("observed")) == pytest.approx(made.money[made.exposed].sum(), abs=0.005)

    def test_a_ledger_that_opens_with_the_window_leaves_the_months_out_and_the_rest_in(self, small_company) -> None:
        booked = small_company.ingested["transactions"]
        late = booked[booked["booked_at"] >= pd.Timestamp(WINDOW["first_day"], tz="Asia/Shanghai")]
        found = nps_revenue.study(cohort.build({**small_company.ingested, "transactions": late}, **WINDOW, min_mentions=2), gates=LOOSE, repeats=1)
        assert found.ladder["events"].kind == "refusal" and "their own past" in found.ladder["events"].reason.en
        assert found.ladder["naive"].kind == "estimate" and "path" not in found.captions
        assert found.checks["prior"].passed is None and "less than twelve months" in found.checks["prior"].detail.en

    @pytest.mark.parametrize(("left", "said"), [(False, "customers in the table has left"), (True, "Every customer left")])
    def test_where_nobody_or_everybody_left_the_rest_is_still_traced(self, small_company, made, result, left, said) -> None:
        customers = small_company.ingested["customers"].assign(is_churned=left, churned_on=pd.NaT)
        found = money_trail.follow({**small_company.ingested, "customers": customers}, made, result)
        assert found.beside.empty and said in found.told.en and len(found.rows) and len(found.chain) and len(found.split)
        assert "bookings of exposed customers" in found.captions["rows"]["title"].en
        assert [c.name.en for c in found.checks if c.passed is False] == []

    def test_customers_without_a_dealer_are_traced_as_the_rest(self, small_company) -> None:
        contacts = small_company.ingested["touchpoints"]
        tables = {**small_company.ingested, "touchpoints": contacts.assign(unit_id=contacts["unit_id"].where(contacts.index % 2 == 0, None))}
        half = cohort.build(tables, **WINDOW, min_mentions=2)
        assert half.people["unit_id"].isna().any() and half.people["unit_id"].nunique() > 1
        found = money_trail.follow(tables, half, nps_revenue.study(half, gates=LOOSE, repeats=1))
        assert len(found.beside) and [c.name.en for c in found.checks if c.passed is False] == []

    @pytest.mark.parametrize("kept", [0, None])
    def test_cases_that_nobody_answered_credit_nothing(self, small_company, kept) -> None:
        cases = small_company.ingested["cases"]
        never = pd.Series(pd.NaT, index=cases.index, dtype=cases["responded_at"].dtype)
        found = recovery.recovery({**small_company.ingested, "cases": cases.assign(responded_at=never).head(len(cases) if kept is None else kept)})
        assert [e.kind for e in found.ladder.rungs] == ["refusal"]

    def test_too_few_answers_price_no_point(self, small_company, made) -> None:
        found = score_worth.study(small_company.ingested, made, customers=600, gates=LOOSE)
        assert {e.kind for e in found.paths} == {"refusal"} and "at least 200 needed" in found.paths[0].reason.en

    @pytest.mark.parametrize("table", ["touchpoints", "transactions", "customers"])
    def test_without_contacts_or_bookings_a_point_is_refused_and_says_why(self, small_company, table) -> None:
        found = score_worth.mildest({k: v for k, v in small_company.ingested.items() if k != table}, **WINDOW)
        assert found["point"].kind == "refusal" and found["naive_point"] is None and f"missing or empty: {table}" in found["point"].reason.en

    def test_what_a_point_goes_with_hangs_on_who_answered_and_not_on_who_waited(self, small_company) -> None:
        contacts = small_company.ingested["touchpoints"]
        found = score_worth.mildest({**small_company.ingested, "touchpoints": contacts.assign(wait_minutes=70.0)}, **WINDOW)
        assert found == score_worth.mildest(small_company.ingested, **WINDOW)
        assert found["point"].kind == "refusal" and "at least 200 needed" in found["point"].reason.en

    def test_too_few_called_back_credit_nothing(self, small_company) -> None:
        found = recovery.recovery(small_company.ingested)
        assert [e.kind for e in found.ladder.rungs] == ["refusal"] and found.check.passed is None
        assert recovery.recovery({"responses": small_company.ingested["responses"]}).ladder.rungs[0].kind == "refusal"


@pytest.mark.parametrize(("change", "said"), [({"weight": 0.0}, "Only 0 customers answered"), ({"money": 0.0}, "brought the same amount, 0.00")])
def test_answers_without_weight_or_money_price_no_point(monkeypatch, change, said) -> None:
    """A point is worth something on the same answers as they are."""
    rng = np.random.default_rng(4)
    score = rng.integers(0, 11, 600).astype(float)
    people = pd.DataFrame({"customer_id": [f"C{i}" for i in range(600)], "unit_id": [f"D{i % 40}" for i in range(600)], "score": score,
                           "second": np.nan, "weight": 1.0, "money": 100.0 * score + rng.normal(0, 50, 600), "prior_rank": rng.normal(size=600)})
    base, _ = drawn(3, customers=600)
    monkeypatch.setattr(cohort, "answered", lambda *_: people)
    assert score_worth.study({}, base, customers=600).path("tilt").value > 0
    monkeypatch.setattr(cohort, "answered", lambda *_: people.assign(**change))
    found = score_worth.study({}, base, customers=600)
    assert {e.kind for e in found.paths} == {"refusal"} and said in found.path("tilt").reason.en
