"""Every row read is accepted or set aside with its reason; tables unusable as a whole are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voclib.errors import DataError, ParameterError
from voclib.schema import TABLES, check, coercion, empty, raise_problems, validate
from voclib.schema import problems as found_problems


def responses(n: int = 4, **columns: object) -> pd.DataFrame:
    made = pd.DataFrame({"response_id": [f"r{i}" for i in range(n)], "channel": "app", "weight": "1"})
    return made.assign(**{name: values if isinstance(values, str) else list(values) for name, values in columns.items()})


def operations(**columns: object) -> pd.DataFrame:
    made = pd.DataFrame({"unit_id": ["u1", "u1", "u2"], "month": ["2026-01", "2026-02", "2026-01"], "footfall": "10", "is_promotion": "0",
                         "is_refurbished": "0", "is_manager_changed": "0"})
    return made.assign(**columns)


def test_accepted_rows_are_in_declared_columns_and_types_and_absent_optional_columns_are_empty():
    made = validate(responses(nps_score=["1", "１０", "10分", "N/A"]), "responses", file="s.csv")
    assert list(made.accepted) == list(TABLES["responses"].columns)
    assert made.accepted["nps_score"].tolist()[:3] == [1, 10, 10] and made.accepted["comment"].isna().all()
    assert {name: str(made.accepted[name].dtype) for name in ("response_id", "nps_score", "submitted_at", "is_on_premises", "weight")} == {
        "response_id": "str", "nps_score": "Int64", "submitted_at": "datetime64[us, UTC]", "is_on_premises": "boolean", "weight": "float64"}
    assert made.repairs[["row", "problem", "example"]].values.tolist() == [
        [2, "full-width characters read as plain", "１０"], [3, "unit word removed", "10分"], [4, "read as missing", "N/A"]]
    assert (made.rows_read, len(made.quarantined), made.quarantined_share) == (4, 0, 0.0) and made.problems.empty


def test_a_wrong_value_sets_its_row_aside_with_the_raw_cells_and_the_reason():
    frame = responses(5, nps_score=["11", "ten", "3", "4", "5"], channel=["app", "app", "fax", "app", "app"], weight=["1", "1", "1", "", "1"])
    made = validate(frame, "responses", file="s.csv")
    assert made.accepted["response_id"].tolist() == ["r4"] and made.quarantined_share == 0.8
    assert made.quarantined["nps_score"].tolist() == ["11", "ten", "3", "4"]
    assert made.quarantined["reason"].tolist()[:2] == ["nps_score: outside 0–10", "nps_score: not a whole number"]
    assert made.quarantined["reason"].iloc[2].startswith("channel: not one of survey, sms")
    assert made.quarantined["reason"].iloc[3] == "weight: missing value; the column allows none"
    assert made.problems["row"].tolist() == [1, 2, 3, 4] and made.problems["example"].tolist() == ["11", "ten", "fax", ""]


def test_repairs_are_counted_for_accepted_rows_only():
    made = validate(responses(nps_score=["９", "９", "9", "9"], channel=["app", "fax", "app", "app"]), "responses")
    assert made.repairs["row"].tolist() == [1]


def test_row_numbers_come_from_the_file():
    frame = responses(2, channel=["fax", "app"])
    assert validate(frame.assign(_row=["7", "9"]), "responses").problems["row"].tolist() == [7]
    assert validate(frame.assign(line=[5, 6]), "responses", row="line").problems["row"].tolist() == [5]
    assert validate(frame, "responses", row=[3, 4]).problems["row"].tolist() == [3]
    with pytest.raises(ParameterError, match="3 numbers for 2 rows"):
        validate(frame, "responses", row=[1, 2, 3])
    with pytest.raises(ParameterError, match="must hold a row number"):
        validate(frame.assign(_row=["1", "x"]), "responses")
    with pytest.raises(ParameterError, match="which the frame does not hold"):
        validate(frame, "responses", row="line")


def test_missing_and_unknown_columns_are_errors_that_say_what_there_is():
    with pytest.raises(DataError) as caught:
        validate(responses().drop(columns="weight").rename(columns={"channel": "chanel"}), "responses", file="s.csv")
    message = str(caught.value)
    assert "s.csv: responses.channel: missing column; did you mean 'chanel'?; columns there are: response_id, chanel" in message
    assert "responses.chanel: unknown column; did you mean 'channel'?" in message and "responses.weight: missing column" in message
    assert len(caught.value.problems) == 3
    with pytest.raises(ParameterError, match="did you mean 'responses'"):
        validate(responses(), "response")


def test_duplicate_keys_keep_the_first_row_that_is_right():
    made = validate(responses(response_id=["a", "a", "b", "b"], channel=["app", "app", "fax", "app"]), "responses")
    assert made.accepted["response_id"].tolist() == ["a", "b"]
    assert made.problems[["row", "problem"]].values.tolist()[0] == [2, "duplicate key"]
    assert "response_id: duplicate key" in made.quarantined["reason"].tolist()


def test_rows_of_a_panel_that_contradict_each_other_are_an_error_and_equal_ones_are_set_aside():
    again = operations(unit_id=["u1", "u1", "u2"], month=["2026-01", "2026-01", "2026-01"])
    made = validate(again, "operations")
    assert len(made.accepted) == 2 and made.problems["example"].tolist() == ["u1 | 2026-01"]
    with pytest.raises(DataError, match=r"conflicting rows of one key \(unit_id, month\) \(row 2, such as 'u1 | 2026-01'\)"):
        validate(again.assign(footfall=["10", "11", "10"]), "operations")
    units = pd.DataFrame({"unit_id": ["u1", "u1"], "name": ["一店", "壹店"], "kind": "dealer", "region": "east"})
    kept = validate(units, "units")
    assert kept.accepted["name"].tolist() == ["一店"] and kept.quarantined["reason"].tolist() == ["unit_id: duplicate key"]


@pytest.mark.parametrize(("scores", "looks"), [([1, 2, 3, 4, 5] * 10, "1–5"), ([100, 90, 70, 10, 0], "0–100"), ([*range(0, 101, 5)], "0–100")])
def test_a_score_on_another_scale_is_an_error(scores, looks):
    with pytest.raises(DataError, match=f"scale looks like {looks}, not 0–10"):
        validate(responses(len(scores), nps_score=[str(score) for score in scores]), "responses")


@pytest.mark.parametrize("scores", [[1, 2, 3, 4, 5] * 9, [1, 2, 3, 4, 5] * 20 + [0], [1, 2, 3, 4, 5] * 20 + [6]])
def test_a_score_on_the_right_scale_passes(scores):
    assert len(validate(responses(len(scores), nps_score=scores), "responses").accepted) == len(scores)


def test_a_single_stray_score_is_set_aside_and_the_scale_is_not_doubted():
    assert validate(responses(60, nps_score=[88, *[9] * 59]), "responses").problems["problem"].tolist() == ["outside 0–10"]


def times(n: int, wrong: int) -> pd.DataFrame:
    touched = pd.Series(pd.date_range("2026-01-01", periods=n, freq="h", tz="UTC"))
    sent = touched + pd.to_timedelta(np.where(np.arange(n) < wrong, -1, 1), unit="h")
    return responses(n, touched_at=touched, submitted_at=sent)


def test_few_reversed_times_are_set_aside_and_many_are_an_error():
    made = validate(times(2000, 10), "responses")
    assert len(made.quarantined) == 10 and set(made.problems["problem"]) == {"lies before touched_at"}
    with pytest.raises(DataError, match=r"reversed times: lies before touched_at in 12 of 2000 rows \(0\.6%; at most 0\.5% are set aside\)"):
        validate(times(2000, 12), "responses")
    assert len(validate(times(40, 5), "responses").quarantined) == 5, "a handful in a small table is a slip, not a broken clock"


def test_future_times_are_judged_only_against_a_given_day():
    frame = times(400, 0)
    last = frame["submitted_at"].iloc[-2]
    assert validate(frame, "responses").problems.empty
    made = validate(frame, "responses", as_of=last)
    assert set(made.problems["column"]) == {"submitted_at"} and made.problems["row"].tolist() == [400]
    with pytest.raises(DataError, match="future times: lies after 2026-01-03"):
        validate(frame, "responses", as_of="2026-01-03")


@pytest.mark.parametrize(("zone", "day", "last", "after"), [
    ("America/New_York", "2026-11-01", "2026-11-01T23:30:00-05:00", "2026-11-02T00:00:00-05:00"),   # 25 hours
    ("America/New_York", "2026-03-08", "2026-03-08T23:30:00-04:00", "2026-03-09T00:30:00-04:00"),   # 23 hours
    ("America/Sao_Paulo", "2018-11-04", "2018-11-04T23:30:00-02:00", "2018-11-05T00:30:00-02:00"),  # a day that begins at one o'clock
    ("America/New_York", "2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-04:00", "2026-11-01T01:10:00-05:00")])
def test_a_day_on_which_the_clocks_change_ends_at_midnight(zone, day, last, after):
    made = validate(responses(2, submitted_at=[last, after]), "responses", as_of=day, timezone=zone)
    assert len(made.accepted) == 1 and made.problems["row"].tolist() == [2]
    assert made.problems["example"].tolist() == [after], "on the clock of the zone whose day is over"


def test_as_of_a_date_includes_that_day_in_the_zone():
    at = [pd.Timestamp("2026-01-03T15:59:59Z")] * 399 + [pd.Timestamp("2026-01-03T16:00:00Z")]
    made = validate(responses(400, submitted_at=at), "responses", as_of="2026-01-03")
    assert made.problems["row"].tolist() == [400]


def test_validating_accepted_rows_again_changes_nothing():
    made = validate(responses(nps_score=["１０", " 9", "无", "8"], submitted_at=["2026/7/1", "2026-07-01", "", "2026-07-01T00:00Z"]), "responses")
    again = validate(made.accepted, "responses")
    pd.testing.assert_frame_equal(again.accepted, made.accepted)
    assert again.repairs.empty and again.problems.empty


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_table_is_valid(table):
    made = validate(empty(table), table)
    assert (made.rows_read, len(made.accepted)) == (0, 0)
    assert made.accepted.dtypes.astype(str).to_dict() == empty(table).dtypes.astype(str).to_dict()


CELLS = {
    "response_id": st.sampled_from(["a", "b", " c", "d ", "", "NA", "e"]), "channel": st.sampled_from(["app", "sms", "fax", "", " app"]),
    "nps_score": st.one_of(st.sampled_from(["0", "10", "11", "１０", "10分", "9.5", "", "无"]), st.text(max_size=4)),
    "submitted_at": st.one_of(st.sampled_from(["2026-07-01", "2026/7/1", "2026-07-01T10:00:00Z", "2026-02-30", "", "x"]), st.text(max_size=6)),
    "weight": st.sampled_from(["1", "0.5", "-1", "1,000", "", "inf"]), "is_on_premises": st.sampled_from(["是", "否", "1", "?", ""]),
    "comment": st.text(max_size=5),
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries(CELLS), max_size=12))
def test_no_row_is_lost_whatever_stands_in_it(rows):
    frame = pd.DataFrame(rows, columns=list(CELLS)).astype("str")
    made = validate(frame, "responses")
    assert made.rows_read == len(frame) == len(made.accepted) + len(made.quarantined)
    assert set(made.problems["row"]) & set(made.repairs["row"]) == set()
    assert made.problems["row"].nunique() == len(made.quarantined) and (made.quarantined["reason"] != "").all()
    again = validate(made.accepted, "responses")
    pd.testing.assert_frame_equal(again.accepted, made.accepted)
    assert again.repairs.empty and again.problems.empty


def test_clean_values_are_never_mended_one_by_one(monkeypatch):
    mended = []
    original = coercion.mending.mend
    monkeypatch.setattr(coercion.mending, "mend", lambda raw, **options: (mended.append(raw), original(raw, **options))[1])
    made = validate(responses(3_000, nps_score=["9", "１０", "8"] * 1_000, weight=["1", "2.5", "0.1"] * 1_000), "responses")
    assert len(made.accepted) == 3_000 and len(made.repairs) == 1_000
    assert mended == ["１０"]


def test_check_returns_accepted_rows_or_raises_with_every_problem():
    frame = responses(nps_score=["1", "2", "3", "4"])
    pd.testing.assert_frame_equal(check(frame, "responses"), validate(frame, "responses").accepted)
    assert list(check({"responses": frame})) == ["responses"]
    with pytest.raises(DataError, match=r"responses\.channel: not one of .*2 rows, first row 1, such as 'fax'") as caught:
        check({"responses": frame.assign(channel=["fax", "fax", "app", "app"])})
    assert len(caught.value.problems) == 2
    with pytest.raises(ParameterError, match="needs the name of its table"):
        check(frame)


def test_an_error_lists_twenty_kinds_and_carries_them_all():
    many = found_problems.gather(found_problems.single("responses", f"c{i:02}", "not a number", example="x" * 100, row=i) for i in range(30))
    with pytest.raises(DataError) as caught:
        raise_problems(many)
    lines = str(caught.value).splitlines()
    assert len(lines) == 22 and lines[-1].startswith("  … and 10 more kinds of problem") and len(caught.value.problems) == 30
    assert "Fix: write the value in the form data/README.md names" in lines[1] and "…" in lines[1]
    raise_problems(found_problems.empty())


def test_what_pandera_still_finds_is_raised_once(monkeypatch):
    monkeypatch.setattr("voclib.schema.validation.rules", lambda table: ())
    with pytest.raises(DataError, match="the accepted rows do not keep the declaration: 2 problems") as caught:
        validate(responses(channel=["fax", "app", "fax", "app"]), "responses")
    assert caught.value.problems["row"].tolist() == [1, 3]
