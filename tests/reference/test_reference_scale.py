"""Topics of real texts at scale: the granularity that resamples choose, and neighbours of more rows than are searched exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from voclib.text import alike, granularity, ngrams, writing
from voclib.text.engines import CpuEngine
from voclib.text.grouping import Settings


def voices(frame: pd.DataFrame, text: str, label: str) -> tuple[list[str], np.ndarray]:
    """Distinct normal forms and the label of the first text of each."""
    given = frame[text].tolist()
    forms, places, _ = writing.distinct(given)
    known = np.flatnonzero(places >= 0)
    _, first = np.unique(places[known], return_index=True)
    return forms, frame[label].to_numpy()[known[first]]


@pytest.fixture(scope="module")
def reviews(public_data: Path) -> pd.DataFrame:
    """Reviews of eight categories."""
    return pd.read_csv(public_data / "text_zh/online_shopping_8_cats.csv").dropna().assign(review=lambda f: f["review"].astype(str))


def test_english_questions_ask_for_finer_topics_than_chinese_reviews(reviews: pd.DataFrame, public_data: Path) -> None:
    """77 intents and 8 categories: no label is looked at before the topics stand."""
    chosen = {}
    bank = pd.read_csv(public_data / "text_en/banking77_train.csv")
    shop = reviews.groupby("cat").sample(1000, random_state=0)
    for language, frame, text, label in (("en", bank, "text", "category"), ("zh", shop, "review", "cat")):
        forms, labels = voices(frame, text, label)
        found = granularity.choose(ngrams.fit(forms, language=language).encode(forms), CpuEngine(), Settings())
        assert found.is_stable
        chosen[language] = found.value, adjusted_mutual_info_score(labels, found.labels)
    assert chosen["en"][0] > chosen["zh"][0]
    assert chosen["en"][1] >= 0.6 and chosen["zh"][1] >= 0.43, "where granularity 1 gets 0.59 and 0.44"


def test_neighbours_of_many_reviews_are_nearly_all_found(reviews: pd.DataFrame) -> None:
    pytest.importorskip("faiss")
    forms, _ = writing.distinct(reviews["review"].tolist()[::2])[:2]
    assert len(forms) > alike.EXACT
    encoder = ngrams.fit(forms[::5], language="zh", dims=100)
    x = encoder.encode(forms)
    x = x[x.any(axis=1)]
    indices, distances = CpuEngine().neighbours(x, 16)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    rows = np.random.default_rng(1).permutation(len(x))[:400]
    bar = np.sort(1 - unit[rows].astype(float) @ unit.T.astype(float), axis=1)[:, 15]
    assert (distances[rows, 1:] <= bar[:, None] + 1e-6).mean() >= 0.94, "0.95, and the error of a sample"
    assert (indices[:, 0] == np.arange(len(x))).all()
