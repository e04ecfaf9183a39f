"""Traps of well-known public data sets: each is named in both languages, with what to do, and honest data of the same form is left in peace."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest
from shop_mapping import SHOP

from voclib.sources import ingest
from voclib.sources.oddities import bookings, case_times, notices, templates
from voclib.studies.pool import doubts as words

TICKETS = SHOP + """
  - channel: ticket
    files: tickets.csv
    tables:
      responses:
        columns: {response_id: id, submitted_at: opened, comment: said}
        constants: {channel: ticket, language: en}
      cases:
        columns: {case_id: id, opened_at: opened, responded_at: answered, resolved_at: solved}
        constants: {severity: low}
"""


def account(frame: pd.DataFrame) -> SimpleNamespace:
    """A table as it was accepted, all of it from one file."""
    return SimpleNamespace(validated=SimpleNamespace(accepted=frame), origin=pd.DataFrame({"_file": ["a.csv"] * len(frame)}))


def cases(n: int, *, early: int, is_frozen: bool) -> pd.DataFrame:
    opened = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta([24 * day + day % 9 for day in range(n)], unit="h")
    begun = pd.DatetimeIndex([pd.Timestamp("2027-01-01", tz="UTC")] * n) if is_frozen else opened
    answered = begun + pd.Timedelta(hours=5)
    solved = answered + pd.to_timedelta([-1 if place < early else 20 for place in range(n)], unit="h")
    return pd.DataFrame({"opened_at": opened, "assigned_at": pd.NaT, "responded_at": answered, "resolved_at": solved}).assign(
        assigned_at=lambda frame: pd.to_datetime(frame["assigned_at"], utc=True))


def test_cases_solved_before_anybody_answered_are_named():
    found, = case_times.build(account(cases(100, early=40, is_frozen=False)))
    assert (found["doubt"], found["n"], found["of"]) == ("solved_unanswered", 40, 100)
    assert "of 100 cases with both times, 40 were resolved before the first reply" in notices.doubt(found, zh=False)
    assert not list(case_times.build(account(cases(100, early=4, is_frozen=False)))) and not list(case_times.build(None))


def test_times_that_a_program_wrote_in_one_run_are_named():
    found = list(case_times.build(account(cases(100, early=0, is_frozen=True))))
    assert [(item["doubt"], item["column"]) for item in found] == [("stamped_at_once", "responded_at"), ("stamped_at_once", "resolved_at")]
    assert "100 times in cases.responded_at lie within 0 hours" in notices.doubt(found[0], zh=False)
    assert not list(case_times.build(account(cases(50, early=0, is_frozen=True))))  # opened over 49 days: a backlog may be cleared in a week


def test_dates_without_a_time_of_day_are_named_in_winter_and_in_summer():
    frame = cases(200, early=0, is_frozen=False)
    dated = frame.assign(opened_at=frame["opened_at"].dt.tz_convert("Europe/Paris").dt.normalize().dt.tz_convert("UTC"))
    assert dated["opened_at"].dt.hour.nunique() == 2
    found, = case_times.build(account(dated))
    assert (found["doubt"], found["column"], found["n"]) == ("days_only", "opened_at", 200)
    assert "200 times in cases.opened_at are dates without a time of day" in notices.doubt(found, zh=False)
    assert not list(case_times.build(account(frame)))


@pytest.mark.parametrize(("orders", "is_named"), [(1, True), (2, False)])
def test_a_ledger_in_which_nobody_returns_is_named(orders, is_named):
    n = 400
    ledger = pd.DataFrame({"customer_id": [f"c{place // orders}" for place in range(n * orders)], "order_id": pd.NA,
                           "transaction_id": [f"t{place}" for place in range(n * orders)],
                           "booked_at": pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(range(n * orders), unit="D")})
    found = list(bookings.build(account(ledger), []))
    assert [item["doubt"] for item in found] == ["one_order_each"] * is_named
    paid_twice = ledger.assign(order_id=ledger["customer_id"])  # two instalments of one order are one order
    assert [item["doubt"] for item in bookings.build(account(paid_twice), [])] == ["one_order_each"]


@pytest.mark.parametrize("field", ["{product_purchased}", "{{ first name }}", "${order.id}", "<%= name %>", "[[Name]]"])
def test_fields_that_a_template_left_unfilled_are_named(field):
    said = pd.DataFrame({"comment": [f"My {field} is broken"] * 5 + ["paid {$35.00} [哈哈] {'id': 1} {} {2}", None]}).astype({"comment": "str"})
    found, = templates.build(account(said))
    assert (found["n"], found["of"], found["fields"]) == (5, 6, [field])
    assert f"5 of 6 verbatims hold a template field that was never filled ({field})" in notices.doubt(found, zh=False)
    assert not list(templates.build(account(said.tail(4))))


def test_the_support_ticket_data_set_is_told_as_it_is(tmp_path):
    days = pd.date_range("2024-01-01", periods=200)
    lines = [f"{place},{day:%Y-%m-%d},2025-12-31 {9 + place % 3:02d}:00:00,2025-12-31 {8 + place % 5:02d}:30:00,My {{product}} is broken"
             for place, day in enumerate(days)]
    (tmp_path / "tickets.csv").write_text("\n".join(["id,opened,answered,solved,said", *lines]), "utf-8")
    (tmp_path / "shop.yml").write_text(TICKETS, "utf-8")
    pool = ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out")
    told = pool.scorecard["doubts"]
    assert [item["doubt"] for item in told] == ["solved_unanswered", "stamped_at_once", "stamped_at_once", "days_only", "unfilled_field"]
    assert all(notices.doubt(item, zh=zh) in pool.findings("zh" if zh else "en") for item in told for zh in (True, False))


def test_every_doubt_that_the_import_tells_has_words_on_the_page():
    assert set(notices.KNOWN) <= set(words.KNOWN)


REVIEWS = SHOP + """
  - channel: master
    files: list.csv
    tables:
      customers:
        columns: {customer_id: who}
        constants: {segment: all, is_churned: 0}
  - channel: review
    files: reviews.csv
    make_id: [at, good]
    tables:
      responses:
        columns: {response_id: _id, submitted_at: at, csat_score: wifi, comment: good}
        constants: {channel: review, language: en}
  - channel: review
    files: reviews.csv
    make_id: [at, bad]
    tables:
      responses:
        columns: {response_id: _id, submitted_at: at, comment: bad}
        constants: {channel: review, language: en}
"""


def reviews(folder, rows):
    (folder / "list.csv").write_text("\n".join(["who", *(f"C{place}" for place in range(40))]), "utf-8")
    (folder / "reviews.csv").write_text("\n".join(["at,wifi,good,bad", *rows]), "utf-8")
    (folder / "shop.yml").write_text(REVIEWS, "utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def test_praise_and_blame_in_two_columns_are_two_voices_and_no_negative_is_none(tmp_path):
    pool = reviews(tmp_path, ["2026-01-01,5,Lovely breakfast,No Negative", "2026-01-02,4,No Positive,No negative comments about the pool"])
    said = pool.tables["responses"].set_index("comment")["csat_score"]
    assert said.loc["Lovely breakfast"] == 5 and said.isna().loc["No negative comments about the pool"]
    assert pool.tables["responses"]["comment"].notna().sum() == 2 and len(said) == 4 and pool.quarantine.empty


def test_a_zero_below_a_scale_is_answered_with_the_line_that_makes_it_no_answer(tmp_path):
    pool = reviews(tmp_path, [f"2026-01-{day:02d},{0 if day == 7 else 4},Fine {day},Bad {day}" for day in range(1, 29)])
    assert "csat_score: outside 1–5: 1 row\n" in pool.findings("en") and 'values: {csat_score: {"0": ""}}' in pool.findings("en")


def test_rows_that_stand_twice_are_told_at_the_desk_and_on_the_page(tmp_path):
    rows = [f"2026-01-{day:02d},4,Fine {day},Bad {day}" for day in (1, 2, 3, 3, 2)]
    pool = reviews(tmp_path, rows)
    assert "2 rows repeat an earlier row in every cell" in pool.findings("en") and "每一格都相同的行 2 行" in pool.findings("zh")
    assert "repeat" not in reviews(tmp_path, rows[:3]).findings("en")


def test_a_list_of_customers_is_no_touchpoint_and_is_judged_without_voices(tmp_path):
    pool = reviews(tmp_path, ["2026-01-01,5,Lovely,Noisy"])
    assert [item["name"] for item in pool.scorecard["feeds"]["touchpoints"]] == ["reviews.csv"]
    (tmp_path / "shop.yml").write_text(REVIEWS[:REVIEWS.index("  - channel: review")], "utf-8")
    alone = ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "alone")
    assert [item["trap"] for item in alone.scorecard["traps"]] == ["survivors_only"] and "40 customers" in alone.findings("en")
