"""Voices in a third language: left out of what is read, counted as such, and never read as if they were English or Chinese."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from study_tables import figures
from test_studies_sentiment_aspects import CLASSES, DICTIONARY, company

from voclib.reporting.language import half_width, verbs_exceed
from voclib.studies import sentiment_aspects, topics
from voclib.studies.counting import sentiment_aspects as counting
from voclib.studies.sentiment_aspects import heard
from voclib.text import writing

SHORT = ("Muy buena atención", "Pésima experiencia", "Me encanta", "Recomiendo este concesionario", "Sehr gut", "Schlechter Service",
         "Merci beaucoup", "Service déplorable, jamais revu", "Ottimo servizio", "Muito bom", "対応が遅い", "車の納車が一ヶ月遅れた",
         "待ち時間長すぎ")
TAGGED = ("Excelente", "Katastrophe", "Parfait", "最高", "接客最悪")  # a word or two: only the source can tell
OURS = (("Great service", "en"), ("Terrible wait time", "en"), ("Todo list app crashes", "en"), ("gut feeling: bad", "en"),
        ("优の品牌, 等太久", "zh"), ("ok的", "zh"), ("太慢了", "zh"))


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("rules")
    for name, text in (("dictionary", DICTIONARY), ("classes", CLASSES)):
        (folder / f"{name}.yml").write_text(text, "utf-8")
    return {name: folder / f"{name}.yml" for name in ("dictionary", "classes")}


def joined(tables: dict[str, pd.DataFrame], said: tuple[str, ...], n: int, language: str | None) -> dict[str, pd.DataFrame]:
    """The tables with `n` more voices of a top score that say this in turn, and are tagged so."""
    first = tables["responses"]
    more = first.head(n).assign(response_id=[f"X{k:04d}" for k in range(n)], comment=[said[k % len(said)] for k in range(n)], nps_score=10,
                                language=language, channel="sms")
    return {**tables, "responses": pd.concat([first, more.astype(first.dtypes.to_dict())], ignore_index=True)}


@pytest.mark.parametrize("text", SHORT)
def test_a_short_text_is_told_by_its_words(text: str) -> None:
    assert writing.language(writing.normal(text)) == ""


@pytest.mark.parametrize(("text", "own"), OURS)
def test_short_english_and_chinese_stay_what_they_are(text: str, own: str) -> None:
    assert writing.language(writing.normal(text)) == own and writing.spoken(writing.normal(text), own) == own


def test_a_tag_decides_where_words_do_not() -> None:
    for text in TAGGED:
        plain = writing.normal(text)
        assert writing.language(plain) and not writing.spoken(plain, "other") and writing.spoken(plain, None) == writing.language(plain)
    for text, own in (("The app is slow", "en"), ("这家店很慢", "zh"), ("等太久了吧", "zh")):
        assert writing.spoken(writing.normal(text), "other") == own, "a foreign phone is no foreign language"


@pytest.mark.parametrize(("said", "language"), [(SHORT, None), (TAGGED, "other")], ids=["by words", "by tag"])
def test_the_page_on_feelings_reads_none_of_them_and_says_so(rules: dict[str, Path], said: tuple[str, ...], language: str | None) -> None:
    given = company()
    both = joined(given, said, 200, language)
    step = pd.Series(heard.steps(both["responses"]), index=both["responses"]["response_id"])
    assert step[step.index.str.startswith("X")].eq("language").all()
    alone, one = (sentiment_aspects.study(made, heard.voices(made), **rules, seed=1) for made in (given, both))
    assert [e.value for e in one.ladder.rungs] == [e.value for e in alone.ladder.rungs] and one.study.answer == alone.study.answer
    told = [check for check in one.study.checks if "Chinese or English" in check.name.en]
    assert len(told) == 1 and told[0].passed is False and "Of 1,100 voices with words, 200 (18.2%) are in neither" in told[0].detail.en
    assert figures(told[0].detail.zh) == figures(told[0].detail.en) and not half_width(told[0].detail.zh)
    assert not verbs_exceed(told[0].detail.en, 0, "en") and not any("Chinese or English" in check.name.en for check in alone.study.checks)


def test_the_funnel_has_a_step_for_them() -> None:
    both = joined(company(60, labelled=0), SHORT, 13, None)
    chain = counting.flows(both)[0]
    assert int(chain.where.eq("language").sum()) == 13 and chain.labels["language"].en == "Left out: neither Chinese nor English"


def test_topics_are_not_found_in_them_either() -> None:
    both = joined(company(60, labelled=0), TAGGED, 10, "other")
    kept = topics.voices(both)
    strange = kept["response_id"].str.startswith("X")
    assert kept.loc[strange, "written"].eq("").all() and kept.loc[~strange, "written"].ne("").all()


def test_where_all_write_another_language_the_page_says_so_and_not_to_map_a_column(rules: dict[str, Path]) -> None:
    tables = company()
    only = joined({**tables, "responses": tables["responses"].head(300).assign(comment=None)}, SHORT, 60, None)
    kept = heard.voices(only)
    told = sentiment_aspects.study(only, kept, **rules).study
    reason, needs = told.headline[0].reason, told.decision
    assert "60 are in another language" in reason.en and "60 条写的是别的语言" in reason.zh
    assert "Translate the texts" in needs.en and "map the column comment" not in needs.en
