"""Names of topics are fit for print: swear words are starred in both languages, words that only look like them are not."""

import pytest

from voclib.studies.topics import text as topics_text
from voclib.text.profanity import masked


@pytest.mark.parametrize(("name", "shown"), [
    ("sucks · fucking · balls · shit", "sucks · f****** · balls · s***"), ("Bullshit · delay", "B******* · delay"),
    ("motherfucker", "m***********"), ("crappy app", "c***** app"), ("妈的 · 车机", "妈* · 车机"), ("他妈的 · 太慢", "他** · 太慢"),
    ("傻逼客服", "傻*客服")])
def test_swear_words_keep_their_first_letter_alone(name: str, shown: str) -> None:
    assert masked(name) == shown
    assert topics_text.quoted(name).en == f"“{shown}”" and topics_text.quoted(name).zh == f"“{shown}”"


@pytest.mark.parametrize("name", [
    "assist · lane · class", "cockpit · cocktail", "Scunthorpe", "shitake · soup", "retarder · brake", "Wankel engine", "passat · mass",
    "dictionary", "crapshoot", "妈妈的车 · 爸妈的意见",
    "操作 · 我操作车机", "去死角 · 盲区", "damnation", "Pissarro", "雨刮电机 · 异响", ""])
def test_words_that_only_look_like_them_stay(name: str) -> None:
    assert masked(name) == name
