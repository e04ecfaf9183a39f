"""The audit trail: every amount lists its rows and re-adds to the cent; links that cannot be made are counted, never guessed."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from trail_tables import DAYS, HOSTILE, small, start

from voclib.errors import DataError, ParameterError
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Estimate, Text, refusal
from voclib.studies import ledger as ledgers
from voclib.studies.money_trail import trail as trails

EVERYBODY = ("C1", "C2", "C3", "C4", "C5")
LOSS = Estimate(estimand="loss", kind="estimate", unit="cny", value=1200.0, conf_low=300.0, conf_high=2100.0)


def build(tables: dict[str, pd.DataFrame] | None = None, customers: tuple[str, ...] = EVERYBODY, **options) -> trails.Trail:
    tables = small() if tables is None else tables
    books = ledgers.clean(small()["transactions"], **DAYS)
    return trails.build(tables, books, customers=customers, start=start(*EVERYBODY), **options)


@pytest.fixture(scope="module")
def trail() -> trails.Trail:
    return build()


def named(trail: trails.Trail) -> dict[str, object]:
    return {check.name.en: check for check in trail.check()}


def test_every_key_lists_its_rows_and_re_adds(trail) -> None:
    expected = {"observed": ("B1 B2 B4 B5 B6 B7", "43.10"), "C1": ("B1 B2", "30.03"), "Q1": ("B1 B2", "30.03"), "Q2": ("B4 B5", "0.30"),
                "waiting_time": ("B1 B2", "30.03"), "noise": ("B4 B5", "0.30"), "R1": ("B1 B2", "30.03"), "C5": ("", "0.00")}
    for key, (rows, total) in expected.items():
        behind = trail.behind(key)
        assert sorted(behind["transaction_id"]) == rows.split() and trail.total(key) == Decimal(total), key
        assert sum((Decimal(f"{x:.2f}") for x in behind["margin_cny"]), Decimal("0.00")) == Decimal(total)
        assert tuple(behind) == trails.BEHIND and behind["booked_at"].is_monotonic_increasing


def test_the_chain_runs_from_the_verbatim_to_the_money(trail) -> None:
    chain = trail.chain()
    links = chain[["customer", "response_id", "topic", "sentiment", "case_id"]].fillna("-").agg(" ".join, axis=1).tolist()
    assert links == ["C1 R1 lounge positive -", "C1 R1 waiting_time negative Q1", "C1 R1b lounge - Q3", "C2 - noise - Q2", "C3 - - - -",
                     "C4 - - - -", "C5 - - - -"]
    assert chain["total_cny"].tolist() == [30.03, 30.03, 30.03, 0.30, 0, 12.77, 0] and chain["n_rows"].tolist() == [2, 2, 2, 2, 0, 2, 0]
    assert round(chain.loc[chain["adds"], "total_cny"].sum(), 2) == float(trail.total("observed"))
    assert trail.chain("Q1")["topic"].tolist() == ["waiting_time"] and len(trail.chain("lounge")) == 2
    assert trail.chain("lounge")["adds"].tolist() == [True, False]  # one customer's money counts once


def test_verbatims_are_data_shown_only_on_request_and_cut(trail) -> None:
    assert trail.chain("Q1")["verbatim"].isna().all()
    shown = trail.chain("Q1", show_verbatims=True)["verbatim"].iloc[0]
    assert shown == HOSTILE[:39] + "…" and shown.startswith('<script>alert("x")</script>')
    assert trail.chain("R1b", show_verbatims=True)["verbatim"].tolist() == ["茶水间不错"]


def test_pseudonyms_are_cut_for_a_page(trail) -> None:
    assert trails.shortened("customer-3b156cadaa321771") == "3b156c…" and trails.shortened("C1") == "C1"
    tables = {name: frame.assign(customer_id="customer-" + frame["customer_id"].str.slice(1) + "abcdef") if "customer_id" in frame else frame
              for name, frame in small().items()}
    ids = ["customer-1abcdef", "customer-2abcdef"]
    made = trails.build(tables, ledgers.clean(tables["transactions"], **DAYS), customers=ids, start=start(*ids))
    assert set(made.behind("observed", short=True)["customer_id"]) == {"1abcde…", "2abcde…"} and made.total(ids[0]) == Decimal("30.03")
    assert set(made.chain()["customer"]) == {"1abcde…", "2abcde…"}


def test_what_cannot_be_linked_is_counted(trail) -> None:
    counts = dict(trail.counts)
    assert {k: counts[k] for k in ("customers", "with_voice", "with_topic", "with_case", "with_rows")} == {
        "customers": 5, "with_voice": 1, "with_topic": 2, "with_case": 2, "with_rows": 3}
    assert {k: counts[k] for k in ("voices_nameless", "voices_outside", "voices_without_topic", "cases_nameless", "cases_without_voice",
                                   "topics_lost", "cases_clashing", "cut_short")} == {
        "voices_nameless": 1, "voices_outside": 1, "voices_without_topic": 1, "cases_nameless": 1, "cases_without_voice": 1, "topics_lost": 0,
        "cases_clashing": 0, "cut_short": 0}
    detail = named(trail)["What could not be linked"].detail.en
    assert "voices 1/4, cases 1/4" in detail and named(trail)["What could not be linked"].passed is None


def test_broken_links_fail_the_check() -> None:
    tables = small()
    tables["topic_mentions"] = tables["topic_mentions"].assign(response_id=["R1", "R1", "GONE", "GONE2"])
    tables["cases"] = tables["cases"].assign(customer_id=["C2", "C2", None, None])
    found = build(tables)
    check = named(found)["What could not be linked"]
    assert check.passed is False and found.counts["topics_lost"] == 2 and found.counts["cases_clashing"] == 1
    assert "topics without a voice 2/4" in check.detail.en and "工单与其声音的客户不同 1" in check.detail.zh


@pytest.mark.parametrize("table", ["responses", "topic_mentions", "cases"])
@pytest.mark.parametrize("empty", [True, False])
def test_missing_tables_say_what_would_be_needed_and_leave_the_money(trail, table: str, empty: bool) -> None:
    tables = small()
    tables = {**tables, table: tables[table].iloc[:0]} if empty else {k: v for k, v in tables.items() if k != table}
    found = build(tables)
    check = next(c for c in found.check() if c.name.en == f"The data contain {table}")
    assert check.passed is False and table in check.consequence.en and "amounts are unchanged" in check.consequence.en
    assert found.total("observed") == trail.total("observed") and found.absent == (table,)
    loose = named(found)["What could not be linked"].detail
    assert "0/0" not in loose.en + loose.zh and ("none recorded" in loose.en) and "一条也没有记录" in loose.zh
    assert "waiting_time" in set(found.lines["topic"])  # a case names its topic even where no voice does, and the other way round


def test_without_any_link_customers_and_rows_remain() -> None:
    found = build({})
    assert found.absent == ("responses", "topic_mentions", "cases") and found.chain()["n_rows"].tolist() == [2, 2, 0, 2, 0]
    assert found.total("C1") == Decimal("30.03")


def test_registering_returns_a_new_trail(trail) -> None:
    more = trail.register("two", ["B4", "B6"], label=Text("两笔", "Two bookings"), printed=7.87)
    assert [a.name for a in trail.amounts] == ["observed"] and [a.name for a in more.amounts] == ["observed", "two"]
    assert more.total("two") == Decimal("7.87") and list(more.behind("two")["transaction_id"]) == ["B4", "B6"]
    assert named(more)["Printed amounts equal the sum of their rows, to the cent"].passed is True
    outside = more.register("later", more.ledger.rows.query("transaction_id == 'B3'"))
    assert outside.total("later") == Decimal("999.99")  # any row of the ledger, also outside the windows


@pytest.mark.parametrize("printed", [7.88, Decimal("7.86"), LOSS])
def test_a_printed_amount_that_is_off_by_a_cent_fails(trail, printed) -> None:
    check = named(trail.register("two", ["B4", "B6"], printed=printed))["Printed amounts equal the sum of their rows, to the cent"]
    assert check.passed is False and "1 of 1 amounts does not reconcile, such as “two”" in check.detail.en and "¥7.87 added up" in check.detail.en


def test_a_row_named_twice_counts_once_and_fails(trail) -> None:
    doubled = trail.register("double", ["B1", "B1", "B2"], printed=30.03)
    checks = named(doubled)
    assert doubled.total("double") == Decimal("30.03") and checks["Printed amounts equal the sum of their rows, to the cent"].passed
    assert checks["No row counts twice within one amount"].passed is False
    assert named(trail)["No row counts twice within one amount"].passed is True


def test_refunds_apart_from_their_booking_are_said(trail) -> None:
    check = named(trail)["Refunds fall in the same amount as the original booking"]
    assert check.passed is None and "1 refund is separated from the original booking, −¥4.00 net" in check.detail.en
    together = build(days=380)
    assert named(together)["Refunds fall in the same amount as the original booking"].passed is True
    assert together.total("C4") == Decimal("10.77")


def test_windows_beyond_the_ledger_fail_after_and_are_said_before() -> None:
    rows = small()["transactions"]
    books = ledgers.clean(rows[rows["booked_at"] < "2026-01-01"])
    title = "The ledger covers every customer's window"
    after, before = (trails.build({}, books, customers=EVERYBODY, start=start(*EVERYBODY), side=side) for side in ("after", "before"))
    assert named(after)[title].passed is False and "Of 5 customers, 5 have windows going beyond" in named(after)[title].detail.en
    assert named(before)[title].passed is None and before.total("C5") == Decimal("3.33")


def test_averages_are_arithmetic_on_rows(trail) -> None:
    made = trail.register("slide", ["B1", "B2"], average_over=7, times=3, printed=Decimal("12.87"))
    assert made.total("slide") == Decimal("12.87")  # 30.03 / 7 = 4.29, times 3
    split = made.split().set_index("name").loc["slide"]
    assert split["rows_cny"] == 30.03 and split["amount_cny"] == 12.87
    assert named(made)["Printed amounts equal the sum of their rows, to the cent"].passed
    told = made.told("slide")
    assert "Spread over 7 customers, that is ¥4.29 each, × 3 = ¥12.87." in told.en and "人均 ¥4.29 × 3 = ¥12.87。" in told.zh
    assert trail.register("half", ["B4"], average_over=4, times=1).total("half") == Decimal("0.03")  # 2.5 cents, half up


def test_observed_and_modelled_parts_stay_apart(trail) -> None:
    made = trail.register("loss", ["B1"], label=Text("等待的损失", "Loss from waiting"), modelled=LOSS)
    split = made.split().set_index("name")
    assert split.loc["loss", ["rows_cny", "modelled_cny", "conf_low", "conf_high"]].tolist() == [10.01, 1200, 300, 2100]
    assert np.isnan(split.loc["observed", "modelled_cny"])
    said = made.told("loss")
    assert "the ledger holds ¥10.01 of gross margin (bookings: 1, customers: 1). The ¥1.2K (" in said.en
    assert "是估计，账上没有哪一笔与它对应，两者不相加" in said.zh and "estimate" not in made.told("observed").en
    none = refusal("loss", unit="cny", reason=Text("样本太少。", "Too few."), needs=Text("更多客户", "More customers"))
    assert made.register("none", ["B1"], modelled=none).told("none").en.endswith("The part not in the ledger was not estimated: Too few.")


def test_overlap_counts_rows_and_customers(trail) -> None:
    made = trail.register("a", ["B1", "B4"]).register("b", ["B2", "B4"]).register("c", ["B6"])
    assert made.overlap("a", "b") == (1, 2) and made.overlap("a", "c") == (0, 0) == made.overlap("c", "b")


def test_names_and_rows_that_are_wrong_are_refused(trail) -> None:
    for name, message in (("observed", "already names an amount"), ("C1", "already names customer_id"), ("waiting_time", "already names topic")):
        with pytest.raises(ParameterError, match=message):
            trail.register(name, ["B1"])
    with pytest.raises(DataError, match="1 of 2 bookings behind 'x' are not in the cleaned ledger, such as 'NO'"):
        trail.register("x", ["B1", "NO"])
    for over, times in ((3, None), (None, 2), (0, 2), (3, -1)):
        with pytest.raises(ParameterError, match="An average has both average_over"):
            trail.register("x", ["B1"], average_over=over, times=times)
    with pytest.raises(ParameterError, match="'waiting_tim' is not an amount, customer, case, topic or voice of this trail; did you mean 'wait"):
        trail.behind("waiting_tim")
    with pytest.raises(ParameterError, match="No amount is registered as 'C1'"):
        trail.amount("C1")


def test_customers_need_a_moment_and_a_known_margin() -> None:
    books = ledgers.clean(small()["transactions"], **DAYS)
    with pytest.raises(DataError, match="needs at least one customer"):
        trails.build(small(), books, customers=[], start=start("C1"))
    with pytest.raises(DataError, match="1 of 2 customers have no moment in start, such as 'C9'"):
        trails.build(small(), books, customers=["C1", "C9"], start=start("C1"))
    unknown = ledgers.clean(small()["transactions"].assign(margin_cny=np.nan), **DAYS)
    with pytest.raises(DataError, match="margin is not"):
        trails.build(small(), unknown, customers=["C1"], start=start("C1"))
    revenue = ledgers.clean(small()["transactions"].assign(margin_cny=np.nan), measure="net_cny", **DAYS)
    found = trails.build(small(), revenue, customers=["C1"], start=start("C1"))
    assert found.total("C1") == Decimal("60.06") and "net revenue, not margin" in found.told("observed").en


def test_row_order_changes_nothing(trail) -> None:
    mixed = {name: frame.sample(frac=1, random_state=2) for name, frame in small().items()}
    other = trails.build(mixed, ledgers.clean(mixed["transactions"], **DAYS), customers=EVERYBODY[::-1], start=start(*EVERYBODY[::-1]))
    pd.testing.assert_frame_equal(other.chain(show_verbatims=True), trail.chain(show_verbatims=True))
    assert dict(other.counts) == dict(trail.counts) and other.check() == trail.check()


def test_the_sample_companys_money_re_adds(small_company) -> None:
    tables = small_company.tables
    books = ledgers.clean(tables["transactions"])
    met = tables["touchpoints"].query("kind in ['maintenance', 'repair'] and wait_minutes > 60")
    begin = pd.Timestamp(small_company.truth["first_day"], tz="Asia/Shanghai")
    met = met[met["started_at"] < begin + pd.Timedelta(days=92)].sort_values("started_at").drop_duplicates("customer_id")
    at = met.set_index("customer_id")["started_at"]
    money = ledgers.window(books, at)["margin_cny"]
    found = trails.build(tables, books, customers=at.index, start=at).register("exposed", ledgers.rows_in(books, at), printed=money.sum())
    assert found.total("exposed") == found.total("observed") == ledgers.yuan(ledgers.cents(money).sum()) > 0
    passed = {check.name.en: check.passed for check in found.check()}
    assert False not in passed.values() and found.counts["cases_nameless"] > 0
    for key in ("waiting_time", found.lines["case_id"].dropna().iloc[0], found.lines["customer_id"].iloc[0]):
        chain = found.chain(key)
        assert ledgers.yuan(ledgers.cents(chain.loc[chain["adds"], "total_cny"]).sum()) == found.total(key)
    assert set(found.chain("waiting_time")["topic"].dropna()) == {"waiting_time"}


def test_words_claim_nothing_and_are_set_well(trail) -> None:
    made = trail.register("loss", ["B1", "B1"], printed=3, modelled=LOSS, label=Text("损失", "Loss"))
    said = [t for found in (made, build({})) for c in found.check() for t in (c.name, c.detail, c.consequence) if t] + [made.told("loss")]
    assert len(said) > 30
    assert [t for t in said if verbs_exceed(t.zh, 0, "zh") or verbs_exceed(t.en, 0, "en") or half_width(t.zh)] == []
