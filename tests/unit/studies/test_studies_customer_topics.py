"""Topic shares of customers: held against a planted truth, and what is said where labels are few, missing or disagree."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, spoken

from voclib.errors import DataError
from voclib.reporting import charts, show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text
from voclib.studies.survivorship import customer_topics

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, dict]:
    """Four thousand customers and what was planted."""
    from voclib import simulate
    from voclib.schema import store

    folder = tmp_path_factory.mktemp("topics")
    truth = simulate.build(folder, customers=4000, raw=False)
    return store.read(folder / "standard"), truth["topics"]["by_topic"]


@pytest.fixture(scope="module")
def found(company) -> customer_topics.CustomerTopics:
    return customer_topics.shares(company[0])


def said(made: customer_topics.CustomerTopics) -> list[Text]:
    texts = spoken({k: dict(v) for k, v in made.captions.items()})
    return texts + [t for c in made.checks for t in (c.name, c.detail, c.consequence) if t]


def check(made: customer_topics.CustomerTopics, name: str):
    [one] = [c for c in made.checks if name in c.name.en]
    return one


def labels(company, **columns: object) -> Tables:
    return {**company[0], "gold_labels": company[0]["gold_labels"].assign(**columns)}


class TestTruth:
    def test_intervals_hold_the_planted_shares(self, company, found) -> None:
        held = [e.conf_low <= company[1][e.group]["share_customers"] <= e.conf_high for e in found.corrected]
        assert len(held) == 14 and sum(held) >= 12

    def test_and_say_something(self, found) -> None:
        """The twin: intervals from 0 to 1 would pass the test above."""
        assert np.mean([e.conf_high - e.conf_low for e in found.corrected]) < 0.08
        assert found.corrected[0].group == "waiting_time" and pd.Series([e.value for e in found.corrected]).is_monotonic_decreasing

    def test_row_order_and_names_of_customers_change_nothing(self, company, found) -> None:
        mixed = {k: v.sample(frac=1, random_state=1).reset_index(drop=True) for k, v in company[0].items()}
        again = customer_topics.shares(mixed)
        assert [e.group for e in again.corrected] == [e.group for e in found.corrected]
        assert np.allclose([e.value for e in again.corrected], [e.value for e in found.corrected], atol=1e-8)
        assert np.allclose([e.conf_low for e in again.corrected], [e.conf_low for e in found.corrected], atol=1e-8)


class TestLabels:
    @pytest.mark.parametrize("name", customer_topics.NEEDED)
    def test_a_missing_table_is_named(self, company, name: str) -> None:
        with pytest.raises(DataError, match=f"missing or empty: {name}"):
            customer_topics.shares({k: v for k, v in company[0].items() if k != name})

    def test_too_few_labels_are_counted(self, company) -> None:
        gold = company[0]["gold_labels"]
        few = {**company[0], "gold_labels": gold[gold["response_id"].isin(gold["response_id"].unique()[:150])]}
        with pytest.raises(DataError, match=r"^\d+ comments are labelled by people; .*at least 200"):
            customer_topics.shares(few)

    def test_no_comment_no_topic(self, company) -> None:
        mute = {**company[0], "responses": company[0]["responses"].assign(comment=" ")}
        with pytest.raises(DataError, match="No comment stands beside a score"):
            customer_topics.shares(mute)

    @pytest.mark.parametrize("bare", [
        lambda t: {"responses": t["responses"].assign(nps_score=pd.array([None] * len(t["responses"]), dtype="Int8"))},
        lambda t: {"invitations": t["invitations"].assign(touchpoint_id=None)},
        lambda t: {"gold_labels": t["gold_labels"].drop_duplicates("topic")},
        lambda t: {"gold_labels": t["gold_labels"].assign(topic=t["gold_labels"]["response_id"] + t["gold_labels"]["topic"])}])
    def test_what_cannot_be_counted_is_said_before_it_is_tried(self, company, bare) -> None:
        thin = {**company[0], **bare(company[0])}
        said = customer_topics.lacking(thin)
        assert said is not None and "no share is given" in said.en and customer_topics.lacking(company[0]) is None
        with pytest.raises(DataError):
            customer_topics.shares(thin)

    def test_a_topic_that_nobody_labelled_is_named_and_left_out(self, company) -> None:
        gold = company[0]["gold_labels"]
        made = customer_topics.shares({**company[0], "gold_labels": gold[gold["topic"] != "noise"]})
        missing = check(made, "Every topic")
        assert missing.passed is False and "rattles" in missing.detail.en and "异响" in missing.detail.zh
        assert len(made.corrected) == 13 and "noise" not in set(made.table["key"])

    def test_a_topic_with_one_label_does_not_stop_the_others(self, company, found) -> None:
        gold = company[0]["gold_labels"]
        once = gold[gold["topic"] == "noise"].drop_duplicates("topic")
        made = customer_topics.shares({**company[0], "gold_labels": pd.concat([gold[gold["topic"] != "noise"], once])})
        assert len(made.corrected) == 13 and check(made, "Every topic").passed is False and check(found, "Every topic").passed is True

    def test_labellers_who_disagree_fail_the_check(self, company, found) -> None:
        gold = company[0]["gold_labels"]
        second = gold["labeller_id"].eq("L02")
        made = customer_topics.shares(labels(company, is_present=gold["is_present"].where(~second, ~gold["is_present"])))
        assert check(made, "Labellers agree").passed is False and "−" in f"{check(made, 'Labellers agree').detail.en}".replace("-", "−")
        assert check(found, "Labellers agree").passed is True
        alone = customer_topics.shares({**company[0], "gold_labels": gold[~second]})
        assert check(alone, "Labellers agree").passed is None and "nan" not in check(alone, "Labellers agree").detail.en

    def test_answers_without_a_detractor_are_no_obstacle(self, company) -> None:
        happy = company[0]["responses"].assign(nps_score=company[0]["responses"]["nps_score"].clip(lower=7))
        made = customer_topics.shares({**company[0], "responses": happy})
        assert all(np.isfinite([e.value, e.conf_low, e.conf_high]).all() for e in made.corrected)


class TestShown:
    def test_the_level_stands_where_it_is_used(self, company, found) -> None:
        for made, level in ((customer_topics.shares(company[0], conf_level=0.8), 0.8), (found, 0.95)):
            assert {e.conf_level for e in made.corrected} == {level}
            subtitle = made.captions["figure"]["subtitle"]
            assert f"{level:.0%} 区间" in subtitle.zh and f"{level:.0%} interval" in subtitle.en

    def test_both_languages_say_the_same(self, found) -> None:
        for text in said(found):
            assert figures(text.zh) == figures(text.en), text
            assert not verbs_exceed(text.zh, 0, "zh") and not verbs_exceed(text.en, 0, "en") and not half_width(text.zh), text
            assert not re.search(r"\b(?:nan|inf|None)\b|显著|signific", text.zh + text.en) and not re.search(r"[，。；：]", text.en), text

    def test_it_can_be_drawn(self, found) -> None:
        assert charts.dumbbell(found.table, **found.captions["figure"]) and show.table(found.table, **found.captions["table"])
