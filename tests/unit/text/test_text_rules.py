"""Rule classes: what their file may say, how a rule decides, and who owns what."""

from __future__ import annotations

from pathlib import Path

import pytest

from voclib.errors import ParameterError
from voclib.simulate import verbatims
from voclib.simulate.voices import DEPARTMENTS
from voclib.text import aspects, rules

SMALL = """
classes:
  - {id: late, name: {zh: 交付, en: Delivery}, owner: {zh: 物流部, en: Logistics}, priority: 20, any: {zh: [晚到, 延期], en: [late]},
     none: {zh: [没有延期]}}
  - {id: noise, name: {zh: 异响, en: Noise}, owner: {zh: 质量部, en: Quality}, any: {aspects: [noise]}}
  - {id: hurt, name: {zh: 安全, en: Safety}, owner: {zh: 质量部, en: Quality}, priority: 10, any: {zh: [刹车], en: [brake]}, all: {zh: [失灵]}}
  - {id: both, name: {zh: 两样, en: Both}, owner: {zh: 质量部, en: Quality}, all: {zh: [刹车, 晚到]}}
"""
BOOK = "entries:\n  - {id: noise, name: {zh: 异响, en: Noise}, kind: aspect, terms: {zh: [异响], en: [rattle]}}\n"


def written(folder: Path, text: str, name: str = "classes.yml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.fixture
def book(tmp_path: Path) -> aspects.Dictionary:
    return aspects.load(written(tmp_path, BOOK, "aspects.yml"))


@pytest.fixture
def small(tmp_path: Path, book: aspects.Dictionary) -> rules.Rules:
    return rules.load(written(tmp_path, SMALL), dictionary=book)


def classified(texts: list, given: rules.Rules, book: aspects.Dictionary) -> rules.Classified:
    return rules.classify(texts, given, mentions=aspects.mentions(texts, book))


class TestFile:
    @pytest.mark.parametrize(("old", "new", "told"), [
        ("owner: {zh: 物流部", "ownr: {zh: 物流部", "unknown key 'ownr' in classes → late; did you mean 'owner'"),
        ("aspects: [noise]", "aspects: [nois]", "the dictionary has no entry 'nois'; did you mean 'noise'"),
        ("aspects: [noise]", "aspect: [noise]", "unknown key 'aspect' in classes → noise → any; did you mean 'aspects'"),
        ("any: {aspects: [noise]}", "priority: 3", "noise asks for nothing"), ("[没有延期]", "[延期]", "late: '延期' is wanted and forbidden"),
        ("id: hurt", "id: late", "the id 'late' stands twice"), ("priority: 20", "priority: soon", "priority in classes → late"),
        ("[晚到, 延期]", "['\u200b']", "late: a term is empty"), ("classes:", "class:", "did you mean 'classes'")])
    def test_what_is_wrong_is_told_with_its_place(self, tmp_path, book, old, new, told) -> None:
        assert old in SMALL
        with pytest.raises(ParameterError, match="classes.yml: ") as caught:
            rules.load(written(tmp_path, SMALL.replace(old, new, 1)), dictionary=book)
        assert told in str(caught.value)

    def test_the_car_makers_classes_are_owned_by_departments_that_there_are(self, root) -> None:
        book = aspects.load(root / "params/rules/aspects.yml")
        given = rules.load(root / "params/rules/classes.yml", dictionary=book)
        assert {one.owner.zh for one in given.classes} == set(DEPARTMENTS)
        covered = {id for one in given.classes for id in one.any.aspects}
        assert set(verbatims.TOPICS) <= covered
        owners = {id: one.owner.zh for one in given.classes for id in one.any.aspects}
        assert {topic: owners[topic] for topic in verbatims.TOPICS} == dict(zip(verbatims.TOPICS, DEPARTMENTS, strict=True))


class TestDecision:
    def test_any_all_and_none(self, small, book) -> None:
        texts = ["车晚到了", "没有延期", "车延期，不是没有延期", "刹车失灵，也晚到", "刹车好", "no rattles", "好", "", None, "😡"]
        found = classified(texts, small, book)
        assert found.table.to_numpy().tolist() == [
            [0, "late", "物流部", "晚到", True], [3, "hurt", "质量部", "刹车", True], [3, "late", "物流部", "晚到", False],
            [3, "both", "质量部", "刹车", False], [5, "noise", "质量部", "noise", True]]
        assert (found.n, found.n_spoken) == (10, 7) and found.coverage == pytest.approx(3 / 7) and found.uncovered == pytest.approx(4 / 7)

    def test_rules_on_aspects_ask_for_mentions(self, small) -> None:
        with pytest.raises(ParameterError, match="mentions=aspects.mentions"):
            rules.classify(["异响"], small)

    def test_names_and_owners_in_both_languages(self, small) -> None:
        assert small.name("late")["zh"] == "交付" and small.owner("late")["en"] == "Logistics" and small.aspects == ["noise"]
        with pytest.raises(ParameterError, match="did you mean 'late'"):
            small.owner("lat")

    def test_hostile_and_equal_texts(self, small, book) -> None:
        texts = [*verbatims.HOSTILE, "延期" * 25_000, "(.*)+", "车晚到了", " 车\u200b晚到了 ", "#noise"]
        table = classified(texts, small, book).table
        same = [table[table["row"] == len(texts) - k].drop(columns="row").to_numpy().tolist() for k in (3, 2)]
        assert same[0] == same[1] != [] and not (table["row"] == len(texts) - 1).any(), "an id in a text is no aspect"
        assert classified([None, ""], small, book).table.empty
