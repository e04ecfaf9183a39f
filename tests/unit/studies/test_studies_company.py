"""The study of the sample company: the published score against the planted truth."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from study_tables import figures, pool, spoken, texts, with_responses

from voclib import numbers
from voclib.errors import DataError
from voclib.results import Text, Verdict
from voclib.stats import metrics
from voclib.studies import company

POOL = pool()
SURVEYS = POOL["responses"][POOL["responses"]["nps_score"].notna()]
TRUTH = {
    "utc_offset_hours": 8,
    "survivorship": {"window": "2026Q1", "nps_all_customers": -40.0, "nps_churned": -61.5, "nps_contactable": -30.0, "nps_invited": -20.0,
                     "nps_respondents": 1.0, "response_rate": 0.25, "customers_n": 4000},
    "ex_voc": {"slope_nps_per_climate_sd": 5.4, "programme_att_nps": 3.7},
    "nps_revenue": {"att_margin_cny": -495.4, "churn_rd": 0.077},
    "inflation": {"dealers": {"D1": {}, "D2": {}}},
    "dirt": {"a.csv": {"duplicate_rows": 3, "vin": 1, "unheard_of": 9}, "b.csv": {"duplicate_rows": 2, "vin": 0}},
}
OFFSET = TRUTH["utc_offset_hours"]
PUBLISHED = metrics.nps(company.in_window(SURVEYS, "2026Q1", OFFSET), cluster="unit_id")


def planted(**changes):
    made = copy.deepcopy(TRUTH)
    made["survivorship"] |= changes
    return made


def study(truth=TRUTH, tables=POOL):
    return company.study(tables, truth, seed=11)


class TestGap:
    def test_the_gap_is_published_minus_truth(self) -> None:
        found = study()
        gap = PUBLISHED.value + 40
        assert found.ladder["published"].value == PUBLISHED.value and found.ladder["everyone"].value == -40
        assert f"相差 {gap:.0f} 分" in found.study.answer.zh and f"{gap:.0f} points apart" in found.study.answer.en
        assert f"{gap:.0f}" in found.captions["ladder"]["title"].zh
        assert found.study.headline == (found.ladder["everyone"],) and found.study.naive == found.ladder["published"]

    def test_a_truth_above_the_published_value_is_as_far_away(self) -> None:
        gap = 70 - PUBLISHED.value
        assert f"{gap:.0f} points apart" in study(planted(nps_all_customers=70.0)).study.answer.en

    def test_the_report_that_it_sends_to_is_called_by_its_real_title(self) -> None:
        notebook = json.loads((Path(__file__).parents[3] / "notebooks/21-survivorship.ipynb").read_text("utf-8"))
        zh, en = ("".join(cell["source"]).removeprefix("# ").strip() for cell in notebook["cells"][:2])
        said = study().study.decision
        assert f"报告 21《{zh}》" in said.zh and f"report 21, “{en}”" in said.en

    def test_the_published_interval_is_clustered_by_dealer(self) -> None:
        rung = study().ladder["published"]
        assert (rung.kind, rung.n, rung.n_clusters, rung.seed, rung.rung) == ("estimate", 192, 24, 11, "published")
        assert (rung.conf_low, rung.conf_high) == (PUBLISHED.conf_low, PUBLISHED.conf_high)

    def test_truths_are_exact_and_the_last_one_is_chosen(self) -> None:
        ladder = study().ladder
        assert [(r.rung, r.kind, r.value) for r in ladder.rungs[1:]] == [("asked", "count", -20.0), ("contactable", "count", -30.0),
                                                                        ("everyone", "count", -40.0)]
        assert ladder.chosen == "everyone" and set(study().captions["ladder"]["labels"]) == {r.rung for r in ladder.rungs}

    def test_both_languages_say_the_same_figures(self, small_company) -> None:
        for found in (study(), company.study(small_company.tables, small_company.truth, seed=1)):
            for text in [*texts(found.study), *spoken(found.captions)]:
                zh, en = (re.sub(r"\d\d-[a-z-]+", "", text[lang]) for lang in ("zh", "en"))  # names of reports carry a number
                assert figures(zh) == figures(en), text
            for lang in ("zh", "en"):
                assert numbers.interval(found.study.naive, lang) in found.study.answer[lang]


class TestChecks:
    @pytest.mark.parametrize(("truth", "covers"), [(PUBLISHED.value + 1, True), (PUBLISHED.conf_high + 1, False), (PUBLISHED.conf_low - 1, False)])
    def test_whether_the_interval_covers_the_truth(self, truth: float, covers: bool) -> None:
        found = study(planted(nps_all_customers=float(truth)))
        assert found.study.checks[0].passed is covers
        assert ("盖不住" in found.study.answer.zh) is not covers and ("does not cover" in found.study.answer.en) is not covers

    @pytest.mark.parametrize(("off", "passed"), [(2.9, True), (-2.9, True), (3.1, False)])
    def test_whether_the_answers_read_are_those_planted(self, off: float, passed: bool) -> None:
        found = study(planted(nps_respondents=PUBLISHED.value + off))
        assert found.study.checks[1].passed is passed

    def test_the_response_rate_is_information(self) -> None:
        check = study().study.checks[2]
        assert check.passed is None and figures(check.detail.zh) == ["192", "25.0%"]


class TestWindow:
    def test_only_surveys_of_the_quarter_in_the_company_s_own_time(self) -> None:
        kept = company.in_window(POOL["responses"], "2026Q1", OFFSET)
        assert len(kept) == 192 and set(kept["channel"]) == {"app", "sms"}
        edge = SURVEYS.assign(touched_at=pd.Timestamp("2025-12-31T17:00:00Z"))
        assert len(company.in_window(edge, "2026Q1", OFFSET)) == 384, "1 January in Shanghai"
        with pytest.raises(DataError):
            company.in_window(edge, "2026Q1", 0)

    def test_an_empty_window_says_what_the_pool_spans(self) -> None:
        with pytest.raises(DataError, match="No survey answer has its contact in 2031Q1; the pool spans 2026-01-08 to 2026-05-02"):
            study(planted(window="2031Q1"))


class TestSmallAndUntidy:
    def test_few_dealers_fall_back_to_independent_answers(self, small_company) -> None:
        found = company.study(small_company.tables, small_company.truth, seed=1)
        assert found.ladder["published"].kind == "estimate" and found.ladder["published"].n_clusters is None
        assert found.study.verdict is Verdict.REPORT

    def test_an_answer_without_a_dealer_does_not_stop_the_study(self) -> None:
        lost = with_responses(POOL, unit_id=POOL["responses"]["unit_id"].mask(POOL["responses"]["response_id"].eq("R1-C00-00")))
        assert study(tables=lost).ladder["published"].n == 192

    def test_too_few_answers_for_a_score_are_an_error_a_user_can_act_on(self) -> None:
        few = {**POOL, "responses": SURVEYS.head(6).reset_index(drop=True)}
        with pytest.raises(DataError, match="6 answers"):
            study(tables=few)


class TestTables:
    def test_every_planted_truth_names_the_study_that_looks_for_it(self) -> None:
        table = study().planted
        assert table["sought"].tolist() == ["21-survivorship"] * 3 + ["22-score-inflation"] + ["30-ex-voc"] * 2 + ["31-nps-revenue"] * 2
        assert table["value"].tolist()[:4] == [Text("−40.0", "−40.0"), Text("−61.5", "−61.5"), Text("25.0%", "25.0%"), Text("2", "2")]
        assert table["value"].tolist()[4] == Text("+5.4", "+5.4") and table["value"].tolist()[6] == Text("−¥500", "−¥500")
        assert table["value"].tolist()[7] == Text("+7.7 个百分点", "+7.7 percentage points")

    def test_what_a_small_company_has_not_is_a_dash(self) -> None:
        assert study(planted(nps_churned=None)).planted["value"].tolist()[1] == Text("—", "—")

    def test_dirt_is_counted_over_files_and_named(self) -> None:
        assert [(t.en, n) for t, n in study().dirt.itertuples(index=False)] == [("Repeated rows", 5), ("VINs in verbatims", 1)]
        assert study({**TRUTH, "dirt": {}}).dirt.empty

    def test_every_kind_of_dirt_a_company_gets_has_a_name(self, small_company) -> None:
        kinds = {kind for found in small_company.truth["dirt"].values() for kind, n in found.items() if n} - {"rows"}
        assert len(kinds) > 8 and kinds <= set(company.DIRT)

    def test_counts_of_the_first_cell(self, small_company) -> None:
        assert {t.en: n for t, n in company.facts(small_company.tables).items()} == {
            "customers": 600, "dealers": 8, "service contacts": 2484, "voices": 835}
