"""The launch gate: lights by hand, what is left out, thin tables, and the notebook on each of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import notebook_cells
import numpy as np
import pandas as pd
import pytest

import voclib
from voclib.errors import DataError, ParameterError
from voclib.loop import launch_gate
from voclib.loop.launch_gate import checks as launch_checks
from voclib.loop.launch_gate import lights as launch_lights
from voclib.loop.launch_gate import reruns as launch_reruns
from voclib.loop.launch_gate import tables as launch_tables
from voclib.loop.launch_gate.rule import Rule
from voclib.results import Text, Verdict
from voclib.simulate.worlds import concept_gains
from voclib.studies import counting

ROOT = Path(__file__).resolve().parents[3]
RULE = Rule(margin=0.05)
QUESTIONS = list(launch_lights.QUESTIONS)


def table(seed: int = 1, **more: Any) -> pd.DataFrame:
    return concept_gains.draw(seed, **{"gains": [0.3, 0.0, -0.25], "answers": [300, 150, 300], "share": 0.4, **more})[0]


def judged(frame: pd.DataFrame, **more: Any) -> launch_gate.LaunchGate:
    return launch_gate.study({"concept_tests": frame}, RULE, **more)


def gate(frame: pd.DataFrame, rule: Rule) -> launch_lights.Gate:
    *family, sale = sorted(frame["concept_id"].unique())
    return launch_lights.gate(frame, rule, question="intent_score", sale=sale, family=dict.fromkeys(family, ""))


def lit(found: launch_gate.LaunchGate) -> dict[str, str]:
    return {one.concept: one.light for one in found.gate.lights}


class TestLights:
    def test_each_kind(self) -> None:
        found = judged(table())
        assert lit(found) == {"CT01": "green", "CT02": "insufficient", "CT03": "red"}
        assert found.study.verdict is Verdict.REPORT_WITH_CAVEAT
        assert found.study.headline[0].conf_low > RULE.margin and found.study.headline[1].value == 1
        assert lit(judged(table(gains=[0.0], answers=2500))) == {"CT01": "amber"}

    def test_who_cannot_be_judged_is_not_called_ahead(self) -> None:
        told, judgeable = judged(table(gains=[0.0], answers=150)), judged(table(gains=[0.0], answers=2500))
        assert lit(told) == {"CT01": "insufficient"} and lit(judgeable) == {"CT01": "amber"}
        assert "the front-runner" not in told.study.answer.en and "too little data to judge" in told.study.answer.en
        assert "the front-runner" in judgeable.study.answer.en

    def test_a_light_and_its_bound_agree(self) -> None:
        for family in ("bonferroni", "holm", "bh"):
            rule = RULE.model_copy(update={"family": family})
            for seed in range(15):
                frame = table(seed, gains=[0.1, 0.15, 0.2, -0.1, -0.2], answers=250)
                for one in gate(frame, rule).compared:
                    assert (one.light == "green") == (one.gain.conf_low > rule.margin)
                    assert (one.light == "red") == (one.gain.conf_high < -rule.margin)

    def test_more_concepts_widen_every_range(self) -> None:
        frame = table()
        alone = judged(frame[frame["concept_id"].isin(["CT01", "CT04"])].reset_index(drop=True)).gate["CT01"].gain
        among = judged(frame).gate["CT01"].gain
        assert among.value == alone.value and among.conf_low < alone.conf_low and among.conf_high > alone.conf_high

    def test_holm_and_bh_light_at_least_what_bonferroni_lights(self) -> None:
        more = 0
        for seed in range(40):
            frame = table(seed, gains=[0.16, 0.18, 0.2, 0.22], answers=300)
            lights = {family: set(gate(frame, RULE.model_copy(update={"family": family})).names("green"))
                      for family in ("bonferroni", "holm", "bh")}
            assert lights["bonferroni"] <= lights["holm"] <= lights["bh"]
            more += len(lights["holm"]) > len(lights["bonferroni"])
        assert more > 0, "these worlds must set the families apart, else the test shows nothing"

    def test_a_light_does_not_depend_on_the_order_of_rows(self) -> None:
        frame = table()
        mixed = frame.sample(frac=1, random_state=3).reset_index(drop=True)
        assert judged(mixed).study.to_dict() == judged(frame).study.to_dict()


class TestAnswers:
    def test_only_a_customer_s_first_answer_counts(self) -> None:
        frame = table()
        own = frame[frame["concept_id"].eq("CT01")].head(40)
        again = own.assign(answer_id="Z" + own["answer_id"], answered_at=own["answered_at"] + pd.Timedelta(days=50), intent_score=pd.array([1] * 40))
        doubled = pd.concat([again, frame], ignore_index=True)
        assert judged(doubled).gate["CT01"].gain == judged(frame).gate["CT01"].gain
        flow = counting.flow("42-launch-gate", {"concept_tests": doubled})
        assert {step.name: step.taken for step in flow.steps if step.taken} == {"repeat": 40}

    def test_the_chain_ends_at_the_answers_behind_the_lights(self) -> None:
        frame = table(answers=[300, 20, 300], unmarked=0.05)
        found, flow = judged(frame).gate, counting.flow("42-launch-gate", {"concept_tests": frame})
        assert flow.n == sum(one.n for one in found.compared) + found.n_on_sale
        assert {step.name for step in flow.steps if step.taken} == {"unmarked", "few"}

    def test_one_mark_throughout_is_left_out_and_single_marks_stay(self) -> None:
        frame = pd.DataFrame({"intent_score": [3, 3, 5, None], "appeal_score": [3, 4, None, None], "value_score": [3, 3, None, None]}).astype("Int64")
        assert len(launch_reruns.lively(frame)) == 3

    def test_weights_give_every_concept_the_same_segments(self) -> None:
        made = launch_reruns.mixed(table())
        share = made.groupby(["concept_id", "segment"])["weight"].sum() / made.groupby("concept_id")["weight"].sum()
        assert share.unstack().std().max() < 1e-12


class TestChecks:
    @staticmethod
    def passed(found: launch_gate.LaunchGate, word: str) -> bool | None:
        return next(one.passed for one in found.study.checks if word in one.name.en)

    def test_asked_at_another_time(self) -> None:
        frame = table()
        assert self.passed(judged(frame), "same time") is True
        late = frame["answered_at"].where(frame["kind"].eq("concept"), frame["answered_at"] + pd.Timedelta(days=60))
        found = judged(frame.assign(answered_at=late))
        assert self.passed(found, "same time") is False and "timing" in found.study.caveat.en

    def test_missing_marks_can_put_a_light_out(self) -> None:
        assert self.passed(judged(table(unmarked=0.01)), "Missing scores") is True
        assert self.passed(judged(table(unmarked=0.4)), "Missing scores") is False

    def test_a_light_made_by_straight_liners(self) -> None:
        frame = table(gains=[0.0], answers=400)
        mine = frame.index[frame["concept_id"].eq("CT01")][:200]
        frame.loc[mine, QUESTIONS] = 5
        found = judged(frame)
        assert lit(found) == {"CT01": "green"} and self.passed(found, "all questions alike") is False

    def test_a_light_made_by_who_was_asked(self) -> None:
        """Fans are in every group; the concept was shown to them alone."""
        frame = table(gains=[0.0], answers=600)
        fan = frame["segment"].eq("年轻用户")
        frame.loc[fan, "intent_score"], frame.loc[~fan, "intent_score"] = 5, 2
        kept = frame[frame["kind"].eq("benchmark") | fan | (frame.index % 5 == 0)].reset_index(drop=True)
        found = judged(kept)
        assert lit(found) == {"CT01": "green"} and self.passed(found, "segment mix") is False


class TestTruth:
    def test_right_wrong_and_no_claim(self) -> None:
        frame, truth = concept_gains.draw(3, gains=[0.3, 0.0], answers=300, share=0.4)
        found = judged(frame)
        told = launch_gate.against_truth(found, truth, RULE)
        assert [t.en for t in told["right"]] == ["Right", "No claim"] and [t.en for t in told["inside"]] == ["yes", "yes"]
        turned = {"field": {"concepts": {"benchmark": "CT03", "by_concept": {
            name: {"intent_score": {"top_two_share": 0.4}} for name in ("CT01", "CT02", "CT03")}}}}
        assert launch_gate.against_truth(found, turned, RULE)["right"].iloc[0].en == "Wrong"
        assert launch_gate.against_truth(found, {}, RULE).empty
        assert "lights are right" in launch_tables.truth_captions(told)["title"].en
        none = launch_tables.truth_captions(told.assign(right=[Text("没有下结论", "No claim")] * len(told)))["title"]
        assert none.en.startswith("No concept has a light") and "0 of 0" not in none.en and "0 个灯" not in none.zh


def without(*names: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.assign(**{name: pd.Series(pd.NA, frame.index, dtype=frame[name].dtype) for name in names})


def only(*ids: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame[frame["concept_id"].isin(ids)].reset_index(drop=True)


THIN: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], bool]] = {  # how a table is thinned, and whether the page must refuse
    "as drawn": (lambda frame: frame, False), "no customers": (without("customer_id"), False), "no segments": (without("segment"), False),
    "no times": (lambda f: f.assign(answered_at=pd.Series(pd.NaT, f.index, dtype=f["answered_at"].dtype)), False),
    "one question": (without("appeal_score", "value_score"), False), "one concept": (only("CT01", "CT04"), False),
    "columns gone": (lambda f: f.drop(columns=["customer_id", "segment", "answered_at", "appeal_score", "value_score"]), False),
    "nothing on sale": (only("CT01", "CT02", "CT03"), True), "no concepts": (only("CT04"), True),
    "five answers": (lambda f: f.groupby("concept_id").head(5).reset_index(drop=True), True),
    "one answer": (lambda f: f.head(1), True),
    "few on sale": (lambda f: f[f["kind"].eq("concept") | (f.index % 20 == 0)].reset_index(drop=True), True),
    "all marks alike": (lambda f: f.assign(**{q: pd.array([3] * len(f), dtype="Int64") for q in QUESTIONS}), False),
    "all marks the best": (lambda f: f.assign(**{q: pd.array([5] * len(f), dtype="Int64") for q in QUESTIONS}), False),
}


class TestThin:
    @pytest.mark.parametrize("name", THIN)
    def test_the_notebook_runs_to_its_end(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        thin, refuses = THIN[name]
        frame = thin(table())
        accepted = {"rows_made": len(frame), "accepted": len(frame), "quarantined": 0}
        read = {"file": "concept_tests.csv", "rows_read": len(frame), "unreadable": 0, "tables": ["concept_tests"]}
        monkeypatch.setattr(voclib, "load", lambda _: {"concept_tests": frame})
        monkeypatch.setattr(voclib, "scorecard", lambda _: {"files": [read], "tables": {"concept_tests": accepted}})
        monkeypatch.setattr(voclib, "enable", lambda: None)
        monkeypatch.chdir(ROOT)
        space = notebook_cells.run("42-launch-gate")
        verdict = space["result"].study.verdict
        assert (verdict is Verdict.REFUSE) == refuses
        assert not refuses or not space["result"].gate.compared

    def test_marks_alike_light_nothing(self) -> None:
        for name in ("all marks alike", "all marks the best"):
            assert not {"green", "red"} & set(lit(judged(THIN[name][0](table()))).values())

    def test_a_table_without_any_mark_is_refused_in_words(self) -> None:
        frame = table()
        bare, none = judged(without("intent_score", "appeal_score", "value_score")(frame)), judged(frame.iloc[:0])
        assert bare.study.answer.en == "No answer has a score, so no light can be lit."
        assert none.study.answer.en == "The table holds no concept to test."
        for found in (bare, none):
            assert found.study.verdict is Verdict.REFUSE and found.ladder is None and not found.gate.compared
            assert {e.kind for e in found.study.headline} == {"refusal"} and set(lit(found).values()) <= {"insufficient"}

    def test_what_cannot_be_is_said(self) -> None:
        frame = table()
        with pytest.raises(DataError, match="concept_tests"):
            launch_gate.study({}, RULE)
        with pytest.raises(DataError, match="no column 'kind'"):
            judged(frame.drop(columns="kind"))
        with pytest.raises(DataError, match="intent_score.*scored: appeal_score"):
            judged(without("intent_score")(frame))
        with pytest.raises(ParameterError, match="did you mean 'intent_score'"):
            judged(frame, question="intent")
        two = frame.assign(kind=frame["kind"].mask(frame["concept_id"].eq("CT03"), "benchmark"))
        with pytest.raises(ParameterError, match="2 products on sale"):
            judged(two)
        assert set(lit(judged(two, benchmark="CT04"))) == {"CT01", "CT02"}
        with pytest.raises(ParameterError, match="'CT09'"):
            judged(two, benchmark="CT09")


class TestOrder:
    """Everybody rates everything: the place in the questionnaire lowers later marks, and no light says so unless the order is looked at."""

    @staticmethod
    def asked(seed: int, *, last: bool) -> pd.DataFrame:
        """The product on sale always last, or at a random place; what comes second is scored a mark lower by a third of people."""
        frame = concept_gains.draw(seed, gains=[0.0], answers=300, share=0.5, overlap=1.0)[0].sort_values("answer_id", ignore_index=True)
        rng = np.random.default_rng(seed)
        is_sale = frame["kind"].eq("benchmark")
        late = frame["customer_id"].map(dict.fromkeys(frame["customer_id"], False) if last else {
            who: bool(rng.random() < 0.5) for who in frame["customer_id"].unique()}).astype(bool)
        second = is_sale ^ late
        tired = second & (rng.random(len(frame)) < 0.33)
        start = frame["customer_id"].map(frame.groupby("customer_id")["answered_at"].min())
        frame["answered_at"] = start + pd.to_timedelta(second.astype(int) * 3, unit="min")
        frame["intent_score"] = (frame["intent_score"] - tired.astype(int)).clip(lower=1)
        return frame

    @staticmethod
    def check(found: launch_gate.LaunchGate) -> bool | None:
        return next((one.passed for one in found.study.checks if one.name == launch_checks.ORDER), None)

    def test_a_fixed_order_is_told_and_a_random_one_passes(self) -> None:
        fixed, drawn = (judged(self.asked(3, last=last)) for last in (True, False))
        assert fixed.gate["CT01"].gain.value > 0.08 > abs(drawn.gate["CT01"].gain.value)
        assert (self.check(fixed), self.check(drawn)) == (False, True)

    def test_without_times_or_pairs_nothing_is_claimed(self) -> None:
        frame = self.asked(3, last=True)
        flat = frame.assign(answered_at=frame["answered_at"].min())
        told = next(one for one in judged(flat).study.checks if one.name == launch_checks.ORDER)
        assert told.passed is None and "cannot be seen" in told.detail.en
        assert self.check(judged(frame.assign(customer_id=frame["answer_id"]))) is None


def test_looking_again_and_again_is_warned_of_on_the_page() -> None:
    """At a gain of the margin itself; a light at any of seven looks is false more than half as often again as at the last one alone."""
    looked, once = [], []
    for seed in range(60):
        frame = concept_gains.draw(seed, gains=[0.05] * 4, answers=400, overlap=0.0)[0]
        place = frame.groupby("concept_id").cumcount()
        greens = [bool(gate(frame[place < n].reset_index(drop=True), RULE).names("green")) for n in (60, 100, 150, 200, 250, 300, 400)]
        looked.append(any(greens))
        once.append(greens[-1])
    assert np.mean(looked) > 1.5 * np.mean(once) and np.mean(looked) > 0.06
    assert any("look once" in limit[1].en for limit in judged(table()).study.limits)
