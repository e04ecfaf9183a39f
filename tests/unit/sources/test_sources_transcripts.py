"""Transcripts: a record or a group of rows is a conversation, its turns keep their order, and a broken one is set aside, not lost."""

from __future__ import annotations

import json
import random

import pytest
from shop_mapping import SHOP

from voclib.errors import DataError, ParameterError
from voclib.schema import content_hash
from voclib.sources import ingest

LISTED = "turns: {list: segments, speaker: spk, text: txt, offset: t0, at: time, agent: who, speakers: {坐席: agent, 客户: customer, 机器人: bot}}"
MAPPING = SHOP + f"""
  - channel: call
    files: calls.jsonl
    {LISTED}
    tables:
      responses: {{columns: {{response_id: id, comment: _said, submitted_at: _began}}, constants: {{channel: call}}, distinct: true}}
      conversations:
        columns: {{response_id: id, staff_id: _agent, started_at: _began, ended_at: _ended}}
        constants: {{kind: call}}
        distinct: true
      turns: {{columns: {{response_id: id, turn: _turn, speaker: _speaker, offset_seconds: _offset, started_at: _at, text: _text}}}}
"""
FLAT = """
  - channel: chat
    files: chats.csv
    turns: {by: 会话, speaker: 谁, text: 说, at: 时间, speakers: {坐席: agent, 客户: customer}}
    tables:
      responses: {columns: {response_id: 会话, comment: _said}, constants: {channel: chat}, distinct: true}
      conversations: {columns: {response_id: 会话, started_at: _began, ended_at: _ended}, constants: {kind: chat}, distinct: true}
      turns: {columns: {response_id: 会话, turn: _turn, speaker: _speaker, started_at: _at, text: _text}}
"""


def turn(speaker: str, text: str, t0: object = None, **more: object) -> dict:
    return {"spk": speaker, "txt": text, "t0": t0, "time": None, "who": None} | more


def call(number: int) -> dict:
    at = f"2026-03-{number % 28 + 1:02d} 10:0"
    said = [turn("坐席", "您好", 0, time=f"{at}0:00", who="A7"), turn("客户", "刹车响", "00:05", time=f"{at}0:05"),
            turn("坐席", "请到店", 61.5, time=f"{at}1:01"), turn("客户", "电话13800138000", "1:02", time=f"{at}1:02")]
    return {"id": f"K{number}", "segments": said}


def run(folder, records: list[object], *, chats: list[str] | None = None, mapping: str = MAPPING):
    folder.mkdir(exist_ok=True)
    lines = [record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records]
    (folder / "calls.jsonl").write_text("\n".join(lines), encoding="utf-8")
    if chats is not None:
        (folder / "chats.csv").write_text("\n".join(["会话,谁,说,时间", *chats]), encoding="utf-8")
    (folder / "shop.yml").write_text(mapping + (FLAT if chats is not None else ""), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def test_a_record_becomes_a_row_a_turn_and_a_row_a_call(tmp_path):
    pool = run(tmp_path, [call(1), call(2)])
    turns = pool.tables["turns"]
    assert turns["turn"].tolist() == [1, 2, 3, 4] * 2 and turns["speaker"].tolist() == ["agent", "customer"] * 4
    assert turns["offset_seconds"].tolist()[:4] == [0, 5, 61.5, 62]
    first = pool.tables["responses"].iloc[0]
    assert first["comment"] == "刹车响\n电话〔电话〕" and first["submitted_at"].isoformat() == "2026-03-02T02:00:00+00:00"
    talk = pool.tables["conversations"].iloc[0]
    assert talk["staff_id"].startswith("staff-") and (talk["ended_at"] - talk["started_at"]).total_seconds() == 62
    assert "13800138000" not in turns.to_csv()


def test_a_record_counts_once_and_broken_ones_are_set_aside(tmp_path):
    deep = '{"id": "K9", "segments": ' + "[" * 3000 + "]" * 3000 + "}"
    other = call(3) | {"segments": [turn("某某", "喂", 1, time="2026-03-01 10:00:00")]}
    pool = run(tmp_path, [call(1), {"id": "K2", "segments": "喂"}, {"id": "K4", "segments": []}, {"id": "K5"}, "not json", deep,
                          {"id": "K6", "segments": [["a"]]}, other, {"segments": call(7)["segments"]}])
    entry = pool.scorecard["files"][0]
    assert (entry["rows_read"], entry["accepted"], entry["quarantined"], entry["unreadable"]) == (9, 2, 7, 6)
    assert entry["rows_read"] == entry["clean"] + entry["repaired"] + entry["quarantined"]
    reasons = pool.quarantine.drop_duplicates("row").set_index("row")["reason"]
    assert reasons[2] == reasons[7] == "segments is not a list of turns" and reasons[3] == reasons[4] == "segments holds no turn"
    assert "response_id: missing" in reasons[9] or "response_id" in reasons[9]
    assert pool.tables["turns"].set_index("response_id").loc["K3", "speaker"] == "other"
    assert {"note": "speakers_not_named", "what": "1"} in entry["notes"] and entry["repeated_rows"] == 0


def test_turns_follow_their_times_where_every_turn_has_one(tmp_path):
    jumbled, kept = call(1), call(2)
    jumbled["segments"].reverse()
    kept["segments"].reverse()
    kept["segments"][1] |= {"time": "?", "t0": None}
    pool = run(tmp_path, [jumbled, kept])
    turns, talks = pool.tables["turns"].set_index(["response_id", "turn"])["text"], pool.tables["conversations"].set_index("response_id")
    assert turns["K1"].tolist() == ["您好", "刹车响", "请到店", "电话〔电话〕"]
    assert turns["K2"].tolist() == ["电话〔电话〕", "刹车响", "您好"]  # the turn with a time that cannot be read is set aside
    assert (talks["ended_at"] - talks["started_at"]).dt.total_seconds().tolist() == [62, 62]


def test_flat_files_group_rows_and_shuffling_them_changes_nothing(tmp_path):
    chats = [f"W{n},{who},第{n}次{text},2026-01-{n + 1:02d} 10:{minute}" for n in range(9)
             for who, text, minute in (("坐席", "您好", "00"), ("客户", "黑屏", "01"), ("客户", "还在等", "05"))]
    pool = run(tmp_path / "a", [call(1)], chats=[*chats, ",客户,喂,2026-01-01 10:00"])
    assert pool.tables["responses"].set_index("response_id").loc["W3", "comment"] == "第3次黑屏\n第3次还在等"
    aside = pool.quarantine[pool.quarantine["file"] == "chats.csv"]
    assert aside[["row", "reason"]].values.tolist() == [[29, "会话 names no conversation"]]
    random.Random(4).shuffle(chats)
    other = run(tmp_path / "b", [call(1)], chats=[*chats, ",客户,喂,2026-01-01 10:00"])
    assert content_hash(other.tables) == content_hash(pool.tables) and other.scorecard == pool.scorecard
    entry = next(item for item in pool.scorecard["files"] if item["file"] == "chats.csv")
    assert (entry["rows_read"], entry["accepted"], entry["ignored_columns"]) == (28, 27, [])


@pytest.mark.parametrize(("pattern", "written"), [
    ("", lambda minute: str(1_772_359_800_000 + 60_000 * minute)), ("", lambda minute: f"2026/3/1 下午 6:{10 + minute}"),
    ("%d/%m/%Y %H:%M", lambda minute: f"01/03/2026 18:{10 + minute}")])
def test_turns_are_put_in_order_however_their_times_are_written(tmp_path, pattern, written):
    """Seconds since 1970, twelve hours, a pattern: what the column is read as later also says who spoke first and when it ended."""
    tables = """
      conversations: {columns: {response_id: 会话, started_at: _began, ended_at: _ended}, constants: {kind: chat}, distinct: true BOTH}
      turns: {columns: {response_id: 会话, turn: _turn, speaker: _speaker, started_at: _at, text: _text} ONE}
"""
    both = f', formats: {{started_at: "{pattern}", ended_at: "{pattern}"}}' if pattern else ""
    one = f', formats: {{started_at: "{pattern}"}}' if pattern else ""
    said = ["会话,谁,说,时间", f"K1,客户,再见,{written(5)}", f"K1,坐席,您好,{written(0)}", f"K1,客户,你好,{written(1)}"]
    (tmp_path / "chats.csv").write_text("\n".join(said), "utf-8")
    tables = tables.strip("\n").replace(" BOTH", both).replace(" ONE", one)
    (tmp_path / "shop.yml").write_text(SHOP + FLAT.split("      responses")[0] + tables, "utf-8")
    pool = ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out")
    assert pool.tables["turns"]["text"].tolist() == ["您好", "你好", "再见"]
    whole = pool.tables["conversations"].iloc[0]
    assert (whole["ended_at"] - whole["started_at"]).total_seconds() == 300


def test_a_repeated_record_is_a_repeated_key(tmp_path):
    pool = run(tmp_path, [call(1), call(1)])
    entry = pool.scorecard["files"][0]
    assert (entry["rows_read"], entry["accepted"], entry["duplicates"]) == (2, 1, 1) and len(pool.tables["turns"]) == 4


@pytest.mark.parametrize(("old", "new", "error", "message"), [
    ("list: segments", "list: segment", DataError, "turns.list is 'segment', which is not there; did you mean 'segments'"),
    ("speaker: spk", "speaker: spkr", DataError, "turns.speaker is 'spkr', which no turn holds; did you mean 'spk'"),
    ("list: segments", "list: segments, by: id", ParameterError, "turns needs either  list"),
    ("offset: t0", "offsets: t0", ParameterError, "unknown key 'offsets' in sources → no. 1 → turns; did you mean 'offset'"),
    ("坐席: agent,", "坐席: agents,", ParameterError, "坐席 is 'agents' in sources → no. 1 → turns → speakers; did you mean 'agent'"),
    ("channel: call\n", "channel: calls\n", ParameterError, "channel is 'calls' in sources → no. 1; did you mean 'call'"),
    ("channel: call\n", "channel: survey\n", ParameterError, "turns belong to the channels call, chat, mail"),
    ("speaker: _speaker", "speaker: _speakr", DataError, "no column '_speakr'; did you mean '_speaker'"),
])
def test_mistakes_are_answered_with_the_nearest_name(tmp_path, old, new, error, message):
    assert old in MAPPING
    with pytest.raises(error, match=message):
        run(tmp_path, [call(1)], mapping=MAPPING.replace(old, new))


def test_a_flat_file_without_the_column_of_the_conversation(tmp_path):
    run(tmp_path, [call(1)], chats=["W1,客户,喂,2026-01-01 10:00"])
    (tmp_path / "chats.csv").write_text("会话号,谁,说,时间\nW1,客户,喂,2026-01-01 10:00\n", encoding="utf-8")
    with pytest.raises(DataError, match="chats.csv: turns.by is '会话', which is not a column there; did you mean '会话号'"):
        ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "again")
