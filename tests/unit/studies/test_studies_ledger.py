"""The ledger: totals before and after re-add to the cent, refunds stay with what they refund, windows go by exact time."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.reporting.language import half_width, verbs_exceed
from voclib.schema import validate
from voclib.studies import ledger as ledgers

DAY = pd.Timedelta(days=1)


def book(*rows: dict) -> pd.DataFrame:
    """A table of transactions as the standard has it; a row names what differs from a ¥100 service with ¥45 margin."""
    usual = {"customer_id": "C1", "booked_at": "2025-06-01 10:00", "kind": "service", "net_cny": "100", "margin_cny": "45", "currency": "CNY"}
    given = pd.DataFrame([{"transaction_id": f"B{i}", **usual, **{k: None if v is None else str(v) for k, v in row.items()}}
                          for i, row in enumerate(rows)])
    empty = {name: None for name in ("order_id", "unit_id", "refund_of_transaction_id") if name not in given}
    found = validate(given.assign(**empty), "transactions")
    assert not len(found.quarantined), found.problems
    return found.accepted


def moments(**at: str) -> pd.Series:
    """customer_id → moment in Shanghai."""
    return pd.Series({name: pd.Timestamp(text, tz="Asia/Shanghai") for name, text in at.items()})


def problem(ledger: ledgers.Ledger, name: str) -> pd.Series:
    return ledger.problems.set_index("problem").loc[name]


def test_cents_are_exact_and_half_goes_away_from_zero() -> None:
    amounts = [1.005, -1.005, 0.1 + 0.2, 1e9 + 0.01, 0.125, 2.675, 0.0]
    assert ledgers.cents(amounts).tolist() == [101, -101, 30, 100_000_000_001, 13, 268, 0]
    rng = np.random.default_rng(1)
    whole = rng.integers(-10**12, 10**12, 20_000)
    assert (ledgers.cents(whole / 100) == whole).all()
    assert ledgers.yuan(-5) == Decimal("-0.05") and ledgers.yuan(10) == Decimal("0.10")


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e14])
def test_amounts_without_cents_are_refused(bad: float) -> None:
    with pytest.raises(DataError, match="1 amounts are missing, infinite or beyond 9e\\+13"):
        ledgers.cents([1.0, bad])


def test_sums_re_add_where_floats_do_not() -> None:
    found = ledgers.clean(book({"margin_cny": "0.1"}, {"margin_cny": "0.2"}))
    assert found.rows["margin_cny"].sum() != 0.3  # what adding floats gives
    assert found.total().value == 0.3 and ledgers.added(found) == 30 and found.total().kind == "count"


def test_read_minus_left_out_is_kept_to_the_cent() -> None:
    found = ledgers.clean(book({"net_cny": "1000.01"}, {"kind": "vehicle", "net_cny": "200000", "margin_cny": "9000.03"},
                               {"kind": "refund", "net_cny": "-5000.5", "margin_cny": "-225.02", "refund_of_transaction_id": "B1"},
                               {"customer_id": "TEST", "net_cny": "7.77", "margin_cny": "3.33"},
                               {"kind": "refund", "customer_id": "TEST", "net_cny": "-1.11", "margin_cny": "-0.5", "refund_of_transaction_id": "B3"}),
                          test_accounts=["TEST"])
    notes = found.notes.set_index("step")
    assert list(notes["rows_n"]) == [5, 2, 1, 1, 1]
    for column in ("net_cny", "margin_cny"):
        left_out = ledgers.cents(notes.loc[["test_accounts", "excluded_kinds", "their_refunds"], column]).sum()
        assert ledgers.cents([notes.at["read", column]])[0] - left_out == ledgers.cents([notes.at["kept", column]])[0]
    assert notes.at["test_accounts", "net_cny"] == 6.66 and notes.at["their_refunds", "margin_cny"] == -225.02
    assert list(found.rows["transaction_id"]) == ["B0"] and found.total().value == 45.0
    check = found.check()[0]
    assert check.passed and "Kept: 1 bookings, ¥1,000.01 net." in check.detail.en and "其退款 1 笔 −¥5,000.50" in check.detail.zh


def test_the_before_after_check_can_fail() -> None:
    found = ledgers.clean(book({}))
    tampered = replace(found, notes=found.notes.assign(net_cny=[100.0, 0.0, 0.0, 0.0, 99.99]))
    assert not tampered.check()[0].passed and found.check()[0].passed


def test_vehicles_stay_where_they_are_asked_for() -> None:
    found = ledgers.clean(book({}, {"kind": "vehicle"}), exclude_kinds=())
    assert len(found.rows) == 2 and found.total().value == 90


@pytest.mark.parametrize("links", [("B1", "B0"), ("B1", "B2", "B0"), ("B1", "B2", "B3", "B0")])
def test_refunds_of_refunds_go_with_the_excluded_booking(links: tuple[str, ...]) -> None:
    refunds = [{"kind": "refund", "net_cny": -10, "margin_cny": -1, "refund_of_transaction_id": to} for to in ("B0", *links[:-1])]
    found = ledgers.clean(book({"kind": "vehicle", "net_cny": 1000}, *refunds, {}))
    assert list(found.rows["transaction_id"]) == [f"B{len(refunds) + 1}"]


def test_refunds_that_match_raise_no_alarm_and_others_are_named_with_totals() -> None:
    matched = ledgers.clean(book({}, {"kind": "refund", "net_cny": -20, "margin_cny": -9, "refund_of_transaction_id": "B0"}))
    assert matched.problems.empty and [c.passed for c in matched.check()] == [True, True] and matched.total().value == 36
    found = ledgers.clean(book(
        {}, {"kind": "refund", "net_cny": "-12.34", "margin_cny": -5},
        {"kind": "refund", "net_cny": -1, "margin_cny": 0, "refund_of_transaction_id": "LOST"},
        {"kind": "refund", "net_cny": -60, "margin_cny": -9, "refund_of_transaction_id": "B0"},
        {"kind": "refund", "net_cny": -50, "margin_cny": -9, "refund_of_transaction_id": "B0", "customer_id": "C9", "booked_at": "2025-05-01 08:00"},
        {"kind": "refund", "net_cny": -5, "margin_cny": -1, "refund_of_transaction_id": "B6"},
        {"kind": "refund", "net_cny": -5, "margin_cny": -1, "refund_of_transaction_id": "B5"}))
    unlinked = problem(found, "refund_unlinked")
    assert unlinked["rows_n"] == 4 and unlinked["net_cny"] == -23.34  # two without a booking, two that only name each other
    assert problem(found, "refund_larger")["rows_n"] == 2 and problem(found, "refund_larger")["net_cny"] == -110  # each alone is smaller than ¥100
    assert problem(found, "refund_other_customer")["examples"] == "B4" == problem(found, "refund_early")["examples"]
    assert len(found.rows) == 7, "named, not removed"
    alarms = {c.name.en: c for c in found.check()}
    assert alarms["Refunds without a matching booking"].passed is False
    assert "−¥23.34 net" in alarms["Refunds without a matching booking"].detail.en
    assert "Every refund matches a booking" not in alarms


def test_positive_refunds_are_refused_but_a_refund_taken_back_is_not() -> None:
    with pytest.raises(DataError, match="1 of 1 refunds are not negative, such as B1; they hold 20.00 CNY net"):
        ledgers.clean(book({}, {"kind": "refund", "net_cny": 20, "refund_of_transaction_id": "B0"}))
    back = {"kind": "refund", "net_cny": 20, "margin_cny": 9, "refund_of_transaction_id": "B1"}
    found = ledgers.clean(book({}, {"kind": "refund", "net_cny": -20, "margin_cny": -9, "refund_of_transaction_id": "B0"}, back))
    assert found.total().value == 45 and problem(found, "refund_of_refund")["examples"] == "B2"


def test_odd_bookings_are_named_with_their_totals() -> None:
    found = ledgers.clean(book({"margin_cny": -30}, {"net_cny": -8, "margin_cny": -8}, {"net_cny": 10, "margin_cny": 40},
                               {"booked_at": "2025-06-02 09:00"}, {"booked_at": "2025-06-02 09:00"}, {"net_cny": "3.14159", "margin_cny": 1},
                               {"refund_of_transaction_id": "B0", "net_cny": 55}))
    assert {name: problem(found, name)["examples"] for name in found.problems["problem"]} == {
        "negative_margin": "B0, B1", "negative_net": "B1", "margin_above_net": "B2", "repeated": "B4", "finer_than_cent": "B5",
        "link_without_refund": "B6"}
    assert problem(found, "negative_margin")["margin_cny"] == -38 and len(found.rows) == 7
    passed = {c.name.en: c.passed for c in found.check()}
    assert passed["Margins above the net amount"] is False and passed["Negative margins that are not refunds"] is None


def test_absent_test_accounts_are_said() -> None:
    found = ledgers.clean(book({}), test_accounts=["C1x"])
    assert problem(found, "test_account_absent")["examples"] == "C1x"


def test_booking_numbers_stand_once() -> None:
    with pytest.raises(DataError, match="1 booking numbers appear more than once, such as B0; their copies hold 100.00 net") as caught:
        ledgers.clean(pd.concat([book({}), book({})], ignore_index=True))
    assert len(caught.value.problems) == 2


def test_currencies_are_converted_to_the_cent_or_refused_with_their_totals() -> None:
    mixed = book({}, {"net_cny": "10.05", "margin_cny": "3.33"}).assign(currency=["CNY", "USD"])
    with pytest.raises(DataError, match=r"not all in CNY: CNY 100.00 net in 1 bookings; USD 10.05 net in 1 bookings\. Give fx="):
        ledgers.clean(mixed)
    found = ledgers.clean(mixed, fx={"USD": 7.1})
    assert found.rows["net_cents"].tolist() == [10000, 7136]  # 71.355 half up
    assert found.rows["margin_cents"].tolist() == [4500, 2364] and problem(found, "converted")["rows_n"] == 1
    dollars = ledgers.clean(mixed[mixed["currency"] == "USD"], currency="USD")
    assert dollars.total().unit == "usd" and "净额 $10.05。" in dollars.check()[0].detail.zh
    euros = ledgers.clean(book({}).assign(currency="EUR"), currency="EUR")
    assert ledgers.added(euros) == 4500
    with pytest.raises(ParameterError, match="Amounts in EUR cannot be printed"):
        euros.total()


@pytest.mark.parametrize(("rates", "message"), [({"USD": 0}, "a rate is a positive number"), ({"USD": 7, "CNY": 2}, "leave CNY out of it")])
def test_rates_make_sense(rates: dict[str, float], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        ledgers.clean(book({}), fx=rates)


def test_margin_is_never_revenue() -> None:
    rows = book({"margin_cny": None}, {})
    found = ledgers.clean(rows)
    total = found.total()
    assert total.kind == "refusal" and "margin is not: 1 of 2 bookings have no margin; their net revenue totals ¥100.00" in total.reason.en
    assert "毛利未知" in total.reason.zh and "measure: revenue" in total.needs.en and "measure: revenue" in total.needs.zh
    start = moments(C1="2025-01-01")
    for ask in (lambda: ledgers.added(found), lambda: ledgers.window(found, start, censored="keep")):
        with pytest.raises(DataError, match="Revenue is known, margin is not") as caught:
            ask()
        assert list(caught.value.problems["transaction_id"]) == ["B0"]
    later = moments(C1="2025-06-01 10:00")  # the booking without a margin lies outside this window
    assert ledgers.window(found, later, days=1, censored="keep")["margin_cny"].tolist() == [0.0]
    revenue = ledgers.clean(rows, measure="net_cny")
    assert revenue.total().value == 200 and revenue.total().group == "net_cny" and revenue.measured.en == "net revenue, not margin"
    row = ledgers.window(revenue, start, censored="keep").iloc[0]
    assert row["net_cny"] == 200 and np.isnan(row["margin_cny"])
    assert ledgers.clean(rows.drop(columns="margin_cny")).lacking is not None


def test_a_missing_margin_of_what_is_left_out_does_not_matter() -> None:
    found = ledgers.clean(book({"kind": "vehicle", "margin_cny": None}, {}))
    assert found.lacking is None and found.total().value == 45 and "margin_unknown" not in set(found.problems["problem"])


@pytest.mark.parametrize(("column", "message"), [("customer_id", "no customer_id, such as booking B0"), ("net_cny", "no net_cny"),
                                                 ("booked_at", "no booked_at"), ("transaction_id", "no transaction_id; fill")])
def test_cells_needed_are_there(column: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        ledgers.clean(book({}).assign(**{column: pd.NA if column != "booked_at" else pd.NaT}))


def test_tables_that_are_no_ledger_are_refused_by_what_they_lack() -> None:
    rows = book({})
    with pytest.raises(DataError, match="missing: customer_id, kind; there are transaction_id"):
        ledgers.clean(rows.drop(columns=["customer_id", "kind"]))
    with pytest.raises(DataError, match="holds no booking"):
        ledgers.clean(rows.iloc[:0])
    with pytest.raises(DataError, match="booked_at holds datetime64.*time zone"):
        ledgers.clean(rows.assign(booked_at=rows["booked_at"].dt.tz_localize(None)))
    with pytest.raises(ParameterError, match="'vehicles', which no booking is; did you mean 'vehicle'"):
        ledgers.clean(rows, exclude_kinds=["vehicles"])
    with pytest.raises(ParameterError, match="Refunds cannot be left out by themselves"):
        ledgers.clean(rows, exclude_kinds=["refund"])
    with pytest.raises(ParameterError, match="measure='revenue' is not known"):
        ledgers.clean(rows, measure="revenue")
    with pytest.raises(ParameterError, match="no time zone 'Beijing'"):
        ledgers.clean(rows, timezone="Beijing")
    with pytest.raises(ParameterError, match="'June' is not a day"):
        ledgers.clean(rows, first_day="June")
    with pytest.raises(DataError, match="1 bookings lie outside 2025-06-02 to 2025-06-30"):
        ledgers.clean(rows, first_day="2025-06-02", last_day="2025-06-30")


def test_windows_go_by_exact_time() -> None:
    at = pd.Timestamp("2025-06-01 10:00", tz="Asia/Shanghai")
    year, second = 365 * DAY, pd.Timedelta(seconds=1)
    times = (at - year, at - year - second, at - second, at, at + second, at + year, at + year + second)
    rows = book(*({"booked_at": str(t.tz_localize(None)), "net_cny": 2**i, "margin_cny": 2**i} for i, t in enumerate(times)))
    found = ledgers.clean(rows, first_day="2024-01-01", last_day="2026-12-31")
    start = moments(C1="2025-06-01 10:00", C2="2025-06-01 10:00")
    after, before = (ledgers.window(found, start, side=side) for side in ("after", "before"))
    assert after["margin_cny"].tolist() == [2**4 + 2**5, 0] and before["margin_cny"].tolist() == [2**0 + 2**2, 0]
    assert after["n_rows"].tolist() == [2, 0] and after["is_covered"].all()
    assert list(ledgers.rows_in(found, start)["transaction_id"]) == ["B4", "B5"]
    utc = ledgers.window(found, start.dt.tz_convert("UTC").astype("datetime64[ns, UTC]"))
    pd.testing.assert_frame_equal(utc, after)


def test_twelve_months_add_up_to_the_year_and_edges_fall_where_they_should() -> None:
    rng = np.random.default_rng(3)
    at = pd.Timestamp("2025-06-01", tz="Asia/Shanghai")
    offsets = [*(at + i * ledgers.MONTH for i in range(-12, 13)), *(at + pd.Timedelta(seconds=int(s)) for s in rng.integers(-4e7, 4e7, 300))]
    rows = book(*({"customer_id": f"C{i % 2}", "booked_at": str(t.tz_localize(None)), "margin_cny": round(float(rng.gamma(2, 50)), 2)}
                  for i, t in enumerate(offsets)))
    found = ledgers.clean(rows, first_day="2020-01-01", last_day="2030-01-01")
    start = moments(C0="2025-06-01", C1="2025-06-01", C9="2025-06-01")
    monthly = ledgers.monthly(found, start, months_before=12, months_after=12)
    assert monthly.groupby("customer_id")["month"].apply(list).map(lambda m: m == list(range(-12, 12))).all()
    for side, part in (("after", monthly["month"] >= 0), ("before", monthly["month"] < 0)):
        whole = ledgers.window(found, start, side=side)
        by_month = monthly[part].groupby("customer_id")["margin_cny"].apply(lambda x: ledgers.cents(x).sum())
        assert by_month.tolist() == ledgers.cents(whole["margin_cny"]).tolist() and by_month["C9"] == 0


def test_a_month_boundary_belongs_to_the_month_nearer_the_moment() -> None:
    at = pd.Timestamp("2025-06-01", tz="Asia/Shanghai")
    rows = book(*({"booked_at": str((at + shift * ledgers.MONTH).tz_localize(None)), "margin_cny": 10**i} for i, shift in enumerate((-1, 0, 1, 2))))
    found = ledgers.clean(rows, first_day="2025-01-01", last_day="2025-12-31")
    monthly = ledgers.monthly(found, moments(C1="2025-06-01"), months_before=2, months_after=2).set_index("month")["margin_cny"]
    assert monthly.to_dict() == {-2: 0, -1: 1, 0: 100, 1: 1000}  # the booking at the moment itself is in none


def test_order_and_identity_of_rows_change_nothing() -> None:
    rng = np.random.default_rng(5)
    rows = book(*({"customer_id": f"C{i % 7}", "booked_at": f"2025-0{1 + i % 9}-1{i % 8} 0{i % 9}:00",
                   "margin_cny": round(float(rng.gamma(1, 90)), 2)} for i in range(90)))
    start = moments(**{f"C{i}": "2025-05-05 05:00" for i in range(7)})
    a, b = (ledgers.clean(t, last_day="2026-12-31") for t in (rows, rows.sample(frac=1, random_state=1)))
    pd.testing.assert_frame_equal(a.rows, b.rows)
    pd.testing.assert_frame_equal(ledgers.window(a, start), ledgers.window(b, start[::-1])[::-1].reset_index(drop=True))
    assert ledgers.window(a, start)["margin_cny"].sum() > 0


def test_windows_cut_short_are_an_error_excluded_or_kept() -> None:
    found = ledgers.clean(book({}, {"booked_at": "2026-06-10 23:00"}))
    start = moments(C1="2025-06-10 10:00", C2="2025-06-12 10:00")
    assert list(ledgers.cut_short(found, start)) == ["C2"] and list(ledgers.cut_short(found, start, side="before")) == ["C1", "C2"]
    with pytest.raises(DataError, match="covers 2025-06-01 to 2026-06-10; the 365 days after their moment reach beyond that for 1 of 2 customers"):
        ledgers.window(found, start)
    assert list(ledgers.window(found, start, censored="exclude")["customer_id"]) == ["C1"]
    assert ledgers.window(found, start, censored="keep")["is_covered"].tolist() == [True, False]
    assert ledgers.window(found, start, side="before")["is_covered"].tolist() == [False, False]  # kept by default, and said
    with pytest.raises(DataError, match="365 days before"):
        ledgers.window(found, start, side="before", censored="error")
    with pytest.raises(DataError, match="lie in the ledger for none of 2 customers"):
        ledgers.window(found, start, side="before", censored="exclude")
    longer = ledgers.clean(book({}, {"booked_at": "2026-06-10 23:00"}), last_day="2026-06-30")
    assert ledgers.window(longer, start)["is_covered"].all()


def test_the_window_must_end_before_the_last_day_does() -> None:
    found = ledgers.clean(book({}, {"booked_at": "2025-06-11 00:00"}))
    start = moments(C1="2025-06-01 00:00", C2="2025-06-01 23:59:59", C3="2025-06-02 00:00")
    assert list(ledgers.cut_short(found, start, days=10)) == ["C3"]  # the last moment of C3's ten days is the first no longer covered


def test_months_cut_short() -> None:
    found = ledgers.clean(book({}, {"booked_at": "2026-06-10 23:00"}))
    start = moments(C1="2025-08-01", C2="2026-05-20")
    with pytest.raises(DataError, match="the months -1 to 1 around their moment reach beyond that for 1 of 2"):
        ledgers.monthly(found, start, months_before=1, months_after=2)
    kept = ledgers.monthly(found, start, months_before=1, months_after=2, censored="keep")
    assert kept["is_covered"].tolist() == [True, True, True, True, False, False]
    assert set(ledgers.monthly(found, start, months_before=1, months_after=2, censored="exclude")["customer_id"]) == {"C1"}
    with pytest.raises(ParameterError, match="months_before and months_after are counts from 0"):
        ledgers.monthly(found, start, months_before=0, months_after=0)


def test_moments_that_are_none() -> None:
    found = ledgers.clean(book({}))
    good = moments(C1="2025-06-01")
    with pytest.raises(DataError, match="moments with a time zone"):
        ledgers.window(found, good.dt.tz_localize(None))
    with pytest.raises(DataError, match="names customer 'C1' more than once"):
        ledgers.window(found, pd.concat([good, good]))
    with pytest.raises(DataError, match="start has 1 customers, 1 of them without a moment"):
        ledgers.window(found, good.where(good.isna()))
    with pytest.raises(DataError, match="None of the 1 customers, such as 'X', has a booking; the ledger's look like 'C1'"):
        ledgers.window(found, good.rename({"C1": "X"}), censored="keep")
    with pytest.raises(ParameterError, match="side is 'after' or 'before', not 'later'"):
        ledgers.window(found, good, side="later")
    with pytest.raises(ParameterError, match="days is a positive number"):
        ledgers.window(found, good, days=0)
    with pytest.raises(ParameterError, match="censored is 'error', 'exclude' or 'keep', not 'drop'"):
        ledgers.window(found, good, censored="drop")


def first_visits(tables: dict[str, pd.DataFrame], day: str) -> pd.DataFrame:
    """First workshop contact of each old customer within 92 days of the first day."""
    begin = pd.Timestamp(day, tz="Asia/Shanghai")
    met = tables["touchpoints"]
    met = met[met["kind"].isin(["maintenance", "repair"]) & (met["started_at"] < begin + 92 * DAY)]
    met = met.sort_values("started_at").drop_duplicates("customer_id")
    met = met.merge(tables["customers"][["customer_id", "joined_on"]], on="customer_id")
    return met[met["joined_on"] < begin.tz_localize(None)]


def test_the_sample_companys_year_is_the_planted_one(small_company) -> None:
    planted, tables = small_company.truth["nps_revenue"], small_company.tables
    found = ledgers.clean(tables["transactions"])
    met = first_visits(tables, small_company.truth["first_day"])
    exposed = (met["wait_minutes"] > 60).to_numpy()
    assert (len(met), int(exposed.sum())) == (planted["cohort_n"], planted["exposed_n"])
    year = ledgers.window(found, met.set_index("customer_id")["started_at"])
    money = year["margin_cny"].to_numpy()
    assert money[exposed].mean() - money[~exposed].mean() == pytest.approx(planted["naive_difference_cny"], abs=0.02)
    assert found.problems.empty and found.check()[0].passed
    assert ledgers.added(found) == sum(int(round(x * 100)) for x in found.rows["margin_cny"])
    vehicles = tables["transactions"].query("kind == 'vehicle'")
    assert found.notes.set_index("step").at["excluded_kinds", "net_cny"] == pytest.approx(vehicles["net_cny"].sum(), abs=1e-6)


def test_words_claim_nothing_and_are_set_well() -> None:
    found = ledgers.clean(book({"margin_cny": None}, {"kind": "refund", "net_cny": -1, "margin_cny": -1}, {"margin_cny": -3}), test_accounts=["X"])
    said = [t for c in found.check() for t in (c.name, c.detail, c.consequence) if t] + [found.lacking, found.measured, found.total().needs]
    said += [*found.notes["label"], *found.problems["label"], *found.problems["treatment"]]
    assert len(said) > 15
    assert [t for t in said if verbs_exceed(t.zh, 0, "zh") or verbs_exceed(t.en, 0, "en") or half_width(t.zh.replace('measure="net_cny"', ""))] == []


@pytest.mark.parametrize(("day", "side"), [("2027-06-01", "after"), ("2023-01-05", "before")])
def test_one_booking_far_from_the_others_makes_no_year_without_bookings(day: str, side: str) -> None:
    """A mistyped year would stretch the ledger over months that nobody kept, and every window into them would count as a customer who left."""
    rows = book(*({"booked_at": f"2025-{1 + n // 28:02d}-{1 + n % 28:02d} 10:00"} for n in range(336)), {"booked_at": f"{day} 10:00"})
    start = moments(C1="2025-06-15 12:00")
    found, stretched = ledgers.clean(rows), ledgers.clean(rows, first_day=min(day, "2025-01-01"), last_day=max(day, "2025-12-28"))
    assert found.opens == pd.Timestamp("2025-01-01", tz="Asia/Shanghai") and found.closes == pd.Timestamp("2025-12-29", tz="Asia/Shanghai")
    assert list(ledgers.cut_short(found, start, side=side)) == ["C1"], "half of the year around it is not in the ledger"
    assert list(ledgers.cut_short(stretched, start, side=side)) == [], "stretched, the empty half counts as known"
    told = problem(found, "alone")
    assert told["rows_n"] == 1 and told["examples"] == "B336" and len(found.rows) == 337
