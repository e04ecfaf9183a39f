"""Outbreaks among 3,000 voices a week, years without any, and real Chinese reviews whose days were drawn by lot: alarms where they belong.

The seeds are fixed, so a run repeats; `benchmarks.text_outbreak.outbreak` holds the same to 20 null years and over 50 outbreaks a size.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import text_outbreak
from voclib.simulate.worlds import outbreak
from voclib.studies.topics import heard
from voclib.text import emerging
from voclib.text.emerging import counts


@cache
def quiet(seed: int, per_week: int = 250) -> counts.Voices:
    return text_outbreak.counted(outbreak.draw(seed, days=text_outbreak.A_YEAR, per_week=per_week)[0])


@pytest.mark.parametrize("seed", range(2))
def test_thirty_voices_among_three_thousand_a_week_are_on_the_list_within_a_week(seed: int) -> None:
    rows, seen = text_outbreak.caught(seed, per_week=3000, sizes=(30,), outbreaks=6)
    assert (rows["delay"] <= 7).all() and rows["delay"].median() <= 3, rows
    assert rows["themes"].sum() == len(seen.themes) <= 9, "one theme an outbreak, seldom two, and none besides"


def test_small_outbreaks_are_found_late_or_not_at_all_and_large_ones_at_once() -> None:
    rows = text_outbreak.caught(3, per_week=1000, sizes=(5, 60), outbreaks=8)[0].set_index("size")["delay"]
    assert (rows[60] <= 3).all() and rows[5].isna().mean() >= 0.5


def test_null_years_stay_within_the_budget_and_the_rule_of_thumb_does_not() -> None:
    alarms = [len(emerging.look(quiet(seed)).themes) for seed in range(3)]
    many = [len(emerging.look(quiet(seed), budget=20).themes) for seed in range(3)]
    rough = [(sum(map(text_outbreak.naive, quiet(seed).topics)), sum(map(text_outbreak.naive, quiet(seed).terms))) for seed in range(3)]
    assert np.mean(alarms) <= 1 and np.mean(many) <= 20
    assert min(topics for topics, _ in rough) >= 5 and min(terms for _, terms in rough) >= 50, rough


def test_a_budget_without_limit_raises_alarms_on_the_same_years() -> None:
    assert np.mean([len(emerging.look(quiet(seed), budget=365).themes) for seed in range(2)]) >= 3, "the silence above is not deafness"


def test_a_known_topic_that_triples_is_told_and_one_that_drifts_is_not() -> None:
    since = pd.Timestamp(outbreak.START).date() + pd.Timedelta(days=110)
    for seed in range(2):
        frame, _ = outbreak.draw(seed, days=126, per_week=1000, rise=3.0, rise_from=110)
        risen = [t for t in emerging.look(text_outbreak.counted(frame)).themes if t.kind == "rising"]
        assert [t.words for t in risen] == [("topic 0",)] and 0 <= (risen[0].found_on - since).days <= 7
        drifting, _ = outbreak.draw(seed, days=300, per_week=500, drift=1.6)
        assert not emerging.look(text_outbreak.counted(drifting)).themes


def arriving(seed: int) -> tuple[pd.DataFrame, pd.Timestamp]:
    """200 quiet days of a survey and, from one of the days 110–185 on, a fifth of the voices written down by agents who open in their own way.

    With it the last day before the eight weeks that are watched.
    """
    rng = np.random.default_rng([seed, 11])
    frame = outbreak.draw(seed, days=200, per_week=400)[0]
    day = frame["submitted_at"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None).dt.normalize()
    begins = pd.Timestamp(outbreak.START) + pd.Timedelta(days=int(rng.integers(110, 185)))
    agent = (day >= begins).to_numpy() & (rng.random(len(frame)) < 0.2)
    opening = np.where(frame["text"].str.contains("[\u4e00-\u9fff]"), rng.choice(["来电人反映，", "客服您好，我来电反映，"], len(frame)),
                       rng.choice(["Caller states that ", "Transcript of call: "], len(frame)))
    frame["text"] = np.where(agent, opening + frame["text"], frame["text"])
    return frame.assign(channel=np.where(agent, "call", "sms"), day=day), day.max() - pd.Timedelta(weeks=8)


def test_what_a_channel_that_has_just_begun_always_says_is_no_news() -> None:
    alarms = []
    for seed in range(6):
        frame, until = arriving(seed)
        come = heard.newcomers(frame, until)
        assert not come[frame["channel"].eq("sms")].any()
        given = [frame["text"], frame["text"].mask(come, None)]
        alarms.append([len(emerging.watch(texts.tolist(), frame["submitted_at"], authors=frame["author"].tolist(), since=until).themes)
                       for texts in given])
    naive, ours = np.array(alarms).sum(axis=0)
    assert naive >= 6 and ours <= 1, alarms


def test_real_reviews_on_days_drawn_by_lot_hold_no_news(public_data: Path) -> None:
    frame = pd.read_csv(public_data / "text_zh/online_shopping_8_cats.csv").dropna().sample(20_000, random_state=0)
    rng, category = np.random.default_rng(0), frame["cat"].astype("category").cat.codes.to_numpy()
    weight = rng.gamma(20, 0.05, (250, category.max() + 1))  # a category is more or less bought from day to day, as topics are
    day = np.array([rng.choice(250, p=weight[:, c] / weight[:, c].sum()) for c in category])
    when = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"))
    texts, classes = frame["review"].tolist(), {str(c): category == c for c in range(category.max() + 1)}
    voices = counts.read(texts, when, classes=classes)
    assert emerging.look(voices).themes == () and sum(map(text_outbreak.naive, voices.terms)) > 100
    told = [*outbreak.told(rng, "hot_seat", "zh", 30)]
    late = pd.Series(pd.Timestamp("2024-08-01") + pd.to_timedelta(np.arange(30) // 5, unit="D"))
    found = emerging.look(counts.read(texts + told, pd.concat([when, late]))).themes
    assert found and all(np.mean(np.array(t.members) >= len(texts)) > 0.8 for t in found), "and 30 voices among 560 a week are news there too"
