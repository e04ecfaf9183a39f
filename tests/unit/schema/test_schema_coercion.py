"""Untidy values are read as what they mean, counted, and never guessed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError
from voclib.schema import coerce
from voclib.schema.coercion import read


def one(value: object, column: str, table: str, **options: str) -> tuple[object, str, str]:
    """The value read from one cell, what was repaired, and what could not be read."""
    made = read(pd.DataFrame({column: [value]}), table, timezone=options.get("timezone", "Asia/Shanghai"))
    note = made.repairs[0].problem if made.repairs else ""
    return made.frame[column].iloc[0], note, made.unreadable[0].problem if made.unreadable else ""


@pytest.mark.parametrize(("raw", "value", "note"), [
    ("10", 10, ""), ("10.0", 10, ""), ("-0", 0, ""), ("１０", 10, "full-width characters read as plain"), (" 10 ", 10, "surrounding blanks removed"),
    ("10分", 10, "unit word removed"), ("９ 分", 9, "full-width characters read as plain; unit word removed"), ("8 points", 8, "unit word removed"),
    ("\u300010", 10, "surrounding blanks removed"),
])
def test_scores_are_read_and_every_change_is_counted(raw, value, note):
    assert one(raw, "nps_score", "responses") == (value, note, "")


@pytest.mark.parametrize("raw", ["9.5", "ten", "10/10", "9-10", "1,0", "３万", "1e400", "0x10", "1_0", "½", "--5", "50%"])
def test_what_is_no_whole_number_is_not_guessed(raw):
    value, note, wrong = one(raw, "nps_score", "responses")
    assert value is pd.NA and note == "" and wrong


@pytest.mark.parametrize("raw", ["N/A", "NA", "null", "-", "无", " n/a ", "NULL", "  "])
def test_words_for_nothing_are_missing_and_counted(raw):
    value, note, wrong = one(raw, "nps_score", "responses")
    assert value is pd.NA and note == "read as missing" and wrong == ""


@pytest.mark.parametrize("raw", ["", None, np.nan, pd.NA])
def test_what_is_empty_already_is_no_repair(raw):
    value, note, wrong = one(raw, "nps_score", "responses")
    assert value is pd.NA and (note, wrong) == ("", "")


@pytest.mark.parametrize("raw", ["无", "NA", " 太慢了 ", "－", "10分"])
def test_a_verbatim_stays_as_it_was_written(raw):
    assert one(raw, "comment", "responses") == (raw, "", "")


@pytest.mark.parametrize(("raw", "column", "value", "note"), [
    ("1,234.50", "amount_cny", 1234.5, "thousands separators removed"),
    ("¥1,200", "amount_cny", 1200, "currency sign removed; thousands separators removed"),
    ("-1，200元", "amount_cny", -1200, "full-width characters read as plain; thousands separators removed; unit word removed"),
    ("35分钟", "wait_minutes", 35, "unit word removed"), ("1.5e2", "wait_minutes", 150, ""), (".5", "wait_minutes", 0.5, ""),
])
def test_amounts(raw, column, value, note):
    assert one(raw, column, "touchpoints") == (value, note, "")


@pytest.mark.parametrize(("raw", "column"), [("2小时", "wait_minutes"), ("3万", "amount_cny"), ("5k", "amount_cny"), ("$20", "amount_cny")])
def test_a_unit_that_is_not_the_columns_is_refused_rather_than_dropped(raw, column):
    value, note, wrong = one(raw, column, "touchpoints")
    assert np.isnan(value) and note == "" and (wrong.startswith("unit word") or wrong == "not a number")


def test_what_is_said_of_a_value_names_what_is_wrong_with_it():
    assert one("2小时", "wait_minutes", "touchpoints")[2] == "unit word '小时' does not fit minutes"
    assert one("9.5分", "nps_score", "responses")[2] == "not a whole number"


@pytest.mark.parametrize(("raw", "value"), [("1.2万", 12_000), ("1,200万", 12_000_000), ("1.05亿", 105_000_000), ("3万人", 30_000)])
def test_myriads_of_a_count_are_written_out(raw, value):
    assert one(raw, "reach", "responses")[:2] == (value, "万 and 亿 written out" + ("; unit word removed" if raw.endswith("人") else ""))


@pytest.mark.parametrize("raw", ["<5", "＜5", "< 5", "≤10", "5人以下", "少于5", "99+", "1.2万+", ">1000"])
def test_a_bound_is_called_one(raw):
    value, note, wrong = one(raw, "returned_n", "employee_waves")
    assert pd.isna(value) and (note, wrong) == ("", "only a bound is given")


def test_a_score_has_no_myriads():
    assert one("1万", "nps_score", "responses")[2] == "unit word '万' does not fit 0–10"


def test_percentages_are_shares_only_where_the_column_is_a_share():
    assert one("35%", "open_share", "behaviours") == (0.35, "percent read as a share", "")
    assert one("35%", "recency_days", "behaviours")[2]


@pytest.mark.parametrize(("raw", "value"), [
    ("true", True), ("Yes", True), ("1", True), ("是", True), ("FALSE", False), ("no", False), ("0", False), ("否", False),
    (1, True), (0.0, False), (True, True), ("１", True), (np.bool_(False), False),
])
def test_flags(raw, value):
    read_, _, wrong = one(raw, "is_churned", "customers")
    assert read_ is np.bool_(value) or read_ == value
    assert wrong == ""


@pytest.mark.parametrize("raw", ["maybe", "2", 2, "是的吧"])
def test_what_is_neither_yes_nor_no(raw):
    assert one(raw, "is_churned", "customers")[2] == "not a yes or no"


@pytest.mark.parametrize(("raw", "utc", "repaired"), [
    ("2026-07-01T10:00:00", "2026-07-01T02:00:00Z", False), ("2026-07-01 10:00", "2026-07-01T02:00:00Z", False),
    ("2026-07-01T10:00:00Z", "2026-07-01T10:00:00Z", False), ("2026-07-01T10:00:00.123456+08:00", "2026-07-01T02:00:00.123456Z", False),
    ("2026-07-01", "2026-06-30T16:00:00Z", False), ("2026/7/1 9:05", "2026-07-01T01:05:00Z", True),
    ("2026年7月1日 9时5分", "2026-07-01T01:05:00Z", True),
    ("2026-7-1 09:05:07", "2026-07-01T01:05:07Z", True), ("20260701", "2026-06-30T16:00:00Z", True),
])
def test_moments_are_stored_in_utc(raw, utc, repaired):
    value, note, wrong = one(raw, "submitted_at", "responses")
    assert value == pd.Timestamp(utc) and str(value.tz) == "UTC" and wrong == "" and bool(note) is repaired


def test_a_zone_can_be_named():
    assert one("2026-07-01 10:00", "submitted_at", "responses", timezone="Europe/London")[0] == pd.Timestamp("2026-07-01T09:00Z")


def test_zone_less_times_among_zoned_ones_are_counted():
    made = read(pd.DataFrame({"submitted_at": ["2026-07-01T10:00:00Z", "2026-07-01T10:00:00"]}), "responses", timezone="Asia/Shanghai")
    assert [item.problem for item in made.repairs] == ["zone-less time among zoned ones read as Asia/Shanghai"] and made.repairs[0].at.tolist() == [1]
    assert made.frame["submitted_at"].tolist() == [pd.Timestamp("2026-07-01T10:00Z"), pd.Timestamp("2026-07-01T02:00Z")]


@pytest.mark.parametrize("raw", ["2026-13-01", "2026-02-30T10:00:00Z", "yesterday", "01/07/2026", "45123", 45123, "2026-07-01T25:00:00"])
def test_what_is_no_moment(raw):
    assert one(raw, "submitted_at", "responses")[2] == "not a date and time"


@pytest.mark.parametrize(("raw", "day", "note"), [
    ("2026-07-01", "2026-07-01", ""), ("2026-07-01 00:00:00", "2026-07-01", ""), ("2026/7/1", "2026-07-01", "rewritten as an ISO date"),
    ("2026-07-01 18:30:00", "2026-07-01", "time of day dropped"), ("2026-07-01T18:30:00Z", "2026-07-02", "time of day dropped"),
    (pd.Timestamp("2026-07-01"), "2026-07-01", ""), (pd.Timestamp("2026-07-01T16:00Z"), "2026-07-02", ""),
])
def test_days(raw, day, note):
    assert one(raw, "joined_on", "customers") == (pd.Timestamp(day), note, "")


@pytest.mark.parametrize(("raw", "month"), [("2026-07", "2026-07"), ("2026/7", "2026-07"), ("202607", "2026-07"), ("2026年7月", "2026-07"),
                                            ("2026-07-01", "2026-07"), ("July", "July")])
def test_months(raw, month):
    assert one(raw, "month", "usage")[0] == month


@pytest.mark.parametrize("raw", ["2025Q3", "2025-Q3", "2025 q3", "Q3 2025", "q3/2025", "3Q 2025", "2025年三季度", "2025年第三季度", "2025年3季",
                                 "２０２５Ｑ３"])
def test_a_wave_told_as_a_quarter_is_its_first_month(raw):
    value, note, _ = one(raw, "wave_month", "employee_waves")
    assert value == "2025-07" and note.endswith("quarter read as its first month")


@pytest.mark.parametrize("raw", ["2025Q5", "25Q3", "Q3", "FY2025Q3", "2025年上半年", "H1 2025", "2025年三季度末"])
def test_what_may_be_another_quarter_is_asked_about(raw):
    assert one(raw, "wave_month", "employee_waves") == (raw, "", "")


def test_three_months_of_a_store_are_not_one_of_them():
    assert one("2025Q3", "month", "usage") == ("2025Q3", "", "") == one("2025Q3", "month", "operations")
    assert [one(f"2025年{name}季度", "wave_month", "employee_waves")[0] for name in "一二三四"] == ["2025-01", "2025-04", "2025-07", "2025-10"]


def test_identifiers_are_text_without_blanks_and_without_the_spreadsheets_point_zero():
    made, repairs = coerce(pd.DataFrame({"customer_id": [1.0, 20.0, np.nan]}), "customers")
    assert made["customer_id"].tolist()[:2] == ["1", "20"] and made["customer_id"].isna().tolist() == [False, False, True] and repairs.empty
    made, repairs = coerce(pd.DataFrame({"customer_id": [" c1", "c1"]}), "customers", file="c.csv")
    assert made["customer_id"].tolist() == ["c1", "c1"]
    assert repairs.to_dict("records") == [{"file": "c.csv", "table": "customers", "column": "customer_id", "row": 1,
                                           "problem": "surrounding blanks removed", "example": " c1"}]


def test_numbers_already_typed():
    made = read(pd.DataFrame({"nps_score": [1.0, 2.5, np.inf, np.nan], "weight": [1, 2, 3, 4], "duration_seconds": [1.0, np.inf, -np.inf, np.nan]}),
                "responses", timezone="UTC")
    assert made.frame["nps_score"].dtype == "Int64" and made.frame["nps_score"].isna().tolist() == [False, True, True, True]
    assert {item.column: item.at.tolist() for item in made.unreadable} == {"nps_score": [1, 2], "duration_seconds": [1, 2]}
    assert made.frame["weight"].dtype == "float64"


def test_coerce_alone_refuses_what_it_cannot_read():
    with pytest.raises(DataError, match=r"3 rows, first row 1, such as 'ten', '九'\)"):
        coerce(pd.DataFrame({"nps_score": ["ten", "九", "ten"]}), "responses")
    with pytest.raises(DataError, match=r"s\.csv: responses\.nps_score: not a whole number \(row 2, such as 'ten'\)"):
        coerce(pd.DataFrame({"nps_score": ["1", "ten"]}), "responses", file="s.csv")
