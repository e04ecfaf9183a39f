"""The slide of 500 × ¥6,000 to the cent, those who would have left anyway beside it, and the rule that money is never added twice."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from trail_tables import DAYS, golden, small, start

from voclib.errors import DataError, ParameterError
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Estimate, Text, refusal
from voclib.studies import ledger as ledgers
from voclib.studies.money_trail import trail as trails
from voclib.studies.money_trail.one_ledger import one_ledger
from voclib.studies.money_trail.slide import Slide, complained, leaving, slide


@pytest.fixture(scope="module")
def made() -> tuple[dict[str, pd.DataFrame], ledgers.Ledger, pd.Series, list[str]]:
    tables, at, waited = golden()
    return tables, ledgers.clean(tables["transactions"], **DAYS), at, waited


@pytest.fixture(scope="module", params=["stayed", "before"])
def shown(made, request) -> Slide:
    tables, books, at, _ = made
    return slide(tables, books, start=at, value=request.param)


def money(estimand: str, value: float, low: float, high: float) -> Estimate:
    return Estimate(estimand=estimand, kind="estimate", unit="cny", value=value, conf_low=low, conf_high=high)


def test_five_hundred_times_six_thousand_is_three_million(shown) -> None:
    assert (shown.count.value, shown.each.value, shown.claimed.value) == (500, 6000.0, 3_000_000.0)
    assert shown.claimed_exact == Decimal("3000000.00") and shown.each_exact == Decimal("6000.00") and shown.named_n == 2000
    assert {e.kind for e in (shown.count, shown.each, shown.claimed)} == {"count"}
    assert "500 left × ¥6,000.00 of gross margin each = ¥3,000,000.00." in shown.told().en
    assert "流失 500 位 × 人均毛利 ¥6,000.00 = ¥3,000,000.00。" in shown.told().zh


def test_some_would_have_left_anyway(shown) -> None:
    assert shown.anyway.value == pytest.approx(350) and shown.excess.value == pytest.approx(150)  # 2,000 × 700/4,000
    assert shown.excess_cny.value == pytest.approx(900_000) and shown.excess_cny.conf_low > 0
    error = 2000 * np.sqrt(0.25 * 0.75 / 2000 + 0.175 * 0.825 / 4000)
    assert shown.excess.std_error == pytest.approx(error, rel=1e-3)
    assert shown.anyway.std_error == pytest.approx(2000 * np.sqrt(0.175 * 0.825 / 4000), rel=1e-3)
    assert {shown.anyway.evidence_level, shown.excess.evidence_level} == {0} and shown.excess.rung == "unadjusted"


def test_every_yuan_of_the_slide_leads_to_its_rows(made, shown) -> None:
    tables, books, at, waited = made
    trail = shown.register(trails.build(tables, books, customers=shown.leavers, start=at), loss=money("loss", 9e5, 4e5, 1.4e6))
    rows = trail.behind("vendor_slide")
    assert trail.total("vendor_slide") == Decimal("3000000.00")
    assert [check.name.en for check in trail.check() if check.passed is False] == ["The data contain cases"]
    assert len(rows) == (1000 if shown.value == "before" else 2 * 4800)  # two bookings each: of the 500 leavers, or of the 4,800 who stayed
    split = trail.split().set_index("name")
    assert split.loc["observed", "rows_cny"] == 0.0, "who left before their next visit booked nothing"
    assert split.loc["vendor_slide", ["amount_cny", "modelled_cny"]].tolist() == [3e6, 9e5]


def test_claim_and_counterfactual_stand_side_by_side(shown) -> None:
    lost = Estimate(estimand="lost", kind="estimate", unit="count", value=140.0, conf_low=90.0, conf_high=190.0)
    table = shown.beside(lost=lost, loss=money("loss", 8e5, 4e5, 1.2e6))
    assert table["customers"].round(6).tolist() == [500, 150, 140] and table["cny"].round(2).tolist() == [3e6, 9e5, 8e5]
    assert np.isnan(table["low"].iloc[0]) and table["low"].iloc[2] == 4e5 and len(shown.beside()) == 2
    assert "Adjusted customers: 140 (90–190)." in shown.told(lost=lost).en and "校正后的金额" in shown.told(loss=money("loss", 8e5, 4e5, 1.2e6)).zh


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_customers_lost_stand_beside_their_own_money(shown, seed: int) -> None:
    rng = np.random.default_rng(seed)
    gone, less, people = rng.uniform(3e5, 9e5), rng.uniform(3e5, 9e5), rng.uniform(50, 200)
    steps = pd.DataFrame({"key": ["left", "less", "lost"], "value": [gone, less, gone + less]}).assign(low=lambda f: f["value"] - 1e5,
                                                                                                     high=lambda f: f["value"] + 1e5)
    lost = Estimate(estimand="lost", kind="estimate", unit="count", value=people, conf_low=people - 40, conf_high=people + 40)
    table = shown.beside(lost=lost, loss=money("loss", gone + less, gone, 2 * less + gone), steps=steps).iloc[2:].reset_index(drop=True)
    assert table["customers"].round(6).dropna().tolist() == [round(people, 6)] and table["cny"].iloc[0] == gone
    assert table["cny"].iloc[0] + table["cny"].iloc[1] == pytest.approx(table["cny"].iloc[2]) and table["low"].iloc[1] == less - 1e5
    assert [t.zh for t in table["label"]] == ["校正后：多流失的客户", "校正后：留下但少花的", "校正后：合计"]
    unsplit = shown.beside(lost=lost, steps=steps.iloc[2:])
    assert [t.en for t in unsplit["label"]][2:] == ["Adjusted"], "what was not split keeps one row"


def test_operations_may_name_them_and_dealers_may_cluster(made, shown) -> None:
    tables, books, at, waited = made
    dealers = pd.Series([f"D{i % 40}" for i in range(len(at))], index=at.index)
    other = slide(tables, books, start=at, named=waited, value=shown.value, cluster=dealers)
    assert other.claimed_exact == shown.claimed_exact and other.excess.value == pytest.approx(shown.excess.value)
    assert other.excess.n_clusters == 40 and shown.excess.n_clusters is None
    mixed = {name: frame.sample(frac=1, random_state=3) for name, frame in tables.items()}
    again = slide(mixed, books, start=at.sample(frac=1, random_state=4), value=shown.value)
    assert again.told() == shown.told() and again.rows == shown.rows


def test_each_is_rounded_to_the_cent_before_it_is_multiplied(made) -> None:
    tables, _, at, _ = made
    cut = tables["transactions"].copy()
    cut.loc[cut["transaction_id"] == "2025aC0500", "margin_cny"] -= 30.00  # 30.00 / 4,800 stayers is less than a cent
    shown = slide(tables, ledgers.clean(cut, **DAYS), start=at)
    assert shown.each_exact == Decimal("5999.99") and shown.claimed_exact == Decimal("2999995.00")


def test_leaving_is_dated_by_the_day_and_undated_leavers_are_said(made) -> None:
    tables, books, at, _ = made
    days = {"C0000": "2025-03-01", "C0001": "2026-03-01", "C0002": "2026-03-02", "C0003": "2025-02-28", "C0004": None}
    people = tables["customers"].set_index("customer_id")
    for customer, day in days.items():
        people.loc[customer, "churned_on"] = pd.NaT if day is None else pd.Timestamp(day)
    people.loc["C0004", "is_churned"] = True
    changed = {**tables, "customers": people.reset_index()}
    left, undated = leaving(changed, at)
    assert [bool(left[c]) for c in days] == [True, True, False, False, True] and undated == 1
    shown = slide(changed, books, start=at, value="before")
    assert shown.count.value == 498 and shown.undated == 1 and "1 customer in all has no leaving date" in shown.told().en


def test_complaints_are_negative_mentions_or_cases() -> None:
    everybody = start("C1", "C2", "C3", "C4", "C5")
    assert list(complained(small(), "waiting_time", start=everybody)) == ["C1"]
    assert list(complained(small(), "noise", start=everybody)) == ["C2"]  # a case alone
    assert list(complained(small(), "lounge", start=everybody)) == ["C1"]  # its mention is positive, its case is not
    without = {k: v for k, v in small().items() if k != "cases"}
    assert list(complained(without, "lounge", start=everybody)) == []


def test_too_few_to_compare_give_the_claim_and_no_comparison() -> None:
    books = ledgers.clean(small()["transactions"], **DAYS)
    shown = slide(small(), books, start=start("C1", "C2", "C4"), value="before")
    assert shown.count.value == 1 and shown.anyway.kind == shown.excess_cny.kind == "refusal"
    assert "1 customers named and 2 others; a comparison needs at least 30" in shown.told().en and np.isnan(shown.beside()["cny"].iloc[1])
    nobody = slide(small(), books, start=start("C1", "C2", "C4"), topic="noise", value="before")
    assert nobody.count.value == 0 and nobody.claimed_exact == 0 and nobody.rows == ()


def test_a_ledger_that_starts_late_is_said(made) -> None:
    tables, _, at, _ = made
    books = ledgers.clean(tables["transactions"], first_day="2024-08-01", last_day="2026-12-31")
    assert "For 500 of them the ledger does not cover the whole preceding period" in slide(tables, books, start=at, value="before").told().en


def test_what_a_slide_needs_is_named(made) -> None:
    tables, books, at, _ = made
    with pytest.raises(DataError, match="Who complained stands in the tables topic_mentions"):
        slide({k: v for k, v in tables.items() if k != "topic_mentions"}, books, start=at)
    with pytest.raises(DataError, match="Nobody speaks of 'price'; the topics are waiting_time"):
        slide(tables, books, start=at, topic="price")
    with pytest.raises(DataError, match="Who left is recorded in the table customers"):
        slide({k: v for k, v in tables.items() if k != "customers"}, books, start=at)
    with pytest.raises(DataError, match="None of 6,000 customers in the table has left: most likely they were filtered out"):
        slide({**tables, "customers": tables["customers"].assign(is_churned=False)}, books, start=at)
    with pytest.raises(DataError, match="None of the 6,000 customers in start is in the customer table"):
        slide({**tables, "customers": tables["customers"].assign(customer_id=lambda c: "X" + c["customer_id"])}, books, start=at)
    with pytest.raises(ParameterError, match="1 named customers have no moment in start, such as 'NO'"):
        slide(tables, books, start=at, named=["C0000", "NO"])
    with pytest.raises(ParameterError, match="value is 'stayed' or 'before', not 'clv'"):
        slide(tables, books, start=at, value="clv")
    with pytest.raises(DataError, match="Every customer left"):
        slide(tables, books, start=at.iloc[:500])
    with pytest.raises(DataError, match="The ledger ends before the 365 days of 4,800 of 4,800 customers who stayed"):
        slide(tables, ledgers.clean(tables["transactions"]), start=at)
    with pytest.raises(DataError, match="margin is not"):
        slide(tables, ledgers.clean(tables["transactions"].assign(margin_cny=np.nan), **DAYS), start=at)


def test_the_sample_companys_slide_counts_the_planted_customers(small_company) -> None:
    tables, planted = small_company.tables, small_company.truth["nps_revenue"]
    begin = pd.Timestamp(small_company.truth["first_day"], tz="Asia/Shanghai")
    met = tables["touchpoints"].query("kind in ['maintenance', 'repair']")
    met = met[met["started_at"] < begin + pd.Timedelta(days=92)].sort_values("started_at").drop_duplicates("customer_id")
    met = met.merge(tables["customers"][["customer_id", "joined_on"]], on="customer_id")
    met = met[met["joined_on"] < begin.tz_localize(None)].set_index("customer_id")
    shown = slide(tables, ledgers.clean(tables["transactions"]), start=met["started_at"], named=met.index[met["wait_minutes"] > 60])
    assert shown.count.value == planted["slide_customers"] and shown.named_n == planted["exposed_n"]
    # the slide averages who stayed, some of whom waited and spend less for it
    assert shown.claimed.value == pytest.approx(planted["slide_claim_cny"], rel=0.06) and shown.claimed.value > 1.5 * planted["loss_cny"]
    assert shown.undated == 0 and shown.anyway.value + shown.excess.value == pytest.approx(shown.count.value)


TOTAL = money("loss", 3_100_000, 1_200_000, 5_000_000)


def test_parts_within_the_total_stand_as_of_which() -> None:
    found = one_ledger({"churn": money("loss", 2e6, 1e6, 3e6), "all": TOTAL, "spend": money("loss", 1.1e6, 0, 2e6)}, total="all",
                       labels={"all": Text("全部痛点", "all pain points")})
    assert found.check.passed and found.table["name"].tolist() == ["all", "churn", "spend"]
    assert [t.zh for t in found.table["role"]] == ["合计", "其中", "其中"] and found.table["role"].iloc[1].en == "of which"
    assert "2 amounts other than the total “all pain points”" in found.check.detail.en


@pytest.mark.parametrize(("parts", "said"), [
    ([3e6, 2.1e6], ["add up to ¥5,100,000, above ¥5,000,000"]),
    ([5.2e6, -2e6], ["“part 0” alone exceeds ¥5,000,000"]),
    ([5.2e6, 1e6], ["add up to ¥6,200,000", "“part 0” alone"]),
])
def test_parts_beyond_the_total_fail(parts: list[float], said: list[str]) -> None:
    found = one_ledger({"all": TOTAL, **{f"part {i}": money("loss", x, x - 1e6, x + 1e6) for i, x in enumerate(parts)}}, total="all")
    assert found.check.passed is False and all(text in found.check.detail.en for text in said) and "相加" in found.check.consequence.zh


def test_parts_count_as_they_are_printed() -> None:
    exactly = one_ledger({"all": TOTAL, "a": money("loss", 2.54e6, 1e6, 4e6), "b": money("loss", 2.49e6, 1e6, 4e6)}, total="all")
    assert exactly.check.passed  # ¥2.5 M and ¥2.5 M are printed
    above = one_ledger({"all": TOTAL, "a": money("loss", 2.56e6, 1e6, 4e6), "b": money("loss", 2.46e6, 1e6, 4e6)}, total="all")
    assert above.check.passed is False


def test_totals_and_parts_of_other_kinds() -> None:
    none = refusal("loss", unit="cny", reason=Text("不够。", "Too few."), needs=Text("更多", "More"))
    assert one_ledger({"all": none, "a": TOTAL}, total="all").check.passed is False
    assert one_ledger({"all": none, "a": none}, total="all").check.passed
    bounds = Estimate(estimand="loss", kind="bounds", unit="cny", bound_low=1e6, bound_high=4e6)
    count = Estimate(estimand="ledger_total", kind="count", unit="cny", value=2e6)
    assert one_ledger({"all": bounds, "a": count, "b": none}, total="all").check.passed
    assert one_ledger({"all": count, "a": bounds}, total="all").check.passed  # at least ¥1 M of ¥2 M
    assert one_ledger({"all": count, "a": TOTAL}, total="all").check.passed is False


def test_overlapping_amounts_are_never_added() -> None:
    trail = trails.build(small(), ledgers.clean(small()["transactions"], **DAYS), customers=["C1", "C2", "C4"], start=start("C1", "C2", "C4"))
    trail = trail.register("wait", ["B1", "B4"]).register("rattle", ["B2"]).register("parts", ["B6"])
    amounts = {"all": TOTAL, **{name: money("loss", 1e5, 0, 2e5) for name in ("wait", "rattle", "parts", "ex")}}
    ask = {"total": "all", "trail": trail}
    shared = one_ledger(amounts, sums={"sum": ["wait", "rattle"]}, **ask)
    assert shared.check.passed is False and "share 0 ledger rows and 1 customer" in shared.check.detail.en
    assert one_ledger(amounts, sums={"sum": ["rattle", "parts"]}, **ask).check.passed
    assert one_ledger(amounts, sums={"sum": ["all", "parts"]}, **ask).check.passed is False
    unknown = one_ledger(amounts, sums={"sum": ["parts", "ex"]}, **ask)
    assert unknown.check.passed is False and "whether they overlap is unknown" in unknown.check.detail.en
    assert one_ledger(amounts, total="all", sums={"sum": ["rattle", "parts"]}).check.passed is False  # without a trail nothing is known to be apart


def test_one_ledger_is_money_of_one_currency() -> None:
    with pytest.raises(ParameterError, match="'al' is not among the amounts; did you mean 'all'"):
        one_ledger({"all": TOTAL}, total="al")
    with pytest.raises(ParameterError, match="'b' is not among the amounts"):
        one_ledger({"all": TOTAL}, total="all", sums={"s": ["all", "b"]})
    with pytest.raises(ParameterError, match="the amounts are in cny, usd"):
        one_ledger({"all": TOTAL, "a": TOTAL.with_(unit="usd")}, total="all")
    with pytest.raises(ParameterError, match="the amounts are in points"):
        one_ledger({"all": TOTAL.with_(unit="points")}, total="all")


def test_words_claim_nothing_and_are_set_well(shown) -> None:
    bad = one_ledger({"all": TOTAL, "a": TOTAL.with_(value=6e6, conf_high=7e6)}, total="all", sums={"s": ["a", "all"]})
    good = one_ledger({"all": TOTAL}, total="all")
    said = [shown.told(), shown.told(lost=shown.excess, loss=shown.excess_cny), *(t for c in (bad.check, good.check) for t in
                                                                                  (c.name, c.detail, c.consequence))]
    assert [t for t in said if verbs_exceed(t.zh, 0, "zh") or verbs_exceed(t.en, 0, "en") or half_width(t.zh)] == []
