"""Answers from 1 to 5 among answers from 0 to 10: named where one channel, language, file or time holds them, and nowhere by chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shop_mapping import SHOP

from voclib.sources import ingest

MAPPING = SHOP + """
  - channel: survey
    files: "*.csv"
    MORE
    tables:
      responses:
        columns: {response_id: id, submitted_at: at, nps_score: score, segment: item, language: lang}
        constants: {channel: survey}
"""
LONG = [.05, .02, .02, .02, .02, .07, .07, .13, .18, .17, .25]
SHORT = [0, .05, .05, .2, .3, .4, 0, 0, 0, 0, 0]
START = pd.Timestamp("2026-01-01 10:00")


def _rows(n: int, seed: int, *, channel: str = "短信", odds=LONG, lang="zh", since: int = 0) -> list[str]:
    scores = np.random.default_rng(seed).choice(11, n, p=odds)
    days = [START + pd.Timedelta(days=since + i // 3) for i in range(n)]
    return [f"{channel}{seed}-{i},{days[i]:%Y-%m-%d %H:%M},{score},保养,{lang},{channel},{'y' if score <= 5 else 'n'}"
            for i, score in enumerate(scores)]


def _pool(folder, *files, more=""):
    for place, rows in enumerate(files):
        (folder / f"{place}.csv").write_text("\n".join(["id,at,score,item,lang,问卷渠道,follow-up", *rows]), encoding="utf-8")
    (folder / "shop.yml").write_text(MAPPING.replace("MORE", more), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def _mixed(pool) -> list[dict]:
    return [{**item["group"], "n": item["n"]} for item in pool.scorecard["doubts"] if item["doubt"] == "mixed_scale"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_channel_that_asks_from_one_to_five_is_named_and_can_be_set_aside(tmp_path, seed):
    rows = [*_rows(300, seed), *_rows(60, seed + 50, channel="电话", odds=SHORT)]
    pool = _pool(tmp_path, rows)
    assert _mixed(pool) == [{"问卷渠道": "电话", "n": 60}]
    told = pool.findings("en")
    assert "0.csv: responses.nps_score: all 60 answers where 问卷渠道 is 电话 lie within 1–5, while " in told
    line = told.partition("separately, or write  ")[2].partition("\n")[0]
    assert line == 'set_aside: {"问卷渠道": "电话"}' and "0.csv 的 responses.nps_score：问卷渠道 = 电话 的 60 个回答全在 1–5" in pool.findings("zh")
    mended = _pool(tmp_path, rows, more=line)
    assert _mixed(mended) == [] and len(mended.tables["responses"]) == 300
    assert set(mended.quarantine["reason"]) == {"问卷渠道 is '电话', which the mapping sets aside"}


@pytest.mark.parametrize(("late", "early"), [(SHORT, LONG), (LONG, SHORT)])
def test_a_scale_that_changes_at_a_day_is_named_by_the_day(tmp_path, late, early):
    pool = _pool(tmp_path, [*_rows(90, 1, odds=early), *_rows(90, 2, odds=late, since=30)])
    found, = _mixed(pool)
    assert found.get("since", found.get("until")) in {"2026-01-31", "2026-01-30"} and found["n"] == 90
    assert ("since 2026-01-31" if late == SHORT else "until 2026-01-30") in pool.findings("en")


def test_a_file_or_a_language_of_its_own_is_named(tmp_path):
    assert _mixed(_pool(tmp_path, _rows(200, 1), _rows(40, 2, odds=SHORT, lang="en"))) == [{"lang": "en", "n": 40}]
    assert _mixed(_pool(tmp_path, _rows(200, 1), _rows(40, 2, odds=SHORT))) == [{"_file": "1.csv", "n": 40}]


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_named_where_the_scale_is_one(tmp_path, seed):
    """Few answers, a channel of unhappy customers who also give zeros, and a column that follows from the score."""
    angry = [.3, .15, .1, .1, .1, .15, .04, .02, .02, .01, .01]
    rows = [*_rows(300, seed), *_rows(60, seed + 50, channel="投诉回访", odds=angry), *_rows(20, seed + 90, channel="电话", odds=SHORT)]
    assert _mixed(_pool(tmp_path, rows)) == []


def test_where_few_exceed_five_anyway_a_group_without_is_chance(tmp_path):
    low = [0, .2, .2, .2, .15, .15, .05, .05, 0, 0, 0]
    for seed in range(5):
        assert _mixed(_pool(tmp_path, [*_rows(300, seed, odds=low), *_rows(40, seed + 50, channel="电话", odds=low)])) == []
