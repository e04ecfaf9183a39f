"""Moments and durations as forms and browsers write them: with GMT+8, a weekday, or several units; what has two readings is still refused."""

import pandas as pd
import pytest

from voclib.schema import dates, mending
from voclib.schema.validation import validate


@pytest.mark.parametrize(("text", "made"), [
    ("2026/03/07 8:00:00 下午 GMT+8", "2026-03-07T20:00:00+08:00"), ("2026/03/07 下午 8:00:00 格林尼治标准时间+8", "2026-03-07T20:00:00+08:00"),
    ("2026-03-01 22:00 UTC+08:00", "2026-03-01T22:00:00+08:00"), ("2026-03-01 22:00 GMT-5", "2026-03-01T22:00:00-05:00"),
    ("Sun Mar 01 2026 10:00:00 GMT+0800 (中国标准时间)", "2026-03-01T10:00:00+0800"), ("Sun, 01 Mar 2026 10:00:00 +0800", "2026-03-01T10:00:00+0800"),
    ("2026-03-07 周六 20:00", "2026-03-07T20:00:00"), ("2026年3月1日(星期日)10:00", "2026-03-01T10:00:00"),
    ("Mar 1, 2026 at 10:00 AM", "2026-03-01T10:00:00"), ("2026-03-01 10:00 GMT", "2026-03-01T10:00:00Z"),
    ("2026-03-01 10:00 CST", None), ("2026-03-01 (CST)", None), ("Sun 03/01/2026 10:00", None), ("2026-03-01 10:00 GMT+8:3", None)])
def test_moments_of_forms_and_browsers(text, made):
    assert dates.iso(text) == made


def test_google_forms_in_chinese_keep_their_zone():
    rows = pd.DataFrame({"response_id": ["a", "b"], "channel": "survey", "weight": 1.0,
                         "submitted_at": ["2026/3/5 下午 3:12:44", "2026/03/05 8:00:00 下午 格林尼治标准时间+9"]})
    made = validate(rows, "responses").accepted["submitted_at"]
    assert made.dt.strftime("%H:%M").tolist() == ["07:12", "11:00"]


@pytest.mark.parametrize(("text", "unit", "made"), [
    ("1分28秒", "seconds", "88"), ("2小时3分6秒", "minutes", "123.1"), ("00:02:44", "seconds", "164"), ("1h 30m", "hours", "1.5"),
    ("2 min 5 sec", "seconds", "125"), ("1天12小时", "days", "1.5"), ("88秒", "seconds", "88"),
    ("2:44", "seconds", None), ("2小时", "minutes", None), ("1分30", "seconds", None), ("1分28秒", "km", None), ("5秒1分", "seconds", None)])
def test_durations_of_several_units_are_added_up(text, unit, made):
    """A single other unit is refused as before: the mapping says what one of it is worth."""
    value, note = mending.mend(text, kind="real", unit=unit, timezone="Asia/Shanghai")
    assert value == made and (note == mending.DURATION) == (made is not None and text != "88秒")
