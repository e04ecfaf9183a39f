"""A saved topic model: the same answers after loading, no text in its files, and clear words for a folder that holds none."""

from __future__ import annotations

import json

import numpy as np
import pytest
from test_text_topics import RANGE, SCREEN, STAFF, WAITING, corpus

from voclib.errors import DataError
from voclib.text import keeping
from voclib.text.topics import fit_topics


@pytest.fixture(scope="module")
def model():
    return fit_topics(corpus(WAITING, RANGE, SCREEN, STAFF)[0], engine="cpu", granularity=0.5)


def test_what_is_loaded_answers_as_what_was_saved(model, tmp_path) -> None:
    again = keeping.load(keeping.save(model, tmp_path / "m"), engine="cpu")
    fresh = corpus(WAITING, STAFF, seed=9)[0]
    assert (again.labels == model.labels).all() and again.topics() == model.topics() and again.settings == model.settings
    assert (again.assign(fresh) == model.assign(fresh)).all()
    assert again.stability(resamples=2).equals(model.stability(resamples=2))


def test_no_text_stands_in_the_files(model, tmp_path) -> None:
    keeping.save(model, tmp_path)
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("utf-8", "ignore")
    assert not any(text in held for text in corpus(WAITING, RANGE, SCREEN, STAFF)[0] if len(text) > 10)
    for path in tmp_path.glob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype.kind in "fi" for name in arrays.files)


def test_a_function_of_ones_own_is_given_again(tmp_path) -> None:
    def vectors(forms):
        return [[len(f), f.count("e") + 1.0, f.count("a") + 0.5] for f in forms]

    texts = corpus(STAFF)[0]
    keeping.save(fit_topics(texts, engine="cpu", vectors=vectors, min_size=5), tmp_path)
    assert keeping.load(tmp_path, engine="cpu", vectors=vectors).assign(["a new text"]).shape == (1,)
    with pytest.raises(DataError, match="fit it with a function"):
        keeping.load(tmp_path, engine="cpu").assign(["a new text"])


def test_a_folder_without_a_model_or_with_a_broken_one_is_told(model, tmp_path) -> None:
    with pytest.raises(DataError, match=r"holds no model\.json"):
        keeping.load(tmp_path)
    keeping.save(model, tmp_path)
    (tmp_path / "zh.npz").write_bytes(b"not an archive")
    with pytest.raises(DataError, match="no model that can be read"):
        keeping.load(tmp_path)
    keeping.save(model, tmp_path)
    content = json.loads((tmp_path / "model.json").read_text("utf-8")) | {"format": 99}
    (tmp_path / "model.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(DataError, match="format 99"):
        keeping.load(tmp_path)
