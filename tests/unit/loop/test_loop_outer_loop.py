"""The page on landed projects: its answer, its steps, and every cell of the notebook on data that lack this and that."""

from pathlib import Path

import notebook_cells
import numpy as np
import pandas as pd
import pytest
from outer_loop_tables import FIRST, company
from study_tables import spoken, texts

from voclib.loop import outer_loop, routing
from voclib.loop.outer_loop import funnel as outer_funnel
from voclib.loop.outer_loop import names as outer_names
from voclib.loop.outer_loop import subjects
from voclib.loop.outer_loop import text as words
from voclib.loop.outer_loop.tables import DEPARTMENT_COLUMNS, TRACKER_COLUMNS, TRUTH_COLUMNS, written
from voclib.reporting import names, wording
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text, Verdict
from voclib.stats import gates as gating
from voclib.studies import counting
from voclib.text import parts

ROOT = Path(__file__).parents[3]
GATES = gating.load()


@pytest.fixture(scope="module")
def tables():
    return company()


@pytest.fixture(scope="module")
def result(tables):
    rules = routing.load(ROOT / "params/rules/classes.yml", ROOT / "params/rules/aspects.yml")
    return outer_loop.study(tables, rules=rules)


class TestAnswer:
    def test_the_ladder_comes_down_from_two_months(self, result):
        naive, chosen = result.ladder["naive"], result.ladder["controlled"]
        assert naive.value > chosen.conf_high and chosen.conf_low < 1 - np.sqrt(0.5) < chosen.conf_high  # one halved, one idle
        assert result.study.headline[0].value == chosen.value and result.study.naive.value == naive.value
        assert result.ladder["like_these"].conf_high - result.ladder["like_these"].conf_low > chosen.conf_high - chosen.conf_low

    def test_both_languages_hold_the_same_numbers(self, result):
        for text in (result.study.answer, *(check.detail for check in result.study.checks)):
            digits = [sorted("".join(c if c.isdigit() else " " for c in t).split()) for t in (text.zh, text.en)]
            assert set(digits[0]) == set(digits[1]) or "2" in set(digits[0]) ^ set(digits[1]), text

    def test_few_judged_projects_carry_a_caveat(self, result):
        assert result.study.verdict is Verdict.REPORT_WITH_CAVEAT
        assert result.study.headline[1].value == 1 and result.study.headline[1].n == 2

    def test_it_is_problems_that_are_fewer_never_projects(self, result):
        """“k 个部门的项目确实少了” reads as departments with fewer projects."""
        columns = [c for held in (DEPARTMENT_COLUMNS, TRUTH_COLUMNS, TRACKER_COLUMNS) for c in held.values()]
        title = names.entry("projects_told").title
        said = [t for t in [*spoken(dict(result.captions)), *texts(result.study), *columns, title] if "确实少了" in t.zh or "说少了" in t.zh]
        assert len(said) >= 4 and [t.zh for t in said if "问题" not in t.zh] == []

    def test_a_problem_that_grew_is_not_called_smaller(self, result):
        main = result.study.headline[0]
        grown = words.answer(main.with_(value=-0.3, conf_low=-0.5, conf_high=-0.1), None, 0, 2)
        unclear = words.answer(main.with_(value=0.1, conf_low=-0.2, conf_high=0.3), None, 0, 2)
        assert grown.zh.startswith("没有少") and grown.en.startswith("No, it has grown")
        assert unclear.zh.startswith("看不出") and "Yes" not in unclear.en

    def test_texts_claim_no_more_than_precedence(self, result):
        study = result.study
        said = [study.answer, study.caveat, study.decision, *(c.detail for c in study.checks), *(t for pair in study.limits for t in pair)]
        said += [value for one in result.captions.values() for value in one.values() if isinstance(value, Text)]
        assert [t for t in said if verbs_exceed(t.zh, 2, "zh") or verbs_exceed(t.en, 2, "en") or half_width(t.zh)] == []

    def test_one_subject_without_a_project_is_too_few_to_compare_with(self, tables, result):
        kept = ~tables["repairs"]["part"].isin(["前减震", "大天窗电机"])
        few = outer_loop.study(tables | {"repairs": tables["repairs"][kept]})
        failed = {c.name.en: c.passed for c in few.study.checks}
        name = "Enough subjects without a project to compare with"
        assert failed[name] is False and {c.name.en: c.passed for c in result.study.checks}[name]
        assert few.study.verdict is Verdict.BOUNDS_ONLY and any(few.study.caveat == c.consequence for c in few.study.checks)
        main, plain, controlled = few.study.headline[0], few.ladder["plain"], few.ladder["controlled"]
        assert main.kind == "bounds" and few.ladder.chosen == "range" and few.drawn.empty
        assert {main.bound_low, main.bound_high} == {plain.value, controlled.value}
        assert main.conf_low <= min(plain.conf_low, controlled.conf_low) and main.conf_high >= max(plain.conf_high, controlled.conf_high)
        assert {one.kind for one in few.each} <= {"bounds", "refusal"} and result.study.headline[0].kind == "estimate"
        told = few.effects.judged[few.effects.judged["told"]]
        assert ((told["plain"] / told["plain_error"]).abs() > 1.64).all(), "told with and without the common movement"

    def test_where_projects_have_ranges_departments_have_them_too(self, tables, result):
        kept = ~tables["repairs"]["part"].isin(["前减震", "大天窗电机"])
        apart = tables["projects"].assign(owner_department=["质量部", "售后部", *["质量部"] * 4])
        given = tables | {"projects": apart}
        few = outer_loop.study(given | {"repairs": tables["repairs"][kept]})
        shown = few.departments.set_index(few.departments["department"].map(str))["fall"]
        own = {e.group: e for e in few.each}
        for department, project in (("质量部", "P1"), ("售后部", "P2")):  # each has one judged project: the two rows must agree
            cell = next(cell for name, cell in shown.items() if department in name)
            assert cell == written(own[project]) and own[project].kind == "bounds"
        many = outer_loop.study(given)
        assert [written(e) for e in many.each if e.kind == "estimate"] == [c for c in many.departments["fall"] if c.en != "—"]

    def test_every_landed_project_has_an_estimate_or_what_it_takes(self, result):
        assert {e.group: e.kind for e in result.each} == {"P1": "estimate", "P2": "estimate", "P3": "refusal", "P4": "refusal", "P6": "refusal"}
        needs = {e.group: e.needs.en for e in result.each if e.kind == "refusal"}
        assert needs["P3"] == "3 more weeks" and "10 events" in needs["P4"] and "topic" in needs["P6"]

    def test_two_months_improve_what_nobody_touched(self, result):
        rings = result.placebo_naive
        assert rings["between"].value > 0.15 and abs(result.placebo[1].value) < rings["between"].value

    def test_lines_of_the_course_end_in_the_means_of_the_title(self, result):
        shown, last = result.captions["course"], result.course.groupby("phase")["estimate"].last()
        assert {"usual", "run_up", "after"} <= set(shown["ends"])
        for phase in ("usual", "run_up", "after"):
            share = shown["ends"][phase].en.removeprefix("mean ")
            assert share in shown["title"].en and share in shown["title"].zh
        assert any(f"{last[phase]:.1%}" not in shown["ends"][phase].en for phase in last.index), "the last month is another number"

    def test_names_of_estimands_are_known(self, result):
        for one in (*result.study.headline, *result.steps):
            wording.name(one.estimand)

    def test_same_tables_same_study(self, tables, result):
        shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in tables.items()}
        assert outer_loop.study(shuffled).study.to_dict()["ladders"] == result.study.to_dict()["ladders"]

    def test_truth_is_set_beside_what_was_found(self, result):
        planted = {"P1": {"effect": -0.5}, "P2": {"effect": 0.0}, "P3": {"effect": -0.3}}
        made = outer_loop.against_truth(result, {"field": {"projects": {"landed": planted}}})
        assert made["project"].tolist()[:2] == ["P1", "P2"] and made["inside"].map(lambda t: t.en).tolist() == ["yes", "yes", "yes"]
        assert made["told"].map(lambda t: t.en).tolist() == ["yes", "no", "—"]
        assert outer_loop.against_truth(result, {}).empty


class TestNames:
    def test_a_project_keeps_its_part_in_both_languages(self, tables):
        found, _ = subjects.find(tables, subjects.projects(tables))
        names = outer_names.names(found, {}, None, parts.load(ROOT / "params/rules/parts.yml").part)
        assert names.project("P2") == Text("P2 雨刮电机", "P2 Wiper motor") and names.project("P1") == Text("P1 小电瓶", "P1 12V battery")
        assert outer_names.names(found, {}, None).project("P2") == Text("P2 雨刮电机", "P2 repair"), "no names of parts"
        assert names.project("P4").en == "P4 lounge", "judged by reports of a topic"

    def test_states_say_what_they_mean(self, result):
        states, effects = set(result.tracker["state"].map(str)), set(result.tracker["effect"].map(str))
        assert any("Live on time" in s and "按期落地" in s for s in states) and not any("'Live'" in s for s in states)
        assert any("Cannot be judged" in e and "评不了" in e for e in effects)

    def test_no_text_speaks_of_telling_from_nothing(self, result):
        said = [t for one in result.captions.values() for t in one.values() if isinstance(t, Text)]
        said += [result.study.answer, result.study.decision, *(t for pair in result.study.limits for t in pair)]
        assert not [t.en for t in said if "told from nothing" in t.en or "told from nothing" in wording.name("projects_told").en]
        assert "In 1 of the 2 the problem is clearly smaller; in the other 1 the change may be chance." in result.study.answer.en

    def test_limits_do_not_deny_the_money_that_the_page_counts(self, result):
        limits = " ".join(t[lang] for pair in result.study.limits for t in pair for lang in ("zh", "en"))
        assert "不算钱" not in limits and "no money" not in limits and "少修的保修件" in limits and "only for warranty repairs avoided" in limits


class TestSteps:
    def test_pending_ones_are_neither_adopted_nor_rejected(self, tables):
        asof = FIRST + pd.Timedelta(days=539)
        made = outer_funnel.study(tables["recommendations"], tables["projects"], asof=asof, conf_level=0.95, gates=GATES)
        assert made.stages == {"proposed": 24, "decided": 18, "adopted": 12, "chartered": 12, "landed": 10, "evaluated": 6}
        assert made.of_decided.value == pytest.approx(12 / 18) and made.adopted.value < made.of_decided.value
        assert made.quarters["pending"].sum() == 6 and made.quarters["proposed"].sum() == 24

    def test_without_pending_ones_incidence_is_the_plain_share(self, tables):
        asof = FIRST + pd.Timedelta(days=539)
        told = tables["recommendations"].head(18)
        made = outer_funnel.study(told, tables["projects"], asof=asof, conf_level=0.95, gates=GATES)
        followed = told["proposed_on"] <= asof - pd.Timedelta(days=60)
        assert made.adopted.kind == "refusal" or made.adopted.value == pytest.approx(told.loc[followed, "decision"].eq("adopted").mean())

    def test_open_projects_count_against_being_in_time(self, tables):
        many = pd.concat([tables["projects"].assign(project_id=lambda f, k=k: f["project_id"] + str(k)) for k in range(4)], ignore_index=True)
        asof = FIRST + pd.Timedelta(days=539)
        every, naive = outer_funnel.on_time(many, asof=asof, conf_level=0.95, gates=GATES)
        assert naive.value == pytest.approx(2 / 4) and every.value == pytest.approx(2 / 5)  # the overdue one is in

    def test_effect_reports_are_due_so_long_after_landing(self, tables):
        many = pd.concat([tables["projects"].assign(project_id=lambda f, k=k: f["project_id"] + str(k)) for k in range(4)], ignore_index=True)
        made = outer_funnel.reported(many, asof=FIRST + pd.Timedelta(days=539), conf_level=0.95, gates=GATES)
        assert made.n == 16 and made.value == pytest.approx(2 / 4)  # P3 landed last week, P6 reported after fifty days

    def test_states_of_the_tracker(self, tables):
        made = outer_funnel.tracker(tables["projects"], asof=FIRST + pd.Timedelta(days=539)).set_index("project_id")
        assert made["state"].tolist() == ["landed", "landed_late", "landed_late", "landed", "open_late", "landed"]
        assert made.loc["P5", "late"] == 179 and made["missing"].to_dict()["P4"] and not made["missing"].to_dict()["P3"]


class TestCounting:
    def test_projects_and_events_have_a_place_each(self, tables):
        found = {f.table: f for f in counting.flows("41-outer-loop", tables)}
        assert found["projects"].n == 2 and set(found["projects"].where) == {"", "open", "no_subject", "no_history", "too_short"}
        assert found["repairs"].n == len(tables["repairs"]) and found["frontline_reports"].n == 30


def _without(name):
    return lambda t: {k: v for k, v in t.items() if k != name}


def _projects(change):
    return lambda t: t | {"projects": change(t["projects"])}


THIN = {
    "no frontline reports": _without("frontline_reports"),
    "no recommendations": _without("recommendations"),
    "no repairs": _without("repairs"),
    "nothing but projects": lambda t: {"projects": t["projects"]},
    "none landed": _projects(lambda p: p.assign(landed_on=pd.NaT, evaluated_on=pd.NaT)),
    "one project": _projects(lambda p: p.head(1)),
    "one project that landed last week": _projects(lambda p: p.iloc[[2]]),
    "no topics": _projects(lambda p: p.assign(topic=None)),
    "no topics and no measures": _projects(lambda p: p.assign(topic=None, measure=None)),
    "no due days": _projects(lambda p: p.assign(due_on=pd.NaT)),
    "only what must be": _projects(lambda p: p[["project_id", "name", "owner_department", "chartered_on", "landed_on"]]),
    "two projects on one subject": _projects(lambda p: pd.concat([p.head(2), p.head(1).assign(project_id="P9")])),
    "all recommendations pending": lambda t: t | {"recommendations": t["recommendations"].assign(decision="pending", decided_on=pd.NaT)},
    "three recommendations": lambda t: t | {"recommendations": t["recommendations"].head(3)},
    "one part": lambda t: t | {"repairs": t["repairs"][t["repairs"]["part"] == "小电瓶"]},
}


@pytest.mark.parametrize("case", THIN)
def test_every_cell_runs_on_thin_data(case, tables, monkeypatch):
    notebook_cells.load(THIN[case](tables), monkeypatch)
    study = notebook_cells.run("41-outer-loop")["result"].study
    assert study.answer.zh and study.answer.en and study.headline
    assert study.headline[0].kind != "refusal" or (study.verdict is Verdict.REFUSE and study.headline[0].needs.zh)
