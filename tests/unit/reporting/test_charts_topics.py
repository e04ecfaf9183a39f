"""The topic map and its companions: bubbles apart and inside, words only where they fit, nothing unseen in the data; wrong input is named."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from money_pictures import WORDS, rows, said, spec

from voclib.errors import DataError, ParameterError
from voclib.reporting import theme
from voclib.reporting.charts import topics as topic_charts
from voclib.reporting.charts.topics import courses, packed, rises, stability_curve, topic_map
from voclib.results import Text

SHAPE = {"label": "name", "word": "word", "panel": "language", "x": "x", "y": "y", "size": "n", "tone": "tone", "theme": "theme", "share": "share",
         "stability": "stability", "is_stable": "is_stable"}
PANELS = {"zh": Text("中文", "Chinese"), "en": Text("英文", "English")}


def topics(k: int = 60, seed: int = 3) -> pd.DataFrame:
    """Topics of two languages, sizes from 10 to 1,500."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "name": [f"异响 · 底盘 · 第{i}" for i in range(k)], "word": ["异响" if i % 3 else "notification" for i in range(k)],
        "language": ["en" if i % 5 == 0 else "zh" for i in range(k)], "x": rng.normal(size=k), "y": rng.normal(size=k),
        "n": np.round(10 ** rng.uniform(1, 3.2, k)).astype(int), "tone": rng.choice(list(topic_charts.TONES), k),
        "theme": [Text("异响", "Noise") if i % 2 else Text("", "") for i in range(k)], "share": [Text("八成", "80%")] * k,
        "stability": [Text("0.80", "0.80")] * k, "is_stable": rng.random(k) < 0.8, "verbatim": "SECRET"})


def drawn(frame: pd.DataFrame | None = None, **more: object) -> object:
    return topic_map(topics() if frame is None else frame, **{**SHAPE, "panels": PANELS, **WORDS, **more})


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_bubbles_stay_apart_and_on_the_paper(seed: int, size: str) -> None:
    there = [r for r in rows(drawn(topics(90, seed)), "zh", size) if "area" in r]
    at, r = np.array([[b["px"], b["py"]] for b in there]), np.sqrt([b["area"] for b in there]) / 2
    width, height = topic_charts.NARROW_AREA if size == "narrow" else topic_charts.WIDE_AREA
    gap = np.linalg.norm(at[:, None] - at[None, :], axis=2) - r[:, None] - r[None, :]
    np.fill_diagonal(gap, 1)
    assert len(there) == 90 and gap.min() > -6 and (gap < -2).sum() <= 12
    assert (at - r[:, None]).min() >= -0.6 and (at[:, 0] + r).max() <= width + 0.6 and (at[:, 1] + r).max() <= height + 0.6


def test_area_is_the_number_of_voices() -> None:
    frame = topics(12).assign(n=[40 * (k + 1) for k in range(12)], language="zh")
    area = np.array([r["area"] for r in rows(drawn(frame), "en", "wide") if "area" in r])
    np.testing.assert_allclose(area / area[0], frame["n"] / frame["n"][0], rtol=2e-3)


def test_a_word_stands_in_a_bubble_that_has_the_room() -> None:
    for size in ("wide", "narrow"):
        for row in (r for r in rows(drawn(), "zh", size) if r.get("text") and "area" in r):
            assert len(row["text"]) * (13 if row["text"] == "异响" else 6.5) <= np.sqrt(row["area"])
    assert {"异响", ""} <= {r["text"] for r in rows(drawn(), "zh", "wide") if "area" in r}


def test_nothing_travels_unseen_and_both_languages_are_said() -> None:
    pair = drawn()
    assert "SECRET" not in json.dumps(pair.specs)
    assert {"中文", "英文", "负面多于全体", "空心：不稳定的话题"} <= set(said(pair, "zh", "narrow"))
    assert {"Chinese", "English", "Hollow: unstable topic", "Noise"} <= set(said(pair, "en", "wide"))
    alone = drawn(topics().assign(language="zh", is_stable=True))
    assert not {"中文", "空心：不稳定的话题"} & set(said(alone, "zh", "wide"))


def test_a_click_shows_a_theme() -> None:
    made = spec(drawn())
    params = made.get("params", []) + [p for layer in made["layer"] for p in layer.get("params", [])]
    assert any(p.get("select", {}).get("fields") == ["theme"] for p in params)


def test_every_colour_has_its_dark_twin() -> None:
    for pair in (drawn(), rises(days(), **DAYS, **WORDS), stability_curve(curve(), **CURVE, **WORDS), courses(months(), **MONTHS, **WORDS)):
        text = json.dumps({k: v for k, v in spec(pair).items() if k != "config"})
        assert {text[k:k + 7].lower() for k in range(len(text)) if text[k] == "#"} <= {c.lower() for c in theme.DARK}


@pytest.mark.parametrize(("frame", "more", "error", "message"), [
    (topics().head(0), {}, DataError, "no rows"), (topics(), {"size": "m"}, DataError, "no column 'm'"),
    (topics().assign(x=np.nan), {}, DataError, "'x' has no finite number in 60 row"), (topics().assign(n=0), {}, DataError, "60 row"),
    (topics().assign(tone="angry"), {}, DataError, "'angry'"), (topics().assign(language="fr"), {}, DataError, "'fr'"),
    (topics(), {"words": {"worst": Text("甲", "a")}}, ParameterError, "did you mean 'worse'"),
])
def test_wrong_input_of_the_map_is_named(frame: pd.DataFrame, more: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        drawn(frame, **more)


def test_circles_of_one_place_come_apart() -> None:
    at = packed(np.full((20, 2), 0.5), np.full(20, 10.0), width=300, height=200)
    gap = np.linalg.norm(at[:, None] - at[None, :], axis=2) + 99 * np.eye(20)
    assert gap.min() > 19 and (packed(np.full((20, 2), 0.5), np.full(20, 10.0), width=300, height=200) == at).all()


DAYS = {"theme": "k", "day": "day", "n": "n", "found": "found", "expected": "e", "labels": {0: Text("钥匙", "key"), 1: Text("雨刮", "wiper")}}
CURVE = {"groups": "k", "stability": "v", "low": "low", "high": "high", "chosen": "c", "series": "g", "labels": PANELS}
MONTHS = {"series": "g", "period": "m", "labels": PANELS}


def days() -> pd.DataFrame:
    every, n = pd.date_range("2026-08-01", periods=50).strftime("%Y-%m-%d"), np.r_[np.zeros(40), np.arange(10)]
    return pd.concat([pd.DataFrame({"k": k, "day": every, "n": n, "found": every[44], "e": 0.5, "verbatim": "SECRET"})
                      for k in range(2)], ignore_index=True)


def curve() -> pd.DataFrame:
    return pd.DataFrame([{"g": g, "k": k, "v": 0.5 + k / 300, "low": 0.4, "high": 0.8, "c": k == 60} for g in ("zh", "en") for k in (10, 30, 60)])


def months() -> pd.DataFrame:
    return pd.DataFrame([{"g": g, "m": f"2026-{m:02d}", "estimate": 0.05 + 0.01 * m * (g == "zh"), "conf_low": 0.04, "conf_high": 0.15,
                          "x": "SECRET"} for g in ("zh", "en") for m in range(1, 10)])


def test_the_day_a_theme_was_listed_is_marked_and_its_busiest_day_is_said() -> None:
    pair = rises(days(), **DAYS, **WORDS)
    assert "SECRET" not in json.dumps(pair.specs) and "最多一天 9" in said(pair, "zh", "narrow") and "as usual" in said(pair, "en", "wide")
    marks = [r for r in rows(pair, "en", "wide") if set(r) == {"at", "y"}]
    assert len(marks) == 2 and marks[0]["at"] == int(pd.Timestamp("2026-09-14").value // 10**6)
    assert "as usual" not in said(rises(days(), **{**DAYS, "expected": None}, **WORDS), "en", "wide")
    assert len({r["g"] for r in rows(rises(days(), **DAYS, **WORDS, most=1)) if "g" in r}) == 1


def test_strips_of_a_course_share_one_scale_from_zero() -> None:
    pair = courses(months(), **MONTHS, **WORDS)
    there = [r for r in rows(pair, "en", "wide") if "y_value" in r]
    height = {r["g"]: r["foot"] - r["y_value"] for r in there if r["at"] == max(r["at"] for r in there)}
    assert height["zh"] / height["en"] == pytest.approx(0.14 / 0.05, rel=1e-3) and "14% (4%–15%)" in said(pair, "en", "wide")
    assert "SECRET" not in json.dumps(pair.specs)


def test_the_chosen_granularity_is_ringed() -> None:
    pair = stability_curve(curve(), **CURVE, **WORDS)
    assert sum(r.get("chosen", False) for r in rows(pair, "zh", "wide") if "k" in r) >= 2 and "话题数" in said(pair, "zh", "wide")


@pytest.mark.parametrize(("build", "error", "message"), [
    (lambda: rises(days().assign(day="gone"), **DAYS, **WORDS), DataError, "no dates"),
    (lambda: rises(days(), **DAYS, **WORDS, most=0), ParameterError, "at least 1"),
    (lambda: rises(days().assign(n=np.nan), **DAYS, **WORDS), DataError, "'n' has no finite"),
    (lambda: stability_curve(curve().assign(low=0.9), **CURVE, **WORDS), DataError, "lies above"),
    (lambda: stability_curve(curve().assign(g=list("abcabc")), **CURVE, **WORDS), DataError, "3 series"),
    (lambda: courses(months().assign(m="then"), **MONTHS, **WORDS), DataError, "no dates"),
    (lambda: courses(months(), **{**MONTHS, "series": "h"}, **WORDS), DataError, "no column 'h'"),
])
def test_wrong_input_is_named(build: object, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        build()
