"""A saved topic model: the same answers after loading, no text in its files, and clear words for a folder that holds none."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from test_text_topics import RANGE, SCREEN, STAFF, WAITING, corpus

from voclib.errors import DataError
from voclib.text import keeping
from voclib.text.engines import CpuEngine
from voclib.text.grouping import Settings
from voclib.text.topics import fit_topics


@pytest.fixture(scope="module")
def model():
    return fit_topics(corpus(WAITING, RANGE, SCREEN, STAFF)[0], engine="cpu", granularity=0.5)


def test_what_is_loaded_answers_as_what_was_saved(model, tmp_path) -> None:
    again = keeping.load(keeping.save(model, tmp_path / "m"), engine="cpu")
    fresh = corpus(WAITING, STAFF, seed=9)[0]
    for part, saved in zip(again.parts, model.parts, strict=True):
        assert part.ids == saved.ids and all((getattr(part, a) == getattr(saved, a)).all() for a in ("vectors", "labels", "centres", "reach"))
    assert (again.labels == model.labels).all() and again.topics() == model.topics() and again.settings == model.settings
    assert (again.assign(fresh) == model.assign(fresh)).all()
    assert again.stability(resamples=2).equals(model.stability(resamples=2))


def test_no_text_stands_in_the_files(model, tmp_path) -> None:
    keeping.save(model, tmp_path)
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("utf-8", "ignore")
    assert not any(text in held for text in corpus(WAITING, RANGE, SCREEN, STAFF)[0] if len(text) > 10)
    kinds = {path.name: np.load(path, allow_pickle=False).dtype.kind for path in tmp_path.glob("*.npy")}
    assert set(kinds.values()) == set("fiu") and len(kinds) == 19, "numbers alone"


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
    for torn in (b"no array", b"", (tmp_path / "zh.vectors.npy").read_bytes()[:-5], (tmp_path / "zh.reach.npy").read_bytes()):
        (tmp_path / "zh.vectors.npy").write_bytes(torn)
        with pytest.raises(DataError, match="no model that can be read"):
            keeping.load(tmp_path)
    keeping.save(model, tmp_path)
    np.save(tmp_path / "zh.labels.npy", np.zeros(3, dtype=np.intp))
    with pytest.raises(DataError, match="the arrays of zh do not belong together"):
        keeping.load(tmp_path)
    for torn in ("", "{", "[]", "null", '{"format": 3}'):
        (tmp_path / "model.json").write_text(torn, "utf-8")
        with pytest.raises(DataError, match="no model that can be read"):
            keeping.load(tmp_path)
    keeping.save(model, tmp_path)
    content = json.loads((tmp_path / "model.json").read_text("utf-8")) | {"format": 99}
    (tmp_path / "model.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(DataError, match="format 99"):
        keeping.load(tmp_path)


class Lengths:
    """Vectors of a text's length and letters, by name."""

    fingerprint = "lengths, first"

    def __call__(self, forms):
        return [[len(f), f.count("e") + 1.0, f.count("a") + 0.5] for f in forms]


def test_a_function_that_names_itself_is_not_taken_for_another(tmp_path) -> None:
    keeping.save(fit_topics(corpus(STAFF)[0], engine="cpu", vectors=Lengths(), min_size=5), tmp_path)
    assert keeping.load(tmp_path, vectors=Lengths()).assign(["a new text"]).shape == (1,)
    other = Lengths()
    other.fingerprint = "lengths, second"
    with pytest.raises(DataError, match="fitted with the vectors of lengths, first, not of lengths, second"):
        keeping.load(tmp_path, vectors=other)


def test_half_a_sign_joins_no_words_and_reaches_no_file(tmp_path) -> None:
    model = fit_topics([f"{text} \ud800\ud801" for text in corpus(WAITING, STAFF)[0]], engine="cpu")
    kept = keeping.load(keeping.save(model, tmp_path), engine="cpu").parts[0].encoder.signs
    known = model.parts[0].encoder.signs
    assert kept.alphabet == known.alphabet and not any("\ud800" <= sign <= "\udfff" for sign in known.alphabet)
    assert [kept.run(k) for k in range(50)] == [known.run(k) for k in range(50)]


class TestCache:
    TEXTS = corpus(WAITING, RANGE, SCREEN, STAFF)[0]

    def test_a_key_changes_with_whatever_the_model_hangs_on(self, model, monkeypatch: pytest.MonkeyPatch) -> None:
        def key(texts=self.TEXTS, *, vectors=None, **options):
            return keeping.key(texts, Settings(**options), CpuEngine(), vectors=vectors)

        table, first = np.ones((len(self.TEXTS), 2)), ["ab", "c", None, ""]
        keys = [key(), key(self.TEXTS[::-1]), key(self.TEXTS[1:]), key(granularity=2), key(seed=1), key(ties="shared"), key(vectors=Lengths()),
                key(vectors=table), key(vectors=2 * table), key(first), key(["a", "bc", None, ""]), key(["ab", "c", "", None]), key([])]
        assert len(set(keys)) == len(keys) and key() == keys[0] and key(["ab", "c", float("nan"), ""]) == key(first)
        assert key(vectors=lambda forms: forms) is None, "nobody can tell what it computes"
        monkeypatch.setattr(keeping, "_code", lambda: ["another version"])
        assert key() != keys[0]

    def test_what_is_remembered_answers_as_what_was_fitted(self, model, tmp_path) -> None:
        known = keeping.key(self.TEXTS, model.settings, model.engine)
        assert keeping.remembered(known, tmp_path, engine=model.engine) is None
        keeping.remember(known, model, tmp_path)
        again = keeping.remembered(known, tmp_path, engine=model.engine)
        assert (again.labels == model.labels).all() and again.topics() == model.topics()
        assert (again.assign(["等太久了吧"]) == model.assign(["等太久了吧"])).all()
        keeping.remember(None, model, tmp_path)
        assert keeping.remembered(None, tmp_path, engine=model.engine) is None
        assert [path.name for path in tmp_path.iterdir()] == [known], "nothing half written is left"

    def test_what_is_torn_is_forgotten_and_written_over(self, model, tmp_path) -> None:
        keeping.remember("k", model, tmp_path)
        (tmp_path / "k" / "zh.vectors.npy").write_bytes(b"torn")
        assert keeping.remembered("k", tmp_path, engine=model.engine) is None
        keeping.remember("k", model, tmp_path)
        assert (keeping.remembered("k", tmp_path, engine=model.engine).labels == model.labels).all()

    def test_many_at_once_leave_one_whole_model(self, model, tmp_path) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: keeping.remember("k", model, tmp_path), range(12)))
        assert (keeping.remembered("k", tmp_path, engine=model.engine).labels == model.labels).all()
        assert [path.name for path in tmp_path.iterdir()] == ["k"]
