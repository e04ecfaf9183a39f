"""What a platform writes where a customer gave nothing: nobody's names, nobody's sentences, languages the standard leaves open, empty grades."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from voclib.sources import ingest
from voclib.sources.standardising import placeholders

HEAD = "name: shop\ncompany: {zh: 店, en: Shop}\nroot: .\npseudonym_key: a-key-of-some-length\nsources:\n"
REVIEWS = """  - channel: review
    files: reviews.csv
    tables:
      responses:
        columns: {response_id: id, author_id: who, submitted_at: at, star_rating: stars, comment: said, language: lang}
        constants: {channel: review}
"""
TICKETS = """  - channel: ticket
    files: tickets.jsonl
    tables:
      cases:
        columns: {case_id: id, severity: priority, opened_at: at}
        values: {severity: {normal: medium, none: "", "": low}}
"""


def read(folder, mapping):
    (folder / "shop.yml").write_text(HEAD + mapping, encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def reviews(folder, rows):
    (folder / "reviews.csv").write_text("\n".join(["id,who,at,stars,said,lang", *(f"{i},{row}" for i, row in enumerate(rows))]), encoding="utf-8")
    return read(folder, REVIEWS)


def test_anonymous_reviewers_are_not_one_person(tmp_path):
    names = ["匿名", "匿名用户", " Anonymous ", "A Google user", "t**8", "小＊＊花", "Ann", "王小花", "Ann*"]
    pool = reviews(tmp_path, [f"{name},2026-01-{n + 1:02d},5,很好用的东西,zh" for n in range(20) for name in names])
    told = pool.tables["responses"]
    assert len(told) == 180 and pool.quarantine.empty
    assert told["author_id"].notna().sum() == 60 and told["author_id"].nunique() == 3
    assert pool.repairs["problem"].value_counts()[placeholders.NOBODY] == 120


@pytest.mark.parametrize("said", ["此用户没有填写评价。", "该用户未填写评价内容", "评价方未及时做出评价,系统默认好评!", "系统默认好评",
                                  "买家没有填写评价", "该用户觉得商品非常好，给出5星好评"])
def test_a_platforms_own_sentence_is_nobodys_opinion(tmp_path, said):
    written = ["系统默认好评太坑了", "用户体验没有宣传的好", "没有填写评价的地方", "未填写地址就发货了", "好评",
               "the customer service left no comment on it"]
    cells = [*[said] * 5, *written]
    pool = reviews(tmp_path, [f"u{n},2026-01-02,5,\"{cell}\",zh" for n, cell in enumerate(cells)])
    assert sorted(pool.tables["responses"]["comment"].dropna()) == sorted(written) and len(pool.tables["responses"]) == len(cells)
    assert (pool.repairs["problem"] == placeholders.UNWRITTEN).sum() == 5


def test_another_language_costs_no_voice_its_place(tmp_path):
    tags = {"en": "en", "en-US": "en", "EN_gb": "en", "zh": "zh", "zh-Hans": "zh", "zh_Hant_TW": "zh", "中文": "zh", "eng": "en",
            "ja": "other", "ja-JP": "other", "es-419": "other", "ar": "other", "jpn": "other", "Spanish": "other", "西班牙语": "other"}
    pool = reviews(tmp_path, [f"u{n},2026-01-02,5,ok,{tag}" for n, tag in enumerate(tags)])
    read_as = pool.tables["responses"].sort_values("response_id", key=lambda ids: ids.astype(int))["language"]
    assert [None if pd.isna(one) else one for one in read_as] == list(tags.values()) and pool.quarantine.empty
    assert (pool.repairs["problem"] == placeholders.OTHER).sum() == 7


def test_what_is_no_language_is_still_set_aside(tmp_path):
    pool = reviews(tmp_path, [f"u{n},2026-01-02,5,ok,{word}" for n, word in enumerate(["US", "CN", "klingonish", "en"])])
    assert len(pool.quarantine) == 3 and len(pool.tables["responses"]) == 1


def test_an_empty_grade_takes_the_value_that_the_mapping_gives_it(tmp_path):
    given = ["high", None, "normal", "", "none"]
    lines = [json.dumps({"id": n, "priority": grade, "at": "2026-01-02T10:00:00Z"}) for n, grade in enumerate(given)]
    (tmp_path / "tickets.jsonl").write_text("\n".join(lines), encoding="utf-8")
    pool = read(tmp_path, TICKETS)
    assert pool.tables["cases"].sort_values("case_id")["severity"].tolist() == ["high", "low", "medium", "low"]
    assert pool.quarantine["reason"].tolist() == ["severity: missing value; the column allows none"]  # "none" is to be missing, as it says


def test_grades_the_standard_does_not_know_are_listed_with_the_line_that_brings_them_in(tmp_path):
    given = ["high", "urgent", "urgent", "p3", None]
    lines = [json.dumps({"id": n, "priority": grade, "at": "2026-01-02T10:00:00Z"}) for n, grade in enumerate(given)]
    (tmp_path / "tickets.jsonl").write_text("\n".join(lines), encoding="utf-8")
    mapping = TICKETS.replace('        values: {severity: {normal: medium, none: "", "": low}}\n', "")
    told = read(tmp_path, mapping).findings("en")
    assert 'the mapping may say  values: {severity: {"urgent": ?, "p3": ?}}' in told
    assert 'the mapping may say  values: {severity: {"": ?}}' in told
    assert len(read(tmp_path, mapping + '        values: {severity: {urgent: high, p3: low, "": low}}\n').tables["cases"]) == 5
