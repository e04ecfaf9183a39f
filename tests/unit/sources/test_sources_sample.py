"""The sample company's raw exports through its mapping: what was planted is found, what was clean comes back."""

from __future__ import annotations

import pytest

from voclib import privacy, simulate
from voclib.schema import content_hash, store
from voclib.schema.tables import TABLES
from voclib.sources import ingest

CUSTOMERS = 6000  # below, the few planted reversed times are a share the standard refuses


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    truth = simulate.build(folder, customers=CUSTOMERS)
    return folder, truth, ingest("sample", root=folder / "raw", out=folder / "ingested")


def test_the_clean_rows_come_back(company):
    folder, truth, pool = company
    clean = store.read(folder / "standard")
    for name in set(clean) - {"responses", "conversations", "repairs"}:  # in these, planted rows of unknown customers stay
        assert len(pool.tables[name]) == len(clean[name]), name
    for name in ("conversations", "turns", "repairs"):
        key = list(TABLES[name].metadata["key"])
        assert len(clean[name].merge(pool.tables[name], on=key)) == len(clean[name]), name
    for table, key, text in (("responses", "response_id", "comment"), ("cases", "case_id", "description")):
        wanted, got = clean[table].set_index(key)[text], pool.tables[table].set_index(key)[text]
        unread = truth["channels"]["format_change"]["rows_after"] if table == "responses" else 0  # until the mapping says how they are written
        came = wanted.index.isin(got.index)
        assert (~came).sum() == unread
        assert (wanted[came].fillna("") == got.reindex(wanted.index[came]).fillna("")).all()


def test_planted_identifiers_and_dirt_are_counted(company):
    _, truth, pool = company
    channels = ("survey", "review", "post", "call")
    for kind in privacy.KINDS:
        found = sum(pool.scorecard["channels"][channel]["redactions"][kind] for channel in channels)
        assert found >= truth["dirt"]["verbatims"][kind] > 0
    files = {entry["file"]: entry for entry in pool.scorecard["files"]}
    surveys = {name: dirt for name, dirt in truth["dirt"].items() if name.startswith("survey_")}
    assert len(surveys) >= 4
    for name, dirt in {**surveys, "ledger.csv": truth["dirt"]["ledger.csv"], "usage.csv": truth["dirt"]["usage.csv"]}.items():
        assert files[name]["duplicates"] == dirt["duplicate_rows"], name
        assert files[name]["rows_read"] == files[name]["accepted"] + files[name]["quarantined"]
    assert sum(dirt["scores_out_of_range"] for dirt in surveys.values()) == next(
        item["n"] for item in pool.scorecard["tables"]["responses"]["problems"] if item["problem"] == "outside 0–10")
    assert {entry["encoding"] for entry in files.values() if entry["status"] == "connected"} >= {"utf-8", "gb18030", "xlsx"}


def test_shuffled_exports_give_the_same_pool(company, tmp_path):
    _, _, pool = company
    simulate.build(tmp_path, customers=CUSTOMERS, shuffle=7)
    other = ingest("sample", root=tmp_path / "raw", out=tmp_path / "ingested")
    assert content_hash(other.tables) == content_hash(pool.tables)
    assert other.scorecard == pool.scorecard


def test_what_is_planted_in_the_channels_is_found_and_named(company):
    _, truth, pool = company
    planted, card = truth["channels"], pool.scorecard
    found = {item["feed"]: item for item in card["feeds"]["touchpoints"]}
    dead = found[planted["silent"]["file"]]
    assert (dead["status"], dead["last_day"], dead["days_silent"]) == ("silent", planted["silent"]["last_day"], planted["silent"]["days_silent"])
    assert found[planted["missing"]["file"]]["status"] == "missing"
    assert {item["feed"] for item in found.values() if item["status"] == "silent"} == {planted["silent"]["file"]}
    change = planted["format_change"]
    assert [(item["file"], item["column"], item["day"], item["rows_after"]) for item in card["format_changes"]] == [
        (change["file"], change["column"], change["day"], change["rows_after"])]
    assert change["fix"] in card["format_changes"][0]["fix"]
    batch = planted["duplicate_campaign"]
    assert [(item["campaign"], item["repeats_as"], item["rows_again"]) for item in card["campaigns"]["same_batch"]] == [
        (batch["campaign"], batch["copy"], batch["rows"])]
    posts = planted["copied_posts"]
    assert [(item["channel"], item["first_day"], item["last_day"]) for item in card["campaigns"]["copied_text"]] == [
        ("social", posts["first_day"], posts["last_day"])]
    assert card["campaigns"]["copied_text"][0]["voices"] >= 0.9 * posts["posts"]
    pairs = {tuple(item["channels"]): item["by_text"] for item in card["duplicates"]}
    assert pairs[tuple(planted["cross_channel_duplicates"]["channels"])] >= 0.9 * planted["cross_channel_duplicates"]["pairs"] > 0
    for entry in (*card["channels"].values(), card["totals"]):
        assert entry["rows_read"] == entry["clean"] + entry["repaired"] + entry["quarantined"]
