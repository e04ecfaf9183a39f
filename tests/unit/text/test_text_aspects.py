"""The dictionary of aspects: what its file may say, how terms are found in both languages, what is denied, and what is learned from labels."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.simulate import verbatims
from voclib.text import aspect_learning, aspects, writing

HOSTILE = [None, "", "😡😡", "好", "a", "异响" * 25_000, "no " * 20_000, "好\u200b评 异\u200b响", "车机 OTA сбой 故障",
           "</script><script>alert(1)</script>", "(.*)+[^$]\\", 7, "没" * 4000, "- " * 4000, *verbatims.HOSTILE]
SMALL = """
entries:
  - {id: noise, name: {zh: 异响, en: Noise}, kind: aspect, terms: {zh: [异响, 噪音], en: [noise, rattle, squeak]}, not_in: {en: [noise cancelling]}}
  - {id: charging, name: {zh: 充电, en: Charging}, kind: aspect, terms: {zh: [充电, 电], en: [charge, battery]}}
  - {id: wait, name: {zh: 等待, en: Waiting}, kind: aspect, terms: {zh: [等待, 等], en: [wait, queue, stop, waiting room]}, not_in: {zh: [等级]}}
  - {id: wall_box, name: {zh: 充电桩, en: Wall box}, kind: feature, parent: charging, terms: {zh: [充电桩], en: [wall box]}}
  - {id: e5, name: {zh: 辰星 E5, en: Chenxing E5}, kind: model, terms: {zh: [辰星 E5, E5]}}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "aspects.yml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def small(tmp_path: Path) -> aspects.Dictionary:
    return aspects.load(written(tmp_path, SMALL))


@pytest.fixture(scope="module")
def book(root: Path) -> aspects.Dictionary:
    return aspects.load(root / "params" / "rules" / "aspects.yml")


def terms(text: str, dictionary: aspects.Dictionary) -> list[tuple[str, str]]:
    return [(id, term) for id, term, _, _ in dictionary.found(writing.normal(text))]


class TestFile:
    @pytest.mark.parametrize(("old", "new", "told"), [
        ("terms: {zh: [充电桩]", "term: {zh: [充电桩]", "unknown key 'term' in entries → wall_box; did you mean 'terms'"),
        ("zh: [充电桩]", "cn: [充电桩]", "unknown key 'cn' in entries → wall_box → terms; known: en, zh"),
        ("kind: model", "kind: car", "kind is 'car' in entries → e5; known: aspect, feature, model"),
        ("parent: charging", "parent: chargin", "wall_box: parent 'chargin' has to be an aspect, and an aspect has none; did you mean 'charging'"),
        ("zh: [充电桩]", "zh: [充电桩, ＮＯＩＳＥ]", "the term 'noise' stands in noise and in wall_box; keep one"),
        ("id: e5", "id: wait", "the id 'wait' stands twice"), ("id: e5", "id: E 5", "id in entries → E 5"),
        ("{zh: [辰星 E5, E5]}", "{}", "e5 has no terms"), ("zh: [充电桩]", "zh: ['']", "in entries → wall_box → terms"),
        ("name: {zh: 辰星 E5, en: Chenxing E5}", "name: {zh: 辰星 E5}", "the key 'en' is missing in entries → e5 → name"),
        ("entries:", "entry:", "unknown key 'entry'; did you mean 'entries'"), ("[辰星 E5, E5]", f"[{'长' * 61}]", "at most 60"),
        ("[充电桩]", "[\u200b]", "wall_box: a term is empty")])
    def test_what_is_wrong_is_told_with_its_place(self, tmp_path, old, new, told) -> None:
        assert old in SMALL
        with pytest.raises(ParameterError, match="aspects.yml: ") as caught:
            aspects.load(written(tmp_path, SMALL.replace(old, new, 1)))
        assert told in str(caught.value)

    def test_a_missing_file_and_an_unknown_id_name_what_there_is(self, tmp_path, small) -> None:
        with pytest.raises(ParameterError, match="aspects.yml"):
            aspects.load(tmp_path / "aspect.yml")
        with pytest.raises(ParameterError, match="did you mean 'noise'"):
            small.entry("nois")
        assert small.name("e5")["zh"] == "辰星 E5" and small.ids("feature") == ["wall_box"]

    def test_the_car_makers_dictionary_has_the_planted_topics_in_both_languages(self, book) -> None:
        assert set(verbatims.TOPICS) <= set(book.ids("aspect"))
        assert all(entry.terms.zh and entry.terms.en for entry in book.entries)
        assert {"e5", "e7", "x3", "x6", "s9", "mini"} == set(book.ids("model"))


class TestTerms:
    @pytest.mark.parametrize(("text", "found"), [
        ("充电桩坏了", [("wall_box", "充电桩")]), ("等待充电", [("wait", "等待"), ("charging", "充电")]), ("高等级", []),
        ("高等级，等了", [("wait", "等")]), ("Waited in the waiting-room", [("wait", "wait"), ("wait", "waiting room")]), ("awaiting, waiters", []),
        ("Charging batteries", [("charging", "charge"), ("charging", "battery")]),
        ("queued and stopped", [("wait", "queue"), ("wait", "stop")]), ("the battery’s noise", [("charging", "battery"), ("noise", "noise")]),
        ("noise cancelling, noise", [("noise", "noise")]), ("two wall-boxes", [("wall_box", "wall box")]),
        ("辰星e5和辰星 E5", [("e5", "辰星 e5")] * 2),
        ("买了E5很好", [("e5", "e5")]), ("E50 ae5", []), ("ＮＯＩＳＥ 异\u200b响", [("noise", "noise"), ("noise", "异响")])])
    def test_found_by_the_stated_rules(self, small, text, found) -> None:
        assert terms(text, small) == found

    @pytest.mark.parametrize(("text", "denied"), [
        ("没有异响", True), ("没有任何异响", True), ("再也没有出现过异响", True), ("异响终于没了", True), ("有没有异响", False),
        ("异响严重", False), ("没想到，异响严重", False),
        ("no noise", True), ("without any more squeaks", True), ("didn't have to wait", True), ("the noise is gone", True), ("not only noise", False),
        ("no idea, but noise", False), ("noise again", False)])
    def test_absence_is_not_presence(self, small, text, denied) -> None:
        assert aspects.mentions([text], small)["is_negated"].tolist() == [denied]

    def test_one_row_a_mention_and_one_for_the_aspect_of_a_feature(self, small) -> None:
        found = aspects.mentions(["好", "噪音大，但是充电桩不错", "噪音大，但是充电桩不错"], small)
        assert list(found.columns) == list(aspects.COLUMNS)
        assert found.loc[found["row"] == 1, ["id", "kind", "term", "clause"]].to_numpy().tolist() == [
            ["noise", "aspect", "噪音", 0], ["wall_box", "feature", "充电桩", 1], ["charging", "aspect", "充电桩", 1]]
        assert found[found["row"] == 1].drop(columns="row").to_numpy().tolist() == found[found["row"] == 2].drop(columns="row").to_numpy().tolist()
        seen = aspects.presence(found, small, n=3)
        assert seen["charging"].tolist() == [False, True, True] and not seen["wait"].any()

    def test_a_language_given_narrows_the_terms(self, small) -> None:
        texts = ["noise 异响"] * 3
        assert aspects.mentions(texts, small, languages=["zh", "en", None])["term"].tolist() == ["异响", "noise", "noise", "异响"]
        with pytest.raises(DataError, match="1 languages for 3 texts"):
            aspects.mentions(texts, small, languages=["zh"])
        with pytest.raises(ParameterError, match="zh or en"):
            aspects.mentions(["x"], small, languages=["fr"])

    @pytest.mark.parametrize(("form", "parts"), [
        ("外观好看,内饰差", ["外观好看", "内饰差"]), ("2.0t很好。1,280元", ["2.0t很好"]), ("空间大但是油耗高", ["空间大", "但是油耗高"]),
        ("不但快而且好", ["不但快而且好"]),
        ("nice car however slow", ["nice car", "however slow"]), ("外观好看 内饰差", ["外观好看", "内饰差"]), ("!!!", []), ("", [])])
    def test_clauses(self, form, parts) -> None:
        assert [form[a:b].strip() for a, b in aspects.clauses(form)][: len(parts)] == parts
        assert parts or not aspects.clauses(form)

    @pytest.mark.parametrize("text", [
        "倒车影像要等好几秒才出来，上周六差点蹭了", "回条短信要等两秒才有反应", "换首歌也要等待几秒", "开机要等半天，导航早该拐弯了",
        "打开 App 要等好久，首页还常常连接超时", "语音喊了没动静，等了好几秒",
        "车机太慢了", "快充排不上，慢充充电太慢了", "蓝牙一直显示等待连接",
        "I waited several seconds for the camera picture", "You wait for it to load every morning",
        "The maps took forever to load"])
    def test_a_slow_device_is_no_wait_for_service(self, book, text) -> None:
        assert "waiting_time" not in {id for id, _ in terms(text, book)}

    @pytest.mark.parametrize("text", [
        "结个账要等二十分钟", "换个配件要等两周，没车可开", "前台说还要等半小时", "去升级车机，在店里等了两个小时",
        "倒车影像坏了，修影像等了三天", "维修太慢了", "说好一小时，超时了也没人解释",
        "Waited forty minutes before anyone came", "The update at the dealer's took forever",
        "We were waiting for the screen to be replaced and it took ages"])
    def test_a_wait_for_service_still_is_one_when_a_device_is_named(self, book, text) -> None:
        assert "waiting_time" in {id for id, _ in terms(text, book)}

    def test_hostile_texts_give_a_table_in_time(self, book) -> None:
        start = time.process_time()
        found = aspects.mentions(HOSTILE, book)
        assert time.process_time() - start < 5
        assert found["row"].nunique() >= 6 and not found["row"].isin([0, 1, 2, 11]).any()

    def test_an_empty_dictionary_finds_nothing(self) -> None:
        empty = aspects.Dictionary(())
        found = aspects.mentions(["异响", None], empty)
        assert found.empty and aspects.presence(found, empty, n=2).shape == (2, 0)


class TestOpinions:
    @staticmethod
    def read(texts: list[str]) -> SimpleNamespace:
        bad = np.array(["差" in text or "bad" in text for text in texts])
        return SimpleNamespace(probabilities=np.where(bad[:, None], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]), label=np.where(bad, "negative", "positive"))

    def test_each_aspect_has_the_sentiment_of_its_own_clauses(self, small) -> None:
        texts = ["噪音控制好，但是充电差", "等得好。噪音差", "x"]
        found = aspects.opinions(aspects.mentions(texts, small), texts, read=self.read)
        assert found[["row", "id", "label"]].to_numpy().tolist() == [[0, "charging", "negative"], [0, "noise", "positive"], [1, "noise", "negative"],
                                                                     [1, "wait", "positive"]]
        assert np.allclose(found[["negative", "neutral", "positive"]].sum(axis=1), 1)

    def test_nothing_named_is_an_empty_table(self, small) -> None:
        found = aspects.opinions(aspects.mentions(["x"], small), ["x"], read=self.read)
        assert found.empty and list(found.columns) == ["row", "id", "kind", "negative", "neutral", "positive", "label"]


def labelled(n: int = 240, seed: int = 0) -> tuple[list[str], pd.DataFrame]:
    """Texts that speak of up to two of three things, of which one is put in words that no dictionary here has."""
    rng = np.random.default_rng(seed)
    words = {"noise": ("异响太大", "有噪音", "rattles a lot"), "hue": ("颜色真好看", "车漆漂亮", "lovely paint"),
             "price": ("价格太贵", "便宜划算", "costs too much")}
    present = pd.DataFrame({name: rng.random(n) < 0.4 for name in words})
    texts = ["，".join([f"第{i}位车主说", *(words[name][rng.integers(3)] for name in words if present.loc[i, name])]) for i in range(n)]
    return texts, present


@pytest.fixture(scope="module")
def model() -> tuple[list[str], pd.DataFrame, aspect_learning.AspectModel]:
    texts, present = labelled()
    return texts, present, aspect_learning.fit(texts, present)


class TestLearning:
    def test_planted_aspects_are_learned_where_always_saying_yes_is_not_enough(self, model) -> None:
        quality = model[2].quality()
        assert (quality["f1"] > 0.9).all() and (quality["always_f1"] < 0.7).all() and quality["dictionary_f1"].isna().all()

    def test_labels_without_any_sense_are_not_learned(self) -> None:
        texts, present = labelled()
        shuffled = present.sample(frac=1, random_state=1).reset_index(drop=True)
        quality = aspect_learning.fit(texts, shuffled).quality()
        assert (quality["f1"] < quality["always_f1"] + 0.1).all(), "each voice is read by models that did not see it"

    def test_row_order_does_not_matter_and_copies_are_read_alike(self, model) -> None:
        texts, present, fitted = model
        order = np.random.default_rng(1).permutation(len(texts))
        again = aspect_learning.fit([texts[i] for i in order], present.iloc[order].reset_index(drop=True))
        assert np.array_equal(again.probabilities.to_numpy(), fitted.probabilities.to_numpy()[order])
        gap = pd.concat([present.astype("boolean"), pd.DataFrame(pd.NA, index=range(3), columns=present.columns)], ignore_index=True)
        longer = aspect_learning.fit([*texts, f" {texts[0]}", "有噪音", None], gap)
        assert longer.probabilities.iloc[-3].equals(longer.probabilities.iloc[0].rename(len(texts)))
        assert longer.present.loc[len(texts) + 1].tolist() == [True, False, False] and not longer.probabilities.iloc[-1].any()
        assert longer.read(["有噪音"]).round(4).iloc[0].tolist() == longer.probabilities.loc[len(texts) + 1].tolist()

    def test_groups_and_wordings_never_stand_on_both_sides(self) -> None:
        together = aspect_learning._components(["a", "b", "a", "c", "d"], np.array(["x", "y", "z", "z", None], dtype=object))
        assert together[0] == together[2] == together[3] and len(set(together)) == 3
        fold = aspect_learning._split(np.repeat(np.arange(50), 3), 5, seed=0)
        assert all(len(set(fold[k * 3:k * 3 + 3])) == 1 for k in range(50)) and len(set(fold)) == 5

    def test_gaps_are_left_out_of_what_is_counted(self) -> None:
        texts, present = labelled()
        gaps = present.astype("boolean")
        gaps.loc[:99, "hue"] = pd.NA
        made = aspect_learning.fit(texts, gaps)
        assert made.quality().set_index("aspect")["n"].to_dict() == {"noise": 240, "hue": 140, "price": 240}
        by = made.quality(by=np.where(np.arange(240) < 120, "a", "b"))
        assert by.groupby("by")["n"].sum().to_dict() == {"a": 260, "b": 360}

    def test_a_dictionary_helps_where_few_are_labelled(self, small) -> None:
        texts, present = labelled(90, seed=3)
        plain, helped = (aspect_learning.fit(texts, present[["noise"]], dictionary=given, folds=3).quality().loc[0] for given in (None, small))
        assert helped["f1"] > plain["f1"] and helped["dictionary_f1"] > 0.9

    def test_too_few_labels_are_refused_by_name(self, small) -> None:
        texts, present = labelled()
        with pytest.raises(DataError, match="speak of 'rare'"):
            aspect_learning.fit(texts, present.assign(rare=[True] * 4 + [False] * 236))
        with pytest.raises(DataError, match="239 rows and 3 aspects for 240 texts"):
            aspect_learning.fit(texts, present.iloc[1:])
        with pytest.raises(DataError, match="None of 2 texts"):
            aspect_learning.fit(["a", "😀"], pd.DataFrame({"x": [pd.NA, True]}, dtype="boolean"))
        with pytest.raises(DataError, match="groups has 1 values"):
            aspect_learning.fit(texts, present, groups=["x"])
        with pytest.raises(DataError, match="1 groups, too few for 5 folds"):
            aspect_learning.fit(texts, present, groups=["x"] * 240)
        with pytest.raises(ParameterError, match="folds"):
            aspect_learning.fit(texts, present, folds=1)
