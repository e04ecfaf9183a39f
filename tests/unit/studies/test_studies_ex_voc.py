"""The EX–VoC study: what it says, how sure it is, when it refuses, on panels with planted truth."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from ex_panels import changed, drawn, of_means, only

from voclib.errors import DataError, ParameterError
from voclib.results import Estimate, Text, Verdict
from voclib.studies import ex_voc
from voclib.studies.ex_voc import ExVoc
from voclib.studies.ex_voc import text as ex_voc_text


@cache
def led(seed: int = 9) -> tuple[ExVoc, dict]:
    """A company whose employees lead, and whose good stores are good at everything."""
    panel, truth = drawn(seed, slope=4.0, employees=12, between=15.0)
    return ex_voc.study(panel, seed=seed), truth


def length(study) -> tuple[int, int]:
    zh = study.answer.zh + study.caveat.zh + study.decision.zh
    return len(zh), len(" ".join((study.answer.en, study.caveat.en, study.decision.en)).split())


class TestAnswer:
    def test_the_truth_lies_in_the_interval_and_the_naive_slope_misses_it(self) -> None:
        result, truth = led()
        slope = truth["slope"] * result.rungs.sd  # per within-store standard deviation, as printed
        assert result.effect.conf_low <= slope <= result.effect.conf_high
        assert not result.ladder["pooled"].conf_low <= slope <= result.ladder["pooled"].conf_high
        assert result.ladder["lagged"].value < result.effect.value  # noise taken off

    def test_a_leading_survey_reaches_level_two_and_says_precedes(self) -> None:
        study = led()[0].study
        assert study.headline[0].evidence_level == 2 and study.verdict is Verdict.REPORT
        assert "领先于" in study.answer.zh and "precedes" in study.answer.en

    def test_it_advises_what_its_table_says_gains_most(self) -> None:
        for seed in (2, 3):
            result = ex_voc.study(of_means(drawn(seed, slope=0.0)[0]))
            more = result.rungs.more
            gained = more[~more["kind"].eq("now")].sort_values("detectable", kind="stable").iloc[0]
            name = {"stores": "门店翻倍", "periods": "期数翻倍", "employees": "作答员工翻倍", "customers": "作答客户翻倍"}[gained["kind"]]
            for said in (result.study.decision.zh, result.captions["more"]["title"].zh):
                assert name in said
            assert "最划算" not in result.captions["more"]["title"].zh and "没有算费用" in result.captions["more"]["title"].zh

    def test_the_advice_follows_the_table_and_not_a_fixed_row(self) -> None:
        panel = led()[0].rungs.panel
        for best in ("stores", "periods", "customers"):
            more = pd.DataFrame({"kind": ["now", "stores", "periods", "customers"], "detectable": [4.0, 3.0, 3.0, 3.0]})
            more.loc[more["kind"].eq(best), "detectable"] = 2.0
            name, least = ex_voc_text.most_gained(more, panel)
            assert least == 2.0 and name.zh == {"stores": "门店翻倍", "periods": "期数翻倍", "customers": "作答客户翻倍"}[best]

    def test_a_period_says_how_long_it_is(self) -> None:
        said = led()[0].study.decision
        for name, zh, en in ((Text("2 个月", "2 months"), "（一期 2 个月）", " (of 2 months)"),
                             (Text("年", "year"), "（一期一年）", " (of one year)"), (Text("期", "period"), "", "")):
            assert ex_voc_text.of_period(replace(led()[0].rungs.panel, period_name=name)) == Text(zh, en)
        assert "早 1 期" in said.zh and ex_voc_text.of_period(led()[0].rungs.panel).zh in said.zh

    def test_it_fits_a_page(self) -> None:
        for result in (led()[0], ex_voc.study(of_means(drawn(2)[0]))):
            zh, en = length(result.study)
            assert zh <= 350 and en <= 180

    def test_every_number_of_the_answer_stands_in_both_languages(self) -> None:
        study = led()[0].study
        numbers = [set(re.findall(r"\d+\.\d+", text)) for text in (study.answer.zh, study.answer.en)]
        assert numbers[0] == numbers[1] and len(numbers[0]) >= 3

    def test_means_alone_are_capped(self) -> None:
        """What cannot be assessed caps verdict and level, and the page says what would assess it."""
        result = ex_voc.study(of_means(drawn(1, slope=4.0)[0]))
        assert result.effect.evidence_level == 1 and result.study.verdict is Verdict.REPORT_WITH_CAVEAT
        unknown = [c for c in result.study.checks if c.passed is None and "only means" in c.detail.en.lower()]
        assert len(unknown) == 3
        assert result.reliability["value"].isna().all() and all("答卷" in text.zh for text in result.reliability["needs"])

    def test_customers_placed_by_their_answers_are_capped(self) -> None:
        """With the same numbers, but no time of the contacts, nobody knows what came first."""
        study = ex_voc.study(replace(drawn(9, slope=4.0, employees=12, between=15.0)[0], is_by_contact=False), draws=99, seed=9).study
        assert study.headline[0].evidence_level == 1 and study.verdict is Verdict.REPORT_WITH_CAVEAT and "precedes" not in study.answer.en

    def test_nothing_planted_is_not_reported_as_something(self) -> None:
        found = [ex_voc.study(drawn(seed, slope=0.0)[0], seed=seed) for seed in range(8)]
        loud = [r for r in found if not r.effect.conf_low <= 0 <= r.effect.conf_high]
        assert len(loud) <= 2  # one in twenty; P(3 or more of 8) is 0.6 %
        quiet = next(r for r in found if r not in loud)
        assert "看不出关系" in quiet.study.answer.zh and quiet.effect.evidence_level == 1

    def test_customers_who_move_employees_do_not_count_as_led(self) -> None:
        found = [ex_voc.study(drawn(seed, slope=0.0, feedback=1.0)[0], seed=seed) for seed in range(6)]
        assert not any(r.effect.evidence_level >= 2 for r in found)
        assert any(r.rungs.feedback_found for r in found)


class TestRefusals:
    def test_an_experience_that_never_changes(self) -> None:
        panel = drawn(1)[0]
        result = ex_voc.study(changed(panel, ex=3.5))
        assert result.study.verdict is Verdict.REFUSE and result.effect.kind == "refusal"
        assert "从头到尾是同一个数" in result.study.answer.zh and result.rungs is None

    def test_an_experience_that_differs_between_stores_only(self) -> None:
        panel = drawn(1)[0]
        result = ex_voc.study(changed(panel, ex=panel.frame.groupby("unit_id")["ex"].transform("mean")))
        assert result.study.verdict is Verdict.REFUSE and "从不变化" in result.effect.reason.zh

    def test_two_periods_are_one_change_too_few(self) -> None:
        panel = drawn(1)[0]
        result = ex_voc.study(only(panel, panel.frame["period"] < 2))
        assert result.effect.kind == "refusal" and "1 period(s)" in result.effect.reason.en

    def test_a_handful_of_stores_gets_no_interval(self) -> None:
        panel = drawn(1, stores=8)[0]
        result = ex_voc.study(panel)
        assert result.study.verdict is Verdict.REFUSE and "8" in result.effect.reason.en
        assert not [e for e in result.ladder.rungs if e.p_value is not None]

    def test_a_survey_that_measures_nothing(self) -> None:
        """Employees answer at random: no store to speak of, no slope."""
        assert "sampling noise" in ex_voc.study(drawn(1, icc=0.001, employees=5)[0]).effect.reason.en
        result = ex_voc.study(drawn(1, icc=0.05, employees=5)[0])  # stores differ, by less than the gate asks for
        assert result.study.verdict is Verdict.REFUSE
        assert any(c.passed is False and "mean is reliable" in c.name.en for c in result.study.checks)

    @pytest.mark.parametrize("stores,verdict", [(14, Verdict.REPORT_WITH_CAVEAT), (60, Verdict.REPORT)])
    def test_the_policy_follows_the_number_of_stores(self, stores: int, verdict: Verdict) -> None:
        result = ex_voc.study(drawn(3, slope=6.0, stores=stores, employees=20, customers=80)[0], draws=999)
        assert result.study.verdict is verdict and not result.effect.conf_low <= 0 <= result.effect.conf_high


class TestBadInput:
    def test_declarations_that_make_no_sense(self) -> None:
        panel = drawn(1)[0]
        for wrong in ({"lag": 0}, {"lag": 5}, {"leads": 0}):
            with pytest.raises(ParameterError, match="declared lag"):
                ex_voc.study(panel, **wrong)

    def test_a_store_that_stands_twice_in_a_period(self) -> None:
        panel = drawn(1)[0]
        twice = changed(panel)
        object.__setattr__(twice, "frame", pd.concat([panel.frame, panel.frame.iloc[:3]], ignore_index=True))
        with pytest.raises(DataError, match="more than once"):
            ex_voc.study(twice)

    def test_text_ids_and_the_order_of_rows_change_nothing(self) -> None:
        panel = drawn(1)[0]
        named = changed(panel, unit_id="S" + panel.frame["unit_id"].astype(str).str.zfill(3))
        answers = panel.answers.assign(unit_id="S" + panel.answers["unit_id"].astype(str).str.zfill(3))
        object.__setattr__(named, "answers", answers.sample(frac=1, random_state=1))
        object.__setattr__(named, "frame", named.frame.sample(frac=1, random_state=2))
        first, second = ex_voc.study(panel), ex_voc.study(named)
        assert second.effect.value == pytest.approx(first.effect.value, rel=1e-9)
        assert second.effect.conf_low == pytest.approx(first.effect.conf_low, rel=1e-9)

    def test_another_scale_of_the_survey_changes_nothing_printed(self) -> None:
        panel = drawn(1)[0]
        wider = changed(panel, ex=20 * panel.frame["ex"] + 7, ex_noise=400 * panel.frame["ex_noise"])
        object.__setattr__(wider, "answers", panel.answers.assign(value=20 * panel.answers["value"] + 7))
        assert ex_voc.study(wider).effect.value == pytest.approx(ex_voc.study(panel).effect.value, rel=1e-9)


class TestProgramme:
    def test_the_event_study_holds_what_was_planted(self) -> None:
        panel, truth = drawn(4, programme=8.0)
        result = ex_voc.study(panel, seed=4)
        found = result.programme["events"]
        after = result.path.loc[~result.path["is_lead"], "relative_period"].to_numpy(int)
        planted = np.mean([truth["programme_path"][min(h, 3)] for h in after])
        assert found.conf_low <= planted <= found.conf_high

    def test_four_treated_stores_are_left_to_permutation(self) -> None:
        panel = drawn(5, programme=10.0, treated_share=4 / 60, starts=(6,))[0]
        result = ex_voc.study(panel, seed=5)
        assert result.programme.chosen == "permutation" and result.rungs.programme is None
        assert result.programme["permutation"].p_value >= result.rungs.lottery.smallest_p

    def test_one_treated_store_is_refused(self) -> None:
        panel = drawn(5, programme=10.0, treated_share=1 / 60, starts=(6,))[0]
        assert ex_voc.study(panel, seed=5).programme["events"].kind == "refusal"


    def test_stores_that_all_start_in_turn_are_compared_with_those_still_waiting(self) -> None:
        held = []
        for seed in range(4):
            panel, truth = drawn(seed, programme=float(np.random.default_rng(seed).uniform(8, 12)), treated_share=1.0, starts=(3, 4, 5, 6, 7, 8))
            assert panel.frame["started"].notna().all()
            result = ex_voc.study(panel, draws=99, seed=seed)
            found, after = result.programme["events"], result.path.loc[~result.path["is_lead"], "relative_period"].to_numpy(int)
            held.append(found.conf_low <= np.mean([truth["programme_path"][min(h, 3)] for h in after]) <= found.conf_high)
        assert sum(held) >= 3

    def test_stores_that_all_start_at_once_are_refused(self) -> None:
        panel = drawn(5, programme=10.0)[0]
        found = ex_voc.study(changed(panel, started=6.0), draws=99).programme["events"]
        assert found.kind == "refusal" and "In no period" in found.reason.en and "没有哪一期" in found.reason.zh

    def test_an_interval_without_an_end_is_a_refusal(self) -> None:
        panel = drawn(5, programme=10.0, treated_share=4 / 60, starts=(6,))[0]
        rungs = ex_voc.study(panel, draws=99, seed=5).rungs
        open_ = replace(rungs, lottery=replace(rungs.lottery, conf_high=np.inf))
        found = ex_voc._programme(open_, 0.95)["permutation"]
        assert found.kind == "refusal" and all(f"{rungs.lottery.smallest_p:.3f}" in text for text in (found.reason.zh, found.reason.en))


class TestMoney:
    POINT = Estimate(estimand="point_worth", kind="estimate", unit="cny", value=100_000.0, conf_low=60_000.0, conf_high=140_000.0, std_error=20_000.0,
                     n=2000, n_clusters=60, evidence_level=1)

    def test_the_chain_multiplies_and_is_no_surer_than_its_weaker_link(self) -> None:
        panel = drawn(1, slope=4.0, employees=12)[0]
        result = ex_voc.study(panel, point=self.POINT, seed=1)
        total = result.worth.total
        assert total.value == pytest.approx(result.effect.value * 100_000)
        assert total.evidence_level == 1
        widths = [(e.conf_high - e.conf_low) / e.value for e in (total, result.effect, self.POINT)]
        assert widths[0] > max(widths[1:])
        assert result.worth.per_unit.value == pytest.approx(total.value / 60)

    def test_without_a_slope_there_is_no_money(self) -> None:
        result = ex_voc.study(drawn(1, stores=8)[0], point=self.POINT)
        assert result.worth.total.kind == "refusal" and len(result.study.headline) == 1
