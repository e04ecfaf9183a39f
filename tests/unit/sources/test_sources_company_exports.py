"""Exports of shops, chats, ledgers and survey systems as companies have them: what each writes in its own way is read, or asked about with a line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from voclib.errors import DataError
from voclib.sources import ingest

HEAD = {"name": "shop", "company": {"zh": "小店", "en": "Shop"}, "pseudonym_key": "a-key-of-some-length"}


def _pool(folder: Path, lines: list[str], *sources: dict):
    (folder / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    given = [{"files": "a.csv", **source} for source in sources]
    (folder / "shop.yml").write_text(yaml.safe_dump({**HEAD, "sources": given}, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


CHAT = ["会话,发送方,时间,内容", *(f"S{n},{who},2026-03-0{n + 1} 10:0{k}:00,{said}" for n in range(3) for k, (who, said) in enumerate(
    [(f"tb买家{n}", "在吗"), ("旗舰店:小美", "亲，在的"), ("系统", "已接入人工"), (f"tb买家{n}", "发货太慢"), ("旗舰店:阿强", "抱歉")]))]


def _chat(folder: Path, **speakers: str):
    turns = {"by": "会话", "speaker": "发送方", "text": "内容", "at": "时间", "speakers": speakers}
    table = {"columns": {"response_id": "会话", "comment": "_said", "submitted_at": "_began"}, "constants": {"channel": "chat"}, "distinct": True}
    return _pool(folder, CHAT, {"channel": "chat", "turns": turns, "tables": {"responses": table}})


def test_a_chat_that_names_everybody_is_read_with_a_star_in_the_names(tmp_path):
    told = _chat(tmp_path, 系统="bot").findings("en")
    assert 'counted as other (a name there may hold * for any signs, as in  speakers: {"Shop:*": agent, "*": customer}): 12' in told
    pool = _chat(tmp_path, **{"*": "customer", "旗舰店:*": "agent", "系统": "bot"})
    assert pool.tables["responses"]["comment"].tolist() == ["在吗\n亲，在的\n发货太慢\n抱歉"] * 3  # the first that fits holds
    pool = _chat(tmp_path, **{"旗舰店:*": "agent", "*": "customer", "系统": "bot"})
    assert pool.tables["responses"]["comment"].tolist() == ["在吗\n发货太慢"] * 3 and "counted as other" not in pool.findings("en")


BOOKED = [("NONE", f'"2,{n:03d}.00"', "service") if n % 4 else (f'"1,{n:03d}.50"', "NONE", "refund") for n in range(12)]
LEDGER = ["日期,凭证号,客户,摘要,借方,贷方", *(f"2026-03-{n + 1:02d},记-{n},C{n % 3},{kind},{debit},{credit}" for n, (debit, credit, kind) in
                                   enumerate(BOOKED)), "本月合计,,,,99,99", "本年累计,,,,99,99"]
CUSTOMERS = {"columns": {"customer_id": "客户"}, "constants": {"segment": "all", "is_churned": 0}, "distinct": True}


def _booked(column: str, **more: object) -> dict:
    return {"columns": {"transaction_id": "凭证号", "customer_id": "客户", "booked_at": "日期", "kind": "摘要", "net_cny": column},
            "constants": {"currency": "CNY"}, **more}


@pytest.mark.parametrize("nothing", ["", "0.00"])
def test_debit_and_credit_in_two_columns_are_two_sources(tmp_path, nothing):
    lines = [line.replace("NONE", nothing) for line in LEDGER]
    source = {"channel": "ledger", "missing": ["0.00"]}
    pool = _pool(tmp_path, lines, {**source, "tables": {"customers": CUSTOMERS, "transactions": _booked("贷方", where_filled="贷方")}},
                 {**source, "tables": {"transactions": _booked("借方", where_filled="借方", factors={"net_cny": -1})}})
    made = pool.tables["transactions"].set_index("transaction_id")["net_cny"]
    assert {name: made[name] for name in made.index} == {f"记-{n}": 2000.0 + n if n % 4 else -1000.5 - n for n in range(12)}
    assert set(pool.quarantine["reason"]) == {"a row of totals, not of data"}


def test_credit_on_its_own_is_told_how_to_find_the_other_side(tmp_path):
    lines = [line.replace("NONE", "") for line in LEDGER]
    told = _pool(tmp_path, lines, {"channel": "ledger", "tables": {"customers": CUSTOMERS, "transactions": _booked("贷方")}}).findings("en")
    assert "net_cny: missing value; the column allows none: 3 rows" in told
    assert "a second source for the other column with  factors: {net_cny: -1}" in told


def _said(folder: Path, *cells: str, column: str = "comment"):
    table = {"columns": {"response_id": "id", "comment": "said"}, "constants": {"channel": "review", "language": "zh"}}
    return _pool(folder, ["id,said", *(f'{n},"{cell}"' for n, cell in enumerate(cells))], {"channel": "review", "tables": {"responses": table}})


def test_what_was_said_in_html_is_kept_as_words(tmp_path):
    cells = ("<p>送货慢</p><p>包装破&nbsp;&amp;&nbsp;漏</p>", "请打138&nbsp;0013&nbsp;8000", "a < b &lt;3", "if x <html5 then",
             "&nbsp;此用户未填写评价内容", "<img src='x.png'>")
    pool = _said(tmp_path, *cells)
    made = pool.tables["responses"].sort_values("response_id")["comment"]
    assert made.iloc[0] == "送货慢\n包装破 & 漏" and "8000" not in made.iloc[1] and made.iloc[2:4].tolist() == ["a < b <3", "if x <html5 then"]
    assert made.iloc[4:].isna().all()
    assert pool.repairs["problem"].value_counts()["HTML written out as plain text"] == 4
    assert "0013" not in (tmp_path / "out" / "repairs.csv").read_text("utf-8-sig")


def test_a_tag_typed_into_plain_text_is_what_somebody_said(tmp_path):
    cells = ("<img src=x onerror=alert(1)> 等太久了", "慢<br/>而且贵", *(f"第{n}次来" for n in range(20)))
    pool = _said(tmp_path, *cells)
    made = pool.tables["responses"].set_index("response_id")["comment"]
    assert made["0"] == cells[0] and made["1"] == "慢\n而且贵" and len(pool.repairs) == 1


def _stars(folder: Path, column: str, *cells: str, **table: object):
    rule = {"columns": {"response_id": "id", column: "评价级别"}, "constants": {"channel": "review"}, **table}
    return _pool(folder, ["id,评价级别", *(f"{n},{cells[n % len(cells)]}" for n in range(30))], {"channel": "review", "tables": {"responses": rule}})


def test_classes_of_reviews_are_no_stars_and_the_line_offered_keeps_them(tmp_path):
    with pytest.raises(DataError, match="classes of reviews, each of several stars") as refused:
        _stars(tmp_path, "star_rating", "好评", "中评", "差评")
    line = str(refused.value).partition("with  ")[2].partition(". Fix")[0]
    made = _stars(tmp_path, "emotion", "好评", "中评", "差评", **yaml.safe_load(line)).tables["responses"]["emotion"]
    assert made.value_counts().to_dict() == {"positive": 10, "neutral": 10, "negative": 10}


def test_satisfaction_in_stars_is_counted(tmp_path):
    assert sorted(_stars(tmp_path, "csat_score", "★★★★★", "★★").tables["responses"]["csat_score"]) == [2] * 15 + [5] * 15
    with pytest.raises(DataError, match="answers that are no score"):
        _stars(tmp_path, "ces_score", "★★★★★", "★★")


def test_a_second_heading_of_names_is_told_with_the_line_that_sets_it_aside(tmp_path):
    answers = [f"{n},{n % 11},{n % 9},U{n % 3}" for n in range(40)]
    lines = ["Survey ID,Overall,Likelihood,Unit", "surveyid,q_ovs_scale11,q_ltr_scale11,e_unitid", *answers]
    source = {"channel": "survey", "tables": {
        "units": {"columns": {"unit_id": "Unit", "name": "Unit"}, "constants": {"kind": "dealer", "region": "E"}, "distinct": True},
        "responses": {"columns": {"response_id": "Survey ID", "rating_score": "Overall", "nps_score": "Likelihood", "unit_id": "Unit"},
                      "constants": {"channel": "survey"}}}}
    pool = _pool(tmp_path, lines, source)
    line = pool.findings("en").partition("under set_aside; row: 2; ")[2].partition("\n")[0]
    assert len(pool.tables["units"]) == 4 and line == 'set_aside: {"Overall": "q_ovs_scale11"}'
    assert len(_pool(tmp_path, lines, {**source, **yaml.safe_load(line)}).tables["units"]) == 3
