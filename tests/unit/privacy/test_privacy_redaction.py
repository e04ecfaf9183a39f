"""Redaction: what must go, what must stay, in Chinese and English."""

from __future__ import annotations

import pandas as pd
import pytest

from voclib import privacy
from voclib.errors import ParameterError
from voclib.privacy import recognisers, redaction

GONE = [
    ("我的手机13800138000请回电", "我的手机〔电话〕请回电", "phone"),
    ("电话：１３８００１３８０００", "电话：〔电话〕", "phone"),
    ("请打138 0013 8000找我", "请打〔电话〕找我", "phone"),
    ("请打138-0013-8000", "请打〔电话〕", "phone"),
    ("＋86 138 0013 8000，谢谢", "〔电话〕，谢谢", "phone"),
    ("+8613800138000", "[phone]", "phone"),
    ("0086-13800138000 回电", "〔电话〕 回电", "phone"),
    ("号码是1 3 8 0 0 1 3 8 0 0 0", "号码是〔电话〕", "phone"),
    ("一三八零零一三八零零零是我", "〔电话〕是我", "phone"),
    ("138\u200b0013\u200b8000 回我", "〔电话〕 回我", "phone"),
    ("店里010-62345678没人接", "店里〔电话〕没人接", "phone"),
    ("(021)6543 2109", "[phone]", "phone"),
    ("0755-82345678转801", "〔电话〕", "phone"),
    ("电话 6234 5678", "电话 〔电话〕", "phone"),
    ("call me on +44 20 7946 0958", "call me on [phone]", "phone"),
    ("ring (415) 555-2671 after six", "ring [phone] after six", "phone"),
    ("my number is 07911 123456", "my number is [phone]", "phone"),
    ("Tel: 62345678", "Tel: [phone]", "phone"),
    ("发到zhang.san@qq.com。", "发到〔邮箱〕。", "email"),
    ("ｚｈａｎｇ＠ｑｑ．ｃｏｍ 联系", "〔邮箱〕 联系", "email"),
    ("write to John_D+x@mail.example.co.uk, please", "write to [e-mail], please", "email"),
    ("身份证11010519491231002X", "身份证〔证件号〕", "id_card"),
    ("11010519491231002x已登记", "〔证件号〕已登记", "id_card"),
    ("110105 19491231 002X 登记", "〔证件号〕 登记", "id_card"),
    ("身份证号：440308 19900101 1234", "身份证号：〔证件号〕", "id_card"),
    ("老证110105491231002也行", "老证〔证件号〕也行", "id_card"),
    ("车牌京A·12345", "车牌〔车牌〕", "plate"),
    ("粤BD12345在店", "〔车牌〕在店", "plate"),
    ("沪A12345D", "〔车牌〕", "plate"),
    ("鲁 A 88888 停在门口", "〔车牌〕 停在门口", "plate"),
    ("京Ａ１２３４５", "〔车牌〕", "plate"),
    ("license plate: ABC 1234", "license plate: [licence plate]", "plate"),
    ("VIN 1HGCM82633A004352", "VIN [VIN]", "vin"),
    ("车架号LSVAU2A37N2123456，保养", "车架号〔车架号〕，保养", "vin"),
    ("seen on 1HGCM82633A004352 today", "seen on [VIN] today", "vin"),
]
STAYS = [
    "订单号202401150012345678", "order 4155550132 was late", "call about order 4155550132", "花了12,999.00元", "2015-07-20 到 2015-08-01",
    "版本1.2.3.4567", "150 200 300 40", "LHR to Larnaca 33H 777-300ER", "新Model3提车", "@British_Airways please answer", "里程 123456 公里",
    "DD2024011500123", "2014 2015 2016 2017", "价格 138,001.38", "比例0.13800138000", "周一9:30-18:00", "京A是好车 100 分", "工单 WO-2026-0012345",
    "leaving 2008 and moving in 2009 to 20200101", "业务联系我们Copyright1999-2008", "440308199001011234", "A320-200 / 747-400 / 787-9 2013",
    "三四五六七八九十", "1HGCM82633A004353 has a wrong check digit", "hotel 2014 2015 20",
]


@pytest.mark.parametrize(("text", "clean", "kind"), GONE)
def test_identifiers_are_replaced(text, clean, kind):
    found = privacy.redact(pd.Series([text]), language="auto")
    assert found.texts[0] == clean
    assert {name: n for name, n in found.counts.items() if n} == {kind: 1}


@pytest.mark.parametrize("text", STAYS)
def test_other_numbers_survive(text):
    found = privacy.redact(pd.Series([text]), language="auto")
    assert found.texts[0] == text
    assert sum(found.counts.values()) == 0


def test_language_chooses_the_placeholder_only():
    text = pd.Series(["13800138000"])
    assert privacy.redact(text, language="zh").texts[0] == "〔电话〕"
    assert privacy.redact(text, language="en").texts[0] == "[phone]"
    with pytest.raises(ParameterError, match="known: auto, en, zh"):
        privacy.redact(text, language="fr")


def test_several_identifiers_in_one_text_and_repeats_are_counted():
    texts = pd.Series(["京A12345，13800138000，a@b.cn", None, "京A12345，13800138000，a@b.cn", ""], index=[7, 5, 3, 1])
    found = privacy.redact(texts)
    assert found.texts.index.tolist() == [7, 5, 3, 1]
    assert found.texts[7] == found.texts[3] == "〔车牌〕，〔电话〕，〔邮箱〕"
    assert pd.isna(found.texts[5]) and found.texts[1] == ""
    assert found.counts == {"id_card": 0, "vin": 0, "phone": 2, "email": 2, "plate": 2}


def test_redaction_is_idempotent_and_leaves_hostile_text_alone():
    texts = pd.Series([text for text, _, _ in GONE] + ["<script>alert(1)</script> 13800138000", "</script>'\"=cmd|' /C calc'!A0"])
    once = privacy.redact(texts)
    again = privacy.redact(once.texts)
    assert again.texts.equals(once.texts) and sum(again.counts.values()) == 0
    assert once.texts.iloc[-2] == "<script>alert(1)</script> [phone]"
    assert once.texts.iloc[-1] == texts.iloc[-1]


def test_plain_keeps_positions():
    text = "Ａ１３８\u200b００—１３８　٣٣ 一三八零零一三八零零零 三三两两"
    assert len(redaction.plain(text)) == len(text)
    assert redaction.plain(text).startswith("A138 00-138 33 13800138000 三三两两")


def test_names_are_stated_as_not_covered():
    assert "人名" in privacy.NOT_COVERED["zh"] and "names of people" in privacy.NOT_COVERED["en"]
    assert privacy.redact(pd.Series(["张伟师傅很好"])).texts[0] == "张伟师傅很好"


def test_check_digits():
    assert recognisers.is_id_card("11010519491231002X") and not recognisers.is_id_card("110105194912310021")
    assert not recognisers.is_id_card("110105194902310021")
    assert recognisers.is_vin("1M8GDM9AXKP042788") and not recognisers.is_vin("1M8GDM9A0KP042788")


def test_a_plate_alone_does_not_make_a_text_chinese():
    assert privacy.redact(pd.Series(["My plate is 京A·1234X"])).texts[0] == "My plate is [licence plate]"
    assert privacy.language_of("京A12345") == privacy.language_of("用 app 预约很方便") == "zh"
    assert privacy.language_of("") == privacy.language_of("Bonjour") == "en"
