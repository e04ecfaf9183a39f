"""The lexicon on sentences whose tone nobody doubts, in both languages, and on files that a team has edited wrongly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from voclib.errors import ParameterError
from voclib.text import lexicon, writing

GOOD = ("服务很好", "没有异响", "不是不好", "太贵但是服务好", "无可挑剔", "整体 OK，顾问很 nice", "👍", "❤️", ":)",
        "great service", "no noise at all", "not bad at all", "not only good but great", "I love this car!",
        "the wait was long but the staff were wonderful")
BAD = ("不好", "不是很满意", "服务不太好", "服务好但是太贵", "没有解决问题", "一拖再拖，没人理", "😡", "😮‍💨", "车机卡得不行",
       "not good", "I don't think it was helpful", "never happy here", "nice staff but the repair failed", "worst experience ever", ":(",
       "DISAPPOINTED!!!")
NEITHER = ("订的是白色", "你好，最好下周三", "出差路过，差不多三点", "would like to know the opening hours", "on Wednesday", "不得不去", "🤔")


def score(text: str) -> float:
    return float(np.nan_to_num(lexicon.load().scores([writing.normal(text)])[0]))


@pytest.mark.parametrize("text", GOOD)
def test_kind_words_score_above_zero(text) -> None:
    assert score(text) > 0


@pytest.mark.parametrize("text", BAD)
def test_complaints_score_below_zero(text) -> None:
    assert score(text) < 0


@pytest.mark.parametrize("text", NEITHER)
def test_words_that_only_look_polar_score_nothing(text) -> None:
    assert score(text) == 0


def test_degree_negation_and_turn_change_the_strength() -> None:
    assert score("非常满意") > score("满意") > score("有点满意") > 0
    assert score("very polite") > score("polite") > -score("not polite") > 0
    assert score("服务好但是太贵") < score("服务好，太贵") < score("太贵但是服务好")


def test_a_negation_ends_with_its_clause() -> None:
    assert score("没有，服务很好") > 0 > score("没有服务好")
    assert score("not today. great service") > 0


def test_chances_follow_the_score_and_add_up() -> None:
    book = lexicon.load()
    forms = [writing.normal(text) for text in (*BAD, *NEITHER, *GOOD)]
    chances, scores = book.probabilities(forms), book.scores(forms)
    assert np.allclose(chances.sum(axis=1), 1) and (chances > 0).all()
    order = np.argsort(scores[~np.isnan(scores)])
    assert (np.diff(chances[~np.isnan(scores), 2][order]) >= -1e-12).all()
    assert np.allclose(chances[np.isnan(scores)], lexicon.UNSAID)


def test_signs_speak_without_letters() -> None:
    book = lexicon.load()
    assert book.speaks("👍") and book.speaks(writing.normal("❤️")) and book.speaks("好")
    assert not book.speaks("123 。。。") and not book.speaks("") and not book.speaks("🧱")


@pytest.mark.parametrize(("content", "told"), [
    ("zh:\n  godo: [好]\n", "did you mean 'good'"), ("zh:\n  good: 好\n", "not a list of words"),
    ("zh:\n  good: [好]\n  bad: [好]\n", "is in zh.good and again"),
    ("zh: [好]\n", "holds no groups"), ("zh:\n  good: [1]\n", "quote signs and numbers"), ("zh:\n  good: ['']\n", "not a list of words")])
def test_an_edited_file_is_checked(tmp_path: Path, content, told) -> None:
    path = tmp_path / "words.yml"
    path.write_text(content, "utf-8")
    with pytest.raises(ParameterError, match=told):
        lexicon.load(path)


def test_a_team_may_add_words_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "words.yml"
    path.write_text("zh:\n  good: [绝绝子]\n  not: [不]\nen:\n  bad: [meltdown*]\n", "utf-8")
    own = lexicon.load(path)
    assert own.scores(["真是绝绝子"])[0] > 0 > own.scores(["two meltdowns"])[0] and np.isnan(own.scores(["满意"])[0])
