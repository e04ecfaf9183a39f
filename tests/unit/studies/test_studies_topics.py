"""What customers talk about: planted topics, one at one dealer, one of one model, one that is new; every voice counted, both languages alike."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, spoken, texts
from topic_company import tables

from voclib.errors import ParameterError
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text, Verdict
from voclib.sentences import first_sentence
from voclib.studies import topics
from voclib.studies.topics import captions as topic_captions
from voclib.studies.topics import checks as topic_checks
from voclib.studies.topics import heard as topic_voices
from voclib.studies.topics import spread as topic_spread
from voclib.studies.topics import tables as topic_tables
from voclib.studies.topics import text as topics_text
from voclib.text import emerging, engines

ENTRY = "  - {{id: {id}, name: {{zh: {zh}, en: {en}}}, kind: aspect, terms: {{zh: [{a}], en: [{b}]}}}}\n"
BOOK = "entries:\n" + "".join(ENTRY.format(id=i, zh=z, en=e, a=a, b=b) for i, z, e, a, b in (
    ("waiting_time", "等待时间", "Waiting time", "等了, 干等, 排队", "wait, queue"), ("parts_price", "配件价格", "Price of parts", "配件, 账单",
                                                                            "parts price"),
    ("noise", "异响", "Noise", "异响, 咯噔", "rattle"), ("lounge", "休息区", "Lounge", "休息区", "lounge")))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("rules") / "aspects.yml"
    path.write_text(BOOK, "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def told(book: str) -> topics.Talk:
    return topics.study(tables(), dictionary=book, watch_weeks=4, seed=1)


@pytest.fixture(scope="module")
def silent() -> topics.Talk:
    """Without a dictionary and without verbatims, nothing new."""
    return topics.study(tables(new=0), watch_weeks=4, show_verbatims=False, seed=1)


def test_no_voice_with_text_is_dropped(told: topics.Talk) -> None:
    given = tables()["responses"]
    written = given["comment"].fillna("").str.strip().ne("")
    assert len(told.kept) == written.sum() == topics.facts(told.kept, tables())[Text("条声音有文字", "voices with text")]
    assert (topics.steps(given) == "").sum() == written.sum()
    assert told.topics["voices"].sum() + told.kept["topic"].eq(-1).sum() == len(told.kept)
    assert topics.by_channel(told.kept)["all"].sum() == len(told.kept)


def test_the_order_of_rows_changes_nothing(told: topics.Talk, book: str) -> None:
    given = tables()
    mixed = {name: frame.sample(frac=1, random_state=3).reset_index(drop=True) for name, frame in given.items()}
    again = topics.study(mixed, dictionary=book, watch_weeks=4, seed=1)
    assert json.dumps(again.study.to_dict(), ensure_ascii=False) == json.dumps(told.study.to_dict(), ensure_ascii=False)
    for name, frame in told.frames.items():
        pd.testing.assert_frame_equal(frame, again.frames[name], obj=name)


def test_the_complaint_most_named_leads(told: topics.Talk) -> None:
    bad = told.kept["own"].eq("negative")
    named = told.kept.loc[bad, "comment"].str.contains("等了|干等|排队|wait|queue").mean()
    share = next(e for e in told.subjects if e.group == "waiting_time")
    assert share.value == pytest.approx(named, abs=0.02) and share.conf_low < named < share.conf_high
    assert told.study.headline[0].value == max(e.value for e in told.subjects) and told.study.headline[0].group == ""
    assert told.study.verdict is Verdict.REPORT_WITH_CAVEAT


def test_labels_by_people_take_the_errors_of_words_out(book: str) -> None:
    """A word that also stands in other complaints counts too many; voices labelled by people mend that, and the count stands beside."""
    given = tables(new=0, hostile=False)
    voices = given["responses"]
    fooled = voices["comment"].str.contains("咯噔|第.*次返修").fillna(False)  # complaints of noise that also say the word for waiting
    voices = voices.assign(comment=voices["comment"].where(~fooled, voices["comment"] + "，排队"))
    rng = np.random.default_rng(4)
    drawn = voices[(voices["nps_score"] <= 6) & (rng.random(len(voices)) < 0.5)]
    truth = {"waiting_time": "等了|干等|保养预约|wait|queue", "noise": "异响|咯噔"}
    gold = pd.concat([pd.DataFrame({"response_id": drawn["response_id"], "topic": topic, "labeller_id": "L1", "sampling_probability": 0.5,
                                    "is_present": drawn["comment"].str.replace("，排队", "").str.contains(words + "|排队" * (topic[0] == "w"))})
                      for topic, words in truth.items()])
    one = topics.study({**given, "responses": voices, "gold_labels": gold}, dictionary=book, watch_weeks=4, seed=1)
    bad = one.kept["own"].eq("negative")
    real = one.kept.loc[bad, "comment"].str.replace("，排队", "").str.contains(truth["waiting_time"] + "|排队").mean()
    share = next(e for e in one.subjects if e.group == "waiting_time")
    assert share.conf_low < real < share.conf_high and abs(share.value - real) < 0.03 and share.rung == "corrected"
    assert one.beside["waiting_time"].value > real + 0.05, "as counted, it is too many"
    assert {e.group for e in one.subjects} == set(truth) and one.study.naive is not None
    assert one.captions["subjects"]["note"].en.endswith("report 10 reads the words, so its order may differ.")


def test_a_complaint_of_one_dealer_and_one_of_one_model_are_told_apart(told: topics.Talk) -> None:
    inside = {name: told.kept["comment"].str.contains(words) & told.kept["own"].eq("negative")
              for name, words in (("wait", "排队|干等"), ("price", "配件"), ("noise", "异响|咯噔"))}
    dealer, model = ({name: one for name, one in zip(inside, topic_tables.places_of(told.kept, list(inside.values()), column, conf_level=0.95,
                                                                                    seed=1),
                                                     strict=True)} for column in ("dealer", "model"))
    assert dealer["price"].verdict == "local" and dealer["price"].top == "辰星D03店" and dealer["price"].top_n > 3 * dealer["price"].top_expected
    assert model["noise"].verdict == "local" and model["noise"].top == "乙车" and model["wait"].verdict == "spread"
    assert topics_text.reading(dealer["wait"], model["wait"]).en.startswith(("systemic", "cannot", "everywhere"))
    assert "辰星D03店" in topics_text.reading(dealer["price"], model["price"]).zh and "乙车" in topics_text.reading(dealer["noise"],
                                                                                                               model["noise"]).zh
    assert any("辰星D03店" in text.zh for text in told.frames["places"]["reading"])


def test_a_dictionary_made_for_others_does_not_rank(told: topics.Talk, tmp_path: Path) -> None:
    """Three complaints in four are on what it does not know: its only theme would lead the page, which the largest topic does instead."""
    path = tmp_path / "other.yml"
    path.write_text("entries:\n" + ENTRY.format(id="noise", zh="异响", en="Noise", a="咯噔", b="rattle"), "utf-8")
    one = topics.study(tables(new=0), dictionary=str(path), watch_weeks=4, seed=1)
    bad = one.kept["own"].eq("negative")
    known = one.kept.loc[bad, "comment"].str.contains("咯噔").mean()
    check, fitting = (next(c for c in two.study.checks if c.name.zh == "词典合用") for two in (one, told))
    assert known < 0.25 and check.passed is False and fitting.passed is True and f"{known:.0%}" in check.detail.en
    assert len(one.subjects) > 1 and all(e.group.isdigit() for e in one.subjects) and "异响最多" not in one.study.answer.zh
    assert one.subjects[0].value > 1.3 * known, "the largest topic is larger than the only theme"


def one_spread(verdict: str, n: int = 60, reached: int = 5, groups: int = 5) -> topic_spread.Spread:
    return topic_spread.Spread(n=n, groups=groups, reached=reached, uneven=0.1, low=0.0, high=0.3, p_value=0.5, top_p=0.5, top="A", top_n=20,
                               top_expected=18.0, verdict=verdict)


@pytest.mark.parametrize(("model", "n", "en", "zh"), [
    ("spread", 60, "systemic: no single dealer or model stands out", "共性"),
    ("few", 0, "no single dealer stands out; models not known", "车型不知道"),
    ("few", 9, "no single dealer stands out; model known for too few people (9)", "只有 9 人")])
def test_what_is_not_known_of_models_is_not_called_systemic(model: str, n: int, en: str, zh: str) -> None:
    found = topics_text.reading(one_spread("spread"), one_spread(model, n=n))
    assert found.en == en and zh in found.zh and ("共性" in found.zh) == (model == "spread")


def test_everywhere_means_every_group() -> None:
    assert topics_text.spread(one_spread("spread")) == Text("各处都有（5/5）", "everywhere (5 of 5)")
    some = topics_text.spread(one_spread("spread", reached=1, groups=2))
    assert some == Text("与各处人数相称（2 处里 1 处有人说）", "in proportion (heard in 1 of 2)")


def new_theme(word: str, language: str) -> emerging.Theme:
    day = datetime.date(2026, 9, 1)
    return emerging.Theme(kind="new", language=language, words=(word,), topic=None, n=9, expected=0.0, ratio=9.0, conf_low=3.0, conf_high=20.0,
                          p_value=1e-6, threshold=1e-4, first_seen=day, found_on=day, latest=5, members=(1, 2))


def test_new_words_of_two_languages_may_be_one_matter_and_are_marked(told: topics.Talk) -> None:
    share = told.subjects[0]
    lead = SimpleNamespace(name=Text("等待", "Waiting"), shares=(share,), ties=0, is_complaint=True)
    both, watch = [new_theme("钥匙", "zh"), new_theme("fob", "en")], told.watch
    two = topics_text.answer(lead, both, watch, 8, 1)
    assert two.zh.startswith("最近 8 周有 2 个新词：“钥匙”、“fob”（英文）；两种语言说的可能是同一件事。")
    assert two.en.startswith("2 new words in the last 8 weeks: “fob”, “钥匙” (Chinese), possibly the same matter in two languages.")
    one = topics_text.answer(lead, both[:1], watch, 8, 1)
    assert one.en.startswith("1 new topic in the last 8 weeks: “钥匙” (Chinese).") and "同一件事" not in one.zh
    asked = topics_text.decision(lead.name, one_spread("spread"), one_spread("spread"), both)
    assert asked.en.startswith("First read what customers say about the new “fob”, “钥匙” (Chinese). ")
    assert asked.zh.startswith("先读新出现的“钥匙”、")


def test_what_is_new_is_listed_and_a_quiet_month_lists_nothing(told: topics.Talk, silent: topics.Talk) -> None:
    new = told.frames["emerging"][told.frames["emerging"]["kind"].eq(topics_text.KINDS["new"])]
    assert len(new) >= 1 and any("钥匙" in text.zh for text in new["theme"]) and new["delay"].max() <= 10
    assert told.study.headline[1].value == len(new)
    assert told.frames["days"].groupby("theme")["n"].sum().min() >= 5
    assert not [t for t in silent.watch.themes if t.kind == "new"] and silent.study.headline[1].value == 0


def test_the_usual_alarm_goes_off_more_often_than_the_list(silent: topics.Talk) -> None:
    until = silent.kept["day"].max() - pd.Timedelta(weeks=12)
    assert topic_checks.usual_alarms(silent.kept, until) > len(silent.watch.themes)


def test_without_verbatims_no_run_of_a_text_stands_anywhere(silent: topics.Talk, told: topics.Talk) -> None:
    """Runs of 7 Chinese or 16 Latin signs: shorter ones are words."""
    def runs(one: topics.Talk) -> list[str]:
        page = json.dumps([f.map(lambda x: [x.zh, x.en] if isinstance(x, Text) else str(x)).to_dict("records") for f in one.frames.values()]
                          + [[t.zh, t.en] for t in (*texts(one.study), *spoken(one.captions))], ensure_ascii=False)
        found = {text[k:k + size] for text in one.kept["comment"] if len(text) < 200 for size in [16 if text.isascii() else 7]
                 for k in range(len(text) - size)}
        return [run for run in found if run in page]

    assert runs(silent) == [] and len(runs(told)) > 10
    assert len(silent.frames["verbatims"]) == 0 and "原话" in silent.notes["verbatims"].zh


def test_the_first_sentence_of_the_caveat_is_the_same_in_both_languages() -> None:
    frame = pd.DataFrame({"is_stable": [True, False, True]})
    for labelled, is_worded in ((900, True), (0, True), (0, False)):
        said = topics_text.caveat(frame, is_worded=is_worded, labelled=labelled)
        first = {lang: first_sentence(said[lang])[0] for lang in ("zh", "en")}
        assert figures(first["zh"]) == figures(first["en"]) and "by machine" in first["en"] and "机器归并" in first["zh"], "a portal shows this alone"
        assert said.en.endswith(("Both speak" if is_worded or labelled else "They speak") + " only for customers who wrote.")


def test_both_languages_say_the_same_numbers_and_claim_no_more_than_was_seen(told: topics.Talk, silent: topics.Talk) -> None:
    for one in (told, silent):
        said = [*texts(one.study), *spoken(one.captions), *one.notes.values()]
        quotes = [name for theme in one.watch.themes for name in theme.words] + one.topics["name"].tolist()
        for text in said:
            assert not any(q in text.zh for q in quotes) or any(q in text.en for q in quotes)
            for lang in ("zh", "en"):
                assert verbs_exceed(text[lang], 0, lang) == [], text[lang]
            assert half_width(text.zh) == [], text.zh
        for check in one.study.checks:
            assert figures(check.detail.zh) == figures(check.detail.en), check.detail


def test_the_frames_hold_what_their_captions_say(told: topics.Talk) -> None:
    for name, frame in told.frames.items():
        if (columns := told.captions.get(name, {}).get("columns")) is not None:
            assert set(columns) <= set(frame.columns), name
    assert len(told.frames["cards"]) == len(told.frames["places"]) == min(8, told.topics["tone"].eq("worse").sum()) > 0
    assert told.frames["joined"]["voices"].sum() + told.frames["unlinked"]["voices"].sum() == told.topics["voices"].sum()
    assert told.frames["moved"]["topics"].sum() == len(told.topics)
    assert {"waiting_time", "lounge"} <= set(told.topics["theme"])


def test_where_nothing_is_a_complaint_no_part_of_none_is_told(told: topics.Talk) -> None:
    """It read "0 of 0 complaint topics are systemic"."""
    none = topic_captions._complaints({name: frame.head(0) for name, frame in told.frames.items()}, 0.95)
    for name in ("cards", "places", "alike"):
        assert not set("0123456789") & set(none[name]["title"].en + none[name]["title"].zh)
        assert "0 of" not in none[name]["title"].en and figures(told.captions[name]["title"].en), "with complaints it counts them"


def test_like_complaints_are_one_group_and_a_wave_reads_otherwise() -> None:
    given = tables(new=0, hostile=False)
    day = given["responses"]["submitted_at"].max() - pd.Timedelta(days=60)
    first = given["responses"]
    copied = first.head(14).assign(response_id=[f"W{k}" for k in range(14)], submitted_at=day, nps_score=1, comment=[
        f"这家店骗人，大家一起转发，让更多人看到{sign}" for sign in "！。~…，；" for _ in range(3)][:14])
    often = first.tail(20).assign(response_id=[f"S{k}" for k in range(20)], nps_score=1, comment=[
        f"退订金拖了{k}个星期还不到账{sign}" for k in range(5) for sign in "！。…；"])
    more = pd.concat([copied, often]).astype({"nps_score": first["nps_score"].dtype})
    one = topics.study({**given, "responses": pd.concat([first, more], ignore_index=True)}, watch_weeks=4, seed=1)
    readings = [text.zh for text in one.frames["alike"]["reading"]]
    assert any("转发" in text for text in readings) and any(text == "多家门店反复出现" for text in readings)
    assert not any("系统性" in text for text in readings), "five dealers of twelve, and no test against what is usual"
    assert f"其中 {sum(text == '多家门店反复出现' for text in readings)} 组在多家门店反复出现" in one.captions["alike"]["title"].zh
    assert one.frames["alike"]["people"].min() >= 1 and one.frames["alike"]["texts"].min() >= 3


def test_many_voices_of_one_wording_before_the_others_are_no_error() -> None:
    given = tables(n=600, new=0, hostile=False)
    voices = given["responses"]
    same = pd.concat([voices] * 3, ignore_index=True).head(topic_checks.ORDERED)
    same = same.assign(response_id=[f"A{k:05d}" for k in range(len(same))], comment="系统自动回访：客户表示满意")
    one = topics.study({**given, "responses": pd.concat([same, voices], ignore_index=True)}, watch_weeks=4, seed=1)
    order = next(check for check in one.study.checks if "order of rows" in check.name.en)
    assert one.is_told and order.passed and topic_checks.ORDERED < int(order.detail.en.split()[0].replace(",", "")) <= len(one.kept)


def test_a_gpu_is_told_and_a_processor_is_not(told: topics.Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    card = engines.CpuEngine()
    object.__setattr__(card, "name", "gpu")  # a processor that passes for a card
    monkeypatch.setattr(engines.CpuEngine, "describe", lambda self: {"engine": self.name, "device": "Some Card", "cuml-cu13": "26.10.0"})
    monkeypatch.setattr(topics.engines, "engine", {"gpu": card}.get)
    one = topics.study(tables(n=400, new=0), watch_weeks=4, seed=1, engine="gpu")
    told_of = [check for check in one.study.checks if "Some Card, cuML 26.10.0" in check.detail.en]
    assert len(told_of) == 1 and told_of[0].passed is None and "Some Card" in told_of[0].detail.zh
    assert not any("GPU" in check.name.en for check in told.study.checks)


def test_truth_is_compared_where_there_is_one(told: topics.Talk) -> None:
    planted = {"theme": {"zh": "钥匙失灵", "en": "keys that fail"}, "words": {"zh": ["钥匙"], "en": ["key"]}, "voices_n": 30, "english_n": 0,
               "first_day": "2026-09-21"}
    row = topics.against_truth(told, {"outbreak": planted}).set_index("voices").loc[30]
    assert 0 <= row["delay"] <= 9 and row["others"] == 0 and "钥匙" in row["found"].zh
    assert len(topics.against_truth(told, {})) == 0
    missed = topics.against_truth(replace(told, watch=replace(told.watch, themes=())), {"outbreak": planted})
    assert missed["found"].tolist() == [topics_text.NOT_FOUND] * 2 and missed["delay"].isna().all()


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"train_until": "somewhen"}, ParameterError, "a day such as"), ({"watch_weeks": -1}, ParameterError, "at least 0"),
    ({"dictionary": "nowhere.yml"}, ParameterError, "nowhere.yml"), ({"layout": "grpah"}, ParameterError, "graph"),
    ({"granularity": "fine"}, ParameterError, "'auto' or a number"), ({"engine": "gpus"}, ParameterError, "cpu, gpu, auto"),
])
def test_wrong_settings_are_named(change: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        topics.study(tables(n=400, new=0), **change)


@pytest.mark.parametrize(("days", "why"), [(0, "No voice has a time"), (40, "Too short: ")])
def test_voices_without_a_past_have_topics_and_no_news(told: topics.Talk, book: str, days: int, why: str) -> None:
    """Reviews that came without a date, or of a few weeks: what they speak of is told, what is new and what moved is refused in words."""
    given, first = tables(), tables()["responses"]["submitted_at"].min()
    when = first + (given["responses"]["submitted_at"] - first) % pd.Timedelta(days=days or 1)
    voices = given["responses"].assign(submitted_at=when if days else given["responses"]["touched_at"])
    one = topics.study({**given, "responses": voices}, dictionary=book, watch_weeks=2, seed=1)
    share, before = (next(e for e in two.subjects if e.group == "waiting_time") for two in (one, told))
    assert one.is_told and share.value == pytest.approx(before.value, abs=0.02), "themes by their words hang on no date"
    assert one.watch.refusal is not None and one.watch.refusal.en.startswith(why) and why in one.study.answer.en
    assert not one.study.answer.en.startswith(why) and [e.estimand for e in one.study.headline] == ["complaint_share"]
    assert why in one.notes["emerging"].en and all(text.zh == "—" for text in one.frames["cards"]["change"])
    assert (len(one.frames["trend"]) > 0) == (len(one.frames["moved"]) > 0) == (days > 0), "what has a time has a course, and later voices"
    assert not any("alarm" in check.name.en for check in one.study.checks)
    for text in (*texts(one.study), *spoken(one.captions), *one.notes.values()):
        assert not any(word in text.en for word in ("NaT", "nan", "None")), text


def test_a_channel_without_scores_lends_the_tag_of_its_source() -> None:
    given = tables(n=300, new=0, hostile=False)
    post = given["responses"].head(100).assign(channel="post", nps_score=pd.NA, emotion="negative", response_id=[f"P{k}" for k in range(100)])
    kept = topic_voices.voices({**given, "responses": pd.concat([given["responses"].assign(emotion="negative"), post], ignore_index=True)})
    assert kept.loc[kept["channel"].eq("post"), "own"].eq("negative").all()
    assert kept.loc[kept["channel"].eq("sms"), "own"].eq("positive").any()


def test_a_channel_that_has_just_begun_is_not_watched_and_the_page_says_so(told: topics.Talk, book: str) -> None:
    given = tables(new=0)
    voices = given["responses"]
    late = (voices["submitted_at"] > voices["submitted_at"].max() - pd.Timedelta(days=20)) & (np.arange(len(voices)) % 2 == 0)
    called = voices.assign(channel=voices["channel"].mask(late, "call"),
                           comment=voices["comment"].mask(late, "工号一二三为您服务，" + voices["comment"]))
    one = topics.study({**given, "responses": called}, dictionary=book, watch_weeks=4, seed=1)
    assert not one.watch.themes and one.watch.voices < told.watch.voices
    checks = [next(c for c in talk.study.checks if c.name.en == "The list covers every channel") for talk in (one, told)]
    assert [c.passed for c in checks] == [False, True] and "began only recently" in checks[0].detail.en
    assert one.topics["topic"].size and len(one.kept) == len(voices.dropna(subset="comment").loc[lambda v: v["comment"].str.strip() != ""])


def test_places_on_the_map_do_not_depend_on_signs_or_order() -> None:
    rng = np.random.default_rng(2)
    centres = rng.normal(size=(9, 30))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    at, again = topic_tables.laid_out(centres), topic_tables.laid_out(centres[::-1])
    np.testing.assert_allclose(at, again[::-1], atol=2e-4)
    near = np.array([[np.linalg.norm(a - b) for b in at] for a in at])
    assert np.corrcoef(near[np.triu_indices(9, 1)], (1 - centres @ centres.T)[np.triu_indices(9, 1)])[0, 1] > 0.3
    assert topic_tables.laid_out(centres[:2]).shape == (2, 2)


def test_the_committed_dictionary_serves_the_page() -> None:
    path = Path(__file__).resolve().parents[3] / "params" / "rules" / "aspects.yml"
    one = topics.study(tables(n=700, new=0, hostile=False), dictionary=str(path), watch_weeks=4, seed=1)
    assert {"waiting_time", "parts_price", "noise"} <= {e.group for e in one.subjects}


def test_voices_of_a_few_weeks_are_not_said_to_be_few(book: str) -> None:
    """The same texts within five weeks: kept for watching, none is left to fit topics to; without watching, all of them are."""
    given = tables()
    when = given["responses"]["submitted_at"]
    within = when.min() + (when - when.min()) * (pd.Timedelta(weeks=5) / (when.max() - when.min()))
    short = {**given, "responses": given["responses"].assign(submitted_at=within, touched_at=pd.NaT)}
    one = topics.study(short, dictionary=book, watch_weeks=8, seed=1)
    assert one.study.verdict is Verdict.REFUSE and "too few are left" in one.study.answer.en and "watch_weeks: 0" in one.study.decision.en
    assert "留作观察" in one.study.answer.zh and "watch_weeks" in one.study.decision.zh and "Only 0 different" not in one.notes["map"].en
    again = topics.study(short, dictionary=book, watch_weeks=0, seed=1)
    assert again.is_told and len(again.topics) > 3


def test_complaints_without_a_dealer_are_not_said_to_lie_at_a_few() -> None:
    own = pd.DataFrame({"person": list("abcdef"), "dealer": pd.Series([None] * 6, dtype="str")})
    assert topics_text.pattern(own, 300).en == "several customers; dealers not known"
    assert topics_text.pattern(own.assign(dealer=list("xxyyzz")), 300).en == "a few dealers"
    nobody = SimpleNamespace(n=0, verdict="unknown")
    assert topics_text.reading(nobody, nobody).en == "dealers and models not known"
