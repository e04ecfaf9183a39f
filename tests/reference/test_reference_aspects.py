"""Aspects of public car reviews and of the labelled voices of a planted company; themes joined across languages in planted companies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import text_aspects
from voclib.simulate import company
from voclib.simulate.plan import Plan
from voclib.text import aspect_learning, aspects


@pytest.fixture(scope="module")
def book() -> aspects.Dictionary:
    return aspects.load(text_aspects.DICTIONARY)


def test_aspects_of_car_reviews_are_learned_better_than_looked_up(public_data: Path, book) -> None:
    texts, present, ids = text_aspects.car_reviews(public_data)
    dictionary, commonest = text_aspects.rivals(texts, present)
    model = aspect_learning.fit(texts, present, dictionary=book, groups=ids, folds=3, seed=0)
    assert model.macro_f1 >= text_aspects.F1_BAR and model.quality()["f1"].min() > 0.68
    assert model.macro_f1 > dictionary + 0.05 > commonest + 0.5
    chances, truth = model.probabilities.to_numpy().ravel(), present.to_numpy().ravel()
    parts = np.array_split(np.argsort(chances, kind="stable"), 10)
    assert np.mean([abs(chances[own].mean() - truth[own].mean()) for own in parts]) < 0.03, "a probability is a share of yes"


def test_the_dictionary_finds_what_people_labelled_in_a_planted_company(book) -> None:
    world = company.World(Plan(customers=4000, seed=11))
    voices = company.TABLES["responses"](world).dropna(subset=["comment"]).reset_index(drop=True)
    found = aspects.presence(aspects.mentions(voices["comment"].tolist(), book), book, n=len(voices)).set_index(voices["response_id"])
    labels = company.TABLES["gold_labels"](world).sort_values("labeller_id").drop_duplicates(["response_id", "topic"])
    truth = labels.pivot(index="response_id", columns="topic", values="is_present").astype(bool)
    said = found.loc[truth.index, truth.columns]
    hits = (truth & said).sum()
    assert hits.sum() / truth.sum().sum() > 0.8 and hits.sum() / said.sum().sum() > 0.8
    assert (hits / truth.sum()).min() > 0.6 and (hits / said.sum()).min() > 0.6


def test_topics_of_two_languages_are_joined_rightly() -> None:
    rows = pd.DataFrame(text_aspects.linked(seeds=(2, 5), customers=4000))
    assert rows["pairs"].sum() >= 20 and rows["right"].sum() / rows["pairs"].sum() >= text_aspects.PAIRS_BAR
    assert rows["naive_right"].sum() / rows["naive_pairs"].sum() < 0.4 and (rows["unlinked"] > 0).all()
