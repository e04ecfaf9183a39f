"""Every accepted row says where it came from, and every row read is clean, repaired or set aside, in every channel."""

from __future__ import annotations

import json
from typing import get_args

import duckdb
import pandas as pd
import pytest
from shop_mapping import SHOP

from voclib.errors import DataError
from voclib.sources import ingest
from voclib.sources.adapters import CHANNELS
from voclib.sources.mapping import ChannelName
from voclib.sources.standardising import origins

HEAD = SHOP + """
  - channel: master
    files: customers.csv
    tables: {customers: {columns: {customer_id: 客户, segment: 客群, is_churned: 流失}}}
"""
SOURCE = """
  - channel: {channel}
    files: feed.csv
    tables:
      units: {{columns: {{unit_id: 店, name: 店}}, constants: {{kind: dealer, region: 华东}}, distinct: true}}
      responses: {{columns: {{response_id: 号, customer_id: 客户, unit_id: 店, submitted_at: 时, nps_score: 分}}, constants: {{channel: survey}}}}
"""
BEHAVIOURS = """
  - channel: usage
    files: behaviours.csv
    tables:
      behaviours: {columns: {customer_id: 客户, asof_on: 日, contacts_12m: 次, spend_12m_cny: 钱, complaints_12m: 次, logins_90d: 次, is_post: 后}}
"""
FEED = ["号,客户,店,时,分", *(f"R{n:02d},C{n % 9},店{n % 3},2026-01-{n % 28 + 1:02d} 10:00,{n % 11}" for n in range(30)),
        "R90,C1,店1,2026-01-02 10:00,９", "R91,C1,店1,2026/1/2 10:00,5", "R92,C77,店1,2026-01-02 10:00,5",  # three to repair
        "R93,C1,店1,2026-01-02 10:00,11", "R94,C1,店1,昨天,5", "R00,C0,店0,2026-01-01 10:00,0", "R95,C1"]  # four to set aside


def run(folder, *, channel: str = "survey", feed: list[str] | None = None):
    folder.mkdir(exist_ok=True)
    (folder / "customers.csv").write_text("客户,客群,流失\n" + "".join(f"C{n},A,否\n" for n in range(9)), encoding="utf-8")
    (folder / "feed.csv").write_text("\n".join(FEED if feed is None else feed), encoding="utf-8")
    (folder / "behaviours.csv").write_text("客户,日,次,钱,后\nC1,2026-01-31,1,10,否\nC1,2026-02-28,2,10,否\n", encoding="utf-8")
    (folder / "shop.yml").write_text(HEAD + SOURCE.format(channel=channel) + BEHAVIOURS, encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def test_every_channel_has_an_adapter():
    assert set(CHANNELS) == set(get_args(ChannelName))


@pytest.mark.parametrize("channel", get_args(ChannelName))
def test_rows_read_are_clean_repaired_or_set_aside(tmp_path, channel):
    card = run(tmp_path, channel=channel).scorecard
    entry = next(item for item in card["files"] if item["file"] == "feed.csv")
    assert (entry["rows_read"], entry["clean"], entry["repaired"], entry["quarantined"]) == (37, 30, 3, 4)
    for counts in (*card["files"], *card["channels"].values(), card["totals"]):
        assert counts["rows_read"] == counts["clean"] + counts["repaired"] + counts["quarantined"]
        assert counts["accepted"] == counts["clean"] + counts["repaired"]
    assert card["totals"]["rows_read"] == 37 + 9 + 2


def test_unmatched_customers_have_a_share_and_a_number_of_identifiers(tmp_path):
    card = run(tmp_path, feed=[*FEED, "R96,C77,店1,2026-01-02 10:00,5", "R97,C78,店1,2026-01-02 10:00,5", "R98,,店1,2026-01-02 10:00,5"]).scorecard
    found = card["channels"]["survey"]
    assert (found["unmatched_customers"], found["unmatched_identifiers"]) == (3, 2)
    assert found["unmatched_share"] == round(3 / 38, 6)  # of 40 rows one is cut off and one names nobody


def test_the_origin_of_a_row_is_its_file_and_line(tmp_path):
    pool = run(tmp_path)
    found = origins.read(tmp_path / "out")
    pd.testing.assert_frame_equal(found, pool.origins.sort_values(list(origins.COLUMNS), ignore_index=True))
    assert found.groupby("table").size().to_dict() == {name: len(table) for name, table in pool.tables.items()}
    row = found[(found["table"] == "responses") & (found["key"] == "R07")].iloc[0]
    assert row[["source", "channel", "adapter", "file", "row"]].tolist() == [2, "survey", "flat", "feed.csv", 9]
    units = found[found["table"] == "units"].set_index("key")["row"].to_dict()
    assert units == {"店0": 2, "店1": 3, "店2": 4}


def test_keys_of_several_parts_are_joined_as_the_table_shows_them(tmp_path):
    pool = run(tmp_path)
    keys = origins.read(tmp_path / "out").query("table == 'behaviours'")["key"].tolist()
    who = pool.tables["behaviours"]["customer_id"].iloc[0]
    assert keys == [f"{who} | 2026-01-31", f"{who} | 2026-02-28"] and "C1" not in "".join(keys)
    assert set(pool.origins.query("table == 'customers'")["key"]) == set(pool.tables["customers"]["customer_id"])


def test_same_rows_same_bytes_in_any_order(tmp_path):
    pool = run(tmp_path)
    first = origins.write(pool.origins, tmp_path / "a").read_bytes()
    for seed in (1, 2):
        shuffled = pool.origins.sample(frac=1, random_state=seed)
        assert origins.write(shuffled, tmp_path / "b").read_bytes() == first
    assert origins.write(pool.origins.iloc[1:], tmp_path / "b").read_bytes() != first


def test_adapters_and_turns_are_named(tmp_path):
    talk = {"id": "K1", "at": "2026-01-01 10:00", "turns": [{"w": "customer", "t": "坏了"}, {"w": "agent", "t": "好"}]}
    (tmp_path / "calls.jsonl").write_text(json.dumps(talk, ensure_ascii=False), encoding="utf-8")
    (tmp_path / "shop.yml").write_text(HEAD.replace("  - channel: master\n    files: customers.csv\n", "").split("    tables")[0] + """
  - channel: call
    files: calls.jsonl
    turns: {list: turns, speaker: w, text: t}
    tables:
      responses: {columns: {response_id: id, comment: _said}, constants: {channel: call}, distinct: true}
      conversations: {columns: {response_id: id, started_at: at}, constants: {kind: call}, distinct: true}
      turns: {columns: {response_id: id, turn: _turn, speaker: _speaker, text: _text}}
""", encoding="utf-8")
    found = ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out").origins
    assert found[["table", "key", "adapter", "row"]].values.tolist() == [
        ["conversations", "K1", "transcripts", 1], ["responses", "K1", "transcripts", 1], ["turns", "K1 | 1", "transcripts", 1],
        ["turns", "K1 | 2", "transcripts", 1]]


def test_a_folder_without_origins_says_how_to_make_them(tmp_path):
    with pytest.raises(DataError, match="holds no origins.parquet, which says where each row came from; run voc ingest again"):
        origins.read(tmp_path)
    (tmp_path / "origins.parquet").write_bytes(b"x")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        origins.read(tmp_path)
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS a) TO '{tmp_path / 'origins.parquet'}' (FORMAT parquet)")
    with pytest.raises(DataError, match="columns are a, not table, key, source"):
        origins.read(tmp_path)
