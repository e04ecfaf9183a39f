"""Answers that a tool lists inside a record are columns of their own: Typeform, Google Forms, lists of questions and answers."""

from __future__ import annotations

import json

import pytest
from shop_mapping import SHOP

from voclib.sources.pool import ingest
from voclib.sources.reading import answers
from voclib.sources.reading.readers import read

FIELDS = {"nps": "number", "why": "text", "best": "choice", "all": "choices", "again": "boolean"}


def _typeform(number: int, **given: object) -> dict:
    listed = [{"field": {"id": f"x{place}", "ref": ref, "type": "some_type"}, "type": FIELDS[ref], FIELDS[ref]: value}
              for place, (ref, value) in enumerate(given.items())]
    return {"token": f"t{number}", "submitted_at": f"2026-03-0{number}T08:30:00Z", "answers": listed, "hidden": {"customer": f"C{number}"},
            "variables": [{"key": "score", "type": "number", "number": number}], "tags": []}


def _forms(folder):
    items = [_typeform(1, nps=9, why="很快", best={"label": "服务", "ref": "r"}, all={"labels": ["价格", "交付"], "other": "停车"}, again=True),
             _typeform(2, why="太慢", nps=2, best={"other": "没有"}),  # answers in another order, some not given
             _typeform(3, nps=0), {**_typeform(4), "answers": []}]
    (folder / "forms.json").write_text(json.dumps({"total_items": 4, "items": items}, ensure_ascii=False), "utf-8")
    return folder / "forms.json"


def test_answers_of_typeform_are_columns_named_by_the_field(tmp_path):
    frame = read(_forms(tmp_path), name="forms.json", records="items").frame
    assert frame["answers.nps"].tolist()[:3] == ["9", "2", "0"] and frame["answers.why"].tolist()[:2] == ["很快", "太慢"]
    assert frame["answers.best"].tolist()[:2] == ["服务", "没有"] and frame["answers.all"][0] == "价格; 交付; 停车"
    assert frame["answers.again"][0] == "true" and frame["variables.score"].tolist() == ["1", "2", "3", "4"]
    assert frame.loc[3, ["answers.nps", "answers.why", "tags", "answers"]].isna().all()


def test_they_are_mapped_like_any_column(tmp_path):
    _forms(tmp_path)
    (tmp_path / "shop.yml").write_text(SHOP + """
  - channel: survey
    files: forms.json
    records: items
    tables:
      responses:
        columns: {response_id: token, submitted_at: submitted_at, nps_score: answers.nps, comment: answers.why}
        constants: {channel: survey}
""", "utf-8")
    voices = ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out").tables["responses"].set_index("response_id")
    assert voices["nps_score"].tolist()[:3] == [9, 2, 0] and voices["comment"].tolist()[:2] == ["很快", "太慢"]


def test_a_list_that_the_mapping_takes_apart_itself_stays_whole(tmp_path):
    record = {"id": 1, "log": [{"name": "opened", "value": "2026-03-01"}], "more": [{"name": "a", "value": "b"}]}
    (tmp_path / "t.jsonl").write_text(json.dumps(record), "utf-8")
    frame = read(tmp_path / "t.jsonl", name="t.jsonl", whole=["log"]).frame
    assert json.loads(frame["log"][0]) == record["log"] and frame["more.a"][0] == "b"


@pytest.mark.parametrize(("given", "made"), [
    ([{"question": "推荐", "answer": 9}, {"question": "原因", "answer": "快"}], {"推荐": 9, "原因": "快"}),
    ([{"id": 1, "title": "Why", "value": "x"}, {"id": 2, "title": "Why", "value": "y"}], {"1": "x", "2": "y"}),
    ([{"id": 1, "value": "x"}, {"id": 1, "value": "y"}], {}), ([{"id": 7, "value": None}], {"7": None}),
    ([{"field": {"id": "a1"}, "type": "date", "date": "2026-03-01"}], {"a1": "2026-03-01"}),
    ([{"speaker": "agent", "text": "您好"}], {}), ([{"key": "a", "type": "text", "text": "b", "at": 3}], {"a": "b"}),
    ([{"name": "opened", "value": "v", "at": "2026-03-01"}], {}), (["a", "b"], {}), ([], {}), ("text", {}), ([{"name": {"zh": 1}, "value": 2}], {})])
def test_only_lists_of_named_answers_are_taken_apart(given, made):
    assert answers.fields(given) == made


def test_answers_without_a_name_are_one_text(tmp_path):
    record = {"answers": {"q1": {"textAnswers": {"answers": [{"value": "9"}]}}, "q2": {"textAnswers": {"answers": [{"value": "a"}, {"value": "b"}]}}}}
    (tmp_path / "g.jsonl").write_text(json.dumps(record), "utf-8")
    frame = read(tmp_path / "g.jsonl", name="g.jsonl").frame
    assert frame["answers.q1.textAnswers.answers"][0] == "9" and frame["answers.q2.textAnswers.answers"][0] == "a; b"
