"""References across tables: an orphan is set aside, and so are its own orphans; an optional reference is emptied and counted."""

from __future__ import annotations

import pandas as pd
import pytest

from voclib.errors import DataError
from voclib.schema import validate_all


def units(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"unit_id": ["u1", "u2"], "name": ["一店", "二店"], "kind": "dealer", "region": "east"}).assign(**columns)


def customers(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": ["c1", "c2"], "is_churned": "否", "segment": "private"}).assign(**columns)


def responses(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"response_id": ["r1", "r2", "r3"], "channel": "app", "weight": 1.0}).assign(**columns)


def mentions(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"response_id": ["r1", "r2", "r9"], "topic": "价格", "probability": 0.9, "classifier": "rules"}).assign(**columns)


def invitations(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"invitation_id": ["i1", "i2"], "customer_id": ["c1", "c2"], "channel": "sms", "sent_at": "2026-01-01", "wave": 0,
                         "is_delivered": True}).assign(**columns)


def test_a_required_reference_that_is_not_found_sets_the_row_aside():
    made = validate_all({"responses": responses(), "topic_mentions": mentions()}, file={"topic_mentions": "t.csv"})
    assert made["topic_mentions"].accepted["response_id"].tolist() == ["r1", "r2"]
    assert made["topic_mentions"].quarantined["reason"].tolist() == ["response_id: not found in responses.response_id"]
    assert made["topic_mentions"].problems[["file", "row", "example"]].values.tolist() == [["t.csv", 3, "r9"]]


def test_a_row_set_aside_takes_the_rows_that_refer_to_it_along_in_any_order():
    tables = {"topic_mentions": mentions(), "responses": responses(channel=["fax", "app", "app"])}
    for given in (tables, dict(reversed(tables.items()))):
        made = validate_all(given)
        assert made["topic_mentions"].accepted["response_id"].tolist() == ["r2"]
        assert all(item.rows_read == len(item.accepted) + len(item.quarantined) for item in made.values())


def test_an_optional_reference_that_is_not_found_is_emptied_and_counted():
    made = validate_all({"customers": customers(), "responses": responses(customer_id=["c1", "c7", None])})["responses"]
    assert len(made.accepted) == 3 and made.accepted["customer_id"].isna().tolist() == [False, True, True]
    assert made.repairs[["row", "problem", "example"]].values.tolist() == [
        [2, "unknown reference set missing; not found in customers.customer_id", "c7"]]


def test_a_chain_of_references_falls_together():
    made = validate_all({"customers": customers(is_churned=["否", "?"]), "invitations": invitations(),
                         "responses": responses(invitation_id=["i1", "i2", None])})
    assert made["invitations"].accepted["invitation_id"].tolist() == ["i1"]
    assert made["responses"].accepted["invitation_id"].isna().tolist() == [False, True, True]


def test_a_table_may_refer_to_itself():
    made = validate_all({"units": units(parent_unit_id=["u2", "u9"])})["units"]
    assert made.accepted["parent_unit_id"].isna().tolist() == [False, True] and len(made.repairs) == 1


def test_a_reference_to_a_table_that_is_not_given_is_not_checked():
    made = validate_all({"topic_mentions": mentions()})["topic_mentions"]
    assert len(made.accepted) == 3 and made.problems.empty


def test_errors_of_all_tables_are_raised_at_once():
    with pytest.raises(DataError) as caught:
        validate_all({"units": units().drop(columns="region"), "customers": customers().drop(columns="segment")})
    assert caught.value.problems["table"].tolist() == ["units", "customers"] and "units.region: missing column" in str(caught.value)
