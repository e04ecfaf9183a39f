"""Sentiment of small planted corpora: learned without leaks, the same in any order, and by the lexicon where scores are too few."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from statsmodels.stats.proportion import proportion_confint

from voclib.errors import DataError, ParameterError
from voclib.text import calibration, runs, sentiment, writing
from voclib.text.sentiment import CLASSES

# Words without any tone of their own: a lexicon cannot read them, scores can teach them.
TOLD = {"zh": (("蓝鲸", "铜锣", "石阶"), ("纸船", "陶罐", "竹篮"), ("松针", "麦田", "云杉")),
        "en": (("walrus", "copper", "stairs"), ("paper", "pottery", "basket"), ("pine", "meadow", "spruce"))}
FILLER = {"zh": ("上周", "门店", "这次", "车子", "电话", "周三", "顾问", "前台"),
          "en": ("monday", "dealer", "again", "vehicle", "call", "desk", "visit", "floor")}
HOSTILE = [None, "", "   ", "\u200b\u200d", "好", "x", "😀😀", "😡", "12345", "</script><script>alert(1)</script>", "((((([a-z]+)+)+)+$",
           "= cmd|'/C calc'!A0", "很好 but слишком медленно そして遅い", "好" * 50_000, "a" * 50_000, "!" * 50_000, "'" * 50_000, "@a" * 25_000,
           "a’" * 25_000, "不" * 50_000, "\ud800 broken 好"]


def corpus(n: int, *, seed: int = 0, language: str = "zh", noise: float = 0.0) -> tuple[list[str], np.ndarray]:
    """`n` texts of filler with one planted word of their class, and the labels, a share of them replaced by lot."""
    rng = np.random.default_rng(seed)
    tone, joint = rng.integers(0, 3, n), "" if language == "zh" else " "
    texts = [joint.join([*rng.choice(FILLER[language], 4), str(rng.choice(TOLD[language][t])), *rng.choice(FILLER[language], 3)]) for t in tone]
    labels = np.array(CLASSES, dtype=object)[np.where(rng.random(n) < noise, rng.integers(0, 3, n), tone)]
    return texts, labels


@pytest.fixture(scope="module")
def both() -> tuple[list[str], np.ndarray, sentiment.SentimentModel]:
    zh, en = corpus(500, noise=0.15), corpus(400, language="en", seed=1, noise=0.15)
    texts, labels = zh[0] + en[0] + ["😀", "123"], np.concatenate([zh[1], en[1], [None, None]])
    labels[::7] = None
    return texts, labels, sentiment.fit(texts, labels, seed=0)


class TestLearning:
    def test_learns_words_that_no_lexicon_knows(self, both) -> None:
        _, _, model = both
        found = model.quality().set_index("language")
        assert (found["accuracy"] > 0.8).all() and (found["lexicon_accuracy"] < 0.5).all() and (found["majority_accuracy"] < 0.5).all()
        assert (found["conf_low"] < found["accuracy"]).all() and (found["accuracy"] < found["conf_high"]).all()
        assert model.languages == {"zh": "learned", "en": "learned"} and model.reasons == {}

    def test_says_which_words_tell(self, both) -> None:
        _, _, model = both
        for language in ("zh", "en"):
            told = model.words(language, 6)
            for k, name in enumerate(CLASSES):
                assert set(TOLD[language][k]) <= {word for run in told[name] for word in run.split(" ")} | set(told[name]), (language, name)
        with pytest.raises(ParameterError, match="'fr' was learned; known: en, zh"):
            model.words("fr")

    def test_a_rare_word_is_never_shown(self) -> None:
        texts, labels = corpus(400, language="en")
        texts = [f"{text} kevinsmith" if k < 9 else text for k, text in enumerate(texts)]
        labels[:9] = "negative"
        shown = sentiment.fit(texts, labels).words("en", 40)
        assert not any("kevinsmith" in word for words in shown.values() for word in words)

    def test_rows_without_a_label_are_read_too(self, both) -> None:
        texts, labels, model = both
        bare = np.array([label is None for label in labels])
        assert all(label in CLASSES for label in model.cross_fitted.label[bare][:-1]) and model.cross_fitted.label[-1] is None
        assert model.cross_fitted.source[-2:].tolist() == ["lexicon", "none"] and np.isnan(model.cross_fitted.probabilities[-1]).all()
        fresh = model.read([text for text, own in zip(texts, bare, strict=True) if own])
        assert np.array_equal(fresh.probabilities, model.cross_fitted.probabilities[bare], equal_nan=True)

    def test_a_class_without_a_label_has_no_chance(self) -> None:
        texts, labels = corpus(600)
        two = labels != "neutral"
        model = sentiment.fit([t for t, own in zip(texts, two, strict=True) if own], labels[two])
        assert (model.cross_fitted.probabilities[:, 1] == 0).all() and model.quality()["accuracy"][0] > 0.9


class TestNothingLeaks:
    def test_labels_by_lot_are_not_learned(self) -> None:
        texts, _ = corpus(600)
        labels = np.array(CLASSES, dtype=object)[np.random.default_rng(5).integers(0, 3, 600)]
        model = sentiment.fit(texts, labels)
        part = model.parts["zh"]
        decided = part.encoder.table([writing.normal(text) for text in texts]) @ part.machine.slopes.T + part.machine.intercepts
        assert (np.array(CLASSES)[decided.argmax(axis=1)] == labels).mean() > 0.6, "the naive check, on the texts learned from, is fooled"
        found = model.quality().iloc[0]
        assert found["accuracy"] < found["majority_accuracy"] + 0.03 and found["calibration_error"] < 0.09

    def test_a_customer_is_not_learned_from_himself(self) -> None:
        rng = np.random.default_rng(2)
        owner = np.repeat(np.arange(150), 4)
        texts = [f"{' '.join(rng.choice(FILLER['en'], 5))} regards customer{own:03d}{'abcdefghij'[own % 10]}" for own in owner]
        labels = np.array(CLASSES, dtype=object)[rng.integers(0, 3, 150)[owner]]
        alone, tied = (sentiment.fit(texts, labels, groups=groups).quality()["accuracy"][0] for groups in (None, owner))
        assert alone > 0.7 and tied < 0.45

    def test_folds_part_no_group_and_no_wording(self) -> None:
        rng = np.random.default_rng(0)
        forms = [f"text {k}" for k in rng.integers(0, 300, 500)]
        owners = rng.integers(0, 400, 500)
        side = sentiment._folds(forms, owners, 5, 0)
        assert pd.Series(side).groupby(forms).nunique().max() == 1 and pd.Series(side).groupby(owners).nunique().max() == 1
        alone = sentiment._folds([f"text {k}" for k in range(500)], None, 5, 0)
        assert np.bincount(alone).tolist() == [100] * 5
        assert (sentiment._folds([f"text {k}" for k in range(500)], None, 5, 1) != alone).mean() > 0.5, "another seed, other folds"


class TestSameAnswer:
    def test_whatever_the_order_of_rows(self, both) -> None:
        texts, labels, model = both
        order = np.random.default_rng(3).permutation(len(texts))
        again = sentiment.fit([texts[k] for k in order], labels[order], seed=0)
        assert again.cross_fitted.probabilities.tobytes() == model.cross_fitted.probabilities[order].tobytes()
        assert again.quality().equals(model.quality()) and again.words("zh", 20) == model.words("zh", 20)

    def test_whatever_the_company(self, both) -> None:
        texts, _, model = both
        together = model.read(texts)
        for k in (0, 13, 450, 700):
            assert np.array_equal(model.read([texts[k]]).probabilities[0], together.probabilities[k])

    def test_of_equal_normal_forms(self, both) -> None:
        texts, labels, model = both
        twice = sentiment.fit([*texts, *(f" {text}\u200b" for text in texts)], np.concatenate([labels, labels[::-1]]))
        seen = twice.cross_fitted.probabilities
        told = np.array([a is not None and b is not None for a, b in zip(labels, labels[::-1], strict=True)])
        assert np.array_equal(seen[: len(texts)][told], seen[len(texts):][told])
        assert np.array_equal(model.read(["ＷＡＬＲＵＳ  call"]).probabilities, model.read(["walrus call"]).probabilities)


class TestTooFew:
    @pytest.mark.parametrize(("n", "told"), [(150, "150 voices carry a score, fewer than 200"), (400, "fewer than 20 voices (negative 9, neutral")])
    def test_the_lexicon_reads_and_it_is_said(self, n, told) -> None:
        texts, labels = corpus(n)
        if n > 200:
            labels[np.flatnonzero(labels == "negative")[9:]] = None
        model = sentiment.fit([*texts, "服务很好", "太差了"], np.append(labels, [None, None]))
        assert model.languages == {"zh": "lexicon"} and told in model.reasons["zh"].en and str(n if n < 200 else 20) in model.reasons["zh"].zh
        assert model.cross_fitted.label[-2:].tolist() == ["positive", "negative"] and set(model.cross_fitted.source) == {"lexicon"}

    def test_one_customer_who_wrote_everything(self) -> None:
        texts, labels = corpus(400)
        model = sentiment.fit(texts, labels, groups=np.zeros(400))
        assert model.languages == {"zh": "lexicon"} and "parted into folds" in model.reasons["zh"].en

    def test_no_texts_at_all(self) -> None:
        model = sentiment.fit([], [])
        assert len(model.cross_fitted) == 0 and model.quality().empty and len(sentiment.read([])) == 0

    def test_without_a_model_the_lexicon_reads(self) -> None:
        found = sentiment.read(["great service", "服务太差了", None, "🧱"])
        assert found.label.tolist() == ["positive", "negative", None, None] and found.source.tolist() == ["lexicon", "lexicon", "none", "none"]


class TestHostile:
    def test_any_text_gets_a_result(self, both) -> None:
        _, _, model = both
        for found in (model.read(HOSTILE), sentiment.read(HOSTILE), sentiment.read(HOSTILE, model=model, languages=["zh"] * len(HOSTILE))):
            assert len(found) == len(HOSTILE)
            for text, chances, label, source in zip(HOSTILE, found.probabilities, found.label, found.source, strict=True):
                assert (label is None) == (source == "none") == bool(np.isnan(chances).any()), text
                assert label is None or abs(chances.sum() - 1) < 1e-3

    def test_a_fit_survives_them(self) -> None:
        texts, labels = corpus(300)
        model = sentiment.fit([*texts, *HOSTILE], np.concatenate([labels, ["negative"] * len(HOSTILE)]))
        assert model.languages["zh"] == "learned" and model.cross_fitted.label[300] is None

    @pytest.mark.parametrize(("options", "error", "told"), [
        ({"labels": ["positive", "postive"]}, ParameterError, "did you mean 'positive'"),
        ({"labels": ["positive"]}, DataError, "1 labels for 2 texts"),
        ({"labels": [None, None], "groups": [1]}, DataError, "1 groups for 2 texts"),
        ({"labels": [None] * 2, "languages": ["zh"] * 3}, DataError, "3 languages"),
        ({"labels": [None, None], "folds": 1}, ParameterError, "at least 2")])
    def test_errors_name_what_is_wrong_and_no_text(self, options, error, told) -> None:
        with pytest.raises(error, match=told) as caught:
            sentiment.fit(["a secret of mine", "b"], **options)
        assert "secret" not in str(caught.value)

    def test_quality_wants_a_value_a_text(self, both) -> None:
        with pytest.raises(DataError, match="by has 2 values"):
            both[2].quality(by=[1, 2])


def test_quality_by_a_column_and_wider_for_clustered_rows(both) -> None:
    texts, labels, model = both
    channel = pd.Series(np.where(np.arange(len(texts)) % 3 == 0, "app", "phone"), name="channel")
    found = model.quality(by=channel)
    scored = sum(label is not None for label in labels)
    assert found["channel"].tolist() == ["app", "phone"] and found["n"].sum() == scored
    hits = np.repeat([1.0, 0, 1, 1], 50)
    share, low, high = calibration.share_interval(hits)
    assert (low, high) == pytest.approx(proportion_confint(150, 200, method="wilson")) and share == 0.75
    assert calibration.share_interval(hits, cluster=np.repeat(np.arange(4), 50))[1] < 0.35
    assert calibration.share_interval([True] * 40, cluster=np.repeat([0, 1], 20))[1] < 0.4, "two clusters that agree are two answers"


def test_calibration_error_is_small_where_chances_hold_and_large_where_they_boast() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.3, 1, 20_000)
    hits = rng.random(20_000) < p
    assert calibration.error(p, hits) < 0.012 < 0.1 < calibration.error(p**0.25, hits)
    assert calibration.error(np.full(1000, 0.6), np.arange(1000) < 600) == pytest.approx(0)


@pytest.mark.parametrize(("language", "analyzer", "lengths"), [("zh", "char", (1, 2)), ("en", "char", (3, 4))])
def test_runs_are_those_of_a_counter(language, analyzer, lengths) -> None:
    forms = sorted({writing.normal(text) for text in corpus(200, language=language)[0]})
    learned, table = runs.fit(forms, lengths=lengths)
    rival = TfidfVectorizer(analyzer=analyzer, ngram_range=lengths, min_df=2, lowercase=False, sublinear_tf=True)
    expected = rival.fit_transform(forms)
    order = [rival.vocabulary_["".join(learned.run(k))] for k in range(table.shape[1])]
    assert table.shape == expected.shape and abs(table - expected[:, order]).max() < 1e-6
    few, rare = runs.fit(forms, lengths=lengths, fewest=3, most=60)
    assert few.held.min() >= 3 and few.held.max() <= 60 and rare.shape[1] == ((learned.held >= 3) & (learned.held <= 60)).sum() > 10
    assert abs(learned.table(forms) - table).max() < 1e-6 and learned.table(["龘ǅ"]).nnz == 0 and learned.table([]).shape == (0, table.shape[1])
