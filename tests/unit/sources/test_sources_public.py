"""The real files nobody here made: what is wrong with them stands in the scorecard."""

from __future__ import annotations

import pytest

from voclib.sources import ingest


@pytest.fixture(scope="module")
def pool(public_data, tmp_path_factory):
    return ingest("public", root=public_data, out=tmp_path_factory.mktemp("public"))


def test_no_row_is_lost(pool):
    rows = {entry["file"]: (entry["rows_read"], entry["accepted"], entry["quarantined"]) for entry in pool.scorecard["files"]}
    assert rows == {"text_en/skytrax_seat.csv": (1258, 1250, 8), "text_en/airline_tweets_latin1.csv": (14640, 14640, 0),
                    "text_zh/car_reviews_half.csv": (4921, 4921, 0), "telco/Telco_customer_churn_status.xlsx": (7043, 7043, 0)}
    assert {name: len(table) for name, table in pool.tables.items()} == {"units": 103, "customers": 7043, "responses": 27078}
    assert pool.tables["responses"]["channel"].value_counts().to_dict() == {"social": 14640, "survey": 7043, "post": 4145, "review": 1250}


def test_the_traps_are_found(pool):
    traps = {item["trap"]: item for item in pool.scorecard["traps"] if item.get("channel") != "social"}
    copied, = (item for item in pool.scorecard["traps"] if item.get("channel") == "social")
    assert (copied["trap"], copied["texts"], copied["rows"]) == ("repeated_text", 167, 341)
    leak = traps["leaked_outcome"]
    assert (leak["column"], leak["settled_share"]) == ("csat_score", 0.6216)
    assert leak["values"]["1"]["churned_share"] == 1 and leak["values"]["5"]["churned_share"] == 0
    assert traps["repeated_text"]["disagreeing"] == 2 and traps["contradiction"]["rows"] == 17
    assert pool.scorecard["tables"]["responses"]["conflicting_duplicates"] == 2
    files = {entry["file"]: entry for entry in pool.scorecard["files"]}
    assert list(files["telco/Telco_customer_churn_status.xlsx"]["columns"]["constant"]) == ["Count", "Quarter"]
    assert files["text_en/skytrax_seat.csv"]["set_missing"] == {"date": 26}


def test_an_overall_rating_is_no_likelihood_to_recommend(pool):
    assert pool.tables["responses"]["nps_score"].isna().all()
    assert pool.scorecard["channels"]["review"]["missing_required"][0] == {"fields": "customer_id", "n": 1250}
