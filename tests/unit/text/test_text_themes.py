"""Topics of two languages joined by a dictionary: planted pairs are found, lone topics are listed, and two languages in one space are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from voclib.errors import DataError
from voclib.text import aspects, themes, writing
from voclib.text.topics import TopicModel, fit_topics

SAID = {
    "wait": (("等太久了", "排队排到中午", "等了三个小时"), ("waited for hours", "a queue all morning", "kept waiting again")),
    "range": (("续航掉得快", "续航缩水一半", "冬天续航不够"),
              ("the range is poor", "range halves in winter", "range far below the claim")),
    "lounge": (("休息区很干净", "休息区咖啡好喝", "休息区沙发舒服"), ()),
    "price": ((), ("the price rose again", "price cut after I bought", "a price nobody can follow")),
    "odd": (("紫色气球飘在天上", "气球飞走一大串", "紫色气球和彩带"),
            ("purple balloons in the sky", "a string of balloons flew", "balloons and ribbons")),
}
AROUND = ("", "这次", "真的", "上周"), ("", "this time ", "really ", "last week ")
BOOK = """
entries:
  - {id: wait, name: {zh: 等待, en: Waiting}, kind: aspect, terms: {zh: [等, 排队], en: [wait, queue]}}
  - {id: range, name: {zh: 续航, en: Range}, kind: aspect, terms: {zh: [续航], en: [range]}}
  - {id: lounge, name: {zh: 休息区, en: Lounge}, kind: aspect, terms: {zh: [休息区], en: [lounge]}}
  - {id: price, name: {zh: 价格, en: Price}, kind: aspect, terms: {zh: [价格], en: [price]}}
  - {id: e5, name: {zh: E5, en: E5}, kind: model, terms: {zh: [E5]}}
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> aspects.Dictionary:
    path = tmp_path_factory.mktemp("themes") / "aspects.yml"
    path.write_text(BOOK, encoding="utf-8")
    return aspects.load(path)


@pytest.fixture(scope="module")
def company() -> tuple[list[str], list[str], TopicModel]:
    """Texts of five planted themes, three of them in both languages, the theme of each, and the topics found."""
    rng, texts, planted = np.random.default_rng(0), [], []
    for theme, sides in SAID.items():
        for side, said in enumerate(sides):
            for k in range(48 if said else 0):
                before, what = AROUND[side][rng.integers(4)], said[rng.integers(3)]
                texts.append(f"{before}{what}，编号{k}" if not side else f"{before}{what}, number {k}")
                planted.append(theme)
    return texts, planted, fit_topics(texts, engine="cpu", granularity=0.5)


@pytest.fixture(scope="module")
def joined(company, book) -> themes.Themes:
    return themes.join(company[2], book, forms=company[0])


def truth(company) -> dict[int, str]:
    """The planted theme of most texts of each topic."""
    texts, planted, model = company
    return pd.Series(planted).groupby(model.labels).agg(lambda own: own.mode()[0]).to_dict()


def test_planted_pairs_are_joined_and_joining_by_rank_is_not_enough(company, joined) -> None:
    most = truth(company)
    assert set(joined.pairs["theme"]) == {"wait", "range"}
    assert all(most[a] == most[b] == theme for theme, a, b in joined.pairs.itertuples(index=False))
    sides = [[t.number for t in company[2].topics() if t.language == language] for language in writing.LANGUAGES]
    assert np.mean([most[a] == most[b] for a, b in zip(*sides, strict=False)]) < 0.8


def test_a_topic_alone_in_its_language_and_one_without_a_theme_are_listed(company, joined) -> None:
    most = truth(company)
    assert {most[topic] for topic in joined.unlinked["topic"]} == {"lounge", "price", "odd"}
    assert set(joined.table["topic"]) == set(joined.unlinked["topic"]) | set(joined.pairs["zh"]) | set(joined.pairs["en"])
    assert {most[t] for t in joined.table.loc[joined.table["theme"] == "", "topic"]} == {"odd"}
    zh, en = joined.summary("zh"), joined.summary("en")
    assert f"{len(joined.unlinked)} 个" in zh and f"{len(joined.unlinked)} stand" in en and "2 themes" in en


def test_forms_in_any_order_or_by_language_give_the_same(company, joined, book) -> None:
    texts, _, model = company
    by_language = {part.language: [writing.normal(t) for t in texts if writing.language(writing.normal(t)) == part.language] for part in model.parts}
    for forms in (texts[::-1], by_language):
        pd.testing.assert_frame_equal(themes.join(model, book, forms=forms).table, joined.table)
    with pytest.raises(DataError, match="1 of .* are not among the forms"):
        themes.join(model, book, forms=[t for t in texts if t != texts[0]])


def test_two_languages_in_one_space_are_refused(company, book) -> None:
    texts, _, _ = company
    x = np.random.default_rng(0).normal(size=(len(texts), 8))
    x[:, 0] += np.where([t.isascii() for t in texts], 6, -6)
    with pytest.raises(DataError, match="written in another language"):
        themes.join(fit_topics(texts, engine="cpu", vectors=x), book, forms=texts)


def test_a_dictionary_without_aspects_is_refused(company) -> None:
    with pytest.raises(DataError, match="no aspect to join"):
        themes.join(company[2], aspects.Dictionary(()), forms=company[0])


def test_chance_is_fishers_and_adjusted_by_holm() -> None:
    hits, texts, spoken, n = np.array([[7, 1], [2, 6]]), np.array([10, 12]), np.array([12, 9]), 40
    found = themes._by_chance(hits, texts, spoken, n)
    for t in range(2):
        for a in range(2):
            table = [[hits[t, a], texts[t] - hits[t, a]], [spoken[a] - hits[t, a], n - texts[t] - spoken[a] + hits[t, a]]]
            assert found[t, a] == pytest.approx(fisher_exact(table, alternative="greater").pvalue)
    assert themes._adjusted(np.array([[0.01, 0.04], [0.03, 0.005]])).tolist() == [[0.03, 0.06], [0.06, 0.02]]
