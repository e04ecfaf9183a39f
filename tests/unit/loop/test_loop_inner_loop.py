"""The study of clocks: numbers that agree with each other, what it refuses, and that both languages say the same."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loop_tables import GIVEN, cases, clock, drawn, moment, only
from study_tables import figures, spoken, texts
from test_loop_unheard import voices

from voclib.errors import DataError
from voclib.loop import clocks, inner_loop, routing
from voclib.loop.inner_loop import checks as inner_loop_checks
from voclib.loop.inner_loop import tables as inner_loop_tables
from voclib.loop.inner_loop import text as inner_loop_text
from voclib.loop.inner_loop.timestamps import Pile
from voclib.reporting import names, show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Estimate, Text, Verdict
from voclib.studies import counting

RULES = Path(__file__).resolve().parents[3] / "params" / "rules"
LOADED = routing.load(RULES / "classes.yml", RULES / "aspects.yml")
Tables = dict[str, pd.DataFrame]


def tables(frame: pd.DataFrame, **more: pd.DataFrame) -> Tables:
    """Tables as the standard has them: what `clocks.cases` adds comes from voices and customers."""
    spoken_at = frame[["response_id", "submitted_at"]].dropna().drop_duplicates("response_id")
    heard = voices(np.zeros(len(spoken_at)), response_id=spoken_at["response_id"].tolist(), nps_score=[2] * len(spoken_at))
    people = frame[["customer_id", "value_tier"]].dropna().drop_duplicates("customer_id")
    return {"cases": frame.drop(columns=["submitted_at", "value_tier"]),
            "responses": heard.assign(submitted_at=spoken_at["submitted_at"].to_numpy()).astype({"submitted_at": "datetime64[us, UTC]"}),
            "customers": people.reset_index(drop=True)} | more


def without(given: Tables, *gone: str, **columns: object) -> Tables:
    """Without some tables, some columns of cases replaced."""
    return {k: v for k, v in given.items() if k not in gone} | {"cases": given["cases"].assign(**columns)}


def every_text(result: inner_loop.InnerLoop) -> list[Text]:
    cells = [v for frame in (result.sheet, result.matrix, result.missed, result.queue, result.routes,
                             inner_loop_tables.department_rows(result.departments)) for v in frame.to_numpy().ravel() if isinstance(v, Text)]
    steps = [t for step in inner_loop_tables.stages(result.coverage) for t in step.values() if isinstance(t, Text)] if result.coverage else []
    reasons = [t for one in (*result.every, *result.study.headline) for t in (one.reason, one.needs) if t is not None]
    captions = [t for t in spoken(dict(result.captions)) if "{drawn}" not in t.en]  # words that a chart fills in
    return [*texts(result.study), *captions, *cells, *steps, *reasons]


@pytest.fixture(scope="module")
def found(small_company) -> inner_loop.InnerLoop:
    return inner_loop.study(small_company.ingested, GIVEN, rules=LOADED, seed=1)


@pytest.fixture(scope="module")
def drawn_tables() -> Tables:
    frame = drawn(8, n=700, departments=("质量部", "备件部", "数字化部", "销售部", "门店管理部", "售后技术部"))
    frame["submitted_at"] = frame["opened_at"] - pd.Timedelta(hours=3)
    return tables(frame)


@pytest.fixture(scope="module")
def whole(drawn_tables) -> inner_loop.InnerLoop:
    return inner_loop.study(drawn_tables, only(), rules=LOADED)


class TestTheSampleCompany:
    def test_the_headline_is_the_answer_of_the_ladder(self, found) -> None:
        head, ladder = found.study.headline, found.ladder
        assert ladder.chosen == "cases" and [r.rung for r in ladder.rungs] == ["closed", "cases", "voice", "voices"]
        assert head[0].value == ladder["cases"].value and head[0].n == ladder["cases"].n and head[1].value == found.coverage.share.value
        assert ladder["closed"].value > ladder["cases"].value >= ladder["voice"].value and ladder["voices"].kind == "bounds"
        assert ladder["voices"].bound_high == ladder["voice"].value and found.study.naive.value == ladder["closed"].value

    def test_the_truth_lies_inside(self, found, small_company) -> None:
        compared = inner_loop.against_truth(found, GIVEN, small_company.truth)
        assert len(compared) >= 2 and {t.en for t in compared["inside"]} == {"yes"}
        assert inner_loop.against_truth(found, GIVEN, {}).empty

    def test_every_clock_has_a_number_and_every_check_a_name(self, found) -> None:
        assert [one.group for one in found.every] == [one.id for one in GIVEN.clocks] and set(found.closed) <= {one.id for one in GIVEN.clocks}
        for lang in ("zh", "en"):
            assert max(Counter(check.name[lang] for check in found.study.checks).values()) == 1
        for one in (*found.every, *found.study.headline):
            assert names.NAMES and show.headline(found.study) is not None and one.estimand

    def test_tables_add_up(self, found) -> None:
        n = found.study.headline[0].n
        assert found.departments.table["n"].sum() == found.sheet["n"].sum() == n
        assert found.months.query("way == 'opened'")["n"].sum() == n
        assert len(found.queue) <= 12 >= len(found.missed) and found.routing.n == n

    def test_both_languages_say_the_same_numbers(self, found) -> None:
        for text in every_text(found):
            assert figures(text.zh) == figures(text.en), text
            assert text.zh and text.en and not re.search(r"\bnan\b|\{|<NA>", text.zh + text.en, re.I), text

    def test_chinese_is_written_as_chinese(self, found) -> None:
        for text in texts(found.study):
            assert not half_width(text.zh), text.zh
            for lang in ("zh", "en"):
                assert verbs_exceed(text[lang], 0, lang) == [], text[lang]

    def test_no_customer_and_no_words_of_theirs(self, found, small_company) -> None:
        said = " ".join(t.zh + t.en for t in every_text(found)) + str(found.missed) + str(found.queue)
        table = small_company.ingested["cases"]
        assert not any(v in said for v in {*table["customer_id"].dropna(), *table["description"].dropna().head(200)} if len(v) > 5)

    def test_the_same_twice_in_any_order(self, found, small_company) -> None:
        mixed = {name: frame.sample(frac=1, random_state=2).reset_index(drop=True) for name, frame in small_company.ingested.items()}
        other = inner_loop.study(mixed, GIVEN, rules=LOADED, seed=1)
        assert other.study.to_dict() == found.study.to_dict()
        pd.testing.assert_frame_equal(other.months, found.months)


class TestCounting:
    """Every chain ends at the number of the page."""

    @pytest.mark.parametrize(("since", "until"), [("", ""), ("2025-11-01", ""), ("", "2026-03-31"), ("2025-12-01", "2026-05-31")])
    def test_cases_and_voices(self, small_company, since: str, until: str) -> None:
        given = small_company.ingested
        result = inner_loop.study(given, GIVEN, since=since, until=until)
        flows = counting.flows("40-inner-loop", given, since=since, until=until, clocks_file=RULES / "clocks.yml")
        assert flows[0].n == result.study.headline[0].n == len(clocks.cases(given, since=since, until=until))
        assert flows[1].n == result.coverage.share.n == len(result.coverage.voices)
        assert set(flows[1].ids) == set(result.coverage.voices["response_id"])
        for flow, name in zip(flows, ("cases", "responses"), strict=True):
            assert flow.n + sum(step.taken for step in flow.steps) == len(given[name])


class TestThinTables:
    @pytest.mark.parametrize("gone", [(), ("responses",), ("customers",), ("responses", "customers")])
    def test_without_other_tables(self, drawn_tables, gone: tuple[str, ...]) -> None:
        result = inner_loop.study(without(drawn_tables, *gone), only())
        assert result.study.verdict is not Verdict.REFUSE and (result.coverage is None) == ("responses" in gone)
        assert len(result.ladder.rungs) == (2 if "responses" in gone else 4)

    @pytest.mark.parametrize(("column", "step"), [("response_id", 0), ("customer_id", 0), ("unit_id", 2), ("topic", 0), ("severity", 0),
                                                  ("severity", 2), ("owner_department", 0), ("owner_department", 2), ("description", 0)])
    def test_without_a_column(self, drawn_tables, whole, column: str, step: int) -> None:
        """All of it missing (step 0), or every other value."""
        values = drawn_tables["cases"][column]
        kept = np.arange(len(values)) % step == 0 if step else np.zeros(len(values), dtype=bool)
        result = inner_loop.study(without(drawn_tables, **{column: values.where(kept)}), only(), rules=LOADED)
        assert result.study.headline[0].value == whole.study.headline[0].value
        assert (result.routing is None) == (column == "description")
        for text in every_text(result):
            assert figures(text.zh) == figures(text.en) and "nan" not in text.en.lower().split(), text

    @pytest.mark.parametrize("name", ["assigned_at", "responded_at", "resolved_at"])
    def test_a_main_clock_whose_end_is_recorded_nowhere(self, drawn_tables, name: str) -> None:
        gone = drawn_tables["cases"][name].where(np.zeros(len(drawn_tables["cases"]), dtype=bool))
        with pytest.raises(DataError, match=f"needs {name}, and no case has it .recorded: .*opened_at.*Map that column"):
            inner_loop.study(without(drawn_tables, **{name: gone}), only(clock(stop=name)))

    def test_a_company_without_dealers_fails_no_check_on_them(self, drawn_tables) -> None:
        nowhere = drawn_tables["cases"]["unit_id"].where(np.zeros(len(drawn_tables["cases"]), dtype=bool))
        result = inner_loop.study(without(drawn_tables, unit_id=nowhere), GIVEN)
        [check] = [one for one in result.study.checks if "same dealer" in one.name.en]
        assert check.passed is None and check.detail.en.startswith("No case names a dealer")

    @pytest.mark.parametrize(("name", "lost"), [("assigned_at", {"assigned"}), ("responded_at", {"responded", "red_alert"})])
    def test_another_clock_is_left_out_and_named(self, drawn_tables, name: str, lost: set[str]) -> None:
        """A company that records no assignment still learns when its cases are settled: the same number as with every clock."""
        gone = drawn_tables["cases"][name].where(np.zeros(len(drawn_tables["cases"]), dtype=bool))
        result, full = inner_loop.study(without(drawn_tables, **{name: gone}), GIVEN), inner_loop.study(drawn_tables, GIVEN)
        assert result.study.headline[0].value == full.study.headline[0].value
        assert {e.group for e in full.every} - {e.group for e in result.every} == lost
        told = [one.detail.en for one in result.study.checks if one.name.en == "Every clock is recorded"]
        assert len(told) == len(lost) and all(name in text for text in told)

    def test_a_main_clock_of_no_case(self, drawn_tables) -> None:
        with pytest.raises(DataError, match="'resolved' applies to none of the 700 cases .tiers and severities: vvip; the value tier is known for 0"):
            inner_loop.study(without(drawn_tables, "customers"), only(clock(tiers=("vvip",))))
        with pytest.raises(DataError, match="needs submitted_at"):
            inner_loop.study(without(drawn_tables, "responses"), only(clock(start="submitted_at")))

    @pytest.mark.parametrize("n", [1, 2, 9])
    def test_few_cases_are_refused_with_what_it_takes(self, n: int) -> None:
        result = inner_loop.study(tables(cases([0.0] * n, [10.0] * (n - 1) + [400.0])), only(), rules=LOADED)
        study = result.study
        assert study.verdict is Verdict.REFUSE and study.headline[0].kind == "refusal" and study.naive is None
        assert study.decision == study.headline[0].needs and study.answer == study.headline[0].reason
        assert "answers" not in study.answer.en + study.decision.en and result.departments.drawn.empty

    @pytest.mark.parametrize(("n", "counted"), [(1, False), (4, False), (5, True), (9, True)])
    def test_one_threshold_hides_a_handful_in_every_table(self, n: int, counted: bool) -> None:
        """A department of 1 case stood there with "100% are closed by now", beside a matrix that hid it and a funnel "from 3 voices"."""
        result = inner_loop.study(tables(cases([0.0] * n, [10.0] * (n - 1) + [400.0])), only(), rules=LOADED)
        row = inner_loop_tables.department_rows(result.departments).iloc[0]
        assert pd.isna(row["done"]) and row["share"].en == "—", "no share of fewer than 10"
        assert [pd.notna(row[name]) for name in ("n", "open", "overdue")] == [counted] * 3 and (row["median"].en != "—") is counted
        assert (result.matrix["regular"].iloc[0].en == f"{n} cases, too few") is counted and (result.coverage is not None) is counted
        route = result.routes.iloc[0]
        assert [pd.notna(route[name]) for name in ("n", "agree")] == [counted] * 2 and ("(" in route["elsewhere"].en) is counted
        title, note = result.captions["table"]["title"], result.captions["table"]["note"]
        assert "%" not in title.en + title.zh and "fewer than 5 cases" in note.en
        show.table(inner_loop_tables.department_rows(result.departments), **result.captions["table"])
        show.table(result.routes, **result.captions["routes"])

    def test_a_small_department_is_hidden_and_still_counted_in_the_whole(self) -> None:
        owner = ["质量部"] * 40 + ["备件部"] * 7 + ["销售部"] * 4
        result = inner_loop.study(tables(cases([0.0] * 51, [10.0] * 50 + [400.0], owner_department=owner)), only(), rules=LOADED)
        rows = inner_loop_tables.department_rows(result.departments).set_index("key")
        assert rows["n"].fillna(0).tolist() == [40, 7, 0] and rows["done"].notna().tolist() == [True, False, False]
        assert rows.loc["销售部", "share"].en == rows.loc["销售部", "median"].en == "—" and result.departments.table["n"].sum() == 51
        assert result.captions["table"]["title"].en.startswith("100% are closed by now")

    def test_all_of_today_are_refused(self) -> None:
        """A day's cases, a third of them closed already: the closed ones say nothing of the limit."""
        result = inner_loop.study(tables(cases(np.linspace(0, 20, 300), [k / 15 + 2.0 if k % 3 == 0 else np.nan for k in range(300)])), only())
        assert result.study.verdict is Verdict.REFUSE and "Of 300 cases, the limit has run out for 0" in result.study.answer.en
        assert result.captions["curve"]["title"].en == "No case was followed for the full 72 hours"

    def test_all_or_none_in_time(self) -> None:
        late = cases(np.arange(200.0) * 5, np.arange(200.0) * 5 + 100)
        for frame, value in ((late, 0), (late.assign(resolved_at=late["opened_at"] + pd.Timedelta(hours=9)), 1)):
            result = inner_loop.study(tables(pd.concat([frame, cases([5000.0], [5001.0], case_id="Z", response_id="Z")], ignore_index=True)
                                             if value else frame), only())
            head = result.study.headline[0]
            assert head.value == value and 0 <= head.conf_low <= head.conf_high <= 1
            assert result.captions["curve"]["title"].en == ("All are settled before 72 hours" if value and result.curve["time"].max() < 72
                                                            else f"After 72 hours, {1 - value:.0%} are not settled; closed cases alone would suggest "
                                                                 f"{1 - value:.0%}")
            assert "Closed cases alone" not in result.study.answer.en, "they would show the same"

    def test_a_period_asks_for_cases_of_voices_beyond_it(self, drawn_tables) -> None:
        """A voice of the last evening has its case on the next day."""
        frame = cases([2.0] * 20 + [15.0] * 20 + [900.0], [60.0] * 40 + [950.0], submitted_at=moment([1.0] * 20 + [6.0] * 20 + [899.0]))
        result = inner_loop.study(tables(frame), only(), until="2026-03-02")
        assert result.study.headline[0].n == 20 and result.coverage.share.n == 40 and result.coverage.share.value == 1
        assert result.coverage.stages == {"voices": 40, "case": 40, "done": 40, "in_time": 40}

    def test_the_end_of_the_data_is_that_of_all_cases(self) -> None:
        """An open case of the period has been open until the end of the data, not until the last closing within the period."""
        frame = cases([0.0] * 30 + [1000.0] * 10, [5.0] * 10 + [np.nan] * 20 + [1005.0] * 10)
        result = inner_loop.study(tables(frame), only(), until="2026-03-03")
        assert result.study.headline[0].value == pytest.approx(1 / 3) and len(result.queue) == 12

    def test_a_clock_of_some_cases_is_not_set_beside_all_voices(self, drawn_tables) -> None:
        people = drawn_tables["customers"].assign(value_tier=["vvip" if k % 4 == 0 else "regular" for k in range(len(drawn_tables["customers"]))])
        result = inner_loop.study({**drawn_tables, "customers": people}, only(clock(tiers=("vvip",))))
        assert [r.rung for r in result.ladder.rungs] == ["closed", "cases", "voice"] and result.study.headline[0].n == 175
        stages = result.coverage.stages
        assert stages["case"] > 600 and stages["in_time"] > 300, "voices are followed whoever speaks"

    def test_from_the_voice_the_answer_is_no_rung_twice(self, drawn_tables) -> None:
        result = inner_loop.study(drawn_tables, only(clock(start="submitted_at")))
        assert [r.rung for r in result.ladder.rungs] == ["closed", "cases", "voices"]

    @pytest.mark.parametrize(("stop", "done", "still"), [("resolved_at", "closed", "open"), ("responded_at", "answered", "unanswered"),
                                                         ("assigned_at", "assigned", "unassigned")])
    def test_words_follow_what_ends_the_clock(self, drawn_tables, stop: str, done: str, still: str) -> None:
        given = without(drawn_tables, **{stop: drawn_tables["cases"]["resolved_at"]})
        result = inner_loop.study(given, only(clock(stop=stop)))
        captions = result.captions
        assert f"are {still} past the limit" in captions["queue"]["title"].en and f"are {done} by now" in captions["table"]["title"].en
        assert captions["ladder"]["labels"]["closed"][0].en == f"{done.capitalize()} cases alone"
        assert [step["label"].en for step in inner_loop_tables.stages(result.coverage)][2] == f"{done.capitalize()} by now"
        assert stop == "resolved_at" or "closed" not in " ".join(t.en.lower() for t in spoken(dict(captions)))

    def test_working_hours_are_called_so(self, drawn_tables) -> None:
        result = inner_loop.study(drawn_tables, only(clock(time="working", hours=16)))
        assert "within 16 working hours" in result.study.answer.en and "16 工作小时内" in result.study.answer.zh
        lasted = result.queue["lasted"]
        assert all(t.en.endswith("working hours") for t in lasted) and result.study.headline[0].value < 1

    def test_one_hour_is_one_hour(self, drawn_tables) -> None:
        result = inner_loop.study(drawn_tables, only(clock(hours=1)))
        assert not [t for t in every_text(result) if re.search(r"\b1 (hours|cases|months|quarters|departments)\b", t.en.replace(".1 hours", ""))]


class TestDealers:
    @pytest.mark.parametrize(("dealers", "blank", "passed"), [(24, 0, True), (24, 1, None), (24, 200, False), (9, 0, False), (9, 20, False)])
    def test_where_dealers_are_few_or_unknown_the_finding_carries_a_caveat(self, drawn_tables, dealers: int, blank: int, passed: bool | None) -> None:
        units = pd.Series([f"D{k % dealers}" for k in range(len(drawn_tables["cases"]))], dtype="str")
        given = without(drawn_tables, unit_id=units.mask(units.index < blank))
        result = inner_loop.study(given, only())
        [check] = [c for c in result.study.checks if c.name.en == "Cases from the same dealer are allowed to be similar"]
        others = [c for c in result.study.checks if c.passed is False and c is not check]
        assert check.passed is passed and (passed is not False) == (check.consequence is None or passed is None)
        assert result.study.verdict is (Verdict.REPORT if passed is not False and not others else Verdict.REPORT_WITH_CAVEAT)
        assert result.ladder["cases"].n_clusters == (24 if dealers == 24 else None), "dealers that are named"


class TestSentences:
    SHARE = Estimate(estimand="in_time:resolved", kind="estimate", unit="share", value=0.8, conf_low=0.75, conf_high=0.85, std_error=0.02, n=500)

    def test_departments_that_stand_apart_are_not_called_alike(self, drawn_tables) -> None:
        """One department is much faster: no word that they differ by luck only, as the picture says otherwise."""
        frame = drawn_tables["cases"]
        fast = frame["owner_department"].eq("质量部")
        given = without(drawn_tables, resolved_at=frame["resolved_at"].where(~fast, frame["opened_at"] + pd.Timedelta(hours=2)))
        result = inner_loop.study(given, only())
        assert result.departments.drawn["is_apart"].any() and "by more than chance: start" not in result.study.decision.en
        alike = inner_loop.study(drawn_tables, only())
        assert not alike.departments.drawn["is_apart"].any() and "Nothing shows that departments differ" in alike.study.decision.en
        assert alike.captions["departments"]["title"].en == "None of 6 departments can be separated from the mean"

    def test_a_step_that_was_not_recorded_is_not_a_clock_that_was_missed(self, drawn_tables) -> None:
        """Everybody was answered within a day; for two cases in three nobody wrote it down, though they were settled."""
        frame, answered = drawn_tables["cases"], clock(id="answered", stop="responded_at", hours=24.0, is_main=False)
        unwritten = frame["resolved_at"].notna() & (np.arange(len(frame)) % 3 > 0)
        blank = without(drawn_tables, responded_at=frame["responded_at"].mask(unwritten))
        told, whole = (inner_loop.study(given, only(clock(), answered)) for given in (blank, drawn_tables))
        check = next(one for one in told.study.checks if "is always recorded" in one.name.en)
        assert check.passed is False and "would be 100%" in check.detail.en and f"{int(unwritten.sum())} of {len(frame)} cases" in check.detail.en
        assert next(one for one in told.every if one.group == "answered").value < 0.5 and "Most cases miss" not in told.study.decision.en
        assert not any("is always recorded" in one.name.en for one in whole.study.checks)

    def test_a_clock_that_is_mostly_missed_is_among_the_first_things_to_do(self, drawn_tables) -> None:
        """Cases settled in time say nothing about an answer that hardly anybody gets; one that most get needs no word."""
        frame = drawn_tables["cases"]
        given_clocks = only(clock(), clock(id="answered", stop="responded_at", hours=2, is_main=False, name={"zh": "首次响应", "en": "First answer"}))
        for hours, is_told in ((30, True), (1, False)):
            given = without(drawn_tables, responded_at=frame["opened_at"] + pd.Timedelta(hours=hours))
            result = inner_loop.study(given, given_clocks)
            assert ("Most cases miss the clock “First answer”" in result.study.decision.en) == is_told
            assert ("首次响应" in result.study.decision.zh) == is_told

    @pytest.mark.parametrize(("gap", "errors", "passed"), [(0.008, (0.02, 0.02), True), (0.03, (0.02, 0.021), False), (0.03, (0.02, 0.05), True),
                                                           (0.03, (0.02, 0.01), False)])
    def test_a_gap_is_judged_by_what_luck_would_make_of_it(self, gap: float, errors: tuple[float, float], passed: bool) -> None:
        every, due = self.SHARE.with_(std_error=errors[0]), self.SHARE.with_(std_error=errors[1], value=0.8 + gap, conf_high=0.95)
        assert inner_loop_checks.open_cases(every, due, 0.01).passed is passed

    def test_cases_that_may_only_not_be_recorded(self) -> None:
        frame = cases(np.arange(300.0), [k + 20.0 if k % 10 else np.nan for k in range(300)])
        frame = pd.concat([frame, cases([9000.0], [9001.0], case_id="Z", response_id="Z")], ignore_index=True)
        check = next(c for c in inner_loop.study(tables(frame), only()).study.checks if "not recorded" in c.name.en)
        assert check.passed is None and "Of 30 open cases, 30 have waited longer" in check.detail.en and "at most 100%" in check.detail.en

    @pytest.mark.parametrize(("pile", "passed", "said"), [
        (Pile(before=30, expected=10.2, jump=4.0, p_value=0.001, n=200, width=3.6), False, "30 cases were closed in the last 3.6 hours"),
        (Pile(before=1, expected=10.2, jump=0.9, p_value=0.6, n=200, width=3.6), True, "1 case was closed"),
        (Pile(before=0, expected=np.nan, jump=np.nan, p_value=np.nan, n=1, width=3.6), None, "1 case was closed near the limit; at least 60"),
        (Pile(before=90, expected=np.nan, jump=np.nan, p_value=np.nan, n=90, width=3.6), None, "recorded too coarsely"),
        (Pile(before=0, expected=20.0, jump=1e-9, p_value=1.0, n=90, width=3.6), True, "0 cases were closed")])
    def test_the_pile(self, pile: Pile, passed: bool | None, said: str) -> None:
        check = inner_loop_checks.piled(pile, clock(), 0.05)
        assert check.passed is passed and said in check.detail.en and figures(check.detail.zh) == figures(check.detail.en)
        assert "inf" not in check.detail.en and len(check.detail.en) < 260

    @pytest.mark.parametrize(("hours", "zh", "en"), [(1.0, "1 小时", "1 hour"), (0.04, "0 小时", "0 hours"), (9.64, "9.6 小时", "9.6 hours"),
                                                     (71.9, "3 天", "3 days"), (71.4, "71 小时", "71 hours"), (float("nan"), "—", "—"),
                                                     (24000.0, "1,000 天", "1,000 days")])
    def test_times(self, hours: float, zh: str, en: str) -> None:
        assert inner_loop_text.long(hours) == Text(zh, en)
        assert inner_loop_text.long(240.0, clock(time="working")) == Text("240 工作小时", "240 working hours")

    def test_voices_after_their_cases(self) -> None:
        check = inner_loop_checks.heard_late(-5.0)
        assert check.passed is False and "opened before the customer spoke" in check.detail.en
        assert inner_loop_checks.heard_late(float("nan")) is None and inner_loop_checks.heard_late(3.0).passed is None

    def test_nothing_closed_has_no_share_of_nothing(self) -> None:
        assert inner_loop_checks.one_by_one(0, 0, 10, 0.05).detail.en == "No case is closed yet."
        assert inner_loop_checks.one_by_one(10, 100, 10, 0.05).passed is False and inner_loop_checks.one_by_one(5, 100, 10, 0.05).passed
        assert inner_loop_checks.in_order(2, 100, 0.01).passed is False and inner_loop_checks.in_order(1, 100, 0.01).passed

    def test_lines_end_in_the_means_of_the_title(self, whole: inner_loop.InnerLoop) -> None:
        shown = whole.captions["months"]
        last = whole.months.dropna(subset="estimate").groupby("way")["estimate"].last()
        assert set(shown["ends"]) == {"opened", "closed"}
        for way, end in shown["ends"].items():
            share = end.en.removeprefix("mean ")
            assert share in shown["title"].en and share in shown["title"].zh and end.zh == f"平均 {share}"
            assert f"{last[way]:.0%}" != share or way == "closed", "the last month is another number, which stood there before"
        assert "mean of the months" in shown["subtitle"].en

    def test_months_known_in_one_way_only_are_not_called_none(self) -> None:
        """Twelve cases opened in March, closed six a month: neither month of closing has enough."""
        frame = cases([0.0] * 12, [24 * 20.0] * 6 + [24 * 50.0] * 6)
        title = inner_loop.study(tables(frame), only()).captions["months"]["title"]
        assert title == Text("按开单月份数，平均 0%", "By month opened: 0% on average")

