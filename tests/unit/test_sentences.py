"""Sentences in two languages: a count chooses its word, and a name stands as it should inside a sentence."""

from __future__ import annotations

import pytest

from voclib.errors import ParameterError
from voclib.results import Text
from voclib.sentences import capital, first_sentence, inside, joined, listed, say


@pytest.mark.parametrize(("n", "en"), [(0, "0 periods later"), (1, "1 period later"), (2, "2 periods later"), (1200, "1,200 periods later")])
def test_a_count_chooses_the_word_that_goes_with_it(n: int, en: str) -> None:
    made = say("{n} 期之后", "{n} {n:period|periods} later", n=n)
    assert made.en == en and made.zh == f"{n:,} 期之后"


@pytest.mark.parametrize(("name", "zh"), [("NPS", "作答者的 NPS 是"), ("满意度", "作答者的满意度是"), ("X6 车", "作答者的 X6 车是"),
                                         ("“fob”", "作答者的“fob”是"), ("3 倍", "作答者的3 倍是"), ("", "作答者的是")])
def test_latin_letters_stand_apart_in_chinese(name: str, zh: str) -> None:
    made = say("作答者的{name}是", "The{name}is", name=Text(name, name))
    assert (made.zh, made.en) == (zh, f"The{name}is")


@pytest.mark.parametrize(("name", "en"), [("NPS", "NPS"), ("Mean rating", "mean rating"), ("Satisfaction (CSAT)", "satisfaction (CSAT)"), ("", "")])
def test_a_name_loses_its_capital_inside_a_sentence_but_an_abbreviation_keeps_it(name: str, en: str) -> None:
    assert inside(Text("名", name)) == Text("名", en)


def test_a_value_that_is_not_given_is_named() -> None:
    with pytest.raises(ParameterError, match="needs a value named 'k'"):
        say("{n}", "{n} of {k}", n=1)


def test_the_first_sentence_is_cut_after_a_full_stop_only() -> None:
    assert first_sentence("NPS 是 3.1 分。其余见下。") == ("NPS 是 3.1 分。", "其余见下。")
    assert first_sentence("The mean is 3.1 points. The rest follows.") == ("The mean is 3.1 points.", "The rest follows.")
    assert first_sentence("大概不是。更可能在 18 上下。回访更低。") == ("大概不是。更可能在 18 上下。", "回访更低。")
    assert first_sentence("Only one") == ("Only one", "")


def test_sentences_run_on_in_chinese_and_are_spaced_in_english() -> None:
    told, more, nothing = Text("甲。", "One."), Text("乙。", "Two."), Text("", "")
    assert joined(told, more) == Text("甲。乙。", "One. Two.") and joined(told, nothing) == told and joined() == nothing


def test_names_stand_in_a_row_and_a_word_stands_for_none() -> None:
    names = [Text("门店", "dealers"), Text("区域", "regions")]
    assert listed(names) == listed(iter(names)) == Text("门店、区域", "dealers, regions")
    assert listed([], none=Text("无", "none")) == Text("无", "none") and listed([]) == Text("", "")


def test_a_name_that_begins_a_sentence_has_a_capital() -> None:
    assert capital(Text("门店", "dealers")) == Text("门店", "Dealers") and capital(Text("", "")) == Text("", "")
