"""The survivorship study in every mood it can be in: what each gate costs, what is refused, and that both languages say the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from silent_frames import planted
from study_tables import figures, spoken, texts

from voclib.errors import ParameterError
from voclib.reporting import charts, show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text, Verdict
from voclib.stats import gates as gating
from voclib.stats import metrics
from voclib.studies import survivorship
from voclib.studies.survivorship import text as words
from voclib.studies.survivorship.frame import Frame

ROWS = 2000
PLAIN, TRUTH = planted(1, customers=ROWS, rate=0.25)
CALLED, _ = planted(1, customers=ROWS, rate=0.25, followup_share=0.2)
UNKNOWN = ("方向不知道", "direction of the remaining bias is unknown")


def changed(frame: Frame, **columns: object) -> Frame:
    return replace(frame, people=frame.people.assign(**columns))


def known(frame: Frame, **columns: object) -> Frame:
    return replace(changed(frame, **columns), known=(*frame.known, *columns))


def answers(frame: Frame, n: int) -> Frame:
    """The same frame with the first n answers only."""
    gone = frame.people["is_answered"] & (frame.people["is_answered"].cumsum() > n)
    return changed(frame, is_answered=frame.people["is_answered"] & ~gone, y=frame.people["y"].mask(gone), score=frame.people["score"].mask(gone),
                   wave=frame.people["wave"].mask(gone))


def all_alike(frame: Frame, score: int) -> Frame:
    there = frame.people["is_answered"]
    return changed(frame, score=np.where(there, float(score), np.nan), y=np.where(there, 100.0 if score > 8 else -100.0, np.nan))


def satisfaction(frame: Frame) -> Frame:
    score = np.where(frame.people["is_answered"], np.where(frame.people["score"] >= 8, 5.0, 2.0), np.nan)
    made = changed(frame, score=score, y=np.where(np.isnan(score), np.nan, (score >= 4).astype(float)), is_called=False, followup_y=np.nan,
                   draw_probability=np.nan, is_eligible=False)
    return replace(made, metric="csat", levels=(0.0, 1.0))


def dealers(frame: Frame, n: int) -> Frame:
    return changed(frame, unit_id=[f"d{i % n}" for i in range(len(frame.people))])


def regions(seed: int, silent_share: float) -> np.ndarray:
    """A region Z in which nobody answers, holding this share of the silent."""
    there = PLAIN.people["is_answered"].to_numpy()
    return np.where(there | (np.random.default_rng(seed).random(ROWS) >= silent_share), "A", "Z")


def out_of_reach(frame: Frame) -> Frame:
    left = ~frame.people["is_answered"] & (np.arange(len(frame.people)) % 5 == 0)
    return changed(frame, is_churned=left, is_invited=frame.people["is_invited"] & ~left, is_contactable=frame.people["is_contactable"] & ~left)


def study(frame: Frame, **options: object) -> survivorship.Survivorship:
    return survivorship.study(frame, **{"repeats": 1, "seed": 1, **options})


def custom(tmp_path: Path, **values: float) -> gating.Gates:
    path = tmp_path / "gates.yml"
    path.write_text("".join(f"{k}: {v}\n" for k, v in values.items()), "utf-8")
    return gating.load(path)


MOODS: dict[str, tuple[Callable[[], Frame], dict[str, object], str, Verdict]] = {
    "plain": (lambda: PLAIN, {}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "call-backs": (lambda: CALLED, {}, "followup", Verdict.REPORT),
    "nobody answered": (lambda: answers(PLAIN, 0), {}, "raw", Verdict.REFUSE),
    "one answer": (lambda: answers(PLAIN, 1), {}, "raw", Verdict.REFUSE),
    "five answers": (lambda: answers(PLAIN, 5), {}, "raw", Verdict.REFUSE),
    "29 answers": (lambda: answers(PLAIN, 29), {}, "manski", Verdict.BOUNDS_ONLY),
    "30 answers": (lambda: answers(PLAIN, 30), {}, "manski", Verdict.BOUNDS_ONLY),
    "60 answers": (lambda: answers(PLAIN, 60), {}, "manski", Verdict.BOUNDS_ONLY),
    "all promoters": (lambda: all_alike(PLAIN, 10), {}, "manski", Verdict.BOUNDS_ONLY),
    "all detractors": (lambda: all_alike(CALLED, 0), {}, "manski", Verdict.BOUNDS_ONLY),
    "all answered": (lambda: PLAIN.only(PLAIN.people["is_answered"]), {}, "raw", Verdict.REPORT),
    "nobody in reach": (lambda: changed(answers(PLAIN, 0), is_contactable=False, is_invited=False, is_delivered=False), {}, "raw", Verdict.REFUSE),
    "some out of reach": (lambda: out_of_reach(PLAIN), {}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "constant columns": (lambda: known(PLAIN, same=1.0, word="x"), {}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "40 % missing": (lambda: known(PLAIN, part=np.where(np.arange(ROWS) % 5 < 2, np.nan, np.arange(ROWS) * 37 % 101)), {}, "aipw",
                     Verdict.REPORT_WITH_CAVEAT),
    "missing where silent": (lambda: known(PLAIN, leak=PLAIN.people["tenure"].where(PLAIN.people["is_answered"])), {}, "manski",
                             Verdict.BOUNDS_ONLY),
    "collinear": (lambda: known(PLAIN, region=np.where(np.arange(ROWS) % 3 == 0, "A", "B"), again=np.where(np.arange(ROWS) % 3 == 0, "y", "x"),
                                twice=2 * PLAIN.people["tenure"]), {}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "a small silent level": (lambda: known(PLAIN, region=regions(0, 0.03)), {}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "a large silent level": (lambda: known(PLAIN, region=regions(0, 0.3)), {}, "supported", Verdict.BOUNDS_ONLY),
    "satisfaction": (lambda: satisfaction(CALLED), {}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "few reached": (lambda: planted(5, customers=3000, rate=0.25, followup_share=0.2, followup_completion=0.4)[0], {}, "reached",
                    Verdict.BOUNDS_ONLY),
    "few called": (lambda: planted(5, customers=1500, rate=0.25, followup_share=0.01)[0], {}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "everybody reached": (lambda: changed(CALLED, followup_y=np.where(CALLED.people["is_called"], CALLED.people["followup_y"].fillna(0.0), np.nan)),
                          {}, "followup", Verdict.REPORT),
    "no promoter called": (lambda: changed(CALLED, followup_y=CALLED.people["followup_y"].replace(100.0, 0.0)), {}, "followup", Verdict.REPORT),
    "no reminders": (lambda: changed(PLAIN, wave=np.where(PLAIN.people["is_answered"], 0.0, np.nan)), {}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "some waves unknown": (lambda: changed(PLAIN, wave=PLAIN.people["wave"].where(np.arange(ROWS) % 2 == 0)), {}, "aipw",
                           Verdict.REPORT_WITH_CAVEAT),
    "no dealer": (lambda: changed(PLAIN, unit_id=pd.Series([None] * ROWS, dtype="str")), {}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "some without dealer": (lambda: changed(PLAIN, unit_id=PLAIN.people["unit_id"].where(np.arange(ROWS) % 3 > 0)), {}, "aipw",
                            Verdict.REPORT_WITH_CAVEAT),
    "one dealer": (lambda: changed(PLAIN, unit_id="d"), {}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "two dealers": (lambda: dealers(CALLED, 2), {}, "raw", Verdict.REFUSE),
    "nine dealers": (lambda: dealers(CALLED, 9), {}, "raw", Verdict.REFUSE),
    "twelve dealers": (lambda: dealers(CALLED, 12), {}, "followup", Verdict.REPORT_WITH_CAVEAT),
    "out of range": (lambda: PLAIN, {"threshold": 100}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "already below": (lambda: PLAIN, {"threshold": 40}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "nobody left this year": (lambda: PLAIN, {"year": PLAIN}, "aipw", Verdict.REPORT_WITH_CAVEAT),
    "active customers only": (lambda: CALLED, {"is_survivors_only": True}, "followup", Verdict.REPORT_WITH_CAVEAT),
}


@pytest.fixture(scope="module")
def moods() -> dict[str, survivorship.Survivorship]:
    """Every mood, studied once."""
    return {name: study(frame(), **options) for name, (frame, options, _, _) in MOODS.items()}


def everything(made: survivorship.Survivorship) -> list[Text]:
    rungs = [*made.ladder.rungs, *made.everyone.rungs, *made.departed]
    return [*texts(made.study), *spoken({k: dict(v) for k, v in made.captions.items()}), *(t for e in rungs for t in (e.reason, e.needs) if t)]


class TestVerdicts:
    @pytest.mark.parametrize("mood", list(MOODS))
    def test_each_mood_gets_its_rung_and_verdict(self, moods, mood: str) -> None:
        made, (_, _, rung, verdict) = moods[mood], MOODS[mood]
        assert (made.ladder.chosen, made.study.verdict) == (rung, verdict)
        chosen = made.ladder[rung]
        assert chosen.kind == {Verdict.REFUSE: "refusal", Verdict.BOUNDS_ONLY: "bounds"}.get(verdict, "estimate")
        assert all(e.reason and e.needs for e in made.ladder.rungs if e.kind == "refusal")
        assert made.study.headline[0].seed == 1

    def test_those_out_of_reach_get_a_range(self, moods) -> None:
        made = moods["some out of reach"]
        whole, inner = made.everyone["everyone"], made.ladder["aipw"]
        share = made.reachable.people.shape[0] / ROWS
        assert whole.bound_low == pytest.approx(share * inner.value - 100 * (1 - share)) and made.study.headline[-1].rung == "everyone"
        assert whole.bound_high == pytest.approx(share * inner.value + 100 * (1 - share))

    def test_a_level_without_answers_is_named_in_both_languages(self, moods) -> None:
        made = moods["a small silent level"]
        refused = {r.rung: r for r in made.ladder.rungs if r.kind == "refusal"}
        assert set(refused) == {"calibrated"}
        assert "区域“Z”" in refused["calibrated"].reason.zh and "Region: Z" in refused["calibrated"].reason.en
        assert not re.search(r"[A-Za-z]{4}", refused["calibrated"].reason.zh)

    def test_a_large_silent_level_gets_a_range_that_holds_the_truth(self, moods) -> None:
        made = moods["a large silent level"]
        chosen, share = made.ladder["supported"], made.correction.unsupported.mean()
        assert share > 0.15 and chosen.bound_high - chosen.bound_low == pytest.approx(200 * share)
        assert chosen.conf_low < chosen.bound_low <= TRUTH["nps_all"] <= chosen.bound_high < chosen.conf_high
        [check] = [c for c in made.study.checks if "Somebody comparable" in c.name.en]
        assert check.passed is False and f"{share:.1%}" in check.detail.en

    def test_only_active_customers_fails_the_check_on_survivors(self, moods) -> None:
        [check] = [c for c in moods["active customers only"].study.checks if "customers who have left" in c.name.en]
        assert check.passed is False and "Survivorship" in check.consequence.en and "幸存者偏差" in check.consequence.zh
        assert moods["call-backs"].study.verdict == Verdict.REPORT

    @pytest.mark.parametrize(("mood", "dealers"), [("two dealers", 2), ("nine dealers", 9), ("twelve dealers", 12)])
    def test_few_dealers_are_never_taken_for_none(self, moods, mood: str, dealers: int) -> None:
        """What the page of scores says of the same answers (`metrics`, clustered) is what this page says of them."""
        made = moods[mood]
        said = made.frame.people[made.frame.people["is_answered"]].rename(columns={"score": "nps_score"})
        other, raw = metrics.nps(said, cluster="unit_id"), made.ladder["raw"]
        assert (raw.kind, raw.reason, raw.conf_low, raw.n_clusters) == (other.kind, other.reason, other.conf_low, dealers)
        [check] = [c for c in made.study.checks if c.name.en == "Enough units"]
        assert check.passed is False and f"{dealers} units" in check.detail.en and f"{dealers} 家" in check.detail.zh
        if dealers < 10:
            assert "dealers" in made.study.caveat.en and made.correction is None and not made.study.headline[0].conf_low

    def test_without_usable_call_backs_the_direction_is_unknown(self, moods) -> None:
        for name, made in moods.items():
            if made.ladder.chosen in ("aipw", "supported"):
                assert UNKNOWN[0] in made.study.caveat.zh and UNKNOWN[1] in made.study.caveat.en, name
            if made.correction is not None and made.ladder.chosen in ("aipw", "supported", "manski"):
                assert any(c.passed is False and UNKNOWN[1] in c.detail.en for c in made.study.checks), name
            if made.ladder.chosen == "followup":
                assert UNKNOWN[1] not in made.study.summary("en"), name

    def test_what_stands_in_place_of_a_correction_is_true(self, moods) -> None:
        assert moods["all answered"].uncorrected is words.NOBODY_SILENT
        for mood in ("29 answers", "all promoters", "nobody answered"):
            assert moods[mood].correction is None and moods[mood].uncorrected is words.NOT_CORRECTED, mood

    def test_call_backs_that_reached_nobody_plan_with_the_rate_at_the_floor(self) -> None:
        made = study(changed(CALLED, followup_y=np.nan))
        assert made.correction.completion.drawn > 0 and made.correction.completion.rate == 0
        assert made.design["completed"].iloc[0] == round(gating.load().min_completion * made.design["calls"].iloc[0])
        assert made.captions["design"]["subtitle"].en == "Completion rate assumed at the gate's minimum"

    def test_totals_asked_for_that_the_data_lack_are_left_out_and_named(self) -> None:
        """The notebook asks for behaviour; a company without snapshots of it still gets its page, with a failed check."""
        plain = study(PLAIN, margins=["tenure", "complaint"])
        made = study(PLAIN, margins=["tenure", "complaint", "spend_12m_cny"], cells=["product"])
        [check] = [c for c in made.study.checks if c.name.en == "Every trait asked for is known"]
        assert check.passed is False and "Spend" in check.detail.en and "Product" in check.detail.en
        assert made.ladder["calibrated"].value == plain.ladder["calibrated"].value
        assert all("trait asked for" not in c.name.en for c in plain.study.checks)

    def test_wrong_options_are_errors(self) -> None:
        with pytest.raises(ParameterError, match="nowhere is not known"):
            study(PLAIN, margins=["nowhere"])
        with pytest.raises(ParameterError, match="learner"):
            study(PLAIN, learner="oracle")
        with pytest.raises(ParameterError, match="differs between customers"):
            study(replace(changed(PLAIN, only="x"), known=("only",)))


class TestGates:
    """Each gate alone flips what its words say; the same data pass with the published thresholds."""

    @pytest.mark.parametrize(("frame", "gate", "value", "rung", "verdict"), [
        (PLAIN, "min_response_rate", 0.5, "manski", Verdict.BOUNDS_ONLY),
        (PLAIN, "min_weighted_n", 5000, "manski", Verdict.BOUNDS_ONLY),
        (PLAIN, "balance_fail", 1e-6, "manski", Verdict.BOUNDS_ONLY),
        (PLAIN, "separation_auc", 0.51, "manski", Verdict.BOUNDS_ONLY),
        (PLAIN, "propensity_floor", 0.15, "supported", Verdict.BOUNDS_ONLY),
        (PLAIN, "min_followup_n", 5000, "manski", Verdict.BOUNDS_ONLY),
        (CALLED, "min_followup_n", 300, "aipw", Verdict.REPORT_WITH_CAVEAT),
        (CALLED, "ladder_gap", 1e-6, "followup", Verdict.REPORT_WITH_CAVEAT),
        (CALLED, "min_response_rate", 0.5, "followup", Verdict.REPORT),
        (CALLED, "propensity_floor", 0.15, "followup", Verdict.REPORT),
    ])
    def test_one_threshold(self, moods, tmp_path, frame: Frame, gate: str, value: float, rung: str, verdict: Verdict) -> None:
        made = study(frame, gates=custom(tmp_path, **{gate: value}))
        assert (made.ladder.chosen, made.study.verdict) == (rung, verdict)
        twin = moods["call-backs" if frame is CALLED else "plain"]
        same = (made.ladder.chosen, made.study.verdict) == (twin.ladder.chosen, twin.study.verdict)
        assert not same or frame is CALLED and gate in ("min_response_rate", "propensity_floor")  # call-backs do not hang on these

    def test_a_gate_that_forbids_weights_takes_their_numbers_away_even_beside_call_backs(self, tmp_path) -> None:
        made = study(CALLED, gates=custom(tmp_path, min_weighted_n=5000))
        assert made.ladder.chosen == "followup" and {r.rung for r in made.ladder.rungs if r.kind == "refusal"} == set(survivorship.WEIGHTED)
        assert "behaviour" not in made.study.answer.en and "—" not in made.captions["ladder"]["title"].en

    def test_two_corrections_that_disagree_are_both_said(self, tmp_path) -> None:
        made = study(PLAIN, gates=custom(tmp_path, ladder_gap=1e-6))
        from voclib import numbers
        for lang in ("zh", "en"):
            assert all(numbers.interval(made.ladder[r], lang) in made.study.answer[lang] for r in ("calibrated", "aipw"))
        assert made.study.verdict == Verdict.REPORT_WITH_CAVEAT and "disagree" in made.study.answer.en
        assert "disagree" not in study(PLAIN).study.answer.en

    def test_groups_from_which_next_to_nobody_was_heard_are_out_of_reach(self, tmp_path) -> None:
        left = PLAIN.people["is_answered"] & (PLAIN.people["is_answered"].cumsum() <= 20) | (np.arange(ROWS) % 4 == 0) & ~PLAIN.people["is_answered"]
        frame = changed(PLAIN, is_churned=left)
        assert study(frame).everyone.chosen == "heard"
        assert study(frame, gates=custom(tmp_path, small_cell=21, min_n=22)).everyone.chosen == "everyone"


class TestDealers:
    """What stands beside the ladder counts dealers as the ladder does."""

    @staticmethod
    def year(dealers: int) -> Frame:
        """Dealers that keep or lose nearly everybody who comes to them: those who left are few answers, however many they are."""
        code = pd.factorize(CALLED.people["unit_id"])[0] % dealers
        rng, odd = np.random.default_rng(4), code % 2 == 1
        y = np.where(CALLED.people["is_answered"], np.where(rng.random(ROWS) < np.where(odd, 0.9, 0.1), 100.0, -100.0), np.nan)
        return changed(CALLED, unit_id=[f"d{k}" for k in code], is_churned=rng.random(ROWS) < 0.4, y=y, score=np.where(y > 0, 10.0, 2.0),
                       followup_y=CALLED.people["followup_y"].where(CALLED.people["followup_y"].isna(), np.where(odd, 100.0, -100.0)))

    def test_those_who_left_and_the_messages_are_clustered(self) -> None:
        frame = self.year(14)
        alone = changed(frame, unit_id=pd.Series([None] * ROWS, dtype="str"))
        made, plain = (study(f, year=f) for f in (frame, alone))
        for a, b in zip(made.departed, plain.departed, strict=True):
            assert a.n_clusters == 14 and b.n_clusters is None and (a.value, a.bound_low) == (b.value, b.bound_low)
            assert a.conf_high - a.conf_low > (b.conf_high - b.conf_low) + 2, a.rung
        wide, narrow = (f.resistance["conf_high"] - f.resistance["conf_low"] for f in (made, plain))
        assert made.resistance["wave"].tolist() == plain.resistance["wave"].tolist() and made.resistance["wave"].iloc[-1] == "followup"
        assert (wide > 1.5 * narrow).all() and made.resistance["value"].tolist() == pytest.approx(plain.resistance["value"].tolist())

    def test_of_few_dealers_nothing_is_said_of_those_who_left(self) -> None:
        made = study(PLAIN, year=self.year(9))
        assert made.departed == () and "departed" not in made.captions


class TestLevel:
    @pytest.mark.parametrize("level", [0.8, 0.9])
    def test_one_level_everywhere(self, level: float) -> None:
        for frame in (CALLED, out_of_reach(PLAIN), answers(PLAIN, 60)):
            made = study(frame, conf_level=level, year=frame)
            found = [*made.ladder.rungs, *made.everyone.rungs, *made.possible, *made.departed, *made.study.headline]
            assert {e.conf_level for e in found if e.kind != "refusal"} == {level}
            said = " ".join(t.zh + t.en for t in everything(made))
            assert "95%" not in said and f"{level:.0%} 区间" in said and f"{level:.0%} interval" in said
        narrow, wide = survivorship.tilt_point(study(CALLED, conf_level=0.8)), survivorship.tilt_point(study(CALLED))
        assert wide["detractor"][0] < narrow["detractor"][0] < narrow["times_detractor"] == wide["times_detractor"] < narrow["detractor"][1]

    def test_narrower_levels_give_narrower_ranges(self) -> None:
        a, b = (study(CALLED, conf_level=level).ladder for level in (0.8, 0.95))
        assert all(x.conf_high - x.conf_low < y.conf_high - y.conf_low for x, y in zip(a.rungs, b.rungs, strict=True))


class TestWords:
    def test_both_languages_carry_the_same_numbers_and_claim_little(self, moods) -> None:
        for text in {t for made in moods.values() for t in everything(made)}:
            zh, en = (re.sub(r"¥\S+?(?:万|亿|K|M)", "", text[lang]) for lang in ("zh", "en"))  # money is counted in other units in each language
            assert figures(zh.replace(" 至 ", "–")) == figures(en.replace(" to ", "–")), text
            assert not re.search(r"\b(?:nan|inf|None)\b|显著|signific|—", text.zh + " " + text.en), text
            assert not verbs_exceed(text.zh, 0, "zh") and not verbs_exceed(text.en, 0, "en"), text
            assert not half_width(text.zh) and not re.search(r"[，。；：？！、]", text.en), text
            assert not re.search(r"， | [，。；]|  ", text.zh + text.en) and bool(text.zh) == bool(text.en), text

    def test_the_finding_fits_one_page(self, moods) -> None:
        for name, made in moods.items():
            parts = (made.study.answer, made.study.caveat, made.study.decision)
            assert sum(len(re.findall(r"[\u4e00-\u9fff]", t.zh)) for t in parts) <= 350 and sum(len(t.en.split()) for t in parts) <= 180, name
            assert all(t.zh.endswith("。") and t.en.endswith(".") for t in parts), name

    def test_numbers_of_the_answer_are_the_estimates(self, moods) -> None:
        from voclib import numbers
        for name, made in moods.items():
            chosen = made.ladder[made.ladder.chosen]
            if chosen.kind == "refusal":
                continue
            for lang in ("zh", "en"):
                assert all(numbers.value(e, lang) in made.study.answer[lang] for e in (chosen, made.ladder["raw"])), name
                if made.everyone.chosen == "everyone":
                    assert numbers.value(made.everyone["everyone"], lang) in made.study.answer[lang], name

    def test_a_score_already_below_its_target_is_said_the_other_way_round(self, moods) -> None:
        assert "rise to 40" in moods["already below"].study.caveat.en and "升到 40" in moods["already below"].study.caveat.zh
        assert "fall to 0" in moods["plain"].study.caveat.en and "降到 0" in moods["plain"].study.caveat.zh
        assert "not reach 100" in moods["out of range"].study.caveat.en and "到不了 100" in moods["out of range"].study.caveat.zh
        assert "detractor" not in moods["satisfaction"].study.summary("en") and "贬损" not in moods["satisfaction"].study.summary("zh")


class TestShown:
    @pytest.mark.parametrize("mood", ["nobody answered", "29 answers", "missing where silent", "a large silent level", "few reached",
                                      "some out of reach"])
    def test_every_outcome_can_be_drawn(self, moods, mood: str) -> None:
        made = moods[mood]
        c = made.captions
        assert show.ladder(made.ladder, **c["ladder"]) and show.ladder(made.everyone, **c["everyone"])
        assert show.headline(made.study) and show.checks(made.study.checks) and ("balance" in c) == (made.correction is not None)
        bricks = words.bricks(made.stages)
        assert sum(b["share"] for b in bricks) == pytest.approx(1)
        assert "design" not in c or c["design"]["unit"] == made.correction["raw"].unit  # a share would be drawn as 0.05 points
        steps = [show.Step(**s) for s in words.steps(made.stages, has_value=False)]
        assert show.funnel(steps, bricks=[show.Brick(**b) for b in bricks], **c["funnel"])

    def test_every_figure_can_be_drawn(self, moods) -> None:
        made, c = moods["call-backs"], moods["call-backs"].captions
        assert charts.love_plot(made.balance.head(12), **c["balance"]) and charts.overlap(made.chances, **c["chances"])
        assert show.table(made.uneven.head(8), **c["uneven"]) and charts.bounds_bar(made.possible, **c["possible"])
        assert charts.cost_curve(made.design, **c["design"]) and charts.resistance(made.resistance, **c["resistance"])
        point = charts.TiltPoint(**survivorship.tilt_point(made))
        assert charts.tilt_map(made.sensitivity.surface, made.sensitivity.frontier, point=point, **c["tilt"])
        other = moods["satisfaction"]
        assert survivorship.tilt_point(other) is None and other.captions["tilt"]["unit"] == "share"


class TestSameNumbers:
    def test_other_names_for_levels_and_rows_in_another_order_change_nothing(self) -> None:
        area = np.array(["东", "西", "南"])[np.arange(ROWS) % 3]
        first = study(known(CALLED, region=area))
        renamed = known(CALLED, region=pd.Series(area).map({"东": "c", "西": "a", "南": "b"}))
        mixed = replace(renamed, people=renamed.people.sample(frac=1, random_state=2).reset_index(drop=True))
        second = study(mixed)
        for a, b in zip(first.ladder.rungs, second.ladder.rungs, strict=True):
            assert a.value == pytest.approx(b.value, abs=1e-6) and a.std_error == pytest.approx(b.std_error, abs=1e-6), a.rung

    def test_truth_never_enters(self) -> None:
        assert survivorship.truth(PLAIN, PLAIN) is None
        found = survivorship.truth(PLAIN, PLAIN, planted={"survivorship": {"frame": {"nps": {"contactable": 20.0, "all": 10.0}}}})
        table = survivorship.against_truth(study(out_of_reach(PLAIN)), found)
        assert len(table) == 6 and set(table["truth"].map(lambda t: t.en)) == {"20", "10"}


@pytest.mark.parametrize(("target", "message"), [(30.0, "threshold is 30, but csat lies between 0 and 1; .*threshold: 0.8  beside  metric: csat"),
                                                 (-1.0, "between 0 and 1")])
def test_a_threshold_off_the_scale_is_a_slip(target: float, message: str) -> None:
    """30 is a target of NPS; beside a satisfied share it would be printed as 3,000%, which no answer could reach."""
    with pytest.raises(ParameterError, match=message):
        survivorship.study(satisfaction(PLAIN), threshold=target)
    assert survivorship.study(PLAIN, threshold=30.0).study.verdict is not Verdict.REFUSE
