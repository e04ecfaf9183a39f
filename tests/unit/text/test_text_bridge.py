"""`model.bertopic`: the same labels under the same numbers, and BERTopic's tools going on from them, in both languages at once."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, VocError
from voclib.simulate import verbatims
from voclib.text import bridge, writing
from voclib.text.topics import UNCLEAR, TopicModel, fit_topics

HOSTILE = [None, "", "😀😀", "好", "x", "长" * 50_000, "\u200b\u200d", "</script><script>alert(1)</script>", "(((a+)+)+$ [^\\]] \\1",
           "the 车机 froze"]


def voices(n: int, seed: int) -> list[str]:
    """Verbatims of five planted topics, half of them in English."""
    rng = np.random.default_rng(seed)
    drawn = {"topic": rng.integers(4, 9, n), "second": np.full(n, -1), "tone": rng.integers(0, 3, n), "language": np.arange(n) % 2}
    return verbatims.write(rng, **drawn).tolist()


@pytest.fixture(scope="module")
def fitted() -> tuple[list[str | None], TopicModel]:
    """Small voices beginning with the rarer topic, doubles among them, hostile ones at the end."""
    texts = [*voices(700, 1), *voices(60, 1), *HOSTILE]
    return texts, fit_topics(texts, engine="cpu", granularity=0.5)


@pytest.fixture(scope="module")
def bertopic(fitted):
    """Imported once: it takes seconds."""
    pytest.importorskip("bertopic", reason="bertopic is not installed: pip install 'voclib[topics]'")
    texts, model = fitted
    return bridge.bertopic(model, texts)


@pytest.fixture
def documents(fitted) -> list[str]:
    """As BERTopic wants them."""
    return [text or "" for text in fitted[0]]


def test_labels_and_their_numbers_are_the_models(fitted, bertopic) -> None:
    _, model = fitted
    assert len(model.parts) == 2 and (model.labels == UNCLEAR).any() and len(model.topics()) >= 6
    assert bertopic.topics_ == model.labels.tolist() and type(bertopic).__name__ == "BERTopic"
    voiced = [topic.voices for topic in model.topics()]
    assert voiced != sorted(voiced, reverse=True), "by size BERTopic would number these anew"
    info = bertopic.get_topic_info().set_index("Topic")
    assert info["Count"].to_dict() == model.tidy().set_index("topic")["voices"].to_dict()


def test_words_are_of_the_topics_language(fitted, bertopic) -> None:
    _, model = fitted
    for topic in model.topics():
        said = [word for word, _ in bertopic.get_topic(topic.number)]
        assert {writing.language(word) for word in said[:5]} == {topic.language}
        assert {word for word, _ in topic.words[:3]} & set(said), "some telling word is told by both"
        assert all(writing.language(writing.normal(text)) == topic.language for text in bertopic.get_representative_docs(topic.number))


def test_joined_texts_are_split_like_single_ones() -> None:
    texts = [*voices(400, 5), "Ｌｏｕｄ　Noise〔电话〕", "〔身份证〕 异响"]
    assert len(" ".join(texts)) > 4 * writing.LONGEST
    apart = [word for text in texts for word in bridge.words(text)]
    joined = bridge.words(" ".join(texts))
    assert sorted(joined) == sorted(apart)
    assert {"loud", "noise", "异响"} <= set(joined) and not {"Loud", "the", "and", "身份证"} & set(joined)
    assert bridge.words("字" * 50_000) and bridge.words("") == []


def test_transform_says_what_assign_says(fitted, bertopic) -> None:
    texts, model = fitted
    fresh = [*voices(200, 9), *texts[:100], *(f"{text}😡" for text in texts[:50]), *HOSTILE[1:], "entirely unrelated quantum chromodynamics"]
    labels, _ = bertopic.transform([text or "" for text in fresh])
    assert labels == model.assign(fresh).tolist() and {UNCLEAR, *range(4)} < set(labels)
    assert bertopic.transform([texts[0]])[0] == [model.labels[0]]


def test_vectors_alone_go_to_the_nearest_centre(fitted, bertopic) -> None:
    _, model = fitted
    zh, en = model.parts
    table = np.zeros((4, zh.vectors.shape[1] + en.vectors.shape[1]), dtype=np.float32)
    table[0, : zh.vectors.shape[1]], table[1, zh.vectors.shape[1]:] = zh.centres[1], en.centres[0]
    table[2, : zh.vectors.shape[1]] = -zh.centres[1]
    assert bertopic.transform([""] * 4, table)[0] == [1, en.topics[0].number, UNCLEAR, UNCLEAR]
    again = bridge.Topics(model.parts).fit(table)
    assert again.labels_.tolist() == [1, en.topics[0].number, UNCLEAR, UNCLEAR]


class Flat:
    """In the place of UMAP, for which numba would compile half a minute."""

    def __init__(self, **given: object) -> None:
        assert given["n_components"] == 2

    def fit_transform(self, vectors: np.ndarray) -> np.ndarray:
        return np.asarray(vectors)[:, :2]


@pytest.mark.parametrize("draw", ["visualize_topics", "visualize_barchart", "visualize_hierarchy", "visualize_heatmap"])
def test_pictures(fitted, bertopic, draw, monkeypatch) -> None:
    monkeypatch.setattr("bertopic.plotting._topics.UMAP", Flat)
    shown = getattr(bertopic, draw)().to_json()
    assert len(shown) > 1000 and str(fitted[1].topics()[0].number) in shown


def test_documents_are_drawn(bertopic, documents) -> None:
    at = np.arange(2.0 * len(documents)).reshape(-1, 2)
    names = {trace.name for trace in bertopic.visualize_documents(documents, reduced_embeddings=at).data}
    assert any(name and name.startswith("0_") for name in names)
    embedded = bertopic._extract_embeddings(documents, method="document")
    assert embedded.shape == (len(documents), sum(part.vectors.shape[1] for part in bertopic.hdbscan_model.parts))


def test_over_time(fitted, bertopic, documents) -> None:
    months = pd.date_range("2026-01-01", periods=3, freq="MS").take(np.arange(len(documents)) % 3)
    found = bertopic.topics_over_time(documents, months.to_list())
    counted = found.groupby("Topic")["Frequency"].sum()
    assert counted.to_dict() == fitted[1].tidy().set_index("topic")["voices"].to_dict()
    assert bertopic.visualize_topics_over_time(found).data


def test_reduced_topics_are_unions_within_a_language(fitted, documents, bertopic) -> None:
    texts, model = fitted
    again = bridge.bertopic(model, texts)
    again.reduce_topics(documents, nr_topics=5)
    pairs = pd.DataFrame({"before": model.labels, "after": again.topics_}).drop_duplicates()
    assert pairs["before"].is_unique and pairs["after"].nunique() == 5
    spoken = {topic.number: topic.language for topic in model.topics()}
    kept = pairs[pairs["before"] >= 0]
    assert kept["before"].map(spoken).groupby(kept["after"]).nunique().eq(1).all()
    labels, _ = again.transform(documents)
    assert labels == again.topics_
    assert bertopic.topics_ == model.labels.tolist(), "the first is as it was"


def test_vectors_of_the_users_own(bertopic) -> None:
    texts = voices(400, 3)[1::2]
    own = np.random.default_rng(0).standard_normal((len(texts), 8))
    own[:100, 0] += 6
    own[100:, 1] += 6
    model = fit_topics(texts, vectors=own, engine="cpu", granularity=0.3)
    made = bridge.bertopic(model, texts)
    assert made.topics_ == model.labels.tolist() == made.transform(texts)[0]
    with pytest.raises(DataError, match="cannot make those of 1 new texts"):
        made.transform(["a text that was never seen"])


def test_no_topic_at_all(bertopic) -> None:
    texts = voices(120, 4)[1::2]
    model = fit_topics(texts, vectors=np.zeros((len(texts), 5)), engine="cpu")
    made = bridge.bertopic(model, texts)
    assert set(made.topics_) == {UNCLEAR} and len(made.get_topic_info()) == 1


class TestRefusals:
    def test_other_texts(self, fitted, bertopic) -> None:
        texts, model = fitted
        with pytest.raises(DataError, match="769 texts for 770 labels"):
            bridge.bertopic(model, texts[:-1])
        with pytest.raises(DataError, match="not in their order"):
            bridge.bertopic(model, texts[::-1])

    def test_texts_without_words(self, bertopic) -> None:
        texts = [f"{one} {other}" for one in "abcdefgh" for other in "ijklmnopqrstu"]
        model = fit_topics(texts, vectors=np.eye(len(texts), 5) + 1, engine="cpu")
        with pytest.raises(DataError, match="no word of two letters in 104 texts"):
            bridge.bertopic(model, texts)

    def test_without_the_package(self, fitted, monkeypatch) -> None:
        monkeypatch.setattr(bridge, "find_spec", lambda name: None)
        with pytest.raises(VocError, match=r"pip install 'voclib\[topics\]'"):
            bridge.bertopic(fitted[1], fitted[0])


def test_a_default_fit_imports_none_of_the_heavy_packages() -> None:
    program = ("import sys; from voclib.text.topics import fit_topics; from voclib.text import bridge;"
               "themes = ('range falls', 'screen freezes', 'seat creaks', 'price is high');"
               "texts = [f'{themes[k % 4]} in week {k} of {k % 7} at my dealer' for k in range(200)];"
               "model = fit_topics(texts); model.assign(['the screen freezes again']);"
               "heavy = {'bertopic', 'torch', 'numba', 'umap', 'hdbscan', 'sentence_transformers', 'plotly'} & set(sys.modules);"
               "assert len(model.topics()) >= 2 and not heavy, heavy")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 0, done.stderr[-2000:]
