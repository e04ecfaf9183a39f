"""From one fit to the next: topics kept, split, merged, gone and new, and every text accounted for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_text_topics import PRICE, RANGE, SCREEN, STAFF, WAITING, corpus

from voclib.errors import DataError
from voclib.text import crosswalk
from voclib.text.engines import CpuEngine
from voclib.text.grouping import Settings
from voclib.text.topics import Given, Part, Topic, TopicModel, fit_topics

TEXTS = corpus(WAITING, RANGE, SCREEN, PRICE, STAFF, n=100)[0]


@pytest.fixture(scope="module")
def model():
    return fit_topics(TEXTS, engine="cpu", granularity=0.3)


def made(labels, *, ids=None) -> TopicModel:
    """A model of nothing but identities and labels."""
    labels = np.asarray(labels)
    k = int(labels.max(initial=-1)) + 1
    topics = tuple(Topic(number=c, language="zh", words=((f"w{c}", 1.0),), voices=1, texts=1) for c in range(k))
    part = Part(language="zh", encoder=Given(), ids=tuple(ids or map(str, range(len(labels)))), vectors=np.zeros((len(labels), 1), np.float32),
                labels=labels, centres=np.zeros((k, 1), np.float32), reach=np.ones(k, np.float32), topics=topics)
    return TopicModel(labels=labels, parts=(part,), settings=Settings(), engine=CpuEngine())


class TestFates:
    def test_a_model_against_itself_is_kept_whole(self, model) -> None:
        walk = crosswalk.between(model, model)
        assert set(walk.fates.values()) == set(walk.origins.values()) == {"kept"} and all(j == 1.0 for _, _, j in walk.matches)
        assert walk.texts == sum(len(part.ids) for part in model.parts) and len(walk.table()) == np.count_nonzero(walk.flows)

    def test_other_numbers_of_the_same_topics_change_nothing_but_the_numbers(self) -> None:
        labels = np.random.default_rng(0).integers(-1, 5, 400)
        turn = np.array([3, 0, 4, 1, 2, -1])
        walk = crosswalk.between(made(labels), made(turn[labels]))
        assert sorted((a, b) for a, b, _ in walk.matches) == [(k, turn[k]) for k in range(5)] and set(walk.fates.values()) == {"kept"}

    def test_split_merged_gone_and_new(self) -> None:
        #        0 kept    1 split in two         2 and 3 merge          4 gone: scattered  no topic before
        old = [*[0] * 40, *[1] * 40, *[2] * 20, *[3] * 20, *[4] * 40, *[-1] * 30]
        new = [*[0] * 36, *[-1] * 4, *[1] * 20, *[2] * 20, *[3] * 40, *[0] * 10, *[3] * 10, *[-1] * 20, *[4] * 30]
        walk = crosswalk.between(made(old), made(new))
        assert walk.fates == {0: "kept", 1: "split", 2: "merged", 3: "merged", 4: "gone"}
        assert walk.origins == {0: "kept", 1: "split", 2: "split", 3: "merged", 4: "new"}
        table = walk.table().set_index(["old", "new"])
        assert table.loc[(1, 2), "relation"] == "split" and table.loc[(2, 3), "relation"] == "merged" and table.loc[(4, 0), "relation"] == "rest"
        assert table.loc[(-1, 4), "relation"] == "rest" and table.loc[(0, 0), "share_of_old"] == 0.9 and table.loc[(0, 0), "jaccard"] == 0.72
        assert "保留 1 个，拆分 1 个，并入其他话题 2 个，消失 1 个" in walk.summary("zh") and "有 1 个是新的" in walk.summary("zh")
        assert "1 were kept, 1 split, 2 merged into others and 1 went; of the 5 topics now, 1 is new" in walk.summary("en")

    @pytest.mark.parametrize("seed", range(5))
    def test_every_text_goes_somewhere(self, seed) -> None:
        rng = np.random.default_rng(seed)
        before, after = rng.integers(-1, 6, 500), rng.integers(-1, 9, 500)
        walk = crosswalk.between(made(before), made(after))
        table = walk.table()
        assert walk.texts == table["texts"].sum() == 500
        assert table.groupby("old")["texts"].sum().to_dict() == {k: int((before == k).sum()) for k in range(-1, 6)}
        assert np.allclose(table.groupby("old")["share_of_old"].sum(), 1, atol=1e-3)
        assert len({a for a, _, _ in walk.matches}) == len({b for _, b, _ in walk.matches}) == len(walk.matches) == 6
        assert set(walk.fates) == set(range(6)) and set(walk.origins) == set(range(9))

    def test_shuffled_labels_keep_nothing(self) -> None:
        labels = np.random.default_rng(0).integers(0, 6, 600)
        walk = crosswalk.between(made(labels), made(np.random.default_rng(1).permutation(labels)))
        assert set(walk.fates.values()) == {"gone"} and set(walk.origins.values()) == {"new"}

    def test_a_kept_topic_is_kept_by_one_alone(self) -> None:
        walk = crosswalk.between(made([0] * 10), made([0] * 5 + [1] * 5))
        assert walk.fates == {0: "split"} and walk.origins == {0: "split", 1: "split"}, "two halves: neither is the old topic"


class TestRefits:
    def test_another_seed_finds_most_topics_again(self, model) -> None:
        walk = crosswalk.between(model, fit_topics(TEXTS, engine="cpu", granularity=0.3, seed=7))
        assert np.mean([f == "kept" for f in walk.fates.values()]) >= 0.7

    def test_a_theme_that_left_and_one_that_came(self) -> None:
        before = fit_topics(corpus(WAITING, RANGE, n=100)[0], engine="cpu", granularity=0.1)
        texts = [*corpus(RANGE, n=100, seed=0)[0], *corpus(SCREEN, n=100)[0], *corpus(WAITING, RANGE, n=100)[0][100:]]
        walk = crosswalk.between(before, fit_topics(texts, engine="cpu", granularity=0.1))
        assert sorted(walk.fates.values()) == ["gone", "kept"] and sorted(walk.origins.values()) == ["kept", "new"]

    def test_disjoint_texts_are_placed_by_both_models(self, model) -> None:
        fresh = corpus(WAITING, RANGE, SCREEN, PRICE, STAFF, n=40, seed=11)[0]
        fresh = [f"{t} {'再说' if not t.isascii() else 'thanks'}" for t in fresh]
        other = fit_topics(fresh, engine="cpu", granularity=0.3)
        walk = crosswalk.between(model, other)
        assert walk.texts == len({i for p in other.parts for i in p.ids}) and any(f in ("kept", "merged") for f in walk.fates.values())
        bare = replace(other, parts=tuple(replace(part, forms=None) for part in other.parts))
        with pytest.raises(DataError, match="give texts="):
            crosswalk.between(model, bare)
        assert (crosswalk.between(model, bare, texts=fresh).flows == walk.flows).all()

    def test_given_texts_are_compared_beside_the_shared_ones(self, model) -> None:
        more = ["车机黑屏了又黑屏", "车机黑屏了又黑屏 ", None, "", "😀", "the adviser smiled and called back", TEXTS[0]]
        assert crosswalk.between(model, model, texts=more).texts == crosswalk.between(model, model).texts + 2

    def test_models_without_topics_have_an_empty_walk(self) -> None:
        walk = crosswalk.between(made([-1] * 10), made([-1] * 10))
        assert walk.texts == 10 and walk.matches == () and walk.fates == {} and len(walk.table()) == 1 and "0" in walk.summary("en")
