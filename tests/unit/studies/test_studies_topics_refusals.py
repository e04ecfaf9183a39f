"""Where topics cannot be told: too few texts, templates, nobody's complaints; the page says how many there are and what would help."""

from __future__ import annotations

import pandas as pd
import pytest
from topic_company import tables

from voclib.results import Text, Verdict
from voclib.studies import topics
from voclib.studies.topics import text as topics_text


def test_too_few_texts_are_refused_in_words() -> None:
    one = topics.study(tables(n=60, new=0))
    assert not one.is_told and one.study.verdict is Verdict.REFUSE and set(one.notes) == set(topics_text.FIGURES)
    assert one.study.headline[0].kind == "refusal" and len(topics.against_truth(one, {"outbreak": {"x": 1}})) == 0


def test_the_reason_and_its_check_state_one_number() -> None:
    """Texts of the last weeks are no part of the fit; where even all of them are too few, both speak of all."""
    few = topics.study(tables(n=60, new=8))
    number = few.study.answer.en.removeprefix("Only ").split(" ")[0]
    assert few.study.answer.en.startswith("Only ") and few.study.checks[0].detail.en.startswith(f"{number} different texts")


def reworded(given: dict[str, pd.DataFrame], words: list[str]) -> dict[str, pd.DataFrame]:
    """The same voices saying something else, in turn."""
    voices = given["responses"]
    return {**given, "responses": voices.assign(comment=[words[k % len(words)] for k in range(len(voices))])}


@pytest.mark.parametrize(("words", "why", "left"), [
    ([f"第{k}号工单：客户反映车机升级以后频繁死机，等了{k + 3}天没有人回复，要求尽快处理并说明原因" for k in range(300)], "only 1 of 300", 1),
    (["".join(chr(0x4E00 + 80 * k + j) for j in range(40)) for k in range(240)], "no wording is shared by some and absent", 240),
    (["客户反映车机死机，要求尽快处理", "客户反映等待太久，要求给个说法"], "Only 2 different texts", 2)])
def test_texts_of_a_template_are_refused_with_their_number(words: list[str], why: str, left: int) -> None:
    one = topics.study(reworded(tables(n=600, new=0, hostile=False), words), watch_weeks=0)
    assert one.study.verdict is Verdict.REFUSE and why in one.study.answer.en and not one.is_told and one.study.decision.zh
    assert one.study.checks[0].detail.en == f"{left} different texts; at least 200 needed."


def test_a_handful_of_recent_texts_are_counted_though_none_is_fitted() -> None:
    given = tables(n=600, new=0, hostile=False)
    last = given["responses"].sort_values("submitted_at").tail(12)
    one = topics.study({**given, "responses": last.assign(comment=["好", "等了很久", "还行"] * 4).reset_index(drop=True)})
    assert one.study.answer == Text("只有 3 种不同的文字，分不出话题。", "Only 3 different texts: too few to find topics.")


def test_tables_without_text_are_refused_in_words() -> None:
    given = tables(n=50, new=0, hostile=False)
    bare = {**given, "responses": given["responses"].assign(comment=None)}
    one, kept = topics.study(bare), topics.voices(bare)
    assert len(kept) == 0 and set(topics.voices(given).columns) == set(kept.columns) and topics.by_channel(kept).empty
    assert not one.is_told and one.study.verdict is Verdict.REFUSE and "no topics can be found" in one.study.answer.en
    assert set(one.notes.values()) == {one.study.headline[0].reason} and one.study.checks[0].passed is False


def test_complaints_of_a_handful_of_people_are_refused_in_words() -> None:
    few = tables()
    few["responses"] = few["responses"].assign(customer_id=[f"C{i % 4}" for i in range(len(few["responses"]))], unit_id=None, author_id=None)
    few["responses"]["unit_id"] = few["responses"]["unit_id"].astype("str").mask(few["responses"]["unit_id"].isna())
    told = topics.study(few, watch_weeks=4, seed=1)
    assert told.study.verdict is Verdict.REFUSE and not told.is_told
    assert told.study.headline[0].kind == "refusal" and "4" in told.study.answer.en
    assert topics.study(tables(), watch_weeks=4, seed=1).study.verdict is not Verdict.REFUSE  # the same voices of many people
