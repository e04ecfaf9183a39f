"""The truth file agrees with the data: what is planted can be found by someone who knows where to look."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.simulate import company, truth
from voclib.simulate.verbatims import TOPICS


@pytest.fixture(scope="module")
def world() -> company.World:
    from voclib.simulate.plan import Plan

    return company.World(Plan())


@pytest.fixture(scope="module")
def planted(world) -> dict:
    return truth.of(world)


def nps(scores: np.ndarray) -> float:
    return float(100 * ((scores >= 9).mean() - (scores <= 6).mean()))


def test_all_customer_nps_comes_from_the_scores_nobody_sees(world, planted):
    met, told = world.contacts, planted["survivorship"]
    frame = pd.DataFrame({"customer": met.customer, "day": met.minute, "score": np.clip(np.round(7 + 1.6 * met.latent), 0, 10)})
    late = frame[frame["day"] >= world.plan.month_starts[12] * 1440]
    last = late.sort_values(["customer", "day"]).groupby("customer")["score"].last()
    assert told["window"] == "2026Q3" and told["customers_n"] == len(last)
    assert told["nps_all_customers"] == pytest.approx(nps(last.to_numpy()), abs=1e-9)
    assert told["nps_all_contacts"] == pytest.approx(nps(frame["score"].to_numpy()), abs=1e-9)


def test_who_answers_is_happier_than_all_and_who_left_is_not(world, planted):
    told = planted["survivorship"]
    answers = company.TABLES["responses"](world)["nps_score"].dropna().to_numpy(dtype=float)
    assert told["nps_all_answers"] == pytest.approx(nps(answers), abs=1e-9)
    assert told["nps_respondents"] > told["nps_all_customers"] + 10 and told["nps_all_answers"] > told["nps_all_contacts"] + 10
    assert told["nps_churned"] < told["nps_all_customers"] - 5
    assert 0.19 < told["response_rate"] < 0.24 and 0.02 < told["intraclass_correlation"] < 0.08


def test_random_call_backs_show_the_silent(world, planted):
    drawn, told = world.call_backs, planted["survivorship"]["frame"]
    done = drawn["outcome"] == 0
    spread = 100 * np.sqrt(0.7 / done.sum())
    assert done.sum() > 300 and abs(nps(drawn["score"][done]) - told["nps"]["silent"]) < 4 * spread
    assert told["nps"]["silent"] < told["nps"]["all"] < told["nps"]["answered"] - 10
    assert told["customers_n"]["silent"] + told["customers_n"]["answered"] == told["customers_n"]["invited"]


def test_climate_leads_scores_by_one_wave(world, planted):
    """With the climate itself, which only the simulation knows, two-way demeaning over all contacts finds the planted slope."""
    net, met, told = world.dealers, world.contacts, planted["ex_voc"]
    period = world.plan.month_of(met.day) // 2
    cell = met.unit.astype(int) * world.plan.periods + period
    size = np.bincount(cell, minlength=net.n * world.plan.periods)
    coded = (met.score >= 9).astype(float) - (met.score <= 6)
    score = (100 * np.bincount(cell, coded, size.size) / np.maximum(size, 1)).reshape(net.n, -1)
    whole = (size.reshape(net.n, -1) > 0).all(axis=1)
    rest = score[whole] - 100 * (net.programme_shift[whole] * 0.64) - planted["ex_voc"]["manager_change_on_nps"] * net.changed[whole, :-1]

    def demeaned(table: np.ndarray) -> np.ndarray:
        return table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()

    x, y = demeaned(net.climate[whole, :-1]), demeaned(rest)
    slope = (x * y).sum() / (x * x).sum()
    spread = np.sqrt(((y - slope * x) ** 2).sum() / (x.size - whole.sum() - 8) / (x * x).sum())
    assert abs(slope - told["slope_nps_per_climate_sd"]) < 4 * spread and 4 < told["slope_nps_per_climate_sd"] < 8
    assert told["manager_change_on_nps"] < -2 and 3 < told["programme_att_nps"] < 8


def test_ledger_margins_are_the_planted_outcomes(world, planted):
    tables = {name: company.TABLES[name](world) for name in ("touchpoints", "transactions", "customers")}
    visits = tables["touchpoints"].merge(tables["customers"][["customer_id", "joined_on"]], on="customer_id")
    opens, closes = pd.Timestamp("2025-07-01", tz="Asia/Shanghai"), pd.Timestamp("2025-10-01", tz="Asia/Shanghai")
    fits = visits["kind"].isin(["maintenance", "repair"]) & visits["started_at"].between(opens, closes, inclusive="left")
    first = visits[fits & (visits["joined_on"] < pd.Timestamp("2025-07-01"))].sort_values("started_at").groupby("customer_id").first()
    book = tables["transactions"].merge(first["started_at"], left_on="customer_id", right_index=True)
    since = book["booked_at"] - book["started_at"]
    year = book[(since > pd.Timedelta(0)) & (since <= pd.Timedelta(days=365))].groupby("customer_id")["margin_cny"].sum()
    first["margin"] = year.reindex(first.index).fillna(0.0)
    exposed = first["wait_minutes"] > 60
    told = planted["nps_revenue"]
    assert len(first) == told["cohort_n"] and exposed.sum() == told["exposed_n"]
    naive = first.loc[exposed, "margin"].mean() - first.loc[~exposed, "margin"].mean()
    assert naive == pytest.approx(told["naive_difference_cny"], abs=0.5)
    assert naive < 2.5 * told["att_margin_cny"] < 0

    prior = world.customers.known["log_spend"][first.index.str[1:].astype(int) - 1]
    cell = pd.qcut(prior, 40, labels=False)
    means = first.groupby([cell, exposed])["margin"].mean().unstack()
    weight = first[exposed.to_numpy()].groupby(cell[exposed.to_numpy()]).size()
    adjusted = ((means[True] - means[False]) * weight).sum() / weight.sum()
    assert abs(adjusted - told["att_margin_cny"]) < 500 < abs(naive - told["att_margin_cny"])


def test_the_slide_and_the_loss_differ(planted):
    told = planted["nps_revenue"]
    assert 400 <= told["slide_customers"] <= 550 and 2.3e6 < told["slide_claim_cny"] < 3.7e6
    assert told["lost_customers"] < 0.5 * told["slide_customers"] and told["loss_cny"] < 0.7 * told["slide_claim_cny"]
    assert told["loss_cny"] == pytest.approx(-told["att_margin_cny"] * told["exposed_n"])


def test_begged_scores_are_counted(world, planted):
    told, answers = planted["inflation"], company.TABLES["responses"](world)
    assert len(told["dealers"]) == 5 and told["turned_n"] == sum(item["turned"] for item in told["dealers"].values())
    survey = answers.dropna(subset="nps_score")
    for dealer, item in told["dealers"].items():
        mine = survey.loc[survey["unit_id"] == dealer, "nps_score"].to_numpy(dtype=float)
        assert item["answers"] == len(mine) and item["nps_reported"] == pytest.approx(nps(mine)) and item["nps_reported"] > item["nps_honest"]


def test_classifier_error_is_what_is_planted_and_gold_labels_find_it(world, planted):
    told = planted["topics"]["by_topic"]
    gold = company.TABLES["gold_labels"](world).query("labeller_id == 'L01'")
    found = company.TABLES["topic_mentions"](world).assign(is_found=True)
    both = gold.merge(found[["response_id", "topic", "is_found"]], on=["response_id", "topic"], how="left")
    both["is_found"] = both["is_found"].notna()
    weight, present = 1 / both["sampling_probability"], both["is_present"].astype(bool)
    hit = np.average(both.loc[present, "is_found"], weights=weight[present])
    quiet = np.average(~both.loc[~present, "is_found"], weights=weight[~present])
    share = {topic: told[topic]["share_voices"] for topic in TOPICS}
    usual = np.average([told[topic]["sensitivity"] for topic in TOPICS], weights=list(share.values()))
    assert abs(hit - usual) < 0.06 and abs(quiet - np.mean([told[topic]["specificity"] for topic in TOPICS])) < 0.02
    waiting = both["topic"] == "waiting_time"
    assert abs(np.average(present[waiting], weights=weight[waiting]) - share["waiting_time"]) < 0.06
    wait = told["waiting_time"]
    assert wait["share_negative_voices"] < 0.85 * wait["share_negative_all_contacts"]  # those who waited and left unhappy mostly stay silent


def test_closed_cases_flatter_the_clock(world, planted):
    told, cases = planted["cases"], company.TABLES["cases"](world)
    assert told["cases_n"] == len(cases) and told["open_n"] == cases["resolved_at"].isna().sum() > 50
    assert told["resolved_72h_share_of_closed"] > told["resolved_72h_share"] + 0.02
