"""A feed that died, one that never came, one that changes its format in mid-month: found and named; what is merely untidy is not."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
from shop_mapping import SHOP

from voclib.errors import ParameterError
from voclib.sources import ingest
from voclib.sources.oddities import notices
from voclib.sources.standardising import shapes

MAPPING = SHOP + """
  - channel: survey
    files: survey.csv
    tables:
      responses:
        columns: {response_id: 号, submitted_at: 时, csat_score: 分, duration_seconds: 秒, comment: 话, is_on_premises: 店内}
        constants: {channel: survey}
  - channel: survey
    files: kiosk.csv
    optional: true
    tables:
      responses: {columns: {response_id: 号, submitted_at: 时, csat_score: 分}, constants: {channel: onsite}}
"""
REGISTER = """
  - channel: touchpoint
    files: register.csv
    tables:
      touchpoint_register: {columns: {register_id: 号, name: 名, owner_department: 部门, feed: 文件, expected_days: 天}}
"""
ROWS = ["号,名,部门,文件,天", "T1,问卷,客服,survey*.csv,7", "T2,展厅屏,门店,kiosk.csv,7", "T3,小程序,数字,wechat.csv,7", "T4,意见簿,,,"]
START = pd.Timestamp("2026-01-01 10:00")


def survey(days: int = 120, *, write=lambda at, n: f"{at:%Y-%m-%d %H:%M}", seconds=lambda at, n: 60 + n % 30, flag=lambda at, n: "是") -> list[str]:
    moments = [START + pd.Timedelta(days=n // 2, hours=n % 7) for n in range(2 * days)]
    return [f"R{n:04d},{write(at, n)},{n % 5 + 1},{seconds(at, n)},第{n}句话是{'好' * (n % 9)},{flag(at, n)}" for n, at in enumerate(moments)]


def run(folder, rows: list[str], *, kiosk: list[str] | None = None, register: list[str] | None = None, mapping: str = MAPPING,
        seed: int | None = None):
    folder.mkdir(exist_ok=True)
    if seed is not None:
        rows = random.Random(seed).sample(rows, len(rows))
    (folder / "survey.csv").write_text("\n".join(["号,时,分,秒,话,店内", *rows]), encoding="utf-8")
    for name, lines in (("kiosk.csv", None if kiosk is None else ["号,时,分", *kiosk]), ("register.csv", register)):
        if lines is not None:
            (folder / name).write_text("\n".join(lines), encoding="utf-8")
    (folder / "shop.yml").write_text(mapping + (REGISTER if register else ""), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def touchpoints(pool) -> dict[str, dict]:
    return {item["name"]: item for item in pool.scorecard["feeds"]["touchpoints"]}


def screen(days: int) -> list[str]:
    return [f"S{n:03d},{START + pd.Timedelta(days=n):%Y-%m-%d %H:%M},4" for n in range(days)]


class TestFeeds:
    def test_silent_missing_and_unplanned_touchpoints_are_named(self, tmp_path):
        pool = run(tmp_path, survey(), kiosk=screen(25), register=ROWS)
        found = touchpoints(pool)
        assert {name: (item["status"], item["reason"]) for name, item in found.items()} == {
            "问卷": ("connected", None), "展厅屏": ("silent", "stopped"), "小程序": ("missing", "no_file"), "意见簿": ("unplanned", "no_feed")}
        dead = found["展厅屏"]
        assert (dead["first_day"], dead["last_day"], dead["days_silent"], dead["voices"]) == ("2026-01-01", "2026-01-25", 95, 25)
        assert pool.scorecard["feeds"]["last_day"] == "2026-04-30" and pool.scorecard["feeds"]["unregistered"] == ["register.csv"]
        assert "触点「展厅屏」静默：kiosk.csv 最后一条在 2026-01-25，比全体最后一天早 95 天（应每 7 天至少一条）" in pool.summary("zh")
        assert "touchpoint “小程序” is missing: no file matches wechat.csv" in pool.summary("en")

    @pytest.mark.parametrize(("days", "status"), [(99, "connected"), (98, "silent")])
    def test_three_times_the_expected_days_is_the_limit(self, tmp_path, days, status):
        item = touchpoints(run(tmp_path, survey(), kiosk=screen(days), register=ROWS))["展厅屏"]
        assert (item["days_silent"], item["status"]) == (120 - days, status)

    def test_a_short_interval_still_has_a_fortnight(self, tmp_path):
        daily = [row.replace("kiosk.csv,7", "kiosk.csv,1") for row in ROWS]
        assert touchpoints(run(tmp_path / "a", survey(), kiosk=screen(106), register=daily))["展厅屏"]["status"] == "connected"
        assert touchpoints(run(tmp_path / "b", survey(), kiosk=screen(105), register=daily))["展厅屏"]["status"] == "silent"

    def test_a_mistyped_year_neither_silences_the_others_nor_revives_the_dead(self, tmp_path):
        later = [*survey()[:-1], "R9999,2062-01-01 10:00,3,60,话,是"]
        found = touchpoints(run(tmp_path, later, kiosk=[*screen(25), "S999,2099-12-31 10:00,4"], register=ROWS))
        assert found["问卷"]["status"] == "connected" and found["展厅屏"]["days_silent"] == 95

    def test_a_feed_that_speaks_in_another_format_is_not_silent(self, tmp_path):
        later = [f"S9{n:02d},{START + pd.Timedelta(days=n):%d.%m.%Y %H:%M},4" for n in range(30, 120)]
        pool = run(tmp_path, survey(), kiosk=[*screen(30), *later], register=ROWS)
        item = touchpoints(pool)["展厅屏"]
        assert (item["status"], item["reason"], item["last_day"], item["voices"]) == ("unreadable", "set_aside", "2026-01-30", 30)
        assert "touchpoint “展厅屏” still delivers, but every voice after 2026-01-30 was set aside" in pool.summary("en")

    @pytest.mark.parametrize("days", [5, 15])
    def test_without_an_agreed_interval_or_a_rhythm_nothing_is_said_to_deliver(self, tmp_path, days):
        rows = [row.replace("kiosk.csv,7", "kiosk.csv,") for row in ROWS]
        pool = run(tmp_path / "old", survey(), kiosk=screen(days), register=rows)
        item = touchpoints(pool)["展厅屏"]
        assert (item["status"], item["reason"], item["days_silent"]) == ("unjudged", "no_interval", 120 - days)
        assert "未约定间隔 1" in pool.summary("zh")
        assert "“展厅屏” has no agreed interval, so it is not known whether it has stopped" in pool.summary("en")
        fresh = [f"S{n:03d},{START + pd.Timedelta(days=119 - n):%Y-%m-%d %H:%M},4" for n in range(days)]
        assert touchpoints(run(tmp_path / "new", survey(), kiosk=fresh, register=rows))["展厅屏"]["status"] == "connected"

    def test_an_empty_file_is_silent(self, tmp_path):
        item = touchpoints(run(tmp_path, survey(), kiosk=[], register=ROWS))["展厅屏"]
        assert (item["status"], item["reason"], item["rows"]) == ("silent", "no_rows", 0)

    def test_without_a_register_the_sources_are_the_feeds_and_keep_their_own_rhythm(self, tmp_path):
        pool = run(tmp_path / "a", survey(), kiosk=screen(25))
        assert {name: item["status"] for name, item in touchpoints(pool).items()} == {"survey.csv": "connected", "kiosk.csv": "silent"}
        assert not pool.scorecard["feeds"]["has_register"] and pool.scorecard["feeds"]["unregistered"] == []
        weekly = [f"S{n},{START + pd.Timedelta(days=5 * n):%Y-%m-%d %H:%M},4" for n in range(21)]
        assert touchpoints(run(tmp_path / "b", survey(110), kiosk=weekly))["kiosk.csv"]["status"] == "connected"


CHANGE = pd.Timestamp("2026-04-17")


def with_line(line: str) -> str:
    """The mapping with a line added to the survey's table."""
    return MAPPING.replace("        constants: {channel: survey}\n", f"        constants: {{channel: survey}}\n        {line}\n")


def changed(pool) -> list[tuple]:
    return [(item["file"], item["column"], item["target"], item["kind"], item["day"]) for item in pool.scorecard["format_changes"]]


class TestFormats:
    def test_a_feed_that_changes_its_format_is_found_with_day_and_fix(self, tmp_path):
        rows = survey(write=lambda at, n: f"{at:%d.%m.%Y %H:%M}" if at >= CHANGE else f"{at:%Y-%m-%d %H:%M}")
        pool = run(tmp_path / "a", rows)
        assert changed(pool) == [("survey.csv", "时", "submitted_at", "format", "2026-04-17")]
        item = pool.scorecard["format_changes"][0]
        assert (item["rows_before"], item["rows_after"], item["rows_quarantined_after"]) == (212, 28, 28)
        assert (item["before"], item["after"]) == ({"shape": "9-9-9 9:9", "example": "2026-01-31 13:05"},
                                                   {"shape": "9.9.9 9:9", "example": "31.01.2026 13:05"})
        assert item["fix"] == 'formats: {submitted_at: "%d.%m.%Y %H:%M"}'
        assert "survey.csv 的“时”自 2026-04-17 起写法改变：2026-01-31 13:05 → 31.01.2026 13:05，其后 28 行，隔离 28 行" in pool.summary("zh")
        mended = run(tmp_path / "b", rows, mapping=with_line(item["fix"]))
        assert mended.scorecard["totals"]["quarantined"] == 0
        assert mended.scorecard["format_changes"][0]["fix"] is None

    @pytest.mark.parametrize("seed", [1, 2])
    def test_the_order_of_rows_does_not_matter(self, tmp_path, seed):
        rows = survey(write=lambda at, n: f"{at:%m/%d/%Y %H:%M}" if at >= CHANGE else f"{at:%Y-%m-%d %H:%M}")
        plain, other = run(tmp_path / "a", rows), run(tmp_path / "b", rows, seed=seed)
        assert plain.scorecard == other.scorecard and changed(plain)[0][-1] == "2026-04-17"
        assert plain.scorecard["format_changes"][0]["fix"] == 'formats: {submitted_at: "%m/%d/%Y %H:%M"}'

    @pytest.mark.parametrize("seed", range(6))
    def test_formats_mixed_from_the_start_are_no_change(self, tmp_path, seed):
        draw = np.random.default_rng(seed)
        share = draw.uniform(0.02, 0.6)
        rows = survey(write=lambda at, n: f"{at:%Y/%m/%d %H:%M}" if draw.random() < share else f"{at:%Y-%m-%d %H:%M}")
        assert changed(run(tmp_path, rows)) == []

    def test_a_handful_at_the_end_counts_only_when_the_switch_is_clean(self, tmp_path):
        late = START + pd.Timedelta(days=116)
        clean = survey(write=lambda at, n: f"{at:%Y%m%d}" if at >= late else f"{at:%Y-%m-%d %H:%M}")
        assert changed(run(tmp_path / "a", clean))[0][-1] == "2026-04-27"
        stained = survey(write=lambda at, n: f"{at:%Y%m%d}" if at >= late or n == 50 else f"{at:%Y-%m-%d %H:%M}")
        assert changed(run(tmp_path / "b", stained)) == []

    @pytest.mark.parametrize("seed", range(3))
    def test_a_change_of_scale_is_found_and_drift_is_not(self, tmp_path, seed):
        draw = np.random.default_rng(seed)
        cut = START.normalize() + pd.Timedelta(days=int(draw.integers(30, 90)))
        found = changed(run(tmp_path / "a", survey(seconds=lambda at, n: round(draw.uniform(30, 90) * (1000 if at >= cut else 1), 1))))
        assert found == [("survey.csv", "秒", "duration_seconds", "scale", f"{cut:%Y-%m-%d}")]
        drift = survey(seconds=lambda at, n: round(float(draw.lognormal(4, 0.8)) * (1 + (at - START).days / 60), 1))
        assert changed(run(tmp_path / "b", drift)) == []

    def test_a_recoded_flag_is_found_and_words_are_not_looked_at(self, tmp_path):
        rows = survey(flag=lambda at, n: "true" if at >= CHANGE else "是")
        pool = run(tmp_path, rows)
        assert changed(pool) == [("survey.csv", "店内", "is_on_premises", "format", "2026-04-17")]
        assert pool.scorecard["format_changes"][0]["fix"].startswith("values: {is_on_premises:")

    def test_no_cell_is_shown(self, tmp_path):
        rows = survey(write=lambda at, n: "电话13800138000" if at >= CHANGE else f"{at:%Y-%m-%d %H:%M}",
                      seconds=lambda at, n: "请打13800138000" if n % 2 else "60")
        assert "13800138000" not in str(run(tmp_path, rows).scorecard["format_changes"])

    def test_several_patterns_are_tried_in_order_and_bad_ones_refused(self, tmp_path):
        rows = survey(write=lambda at, n: f"{at:%d.%m.%Y}" if n % 2 else f"{at:%m/%d/%y}")
        pool = run(tmp_path, rows, mapping=with_line('formats: {submitted_at: ["%d.%m.%Y", "%m/%d/%y"]}'))
        assert pool.scorecard["totals"]["quarantined"] == 0
        for wrong in ('"%Q"', '["%d.%m.%Y", "heute"]'):
            with pytest.raises(ParameterError, match="write day, month and year as %d, %m and %Y"):
                run(tmp_path, rows, mapping=with_line(f"formats: {{submitted_at: {wrong}}}"))


class TestShapes:
    def test_shapes(self):
        texts = pd.Series(["2026-01-05T10:00", "５", "abc 12", "满意  了", None, "-1,200.5"], dtype="str")
        assert shapes.shape(texts).fillna("").tolist() == ["9-9-9a9:9", "５", "a 9", "中 中", "", "-9,9.9"]

    @pytest.mark.parametrize(("text", "day"), [
        ("2026-01-05 10:00", "2026-01-05"), ("2026年1月5日", "2026-01-05"), ("20260105", "2026-01-05"), ("1767571200", "2026-01-05"),
        ("1767571200000", "2026-01-05"), ("05.01.2026 9:00", "2026-01-05"), ("31/12/2025", "2025-12-31"), ("2026-02-30", None), ("昨天", None)])
    def test_days_are_read_in_any_format(self, text, day):
        found = shapes.days(pd.Series([text], dtype="str")).iloc[0]
        assert (None if np.isnan(found) else str(np.datetime64(int(found), "D"))) == day

    def test_the_column_decides_which_comes_first(self):
        texts = pd.Series(["01/02/2026", "01/25/2026"], dtype="str")
        assert not shapes.day_first(texts) and shapes.day_first(pd.Series(["25/01/2026", "01/02/2026"], dtype="str"))
        assert str(np.datetime64(int(shapes.days(texts).iloc[0]), "D")) == "2026-01-02"


MASTER = """
  - channel: master
    files: shops.csv
    tables:
      units: {columns: {unit_id: 店, name: 店, region: 区, opened_on: 开业}, constants: {kind: other}}
"""


def test_a_master_list_is_no_touchpoint(tmp_path) -> None:
    """A list of shops was a touchpoint that had last spoken when its youngest shop opened, in the terminal and in the count of the page."""
    (tmp_path / "shops.csv").write_text("店,区,开业\nA,东,2021-08-15\nB,西,2019-03-01", encoding="utf-8")
    pool = run(tmp_path, survey(), mapping=MAPPING + MASTER)
    assert "survey.csv" in touchpoints(pool) and "shops.csv" not in touchpoints(pool)
    assert any(entry["file"] == "shops.csv" and entry["rows_read"] == 2 for entry in pool.scorecard["files"])
    assert not [line for line in notices.lines(pool.scorecard, "en") if "shops.csv" in line]
