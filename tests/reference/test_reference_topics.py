"""Topics against labels that people gave: Chinese shopping reviews and English questions to a bank, with the default vectors and no weights."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from voclib.text import grouping
from voclib.text.engines import CpuEngine
from voclib.text.grouping import resampled
from voclib.text.topics import fit_topics


@pytest.fixture(scope="module")
def shopping(public_data: Path) -> tuple[list[str], np.ndarray]:
    """Eight categories of a thousand reviews."""
    frame = pd.read_csv(public_data / "text_zh/online_shopping_8_cats.csv").dropna()
    drawn = frame.groupby("cat").sample(1000, random_state=0)
    return drawn["review"].astype(str).tolist(), drawn["cat"].to_numpy()


@pytest.fixture(scope="module")
def chinese(shopping):
    texts, labels = shopping
    return texts, labels, fit_topics(texts, engine="cpu")


def test_chinese_topics_agree_with_categories(chinese) -> None:
    _, labels, model = chinese
    assert adjusted_mutual_info_score(labels, model.labels) >= 0.43
    assert (model.labels < 0).mean() < 0.01, "hardly a voice is without a topic"


def test_english_topics_agree_with_intents_without_any_weights(public_data: Path) -> None:
    frame = pd.read_csv(public_data / "text_en/banking77_train.csv")
    model = fit_topics(frame["text"].tolist(), engine="cpu")
    assert adjusted_mutual_info_score(frame["category"], model.labels) >= 0.54
    assert model.topics()[0].language == "en" and all(t.words for t in model.topics())


def test_resamples_of_the_same_vectors_agree(chinese) -> None:
    _, _, model = chinese
    part, found = model.parts[0], []
    for draw in range(3):
        taken = resampled(len(part.ids), 0.8, seed=0, draw=draw)
        labels = np.full(len(part.ids), -2)
        labels[taken] = grouping.group(part.vectors[taken], CpuEngine(), model.settings)
        found.append(labels)
    agreed = [adjusted_rand_score(a[both], b[both]) for a, b in combinations(found, 2) for both in [(a > -2) & (b > -2)]]
    assert np.mean(agreed) >= 0.63


def test_frozen_topics_take_new_texts(chinese) -> None:
    texts, labels, model = chinese
    half = fit_topics(texts[::2], engine="cpu")
    fresh = half.assign(texts[1::2])
    assert adjusted_mutual_info_score(labels[1::2], fresh) >= 0.38 and (fresh < 0).mean() < 0.1
