"""Sentiment and aspects of voices: whose mark counts, what a share speaks for, what is refused, and that both languages say the same figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, spoken, texts

from voclib.errors import ParameterError
from voclib.reporting import show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text, Verdict
from voclib.schema import validate
from voclib.studies import sentiment_aspects
from voclib.studies.sentiment_aspects import aspect_shares, sentiment_shares
from voclib.studies.sentiment_aspects import captions as shown
from voclib.studies.sentiment_aspects import heard as sentiment_voices
from voclib.text import aspects, rules

DICTIONARY = """
entries:
  - {id: waiting_time, name: {zh: 等待时间, en: Waiting time}, kind: aspect, terms: {zh: [等了], en: [wait]}}
  - {id: noise, name: {zh: 异响, en: Noise}, kind: aspect, terms: {zh: [异响], en: [noise]}}
  - {id: brakes, name: {zh: 刹车片, en: Brake pads}, kind: feature, terms: {zh: [刹车片], en: [brake pads]}}
  - {id: m_e5, name: {zh: 辰星 E5, en: Chenxing E5}, kind: model, terms: {zh: [辰星E5], en: [Chenxing E5]}}
"""
CLASSES = """
classes:
  - {id: service, name: {zh: 服务, en: Service}, owner: {zh: 售后部, en: Aftersales}, any: {aspects: [waiting_time]}}
  - {id: quality, name: {zh: 质量, en: Quality}, owner: {zh: 质量部, en: Quality department}, any: {aspects: [noise]}}
"""
SAID = {"waiting_time": ("等了两个小时，太差了", "等了一会儿，一般", "没怎么等了就好了，非常满意"),
        "noise": ("又有异响，失望透顶", "有一点异响，还行", "异响修好了，很满意"), "": ("太差了，失望", "一般般", "非常满意，很好")}
HOSTILE = (None, "", "😀", "。。。", "a", "好" * 50_000, "\u200b\u200b", "</script><script>alert(1)</script> 等了", ".*+?^${}()|[]\\",
           "混合 mixed 异响 wait")
TONES = ("negative", "neutral", "positive")


def company(n: int = 900, *, seed: int = 3, marked: bool = True, labelled: int = 400) -> dict[str, pd.DataFrame]:
    """Voices of three channels: surveys with a recommendation score, reviews with a rating, calls with nothing but a mood tag."""
    rng = np.random.default_rng(seed)
    topic, tone = rng.choice(list(SAID), n), rng.choice(3, n, p=[0.3, 0.2, 0.5])
    channel = rng.choice(["sms", "app", "email", "review", "call"], n)
    score = np.array([[3, 5, 6], [7, 8, 8], [9, 10, 10]])[tone, rng.integers(0, 3, n)]
    survey, review = ~np.isin(channel, ["review", "call"]), channel == "review"
    frame = pd.DataFrame({
        "response_id": [f"R{k:04d}" for k in range(n)], "customer_id": [f"C{k // 2:04d}" for k in range(n)], "unit_id": "D1", "channel": channel,
        "submitted_at": [f"2026-0{1 + 3 * int(k)}-11 12:00" for k in rng.integers(0, 2, n)],
        "comment": [SAID[t][k] for t, k in zip(topic, tone, strict=True)],
        "nps_score": np.where(survey & marked, score.astype(str), None), "rating_score": np.where(review & marked, score.astype(str), None),
        "emotion": np.where(channel == "call", np.array(TONES)[tone], None), "language": "zh", "weight": "1"})
    drawn = sorted(rng.choice(n, labelled, replace=False))
    labels = pd.DataFrame([{"response_id": f"R{k:04d}", "topic": name, "labeller_id": "L1", "is_present": str(topic[k] == name).lower(),
                            "sampling_probability": str(labelled / n)} for k in drawn for name in ("waiting_time", "noise")])
    made = {"responses": frame} | ({"gold_labels": labels} if labelled else {})
    return {name: validate(table, name).accepted for name, table in made.items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("rules")
    for name, text in (("aspects", DICTIONARY), ("classes", CLASSES)):
        (folder / f"{name}.yml").write_text(text, "utf-8")
    return {"dictionary": folder / "aspects.yml", "classes": folder / "classes.yml"}


def study(tables: dict[str, pd.DataFrame], files: dict[str, Path], **more: Any) -> sentiment_aspects.SentimentAspects:
    return sentiment_aspects.study(tables, sentiment_voices.voices(tables), **files, **{"show_verbatims": True, "seed": 1} | more)


@pytest.fixture(scope="module")
def moods(files: dict[str, Path]) -> dict[str, sentiment_aspects.SentimentAspects]:
    """The study where all is there, where nobody labelled, and where nobody gave a mark."""
    bare = company(marked=False, labelled=0)
    bare["responses"] = bare["responses"].assign(emotion=pd.NA)
    return {"full": study(company(), files), "no labels": study(company(labelled=0), files, show_verbatims=False), "no marks": study(bare, files)}


@pytest.fixture(scope="module")
def voices() -> pd.DataFrame:
    """Voices read by a machine that is nearly right."""
    kept = sentiment_voices.voices(company(labelled=0))
    p = np.where(kept["own"].eq("negative") | (kept["own"].isna() & kept["tag"].eq("negative")), 0.9, 0.05)
    return kept.assign(negative=p, neutral=(1 - p) / 2, positive=(1 - p) / 2, read=np.where(p > 0.5, "negative", "positive"))


@pytest.fixture(scope="module")
def read(files: dict[str, Path]) -> tuple[pd.DataFrame, Any, aspects.Dictionary]:
    """Voices as the study reads them, the model, and the dictionary."""
    kept, model = sentiment_voices.read(sentiment_voices.voices(company()), seed=1)
    return kept, model, aspects.load(files["dictionary"])


class TestVoices:
    def test_only_voices_with_words_stay_and_each_of_the_others_has_a_reason(self) -> None:
        tables = company(len(HOSTILE) + 20, labelled=0)
        found = tables["responses"].assign(comment=[*HOSTILE, *["很好"] * 20])
        step = sentiment_voices.steps(found)
        assert list(step[:2]) == ["comment", "comment"] and step[3] == "unreadable" and set(step[4:6]) == {""} and step[6] == "comment"
        kept = sentiment_voices.voices({"responses": found})
        assert len(kept) == (step == "").sum() and kept["response_id"].is_monotonic_increasing and kept["written"].isin(["zh", "en"]).all()

    def test_channels_may_be_chosen(self) -> None:
        tables = company(60, labelled=0)
        kept = sentiment_voices.voices(tables, channels=["call", "sms"])
        assert set(kept["channel"]) == {"call", "sms"}
        assert (sentiment_voices.steps(tables["responses"], channels=["call"]) == "channel").sum() == tables["responses"]["channel"].ne("call").sum()
        with pytest.raises(ParameterError, match="No voice has channel 'cal'; did you mean 'call'"):
            sentiment_voices.voices(tables, channels=["cal"])

    def test_an_author_is_one_person_and_nobody_stands_alone(self) -> None:
        rows = company(4, labelled=0)["responses"].assign(customer_id=["C1", None, None, None], author_id=["A1", "A1", "A1", None])
        assert sentiment_voices.voices({"responses": rows})["person"].tolist() == ["C1", "author:A1", "author:A1", "alone:R0003"]

    def test_nothing_written_is_refused_in_words(self, files) -> None:
        bare = company(30, labelled=0)
        bare["responses"] = bare["responses"].assign(comment=pd.NA)
        kept = sentiment_voices.voices(bare)
        found = sentiment_aspects.study(bare, kept, **files)
        reason = found.study.headline[0].reason
        assert len(kept) == 0 == len(sentiment_voices.by_channel(kept, {})) and found.study.verdict is Verdict.REFUSE
        assert reason.en in found.study.answer.en and reason.zh in found.study.answer.zh and found.study.checks[0].passed is False
        assert set(found.notes.values()) == {reason} == {found.captions[name]["title"] for name in ("trend", "feelings", "pairs", "ladder")}
        assert len(sentiment_aspects.against_truth(found, {"topics": {"by_topic": {"price": {}}}})) == 0

    def test_unknown_periods_are_named(self) -> None:
        tables = company(30, labelled=0)
        with pytest.raises(ParameterError, match="month or quarter, not 'weeks'"):
            sentiment_voices.voices(tables, period="weeks")
        assert set(sentiment_voices.voices(tables, period="month")["period"]) == {"2026-01", "2026-04"}

    def test_a_score_goes_before_a_recommendation_and_a_tag_is_nobodys_mark(self) -> None:
        rows = company(8, labelled=0)["responses"].assign(nps_score=pd.array([6, 7, 9, None, None, None, None, None], dtype="Int64"),
                                                          rating_score=pd.array([10, None, None, 5, None, None, None, None], dtype="Int64"),
                                                          star_rating=pd.array([None] * 4 + [3, None, None, None], dtype="Int64"),
                                                          is_recommended=pd.array([None] * 5 + [True, False, None], dtype="boolean"),
                                                          emotion=[None] * 7 + ["negative"])
        many = pd.concat([rows.assign(response_id=rows["response_id"] + str(k)) for k in range(40)], ignore_index=True)
        made = sentiment_voices.own_label(many)
        assert list(made["own"][:7]) == ["negative", "neutral", "positive", "negative", "negative", "positive", "negative"]
        assert made["own"][7] is None and made["tag"][7] == "negative" and made["from_column"][3] == "rating_score"
        assert sentiment_voices.own_label(rows)["own"][7] == "negative", "with fewer than 200 marks a tag stands in"
        assert sentiment_voices.own_label(many, tags_are_marks=True)["own"][7] == "negative"

    def test_without_recommendation_scores_ratings_keep_their_own_cut(self) -> None:
        rows = company(40, labelled=0)["responses"].assign(nps_score=pd.NA, rating_score=pd.array([4, 5, 6, 7] * 10, dtype="Int64"))
        assert list(sentiment_voices.own_label(rows)["own"][:4]) == ["negative", "neutral", "neutral", "positive"]

    def test_the_table_of_channels_adds_up(self) -> None:
        kept = sentiment_voices.voices(company(labelled=0))
        table = sentiment_voices.by_channel(kept, {})
        assert table["voices"].sum() == len(kept) and table["scored"].sum() == kept["own"].notna().sum()
        call = table[table["key"].eq("call")].iloc[0]
        assert call["scored"] == 0 and call["tagged"] == call["voices"] and call["kinds"] == Text("—", "—")


class TestShares:
    def test_marks_speak_for_themselves_and_for_those_who_borrow(self, voices: pd.DataFrame) -> None:
        speaks = 1 / sentiment_shares.chances(voices)
        marked = voices["own"].notna().to_numpy()
        assert speaks[marked].sum() == pytest.approx(len(voices)), "all voices are spoken for, each once"
        assert (speaks[marked] > 1).all() and np.ptp(speaks[marked]) < 1e-12, "calls have no kin with marks and borrow from all"
        posts = voices.assign(channel=voices["channel"].replace("call", "post"))
        lent = 1 / sentiment_shares.chances(posts)
        assert lent[(posts["channel"] == "review").to_numpy()].min() > 1 and (lent[(posts["channel"] == "sms").to_numpy()] == 1).all()

    def test_the_three_shares_add_to_one_and_a_perfect_reader_is_not_moved(self, voices: pd.DataFrame) -> None:
        parts = [sentiment_shares.corrected(voices, which).value for which in TONES]
        assert sum(parts) == pytest.approx(1)
        sure = voices.assign(negative=voices["own"].eq("negative").where(voices["own"].notna(), voices["tag"].eq("negative")).astype(float))
        truth = sure["negative"].mean()
        assert sentiment_shares.corrected(sure).value == pytest.approx(truth)

    def test_borrowing_widens_the_interval(self, voices: pd.DataFrame) -> None:
        skew = voices.assign(negative=voices["negative"] * np.where(voices["channel"].eq("review"), 0.3, 1.0))
        channel, gold = (skew[c].to_numpy() for c in ("channel", "own"))
        off = np.where(pd.isna(gold), np.nan, (gold == "negative") - skew["negative"].to_numpy())
        between, n = sentiment_shares.borrowing(channel, off.astype(float))
        assert n == 4 and between > 0.005
        assert sentiment_shares.corrected(skew).std_error > 1.2 * sentiment_shares.corrected(voices).std_error
        assert sentiment_shares.borrowing(channel[:1], off[:1].astype(float)) == (0.0, 0)

    def test_few_marks_are_refused_and_say_what_is_needed(self, voices: pd.DataFrame) -> None:
        poor = voices.assign(own=voices["own"].where(np.arange(len(voices)) < 150))
        ladder = sentiment_shares.ladder(poor, np.zeros(len(poor)))
        assert ladder["corrected"].kind == "refusal" and "200" in ladder["corrected"].needs.zh and len(ladder.rungs) == 3

    def test_rungs_and_the_range_that_assumes_nothing(self, voices: pd.DataFrame) -> None:
        ladder = sentiment_shares.ladder(voices, voices["negative"].gt(0.5).to_numpy(dtype=float))
        assert [r.rung for r in ladder.rungs] == ["counted", "calibrated", "corrected", "marks_alone", "lexicon", "with_tags", "no_mark_range"]
        part, low = voices["channel"].eq("call").mean(), ladder["no_mark_range"]
        assert low.bound_high - low.bound_low == pytest.approx(part) and low.bound_low < ladder["corrected"].value < low.bound_high
        assert ladder["with_tags"].value == pytest.approx(ladder["corrected"].value, abs=0.02), "here the tags say what the words say"

    def test_a_channel_without_marks_borrows_and_is_wider(self, voices: pd.DataFrame) -> None:
        found, counted = sentiment_shares.by_channel(voices)
        call = next(e for e in found if e.group == "call")
        assert call.rung == "borrowed" and call.conf_low <= voices.loc[voices["channel"].eq("call"), "tag"].eq("negative").mean() <= call.conf_high
        assert set(counted) == {e.group for e in found} == set(voices["channel"])

    def test_weights_count_where_they_say_anything(self, voices: pd.DataFrame) -> None:
        heavy = voices.assign(weight=np.where(voices["negative"] > 0.5, 3.0, 1.0))
        assert sentiment_shares.weights(voices) is None
        assert sentiment_shares.corrected(heavy).value > sentiment_shares.corrected(voices).value + 0.1

    def test_reliability_has_classes_of_equal_size_in_order(self, voices: pd.DataFrame) -> None:
        table = sentiment_shares.reliability(voices)
        assert len(table) == 10 and np.ptp(table["n"]) <= 1 and table["predicted"].is_monotonic_increasing
        assert ((table["low"] <= table["observed"]) & (table["observed"] <= table["high"])).all()
        assert sentiment_shares.reliability(voices.head(50)).empty

    def test_a_change_needs_marks_in_both_periods(self, voices: pd.DataFrame) -> None:
        change = sentiment_shares.change(voices)
        values = [sentiment_shares.corrected(part).value for _, part in voices.groupby("period")]
        assert change.value == pytest.approx(values[1] - values[0]) and change.unit == "pp"
        assert sentiment_shares.change(voices[voices["period"].eq("2026Q1")]) is None
        moved = voices[~(voices["period"].eq("2026Q2") & voices["channel"].isin(["call", "review"]))]
        assert sentiment_shares.change(moved) is None, "other channels, no comparison"


class TestAspects:
    def test_a_voice_on_one_aspect_is_about_it_as_a_whole(self, read) -> None:
        voices, model, terms = read
        found = aspect_shares.find(voices, terms, read=model.read)
        assert list(found.spoken) == ["waiting_time", "noise"] and len(found.felt) == found.spoken.to_numpy().sum()
        alone = found.felt[found.felt["is_alone"]]
        assert (alone["negative"].to_numpy() == voices["negative"].to_numpy()[alone["row"]]).all()

    def test_two_aspects_are_read_in_their_own_clauses(self, read) -> None:
        voices, model, terms = read
        both = voices.head(1).assign(comment="又有异响，失望透顶。等了一会儿，非常满意", negative=0.5, neutral=0.0, positive=0.5, read="negative")
        felt = aspect_shares.find(both, terms, read=model.read).felt.set_index("id")
        assert not felt["is_alone"].any() and felt.loc["noise", "negative"] > felt.loc["waiting_time", "negative"]

    def test_pairs_count_a_voice_once_and_hide_features_of_small_cells(self, read) -> None:
        voices, model, terms = read
        told = voices.head(8).assign(comment=["辰星E5 的刹车片和刹车片"] * 6 + ["刹车片"] * 2, read=["negative"] * 2 + ["positive"] * 6)
        pairs = aspect_shares.find(told, terms, read=model.read).pairs
        assert pairs.to_dict("records") == [{"feature": "brakes", "model": "m_e5", "n": 6, "negative": 2}]
        assert aspect_shares.find(told.head(4), terms, read=model.read).pairs.empty

    def test_audits_need_two_hundred_labels_and_speak_of_labelled_channels_only(self, read) -> None:
        voices, model, terms = read
        tables, found = company(), aspect_shares.find(voices, terms, read=model.read)
        assert aspect_shares.audit(voices, found, None) is None and aspect_shares.audit(voices, found, tables["gold_labels"].head(300)) is None
        calls = voices.loc[voices["channel"].eq("call"), "response_id"]
        labels = tables["gold_labels"][~tables["gold_labels"]["response_id"].isin(calls)]
        result = aspect_shares.audit(voices, found, labels)
        assert result.channels == ("app", "email", "review", "sms") and result.n_voices == len(voices) - len(calls) and result.left_out == ()
        extra = pd.concat([labels, labels.head(2).assign(topic="unheard_of")])
        assert aspect_shares.audit(voices, found, extra).left_out == ("unheard_of",)

    def test_classes_sum_to_all_voices_and_keep_the_unclaimed(self, read, files: dict[str, Path]) -> None:
        voices, model, terms = read
        table = aspect_shares.classes(voices, rules.load(files["classes"], dictionary=terms), aspect_shares.find(voices, terms, read=model.read))
        assert table["n"].sum() == len(voices) and table["id"].iloc[-1] == "" and table["share"].sum() == pytest.approx(1)
        assert (table["negative"] <= table["n"]).all() and len(table.attrs["main"]) == len(voices)

    def test_verbatims_are_negative_by_word_and_mark_and_drawn_by_lot(self, read) -> None:
        voices, model, terms = read
        found = aspect_shares.find(voices, terms, read=model.read)
        told = aspect_shares.verbatims(voices, found, ["waiting_time", "noise"], shortest=5)
        assert set(told["text"]) == {SAID["waiting_time"][0], SAID["noise"][0]}, "equal texts are shown once"
        assert aspect_shares.verbatims(voices, found, []).empty


class TestThePage:
    def test_the_headline_is_what_was_planted(self, moods) -> None:
        chosen = moods["full"].study.headline[0]
        tables = company()
        truth = tables["responses"]["comment"].isin([t[0] for t in SAID.values()]).mean()
        assert chosen.conf_low <= truth <= chosen.conf_high and chosen.verdict is Verdict.REPORT_WITH_CAVEAT and chosen.n == 900
        assert set(moods["full"].topics["key"]) == {"waiting_time", "noise"} and len(moods["full"].verbatims) > 0

    def test_without_labels_aspects_are_counts_and_nothing_is_quoted(self, moods) -> None:
        bare = moods["no labels"]
        assert bare.topics.empty and bare.verbatims.empty and "topics" not in bare.captions and bare.study.verdict is Verdict.REPORT_WITH_CAVEAT
        assert any(c.passed is False and "counts of what the dictionary finds" in c.detail.en for c in bare.study.checks)
        words = [w for row in bare.telling[list(TONES)].to_numpy().ravel() for w in row.zh.split(" · ")]
        assert all(len(w) <= sentiment_aspects.LONGEST_WORD for w in words)

    def test_without_marks_there_is_no_number(self, moods) -> None:
        bare = moods["no marks"]
        assert bare.study.verdict is Verdict.REFUSE and bare.study.headline[0].kind == "refusal" and bare.study.naive is None
        assert bare.trend["estimate"].isna().all() and bare.calibration.empty and bare.telling.empty and bare.quality.empty
        assert {e.kind for e in bare.channels} == {"refusal"} and len(bare.feelings) == 2

    def test_the_same_in_any_order_of_rows(self, files: dict[str, Path], moods) -> None:
        mixed = {name: frame.sample(frac=1, random_state=5).reset_index(drop=True) for name, frame in company().items()}
        other = study(mixed, files)
        assert other.study.to_dict() == moods["full"].study.to_dict()
        pd.testing.assert_frame_equal(other.feelings, moods["full"].feelings)
        assert other.verbatims["text"].tolist() == moods["full"].verbatims["text"].tolist()

    def test_hostile_voices_give_a_page(self, files: dict[str, Path]) -> None:
        tables = company(labelled=0)
        said = [HOSTILE[k] if k < len(HOSTILE) else text for k, text in enumerate(tables["responses"]["comment"])]
        made = study({"responses": tables["responses"].assign(comment=said)}, files)
        assert made.study.headline[0].kind == "estimate" and made.study.headline[0].n < 900

    @pytest.mark.parametrize("alone", ["a channel of one voice", "one person", "one voice"])
    def test_a_voice_or_a_person_alone_has_no_interval_and_costs_nothing_else(self, files: dict[str, Path], alone: str) -> None:
        found = company(labelled=400)["responses"]
        found = {"a channel of one voice": found.assign(channel=found["channel"].mask(found["response_id"].eq("R0007"), "post")),
                 "one person": found.assign(customer_id="C0001"), "one voice": found.head(1)}[alone]
        labels = company()["gold_labels"]
        made = study({"responses": found, "gold_labels": labels[labels["response_id"].isin(found["response_id"])]}, files)
        show.intervals(made.channels, naive=made.counted, **made.captions["channels"])
        show.ladder(made.ladder, **made.captions["ladder"]).html()
        if alone == "a channel of one voice":
            assert made.ladder["corrected"].kind == "estimate" and "post" not in made.counted
            assert {e.group: e.kind for e in made.channels}["post"] == "refusal"
        else:
            assert made.study.verdict is Verdict.REFUSE and made.ladder["corrected"].kind == "refusal" and not len(made.topics)

    def test_a_handful_of_marks_proves_no_reading_and_is_not_called_none(self, files: dict[str, Path]) -> None:
        found = company(labelled=0)["responses"]
        made = study({"responses": found[found["channel"].eq("sms")].head(12)}, files)
        checks = {c.name.en: c for c in made.study.checks}
        assert checks["Every channel has its own yardstick"].detail.en.startswith("Fewer than 30 scores in Text message: 12 voices")
        for name in ("Reading beats guessing", "Probabilities are reliable"):
            assert checks[name].passed is None and "Too few voices carry a score" in checks[name].detail.en
        assert len(made.quality) and "note" not in made.captions["quality"]

    @pytest.mark.parametrize("marks", [60, 190])
    def test_where_no_share_is_given_no_chart_is_titled_with_one(self, files: dict[str, Path], marks: int) -> None:
        """"Most often negative when named: Warranty, 20%" stood under "no share is given"; 190 marks are enough for an aspect, not for the page."""
        found = company(labelled=0)["responses"]
        made = study({"responses": found[found["channel"].eq("sms")].head(marks)}, files)
        assert made.study.verdict is Verdict.REFUSE and len(made.feelings) and shown.drawn(made.feelings).empty
        assert "%" not in made.captions["feelings"]["title"].en + made.captions["feelings"]["title"].zh
        usual = study(company(labelled=0), files)
        assert "%" in usual.captions["feelings"]["title"].en and len(shown.drawn(usual.feelings))

    def test_the_worst_read_is_the_worst_of_groups_that_are_named(self) -> None:
        """A row of 7 marks read worse (57%) than the group called worst (88%)."""
        row = {"range": Text("", ""), "lexicon_accuracy": 0.5, "majority_accuracy": 0.5, "calibration_error": 0.0}
        rows = [{"group": Text(name, name), "n": n, "accuracy": a, **row} for name, n, a in (("A", 7, 0.57), ("B", 41, 0.88), ("C", 60, 0.91))]
        notes = [shown._quality(pd.DataFrame(part), "95%")["note"] for part in (rows, rows[1:], rows[:2])]
        assert notes[0].en.startswith("Among groups with 30 scores or more, read worst is B (88%)") and "fewer than 30" in notes[0].en
        assert notes[1].en.startswith("Read worst is B (88%)") and "30" not in notes[1].en
        assert notes[2].en.startswith("Only B has 30") and "worst is B" not in notes[2].en
        assert [t for t in notes if half_width(t.zh)] == []

    def test_a_quoted_voice_without_a_day_is_given_none(self, files: dict[str, Path]) -> None:
        tables = company()
        made = study({**tables, "responses": tables["responses"].assign(submitted_at=tables["responses"]["touched_at"])}, files)
        assert len(made.verbatims) and {t.en.count("·") for t in made.verbatims["where"]} == {1}
        assert not any("nan" in t.en.lower() for t in made.verbatims["where"])

    def test_truth_is_compared_only_where_it_is_known(self, moods) -> None:
        full, planted = moods["full"], {"noise": {"share_voices": 0.33, "share_negative_voices": 0.10}}
        compared = sentiment_aspects.against_truth(full, {"topics": {"by_topic": planted}})
        assert len(compared) == 1 and compared["held"].iloc[0] == 2 and compared["inside"].iloc[0] == shown.YES
        assert sentiment_aspects.against_truth(full, {}).empty and sentiment_aspects.against_truth(moods["no labels"], {"topics": {}}).empty
        wrong = sentiment_aspects.against_truth(full, {"topics": {"by_topic": {"noise": {"share_voices": 0.9, "share_negative_voices": 0.9}}}})
        assert wrong["held"].iloc[0] == 0 and wrong["inside"].iloc[0] == shown.NO[3]

    def test_the_step_of_every_voice_has_words(self) -> None:
        tables = company(30, labelled=0)
        assert set(sentiment_voices.steps(tables["responses"].assign(comment=["。。。", None] * 15))) == {"unreadable", "comment"}


class TestWords:
    def said(self, made: sentiment_aspects.SentimentAspects) -> list[Text]:
        cells = [c for frame in (made.topics, made.classes, made.quality, made.telling) for c in frame.to_numpy().ravel() if isinstance(c, Text)]
        return [*texts(made.study), *spoken(dict(made.captions)), *cells]

    def test_no_sentence_claims_more_than_a_description(self, moods) -> None:
        for made in moods.values():
            for text in self.said(made):
                assert bool(text.zh) == bool(text.en), text
                for lang in ("zh", "en"):
                    assert verbs_exceed(text[lang], 0, lang) == [], text[lang]
                assert half_width(text.zh) == [] and "显著" not in text.zh, text.zh

    def test_both_languages_say_the_same_figures(self, moods) -> None:
        for made in moods.values():
            study = made.study
            for text in [study.answer, study.decision, study.caveat, study.kicker, *(c.detail for c in study.checks),
                         *(c["title"] for c in made.captions.values())]:
                assert figures(text.zh) == figures(text.en), text

    def test_where_every_voice_is_marked_the_machine_is_not_blamed(self, files: dict[str, Path]) -> None:
        tables = company(labelled=0)
        made = sentiment_aspects.study(tables, sentiment_voices.voices(tables, tags_are_marks=True), **files, seed=1)
        assert "每条声音都有分数" in made.study.caveat.zh and [r.rung for r in made.ladder.rungs][-1] == "lexicon"
        assert made.ladder["corrected"].value == pytest.approx(made.ladder["marks_alone"].value)

    def test_ties_are_admitted_and_owners_named(self, moods) -> None:
        study = moods["full"].study
        assert ("分不出先后" in study.answer.zh) == ("cannot be separated from" in study.answer.en)
        assert "售后部" in study.decision.zh or "质量部" in study.decision.zh
        assert "labelled" not in study.decision.en and "200" in moods["no labels"].study.decision.zh
