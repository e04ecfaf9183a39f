"""Exports in the encodings of their countries are read as they were written, and a guess is called one."""

from __future__ import annotations

import random

import pytest

from voclib.errors import DataError
from voclib.sources import ingest, wording
from voclib.sources.reading import encodings

SAID = {
    "gb18030": ("服务很好", "等了两个小时，太慢了", "发动机漏油", "空调异响", "导航卡顿", "销售顾问热情", "儿童座椅太贵", "北京朝阳店"),
    "cp950": ("服務態度非常親切", "等太久了", "維修技術很好", "下次還會再來", "停車場太小", "銷售人員很熱情", "價格太貴了"),
    "cp932": ("とても親切で良かったです", "駐車場が狭い", "対応が遅い", "価格が高い", "サービスに満足", "東京駅前店"),
    "cp949": ("직원이 친절했습니다", "대기 시간이 너무 길어요", "또 방문하고 싶어요", "엔진 소리가 이상해요", "가격이 비싸다"),
    "cp874": ("บริการดีมาก", "รอนานเกินไป", "พนักงานไม่สุภาพ", "รถเสียงดัง", "ความคิดเห็น"),
    "cp1251": ("Отличный сервис", "Долго ждали", "Персонал грубый", "Очень хорошо, спасибо!", "Шумный двигатель"),
    "latin-1": ("résumé of the café", "naïve façade", "Größe", "trop cher, très déçu", "señor", "così così"),
}
SHORT = ("编号,时间,分", "贵", "好", "噪音", "一般", "武汉", "轮胎鼓包", "翟", "鑫磊汽贸", "客户编号,满意度")
MAPPING = """
name: far
company: {zh: 某公司, en: Some Co}
pseudonym_key: a-key-of-some-length
sources:
  - channel: survey
    files: a.csv
    tables:
      responses:
        columns: {response_id: id, submitted_at: at, comment: NAME}
        constants: {channel: survey}
"""


@pytest.mark.parametrize("encoding", SAID)
@pytest.mark.parametrize("seed", range(5))
def test_an_export_reads_as_it_was_written(encoding, seed):
    draw = random.Random(f"{encoding} {seed}")
    text = "id,comment\n" + "".join(f"R{n},{draw.choice(SAID[encoding])}\n" for n in range(draw.randrange(5, 60)))
    assert encodings.decode(text.encode(encoding), file="a") == (text, encoding)


@pytest.mark.parametrize("words", SHORT)
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_a_few_chinese_characters_are_enough(words, encoding):
    assert encodings.decode(f"id,x\n1,{words}\n".encode(encoding), file="a") == (f"id,x\n1,{words}\n", encoding)


def test_a_broken_line_does_not_turn_the_rest_into_garble():
    whole = "".join(f"{n},服务很好，下次再来\n" for n in range(40)).encode("gb18030")
    text, found = encodings.decode(whole + b"41,\xff\xff\n", file="a")
    assert found == "gb18030" and text.count("服务很好") == 40 and text.splitlines()[-1].count(encodings.UNDECODABLE)


def _ingest(folder, name, text):
    (folder / "far.yml").write_text(MAPPING.replace("NAME", name), "utf-8")
    (folder / "a.csv").write_bytes(text.encode("cp950"))
    return ingest(folder / "far.yml", root=folder, out=folder / "out")


def test_a_guess_stands_on_the_scorecard_and_in_the_error(tmp_path):
    text = "id,at,意見\n" + "".join(f"R{n},2026-01-02,{SAID['cp950'][n % 7]}\n" for n in range(30))
    pool = _ingest(tmp_path, "意見", text)
    assert sorted(pool.tables["responses"]["comment"].unique()) == sorted(SAID["cp950"])
    assert {"note": "encoding_guessed", "what": "cp950"} in pool.scorecard["files"][0]["notes"]
    assert "a.csv: not UTF-8, read as cp950; if the text looks garbled write  encoding: gb18030  (or" in pool.summary("en")
    assert "按 cp950 读取" in wording.summary(pool.scorecard, "zh")
    with pytest.raises(DataError, match="no column '意见'.*were read as cp950: if the names look garbled, write  encoding: gb18030"):
        _ingest(tmp_path, "意见", text)
