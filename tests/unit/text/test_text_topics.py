"""Topics of small corpora of planted themes: the same partition whatever the order of the rows, no voice dropped, hostile texts told or placed."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import adjusted_rand_score

from voclib.errors import DataError, ParameterError
from voclib.text import graph, grouping, keeping, ngrams, terms, writing
from voclib.text.grouping import resampled
from voclib.text.topics import UNCLEAR, Topic, fit_topics

WAITING = (("保养", "维修", "取车", "工位"), ("等太久", "排队排到天黑", "等了半天没人理", "效率低得离谱", "一等就是几个小时"))
RANGE = (("续航", "电池", "冬天的电量", "满电里程"), ("掉得厉害", "严重虚标", "衰减太快", "跑不到一半", "越开越短"))
SCREEN = (("中控屏幕", "车机", "导航", "系统升级后"), ("黑屏", "卡顿死机", "一直重启", "点了没反应", "闪退"))
PRICE = (("the service bill", "the price of parts", "the repair quote", "labour cost"),
         ("is far too high", "rose again", "was more than quoted", "is overpriced", "costs a fortune"))
STAFF = (("the adviser", "staff at the desk", "our consultant", "the receptionist"),
         ("was friendly", "explained everything patiently", "called back politely", "smiled and helped", "took time for us"))
AROUND = {True: (("", "说实话，", "这次", "上周去店里，", "第三次了，"), ("。", "，希望改进", "！", "，已反馈", "，不知道为什么")),
          False: (("", "honestly ", "last week ", "once more ", "this time "), (".", ", please note", "!", " at my dealer", ", as before"))}


def corpus(*themes: tuple[tuple[str, ...], tuple[str, ...]], n: int = 60, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """`n` texts a theme, put together by lot from its subjects and complaints with words that all themes share, and the theme of each."""
    rng, texts = np.random.default_rng(seed), []
    for subjects, told in themes:
        before, after = AROUND[not subjects[0].isascii()]
        space = "" if not subjects[0].isascii() else " "
        parts = [[pool[i] for i in rng.integers(0, len(pool), n)] for pool in (before, subjects, told, after)]
        texts += [f"{a}{b}{space}{c}{d}" for a, b, c, d in zip(*parts, strict=True)]
    return texts, np.repeat(np.arange(len(themes)), n)


@pytest.fixture(scope="module")
def bilingual():
    texts, theme = corpus(WAITING, RANGE, SCREEN, PRICE, STAFF, n=100)
    return texts, theme, fit_topics(texts, engine="cpu", granularity=0.3)


class TestWriting:
    @pytest.mark.parametrize(("text", "plain"), [
        ("  ＡＢＣ　Def ", "abc def"), ("好\u200b评\ufeff", "好评"), ("\u202e好很务服\u202c", "好很务服"), ("call 〔电话〕 now [phone]",
                                                                                                            "call now"), (None, ""), ("", "")])
    def test_normal_form(self, text, plain) -> None:
        assert writing.normal(text) == plain

    @pytest.mark.parametrize(("text", "said"), [
        ("@united lost my bag again @usairways", "lost my bag again"), ("write to me@there.example", "write to me@there.example"),
        ("@united", "@united"), ("@店长 等太久", "等太久"), ("a @ b", "a @ b"),
        ("late again http://t.co/ab1 why", "late again why"), ("见 https://x.example/页，等太久", "见 页，等太久"), ("http://t.co/ab1", "http://t.co/ab1")])
    def test_to_whom_one_speaks_is_not_what_one_says(self, text, said) -> None:
        assert writing.unaddressed(text) == said

    @pytest.mark.parametrize(("text", "language"),
                             [("屏幕黑屏", "zh"), ("black screen", "en"), ("车机 OTA 升级失败", "zh"), ("the 车机 of my car froze again", "en"),
                                                    ("😀 123", "")])
    def test_language_goes_by_words(self, text, language) -> None:
        assert writing.language(writing.normal(text)) == language

    def test_equal_texts_are_one_and_what_says_nothing_has_no_place(self) -> None:
        forms, places, counts = writing.distinct(["很好", " 很好\u200b", "😀", None, "Good", "good"])
        assert len(forms) == 2 and places[0] == places[1] and places[4] == places[5] and places[2] == places[3] == -1
        assert sorted(counts) == [2, 2]
        assert forms == sorted(forms, key=writing.identity)


class TestPartition:
    def test_planted_themes_are_found_apart_in_each_language(self, bilingual) -> None:
        texts, theme, model = bilingual
        assert [part.language for part in model.parts] == ["zh", "en"]
        for rows in (slice(0, 300), slice(300, 500)):
            assert adjusted_rand_score(theme[rows], model.labels[rows]) > 0.6
        assert {t.language for t in model.topics() if t.number in set(model.labels[:300])} == {"zh"}

    def test_row_order_does_not_matter_and_duplicates_never_split(self, bilingual) -> None:
        texts, _, model = bilingual
        doubled = [*texts, *texts[:40], *[f" {t} " for t in texts[40:80]]]
        order = np.random.default_rng(3).permutation(len(doubled))
        again = fit_topics([doubled[i] for i in order], engine="cpu", granularity=0.3)
        back = np.empty(len(doubled), dtype=int)
        back[order] = again.labels
        assert (back[:500] == model.labels).all() and (back[500:580] == model.labels[:80]).all()

    def test_two_runs_are_equal_and_the_default_path_is_light(self) -> None:
        code = ("import sys; sys.path.insert(0, 'tests/unit/text'); from test_text_topics import corpus, WAITING, RANGE\n"
                "from voclib.text.topics import fit_topics\nlabels = fit_topics(corpus(WAITING, RANGE)[0], engine='cpu').labels\n"
                "print(labels.tolist(), sorted({'torch', 'numba', 'bertopic', 'umap', 'hdbscan'} & set(sys.modules)))")
        runs = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                               env={**os.environ, "PYTHONHASHSEED": seed}).stdout
                for seed in ("1", "2")}
        assert len(runs) == 1 and next(iter(runs)).strip().endswith("[]")

    def test_with_vectors_given_nothing_heavy_is_imported(self) -> None:
        """scikit-learn and pandas take longer to import than ten thousand texts to order."""
        pytest.importorskip("faiss")
        code = ("import sys\nimport numpy as np\nfrom voclib.text.topics import fit_topics\nx = np.random.default_rng(0).normal(size=(300, 12))\n"
                "model = fit_topics([f'wording {k}' for k in range(300)], engine='cpu', vectors=x + 3 * np.eye(12)[np.arange(300) % 3])\n"
                "print(len(model.topics()), sorted({'sklearn', 'pandas', 'torch', 'numba'} & set(sys.modules)))")
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "3 []\n"

    def test_the_density_layout_is_as_real(self) -> None:
        texts, theme = corpus(WAITING, RANGE, SCREEN, n=80)
        model = fit_topics(texts, engine="cpu", layout="density", min_size=20)
        assert adjusted_rand_score(theme, model.labels) > 0.5 and (model.labels >= 0).all(), "outliers join the nearest region"

    def test_granularity_asks_for_more_topics(self) -> None:
        texts, _ = corpus(WAITING, RANGE, SCREEN, n=100)
        few, many = (len(fit_topics(texts, engine="cpu", granularity=g, min_size=5).topics()) for g in (0.3, 4.0))
        assert few < many


class TestModel:
    def test_topics_are_named_by_words_of_their_own_language(self, bilingual) -> None:
        topics = bilingual[2].topics()
        assert all(isinstance(t, Topic) and t.words for t in topics) and [t.number for t in topics] == list(range(len(topics)))
        for topic in topics:
            assert all(word.isascii() == (topic.language == "en") for word, _ in topic.words), topic.name
        said = {word for topic in topics for word in topic.name.split(" · ")}
        assert {"车机", "电池", "排队", "parts", "price"} <= said and not said & {"说实话", "honestly", "the"}

    def test_assign_keeps_what_was_seen_and_places_what_is_new(self, bilingual) -> None:
        texts, theme, model = bilingual
        assert (model.assign(texts) == model.labels).all()
        fresh = model.assign(["车机卡顿死机，一直重启", "the receptionist smiled and was friendly to us", "", None, "😀😀", "qwxz vbnm"])
        assert fresh[0] in set(model.labels[200:300]) and fresh[1] in set(model.labels[400:]) and fresh[2:].tolist() == [UNCLEAR] * 4

    def test_stability_tells_a_theme_from_a_cloud(self) -> None:
        rng = np.random.default_rng(0)
        tight = np.eye(15)[np.repeat(np.arange(15), 20)] @ rng.normal(size=(15, 20)) + rng.normal(scale=0.15, size=(300, 20))
        texts, vectors = [f"text number {k} of many" for k in range(700)], np.vstack([tight, rng.normal(size=(400, 20))])
        model = fit_topics(texts, engine="cpu", vectors=vectors, granularity=2.0, min_size=5)
        found = model.stability(resamples=4).set_index("topic")
        assert list(found.columns) == ["stability", "is_stable"]
        themes, clouds = (sorted(set(model.labels[rows].tolist()) - {UNCLEAR}) for rows in (slice(0, 300), slice(300, None)))
        clouds = [topic for topic in clouds if topic not in themes]
        assert found.loc[themes, "is_stable"].all() and clouds and not found.loc[clouds, "is_stable"].any()

    def test_no_voice_is_lost_over_time(self, bilingual) -> None:
        texts, _, model = bilingual
        when = pd.Series(pd.date_range("2026-01-01", periods=500, freq="D", tz="UTC"))
        counts = model.over_time(when)
        assert counts["n"].sum() == 500 and counts.groupby("period")["share"].sum().round(9).eq(1).all()
        assert len(counts) == 17 * (len(model.topics()) + 1), "every topic in every month, no clear topic among them"
        assert model.over_time(when.where(when < "2026-03-01"))["n"].sum() == 59
        with pytest.raises(DataError, match="499 times for 500 texts"):
            model.over_time(when.head(499))

    def test_the_table_adds_up_to_all_voices(self, bilingual) -> None:
        texts, _, _ = bilingual
        model = fit_topics([*texts, "", "😀", None], engine="cpu", granularity=0.5)
        table = model.tidy()
        assert table["voices"].sum() == 503 and table["share"].sum() == pytest.approx(1) and table.iloc[-1]["topic"] == UNCLEAR

    def test_a_model_holds_no_text(self, bilingual) -> None:
        texts, _, model = bilingual
        assert all(len(i) == 64 for part in model.parts for i in part.ids)
        assert not any(texts[0] in repr(part) for part in model.parts)


class TestGivenVectors:
    def test_vectors_of_ones_own_and_a_function(self) -> None:
        texts, theme = corpus(WAITING, PRICE, n=50)
        rng = np.random.default_rng(1)
        vectors = np.eye(2)[theme] @ rng.normal(size=(2, 16)) + rng.normal(scale=0.05, size=(100, 16))
        model = fit_topics(texts, engine="cpu", vectors=vectors, granularity=0.3)
        assert adjusted_rand_score(theme, model.labels) == 1.0 and len(model.parts) == 1
        with pytest.raises(DataError, match="fit it with a function"):
            model.assign(["something new"])
        again = fit_topics(texts, engine="cpu", vectors=lambda forms: [[len(f), f.count("e") + 1.0, 1.0] for f in forms], granularity=0.3)
        assert again.assign(["another text"]).shape == (1,)

    @pytest.mark.parametrize(("vectors", "words"), [
        (np.ones((3, 4)), r"vectors have shape \(3, 4\) for 100 texts"), (np.full((100, 4), np.nan), "gaps or infinities"),
        (lambda forms: np.ones(len(forms)), "has to give one row a text")])
    def test_vectors_that_do_not_fit_are_told(self, vectors, words) -> None:
        with pytest.raises(DataError, match=words):
            fit_topics(corpus(WAITING, PRICE, n=50)[0], engine="cpu", vectors=vectors)


class TestHostile:
    @pytest.mark.parametrize("texts", [[], [""] * 100, ["😀"] * 100, [None] * 5, ["好"] * 500, ["\u200b\ufeff"] * 80, ["1234"] * 90])
    def test_too_little_to_say_is_a_named_error(self, texts) -> None:
        with pytest.raises(DataError, match="distinct texts with letters are too few"):
            fit_topics(texts, engine="cpu")

    def test_one_sign_long_texts_scripts_and_markup_are_placed_or_unclear(self) -> None:
        texts, _ = corpus(WAITING, RANGE)
        odd = ["好", "x", "太久" * 25_000, "а" * 300, "ประเทศไทย", "</script><script>alert(1)</script>", "=cmd|'/C calc'!A0", "\ud800 broken",
               "\x00\x01等太久",
               "'; DROP TABLE responses; --"]
        labels = fit_topics([*texts, *odd], engine="cpu").labels
        assert len(labels) == 130 and labels.min() >= UNCLEAR

    def test_texts_that_share_no_run_of_signs_are_a_named_error(self) -> None:
        texts = ["".join(chr(0x4E00 + 9 * i + k) for k in range(9)) for i in range(60)]
        with pytest.raises(DataError, match="60 distinct texts share 0 runs of characters"):
            fit_topics(texts, engine="cpu")

    def test_texts_that_share_a_sign_by_chance_have_no_clear_topic(self) -> None:
        rng = np.random.default_rng(2)
        texts = ["".join(chr(0x4E00 + c) for c in rng.permutation(20_000)[:9]) for _ in range(60)]
        assert (fit_topics(texts, engine="cpu").labels == UNCLEAR).all()

    @pytest.mark.parametrize(("options", "words"), [
        ({"layout": "grap"}, "did you mean 'graph'"), ({"engine": "cpuu"}, "did you mean 'cpu'"), ({"granularity": 0}, "granularity lies above 0"),
        ({"min_size": 1}, "min_size is at least 2")])
    def test_wrong_settings_suggest_the_nearest(self, options, words) -> None:
        with pytest.raises(ParameterError, match=words):
            fit_topics(corpus(WAITING)[0], **{"engine": "cpu"} | options)


class TestParts:
    def test_overlap_is_the_jaccard_of_the_best_match(self) -> None:
        before, after = np.array([0, 0, 0, 1, 1, -1]), np.array([2, 2, 0, 0, 0, 0])
        assert grouping.overlaps(before, after, 2).tolist() == [2 / 3, 2 / 4]
        assert grouping.overlaps(before, np.full(6, -1), 2).tolist() == [0, 0]

    def test_labels_run_from_the_largest_group(self) -> None:
        assert graph.by_size(np.array([5, 5, 2, -1, 2, 2, 9])).tolist() == [1, 1, 0, -1, 0, 0, 2]

    def test_shared_neighbours_weigh_by_what_two_have_in_common(self) -> None:
        indices = np.array([[0, 1, 2], [1, 0, 2], [2, 1, 3], [3, 2, 1]])  # 0 and 1 see {0, 1, 2}, 2 and 3 see {1, 2, 3}
        ties = graph.ties((indices, np.zeros((4, 3), dtype=np.float32)), kind="shared").toarray()
        assert ties.tolist() == [[0, 1, 0.5, 0], [1, 0, 0.5, 0.5], [0.5, 0.5, 0, 1], [0, 0.5, 1, 0]], "0 and 3 are no neighbours of each other"
        with pytest.raises(ParameterError, match="did you mean 'shared'"):
            graph.ties((indices, np.zeros((4, 3))), kind="share")

    def test_a_tie_is_the_larger_cosine_of_two_neighbours(self) -> None:
        indices = np.array([[0, 1], [1, 2], [2, 1]])
        ties = graph.ties((indices, np.array([[0, 0.25], [0, 0.5], [0, 0.5]])))
        assert ties.toarray().tolist() == [[0, 0.75, 0], [0.75, 0, 0.5], [0, 0.5, 0]]

    def test_an_encoder_makes_the_same_vectors_of_the_same_text(self) -> None:
        forms = [writing.normal(t) for t in corpus(WAITING, RANGE)[0]]
        encoder = ngrams.fit(forms, language="zh")
        vectors = encoder.encode(forms)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-2) and (encoder.encode(forms[::-1])[::-1] == vectors).all()
        assert not encoder.encode(["zzz qqq"]).any()
        with pytest.raises(ParameterError, match="not 'fr'"):
            ngrams.fit(forms, language="fr")

    def test_runs_of_english_end_with_the_word(self) -> None:
        forms = [writing.normal(t) for t in corpus(STAFF)[0]]
        encoder, vectors = ngrams.fitted(forms, language="en")
        rival = CountVectorizer(analyzer="char_wb", ngram_range=(3, 4), lowercase=False, min_df=2, max_df=0.3).fit(forms)
        known = {"".join(encoder.signs.run(k)) for k in range(len(encoder.signs.keys))}
        assert known == set(rival.get_feature_names_out()) and (encoder.encode(forms) == vectors).all()

    def test_a_plural_beside_its_singular_is_no_word_of_a_name(self) -> None:
        forms = ["seat broken", "seats broken", "seat torn", "seats torn", "passes", "passes lost", "pass lost"]
        named = terms.names(forms, np.zeros(7, dtype=int), np.ones(7, dtype=int), language="en")[0]
        assert len([w for w, _ in named if w.startswith("seat")]) == len([w for w, _ in named if w.startswith("pass")]) == 1
        assert {"broken", "torn", "lost"} <= {w for w, _ in named}

    def test_a_copied_post_names_no_topic(self) -> None:
        forms = ["屏幕 黑屏", "黑屏 了", "屏幕 卡", "代购 加微信"]
        named = terms.names(forms, np.zeros(4, dtype=int), np.array([1, 1, 1, 500]), language="zh")
        assert {w for w, _ in named[0]} == {"屏幕", "黑屏"}

    def test_resamples_differ_by_draw_and_repeat_by_seed(self) -> None:
        assert (resampled(50, 0.8, seed=1, draw=0) == resampled(50, 0.8, seed=1, draw=0)).all() and len(resampled(50, 0.8, seed=1, draw=0)) == 40
        assert (resampled(50, 0.8, seed=1, draw=0) != resampled(50, 0.8, seed=1, draw=1)).any()


class TestModelsOnDiskAndBeyond:
    def test_unchanged_input_is_read_and_not_fitted(self, tmp_path, monkeypatch) -> None:
        texts, _ = corpus(WAITING, RANGE, PRICE, n=50)
        cold = fit_topics(texts, engine="cpu", cache=tmp_path)
        monkeypatch.setattr(grouping, "group", lambda *_: pytest.fail("fitted again"))
        warm = fit_topics(texts, engine="cpu", cache=tmp_path)
        assert (warm.labels == cold.labels).all() and warm.tidy().equals(cold.tidy()) and warm.texts == tuple(texts)
        with pytest.raises(pytest.fail.Exception, match="fitted again"):
            fit_topics([*texts, "全新的一句话"], engine="cpu", cache=tmp_path)
        with pytest.raises(pytest.fail.Exception, match="fitted again"):
            fit_topics(texts, engine="cpu", cache=tmp_path, seed=1)

    def test_the_granularity_chosen_stands_in_each_part_and_on_disk(self, tmp_path) -> None:
        texts, theme = corpus(WAITING, RANGE, SCREEN, PRICE, STAFF, n=80)
        model = fit_topics(texts, engine="cpu", granularity="auto")
        assert model.settings.granularity == "auto" and len(model.parts) == 2
        again = keeping.load(keeping.save(model, tmp_path))
        for part, read in zip(model.parts, again.parts, strict=True):
            assert part.granularity == read.granularity
            alone = fit_topics([t for t in texts if writing.language(writing.normal(t)) == part.language], engine="cpu",
                               granularity=part.granularity)
            assert adjusted_rand_score(alone.parts[0].labels, part.labels) == 1
        assert (model.stability()["stability"] > 0).all()

    def test_each_language_may_have_an_encoder_of_its_own(self, tmp_path) -> None:
        texts, theme = corpus(WAITING, RANGE, PRICE, STAFF, n=60)
        asked: list[str] = []

        class Lengths:
            fingerprint = "lengths of words"

            def encode(self, forms):
                asked.extend(forms)
                return np.array([[1.0, "the service" in f or "parts" in f or "quote" in f or "labour" in f] for f in forms], dtype=np.float32)

        model = fit_topics(texts, engine="cpu", vectors={"en": Lengths()}, cache=tmp_path)
        assert {writing.language(form) for form in asked} == {"en"} and [part.language for part in model.parts] == ["zh", "en"]
        n = len(asked)
        assert (fit_topics(texts, engine="cpu", vectors={"en": Lengths()}, cache=tmp_path).labels == model.labels).all() and len(asked) == n

    def test_bertopic_goes_on_from_the_same_labels(self) -> None:
        pytest.importorskip("bertopic")
        texts, _ = corpus(WAITING, RANGE, PRICE, n=50)
        model = fit_topics(texts, engine="cpu")
        assert model.bertopic.topics_ == model.labels.tolist() and model.bertopic is model.bertopic

    def test_a_model_read_from_disk_says_that_it_has_no_texts(self, tmp_path) -> None:
        texts, _ = corpus(WAITING, RANGE, n=40)
        model = keeping.load(keeping.save(fit_topics(texts, engine="cpu"), tmp_path))
        with pytest.raises(DataError, match="keeps no texts"):
            _ = model.bertopic
