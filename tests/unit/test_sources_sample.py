"""The sample company's raw exports through its mapping: what was planted is found, what was clean comes back."""

from __future__ import annotations

import pytest

from voclib import privacy, simulate
from voclib.schema import content_hash, store
from voclib.sources import ingest

CUSTOMERS = 6000  # below, the few planted reversed times are a share the standard refuses


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    truth = simulate.build(folder, customers=CUSTOMERS)
    return folder, truth, ingest("sample", root=folder / "raw", out=folder / "ingested")


def test_the_clean_rows_come_back(company):
    folder, _, pool = company
    clean = store.read(folder / "standard")
    for name in ("units", "customers", "touchpoints", "invitations", "transactions", "usage", "employee_surveys", "cases"):
        assert len(pool.tables[name]) == len(clean[name]), name
    for table, key, text in (("responses", "response_id", "comment"), ("cases", "case_id", "description")):
        wanted, got = clean[table].set_index(key)[text], pool.tables[table].set_index(key)[text]
        assert wanted.index.isin(got.index).all()
        assert (wanted.fillna("") == got.reindex(wanted.index).fillna("")).all()


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
    assert {entry["encoding"] for entry in files.values()} >= {"utf-8", "gb18030", "xlsx"}


def test_shuffled_exports_give_the_same_pool(company, tmp_path):
    _, _, pool = company
    simulate.build(tmp_path, customers=CUSTOMERS, shuffle=7)
    other = ingest("sample", root=tmp_path / "raw", out=tmp_path / "ingested")
    assert content_hash(other.tables) == content_hash(pool.tables)
    assert other.scorecard == pool.scorecard
