"""Names of topics are fit for print: swear words are starred in both languages, words that only look like them are not."""

import json

import pytest
from study_tables import spoken, texts
from topic_company import tables

from voclib.results import Text
from voclib.studies import topics
from voclib.studies.topics import text as topics_text
from voclib.text.profanity import masked


@pytest.mark.parametrize(("name", "shown"), [
    ("sucks · fucking · balls · shit", "sucks · f****** · balls · s***"), ("Bullshit · delay", "B******* · delay"),
    ("motherfucker", "m***********"), ("crappy app", "c***** app"), ("妈的 · 车机", "妈* · 车机"), ("他妈的 · 太慢", "他** · 太慢"),
    ("傻逼客服", "傻*客服"), ("太fuck了 · 2shit", "太f***了 · 2s***"), ("车机wtf", "车机w**"), ("狗日的 · 车机", "狗** · 车机")])
def test_swear_words_keep_their_first_letter_alone(name: str, shown: str) -> None:
    assert masked(name) == shown
    assert topics_text.quoted(name).en == f"“{shown}”" and topics_text.quoted(name).zh == f"“{shown}”"


@pytest.mark.parametrize("name", [
    "assist · lane · class", "cockpit · cocktail", "Scunthorpe", "shitake · soup", "retarder · brake", "Wankel engine", "passat · mass",
    "dictionary", "crapshoot", "niggles · niggling", "retarders · retardants", "bastardised", "whorls", "class1", "遛狗日常", "妈妈的车 · 爸妈的意见",
    "操作 · 我操作车机", "去死角 · 盲区", "damnation", "Pissarro", "雨刮电机 · 异响", ""])
def test_words_that_only_look_like_them_stay(name: str) -> None:
    assert masked(name) == name


def test_no_page_prints_a_swear_word_that_names_a_topic() -> None:
    given = tables()
    loud = given["responses"].assign(comment=lambda f: f["comment"].str.replace("异响", "混蛋").str.replace("lounge", "fucking"))
    one = topics.study({**given, "responses": loud}, watch_weeks=4, show_verbatims=False, seed=1)
    own = " ".join(topic.name for topic in one.model.topics())
    assert "混蛋" in own and "fucking" in own, "words that would have been printed"
    page = json.dumps([f.map(lambda x: [x.zh, x.en] if isinstance(x, Text) else str(x)).to_dict("records") for f in one.frames.values()]
                      + [[t.zh, t.en] for t in (*texts(one.study), *spoken(one.captions))] + [one.study.to_dict()], ensure_ascii=False)
    assert "混蛋" not in page and "fucking" not in page and "混*" in page and "f******" in page
