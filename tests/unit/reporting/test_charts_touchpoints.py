"""The map of touchpoints: a strip a touchpoint, darker where more was said, an icon a state, and what it refuses."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.reporting import charts
from voclib.reporting.charts import touchpoints
from voclib.results import Text

MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04"]
ROWS = pd.DataFrame([
    (Text("短信问卷", "Text survey"), Text("用车", "Drive"), "connected", Text("4 月 30 日", "30 Apr"), [10, 40, 20, 5]),
    (Text("展厅平板", "Showroom tablet"), Text("购买", "Buy"), "silent", Text("沉默 60 天", "silent 60 days"), [8, 4, 0, 0]),
    (Text("小程序", "Mini program"), Text("购买", "Buy"), "missing", Text("没有文件", "no file"), None),
    (Text("社交媒体", "Social media"), Text("购买", "Buy"), "unreadable", Text("读不出", "unreadable"), [9, 5, 0, 0]),
    (Text("零件批次", "Batches of parts"), Text("购买", "Buy"), "unjudged", Text("最后 1 月 2 日", "last on 2 Jan"), [3, 0, 0, 0]),
    (Text("意见簿", "Comment book"), Text("购买", "Buy"), "unplanned", Text("未计划", "not planned"), None)],
    columns=["label", "stage", "status", "detail", "activity"]).assign(verbatim="SECRET")
WORDS = {"title": Text("题", "title"), "subtitle": Text("副题", "subtitle"), "description": Text("说明", "description")}


def drawn(frame=ROWS, months=MONTHS, **more):
    return charts.touchpoint_map(frame, label="label", stage="stage", status="status", detail="detail", activity="activity", months=months,
                                 **WORDS | more)


def rows(pair, lang="zh", size="wide"):
    return [row for values in pair.specs[lang][size]["datasets"].values() for row in values]


def test_a_month_without_voices_is_blank_and_the_busiest_is_darkest() -> None:
    steps = [row["step"] for row in rows(drawn()) if "step" in row]
    assert len(steps) == 16 and steps[:4] == [touchpoints.STEPS[1], touchpoints.STEPS[-1], touchpoints.STEPS[2],
                                             touchpoints.STEPS[0]]
    assert steps[4] == touchpoints.STEPS[-1] and steps[6:8] == [touchpoints.WASH] * 2


def test_every_state_has_an_icon_of_its_own_and_a_word() -> None:
    signs = [(row["fill"], row["sign"]) for row in rows(drawn()) if "sign" in row]
    assert signs == [touchpoints.SIGNS[s] for s in ROWS["status"]] and len(set(signs)) == 6 == len({fill for fill, _ in signs})
    for lang, words in (("zh", ("在送达", "读不出", "沉默", "缺失", "未约定间隔", "未计划")),
                        ("en", ("Delivering", "Unreadable", "Silent", "Missing", "No interval agreed", "Not planned"))):
        text = json.dumps(drawn().specs[lang]["wide"], ensure_ascii=False)
        assert all(word in text for word in words) and "SECRET" not in text


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_stages_head_their_touchpoints_in_both_widths(size) -> None:
    texts = [row["text"] for row in rows(drawn(), "en", size) if "text" in row]
    assert {"Drive", "Buy", "Text survey", "Showroom tablet", "silent 60 days", "no file"} <= set(texts)
    assert texts.count("Buy") == 1, "a stage is named once, over its touchpoints"


def test_only_what_was_never_heard_needs_no_strip() -> None:
    silent = drawn(ROWS[ROWS["activity"].isna()].reset_index(drop=True))
    assert not [row for row in rows(silent) if "step" in row]


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"frame": ROWS.assign(status="quiet")}, DataError, "the status of row 0 is 'quiet'; known: connected"),
    ({"months": []}, DataError, "months names no month"),
    ({"months": MONTHS[:3]}, DataError, "row 0 counts 4 months, the strip over 3"),
    ({"frame": ROWS.drop(columns="detail")}, DataError, "there is no column 'detail'"),
    ({"frame": ROWS.head(0)}, DataError, "has no rows"),
    ({"words": {"mute": Text("哑", "mute")}}, ParameterError, "labels= names 'mute'"),
])
def test_what_cannot_be_drawn_is_told(change, error, words) -> None:
    with pytest.raises(error, match=words):
        drawn(**change)
